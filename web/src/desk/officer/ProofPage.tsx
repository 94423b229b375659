import { useEffect, useState } from 'react'
import { useParams } from 'react-router'
import { useAsk } from '../api/ask'
import { PROOF } from '../api/audit'
import { Code, Facts, Fold, Id, Moment, Tag } from '../parts/Pieces'
import { Empty, Part, Screen, Shown, Skeleton } from '../parts/Screen'
import { useDesk } from '../parts/words'
import { type ProofLine, type Verdict, verify } from './merkle'

export function ProofPage() {
  const { d } = useDesk()
  const { id = '' } = useParams()
  const answer = useAsk(PROOF, { entry: id })
  return (
    <Screen title={d.proof.title} lead={d.proof.lead} back={{ to: '/desk/audit', name: d.audit.title }}>
      <Shown answer={answer} of={(data) => data.auditProof.line} rows={8}>
        {(line) => <Checked line={line} />}
      </Shown>
    </Screen>
  )
}

function Checked({ line }: { line: string }) {
  const { d } = useDesk()
  const [verdict, setVerdict] = useState<Verdict | null | 'busy'>('busy')
  useEffect(() => {
    let current = true
    verify(line).then(
      (read) => current && setVerdict(read),
      () => current && setVerdict(null),
    )
    return () => {
      current = false
    }
  }, [line])
  if (verdict === 'busy') return <Skeleton rows={6} />
  if (verdict === null) return <Empty title={d.proof.unreadable}>{d.proof.unreadableHelp}</Empty>
  const read = JSON.parse(line) as ProofLine
  const holds = verdict.inTree && verdict.signature !== false
  return (
    <>
      <div role="status" className={`flex flex-wrap items-center gap-x-5 gap-y-2 rounded-2xl border px-5 py-4 ${holds ? 'border-good bg-accent-soft' : 'border-bad bg-bad-soft'}`}>
        <p className="text-lg font-semibold">{holds ? d.proof.holds : d.proof.broken}</p>
        <p className="flex flex-wrap gap-2">
          <Tag tone={verdict.inTree ? 'good' : 'bad'}>{verdict.inTree ? d.proof.inTree : d.proof.notInTree}</Tag>
          <Tag tone={verdict.signature === null ? 'calm' : verdict.signature ? 'good' : 'bad'}>{verdict.signature === null ? d.proof.noEd25519 : verdict.signature ? d.proof.signed : d.proof.notSigned}</Tag>
        </p>
      </div>
      <Part title={d.proof.picture} lead={d.proof.pictureLead(read.seq, verdict.size.toString(), verdict.steps.length)}>
        <Path verdict={verdict} seq={read.seq} />
      </Part>
      <Part title={d.proof.entry}>
        <Facts
          columns={3}
          facts={[
            { name: d.audit.number, value: read.seq },
            { name: d.audit.action, value: <code className="font-mono">{read.entry.action}</code> },
            { name: d.audit.object, value: <>{read.entry.object.kind} <Id id={read.entry.object.id} /></> },
            { name: d.audit.actor, value: <>{read.entry.actor.role} <Id id={read.entry.actor.id} /></> },
            { name: d.when, value: <Moment at={read.entry.at} /> },
            { name: d.audit.decision, value: read.entry.decision ?? d.none },
            { name: d.proof.origin, value: verdict.origin, wide: true },
            { name: d.proof.rootAt, value: <Moment at={verdict.at} /> },
            { name: d.proof.signer, value: <Id id={verdict.keyName} /> },
          ]}
        />
        <div className="mt-4">
          <Fold title={d.proof.line}>
            <div className="flex flex-col gap-2">
              <Code text={line.trimEnd()} label={d.proof.line} />
              <p className="text-sm text-ink-soft">{d.proof.lineHelp}</p>
            </div>
          </Fold>
        </div>
      </Part>
    </>
  )
}

