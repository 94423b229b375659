//! Files to a snapshot: unpacks, recognises each by what it holds, reads, and says what was read.

use std::io::Read as _;

use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};

use super::{
    FileInfo, ListInfo, LoadError, Notice, Parsed, Snapshot, Text, eu, ofac, ofac_advanced, ofac_xml, own, un, xml,
};

/// A file as it was found.
#[derive(Clone, Debug)]
pub struct ListFile {
    /// Its name; folders before it do not matter.
    pub name: String,
    /// Its bytes, packed by gzip or not.
    pub bytes: Vec<u8>,
}

/// Unpacked size above which a file is refused.
const LIMIT: u64 = 512 * 1024 * 1024;

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Entries,
    Alternates,
    Addresses,
    Comments,
    Eu,
    Own,
    Wallets,
    Xml,
}

/// Reads all files into one snapshot. Each list may be there once.
pub fn load(files: &[ListFile]) -> Result<Snapshot, LoadError> {
    let mut texts = files.iter().map(unpack).collect::<Result<Vec<Text>, _>>()?;
    texts.sort_by(|a, b| (&a.name, &a.sha256).cmp(&(&b.name, &b.sha256)));
    let mut snapshot = Snapshot {
        version: version(&texts),
        ..Snapshot::default()
    };
    let mut specially = Tables::new("OFAC-SDN");
    let mut others = Tables::new("OFAC-CONS");
    let mut seen: Vec<(Parsed, Vec<FileInfo>)> = Vec::new();
    for text in texts {
        let info = info(&text);
        let part = recognise(&text)?;
        let parsed = match part {
            Part::Entries | Part::Alternates | Part::Addresses | Part::Comments => {
                let tables = if text.name.starts_with("cons") {
                    &mut others
                } else {
                    &mut specially
                };
                tables.put(part, text)?;
                continue;
            }
            Part::Eu => eu::read(&text)?,
            Part::Own => own::read(&list_name(&text.name), &text)?,
            Part::Wallets => own::read_wallets(&wallet_list_name(&text.name), &text)?,
            Part::Xml => document(&text)?,
        };
        seen.push((parsed, vec![info]));
    }
    for tables in [specially, others] {
        if !tables.files.is_empty() {
            seen.push((ofac::read(tables.list, &tables.parts)?, tables.files));
        }
    }
    seen.sort_by(|(a, _), (b, _)| a.list.cmp(&b.list));
    for (parsed, files) in seen {
        add(&mut snapshot, parsed, files)?;
    }
    if snapshot.entities.is_empty() {
        return Err(LoadError::Nothing);
    }
    Ok(snapshot)
}

/// Tables of one list of the US Treasury as they are found.
struct Tables {
    list: &'static str,
    parts: ofac::Tables,
    files: Vec<FileInfo>,
}

impl Tables {
    fn new(list: &'static str) -> Self {
        Self {
            list,
            parts: ofac::Tables::default(),
            files: Vec::new(),
        }
    }

    fn put(&mut self, part: Part, text: Text) -> Result<(), LoadError> {
        let place = match part {
            Part::Entries => &mut self.parts.entries,
            Part::Alternates => &mut self.parts.alternates,
            Part::Addresses => &mut self.parts.addresses,
            _ => &mut self.parts.comments,
        };
        if let Some(other) = place {
            let why = format!("is the same table of {} as {}", self.list, other.name);
            return Err(LoadError::file(&text.name, why));
        }
        self.files.push(info(&text));
        *place = Some(text);
        Ok(())
    }
}

fn add(snapshot: &mut Snapshot, mut parsed: Parsed, files: Vec<FileInfo>) -> Result<(), LoadError> {
    let file = files.first().map_or("", |file| file.name.as_str());
    if parsed.entities.is_empty() {
        return Err(LoadError::file(file, format!("{} has no entries", parsed.list)));
    }
    if snapshot.lists.iter().any(|info| info.list == parsed.list) {
        return Err(LoadError::file(file, format!("{} is there twice", parsed.list)));
    }
    snapshot.lists.push(ListInfo {
        list: parsed.list.clone(),
        format: parsed.format,
        files,
        published: parsed.published,
        entries: parsed.entities.len(),
        names: parsed.entities.iter().map(|entity| entity.names.len()).sum(),
        wallets: parsed.entities.iter().map(|entity| entity.wallets.len()).sum(),
        partial: parsed.partial,
    });
    let list = parsed.list;
    snapshot.cut.extend(parsed.cut.into_iter().map(|id| (list.clone(), id)));
    snapshot.entities.append(&mut parsed.entities);
    let notices: &mut Vec<Notice> = &mut parsed.notices;
    snapshot.notices.append(notices);
    Ok(())
}

