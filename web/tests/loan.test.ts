import { describe, expect, it } from 'vitest'
import { endOfDay, highestAfterTaking, impliedPrice, leftOf, paidShare, rowState } from '../src/borrower/loans/words'
import { fromLink, isBirth, problems, BLANK, toInput, toLink } from '../src/borrower/request/draft'

const usd = (units: string) => ({ units, decimals: 2, symbol: 'USD' })

describe('a loan', () => {
  it('is paid back by a share that is never rounded up', () => {
    expect(paidShare(usd('500000'), usd('500000'))).toBe(0)
    expect(paidShare(usd('500000'), usd('1'))).toBe(999)
    expect(paidShare(usd('500000'), usd('0'))).toBe(1000)
    expect(paidShare(usd('0'), usd('0'))).toBe(0)
    expect(paidShare(usd('500000'), usd('500100'))).toBe(0)
  })

  it('lets security be taken back down to nine tenths of the threshold, and never lower than it stands', () => {
    expect(highestAfterTaking(5000, 8000)).toBe(7200)
    expect(highestAfterTaking(7500, 8000)).toBe(7500)
    expect(highestAfterTaking(9000, 8000)).toBe(9000)
  })

  it('has installments that are paid, begun, late or open', () => {
    const row = (due: string, paid: string) => rowState({ due, total: usd('100'), paid: usd(paid) }, '2026-12-10')
    expect([row('2026-12-01', '100'), row('2026-12-09', '99'), row('2026-12-10', '1'), row('2026-12-10', '0')]).toEqual(['paid', 'late', 'part', 'open'])
    expect(leftOf({ total: usd('100'), paid: usd('30') }).units).toBe('70')
    expect(leftOf({ total: usd('100'), paid: usd('130') }).units).toBe('0')
  })

  it('is closed on a day by what is owed at its end, and on no day that is over', () => {
    const now = new Date('2026-12-10T12:00:00')
    expect(endOfDay('2026-12-10', now)).toBe(new Date('2026-12-10T23:59:59').toISOString())
    expect(endOfDay('2026-12-09', now)).toBeNull()
    expect(endOfDay('', now)).toBeNull()
    expect(endOfDay('2026-13-40', now)).toBeNull()
  })

  it('implies a price that is never above the true one', () => {
    // 5,000 against 3.5 at 2,000: 71.43 % rounded up.
    const price = impliedPrice({ units: '5000000000', decimals: 6, symbol: 'dUSD' }, { units: '3500000000000000000', decimals: 18, symbol: 'dWETH' }, 7143)
    expect(price).not.toBeNull()
    expect(Number(price)).toBeLessThanOrEqual(2000)
    expect(Number(price)).toBeGreaterThan(1999.7)
    expect(impliedPrice(usd('0'), usd('1'), 10)).toBeNull()
    expect(impliedPrice(usd('1'), usd('0'), 10)).toBeNull()
  })
})

describe('a request', () => {
  it('takes a day of birth in the calendar, of somebody of age', () => {
    const today = new Date('2026-11-21T00:00:00Z')
    expect(isBirth('2008-11-21', today)).toBe(true)
    expect(isBirth('2008-11-22', today)).toBe(false)
    expect(isBirth('2001-02-29', today)).toBe(false)
    expect(isBirth('1880-01-01', today)).toBe(false)
    expect(isBirth('01/02/1990', today)).toBe(false)
  })

  it('with security needs tokens to lock, unless it moves those of a loan along', () => {
    const draft = { ...BLANK, amount: '5,000', secured: true }
    expect(problems(draft, 'need', 'en-US')).toEqual({ units: 'no-token' })
    expect(problems({ ...draft, units: '1' }, 'need', 'en-US')).toEqual({})
    expect(problems({ ...draft, refinances: `loan_${'a'.repeat(32)}` }, 'need', 'en-US')).toEqual({})
  })

  it('tells wallet and tokens, or the loan that brings them', () => {
    const draft = { ...BLANK, amount: '5', secured: true, wallet: '0xab', token: '0xcd', chainId: '1', units: '7' }
    expect(toInput(draft, 'en-US')).toMatchObject({ wallet: '0xab', collateral: { chainId: '1', token: '0xcd', units: '7' } })
    const again = toInput({ ...draft, refinances: `loan_${'a'.repeat(32)}` }, 'en-US')
    expect(again).toMatchObject({ refinances: `loan_${'a'.repeat(32)}` })
    expect(again).not.toHaveProperty('collateral')
    expect(toInput({ ...draft, secured: false }, 'en-US')).not.toHaveProperty('collateral')
  })

  it('by a link repays a loan, and nothing that is none', () => {
    const id = `loan_${'a'.repeat(32)}`
    expect(fromLink(toLink({ ...BLANK, refinances: id })).refinances).toBe(id)
    expect(fromLink(new URLSearchParams('refinances=../../x')).refinances).toBe('')
  })
})
