import { useState } from 'react'
import { useMutation, useQuery } from 'urql'
import { VERIFICATIONS, VERIFY, VERIFY_LINK } from '../../api/identity'
import { Badge, Choose, Field, Heading, Note, Primary, Said, Tick } from '../../design/parts'
import { formatDate } from '../../format/dates'
import { useText } from '../../text'
import { useRepeat } from '../repeat'
import { current } from '../request/keep'
import { COUNTRIES, nameOfCountry, STATES } from '../request/places'

const LIVE = ['CREATED', 'OPEN', 'PENDING', 'ON_HOLD', 'RETRY', 'REVIEW', 'VERIFIED']

/** The check of who the borrower is: begin it, do it on the page of who checks, come back. */
export function IdentityStep({ message, onVerified }: { message: string; onVerified: () => void }) {
  const { t, locale } = useText()
  const [{ data }, again] = useQuery({ query: VERIFICATIONS })
  const found = data?.verifications.find((one) => LIVE.includes(one.state))
  const [link, setLink] = useState<string | null>(null)
  const [refusal, setRefusal] = useState<string | null>(null)
  const [, askLink] = useMutation(VERIFY_LINK)
  useRepeat(() => again({ requestPolicy: 'network-only' }), found !== undefined && found.state !== 'VERIFIED' ? 1500 : null)
  const open = async (id: string) => {
    const { data: made, error } = await askLink({ id })
    const url = made?.verificationLink.link?.url ?? null
    // The page of who checks; nothing else than a page.
    setLink(url !== null && /^https?:\/\//.test(url) ? url : null)
    setRefusal(made?.verificationLink.refusals[0]?.message ?? error?.message ?? null)
  }
  const waits = found !== undefined && ['CREATED', 'OPEN', 'RETRY'].includes(found.state)
  return (
    <section className="flex flex-col gap-4" aria-label={t.identity.heading}>
      <Heading>{t.identity.heading}</Heading>
      <p className="text-sm text-ink-soft">{message}</p>
      {data !== undefined && found === undefined && (
        <Begin
          onBegun={(id) => {
            again({ requestPolicy: 'network-only' })
            void open(id)
          }}
        />
      )}
      {found !== undefined && (
        <>
          <p>
            <Badge tone={found.state === 'VERIFIED' ? 'good' : found.state === 'RETRY' ? 'warn' : 'calm'}>{t.identity.states[found.state] ?? found.state}</Badge>
          </p>
          <Said>{t.identity.states[found.state] ?? found.state}</Said>
          {found.labels.length > 0 && (
            <Note tone="warn" title={t.identity.mend}>
              {found.labels.join(', ')}
            </Note>
          )}
          {waits && link === null && <Primary onPress={() => void open(found.id)}>{t.identity.open}</Primary>}
          {waits && link !== null && (
            <>
              <a href={link} target="_blank" rel="noopener noreferrer" className="inline-flex min-h-11 items-center justify-center rounded-xl bg-accent px-5 font-medium text-on-accent hover:bg-accent-strong">
                {t.identity.open}
              </a>
              <p className="text-sm text-ink-soft">{t.identity.opens}</p>
            </>
          )}
          {found.state === 'VERIFIED' && (
            <>
              {found.verifiedUntil != null && <p className="text-sm text-ink-soft">{t.identity.until(formatDate(found.verifiedUntil, locale))}</p>}
              <Primary onPress={onVerified}>{t.identity.go}</Primary>
            </>
          )}
        </>
      )}
      {refusal !== null && <Note tone="bad">{refusal}</Note>}
    </section>
  )
}

function Begin({ onBegun }: { onBegun: (id: string) => void }) {
  const { t, locale } = useText()
  const draft = current()
  const [name, setName] = useState(draft.fullName)
  const [born, setBorn] = useState(draft.born)
  const [country, setCountry] = useState(draft.country)
  const [region, setRegion] = useState(draft.region)
  const [consent, setConsent] = useState(false)
  const [refusal, setRefusal] = useState<string | null>(null)
  const [key] = useState(() => crypto.randomUUID())
  const [{ fetching }, send] = useMutation(VERIFY)
  const begin = async () => {
    const input = { fullName: name.trim(), consent, country, ...(region !== '' && { region }), ...(born !== '' && { born }) }
    const { data, error } = await send({ key, input })
    const made = data?.startVerification.verification
    if (made != null) onBegun(made.id)
    else setRefusal(data?.startVerification.refusals[0]?.message ?? error?.message ?? null)
  }
  return (
    <form
      noValidate
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault()
        void begin()
      }}
    >
      <p className="text-sm text-ink-soft">{t.identity.help}</p>
      <Field name="fullName" label={t.about.fullName} help={t.about.fullNameHelp} autoComplete="name" value={name} onChange={setName} />
      <Field name="born" label={t.about.born} type="date" autoComplete="bday" value={born} onChange={setBorn} />
      <Choose label={t.place.country} value={country} onChange={setCountry} choices={COUNTRIES.map((id) => ({ id, name: nameOfCountry(id, locale) }))} />
      {country === 'US' && <Choose label={t.place.region} value={region} onChange={setRegion} choices={STATES} />}
      <Tick name="consent" checked={consent} onChange={setConsent}>
        {t.identity.consent}
      </Tick>
      {refusal !== null && <Note tone="bad">{refusal}</Note>}
      <Primary type="submit" isDisabled={!consent || name.trim().length < 2 || fetching}>
        {t.identity.start}
      </Primary>
    </form>
  )
}
