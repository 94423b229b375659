//! Tables `lending.loan`, `lending.loan_event`, `lending.installment`, `lending.repayment`.

use alloy_primitives::B256;
use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{LoanId, PaymentId, PrincipalId, ProviderId, QuoteId, SettlementId, TenantId};
use domain::loan::LoanState;
use domain::ports::{LiveLoan, OnchainTerms};
use sqlx::PgConnection;
use uuid::Uuid;

use super::{hash, natural, signed, units};
use crate::api::{Error, LoanAmount, RepaymentChannel};
use crate::store::{Unreadable, constraint, corrupt, from_json, to_json};

/// A loan as stored.
#[derive(Clone, Debug)]
pub(crate) struct LoanRow {
    pub id: LoanId,
    pub tenant: TenantId,
    pub borrower: PrincipalId,
    pub provider: ProviderId,
    pub quote_id: QuoteId,
    pub settlement_id: SettlementId,
    pub state: LoanState,
    pub version: i32,
    /// Unit of the ledger.
    pub unit: String,
    /// Unit for people.
    pub symbol: String,
    pub decimals: u8,
    pub principal: u128,
    pub outstanding: u128,
    pub onchain: Option<(u64, B256)>,
    pub terms: Option<OnchainTerms>,
    pub created_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub closed_at: Option<DateTime<Utc>>,
}

impl LoanRow {
    /// An amount in the loan's unit, for people.
    pub(crate) fn amount(&self, units: u128) -> LoanAmount {
        LoanAmount {
            units,
            decimals: self.decimals,
            symbol: self.symbol.clone(),
        }
    }

    /// The contract's loan, once money is out.
    pub(crate) fn live_onchain(&self) -> Option<LiveLoan> {
        let (chain_id, loan) = self.onchain?;
        let terms = self.terms.clone()?;
        Some(LiveLoan { chain_id, loan, terms })
    }
}

struct Raw {
    id: Uuid,
    tenant: Uuid,
    borrower: Uuid,
    provider: String,
    quote_id: Uuid,
    settlement_id: Uuid,
    state: String,
    version: i32,
    unit: String,
    symbol: String,
    decimals: i16,
    principal: String,
    outstanding: String,
    chain_id: Option<i64>,
    loan_hash: Option<Vec<u8>>,
    terms: Option<String>,
    created_at: DateTime<Utc>,
    started_at: Option<DateTime<Utc>>,
    closed_at: Option<DateTime<Utc>>,
}

impl TryFrom<Raw> for LoanRow {
    type Error = Error;

    fn try_from(raw: Raw) -> Result<Self, Error> {
        let onchain = match (raw.chain_id, raw.loan_hash) {
            (Some(chain_id), Some(loan)) => Some((natural(chain_id)?, hash(&loan)?)),
            _ => None,
        };
        Ok(Self {
            id: raw.id.into(),
            tenant: raw.tenant.into(),
            borrower: raw.borrower.into(),
            provider: raw.provider.try_into().map_err(corrupt)?,
            quote_id: raw.quote_id.into(),
            settlement_id: raw.settlement_id.into(),
            state: LoanState::parse(&raw.state).ok_or_else(|| corrupt(Unreadable("loan state")))?,
            version: raw.version,
            unit: raw.unit,
            symbol: raw.symbol,
            decimals: u8::try_from(raw.decimals).map_err(corrupt)?,
            principal: units(&raw.principal)?,
            outstanding: units(&raw.outstanding)?,
            onchain,
            terms: raw.terms.as_deref().map(from_json).transpose()?,
            created_at: raw.created_at,
            started_at: raw.started_at,
            closed_at: raw.closed_at,
        })
    }
}

