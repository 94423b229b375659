import { numberFormat } from '../../format/kept'
import { useState } from 'react'
import { Button, FileTrigger } from 'react-aria-components'
import { useAsk, useSend } from '../api/ask'
import { LENDER } from '../api/lender'
import { REPORTS, SUBMIT_REPORT } from '../api/lists'
import { Code, Count, Figure, Figures, Fold, Id, Moment, Tag } from '../parts/Pieces'
import { Empty, Part, Screen, Shown, smallPrimary, Trouble } from '../parts/Screen'
import { lenderTone } from '../parts/tones'
import { useDesk, wordFor } from '../parts/words'
import { byArea, readReport, type Report } from './conformance'
import { Mine } from './mine'

export function ConformancePage() {
  const { d } = useDesk()
  return (
    <Screen title={d.lender.conformance} lead={d.conform.lead}>
      <Mine>
        {(id) => (
          <>
            <Stage id={id} />
            <Kept id={id} />
            <Run id={id} />
          </>
        )}
      </Mine>
      <Reading />
    </Screen>
  )
}

function Stage({ id }: { id: string }) {
  const { d } = useDesk()
  const answer = useAsk(LENDER, { id, minutes: 60 })
  return (
    <Part title={d.conform.stage}>
      <Shown answer={answer} of={(data) => data.provider} rows={1}>
        {(lender) => (
          <div className="flex flex-wrap items-center gap-3">
            <Tag tone={lenderTone(lender.state)}>{wordFor(d.lender.states, lender.state)}</Tag>
            <span className="text-ink-soft">{wordFor(d.conform.stages, lender.state)}</span>
          </div>
        )}
      </Shown>
    </Part>
  )
}

/** The reports that were handed in, and the handing in of another. */
function Kept({ id }: { id: string }) {
  const { d } = useDesk()
  const answer = useAsk(REPORTS, { id })
  const send = useSend(SUBMIT_REPORT, (data) => data.submitConformanceReport.refusals)
  const [outcome, setOutcome] = useState<Awaited<ReturnType<typeof send>> | 'sending' | 'kept'>(null)
  const hand = async (files: FileList | null) => {
    const file = files?.[0]
    if (file === undefined) return
    setOutcome('sending')
    const done = await send({ id, report: await file.text() })
    setOutcome(done ?? 'kept')
    if (done === null) answer.again()
  }
  return (
    <Part
      title={d.conform.kept}
      lead={d.conform.keptLead}
      aside={
        <FileTrigger acceptedFileTypes={['application/json', '.json']} onSelect={(files) => void hand(files)}>
          <Button className={smallPrimary} isDisabled={outcome === 'sending'}>
            {d.conform.submit}
          </Button>
        </FileTrigger>
      }
    >
      <div role="status">{outcome === 'kept' && <p className="mb-3 text-good">{d.conform.submitted}</p>}</div>
      {outcome !== null && typeof outcome === 'object' && (
        <div className="mb-3">
          {'wrong' in outcome ? (
            <Trouble wrong={outcome.wrong} />
          ) : (
            <p role="alert" className="rounded-xl bg-bad-soft px-4 py-3 text-bad">
              {outcome.refusals[0]?.message}
            </p>
          )}
        </div>
      )}
      <Shown answer={answer} of={(data) => data.conformanceReports} rows={2}>
        {(reports) =>
          reports.length === 0 ? (
            <Empty title={d.conform.noneKept}>{d.conform.noneKeptHelp}</Empty>
          ) : (
            <ul className="flex flex-col gap-2">
              {reports.map((kept) => {
                const report = readReport(JSON.stringify(kept.report))
                return (
                  <li key={kept.id}>
                    <Fold
                      title={
                        <span className="flex grow flex-wrap items-center justify-between gap-2">
                          <span className="flex flex-wrap items-center gap-2">
                            <Tag tone={kept.green ? 'good' : 'bad'}>{kept.green ? d.conform.greenShort : d.conform.red}</Tag>
                            <Moment at={kept.submittedAt} />
                          </span>
                          <span className="text-sm font-normal text-ink-soft">{d.conform.counts(kept.passed, kept.failed, kept.skipped)}</span>
                        </span>
                      }
                    >
                      <p className="mb-3 text-sm text-ink-soft">
                        SHA-256 <Id id={kept.sha256} />
                      </p>
                      {report !== null && <Findings report={report} />}
                    </Fold>
                  </li>
                )
              })}
            </ul>
          )
        }
      </Shown>
    </Part>
  )
}

