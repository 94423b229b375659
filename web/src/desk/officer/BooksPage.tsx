import { useCallback, useEffect, useState } from 'react'
import { Button } from 'react-aria-components'
import { useAsk, type Wrong } from '../api/ask'
import { RECONCILIATION } from '../api/lists'
import { PAUSES } from '../api/loans'
import { Count, Figure, Figures, Id, Moment, Tag } from '../parts/Pieces'
import { Empty, Part, Screen, Shown, Skeleton, smallQuiet, Trouble } from '../parts/Screen'
import { Table } from '../parts/Table'
import { useDesk } from '../parts/words'
import { chains, readMetrics, type Sample, sum } from './metrics'

export function BooksPage() {
  const { d } = useDesk()
  const answer = useAsk(PAUSES, {})
  return (
    <Screen title={d.books.title} lead={d.books.lead}>
      <Ready />
      <Compared />
      <Part title={d.books.breakers} lead={d.books.breakersLead}>
        <Shown answer={answer} of={(data) => data.assetPauses} rows={2}>
          {(pauses) =>
            pauses.length === 0 ? (
              <Empty title={d.books.noPauses}>{d.books.noPausesHelp}</Empty>
            ) : (
              <Table
                label={d.books.breakers}
                rows={pauses}
                id={(row) => row.txHash + row.asset}
                columns={[
                  { name: d.books.asset, cell: (row) => <Id id={row.asset} /> },
                  { name: d.loan.chain, cell: (row) => row.chainId },
                  { name: d.books.used, right: true, cell: (row) => row.used },
                  { name: d.books.cap, right: true, cell: (row) => row.cap },
                  { name: d.books.refusedLoan, right: true, cell: (row) => row.refused },
                  { name: d.loan.transaction, cell: (row) => <Id id={row.txHash} /> },
                  { name: d.when, cell: (row) => <Moment at={row.at} /> },
                ]}
              />
            )
          }
        </Shown>
      </Part>
      <Running />
    </Screen>
  )
}

type Read<Value> = { readonly state: 'asking' } | { readonly state: 'wrong'; readonly wrong: Wrong } | { readonly state: 'there'; readonly value: Value }

/** Reads a route of the process itself. */
function useRoute<Value>(path: string, read: (answer: Response) => Promise<Value>): [Read<Value>, () => void] {
  const [state, setState] = useState<Read<Value>>({ state: 'asking' })
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    fetch(path, { signal: stop.signal, credentials: 'omit' })
      .then(read)
      .then((value) => setState({ state: 'there', value }))
      .catch(() => stop.signal.aborted || setState({ state: 'wrong', wrong: { kind: 'offline', said: null } }))
    return () => stop.abort()
    // The reader is the same function in every turn.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [path, turn])
  return [state, useCallback(() => setTurn((before) => before + 1), [])]
}

async function readReady(answer: Response): Promise<readonly string[]> {
  if (answer.status !== 200 && answer.status !== 503) throw new Error(String(answer.status))
  const body = (await answer.json()) as { waitingFor?: string[] }
  return body.waitingFor ?? []
}

async function readSamples(answer: Response): Promise<readonly Sample[] | null> {
  const kind = answer.headers.get('content-type') ?? ''
  return answer.ok && kind.startsWith('text/plain') ? readMetrics(await answer.text()) : null
}

function Ready() {
  const { d } = useDesk()
  const [ready, again] = useRoute('/readyz', readReady)
  return (
    <Part title={d.books.service} aside={<Button className={smallQuiet} onPress={again}>{d.refresh}</Button>}>
      {ready.state === 'asking' && <Skeleton rows={1} />}
      {ready.state === 'wrong' && <Trouble wrong={ready.wrong} />}
      {ready.state === 'there' && (
        <p role="status">{ready.value.length === 0 ? <Tag tone="good">{d.books.ready}</Tag> : <Tag tone="bad">{d.books.notReady(ready.value.join(', '))}</Tag>}</p>
      )}
    </Part>
  )
}

