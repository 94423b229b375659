import { graphql } from '../../api/graphql'

export const DECISIONS = graphql(`
  query DeskDecisions($first: Int!, $before: ID) {
    riskDecisions(first: $first, before: $before) {
      id request borrower decidedAt outcome
      inside { score pdPpm limit { amount currency } model reviewState }
    }
  }
`)

export const DECISION = graphql(`
  query DeskDecision($request: ID!) {
    riskDecisions(request: $request, first: 5) {
      id request tenant borrower decidedAt outcome
      reasons { code text }
      inside { score pdPpm limit { amount currency } available { amount currency } model modelDigest review reviewState record facts }
    }
  }
`)

export const APPLICATION = graphql(`
  query DeskApplication($request: ID!) {
    quoteRequest(id: $request) {
      id state createdAt deadlineAt
      amount { amount currency }
      term { count unit }
      lenders { provider waiting answeredMs quotes }
      losers { provider kind reasons { code text } }
      refusal { code text }
      quotes(first: 20) {
        edges { node { id position provider product binding verifiedApr { percent } declaredApr { percent } netDisbursed { amount currency } totalOfPayments { amount currency } flags } }
      }
    }
  }
`)

export const FRAUD = graphql(`
  query DeskFraud($request: ID!) {
    fraudChecks(requestId: $request) {
      decidedAt outcome rules
      fired { rule reference weight reason }
      typologies { id score outcome }
    }
  }
`)

export const REPLAY = graphql(`
  query DeskReplay($id: ID!) {
    riskReplay(id: $id) { id same failure storedSha256 replayedSha256 }
  }
`)

export const RULE_REPLAY = graphql(`
  query DeskRuleReplay($request: ID!) {
    ruleReplay(request: $request) { id kind same stored replayed }
  }
`)

export const REVIEWS = graphql(`
  query DeskReviews($state: RiskReviewState, $first: Int!) {
    riskReviews(state: $state, first: $first) {
      id decision request borrower state openedAt decidedAt score
      reasons { code text }
    }
  }
`)

export const REVIEW_OF = graphql(`
  query DeskReviewOf($id: ID!) {
    riskReview(id: $id) { id decision request state openedAt decidedBy decidedAt note clearedUntil fraud }
  }
`)

export const DECIDE_REVIEW = graphql(`
  mutation DeskDecideReview($key: String!, $id: ID!, $clear: Boolean!, $note: String!) {
    decideRiskReview(idempotencyKey: $key, id: $id, clear: $clear, note: $note) { review { id state } refusals { code message } }
  }
`)

export const PROPOSALS = graphql(`
  query DeskProposals($first: Int!) {
    riskProposals(first: $first) {
      id kind sharePpm reason state underAlarm proposedBy proposedAt decidedBy decidedAt decisionReason
      model { id name version state }
      evidence { aucDifference aucLow aucHigh profitDifference source }
    }
  }
`)

export const DECIDE_PROPOSAL = graphql(`
  mutation DeskDecideProposal($key: String!, $id: ID!, $approve: Boolean!, $reason: String!) {
    decideRiskProposal(idempotencyKey: $key, id: $id, approve: $approve, reason: $reason) { proposal { id state } refusals { code message } }
  }
`)

export const MODELS = graphql(`
  query DeskModels {
    riskModels { id name version kind status state sharePpm championAt builtIn registeredBy registeredAt digest }
  }
`)

export const DRIFT = graphql(`
  query DeskDrift($days: Int!) {
    riskDrift(days: $days) { model version champion days indices { subject rows psiPpm noisePpm level } }
  }
`)