function Run({ id }: { id: string }) {
  const { d } = useDesk()
  return (
    <Part title={d.conform.run} lead={d.conform.runLead}>
      <div className="flex flex-col gap-3">
        <Code label={d.conform.run} text={'usance provider check https://your-lender.example \\\n  --lender-key your-key=BASE64 --capabilities capabilities.toml \\\n  --json > report.json\n' + `usance provider submit ${id} report.json --url ${location.origin}`} />
        <p className="text-sm text-ink-soft text-pretty">{d.conform.runNote}</p>
      </div>
    </Part>
  )
}

function Reading() {
  const { d } = useDesk()
  const [report, setReport] = useState<Report | null>(null)
  const [bad, setBad] = useState(false)
  const open = async (files: FileList | null) => {
    const file = files?.[0]
    if (file === undefined) return
    const read = file.size > 5_000_000 ? null : readReport(await file.text())
    setReport(read)
    setBad(read === null)
  }
  return (
    <Part
      title={d.conform.report}
      lead={d.conform.reportLead}
      aside={
        <FileTrigger acceptedFileTypes={['application/json', '.json']} onSelect={(files) => void open(files)}>
          <Button className={smallPrimary}>{d.conform.open}</Button>
        </FileTrigger>
      }
    >
      {bad && (
        <p role="alert" className="rounded-xl bg-bad-soft px-4 py-3 text-bad">
          {d.conform.notAReport}
        </p>
      )}
      {report === null && !bad && <Empty title={d.conform.noReport}>{d.conform.noReportHelp}</Empty>}
      {report !== null && <Findings report={report} />}
    </Part>
  )
}

function Findings({ report }: { report: Report }) {
  const { d, locale } = useDesk()
  const areas = byArea(report)
  const total = (outcome: 'passed' | 'failed' | 'skipped') => areas.reduce((sum, area) => sum + area[outcome], 0)
  return (
    <div className="flex flex-col gap-4">
      <p className="flex flex-wrap items-center gap-3" role="status">
        <Tag tone={report.green ? 'good' : 'bad'}>{report.green ? d.conform.green : d.conform.red}</Tag>
        <span className="break-all text-ink-soft">{d.conform.target(report.target, numberFormat(locale, { maximumFractionDigits: 1 }).format(report.tookMs / 1000))}</span>
      </p>
      <Figures>
        <Figure name={d.conform.passed} value={<Count of={total('passed')} />} tone="good" />
        <Figure name={d.conform.failed} value={<Count of={total('failed')} />} {...(total('failed') > 0 && { tone: 'bad' as const })} />
        <Figure name={d.conform.skipped} value={<Count of={total('skipped')} />} />
        <Figure name={d.conform.all} value={<Count of={report.findings.length} />} />
      </Figures>
      <ul className="flex flex-col gap-2">
        {areas.map((area) => (
          <li key={area.area}>
            <Fold
              open={area.failed > 0}
              title={
                <span className="flex grow flex-wrap items-center justify-between gap-2">
                  <span>{wordFor(d.conform.areas, area.area)}</span>
                  <span className="flex gap-2">
                    {area.failed > 0 && <Tag tone="bad">{area.failed}</Tag>}
                    {area.skipped > 0 && <Tag>{area.skipped}</Tag>}
                    <Tag tone="good">{area.passed}</Tag>
                  </span>
                </span>
              }
            >
              <ul className="flex flex-col divide-y divide-line">
                {report.findings
                  .filter((finding) => finding.area === area.area)
                  .map((finding) => (
                    <li key={finding.id} className="py-2.5">
                      <p className="flex flex-wrap items-center gap-2">
                        <Tag tone={finding.outcome === 'passed' ? 'good' : finding.outcome === 'failed' ? 'bad' : 'calm'}>{d.conform[finding.outcome]}</Tag>
                        <code className="font-mono text-sm break-all">{finding.id}</code>
                      </p>
                      <p className="mt-1">{finding.rule}</p>
                      {finding.said !== null && <p className="mt-1 font-mono text-sm break-words">{finding.said}</p>}
                      {finding.outcome === 'failed' && <p className="mt-1 text-sm text-ink-soft">{finding.fix || finding.why}</p>}
                    </li>
                  ))}
              </ul>
            </Fold>
          </li>
        ))}
      </ul>
    </div>
  )
}
