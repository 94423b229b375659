//! Payments from a plan, or from what a lender tells of them.

use chrono::NaiveDate;
use domain::calendar::{DayCount, Period};
use domain::offer::{RateTerms, RepaymentMethod, ScheduledPayment};
use domain::schedule::rate::Basis;
use domain::schedule::{Accrual, Grace, InstallmentRule, LoanTerms, Method, generate};
use domain::{Currency, Money};

use super::{OfferError, Row, Rule};

/// How the debt is paid back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    method: RepaymentMethod,
    count: u32,
    every: Period,
    first_due: Option<NaiveDate>,
}

impl Plan {
    /// Equal totals, the last one taking the remainder.
    pub fn equal_installments(count: u32, every: Period) -> Self {
        Self::of(RepaymentMethod::EqualInstallment, count, every)
    }

    /// Equal parts of the principal with interest on the balance.
    pub fn equal_principal(count: u32, every: Period) -> Self {
        Self::of(RepaymentMethod::EqualPrincipal, count, every)
    }

    /// Interest each time, the principal with the last.
    pub fn interest_only(count: u32, every: Period) -> Self {
        Self::of(RepaymentMethod::InterestOnly, count, every)
    }

    /// Everything after `term`.
    pub fn bullet(term: Period) -> Self {
        Self::of(RepaymentMethod::Bullet, 1, term)
    }

    /// The first due date, when it is not one interval after the offer.
    #[must_use]
    pub fn first_due(mut self, date: NaiveDate) -> Self {
        self.first_due = Some(date);
        self
    }

    fn of(method: RepaymentMethod, count: u32, every: Period) -> Self {
        Self {
            method,
            count,
            every,
            first_due: None,
        }
    }
}

/// Where the payments come from.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Plan(Plan),
    Rows(RepaymentMethod, Period, Vec<Row>),
    Totals(RepaymentMethod, Period, Vec<(NaiveDate, Money)>),
}

/// What the payments must cover besides interest.
#[derive(Clone, Copy)]
pub(super) struct Owed {
    pub(super) principal: Money,
    pub(super) fees: Money,
    pub(super) start: NaiveDate,
}

type Made<T> = Result<T, OfferError>;

const FIELD: &str = "repayment.schedule";

impl Shape {
    pub(super) fn schedule(
        &self,
        rate: &RateTerms,
        owed: Owed,
    ) -> Made<(RepaymentMethod, Period, Vec<ScheduledPayment>)> {
        match self {
            Self::Plan(plan) => Ok((plan.method, plan.every, planned(plan, rate, owed)?)),
            Self::Rows(method, every, rows) => Ok((*method, *every, summed(rows)?)),
            Self::Totals(method, every, rows) => Ok((*method, *every, split(rows, rate, owed)?)),
        }
    }
}

fn planned(plan: &Plan, rate: &RateTerms, owed: Owed) -> Made<Vec<ScheduledPayment>> {
    let terms = LoanTerms {
        principal: i128::from(owed.principal.minor),
        annual_rate: rate.nominal.to_decimal(),
        start: owed.start,
        first_due: plan.first_due,
        first_years: None,
        count: plan.count,
        every: plan.every,
        method: match plan.method {
            RepaymentMethod::EqualInstallment => Method::EqualInstallments,
            RepaymentMethod::EqualPrincipal => Method::EqualPrincipal,
            RepaymentMethod::InterestOnly => Method::InterestOnly,
            RepaymentMethod::Bullet => Method::Bullet,
        },
        basis: basis(rate.day_count),
        accrual: Accrual::Basis,
        rule: InstallmentRule::RoundedUp,
        grace: Grace::default(),
        rounding: 1,
        installment_multiple: None,
    };
    let no_calendar = |why: String| OfferError::new(FIELD, Rule::NoCalendar(why));
    if usize::try_from(plan.count).is_ok_and(|count| count > crate::MAX_PAYMENTS) {
        return Err(no_calendar(format!("more than {} payments", crate::MAX_PAYMENTS)));
    }
    let rows = generate(&terms)
        .map_err(|error| no_calendar(error.to_string()))?
        .installments;
    let fees = spread(owed.fees.minor, rows.len());
    let currency = owed.principal.currency;
    let mut schedule = Vec::with_capacity(rows.len());
    for (i, (row, fees)) in rows.iter().zip(fees).enumerate() {
        let minor = |amount: i128| i64::try_from(amount).map_err(|_| too_large(i));
        schedule.push(payment(
            i,
            row.due,
            [minor(row.principal)?, minor(row.interest)?, fees],
            currency,
        )?);
    }
    Ok(schedule)
}

fn basis(day_count: DayCount) -> Basis {
    match day_count {
        DayCount::Thirty360 => Basis::THIRTY_360,
        DayCount::Act360 => Basis::ACT_360,
        DayCount::Act364 => Basis::ACT_364,
        DayCount::Act365 => Basis::ACT_365,
        DayCount::ActActIsda => Basis::ACT_ACT,
    }
}

