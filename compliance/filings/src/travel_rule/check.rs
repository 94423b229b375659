//! The constraints of the standard.

use chrono::NaiveDate;

use super::{Address, AddressType, IdType, LegalNameType, NameType, NationalId, Person, Transfer};
use crate::Problem;
use crate::text::{check, is_country, is_lei};

/// Every problem.
pub(super) fn problems(transfer: &Transfer) -> Vec<Problem> {
    let mut problems = Vec::new();
    let p = &mut problems;
    for (field, persons, accounts) in [
        ("originators", &transfer.originators, &transfer.originator_accounts),
        ("beneficiaries", &transfer.beneficiaries, &transfer.beneficiary_accounts),
    ] {
        if persons.is_empty() {
            p.push(Problem::new(field, "EMPTY", "names nobody"));
        }
        if accounts.is_empty() {
            p.push(Problem::new(field, "EMPTY", "has no account"));
        }
        for (at, account) in accounts.iter().enumerate() {
            check(p, &format!("{field}.accounts[{at}]"), account, 100);
        }
        for (at, one) in persons.iter().enumerate() {
            person(p, &format!("{field}[{at}]"), one, transfer.on);
        }
    }
    for (at, one) in transfer.originators.iter().enumerate() {
        let field = format!("originators[{at}]");
        originator(p, &field, one);
    }
    person(p, "originatingProvider", &transfer.originating_provider, transfer.on);
    if let Some(one) = &transfer.beneficiary_provider {
        person(p, "beneficiaryProvider", one, transfer.on);
    }
    problems
}

/// C1, C4, C5: what has to be known of an originator.
fn originator(p: &mut Vec<Problem>, field: &str, person: &Person) {
    match person {
        Person::Natural {
            addresses,
            id,
            customer_id,
            born,
            ..
        } => {
            let geographic = addresses.iter().any(|address| address.kind == AddressType::Geographic);
            if !geographic && customer_id.is_none() && id.is_none() && born.is_none() {
                let text =
                    "needs a geographic address, a customer number, an identification, or day and place of birth";
                p.push(Problem::new(field, "C1", text));
            }
        }
        Person::Legal {
            addresses,
            id,
            customer_id,
            ..
        } => {
            let geographic = addresses.iter().any(|address| address.kind == AddressType::Geographic);
            if !geographic && customer_id.is_none() && id.is_none() {
                let text = "needs a geographic address, a customer number or an identification";
                p.push(Problem::new(field, "C4", text));
            }
        }
    }
}

fn person(p: &mut Vec<Problem>, field: &str, person: &Person, on: NaiveDate) {
    match person {
        Person::Natural {
            names,
            addresses,
            id,
            customer_id,
            born,
            residence,
        } => {
            for (at, name) in names.iter().enumerate() {
                check(p, &format!("{field}.names[{at}].primary"), &name.primary, 100);
                if let Some(second) = &name.secondary {
                    check(p, &format!("{field}.names[{at}].secondary"), second, 100);
                }
            }
            if !names.iter().any(|name| name.kind == NameType::Legal) {
                p.push(Problem::new(
                    format!("{field}.names"),
                    "C6",
                    "one name is the legal one",
                ));
            }
            if let Some((day, place)) = born {
                check(p, &format!("{field}.born.place"), place, 70);
                if *day >= on {
                    p.push(Problem::new(format!("{field}.born"), "C2", "lies in the past"));
                }
            }
            parts(p, field, addresses, customer_id.as_ref(), residence.as_ref());
            if let Some(id) = id {
                natural_id(p, &format!("{field}.id"), id);
            }
        }
        Person::Legal {
            names,
            addresses,
            id,
            customer_id,
            registration,
        } => {
            for (at, name) in names.iter().enumerate() {
                check(p, &format!("{field}.names[{at}].name"), &name.name, 100);
            }
            if !names.iter().any(|name| name.kind == LegalNameType::Legal) {
                p.push(Problem::new(
                    format!("{field}.names"),
                    "C5",
                    "one name is the legal one",
                ));
            }
            parts(p, field, addresses, customer_id.as_ref(), registration.as_ref());
            if let Some(id) = id {
                legal_id(p, &format!("{field}.id"), id);
            }
        }
    }
}

