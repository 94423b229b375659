//! The crate against a real development chain.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

extern crate usance_chain as chain;

mod anchoring;
mod attesting;
mod deploying;
mod governing;
mod hashing;
mod indexing;
mod journal;
mod kms;
mod lab;
mod lifecycle;
mod nodes;
mod pooling;
mod proxy;
mod refinancing;
mod reorgs;
mod risk;
mod sanctions;
mod submitting;
