import { Link } from 'react-router'
import { formatMoment } from '../../format/dates'
import { useText } from '../../text'

interface Paper {
  readonly id: string
  readonly kind: string
  readonly title: string
  readonly createdAt: string
}

export function PaperLinks({ papers, none }: { papers: readonly Paper[]; none: string }) {
  const { t, locale } = useText()
  if (papers.length === 0) return <p className="mt-2 text-sm text-ink-soft">{none}</p>
  return (
    <ul className="mt-2 flex flex-col gap-2">
      {papers.map((paper) => (
        <li key={paper.id}>
          <Link to={`/documents/${paper.id}`} className="inline-flex min-h-8 items-center gap-2 text-accent underline underline-offset-4">
            {t.paper.kinds[paper.kind] ?? paper.title}
          </Link>
          <span className="block text-sm text-ink-soft">{formatMoment(paper.createdAt, locale)}</span>
        </li>
      ))}
    </ul>
  )
}
