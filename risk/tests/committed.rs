//! The committed models: they open, say what they should, and their answers and reasons keep the rules.
#![expect(clippy::float_arithmetic, reason = "differences of scores")]

use std::path::{Path, PathBuf};

use usance_risk::explain::Method;
use usance_risk::model::{Artefact, Files, Kind, Monotone, TrustedKeys};

const SCORING: [&str; 2] = ["german", "taiwan"];

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("models").join(name)
}

fn open(name: &str) -> Artefact {
    let files = Files::read(&folder(name)).unwrap();
    Artefact::open(&files, &TrustedKeys::development()).unwrap()
}

/// The values of the golden rows: held-out rows first, then rows around every threshold.
fn rows(name: &str) -> Vec<Vec<f64>> {
    let text = std::fs::read_to_string(folder(name).join("golden.jsonl")).unwrap();
    let row = |line: &str| {
        let golden: serde_json::Value = serde_json::from_str(line).unwrap();
        let values = golden["x"].as_array().unwrap().iter();
        values.map(|value| value.as_str().unwrap().parse().unwrap()).collect()
    };
    text.lines().map(row).collect()
}

/// A fixed sequence of numbers from 0 to 1 (splitmix).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap()) / f64::from(u32::MAX)
    }

    /// About normal, mean 0 and deviation 1: twelve uniform numbers less six.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }
}

#[test]
fn every_committed_model_opens_and_answers_its_golden_rows_to_the_bit() {
    for name in ["german", "taiwan", "anomaly"] {
        let model = open(name);
        assert!(model.golden_rows() >= 1_000, "{name}");
        assert_eq!(model.name(), name);
        assert_eq!(model.kind() == Kind::Isolation, name == "anomaly");
    }
}

#[test]
fn a_changed_byte_of_a_committed_model_is_refused() {
    let mut random = Random(1);
    for name in ["german", "anomaly"] {
        let files = Files::read(&folder(name)).unwrap();
        for (file, bytes) in files.iter() {
            for _ in 0..8 {
                let mut changed = bytes.to_vec();
                let at = usize::try_from(random.next() % u64::try_from(bytes.len()).unwrap()).unwrap();
                changed[at] ^= 1 << (random.next() % 8);
                let opened = Artefact::open(&files.clone().with(file, changed), &TrustedKeys::development());
                assert!(opened.is_err(), "{name}/{file} byte {at}");
            }
        }
    }
}

#[test]
fn the_risk_moves_with_every_constrained_feature_as_its_sign_says() {
    for name in SCORING {
        let model = open(name);
        let mut random = Random(2);
        let (rows, mut compared) = (rows(name), 0);
        for row in rows.iter().step_by(7).take(300) {
            for (at, feature) in model.schema().iter().enumerate() {
                let Some(sign) = feature.monotone else { continue };
                let width = feature.max - feature.min;
                let mut value = || feature.min + width * (1.2 * random.share() - 0.1);
                let mut values: Vec<f64> = (0..8).map(|_| value()).collect();
                values.sort_by(f64::total_cmp);
                let risk = |value: &f64| {
                    let mut changed = row.clone();
                    changed[at] = *value;
                    model.score(&changed).raw
                };
                let risks: Vec<f64> = values.iter().map(risk).collect();
                let ordered = risks.windows(2).all(|pair| match sign {
                    Monotone::Up => pair[0] <= pair[1],
                    Monotone::Down => pair[0] >= pair[1],
                });
                assert!(ordered, "{name}: {} of {row:?}", feature.name);
                compared += 1;
            }
        }
        assert!(compared > 1_000, "{name}: {compared}");
    }
}

#[test]
fn turning_the_named_groups_to_the_reference_improves_every_declined_score() {
    for name in SCORING {
        let model = open(name);
        let cut_off = model.cut_off().unwrap();
        let (mut declined, mut better, mut flipped) = (0, 0, 0);
        for row in &rows(name) {
            let scored = model.score(row);
            if scored.score >= cut_off {
                continue;
            }
            let reasons = model.reasons(row);
            let groups: Vec<&str> = reasons.iter().map(|reason| reason.group).collect();
            let turned = model.score(&model.at_reference(row, &groups));
            declined += 1;
            better += u32::from(turned.log_odds < scored.log_odds);
            flipped += u32::from(turned.score >= cut_off);
        }
        println!("{name}: {declined} declined rows, {better} better, {flipped} approved when turned");
        assert!(declined > 100 && better == declined, "{name}: {better} of {declined}");
    }
}

/// Deviation of each feature over these rows; 0 for one that is always missing.
fn spreads(rows: &[Vec<f64>]) -> Vec<f64> {
    let features = rows.first().map_or(0, Vec::len);
    let spread = |feature: usize| {
        let values = rows.iter().map(|row| row[feature]).filter(|value| !value.is_nan());
        let values: Vec<f64> = values.collect();
        let count = f64::from(u32::try_from(values.len().max(1)).unwrap());
        let mean = values.iter().sum::<f64>() / count;
        let squares = values.iter().map(|value| (value - mean) * (value - mean));
        (squares.sum::<f64>() / count).sqrt()
    };
    (0..features).map(spread).collect()
}

#[test]
fn the_first_reason_is_the_same_under_small_noise_in_95_of_100_declines() {
    for name in SCORING {
        let model = open(name);
        let held_out: Vec<Vec<f64>> = rows(name).into_iter().take(900).collect();
        let (spreads, mut random) = (spreads(&held_out), Random(3));
        let (mut tried, mut same) = (0_u32, 0_u32);
        let cut_off = model.cut_off().unwrap();
        for row in held_out.iter().filter(|row| model.score(row).score < cut_off) {
            let first = |row: &[f64]| model.reasons(row).first().map(|reason| reason.group.to_owned());
            let told = first(row);
            for _ in 0..10 {
                // A hundredth of the deviation, on every number; a category has no small noise.
                let features = row.iter().zip(&spreads).zip(model.schema());
                let noisy = features.map(|((value, spread), feature)| {
                    let plain = feature.category.is_none() && feature.codes.is_empty();
                    if plain {
                        value + 0.01 * spread * random.normal()
                    } else {
                        *value
                    }
                });
                let noisy: Vec<f64> = noisy.collect();
                tried += 1;
                same += u32::from(first(&noisy) == told);
            }
        }
        println!("{name}: the first reason is the same in {same} of {tried}");
        assert!(tried >= 500 && 100 * same >= 95 * tried, "{name}: {same} of {tried}");
    }
}

#[test]
fn contributions_add_up_to_the_distance_from_the_reference() {
    for name in SCORING {
        let model = open(name);
        let all: Vec<&str> = model.groups().iter().map(String::as_str).collect();
        for row in rows(name).iter().step_by(11) {
            let values = model.explain(row, Method::Baseline).unwrap();
            let sum: f64 = values.iter().map(|value| value.log_odds).sum();
            let turned = model.score(&model.at_reference(row, &all));
            let distance = model.score(row).log_odds - turned.log_odds;
            assert!((sum - distance).abs() < 1e-9, "{name}: {sum} {distance}");
        }
    }
}
