import { useCallback, useEffect, useReducer, useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import { useClient, useQuery, useSubscription } from 'urql'
import { ANSWERS, NOTICES, PLACES } from '../../api/quotes'
import { Card, Choose, Empty, Said, Secondary, Skeleton } from '../../design/parts'
import { useText } from '../../text'
import { PaperLinks } from '../papers/PaperLinks'
import { useRepeat } from '../repeat'
import { answered, type Book, change, type Change, emptyBook, type Filter, fromSearch, SHOW_ALL, SORTS, toSearch, unseen } from './book'
import { Lenders } from './Lenders'
import { type Offer, OfferRow } from './OfferRow'
import { Stack } from './Stack'

const PRODUCTS = ['INSTALLMENT', 'LINE', 'BNPL', 'COLLATERALIZED'] as const
/** Most offers side by side. */
const MOST_COMPARED = 4

export function ResultsPage() {
  const { id = '' } = useParams()
  const { t } = useText()
  const [search, setSearch] = useSearchParams()
  const [book, tell] = useReducer(change as (book: Book<Offer>, what: Change<Offer>) => Book<Offer>, fromSearch(search, PRODUCTS), (filter) => emptyBook<Offer>(filter))
  const [compared, setCompared] = useState<readonly string[]>([])
  const { missing, refusal } = useAnswers(id, tell)
  useWholeRanking(id, book.closed, tell)
  const choose = useCallback((key: string, on: boolean) => setCompared((ids) => (on ? [...ids, key].slice(-MOST_COMPARED) : ids.filter((other) => other !== key))), [])
  const news = unseen(book)
  const show = (filter: Filter) => {
    tell({ is: 'filter', filter })
    setSearch(toSearch(filter), { replace: true })
  }
  if (missing) {
    return (
      <main className="mx-auto w-full max-w-4xl px-4 py-8">
        <h1 className="mb-6 text-3xl font-semibold tracking-tight">{t.results.heading}</h1>
        <Empty title={t.result.unknown}>{t.result.unknownHelp}</Empty>
      </main>
    )
  }
  const rows = book.shown.flatMap((key) => {
    const offer = book.offers.get(key)
    if (offer === undefined) return []
    return [{ key, content: <OfferRow request={id} offer={offer} chosen={compared.includes(key)} onChoose={choose} /> }]
  })
  const nobody = book.closed && book.offers.size === 0
  const one = book.filter.products.length === 1 ? (book.filter.products[0] ?? 'ALL') : 'ALL'
  return (
    <main className="mx-auto flex w-full max-w-4xl flex-col gap-6 px-4 py-8">
      <title>{`${t.results.heading} · Usance`}</title>
      <header className="flex flex-col gap-5">
        <div>
          <h1 className="text-3xl font-semibold tracking-tight">{t.results.heading}</h1>
          <Progress book={book} />
        </div>
        <div hidden={nobody} className={nobody ? '' : 'grid items-end gap-4 sm:grid-cols-[1fr_1fr_auto]'}>
          <Choose label={t.results.sortBy} value={book.filter.sort} onChange={(key) => show({ ...book.filter, sort: SORTS.find((known) => known === key) ?? 'rank' })} choices={SORTS.map((sort) => ({ id: sort, name: t.sorts[sort] }))} />
          <Choose
            label={t.result.filter}
            value={one}
            onChange={(key) => show({ ...book.filter, products: key === 'ALL' ? [] : [key] })}
            choices={[{ id: 'ALL', name: t.result.allKinds }, ...PRODUCTS.map((product) => ({ id: product, name: t.products[product] }))]}
          />
          <label className="flex min-h-11 cursor-pointer items-center gap-2.5">
            <input type="checkbox" className="size-5 accent-accent" checked={book.filter.boundOnly} onChange={(event) => show({ ...book.filter, boundOnly: event.target.checked })} />
            {t.result.boundOnly}
          </label>
        </div>
      </header>
      {/* It takes no room, so that nothing moves when news come. */}
      <div className="sticky top-16 z-2 -mt-6 flex h-0 justify-center">
        {book.held && news > 0 && (
          <div className="-translate-y-5 rounded-xl shadow-lift">
            <Secondary onPress={() => tell({ is: 'show' })}>{t.results.show(news)}</Secondary>
          </div>
        )}
      </div>
      {book.offers.size > 0 && book.shown.length === 0 && !book.held && (
        <Empty title={t.result.hidden}>
          <Secondary onPress={() => show({ ...SHOW_ALL, sort: book.filter.sort })}>{t.result.showAll}</Secondary>
        </Empty>
      )}
      <div className={book.closed ? '' : 'min-h-dvh'}>
        {book.offers.size === 0 && !book.closed && <Skeleton label={t.result.waiting} />}
        <Stack
          rows={rows}
          onPointerEnter={() => tell({ is: 'hold' })}
          onPointerLeave={() => tell({ is: 'release' })}
          onFocus={() => tell({ is: 'hold' })}
          onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && tell({ is: 'release' })}
        />
      </div>
      {compared.length >= 2 && (
        <div className="pointer-events-none sticky bottom-4 z-1 flex justify-center">
          <Link
            to={`/requests/${id}/compare?${new URLSearchParams(compared.map((offer) => ['offer', offer]))}`}
            className="pointer-events-auto inline-flex min-h-12 items-center rounded-xl bg-accent px-6 font-medium text-on-accent shadow-lift hover:bg-accent-strong"
          >
            {t.compare.button(compared.length)}
          </Link>
        </div>
      )}
      {nobody && (
        <Empty title={refusal.length > 0 ? t.result.refused : t.results.none}>
          {refusal.length > 0 ? (
            <ul>
              {refusal.map((reason) => (
                <li key={reason.code}>{reason.text}</li>
              ))}
            </ul>
          ) : (
            <p>{t.results.noneHelp}</p>
          )}
          <Link to="/" className="inline-flex min-h-11 items-center rounded-xl border border-line-strong px-5 font-medium text-ink hover:bg-sunken">
            {t.offer.again}
          </Link>
        </Empty>
      )}
      {book.closed && <Letters id={id} />}
      <Lenders lenders={book.lenders} losers={book.losers} />
    </main>
  )
}

