import { type ReactNode, useState } from 'react'
import { useParams } from 'react-router'
import type { ResultOf } from '../../api/graphql'
import { Choose } from '../../design/parts'
import { formatDate } from '../../format/dates'
import { useAsk, useSend } from '../api/ask'
import { ASSIGN, CASE, CHECK, DECIDE, type Ground, GROUNDS, verdictOf } from '../api/cases'
import type { Who } from '../api/who'
import { Act, WhyNot } from '../parts/Act'
import { useEntered } from '../parts/Console'
import { Facts, Fold, Id, Json, Moment, Tag } from '../parts/Pieces'
import { Part, Screen, Shown } from '../parts/Screen'
import { caseTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'
import { Reports } from './Reports'

type Case = NonNullable<ResultOf<typeof CASE>['case']>

export function CasePage() {
  const { d } = useDesk()
  const { id = '' } = useParams()
  const answer = useAsk(CASE, { id })
  return (
    <Screen title={d.cases.one} back={{ to: '/desk/cases', name: d.cases.title }}>
      <Shown answer={answer} of={(data) => data.case} rows={8}>
        {(one) => <Parts one={one} again={answer.again} />}
      </Shown>
    </Screen>
  )
}

function Parts({ one, again }: { one: Case; again: () => void }) {
  const { d, locale } = useDesk()
  const who = useEntered()
  return (
    <>
      <Part
        title={wordFor(d.cases.kinds, one.kind)}
        aside={<Tag tone={caseTone(one.state, one.severity)}>{`${wordFor(d.cases.states, one.state)} · ${wordFor(d.cases.severities, one.severity)}`}</Tag>}
      >
        <Facts
          columns={3}
          facts={[
            { name: d.cases.entity, value: <code className="font-mono break-all">{one.entity}</code> },
            { name: d.cases.customer, value: <Id id={one.subject} /> },
            { name: d.cases.due, value: formatDate(one.dueOn, locale) },
            { name: d.cases.opened, value: <Moment at={one.openedAt} /> },
            { name: d.cases.raisedBy, value: one.raisedBy === null ? d.actors.program : <Id id={one.raisedBy} /> },
            { name: d.cases.assignee, value: one.assignee === null ? d.cases.nobody : one.assignee === who.id ? d.you : <Id id={one.assignee} /> },
            { name: d.id, value: <Id id={one.id} /> },
            { name: d.cases.matchedHash, value: <Id id={one.matchedHash} /> },
          ]}
        />
      </Part>
      <Decision one={one} who={who} again={again} />
      <Part title={d.cases.evidence} lead={d.cases.evidenceLead}>
        <Evidence value={one.evidence} />
      </Part>
      {who.groups.includes('aml') && <Reports id={one.id} who={who} again={again} />}
      <Part title={d.cases.log}>
        <ol className="flex flex-col">
          {one.log.map((line, index) => (
            <li key={index} className="relative border-l-2 border-line py-1.5 pl-5 last:border-transparent">
              <span aria-hidden="true" className="absolute top-3.5 -left-[5px] size-2 rounded-full bg-accent" />
              <p>
                <span className="font-medium">{wordFor(d.cases.lines, line.what)}</span>{' '}
                <span className="text-ink-soft">
                  {d.byWhom} {line.by === who.id ? d.you : line.by.startsWith('prn_') ? <Id id={line.by} /> : wordFor(d.actors, line.by)}
                </span>
              </p>
              <p className="text-sm text-ink-soft">
                <Moment at={line.at} />
                {details(line.detail) !== '' && ` · ${details(line.detail)}`}
              </p>
            </li>
          ))}
        </ol>
      </Part>
    </>
  )
}

function Decision({ one, who, again }: { one: Case; who: Who; again: () => void }) {
  const { d } = useDesk()
  return (
    <Part title={d.cases.decision} lead={d.cases.decisionLead}>
      <div className="flex flex-col gap-4">
        {one.ground !== null && one.verdict !== null && (
          <Facts
            columns={3}
            facts={[
              { name: d.cases.verdict, value: <Tag tone={one.verdict === 'TRUE_HIT' ? 'bad' : 'good'}>{d.cases.verdicts[one.verdict]}</Tag> },
              { name: d.cases.ground, value: d.cases.grounds[one.ground] },
              { name: one.state === 'PROPOSED' ? d.cases.proposedBy : d.cases.decidedBy, value: <Person id={one.maker} who={who} at={one.madeAt} /> },
              ...(one.checker === null ? [] : [{ name: d.cases.agreedBy, value: <Person id={one.checker} who={who} at={one.checkedAt} /> }]),
              ...(one.expiresAt === null ? [] : [{ name: d.cases.holdsUntil, value: <Moment at={one.expiresAt} /> }]),
            ]}
          />
        )}
        <Hands one={one} who={who} again={again} />
      </div>
    </Part>
  )
}

function Person({ id, who, at }: { id: string | null; who: Who; at: string | null }) {
  const { d } = useDesk()
  return (
    <>
      {id === null ? d.none : id === who.id ? d.you : <Id id={id} />}
      <span className="block text-sm text-ink-soft">
        <Moment at={at} />
      </span>
    </>
  )
}

/** What this officer may do with the case, and why not the rest. */
function Hands({ one, who, again }: { one: Case; who: Who; again: () => void }) {
  const { d } = useDesk()
  if (one.state === 'CLOSED') return <WhyNot>{d.why.caseClosed}</WhyNot>
  if (who.role === 'RISK_MANAGER') return <WhyNot>{d.why.readsOnly(d.roles.RISK_MANAGER)}</WhyNot>
  if (one.subject === who.id) return <WhyNot>{d.why.aboutYou}</WhyNot>
  if (one.state === 'PROPOSED') {
    if (one.maker === who.id) return <WhyNot>{d.why.youProposed}</WhyNot>
    if (one.raisedBy === who.id) return <WhyNot>{d.why.youRaised}</WhyNot>
    return <Check one={one} again={again} />
  }
  return (
    <>
      <div className="flex flex-wrap gap-2">
        {one.assignee === who.id ? <Decide one={one} again={again} /> : <Take one={one} who={who} again={again} />}
        {one.assignee === who.id && <GiveBack one={one} again={again} />}
      </div>
      {one.assignee !== who.id && <WhyNot>{one.assignee === null ? d.why.notAssigned : d.why.assignedElsewhere}</WhyNot>}
      {one.assignee === who.id && one.raisedBy === who.id && <WhyNot>{d.why.youRaised}</WhyNot>}
    </>
  )
}

function Take({ one, who, again }: { one: Case; who: Who; again: () => void }) {
  const { d } = useDesk()
  const send = useSend(ASSIGN, (data) => data.assignCase.refusals)
  return <Act title={d.cases.take} help={d.cases.takeHelp} tone="primary" go={() => send({ id: one.id, assignee: who.id })} done={again} />
}

function GiveBack({ one, again }: { one: Case; again: () => void }) {
  const { d } = useDesk()
  const send = useSend(ASSIGN, (data) => data.assignCase.refusals)
  return <Act title={d.cases.giveBack} help={d.cases.giveBackHelp} go={() => send({ id: one.id, assignee: null })} done={again} />
}

function Decide({ one, again }: { one: Case; again: () => void }) {
  const { d } = useDesk()
  const who = useEntered()
  const send = useSend(DECIDE, (data) => data.decideCase.refusals)
  const grounds = GROUNDS.filter((ground) => one.raisedBy !== who.id || verdictOf(ground) === 'TRUE_HIT')
  const [ground, setGround] = useState<Ground>(grounds[0] ?? 'IDENTIFIERS_AGREE')
  const clears = verdictOf(ground) === 'FALSE_POSITIVE'
  return (
    <Act title={d.cases.decide} tone="primary" help={d.cases.decideHelp} go={() => send({ id: one.id, ground })} done={again}>
      <Choose label={d.cases.ground} value={ground} onChange={(id) => setGround(id as Ground)} choices={grounds.map((id) => ({ id, name: `${d.cases.verdicts[verdictOf(id)]}: ${d.cases.grounds[id]}` }))} />
      <Effect>{clears ? (one.severity === 'BLOCK' ? d.cases.effectProposal : d.cases.effectCleared) : d.cases.effectHit}</Effect>
    </Act>
  )
}

function Check({ one, again }: { one: Case; again: () => void }) {
  const { d } = useDesk()
  const send = useSend(CHECK, (data) => data.checkCase.refusals)
  return (
    <div className="flex flex-wrap gap-2">
      <Act title={d.cases.agree} help={d.cases.agreeHelp} tone="primary" go={() => send({ id: one.id, agree: true })} done={again} />
      <Act title={d.cases.giveBackToQueue} help={d.cases.giveBackToQueueHelp} go={() => send({ id: one.id, agree: false })} done={again} />
    </div>
  )
}

function Effect({ children }: { children: ReactNode }) {
  return (
    <p role="status" className="rounded-xl bg-accent-soft px-4 py-3 text-sm">
      {children}
    </p>
  )
}

/** Codes and scores side by side; what is nested stays as it is written. */
function Evidence({ value }: { value: unknown }) {
  const { d } = useDesk()
  const entries = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : []
  const plain = entries.filter(([, one]) => typeof one !== 'object' || one === null)
  return (
    <div className="flex flex-col gap-4">
      {plain.length > 0 && (
        <Facts columns={3} facts={plain.map(([name, one]) => ({ name: wordFor(d.cases.evidenceNames, name), value: typeof one === 'string' && one.length > 22 ? <Id id={one} /> : String(one) }))} />
      )}
      <Fold title={d.asWritten} open={plain.length === 0}>
        <Json value={value} label={d.cases.evidence} />
      </Fold>
    </div>
  )
}

function details(value: unknown): string {
  if (typeof value !== 'object' || value === null) return ''
  return Object.entries(value)
    .filter(([, one]) => typeof one === 'string' || typeof one === 'number' || typeof one === 'boolean')
    .map(([name, one]) => `${name.replaceAll('_', ' ')} ${String(one).length > 22 ? `${String(one).slice(0, 10)}…` : String(one)}`)
    .join(', ')
}
