use alloy_primitives::Address;
use domain::calendar::{Period, Unit};
use domain::money::{Currency, Rate};
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
        mapr: Some(Rate::parse_percent(percent).unwrap()),
        borrower: BorrowerKind::Consumer,
        licence: None,
        cooling_off_days: Some(3),
        installments: Some(12),
        prepayment_charge: Some(Rate::ZERO),
        secured: Some(false),
        allow_unverified: true,
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
        borrower: BorrowerKind::Consumer,
        allow_unverified: true,
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
    assert_eq!(duties(&above), ["REGZ"]);
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
    assert_eq!(codes(&offer(&facts)), ["MAPR_ABOVE_CAP"]);
    facts.mapr = None;
    assert_eq!(codes(&offer(&facts)), ["APR_UNKNOWN"]);
    facts.mapr = Some(Rate::from_percent(36));
    assert_eq!(offer(&facts).outcome, Outcome::Offer);
    facts.military_covered = None;
    assert_eq!(offer(&facts).outcome, Outcome::MoreInfo);
    // A state below 36 % keeps its own cap for everybody.
    let mut york = super::tests::facts(place("US", Some("NY")), "25.01");
    york.military_covered = Some(true);
    york.mapr = Some(Rate::from_percent(36));
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
    assert_eq!(
        duties(&offer(&facts)),
        ["HUMAN_REVIEW", "SECCI_CCD2", "WITHDRAWAL_14_DAYS"]
    );
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
    // The law of that day as we know it now.
    facts.dates.known_on = "2026-11-21".parse().unwrap();
    assert_eq!(duties(&offer(&facts)), ["COOLING_OFF_1_DAY", "KFS"]);
    facts.dates = dates("2025-10-31");
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
    let facts = RequestFacts::of(&request, (dates("2026-11-21"), true));
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
            for identity in [IdentityFact::NotAsked, verified(IdentityLevel::Basic, "2026-12-31")] {
                let acceptance = acceptance(facts.clone(), identity);
                let stored = to_canonical_json(&decide_acceptance(&acceptance, &rules)).unwrap();
                let acceptance = to_canonical_json(&acceptance).unwrap();
                assert_eq!(replay_acceptance(&acceptance, &rules).unwrap(), stored);
            }
            assert_eq!(
                replay_offer(&to_canonical_json(&facts).unwrap(), &rules).unwrap(),
                stored
            );
        }
    }
    assert!(replay_offer(b"{}", &rules).is_err());
}

fn verified(level: IdentityLevel, until: &str) -> IdentityFact {
    IdentityFact::Verified {
        level,
        until: until.parse().unwrap(),
    }
}

fn acceptance(offer: OfferFacts, identity: IdentityFact) -> AcceptanceFacts {
    let document = |code: &str| DocumentRef {
        code: code.into(),
        sha256: "00".repeat(32),
    };
    AcceptanceFacts {
        offer,
        identity_required: true,
        identity,
        disclosures_required: true,
        documents: vec![document("REGZ")],
    }
}

fn accepted(facts: &AcceptanceFacts) -> (Outcome, Vec<String>) {
    let decision = decide_acceptance(facts, &RuleSet::built_in().unwrap());
    (
        decision.outcome,
        decision.reasons.into_iter().map(|reason| reason.code).collect(),
    )
}

#[test]
fn nobody_accepts_without_a_verified_identity() {
    let at = |identity| accepted(&acceptance(facts(california(), "20"), identity));
    let more = |code: &str| (Outcome::MoreInfo, vec![code.to_owned()]);
    assert_eq!(at(IdentityFact::NotAsked), more("IDENTITY_NEEDED"));
    assert_eq!(at(IdentityFact::Pending), more("IDENTITY_PENDING"));
    assert_eq!(at(IdentityFact::Expired), more("IDENTITY_EXPIRED"));
    assert_eq!(
        at(IdentityFact::Rejected),
        (Outcome::Decline, vec!["IDENTITY_REJECTED".to_owned()])
    );
    assert_eq!(
        at(verified(IdentityLevel::Basic, "2026-11-20")),
        more("IDENTITY_EXPIRED")
    );
    assert_eq!(
        at(verified(IdentityLevel::Basic, "2026-11-21")),
        (Outcome::Offer, vec![])
    );
    let mut off = acceptance(facts(california(), "20"), IdentityFact::NotAsked);
    off.identity_required = false;
    assert_eq!(accepted(&off).0, Outcome::Offer);
}

