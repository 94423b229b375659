use super::*;
use crate::entity::{EntityKind, NameGrade, PartialDate};

/// A made-up document as the schema has it; the same three entries as in the tables of the other tests.
const ADVANCED: &str = include_str!("ofac_advanced_sample.xml");

fn file(name: &str, text: &str) -> ListFile {
    ListFile {
        name: name.to_owned(),
        bytes: text.as_bytes().to_vec(),
    }
}

fn read() -> Snapshot {
    load(&[file("whatever.xml", ADVANCED)]).unwrap()
}

fn names(entity: &Entity) -> Vec<(&str, NameGrade)> {
    entity
        .names
        .iter()
        .map(|name| (name.text.as_str(), name.grade))
        .collect()
}

#[test]
fn the_advanced_xml_is_known_by_what_it_holds() {
    let snapshot = read();
    assert_eq!(snapshot.notices, []);
    let info = &snapshot.lists[0];
    assert_eq!((info.list.as_str(), info.format), ("OFAC-SDN", Format::OfacAdvancedXml));
    assert_eq!(info.published.as_deref(), Some("2023-12-28"));
    assert!(!info.partial);
    let others = load(&[file("CONS_ADVANCED.XML", ADVANCED)]).unwrap();
    assert_eq!(others.lists[0].list, "OFAC-CONS");
}

/// The tables have no names in other scripts, so those are put aside; everything else is the same.
#[test]
fn the_advanced_xml_gives_the_same_entries_as_the_tables() {
    let tables = load(&super::tests::ofac()).unwrap();
    let mut advanced = read().entities;
    let own_script = advanced[1].names.remove(1);
    assert_eq!(
        (own_script.text.as_str(), own_script.grade),
        ("ДОУ, Джон", NameGrade::Strong)
    );
    assert_eq!(advanced.len(), tables.entities.len());
    for (advanced, table) in advanced.iter_mut().zip(tables.entities) {
        let mut table = table;
        for entity in [&mut *advanced, &mut table] {
            entity.names.sort_by(|a, b| a.text.cmp(&b.text));
            entity.identifiers.sort_by(|a, b| a.value.cmp(&b.value));
        }
        assert_eq!(*advanced, table);
    }
}

#[test]
fn grades_scripts_and_order_of_names_are_kept() {
    let entities = read().entities;
    let expected = [
        ("AIRLINE OF NOWHERE", NameGrade::Primary),
        ("A.O.N.", NameGrade::Weak),
        ("NOWHERE AIR", NameGrade::Strong),
        ("OLD AIR", NameGrade::Former),
    ];
    assert_eq!(names(&entities[0]), expected);
    assert_eq!(names(&entities[1])[0], ("DOE, John", NameGrade::Primary));
    assert_eq!(entities[2].kind, EntityKind::Vessel);
}

fn with(from: &str, to: &str) -> Result<Snapshot, LoadError> {
    assert!(ADVANCED.contains(from), "{from}");
    load(&[file("sdn_advanced.xml", &ADVANCED.replacen(from, to, 1))])
}

#[test]
fn periods_are_read_as_days_months_years_and_spans() {
    let period = |start: &str, end: &str| {
        let old = "<From><Year>1948</Year><Month>12</Month><Day>10</Day></From><To><Year>1948</Year><Month>12</Month><Day>10</Day></To></Start><End \
                   Approximate=\"false\"><From><Year>1948</Year><Month>12</Month><Day>10</Day></From><To><Year>1948</Year><Month>12</Month>\
                   <Day>10</Day></To>";
        let new = format!(
            "<From>{start}</From><To>{start}</To></Start><End Approximate=\"false\"><From>{end}</From><To>{end}</To>"
        );
        let snapshot = with(old, &new).unwrap();
        let mut births = snapshot.entities[1].births.clone();
        births.pop();
        (births, snapshot.notices.len())
    };
    let day = |year: u16, month: u8, day: u8| format!("<Year>{year}</Year><Month>{month}</Month><Day>{day}</Day>");
    let date = |year, month, day| PartialDate {
        year,
        month,
        day,
        circa: false,
    };
    assert_eq!(period(&day(1950, 1, 1), &day(1950, 12, 31)).0, [date(1950, None, None)]);
    assert_eq!(
        period("<Year>1950</Year>", "<Year>1950</Year>").0,
        [date(1950, None, None)]
    );
    assert_eq!(
        period(&day(1950, 2, 1), &day(1950, 2, 28)).0,
        [date(1950, Some(2), None)]
    );
    assert_eq!(period(&day(1950, 2, 3), &day(1950, 3, 4)).0, [date(1950, None, None)]);
    let span = [1950, 1951, 1952].map(|year| date(year, None, None));
    assert_eq!(period(&day(1950, 1, 1), &day(1952, 12, 31)).0, span);
    assert_eq!(
        period(&day(1950, 13, 1), &day(1950, 12, 31)),
        (vec![], 1),
        "told, not dropped"
    );
}

