//! The US Treasury's lists as four tables without headers: entries, alternate names, addresses, and the ends of remarks that are
//! longer than a field. `-0-` stands for nothing; the last line is a lone 0x1A.

use std::collections::{HashMap, HashSet};

use super::csv::{Record, records};
use super::remarks;
use super::{Format, LoadError, Notice, NoticeKind, Parsed, Text};
use crate::entity::{Entity, EntityKind, Identifier, ListedName, NameGrade};

/// The tables of one list.
#[derive(Debug, Default)]
pub(super) struct Tables {
    /// Entries (`sdn.csv`, `cons_prim.csv`).
    pub entries: Option<Text>,
    /// Alternate names (`alt.csv`, `cons_alt.csv`).
    pub alternates: Option<Text>,
    /// Addresses (`add.csv`, `cons_add.csv`).
    pub addresses: Option<Text>,
    /// Ends of remarks (`sdn_comments.csv`, `cons_comments.csv`).
    pub comments: Option<Text>,
}

/// A remark of this length was cut where the field ended.
const REMARK_LIMIT: usize = 1000;

struct Reader<'a> {
    list: &'a str,
    entities: Vec<Entity>,
    at: HashMap<String, usize>,
    continued: HashMap<String, String>,
    used: HashSet<String>,
    cut: Vec<String>,
    notices: Vec<Notice>,
}

/// Reads a list from its tables.
pub(super) fn read(list: &str, tables: &Tables) -> Result<Parsed, LoadError> {
    let Some(entries) = &tables.entries else {
        let file = [&tables.alternates, &tables.addresses, &tables.comments]
            .into_iter()
            .flatten()
            .next();
        let name = file.map_or(list, |text| text.name.as_str());
        return Err(LoadError::file(
            name,
            "belongs to a list whose table of entries (sdn.csv) is not there",
        ));
    };
    let mut reader = Reader {
        list,
        entities: Vec::new(),
        at: HashMap::new(),
        continued: HashMap::new(),
        used: HashSet::new(),
        cut: Vec::new(),
        notices: Vec::new(),
    };
    if let Some(comments) = &tables.comments {
        each(comments, 2, &mut |record, file| reader.comment(record, file))?;
    }
    each(entries, 12, &mut |record, file| reader.entry(record, file))?;
    if let Some(comments) = &tables.comments {
        reader.tell_unused_comments(&comments.name);
    }
    if let Some(alternates) = &tables.alternates {
        each(alternates, 5, &mut |record, file| reader.alternate(record, file))?;
    }
    if let Some(addresses) = &tables.addresses {
        each(addresses, 6, &mut |record, file| reader.address(record, file))?;
    }
    for (missing, what) in [
        (
            tables.alternates.is_none(),
            "the alternate names (alt.csv) are not there",
        ),
        (tables.addresses.is_none(), "the addresses (add.csv) are not there"),
    ] {
        if missing {
            reader.notice(&entries.name, 0, NoticeKind::MissingPart, what);
        }
    }
    Ok(Parsed {
        list: list.to_owned(),
        format: Format::OfacCsv,
        published: None,
        partial: tables.alternates.is_none() || tables.addresses.is_none(),
        entities: reader.entities,
        cut: reader.cut,
        notices: reader.notices,
    })
}

/// Calls `take` for each record after checking how many fields it has.
fn each(
    text: &Text,
    width: usize,
    take: &mut dyn FnMut(&Record, &str) -> Result<(), LoadError>,
) -> Result<(), LoadError> {
    let wrong = |line, why: String| LoadError::line(&text.name, line, why);
    for record in records(&text.body, ',').map_err(|broken| wrong(broken.line, broken.why.to_owned()))? {
        if record.fields.len() != width {
            let why = format!("{} fields where {width} belong", record.fields.len());
            return Err(wrong(record.line, why));
        }
        take(&record, &text.name)?;
    }
    Ok(())
}

/// The value of a field; none for the list's sign of nothing.
fn given(field: &str) -> Option<&str> {
    Some(field.trim()).filter(|text| !matches!(*text, "-0-" | ""))
}

