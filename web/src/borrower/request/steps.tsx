import { lazy, Suspense } from 'react'
import { Choose, Field, Note, Pick, Skeleton, Tick } from '../../design/parts'
import { formatTerm } from '../../format/dates'
import { formatMoney, parseAmount } from '../../format/money'
import { useText } from '../../text'
import { CURRENCIES, EMPLOYMENTS, PURPOSES, TERM_UNITS } from './draft'
import { COUNTRIES, nameOfCountry, STATES } from './places'
import type { StepProps } from './RequestPage'

// With the wallets: only who locks something needs it.
const TokenPicker = lazy(() => import('./TokenPicker').then((module) => ({ default: module.TokenPicker })))

export function NeedStep({ draft, put, wrong }: StepProps) {
  const { t } = useText()
  return (
    <>
      <div className="grid gap-4 sm:grid-cols-[1fr_8rem]">
        <Field name="amount" label={t.need.amount} inputMode="decimal" value={draft.amount} onChange={(amount) => put({ amount })} problem={wrong('amount')} />
        <Choose
          label={t.need.currency}
          value={draft.currency}
          onChange={(currency) => put({ currency: currency as typeof draft.currency })}
          choices={CURRENCIES.map((id) => ({ id, name: id }))}
        />
      </div>
      <fieldset className="flex flex-col gap-2">
        <legend className="mb-1.5 font-medium">{t.need.term}</legend>
        <div className="grid grid-cols-2 gap-4">
          <Field name="count" label={t.need.count} inputMode="numeric" value={draft.count} onChange={(count) => put({ count })} problem={wrong('count')} />
          <Choose
            label={t.need.unit}
            value={draft.unit}
            onChange={(unit) => put({ unit: unit as typeof draft.unit })}
            choices={TERM_UNITS.map((id) => ({ id, name: t.units[id] }))}
          />
        </div>
      </fieldset>
      <Choose
        label={t.need.purpose}
        value={draft.purpose}
        onChange={(purpose) => put({ purpose: purpose as typeof draft.purpose })}
        choices={PURPOSES.map((id) => ({ id, name: t.purposes[id] }))}
      />
      {draft.refinances !== '' && <Note>{t.need.refinances}</Note>}
      {draft.refinances === '' && <Secured {...{ draft, put, wrong }} />}
    </>
  )
}

function Secured({ draft, put, wrong }: StepProps) {
  const { t } = useText()
  return (
    <>
      <Pick
        label={t.need.secured}
        help={t.need.securedHelp}
        value={draft.secured ? 'yes' : 'no'}
        onChange={(id) => put({ secured: id === 'yes' })}
        choices={[
          { id: 'no', name: t.need.unsecured },
          { id: 'yes', name: t.need.withToken },
        ]}
      />
      {draft.secured && (
        <Suspense fallback={<Skeleton label={t.shell.loading} rows={1} />}>
          <TokenPicker {...{ draft, put, wrong }} />
        </Suspense>
      )}
    </>
  )
}

export function PlaceStep({ draft, put, wrong }: StepProps) {
  const { t, locale } = useText()
  return (
    <>
      <Choose
        label={t.place.country}
        value={draft.country}
        onChange={(country) => put({ country, region: '' })}
        choices={COUNTRIES.map((id) => ({ id, name: nameOfCountry(id, locale) }))}
      />
      {draft.country === 'US' && (
        <>
          <Choose label={t.place.region} value={draft.region} onChange={(region) => put({ region })} choices={STATES} />
          {wrong('region') !== undefined && (
            <p role="alert" className="-mt-4 text-sm text-bad">
              {wrong('region')}
            </p>
          )}
        </>
      )}
      <p className="text-sm text-ink-soft">{t.place.why}</p>
    </>
  )
}

export function AboutStep({ draft, put, wrong }: StepProps) {
  const { t } = useText()
  const amount = (name: 'income' | 'housing' | 'debts') => (
    <Field name={name} label={t.about[name]} inputMode="decimal" value={draft[name]} onChange={(typed) => put({ [name]: typed })} problem={wrong(name)} />
  )
  const months = (name: 'employmentMonths' | 'residenceMonths') => (
    <Field name={name} label={t.about[name]} inputMode="numeric" value={draft[name]} onChange={(typed) => put({ [name]: typed })} problem={wrong(name)} />
  )
  return (
    <>
      <Field
        name="fullName"
        label={t.about.fullName}
        help={t.about.fullNameHelp}
        autoComplete="name"
        value={draft.fullName}
        onChange={(fullName) => put({ fullName })}
        problem={wrong('fullName')}
      />
      <Field name="born" label={t.about.born} help={t.about.bornHelp} type="date" autoComplete="bday" value={draft.born} onChange={(born) => put({ born })} problem={wrong('born')} />
      {amount('income')}
      {amount('housing')}
      {amount('debts')}
      <Choose
        label={t.about.work}
        value={draft.employment}
        onChange={(employment) => put({ employment: employment as typeof draft.employment })}
        choices={EMPLOYMENTS.map((id) => ({ id, name: t.employment[id] }))}
      />
      <div className="grid gap-4 sm:grid-cols-2">
        {months('employmentMonths')}
        {months('residenceMonths')}
      </div>
      {draft.country === 'US' && (
        <Tick name="military" checked={draft.military} onChange={(military) => put({ military })}>
          {t.about.military}
        </Tick>
      )}
    </>
  )
}

export function CheckStep({ draft }: StepProps) {
  const { t, locale } = useText()
  const money = (typed: string) => {
    const parsed = parseAmount(typed, draft.currency, locale)
    return formatMoney({ amount: parsed.ok ? parsed.amount : '0', currency: draft.currency }, locale, true)
  }
  const place = draft.country === 'US' ? `${STATES.find((state) => state.id === draft.region)?.name ?? ''}, ` : ''
  const rows: [string, string][] = [
    [t.steps.need, `${money(draft.amount)}, ${formatTerm(Number(draft.count), draft.unit, locale)}`],
    [t.need.purpose, t.purposes[draft.purpose]],
    [t.steps.place, place + nameOfCountry(draft.country, locale)],
    [t.about.fullName, draft.fullName.trim()],
    [t.about.income, money(draft.income)],
    [t.about.housing, money(draft.housing)],
    [t.about.debts, money(draft.debts)],
    [t.about.work, t.employment[draft.employment]],
  ]
  return (
    <>
      <dl className="divide-y divide-line">
        {rows.map(([name, value]) => (
          <div key={name} className="flex flex-wrap justify-between gap-x-6 gap-y-1 py-2.5">
            <dt className="text-ink-soft">{name}</dt>
            <dd className="font-medium">{value}</dd>
          </div>
        ))}
      </dl>
      <div className="rounded-xl bg-accent-soft px-4 py-3 text-sm">
        <p className="font-medium">{t.check.soft}</p>
        <p className="mt-1 text-ink-soft">{t.check.lenders}</p>
      </div>
    </>
  )
}
