import { useState } from 'react'
import { useNavigate } from 'react-router'
import { Button } from 'react-aria-components'
import { Field } from '../../design/parts'
import { formatMoney } from '../../format/money'
import { useAsk, usePages } from '../api/ask'
import { DECISIONS } from '../api/risk'
import { formatPpm } from '../parts/figures'
import { Moment, ShortId, Tag } from '../parts/Pieces'
import { Empty, Part, Screen, Shown, smallQuiet } from '../parts/Screen'
import { Pager, Table } from '../parts/Table'
import { outcomeTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'

const PAGE = 25

export function ApplicationsPage() {
  const { d, locale } = useDesk()
  const pages = usePages()
  const answer = useAsk(DECISIONS, { first: PAGE, before: pages.cursor })
  return (
    <Screen title={d.applications.title} lead={d.applications.lead}>
      <Find />
      <Part title={d.applications.newest}>
        <Shown answer={answer} of={(data) => data.riskDecisions} rows={8}>
          {(list) => {
            const last = list.length === PAGE ? list.at(-1) : undefined
            return (
              <>
                {list.length === 0 ? (
                  <Empty title={d.applications.none}>{d.applications.noneHelp}</Empty>
                ) : (
                  <Table
                    label={d.applications.title}
                    rows={list}
                    id={(row) => row.id}
                    to={(row) => `/desk/applications/${row.request}`}
                    columns={[
                      { name: d.applications.request, cell: (row) => <ShortId id={row.request} /> },
                      { name: d.applications.outcome, cell: (row) => <Tag tone={outcomeTone(row.outcome)}>{d.applications.outcomes[row.outcome]}</Tag> },
                      { name: d.applications.score, right: true, cell: (row) => row.inside?.score ?? d.none },
                      { name: d.applications.pd, right: true, cell: (row) => (row.inside === null ? d.none : formatPpm(row.inside.pdPpm, locale)) },
                      { name: d.applications.limit, right: true, cell: (row) => (row.inside === null ? d.none : formatMoney(row.inside.limit, locale, true)) },
                      { name: d.applications.review, cell: (row) => (row.inside?.reviewState == null ? d.none : wordFor(d.reviews.states, row.inside.reviewState)) },
                      { name: d.when, cell: (row) => <Moment at={row.decidedAt} /> },
                    ]}
                  />
                )}
                <Pager page={pages.page} newer={pages.newer} older={last === undefined ? null : () => pages.older(last.id)} />
              </>
            )
          }}
        </Shown>
      </Part>
    </Screen>
  )
}

function Find() {
  const { d } = useDesk()
  const go = useNavigate()
  const [id, setId] = useState('')
  return (
    <form
      className="flex max-w-xl flex-wrap items-end gap-3"
      onSubmit={(event) => {
        event.preventDefault()
        if (id.trim() !== '') void go(`/desk/applications/${encodeURIComponent(id.trim())}`)
      }}
    >
      <div className="min-w-56 grow">
        <Field name="request" label={d.applications.find} value={id} onChange={setId} />
      </div>
      <Button type="submit" className={smallQuiet} isDisabled={id.trim() === ''}>
        {d.applications.open}
      </Button>
    </form>
  )
}