/// Inserts a pending loan at version 0; its first event follows.
pub(crate) async fn insert_loan(conn: &mut PgConnection, row: &LoanRow) -> Result<(), Error> {
    let (chain_id, loan) = row
        .onchain
        .map_or((None, None), |(chain_id, loan)| (Some(chain_id), Some(loan)));
    sqlx::query!(
        "insert into lending.loan (id, tenant, borrower, provider, quote_id, settlement_id, state, unit, symbol, decimals,
                                   principal, outstanding, chain_id, loan_hash, created_at)
         values ($1, $2, $3, $4, $5, $6, 'PENDING', $7, $8, $9, $10::text::numeric, 0, $11, $12, $13)",
        row.id.0,
        row.tenant.0,
        row.borrower.0,
        row.provider.as_str(),
        row.quote_id.0,
        row.settlement_id.0,
        row.unit,
        row.symbol,
        i16::from(row.decimals),
        row.principal.to_string(),
        chain_id.map(signed).transpose()?,
        loan.map(|l| l.to_vec()),
        row.created_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A loan.
pub(crate) async fn loan(conn: &mut PgConnection, id: LoanId) -> Result<Option<LoanRow>, Error> {
    Ok(loans_by_id(conn, &[id.0]).await?.pop())
}

/// A loan, locked until the transaction ends.
pub(crate) async fn lock_loan(conn: &mut PgConnection, id: LoanId) -> Result<Option<LoanRow>, Error> {
    sqlx::query!("select id from lending.loan where id = $1 for update", id.0)
        .fetch_optional(&mut *conn)
        .await?;
    loan(conn, id).await
}

/// Loans by their ids, ordered by id.
pub(crate) async fn loans_by_id(conn: &mut PgConnection, ids: &[Uuid]) -> Result<Vec<LoanRow>, Error> {
    let rows = sqlx::query_as!(
        Raw,
        r#"select id, tenant, borrower, provider, quote_id, settlement_id, state, version, unit, symbol, decimals,
                  principal::text as "principal!", outstanding::text as "outstanding!", chain_id, loan_hash, terms,
                  created_at, started_at, closed_at
           from lending.loan where id = any($1) order by id"#,
        ids
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(LoanRow::try_from).collect()
}

/// Whose loans.
#[derive(Clone, Debug, Default)]
pub(crate) struct LoanFilter {
    pub tenant: Option<Uuid>,
    pub borrower: Option<Uuid>,
    pub provider: Option<String>,
}

/// Ids of loans after an id, in order of id, at most `limit`.
pub(crate) async fn loan_ids(
    conn: &mut PgConnection,
    filter: &LoanFilter,
    after: Uuid,
    limit: i64,
) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar!(
        "select id from lending.loan
         where id > $1 and ($2::uuid is null or tenant = $2) and ($3::uuid is null or borrower = $3)
           and ($4::text is null or provider = $4)
         order by id limit $5",
        after,
        filter.tenant,
        filter.borrower,
        filter.provider,
        limit
    )
    .fetch_all(conn)
    .await?)
}

