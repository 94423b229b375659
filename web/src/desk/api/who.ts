// Who looks at the screen, as the access token says it. What may be done is decided by the service; this only says what to show.

import { useEffect, useState } from 'react'
import { follow, token } from '../../api/session'

export type Role = 'BORROWER' | 'INTEGRATOR' | 'PROVIDER' | 'OFFICER' | 'RISK_MANAGER' | 'MANAGER' | 'CREDIT_HEAD' | 'ADMIN'

const ROLES: readonly Role[] = ['BORROWER', 'INTEGRATOR', 'PROVIDER', 'OFFICER', 'RISK_MANAGER', 'MANAGER', 'CREDIT_HEAD', 'ADMIN']

/** Staff who look at customers' affairs. */
export const STAFF: readonly Role[] = ['OFFICER', 'RISK_MANAGER', 'MANAGER', 'CREDIT_HEAD']

export interface Who {
  /** As the interface writes it: `prn_…`. */
  readonly id: string
  readonly role: Role
  readonly groups: readonly string[]
  /** The lender that a provider acts for. */
  readonly provider: string | null
  readonly tenant: string
  /** When the token ends, milliseconds since 1970. */
  readonly ends: number
}

/** The caller that a token names; null when it is not one of ours. The signature is the service's to check. */
export function readToken(jwt: string): Who | null {
  try {
    const part = jwt.split('.')[1] ?? ''
    const bytes = Uint8Array.from(atob(part.replace(/-/g, '+').replace(/_/g, '/')), (char) => char.charCodeAt(0))
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
    const role = ROLES.find((known) => known.toLowerCase() === claims['role'])
    if (role === undefined || typeof claims['sub'] !== 'string' || typeof claims['exp'] !== 'number') return null
    return {
      id: publicId('prn', claims['sub']),
      role,
      groups: Array.isArray(claims['groups']) ? claims['groups'].filter((group) => typeof group === 'string') : [],
      provider: typeof claims['provider'] === 'string' ? claims['provider'] : null,
      tenant: typeof claims['tenant'] === 'string' ? publicId('ten', claims['tenant']) : '',
      ends: claims['exp'] * 1000,
    }
  } catch {
    return null
  }
}

/** A UUID as ids are written: prefix and 32 digits. */
export function publicId(prefix: string, uuid: string): string {
  return `${prefix}_${uuid.replaceAll('-', '')}`
}

export type Asked = { readonly state: 'asking' } | { readonly state: 'nobody' } | { readonly state: 'offline' } | { readonly state: 'known'; readonly who: Who }

export function useWho(): Asked {
  const [asked, setAsked] = useState<Asked>({ state: 'asking' })
  useEffect(() => {
    let current = true
    const look = () =>
      token().then(
        (jwt) => {
          const who = jwt === null ? null : readToken(jwt)
          if (!current) return
          setAsked((before) => (who === null ? { state: 'nobody' } : before.state === 'known' && before.who.id === who.id && before.who.ends === who.ends ? before : { state: 'known', who }))
        },
        () => current && setAsked({ state: 'offline' }),
      )
    void look()
    const leave = follow(() => void look())
    return () => {
      current = false
      leave()
    }
  }, [])
  return asked
}
