//! The text of a manifest: tables whose every key is known, and where each stands.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::lex::Mistake;
use super::parse::{Expr, Names, parse};

/// A place in a manifest, both from 1; the column counts characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Line.
    pub line: usize,
    /// Column.
    pub column: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}", self.line, self.column)
    }
}

/// A manifest that cannot be used. Every one names where and what, so that its author knows what to change.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not TOML at all.
    #[error("{place}: not TOML: {what}")]
    NotToml {
        /// Where.
        place: Place,
        /// What the TOML reader says.
        what: String,
    },
    /// A key that the table needs.
    #[error("{place}: [{table}] needs the key `{key}`")]
    Missing {
        /// The table, dotted; empty for the top.
        table: String,
        /// The key.
        key: String,
        /// Where the table begins.
        place: Place,
    },
    /// A key that the table does not have.
    #[error("{place}: [{table}] has no key `{key}`")]
    Unknown {
        /// The table.
        table: String,
        /// The key.
        key: String,
        /// Where.
        place: Place,
    },
    /// A value that the key cannot have.
    #[error("{place}: [{table}] {key}: {what}")]
    Value {
        /// The table.
        table: String,
        /// The key.
        key: String,
        /// Where.
        place: Place,
        /// What is wrong.
        what: String,
    },
    /// An expression that is none: a syntax error, an unknown function or name.
    #[error("{place}: [{table}] {key}: {what}")]
    Expression {
        /// The table.
        table: String,
        /// The key.
        key: String,
        /// Where in the expression.
        place: Place,
        /// What is wrong.
        what: String,
    },
}

pub(super) type Loaded<T> = Result<T, ManifestError>;

/// An expression and the key that it is for.
#[derive(Debug)]
pub(super) struct Bound {
    pub expr: Expr,
    /// Dotted: `offer.rate.nominal`.
    pub key: Arc<str>,
}

/// A table being read. [`Self::finish`] refuses the keys that nobody asked for.
pub(super) struct Table<'t> {
    source: &'t str,
    path: String,
    members: &'t DeTable<'t>,
    at: usize,
    used: RefCell<BTreeSet<String>>,
}

