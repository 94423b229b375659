//! Logins, sessions, challenges and tries of schema `identity`.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;
use uuid::Uuid;

/// A login as stored.
pub(crate) struct LoginRow {
    pub id: Uuid,
    pub principal_id: Uuid,
    pub kind: String,
    pub password: Option<String>,
    pub name_sealed: Vec<u8>,
}

/// Adds a login; false when another has that hash.
pub(crate) async fn add_login(
    conn: &mut PgConnection,
    row: &LoginRow,
    hmac: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "INSERT INTO identity.login (id, principal_id, kind, login_hmac, password, name_sealed, created_at, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (login_hmac) DO NOTHING",
        row.id,
        row.principal_id,
        row.kind,
        hmac.as_slice(),
        row.password,
        row.name_sealed,
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// The login of that hash.
pub(crate) async fn login(conn: &mut PgConnection, hmac: &[u8; 32]) -> Result<Option<LoginRow>, sqlx::Error> {
    sqlx::query_as!(
        LoginRow,
        "SELECT id, principal_id, kind, password, name_sealed FROM identity.login WHERE login_hmac = $1",
        hmac.as_slice()
    )
    .fetch_optional(conn)
    .await
}

/// A login by id.
pub(crate) async fn login_by_id(conn: &mut PgConnection, id: Uuid) -> Result<Option<LoginRow>, sqlx::Error> {
    sqlx::query_as!(
        LoginRow,
        "SELECT id, principal_id, kind, password, name_sealed FROM identity.login WHERE id = $1",
        id
    )
    .fetch_optional(conn)
    .await
}

/// Gives a login another password.
pub(crate) async fn set_password(
    conn: &mut PgConnection,
    id: Uuid,
    password: &str,
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE identity.login SET password = $2, changed_at = $3 WHERE id = $1",
        id,
        password,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes a login away with its sessions.
pub(crate) async fn remove_login(conn: &mut PgConnection, id: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM identity.login WHERE id = $1", id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Takes every login of a principal away with its sessions.
pub(crate) async fn forget_logins(conn: &mut PgConnection, principal: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM identity.login WHERE principal_id = $1", principal)
        .execute(conn)
        .await?;
    Ok(())
}

/// A session as stored.
pub(crate) struct SessionRow {
    pub id: Uuid,
    pub login_id: Uuid,
    pub principal_id: Uuid,
    pub generation: i32,
    pub begun_at: DateTime<Utc>,
    pub rotated_at: DateTime<Utc>,
    pub idle_until: DateTime<Utc>,
    pub ends_at: DateTime<Utc>,
    pub ended_at: Option<DateTime<Utc>>,
}

/// Adds a session.
pub(crate) async fn add_session(conn: &mut PgConnection, row: &SessionRow) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO identity.session (id, login_id, principal_id, generation, begun_at, rotated_at, idle_until, ends_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        row.id,
        row.login_id,
        row.principal_id,
        row.generation,
        row.begun_at,
        row.rotated_at,
        row.idle_until,
        row.ends_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Adds a cookie of a generation of a session.
pub(crate) async fn add_cookie(
    conn: &mut PgConnection,
    sha256: &[u8; 32],
    (session, generation): (Uuid, i32),
    now: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO identity.session_cookie (sha256, session_id, generation, issued_at) VALUES ($1, $2, $3, $4)",
        sha256.as_slice(),
        session,
        generation,
        now
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The session of a cookie, held until the commit, with the cookie's generation.
pub(crate) async fn hold_session(
    conn: &mut PgConnection,
    sha256: &[u8; 32],
) -> Result<Option<(SessionRow, i32)>, sqlx::Error> {
    let Some(cookie) = sqlx::query!(
        "SELECT session_id, generation FROM identity.session_cookie WHERE sha256 = $1",
        sha256.as_slice()
    )
    .fetch_optional(&mut *conn)
    .await?
    else {
        return Ok(None);
    };
    let session = sqlx::query_as!(
        SessionRow,
        "SELECT id, login_id, principal_id, generation, begun_at, rotated_at, idle_until, ends_at, ended_at
         FROM identity.session WHERE id = $1 FOR UPDATE",
        cookie.session_id
    )
    .fetch_optional(conn)
    .await?;
    Ok(session.map(|session| (session, cookie.generation)))
}

/// The next generation of a session.
pub(crate) async fn rotate(
    conn: &mut PgConnection,
    session: Uuid,
    now: DateTime<Utc>,
    idle_until: DateTime<Utc>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE identity.session SET generation = generation + 1, rotated_at = $2, idle_until = least($3, ends_at) WHERE id = $1",
        session,
        now,
        idle_until
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a session that has not ended.
pub(crate) async fn end_session(
    conn: &mut PgConnection,
    session: Uuid,
    (why, now): (&str, DateTime<Utc>),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE identity.session SET ended_at = $2, ended_why = $3 WHERE id = $1 AND ended_at IS NULL",
        session,
        now,
        why
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends all sessions of a login.
pub(crate) async fn end_sessions_of(
    conn: &mut PgConnection,
    login: Uuid,
    (why, now): (&str, DateTime<Utc>),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "UPDATE identity.session SET ended_at = $2, ended_why = $3 WHERE login_id = $1 AND ended_at IS NULL",
        login,
        now,
        why
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a wallet was asked to sign.
pub(crate) struct ChallengeRow {
    pub nonce: String,
    pub origin: String,
    pub address: Vec<u8>,
    pub chain_id: i64,
    pub issued_at: DateTime<Utc>,
    pub expires_at: DateTime<Utc>,
    pub used_at: Option<DateTime<Utc>>,
}

/// Adds a challenge.
pub(crate) async fn add_challenge(
    conn: &mut PgConnection,
    message_sha256: &[u8; 32],
    row: &ChallengeRow,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "INSERT INTO identity.wallet_challenge (message_sha256, nonce, origin, address, chain_id, issued_at, expires_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
        message_sha256.as_slice(),
        row.nonce,
        row.origin,
        row.address,
        row.chain_id,
        row.issued_at,
        row.expires_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The challenge of a message.
pub(crate) async fn challenge(
    conn: &mut PgConnection,
    message_sha256: &[u8; 32],
) -> Result<Option<ChallengeRow>, sqlx::Error> {
    sqlx::query_as!(
        ChallengeRow,
        "SELECT nonce, origin, address, chain_id, issued_at, expires_at, used_at
         FROM identity.wallet_challenge WHERE message_sha256 = $1",
        message_sha256.as_slice()
    )
    .fetch_optional(conn)
    .await
}

/// Uses a challenge; false when it was used.
pub(crate) async fn use_challenge(
    conn: &mut PgConnection,
    message_sha256: &[u8; 32],
    now: DateTime<Utc>,
) -> Result<bool, sqlx::Error> {
    let done = sqlx::query!(
        "UPDATE identity.wallet_challenge SET used_at = $2 WHERE message_sha256 = $1 AND used_at IS NULL",
        message_sha256.as_slice(),
        now
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Counts a try; answers when its window began and the tries in it, this one included.
pub(crate) async fn count_try(
    conn: &mut PgConnection,
    (kind, key): (&str, &[u8; 32]),
    (now, before): (DateTime<Utc>, DateTime<Utc>),
) -> Result<(DateTime<Utc>, i32), sqlx::Error> {
    let row = sqlx::query!(
        "INSERT INTO identity.sign_in_try AS t (kind, key, since, tries) VALUES ($1, $2, $3, 1)
         ON CONFLICT (kind, key) DO UPDATE SET
             since = CASE WHEN t.since <= $4 THEN excluded.since ELSE t.since END,
             tries = CASE WHEN t.since <= $4 THEN 1 ELSE t.tries + 1 END
         RETURNING since, tries",
        kind,
        key.as_slice(),
        now,
        before
    )
    .fetch_one(conn)
    .await?;
    Ok((row.since, row.tries))
}

/// Forgets the tries of a key.
pub(crate) async fn forget_tries(conn: &mut PgConnection, (kind, key): (&str, &[u8; 32])) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "DELETE FROM identity.sign_in_try WHERE kind = $1 AND key = $2",
        kind,
        key.as_slice()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes away what is over: tries and challenges of before that time, and sessions that ended before it.
pub(crate) async fn sweep(conn: &mut PgConnection, before: DateTime<Utc>) -> Result<(), sqlx::Error> {
    sqlx::query!("DELETE FROM identity.sign_in_try WHERE since < $1", before)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("DELETE FROM identity.wallet_challenge WHERE expires_at < $1", before)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("DELETE FROM identity.session WHERE ends_at < $1", before)
        .execute(conn)
        .await?;
    Ok(())
}
