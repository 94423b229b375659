import { graphql } from '../../api/graphql'

export const BOOK = graphql(`
  query DeskBook($first: Int!, $after: String) {
    loans(first: $first, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      edges {
        node {
          id state provider chainId startedAt closedAt endedBy
          principal { units decimals symbol }
          outstanding { units decimals symbol }
          nextDue { due total { units decimals symbol } }
          settlement { id state createdAt }
        }
      }
    }
  }
`)

export const LOAN = graphql(`
  query DeskLoan($id: ID!) {
    loan(id: $id) {
      id state provider chainId onchainId startedAt closedAt endedBy
      principal { units decimals symbol }
      outstanding { units decimals symbol }
      shortfall { units decimals symbol }
      refinances { id }
      refinancedBy { id }
      settlement {
        id state createdAt txHash confirmations confirmationsNeeded failure { code text }
      }
      schedule {
        number due
        principal { units decimals symbol } interest { units decimals symbol } fees { units decimals symbol }
        total { units decimals symbol } paid { units decimals symbol }
      }
      repayments {
        id channel paidAt evidence
        amount { units decimals symbol } principal { units decimals symbol } interest { units decimals symbol } lateFee { units decimals symbol }
      }
    }
  }
`)

/** Asked for by itself: who may read a loan may not always read the quote behind it. */
export const LOAN_TERMS = graphql(`
  query DeskLoanTerms($id: ID!) {
    loan(id: $id) { id settlement { id quote { id declaredApr { percent } verifiedApr { percent } digest } } }
  }
`)

export const LOAN_NOW = graphql(`
  query DeskLoanNow($id: ID!) {
    loan(id: $id) {
      id
      collateral { held { units decimals symbol } ltvBps liquidationLtvBps late }
      payoffQuote { at amount { units decimals symbol } }
    }
  }
`)

export const RECORD = graphql(`
  mutation DeskRecord($key: String!, $input: RecordRepaymentInput!) {
    recordRepayment(idempotencyKey: $key, input: $input) { repayment { id } refusals { code message } }
  }
`)

export const PAUSES = graphql(`
  query DeskPauses {
    assetPauses { chainId asset used refused cap txHash at }
  }
`)
