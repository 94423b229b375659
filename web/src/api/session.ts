// Who is signed in. The access token lives in memory alone; a cookie that no script can read brings a new one.

type Listener = () => void

export interface Session {
  readonly token: string
  /** Milliseconds since 1970. */
  readonly ends: number
}

let session: Session | null = null
let renewing: Promise<Session | null> | null = null
const listeners = new Set<Listener>()

/** Renewed this long before its end, milliseconds. */
const EARLY = 60_000

export function current(): Session | null {
  return session
}

export function follow(listener: Listener): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function set(next: Session | null) {
  session = next
  for (const listener of listeners) listener()
}

/** A token that is good for a minute or more; null when nobody is signed in. Several callers share one renewal. */
export async function token(now = Date.now()): Promise<string | null> {
  if (session !== null && session.ends - now > EARLY) return session.token
  renewing ??= renew(now).finally(() => {
    renewing = null
  })
  return (await renewing)?.token ?? null
}

async function renew(now: number): Promise<Session | null> {
  const answer = await fetch('/session/renew', { method: 'POST', headers: { 'X-Usance-Session': '1' }, credentials: 'same-origin' })
  if (!answer.ok) {
    if (answer.status === 401 && session !== null) set(null)
    return null
  }
  const body = (await answer.json()) as { access_token: string; expires_in: number }
  const next = { token: body.access_token, ends: now + body.expires_in * 1000 }
  set(next)
  return next
}
