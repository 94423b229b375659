//! Reports to authorities: drafted from a case by one of the AML group, released by another. The file holds personal data, so its
//! hash is kept and the file is not: the same facts write the same file again.

use chrono::NaiveDate;
use domain::Principal;
use domain::ids::PrincipalId;
use filings::File;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{ReportKind, ReportState};
use crate::access::{Action, Class, may_ever, platform};
use crate::api::{Error, IdempotencyKey};
use crate::idempotency::{Begun, Call, begin, finish};
use crate::store::cases::{self as rows, LogRow, ReportRow};
use crate::store::to_json;
use crate::{Aggregator, World};

/// A report as the AML group sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportView {
    /// Id.
    pub id: Uuid,
    /// The case.
    pub case: Uuid,
    /// What it is.
    pub kind: ReportKind,
    /// SHA-256 of the file, hexadecimal.
    pub sha256: String,
    /// Size of the file.
    pub bytes: i32,
    /// Where it stands.
    pub state: ReportState,
    /// Last day to file it.
    pub due_on: NaiveDate,
    /// Who drafted it.
    pub drafted_by: PrincipalId,
    /// Who released or withdrew it.
    pub decided_by: Option<PrincipalId>,
}

/// A draft with its file.
#[derive(Clone, Debug)]
pub struct Drafted {
    /// What is kept.
    pub report: ReportView,
    /// What is not: the file.
    pub file: String,
}

fn view(row: &ReportRow) -> ReportView {
    ReportView {
        id: row.id,
        case: row.case_id,
        kind: row.kind,
        sha256: hex::encode(&row.sha256),
        bytes: row.bytes,
        state: row.state,
        due_on: row.due_on,
        drafted_by: PrincipalId(row.drafted_by),
        decided_by: row.decided_by.map(PrincipalId),
    }
}

/// The file and the last day to file it.
fn write(kind: ReportKind, facts: &Value) -> Result<(File, NaiveDate), Error> {
    fn read<T: serde::de::DeserializeOwned>(facts: &Value) -> Result<T, Error> {
        // The message of the parser may quote what it read: personal data.
        T::deserialize(facts).map_err(|_| Error::invalid("facts", "not the facts of this report"))
    }
    let (file, due) = match kind {
        ReportKind::Sar => {
            let facts: filings::sar::Sar = read(facts)?;
            (filings::sar::file(&facts), filings::sar::due_on(&facts))
        }
        ReportKind::OfacBlocked | ReportKind::OfacRejected => {
            let facts: filings::ofac::Report = read(facts)?;
            if (kind == ReportKind::OfacBlocked) != facts.is_blocked() {
                return Err(Error::invalid("kind", "the facts are of the other kind"));
            }
            (filings::ofac::file(&facts), filings::ofac::due_on(facts.date()))
        }
    };
    let file = file.map_err(|problems| {
        let first = problems.into_iter().next();
        first.map_or_else(
            || Error::invalid("facts", "refused"),
            |problem| Error::invalid(&format!("facts.{}", problem.field), problem.text),
        )
    })?;
    let due = due.ok_or_else(|| Error::invalid("facts", "a date is out of range"))?;
    Ok((file, due))
}

/// To everyone outside of the AML group reports do not exist.
fn aml(caller: &Principal, action: Action) -> Result<(), Error> {
    platform(caller, action, Class::Sar)
}

