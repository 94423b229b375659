use proptest::prelude::*;

use super::*;
use crate::calendar::{Period, Unit};
use crate::schedule::rate::Basis;
use crate::schedule::{Accrual, Grace, InstallmentRule, Method, generate};

fn day(text: &str) -> Date {
    text.parse().unwrap()
}

fn terms(method: Method) -> LoanTerms {
    LoanTerms {
        principal: 10_000,
        annual_rate: Decimal::new(7, 2),
        start: day("2024-01-01"),
        first_due: None,
        first_years: None,
        count: 6,
        every: Period::new(1, Unit::Month),
        method,
        basis: Basis::THIRTY_360,
        accrual: Accrual::Basis,
        rule: InstallmentRule::Smoothed,
        grace: Grace::default(),
        rounding: 1,
        installment_multiple: None,
    }
}

fn settings(payoff: PayoffInterest) -> LoanSettings {
    let order = [
        Component::Penalty,
        Component::Fee,
        Component::Interest,
        Component::Principal,
    ];
    LoanSettings {
        order: AllocationOrder::by_component(order),
        processing: Processing::Horizontal,
        overdue_interest: true,
        payoff,
    }
}

fn lent() -> LoanEvent {
    LoanEvent::Disbursed {
        at: day("2024-01-01"),
        amount: 10_000,
        down_payment: 0,
    }
}

#[test]
fn the_payoff_asks_for_interest_till_the_day_or_till_the_due_date() {
    let paid = LoanEvent::Paid {
        at: day("2024-02-01"),
        amount: 1_701,
    };
    for (rule, interest) in [(PayoffInterest::TillPayoff, 24), (PayoffInterest::TillDueDate, 49)] {
        let loan = Loan::fold(&terms(Method::EqualInstallments), &settings(rule), &[lent(), paid]).unwrap();
        let payoff = loan.payoff(day("2024-02-15")).unwrap();
        assert_eq!((payoff.principal, payoff.interest), (8_357, interest));
    }
}

#[test]
fn a_payoff_leaves_nothing_owed() {
    let rule = settings(PayoffInterest::TillPayoff);
    let mut loan = Loan::fold(&terms(Method::EqualInstallments), &rule, &[lent()]).unwrap();
    let at = day("2024-03-10");
    let amount = loan.payoff(at).unwrap().total();
    loan.apply(LoanEvent::Paid { at, amount }).unwrap();
    assert_eq!(loan.payoff(at).unwrap(), Payoff::default());
    assert_eq!(
        loan.apply(LoanEvent::Paid { at, amount: 1 }),
        Err(ScheduleError::Overpaid)
    );
}

#[test]
fn overdue_principal_carries_interest_until_today() {
    let rule = settings(PayoffInterest::TillPayoff);
    let mut loan = Loan::fold(&terms(Method::EqualInstallments), &rule, &[lent()]).unwrap();
    loan.advance(day("2024-03-10")).unwrap();
    let interest: Vec<i128> = loan
        .schedule()
        .unwrap()
        .installments
        .iter()
        .map(|row| row.interest)
        .collect();
    assert_eq!(interest, [58, 58, 45, 30, 20, 10]);
}

#[test]
fn a_penalty_is_covered_first() {
    let rule = settings(PayoffInterest::TillPayoff);
    let at = day("2024-02-01");
    let charged = LoanEvent::Charged {
        at,
        due: at,
        charge: Charge::Penalty,
        amount: 500,
    };
    let paid = LoanEvent::Paid { at, amount: 600 };
    let loan = Loan::fold(&terms(Method::EqualInstallments), &rule, &[lent(), charged, paid]).unwrap();
    let owed = loan.due(at).unwrap();
    assert_eq!((owed[0].penalty, owed[0].interest, owed[0].principal), (0, 0, 1_601));
}

#[test]
fn a_down_payment_is_due_at_once_and_carries_no_interest() {
    let rule = settings(PayoffInterest::TillPayoff);
    let at = day("2024-01-01");
    let lent = LoanEvent::Disbursed {
        at,
        amount: 10_000,
        down_payment: 2_500,
    };
    let loan = Loan::fold(&terms(Method::EqualInstallments), &rule, &[lent]).unwrap();
    assert_eq!(loan.due(at).unwrap()[0].principal, 2_500);
    assert_eq!(loan.schedule().unwrap().installments[0].interest, 44);
}

