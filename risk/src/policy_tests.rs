use serde_json::{Value, json};

use super::*;
use crate::testing::policy;

#[test]
fn the_released_policy_loads_and_its_hash_is_its_version() {
    let released = Policy::built_in().unwrap();
    assert_eq!(
        (released.name().id.as_str(), released.name().version),
        ("usance-policy", 2)
    );
    let other = policy(|p| p["note"] = "changed".into()).unwrap();
    assert_ne!(other.name().digest, released.name().digest);
}

#[test]
fn what_is_not_understood_is_refused() {
    let format = policy(|p| p["format"] = 3.into());
    assert!(matches!(format, Err(RulesError::Format { found: 3, reads: 2, .. })));
    for change in [
        (|p| p["surprise"] = 1.into()) as fn(&mut Value),
        |p| p["needed"][0] = "AGE".into(),
        |p| p["bands"]["usance-points"][0]["name"] = "prime".into(),
        |p| p["knock_outs"][0]["above"] = 3.into(),
        |p| p["capacity"]["principal_share_ppm"] = 0.5.into(),
        |p| p["most_days"]["NEIGHBOUR"] = 1.into(),
        |p| p["shadow_inputs"] = json!({"m": {"X": {"fact": "OPEN_LINES", "rates_ppm": {"ZZZ": 1}}}}),
        |p| {
            p.as_object_mut().unwrap().remove("behavior");
        },
    ] {
        assert!(matches!(policy(change), Err(RulesError::Syntax { .. })));
    }
}

#[test]
fn parts_that_contradict_each_other_are_refused() {
    let band = |p: &mut Value, field: &str, value: i64| p["bands"]["usance-points"][1][field] = value.into();
    let changes: [fn(&mut Value); 17] = [
        |p| p["bands"] = json!({}),
        |p| p["bands"]["usance-points"] = json!([]),
        |p| p["bands"]["usance-points"][1]["apr_high_ppm"] = 118_999.into(),
        |p| p["capacity"]["principal_share_ppm"] = 1_000_001.into(),
        |p| p["capacity"]["debt_to_income_ppm"] = 0.into(),
        |p| p["knock_outs"][0]["at_least"] = 9.into(),
        |p| p["knock_outs"][0]["reason"] = "BAD_LUCK".into(),
        |p| p["reasons"]["NO_CREDIT_FILE"] = " ".into(),
        |p| {
            p["reasons"].as_object_mut().unwrap().remove("REVIEW_NEEDED");
        },
        |p| {
            p["most_days"].as_object_mut().unwrap().remove("BANK");
        },
        |p| p["verified_income"]["least_months"] = 0.into(),
        |p| p["behavior"]["raises"][0]["factor_ppm"] = 999_999.into(),
        |p| p["behavior"]["raises"][2]["closed_at_least"] = 1.into(),
        |p| p["behavior"]["cuts"][1]["factor_ppm"] = 800_000.into(),
        |p| p["behavior"]["cuts"][0]["factor_ppm"] = 1_000_001.into(),
        |p| p["routing"] = json!({"nobody": 1}),
        |p| p["routing"] = json!({"usance-points": 1_000_001}),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert!(
            matches!(policy(change), Err(RulesError::Inconsistent { .. })),
            "change {number}"
        );
    }
    for (field, value) in [
        ("min_score", 680),
        ("income_multiple_ppm", 12_000_001),
        ("apr_low_ppm", 58_999),
        ("min_score", 579),
    ] {
        assert!(
            matches!(policy(|p| band(p, field, value)), Err(RulesError::Inconsistent { .. })),
            "{field} {value}"
        );
    }
}

#[test]
fn amounts_and_nothing_else_are_brought_to_another_scale() {
    let input = |input: Value| policy(|p| p["shadow_inputs"] = json!({"m": {"X": input}}));
    assert!(input(json!({"fact": "STATEMENT_1_MINOR", "rates_ppm": {"USD": 320_000}})).is_ok());
    assert!(input(json!({"fact": "OPEN_LINES"})).is_ok());
    for wrong in [
        json!({"fact": "STATEMENT_1_MINOR"}),
        json!({"fact": "OPEN_LINES", "rates_ppm": {"USD": 1}}),
        json!({"fact": "STATEMENT_1_MINOR", "rates_ppm": {"USD": 0}}),
    ] {
        assert!(matches!(input(wrong), Err(RulesError::Inconsistent { .. })));
    }
}
