// The few parts that every screen is made of.

import { type ComponentProps, type ReactNode, useState } from 'react'
import { Button, Checkbox, FieldError, Input, Label, ListBox, ListBoxItem, Popover, Radio, RadioGroup, Select, SelectValue, Text, TextField } from 'react-aria-components'

const PRESSABLE =
  'inline-flex min-h-11 cursor-pointer items-center justify-center gap-2 rounded-xl px-5 font-medium transition disabled:cursor-not-allowed disabled:opacity-60'

/** The one thing to do next on a screen. */
export function Primary(props: ComponentProps<typeof Button>) {
  return <Button {...props} className={`${PRESSABLE} bg-accent text-on-accent hover:bg-accent-strong`} />
}

/** Anything else that can be done. */
export function Secondary(props: ComponentProps<typeof Button>) {
  return <Button {...props} className={`${PRESSABLE} border border-line-strong bg-surface text-ink hover:bg-sunken`} />
}

export function Card({ children, className = '' }: { children: ReactNode; className?: string }) {
  return <section className={`min-w-0 rounded-2xl border border-line bg-surface p-5 shadow-lift sm:p-7 ${className}`}>{children}</section>
}

const BOX = 'min-h-11 w-full rounded-xl border border-line-strong bg-surface px-3.5 text-ink'

interface FieldProps {
  readonly label: string
  readonly value: string
  readonly onChange: (value: string) => void
  readonly help?: string | undefined
  /** What is wrong with the value; shown and read out with the field. */
  readonly problem?: string | undefined
  readonly onBlur?: () => void
  readonly name: string
  readonly inputMode?: 'text' | 'decimal' | 'numeric'
  readonly autoComplete?: string
  readonly type?: 'text' | 'password' | 'date' | 'email'
  readonly maxLength?: number
}

export function Field({ label, help, problem, inputMode = 'text', autoComplete = 'off', type = 'text', onBlur, ...rest }: FieldProps) {
  return (
    <TextField {...rest} isInvalid={problem !== undefined} className="flex flex-col gap-1.5" {...(onBlur && { onBlur })}>
      <Label className="font-medium">{label}</Label>
      <Input className={`${BOX} invalid:border-bad`} type={type} inputMode={inputMode} autoComplete={autoComplete} />
      {help !== undefined && (
        <Text slot="description" className="text-sm text-ink-soft">
          {help}
        </Text>
      )}
      <FieldError className="text-sm text-bad">{problem}</FieldError>
    </TextField>
  )
}

interface Choice {
  readonly id: string
  readonly name: string
}

interface ChooseProps {
  readonly label: string
  readonly choices: readonly Choice[]
  readonly value: string
  readonly onChange: (id: string) => void
}

/** One of many. */
export function Choose({ label, choices, value, onChange }: ChooseProps) {
  return (
    <Select selectedKey={value} onSelectionChange={(key) => onChange(String(key))} className="flex flex-col gap-1.5">
      <Label className="font-medium">{label}</Label>
      <Button className={`${BOX} flex cursor-pointer items-center justify-between gap-3 text-left`}>
        <SelectValue />
        <svg viewBox="0 0 12 8" className="h-2 w-3 shrink-0" aria-hidden="true">
          <path d="M1 1l5 5 5-5" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round" />
        </svg>
      </Button>
      <Popover className="min-w-(--trigger-width) overflow-auto rounded-xl border border-line bg-surface p-1.5 shadow-lift">
        <ListBox items={choices} className="outline-none">
          {(choice) => (
            <ListBoxItem
              id={choice.id}
              textValue={choice.name}
              className="flex min-h-10 cursor-pointer items-center rounded-lg px-3 outline-none data-[focused]:bg-accent-soft data-[selected]:font-semibold"
            >
              {choice.name}
            </ListBoxItem>
          )}
        </ListBox>
      </Popover>
    </Select>
  )
}

/** One of a few, all in sight. */
export function Pick({ label, help, choices, value, onChange }: ChooseProps & { readonly help?: string }) {
  return (
    <RadioGroup value={value} onChange={onChange} className="flex flex-col gap-2">
      <Label className="font-medium">{label}</Label>
      {help !== undefined && (
        <Text slot="description" className="text-sm text-ink-soft">
          {help}
        </Text>
      )}
      <div className="flex flex-wrap gap-2">
        {choices.map((choice) => (
          <Radio
            key={choice.id}
            value={choice.id}
            className="flex min-h-11 cursor-pointer items-center rounded-xl border border-line-strong px-4 data-[focus-visible]:outline-3 data-[focus-visible]:outline-accent data-[selected]:border-accent data-[selected]:bg-accent-soft data-[selected]:font-medium"
          >
            {choice.name}
          </Radio>
        ))}
      </div>
    </RadioGroup>
  )
}

