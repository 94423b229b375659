import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useText } from '../text'
import { en } from '../text/en'

/** What stands around every screen. */
export function Frame({ children }: { children: ReactNode }) {
  const { t, language, speak } = useText()
  const other = language === 'en' ? 'es' : 'en'
  return (
    <div className="flex min-h-dvh flex-col">
      <header className="border-b border-line bg-surface">
        <div className="mx-auto flex w-full max-w-4xl items-center justify-between gap-4 px-4 py-3">
          <Link to="/" className="flex items-center gap-2.5 text-lg font-semibold">
            <img src="/mark.svg" alt="" className="size-8" />
            {t.app.title}
          </Link>
          <button type="button" lang={other} className="min-h-11 cursor-pointer rounded-lg px-3 text-ink-soft hover:bg-sunken" onClick={() => speak(other)}>
            {other === 'es' ? 'Español' : en.name}
          </button>
        </div>
      </header>
      {children}
    </div>
  )
}
