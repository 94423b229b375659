import { graphql } from './graphql'

export const MY_REQUESTS = graphql(`
  query MyRequests($after: String) {
    quoteRequests(first: 20, after: $after) {
      edges {
        node {
          id
          state
          amount { amount currency }
          term { count unit }
          createdAt
          refinances
          quotes(first: 1) { totalCount edges { node { id provider verifiedApr { percent } totalOfPayments { amount currency } } } }
        }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
`)

export const INSTRUCTIONS = graphql(`
  query Instructions($id: ID!) {
    loan(id: $id) { id repaymentInstructions { provider holder bank iban accountNumber bic routingNumber reference } }
  }
`)
