//! Applications, sets and rules for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::B256;
use chrono::{DateTime, Duration, Utc};
use domain::calendar::{Period, Unit};
use domain::money::{Currency, Money};
use domain::request::{Applicant, CreditRequest, Employment, Jurisdiction, Purpose};
use proptest::prelude::*;
use uuid::Uuid;

use crate::facts::{Fact, Known, Source};
use crate::features::{ChainFrame, FeatureSet, WalletFacts};
use crate::fraud::FraudFacts;
use crate::model::{Artefact, Draft, Numbers, TrustedKeys, development_key};
use crate::models::{Challenger, ModelSet, Rules};
use crate::policy::Policy;
use crate::record::RiskDecision;
use crate::{Engine, decide};

pub fn usd(dollars: i64) -> Money {
    Money::new(dollars * 100, Currency::usd())
}

pub fn now() -> DateTime<Utc> {
    "2026-11-21T10:00:00Z".parse().unwrap()
}

/// A sound application for 5,000 dollars over a year.
pub fn request(change: impl FnOnce(&mut CreditRequest)) -> CreditRequest {
    let mut request = CreditRequest {
        id: Uuid::nil().into(),
        tenant: Uuid::nil().into(),
        borrower: Uuid::nil().into(),
        at: now(),
        amount: usd(5_000),
        term: Period::new(12, Unit::Month),
        purpose: Purpose::DebtConsolidation,
        products: vec![],
        jurisdiction: Jurisdiction {
            country: "US".into(),
            region: Some("CA".into()),
        },
        applicant: Applicant {
            full_name: "Jane Roe".into(),
            date_of_birth: None,
            monthly_income: usd(5_200),
            monthly_housing_cost: usd(1_400),
            monthly_debt_payments: usd(350),
            employment: Employment::Employed,
            employment_months: 36,
            residence_months: 30,
            delinquencies_24m: 0,
            inquiries_6m: 1,
            credit_history_months: Some(84),
            revolving_utilization_percent: Some(28),
            military_covered: false,
        },
        wallet: None,
        collateral: None,
        refinances: None,
        data_consents: vec![],
    };
    change(&mut request);
    request
}

/// The features of the sound application, changed.
pub fn features(change: impl FnOnce(&mut FeatureSet)) -> FeatureSet {
    let mut set = FeatureSet::of(&request(|_| {}));
    change(&mut set);
    set
}

pub fn known(value: i64, source: Source) -> Known {
    Known {
        value,
        source,
        as_of: now(),
    }
}

/// Decided by the set of this build.
pub fn decided(set: &FeatureSet) -> RiskDecision {
    Engine::built_in().unwrap().decide(set).unwrap()
}

pub fn codes(decision: &RiskDecision) -> Vec<&str> {
    decision.reasons.iter().map(|reason| reason.code.as_str()).collect()
}

/// The policy of this build, changed.
pub fn policy(change: impl FnOnce(&mut serde_json::Value)) -> Result<Policy, crate::RulesError> {
    let mut json = serde_json::from_slice(include_bytes!("../rules/policy-v2.json")).unwrap();
    change(&mut json);
    Policy::load(json.to_string().as_bytes())
}

pub fn rules(change: impl FnOnce(&mut serde_json::Value)) -> Rules {
    Rules {
        policy: Arc::new(policy(change).unwrap()),
        ..Rules::built_in().unwrap()
    }
}

/// The points table under another version, with so many points more for everybody.
pub fn variant(minor: u32, more: i32) -> Arc<Artefact> {
    let mut draft = crate::points::draft();
    draft.manifest.version = format!("1.{minor}.0");
    if let Numbers::Additive { intercept, .. } = &mut draft.numbers {
        *intercept = f64::from(-420 - more);
    }
    made(&draft)
}

pub fn made(draft: &Draft) -> Arc<Artefact> {
    let files = draft.sign(&development_key()).unwrap();
    Arc::new(Artefact::open(&files, &TrustedKeys::development()).unwrap())
}

pub fn champion() -> Arc<Artefact> {
    Arc::clone(Engine::built_in().unwrap().current().champion())
}

pub fn challenger(artefact: &Arc<Artefact>, share_ppm: u32) -> Challenger {
    Challenger {
        artefact: Arc::clone(artefact),
        share_ppm,
    }
}

pub fn set_of(challengers: Vec<Challenger>, rules: Rules) -> ModelSet {
    ModelSet::new(champion(), challengers, rules).unwrap()
}

pub fn by(models: &ModelSet, set: &FeatureSet) -> RiskDecision {
    decide(models, set).unwrap()
}

