import { useState } from 'react'
import { Link, useParams } from 'react-router'
import { Pick } from '../../design/parts'
import { useAsk, useSend } from '../api/ask'
import { DECIDE_REVIEW, REVIEW_OF, REVIEWS } from '../api/risk'
import { Act, WhyNot } from '../parts/Act'
import { useEntered } from '../parts/Console'
import { Facts, Fold, Id, Json, Moment, ShortId, Tag } from '../parts/Pieces'
import { Empty, Part, plainLink, Screen, Shown } from '../parts/Screen'
import { More, Table } from '../parts/Table'
import { outcomeTone } from '../parts/tones'
import { useDesk } from '../parts/words'

const STATES = ['OPEN', 'CLEARED', 'DECLINED'] as const

export function ReviewsPage() {
  const { d } = useDesk()
  const [state, setState] = useState<(typeof STATES)[number]>('OPEN')
  const [first, setFirst] = useState(25)
  const answer = useAsk(REVIEWS, { state, first })
  return (
    <Screen title={d.reviews.title} lead={d.reviews.lead}>
      <Pick label={d.state} value={state} onChange={(id) => setState(id as (typeof STATES)[number])} choices={STATES.map((id) => ({ id, name: d.reviews.states[id] }))} />
      <Part title={d.reviews.states[state]}>
        <Shown answer={answer} of={(data) => data.riskReviews} rows={6}>
          {(list) =>
            list.length === 0 ? (
              <Empty title={d.reviews.none}>{d.reviews.noneHelp}</Empty>
            ) : (
              <>
                <Table
                  label={d.reviews.title}
                  rows={list}
                  id={(row) => row.id}
                  to={(row) => `/desk/reviews/${row.id}`}
                  columns={[
                    { name: d.reviews.one, cell: (row) => <ShortId id={row.id} /> },
                    { name: d.state, cell: (row) => <Tag tone={outcomeTone(row.state)}>{d.reviews.states[row.state]}</Tag> },
                    { name: d.applications.score, right: true, cell: (row) => row.score },
                    { name: d.applications.told, cell: (row) => row.reasons.map((reason) => reason.text).join(' ') || d.none },
                    { name: d.reviews.opened, cell: (row) => <Moment at={row.openedAt} /> },
                  ]}
                />
                <More shown={list.length} asked={first} more={() => setFirst(Math.min(100, first + 25))} />
              </>
            )
          }
        </Shown>
      </Part>
    </Screen>
  )
}

export function ReviewPage() {
  const { d } = useDesk()
  const { id = '' } = useParams()
  const who = useEntered()
  const answer = useAsk(REVIEW_OF, { id })
  const send = useSend(DECIDE_REVIEW, (data) => data.decideRiskReview.refusals)
  return (
    <Screen title={d.reviews.one} back={{ to: '/desk/reviews', name: d.reviews.title }}>
      <Shown answer={answer} of={(data) => data.riskReview} rows={6}>
        {(review) => (
          <>
            <Part title={d.identity.stands} aside={<Tag tone={outcomeTone(review.state)}>{d.reviews.states[review.state]}</Tag>}>
              <Facts
                columns={3}
                facts={[
                  { name: d.reviews.opened, value: <Moment at={review.openedAt} /> },
                  { name: d.applications.request, value: <Link className={plainLink} to={`/desk/applications/${review.request}`}>{d.reviews.toApplication}</Link> },
                  { name: d.id, value: <Id id={review.id} /> },
                  ...(review.decidedBy === null ? [] : [{ name: d.cases.decidedBy, value: review.decidedBy === who.id ? d.you : <Id id={review.decidedBy} /> }, { name: d.cases.decidedAt, value: <Moment at={review.decidedAt} /> }]),
                  ...(review.clearedUntil === null ? [] : [{ name: d.cases.holdsUntil, value: <Moment at={review.clearedUntil} /> }]),
                  ...(review.note === null ? [] : [{ name: d.reason, value: review.note, wide: true }]),
                ]}
              />
            </Part>
            <Part title={d.cases.decision} lead={d.reviews.decisionLead}>
              {review.state !== 'OPEN' ? (
                <WhyNot>{d.why.reviewDone}</WhyNot>
              ) : who.role === 'RISK_MANAGER' ? (
                <WhyNot>{d.why.readsOnly(d.roles.RISK_MANAGER)}</WhyNot>
              ) : (
                <div className="flex flex-wrap gap-2">
                  <Act title={d.reviews.clear} help={d.reviews.clearHelp} reason tone="primary" go={(note) => send({ id: review.id, clear: true, note })} done={answer.again} />
                  <Act title={d.reviews.decline} help={d.reviews.declineHelp} reason tone="grave" go={(note) => send({ id: review.id, clear: false, note })} done={answer.again} />
                </div>
              )}
              {review.state === 'OPEN' && who.role === 'OFFICER' && <p className="mt-3 text-sm text-ink-soft">{d.why.upToAmount}</p>}
            </Part>
            <Part title={d.applications.fraud} lead={d.applications.fraudLead}>
              <Fold title={d.asWritten} open>
                <Json value={review.fraud} label={d.applications.fraud} />
              </Fold>
            </Part>
          </>
        )}
      </Shown>
    </Screen>
  )
}
