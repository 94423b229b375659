//! What the two checks of published vectors have in common: reading the file, and how a report is printed.

use std::io::Read;
use std::path::{Path, PathBuf};

use domain::backtest::BacktestError;
use serde::Serialize;

use super::Exit;
use super::table::{Cell, Tone};

/// A larger file is refused unread.
const MAX_FILE_BYTES: u64 = 64 * 1024 * 1024;

/// Which file, and how to print.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// File of vectors; `-` reads standard input.
    pub file: PathBuf,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
}

/// Why nothing was checked.
#[derive(Debug, thiserror::Error)]
pub enum InputError {
    /// The file is not there or not ours to read.
    #[error("cannot read {path}: {reason}")]
    Unreadable {
        /// As given.
        path: String,
        /// From the system.
        reason: std::io::Error,
    },
    /// More than 64 MiB.
    #[error("cannot read {path}: larger than {MAX_FILE_BYTES} bytes")]
    TooLarge {
        /// As given.
        path: String,
    },
    /// Not a file of vectors.
    #[error("cannot use {path}: {reason}")]
    Format {
        /// As given.
        path: String,
        /// What is wrong with it.
        reason: BacktestError,
    },
}

/// A finished check: what to print, and whether anything failed.
#[derive(Debug)]
pub struct Checked<R> {
    /// For `--json`.
    pub report: R,
    /// For people.
    pub text: String,
    /// A miss or an error.
    pub failed: bool,
}

/// Reads, checks and prints. A miss or an error is a failure.
pub fn run<R: Serialize>(
    options: &Options,
    check: impl FnOnce(&str) -> Result<Checked<R>, BacktestError>,
) -> Result<Exit, InputError> {
    let text = read(&options.file)?;
    let path = options.file.display().to_string();
    let checked = check(&text).map_err(|reason| InputError::Format { path, reason })?;
    let json = || serde_json::to_string_pretty(&checked.report).unwrap_or_else(|error| error.to_string());
    super::print(&if options.json { json() + "\n" } else { checked.text });
    Ok(if checked.failed { Exit::Failure } else { Exit::Success })
}

fn read(path: &Path) -> Result<String, InputError> {
    let shown = path.display().to_string();
    let unreadable = |reason| InputError::Unreadable {
        path: shown.clone(),
        reason,
    };
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(std::io::stdin())
    } else {
        Box::new(std::fs::File::open(path).map_err(unreadable)?)
    };
    let mut text = String::new();
    source
        .take(MAX_FILE_BYTES + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if u64::try_from(text.len()).unwrap_or(u64::MAX) > MAX_FILE_BYTES {
        return Err(InputError::TooLarge { path: shown });
    }
    Ok(text)
}

/// `-` for nothing.
pub fn or_dash(value: Option<String>) -> Cell {
    value.map_or_else(|| Cell::new("-", Tone::Dim), Cell::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(failed: bool) -> Checked<()> {
        Checked {
            report: (),
            text: String::new(),
            failed,
        }
    }

    #[test]
    fn input_that_cannot_be_used_is_typed() {
        let missing = Options {
            file: "/no/such/file.json".into(),
            json: false,
        };
        assert!(matches!(
            run(&missing, |_| Ok(checked(false))),
            Err(InputError::Unreadable { .. })
        ));
        let other = Options {
            file: concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into(),
            json: false,
        };
        let refuse = |_: &str| Err::<Checked<()>, _>(BacktestError::Format("no vectors".to_owned()));
        assert!(matches!(run(&other, refuse), Err(InputError::Format { .. })));
    }

    #[test]
    fn a_failed_check_fails_the_command() {
        let options = Options {
            file: concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml").into(),
            json: false,
        };
        assert_eq!(run(&options, |_| Ok(checked(true))).unwrap(), Exit::Failure);
        assert_eq!(run(&options, |_| Ok(checked(false))).unwrap(), Exit::Success);
    }
}
