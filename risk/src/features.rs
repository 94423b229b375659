//! What a decision is made from: facts with their source and age, the wallet's record, what is owed already.
//!
//! A feature set is stored as it was and replays to the same bytes, so it holds what was known at that moment and no
//! more: derived ratios are made from it by the decision.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use chrono::{DateTime, Utc};
use domain::eligibility::approximate_days;
use domain::money::{Currency, Money};
use domain::request::{CreditRequest, Employment};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use crate::facts::{Fact, Known, Overruled, Source};
use crate::fraud::FraudFacts;

/// Version of the shape of [`FeatureSet`]. Rows of version 1 were `RiskFacts` without this number.
pub const FEATURES_VERSION: u32 = 2;

/// A source that gave nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissingSource {
    /// Which.
    pub source: Source,
    /// A stable code, for example `TIMEOUT` or `NO_CONSENT`.
    pub why: String,
}

/// What was read of a chain, frozen so that the decision can be replayed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainFrame {
    /// EIP-155.
    pub chain_id: u64,
    /// Last final block that counts.
    pub block: u64,
    /// Its hash.
    pub block_hash: B256,
    /// Version of the indexer that read it.
    pub indexer_version: u32,
    /// Where prices came from, for example `chainlink`.
    pub price_source: String,
}

/// The record of a wallet. Every number is None where it could not be had, never a guess.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WalletFacts {
    /// Days since the first transaction.
    pub age_days: Option<i64>,
    /// Transactions sent.
    pub outbound_tx: Option<i64>,
    /// Different lending protocols used.
    pub protocols: Option<i64>,
    /// Times borrowed.
    pub borrows: Option<i64>,
    /// Times repaid.
    pub repays: Option<i64>,
    /// Share of what was borrowed and was repaid rather than liquidated or still owed.
    pub repay_ppm: Option<i64>,
    /// Times liquidated.
    pub liquidations: Option<i64>,
    /// Days since the last liquidation; None without one.
    pub days_since_liquidation: Option<i64>,
    /// Share of what was borrowed and was liquidated.
    pub liquidated_share_ppm: Option<i64>,
    /// Lowest health factor, a million is the liquidation line.
    pub min_health_ppm: Option<i64>,
    /// Mean health factor.
    pub mean_health_ppm: Option<i64>,
    /// Days with a health factor below 1.2.
    pub days_at_risk: Option<i64>,
    /// How stable the balance was over 90 days: lowest as a share of the mean.
    pub balance_stability_ppm: Option<i64>,
    /// Share of the largest asset.
    pub concentration_ppm: Option<i64>,
    /// Counterparties on sanctions, mixer or exploit lists.
    pub flagged_contacts: Option<i64>,
    /// First funds came over a bridge within 30 days.
    pub bridged_recently: Option<bool>,
    /// True when the person has shown that the wallet is theirs; else its history counts as absent.
    pub proven_link: bool,
    /// What was read, one a chain.
    pub frames: Vec<ChainFrame>,
}

impl std::fmt::Debug for WalletFacts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WalletFacts")
            .field("proven_link", &self.proven_link)
            .field("frames", &self.frames)
            .finish_non_exhaustive()
    }
}

/// What the borrower owes us already, in the feature set's currency.
#[derive(Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exposure {
    /// Principal paid out and not repaid.
    pub outstanding_minor: i64,
    /// Promised and not yet paid out.
    pub reserved_minor: i64,
    /// Days that the latest open installment is late now; 0 when none is.
    pub late_days: u32,
    /// An officer looked at this borrower and lets what asks for a review pass until then. A decline stays a decline.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cleared_until: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for Exposure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exposure(personal data)")
    }
}

