//! The EU's consolidated list of persons under financial sanctions, CSV 1.1: semicolons, a header, one row for each name, address,
//! date of birth, document or citizenship of an entity.

use std::collections::HashMap;

use super::csv::{Record, records};
use super::remarks::country_of;
use super::{Format, LoadError, Notice, NoticeKind, Parsed, Text, countries, dates};
use crate::entity::{Entity, EntityKind, Gender, Identifier, ListedName, NameGrade, PartialDate};

/// The list's name in our answers.
pub(super) const LIST: &str = "EU-FSF";

struct Columns(HashMap<String, usize>);

impl Columns {
    fn get<'a>(&self, record: &'a Record, name: &str) -> Option<&'a str> {
        let at = self.0.get(name)?;
        record
            .fields
            .get(*at)
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
    }
}

/// Reads the table. The list's own number of an entry is its EU reference (`EU.27.28`), else its logical id.
pub(super) fn read(file: &Text) -> Result<Parsed, LoadError> {
    let rows = records(&file.body, ';').map_err(|broken| LoadError::line(&file.name, broken.line, broken.why))?;
    let Some((header, rows)) = rows.split_first() else {
        return Err(LoadError::file(&file.name, "is empty"));
    };
    let columns = Columns(header.fields.iter().cloned().zip(0..).collect());
    for needed in ["Entity_LogicalId", "NameAlias_WholeName"] {
        if !columns.0.contains_key(needed) {
            return Err(LoadError::line(
                &file.name,
                1,
                format!("the column {needed} is missing"),
            ));
        }
    }
    let mut parsed = Parsed {
        list: LIST.to_owned(),
        format: Format::EuCsv,
        published: None,
        partial: false,
        entities: Vec::new(),
        cut: Vec::new(),
        notices: Vec::new(),
    };
    let mut at: HashMap<String, usize> = HashMap::new();
    for record in rows {
        if record.fields.len() > header.fields.len() {
            let why = format!("{} fields under {} headings", record.fields.len(), header.fields.len());
            return Err(LoadError::line(&file.name, record.line, why));
        }
        if parsed.published.is_none() {
            let day = columns.get(record, "fileGenerationDate");
            parsed.published = day.and_then(|text| dates::published(text, false));
        }
        let id = columns
            .get(record, "Entity_LogicalId")
            .ok_or_else(|| LoadError::line(&file.name, record.line, "a row without Entity_LogicalId"))?;
        let position = if let Some(position) = at.get(id) {
            *position
        } else {
            let entity = begin(&columns, record, id).map_err(|why| LoadError::line(&file.name, record.line, why))?;
            at.insert(id.to_owned(), parsed.entities.len());
            parsed.entities.push(entity);
            parsed.entities.len() - 1
        };
        let notices = &mut parsed.notices;
        add(&columns, record, &mut parsed.entities[position], &mut |kind, text| {
            notices.push(Notice {
                file: file.name.clone(),
                line: record.line,
                kind,
                text: text.to_owned(),
            });
        });
    }
    match parsed.entities.iter().find(|entity| entity.names.is_empty()) {
        Some(entity) => Err(LoadError::file(
            &file.name,
            format!("{} has no name in any row", entity.id),
        )),
        None => Ok(parsed),
    }
}

fn begin(columns: &Columns, record: &Record, id: &str) -> Result<Entity, &'static str> {
    let subject = ["Entity_SubjectType_ClassificationCode", "Entity_SubjectType"];
    let mut kinds = subject.iter().filter_map(|column| columns.get(record, column));
    let kind = kinds.find_map(|text| match text.to_ascii_lowercase().as_str() {
        "person" | "p" => Some(EntityKind::Person),
        "enterprise" | "e" => Some(EntityKind::Organization),
        _ => None,
    });
    Ok(Entity {
        list: LIST.to_owned(),
        id: columns
            .get(record, "Entity_EU_ReferenceNumber")
            .unwrap_or(id)
            .to_owned(),
        kind: kind.ok_or("neither person nor enterprise")?,
        programs: columns
            .get(record, "Entity_Regulation_Programme")
            .map(str::to_owned)
            .into_iter()
            .collect(),
        ..Entity::default()
    })
}

