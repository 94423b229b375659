import { initGraphQLTada } from 'gql.tada'
import type { introspection } from './schema'

// Exact numbers come as text.
export const graphql = initGraphQLTada<{
  introspection: introspection
  scalars: { DateTime: string; NaiveDate: string; JSON: unknown }
}>()

export { readFragment, type FragmentOf, type ResultOf, type VariablesOf } from 'gql.tada'
