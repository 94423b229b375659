// Wallets in this browser announce themselves (EIP-6963). Nothing is asked of anybody else.

import { useSyncExternalStore } from 'react'

export interface Eip1193 {
  request(call: { method: string; params?: unknown }): Promise<unknown>
  on?(event: string, listener: (value: unknown) => void): void
  removeListener?(event: string, listener: (value: unknown) => void): void
}

export interface Announced {
  readonly uuid: string
  readonly name: string
  /** A data URI; others are not shown. */
  readonly icon: string | null
  readonly rdns: string
  readonly provider: Eip1193
}

let found: readonly Announced[] = []
const listeners = new Set<() => void>()
let listening = false

/** A wallet may announce itself twice; a name or a picture is only ever shown as text or as an image. */
function hear(event: Event) {
  const { info, provider } = (event as CustomEvent<{ info?: Partial<Record<'uuid' | 'name' | 'icon' | 'rdns', unknown>>; provider?: Eip1193 }>).detail ?? {}
  if (typeof info?.uuid !== 'string' || typeof info.name !== 'string' || typeof provider?.request !== 'function') return
  if (found.some((one) => one.uuid === info.uuid)) return
  const icon = typeof info.icon === 'string' && info.icon.startsWith('data:image/') ? info.icon : null
  found = [...found, { uuid: info.uuid, name: info.name.slice(0, 40), icon, rdns: typeof info.rdns === 'string' ? info.rdns : '', provider }]
  for (const listener of listeners) listener()
}

/** Wallets that announced themselves so far. */
export function useWallets(): readonly Announced[] {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener)
      if (!listening) {
        listening = true
        addEventListener('eip6963:announceProvider', hear)
        dispatchEvent(new Event('eip6963:requestProvider'))
      }
      return () => listeners.delete(listener)
    },
    () => found,
  )
}
