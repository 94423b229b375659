import { type LockMarket, marketOf, useLockable } from '../../api/lockable'
import { useState } from 'react'
import { formatMoment } from '../../format/dates'
import { formatMoney } from '../../format/money'
import { wholeOf } from '../../format/tokens'
import { useText } from '../../text'
import { CollateralPanel } from './CollateralPanel'

interface Offered {
  readonly provider: string
  readonly principal: { readonly amount: string; readonly currency: string }
  readonly collateral: readonly { readonly chainId: string; readonly token: string; readonly symbol: string; readonly decimals: number; readonly units: string }[]
}

/** What the security of an offer means before it is taken, and what more of it would mean; nothing where the lender's terms are not known. */
export function BeforePanel({ offer }: { offer: Offered }) {
  const { t } = useText()
  const tokens = useLockable()
  const held = offer.collateral[0]
  const [wanted, setWanted] = useState<string | null>(null)
  if (held === undefined || tokens === null || offer.collateral.length !== 1) return null
  const market = marketOf(tokens, { chainId: held.chainId, token: held.token, provider: offer.provider })
  if (market === null || market.currency !== offer.principal.currency) return null
  return (
    <div className="mt-6 flex flex-col gap-5 border-t border-line pt-6">
      <CollateralPanel
        debt={offer.principal.amount}
        currency={market.currency}
        price={market.price}
        salePrice={market.salePrice}
        symbol={held.symbol}
        decimals={held.decimals}
        highestPpm={market.maxLtvPpm}
        thresholdPpm={market.thresholdPpm}
        tokens={wanted ?? wholeOf(held.units, held.decimals)}
        onChange={setWanted}
      />
      <p className="text-sm text-ink-soft">{t.collateral.offered}</p>
      <PriceLine market={market} symbol={held.symbol} />
    </div>
  )
}

/** The price that the figures rest on, and as of when. */
export function PriceLine({ market, symbol }: { market: LockMarket; symbol: string }) {
  const { t, locale } = useText()
  const money = (amount: string) => formatMoney({ amount, currency: market.currency }, locale)
  return (
    <p className="text-sm text-ink-soft">
      {t.collateral.priced(symbol, money(market.price))}
      {market.salePrice !== null && market.salePriceAt !== null && <> {t.collateral.saleprice(money(market.salePrice), formatMoment(market.salePriceAt, locale))}</>}
    </p>
  )
}
