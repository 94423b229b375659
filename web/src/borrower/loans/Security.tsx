import { useState } from 'react'
import { useClient } from 'urql'
import { ADD_CALLS, TAKE_CALLS } from '../../api/loans'
import { Card, Heading, Note, Primary, Rows } from '../../design/parts'
import { formatPercent } from '../../format/rate'
import { formatUnits, unitsOf, wholeOf } from '../../format/tokens'
import { useText } from '../../text'
import { Calls } from '../../wallet/Calls'
import { type Call, useConnection } from '../../wallet/connection'
import { ConnectWallet, WalletTroubleNote } from '../../wallet/parts'
import { useRun } from '../../wallet/useRun'
import { CollateralPanel } from '../collateral/CollateralPanel'
import type { LoanView } from './LoanPage'
import { highestAfterTaking, impliedPrice } from './words'

/** What is locked, what it means for the price at which it is sold, and more or less of it. */
export function Security({ loan, fresh }: { loan: LoanView; fresh: () => void }) {
  const { t, locale } = useText()
  const held = loan.collateral?.held
  const [tokens, setTokens] = useState<string | null>(null)
  if (loan.collateral == null || held === undefined) return null
  const { ltvBps, liquidationLtvBps } = loan.collateral
  const now = wholeOf(held.units, held.decimals)
  const price = ltvBps == null ? null : impliedPrice(loan.outstanding, held, ltvBps)
  const wanted = unitsOf(tokens ?? now, held.decimals)
  const change = wanted === null ? 0n : wanted - BigInt(held.units)
  const highest = ltvBps == null || liquidationLtvBps == null ? null : highestAfterTaking(ltvBps, liquidationLtvBps)
  const tooLittle = change < 0n && wanted !== null && ltvBps != null && highest !== null && BigInt(held.units) * BigInt(ltvBps) > wanted * BigInt(highest)
  return (
    <Card className="flex flex-col gap-5">
      <Heading>{t.loan.security}</Heading>
      {loan.collateral.late && <Note tone="bad">{t.loan.late}</Note>}
      <Rows
        rows={[
          [t.loan.held, change === 0n || wanted === null ? formatUnits(held, locale) : t.loan.after(formatUnits(held, locale), formatUnits({ ...held, units: wanted.toString() }, locale))],
          ...(liquidationLtvBps == null ? [] : ([[t.loan.sellAt, formatPercent(bps(liquidationLtvBps), locale)]] as const)),
        ]}
      />
      {price !== null && highest !== null && liquidationLtvBps != null ? (
        <CollateralPanel
          debt={wholeOf(loan.outstanding.units, loan.outstanding.decimals)}
          currency={loan.settlement.quote.principal.currency}
          price={price}
          symbol={held.symbol}
          decimals={held.decimals}
          highestPpm={BigInt(highest) * 100n}
          thresholdPpm={BigInt(liquidationLtvBps) * 100n}
          tokens={tokens ?? now}
          onChange={setTokens}
        />
      ) : (
        <p className="text-sm text-ink-soft">{t.loan.noOracle}</p>
      )}
      <ChangeSecurity
        loan={loan}
        change={change}
        allowed={!tooLittle}
        done={() => {
          setTokens(null)
          fresh()
        }}
      />
    </Card>
  )
}

function ChangeSecurity({ loan, change, allowed, done }: { loan: LoanView; change: bigint; allowed: boolean; done: () => void }) {
  const { t, locale } = useText()
  const client = useClient()
  const connection = useConnection()
  const [run, start] = useRun()
  const [calls, setCalls] = useState<readonly Call[]>([])
  const [problem, setProblem] = useState<string | null>(null)
  const held = loan.collateral?.held
  if (held === undefined || change === 0n) return null
  const units = (change < 0n ? -change : change).toString()
  const send = async () => {
    if (connection === null) return
    setProblem(null)
    const ask = { id: loan.id, units }
    const options = { requestPolicy: 'network-only' } as const
    const added = change > 0n ? await client.query(ADD_CALLS, ask, options).toPromise() : null
    const taken = change > 0n ? null : await client.query(TAKE_CALLS, ask, options).toPromise()
    const wanted = added?.data?.loan?.addCollateralCalls ?? taken?.data?.loan?.withdrawCollateralCalls
    if (wanted === undefined) {
      setProblem((added ?? taken)?.error?.graphQLErrors[0]?.message ?? t.sign.offline)
      return
    }
    setCalls(wanted)
    if (await start(connection, wanted, 0)) done()
  }
  const amount = formatUnits({ ...held, units }, locale)
  return (
    <div className="flex flex-col gap-4 border-t border-line pt-5">
      <ConnectWallet />
      <Primary isDisabled={!allowed || connection === null || run.at !== 'rest'} onPress={() => void send()}>
        {run.at === 'wallet' ? t.settle.waiting : run.at === 'chain' ? t.settle.mining : `${change > 0n ? t.loan.add : t.loan.take}: ${amount}`}
      </Primary>
      {run.at !== 'rest' && <Calls calls={calls} run={run} tokens={[held]} />}
      {run.error !== null && <WalletTroubleNote error={run.error} />}
      {problem !== null && <Note tone="bad">{problem}</Note>}
    </div>
  )
}

function bps(tenThousandths: number): string {
  return `${Math.floor(tenThousandths / 100)}.${String(tenThousandths % 100).padStart(2, '0')}00`
}
