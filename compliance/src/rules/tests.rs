use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn us(region: &str) -> Jurisdiction {
    Jurisdiction {
        country: "US".into(),
        region: Some(region.into()),
    }
}

fn caps(jurisdiction: &Jurisdiction, dollars: i64, law: &str, known: &str) -> Vec<Kind> {
    let set = RuleSet::built_in().unwrap();
    let question = Question {
        jurisdiction,
        product: Product::Installment,
        amount: Money::new(dollars * 100, Currency::usd()),
        term_days: 180,
        law_date: day(law),
        known_on: day(known),
    };
    set.matching(&question)
        .into_iter()
        .filter(|m| m.rule.kind.is_cap())
        .map(|m| m.rule.kind.clone())
        .collect()
}

const HEAD: &str = "schema = 1\n";

fn row(id: &str, version: u32, extra: &str) -> String {
    format!(
        "[[rule]]\nid = \"{id}\"\nversion = {version}\ncountry = \"US\"\nregion = \"CA\"\nstatus = \"seed\"\nsource = \"s\"\n\
         kind = \"APR_CAP\"\nvalue = \"36\"\nmessage = \"m\"\n{extra}\n"
    )
}

fn load(rows: &[String]) -> Result<RuleSet, RulesError> {
    RuleSet::load(&[&format!("{HEAD}{}", rows.concat())])
}

fn spanning(id: &str, version: u32, from: &str, to: Option<&str>) -> String {
    let to = to.map(|to| format!("effective_to = \"{to}\"")).unwrap_or_default();
    row(
        id,
        version,
        &format!("effective_from = \"{from}\"\nknown_from = \"2020-01-01\"\n{to}"),
    )
}

#[test]
fn every_seen_state_has_its_seed_cap_at_500_dollars() {
    let seed = [
        ("NC", 16),
        ("AR", 17),
        ("VT", 24),
        ("HI", 25),
        ("NY", 25),
        ("DC", 27),
        ("PA", 27),
        ("ND", 28),
        ("ME", 30),
        ("NJ", 30),
        ("MD", 33),
        ("RI", 35),
        ("AK", 36),
        ("CT", 36),
        ("IA", 36),
        ("MT", 36),
        ("NH", 36),
        ("OR", 36),
        ("SD", 36),
        ("VA", 36),
        ("WY", 36),
        ("CO", 36),
        ("MA", 37),
        ("WV", 38),
        ("WA", 39),
        ("NV", 40),
        ("KS", 43),
        ("MI", 43),
        ("CA", 45),
        ("KY", 47),
        ("FL", 48),
        ("NE", 48),
        ("MN", 51),
        ("AZ", 54),
        ("GA", 61),
        ("IN", 71),
        ("SC", 72),
        ("LA", 85),
    ];
    assert_eq!(seed.len(), 38);
    for (state, percent) in seed {
        let found = caps(&us(state), 500, "2026-06-01", "2026-06-01");
        assert_eq!(found, [Kind::AprCap(Rate::from_percent(percent))], "{state}");
    }
    let set = RuleSet::built_in().unwrap();
    let mut state_caps = set.all().filter(|rule| rule.region.is_some());
    assert!(state_caps.all(|rule| rule.status == Status::Seed && !rule.source.is_empty()));
}

#[test]
fn every_state_not_seen_refuses_by_a_rule() {
    for state in [
        "AL", "DE", "ID", "IL", "MO", "MS", "NM", "OH", "OK", "TN", "TX", "UT", "WI",
    ] {
        assert_eq!(
            caps(&us(state), 500, "2026-06-01", "2026-06-01"),
            [Kind::CapUnknown],
            "{state}"
        );
    }
    assert!(caps(&us("PR"), 500, "2026-06-01", "2026-06-01").is_empty());
}

#[test]
fn larger_loans_take_the_lower_cap_above_each_sample_size() {
    let ma = us("MA");
    for (dollars, percent) in [(500, 37), (501, 24), (2_000, 24), (2_001, 20), (1_000_000, 20)] {
        let found = caps(&ma, dollars, "2026-06-01", "2026-06-01");
        assert_eq!(found, [Kind::AprCap(Rate::from_percent(percent))], "{dollars}");
    }
}

