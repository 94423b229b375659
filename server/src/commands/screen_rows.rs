//! Tables of names to be screened, and the work on them: read whole, done by all cores, written in the order of the file.

use std::collections::HashMap;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result, anyhow, bail};
use screening::lists::csv::{Record, records};

/// A file with a header.
#[derive(Debug)]
pub struct Sheet {
    columns: Vec<String>,
    places: HashMap<String, usize>,
    rows: Vec<Record>,
}

impl Sheet {
    /// Reads a file; every column of `needed` has to be there.
    pub fn open(path: &Path, needed: &[&str]) -> Result<Self> {
        let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let text = match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let good = std::str::from_utf8(&error.as_bytes()[..valid]).unwrap_or_default();
                bail!(
                    "{}, line {}: is not UTF-8",
                    path.display(),
                    good.matches('\n').count() + 1
                );
            }
        };
        Self::parse(&text, needed).with_context(|| path.display().to_string())
    }

    fn parse(text: &str, needed: &[&str]) -> Result<Self> {
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let mut rows = match records(text, ',') {
            Ok(rows) => rows,
            Err(broken) => bail!("line {}: {}", broken.line, broken.why),
        };
        if rows.is_empty() {
            bail!("is empty: a first line with the names of the columns is needed");
        }
        let columns = rows.remove(0).fields;
        for name in needed {
            if !columns.iter().any(|column| column == name) {
                bail!("the column {name:?} is missing; there are {}", columns.join(", "));
            }
        }
        if let Some(row) = rows.iter().find(|row| row.fields.len() != columns.len()) {
            bail!(
                "line {}: {} fields under {} headings",
                row.line,
                row.fields.len(),
                columns.len()
            );
        }
        Ok(Self {
            places: columns.iter().cloned().zip(0..).collect(),
            columns,
            rows,
        })
    }

    /// Rows, without the header.
    pub fn rows(&self) -> &[Record] {
        &self.rows
    }

    /// Names of the columns.
    pub fn columns(&self) -> &[String] {
        &self.columns
    }

    /// A field; none when there is no such column or it is empty.
    pub fn get<'a>(&self, row: &'a Record, column: &str) -> Option<&'a str> {
        let at = self.places.get(column)?;
        row.fields
            .get(*at)
            .map(|text| text.trim())
            .filter(|text| !text.is_empty())
    }
}

/// Rows of one piece of work.
const PIECE: usize = 256;
/// Pieces of one round for each thread; a round is written before the next begins.
const ROUND: usize = 8;

/// Calls `work` for every row on `threads` threads, each with memory of its own, and writes what it says in the order of the rows.
/// `progress` hears how many rows are written.
pub fn in_order<M, R>(
    rows: &[Record],
    threads: usize,
    work: &(impl Fn(&Record, &mut M) -> R + Sync),
    mut write: impl FnMut(R) -> Result<()>,
    mut progress: impl FnMut(usize),
) -> Result<()>
where
    M: Default,
    R: Send,
{
    let mut done = 0;
    for round in rows.chunks(PIECE * ROUND * threads.max(1)) {
        let share = round.len().div_ceil(threads.max(1)).max(1);
        let answers: Result<Vec<Vec<R>>> = std::thread::scope(|scope| {
            let mine = |part: &'_ [Record]| {
                let mut memory = M::default();
                part.iter().map(|row| work(row, &mut memory)).collect::<Vec<R>>()
            };
            let parts: Vec<_> = round
                .chunks(share)
                .map(|part| scope.spawn(move || mine(part)))
                .collect();
            let joined = parts
                .into_iter()
                .map(|part| part.join().map_err(|_| anyhow!("a thread failed")));
            joined.collect()
        });
        for answer in answers?.into_iter().flatten() {
            write(answer)?;
        }
        done += round.len();
        progress(done);
    }
    Ok(())
}

/// Standard output; a reader that went away ends the work without an error.
pub struct Out {
    out: std::io::BufWriter<std::io::StdoutLock<'static>>,
}

/// The reader of standard output went away.
#[derive(Debug, thiserror::Error)]
#[error("the reader of standard output went away")]
pub struct Gone;

impl Out {
    /// Locks standard output.
    pub fn new() -> Self {
        Self {
            out: std::io::BufWriter::new(std::io::stdout().lock()),
        }
    }

    /// One line.
    pub fn line(&mut self, text: &str) -> Result<()> {
        let wrote = self
            .out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.write_all(b"\n"));
        wrote.map_err(|_| Gone.into())
    }

    /// All that was written.
    pub fn finish(mut self) -> Result<()> {
        self.out.flush().map_err(|_| Gone.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_order_of_the_answers_is_that_of_the_rows() {
        let text = (0..5_000).map(|n| n.to_string()).collect::<Vec<_>>().join("\n");
        let sheet = Sheet::parse(&format!("query\n{text}"), &["query"]).unwrap();
        let mut seen = Vec::new();
        let work = |row: &Record, memory: &mut usize| {
            *memory += 1;
            row.fields[0].clone()
        };
        let mut told = 0;
        in_order(
            sheet.rows(),
            3,
            &work,
            |answer| {
                seen.push(answer);
                Ok(())
            },
            |done| told = done,
        )
        .unwrap();
        let expected: Vec<String> = (0..5_000).map(|n| n.to_string()).collect();
        assert_eq!(seen, expected);
        assert_eq!(told, 5_000);
    }

    #[test]
    fn a_missing_column_and_a_short_row_are_named() {
        let why = |text: &str| format!("{:#}", Sheet::parse(text, &["query"]).unwrap_err());
        assert_eq!(why("name,id\n"), "the column \"query\" is missing; there are name, id");
        assert_eq!(why("query,id\na,1\nb\n"), "line 3: 1 fields under 2 headings");
        assert_eq!(
            why(""),
            "is empty: a first line with the names of the columns is needed"
        );
    }

    #[test]
    fn an_empty_query_is_a_row() {
        let sheet = Sheet::parse("\u{feff}query,x\n,1\n\"\",2\n", &["query"]).unwrap();
        assert_eq!(sheet.rows().len(), 2);
        assert_eq!(sheet.get(&sheet.rows()[0], "query"), None);
        let single = Sheet::parse("query\n\"\"\na\n", &["query"]).unwrap();
        assert_eq!(single.rows().len(), 2);
    }
}
