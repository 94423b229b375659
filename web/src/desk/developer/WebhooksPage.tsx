// Webhooks: endpoints, what was sent to them, and sending it again.

import { useState } from 'react'
import { Button } from 'react-aria-components'
import { useSearchParams } from 'react-router'
import type { ResultOf } from '../../api/graphql'
import { Choose, Field, Pick, Tick } from '../../design/parts'
import { useAsk, usePages, useSend } from '../api/ask'
import { CREATE_ENDPOINT, DELETE_ENDPOINT, DELIVERIES, ENDPOINTS, REPLAY, ROTATE_ENDPOINT, TEST_ENDPOINT, UPDATE_ENDPOINT } from '../api/programs'
import { Act } from '../parts/Act'
import { type Issued, Overlap, Secret } from '../parts/Clients'
import { useEntered } from '../parts/Console'
import { Code, Facts, Fold, Id, Moment, Tag, type Tone } from '../parts/Pieces'
import { Empty, Part, Screen, Shown, smallQuiet } from '../parts/Screen'
import { Pager, Table } from '../parts/Table'
import { useDesk, wordFor } from '../parts/words'

type Endpoint = ResultOf<typeof ENDPOINTS>['webhookEndpoints'][number]
type Delivery = ResultOf<typeof DELIVERIES>['webhookDeliveries'][number]
type State = Delivery['state']

const PAGE = 20
const STATES: readonly State[] = ['PENDING', 'DELIVERED', 'FAILED', 'CANCELLED']
const TONES: Readonly<Record<State, Tone>> = { PENDING: 'accent', DELIVERED: 'good', FAILED: 'bad', CANCELLED: 'calm' }

const VERIFY = `import { createHmac, timingSafeEqual } from 'node:crypto'

export function verified(secret, headers, body) {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
  const at = headers['webhook-timestamp']
  if (Math.abs(Date.now() / 1000 - Number(at)) > 300) return false
  const mac = createHmac('sha256', key).update(\`\${headers['webhook-id']}.\${at}.\${body}\`).digest()
  return headers['webhook-signature'].split(' ').some((one) => {
    const given = Buffer.from(one.replace(/^v1,/, ''), 'base64')
    return one.startsWith('v1,') && given.length === mac.length && timingSafeEqual(given, mac)
  })
}`

export function WebhooksPage() {
  const { d } = useDesk()
  const who = useEntered()
  const owner = who.role === 'INTEGRATOR' || who.role === 'PROVIDER'
  const answer = useAsk(ENDPOINTS, {})
  const [issued, setIssued] = useState<Issued | null>(null)
  const [search, setSearch] = useSearchParams()
  const show: Show = (given) => {
    if (given !== null) setIssued({ of: given.endpoint.id, secret: given.secret })
  }
  return (
    <Screen title={d.programs.hooks} lead={d.programs.hooksLead}>
      {issued !== null && <Secret issued={issued} done={() => setIssued(null)} />}
      <Shown answer={answer} of={(data) => data}>
        {({ webhookEndpoints: endpoints, webhookEvents: events }) => {
          const chosen = endpoints.find((one) => one.id === search.get('endpoint')) ?? endpoints[0]
          return (
            <>
              <Part title={d.programs.endpoints} lead={d.programs.endpointsLead} aside={owner && <Add events={events} show={show} done={answer.again} />}>
                {endpoints.length === 0 ? (
                  <Empty title={d.programs.noEndpoints}>{d.programs.noEndpointsHelp}</Empty>
                ) : (
                  <Table<Endpoint>
                    label={d.programs.endpoints}
                    rows={endpoints}
                    id={(row) => row.id}
                    columns={[
                      { name: d.programs.url, cell: (row) => <Address of={row} /> },
                      { name: d.programs.events, cell: (row) => (row.events.length === 0 ? d.programs.allEvents : <span title={row.events.join(', ')}>{d.programs.some(row.events.length)}</span>) },
                      { name: d.state, cell: (row) => <Standing of={row} /> },
                      {
                        name: d.programs.open,
                        cell: (row) => (
                          <Button className={smallQuiet} aria-label={`${d.programs.open} ${row.url}`} onPress={() => setSearch({ endpoint: row.id }, { replace: true })}>
                            {d.programs.open}
                          </Button>
                        ),
                      },
                    ]}
                  />
                )}
              </Part>
              {chosen !== undefined && <Chosen key={chosen.id} of={chosen} owner={owner} events={events} show={show} again={answer.again} gone={() => setSearch({}, { replace: true })} />}
            </>
          )
        }}
      </Shown>
      <Part title={d.programs.verify} lead={d.programs.verifyLead}>
        <Code label={d.programs.verify} text={VERIFY} tall />
      </Part>
    </Screen>
  )
}

