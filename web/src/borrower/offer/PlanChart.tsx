import { type Money, minorOf } from '../../format/money'
import { useText } from '../../text'

const HEIGHT = 100

interface Payment {
  readonly due: string
  readonly principal: Money
  readonly total: Money
}

/** Every payment as a bar: what pays back the loan below, interest and fees above. The table beside it has the figures. */
export function PlanChart({ schedule }: { schedule: readonly Payment[] }) {
  const { t } = useText()
  const totals = schedule.map((payment) => minorOf(payment.total))
  const most = totals.reduce((high, one) => (one > high ? one : high), 1n)
  const wide = 100 / schedule.length
  const gap = Math.min(0.6, wide * 0.2)
  return (
    <svg viewBox={`0 0 100 ${HEIGHT}`} preserveAspectRatio="none" className="h-28 w-full" role="img" aria-label={t.offer.planPicture(schedule.length)}>
      {schedule.map((payment, at) => {
        const tall = (minor: bigint) => Number((minor * 10_000n) / most) / 100
        const all = tall(totals[at] ?? 0n)
        const loan = Math.max(0, tall(minorOf(payment.principal)))
        const x = at * wide
        return (
          <g key={payment.due}>
            <rect x={x} y={HEIGHT - all} width={wide - gap} height={Math.max(0, all - loan)} className="fill-accent opacity-35" />
            <rect x={x} y={HEIGHT - loan} width={wide - gap} height={loan} className="fill-accent" />
          </g>
        )
      })}
    </svg>
  )
}
