//! Every route of the API. A route that is not listed is answered to nobody.

use crate::decide::ever;
use crate::resource::{Action, Class};
use crate::roles::RoleSet;

/// Who may call a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// No access token: another check, or nothing to hide. With the reason.
    Open(&'static str),
    /// Callers whose role may ever do that to that class; whether to this object, the use case decides.
    May(Action, Class),
}

/// A route with its gate.
#[derive(Clone, Copy, Debug)]
pub struct RouteRule {
    /// HTTP method.
    pub method: &'static str,
    /// Path with its parameters, as the router has it.
    pub path: &'static str,
    /// Who.
    pub gate: Gate,
}

impl Gate {
    /// The roles that pass, where a token is needed.
    pub fn roles(self) -> Option<RoleSet> {
        match self {
            Self::Open(_) => None,
            Self::May(action, class) => Some(ever(action, class)),
        }
    }
}

const fn may(method: &'static str, path: &'static str, action: Action, class: Class) -> RouteRule {
    let gate = Gate::May(action, class);
    RouteRule { method, path, gate }
}

const fn open(method: &'static str, path: &'static str, why: &'static str) -> RouteRule {
    let gate = Gate::Open(why);
    RouteRule { method, path, gate }
}

use Action as A;
use Class as C;

/// Every route.
pub static ROUTES: &[RouteRule] = &[
    open("POST", "/oauth/token", "gives tokens for a secret"),
    open("POST", "/session", "signs in by password"),
    open("POST", "/session/register", "makes a borrower where that is allowed"),
    open("POST", "/session/wallet/challenge", "gives a message to sign"),
    open("POST", "/session/wallet", "signs in by a signed message"),
    open("POST", "/session/renew", "the cookie is checked"),
    open("POST", "/session/end", "the cookie is checked"),
    open("GET", "/.well-known/jwks.json", "public keys"),
    open("GET", "/livez", "says that the process lives"),
    open("GET", "/readyz", "names what is not ready"),
    open("GET", "/metrics", "figures without ids; kept inside the network"),
    open("GET", "/openapi.json", "the description of the interface"),
    open("GET", "/schema.graphql", "the description of the interface"),
    open(
        "GET",
        "/explorer/{file}",
        "GraphiQL in development; not found in production",
    ),
    open(
        "POST",
        "/dev/clock",
        "moves time in development; not found in production",
    ),
    open("POST", "/v1/callbacks/{*rest}", "the lender signs its callback"),
    open("POST", "/v1/networks/fis12/{action}", "the network signs its call"),
    open("POST", "/v1/networks/ocen/{*operation}", "the network signs its call"),
    open("GET", "/graphql", "each field has its own rule"),
    open("POST", "/graphql", "each field has its own rule"),
    open(
        "GET",
        "/v1/lockable-tokens",
        "terms of lenders for tokens, the same for everybody",
    ),
    may("GET", "/v1/quote-requests", A::Read, C::Request),
    may("GET", "/v1/offers", A::Read, C::Quote),
    may("GET", "/v1/loans/{id}/repayment-instructions", A::Read, C::WalletCalls),
    may("GET", "/v1/providers/{id}/conformance-reports", A::Read, C::Lender),
    may("POST", "/v1/providers/{id}/conformance-reports", A::Record, C::Lender),
    may("GET", "/v1/reconciliation", A::Read, C::AssetPause),
    may("GET", "/v1/risk/reviews/{id}", A::Read, C::Review),
    may("GET", "/v1/api-clients", A::Read, C::ApiClient),
    may("POST", "/v1/api-clients", A::Create, C::ApiClient),
    may("POST", "/v1/api-clients/{id}/revoke", A::Cancel, C::ApiClient),
    may("POST", "/v1/api-clients/{id}/rotate", A::Change, C::ApiClient),
    may("GET", "/v1/asset-pauses", A::Read, C::AssetPause),
    may("GET", "/v1/loans", A::Read, C::Loan),
    may("GET", "/v1/loans/{id}", A::Read, C::Loan),
    may("GET", "/v1/loans/{id}/add-collateral-calls", A::Read, C::WalletCalls),
    may("GET", "/v1/loans/{id}/collateral", A::Read, C::Loan),
    may("GET", "/v1/loans/{id}/payoff-quote", A::Read, C::Loan),
    may("GET", "/v1/loans/{id}/repayment-calls", A::Read, C::WalletCalls),
    may("GET", "/v1/loans/{id}/repayments", A::Read, C::Repayment),
    may("POST", "/v1/loans/{id}/repayments", A::Record, C::Repayment),
    may("GET", "/v1/loans/{id}/schedule", A::Read, C::Loan),
    may(
        "GET",
        "/v1/loans/{id}/withdraw-collateral-calls",
        A::Read,
        C::WalletCalls,
    ),
    may("GET", "/v1/principals/{id}", A::Read, C::Principal),
    may("POST", "/v1/principals/{id}/role", A::Change, C::Principal),
    may("GET", "/v1/providers", A::Read, C::Lender),
    may("GET", "/v1/providers/{id}", A::Read, C::Lender),
    may("GET", "/v1/providers/{id}/history", A::Read, C::Lender),
    may("POST", "/v1/providers/{id}/limits", A::Change, C::Lender),
    may("POST", "/v1/providers/{id}/resume", A::Resume, C::Lender),
    may("POST", "/v1/providers/{id}/state", A::Change, C::Lender),
    may("POST", "/v1/providers/{id}/suspend", A::Suspend, C::Lender),
    may("GET", "/v1/providers/{id}/versions", A::Read, C::Lender),
    may("POST", "/v1/quote-requests", A::Create, C::Request),
    may("GET", "/v1/quote-requests/{id}", A::Read, C::Request),
    may("GET", "/v1/quote-requests/{id}/events", A::Read, C::Request),
    may("GET", "/v1/quote-requests/{id}/quotes", A::Read, C::Request),
    may("GET", "/v1/quotes/{id}", A::Read, C::Quote),
    may("POST", "/v1/quotes/{id}/accept", A::Accept, C::Quote),
    may("GET", "/v1/risk/decisions", A::Read, C::RiskInside),
    may("GET", "/v1/risk/decisions/{id}", A::Read, C::RiskDecision),
    may("GET", "/v1/risk/decisions/{id}/replay", A::Replay, C::RiskInside),
    may("GET", "/v1/risk/drift", A::Read, C::Drift),
    may("GET", "/v1/risk/limit-policy", A::Read, C::LimitPolicy),
    may("POST", "/v1/risk/limit-policy", A::Change, C::LimitPolicy),
    may("GET", "/v1/risk/limits", A::Read, C::SpendingLimit),
    may("GET", "/v1/risk/models", A::Read, C::RiskModel),
    may("POST", "/v1/risk/models", A::Create, C::RiskModel),
    may("GET", "/v1/risk/models/{id}", A::Read, C::RiskModel),
    may("GET", "/v1/risk/models/{id}/papers", A::Read, C::RiskModel),
    may("POST", "/v1/risk/models/{id}/state", A::Change, C::RiskModel),
    may("GET", "/v1/risk/proposals", A::Read, C::ModelProposal),
    may("POST", "/v1/risk/proposals", A::Propose, C::ModelProposal),
    may("POST", "/v1/risk/proposals/{id}/decision", A::Reject, C::ModelProposal),
    may("GET", "/v1/risk/reviews", A::Read, C::Review),
    may("POST", "/v1/risk/reviews/{id}/decision", A::Decide, C::Review),
    may("GET", "/v1/settlements/{id}", A::Read, C::Settlement),
    may("POST", "/v1/settlements/{id}/cancel", A::Cancel, C::Settlement),
    may("POST", "/v1/settlements/{id}/signature", A::Sign, C::Settlement),
    may("GET", "/v1/audit/anchors", A::Read, C::AuditTrail),
    may("GET", "/v1/audit/checkpoints", A::Read, C::AuditTrail),
    may("GET", "/v1/audit/consistency", A::Read, C::AuditTrail),
    may("GET", "/v1/audit/entries", A::Read, C::AuditTrail),
    may("GET", "/v1/audit/entries/{id}/proof", A::Read, C::AuditTrail),
    may("GET", "/v1/audit/export", A::Read, C::AuditTrail),
    may("POST", "/v1/case-reports/{id}/release", A::Read, C::Sar),
    may("GET", "/v1/cases", A::Read, C::Case),
    may("GET", "/v1/cases/{id}", A::Read, C::Case),
    may("POST", "/v1/cases/{id}/assignee", A::Change, C::Case),
    may("POST", "/v1/cases/{id}/check", A::Decide, C::Case),
    may("POST", "/v1/cases/{id}/decision", A::Propose, C::Case),
    may("GET", "/v1/cases/{id}/log", A::Read, C::Case),
    may("GET", "/v1/cases/{id}/reports", A::Read, C::Sar),
    may("POST", "/v1/cases/{id}/reports", A::Create, C::Sar),
    may("GET", "/v1/documents/{id}", A::Read, C::Document),
    may("GET", "/v1/obligations", A::Read, C::Document),
    may("GET", "/v1/privacy/erasures", A::Read, C::Erasure),
    may("POST", "/v1/privacy/erasures", A::Create, C::Erasure),
    may("GET", "/v1/privacy/export", A::Read, C::Export),
    may("GET", "/v1/privacy/holds", A::Read, C::LegalHold),
    may("POST", "/v1/privacy/holds", A::Create, C::LegalHold),
    may("POST", "/v1/privacy/holds/{id}/release", A::Release, C::LegalHold),
    may("POST", "/v1/privacy/key-rotations", A::Change, C::Principal),
    may("GET", "/v1/privacy/retention", A::Read, C::LegalHold),
    may("GET", "/v1/quote-requests/{id}/notices", A::Read, C::Document),
    may("GET", "/v1/quotes/{id}/disclosures", A::Read, C::Document),
    may("GET", "/v1/rules", A::Read, C::RuleVersion),
    may("GET", "/v1/rules/publications", A::Read, C::RuleVersion),
    may("POST", "/v1/rules/publications", A::Propose, C::RuleVersion),
    may("GET", "/v1/rules/publications/{id}", A::Read, C::RuleVersion),
    may("GET", "/v1/rules/publications/{id}/changes", A::Read, C::RuleVersion),
    may(
        "POST",
        "/v1/rules/publications/{id}/decision",
        A::Reject,
        C::RuleVersion,
    ),
    may(
        "GET",
        "/v1/rules/publications/{id}/differences",
        A::Read,
        C::RuleVersion,
    ),
    may("GET", "/v1/rules/replays/{id}", A::Read, C::RuleVersion),
    may("GET", "/v1/screening", A::Read, C::ScreeningList),
    may("POST", "/v1/screening/refresh", A::Change, C::ScreeningList),
    may(
        "POST",
        "/v1/verification-reviews/{id}/decision",
        A::Reject,
        C::Verification,
    ),
    may("GET", "/v1/verifications", A::Read, C::Verification),
    may("POST", "/v1/verifications", A::Create, C::Verification),
    may("GET", "/v1/verifications/{id}", A::Read, C::Verification),
    may("POST", "/v1/verifications/{id}/link", A::Create, C::Verification),
    may("POST", "/v1/verifications/{id}/proposal", A::Propose, C::Verification),
    may("POST", "/v1/webhook-deliveries/{id}/replay", A::Change, C::Webhook),
    may("GET", "/v1/webhook-endpoints", A::Read, C::Webhook),
    may("POST", "/v1/webhook-endpoints", A::Create, C::Webhook),
    may("POST", "/v1/webhook-endpoints/{id}", A::Change, C::Webhook),
    may("POST", "/v1/webhook-endpoints/{id}/delete", A::Change, C::Webhook),
    may("GET", "/v1/webhook-endpoints/{id}/deliveries", A::Read, C::Webhook),
    may(
        "POST",
        "/v1/webhook-endpoints/{id}/rotate-secret",
        A::Create,
        C::Webhook,
    ),
    may("POST", "/v1/webhook-endpoints/{id}/test", A::Change, C::Webhook),
    may("GET", "/v1/webhook-events", A::Read, C::Webhook),
    open(
        "POST",
        "/hooks/kyc/{vendor}",
        "the vendor signs its call, or it is a hint that is asked after",
    ),
    open(
        "POST",
        "/hooks/kyc/{vendor}/{token}",
        "the vendor signs its call, or it is a hint that is asked after",
    ),
];

/// The gate of a route; none when it is not listed. HEAD is answered where GET is.
pub fn of(method: &str, path: &str) -> Option<Gate> {
    let method = if method == "HEAD" { "GET" } else { method };
    ROUTES
        .iter()
        .find(|rule| rule.path == path && rule.method == method)
        .map(|rule| rule.gate)
}
