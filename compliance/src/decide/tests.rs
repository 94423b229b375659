use alloy_primitives::Address;
use domain::calendar::{Period, Unit};
use domain::money::Currency;
use domain::request::{Applicant, Employment, Purpose};
use uuid::Uuid;

use super::*;
use crate::screening::ScreeningIndex;

fn dates(day: &str) -> Dates {
    Dates::today(day.parse().unwrap())
}

fn place(country: &str, region: Option<&str>) -> Jurisdiction {
    Jurisdiction {
        country: country.into(),
        region: region.map(Into::into),
    }
}

fn facts(jurisdiction: Jurisdiction, percent: &str) -> OfferFacts {
    OfferFacts {
        jurisdiction,
        product: Product::Installment,
        amount: Money::new(500_000, Currency::usd()),
        term_days: Some(365),
        verified_apr: Some(Rate::parse_percent(percent).unwrap()),
        military_covered: Some(false),
        dates: dates("2026-11-21"),
    }
}

fn offer(facts: &OfferFacts) -> ComplianceDecision {
    decide_offer(facts, &RuleSet::built_in().unwrap())
}

fn codes(decision: &ComplianceDecision) -> Vec<&str> {
    decision.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

fn duties(decision: &ComplianceDecision) -> Vec<&str> {
    decision.obligations.iter().map(|duty| duty.code.as_str()).collect()
}

fn california() -> Jurisdiction {
    place("US", Some("CA"))
}

fn request_facts(jurisdiction: Jurisdiction) -> RequestFacts {
    RequestFacts {
        jurisdiction,
        products: vec![],
        amount: Money::new(500_000, Currency::usd()),
        term_days: 360,
        wallet_given: false,
        dates: dates("2026-11-21"),
    }
}

fn request(jurisdiction: Jurisdiction, name: &str) -> ComplianceDecision {
    let screening = ScreeningIndex::built_in().unwrap().screen(name, None);
    decide_request(&request_facts(jurisdiction), &RuleSet::built_in().unwrap(), &screening)
}

#[test]
fn california_allows_its_cap_and_not_a_millionth_more() {
    assert_eq!(offer(&facts(california(), "45")).outcome, Outcome::Offer);
    let above = offer(&facts(california(), "45.0001"));
    assert_eq!(
        (above.outcome, codes(&above)),
        (Outcome::Decline, vec!["APR_ABOVE_CAP"])
    );
    assert_eq!(duties(&above), ["ADVERSE_ACTION_NOTICE", "REGZ"]);
    let rule = RuleVersion {
        id: "us-ca-cap".into(),
        version: 1,
    };
    assert!(above.rule_versions.contains(&rule));
}

#[test]
fn the_military_cap_holds_for_covered_borrowers_only_and_needs_an_answer() {
    let mut facts = facts(california(), "36.0001");
    assert_eq!(offer(&facts).outcome, Outcome::Offer);
    facts.military_covered = Some(true);
    assert_eq!(codes(&offer(&facts)), ["APR_ABOVE_CAP"]);
    facts.verified_apr = Some(Rate::from_percent(36));
    assert_eq!(offer(&facts).outcome, Outcome::Offer);
    facts.military_covered = None;
    assert_eq!(offer(&facts).outcome, Outcome::MoreInfo);
    // A state below 36 % keeps its own cap for everybody.
    let mut york = super::tests::facts(place("US", Some("NY")), "25.01");
    york.military_covered = Some(true);
    assert_eq!(codes(&offer(&york)), ["APR_ABOVE_CAP"]);
}

#[test]
fn an_unknown_state_or_country_refuses_even_at_zero_per_cent() {
    for (jurisdiction, code) in [
        (place("US", Some("TX")), "CAP_UNKNOWN"),
        (place("US", Some("PR")), "JURISDICTION_NOT_COVERED"),
        (place("BR", None), "JURISDICTION_NOT_COVERED"),
        (place("EU", None), "JURISDICTION_NOT_COVERED"),
    ] {
        let decision = offer(&facts(jurisdiction.clone(), "0"));
        assert_eq!(
            (decision.outcome, codes(&decision)),
            (Outcome::Decline, vec![code]),
            "{jurisdiction:?}"
        );
        assert_eq!(codes(&request(jurisdiction, "Jane Roe")), [code]);
    }
    let texas = offer(&facts(place("US", Some("TX")), "0"));
    assert!(texas.rule_versions.iter().any(|rule| rule.id == "us-tx-cap-unknown"));
}

#[test]
fn a_missing_fact_never_passes() {
    let good = facts(california(), "20");
    assert_eq!(offer(&good).outcome, Outcome::Offer);
    let no_state = OfferFacts {
        jurisdiction: place("US", None),
        ..good.clone()
    };
    let no_country = OfferFacts {
        jurisdiction: place("", None),
        ..good.clone()
    };
    let odd_state = OfferFacts {
        jurisdiction: place("US", Some("ca")),
        ..good.clone()
    };
    let no_apr = OfferFacts {
        verified_apr: None,
        ..good.clone()
    };
    let no_term = OfferFacts {
        term_days: None,
        ..good.clone()
    };
    for facts in [no_state, no_country, odd_state, no_apr, no_term] {
        assert_eq!(offer(&facts).outcome, Outcome::MoreInfo, "{facts:?}");
    }
    let no_apr_in_france = OfferFacts {
        verified_apr: None,
        ..facts(place("FR", None), "5")
    };
    assert_eq!(offer(&no_apr_in_france).outcome, Outcome::MoreInfo);
    let early = OfferFacts {
        dates: dates("2014-12-31"),
        ..good
    };
    assert_eq!(codes(&offer(&early)), ["JURISDICTION_NOT_COVERED"]);
}

#[test]
fn an_amount_in_another_currency_than_the_band_refuses() {
    let mut facts = facts(place("US", Some("MA")), "10");
    facts.amount = Money::new(10_000, Currency::parse("EUR").unwrap());
    assert_eq!(codes(&offer(&facts)), ["CURRENCY_NOT_COVERED"]);
}

#[test]
fn europe_changes_its_disclosure_on_20_november_2026() {
    let mut facts = facts(place("FR", None), "12");
    facts.dates = dates("2026-11-19");
    assert_eq!(duties(&offer(&facts)), ["SECCI", "WITHDRAWAL_14_DAYS"]);
    facts.dates = dates("2026-11-20");
    assert_eq!(duties(&offer(&facts)), ["SECCI_CCD2", "WITHDRAWAL_14_DAYS"]);
    assert_eq!(offer(&facts).outcome, Outcome::Offer);
}

#[test]
fn the_united_kingdom_refuses_short_credit_of_100_per_cent() {
    let mut facts = facts(place("GB", None), "99.9999");
    assert_eq!(offer(&facts).outcome, Outcome::Offer);
    facts.verified_apr = Some(Rate::from_percent(100));
    assert_eq!(codes(&offer(&facts)), ["APR_ABOVE_CAP"]);
    facts.term_days = Some(367);
    assert_eq!(
        (offer(&facts).outcome, duties(&offer(&facts))),
        (Outcome::Offer, vec!["SECCI"])
    );
}

#[test]
fn india_asks_for_the_key_facts_and_a_neutral_list() {
    let mut facts = facts(place("IN", None), "24");
    assert_eq!(duties(&offer(&facts)), ["COOLING_OFF_1_DAY", "KFS", "NEUTRAL_LISTING"]);
    facts.dates = dates("2025-10-31");
    assert_eq!(duties(&offer(&facts)), ["KFS"]);
    facts.dates = dates("2024-09-30");
    assert_eq!(offer(&facts).outcome, Outcome::Decline);
}

#[test]
fn a_sanctions_hit_declines_and_says_nothing_of_it() {
    for name in ["Nicolás Maduro Moros", "AERO-CARIBBEAN"] {
        let decision = request(place("US", None), name);
        assert_eq!(decision.outcome, Outcome::Decline);
        assert_eq!(
            decision.reasons,
            [Reason::new("NOT_AVAILABLE", "We cannot offer credit for this request.")]
        );
    }
    assert_eq!(
        codes(&request(california(), "The Chess Player")),
        ["IDENTITY_CHECK_NEEDED"]
    );
    let index = ScreeningIndex::built_in().unwrap();
    let screening = index.screen("Jane Roe", Some("0x01E2919679362DFBC9EE1644BA9C6DA6D6245BB1"));
    let facts = RequestFacts {
        wallet_given: true,
        ..request_facts(california())
    };
    let decision = decide_request(&facts, &RuleSet::built_in().unwrap(), &screening);
    assert_eq!(codes(&decision), ["NOT_AVAILABLE"]);
}

#[test]
fn a_request_passes_only_when_everything_was_checked() {
    let good = request(california(), "Jane Roe");
    assert_eq!((good.outcome, good.reasons.len()), (Outcome::Offer, 0));
    assert!(
        good.rule_versions
            .iter()
            .any(|rule| rule.id.starts_with("sanctions-lists-"))
    );
    assert_eq!(codes(&request(california(), " ")), ["NAME_NEEDED"]);
    assert_eq!(codes(&request(place("US", None), "Jane Roe")), ["STATE_NEEDED"]);
    let screening = ScreeningIndex::built_in().unwrap().screen("Jane Roe", None);
    let facts = RequestFacts {
        wallet_given: true,
        ..request_facts(california())
    };
    let decision = decide_request(&facts, &RuleSet::built_in().unwrap(), &screening);
    assert_eq!(
        (decision.outcome, codes(&decision)),
        (Outcome::MoreInfo, vec!["WALLET_CHECK_NEEDED"])
    );
}

#[test]
fn facts_are_taken_from_the_request() {
    let usd = |minor| Money::new(minor, Currency::usd());
    let request = CreditRequest {
        id: Uuid::nil().into(),
        tenant: Uuid::nil().into(),
        borrower: Uuid::nil().into(),
        at: "2026-11-21T10:00:00Z".parse().unwrap(),
        amount: usd(500_000),
        term: Period::new(12, Unit::Month),
        purpose: Purpose::Other,
        products: vec![Product::Installment],
        jurisdiction: california(),
        applicant: Applicant {
            full_name: "Jane Roe".into(),
            date_of_birth: None,
            monthly_income: usd(500_000),
            monthly_housing_cost: usd(0),
            monthly_debt_payments: usd(0),
            employment: Employment::Employed,
            employment_months: 24,
            residence_months: 24,
            delinquencies_24m: 0,
            inquiries_6m: 0,
            credit_history_months: None,
            revolving_utilization_percent: None,
            military_covered: false,
        },
        wallet: Some(Address::ZERO),
        collateral: None,
        refinances: None,
        data_consents: Vec::new(),
    };
    let facts = RequestFacts::of(&request, dates("2026-11-21"));
    assert_eq!(
        (facts.term_days, facts.wallet_given, facts.jurisdiction.clone()),
        (360, true, california())
    );
    let json = String::from_utf8(to_canonical_json(&facts).unwrap()).unwrap();
    assert!(!json.contains("Roe"));
}

#[test]
fn every_decision_replays_to_the_same_bytes() {
    let rules = RuleSet::built_in().unwrap();
    let index = ScreeningIndex::built_in().unwrap();
    for name in ["Jane Roe", "Nicolás Maduro Moros", "The Chess Player", ""] {
        for jurisdiction in [
            california(),
            place("US", Some("TX")),
            place("FR", None),
            place("", None),
        ] {
            let (facts, screening) = (request_facts(jurisdiction), index.screen(name, Some("0xab")));
            let stored = to_canonical_json(&decide_request(&facts, &rules, &screening)).unwrap();
            let (facts, screening) = (
                to_canonical_json(&facts).unwrap(),
                to_canonical_json(&screening).unwrap(),
            );
            assert_eq!(replay_request(&facts, &screening, &rules).unwrap(), stored);
        }
    }
    for jurisdiction in [
        california(),
        place("US", Some("TX")),
        place("IN", None),
        place("US", None),
    ] {
        for percent in ["0", "36.5", "250"] {
            let facts = facts(jurisdiction.clone(), percent);
            let stored = to_canonical_json(&offer(&facts)).unwrap();
            assert_eq!(
                replay_offer(&to_canonical_json(&facts).unwrap(), &rules).unwrap(),
                stored
            );
        }
    }
    assert!(replay_offer(b"{}", &rules).is_err());
}
