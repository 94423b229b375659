// Due dates are dates without a time: they are the same day everywhere. Moments are shown where the reader is.

import { dateFormat, numberFormat } from './kept'

/** A date such as `2026-12-01`, written out: `December 1, 2026`. */
export function formatDate(date: string, locale: string, style: 'long' | 'short' = 'long'): string {
  const month = style === 'long' ? 'long' : 'short'
  const format = dateFormat(locale, { day: 'numeric', month, year: 'numeric', timeZone: 'UTC' })
  return format.format(new Date(`${date.slice(0, 10)}T00:00:00Z`))
}

/** A moment such as `2026-12-01T09:30:00Z`, where the reader is. */
export function formatMoment(moment: string, locale: string): string {
  return dateFormat(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(new Date(moment))
}

export type TermUnit = 'DAY' | 'WEEK' | 'MONTH' | 'YEAR'

/** A length of time: `24 months`, `24 meses`. */
export function formatTerm(count: number, unit: TermUnit, locale: string): string {
  const name = unit.toLowerCase() as 'day' | 'week' | 'month' | 'year'
  return numberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'long' }).format(count)
}

/** How long until then, in the largest unit that fits: `in 3 days`. */
export function formatUntil(moment: string, now: Date, locale: string): string {
  const seconds = Math.round((new Date(moment).getTime() - now.getTime()) / 1000)
  const units: [Intl.RelativeTimeFormatUnit, number][] = [
    ['day', 86_400],
    ['hour', 3_600],
    ['minute', 60],
  ]
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' })
  for (const [unit, size] of units) {
    if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit)
  }
  return format.format(seconds, 'second')
}
