import { Badge } from '../../design/parts'
import { useText } from '../../text'
import type { Text } from '../../text/en'
import type { Asked, Silent } from './book'

/** Every lender that was asked and what it said. Texts of lenders are shown as text, never as markup. */
export function Lenders({ lenders, losers }: { lenders: readonly Asked[]; losers: readonly Silent[] }) {
  const { t } = useText()
  const asked = new Set(lenders.map((lender) => lender.provider))
  // A lender may refuse beside an offer of its own; and some are refused before they are asked.
  const rows = [...lenders, ...losers.filter((loser) => !asked.has(loser.provider)).map((loser) => ({ provider: loser.provider, waiting: false, quotes: 0 }))]
  if (rows.length === 0) return null
  return (
    <section className="rounded-2xl border border-line p-5">
      <h2 className="font-semibold">{t.result.lenders}</h2>
      <ul className="mt-3 divide-y divide-line">
        {rows.map((lender) => {
          const lost = losers.filter((loser) => loser.provider === lender.provider)
          return (
            <li key={lender.provider} className="grid gap-1 py-3 sm:grid-cols-[12rem_1fr]">
              <span className="min-w-0 font-medium break-words">{lender.provider}</span>
              <div className="min-w-0 text-ink-soft">
                {lender.waiting ? (
                  <Badge tone="calm">{t.result.state.waiting}</Badge>
                ) : lender.quotes > 0 ? (
                  <Badge tone="good">{t.result.state.offered(lender.quotes)}</Badge>
                ) : (
                  lost.length === 0 && <Badge tone="calm">{t.result.state.none}</Badge>
                )}
                {lost.map((loser) => (
                  <div key={loser.kind}>
                    <Badge tone={loser.kind === 'LATE' || loser.kind === 'UNAVAILABLE' || loser.kind === 'MALFORMED' ? 'warn' : 'calm'}>{t.losers[loser.kind as keyof Text['losers']]}</Badge>
                    {loser.reasons.map((reason) => (
                      <p key={reason.code + reason.text} className="mt-1 text-sm break-words">
                        {reason.text}
                      </p>
                    ))}
                  </div>
                ))}
              </div>
            </li>
          )
        })}
      </ul>
    </section>
  )
}
