//! Dates and instants.

use chrono::{DateTime, NaiveDate, Utc};

use super::{Field, Problem, Refusal};

/// How a lender orders the parts of `03/04/2026`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DateOrder {
    /// 3 April: India, Europe.
    DayFirst,
    /// March 4: United States.
    MonthFirst,
}

impl Field<'_> {
    /// A civil date: `2026-04-03`, `3 Apr 2026`, `April 3, 2026`, or the date of an RFC 3339 instant as it is written there.
    /// `03/04/2026` has two meanings and is refused; `23/04/2026` has one.
    pub fn date(&self) -> Result<NaiveDate, Refusal> {
        self.parse(|text| date(text, None))
    }

    /// The same where the order of day and month is known.
    pub fn date_in(&self, order: DateOrder) -> Result<NaiveDate, Refusal> {
        self.parse(|text| date(text, Some(order)))
    }

    /// An instant with its offset from UTC: RFC 3339, a space in place of the `T` allowed. Without an offset it is refused.
    pub fn instant(&self) -> Result<DateTime<Utc>, Refusal> {
        self.parse(|text| {
            if !text.is_ascii() {
                return Err(Problem::NotADate);
            }
            if let Ok(instant) = DateTime::parse_from_rfc3339(&text.replacen(' ', "T", 1)) {
                return Ok(instant.with_timezone(&Utc));
            }
            let zoned = format!("{}Z", text.replacen(' ', "T", 1));
            if DateTime::parse_from_rfc3339(&zoned).is_ok() {
                return Err(Problem::NoOffset);
            }
            Err(Problem::NotADate)
        })
    }
}

fn date(text: &str, order: Option<DateOrder>) -> Result<NaiveDate, Problem> {
    if !text.is_ascii() {
        return Err(Problem::NotADate);
    }
    if let Some(date) = text.get(..10).and_then(iso_date) {
        let tail = &text[10..];
        return if tail.is_empty() || is_instant(text) {
            Ok(date)
        } else {
            Err(Problem::NotADate)
        };
    }
    let parts: Vec<&str> = text
        .split(['/', '-', '.', ' ', ','])
        .filter(|part| !part.is_empty())
        .collect();
    let [first, second, year] = parts.as_slice() else {
        return Err(Problem::NotADate);
    };
    let number = |part: &str, most: usize| {
        let digits = (1..=most).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
        digits.then(|| part.parse::<u32>().ok()).flatten()
    };
    let year = number(year, 4).filter(|year| (1_000..=9_999).contains(year));
    let year = year
        .and_then(|year| i32::try_from(year).ok())
        .ok_or(Problem::NotADate)?;
    let made = |month, day| NaiveDate::from_ymd_opt(year, month, day).ok_or(Problem::NotADate);
    match (number(first, 2), number(second, 2), month(first), month(second)) {
        (Some(day), None, None, Some(month)) | (None, Some(day), Some(month), None) => made(month, day),
        (Some(first), Some(second), ..) => match order {
            Some(DateOrder::DayFirst) => made(second, first),
            Some(DateOrder::MonthFirst) => made(first, second),
            None if first == second => made(first, second),
            None => match (made(second, first), made(first, second)) {
                (Ok(_), Ok(_)) => Err(Problem::Ambiguous),
                (one, other) => one.or(other),
            },
        },
        _ => Err(Problem::NotADate),
    }
}

/// `2026-04-03`.
fn iso_date(text: &str) -> Option<NaiveDate> {
    let (year, rest) = text.split_once('-')?;
    let (month, day) = rest.split_once('-')?;
    let digits = [(year, 4), (month, 2), (day, 2)]
        .iter()
        .all(|(part, len)| part.len() == *len && part.bytes().all(|b| b.is_ascii_digit()));
    if !digits {
        return None;
    }
    NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, day.parse().ok()?)
}

/// RFC 3339, perhaps with a space in place of the `T`, perhaps without an offset.
fn is_instant(text: &str) -> bool {
    let reads = |text: &str| DateTime::parse_from_rfc3339(text).is_ok();
    reads(text) || {
        let joined = text.replacen(' ', "T", 1);
        reads(&joined) || reads(&(joined + "Z"))
    }
}

fn month(text: &str) -> Option<u32> {
    const MONTHS: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let lower = text.to_ascii_lowercase();
    let known = |month: &&str| {
        **month == lower
            || (lower.len() == 3 && month.starts_with(&lower))
            || (lower == "sept" && month.starts_with("sept"))
    };
    MONTHS
        .iter()
        .zip(1..)
        .find(|(month, _)| known(month))
        .map(|(_, number)| number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<String, Problem> {
        Field::new("f", text)
            .date()
            .map(|date| date.to_string())
            .map_err(|refusal| refusal.problem().clone())
    }

    #[test]
    fn a_date_is_read_when_it_has_one_meaning() {
        for text in [
            "2026-04-23",
            "23/04/2026",
            "04/23/2026",
            "23-04-2026",
            "23 Apr 2026",
            "23-April-2026",
            "April 23, 2026",
            "2026-04-23T18:30:00.000Z",
            "2026-04-23T23:30:00+05:30",
            "2026-04-23 10:00:00",
        ] {
            assert_eq!(read(text), Ok("2026-04-23".into()), "{text}");
        }
        assert_eq!(read("03/04/2026"), Err(Problem::Ambiguous));
        let field = Field::new("f", "03/04/2026");
        assert_eq!(field.date_in(DateOrder::DayFirst).unwrap().to_string(), "2026-04-03");
        assert_eq!(field.date_in(DateOrder::MonthFirst).unwrap().to_string(), "2026-03-04");
        for text in [
            "2026-02-30",
            "31/02/2026",
            "23/04/26",
            "tomorrow",
            "2026-04-23x",
            "2026-04-23T99",
            "٢٣/04/2026",
        ] {
            assert_eq!(read(text), Err(Problem::NotADate), "{text}");
        }
    }

    #[test]
    fn an_instant_needs_its_offset() {
        let read = |text: &'static str| Field::new("f", text).instant().map_err(|r| r.problem().clone());
        let noon: DateTime<Utc> = "2026-04-23T12:00:00Z".parse().unwrap();
        assert_eq!(read("2026-04-23T12:00:00.000Z"), Ok(noon));
        assert_eq!(read("2026-04-23 17:30:00+05:30"), Ok(noon));
        assert_eq!(read("2026-04-23T12:00:00"), Err(Problem::NoOffset));
        assert_eq!(read("2026-04-23"), Err(Problem::NotADate));
    }
}
