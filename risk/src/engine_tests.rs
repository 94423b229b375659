use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::json;
use uuid::Uuid;

use super::*;
use crate::facts::{Fact, Source};
use crate::record::Shadow;
use crate::testing::{by, challenger, champion, features, known, rules, set_of, usd, variant};
use crate::{MOST_CHALLENGERS, SeatError};

fn built_in() -> Rules {
    Rules::built_in().unwrap()
}

/// A borrower for each number.
fn borrower(number: u32) -> Uuid {
    Uuid::from_u128(u128::from(number) << 17 | 9)
}

/// `variant` filled by the policy from bureau facts, as a model that was trained on a file.
fn on_a_file() -> (Arc<Artefact>, Rules) {
    let mut draft = crate::points::draft();
    draft.manifest.name = "on-a-file".to_owned();
    let mut inputs = serde_json::Map::new();
    for feature in &mut draft.manifest.features {
        feature.source = None;
        inputs.insert(feature.name.clone(), json!({"fact": "OPEN_LINES"}));
    }
    inputs["UTILIZATION_PPM"] = json!({"fact": "STATEMENT_1_MINOR", "rates_ppm": {"USD": 320_000}});
    let rules = rules(|policy| policy["shadow_inputs"] = json!({"on-a-file": inputs}));
    (crate::testing::made(&draft), rules)
}

#[test]
fn challengers_in_shadow_never_change_the_decision() {
    let sets = [
        vec![],
        vec![challenger(&variant(1, 40), 0), challenger(&variant(2, -200), 0)],
    ];
    let [alone, shadowed] = sets.map(|challengers| set_of(challengers, built_in()));
    for amount in [100_000, 900_000, 5_000_000] {
        for late in [0, 2, 6] {
            let set = features(|set| {
                set.amount_minor = amount;
                set.put(Fact::Delinquencies24m, known(late, Source::Bureau));
            });
            let (one, other) = (by(&alone, &set), by(&shadowed, &set));
            assert_eq!(other.shadow.len(), 2);
            let scores: Vec<Option<i32>> = other.shadow.iter().map(|shadow| shadow.score).collect();
            assert_eq!(scores, [Some(one.score + 40), Some((one.score - 200).max(300))]);
            let bare = RiskDecision {
                shadow: vec![],
                set: one.set.clone(),
                ..other
            };
            assert_eq!(bare, one);
        }
    }
}

#[test]
fn a_challenger_whose_facts_are_not_there_is_skipped_with_the_fact_named() {
    let (artefact, rules) = on_a_file();
    let models = set_of(vec![challenger(&artefact, 0)], rules);
    let shadow = |change: &dyn Fn(&mut FeatureSet)| by(&models, &features(|set| change(set))).shadow.remove(0);
    let none = shadow(&|_| {});
    assert_eq!(
        (none.score, none.skipped.as_deref()),
        (None, Some("MISSING OPEN_LINES"))
    );
    let lines = |set: &mut FeatureSet| set.put(Fact::OpenLines, known(0, Source::Bureau));
    let half = shadow(&|set| lines(set));
    assert_eq!(half.skipped.as_deref(), Some("MISSING STATEMENT_1_MINOR"));
    let all = |set: &mut FeatureSet, minor| {
        lines(set);
        set.put(Fact::Statement1Minor, known(minor, Source::Bureau));
    };
    // 3,124.99 dollars are 99,999 in the training data's unit, one cent more is 100,000: another bin.
    let (less, more) = (shadow(&|set| all(set, 312_499)), shadow(&|set| all(set, 312_500)));
    assert_eq!((less.skipped, less.score.unwrap() - more.score.unwrap()), (None, 6));
    let euro = shadow(&|set| {
        all(set, 1);
        set.currency = domain::Currency::parse("EUR").unwrap();
    });
    assert_eq!(euro.skipped.as_deref(), Some("MISSING STATEMENT_1_MINOR"));
}

#[test]
fn routing_is_stable_and_in_proportion() {
    let (one, two) = (variant(1, 20), variant(2, 40));
    let models = set_of(vec![challenger(&one, 100_000), challenger(&two, 250_000)], built_in());
    let mut decided = std::collections::BTreeMap::new();
    for number in 0..4_000 {
        let set = features(|set| set.subject = borrower(number));
        let first = by(&models, &set);
        let later = by(
            &models,
            &features(|set| {
                set.subject = borrower(number);
                set.amount_minor = 1_234_500;
                set.at += chrono::Duration::days(3);
            }),
        );
        assert_eq!(first.model, later.model, "a borrower stays with a model");
        assert_eq!(first.shadow.len(), 2);
        assert!(first.shadow.iter().all(|shadow| shadow.model != first.model));
        *decided.entry(first.model.version).or_insert(0_i32) += 1;
    }
    // Five standard deviations of a binomial share: 95 and 137.
    assert!((decided["1.1.0"] - 400).abs() < 95, "{decided:?}");
    assert!((decided["1.2.0"] - 1_000).abs() < 137, "{decided:?}");
    assert_eq!(decided.values().sum::<i32>(), 4_000);
}

