// What every screen of the consoles is made of: heading, sections, and what to say while there is nothing to show.

import type { ReactNode } from 'react'
import { Button } from 'react-aria-components'
import { Link } from 'react-router'
import { Empty, Skeleton as Lines } from '../../design/told'
import type { Answer, Wrong } from '../api/ask'
import { useDesk } from './words'

export { Empty }

export function Screen({ title, lead, back, actions, children }: { title: string; lead?: ReactNode; back?: { to: string; name: string }; actions?: ReactNode; children: ReactNode }) {
  return (
    <div className="flex flex-col gap-6">
      <title>{`${title} · Usance`}</title>
      <header className="flex flex-wrap items-end justify-between gap-x-6 gap-y-3">
        <div className="min-w-0 max-w-3xl">
          {back && (
            <Link to={back.to} className="mb-1 inline-flex min-h-8 items-center gap-1.5 text-sm text-accent underline underline-offset-4">
              <span aria-hidden="true">←</span> {back.name}
            </Link>
          )}
          <h1 className="text-2xl font-semibold tracking-tight text-balance sm:text-3xl">{title}</h1>
          {lead !== undefined && <p className="mt-1.5 text-ink-soft text-pretty">{lead}</p>}
        </div>
        {actions !== undefined && <div className="flex flex-wrap gap-2">{actions}</div>}
      </header>
      {children}
    </div>
  )
}

export function Part({ title, lead, aside, children, className = '', id }: { title: ReactNode; lead?: ReactNode; aside?: ReactNode; children: ReactNode; className?: string; id?: string }) {
  return (
    <section className={`min-w-0 rounded-2xl border border-line bg-surface shadow-lift ${className}`} {...(id !== undefined && { id })}>
      <div className="flex flex-wrap items-start justify-between gap-x-4 gap-y-2 px-5 pt-4 pb-3">
        <div className="min-w-0">
          <h2 className="text-lg font-semibold">{title}</h2>
          {lead !== undefined && <p className="mt-0.5 max-w-prose text-sm text-ink-soft text-pretty">{lead}</p>}
        </div>
        {aside}
      </div>
      <div className="px-5 pb-5">{children}</div>
    </section>
  )
}

const SMALL = 'inline-flex min-h-10 cursor-pointer items-center justify-center gap-2 rounded-lg px-3.5 text-sm font-medium transition-colors disabled:cursor-not-allowed disabled:opacity-60'

export const smallPrimary = `${SMALL} bg-accent text-on-accent hover:bg-accent-strong`
export const smallQuiet = `${SMALL} border border-line-strong bg-surface text-ink hover:bg-sunken`
export const smallGrave = `${SMALL} border border-bad bg-surface text-bad hover:bg-bad-soft`
export const plainLink = 'text-accent underline decoration-from-font underline-offset-4 hover:text-accent-strong'

/** Something went wrong: what, and what to do. */
export function Trouble({ wrong, again }: { wrong: Wrong; again?: () => void }) {
  const { d } = useDesk()
  const words = d.trouble[wrong.kind]
  return (
    <div role="alert" className="flex flex-wrap items-center justify-between gap-3 rounded-xl border border-line-strong bg-warn-soft px-4 py-3 text-ink">
      <div className="min-w-0">
        <p className="font-medium">{words.title}</p>
        <p className="text-sm">{words.help}</p>
        {wrong.said !== null && wrong.kind === 'failed' && <p className="mt-1 font-mono text-xs break-words">{wrong.said}</p>}
      </div>
      {again !== undefined && wrong.kind !== 'forbidden' && (
        <Button className={smallQuiet} onPress={again}>
          {d.again}
        </Button>
      )}
    </div>
  )
}

/** The lines of a part while they are on their way. */
export function Skeleton({ rows = 4 }: { rows?: number }) {
  const { d } = useDesk()
  return <Lines label={d.loading} rows={rows} shape="lines" />
}

/** Shows an answer, or its skeleton, or its trouble. What was shown stays while it is asked again. */
export function Shown<Data, Value>({ answer, of, rows, children }: { answer: Answer<Data>; of: (data: Data) => Value | null | undefined; rows?: number; children: (value: Value) => ReactNode }) {
  const { d } = useDesk()
  if (answer.data === undefined || answer.data === null) {
    if (answer.wrong !== null) return <Trouble wrong={answer.wrong} again={answer.again} />
    return <Skeleton {...(rows !== undefined && { rows })} />
  }
  const value = of(answer.data)
  if (value === null || value === undefined) return <Empty title={d.notThere.title}>{d.notThere.help}</Empty>
  return (
    <>
      {answer.wrong !== null && (
        <div className="mb-3">
          <Trouble wrong={answer.wrong} again={answer.again} />
        </div>
      )}
      {children(value)}
    </>
  )
}
