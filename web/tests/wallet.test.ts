import { afterEach, describe, expect, it, vi } from 'vitest'
import { formatAmount, unitsOf, wholeOf } from '../src/format/tokens'
import { ask, connect, send, signTyped, textOf, WalletError } from '../src/wallet/connection'
import type { Eip1193 } from '../src/wallet/discover'
import { intentOf, read, shortHex } from '../src/wallet/words'

const ME = '0x90f79bf6eb2c4f870365e785982e1f101e93b906'
const OTHER = '0x00000000000000000000000000000000000000aa'

function wallet(answers: Record<string, unknown | ((params: unknown) => unknown)>) {
  const asked: [string, unknown][] = []
  const provider: Eip1193 = {
    request: async ({ method, params }) => {
      asked.push([method, params])
      const answer = answers[method]
      return typeof answer === 'function' ? (answer as (params: unknown) => unknown)(params) : answer
    },
  }
  return { asked, connect: () => connect({ uuid: crypto.randomUUID(), name: 'Test', icon: null, rdns: 'test', provider }), provider }
}

const CALL = { title: 'Anything', chainId: '31337', to: OTHER, data: '0x', value: '0x0', gasLimit: '100000' }

afterEach(() => vi.restoreAllMocks())

describe('what a wallet signs', () => {
  const approval = (amount: string) => ({ to: OTHER, data: `0x095ea7b3${ME.slice(2).padStart(64, '0')}${amount.padStart(64, '0')}` })

  it('is read from the bytes, not from the title', () => {
    expect(read(approval('03e8'))).toEqual({ is: 'approve', token: OTHER, spender: ME, units: 1000n })
    expect(read(approval('f'.repeat(64)))).toMatchObject({ units: null })
    expect(read({ to: OTHER, data: '0x53b09848ff' })).toEqual({ is: 'call', contract: OTHER, selector: '0x53b09848' })
    expect(read({ to: OTHER, data: '0x095ea7b3ff' })).toMatchObject({ is: 'call' })
  })

  const typed = {
    primaryType: 'Intent',
    domain: { name: 'Usance CreditAggregator', version: '1', chainId: 31337, verifyingContract: OTHER },
    message: {
      offerHash: '0xab',
      borrower: ME,
      recipient: ME,
      principal: '5000000000',
      minReceived: '4975000000',
      deadline: '1795297948',
      attestation: `0x${'0'.repeat(64)}`,
      refinances: `0x${'1'.repeat(64)}`,
    },
  }

  it('is an intent that we know, or nothing', () => {
    expect(intentOf(typed)).toMatchObject({ principal: 5_000_000_000n, minReceived: 4_975_000_000n, attestation: null, refinances: `0x${'1'.repeat(64)}` })
    expect(intentOf({ ...typed, primaryType: 'Permit' })).toBeNull()
    expect(intentOf({ ...typed, message: { ...typed.message, principal: 'lots' } })).toBeNull()
    expect(intentOf(null)).toBeNull()
  })

  it('is signed by its borrower alone', async () => {
    const one = wallet({ eth_requestAccounts: [OTHER], eth_chainId: '0x7a69', eth_signTypedData_v4: '0xsig' })
    await expect(signTyped(await one.connect(), typed)).rejects.toMatchObject({ trouble: 'wrong-account' })
    expect(one.asked.map(([method]) => method)).not.toContain('eth_signTypedData_v4')
  })
})

describe('a wallet', () => {
  it('that is on another chain is asked to change, and nothing is sent when it stays', async () => {
    const one = wallet({ eth_requestAccounts: [ME], eth_chainId: '0x1', wallet_switchEthereumChain: null })
    await expect(send(await one.connect(), CALL, () => {})).rejects.toMatchObject({ trouble: 'wrong-chain' })
    expect(one.asked.map(([method]) => method)).toContain('wallet_switchEthereumChain')
    expect(one.asked.map(([method]) => method)).not.toContain('eth_sendTransaction')
  })

  it('has sent when the call is in a block and did not revert', async () => {
    let looks = 0
    const receipt = () => {
      looks += 1
      return looks < 3 ? null : { status: '0x1' }
    }
    const one = wallet({ eth_requestAccounts: [ME], eth_chainId: '0x7a69', eth_sendTransaction: '0xhash', eth_getTransactionReceipt: receipt })
    expect(await send(await one.connect(), CALL, () => {}, 1)).toBe('0xhash')
    expect(looks).toBe(3)
    const bad = wallet({ eth_requestAccounts: [ME], eth_chainId: '0x7a69', eth_sendTransaction: '0xhash', eth_getTransactionReceipt: { status: '0x0' } })
    await expect(send(await bad.connect(), CALL, () => {}, 1)).rejects.toMatchObject({ trouble: 'reverted' })
  })

  it('says no in words that we can tell apart', async () => {
    const no = (code: number) => ({ request: () => Promise.reject(Object.assign(new Error('x'), { code })) })
    await expect(ask(no(4001), 'x')).rejects.toEqual(new WalletError('declined'))
    await expect(ask(no(-32002), 'x')).rejects.toMatchObject({ trouble: 'busy' })
    await expect(ask(no(-1), 'x')).rejects.toMatchObject({ trouble: 'other', detail: 'x' })
  })

  it('shows the name of a token as plain text', () => {
    const abi = (text: string) => `0x${'20'.padStart(64, '0')}${text.length.toString(16).padStart(64, '0')}${[...text].map((c) => c.charCodeAt(0).toString(16).padStart(2, '0')).join('').padEnd(64, '0')}`
    expect(textOf(abi('dWETH'))).toBe('dWETH')
    expect(textOf(`0x${'4d4b52'.padEnd(64, '0')}`)).toBe('MKR')
    expect(textOf(abi('<b>far too long</b>'))).toBe('<b>far too l')
  })
})

describe('token amounts', () => {
  it('go both ways exactly', () => {
    expect(unitsOf('3.5', 18)).toBe(3_500_000_000_000_000_000n)
    expect(unitsOf('3,5', 6)).toBe(3_500_000n)
    expect(unitsOf('3.1234567', 6)).toBeNull()
    expect(unitsOf('-1', 6)).toBeNull()
    expect(wholeOf('3500000', 6)).toBe('3.5')
    expect(wholeOf('1', 18)).toBe('0.000000000000000001')
    expect(wholeOf('70', 0)).toBe('70')
  })

  it('owed are money where they are money, and never rounded down', () => {
    expect(formatAmount({ units: '22614', decimals: 2, symbol: 'USD' }, 'en-US')).toBe('$226.14')
    expect(formatAmount({ units: '5000000026', decimals: 6, symbol: 'dUSD' }, 'en-US')).toBe('5,000.01 dUSD')
    expect(formatAmount({ units: '226140000', decimals: 6, symbol: 'dUSD' }, 'es-ES')).toBe('226,14 dUSD')
  })

  it('and hashes are shortened in the middle', () => {
    expect(shortHex(ME)).toBe('0x90f7…b906')
    expect(shortHex('0x12')).toBe('0x12')
  })
})
