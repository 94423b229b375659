//! Life of a loan after money is out: schedule, repayments, delinquency, payoff, closure.
//!
//! Every change of a loan is a [`LoanChange`] in `lending.loan_event`; the loan's row is their fold.

mod breaker;
mod chain_events;
mod collateral;
mod delinquency;
mod endings;
mod instructions;
mod offchain;
mod plan;
mod venue_events;
mod venue_views;
mod views;

pub use instructions::{InstructionsView, RepaymentAccount};

use std::time::Duration;

use alloy_primitives::Address;
use chrono::{DateTime, Utc};
use domain::ids::{LoanId, PaymentId};
use domain::loan::LoanState;
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

pub(crate) use collateral::collateral_asset;
pub(crate) use plan::{plan, waterfall};
pub(crate) use views::{live_onchain, not_live};

use crate::api::{EndedBy, Error};
use crate::events::Event;
use crate::store::chain;
use crate::store::chain::kinds::text;
use crate::store::lending::{self, LoanRow};
use crate::store::{Unreadable, corrupt, to_json};
use crate::{World, events};

/// Something that happened to a loan. Amounts are whole units as text: tagged JSON cannot carry 128-bit numbers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub(crate) enum LoanChange {
    /// A quote was accepted.
    Opened {
        #[serde(with = "text")]
        principal: u128,
    },
    /// Money is out.
    Activated {
        #[serde(with = "text")]
        principal: u128,
    },
    /// A payment counted.
    Repaid {
        payment: PaymentId,
        #[serde(with = "text")]
        late_fee: u128,
        #[serde(with = "text")]
        fees: u128,
        #[serde(with = "text")]
        interest: u128,
        #[serde(with = "text")]
        principal: u128,
    },
    /// A late fee or penal interest was charged.
    LateFeeCharged {
        #[serde(with = "text")]
        amount: u128,
    },
    /// An installment is past due and its grace.
    FellBehind { installment: u32 },
    /// Nothing is past due any more.
    CaughtUp,
    /// Everything was paid.
    Closed,
    /// Another loan paid this one off; one of ours when its id is known.
    Refinanced { by: Option<LoanId> },
    /// A liquidator paid and took collateral.
    Liquidated {
        liquidator: Address,
        /// A missed installment allowed it; otherwise the value of the collateral did.
        late: bool,
        #[serde(with = "text")]
        seized: u128,
        #[serde(with = "text")]
        returned: u128,
        #[serde(with = "text")]
        shortfall: u128,
        ended: bool,
    },
    /// The pool asked for less than was lent, by the rounding of its own books.
    RoundedOff {
        #[serde(with = "text")]
        principal: u128,
    },
    /// Collateral was added or withdrawn.
    CollateralChanged {
        by: Address,
        #[serde(with = "text")]
        held: u128,
    },
    /// The debt was given up.
    Defaulted {
        #[serde(with = "text")]
        outstanding: u128,
        #[serde(with = "text", default)]
        seized: u128,
        #[serde(with = "text", default)]
        returned: u128,
    },
    /// The settlement failed or was withdrawn.
    Cancelled,
}

impl LoanChange {
    /// The name of the event in the outbox.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Opened { .. } => "LoanOpened",
            Self::Activated { .. } => "LoanActivated",
            Self::Repaid { .. } => "LoanRepaid",
            Self::LateFeeCharged { .. } => "LoanLateFeeCharged",
            Self::FellBehind { .. } => "LoanFellBehind",
            Self::CaughtUp => "LoanCaughtUp",
            Self::Closed => "LoanClosed",
            Self::Refinanced { .. } => "LoanRefinanced",
            Self::Liquidated { .. } => "LoanLiquidated",
            Self::RoundedOff { .. } => "LoanRoundedOff",
            Self::CollateralChanged { .. } => "LoanCollateralChanged",
            Self::Defaulted { .. } => "LoanDefaulted",
            Self::Cancelled => "LoanCancelled",
        }
    }
}

