//! Fields of what people ask for of their own: tokens to lock, requests, offers, the lender's reports, the state of the books.

use crate::fields::{FieldRule, Who::May, rule};
use crate::resource::{Action as A, Class as C};

/// Roots first, then types by name.
pub(crate) static LISTS: &[FieldRule] = &[
    rule("Query", May(A::Read, C::Request), &["lockableTokens"]),
    rule("Query", May(A::Read, C::Request), &["quoteRequests"]),
    rule("Query", May(A::Read, C::Quote), &["offers"]),
    rule("Query", May(A::Read, C::Lender), &["conformanceReports"]),
    // Seen by those who see the breakers.
    rule("Query", May(A::Read, C::AssetPause), &["reconciliation"]),
    rule("Query", May(A::Read, C::Review), &["riskReview"]),
    rule("Mutation", May(A::Record, C::Lender), &["submitConformanceReport"]),
    rule(
        "ConformanceReport",
        May(A::Read, C::Lender),
        &[
            "id",
            "provider",
            "submittedBy",
            "submittedAt",
            "target",
            "green",
            "passed",
            "failed",
            "skipped",
            "tookMs",
            "sha256",
            "report",
        ],
    ),
    rule(
        "ConformanceReportPayload",
        May(A::Record, C::Lender),
        &["report", "refusals"],
    ),
    rule(
        "LenderOffer",
        May(A::Read, C::Quote),
        &["state", "quote", "of", "receivedAt", "settlementId", "settlementState"],
    ),
    rule("LenderOfferConnection", May(A::Read, C::Quote), &["edges", "pageInfo"]),
    rule("LenderOfferEdge", May(A::Read, C::Quote), &["cursor", "node"]),
    rule("Loan", May(A::Read, C::WalletCalls), &["repaymentInstructions"]),
    rule(
        "LockMarket",
        May(A::Read, C::Request),
        &[
            "provider",
            "lends",
            "currency",
            "price",
            "priceSource",
            "priceAt",
            "salePrice",
            "salePriceAt",
            "maxLtv",
            "liquidationThreshold",
            "liquidationBonus",
            "paused",
        ],
    ),
    rule(
        "LockableToken",
        May(A::Read, C::Request),
        &["chainId", "chain", "token", "symbol", "decimals", "markets"],
    ),
    rule(
        "QuoteRequestConnection",
        May(A::Read, C::Request),
        &["edges", "pageInfo"],
    ),
    rule("QuoteRequestEdge", May(A::Read, C::Request), &["cursor", "node"]),
    rule(
        "Reconciliation",
        May(A::Read, C::AssetPause),
        &[
            "at",
            "clean",
            "loans",
            "ledgerUnbalanced",
            "projectionMismatches",
            "ledgerMismatches",
            "escrowMismatches",
            "limitMismatches",
            "parkedEvents",
        ],
    ),
    rule(
        "RepaymentInstructions",
        May(A::Read, C::WalletCalls),
        &[
            "provider",
            "holder",
            "bank",
            "iban",
            "accountNumber",
            "bic",
            "routingNumber",
            "reference",
        ],
    ),
];
