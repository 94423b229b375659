//! Facts of what the borrower did with us.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::loan::LoanState;

use super::{Found, count};
use crate::{Fact, Source};

/// Days of the recent past.
const YEAR: u64 = 365;

/// A loan with us, once money was out. Amounts are whole units of the loan: ratios alone are made of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnLoan {
    /// State.
    pub state: LoanState,
    /// When money went out.
    pub started: NaiveDate,
    /// When it ended.
    pub ended: Option<NaiveDate>,
    /// It ended because everything was paid, by the borrower or by a new loan.
    pub repaid: bool,
    /// Due date and principal of each installment, by date.
    pub dues: Vec<(NaiveDate, u128)>,
    /// Day and principal of each payment, by date.
    pub payments: Vec<(NaiveDate, u128)>,
}

/// The facts of all loans; none of a borrower without one.
pub fn facts(loans: &[OwnLoan], as_of: DateTime<Utc>) -> Found {
    let mut found = Found::default();
    let origin = (Source::Own, as_of);
    let today = as_of.date_naive();
    let Some(first) = loans.iter().map(|loan| loan.started).min() else {
        return found;
    };
    let year_ago = today - Days::new(YEAR);
    let late: Vec<(NaiveDate, NaiveDate)> = loans
        .iter()
        .flat_map(|loan| loan.late(today))
        .map(|late| (late.from, late.to))
        .collect();
    let days = |from: NaiveDate, to: NaiveDate| (to - from).num_days();
    found.put(
        Fact::OwnLoansClosed,
        count(loans.iter().filter(|loan| loan.repaid).count()),
        origin,
    );
    found.put(
        Fact::OwnLoansOpen,
        count(loans.iter().filter(|loan| loan.is_live()).count()),
        origin,
    );
    let recent = late.iter().filter(|(_, to)| *to > year_ago);
    let recent = recent.map(|(from, to)| days((*from).max(year_ago), *to)).sum();
    found.put(Fact::OwnLateDays12m, Some(recent), origin);
    let worst = late.iter().map(|(from, to)| days(*from, *to)).max();
    found.put(Fact::OwnWorstLateDays, Some(worst.unwrap_or(0)), origin);
    let shares: Vec<u128> = loans.iter().filter_map(|loan| loan.repaid_ppm_down(today)).collect();
    let mean = shares
        .iter()
        .sum::<u128>()
        .checked_div(u128::try_from(shares.len()).unwrap_or(1));
    found.put(
        Fact::OwnRepaidPpm,
        mean.and_then(|mean| i64::try_from(mean).ok()),
        origin,
    );
    found.put(Fact::OwnTenureDays, Some(days(first, today).max(0)), origin);
    found
}

/// Days that the installment that is late longest is late now, over all live loans.
pub fn late_now(loans: &[OwnLoan], today: NaiveDate) -> u32 {
    let open = loans.iter().filter(|loan| loan.is_live());
    let late = open.flat_map(|loan| loan.late(today)).filter(|late| !late.paid);
    let days = late.map(|late| (late.to - late.from).num_days()).max().unwrap_or(0);
    u32::try_from(days).unwrap_or(u32::MAX)
}

/// From when to when an installment was late.
struct Late {
    from: NaiveDate,
    to: NaiveDate,
    /// It ended because it was paid.
    paid: bool,
}

impl OwnLoan {
    fn is_live(&self) -> bool {
        matches!(self.state, LoanState::Active | LoanState::Delinquent)
    }

    /// The installments that were late. An installment is paid on the day on which all principal up to it is; what was never
    /// paid ends with the loan.
    fn late(&self, today: NaiveDate) -> Vec<Late> {
        let end = self.ended.unwrap_or(today).min(today);
        let (mut due_so_far, mut late) = (0_u128, Vec::new());
        for (due, principal) in &self.dues {
            due_so_far = due_so_far.saturating_add(*principal);
            let mut paid = 0_u128;
            let covered = self.payments.iter().find_map(|(day, principal)| {
                paid = paid.saturating_add(*principal);
                (paid >= due_so_far).then_some(*day)
            });
            let until = covered.unwrap_or(end).min(end);
            if until > *due {
                let (from, to, paid) = (*due, until, covered.is_some());
                late.push(Late { from, to, paid });
            }
        }
        late
    }

