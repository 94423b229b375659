// Costs as lengths: every bar of a comparison on one scale, so that twice as long is twice as dear.

import { type Money, minorOf } from '../../format/money'

/** Thousandths of the longest bar, from 0; an amount below zero (a gain) has no length. */
export function lengths(costs: readonly Money[]): number[] {
  const minors = costs.map((cost) => minorOf(cost))
  const most = minors.reduce((high, minor) => (minor > high ? minor : high), 0n)
  if (most === 0n) return costs.map(() => 0)
  return minors.map((minor) => (minor <= 0n ? 0 : Number((minor * 1000n) / most)))
}
