import { Label, Slider, SliderOutput, SliderThumb, SliderTrack } from 'react-aria-components'
import { Field } from '../../design/parts'
import { formatMoney } from '../../format/money'
import { formatPercent } from '../../format/rate'
import { useText } from '../../text'
import { exact, figures, tokensFor } from './figures'
import { PricePath } from './PricePath'

export interface CollateralProps {
  /** Owed, major units of `currency`. */
  readonly debt: string
  readonly currency: string
  /** Price of a whole token in that currency, by which the loan is measured. */
  readonly price: string
  /** The price by which it would be sold, where that is another one. */
  readonly salePrice?: string | null
  readonly symbol: string
  readonly decimals: number
  /** Loan-to-value that the lender allows at the start and at which it may sell, parts per million; null where no price sells it. */
  readonly highestPpm: bigint
  readonly thresholdPpm: bigint | null
  /** Whole tokens locked, and what to do when they change. */
  readonly tokens: string
  readonly onChange: (tokens: string) => void
  /** What the number is called, what is said of it, and what is wrong with it; the panel has words of its own. */
  readonly label?: string
  readonly help?: string | undefined
  readonly problem?: string | undefined
}

/** How much to lock: by slider or by number, with what it means for the price at which it would be sold. */
export function CollateralPanel(props: CollateralProps) {
  const { t, locale } = useText()
  const { debt, currency, price, symbol, decimals, highestPpm, tokens } = props
  const plain = tokens.trim().replace(',', '.')
  const typed = /^\d+(\.\d+)?$/.test(plain) ? plain : '0'
  const thresholdPpm = props.thresholdPpm ?? highestPpm
  const found = figures({ debt: exact(debt), tokens: exact(typed), price: exact(price), thresholdPpm })
  const sale = figures({ debt: exact(debt), tokens: exact(typed), price: exact(props.salePrice ?? price), thresholdPpm })
  const least = tokensFor(exact(debt), exact(price), highestPpm, decimals)
  const ltv = found.ltvPpm === null ? 100 : Math.min(100, Number(found.ltvPpm / 10_000n))
  const percent = (ppm: bigint) => formatPercent(`${ppm / 10_000n}.${(ppm % 10_000n).toString().padStart(4, '0')}`, locale)
  const tooMuch = found.ltvPpm === null || found.ltvPpm > highestPpm
  const choose = (percentLtv: number) => props.onChange(tokensFor(exact(debt), exact(price), BigInt(percentLtv) * 10_000n, decimals))
  return (
    <div className="flex flex-col gap-6">
      <Slider minValue={10} maxValue={Number(highestPpm / 10_000n)} value={ltv} onChange={(value) => choose(value as number)} className="flex flex-col gap-2">
        <div className="flex justify-between">
          <Label className="font-medium">{t.collateral.ltv}</Label>
          <SliderOutput className="font-medium">{found.ltvPpm === null ? '–' : percent(found.ltvPpm)}</SliderOutput>
        </div>
        <SliderTrack className="relative h-8 w-full">
          {({ state }) => (
            <>
              <div className="absolute top-3 h-2 w-full rounded-full bg-line" />
              <div className="absolute top-3 h-2 rounded-full bg-accent" style={{ width: `${state.getThumbPercent(0) * 100}%` }} />
              <SliderThumb className="top-4 size-7 rounded-full border-2 border-accent bg-surface shadow-lift" />
            </>
          )}
        </SliderTrack>
      </Slider>
      <Field
        name="tokens"
        label={props.label ?? t.collateral.tokens(symbol)}
        help={props.help}
        inputMode="decimal"
        value={tokens}
        onChange={props.onChange}
        problem={props.problem ?? (tooMuch && tokens !== '' ? t.collateral.least(least, symbol) : undefined)}
      />
      {props.thresholdPpm === null ? (
        <p className="text-sm text-ink-soft">{t.collateral.notSold}</p>
      ) : (
        <>
          <dl className="grid grid-cols-2 gap-4">
            <Figure name={t.collateral.health} value={sale.healthMilli === null ? '–' : (Number(sale.healthMilli) / 1000).toLocaleString(locale, { maximumFractionDigits: 2 })} />
            <Figure
              name={t.collateral.soldAt(symbol)}
              value={sale.liquidationPrice === null ? '–' : formatMoney({ amount: sale.liquidationPrice, currency }, locale)}
              note={sale.dropPpm === null ? undefined : t.collateral.drop(percent(sale.dropPpm))}
            />
          </dl>
          {sale.liquidationPrice !== null && sale.dropPpm !== null && <PricePath dropPpm={sale.dropPpm} />}
        </>
      )}
    </div>
  )
}

function Figure({ name, value, note }: { name: string; value: string; note?: string | undefined }) {
  return (
    <div>
      <dt className="text-sm text-ink-soft">{name}</dt>
      <dd className="text-xl">
        {value}
        {note !== undefined && <span className="block text-sm text-ink-soft">{note}</span>}
      </dd>
    </div>
  )
}
