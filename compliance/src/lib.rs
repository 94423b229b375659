//! Pure compliance decisions: dated rules, sanctions screening and adverse-action reasons.
//!
//! Nothing here does I/O or reads a clock: facts and dates come in, decisions go out. A missing fact refuses
//! (`MORE_INFO`), an unknown jurisdiction refuses (`DECLINE`); nothing passes by default. The same functions decide at
//! the request, at each offer and again at acceptance, and a decision replays to the same bytes from its stored facts.

pub mod adverse_action;
pub mod decide;
pub mod rules;
pub mod screening;

pub use adverse_action::{AdverseActionNotice, AdverseReason, notice};
pub use decide::{
    ComplianceDecision, Dates, IdentityFact, IdentityLevel, Obligation, OfferFacts, RequestFacts, decide_offer,
    decide_request, replay_offer, replay_request, to_canonical_json,
};
pub use rules::{RuleSet, RulesError};
pub use screening::{Hit, Screening, ScreeningError, ScreeningIndex};
