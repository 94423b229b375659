//! Off-chain repayments by the agreed calendar.
//!
//! A payment covers installments in their order, each its late fee, fees, interest and principal. Interest not yet
//! earned is given up only when the whole loan is paid off: the running installment then asks for its interest by day.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::Principal;
use domain::ids::PaymentId;
use domain::loan::LoanState;
use domain::money::div_half_even;
use domain::offer::{Offer, Repayment};
use domain::schedule::{Allocation, AllocationOrder, Component, Obligation, Part, Processing, allocate, late_interest};
use sqlx::PgConnection;

use super::views::resource;
use super::{LoanChange, record};
use crate::access::{self, Action, Class, may_ever};
use crate::api::{Error, IdempotencyKey, NewRepayment, RepaymentChannel, RepaymentView};
use crate::idempotency::{self, Begun, Call};
use crate::ledger::{self, Book, Parts};
use crate::servicing::plan::OutOfRange;
use crate::store::corrupt;
use crate::store::lending::{self, InstallmentRow, LoanRow, RepaymentRow};
use crate::{Aggregator, World};

/// Charges what lateness costs up to `day`: a fixed fee once per installment past its grace, and penal interest on what
/// is overdue. Answers what was added.
pub(crate) fn accrue_late(rows: &mut [InstallmentRow], terms: &Repayment, day: NaiveDate) -> Result<u128, Error> {
    let late = &terms.late;
    let mut added = 0;
    for row in rows.iter_mut().filter(|row| !row.settled) {
        let in_time = row
            .due
            .checked_add_days(Days::new(u64::from(late.grace_days)))
            .is_none_or(|last| day <= last);
        if in_time {
            continue;
        }
        let overdue = row.principal + row.interest + row.fees - row.paid_principal - row.paid_interest - row.paid_fees;
        let since = row.penal_to.unwrap_or(row.due);
        let days = u32::try_from(day.signed_duration_since(since).num_days().max(0)).map_err(corrupt)?;
        let penal = late_interest(whole(overdue)?, late.penal_rate.to_decimal(), days, 0).map_err(corrupt)?;
        let mut charge = u128::try_from(penal).map_err(corrupt)?;
        if !row.late_charged {
            charge += u128::try_from(late.fee.minor).map_err(corrupt)?;
        }
        row.late_charged = true;
        row.penal_to = Some(since.max(day));
        row.late_fee += charge;
        added += charge;
    }
    Ok(added)
}

/// What closes a loan on a day, by part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PayoffParts {
    pub late_fee: u128,
    pub fees: u128,
    pub interest: u128,
    pub principal: u128,
}

impl PayoffParts {
    /// All of it.
    pub(crate) fn total(&self) -> u128 {
        self.late_fee + self.fees + self.interest + self.principal
    }
}

/// What closes the loan on `day`, late charges accrued before: all principal and charges, interest earned by then, and
/// the charge on principal paid before its time.
pub(crate) fn payoff_parts(
    rows: &[InstallmentRow],
    terms: &Repayment,
    start: NaiveDate,
    day: NaiveDate,
) -> Result<PayoffParts, Error> {
    let mut parts = PayoffParts::default();
    let mut early = 0;
    let mut from = start;
    for row in rows {
        if !row.settled {
            let principal = row.principal - row.paid_principal;
            parts.late_fee += row.late_fee - row.paid_late_fee;
            parts.principal += principal;
            parts.interest += earned_half_even(row, from, day)?.saturating_sub(row.paid_interest);
            if row.due > day {
                early += principal;
            } else {
                parts.fees += row.fees - row.paid_fees;
            }
        }
        from = row.due;
    }
    let ppm = i128::from(terms.prepayment_charge.ppm());
    let charge = whole(early)?.checked_mul(ppm).ok_or_else(|| corrupt(OutOfRange))?;
    let charge = div_half_even(charge, 1_000_000).map_err(corrupt)?;
    parts.fees += u128::try_from(charge).map_err(corrupt)?;
    Ok(parts)
}

