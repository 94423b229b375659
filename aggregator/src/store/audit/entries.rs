//! Tables `audit.entry` and `audit.salt`.

use ::audit::{Actor, Code, Commitment, Entry, Object};
use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::api::Error;
use crate::store::{Unreadable, corrupt, from_json, to_json};

/// Writes entries in their order, in the caller's transaction.
pub(crate) async fn insert_entries(conn: &mut PgConnection, entries: &[Entry]) -> Result<(), Error> {
    let ids: Vec<Uuid> = entries.iter().map(|e| e.id).collect();
    let tenants: Vec<Uuid> = entries.iter().map(|e| e.tenant).collect();
    let ats: Vec<_> = entries.iter().map(|e| e.at).collect();
    let who: Vec<Uuid> = entries.iter().map(|e| e.actor.id).collect();
    let roles: Vec<&str> = entries.iter().map(|e| e.actor.role.as_str()).collect();
    let actions: Vec<&str> = entries.iter().map(|e| e.action.as_str()).collect();
    let kinds: Vec<&str> = entries.iter().map(|e| e.object.kind.as_str()).collect();
    let objects: Vec<&str> = entries.iter().map(|e| e.object.id.as_str()).collect();
    let subjects: Vec<Option<Uuid>> = entries.iter().map(|e| e.subject).collect();
    let decisions: Vec<Option<&str>> = entries.iter().map(|e| e.decision.as_ref().map(Code::as_str)).collect();
    let rule_sets: Vec<Option<&str>> = entries.iter().map(|e| e.rules.as_ref().map(Code::as_str)).collect();
    let lists: Vec<Option<&str>> = entries.iter().map(|e| e.lists.as_ref().map(Code::as_str)).collect();
    let stored = |made: &Vec<Commitment>| (!made.is_empty()).then(|| to_json(made)).transpose();
    let commitments: Vec<Option<String>> = entries
        .iter()
        .map(|e| stored(&e.commitments))
        .collect::<Result<_, _>>()?;
    sqlx::query!(
        "insert into audit.entry (id, tenant, at, actor, role, action, object_kind, object_id, subject, decision, rules, lists,
             commitments)
         select id, tenant, at, actor, role, action, object_kind, object_id, subject, decision, rules, lists, commitments
         from unnest($1::uuid[], $2::uuid[], $3::timestamptz[], $4::uuid[], $5::text[], $6::text[], $7::text[], $8::text[],
             $9::uuid[], $10::text[], $11::text[], $12::text[], $13::text[]) with ordinality
             as e (id, tenant, at, actor, role, action, object_kind, object_id, subject, decision, rules, lists, commitments, place)
         order by place",
        &ids,
        &tenants,
        &ats,
        &who,
        &roles as &[&str],
        &actions as &[&str],
        &kinds as &[&str],
        &objects as &[&str],
        &subjects as &[Option<Uuid>],
        &decisions as &[Option<&str>],
        &rule_sets as &[Option<&str>],
        &lists as &[Option<&str>],
        &commitments as &[Option<String>],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes those entries that are not there yet.
pub(crate) async fn insert_new_entries(conn: &mut PgConnection, entries: &[Entry]) -> Result<(), Error> {
    let ids: Vec<Uuid> = entries.iter().map(|e| e.id).collect();
    let there = sqlx::query_scalar!("select id from audit.entry where id = any($1)", &ids)
        .fetch_all(&mut *conn)
        .await?;
    let fresh: Vec<Entry> = entries.iter().filter(|e| !there.contains(&e.id)).cloned().collect();
    if fresh.is_empty() {
        Ok(())
    } else {
        insert_entries(conn, &fresh).await
    }
}

/// 32 random bytes, 244 bits of them by the database's strong generator.
pub(crate) async fn fresh_salt(conn: &mut PgConnection) -> Result<Vec<u8>, sqlx::Error> {
    sqlx::query_scalar!(r#"select sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())) as "salt!""#)
        .fetch_one(conn)
        .await
}

/// Keeps what opens the commitments of an entry.
pub(crate) async fn keep_salt(
    conn: &mut PgConnection,
    entry: Uuid,
    (tenant, subject): (Uuid, Option<Uuid>),
    salt: &[u8],
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into audit.salt (entry_id, tenant, subject, salt) values ($1, $2, $3, $4)",
        entry,
        tenant,
        subject,
        salt
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The salt of an entry's commitments; none when it has none, or when it was destroyed.
pub(crate) async fn salt_of(conn: &mut PgConnection, entry: Uuid) -> Result<Option<Vec<u8>>, sqlx::Error> {
    sqlx::query_scalar!("select salt from audit.salt where entry_id = $1", entry)
        .fetch_optional(conn)
        .await
}

/// Destroys the salts of a person; answers how many.
pub(crate) async fn destroy_salts(conn: &mut PgConnection, tenant: Uuid, subject: Uuid) -> Result<u64, sqlx::Error> {
    let gone = sqlx::query!(
        "delete from audit.salt where tenant = $1 and subject = $2",
        tenant,
        subject
    )
    .execute(conn)
    .await?;
    Ok(gone.rows_affected())
}

/// An entry as stored.
pub(crate) struct EntryRow {
    pub id: Uuid,
    pub tenant: Uuid,
    pub at: DateTime<Utc>,
    pub actor: Uuid,
    pub role: String,
    pub action: String,
    pub object_kind: String,
    pub object_id: String,
    pub subject: Option<Uuid>,
    pub decision: Option<String>,
    pub rules: Option<String>,
    pub lists: Option<String>,
    pub commitments: Option<String>,
}

impl EntryRow {
    /// The entry: what is hashed is what is stored.
    pub(crate) fn entry(self) -> Result<Entry, Error> {
        let code = |text: &str| Code::named(text).ok_or_else(|| corrupt(Unreadable("code of an audit entry")));
        let some = |text: Option<String>| text.map(|text| code(&text)).transpose();
        Ok(Entry {
            id: self.id,
            tenant: self.tenant,
            at: self.at,
            actor: Actor {
                id: self.actor,
                role: code(&self.role)?,
            },
            action: code(&self.action)?,
            object: Object {
                kind: code(&self.object_kind)?,
                id: code(&self.object_id)?,
            },
            subject: self.subject,
            decision: some(self.decision)?,
            rules: some(self.rules)?,
            lists: some(self.lists)?,
            commitments: self
                .commitments
                .as_deref()
                .map(from_json)
                .transpose()?
                .unwrap_or_default(),
        })
    }
}
