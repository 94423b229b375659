// Something that changes the world: said what it does, asked for a reason, done once, and answered.

import { type ReactNode, useState } from 'react'
import { Button, Dialog, DialogTrigger, Form, Heading, Label, Modal, ModalOverlay, Text, TextArea, TextField } from 'react-aria-components'
import type { Outcome } from '../api/ask'
import { smallGrave, smallPrimary, smallQuiet, Trouble } from './Screen'
import { useDesk } from './words'

interface ActProps {
  /** On the button and above the dialog. */
  readonly title: string
  /** What will happen, in full sentences. */
  readonly help: ReactNode
  /** Whether a reason has to be given; it is kept for good. */
  readonly reason?: boolean
  readonly tone?: 'primary' | 'quiet' | 'grave'
  readonly go: (reason: string) => Promise<Outcome>
  readonly done: () => void
  /** More to fill in. */
  readonly children?: ReactNode
  readonly ready?: boolean
}

const LOOKS = { primary: smallPrimary, quiet: smallQuiet, grave: smallGrave }

export function Act({ title, tone = 'quiet', ...rest }: ActProps) {
  return (
    <DialogTrigger>
      <Button className={LOOKS[tone]}>{title}</Button>
      <ModalOverlay isDismissable className="fixed inset-0 z-50 flex items-end justify-center overflow-y-auto bg-black/50 p-0 sm:items-center sm:p-6">
        <Modal className="max-h-full w-full max-w-lg overflow-y-auto rounded-t-2xl border border-line bg-surface shadow-lift sm:rounded-2xl">
          <Dialog className="p-5 outline-none sm:p-6">{({ close }) => <Sheet title={title} tone={tone} close={close} {...rest} />}</Dialog>
        </Modal>
      </ModalOverlay>
    </DialogTrigger>
  )
}

function Sheet({ title, help, reason = false, tone = 'quiet', go, done, children, ready = true, close }: ActProps & { close: () => void }) {
  const { d } = useDesk()
  const [text, setText] = useState('')
  const [busy, setBusy] = useState(false)
  const [outcome, setOutcome] = useState<Outcome>(null)
  const press = async () => {
    setBusy(true)
    const answer = await go(text.trim())
    setBusy(false)
    setOutcome(answer)
    if (answer === null) {
      close()
      done()
    }
  }
  return (
    <Form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        if (!busy && ready && (!reason || text.trim() !== '')) void press()
      }}
    >
      <Heading slot="title" className="text-xl font-semibold">
        {title}
      </Heading>
      <div className="text-ink-soft text-pretty">{help}</div>
      {children}
      {reason && (
        <TextField value={text} onChange={setText} isRequired maxLength={500} className="flex flex-col gap-1.5">
          <Label className="font-medium">{d.reason}</Label>
          <TextArea rows={3} className="w-full rounded-xl border border-line-strong bg-surface px-3.5 py-2.5 text-ink" />
          <Text slot="description" className="text-sm text-ink-soft">
            {d.reasonHelp}
          </Text>
        </TextField>
      )}
      {outcome !== null && 'wrong' in outcome && <Trouble wrong={outcome.wrong} />}
      {outcome !== null && 'refusals' in outcome && (
        <div role="alert" className="rounded-xl border border-bad bg-bad-soft px-4 py-3">
          <p className="font-medium text-bad">{d.refused}</p>
          {outcome.refusals.map((refusal) => (
            <p key={refusal.code} className="text-sm">
              {refusal.message} <code className="font-mono text-xs">{refusal.code}</code>
            </p>
          ))}
        </div>
      )}
      <div className="flex flex-wrap justify-end gap-2">
        <Button slot="close" className={smallQuiet}>
          {d.cancel}
        </Button>
        <Button type="submit" className={tone === 'grave' ? smallGrave : smallPrimary} isDisabled={busy || !ready || (reason && text.trim() === '')}>
          {busy ? d.working : title}
        </Button>
      </div>
    </Form>
  )
}

/** Why there is no button here. */
export function WhyNot({ children }: { children: ReactNode }) {
  return (
    <p className="flex items-start gap-2.5 rounded-xl bg-sunken px-4 py-3 text-sm text-pretty">
      <svg viewBox="0 0 16 16" className="mt-0.5 size-4 shrink-0 text-ink-soft" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round">
        <rect x="3" y="7" width="10" height="7" rx="1.5" />
        <path d="M5 7V5a3 3 0 0 1 6 0v2" />
      </svg>
      <span>{children}</span>
    </p>
  )
}
