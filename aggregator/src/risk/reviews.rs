//! Decisions that a person has to look at.
//!
//! An officer clears the borrower or declines. A clearance lasts for some days: decisions about the borrower made in that time
//! know of it and need no other review. The borrower is told that someone has to look, and nothing of the rules that fired.

use ::risk::RiskDecision;
use chrono::{DateTime, Duration, Utc};
use domain::ids::{DecisionId, PrincipalId, RequestId, TenantId};
use domain::request::CreditRequest;
use domain::{Outcome, Principal, Reason};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use super::models::stored;
use super::{Deed, note, reason};
use crate::access::{Action, Band, Class, Resource, check, listing, may_ever};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::store::risk::{self as rows, ReviewRow};
use crate::store::{decisions, from_json, quoting};
use crate::{Aggregator, World};

/// The reason that asks for a review.
pub const REVIEW_NEEDED: &str = "REVIEW_NEEDED";
/// Most reviews that are shown.
const SHOWN: u32 = 100;

stored! {
    /// Where a review stands.
    ReviewState {
        /// Waits for an officer.
        Open = "OPEN",
        /// The borrower passes for some days.
        Cleared = "CLEARED",
        /// The borrower does not pass.
        Declined = "DECLINED",
    }
}

/// A review as officers see it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReviewView {
    /// Id.
    pub id: Uuid,
    /// The decision that asked for it.
    pub decision: DecisionId,
    /// Its request.
    pub request: RequestId,
    /// The borrower's tenant.
    pub tenant: TenantId,
    /// The borrower.
    pub borrower: PrincipalId,
    /// Where it stands.
    pub state: ReviewState,
    /// When it was opened.
    pub opened_at: DateTime<Utc>,
    /// Who decided.
    pub decided_by: Option<PrincipalId>,
    /// When.
    pub decided_at: Option<DateTime<Utc>>,
    /// Why so.
    pub note: Option<String>,
    /// Until when the borrower passes.
    pub cleared_until: Option<DateTime<Utc>>,
    /// Score of the decision.
    pub score: i32,
    /// What the borrower was told.
    pub reasons: Vec<Reason>,
    /// Fraud checks of the decision: outcome, rules that fired with their weights and reasons, typologies. Internal.
    pub fraud: serde_json::Value,
    /// What was known: facts with source and age, wallet, exposure, fraud facts.
    pub features: serde_json::Value,
}

/// Opens a review when the decision asks for one, in the transaction that stores the decision.
pub(crate) async fn follow(
    conn: &mut PgConnection,
    world: &World,
    request: &CreditRequest,
    (id, decision): (DecisionId, &RiskDecision),
) -> Result<(), Error> {
    let asks = decision.outcome == Outcome::MoreInfo && decision.reasons.iter().any(|r| r.code == REVIEW_NEEDED);
    if !asks {
        return Ok(());
    }
    let row = ReviewRow {
        id: world.ids.next(),
        decision: id.0,
        request: request.id.0,
        tenant: request.tenant.0,
        borrower: request.borrower.0,
        state: ReviewState::Open,
        version: 1,
        opened_at: request.at,
        decided_by: None,
        decided_at: None,
        note: None,
        cleared_until: None,
    };
    rows::add_review(conn, &row).await?;
    metrics::counter!("usance_risk_reviews_total").increment(1);
    tell(
        conn,
        world,
        &row,
        ("RiskReviewOpened", "system", "a decision asks for it"),
    )
    .await
}

