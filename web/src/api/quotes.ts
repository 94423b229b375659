import { graphql } from './graphql'

export const OfferFields = graphql(`
  fragment OfferFields on Quote @_unmask {
    id
    position
    provider
    product
    binding
    validUntil
    digest
    nominalRate { percent }
    principal { amount currency }
    netDisbursed { amount currency }
    financeCharge { amount currency }
    totalOfPayments { amount currency }
    largestPayment { amount currency }
    verifiedApr { percent }
    convention
    declaredApr { percent }
    declaredConvention
    usApr { percent }
    euAprc { percent }
    inApr { percent }
    flags
    loanToValue { percent }
    chainId
    collateral { units symbol decimals token chainId }
    venue { chainId name debt { units symbol decimals } gasEstimate }
    fees { code payee amount { amount currency } timing mandatory }
    scenarios { kind totalCost { amount currency } apr { percent } liquidated }
    schedule { due principal { amount currency } interest { amount currency } fees { amount currency } total { amount currency } }
  }
`)

export const RequestFields = graphql(`
  fragment RequestFields on QuoteRequest @_unmask {
    id
    state
    amount { amount currency }
    term { count unit }
    deadlineAt
    rankBy
    refinances
    lenders { provider waiting quotes }
    losers { provider kind reasons { code text } }
    refusal { code text }
  }
`)

export const ASK = graphql(
  `
    mutation Ask($key: String!, $input: RequestQuotesInput!) {
      requestQuotes(idempotencyKey: $key, input: $input) {
        request { ...RequestFields }
        refusals { code message field }
      }
    }
  `,
  [RequestFields],
)

export const REQUEST = graphql(
  `
    query Request($id: ID!) {
      quoteRequest(id: $id) {
        ...RequestFields
        quotes(first: 100) { edges { node { ...OfferFields } } }
      }
    }
  `,
  [RequestFields, OfferFields],
)

export const ANSWERS = graphql(
  `
    subscription Answers($id: ID!) {
      quoteUpdates(requestId: $id) {
        __typename
        ... on Quote { ...OfferFields }
        ... on Loser { provider kind reasons { code text } }
        ... on QuoteRequest { ...RequestFields }
      }
    }
  `,
  [OfferFields, RequestFields],
)

export const OFFER = graphql(
  `
    query Offer($id: ID!) {
      quote(id: $id) {
        ...OfferFields
        disclosures { id kind title createdAt }
      }
    }
  `,
  [OfferFields],
)

export const PLACES = graphql(`query Places($id: ID!) { quoteRequest(id: $id) { quotes(first: 100) { edges { node { id position } } } } }`)

export const NOTICES = graphql(`
  query Notices($id: ID!) {
    notices(request: $id) { id kind title createdAt }
  }
`)

export const DOCUMENT = graphql(`
  query Document($id: ID!) {
    document(id: $id) { about { id kind title sha256 createdAt } html pdf }
  }
`)
