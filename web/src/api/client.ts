import type { Client as SocketClient } from 'graphql-ws'
import { Client, fetchExchange, subscriptionExchange } from 'urql'
import { follow, token } from './session'

// Fetched when something is subscribed to: the first page needs no socket.
let opened: Promise<SocketClient> | null = null

function socket(): Promise<SocketClient> {
  opened ??= import('graphql-ws').then(({ createClient }) =>
    createClient({
      url: () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
      lazy: true,
      retryAttempts: 10,
      connectionParams: async () => ({ Authorization: `Bearer ${(await token()) ?? ''}` }),
    }),
  )
  return opened
}

// Another person gets another connection.
follow(() => void opened?.then((open) => open.terminate()))

export const client = new Client({
  url: '/graphql',
  preferGetMethod: false,
  requestPolicy: 'network-only',
  fetch: async (input, init) => {
    const bearer = await token()
    const headers = new Headers(init?.headers)
    if (bearer !== null) headers.set('Authorization', `Bearer ${bearer}`)
    return fetch(input, { ...init, headers })
  },
  exchanges: [
    fetchExchange,
    subscriptionExchange({
      forwardSubscription: (request) => ({
        subscribe: (sink) => {
          let stop: (() => void) | null = null
          let over = false
          void socket().then((open) => {
            if (over) return
            stop = open.subscribe(
              { query: request.query ?? '', variables: request.variables ?? {} },
              {
                next: ({ data, errors, extensions }) =>
                  sink.next({ data: data ?? null, ...(errors === undefined ? {} : { errors: [...errors] }), ...(extensions == null ? {} : { extensions }) }),
                error: (error) => sink.error(error),
                complete: () => sink.complete(),
              },
            )
          }, sink.error)
          return {
            unsubscribe: () => {
              over = true
              stop?.()
            },
          }
        },
      }),
    }),
  ],
})
