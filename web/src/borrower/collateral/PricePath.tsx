import { useText } from '../../text'

const WIDTH = 320
const HEIGHT = 120
/** From the top: today's price. */
const TODAY = 26

/** Where the price stands today, how far it may fall, and where the collateral would be sold. */
export function PricePath({ dropPpm }: { dropPpm: bigint }) {
  const { t } = useText()
  const drop = Number(dropPpm) / 1_000_000
  const sold = TODAY + drop * (HEIGHT - TODAY - 6)
  // Three ways a price may go; only the one that reaches the line is sold.
  const path = (end: number) => `M0 ${TODAY} C 70 ${TODAY - 14}, 120 ${TODAY + (end - TODAY) * 0.9}, 190 ${TODAY + (end - TODAY) * 0.55} S 280 ${end}, ${WIDTH} ${end}`
  return (
    <figure>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" className="h-32 w-full rounded-lg bg-sunken" role="img" aria-label={t.collateral.picture(`${Math.floor(drop * 100)} %`)}>
        <rect y={sold} width={WIDTH} height={HEIGHT - sold} className="fill-bad-soft" />
        <line x1="0" x2={WIDTH} y1={sold} y2={sold} className="stroke-bad" strokeWidth="1.5" vectorEffect="non-scaling-stroke" strokeDasharray="5 4" />
        <path d={path(TODAY - 16)} fill="none" className="stroke-line-strong" strokeWidth="1.5" vectorEffect="non-scaling-stroke" />
        <path d={path((TODAY + sold) / 2)} fill="none" className="stroke-accent" strokeWidth="2" vectorEffect="non-scaling-stroke" />
        <path d={path(Math.min(HEIGHT - 4, sold + 8))} fill="none" className="stroke-bad" strokeWidth="2" vectorEffect="non-scaling-stroke" />
      </svg>
      <figcaption className="mt-1 text-sm text-ink-soft">{t.collateral.caption}</figcaption>
    </figure>
  )
}
