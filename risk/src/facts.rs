//! The names of what is known of an applicant, each value with its source and age.

use chrono::{DateTime, Datelike as _, Timelike as _, Utc};
use serde::{Deserialize, Serialize};

/// What the integer of a fact counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Minor units of the feature set's currency.
    Minor,
    /// Parts per million.
    Ppm,
    /// Whole months.
    Months,
    /// Whole days.
    Days,
    /// A number of things.
    Count,
}

macro_rules! facts {
    ($($(#[$doc:meta])* $fact:ident = $name:literal, $unit:ident;)*) => {
        /// A fact that policy and models can use. The name is the `source` of a model's feature.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        pub enum Fact {
            $($(#[$doc])* #[serde(rename = $name)] $fact,)*
        }

        impl Fact {
            /// Every fact, in the order of storage.
            pub const ALL: &[Self] = &[$(Self::$fact,)*];

            /// The name, as stored and as models say it.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$fact => $name,)*
                }
            }

            /// What its integer counts.
            pub const fn unit(self) -> Unit {
                match self {
                    $(Self::$fact => Unit::$unit,)*
                }
            }
        }
    };
}

facts! {
    // Declared, or told better by another source.
    /// Gross income of a month, as declared.
    MonthlyIncomeMinor = "MONTHLY_INCOME_MINOR", Minor;
    /// Rent or mortgage of a month.
    MonthlyHousingMinor = "MONTHLY_HOUSING_MINOR", Minor;
    /// Payments of a month on other debts.
    MonthlyDebtMinor = "MONTHLY_DEBT_MINOR", Minor;
    /// Derived: housing, debts and the new principal spread over its term, as a share of income.
    DebtToIncomePpm = "DEBT_TO_INCOME_PPM", Ppm;
    /// Derived: the new principal spread over its term, as a share of income.
    PaymentToIncomePpm = "PAYMENT_TO_INCOME_PPM", Ppm;
    /// In the present work; absent for those who do not live from work, which is no reason against them.
    EmploymentMonths = "EMPLOYMENT_MONTHS", Months;
    /// At the present address.
    ResidenceMonths = "RESIDENCE_MONTHS", Months;
    /// Payments missed in 24 months.
    Delinquencies24m = "DELINQUENCIES_24M", Count;
    /// Credit inquiries in 6 months.
    Inquiries6m = "INQUIRIES_6M", Count;
    /// Since the oldest account was opened; absent without a file.
    CreditHistoryMonths = "CREDIT_HISTORY_MONTHS", Months;
    /// Share of revolving limits in use; may be above a million.
    UtilizationPpm = "UTILIZATION_PPM", Ppm;

    // Bureau.
    /// Sum of the limits of open revolving accounts.
    RevolvingLimitMinor = "REVOLVING_LIMIT_MINOR", Minor;
    /// Months late at the end of the last month: 0 not late with a balance carried, -1 paid in full, -2 nothing owed.
    MonthsLate1 = "MONTHS_LATE_1", Months;
    /// The same, one month earlier.
    MonthsLate2 = "MONTHS_LATE_2", Months;
    /// The same, two months earlier.
    MonthsLate3 = "MONTHS_LATE_3", Months;
    /// The same, three months earlier.
    MonthsLate4 = "MONTHS_LATE_4", Months;
    /// The same, four months earlier.
    MonthsLate5 = "MONTHS_LATE_5", Months;
    /// The same, five months earlier.
    MonthsLate6 = "MONTHS_LATE_6", Months;
    /// Sum of the statements of revolving accounts of the last month.
    Statement1Minor = "STATEMENT_1_MINOR", Minor;
    /// The same, one month earlier.
    Statement2Minor = "STATEMENT_2_MINOR", Minor;
    /// The same, two months earlier.
    Statement3Minor = "STATEMENT_3_MINOR", Minor;
    /// The same, three months earlier.
    Statement4Minor = "STATEMENT_4_MINOR", Minor;
    /// The same, four months earlier.
    Statement5Minor = "STATEMENT_5_MINOR", Minor;
    /// The same, five months earlier.
    Statement6Minor = "STATEMENT_6_MINOR", Minor;
    /// Paid on revolving accounts in the last month.
    Payment1Minor = "PAYMENT_1_MINOR", Minor;
    /// The same, one month earlier.
    Payment2Minor = "PAYMENT_2_MINOR", Minor;
    /// The same, two months earlier.
    Payment3Minor = "PAYMENT_3_MINOR", Minor;
    /// The same, three months earlier.
    Payment4Minor = "PAYMENT_4_MINOR", Minor;
    /// The same, four months earlier.
    Payment5Minor = "PAYMENT_5_MINOR", Minor;
    /// The same, five months earlier.
    Payment6Minor = "PAYMENT_6_MINOR", Minor;
    /// Open credit accounts.
    OpenLines = "OPEN_LINES", Count;
    /// Times 30 to 59 days late in 24 months.
    Late30To59In24m = "LATE_30_59_24M", Count;
    /// Times 60 to 89 days late in 24 months.
    Late60To89In24m = "LATE_60_89_24M", Count;
    /// Times 90 days late or more in 24 months.
    Late90In24m = "LATE_90_24M", Count;
    /// Public records, such as bankruptcies and judgments.
    PublicRecords = "PUBLIC_RECORDS", Count;

    // Bank account.
    /// Recurring income of a month seen in the account (the median month).
    VerifiedIncomeMinor = "VERIFIED_INCOME_MINOR", Minor;
    /// Months in which it was seen.
    IncomeMonths = "INCOME_MONTHS", Months;
    /// How much it varies between months: mean absolute deviation as a share of the median.
    IncomeVariationPpm = "INCOME_VARIATION_PPM", Ppm;
    /// Average balance of the last 90 days.
    AverageBalanceMinor = "AVERAGE_BALANCE_MINOR", Minor;
    /// Lowest balance of the last 90 days; negative when overdrawn.
    LowestBalanceMinor = "LOWEST_BALANCE_MINOR", Minor;
    /// Days overdrawn in 90 days.
    OverdraftDays90d = "OVERDRAFT_DAYS_90D", Days;
    /// Payments returned unpaid in 90 days.
    ReturnedPayments90d = "RETURNED_PAYMENTS_90D", Count;
    /// Recurring payments of a month on debts seen in the account.
    RecurringDebtMinor = "RECURRING_DEBT_MINOR", Minor;
    /// Age of the oldest account seen.
    AccountAgeDays = "ACCOUNT_AGE_DAYS", Days;

    // Own history.
    /// Loans with us that were repaid in full.
    OwnLoansClosed = "OWN_LOANS_CLOSED", Count;
    /// Loans with us that are open.
    OwnLoansOpen = "OWN_LOANS_OPEN", Count;
    /// Days late with us in 12 months, summed over installments.
    OwnLateDays12m = "OWN_LATE_DAYS_12M", Days;
    /// The longest that an installment with us was late, ever.
    OwnWorstLateDays = "OWN_WORST_LATE_DAYS", Days;
    /// Share of the principal that fell due with us and was repaid.
    OwnRepaidPpm = "OWN_REPAID_PPM", Ppm;
    /// Since the first loan with us.
    OwnTenureDays = "OWN_TENURE_DAYS", Days;
}

impl Fact {
    /// The fact of that name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|fact| fact.name() == name)
    }

    /// True for what an application can say, and may have no answer to.
    pub(crate) const fn may_be_declared(self) -> bool {
        (self as usize) <= (Self::UtilizationPpm as usize)
    }

    /// True for what the decision makes from other facts; such a fact in a feature set is not read.
    pub const fn is_derived(self) -> bool {
        matches!(self, Self::DebtToIncomePpm | Self::PaymentToIncomePpm)
    }
}

