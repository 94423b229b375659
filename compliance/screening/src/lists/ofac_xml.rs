//! The US Treasury's list as one XML document, the legacy schema (`sdnList`).

use super::remarks::{country_of, identifier_kind};
use super::xml::Element;
use super::{Format, LoadError, Notice, NoticeKind, Parsed, countries, dates};
use crate::entity::{Entity, EntityKind, Gender, Identifier, ListedName, ListedWallet, NameGrade};
use crate::wallets;

const WALLET: &str = "Digital Currency Address - ";

/// Reads the document. Its own count of records has to agree with what it holds: a cut file is refused.
pub(super) fn read(list: &str, file: &str, root: &Element) -> Result<Parsed, LoadError> {
    let about = root.child("publshInformation");
    let published = about
        .and_then(|about| about.value("Publish_Date"))
        .and_then(|text| dates::published(text, true));
    let mut notices = Vec::new();
    let mut entities = Vec::new();
    for element in &root.children {
        match element.name.as_str() {
            "publshInformation" => {}
            "sdnEntry" => entities.push(entry(list, file, element, &mut notices)?),
            _ => return Err(LoadError::line(file, element.line, "an element that is no entry")),
        }
    }
    let claimed = about.and_then(|about| about.value("Record_Count"));
    if let Some(claimed) = claimed.filter(|claimed| *claimed != entities.len().to_string()) {
        let why = format!("says that it has {claimed} records and has {}", entities.len());
        return Err(LoadError::file(file, why));
    }
    Ok(Parsed {
        list: list.to_owned(),
        format: Format::OfacXml,
        published,
        partial: false,
        entities,
        cut: Vec::new(),
        notices,
    })
}

fn entry(list: &str, file: &str, element: &Element, notices: &mut Vec<Notice>) -> Result<Entity, LoadError> {
    let wrong = |at: &Element, why: &str| LoadError::line(file, at.line, why);
    let id = element
        .value("uid")
        .ok_or_else(|| wrong(element, "an entry without uid"))?;
    let kind = match element.value("sdnType").map(str::to_ascii_lowercase).as_deref() {
        Some("individual") => EntityKind::Person,
        Some("entity") => EntityKind::Organization,
        Some("vessel") => EntityKind::Vessel,
        Some("aircraft") => EntityKind::Aircraft,
        _ => return Err(wrong(element, "an unknown sdnType")),
    };
    let primary = name_of(element).ok_or_else(|| wrong(element, "an entry without a name"))?;
    let mut entity = Entity {
        list: list.to_owned(),
        id: id.to_owned(),
        kind,
        names: vec![ListedName {
            text: primary,
            grade: NameGrade::Primary,
        }],
        programs: element
            .items("programList", "program")
            .map(|p| p.text.clone())
            .collect(),
        ..Entity::default()
    };
    aliases(file, element, &mut entity)?;
    let mut notice = |line: usize, kind, text: &str| {
        notices.push(Notice {
            file: file.to_owned(),
            line,
            kind,
            text: text.to_owned(),
        });
    };
    for (list, item) in [
        ("addressList", "address"),
        ("nationalityList", "nationality"),
        ("citizenshipList", "citizenship"),
    ] {
        for place in element.items(list, item) {
            let country = place.value("country").filter(|name| *name != "undetermined");
            if let Some(country) = country {
                country_of(country, &mut entity, &mut |kind, text| notice(place.line, kind, text));
            }
        }
    }
    if let Some(flag) = element.child("vesselInfo").and_then(|info| info.value("vesselFlag")) {
        country_of(flag, &mut entity, &mut |kind, text| notice(element.line, kind, text));
    }
    for birth in element.items("dateOfBirthList", "dateOfBirthItem") {
        let text = birth.value("dateOfBirth").unwrap_or_default();
        match dates::spoken(text) {
            Some(births) => entity.births.extend(births),
            None => notice(birth.line, NoticeKind::Date, text),
        }
    }
    for id in element.items("idList", "id") {
        let refused = document(id, &mut entity, &mut notice);
        refused.map_err(|why| wrong(id, why))?;
    }
    Ok(entity)
}

fn aliases(file: &str, element: &Element, entity: &mut Entity) -> Result<(), LoadError> {
    let wrong = |at: &Element, why: &str| LoadError::line(file, at.line, why);
    for aka in element.items("akaList", "aka") {
        let former = aka.value("type") == Some("f.k.a.");
        let grade = match (aka.value("category"), former) {
            (Some("weak"), _) => NameGrade::Weak,
            (Some("strong") | None, true) => NameGrade::Former,
            (Some("strong") | None, false) => NameGrade::Strong,
            _ => return Err(wrong(aka, "an unknown category of alias")),
        };
        let text = name_of(aka).ok_or_else(|| wrong(aka, "an alias without a name"))?;
        entity.names.push(ListedName { text, grade });
    }
    Ok(())
}

/// `LAST, First` as in the tables; one of the two may be missing.
fn name_of(element: &Element) -> Option<String> {
    match (element.value("lastName"), element.value("firstName")) {
        (Some(last), Some(first)) => Some(format!("{last}, {first}")),
        (Some(name), None) | (None, Some(name)) => Some(name.to_owned()),
        (None, None) => None,
    }
}

fn document(
    element: &Element,
    entity: &mut Entity,
    notice: &mut dyn FnMut(usize, NoticeKind, &str),
) -> Result<(), &'static str> {
    let kind = element.value("idType").ok_or("a document without idType")?;
    let value = element.value("idNumber").unwrap_or_default();
    if let Some(currency) = kind.strip_prefix(WALLET) {
        if value.is_empty() {
            return Err("a digital currency address without the address");
        }
        let checksum_ok = wallets::is_well_formed(value);
        if !checksum_ok {
            notice(element.line, NoticeKind::MalformedWallet, value);
        }
        entity.wallets.push(ListedWallet {
            currency: currency.to_owned(),
            address: value.to_owned(),
            checksum_ok,
        });
    } else if kind == "Gender" {
        entity.gender = match value {
            "Male" => Some(Gender::Male),
            "Female" => Some(Gender::Female),
            _ => None,
        };
    } else if let Some(kind) = identifier_kind(kind).filter(|_| !value.is_empty()) {
        let value = value.trim_start_matches("IMO ").to_owned();
        let country = element.value("idCountry").and_then(countries::iso2);
        entity.identifiers.push(Identifier {
            kind: kind.to_owned(),
            value,
            country: country.map(str::to_owned),
        });
    }
    Ok(())
}
