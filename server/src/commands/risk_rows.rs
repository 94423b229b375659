//! Rows of a file for a model: how the file is laid out is found from its beginning, then it is read line by line.

use std::collections::BTreeSet;
use std::io::{BufRead, Cursor, Read};

use ::risk::model::{Feature, Manifest};
use anyhow::{Context, Result, bail, ensure};

/// Lines that the layout is found from.
const SAMPLE_LINES: usize = 200;
/// One line, or one record whose quoted fields span lines.
const MAX_RECORD: usize = 1 << 20;
/// Tried after the model's own.
const DELIMITERS: [char; 5] = [',', ';', '\t', '|', ' '];

/// How a file is laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    delimiter: char,
    header: bool,
    /// Fields of every record.
    width: usize,
    /// Where each feature's column is.
    places: Vec<usize>,
    /// What was found, for people.
    pub found: String,
}

/// A record and the line that it begins on.
struct Record {
    line: u64,
    bytes: Vec<u8>,
}

/// Rows of a file, in order.
pub struct Rows<'a> {
    features: &'a [Feature],
    layout: Layout,
    from: Box<dyn BufRead + 'a>,
    line: u64,
    fields: Vec<String>,
}

impl std::fmt::Debug for Rows<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rows")
            .field("layout", &self.layout)
            .finish_non_exhaustive()
    }
}

impl<'a> Rows<'a> {
    /// Finds the layout from the first lines.
    pub fn open(manifest: &'a Manifest, mut from: impl BufRead + 'a) -> Result<Self> {
        let mut sample = Vec::new();
        for _ in 0..SAMPLE_LINES {
            let before = sample.len();
            let read = from.by_ref().take(limit()).read_until(b'\n', &mut sample)?;
            if read == 0 {
                break;
            }
            ensure!(
                sample.len() - before <= MAX_RECORD,
                "a line is longer than {MAX_RECORD} bytes"
            );
        }
        if sample.starts_with(&[0xff, 0xfe]) || sample.starts_with(&[0xfe, 0xff]) {
            bail!("the file is UTF-16: save it as UTF-8");
        }
        let mark = if sample.starts_with(&[0xef, 0xbb, 0xbf]) { 3 } else { 0 };
        let sample = sample.split_off(mark);
        let layout = Layout::find(manifest, &sample)?;
        let mut rows = Self {
            features: &manifest.features,
            from: Box::new(Cursor::new(sample).chain(from)),
            line: 0,
            fields: Vec::new(),
            layout,
        };
        if rows.layout.header {
            rows.record()?;
        }
        Ok(rows)
    }

    /// What was found of the layout.
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    fn record(&mut self) -> Result<Option<Record>> {
        next_record(&mut self.from, &mut self.line, self.layout.delimiter)
    }

    /// The next row into `row`, and whether there was one.
    pub fn next_into(&mut self, row: &mut Vec<f64>) -> Result<bool> {
        let Some(record) = self.record()? else {
            return Ok(false);
        };
        let line = record.line;
        split(&record.bytes, self.layout.delimiter, &mut self.fields).with_context(|| format!("line {line}"))?;
        ensure!(
            self.fields.len() == self.layout.width,
            "line {line} has {} values, expected {}",
            self.fields.len(),
            self.layout.width
        );
        row.clear();
        for (feature, place) in self.features.iter().zip(&self.layout.places) {
            let text = self.fields.get(*place).map_or("", String::as_str);
            row.push(feature.value(text).with_context(|| format!("line {line}"))?);
        }
        Ok(true)
    }
}

fn limit() -> u64 {
    u64::try_from(MAX_RECORD).map_or(u64::MAX, |most| most + 1)
}

/// The next record that is not blank; one more line as long as a quote is open.
fn next_record(from: &mut dyn BufRead, line: &mut u64, delimiter: char) -> Result<Option<Record>> {
    let mut bytes = Vec::new();
    loop {
        let begins = *line + 1;
        bytes.clear();
        loop {
            let read = from.take(limit()).read_until(b'\n', &mut bytes)?;
            *line += u64::from(read > 0);
            ensure!(
                bytes.len() <= MAX_RECORD,
                "line {begins} is longer than {MAX_RECORD} bytes"
            );
            let quotes = bytes.iter().filter(|byte| **byte == b'"').count();
            if read == 0 || delimiter == ' ' || quotes % 2 == 0 {
                break;
            }
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
            bytes.pop();
        }
        if !bytes.iter().all(u8::is_ascii_whitespace) {
            return Ok(Some(Record { line: begins, bytes }));
        }
    }
}

/// The fields of a record, without quotes and outer blanks. A blank as the delimiter stands for a run of blanks.
fn split(record: &[u8], delimiter: char, fields: &mut Vec<String>) -> Result<()> {
    let text = std::str::from_utf8(record).context("is not UTF-8")?;
    fields.clear();
    if delimiter == ' ' {
        fields.extend(
            text.split_ascii_whitespace()
                .map(|field| field.trim_matches('"').to_owned()),
        );
        return Ok(());
    }
    let mut rest = text;
    loop {
        let (field, after) = field(rest, delimiter)?;
        fields.push(field);
        match after {
            Some(after) => rest = after,
            None => return Ok(()),
        }
    }
}

