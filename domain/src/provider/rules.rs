//! When a lender is suspended without a person, and how it comes back. Pure: figures in, a verdict out.

use chrono::Duration;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{CallResult, HealthWindow};
use crate::ids::RequestId;

/// Why a lender was suspended without a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Cause {
    /// Too large a share of its answers failed.
    Errors,
    /// It declares another APR than its cash flows have, again and again.
    AprMisdeclared,
    /// Its answers are not signed by it.
    Signatures,
}

impl Cause {
    /// Every cause.
    pub const ALL: [Self; 3] = [Self::Errors, Self::AprMisdeclared, Self::Signatures];

    /// The name as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Errors => "ERRORS",
            Self::AprMisdeclared => "APR_MISDECLARED",
            Self::Signatures => "SIGNATURES",
        }
    }

    /// The cause of that stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == text)
    }

    /// For people.
    pub fn text(self) -> &'static str {
        match self {
            Self::Errors => "too many of its answers failed",
            Self::AprMisdeclared => "its declared APR was wrong again and again",
            Self::Signatures => "its answers were not signed by it",
        }
    }
}

/// What becomes of a lender on probation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Probation {
    /// Not enough was seen.
    Wait,
    /// It behaved: it is live again.
    Lift,
    /// It failed again: the pause begins anew and is twice as long.
    Restart,
}

/// Thresholds of automatic suspension and recovery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct SuspensionRules {
    /// Whether lenders are suspended and brought back without a person.
    pub automatic: bool,
    /// The last minutes that are judged, 1 to 1440.
    pub window_minutes: u32,
    /// Fewer questions than this say nothing, at least 1.
    pub min_calls: u64,
    /// Share of failed answers that suspends, per cent, 1 to 100.
    pub error_percent: u64,
    /// Quotes with a wrong APR that suspend, at least 1 ...
    pub min_misdeclared: u64,
    /// ... when they are this share of its quotes, per cent, 1 to 100.
    pub misdeclared_percent: u64,
    /// Answers with a wrong signature that suspend, at least 1.
    pub signature_failures: u64,
    /// Seconds before the first probation, at least 1.
    pub pause_seconds: u32,
    /// The longest pause: each failed probation doubles it.
    pub max_pause_seconds: u32,
    /// Share of requests that a lender on probation gets, per cent, 1 to 100.
    pub probation_percent: u64,
    /// Good answers in a row that lift a suspension, at least 1.
    pub good_answers: u64,
}

impl Default for SuspensionRules {
    fn default() -> Self {
        Self {
            automatic: true,
            window_minutes: 15,
            min_calls: 20,
            error_percent: 50,
            min_misdeclared: 10,
            misdeclared_percent: 50,
            signature_failures: 3,
            pause_seconds: 300,
            max_pause_seconds: 21_600,
            probation_percent: 10,
            good_answers: 20,
        }
    }
}

impl SuspensionRules {
    /// The first field out of range.
    pub fn flaw(&self) -> Option<&'static str> {
        let share = |percent: u64| (1..=100).contains(&percent);
        let fields = [
            ("window_minutes", (1..=1_440).contains(&self.window_minutes)),
            ("min_calls", self.min_calls > 0),
            ("error_percent", share(self.error_percent)),
            ("min_misdeclared", self.min_misdeclared > 0),
            ("misdeclared_percent", share(self.misdeclared_percent)),
            ("signature_failures", self.signature_failures > 0),
            ("pause_seconds", self.pause_seconds > 0),
            ("max_pause_seconds", self.max_pause_seconds >= self.pause_seconds),
            ("probation_percent", share(self.probation_percent)),
            ("good_answers", self.good_answers > 0),
        ];
        fields.into_iter().find(|(_, fits)| !fits).map(|(field, _)| field)
    }

    /// Whether a live lender with these figures is to be suspended, and why: the gravest cause.
    pub fn judge(&self, window: &HealthWindow) -> Option<Cause> {
        let reaches =
            |part: u64, whole: u64, percent: u64| u128::from(part) * 100 >= u128::from(whole) * u128::from(percent);
        let (judged, errors) = (window.judged(), window.errors());
        if !self.automatic {
            None
        } else if window.of(CallResult::Signature) >= self.signature_failures {
            Some(Cause::Signatures)
        } else if window.misdeclared >= self.min_misdeclared
            && reaches(window.misdeclared, window.quotes, self.misdeclared_percent)
        {
            Some(Cause::AprMisdeclared)
        } else if judged >= self.min_calls && reaches(errors, judged, self.error_percent) {
            Some(Cause::Errors)
        } else {
            None
        }
    }

    /// What a suspended lender's figures since its suspension mean. One bad answer is enough to begin anew. A decline shows
    /// that it answers, but not that its offers are right.
    pub fn probation(&self, cause: Cause, since: &HealthWindow) -> Probation {
        let offered = since.of(CallResult::Offered);
        let good = match cause {
            Cause::Errors => offered + since.of(CallResult::Declined),
            Cause::AprMisdeclared | Cause::Signatures => offered,
        };
        if since.errors() > 0 || since.misdeclared > 0 {
            Probation::Restart
        } else if good >= self.good_answers {
            Probation::Lift
        } else {
            Probation::Wait
        }
    }

    /// How long a lender is left alone that failed this many probations.
    pub fn pause(&self, failed: u32) -> Duration {
        let doubled = u64::from(self.pause_seconds) << failed.min(20);
        Duration::seconds(i64::try_from(doubled.min(u64::from(self.max_pause_seconds))).unwrap_or(i64::MAX))
    }

    /// Whether a lender on probation gets that request. Every process says the same.
    pub fn lets_through(&self, request: RequestId) -> bool {
        let digest = Sha256::digest(request.0.as_bytes());
        let number = digest.iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte));
        number % 100 < self.probation_percent
    }
}