/** Where something stands, in one word. */
export function Badge({ tone, children }: { tone: 'good' | 'warn' | 'bad' | 'calm'; children: ReactNode }) {
  const colors = { good: 'bg-good-soft text-good', warn: 'bg-warn-soft text-warn', bad: 'bg-bad-soft text-bad', calm: 'bg-sunken text-ink-soft' }
  return <span className={`inline-flex items-center rounded-full px-2.5 py-0.5 text-sm font-medium ${colors[tone]}`}>{children}</span>
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

/** The shape of what is coming, while it comes. */
export function Skeleton({ label, rows = 3, className = '' }: { label: string; rows?: number; className?: string }) {
  return (
    <div role="status" aria-label={label} className={`flex flex-col gap-4 ${className}`}>
      {Array.from({ length: rows }, (_, at) => (
        <div key={at} aria-hidden="true" className="rounded-2xl border border-line bg-surface p-5">
          <div className="h-4 w-1/3 animate-pulse rounded bg-line" />
          <div className="mt-4 grid grid-cols-2 gap-4 sm:grid-cols-4">
            {[0, 1, 2, 3].map((cell) => (
              <div key={cell} className="h-9 animate-pulse rounded bg-sunken" />
            ))}
          </div>
        </div>
      ))}
    </div>
  )
}

/** Nothing to show yet, and what to do about it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <section className="rounded-2xl border border-dashed border-line-strong px-6 py-10 text-center">
      <svg viewBox="0 0 48 48" className="mx-auto mb-3 size-12 text-ink-soft" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.8" strokeLinecap="round">
        <rect x="8" y="12" width="32" height="26" rx="5" />
        <path d="M8 20h32M15 30h8" />
      </svg>
      <h2 className="text-lg font-semibold">{title}</h2>
      {children !== undefined && <div className="mx-auto mt-2 flex max-w-prose flex-col items-center gap-4 text-ink-soft">{children}</div>}
    </section>
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
export function Stat({ name, value, note, strong = false }: { name: string; value: ReactNode; note?: ReactNode; strong?: boolean }) {
  return (
    <div className="min-w-0">
      <dt className="text-sm text-ink-soft">{name}</dt>
      <dd className={strong ? 'text-2xl font-semibold tracking-tight text-accent' : 'text-xl font-medium tracking-tight'}>{value}</dd>
      {note !== undefined && <dd className="text-sm text-ink-soft">{note}</dd>}
    </div>
  )
}

export function Tick({ name, checked, onChange, children }: { name: string; checked: boolean; onChange: (checked: boolean) => void; children: ReactNode }) {
  return (
    <Checkbox
      name={name}
      isSelected={checked}
      onChange={onChange}
      className="group flex cursor-pointer items-start gap-3 rounded-lg data-[focus-visible]:outline-3 data-[focus-visible]:outline-accent"
    >
      <span
        aria-hidden="true"
        className="mt-0.5 grid size-6 shrink-0 place-items-center rounded-md border border-line-strong bg-surface text-on-accent group-data-[selected]:border-accent group-data-[selected]:bg-accent"
      >
        <svg viewBox="0 0 12 10" className="size-3 opacity-0 group-data-[selected]:opacity-100" fill="none" stroke="currentColor" strokeWidth="2">
          <path d="M1 5l3.5 3.5L11 1.5" />
        </svg>
      </span>
      <span>{children}</span>
    </Checkbox>
  )
}

/** A heading within a screen. */
export function Heading({ children, id }: { children: ReactNode; id?: string }) {
  return (
    <h2 id={id} className="text-lg font-semibold tracking-tight">
      {children}
    </h2>
  )
}

/** A long value that can be copied: a hash, a reference. */
export function Copyable({ value, shown, label }: { value: string; shown: string; label: string }) {
  const [done, setDone] = useState(false)
  const copy = async () => {
    await navigator.clipboard?.writeText(value).catch(() => {})
    setDone(true)
  }
  return (
    <button type="button" title={value} aria-label={`${label} ${shown}`} onClick={() => void copy()} className="inline-flex min-h-6 cursor-pointer items-center gap-1.5 rounded-md px-1 font-mono text-sm hover:bg-sunken">
      {shown}
      <svg viewBox="0 0 16 16" className="size-4 text-ink-soft" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.6">
        {done ? <path d="M3 8.5l3.5 3.5L13 4.5" /> : <path d="M5.5 5.5h7v7h-7zM3.5 10.5v-7h7" />}
      </svg>
    </button>
  )
}

/** Steps one after the other, each done, at work, to come, or failed. */
export interface StepState {
  readonly name: string
  readonly state: 'done' | 'now' | 'next' | 'failed'
  readonly detail?: ReactNode
}

export function Steps({ steps, words }: { steps: readonly StepState[]; words: Record<StepState['state'], string> }) {
  return (
    <ol>
      {steps.map((step, at) => (
        <li key={step.name} className="relative flex gap-4 pb-6 last:pb-0" aria-current={step.state === 'now' ? 'step' : undefined}>
          {at < steps.length - 1 && <span aria-hidden="true" className={`absolute top-7 bottom-0 left-3.5 w-0.5 ${step.state === 'done' ? 'bg-accent' : 'bg-line'}`} />}
          <span
            aria-hidden="true"
            className={`z-1 grid size-7 shrink-0 place-items-center rounded-full text-sm font-semibold ${
              { done: 'bg-accent text-on-accent', now: 'border-2 border-accent bg-surface text-accent', next: 'border-2 border-line bg-surface text-ink-soft', failed: 'bg-bad text-surface' }[step.state]
            }`}
          >
            {step.state === 'done' ? '✓' : step.state === 'failed' ? '!' : at + 1}
          </span>
          <div className="min-w-0 pt-0.5">
            <p className={step.state === 'next' ? 'text-ink-soft' : 'font-medium'}>
              {step.name} <span className="sr-only">{words[step.state]}</span>
            </p>
            {step.detail !== undefined && <div className="mt-0.5 text-sm text-ink-soft">{step.detail}</div>}
          </div>
        </li>
      ))}
    </ol>
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
