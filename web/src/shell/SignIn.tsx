import { useState } from 'react'
import { register, type Session, type SessionProblem, signIn, type SignedIn, signInWithWallet } from '../api/session'
import { Card, Field, Note, Primary, Secondary } from '../design/parts'
import { useText } from '../text'
import { connect, signMessage, WalletError } from '../wallet/connection'
import { type Announced, useWallets } from '../wallet/discover'
import { WalletTroubleNote } from '../wallet/parts'

/** Shortest password that the service takes. */
const SHORTEST = 12

/** Sign in by wallet or by password, or make an account. */
export function SignIn({ onDone }: { onDone: (session: Session) => void }) {
  const { t } = useText()
  const [fresh, setFresh] = useState(false)
  const [login, setLogin] = useState('')
  const [secret, setSecret] = useState('')
  const [busy, setBusy] = useState(false)
  const [problem, setProblem] = useState<SessionProblem | null>(null)
  const [missing, setMissing] = useState<{ login?: boolean; secret?: boolean }>({})
  const [trouble, setTrouble] = useState<WalletError | null>(null)
  const wallets = useWallets()

  const enter = async (attempt: () => Promise<SignedIn>) => {
    setBusy(true)
    setProblem(null)
    setTrouble(null)
    try {
      const result = await attempt()
      if (result.ok) onDone(result.session)
      else setProblem(result.problem)
    } catch (error) {
      setTrouble(error instanceof WalletError ? error : new WalletError('other'))
    } finally {
      setBusy(false)
    }
  }
  const byWallet = (wallet: Announced) =>
    enter(async () => {
      const connection = await connect(wallet)
      return signInWithWallet(connection.address, connection.chainId, (message) => signMessage(connection, message))
    })
  const byPassword = () => {
    if (busy) return
    const lacks = { login: login.trim() === '', secret: secret === '' || (fresh && secret.length < SHORTEST) }
    setMissing(lacks)
    if (!lacks.login && !lacks.secret) void enter(() => (fresh ? register(login.trim(), secret) : signIn(login.trim(), secret)))
  }
  const loginProblem = missing.login === true ? t.problems.missing : problem?.field === 'login' ? problem.text : undefined
  const secretProblem = missing.secret === true ? (secret === '' ? t.problems.missing : t.sign.secretHelp) : problem?.field === 'password' ? problem.text : undefined
  return (
    <Card className="flex flex-col gap-5">
      <section className="flex flex-col gap-3">
        <h2 className="font-semibold">{t.sign.wallet}</h2>
        <p className="text-sm text-ink-soft">{wallets.length > 0 ? t.sign.walletHelp : t.wallet.none}</p>
        {wallets.map((wallet) => (
          <Secondary key={wallet.uuid} isDisabled={busy} onPress={() => void byWallet(wallet)}>
            {wallet.icon !== null && <img src={wallet.icon} alt="" className="size-6 rounded" />}
            {wallet.name}
          </Secondary>
        ))}
        {trouble !== null && <WalletTroubleNote error={trouble} />}
      </section>
      <div className="flex items-center gap-3 text-sm text-ink-soft" aria-hidden="true">
        <span className="h-px flex-1 bg-line" />
        {t.sign.or}
        <span className="h-px flex-1 bg-line" />
      </div>
      <form
        noValidate
        className="flex flex-col gap-4"
        onSubmit={(event) => {
          event.preventDefault()
          // The field may stand within the request's own form.
          event.stopPropagation()
          byPassword()
        }}
      >
        <h2 className="font-semibold">{t.sign.password}</h2>
        <Field name="login" label={t.sign.login} autoComplete="username" value={login} onChange={setLogin} problem={loginProblem} maxLength={200} />
        <Field
          name="password"
          label={t.sign.secret}
          type="password"
          autoComplete={fresh ? 'new-password' : 'current-password'}
          value={secret}
          onChange={setSecret}
          help={fresh && secretProblem === undefined ? t.sign.secretHelp : undefined}
          problem={secretProblem}
          maxLength={128}
        />
        {problem !== null && problem.field === null && <Note tone="bad">{problem.code === 'OFFLINE' ? t.sign.offline : problem.text || t.sign.failed}</Note>}
        <Primary type="submit">
          {busy ? t.sign.working : fresh ? t.sign.create : t.sign.in}
        </Primary>
        <button type="button" className="min-h-8 cursor-pointer self-center text-accent underline underline-offset-4" onClick={() => setFresh(!fresh)}>
          {fresh ? t.sign.have : t.sign.fresh}
        </button>
      </form>
    </Card>
  )
}
