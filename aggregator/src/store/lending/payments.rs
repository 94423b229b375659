//! Tables `lending.installment`, `lending.repayment`.

use chrono::{DateTime, NaiveDate, Utc};
use domain::ids::{LoanId, PaymentId};
use sqlx::PgConnection;
use uuid::Uuid;

use super::units;
use crate::api::{Error, RepaymentChannel};
use crate::store::{constraint, corrupt};

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
