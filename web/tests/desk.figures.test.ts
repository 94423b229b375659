// @vitest-environment node
import { readFileSync } from 'node:fs'
import { GraphQLError } from 'graphql'
import { CombinedError } from 'urql'
import { describe, expect, it } from 'vitest'
import { troubleOf } from '../src/desk/api/ask'
import { readToken, publicId } from '../src/desk/api/who'
import { verdictOf, GROUNDS } from '../src/desk/api/cases'
import { formatLoanAmount, formatMs, formatPoints, formatPpm, momentOf, share } from '../src/desk/parts/figures'
import { byArea, readReport } from '../src/desk/lender/conformance'
import { takeEvents } from '../src/desk/developer/stream'
import { groupOf, readDocument, sample, typeOf } from '../src/desk/developer/openapi'
import { chains, readMetrics, sum } from '../src/desk/officer/metrics'
import { knownFacts } from '../src/desk/officer/ApplicationPage'
import { formatFiat } from '../src/format/tokens'
import { desk as en } from '../src/text/desk.en'
import { desk as es } from '../src/text/desk.es'
import openapi from '../../graphql/openapi.json'

const bare = (text: string | null) => text?.replaceAll('\u00a0', ' ')

describe('figures', () => {
  it('writes amounts of a loan as money, or as a token, exactly', () => {
    expect(formatLoanAmount({ units: '500000', decimals: 2, symbol: 'USD' }, 'en-US')).toBe('$5,000.00')
    expect(formatLoanAmount({ units: '5', decimals: 2, symbol: 'USD' }, 'en-US')).toBe('$0.05')
    expect(formatLoanAmount({ units: '1500000', decimals: 6, symbol: 'pUSDC' }, 'en-US')).toBe('1.5 pUSDC')
    expect(formatLoanAmount({ units: '90071992547409931234', decimals: 2, symbol: 'USD' }, 'en-US')).toBe('$900,719,925,474,099,312.34')
    // Three letters alone make no currency of a token.
    expect(formatLoanAmount({ units: '1500000000000000000', decimals: 18, symbol: 'DAI' }, 'en-US')).toBe('1.5 DAI')
    const currencies = [...readFileSync(`${import.meta.dirname}/../../domain/src/money.rs`, 'utf8').matchAll(/^ {4}[(]"([A-Z]{3})", (\d)[)],$/gm)]
    expect(currencies.length).toBeGreaterThan(10)
    for (const [, symbol = '', decimals] of currencies) expect(formatFiat({ units: '100000', decimals: Number(decimals), symbol }, 'en-US'), symbol).not.toBeNull()
  })

  it('writes parts per million as per cent and as points', () => {
    expect(bare(formatPpm(1591, 'en-US'))).toBe('0.1591 %')
    expect(bare(formatPpm(1_000_000, 'en-US', 0))).toBe('100 %')
    expect(formatPoints('-52300', 'en-US')).toBe('-5.23')
    expect(formatPoints('1250', 'es-ES')).toBe('+0,125')
    expect(formatPoints('0', 'en-US')).toBe('0.00')
  })

  it('puts money of a day neither into the future nor before the loan', () => {
    const now = new Date('2026-12-10T09:00:00Z')
    expect(momentOf('2026-12-09', null, now)).toBe('2026-12-09T12:00:00.000Z')
    expect(momentOf('2026-12-10', null, now)).toBe('2026-12-10T08:59:00.000Z')
    expect(momentOf('2026-12-10', '2026-12-10T08:59:30+00:00', now)).toBe('2026-12-10T08:59:30.001Z')
    expect(momentOf('2026-12-08', '2026-12-08T15:00:00+00:00', now)).toBe('2026-12-08T15:00:00.001Z')
    expect(momentOf('2026-12-11', null, now)).toBe('2026-12-11T12:00:00.000Z')
    expect(momentOf('10.12.2026', null, now)).toBeNull()
    expect(momentOf('2026-13-40', null, now)).toBeNull()
  })

  it('says nothing of the share of nothing', () => {
    expect(share(0, 0, 'en-US')).toBeNull()
    expect(bare(share(1, 3, 'en-US'))).toBe('33.3 %')
    expect(bare(formatMs('331.776', 'en-US'))).toBe('332 ms')
  })
})

describe('who', () => {
  const jwt = (claims: object) => `x.${btoa(JSON.stringify(claims)).replaceAll('=', '')}.y`
  it('reads the caller out of a token', () => {
    const who = readToken(jwt({ sub: '00000000-0000-0000-0000-0000000000b4', exp: 10, role: 'risk_manager', groups: ['aml'], tenant: '00000000-0000-0000-0000-0000000000a1' }))
    expect(who).toEqual({ id: 'prn_000000000000000000000000000000b4', role: 'RISK_MANAGER', groups: ['aml'], provider: null, tenant: 'ten_000000000000000000000000000000a1', ends: 10_000 })
    expect(publicId('prn', 'a-b')).toBe('prn_ab')
  })
  it('reads nobody out of something else', () => {
    expect(readToken('')).toBeNull()
    expect(readToken('a.b.c')).toBeNull()
    expect(readToken(jwt({ sub: 'x', exp: 1, role: 'system' }))).toBeNull()
  })
})

describe('cases', () => {
  it('each ground supports one verdict, six of them clear', () => {
    expect(GROUNDS.filter((ground) => verdictOf(ground) === 'FALSE_POSITIVE')).toHaveLength(6)
    expect(verdictOf('DOCUMENTS_IN_ORDER')).toBe('FALSE_POSITIVE')
    expect(verdictOf('IDENTIFIERS_AGREE')).toBe('TRUE_HIT')
  })
})

