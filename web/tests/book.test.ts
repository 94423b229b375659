import { describe, expect, it } from 'vitest'
import { type OfferNumbers, answered, change, emptyBook, fromSearch, SHOW_ALL, toSearch, unseen } from '../src/borrower/results/book'

const usd = (amount: string) => ({ amount, currency: 'USD' })

function offer(id: string, position: number, apr: string, charge: string, more: Partial<OfferNumbers> = {}): OfferNumbers {
  return {
    id,
    provider: `${id}-bank`,
    position,
    product: 'INSTALLMENT',
    binding: 'FIRM',
    netDisbursed: usd('5000.00'),
    financeCharge: usd(charge),
    largestPayment: usd('230.00'),
    verifiedApr: { percent: apr },
    ...more,
  }
}

const lenders = [
  { provider: 'a-bank', waiting: true, quotes: 0 },
  { provider: 'b-bank', waiting: true, quotes: 0 },
  { provider: 'c-bank', waiting: true, quotes: 0 },
]

describe('the list of offers', () => {
  it('takes the place that the ranking gives', () => {
    let book = change(emptyBook(), { is: 'request', lenders, losers: [], closed: false })
    book = change(book, { is: 'offer', offer: offer('a', 2, '9.0000', '500.00') })
    book = change(book, { is: 'offer', offer: offer('b', 1, '8.0000', '600.00') })
    expect(book.shown).toEqual(['b', 'a'])
    expect(answered(book)).toBe(2)
  })

  it('moves those down that a better one comes before, and ends in the order of the whole ranking', () => {
    // Each says its place among those that were there.
    let book = change(emptyBook(), { is: 'offer', offer: offer('a', 1, '9.0000', '500.00') })
    book = change(book, { is: 'offer', offer: offer('b', 1, '8.0000', '600.00') })
    book = change(book, { is: 'offer', offer: offer('c', 2, '8.5000', '600.00') })
    expect(book.shown).toEqual(['b', 'c', 'a'])
    // The same one again moves nobody.
    expect(change(book, { is: 'offer', offer: offer('b', 1, '8.0000', '600.00') }).shown).toEqual(['b', 'c', 'a'])
    book = change(book, { is: 'ranked', positions: new Map([['c', 1], ['b', 2], ['a', 3]]) })
    expect(book.shown).toEqual(['c', 'b', 'a'])
  })

  it('does not move while the reader points at it', () => {
    let book = change(emptyBook(), { is: 'offer', offer: offer('a', 2, '9.0000', '500.00') })
    book = change(book, { is: 'hold' })
    book = change(book, { is: 'offer', offer: offer('b', 1, '8.0000', '600.00') })
    expect(book.shown).toEqual(['a'])
    expect(unseen(book)).toBe(1)
    expect(change(book, { is: 'show' }).shown).toEqual(['b', 'a'])
    expect(change(book, { is: 'release' }).shown).toEqual(['b', 'a'])
  })

  it('sorts exactly and keeps the ranking between equals', () => {
    let book = emptyBook({ ...SHOW_ALL, sort: 'total' })
    for (const one of [offer('a', 3, '9.0000', '500.00'), offer('b', 2, '8.0000', '500.00'), offer('c', 1, '9.9999', '499.99')]) {
      book = change(book, { is: 'offer', offer: one })
    }
    expect(book.shown).toEqual(['c', 'b', 'a'])
    expect(change(book, { is: 'filter', filter: { ...SHOW_ALL, sort: 'apr' } }).shown).toEqual(['b', 'a', 'c'])
  })

  it('hides what the filter leaves out, and counts nothing of it as new', () => {
    let book = emptyBook({ ...SHOW_ALL, boundOnly: true })
    book = change(book, { is: 'offer', offer: offer('a', 1, '9.0000', '500.00', { binding: 'INDICATIVE' }) })
    expect(book.shown).toEqual([])
    expect(unseen(book)).toBe(0)
  })

  it('keeps each refusal once', () => {
    const loser = { provider: 'a-bank', kind: 'DECLINED', reasons: [{ code: 'INCOME', text: 'Income.' }] }
    let book = change(emptyBook(), { is: 'request', lenders, losers: [], closed: false })
    book = change(change(book, { is: 'loser', loser }), { is: 'loser', loser })
    expect(book.losers).toHaveLength(1)
    expect(answered(book)).toBe(1)
  })

  it('is kept in the address and comes back from it', () => {
    const filter = { sort: 'payment', products: ['LINE', 'BNPL'], boundOnly: true } as const
    expect(fromSearch(toSearch(filter), ['INSTALLMENT', 'LINE', 'BNPL'])).toEqual(filter)
    expect(toSearch(SHOW_ALL).toString()).toBe('')
    expect(fromSearch(new URLSearchParams('sort=<script>&product=nope'), ['LINE'])).toEqual(SHOW_ALL)
  })
})
