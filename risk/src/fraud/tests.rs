use domain::money::Currency;
use domain::ports::velocity::{Entity, EntityKind, HashedKey};
use sha2::{Digest, Sha256};

use super::facts::Fact;
use super::rules::Rule;
use super::*;

const TOML: &str = include_str!("../../rules/fraud-v1.toml");

fn load(toml: &str) -> Result<FraudRules, FraudRulesError> {
    FraudRules::load(toml, &hex::encode(Sha256::digest(toml.as_bytes())))
}

fn changed(from: &str, to: &str) -> Result<FraudRules, FraudRulesError> {
    assert!(TOML.contains(from), "{from}");
    load(&TOML.replacen(from, to, 1))
}

fn problem(from: &str, to: &str) -> &'static str {
    match changed(from, to) {
        Err(FraudRulesError::Inconsistent { problem, .. }) => problem,
        other => panic!("{:?}", other.map(|_| ())),
    }
}

fn built_in() -> std::sync::Arc<FraudRules> {
    FraudRules::built_in().unwrap()
}

fn dollars(major: i64) -> Money {
    Money::new(major * 100, Currency::usd())
}

fn says(facts: &FraudFacts) -> FraudResult {
    assess(&built_in(), facts, dollars(5_000))
}

fn device() -> Entity {
    Entity {
        kind: EntityKind::Device,
        key: HashedKey([7; 16]),
    }
}

#[test]
fn the_released_rules_load_and_hold_what_they_promise() {
    let rules = built_in();
    assert!(rules.parts().rules.len() >= 20 && rules.parts().typologies.len() >= 6);
    assert!(rules.version().starts_with("fraud-v1@") && rules.version().len() == 9 + 64);
    assert_eq!(rules.notice().code, "INFORMATION_UNVERIFIED");
}

#[test]
fn one_changed_byte_is_refused() {
    let released = include_str!("../../rules/fraud-v1.sha256");
    let tampered = TOML.replacen("weight = 100", "weight = 000", 1);
    assert_eq!(
        FraudRules::load(&tampered, released).map(|_| ()),
        Err(FraudRulesError::Hash)
    );
    assert_eq!(FraudRules::load(TOML, "").map(|_| ()), Err(FraudRulesError::Hash));
}

#[test]
fn what_is_not_understood_is_refused() {
    assert_eq!(
        changed("format = 1", "format = 2").map(|_| ()),
        Err(FraudRulesError::Format(2))
    );
    for (from, to) in [
        ("id = \"fraud-v1\"", "id = \"fraud-v1\"\nsurprise = 1"),
        ("fact = \"FORM_SECONDS\"", "fact = \"FORM_SMELL\""),
        ("weight = 15", "weight = -15"),
        ("weight = 15", "weigth = 15"),
        ("USD = 100_000", "USX = 100_000"),
        ("review = 100", "preview = 100"),
    ] {
        assert!(matches!(changed(from, to), Err(FraudRulesError::Syntax(_))), "{to}");
    }
}

#[test]
fn a_gap_an_overlap_or_an_open_end_between_bands_is_refused() {
    let several = "{ ref = \"SEVERAL\", from = 6, below = 20, weight = 15";
    let gap = "a gap or an overlap between bands";
    assert_eq!(
        problem(several, "{ ref = \"SEVERAL\", from = 7, below = 20, weight = 15"),
        gap
    );
    assert_eq!(
        problem(several, "{ ref = \"SEVERAL\", from = 5, below = 20, weight = 15"),
        gap
    );
    assert_eq!(problem(several, "{ ref = \"SEVERAL\", below = 20, weight = 15"), gap);
    let open = "the last band alone is open above";
    assert_eq!(problem(several, "{ ref = \"SEVERAL\", from = 6, weight = 15"), open);
    assert_eq!(
        problem("from = 20, weight = 30", "from = 20, below = 90, weight = 30"),
        open
    );
    let empty = "{ ref = \"SEVERAL\", from = 6, below = 6, weight = 15";
    assert_eq!(problem(several, empty), "a band holds nothing");
}

#[test]
fn a_rule_that_contradicts_itself_is_refused() {
    for (from, to, expected) in CONTRADICTIONS {
        assert_eq!(problem(from, to), expected, "{to}");
    }
    assert_eq!(
        problem("  \"FORM_SECONDS\",", "  \"FORM_SECONDS\", \"FORM_SECONDS\","),
        "a rule twice"
    );
}

