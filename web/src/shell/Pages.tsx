// Pages that belong to no journey: nothing there, something broke, sign in first.

import { lazy, type ReactNode, Suspense } from 'react'
import { Link } from 'react-router'
import type { CombinedError } from 'urql'
import { end, useSession } from '../api/session'
import { Card, Empty, Note, Primary, Secondary, Skeleton } from '../design/parts'
import { useText } from '../text'
import { partOf } from './roles'

// With the wallets; most who come have a cookie and never see it.
const SignIn = lazy(() => import('./SignIn').then((module) => ({ default: module.SignIn })))

export function Main({ title, children, wide = false, lead }: { title: string; children: ReactNode; wide?: boolean; lead?: ReactNode }) {
  return (
    <main className={`mx-auto flex w-full flex-col gap-6 px-4 py-8 ${wide ? 'max-w-6xl' : 'max-w-4xl'}`}>
      <title>{`${title} · Usance`}</title>
      <div>
        <h1 className="text-3xl font-semibold tracking-tight break-words">{title}</h1>
        {lead !== undefined && <div className="mt-1.5 text-ink-soft">{lead}</div>}
      </div>
      {children}
    </main>
  )
}

export function LostPage() {
  const { t } = useText()
  return (
    <Main title={t.shell.lost}>
      <Empty title={t.shell.lostHelp}>
        <Link to="/" className="text-accent underline underline-offset-4">
          {t.shell.home}
        </Link>
      </Empty>
    </Main>
  )
}

export function BrokenPage() {
  const { t } = useText()
  return (
    <Main title={t.shell.broken}>
      <Note tone="bad">{t.shell.brokenHelp}</Note>
      <div>
        <Primary onPress={() => location.reload()}>{t.shell.reload}</Primary>
      </div>
    </Main>
  )
}

/** Shows its contents to borrowers who are signed in; others sign in here and stay on the page. */
export function ForBorrowers({ children }: { children: ReactNode }) {
  const { t } = useText()
  const session = useSession()
  if (session === 'unknown') {
    return (
      <main className="mx-auto w-full max-w-4xl px-4 py-8">
        <Skeleton label={t.shell.loading} />
      </main>
    )
  }
  if (session === null) {
    return (
      <main className="mx-auto w-full max-w-md px-4 py-10">
        <h1 className="text-3xl font-semibold tracking-tight">{t.sign.heading}</h1>
        <p className="mt-2 mb-6 text-ink-soft">{t.sign.why}</p>
        <Suspense fallback={<Skeleton label={t.shell.loading} rows={1} />}>
          <SignIn onDone={() => {}} />
        </Suspense>
      </main>
    )
  }
  if (partOf(session.principal.role) === 'lender') return <NotForYou />
  return children
}

function NotForYou() {
  const { t } = useText()
  return (
    <Main title={t.sign.borrowerOnly}>
      <Card className="flex flex-col items-start gap-4">
        <p>{t.sign.borrowerOnlyHelp}</p>
        <Secondary onPress={() => void end()}>{t.sign.out}</Secondary>
      </Card>
    </Main>
  )
}

/** What a query that failed says, with a way to try again. */
export function Failed({ error, again }: { error: CombinedError; again: () => void }) {
  const { t } = useText()
  const text = error.networkError !== undefined ? t.sign.offline : (error.graphQLErrors[0]?.message ?? '')
  return (
    <div className="flex flex-col items-start gap-3">
      <Note tone="bad" title={t.shell.failed}>
        {text}
      </Note>
      <Secondary onPress={again}>{t.shell.reload}</Secondary>
    </div>
  )
}