async fn tell(
    conn: &mut PgConnection,
    world: &World,
    row: &ReviewRow,
    (kind, by, why): (&'static str, &str, &str),
) -> Result<(), Error> {
    let deed = Deed {
        aggregate: "risk_review",
        aggregate_id: row.id,
        version: row.version,
        kind,
        subject: &row.id.to_string(),
        by,
        reason: why,
        body: json!({
            "tenant": row.tenant, "review": row.id, "decision": row.decision, "requestId": row.request,
            "borrower": row.borrower, "state": row.state.as_str(), "clearedUntil": row.cleared_until,
        }),
    };
    note(conn, world, deed).await
}

impl Aggregator {
    /// Reviews in a state, 1 to 100, for officers: the oldest open ones first.
    pub async fn risk_reviews(
        &self,
        caller: &Principal,
        state: Option<ReviewState>,
        first: u32,
    ) -> Result<Vec<ReviewView>, Error> {
        let tenant = listing(caller, Class::Review)?.tenant();
        if !(1..=SHOWN).contains(&first) {
            return Err(Error::invalid("first", "1 to 100"));
        }
        let mut conn = self.world.db.acquire().await?;
        let mut views = Vec::new();
        for row in rows::reviews(&mut conn, (state, tenant), i64::from(first)).await? {
            views.push(view(&mut conn, row).await?);
        }
        Ok(views)
    }

    /// One review, for officers.
    pub async fn risk_review(&self, caller: &Principal, id: Uuid) -> Result<ReviewView, Error> {
        may_ever(caller, Action::Read, Class::Review)?;
        let mut conn = self.world.db.acquire().await?;
        let row = rows::review(&mut conn, id).await?.ok_or(Error::NotFound)?;
        let about = Resource::about(Class::Review, TenantId(row.tenant), PrincipalId(row.borrower));
        check(caller, Action::Read, &about)?;
        view(&mut conn, row).await
    }

    /// Clears or declines the borrower of a review: officers up to the configured amount, managers and the credit head any.
    ///
    /// Refusals: `REVIEW_DECIDED`.
    pub async fn decide_review(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, clear): (Uuid, bool),
        why: &str,
    ) -> Result<ReviewView, Error> {
        may_ever(caller, Action::Decide, Class::Review)?;
        let why = reason("note", why)?;
        let call = Call::new(caller, key, "decideReview", &(id, clear, why))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let mut row = rows::hold_review(&mut tx, id).await?.ok_or(Error::NotFound)?;
        let about = Resource::about(Class::Review, TenantId(row.tenant), PrincipalId(row.borrower));
        check(
            caller,
            Action::Decide,
            &about.at_stake(self.band_of(&mut tx, &row).await?),
        )?;
        if row.state != ReviewState::Open {
            let text = "This review was decided already.";
            return Err(Error::refused("REVIEW_DECIDED", text, Some("id")));
        }
        let now = self.world.clock.now();
        let days = Duration::days(i64::from(self.world.settings.risk.clearance_days));
        row.state = if clear {
            ReviewState::Cleared
        } else {
            ReviewState::Declined
        };
        row.version += 1;
        row.decided_by = Some(caller.id.0);
        row.decided_at = Some(now);
        row.note = Some(why.to_owned());
        row.cleared_until = clear.then(|| now + days);
        rows::decide_review(&mut tx, &row).await?;
        let kind = if clear {
            "RiskReviewCleared"
        } else {
            "RiskReviewDeclined"
        };
        tell(&mut tx, &self.world, &row, (kind, &caller.id.to_string(), why)).await?;
        let view = view(&mut tx, row).await?;
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(view)
    }
}

impl Aggregator {
    /// How much is at stake in a review: the amount of its request against what is configured for the currency.
    async fn band_of(&self, conn: &mut PgConnection, row: &ReviewRow) -> Result<Band, Error> {
        let asked = quoting::request(conn, RequestId(row.request)).await?;
        let large = &self.world.settings.large_amounts;
        // What cannot be looked up is nothing that an officer decides alone.
        let Some(amount) = asked.map(|row| row.asked.request.amount) else {
            return Ok(Band::Large);
        };
        let above = large
            .iter()
            .any(|limit| limit.currency == amount.currency && amount.minor > limit.minor);
        Ok(if above { Band::Large } else { Band::Standard })
    }
}

async fn view(conn: &mut PgConnection, row: ReviewRow) -> Result<ReviewView, Error> {
    let stored = decisions::one(conn, DecisionId(row.decision))
        .await?
        .ok_or(Error::NotFound)?;
    let decision: RiskDecision = from_json(&stored.result)?;
    Ok(ReviewView {
        id: row.id,
        decision: DecisionId(row.decision),
        request: RequestId(row.request),
        tenant: TenantId(row.tenant),
        borrower: PrincipalId(row.borrower),
        state: row.state,
        opened_at: row.opened_at,
        decided_by: row.decided_by.map(PrincipalId),
        decided_at: row.decided_at,
        note: row.note,
        cleared_until: row.cleared_until,
        score: decision.score,
        reasons: decision.reasons.clone(),
        fraud: super::json(&decision.fraud)?,
        features: from_json(&stored.facts)?,
    })
}
