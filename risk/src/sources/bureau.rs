//! Facts of a bureau's report.

use chrono::Months;
use domain::money::Currency;
use domain::ports::{BureauReport, MonthState, Tradeline, TradelineKind};

use super::{Found, OTHER_CURRENCY, count, months_between, share_up};
use crate::{Fact, Source};

/// Months that delinquencies are counted over: the one of the report and those before.
const WINDOW: usize = 24;
/// Months late of an account that is lost: in collection, charged off or repossessed. The most that a month can say.
pub const LOST_MONTHS: i64 = 8;

const MONTHS_LATE: [Fact; 6] = [
    Fact::MonthsLate1,
    Fact::MonthsLate2,
    Fact::MonthsLate3,
    Fact::MonthsLate4,
    Fact::MonthsLate5,
    Fact::MonthsLate6,
];
const STATEMENTS: [Fact; 6] = [
    Fact::Statement1Minor,
    Fact::Statement2Minor,
    Fact::Statement3Minor,
    Fact::Statement4Minor,
    Fact::Statement5Minor,
    Fact::Statement6Minor,
];
const PAYMENTS: [Fact; 6] = [
    Fact::Payment1Minor,
    Fact::Payment2Minor,
    Fact::Payment3Minor,
    Fact::Payment4Minor,
    Fact::Payment5Minor,
    Fact::Payment6Minor,
];

/// The facts of a report; amounts only when it is in the currency of the request.
pub fn facts(report: &BureauReport, currency: Currency) -> Found {
    let mut found = Found::default();
    let origin = (Source::Bureau, report.as_of);
    let today = report.as_of.date_naive();
    let lines = &report.tradelines;
    let open = || lines.iter().filter(|line| line.closed.is_none());
    let oldest = lines.iter().filter_map(|line| line.opened).min();
    found.put(
        Fact::CreditHistoryMonths,
        oldest.map(|oldest| months_between(oldest, today)),
        origin,
    );
    let since = today.checked_sub_months(Months::new(6)).unwrap_or(today);
    found.put(
        Fact::Inquiries6m,
        count(report.inquiries.iter().filter(|day| **day > since).count()),
        origin,
    );
    found.put(Fact::PublicRecords, count(report.public_records.len()), origin);
    found.put(
        Fact::OpenLines,
        count(open().filter(|line| line.status != MonthState::Lost).count()),
        origin,
    );

    let late = Late::of(lines);
    found.put(
        Fact::Late30To59In24m,
        late.as_ref().and_then(|late| count(late.thirty)),
        origin,
    );
    found.put(
        Fact::Late60To89In24m,
        late.as_ref().and_then(|late| count(late.sixty)),
        origin,
    );
    found.put(
        Fact::Late90In24m,
        late.as_ref().and_then(|late| count(late.ninety)),
        origin,
    );
    let all = late.and_then(|late| count(late.thirty + late.sixty + late.ninety));
    found.put(Fact::Delinquencies24m, all, origin);

    let in_currency = report.currency == currency;
    // An account of unknown kind may be a card: then no sum over the cards is known.
    let sorted = open().all(|line| line.kind != TradelineKind::Unknown);
    let cards: Vec<&Tradeline> = open().filter(|line| line.kind == TradelineKind::Revolving).collect();
    let cards = Cards(if sorted { &cards } else { &[] });
    // Of a ratio the currency does not matter.
    found.put(Fact::UtilizationPpm, cards.utilization(), origin);
    for place in 0..6 {
        found.put(MONTHS_LATE[place], cards.months_late(place), origin);
        if in_currency {
            found.put(STATEMENTS[place], cards.statement(place, today), origin);
            found.put(PAYMENTS[place], cards.payment(place, today), origin);
        }
    }
    if in_currency {
        found.put(Fact::RevolvingLimitMinor, cards.limit(), origin);
        found.put(Fact::MonthlyDebtMinor, monthly_debt(open()), origin);
    } else {
        found.lacks = Some(OTHER_CURRENCY);
    }
    found
}

/// Payments of a month on everything but mortgages, which are housing; none when a debt does not say what it takes.
fn monthly_debt<'a>(mut open: impl Iterator<Item = &'a Tradeline>) -> Option<i64> {
    open.try_fold(0_i64, |sum, line| match (line.kind, line.monthly_payment) {
        (TradelineKind::Mortgage, _) => Some(sum),
        (_, Some(payment)) => sum.checked_add(payment),
        (_, None) => line.balance.is_some_and(|balance| balance <= 0).then_some(sum),
    })
}

