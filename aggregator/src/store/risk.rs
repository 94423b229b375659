//! Schema `risk`: limits, models, reviews, drift, and the audit of what officers do.

mod audit;
mod limits;

pub(crate) use audit::*;
pub(crate) use limits::*;
