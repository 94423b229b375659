// What was filled in, kept while the app is open, in memory alone: coming back loses nothing, closing the page forgets it.

import { BLANK, type Draft } from './draft'

let kept: Draft | null = null

export function current(): Draft {
  return kept ?? BLANK
}

export function isKept(): boolean {
  return kept !== null
}

export function keep(draft: Draft) {
  kept = draft
}
