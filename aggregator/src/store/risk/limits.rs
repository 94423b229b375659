//! Spending limits: accounts, what each credit holds of them, and the entries that move both.

use chrono::{DateTime, Utc};
use domain::ids::{DecisionId, LoanId, PrincipalId, SettlementId, TenantId};
use domain::money::Currency;
use sqlx::PgConnection;
use uuid::Uuid;

use crate::risk::limits::{EntryKind, LimitMode};
use crate::store::{Unreadable, corrupt};

/// Whose limit, in which currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct AccountKey {
    pub tenant: TenantId,
    pub borrower: PrincipalId,
    pub currency: Currency,
}

/// A limit account, minor units.
#[derive(Clone, Debug)]
pub(crate) struct AccountRow {
    pub limit_minor: Option<i64>,
    pub decision: Option<Uuid>,
    pub reserved_minor: i64,
    pub committed_minor: i64,
    pub changed_at: DateTime<Utc>,
}

/// What one credit holds of its borrower's limit.
#[derive(Clone, Debug)]
pub(crate) struct HoldRow {
    pub settlement: Uuid,
    pub loan: Uuid,
    pub amount_minor: i64,
    pub reserved_minor: i64,
    pub committed_minor: i64,
}

/// An entry to post.
#[derive(Clone, Debug)]
pub(crate) struct EntryRow<'a> {
    pub id: Uuid,
    pub key: &'a str,
    pub settlement: Uuid,
    pub kind: EntryKind,
    pub reserved_delta: i64,
    pub committed_delta: i64,
    pub over_minor: i64,
    pub at: DateTime<Utc>,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Posted {
    /// It moved the figures.
    New,
    /// The same was posted before under this key.
    Again,
    /// Something else was posted before under this key.
    Other,
}

