import { createElement, type ReactNode } from 'react'

// A document is a page of its own, with styles of its own. Here its words are shown in ours: only these elements, none of their
// attributes but the spans of cells, so that nothing in a document can run, load or look like a part of the app.

const KEPT: Record<string, string> = {
  H1: 'text-2xl font-semibold tracking-tight mt-2 mb-3',
  H2: 'text-lg font-semibold mt-7 mb-2',
  H3: 'font-semibold mt-5 mb-1.5',
  H4: 'font-semibold mt-4 mb-1',
  P: 'my-3 leading-relaxed',
  UL: 'my-3 list-disc pl-6 flex flex-col gap-1',
  OL: 'my-3 list-decimal pl-6 flex flex-col gap-1',
  LI: '',
  DL: 'my-3',
  DT: 'text-ink-soft mt-2',
  DD: 'font-medium',
  TABLE: 'my-4 w-full text-sm border-collapse',
  CAPTION: 'text-left font-medium py-2',
  THEAD: '',
  TBODY: '',
  TFOOT: '',
  TR: 'border-t border-line',
  TH: 'py-2 pr-4 text-left align-top font-medium',
  TD: 'py-2 pr-4 align-top',
  STRONG: 'font-semibold',
  B: 'font-semibold',
  EM: 'italic',
  I: 'italic',
  SMALL: 'text-sm text-ink-soft',
  BR: '',
  HR: 'my-6 border-line',
  SPAN: '',
  DIV: '',
  SECTION: 'my-4',
  HEADER: '',
  FOOTER: 'mt-6 text-sm text-ink-soft',
  MAIN: '',
  ARTICLE: '',
  ADDRESS: 'my-3 not-italic',
}

/** Elements whose words are not for readers. */
const DROPPED = new Set(['SCRIPT', 'STYLE', 'HEAD', 'TITLE', 'TEMPLATE', 'NOSCRIPT', 'IFRAME', 'OBJECT', 'SVG', 'MATH'])

/** Elements that React takes without children. */
const BARE = new Set(['BR', 'HR'])

/** The words of a page, as elements of ours. The first heading becomes one below the screen's own. */
export function wordsOf(html: string): ReactNode {
  // Its styles are not for here, and the policy of this page would complain of them.
  const bare = html.replace(/<style[\s\S]*?<\/style>/gi, '').replace(/\sstyle=("[^"]*"|'[^']*')/gi, '')
  return childrenOf(new DOMParser().parseFromString(bare, 'text/html').body)
}

function childrenOf(node: Node): ReactNode[] {
  return [...node.childNodes].map((child, at) => convert(child, at))
}

function convert(node: Node, key: number): ReactNode {
  if (node.nodeType === Node.TEXT_NODE) {
    // React does not take spaces between the rows of a table.
    return /^(TABLE|THEAD|TBODY|TFOOT|TR)$/.test(node.parentNode?.nodeName ?? '') && node.textContent?.trim() === '' ? null : node.textContent
  }
  if (node.nodeType !== Node.ELEMENT_NODE) return null
  const name = node.nodeName.toUpperCase()
  if (DROPPED.has(name)) return null
  const className = KEPT[name]
  const children = childrenOf(node)
  if (className === undefined) return children
  const element = node as Element
  const spans = (attribute: 'colspan' | 'rowspan') => Math.min(20, Math.max(1, Number(element.getAttribute(attribute)) || 1))
  const cell = name === 'TD' || name === 'TH' ? { colSpan: spans('colspan'), rowSpan: spans('rowspan') } : {}
  const plain = ['MAIN', 'HEADER', 'ARTICLE', 'FOOTER', 'SECTION'].includes(name) ? 'div' : name === 'H1' ? 'h2' : name === 'H2' ? 'h3' : name === 'H3' ? 'h4' : name.toLowerCase()
  const props = { key, ...(className !== '' && { className }), ...cell }
  return BARE.has(name) ? createElement(plain, props) : createElement(plain, props, ...children)
}
