//! An artefact opens whole, or not at all.

use serde_json::{Value, json};

use super::super::samples::{Random, additive, forest, isolation, random_row};
use super::super::{FILES, Monotone, development_key, key_id};
use super::*;
use crate::model::Draft;
use crate::model::files::GOLDEN;

fn written(draft: &Draft) -> Files {
    draft.sign(&development_key()).unwrap()
}

fn open(files: &Files) -> Result<Artefact, ArtefactError> {
    Artefact::open(files, &TrustedKeys::development())
}

/// Opens what an editor of `model.json` made, digests and signature made anew.
fn edited(draft: &Draft, edit: impl FnOnce(&mut Value)) -> Result<Artefact, ArtefactError> {
    let files = written(draft);
    let mut manifest: Value = serde_json::from_slice(files.bytes(MANIFEST)).unwrap();
    edit(&mut manifest);
    open(
        &files
            .with(MANIFEST, manifest.to_string().into_bytes())
            .signed(&development_key()),
    )
}

#[test]
fn what_was_written_opens_and_says_what_it_is() {
    let model = open(&written(&additive())).unwrap();
    assert_eq!(
        (model.name(), model.version(), model.kind()),
        ("small", "1.0.0", Kind::Additive)
    );
    assert_eq!((model.cut_off(), model.golden_rows()), (Some(580), 1_000));
    assert_eq!(model.reason_text("HISTORY"), Some("Text of HISTORY"));
    assert_eq!(model.reason_text("NONE"), None);
    assert_eq!(model.signed_by(), key_id(development_key().verifying_key().as_bytes()));
    let again = open(&written(&additive())).unwrap();
    assert_eq!(model.digest(), again.digest());
    // -0.25 + 1.5 - 0.5, of LATE above 2 and INCOME above 1.5; less 3.
    let scored = model.score(&[3.0, 2.0]);
    assert_eq!((scored.raw, scored.log_odds), (0.75, -2.25));
    assert_eq!(scored.score, 552);
    assert!((scored.pd - 0.095_349_464_899_109_49).abs() < 1e-15, "{}", scored.pd);
    assert_eq!(model.anomaly(&[3.0, 2.0]), None);
}

#[test]
fn an_isolation_forest_gives_an_anomaly_and_no_probability() {
    let model = open(&written(&isolation())).unwrap();
    // 2^(-(4.5 + 4.5) / 5.5)
    let anomaly = model.anomaly(&[0.0, 5.0]).unwrap();
    assert!((anomaly - 0.321_666_6).abs() < 1e-6, "{anomaly}");
    let scored = model.score(&[0.0, 5.0]);
    assert!(scored.pd.is_nan() && scored.log_odds.is_nan());
    assert_eq!((scored.score, model.cut_off()), (322, None));
}

#[test]
fn a_folder_is_read_back_and_one_with_other_files_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let files = written(&forest());
    files.write(folder.path()).unwrap();
    let read = Files::read(folder.path()).unwrap();
    assert_eq!(read, files);
    assert!(open(&read).is_ok());
    std::fs::write(folder.path().join("model.pkl"), b"").unwrap();
    let error = Files::read(folder.path()).unwrap_err().to_string();
    assert!(error.starts_with("model.pkl"), "{error}");
    std::fs::remove_file(folder.path().join("model.pkl")).unwrap();
    for (name, most) in FILES {
        let path = folder.path().join(name);
        std::fs::remove_file(&path).unwrap();
        let error = Files::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("missing"), "{error}");
        std::fs::File::create(&path)
            .unwrap()
            .set_len(u64::try_from(most).unwrap() + 1)
            .unwrap();
        let error = Files::read(folder.path()).unwrap_err().to_string();
        assert!(error.contains(name) && error.contains("larger"), "{error}");
        std::fs::remove_file(&path).unwrap();
        std::fs::create_dir(&path).unwrap();
        assert!(Files::read(folder.path()).is_err(), "a folder in the place of {name}");
        std::fs::remove_dir(&path).unwrap();
        std::fs::write(&path, files.bytes(name)).unwrap();
    }
    assert!(Files::read(&folder.path().join("nowhere")).is_err());
}