#[test]
fn a_name_without_spaces_is_joined_without_them_and_one_of_father_and_mother_goes_with_its_neighbour() {
    let snapshot = with("ScriptCode=\"Cyrl\"", "ScriptCode=\"Hans\"").unwrap();
    assert_eq!(snapshot.entities[1].names[1].text, "ДОУДжон");
    let snapshot = with(">Nickname<", ">Patronymic<").unwrap();
    assert_eq!(
        snapshot.entities[1].names.last().unwrap().text,
        "ABU 'UMAR",
        "alone it is the name"
    );
}

#[test]
fn what_leads_nowhere_stops_the_load_with_its_line() {
    let refusal = |from, to| with(from, to).unwrap_err().to_string();
    let cases = [
        (
            "AliasTypeID=\"1401\"",
            "AliasTypeID=\"9\"",
            "AliasTypeID \"9\" is no AliasType",
        ),
        (">F.K.A.<", ">Z.Z.Z.<", "an unknown type of alias: Z.Z.Z."),
        (
            "PartySubTypeID=\"4\"",
            "PartySubTypeID=\"9\"",
            "PartySubTypeID \"9\" is no PartySubType",
        ),
        (">Individual<", ">Robot<", "an unknown type of party: Robot"),
        (
            "NamePartGroupID=\"71\"",
            "NamePartGroupID=\"9\"",
            "a part of a name that belongs to no group",
        ),
        (
            "LocationID=\"801\"",
            "LocationID=\"9\"",
            "LocationID \"9\" is no Location",
        ),
        (
            "IDRegDocTypeID=\"1571\"",
            "IDRegDocTypeID=\"9\"",
            "IDRegDocTypeID \"9\" is no IDRegDocType",
        ),
        (
            "FeatureTypeID=\"8\"",
            "FeatureTypeID=\"99\"",
            "FeatureTypeID \"99\" is no FeatureType",
        ),
        ("FixedRef=\"36\"", "Fixed=\"36\"", "a party without FixedRef"),
        (
            "Primary=\"true\" LowQuality=\"false\"",
            "Primary=\"false\" LowQuality=\"false\"",
            "exactly one primary name",
        ),
        (
            "0x8589427373D6D84E98730D7795D8f6f8731FDA16",
            "",
            "a digital currency address without currency or address",
        ),
        ("</Sanctions>", "", "is cut"),
    ];
    for (from, to, why) in cases {
        let refused = refusal(from, to);
        assert!(refused.contains(why), "{from}: {refused}");
        assert!(refused.starts_with("sdn_advanced.xml"), "{refused}");
    }
}

#[test]
fn entities_of_its_own_and_document_types_are_refused_and_a_bad_wallet_is_told() {
    let bomb = format!(
        "<?xml version=\"1.0\"?><!DOCTYPE Sanctions [<!ENTITY a SYSTEM \"file:///etc/passwd\">]>{}",
        ADVANCED.split_once("?>").unwrap().1
    );
    let refused = load(&[file("sdn_advanced.xml", &bomb)]).unwrap_err().to_string();
    assert!(refused.contains("a document type"), "{refused}");
    let refused = with("AIRLINE OF NOWHERE", "AIRLINE &a; NOWHERE")
        .unwrap_err()
        .to_string();
    assert!(refused.contains("an entity that is not of XML itself"), "{refused}");
    let deep = "<a>".repeat(40);
    let refused = with("<Locations>", &format!("<Locations>{deep}"))
        .unwrap_err()
        .to_string();
    assert!(refused.contains("too deep"), "{refused}");
    let odd = with("0x8589427373D6D84E98730D7795D8f6f8731FDA16", "0x8589427373").unwrap();
    assert_eq!(odd.notices[0].kind, NoticeKind::MalformedWallet);
    assert_eq!(
        odd.entities[1].wallets[0].address, "0x8589427373",
        "compared as printed"
    );
}
