// Rates come as per cent with four decimals, exact text.

import { numberFormat } from './kept'

/** A rate as people of that locale read it: `9.69 %` in `en`, two decimals as the law asks for. */
export function formatPercent(percent: string, locale: string): string {
  const format = numberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 })
  return `${format.format(percent as Intl.StringNumericLiteral)}\u00a0%`
}

/** `a` less `b` in percentage points, exact, ten-thousandths kept: `5.2300`. */
export function pointsBetween(a: string, b: string): string {
  return percentOfPpm(tenThousandths(a) - tenThousandths(b))
}

/** Parts per million, which are ten-thousandths of a per cent, as exact text of per cent: `1591` is `0.1591`. */
export function percentOfPpm(ppm: bigint | number | string): string {
  const parts = BigInt(ppm)
  const digits = (parts < 0n ? -parts : parts).toString().padStart(5, '0')
  return `${parts < 0n ? '-' : ''}${digits.slice(0, -4)}.${digits.slice(-4)}`
}

/** Below zero when `a` is the lower rate. */
export function compareRates(a: string, b: string): number {
  const difference = tenThousandths(a) - tenThousandths(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

function tenThousandths(percent: string): bigint {
  const negative = percent.startsWith('-')
  const [units = '0', fraction = ''] = percent.replace('-', '').split('.')
  const parts = BigInt(units + fraction.padEnd(4, '0').slice(0, 4))
  return negative ? -parts : parts
}
