// What a loan against tokens means for its borrower. Exact: prices are per whole token, with as many decimals as the oracle gives;
// results are rounded against the borrower, so that nothing looks safer than it is.

/** An exact decimal: `digits / 10^scale`. */
export interface Exact {
  readonly digits: bigint
  readonly scale: number
}

export function exact(text: string): Exact {
  const negative = text.startsWith('-')
  const [units = '0', fraction = ''] = text.replace('-', '').split('.')
  const digits = BigInt(units + fraction)
  return { digits: negative ? -digits : digits, scale: fraction.length }
}

export interface Position {
  /** Owed, in the unit that the price is in. */
  readonly debt: Exact
  /** Whole tokens locked. */
  readonly tokens: Exact
  /** Price of a whole token. */
  readonly price: Exact
  /** Loan-to-value at which the collateral may be sold, parts per million. */
  readonly thresholdPpm: bigint
}

export interface Figures {
  /** Debt over value, parts per million, rounded up; null when nothing is locked. */
  readonly ltvPpm: bigint | null
  /** Value times threshold over debt, thousandths, rounded down; null when nothing is owed. */
  readonly healthMilli: bigint | null
  /** Price at and below which the collateral may be sold, two decimals, rounded up; null when nothing is locked. */
  readonly liquidationPrice: string | null
  /** How far the price may fall before that, parts per million, rounded down; zero when it is there. */
  readonly dropPpm: bigint | null
}

const PPM = 1_000_000n

export function figures({ debt, tokens, price, thresholdPpm }: Position): Figures {
  // Everything over one common denominator: debt * 10^(tokens.scale + price.scale) against tokens * price * 10^debt.scale.
  const owed = debt.digits * power(tokens.scale + price.scale)
  const value = tokens.digits * price.digits * power(debt.scale)
  const owes = owed > 0n
  const locked = value > 0n
  const floorValue = (value * thresholdPpm) / PPM
  return {
    ltvPpm: locked ? up(owed * PPM, value) : null,
    healthMilli: owes ? (value * thresholdPpm * 1000n) / (owed * PPM) : null,
    liquidationPrice: locked && owes ? cents(up(owed * PPM * 100n * price.digits, value * thresholdPpm * power(price.scale))) : null,
    dropPpm: locked && owes ? (floorValue <= owed ? 0n : ((value * thresholdPpm - owed * PPM) * PPM) / (value * thresholdPpm)) : null,
  }
}

/** Fewest whole tokens, with that many decimals, that keep the loan-to-value at or below `ltvPpm`. */
export function tokensFor(debt: Exact, price: Exact, ltvPpm: bigint, decimals: number): string {
  const units = up(debt.digits * power(price.scale + decimals) * PPM, price.digits * ltvPpm * power(debt.scale))
  const digits = units.toString().padStart(decimals + 1, '0')
  const fraction = digits.slice(digits.length - decimals).replace(/0+$/, '')
  const whole = digits.slice(0, digits.length - decimals)
  return fraction === '' ? whole : `${whole}.${fraction}`
}

function power(scale: number): bigint {
  return 10n ** BigInt(scale)
}

/** Division of what is not negative, rounded up. */
function up(numerator: bigint, denominator: bigint): bigint {
  return (numerator + denominator - 1n) / denominator
}

function cents(value: bigint): string {
  const digits = value.toString().padStart(3, '0')
  return `${digits.slice(0, -2)}.${digits.slice(-2)}`
}
