//! Facts that several documents share.

use chrono::NaiveDate;
use domain::{Money, Rate};
use serde::{Deserialize, Serialize};

mod eu;
mod india;
mod us;

pub use domain::calendar::{Period, Unit};
pub use domain::offer::{LateTerms, ScheduledPayment};
pub use eu::*;
pub use india::*;
pub use us::*;

/// English of a country: how numbers, money and dates are written, and the language tag of the document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Locale {
    /// United States: `$1,234.50`, `November 21, 2026`.
    EnUs,
    /// United Kingdom: `£1,234.50`, `21 November 2026`.
    EnGb,
    /// Ireland, and the other euro countries for as long as the text is English: `€1,234.50`.
    EnIe,
    /// India: `₹1,23,456.00` in groups of lakh and crore.
    EnIn,
}

/// A company or a person with an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Party {
    /// Name as it is registered, or the full name of a person.
    pub name: String,
    /// Lines of the address.
    pub address: Vec<String>,
    /// Telephone; in the US toll-free where a rule asks for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// E-mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Web address, shown as text and never as a link.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub web: Option<String>,
}

impl Party {
    /// A party known by its name alone.
    pub fn named(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            address: Vec::new(),
            phone: None,
            email: None,
            web: None,
        }
    }
}

/// A name and an amount.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// What it is.
    pub label: String,
    /// How much.
    pub amount: Money,
}

/// How the rate can change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VariableRate {
    /// Name of the index.
    pub index: String,
    /// The index today, a year.
    pub index_rate: Rate,
    /// Spread over the index, a year.
    pub spread: Rate,
    /// Highest rate, a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cap: Option<Rate>,
    /// Lowest rate, a year.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub floor: Option<Rate>,
    /// How often the rate is set anew.
    pub reset_every: Period,
    /// What an increase of the reference by a quarter of a percentage point does, computed by the caller.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plus_25bp: Option<RateEffect>,
}

/// The effect of a change of the reference rate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateEffect {
    /// The installment with the number of installments unchanged.
    pub installment: Money,
    /// The number of installments with the installment unchanged.
    pub installments: u32,
}

/// What secures the debt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecurityInterest {
    /// The property, for example `4 dWETH locked in the settlement contract`.
    pub property: String,
    /// Loan-to-value at which the collateral is sold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liquidation_threshold: Option<Rate>,
    /// Share lost in a liquidation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub liquidation_penalty: Option<Rate>,
    /// Fees to record or release the security, where there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filing_fees: Option<Money>,
}

/// Paying early.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prepayment {
    /// Charge on the principal paid early; zero when there is none.
    pub charge: Rate,
    /// Part of the finance charge (such as an origination fee) is kept by the lender when the loan is paid early.
    pub finance_charge_kept: bool,
}

/// Execution on a chain.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OnchainTerms {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Settlement contract, as hexadecimal text.
    pub contract: String,
    /// EIP-712 hash of the order, as hexadecimal text.
    pub order_hash: String,
    /// Wallet that receives the money, as hexadecimal text.
    pub wallet: String,
}

/// Summary of a credit agreement for the borrower.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    /// Number of the agreement.
    pub reference: String,
    /// Language and country.
    pub locale: Locale,
    /// Day of the agreement.
    pub date: NaiveDate,
    /// The lender.
    pub lender: Party,
    /// The borrower.
    pub borrower: Party,
    /// Principal.
    pub principal: Money,
    /// What arrives.
    pub net_disbursed: Money,
    /// Interest, a year.
    pub interest_rate: Rate,
    /// How the rate can change; none for a fixed rate.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub variable: Option<VariableRate>,
    /// APR in the borrower's home convention.
    pub apr: Rate,
    /// The calendar of payments.
    pub schedule: Vec<ScheduledPayment>,
    /// Fees.
    pub fees: Vec<Line>,
    /// Late payment.
    pub late: LateTerms,
    /// Paying early.
    pub prepayment: Prepayment,
    /// Days in which the borrower may withdraw.
    pub cooling_off_days: u32,
    /// Security.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub security: Option<SecurityInterest>,
    /// Execution on a chain.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub onchain: Option<OnchainTerms>,
    /// Law of the agreement.
    pub governing_law: String,
}
