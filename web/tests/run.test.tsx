import { act, renderHook } from '@testing-library/react'
import { expect, it } from 'vitest'
import type { Call, Connection } from '../src/wallet/connection'
import { useRun } from '../src/wallet/useRun'

function connected(refuse: Set<number>) {
  const sent: string[] = []
  const provider = {
    request: async ({ method, params }: { method: string; params?: unknown }) => {
      if (method === 'eth_chainId') return '0x1'
      if (method === 'eth_getTransactionReceipt') return { status: '0x1' }
      const { data } = (params as [{ data: string }])[0]
      if (refuse.delete(Number(data))) throw Object.assign(new Error('no'), { code: 4001 })
      sent.push(data)
      return '0xhash'
    },
  }
  const connection: Connection = { wallet: { uuid: 'u', name: 'T', icon: null, rdns: '', provider }, address: '0xab', chainId: 1 }
  return { connection, sent }
}

const call = (data: string): Call => ({ title: '', chainId: '1', to: '0xcd', data, value: '0x0', gasLimit: '1' })

it('goes on where the wallet said no, and sends nothing twice', async () => {
  const { connection, sent } = connected(new Set([2]))
  const { result } = renderHook(() => useRun())
  const calls = [call('0x1'), call('0x2')]
  await act(async () => expect(await result.current[1](connection, calls)).toBe(false))
  expect(result.current[0]).toMatchObject({ done: 1, at: 'rest', error: { trouble: 'declined' } })
  await act(async () => expect(await result.current[1](connection, calls)).toBe(true))
  expect(sent).toEqual(['0x1', '0x2'])
})

it('sends a second payment whole after a first one', async () => {
  const { connection, sent } = connected(new Set())
  const { result } = renderHook(() => useRun())
  await act(async () => void (await result.current[1](connection, [call('0x1'), call('0x2')], 0)))
  await act(async () => expect(await result.current[1](connection, [call('0x3'), call('0x4')], 0)).toBe(true))
  expect(sent).toEqual(['0x1', '0x2', '0x3', '0x4'])
})
