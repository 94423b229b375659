// The wallet that is connected: one for the whole app. It holds the keys; we only ever ask it.

import { useSyncExternalStore } from 'react'
import type { Announced, Eip1193 } from './discover'

export interface Connection {
  readonly wallet: Announced
  readonly address: string
  /** EIP-155. */
  readonly chainId: number
}

export interface Call {
  readonly title: string
  readonly chainId: string
  readonly to: string
  readonly data: string
  readonly value: string
  readonly gasLimit: string
}

/** What a wallet says no with. */
export type WalletTrouble = 'declined' | 'busy' | 'wrong-account' | 'wrong-chain' | 'reverted' | 'silent' | 'other'

export class WalletError extends Error {
  constructor(
    readonly trouble: WalletTrouble,
    readonly detail = '',
  ) {
    super(trouble)
  }
}

let connection: Connection | null = null
const listeners = new Set<() => void>()

function put(next: Connection | null) {
  connection = next
  for (const listener of listeners) listener()
}

export function useConnection(): Connection | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    () => connection,
  )
}

export function disconnect() {
  put(null)
}

export async function connect(wallet: Announced): Promise<Connection> {
  const accounts = (await ask(wallet.provider, 'eth_requestAccounts')) as string[]
  const address = accounts[0]
  if (address === undefined) throw new WalletError('declined')
  const next = { wallet, address, chainId: Number(await ask(wallet.provider, 'eth_chainId')) }
  if (connection?.wallet.uuid !== wallet.uuid) {
    wallet.provider.on?.('accountsChanged', (list) => {
      const changed = (list as string[])[0]
      if (connection?.wallet.uuid === wallet.uuid) put(changed === undefined ? null : { ...connection, address: changed })
    })
    wallet.provider.on?.('chainChanged', (id) => {
      if (connection?.wallet.uuid === wallet.uuid) put({ ...connection, chainId: Number(id) })
    })
  }
  put(next)
  return next
}

/** Asks a wallet, and tells its refusals apart. */
export async function ask(provider: Eip1193, method: string, params?: unknown): Promise<unknown> {
  try {
    return await provider.request(params === undefined ? { method } : { method, params })
  } catch (error) {
    const { code, message = '' } = error as { code?: number; message?: string }
    if (code === 4001) throw new WalletError('declined')
    if (code === -32002) throw new WalletError('busy')
    throw new WalletError('other', String(message).slice(0, 200))
  }
}

/** Has the wallet on that chain, or asks it to go there. */
async function onChain({ wallet }: Connection, chainId: number): Promise<void> {
  const now = Number(await ask(wallet.provider, 'eth_chainId'))
  if (now === chainId) return
  try {
    await ask(wallet.provider, 'wallet_switchEthereumChain', [{ chainId: `0x${chainId.toString(16)}` }])
  } catch (error) {
    if (error instanceof WalletError && error.trouble !== 'other') throw error
  }
  if (Number(await ask(wallet.provider, 'eth_chainId')) !== chainId) throw new WalletError('wrong-chain', String(chainId))
}

export function signMessage({ wallet, address }: Connection, message: string): Promise<string> {
  const bytes = new TextEncoder().encode(message)
  const hex = `0x${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`
  return ask(wallet.provider, 'personal_sign', [hex, address]) as Promise<string>
}

/** Signs exactly what was shown. */
export async function signTyped(connection: Connection, typed: { readonly domain: { readonly chainId: number | string }; readonly message: { readonly borrower: string } }): Promise<string> {
  if (typed.message.borrower.toLowerCase() !== connection.address.toLowerCase()) throw new WalletError('wrong-account', typed.message.borrower)
  await onChain(connection, Number(typed.domain.chainId))
  return (await ask(connection.wallet.provider, 'eth_signTypedData_v4', [connection.address, JSON.stringify(typed)])) as string
}

/** Sends a call and waits until it is in a block. The hash. */
export async function send(connection: Connection, call: Call, sent: (hash: string) => void, pause = 700): Promise<string> {
  await onChain(connection, Number(call.chainId))
  const hex = (value: string) => `0x${BigInt(value).toString(16)}`
  const transaction = { from: connection.address, to: call.to, data: call.data, value: hex(call.value), gas: hex(call.gasLimit) }
  const hash = (await ask(connection.wallet.provider, 'eth_sendTransaction', [transaction])) as string
  sent(hash)
  for (let look = 0; look < 600; look += 1) {
    const receipt = (await ask(connection.wallet.provider, 'eth_getTransactionReceipt', [hash])) as { status?: string } | null
    if (receipt !== null) {
      if (receipt.status === '0x0') throw new WalletError('reverted', hash)
      return hash
    }
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
  throw new WalletError('silent', hash)
}

export interface Token {
  readonly chainId: number
  readonly token: string
  readonly symbol: string
  readonly decimals: number
  /** Base units in the wallet. */
  readonly units: bigint
}

/** What a token contract says of itself and of the wallet; null when there is no such contract. */
export async function readToken({ wallet, address, chainId }: Connection, token: string): Promise<Token | null> {
  const view = (data: string) => ask(wallet.provider, 'eth_call', [{ to: token, data }, 'latest']) as Promise<string>
  try {
    const [symbol, decimals, balance] = await Promise.all([view('0x95d89b41'), view('0x313ce567'), view(`0x70a08231${address.slice(2).toLowerCase().padStart(64, '0')}`)])
    const places = Number(BigInt(decimals))
    if (places > 36) return null
    return { chainId, token, symbol: textOf(symbol), decimals: places, units: BigInt(balance) }
  } catch {
    return null
  }
}

/** ABI text, or the 32 bytes of old tokens; shown as text, cut at 12 characters. */
export function textOf(hex: string): string {
  const bytes = (hex.slice(2).match(/../g) ?? []).map((pair) => Number.parseInt(pair, 16))
  const body = bytes.length === 32 ? bytes : bytes.slice(64, 64 + (bytes[63] ?? 0))
  const end = body.indexOf(0)
  return new TextDecoder().decode(new Uint8Array(end < 0 ? body : body.slice(0, end))).replace(/[\p{C}]/gu, '').slice(0, 12)
}
