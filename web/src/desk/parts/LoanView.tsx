// One loan: what was lent, what is due, what came in.

import { useMemo, useState } from 'react'
import { Button } from 'react-aria-components'
import { Link } from 'react-router'
import type { ResultOf } from '../../api/graphql'
import { Field } from '../../design/parts'
import { formatDate } from '../../format/dates'
import { parseAmount } from '../../format/money'
import { formatPercent } from '../../format/rate'
import { useAsk, useSend } from '../api/ask'
import { LOAN, LOAN_NOW, LOAN_TERMS, RECORD } from '../api/loans'
import { Act } from './Act'
import { useEntered } from './Console'
import { formatBps, formatLoanAmount, momentOf } from './figures'
import { Facts, Id, Moment, ShortId, Tag } from './Pieces'
import { Empty, Part, plainLink, Screen, Shown, smallQuiet } from './Screen'
import { Table } from './Table'
import { loanTone, settlementTone } from './tones'
import { useDesk, wordFor } from './words'

type Loan = NonNullable<ResultOf<typeof LOAN>['loan']>

export function LoanView({ id, back }: { id: string; back: { to: string; name: string } }) {
  const { d } = useDesk()
  const answer = useAsk(LOAN, { id })
  return (
    <Screen title={d.loan.one} back={back}>
      <Shown answer={answer} of={(data) => data.loan} rows={8}>
        {(loan) => <Parts loan={loan} at={back.to} again={answer.again} />}
      </Shown>
    </Screen>
  )
}

/** Rows of the plan that are shown before the rest is asked for. */
const FIRST_ROWS = 6

function Parts({ loan, at, again }: { loan: Loan; at: string; again: () => void }) {
  const { d, locale } = useDesk()
  const { settlement } = loan
  const [whole, setWhole] = useState(false)
  // From the last one that is paid on.
  const open = Math.max(0, loan.schedule.findIndex((row) => BigInt(row.paid.units) < BigInt(row.total.units)) - 1)
  const rows = whole ? loan.schedule : loan.schedule.slice(open, open + FIRST_ROWS)
  const agreed = useAsk(LOAN_TERMS, { id: loan.id }).data?.loan?.settlement.quote
  const other = (id: string) => (
    <Link to={`${at}/${id}`} className={plainLink}>
      <ShortId id={id} />
    </Link>
  )
  return (
    <>
      <Part title={<Id id={loan.id} />} aside={<Tag tone={loanTone(loan.state)}>{wordFor(d.loan.states, loan.state)}</Tag>}>
        <Facts
          columns={3}
          facts={[
            { name: d.loan.lender, value: loan.provider },
            { name: d.loan.principal, value: formatLoanAmount(loan.principal, locale) },
            { name: d.loan.outstanding, value: formatLoanAmount(loan.outstanding, locale) },
            ...(agreed === undefined
              ? []
              : [
                  { name: d.lender.verified, value: formatPercent(agreed.verifiedApr.percent, locale) },
                  { name: d.lender.declared, value: formatPercent(agreed.declaredApr.percent, locale) },
                ]),
            { name: d.loan.started, value: <Moment at={loan.startedAt} /> },
            ...(loan.closedAt === null ? [] : [{ name: d.loan.ended, value: <Moment at={loan.closedAt} /> }]),
            ...(loan.endedBy === null ? [] : [{ name: d.loan.endedBy, value: wordFor(d.loan.ends, loan.endedBy) }]),
            ...(loan.shortfall === null ? [] : [{ name: d.loan.shortfall, value: formatLoanAmount(loan.shortfall, locale) }]),
            ...(loan.chainId === null ? [] : [{ name: d.loan.chain, value: loan.chainId }]),
            { name: d.loan.settlement, value: <Tag tone={settlementTone(settlement.state)}>{wordFor(d.settlement, settlement.state)}</Tag> },
            ...(settlement.txHash === null ? [] : [{ name: d.loan.transaction, value: <Id id={settlement.txHash} /> }]),
            ...(settlement.failure === null ? [] : [{ name: d.loan.failure, value: settlement.failure.text, wide: true }]),
            ...(loan.refinances === null ? [] : [{ name: d.loan.replaces, value: other(loan.refinances.id) }]),
            ...(loan.refinancedBy === null ? [] : [{ name: d.loan.replacedBy, value: other(loan.refinancedBy.id) }]),
            ...(agreed === undefined ? [] : [{ name: d.loan.digest, value: <Id id={agreed.digest} /> }]),
          ]}
        />
      </Part>
      {(loan.state === 'ACTIVE' || loan.state === 'DELINQUENT') && <Now key={loan.repayments.length} id={loan.id} />}
      <Part title={d.loan.schedule} lead={d.loan.scheduleLead}>
        {loan.schedule.length === 0 ? (
          <Empty title={d.loan.noSchedule}>{d.loan.noScheduleHelp}</Empty>
        ) : (
          <Table
            label={d.loan.schedule}
            rows={rows}
            id={(row) => String(row.number)}
            columns={[
              { name: d.loan.due, cell: (row) => formatDate(row.due, locale, 'short') },
              { name: d.loan.principalPart, right: true, cell: (row) => formatLoanAmount(row.principal, locale) },
              { name: d.loan.interestPart, right: true, cell: (row) => formatLoanAmount(row.interest, locale) },
              { name: d.loan.feesPart, right: true, cell: (row) => formatLoanAmount(row.fees, locale) },
              { name: d.loan.total, right: true, cell: (row) => <strong>{formatLoanAmount(row.total, locale)}</strong> },
              { name: d.loan.paid, right: true, cell: (row) => formatLoanAmount(row.paid, locale) },
            ]}
          />
        )}
        {rows.length < loan.schedule.length && (
          <div className="mt-4 flex justify-center">
            <Button className={smallQuiet} onPress={() => setWhole(true)}>
              {d.more}
            </Button>
          </div>
        )}
      </Part>
      <Part title={d.loan.repayments} aside={<Record loan={loan} again={again} />}>
        {loan.repayments.length === 0 ? (
          <Empty title={d.loan.noRepayments}>{d.loan.noRepaymentsHelp}</Empty>
        ) : (
          <Table
            label={d.loan.repayments}
            rows={loan.repayments}
            id={(row) => row.id}
            columns={[
              { name: d.loan.paidAt, cell: (row) => <Moment at={row.paidAt} /> },
              { name: d.loan.amount, right: true, cell: (row) => <strong>{formatLoanAmount(row.amount, locale)}</strong> },
              { name: d.loan.principalPart, right: true, cell: (row) => formatLoanAmount(row.principal, locale) },
              { name: d.loan.interestPart, right: true, cell: (row) => formatLoanAmount(row.interest, locale) },
              { name: d.loan.lateFee, right: true, cell: (row) => formatLoanAmount(row.lateFee, locale) },
              { name: d.loan.evidence, cell: (row) => <Id id={row.evidence} /> },
            ]}
          />
        )}
      </Part>
    </>
  )
}

