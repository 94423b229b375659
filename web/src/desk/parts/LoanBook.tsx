// The book of loans, as lenders and officers read it.

import type { ResultOf } from '../../api/graphql'
import { formatDate } from '../../format/dates'
import { useAsk, usePages } from '../api/ask'
import { BOOK } from '../api/loans'
import { formatLoanAmount } from './figures'
import { Moment, ShortId, Tag } from './Pieces'
import { Empty, Part, Shown } from './Screen'
import { type Column, Pager, Table } from './Table'
import { loanTone } from './tones'
import { useDesk, wordFor } from './words'

type Row = ResultOf<typeof BOOK>['loans']['edges'][number]['node']

const PAGE = 25

export function LoanBook({ at, lender }: { at: string; lender: boolean }) {
  const { d, locale } = useDesk()
  const pages = usePages()
  const answer = useAsk(BOOK, { first: PAGE, after: pages.cursor })
  const columns: Column<Row>[] = [
    { name: d.loan.one, cell: (row) => <ShortId id={row.id} /> },
    { name: d.state, cell: (row) => <Tag tone={loanTone(row.state)}>{wordFor(d.loan.states, row.state)}</Tag> },
    ...(lender ? [] : [{ name: d.loan.lender, cell: (row: Row) => row.provider }]),
    { name: d.loan.principal, right: true, cell: (row) => formatLoanAmount(row.principal, locale) },
    { name: d.loan.outstanding, right: true, cell: (row) => formatLoanAmount(row.outstanding, locale) },
    { name: d.loan.next, cell: (row) => (row.nextDue === null ? d.none : `${formatDate(row.nextDue.due, locale, 'short')} · ${formatLoanAmount(row.nextDue.total, locale)}`) },
    { name: d.loan.started, cell: (row) => <Moment at={row.startedAt} /> },
  ]
  return (
    <Part title={d.loan.book} lead={d.loan.bookLead}>
      <Shown answer={answer} of={(data) => data.loans} rows={8}>
        {(loans) => {
          const next = loans.pageInfo.hasNextPage ? loans.pageInfo.endCursor : null
          return (
            <>
              {loans.edges.length === 0 ? (
                <Empty title={d.loan.none}>{d.loan.noneHelp}</Empty>
              ) : (
                <Table label={d.loan.book} rows={loans.edges.map((edge) => edge.node)} id={(row) => row.id} to={(row) => `${at}/${row.id}`} columns={columns} />
              )}
              <Pager page={pages.page} newer={pages.newer} older={next === null ? null : () => pages.older(next)} />
            </>
          )
        }}
      </Shown>
    </Part>
  )
}
