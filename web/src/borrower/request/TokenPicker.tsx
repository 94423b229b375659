import { useEffect, useState } from 'react'
import { Label, Slider, SliderOutput, SliderThumb, SliderTrack } from 'react-aria-components'
import { Field, Note } from '../../design/parts'
import { formatUnits, unitsOf, wholeOf } from '../../format/tokens'
import { useText } from '../../text'
import { readToken, type Token, useConnection } from '../../wallet/connection'
import { ConnectWallet } from '../../wallet/parts'
import type { StepProps } from './RequestPage'

/** Which token can be locked and how much of it: the wallet tells what there is. */
export function TokenPicker({ draft, put, wrong }: StepProps) {
  const { t } = useText()
  const connection = useConnection()
  const [address, setAddress] = useState(draft.token)
  const [token, setToken] = useState<Token | null | 'reading'>(null)
  const wellFormed = /^0x[0-9a-fA-F]{40}$/.test(address.trim())
  useEffect(() => {
    if (connection === null || !wellFormed) {
      setToken(null)
      return
    }
    let current = true
    setToken('reading')
    void readToken(connection, address.trim()).then((found) => current && setToken(found))
    return () => {
      current = false
    }
  }, [connection, address, wellFormed])
  return (
    <div className="flex flex-col gap-4 rounded-xl bg-sunken p-4">
      <ConnectWallet />
      {connection === null ? (
        <p className="text-sm text-ink-soft">{t.token.need}</p>
      ) : (
        <>
          <Field
            name="token"
            label={t.token.address}
            help={t.token.help}
            value={address}
            onChange={(typed) => {
              setAddress(typed)
              put({ token: typed.trim(), units: '' })
            }}
            problem={wellFormed && token === null ? t.token.unknown : undefined}
          />
          {token !== null && token !== 'reading' && (
            <HowMuch key={`${token.chainId} ${token.token}`} token={token} units={draft.units} choose={(units) => put({ token: token.token, chainId: String(token.chainId), units, wallet: connection.address })} />
          )}
        </>
      )}
      {wrong('units') !== undefined && <Note tone="bad">{wrong('units')}</Note>}
    </div>
  )
}

function HowMuch({ token, units, choose }: { token: Token; units: string; choose: (units: string) => void }) {
  const { t, locale } = useText()
  const [typed, setTyped] = useState(units === '' ? '' : wholeOf(units, token.decimals))
  const wanted = unitsOf(typed, token.decimals)
  const share = wanted === null || token.units === 0n ? 0 : Number((wanted * 100n) / token.units)
  const set = (text: string) => {
    setTyped(text)
    const base = unitsOf(text, token.decimals)
    choose(base === null || base === 0n || base > token.units ? '' : base.toString())
  }
  const problem = typed !== '' && wanted === null ? t.problems['not-a-number'] : wanted !== null && wanted > token.units ? t.token.tooMuch : undefined
  return (
    <>
      <Field
        name="tokens"
        label={t.token.amount(token.symbol)}
        inputMode="decimal"
        value={typed}
        onChange={set}
        help={t.token.have(formatUnits({ units: token.units.toString(), decimals: token.decimals, symbol: token.symbol }, locale))}
        problem={problem}
      />
      {token.units > 0n && (
        <Slider minValue={0} maxValue={100} value={Math.min(100, share)} onChange={(value) => set(wholeOf(((token.units * BigInt(Math.round(value as number))) / 100n).toString(), token.decimals))} className="flex flex-col gap-1">
          <div className="flex justify-between text-sm text-ink-soft">
            <Label>{t.token.share}</Label>
            <SliderOutput>{`${Math.min(100, share)} %`}</SliderOutput>
          </div>
          <SliderTrack className="relative h-8 w-full">
            {({ state }) => (
              <>
                <div className="absolute top-3 h-2 w-full rounded-full bg-line" />
                <div className="absolute top-3 h-2 rounded-full bg-accent" style={{ width: `${state.getThumbPercent(0) * 100}%` }} />
                <SliderThumb className="top-4 size-7 rounded-full border-2 border-accent bg-surface shadow-lift data-[focus-visible]:outline-3 data-[focus-visible]:outline-offset-2 data-[focus-visible]:outline-accent" />
              </>
            )}
          </SliderTrack>
        </Slider>
      )}
    </>
  )
}
