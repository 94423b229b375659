use domain::calendar::{Period, Unit};
use domain::money::Currency;
use domain::request::{Applicant, CreditRequest, Employment, Jurisdiction, Purpose};
use uuid::Uuid;

use super::*;

fn usd(dollars: i64) -> Money {
    Money::new(dollars * 100, Currency::usd())
}

fn request(change: impl FnOnce(&mut CreditRequest)) -> CreditRequest {
    let mut request = CreditRequest {
        id: Uuid::nil().into(),
        tenant: Uuid::nil().into(),
        borrower: Uuid::nil().into(),
        at: "2026-11-21T10:00:00Z".parse().unwrap(),
        amount: usd(5_000),
        term: Period::new(12, Unit::Month),
        purpose: Purpose::DebtConsolidation,
        products: vec![],
        jurisdiction: Jurisdiction {
            country: "US".into(),
            region: Some("CA".into()),
        },
        applicant: Applicant {
            full_name: "Jane Roe".into(),
            monthly_income: usd(5_200),
            monthly_housing_cost: usd(1_400),
            monthly_debt_payments: usd(350),
            employment: Employment::Employed,
            employment_months: 36,
            residence_months: 30,
            delinquencies_24m: 0,
            inquiries_6m: 1,
            credit_history_months: Some(84),
            revolving_utilization_percent: Some(28),
            military_covered: false,
        },
        wallet: None,
        collateral: None,
        refinances: None,
        data_consents: Vec::new(),
    };
    change(&mut request);
    request
}

fn decided(change: impl FnOnce(&mut CreditRequest)) -> RiskDecision {
    decide(&Model::built_in().unwrap(), &RiskFacts::of(&request(change)))
}

