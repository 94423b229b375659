//! The committed vectors pass; what cannot be computed is an error and never left out.

use super::*;

const FILE: &str = include_str!("../../tests/vectors/apr.json");

#[test]
fn every_published_rate_and_interval_is_reproduced() {
    let report = check(FILE).unwrap();
    let failing: Vec<String> = report
        .vectors
        .iter()
        .filter(|vector| vector.verdict != Verdict::Pass)
        .map(|vector| format!("{} {}", vector.id, vector.note))
        .collect();
    assert_eq!(failing, Vec::<String>::new());
    assert!(
        report
            .intervals
            .iter()
            .all(|interval| interval.verdict == Verdict::Pass),
        "{:?}",
        report.intervals
    );
    assert_eq!((report.vectors.len(), report.intervals.len()), (54, 13));
    assert_eq!((report.passed, report.missed, report.errors), (67, 0, 0));
}

#[test]
fn a_changed_value_is_a_miss() {
    let changed = FILE.replace("\"published_x_percent\": 6.434111", "\"published_x_percent\": 6.4352");
    assert_eq!(check(&changed).unwrap().missed, 1);
    let changed = FILE.replace("\"years\": \"1/12 + 3/365\"", "\"years\": \"1/12 + 3/366\"");
    assert_eq!(check(&changed).unwrap().missed, 1);
}

#[test]
fn what_is_not_understood_is_an_error() {
    let json = r#"{"vectors": [
        {"id": "a", "method": "astrology", "published_apr_percent": 1},
        {"id": "b", "method": "eu-annex-i", "advances": [{"amount": "x"}]},
        {"method": "eu-annex-i", "advances": [{"t": 0, "amount": "100.00"}], "payments": [{"t": "1", "amount": 110}]},
        {"id": "d", "method": "eu-annex-i", "published_apr_percent": 1},
        {"id": "e", "method": "eu-annex-i", "advances": [{"amount": 1}], "published_apr_percent": 1}
    ], "eu_time_intervals": [{"from": "2024-01-01", "to": "2024-02-01", "regular_period": "moon", "years": "1/12"}]}"#;
    let report = check(json).unwrap();
    assert_eq!((report.passed, report.missed, report.errors), (0, 0, 6));
    assert_eq!(report.vectors[2].id, "#2");
    assert_eq!(report.vectors[2].computed.unwrap().normalize().to_string(), "10");
    assert!(report.vectors[0].note.contains("unknown method"));
}

#[test]
fn files_without_vectors_are_refused() {
    assert!(matches!(check("{}"), Err(BacktestError::Format(_))));
    assert!(matches!(check("["), Err(BacktestError::Format(_))));
}

#[test]
fn dates_alone_are_enough_and_text_numbers_too() {
    let json = r#"{"vectors": [{"id": "d", "method": "us-appendix-j-actuarial",
        "advances": [{"date": "1978-01-03", "amount": "1000"}],
        "payments": [{"date": "1978-09-15", "amount": "1080"}],
        "published_apr_percent": "11.45", "published_decimals": 2}]}"#;
    assert_eq!(check(json).unwrap().passed, 1);
}

#[test]
fn sums_of_fractions_are_read_exactly() {
    let fraction = |numerator, denominator| Fraction { numerator, denominator };
    assert_eq!(sum_of_fractions("2 + 34/365"), Some(fraction(764, 365)));
    assert_eq!(sum_of_fractions("1/12"), Some(fraction(30, 360)));
    assert_eq!(sum_of_fractions("1/0"), None);
    assert_eq!(sum_of_fractions("a"), None);
}