/// How often an account was late, in months of each depth.
#[derive(Default)]
struct Late {
    thirty: usize,
    sixty: usize,
    ninety: usize,
}

impl Late {
    /// Over all accounts; none when a month has a code that we do not know. An account that is lost counts once: it stays lost.
    fn of(lines: &[Tradeline]) -> Option<Self> {
        let mut late = Self::default();
        for line in lines {
            let mut lost = false;
            let months = std::iter::once(&line.status).chain(&line.history);
            for month in months.take(WINDOW) {
                match month {
                    MonthState::Late(1) => late.thirty += 1,
                    MonthState::Late(2) => late.sixty += 1,
                    MonthState::Late(_) => late.ninety += 1,
                    MonthState::Lost => lost = true,
                    MonthState::Current | MonthState::NotReported => {}
                    MonthState::Unknown => return None,
                }
            }
            late.ninety += usize::from(lost);
        }
        Some(late)
    }
}

/// Open revolving accounts.
struct Cards<'a>(&'a [&'a Tradeline]);

impl Cards<'_> {
    /// Sum of the limits that there are; none when no account has one.
    fn limit(&self) -> Option<i64> {
        let limits: Vec<i64> = self.0.iter().filter_map(|line| line.limit).collect();
        let sum = limits.iter().try_fold(0_i64, |sum, limit| sum.checked_add(*limit))?;
        (!limits.is_empty()).then_some(sum)
    }

    /// What is owed over the limits, up. What is owed on an account without a limit counts too.
    fn utilization(&self) -> Option<i64> {
        let limit = self.limit().filter(|limit| *limit > 0)?;
        let balances = self
            .0
            .iter()
            .map(|line| line.balance.map(|balance| i128::from(balance.max(0))));
        share_up(balances.sum::<Option<i128>>()?, i128::from(limit))
    }

    /// A sum over the statements of one month; none when an account that was open does not tell.
    fn sum(
        &self,
        place: usize,
        today: chrono::NaiveDate,
        of: impl Fn(&domain::ports::StatementMonth) -> Option<i64>,
    ) -> Option<i64> {
        if self.0.is_empty() {
            return None;
        }
        let young = |line: &Tradeline| {
            let opened = line
                .opened
                .map(|opened| super::month_of(today) - super::month_of(opened));
            opened.is_some_and(|age| count(place).is_some_and(|place| age <= place))
        };
        self.0.iter().try_fold(0_i64, |sum, line| match line.months.get(place) {
            Some(month) => sum.checked_add(of(month)?),
            None => young(line).then_some(sum),
        })
    }

    fn statement(&self, place: usize, today: chrono::NaiveDate) -> Option<i64> {
        self.sum(place, today, |month| month.statement)
    }

    fn payment(&self, place: usize, today: chrono::NaiveDate) -> Option<i64> {
        self.sum(place, today, |month| month.payment)
    }

    /// The worst account of a month. Of a month that was not late: whether the statement before was paid in full (-1), or nothing was owed
    /// in either (-2); where that is not known, a balance was carried (0).
    fn months_late(&self, place: usize) -> Option<i64> {
        let states = self.0.iter().filter_map(|line| line.history.get(place));
        let mut reported = false;
        let mut worst = 0;
        for state in states {
            match state {
                MonthState::Unknown => return None,
                MonthState::NotReported => continue,
                MonthState::Current => {}
                MonthState::Late(months) => worst = worst.max(i64::from(*months)),
                MonthState::Lost => worst = LOST_MONTHS,
            }
            reported = true;
        }
        if !reported || worst > 0 {
            return reported.then_some(worst);
        }
        let paid: Option<Vec<i64>> = self.0.iter().map(|line| quiet(line, place)).collect();
        Some(paid.and_then(|paid| paid.into_iter().max()).unwrap_or(0))
    }
}

/// How a month that was not late was paid, as far as the statements tell.
fn quiet(line: &Tradeline, place: usize) -> Option<i64> {
    let month = line.months.get(place)?;
    let owed = month.statement?;
    let before = line.months.get(place + 1).and_then(|month| month.statement);
    Some(match before {
        Some(before) if before <= 0 && owed <= 0 => -2,
        Some(before) if month.payment.is_some_and(|payment| payment >= before) => -1,
        _ => 0,
    })
}

#[cfg(test)]
#[path = "bureau_tests.rs"]
mod tests;
