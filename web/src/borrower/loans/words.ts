// Figures of a loan that no query gives as such.

export interface Amount {
  readonly units: string
  readonly decimals: number
  readonly symbol: string
}

/** Thousandths of the principal that are paid back, rounded down, 0 to 1000. */
export function paidShare(principal: Amount, outstanding: Amount): number {
  const [all, left] = [BigInt(principal.units), BigInt(outstanding.units)]
  if (all <= 0n || left >= all) return 0
  return left <= 0n ? 1000 : Number(((all - left) * 1000n) / all)
}

/** What is still to pay of an installment, never below zero. */
export function leftOf({ total, paid }: { total: Amount; paid: Amount }): Amount {
  const left = BigInt(total.units) - BigInt(paid.units)
  return { ...total, units: (left < 0n ? 0n : left).toString() }
}

export type RowState = 'paid' | 'part' | 'late' | 'open'

/** Where an installment stands on a day such as `2026-12-01`. */
export function rowState(row: { due: string; total: Amount; paid: Amount }, today: string): RowState {
  if (BigInt(row.paid.units) >= BigInt(row.total.units)) return 'paid'
  if (row.due < today) return 'late'
  return BigInt(row.paid.units) > 0n ? 'part' : 'open'
}

/** The end of a day where the reader is, as a moment; null for what is not a day, or is before `now`. */
export function endOfDay(day: string, now: Date): string | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return null
  const moment = new Date(`${day}T23:59:59`)
  return Number.isNaN(moment.getTime()) || moment < now ? null : moment.toISOString()
}

/**
 * Loan-to-value, 1/10,000, up to which security can be taken back: the contract keeps a tenth below the threshold of a sale. A loan
 * that is above it already stays where it is, or comes down.
 */
export function highestAfterTaking(ltvBps: number, liquidationLtvBps: number): number {
  return Math.max(ltvBps, Math.floor((liquidationLtvBps * 9) / 10))
}

/** Price of a whole token in the unit of the debt, from debt over value in 1/10,000, which is rounded up: so the price is never too high. */
export function impliedPrice(debt: Amount, held: Amount, ltvBps: number): string | null {
  const value = ltvBps <= 0 ? 0n : (BigInt(debt.units) * 10_000n) / BigInt(ltvBps)
  if (value === 0n || held.units === '0') return null
  // Six decimals more than the debt has.
  const places = debt.decimals + 6
  const price = (value * 10n ** BigInt(held.decimals) * 1_000_000n) / BigInt(held.units)
  const digits = price.toString().padStart(places + 1, '0')
  return `${digits.slice(0, -places)}.${digits.slice(-places)}`
}
