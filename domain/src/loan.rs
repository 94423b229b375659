//! State machines of a request, a settlement and a loan. The same tables stand as checks in the database.

use serde::{Deserialize, Serialize};

macro_rules! states {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum $name {
            $($(#[$vdoc])* #[serde(rename = $text)] $variant),+
        }

        impl $name {
            /// Every state.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The name as stored.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The state of that stored name.
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|s| s.as_str() == text)
            }
        }
    };
}
pub(crate) use states;

states! {
    /// Life of a quote request.
    RequestState {
        /// Lenders are being asked.
        Quoting = "QUOTING",
        /// The book is closed; quotes can be accepted until they expire.
        Quoted = "QUOTED",
        /// A quote was accepted.
        Accepted = "ACCEPTED",
        /// Nobody offered.
        Declined = "DECLINED",
        /// Every quote expired.
        Expired = "EXPIRED",
    }
}

impl RequestState {
    /// The transition table.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Quoting, Self::Quoted | Self::Declined) | (Self::Quoted, Self::Accepted | Self::Expired)
        )
    }
}

states! {
    /// Life of a settlement: from acceptance to money out.
    SettlementState {
        /// Accepted; on chain the borrower's signature is awaited.
        AwaitingSignature = "AWAITING_SIGNATURE",
        /// Signed, or off chain: about to be handed to the chain or the lender.
        Ready = "READY",
        /// Handed over; the answer is not known. Left only by evidence.
        Submitted = "SUBMITTED",
        /// Money is out.
        Settled = "SETTLED",
        /// Evidence says that it will never settle.
        Failed = "FAILED",
        /// Withdrawn before anything was handed over.
        Cancelled = "CANCELLED",
    }
}

impl SettlementState {
    /// The transition table.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::AwaitingSignature, Self::Ready | Self::Cancelled)
                | (Self::Ready, Self::Submitted | Self::Cancelled)
                | (Self::Submitted, Self::Settled | Self::Failed)
        )
    }

    /// Nothing follows.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Settled | Self::Failed | Self::Cancelled)
    }
}

states! {
    /// Life of a loan. It is born by a settlement's finality.
    LoanState {
        /// Accepted, money not yet out.
        Pending = "PENDING",
        /// Money is out, something is owed.
        Active = "ACTIVE",
        /// An installment is past due and its grace.
        Delinquent = "DELINQUENT",
        /// Everything was paid.
        Closed = "CLOSED",
        /// Collateral was seized or the debt given up.
        Defaulted = "DEFAULTED",
        /// The settlement failed or was withdrawn.
        Cancelled = "CANCELLED",
    }
}

impl LoanState {
    /// The transition table.
    pub fn may_become(self, next: Self) -> bool {
        matches!(
            (self, next),
            (Self::Pending, Self::Active | Self::Cancelled)
                | (Self::Active, Self::Delinquent | Self::Closed | Self::Defaulted)
                | (Self::Delinquent, Self::Active | Self::Closed | Self::Defaulted)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn final_states_have_no_way_out_and_names_round_trip() {
        for state in LoanState::ALL {
            assert_eq!(LoanState::parse(state.as_str()), Some(*state));
        }
        for state in SettlementState::ALL {
            let leaves = SettlementState::ALL.iter().any(|next| state.may_become(*next));
            assert_eq!(leaves, !state.is_final(), "{state:?}");
        }
        for ended in [LoanState::Closed, LoanState::Defaulted, LoanState::Cancelled] {
            assert!(LoanState::ALL.iter().all(|next| !ended.may_become(*next)));
        }
    }

    #[test]
    fn an_unknown_outcome_is_never_cancelled() {
        assert!(!SettlementState::Submitted.may_become(SettlementState::Cancelled));
        assert!(!SettlementState::Submitted.may_become(SettlementState::Ready));
    }
}