#[test]
fn a_larger_share_only_adds_borrowers() {
    let one = variant(1, 20);
    let at = |share| set_of(vec![challenger(&one, share)], built_in());
    let (small, large) = (at(50_000), at(300_000));
    let routed = |models: &ModelSet, number| models.route(borrower(number)).is_some();
    assert!((0..2_000).all(|number| !routed(&small, number) || routed(&large, number)));
    assert!((0..2_000).any(|number| routed(&small, number)));
}

#[test]
fn a_routed_challenger_decides_and_the_champion_is_in_shadow() {
    let better = variant(1, 40);
    let models = set_of(vec![challenger(&better, 1_000_000)], built_in());
    let decision = by(&models, &features(|_| {}));
    assert_eq!((decision.score, decision.model.version.as_str()), (705, "1.1.0"));
    assert_eq!(decision.set.champion.version, "1.0.0");
    let champion = Shadow {
        model: decision.set.champion.clone(),
        score: Some(665),
        pd_ppm: Some(2_098),
        skipped: None,
    };
    assert_eq!(decision.shadow, [champion]);
    assert!(decision.limit.minor >= usd(8_670).minor);
}

#[test]
fn sets_that_do_not_fit_are_refused() {
    let new = |challengers, rules| ModelSet::new(champion(), challengers, rules).map(|_| ());
    let shares = [challenger(&variant(1, 0), 600_000), challenger(&variant(2, 0), 400_001)];
    assert_eq!(new(shares.to_vec(), built_in()), Err(SetError::Shares));
    assert_eq!(
        new(vec![challenger(&champion(), 0)], built_in()),
        Err(SetError::Challengers)
    );
    let many: Vec<Challenger> = (1..)
        .take(MOST_CHALLENGERS + 1)
        .map(|n| challenger(&variant(n, 0), 0))
        .collect();
    assert_eq!(new(many, built_in()), Err(SetError::Challengers));
    let (artefact, filled) = on_a_file();
    let seat = |result: Result<(), SetError>| match result {
        Err(SetError::Seat(error)) => error,
        other => panic!("{other:?}"),
    };
    let unfed = seat(new(vec![challenger(&artefact, 0)], built_in()));
    assert!(matches!(unfed, SeatError::Unfed { .. }), "{unfed}");
    let unbanded = seat(new(vec![challenger(&artefact, 1)], filled.clone()));
    assert!(matches!(unbanded, SeatError::Bands { .. }), "{unbanded}");
    assert_eq!(new(vec![challenger(&artefact, 0)], filled), Ok(()));
    let harsh = seat(new(vec![challenger(&variant(1, -7), 1)], built_in()));
    assert!(
        matches!(
            harsh,
            SeatError::Reference {
                score: 579,
                least: 580,
                ..
            }
        ),
        "{harsh}"
    );
    assert_eq!(new(vec![challenger(&variant(1, -6), 1)], built_in()), Ok(()));
    let isolation = crate::testing::made(&crate::model::samples::isolation());
    let kind = seat(new(vec![challenger(&isolation, 0)], built_in()));
    assert!(matches!(kind, SeatError::Kind { .. }), "{kind}");
}

#[test]
fn each_decision_sees_one_whole_set_while_sets_are_swapped() {
    let engine = Engine::new(set_of(vec![], built_in()));
    let variants: Vec<Arc<Artefact>> = (1..=3).map(|n| variant(n, i32::try_from(n).unwrap() * 10)).collect();
    let done = AtomicBool::new(false);
    let seen = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let mut seen = std::collections::BTreeSet::new();
                    let set = features(|_| {});
                    while !done.load(Ordering::Relaxed) {
                        let decision = engine.decide(&set).unwrap();
                        let more = (decision.score - 665) / 10;
                        assert_eq!(decision.set.champion.version, format!("1.{more}.0"));
                        assert_eq!(decision.model, decision.set.champion);
                        let limited = if more == 0 { 0 } else { 10_000 * more };
                        let expected = vec![limited; usize::from(more > 0)];
                        let shares: Vec<i32> = (decision.set.challengers.iter())
                            .map(|routed| i32::try_from(routed.share_ppm).unwrap())
                            .collect();
                        assert_eq!(shares, expected, "challengers of another set");
                        seen.insert(more);
                    }
                    seen
                })
            })
            .collect();
        for round in 0_u32..300 {
            let more = round % 3 + 1;
            let artefact = Arc::clone(&variants[usize::try_from(more - 1).unwrap()]);
            // The share is so small that the champion decides about this borrower.
            let old = vec![challenger(&champion(), 10_000 * more)];
            engine.swap(ModelSet::new(artefact, old, built_in()).unwrap());
            std::thread::yield_now();
        }
        done.store(true, Ordering::Relaxed);
        readers
            .into_iter()
            .flat_map(|reader| reader.join().unwrap())
            .collect::<Vec<_>>()
    });
    assert!(!seen.is_empty());
}

fn stored(engine: &Engine, set: &FeatureSet) -> (Vec<u8>, Vec<u8>) {
    let decision = engine.decide(set).unwrap();
    (to_canonical_json(set).unwrap(), to_canonical_json(&decision).unwrap())
}

