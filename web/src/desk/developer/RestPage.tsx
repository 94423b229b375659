import { useEffect, useState } from 'react'
import { useSearchParams } from 'react-router'
import { Field } from '../../design/parts'
import { Code, Fold } from '../parts/Pieces'
import { Empty, plainLink, Screen, Skeleton, Trouble } from '../parts/Screen'
import { Table } from '../parts/Table'
import { useDesk } from '../parts/words'
import { type Document, type Operation, readDocument, sample, typeOf } from './openapi'

export function RestPage() {
  const { d } = useDesk()
  const [read, setRead] = useState<Document | 'busy' | 'wrong'>('busy')
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    fetch('/openapi.json', { signal: stop.signal })
      .then(async (answer) => setRead(answer.ok ? readDocument(await answer.json()) : 'wrong'))
      .catch(() => stop.signal.aborted || setRead('wrong'))
    return () => stop.abort()
  }, [turn])
  return (
    <Screen title={d.rest.title} lead={d.rest.lead}>
      {read === 'busy' && <Skeleton rows={8} />}
      {read === 'wrong' && <Trouble wrong={{ kind: 'offline', said: null }} again={() => setTurn((before) => before + 1)} />}
      {typeof read === 'object' && <Reference document={read} />}
    </Screen>
  )
}

function Reference({ document }: { document: Document }) {
  const { d } = useDesk()
  const [search, setSearch] = useSearchParams()
  const words = search.get('q') ?? ''
  const sought = words.trim().toLowerCase()
  const found = document.operations.filter((one) => `${one.method} ${one.path} ${one.summary} ${one.id}`.toLowerCase().includes(sought))
  const groups = [...new Set(found.map((one) => one.group))]
  return (
    <>
      <div className="flex flex-wrap items-end gap-x-6 gap-y-3">
        <div className="min-w-60 grow sm:max-w-md">
          <Field name="q" label={d.rest.search} value={words} onChange={(value) => setSearch(value === '' ? {} : { q: value }, { replace: true })} />
        </div>
        <p role="status" className="pb-2.5 text-ink-soft">
          {d.rest.found(found.length, document.operations.length)}
        </p>
      </div>
      {found.length === 0 && <Empty title={d.rest.nothing} />}
      {groups.map((group) => (
        <Fold
          key={group + (sought === '')}
          open={sought !== '' || group === 'quote-requests'}
          title={
            <span className="flex grow items-baseline justify-between gap-3">
              <span className="font-mono">{group}</span>
              <span className="text-sm font-normal text-ink-soft">{found.filter((one) => one.group === group).length}</span>
            </span>
          }
        >
          <ul className="flex flex-col gap-2">
            {found
              .filter((one) => one.group === group)
              .map((one) => (
                <li key={one.id}>
                  <One operation={one} document={document} />
                </li>
              ))}
          </ul>
        </Fold>
      ))}
    </>
  )
}

function One({ operation, document }: { operation: Operation; document: Document }) {
  const [open, setOpen] = useState(false)
  return (
    <details className="group rounded-xl border border-line" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="grid min-h-12 cursor-pointer list-none grid-cols-[4rem_1fr] items-baseline gap-x-3 gap-y-0.5 rounded-xl px-4 py-2.5 hover:bg-sunken lg:grid-cols-[4rem_minmax(0,5fr)_minmax(0,6fr)] [&::-webkit-details-marker]:hidden">
        <span className={`font-mono text-sm font-semibold ${operation.method === 'GET' ? 'text-accent' : 'text-warn'}`}>{operation.method}</span>
        <span className="font-mono text-sm break-all">{operation.path}</span>
        <span className="col-start-2 text-sm text-ink-soft lg:col-start-3">{operation.summary}</span>
      </summary>
      {open && <Inside operation={operation} document={document} />}
    </details>
  )
}