/// Everything that one decision is made from.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeatureSet {
    /// [`FEATURES_VERSION`].
    pub version: u32,
    /// When it was gathered; ages count from here.
    pub at: DateTime<Utc>,
    /// The borrower. Decides the routing between models, nothing else.
    pub subject: Uuid,
    /// Currency of every amount.
    pub currency: Currency,
    /// Asked for, minor units.
    pub amount_minor: i64,
    /// Length in days.
    pub term_days: u32,
    /// The best known value of each fact.
    pub facts: BTreeMap<Fact, Known>,
    /// What lesser sources said otherwise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub overruled: Vec<Overruled>,
    /// The wallet's record; None when the request names no wallet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wallet: Option<WalletFacts>,
    /// What is owed already.
    pub exposure: Exposure,
    /// What fraud rules look at.
    #[serde(default)]
    pub fraud: FraudFacts,
    /// Sources that gave nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing_sources: Vec<MissingSource>,
}

impl std::fmt::Debug for FeatureSet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FeatureSet")
            .field("version", &self.version)
            .field("at", &self.at)
            .field("facts", &self.facts.len())
            .finish_non_exhaustive()
    }
}

impl FeatureSet {
    /// What the application alone says. Age, sex, name, nationality and address are no facts here.
    pub fn of(request: &CreditRequest) -> Self {
        let currency = request.amount.currency;
        let mut set = Self {
            version: FEATURES_VERSION,
            at: request.at,
            subject: request.borrower.0,
            currency,
            amount_minor: request.amount.minor,
            term_days: approximate_days(request.term),
            facts: BTreeMap::new(),
            overruled: Vec::new(),
            wallet: request.wallet.map(|_| WalletFacts::default()),
            exposure: Exposure::default(),
            fraud: FraudFacts::default(),
            missing_sources: Vec::new(),
        };
        for (fact, value) in declared(request, currency) {
            if let Some(value) = value {
                let known = Known {
                    value,
                    source: Source::Application,
                    as_of: request.at,
                };
                set.put(fact, known);
            }
        }
        set
    }

    /// The amount as money.
    pub fn amount(&self) -> Money {
        Money::new(self.amount_minor, self.currency)
    }

    /// The value of a fact, whatever its age.
    pub fn value(&self, fact: Fact) -> Option<i64> {
        self.facts.get(&fact).map(|known| known.value)
    }

    /// Puts a fact. The better source wins, of equal sources the younger; the other is kept as overruled when it says
    /// something else.
    pub fn put(&mut self, fact: Fact, known: Known) {
        let weight = |known: &Known| (known.source.rank(), known.as_of);
        match self.facts.get_mut(&fact) {
            None => {
                self.facts.insert(fact, known);
            }
            Some(held) => {
                let lesser = if weight(&known) >= weight(held) {
                    std::mem::replace(held, known)
                } else {
                    known
                };
                if lesser.value != held.value {
                    self.overruled.push(Overruled { fact, known: lesser });
                }
            }
        }
    }
}

/// The applicant's own words as facts. Another currency has no price here, and a negative amount no meaning: neither is
/// used.
fn declared(request: &CreditRequest, currency: Currency) -> [(Fact, Option<i64>); 9] {
    let applicant = &request.applicant;
    let usable = |money: Money| (money.currency == currency && money.minor >= 0).then_some(money.minor);
    let employment = match applicant.employment {
        Employment::Employed | Employment::SelfEmployed => Some(applicant.employment_months),
        Employment::Unemployed => Some(0),
        Employment::Student | Employment::Retired => None,
    };
    let utilization = applicant.revolving_utilization_percent;
    [
        (Fact::MonthlyIncomeMinor, usable(applicant.monthly_income)),
        (Fact::MonthlyHousingMinor, usable(applicant.monthly_housing_cost)),
        (Fact::MonthlyDebtMinor, usable(applicant.monthly_debt_payments)),
        (Fact::EmploymentMonths, employment.map(i64::from)),
        (Fact::ResidenceMonths, Some(applicant.residence_months.into())),
        (Fact::Delinquencies24m, Some(applicant.delinquencies_24m.into())),
        (Fact::Inquiries6m, Some(applicant.inquiries_6m.into())),
        (
            Fact::CreditHistoryMonths,
            applicant.credit_history_months.map(i64::from),
        ),
        (
            Fact::UtilizationPpm,
            utilization.map(|percent| i64::from(percent) * 10_000),
        ),
    ]
}
