import { lazy, Suspense, useEffect, useRef, useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { useMutation } from 'urql'
import { ASK } from '../../api/quotes'
import { useSession } from '../../api/session'
import { Card, Note, Primary, Secondary, Skeleton } from '../../design/parts'
import { partOf } from '../../shell/roles'
import { useText } from '../../text'
import { BLANK, type Draft, fromLink, type Problem, problems, type Step, toInput, toLink } from './draft'
import { current, isKept, keep } from './keep'
import { AboutStep, CheckStep, NeedStep, PlaceStep } from './steps'

const SignIn = lazy(() => import('../../shell/SignIn').then((module) => ({ default: module.SignIn })))

const STEPS = ['need', 'place', 'about', 'check'] as const
type Screen = (typeof STEPS)[number]

export interface StepProps {
  readonly draft: Draft
  readonly put: (part: Partial<Draft>) => void
  readonly wrong: (field: keyof Draft) => string | undefined
}

export function RequestPage() {
  const { t, locale } = useText()
  const [link, setLink] = useSearchParams()
  const [draft, setDraft] = useState(() => begin(link))
  const session = useSession()
  const [signing, setSigning] = useState(false)
  useEffect(() => keep(draft), [draft])
  const [screen, setScreen] = useState<Screen>('need')
  const [found, setFound] = useState<Partial<Record<keyof Draft, Problem>>>({})
  const { ask, asking, refusal } = useAsk()
  const heading = useRef<HTMLHeadingElement>(null)
  const index = STEPS.indexOf(screen)
  const put = (part: Partial<Draft>) => {
    setDraft((now) => ({ ...now, ...part }))
    setFound((now) => Object.fromEntries(Object.entries(now).filter(([field]) => !(field in part))))
  }
  const go = (to: Screen) => {
    setScreen(to)
    setSigning(false)
    setLink(toLink(draft), { replace: true })
    requestAnimationFrame(() => heading.current?.focus())
  }
  const next = () => {
    const wrong = screen === 'check' ? {} : problems(draft, screen as Step, locale)
    setFound(wrong)
    if (Object.keys(wrong).length > 0) return
    if (asking) return
    const following = STEPS[index + 1]
    if (following === undefined) {
      if (session === null || session === 'unknown') setSigning(true)
      else void ask(draft, locale)
    }
    else go(following)
  }
  const wrong = (field: keyof Draft) => {
    const problem = found[field]
    if (problem === undefined) return undefined
    if (typeof problem !== 'string') return t.problems['out-of-range'](problem.low, problem.high)
    const text = t.problems[problem as keyof typeof t.problems]
    return typeof text === 'string' ? text : problem
  }
  const step = { draft, put, wrong }
  return (
    <main className="mx-auto w-full max-w-xl px-4 py-8">
      <title>{`${t.steps[screen]} · Usance`}</title>
      {index === 0 && <p className="mb-6 text-lg text-balance text-ink-soft">{t.app.tagline}</p>}
      <p className="text-sm text-ink-soft">{t.steps.of(index + 1, STEPS.length)}</p>
      <div className="mt-2 mb-6 grid grid-cols-4 gap-1.5" aria-hidden="true">
        {STEPS.map((name, at) => (
          <span key={name} className={`h-1.5 rounded-full ${at <= index ? 'bg-accent' : 'bg-line'}`} />
        ))}
      </div>
      <h1 ref={heading} tabIndex={-1} className="mb-6 text-3xl font-semibold tracking-tight outline-none">
        {t.steps[screen]}
      </h1>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault()
          next()
        }}
      >
        <Card className="flex flex-col gap-6">
          {screen === 'need' && <NeedStep {...step} />}
          {screen === 'place' && <PlaceStep {...step} />}
          {screen === 'about' && <AboutStep {...step} />}
          {screen === 'check' && <CheckStep {...step} />}
        </Card>
        {refusal !== null && (
          <p role="alert" className="mt-4 rounded-xl bg-bad-soft px-4 py-3 text-bad">
            {refusal}
          </p>
        )}
        {session !== null && session !== 'unknown' && partOf(session.principal.role) !== 'borrower' && (
          <div className="mt-4">
            <Note tone="warn" title={t.sign.borrowerOnly}>
              {t.sign.borrowerOnlyHelp}
            </Note>
          </div>
        )}
        <div className="mt-6 flex flex-wrap justify-between gap-3">
          {index > 0 ? <Secondary onPress={() => go(STEPS[index - 1] ?? 'need')}>{t.steps.back}</Secondary> : <span />}
          <Primary type="submit">
            {screen !== 'check' ? t.steps.next : asking ? t.steps.asking : t.steps.ask}
          </Primary>
        </div>
      </form>
      {signing && (
        <section className="mt-8 flex flex-col gap-4" aria-label={t.sign.heading} ref={(element) => element?.scrollIntoView({ block: 'nearest' })}>
          <p className="text-ink-soft">{t.sign.whyAsk}</p>
          <Suspense fallback={<Skeleton label={t.shell.loading} rows={1} />}>
            <SignIn
              onDone={() => {
                setSigning(false)
                void ask(draft, locale)
              }}
            />
          </Suspense>
        </section>
      )}
    </main>
  )
}

/** What was filled in before, unless a link says something of its own. Without one nothing is refinanced. */
function begin(link: URLSearchParams): Draft {
  if (!isKept()) return fromLink(link)
  if (!link.has('amount')) return { ...current(), refinances: BLANK.refinances }
  const { amount, currency, refinances } = fromLink(link)
  return { ...current(), amount, currency, refinances }
}

/** Asks once: the key stays the same until an answer came, so a second press repeats the same request. */
function useAsk() {
  const key = useRef<string | null>(null)
  const navigate = useNavigate()
  const [{ fetching }, send] = useMutation(ASK)
  const [refusal, setRefusal] = useState<string | null>(null)
  const ask = async (draft: Draft, locale: string) => {
    key.current ??= crypto.randomUUID()
    const { data, error } = await send({ key: key.current, input: toInput(draft, locale) })
    const refused = data?.requestQuotes.refusals[0]?.message
    const request = data?.requestQuotes.request
    if (request != null) void navigate(`/requests/${request.id}`)
    else setRefusal(refused ?? error?.message ?? null)
    if (error?.networkError === undefined) key.current = null
  }
  return { ask, asking: fetching, refusal }
}