/// Interest of an installment that is earned by `day`: by days of its period, ties to even.
fn earned_half_even(row: &InstallmentRow, from: NaiveDate, day: NaiveDate) -> Result<u128, Error> {
    if day >= row.due {
        return Ok(row.interest);
    }
    let elapsed = day.signed_duration_since(from).num_days().max(0);
    let period = row.due.signed_duration_since(from).num_days().max(1);
    let scaled = whole(row.interest)?
        .checked_mul(i128::from(elapsed))
        .ok_or_else(|| corrupt(OutOfRange))?;
    u128::try_from(div_half_even(scaled, i128::from(period)).map_err(corrupt)?).map_err(corrupt)
}

fn whole(amount: u128) -> Result<i128, Error> {
    i128::try_from(amount).map_err(corrupt)
}

/// How a payment is spent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Spent {
    /// Over installments; something is still owed.
    Partly(PayoffParts),
    /// It closes the loan.
    Closing(PayoffParts),
    /// More than everything that is owed.
    TooMuch,
}

/// Spends a payment made on `day` and notes it in the rows.
pub(crate) fn spend(
    rows: &mut [InstallmentRow],
    terms: &Repayment,
    start: NaiveDate,
    day: NaiveDate,
    amount: u128,
) -> Result<Spent, Error> {
    let payoff = payoff_parts(rows, terms, start, day)?;
    let order = AllocationOrder::by_component([
        Component::Penalty,
        Component::Fee,
        Component::Interest,
        Component::Principal,
    ]);
    let owed = rows
        .iter()
        .filter(|row| !row.settled)
        .map(obligation)
        .collect::<Result<Vec<_>, _>>()?;
    let remaining: i128 = owed.iter().map(Obligation::total).sum();
    let allocation = allocate(&order, Processing::Horizontal, &owed, day, whole(amount)?);
    let all = u128::try_from(remaining).map_err(corrupt)?;
    if amount > all && amount != payoff.total() {
        return Ok(Spent::TooMuch);
    }
    if amount >= payoff.total() {
        // What exceeds the payoff is interest and fees of the calendar that the payer chose not to save.
        let beyond = amount - payoff.total();
        let parts = PayoffParts {
            interest: payoff.interest + beyond,
            ..payoff
        };
        settle_rows(rows, &parts);
        return Ok(Spent::Closing(parts));
    }
    let parts = note(rows, &allocation)?;
    let done = amount == all;
    Ok(if done {
        Spent::Closing(parts)
    } else {
        Spent::Partly(parts)
    })
}

fn obligation(row: &InstallmentRow) -> Result<Obligation, Error> {
    Ok(Obligation {
        number: row.number,
        due: row.due,
        penalty: whole(row.late_fee - row.paid_late_fee)?,
        fee: whole(row.fees - row.paid_fees)?,
        interest: whole(row.interest - row.paid_interest)?,
        principal: whole(row.principal - row.paid_principal)?,
    })
}

/// The loan is closed: principal and late fees are paid in full, interest and fees as far as they were asked.
fn settle_rows(rows: &mut [InstallmentRow], parts: &PayoffParts) {
    let (mut interest, mut fees) = (parts.interest, parts.fees);
    for row in rows.iter_mut().filter(|row| !row.settled) {
        row.paid_principal = row.principal;
        row.paid_late_fee = row.late_fee;
        let (more_interest, more_fees) = (
            interest.min(row.interest - row.paid_interest),
            fees.min(row.fees - row.paid_fees),
        );
        row.paid_interest += more_interest;
        row.paid_fees += more_fees;
        interest -= more_interest;
        fees -= more_fees;
        row.settled = true;
    }
}

