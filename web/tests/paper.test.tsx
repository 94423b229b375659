import { render } from '@testing-library/react'
import { expect, it } from 'vitest'
import { wordsOf } from '../src/borrower/papers/paper'

it('a document keeps its words and loses whatever could act', () => {
  const html = `<!doctype html><head><title>T</title><style>p{color:red}</style></head><body onload="x()">
    <h1>Notice</h1><p onclick="x()" style="position:fixed">Because of <b>income</b>.</p>
    <script>globalThis.broken = 1</script><iframe src="//evil"></iframe><img src=x onerror="x()">
    <a href="javascript:x()">a link</a><form action="//evil"><input name=a></form>
    <table><tr><td colspan="2">one</td></tr></table></body>`
  const { container } = render(<div>{wordsOf(html)}</div>)
  expect(container.textContent?.replace(/\s+/g, ' ')).toContain('Because of income.')
  expect(container.querySelectorAll('script, style, iframe, img, a, form, input')).toHaveLength(0)
  expect(container.innerHTML).not.toMatch(/onclick|onload|onerror|javascript:|style=|evil/)
  expect(container.querySelector('h2')?.textContent).toBe('Notice')
  expect(container.querySelector('td')?.colSpan).toBe(2)
  expect(container.textContent).toContain('a link')
})
