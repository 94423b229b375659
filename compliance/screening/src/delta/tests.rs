use super::*;
use crate::lists::{ListFile, load};

fn snapshot(rows: &str, alternates: Option<&str>) -> Snapshot {
    let file = |name: &str, text: &str| ListFile {
        name: name.to_owned(),
        bytes: text.as_bytes().to_vec(),
    };
    let mut files = vec![file("sdn.csv", rows)];
    files.extend(alternates.map(|text| file("alt.csv", text)));
    files.extend(alternates.map(|_| file("add.csv", "1,1,-0-,-0-,Cuba,-0-\n")));
    load(&files).unwrap()
}

fn row(id: u32, name: &str, programs: &str, remarks: &str) -> String {
    format!("{id},\"{name}\",individual,{programs},-0-,-0-,-0-,-0-,-0-,-0-,-0-,\"{remarks}\"\n")
}

fn id(number: &str) -> EntryId {
    ("OFAC-SDN".to_owned(), number.to_owned())
}

#[test]
fn new_gone_and_changed_entries_are_told_with_their_fields() {
    let before = [
        row(1, "A", "X", "-0-"),
        row(2, "B", "X", "DOB 1970."),
        row(3, "C", "X", "-0-"),
    ]
    .concat();
    let after = [
        row(2, "B", "X] [Y", "DOB 1971."),
        row(3, "C", "Y", "-0-"),
        row(4, "D", "X", "-0-"),
    ]
    .concat();
    let delta = Delta::between(&snapshot(&before, None), &snapshot(&after, None));
    assert_eq!(
        (delta.added.clone(), delta.removed.clone()),
        (vec![id("4")], vec![id("1")])
    );
    assert_eq!(delta.changed["OFAC-SDN/2"].fields, [Field::Births, Field::Programs]);
    assert_eq!(delta.changed["OFAC-SDN/3"].fields, [Field::Programs]);
    assert_eq!(
        delta.may_hit(),
        BTreeSet::from([id("2"), id("4")]),
        "programs match nobody"
    );
    assert_eq!(delta.may_lapse(), BTreeSet::from([id("1"), id("2"), id("3")]));
    assert!(Delta::between(&snapshot(&before, None), &snapshot(&before, None)).is_empty());
}

#[test]
fn a_missing_part_of_a_list_is_not_a_change_of_every_entry() {
    let rows = [row(1, "A", "X", "a.k.a. 'LITTLE A'."), row(2, "B", "X", "-0-")].concat();
    let whole = snapshot(&rows, Some("1,1,aka,ALPHA,-0-\n"));
    let part = snapshot(&rows, None);
    let delta = Delta::between(&whole, &part);
    assert!(delta.is_empty(), "{delta:?}");
    assert_eq!(delta.not_compared.len(), 1);
    let weak = snapshot(&rows.replace("LITTLE A", "SMALL A"), None);
    assert_eq!(
        Delta::between(&whole, &weak).changed["OFAC-SDN/1"].fields,
        [Field::Names]
    );
}