/// One field, and what follows its delimiter; none at the end.
fn field(text: &str, delimiter: char) -> Result<(String, Option<&str>)> {
    let blanks = |c: char| c == ' ' || (c == '\t' && delimiter != '\t');
    let start = text.trim_start_matches(blanks);
    if !start.starts_with('"') {
        return Ok(match text.split_once(delimiter) {
            Some((field, after)) => (field.trim().to_owned(), Some(after)),
            None => (text.trim().to_owned(), None),
        });
    }
    let mut field = String::new();
    let mut rest = &start[1..];
    loop {
        let (part, after) = rest.split_once('"').context("has a quote that is not closed")?;
        field.push_str(part);
        if let Some(more) = after.strip_prefix('"') {
            field.push('"');
            rest = more;
            continue;
        }
        let after = after.trim_start_matches(blanks);
        let next = after.strip_prefix(delimiter);
        ensure!(next.is_some() || after.is_empty(), "has text after a closing quote");
        return Ok((field.trim().to_owned(), next));
    }
}

impl Layout {
    fn find(manifest: &Manifest, sample: &[u8]) -> Result<Self> {
        let own = manifest.input.delimiter.chars().next().unwrap_or(',');
        let delimiters = std::iter::once(own).chain(DELIMITERS.into_iter().filter(|other| *other != own));
        let mut parsed = Vec::new();
        for delimiter in delimiters {
            // A sample may end within a quoted field, and another delimiter may make no sense of the quotes.
            let records: Vec<Vec<String>> = records(sample, delimiter);
            if let Some(first) = records.first() {
                if let Some(places) = by_name(manifest, first) {
                    return Self::with_header(delimiter, first, places, manifest);
                }
                parsed.push((delimiter, records));
            }
        }
        ensure!(!parsed.is_empty(), "the file holds no rows");
        for (_, records) in &parsed {
            refuse_part_of_a_header(manifest, records.first().map_or(&[], Vec::as_slice))?;
        }
        parsed
            .iter()
            .find_map(|(delimiter, records)| Self::by_position(manifest, *delimiter, records).transpose())
            .unwrap_or_else(|| Err(no_layout(manifest, &parsed)))
    }

    fn with_header(delimiter: char, names: &[String], places: Vec<usize>, manifest: &Manifest) -> Result<Self> {
        for (feature, place) in manifest.features.iter().zip(&places) {
            let same = names.iter().filter(|name| **name == names[*place]).count();
            ensure!(same == 1, "line 1: column {} is there {same} times", feature.column);
        }
        Ok(Self {
            delimiter,
            header: true,
            width: names.len(),
            places,
            found: format!("columns by the names in line 1, separated by {}", called(delimiter)),
        })
    }

    /// Without a header: the columns in the model's order, with or without the target and a number of the row.
    fn by_position(manifest: &Manifest, delimiter: char, records: &[Vec<String>]) -> Result<Option<Self>> {
        let width = records.first().map_or(0, Vec::len);
        let mut fitting: Vec<(f64, Self)> = Vec::new();
        for (columns, what) in orders(manifest) {
            let place = |feature: &Feature| columns.iter().position(|name| *name == Some(&feature.column));
            let places: Option<Vec<usize>> = manifest.features.iter().map(place).collect();
            let Some(places) = places.filter(|_| columns.len() == width) else {
                continue;
            };
            let layout = Self {
                delimiter,
                header: false,
                width,
                places,
                found: format!(
                    "no names in line 1: the model's columns in order, {what}, separated by {}",
                    called(delimiter)
                ),
            };
            let target = manifest.training.as_ref().and_then(|training| training.target.as_ref());
            let target = columns.iter().position(|name| name.is_some() && *name == target);
            fitting.push((layout.plausible(&manifest.features, target, records), layout));
        }
        fitting.sort_by(|a, b| b.0.total_cmp(&a.0));
        if let [(first, one), (second, other), ..] = fitting.as_slice() {
            let tied = first <= second && one.places != other.places;
            ensure!(
                !tied,
                "cannot tell which columns these are: add a first line with their names"
            );
        }
        Ok(fitting.into_iter().next().map(|(_, layout)| layout))
    }

    /// How well the first rows fit the features, 0 to 1.
    fn plausible(&self, features: &[Feature], target: Option<usize>, records: &[Vec<String>]) -> f64 {
        let (mut fits, mut cells) = (0_u32, 0_u32);
        for record in records {
            for (feature, place) in features.iter().zip(&self.places) {
                cells += 4;
                fits += record.get(*place).map_or(0, |text| fit(feature, features, text));
            }
        }
        if let Some(target) = target {
            let values: BTreeSet<Option<&String>> = records.iter().map(|record| record.get(target)).collect();
            // An outcome has two values.
            cells *= 2;
            fits *= if values.len() <= 2 { 2 } else { 1 };
        }
        f64::from(fits) / f64::from(cells.max(1))
    }
}