/** Letters about refusals; they are written soon after the book is closed. */
function Letters({ id }: { id: string }) {
  const { t } = useText()
  const [{ data }, again] = useQuery({ query: NOTICES, variables: { id } })
  const [looks, setLooks] = useState(0)
  const letters = data?.notices ?? []
  const look = () => {
    setLooks((count) => count + 1)
    again({ requestPolicy: 'network-only' })
  }
  useRepeat(look, letters.length === 0 && looks < 20 ? 2000 : null)
  if (letters.length === 0) return null
  return (
    <Card>
      <h2 className="text-lg font-semibold">{t.paper.letter}</h2>
      <p className="mt-1 text-sm text-ink-soft">{t.paper.letterHelp}</p>
      <PaperLinks papers={letters} none="" />
    </Card>
  )
}

/** How many have answered: seen at once, read out once a second at most. */
function Progress({ book }: { book: Book<Offer> }) {
  const asked = book.lenders.length
  if (asked === 0 && book.closed) return null
  return <Bar book={book} asked={asked} />
}

function Bar({ book, asked }: { book: Book<Offer>; asked: number }) {
  const { t } = useText()
  const heard = answered(book)
  const now = asked === 0 && !book.closed ? t.result.waiting : book.closed ? t.results.done(book.offers.size, asked) : t.results.answered(heard, asked)
  const [said, setSaid] = useState('')
  useEffect(() => {
    const timer = setTimeout(() => setSaid(now), book.closed ? 0 : 1000)
    return () => clearTimeout(timer)
  }, [now, book.closed])
  return (
    <>
      <p className="mt-1 text-ink-soft" aria-hidden="true">
        {now}
      </p>
      <svg viewBox="0 0 1000 6" preserveAspectRatio="none" className="mt-3 h-1.5 w-full overflow-hidden rounded-full" aria-hidden="true">
        <rect width="1000" height="6" className="fill-line" />
        <rect width={book.closed ? 1000 : asked === 0 ? 0 : Math.round((heard * 1000) / asked)} height="6" className="fill-accent" />
      </svg>
      <Said>{said}</Said>
    </>
  )
}

/** When the book is closed, the places of the whole ranking. */
function useWholeRanking(id: string, closed: boolean, tell: (what: Change<Offer>) => void) {
  const client = useClient()
  useEffect(() => {
    if (!closed) return
    let current = true
    void client
      .query(PLACES, { id })
      .toPromise()
      .then(({ data }) => {
        const edges = data?.quoteRequest?.quotes.edges
        if (current && edges !== undefined) tell({ is: 'ranked', positions: new Map(edges.map(({ node }) => [node.id, node.position])) })
      })
    return () => {
      current = false
    }
  }, [client, id, closed, tell])
}

interface Heard {
  /** There is no such request for who asks. */
  readonly missing: boolean
  readonly refusal: readonly { readonly code: string; readonly text: string }[]
}

function useAnswers(id: string, tell: (what: Change<Offer>) => void): Heard {
  const [refusal, setRefusal] = useState<Heard['refusal']>([])
  const [{ error }] = useSubscription({ query: ANSWERS, variables: { id } }, (_, { quoteUpdates: update }) => {
    if (update.__typename === 'Quote') tell({ is: 'offer', offer: update })
    else if (update.__typename === 'Loser') tell({ is: 'loser', loser: update })
    else {
      tell({ is: 'request', lenders: update.lenders, losers: update.losers, closed: update.state !== 'QUOTING' })
      setRefusal(update.refusal)
    }
    return { quoteUpdates: update }
  })
  return { missing: error !== undefined && error.networkError === undefined, refusal }
}

