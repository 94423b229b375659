import { useEffect, useRef } from 'react'

/** Does it again and again while the page is looked at; null stops it. */
export function useRepeat(work: () => void, every: number | null) {
  const latest = useRef(work)
  latest.current = work
  useEffect(() => {
    if (every === null) return
    const timer = setInterval(() => {
      if (document.visibilityState === 'visible') latest.current()
    }, every)
    return () => clearInterval(timer)
  }, [every])
}