describe('conformance report', () => {
  const text = JSON.stringify({
    target: 'http://lender',
    took_ms: 12,
    green: true,
    findings: [
      { id: 'offer.a', area: 'offer', says: 'Sums agree.', why: 'w', fix: 'f', outcome: 'passed' },
      { id: 'offer.b', area: 'offer', says: 'Sums agree.', why: 'w', fix: 'f', outcome: 'failed', seen: '1 and 2' },
      { id: 'reach.c', area: 'reach', says: 's', why: 'w', fix: 'f', outcome: 'skipped', reason: 'no address' },
    ],
  })
  it('is not green because it says so, but because nothing failed', () => {
    const report = readReport(text)
    expect(report?.green).toBe(false)
    expect(report?.findings[1]?.said).toBe('1 and 2')
    expect(report === null ? null : byArea(report)).toEqual([
      { area: 'offer', passed: 1, failed: 1, skipped: 0 },
      { area: 'reach', passed: 0, failed: 0, skipped: 1 },
    ])
  })
  it('refuses what is no report', () => {
    for (const other of ['', '{}', '[]', '{"target":"x","findings":[1]}', '{"target":"x","findings":[{"id":"a","outcome":"odd"}]}']) expect(readReport(other)).toBeNull()
  })
})

describe('stream of events', () => {
  it('takes whole events and keeps the rest', () => {
    const { events, rest } = takeEvents('event: quote\ndata: {"a":1}\n\n: keep-alive\n\nevent: loser\ndata: x\ndata: y\n\nevent: clo')
    expect(events).toEqual([
      { name: 'quote', data: '{"a":1}' },
      { name: 'loser', data: 'x\ny' },
    ])
    expect(rest).toBe('event: clo')
  })
})

describe('reference', () => {
  const document = readDocument(openapi)
  it('lists every operation of the committed document', () => {
    const all = Object.values(openapi.paths).reduce((count, path) => count + Object.keys(path).filter((key) => ['get', 'post', 'put', 'patch', 'delete'].includes(key)).length, 0)
    expect(document.operations).toHaveLength(all)
    expect(document.operations.every((one) => one.summary !== '' && one.group !== '')).toBe(true)
  })
  it('names types and makes a body to begin with', () => {
    expect(typeOf({ type: 'array', items: { $ref: '#/components/schemas/Case' } })).toBe('Case[]')
    expect(typeOf({ anyOf: [{ type: 'string' }, { type: 'null' }] })).toBe('string | null')
    expect(groupOf('/v1/risk/models/{id}')).toBe('risk')
    expect(sample(document.schemas, document.schemas['MoneyInput'])).toEqual({ amount: '', currency: '' })
  })
})

describe('figures of the process', () => {
  const samples = readMetrics('# HELP x\nchain_head_block{chain="2"} 9\nchain_head_block{chain="1"} 431\nchain_indexed_block{chain="1"} 430\n\nusance_rules_obligations_overdue 0\nbad line here x\n')
  it('reads lines and adds them up', () => {
    expect(sum(samples, 'usance_rules_obligations_overdue')).toBe(0)
    expect(sum(samples, 'nothing')).toBeNull()
    expect(chains(samples)).toEqual([
      { chain: '1', head: 431, read: 430, inFlight: 0 },
      { chain: '2', head: 9, read: 0, inFlight: 0 },
    ])
  })
})

describe('facts of a decision', () => {
  it('are read by name or as a list, and never made up', () => {
    expect(knownFacts({ A: { value: 1, source: 'APPLICATION', days: 0 }, B: 3 })).toEqual([{ name: 'A', value: '1', source: 'APPLICATION', age: '0' }])
    expect(knownFacts([{ fact: 'A', value: null, source: 'BANK' }])).toEqual([{ name: 'A', value: '', source: 'BANK', age: '' }])
    expect(knownFacts(null)).toEqual([])
  })
})

describe('words', () => {
  it('are the same ones in both languages, all of them said', () => {
    const walk = (a: unknown, b: unknown, at: string): void => {
      expect(typeof b, at).toBe(typeof a)
      if (typeof a === 'object' && a !== null) {
        expect(Object.keys(b as object).sort(), at).toEqual(Object.keys(a).sort())
        for (const [key, value] of Object.entries(a)) walk(value, (b as Record<string, unknown>)[key], `${at}.${key}`)
      } else if (typeof a === 'string') expect((b as string).trim(), at).not.toBe('')
    }
    walk(en, es, 'desk')
  })
})

describe('trouble', () => {
  const of = (code: string) => troubleOf(new CombinedError({ graphQLErrors: [new GraphQLError('Said.', { extensions: { code } })] }))
  it('is sorted by the codes that the service gives', () => {
    const written = ['problem.rs', 'schema/mod.rs', 'rest/oauth.rs'].map((file) => readFileSync(`${import.meta.dirname}/../../graphql/src/${file}`, 'utf8')).join('')
    for (const [code, kind] of Object.entries({ UNAUTHORIZED: 'signed-out', FORBIDDEN: 'forbidden', IDEMPOTENCY_KEY_BUSY: 'busy', RATE_LIMITED: 'busy' })) {
      expect(written, code).toContain(`"${code}"`)
      expect(of(code), code).toEqual({ kind, said: 'Said.' })
    }
    expect(of('NOT_FOUND')).toEqual({ kind: 'failed', said: 'Said.' })
  })
  it('is told apart from a service that cannot be reached', () => {
    expect(troubleOf(new CombinedError({ networkError: new TypeError('Failed to fetch') })).kind).toBe('offline')
  })
})
