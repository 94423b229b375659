//! The adapters of lending pools against the real protocols on a development chain, see `scripts/venues.sh`.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

extern crate usance_lenders as lenders;

mod conformance;
mod events;
mod exact;
mod lifecycle;
mod limits;
mod protocols;
mod router;
mod stage;
