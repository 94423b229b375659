//! Every field of the API, and the action on the class that it is. A field that is not listed is denied to everyone.

use std::collections::HashMap;
use std::sync::LazyLock;

use crate::compliance_fields::COMPLIANCE;
use crate::decide::ever;
use crate::list_fields::LISTS;
use crate::resource::{Action, Class};
use crate::roles::RoleSet;

/// Whose field it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A value such as an amount: whoever may see the object that it stands in.
    Callers,
    /// Roles that may ever do that to that class; whether to this object, the use case decides.
    May(Action, Class),
}

impl Who {
    /// The roles that may select it.
    pub fn roles(self) -> RoleSet {
        match self {
            Self::Callers => RoleSet::CALLERS,
            Self::May(action, class) => ever(action, class),
        }
    }
}

/// Fields of a type under one rule.
#[derive(Clone, Copy, Debug)]
pub struct FieldRule {
    /// The type.
    pub name: &'static str,
    /// Whose.
    pub who: Who,
    /// The fields.
    pub fields: &'static [&'static str],
}

/// A property that is null, or an empty list, for readers of the object who may not see it.
#[derive(Clone, Copy, Debug)]
pub struct Blank {
    /// The type.
    pub name: &'static str,
    /// The field.
    pub field: &'static str,
    /// Shown to those who may read the object as this class.
    pub class: Class,
}

