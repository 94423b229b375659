// Figures of the process, in the text form of Prometheus.

export interface Sample {
  readonly name: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

export function readMetrics(text: string): readonly Sample[] {
  const samples: Sample[] = []
  for (const line of text.split('\n')) {
    const read = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line)
    const value = Number(read?.[3])
    if (read?.[1] === undefined || Number.isNaN(value)) continue
    const labels: Record<string, string> = {}
    for (const [, name = '', written = ''] of (read[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) labels[name] = written
    samples.push({ name: read[1], labels, value })
  }
  return samples
}

/** Sum of all samples of that name; `null` when there is none. */
export function sum(samples: readonly Sample[], name: string, labels: Readonly<Record<string, string>> = {}): number | null {
  const found = samples.filter((sample) => sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value))
  return found.length === 0 ? null : found.reduce((total, sample) => total + sample.value, 0)
}

export interface ChainState {
  readonly chain: string
  readonly head: number
  readonly read: number
  readonly inFlight: number
}

/** How far the books are behind each chain. */
export function chains(samples: readonly Sample[]): readonly ChainState[] {
  return samples
    .filter((sample) => sample.name === 'chain_head_block')
    .map((sample) => {
      const chain = sample.labels['chain'] ?? ''
      return { chain, head: sample.value, read: sum(samples, 'chain_indexed_block', { chain }) ?? 0, inFlight: sum(samples, 'chain_in_flight', { chain }) ?? 0 }
    })
    .sort((a, b) => a.chain.localeCompare(b.chain))
}
