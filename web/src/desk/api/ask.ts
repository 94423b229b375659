// Reads and writes of the consoles, with what can go wrong sorted by what the reader does next.

import { useCallback, useRef, useState } from 'react'
import { type AnyVariables, type CombinedError, type TypedDocumentNode, useClient, useQuery } from 'urql'

export type Trouble = 'offline' | 'forbidden' | 'signed-out' | 'busy' | 'failed'

export interface Wrong {
  readonly kind: Trouble
  /** What the service said, where it said something. */
  readonly said: string | null
}

export function troubleOf(error: CombinedError): Wrong {
  const first = error.graphQLErrors[0]
  if (first === undefined) return { kind: error.networkError === undefined ? 'failed' : 'offline', said: null }
  return { kind: KINDS[String(first.extensions['code'])] ?? 'failed', said: first.message }
}

/** Codes of the service that ask something of the reader; `graphql/src/problem.rs` and `schema/mod.rs` give them. */
const KINDS: Readonly<Record<string, Trouble>> = {
  FORBIDDEN: 'forbidden',
  UNAUTHORIZED: 'signed-out',
  IDEMPOTENCY_KEY_BUSY: 'busy',
  RATE_LIMITED: 'busy',
}

export interface Answer<Data> {
  readonly data: Data | undefined
  readonly waiting: boolean
  readonly wrong: Wrong | null
  readonly again: () => void
}

/** Asks, and asks again when told to. */
export function useAsk<Data, Variables extends AnyVariables>(query: TypedDocumentNode<Data, Variables>, variables: Variables, pause = false): Answer<Data> {
  const [result, execute] = useQuery<Data, Variables>({ query, variables, pause } as Parameters<typeof useQuery<Data, Variables>>[0])
  const again = useCallback(() => execute({ requestPolicy: 'network-only' }), [execute])
  // An answer with errors lacks what it should have: it is trouble, never half a page.
  return { data: (result.error?.graphQLErrors.length ?? 0) > 0 ? undefined : result.data, waiting: result.fetching, wrong: result.error === undefined ? null : troubleOf(result.error), again }
}

export interface Refused {
  readonly code: string
  readonly message: string
}

/** `null` when it was done. */
export type Outcome = { readonly refusals: readonly Refused[] } | { readonly wrong: Wrong } | null

/**
 * Writes once: the same wish keeps its key until the service has answered it, so a repeated press or a lost answer does nothing twice.
 */
export function useSend<Data, Variables extends AnyVariables>(
  mutation: TypedDocumentNode<Data, Variables>,
  refusals: (data: Data) => readonly Refused[],
): (variables: Omit<Variables & object, 'key'>) => Promise<Outcome> {
  const client = useClient()
  const key = useRef<{ readonly wish: string; readonly key: string } | null>(null)
  const read = useRef(refusals)
  read.current = refusals
  return useCallback(
    async (variables) => {
      const wish = JSON.stringify(variables)
      if (key.current?.wish !== wish) key.current = { wish, key: crypto.randomUUID() }
      const answer = await client.mutation(mutation, { ...variables, key: key.current.key } as unknown as Variables).toPromise()
      if (answer.error !== undefined) {
        const wrong = troubleOf(answer.error)
        if (wrong.kind !== 'offline' && wrong.kind !== 'busy') key.current = null
        return { wrong }
      }
      key.current = null
      if (answer.data === undefined || answer.data === null) return { wrong: { kind: 'failed', said: null } }
      const said = read.current(answer.data)
      return said.length === 0 ? null : { refusals: said }
    },
    [client, mutation],
  )
}

/** Pages of a list that goes on behind a cursor. */
export function usePages() {
  const [trail, setTrail] = useState<readonly string[]>([])
  return {
    cursor: trail.at(-1) ?? null,
    page: trail.length + 1,
    older: (next: string) => setTrail((before) => [...before, next]),
    newer: () => setTrail((before) => before.slice(0, -1)),
    start: () => setTrail([]),
  }
}
