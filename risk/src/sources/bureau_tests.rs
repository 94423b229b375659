use chrono::{NaiveDate, TimeZone as _, Utc};
use domain::ports::{PublicRecord, PublicRecordKind, StatementMonth};

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn card(limit: i64, balance: i64) -> Tradeline {
    let month = |statement, payment| StatementMonth {
        statement: Some(statement),
        payment: Some(payment),
    };
    Tradeline {
        kind: TradelineKind::Revolving,
        opened: Some(day("2018-04-20")),
        closed: None,
        limit: Some(limit),
        balance: Some(balance),
        monthly_payment: Some(2_500),
        status: MonthState::Current,
        history: vec![MonthState::Current; 24],
        months: vec![
            month(100, 50),
            month(200, 90),
            month(90, 90),
            month(90, 0),
            month(0, 0),
            month(0, 0),
        ],
    }
}

fn report(tradelines: Vec<Tradeline>) -> BureauReport {
    BureauReport {
        report_id: "R-1".into(),
        as_of: Utc.with_ymd_and_hms(2026, 11, 19, 8, 0, 0).unwrap(),
        currency: Currency::usd(),
        tradelines,
        inquiries: vec![day("2026-05-19"), day("2026-05-20"), day("2026-11-19")],
        public_records: vec![PublicRecord {
            kind: PublicRecordKind::Lien,
            filed: day("2020-01-01"),
            released: None,
        }],
    }
}

fn of(tradelines: Vec<Tradeline>) -> Found {
    facts(&report(tradelines), Currency::usd())
}

#[test]
fn sums_are_over_open_cards_and_ratios_are_rounded_up() {
    let closed = Tradeline {
        closed: Some(day("2024-01-01")),
        ..card(900_000, 900_000)
    };
    let loan = Tradeline {
        kind: TradelineKind::Installment,
        monthly_payment: Some(30_000),
        ..card(0, 70_000)
    };
    let found = of(vec![card(300_000, 100_000), card(400_000, -5), closed, loan]);
    let wanted = [
        (Fact::RevolvingLimitMinor, 700_000),
        // 100,000 of 700,000 is 142,857.14.
        (Fact::UtilizationPpm, 142_858),
        (Fact::MonthlyDebtMinor, 35_000),
        (Fact::OpenLines, 3),
        // One day short of 103 months.
        (Fact::CreditHistoryMonths, 102),
        // Six months ago to the day is over.
        (Fact::Inquiries6m, 2),
        (Fact::PublicRecords, 1),
        (Fact::Statement1Minor, 200),
        (Fact::Payment2Minor, 180),
        (Fact::Delinquencies24m, 0),
    ];
    for (fact, value) in wanted {
        assert_eq!(found.value(fact), Some(value), "{fact:?}");
    }
    assert_eq!(found.lacks, None);
}

#[test]
fn lateness_is_counted_by_depth_within_24_months_and_a_lost_account_once() {
    let mut late = card(1, 0);
    late.status = MonthState::Late(1);
    late.history = vec![MonthState::Current; 24];
    late.history[3] = MonthState::Late(1);
    late.history[2] = MonthState::Late(2);
    late.history[1] = MonthState::Late(3);
    // The month of the report and 23 before are 24; this is one more.
    late.history[23] = MonthState::Late(6);
    let lost = Tradeline {
        status: MonthState::Lost,
        history: vec![MonthState::Lost; 24],
        closed: Some(day("2024-01-01")),
        ..card(1, 0)
    };
    let found = of(vec![late, lost]);
    let counts = [
        Fact::Late30To59In24m,
        Fact::Late60To89In24m,
        Fact::Late90In24m,
        Fact::Delinquencies24m,
    ];
    assert_eq!(
        counts.map(|fact| found.value(fact)),
        [Some(2), Some(1), Some(2), Some(5)]
    );
}

#[test]
fn an_unknown_code_leaves_the_facts_out_that_depend_on_it_and_no_other() {
    let mut odd = card(100, 10);
    odd.history[1] = MonthState::Unknown;
    let found = of(vec![odd]);
    for fact in [
        Fact::Late30To59In24m,
        Fact::Late90In24m,
        Fact::Delinquencies24m,
        Fact::MonthsLate2,
    ] {
        assert_eq!(found.value(fact), None, "{fact:?}");
    }
    assert_eq!(found.value(Fact::MonthsLate1), Some(0));
    assert_eq!(found.value(Fact::UtilizationPpm), Some(100_000));
    let stranger = Tradeline {
        kind: TradelineKind::Unknown,
        ..card(1, 1)
    };
    let found = of(vec![card(100, 10), stranger]);
    assert_eq!(found.value(Fact::UtilizationPpm), None);
    assert_eq!(found.value(Fact::RevolvingLimitMinor), None);
    assert_eq!(found.value(Fact::OpenLines), Some(2));
}

#[test]
fn a_quiet_month_says_whether_it_was_paid_in_full() {
    let found = of(vec![card(1_000, 100)]);
    let said = MONTHS_LATE.map(|fact| found.value(fact));
    // 50 of 200, 90 of 90, 90 of 90, 0 of 0 with a new bill, nothing, and no month before.
    assert_eq!(said, [Some(0), Some(-1), Some(-1), Some(-1), Some(-2), Some(0)]);
    let mut late = card(1_000, 100);
    late.history[0] = MonthState::Late(2);
    late.history[1] = MonthState::Lost;
    late.history[2] = MonthState::NotReported;
    let found = of(vec![late.clone()]);
    assert_eq!(found.value(Fact::MonthsLate1), Some(2));
    assert_eq!(found.value(Fact::MonthsLate2), Some(LOST_MONTHS));
    assert_eq!(found.value(Fact::MonthsLate3), None);
    // The worst account speaks.
    let found = of(vec![late, card(1_000, 100)]);
    assert_eq!(found.value(Fact::MonthsLate1), Some(2));
}

#[test]
fn months_that_an_account_does_not_tell_are_no_zeros() {
    let mut silent = card(1_000, 100);
    silent.months.truncate(2);
    let found = of(vec![silent.clone(), card(1_000, 100)]);
    assert_eq!(found.value(Fact::Statement2Minor), Some(400));
    assert_eq!(found.value(Fact::Statement3Minor), None);
    // It did not exist then.
    silent.opened = Some(day("2026-09-30"));
    let found = of(vec![silent, card(1_000, 100)]);
    assert_eq!(found.value(Fact::Statement3Minor), Some(90));
}

#[test]
fn amounts_of_another_currency_are_left_out_with_a_code() {
    let found = facts(&report(vec![card(300_000, 100_000)]), Currency::parse("EUR").unwrap());
    assert_eq!(found.lacks, Some(OTHER_CURRENCY));
    for fact in [Fact::RevolvingLimitMinor, Fact::Statement1Minor, Fact::MonthlyDebtMinor] {
        assert_eq!(found.value(fact), None);
    }
    assert_eq!(found.value(Fact::UtilizationPpm), Some(333_334));
}

#[test]
fn an_empty_file_gives_counts_and_no_history() {
    let empty = BureauReport {
        inquiries: vec![],
        public_records: vec![],
        ..report(vec![])
    };
    let found = facts(&empty, Currency::usd());
    assert_eq!(found.value(Fact::CreditHistoryMonths), None);
    assert_eq!(found.value(Fact::UtilizationPpm), None);
    assert_eq!(found.value(Fact::OpenLines), Some(0));
    assert_eq!(found.value(Fact::MonthlyDebtMinor), Some(0));
}
