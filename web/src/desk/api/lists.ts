import { graphql } from '../../api/graphql'

export const MADE_OFFERS = graphql(`
  query DeskMadeOffers($state: OfferStatus, $first: Int!, $after: String) {
    offers(state: $state, first: $first, after: $after) {
      pageInfo { hasNextPage endCursor }
      edges {
        node {
          state of receivedAt settlementState
          quote { id position provider product validUntil principal { amount currency } declaredApr { percent } verifiedApr { percent } }
        }
      }
    }
  }
`)

export const REPORTS = graphql(`
  query DeskReports($id: ID!) {
    conformanceReports(provider: $id, first: 20) { id submittedBy submittedAt target green passed failed skipped tookMs sha256 report }
  }
`)

export const SUBMIT_REPORT = graphql(`
  mutation DeskSubmitReport($key: String!, $id: ID!, $report: String!) {
    submitConformanceReport(idempotencyKey: $key, provider: $id, report: $report) { report { id } refusals { code message } }
  }
`)

export const RECONCILIATION = graphql(`
  query DeskReconciliation {
    reconciliation { at clean loans ledgerUnbalanced projectionMismatches ledgerMismatches escrowMismatches limitMismatches parkedEvents }
  }
`)
