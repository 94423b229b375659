//! What officers do with a case: take it, decide it, agree with a colleague or not.

use chrono::Duration;
use domain::Principal;
use domain::ids::PrincipalId;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{CaseKind, CaseState, CaseView, Ground, Severity, Verdict, view};
use crate::access::{Action, Class, may_ever, platform};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::screening::hits::is_wallet;
use crate::store::cases::{self as rows, CaseRow, LogRow};
use crate::store::to_json;
use crate::{Aggregator, World};

/// How long a false positive holds when nothing changes: our own rule.
const HOLDS_DAYS: i64 = 365;

async fn noted(
    conn: &mut PgConnection,
    world: &World,
    (row, what): (&CaseRow, &'static str),
    (caller, detail): (&Principal, Value),
) -> Result<(), Error> {
    let line = LogRow {
        case: Some(row.id),
        what,
        by: &caller.id.to_string(),
        detail: &to_json(&detail)?,
        secret: false,
        at: world.clock.now(),
    };
    Ok(rows::log(conn, line).await?)
}

/// A case that is not closed.
async fn held(conn: &mut PgConnection, id: Uuid) -> Result<CaseRow, Error> {
    let row = rows::hold_case(conn, id).await?.ok_or(Error::NotFound)?;
    if row.state == CaseState::Closed {
        return Err(Error::refused(
            "CASE_CLOSED",
            "This case was decided already.",
            Some("id"),
        ));
    }
    Ok(row)
}

/// Who raised a hit, or is its subject, does not clear it.
fn not_own(row: &CaseRow, caller: &Principal) -> Result<(), Error> {
    if row.raised_by == Some(caller.id.0) || row.subject == caller.id.0 {
        let text = "Who raised a hit or is its subject cannot clear it.";
        return Err(Error::refused("OWN_CASE", text, Some("id")));
    }
    Ok(())
}

/// A listed wallet is nobody else's.
fn not_wallet(row: &CaseRow) -> Result<(), Error> {
    if row.kind == CaseKind::ScreeningHit && is_wallet(&row.entity) {
        let text = "A listed wallet is not cleared. It stops counting when the list no longer names it.";
        return Err(Error::refused("WALLET_LISTED", text, Some("ground")));
    }
    Ok(())
}

/// Closes an open case by what two officers decided where the matter itself is decided, in the caller's transaction.
pub(crate) async fn close(
    conn: &mut PgConnection,
    world: &World,
    mut row: CaseRow,
    (ground, maker, checker): (Ground, Uuid, Uuid),
) -> Result<(), Error> {
    let (now, verdict) = (world.clock.now(), ground.verdict());
    row.verdict = Some(verdict);
    row.ground = Some(ground);
    row.maker = Some(maker);
    row.made_at = Some(now);
    row.checker = Some(checker);
    row.checked_at = Some(now);
    row.expires_at = (verdict == Verdict::FalsePositive).then(|| now + Duration::days(HOLDS_DAYS));
    row.state = CaseState::Closed;
    row.version += 1;
    rows::store_case(conn, &row).await?;
    rows::add_disposition(conn, &row).await?;
    let detail = to_json(&json!({ "state": row.state, "verdict": verdict, "ground": ground, "maker": maker }))?;
    let line = LogRow {
        case: Some(row.id),
        what: "AGREED",
        by: &checker.to_string(),
        detail: &detail,
        secret: false,
        at: now,
    };
    Ok(rows::log(conn, line).await?)
}

impl Aggregator {
    /// Assigns a case to an officer, or to nobody, for officers.
    ///
    /// Refusals: `CASE_CLOSED`.
    pub async fn assign_case(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, assignee): (Uuid, Option<PrincipalId>),
    ) -> Result<CaseView, Error> {
        platform(caller, Action::Change, Class::Case)?;
        let call = Call::new(caller, key, "assignCase", &(id, assignee))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let mut row = held(&mut tx, id).await?;
        row.assignee = assignee.map(|to| to.0);
        row.version += 1;
        rows::store_case(&mut tx, &row).await?;
        noted(
            &mut tx,
            &self.world,
            (&row, "ASSIGNED"),
            (caller, json!({ "to": assignee })),
        )
        .await?;
        let view = view(row)?;
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        Ok(view)
    }

    /// Decides a case on a ground, for officers. Clearing a block is only proposed: another officer has to agree.
    ///
    /// Refusals: `CASE_CLOSED`, `CASE_PROPOSED`, `OWN_CASE`, `WALLET_LISTED`.
    pub async fn decide_case(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, ground): (Uuid, Ground),
    ) -> Result<CaseView, Error> {
        may_ever(caller, Action::Propose, Class::Case)?;
        platform(caller, Action::Read, Class::Case)?;
        let call = Call::new(caller, key, "decideCase", &(id, ground))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let mut row = held(&mut tx, id).await?;
        if row.state == CaseState::Proposed {
            let text = "A colleague proposed to clear this case: agree or return it.";
            return Err(Error::refused("CASE_PROPOSED", text, Some("id")));
        }
        let verdict = ground.verdict();
        let clears = verdict == Verdict::FalsePositive;
        if clears {
            not_own(&row, caller)?;
            not_wallet(&row)?;
        }
        let now = self.world.clock.now();
        row.verdict = Some(verdict);
        row.ground = Some(ground);
        row.maker = Some(caller.id.0);
        row.made_at = Some(now);
        row.expires_at = clears.then(|| now + Duration::days(HOLDS_DAYS));
        row.version += 1;
        row.state = if clears && row.severity == Severity::Block {
            CaseState::Proposed
        } else {
            CaseState::Closed
        };
        self.store(&mut tx, (&row, "DECIDED"), caller).await?;
        let view = view(row)?;
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        Ok(view)
    }

    /// Agrees with the proposal to clear a block, or returns the case to the queue, for an officer who is not its maker.
    ///
    /// Refusals: `CASE_CLOSED`, `CASE_NOT_PROPOSED`, `SAME_OFFICER`, `OWN_CASE`.
    pub async fn check_case(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, agree): (Uuid, bool),
    ) -> Result<CaseView, Error> {
        may_ever(caller, Action::Decide, Class::Case)?;
        platform(caller, Action::Read, Class::Case)?;
        let call = Call::new(caller, key, "checkCase", &(id, agree))?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let mut row = held(&mut tx, id).await?;
        if row.state != CaseState::Proposed {
            let text = "Nobody proposed to clear this case.";
            return Err(Error::refused("CASE_NOT_PROPOSED", text, Some("id")));
        }
        if row.maker == Some(caller.id.0) {
            let text = "Another officer has to agree.";
            return Err(Error::refused("SAME_OFFICER", text, Some("id")));
        }
        not_own(&row, caller)?;
        row.version += 1;
        if agree {
            row.state = CaseState::Closed;
            row.checker = Some(caller.id.0);
            row.checked_at = Some(self.world.clock.now());
        } else {
            row.state = CaseState::Open;
            row.verdict = None;
            row.ground = None;
            row.maker = None;
            row.made_at = None;
            row.expires_at = None;
        }
        self.store(&mut tx, (&row, if agree { "AGREED" } else { "RETURNED" }), caller)
            .await?;
        let view = view(row)?;
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        Ok(view)
    }

    /// Stores a case, its disposition when it is closed, and the line of its log.
    async fn store(
        &self,
        conn: &mut PgConnection,
        (row, what): (&CaseRow, &'static str),
        caller: &Principal,
    ) -> Result<(), Error> {
        rows::store_case(conn, row).await?;
        if row.state == CaseState::Closed {
            rows::add_disposition(conn, row).await?;
            let verdict = row.verdict.map_or("", Verdict::as_str);
            metrics::counter!("usance_cases_closed_total", "verdict" => verdict).increment(1);
        }
        let detail = json!({ "state": row.state, "verdict": row.verdict, "ground": row.ground });
        noted(conn, &self.world, (row, what), (caller, detail)).await
    }
}
