import { type ReactNode, useSyncExternalStore } from 'react'
import { Button } from 'react-aria-components'
import { Link } from 'react-router'
import { smallQuiet } from './Screen'
import { useDesk } from './words'

export interface Column<Row> {
  readonly name: string
  readonly cell: (row: Row) => ReactNode
  readonly right?: boolean
}

interface TableProps<Row> {
  readonly label: string
  readonly rows: readonly Row[]
  readonly columns: readonly Column<Row>[]
  readonly id: (row: Row) => string
  /** Where a row leads; its first cell is the link. */
  readonly to?: (row: Row) => string
}

const NARROW = '(max-width: 47.9375rem)'

function useNarrow(): boolean {
  return useSyncExternalStore(
    (changed) => {
      const query = window.matchMedia?.(NARROW)
      query?.addEventListener('change', changed)
      return () => query?.removeEventListener('change', changed)
    },
    () => window.matchMedia?.(NARROW).matches ?? false,
  )
}

/** A table where there is room, and cards where there is none. */
export function Table<Row>(props: TableProps<Row>) {
  return useNarrow() ? <Cards {...props} /> : <Wide {...props} />
}

function Wide<Row>({ label, rows, columns, id, to }: TableProps<Row>) {
  return (
    <div role="region" aria-label={label} tabIndex={0} className="-mx-5 overflow-x-auto px-5">
      <table className="w-full border-collapse text-left text-[0.9375rem]">
        <caption className="sr-only">{label}</caption>
        <thead>
          <tr className="border-b border-line-strong">
            {columns.map((column) => (
              <th key={column.name} scope="col" className={`px-3 py-2 text-sm font-medium whitespace-nowrap text-ink-soft first:pl-0 last:pr-0 ${column.right === true ? 'text-right' : ''}`}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={id(row)} className="border-b border-line last:border-0 hover:bg-sunken">
              {columns.map((column, index) => (
                <td key={column.name} className={`px-3 py-2.5 align-middle first:pl-0 last:pr-0 ${column.right === true ? 'text-right whitespace-nowrap' : ''}`}>
                  {index === 0 && to !== undefined ? (
                    <Link to={to(row)} className="inline-flex min-h-7 items-center text-accent underline underline-offset-4">
                      {column.cell(row)}
                    </Link>
                  ) : (
                    column.cell(row)
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Cards<Row>({ label, rows, columns, id, to }: TableProps<Row>) {
  return (
    <ul aria-label={label} className="flex flex-col divide-y divide-line">
      {rows.map((row) => (
        <li key={id(row)} className="py-3 first:pt-0 last:pb-0">
          <dl className="grid grid-cols-[minmax(6.5rem,2fr)_3fr] gap-x-3 gap-y-1.5">
            {columns.map((column, index) => (
              <div key={column.name} className="col-span-2 grid grid-cols-subgrid items-baseline">
                <dt className="text-sm text-ink-soft">{column.name}</dt>
                <dd className="min-w-0 break-words">
                  {index === 0 && to !== undefined ? (
                    <Link to={to(row)} className="inline-flex min-h-7 items-center text-accent underline underline-offset-4">
                      {column.cell(row)}
                    </Link>
                  ) : (
                    column.cell(row)
                  )}
                </dd>
              </div>
            ))}
          </dl>
        </li>
      ))}
    </ul>
  )
}

/** Newer and older; the older end is told. */
export function Pager({ page, newer, older }: { page: number; newer: () => void; older: (() => void) | null }) {
  const { d } = useDesk()
  if (page === 1 && older === null) return null
  return (
    <nav aria-label={d.pages} className="mt-4 flex items-center justify-between gap-3">
      <Button className={smallQuiet} onPress={newer} isDisabled={page === 1}>
        <span aria-hidden="true">←</span> {d.newer}
      </Button>
      <span className="text-sm text-ink-soft" role="status">
        {d.page(page)}
      </span>
      <Button className={smallQuiet} onPress={() => older?.()} isDisabled={older === null}>
        {d.older} <span aria-hidden="true">→</span>
      </Button>
    </nav>
  )
}

/** Lists that give their first hundred at most. */
export function More({ shown, asked, more }: { shown: number; asked: number; more: () => void }) {
  const { d } = useDesk()
  if (shown < asked) return null
  return (
    <div className="mt-4 flex justify-center">
      {asked >= 100 ? (
        <p className="text-sm text-ink-soft">{d.firstHundred}</p>
      ) : (
        <Button className={smallQuiet} onPress={more}>
          {d.more}
        </Button>
      )}
    </div>
  )
}
