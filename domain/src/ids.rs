//! Typed identifiers. All are UUIDv7 except a provider's id, which is the name an operator gave it.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! uuid_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(&self.0, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, uuid::Error> {
                Uuid::parse_str(text).map(Self)
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }
    )+};
}

uuid_id! {
    /// One organisation or consumer realm; objects of another tenant do not exist for the caller.
    TenantId,
    /// A person or a machine that acts: borrower, integrator, provider, officer.
    PrincipalId,
    /// One request for quotes.
    RequestId,
    /// One canonical quote.
    QuoteId,
    /// One acceptance of a quote and the settlement that follows it.
    SettlementId,
    /// One loan in our books.
    LoanId,
    /// One stored risk or compliance decision.
    DecisionId,
    /// One event in the outbox.
    EventId,
    /// One ledger transaction.
    EntryId,
    /// One transaction that the submitter sends to a chain.
    ChainTxId,
    /// One repayment, on chain or off chain.
    PaymentId,
}

/// The operator-given name of a lender, for example `harbor-bank`: 1 to 64 of `a-z 0-9 -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ProviderId(String);

impl ProviderId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The text is not a provider id.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a provider id is 1 to 64 of a-z, 0-9 and -")]
pub struct BadProviderId;

impl FromStr for ProviderId {
    type Err = BadProviderId;
    fn from_str(text: &str) -> Result<Self, BadProviderId> {
        Self::try_from(text.to_owned())
    }
}

impl TryFrom<String> for ProviderId {
    type Error = BadProviderId;
    fn try_from(text: String) -> Result<Self, BadProviderId> {
        let fits = (1..=64).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if fits { Ok(Self(text)) } else { Err(BadProviderId) }
    }
}

impl From<ProviderId> for String {
    fn from(id: ProviderId) -> Self {
        id.0
    }
}

impl fmt::Display for ProviderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
