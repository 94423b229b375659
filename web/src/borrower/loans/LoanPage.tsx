import { type ReactNode, useState } from 'react'
import { Link, useParams } from 'react-router'
import { useQuery } from 'urql'
import type { ResultOf } from '../../api/graphql'
import { LOAN, PAYOFF } from '../../api/loans'
import { Badge, Card, Copyable, Empty, Field, Heading, Note, Skeleton, Stat } from '../../design/parts'
import { formatDate, formatMoment } from '../../format/dates'
import { formatPercent } from '../../format/rate'
import { formatAmount, wholeOf } from '../../format/tokens'
import { Failed, Main } from '../../shell/Pages'
import { useText } from '../../text'
import { shortHex } from '../../wallet/words'
import { PaperLinks } from '../papers/PaperLinks'
import { useRepeat } from '../repeat'
import { PaidBar, TONES } from './LoansPage'
import { Pay } from './Pay'
import { Security } from './Security'
import { endOfDay, paidShare, rowState } from './words'

export type LoanView = NonNullable<ResultOf<typeof LOAN>['loan']>

/** A loan from its first day to its last. */
export function LoanPage() {
  const { id = '' } = useParams()
  const { t } = useText()
  const [{ data, error, fetching }, again] = useQuery({ query: LOAN, variables: { id } })
  const fresh = () => again({ requestPolicy: 'network-only' })
  const loan = data?.loan
  // What others did is seen within some seconds; what was done here is looked for at once.
  useRepeat(fresh, loan != null && loan.closedAt == null ? 4000 : null)
  if (loan == null) {
    return (
      <Main title={t.loans.heading}>
        {error !== undefined ? <Failed error={error} again={again} /> : fetching ? <Skeleton label={t.shell.loading} /> : <Empty title={t.shell.lostHelp} />}
      </Main>
    )
  }
  return <Shown loan={loan} fresh={fresh} />
}

function Shown({ loan, fresh }: { loan: LoanView; fresh: () => void }) {
  const { t, locale } = useText()
  const running = loan.state === 'ACTIVE' || loan.state === 'DELINQUENT'
  const share = paidShare(loan.principal, loan.outstanding)
  return (
    <Main
      wide
      title={t.loan.heading(loan.provider)}
      lead={
        <span className="flex flex-wrap items-center gap-3">
          <Badge tone={TONES[loan.state]}>{t.loans.states[loan.state]}</Badge>
          {loan.endedBy != null && t.loans.ends[loan.endedBy]}
          {loan.state === 'PENDING' && (
            <Link to={`/settlements/${loan.settlement.id}`} className="text-accent underline underline-offset-4">
              {loan.settlement.state === 'AWAITING_SIGNATURE' ? t.loans.finish : t.settle.progress}
            </Link>
          )}
        </span>
      }
    >
      {loan.shortfall != null && <Note tone="bad">{t.loan.shortfall(formatAmount(loan.shortfall, locale))}</Note>}
      <div className="grid items-start gap-6 lg:grid-cols-[1fr_22rem]">
        <div className="contents min-w-0 flex-col gap-6 lg:flex">
          <Card className="-order-2 lg:order-none">
            <dl className="grid gap-5 sm:grid-cols-2">
              <Stat name={t.loans.owed} value={formatAmount(loan.outstanding, locale)} note={t.loans.of(formatAmount(loan.principal, locale))} strong />
              <Stat name={t.results.yearly} value={formatPercent(loan.settlement.quote.verifiedApr.percent, locale)} />
            </dl>
            <PaidBar share={share} />
            <p className="mt-2 text-sm text-ink-soft">{t.loan.paid(`${Math.floor(share / 10)} %`)}</p>
          </Card>
          {loan.collateral != null && running && <Security loan={loan} fresh={fresh} />}
          <Schedule loan={loan} />
          <Payments loan={loan} />
        </div>
        <div className="contents min-w-0 flex-col gap-6 lg:flex">
          {running && <Pay loan={loan} fresh={fresh} />}
          {running && <Payoff loan={loan} />}
          {running && loan.onchainId != null && <Refinance loan={loan} />}
          {(loan.refinancedBy != null || loan.refinances != null) && <Chain loan={loan} />}
          <Card>
            <Heading>{t.loan.papers}</Heading>
            <PaperLinks papers={loan.settlement.quote.disclosures} none={t.offer.noPapers} />
          </Card>
          <Timeline loan={loan} />
        </div>
      </div>
    </Main>
  )
}

