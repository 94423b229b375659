//! Reports to authorities as pure functions of facts: suspicious activity (FinCEN), blocked and rejected property (OFAC), the loan
//! application register (HMDA), and the travel-rule message (IVMS101).
//!
//! Each is `fn(&Facts) -> Result<File, Vec<Problem>>`: the same facts write the same bytes, and every problem is named at once.
//! Nothing is filed here: a person releases a file and hands it in.

pub mod business_days;
pub mod hmda;
pub mod ofac;
pub mod sar;
pub mod text;
pub mod travel_rule;

use sha2::{Digest, Sha256};

/// A file that is ready to be looked at by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Suggested name, without a folder.
    pub name: String,
    /// Media type.
    pub media_type: &'static str,
    /// The content, UTF-8.
    pub text: String,
    /// SHA-256 of the content.
    pub sha256: [u8; 32],
}

impl File {
    fn new(name: impl Into<String>, media_type: &'static str, text: String) -> Self {
        Self {
            name: name.into(),
            media_type,
            sha256: Sha256::digest(text.as_bytes()).into(),
            text,
        }
    }
}

/// A reason why no file can be written. Holds no value of a field: values are personal data.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Path of the field, for example `subjects[0].names[1].last`.
    pub field: String,
    /// Number of the rule: of the authority where it has one (`V609`, `C6`), else ours.
    pub code: &'static str,
    /// The rule, in a sentence.
    pub text: String,
}

impl Problem {
    fn new(field: impl Into<String>, code: &'static str, text: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            code,
            text: text.into(),
        }
    }
}

/// The file, when there are no problems.
fn unless(problems: Vec<Problem>, file: impl FnOnce() -> File) -> Result<File, Vec<Problem>> {
    if problems.is_empty() { Ok(file()) } else { Err(problems) }
}
