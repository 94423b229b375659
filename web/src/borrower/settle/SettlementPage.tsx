import { useEffect, useState } from 'react'
import { Link, useParams } from 'react-router'
import { useMutation, useQuery } from 'urql'
import type { ResultOf } from '../../api/graphql'
import { SETTLEMENT, type SettlementFields, SIGN, WITHDRAW } from '../../api/loans'
import { Card, Copyable, Empty, Heading, Note, Primary, Rows, Said, Secondary, Skeleton, Stat, type StepState, Steps } from '../../design/parts'
import { formatDate, formatMoment } from '../../format/dates'
import { formatMoney } from '../../format/money'
import { formatPercent } from '../../format/rate'
import { formatUnits } from '../../format/tokens'
import { Failed, Main } from '../../shell/Pages'
import { useText } from '../../text'
import { Calls } from '../../wallet/Calls'
import { signTyped, useConnection, WalletError } from '../../wallet/connection'
import { ConnectWallet, WalletTroubleNote } from '../../wallet/parts'
import { useRun } from '../../wallet/useRun'
import { type Intent, intentOf, shortHex } from '../../wallet/words'
import { useRepeat } from '../repeat'

export type Settlement = ResultOf<typeof SettlementFields>

const OVER = ['SETTLED', 'FAILED', 'CANCELLED']

/** From the choice of an offer to the money: review and sign, progress, receipt. */
export function SettlementPage() {
  const { id = '' } = useParams()
  const { t } = useText()
  const [{ data, error, stale, fetching }, again] = useQuery({ query: SETTLEMENT, variables: { id } })
  const settlement = data?.settlement
  useRepeat(() => again({ requestPolicy: 'network-only' }), settlement != null && !OVER.includes(settlement.state) ? 1200 : null)
  if (settlement == null) {
    return (
      <Main title={t.settle.progress}>
        {error !== undefined ? <Failed error={error} again={again} /> : fetching || stale ? <Skeleton label={t.shell.loading} rows={2} /> : <Empty title={t.shell.lostHelp} />}
      </Main>
    )
  }
  return <Shown settlement={settlement} again={() => again({ requestPolicy: 'network-only' })} />
}

function Shown({ settlement, again }: { settlement: Settlement; again: () => void }) {
  const { t } = useText()
  const waits = settlement.state === 'AWAITING_SIGNATURE'
  const title = {
    AWAITING_SIGNATURE: t.settle.review,
    READY: t.settle.progress,
    SUBMITTED: t.settle.progress,
    SETTLED: t.settle.receipt,
    FAILED: t.settle.failed,
    CANCELLED: t.settle.cancelled,
  }[settlement.state]
  const work = useSigning(settlement, again)
  const steps = stepsOf(settlement, work.approved, t)
  const now = steps.find((step) => step.state === 'now')
  return (
    <Main title={title} lead={settlement.provider}>
      <Said>{now === undefined ? title : `${now.name}. ${settlement.confirmations != null && settlement.confirmationsNeeded != null ? t.settle.confirmations(settlement.confirmations, settlement.confirmationsNeeded) : ''}`}</Said>
      {settlement.state === 'SETTLED' && <Receipt settlement={settlement} />}
      {settlement.state === 'CANCELLED' && <Note title={t.settle.unmoved}>{t.settle.unmovedHelp}</Note>}
      {settlement.failure != null && (
        <Note tone="bad" title={t.settle.failed}>
          {settlement.failure.text}
        </Note>
      )}
      {settlement.handoff != null && !OVER.includes(settlement.state) && <Handoff title={settlement.handoff.title} url={settlement.handoff.url} />}
      <div className="grid items-start gap-6 lg:grid-cols-[1fr_20rem]">
        <div className="flex min-w-0 flex-col gap-6">
          {waits && <Review settlement={settlement} work={work} />}
          {!waits && <Summary settlement={settlement} />}
          {(settlement.state === 'CANCELLED' || settlement.state === 'FAILED') && <Onward />}
        </div>
        <Card className="lg:sticky lg:top-20">
          <Steps steps={steps} words={t.settle.states} />
          {!OVER.includes(settlement.state) && <p className="mt-6 border-t border-line pt-4 text-sm text-ink-soft">{waits ? t.settle.closeSign : t.settle.close}</p>}
        </Card>
      </div>
    </Main>
  )
}

