// Money is text in major units and an ISO 4217 code; sums are made of minor units as BigInt. No amount is ever a float.

import { numberFormat } from './kept'

export interface Money {
  readonly amount: string
  readonly currency: string
}

export type AmountProblem = 'missing' | 'not-a-number' | 'too-many-decimals' | 'not-positive' | 'too-large'

export type ParsedAmount = { readonly ok: true; readonly amount: string } | { readonly ok: false; readonly problem: AmountProblem }

/** Digits after the point in a currency: 2 for USD, 0 for JPY. */
export function decimalsOf(currency: string): number {
  return numberFormat('en', { style: 'currency', currency }).resolvedOptions().maximumFractionDigits ?? 2
}

/** An amount as people of that locale write it: `$1,250.00`, `1.250,00 €`. Whole amounts may leave the decimals out. */
export function formatMoney(money: Money, locale: string, whole = false): string {
  const leaveOut = whole && /^-?\d+(\.0*)?$/.test(money.amount)
  const format = numberFormat(locale, {
    style: 'currency',
    currency: money.currency,
    ...(leaveOut ? { minimumFractionDigits: 0, maximumFractionDigits: 0 } : {}),
  })
  return format.format(exact(money.amount))
}

/** What somebody typed, in the separators of the locale, as exact major units. */
export function parseAmount(typed: string, currency: string, locale: string): ParsedAmount {
  const bare = typed.trim().replace(/[\s\u00a0\u202f]/g, '')
  if (bare === '') return { ok: false, problem: 'missing' }
  const { decimal, group } = separators(locale)
  const plain = bare.split(group).join('').replace(decimal, '.')
  const groups = bare.split(decimal)[0]?.split(group) ?? []
  const grouped = groups.length < 2 || groups.slice(1).every((part) => part.length === 3 || part.length === 2)
  if (!grouped || !/^-?\d+(\.\d+)?$/.test(plain)) return { ok: false, problem: 'not-a-number' }
  const [units = '0', fraction = ''] = plain.split('.')
  const decimals = decimalsOf(currency)
  if (fraction.length > decimals) return { ok: false, problem: 'too-many-decimals' }
  if (units.startsWith('-') || /^0*$/.test(units + fraction)) return { ok: false, problem: 'not-positive' }
  const digits = units.replace(/^0+(?=\d)/, '')
  if (digits.length > 13) return { ok: false, problem: 'too-large' }
  return { ok: true, amount: decimals === 0 ? digits : `${digits}.${fraction.padEnd(decimals, '0')}` }
}

/** Minor units: cents of dollars. */
export function minorOf(money: Money): bigint {
  const decimals = decimalsOf(money.currency)
  const negative = money.amount.startsWith('-')
  const [units = '0', fraction = ''] = money.amount.replace('-', '').split('.')
  const minor = BigInt(units + fraction.padEnd(decimals, '0').slice(0, decimals))
  return negative ? -minor : minor
}

/** The amount of so many minor units. */
export function ofMinor(minor: bigint, currency: string): Money {
  const decimals = decimalsOf(currency)
  const digits = (minor < 0n ? -minor : minor).toString().padStart(decimals + 1, '0')
  const sign = minor < 0n ? '-' : ''
  const units = digits.slice(0, digits.length - decimals)
  return { amount: decimals === 0 ? sign + digits : `${sign}${units}.${digits.slice(-decimals)}`, currency }
}

/** The difference of two amounts of one currency. */
export function minus(a: Money, b: Money): Money {
  if (a.currency !== b.currency) throw new Error(`${a.currency} less ${b.currency}`)
  return ofMinor(minorOf(a) - minorOf(b), a.currency)
}

function separators(locale: string): { decimal: string; group: string } {
  const parts = numberFormat(locale, { useGrouping: 'always' }).formatToParts(12345.6)
  const of = (type: string, otherwise: string) => parts.find((part) => part.type === type)?.value ?? otherwise
  return { decimal: of('decimal', '.'), group: of('group', ',') }
}

/** `Intl` reads decimal text exactly; the type asks for a literal. */
function exact(text: string): Intl.StringNumericLiteral {
  return text as Intl.StringNumericLiteral
}
