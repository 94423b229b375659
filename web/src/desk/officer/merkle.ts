// Checks in the browser that an entry stands in the log: RFC 6962, SHA-256 of the browser. Nothing that the service says about
// the hashes is believed: the leaf is made again from the entry, the root from the leaf, and the signature of the root is checked.

export interface Entry {
  readonly id: string
  readonly tenant: string
  readonly at: string
  readonly actor: { readonly id: string; readonly role: string }
  readonly action: string
  readonly object: { readonly kind: string; readonly id: string }
  readonly subject?: string
  readonly decision?: string
  readonly rules?: string
  readonly lists?: string
  readonly commitments?: readonly { readonly field: string; readonly hmac: string }[]
}

export interface ProofLine {
  readonly format: string
  readonly seq: number
  readonly entry: Entry
  readonly proof: readonly string[]
  readonly checkpoint: string
  readonly key: string
}

/** One hash of two: what stood on the left, on the right, and what came of them. All hexadecimal. */
export interface Step {
  readonly left: string
  readonly right: string
  readonly result: string
  /** The side of the hash that the proof brought. */
  readonly sibling: 'left' | 'right'
}

export interface Verdict {
  readonly leaf: string
  readonly steps: readonly Step[]
  readonly root: string
  /** The root of the signed note. */
  readonly signed: string
  readonly size: bigint
  readonly origin: string
  readonly at: string
  readonly inTree: boolean
  /** `null`: this browser cannot check Ed25519. */
  readonly signature: boolean | null
  readonly keyName: string
}

const text = new TextEncoder()

export async function sha256(...parts: readonly Uint8Array[]): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest('SHA-256', join(parts)))
}

/** The bytes of an entry that are hashed. */
export function canonical(entry: Entry): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [text.encode('usance-audit/1\0\0'), uuid(entry.id), uuid(entry.tenant), micros(entry.at), uuid(entry.actor.id)]
  for (const code of [entry.actor.role, entry.action, entry.object.kind, entry.object.id]) parts.push(counted(code))
  parts.push(Uint8Array.of(entry.subject === undefined ? 0 : 1))
  if (entry.subject !== undefined) parts.push(uuid(entry.subject))
  for (const code of [entry.decision, entry.rules, entry.lists]) {
    parts.push(Uint8Array.of(code === undefined ? 0 : 1))
    if (code !== undefined) parts.push(counted(code))
  }
  const commitments = entry.commitments ?? []
  parts.push(Uint8Array.of(commitments.length))
  for (const commitment of commitments) parts.push(counted(commitment.field), unhex(commitment.hmac))
  return join(parts)
}

/** The hash of a leaf: SHA-256 of a zero byte and its bytes. */
export async function leafOf(bytes: Uint8Array): Promise<Uint8Array> {
  return sha256(Uint8Array.of(0), bytes)
}

/** Climbs from the leaf to the root; `null` when the proof has another length than the tree asks for. */
export async function climb(leaf: Uint8Array, seq: bigint, size: bigint, proof: readonly Uint8Array[]): Promise<{ root: Uint8Array; steps: Step[] } | null> {
  if (seq < 0n || seq >= size) return null
  let at = seq
  let last = size - 1n
  let hash = leaf
  const steps: Step[] = []
  for (const sibling of proof) {
    if (last === 0n) return null
    const fromLeft = (at & 1n) === 1n || at === last
    const [left, right] = fromLeft ? [sibling, hash] : [hash, sibling]
    hash = await sha256(Uint8Array.of(1), left, right)
    steps.push({ left: hex(left), right: hex(right), result: hex(hash), sibling: fromLeft ? 'left' : 'right' })
    if (fromLeft) {
      while ((at & 1n) === 0n && at !== 0n) {
        at >>= 1n
        last >>= 1n
      }
    }
    at >>= 1n
    last >>= 1n
  }
  return last === 0n ? { root: hash, steps } : null
}

export interface Note {
  readonly origin: string
  readonly size: bigint
  readonly root: Uint8Array
  readonly at: string
  readonly body: string
  readonly name: string
  readonly signature: Uint8Array<ArrayBuffer>
}

/** A signed note: three lines, the time, an empty line, a signature. */
export function readNote(note: string): Note | null {
  const split = note.indexOf('\n\n')
  const body = note.slice(0, split + 1)
  const [origin, size, root, time] = body.split('\n')
  const signed = /^\u2014 (\S+) (\S+)\n$/.exec(note.slice(split + 2))
  if (split < 0 || origin === undefined || size === undefined || root === undefined || time === undefined || signed === null || !/^\d+$/.test(size)) return null
  return { origin, size: BigInt(size), root: unbase64(root), at: time.replace(/^time /, ''), body, name: signed[1] ?? '', signature: unbase64(signed[2] ?? '').slice(4) }
}

/** Checks an entry from its line alone. */
export async function verify(line: string): Promise<Verdict | null> {
  const read = JSON.parse(line) as ProofLine
  const note = readNote(read.checkpoint)
  if (read.format !== 'usance-audit-inclusion/1' || note === null) return null
  const leaf = await leafOf(canonical(read.entry))
  const climbed = await climb(leaf, BigInt(read.seq), note.size, read.proof.map(unhex))
  const signed = hex(note.root)
  const root = climbed === null ? '' : hex(climbed.root)
  return {
    leaf: hex(leaf),
    steps: climbed?.steps ?? [],
    root,
    signed,
    size: note.size,
    origin: note.origin,
    at: note.at,
    inTree: root === signed,
    signature: await signatureHolds(note, read.key),
    keyName: read.key,
  }
}

async function signatureHolds(note: Note, key: string): Promise<boolean | null> {
  const parts = key.split('+')
  const raw = unbase64(parts.slice(2).join('+'))
  if (parts[0] !== note.name || raw.length !== 33 || raw[0] !== 1) return false
  try {
    const known = await crypto.subtle.importKey('raw', raw.slice(1), { name: 'Ed25519' }, false, ['verify'])
    return await crypto.subtle.verify({ name: 'Ed25519' }, known, note.signature, text.encode(note.body))
  } catch {
    return null
  }
}

export function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')
}

export function unhex(digits: string): Uint8Array<ArrayBuffer> {
  const bare = digits.startsWith('0x') ? digits.slice(2) : digits
  return Uint8Array.from(bare.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16))
}

function unbase64(coded: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(coded), (char) => char.charCodeAt(0))
}

function uuid(written: string): Uint8Array {
  return unhex(written.replaceAll('-', ''))
}

function counted(code: string): Uint8Array {
  const bytes = text.encode(code)
  return join([Uint8Array.of(bytes.length), bytes])
}

/** Microseconds since 1970, eight bytes, the largest first. */
function micros(at: string): Uint8Array {
  const [whole = '', fraction = ''] = at.replace(/(Z|\+00:00)$/, '').split('.')
  const value = BigInt(Date.parse(`${whole}Z`)) * 1000n + BigInt(fraction.padEnd(6, '0').slice(0, 6))
  const bytes = new Uint8Array(8)
  new DataView(bytes.buffer).setBigInt64(0, value)
  return bytes
}

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
