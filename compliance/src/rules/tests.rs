use std::collections::BTreeSet;

use domain::money::Currency;
use proptest::prelude::*;

use super::*;

fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

fn place(text: &str) -> Jurisdiction {
    let (country, region) = text.split_once('-').map_or((text, None), |(c, r)| (c, Some(r)));
    Jurisdiction {
        country: country.into(),
        region: region.map(Into::into),
    }
}

const HEAD: &str = "schema = 2\n";

/// A rule of topic `RATE_CAP` in California; `extra` holds its days.
fn row(id: &str, version: u32, extra: &str) -> String {
    format!(
        "[[rule]]\nid = \"{id}\"\nversion = {version}\ntopic = \"RATE_CAP\"\njurisdiction = \"US-CA\"\nstatus = \"seed\"\n\
         citation = \"s\"\nwhen = {{ field = \"VERIFIED_APR\", op = \"GT\", value = \"36\", unit = \"PERCENT_PER_YEAR\" }}\n\
         outcome = \"DECLINE\"\ncode = \"APR_ABOVE_CAP\"\nretention = \"REG_Z\"\nmessage = \"m\"\n{extra}\n"
    )
}

fn document(name: &str, rows: &[String]) -> Document {
    Document {
        name: name.into(),
        text: format!("{HEAD}{}", rows.concat()),
    }
}

fn load(rows: &[String]) -> Result<RuleSet, RulesError> {
    RuleSet::load(&[document("a.toml", rows)])
}

fn spanning(id: &str, version: u32, from: &str, to: Option<&str>) -> String {
    let to = to.map(|to| format!("effective_to = \"{to}\"")).unwrap_or_default();
    row(
        id,
        version,
        &format!("effective_from = \"{from}\"\nknown_from = \"2020-01-01\"\n{to}"),
    )
}

fn ask<'a>(jurisdiction: &'a Jurisdiction, law: &str, known: &str) -> Question<'a> {
    Question {
        jurisdiction,
        product: Product::Installment,
        borrower: BorrowerKind::Consumer,
        licence: None,
        amount: Money::new(50_000, Currency::usd()),
        term_days: 180,
        law_date: day(law),
        known_on: day(known),
    }
}

#[test]
fn of_one_topic_the_most_specific_place_speaks_then_the_newest() {
    let days = "effective_from = \"2020-01-01\"\nknown_from = \"2020-01-01\"";
    let at = |id: &str, place: &str, days: &str| row(id, 1, days).replace("US-CA", place);
    let groups = "[[group]]\nid = \"NORTH\"\nmembers = [\"US\", \"CA\"]\n[[group]]\nid = \"NAFTA\"\nmembers = [\"US\", \"MX\"]\n";
    let newer = "effective_from = \"2021-01-01\"\nknown_from = \"2020-01-01\"";
    let rows = [
        groups.to_owned(),
        at("world", "*", days),
        at("north", "NORTH", days),
        at("nafta", "NAFTA", newer),
        at("mexico", "MX", days),
        at("california", "US-CA", days),
    ];
    let set = load(&rows).unwrap();
    let speaks = |text: &str, law: &str| {
        let jurisdiction = place(text);
        let found = set.matching(&ask(&jurisdiction, law, "2026-01-01"));
        assert_eq!(found.len(), 1, "exactly one of a topic");
        found[0].rule.id.clone()
    };
    assert_eq!(speaks("US-CA", "2026-01-01"), "california");
    assert_eq!(speaks("US-NY", "2026-01-01"), "nafta", "the newer of two groups");
    assert_eq!(speaks("US-NY", "2020-06-01"), "north", "before the newer began");
    assert_eq!(speaks("CA", "2026-01-01"), "north");
    assert_eq!(speaks("MX", "2026-01-01"), "mexico");
    assert_eq!(speaks("BR", "2026-01-01"), "world");
    let tie = at("nafta", "NAFTA", days);
    let tied = load(&[groups.to_owned(), at("north", "NORTH", days), tie]);
    assert!(matches!(tied, Err(RulesError::Ambiguous { .. })), "{tied:?}");
}

