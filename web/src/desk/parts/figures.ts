// Numbers of the consoles, exact until they are written.

import { formatUnits } from '../../format/tokens'

interface LoanAmount {
  readonly units: string
  readonly decimals: number
  readonly symbol: string
}

/** An amount of a loan: a currency where its symbol is one, otherwise a token. */
export function formatLoanAmount(amount: LoanAmount, locale: string): string {
  if (!/^[A-Z]{3}$/.test(amount.symbol)) return formatUnits(amount, locale)
  const digits = amount.units.padStart(amount.decimals + 1, '0')
  const cut = digits.length - amount.decimals
  const text = amount.decimals === 0 ? digits : `${digits.slice(0, cut)}.${digits.slice(cut)}`
  return new Intl.NumberFormat(locale, { style: 'currency', currency: amount.symbol }).format(text as Intl.StringNumericLiteral)
}

/** Parts per million as per cent: `1591` is `0.1591 %`. */
export function formatPpm(ppm: string | number, locale: string, digits = 2): string {
  const value = BigInt(ppm)
  const sign = value < 0n ? '-' : ''
  const whole = (value < 0n ? -value : value).toString().padStart(5, '0')
  const text = `${sign}${whole.slice(0, -4)}.${whole.slice(-4)}`
  const format = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: 4 })
  return `${format.format(text as Intl.StringNumericLiteral)}\u00a0%`
}

/** A difference of rates in percentage points, with its sign. */
export function formatPoints(ppm: string, locale: string): string {
  const value = BigInt(ppm)
  const whole = (value < 0n ? -value : value).toString().padStart(5, '0')
  const text = `${value < 0n ? '-' : ''}${whole.slice(0, -4)}.${whole.slice(-4)}`
  return new Intl.NumberFormat(locale, { signDisplay: 'exceptZero', minimumFractionDigits: 2, maximumFractionDigits: 4 }).format(text as Intl.StringNumericLiteral)
}

/** `part` of `all` in whole per cent; `null` of nothing. */
export function share(part: number, all: number, locale: string): string | null {
  if (all === 0) return null
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: 1 }).format((part * 100) / all)}\u00a0%`
}

/** Milliseconds as they come, `331.776`, in whole ones. */
export function formatMs(ms: string, locale: string): string {
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits: 0 }).format(ms as Intl.StringNumericLiteral)}\u00a0ms`
}

/** Basis points as per cent. */
export function formatBps(bps: number, locale: string): string {
  return `${new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 }).format(bps / 100)}\u00a0%`
}
