// The few parts that every screen is made of: what is pressed and filled in here, what is told in told.tsx.

import type { ComponentProps, ReactNode } from 'react'
import { Button, Checkbox, FieldError, Input, Label, ListBox, ListBoxItem, Popover, Radio, RadioGroup, Select, SelectValue, Text, TextField } from 'react-aria-components'

export * from './told'

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