#[test]
fn one_changed_byte_anywhere_is_refused() {
    let whole = written(&additive());
    // Few golden rows, so that every byte of every file can be tried: each is refused before the rows are read.
    let few: String = whole.text(GOLDEN).unwrap().split_inclusive('\n').take(5).collect();
    let short = whole.clone().with(GOLDEN, few.into_bytes()).signed(&development_key());
    for (name, bytes) in short.iter() {
        for at in 0..bytes.len() {
            let mut changed = bytes.to_vec();
            changed[at] ^= 1 << (at % 8);
            refused_as_changed(&short, name, changed);
        }
        for changed in [&bytes[..bytes.len() - 1], &[bytes, b"\n"].concat(), b""] {
            refused_as_changed(&short, name, changed.to_vec());
        }
    }
    // And a sample of a whole one, which opens when nothing is changed.
    assert!(open(&whole).is_ok());
    for (name, bytes) in whole.iter() {
        for at in (0..bytes.len()).step_by(1 + bytes.len() / 20) {
            let mut changed = bytes.to_vec();
            changed[at] ^= 0x20;
            refused_as_changed(&whole, name, changed);
        }
    }
}

fn refused_as_changed(files: &Files, name: &'static str, changed: Vec<u8>) {
    let error = open(&files.clone().with(name, changed)).expect_err(name);
    let seen = match &error {
        ArtefactError::Damaged { file } => *file == name,
        ArtefactError::Untrusted(_) => [SUMS, SIGNATURE].contains(&name),
        _ => false,
    };
    assert!(seen, "{name}: {error}");
}

#[test]
fn a_file_that_was_changed_is_named() {
    let files = written(&additive());
    for name in [MANIFEST, NUMBERS, REASONS, GOLDEN, CARD] {
        let mut bytes = files.bytes(name).to_vec();
        bytes[0] ^= 1;
        let error = open(&files.clone().with(name, bytes)).unwrap_err();
        assert_eq!(error, ArtefactError::Damaged { file: name });
    }
}

#[test]
fn only_a_trusted_key_opens_it_and_the_development_key_never_in_production() {
    let files = written(&additive());
    let other = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
    let public = *other.verifying_key().as_bytes();
    assert!(matches!(
        Artefact::open(&files, &TrustedKeys::none()),
        Err(ArtefactError::Untrusted(_))
    ));
    let trusted = TrustedKeys::production().with(public).unwrap();
    assert!(matches!(
        Artefact::open(&files, &trusted),
        Err(ArtefactError::Untrusted(_))
    ));
    assert!(Artefact::open(&files.clone().signed(&other), &trusted).is_ok());
    let development = *development_key().verifying_key().as_bytes();
    assert!(TrustedKeys::production().with(development).is_err());
    assert!(TrustedKeys::none().with(development).unwrap().trusts_development());
    // The identity, of small order: any message verifies under it.
    let mut weak = [0; 32];
    weak[0] = 1;
    assert!(TrustedKeys::none().with(weak).is_err());
    // A signature of the right key under the name of another.
    let line = String::from_utf8(files.bytes(SIGNATURE).to_vec()).unwrap();
    let swapped = line.replace(&key_id(&development), &key_id(&public));
    let both = TrustedKeys::development().with(public).unwrap();
    assert!(Artefact::open(&files.with(SIGNATURE, swapped.into_bytes()), &both).is_err());
}

#[test]
fn a_build_that_answers_a_golden_row_otherwise_refuses_the_model() {
    let files = written(&additive());
    let text = files.text(GOLDEN).unwrap();
    let first = text.lines().next().unwrap();
    let mut golden: Value = serde_json::from_str(first).unwrap();
    let try_with = |golden: &Value| {
        let changed = text.replacen(first, &golden.to_string(), 1);
        open(
            &files
                .clone()
                .with(GOLDEN, changed.into_bytes())
                .signed(&development_key()),
        )
    };
    assert!(try_with(&golden).is_ok());
    let right = golden.clone();
    for (field, wrong) in [
        ("raw", json!("3fe8000000000001")),
        ("score", json!(1)),
        ("reasons", json!(["HISTORY", "HISTORY"])),
    ] {
        golden[field] = wrong;
        let error = try_with(&golden).unwrap_err();
        assert!(
            matches!(&error, ArtefactError::Golden { line: 1, field: found, .. } if *found == field),
            "{error}"
        );
        golden = right.clone();
    }
    golden["x"] = json!(["1"]);
    assert!(matches!(try_with(&golden), Err(ArtefactError::Format { .. })));
    let few: String = text.split_inclusive('\n').take(999).collect();
    let error = open(&files.clone().with(GOLDEN, few.into_bytes()).signed(&development_key()));
    assert!(error.unwrap_err().to_string().contains("999 rows"));
}