type Show = (given: { readonly endpoint: { readonly id: string }; readonly secret: string } | null) => void

function Address({ of }: { of: Endpoint }) {
  return (
    <span className="flex min-w-0 flex-col">
      <code className="font-mono text-sm break-all">{of.url}</code>
      {of.description !== '' && <span className="text-sm text-ink-soft">{of.description}</span>}
      {of.provider !== null && <span className="text-sm text-ink-soft">{of.provider}</span>}
    </span>
  )
}

function Standing({ of }: { of: Endpoint }) {
  const { d } = useDesk()
  return (
    <span className="flex flex-col items-start gap-1">
      <Tag tone={of.state === 'ENABLED' ? (of.failingSince === null ? 'good' : 'warn') : of.state === 'DISABLED' ? 'calm' : 'bad'}>{wordFor(d.programs.endpointStates, of.state)}</Tag>
      {of.failingSince !== null && (
        <span className="text-sm text-ink-soft">
          {d.programs.failingSince} <Moment at={of.failingSince} />
        </span>
      )}
      {of.previousSecretUntil !== null && (
        <span className="text-sm text-ink-soft">
          {d.programs.overlapUntil} <Moment at={of.previousSecretUntil} />
        </span>
      )}
    </span>
  )
}

interface Wish {
  readonly url: string
  readonly description: string
  readonly events: readonly string[]
}

/** What is filled in of an endpoint. */
function Filled({ wish, set, events }: { wish: Wish; set: (wish: Wish) => void; events: readonly string[] }) {
  const { d } = useDesk()
  const [some, setSome] = useState(wish.events.length > 0)
  const choose = (which: string) => {
    setSome(which === 'some')
    set({ ...wish, events: [] })
  }
  return (
    <>
      <Field name="url" label={d.programs.url} help={d.programs.urlHelp} value={wish.url} onChange={(url) => set({ ...wish, url })} maxLength={500} />
      <Field name="description" label={d.programs.description} value={wish.description} onChange={(description) => set({ ...wish, description })} maxLength={200} />
      <Pick
        label={d.programs.events}
        value={some ? 'some' : 'all'}
        onChange={choose}
        choices={[
          { id: 'all', name: d.programs.allEvents },
          { id: 'some', name: d.programs.someEvents },
        ]}
      />
      {some && (
        <div className="grid max-h-64 gap-x-4 gap-y-2 overflow-y-auto rounded-xl border border-line p-3 sm:grid-cols-2">
          {events.map((name) => (
            <Tick key={name} name={name} checked={wish.events.includes(name)} onChange={(on) => set({ ...wish, events: on ? [...wish.events, name] : wish.events.filter((one) => one !== name) })}>
              <code className="font-mono text-sm">{name}</code>
            </Tick>
          ))}
        </div>
      )}
    </>
  )
}

const NOTHING: Wish = { url: '', description: '', events: [] }

