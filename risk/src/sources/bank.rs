//! Facts of bank accounts.
//!
//! Only what is booked counts. Balances of the past are counted back from the present one.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use domain::money::Currency;
use domain::ports::{BankAccount, BankAccountKind, BankReport, BankTransaction, TransactionClass};

use super::{Found, OTHER_CURRENCY, count, month_of, share_up};
use crate::{Fact, Source};

/// Days that balances are looked at, the day of the report included.
const DAYS: u64 = 90;
/// Whole months before the one of the report that income is looked for in.
const MONTHS: i64 = 6;
/// Fewer months tell nothing of a recurring income.
const MIN_MONTHS: usize = 3;

/// Days before the report that a reading has to begin, so that six whole months are in it.
pub const READ_DAYS: u64 = 215;

/// The facts of a report; of accounts in the currency of the request.
pub fn facts(report: &BankReport, currency: Currency) -> Found {
    let mut found = Found::default();
    let origin = (Source::Bank, report.as_of);
    let today = report.as_of.date_naive();
    let accounts: Vec<&BankAccount> = report.accounts.iter().filter(|a| a.currency == currency).collect();
    if accounts.len() < report.accounts.len() {
        found.lacks = Some(OTHER_CURRENCY);
    }
    let booked: Vec<&BankTransaction> = accounts
        .iter()
        .flat_map(|account| &account.transactions)
        .filter(|transaction| transaction.booked && transaction.date <= today)
        .collect();
    let Some(oldest) = booked.iter().map(|transaction| transaction.date).min() else {
        return found;
    };
    found.put(Fact::AccountAgeDays, Some((today - oldest).num_days()), origin);
    let months = Months::of(oldest, today);
    let income = months.income(&booked);
    if months.all().len() >= MIN_MONTHS {
        found.put(
            Fact::IncomeMonths,
            count(income.iter().filter(|sum| **sum > 0).count()),
            origin,
        );
        // No income in most months is not an income of nothing: it comes to another account, or not by the month.
        if let Some(median) = lower_median(&income).filter(|median| *median > 0) {
            found.put(Fact::VerifiedIncomeMinor, i64::try_from(median).ok(), origin);
            found.put(Fact::IncomeVariationPpm, variation_up(&income, median), origin);
        }
    }
    if !months.all().is_empty() {
        let median = upper_median(&months.debts(&booked));
        found.put(
            Fact::RecurringDebtMinor,
            median.and_then(|median| i64::try_from(median).ok()),
            origin,
        );
    }
    let first = today - Days::new(DAYS - 1);
    let covered = accounts.iter().all(|account| account.from <= first);
    if covered {
        let returned = booked
            .iter()
            .filter(|t| t.class == TransactionClass::Returned && t.date >= first);
        found.put(Fact::ReturnedPayments90d, count(returned.count()), origin);
        let current = accounts
            .iter()
            .filter(|account| account.kind == BankAccountKind::Current);
        if let Some(days) = Daily::of(current, today) {
            found.put(Fact::AverageBalanceMinor, days.average_down(), origin);
            found.put(Fact::LowestBalanceMinor, days.lowest(), origin);
            found.put(Fact::OverdraftDays90d, count(days.overdrawn), origin);
        }
    }
    found
}

/// Whole months that the accounts show, newest last.
struct Months {
    first: i64,
    end: i64,
}

impl Months {
    fn of(oldest: NaiveDate, today: NaiveDate) -> Self {
        let end = month_of(today);
        // The month of the oldest transaction may have begun before the account did, or before what the bank shows.
        let first = (month_of(oldest) + 1).max(end - MONTHS).min(end);
        Self { first, end }
    }

    fn all(&self) -> Vec<i64> {
        (self.first..self.end).collect()
    }

