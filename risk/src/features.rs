//! What a decision is made from: facts with their source and age, the wallet's record, what is owed already.
//!
//! A feature set is stored as it was and replays to the same bytes, so it holds what was known at that moment and no
//! more: derived ratios are made from it by the decision.

use std::collections::BTreeMap;

use alloy_primitives::B256;
use chrono::{DateTime, Utc};
use domain::money::Currency;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::fraud::FraudFacts;

/// Version of the shape of [`FeatureSet`]. Rows of version 1 were `RiskFacts` without this number.
pub const FEATURES_VERSION: u32 = 2;

/// What the integer of a fact counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Minor units of the feature set's currency.
    Minor,
    /// Parts per million.
    Ppm,
    /// Whole months.
    Months,
    /// Whole days.
    Days,
    /// A number of things.
    Count,
}

macro_rules! facts {
    ($($(#[$doc:meta])* $fact:ident = $name:literal, $unit:ident;)*) => {
        /// A fact that policy and models can use. The name is the `source` of a model's feature.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Fact {
            $($(#[$doc])* #[serde(rename = $name)] $fact,)*
        }

        impl Fact {
            /// Every fact, in the order of storage.
            pub const ALL: &[Self] = &[$(Self::$fact,)*];

            /// The name, as stored and as models say it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$fact => $name,)*
                }
            }

            /// What its integer counts.
            pub const fn unit(self) -> Unit {
                match self {
                    $(Self::$fact => Unit::$unit,)*
                }
            }
        }
    };
}

facts! {
    // Declared, or told better by another source.
    /// Gross income of a month, as declared.
    MonthlyIncomeMinor = "MONTHLY_INCOME_MINOR", Minor;
    /// Rent or mortgage of a month.
    MonthlyHousingMinor = "MONTHLY_HOUSING_MINOR", Minor;
    /// Payments of a month on other debts.
    MonthlyDebtMinor = "MONTHLY_DEBT_MINOR", Minor;
    /// Derived: housing, debts and the new principal spread over its term, as a share of income.
    DebtToIncomePpm = "DEBT_TO_INCOME_PPM", Ppm;
    /// Derived: the new principal spread over its term, as a share of income.
    PaymentToIncomePpm = "PAYMENT_TO_INCOME_PPM", Ppm;
    /// In the present work; absent for those who do not live from work, which is no reason against them.
    EmploymentMonths = "EMPLOYMENT_MONTHS", Months;
    /// At the present address.
    ResidenceMonths = "RESIDENCE_MONTHS", Months;
    /// Payments missed in 24 months.
    Delinquencies24m = "DELINQUENCIES_24M", Count;
    /// Credit inquiries in 6 months.
    Inquiries6m = "INQUIRIES_6M", Count;
    /// Since the oldest account was opened; absent without a file.
    CreditHistoryMonths = "CREDIT_HISTORY_MONTHS", Months;
    /// Share of revolving limits in use; may be above a million.
    UtilizationPpm = "UTILIZATION_PPM", Ppm;

    // Bureau.
    /// Sum of the limits of open revolving accounts.
    RevolvingLimitMinor = "REVOLVING_LIMIT_MINOR", Minor;
    /// Months late at the end of the last month: 0 not late with a balance carried, -1 paid in full, -2 nothing owed.
    MonthsLate1 = "MONTHS_LATE_1", Months;
    /// The same, one month earlier.
    MonthsLate2 = "MONTHS_LATE_2", Months;
    /// The same, two months earlier.
    MonthsLate3 = "MONTHS_LATE_3", Months;
    /// The same, three months earlier.
    MonthsLate4 = "MONTHS_LATE_4", Months;
    /// The same, four months earlier.
    MonthsLate5 = "MONTHS_LATE_5", Months;
    /// The same, five months earlier.
    MonthsLate6 = "MONTHS_LATE_6", Months;
    /// Sum of the statements of revolving accounts of the last month.
    Statement1Minor = "STATEMENT_1_MINOR", Minor;
    /// The same, one month earlier.
    Statement2Minor = "STATEMENT_2_MINOR", Minor;
    /// The same, two months earlier.
    Statement3Minor = "STATEMENT_3_MINOR", Minor;
    /// The same, three months earlier.
    Statement4Minor = "STATEMENT_4_MINOR", Minor;
    /// The same, four months earlier.
    Statement5Minor = "STATEMENT_5_MINOR", Minor;
    /// The same, five months earlier.
    Statement6Minor = "STATEMENT_6_MINOR", Minor;
    /// Paid on revolving accounts in the last month.
    Payment1Minor = "PAYMENT_1_MINOR", Minor;
    /// The same, one month earlier.
    Payment2Minor = "PAYMENT_2_MINOR", Minor;
    /// The same, two months earlier.
    Payment3Minor = "PAYMENT_3_MINOR", Minor;
    /// The same, three months earlier.
    Payment4Minor = "PAYMENT_4_MINOR", Minor;
    /// The same, four months earlier.
    Payment5Minor = "PAYMENT_5_MINOR", Minor;
    /// The same, five months earlier.
    Payment6Minor = "PAYMENT_6_MINOR", Minor;
    /// Open credit accounts.
    OpenLines = "OPEN_LINES", Count;
    /// Times 30 to 59 days late in 24 months.
    Late30To59In24m = "LATE_30_59_24M", Count;
    /// Times 60 to 89 days late in 24 months.
    Late60To89In24m = "LATE_60_89_24M", Count;
    /// Times 90 days late or more in 24 months.
    Late90In24m = "LATE_90_24M", Count;
    /// Public records, such as bankruptcies and judgments.
    PublicRecords = "PUBLIC_RECORDS", Count;

    // Bank account.
    /// Recurring income of a month seen in the account (the median month).
    VerifiedIncomeMinor = "VERIFIED_INCOME_MINOR", Minor;
    /// Months in which it was seen.
    IncomeMonths = "INCOME_MONTHS", Months;
    /// How much it varies between months: mean absolute deviation as a share of the median.
    IncomeVariationPpm = "INCOME_VARIATION_PPM", Ppm;
    /// Average balance of the last 90 days.
    AverageBalanceMinor = "AVERAGE_BALANCE_MINOR", Minor;
    /// Lowest balance of the last 90 days; negative when overdrawn.
    LowestBalanceMinor = "LOWEST_BALANCE_MINOR", Minor;
    /// Days overdrawn in 90 days.
    OverdraftDays90d = "OVERDRAFT_DAYS_90D", Days;
    /// Payments returned unpaid in 90 days.
    ReturnedPayments90d = "RETURNED_PAYMENTS_90D", Count;
    /// Recurring payments of a month on debts seen in the account.
    RecurringDebtMinor = "RECURRING_DEBT_MINOR", Minor;
    /// Age of the oldest account seen.
    AccountAgeDays = "ACCOUNT_AGE_DAYS", Days;

    // Own history.
    /// Loans with us that were repaid in full.
    OwnLoansClosed = "OWN_LOANS_CLOSED", Count;
    /// Loans with us that are open.
    OwnLoansOpen = "OWN_LOANS_OPEN", Count;
    /// Days late with us in 12 months, summed over installments.
    OwnLateDays12m = "OWN_LATE_DAYS_12M", Days;
    /// The longest that an installment with us was late, ever.
    OwnWorstLateDays = "OWN_WORST_LATE_DAYS", Days;
    /// Share of the principal that fell due with us and was repaid.
    OwnRepaidPpm = "OWN_REPAID_PPM", Ppm;
    /// Since the first loan with us.
    OwnTenureDays = "OWN_TENURE_DAYS", Days;
}

impl Fact {
    /// True for what the decision makes from other facts; such a fact in a feature set is not read.
    pub const fn is_derived(self) -> bool {
        matches!(self, Self::DebtToIncomePpm | Self::PaymentToIncomePpm)
    }
}

/// Where a fact comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Source {
    /// Declared by the applicant.
    Application,
    /// A credit bureau's report.
    Bureau,
    /// The applicant's bank account.
    Bank,
    /// Our own books.
    Own,
    /// A chain.
    Chain,
}

impl Source {
    /// The better source wins: what we saw ourselves, then what a bank or bureau saw, then what was declared.
    const fn rank(self) -> u8 {
        match self {
            Self::Application => 0,
            Self::Bureau => 1,
            Self::Bank => 2,
            Self::Chain => 3,
            Self::Own => 4,
        }
    }
}

/// One value with its provenance.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// In the fact's unit.
    pub value: i64,
    /// Who says so.
    pub source: Source,
    /// When it was true. A cached report keeps the time of the report.
    pub as_of: DateTime<Utc>,
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Known({:?})", self.source)
    }
}

/// A value that a better source contradicted; kept for the officer, read by nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overruled {
    /// Of which fact.
    pub fact: Fact,
    /// What the lesser source said.
    pub known: Known,
}

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