#[test]
fn a_decision_of_a_former_set_replays_after_swaps() {
    let shared = rules(|policy| policy["capacity"]["principal_share_ppm"] = 700_000.into());
    let engine = Engine::new(set_of(vec![challenger(&variant(1, 40), 1_000_000)], shared));
    let set = features(|_| {});
    let (features, decision) = stored(&engine, &set);
    engine.swap(set_of(vec![], built_in()));
    engine.swap(ModelSet::new(variant(2, -5), vec![], built_in()).unwrap());
    assert_ne!(stored(&engine, &set).1, decision);
    assert_eq!(engine.replay(&features, &decision).unwrap(), decision);
}

#[test]
fn replay_says_which_part_is_needed_and_goes_on_when_it_is_loaded() {
    let artefact = variant(3, 10);
    let changed = rules(|policy| policy["note"] = "another".into());
    let other = Engine::new(ModelSet::new(Arc::clone(&artefact), vec![], changed.clone()).unwrap());
    let (features, decision) = stored(&other, &features(|_| {}));
    let engine = Engine::built_in().unwrap();
    let needed = |expected: &str| match engine.replay(&features, &decision) {
        Err(ReplayError::Unknown { what, digest, .. }) => {
            assert_eq!(what, expected);
            digest
        }
        other => panic!("{other:?}"),
    };
    assert_eq!(needed("policy"), hex::encode(changed.policy.name().digest));
    engine.keep_rules(&changed);
    assert_eq!(needed("model"), hex::encode(artefact.digest()));
    engine.keep(&artefact);
    assert_eq!(engine.replay(&features, &decision).unwrap(), decision);
}

#[test]
fn rows_of_the_former_format_are_a_typed_error() {
    let engine = Engine::built_in().unwrap();
    let old = br#"{"currency":"USD","amount_minor":500000,"term_days":360}"#;
    let decision = br#"{"outcome":"OFFER","score":665}"#;
    assert!(matches!(engine.replay(old, decision), Err(ReplayError::OldFormat(1))));
    assert!(matches!(engine.replay(b"{", decision), Err(ReplayError::Unreadable(_))));
    let (features, _) = stored(&engine, &features(|_| {}));
    assert!(matches!(
        engine.replay(&features, decision),
        Err(ReplayError::Unreadable(_))
    ));
}

#[test]
fn features_of_another_version_are_not_decided_about() {
    let set = features(|set| set.version = 3);
    assert!(matches!(
        Engine::built_in().unwrap().decide(&set),
        Err(DecideError::Version(3))
    ));
}

#[test]
fn models_load_from_folders_and_only_with_a_trusted_key() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/points");
    let engine = Engine::load(&[&folder], &TrustedKeys::development()).unwrap();
    assert_eq!(
        engine.current().name().champion,
        Engine::built_in().unwrap().current().name().champion
    );
    let untrusted = Engine::load(&[&folder], &TrustedKeys::none());
    assert!(matches!(
        untrusted,
        Err(EngineError::Artefact(ArtefactError::Untrusted(_)))
    ));
    assert!(Engine::load(&[], &TrustedKeys::development()).is_err());
}

#[test]
fn drift_counters_get_the_row_that_the_champion_read() {
    let engine = Engine::built_in().unwrap();
    let row = engine.current().champion_row(&features(|_| {}));
    assert_eq!(row, [416_667.0, 80_129.0, 36.0, 30.0, 0.0, 1.0, 84.0, 280_000.0]);
    let read = engine.current().facts_read(&features(|_| {}));
    assert!(read.contains(&(Fact::DebtToIncomePpm, 416_667)));
}

#[test]
fn the_shipped_challenger_scores_in_shadow_as_soon_as_a_bureau_says_everything() {
    let shadow = |facts: &std::collections::BTreeMap<Fact, i64>| {
        let set = features(|set| crate::testing::put_all(set, Source::Bureau, facts));
        let decision = Engine::built_in().unwrap().decide(&set).unwrap();
        assert_eq!(decision.score, 665, "and changes nothing");
        decision.shadow[0].clone()
    };
    let mut facts = std::collections::BTreeMap::from([(Fact::RevolvingLimitMinor, 500_000)]);
    for fact in Fact::ALL {
        let value = match fact.name() {
            name if name.starts_with("MONTHS_LATE") => 0,
            name if name.starts_with("STATEMENT") => 90_000,
            name if name.starts_with("PAYMENT_") && name.ends_with("MINOR") => 20_000,
            _ => continue,
        };
        facts.insert(*fact, value);
    }
    assert_eq!(facts.len(), 19);
    let sound = shadow(&facts);
    assert_eq!((sound.model.name.as_str(), sound.skipped.clone()), ("taiwan", None));
    facts.insert(Fact::MonthsLate1, 3);
    assert!(shadow(&facts).score.unwrap() < sound.score.unwrap());
    facts.remove(&Fact::Payment6Minor);
    assert_eq!(shadow(&facts).skipped.as_deref(), Some("MISSING PAYMENT_6_MINOR"));
}