pub(crate) const fn rule(name: &'static str, who: Who, fields: &'static [&'static str]) -> FieldRule {
    FieldRule { name, who, fields }
}

const fn blank(name: &'static str, field: &'static str, class: Class) -> Blank {
    Blank { name, field, class }
}

use Action as A;
use Class as C;
use Who::{Callers, May};

/// Fields of borrowing and risk. Roots first, then types by name.
static FIELDS: &[FieldRule] = &[
    rule("Query", May(A::Read, C::Request), &["quoteRequest"]),
    rule("Query", May(A::Read, C::Quote), &["quote"]),
    rule("Query", May(A::Read, C::Settlement), &["settlement"]),
    rule("Query", May(A::Read, C::Loan), &["loan"]),
    rule("Query", May(A::Read, C::Loan), &["loans"]),
    rule("Query", May(A::Read, C::AssetPause), &["assetPauses"]),
    rule("Query", May(A::Read, C::Lender), &["providers"]),
    rule("Query", May(A::Read, C::Lender), &["provider"]),
    rule("Query", May(A::Read, C::FraudCheck), &["fraudChecks"]),
    rule("Query", May(A::Read, C::Loan), &["node"]),
    rule("Query", May(A::Read, C::RiskModel), &["riskModels"]),
    rule("Query", May(A::Read, C::RiskModel), &["riskModel"]),
    rule("Query", May(A::Read, C::ModelProposal), &["riskProposals"]),
    rule("Query", May(A::Read, C::Review), &["riskReviews"]),
    rule("Query", May(A::Read, C::SpendingLimit), &["spendingLimits"]),
    rule("Query", May(A::Read, C::LimitPolicy), &["limitPolicy"]),
    rule("Query", May(A::Read, C::Drift), &["riskDrift"]),
    rule("Query", May(A::Read, C::RiskInside), &["riskDecisions"]),
    rule("Query", May(A::Read, C::RiskDecision), &["riskDecision"]),
    rule("Query", May(A::Replay, C::RiskInside), &["riskReplay"]),
    rule("Mutation", May(A::Create, C::Request), &["requestQuotes"]),
    rule("Mutation", May(A::Accept, C::Quote), &["acceptQuote"]),
    rule("Mutation", May(A::Sign, C::Settlement), &["submitSignature"]),
    rule("Mutation", May(A::Cancel, C::Settlement), &["cancelSettlement"]),
    rule("Mutation", May(A::Suspend, C::Lender), &["suspendProvider"]),
    rule("Mutation", May(A::Resume, C::Lender), &["resumeProvider"]),
    rule("Mutation", May(A::Change, C::Lender), &["changeProviderState"]),
    rule("Mutation", May(A::Change, C::Lender), &["setProviderLimits"]),
    rule("Mutation", May(A::Record, C::Repayment), &["recordRepayment"]),
    rule("Mutation", May(A::Change, C::RiskModel), &["changeRiskModelState"]),
    rule("Mutation", May(A::Propose, C::ModelProposal), &["proposeRiskModel"]),
    rule("Mutation", May(A::Reject, C::ModelProposal), &["decideRiskProposal"]),
    rule("Mutation", May(A::Decide, C::Review), &["decideRiskReview"]),
    rule("Mutation", May(A::Change, C::LimitPolicy), &["setLimitPolicy"]),
    rule("Query", May(A::Read, C::Principal), &["principal"]),
    rule("Mutation", May(A::Change, C::Principal), &["changeRole"]),
    rule("Subscription", May(A::Read, C::Request), &["quoteUpdates"]),
    rule(
        "AssetPause",
        May(A::Read, C::AssetPause),
        &["chainId", "asset", "used", "refused", "cap", "txHash", "at"],
    ),
    rule(
        "Fee",
        May(A::Read, C::Quote),
        &["code", "payee", "amount", "timing", "mandatory"],
    ),
    rule(
        "FraudCheck",
        May(A::Read, C::FraudCheck),
        &["decidedAt", "outcome", "fired", "typologies", "rules"],
    ),
    rule(
        "FraudSubRule",
        May(A::Read, C::FraudCheck),
        &["rule", "reference", "weight", "reason"],
    ),
    rule(
        "FraudTypology",
        May(A::Read, C::FraudCheck),
        &["id", "score", "outcome"],
    ),
    rule("Handoff", Callers, &["title", "url"]),
    rule(
        "Installment",
        May(A::Read, C::Loan),
        &["number", "due", "principal", "interest", "fees", "total", "paid"],
    ),
    rule(
        "LenderProgress",
        May(A::Read, C::Request),
        &["provider", "waiting", "answeredMs", "quotes"],
    ),
    rule(
        "LimitPolicy",
        May(A::Read, C::LimitPolicy),
        &["tenant", "mode", "revision"],
    ),
    rule(
        "LimitPolicyPayload",
        May(A::Change, C::LimitPolicy),
        &["policy", "refusals"],
    ),
    rule(
        "Loan",
        May(A::Read, C::Loan),
        &[
            "id",
            "state",
            "provider",
            "principal",
            "outstanding",
            "nextDue",
            "chainId",
            "onchainId",
            "startedAt",
            "closedAt",
            "endedBy",
            "shortfall",
            "refinances",
            "refinancedBy",
            "collateral",
            "settlement",
            "schedule",
            "payoffQuote",
        ],
    ),
    rule("Loan", May(A::Read, C::Repayment), &["repayments"]),
    rule("Loan", May(A::Read, C::WalletCalls), &["repaymentCalls"]),
    rule("Loan", May(A::Read, C::WalletCalls), &["addCollateralCalls"]),
    rule("Loan", May(A::Read, C::WalletCalls), &["withdrawCollateralCalls"]),
    rule("LoanAmount", Callers, &["units", "decimals", "symbol"]),
    rule(
        "LoanCollateral",
        May(A::Read, C::Loan),
        &["held", "ltvBps", "liquidationLtvBps", "late"],
    ),
    rule(
        "LoanConnection",
        May(A::Read, C::Loan),
        &["edges", "pageInfo", "totalCount"],
    ),
    rule("LoanEdge", May(A::Read, C::Loan), &["cursor", "node"]),
    rule("Loser", May(A::Read, C::Request), &["provider", "kind", "reasons"]),
    rule("Money", Callers, &["amount", "minor", "currency"]),
    rule(
        "PageInfo",
        Callers,
        &["hasNextPage", "hasPreviousPage", "startCursor", "endCursor"],
    ),
    rule("PayoffQuote", May(A::Read, C::Loan), &["at", "amount", "calls"]),
    rule("Period", Callers, &["count", "unit"]),
    rule(
        "Principal",
        May(A::Read, C::Principal),
        &["id", "tenant", "role", "groups", "revision"],
    ),
    rule(
        "PrincipalPayload",
        May(A::Change, C::Principal),
        &["principal", "refusals"],
    ),
    rule(
        "Provider",
        May(A::Read, C::Lender),
        &[
            "id",
            "name",
            "kind",
            "state",
            "version",
            "revision",
            "suspension",
            "limits",
            "configSha256",
            "configured",
            "reason",
            "changedBy",
            "changedAt",
            "createdAt",
            "health",
            "history",
            "versions",
        ],
    ),
    rule("ProviderCallCount", May(A::Read, C::Lender), &["result", "count"]),
    rule(
        "ProviderChange",
        May(A::Read, C::Lender),
        &["revision", "kind", "from", "to", "version", "reason", "by", "at"],
    ),
    rule(
        "ProviderHealth",
        May(A::Read, C::Lender),
        &[
            "minutes",
            "calls",
            "errors",
            "results",
            "p50Ms",
            "p99Ms",
            "quotes",
            "misdeclared",
            "accepted",
            "aprGapMedianPpm",
            "aprGapWorstPpm",
            "acceptCalls",
            "acceptFailures",
            "lastGood",
        ],
    ),
    rule(
        "ProviderLimits",
        May(A::Read, C::Lender),
        &[
            "maxConcurrent",
            "maxWaiting",
            "maxConcurrentMoney",
            "quotesPerSecond",
            "burst",
        ],
    ),
    rule("ProviderPayload", May(A::Suspend, C::Lender), &["provider", "refusals"]),
    rule(
        "ProviderSuspension",
        May(A::Read, C::Lender),
        &["by", "cause", "probationAt"],
    ),
    rule(
        "ProviderVersion",
        May(A::Read, C::Lender),
        &["number", "config", "configSha256", "limits", "by", "at"],
    ),
    rule(
        "Quote",
        May(A::Read, C::Quote),
        &[
            "id",
            "position",
            "provider",
            "product",
            "binding",
            "validUntil",
            "digest",
            "principal",
            "netDisbursed",
            "nominalRate",
            "verifiedApr",
            "convention",
            "usApr",
            "euAprc",
            "inApr",
            "declaredApr",
            "declaredConvention",
            "totalOfPayments",
            "financeCharge",
            "largestPayment",
            "flags",
            "scenarios",
            "fees",
            "schedule",
            "collateral",
            "loanToValue",
            "chainId",
            "venue",
        ],
    ),
    rule(
        "QuoteConnection",
        May(A::Read, C::Request),
        &["edges", "pageInfo", "totalCount", "nodes"],
    ),
    rule("QuoteEdge", May(A::Read, C::Request), &["cursor", "node"]),
    rule(
        "QuoteRequest",
        May(A::Read, C::Request),
        &[
            "id",
            "state",
            "amount",
            "term",
            "rankBy",
            "createdAt",
            "deadlineAt",
            "lenders",
            "losers",
            "refusal",
            "refinances",
            "quotes",
        ],
    ),
    rule(
        "QuoteVenue",
        May(A::Read, C::Quote),
        &["chainId", "name", "debt", "collateral", "gasEstimate", "router"],
    ),
    rule("Rate", Callers, &["percent", "ppm"]),
    rule("Reason", Callers, &["code", "text"]),
    rule("Refusal", Callers, &["code", "message", "field"]),
    rule(
        "Repayment",
        May(A::Read, C::Repayment),
        &[
            "id",
            "channel",
            "amount",
            "lateFee",
            "interest",
            "principal",
            "evidence",
            "paidAt",
        ],
    ),
    rule(
        "RepaymentPayload",
        May(A::Record, C::Repayment),
        &["repayment", "refusals"],
    ),
    rule(
        "RequestQuotesPayload",
        May(A::Create, C::Request),
        &["request", "refusals"],
    ),
    rule(
        "RiskDecision",
        May(A::Read, C::RiskDecision),
        &[
            "id",
            "request",
            "tenant",
            "borrower",
            "decidedAt",
            "outcome",
            "reasons",
            "inside",
        ],
    ),
    rule(
        "RiskDecisionInside",
        May(A::Read, C::RiskDecision),
        &[
            "score",
            "pdPpm",
            "limit",
            "available",
            "model",
            "modelDigest",
            "review",
            "reviewState",
            "record",
            "facts",
        ],
    ),
    rule(
        "RiskDrift",
        May(A::Read, C::Drift),
        &["model", "version", "digest", "champion", "days", "indices"],
    ),
    rule(
        "RiskDriftIndex",
        May(A::Read, C::Drift),
        &[
            "subject",
            "rows",
            "psiPpm",
            "noisePpm",
            "level",
            "missingPpm",
            "missingExpectedPpm",
            "outsidePpm",
        ],
    ),
    rule(
        "RiskEvidence",
        May(A::Read, C::ModelProposal),
        &["aucDifference", "aucLow", "aucHigh", "profitDifference", "source"],
    ),
    rule(
        "RiskModel",
        May(A::Read, C::RiskModel),
        &[
            "id",
            "name",
            "version",
            "digest",
            "kind",
            "status",
            "state",
            "sharePpm",
            "revision",
            "championAt",
            "builtIn",
            "registeredBy",
            "registeredAt",
            "papers",
        ],
    ),
    rule("RiskModelPapers", May(A::Read, C::RiskModel), &["manifest", "card"]),
    rule("RiskModelPayload", May(A::Change, C::RiskModel), &["model", "refusals"]),
    rule(
        "RiskProposal",
        May(A::Read, C::ModelProposal),
        &[
            "id",
            "kind",
            "model",
            "sharePpm",
            "reason",
            "evidence",
            "state",
            "underAlarm",
            "proposedBy",
            "proposedAt",
            "decidedBy",
            "decidedAt",
            "decisionReason",
        ],
    ),
    rule(
        "RiskProposalPayload",
        May(A::Propose, C::ModelProposal),
        &["proposal", "refusals"],
    ),
    rule(
        "RiskReplay",
        May(A::Replay, C::RiskInside),
        &["id", "same", "failure", "storedSha256", "replayedSha256"],
    ),
    rule(
        "RiskReview",
        May(A::Read, C::Review),
        &[
            "id",
            "decision",
            "request",
            "tenant",
            "borrower",
            "state",
            "openedAt",
            "decidedBy",
            "decidedAt",
            "note",
            "clearedUntil",
            "score",
            "reasons",
            "fraud",
            "features",
        ],
    ),
    rule("RiskReviewPayload", May(A::Decide, C::Review), &["review", "refusals"]),
    rule(
        "Scenario",
        May(A::Read, C::Quote),
        &["kind", "totalCost", "apr", "liquidated"],
    ),
    rule(
        "ScheduledPayment",
        May(A::Read, C::Quote),
        &["due", "principal", "interest", "fees", "total"],
    ),
    rule(
        "Settlement",
        May(A::Read, C::Settlement),
        &[
            "id",
            "state",
            "provider",
            "quote",
            "loan",
            "approvals",
            "typedData",
            "calls",
            "txHash",
            "confirmations",
            "confirmationsNeeded",
            "failure",
            "handoff",
            "createdAt",
        ],
    ),
    rule(
        "SettlementPayload",
        May(A::Read, C::WalletCalls),
        &["settlement", "refusals"],
    ),
    rule(
        "SpendingLimit",
        May(A::Read, C::SpendingLimit),
        &[
            "tenant",
            "borrower",
            "limit",
            "reserved",
            "committed",
            "free",
            "decision",
            "mode",
            "changedAt",
        ],
    ),
    rule(
        "TokenAmount",
        Callers,
        &["units", "symbol", "decimals", "token", "chainId"],
    ),
    rule(
        "WalletCall",
        Callers,
        &["title", "chainId", "to", "data", "value", "gasLimit"],
    ),
];

/// Properties that are blanked for some readers.
pub static BLANKS: &[Blank] = &[
    blank("Settlement", "approvals", C::WalletCalls),
    blank("Settlement", "typedData", C::WalletCalls),
    blank("Settlement", "calls", C::WalletCalls),
    blank("Settlement", "handoff", C::WalletCalls),
    blank("PayoffQuote", "calls", C::WalletCalls),
    blank("RiskDecision", "inside", C::RiskInside),
];

/// Every rule about a field.
pub fn all() -> impl Iterator<Item = &'static FieldRule> {
    FIELDS
        .iter()
        .chain(COMPLIANCE)
        .chain(LISTS)
        .chain(crate::program_fields::PROGRAMS)
}

static INDEX: LazyLock<HashMap<&'static str, HashMap<&'static str, Who>>> = LazyLock::new(|| {
    let mut index: HashMap<_, HashMap<_, _>> = HashMap::new();
    for rule in all() {
        let fields = index.entry(rule.name).or_default();
        fields.extend(rule.fields.iter().map(|field| (*field, rule.who)));
    }
    index
});

/// The rule of a field; none when it is not listed.
pub fn of(name: &str, field: &str) -> Option<Who> {
    INDEX.get(name)?.get(field).copied()
}

/// The roles that may select a field; nobody when it is not listed.
pub fn roles(name: &str, field: &str) -> RoleSet {
    of(name, field).map_or(RoleSet::NONE, Who::roles)
}