impl LoanChange {
    /// The end that this change is, if it is one.
    pub(crate) fn end(&self) -> Option<EndedBy> {
        match self {
            Self::Closed => Some(EndedBy::Repaid),
            Self::Refinanced { .. } => Some(EndedBy::Refinanced),
            Self::Liquidated { ended: true, .. } => Some(EndedBy::Liquidated),
            Self::Defaulted { .. } => Some(EndedBy::Defaulted),
            _ => None,
        }
    }
}

/// What the events of a loan add up to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Fold {
    pub state: LoanState,
    pub version: i32,
    pub outstanding: u128,
    pub ended_by: Option<EndedBy>,
}

impl Fold {
    /// Before the first event.
    pub(crate) const START: Self = Self {
        state: LoanState::Pending,
        version: 0,
        outstanding: 0,
        ended_by: None,
    };

    /// As the row says.
    pub(crate) fn of(loan: &LoanRow) -> Self {
        Self {
            state: loan.state,
            version: loan.version,
            outstanding: loan.outstanding,
            ended_by: loan.ended_by,
        }
    }

    /// The next state, or none when the change cannot happen to this loan.
    pub(crate) fn apply(self, change: &LoanChange) -> Option<Self> {
        let live = matches!(self.state, LoanState::Active | LoanState::Delinquent);
        let (state, outstanding) = match change {
            LoanChange::Opened { .. } if self.version == 0 => (LoanState::Pending, 0),
            LoanChange::Activated { principal } if self.state == LoanState::Pending => (LoanState::Active, *principal),
            LoanChange::Repaid { principal, .. } if live => (self.state, self.outstanding.checked_sub(*principal)?),
            LoanChange::RoundedOff { principal } if live => (self.state, self.outstanding.checked_sub(*principal)?),
            LoanChange::LateFeeCharged { .. } if live => (self.state, self.outstanding),
            LoanChange::FellBehind { .. } if self.state == LoanState::Active => {
                (LoanState::Delinquent, self.outstanding)
            }
            LoanChange::CaughtUp if self.state == LoanState::Delinquent => (LoanState::Active, self.outstanding),
            LoanChange::Closed
            | LoanChange::Refinanced { .. }
            | LoanChange::Liquidated {
                ended: true,
                shortfall: 0,
                ..
            } if self.outstanding == 0 => (LoanState::Closed, 0),
            LoanChange::Liquidated { ended: false, .. } | LoanChange::CollateralChanged { .. } if live => {
                (self.state, self.outstanding)
            }
            LoanChange::Liquidated {
                ended: true, shortfall, ..
            } if *shortfall > 0 => (LoanState::Defaulted, self.outstanding),
            LoanChange::Defaulted { outstanding, .. } => (LoanState::Defaulted, *outstanding),
            LoanChange::Cancelled => (LoanState::Cancelled, 0),
            _ => return None,
        };
        let stays = matches!(
            change,
            LoanChange::Opened { .. }
                | LoanChange::Repaid { .. }
                | LoanChange::LateFeeCharged { .. }
                | LoanChange::RoundedOff { .. }
                | LoanChange::Liquidated { ended: false, .. }
                | LoanChange::CollateralChanged { .. }
        );
        (stays || self.state.may_become(state)).then_some(Self {
            state,
            version: self.version + 1,
            outstanding,
            ended_by: change.end(),
        })
    }
}

