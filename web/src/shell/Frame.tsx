import { type ReactNode, useEffect, useState, useSyncExternalStore } from 'react'
import { Link, NavLink, useLocation, useNavigate } from 'react-router'
import { end, useSession } from '../api/session'
import { useText } from '../text'
import { en } from '../text/en'
import { HOME, type Part, partOf } from './roles'
import { THEMES, useTheme } from './theme'

/** What stands around every screen. */
export function Frame({ children }: { children: ReactNode }) {
  const { t, language, speak } = useText()
  const other = language === 'en' ? 'es' : 'en'
  const session = useSession()
  const signedIn = session === 'unknown' ? null : session
  const part = partOf(signedIn?.principal.role ?? null)
  useFocusOnNavigation()
  return (
    <div className="flex min-h-dvh flex-col">
      <a href="#content" className="sr-only rounded-lg bg-accent px-4 py-2 text-on-accent focus:not-sr-only focus:absolute focus:top-2 focus:left-2 focus:z-20">
        {t.shell.skip}
      </a>
      <header className="sticky top-0 z-10 border-b border-line bg-surface print:hidden">
        <div className="mx-auto flex w-full max-w-6xl flex-wrap items-center gap-x-6 px-4">
          <Link to={HOME[part]} className="flex min-h-14 items-center gap-2.5 text-lg font-semibold tracking-tight">
            <img src="/mark.svg" alt="" className="size-8" />
            {t.app.title}
          </Link>
          <nav aria-label={t.shell.menu} className="order-last -mx-2 flex w-full gap-1 overflow-x-auto sm:order-none sm:mx-0 sm:w-auto">
            <Places part={part} />
          </nav>
          <div className="ml-auto flex items-center gap-1">
            <ThemeButton />
            <button type="button" lang={other} className={QUIET} onClick={() => speak(other)}>
              <span aria-hidden="true" className="sm:hidden">
                {other.toUpperCase()}
              </span>
              <span className="sr-only sm:not-sr-only">{other === 'es' ? 'Español' : en.name}</span>
            </button>
            {session === null && (
              <Link to="/sign-in" className="inline-flex min-h-11 items-center rounded-lg px-3 font-medium text-accent hover:bg-accent-soft">
                {t.sign.in}
              </Link>
            )}
            {signedIn !== null && <Account name={signedIn.principal.name} />}
          </div>
        </div>
      </header>
      <Offline />
      <div id="content" tabIndex={-1} className="flex flex-1 flex-col outline-none">
        {children}
      </div>
      <footer className="mx-auto mt-8 w-full max-w-6xl px-4 py-6 text-sm text-ink-soft print:hidden">{t.shell.foot}</footer>
    </div>
  )
}

const QUIET = 'inline-flex min-h-11 min-w-11 cursor-pointer items-center justify-center rounded-lg px-3 text-ink-soft hover:bg-sunken'

function Places({ part }: { part: Part }) {
  const { t } = useText()
  const places: Record<Part, [string, string][]> = {
    borrower: [
      ['/', t.shell.ask],
      ['/requests', t.shell.requests],
      ['/loans', t.shell.loans],
    ],
    lender: [['/lender', t.shell.lender]],
    desk: [['/desk', t.shell.desk]],
    developers: [['/developers', t.shell.developers]],
  }
  return places[part].map(([to, name]) => (
    <NavLink
      key={to}
      to={to}
      end={to === '/'}
      className={({ isActive }) =>
        `inline-flex min-h-11 items-center rounded-lg px-3 whitespace-nowrap hover:bg-sunken ${isActive ? 'font-semibold text-ink' : 'text-ink-soft'}`
      }
    >
      {name}
    </NavLink>
  ))
}

function Account({ name }: { name: string | null }) {
  const { t } = useText()
  const navigate = useNavigate()
  const leave = async () => {
    await end()
    void navigate('/')
  }
  const short = name !== null && name.startsWith('0x') && name.length > 16 ? `${name.slice(0, 6)}…${name.slice(-4)}` : name
  return (
    <>
      {short !== null && (
        <span className="hidden max-w-40 truncate px-2 text-sm text-ink-soft md:inline" title={t.sign.as(name ?? '')}>
          {short}
        </span>
      )}
      <button type="button" className={QUIET} onClick={() => void leave()}>
        {t.sign.out}
      </button>
    </>
  )
}

function ThemeButton() {
  const { t } = useText()
  const [theme, choose] = useTheme()
  const next = THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto'
  return (
    <button type="button" className={QUIET} title={t.shell.theme} aria-label={`${t.shell.theme}: ${t.shell.themes[theme]}`} onClick={() => choose(next)}>
      <svg viewBox="0 0 20 20" className="size-5" aria-hidden="true" fill="none" stroke="currentColor" strokeWidth="1.7">
        {theme === 'dark' && <path d="M16.5 12A7 7 0 0 1 8 3.5a7 7 0 1 0 8.500 8.500z" strokeLinejoin="round" />}
        {theme === 'light' && (
          <>
            <circle cx="10" cy="10" r="3.5" />
            <path d="M10 1.500v2M10 16.500v2M1.500 10h2M16.500 10h2M4 4l1.400 1.400M14.600 14.600L16 16M4 16l1.400-1.400M14.600 5.400L16 4" strokeLinecap="round" />
          </>
        )}
        {theme === 'auto' && (
          <>
            <circle cx="10" cy="10" r="7" />
            <path d="M10 3a7 7 0 0 1 0 14z" fill="currentColor" />
          </>
        )}
      </svg>
    </button>
  )
}

export function useOnline(): boolean {
  return useSyncExternalStore(
    (listener) => {
      addEventListener('online', listener)
      addEventListener('offline', listener)
      return () => {
        removeEventListener('online', listener)
        removeEventListener('offline', listener)
      }
    },
    () => navigator.onLine,
  )
}

function Offline() {
  const { t } = useText()
  const online = useOnline()
  return (
    <div role="status" aria-live="polite">
      {!online && <p className="bg-warn-soft px-4 py-2.5 text-center text-sm text-warn">{t.shell.offline}</p>}
    </div>
  )
}

/** A new screen starts at its top, and the keyboard with it. The first one is left alone. */
function useFocusOnNavigation() {
  const { pathname } = useLocation()
  const [first] = useState(pathname)
  const [moved, setMoved] = useState(false)
  useEffect(() => {
    if (!moved && pathname === first) return
    setMoved(true)
    scrollTo(0, 0)
    document.getElementById('content')?.focus({ preventScroll: true })
  }, [pathname, first, moved])
}
