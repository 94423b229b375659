//! The conformance kit: what a lender that speaks provider protocol v1, or an adapter, has to do, as checks that each say
//! the rule, the reason and the remedy.
//!
//! [`lender::check`] talks to a lender over HTTP. [`adapter::check`] drives any [`sdk::Lender`] against a counterparty that the
//! kit serves behind a [`door::Door`], which can fail in every way of the scenario files.

pub mod adapter;
mod catalogue;
pub mod check;
pub mod counterparty;
pub mod door;
pub mod lender;
pub mod recorded;
pub mod report;

pub use catalogue::{catalogue, lender_checks};
pub use check::{Area, Check, Finding, Outcome, Progress, UnknownArea};
pub use report::{Counts, Report, markdown};
