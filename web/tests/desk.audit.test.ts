// @vitest-environment node
import { describe, expect, it } from 'vitest'
import { climb, leafOf, readNote, sha256, unhex, hex, verify, type ProofLine } from '../src/desk/officer/merkle'

/** A proof as the service gives it in development. */
const LINE =
  '{"format":"usance-audit-inclusion/1","seq":21,"entry":{"id":"01a20034-db8f-7115-977b-f987aec42c2c","tenant":"00000000-0000-0000-0000-0000000000a1","at":"2026-11-21T22:23:13.807830Z","actor":{"id":"00000000-0000-0000-0000-000000000000","role":"system"},"action":"request.closed","object":{"kind":"request","id":"01a20034-c633-74cf-9c8d-0a8042ff5188"},"subject":"00000000-0000-0000-0000-0000000000b1","decision":"DECLINED"},"proof":["51377b71595b7656bfa947abaae3c30109e465e44c65faa3923ed1d7420f7e95","b2988916275a3df5127b3f7d24b0b2c42bee2ab4c8dde1f41753213297ad4426","9d146f0618402cc21a6ef2897c3153b7eb5ccc362bdbf7003dfa76c9d298195d","1023f14aed59171e51817af26c1029e3c981fda7c781f2c3e87598de4a4048dc","17dcb79ce2fb54bcbffe2588b118c800cb2ad663a119329c11e4862d47cdaac3"],"checkpoint":"usance.example/audit/00000000-0000-0000-0000-0000000000a1\\n32\\nodG7F+FMOFQJ45WAirDCMAlqkpWrSee5khl0tTk7uvs=\\ntime 2026-11-21T22:24:09.591659Z\\n\\n— usance.example/audit x+eIzSpsJQVsNRs4FrYVPQT6LoaBXoKjriU9yca9WGkYg5iIKFa6Trm5Q46rPtcj7POeF/+gJPsLTJUYPEDj4jmKlwU=\\n","key":"usance.example/audit+c7e788cd+AbBAnykpQaTfD8k0IKSfdudxwNurt9mzpq3CQ1lprEqH"}'

const changed = (change: (line: ProofLine) => object) => JSON.stringify({ ...JSON.parse(LINE), ...change(JSON.parse(LINE) as ProofLine) })

describe('proof of an entry', () => {
  it('holds for what the service gave', async () => {
    const verdict = await verify(LINE)
    expect(verdict?.inTree).toBe(true)
    expect(verdict?.signature).toBe(true)
    expect(verdict?.root).toBe(verdict?.signed)
    expect(verdict?.steps.length).toBe((JSON.parse(LINE) as ProofLine).proof.length)
  })

  it.each(['action', 'decision', 'rules', 'subject', 'at', 'id'] as const)('falls when %s of the entry is another', async (field) => {
    const other = { action: 'decision.other', decision: 'DECLINE', rules: '00', subject: '00000000-0000-0000-0000-0000000000ff', at: '2026-01-01T00:00:00.000001Z', id: '01a20009-bf52-7005-94d8-760498799fe9' }
    const verdict = await verify(changed((line) => ({ entry: { ...line.entry, [field]: other[field] } })))
    expect(verdict?.inTree).toBe(false)
  })

  it('falls when a hash, the number or the length of the proof is another', async () => {
    expect((await verify(changed((line) => ({ proof: line.proof.map((hash, at) => (at === 0 ? hash.replace(/^./, (digit) => (digit === '0' ? '1' : '0')) : hash)) }))))?.inTree).toBe(false)
    expect((await verify(changed((line) => ({ seq: line.seq === 0 ? 1 : line.seq - 1 }))))?.inTree).toBe(false)
    expect((await verify(changed((line) => ({ proof: line.proof.slice(1) }))))?.inTree).toBe(false)
  })

  it('falls when the signed root is another, by its signature', async () => {
    const verdict = await verify(changed((line) => ({ checkpoint: line.checkpoint.replace(/time 2026/, 'time 2025') })))
    expect(verdict?.signature).toBe(false)
  })

  it('is not read when it is of another form', async () => {
    expect(await verify(changed(() => ({ format: 'usance-audit-inclusion/2' })))).toBeNull()
    expect(readNote('no note')).toBeNull()
  })
})

describe('tree of RFC 6962', () => {
  /** The root by the definition: split at the largest power of two below the size. */
  async function root(leaves: readonly Uint8Array[]): Promise<Uint8Array> {
    const [only] = leaves
    if (leaves.length === 1 && only !== undefined) return only
    let split = 1
    while (split * 2 < leaves.length) split *= 2
    return sha256(Uint8Array.of(1), await root(leaves.slice(0, split)), await root(leaves.slice(split)))
  }

  async function path(index: number, leaves: readonly Uint8Array[]): Promise<Uint8Array[]> {
    if (leaves.length === 1) return []
    let split = 1
    while (split * 2 < leaves.length) split *= 2
    const [left, right] = [leaves.slice(0, split), leaves.slice(split)]
    return index < split ? [...(await path(index, left)), await root(right)] : [...(await path(index - split, right)), await root(left)]
  }

  it('finds the root from every leaf of every tree up to 17', async () => {
    const all = await Promise.all(Array.from({ length: 17 }, (_, at) => leafOf(Uint8Array.of(at))))
    for (let size = 1; size <= all.length; size += 1) {
      const leaves = all.slice(0, size)
      const wanted = hex(await root(leaves))
      for (let at = 0; at < size; at += 1) {
        const climbed = await climb(leaves[at] ?? new Uint8Array(), BigInt(at), BigInt(size), await path(at, leaves))
        expect(climbed === null ? null : hex(climbed.root)).toBe(wanted)
      }
    }
  })

  it('hashes the empty leaf as the standard says', async () => {
    expect(hex(await leafOf(new Uint8Array()))).toBe('6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d')
    expect(hex(unhex('00ff'))).toBe('00ff')
  })
})
