import { graphql } from '../../api/graphql'

export const PUBLICATIONS = graphql(`
  query DeskPublications($first: Int!) {
    rulePublications(first: $first) { id sha256 effectiveFrom state running builtIn rules unverified reason proposedBy proposedAt }
  }
`)

export const PUBLICATION = graphql(`
  query DeskPublication($id: ID!) {
    rulePublication(id: $id) {
      id sha256 effectiveFrom state running builtIn rules unverified reason proposedBy proposedAt decidedBy decidedAt decisionReason
      shadow { since until decided differing failed }
    }
  }
`)

export const CHANGES = graphql(`
  query DeskChanges($id: ID!) {
    ruleChanges(publication: $id) { id version what fields }
    ruleDifferences(publication: $id, first: 20) { decision kind difference }
  }
`)

export const RULES = graphql(`
  query DeskRules($publication: ID) {
    rules(publication: $publication) { id version topic jurisdiction status effectiveFrom effectiveTo citation outcome message }
  }
`)

export const DECIDE_RULES = graphql(`
  mutation DeskDecideRules($key: String!, $id: ID!, $approve: Boolean!, $reason: String!) {
    decideRules(idempotencyKey: $key, id: $id, approve: $approve, reason: $reason) { publication { id state } refusals { code message } }
  }
`)

export const PROPOSE_RULES = graphql(`
  mutation DeskProposeRules($key: String!, $input: ProposeRulesInput!) {
    proposeRules(idempotencyKey: $key, input: $input) { publication { id state } refusals { code message field } }
  }
`)

export const OBLIGATIONS = graphql(`
  query DeskObligations($state: String, $request: ID, $first: Int!) {
    obligations(state: $state, request: $request, first: $first) { id code request rule retention openedAt dueOn state closedAt closedWhy document }
  }
`)

export const HOLDS = graphql(`
  query DeskHolds($active: Boolean, $first: Int!) {
    legalHolds(active: $active, first: $first) { id subject class reason placedBy placedAt releasedBy releasedAt }
    erasureRequests(first: $first) { id subject state erases kept { class code because until } askedBy askedAt doneAt }
  }
`)

export const END_HOLD = graphql(`
  mutation DeskEndHold($key: String!, $id: ID!, $reason: String!) {
    releaseLegalHold(idempotencyKey: $key, id: $id, reason: $reason) { hold { id } refusals { code message } }
  }
`)
