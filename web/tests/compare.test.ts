import { expect, it } from 'vitest'
import { lengths } from '../src/borrower/compare/bars'
import { formatUnits } from '../src/format/tokens'

const usd = (amount: string) => ({ amount, currency: 'USD' })

it('bars are as long as their costs, on one scale', () => {
  expect(lengths([usd('500.00'), usd('1000.00'), usd('0.00'), usd('-5.00')])).toEqual([500, 1000, 0, 0])
  expect(lengths([usd('0.00')])).toEqual([0])
})

it('token amounts are exact, and say where they are cut', () => {
  expect(formatUnits({ units: '3571428571428571429', decimals: 18, symbol: 'WETH' }, 'en-US')).toBe('3.571428… WETH')
  expect(formatUnits({ units: '1500000', decimals: 6, symbol: 'USDC' }, 'es-ES')).toBe('1,5 USDC')
  expect(formatUnits({ units: '7', decimals: 0, symbol: 'NFT' }, 'en-US')).toBe('7 NFT')
})
