import { graphql } from '../../api/graphql'

export const VERIFICATIONS = graphql(`
  query DeskVerifications($state: VerificationState, $first: Int!) {
    verifications(state: $state, first: $first) { id borrower vendor level state createdAt changedAt reason attempts }
  }
`)

export const VERIFICATION = graphql(`
  query DeskVerification($id: ID!) {
    verification(id: $id) {
      id tenant borrower vendor level state createdAt changedAt verifiedUntil labels reason attempts
      review { id approve state note proposedBy proposedAt decidedBy decidedAt decisionNote }
      events { kind at receivedAt state }
    }
  }
`)

export const PROPOSE_IDENTITY = graphql(`
  mutation DeskProposeIdentity($key: String!, $id: ID!, $approve: Boolean!, $note: String!) {
    proposeVerification(idempotencyKey: $key, id: $id, approve: $approve, note: $note) { verification { id state } refusals { code message } }
  }
`)

export const DECIDE_IDENTITY = graphql(`
  mutation DeskDecideIdentity($key: String!, $id: ID!, $confirm: Boolean!, $note: String!) {
    decideVerification(idempotencyKey: $key, id: $id, confirm: $confirm, note: $note) { verification { id state } refusals { code message } }
  }
`)
