import { useEffect, useState } from 'react'
import { Label, Slider, SliderOutput, SliderThumb, SliderTrack } from 'react-aria-components'
import { bestMarket, type LockableToken, type LockMarket, useLockable } from '../../api/lockable'
import { Choose, Field, Note, Skeleton } from '../../design/parts'
import { parseAmount } from '../../format/money'
import { formatPercent } from '../../format/rate'
import { formatUnits, unitsOf, wholeOf } from '../../format/tokens'
import { useText } from '../../text'
import { readToken, type Token, useConnection } from '../../wallet/connection'
import { ConnectWallet } from '../../wallet/parts'
import { PriceLine } from '../collateral/BeforePanel'
import { CollateralPanel } from '../collateral/CollateralPanel'
import type { StepProps } from './RequestPage'

/** A token to lock; `null` for what the wallet has of it where it does not say. */
type Lock = Omit<Token, 'units'> & { readonly units: bigint | null }

const OTHER = 'other'
const keyOf = (token: LockableToken) => `${token.chainId} ${token.token.toLowerCase()}`

/** Which token can be locked and how much of it: lenders tell which they take, the wallet what there is. */
export function TokenPicker({ draft, put, wrong }: StepProps) {
  const { t } = useText()
  const connection = useConnection()
  const tokens = useLockable()
  const [address, setAddress] = useState(draft.token)
  const known = tokens?.find((one) => one.chainId === draft.chainId && one.token.toLowerCase() === draft.token.toLowerCase())
  const wellFormed = /^0x[0-9a-fA-F]{40}$/.test(address.trim())
  const found = useToken(wellFormed ? address.trim() : null, known === undefined ? null : Number(known.chainId))
  const choose = (key: string) => {
    const token = tokens?.find((one) => keyOf(one) === key)
    setAddress(token?.token ?? '')
    put({ token: token?.token ?? '', chainId: token?.chainId ?? '', units: '' })
  }
  const lock: Lock | null =
    known !== undefined
      ? { chainId: Number(known.chainId), token: known.token, symbol: known.symbol, decimals: known.decimals, units: found === null || found === 'reading' ? null : found.units }
      : found === 'reading'
        ? null
        : found
  return (
    <div className="flex flex-col gap-4 rounded-xl bg-sunken p-4">
      <ConnectWallet />
      {connection === null && <p className="text-sm text-ink-soft">{t.token.need}</p>}
      {tokens === null && <Skeleton label={t.shell.loading} rows={1} />}
      {tokens !== null && tokens.length > 0 && (
        <Choose
          label={t.token.which}
          value={known === undefined ? OTHER : keyOf(known)}
          onChange={choose}
          choices={[...tokens.map((token) => ({ id: keyOf(token), name: t.token.on(token.symbol, token.chain) })), { id: OTHER, name: t.token.other }]}
        />
      )}
      {tokens !== null && known === undefined && connection !== null && (
        <Field
          name="token"
          label={t.token.address}
          help={t.token.help}
          value={address}
          onChange={(typed) => {
            setAddress(typed)
            put({ token: typed.trim(), chainId: String(connection.chainId), units: '' })
          }}
          problem={wellFormed && found === null ? t.token.unknown : undefined}
        />
      )}
      {lock !== null && connection !== null && (
        <HowMuch
          key={`${lock.chainId} ${lock.token}`}
          lock={lock}
          market={known === undefined ? null : bestMarket(known, draft.currency)}
          draft={draft}
          choose={(units) => put({ token: lock.token, chainId: String(lock.chainId), units, wallet: connection.address })}
        />
      )}
      {known !== undefined && connection !== null && connection.chainId !== Number(known.chainId) && <p className="text-sm text-ink-soft">{t.token.elsewhere(known.chain)}</p>}
      {wrong('units') !== undefined && <Note tone="bad">{wrong('units')}</Note>}
    </div>
  )
}

/** What the wallet says of a token on its chain; null where it says nothing, or is on another chain than the wanted one. */
function useToken(address: string | null, chainId: number | null): Token | null | 'reading' {
  const connection = useConnection()
  const [token, setToken] = useState<Token | null | 'reading'>(null)
  const here = connection !== null && (chainId === null || chainId === connection.chainId)
  useEffect(() => {
    if (connection === null || address === null || !here) {
      setToken(null)
      return
    }
    let current = true
    setToken('reading')
    void readToken(connection, address).then((found) => current && setToken(found))
    return () => {
      current = false
    }
  }, [connection, address, here])
  return token
}

interface HowMuchProps {
  readonly lock: Lock
  readonly market: LockMarket | null
  readonly draft: StepProps['draft']
  readonly choose: (units: string) => void
}

function HowMuch({ lock, market, draft, choose }: HowMuchProps) {
  const { t, locale } = useText()
  const [typed, setTyped] = useState(draft.units === '' ? '' : wholeOf(draft.units, lock.decimals))
  const wanted = unitsOf(typed, lock.decimals)
  const has = lock.units
  const set = (text: string) => {
    setTyped(text)
    const base = unitsOf(text, lock.decimals)
    choose(base === null || base === 0n || (has !== null && base > has) ? '' : base.toString())
  }
  const problem = typed !== '' && wanted === null ? t.problems['not-a-number'] : has !== null && wanted !== null && wanted > has ? t.token.tooMuch : undefined
  const help = has === null ? undefined : t.token.have(formatUnits({ units: has.toString(), decimals: lock.decimals, symbol: lock.symbol }, locale))
  const amount = parseAmount(draft.amount, draft.currency, locale)
  if (market !== null && amount.ok) {
    return (
      <>
        <CollateralPanel
          debt={amount.amount}
          currency={market.currency}
          price={market.price}
          salePrice={market.salePrice}
          symbol={lock.symbol}
          decimals={lock.decimals}
          highestPpm={market.maxLtvPpm}
          thresholdPpm={market.thresholdPpm}
          tokens={typed}
          onChange={set}
          label={t.token.amount(lock.symbol)}
          help={help}
          problem={problem}
        />
        <p className="text-sm text-ink-soft">{t.token.terms(market.provider, formatPercent(percentOf(market.maxLtvPpm), locale))}</p>
        <PriceLine market={market} symbol={lock.symbol} />
      </>
    )
  }
  return (
    <>
      <Field name="tokens" label={t.token.amount(lock.symbol)} inputMode="decimal" value={typed} onChange={set} help={help} problem={problem} />
      {has !== null && has > 0n && <Share of={has} wanted={wanted} choose={(units) => set(wholeOf(units.toString(), lock.decimals))} />}
    </>
  )
}

function percentOf(ppm: bigint): string {
  return `${ppm / 10_000n}.${(ppm % 10_000n).toString().padStart(4, '0')}`
}

function Share({ of, wanted, choose }: { of: bigint; wanted: bigint | null; choose: (units: bigint) => void }) {
  const { t } = useText()
  const share = wanted === null ? 0 : Math.min(100, Number((wanted * 100n) / of))
  return (
    <Slider minValue={0} maxValue={100} value={share} onChange={(value) => choose((of * BigInt(Math.round(value as number))) / 100n)} className="flex flex-col gap-1">
      <div className="flex justify-between text-sm text-ink-soft">
        <Label>{t.token.share}</Label>
        <SliderOutput>{`${share} %`}</SliderOutput>
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
  )
}
