//! Files with `[[lenders]]` entries: a server's configuration, or the same alone.

use std::path::Path;

use anyhow::{Context, Result};
use lenders::LenderConfig;
use serde::Deserialize;

/// The part of a file that matters here.
#[derive(Deserialize)]
struct File {
    #[serde(default)]
    lenders: Vec<LenderConfig>,
}

/// The lenders of a file; what they name relatively is beside it.
pub(crate) fn read(path: &Path) -> Result<Vec<LenderConfig>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let file: File = toml::from_str(&text).with_context(|| path.display().to_string())?;
    let folder = path.parent().unwrap_or_else(|| Path::new(""));
    Ok(file.lenders.into_iter().map(|lender| lender.within(folder)).collect())
}
