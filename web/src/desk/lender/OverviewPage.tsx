import { useState } from 'react'
import { formatUntil } from '../../format/dates'
import { Pick } from '../../design/parts'
import type { ResultOf } from '../../api/graphql'
import { useAsk } from '../api/ask'
import { LENDER } from '../api/lender'
import { Count, Facts, Figure, Figures, Id, Moment, Tag } from '../parts/Pieces'
import { Empty, Part, Screen, Shown } from '../parts/Screen'
import { formatMs, share } from '../parts/figures'
import { lenderTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'
import { Mine } from './mine'
import { Funnel, Gap, Way } from './pictures'

type Lender = NonNullable<ResultOf<typeof LENDER>['provider']>

const SPANS = [60, 1440, 10_080] as const

export function OverviewPage() {
  const { d } = useDesk()
  return (
    <Screen title={d.lender.overview} lead={d.lender.overviewLead}>
      <Mine>{(id) => <Overview id={id} />}</Mine>
    </Screen>
  )
}

function Overview({ id }: { id: string }) {
  const { d } = useDesk()
  const [minutes, setMinutes] = useState<number>(10_080)
  const answer = useAsk(LENDER, { id, minutes })
  return (
    <>
      <Pick label={d.lender.span} value={String(minutes)} choices={SPANS.map((span) => ({ id: String(span), name: d.lender.spans[span] }))} onChange={(span) => setMinutes(Number(span))} />
      <Shown answer={answer} of={(data) => data.provider} rows={8}>
        {(lender) => <Parts lender={lender} />}
      </Shown>
    </>
  )
}

function Parts({ lender }: { lender: Lender }) {
  const { d, locale } = useDesk()
  const { health } = lender
  const offered = health.results.find((result) => result.result === 'OFFERED')?.count ?? 0
  return (
    <>
      <State lender={lender} />
      <Figures>
        <Figure name={d.lender.questions} value={<Count of={health.calls} />} note={health.lastGood === null ? d.lender.noGood : d.lender.lastGood(formatUntil(health.lastGood, new Date(), locale))} />
        <Figure name={d.lender.errors} value={share(health.errors, health.calls, locale) ?? d.none} note={d.lender.ofCalls(health.errors)} {...(health.errors > 0 && { tone: 'bad' as const })} />
        <Figure name={d.lender.p50} value={health.p50Ms === null ? d.none : formatMs(health.p50Ms, locale)} note={health.p99Ms === null ? undefined : d.lender.p99(formatMs(health.p99Ms, locale))} />
        <Figure name={d.lender.misdeclared} value={<Count of={health.misdeclared} />} note={d.lender.ofQuotes(health.quotes)} {...(health.misdeclared > 0 && { tone: 'bad' as const })} />
      </Figures>
      {health.calls === 0 ? (
        <Empty title={d.lender.quietTitle}>{d.lender.quietHelp}</Empty>
      ) : (
        <div className="grid gap-6 xl:grid-cols-2">
          <Part title={d.lender.funnel} lead={d.lender.funnelLead}>
            <Funnel
              stages={[
                { name: d.lender.stages.asked, count: health.calls },
                { name: d.lender.stages.offered, count: offered },
                { name: d.lender.stages.shown, count: health.quotes, note: d.lender.stages.shownNote },
                { name: d.lender.stages.accepted, count: health.accepted },
                { name: d.lender.stages.taken, count: Math.max(0, health.acceptCalls - health.acceptFailures), ...(health.acceptFailures > 0 && { note: d.lender.unknownOutcome(health.acceptFailures) }) },
              ]}
            />
          </Part>
          <div className="flex min-w-0 flex-col gap-6">
            <Part title={d.lender.gap} lead={d.lender.gapLead}>
              {health.aprGapMedianPpm === null || health.aprGapWorstPpm === null ? <Empty title={d.lender.noGap} /> : <Gap median={health.aprGapMedianPpm} worst={health.aprGapWorstPpm} />}
            </Part>
            <Part title={d.lender.answers} lead={d.lender.answersLead}>
              <ul className="flex flex-col divide-y divide-line">
                {health.results.map((result) => (
                  <li key={result.result} className="flex items-baseline justify-between gap-4 py-1.5">
                    <span>{wordFor(d.lender.results, result.result)}</span>
                    <span className="whitespace-nowrap">
                      <span className="mr-2 text-sm text-ink-soft">{share(result.count, health.calls, locale)}</span>
                      <strong>
                        <Count of={result.count} />
                      </strong>
                    </span>
                  </li>
                ))}
              </ul>
            </Part>
          </div>
        </div>
      )}
    </>
  )
}

function State({ lender }: { lender: Lender }) {
  const { d, locale } = useDesk()
  const way = (['DRAFT', 'TESTING', 'CERTIFIED', 'LIVE'] as const).map((id) => ({ id, name: d.lender.states[id], help: d.lender.stateHelp[id] }))
  return (
    <Part
      title={lender.name}
      lead={d.lender.since(lender.id, lender.kind)}
      aside={<Tag tone={lenderTone(lender.state)}>{wordFor(d.lender.states, lender.state)}</Tag>}
    >
      {lender.suspension === null ? (
        <Way label={d.lender.way} steps={way} at={lender.state} />
      ) : (
        <div className="rounded-xl bg-bad-soft px-4 py-3">
          <p className="font-medium text-bad">{lender.suspension.by === 'OFFICER' ? d.lender.stoppedByOfficer : d.lender.stoppedByRules(wordFor(d.lender.causes, lender.suspension.cause ?? ''))}</p>
          <p className="text-sm">{lender.reason}</p>
          {lender.suspension.probationAt !== null && <p className="text-sm">{d.lender.probation(formatUntil(lender.suspension.probationAt, new Date(), locale))}</p>}
        </div>
      )}
      <div className="mt-5">
        <Facts
          columns={3}
          facts={[
            { name: d.lender.version, value: `${lender.version} · ${d.lender.changeNumber(lender.revision)}` },
            { name: d.lender.changed, value: <Moment at={lender.changedAt} /> },
            { name: d.lender.listed, value: <Moment at={lender.createdAt} /> },
            { name: d.lender.configHash, value: <Id id={lender.configSha256} /> },
            { name: d.lender.limits, value: d.lender.limitsText(lender.limits.quotesPerSecond, lender.limits.burst, lender.limits.maxConcurrent) },
            { name: d.lender.configured, value: lender.configured ? d.yes : d.no },
          ]}
        />
      </div>
    </Part>
  )
}