#[test]
fn a_rule_may_ask_for_a_higher_level_above_an_amount() {
    let rule = "[[rule]]\nid = \"us-large\"\nversion = 1\ntopic = \"IDENTITY\"\njurisdiction = \"US\"\n\
        amount = { currency = \"USD\", min_minor = 500001 }\neffective_from = \"2020-01-01\"\nknown_from = \"2020-01-01\"\n\
        status = \"verified\"\ncitation = \"test\"\noutcome = \"IDENTITY\"\nlevel = \"ENHANCED\"\nretention = \"HOUSE\"\n\
        message = \"m\"\n";
    let mut documents = RuleSet::built_in_documents();
    documents.push(crate::rules::Document {
        name: "large.toml".into(),
        text: format!("schema = 2\n{rule}"),
    });
    let rules = RuleSet::load(&documents).unwrap();
    let decide = |minor, level| {
        let mut offer = facts(california(), "20");
        offer.amount = Money::new(minor, Currency::usd());
        let facts = acceptance(offer, verified(level, "2026-12-31"));
        let decision = decide_acceptance(&facts, &rules);
        decision.reasons.first().map(|reason| reason.code.clone())
    };
    assert_eq!(decide(500_000, IdentityLevel::Basic), None);
    assert_eq!(
        decide(500_001, IdentityLevel::Standard).as_deref(),
        Some("IDENTITY_LEVEL_TOO_LOW")
    );
    assert_eq!(decide(500_001, IdentityLevel::Enhanced), None);
}

#[test]
fn nobody_accepts_before_the_disclosure_stands() {
    let mut facts = acceptance(facts(california(), "20"), verified(IdentityLevel::Basic, "2026-12-31"));
    facts.documents[0].code = "SECCI".into();
    assert_eq!(
        accepted(&facts),
        (Outcome::MoreInfo, vec!["DISCLOSURE_NEEDED".to_owned()])
    );
    facts.documents[0].code = "REGZ".into();
    assert_eq!(accepted(&facts).0, Outcome::Offer);
}

#[test]
fn what_was_not_verified_does_not_pass_as_law() {
    let strict = |jurisdiction| {
        let mut facts = facts(jurisdiction, "20");
        facts.allow_unverified = false;
        let decision = offer(&facts);
        (decision.outcome, codes(&decision).join(","))
    };
    for jurisdiction in [california(), place("FR", None), place("GB", None), place("IN", None)] {
        assert_eq!(
            strict(jurisdiction),
            (Outcome::Decline, "RULES_NOT_VERIFIED".to_owned())
        );
    }
    let mut asked = request_facts(california());
    asked.allow_unverified = false;
    let screening = ScreeningIndex::built_in().unwrap().screen("Jane Roe", None);
    let decision = decide_request(&asked, &RuleSet::built_in().unwrap(), &screening);
    assert_eq!(codes(&decision), ["RULES_NOT_VERIFIED"]);
    // A state whose statute somebody read opens, with the federal rules that were read.
    let verified: Vec<_> = RuleSet::built_in_documents()
        .into_iter()
        .map(|mut document| {
            document.text = document.text.replace("status = \"seed\"", "status = \"verified\"");
            document
        })
        .collect();
    let mut facts = facts(california(), "20");
    facts.allow_unverified = false;
    assert_eq!(
        decide_offer(&facts, &RuleSet::load(&verified).unwrap()).outcome,
        Outcome::Offer
    );
}

#[test]
fn a_request_says_what_a_refusal_would_owe_and_by_when() {
    let decision = request(california(), "Nicol\u{e1}s Maduro Moros");
    let due: Vec<_> = decision
        .obligations
        .iter()
        .map(|o| (o.code.as_str(), o.due_on))
        .collect();
    let day = |text: &str| Some(text.parse().unwrap());
    assert_eq!(
        due,
        [
            ("ADVERSE_ACTION_NOTICE", day("2026-12-21")),
            ("COUNTEROFFER_NOTICE", None)
        ]
    );
    assert!(request(place("FR", None), "Jane Roe").obligations.is_empty());
}

#[test]
fn the_decision_names_the_set_of_rules_that_made_it() {
    let rules = RuleSet::built_in().unwrap();
    let decision = offer(&facts(california(), "20"));
    assert_eq!(decision.rule_set, rules.sha256());
    let short = format!("rule-set-{}", &rules.sha256()[..16]);
    assert!(decision.rule_versions.iter().any(|version| version.id == short));
}

#[test]
fn another_set_differs_only_where_somebody_would_notice() {
    let rules = RuleSet::built_in().unwrap();
    let lower: Vec<_> = RuleSet::built_in_documents()
        .into_iter()
        .map(|mut document| {
            document.text = document.text.replace("value = \"45\"", "value = \"30\"");
            document
        })
        .collect();
    let lower = RuleSet::load(&lower).unwrap();
    let both = |percent: &str| {
        let facts = facts(california(), percent);
        difference(&decide_offer(&facts, &rules), &decide_offer(&facts, &lower))
    };
    assert_eq!(both("30"), None);
    let found = both("30.0001").unwrap();
    assert_eq!((found.was, found.would_be), (Outcome::Offer, Outcome::Decline));
    assert_eq!(found.reasons_new, ["APR_ABOVE_CAP"]);
}
