import { describe, expect, it } from 'vitest'
import { bestMarket, marketOf, readTokens } from '../src/api/lockable'
import { exact, figures, tokensFor } from '../src/borrower/collateral/figures'

const TOKEN = `0x${'ab'.repeat(20)}`
const market = (provider: string, more = {}) => ({
  provider,
  currency: 'USD',
  price: '2000',
  priceAt: '2026-11-22T00:00:00Z',
  salePrice: '1990.5',
  salePriceAt: '2026-11-22T00:00:00Z',
  maxLtv: { percent: '70.0000', ppm: '700000' },
  liquidationThreshold: { percent: '80.0000', ppm: '800000' },
  paused: false,
  ...more,
})
const token = (markets: unknown[], more = {}) => ({ chainId: '31337', chain: 'Anvil One', token: TOKEN, symbol: 'dWETH', decimals: 18, markets, ...more })

describe('tokens to lock', () => {
  it('are read exactly, and what is not of their shape is left out', () => {
    const [found] = readTokens([token([market('desk-one'), market('bad', { price: 'many' }), market('zero', { price: '0.00' }), 7])])
    expect(found?.markets.map((one) => one.provider)).toEqual(['desk-one'])
    expect(found?.markets[0]).toMatchObject({ price: '2000', salePrice: '1990.5', maxLtvPpm: 700_000n, thresholdPpm: 800_000n, paused: false })
    for (const wrong of [null, {}, 'x', [null], [token([], { token: '0x1' })], [token([], { decimals: '18' })], [token([], { chainId: 'one' })]]) expect(readTokens(wrong)).toEqual([])
  })

  it('without a price at which they are sold have no threshold', () => {
    const [found] = readTokens([token([market('desk-two', { liquidationThreshold: null, salePrice: null, salePriceAt: null })])])
    expect(found?.markets[0]).toMatchObject({ thresholdPpm: null, salePrice: null, salePriceAt: null })
  })

  it('have the terms of each lender, whatever the letters of the address', () => {
    const tokens = readTokens([token([market('desk-one'), market('pool-one', { maxLtv: { ppm: '650000' } })])])
    expect(marketOf(tokens, { chainId: '31337', token: TOKEN.toUpperCase().replace('0X', '0x'), provider: 'pool-one' })?.maxLtvPpm).toBe(650_000n)
    expect(marketOf(tokens, { chainId: '31338', token: TOKEN, provider: 'pool-one' })).toBeNull()
    expect(marketOf(tokens, { chainId: '31337', token: TOKEN, provider: 'harbor-bank' })).toBeNull()
  })

  it('are measured by a lender that lends the money now', () => {
    const [found] = readTokens([token([market('paused', { paused: true }), market('euro', { currency: 'EUR' }), market('open')])])
    expect(found === undefined ? null : bestMarket(found, 'USD')?.provider).toBe('open')
    expect(found === undefined ? null : bestMarket(found, 'GBP')).toBeNull()
  })

  it('before acceptance tell the least to lock by the price of the lender and the fall by the price of the chain', () => {
    const debt = exact('5000.00')
    const least = tokensFor(debt, exact('2000'), 700_000n, 18)
    expect(least).toBe('3.571428571428571429')
    const sale = figures({ debt, tokens: exact('5'), price: exact('1990.5'), thresholdPpm: 800_000n })
    // 5000 / (5 * 0.8): the price at which it is sold does not depend on today's.
    expect(sale.liquidationPrice).toBe('1250.00')
    expect(sale.dropPpm).toBe(372_017n)
    expect(sale.healthMilli).toBe(1592n)
  })
})
