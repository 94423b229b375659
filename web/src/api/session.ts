// Who is signed in. The access token lives in memory alone; a cookie that no script can read brings a new one.

import { useSyncExternalStore } from 'react'

type Listener = () => void

export interface Principal {
  readonly id: string
  /** `BORROWER`, `PROVIDER`, `OFFICER` and so on, upper case. */
  readonly role: string
  readonly groups: readonly string[]
  /** The lender that it speaks for. */
  readonly provider: string | null
  readonly name: string | null
}

export interface Session {
  readonly token: string
  /** Milliseconds since 1970. */
  readonly ends: number
  readonly principal: Principal
}

/** Why nobody was signed in: a stable code, a sentence, and the field that is to blame. */
export interface SessionProblem {
  readonly code: string
  readonly text: string
  readonly field: string | null
}

export type SignedIn = { readonly ok: true; readonly session: Session } | { readonly ok: false; readonly problem: SessionProblem }

/** The sign-in is asked for once per page; until that answer nobody knows. */
export type Known = Session | null | 'unknown'

let session: Session | null = null
let known = false
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
  known = true
  for (const listener of listeners) listener()
}

/** Who is signed in, followed. The first use asks the cookie. */
export function useSession(): Known {
  return useSyncExternalStore(
    (listener) => {
      const stop = follow(listener)
      if (!known) void token()
      return stop
    },
    () => (known ? session : 'unknown'),
  )
}

/** A token that is good for a minute or more; null when nobody is signed in. Several callers share one renewal. */
export async function token(now = Date.now()): Promise<string | null> {
  if (session !== null && session.ends - now > EARLY) return session.token
  // Who was found to be signed out signs in by a form, not by asking again.
  if (known && session === null) return null
  renewing ??= renew(now).finally(() => {
    renewing = null
  })
  return (await renewing)?.token ?? null
}

async function renew(now: number): Promise<Session | null> {
  try {
    const answer = await call('renew')
    if (answer.ok) {
      const next = read(await answer.json(), now)
      set(next)
      return next
    }
    if (answer.status === 401 || session === null) set(null)
    return null
  } catch {
    // Offline: who was signed in stays so, and is asked again at the next use.
    if (session === null) {
      known = false
      for (const listener of listeners) listener()
    }
    return session
  }
}

export function signIn(login: string, password: string): Promise<SignedIn> {
  return enter('', { login, password })
}

export function register(login: string, password: string): Promise<SignedIn> {
  return enter('register', { login, password })
}

/** Sign-In-With-Ethereum: the service writes the message, the wallet signs it. */
export async function signInWithWallet(address: string, chainId: number, sign: (message: string) => Promise<string>): Promise<SignedIn> {
  const answer = await call('wallet/challenge', { address, chainId })
  if (!answer.ok) return { ok: false, problem: await problemOf(answer) }
  const { message } = (await answer.json()) as { message: string }
  return enter('wallet', { message, signature: await sign(message) })
}

export async function end(): Promise<void> {
  await call('end')
  set(null)
}

async function enter(path: string, body: object): Promise<SignedIn> {
  try {
    const answer = await call(path, body)
    if (!answer.ok) return { ok: false, problem: await problemOf(answer) }
    const next = read(await answer.json(), Date.now())
    set(next)
    return { ok: true, session: next }
  } catch {
    return { ok: false, problem: { code: 'OFFLINE', text: '', field: null } }
  }
}

function call(path: string, body?: object): Promise<Response> {
  return fetch(path === '' ? '/session' : `/session/${path}`, {
    method: 'POST',
    credentials: 'same-origin',
    headers: { 'X-Usance-Session': '1', ...(body !== undefined && { 'Content-Type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
}

async function problemOf(answer: Response): Promise<SessionProblem> {
  const body = (await answer.json().catch(() => ({}))) as { code?: string; detail?: string; title?: string; field?: string }
  return { code: body.code ?? String(answer.status), text: body.detail ?? body.title ?? '', field: body.field ?? null }
}

function read(body: unknown, now: number): Session {
  const { accessToken, expiresIn, principal } = body as { accessToken: string; expiresIn: number; principal: Principal }
  return { token: accessToken, ends: now + expiresIn * 1000, principal: { ...principal, role: principal.role.toUpperCase() } }
}