fn note(rows: &mut [InstallmentRow], allocation: &Allocation) -> Result<PayoffParts, Error> {
    let mut parts = PayoffParts::default();
    for Part {
        number,
        component,
        amount,
    } in &allocation.parts
    {
        let amount = u128::try_from(*amount).map_err(corrupt)?;
        let row = rows
            .iter_mut()
            .find(|row| row.number == *number)
            .ok_or_else(|| corrupt(OutOfRange))?;
        let (paid, part) = match component {
            Component::Penalty => (&mut row.paid_late_fee, &mut parts.late_fee),
            Component::Fee => (&mut row.paid_fees, &mut parts.fees),
            Component::Interest => (&mut row.paid_interest, &mut parts.interest),
            Component::Principal => (&mut row.paid_principal, &mut parts.principal),
        };
        *paid += amount;
        *part += amount;
    }
    for row in rows.iter_mut().filter(|row| !row.settled) {
        row.settled = (row.paid_late_fee, row.paid_fees, row.paid_interest, row.paid_principal)
            == (row.late_fee, row.fees, row.interest, row.principal);
    }
    Ok(parts)
}

impl Aggregator {
    /// Counts an off-chain repayment that the lender of the loan, or an integrator or officer who sees it, reports. The
    /// same evidence with the same amount again answers with the first.
    ///
    /// Refusals: `ONCHAIN_LOAN`, `LOAN_NOT_LIVE`, `EVIDENCE_USED`, `OVERPAID`.
    pub async fn record_repayment(
        &self,
        caller: &Principal,
        key: &IdempotencyKey,
        new: NewRepayment,
    ) -> Result<RepaymentView, Error> {
        may_ever(caller, Action::Record, Class::Repayment)?;
        let call = Call::new(caller, key, "recordRepayment", &new)?;
        let mut tx = self.world.db.begin().await?;
        if let Begun::Replay(answer) = idempotency::begin(&mut tx, &self.world, &call).await? {
            return Ok(answer);
        }
        let loan = lending::lock_loan(&mut tx, new.loan_id).await?.ok_or(Error::NotFound)?;
        access::check(caller, Action::Record, &resource(&loan, Class::Repayment))?;
        let known = lending::repayments(&mut tx, loan.id)
            .await?
            .into_iter()
            .find(|r| r.evidence == new.evidence);
        let answer = match known {
            Some(known) => same_again(&loan, &known, &new)?,
            None => self.count(&mut tx, loan, &new).await?,
        };
        idempotency::finish(&mut tx, &call, &answer).await?;
        fail::fail_point!("repayment::before_commit");
        tx.commit().await?;
        fail::fail_point!("repayment::after_commit");
        self.wake.events.notify_one();
        Ok(answer)
    }

    async fn count(
        &self,
        conn: &mut PgConnection,
        mut loan: LoanRow,
        new: &NewRepayment,
    ) -> Result<RepaymentView, Error> {
        let (amount, start) = check(&loan, new, self.world.clock.now())?;
        let offer = agreed(conn, &loan).await?;
        let day = new.paid_at.date_naive();
        let mut rows = lending::installments(conn, loan.id).await?;
        let charged = accrue_late(&mut rows, &offer.repayment, day)?;
        if charged > 0 {
            charge_late(conn, &self.world, &mut loan, charged, new.paid_at).await?;
        }
        let (parts, closing) = match spend(&mut rows, &offer.repayment, start.date_naive(), day, amount)? {
            Spent::Partly(parts) => (parts, false),
            Spent::Closing(parts) => (parts, true),
            Spent::TooMuch => {
                return Err(Error::refused(
                    "OVERPAID",
                    "This is more than everything that is owed.",
                    Some("amount"),
                ));
            }
        };
        lending::put_installments(conn, loan.id, &rows).await?;
        let row = RepaymentRow {
            id: PaymentId(self.world.ids.next()),
            loan_id: loan.id,
            channel: RepaymentChannel::OffChain,
            late_fee: parts.late_fee,
            fees: parts.fees,
            interest: parts.interest,
            principal: parts.principal,
            evidence: new.evidence.clone(),
            paid_at: new.paid_at,
        };
        lending::insert_repayment(conn, &row).await?;
        self.book_repayment(conn, &mut loan, &row).await?;
        let overdue = rows.iter().any(|row| !row.settled && row.late_charged);
        if closing {
            record(conn, &self.world, &mut loan, &LoanChange::Closed, new.paid_at).await?;
        } else if loan.state == LoanState::Delinquent && !overdue {
            record(conn, &self.world, &mut loan, &LoanChange::CaughtUp, new.paid_at).await?;
        }
        Ok(super::views::repayment_view(&loan, &row))
    }