fn parts(
    p: &mut Vec<Problem>,
    field: &str,
    addresses: &[Address],
    customer_id: Option<&String>,
    country: Option<&String>,
) {
    if let Some(id) = customer_id {
        check(p, &format!("{field}.customerId"), id, 50);
    }
    if country.is_some_and(|code| !is_country(code) && code != "XX") {
        p.push(Problem::new(field, "C3", "is no country of ISO 3166-1"));
    }
    for (at, one) in addresses.iter().enumerate() {
        address(p, &format!("{field}.addresses[{at}]"), one);
    }
}

/// C3 and C8: a country, and either lines, or a street with a name or number of the building.
fn address(p: &mut Vec<Problem>, field: &str, of: &Address) {
    if !is_country(&of.country) && of.country != "XX" {
        p.push(Problem::new(
            format!("{field}.country"),
            "C3",
            "is no country of ISO 3166-1",
        ));
    }
    let street = of.street.is_some() && (of.building_name.is_some() || of.building_number.is_some());
    if of.lines.is_empty() && !street {
        let text = "needs lines, or a street with the name or number of a building";
        p.push(Problem::new(field, "C8", text));
    }
    if of.lines.len() > 7 {
        p.push(Problem::new(field, "C8", "has at most seven lines"));
    }
    for (at, line) in of.lines.iter().enumerate() {
        check(p, &format!("{field}.lines[{at}]"), line, 70);
    }
    for (name, value, longest) in [
        ("street", &of.street, 70),
        ("buildingNumber", &of.building_number, 16),
        ("buildingName", &of.building_name, 35),
        ("postCode", &of.post_code, 16),
        ("town", &of.town, 35),
        ("subdivision", &of.subdivision, 35),
    ] {
        if let Some(value) = value {
            check(p, &format!("{field}.{name}"), value, longest);
        }
    }
}

fn natural_id(p: &mut Vec<Problem>, field: &str, id: &NationalId) {
    check(p, &format!("{field}.number"), &id.number, 35);
    if id
        .country
        .as_deref()
        .is_some_and(|code| !is_country(code) && code != "XX")
    {
        p.push(Problem::new(
            format!("{field}.country"),
            "C3",
            "is no country of ISO 3166-1",
        ));
    }
    if id.kind == IdType::Lei || id.kind == IdType::RegistrationAuthority {
        p.push(Problem::new(field, "C7", "this type is for legal persons"));
    }
    if id.authority.is_some() {
        p.push(Problem::new(
            field,
            "C9",
            "a natural person has no registration authority",
        ));
    }
}

/// C7, C9, C10, C11.
fn legal_id(p: &mut Vec<Problem>, field: &str, id: &NationalId) {
    check(p, &format!("{field}.number"), &id.number, 35);
    let allowed = [IdType::RegistrationAuthority, IdType::Other, IdType::Lei, IdType::Tax];
    if !allowed.contains(&id.kind) {
        p.push(Problem::new(field, "C7", "a legal person has RAID, MISC, LEIX or TXID"));
    }
    if id.country.is_some() {
        p.push(Problem::new(field, "C9", "a legal person has no country of issue"));
    }
    if (id.kind == IdType::Lei) == id.authority.is_some() {
        p.push(Problem::new(
            field,
            "C9",
            "a registration authority is named exactly without a LEI",
        ));
    }
    if let Some(authority) = &id.authority {
        let shape = authority.len() == 8
            && authority.starts_with("RA")
            && authority.bytes().skip(2).all(|byte| byte.is_ascii_digit());
        if !shape {
            p.push(Problem::new(field, "C10", "must be RA and six digits"));
        }
    }
    if id.kind == IdType::Lei && !is_lei(&id.number) {
        p.push(Problem::new(field, "C11", "is no LEI"));
    }
}
