import { useState } from 'react'
import { Button, FileTrigger } from 'react-aria-components'
import { useParams } from 'react-router'
import type { ResultOf } from '../../api/graphql'
import { Field } from '../../design/parts'
import { formatDate } from '../../format/dates'
import { useAsk, useSend } from '../api/ask'
import { CHANGES, DECIDE_RULES, PROPOSE_RULES, PUBLICATION, PUBLICATIONS, RULES } from '../api/rules'
import type { Who } from '../api/who'
import { Act, WhyNot } from '../parts/Act'
import { useEntered } from '../parts/Console'
import { Count, Facts, Figure, Figures, Fold, Id, Json, Moment, Tag } from '../parts/Pieces'
import { Empty, Part, Screen, Shown, smallQuiet } from '../parts/Screen'
import { More, Table } from '../parts/Table'
import { outcomeTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'

type Publication = NonNullable<ResultOf<typeof PUBLICATION>['rulePublication']>

export function RulesPage() {
  const { d, locale } = useDesk()
  const who = useEntered()
  const [first, setFirst] = useState(20)
  const answer = useAsk(PUBLICATIONS, { first })
  return (
    <Screen title={d.rules.title} lead={d.rules.lead} actions={who.role !== 'ADMIN' && <Propose done={answer.again} />}>
      <Part title={d.rules.publications}>
        <Shown answer={answer} of={(data) => data.rulePublications} rows={4}>
          {(list) =>
            list.length === 0 ? (
              <Empty title={d.rules.none} />
            ) : (
              <>
                <Table
                  label={d.rules.publications}
                  rows={list}
                  id={(row) => row.id}
                  to={(row) => `/desk/rules/${row.id}`}
                  columns={[
                    { name: d.rules.from, cell: (row) => (row.builtIn ? d.rules.builtIn : formatDate(row.effectiveFrom, locale, 'short')) },
                    { name: d.state, cell: (row) => (row.running ? <Tag tone="good">{d.rules.running}</Tag> : <Tag tone={outcomeTone(row.state === 'PROPOSED' ? 'OPEN' : row.state)}>{d.rules.states[row.state]}</Tag>) },
                    { name: d.rules.rules, right: true, cell: (row) => <Count of={row.rules} /> },
                    { name: d.rules.unverified, right: true, cell: (row) => <Count of={row.unverified} /> },
                    { name: d.reason, cell: (row) => row.reason },
                    { name: d.by, cell: (row) => (row.proposedBy === who.id ? d.you : row.proposedBy.startsWith('prn_') ? <Id id={row.proposedBy} /> : wordFor(d.actors, row.proposedBy)) },
                    { name: d.when, cell: (row) => <Moment at={row.proposedAt} /> },
                  ]}
                />
                <More shown={list.length} asked={first} more={() => setFirst(100)} />
              </>
            )
          }
        </Shown>
      </Part>
      <Set publication={null} />
    </Screen>
  )
}

/** A set is proposed whole: its TOML files, the first day, and why. */
function Propose({ done }: { done: () => void }) {
  const { d } = useDesk()
  const send = useSend(PROPOSE_RULES, (data) => data.proposeRules.refusals)
  const [documents, setDocuments] = useState<readonly { name: string; text: string }[]>([])
  const [from, setFrom] = useState(() => new Date(Date.now() + 86_400_000).toISOString().slice(0, 10))
  const ready = documents.length > 0 && /^\d{4}-\d\d-\d\d$/.test(from)
  const open = async (files: FileList | null) => setDocuments(await Promise.all(Array.from(files ?? [], async (file) => ({ name: file.name, text: await file.text() }))))
  return (
    <Act title={d.rules.propose} help={d.rules.proposeHelp} tone="primary" reason ready={ready} done={done} go={(reason) => send({ input: { documents: [...documents], effectiveFrom: from, reason } })}>
      <div className="flex flex-wrap items-center gap-3">
        <FileTrigger allowsMultiple acceptedFileTypes={['.toml']} onSelect={(files) => void open(files)}>
          <Button className={smallQuiet}>{d.rules.files}</Button>
        </FileTrigger>
        <span className="text-sm text-ink-soft" role="status">
          {documents.length === 0 ? d.rules.noFiles : documents.map((one) => one.name).join(', ')}
        </span>
      </div>
      <Field name="from" label={d.rules.firstDay} help={d.loan.dayHelp} value={from} onChange={setFrom} />
    </Act>
  )
}

export function PublicationPage() {
  const { d } = useDesk()
  const { id = '' } = useParams()
  const answer = useAsk(PUBLICATION, { id })
  return (
    <Screen title={d.rules.one} back={{ to: '/desk/rules', name: d.rules.title }}>
      <Shown answer={answer} of={(data) => data.rulePublication} rows={8}>
        {(one) => <Parts one={one} again={answer.again} />}
      </Shown>
    </Screen>
  )
}

function Parts({ one, again }: { one: Publication; again: () => void }) {
  const { d, locale } = useDesk()
  const who = useEntered()
  return (
    <>
      <Part title={d.identity.stands} aside={<Tag tone={one.running ? 'good' : outcomeTone(one.state === 'PROPOSED' ? 'OPEN' : one.state)}>{one.running ? d.rules.running : d.rules.states[one.state]}</Tag>}>
        <Facts
          columns={3}
          facts={[
            { name: d.rules.from, value: one.builtIn ? d.rules.builtIn : formatDate(one.effectiveFrom, locale) },
            { name: d.rules.rules, value: <Count of={one.rules} /> },
            { name: d.rules.unverified, value: <Count of={one.unverified} /> },
            { name: d.cases.proposedBy, value: one.proposedBy === who.id ? d.you : one.proposedBy.startsWith('prn_') ? <Id id={one.proposedBy} /> : wordFor(d.actors, one.proposedBy) },
            { name: d.when, value: <Moment at={one.proposedAt} /> },
            { name: d.rules.hash, value: <Id id={one.sha256} /> },
            { name: d.reason, value: one.reason, wide: true },
            ...(one.decidedBy === null ? [] : [{ name: d.cases.decidedBy, value: one.decidedBy.startsWith('prn_') ? <Id id={one.decidedBy} /> : wordFor(d.actors, one.decidedBy) }, { name: d.reason, value: one.decisionReason ?? d.none }]),
          ]}
        />
      </Part>
      {one.state === 'PROPOSED' && <Hands one={one} who={who} again={again} />}
      {one.shadow !== null && (
        <Part title={d.rules.shadow} lead={d.rules.shadowLead}>
          <Figures>
            <Figure name={d.rules.decided} value={<Count of={one.shadow.decided} />} />
            <Figure name={d.rules.differing} value={<Count of={one.shadow.differing} />} {...(one.shadow.differing > 0 && { tone: 'bad' as const })} />
            <Figure name={d.rules.unreadable} value={<Count of={one.shadow.failed} />} />
            <Figure name={d.rules.until} value={<span className="text-base"><Moment at={one.shadow.until} /></span>} />
          </Figures>
        </Part>
      )}
      {!one.builtIn && <Changes id={one.id} />}
      <Set publication={one.id} />
    </>
  )
}

function Hands({ one, who, again }: { one: Publication; who: Who; again: () => void }) {
  const { d } = useDesk()
  const send = useSend(DECIDE_RULES, (data) => data.decideRules.refusals)
  const own = one.proposedBy === who.id
  const approves = (who.role === 'MANAGER' || who.role === 'CREDIT_HEAD') && !own
  return (
    <Part title={d.cases.decision} lead={d.rules.decisionLead}>
      <div className="flex flex-col gap-3">
        {who.role !== 'ADMIN' && (
          <div className="flex flex-wrap gap-2">
            {approves && <Act title={d.rules.approve} help={d.rules.approveHelp} reason tone="primary" go={(reason) => send({ id: one.id, approve: true, reason })} done={again} />}
            <Act title={own ? d.rules.withdraw : d.rules.reject} help={d.rules.rejectHelp} reason go={(reason) => send({ id: one.id, approve: false, reason })} done={again} />
          </div>
        )}
        {own ? <WhyNot>{d.why.youProposedRules}</WhyNot> : !approves && <WhyNot>{d.why.approvesRules}</WhyNot>}
      </div>
    </Part>
  )
}

function Changes({ id }: { id: string }) {
  const { d } = useDesk()
  const answer = useAsk(CHANGES, { id })
  return (
    <Part title={d.rules.changes} lead={d.rules.changesLead}>
      <Shown answer={answer} of={(data) => data} rows={4}>
        {(data) => (
          <div className="flex flex-col gap-5">
            {data.ruleChanges.length === 0 ? (
              <Empty title={d.rules.noChanges} />
            ) : (
              <Table
                label={d.rules.changes}
                rows={data.ruleChanges}
                id={(row) => `${row.id}${row.version}`}
                columns={[
                  { name: d.rules.rule, cell: (row) => <code className="font-mono text-sm break-all">{`${row.id} ${row.version}`}</code> },
                  { name: d.rules.what, cell: (row) => <Tag tone={row.what === 'REMOVED' ? 'bad' : 'accent'}>{wordFor(d.rules.whats, row.what)}</Tag> },
                  { name: d.rules.fields, cell: (row) => row.fields.join(', ') || d.none },
                ]}
              />
            )}
            {data.ruleDifferences.map((one) => (
              <Fold key={one.decision} title={`${d.rules.difference}: ${one.kind.toLowerCase()}`}>
                <Json value={one.difference} label={one.decision} />
              </Fold>
            ))}
          </div>
        )}
      </Shown>
    </Part>
  )
}

const STEP = 15

/** The rules of a set, searched here; a page at a time. */
function Set({ publication }: { publication: string | null }) {
  const { d, locale } = useDesk()
  const answer = useAsk(RULES, { publication })
  const [words, setWords] = useState('')
  const [shown, setShown] = useState(STEP)
  return (
    <Part title={publication === null ? d.rules.inForce : d.rules.set}>
      <Shown answer={answer} of={(data) => data.rules} rows={8}>
        {(all) => {
          const sought = words.trim().toLowerCase()
          const found = sought === '' ? all : all.filter((rule) => `${rule.id} ${rule.topic} ${rule.jurisdiction} ${rule.citation} ${rule.message} ${rule.status}`.toLowerCase().includes(sought))
          return (
            <div className="flex flex-col gap-4">
              <div className="max-w-sm">
                <Field name="rules" label={d.rules.search} value={words} onChange={(value) => { setWords(value); setShown(STEP) }} />
              </div>
              <p className="text-sm text-ink-soft" role="status">
                {d.rules.found(found.length, all.length)}
              </p>
              {found.length === 0 ? (
                <Empty title={d.rules.nothingFound} />
              ) : (
                <Table
                  label={d.rules.set}
                  rows={found.slice(0, shown)}
                  id={(row) => `${row.id}${row.version}`}
                  columns={[
                    { name: d.rules.rule, cell: (row) => <code className="font-mono text-sm break-all">{`${row.id} ${row.version}`}</code> },
                    { name: d.rules.where, cell: (row) => row.jurisdiction },
                    { name: d.rules.topic, cell: (row) => wordFor(d.rules.topics, row.topic) },
                    { name: d.rules.checked, cell: (row) => <Tag tone={row.status === 'verified' ? 'good' : 'warn'}>{wordFor(d.rules.statuses, row.status)}</Tag> },
                    { name: d.rules.citation, cell: (row) => <span className="text-sm">{row.citation}</span> },
                    { name: d.rules.from, cell: (row) => formatDate(row.effectiveFrom, locale, 'short') },
                  ]}
                />
              )}
              {found.length > shown && (
                <Button className={`${smallQuiet} self-center`} onPress={() => setShown((before) => before + STEP)}>
                  {d.more}
                </Button>
              )}
            </div>
          )
        }}
      </Shown>
    </Part>
  )
}