/** What is read from the chain at this moment; it may be slow or silent without holding back the rest. */
function Now({ id }: { id: string }) {
  const { d, locale } = useDesk()
  const answer = useAsk(LOAN_NOW, { id })
  return (
    <Part title={d.loan.now} lead={d.loan.nowLead}>
      <Shown answer={answer} of={(data) => data.loan} rows={2}>
        {(loan) => (
          <Facts
            columns={3}
            facts={[
              { name: d.loan.payoff, value: formatLoanAmount(loan.payoffQuote.amount, locale) },
              ...(loan.collateral === null
                ? [{ name: d.loan.security, value: d.loan.noSecurity }]
                : [
                    { name: d.loan.security, value: formatLoanAmount(loan.collateral.held, locale) },
                    { name: d.loan.ltv, value: loan.collateral.ltvBps === null ? d.loan.noPrice : formatBps(loan.collateral.ltvBps, locale) },
                    { name: d.loan.soldAbove, value: loan.collateral.liquidationLtvBps === null ? d.none : formatBps(loan.collateral.liquidationLtvBps, locale) },
                    { name: d.loan.late, value: loan.collateral.late ? d.yes : d.no },
                  ]),
            ]}
          />
        )}
      </Shown>
    </Part>
  )
}

function Record({ loan, again }: { loan: Loan; again: () => void }) {
  const { d, locale } = useDesk()
  const who = useEntered()
  const send = useSend(RECORD, (data) => data.recordRepayment.refusals)
  const [amount, setAmount] = useState('')
  const [evidence, setEvidence] = useState('')
  const [on, setOn] = useState(() => new Date().toISOString().slice(0, 10))
  // Once for a day, so that a repeated press says the same.
  const paidAt = useMemo(() => momentOf(on, loan.startedAt, new Date()), [on, loan.startedAt])
  const currency = loan.principal.symbol
  const open = loan.state === 'ACTIVE' || loan.state === 'DELINQUENT'
  if (who.role !== 'PROVIDER' || !open || loan.chainId !== null) return null
  const parsed = parseAmount(amount, currency, locale)
  const ready = parsed.ok && evidence.trim() !== '' && paidAt !== null
  return (
    <Act
      title={d.loan.record}
      help={d.loan.recordHelp}
      tone="primary"
      ready={ready}
      done={again}
      go={() => send({ input: { loanId: loan.id, amount: { amount: parsed.ok ? parsed.amount : '', currency }, paidAt: paidAt ?? '', evidence: evidence.trim() } })}
    >
      <Field name="amount" label={`${d.loan.amount} (${currency})`} value={amount} onChange={setAmount} inputMode="decimal" />
      <Field name="day" label={d.loan.day} help={d.loan.dayHelp} value={on} onChange={setOn} />
      <Field name="evidence" label={d.loan.evidence} help={d.loan.evidenceHelp} value={evidence} onChange={setEvidence} />
    </Act>
  )
}