#[test]
fn a_rule_for_some_borrowers_amounts_and_lenders_speaks_to_them_alone() {
    let days = "effective_from = \"2020-01-01\"\nknown_from = \"2020-01-01\"\nborrowers = [\"BUSINESS\"]\n\
                licences = [\"BANK\"]\namount = { currency = \"USD\", min_minor = 100, max_minor = 200 }";
    let set = load(&[row("a", 1, days)]).unwrap();
    let jurisdiction = place("US-CA");
    let base = Question {
        borrower: BorrowerKind::Business,
        licence: Some(Licence::Bank),
        amount: Money::new(100, Currency::usd()),
        ..ask(&jurisdiction, "2026-01-01", "2026-01-01")
    };
    let placed = |question: &Question<'_>| set.matching(question).first().map(|m| m.placed);
    assert_eq!(placed(&base), Some(Placed::Inside));
    let amount = |minor, code: &str| Question {
        amount: Money::new(minor, Currency::parse(code).unwrap()),
        ..base.clone()
    };
    assert_eq!(placed(&amount(200, "USD")), Some(Placed::Inside));
    assert_eq!(placed(&amount(201, "USD")), None);
    assert_eq!(placed(&amount(99, "USD")), None);
    assert_eq!(placed(&amount(100, "EUR")), Some(Placed::Foreign));
    let licence = |licence| Question {
        licence,
        ..base.clone()
    };
    assert_eq!(placed(&licence(Some(Licence::NonBank))), None);
    assert_eq!(placed(&licence(None)), Some(Placed::NoLicence));
    let consumer = Question {
        borrower: BorrowerKind::Consumer,
        ..base.clone()
    };
    assert_eq!(placed(&consumer), None);
}

#[test]
fn what_was_not_known_does_not_speak() {
    let set = RuleSet::built_in().unwrap();
    assert!(
        set.in_force("us-ca-cap", day("2021-06-01"), day("2020-12-31"))
            .is_none()
    );
    assert!(
        set.in_force("us-ca-cap", day("2021-06-01"), day("2021-01-01"))
            .is_some()
    );
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
    let version = |known: &str| set.in_force("a", day("2021-01-01"), day(known)).unwrap().version;
    assert_eq!((version("2022-04-30"), version("2022-05-01")), (1, 2));
}