    /// Principal repaid of what fell due, parts per million, at most all of it.
    fn repaid_ppm_down(&self, today: NaiveDate) -> Option<u128> {
        let dues = self.dues.iter().filter(|(due, _)| *due <= today);
        let due: u128 = dues
            .map(|(_, principal)| principal)
            .fold(0, |sum, part| sum.saturating_add(*part));
        if due == 0 {
            return None;
        }
        let paid = self
            .payments
            .iter()
            .fold(0_u128, |sum, (_, part)| sum.saturating_add(*part))
            .min(due);
        // Tokens have 18 decimals: the product may pass 128 bits.
        Some(match paid.checked_mul(1_000_000) {
            Some(parts) => parts / due,
            None => paid / (due / 1_000_000).saturating_add(1),
        })
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone as _;

    use super::*;

    fn day(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn at(text: &str) -> DateTime<Utc> {
        Utc.from_utc_datetime(&day(text).and_hms_opt(12, 0, 0).unwrap())
    }

    fn loan(payments: &[(&str, u128)]) -> OwnLoan {
        OwnLoan {
            state: LoanState::Active,
            started: day("2026-01-10"),
            ended: None,
            repaid: false,
            dues: ["2026-02-10", "2026-03-10", "2026-04-10"]
                .map(|due| (day(due), 100))
                .to_vec(),
            payments: payments.iter().map(|(date, units)| (day(date), *units)).collect(),
        }
    }

    #[test]
    fn an_installment_is_late_until_all_principal_up_to_it_is_paid() {
        let paid = loan(&[("2026-02-09", 100), ("2026-03-15", 60), ("2026-03-20", 40)]);
        let found = facts(std::slice::from_ref(&paid), at("2026-04-15"));
        // Ten days of the second, five of the third.
        assert_eq!(found.value(Fact::OwnLateDays12m), Some(15));
        assert_eq!(found.value(Fact::OwnWorstLateDays), Some(10));
        assert_eq!(found.value(Fact::OwnRepaidPpm), Some(666_666));
        assert_eq!(found.value(Fact::OwnTenureDays), Some(95));
        assert_eq!(found.value(Fact::OwnLoansOpen), Some(1));
        assert_eq!(late_now(&[paid.clone()], day("2026-04-15")), 5);
        assert_eq!(late_now(&[paid], day("2026-04-10")), 0);
        // Paid today is late no more.
        assert_eq!(late_now(&[loan(&[("2026-02-15", 100)])], day("2026-02-15")), 0);
    }

    #[test]
    fn only_the_days_of_the_last_year_count_as_recent() {
        let late = loan(&[("2026-02-20", 100), ("2026-03-01", 200)]);
        let found = facts(&[late], at("2027-02-15"));
        // Late from the 10th to the 20th; a year before is the 15th.
        assert_eq!(found.value(Fact::OwnLateDays12m), Some(5));
        assert_eq!(found.value(Fact::OwnWorstLateDays), Some(10));
    }

    #[test]
    fn a_loan_given_up_stops_being_late_when_it_ends() {
        let lost = OwnLoan {
            state: LoanState::Defaulted,
            ended: Some(day("2026-05-10")),
            ..loan(&[])
        };
        let repaid = OwnLoan {
            state: LoanState::Closed,
            ended: Some(day("2026-04-10")),
            repaid: true,
            ..loan(&[("2026-02-01", 300)])
        };
        let found = facts(&[lost, repaid], at("2026-11-10"));
        assert_eq!(found.value(Fact::OwnLoansClosed), Some(1));
        assert_eq!(found.value(Fact::OwnLoansOpen), Some(0));
        assert_eq!(found.value(Fact::OwnWorstLateDays), Some(89));
        assert_eq!(found.value(Fact::OwnRepaidPpm), Some(500_000));
        assert_eq!(late_now(&[], day("2026-11-10")), 0);
    }

    #[test]
    fn who_never_borrowed_has_no_facts() {
        assert_eq!(facts(&[], at("2026-11-10")), Found::default());
        let fresh = facts(&[loan(&[])], at("2026-01-20"));
        assert_eq!(fresh.value(Fact::OwnRepaidPpm), None);
        assert_eq!(fresh.value(Fact::OwnWorstLateDays), Some(0));
    }
}