fn unpack(file: &ListFile) -> Result<Text, LoadError> {
    let short = file.name.rsplit(['/', '\\']).next().unwrap_or(&file.name);
    let packed = file.bytes.starts_with(&[0x1f, 0x8b]);
    let name = short.strip_suffix(".gz").unwrap_or(short).to_ascii_lowercase();
    let mut bytes = Vec::new();
    if packed {
        let read = MultiGzDecoder::new(&file.bytes[..])
            .take(LIMIT + 1)
            .read_to_end(&mut bytes);
        read.map_err(|error| LoadError::file(short, format!("cannot be unpacked: {error}")))?;
    } else {
        bytes.clone_from(&file.bytes);
    }
    if bytes.len() as u64 > LIMIT {
        return Err(LoadError::file(short, "is larger than 512 MiB"));
    }
    let sha256 = hex::encode(Sha256::digest(&bytes));
    let text = String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let good = std::str::from_utf8(&error.as_bytes()[..valid]).unwrap_or_default();
        LoadError::line(short, good.matches('\n').count() + 1, "is not UTF-8")
    })?;
    let text = text
        .strip_prefix('\u{feff}')
        .map_or_else(|| text.clone(), str::to_owned);
    Ok(Text {
        name,
        body: text,
        sha256,
    })
}

fn info(text: &Text) -> FileInfo {
    FileInfo {
        name: text.name.clone(),
        sha256: text.sha256.clone(),
        bytes: text.body.len(),
    }
}

fn version(texts: &[Text]) -> String {
    let mut hash = Sha256::new();
    for text in texts {
        hash.update(text.name.as_bytes());
        hash.update([0]);
        hash.update(text.sha256.as_bytes());
        hash.update([0]);
    }
    hex::encode(hash.finalize())
}

/// By the first line, and for the tables without a header by their name or their number of fields.
fn recognise(text: &Text) -> Result<Part, LoadError> {
    let start = text.body.trim_start();
    if start.starts_with('<') {
        return Ok(Part::Xml);
    }
    let first = start.lines().next().unwrap_or_default();
    let headings: Vec<&str> = first.split(',').map(|cell| cell.trim().trim_matches('"')).collect();
    if first.starts_with("fileGenerationDate;") || first.contains("Entity_LogicalId;") {
        return Ok(Part::Eu);
    }
    if headings.contains(&"address") && headings.contains(&"currency") {
        return Ok(Part::Wallets);
    }
    if headings.contains(&"id") && headings.contains(&"name") {
        return Ok(Part::Own);
    }
    let stem = text.name.strip_suffix(".csv").unwrap_or(&text.name);
    for (ends, part) in [
        (["sdn_comments", "cons_comments"], Part::Comments),
        (["sdn", "cons_prim"], Part::Entries),
        (["alt", "cons_alt"], Part::Alternates),
        (["add", "cons_add"], Part::Addresses),
    ] {
        if ends.contains(&stem) {
            return Ok(part);
        }
    }
    let numbered = first
        .split(',')
        .next()
        .is_some_and(|cell| !cell.is_empty() && cell.bytes().all(|b| b.is_ascii_digit()));
    let row = super::csv::records(first, ',')
        .ok()
        .and_then(|rows| rows.into_iter().next());
    match row.filter(|_| numbered).map(|row| row.fields.len()) {
        Some(12) => Ok(Part::Entries),
        Some(5) => Ok(Part::Alternates),
        Some(6) => Ok(Part::Addresses),
        Some(2) => Ok(Part::Comments),
        _ => Err(LoadError::file(
            &text.name,
            "is no list that is known: OFAC (CSV, XML), UN (XML), EU (CSV 1.1), or a table with the columns id and name, or currency \
             and address",
        )),
    }
}

fn document(text: &Text) -> Result<Parsed, LoadError> {
    let root = xml::parse_without(text, &ofac_advanced::UNUSED)?;
    match root.name.as_str() {
        "sdnList" if text.name.starts_with("cons") => ofac_xml::read("OFAC-CONS", &text.name, &root),
        "sdnList" => ofac_xml::read("OFAC-SDN", &text.name, &root),
        "Sanctions" if text.name.starts_with("cons") => ofac_advanced::read("OFAC-CONS", &text.name, &root),
        "Sanctions" => ofac_advanced::read("OFAC-SDN", &text.name, &root),
        "CONSOLIDATED_LIST" => un::read(&text.name, &root),
        other => Err(LoadError::file(
            &text.name,
            format!("has the root {other:?}; known are sdnList, Sanctions and CONSOLIDATED_LIST"),
        )),
    }
}

fn list_name(file: &str) -> String {
    let stem = file.split('.').next().unwrap_or(file);
    stem.to_ascii_uppercase().replace([' ', '_'], "-")
}

fn wallet_list_name(file: &str) -> String {
    if file.starts_with("ofac") {
        "OFAC-DIGITAL-CURRENCY".to_owned()
    } else {
        list_name(file)
    }
}
