// Keys to the interface: whose the present access is, how another program gets one, and whether a pair works.

import { useState } from 'react'
import { Button } from 'react-aria-components'
import { Field } from '../../design/parts'
import { readToken, type Who } from '../api/who'
import { Clients } from './Clients'
import { useEntered } from './Console'
import { Code, Facts, Id, Moment, Tag } from './Pieces'
import { Part, Screen, smallPrimary, Trouble } from './Screen'
import { useDesk, wordFor } from './words'

type Tried = { readonly state: 'none' | 'busy' | 'offline' | 'refused' } | { readonly state: 'good'; readonly who: Who }

export function KeysPage() {
  const { d } = useDesk()
  const who = useEntered()
  return (
    <Screen title={d.keys.title} lead={d.keys.lead}>
      <Part title={d.keys.yours} lead={d.keys.yoursLead}>
        <Person who={who} />
      </Part>
      <Clients />
      <Part title={d.keys.how} lead={d.keys.howLead}>
        <Code label={d.keys.how} text={`curl -s ${location.origin}/oauth/token \\\n  -u "$CLIENT_ID:$CLIENT_SECRET" \\\n  -d grant_type=client_credentials`} />
      </Part>
      <Try />
      <Part title={d.keys.check} lead={d.keys.checkLead}>
        <Code label={d.keys.check} text={`${location.origin}/.well-known/jwks.json`} />
      </Part>
    </Screen>
  )
}

function Person({ who }: { who: Who }) {
  const { d } = useDesk()
  return (
    <Facts
      columns={3}
      facts={[
        { name: d.keys.principal, value: <Id id={who.id} /> },
        { name: d.keys.role, value: wordFor(d.roles, who.role) },
        { name: d.keys.tenant, value: who.tenant === '' ? d.none : <Id id={who.tenant} /> },
        ...(who.provider === null ? [] : [{ name: d.loan.lender, value: who.provider }]),
        { name: d.keys.groups, value: who.groups.length === 0 ? d.none : who.groups.join(', ') },
        { name: d.keys.ends, value: <Moment at={new Date(who.ends).toISOString()} /> },
      ]}
    />
  )
}

function Try() {
  const { d } = useDesk()
  const [id, setId] = useState('')
  const [secret, setSecret] = useState('')
  const [tried, setTried] = useState<Tried>({ state: 'none' })
  const ready = id.trim() !== '' && secret !== '' && tried.state !== 'busy'
  const go = async () => {
    setTried({ state: 'busy' })
    try {
      const answer = await fetch('/oauth/token', {
        method: 'POST',
        credentials: 'omit',
        headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({ grant_type: 'client_credentials', client_id: id.trim(), client_secret: secret }),
      })
      const body = answer.ok ? ((await answer.json()) as { access_token?: string }) : {}
      const who = readToken(body.access_token ?? '')
      setTried(who === null ? { state: 'refused' } : { state: 'good', who })
      if (who !== null) setSecret('')
    } catch {
      setTried({ state: 'offline' })
    }
  }
  return (
    <Part title={d.keys.try} lead={d.keys.tryLead}>
      <form
        className="grid gap-4 md:grid-cols-[1fr_1fr_auto] md:items-end"
        onSubmit={(event) => {
          event.preventDefault()
          if (ready) void go()
        }}
      >
        <Field name="client_id" label={d.keys.clientId} value={id} onChange={setId} />
        <Secret value={secret} onChange={setSecret} />
        <Button type="submit" className={smallPrimary} isDisabled={!ready}>
          {tried.state === 'busy' ? d.working : d.keys.tryButton}
        </Button>
      </form>
      <div role="status" className="mt-4">
        {tried.state === 'offline' && <Trouble wrong={{ kind: 'offline', said: null }} />}
        {tried.state === 'refused' && (
          <p>
            <Tag tone="bad">{d.keys.refused}</Tag> <span className="ml-1">{d.keys.refusedHelp}</span>
          </p>
        )}
        {tried.state === 'good' && (
          <div className="flex flex-col gap-4">
            <p>
              <Tag tone="good">{d.keys.good}</Tag>
            </p>
            <Person who={tried.who} />
          </div>
        )}
      </div>
    </Part>
  )
}

function Secret({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  const { d } = useDesk()
  return (
    <label className="flex flex-col gap-1.5">
      <span className="font-medium">{d.keys.clientSecret}</span>
      <input
        type="password"
        name="client_secret"
        autoComplete="off"
        value={value}
        onChange={(event) => onChange(event.target.value)}
        className="min-h-11 w-full rounded-xl border border-line-strong bg-surface px-3.5 text-ink"
      />
    </label>
  )
}
