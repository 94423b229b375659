//! Short names of the vocabulary: actions, kinds of objects, outcomes, versions. Never text that a person wrote.

use std::borrow::Cow;
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Longest code, characters.
pub const LONGEST: usize = 80;

/// A name of 1 to 80 characters out of `A-Z a-z 0-9 . _ : -`.
///
/// There is no constructor for any text of a user: codes are constants of the program, ids, digests, and names and versions that
/// an operator gave ([`Code::named`]).
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Code(Cow<'static, str>);

impl Code {
    /// A constant of the program.
    ///
    /// # Panics
    ///
    /// When the text is no code; in a `const` that is an error of the compiler.
    pub const fn of(text: &'static str) -> Self {
        assert!(
            is_code(text.as_bytes()),
            "a code is 1 to 80 characters of A-Z a-z 0-9 . _ : -"
        );
        Self(Cow::Borrowed(text))
    }

    /// Digits of a digest or another machine-made number, lower-case hexadecimal, at most 40 bytes.
    pub fn hex(bytes: &[u8]) -> Option<Self> {
        Self::named(&hex::encode(bytes))
    }

    /// A name or version that an operator gave: a lender, a model, a list, a set of rules. Never what a borrower wrote.
    pub fn named(text: &str) -> Option<Self> {
        is_code(text.as_bytes()).then(|| Self(Cow::Owned(text.to_owned())))
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<Uuid> for Code {
    fn from(id: Uuid) -> Self {
        Self(Cow::Owned(id.to_string()))
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Code {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::named(&text).ok_or_else(|| serde::de::Error::custom("not a code"))
    }
}

const fn is_code(text: &[u8]) -> bool {
    if text.is_empty() || text.len() > LONGEST {
        return false;
    }
    let mut i = 0;
    while i < text.len() {
        if !matches!(text[i], b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b':' | b'-') {
            return false;
        }
        i += 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_holds_no_sentence() {
        for text in ["", "Jane Doe", "jane@example.com", "a\n", "é", &"x".repeat(81)] {
            assert_eq!(Code::named(text), None, "{text:?}");
        }
        assert_eq!(Code::of("quote.accepted").as_str(), "quote.accepted");
        assert_eq!(Code::named(&"x".repeat(80)).map(|code| code.as_str().len()), Some(80));
        assert!(serde_json::from_str::<Code>("\"Jane Doe\"").is_err());
    }
}
