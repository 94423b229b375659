// Tokens that can be locked. Asked without a token of access: it is the same for everybody, and needed before anybody signs in.

import { useEffect, useState } from 'react'

export interface LockMarket {
  readonly provider: string
  readonly currency: string
  /** What the lender counts a whole token as when it lends, major units. */
  readonly price: string
  readonly priceAt: string
  /** The price by which it would be sold, where that is another one. */
  readonly salePrice: string | null
  readonly salePriceAt: string | null
  readonly maxLtvPpm: bigint
  /** Null where a fall of the price sells nothing. */
  readonly thresholdPpm: bigint | null
  readonly paused: boolean
}

export interface LockableToken {
  readonly chainId: string
  readonly chain: string
  readonly token: string
  readonly symbol: string
  readonly decimals: number
  readonly markets: readonly LockMarket[]
}

/** Reads the answer of the service; what is not of its shape is left out. */
export function readTokens(answer: unknown): readonly LockableToken[] {
  if (!Array.isArray(answer)) return []
  return answer.flatMap((one: unknown) => {
    if (!isObject(one) || !Array.isArray(one['markets'])) return []
    const [chainId, token, symbol] = [text(one['chainId']), text(one['token']), text(one['symbol'])]
    const decimals = one['decimals']
    if (!/^\d{1,20}$/.test(chainId) || !/^0x[0-9a-fA-F]{40}$/.test(token) || symbol === '' || typeof decimals !== 'number' || decimals > 36) return []
    return [{ chainId, chain: text(one['chain']) || chainId, token, symbol: symbol.slice(0, 16), decimals, markets: one['markets'].flatMap(readMarket) }]
  })
}

function readMarket(one: unknown): LockMarket[] {
  if (!isObject(one)) return []
  const [provider, currency, price] = [text(one['provider']), text(one['currency']), text(one['price'])]
  const [maxLtvPpm, salePrice] = [ppm(one['maxLtv']), text(one['salePrice'])]
  if (provider === '' || !/^[A-Z]{3}$/.test(currency) || !isPrice(price) || maxLtvPpm === null || maxLtvPpm <= 0n) return []
  return [
    {
      provider,
      currency,
      price,
      priceAt: text(one['priceAt']),
      salePrice: isPrice(salePrice) ? salePrice : null,
      salePriceAt: text(one['salePriceAt']) || null,
      maxLtvPpm,
      thresholdPpm: ppm(one['liquidationThreshold']),
      paused: one['paused'] === true,
    },
  ]
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}

function isPrice(value: string): boolean {
  return /^\d{1,30}(\.\d{1,30})?$/.test(value) && !/^[0.]*$/.test(value)
}

function ppm(rate: unknown): bigint | null {
  const parts = isObject(rate) ? text(rate['ppm']) : ''
  return /^\d{1,12}$/.test(parts) ? BigInt(parts) : null
}

/** The lender's terms for a token; null when it does not take it, or nothing is known. */
export function marketOf(tokens: readonly LockableToken[], { chainId, token, provider }: { chainId: string; token: string; provider: string }): LockMarket | null {
  const known = tokens.find((one) => one.chainId === chainId && one.token.toLowerCase() === token.toLowerCase())
  return known?.markets.find((market) => market.provider === provider) ?? null
}

/** Of those that lend that money now, the one that lends the most against it; the service gives them in that order. */
export function bestMarket(token: LockableToken, currency: string): LockMarket | null {
  return token.markets.find((market) => market.currency === currency && !market.paused) ?? null
}

/** Null until they are known; empty when they cannot be read. */
export function useLockable(): readonly LockableToken[] | null {
  const [tokens, setTokens] = useState<readonly LockableToken[] | null>(null)
  useEffect(() => {
    const stop = new AbortController()
    fetch('/v1/lockable-tokens', { signal: stop.signal, credentials: 'omit' })
      .then(async (answer) => setTokens(answer.ok ? readTokens(await answer.json()) : []))
      .catch(() => stop.signal.aborted || setTokens([]))
    return () => stop.abort()
  }, [])
  return tokens
}