    async fn book_repayment(
        &self,
        conn: &mut PgConnection,
        loan: &mut LoanRow,
        row: &RepaymentRow,
    ) -> Result<(), Error> {
        let change = LoanChange::Repaid {
            payment: row.id,
            late_fee: row.late_fee,
            fees: row.fees,
            interest: row.interest,
            principal: row.principal,
        };
        record(conn, &self.world, loan, &change, row.paid_at).await?;
        let parts = Parts {
            late_fee: row.late_fee,
            late_fee_earned_now: 0,
            fees: row.fees,
            interest: row.interest,
            principal: row.principal,
        };
        let book = Book {
            loan: loan.id,
            provider: loan.provider.as_str(),
            unit: &loan.unit,
        };
        ledger::post(
            conn,
            &self.world,
            &book.repayment(format!("repayment:{}", row.id), row.paid_at, &parts),
        )
        .await
    }
}

/// The same evidence again: the same payment, or another one under a used reference.
fn same_again(loan: &LoanRow, known: &RepaymentRow, new: &NewRepayment) -> Result<RepaymentView, Error> {
    let same = u128::try_from(new.amount.minor) == Ok(known.amount()) && new.amount.currency.code() == loan.unit;
    if same {
        return Ok(super::views::repayment_view(loan, known));
    }
    Err(Error::refused(
        "EVIDENCE_USED",
        "This evidence was counted with another amount.",
        Some("evidence"),
    ))
}

/// Refuses what cannot be a payment of this loan; the amount in whole units and the start of the loan.
fn check(loan: &LoanRow, new: &NewRepayment, now: DateTime<Utc>) -> Result<(u128, DateTime<Utc>), Error> {
    if loan.onchain.is_some() || loan.venue.is_some() {
        return Err(Error::refused(
            "ONCHAIN_LOAN",
            "This loan is repaid on chain.",
            Some("loanId"),
        ));
    }
    let started = loan
        .started_at
        .filter(|_| matches!(loan.state, LoanState::Active | LoanState::Delinquent));
    let Some(started) = started else {
        return Err(Error::refused(
            "LOAN_NOT_LIVE",
            "Nothing is owed on this loan.",
            Some("loanId"),
        ));
    };
    if new.amount.currency.code() != loan.unit {
        return Err(Error::invalid("amount", format!("the loan is in {}", loan.unit)));
    }
    let amount = u128::try_from(new.amount.minor).ok().filter(|amount| *amount > 0);
    let amount = amount.ok_or_else(|| Error::invalid("amount", "must be positive"))?;
    if !(1..=200).contains(&new.evidence.chars().count()) {
        return Err(Error::invalid("evidence", "1 to 200 characters"));
    }
    if new.paid_at > now || new.paid_at.date_naive() < started.date_naive() {
        return Err(Error::invalid("paidAt", "between the start of the loan and now"));
    }
    Ok((amount, started))
}

/// The offer that a loan came from.
pub(crate) async fn agreed(conn: &mut PgConnection, loan: &LoanRow) -> Result<Offer, Error> {
    let settlement = lending::settlement(conn, loan.settlement_id)
        .await?
        .ok_or(Error::NotFound)?;
    Ok(settlement.quote.offer)
}

/// Books a late charge of a locked loan.
pub(crate) async fn charge_late(
    conn: &mut PgConnection,
    world: &World,
    loan: &mut LoanRow,
    amount: u128,
    at: DateTime<Utc>,
) -> Result<(), Error> {
    record(conn, world, loan, &LoanChange::LateFeeCharged { amount }, at).await?;
    let book = Book {
        loan: loan.id,
        provider: loan.provider.as_str(),
        unit: &loan.unit,
    };
    ledger::post(
        conn,
        world,
        &book.late_fee(format!("late_fee:{}:{}", loan.id, loan.version), at, amount),
    )
    .await
}
