// Many names and values at once, as consoles have them.

import type { ReactNode } from 'react'
import { Stat } from './told'

export interface Fact {
  readonly name: ReactNode
  readonly value: ReactNode
  readonly wide?: boolean
}

/** Names above their values, in columns. */
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

/** A number that is looked at first, in a card of its own. */
export function Figure({ name, value, note, tone = 'ink' }: { name: ReactNode; value: ReactNode; note?: ReactNode; tone?: 'bad' | 'good' | 'ink' }) {
  return (
    <dl className="min-w-0 rounded-2xl border border-line bg-surface px-4 py-3.5 shadow-lift">
      <Stat name={name} value={value} note={note} tone={tone} strong />
    </dl>
  )
}

export function Figures({ children }: { children: ReactNode }) {
  return <div className="grid grid-cols-2 gap-3 lg:grid-cols-4">{children}</div>
}
