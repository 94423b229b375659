import { useEffect, useReducer, useState } from 'react'
import { Link, useParams, useSearchParams } from 'react-router'
import { useSubscription } from 'urql'
import { ANSWERS } from '../../api/quotes'
import { Choose, Said, Secondary } from '../../design/parts'
import { useText } from '../../text'
import { answered, type Book, change, type Change, emptyBook, fromSearch, SORTS, toSearch, unseen } from './book'
import { type Offer, OfferRow } from './OfferRow'
import { Silences } from './Silences'

const PRODUCTS = ['INSTALLMENT', 'LINE', 'BNPL', 'COLLATERALIZED']
/** Most offers side by side. */
const MOST_COMPARED = 4

export function ResultsPage() {
  const { id = '' } = useParams()
  const { t } = useText()
  const [search, setSearch] = useSearchParams()
  const [book, tell] = useReducer(change as (book: Book<Offer>, what: Change<Offer>) => Book<Offer>, fromSearch(search, PRODUCTS), (filter) => emptyBook<Offer>(filter))
  const [compared, setCompared] = useState<readonly string[]>([])
  useAnswers(id, tell)
  const news = unseen(book)
  const sort = (key: string) => {
    const filter = { ...book.filter, sort: SORTS.find((known) => known === key) ?? 'rank' }
    tell({ is: 'filter', filter })
    setSearch(toSearch(filter), { replace: true })
  }
  return (
    <main className="mx-auto flex w-full max-w-4xl flex-col gap-6 px-4 py-8">
      <header className="flex flex-wrap items-end justify-between gap-4">
        <div>
          <h1 className="text-3xl font-semibold tracking-tight">{t.results.heading}</h1>
          <Progress book={book} />
        </div>
        <Choose label={t.results.sortBy} value={book.filter.sort} onChange={sort} choices={SORTS.map((id) => ({ id, name: t.sorts[id] }))} />
      </header>
      {book.held && news > 0 && <Secondary onPress={() => tell({ is: 'show' })}>{t.results.show(news)}</Secondary>}
      <ol
        className="flex flex-col gap-4"
        onPointerEnter={() => tell({ is: 'hold' })}
        onPointerLeave={() => tell({ is: 'release' })}
        onFocus={() => tell({ is: 'hold' })}
        onBlur={(event) => !event.currentTarget.contains(event.relatedTarget) && tell({ is: 'release' })}
      >
        {book.shown.map((key) => {
          const offer = book.offers.get(key)
          if (offer === undefined) return null
          const choose = (on: boolean) => setCompared((ids) => (on ? [...ids, key].slice(-MOST_COMPARED) : ids.filter((other) => other !== key)))
          return <OfferRow key={key} offer={offer} chosen={compared.includes(key)} onChoose={choose} />
        })}
      </ol>
      {compared.length >= 2 && (
        <div className="sticky bottom-4 self-center">
          <Link
            to={`/requests/${id}/compare?${new URLSearchParams(compared.map((offer) => ['offer', offer]))}`}
            className="inline-flex min-h-12 items-center rounded-xl bg-accent px-6 font-medium text-on-accent shadow-lift hover:bg-accent-strong"
          >
            {t.compare.button(compared.length)}
          </Link>
        </div>
      )}
      {book.closed && book.offers.size === 0 && (
        <section className="rounded-2xl border border-line bg-surface p-7 text-center">
          <h2 className="text-xl font-semibold">{t.results.none}</h2>
          <p className="mx-auto mt-2 max-w-prose text-ink-soft">{t.results.noneHelp}</p>
        </section>
      )}
      <Silences losers={book.losers} />
    </main>
  )
}

/** How many have answered: seen at once, read out once a second at most. */
function Progress({ book }: { book: Book<Offer> }) {
  const { t } = useText()
  const asked = book.lenders.length
  const now = book.closed ? t.results.done(book.offers.size, asked) : t.results.answered(answered(book), asked)
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
      <Said>{said}</Said>
    </>
  )
}

function useAnswers(id: string, tell: (what: Change<Offer>) => void) {
  useSubscription({ query: ANSWERS, variables: { id } }, (_, { quoteUpdates: update }) => {
    if (update.__typename === 'Quote') tell({ is: 'offer', offer: update })
    else if (update.__typename === 'Loser') tell({ is: 'loser', loser: update })
    else tell({ is: 'request', lenders: update.lenders, losers: update.losers, closed: update.state !== 'QUOTING' })
    return { quoteUpdates: update }
  })
}