/// Where a fact comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Source {
    /// Declared by the applicant.
    Application,
    /// A credit bureau's report.
    Bureau,
    /// The applicant's bank account.
    Bank,
    /// Our own books.
    Own,
    /// A chain.
    Chain,
}

impl Source {
    /// The better source wins: what we saw ourselves, then what a bank or bureau saw, then what was declared.
    pub(crate) const fn rank(self) -> u8 {
        match self {
            Self::Application => 0,
            Self::Bureau => 1,
            Self::Bank => 2,
            Self::Chain => 3,
            Self::Own => 4,
        }
    }
}

/// One value with its provenance.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// In the fact's unit.
    pub value: i64,
    /// Who says so.
    pub source: Source,
    /// When it was true. A cached report keeps the time of the report.
    #[serde(serialize_with = "instant")]
    pub as_of: DateTime<Utc>,
}

/// The text that the type itself writes, ten times as fast for whole seconds: a feature set holds dozens of instants.
fn instant<S: serde::Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    let (date, time) = (at.date_naive(), at.time());
    let Some(year) = u32::try_from(date.year()).ok().filter(|year| *year < 10_000) else {
        return at.serialize(serializer);
    };
    if time.nanosecond() != 0 {
        return at.serialize(serializer);
    }
    let mut text = *b"0000-00-00T00:00:00Z";
    let mut put = |place: usize, number: u32, digits: usize| {
        let mut rest = number;
        for digit in text[place..place + digits].iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or(0);
            rest /= 10;
        }
    };
    put(0, year, 4);
    put(5, date.month(), 2);
    put(8, date.day(), 2);
    put(11, time.hour(), 2);
    put(14, time.minute(), 2);
    put(17, time.second(), 2);
    match std::str::from_utf8(&text) {
        Ok(text) => serializer.serialize_str(text),
        Err(_) => at.serialize(serializer),
    }
}

impl std::fmt::Debug for Known {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Known({:?})", self.source)
    }
}

/// A value that a better source contradicted; kept for the officer, read by nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overruled {
    /// Of which fact.
    pub fact: Fact,
    /// What the lesser source said.
    pub known: Known,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::known;

    #[test]
    fn instants_are_written_as_their_type_writes_them() {
        for text in [
            "2026-11-21T10:00:00Z",
            "0001-01-01T23:59:59Z",
            "9999-12-31T00:00:01Z",
            "2026-11-21T10:00:00.000001Z",
        ] {
            let as_of: DateTime<Utc> = text.parse().unwrap();
            let known = Known {
                as_of,
                ..known(1, Source::Bank)
            };
            let written = serde_json::to_value(known).unwrap();
            assert_eq!(written["as_of"], serde_json::to_value(as_of).unwrap());
            assert_eq!(serde_json::from_value::<Known>(written).unwrap().as_of, as_of);
        }
    }
}
