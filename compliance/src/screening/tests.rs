use std::sync::Arc;

use screening::lists::{ListFile, load};

use super::*;

fn screen(name: &str) -> Vec<HitKind> {
    let found = ScreeningIndex::built_in().unwrap().screen(name, None);
    found.hits.into_iter().map(|hit| hit.kind).collect()
}

#[test]
fn a_listed_name_is_hit_however_it_is_written() {
    for name in [
        "MADURO MOROS, Nicolas",
        "Nicolás Maduro Moros",
        "nicolas  maduro-moros",
        "Nicolas M\u{430}duro Moros",
    ] {
        assert!(screen(name).contains(&HitKind::PrimaryName), "{name}");
    }
    assert!(screen("Aerocaribbean Airlines").contains(&HitKind::PrimaryName));
}

#[test]
fn a_misspelt_name_asks_for_a_look_and_does_not_block() {
    let found = ScreeningIndex::built_in()
        .unwrap()
        .screen("Nicolas Maduro Morros", None);
    assert!(!found.hits.is_empty());
    assert!(
        found
            .hits
            .iter()
            .all(|hit| hit.kind == HitKind::SimilarName && !hit.kind.blocks()),
        "{found:?}"
    );
    let range = found.thresholds.review_ppm..found.thresholds.block_ppm;
    assert!(found.hits.iter().all(|hit| range.contains(&hit.score_ppm)));
}

#[test]
fn aliases_are_hit_and_weak_ones_say_so() {
    assert!(screen("Aero-Caribbean").contains(&HitKind::AlternateName));
    assert!(screen("National Bank of Cuba").contains(&HitKind::AlternateName));
    assert!(screen("The Chess Player").contains(&HitKind::WeakAlias));
    assert!(screen("The Chess Player").iter().all(|kind| !kind.blocks()));
}

#[test]
fn ordinary_people_and_wallets_are_not_hit() {
    let index = ScreeningIndex::built_in().unwrap();
    for name in [
        "Maria Alice Nathan Leão",
        "Jan Espen Lunde",
        "Elvia Corral",
        "Kustaa Maria Varis",
        "Patricia Lucas Wheeler",
        "Isabella Joaquin Torres",
        "Soňa Kolář",
        "Alice Johnson",
        "Robert Miller",
        "Ada Lovelace",
        "Maya Chen",
        "Priya Sharma",
        "John Smith",
        "Mary O'Brien",
        "Li Na Chen",
        "Sample Borrower",
        "Jane Roe",
        "रजनीकांत इला",
    ] {
        let found = index.screen(name, Some("0x90F79bf6EB2c4f870365E785982E1f101E93b906"));
        assert!(
            found.hits.is_empty() && found.name_screened && found.wallet_screened,
            "{name}: {:?}",
            found.hits
        );
    }
}

#[test]
fn a_listed_wallet_is_hit_in_any_case() {
    let index = ScreeningIndex::built_in().unwrap();
    for address in [
        "0x01E2919679362dFBC9ee1644Ba9C6da6D6245BB1",
        "0X01E2919679362DFBC9EE1644BA9C6DA6D6245BB1",
        " 0x01e2919679362dfbc9ee1644ba9c6da6d6245bb1 ",
    ] {
        let found = index.screen("Jane Roe", Some(address));
        assert!(found.wallet_screened && !found.hits.is_empty(), "{address}");
        assert!(found.hits.iter().all(|hit| hit.kind == HitKind::Wallet));
    }
}

#[test]
fn what_cannot_be_read_is_not_called_screened() {
    let index = ScreeningIndex::built_in().unwrap();
    for name in ["", " . ", "12 34", "สมชาย", "Jane ᚠᚢᚦ"] {
        assert!(!index.screen(name, None).name_screened, "{name}");
    }
    assert!(!index.screen("Jane Roe", Some("  ")).wallet_screened);
}

fn lists(name: &str) -> Arc<Lists> {
    let file = ListFile {
        name: "own.csv".to_owned(),
        bytes: format!("id,name,type\n1,{name},person\n").into_bytes(),
    };
    Arc::new(Lists::build(load(&[file]).unwrap()))
}

#[test]
fn lists_are_replaced_whole_and_the_evidence_says_which_decided() {
    let index = ScreeningIndex::new(lists("Zebulon Quartz"), Thresholds::default());
    let before = index.screen("Zebulon Quartz", None);
    assert_eq!(before.hits.len(), 1);
    let former = index.replace(lists("Amaryllis Vantongeren"));
    let after = index.screen("Zebulon Quartz", None);
    assert_eq!(after.hits, []);
    assert_ne!(before.list_version, after.list_version);
    assert_eq!(former.version(), before.list_version);
}

#[test]
fn evidence_of_the_exact_comparison_is_still_read() {
    let old = r#"{"hits":[{"list":"OFAC-SDN","entry":"36","kind":"PRIMARY_NAME"}],"list_version":"ab","name_screened":true,"wallet_screened":false}"#;
    let read: Screening = serde_json::from_str(old).unwrap();
    assert_eq!((read.engine_version, read.hits[0].score_ppm), (1, 1_000_000));
}
