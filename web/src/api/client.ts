import { createClient as createSocket } from 'graphql-ws'
import { Client, fetchExchange, subscriptionExchange } from 'urql'
import { follow, token } from './session'

const socket = createSocket({
  url: () => `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
  lazy: true,
  retryAttempts: 10,
  connectionParams: async () => ({ Authorization: `Bearer ${(await token()) ?? ''}` }),
})

// Another person gets another connection.
follow(() => socket.terminate())

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
        subscribe: (sink) => ({
          unsubscribe: socket.subscribe(
            { query: request.query ?? '', variables: request.variables ?? {} },
            {
              next: ({ data, errors, extensions }) =>
                sink.next({ data: data ?? null, ...(errors === undefined ? {} : { errors: [...errors] }), ...(extensions == null ? {} : { extensions }) }),
              error: (error) => sink.error(error),
              complete: () => sink.complete(),
            },
          ),
        }),
      }),
    }),
  ],
})