/** Whether ledger, loans, their events and the chains' events say the same. */
function Compared() {
  const { d } = useDesk()
  const answer = useAsk(RECONCILIATION, {})
  return (
    <Part title={d.books.compared} lead={d.books.comparedLead} aside={<Button className={smallQuiet} onPress={answer.again}>{d.refresh}</Button>}>
      <Shown answer={answer} of={(data) => data.reconciliation} rows={2}>
        {(books) => {
          const found: [string, readonly string[]][] = [
            [d.books.unbalanced, books.ledgerUnbalanced],
            [d.books.projections, books.projectionMismatches],
            [d.books.principals, books.ledgerMismatches],
            [d.books.escrow, books.escrowMismatches],
            [d.books.limits, books.limitMismatches],
          ]
          return (
            <div className="flex flex-col gap-4">
              <p role="status" className="flex flex-wrap items-center gap-3">
                <Tag tone={books.clean ? 'good' : 'bad'}>{books.clean ? d.books.agree : d.books.differ}</Tag>
                <span className="text-ink-soft">
                  <Moment at={books.at} />
                </span>
              </p>
              <Figures>
                <Figure name={d.books.loansSeen} value={<Count of={books.loans} />} />
                <Figure name={d.books.parked} value={<Count of={books.parkedEvents} />} {...(books.parkedEvents > 0 && { tone: 'bad' as const })} />
              </Figures>
              {found.map(
                ([name, ids]) =>
                  ids.length > 0 && (
                    <div key={name}>
                      <h3 className="font-medium text-bad">{name}</h3>
                      <ul className="mt-1 flex flex-col gap-1">
                        {ids.map((id) => (
                          <li key={id}>
                            <Id id={id} />
                          </li>
                        ))}
                      </ul>
                    </div>
                  ),
              )}
            </div>
          )
        }}
      </Shown>
    </Part>
  )
}

function Running() {
  const { d } = useDesk()
  const [samples, again] = useRoute('/metrics', readSamples)
  return (
    <Part title={d.books.reconcile} lead={d.books.reconcileLead} aside={<Button className={smallQuiet} onPress={again}>{d.refresh}</Button>}>
      {samples.state === 'asking' && <Skeleton rows={4} />}
      {samples.state === 'wrong' && <Trouble wrong={samples.wrong} />}
      {samples.state === 'there' && (samples.value === null ? <Empty title={d.books.noMetrics}>{d.books.noMetricsHelp}</Empty> : <Sums samples={samples.value} />)}
    </Part>
  )
}

function Sums({ samples }: { samples: readonly Sample[] }) {
  const { d } = useDesk()
  const overdue = sum(samples, 'usance_rules_obligations_overdue')
  const conflicts = sum(samples, 'usance_audit_anchor_conflicts_total')
  const failed = sum(samples, 'usance_audit_anchors_total', { state: 'FAILED' })
  const policy = sum(samples, 'usance_privacy_without_policy')
  const bad = (value: number | null) => (value !== null && value > 0 ? { tone: 'bad' as const } : {})
  return (
    <div className="flex flex-col gap-5">
      <Figures>
        <Figure name={d.books.overdue} value={overdue ?? d.none} {...bad(overdue)} />
        <Figure name={d.books.conflicts} value={conflicts ?? d.none} {...bad(conflicts)} />
        <Figure name={d.books.failedAnchors} value={failed ?? d.none} {...bad(failed)} />
        <Figure name={d.books.withoutPolicy} value={policy ?? d.none} {...bad(policy)} />
      </Figures>
      <Table
        label={d.books.chains}
        rows={chains(samples)}
        id={(row) => row.chain}
        columns={[
          { name: d.loan.chain, cell: (row) => row.chain },
          { name: d.books.head, right: true, cell: (row) => <Count of={row.head} /> },
          { name: d.books.readTo, right: true, cell: (row) => <Count of={row.read} /> },
          { name: d.books.behind, right: true, cell: (row) => <Tag tone={row.head - row.read > 100 ? 'warn' : 'good'}>{d.books.blocks(Math.max(0, row.head - row.read))}</Tag> },
          { name: d.books.inFlight, right: true, cell: (row) => <Count of={row.inFlight} /> },
        ]}
      />
    </div>
  )
}
