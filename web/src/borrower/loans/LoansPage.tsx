import { useState } from 'react'
import { Link } from 'react-router'
import { useQuery } from 'urql'
import { LOANS } from '../../api/loans'
import { Badge, Empty, Secondary, Skeleton, Stat } from '../../design/parts'
import { formatDate } from '../../format/dates'
import { formatAmount } from '../../format/tokens'
import { Failed, Main } from '../../shell/Pages'
import { useText } from '../../text'
import { leftOf, paidShare } from './words'

export const TONES = { PENDING: 'calm', ACTIVE: 'good', DELINQUENT: 'bad', CLOSED: 'calm', DEFAULTED: 'bad', CANCELLED: 'calm' } as const

export function LoansPage() {
  const { t } = useText()
  const [pages, setPages] = useState<readonly (string | null)[]>([null])
  return (
    <Main title={t.loans.heading}>
      {pages.map((after, at) => (
        <Page key={after ?? ''} after={after} first={at === 0} last={at === pages.length - 1} more={(next) => setPages([...pages, next])} />
      ))}
    </Main>
  )
}

function Page({ after, first, last, more }: { after: string | null; first: boolean; last: boolean; more: (next: string) => void }) {
  const { t } = useText()
  const [{ data, error, fetching }, again] = useQuery({ query: LOANS, variables: { after } })
  if (error !== undefined) return <Failed error={error} again={again} />
  if (data === undefined) return fetching ? <Skeleton label={t.shell.loading} rows={2} /> : null
  const loans = data.loans.edges.map((edge) => edge.node)
  if (loans.length === 0 && first) {
    return (
      <Empty title={t.loans.none}>
        <p>{t.loans.noneHelp}</p>
        <Link to="/" className="inline-flex min-h-11 items-center rounded-xl bg-accent px-5 font-medium text-on-accent hover:bg-accent-strong">
          {t.shell.ask}
        </Link>
      </Empty>
    )
  }
  const next = data.loans.pageInfo.endCursor
  return (
    <>
      <ul className="flex flex-col gap-4">
        {loans.map((loan) => (
          <Loan key={loan.id} loan={loan} />
        ))}
      </ul>
      {last && data.loans.pageInfo.hasNextPage && next != null && (
        <div className="self-center">
          <Secondary onPress={() => more(next)}>{t.shell.more}</Secondary>
        </div>
      )}
    </>
  )
}

type Row = NonNullable<ReturnType<typeof useRow>>

function useRow() {
  const [{ data }] = useQuery({ query: LOANS, variables: {}, pause: true })
  return data?.loans.edges[0]?.node
}

function Loan({ loan }: { loan: Row }) {
  const { t, locale } = useText()
  const running = loan.state === 'ACTIVE' || loan.state === 'DELINQUENT'
  const unfinished = loan.state === 'PENDING' && loan.settlement.state === 'AWAITING_SIGNATURE'
  return (
    <li className="relative rounded-2xl border border-line bg-surface p-5 shadow-lift transition hover:border-line-strong">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h2 className="text-lg font-semibold">
          <Link to={loan.state === 'PENDING' || loan.state === 'CANCELLED' ? `/settlements/${loan.settlement.id}` : `/loans/${loan.id}`} className="after:absolute after:inset-0 after:rounded-2xl">
            {loan.provider}
          </Link>
        </h2>
        <Badge tone={unfinished ? 'warn' : TONES[loan.state]}>{unfinished ? t.loans.finish : t.loans.states[loan.state]}</Badge>
      </div>
      <dl className="mt-4 grid grid-cols-2 gap-4">
        <Stat name={running ? t.loans.owed : t.settle.borrow} value={formatAmount(running ? loan.outstanding : loan.principal, locale)} note={running ? t.loans.of(formatAmount(loan.principal, locale)) : undefined} />
        {running && loan.nextDue != null && <Stat name={t.loans.next} value={formatAmount(leftOf(loan.nextDue), locale)} note={t.loans.due(formatDate(loan.nextDue.due, locale, 'short'))} />}
      </dl>
      {running && <PaidBar share={paidShare(loan.principal, loan.outstanding)} />}
    </li>
  )
}

export function PaidBar({ share }: { share: number }) {
  return (
    <svg viewBox="0 0 1000 10" preserveAspectRatio="none" className="mt-4 h-2 w-full overflow-hidden rounded-full" aria-hidden="true">
      <rect width="1000" height="10" className="fill-line" />
      <rect width={share} height="10" className="fill-accent" />
    </svg>
  )
}
