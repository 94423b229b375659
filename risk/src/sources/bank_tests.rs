use chrono::{TimeZone as _, Utc};

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn paid(date: &str, amount: i64, class: TransactionClass) -> BankTransaction {
    BankTransaction {
        date: day(date),
        amount,
        class,
        counterparty: None,
        booked: true,
    }
}

fn by(payer: u64, date: &str, amount: i64) -> BankTransaction {
    BankTransaction {
        counterparty: Some(payer),
        ..paid(date, amount, TransactionClass::Other)
    }
}

fn account(balance: i64, transactions: Vec<BankTransaction>) -> BankAccount {
    BankAccount {
        kind: BankAccountKind::Current,
        currency: Currency::usd(),
        holder: None,
        balance: Some(balance),
        from: day("2026-04-18"),
        transactions,
    }
}

fn of(accounts: Vec<BankAccount>) -> Found {
    let report = BankReport {
        report_id: "B-1".into(),
        as_of: Utc.with_ymd_and_hms(2026, 11, 19, 8, 0, 0).unwrap(),
        accounts,
    };
    facts(&report, Currency::usd())
}

/// The months from May to October, and the oldest transaction in April.
const MONTHS: [&str; 6] = ["05", "06", "07", "08", "09", "10"];

fn salaries(amounts: [i64; 6]) -> Vec<BankTransaction> {
    let mut all = vec![paid("2026-04-20", -1, TransactionClass::Other)];
    let months = MONTHS.iter().zip(amounts).filter(|(_, amount)| *amount > 0);
    all.extend(months.map(|(month, amount)| paid(&format!("2026-{month}-25"), amount, TransactionClass::Salary)));
    all
}

#[test]
fn income_is_the_lower_median_month_and_its_variation_is_rounded_up() {
    let found = of(vec![account(0, salaries([300, 310, 290, 305, 295, 0]))]);
    // 0 290 295 300 305 310: the lower of the middle two.
    assert_eq!(found.value(Fact::VerifiedIncomeMinor), Some(295));
    assert_eq!(found.value(Fact::IncomeMonths), Some(5));
    // 5 + 15 + 5 + 10 + 0 + 295 = 330 of 6 x 295 = 1,770.
    assert_eq!(found.value(Fact::IncomeVariationPpm), Some(186_441));
    assert_eq!(found.value(Fact::AccountAgeDays), Some(213));
}

#[test]
fn too_few_months_verify_nothing_and_an_empty_median_is_no_income_of_zero() {
    let mut short = vec![paid("2026-08-20", -1, TransactionClass::Other)];
    short.extend(["2026-09-25", "2026-10-25"].map(|date| paid(date, 300, TransactionClass::Salary)));
    let found = of(vec![account(0, short)]);
    assert_eq!(found.value(Fact::IncomeMonths), None);
    assert_eq!(found.value(Fact::VerifiedIncomeMinor), None);
    let found = of(vec![account(0, salaries([300, 0, 0, 0, 300, 0]))]);
    assert_eq!(found.value(Fact::IncomeMonths), Some(2));
    assert_eq!(found.value(Fact::VerifiedIncomeMinor), None);
}

#[test]
fn an_unnamed_payer_counts_when_it_pays_steadily() {
    let of_payer = |amounts: [i64; 6]| {
        let mut all = salaries([0; 6]);
        let months = MONTHS.iter().zip(amounts).filter(|(_, amount)| *amount > 0);
        all.extend(months.map(|(month, amount)| by(7, &format!("2026-{month}-01"), amount)));
        of(vec![account(0, all)]).value(Fact::VerifiedIncomeMinor)
    };
    assert_eq!(of_payer([200, 210, 200, 190, 200, 205]), Some(200));
    // One month without is forgiven, two are not.
    assert_eq!(of_payer([200, 210, 0, 190, 200, 205]), Some(200));
    assert_eq!(of_payer([200, 210, 0, 0, 200, 205]), None);
    // More than twice as much in one month as in another.
    assert_eq!(of_payer([200, 210, 200, 99, 200, 205]), None);
}

