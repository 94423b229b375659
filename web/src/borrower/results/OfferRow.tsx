import { memo } from 'react'
import { Link } from 'react-router'
import type { ResultOf } from '../../api/graphql'
import type { OfferFields } from '../../api/quotes'
import { Badge } from '../../design/parts'
import { compareRates, formatPercent } from '../../format/rate'
import { formatMoney, type Money } from '../../format/money'
import { useText } from '../../text'

export type Offer = ResultOf<typeof OfferFields>

/** What to know at first sight; the rest stands with the offer itself. */
const SHOWN = ['PARTIAL_AMOUNT', 'SHORTER_TERM', 'HARD_INQUIRY']

interface OfferRowProps {
  readonly request: string
  readonly offer: Offer
  readonly chosen: boolean
  readonly onChoose: (id: string, chosen: boolean) => void
}

/** One offer: what arrives, what it costs, how sure it is. */
export const OfferRow = memo(function OfferRow({ request, offer, chosen, onChoose }: OfferRowProps) {
  const { t, locale } = useText()
  const misdeclared = compareRates(offer.declaredApr.percent, offer.verifiedApr.percent) < 0 && offer.flags.includes('APR_MISDECLARED')
  const money = (value: Money) => formatMoney(value, locale)
  return (
    <article className="rounded-2xl border border-line bg-surface p-5 shadow-lift">
      <div className="flex flex-wrap items-baseline justify-between gap-x-6 gap-y-1">
        <h2 className="min-w-0 text-lg font-semibold break-words">
          {offer.provider}
          {offer.venue != null && <span className="font-normal text-ink-soft"> · {offer.venue.name}</span>}
        </h2>
        <span className="text-sm text-ink-soft">{t.products[offer.product]}</span>
      </div>
      <dl className="mt-4 grid grid-cols-2 gap-4 sm:grid-cols-4">
        <Figure name={t.results.yearly} value={formatPercent(offer.verifiedApr.percent, locale)} strong />
        <Figure name={t.results.receive} value={money(offer.netDisbursed)} />
        <Figure name={t.results.payment} value={money(offer.largestPayment)} />
        <Figure name={t.results.total} value={money(offer.financeCharge)} />
      </dl>
      {misdeclared && (
        <p className="mt-3 rounded-lg bg-warn-soft px-3 py-2 text-sm text-warn">{t.results.declared(formatPercent(offer.declaredApr.percent, locale))}</p>
      )}
      {offer.flags.some((flag) => SHOWN.includes(flag)) && (
        <ul className="mt-3 flex flex-wrap gap-2">
          {offer.flags
            .filter((flag) => SHOWN.includes(flag))
            .map((flag) => (
              <li key={flag}>
                <Badge tone="warn">{t.offer.flags[flag]}</Badge>
              </li>
            ))}
        </ul>
      )}
      <div className="mt-4 flex flex-wrap items-center justify-between gap-3 border-t border-line pt-3 text-sm">
        <span className="text-ink-soft">{t.binding[offer.binding]}</span>
        <div className="flex items-center gap-5">
        <label className="flex min-h-11 cursor-pointer items-center gap-2">
          <input type="checkbox" className="size-5 accent-accent" checked={chosen} onChange={(event) => onChoose(offer.id, event.target.checked)} />
          {t.results.compare}
          <span className="sr-only">{offer.provider}</span>
        </label>
          <Link to={`/requests/${request}/offers/${offer.id}`} className="inline-flex min-h-11 items-center rounded-xl border border-line-strong px-4 font-medium text-ink hover:bg-sunken">
            {t.offer.details}
            <span className="sr-only"> {offer.provider}</span>
          </Link>
        </div>
      </div>
    </article>
  )
})

function Figure({ name, value, strong = false }: { name: string; value: string; strong?: boolean }) {
  return (
    <div>
      <dt className="text-sm text-ink-soft">{name}</dt>
      <dd className={strong ? 'text-xl font-semibold text-accent' : 'text-xl'}>{value}</dd>
    </div>
  )
}