    fn sums<'a>(&self, transactions: impl Iterator<Item = &'a BankTransaction>) -> Vec<i128> {
        let mut sums: BTreeMap<i64, i128> = self.all().into_iter().map(|month| (month, 0)).collect();
        for transaction in transactions {
            if let Some(sum) = sums.get_mut(&month_of(transaction.date)) {
                *sum += i128::from(transaction.amount);
            }
        }
        sums.into_values().collect()
    }

    /// Income of each month: salaries, pensions and benefits, and what one payer pays in every month but one at most, never twice as much
    /// in one month as in another.
    fn income(&self, booked: &[&BankTransaction]) -> Vec<i128> {
        let unnamed = |t: &&&BankTransaction| t.class == TransactionClass::Other && t.amount > 0;
        let mut payers: BTreeMap<u64, Vec<&BankTransaction>> = BTreeMap::new();
        for transaction in booked.iter().filter(unnamed) {
            if let Some(payer) = transaction.counterparty {
                payers.entry(payer).or_default().push(transaction);
            }
        }
        payers.retain(|_, payments| self.recurs(payments));
        let regular: BTreeSet<u64> = payers.into_keys().collect();
        let earned = |t: &&BankTransaction| match t.class {
            TransactionClass::Salary | TransactionClass::Benefit => t.amount > 0,
            TransactionClass::Other => t.amount > 0 && t.counterparty.is_some_and(|payer| regular.contains(&payer)),
            _ => false,
        };
        self.sums(booked.iter().copied().filter(earned))
    }

    fn recurs(&self, payments: &[&BankTransaction]) -> bool {
        let sums = self.sums(payments.iter().copied());
        let paid: Vec<i128> = sums.iter().copied().filter(|sum| *sum > 0).collect();
        let (least, most) = (paid.iter().min(), paid.iter().max());
        let steady = least.zip(most).is_some_and(|(least, most)| *most <= least * 2);
        steady && paid.len() >= MIN_MONTHS && paid.len() + 1 >= sums.len()
    }

    /// Paid on loans and cards in each month.
    fn debts(&self, booked: &[&BankTransaction]) -> Vec<i128> {
        let paid = |t: &&BankTransaction| {
            let debt = matches!(
                t.class,
                TransactionClass::LoanRepayment | TransactionClass::CardRepayment
            );
            debt && t.amount < 0
        };
        self.sums(booked.iter().copied().filter(paid))
            .into_iter()
            .map(|sum| -sum)
            .collect()
    }
}

fn sorted(values: &[i128]) -> Vec<i128> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable();
    sorted
}

/// Of an even number the lower of the two in the middle.
fn lower_median(values: &[i128]) -> Option<i128> {
    sorted(values).get(values.len().saturating_sub(1) / 2).copied()
}

/// Of an even number the upper of the two in the middle.
fn upper_median(values: &[i128]) -> Option<i128> {
    sorted(values).get(values.len() / 2).copied()
}

/// Mean distance from the median as a share of it, up.
fn variation_up(values: &[i128], median: i128) -> Option<i64> {
    let distance: i128 = values.iter().map(|value| (value - median).abs()).sum();
    share_up(distance, median * i128::try_from(values.len()).ok()?)
}

/// Balances at the end of each day.
struct Daily {
    /// Of all accounts together.
    totals: Vec<i128>,
    /// Days on which one of them was below zero.
    overdrawn: usize,
}

impl Daily {
    /// None without an account, or when one does not tell its balance.
    fn of<'a>(accounts: impl Iterator<Item = &'a &'a BankAccount>, today: NaiveDate) -> Option<Self> {
        let accounts: Vec<&&BankAccount> = accounts.collect();
        let mut balances: Vec<i128> = accounts
            .iter()
            .map(|a| a.balance.map(i128::from))
            .collect::<Option<_>>()?;
        if balances.is_empty() {
            return None;
        }
        let mut moved: Vec<BTreeMap<NaiveDate, i128>> = vec![BTreeMap::new(); accounts.len()];
        for (account, moved) in accounts.iter().zip(&mut moved) {
            for transaction in account.transactions.iter().filter(|transaction| transaction.booked) {
                *moved.entry(transaction.date).or_default() += i128::from(transaction.amount);
            }
        }
        let (mut totals, mut overdrawn) = (Vec::new(), 0);
        for back in 0..DAYS {
            let day = today - Days::new(back);
            totals.push(balances.iter().sum());
            overdrawn += usize::from(balances.iter().any(|balance| *balance < 0));
            for (balance, moved) in balances.iter_mut().zip(&moved) {
                *balance -= moved.get(&day).copied().unwrap_or(0);
            }
        }
        Some(Self { totals, overdrawn })
    }

    fn average_down(&self) -> Option<i64> {
        let days = i128::try_from(self.totals.len()).ok()?;
        i64::try_from(self.totals.iter().sum::<i128>().div_euclid(days)).ok()
    }

    fn lowest(&self) -> Option<i64> {
        self.totals.iter().min().and_then(|lowest| i64::try_from(*lowest).ok())
    }
}

#[cfg(test)]
#[path = "bank_tests.rs"]
mod tests;
