//! The pure core of Usance. Nothing here does I/O, reads a clock, or makes an id: facts come in, decisions go out.

pub mod appraisal;
pub mod backtest;
pub mod calendar;
pub mod cashflow;
pub mod decision;
pub mod digest;
pub mod eligibility;
pub mod ids;
pub mod loan;
pub mod money;
pub mod offer;
pub mod ports;
pub mod principal;
pub mod provider;
pub mod quote;
pub mod ranking;
pub mod request;
#[cfg(test)]
mod sample;
pub mod samples;
pub mod schedule;

pub use decision::{Outcome, Reason, RuleVersion};
pub use ids::{
    ChainTxId, DecisionId, EntryId, EventId, LoanId, PaymentId, PrincipalId, ProviderId, QuoteId, RequestId,
    SettlementId, TenantId,
};
pub use money::{Asset, Currency, Money, MoneyError, Rate, TokenAmount};
pub use principal::{Principal, Role};
