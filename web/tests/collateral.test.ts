import { describe, expect, it } from 'vitest'
import { exact, figures, tokensFor } from '../src/borrower/collateral/figures'

const position = (debt: string, tokens: string, price: string, threshold = 800_000n) =>
  figures({ debt: exact(debt), tokens: exact(tokens), price: exact(price), thresholdPpm: threshold })

describe('a loan against tokens', () => {
  it('has a loan-to-value, a health and a price at which it is sold', () => {
    const found = position('5000.00', '3.5', '2000.00')
    expect(found).toEqual({ ltvPpm: 714_286n, healthMilli: 1120n, liquidationPrice: '1785.72', dropPpm: 107_142n })
  })

  it('is never shown safer than it is', () => {
    // 1 / 3 has no end: the rates go up, the distances down.
    const found = position('1.00', '3', '1.00')
    expect(found.ltvPpm).toBe(333_334n)
    expect(found.healthMilli).toBe(2400n)
    expect(found.liquidationPrice).toBe('0.42')
    expect(found.dropPpm).toBe(583_333n)
  })

  it('that is sold already has nowhere to fall', () => {
    expect(position('5000.00', '1', '2000.00').dropPpm).toBe(0n)
    expect(position('1600.00', '1', '2000.00').dropPpm).toBe(0n)
    expect(position('1600.00', '1', '2000.00').healthMilli).toBe(1000n)
  })

  it('without debt or without tokens has no such figures', () => {
    expect(position('0.00', '1', '2000.00').healthMilli).toBeNull()
    expect(position('0.00', '1', '2000.00').ltvPpm).toBe(0n)
    expect(position('10.00', '0', '2000.00').ltvPpm).toBeNull()
  })

  it('needs so many tokens and not one unit less', () => {
    const tokens = tokensFor(exact('5000.00'), exact('2000.00'), 700_000n, 18)
    expect(tokens).toBe('3.571428571428571429')
    const ltv = (count: string) => position('5000.00', count, '2000.00').ltvPpm ?? 0n
    expect(ltv(tokens)).toBe(700_000n)
    expect(ltv('3.571428571428571428')).toBe(700_001n)
    expect(tokensFor(exact('100'), exact('50'), 1_000_000n, 6)).toBe('2')
  })
})
