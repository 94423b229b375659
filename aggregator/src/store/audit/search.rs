//! Reads of entries with their numbers.

use ::audit::Entry;
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::entries::EntryRow;
use crate::api::Error;
use crate::store::lending::{natural, signed};

/// Which entries; an empty filter is every entry of the tenant.
#[derive(Clone, Debug, Default)]
pub(crate) struct Filter<'a> {
    pub actor: Option<Uuid>,
    pub subject: Option<Uuid>,
    pub action: Option<&'a str>,
    pub object_kind: Option<&'a str>,
    pub object_id: Option<&'a str>,
    pub from: Option<DateTime<Utc>>,
    pub to: Option<DateTime<Utc>>,
}

macro_rules! numbered {
    ($rows:expr) => {{
        let read = $rows.into_iter().map(|r| {
            let row = EntryRow {
                id: r.id,
                tenant: r.tenant,
                at: r.at,
                actor: r.actor,
                role: r.role,
                action: r.action,
                object_kind: r.object_kind,
                object_id: r.object_id,
                subject: r.subject,
                decision: r.decision,
                rules: r.rules,
                lists: r.lists,
                commitments: r.commitments,
            };
            Ok((natural(r.seq)?, row.entry()?))
        });
        read.collect()
    }};
}

/// Entries of a tenant before that number, newest first.
pub(crate) async fn search(
    conn: &mut PgConnection,
    tenant: Uuid,
    filter: &Filter<'_>,
    (before, limit): (Option<u64>, i64),
) -> Result<Vec<(u64, Entry)>, Error> {
    let before = before.map(signed).transpose()?;
    let rows = sqlx::query!(
        "select l.seq, e.id, e.tenant, e.at, e.actor, e.role, e.action, e.object_kind, e.object_id, e.subject, e.decision, e.rules,
             e.lists, e.commitments
         from audit.leaf l join audit.entry e on e.id = l.entry_id
         where l.tenant = $1 and ($2::bigint is null or l.seq < $2)
           and ($3::uuid is null or e.actor = $3) and ($4::uuid is null or e.subject = $4)
           and ($5::text is null or e.action = $5) and ($6::text is null or e.object_kind = $6)
           and ($7::text is null or e.object_id = $7)
           and ($8::timestamptz is null or e.at >= $8) and ($9::timestamptz is null or e.at < $9)
         order by l.seq desc limit $10",
        tenant,
        before,
        filter.actor,
        filter.subject,
        filter.action,
        filter.object_kind,
        filter.object_id,
        filter.from,
        filter.to,
        limit
    )
    .fetch_all(conn)
    .await?;
    numbered!(rows)
}

/// Entries of a tenant by their numbers, ascending.
pub(crate) async fn numbered(
    conn: &mut PgConnection,
    tenant: Uuid,
    (from, to): (u64, u64),
) -> Result<Vec<(u64, Entry)>, Error> {
    let (from, to) = (signed(from)?, signed(to)?);
    let rows = sqlx::query!(
        "select l.seq, e.id, e.tenant, e.at, e.actor, e.role, e.action, e.object_kind, e.object_id, e.subject, e.decision, e.rules,
             e.lists, e.commitments
         from audit.leaf l join audit.entry e on e.id = l.entry_id
         where l.tenant = $1 and l.seq >= $2 and l.seq < $3 order by l.seq",
        tenant,
        from,
        to
    )
    .fetch_all(conn)
    .await?;
    numbered!(rows)
}

/// Tenant and number of an entry; none when it has no number yet.
pub(crate) async fn place_of(conn: &mut PgConnection, entry: Uuid) -> Result<Option<(Uuid, u64)>, Error> {
    let row = sqlx::query!("select tenant, seq from audit.leaf where entry_id = $1", entry)
        .fetch_optional(conn)
        .await?;
    row.map(|row| Ok((row.tenant, natural(row.seq)?))).transpose()
}