#[test]
fn each_law_day_has_one_version_and_the_boundary_is_exact() {
    let co = us("CO");
    assert_eq!(
        caps(&co, 500, "2020-12-31", "2026-06-01"),
        [Kind::AprCap(Rate::from_percent(90))]
    );
    assert_eq!(
        caps(&co, 500, "2021-01-01", "2026-06-01"),
        [Kind::AprCap(Rate::from_percent(36))]
    );
    let mut date = day("2021-01-01");
    while date < day("2031-01-01") {
        let text = date.to_string();
        assert_eq!(caps(&co, 500, &text, "2026-06-01").len(), 1, "{text}");
        date = date.checked_add_days(chrono::Days::new(7)).unwrap();
    }
}

#[test]
fn what_was_not_known_does_not_speak() {
    assert!(caps(&us("CA"), 500, "2021-06-01", "2020-12-31").is_empty());
    assert_eq!(caps(&us("CA"), 500, "2021-06-01", "2021-01-01").len(), 1);
}

#[test]
fn a_correction_replaces_a_version_only_from_the_day_it_was_known() {
    let wrong = spanning("a", 1, "2020-01-01", None);
    let right = row(
        "a",
        2,
        "effective_from = \"2020-01-01\"\nknown_from = \"2022-05-01\"\nsupersedes = 1",
    )
    .replace("value = \"36\"", "value = \"30\"");
    let set = load(&[wrong, right]).unwrap();
    let place = us("CA");
    let version = |known: &str| {
        let question = Question {
            jurisdiction: &place,
            product: Product::Line,
            amount: Money::new(1, Currency::usd()),
            term_days: 1,
            law_date: day("2021-01-01"),
            known_on: day(known),
        };
        set.matching(&question)[0].rule.version
    };
    assert_eq!((version("2022-04-30"), version("2022-05-01")), (1, 2));
}

#[test]
fn overlap_gap_and_ambiguity_are_refused() {
    let closed = |version, from, to| spanning("a", version, from, Some(to));
    let overlap = load(&[
        closed(1, "2020-01-01", "2020-06-30"),
        spanning("a", 2, "2020-06-30", None),
    ]);
    assert_eq!(
        overlap,
        Err(RulesError::Overlap {
            id: "a".into(),
            first: 1,
            second: 2
        })
    );
    let open = load(&[
        spanning("a", 1, "2020-01-01", None),
        spanning("a", 2, "2021-01-01", None),
    ]);
    assert!(matches!(open, Err(RulesError::Overlap { .. })));
    let gap = load(&[
        closed(1, "2020-01-01", "2020-06-30"),
        spanning("a", 2, "2020-07-02", None),
    ]);
    assert_eq!(
        gap,
        Err(RulesError::Gap {
            id: "a".into(),
            day: day("2020-07-01")
        })
    );
    let two = load(&[
        spanning("a", 1, "2020-01-01", None),
        spanning("b", 1, "2021-01-01", None),
    ]);
    assert!(matches!(two, Err(RulesError::Ambiguous { .. })));
    assert!(
        load(&[
            closed(1, "2020-01-01", "2020-06-30"),
            spanning("a", 2, "2020-07-01", None)
        ])
        .is_ok()
    );
}

#[test]
fn what_is_not_understood_is_refused() {
    let good = spanning("a", 1, "2020-01-01", None);
    assert!(load(std::slice::from_ref(&good)).is_ok());
    for (from, to) in [
        ("APR_CAP", "APR_FLOOR"),
        ("value = \"36\"", "value = \"-1\""),
        ("value = \"36\"", ""),
        ("value = \"36\"", "value = \"36\"\nsurprise = 1"),
        ("source = \"s\"", "source = \" \""),
        ("\"CA\"", "\"California\""),
        ("version = 1", "version = 2"),
        ("status = \"seed\"", "status = \"sure\""),
        ("2020-01-01", "2020-02-30"),
    ] {
        assert!(good.contains(from), "{from}");
        assert!(load(&[good.replacen(from, to, 1)]).is_err(), "{from} -> {to}");
    }
    assert_eq!(RuleSet::load(&["schema = 2\n"]), Err(RulesError::Schema(2)));
    let changed = RuleSet::load(&[&format!("{HEAD}{good}\n")]).unwrap();
    assert_ne!(
        changed.sha256(),
        RuleSet::load(&[&format!("{HEAD}{good}")]).unwrap().sha256()
    );
}
