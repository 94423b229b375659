import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'

const PRINCIPAL = { id: 'prn_1', role: 'borrower', groups: [], provider: null, name: 'alex' }
const ok = (token: string, expiresIn = 900) => new Response(JSON.stringify({ accessToken: token, expiresIn, principal: PRINCIPAL }), { status: 200 })
const no = (status: number, body: object) => new Response(JSON.stringify(body), { status, headers: { 'content-type': 'application/problem+json' } })

let answers: (() => Response | Promise<Response>)[] = []
const calls: { url: string; init: RequestInit }[] = []

async function fresh() {
  vi.resetModules()
  return import('../src/api/session')
}

beforeEach(() => {
  answers = []
  calls.length = 0
  vi.stubGlobal('fetch', async (url: string, init: RequestInit) => {
    calls.push({ url, init })
    const answer = answers.shift()
    if (answer === undefined) throw new TypeError('offline')
    return answer()
  })
})

afterEach(() => vi.unstubAllGlobals())

describe('who is signed in', () => {
  it('is asked of the cookie once, however many ask', async () => {
    const session = await fresh()
    answers = [() => ok('one')]
    expect(await Promise.all([session.token(), session.token(), session.token()])).toEqual(['one', 'one', 'one'])
    expect(calls).toHaveLength(1)
    expect(calls[0]?.url).toBe('/session/renew')
    expect(new Headers(calls[0]?.init.headers).get('X-Usance-Session')).toBe('1')
    expect(session.current()?.principal.role).toBe('BORROWER')
  })

  it('is nobody after a 401, and is not asked again', async () => {
    const session = await fresh()
    answers = [() => no(401, { code: 'SIGNED_OUT' })]
    expect(await session.token()).toBeNull()
    expect(await session.token()).toBeNull()
    expect(calls).toHaveLength(1)
  })

  it('is renewed a minute before its end', async () => {
    const session = await fresh()
    answers = [() => ok('one', 900), () => ok('two', 900)]
    const now = Date.now()
    expect(await session.token(now)).toBe('one')
    expect(await session.token(now + 839_000)).toBe('one')
    expect(await session.token(now + 841_000)).toBe('two')
  })

  it('stays signed in while there is no connection', async () => {
    const session = await fresh()
    answers = [() => ok('one', 900)]
    const now = Date.now()
    await session.token(now)
    expect(await session.token(now + 880_000)).toBe('one')
  })

  it('is told what is wrong, with the field', async () => {
    const session = await fresh()
    answers = [() => no(422, { code: 'WEAK_PASSWORD', detail: 'Too short.', field: 'password' })]
    expect(await session.register('alex', 'short')).toEqual({ ok: false, problem: { code: 'WEAK_PASSWORD', text: 'Too short.', field: 'password' } })
    expect(await session.signIn('alex', 'x')).toMatchObject({ ok: false, problem: { code: 'OFFLINE' } })
  })

  it('signs the message of the service with the wallet', async () => {
    const session = await fresh()
    answers = [() => new Response(JSON.stringify({ message: 'm', nonce: 'n', expiresAt: 'e' })), () => ok('one')]
    const result = await session.signInWithWallet('0xab', 1, async (message) => `signed ${message}`)
    expect(result.ok).toBe(true)
    expect(calls.map((call) => [call.url, call.init.body])).toEqual([
      ['/session/wallet/challenge', '{"address":"0xab","chainId":1}'],
      ['/session/wallet', '{"message":"m","signature":"signed m"}'],
    ])
  })

  it('keeps nothing in the browser', async () => {
    const session = await fresh()
    answers = [() => ok('one')]
    await session.signIn('alex', 'a long password')
    expect(JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie])).not.toContain('one')
  })
})