function Inside({ operation, document }: { operation: Operation; document: Document }) {
  const { d } = useDesk()
  return (
    <div className="flex flex-col gap-5 px-4 pt-2 pb-4">
      {operation.parameters.length > 0 && (
        <div>
          <h3 className="mb-1 font-medium">{d.rest.parameters}</h3>
          <Table
            label={d.rest.parameters}
            rows={operation.parameters}
            id={(row) => row.in + row.name}
            columns={[
              { name: d.rest.name, cell: (row) => <code className="font-mono text-sm">{row.name}</code> },
              { name: d.rest.where, cell: (row) => row.in },
              { name: d.rest.type, cell: (row) => <code className="font-mono text-sm">{row.type}</code> },
              { name: d.rest.needed, cell: (row) => (row.required ? d.yes : d.no) },
              { name: d.rest.about, cell: (row) => row.about },
            ]}
          />
        </div>
      )}
      {operation.body !== null && <Shape title={d.rest.body} type={operation.body} document={document} />}
      <div className="flex flex-col gap-3">
        <h3 className="font-medium">{d.rest.answers}</h3>
        {operation.answers.map((answer) => (
          <div key={answer.status}>
            <p>
              <code className="font-mono text-sm font-semibold">{answer.status}</code> <span className="text-ink-soft">{answer.about}</span>
            </p>
            {answer.schema !== null && answer.status !== 'default' && <Shape title={answer.schema} type={answer.schema} document={document} />}
          </div>
        ))}
      </div>
      <div>
        <h3 className="mb-1 font-medium">curl</h3>
        <Code text={curl(operation, document)} label="curl" />
      </div>
    </div>
  )
}

/** The fields of a type; types inside of it open in their place. */
function Shape({ title, type, document, depth = 0 }: { title: string; type: string; document: Document; depth?: number }) {
  const { d } = useDesk()
  const name = type.replace(/\[\]$/, '').replace(/ \| null$/, '')
  const schema = document.schemas[name] as Readonly<Record<string, unknown>> | undefined
  const [open, setOpen] = useState(depth === 0 && title !== type)
  if (schema === undefined) return <code className="font-mono text-sm">{type}</code>
  const values = schema['enum']
  const fields = Object.entries((schema['properties'] ?? {}) as Readonly<Record<string, Readonly<Record<string, unknown>>>>)
  const required = new Set((schema['required'] as readonly string[] | undefined) ?? [])
  return (
    <div className="min-w-0">
      <button type="button" aria-expanded={open} onClick={() => setOpen(!open)} className={`${plainLink} min-h-8 cursor-pointer text-left font-mono text-sm break-all`}>
        {title === type ? type : `${title}: ${type}`}
      </button>
      {open && Array.isArray(values) && <p className="mt-1 border-l-2 border-line pl-3 font-mono text-sm break-words">{values.map(String).join(' · ')}</p>}
      {open && fields.length > 0 && (
        <dl className="mt-1 flex flex-col gap-2 border-l-2 border-line pl-3">
          {fields.map(([field, at]) => {
            const inner = typeOf(at)
            const known = document.schemas[inner.replace(/\[\]$/, '').replace(/ \| null$/, '')] !== undefined
            return (
              <div key={field} className="min-w-0">
                <dt className="font-mono text-sm">
                  <strong>{field}</strong> {!known && <span className="break-words text-ink-soft">{inner}</span>} {!required.has(field) && <span className="font-sans text-ink-soft">{d.rest.optional}</span>}
                </dt>
                <dd className="text-sm">
                  {typeof at['description'] === 'string' && <p className="text-ink-soft">{at['description']}</p>}
                  {known && (depth < 6 ? <Shape title={inner} type={inner} document={document} depth={depth + 1} /> : <code className="font-mono">{inner}</code>)}
                </dd>
              </div>
            )
          })}
        </dl>
      )}
    </div>
  )
}

function curl(operation: Operation, document: Document): string {
  const lines = [`curl ${operation.method === 'GET' ? '' : `-X ${operation.method} `}${location.origin}${operation.path}`]
  if (operation.path !== '/oauth/token') lines.push(`-H "Authorization: Bearer $TOKEN"`)
  if (operation.parameters.some((one) => one.name === 'Idempotency-Key')) lines.push(`-H "Idempotency-Key: $(uuidgen)"`)
  if (operation.path === '/oauth/token') lines.push(`-u "$CLIENT_ID:$CLIENT_SECRET"`, `-d grant_type=client_credentials`)
  else if (operation.body !== null) lines.push(`-H 'Content-Type: application/json'`, `-d '${JSON.stringify(sample(document.schemas, document.schemas[operation.body]), null, 2)}'`)
  return lines.join(' \\\n  ')
}
