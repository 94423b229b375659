//! An identity check that needs a person opens a case, and two officers who approve the person close it.

use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::World;
use crate::api::Error;
use crate::cases::{self, CaseKind, Ground, Severity};
use crate::store::cases as case_rows;
use crate::store::kyc::SessionRow;

fn entity(row: &SessionRow) -> String {
    format!("kyc:{}:{}", row.vendor.as_str().to_lowercase(), row.id)
}

/// Opens a case for a session that waits for our officers, in the caller's transaction. Each time that it does is a case of its own.
pub(super) async fn open_case(conn: &mut PgConnection, world: &World, row: &SessionRow) -> Result<(), Error> {
    let mut hash = Sha256::new();
    hash.update(b"usance/kyc-review/1");
    hash.update(row.id.as_bytes());
    hash.update(row.version.to_be_bytes());
    hash.update(row.reason.as_deref().unwrap_or_default());
    let entity = entity(row);
    let hit = cases::Hit {
        tenant: row.tenant.into(),
        subject: row.borrower.into(),
        kind: CaseKind::KycReview,
        severity: Severity::Review,
        entity: &entity,
        matched_hash: hash.finalize().into(),
        evidence: json!({
            "verification": row.id, "vendor": row.vendor, "level": row.level, "reason": row.reason, "labels": row.labels,
            "attempts": row.attempts,
        }),
        raised_by: None,
    };
    cases::open_hit(conn, world, &hit).await?;
    Ok(())
}

/// Closes the open case of a session that two officers approved, by their names. A case that a colleague decides just now, or that is
/// of the officers themselves, stays as it is.
pub(super) async fn close_case(
    conn: &mut PgConnection,
    world: &World,
    row: &SessionRow,
    (maker, checker): (Uuid, Uuid),
) -> Result<(), Error> {
    let key = (row.tenant, row.borrower, &*entity(row));
    let Some(held) = case_rows::hold_open(conn, key).await? else {
        return Ok(());
    };
    if [maker, checker].contains(&held.subject) {
        return Ok(());
    }
    cases::decide::close(conn, world, held, (Ground::DocumentsInOrder, maker, checker)).await
}
