// The report that `usance provider check --json` writes, read in the browser and sent nowhere.

export interface Finding {
  readonly area: string
  readonly id: string
  readonly rule: string
  readonly why: string
  readonly fix: string
  readonly outcome: 'passed' | 'failed' | 'skipped'
  /** What was seen, or why it was not tried. */
  readonly said: string | null
}

export interface Report {
  readonly target: string
  readonly tookMs: number
  readonly green: boolean
  readonly findings: readonly Finding[]
}

/** Reads a report; `null` when the text is not one. */
export function readReport(text: string): Report | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  if (!isObject(value) || typeof value['target'] !== 'string' || !Array.isArray(value['findings'])) return null
  const findings: Finding[] = []
  for (const one of value['findings'] as unknown[]) {
    if (!isObject(one)) return null
    const outcome = one['outcome']
    if (typeof one['id'] !== 'string' || (outcome !== 'passed' && outcome !== 'failed' && outcome !== 'skipped')) return null
    findings.push({
      area: word(one['area']) || (one['id'].split('.')[0] ?? ''),
      id: one['id'],
      rule: word(one['says']),
      why: word(one['why']),
      fix: word(one['fix']),
      outcome,
      said: word(one['seen']) || word(one['reason']) || null,
    })
  }
  const failed = findings.some((finding) => finding.outcome === 'failed')
  const passed = findings.some((finding) => finding.outcome === 'passed')
  return { target: value['target'], tookMs: typeof value['took_ms'] === 'number' ? value['took_ms'] : 0, green: !failed && passed, findings }
}

export interface AreaCount {
  readonly area: string
  readonly passed: number
  readonly failed: number
  readonly skipped: number
}

/** What came of each area, in the order of the report. */
export function byArea(report: Report): readonly AreaCount[] {
  const areas = new Map<string, { passed: number; failed: number; skipped: number }>()
  for (const finding of report.findings) {
    const count = areas.get(finding.area) ?? { passed: 0, failed: 0, skipped: 0 }
    count[finding.outcome] += 1
    areas.set(finding.area, count)
  }
  return [...areas].map(([area, count]) => ({ area, ...count }))
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function word(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
