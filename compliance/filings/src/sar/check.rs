//! What the form and its schema ask of the facts.

use std::collections::BTreeSet;

use chrono::NaiveDate;

use super::{Address, Amount, Filing, Institution, NARRATIVE_PART, Sar, Subject};
use crate::Problem;
use crate::text::{check, country, digits, is_state};

/// Most alternate names of a party beside its legal one.
const MOST_OTHER_NAMES: usize = 99;
/// Parts of the narrative.
const NARRATIVE_PARTS: usize = 5;

/// Every problem.
pub(super) fn problems(sar: &Sar) -> Vec<Problem> {
    let mut problems = Vec::new();
    let p = &mut problems;
    dates(p, sar);
    check(p, "transmitter.name", &sar.transmitter.name, 150);
    address(p, "transmitter.address", &sar.transmitter.address, true);
    digits(p, "transmitter.phone", &sar.transmitter.phone, 7..=16);
    digits(p, "transmitter.tin", &sar.transmitter.tin, 9..=9);
    if !sar.transmitter.control_code.is_ascii() || sar.transmitter.control_code.len() != 8 {
        p.push(Problem::new(
            "transmitter.controlCode",
            "TCC",
            "must be eight characters",
        ));
    }
    check(p, "transmitter.controlCode", &sar.transmitter.control_code, 8);
    check(p, "transmitter.contact", &sar.transmitter.contact, 150);
    institution(p, "filer", &sar.filer);
    check(p, "contactOffice", &sar.contact_office, 150);
    digits(p, "contactPhone", &sar.contact_phone, 7..=16);
    count(p, "institutions", sar.institutions.len(), 1..=99);
    for (at, one) in sar.institutions.iter().enumerate() {
        institution(p, &format!("institutions[{at}]"), one);
    }
    if sar.subjects.len() > 999 {
        p.push(Problem::new("subjects", "COUNT", "at most 999"));
    }
    for (at, one) in sar.subjects.iter().enumerate() {
        subject(p, &format!("subjects[{at}]"), one, sar.filed_on);
    }
    classifications(p, sar);
    narrative(p, &sar.narrative);
    problems
}

fn count(p: &mut Vec<Problem>, field: &str, count: usize, allowed: std::ops::RangeInclusive<usize>) {
    if !allowed.contains(&count) {
        let text = format!("must be {} to {}", allowed.start(), allowed.end());
        p.push(Problem::new(field, "COUNT", text));
    }
}

fn dates(p: &mut Vec<Problem>, sar: &Sar) {
    if sar.from > sar.to {
        p.push(Problem::new("from", "ORDER", "lies after the last day"));
    }
    if sar.to > sar.filed_on {
        p.push(Problem::new("to", "FUTURE", "lies after the day of filing"));
    }
    if sar.detected_on > sar.filed_on {
        p.push(Problem::new("detectedOn", "FUTURE", "lies after the day of filing"));
    }
    if let Filing::Correction(prior) | Filing::Continuing(prior) = &sar.filing {
        digits(p, "filing", prior, 14..=14);
    }
    match &sar.amount {
        Amount::Known(amount) if amount.currency.code() != "USD" => {
            p.push(Problem::new("amount", "CURRENCY", "must be in US dollars"));
        }
        Amount::Known(amount) if amount.minor <= 0 => {
            p.push(Problem::new("amount", "POSITIVE", "must be above zero"));
        }
        _ => {}
    }
}

fn classifications(p: &mut Vec<Problem>, sar: &Sar) {
    count(p, "classifications", sar.classifications.len(), 1..=99);
    let mut seen = BTreeSet::new();
    for (at, one) in sar.classifications.iter().enumerate() {
        let field = format!("classifications[{at}]");
        if !seen.insert((one.type_id, one.subtype_id)) {
            p.push(Problem::new(&field, "DUPLICATE", "was recorded already"));
        }
        // Subtypes "other" end in 999: 1999, 3999, 9999.
        match (&one.other, one.subtype_id % 1_000 == 999) {
            (Some(text), true) => check(p, &format!("{field}.other"), text, 50),
            (None, true) => p.push(Problem::new(field, "OTHER", "a subtype \"other\" needs a description")),
            (Some(_), false) => p.push(Problem::new(
                field,
                "OTHER",
                "only a subtype \"other\" has a description",
            )),
            (None, false) => {}
        }
    }
}

fn narrative(p: &mut Vec<Problem>, text: &str) {
    check(p, "narrative", text, NARRATIVE_PART * NARRATIVE_PARTS);
}