#[test]
fn events_go_forward_in_time() {
    let rule = settings(PayoffInterest::TillPayoff);
    let late = LoanEvent::Paid {
        at: day("2024-02-01"),
        amount: 100,
    };
    let early = LoanEvent::Paid {
        at: day("2024-01-15"),
        amount: 100,
    };
    let result = Loan::fold(&terms(Method::EqualInstallments), &rule, &[lent(), late, early]);
    assert!(matches!(result, Err(ScheduleError::OutOfOrder(_))));
}

fn any_terms() -> impl Strategy<Value = LoanTerms> {
    let method = prop_oneof![
        Just(Method::EqualInstallments),
        Just(Method::EqualPrincipal),
        Just(Method::InterestOnly),
        Just(Method::Bullet),
        Just(Method::Flat),
    ];
    let basis = prop_oneof![
        Just(Basis::THIRTY_360),
        Just(Basis::ACT_360),
        Just(Basis::ACT_364),
        Just(Basis::ACT_365),
        Just(Basis::ACT_ACT),
    ];
    let unit = prop_oneof![Just(Unit::Day), Just(Unit::Week), Just(Unit::Month)];
    let every = (1u32..16, unit).prop_map(|(count, unit)| Period::new(count, unit));
    let start = (0u64..3_000).prop_map(|days| day("2020-01-31") + chrono::Days::new(days));
    (
        method,
        basis,
        every,
        start,
        100i128..10_000_000_000,
        0i64..600_000,
        1u32..61,
    )
        .prop_map(|(method, basis, every, start, principal, ppm, count)| LoanTerms {
            principal,
            annual_rate: Decimal::new(ppm, 6),
            start,
            count,
            every,
            method,
            basis,
            ..terms(method)
        })
}

/// Equal installments at a rate below 6%, large enough to have cents in every installment.
fn tame(terms: &LoanTerms) -> LoanTerms {
    let principal = terms.principal + i128::from(terms.count) * 1_000;
    let annual_rate = terms.annual_rate / Decimal::TEN;
    LoanTerms {
        principal,
        annual_rate,
        method: Method::EqualInstallments,
        ..terms.clone()
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn principal_sums_to_what_was_lent(terms in any_terms()) {
        let rows = generate(&terms).unwrap().installments;
        prop_assert_eq!(rows.len(), terms.count as usize);
        prop_assert_eq!(rows.iter().map(|row| row.principal).sum::<i128>(), terms.principal);
        prop_assert_eq!(rows.last().unwrap().closing, 0);
        prop_assert!(rows.iter().all(|row| row.principal >= 0 && row.interest >= 0 && row.total >= 0));
        prop_assert!(rows.windows(2).all(|pair| pair[0].closing == pair[1].opening));
    }

    #[test]
    fn the_fold_of_one_disbursement_is_the_generated_schedule(terms in any_terms()) {
        let terms = tame(&terms);
        // Where the interest eats the installment the two differ: the fold may ask for nothing, the schedule for interest.
        let ordinary = generate(&terms).unwrap().installments.iter().all(|row| row.principal > i128::from(terms.count));
        prop_assume!(ordinary);
        let at = terms.start;
        let event = LoanEvent::Disbursed { at, amount: terms.principal, down_payment: 0 };
        let loan = Loan::fold(&terms, &settings(PayoffInterest::TillPayoff), &[event]).unwrap();
        prop_assert_eq!(loan.schedule().unwrap(), generate(&terms).unwrap());
    }

    #[test]
    fn any_payoff_day_closes_the_loan(terms in any_terms(), days in 0u64..700) {
        let terms = tame(&terms);
        let at = (terms.start + chrono::Days::new(days)).min(terms.periods().unwrap().last().unwrap().1);
        let lent = LoanEvent::Disbursed { at: terms.start, amount: terms.principal, down_payment: 0 };
        let mut loan = Loan::fold(&terms, &settings(PayoffInterest::TillPayoff), &[lent]).unwrap();
        let amount = loan.payoff(at).unwrap().total();
        loan.apply(LoanEvent::Paid { at, amount }).unwrap();
        prop_assert_eq!(loan.payoff(at).unwrap().total(), 0);
    }
}

#[test]
fn a_loan_without_installments_is_refused() {
    let bad = LoanTerms {
        count: 0,
        ..terms(Method::Flat)
    };
    assert!(matches!(generate(&bad), Err(ScheduleError::Terms(_))));
}
