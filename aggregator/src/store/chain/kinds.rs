//! The stored shape of events: amounts are text, because tagged JSON cannot carry 128-bit numbers.

use alloy_primitives::{Address, B256};
use domain::ports::LoanEventKind;
use serde::{Deserialize, Serialize};

/// An event of a loan as stored.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(super) enum StoredKind {
    Originated {
        order_hash: B256,
        lender: Address,
        borrower: Address,
        #[serde(with = "text")]
        principal: u128,
        #[serde(with = "text")]
        fee: u128,
    },
    Repaid {
        payer: Address,
        #[serde(with = "text")]
        late_fee: u128,
        #[serde(with = "text")]
        interest: u128,
        #[serde(with = "text")]
        principal: u128,
        #[serde(with = "text")]
        outstanding: u128,
    },
    Closed,
    Refinanced {
        new_loan: B256,
    },
    Liquidated {
        liquidator: Address,
        late: bool,
        #[serde(with = "text")]
        seized: u128,
        #[serde(with = "text")]
        returned: u128,
        #[serde(with = "text")]
        shortfall: u128,
        ended: bool,
    },
    Defaulted {
        #[serde(with = "text")]
        outstanding: u128,
        #[serde(with = "text")]
        seized: u128,
        #[serde(with = "text")]
        returned: u128,
    },
    CollateralChanged {
        by: Address,
        #[serde(with = "text")]
        held: u128,
    },
    BreakerTripped {
        asset: Address,
        #[serde(with = "text")]
        used: u128,
        #[serde(with = "text")]
        refused: u128,
        #[serde(with = "text")]
        cap: u128,
    },
}

/// Amounts as decimal text.
pub(crate) mod text {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(value: &u128, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(value)
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u128, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Kinds after which the contract holds nothing of a loan.
pub(super) const ENDINGS: [&str; 4] = ["closed", "refinanced", "liquidated", "defaulted"];

impl StoredKind {
    /// The name by which events are found; a liquidation that left debt has another than one that ended the loan.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Self::Originated { .. } => "originated",
            Self::Repaid { .. } => "repaid",
            Self::Closed => "closed",
            Self::Refinanced { .. } => "refinanced",
            Self::Liquidated { ended: true, .. } => "liquidated",
            Self::Liquidated { ended: false, .. } => "partly_liquidated",
            Self::Defaulted { .. } => "defaulted",
            Self::CollateralChanged { .. } => "collateral_changed",
            Self::BreakerTripped { .. } => "breaker_tripped",
        }
    }
}

/// Both enums have the same variants with the same fields.
macro_rules! both_ways {
    ($($variant:ident $({ $($field:ident),+ })?),+ $(,)?) => {
        impl From<StoredKind> for LoanEventKind {
            fn from(kind: StoredKind) -> Self {
                match kind { $(StoredKind::$variant $({ $($field),+ })? => Self::$variant $({ $($field),+ })?),+ }
            }
        }

        impl From<LoanEventKind> for StoredKind {
            fn from(kind: LoanEventKind) -> Self {
                match kind { $(LoanEventKind::$variant $({ $($field),+ })? => Self::$variant $({ $($field),+ })?),+ }
            }
        }
    };
}

both_ways! {
    Originated { order_hash, lender, borrower, principal, fee },
    Repaid { payer, late_fee, interest, principal, outstanding },
    Closed,
    Refinanced { new_loan },
    Liquidated { liquidator, late, seized, returned, shortfall, ended },
    Defaulted { outstanding, seized, returned },
    CollateralChanged { by, held },
    BreakerTripped { asset, used, refused, cap },
}
