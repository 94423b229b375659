//! What screening comes to.

use serde::{Deserialize, Serialize};

use crate::screening::Screening;

/// What screening comes to. What was not screened is never clear.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ScreeningVerdict {
    /// Nothing was hit, and everything was looked at.
    Clear,
    /// Somebody has to look.
    Review,
    /// Nothing may be offered.
    Block,
}

/// The verdict of an evidence.
pub fn verdict(screening: &Screening) -> ScreeningVerdict {
    if !screening.confirmed.is_empty() || screening.hits.iter().any(|hit| hit.kind.blocks()) {
        ScreeningVerdict::Block
    } else if !screening.hits.is_empty() || !screening.name_screened {
        ScreeningVerdict::Review
    } else {
        ScreeningVerdict::Clear
    }
}
