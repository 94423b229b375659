//! Table `lending.watch`: live on-chain loans that the keeper looks after.

use std::time::Duration;

use chrono::NaiveDate;
use domain::ids::LoanId;
use sqlx::PgConnection;
use uuid::Uuid;

use super::signed;
use crate::api::Error;

/// Looks after a loan from now on.
pub(crate) async fn watch(conn: &mut PgConnection, id: LoanId, by_price: bool) -> Result<(), Error> {
    sqlx::query!(
        "insert into lending.watch (loan_id, by_price) values ($1, $2)",
        id.0,
        by_price
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Looks after a loan no more.
pub(crate) async fn unwatch(conn: &mut PgConnection, id: LoanId) -> Result<(), Error> {
    sqlx::query!("delete from lending.watch where loan_id = $1", id.0)
        .execute(conn)
        .await?;
    Ok(())
}

/// Which loans the keeper takes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look<'a> {
    /// On these chains.
    pub chains: &'a [u64],
    /// Loans without a price can be late only when something was due before this day.
    pub today: NaiveDate,
    pub limit: i64,
    /// Nobody else looks at a taken loan for so long.
    pub pause: Duration,
    /// Leaves those alone whose next look is in the future; a block after a refusal counts always.
    pub patient: bool,
}

/// Takes loans that are due for a look, the longest waiting first.
pub(crate) async fn claim_watched(conn: &mut PgConnection, look: Look<'_>) -> Result<Vec<Uuid>, Error> {
    let chains = look
        .chains
        .iter()
        .map(|id| signed(*id))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(sqlx::query_scalar!(
        "with due as (
             select w.loan_id from lending.watch w join lending.loan l on l.id = w.loan_id
             where l.chain_id = any($1) and l.state in ('ACTIVE', 'DELINQUENT')
               and w.blocked_until <= clock_timestamp() and (not $5 or w.next_at <= clock_timestamp())
               and (w.by_price or exists (select from lending.installment i
                                          where i.loan_id = l.id and not i.settled and i.due <= $2))
             order by w.next_at limit $3 for update of w skip locked
         )
         update lending.watch w set next_at = clock_timestamp() + make_interval(secs => $4)
         from due where w.loan_id = due.loan_id returning w.loan_id",
        &chains,
        look.today,
        look.limit,
        look.pause.as_secs_f64(),
        look.patient
    )
    .fetch_all(conn)
    .await?)
}

/// Notes what a look found.
pub(crate) async fn note_outcome(conn: &mut PgConnection, id: LoanId, outcome: &str) -> Result<(), Error> {
    sqlx::query!(
        "update lending.watch set outcome = $2 where loan_id = $1",
        id.0,
        outcome
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A transaction of the keeper succeeded: its event follows.
pub(crate) async fn note_success(conn: &mut PgConnection, id: LoanId, outcome: &str) -> Result<(), Error> {
    sqlx::query!(
        "update lending.watch set failures = 0, outcome = $2 where loan_id = $1",
        id.0,
        outcome
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The contract refused a transaction of the keeper: the next waits, twice as long after each refusal in a row, from
/// `first` to `longest`.
pub(crate) async fn note_refusal(
    conn: &mut PgConnection,
    id: LoanId,
    outcome: &str,
    (first, longest): (Duration, Duration),
) -> Result<(), Error> {
    sqlx::query!(
        "update lending.watch set failures = failures + 1, outcome = $2,
             blocked_until = clock_timestamp() + make_interval(secs => least($3 * 2 ^ least(failures, 16), $4))
         where loan_id = $1",
        id.0,
        outcome,
        first.as_secs_f64(),
        longest.as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(())
}
