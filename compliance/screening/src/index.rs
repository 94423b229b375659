//! The immutable index over the names of all entries.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, NameGrade, Subject};

/// How many matches are wanted, and how good they must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SearchOptions {
    /// At most so many entities.
    pub limit: usize,
    /// Nothing scored below this (0..=1).
    pub floor: f32,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { limit: 5, floor: 0.0 }
    }
}

/// How a token of the query stands to a token of the listed name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The same after normalisation.
    Exact,
    /// Spelt almost the same.
    Similar,
    /// Two tokens of one side written as one on the other.
    Join,
    /// One token of the query written as two on the list.
    Split,
    /// An initial for a name.
    Initial,
    /// A short form or a known variant of the same name.
    Nickname,
    /// The same through another reading of another script.
    Transliterated,
    /// Another word of the same class, such as two legal forms.
    SameClass,
    /// Without a partner on the other side.
    Unmatched,
    /// A fact beside the name: date of birth, country, gender, identifier, grade of the alias.
    Fact,
}

/// One piece of the explanation of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Piece {
    /// The token or fact of the query; empty for an unmatched token of the list.
    pub query: String,
    /// The token or fact of the list; empty for an unmatched token of the query.
    pub listed: String,
    /// How the two go together.
    pub how: How,
    /// Part of the whole that the pair weighs.
    pub weight: f32,
    /// How alike they are (0..=1).
    pub similarity: f32,
}

/// One entity that the subject may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// Position of the entity in the slice that the index was built from.
    pub entity: u32,
    /// Its list.
    pub list: String,
    /// The list's own number of it.
    pub id: String,
    /// How alike subject and entity are (0..=1); 1.0 exactly when a name is the same after normalisation.
    pub score: f32,
    /// The listed name that fits best.
    pub name: String,
    /// Grade of that name.
    pub grade: NameGrade,
    /// What the score is made of.
    pub explanation: Vec<Piece>,
}

/// Memory of one searching thread, kept between searches.
#[derive(Clone, Debug, Default)]
pub struct Scratch {}

/// All names of all lists, ready to be searched; never changes.
#[derive(Clone, Debug, Default)]
pub struct Index {}

impl Index {
    /// Builds the index; `Match::entity` counts positions in `entities`.
    #[must_use]
    pub fn build(_entities: &[Entity]) -> Self {
        Self::default()
    }

    /// The entities most like the subject, best first.
    #[must_use]
    pub fn search(&self, _subject: &Subject, _options: &SearchOptions, _scratch: &mut Scratch) -> Vec<Match> {
        Vec::new()
    }
}
