//! Lists of our own or of a customer, and tables of wallets: comma-separated with a header. See `docs/compliance/lists.md`.

use std::collections::HashMap;

use super::csv::{Record, records};
use super::remarks::country_of;
use super::{Format, LoadError, Notice, NoticeKind, Parsed, Text, dates};
use crate::entity::{Entity, EntityKind, Gender, Identifier, ListedName, ListedWallet, NameGrade};
use crate::wallets;

const COLUMNS: [&str; 12] = [
    "id",
    "name",
    "type",
    "aliases",
    "weak_aliases",
    "former_names",
    "birth",
    "countries",
    "gender",
    "identifiers",
    "wallets",
    "programs",
];
const WALLET_COLUMNS: [&str; 5] = ["currency", "address", "checksum_ok", "ent_num", "seen_in"];

/// A table with a header, and its name as a list.
struct Table<'a> {
    file: &'a Text,
    columns: HashMap<String, usize>,
    rows: Vec<Record>,
}

impl<'a> Table<'a> {
    fn read(file: &'a Text, known: &[&str], needed: &[&str]) -> Result<Self, LoadError> {
        let mut rows = records(&file.body, ',').map_err(|b| LoadError::line(&file.name, b.line, b.why))?;
        if rows.is_empty() {
            return Err(LoadError::file(&file.name, "is empty"));
        }
        let header = rows.remove(0).fields;
        if let Some(unknown) = header.iter().find(|name| !known.contains(&name.as_str())) {
            let why = format!("the column {unknown:?} is not known; known are {}", known.join(", "));
            return Err(LoadError::line(&file.name, 1, why));
        }
        if let Some(missing) = needed.iter().find(|name| !header.iter().any(|h| h == *name)) {
            return Err(LoadError::line(
                &file.name,
                1,
                format!("the column {missing} is missing"),
            ));
        }
        if let Some(row) = rows.iter().find(|row| row.fields.len() != header.len()) {
            let why = format!("{} fields under {} headings", row.fields.len(), header.len());
            return Err(LoadError::line(&file.name, row.line, why));
        }
        Ok(Self {
            file,
            columns: header.into_iter().zip(0..).collect(),
            rows,
        })
    }

    fn get<'r>(&self, row: &'r Record, column: &str) -> Option<&'r str> {
        let at = self.columns.get(column)?;
        row.fields.get(*at).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// Values parted by `;`.
    fn many<'r>(&self, row: &'r Record, column: &str) -> impl Iterator<Item = &'r str> {
        let text = self.get(row, column).unwrap_or_default();
        text.split(';').map(str::trim).filter(|part| !part.is_empty())
    }

    fn wrong(&self, row: &Record, why: impl Into<String>) -> LoadError {
        LoadError::line(&self.file.name, row.line, why)
    }

    fn notice(&self, row: &Record, kind: NoticeKind, text: &str) -> Notice {
        Notice {
            file: self.file.name.clone(),
            line: row.line,
            kind,
            text: text.to_owned(),
        }
    }
}

/// A list by its file: `board.csv` is the list `BOARD`.
pub(super) fn read(list: &str, file: &Text) -> Result<Parsed, LoadError> {
    let table = Table::read(file, &COLUMNS, &["id", "name"])?;
    let mut parsed = parsed(list, Format::OwnCsv);
    let mut seen = HashMap::new();
    for row in &table.rows {
        let entity = entity(&table, row, list, &mut parsed.notices)?;
        if let Some(line) = seen.insert(entity.id.clone(), row.line) {
            return Err(table.wrong(row, format!("has the id of line {line}")));
        }
        parsed.entities.push(entity);
    }
    Ok(parsed)
}

fn parsed(list: &str, format: Format) -> Parsed {
    Parsed {
        list: list.to_owned(),
        format,
        published: None,
        partial: false,
        entities: Vec::new(),
        cut: Vec::new(),
        notices: Vec::new(),
    }
}