/** Rows shown before the rest is asked for. */
const FIRST_ROWS = 6

function Schedule({ loan }: { loan: LoanView }) {
  const { t, locale } = useText()
  const [whole, setWhole] = useState(false)
  const today = new Date().toISOString().slice(0, 10)
  // From the last one that is paid on: what comes next is what is looked for.
  const open = Math.max(0, loan.schedule.findIndex((row) => rowState(row, today) !== 'paid') - 1)
  const rows = whole || loan.schedule.length <= FIRST_ROWS ? loan.schedule : loan.schedule.slice(open, open + FIRST_ROWS)
  const states = { paid: t.loan.paidState, part: t.loan.partState, late: t.loan.lateState, open: t.loan.openState }
  const tones = { paid: 'good', part: 'warn', late: 'bad', open: 'calm' } as const
  return (
    <Card>
      <Heading>{t.loan.plan}</Heading>
      <Table
        name={t.loan.plan}
        head={[t.loan.number, t.compare.due, t.compare.principal, t.compare.interest, t.compare.sum, t.loan.status]}
        rows={rows.map((row) => [
          String(row.number),
          formatDate(row.due, locale, 'short'),
          formatAmount(row.principal, locale),
          formatAmount(row.interest, locale),
          formatAmount(row.total, locale),
          // Of a loan that ended nothing is open any more.
          loan.closedAt != null && rowState(row, today) !== 'paid' ? (
            '–'
          ) : (
            <Badge key="s" tone={tones[rowState(row, today)]}>
              {states[rowState(row, today)]}
            </Badge>
          ),
        ])}
      />
      {rows.length < loan.schedule.length && (
        <button type="button" className="mt-3 min-h-8 cursor-pointer text-accent underline underline-offset-4" onClick={() => setWhole(true)}>
          {t.loan.rows(loan.schedule.length)}
        </button>
      )}
    </Card>
  )
}

function Payments({ loan }: { loan: LoanView }) {
  const { t, locale } = useText()
  return (
    <Card>
      <Heading>{t.loan.payments}</Heading>
      {loan.repayments.length === 0 ? (
        <p className="mt-2 text-ink-soft">{t.loan.noPayments}</p>
      ) : (
        <Table
          name={t.loan.payments}
          head={[t.loan.when, t.loan.amount, t.loan.toPrincipal, t.loan.toInterest, t.loan.toFees, t.loan.proof]}
          rows={loan.repayments.map((paid) => [
            <span key="w" className="whitespace-nowrap">
              {formatMoment(paid.paidAt, locale)}
              <span className="block text-ink-soft">{t.loan.channel[paid.channel]}</span>
            </span>,
            formatAmount(paid.amount, locale),
            formatAmount(paid.principal, locale),
            formatAmount(paid.interest, locale),
            formatAmount(paid.lateFee, locale),
            <Copyable key="e" value={paid.evidence} shown={shortHex(paid.evidence)} label={t.wallet.copy} />,
          ])}
        />
      )}
    </Card>
  )
}