/// Assigns the limit of a decision: what is out already stays out.
pub(crate) async fn assign_limit(
    conn: &mut PgConnection,
    key: AccountKey,
    limit_minor: Option<i64>,
    (decision, now): (DecisionId, DateTime<Utc>),
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into risk.limit_account (tenant, borrower, currency, limit_minor, decision_id, changed_at)
         values ($1, $2, $3, $4, $5, $6)
         on conflict (tenant, borrower, currency) do update
             set limit_minor = excluded.limit_minor, decision_id = excluded.decision_id, changed_at = excluded.changed_at",
        key.tenant.0,
        key.borrower.0,
        key.currency.code(),
        limit_minor,
        decision.0,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The account, held until the commit; made without a limit when it is not there.
pub(crate) async fn hold_account(
    conn: &mut PgConnection,
    key: AccountKey,
    now: DateTime<Utc>,
) -> Result<AccountRow, sqlx::Error> {
    sqlx::query!(
        "insert into risk.limit_account (tenant, borrower, currency, changed_at) values ($1, $2, $3, $4)
         on conflict do nothing",
        key.tenant.0,
        key.borrower.0,
        key.currency.code(),
        now,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query_as!(
        AccountRow,
        "select limit_minor, decision_id as decision, reserved_minor, committed_minor, changed_at
         from risk.limit_account where tenant = $1 and borrower = $2 and currency = $3 for update",
        key.tenant.0,
        key.borrower.0,
        key.currency.code(),
    )
    .fetch_one(conn)
    .await
}

/// The account as it is.
pub(crate) async fn limit_account(conn: &mut PgConnection, key: AccountKey) -> Result<Option<AccountRow>, sqlx::Error> {
    sqlx::query_as!(
        AccountRow,
        "select limit_minor, decision_id as decision, reserved_minor, committed_minor, changed_at
         from risk.limit_account where tenant = $1 and borrower = $2 and currency = $3",
        key.tenant.0,
        key.borrower.0,
        key.currency.code(),
    )
    .fetch_optional(conn)
    .await
}

/// Every account of a borrower, by currency.
pub(crate) async fn limit_accounts(
    conn: &mut PgConnection,
    borrower: PrincipalId,
) -> Result<Vec<(Uuid, String, AccountRow)>, sqlx::Error> {
    let rows = sqlx::query!(
        "select tenant, currency, limit_minor, decision_id, reserved_minor, committed_minor, changed_at
         from risk.limit_account where borrower = $1 order by tenant, currency",
        borrower.0,
    )
    .fetch_all(conn)
    .await?;
    let account = rows.into_iter().map(|row| {
        let account = AccountRow {
            limit_minor: row.limit_minor,
            decision: row.decision_id,
            reserved_minor: row.reserved_minor,
            committed_minor: row.committed_minor,
            changed_at: row.changed_at,
        };
        (row.tenant, row.currency, account)
    });
    Ok(account.collect())
}

/// Opens the hold of a credit. Repeating it changes nothing.
pub(crate) async fn open_hold(
    conn: &mut PgConnection,
    (settlement, loan): (SettlementId, LoanId),
    key: AccountKey,
    amount_minor: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "insert into risk.limit_hold (settlement_id, loan_id, tenant, borrower, currency, amount_minor)
         values ($1, $2, $3, $4, $5, $6) on conflict (settlement_id) do nothing",
        settlement.0,
        loan.0,
        key.tenant.0,
        key.borrower.0,
        key.currency.code(),
        amount_minor,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What the loan holds of its borrower's limit; none when it does not count.
pub(crate) async fn hold_of_loan(conn: &mut PgConnection, loan: LoanId) -> Result<Option<HoldRow>, sqlx::Error> {
    sqlx::query_as!(
        HoldRow,
        "select settlement_id as settlement, loan_id as loan, amount_minor, reserved_minor, committed_minor
         from risk.limit_hold where loan_id = $1",
        loan.0,
    )
    .fetch_optional(conn)
    .await
}

/// What those loans hold.
pub(crate) async fn holds_of_loans(conn: &mut PgConnection, loans: &[Uuid]) -> Result<Vec<HoldRow>, sqlx::Error> {
    sqlx::query_as!(
        HoldRow,
        "select settlement_id as settlement, loan_id as loan, amount_minor, reserved_minor, committed_minor
         from risk.limit_hold where loan_id = any($1)",
        loans,
    )
    .fetch_all(conn)
    .await
}

/// Posts an entry; a trigger moves the figures. The same key twice is one entry.
pub(crate) async fn post_limit(conn: &mut PgConnection, entry: &EntryRow<'_>) -> Result<Posted, sqlx::Error> {
    let posted = sqlx::query!(
        "insert into risk.limit_entry (id, key, settlement_id, kind, reserved_delta, committed_delta, over_minor, at)
         values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict (key) do nothing",
        entry.id,
        entry.key,
        entry.settlement,
        entry.kind.as_str(),
        entry.reserved_delta,
        entry.committed_delta,
        entry.over_minor,
        entry.at,
    )
    .execute(&mut *conn)
    .await?;
    if posted.rows_affected() == 1 {
        return Ok(Posted::New);
    }
    let first = sqlx::query!(
        "select settlement_id, kind, reserved_delta, committed_delta from risk.limit_entry where key = $1",
        entry.key,
    )
    .fetch_one(conn)
    .await?;
    let same = (
        first.settlement_id,
        first.kind.as_str(),
        first.reserved_delta,
        first.committed_delta,
    ) == (
        entry.settlement,
        entry.kind.as_str(),
        entry.reserved_delta,
        entry.committed_delta,
    );
    Ok(if same { Posted::Again } else { Posted::Other })
}

/// Accounts and holds whose figures are not the sums of their entries.
pub(crate) async fn unsummed_limits(conn: &mut PgConnection) -> Result<Vec<String>, sqlx::Error> {
    sqlx::query_scalar!(
        r#"with summed as (
             select h.settlement_id, h.tenant, h.borrower, h.currency, h.reserved_minor, h.committed_minor,
                    coalesce(sum(e.reserved_delta), 0) as reserved, coalesce(sum(e.committed_delta), 0) as committed
             from risk.limit_hold h left join risk.limit_entry e using (settlement_id) group by h.settlement_id
         ), accounts as (
             select tenant, borrower, currency, sum(reserved) as reserved, sum(committed) as committed
             from summed group by tenant, borrower, currency
         )
         select 'credit ' || settlement_id as "wrong!" from summed
             where (reserved_minor, committed_minor) is distinct from (reserved::bigint, committed::bigint)
         union all
         select 'borrower ' || a.borrower || ' ' || a.currency
             from risk.limit_account a left join accounts s using (tenant, borrower, currency)
             where (a.reserved_minor, a.committed_minor)
                 is distinct from (coalesce(s.reserved, 0)::bigint, coalesce(s.committed, 0)::bigint)
         limit 100"#,
    )
    .fetch_all(conn)
    .await
}

/// How the limits of a tenant bind; none when nobody said.
pub(crate) async fn tenant_mode(conn: &mut PgConnection, tenant: TenantId) -> Result<Option<LimitMode>, crate::Error> {
    let found = sqlx::query_scalar!("select limits from risk.tenant_policy where tenant = $1", tenant.0)
        .fetch_optional(conn)
        .await?;
    found
        .map(|text| LimitMode::parse(&text).ok_or_else(|| corrupt(Unreadable("limit mode"))))
        .transpose()
}

/// Says how the limits of a tenant bind; answers the revision.
pub(crate) async fn put_tenant_mode(
    conn: &mut PgConnection,
    tenant: TenantId,
    mode: LimitMode,
    (reason, by, at): (&str, &str, DateTime<Utc>),
) -> Result<i32, sqlx::Error> {
    sqlx::query_scalar!(
        "insert into risk.tenant_policy as p (tenant, limits, revision, reason, changed_by, changed_at)
         values ($1, $2, 1, $3, $4, $5)
         on conflict (tenant) do update set limits = excluded.limits, revision = p.revision + 1, reason = excluded.reason,
             changed_by = excluded.changed_by, changed_at = excluded.changed_at
         returning revision",
        tenant.0,
        mode.as_str(),
        reason,
        by,
        at,
    )
    .fetch_one(conn)
    .await
}

/// How the limits of a tenant bind and how often that was changed; none when nobody said.
pub(crate) async fn tenant_policy(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<(LimitMode, i32)>, crate::Error> {
    let found = sqlx::query!(
        "select limits, revision from risk.tenant_policy where tenant = $1",
        tenant.0
    )
    .fetch_optional(conn)
    .await?;
    found
        .map(|row| {
            let mode = LimitMode::parse(&row.limits).ok_or_else(|| corrupt(Unreadable("limit mode")))?;
            Ok((mode, row.revision))
        })
        .transpose()
}
