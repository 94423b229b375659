// Light, dark, or as the device: kept in this browser, it says nothing about a person.

import { useState } from 'react'

export const THEMES = ['auto', 'light', 'dark'] as const
export type Theme = (typeof THEMES)[number]

const KEPT = 'usance.theme'

function put(theme: Theme) {
  if (theme === 'auto') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
}

export function startTheme() {
  put(kept())
}

function kept(): Theme {
  return THEMES.find((theme) => theme === localStorage.getItem(KEPT)) ?? 'auto'
}

export function useTheme(): [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(kept)
  const choose = (next: Theme) => {
    localStorage.setItem(KEPT, next)
    put(next)
    setTheme(next)
  }
  return [theme, choose]
}
