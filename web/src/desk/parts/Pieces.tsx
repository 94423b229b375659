// Values of the consoles: states, ids, moments, counts, text of machines.

import type { ReactNode } from 'react'
import { Badge, Copyable, type Tone } from '../../design/told'
import { formatMoment } from '../../format/dates'
import { numberFormat } from '../../format/kept'
import { useDesk } from './words'

export { Facts, Figure, Figures } from '../../design/facts'
export type { Tone }

/** A state in one word; never by color alone. */
export function Tag({ tone = 'calm', children }: { tone?: Tone; children: ReactNode }) {
  return (
    <Badge tone={tone} mark>
      {children}
    </Badge>
  )
}

/** An id or a hash: its ends in sight, the whole of it one press away. */
export function Id({ id, whole = false }: { id: string; whole?: boolean }) {
  const { d } = useDesk()
  const short = whole || id.length <= 22 ? id : `${id.slice(0, 10)}…${id.slice(-6)}`
  return <Copyable value={id} shown={short} label={d.copy} copied={d.copied} />
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
  const { d } = useDesk()
  return (
    <div className="relative rounded-xl border border-line bg-sunken">
      <div className="absolute top-1.5 right-1.5 rounded-md bg-sunken">
        <Copyable value={text} label={d.copy} copied={d.copied} />
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