function Add({ events, show, done }: { events: readonly string[]; show: Show; done: () => void }) {
  const { d } = useDesk()
  const [wish, setWish] = useState(NOTHING)
  const send = useSend(CREATE_ENDPOINT, (data) => {
    show(data.createWebhookEndpoint.issued)
    return data.createWebhookEndpoint.refusals
  })
  const ended = () => {
    setWish(NOTHING)
    done()
  }
  return (
    <Act title={d.programs.addEndpoint} help={d.programs.addEndpointHelp} tone="primary" ready={wish.url.trim() !== ''} go={() => send({ input: { ...wish, url: wish.url.trim(), events: [...wish.events] } })} done={ended}>
      <Filled wish={wish} set={setWish} events={events} />
    </Act>
  )
}

function Chosen({ of, owner, events, show, again, gone }: { of: Endpoint; owner: boolean; events: readonly string[]; show: Show; again: () => void; gone: () => void }) {
  const { d } = useDesk()
  const [state, setState] = useState<State | 'ALL'>('ALL')
  const pages = usePages()
  const answer = useAsk(DELIVERIES, { endpoint: of.id, state: state === 'ALL' ? null : state, first: PAGE, before: pages.cursor })
  const both = () => {
    again()
    answer.again()
  }
  return (
    <Part title={d.programs.deliveries} lead={<span className="break-all">{of.url}</span>}>
      <div className="flex flex-col gap-4">
        {owner && <Doings of={of} events={events} show={show} again={both} gone={gone} />}
        <div className="flex flex-wrap items-end justify-between gap-3">
          <div className="min-w-48">
            <Choose
              label={d.state}
              value={state}
              onChange={(id) => {
                pages.start()
                setState(STATES.find((one) => one === id) ?? 'ALL')
              }}
              choices={[{ id: 'ALL', name: d.programs.all }, ...STATES.map((id) => ({ id, name: d.programs.states[id] }))]}
            />
          </div>
          <Button className={smallQuiet} onPress={both}>
            {d.refresh}
          </Button>
        </div>
        <p className="text-sm text-ink-soft">{d.programs.deliveriesLead}</p>
        <Shown answer={answer} of={(data) => data.webhookDeliveries}>
          {(rows) => {
            const last = rows.length === PAGE ? rows.at(-1) : undefined
            return rows.length === 0 ? (
              <Empty title={d.programs.noDeliveries}>{d.programs.noDeliveriesHelp}</Empty>
            ) : (
              <>
                <ul className="flex flex-col gap-2" aria-label={d.programs.deliveries}>
                  {rows.map((row) => (
                    <li key={row.id}>
                      <One of={row} owner={owner} enabled={of.state === 'ENABLED'} again={both} />
                    </li>
                  ))}
                </ul>
                <Pager page={pages.page} newer={pages.newer} older={last === undefined ? null : () => pages.older(last.id)} />
              </>
            )
          }}
        </Shown>
      </div>
    </Part>
  )
}

function Doings({ of, events, show, again, gone }: { of: Endpoint; events: readonly string[]; show: Show; again: () => void; gone: () => void }) {
  const { d } = useDesk()
  const test = useSend(TEST_ENDPOINT, (data) => data.sendTestWebhook.refusals)
  const update = useSend(UPDATE_ENDPOINT, (data) => data.updateWebhookEndpoint.refusals)
  const remove = useSend(DELETE_ENDPOINT, (data) => data.deleteWebhookEndpoint.refusals)
  const rotate = useSend(ROTATE_ENDPOINT, (data) => {
    show(data.rotateWebhookSecret.issued)
    return data.rotateWebhookSecret.refusals
  })
  const [wish, setWish] = useState<Wish>({ url: of.url, description: of.description, events: of.events })
  const enabled = of.state === 'ENABLED'
  const turn = () => update({ id: of.id, change: { enabled: !enabled } })
  const removed = () => {
    gone()
    again()
  }
  return (
    <div className="flex flex-wrap gap-2">
      {enabled && <Act title={d.programs.test} help={d.programs.testHelp} tone="primary" go={() => test({ endpoint: of.id })} done={again} />}
      <Act title={d.programs.edit} help={d.programs.editHelp} ready={wish.url.trim() !== ''} go={() => update({ id: of.id, change: { url: wish.url.trim(), description: wish.description, events: [...wish.events] } })} done={again}>
        <Filled wish={wish} set={setWish} events={events} />
      </Act>
      <Overlap title={d.programs.rotate} go={(overlapHours) => rotate({ id: of.id, overlapHours })} done={again} />
      <Act title={enabled ? d.programs.disable : d.programs.enable} help={enabled ? d.programs.disableHelp : d.programs.enableHelp} go={turn} done={again} />
      <Act title={d.programs.remove} help={d.programs.removeHelp} tone="grave" go={() => remove({ id: of.id })} done={removed} />
    </div>
  )
}