fn codes(decision: &RiskDecision) -> Vec<&str> {
    decision.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

#[test]
fn a_sound_applicant_gets_an_offer_without_reasons() {
    let decision = decided(|_| {});
    assert_eq!(
        (decision.outcome, decision.score, decision.pd_ppm),
        (Outcome::Offer, 665, 2_098)
    );
    // 85 % of twelve months of (half the income less housing and debts).
    assert_eq!(decision.limit, usd(8_670));
    assert!(decision.reasons.is_empty());
    assert_eq!(
        decision.rule_versions[0],
        RuleVersion {
            id: "usance-points".into(),
            version: 1
        }
    );
}

#[test]
fn ratios_are_exact_and_rounded_against_the_applicant() {
    let facts = RiskFacts::of(&request(|_| {}));
    // 416.666… a month; with 1,750 it is 41.6666… % of 5,200.
    assert_eq!(
        (facts.payment_to_income_ppm, facts.debt_to_income_ppm),
        (Some(80_129), Some(416_667))
    );
    let short = RiskFacts::of(&request(|r| r.term = Period::new(9, Unit::Day)));
    assert_eq!(short.payment_to_income_ppm, Some(961_539));
}

#[test]
fn more_than_the_limit_is_countered_at_the_limit() {
    let decision = decided(|r| r.amount = usd(10_000));
    assert_eq!((decision.outcome, decision.limit), (Outcome::Counter, usd(8_670)));
    assert_eq!(codes(&decision)[0], "OBLIGATIONS_EXCESSIVE");
    assert_eq!(decided(|r| r.amount = usd(8_670)).outcome, Outcome::Offer);
    let cent_more = decided(|r| r.amount = Money::new(867_001, Currency::usd()));
    assert_eq!(cent_more.outcome, Outcome::Counter);
}

#[test]
fn knock_outs_decline_whatever_the_score() {
    let late = decided(|r| r.applicant.delinquencies_24m = 6);
    assert_eq!(
        (late.outcome, codes(&late)[0]),
        (Outcome::Decline, "DELINQUENT_OBLIGATIONS")
    );
    let no_income = decided(|r| r.applicant.monthly_income = usd(0));
    assert_eq!(
        (no_income.outcome, codes(&no_income)[0]),
        (Outcome::Decline, "INCOME_INSUFFICIENT")
    );
    let deep = decided(|r| r.applicant.monthly_debt_payments = usd(2_500));
    assert_eq!(
        (deep.outcome, codes(&deep)[0]),
        (Outcome::Decline, "OBLIGATIONS_EXCESSIVE")
    );
    assert_eq!(deep.limit, usd(0));
}

#[test]
fn what_cannot_be_used_is_missing_and_never_passes() {
    let euro = Money::new(500_000, Currency::parse("EUR").unwrap());
    for change in [
        (|r, m| r.applicant.monthly_income = m) as fn(&mut CreditRequest, Money),
        |r, m| r.applicant.monthly_housing_cost = m,
        |r, m| r.applicant.monthly_debt_payments = m,
    ] {
        for money in [euro, usd(-1)] {
            let decision = decided(|r| change(r, money));
            assert_eq!(
                (decision.outcome, codes(&decision)),
                (Outcome::MoreInfo, vec!["APPLICATION_INCOMPLETE"])
            );
            assert!(decision.limit.is_zero());
        }
    }
    assert_eq!(decided(|r| r.amount = usd(0)).outcome, Outcome::MoreInfo);
    assert_eq!(
        decided(|r| r.term = Period::new(0, Unit::Day)).outcome,
        Outcome::MoreInfo
    );
}

#[test]
fn reasons_name_only_what_counts_against_and_the_weightiest_first() {
    let decision = decided(|r| {
        r.applicant.delinquencies_24m = 3;
        r.applicant.inquiries_6m = 6;
        r.applicant.revolving_utilization_percent = Some(95);
        r.applicant.employment_months = 2;
        r.applicant.residence_months = 1;
    });
    assert_eq!(decision.outcome, Outcome::Decline);
    let expected = [
        "DELINQUENT_OBLIGATIONS",
        "OBLIGATIONS_EXCESSIVE",
        "RECENT_INQUIRIES",
        "EMPLOYMENT_LENGTH",
    ];
    assert_eq!(codes(&decision), expected);
    let no_file = decided(|r| {
        r.applicant.delinquencies_24m = 2;
        r.applicant.credit_history_months = None;
        r.applicant.revolving_utilization_percent = None;
        r.applicant.employment_months = 0;
    });
    assert!(codes(&no_file).contains(&"NO_CREDIT_FILE"));
}

#[test]
fn students_and_retired_people_are_not_marked_down_for_not_working() {
    for employment in [Employment::Student, Employment::Retired] {
        let decision = decided(|r| {
            r.applicant.employment = employment;
            r.applicant.employment_months = 0;
        });
        assert_eq!(decision.outcome, Outcome::Offer);
    }
}

#[test]
fn worse_facts_never_raise_the_score() {
    let score = |change: &dyn Fn(&mut Applicant)| decided(|r| change(&mut r.applicant)).score;
    for (worse, better) in (0..40).zip(1..41) {
        assert!(score(&|a| a.delinquencies_24m = better) <= score(&|a| a.delinquencies_24m = worse));
        assert!(score(&|a| a.inquiries_6m = better) <= score(&|a| a.inquiries_6m = worse));
        assert!(score(&|a| a.employment_months = worse * 3) <= score(&|a| a.employment_months = better * 3));
        assert!(score(&|a| a.residence_months = worse * 3) <= score(&|a| a.residence_months = better * 3));
        assert!(
            score(&|a| a.credit_history_months = Some(worse * 5))
                <= score(&|a| a.credit_history_months = Some(better * 5))
        );
        let used = |percent: u32| score(&|a| a.revolving_utilization_percent = Some(percent * 4));
        assert!(used(better) <= used(worse));
    }
}

#[test]
fn extreme_numbers_neither_overflow_nor_pass() {
    let most = Money::new(i64::MAX, Currency::usd());
    let decision = decided(|r| {
        r.amount = most;
        r.term = Period::new(u32::MAX, Unit::Year);
        r.applicant.monthly_income = usd(1);
        r.applicant.monthly_housing_cost = most;
        r.applicant.monthly_debt_payments = most;
        r.applicant.revolving_utilization_percent = Some(u32::MAX);
        r.applicant.delinquencies_24m = u32::MAX;
    });
    assert_eq!(decision.outcome, Outcome::Decline);
    let rich = decided(|r| {
        r.applicant.monthly_income = most;
        r.term = Period::new(u32::MAX, Unit::Day);
    });
    assert!(matches!(rich.outcome, Outcome::Offer | Outcome::Decline));
}

#[test]
fn every_decision_replays_to_the_same_bytes() {
    let model = Model::built_in().unwrap();
    for dollars in [1, 500, 5_000, 10_000, 1_000_000] {
        for late in [0, 2, 6] {
            let facts = RiskFacts::of(&request(|r| {
                r.amount = usd(dollars);
                r.applicant.delinquencies_24m = late;
            }));
            let stored = to_canonical_json(&decide(&model, &facts)).unwrap();
            let facts = to_canonical_json(&facts).unwrap();
            assert_eq!(replay(&model, &facts).unwrap(), stored);
            let read: RiskDecision = serde_json::from_slice(&stored).unwrap();
            assert_eq!(to_canonical_json(&read).unwrap(), stored);
        }
    }
    assert!(replay(&model, b"{\"currency\":\"USD\"}").is_err());
}

#[test]
fn facts_print_nothing() {
    assert_eq!(
        format!("{:?}", RiskFacts::of(&request(|_| {}))),
        "RiskFacts(personal data)"
    );
}
