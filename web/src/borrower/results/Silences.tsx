import { useText } from '../../text'
import type { Text } from '../../text/en'
import type { Silent } from './book'

/** Lenders without an offer, each with its reasons. Texts of lenders are shown as text, never as markup. */
export function Silences({ losers }: { losers: readonly Silent[] }) {
  const { t } = useText()
  if (losers.length === 0) return null
  return (
    <section className="rounded-2xl border border-line p-5">
      <h2 className="font-semibold">{t.results.others}</h2>
      <ul className="mt-3 divide-y divide-line">
        {losers.map((loser) => (
          <li key={`${loser.provider} ${loser.kind}`} className="grid gap-1 py-3 sm:grid-cols-[12rem_1fr]">
            <span className="font-medium">{loser.provider}</span>
            <span className="text-ink-soft">
              {t.losers[loser.kind as keyof Text['losers']]}
              {loser.reasons.map((reason) => (
                <span key={reason.code + reason.text} className="block text-sm">
                  {reason.text}
                </span>
              ))}
            </span>
          </li>
        ))}
      </ul>
    </section>
  )
}