const ROW = 92
const WIDE = 470
const MIDDLE = 235

/** The way from the leaf up to the signed root: each row joins what was known with one hash of the proof. */
function Path({ verdict, seq }: { verdict: Verdict; seq: number }) {
  const { d } = useDesk()
  const rows = verdict.steps.length
  const height = (rows + 1) * ROW + 34
  const y = (level: number) => height - 46 - level * ROW
  const short = (hash: string) => `${hash.slice(0, 6)}…${hash.slice(-4)}`
  return (
    <div className="overflow-x-auto" role="region" aria-label={d.proof.picture} tabIndex={0}>
      <svg viewBox={`0 0 ${WIDE} ${height}`} role="img" aria-label={d.proof.pictureSays(seq, rows, short(verdict.root), verdict.inTree)} className="mx-auto w-full max-w-lg min-w-64">
        {verdict.steps.map((step, level) => {
          const fromLeft = step.sibling === 'left'
          const x = fromLeft ? 78 : 392
          return (
            <g key={level}>
              <path d={`M${MIDDLE} ${y(level) - 19} L${MIDDLE} ${y(level + 1) + 19}`} className="stroke-accent" strokeWidth="3" fill="none" />
              <path d={`M${x} ${y(level) - 19} C ${x} ${y(level) - 50}, ${MIDDLE} ${y(level + 1) + 52}, ${MIDDLE} ${y(level + 1) + 19}`} className="stroke-line-strong" strokeWidth="2" strokeDasharray="5 4" fill="none" />
              <Node x={x} y={y(level)} hash={short(step.sibling === 'left' ? step.left : step.right)} look="given" />
            </g>
          )
        })}
        <Node x={MIDDLE} y={y(0)} hash={short(verdict.leaf)} look="leaf" />
        {verdict.steps.map((step, level) => (
          <Node key={level} x={MIDDLE} y={y(level + 1)} hash={short(step.result)} look={level === rows - 1 ? (verdict.inTree ? 'root' : 'wrong') : 'made'} />
        ))}
        <text x={MIDDLE} y={y(0) + 40} textAnchor="middle" className="fill-ink-soft text-[17px]">
          {d.proof.leaf(seq)}
        </text>
        <text x={MIDDLE} y={y(rows) - 30} textAnchor="middle" className="fill-ink-soft text-[17px]">
          {verdict.inTree ? d.proof.rootSame : d.proof.rootOther(short(verdict.signed))}
        </text>
      </svg>
      <p className="mt-2 flex flex-wrap justify-center gap-x-5 gap-y-1 text-sm text-ink-soft">
        <span className="inline-flex items-center gap-2">
          <span aria-hidden="true" className="h-0.5 w-6 bg-accent" /> {d.proof.computed}
        </span>
        <span className="inline-flex items-center gap-2">
          <span aria-hidden="true" className="w-6 border-t-2 border-dashed border-line-strong" /> {d.proof.given}
        </span>
      </p>
    </div>
  )
}

const LOOKS = {
  leaf: { box: 'fill-accent-soft stroke-accent', text: 'fill-ink' },
  made: { box: 'fill-surface stroke-accent', text: 'fill-ink' },
  given: { box: 'fill-sunken stroke-line-strong', text: 'fill-ink-soft' },
  root: { box: 'fill-accent stroke-accent', text: 'fill-on-accent' },
  wrong: { box: 'fill-bad-soft stroke-bad', text: 'fill-bad' },
}

function Node({ x, y, hash, look }: { x: number; y: number; hash: string; look: keyof typeof LOOKS }) {
  return (
    <g>
      <rect x={x - 76} y={y - 19} width="152" height="38" rx="10" className={LOOKS[look].box} strokeWidth="2" />
      <text x={x} y={y + 6} textAnchor="middle" className={`font-mono text-[17px] ${LOOKS[look].text}`}>
        {hash}
      </text>
    </g>
  )
}
