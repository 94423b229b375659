import { type GraphQLArgument, type GraphQLNamedType, type GraphQLSchema, buildSchema, GraphQLError, isEnumType, isInputObjectType, isInterfaceType, isObjectType, isUnionType, parse, print, validate } from 'graphql'
import { type KeyboardEvent, useEffect, useMemo, useState } from 'react'
import { Button } from 'react-aria-components'
import { useSearchParams } from 'react-router'
import { token } from '../../api/session'
import { Field } from '../../design/parts'
import { Code } from '../parts/Pieces'
import { Empty, Part, plainLink, Screen, Skeleton, smallPrimary, smallQuiet, Trouble } from '../parts/Screen'
import { useDesk } from '../parts/words'

const FIRST = `# ⌘ Enter or Ctrl Enter runs it.
query Loans {
  loans(first: 10) {
    edges {
      node {
        id
        state
        provider
        outstanding { units decimals symbol }
      }
    }
  }
}
`

export function GraphqlPage() {
  const { d } = useDesk()
  const [schema, setSchema] = useState<GraphQLSchema | 'busy' | 'wrong'>('busy')
  const [turn, setTurn] = useState(0)
  useEffect(() => {
    const stop = new AbortController()
    fetch('/schema.graphql', { signal: stop.signal })
      .then(async (answer) => setSchema(answer.ok ? buildSchema(await answer.text()) : 'wrong'))
      .catch(() => stop.signal.aborted || setSchema('wrong'))
    return () => stop.abort()
  }, [turn])
  return (
    <Screen title={d.gql.title} lead={d.gql.lead}>
      {schema === 'wrong' && <Trouble wrong={{ kind: 'offline', said: null }} again={() => setTurn((before) => before + 1)} />}
      <div className="grid items-start gap-6 xl:grid-cols-[3fr_2fr]">
        <Editor schema={typeof schema === 'object' ? schema : null} />
        {schema === 'busy' && <Skeleton rows={8} />}
        {typeof schema === 'object' && <Types schema={schema} />}
      </div>
    </Screen>
  )
}

const BOX = 'w-full rounded-xl border border-line-strong bg-surface px-3.5 py-2.5 font-mono text-sm leading-relaxed text-ink'

function Editor({ schema }: { schema: GraphQLSchema | null }) {
  const { d } = useDesk()
  const [query, setQuery] = useState(FIRST)
  const [variables, setVariables] = useState('{}')
  const [answer, setAnswer] = useState<{ readonly text: string; readonly ms: number; readonly status: number } | 'busy' | 'offline' | null>(null)
  const problems = useMemo(() => problemsOf(schema, query), [schema, query])
  const badVariables = !isJson(variables)
  const run = async () => {
    if (badVariables || answer === 'busy') return
    setAnswer('busy')
    const began = performance.now()
    try {
      const bearer = await token()
      const got = await fetch('/graphql', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json', Accept: 'application/graphql-response+json, application/json', ...(bearer !== null && { Authorization: `Bearer ${bearer}` }) },
        body: JSON.stringify({ query, variables: JSON.parse(variables === '' ? '{}' : variables) as unknown }),
      })
      const text = await got.text()
      setAnswer({ text: pretty(text), ms: Math.round(performance.now() - began), status: got.status })
    } catch {
      setAnswer('offline')
    }
  }
  const keys = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault()
      void run()
    }
  }
  const tidy = () => {
    try {
      setQuery(`${print(parse(query))}\n`)
    } catch {
      // What cannot be read stays as it was typed; the problem is shown below it.
    }
  }
  return (
    <Part title={d.gql.ask} lead={d.gql.askLead}>
      <div className="flex flex-col gap-4">
        <label className="flex flex-col gap-1.5">
          <span className="font-medium">{d.gql.query}</span>
          <textarea rows={14} spellCheck={false} value={query} onChange={(event) => setQuery(event.target.value)} onKeyDown={keys} className={BOX} />
        </label>
        {problems.length > 0 && (
          <div role="status" className="rounded-xl bg-warn-soft px-4 py-2.5 text-sm">
            {problems.map((problem) => (
              <p key={problem}>{problem}</p>
            ))}
          </div>
        )}
        <label className="flex flex-col gap-1.5">
          <span className="font-medium">{d.gql.variables}</span>
          <textarea rows={3} spellCheck={false} value={variables} onChange={(event) => setVariables(event.target.value)} onKeyDown={keys} aria-invalid={badVariables} className={BOX} />
          {badVariables && <span className="text-sm text-bad">{d.gql.notJson}</span>}
        </label>
        <div className="flex flex-wrap gap-2">
          <Button className={smallPrimary} onPress={() => void run()} isDisabled={badVariables || answer === 'busy'}>
            {answer === 'busy' ? d.working : d.gql.run}
          </Button>
          <Button className={smallQuiet} onPress={tidy}>
            {d.gql.tidy}
          </Button>
        </div>
        <div role="status">
          {answer === 'offline' && <Trouble wrong={{ kind: 'offline', said: null }} />}
          {answer !== null && typeof answer === 'object' && (
            <p className="mb-2 text-sm text-ink-soft">{d.gql.took(answer.status, answer.ms)}</p>
          )}
        </div>
        {answer !== null && typeof answer === 'object' && <Code text={answer.text} label={d.gql.answer} tall />}
        {answer === null && <Empty title={d.gql.noAnswer}>{d.gql.noAnswerHelp}</Empty>}
      </div>
    </Part>
  )
}

