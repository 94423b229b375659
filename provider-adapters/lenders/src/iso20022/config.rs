//! Configuration of a bank by files.

use std::path::PathBuf;

use chrono::TimeDelta;
use domain::request::Product;
use domain::{Currency, Money, ProviderId, Rate};
use sdk::{Capabilities, check_capabilities};
use serde::{Deserialize, Serialize};

use super::account::Account;

/// The longest term of a rate card, months.
const MAX_MONTHS: u32 = 600;

/// One entry of the configuration: `kind = "bank-files"`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BankFilesConfig {
    /// Operator-given name.
    pub id: ProviderId,
    /// Where files come and go; its parts are made when they are not there. Of one bank alone.
    pub folder: PathBuf,
    /// The bank's account for loans: it pays out and is paid back.
    pub account: Account,
    /// The account that is paid: the client-money account from which borrowers are paid under the same end-to-end id.
    pub payout: Account,
    /// Currency of the account.
    pub currency: Currency,
    /// The rate card, shortest terms first.
    pub rates: Vec<RateBand>,
    /// Minutes for which an offer binds, 1 to 10,080.
    #[serde(default = "default_valid_minutes")]
    pub valid_minutes: u32,
    /// Days after a due date without a late fee.
    #[serde(default)]
    pub grace_days: u32,
    /// Fee of a late installment, minor units.
    #[serde(default)]
    pub late_fee: i64,
    /// Milliseconds between two looks into the folder, 10 to 3,600,000.
    #[serde(default = "default_poll_ms")]
    pub poll_ms: u64,
    /// What the bank does.
    pub capabilities: Capabilities,
    /// Layers around it.
    #[serde(default)]
    pub policy: crate::layers::Policy,
}

/// One line of a rate card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateBand {
    /// Longest term of this line, months.
    pub max_months: u32,
    /// Nominal yearly rate, parts per million.
    pub rate_ppm: u32,
    /// Fee withheld, basis points of the principal, rounded down.
    #[serde(default)]
    pub fee_bps: u16,
}

impl RateBand {
    /// The fee of a principal.
    pub(super) fn fee_down(&self, principal: Money) -> Money {
        let fee = i128::from(principal.minor) * i128::from(self.fee_bps) / 10_000;
        Money::new(i64::try_from(fee).unwrap_or(i64::MAX), principal.currency)
    }

    pub(super) fn rate(&self) -> Rate {
        Rate::from_ppm(i64::from(self.rate_ppm))
    }
}

/// A bank that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BankFilesError {
    /// A field of the configuration.
    #[error("{field}: {detail}")]
    Field {
        /// The field.
        field: String,
        /// What is wrong.
        detail: String,
    },
    /// The folder cannot be made or written.
    #[error("folder {0}")]
    Folder(PathBuf, #[source] std::io::Error),
}

fn default_valid_minutes() -> u32 {
    60
}

fn default_poll_ms() -> u64 {
    5_000
}

impl BankFilesConfig {
    pub(super) fn valid_for(&self) -> TimeDelta {
        TimeDelta::minutes(i64::from(self.valid_minutes))
    }

    /// The line of a term.
    pub(super) fn band(&self, months: u32) -> Option<&RateBand> {
        self.rates.iter().find(|band| months <= band.max_months)
    }

    pub(super) fn check(&self) -> Result<(), BankFilesError> {
        let wrong = |field: &str, detail: &str| {
            Err(BankFilesError::Field {
                field: field.into(),
                detail: detail.into(),
            })
        };
        for (name, account) in [("account", &self.account), ("payout", &self.payout)] {
            if let Some((field, detail)) = account.complaint() {
                return wrong(&format!("{name}.{field}"), detail);
            }
        }
        let limits = [
            (
                "valid_minutes",
                (1..=10_080).contains(&self.valid_minutes),
                "1 to 10080",
            ),
            ("poll_ms", (10..=3_600_000).contains(&self.poll_ms), "10 to 3600000"),
            ("late_fee", self.late_fee >= 0, "is negative"),
            ("grace_days", self.grace_days <= 366, "at most 366"),
            ("rates", !self.rates.is_empty(), "has no line"),
        ];
        if let Some((field, _, detail)) = limits.into_iter().find(|(_, holds, _)| !holds) {
            return wrong(field, detail);
        }
        let mut before = 0;
        for (number, band) in self.rates.iter().enumerate() {
            if band.max_months <= before || band.max_months > MAX_MONTHS {
                return wrong(&format!("rates[{number}].max_months"), "must rise, to 600 at most");
            }
            if band.rate_ppm > 10_000_000 {
                return wrong(&format!("rates[{number}].rate_ppm"), "is above 1,000 %");
            }
            if band.fee_bps >= 10_000 {
                return wrong(&format!("rates[{number}].fee_bps"), "leaves nothing to pay out");
            }
            before = band.max_months;
        }
        let amounts = &self.capabilities.amounts;
        if amounts.len() != 1 || amounts.iter().any(|range| range.currency != self.currency) {
            return wrong("capabilities.amounts", "must be one range in the account's currency");
        }
        if self.capabilities.products != [Product::Installment] {
            return wrong("capabilities.products", "a rate card lends INSTALLMENT");
        }
        match check_capabilities(&self.capabilities).into_iter().next() {
            Some(error) => wrong("capabilities", &error.to_string()),
            None => Ok(()),
        }
    }
}