fn entity(table: &Table<'_>, row: &Record, list: &str, notices: &mut Vec<Notice>) -> Result<Entity, LoadError> {
    let id = table.get(row, "id").ok_or_else(|| table.wrong(row, "id is empty"))?;
    let name = table
        .get(row, "name")
        .ok_or_else(|| table.wrong(row, "name is empty"))?;
    let kind = match table.get(row, "type") {
        Some("person") => EntityKind::Person,
        Some("organization") => EntityKind::Organization,
        Some("vessel") => EntityKind::Vessel,
        Some("aircraft") => EntityKind::Aircraft,
        None => EntityKind::Unknown,
        Some(_) => return Err(table.wrong(row, "type is none of person, organization, vessel, aircraft")),
    };
    let gender = match table.get(row, "gender") {
        Some("male") => Some(Gender::Male),
        Some("female") => Some(Gender::Female),
        None => None,
        Some(_) => return Err(table.wrong(row, "gender is neither male nor female")),
    };
    let mut entity = Entity {
        list: list.to_owned(),
        id: id.to_owned(),
        kind,
        gender,
        names: vec![ListedName {
            text: name.to_owned(),
            grade: NameGrade::Primary,
        }],
        programs: table.many(row, "programs").map(str::to_owned).collect(),
        ..Entity::default()
    };
    for (column, grade) in [
        ("aliases", NameGrade::Strong),
        ("weak_aliases", NameGrade::Weak),
        ("former_names", NameGrade::Former),
    ] {
        let names = table.many(row, column).map(|text| ListedName {
            text: text.to_owned(),
            grade,
        });
        entity.names.extend(names);
    }
    for text in table.many(row, "birth") {
        let date = dates::iso(text).ok_or_else(|| table.wrong(row, "birth is no date such as 1970-01-31 or 1970"))?;
        entity.births.push(date);
    }
    for country in table.many(row, "countries") {
        country_of(country, &mut entity, &mut |kind, text| {
            notices.push(table.notice(row, kind, text));
        });
    }
    for text in table.many(row, "identifiers") {
        let mut parts = text.splitn(3, ':').map(|part| part.trim().to_owned());
        let (Some(kind), Some(value)) = (parts.next(), parts.next()) else {
            return Err(table.wrong(row, "identifiers are written kind:value or kind:value:country"));
        };
        entity.identifiers.push(Identifier {
            kind: kind.to_ascii_lowercase(),
            value,
            country: parts.next(),
        });
    }
    for text in table.many(row, "wallets") {
        let Some((currency, address)) = text.split_once(':') else {
            return Err(table.wrong(row, "wallets are written currency:address"));
        };
        entity.wallets.push(wallet(table, row, currency, address, notices));
    }
    Ok(entity)
}

fn wallet(table: &Table<'_>, row: &Record, currency: &str, address: &str, notices: &mut Vec<Notice>) -> ListedWallet {
    let stated_wrong = table.get(row, "checksum_ok") == Some("no");
    let checksum_ok = !stated_wrong && wallets::is_well_formed(address);
    if !checksum_ok {
        notices.push(table.notice(row, NoticeKind::MalformedWallet, address));
    }
    ListedWallet {
        currency: currency.trim().to_owned(),
        address: address.trim().to_owned(),
        checksum_ok,
    }
}

/// A table of wallets: each belongs to the entry `ent_num`, or stands for itself.
pub(super) fn read_wallets(list: &str, file: &Text) -> Result<Parsed, LoadError> {
    let table = Table::read(file, &WALLET_COLUMNS, &["currency", "address"])?;
    let mut parsed = parsed(list, Format::WalletCsv);
    let mut at: HashMap<String, usize> = HashMap::new();
    for row in &table.rows {
        let address = table
            .get(row, "address")
            .ok_or_else(|| table.wrong(row, "address is empty"))?;
        let currency = table.get(row, "currency").unwrap_or_default();
        let id = table.get(row, "ent_num").unwrap_or(address).to_owned();
        let listed = wallet(&table, row, currency, address, &mut parsed.notices);
        let position = *at.entry(id.clone()).or_insert_with(|| {
            parsed.entities.push(Entity {
                list: list.to_owned(),
                id,
                ..Entity::default()
            });
            parsed.entities.len() - 1
        });
        parsed.entities[position].wallets.push(listed);
    }
    Ok(parsed)
}
