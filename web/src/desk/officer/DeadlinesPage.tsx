import { useState } from 'react'
import { Pick } from '../../design/parts'
import { formatDate } from '../../format/dates'
import { useAsk, useSend } from '../api/ask'
import { END_HOLD, HOLDS, OBLIGATIONS } from '../api/rules'
import { Act, WhyNot } from '../parts/Act'
import { useEntered } from '../parts/Console'
import { Id, Moment, ShortId, Tag } from '../parts/Pieces'
import { Empty, Part, Screen, Shown } from '../parts/Screen'
import { More, Table } from '../parts/Table'
import { outcomeTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'

const STATES = ['OPEN', 'DONE', 'LAPSED'] as const

export function DeadlinesPage() {
  const { d, locale } = useDesk()
  const [state, setState] = useState<string>('OPEN')
  const [first, setFirst] = useState(25)
  const answer = useAsk(OBLIGATIONS, { state, request: null, first })
  const today = new Date().toISOString().slice(0, 10)
  return (
    <Screen title={d.deadlines.title} lead={d.deadlines.lead}>
      <Pick label={d.state} value={state} onChange={setState} choices={STATES.map((id) => ({ id, name: d.deadlines.states[id] }))} />
      <Part title={wordFor(d.deadlines.states, state)}>
        <Shown answer={answer} of={(data) => data.obligations} rows={6}>
          {(list) =>
            list.length === 0 ? (
              <Empty title={d.deadlines.none}>{d.deadlines.noneHelp}</Empty>
            ) : (
              <>
                <Table
                  label={d.deadlines.title}
                  rows={list}
                  id={(row) => row.id}
                  to={(row) => `/desk/applications/${row.request}`}
                  columns={[
                    { name: d.applications.request, cell: (row) => <ShortId id={row.request} /> },
                    { name: d.deadlines.what, cell: (row) => wordFor(d.deadlines.codes, row.code) },
                    { name: d.deadlines.dueOn, cell: (row) => (row.state === 'OPEN' && row.dueOn < today ? <Tag tone="bad">{formatDate(row.dueOn, locale, 'short')}</Tag> : formatDate(row.dueOn, locale, 'short')) },
                    { name: d.state, cell: (row) => <Tag tone={outcomeTone(row.state)}>{wordFor(d.deadlines.states, row.state)}</Tag> },
                    { name: d.deadlines.rule, cell: (row) => <code className="font-mono text-sm">{row.rule}</code> },
                    { name: d.deadlines.opened, cell: (row) => <Moment at={row.openedAt} /> },
                  ]}
                />
                <More shown={list.length} asked={first} more={() => setFirst(Math.min(100, first + 25))} />
              </>
            )
          }
        </Shown>
      </Part>
    </Screen>
  )
}

export function RecordsPage() {
  const { d } = useDesk()
  const who = useEntered()
  const answer = useAsk(HOLDS, { active: null, first: 50 })
  const end = useSend(END_HOLD, (data) => data.releaseLegalHold.refusals)
  const ends = who.role === 'MANAGER' || who.role === 'CREDIT_HEAD'
  return (
    <Screen title={d.records.title} lead={d.records.lead}>
      <Part title={d.records.holds} lead={d.records.holdsLead}>
        <Shown answer={answer} of={(data) => data.legalHolds} rows={3}>
          {(list) =>
            list.length === 0 ? (
              <Empty title={d.records.noHolds}>{d.records.noHoldsHelp}</Empty>
            ) : (
              <ul className="flex flex-col divide-y divide-line">
                {list.map((hold) => (
                  <li key={hold.id} className="flex flex-col gap-2 py-3 first:pt-0 last:pb-0">
                    <p className="flex flex-wrap items-center gap-3">
                      <Id id={hold.subject} />
                      <Tag tone={hold.releasedAt === null ? 'warn' : 'calm'}>{hold.releasedAt === null ? d.records.binds : d.records.ended}</Tag>
                      <span className="text-ink-soft">{hold.class ?? d.records.everything}</span>
                    </p>
                    <p>{hold.reason}</p>
                    <p className="text-sm text-ink-soft">
                      {hold.placedBy === who.id ? d.you : <Id id={hold.placedBy} />} · <Moment at={hold.placedAt} />
                    </p>
                    {hold.releasedAt === null &&
                      (hold.placedBy === who.id ? (
                        <WhyNot>{d.why.youPlaced}</WhyNot>
                      ) : ends ? (
                        <div>
                          <Act title={d.records.end} help={d.records.endHelp} reason go={(reason) => end({ id: hold.id, reason })} done={answer.again} />
                        </div>
                      ) : (
                        <WhyNot>{d.why.endsHolds}</WhyNot>
                      ))}
                  </li>
                ))}
              </ul>
            )
          }
        </Shown>
      </Part>
      <Part title={d.records.erasures} lead={d.records.erasuresLead}>
        <Shown answer={answer} of={(data) => data.erasureRequests} rows={3}>
          {(list) =>
            list.length === 0 ? (
              <Empty title={d.records.noErasures}>{d.records.noErasuresHelp}</Empty>
            ) : (
              <Table
                label={d.records.erasures}
                rows={list}
                id={(row) => row.id}
                columns={[
                  { name: d.records.person, cell: (row) => <Id id={row.subject} /> },
                  { name: d.state, cell: (row) => <Tag tone={outcomeTone(row.state === 'REFUSED' ? 'DECLINED' : row.state)}>{wordFor(d.records.erasureStates, row.state)}</Tag> },
                  { name: d.records.kept, cell: (row) => row.kept.map((one) => `${one.class}: ${one.because}`).join('; ') || d.none },
                  { name: d.when, cell: (row) => <Moment at={row.askedAt} /> },
                ]}
              />
            )
          }
        </Shown>
      </Part>
    </Screen>
  )
}
