import { useState } from 'react'
import type { ResultOf } from '../../api/graphql'
import { Pick } from '../../design/parts'
import { formatMoney } from '../../format/money'
import { formatPercent, pointsBetween } from '../../format/rate'
import { useText } from '../../text'
import { useAsk, usePages } from '../api/ask'
import { OFFERS } from '../api/loans'
import { Moment, ShortId, Tag } from '../parts/Pieces'
import { Empty, Part, Screen, Shown } from '../parts/Screen'
import { Pager, Table } from '../parts/Table'
import { settlementTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'

type Accepted = ResultOf<typeof OFFERS>['loans']['edges'][number]['node']

const LIVE: readonly string[] = ['AWAITING_SIGNATURE', 'READY', 'SUBMITTED', 'SETTLED']
const PAGE = 25

export function OffersPage() {
  const { d, locale } = useDesk()
  const { t } = useText()
  const pages = usePages()
  const [which, setWhich] = useState<'live' | 'ended'>('live')
  const answer = useAsk(OFFERS, { first: PAGE, after: pages.cursor })
  return (
    <Screen title={d.lender.offers} lead={d.lender.offersLead}>
      <Pick
        label={d.show}
        value={which}
        onChange={(id) => setWhich(id === 'ended' ? 'ended' : 'live')}
        choices={[
          { id: 'live', name: d.lender.offersLive },
          { id: 'ended', name: d.lender.offersEnded },
        ]}
      />
      <Part title={which === 'live' ? d.lender.offersLive : d.lender.offersEnded} lead={d.lender.offersOpenNote}>
        <Shown answer={answer} of={(data) => data.loans}>
          {(loans) => {
            const rows = loans.edges.map((edge) => edge.node).filter((loan) => LIVE.includes(loan.settlement.state) === (which === 'live'))
            const next = loans.pageInfo.hasNextPage ? loans.pageInfo.endCursor : null
            return (
              <>
                {rows.length === 0 ? (
                  <Empty title={which === 'live' ? d.lender.noOffers : d.lender.noEnded}>{which === 'live' ? d.lender.noOffersHelp : d.lender.noEndedHelp}</Empty>
                ) : (
                  <Table<Accepted>
                    label={d.lender.offers}
                    rows={rows}
                    id={(row) => row.id}
                    to={(row) => `/lender/loans/${row.id}`}
                    columns={[
                      { name: d.loan.one, cell: (row) => <ShortId id={row.id} /> },
                      { name: d.state, cell: (row) => <Tag tone={settlementTone(row.settlement.state)}>{wordFor(d.settlement, row.settlement.state)}</Tag> },
                      { name: d.lender.product, cell: (row) => t.products[row.settlement.quote.product] },
                      { name: d.lender.amount, right: true, cell: (row) => formatMoney(row.settlement.quote.principal, locale) },
                      { name: d.lender.verified, right: true, cell: (row) => formatPercent(row.settlement.quote.verifiedApr.percent, locale) },
                      { name: d.lender.difference, right: true, cell: (row) => <Difference of={row.settlement.quote} /> },
                      { name: d.lender.accepted, cell: (row) => <Moment at={row.settlement.createdAt} /> },
                    ]}
                  />
                )}
                <Pager page={pages.page} newer={pages.newer} older={next === null ? null : () => pages.older(next)} />
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
  const text = new Intl.NumberFormat(locale, { signDisplay: 'exceptZero', minimumFractionDigits: 2, maximumFractionDigits: 4 }).format(points as Intl.StringNumericLiteral)
  return <span className={points.startsWith('-') ? 'font-medium text-bad' : ''}>{text}</span>
}