/// A wallet with a long clean record, shown to be the person's.
pub fn wallet(change: impl FnOnce(&mut WalletFacts)) -> WalletFacts {
    let mut wallet = WalletFacts {
        age_days: Some(1_500),
        outbound_tx: Some(900),
        protocols: Some(5),
        borrows: Some(12),
        repays: Some(12),
        repay_ppm: Some(1_000_000),
        liquidations: Some(0),
        days_since_liquidation: None,
        liquidated_share_ppm: Some(0),
        min_health_ppm: Some(1_700_000),
        mean_health_ppm: Some(2_400_000),
        days_at_risk: Some(0),
        balance_stability_ppm: Some(700_000),
        concentration_ppm: Some(400_000),
        flagged_contacts: Some(0),
        bridged_recently: Some(false),
        proven_link: true,
        frames: vec![ChainFrame {
            chain_id: 1,
            block: 21_000_000,
            block_hash: B256::repeat_byte(7),
            indexer_version: 3,
            price_source: "chainlink".into(),
        }],
    };
    change(&mut wallet);
    wallet
}

/// Some of everything that can be in a feature set, sane and not.
pub fn any_features() -> impl Strategy<Value = FeatureSet> {
    let source = prop_oneof![
        Just(Source::Application),
        Just(Source::Bureau),
        Just(Source::Bank),
        Just(Source::Own),
        Just(Source::Chain),
    ];
    let value = prop_oneof![4 => -3_i64..2_000_000, 1 => Just(i64::MIN), 1 => Just(i64::MAX), 1 => any::<i64>()];
    let known = (value, source, -3_i64..60).prop_map(|(value, source, days)| Known {
        value,
        source,
        as_of: now() - Duration::days(days),
    });
    let fact = prop::sample::select(Fact::ALL);
    let facts = prop::collection::btree_map(fact, known, 0..30);
    let amount = prop_oneof![4 => 1_i64..5_000_000, 1 => any::<i64>()];
    let exposure = (any::<i64>(), 0_i64..1_000_000, 0_u32..60);
    let sound = any::<bool>();
    let parts = (
        facts,
        amount,
        any::<u32>(),
        prop::option::of(any_wallet()),
        exposure,
        sound,
        any_fraud(),
    );
    parts.prop_map(
        |(facts, amount, days, wallet, (outstanding, reserved, late), sound, fraud)| {
            features(|set| {
                set.subject = Uuid::from_u128(u128::from(days) << 64 | u128::from(amount.unsigned_abs()));
                set.amount_minor = amount;
                set.term_days = if sound { 30 + days % 2_000 } else { days };
                set.wallet = wallet;
                set.exposure.outstanding_minor = if sound {
                    outstanding.rem_euclid(500_000)
                } else {
                    outstanding
                };
                set.exposure.reserved_minor = reserved;
                set.exposure.late_days = if sound { 0 } else { late };
                set.fraud = fraud;
                if sound {
                    set.facts.extend(
                        facts
                            .into_iter()
                            .filter(|(fact, _)| *fact as usize > Fact::Payment6Minor as usize),
                    );
                } else {
                    set.facts = facts;
                }
            })
        },
    )
}

fn any_fraud() -> impl Strategy<Value = FraudFacts> {
    let count = || prop::option::of(0_i64..60);
    (any::<bool>(), count(), count(), count()).prop_map(|(unavailable, device, people, flagged)| FraudFacts {
        unavailable,
        device_requests_1m: device,
        device_people_24h: people,
        flagged_near: flagged,
        ..FraudFacts::default()
    })
}

pub fn any_wallet() -> impl Strategy<Value = WalletFacts> {
    let number = || {
        prop::option::of(prop_oneof![
            3 => 0_i64..400,
            3 => 0_i64..3_000_000,
            1 => any::<i64>()
        ])
    };
    let numbers = prop::collection::vec(number(), 15);
    (numbers, prop::option::of(any::<bool>()), any::<bool>()).prop_map(|(numbers, bridged, proven)| {
        let at = |place: usize| numbers[place];
        WalletFacts {
            age_days: at(0),
            outbound_tx: at(1),
            protocols: at(2),
            borrows: at(3),
            repays: at(4),
            repay_ppm: at(5),
            liquidations: at(6),
            days_since_liquidation: at(7),
            liquidated_share_ppm: at(8),
            min_health_ppm: at(9),
            mean_health_ppm: at(10),
            days_at_risk: at(11),
            balance_stability_ppm: at(12),
            concentration_ppm: at(13),
            flagged_contacts: at(14),
            bridged_recently: bridged,
            proven_link: proven,
            frames: vec![],
        }
    })
}

/// Facts by name, for what a bureau says.
pub fn put_all(set: &mut FeatureSet, source: Source, facts: &BTreeMap<Fact, i64>) {
    for (fact, value) in facts {
        set.put(*fact, known(*value, source));
    }
}
