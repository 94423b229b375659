import { useState } from 'react'
import { type Call, type Connection, send, WalletError } from './connection'

export interface Run {
  /** How many of the calls are in a block. */
  readonly done: number
  readonly at: 'rest' | 'wallet' | 'chain'
  readonly error: WalletError | null
  /** Hashes, in order. */
  readonly hashes: readonly string[]
}

const REST: Run = { done: 0, at: 'rest', error: null, hashes: [] }

/** Sends calls one after the other, each after the one before is in a block; after a refusal it goes on where it stopped. Other calls begin `from` 0. */
export function useRun(): [Run, (connection: Connection, calls: readonly Call[], from?: number) => Promise<boolean>] {
  const [run, setRun] = useState<Run>(REST)
  const start = async (connection: Connection, calls: readonly Call[], from = run.done) => {
    try {
      if (from === 0) setRun(REST)
      for (let at = from; at < calls.length; at += 1) {
        const call = calls[at]
        if (call === undefined) break
        setRun((now) => ({ ...now, at: 'wallet', error: null }))
        const hash = await send(connection, call, () => setRun((now) => ({ ...now, at: 'chain' })))
        setRun((now) => ({ ...now, done: at + 1, hashes: [...now.hashes, hash] }))
      }
      setRun((now) => ({ ...now, at: 'rest' }))
      return true
    } catch (error) {
      setRun((now) => ({ ...now, at: 'rest', error: error instanceof WalletError ? error : new WalletError('other') }))
      return false
    }
  }
  return [run, start]
}
