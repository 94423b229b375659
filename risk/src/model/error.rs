//! Why an artefact was refused.

/// Why an artefact was refused. Nothing scores with it; the message names the file and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtefactError {
    /// The folder does not hold exactly the files of an artefact, or one cannot be read or is too large.
    #[error("{file}: {what}")]
    Files {
        /// Its name, or the folder's.
        file: String,
        /// What is wrong and what to do.
        what: String,
    },
    /// Nobody who is trusted signed these files.
    #[error("SHA256SUMS.sig: {0}")]
    Untrusted(String),
    /// The bytes are not those that were signed.
    #[error("{file}: its SHA-256 is not the one in SHA256SUMS; fetch the artefact again, or train it anew")]
    Damaged {
        /// The file that differs.
        file: &'static str,
    },
    /// A file is not in the format that this build reads.
    #[error("{file}: {what}")]
    Format {
        /// Its name.
        file: &'static str,
        /// Where and what.
        what: String,
    },
    /// The parts contradict each other or are out of range.
    #[error("{file}: {what}; write the artefact anew")]
    Inconsistent {
        /// The file that holds the part.
        file: &'static str,
        /// Which part and why.
        what: String,
    },
    /// This build answers a golden row otherwise.
    #[error(
        "golden.jsonl: line {line}: {field} comes out as {got}, {expected} was written; do not use this build with it"
    )]
    Golden {
        /// From 1.
        line: usize,
        /// What differs.
        field: &'static str,
        /// What this build says.
        got: String,
        /// What the file says.
        expected: String,
    },
}

impl ArtefactError {
    pub(crate) fn format(file: &'static str, what: impl Into<String>) -> Self {
        Self::Format {
            file,
            what: what.into(),
        }
    }

    pub(crate) fn inconsistent(file: &'static str, what: impl Into<String>) -> Self {
        Self::Inconsistent {
            file,
            what: what.into(),
        }
    }

    pub(crate) fn files(file: impl Into<String>, what: impl Into<String>) -> Self {
        Self::Files {
            file: file.into(),
            what: what.into(),
        }
    }
}
