import { Link, useParams } from 'react-router'
import { formatUntil } from '../../format/dates'
import { useAsk, useSend } from '../api/ask'
import { LENDER, LENDERS, MOVE, NEXT, RESUME, SUSPEND } from '../api/lender'
import { Act, WhyNot } from '../parts/Act'
import { useEntered } from '../parts/Console'
import { Count, Facts, Moment, Tag } from '../parts/Pieces'
import { Empty, Part, plainLink, Screen, Shown } from '../parts/Screen'
import { Table } from '../parts/Table'
import { formatMs, share } from '../parts/figures'
import { lenderTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'

export function LendersPage() {
  const { d, locale } = useDesk()
  const answer = useAsk(LENDERS, { minutes: 1440 })
  return (
    <Screen title={d.lenders.title} lead={d.lenders.lead}>
      <Part title={d.lenders.lastDay}>
        <Shown answer={answer} of={(data) => data.providers} rows={10}>
          {(list) =>
            list.length === 0 ? (
              <Empty title={d.lender.noneTitle}>{d.lenders.noneHelp}</Empty>
            ) : (
              <Table
                label={d.lenders.title}
                rows={list}
                id={(row) => row.id}
                to={(row) => `/desk/lenders/${row.id}`}
                columns={[
                  { name: d.loan.lender, cell: (row) => row.id },
                  { name: d.state, cell: (row) => <Tag tone={lenderTone(row.state)}>{wordFor(d.lender.states, row.state)}</Tag> },
                  { name: d.lenders.kind, cell: (row) => row.kind },
                  { name: d.lender.questions, right: true, cell: (row) => <Count of={row.health.calls} /> },
                  { name: d.lender.errors, right: true, cell: (row) => share(row.health.errors, row.health.calls, locale) ?? d.none },
                  { name: d.lender.stages.shown, right: true, cell: (row) => <Count of={row.health.quotes} /> },
                  { name: d.lender.misdeclared, right: true, cell: (row) => <Count of={row.health.misdeclared} /> },
                  { name: 'p99', right: true, cell: (row) => (row.health.p99Ms === null ? d.none : formatMs(row.health.p99Ms, locale)) },
                ]}
              />
            )
          }
        </Shown>
      </Part>
    </Screen>
  )
}

export function LenderPage() {
  const { d, locale } = useDesk()
  const { id = '' } = useParams()
  const who = useEntered()
  const answer = useAsk(LENDER, { id, minutes: 1440 })
  const suspend = useSend(SUSPEND, (data) => data.suspendProvider.refusals)
  const resume = useSend(RESUME, (data) => data.resumeProvider.refusals)
  const move = useSend(MOVE, (data) => data.changeProviderState.refusals)
  const changes = ['OFFICER', 'MANAGER', 'CREDIT_HEAD'].includes(who.role)
  return (
    <Screen title={id} back={{ to: '/desk/lenders', name: d.lenders.title }}>
      <Shown answer={answer} of={(data) => data.provider} rows={6}>
        {(lender) => (
          <>
            <Part title={lender.name} aside={<Tag tone={lenderTone(lender.state)}>{wordFor(d.lender.states, lender.state)}</Tag>}>
              <div className="flex flex-col gap-4">
                <Facts
                  columns={3}
                  facts={[
                    { name: d.lenders.kind, value: lender.kind },
                    { name: d.reason, value: lender.reason },
                    { name: d.lender.changed, value: <Moment at={lender.changedAt} /> },
                    { name: d.lender.questions, value: <Count of={lender.health.calls} /> },
                    { name: d.lender.errors, value: share(lender.health.errors, lender.health.calls, locale) ?? d.none },
                    { name: d.lender.limits, value: d.lender.limitsText(lender.limits.quotesPerSecond, lender.limits.burst, lender.limits.maxConcurrent) },
                    ...(lender.suspension?.probationAt == null ? [] : [{ name: d.lenders.probation, value: formatUntil(lender.suspension.probationAt, new Date(), locale) }]),
                  ]}
                />
                <p className="flex flex-wrap gap-x-5 gap-y-2">
                  <Link className={plainLink} to={`/lender?lender=${encodeURIComponent(lender.id)}`}>
                    {d.lenders.figures}
                  </Link>
                  <Link className={plainLink} to={`/lender/history?lender=${encodeURIComponent(lender.id)}`}>
                    {d.lender.history}
                  </Link>
                </p>
              </div>
            </Part>
            <Part title={d.lenders.actions} lead={d.lenders.actionsLead}>
              <div className="flex flex-col gap-3">
                <div className="flex flex-wrap gap-2">
                  {lender.state === 'LIVE' && who.role !== 'ADMIN' && <Act title={d.lenders.suspend} help={d.lenders.suspendHelp} reason tone="grave" go={(reason) => suspend({ id, reason })} done={answer.again} />}
                  {lender.state === 'SUSPENDED' && changes && <Act title={d.lenders.resume} help={d.lenders.resumeHelp} reason tone="primary" go={(reason) => resume({ id, reason })} done={answer.again} />}
                  {changes &&
                    (NEXT[lender.state] ?? []).map((state) => (
                      <Act key={state} title={d.lenders.moveTo(wordFor(d.lender.states, state))} help={d.lender.stateHelp[state]} reason go={(reason) => move({ id, state, reason })} done={answer.again} />
                    ))}
                </div>
                {who.role === 'ADMIN' && <WhyNot>{d.why.readsOnly(d.roles.ADMIN)}</WhyNot>}
                {who.role === 'RISK_MANAGER' && lender.state !== 'LIVE' && <WhyNot>{d.why.stopsOnly}</WhyNot>}
              </div>
            </Part>
          </>
        )}
      </Shown>
    </Screen>
  )
}
