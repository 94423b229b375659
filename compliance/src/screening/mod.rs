//! Sanctions screening in a decision: what was hit, by which lists and thresholds, and what it comes to.
//!
//! The engine is the crate `screening`; here are the lists of the day, swapped whole, and the evidence that decisions are made from and
//! replayed from. Evidence names entries of lists, never the person who was screened.

mod lists;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

pub use self::lists::{Lists, ScreeningIndex};

/// Version of the matching. Raise it when the same names and lists could be scored otherwise.
pub const MATCHING_VERSION: u32 = 2;

/// How a list names the entry that was hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HitKind {
    /// A blocked address.
    Wallet,
    /// The entry's own name.
    PrimaryName,
    /// Also known as, formerly known as, now known as.
    AlternateName,
    /// A weak alias: broad enough to be shared by many, so it asks for a closer look instead of deciding.
    WeakAlias,
    /// A name near a listed one, at or above the threshold of review and below that of a block.
    SimilarName,
}

impl HitKind {
    /// Whether such a hit ends the matter. The others ask for a person to look.
    pub fn blocks(self) -> bool {
        match self {
            Self::Wallet | Self::PrimaryName | Self::AlternateName => true,
            Self::WeakAlias | Self::SimilarName => false,
        }
    }
}

/// One hit. It names the list's entry, never the person who was screened.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hit {
    /// The list, such as `OFAC-SDN` or `OFAC-DIGITAL-CURRENCY`.
    pub list: String,
    /// The entry's number in the list; an address where the list gives none.
    pub entry: String,
    /// How it was hit.
    pub kind: HitKind,
    /// How alike the names are, millionths; a million for a wallet.
    #[serde(default = "whole")]
    pub score_ppm: u32,
}

/// What officers decided about a hit, for the fields of both sides as they are now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ruling {
    /// Somebody else, by the disposition of this case: the hit does not count.
    Lifted(Uuid),
    /// The entry itself, by the disposition of this case: the hit blocks, whatever its score.
    Confirmed(Uuid),
}

/// A hit that officers decided about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Ruled {
    /// The hit.
    pub hit: Hit,
    /// The case whose disposition says so.
    pub disposition: Uuid,
}

/// From which score on a name asks for a look, and from which it blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Thresholds {
    /// Millionths from which a person has to look.
    pub review_ppm: u32,
    /// Millionths from which nothing is offered.
    pub block_ppm: u32,
}

impl Thresholds {
    /// Those of the exact comparison, before scores were kept.
    fn exact() -> Self {
        Self {
            review_ppm: whole(),
            block_ppm: whole(),
        }
    }
}

impl Default for Thresholds {
    /// Review where two to five of a thousand people on no list are looked at; block for the same name alone. Figures in
    /// `docs/compliance/screening.md`.
    fn default() -> Self {
        Self {
            review_ppm: 820_000,
            block_ppm: 995_000,
        }
    }
}

fn whole() -> u32 {
    1_000_000
}

fn first_version() -> u32 {
    1
}

/// What screening found: evidence for a decision, without personal data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Screening {
    /// Sorted; empty when nothing was hit.
    pub hits: Vec<Hit>,
    /// Hash of the lists.
    pub list_version: String,
    /// False when the name was empty or holds letters of a script that the engine does not read. Then no hit proves nothing.
    pub name_screened: bool,
    /// True when a wallet was given and compared.
    pub wallet_screened: bool,
    /// Which matching.
    #[serde(default = "first_version")]
    pub engine_version: u32,
    /// By which thresholds.
    #[serde(default = "Thresholds::exact")]
    pub thresholds: Thresholds,
    /// Hits that do not count, because officers found them to be of somebody else. They are not among `hits`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lifted: Vec<Ruled>,
    /// Hits that officers found to be true. They are among `hits` as well.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confirmed: Vec<Ruled>,
}

/// Why lists were refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct ScreeningError(#[from] pub screening::lists::LoadError);

#[cfg(test)]
mod tests;
