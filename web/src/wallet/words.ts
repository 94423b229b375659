// What a wallet is asked to do, read back from the very bytes that it signs. Nothing is taken from the service's own title.

export interface Approval {
  readonly is: 'approve'
  readonly token: string
  readonly spender: string
  /** Base units; null when it is without a limit. */
  readonly units: bigint | null
}

export type Reading = Approval | { readonly is: 'call'; readonly contract: string; readonly selector: string }

const APPROVE = '0x095ea7b3'
const NO_LIMIT = (1n << 255n) - 1n

/** Reads the calldata of a call: an approval says whom it lets take how much. */
export function read(call: { readonly to: string; readonly data: string }): Reading {
  const selector = call.data.slice(0, 10).toLowerCase()
  if (selector !== APPROVE || call.data.length !== 2 + 8 + 128) return { is: 'call', contract: call.to, selector }
  const spender = `0x${call.data.slice(34, 74)}`
  const units = BigInt(`0x${call.data.slice(74)}`)
  return { is: 'approve', token: call.to, spender, units: units >= NO_LIMIT ? null : units }
}

export interface Intent {
  readonly contract: string
  readonly contractName: string
  readonly chainId: number
  readonly offerHash: string
  readonly borrower: string
  readonly recipient: string
  /** Base units of the token that is lent. */
  readonly principal: bigint
  readonly minReceived: bigint
  /** Milliseconds since 1970. */
  readonly deadline: number
  readonly attestation: string | null
  readonly refinances: string | null
}

const NONE = /^0x0*$/

/** The numbers of the typed data; null when it is not an intent as we know it, and then it is not signed. */
export function intentOf(typed: unknown): Intent | null {
  const { domain, message, primaryType } = (typed ?? {}) as {
    domain?: Record<string, string | number>
    message?: Record<string, string>
    primaryType?: string
  }
  if (primaryType !== 'Intent' || domain === undefined || message === undefined) return null
  try {
    const text = (value: unknown) => {
      if (typeof value !== 'string') throw new TypeError('text')
      return value
    }
    const hash = (value: unknown) => (NONE.test(text(value)) ? null : text(value))
    return {
      contract: text(domain['verifyingContract']),
      contractName: text(domain['name']),
      chainId: Number(domain['chainId']),
      offerHash: text(message['offerHash']),
      borrower: text(message['borrower']),
      recipient: text(message['recipient']),
      principal: BigInt(text(message['principal'])),
      minReceived: BigInt(text(message['minReceived'])),
      deadline: Number(text(message['deadline'])) * 1000,
      attestation: hash(message['attestation']),
      refinances: hash(message['refinances']),
    }
  } catch {
    return null
  }
}

/** `0x90f7…b906` */
export function shortHex(hex: string): string {
  return hex.length <= 14 ? hex : `${hex.slice(0, 6)}…${hex.slice(-4)}`
}