/** The steps as they stand: on chain, at a pool, or at a lender off chain. */
export function stepsOf(settlement: Settlement, approved: boolean, t: ReturnType<typeof useText>['t']): StepState[] {
  const { state } = settlement
  const onChain = settlement.quote.chainId != null
  const names = t.settle.steps
  const dead = state === 'FAILED' || state === 'CANCELLED'
  // Whether it was signed before that is not told: what is not known is not drawn.
  if (dead && settlement.txHash == null) {
    return [
      { name: names.accepted, state: 'done' },
      { name: state === 'FAILED' ? t.settle.failed : t.settle.cancelled, state: 'failed' },
    ]
  }
  const pool = settlement.quote.venue != null
  const steps = pool ? ['accepted', ...(settlement.typedData == null ? [] : ['sign']), 'send'] : ['accepted', ...(settlement.quote.collateral.length > 0 ? ['approve'] : []), 'sign']
  const order = onChain ? [...steps, 'chain', 'out'] : ['accepted', 'lender', 'out']
  const reached = (): string => {
    if (state === 'SETTLED') return 'end'
    if (!onChain) return 'lender'
    if (state === 'AWAITING_SIGNATURE') return settlement.calls.length > 0 && settlement.typedData == null ? 'send' : pool && settlement.typedData == null ? 'send' : approved || settlement.approvals.length === 0 ? 'sign' : 'approve'
    return 'chain'
  }
  const at = reached() === 'end' ? order.length : Math.max(1, order.indexOf(reached()))
  return order.map((name, index) => ({
    name: name === 'approve' && settlement.loan.refinances != null ? t.settle.allowPayment : names[name as keyof typeof names],
    state: index < at ? 'done' : index > at ? 'next' : dead ? 'failed' : 'now',
    ...(name === 'chain' && settlement.confirmations != null && settlement.confirmationsNeeded != null && { detail: t.settle.confirmations(settlement.confirmations, settlement.confirmationsNeeded) }),
    ...(name === 'lender' && index === at && !dead && { detail: t.settle.lenderWorks }),
  }))
}

interface Work {
  readonly approved: boolean
  readonly run: ReturnType<typeof useRun>[0]
  readonly busy: 'rest' | 'wallet' | 'sending'
  readonly error: WalletError | null
  readonly refusal: string | null
  readonly approve: () => void
  readonly sign: () => void
  readonly withdraw: () => void
}

function useSigning(settlement: Settlement, again: () => void): Work {
  const { t } = useText()
  const connection = useConnection()
  const [run, start] = useRun()
  const [busy, setBusy] = useState<Work['busy']>('rest')
  const [error, setError] = useState<WalletError | null>(null)
  const [refusal, setRefusal] = useState<string | null>(null)
  // One key for this page: a second press repeats, it does not hand in twice.
  const [key] = useState(() => crypto.randomUUID())
  const [, handIn] = useMutation(SIGN)
  const [, withdraw] = useMutation(WITHDRAW)
  const calls = [...settlement.approvals, ...(settlement.typedData == null ? settlement.calls : [])]
  const approved = run.done >= settlement.approvals.length
  return {
    approved,
    run,
    busy,
    error: error ?? run.error,
    refusal,
    approve: () => {
      if (connection === null) return
      setError(null)
      void start(connection, calls)
    },
    sign: () => {
      if (connection === null) return
      const hand = async () => {
        setBusy('wallet')
        setError(null)
        setRefusal(null)
        const typed = settlement.typedData as Parameters<typeof signTyped>[1]
        const signature = await signTyped(connection, typed)
        setBusy('sending')
        const { data, error: failed } = await handIn({ key, id: settlement.id, signature })
        setRefusal(data?.submitSignature.refusals[0]?.message ?? failed?.message ?? null)
        again()
      }
      hand()
        .catch((caught: unknown) => setError(caught instanceof WalletError ? caught : new WalletError('other')))
        .finally(() => setBusy('rest'))
    },
    withdraw: () => {
      setRefusal(null)
      void withdraw({ key: `${key}-withdraw`, id: settlement.id }).then(({ data, error: failed }) => {
        setRefusal(data?.cancelSettlement.refusals[0]?.message ?? failed?.graphQLErrors[0]?.message ?? (failed === undefined ? null : t.sign.offline))
        again()
      })
    },
  }
}

