import { useState } from 'react'
import { Link } from 'react-router'
import { useQuery } from 'urql'
import type { ResultOf } from '../../api/graphql'
import { MY_REQUESTS } from '../../api/lists'
import { Badge, Empty, Secondary, Skeleton, Stat } from '../../design/parts'
import { formatMoment, formatTerm } from '../../format/dates'
import { formatMoney } from '../../format/money'
import { formatPercent } from '../../format/rate'
import { Failed, Main } from '../../shell/Pages'
import { useText } from '../../text'

type Asked = ResultOf<typeof MY_REQUESTS>['quoteRequests']['edges'][number]['node']

const TONES = { QUOTING: 'calm', QUOTED: 'good', ACCEPTED: 'good', DECLINED: 'warn', EXPIRED: 'calm' } as const

/** What was asked for before, and what came of it. */
export function RequestsPage() {
  const { t } = useText()
  const [pages, setPages] = useState<readonly (string | null)[]>([null])
  return (
    <Main title={t.requests.heading}>
      {pages.map((after, at) => (
        <Page key={after ?? ''} after={after} first={at === 0} last={at === pages.length - 1} more={(next) => setPages([...pages, next])} />
      ))}
    </Main>
  )
}

function Page({ after, first, last, more }: { after: string | null; first: boolean; last: boolean; more: (next: string) => void }) {
  const { t } = useText()
  const [{ data, error, fetching }, again] = useQuery({ query: MY_REQUESTS, variables: { after }, requestPolicy: 'cache-and-network' })
  if (error !== undefined && data === undefined) return <Failed error={error} again={again} />
  if (data === undefined) return fetching ? <Skeleton label={t.shell.loading} rows={2} /> : null
  const requests = data.quoteRequests.edges.map((edge) => edge.node)
  if (requests.length === 0 && first) {
    return (
      <Empty title={t.requests.none}>
        <p>{t.requests.noneHelp}</p>
        <Link to="/" className="inline-flex min-h-11 items-center rounded-xl bg-accent px-5 font-medium text-on-accent hover:bg-accent-strong">
          {t.shell.ask}
        </Link>
      </Empty>
    )
  }
  const next = data.quoteRequests.pageInfo.endCursor
  return (
    <>
      <ul className="flex flex-col gap-4">
        {requests.map((request) => (
          <Request key={request.id} request={request} />
        ))}
      </ul>
      {last && data.quoteRequests.pageInfo.hasNextPage && next != null && (
        <div className="self-center">
          <Secondary onPress={() => more(next)}>{t.shell.more}</Secondary>
        </div>
      )}
    </>
  )
}

function Request({ request }: { request: Asked }) {
  const { t, locale } = useText()
  const best = request.quotes.edges[0]?.node
  const count = request.quotes.totalCount ?? request.quotes.edges.length
  return (
    <li className="relative rounded-2xl border border-line bg-surface p-5 shadow-lift transition hover:border-line-strong">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <h2 className="text-lg font-semibold">
          <Link to={`/requests/${request.id}`} className="after:absolute after:inset-0 after:rounded-2xl">
            {formatMoney(request.amount, locale, true)} <span className="font-normal text-ink-soft">{t.requests.over(formatTerm(request.term.count, request.term.unit, locale))}</span>
          </Link>
        </h2>
        <Badge tone={TONES[request.state]}>{t.requests.states[request.state]}</Badge>
      </div>
      <p className="mt-1 text-sm text-ink-soft">
        {t.requests.asked(formatMoment(request.createdAt, locale))}
        {request.refinances != null && ` · ${t.requests.refinances}`}
      </p>
      <dl className="mt-4 grid grid-cols-2 gap-4">
        <Stat name={t.requests.best} value={best === undefined ? t.requests.noBest : formatPercent(best.verifiedApr.percent, locale)} note={best === undefined ? undefined : t.requests.bestOf(best.provider, count)} />
        {best !== undefined && <Stat name={t.settle.pay} value={formatMoney(best.totalOfPayments, locale)} />}
      </dl>
    </li>
  )
}
