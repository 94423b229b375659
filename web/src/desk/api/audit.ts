import { graphql } from '../../api/graphql'

export const ENTRIES = graphql(`
  query DeskEntries($filter: AuditFilter, $before: String, $first: Int!) {
    auditEntries(filter: $filter, before: $before, first: $first) { seq id at actor role action objectKind objectId subject decision leaf }
  }
`)

export const PROOF = graphql(`
  query DeskProof($entry: ID!) {
    auditProof(entry: $entry) { line }
  }
`)

export const CHECKPOINTS = graphql(`
  query DeskCheckpoints($tenant: String) {
    auditCheckpoints(tenant: $tenant, first: 10) { tenant size root at }
    auditAnchors(tenant: $tenant, first: 10) { origin size root place evidence state wantedAt doneAt }
    auditKey
  }
`)
