//! The consolidated list of the UN Security Council (`CONSOLIDATED_LIST`).

use super::remarks::country_of;
use super::xml::Element;
use super::{Format, LoadError, Notice, NoticeKind, Parsed, countries, dates};
use crate::entity::{Entity, EntityKind, Gender, Identifier, ListedName, NameGrade, PartialDate};

/// The list's name in our answers.
pub(super) const LIST: &str = "UN-SC";

/// Reads the document. The list's own number of an entry is its reference (`QDi.001`).
pub(super) fn read(file: &str, root: &Element) -> Result<Parsed, LoadError> {
    let published = root
        .attribute("dateGenerated")
        .and_then(|text| dates::published(text, false));
    let mut notices = Vec::new();
    let mut entities = Vec::new();
    for group in &root.children {
        let (item, kind, prefix) = match group.name.as_str() {
            "INDIVIDUALS" => ("INDIVIDUAL", EntityKind::Person, "INDIVIDUAL"),
            "ENTITIES" => ("ENTITY", EntityKind::Organization, "ENTITY"),
            _ => return Err(LoadError::line(file, group.line, "neither INDIVIDUALS nor ENTITIES")),
        };
        for element in &group.children {
            if element.name != item {
                return Err(LoadError::line(
                    file,
                    element.line,
                    format!("{} where {item} belongs", element.name),
                ));
            }
            entities.push(entry(file, element, kind, prefix, &mut notices)?);
        }
    }
    Ok(Parsed {
        list: LIST.to_owned(),
        format: Format::UnXml,
        published,
        partial: false,
        entities,
        cut: Vec::new(),
        notices,
    })
}

fn entry(
    file: &str,
    element: &Element,
    kind: EntityKind,
    prefix: &str,
    notices: &mut Vec<Notice>,
) -> Result<Entity, LoadError> {
    let wrong = |at: &Element, why: &str| LoadError::line(file, at.line, why);
    let id = element
        .value("REFERENCE_NUMBER")
        .or_else(|| element.value("DATAID"))
        .ok_or_else(|| wrong(element, "an entry without REFERENCE_NUMBER"))?;
    let parts = ["FIRST_NAME", "SECOND_NAME", "THIRD_NAME", "FOURTH_NAME"];
    let parts: Vec<&str> = parts.iter().filter_map(|part| element.value(part)).collect();
    if parts.is_empty() {
        return Err(wrong(element, "an entry without a name"));
    }
    let mut entity = Entity {
        list: LIST.to_owned(),
        id: id.to_owned(),
        kind,
        names: vec![ListedName {
            text: parts.join(" "),
            grade: NameGrade::Primary,
        }],
        programs: element.value("UN_LIST_TYPE").map(str::to_owned).into_iter().collect(),
        gender: match element.value("GENDER") {
            Some("Male") => Some(Gender::Male),
            Some("Female") => Some(Gender::Female),
            _ => None,
        },
        ..Entity::default()
    };
    if let Some(original) = element.value("NAME_ORIGINAL_SCRIPT") {
        entity.names.push(ListedName {
            text: original.to_owned(),
            grade: NameGrade::Strong,
        });
    }
    let mut notice = |line: usize, kind, text: &str| {
        notices.push(Notice {
            file: file.to_owned(),
            line,
            kind,
            text: text.to_owned(),
        });
    };
    for alias in element.all(&format!("{prefix}_ALIAS")) {
        // The list prints an empty element where there is no alias.
        let Some(name) = alias.value("ALIAS_NAME") else {
            continue;
        };
        let grade = grade(alias.value("QUALITY").unwrap_or_default());
        let grade = grade.ok_or_else(|| wrong(alias, "an unknown QUALITY of an alias"))?;
        entity.names.push(ListedName {
            text: name.to_owned(),
            grade,
        });
    }
    let nationality = element
        .items("NATIONALITY", "VALUE")
        .map(|value| (value.line, value.text.as_str()));
    let address = format!("{prefix}_ADDRESS");
    let addresses = element
        .all(&address)
        .filter_map(|place| Some((place.line, place.value("COUNTRY")?)));
    for (line, country) in nationality.chain(addresses).filter(|(_, name)| !name.is_empty()) {
        country_of(country, &mut entity, &mut |kind, text| notice(line, kind, text));
    }
    for birth in element.all("INDIVIDUAL_DATE_OF_BIRTH") {
        match born(birth) {
            Ok(births) => entity.births.extend(births),
            Err(text) => notice(birth.line, NoticeKind::Date, &text),
        }
    }
    entity.identifiers = element.all("INDIVIDUAL_DOCUMENT").filter_map(document).collect();
    Ok(entity)
}

/// "Good" and "a.k.a." are full aliases, "Low" is a weak one.
fn grade(quality: &str) -> Option<NameGrade> {
    match quality.trim().to_ascii_lowercase().as_str() {
        "good" | "a.k.a." | "a.k.a" | "aka" | "" => Some(NameGrade::Strong),
        "low" => Some(NameGrade::Weak),
        "f.k.a." | "f.k.a" | "fka" => Some(NameGrade::Former),
        _ => None,
    }
}

fn born(element: &Element) -> Result<Vec<PartialDate>, String> {
    let circa = element
        .value("TYPE_OF_DATE")
        .is_some_and(|kind| kind.eq_ignore_ascii_case("approximately"));
    if let (Some(from), Some(to)) = (element.value("FROM_YEAR"), element.value("TO_YEAR")) {
        let years = dates::year_of(from).zip(dates::year_of(to));
        let years = years.and_then(|(from, to)| dates::years(from, to));
        return years.ok_or_else(|| format!("{from} to {to}"));
    }
    let Some(text) = element.value("DATE").or_else(|| element.value("YEAR")) else {
        return Ok(Vec::new());
    };
    let date = dates::iso(text).ok_or_else(|| text.to_owned())?;
    Ok(vec![PartialDate { circa, ..date }])
}

fn document(element: &Element) -> Option<Identifier> {
    let value = element.value("NUMBER")?;
    let words = element
        .value("TYPE_OF_DOCUMENT")
        .unwrap_or("document")
        .to_ascii_lowercase();
    let kind = if words.contains("passport") {
        "passport"
    } else if words.contains("national") {
        "national id"
    } else {
        "document"
    };
    let country = element.value("ISSUING_COUNTRY").and_then(countries::iso2);
    Some(Identifier {
        kind: kind.to_owned(),
        value: value.to_owned(),
        country: country.map(str::to_owned),
    })
}
