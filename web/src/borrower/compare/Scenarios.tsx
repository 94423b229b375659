import { formatMoney } from '../../format/money'
import { useText } from '../../text'
import type { Offer } from '../results/OfferRow'
import { lengths } from './bars'

/** What the offer costs in each case, as bars on the scale of all offers that are compared. The figures stand beside them. */
export function Scenarios({ offer, all }: { offer: Offer; all: readonly Offer[] }) {
  const { t, locale } = useText()
  const every = all.flatMap((one) => one.scenarios.map((scenario) => ({ key: `${one.id} ${scenario.kind}`, cost: scenario.totalCost })))
  const long = new Map(lengths(every.map((one) => one.cost)).map((length, at) => [every[at]?.key, length]))
  return (
    <ul className="flex flex-col gap-2.5">
      {offer.scenarios.map((scenario) => (
        <li key={scenario.kind}>
          <span className="flex justify-between gap-3 text-sm">
            <span className="text-ink-soft">{t.scenarios[scenario.kind]}</span>
            <span>{formatMoney(scenario.totalCost, locale)}</span>
          </span>
          <svg viewBox="0 0 1000 10" preserveAspectRatio="none" className="mt-1 h-2 w-full" aria-hidden="true">
            <rect width="1000" height="10" rx="5" className="fill-line" />
            <rect width={long.get(`${offer.id} ${scenario.kind}`) ?? 0} height="10" rx="5" className={scenario.liquidated ? 'fill-bad' : 'fill-accent'} />
          </svg>
          {scenario.liquidated && <span className="text-sm text-bad">{t.scenarios.sold}</span>}
        </li>
      ))}
    </ul>
  )
}
