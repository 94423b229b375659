import { useState } from 'react'
import { useParams, useSearchParams } from 'react-router'
import type { ResultOf } from '../../api/graphql'
import { Choose } from '../../design/parts'
import { useAsk, useSend } from '../api/ask'
import { DECIDE_IDENTITY, PROPOSE_IDENTITY, VERIFICATION, VERIFICATIONS } from '../api/identity'
import type { Who } from '../api/who'
import { Act, WhyNot } from '../parts/Act'
import { useEntered } from '../parts/Console'
import { Facts, Id, Moment, ShortId, Tag } from '../parts/Pieces'
import { Empty, Part, Screen, Shown } from '../parts/Screen'
import { More, Table } from '../parts/Table'
import { identityTone, outcomeTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'

type One = NonNullable<ResultOf<typeof VERIFICATION>['verification']>

const STATES = ['REVIEW', 'ON_HOLD', 'PENDING', 'OPEN', 'RETRY', 'VERIFIED', 'REJECTED', 'EXPIRED', 'CREATED', 'ERASED'] as const

export function IdentityPage() {
  const { d } = useDesk()
  const [search, setSearch] = useSearchParams()
  const [first, setFirst] = useState(25)
  const state = STATES.find((known) => known === search.get('state')) ?? null
  const answer = useAsk(VERIFICATIONS, { state, first })
  return (
    <Screen title={d.identity.title} lead={d.identity.lead}>
      <div className="max-w-xs">
        <Choose
          label={d.state}
          value={state ?? 'ALL'}
          onChange={(id) => setSearch(id === 'ALL' ? {} : { state: id }, { replace: true })}
          choices={[{ id: 'ALL', name: d.identity.waitingFirst }, ...STATES.map((id) => ({ id, name: d.identity.states[id] }))]}
        />
      </div>
      <Part title={state === null ? d.identity.waitingFirst : d.identity.states[state]}>
        <Shown answer={answer} of={(data) => data.verifications} rows={6}>
          {(list) =>
            list.length === 0 ? (
              <Empty title={d.identity.none}>{d.identity.noneHelp}</Empty>
            ) : (
              <>
                <Table
                  label={d.identity.title}
                  rows={list}
                  id={(row) => row.id}
                  to={(row) => `/desk/identity/${row.id}`}
                  columns={[
                    { name: d.cases.customer, cell: (row) => <ShortId id={row.borrower} /> },
                    { name: d.state, cell: (row) => <Tag tone={identityTone(row.state)}>{d.identity.states[row.state]}</Tag> },
                    { name: d.identity.because, cell: (row) => (row.reason === null ? d.none : wordFor(d.identity.reasons, row.reason)) },
                    { name: d.identity.level, cell: (row) => d.identity.levels[row.level] },
                    { name: d.identity.vendor, cell: (row) => row.vendor },
                    { name: d.identity.changed, cell: (row) => <Moment at={row.changedAt} /> },
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

export function VerificationPage() {
  const { d } = useDesk()
  const { id = '' } = useParams()
  const answer = useAsk(VERIFICATION, { id })
  return (
    <Screen title={d.identity.one} back={{ to: '/desk/identity', name: d.identity.title }}>
      <Shown answer={answer} of={(data) => data.verification} rows={8}>
        {(one) => <Parts one={one} again={answer.again} />}
      </Shown>
    </Screen>
  )
}

function Parts({ one, again }: { one: One; again: () => void }) {
  const { d } = useDesk()
  const who = useEntered()
  return (
    <>
      <Part title={d.identity.stands} aside={<Tag tone={identityTone(one.state)}>{d.identity.states[one.state]}</Tag>}>
        <Facts
          columns={3}
          facts={[
            { name: d.cases.customer, value: <Id id={one.borrower} /> },
            { name: d.identity.level, value: d.identity.levels[one.level] },
            { name: d.identity.vendor, value: one.vendor },
            { name: d.identity.because, value: one.reason === null ? d.none : wordFor(d.identity.reasons, one.reason) },
            { name: d.identity.attempts, value: one.attempts ?? d.none },
            { name: d.identity.labels, value: one.labels.length === 0 ? d.none : one.labels.map((label) => label.toLowerCase().replaceAll('_', ' ')).join(', ') },
            { name: d.identity.begun, value: <Moment at={one.createdAt} /> },
            { name: d.identity.changed, value: <Moment at={one.changedAt} /> },
            { name: d.identity.until, value: <Moment at={one.verifiedUntil} /> },
            { name: d.id, value: <Id id={one.id} /> },
          ]}
        />
        <p className="mt-4 text-sm text-ink-soft text-pretty">{d.identity.noDocuments}</p>
      </Part>
      <Part title={d.cases.decision} lead={d.identity.decisionLead}>
        <div className="flex flex-col gap-4">
          {one.review !== null && (
            <Facts
              columns={3}
              facts={[
                { name: d.identity.proposal, value: one.review.approve ? d.identity.toApprove : d.identity.toReject },
                { name: d.state, value: <Tag tone={outcomeTone(one.review.state === 'CONFIRMED' ? 'APPROVED' : one.review.state)}>{wordFor(d.identity.reviewStates, one.review.state)}</Tag> },
                { name: d.cases.proposedBy, value: one.review.proposedBy === who.id ? d.you : <Id id={one.review.proposedBy} /> },
                { name: d.reason, value: one.review.note, wide: true },
                ...(one.review.decidedBy === null ? [] : [{ name: d.cases.decidedBy, value: <Id id={one.review.decidedBy} /> }, { name: d.reason, value: one.review.decisionNote ?? d.none }]),
              ]}
            />
          )}
          <Hands one={one} who={who} again={again} />
        </div>
      </Part>
      <Part title={d.identity.told} lead={d.identity.toldLead}>
        {one.events.length === 0 ? (
          <Empty title={d.identity.nothingTold} />
        ) : (
          <Table
            label={d.identity.told}
            rows={one.events}
            id={(row) => `${row.kind}${row.receivedAt}`}
            columns={[
              { name: d.identity.event, cell: (row) => <code className="font-mono text-sm">{row.kind}</code> },
              { name: d.state, cell: (row) => wordFor(d.identity.eventStates, row.state) },
              { name: d.when, cell: (row) => <Moment at={row.at ?? row.receivedAt} /> },
            ]}
          />
        )}
      </Part>
    </>
  )
}

function Hands({ one, who, again }: { one: One; who: Who; again: () => void }) {
  const { d } = useDesk()
  const propose = useSend(PROPOSE_IDENTITY, (data) => data.proposeVerification.refusals)
  const decide = useSend(DECIDE_IDENTITY, (data) => data.decideVerification.refusals)
  if (who.role === 'RISK_MANAGER') return <WhyNot>{d.why.readsOnly(d.roles.RISK_MANAGER)}</WhyNot>
  const review = one.review
  if (review !== null && review.state === 'OPEN') {
    const own = review.proposedBy === who.id
    return (
      <>
        <div className="flex flex-wrap gap-2">
          {!own && <Act title={d.identity.confirm} help={review.approve ? d.identity.confirmApprove : d.identity.confirmReject} reason tone="primary" go={(note) => decide({ id: review.id, confirm: true, note })} done={again} />}
          <Act title={own ? d.identity.withdraw : d.identity.decline} help={d.identity.declineHelp} reason go={(note) => decide({ id: review.id, confirm: false, note })} done={again} />
        </div>
        {own && <WhyNot>{d.why.youProposedIdentity}</WhyNot>}
      </>
    )
  }
  if (!['REVIEW', 'ON_HOLD', 'REJECTED'].includes(one.state)) return <WhyNot>{d.why.identityNotOurs}</WhyNot>
  return (
    <div className="flex flex-wrap gap-2">
      <Act title={d.identity.proposeApprove} help={d.identity.proposeApproveHelp} reason tone="primary" go={(note) => propose({ id: one.id, approve: true, note })} done={again} />
      {one.state !== 'REJECTED' && <Act title={d.identity.proposeReject} help={d.identity.proposeRejectHelp} reason tone="grave" go={(note) => propose({ id: one.id, approve: false, note })} done={again} />}
    </div>
  )
}
