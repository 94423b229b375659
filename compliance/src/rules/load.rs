//! Rule files: TOML to typed rules. What is not understood is refused with the file, the rule and the field.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use domain::money::Currency;
use domain::request::Product;
use sha2::{Digest, Sha256};
use toml::{Table, Value};

use super::model::{
    AmountBand, BorrowerKind, DayKind, Deadline, Duty, DutyKind, Effect, Event, Licence, Retention, Rule, Scope,
    Status, TermBand, Topic,
};
use super::{Calendar, Document, RuleSet, condition, places};
use crate::decide::IdentityLevel;

/// The version of the file format that this build reads.
const SCHEMA: i64 = 2;

/// Why rules were refused. Every kind means the same for the caller: do not start with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Not TOML, or not of this format.
    #[error("{file}: {problem}")]
    File {
        /// The file.
        file: String,
        /// What is wrong.
        problem: String,
    },
    /// A rule that says nothing this build can follow.
    #[error("{file}: rule {id}: {field}: {problem}")]
    Rule {
        /// The file.
        file: String,
        /// The rule; its number in the file where it has no id.
        id: String,
        /// The field.
        field: String,
        /// What is wrong with it.
        problem: String,
    },
    /// Two versions of one rule are in force on the same day.
    #[error("{file}: rule {id}: effective_from: versions {first} and {second} overlap")]
    Overlap {
        /// The file.
        file: String,
        /// The rule.
        id: String,
        /// Earlier version.
        first: u32,
        /// Later version.
        second: u32,
    },
    /// A day between two versions of one rule belongs to none.
    #[error("{file}: rule {id}: effective_from: no version is in force on {day}")]
    Gap {
        /// The file.
        file: String,
        /// The rule.
        id: String,
        /// First day without a rule.
        day: NaiveDate,
    },
    /// Two rules of the same topic speak to one case and neither goes before the other.
    #[error("{file}: rule {first}: jurisdiction: {second} speaks to the same case on the same day")]
    Ambiguous {
        /// The file of the first.
        file: String,
        /// One rule.
        first: String,
        /// The other.
        second: String,
    },
    /// A version that was in force is missing or reads differently: rules are corrected by new versions.
    #[error("rule {id} version {version}: {field}: a version that took effect does not change")]
    Rewritten {
        /// The rule.
        id: String,
        /// The version.
        version: u32,
        /// What changed; `version` when it is gone.
        field: String,
    },
}

/// One table of a file, read key by key.
struct Reader<'a> {
    file: &'a str,
    id: String,
    table: &'a Table,
    /// Before the names of fields, for tables inside a rule.
    prefix: &'a str,
}

type Read<T> = Result<T, RulesError>;

impl<'a> Reader<'a> {
    fn refuse(&self, field: &str, problem: impl Into<String>) -> RulesError {
        RulesError::Rule {
            file: self.file.to_owned(),
            id: self.id.clone(),
            field: format!("{}{field}", self.prefix),
            problem: problem.into(),
        }
    }

    fn only(&self, known: &[&str]) -> Read<()> {
        match self.table.keys().find(|key| !known.contains(&key.as_str())) {
            Some(odd) => Err(self.refuse(odd, "no such field")),
            None => Ok(()),
        }
    }

