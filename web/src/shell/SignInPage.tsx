import { useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { useSession } from '../api/session'
import { Note } from '../design/parts'
import { useText } from '../text'
import { HOME, partOf } from './roles'
import { SignIn } from './SignIn'

export function SignInPage() {
  const { t } = useText()
  const navigate = useNavigate()
  const [search] = useSearchParams()
  const session = useSession()
  const [role, setRole] = useState<string | null>(null)
  const after = search.get('then') ?? ''
  // Only a path of this app: nobody is led elsewhere by a link.
  const own = /^\/[a-z]/.test(after) ? after : null
  const go = (signedRole: string) => {
    setRole(signedRole)
    void navigate(own ?? HOME[partOf(signedRole)], { replace: true })
  }
  return (
    <main className="mx-auto w-full max-w-md px-4 py-10">
      <title>{`${t.sign.heading} · Usance`}</title>
      <h1 className="text-3xl font-semibold tracking-tight">{t.sign.heading}</h1>
      <p className="mt-2 mb-6 text-ink-soft">{t.sign.why}</p>
      {session !== null && session !== 'unknown' && role === null ? (
        <Note tone="good">{t.sign.as(session.principal.name ?? session.principal.id)}</Note>
      ) : (
        <SignIn onDone={(done) => go(done.principal.role)} />
      )}
    </main>
  )
}
