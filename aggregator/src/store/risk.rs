//! Schema `risk`: limits, models, reviews, drift, and the audit of what officers do.

mod audit;
mod drift;
mod limits;
mod models;
mod reviews;

pub(crate) use audit::*;
pub(crate) use drift::*;
pub(crate) use limits::*;
pub(crate) use models::*;
pub(crate) use reviews::*;
