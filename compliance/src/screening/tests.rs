use super::*;

fn screen(name: &str) -> Vec<HitKind> {
    ScreeningIndex::built_in()
        .unwrap()
        .screen(name, None)
        .hits
        .into_iter()
        .map(|hit| hit.kind)
        .collect()
}

#[test]
fn a_listed_name_is_hit_however_it_is_written() {
    for name in [
        "MADURO MOROS, Nicolas",
        "Nicolás Maduro Moros",
        "nicolas  maduro-moros",
        "MOROS Maduro Nicolas",
    ] {
        assert!(screen(name).contains(&HitKind::PrimaryName), "{name}");
    }
    assert!(screen("Aerocaribbean Airlines").contains(&HitKind::PrimaryName));
}

#[test]
fn aliases_are_hit_and_weak_ones_say_so() {
    assert_eq!(screen("Aero-Caribbean"), [HitKind::AlternateName]);
    assert_eq!(screen("National Bank of Cuba"), [HitKind::AlternateName]);
    assert_eq!(screen("The Chess Player"), [HitKind::WeakAlias]);
    assert!(screen("Lucas").is_empty());
}

#[test]
fn every_listed_name_finds_its_own_entry() {
    let index = ScreeningIndex::built_in().unwrap();
    for line in include_str!("../../data/names.tsv").lines() {
        let columns: Vec<&str> = line.split('\t').collect();
        if columns[2] == "W" && fold::keys(columns[3]).is_some_and(|keys| !keys[0].contains(' ')) {
            continue;
        }
        let found = index.screen(columns[3], None);
        assert!(
            found.name_screened && found.hits.iter().any(|hit| hit.entry == columns[0]),
            "{line}"
        );
    }
}

#[test]
fn every_listed_wallet_is_hit_in_any_case() {
    let index = ScreeningIndex::built_in().unwrap();
    let mut count = 0;
    for line in include_str!("../../data/wallets.tsv").lines() {
        let address = line.split('\t').next().unwrap();
        for text in [
            address.to_owned(),
            address.to_uppercase(),
            address.to_lowercase(),
            format!(" {address} "),
        ] {
            let found = index.screen("Jane Roe", Some(&text));
            assert!(
                found.wallet_screened && found.hits.iter().all(|hit| hit.kind == HitKind::Wallet),
                "{text}"
            );
            assert!(!found.hits.is_empty(), "{text}");
        }
        count += 1;
    }
    assert_eq!((count, index.malformed_wallets().len()), (656, 2));
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
        "Fatima Ali",
        "Sample Borrower",
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
fn what_cannot_be_read_is_not_called_screened() {
    let index = ScreeningIndex::built_in().unwrap();
    for name in ["", " . ", "रजनीकांत इला", "Nicolas M\u{430}duro Moros"] {
        assert!(!index.screen(name, None).name_screened, "{name}");
    }
    assert!(!index.screen("Jane Roe", Some("  ")).wallet_screened);
}

#[test]
fn broken_or_empty_lists_are_refused() {
    let wallet = "0xab\tETH\t1\tyes\n";
    let load = |names: &str, wallets: &str| ScreeningIndex::load(names, wallets).map(|_| ());
    assert_eq!(load("1\tI\tP\tJane Roe\n", wallet), Ok(()));
    for names in [
        "1\tI\tP\n",
        "1\tI\tQ\tx\n",
        "x\tI\tP\tx\n",
        "1\tV\tP\tx\n",
        "1\tI\tP\t-\n",
        "1\tI\tP\tx\ty\n",
    ] {
        assert_eq!(
            load(names, wallet),
            Err(ScreeningError::Line { list: NAMES, line: 1 }),
            "{names}"
        );
    }
    assert_eq!(
        load("1\tI\tP\tx\n", "0xab\tETH\t1\tperhaps\n"),
        Err(ScreeningError::Line { list: WALLETS, line: 1 })
    );
    assert_eq!(load("", wallet), Err(ScreeningError::Empty { list: NAMES }));
    assert_eq!(load("1\tI\tP\tx\n", ""), Err(ScreeningError::Empty { list: WALLETS }));
}

#[test]
fn the_version_changes_with_the_lists() {
    let version = |names: &str| ScreeningIndex::load(names, "0xab\tETH\t1\tyes\n").unwrap().list_version;
    assert_ne!(version("1\tI\tP\tJane Roe\n"), version("1\tI\tP\tJane Rowe\n"));
}
