import { graphql } from './graphql'

export const AmountFields = graphql(`fragment AmountFields on LoanAmount @_unmask { units decimals symbol }`)
export const CallFields = graphql(`fragment CallFields on WalletCall @_unmask { title chainId to data value gasLimit }`)

export const SettlementFields = graphql(
  `
    fragment SettlementFields on Settlement @_unmask {
      id
      state
      provider
      txHash
      confirmations
      confirmationsNeeded
      createdAt
      typedData
      failure { code text }
      handoff { title url }
      loan { id state principal { units decimals symbol } refinances { id } }
      approvals { ...CallFields }
      calls { ...CallFields }
      quote {
        id
        product
        chainId
        principal { amount currency }
        netDisbursed { amount currency }
        financeCharge { amount currency }
        totalOfPayments { amount currency }
        largestPayment { amount currency }
        verifiedApr { percent }
        collateral { units symbol decimals token chainId }
        schedule { due total { amount currency } }
        venue { name }
      }
    }
  `,
  [CallFields],
)

export const ACCEPT = graphql(
  `
    mutation Accept($key: String!, $input: AcceptQuoteInput!) {
      acceptQuote(idempotencyKey: $key, input: $input) {
        settlement { id }
        refusals { code message field }
      }
    }
  `,
)

export const SETTLEMENT = graphql(`query Settlement($id: ID!) { settlement(id: $id) { ...SettlementFields } }`, [SettlementFields])

export const SIGN = graphql(
  `
    mutation Sign($key: String!, $id: ID!, $signature: String!) {
      submitSignature(idempotencyKey: $key, settlementId: $id, signature: $signature) {
        settlement { ...SettlementFields }
        refusals { code message field }
      }
    }
  `,
  [SettlementFields],
)

export const WITHDRAW = graphql(
  `
    mutation Withdraw($key: String!, $id: ID!) {
      cancelSettlement(idempotencyKey: $key, settlementId: $id) {
        settlement { ...SettlementFields }
        refusals { code message field }
      }
    }
  `,
  [SettlementFields],
)

export const LOANS = graphql(
  `
    query Loans($after: String) {
      loans(first: 20, after: $after) {
        edges {
          node {
            id
            state
            provider
            startedAt
            principal { ...AmountFields }
            outstanding { ...AmountFields }
            nextDue { due total { ...AmountFields } paid { ...AmountFields } }
            settlement { id state }
          }
        }
        pageInfo { hasNextPage endCursor }
      }
    }
  `,
  [AmountFields],
)

export const LOAN = graphql(
  `
    query Loan($id: ID!) {
      loan(id: $id) {
        id
        state
        provider
        chainId
        onchainId
        startedAt
        closedAt
        endedBy
        principal { ...AmountFields }
        outstanding { ...AmountFields }
        shortfall { ...AmountFields }
        nextDue { number due total { ...AmountFields } paid { ...AmountFields } }
        refinances { id }
        refinancedBy { id }
        collateral { held { units symbol decimals token chainId } ltvBps liquidationLtvBps late }
        schedule { number due principal { ...AmountFields } interest { ...AmountFields } fees { ...AmountFields } total { ...AmountFields } paid { ...AmountFields } }
        repayments { id channel amount { ...AmountFields } lateFee { ...AmountFields } interest { ...AmountFields } principal { ...AmountFields } evidence paidAt }
        settlement { id state createdAt txHash handoff { title url } quote { id principal { amount currency } verifiedApr { percent } nominalRate { percent } disclosures { id kind title createdAt } } }
      }
    }
  `,
  [AmountFields],
)

export const PAYOFF = graphql(`query Payoff($id: ID!, $at: DateTime) { loan(id: $id) { id payoffQuote(at: $at) { at amount { ...AmountFields } } } }`, [AmountFields])

export const REPAY_CALLS = graphql(`query RepayCalls($id: ID!, $amount: RepayChoice!) { loan(id: $id) { id repaymentCalls(amount: $amount) { ...CallFields } } }`, [CallFields])
export const ADD_CALLS = graphql(`query AddCalls($id: ID!, $units: String!) { loan(id: $id) { id addCollateralCalls(amount: $units) { ...CallFields } } }`, [CallFields])
export const TAKE_CALLS = graphql(`query TakeCalls($id: ID!, $units: String!) { loan(id: $id) { id withdrawCollateralCalls(amount: $units) { ...CallFields } } }`, [CallFields])
