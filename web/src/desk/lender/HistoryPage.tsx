import { useAsk } from '../api/ask'
import { LENDER_CONFIG, LENDER_PAST } from '../api/lender'
import { Fold, Id, Json, Moment, Tag } from '../parts/Pieces'
import { Part, Screen, Shown } from '../parts/Screen'
import { Table } from '../parts/Table'
import { lenderTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'
import { Mine } from './mine'

export function HistoryPage() {
  const { d } = useDesk()
  return (
    <Screen title={d.lender.history} lead={d.lender.historyLead}>
      <Mine>{(id) => <Past id={id} />}</Mine>
    </Screen>
  )
}

function Past({ id }: { id: string }) {
  const { d } = useDesk()
  const answer = useAsk(LENDER_PAST, { id, first: 50 })
  return (
    <Shown answer={answer} of={(data) => data.provider} rows={8}>
      {(lender) => (
        <>
          <Part title={d.lender.changes}>
            <Table
              label={d.lender.changes}
              rows={lender.history}
              id={(row) => String(row.revision)}
              columns={[
                { name: d.lender.number, cell: (row) => row.revision },
                { name: d.lender.change, cell: (row) => wordFor(d.lender.kinds, row.kind) },
                { name: d.state, cell: (row) => <Tag tone={lenderTone(row.to)}>{wordFor(d.lender.states, row.to)}</Tag> },
                { name: d.reason, cell: (row) => row.reason },
                { name: d.by, cell: (row) => <By by={row.by} /> },
                { name: d.when, cell: (row) => <Moment at={row.at} /> },
              ]}
            />
          </Part>
          <Part title={d.lender.versions} lead={d.lender.versionsLead}>
            <Table
              label={d.lender.versions}
              rows={lender.versions}
              id={(row) => String(row.number)}
              columns={[
                { name: d.lender.version, cell: (row) => row.number },
                { name: d.lender.configHash, cell: (row) => <Id id={row.configSha256} /> },
                { name: d.by, cell: (row) => <By by={row.by} /> },
                { name: d.when, cell: (row) => <Moment at={row.at} /> },
              ]}
            />
            <div className="mt-4">
              <Fold title={d.lender.configNow}>
                <Config id={id} />
              </Fold>
            </div>
          </Part>
        </>
      )}
    </Shown>
  )
}

function By({ by }: { by: string }) {
  const { d } = useDesk()
  return by.startsWith('prn_') ? <Id id={by} /> : <>{wordFor(d.actors, by)}</>
}

function Config({ id }: { id: string }) {
  const { d } = useDesk()
  const answer = useAsk(LENDER_CONFIG, { id })
  return (
    <Shown answer={answer} of={(data) => data.provider?.versions[0]}>
      {(version) => <Json value={version.config} label={d.lender.configNow} />}
    </Shown>
  )
}