function Review({ settlement, work }: { settlement: Settlement; work: Work }) {
  const { t } = useText()
  const connection = useConnection()
  const intent = settlement.typedData == null ? null : intentOf(settlement.typedData)
  const readable = settlement.typedData == null || intent !== null
  const tokens = settlement.quote.collateral
  return (
    <>
      {intent !== null && <WhatYouSign intent={intent} settlement={settlement} />}
      {!readable && <Note tone="bad">{t.settle.unknown}</Note>}
      <Card className="flex flex-col gap-5">
        <ConnectWallet />
        {settlement.approvals.length > 0 && <Calls calls={settlement.approvals} run={work.run} tokens={tokens} contract={intent?.contract} />}
        {settlement.typedData == null && settlement.calls.length > 0 && <Calls calls={settlement.calls} run={{ ...work.run, done: work.run.done - settlement.approvals.length }} tokens={tokens} />}
        {work.error !== null && <WalletTroubleNote error={work.error} />}
        {work.refusal !== null && <Note tone="bad">{work.refusal}</Note>}
        <div className="flex flex-wrap items-center gap-3">
          {settlement.typedData == null || !work.approved ? (
            <Primary isDisabled={connection === null || work.run.at !== 'rest' || !readable} onPress={work.approve}>
              {work.run.at === 'wallet' ? t.settle.waiting : work.run.at === 'chain' ? t.settle.mining : settlement.typedData == null ? t.settle.send : t.settle.approveButton}
            </Primary>
          ) : (
            <Primary isDisabled={connection === null || work.busy !== 'rest' || intent === null} onPress={work.sign}>
              {work.busy === 'rest' ? t.settle.sign : t.settle.waiting}
            </Primary>
          )}
          <Secondary onPress={work.withdraw}>{t.settle.withdraw}</Secondary>
        </div>
      </Card>
    </>
  )
}

function WhatYouSign({ intent, settlement }: { intent: Intent; settlement: Settlement }) {
  const { t, locale } = useText()
  const connection = useConnection()
  const unit = settlement.loan.principal
  const lent = (units: bigint) => formatUnits({ units: units.toString(), decimals: unit.decimals, symbol: unit.symbol }, locale)
  const { quote } = settlement
  const first = quote.schedule[0]
  const wallet = intent.minReceived < 0n ? intent.borrower : intent.recipient
  const mine = connection !== null && connection.address.toLowerCase() === wallet.toLowerCase()
  return (
    <Card>
      <Heading>{t.settle.what}</Heading>
      <p className="mt-1 mb-3 text-sm text-ink-soft">{t.settle.exactly}</p>
      <Rows
        rows={[
          [t.settle.borrow, <strong key="b">{lent(intent.principal)}</strong>],
          intent.minReceived < 0n ? [t.settle.adds, lent(-intent.minReceived)] : [t.settle.arrives, lent(intent.minReceived)],
          [
            intent.minReceived < 0n ? t.settle.from : t.settle.to,
            <span key="r">
              <Copyable value={wallet} shown={shortHex(wallet)} label={t.wallet.copy} />
              {mine && ` (${t.settle.yours})`}
            </span>,
          ],
          ...(quote.collateral.length > 0 ? ([[intent.refinances === null ? t.settle.lock : t.settle.stays, quote.collateral.map((token) => formatUnits(token, locale)).join(', ')]] as const) : []),
          [
            t.settle.pay,
            <span key="p">
              {t.settle.payments(quote.schedule.length, formatMoney(quote.largestPayment, locale))}
              {first !== undefined && <span className="block text-sm font-normal text-ink-soft">{t.settle.first(formatDate(first.due, locale))}</span>}
            </span>,
          ],
          [t.results.yearly, formatPercent(quote.verifiedApr.percent, locale)],
          ...(intent.refinances === null ? [] : ([[t.settle.repays, shortHex(intent.refinances)]] as const)),
          [
            t.settle.contract,
            <span key="c">
              <Copyable value={intent.contract} shown={shortHex(intent.contract)} label={t.wallet.copy} />
              <span className="block text-sm font-normal text-ink-soft">
                {intent.contractName}, {t.wallet.chain(String(intent.chainId))}
              </span>
            </span>,
          ],
          [t.settle.until, formatMoment(new Date(intent.deadline).toISOString(), locale)],
        ]}
      />
      <p className="mt-4 rounded-xl bg-accent-soft px-4 py-3 text-sm">{t.settle.nothingElse}</p>
    </Card>
  )
}

