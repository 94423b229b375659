// The frame of a console: who may enter, where one is, where one can go.

import { createContext, type ReactNode, Suspense, use, useEffect, useRef } from 'react'
import { Link, NavLink, Outlet, useLocation } from 'react-router'
import { type Role, useWho, type Who } from '../api/who'
import { Skeleton, smallPrimary, Trouble } from './Screen'
import { useDesk, wordFor } from './words'

export interface Place {
  readonly to: string
  readonly name: string
  readonly end?: boolean
  readonly roles?: readonly Role[]
}

const Entered = createContext<Who | null>(null)

/** Who is in the console. */
export function useEntered(): Who {
  const who = use(Entered)
  if (who === null) throw new Error('useEntered outside of Console')
  return who
}

export function Console({ title, groups, roles }: { title: string; groups: readonly { readonly name?: string; readonly places: readonly Place[] }[]; roles: readonly Role[] }) {
  const asked = useWho()
  const { d } = useDesk()
  const known = asked.state === 'known' ? asked.who : null
  const may = known !== null && roles.includes(known.role)
  return (
    <div className="mx-auto flex w-full max-w-[84rem] grow flex-col gap-5 px-4 py-5 lg:flex-row lg:gap-8 lg:py-8">
      {may && <Side title={title} groups={groups} who={known} />}
      <main className="min-w-0 grow pb-12">
        {asked.state === 'asking' && <Skeleton />}
        {asked.state === 'offline' && <Trouble wrong={{ kind: 'offline', said: null }} again={() => location.reload()} />}
        {asked.state === 'nobody' && <Stranger title={title} />}
        {known !== null && !may && (
          <Notice title={d.gate.otherRole}>
            <p>{d.gate.otherRoleHelp(wordFor(d.roles, known.role), roles.map((role) => wordFor(d.roles, role)).join(', '))}</p>
          </Notice>
        )}
        {may && (
          <Entered value={known}>
            <Suspense fallback={<Skeleton />}>
              <Outlet />
            </Suspense>
          </Entered>
        )}
      </main>
    </div>
  )
}

function Side({ title, groups, who }: { title: string; groups: readonly { readonly name?: string; readonly places: readonly Place[] }[]; who: Who }) {
  const { d } = useDesk()
  const strip = useRef<HTMLElement>(null)
  const { pathname } = useLocation()
  useEffect(() => {
    const show = () => {
      const here = strip.current?.querySelector('[aria-current="page"]')
      if (here instanceof HTMLElement && strip.current !== null) strip.current.scrollLeft = here.offsetLeft - strip.current.offsetLeft - 24
    }
    show()
    addEventListener('resize', show)
    return () => removeEventListener('resize', show)
  }, [pathname])
  return (
    <div className="min-w-0 lg:sticky lg:top-6 lg:w-56 lg:shrink-0 lg:self-start">
      <div className="mb-2 flex items-baseline justify-between gap-3 lg:mb-4 lg:block lg:px-3">
        <p className="font-semibold">{title}</p>
        <p className="text-sm text-ink-soft">
          {wordFor(d.roles, who.role)}
          {who.provider !== null && ` · ${who.provider}`}
        </p>
      </div>
      <nav aria-label={title} ref={strip} className="-mx-4 flex gap-1 overflow-x-auto px-4 pb-1 lg:mx-0 lg:flex-col lg:gap-0.5 lg:overflow-visible lg:px-0">
        {groups.map((group, index) => {
          const places = group.places.filter((place) => place.roles === undefined || place.roles.includes(who.role))
          if (places.length === 0) return null
          return (
            <div key={index} role="group" {...(group.name !== undefined && { 'aria-label': group.name })} className="contents lg:mb-3 lg:block">
              {group.name !== undefined && <p className="hidden px-3 pb-1 text-xs font-medium tracking-wide text-ink-soft uppercase lg:block">{group.name}</p>}
              {places.map((place) => (
                <NavLink
                  key={place.to}
                  to={place.to}
                  {...(place.end === true && { end: true })}
                  className={({ isActive }) =>
                    `flex min-h-10 shrink-0 items-center rounded-lg px-3 text-[0.9375rem] whitespace-nowrap transition-colors ${
                      isActive ? 'bg-accent-soft font-semibold text-accent-strong' : 'text-ink hover:bg-sunken'
                    }`
                  }
                >
                  {place.name}
                </NavLink>
              ))}
            </div>
          )
        })}
      </nav>
    </div>
  )
}

function Stranger({ title }: { title: string }) {
  const { d } = useDesk()
  const { pathname, search } = useLocation()
  return (
    <Notice title={title}>
      <p>{d.gate.signIn}</p>
      <Link to={`/sign-in?then=${encodeURIComponent(pathname + search)}`} className={`${smallPrimary} mt-2`}>
        {d.gate.signInButton}
      </Link>
    </Notice>
  )
}

function Notice({ title, children }: { title: ReactNode; children: ReactNode }) {
  return (
    <div className="mx-auto mt-10 flex max-w-lg flex-col items-center gap-2 text-center">
      <h1 className="text-2xl font-semibold tracking-tight">{title}</h1>
      <div className="flex flex-col items-center gap-2 text-ink-soft text-pretty">{children}</div>
    </div>
  )
}