/// What stands in the rules, what is put there, and what is said of it.
const CONTRADICTIONS: [(&str, &str, &str); 17] = [
    (
        "values = [\"OTHER\", \"FREE\"]",
        "values = [\"OTHER\"]",
        "a case of its fact is left out",
    ),
    (
        "values = [\"DISPOSABLE\"]",
        "values = [\"DISPOSABLE\", \"FREE\"]",
        "a case twice",
    ),
    (
        "values = [\"TOR\"]",
        "values = [\"TOR\", \"MOON\"]",
        "a case that its fact does not have",
    ),
    (
        "fact = \"EMAIL_DOMAIN\"",
        "fact = \"EMAIL_TAGGED\"",
        "its fact is a number and has bands",
    ),
    (
        "fact = \"FORM_SECONDS\"",
        "fact = \"IP_CLASS\"",
        "its fact has cases and no bands",
    ),
    (
        "ref = \"MANY\", from = 20",
        "ref = \"SEVERAL\", from = 20",
        "a ref twice",
    ),
    (
        "weight = 30, reason = \"20 or more",
        "weight = 1001, reason = \"20 or more",
        "a weight above 1000",
    ),
    (
        "reason = \"6 or more requests of the person in 10 minutes\"",
        "reason = \" \"",
        "what weighs needs a reason",
    ),
    ("id = \"FORM_SECONDS\"", "id = \"PASTE_COUNT\"", "twice"),
    (
        "id = \"FORM_SECONDS\"",
        "id = \"form\"",
        "a name is upper case, digits and underscores",
    ),
    (
        "id = \"FORM_SECONDS\"",
        "id = \"FORM_TIME\"",
        "a rule that there is not",
    ),
    (
        "review = 100\ndecline = 300",
        "review = 300\ndecline = 300",
        "review is above zero and below decline",
    ),
    (
        "review = 100\ndecline = 300",
        "review = 0\ndecline = 300",
        "review is above zero and below decline",
    ),
    ("decline = 300", "decline = 900", "no request could reach decline"),
    ("\"mohmal.com\"", "\"gmail.com\"", "a domain in both lists"),
    ("USD = 100_000", "USD = -1", "a figure below zero"),
    (
        "code = \"INFORMATION_UNVERIFIED\"",
        "code = \"\"",
        "needs a code and a text",
    ),
];

#[test]
fn nothing_against_it_approves_and_fires_nothing() {
    let result = says(&FraudFacts::default());
    assert_eq!(result.outcome, FraudOutcome::Approve);
    assert!(result.fired.is_empty() && result.typologies.is_empty());
}

#[test]
fn twelve_requests_from_one_device_in_a_minute_are_reviewed_and_four_are_not() {
    let at = |count| {
        says(&FraudFacts {
            device_requests_1m: Some(count),
            device_requests_1h: Some(count),
            ..FraudFacts::default()
        })
    };
    assert_eq!(at(4).outcome, FraudOutcome::Approve);
    let result = at(12);
    assert_eq!(result.outcome, FraudOutcome::Review);
    assert_eq!(
        (&*result.fired[0].rule, &*result.fired[0].reference),
        ("DEVICE_REQUESTS_1M", "MANY")
    );
    assert_eq!(result.typologies[0].id, "APPLICATION_VELOCITY");
    assert_eq!(result.typologies[0].score, 100);
}

/// Whoever compares asks often.
#[test]
fn a_person_who_asks_often_alone_is_not_reviewed() {
    let facts = FraudFacts {
        person_requests_10m: Some(10_000),
        person_requests_24h: Some(10_000),
        person_requests_30d: Some(10_000),
        person_pause_seconds: Some(0),
        wallet_requests_24h: Some(10_000),
        partner_requests_1m: Some(10_000),
        sign_up_seconds: Some(1),
        device_age_seconds: Some(0),
        ..FraudFacts::default()
    };
    let result = says(&facts);
    assert_eq!(result.outcome, FraudOutcome::Approve);
    assert!(result.fired.len() >= 7, "what counted is kept all the same");
}

#[test]
fn the_strongest_outcome_wins() {
    let mut facts = FraudFacts {
        wallet_people_30d: Some(6),
        ..FraudFacts::default()
    };
    assert_eq!(says(&facts).outcome, FraudOutcome::Review);
    facts.person_flagged = Some(1);
    facts.flagged_near = Some(3);
    let result = says(&facts);
    assert_eq!(result.outcome, FraudOutcome::Decline);
    let outcomes: Vec<_> = result.typologies.iter().map(|t| t.outcome).collect();
    assert!(outcomes.contains(&FraudOutcome::Review) && outcomes.contains(&FraudOutcome::Decline));
}

#[test]
fn without_counters_large_amounts_are_reviewed_and_small_ones_say_so() {
    let facts = FraudFacts {
        unavailable: true,
        ..FraudFacts::default()
    };
    let small = assess(&built_in(), &facts, dollars(1_000));
    assert_eq!(
        (small.outcome, &*small.fired[0].rule),
        (FraudOutcome::Approve, "STORE_UNAVAILABLE")
    );
    let above = assess(&built_in(), &facts, Money::new(100_001, Currency::usd()));
    assert_eq!(
        (above.outcome, &*above.fired[0].reference),
        (FraudOutcome::Review, "ABOVE")
    );
    let elsewhere = Money::new(1, Currency::parse("JPY").unwrap());
    assert_eq!(assess(&built_in(), &facts, elsewhere).outcome, FraudOutcome::Review);
}