function Table({ name, head, rows }: { name: string; head: readonly string[]; rows: readonly (readonly ReactNode[])[] }) {
  return (
    <div className="mt-3 overflow-x-auto" role="region" aria-label={name} tabIndex={0}>
      <table className="w-full text-sm">
        <thead>
          <tr className="text-left text-ink-soft">
            {head.map((title) => (
              <th key={title} scope="col" className="py-1.5 pr-4 font-normal whitespace-nowrap">
                {title}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((cells, at) => (
            <tr key={at} className="border-t border-line">
              {cells.map((cell, column) => (
                <td key={head[column]} className="py-2 pr-4 whitespace-nowrap">
                  {cell}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

/** What closes the loan on any day. */
function Payoff({ loan }: { loan: LoanView }) {
  const { t, locale } = useText()
  const [day, setDay] = useState('')
  const at = endOfDay(day, new Date())
  const [{ data, error, stale }] = useQuery({ query: PAYOFF, variables: { id: loan.id, at } })
  const quote = data?.loan?.payoffQuote
  return (
    <Card className="flex flex-col gap-4">
      <Heading>{t.loan.payoff}</Heading>
      <Field name="payoff" type="date" label={t.loan.payoffOn} value={day} onChange={setDay} help={t.loan.payoffHelp} />
      <dl aria-live="polite" aria-busy={stale}>
        <Stat
          name={quote === undefined ? t.loan.payoffNow : at === null ? t.loan.payoffNow : formatDate(day, locale)}
          value={quote === undefined ? <span className="inline-block h-7 w-32 animate-pulse rounded bg-sunken" /> : formatAmount(quote.amount, locale)}
        />
      </dl>
      {error !== undefined && <Note tone="bad">{error.graphQLErrors[0]?.message ?? t.sign.offline}</Note>}
    </Card>
  )
}

function Refinance({ loan }: { loan: LoanView }) {
  const { t } = useText()
  // The amount in the currency of the offer; the borrower can still change it.
  const { currency } = loan.settlement.quote.principal
  const whole = wholeOf(loan.outstanding.units, loan.outstanding.decimals)
  const [units = '0', fraction = ''] = whole.split('.')
  const cents = fraction.slice(0, 2).padEnd(2, '0')
  const link = new URLSearchParams({ refinances: loan.id, amount: `${units}.${cents}`, currency })
  return (
    <Card className="flex flex-col items-start gap-3">
      <Heading>{t.loan.refinance}</Heading>
      <p className="text-sm text-ink-soft">{t.loan.refinanceHelp}</p>
      <Link to={`/?${link}`} className="inline-flex min-h-11 items-center rounded-xl border border-line-strong px-5 font-medium hover:bg-sunken">
        {t.loan.refinanceAsk}
      </Link>
    </Card>
  )
}

function Chain({ loan }: { loan: LoanView }) {
  const { t } = useText()
  const link = (id: string, name: string) => (
    <Link to={`/loans/${id}`} className="text-accent underline underline-offset-4">
      {name}
    </Link>
  )
  return (
    <Card className="flex flex-col items-start gap-2">
      {loan.refinancedBy != null && link(loan.refinancedBy.id, t.loan.replaced)}
      {loan.refinances != null && link(loan.refinances.id, t.loan.replaces)}
    </Card>
  )
}

function Timeline({ loan }: { loan: LoanView }) {
  const { t, locale } = useText()
  const events: { at: string; what: string }[] = [
    { at: loan.settlement.createdAt, what: t.loan.events.accepted },
    ...(loan.startedAt == null ? [] : [{ at: loan.startedAt, what: t.loan.events.started }]),
    ...loan.repayments.map((paid) => ({ at: paid.paidAt, what: t.loan.events.paid(formatAmount(paid.amount, locale)) })),
    ...(loan.closedAt == null ? [] : [{ at: loan.closedAt, what: `${t.loan.events.closed}. ${loan.endedBy == null ? '' : t.loans.ends[loan.endedBy]}` }]),
  ].sort((a, b) => b.at.localeCompare(a.at))
  return (
    <Card>
      <Heading>{t.loan.timeline}</Heading>
      <ol className="mt-4 border-l-2 border-line pl-5">
        {events.map((event) => (
          <li key={`${event.at} ${event.what}`} className="relative pb-4 last:pb-0">
            <span aria-hidden="true" className="absolute top-1.5 -left-[1.6rem] size-2.5 rounded-full bg-accent" />
            <p className="font-medium">{event.what}</p>
            <p className="text-sm text-ink-soft">{formatMoment(event.at, locale)}</p>
          </li>
        ))}
      </ol>
    </Card>
  )
}
