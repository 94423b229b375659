// What is told rather than asked: where something stands, what is not there, what is on its way, names and values.

import { type ReactNode, useEffect, useRef, useState } from 'react'

export type Tone = 'good' | 'warn' | 'bad' | 'calm' | 'accent'

const SOFT: Readonly<Record<Tone, string>> = {
  good: 'bg-good-soft text-good',
  warn: 'bg-warn-soft text-warn',
  bad: 'bg-bad-soft text-bad',
  calm: 'bg-sunken text-ink-soft',
  accent: 'bg-accent-soft text-accent-strong',
}

const MARKS: Readonly<Record<Tone, string>> = { calm: '○', good: '✓', warn: '!', bad: '✕', accent: '●' }

/** Where something stands, in one word; with a mark where many of them stand under each other. */
export function Badge({ tone, mark = false, children }: { tone: Tone; mark?: boolean; children: ReactNode }) {
  return (
    <span className={`inline-flex items-center gap-1.5 rounded-full px-2.5 py-0.5 text-sm font-medium ${mark ? 'border border-current whitespace-nowrap' : ''} ${SOFT[tone]}`}>
      {mark && (
        <span aria-hidden="true" className="text-[0.7em]">
          {MARKS[tone]}
        </span>
      )}
      {children}
    </span>
  )
}

/** A remark that has to be seen; `bad` ones interrupt a screen reader, the others do not. */
export function Note({ tone = 'calm', title, children }: { tone?: 'good' | 'warn' | 'bad' | 'calm'; title?: string; children?: ReactNode }) {
  const colors = { good: 'bg-good-soft text-good', warn: 'bg-warn-soft text-warn', bad: 'bg-bad-soft text-bad', calm: 'bg-accent-soft text-ink' }
  return (
    <div role={tone === 'bad' ? 'alert' : undefined} className={`rounded-xl px-4 py-3 ${colors[tone]}`}>
      {title !== undefined && <p className="font-medium">{title}</p>}
      {children !== undefined && <div className={title === undefined ? '' : 'mt-1 text-sm'}>{children}</div>}
    </div>
  )
}

/** The shape of what is coming, while it comes: cards of a screen, or the lines of one of its parts. */
export function Skeleton({ label, rows = 3, shape = 'cards', className = '' }: { label: string; rows?: number; shape?: 'cards' | 'lines'; className?: string }) {
  return (
    <div role="status" aria-label={label} className={`flex flex-col ${shape === 'cards' ? 'gap-4' : 'gap-3 py-1'} ${className}`}>
      {Array.from({ length: rows }, (_, at) =>
        shape === 'lines' ? (
          <span key={at} aria-hidden="true" className={`block h-5 animate-pulse rounded-md bg-line/70 ${WIDTHS[at % WIDTHS.length]}`} />
        ) : (
          <div key={at} aria-hidden="true" className="rounded-2xl border border-line bg-surface p-5">
            <div className="h-4 w-1/3 animate-pulse rounded bg-line" />
            <div className="mt-4 grid grid-cols-2 gap-4 sm:grid-cols-4">
              {[0, 1, 2, 3].map((cell) => (
                <div key={cell} className="h-9 animate-pulse rounded bg-sunken" />
              ))}
            </div>
          </div>
        ),
      )}
    </div>
  )
}

const WIDTHS = ['w-full', 'w-11/12', 'w-4/5', 'w-10/12']

/** Nothing to show, what that means, and what to do about it. */
export function Empty({ title, children }: { title: ReactNode; children?: ReactNode }) {
  return (
    <div className="rounded-xl border border-dashed border-line-strong px-6 py-9 text-center">
      <svg viewBox="0 0 48 48" className="mx-auto mb-2 size-11 text-ink-soft" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round">
        <rect x="8" y="12" width="32" height="26" rx="5" />
        <path d="M8 20h32M15 30h8" />
      </svg>
      <p className="text-lg font-semibold text-balance">{title}</p>
      {children !== undefined && <div className="mx-auto mt-1.5 flex max-w-prose flex-col items-center gap-4 text-ink-soft text-pretty">{children}</div>}
    </div>
  )
}

/** Names and values, one under the other. */
export function Rows({ rows }: { rows: readonly (readonly [name: string, value: ReactNode])[] }) {
  return (
    <dl className="divide-y divide-line">
      {rows.map(([name, value]) => (
        <div key={name} className="flex flex-wrap justify-between gap-x-6 gap-y-1 py-2.5">
          <dt className="text-ink-soft">{name}</dt>
          <dd className="ml-auto min-w-0 text-right font-medium break-words">{value}</dd>
        </div>
      ))}
    </dl>
  )
}

/** One number that matters. */
export function Stat({ name, value, note, strong = false, tone = 'accent' }: { name: ReactNode; value: ReactNode; note?: ReactNode; strong?: boolean; tone?: 'accent' | 'ink' | 'good' | 'bad' }) {
  const color = { accent: 'text-accent', ink: '', good: 'text-good', bad: 'text-bad' }[tone]
  return (
    <div className="min-w-0">
      <dt className="text-sm text-ink-soft">{name}</dt>
      <dd className={strong ? `text-2xl font-semibold tracking-tight ${color}` : 'text-xl font-medium tracking-tight'}>{value}</dd>
      {note !== undefined && <dd className="text-sm text-ink-soft">{note}</dd>}
    </div>
  )
}

/** A value that can be copied: a hash, a reference; with nothing shown, the mark alone beside what it copies. */
export function Copyable({ value, shown = '', label, copied }: { value: string; shown?: string; label: string; copied?: string }) {
  const [done, setDone] = useState(false)
  const timer = useRef<ReturnType<typeof setTimeout> | null>(null)
  useEffect(() => () => void (timer.current !== null && clearTimeout(timer.current)), [])
  const copy = () =>
    void navigator.clipboard?.writeText(value).then(
      () => {
        setDone(true)
        timer.current = setTimeout(() => setDone(false), 2000)
      },
      () => {},
    )
  return (
    <button type="button" title={value} aria-label={`${label} ${shown}`.trim()} onClick={copy} className={`inline-flex min-h-7 max-w-full min-w-7 cursor-pointer items-center justify-center gap-1.5 rounded-md text-left font-mono text-[0.9em] hover:bg-sunken ${shown === '' ? 'px-1' : 'pr-1'}`}>
      {shown !== '' && <span className="min-w-0 wrap-anywhere">{shown}</span>}
      <svg viewBox="0 0 16 16" className="size-4 shrink-0 text-ink-soft" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.6">
        {done ? <path d="M3 8.5l3.5 3.5L13 4.5" /> : <path d="M5.5 5.5h7v7h-7zM3.5 10.5v-7h7" />}
      </svg>
      {copied !== undefined && (
        <span role="status" className="sr-only">
          {done ? copied : ''}
        </span>
      )}
    </button>
  )
}

/** Said to screen readers when it changes, without interrupting. */
export function Said({ children }: { children: ReactNode }) {
  return (
    <p role="status" aria-live="polite" className="sr-only">
      {children}
    </p>
  )
}
