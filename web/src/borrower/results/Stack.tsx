import { type ReactNode, type Ref, useLayoutEffect, useRef, useState } from 'react'

/** Between two rows, CSS pixels. */
const GAP = 16

interface StackProps {
  readonly rows: readonly { readonly key: string; readonly content: ReactNode }[]
  readonly onPointerEnter: () => void
  readonly onPointerLeave: () => void
  readonly onFocus: () => void
  readonly onBlur: (event: React.FocusEvent<HTMLOListElement>) => void
}

/**
 * Rows one under the other whose places are transforms: a row that comes in between slides the others along, and the layout of
 * the page stays as it is. The order in the document is the order that is seen.
 */
export function Stack({ rows, ...handlers }: StackProps) {
  const list = useRef<HTMLOListElement>(null)
  const [heights, setHeights] = useState<ReadonlyMap<string, number>>(new Map())
  // Which rows there are; what is in them is watched.
  const order = rows.map((row) => row.key).join(' ')
  useLayoutEffect(() => {
    const measure = () => {
      const now = new Map<string, number>()
      for (const item of list.current?.children ?? []) now.set((item as HTMLElement).dataset['key'] ?? '', (item as HTMLElement).offsetHeight)
      setHeights((before) => (before.size === now.size && [...now].every(([key, height]) => before.get(key) === height) ? before : now))
    }
    measure()
    // The width of the list changes how high its rows are.
    const watcher = new ResizeObserver(measure)
    for (const item of list.current?.children ?? []) watcher.observe(item)
    return () => watcher.disconnect()
  }, [order])
  let top = 0
  const places = rows.map(({ key }) => {
    const at = top
    top += (heights.get(key) ?? 0) + GAP
    return at
  })
  return (
    <ol ref={list as Ref<HTMLOListElement>} className="relative" style={{ height: Math.max(0, top - GAP) }} {...handlers}>
      {rows.map(({ key, content }, at) => (
        <li
          key={key}
          data-key={key}
          // A row that was not measured yet has no place yet.
          className={`absolute inset-x-0 top-0 transition-transform duration-300 ease-out ${heights.has(key) ? '' : 'invisible'}`}
          style={{ transform: `translateY(${places[at] ?? 0}px)` }}
        >
          {content}
        </li>
      ))}
    </ol>
  )
}
