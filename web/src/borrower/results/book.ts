// The list of offers while answers come in. Offers that arrive while the reader points at the list, or has the focus in it,
// wait at its end until they are asked for: nothing moves under a finger.

import { compareRates } from '../../format/rate'
import { type Money, minorOf } from '../../format/money'

export interface OfferNumbers {
  readonly id: string
  readonly provider: string
  readonly position: number
  readonly product: string
  readonly binding: string
  readonly netDisbursed: Money
  readonly financeCharge: Money
  readonly largestPayment: Money
  readonly verifiedApr: { readonly percent: string }
}

export interface Silent {
  readonly provider: string
  readonly kind: string
  readonly reasons: readonly { readonly code: string; readonly text: string }[]
}

export interface Asked {
  readonly provider: string
  readonly waiting: boolean
  readonly quotes: number
}

export const SORTS = ['rank', 'apr', 'total', 'payment', 'receive'] as const
export type Sort = (typeof SORTS)[number]

export interface Filter {
  readonly sort: Sort
  /** Kinds of credit to show; empty shows all. */
  readonly products: readonly string[]
  /** Only offers that the lender is bound by. */
  readonly boundOnly: boolean
}

export const SHOW_ALL: Filter = { sort: 'rank', products: [], boundOnly: false }

export interface Book<Offer extends OfferNumbers> {
  readonly offers: ReadonlyMap<string, Offer>
  readonly losers: readonly Silent[]
  readonly lenders: readonly Asked[]
  readonly closed: boolean
  /** Ids in the order on the screen. */
  readonly shown: readonly string[]
  /** The reader points at the list. */
  readonly held: boolean
  readonly filter: Filter
}

export type Change<Offer extends OfferNumbers> =
  | { readonly is: 'offer'; readonly offer: Offer }
  | { readonly is: 'ranked'; readonly positions: ReadonlyMap<string, number> }
  | { readonly is: 'loser'; readonly loser: Silent }
  | { readonly is: 'request'; readonly lenders: readonly Asked[]; readonly losers: readonly Silent[]; readonly closed: boolean }
  | { readonly is: 'hold' }
  | { readonly is: 'release' }
  | { readonly is: 'show' }
  | { readonly is: 'filter'; readonly filter: Filter }

export function emptyBook<Offer extends OfferNumbers>(filter: Filter = SHOW_ALL): Book<Offer> {
  return { offers: new Map(), losers: [], lenders: [], closed: false, shown: [], held: false, filter }
}

/** Offers that arrived and are not on the screen yet. */
export function unseen<Offer extends OfferNumbers>(book: Book<Offer>): number {
  return wanted(book.offers, book.filter).length - book.shown.length
}

/** Lenders that have answered, whatever they said. */
export function answered<Offer extends OfferNumbers>(book: Book<Offer>): number {
  return book.lenders.filter((lender) => !lender.waiting).length
}

export function change<Offer extends OfferNumbers>(book: Book<Offer>, what: Change<Offer>): Book<Offer> {
  switch (what.is) {
    case 'offer':
      return place({ ...book, offers: inserted(book.offers, what.offer), lenders: heard(book.lenders, what.offer.provider, 1) })
    case 'ranked':
      return place({ ...book, offers: new Map([...book.offers].map(([id, offer]) => [id, { ...offer, position: what.positions.get(id) ?? offer.position }])) })
    case 'loser':
      return { ...book, losers: addLoser(book.losers, what.loser), lenders: heard(book.lenders, what.loser.provider) }
    case 'request':
      return { ...book, lenders: what.lenders, losers: what.losers, closed: what.closed }
    case 'hold':
      return { ...book, held: true }
    case 'release':
      return arrange({ ...book, held: false })
    case 'show':
      return arrange(book)
    case 'filter':
      return arrange({ ...book, filter: what.filter })
  }
}

/** An offer says its place among those that were there when it came: the ones from there on move down by one. */
function inserted<Offer extends OfferNumbers>(offers: ReadonlyMap<string, Offer>, offer: Offer): ReadonlyMap<string, Offer> {
  if (offers.has(offer.id)) return new Map(offers).set(offer.id, offer)
  const moved = [...offers].map(([id, other]): [string, Offer] => [id, other.position >= offer.position ? { ...other, position: other.position + 1 } : other])
  return new Map(moved).set(offer.id, offer)
}

/** A new offer takes its place, unless the reader holds the list. */
function place<Offer extends OfferNumbers>(book: Book<Offer>): Book<Offer> {
  return book.held ? book : arrange(book)
}

function arrange<Offer extends OfferNumbers>(book: Book<Offer>): Book<Offer> {
  return { ...book, shown: wanted(book.offers, book.filter) }
}

function wanted<Offer extends OfferNumbers>(offers: ReadonlyMap<string, Offer>, filter: Filter): string[] {
  const fits = (offer: Offer) =>
    (filter.products.length === 0 || filter.products.includes(offer.product)) && (!filter.boundOnly || offer.binding !== 'INDICATIVE')
  return [...offers.values()]
    .filter(fits)
    .sort((a, b) => compare(a, b, filter.sort) || a.position - b.position || a.id.localeCompare(b.id))
    .map((offer) => offer.id)
}

function compare(a: OfferNumbers, b: OfferNumbers, sort: Sort): number {
  switch (sort) {
    case 'rank':
      return a.position - b.position
    case 'apr':
      return compareRates(a.verifiedApr.percent, b.verifiedApr.percent)
    case 'total':
      return compareMoney(a.financeCharge, b.financeCharge)
    case 'payment':
      return compareMoney(a.largestPayment, b.largestPayment)
    case 'receive':
      return compareMoney(b.netDisbursed, a.netDisbursed)
  }
}

function compareMoney(a: Money, b: Money): number {
  const difference = minorOf(a) - minorOf(b)
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}

function heard(lenders: readonly Asked[], provider: string, quotes = 0): readonly Asked[] {
  return lenders.map((lender) => (lender.provider === provider ? { ...lender, waiting: false, quotes: Math.max(lender.quotes, quotes) } : lender))
}

function addLoser(losers: readonly Silent[], loser: Silent): readonly Silent[] {
  return [...losers.filter((known) => known.provider !== loser.provider || known.kind !== loser.kind), loser]
}

/** What the address bar keeps of a filter, so that a link shows the same list. */
export function toSearch(filter: Filter): URLSearchParams {
  const search = new URLSearchParams()
  if (filter.sort !== 'rank') search.set('sort', filter.sort)
  for (const product of filter.products) search.append('product', product)
  if (filter.boundOnly) search.set('bound', '1')
  return search
}

export function fromSearch(search: URLSearchParams, products: readonly string[]): Filter {
  const sort = SORTS.find((known) => known === search.get('sort')) ?? 'rank'
  const wantedProducts = search.getAll('product').filter((product) => products.includes(product))
  return { sort, products: wantedProducts, boundOnly: search.get('bound') === '1' }
}