/// Writes the folded state of a loan with the event that led to it. The row must be locked or its version known.
pub(crate) async fn record_event(
    conn: &mut PgConnection,
    row: &LoanRow,
    kind: &str,
    payload: &str,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    let updated = sqlx::query!(
        "update lending.loan set state = $3, version = $2, outstanding = $4::text::numeric, terms = $5, started_at = $6,
                closed_at = $7
         where id = $1 and version = $2 - 1",
        row.id.0,
        row.version,
        row.state.as_str(),
        row.outstanding.to_string(),
        row.terms.as_ref().map(to_json).transpose()?,
        row.started_at,
        row.closed_at,
    )
    .execute(&mut *conn)
    .await?;
    if updated.rows_affected() != 1 {
        return Err(corrupt(Unreadable("loan version")));
    }
    sqlx::query!(
        "insert into lending.loan_event (loan_id, version, kind, payload, at) values ($1, $2, $3, $4, $5)",
        row.id.0,
        row.version,
        kind,
        payload,
        at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Payloads of a loan's events, oldest first.
pub(crate) async fn loan_events(conn: &mut PgConnection, id: LoanId) -> Result<Vec<String>, Error> {
    Ok(sqlx::query_scalar!(
        "select payload from lending.loan_event where loan_id = $1 order by version",
        id.0
    )
    .fetch_all(conn)
    .await?)
}

/// One installment as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InstallmentRow {
    pub number: u32,
    pub due: NaiveDate,
    pub principal: u128,
    pub interest: u128,
    pub fees: u128,
    pub late_fee: u128,
    pub paid_principal: u128,
    pub paid_interest: u128,
    pub paid_fees: u128,
    pub paid_late_fee: u128,
    pub late_charged: bool,
    pub penal_to: Option<NaiveDate>,
    /// Nothing more is asked on it.
    pub settled: bool,
}

impl InstallmentRow {
    /// A fresh row.
    pub(crate) fn new(number: u32, due: NaiveDate, principal: u128, interest: u128, fees: u128) -> Self {
        Self {
            number,
            due,
            principal,
            interest,
            fees,
            late_fee: 0,
            paid_principal: 0,
            paid_interest: 0,
            paid_fees: 0,
            paid_late_fee: 0,
            late_charged: false,
            penal_to: None,
            settled: false,
        }
    }
}

/// Writes installments: new ones, and what changed in known ones.
pub(crate) async fn put_installments(
    conn: &mut PgConnection,
    id: LoanId,
    rows: &[InstallmentRow],
) -> Result<(), Error> {
    let text =
        |pick: fn(&InstallmentRow) -> u128| -> Vec<String> { rows.iter().map(|r| pick(r).to_string()).collect() };
    let numbers = rows
        .iter()
        .map(|r| i32::try_from(r.number))
        .collect::<Result<Vec<_>, _>>()
        .map_err(corrupt)?;
    let dues: Vec<NaiveDate> = rows.iter().map(|r| r.due).collect();
    let charged: Vec<bool> = rows.iter().map(|r| r.late_charged).collect();
    let settled: Vec<bool> = rows.iter().map(|r| r.settled).collect();
    let penal: Vec<Option<NaiveDate>> = rows.iter().map(|r| r.penal_to).collect();
    sqlx::query!(
        "insert into lending.installment
             (loan_id, number, due, principal, interest, fees, late_fee, paid_principal, paid_interest, paid_fees,
              paid_late_fee, late_charged, penal_to, settled)
         select $1, * from unnest($2::int[], $3::date[], $4::text[]::numeric[], $5::text[]::numeric[],
             $6::text[]::numeric[], $7::text[]::numeric[], $8::text[]::numeric[], $9::text[]::numeric[],
             $10::text[]::numeric[], $11::text[]::numeric[], $12::bool[], $13::date[], $14::bool[])
         on conflict (loan_id, number) do update set
             late_fee = excluded.late_fee, paid_principal = excluded.paid_principal,
             paid_interest = excluded.paid_interest, paid_fees = excluded.paid_fees,
             paid_late_fee = excluded.paid_late_fee, late_charged = excluded.late_charged,
             penal_to = excluded.penal_to, settled = excluded.settled",
        id.0,
        &numbers,
        &dues,
        &text(|r| r.principal),
        &text(|r| r.interest),
        &text(|r| r.fees),
        &text(|r| r.late_fee),
        &text(|r| r.paid_principal),
        &text(|r| r.paid_interest),
        &text(|r| r.paid_fees),
        &text(|r| r.paid_late_fee),
        &charged,
        &penal as &[Option<NaiveDate>],
        &settled,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The installments of a loan, in order.
pub(crate) async fn installments(conn: &mut PgConnection, id: LoanId) -> Result<Vec<InstallmentRow>, Error> {
    let rows = sqlx::query!(
        r#"select number, due, principal::text as "principal!", interest::text as "interest!", fees::text as "fees!",
                  late_fee::text as "late_fee!", paid_principal::text as "paid_principal!",
                  paid_interest::text as "paid_interest!", paid_fees::text as "paid_fees!",
                  paid_late_fee::text as "paid_late_fee!", late_charged, penal_to, settled
           from lending.installment where loan_id = $1 order by number"#,
        id.0
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            Ok(InstallmentRow {
                number: u32::try_from(r.number).map_err(corrupt)?,
                due: r.due,
                principal: units(&r.principal)?,
                interest: units(&r.interest)?,
                fees: units(&r.fees)?,
                late_fee: units(&r.late_fee)?,
                paid_principal: units(&r.paid_principal)?,
                paid_interest: units(&r.paid_interest)?,
                paid_fees: units(&r.paid_fees)?,
                paid_late_fee: units(&r.paid_late_fee)?,
                late_charged: r.late_charged,
                penal_to: r.penal_to,
                settled: r.settled,
            })
        })
        .collect()
}

/// Loans with an installment due before `day` that is not paid; those that are known to be late come too.
pub(crate) async fn overdue_loans(conn: &mut PgConnection, day: NaiveDate, after: Uuid) -> Result<Vec<Uuid>, Error> {
    Ok(sqlx::query_scalar!(
        "select distinct loan_id from lending.installment where not settled and due < $1 and loan_id > $2
         order by loan_id limit 200",
        day,
        after
    )
    .fetch_all(conn)
    .await?)
}

/// One repayment as stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RepaymentRow {
    pub id: PaymentId,
    pub loan_id: LoanId,
    pub channel: RepaymentChannel,
    pub late_fee: u128,
    pub fees: u128,
    pub interest: u128,
    pub principal: u128,
    pub evidence: String,
    pub paid_at: DateTime<Utc>,
}

impl RepaymentRow {
    /// All parts.
    pub(crate) fn amount(&self) -> u128 {
        self.late_fee + self.fees + self.interest + self.principal
    }
}

/// Inserts a repayment; the same evidence a second time is a business refusal.
pub(crate) async fn insert_repayment(conn: &mut PgConnection, row: &RepaymentRow) -> Result<(), Error> {
    let channel = match row.channel {
        RepaymentChannel::OnChain => "ON_CHAIN",
        RepaymentChannel::OffChain => "OFF_CHAIN",
    };
    let done = sqlx::query!(
        "insert into lending.repayment (id, loan_id, channel, amount, late_fee, fees, interest, principal, evidence, paid_at)
         values ($1, $2, $3, $4::text::numeric, $5::text::numeric, $6::text::numeric, $7::text::numeric,
                 $8::text::numeric, $9, $10)",
        row.id.0,
        row.loan_id.0,
        channel,
        row.amount().to_string(),
        row.late_fee.to_string(),
        row.fees.to_string(),
        row.interest.to_string(),
        row.principal.to_string(),
        row.evidence,
        row.paid_at,
    )
    .execute(conn)
    .await;
    done.map(drop).map_err(|error| match constraint(&error) {
        Some("repayment_evidence_once") => {
            Error::refused("EVIDENCE_USED", "This evidence was counted before.", Some("evidence"))
        }
        _ => error.into(),
    })
}

/// The repayments of a loan, oldest first.
pub(crate) async fn repayments(conn: &mut PgConnection, id: LoanId) -> Result<Vec<RepaymentRow>, Error> {
    let rows = sqlx::query!(
        r#"select id, channel, late_fee::text as "late_fee!", fees::text as "fees!", interest::text as "interest!",
                  principal::text as "principal!", evidence, paid_at
           from lending.repayment where loan_id = $1 order by paid_at, id"#,
        id.0
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|r| {
            let channel = if r.channel == "ON_CHAIN" {
                RepaymentChannel::OnChain
            } else {
                RepaymentChannel::OffChain
            };
            Ok(RepaymentRow {
                id: r.id.into(),
                loan_id: id,
                channel,
                late_fee: units(&r.late_fee)?,
                fees: units(&r.fees)?,
                interest: units(&r.interest)?,
                principal: units(&r.principal)?,
                evidence: r.evidence,
                paid_at: r.paid_at,
            })
        })
        .collect()
}
