import { useState } from 'react'
import { useSearchParams } from 'react-router'
import type { ResultOf } from '../../api/graphql'
import { Pick } from '../../design/parts'
import { formatDate } from '../../format/dates'
import { useAsk } from '../api/ask'
import { CASES } from '../api/cases'
import { useEntered } from '../parts/Console'
import { Moment, ShortId, Tag } from '../parts/Pieces'
import { Empty, Part, Screen, Shown } from '../parts/Screen'
import { More, Table } from '../parts/Table'
import { caseTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'

type Row = ResultOf<typeof CASES>['cases'][number]
type State = 'OPEN' | 'PROPOSED' | 'CLOSED'

export function CasesPage() {
  const { d, locale } = useDesk()
  const who = useEntered()
  const [search, setSearch] = useSearchParams()
  const [first, setFirst] = useState(25)
  const state = (['OPEN', 'PROPOSED', 'CLOSED'] as const).find((known) => known === search.get('state')) ?? 'OPEN'
  const mine = search.get('mine') === 'yes'
  const answer = useAsk(CASES, { state, mine, first })
  const put = (next: State, own: boolean) => setSearch({ state: next, ...(own && { mine: 'yes' }) }, { replace: true })
  return (
    <Screen title={d.cases.title} lead={d.cases.lead}>
      <div className="flex flex-wrap gap-x-8 gap-y-4">
        <Pick label={d.state} value={state} onChange={(id) => put(id as State, mine)} choices={(['OPEN', 'PROPOSED', 'CLOSED'] as const).map((id) => ({ id, name: d.cases.states[id] }))} />
        <Pick
          label={d.cases.whose}
          value={mine ? 'yes' : 'no'}
          onChange={(id) => put(state, id === 'yes')}
          choices={[
            { id: 'no', name: d.cases.everybodys },
            { id: 'yes', name: d.cases.mine },
          ]}
        />
      </div>
      <Part title={d.cases.states[state]}>
        <Shown answer={answer} of={(data) => data.cases} rows={6}>
          {(cases) =>
            cases.length === 0 ? (
              <Empty title={mine ? d.cases.noneMine : d.cases.none}>{d.cases.noneHelp}</Empty>
            ) : (
              <>
                <Table<Row>
                  label={d.cases.title}
                  rows={cases}
                  id={(row) => row.id}
                  to={(row) => `/desk/cases/${row.id}`}
                  columns={[
                    { name: d.cases.about, cell: (row) => wordFor(d.cases.kinds, row.kind) },
                    { name: d.cases.entity, cell: (row) => <code className="font-mono text-sm break-all">{row.entity}</code> },
                    { name: d.cases.severity, cell: (row) => <Tag tone={caseTone(row.state, row.severity)}>{wordFor(d.cases.severities, row.severity)}</Tag> },
                    { name: d.cases.customer, cell: (row) => <ShortId id={row.subject} /> },
                    { name: d.cases.assignee, cell: (row) => (row.assignee === null ? <span className="text-ink-soft">{d.cases.nobody}</span> : row.assignee === who.id ? d.you : <ShortId id={row.assignee} />) },
                    { name: d.cases.due, cell: (row) => formatDate(row.dueOn, locale, 'short') },
                    { name: d.cases.opened, cell: (row) => <Moment at={row.openedAt} /> },
                  ]}
                />
                <More shown={cases.length} asked={first} more={() => setFirst(Math.min(100, first + 25))} />
              </>
            )
          }
        </Shown>
      </Part>
    </Screen>
  )
}

/** What was decided, and until when it holds. */
export function DispositionsPage() {
  const { d, locale } = useDesk()
  const [first, setFirst] = useState(50)
  const answer = useAsk(CASES, { state: 'CLOSED', mine: false, first })
  return (
    <Screen title={d.dispositions.title} lead={d.dispositions.lead}>
      <Part title={d.dispositions.title}>
        <Shown answer={answer} of={(data) => data.cases} rows={6}>
          {(cases) =>
            cases.length === 0 ? (
              <Empty title={d.dispositions.none}>{d.dispositions.noneHelp}</Empty>
            ) : (
              <>
                <Table<Row>
                  label={d.dispositions.title}
                  rows={cases}
                  id={(row) => row.id}
                  to={(row) => `/desk/cases/${row.id}`}
                  columns={[
                    { name: d.cases.entity, cell: (row) => <code className="font-mono text-sm break-all">{row.entity}</code> },
                    { name: d.cases.verdict, cell: (row) => (row.verdict === null ? d.none : <Tag tone={row.verdict === 'TRUE_HIT' ? 'bad' : 'good'}>{d.cases.verdicts[row.verdict]}</Tag>) },
                    { name: d.cases.ground, cell: (row) => (row.ground === null ? d.none : d.cases.grounds[row.ground]) },
                    { name: d.cases.customer, cell: (row) => <ShortId id={row.subject} /> },
                    { name: d.cases.decidedAt, cell: (row) => <Moment at={row.checkedAt ?? row.madeAt} /> },
                    { name: d.cases.holdsUntil, cell: (row) => (row.expiresAt === null ? d.cases.forGood : formatDate(row.expiresAt, locale, 'short')) },
                  ]}
                />
                <More shown={cases.length} asked={first} more={() => setFirst(100)} />
              </>
            )
          }
        </Shown>
      </Part>
    </Screen>
  )
}