/// Reads a whole manifest.
pub(super) fn read<T>(source: &str, how: impl FnOnce(&Table<'_>) -> Loaded<T>) -> Loaded<T> {
    let document = DeTable::parse(source).map_err(|error| ManifestError::NotToml {
        place: place(source, error.span().map_or(0, |span| span.start)),
        what: error.message().to_owned(),
    })?;
    let top = Table {
        source,
        path: String::new(),
        members: document.get_ref(),
        at: 0,
        used: RefCell::default(),
    };
    let found = how(&top)?;
    top.finish()?;
    Ok(found)
}

fn place(source: &str, at: usize) -> Place {
    let before = source.get(..at).unwrap_or(source);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    Place {
        line: before.matches('\n').count() + 1,
        column: before[line_start..].chars().count() + 1,
    }
}

impl<'t> Table<'t> {
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    fn dotted(&self, key: &str) -> String {
        if self.path.is_empty() {
            key.to_owned()
        } else {
            format!("{}.{key}", self.path)
        }
    }

    pub(super) fn get(&self, key: &str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.used.borrow_mut().insert(key.to_owned());
        self.members.get(key)
    }

    /// The keys in the order of the alphabet, all of them asked for.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'t str, &'t Spanned<DeValue<'t>>)> {
        let names = self.members.keys().map(|key| key.get_ref().to_string());
        self.used.borrow_mut().extend(names);
        self.members.iter().map(|(key, value)| (&**key.get_ref(), value))
    }

    pub(super) fn missing(&self, key: &str) -> ManifestError {
        ManifestError::Missing {
            table: self.path.clone(),
            key: key.to_owned(),
            place: place(self.source, self.at),
        }
    }

    pub(super) fn wrong(&self, key: &str, value: &Spanned<DeValue<'_>>, what: impl Into<String>) -> ManifestError {
        ManifestError::Value {
            table: self.path.clone(),
            key: key.to_owned(),
            place: place(self.source, value.span().start),
            what: what.into(),
        }
    }

    pub(super) fn finish(&self) -> Loaded<()> {
        let used = self.used.borrow();
        let unknown = self.members.keys().find(|key| !used.contains(&**key.get_ref()));
        unknown.map_or(Ok(()), |key| {
            Err(ManifestError::Unknown {
                table: self.path.clone(),
                key: key.get_ref().to_string(),
                place: place(self.source, key.span().start),
            })
        })
    }

    pub(super) fn need(&self, key: &str) -> Loaded<&'t Spanned<DeValue<'t>>> {
        self.get(key).ok_or_else(|| self.missing(key))
    }

    pub(super) fn optional_text(&self, key: &str) -> Loaded<Option<&'t str>> {
        let read = |value: &'t Spanned<DeValue<'t>>| {
            let text = value.get_ref().as_str();
            text.ok_or_else(|| self.wrong(key, value, "expected a text"))
        };
        self.get(key).map(read).transpose()
    }

    pub(super) fn text(&self, key: &str) -> Loaded<&'t str> {
        self.optional_text(key)?.ok_or_else(|| self.missing(key))
    }

    /// A whole number within a range.
    pub(super) fn whole(&self, key: &str, range: Range<u64>) -> Loaded<Option<u64>> {
        let read = |value: &'t Spanned<DeValue<'t>>| {
            let number = whole(value.get_ref()).filter(|number| range.contains(number));
            let what = || format!("expected a whole number from {} to {}", range.start, range.end - 1);
            number.ok_or_else(|| self.wrong(key, value, what()))
        };
        self.get(key).map(read).transpose()
    }

    /// A list of HTTP statuses.
    pub(super) fn statuses(&self, key: &str) -> Loaded<Option<Vec<u16>>> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let wrong = || self.wrong(key, value, "expected a list of HTTP statuses, 200 to 599");
        let items = value.get_ref().as_array().ok_or_else(wrong)?;
        let status = |item: &Spanned<DeValue<'_>>| {
            let status = whole(item.get_ref()).and_then(|number| u16::try_from(number).ok());
            status.filter(|status| (200..600).contains(status)).ok_or_else(wrong)
        };
        items.iter().map(status).collect::<Loaded<Vec<_>>>().map(Some)
    }

    pub(super) fn table(&self, key: &str) -> Loaded<Option<Table<'t>>> {
        let read = |value: &'t Spanned<DeValue<'t>>| self.inner(key, value);
        self.get(key).map(read).transpose()
    }

    pub(super) fn need_table(&self, key: &str) -> Loaded<Table<'t>> {
        self.table(key)?.ok_or_else(|| self.missing(key))
    }

    fn inner(&self, key: &str, value: &'t Spanned<DeValue<'t>>) -> Loaded<Table<'t>> {
        let table = value.get_ref().as_table();
        Ok(Table {
            source: self.source,
            path: self.dotted(key),
            members: table.ok_or_else(|| self.wrong(key, value, "expected a table"))?,
            at: value.span().start,
            used: RefCell::default(),
        })
    }

    /// The tables of `[[key]]`.
    pub(super) fn tables(&self, key: &str) -> Loaded<Vec<Table<'t>>> {
        let Some(value) = self.get(key) else {
            return Ok(Vec::new());
        };
        let wrong = || self.wrong(key, value, "expected a list of tables: [[…]]");
        let items = value.get_ref().as_array().ok_or_else(wrong)?;
        let read = |(i, item)| self.inner(&format!("{key}[{i}]"), item);
        items.iter().enumerate().map(read).collect()
    }

    pub(super) fn optional_expr(&self, key: &str, names: Names) -> Loaded<Option<Bound>> {
        self.get(key).map(|value| self.bind(key, value, names)).transpose()
    }

    pub(super) fn expr(&self, key: &str, names: Names) -> Loaded<Bound> {
        self.bind(key, self.need(key)?, names)
    }

    /// An expression in a text; a whole number or a truth value stands for itself.
    pub(super) fn bind(&self, key: &str, value: &Spanned<DeValue<'_>>, names: Names) -> Loaded<Bound> {
        let source = match value.get_ref() {
            DeValue::String(text) => text.to_string(),
            DeValue::Integer(_) => match whole(value.get_ref()) {
                Some(number) => number.to_string(),
                None => return Err(self.wrong(key, value, "write a negative number as an expression in quotes")),
            },
            DeValue::Boolean(value) => value.to_string(),
            DeValue::Float(_) => {
                return Err(self.wrong(key, value, "binary floats are not exact: write the number in quotes"));
            }
            _ => return Err(self.wrong(key, value, "expected an expression in quotes")),
        };
        let expr = parse(&source, names).map_err(|mistake| self.mistake(key, value, &mistake))?;
        let key = Arc::from(self.dotted(key));
        Ok(Bound { expr, key })
    }

    /// Where in the manifest a mistake of an expression stands.
    pub(super) fn mistake(&self, key: &str, value: &Spanned<DeValue<'_>>, mistake: &Mistake) -> ManifestError {
        let span = value.span();
        let raw = self.source.get(span.clone()).unwrap_or_default();
        ManifestError::Expression {
            table: self.path.clone(),
            key: key.to_owned(),
            place: place(self.source, span.start + raw_offset(raw, mistake.at)),
            what: mistake.what.clone(),
        }
    }
}

/// A whole number of at most eighteen digits.
pub(super) fn whole(value: &DeValue<'_>) -> Option<u64> {
    let number = value.as_integer().filter(|number| number.radix() == 10)?;
    number.as_str().parse().ok()
}

/// The byte of a quoted TOML string at which byte `at` of its value stands.
fn raw_offset(raw: &str, at: usize) -> usize {
    let Some(quote) = raw.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return 0;
    };
    let long = raw.starts_with("\"\"\"") || raw.starts_with("'''");
    let mut offset = if long { 3 } else { 1 };
    // The newline behind long quotes is not part of the value.
    if long && let Some(rest) = raw.get(offset..) {
        offset += if rest.starts_with("\r\n") {
            2
        } else {
            usize::from(rest.starts_with('\n'))
        };
    }
    let mut value = 0;
    while value < at && offset < raw.len() {
        let escape = quote == '"' && raw.as_bytes()[offset] == b'\\';
        // Escapes of one character; longer ones only move the column.
        offset += if escape { 2 } else { 1 };
        value += 1;
    }
    offset.min(raw.len())
}
