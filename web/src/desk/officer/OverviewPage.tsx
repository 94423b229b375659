import { Link } from 'react-router'
import { graphql } from '../../api/graphql'
import { formatDate } from '../../format/dates'
import { useAsk } from '../api/ask'
import { CASES } from '../api/cases'
import { PAUSES } from '../api/loans'
import { useEntered } from '../parts/Console'
import { Figure, Figures, Tag } from '../parts/Pieces'
import { Empty, Part, plainLink, Screen, Shown, Skeleton, Trouble } from '../parts/Screen'
import { Table } from '../parts/Table'
import { caseTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'

const QUEUES = graphql(`
  query DeskQueues {
    open: cases(state: OPEN, first: 100) { id severity }
    proposed: cases(state: PROPOSED, first: 100) { id }
    identity: verifications(state: REVIEW, first: 100) { id }
    reviews: riskReviews(state: OPEN, first: 100) { id }
    rules: rulePublications(first: 20) { id state }
    models: riskProposals(first: 20) { id state }
    deadlines: obligations(state: "OPEN", first: 100) { id dueOn }
  }
`)

export function OverviewPage() {
  const { d } = useDesk()
  const who = useEntered()
  return (
    <Screen title={d.desk.overview} lead={who.role === 'ADMIN' ? d.desk.adminLead : d.desk.overviewLead}>
      {who.role !== 'ADMIN' && <Queues />}
      {who.role !== 'ADMIN' && <Next />}
      <Breakers />
    </Screen>
  )
}

function Queues() {
  const { d } = useDesk()
  const { data, wrong, again } = useAsk(QUEUES, {})
  if (data === undefined || data === null) return wrong === null ? <Skeleton rows={4} /> : <Trouble wrong={wrong} again={again} />
  const blocks = data.open.filter((one) => one.severity === 'BLOCK').length
  const today = new Date().toISOString().slice(0, 10)
  const late = data.deadlines.filter((one) => one.dueOn < today).length
  const many = (list: readonly unknown[]) => (list.length === 100 ? '100+' : String(list.length))
  return (
    <Figures>
      <Queue to="/desk/cases?state=OPEN" name={d.desk.openCases} value={many(data.open)} note={d.desk.blocks(blocks)} bad={blocks > 0} />
      <Queue to="/desk/cases?state=PROPOSED" name={d.desk.second} value={many(data.proposed)} note={d.desk.secondNote} />
      <Queue to="/desk/identity" name={d.desk.identity} value={many(data.identity)} note={d.desk.identityNote} />
      <Queue to="/desk/reviews" name={d.desk.reviews} value={many(data.reviews)} note={d.desk.reviewsNote} />
      <Queue to="/desk/rules" name={d.desk.rules} value={String(data.rules.filter((one) => one.state === 'PROPOSED').length)} note={d.desk.rulesNote} />
      <Queue to="/desk/models" name={d.desk.models} value={String(data.models.filter((one) => one.state === 'OPEN').length)} note={d.desk.modelsNote} />
      <Queue to="/desk/deadlines" name={d.desk.deadlines} value={many(data.deadlines)} note={d.desk.late(late)} bad={late > 0} />
      <Queue to="/desk/applications" name={d.applications.title} value="→" note={d.desk.applicationsNote} />
    </Figures>
  )
}

function Queue({ to, name, value, note, bad = false }: { to: string; name: string; value: string; note: string; bad?: boolean }) {
  return (
    <Link to={to} className="rounded-2xl transition-transform hover:-translate-y-0.5 motion-reduce:transform-none">
      <Figure name={name} value={value} note={note} {...(bad && { tone: 'bad' as const })} />
    </Link>
  )
}

function Next() {
  const { d, locale } = useDesk()
  const answer = useAsk(CASES, { state: null, mine: false, first: 5 })
  return (
    <Part title={d.desk.next} lead={d.desk.nextLead} aside={<Link to="/desk/cases" className={plainLink}>{d.desk.allCases}</Link>}>
      <Shown answer={answer} of={(data) => data.cases.filter((one) => one.state !== 'CLOSED')}>
        {(cases) =>
          cases.length === 0 ? (
            <Empty title={d.cases.none}>{d.cases.noneHelp}</Empty>
          ) : (
            <Table
              label={d.desk.next}
              rows={cases}
              id={(row) => row.id}
              to={(row) => `/desk/cases/${row.id}`}
              columns={[
                { name: d.cases.about, cell: (row) => wordFor(d.cases.kinds, row.kind) },
                { name: d.cases.entity, cell: (row) => <code className="font-mono text-sm">{row.entity}</code> },
                { name: d.state, cell: (row) => <Tag tone={caseTone(row.state, row.severity)}>{`${wordFor(d.cases.states, row.state)} · ${wordFor(d.cases.severities, row.severity)}`}</Tag> },
                { name: d.cases.due, cell: (row) => formatDate(row.dueOn, locale, 'short') },
              ]}
            />
          )
        }
      </Shown>
    </Part>
  )
}

function Breakers() {
  const { d } = useDesk()
  const answer = useAsk(PAUSES, {})
  return (
    <Part title={d.books.breakers} aside={<Link to="/desk/books" className={plainLink}>{d.books.title}</Link>}>
      <Shown answer={answer} of={(data) => data.assetPauses} rows={1}>
        {(pauses) => (pauses.length === 0 ? <Tag tone="good">{d.books.noPauses}</Tag> : <Tag tone="bad">{d.books.pauses(pauses.length)}</Tag>)}
      </Shown>
    </Part>
  )
}