    fn optional<T>(&self, field: &str, wanted: &str, read: impl Fn(&'a Value) -> Option<T>) -> Read<Option<T>> {
        let value = self.table.get(field);
        value
            .map(|value| read(value).ok_or_else(|| self.refuse(field, wanted)))
            .transpose()
    }

    fn needed<T>(&self, field: &str, wanted: &str, read: impl Fn(&'a Value) -> Option<T>) -> Read<T> {
        self.optional(field, wanted, read)?
            .ok_or_else(|| self.refuse(field, format!("missing: {wanted}")))
    }

    fn text(&self, field: &str) -> Read<String> {
        let text = |value: &Value| {
            value
                .as_str()
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        self.needed(field, "a text that is not empty", text)
    }

    fn whole(&self, field: &str) -> Read<Option<u32>> {
        self.optional(field, "a whole number not below zero", |v| {
            u32::try_from(v.as_integer()?).ok()
        })
    }

    fn minor(&self, field: &str) -> Read<Option<i64>> {
        self.optional(field, "minor units, not below zero", |v| {
            v.as_integer().filter(|minor| *minor >= 0)
        })
    }

    fn list<T>(&self, field: &str, wanted: &str, read: impl Fn(&str) -> Option<T>) -> Read<Vec<T>> {
        let all = |value: &Value| -> Option<Vec<T>> {
            value
                .as_array()?
                .iter()
                .map(|one| one.as_str().and_then(&read))
                .collect()
        };
        Ok(self.optional(field, wanted, all)?.unwrap_or_default())
    }

    fn inner(&self, table: &'a Table, prefix: &'a str) -> Self {
        Self {
            file: self.file,
            id: self.id.clone(),
            table,
            prefix,
        }
    }
}

fn date(value: &Value) -> Option<NaiveDate> {
    value.as_str()?.parse().ok()
}

/// Reads the files without comparing rules with each other.
pub(super) fn parse(files: &[Document]) -> Read<RuleSet> {
    let mut hash = Sha256::new();
    let mut set = RuleSet {
        chains: BTreeMap::new(),
        groups: BTreeMap::new(),
        calendars: BTreeMap::new(),
        sha256: String::new(),
    };
    let mut tables = Vec::new();
    for file in files {
        hash.update((file.name.len() as u64).to_be_bytes());
        hash.update(&file.name);
        hash.update(Sha256::digest(file.text.as_bytes()));
        let table = head(file)?;
        groups(file, &table, &mut set)?;
        tables.push(table);
    }
    for (file, table) in files.iter().zip(&tables) {
        for (id, calendar) in calendars(file, table)? {
            if set.calendars.insert(id.clone(), calendar).is_some() {
                return Err(bad(file, format!("calendar {id}: it is given twice")));
            }
        }
        for (number, row) in rows(file, table, "rule")?.into_iter().enumerate() {
            let rule = rule(&file.name, number, row, &set)?;
            set.chains.entry(rule.id.clone()).or_default().push(rule);
        }
    }
    for chain in set.chains.values_mut() {
        chain.sort_by_key(|rule| rule.version);
    }
    set.sha256 = hex::encode(hash.finalize());
    Ok(set)
}

fn bad(file: &Document, problem: impl Into<String>) -> RulesError {
    RulesError::File {
        file: file.name.clone(),
        problem: problem.into(),
    }
}

fn head(file: &Document) -> Read<Table> {
    let table: Table = toml::from_str(&file.text).map_err(|error| bad(file, error.to_string()))?;
    let schema = table.get("schema").and_then(Value::as_integer);
    if schema != Some(SCHEMA) {
        return Err(bad(file, format!("schema: this build reads {SCHEMA}")));
    }
    let known = ["schema", "group", "calendar", "rule"];
    match table.keys().find(|key| !known.contains(&key.as_str())) {
        Some(odd) => Err(bad(file, format!("{odd}: no such table"))),
        None => Ok(table),
    }
}

fn rows<'a>(file: &Document, table: &'a Table, key: &str) -> Read<Vec<&'a Table>> {
    let Some(value) = table.get(key) else {
        return Ok(Vec::new());
    };
    let rows = value.as_array().map(|rows| rows.iter().map(Value::as_table).collect());
    rows.flatten()
        .ok_or_else(|| bad(file, format!("{key}: a list of tables is needed")))
}

fn groups(file: &Document, table: &Table, set: &mut RuleSet) -> Read<()> {
    for row in rows(file, table, "group")? {
        let reader = Reader {
            file: &file.name,
            id: "(group)".to_owned(),
            table: row,
            prefix: "group.",
        };
        reader.only(&["id", "members"])?;
        let id = reader.text("id")?;
        let country = |text: &str| places::is_country(text).then(|| text.to_owned());
        let members = reader.list("members", "countries of ISO 3166-1, two letters each", country)?;
        if places::is_country(&id) || members.is_empty() {
            return Err(reader.refuse("id", format!("{id} is a country, or has no members")));
        }
        if set.groups.insert(id.clone(), members).is_some() {
            return Err(reader.refuse("id", format!("{id} is given twice")));
        }
    }
    Ok(())
}

fn calendars(file: &Document, table: &Table) -> Read<Vec<(String, Calendar)>> {
    let mut found = Vec::new();
    for row in rows(file, table, "calendar")? {
        let reader = Reader {
            file: &file.name,
            id: "(calendar)".to_owned(),
            table: row,
            prefix: "calendar.",
        };
        reader.only(&["id", "weekend", "holidays", "from", "to", "citation"])?;
        let calendar = Calendar {
            weekend: reader.list("weekend", "days of the week", |text| text.parse().ok())?,
            holidays: reader
                .list("holidays", "days, YYYY-MM-DD", |text| text.parse().ok())?
                .into_iter()
                .collect(),
            from: reader.needed("from", "a day, YYYY-MM-DD", date)?,
            to: reader.needed("to", "a day, YYYY-MM-DD", date)?,
        };
        reader.text("citation")?;
        found.push((reader.text("id")?, calendar));
    }
    Ok(found)
}

const FIELDS: [&str; 22] = [
    "id",
    "version",
    "topic",
    "jurisdiction",
    "products",
    "borrowers",
    "licences",
    "amount",
    "term",
    "effective_from",
    "effective_to",
    "known_from",
    "supersedes",
    "status",
    "citation",
    "when",
    "outcome",
    "code",
    "level",
    "obligation",
    "retention",
    "message",
];

fn rule(file: &str, number: usize, table: &Table, set: &RuleSet) -> Read<Rule> {
    let id = table.get("id").and_then(Value::as_str);
    let reader = Reader {
        file,
        id: id.map_or_else(|| format!("number {}", number + 1), str::to_owned),
        table,
        prefix: "",
    };
    reader.only(&FIELDS)?;
    let rule = Rule {
        file: file.to_owned(),
        id: reader.text("id")?,
        version: reader
            .whole("version")?
            .ok_or_else(|| reader.refuse("version", "missing"))?,
        topic: reader.needed("topic", "no such topic", |v| Topic::parse(v.as_str()?))?,
        scope: scope(&reader, set)?,
        effective_from: reader.needed("effective_from", "a day, YYYY-MM-DD", date)?,
        effective_to: reader.optional("effective_to", "a day, YYYY-MM-DD", date)?,
        known_from: reader.needed("known_from", "a day, YYYY-MM-DD", date)?,
        supersedes: reader.whole("supersedes")?,
        status: reader.needed("status", "seed, unverified or verified", |v| Status::parse(v.as_str()?))?,
        citation: reader.text("citation")?,
        when: when(&reader)?,
        effect: effect(&reader)?,
        duties: duties(&reader, set)?,
        retention: reader.needed("retention", "no such class", |v| Retention::parse(v.as_str()?))?,
        message: reader.text("message")?,
    };
    if rule.effective_to.is_some_and(|last| last < rule.effective_from) {
        return Err(reader.refuse("effective_to", "it ends before it starts"));
    }
    if rule.effect == Effect::Pass && rule.when.is_some() && rule.duties.is_empty() {
        return Err(reader.refuse("when", "a condition under which nothing follows"));
    }
    if (rule.topic == Topic::Identity) != matches!(rule.effect, Effect::Identity(_)) {
        return Err(reader.refuse("outcome", "IDENTITY is the outcome of that topic, and of no other"));
    }
    Ok(rule)
}

fn scope(reader: &Reader<'_>, set: &RuleSet) -> Read<Scope> {
    let place = |value: &Value| places::parse(value.as_str()?, &set.groups);
    let product = |text: &str| serde_json::from_value::<Product>(text.into()).ok();
    Ok(Scope {
        place: reader.needed(
            "jurisdiction",
            "*, a group, a country of ISO 3166-1, or a subdivision like US-CA",
            place,
        )?,
        products: reader.list("products", "no such product", product)?,
        borrowers: reader.list("borrowers", "CONSUMER or BUSINESS", BorrowerKind::parse)?,
        licences: reader.list("licences", "BANK, NON_BANK or ONCHAIN", Licence::parse)?,
        amount: amount(reader)?,
        term: term(reader)?,
    })
}

fn amount(reader: &Reader<'_>) -> Read<Option<AmountBand>> {
    let Some(table) = reader.optional("amount", "a table is needed", Value::as_table)? else {
        return Ok(None);
    };
    let inner = reader.inner(table, "amount.");
    inner.only(&["currency", "min_minor", "max_minor"])?;
    let band = AmountBand {
        currency: inner.needed("currency", "ISO 4217", |v| Currency::parse(v.as_str()?).ok())?,
        min_minor: inner.minor("min_minor")?.unwrap_or(0),
        max_minor: inner.minor("max_minor")?.unwrap_or(i64::MAX),
    };
    if band.min_minor > band.max_minor {
        return Err(inner.refuse("max_minor", "the band is empty"));
    }
    Ok(Some(band))
}

fn term(reader: &Reader<'_>) -> Read<TermBand> {
    let mut band = TermBand {
        min_days: 0,
        max_days: u32::MAX,
    };
    if let Some(table) = reader.optional("term", "a table is needed", Value::as_table)? {
        let inner = reader.inner(table, "term.");
        inner.only(&["min_days", "max_days"])?;
        band.min_days = inner.whole("min_days")?.unwrap_or(0);
        band.max_days = inner.whole("max_days")?.unwrap_or(u32::MAX);
        if band.min_days > band.max_days {
            return Err(inner.refuse("max_days", "the band is empty"));
        }
    }
    Ok(band)
}

fn when(reader: &Reader<'_>) -> Read<Option<condition::Condition>> {
    let value = reader.table.get("when");
    let read = value.map(|value| condition::parse(value, "when", 0));
    read.transpose()
        .map_err(|flaw| reader.refuse(&flaw.field, flaw.problem))
}

fn effect(reader: &Reader<'_>) -> Read<Effect> {
    let outcome = reader.text("outcome")?;
    let stray = |field: &str| {
        let here = reader.table.contains_key(field);
        let refused = || Err(reader.refuse(field, format!("does not go with outcome {outcome}")));
        if here { refused() } else { Ok(()) }
    };
    match outcome.as_str() {
        "PASS" => {
            stray("code")?;
            stray("level")?;
            Ok(Effect::Pass)
        }
        "DECLINE" => {
            stray("level")?;
            Ok(Effect::Decline(code(reader)?))
        }
        "IDENTITY" => {
            stray("code")?;
            let level = reader.needed("level", "BASIC, STANDARD or ENHANCED", |v| {
                IdentityLevel::parse(v.as_str()?)
            })?;
            Ok(Effect::Identity(level))
        }
        _ => Err(reader.refuse("outcome", "PASS, DECLINE or IDENTITY")),
    }
}

fn code(reader: &Reader<'_>) -> Read<String> {
    let fits = |text: &&str| {
        (1..=40).contains(&text.len())
            && text
                .bytes()
                .all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
    };
    reader.needed("code", "1 to 40 upper-case letters, digits and underlines", |v| {
        v.as_str().filter(fits).map(str::to_owned)
    })
}

fn duties(reader: &Reader<'_>, set: &RuleSet) -> Read<Vec<Duty>> {
    let tables = reader.optional("obligation", "a list of tables is needed", |value| {
        value
            .as_array()?
            .iter()
            .map(Value::as_table)
            .collect::<Option<Vec<_>>>()
    })?;
    let mut duties = Vec::new();
    for table in tables.unwrap_or_default() {
        let inner = reader.inner(table, "obligation.");
        inner.only(&["code", "kind", "before", "days", "of", "after"])?;
        let event = |value: &Value| Event::parse(value.as_str()?);
        let before = inner.optional("before", "no such event", event)?;
        let days = inner.optional("days", "1 to 3650", |v| {
            u16::try_from(v.as_integer()?)
                .ok()
                .filter(|days| (1..=3650).contains(days))
        })?;
        let deadline = match (before, days) {
            (Some(event), None) => {
                if table.contains_key("of") || table.contains_key("after") {
                    return Err(inner.refuse("before", "does not go with of and after"));
                }
                Deadline::Before { event }
            }
            (None, Some(days)) => Deadline::Within {
                days,
                of: inner.needed("of", "CALENDAR or BUSINESS", |v| DayKind::parse(v.as_str()?))?,
                event: inner.needed("after", "no such event", event)?,
            },
            _ => return Err(inner.refuse("days", "either before, or days with of and after")),
        };
        let place = reader.table.get("jurisdiction").and_then(Value::as_str);
        let business = matches!(
            deadline,
            Deadline::Within {
                of: DayKind::Business,
                ..
            }
        );
        if business && place.and_then(|place| set.calendar_of(place)).is_none() {
            return Err(inner.refuse("of", "the jurisdiction has no calendar of business days"));
        }
        duties.push(Duty {
            code: code(&inner)?,
            kind: inner.needed("kind", "no such kind", |v| DutyKind::parse(v.as_str()?))?,
            deadline,
        });
    }
    Ok(duties)
}
