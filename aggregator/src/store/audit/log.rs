//! Tables `audit.sequencer`, `audit.log`, `audit.leaf`, `audit.node`, `audit.checkpoint`.

use ::audit::tree::{Frontier, NodeId, Span, TILE, fold};
use ::audit::{Entry, Hash};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use super::entries::EntryRow;
use crate::api::Error;
use crate::events::Cursor;
use crate::store::lending::{natural, signed};
use crate::store::{Unreadable, corrupt};

/// Key of the advisory lock of the sequencer.
const LOCK: i64 = 0x7573_616e_6365_6175;

/// Makes this transaction the sequencer; none when another one is.
pub(crate) async fn take_sequencer(conn: &mut PgConnection) -> Result<Option<Cursor>, Error> {
    let alone = sqlx::query_scalar!(r#"select pg_try_advisory_xact_lock($1) as "alone!""#, LOCK)
        .fetch_one(&mut *conn)
        .await?;
    if !alone {
        return Ok(None);
    }
    let cursor = sqlx::query_as!(
        Cursor,
        r#"select xid::text as "xid!", n as seq from audit.sequencer for update skip locked"#
    )
    .fetch_optional(conn)
    .await?;
    Ok(cursor)
}

/// Moves the sequencer on.
pub(crate) async fn advance_sequencer(conn: &mut PgConnection, cursor: &Cursor) -> Result<(), Error> {
    sqlx::query!(
        "update audit.sequencer set xid = $1::text::xid8, n = $2, runs = runs + 1",
        cursor.xid,
        cursor.seq
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What the sequencer has to do.
pub(crate) struct Unnumbered {
    /// Entries in the order in which they get their numbers.
    pub entries: Vec<Entry>,
    /// Where the sequencer is afterwards; none leaves it where it is.
    pub next: Option<Cursor>,
}

/// Entries after the cursor before which no other can appear any more.
pub(crate) async fn unnumbered(conn: &mut PgConnection, cursor: &Cursor, limit: i64) -> Result<Unnumbered, Error> {
    // A database that was restored into another cluster begins with small transaction ids again. What it brought along is
    // committed, so everything without a number gets one; then the cursor starts over at the oldest running transaction.
    let now = sqlx::query!(
        r#"select $1::text::xid8 >= pg_snapshot_xmax(pg_current_snapshot()) as "restored!",
               pg_snapshot_xmin(pg_current_snapshot())::text as "xmin!""#,
        cursor.xid
    )
    .fetch_one(&mut *conn)
    .await?;
    let from = if now.restored { &Cursor::start() } else { cursor };
    let rows = sqlx::query!(
        r#"select e.xid::text as "xid!", e.n, e.id, e.tenant, e.at, e.actor, e.role, e.action, e.object_kind, e.object_id, e.subject,
               e.decision, e.rules, e.lists, e.commitments
           from audit.entry e
           where (e.xid, e.n) > ($1::text::xid8, $2)
             and (e.xid < pg_snapshot_xmin(pg_current_snapshot()) or $4)
             and (select l.seq from audit.leaf l where l.entry_id = e.id) is null
           order by e.xid, e.n limit $3"#,
        from.xid,
        from.seq,
        limit,
        now.restored,
    )
    .fetch_all(conn)
    .await?;
    let last = rows.last().map(|row| Cursor {
        xid: row.xid.clone(),
        seq: row.n,
    });
    let all = i64::try_from(rows.len()).is_ok_and(|count| count < limit);
    let next = match (now.restored, all) {
        (false, _) => last,
        (true, false) => None,
        (true, true) => Some(Cursor { xid: now.xmin, seq: 0 }),
    };
    let read = rows.into_iter().map(|r| {
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
        row.entry()
    });
    let entries = read.collect::<Result<_, Error>>()?;
    Ok(Unnumbered { entries, next })
}

/// The right edge of a tenant's tree, held for the transaction; it is made when there is none.
pub(crate) async fn hold_log(conn: &mut PgConnection, tenant: Uuid, now: DateTime<Utc>) -> Result<Frontier, Error> {
    sqlx::query!(
        "insert into audit.log (tenant, size, peaks, created_at) values ($1, 0, '', $2) on conflict do nothing",
        tenant,
        now
    )
    .execute(&mut *conn)
    .await?;
    let row = sqlx::query!("select size, peaks from audit.log where tenant = $1 for update", tenant)
        .fetch_one(conn)
        .await?;
    let peaks = row.peaks.chunks(32).filter_map(Hash::read).collect();
    Frontier::new(natural(row.size)?, peaks).ok_or_else(|| corrupt(Unreadable("edge of an audit log")))
}

/// Stores the right edge.
pub(crate) async fn grow_log(conn: &mut PgConnection, tenant: Uuid, edge: &Frontier) -> Result<(), Error> {
    let peaks: Vec<u8> = edge.peaks().iter().flat_map(|hash| hash.0).collect();
    sqlx::query!(
        "update audit.log set size = $2, peaks = $3 where tenant = $1",
        tenant,
        signed(edge.size())?,
        peaks
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A number that an entry got.
pub(crate) struct Leaf {
    pub tenant: Uuid,
    pub seq: u64,
    pub entry: Uuid,
    pub hash: Hash,
}

/// Writes numbers and leaf hashes.
pub(crate) async fn insert_leaves(conn: &mut PgConnection, leaves: &[Leaf]) -> Result<(), Error> {
    let tenants: Vec<Uuid> = leaves.iter().map(|leaf| leaf.tenant).collect();
    let seqs: Vec<i64> = leaves.iter().map(|leaf| signed(leaf.seq)).collect::<Result<_, _>>()?;
    let entries: Vec<Uuid> = leaves.iter().map(|leaf| leaf.entry).collect();
    let hashes: Vec<Vec<u8>> = leaves.iter().map(|leaf| leaf.hash.0.to_vec()).collect();
    sqlx::query!(
        "insert into audit.leaf (tenant, seq, entry_id, hash)
         select * from unnest($1::uuid[], $2::bigint[], $3::uuid[], $4::bytea[])",
        &tenants,
        &seqs,
        &entries,
        &hashes,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores the roots of the subtrees of 256, 65,536, ... leaves that became complete between two sizes.
pub(crate) async fn insert_nodes(conn: &mut PgConnection, tenant: Uuid, (old, new): (u64, u64)) -> Result<(), Error> {
    let (mut level, mut from, mut to) = (0, old / TILE, new / TILE);
    while from < to {
        let span = Span {
            level,
            from: from * TILE,
            count: (to - from) * TILE,
        };
        let below = hashes(conn, tenant, span).await?;
        let roots: Vec<Hash> = below.chunks(256).filter_map(fold).collect();
        let indices: Vec<i64> = (from..to).map(signed).collect::<Result<_, _>>()?;
        let made: Vec<Vec<u8>> = roots.iter().map(|hash| hash.0.to_vec()).collect();
        if made.len() != indices.len() {
            return Err(corrupt(Unreadable("leaves of an audit log")));
        }
        level += 8;
        sqlx::query!(
            "insert into audit.node (tenant, level, index, hash)
             select $1, $2, index, hash from unnest($3::bigint[], $4::bytea[]) as n (index, hash)",
            tenant,
            i16::from(level),
            &indices,
            &made,
        )
        .execute(&mut *conn)
        .await?;
        (from, to) = (from / TILE, to / TILE);
    }
    Ok(())
}

/// Hashes side by side, at a stored height.
async fn hashes(conn: &mut PgConnection, tenant: Uuid, span: Span) -> Result<Vec<Hash>, Error> {
    let (from, to) = (signed(span.from)?, signed(span.from + span.count)?);
    let rows = if span.level == 0 {
        sqlx::query_scalar!(
            "select hash from audit.leaf where tenant = $1 and seq >= $2 and seq < $3 order by seq",
            tenant,
            from,
            to
        )
        .fetch_all(conn)
        .await?
    } else {
        sqlx::query_scalar!(
            "select hash from audit.node where tenant = $1 and level = $4 and index >= $2 and index < $3 order by index",
            tenant,
            from,
            to,
            i16::from(span.level)
        )
        .fetch_all(conn)
        .await?
    };
    let read: Option<Vec<Hash>> = rows.iter().map(|bytes| Hash::read(bytes)).collect();
    let read = read.filter(|read| u64::try_from(read.len()) == Ok(span.count));
    read.ok_or_else(|| corrupt(Unreadable("nodes of an audit log")))
}

/// The hash of a perfect subtree.
pub(crate) async fn node(conn: &mut PgConnection, tenant: Uuid, id: NodeId) -> Result<Hash, Error> {
    let below = hashes(conn, tenant, id.span()).await?;
    fold(&below).ok_or_else(|| corrupt(Unreadable("nodes of an audit log")))
}

/// A stored checkpoint.
#[derive(Clone, Debug)]
pub(crate) struct CheckpointRow {
    pub tenant: Uuid,
    pub size: i64,
    pub root: Vec<u8>,
    pub at: DateTime<Utc>,
    pub note: String,
    /// Public key, written.
    pub signer: String,
}

/// Logs that have grown by that much since their last checkpoint, or whose last checkpoint is older than that: tenant, right edge and
/// the time of the last checkpoint.
pub(crate) async fn logs_to_sign(
    conn: &mut PgConnection,
    (entries, before): (i64, DateTime<Utc>),
    limit: i64,
) -> Result<Vec<(Uuid, Option<DateTime<Utc>>)>, Error> {
    let rows = sqlx::query!(
        r#"select l.tenant, c.at as "at?" from audit.log l
           left join lateral (select size, at from audit.checkpoint c where c.tenant = l.tenant order by size desc limit 1) c on true
           where l.size > coalesce(c.size, 0)
             and (l.size - coalesce(c.size, 0) >= $1 or coalesce(c.at, '-infinity') <= $2)
           limit $3"#,
        entries,
        before,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.tenant, row.at)).collect())
}

/// Stores a signed checkpoint; `false` when that size has one.
pub(crate) async fn insert_checkpoint(conn: &mut PgConnection, row: &CheckpointRow) -> Result<bool, Error> {
    let done = sqlx::query!(
        "insert into audit.checkpoint (tenant, size, root, at, note, signer) values ($1, $2, $3, $4, $5, $6) on conflict do nothing",
        row.tenant,
        row.size,
        row.root,
        row.at,
        row.note,
        row.signer
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Checkpoints of a tenant with sizes in that range, ascending.
pub(crate) async fn checkpoints(
    conn: &mut PgConnection,
    tenant: Uuid,
    (from, to): (u64, u64),
    limit: i64,
) -> Result<Vec<CheckpointRow>, Error> {
    let (from, to) = (signed(from)?, signed(to.min(i64::MAX as u64))?);
    Ok(sqlx::query_as!(
        CheckpointRow,
        "select tenant, size, root, at, note, signer from audit.checkpoint where tenant = $1 and size >= $2 and size <= $3
         order by size limit $4",
        tenant,
        from,
        to,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// Checkpoints of a tenant below that size, newest first.
pub(crate) async fn newest_checkpoints(
    conn: &mut PgConnection,
    tenant: Uuid,
    below: Option<u64>,
    limit: i64,
) -> Result<Vec<CheckpointRow>, Error> {
    let below = below.map(signed).transpose()?;
    Ok(sqlx::query_as!(
        CheckpointRow,
        "select tenant, size, root, at, note, signer from audit.checkpoint where tenant = $1 and ($2::bigint is null or size < $2)
         order by size desc limit $3",
        tenant,
        below,
        limit
    )
    .fetch_all(conn)
    .await?)
}
