import { useEffect, useState } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import { useMutation, useQuery } from 'urql'
import { ACCEPT } from '../../api/loans'
import { OFFER } from '../../api/quotes'
import { Badge, Card, Empty, Heading, Note, Primary, Rows, Skeleton, Stat } from '../../design/parts'
import { formatDate, formatMoment, formatUntil } from '../../format/dates'
import { formatMoney } from '../../format/money'
import { compareRates, formatPercent } from '../../format/rate'
import { formatUnits } from '../../format/tokens'
import { Failed, Main } from '../../shell/Pages'
import { useText } from '../../text'
import { BeforePanel } from '../collateral/BeforePanel'
import { Scenarios } from '../compare/Scenarios'
import { IdentityStep } from '../identity/IdentityStep'
import { PaperLinks } from '../papers/PaperLinks'
import type { Offer } from '../results/OfferRow'
import { PlanChart } from './PlanChart'

/** One offer to its last figure, and the choice of it. */
export function OfferPage() {
  const { id = '', offer = '' } = useParams()
  const { t } = useText()
  const [{ data, error, fetching }, again] = useQuery({ query: OFFER, variables: { id: offer } })
  const quote = data?.quote
  const back = (
    <Link to={`/requests/${id}`} className="text-accent underline underline-offset-4">
      {t.compare.back}
    </Link>
  )
  if (quote == null) {
    return (
      <Main title={t.results.heading} lead={back}>
        {error !== undefined ? <Failed error={error} again={again} /> : fetching ? <Skeleton label={t.shell.loading} /> : <Empty title={t.offer.gone} />}
      </Main>
    )
  }
  return (
    <Main title={t.offer.heading(quote.provider)} lead={back} wide>
      <div className="grid items-start gap-6 lg:grid-cols-[1fr_21rem]">
        <div className="contents min-w-0 flex-col gap-6 lg:flex">
          <Figures offer={quote} />
          {quote.collateral.length > 0 && <Lock offer={quote} />}
          <Plan offer={quote} />
          <Card>
            <Heading>{t.compare.what}</Heading>
            <div className="mt-4">
              <Scenarios offer={quote} all={[quote]} />
            </div>
          </Card>
          <Costs offer={quote} />
        </div>
        <div className="contents flex-col gap-6 lg:sticky lg:top-20 lg:flex">
          <Choice offer={quote} />
          <Card>
            <Heading>{t.offer.why}</Heading>
            <p className="mt-2 font-medium">{t.offer.place(quote.position)}</p>
            <p className="mt-1 text-sm text-ink-soft">{t.offer.neutral}</p>
          </Card>
          <Card>
            <Heading>{t.offer.papers}</Heading>
            <PaperLinks papers={quote.disclosures} none={t.offer.noPapers} />
          </Card>
        </div>
      </div>
    </Main>
  )
}

function Figures({ offer }: { offer: Offer }) {
  const { t, locale } = useText()
  const money = (value: { amount: string; currency: string }) => formatMoney(value, locale)
  const declares = compareRates(offer.declaredApr.percent, offer.verifiedApr.percent) === 0 ? t.compare.same : `${t.compare.declared}: ${formatPercent(offer.declaredApr.percent, locale)}`
  return (
    <Card className="-order-2 lg:order-none">
      <div className="mb-4 flex flex-wrap gap-2">
        <Badge tone="calm">{t.products[offer.product]}</Badge>
        <Badge tone={offer.binding === 'INDICATIVE' ? 'warn' : 'good'}>{t.binding[offer.binding]}</Badge>
      </div>
      <dl className="grid gap-5 sm:grid-cols-2">
        <Stat name={t.compare.receive} value={money(offer.netDisbursed)} strong />
        <Stat name={t.results.yearly} value={formatPercent(offer.verifiedApr.percent, locale)} note={declares} strong />
        <Stat name={t.settle.pay} value={money(offer.totalOfPayments)} note={t.compare.payments(offer.schedule.length, money(offer.largestPayment))} />
        <Stat name={t.results.total} value={money(offer.financeCharge)} />
      </dl>
      {offer.flags.length > 0 && (
        <ul className="mt-5 flex flex-col gap-2">
          {offer.flags.map((flag) => (
            <li key={flag}>
              <Note tone="warn">{t.offer.flags[flag] ?? flag}</Note>
            </li>
          ))}
        </ul>
      )}
    </Card>
  )
}

function Lock({ offer }: { offer: Offer }) {
  const { t, locale } = useText()
  const falls = [
    ['PRICE_MINUS_20', '20 %'],
    ['PRICE_MINUS_40', '40 %'],
  ] as const
  return (
    <Card>
      <Heading>{t.offer.lock}</Heading>
      <p className="mt-1 text-sm text-ink-soft">{t.offer.lockHelp}</p>
      <dl className="mt-4 grid gap-5 sm:grid-cols-2">
        <Stat name={t.loan.held} value={offer.collateral.map((token) => formatUnits(token, locale)).join(', ')} />
        {offer.loanToValue != null && <Stat name={t.collateral.ltv} value={formatPercent(offer.loanToValue.percent, locale)} />}
      </dl>
      <ul className="mt-4 flex flex-wrap gap-2">
        {falls.map(([kind, percent]) => {
          const scenario = offer.scenarios.find((one) => one.kind === kind)
          if (scenario === undefined) return null
          return (
            <li key={kind}>
              <Badge tone={scenario.liquidated ? 'bad' : 'good'}>{scenario.liquidated ? t.offer.fallSold(percent) : t.offer.fallHolds(percent)}</Badge>
            </li>
          )
        })}
      </ul>
      <BeforePanel offer={offer} />
    </Card>
  )
}

