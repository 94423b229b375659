import { useMemo } from 'react'
import { useNavigate, useParams } from 'react-router'
import { useQuery } from 'urql'
import { DOCUMENT } from '../../api/quotes'
import { Card, Copyable, Empty, Primary, Secondary, Skeleton } from '../../design/parts'
import { formatMoment } from '../../format/dates'
import { Failed, Main } from '../../shell/Pages'
import { useText } from '../../text'
import { wordsOf } from './paper'

/** A document: a disclosure, or the letter of a refusal. */
export function PaperPage() {
  const { id = '' } = useParams()
  const { t, locale } = useText()
  const navigate = useNavigate()
  const [{ data, error, fetching }, again] = useQuery({ query: DOCUMENT, variables: { id } })
  const paper = data?.document
  const words = useMemo(() => (paper == null ? null : wordsOf(paper.html)), [paper])
  if (paper == null) {
    return <Main title={t.loan.papers}>{error !== undefined ? <Failed error={error} again={again} /> : fetching ? <Skeleton label={t.shell.loading} rows={2} /> : <Empty title={t.shell.lostHelp} />}</Main>
  }
  const save = () => {
    const bytes = Uint8Array.from(atob(paper.pdf), (letter) => letter.charCodeAt(0))
    const url = URL.createObjectURL(new Blob([bytes], { type: 'application/pdf' }))
    const link = document.createElement('a')
    link.href = url
    link.download = `${paper.about.kind.toLowerCase().replaceAll('_', '-')}-${paper.about.id}.pdf`
    link.click()
    setTimeout(() => URL.revokeObjectURL(url), 10_000)
  }
  return (
    <Main title={t.paper.kinds[paper.about.kind] ?? paper.about.title} lead={t.paper.made(formatMoment(paper.about.createdAt, locale))}>
      <div className="flex flex-wrap gap-3 print:hidden">
        <Primary onPress={save}>{t.paper.save}</Primary>
        <Secondary onPress={() => void navigate(-1)}>{t.paper.back}</Secondary>
      </div>
      <Card>
        <div lang="en" className="max-w-prose overflow-x-auto break-words" tabIndex={0} role="region" aria-label={paper.about.title}>
          {words}
        </div>
      </Card>
      <p className="text-sm text-ink-soft">
        {t.paper.print}: <Copyable value={paper.about.sha256} shown={`${paper.about.sha256.slice(0, 16)}…`} label={t.wallet.copy} />
      </p>
    </Main>
  )
}
