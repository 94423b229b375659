//! Files of the app in memory, with their packed forms. They are found by their exact path in a table, so no path leads out of it.

use std::collections::HashMap;
use std::io::{Error, Result};
use std::path::Path;

use axum::body::Bytes;
use sha2::{Digest, Sha256};

/// Path of the page.
pub(super) const PAGE: &str = "/index.html";
/// Names below this carry a hash of what they hold, so they never change.
const HASHED: &str = "/assets/";
/// Largest app, bytes of all files.
const LARGEST: u64 = 64 * 1024 * 1024;
/// Deepest folder.
const DEEPEST: usize = 6;

/// One file.
#[derive(Clone, Debug)]
pub(super) struct File {
    /// Content type.
    pub kind: &'static str,
    /// Digest of the plain form.
    pub tag: String,
    /// Whether its name changes with what it holds.
    pub hashed: bool,
    pub plain: Bytes,
    pub gzip: Option<Bytes>,
    pub brotli: Option<Bytes>,
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map_or("", |(_, end)| end) {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "json" | "map" => "application/json",
        "webmanifest" => "application/manifest+json",
        "txt" => "text/plain; charset=utf-8",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}

/// Every file of a folder by its path, with the `.br` and `.gz` beside it.
pub(super) fn read(folder: &Path) -> Result<HashMap<String, File>> {
    let mut found = HashMap::new();
    let mut left = LARGEST;
    walk(folder, ("", 0), &mut left, &mut found)?;
    let mut files = HashMap::new();
    for (path, plain) in &found {
        if packed(path, &found) {
            continue;
        }
        let file = File {
            kind: kind(path),
            tag: hex::encode(&Sha256::digest(plain)[..12]),
            hashed: path.starts_with(HASHED),
            plain: plain.clone(),
            gzip: found.get(&format!("{path}.gz")).cloned(),
            brotli: found.get(&format!("{path}.br")).cloned(),
        };
        files.insert(path.clone(), file);
    }
    Ok(files)
}

/// Whether it is the packed form of another file.
fn packed(path: &str, found: &HashMap<String, Bytes>) -> bool {
    let plain = path.strip_suffix(".br").or_else(|| path.strip_suffix(".gz"));
    plain.is_some_and(|plain| found.contains_key(plain))
}

fn walk(
    folder: &Path,
    (prefix, depth): (&str, usize),
    left: &mut u64,
    found: &mut HashMap<String, Bytes>,
) -> Result<()> {
    if depth > DEEPEST {
        return Err(Error::other("the folders are too deep"));
    }
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().ok_or_else(|| Error::other("a name is not UTF-8"))?;
        let path = format!("{prefix}/{name}");
        // Of the entry itself: a link is neither file nor folder, and is left out.
        let facts = entry.metadata()?;
        if facts.is_dir() {
            walk(&entry.path(), (&path, depth + 1), left, found)?;
        } else if facts.is_file() && !name.starts_with('.') {
            let too_much = || Error::other("the files are too large");
            *left = left.checked_sub(facts.len()).ok_or_else(too_much)?;
            found.insert(path, std::fs::read(entry.path())?.into());
        }
    }
    Ok(())
}
