import { useState } from 'react'
import type { ResultOf } from '../../api/graphql'
import { Choose } from '../../design/parts'
import { formatMoney } from '../../format/money'
import { formatPercent, pointsBetween } from '../../format/rate'
import { useText } from '../../text'
import { useAsk, usePages } from '../api/ask'
import { MADE_OFFERS } from '../api/lists'
import { formatSigned } from '../parts/figures'
import { Moment, Tag, type Tone } from '../parts/Pieces'
import { Empty, Part, Screen, Shown } from '../parts/Screen'
import { Pager, Table } from '../parts/Table'
import { useDesk, wordFor } from '../parts/words'

type Made = ResultOf<typeof MADE_OFFERS>['offers']['edges'][number]['node']

const STATES = ['LIVE', 'ACCEPTED', 'CANCELLED', 'EXPIRED', 'NOT_TAKEN'] as const
type State = (typeof STATES)[number]
const TONES: Readonly<Record<State, Tone>> = { LIVE: 'accent', ACCEPTED: 'good', CANCELLED: 'bad', EXPIRED: 'calm', NOT_TAKEN: 'calm' }
const PAGE = 25

/** Every offer that the lender made, and what became of it. */
export function OffersPage() {
  const { d, locale } = useDesk()
  const { t } = useText()
  const pages = usePages()
  const [state, setState] = useState<State | null>(null)
  const answer = useAsk(MADE_OFFERS, { state, first: PAGE, after: pages.cursor })
  const choose = (id: string) => {
    setState(STATES.find((one) => one === id) ?? null)
    pages.start()
  }
  return (
    <Screen title={d.lender.offers} lead={d.lender.offersLead}>
      <div className="max-w-xs">
        <Choose label={d.show} value={state ?? 'ALL'} onChange={choose} choices={[{ id: 'ALL', name: d.offers.all }, ...STATES.map((id) => ({ id, name: d.offers.states[id] }))]} />
      </div>
      <Part title={state === null ? d.offers.all : d.offers.states[state]} lead={state === null ? d.offers.note : d.offers.help[state]}>
        <Shown answer={answer} of={(data) => data.offers}>
          {(offers) => {
            const rows = offers.edges.map((edge) => edge.node)
            const next = offers.pageInfo.hasNextPage ? offers.pageInfo.endCursor : null
            return (
              <>
                {rows.length === 0 ? (
                  <Empty title={d.lender.noOffers}>{d.lender.noOffersHelp}</Empty>
                ) : (
                  <Table<Made>
                    label={d.lender.offers}
                    rows={rows}
                    id={(row) => row.quote.id}
                    columns={[
                      { name: d.state, cell: (row) => <Tag tone={TONES[row.state]}>{d.offers.states[row.state]}</Tag> },
                      { name: d.offers.made, cell: (row) => <Moment at={row.receivedAt} /> },
                      { name: d.lender.product, cell: (row) => t.products[row.quote.product] },
                      { name: d.lender.amount, right: true, cell: (row) => formatMoney(row.quote.principal, locale) },
                      { name: d.offers.place, right: true, cell: (row) => d.offers.placeOf(row.quote.position, row.of) },
                      { name: d.offers.declared, right: true, cell: (row) => formatPercent(row.quote.declaredApr.percent, locale) },
                      { name: d.lender.verified, right: true, cell: (row) => formatPercent(row.quote.verifiedApr.percent, locale) },
                      { name: d.lender.difference, right: true, cell: (row) => <Difference of={row.quote} /> },
                      { name: d.offers.settlement, cell: (row) => (row.settlementState == null ? d.none : wordFor(d.settlement, row.settlementState)) },
                    ]}
                  />
                )}
                <Pager page={pages.page} newer={pages.newer} older={next == null ? null : () => pages.older(next)} />
              </>
            )
          }}
        </Shown>
      </Part>
    </Screen>
  )
}

function Difference({ of }: { of: { declaredApr: { percent: string }; verifiedApr: { percent: string } } }) {
  const { locale } = useDesk()
  const points = pointsBetween(of.declaredApr.percent, of.verifiedApr.percent)
  return <span className={points.startsWith('-') ? 'font-medium text-bad' : ''}>{formatSigned(points, locale)}</span>
}