impl Reader<'_> {
    fn notice(&mut self, file: &str, line: usize, kind: NoticeKind, text: &str) {
        self.notices.push(Notice {
            file: file.to_owned(),
            line,
            kind,
            text: text.to_owned(),
        });
    }

    fn comment(&mut self, record: &Record, file: &str) -> Result<(), LoadError> {
        let id = number(record, 0, file)?;
        self.continued.entry(id).or_default().push_str(&record.fields[1]);
        Ok(())
    }

    fn tell_unused_comments(&mut self, file: &str) {
        let mut unused: Vec<String> = self
            .continued
            .keys()
            .filter(|id| !self.used.contains(*id))
            .cloned()
            .collect();
        unused.sort();
        for id in unused {
            self.notice(file, 0, NoticeKind::UnusedRemark, &id);
        }
    }

    fn entry(&mut self, record: &Record, file: &str) -> Result<(), LoadError> {
        let id = number(record, 0, file)?;
        let wrong = |why: &str| LoadError::line(file, record.line, why);
        let name = given(&record.fields[1]).ok_or_else(|| wrong("an entry without a name"))?;
        let kind = match given(&record.fields[2]) {
            None => EntityKind::Organization,
            Some("individual") => EntityKind::Person,
            Some("vessel") => EntityKind::Vessel,
            Some("aircraft") => EntityKind::Aircraft,
            Some(_) => return Err(wrong("an unknown type of entry")),
        };
        let mut entity = Entity {
            list: self.list.to_owned(),
            id: id.clone(),
            kind,
            names: vec![ListedName {
                text: name.to_owned(),
                grade: NameGrade::Primary,
            }],
            programs: given(&record.fields[3]).map(programs).unwrap_or_default(),
            ..Entity::default()
        };
        let mut odd = Vec::new();
        let mut notice = |kind, text: &str| odd.push((kind, text.to_owned()));
        if let Some(sign) = given(&record.fields[5]) {
            entity.identifiers.push(Identifier {
                kind: "call sign".to_owned(),
                value: sign.to_owned(),
                country: None,
            });
        }
        if let Some(flag) = given(&record.fields[9]) {
            remarks::country_of(flag, &mut entity, &mut notice);
        }
        if given(&record.fields[11]).is_some() {
            // A cut remark may end in a blank that parts it from its continuation.
            let text = record.fields[11].as_str();
            let open = text.chars().count() >= REMARK_LIMIT || !text.trim_end().ends_with('.');
            let rest = self.continued.get(&id).filter(|_| open);
            if rest.is_some() {
                self.used.insert(id.clone());
            }
            let cut = open && rest.is_none();
            let whole = rest.map_or_else(|| text.to_owned(), |rest| format!("{text}{rest}"));
            remarks::read(&whole, cut, &mut entity, &mut notice).map_err(|refused| wrong(refused.0))?;
            if cut {
                notice(NoticeKind::CutRemark, &id);
                self.cut.push(id.clone());
            }
        }
        for (kind, text) in odd {
            self.notice(file, record.line, kind, &text);
        }
        if self.at.insert(id, self.entities.len()).is_some() {
            return Err(wrong("a second entry with the same number"));
        }
        self.entities.push(entity);
        Ok(())
    }

    fn owner(&mut self, record: &Record, file: &str) -> Result<&mut Entity, LoadError> {
        let id = number(record, 0, file)?;
        let at = self.at.get(&id).copied();
        at.and_then(|at| self.entities.get_mut(at))
            .ok_or_else(|| LoadError::line(file, record.line, format!("belongs to {id}, which is no entry")))
    }

    fn alternate(&mut self, record: &Record, file: &str) -> Result<(), LoadError> {
        let grade = match record.fields[2].as_str() {
            "aka" | "nka" => NameGrade::Strong,
            "fka" => NameGrade::Former,
            _ => return Err(LoadError::line(file, record.line, "an unknown type of alternate name")),
        };
        let remark = given(&record.fields[4]).unwrap_or_default().to_ascii_lowercase();
        let grade = if remark.contains("weak") {
            NameGrade::Weak
        } else {
            grade
        };
        let name = given(&record.fields[3]).map(str::to_owned);
        let owner = self.owner(record, file)?;
        match name {
            Some(text) => owner.names.push(ListedName { text, grade }),
            None => self.notice(file, record.line, NoticeKind::EmptyAlias, &record.fields[3]),
        }
        Ok(())
    }

    fn address(&mut self, record: &Record, file: &str) -> Result<(), LoadError> {
        let country = given(&record.fields[4]).map(str::to_owned);
        let owner = self.owner(record, file)?;
        let mut odd = None;
        if let Some(country) = country.filter(|name| name != "undetermined") {
            remarks::country_of(&country, owner, &mut |kind, text| odd = Some((kind, text.to_owned())));
        }
        if let Some((kind, text)) = odd {
            self.notice(file, record.line, kind, &text);
        }
        Ok(())
    }
}

fn number(record: &Record, column: usize, file: &str) -> Result<String, LoadError> {
    let text = record.fields[column].trim();
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if digits {
        Ok(text.to_owned())
    } else {
        Err(LoadError::line(
            file,
            record.line,
            "does not begin with the number of an entry",
        ))
    }
}

/// `SDGT] [NPWMD` are two programs.
fn programs(text: &str) -> Vec<String> {
    text.split("] [")
        .map(|program| program.trim_matches(['[', ']', ' ']).to_owned())
        .collect()
}