function problemsOf(schema: GraphQLSchema | null, query: string): readonly string[] {
  if (query.trim() === '') return []
  try {
    const document = parse(query)
    return schema === null ? [] : validate(schema, document).slice(0, 4).map((error) => error.message)
  } catch (error) {
    return [error instanceof GraphQLError ? error.message : String(error)]
  }
}

function Types({ schema }: { schema: GraphQLSchema }) {
  const { d } = useDesk()
  const [search, setSearch] = useSearchParams()
  const [words, setWords] = useState('')
  const name = search.get('type') ?? 'Query'
  const type = schema.getType(name) ?? schema.getQueryType()
  const names = Object.keys(schema.getTypeMap()).filter((one) => !one.startsWith('__'))
  const sought = words.trim().toLowerCase()
  const found = sought === '' ? [] : names.filter((one) => one.toLowerCase().includes(sought)).slice(0, 12)
  const open = (next: string) => {
    setWords('')
    setSearch({ type: next }, { replace: true })
  }
  return (
    <Part title={d.gql.types} lead={d.gql.typesLead}>
      <div className="flex flex-col gap-4">
        <Field name="type" label={d.gql.search} value={words} onChange={setWords} />
        <div className="flex flex-wrap gap-x-4 gap-y-1">
          {(found.length > 0 ? found : ['Query', 'Mutation', 'Subscription']).map((one) => (
            <TypeLink key={one} name={one} open={open} />
          ))}
        </div>
        {type && <Fields type={type} open={open} />}
      </div>
    </Part>
  )
}

function TypeLink({ name, open }: { name: string; open: (name: string) => void }) {
  return (
    <button type="button" onClick={() => open(name.replace(/[[\]!]/g, ''))} className={`${plainLink} min-h-6 cursor-pointer font-mono text-sm`}>
      {name}
    </button>
  )
}

function Fields({ type, open }: { type: GraphQLNamedType; open: (name: string) => void }) {
  const fields = isObjectType(type) || isInterfaceType(type) || isInputObjectType(type) ? Object.values(type.getFields()) : []
  return (
    <div>
      <h3 className="font-mono font-semibold">{type.name}</h3>
      {type.description && <p className="text-sm text-ink-soft">{type.description}</p>}
      {isEnumType(type) && (
        <dl className="mt-2 flex flex-col gap-1.5">
          {type.getValues().map((value) => (
            <div key={value.name}>
              <dt className="font-mono text-sm font-medium">{value.name}</dt>
              <dd className="text-sm text-ink-soft">{value.description}</dd>
            </div>
          ))}
        </dl>
      )}
      {isUnionType(type) && (
        <p className="mt-2 flex flex-wrap gap-3">
          {type.getTypes().map((one) => (
            <TypeLink key={one.name} name={one.name} open={open} />
          ))}
        </p>
      )}
      <dl className="mt-2 flex max-h-[34rem] flex-col gap-2.5 overflow-y-auto pr-1" tabIndex={0} aria-label={type.name}>
        {fields.map((field) => (
          <div key={field.name}>
            <dt className="font-mono text-sm break-words">
              <strong>{field.name}</strong>
              {'args' in field && field.args.length > 0 && (
                <span className="text-ink-soft">
                  (
                  {(field.args as readonly GraphQLArgument[]).map((arg, index) => (
                    <span key={arg.name}>
                      {index > 0 && ', '}
                      {arg.name}: <TypeLink name={String(arg.type)} open={open} />
                    </span>
                  ))}
                  )
                </span>
              )}
              : <TypeLink name={String(field.type)} open={open} />
            </dt>
            {field.description && <dd className="text-sm text-ink-soft">{field.description}</dd>}
          </div>
        ))}
      </dl>
    </div>
  )
}

function isJson(text: string): boolean {
  if (text.trim() === '') return true
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null && !Array.isArray(value)
  } catch {
    return false
  }
}

function pretty(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text), null, 2)
  } catch {
    return text
  }
}
