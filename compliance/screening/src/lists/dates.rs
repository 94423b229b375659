//! Dates as lists print them.

use crate::entity::PartialDate;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// A range of years longer than this is taken as its two ends, marked "circa".
const LONG_RANGE: u16 = 12;

/// Dates of birth in the words of the US Treasury: `10 Dec 1948`, `Dec 1948`, `1948`, `circa 1948`, `1948 to 1952`,
/// `12 Mar 1950 to 13 Mar 1950`. None when not understood.
pub(super) fn spoken(text: &str) -> Option<Vec<PartialDate>> {
    if let Some((from, to)) = text.split_once(" to ") {
        return range(from, to);
    }
    if let Some((from, to)) = text.split_once('-') {
        return range(from, to);
    }
    Some(vec![one(text)?])
}

fn range(from: &str, to: &str) -> Option<Vec<PartialDate>> {
    let (a, b) = (one(from)?, one(to)?);
    if a.year == b.year {
        // Within one year: only what both ends say is sure.
        let month = a.month.filter(|month| b.month == Some(*month));
        return Some(vec![PartialDate {
            year: a.year,
            month,
            day: None,
            circa: false,
        }]);
    }
    years(a.year, b.year)
}

/// Every year of a short range; the ends of a long one.
pub(super) fn years(from: u16, to: u16) -> Option<Vec<PartialDate>> {
    let span = to.checked_sub(from)?;
    let plain = |year, circa| PartialDate {
        year,
        month: None,
        day: None,
        circa,
    };
    Some(if span <= LONG_RANGE {
        (from..=to).map(|year| plain(year, false)).collect()
    } else {
        vec![plain(from, true), plain(to, true)]
    })
}

fn one(text: &str) -> Option<PartialDate> {
    let text = text.trim();
    let lower = text.to_ascii_lowercase();
    let (circa, rest) = ["circa", "approximately", "c.", "ca."]
        .iter()
        .find_map(|word| lower.strip_prefix(word))
        .map_or((false, lower.as_str()), |rest| (true, rest));
    let words: Vec<&str> = rest.split_whitespace().collect();
    let (day, month, year) = match words[..] {
        [year] => (None, None, year),
        [month, year] => (None, Some(month), year),
        [day, month, year] => (Some(day), Some(month), year),
        _ => return None,
    };
    let month = match month {
        Some(name) => Some(month_of(name)?),
        None => None,
    };
    let day = match day {
        Some(number) => Some(number.parse().ok().filter(|day| (1..=31).contains(day))?),
        None => None,
    };
    Some(PartialDate {
        year: year_of(year)?,
        month,
        day,
        circa,
    })
}

fn month_of(name: &str) -> Option<u8> {
    let name = name.get(..3)?;
    (1..)
        .zip(MONTHS)
        .find_map(|(number, month)| (month == name).then_some(number))
}

pub(super) fn year_of(text: &str) -> Option<u16> {
    let four = text.len() == 4 && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|year| four && (1800..=2100).contains(year))
}

/// `1973-12-25`, `1973-12`, `1973`, also with a time or zone behind it.
pub(super) fn iso(text: &str) -> Option<PartialDate> {
    let text = text.split(['T', '+', 'Z']).next()?.trim();
    let mut parts = text.split('-');
    let year = year_of(parts.next()?)?;
    let part = |text: Option<&str>, most: u8| match text {
        None => Some(None),
        Some(text) => text.parse().ok().filter(|n| (1..=most).contains(n)).map(Some),
    };
    let month = part(parts.next(), 12)?;
    let day = part(parts.next(), 31)?;
    parts.next().is_none().then_some(PartialDate {
        year,
        month,
        day,
        circa: false,
    })
}

/// The day on which a list was published, as `YYYY-MM-DD`. `month_first` reads `12/28/2023`, otherwise `28/12/2023`.
pub(super) fn published(text: &str, month_first: bool) -> Option<String> {
    let text = text.trim();
    if let [a, b, year] = text.split('/').collect::<Vec<_>>()[..] {
        let (month, day) = if month_first { (a, b) } else { (b, a) };
        let iso_text = format!("{year}-{month:0>2}-{day:0>2}");
        return iso(&iso_text).map(|_| iso_text);
    }
    let full = iso(text).filter(|date| date.day.is_some())?;
    Some(format!("{:04}-{:02}-{:02}", full.year, full.month?, full.day?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn date(year: u16, month: Option<u8>, day: Option<u8>, circa: bool) -> PartialDate {
        PartialDate {
            year,
            month,
            day,
            circa,
        }
    }

    #[test]
    fn the_treasurys_dates_are_understood() {
        assert_eq!(spoken("10 Dec 1948"), Some(vec![date(1948, Some(12), Some(10), false)]));
        assert_eq!(spoken("Dec 1948"), Some(vec![date(1948, Some(12), None, false)]));
        assert_eq!(spoken("circa 1951"), Some(vec![date(1951, None, None, true)]));
        let range: Vec<_> = (1948..=1950).map(|year| date(year, None, None, false)).collect();
        assert_eq!(spoken("1948 to 1950"), Some(range));
        assert_eq!(
            spoken("21 Mar 1960 to 20 Apr 1960"),
            Some(vec![date(1960, None, None, false)])
        );
        assert_eq!(
            spoken("1940 to 1970"),
            Some(vec![date(1940, None, None, true), date(1970, None, None, true)])
        );
        for wrong in [
            "",
            "soon",
            "32 Dec 1948",
            "1 Foo 1948",
            "1 2 3 4",
            "19480",
            "1950 to 1940",
        ] {
            assert_eq!(spoken(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn iso_dates_may_be_partial() {
        assert_eq!(iso("1973-12-25"), Some(date(1973, Some(12), Some(25), false)));
        assert_eq!(iso("1973-12-25T00:00:00"), Some(date(1973, Some(12), Some(25), false)));
        assert_eq!(iso("1973"), Some(date(1973, None, None, false)));
        assert_eq!(iso("1973-13"), None);
    }

    #[test]
    fn days_of_publication_come_in_three_spellings() {
        assert_eq!(published("12/28/2023", true).as_deref(), Some("2023-12-28"));
        assert_eq!(published("28/12/2023", false).as_deref(), Some("2023-12-28"));
        assert_eq!(
            published("2023-12-28T23:00:03.428Z", false).as_deref(),
            Some("2023-12-28")
        );
        assert_eq!(published("yesterday", false), None);
    }
}
