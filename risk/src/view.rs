//! The facts as one decision reads them: young enough, the best source of income, ratios derived.

use chrono::Duration;

use crate::facts::{Fact, Source};
use crate::features::FeatureSet;
use crate::policy::Policy;

/// Days of a month where a month is only a length.
const MONTH_DAYS: i128 = 30;
pub(crate) const PPM: i128 = 1_000_000;

/// Values by fact; absent is what was not given, is too old or cannot be used.
#[derive(Clone, Debug)]
pub(crate) struct View {
    values: [Option<i64>; Fact::ALL.len()],
    /// Who says what income is.
    pub income_source: Option<Source>,
    /// Length for spreading over months; a shorter credit still has one month's income to be paid from.
    pub spread_days: i128,
}

impl View {
    pub(crate) fn of(policy: &Policy, set: &FeatureSet) -> Self {
        let mut view = Self {
            values: [None; Fact::ALL.len()],
            income_source: None,
            spread_days: i128::from(set.term_days).max(MONTH_DAYS),
        };
        for (fact, known) in &set.facts {
            let most = Duration::days(policy.most_days(known.source).into());
            if !fact.is_derived() && set.at - known.as_of <= most {
                view.put(*fact, Some(known.value));
            }
        }
        let declared = view.get(Fact::MonthlyIncomeMinor);
        let seen_long_enough = view.get(Fact::IncomeMonths) >= Some(policy.verified_income_months());
        let verified = view.get(Fact::VerifiedIncomeMinor).filter(|_| seen_long_enough);
        view.income_source = verified.map(|_| Source::Bank).or_else(|| {
            declared
                .and(set.facts.get(&Fact::MonthlyIncomeMinor))
                .map(|known| known.source)
        });
        view.put(Fact::MonthlyIncomeMinor, verified.or(declared));
        // What a bank account shows may be a part of all debts, so the larger of the two counts.
        let debts = view.get(Fact::MonthlyDebtMinor);
        view.put(
            Fact::MonthlyDebtMinor,
            debts.map(|debts| debts.max(view.get(Fact::RecurringDebtMinor).unwrap_or(0))),
        );
        view.derive(set);
        view
    }

    pub(crate) fn get(&self, fact: Fact) -> Option<i64> {
        self.values[fact as usize]
    }

    fn put(&mut self, fact: Fact, value: Option<i64>) {
        self.values[fact as usize] = value;
    }

    /// Housing and debts of a month.
    pub(crate) fn spent(&self) -> Option<i128> {
        let housing = self.get(Fact::MonthlyHousingMinor)?;
        let debts = self.get(Fact::MonthlyDebtMinor)?;
        Some(i128::from(housing) + i128::from(debts))
    }

    fn derive(&mut self, set: &FeatureSet) {
        let income = self.get(Fact::MonthlyIncomeMinor);
        let asking = set.amount_minor > 0 && set.term_days > 0;
        let payment = asking.then(|| Share {
            numerator: i128::from(set.amount_minor) * MONTH_DAYS,
            denominator: self.spread_days,
        });
        let all = payment.zip(self.spent()).map(|(payment, spent)| payment.plus(spent));
        self.put(
            Fact::PaymentToIncomePpm,
            payment.and_then(|share| share.of_income_up(income)),
        );
        self.put(Fact::DebtToIncomePpm, all.and_then(|share| share.of_income_up(income)));
    }
}

/// An exact amount a month: minor units over a denominator.
#[derive(Clone, Copy)]
struct Share {
    numerator: i128,
    denominator: i128,
}

impl Share {
    fn plus(self, amount: i128) -> Self {
        Self {
            numerator: self.numerator + amount * self.denominator,
            ..self
        }
    }

    /// Share of income in parts per million, up.
    fn of_income_up(self, income: Option<i64>) -> Option<i64> {
        let income = i128::from(income.filter(|income| *income > 0)?);
        let (numerator, denominator) = (self.numerator.checked_mul(PPM)?, self.denominator * income);
        let up = numerator.checked_add(denominator - 1)?.checked_div(denominator)?;
        Some(i64::try_from(up).unwrap_or(i64::MAX))
    }
}

/// Principal that can be paid back from `free` a month over `days`, down, as a share `ppm` of it.
pub(crate) fn payable_down(free: i128, days: i128, ppm: i64) -> Option<i128> {
    free.checked_mul(days)?
        .checked_mul(i128::from(ppm))?
        .checked_div(MONTH_DAYS * PPM)
}

/// `ppm` of an amount, down.
pub(crate) fn share_down(amount: i128, ppm: i64) -> Option<i128> {
    amount.checked_mul(i128::from(ppm))?.checked_div(PPM)
}
