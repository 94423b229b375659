//! What a lender did in a stretch of time.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::Histogram;
use crate::offer::AprConvention;
use crate::ports::{Answer, LenderError};
use crate::quote::{Flag, Quote};

/// What one question to a lender came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum CallResult {
    /// At least one offer, all of them usable.
    Offered,
    /// A decline.
    Declined,
    /// No answer in time.
    Late,
    /// Not reachable, broken on their side, or left alone by our breaker.
    Unavailable,
    /// Not asked, or not answered, because of a limit: theirs or ours.
    RateLimited,
    /// It refuses us: credentials, signature.
    Refused,
    /// It does not do this.
    Unsupported,
    /// The answer broke the protocol or did not add up.
    Malformed,
    /// The answer, or an order in it, was not signed by the lender.
    Signature,
}

impl CallResult {
    /// Every result.
    pub const ALL: [Self; 9] = [
        Self::Offered,
        Self::Declined,
        Self::Late,
        Self::Unavailable,
        Self::RateLimited,
        Self::Refused,
        Self::Unsupported,
        Self::Malformed,
        Self::Signature,
    ];

    /// Of an answer as it came, before its offers were weighed.
    pub fn of(answer: &Result<Answer, LenderError>) -> Self {
        match answer {
            Ok(Answer::Offers(offers)) if !offers.is_empty() => Self::Offered,
            Ok(Answer::Offers(_) | Answer::Declined(_)) => Self::Declined,
            Err(LenderError::TimedOut) => Self::Late,
            Err(LenderError::Unavailable(_)) => Self::Unavailable,
            Err(LenderError::RateLimited) => Self::RateLimited,
            Err(LenderError::Refused(_)) => Self::Refused,
            Err(LenderError::Unsupported(_)) => Self::Unsupported,
            Err(LenderError::Malformed { field, .. }) => Self::of_field(field),
        }
    }

    /// Of an answer that is wrong in that field.
    pub fn of_field(field: &str) -> Self {
        if field == "signature" || field == "onchain.signature" {
            Self::Signature
        } else {
            Self::Malformed
        }
    }

    /// Whether the lender failed. A decline is an answer; a limit is no failure.
    pub fn is_error(self) -> bool {
        match self {
            Self::Late | Self::Unavailable | Self::Refused | Self::Malformed | Self::Signature => true,
            Self::Offered | Self::Declined | Self::RateLimited | Self::Unsupported => false,
        }
    }

    /// Whether its time says how fast the lender answers.
    fn is_answer(self) -> bool {
        !matches!(self, Self::Late | Self::Unavailable | Self::RateLimited)
    }
}

/// What a lender did in a stretch of time. Windows of several processes and minutes add up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthWindow {
    /// Questions by what they came to.
    pub calls: BTreeMap<CallResult, u64>,
    /// Time until the answer, microseconds; not of questions without an answer.
    pub latency: Histogram,
    /// Quotes shown to borrowers.
    pub quotes: u64,
    /// Of them those whose declared APR is off by more than the tolerance.
    pub misdeclared: u64,
    /// Declared less verified APR of each quote, parts per million, signed.
    pub apr_gap: Histogram,
    /// The gap that is farthest from zero, exact.
    pub worst_apr_gap: i64,
    /// Quotes that borrowers accepted.
    pub accepted: u64,
    /// Acceptances handed to the lender.
    pub accept_calls: u64,
    /// Of them those whose outcome stayed unknown.
    pub accept_failures: u64,
    /// When the last good answer came.
    pub last_good: Option<DateTime<Utc>>,
}

impl HealthWindow {
    /// Counts a question. `quotes` are those that became of it.
    pub fn call(&mut self, result: CallResult, latency_micros: i64, quotes: &[Quote], now: DateTime<Utc>) {
        *self.calls.entry(result).or_default() += 1;
        if result.is_answer() {
            self.latency.record(latency_micros);
        }
        for quote in quotes {
            self.quotes += 1;
            self.misdeclared += u64::from(is_misdeclared(quote));
            let Some(gap) = apr_gap(quote) else { continue };
            self.apr_gap.record(gap);
            if gap.unsigned_abs() > self.worst_apr_gap.unsigned_abs() {
                self.worst_apr_gap = gap;
            }
        }
        if matches!(result, CallResult::Offered | CallResult::Declined) {
            self.last_good = self.last_good.max(Some(now));
        }
    }

    /// Adds another window to this one.
    pub fn add(&mut self, other: &Self) {
        for (result, count) in &other.calls {
            *self.calls.entry(*result).or_default() += count;
        }
        self.latency.add(&other.latency);
        self.quotes += other.quotes;
        self.misdeclared += other.misdeclared;
        self.apr_gap.add(&other.apr_gap);
        if other.worst_apr_gap.unsigned_abs() > self.worst_apr_gap.unsigned_abs() {
            self.worst_apr_gap = other.worst_apr_gap;
        }
        self.accepted += other.accepted;
        self.accept_calls += other.accept_calls;
        self.accept_failures += other.accept_failures;
        self.last_good = self.last_good.max(other.last_good);
    }

    /// Questions of that result.
    pub fn of(&self, result: CallResult) -> u64 {
        self.calls.get(&result).copied().unwrap_or(0)
    }

    /// All questions that count for the share of errors: a limit says nothing of the lender.
    pub fn judged(&self) -> u64 {
        let counted = self
            .calls
            .iter()
            .filter(|(result, _)| **result != CallResult::RateLimited);
        counted.map(|(_, count)| count).sum()
    }

    /// Questions that the lender failed.
    pub fn errors(&self) -> u64 {
        let failed = self.calls.iter().filter(|(result, _)| result.is_error());
        failed.map(|(_, count)| count).sum()
    }
}

fn is_misdeclared(quote: &Quote) -> bool {
    quote
        .flags
        .iter()
        .any(|flag| matches!(flag, Flag::AprMisdeclared { .. }))
}

/// Declared less verified APR in the lender's convention, parts per million; none where it cannot be computed.
fn apr_gap(quote: &Quote) -> Option<i64> {
    let flagged = quote.flags.iter().find_map(|flag| match flag {
        Flag::AprMisdeclared { verified, .. } => Some(*verified),
        _ => None,
    });
    let verified = flagged.or(match quote.offer.declared.convention {
        AprConvention::UsNominal => quote.verified.us_apr,
        AprConvention::EuEffective => quote.verified.eu_aprc,
        AprConvention::IndiaNominal => quote.verified.in_apr,
    })?;
    Some(quote.offer.declared.apr.ppm().saturating_sub(verified.ppm()))
}