fn institution(p: &mut Vec<Problem>, field: &str, of: &Institution) {
    check(p, &format!("{field}.legalName"), &of.legal_name, 150);
    if let Some(name) = &of.trade_name {
        check(p, &format!("{field}.tradeName"), name, 150);
    }
    address(p, &format!("{field}.address"), &of.address, true);
    digits(p, &format!("{field}.tin"), &of.tin, 9..=9);
    digits(p, &format!("{field}.tinType"), &of.tin_type, 1..=2);
    digits(p, &format!("{field}.regulator"), &of.regulator, 1..=2);
    count(
        p,
        &format!("{field}.organizationTypes"),
        of.organization_types.len(),
        1..=12,
    );
    for (at, one) in of.organization_types.iter().enumerate() {
        digits(p, &format!("{field}.organizationTypes[{at}]"), one, 1..=4);
    }
    let unique: BTreeSet<&String> = of.organization_types.iter().collect();
    if unique.len() != of.organization_types.len() {
        p.push(Problem::new(field, "DUPLICATE", "a type was recorded already"));
    }
}

fn address(p: &mut Vec<Problem>, field: &str, of: &Address, whole: bool) {
    let parts = [
        ("street", &of.street, 100),
        ("city", &of.city, 50),
        ("state", &of.state, 3),
        ("zip", &of.zip, 9),
        ("country", &of.country, 2),
    ];
    for (name, value, longest) in parts {
        let path = format!("{field}.{name}");
        match value {
            Some(value) => check(p, &path, value, longest),
            None if whole => p.push(Problem::new(path, "EMPTY", "must not be empty")),
            None => {}
        }
    }
    if let Some(code) = &of.country {
        country(p, &format!("{field}.country"), code);
    }
    if let (Some("US"), Some(state)) = (of.country.as_deref(), &of.state) {
        if !is_state(state) {
            p.push(Problem::new(format!("{field}.state"), "STATE", "is no state of the US"));
        }
        if let Some(zip) = &of.zip
            && (!zip.bytes().all(|b| b.is_ascii_digit()) || ![5, 9].contains(&zip.len()))
        {
            p.push(Problem::new(format!("{field}.zip"), "ZIP", "must be 5 or 9 digits"));
        }
    }
}

fn subject(p: &mut Vec<Problem>, field: &str, of: &Subject, filed_on: NaiveDate) {
    // One legal name and up to 99 others.
    count(p, &format!("{field}.names"), of.names.len(), 1..=MOST_OTHER_NAMES + 1);
    count(p, &format!("{field}.addresses"), of.addresses.len(), 1..=99);
    let mut seen = Vec::new();
    for (at, name) in of.names.iter().enumerate() {
        let path = format!("{field}.names[{at}]");
        if seen.contains(&name) {
            p.push(Problem::new(&path, "DUPLICATE", "was recorded already"));
        }
        seen.push(name);
        for (part, value, longest) in [
            ("last", &name.last, 150),
            ("first", &name.first, 35),
            ("middle", &name.middle, 35),
        ] {
            if let Some(value) = value {
                check(p, &format!("{path}.{part}"), value, longest);
            }
        }
        if of.entity && (name.first.is_some() || name.middle.is_some()) {
            p.push(Problem::new(&path, "ENTITY", "an entity has one name"));
        }
        if at > 0 && name.last.is_none() {
            p.push(Problem::new(&path, "EMPTY", "an alternate name must not be empty"));
        }
    }
    for (at, one) in of.addresses.iter().enumerate() {
        address(p, &format!("{field}.addresses[{at}]"), one, false);
    }
    if of.born_on.is_some_and(|day| day > filed_on) {
        p.push(Problem::new(
            format!("{field}.bornOn"),
            "FUTURE",
            "lies after the day of filing",
        ));
    }
    if of.entity && of.born_on.is_some() {
        p.push(Problem::new(
            format!("{field}.bornOn"),
            "ENTITY",
            "an entity is not born",
        ));
    }
    count(p, &format!("{field}.identifications"), of.identifications.len(), 0..=99);
    for (at, one) in of.identifications.iter().enumerate() {
        let path = format!("{field}.identifications[{at}]");
        digits(p, &format!("{path}.kind"), &one.kind, 1..=3);
        check(p, &format!("{path}.number"), &one.number, 25);
        if let Some(code) = &one.country {
            country(p, &format!("{path}.country"), code);
        }
    }
    if let Some(tin) = &of.borrower_of {
        digits(p, &format!("{field}.borrowerOf"), tin, 9..=9);
    }
}
