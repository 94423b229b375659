use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::testing::{any_wallet, wallet};

fn table(change: impl FnOnce(&mut Value)) -> Result<WalletTable, RulesError> {
    let mut json = serde_json::from_slice(include_bytes!("../rules/wallet-v1.json")).unwrap();
    change(&mut json);
    WalletTable::load(json.to_string().as_bytes())
}

fn assess(facts: &WalletFacts) -> WalletResult {
    WalletTable::built_in().unwrap().assess(facts)
}

#[test]
fn the_released_table_loads_and_says_that_it_is_unvalidated() {
    assert!(table(|_| {}).is_ok());
    assert!(table(|t| t["status"] = "VALIDATED".into()).is_err());
    assert!(include_str!("../rules/WALLET_CARD.md").contains("**Expert, unvalidated.**"));
}

#[test]
fn tables_that_could_raise_or_reward_absence_are_refused() {
    let changes: [fn(&mut Value); 14] = [
        |t| t["format"] = 2.into(),
        |t| t["surprise"] = 1.into(),
        |t| t["bands"][0]["limit_factor_ppm"] = 1_000_001.into(),
        |t| t["bands"][0]["ltv_factor_ppm"] = (-1).into(),
        |t| t["bands"][1]["limit_factor_ppm"] = 500_000.into(),
        |t| t["bands"][1]["min_points"] = 600.into(),
        |t| t["below"]["limit_factor_ppm"] = 500_000.into(),
        |t| t["rules"][0]["missing"] = 1.into(),
        |t| t["rules"][7]["missing"] = (-59).into(),
        |t| t["rules"][0]["bins"][1][1] = (-251).into(),
        |t| t["rules"][0]["bins"][1][0] = 30.into(),
        |t| t["rules"][0]["bins"][5][0] = 2_000_000.into(),
        |t| t["rules"][1]["fact"] = "DAYS_SINCE_LIQUIDATION".into(),
        |t| t["rules"][0]["reason"] = "WALLET_UGLY".into(),
    ];
    for (number, change) in changes.into_iter().enumerate() {
        assert!(table(change).is_err(), "change {number}");
    }
    assert!(table(|t| t["rules"] = json!([])).is_err());
}

#[test]
fn harm_is_named_and_counts_by_recency_and_size() {
    let clean = assess(&wallet(|_| {}));
    assert_eq!(
        (clean.points, clean.limit_factor_ppm, clean.ltv_factor_ppm),
        (820, 1_000_000, 1_000_000)
    );
    assert!(clean.against.is_empty() && clean.counted);
    let liquidated = |days, share| {
        assess(&wallet(|w| {
            w.liquidations = Some(1);
            w.days_since_liquidation = Some(days);
            w.liquidated_share_ppm = Some(share);
        }))
    };
    assert!(liquidated(10, 100_000).points < liquidated(100, 100_000).points);
    assert!(liquidated(10, 900_000).points < liquidated(10, 100_000).points);
    assert_eq!(liquidated(10, 900_000).against, ["WALLET_LIQUIDATED"]);
    assert!(liquidated(10, 900_000).limit_factor_ppm < 1_000_000);
}

#[test]
fn a_wallet_that_is_not_shown_to_be_theirs_counts_as_one_without_history() {
    let absent = assess(&WalletFacts::default());
    let unproven = assess(&wallet(|w| w.proven_link = false));
    assert_eq!(unproven, absent);
    assert_eq!(
        (absent.counted, absent.limit_factor_ppm, absent.ltv_factor_ppm),
        (false, 900_000, 950_000)
    );
    let worst = assess(&wallet(|w| {
        w.proven_link = false;
        w.flagged_contacts = Some(100);
    }));
    assert_eq!(worst, absent, "nobody can blacken another's wallet");
}

/// No harm, and as little merit as there can be.
fn without_harm(mut facts: WalletFacts) -> WalletFacts {
    facts.proven_link = true;
    facts.liquidations = Some(0);
    facts.days_since_liquidation = None;
    facts.liquidated_share_ppm = Some(0);
    facts.min_health_ppm = None;
    facts.mean_health_ppm = None;
    facts.days_at_risk = Some(0);
    facts.flagged_contacts = Some(0);
    facts
}

proptest! {
    #[test]
    fn no_history_is_never_better_than_a_clean_one(facts in any_wallet()) {
        let clean = assess(&without_harm(facts));
        let absent = assess(&WalletFacts { proven_link: true, ..WalletFacts::default() });
        prop_assert!(absent.points <= clean.points);
        prop_assert!(absent.limit_factor_ppm <= clean.limit_factor_ppm);
        prop_assert!(absent.ltv_factor_ppm <= clean.ltv_factor_ppm);
    }

    #[test]
    fn more_harm_never_gives_more_points(facts in any_wallet(), more in 0_i64..1_000_000) {
        let worse = |change: fn(&mut WalletFacts, i64)| {
            let mut worse = WalletFacts { proven_link: true, ..facts.clone() };
            change(&mut worse, more);
            assess(&worse).points
        };
        let points = worse(|_, _| {});
        prop_assert!(worse(|w, more| w.flagged_contacts = w.flagged_contacts.map(|v| v.saturating_add(more))) <= points);
        prop_assert!(worse(|w, more| w.days_at_risk = w.days_at_risk.map(|v| v.saturating_add(more))) <= points);
        prop_assert!(worse(|w, more| w.min_health_ppm = w.min_health_ppm.map(|v| v.saturating_sub(more))) <= points);
        prop_assert!(worse(|w, more| w.age_days = w.age_days.map(|v| v.saturating_sub(more))) <= points);
    }
}
