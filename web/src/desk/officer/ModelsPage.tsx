import { useAsk, useSend } from '../api/ask'
import { DECIDE_PROPOSAL, DRIFT, MODELS, PROPOSALS } from '../api/risk'
import type { ResultOf } from '../../api/graphql'
import type { Who } from '../api/who'
import { Act, WhyNot } from '../parts/Act'
import { useEntered } from '../parts/Console'
import { formatPpm } from '../parts/figures'
import { Count, Facts, Id, Moment, Tag } from '../parts/Pieces'
import { Empty, Part, Screen, Shown } from '../parts/Screen'
import { Table } from '../parts/Table'
import { outcomeTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'

type Proposal = ResultOf<typeof PROPOSALS>['riskProposals'][number]

export function ModelsPage() {
  const { d, locale } = useDesk()
  const who = useEntered()
  const models = useAsk(MODELS, {})
  const proposals = useAsk(PROPOSALS, { first: 20 })
  return (
    <Screen title={d.models.title} lead={d.models.lead}>
      <Part title={d.models.proposals} lead={d.models.proposalsLead}>
        <Shown answer={proposals} of={(data) => data.riskProposals} rows={3}>
          {(list) =>
            list.length === 0 ? (
              <Empty title={d.models.noProposals}>{d.models.noProposalsHelp}</Empty>
            ) : (
              <ul className="flex flex-col divide-y divide-line">
                {list.map((one) => (
                  <li key={one.id} className="flex flex-col gap-3 py-4 first:pt-0 last:pb-0">
                    <One one={one} who={who} again={() => { proposals.again(); models.again() }} />
                  </li>
                ))}
              </ul>
            )
          }
        </Shown>
      </Part>
      <Part title={d.models.registry}>
        <Shown answer={models} of={(data) => data.riskModels} rows={4}>
          {(list) => (
            <Table
              label={d.models.registry}
              rows={list}
              id={(row) => row.id}
              columns={[
                { name: d.models.model, cell: (row) => <strong>{`${row.name} ${row.version}`}</strong> },
                { name: d.state, cell: (row) => <Tag tone={row.state === 'CHAMPION' ? 'good' : row.state === 'RETIRED' ? 'calm' : 'accent'}>{d.models.states[row.state]}</Tag> },
                { name: d.models.share, right: true, cell: (row) => formatPpm(row.sharePpm, locale, 0) },
                { name: d.models.kind, cell: (row) => wordFor(d.models.kinds, row.kind) },
                { name: d.models.made, cell: (row) => wordFor(d.models.statuses, row.status) },
                { name: d.models.hash, cell: (row) => <Id id={row.digest} /> },
              ]}
            />
          )}
        </Shown>
      </Part>
      <Drift />
    </Screen>
  )
}

function One({ one, who, again }: { one: Proposal; who: Who; again: () => void }) {
  const { d, locale } = useDesk()
  const send = useSend(DECIDE_PROPOSAL, (data) => data.decideRiskProposal.refusals)
  const own = one.proposedBy === who.id
  const approves = who.role === 'CREDIT_HEAD' && !own
  const rejects = who.role === 'CREDIT_HEAD' || who.role === 'RISK_MANAGER'
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <h3 className="font-semibold">{d.models.proposalKinds[one.kind](`${one.model.name} ${one.model.version}`, one.sharePpm === null ? '' : formatPpm(one.sharePpm, locale, 0))}</h3>
        <Tag tone={outcomeTone(one.state)}>{d.models.proposalStates[one.state]}</Tag>
        {one.underAlarm && <Tag tone="warn">{d.models.underAlarm}</Tag>}
      </div>
      <Facts
        columns={3}
        facts={[
          { name: d.reason, value: one.reason, wide: true },
          { name: d.cases.proposedBy, value: own ? d.you : <Id id={one.proposedBy} /> },
          { name: d.when, value: <Moment at={one.proposedAt} /> },
          ...(one.evidence?.aucDifference == null ? [] : [{ name: d.models.auc, value: `${one.evidence.aucDifference} (${one.evidence.aucLow ?? '?'} – ${one.evidence.aucHigh ?? '?'})` }]),
          ...(one.decidedBy === null ? [] : [{ name: d.cases.decidedBy, value: <Id id={one.decidedBy} /> }]),
        ]}
      />
      {one.state === 'OPEN' && (
        <>
          <div className="flex flex-wrap gap-2">
            {approves && <Act title={d.rules.approve} help={d.models.approveHelp} reason tone="primary" go={(reason) => send({ id: one.id, approve: true, reason })} done={again} />}
            {rejects && <Act title={own ? d.rules.withdraw : d.rules.reject} help={d.models.rejectHelp} reason go={(reason) => send({ id: one.id, approve: false, reason })} done={again} />}
          </div>
          {own ? <WhyNot>{d.why.youProposedModel}</WhyNot> : !approves && <WhyNot>{d.why.approvesModels}</WhyNot>}
        </>
      )}
    </>
  )
}

function Drift() {
  const { d, locale } = useDesk()
  const answer = useAsk(DRIFT, { days: 7 })
  return (
    <Part title={d.models.drift} lead={d.models.driftLead}>
      <Shown answer={answer} of={(data) => data.riskDrift} rows={4}>
        {(list) => {
          const rows = list.flatMap((model) => model.indices.map((index) => ({ ...index, model: `${model.model} ${model.version}` })))
          if (rows.length === 0) return <Empty title={d.models.noDrift}>{d.models.noDriftHelp}</Empty>
          return (
            <Table
              label={d.models.drift}
              rows={rows}
              id={(row) => row.model + row.subject}
              columns={[
                { name: d.models.number, cell: (row) => wordFor(d.applications.factNames, row.subject) },
                { name: d.models.model, cell: (row) => row.model },
                { name: d.models.level, cell: (row) => (row.level === null ? <Tag>{d.models.tooFew}</Tag> : <Tag tone={row.level === 'STABLE' ? 'good' : row.level === 'LOOK' ? 'warn' : 'bad'}>{d.models.levels[row.level]}</Tag>) },
                { name: d.models.psi, right: true, cell: (row) => formatPpm(row.psiPpm, locale) },
                { name: d.models.noise, right: true, cell: (row) => formatPpm(row.noisePpm, locale) },
                { name: d.models.rows, right: true, cell: (row) => <Count of={row.rows} /> },
              ]}
            />
          )
        }}
      </Shown>
    </Part>
  )
}
