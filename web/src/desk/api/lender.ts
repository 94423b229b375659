import { graphql } from '../../api/graphql'

export const LENDERS = graphql(`
  query DeskLenders($minutes: Int!) {
    providers {
      id name kind state configured
      suspension { by cause probationAt }
      health(minutes: $minutes) { calls errors quotes misdeclared accepted p99Ms lastGood }
    }
  }
`)

export const LENDER = graphql(`
  query DeskLender($id: ID!, $minutes: Int!) {
    provider(id: $id) {
      id name kind state version revision configured configSha256 reason changedBy changedAt createdAt
      suspension { by cause probationAt }
      limits { maxConcurrent maxWaiting maxConcurrentMoney quotesPerSecond burst }
      health(minutes: $minutes) {
        minutes calls errors quotes misdeclared accepted p50Ms p99Ms aprGapMedianPpm aprGapWorstPpm acceptCalls acceptFailures lastGood
        results { result count }
      }
    }
  }
`)

export const LENDER_PAST = graphql(`
  query DeskLenderPast($id: ID!, $first: Int!) {
    provider(id: $id) {
      id
      history(first: $first) { revision kind from to version reason by at }
      versions(first: 10) { number configSha256 by at }
    }
  }
`)

export const MY_LENDER = graphql(`
  query DeskMyLender {
    providers { id name kind state }
  }
`)

export const LENDER_CONFIG = graphql(`
  query DeskLenderConfig($id: ID!) {
    provider(id: $id) { id versions(first: 1) { number config configSha256 } }
  }
`)

export const SUSPEND = graphql(`
  mutation DeskSuspend($key: String!, $id: ID!, $reason: String!) {
    suspendProvider(idempotencyKey: $key, id: $id, reason: $reason) { provider { id state } refusals { code message } }
  }
`)

export const RESUME = graphql(`
  mutation DeskResume($key: String!, $id: ID!, $reason: String!) {
    resumeProvider(idempotencyKey: $key, id: $id, reason: $reason) { provider { id state } refusals { code message } }
  }
`)

export const MOVE = graphql(`
  mutation DeskMove($key: String!, $id: ID!, $state: ProviderStatus!, $reason: String!) {
    changeProviderState(idempotencyKey: $key, id: $id, state: $state, reason: $reason) { provider { id state } refusals { code message } }
  }
`)

/** States to which an officer may move a lender by hand; suspending and resuming have their own words. */
export const NEXT: Readonly<Record<string, readonly ('DRAFT' | 'TESTING' | 'CERTIFIED' | 'LIVE')[]>> = {
  DRAFT: ['TESTING'],
  TESTING: ['CERTIFIED', 'DRAFT'],
  CERTIFIED: ['LIVE', 'TESTING'],
  LIVE: [],
  SUSPENDED: ['TESTING'],
}