/// How well a text fits a feature, 0 to 4.
fn fit(feature: &Feature, features: &[Feature], text: &str) -> u32 {
    if feature.category.is_some() || !feature.codes.is_empty() {
        let same = features.iter().filter(|other| other.column == feature.column);
        let known = same.into_iter().any(|other| {
            other.category.as_deref() == Some(text)
                || other.codes.contains_key(text)
                || other.missing.iter().any(|m| m == text)
        });
        return if known { 4 } else { 1 };
    }
    match feature.value(text) {
        Ok(value) if value.is_nan() => 3,
        Ok(value) if (feature.min..=feature.max).contains(&value) => 4,
        Ok(_) => 2,
        Err(_) => 0,
    }
}

fn records(sample: &[u8], delimiter: char) -> Vec<Vec<String>> {
    let (mut from, mut line) = (Cursor::new(sample), 0);
    let mut records = Vec::new();
    while let Ok(Some(record)) = next_record(&mut from, &mut line, delimiter) {
        let mut fields = Vec::new();
        if split(&record.bytes, delimiter, &mut fields).is_err() {
            break;
        }
        records.push(fields);
    }
    records
}

/// Where the column of each feature is; none unless every one is there. Letters' case counts only when it has to.
fn by_name(manifest: &Manifest, names: &[String]) -> Option<Vec<usize>> {
    let place = |feature: &Feature| {
        let exact = names.iter().position(|name| *name == feature.column);
        exact.or_else(|| names.iter().position(|name| name.eq_ignore_ascii_case(&feature.column)))
    };
    manifest.features.iter().map(place).collect()
}

fn refuse_part_of_a_header(manifest: &Manifest, names: &[String]) -> Result<()> {
    let has = |column: &String| names.iter().any(|name| name.eq_ignore_ascii_case(column));
    let columns: BTreeSet<&String> = manifest.features.iter().map(|feature| &feature.column).collect();
    let missing: Vec<&str> = columns
        .iter()
        .filter(|column| !has(column))
        .map(|column| column.as_str())
        .collect();
    // One name alone could be a value that is spelled like it.
    let found = columns.len() - missing.len();
    if found > 1 || (found == 1 && columns.len() <= 2) {
        bail!("line 1: no column {}", missing.join(", "));
    }
    Ok(())
}

type Columns<'a> = Vec<Option<&'a String>>;

/// The orders of columns that a file without names may have; none stands for a number of the row.
fn orders(manifest: &Manifest) -> Vec<(Columns<'_>, &'static str)> {
    let target = manifest.training.as_ref().and_then(|training| training.target.as_ref());
    let used = |name: &String| manifest.features.iter().any(|feature| feature.column == *name);
    let all: Columns = manifest.input.columns.iter().map(Some).collect();
    let outcome = target.filter(|target| !used(target));
    let without = |columns: &Columns<'_>| -> bool { columns.iter().any(|name| name.is_some() && *name == outcome) };
    let mut orders = vec![(all.clone(), "all of them")];
    if without(&all) {
        let rest: Columns = all.iter().copied().filter(|name| *name != outcome).collect();
        orders.push((rest, "without the target"));
    }
    let first = all.first().copied().flatten();
    if first.is_some_and(|first| !used(first) && Some(first) != outcome) {
        for (columns, what) in orders.clone() {
            let what = if what == "all of them" {
                "without the first"
            } else {
                "without the first and the target"
            };
            orders.push((columns[1..].to_vec(), what));
        }
    } else {
        for (columns, what) in orders.clone() {
            let what = if what == "all of them" {
                "after a number of the row"
            } else {
                "after a number of the row, without the target"
            };
            orders.push(([&[None], columns.as_slice()].concat(), what));
        }
    }
    orders
}

fn no_layout(manifest: &Manifest, parsed: &[(char, Vec<Vec<String>>)]) -> anyhow::Error {
    let (delimiter, width) = match parsed.first() {
        Some((delimiter, records)) => (*delimiter, records.first().map_or(0, Vec::len)),
        None => (',', 0),
    };
    anyhow::anyhow!(
        "line 1 has neither the names of the columns nor as many values as the model has columns ({width} separated by {}, \
         expected {}); add a first line with the names: {}",
        called(delimiter),
        manifest.input.columns.len(),
        manifest.input.columns.join(",")
    )
}

fn called(delimiter: char) -> &'static str {
    match delimiter {
        ' ' => "blanks",
        '\t' => "tabs",
        ';' => "semicolons",
        '|' => "bars",
        _ => "commas",
    }
}

#[cfg(test)]
#[path = "risk_rows_tests.rs"]
mod tests;
