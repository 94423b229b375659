import { useState } from 'react'
import { useParams } from 'react-router'
import { Button } from 'react-aria-components'
import type { ResultOf } from '../../api/graphql'
import { formatDate, formatTerm } from '../../format/dates'
import { formatMoney } from '../../format/money'
import { formatPercent } from '../../format/rate'
import { useText } from '../../text'
import { useAsk } from '../api/ask'
import { APPLICATION, DECISION, FRAUD, REPLAY, RULE_REPLAY } from '../api/risk'
import { OBLIGATIONS } from '../api/rules'
import { formatPpm } from '../parts/figures'
import { Facts, Figure, Figures, Fold, Id, Json, Moment, Tag } from '../parts/Pieces'
import { Empty, Part, Screen, Shown, smallQuiet } from '../parts/Screen'
import { Table } from '../parts/Table'
import { outcomeTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'

type Decision = ResultOf<typeof DECISION>['riskDecisions'][number]

export function ApplicationPage() {
  const { d } = useDesk()
  const { id = '' } = useParams()
  return (
    <Screen title={d.applications.one} back={{ to: '/desk/applications', name: d.applications.title }}>
      <Asked id={id} />
      <Decided id={id} />
      <Fraud id={id} />
      <Law id={id} />
    </Screen>
  )
}

function Asked({ id }: { id: string }) {
  const { d, locale } = useDesk()
  const { t } = useText()
  const answer = useAsk(APPLICATION, { request: id })
  return (
    <Part title={d.applications.asked}>
      <Shown answer={answer} of={(data) => data.quoteRequest} rows={4}>
        {(request) => (
          <div className="flex flex-col gap-5">
            <Facts
              columns={3}
              facts={[
                { name: d.lender.amount, value: formatMoney(request.amount, locale) },
                { name: d.applications.term, value: formatTerm(request.term.count, request.term.unit, locale) },
                { name: d.state, value: <Tag tone={outcomeTone(request.state)}>{wordFor(d.applications.states, request.state)}</Tag> },
                { name: d.when, value: <Moment at={request.createdAt} /> },
                { name: d.applications.answered, value: `${request.lenders.filter((lender) => !lender.waiting).length} / ${request.lenders.length}` },
                { name: d.id, value: <Id id={request.id} /> },
              ]}
            />
            {request.refusal.length > 0 && (
              <ul className="list-disc pl-5">
                {request.refusal.map((reason) => (
                  <li key={reason.code}>{reason.text}</li>
                ))}
              </ul>
            )}
            {request.quotes.edges.length > 0 && (
              <Fold title={d.applications.offers(request.quotes.edges.length)}>
                <Table
                  label={d.applications.offers(request.quotes.edges.length)}
                  rows={request.quotes.edges.map((edge) => edge.node)}
                  id={(row) => row.id}
                  columns={[
                    { name: d.loan.lender, cell: (row) => `${row.position}. ${row.provider}` },
                    { name: d.lender.product, cell: (row) => t.products[row.product] },
                    { name: d.lender.verified, right: true, cell: (row) => formatPercent(row.verifiedApr.percent, locale) },
                    { name: d.lender.declared, right: true, cell: (row) => formatPercent(row.declaredApr.percent, locale) },
                    { name: d.applications.receives, right: true, cell: (row) => formatMoney(row.netDisbursed, locale) },
                    { name: d.applications.pays, right: true, cell: (row) => formatMoney(row.totalOfPayments, locale) },
                  ]}
                />
              </Fold>
            )}
            {request.losers.length > 0 && (
              <Fold title={d.applications.silences(request.losers.length)}>
                <ul className="flex flex-col divide-y divide-line">
                  {request.losers.map((loser) => (
                    <li key={loser.provider} className="py-2">
                      <strong>{loser.provider}</strong> <span className="text-ink-soft">{t.losers[loser.kind]}</span>
                      {loser.reasons.length > 0 && <p className="text-sm">{loser.reasons.map((reason) => reason.text).join(' ')}</p>}
                    </li>
                  ))}
                </ul>
              </Fold>
            )}
          </div>
        )}
      </Shown>
    </Part>
  )
}

function Decided({ id }: { id: string }) {
  const { d } = useDesk()
  const answer = useAsk(DECISION, { request: id })
  return (
    <Shown answer={answer} of={(data) => data.riskDecisions} rows={6}>
      {(list) =>
        list.length === 0 ? (
          <Part title={d.applications.decision}>
            <Empty title={d.applications.undecided}>{d.applications.undecidedHelp}</Empty>
          </Part>
        ) : (
          list.map((decision) => <One key={decision.id} decision={decision} />)
        )
      }
    </Shown>
  )
}

function One({ decision }: { decision: Decision }) {
  const { d, locale } = useDesk()
  const inside = decision.inside
  return (
    <Part title={d.applications.decision} lead={d.applications.decisionLead} aside={<Tag tone={outcomeTone(decision.outcome)}>{d.applications.outcomes[decision.outcome]}</Tag>}>
      <div className="flex flex-col gap-5">
        {inside !== null && (
          <Figures>
            <Figure name={d.applications.score} value={inside.score} note={inside.model} />
            <Figure name={d.applications.pd} value={formatPpm(inside.pdPpm, locale)} note={d.applications.pdNote} />
            <Figure name={d.applications.limit} value={formatMoney(inside.limit, locale, true)} note={d.applications.limitNote} />
            <Figure name={d.applications.available} value={formatMoney(inside.available, locale, true)} note={d.applications.availableNote} />
          </Figures>
        )}
        {decision.reasons.length > 0 && (
          <div>
            <h3 className="font-medium">{d.applications.told}</h3>
            <ol className="mt-1 list-decimal pl-5">
              {decision.reasons.map((reason) => (
                <li key={reason.code}>
                  {reason.text} <code className="font-mono text-xs text-ink-soft">{reason.code}</code>
                </li>
              ))}
            </ol>
          </div>
        )}
        {inside !== null && <Known facts={inside.facts} />}
        <Replay id={decision.id} />
        <Facts
          columns={3}
          facts={[
            { name: d.when, value: <Moment at={decision.decidedAt} /> },
            { name: d.cases.customer, value: <Id id={decision.borrower} /> },
            { name: d.id, value: <Id id={decision.id} /> },
            ...(inside === null ? [] : [{ name: d.applications.modelHash, value: <Id id={inside.modelDigest} /> }]),
            ...(inside?.reviewState == null ? [] : [{ name: d.applications.review, value: wordFor(d.reviews.states, inside.reviewState) }]),
          ]}
        />
        {inside !== null && (
          <Fold title={d.asWritten}>
            <Json value={inside.record} label={d.asWritten} />
          </Fold>
        )}
      </div>
    </Part>
  )
}

interface Known {
  readonly name: string
  readonly value: string
  readonly source: string
  readonly age: string
}

function Known({ facts }: { facts: unknown }) {
  const { d } = useDesk()
  const rows = knownFacts(facts)
  if (rows.length === 0) return null
  return (
    <div>
      <h3 className="mb-1 font-medium">{d.applications.facts}</h3>
      <Table
        label={d.applications.facts}
        rows={rows}
        id={(row) => row.name}
        columns={[
          { name: d.applications.fact, cell: (row) => wordFor(d.applications.factNames, row.name) },
          { name: d.applications.value, right: true, cell: (row) => row.value },
          { name: d.applications.source, cell: (row) => wordFor(d.applications.sources, row.source) },
          { name: d.applications.age, right: true, cell: (row) => (row.age === '' ? d.none : d.applications.days(Number(row.age))) },
        ]}
      />
    </div>
  )
}

/** Facts come as a list or by name; both are read, anything else is left to the record as it is written. */
export function knownFacts(facts: unknown): Known[] {
  const text = (value: unknown) => (value === null || value === undefined ? '' : String(value))
  const entries: [string, unknown][] = Array.isArray(facts)
    ? facts.map((one: unknown) => [text((one as Record<string, unknown>)?.['fact']), one])
    : typeof facts === 'object' && facts !== null
      ? Object.entries(facts)
      : []
  return entries.flatMap(([name, one]) => {
    if (typeof one !== 'object' || one === null || name === '') return []
    const fact = one as Record<string, unknown>
    return [{ name, value: text(fact['value']), source: text(fact['source']), age: text(fact['days']) }]
  })
}

/** Makes the decision again and lays the hashes side by side. */
function Replay({ id }: { id: string }) {
  const { d } = useDesk()
  const [wanted, setWanted] = useState(false)
  return (
    <div className="rounded-xl border border-line p-4">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <div>
          <h3 className="font-medium">{d.applications.replay}</h3>
          <p className="max-w-prose text-sm text-ink-soft text-pretty">{d.applications.replayLead}</p>
        </div>
        {!wanted && (
          <Button className={smallQuiet} onPress={() => setWanted(true)}>
            {d.applications.replayButton}
          </Button>
        )}
      </div>
      {wanted && <Replayed id={id} />}
    </div>
  )
}

function Replayed({ id }: { id: string }) {
  const { d } = useDesk()
  const answer = useAsk(REPLAY, { id })
  return (
    <div className="mt-3" role="status">
      <Shown answer={answer} of={(data) => data.riskReplay} rows={2}>
        {(replay) => (
          <div className="flex flex-col gap-2">
            <p>
              <Tag tone={replay.same ? 'good' : 'bad'}>{replay.same ? d.applications.same : d.applications.other}</Tag>
            </p>
            {replay.failure !== null && <p>{replay.failure}</p>}
            <Facts
              columns={1}
              facts={[
                { name: d.applications.stored, value: <Id id={replay.storedSha256} whole /> },
                { name: d.applications.replayed, value: replay.replayedSha256 === null ? d.none : <Id id={replay.replayedSha256} whole /> },
              ]}
            />
          </div>
        )}
      </Shown>
    </div>
  )
}

function Fraud({ id }: { id: string }) {
  const { d } = useDesk()
  const answer = useAsk(FRAUD, { request: id })
  return (
    <Part title={d.applications.fraud} lead={d.applications.fraudLead}>
      <Shown answer={answer} of={(data) => data.fraudChecks} rows={3}>
        {(checks) =>
          checks.length === 0 ? (
            <Empty title={d.applications.noFraud} />
          ) : (
            <ul className="flex flex-col gap-4">
              {checks.map((check) => (
                <li key={check.decidedAt} className="flex flex-col gap-3">
                  <p className="flex flex-wrap items-center gap-3">
                    <Tag tone={outcomeTone(check.outcome)}>{d.applications.fraudOutcomes[check.outcome]}</Tag>
                    <span className="text-sm text-ink-soft">
                      <Moment at={check.decidedAt} />
                    </span>
                  </p>
                  {check.fired.length === 0 ? (
                    <p className="text-ink-soft">{d.applications.nothingFired}</p>
                  ) : (
                    <Table
                      label={d.applications.fired}
                      rows={check.fired}
                      id={(row) => row.rule + row.reference}
                      columns={[
                        { name: d.applications.fraudRule, cell: (row) => <code className="font-mono text-sm break-all">{row.rule}</code> },
                        { name: d.reason, cell: (row) => row.reason },
                        { name: d.applications.weight, right: true, cell: (row) => row.weight },
                      ]}
                    />
                  )}
                  {check.typologies.length > 0 && (
                    <ul className="flex flex-wrap gap-2">
                      {check.typologies.map((typology) => (
                        <li key={typology.id}>
                          <Tag tone={outcomeTone(typology.outcome)}>{`${typology.id.toLowerCase().replaceAll('_', ' ')} ${typology.score}`}</Tag>
                        </li>
                      ))}
                    </ul>
                  )}
                </li>
              ))}
            </ul>
          )
        }
      </Shown>
    </Part>
  )
}

/** What the law decided, made again on demand, and what is owed by a day. */
function Law({ id }: { id: string }) {
  const { d, locale } = useDesk()
  const [wanted, setWanted] = useState(false)
  const owed = useAsk(OBLIGATIONS, { state: null, request: id, first: 20 })
  return (
    <Part
      title={d.applications.law}
      lead={d.applications.lawLead}
      aside={
        !wanted && (
          <Button className={smallQuiet} onPress={() => setWanted(true)}>
            {d.applications.lawButton}
          </Button>
        )
      }
    >
      <div className="flex flex-col gap-4">
        {wanted && <LawReplay id={id} />}
        <Shown answer={owed} of={(data) => data.obligations} rows={2}>
          {(list) =>
            list.length === 0 ? (
              <p className="text-ink-soft">{d.deadlines.noneHere}</p>
            ) : (
              <ul className="flex flex-col divide-y divide-line">
                {list.map((one) => (
                  <li key={one.id} className="flex flex-wrap items-center gap-3 py-2">
                    <Tag tone={outcomeTone(one.state)}>{wordFor(d.deadlines.states, one.state)}</Tag>
                    <span>{wordFor(d.deadlines.codes, one.code)}</span>
                    <span className="text-ink-soft">{d.deadlines.by(formatDate(one.dueOn, locale))}</span>
                  </li>
                ))}
              </ul>
            )
          }
        </Shown>
      </div>
    </Part>
  )
}

function LawReplay({ id }: { id: string }) {
  const { d } = useDesk()
  const answer = useAsk(RULE_REPLAY, { request: id })
  return (
    <Shown answer={answer} of={(data) => data.ruleReplay} rows={3}>
      {(list) => {
        const differ = list.filter((one) => !one.same)
        return (
          <div role="status" className="flex flex-col gap-3">
            <p>
              <Tag tone={differ.length === 0 ? 'good' : 'bad'}>{differ.length === 0 ? d.applications.lawSame(list.length) : d.applications.lawOther(differ.length, list.length)}</Tag>
            </p>
            {differ.map((one) => (
              <Fold key={one.id} title={one.kind}>
                <Json value={{ stored: one.stored, replayed: one.replayed }} label={one.id} />
              </Fold>
            ))}
          </div>
        )
      }}
    </Shown>
  )
}
