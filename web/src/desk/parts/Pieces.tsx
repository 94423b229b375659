import { type ReactNode, useEffect, useRef, useState } from 'react'
import { Button } from 'react-aria-components'
import { formatMoment } from '../../format/dates'
import { numberFormat } from '../../format/kept'
import { useDesk } from './words'

export type Tone = 'plain' | 'good' | 'warn' | 'bad' | 'accent'

const TONES: Readonly<Record<Tone, string>> = {
  plain: 'border-line-strong bg-sunken text-ink',
  good: 'border-good bg-surface text-good',
  warn: 'border-warn bg-warn-soft text-warn',
  bad: 'border-bad bg-bad-soft text-bad',
  accent: 'border-accent bg-accent-soft text-accent-strong',
}

const MARKS: Readonly<Record<Tone, string>> = { plain: '○', good: '✓', warn: '!', bad: '✕', accent: '●' }

/** A state in one word; never by color alone. */
export function Tag({ tone = 'plain', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <span className={`inline-flex items-center gap-1.5 rounded-full border px-2.5 py-0.5 text-sm font-medium whitespace-nowrap ${TONES[tone]}`}>
      <span aria-hidden="true" className="text-[0.7em]">
        {MARKS[tone]}
      </span>
      {children}
    </span>
  )
}

export interface Fact {
  readonly name: ReactNode
  readonly value: ReactNode
  readonly wide?: boolean
}

/** Names and values. */
export function Facts({ facts, columns = 2 }: { facts: readonly Fact[]; columns?: 1 | 2 | 3 }) {
  const grid = columns === 1 ? '' : columns === 2 ? 'sm:grid-cols-2' : 'sm:grid-cols-2 xl:grid-cols-3'
  return (
    <dl className={`grid gap-x-8 gap-y-3.5 ${grid}`}>
      {facts.map((fact, index) => (
        <div key={index} className={`min-w-0 ${fact.wide === true ? 'col-span-full' : ''}`}>
          <dt className="text-sm text-ink-soft">{fact.name}</dt>
          <dd className="mt-0.5 break-words">{fact.value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** A figure that is looked at first. */
export function Figure({ name, value, note, tone }: { name: ReactNode; value: ReactNode; note?: ReactNode; tone?: 'bad' | 'good' }) {
  const color = tone === 'bad' ? 'text-bad' : tone === 'good' ? 'text-good' : ''
  return (
    <div className="min-w-0 rounded-2xl border border-line bg-surface px-4 py-3.5 shadow-lift">
      <p className="text-sm text-ink-soft">{name}</p>
      <p className={`mt-0.5 text-2xl font-semibold tracking-tight ${color}`}>{value}</p>
      {note !== undefined && <p className="mt-0.5 text-sm text-ink-soft">{note}</p>}
    </div>
  )
}

export function Figures({ children }: { children: ReactNode }) {
  return <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">{children}</div>
}

/** Copies, and says so. */
export function Copy({ text, label }: { text: string; label?: string }) {
  const { d } = useDesk()
  const [done, setDone] = useState(false)
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  useEffect(() => () => void (timer.current !== null && clearTimeout(timer.current)), [])
  const copy = () =>
    void navigator.clipboard?.writeText(text).then(() => {
      setDone(true)
      timer.current = setTimeout(() => setDone(false), 2000)
    })
  return (
    <Button onPress={copy} aria-label={done ? d.copied : (label ?? d.copy)} className="inline-flex size-7 shrink-0 cursor-pointer items-center justify-center rounded-md text-ink-soft hover:bg-sunken hover:text-ink">
      <svg viewBox="0 0 16 16" className="size-4" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round">
        {done ? <path d="M3 8.5l3.2 3L13 4.5" /> : <path d="M5.5 5.5V3.2c0-.7.5-1.2 1.2-1.2h6.1c.7 0 1.2.5 1.2 1.2v6.1c0 .7-.5 1.2-1.2 1.2h-2.3M3.2 5.5h6.1c.7 0 1.2.5 1.2 1.2v6.1c0 .7-.5 1.2-1.2 1.2H3.2C2.5 14 2 13.5 2 12.800V6.700c0-.7.5-1.2 1.2-1.200z" />}
      </svg>
      <span role="status" className="sr-only">
        {done ? d.copied : ''}
      </span>
    </Button>
  )
}

/** An id or a hash: its ends in sight, the whole of it one press away. */
export function Id({ id, whole = false }: { id: string; whole?: boolean }) {
  const { d } = useDesk()
  const short = whole || id.length <= 22 ? id : `${id.slice(0, 10)}…${id.slice(-6)}`
  return (
    <span className="inline-flex max-w-full items-center gap-1">
      <code className="min-w-0 font-mono text-[0.9em] break-all" title={id}>
        {short}
      </code>
      <Copy text={id} label={`${d.copy} ${id}`} />
    </span>
  )
}

/** An id inside of a row that is itself a link. */
export function ShortId({ id }: { id: string }) {
  return <code className="font-mono text-[0.9em] whitespace-nowrap">{id.length <= 16 ? id : `${id.slice(0, 8)}…${id.slice(-4)}`}</code>
}

export function Moment({ at }: { at: string | null | undefined }) {
  const { d, locale } = useDesk()
  if (at === null || at === undefined) return <span className="text-ink-soft">{d.none}</span>
  return <time dateTime={at}>{formatMoment(at, locale)}</time>
}

export function Count({ of }: { of: number }) {
  const { locale } = useDesk()
  return <>{numberFormat(locale, {}).format(of)}</>
}

/** Text of a machine. */
export function Code({ text, label, tall = false }: { text: string; label: string; tall?: boolean }) {
  return (
    <div className="relative rounded-xl border border-line bg-sunken">
      <div className="absolute top-1.5 right-1.5 rounded-md bg-sunken">
        <Copy text={text} />
      </div>
      <pre tabIndex={0} role="region" aria-label={label} className={`overflow-auto py-3 pr-10 pl-4 font-mono text-sm leading-relaxed ${tall ? 'max-h-[32rem]' : 'max-h-80'}`}>
        <code>{text}</code>
      </pre>
    </div>
  )
}

/** Something that unfolds. */
export function Fold({ title, children, open = false }: { title: ReactNode; children: ReactNode; open?: boolean }) {
  return (
    <details open={open} className="group rounded-xl border border-line bg-surface">
      <summary className="flex min-h-11 cursor-pointer list-none items-center gap-2.5 rounded-xl px-4 py-2 font-medium hover:bg-sunken [&::-webkit-details-marker]:hidden">
        <svg viewBox="0 0 8 12" className="h-3 w-2 shrink-0 transition-transform group-open:rotate-90" aria-hidden="true">
          <path d="M1.5 1.5l5 4.5-5 4.5" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" strokeLinejoin="round" />
        </svg>
        {title}
      </summary>
      <div className="px-4 pt-1 pb-4">{children}</div>
    </details>
  )
}

export function Json({ value, label }: { value: unknown; label: string }) {
  return <Code text={JSON.stringify(value, null, 2)} label={label} />
}
