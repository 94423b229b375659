import { numberFormat } from './kept'

/** A token amount for people: exact, without trailing zeros, at most six decimals and then `…`. */
export function formatUnits(token: { units: string; decimals: number; symbol: string }, locale: string): string {
  const digits = token.units.padStart(token.decimals + 1, '0')
  const whole = digits.slice(0, digits.length - token.decimals)
  const fraction = digits.slice(digits.length - token.decimals).replace(/0+$/, '')
  const cut = fraction.slice(0, 6)
  const number = numberFormat(locale, { maximumFractionDigits: 6, minimumFractionDigits: cut.length }).format(
    `${whole}${cut === '' ? '' : `.${cut}`}` as Intl.StringNumericLiteral,
  )
  return `${number}${fraction.length > 6 ? '…' : ''} ${token.symbol}`
}

/** The currencies of `domain/src/money.rs`: whatever else has a symbol is a token, one of three letters too. */
const FIAT = /^(AUD|BHD|BRL|CAD|CHF|CNY|CZK|DKK|EUR|GBP|INR|JPY|KWD|NOK|PLN|SEK|SGD|USD)$/

/** Money of a country as that country writes it, exact; `null` of a token. */
export function formatFiat(amount: { units: string; decimals: number; symbol: string }, locale: string): string | null {
  if (!FIAT.test(amount.symbol)) return null
  return numberFormat(locale, { style: 'currency', currency: amount.symbol }).format(wholeOf(amount.units, amount.decimals) as Intl.StringNumericLiteral)
}

/** What is owed: money of a country as that country writes it, tokens with their ticker. */
export function formatAmount(amount: { units: string; decimals: number; symbol: string }, locale: string): string {
  const fiat = formatFiat(amount, locale)
  if (fiat !== null) return fiat
  // A stablecoin of six decimals is read as money: two decimals, rounded up so that nothing looks cheaper than it is.
  if (amount.decimals === 6) {
    const cents = (BigInt(amount.units) + 9_999n) / 10_000n
    const number = numberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
    return `${number.format(wholeOf(cents.toString(), 2) as Intl.StringNumericLiteral)} ${amount.symbol}`
  }
  return formatUnits(amount, locale)
}

/** Base units as exact decimal text of whole tokens. */
export function wholeOf(units: string, decimals: number): string {
  const digits = units.padStart(decimals + 1, '0')
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '')
  const whole = digits.slice(0, digits.length - decimals)
  return fraction === '' || decimals === 0 ? whole : `${whole}.${fraction}`
}

/** Typed whole tokens as base units; null when it is not such a number. Both `.` and `,` stand for the decimal sign. */
export function unitsOf(typed: string, decimals: number): bigint | null {
  const match = /^(\d{1,30})(?:[.,](\d*))?$/.exec(typed.trim())
  if (match === null) return null
  const fraction = match[2] ?? ''
  if (fraction.length > decimals) return null
  return BigInt((match[1] ?? '0') + fraction.padEnd(decimals, '0'))
}
