import { createContext, type ReactNode, use, useEffect, useMemo, useState } from 'react'
import { type Language, useText } from '../../text'
import { desk as en, type DeskText } from '../../text/desk.en'

interface Words {
  readonly d: DeskText
  readonly locale: string
  readonly language: Language
}

const Spoken = createContext<Words | null>(null)

/** The sentences of the consoles; those of another language than English are fetched when they are wanted. */
export function DeskWords({ children }: { children: ReactNode }) {
  const { language, locale } = useText()
  const [other, setOther] = useState<{ readonly language: Language; readonly d: DeskText } | null>(null)
  useEffect(() => {
    if (language === 'en') return
    let current = true
    void import('../../text/desk.es').then(({ desk }) => current && setOther({ language, d: desk }))
    return () => {
      current = false
    }
  }, [language])
  const d = language === 'en' ? en : other?.language === language ? other.d : null
  const words = useMemo(() => (d === null ? null : { d, locale, language }), [d, locale, language])
  return words === null ? null : <Spoken value={words}>{children}</Spoken>
}

export function useDesk(): Words {
  const words = use(Spoken)
  if (words === null) throw new Error('useDesk outside of DeskWords')
  return words
}

/** A code for people: its words where there are some, otherwise the code itself in small letters. */
export function wordFor(words: Readonly<Record<string, string>>, code: string): string {
  return words[code] ?? code.toLowerCase().replaceAll('_', ' ')
}
