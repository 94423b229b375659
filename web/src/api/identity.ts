import { graphql } from './graphql'

export const VERIFICATIONS = graphql(`query Verifications { verifications(first: 20) { id state level createdAt changedAt verifiedUntil labels } }`)

export const VERIFY = graphql(`
  mutation Verify($key: String!, $input: StartVerificationInput!) {
    startVerification(idempotencyKey: $key, input: $input) {
      verification { id state level createdAt changedAt verifiedUntil labels }
      refusals { code message field }
    }
  }
`)

export const VERIFY_LINK = graphql(`
  mutation VerifyLink($id: ID!) {
    verificationLink(id: $id) {
      link { url until }
      refusals { code message field }
    }
  }
`)