function Plan({ offer }: { offer: Offer }) {
  const { t, locale } = useText()
  return (
    <Card>
      <Heading>{t.offer.plan}</Heading>
      <div className="mt-4">
        <PlanChart schedule={offer.schedule} />
      </div>
      <details className="mt-3">
        <summary className="min-h-6 cursor-pointer text-accent">{t.compare.payments(offer.schedule.length, formatMoney(offer.largestPayment, locale))}</summary>
        <div className="overflow-x-auto" tabIndex={0} role="region" aria-label={t.offer.plan}>
          <table className="mt-3 w-full text-sm">
            <thead>
              <tr className="text-left text-ink-soft">
                {[t.compare.due, t.compare.principal, t.compare.interest, t.compare.sum].map((name, at) => (
                  <th key={name} scope="col" className={`py-1.5 font-normal ${at > 0 ? 'text-right' : ''}`}>
                    {name}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {offer.schedule.map((payment) => (
                <tr key={payment.due} className="border-t border-line">
                  <td className="py-1.5 pr-3 whitespace-nowrap">{formatDate(payment.due, locale, 'short')}</td>
                  <td className="py-1.5 pl-3 text-right">{formatMoney(payment.principal, locale)}</td>
                  <td className="py-1.5 pl-3 text-right">{formatMoney(payment.interest, locale)}</td>
                  <td className="py-1.5 pl-3 text-right font-medium">{formatMoney(payment.total, locale)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      </details>
    </Card>
  )
}

function Costs({ offer }: { offer: Offer }) {
  const { t, locale } = useText()
  const other = [
    [t.offer.us, offer.usApr],
    [t.offer.eu, offer.euAprc],
    [t.offer.in, offer.inApr],
  ] as const
  return (
    <Card className="grid gap-6 sm:grid-cols-2">
      <section>
        <Heading>{t.compare.fees}</Heading>
        {offer.fees.length === 0 ? (
          <p className="mt-2 text-ink-soft">{t.compare.noFees}</p>
        ) : (
          <ul className="mt-2 divide-y divide-line">
            {offer.fees.map((fee, at) => (
              <li key={`${at} ${fee.code}`} className="flex justify-between gap-4 py-2">
                <span className="min-w-0 break-words">
                  {fee.code.toLowerCase().replaceAll('_', ' ')}
                  <span className="block text-sm text-ink-soft">{t.fees[fee.timing as keyof typeof t.fees] ?? fee.timing}</span>
                </span>
                <span className="font-medium">{formatMoney(fee.amount, locale)}</span>
              </li>
            ))}
          </ul>
        )}
      </section>
      <section>
        <Heading>{t.offer.conventions}</Heading>
        <Rows rows={other.flatMap(([name, rate]) => (rate == null ? [] : [[name, formatPercent(rate.percent, locale)] as const]))} />
      </section>
    </Card>
  )
}

function Choice({ offer }: { offer: Offer }) {
  const { t, locale } = useText()
  const navigate = useNavigate()
  const now = useNow()
  const [key] = useState(() => crypto.randomUUID())
  const [{ fetching }, accept] = useMutation(ACCEPT)
  const [refusal, setRefusal] = useState<{ code: string; message: string } | null>(null)
  const over = new Date(offer.validUntil).getTime() <= now.getTime()
  const choose = async (attempt: string) => {
    const { data, error } = await accept({ key: attempt, input: { quoteId: offer.id, digest: offer.digest } })
    const settlement = data?.acceptQuote.settlement
    if (settlement != null) void navigate(`/settlements/${settlement.id}`)
    else setRefusal(data?.acceptQuote.refusals[0] ?? { code: 'FAILED', message: error?.networkError !== undefined ? t.sign.offline : (error?.graphQLErrors[0]?.message ?? '') })
  }
  const identity = refusal !== null && refusal.code.startsWith('IDENTITY_') && refusal.code !== 'IDENTITY_REFUSED'
  return (
    <Card className="-order-1 flex flex-col gap-4 lg:order-none">
      <dl>
        <Stat name={t.compare.until} value={formatUntil(offer.validUntil, now, locale)} note={formatMoment(offer.validUntil, locale)} />
      </dl>
      {over ? (
        <Note tone="warn">{t.offer.ended}</Note>
      ) : (
        !identity && (
          <Primary isDisabled={fetching} onPress={() => void choose(key)}>
            {fetching ? t.offer.choosing : t.offer.choose}
          </Primary>
        )
      )}
      {refusal !== null && !identity && <Note tone="bad">{refusal.message}</Note>}
      {/* A refusal is kept under its key: after the check it is another attempt. */}
      {identity && <IdentityStep message={refusal.message} onVerified={() => void choose(`${key}-verified`)} />}
      {offer.collateral.length > 0 && <p className="text-sm text-ink-soft">{t.settle.closeSign}</p>}
    </Card>
  )
}

/** Now, once a second. */
export function useNow(): Date {
  const [now, setNow] = useState(() => new Date())
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), 1000)
    return () => clearInterval(timer)
  }, [])
  return now
}
