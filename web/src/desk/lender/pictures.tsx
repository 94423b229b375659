// How a lender does, as pictures: each says in words what it shows.

import { Count } from '../parts/Pieces'
import { formatPoints, share } from '../parts/figures'
import { useDesk } from '../parts/words'

export interface Stage {
  readonly name: string
  readonly count: number
  readonly note?: string
}

/** From question to acceptance; each bar is measured by the longest. */
export function Funnel({ stages }: { stages: readonly Stage[] }) {
  const { locale } = useDesk()
  const most = Math.max(1, ...stages.map((stage) => stage.count))
  return (
    <ol className="flex flex-col gap-3">
      {stages.map((stage, index) => {
        const before = stages[index - 1]
        const kept = before === undefined ? null : share(stage.count, before.count, locale)
        return (
          <li key={stage.name}>
            <div className="flex items-baseline justify-between gap-3">
              <span>{stage.name}</span>
              <span className="whitespace-nowrap">
                {kept !== null && <span className="mr-2 text-sm text-ink-soft">{kept}</span>}
                <strong>
                  <Count of={stage.count} />
                </strong>
              </span>
            </div>
            <div aria-hidden="true" className="mt-1 h-3 overflow-hidden rounded-full bg-sunken">
              <div className={`h-full rounded-full bg-accent ${index > 1 ? 'opacity-70' : ''}`} style={{ width: `${(stage.count * 100) / most}%` }} />
            </div>
            {stage.note !== undefined && <p className="mt-0.5 text-sm text-ink-soft">{stage.note}</p>}
          </li>
        )
      })}
    </ol>
  )
}

/** Within this much the law takes a declared APR for right: an eighth of a point (12 CFR 1026.22(a)(2)). */
const TOLERANCE_PPM = 1250

/** The declared less the verified APR on a scale: to the left of the middle it was declared too low. */
export function Gap({ median, worst }: { median: string; worst: string }) {
  const { d, locale } = useDesk()
  const reach = Math.max(TOLERANCE_PPM * 4, Math.abs(Number(median)) * 1.15, Math.abs(Number(worst)) * 1.15)
  const x = (ppm: number) => 300 + (ppm / reach) * 280
  const [left, right] = [x(-TOLERANCE_PPM), x(TOLERANCE_PPM)]
  return (
    <figure>
      <svg viewBox="0 0 600 84" role="img" aria-label={d.lender.gapPicture(formatPoints(median, locale), formatPoints(worst, locale))} className="w-full">
        <rect x={left} y="22" width={right - left} height="44" rx="6" className="fill-accent-soft" />
        <line x1="12" x2="588" y1="44" y2="44" className="stroke-line-strong" strokeWidth="1.5" />
        <line x1="300" x2="300" y1="16" y2="72" className="stroke-ink" strokeWidth="1.5" />
        <circle cx={x(Number(worst))} cy="44" r="8" className="fill-surface stroke-bad" strokeWidth="3" />
        <circle cx={x(Number(median))} cy="44" r="7" className="fill-accent" />
      </svg>
      <p aria-hidden="true" className="-mt-1 flex justify-between text-sm text-ink-soft">
        <span>{formatPoints(String(-Math.round(reach)), locale)}</span>
        <span>0</span>
        <span>{formatPoints(String(Math.round(reach)), locale)}</span>
      </p>
      <figcaption className="mt-3 flex flex-wrap gap-x-5 gap-y-1 text-sm">
        <span className="inline-flex items-center gap-2">
          <span aria-hidden="true" className="size-3 rounded-full bg-accent" /> {d.lender.gapMedian} <strong>{formatPoints(median, locale)}</strong>
        </span>
        <span className="inline-flex items-center gap-2">
          <span aria-hidden="true" className="size-3 rounded-full border-2 border-bad" /> {d.lender.gapWorst} <strong>{formatPoints(worst, locale)}</strong>
        </span>
        <span className="inline-flex items-center gap-2">
          <span aria-hidden="true" className="h-3 w-5 rounded bg-accent-soft ring-1 ring-line-strong" /> {d.lender.gapFine}
        </span>
      </figcaption>
    </figure>
  )
}

/** Where something stands on a way of named steps. */
export function Way({ steps, at, label }: { steps: readonly { readonly id: string; readonly name: string; readonly help: string }[]; at: string; label: string }) {
  const here = steps.findIndex((step) => step.id === at)
  return (
    <ol aria-label={label} className="grid gap-x-4 gap-y-3 sm:grid-cols-4">
      {steps.map((step, index) => {
        const past = index < here
        const now = index === here
        return (
          <li key={step.id} {...(now && { 'aria-current': 'step' as const })} className="flex gap-3 sm:flex-col sm:gap-2">
            <div className="flex flex-col items-center gap-1 sm:w-full sm:flex-row sm:gap-3" aria-hidden="true">
              <span
                className={`flex size-7 shrink-0 items-center justify-center rounded-full border-2 text-xs font-semibold ${past ? 'border-accent bg-accent text-on-accent' : now ? 'border-accent bg-accent-soft text-accent-strong' : 'border-line-strong text-ink-soft'}`}
              >
                {past ? '✓' : index + 1}
              </span>
              {index < steps.length - 1 && <span className={`w-0.5 grow sm:h-0.5 sm:w-auto ${past ? 'bg-accent' : 'bg-line-strong'}`} />}
            </div>
            <div className="pb-1">
              <p className={now ? 'font-semibold' : ''}>{step.name}</p>
              <p className="text-sm text-ink-soft">{step.help}</p>
            </div>
          </li>
        )
      })}
    </ol>
  )
}
