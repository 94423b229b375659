import { useParams, useSearchParams, Link } from 'react-router'
import { useQuery } from 'urql'
import { OFFER, REQUEST } from '../../api/quotes'
import { Skeleton } from '../../design/parts'
import { formatDate, formatMoment } from '../../format/dates'
import { formatMoney } from '../../format/money'
import { compareRates, formatPercent, pointsBetween } from '../../format/rate'
import { Failed } from '../../shell/Pages'
import { useText } from '../../text'
import type { Offer } from '../results/OfferRow'
import { formatUnits } from '../../format/tokens'
import { PaperLinks } from '../papers/PaperLinks'
import { Scenarios } from './Scenarios'

export function ComparePage() {
  const { id = '' } = useParams()
  const [search] = useSearchParams()
  const { t } = useText()
  const ids = search.getAll('offer').slice(0, 4)
  const [{ data, error, fetching }, again] = useQuery({ query: REQUEST, variables: { id } })
  const offers = (data?.quoteRequest?.quotes.edges ?? []).map((edge) => edge.node).filter((offer) => ids.includes(offer.id))
  return (
    <main className="mx-auto flex w-full max-w-6xl flex-col gap-6 px-4 py-8">
      <Link to={`/requests/${id}`} className="self-start py-1 text-accent underline underline-offset-4">
        {t.compare.back}
      </Link>
      <h1 className="text-3xl font-semibold tracking-tight">{t.compare.heading}</h1>
      {ids.length < 2 && <p className="text-ink-soft">{t.compare.few}</p>}
      <title>{`${t.compare.heading} · Usance`}</title>
      {fetching && <Skeleton label={t.shell.loading} rows={2} />}
      {error !== undefined && <Failed error={error} again={again} />}
      {!fetching && error === undefined && ids.length >= 2 && offers.length === 0 && <p className="text-ink-soft">{t.compare.gone}</p>}
      {offers.length > 0 && <Comparison request={id} offers={offers} />}
    </main>
  )
}

function Comparison({ request, offers }: { request: string; offers: readonly Offer[] }) {
  const { t, locale } = useText()
  const rows: [string, (offer: Offer) => React.ReactNode][] = [
    [t.compare.receive, (offer) => <strong className="text-xl">{formatMoney(offer.netDisbursed, locale)}</strong>],
    [t.compare.apr, (offer) => <strong className="text-xl text-accent">{formatPercent(offer.verifiedApr.percent, locale)}</strong>],
    [t.compare.declared, (offer) => <Declared offer={offer} />],
    [t.compare.total, (offer) => <Total offer={offer} />],
    [t.compare.fees, (offer) => <Fees offer={offer} />],
    [t.offer.why, (offer) => <Why offer={offer} />],
    [t.compare.what, (offer) => <Scenarios offer={offer} all={offers} />],
    [t.compare.security, (offer) => offer.collateral.map((token) => formatUnits(token, locale)).join(', ') || t.compare.noSecurity],
    [t.compare.sure, (offer) => t.binding[offer.binding]],
    [t.compare.until, (offer) => formatMoment(offer.validUntil, locale)],
    [t.offer.papers, (offer) => <Papers id={offer.id} />],
    [t.compare.schedule, (offer) => <Plan offer={offer} />],
  ]
  return (
    <div className="overflow-x-auto rounded-2xl border border-line bg-surface shadow-lift" role="region" aria-label={t.compare.heading} tabIndex={0}>
      <table className="w-full min-w-[44rem] border-collapse text-left align-top">
        <thead>
          <tr>
            <td className="sticky left-0 w-28 bg-surface p-3 sm:w-44 sm:p-4" />
            {offers.map((offer) => (
              <th key={offer.id} scope="col" className="p-4 text-lg font-semibold">
                <Link to={`/requests/${request}/offers/${offer.id}`} className="break-words underline decoration-line-strong underline-offset-4 hover:decoration-accent">
                  {offer.provider}
                </Link>
                <span className="block text-sm font-normal text-ink-soft">{t.products[offer.product]}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(([name, cell]) => (
            <tr key={name} className="border-t border-line align-top">
              <th scope="row" className="sticky left-0 bg-surface p-3 text-sm font-medium text-ink-soft sm:p-4 sm:text-base">
                {name}
              </th>
              {offers.map((offer) => (
                <td key={offer.id} className="p-4">
                  {cell(offer)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Why({ offer }: { offer: Offer }) {
  const { t } = useText()
  return (
    <>
      {t.offer.place(offer.position)}
      {offer.flags.map((flag) => (
        <span key={flag} className="mt-1 block text-sm text-ink-soft">
          {t.offer.flags[flag] ?? flag}
        </span>
      ))}
    </>
  )
}

function Papers({ id }: { id: string }) {
  const { t } = useText()
  const [{ data, fetching }] = useQuery({ query: OFFER, variables: { id } })
  if (fetching) return <span className="inline-block h-5 w-24 animate-pulse rounded bg-sunken" />
  return <PaperLinks papers={data?.quote?.disclosures ?? []} none={t.offer.noPapers} />
}

function Declared({ offer }: { offer: Offer }) {
  const { t, locale } = useText()
  const more = compareRates(offer.verifiedApr.percent, offer.declaredApr.percent) > 0
  const points = pointsBetween(offer.verifiedApr.percent, offer.declaredApr.percent)
  const says = offer.flags.includes('APR_MISDECLARED') && more ? t.compare.difference(formatPercent(points, locale).replace(/\s?%$/, '')) : t.compare.same
  return (
    <>
      {formatPercent(offer.declaredApr.percent, locale)}
      <span className="mt-1 block text-sm text-ink-soft">{says}</span>
    </>
  )
}

function Total({ offer }: { offer: Offer }) {
  const { t, locale } = useText()
  return (
    <>
      {formatMoney(offer.totalOfPayments, locale)}
      <span className="mt-1 block text-sm text-ink-soft">{t.compare.payments(offer.schedule.length, formatMoney(offer.largestPayment, locale))}</span>
    </>
  )
}

function Fees({ offer }: { offer: Offer }) {
  const { t, locale } = useText()
  if (offer.fees.length === 0) return t.compare.noFees
  return (
    <ul className="flex flex-col gap-2">
      {offer.fees.map((fee, at) => (
        <li key={`${at} ${fee.code}`}>
          {formatMoney(fee.amount, locale)} <span className="text-ink-soft">{fee.code.toLowerCase().replaceAll('_', ' ')}</span>
          <span className="block text-sm text-ink-soft">{t.fees[fee.timing]}</span>
        </li>
      ))}
    </ul>
  )
}

function Plan({ offer }: { offer: Offer }) {
  const { t, locale } = useText()
  return (
    <details>
      <summary className="min-h-6 cursor-pointer text-accent">{t.compare.payments(offer.schedule.length, formatMoney(offer.largestPayment, locale))}</summary>
      <table className="mt-3 w-full text-sm">
        <thead>
          <tr className="text-ink-soft">
            <th scope="col" className="py-1 pr-3 font-normal">{t.compare.due}</th>
            <th scope="col" className="py-1 text-right font-normal">{t.compare.sum}</th>
          </tr>
        </thead>
        <tbody>
          {offer.schedule.map((payment) => (
            <tr key={payment.due} className="border-t border-line">
              <td className="py-1 pr-3">{formatDate(payment.due, locale, 'short')}</td>
              <td className="py-1 text-right">{formatMoney(payment.total, locale)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </details>
  )
}