fn add(columns: &Columns, record: &Record, entity: &mut Entity, notice: &mut dyn FnMut(NoticeKind, &str)) {
    let parts = ["NameAlias_FirstName", "NameAlias_MiddleName", "NameAlias_LastName"];
    let joined: Vec<&str> = parts.iter().filter_map(|part| columns.get(record, part)).collect();
    let whole = columns.get(record, "NameAlias_WholeName").map(str::to_owned);
    if let Some(text) = whole.or_else(|| (!joined.is_empty()).then(|| joined.join(" ")))
        && !entity.names.iter().any(|name| name.text == text)
    {
        let remark = columns
            .get(record, "NameAlias_Remark")
            .unwrap_or_default()
            .to_ascii_lowercase();
        let grade = if remark.contains("low quality") || remark.contains("weak") {
            NameGrade::Weak
        } else if entity.names.is_empty() {
            NameGrade::Primary
        } else {
            NameGrade::Strong
        };
        entity.names.push(ListedName { text, grade });
    }
    match columns.get(record, "NameAlias_Gender") {
        Some("M") => entity.gender = Some(Gender::Male),
        Some("F") => entity.gender = Some(Gender::Female),
        _ => {}
    }
    for place in ["Citizenship_Country", "Address_Country"] {
        let code = columns.get(record, &format!("{place}Iso2Code"));
        let name = code
            .filter(|code| *code != "00")
            .or_else(|| columns.get(record, &format!("{place}Description")));
        if let Some(name) = name.filter(|name| !name.eq_ignore_ascii_case("unknown country") && *name != "00") {
            country_of(name, entity, notice);
        }
    }
    match birth(columns, record) {
        Ok(births) => {
            for date in births {
                if !entity.births.contains(&date) {
                    entity.births.push(date);
                }
            }
        }
        Err(text) => notice(NoticeKind::Date, text),
    }
    if let Some(value) = columns.get(record, "Identification_Number") {
        let words = columns.get(record, "Identification_TypeCode").unwrap_or("document");
        let country = columns
            .get(record, "Identification_CountryIso2Code")
            .and_then(countries::iso2);
        let identifier = Identifier {
            kind: document_kind(words).to_owned(),
            value: value.to_owned(),
            country: country.map(str::to_owned),
        };
        if !entity.identifiers.contains(&identifier) {
            entity.identifiers.push(identifier);
        }
    }
}

fn document_kind(code: &str) -> &'static str {
    match code.to_ascii_lowercase().as_str() {
        "passport" | "diplomaticpassport" | "other passport" => "passport",
        "id" | "ssn" | "residentperm" => "national id",
        "fiscalcode" | "tradelic" | "taxid" => "tax id",
        "regnumber" => "registration",
        "imo" => "imo",
        "swiftbic" => "bic",
        "driverlic" => "driving licence",
        _ => "document",
    }
}

fn birth<'a>(columns: &Columns, record: &'a Record) -> Result<Vec<PartialDate>, &'a str> {
    let circa = columns
        .get(record, "BirthDate_Circa")
        .is_some_and(|text| text.eq_ignore_ascii_case("true") || text == "1");
    if let Some(text) = columns.get(record, "BirthDate_BirthDate") {
        let date = dates::iso(text).ok_or(text)?;
        return Ok(vec![PartialDate { circa, ..date }]);
    }
    let number = |column| columns.get(record, column).filter(|text| *text != "0");
    if let (Some(from), Some(to)) = (number("BirthDate_YearRangeFrom"), number("BirthDate_YearRangeTo")) {
        let years = dates::year_of(from).zip(dates::year_of(to));
        return years.and_then(|(from, to)| dates::years(from, to)).ok_or(from);
    }
    let Some(year) = number("BirthDate_Year") else {
        return Ok(Vec::new());
    };
    let small = |column, most: u8| {
        number(column)
            .and_then(|text| text.parse().ok())
            .filter(|n| (1..=most).contains(n))
    };
    let month = small("BirthDate_Month", 12);
    Ok(vec![PartialDate {
        year: dates::year_of(year).ok_or(year)?,
        month,
        day: month.and_then(|_| small("BirthDate_Day", 31)),
        circa,
    }])
}
