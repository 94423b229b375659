//! Configuration of a marketplace.

use chrono::TimeDelta;
use domain::offer::Inquiry;
use domain::request::Product;
use domain::{Currency, ProviderId};
use sdk::{Capabilities, EndpointError, check_capabilities};
use serde::{Deserialize, Serialize};

use crate::manifest::{SecretError, SecretRef};

/// One entry of the configuration: `kind = "rate-table"`.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateTableConfig {
    /// Operator-given name.
    pub id: ProviderId,
    /// Base address of the interface.
    pub url: String,
    /// Base address of the blocking twin; when it is given, it is asked in place of polling.
    #[serde(default)]
    pub blocking_url: Option<String>,
    /// Where the bearer token is: `{ env = "NAME" }` or `{ file = "/path" }`.
    pub token: SecretRef,
    /// Milliseconds between two looks at a table that still fills, 10 to 10,000.
    #[serde(default = "default_poll_ms")]
    pub poll_ms: u64,
    /// Longest wait of calls without a deadline, milliseconds, 1 to 60,000.
    #[serde(default = "default_timeout_ms")]
    pub timeout_ms: u64,
    /// Minutes for which an offer is shown, 1 to 1,440.
    #[serde(default = "default_valid_minutes")]
    pub valid_minutes: u32,
    /// What its originators do.
    pub capabilities: Capabilities,
    /// Layers around it.
    #[serde(default)]
    pub policy: crate::layers::Policy,
}

/// A marketplace that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RateTableError {
    /// A field of the configuration.
    #[error("{field}: {detail}")]
    Field {
        /// The field.
        field: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// An address that may not be dialled.
    #[error("{field}")]
    Address {
        /// The field.
        field: &'static str,
        /// What is wrong.
        #[source]
        source: EndpointError,
    },
    /// The token is not there.
    #[error("token")]
    Token(#[source] SecretError),
}

/// What offers say beside their figures.
#[derive(Clone, Copy, Debug)]
pub(super) struct Terms {
    pub valid_for: TimeDelta,
    pub inquiry: Inquiry,
}

fn default_poll_ms() -> u64 {
    200
}

fn default_timeout_ms() -> u64 {
    5_000
}

fn default_valid_minutes() -> u32 {
    30
}

impl RateTableConfig {
    pub(super) fn terms(&self) -> Terms {
        Terms {
            valid_for: TimeDelta::minutes(i64::from(self.valid_minutes)),
            inquiry: self.capabilities.inquiry,
        }
    }

    pub(super) fn check(&self) -> Result<(), RateTableError> {
        let wrong = |field, detail: &str| {
            Err(RateTableError::Field {
                field,
                detail: detail.into(),
            })
        };
        if !(10..=10_000).contains(&self.poll_ms) {
            return wrong("poll_ms", "10 to 10000");
        }
        if !(1..=60_000).contains(&self.timeout_ms) {
            return wrong("timeout_ms", "1 to 60000");
        }
        if !(1..=1_440).contains(&self.valid_minutes) {
            return wrong("valid_minutes", "1 to 1440");
        }
        let usd = self
            .capabilities
            .amounts
            .iter()
            .all(|range| range.currency == Currency::usd());
        if !usd {
            return wrong("capabilities.amounts", "rate tables are in US dollars");
        }
        if self
            .capabilities
            .jurisdictions
            .iter()
            .any(|place| place.country != "US")
        {
            return wrong("capabilities.jurisdictions", "rate tables are for the United States");
        }
        if self.capabilities.products != [Product::Installment] {
            return wrong("capabilities.products", "only INSTALLMENT is read of a rate table");
        }
        if let Some(error) = check_capabilities(&self.capabilities).into_iter().next() {
            return wrong("capabilities", &error.to_string());
        }
        Ok(())
    }
}
