import { useEffect, useState } from 'react'
import { Badge, Note } from '../design/parts'
import { formatUnits } from '../format/tokens'
import { useText } from '../text'
import { type Call, readToken, useConnection } from './connection'
import type { Run } from './useRun'
import { read, shortHex } from './words'

interface Known {
  readonly token: string
  readonly symbol: string
  readonly decimals: number
}

/** What the wallet will be asked to send, in words that are read from the calldata itself. */
export function Calls({ calls, run, tokens, contract }: { calls: readonly Call[]; run: Run; tokens: readonly Known[]; contract?: string | undefined }) {
  const { t, locale } = useText()
  const told = useUnknown(calls, tokens)
  const all = [...tokens, ...told]
  return (
    <ol className="flex flex-col gap-3">
      {calls.map((call, at) => {
        const reading = read(call)
        const token = reading.is === 'approve' ? all.find((one) => one.token.toLowerCase() === reading.token.toLowerCase()) : undefined
        const amount =
          reading.is !== 'approve' || reading.units === null
            ? null
            : token === undefined
              ? reading.units.toString()
              : formatUnits({ units: reading.units.toString(), decimals: token.decimals, symbol: token.symbol }, locale)
        const target = reading.is === 'approve' ? reading.spender : reading.contract
        const done = at < run.done
        const strange = contract !== undefined && target.toLowerCase() !== contract.toLowerCase()
        return (
          <li key={`${at} ${call.data}`} className="rounded-xl border border-line px-4 py-3">
            <div className="flex flex-wrap items-start justify-between gap-2">
              <p className="font-medium">{reading.is === 'approve' ? (amount === null ? t.settle.approveAny : t.settle.approve(amount)) : (t.settle.callTitles[call.title] ?? call.title)}</p>
              {done && <Badge tone="good">✓ {t.settle.states.done.replace(/[()]/g, '')}</Badge>}
            </div>
            <p className="mt-1 text-sm text-ink-soft">
              <span title={target}>{t.settle.spender(shortHex(target))}</span>
              {contract !== undefined && !strange && <> · {t.settle.same}</>}
            </p>
            {strange && <Note tone="warn">{t.settle.other}</Note>}
            {reading.is === 'approve' && reading.units === null && <Note tone="warn">{t.settle.approveWarn}</Note>}
          </li>
        )
      })}
    </ol>
  )
}

/** Tokens of allowances that nobody has told of: their contracts say symbol and decimals through the wallet. */
function useUnknown(calls: readonly Call[], known: readonly Known[]): readonly Known[] {
  const connection = useConnection()
  const [told, setTold] = useState<readonly Known[]>([])
  const wanted = calls
    .flatMap((call) => {
      const reading = read(call)
      return reading.is === 'approve' && Number(call.chainId) === connection?.chainId ? [reading.token.toLowerCase()] : []
    })
    .filter((token) => !known.some((one) => one.token.toLowerCase() === token))
    .join(' ')
  useEffect(() => {
    if (connection === null || wanted === '') return
    let current = true
    void Promise.all(wanted.split(' ').map((token) => readToken(connection, token))).then((found) => current && setTold(found.filter((one) => one !== null)))
    return () => {
      current = false
    }
  }, [connection, wanted])
  return told
}