function Handoff({ title, url }: { title: string | null; url: string }) {
  const { t } = useText()
  const safe = /^https?:\/\//.test(url)
  return (
    <Note title={title ?? t.settle.handoff}>
      {safe && (
        <a href={url} target="_blank" rel="noopener noreferrer" className="inline-flex min-h-11 items-center text-accent underline underline-offset-4">
          {t.settle.handoffOpen}
        </a>
      )}
    </Note>
  )
}

function Summary({ settlement }: { settlement: Settlement }) {
  const { t, locale } = useText()
  const { quote } = settlement
  const settled = settlement.state === 'SETTLED'
  return (
    <Card>
      {!settled && <Heading>{t.settle.about}</Heading>}
      <Rows
        rows={[
          settlement.loan.refinances == null ? [t.results.receive, formatMoney(quote.netDisbursed, locale)] : [t.settle.borrow, formatMoney(quote.principal, locale)],
          [t.results.yearly, formatPercent(quote.verifiedApr.percent, locale)],
          [t.settle.pay, t.settle.payments(quote.schedule.length, formatMoney(quote.largestPayment, locale))],
          [t.settle.costs, formatMoney(quote.financeCharge, locale)],
          ...(quote.collateral.length > 0 ? ([[settled ? t.loan.held : t.settle.lock, quote.collateral.map((token) => formatUnits(token, locale)).join(', ')]] as const) : []),
          ...(settlement.txHash == null
            ? []
            : ([[t.settle.transaction, <Copyable key="t" value={settlement.txHash} shown={shortHex(settlement.txHash)} label={t.wallet.copy} />]] as const)),
        ]}
      />
    </Card>
  )
}

/** Where to go from a loan that did not come about. */
function Onward() {
  const { t } = useText()
  return (
    <div className="flex flex-wrap gap-3">
      <Link to="/" className="inline-flex min-h-11 items-center rounded-xl bg-accent px-5 font-medium text-on-accent hover:bg-accent-strong">
        {t.shell.ask}
      </Link>
      <Link to="/loans" className="inline-flex min-h-11 items-center rounded-xl border border-line-strong bg-surface px-5 font-medium hover:bg-sunken">
        {t.loans.heading}
      </Link>
    </div>
  )
}

function Receipt({ settlement }: { settlement: Settlement }) {
  const { t, locale } = useText()
  // A loan in place of another pays that one: nothing of it arrives in the wallet.
  const old = settlement.loan.refinances
  useEffect(() => {
    document.getElementById('receipt')?.focus()
  }, [])
  return (
    <section id="receipt" tabIndex={-1} className="flex flex-wrap items-center gap-5 rounded-2xl bg-good-soft p-6 outline-none">
      <svg viewBox="0 0 48 48" className="size-12 text-good" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="3" strokeLinecap="round" strokeLinejoin="round">
        <circle cx="24" cy="24" r="21" />
        <path d="M15 24.500l6.500 6.500L34 18" />
      </svg>
      <dl className="min-w-0 flex-1">
        {old == null ? <Stat name={t.settle.got} value={formatMoney(settlement.quote.netDisbursed, locale)} /> : <Stat name={t.settle.borrow} value={formatMoney(settlement.quote.principal, locale)} />}
      </dl>
      {old != null && (
        <Link to={`/loans/${old.id}`} className="text-accent underline underline-offset-4">
          {t.loan.replaces}
        </Link>
      )}
      <div className="flex flex-wrap gap-3 print:hidden">
        <Link to={`/loans/${settlement.loan.id}`} className="inline-flex min-h-11 items-center rounded-xl bg-accent px-5 font-medium text-on-accent hover:bg-accent-strong">
          {t.settle.toLoan}
        </Link>
        <Secondary onPress={() => print()}>{t.settle.saved}</Secondary>
      </div>
    </section>
  )
}