#[test]
fn borrowed_money_and_own_transfers_are_no_income() {
    let mut all = salaries([0; 6]);
    for month in MONTHS {
        for class in [
            TransactionClass::LoanReceived,
            TransactionClass::OwnTransfer,
            TransactionClass::Returned,
        ] {
            let transfer = paid(&format!("2026-{month}-02"), 500, class);
            all.push(BankTransaction {
                counterparty: Some(1),
                ..transfer
            });
        }
    }
    let found = of(vec![account(0, all)]);
    assert_eq!(found.value(Fact::VerifiedIncomeMinor), None);
    assert_eq!(found.value(Fact::IncomeMonths), Some(0));
}

#[test]
fn debts_are_the_upper_median_month() {
    let mut all = salaries([300; 6]);
    for (month, amount) in MONTHS.iter().zip([0, 40, 40, 50, 50, 50]) {
        if amount > 0 {
            all.push(paid(
                &format!("2026-{month}-03"),
                -amount,
                TransactionClass::LoanRepayment,
            ));
        }
    }
    all.push(paid("2026-10-04", -7, TransactionClass::CardRepayment));
    let found = of(vec![account(0, all)]);
    // 0 40 40 50 50 57.
    assert_eq!(found.value(Fact::RecurringDebtMinor), Some(50));
}

#[test]
fn balances_are_counted_back_from_now_and_pending_ones_do_not_count() {
    let mut all = vec![
        paid("2026-04-20", 1, TransactionClass::Other),
        paid("2026-11-10", 1_000, TransactionClass::Other),
        paid("2026-11-05", -600, TransactionClass::Other),
        paid("2026-11-01", 0, TransactionClass::Returned),
        paid("2026-08-21", 5, TransactionClass::Returned),
    ];
    all.push(BankTransaction {
        booked: false,
        ..paid("2026-11-18", -90_000, TransactionClass::Other)
    });
    // 500 now, -500 from the 5th to the 9th, 100 before, 95 before the 22nd of August.
    let found = of(vec![account(500, all.clone())]);
    assert_eq!(found.value(Fact::OverdraftDays90d), Some(5));
    assert_eq!(found.value(Fact::LowestBalanceMinor), Some(-500));
    // 10 x 500 - 5 x 500 + 75 x 100 over 90 days.
    assert_eq!(found.value(Fact::AverageBalanceMinor), Some(111));
    // The 21st of August is one day too long ago.
    assert_eq!(found.value(Fact::ReturnedPayments90d), Some(1));
    let second = account(-1, vec![]);
    let found = of(vec![account(500, all.clone()), second]);
    assert_eq!(found.value(Fact::OverdraftDays90d), Some(90));
    let silent = BankAccount {
        balance: None,
        ..account(0, vec![])
    };
    assert_eq!(
        of(vec![account(500, all), silent]).value(Fact::LowestBalanceMinor),
        None
    );
}

#[test]
fn a_reading_that_does_not_reach_90_days_says_nothing_of_them() {
    let young = BankAccount {
        from: day("2026-08-23"),
        ..account(1, vec![paid("2026-08-24", 1, TransactionClass::Other)])
    };
    let found = of(vec![young]);
    assert_eq!(found.value(Fact::LowestBalanceMinor), None);
    assert_eq!(found.value(Fact::ReturnedPayments90d), None);
    assert_eq!(found.value(Fact::AccountAgeDays), Some(87));
}

#[test]
fn accounts_of_another_currency_are_left_out_with_a_code() {
    let euros = BankAccount {
        currency: Currency::parse("EUR").unwrap(),
        ..account(-5, salaries([900; 6]))
    };
    let found = of(vec![euros.clone(), account(0, salaries([300; 6]))]);
    assert_eq!(found.lacks, Some(OTHER_CURRENCY));
    assert_eq!(found.value(Fact::VerifiedIncomeMinor), Some(300));
    assert_eq!(of(vec![euros]).facts, vec![]);
}
