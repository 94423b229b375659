//! Disclosures and notices as documents: HTML and PDF from typed data.
//!
//! Facts become one document model, the model becomes HTML and PDF. Both are the same bytes for the same facts on every
//! machine: no clock, no random id, no system font. Facts that contradict each other are refused, never printed.

mod build;
mod facts;
mod format;
mod html;
mod model;
mod pdf;
pub mod render;

pub use facts::*;
pub use render::{Document, Kind, Problem};
