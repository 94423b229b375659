// Reads the OpenAPI document of the service: only what the page shows.

export interface Operation {
  readonly id: string
  readonly method: string
  readonly path: string
  readonly summary: string
  readonly group: string
  readonly parameters: readonly { readonly name: string; readonly in: string; readonly required: boolean; readonly type: string; readonly about: string }[]
  readonly body: string | null
  readonly answers: readonly { readonly status: string; readonly about: string; readonly schema: string | null }[]
}

type Node = Readonly<Record<string, unknown>>

const METHODS = ['get', 'post', 'put', 'patch', 'delete'] as const

export interface Document {
  readonly title: string
  readonly version: string
  readonly operations: readonly Operation[]
  readonly schemas: Node
}

export function readDocument(raw: unknown): Document {
  const root = node(raw)
  const info = node(root['info'])
  const operations: Operation[] = []
  for (const [path, at] of Object.entries(node(root['paths']))) {
    for (const method of METHODS) {
      const operation = node(at)[method]
      if (operation === undefined) continue
      operations.push(readOperation(path, method, node(operation)))
    }
  }
  return { title: text(info['title']), version: text(info['version']), operations, schemas: node(node(root['components'])['schemas']) }
}

function readOperation(path: string, method: string, operation: Node): Operation {
  const answers = Object.entries(node(operation['responses'])).map(([status, answer]) => ({
    status,
    about: text(node(answer)['description']),
    schema: schemaOf(node(answer)['content']),
  }))
  return {
    id: text(operation['operationId']) || `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    summary: text(operation['summary']),
    group: groupOf(path),
    parameters: list(operation['parameters']).map((one) => ({
      name: text(one['name']),
      in: text(one['in']),
      required: one['required'] === true,
      type: typeOf(one['schema']),
      about: text(one['description']),
    })),
    body: schemaOf(node(operation['requestBody'])['content']),
    answers,
  }
}

/** `/v1/risk/models/{id}` belongs to `risk`. */
export function groupOf(path: string): string {
  const parts = path.split('/').filter((part) => part !== '' && part !== 'v1')
  return parts[0] ?? ''
}

function schemaOf(content: unknown): string | null {
  const first = Object.values(node(content))[0]
  return first === undefined ? null : typeOf(node(first)['schema'])
}

/** A type in one line: `Case[]`, `string | null`, `MoneyInput`. */
export function typeOf(schema: unknown): string {
  const at = node(schema)
  const ref = at['$ref']
  if (typeof ref === 'string') return ref.split('/').at(-1) ?? ref
  for (const key of ['anyOf', 'oneOf']) if (Array.isArray(at[key])) return (at[key] as unknown[]).map(typeOf).join(' | ')
  if (Array.isArray(at['enum'])) return (at['enum'] as unknown[]).map((one) => JSON.stringify(one)).join(' | ')
  if (at['type'] === 'array') return `${typeOf(at['items'])}[]`
  if (Array.isArray(at['type'])) return (at['type'] as unknown[]).map(String).join(' | ')
  return text(at['type']) || 'any'
}

/** A value of that type to begin with; what it refers to is filled in, a few levels deep. */
export function sample(schemas: Node, schema: unknown, depth = 0): unknown {
  const at = node(schema)
  const ref = at['$ref']
  if (typeof ref === 'string') return depth > 5 ? {} : sample(schemas, schemas[ref.split('/').at(-1) ?? ''], depth + 1)
  if (Array.isArray(at['anyOf'])) {
    const options = at['anyOf'] as unknown[]
    return options.some((one) => node(one)['type'] === 'null') ? null : sample(schemas, options[0], depth + 1)
  }
  if (Array.isArray(at['enum'])) return (at['enum'] as unknown[])[0]
  if (at['default'] !== undefined) return at['default']
  if (at['type'] === 'array') return []
  if (at['type'] === 'object' || at['properties'] !== undefined) {
    const required = new Set(Array.isArray(at['required']) ? (at['required'] as unknown[]) : [])
    return Object.fromEntries(Object.entries(node(at['properties'])).filter(([name]) => required.has(name)).map(([name, one]) => [name, sample(schemas, one, depth + 1)]))
  }
  if (at['type'] === 'integer' || at['type'] === 'number') return typeof at['minimum'] === 'number' ? at['minimum'] : 0
  if (at['type'] === 'boolean') return false
  return ''
}

function node(value: unknown): Node {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Node) : {}
}

function list(value: unknown): readonly Node[] {
  return Array.isArray(value) ? value.map(node) : []
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
