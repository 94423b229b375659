// API clients: made, given a new secret, revoked. A secret is shown once.

import { useState } from 'react'
import { Button } from 'react-aria-components'
import type { ResultOf } from '../../api/graphql'
import { Field, Pick } from '../../design/parts'
import { type Outcome, useAsk, useSend } from '../api/ask'
import { CLIENTS, CREATE_CLIENT, REVOKE_CLIENT, ROTATE_CLIENT } from '../api/programs'
import { Act, WhyNot } from './Act'
import { useEntered } from './Console'
import { Code, Facts, Id, Moment, Tag } from './Pieces'
import { Empty, Part, Shown, smallQuiet } from './Screen'
import { Table } from './Table'
import { useDesk, wordFor } from './words'

type Client = ResultOf<typeof CLIENTS>['apiClients'][number]

export interface Issued {
  readonly of: string
  readonly secret: string
}

export function Clients() {
  const { d } = useDesk()
  const who = useEntered()
  const owner = who.role === 'INTEGRATOR' || who.role === 'PROVIDER'
  const staff = who.role === 'OFFICER' || who.role === 'MANAGER' || who.role === 'CREDIT_HEAD' || who.role === 'ADMIN'
  const answer = useAsk(CLIENTS, {}, !owner && !staff)
  const [issued, setIssued] = useState<Issued | null>(null)
  const show = (given: { readonly client: { readonly id: string }; readonly secret: string | null } | null) => {
    if (given !== null && given.secret !== null) setIssued({ of: given.client.id, secret: given.secret })
  }
  if (!owner && !staff) return null
  return (
    <>
      {issued !== null && <Secret issued={issued} done={() => setIssued(null)} />}
      <Part title={d.programs.clients} lead={d.programs.clientsLead} aside={owner && <Create show={show} done={answer.again} />}>
        {!owner && <WhyNot>{d.programs.onlyOwners}</WhyNot>}
        <Shown answer={answer} of={(data) => data.apiClients}>
          {(clients) =>
            clients.length === 0 ? (
              <Empty title={d.programs.noClients}>{d.programs.noClientsHelp}</Empty>
            ) : (
              <Table<Client>
                label={d.programs.clients}
                rows={clients}
                id={(row) => row.id}
                columns={[
                  { name: d.programs.label, cell: (row) => row.label ?? d.none },
                  { name: d.keys.clientId, cell: (row) => <Id id={row.id} /> },
                  ...(owner ? [] : [{ name: d.keys.role, cell: (row: Client) => row.provider ?? wordFor(d.roles, row.role) }]),
                  { name: d.state, cell: (row) => <State of={row} /> },
                  { name: d.programs.made, cell: (row) => <Moment at={row.createdAt} /> },
                  { name: d.programs.used, cell: (row) => (row.lastUsedAt === null ? d.programs.never : <Moment at={row.lastUsedAt} />) },
                  {
                    name: d.show,
                    cell: (row) =>
                      row.state === 'ACTIVE' && (
                        <span className="flex flex-wrap gap-2">
                          {owner && <Rotate of={row} show={show} done={answer.again} />}
                          <Revoke of={row} done={answer.again} />
                        </span>
                      ),
                  },
                ]}
              />
            )
          }
        </Shown>
      </Part>
    </>
  )
}

function State({ of }: { of: Client }) {
  const { d } = useDesk()
  return (
    <span className="flex flex-col items-start gap-1">
      <Tag tone={of.state === 'ACTIVE' ? 'good' : 'calm'}>{wordFor(d.programs.clientStates, of.state)}</Tag>
      {of.state === 'ACTIVE' && of.previousSecretUntil !== null && (
        <span className="text-sm text-ink-soft">
          {d.programs.overlapUntil} <Moment at={of.previousSecretUntil} />
        </span>
      )}
    </span>
  )
}

/** A secret that nobody can show again. */
export function Secret({ issued, done }: { issued: Issued; done: () => void }) {
  const { d } = useDesk()
  return (
    <div role="status">
      <Part
        title={d.programs.secretOnce}
        lead={d.programs.secretOnceLead}
        aside={
          <Button className={smallQuiet} onPress={done}>
            {d.programs.stored}
          </Button>
        }
      >
        <div className="flex flex-col gap-3">
          <Facts facts={[{ name: d.id, value: <Id id={issued.of} whole /> }]} columns={1} />
          <Code label={d.programs.secretOf} text={issued.secret} />
        </div>
      </Part>
    </div>
  )
}

interface Doing {
  readonly done: () => void
}

type Show = (given: { readonly client: { readonly id: string }; readonly secret: string | null } | null) => void

function Create({ show, done }: Doing & { show: Show }) {
  const { d } = useDesk()
  const [label, setLabel] = useState('')
  const send = useSend(CREATE_CLIENT, (data) => {
    show(data.createApiClient.issued)
    return data.createApiClient.refusals
  })
  const ended = () => {
    setLabel('')
    done()
  }
  return (
    <Act title={d.programs.create} help={d.programs.createHelp} tone="primary" ready={label.trim() !== ''} go={() => send({ label: label.trim() })} done={ended}>
      <Field name="label" label={d.programs.label} help={d.programs.labelHelp} value={label} onChange={setLabel} maxLength={100} />
    </Act>
  )
}

/** How long the secret of before stays good. */
export function Overlap({ title, go, done }: Doing & { title: string; go: (hours: number) => Promise<Outcome> }) {
  const { d } = useDesk()
  const [hours, setHours] = useState('24')
  return (
    <Act title={title} help={d.programs.rotateHelp} go={() => go(Number(hours))} done={done}>
      <Pick label={d.programs.overlap} value={hours} onChange={setHours} choices={(['24', '168', '0'] as const).map((id) => ({ id, name: d.programs.overlaps[id] }))} />
    </Act>
  )
}

function Rotate({ of, show, done }: Doing & { of: Client; show: Show }) {
  const { d } = useDesk()
  const send = useSend(ROTATE_CLIENT, (data) => {
    show(data.rotateApiClientSecret.issued)
    return data.rotateApiClientSecret.refusals
  })
  return <Overlap title={d.programs.rotate} go={(overlapHours) => send({ id: of.id, overlapHours })} done={done} />
}

function Revoke({ of, done }: Doing & { of: Client }) {
  const { d } = useDesk()
  const send = useSend(REVOKE_CLIENT, (data) => data.revokeApiClient.refusals)
  return <Act title={d.programs.revoke} help={d.programs.revokeHelp} tone="grave" go={() => send({ id: of.id })} done={done} />
}