/// Equal shares, the last taking the remainder.
fn spread(total: i64, count: usize) -> Vec<i64> {
    let parts = i64::try_from(count).unwrap_or(i64::MAX).max(1);
    let mut shares = vec![total / parts; count];
    if let Some(last) = shares.last_mut() {
        *last += total % parts;
    }
    shares
}

fn too_large(i: usize) -> OfferError {
    OfferError::new(format!("{FIELD}[{i}]"), Rule::TooLarge)
}

fn payment(i: usize, due: NaiveDate, parts: [i64; 3], currency: Currency) -> Made<ScheduledPayment> {
    let total = parts.iter().try_fold(0_i64, |sum, part| sum.checked_add(*part));
    let [principal, interest, fees] = parts.map(|minor| Money::new(minor, currency));
    Ok(ScheduledPayment {
        due,
        principal,
        interest,
        fees,
        total: Money::new(total.ok_or_else(|| too_large(i))?, currency),
    })
}

fn summed(rows: &[Row]) -> Made<Vec<ScheduledPayment>> {
    let one = |(i, row): (usize, &Row)| {
        let currency = row.principal.currency;
        if row.interest.currency != currency || row.fees.currency != currency {
            return Err(OfferError::new(format!("{FIELD}[{i}]"), Rule::Currency));
        }
        payment(
            i,
            row.due,
            [row.principal.minor, row.interest.minor, row.fees.minor],
            currency,
        )
    };
    rows.iter().enumerate().map(one).collect()
}

/// Splits totals into interest on the balance, fees and principal, so that the principal is repaid exactly.
fn split(rows: &[(NaiveDate, Money)], rate: &RateTerms, owed: Owed) -> Made<Vec<ScheduledPayment>> {
    let currency = owed.principal.currency;
    if let Some(i) = rows.iter().position(|(_, total)| total.currency != currency) {
        return Err(OfferError::new(format!("{FIELD}[{i}].total"), Rule::Currency));
    }
    let paid: i128 = rows.iter().map(|(_, total)| i128::from(total.minor)).sum();
    let must = i128::from(owed.principal.minor) + i128::from(owed.fees.minor);
    let narrow = |minor: i128| {
        let minor = i64::try_from(minor).map_err(|_| OfferError::new(FIELD, Rule::TooLarge))?;
        Ok(Money::new(minor, currency))
    };
    if paid < must {
        let (paid, owed) = (narrow(paid)?, narrow(must)?);
        return Err(OfferError::new(FIELD, Rule::NotRepaid { paid, owed }));
    }
    let fees = fees_within(rows, owed.fees.minor);
    let mut left = owed.principal.minor;
    let mut before = owed.start;
    let mut parts: Vec<(i64, i64)> = Vec::with_capacity(rows.len());
    for ((due, total), fees) in rows.iter().zip(&fees) {
        let room = total.minor - fees;
        let accrued = interest(left, rate, before, *due).clamp(0, room.max(0));
        let principal = (room - accrued).min(left);
        parts.push((principal, room - principal));
        left -= principal;
        before = *due;
    }
    // What the accrued interest left unpaid is taken from the interest of the last payments: there is enough, as `paid` covers all.
    for (principal, interest) in parts.iter_mut().rev() {
        let moved = left.min(*interest);
        (*principal, *interest) = (*principal + moved, *interest - moved);
        left -= moved;
    }
    let made = rows.iter().zip(parts).zip(fees).enumerate();
    made.map(|(i, (((due, _), (principal, interest)), fees))| payment(i, *due, [principal, interest, fees], currency))
        .collect()
}

/// The fees spread evenly, no share above its payment; what does not fit goes to payments that have room.
fn fees_within(rows: &[(NaiveDate, Money)], total: i64) -> Vec<i64> {
    let mut over = 0;
    let mut fees: Vec<i64> = spread(total, rows.len())
        .into_iter()
        .zip(rows)
        .map(|(share, (_, room))| {
            let fits = share.clamp(0, room.minor.max(0));
            over += share - fits;
            fits
        })
        .collect();
    for (fee, (_, room)) in fees.iter_mut().zip(rows) {
        let more = over.min(room.minor - *fee).max(0);
        *fee += more;
        over -= more;
    }
    fees
}

/// Interest on a balance at the nominal rate, rounded half to even; none where the dates run backwards, which the check names.
fn interest(balance: i64, rate: &RateTerms, from: NaiveDate, to: NaiveDate) -> i64 {
    let Ok(years) = rate.day_count.year_fraction(from, to) else {
        return 0;
    };
    let yearly = i128::from(balance) * i128::from(rate.nominal.ppm());
    let numerator = yearly.checked_mul(i128::from(years.numerator));
    let denominator = i128::from(years.denominator) * 1_000_000;
    numerator
        .and_then(|n| domain::money::div_half_even(n, denominator).ok())
        .and_then(|minor| i64::try_from(minor).ok())
        .unwrap_or(0)
}
