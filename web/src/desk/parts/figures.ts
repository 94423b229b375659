// Numbers of the consoles, exact until they are written.

import { numberFormat } from '../../format/kept'
import { percentOfPpm } from '../../format/rate'
import { formatFiat, formatUnits } from '../../format/tokens'

interface LoanAmount {
  readonly units: string
  readonly decimals: number
  readonly symbol: string
}

/** An amount of a loan: a currency where its symbol is one, otherwise a token to its last unit. */
export function formatLoanAmount(amount: LoanAmount, locale: string): string {
  return formatFiat(amount, locale) ?? formatUnits(amount, locale)
}

/** Parts per million as per cent: `1591` is `0.1591 %`. */
export function formatPpm(ppm: string | number, locale: string, digits = 2): string {
  const format = numberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: 4 })
  return `${format.format(percentOfPpm(ppm) as Intl.StringNumericLiteral)}\u00a0%`
}

/** A difference of rates in percentage points, with its sign. */
export function formatPoints(ppm: string, locale: string): string {
  return formatSigned(percentOfPpm(ppm), locale)
}

/** The same of percentage points: `-0.25`. */
export function formatSigned(points: string, locale: string): string {
  const format = numberFormat(locale, { signDisplay: 'exceptZero', minimumFractionDigits: 2, maximumFractionDigits: 4 })
  return format.format(points as Intl.StringNumericLiteral)
}

/** `part` of `all` in whole per cent; `null` of nothing. */
export function share(part: number, all: number, locale: string): string | null {
  if (all === 0) return null
  return `${numberFormat(locale, { maximumFractionDigits: 1 }).format((part * 100) / all)}\u00a0%`
}

/** Milliseconds as they come, `331.776`, in whole ones. */
export function formatMs(ms: string, locale: string): string {
  return `${numberFormat(locale, { maximumFractionDigits: 0 }).format(ms as Intl.StringNumericLiteral)}\u00a0ms`
}

/**
 * When money of that day came in: at noon UTC, but neither after `now` nor before the loan began on that same day; null for what is
 * not a day. A minute is left for clocks that differ.
 */
export function momentOf(day: string, startedAt: string | null, now: Date): string | null {
  const noon = new Date(`${day}T12:00:00Z`)
  if (!/^\d{4}-\d\d-\d\d$/.test(day) || Number.isNaN(noon.getTime())) return null
  const today = now.toISOString().slice(0, 10)
  let moment = day === today ? new Date(Math.min(noon.getTime(), now.getTime() - 60_000)) : noon
  if (startedAt !== null && startedAt.slice(0, 10) === day && moment < new Date(startedAt)) moment = new Date(Date.parse(startedAt) + 1)
  return moment.toISOString()
}

/** Basis points as per cent. */
export function formatBps(bps: number, locale: string): string {
  return `${numberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(bps / 100)}\u00a0%`
}