#[test]
fn overlap_gap_and_ambiguity_are_refused_with_file_and_rule() {
    let closed = |version, from, to| spanning("a", version, from, Some(to));
    let (file, id) = ("a.toml".to_owned(), "a".to_owned());
    let overlap = load(&[
        closed(1, "2020-01-01", "2020-06-30"),
        spanning("a", 2, "2020-06-30", None),
    ]);
    assert_eq!(
        overlap,
        Err(RulesError::Overlap {
            file: file.clone(),
            id: id.clone(),
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
            file,
            id,
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
fn what_is_not_understood_is_refused_with_file_rule_and_field() {
    let duty =
        "obligation = [{ code = \"X\", kind = \"NOTICE\", days = 30, of = \"CALENDAR\", after = \"ACCEPTANCE\" }]";
    let good = format!("{}{duty}\n", spanning("a", 1, "2020-01-01", None));
    assert!(load(std::slice::from_ref(&good)).is_ok());
    for (from, to, field) in [
        ("topic = \"RATE_CAP\"", "topic = \"RATE_CAPS\"", "topic"),
        ("\"US-CA\"", "\"US-XX\"", "jurisdiction"),
        ("\"US-CA\"", "\"UX\"", "jurisdiction"),
        ("value = \"36\"", "value = \"-1\"", "when.value"),
        ("unit = \"PERCENT_PER_YEAR\"", "unit = \"DAYS\"", "when.unit"),
        ("field = \"VERIFIED_APR\"", "field = \"INCOME\"", "when.field"),
        ("code = \"APR_ABOVE_CAP\"", "code = \"apr\"", "code"),
        ("code = \"APR_ABOVE_CAP\"", "", "code"),
        ("outcome = \"DECLINE\"", "outcome = \"PASS\"", "code"),
        ("outcome = \"DECLINE\"", "outcome = \"REFUSE\"", "outcome"),
        ("message = \"m\"", "message = \"m\"\nsurprise = 1", "surprise"),
        ("citation = \"s\"", "citation = \" \"", "citation"),
        ("citation = \"s\"\n", "", "citation"),
        ("version = 1", "version = 2", "version"),
        ("status = \"seed\"", "status = \"sure\"", "status"),
        ("retention = \"REG_Z\"", "retention = \"FOREVER\"", "retention"),
        ("2020-01-01", "2020-02-30", "effective_from"),
        ("days = 30", "days = 0", "obligation.days"),
        ("of = \"CALENDAR\"", "of = \"BUSINESS\"", "obligation.of"),
        ("kind = \"NOTICE\"", "kind = \"PRAYER\"", "obligation.kind"),
        (
            "days = 30, of = \"CALENDAR\", after = \"ACCEPTANCE\"",
            "before = \"NOON\"",
            "obligation.before",
        ),
    ] {
        assert!(good.contains(from), "{from}");
        let refused = load(&[good.replacen(from, to, 1)]).unwrap_err();
        let RulesError::Rule {
            file, id, field: found, ..
        } = &refused
        else {
            panic!("{from} -> {to}: {refused}");
        };
        assert_eq!(
            (file.as_str(), id.as_str(), found.as_str()),
            ("a.toml", "a", field),
            "{from} -> {to}"
        );
    }
    let text = |text: &str| {
        RuleSet::load(&[Document {
            name: "b.toml".into(),
            text: text.into(),
        }])
        .unwrap_err()
        .to_string()
    };
    assert!(text("schema = 1\n").starts_with("b.toml: schema"));
    assert!(text("schema = 2\nlaw = 1\n").starts_with("b.toml: law"));
    assert!(text("schema = 2\n[[rule]]\n[[rule").starts_with("b.toml: "));
}

#[test]
fn the_hash_covers_every_byte_and_the_names() {
    let good = spanning("a", 1, "2020-01-01", None);
    let hash = |name: &str, text: &str| {
        let document = Document {
            name: name.into(),
            text: format!("{HEAD}{text}"),
        };
        RuleSet::load(&[document]).unwrap().sha256().to_owned()
    };
    let one = hash("a.toml", &good);
    assert_eq!(one.len(), 64);
    assert_ne!(one, hash("a.toml", &format!("{good}\n")));
    assert_ne!(one, hash("b.toml", &good));
}

#[test]
fn a_version_that_was_known_does_not_change_and_does_not_go() {
    let day_of = day("2026-11-21");
    let one = spanning("a", 1, "2020-01-01", None);
    let old = load(std::slice::from_ref(&one)).unwrap();
    let follow = |rows: &[String]| {
        old.may_be_followed_by(&load(rows).unwrap(), day_of)
            .map_err(|e| e.to_string())
    };
    assert_eq!(follow(std::slice::from_ref(&one)), Ok(()));
    let rewritten = one.replace("value = \"36\"", "value = \"30\"");
    assert!(follow(&[rewritten]).unwrap_err().contains("rule a version 1: when"));
    let other = spanning("b", 1, "2020-01-01", None);
    assert!(follow(&[other]).unwrap_err().contains("rule a version 1: version"));
    let correction = |known: &str| {
        let days = format!("effective_from = \"2020-01-01\"\nknown_from = \"{known}\"\nsupersedes = 1");
        vec![
            one.clone(),
            row("a", 2, &days).replace("value = \"36\"", "value = \"30\""),
        ]
    };
    assert_eq!(follow(&correction("2026-11-21")), Ok(()));
    let backdated = follow(&correction("2026-11-20")).unwrap_err();
    assert!(backdated.contains("rule a version 2: known_from"), "{backdated}");
    let new = load(&correction("2026-11-21")).unwrap();
    let change = Change {
        rule: RuleVersion {
            id: "a".into(),
            version: 2,
        },
        what: Changed::Added,
    };
    assert_eq!(old.diff(&new), [change]);
}

#[test]
fn each_day_of_ten_years_has_exactly_one_version_of_each_chain_that_ships() {
    let set = RuleSet::built_in().unwrap();
    let known_on = day("2026-11-21");
    let ids: BTreeSet<&str> = set.all().map(|rule| rule.id.as_str()).collect();
    for id in ids {
        let chain = known(&set.chains[id], known_on);
        let first = chain.iter().map(|rule| rule.effective_from).min().unwrap();
        for date in first
            .max(day("2024-01-01"))
            .iter_days()
            .take_while(|date| *date < day("2034-01-01"))
        {
            let here = chain.iter().filter(|rule| rule.in_force(date)).count();
            assert_eq!(here, 1, "{id} on {date}");
        }
    }
}

/// A chain whose periods follow each other without a hole, cut at random days, some of them corrected later.
fn chain(cuts: &BTreeSet<u16>, corrected: &[usize]) -> Vec<String> {
    let start = day("2020-01-01");
    let date = |offset: u16| start + chrono::Days::new(u64::from(offset));
    let mut bounds: Vec<u16> = cuts.iter().copied().collect();
    bounds.insert(0, 0);
    let mut rows: Vec<String> = Vec::new();
    for (index, from) in bounds.iter().enumerate() {
        let to = bounds.get(index + 1).map(|next| date(*next) - chrono::Days::new(1));
        let version = u32::try_from(index + 1).unwrap();
        rows.push(spanning(
            "a",
            version,
            &date(*from).to_string(),
            to.map(|d| d.to_string()).as_deref(),
        ));
    }
    let firsts = rows.clone();
    for index in corrected
        .iter()
        .filter(|index| **index < firsts.len())
        .collect::<BTreeSet<_>>()
    {
        let version = rows.len() + 1;
        let supersedes = format!("version = {version}\nsupersedes = {}", index + 1);
        let text = firsts[*index].replacen(&format!("version = {}", index + 1), &supersedes, 1);
        rows.push(text.replace("known_from = \"2020-01-01\"", "known_from = \"2024-05-01\""));
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_day_of_ten_years_resolves_to_exactly_one_version_of_any_chain(
        cuts in prop::collection::btree_set(1..3_650u16, 0..8),
        corrected in prop::collection::vec(0..9usize, 0..4),
        known_after in any::<bool>(),
    ) {
        let set = load(&chain(&cuts, &corrected)).unwrap();
        let known_on = day(if known_after { "2025-01-01" } else { "2024-04-30" });
        let versions = known(&set.chains["a"], known_on);
        for date in day("2020-01-01").iter_days().take(3_653) {
            prop_assert_eq!(versions.iter().filter(|rule| rule.in_force(date)).count(), 1);
            let found = set.in_force("a", date, known_on).unwrap();
            prop_assert!(found.known_from <= known_on && found.effective_from <= date);
        }
    }

    #[test]
    fn a_chain_with_a_hole_or_an_overlap_never_loads(
        cuts in prop::collection::btree_set(2..3_650u16, 1..8),
        which in 0..8usize,
        shift in prop::sample::select(vec![-1i64, 1]),
    ) {
        let mut rows = chain(&cuts, &[]);
        let at = 1 + which % (rows.len() - 1);
        let bounds: Vec<u16> = cuts.iter().copied().collect();
        let was = day("2020-01-01") + chrono::Days::new(u64::from(bounds[at - 1]));
        let moved = was + chrono::Duration::days(shift);
        rows[at] = rows[at].replace(&format!("effective_from = \"{was}\""), &format!("effective_from = \"{moved}\""));
        let refused = load(&rows);
        // A period of a single day that is moved past its own end is refused for that.
        prop_assert!(refused.is_err());
    }
}
