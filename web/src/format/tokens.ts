/** A token amount for people: exact, without trailing zeros, at most six decimals and then `…`. */
export function formatUnits(token: { units: string; decimals: number; symbol: string }, locale: string): string {
  const digits = token.units.padStart(token.decimals + 1, '0')
  const whole = digits.slice(0, digits.length - token.decimals)
  const fraction = digits.slice(digits.length - token.decimals).replace(/0+$/, '')
  const cut = fraction.slice(0, 6)
  const number = new Intl.NumberFormat(locale, { maximumFractionDigits: 6, minimumFractionDigits: cut.length }).format(
    `${whole}${cut === '' ? '' : `.${cut}`}` as Intl.StringNumericLiteral,
  )
  return `${number}${fraction.length > 6 ? '…' : ''} ${token.symbol}`
}
