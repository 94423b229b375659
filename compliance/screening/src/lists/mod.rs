//! Sanctions lists as their publishers give them out, read into [`Entity`] records.
//!
//! Nothing is passed over in silence: a line that is not understood fails the load with its file, line and reason, because the
//! person on it would pass. Known oddities that cannot let anybody pass (an unreadable date of birth, a malformed wallet) are kept
//! as [`Notice`]s, counted and shown to the operator.

mod book;
mod built_in;
mod countries;
pub mod csv;
mod dates;
mod eu;
mod ofac;
mod ofac_advanced;
#[cfg(test)]
mod ofac_advanced_tests;
mod ofac_xml;
mod own;
mod remarks;
mod un;
mod xml;

use serde::{Deserialize, Serialize};

pub use book::{ListFile, load};
pub use built_in::built_in;
pub use countries::iso2 as country_code;

use crate::entity::Entity;

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// `sdn.csv`, `alt.csv`, `add.csv`, `sdn_comments.csv` of the US Treasury.
    OfacCsv,
    /// `sdn.xml` of the US Treasury (the legacy schema).
    OfacXml,
    /// `sdn_advanced.xml` of the US Treasury.
    OfacAdvancedXml,
    /// `consolidated.xml` of the UN Security Council.
    UnXml,
    /// The EU's consolidated financial sanctions list, CSV 1.1.
    EuCsv,
    /// A table of our own or of a customer's, with a header.
    OwnCsv,
    /// A table of wallets with a header (`currency`, `address`).
    WalletCsv,
}

/// One file of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileInfo {
    /// Its name without folder and `.gz`.
    pub name: String,
    /// SHA-256 of its unpacked bytes, hex.
    pub sha256: String,
    /// Unpacked size.
    pub bytes: usize,
}

/// One list of a snapshot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListInfo {
    /// Its name, such as `OFAC-SDN`.
    pub list: String,
    /// How it is written.
    pub format: Format,
    /// The files it was read from.
    pub files: Vec<FileInfo>,
    /// The day it was published (`YYYY-MM-DD`), where a file says so.
    pub published: Option<String>,
    /// Entries.
    pub entries: usize,
    /// Names of all entries.
    pub names: usize,
    /// Wallets of all entries.
    pub wallets: usize,
    /// True when a part of it is missing, such as the alternate names: fewer names are found, and two such snapshots can only be
    /// compared in what both have.
    pub partial: bool,
}

/// Something odd that was read and kept.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Notice {
    /// File.
    pub file: String,
    /// Line from 1; 0 when the whole file is meant.
    pub line: usize,
    /// What kind of oddity.
    pub kind: NoticeKind,
    /// The words of the list, or an explanation.
    pub text: String,
}

/// Kinds of oddities.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum NoticeKind {
    /// A wallet that fails its own checksum or has no known shape: it is compared as printed.
    MalformedWallet,
    /// A date that was not understood: the entry is compared without it.
    Date,
    /// A country that is not in our table: the entry is compared without it.
    Country,
    /// An alias that holds no name, such as `-`.
    EmptyAlias,
    /// A remark that is cut and has no continuation.
    CutRemark,
    /// The end of a remark whose beginning is not there: of another day's list, or of an entry that is gone.
    UnusedRemark,
    /// A part of a list that is not there.
    MissingPart,
}

/// All lists as they were at one time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    /// SHA-256 over names and hashes of all files, hex: the same files give the same version, wherever they lie and whether packed.
    pub version: String,
    /// The lists, by name.
    pub lists: Vec<ListInfo>,
    /// Entries of all lists.
    pub entities: Vec<Entity>,
    /// Ids (list and number) of entries whose remarks are cut: less is known of them than was published.
    pub cut: Vec<(String, String)>,
    /// What was odd.
    pub notices: Vec<Notice>,
}

/// Why lists were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// A line that is not understood.
    #[error("{file}, line {line}: {why}")]
    Line {
        /// File.
        file: String,
        /// From 1.
        line: usize,
        /// What is wrong.
        why: String,
    },
    /// The file as a whole is wrong.
    #[error("{file}: {why}")]
    File {
        /// File.
        file: String,
        /// What is wrong.
        why: String,
    },
    /// There is nothing to screen against.
    #[error("no list was found: a folder without lists would let everybody pass")]
    Nothing,
}

impl LoadError {
    fn line(file: &str, line: usize, why: impl Into<String>) -> Self {
        Self::Line {
            file: file.to_owned(),
            line,
            why: why.into(),
        }
    }

    fn file(file: &str, why: impl Into<String>) -> Self {
        Self::File {
            file: file.to_owned(),
            why: why.into(),
        }
    }
}

/// A list as one parser read it.
#[derive(Debug)]
struct Parsed {
    list: String,
    format: Format,
    published: Option<String>,
    partial: bool,
    entities: Vec<Entity>,
    cut: Vec<String>,
    notices: Vec<Notice>,
}

/// A file, unpacked, as text.
#[derive(Clone, Debug)]
struct Text {
    name: String,
    body: String,
    sha256: String,
}

#[cfg(test)]
mod tests;