#[test]
fn every_part_of_the_description_is_checked() {
    let wrong: [(&str, Value); 42] = [
        ("/format", json!(2)),
        ("/name", json!("Small Model")),
        ("/name", json!("")),
        ("/version", json!("1.0")),
        ("/version", json!("1.00.0")),
        ("/kind", json!("FOREST")),
        ("/kind", json!("NEURAL")),
        ("/status", json!("PERHAPS")),
        ("/status", json!("TRAINED")),
        ("/purpose", json!("")),
        ("/expires", json!("2027-02-30")),
        ("/input/delimiter", json!("x")),
        ("/input/columns", json!(["LATE", "LATE"])),
        ("/input/columns", json!(["LATE"])),
        ("/features", json!([])),
        ("/features/0/name", json!("INCOME")),
        ("/features/0/title", json!("")),
        ("/features/0/group", json!("Other group")),
        ("/features/0/group", json!("OTHER")),
        ("/features/0/category", json!(1)),
        ("/features/0/codes", json!({"a": null})),
        ("/features/0/codes", json!({"a": "1"})),
        ("/features/0/special", json!([2.5])),
        ("/features/0/min", json!(11)),
        ("/features/0/max", json!(null)),
        ("/features/0/monotone", json!("DOWN")),
        ("/features/0/reference", json!("2.5")),
        ("/calibration", json!(null)),
        ("/calibration/slope", json!(0)),
        ("/calibration/slope", json!(-1)),
        ("/calibration/intercept", json!(1e30)),
        ("/scale/pdo", json!(0)),
        ("/scale/base_odds", json!(0)),
        ("/scale/min_score", json!(850)),
        ("/scale/base_score", json!(200)),
        ("/cut_off", json!(299)),
        ("/cut_off", json!(null)),
        ("/drift/score/edges", json!([600, 560])),
        ("/drift/score/shares", json!([0.5, 0.5])),
        ("/drift/score/shares", json!([0.5, 0.5, 0.5])),
        ("/drift/features/LATE/missing", json!(1.5)),
        ("/iterations", json!(-1)),
    ];
    assert!(edited(&additive(), |_| {}).is_ok());
    for (pointer, value) in wrong {
        let error = edited(&additive(), |manifest| {
            *manifest.pointer_mut(pointer).unwrap() = value.clone();
        });
        let message = error.expect_err(&format!("{pointer} = {value}")).to_string();
        assert!(
            message.contains(".json") || message.contains(".bin"),
            "{pointer}: {message}"
        );
    }
}

#[test]
fn fields_that_are_missing_or_unknown_are_refused_wherever_they_are() {
    let objects = [
        "",
        "/input",
        "/features/0",
        "/calibration",
        "/scale",
        "/drift",
        "/drift/score",
        "/drift/features/LATE",
    ];
    for pointer in objects {
        let unknown = edited(&additive(), |manifest| {
            manifest.pointer_mut(pointer).unwrap()["extra"] = json!(1);
        });
        assert!(unknown.is_err(), "{pointer} with an unknown field");
    }
    for (pointer, field) in [
        ("", "expires"),
        ("/input", "header"),
        ("/features/0", "group"),
        ("/scale", "pdo"),
    ] {
        let missing = edited(&additive(), |manifest| {
            manifest
                .pointer_mut(pointer)
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(field);
        });
        assert!(missing.is_err(), "{pointer} without {field}");
    }
}

