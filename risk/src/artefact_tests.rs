use super::*;

const JSON: &str = include_str!("../model/points-v1.json");

fn reload(json: &str) -> Result<(), ArtefactError> {
    Model::load(json, &hex::encode(Sha256::digest(json.as_bytes()))).map(|_| ())
}

fn changed(change: impl FnOnce(&mut serde_json::Value)) -> Result<(), ArtefactError> {
    let mut value: serde_json::Value = serde_json::from_str(JSON).unwrap();
    change(&mut value);
    reload(&value.to_string())
}

#[test]
fn the_released_artefact_loads() {
    assert!(Model::built_in().is_ok());
    assert_eq!(changed(|_| {}), Ok(()));
}

#[test]
fn one_changed_byte_is_refused() {
    let tampered = JSON.replacen("680", "580", 1);
    let released = include_str!("../model/points-v1.sha256");
    assert_eq!(Model::load(&tampered, released).map(|_| ()), Err(ArtefactError::Hash));
    assert_eq!(Model::load(JSON, "").map(|_| ()), Err(ArtefactError::Hash));
}

#[test]
fn what_is_not_understood_is_refused() {
    assert_eq!(changed(|v| v["schema"] = 2.into()), Err(ArtefactError::Schema(2)));
    for change in [
        (|v| v["surprise"] = 1.into()) as fn(&mut serde_json::Value),
        |v| v["features"][0]["fact"] = "AGE".into(),
        |v| v["features"][0]["bins"][0]["points"] = 1.5.into(),
        |v| v["policy"]["bands"][0]["name"] = "prime".into(),
        |v| v["golden"][0]["facts"]["age"] = 40.into(),
        |v| {
            v.as_object_mut().unwrap().remove("policy");
        },
    ] {
        assert!(matches!(changed(change), Err(ArtefactError::Syntax(_))));
    }
}

#[test]
fn parts_that_contradict_each_other_are_refused() {
    for change in [
        (|v| v["features"][0]["bins"][1]["points"] = 76.into()) as fn(&mut serde_json::Value),
        |v| v["features"][0]["bins"][1]["below"] = 150_000.into(),
        |v| v["features"][0]["bins"][5]["below"] = 900_000.into(),
        |v| v["features"][1]["fact"] = "DEBT_TO_INCOME_PPM".into(),
        |v| v["features"][0]["neutral"] = 500.into(),
        |v| v["features"][0]["reason"] = "BAD_LUCK".into(),
        |v| v["totals"]["highest"] = 750.into(),
        |v| v["base_points"] = 421.into(),
        |v| v["pd_ppm"][300] = 5.into(),
        |v| v["scale"]["base_odds"] = 40.into(),
        |v| v["scale"]["pdo"] = 21.into(),
        |v| v["scale"]["max_score"] = 849.into(),
        |v| v["policy"]["bands"] = serde_json::json!([]),
        |v| v["policy"]["bands"][2]["min_score"] = 615.into(),
        |v| v["policy"]["bands"][0]["min_score"] = 600.into(),
        |v| v["policy"]["capacity"]["principal_share_ppm"] = 1_000_001.into(),
        |v| v["policy"]["knock_outs"][0]["at_least"] = 9.into(),
        |v| v["reasons"][0]["text"] = " ".into(),
        |v| v["golden"] = serde_json::json!([]),
    ] {
        assert!(matches!(changed(change), Err(ArtefactError::Inconsistent(_))));
    }
}

#[test]
fn a_golden_row_that_comes_out_differently_is_refused() {
    assert_eq!(
        changed(|v| v["golden"][0]["score"] = 666.into()),
        Err(ArtefactError::Golden { row: 0, field: "score" })
    );
    let other = |v: &mut serde_json::Value| v["golden"][0]["outcome"] = "DECLINE".into();
    assert_eq!(
        changed(other),
        Err(ArtefactError::Golden {
            row: 0,
            field: "outcome"
        })
    );
    let moved = |v: &mut serde_json::Value| v["features"][3]["bins"][2]["below"] = 30.into();
    assert!(matches!(changed(moved), Err(ArtefactError::Golden { .. })));
}
