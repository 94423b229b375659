import { useEffect, useRef, useState } from 'react'
import { Button } from 'react-aria-components'
import { token } from '../../api/session'
import { Field } from '../../design/parts'
import { Code, Fold, Json, Tag } from '../parts/Pieces'
import { Empty, Part, Screen, smallPrimary, smallQuiet } from '../parts/Screen'
import { useDesk, wordFor } from '../parts/words'
import { type StreamEvent, takeEvents } from './stream'

type State = 'none' | 'open' | 'done' | 'refused' | 'offline'

/** The most events that are kept on the screen. */
const MOST = 200

export function EventsPage() {
  const { d } = useDesk()
  const [id, setId] = useState('')
  const [state, setState] = useState<State>('none')
  const [events, setEvents] = useState<readonly StreamEvent[]>([])
  const stop = useRef<AbortController | null>(null)
  useEffect(() => () => stop.current?.abort(), [])
  const listen = async () => {
    stop.current?.abort()
    const mine = new AbortController()
    stop.current = mine
    setEvents([])
    setState('open')
    try {
      const bearer = await token()
      const answer = await fetch(`/v1/quote-requests/${encodeURIComponent(id.trim())}/events`, { signal: mine.signal, headers: { Accept: 'text/event-stream', ...(bearer !== null && { Authorization: `Bearer ${bearer}` }) } })
      if (!answer.ok || answer.body === null) return setState('refused')
      const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader()
      let buffer = ''
      for (;;) {
        const { done, value } = await reader.read()
        if (done) return setState('done')
        const taken = takeEvents(buffer + value)
        buffer = taken.rest
        if (taken.events.length > 0) setEvents((before) => [...before, ...taken.events].slice(-MOST))
      }
    } catch {
      if (!mine.signal.aborted) setState('offline')
    }
  }
  const end = () => {
    stop.current?.abort()
    setState('done')
  }
  return (
    <Screen title={d.dev.events} lead={d.events.lead}>
      <Part title={d.events.listen} lead={d.events.listenLead}>
        <form
          className="flex flex-wrap items-end gap-3"
          onSubmit={(event) => {
            event.preventDefault()
            if (id.trim() !== '') void listen()
          }}
        >
          <div className="min-w-64 grow sm:max-w-lg">
            <Field name="request" label={d.events.request} value={id} onChange={setId} />
          </div>
          <Button type="submit" className={`${smallPrimary} min-h-11`} isDisabled={id.trim() === ''}>
            {state === 'none' ? d.events.start : d.events.again}
          </Button>
          {state === 'open' && (
            <Button className={`${smallQuiet} min-h-11`} onPress={end}>
              {d.events.stop}
            </Button>
          )}
        </form>
        <p role="status" className="mt-4">
          {state !== 'none' && <Tag tone={state === 'open' ? 'accent' : state === 'done' ? 'good' : 'bad'}>{d.events.states[state](events.length)}</Tag>}
        </p>
        <div className="mt-3">
          {events.length === 0 ? (
            state === 'none' && <Empty title={d.events.none}>{d.events.noneHelp}</Empty>
          ) : (
            <ol className="flex flex-col gap-2">
              {events.map((event, index) => (
                <li key={index}>
                  <Fold
                    title={
                      <span className="flex grow flex-wrap items-baseline justify-between gap-3">
                        <span>
                          {index + 1}. {wordFor(d.events.names, event.name)}
                        </span>
                        <span className="text-sm font-normal text-ink-soft">{about(event)}</span>
                      </span>
                    }
                  >
                    <Json value={parsed(event.data)} label={event.name} />
                  </Fold>
                </li>
              ))}
            </ol>
          )}
        </div>
      </Part>
      <Part title={d.events.how} lead={d.events.howLead}>
        <Code text={`curl -sN ${location.origin}/v1/quote-requests/$REQUEST/events \\\n  -H "Authorization: Bearer $TOKEN"`} label={d.events.how} />
        <p className="mt-3 text-sm text-ink-soft text-pretty">{d.events.noHooks}</p>
      </Part>
    </Screen>
  )
}

function parsed(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch {
    return data
  }
}

function about(event: StreamEvent): string {
  const value = parsed(event.data)
  if (typeof value !== 'object' || value === null) return ''
  const { provider, kind, state } = value as { provider?: unknown; kind?: unknown; state?: unknown }
  return [provider, kind ?? state].filter((part) => typeof part === 'string').join(' · ')
}
