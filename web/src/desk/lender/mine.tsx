import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import { Choose } from '../../design/parts'
import { useAsk } from '../api/ask'
import { MY_LENDER } from '../api/lender'
import { Empty, Shown } from '../parts/Screen'
import { useDesk } from '../parts/words'

/** The lender that is looked at: a lender's own, or the one that staff chose in the address. */
export function Mine({ children }: { children: (id: string, name: string) => ReactNode }) {
  const { d } = useDesk()
  const [search, setSearch] = useSearchParams()
  const answer = useAsk(MY_LENDER, {})
  return (
    <Shown answer={answer} of={(data) => data.providers}>
      {(lenders) => {
        const chosen = lenders.find((lender) => lender.id === search.get('lender')) ?? lenders[0]
        if (chosen === undefined) return <Empty title={d.lender.noneTitle}>{d.lender.noneHelp}</Empty>
        return (
          <div className="flex flex-col gap-6">
            {lenders.length > 1 && (
              <div className="max-w-xs">
                <Choose label={d.lender.which} value={chosen.id} choices={lenders.map((lender) => ({ id: lender.id, name: lender.name === lender.id ? lender.id : `${lender.id} (${lender.name})` }))} onChange={(id) => setSearch({ lender: id }, { replace: true })} />
              </div>
            )}
            {children(chosen.id, chosen.name)}
          </div>
        )
      }}
    </Shown>
  )
}