#[test]
fn a_trained_model_has_figures_training_and_drift() {
    let metric = json!({"value": 0.8, "low": 0.7, "high": 0.9});
    let names = ["auc", "ks", "gini", "brier", "log_loss", "ece", "slope", "intercept"];
    let metrics: serde_json::Map<String, Value> = names
        .map(|name| (name.to_owned(), metric.clone()))
        .into_iter()
        .collect();
    let digest = "ab".repeat(32);
    let training = json!({"data": "a.csv", "data_sha256": digest, "rows": 10, "duplicates": 0, "bad_rate": 0.2, "target": "bad",
        "split": "none", "code_sha256": digest, "requirements_sha256": digest, "seed": 1});
    let trained = |manifest: &mut Value| {
        manifest["status"] = json!("TRAINED");
        manifest["metrics"] = Value::Object(metrics.clone());
        manifest["training"] = training.clone();
    };
    assert!(edited(&additive(), trained).is_ok());
    for (pointer, value) in [
        ("/metrics/auc", json!({"value": 0.8, "low": 0.9, "high": 0.7})),
        ("/metrics", json!({})),
        ("/training", json!(null)),
        ("/training/data_sha256", json!("AB".repeat(32))),
        ("/training/bad_rate", json!(2)),
        ("/drift", json!(null)),
    ] {
        let error = edited(&additive(), |manifest| {
            trained(manifest);
            *manifest.pointer_mut(pointer).unwrap() = value.clone();
        });
        assert!(error.is_err(), "{pointer} = {value}");
    }
}

#[test]
fn numbers_of_the_description_are_read_to_the_nearest_double() {
    // serde_json's own reading of this text is one unit in the last place off.
    let text = "122.416294033786585";
    let mut draft = additive();
    draft.manifest.features[0].max = 1e3;
    let files = written(&draft);
    let manifest = files
        .text(MANIFEST)
        .unwrap()
        .replacen("\"reference\": 2.5", &format!("\"reference\": {text}"), 1);
    let model = Artefact::read(&files.with(MANIFEST, manifest.into_bytes())).unwrap();
    let read = model.schema()[0].reference.unwrap();
    assert_eq!(read.to_bits(), text.parse::<f64>().unwrap().to_bits());
}

#[test]
fn numbers_cut_anywhere_or_continued_are_refused() {
    for draft in [additive(), forest(), isolation()] {
        let bytes = draft.numbers.write();
        assert_eq!(Numbers::read(&bytes).as_ref(), Ok(&draft.numbers));
        for length in 0..bytes.len() {
            assert!(Numbers::read(&bytes[..length]).is_err(), "{length}");
        }
        assert!(Numbers::read(&[bytes.as_slice(), &[0]].concat()).is_err());
    }
}

#[test]
fn numbers_of_any_bytes_are_refused_or_evaluate_to_finite_scores() {
    let mut random = Random(9);
    let (mut opened, mut refused) = (0, 0);
    for draft in [additive(), forest(), isolation()] {
        let mut draft = draft;
        for feature in &mut draft.manifest.features {
            feature.monotone = None;
        }
        let files = written(&draft);
        for _ in 0..8_000 {
            let mut bytes = files.bytes(NUMBERS).to_vec();
            for _ in 0..=random.below(4) {
                let at = random.below(bytes.len());
                bytes[at] = random.byte(256);
            }
            let Ok(model) = Artefact::read(&files.clone().with(NUMBERS, bytes)) else {
                refused += 1;
                continue;
            };
            opened += 1;
            let row = random_row(&mut random, model.schema().len());
            let scored = model.score(&row);
            assert!(scored.raw.is_finite());
            let told = model.reasons(&row).iter().all(|reason| reason.log_odds.is_finite());
            let finite = model
                .anomaly(&row)
                .map_or(scored.pd.is_finite() && scored.log_odds.is_finite(), f64::is_finite);
            assert!(told && finite, "{scored:?}");
        }
    }
    assert!(opened > 1_000 && refused > 1_000, "{opened} opened, {refused} refused");
}

#[test]
fn random_bytes_after_a_right_beginning_never_get_through() {
    let mut random = Random(10);
    for _ in 0..20_000 {
        let kind = 1 + random.byte(3);
        let mut bytes = [b"USRM".as_slice(), &[1, 0, kind, 0, 1 + random.byte(3), 0]].concat();
        let length = random.below(200);
        bytes.extend((0..length).map(|_| random.byte(256)));
        assert!(Numbers::read(&bytes).is_err());
    }
}

#[test]
fn a_sign_that_the_numbers_break_is_refused_by_the_feature() {
    let mut draft = additive();
    draft.manifest.features[1].monotone = Some(Monotone::Up);
    let error = draft.sign(&development_key()).unwrap_err().to_string();
    assert!(error.contains("model.bin") && error.contains("INCOME"), "{error}");
}