function One({ of, owner, enabled, again }: { of: Delivery; owner: boolean; enabled: boolean; again: () => void }) {
  const { d } = useDesk()
  const replay = useSend(REPLAY, (data) => data.replayWebhookDelivery.refusals)
  const ended = of.state === 'DELIVERED' || of.state === 'FAILED'
  return (
    <Fold
      title={
        <span className="flex grow flex-wrap items-center justify-between gap-x-4 gap-y-1">
          <code className="font-mono text-sm">{of.event}</code>
          <span className="flex flex-wrap items-center gap-3">
            <span className="text-sm font-normal text-ink-soft">{d.programs.attempts(of.attempts.length)}</span>
            <span className="text-sm font-normal text-ink-soft">
              <Moment at={of.occurredAt} />
            </span>
            <Tag tone={TONES[of.state]}>{d.programs.states[of.state]}</Tag>
          </span>
        </span>
      }
    >
      <div className="flex flex-col gap-4">
        <Facts
          columns={3}
          facts={[
            { name: 'webhook-id', value: <Id id={of.id} /> },
            { name: d.programs.happened, value: <Moment at={of.occurredAt} /> },
            of.state === 'PENDING' ? { name: d.programs.next, value: <Moment at={of.nextAt} /> } : { name: d.programs.ended, value: <Moment at={of.doneAt} /> },
          ]}
        />
        {owner && enabled && ended && (
          <div>
            <Act title={d.programs.replay} help={d.programs.replayHelp} go={() => replay({ id: of.id })} done={again} />
          </div>
        )}
        <div>
          <h3 className="mb-1 font-medium">{d.programs.body}</h3>
          <Code label={d.programs.body} text={of.body} />
        </div>
        {of.attempts.length === 0 ? (
          <p className="text-sm text-ink-soft">{d.programs.noAttempts}</p>
        ) : (
          <ol className="flex flex-col gap-3">
            {of.attempts.map((attempt) => (
              <li key={attempt.number} className="rounded-xl border border-line px-4 py-3">
                <p className="flex flex-wrap items-center gap-x-4 gap-y-1">
                  <span className="font-medium">{d.programs.attempt(attempt.number)}</span>
                  <Tag tone={attempt.status !== null && attempt.status >= 200 && attempt.status < 300 ? 'good' : 'bad'}>{attempt.status === null ? d.programs.noAnswer : d.programs.answered(attempt.status)}</Tag>
                  <span className="text-sm text-ink-soft">{d.programs.took(attempt.durationMs)}</span>
                  <span className="text-sm text-ink-soft">
                    <Moment at={attempt.at} />
                  </span>
                </p>
                {attempt.failure !== null && <p className="mt-1 text-sm">{attempt.failure}</p>}
                {attempt.status !== null &&
                  (attempt.answer === '' ? (
                    <p className="mt-1 text-sm text-ink-soft">{d.programs.emptyAnswer}</p>
                  ) : (
                    <div className="mt-2">
                      <Code label={`${d.programs.answer} ${attempt.number}`} text={attempt.answer} />
                    </div>
                  ))}
              </li>
            ))}
          </ol>
        )}
      </div>
    </Fold>
  )
}