async fn noted(
    conn: &mut PgConnection,
    world: &World,
    (row, what): (&ReportRow, &'static str),
    caller: &Principal,
) -> Result<(), Error> {
    let line = LogRow {
        case: Some(row.case_id),
        what,
        by: &caller.id.to_string(),
        detail: &to_json(&json!({ "report": row.id, "kind": row.kind, "sha256": hex::encode(&row.sha256) }))?,
        secret: true,
        at: world.clock.now(),
    };
    Ok(rows::log(conn, line).await?)
}

impl Aggregator {
    /// Reports of a case, for the AML group.
    pub async fn case_reports(&self, caller: &Principal, case: Uuid) -> Result<Vec<ReportView>, Error> {
        aml(caller, Action::Read)?;
        let mut conn = self.world.db.acquire().await?;
        Ok(rows::reports_of(&mut conn, case).await?.iter().map(view).collect())
    }

    /// Drafts a report from a case, for the AML group. The same call answers the same file.
    pub async fn draft_report(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (case, kind, facts): (Uuid, ReportKind, &Value),
    ) -> Result<Drafted, Error> {
        aml(caller, Action::Create)?;
        let mut tx = self.world.db.begin().await?;
        let (file, due_on) = write(kind, facts)?;
        let call = Call::new(caller, key, "draftReport", &(case, kind, hex::encode(file.sha256)))?;
        if let Begun::Replay(report) = begin(&mut tx, &self.world, &call).await? {
            return Ok(Drafted {
                report,
                file: file.text,
            });
        }
        rows::case(&mut tx, case).await?.ok_or(Error::NotFound)?;
        let row = ReportRow {
            id: self.world.ids.next(),
            case_id: case,
            kind,
            sha256: file.sha256.to_vec(),
            bytes: i32::try_from(file.text.len()).map_err(|_| Error::invalid("facts", "too large"))?,
            state: ReportState::Draft,
            due_on,
            drafted_by: caller.id.0,
            drafted_at: self.world.clock.now(),
            decided_by: None,
            decided_at: None,
            version: 1,
        };
        rows::add_report(&mut tx, &row).await?;
        noted(&mut tx, &self.world, (&row, "REPORT_DRAFTED"), caller).await?;
        let report = view(&row);
        finish(&mut tx, &call, &report).await?;
        tx.commit().await?;
        Ok(Drafted {
            report,
            file: file.text,
        })
    }

    /// Releases a draft for filing, or withdraws it, for one of the AML group. Who releases names the hash of the file that it
    /// read, and is not who drafted it.
    ///
    /// Refusals: `REPORT_DECIDED`, `SAME_OFFICER`, `OTHER_FILE`.
    pub async fn release_report(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        (id, release, sha256): (Uuid, bool, &str),
    ) -> Result<ReportView, Error> {
        aml(caller, Action::Read)?;
        if release {
            may_ever(caller, Action::Release, Class::Sar)?;
        }
        let mut tx = self.world.db.begin().await?;
        let call = Call::new(caller, key, "releaseReport", &(id, release, sha256))?;
        if let Begun::Replay(view) = begin(&mut tx, &self.world, &call).await? {
            return Ok(view);
        }
        let mut row = rows::hold_report(&mut tx, id).await?.ok_or(Error::NotFound)?;
        if row.state != ReportState::Draft {
            let text = "This report was released or withdrawn already.";
            return Err(Error::refused("REPORT_DECIDED", text, Some("id")));
        }
        if release && row.drafted_by == caller.id.0 {
            let text = "Another of the group has to release it.";
            return Err(Error::refused("SAME_OFFICER", text, Some("id")));
        }
        if hex::encode(&row.sha256) != sha256 {
            let text = "The draft is another file than this one.";
            return Err(Error::refused("OTHER_FILE", text, Some("sha256")));
        }
        row.state = if release {
            ReportState::Released
        } else {
            ReportState::Withdrawn
        };
        row.decided_by = Some(caller.id.0);
        row.decided_at = Some(self.world.clock.now());
        row.version += 1;
        rows::decide_report(&mut tx, &row).await?;
        let what = if release { "REPORT_RELEASED" } else { "REPORT_WITHDRAWN" };
        noted(&mut tx, &self.world, (&row, what), caller).await?;
        let view = view(&row);
        finish(&mut tx, &call, &view).await?;
        tx.commit().await?;
        Ok(view)
    }
}
