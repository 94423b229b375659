//! Numbers, money and dates as people of a country write them. Integers only; nothing is rounded.

use chrono::{Datelike, NaiveDate};
use domain::{Money, Rate};

use crate::facts::{Locale, Period, Unit};

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Locale {
    /// Language tag of the document.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::EnUs => "en-US",
            Self::EnGb => "en-GB",
            Self::EnIe => "en-IE",
            Self::EnIn => "en-IN",
        }
    }

    /// `$1,234.50`; a currency without a sign that is clear in this country stands by its code: `USD 1,234.50`.
    pub(crate) fn money(self, money: Money) -> String {
        let sign = if money.minor < 0 { "-" } else { "" };
        let symbol = match (money.currency.code(), self) {
            ("USD", Self::EnUs) => "$".to_owned(),
            ("EUR", _) => "€".to_owned(),
            ("GBP", _) => "£".to_owned(),
            ("INR", _) => "₹".to_owned(),
            (code, _) => format!("{code}\u{a0}"),
        };
        let decimals = money.currency.decimals();
        let scale = 10u64.pow(decimals);
        let minor = money.minor.unsigned_abs();
        let whole = self.grouped(minor / scale);
        if decimals == 0 {
            return format!("{sign}{symbol}{whole}");
        }
        let width = usize::try_from(decimals).unwrap_or_default();
        format!("{sign}{symbol}{whole}.{:0width$}", minor % scale)
    }

    /// Digits in groups: of three, in India three and then two.
    fn grouped(self, number: u64) -> String {
        let digits = number.to_string();
        let rest = if self == Self::EnIn { 2 } else { 3 };
        let mut out = String::new();
        for (at, digit) in digits.char_indices() {
            let left = digits.len() - at;
            let boundary = left == 3 || (left > 3 && (left - 3).is_multiple_of(rest));
            if at > 0 && boundary {
                out.push(',');
            }
            out.push(digit);
        }
        out
    }

    /// `November 21, 2026` or `21 November 2026`.
    pub(crate) fn date(self, date: NaiveDate) -> String {
        let month = MONTHS[usize::try_from(date.month0()).unwrap_or_default() % 12];
        match self {
            Self::EnUs => format!("{month} {}, {}", date.day(), date.year()),
            _ => format!("{} {month} {}", date.day(), date.year()),
        }
    }
}

/// Exact per cent with at least two decimals: `9.69%`, `12.00%`, `12.125%`.
pub(crate) fn percent(rate: Rate) -> String {
    let ppm = rate.ppm();
    let sign = if ppm < 0 { "-" } else { "" };
    let ppm = ppm.unsigned_abs();
    let mut decimals = format!("{:04}", ppm % 10_000);
    while decimals.len() > 2 && decimals.ends_with('0') {
        decimals.pop();
    }
    format!("{sign}{}.{decimals}%", ppm / 10_000)
}

/// `1 month`, `24 months`.
pub(crate) fn period(period: Period) -> String {
    let unit = match period.unit {
        Unit::Day => "day",
        Unit::Week => "week",
        Unit::Month => "month",
        Unit::Year => "year",
    };
    format!("{} {unit}{}", period.count, if period.count == 1 { "" } else { "s" })
}

/// `monthly`, `every 2 weeks`.
pub(crate) fn every(interval: Period) -> String {
    match (interval.count, interval.unit) {
        (1, Unit::Day) => "daily".to_owned(),
        (1, Unit::Week) => "weekly".to_owned(),
        (1, Unit::Month) => "monthly".to_owned(),
        (1, Unit::Year) => "yearly".to_owned(),
        _ => format!("every {}", period(interval)),
    }
}

#[cfg(test)]
mod tests {
    use domain::Currency;

    use super::*;

    #[test]
    fn money_is_written_as_in_the_country() {
        let of = |minor, code| Money::new(minor, Currency::parse(code).unwrap());
        assert_eq!(Locale::EnUs.money(of(123_456_789, "USD")), "$1,234,567.89");
        assert_eq!(Locale::EnUs.money(of(-5, "USD")), "-$0.05");
        assert_eq!(Locale::EnIn.money(of(1_234_567_890, "INR")), "₹1,23,45,678.90");
        assert_eq!(Locale::EnIn.money(of(99_900, "INR")), "₹999.00");
        assert_eq!(Locale::EnIe.money(of(100_000, "EUR")), "€1,000.00");
        assert_eq!(Locale::EnGb.money(of(1_234_567, "JPY")), "JPY\u{a0}1,234,567");
        assert_eq!(Locale::EnGb.money(of(1_234_567, "KWD")), "KWD\u{a0}1,234.567");
        assert_eq!(Locale::EnGb.money(of(100, "USD")), "USD\u{a0}1.00");
        assert_eq!(Locale::EnUs.money(of(i64::MIN, "USD")), "-$92,233,720,368,547,758.08");
    }

    #[test]
    fn rates_are_exact_and_dates_are_civil() {
        assert_eq!(percent(Rate::from_ppm(96_900)), "9.69%");
        assert_eq!(percent(Rate::from_ppm(121_250)), "12.125%");
        assert_eq!(percent(Rate::from_ppm(120_001)), "12.0001%");
        assert_eq!(percent(Rate::from_ppm(-1)), "-0.0001%");
        assert_eq!(percent(Rate::ONE), "100.00%");
        let day = "2026-11-21".parse().unwrap();
        assert_eq!(Locale::EnUs.date(day), "November 21, 2026");
        assert_eq!(Locale::EnIn.date(day), "21 November 2026");
        assert_eq!(every(Period::new(2, Unit::Week)), "every 2 weeks");
    }
}