#[test]
fn a_hard_list_decides_alone_and_an_override_does_not_lift_it() {
    let entity = device();
    let over = format!(
        "\n[[override]]\nid = \"COUNTER\"\nreason = \"a shared device\"\nentities = [\"{entity}\"]\ntypologies = [\"SHARED_DEVICE\"]\n"
    );
    let list = format!(
        "\n[[hard_list]]\nid = \"BLOCKED\"\noutcome = \"DECLINE\"\nreason = \"reported\"\nentities = [\"{entity}\"]\n"
    );
    let facts = FraudFacts {
        entities: vec![entity],
        device_people_24h: Some(50),
        ..FraudFacts::default()
    };
    assert_eq!(says(&facts).outcome, FraudOutcome::Review);
    let overridden = assess(&load(&format!("{TOML}{over}")).unwrap(), &facts, dollars(1));
    assert_eq!(overridden.outcome, FraudOutcome::Approve);
    assert_eq!(overridden.fired[0].reference, "OVERRIDE");
    assert_eq!(overridden.typologies[0].score, 120, "the score is kept");
    let listed = assess(&load(&format!("{TOML}{list}{over}")).unwrap(), &facts, dollars(1));
    assert_eq!(listed.outcome, FraudOutcome::Decline);
    let approving = list.replace("DECLINE", "APPROVE");
    assert!(load(&format!("{TOML}{approving}")).is_err());
    assert!(load(&format!("{TOML}{}", over.replace("SHARED_DEVICE", "NOTHING"))).is_err());
}

#[test]
fn every_band_of_every_rule_is_reached_by_its_first_value() {
    let rules = built_in();
    let reference = |rule: &Rule, value| rule.band(Some(value)).unwrap().reference.to_owned();
    for rule in &rules.parts().rules {
        for band in &rule.bands {
            let first = band.from.unwrap_or(i64::MIN);
            assert_eq!(reference(rule, first), band.reference, "{}", rule.id);
            let last = band.below.map_or(i64::MAX, |below| below - 1);
            assert_eq!(reference(rule, last), band.reference, "{}", rule.id);
        }
        let Some(names) = rule.fact.cases() else { continue };
        for (place, name) in (0..).zip(names) {
            let case = rule.cases.iter().find(|case| case.values.contains(*name)).unwrap();
            assert_eq!(reference(rule, place), case.reference, "{}", rule.id);
        }
    }
}

#[test]
fn more_of_anything_that_is_counted_never_weighs_less() {
    let (rules, falling) = (built_in(), ["SECONDS", "DAYS"]);
    for rule in rules.parts().rules.iter().filter(|rule| !rule.bands.is_empty()) {
        let weights: Vec<_> = rule.bands.iter().map(|band| band.weight).collect();
        let down = falling.iter().any(|end| rule.id.ends_with(end));
        let sorted = if down {
            weights.iter().rev().is_sorted()
        } else {
            weights.is_sorted()
        };
        assert!(sorted, "{}: {weights:?}", rule.id);
    }
}

#[test]
fn every_fact_has_a_rule_and_facts_read_back_from_their_bytes() {
    let rules = built_in();
    let mut facts = FraudFacts {
        entities: vec![device()],
        email_domain: Some(EmailDomain::Disposable),
        holder_name: Some(NameMatch::Partial),
        ip_class: Some(IpClass::Tor),
        ..FraudFacts::default()
    };
    for (value, &fact) in (1..).zip(Fact::NUMBERS) {
        assert!(rules.parts().rules.iter().any(|rule| rule.fact == fact), "{fact:?}");
        fact.set(&mut facts, Some(value));
    }
    for fact in [Fact::EmailDomain, Fact::HolderName, Fact::IpClass] {
        assert!(rules.parts().rules.iter().any(|rule| rule.fact == fact), "{fact:?}");
    }
    let bytes = serde_json::to_string(&facts).unwrap();
    assert_eq!(serde_json::from_str::<FraudFacts>(&bytes).unwrap(), facts);
    assert!(serde_json::from_str::<FraudFacts>("{\"age\":40}").is_err());
    let result = says(&facts);
    let again: FraudResult = serde_json::from_str(&serde_json::to_string(&result).unwrap()).unwrap();
    assert_eq!(again, result);
}

#[test]
fn a_domain_counts_with_everything_below_it() {
    let rules = built_in();
    assert_eq!(rules.email_domain("gmail.com"), EmailDomain::Free);
    assert_eq!(rules.email_domain("x.mailinator.com"), EmailDomain::Disposable);
    assert_eq!(rules.email_domain("notgmail.com"), EmailDomain::Other);
    assert_eq!(rules.email_domain("bank.example"), EmailDomain::Other);
}
