import { useState } from 'react'
import { useClient, useQuery } from 'urql'
import { INSTRUCTIONS } from '../../api/lists'
import type { ResultOf } from '../../api/graphql'
import { REPAY_CALLS } from '../../api/loans'
import { Card, Copyable, Heading, Note, Primary, Secondary, Stat } from '../../design/parts'
import { formatDate } from '../../format/dates'
import { formatAmount } from '../../format/tokens'
import { useText } from '../../text'
import { Calls } from '../../wallet/Calls'
import type { Call } from '../../wallet/connection'
import { useConnection } from '../../wallet/connection'
import { ConnectWallet, WalletTroubleNote } from '../../wallet/parts'
import { useRun } from '../../wallet/useRun'
import type { LoanView } from './LoanPage'
import { leftOf } from './words'

/** The next payment, and how it is paid: by the wallet, or at the bank. */
export function Pay({ loan, fresh }: { loan: LoanView; fresh: () => void }) {
  const { t, locale } = useText()
  return (
    <Card className="-order-1 flex flex-col gap-4 lg:order-none">
      <Heading>{t.loans.next}</Heading>
      {loan.nextDue == null ? (
        <p className="text-ink-soft">{t.loans.nothing}</p>
      ) : (
        <dl>
          <Stat name={t.loans.due(formatDate(loan.nextDue.due, locale))} value={formatAmount(leftOf(loan.nextDue), locale)} strong />
        </dl>
      )}
      {loan.chainId == null ? <Bank loan={loan} /> : <ByWallet loan={loan} fresh={fresh} />}
    </Card>
  )
}

function Bank({ loan }: { loan: LoanView }) {
  const { t } = useText()
  const [{ data }] = useQuery({ query: INSTRUCTIONS, variables: { id: loan.id }, pause: loan.nextDue == null })
  const to = data?.loan?.repaymentInstructions
  if (to != null) return <Transfer to={to} />
  return (
    <div className="flex flex-col gap-2 rounded-xl bg-accent-soft px-4 py-3 text-sm">
      <p>{t.loan.bank(loan.provider)}</p>
      <p className="flex flex-wrap items-center gap-x-2">
        <span className="text-ink-soft">{t.loan.reference}:</span> <Copyable value={loan.id} shown={`${loan.id.slice(0, 12)}…${loan.id.slice(-4)}`} label={t.wallet.copy} />
      </p>
    </div>
  )
}

type Instructions = NonNullable<NonNullable<ResultOf<typeof INSTRUCTIONS>['loan']>['repaymentInstructions']>

/** Where to pay, each line to be copied: a digit that is typed wrong goes to somebody else. */
function Transfer({ to }: { to: Instructions }) {
  const { t } = useText()
  const rows: [string, string | null][] = [
    [t.loan.holder, to.holder],
    [t.loan.bankName, to.bank],
    [t.loan.iban, to.iban],
    [t.loan.accountNumber, to.accountNumber],
    [t.loan.routing, to.routingNumber],
    [t.loan.bic, to.bic],
    [t.loan.reference, to.reference],
  ]
  return (
    <div className="flex flex-col gap-2">
      <p className="text-sm text-ink-soft">{t.loan.bankPay(to.provider)}</p>
      <dl className="divide-y divide-line rounded-xl bg-accent-soft px-4">
        {rows.map(
          ([name, value]) =>
            value !== null && (
              <div key={name} className="py-2">
                <dt className="text-sm text-ink-soft">{name}</dt>
                <dd className="min-w-0">
                  <Copyable value={value} shown={name === t.loan.iban ? value.replace(/(.{4})(?=.)/g, '$1 ') : value} label={t.wallet.copy} />
                </dd>
              </div>
            ),
        )}
      </dl>
      <p className="text-sm text-ink-soft">{t.loan.referenceHelp}</p>
    </div>
  )
}

function ByWallet({ loan, fresh }: { loan: LoanView; fresh: () => void }) {
  const { t } = useText()
  const client = useClient()
  const connection = useConnection()
  const [run, start] = useRun()
  const [calls, setCalls] = useState<readonly Call[]>([])
  const [problem, setProblem] = useState<string | null>(null)
  const [paidAfter, setPaidAfter] = useState<number | null>(null)
  const busy = run.at !== 'rest'
  const pay = async (amount: 'INSTALLMENT' | 'PAYOFF') => {
    if (connection === null) return
    setProblem(null)
    // Asked for when it is paid: interest runs by the second.
    const { data, error } = await client.query(REPAY_CALLS, { id: loan.id, amount }, { requestPolicy: 'network-only' }).toPromise()
    const wanted = data?.loan?.repaymentCalls
    if (wanted === undefined || wanted.length === 0) {
      setProblem(error?.graphQLErrors[0]?.message ?? t.sign.offline)
      return
    }
    setCalls(wanted)
    if (await start(connection, wanted, 0)) {
      setPaidAfter(loan.repayments.length)
      fresh()
    }
  }
  const awaited = paidAfter !== null && loan.repayments.length <= paidAfter
  const word = (rest: string) => (run.at === 'wallet' ? t.settle.waiting : run.at === 'chain' ? t.settle.mining : rest)
  return (
    <div className="flex flex-col gap-4">
      <ConnectWallet />
      <div className="flex flex-col gap-3">
        <Primary isDisabled={connection === null || busy || awaited} onPress={() => void pay('INSTALLMENT')}>
          {word(t.loan.payNext)}
        </Primary>
        <Secondary isDisabled={connection === null || busy || awaited} onPress={() => void pay('PAYOFF')}>
          {word(t.loan.payAll)}
        </Secondary>
      </div>
      {busy && <Calls calls={calls} run={run} tokens={[]} />}
      {run.error !== null && <WalletTroubleNote error={run.error} />}
      {problem !== null && <Note tone="bad">{problem}</Note>}
      <div aria-live="polite">{awaited && <Note tone="good">{t.loan.booked}</Note>}</div>
      {!awaited && <p className="text-sm text-ink-soft">{t.loan.payHelp}</p>}
    </div>
  )
}
