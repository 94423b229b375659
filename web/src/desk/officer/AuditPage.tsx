import { type FormEvent, useState } from 'react'
import { Button } from 'react-aria-components'
import { useSearchParams } from 'react-router'
import { Field, Pick } from '../../design/parts'
import { useAsk, usePages } from '../api/ask'
import { CHECKPOINTS, ENTRIES } from '../api/audit'
import { Count, Id, Moment, ShortId, Tag } from '../parts/Pieces'
import { Empty, Part, Screen, Shown, smallPrimary, smallQuiet } from '../parts/Screen'
import { Pager, Table } from '../parts/Table'
import { outcomeTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'

const PAGE = 25
const NOBODYS = '00000000-0000-0000-0000-000000000000'
const FIELDS = ['action', 'objectKind', 'objectId', 'actor', 'subject'] as const
type FieldName = (typeof FIELDS)[number]

export function AuditPage() {
  const { d } = useDesk()
  const [search, setSearch] = useSearchParams()
  const pages = usePages()
  const tenant = search.get('log') === 'shared' ? NOBODYS : null
  const sought = Object.fromEntries(FIELDS.map((name) => [name, search.get(name)])) as Record<FieldName, string | null>
  const answer = useAsk(ENTRIES, { filter: { tenant, ...sought }, before: pages.cursor, first: PAGE })
  const put = (next: Record<string, string>) => {
    pages.start()
    setSearch(next, { replace: true })
  }
  return (
    <Screen title={d.audit.title} lead={d.audit.lead}>
      <Pick
        label={d.audit.log}
        value={tenant === null ? 'own' : 'shared'}
        onChange={(id) => put(id === 'shared' ? { log: 'shared' } : {})}
        choices={[
          { id: 'own', name: d.audit.own },
          { id: 'shared', name: d.audit.shared },
        ]}
      />
      <Search key={search.toString()} sought={sought} put={(next) => put({ ...next, ...(tenant !== null && { log: 'shared' }) })} />
      <Part title={d.audit.entries}>
        <Shown answer={answer} of={(data) => data.auditEntries} rows={8}>
          {(list) => {
            const last = list.length === PAGE ? list.at(-1) : undefined
            return (
              <>
                {list.length === 0 ? (
                  <Empty title={d.audit.none}>{d.audit.noneHelp}</Empty>
                ) : (
                  <Table
                    label={d.audit.entries}
                    rows={list}
                    id={(row) => row.id}
                    to={(row) => `/desk/audit/${row.id}`}
                    columns={[
                      { name: d.audit.number, cell: (row) => row.seq },
                      { name: d.audit.action, cell: (row) => <code className="font-mono text-sm">{row.action}</code> },
                      { name: d.audit.object, cell: (row) => <span className="inline-flex flex-wrap items-baseline gap-x-2">{row.objectKind} <ShortId id={row.objectId} /></span> },
                      { name: d.audit.decision, cell: (row) => row.decision ?? d.none },
                      { name: d.audit.actor, cell: (row) => (row.actor === NOBODYS ? d.actors.system : <><span>{wordFor(d.roles, row.role.toUpperCase())}</span> <ShortId id={row.actor} /></>) },
                      { name: d.when, cell: (row) => <Moment at={row.at} /> },
                    ]}
                  />
                )}
                <Pager page={pages.page} newer={pages.newer} older={last === undefined ? null : () => pages.older(last.seq)} />
              </>
            )
          }}
        </Shown>
      </Part>
      <Roots tenant={tenant} />
    </Screen>
  )
}

function Search({ sought, put }: { sought: Record<FieldName, string | null>; put: (next: Record<string, string>) => void }) {
  const { d } = useDesk()
  const [typed, setTyped] = useState<Record<FieldName, string>>(() => Object.fromEntries(FIELDS.map((name) => [name, sought[name] ?? ''])) as Record<FieldName, string>)
  const go = (event: FormEvent) => {
    event.preventDefault()
    put(Object.fromEntries(Object.entries(typed).filter(([, value]) => value.trim() !== '').map(([name, value]) => [name, value.trim()])))
  }
  return (
    <form onSubmit={go} role="search" aria-label={d.audit.search} className="grid gap-4 sm:grid-cols-2 xl:grid-cols-3">
      {FIELDS.map((name) => (
        <Field key={name} name={name} label={d.audit.fields[name]} value={typed[name]} onChange={(value) => setTyped((before) => ({ ...before, [name]: value }))} />
      ))}
      <div className="flex items-end gap-2">
        <Button type="submit" className={`${smallPrimary} min-h-11`}>
          {d.audit.search}
        </Button>
        <Button className={`${smallQuiet} min-h-11`} onPress={() => put({})}>
          {d.audit.clear}
        </Button>
      </div>
    </form>
  )
}

function Roots({ tenant }: { tenant: string | null }) {
  const { d } = useDesk()
  const answer = useAsk(CHECKPOINTS, { tenant })
  return (
    <Part title={d.audit.roots} lead={d.audit.rootsLead}>
      <Shown answer={answer} of={(data) => data} rows={4}>
        {(data) => (
          <div className="flex flex-col gap-5">
            {data.auditCheckpoints.length === 0 ? (
              <Empty title={d.audit.noRoots}>{d.audit.noRootsHelp}</Empty>
            ) : (
              <Table
                label={d.audit.roots}
                rows={data.auditCheckpoints}
                id={(row) => row.size}
                columns={[
                  { name: d.audit.size, cell: (row) => <Count of={Number(row.size)} /> },
                  { name: d.audit.root, cell: (row) => <Id id={row.root} /> },
                  { name: d.when, cell: (row) => <Moment at={row.at} /> },
                  {
                    name: d.audit.copied,
                    cell: (row) => {
                      const copies = data.auditAnchors.filter((anchor) => anchor.size === row.size)
                      return copies.length === 0 ? d.none : <span className="flex flex-wrap gap-1.5">{copies.map((copy) => <Tag key={copy.place} tone={outcomeTone(copy.state)}>{copy.place.startsWith('eip155') ? d.audit.chain(copy.place.split(':')[1] ?? '') : d.audit.folder}</Tag>)}</span>
                    },
                  },
                ]}
              />
            )}
            <p className="text-sm text-ink-soft">
              {d.audit.key} <Id id={data.auditKey} />
            </p>
          </div>
        )}
      </Shown>
    </Part>
  )
}
