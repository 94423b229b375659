import { Badge, Note } from '../design/parts'
import { formatUnits } from '../format/tokens'
import { useText } from '../text'
import type { Call } from './connection'
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
  return (
    <ol className="flex flex-col gap-3">
      {calls.map((call, at) => {
        const reading = read(call)
        const token = reading.is === 'approve' ? tokens.find((one) => one.token.toLowerCase() === reading.token.toLowerCase()) : undefined
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
