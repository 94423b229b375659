import { graphql } from '../../api/graphql'

export const CASES = graphql(`
  query DeskCases($state: CaseState, $mine: Boolean!, $first: Int!) {
    cases(state: $state, mine: $mine, first: $first) {
      id kind severity entity subject assignee state verdict ground dueOn openedAt checkedAt madeAt expiresAt maker
    }
  }
`)

export const CASE = graphql(`
  query DeskCase($id: ID!) {
    case(id: $id) {
      id tenant subject kind severity entity matchedHash evidence raisedBy assignee state verdict ground maker madeAt checker checkedAt expiresAt dueOn openedAt version
      log { what by detail at }
    }
  }
`)

export const CASE_REPORTS = graphql(`
  query DeskCaseReports($case: ID!) {
    caseReports(case: $case) { id kind sha256 bytes state dueOn draftedBy decidedBy }
  }
`)

export const ASSIGN = graphql(`
  mutation DeskAssign($key: String!, $id: ID!, $assignee: ID) {
    assignCase(idempotencyKey: $key, id: $id, assignee: $assignee) { case { id state } refusals { code message } }
  }
`)

export const DECIDE = graphql(`
  mutation DeskDecide($key: String!, $id: ID!, $ground: CaseGround!) {
    decideCase(idempotencyKey: $key, id: $id, ground: $ground) { case { id state } refusals { code message } }
  }
`)

export const CHECK = graphql(`
  mutation DeskCheck($key: String!, $id: ID!, $agree: Boolean!) {
    checkCase(idempotencyKey: $key, id: $id, agree: $agree) { case { id state } refusals { code message } }
  }
`)

export const RELEASE_REPORT = graphql(`
  mutation DeskReleaseReport($key: String!, $id: ID!, $release: Boolean!, $sha256: String!) {
    releaseReport(idempotencyKey: $key, id: $id, release: $release, sha256: $sha256) { report { id state } refusals { code message } }
  }
`)

export const DRAFT_REPORT = graphql(`
  mutation DeskDraftReport($key: String!, $case: ID!, $kind: CaseReportKind!, $facts: JSON!) {
    draftReport(idempotencyKey: $key, case: $case, kind: $kind, facts: $facts) { draft { report { id sha256 bytes dueOn } file } refusals { code message } }
  }
`)

export const GROUNDS = [
  'COMMON_NAME',
  'DIFFERENT_DATE_OF_BIRTH',
  'DIFFERENT_COUNTRY',
  'DIFFERENT_DOCUMENT',
  'DIFFERENT_KIND',
  'DOCUMENTS_IN_ORDER',
  'IDENTIFIERS_AGREE',
  'NAME_AND_BIRTH_AGREE',
  'WALLET_LISTED',
  'DOCUMENTS_FORGED',
  'FRAUD_CONFIRMED',
] as const

export type Ground = (typeof GROUNDS)[number]

/** Each ground supports one verdict. */
export function verdictOf(ground: Ground): 'TRUE_HIT' | 'FALSE_POSITIVE' {
  return GROUNDS.indexOf(ground) < 6 ? 'FALSE_POSITIVE' : 'TRUE_HIT'
}
