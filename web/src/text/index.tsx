import { createContext, type ReactNode, use, useCallback, useEffect, useMemo, useState } from 'react'
import { en, type Text } from './en'

export type Language = 'en' | 'es'

interface Speech {
  readonly t: Text
  readonly language: Language
  /** The locale of numbers and dates: the reader's own where its language is the one shown. */
  readonly locale: string
  readonly speak: (language: Language) => void
}

const Spoken = createContext<Speech | null>(null)

const KEPT = 'usance.language'

/** The language that was chosen before, else the browser's, else English. */
export function preferred(kept: string | null, browser: readonly string[]): Language {
  if (kept === 'en' || kept === 'es') return kept
  const first = browser.map((tag) => tag.slice(0, 2)).find((tag) => tag === 'en' || tag === 'es')
  return first === 'es' ? 'es' : 'en'
}

/** The reader's own locale of that language, such as `es-MX`; otherwise its most common one. */
export function localeOf(language: Language, browser: readonly string[]): string {
  return browser.find((tag) => tag.startsWith(`${language}-`)) ?? (language === 'es' ? 'es-ES' : 'en-US')
}

export function TextProvider({ children }: { children: ReactNode }) {
  const [language, setLanguage] = useState<Language>(() => preferred(localStorage.getItem(KEPT), navigator.languages))
  const [text, setText] = useState<Text | null>(language === 'en' ? en : null)
  useEffect(() => {
    document.documentElement.lang = language
    let current = true
    if (language === 'en') setText(en)
    else void import('./es').then(({ es }) => current && setText(es))
    return () => {
      current = false
    }
  }, [language])
  const speak = useCallback((chosen: Language) => {
    localStorage.setItem(KEPT, chosen)
    setLanguage(chosen)
  }, [])
  const speech = useMemo(
    () => (text === null ? null : { t: text, language, locale: localeOf(language, navigator.languages), speak }),
    [text, language, speak],
  )
  return speech === null ? null : <Spoken value={speech}>{children}</Spoken>
}

export function useText(): Speech {
  const speech = use(Spoken)
  if (speech === null) throw new Error('useText outside of TextProvider')
  return speech
}
