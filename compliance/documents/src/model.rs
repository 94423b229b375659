//! The document model.

use crate::render::{Document, Problem};

/// Refuses: the document is not written yet.
pub(crate) fn not_yet(_reference: &str) -> Result<Document, Problem> {
    Err(Problem {
        field: "document",
        text: "not written yet",
    })
}