/// Applies a change to a locked loan, stores it and tells the world, in the caller's transaction.
pub(crate) async fn record(
    conn: &mut PgConnection,
    world: &World,
    loan: &mut LoanRow,
    change: &LoanChange,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let after = Fold::of(loan)
        .apply(change)
        .ok_or_else(|| corrupt(Unreadable("change of this loan")))?;
    (loan.state, loan.version, loan.outstanding) = (after.state, after.version, after.outstanding);
    loan.ended_by = after.ended_by;
    match change {
        LoanChange::Activated { .. } => loan.started_at = Some(at),
        LoanChange::Refinanced { by } => loan.refinanced_by = *by,
        LoanChange::Liquidated {
            ended: true, shortfall, ..
        } => loan.shortfall = *shortfall,
        _ => {}
    }
    if after.ended_by.is_some() || matches!(change, LoanChange::Cancelled) {
        loan.closed_at = Some(at);
        lending::unwatch(conn, loan.id).await?;
        lending::end_position(conn, loan.id).await?;
        chain::withdraw_keeper_tx(conn, loan.id, Duration::ZERO).await?;
    }
    let payload = to_json(change)?;
    lending::record_event(conn, loan, change.name(), &payload, at).await?;
    crate::risk::limits::follow(conn, world, loan, at).await?;
    let payload = serde_json::json!({
        "tenant": loan.tenant, "loanId": loan.id, "settlementId": loan.settlement_id, "provider": loan.provider,
        "state": loan.state.as_str(), "outstanding": loan.outstanding.to_string(), "unit": loan.unit, "change": change,
    });
    let event = Event {
        aggregate: "loan",
        aggregate_id: loan.id.0,
        version: loan.version,
        kind: change.name(),
        payload,
    };
    events::append(conn, world, &[event]).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fold_refuses_what_the_transition_table_refuses() {
        let opened = Fold::START.apply(&LoanChange::Opened { principal: 100 }).unwrap();
        let active = opened.apply(&LoanChange::Activated { principal: 100 }).unwrap();
        assert_eq!(
            active,
            Fold {
                state: LoanState::Active,
                version: 2,
                outstanding: 100,
                ended_by: None
            }
        );
        assert_eq!(active.apply(&LoanChange::Closed), None, "a debt is left");
        assert_eq!(opened.apply(&LoanChange::CaughtUp), None);
        assert_eq!(
            active.apply(&LoanChange::Activated { principal: 100 }),
            None,
            "money goes out once"
        );
        let late = active.apply(&LoanChange::FellBehind { installment: 1 }).unwrap();
        assert_eq!(
            late.apply(&LoanChange::Activated { principal: 100 }),
            None,
            "also when it is late"
        );
        let cancelled = opened.apply(&LoanChange::Cancelled).unwrap();
        assert_eq!(cancelled.apply(&LoanChange::Activated { principal: 100 }), None);
    }

    fn liquidated(shortfall: u128, ended: bool) -> LoanChange {
        LoanChange::Liquidated {
            liquidator: Address::ZERO,
            late: true,
            seized: 1,
            returned: 0,
            shortfall,
            ended,
        }
    }

    #[test]
    fn a_liquidation_closes_a_loan_only_when_nothing_is_lost() {
        let owing = |outstanding| Fold {
            state: LoanState::Active,
            version: 2,
            outstanding,
            ended_by: None,
        };
        let partly = owing(40).apply(&liquidated(0, false)).unwrap();
        assert_eq!(
            (partly.state, partly.outstanding, partly.ended_by),
            (LoanState::Active, 40, None)
        );
        assert_eq!(
            owing(40).apply(&liquidated(0, true)),
            None,
            "a debt is left and nobody lost it"
        );
        let whole = owing(0).apply(&liquidated(0, true)).unwrap();
        assert_eq!(
            (whole.state, whole.ended_by),
            (LoanState::Closed, Some(EndedBy::Liquidated))
        );
        let short = owing(40).apply(&liquidated(45, true)).unwrap();
        assert_eq!((short.state, short.outstanding), (LoanState::Defaulted, 40));
        assert_eq!(short.ended_by, Some(EndedBy::Liquidated));
        assert_eq!(short.apply(&liquidated(0, false)), None, "it ended");
        assert_eq!(
            owing(1).apply(&LoanChange::Refinanced { by: None }),
            None,
            "a debt is left"
        );
    }

    #[test]
    fn amounts_beyond_64_bits_survive_storage() {
        let change = LoanChange::Activated { principal: u128::MAX };
        let json = serde_json::to_string(&change).unwrap();
        assert_eq!(serde_json::from_str::<LoanChange>(&json).unwrap(), change);
    }
}
