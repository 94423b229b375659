// Reports to authorities. Nobody outside of the AML group learns that there are any; the service answers them "not found".

import { useState } from 'react'
import { TextArea, TextField, Label } from 'react-aria-components'
import { Choose } from '../../design/parts'
import { formatDate } from '../../format/dates'
import { useAsk, useSend } from '../api/ask'
import { CASE_REPORTS, DRAFT_REPORT, RELEASE_REPORT } from '../api/cases'
import type { Who } from '../api/who'
import { Act, WhyNot } from '../parts/Act'
import { Code, Id, Tag } from '../parts/Pieces'
import { Empty, Part, Shown, smallQuiet } from '../parts/Screen'
import { outcomeTone } from '../parts/tones'
import { useDesk } from '../parts/words'
import { useClient } from 'urql'
import { troubleOf } from '../api/ask'

const KINDS = ['SAR', 'OFAC_BLOCKED', 'OFAC_REJECTED'] as const
type Kind = (typeof KINDS)[number]

export function Reports({ id, who, again }: { id: string; who: Who; again: () => void }) {
  const { d, locale } = useDesk()
  const answer = useAsk(CASE_REPORTS, { case: id })
  const both = () => {
    answer.again()
    again()
  }
  return (
    <Part title={d.reports.title} lead={d.reports.lead} aside={<Draft id={id} done={both} />}>
      <Shown answer={answer} of={(data) => data.caseReports}>
        {(reports) =>
          reports.length === 0 ? (
            <Empty title={d.reports.none}>{d.reports.noneHelp}</Empty>
          ) : (
            <ul className="flex flex-col divide-y divide-line">
              {reports.map((report) => (
                <li key={report.id} className="flex flex-col gap-3 py-3 first:pt-0 last:pb-0">
                  <div className="flex flex-wrap items-center gap-3">
                    <strong>{d.reports.kinds[report.kind]}</strong>
                    <Tag tone={outcomeTone(report.state)}>{d.reports.states[report.state]}</Tag>
                    <span className="text-ink-soft">{d.reports.due(formatDate(report.dueOn, locale))}</span>
                    <Id id={report.sha256} />
                  </div>
                  {report.state === 'DRAFT' && (report.draftedBy === who.id ? <WhyNot>{d.why.youDrafted}</WhyNot> : who.role === 'OFFICER' ? <WhyNot>{d.why.releaseNeedsManager}</WhyNot> : <Release id={report.id} sha256={report.sha256} done={both} />)}
                </li>
              ))}
            </ul>
          )
        }
      </Shown>
    </Part>
  )
}

function Release({ id, sha256, done }: { id: string; sha256: string; done: () => void }) {
  const { d } = useDesk()
  const send = useSend(RELEASE_REPORT, (data) => data.releaseReport.refusals)
  const [read, setRead] = useState('')
  const ready = read.trim().toLowerCase() === sha256
  const field = (
    <label className="flex flex-col gap-1.5">
      <span className="font-medium">{d.reports.readHash}</span>
      <input value={read} onChange={(event) => setRead(event.target.value)} autoComplete="off" spellCheck={false} className="min-h-11 w-full rounded-xl border border-line-strong bg-surface px-3.5 font-mono text-sm" />
      <span className="text-sm text-ink-soft">{d.reports.readHashHelp}</span>
    </label>
  )
  return (
    <div className="flex flex-wrap gap-2">
      <Act title={d.reports.release} help={d.reports.releaseHelp} tone="primary" ready={ready} go={() => send({ id, release: true, sha256 })} done={done}>
        {field}
      </Act>
      <Act title={d.reports.withdraw} help={d.reports.withdrawHelp} ready={ready} go={() => send({ id, release: false, sha256 })} done={done}>
        {field}
      </Act>
    </div>
  )
}

/** The file comes back once and is kept nowhere: it is shown, and can be saved. */
function Draft({ id, done }: { id: string; done: () => void }) {
  const { d } = useDesk()
  const client = useClient()
  const [kind, setKind] = useState<Kind>('SAR')
  const [facts, setFacts] = useState('')
  const [file, setFile] = useState<{ readonly text: string; readonly sha256: string } | null>(null)
  const parsed = parse(facts)
  return (
    <div className="flex flex-col items-end gap-3">
      <Act
        title={d.reports.draft}
        help={d.reports.draftHelp}
        ready={parsed !== null}
        done={done}
        go={async () => {
          const answer = await client.mutation(DRAFT_REPORT, { key: crypto.randomUUID(), case: id, kind, facts: parsed }).toPromise()
          if (answer.error !== undefined) return { wrong: troubleOf(answer.error) }
          const made = answer.data?.draftReport
          if (made === undefined) return { wrong: { kind: 'failed', said: null } }
          if (made.draft !== null) setFile({ text: made.draft.file, sha256: made.draft.report.sha256 })
          return made.refusals.length === 0 ? null : { refusals: made.refusals }
        }}
      >
        <Choose label={d.reports.kind} value={kind} onChange={(next) => setKind(next as Kind)} choices={KINDS.map((one) => ({ id: one, name: d.reports.kinds[one] }))} />
        <TextField value={facts} onChange={setFacts} className="flex flex-col gap-1.5">
          <Label className="font-medium">{d.reports.facts}</Label>
          <TextArea rows={8} spellCheck="false" className="w-full rounded-xl border border-line-strong bg-surface px-3.5 py-2.5 font-mono text-sm" />
        </TextField>
      </Act>
      {file !== null && (
        <div className="w-full max-w-full text-left">
          <p className="mb-2 text-sm">{d.reports.once}</p>
          <Code text={file.text} label={d.reports.title} />
          <a className={`${smallQuiet} mt-2`} download={`${file.sha256}.report`} href={`data:application/octet-stream;charset=utf-8,${encodeURIComponent(file.text)}`}>
            {d.reports.save}
          </a>
        </div>
      )}
    </div>
  )
}

function parse(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' ? value : null
  } catch {
    return null
  }
}
