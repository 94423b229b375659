//! EVM chains: contract bindings, registry, durable submitter, event indexer and fee oracle.
//!
//! The core sees chains only through the ports in [`domain::ports`]; this crate is what stands behind them.
//!
//! | Module | What it is |
//! |---|---|
//! | [`registry`] | chains by configuration, and what a profile allows |
//! | [`rpc`] | several JSON-RPC endpoints of one chain as one |
//! | [`contracts`] | hashes, typed data, calldata and reads of the settlement contracts |
//! | [`attester`] | signatures of credit attestations |
//! | [`remote`] | keys that a key service holds |
//! | [`deploy`] | the contracts at the same addresses on every chain |
//! | [`status`] | the state of a chain for operators |
//! | [`submitter`] | transactions that survive crashes, drops and reorganisations |
//! | [`indexer`] | canonical events, block by block |
//! | [`logs`] | what other people's contracts said in final blocks |
//! | [`views`] | many reads of other people's contracts in one round trip |
//! | [`fees`] | what a transaction costs now |
//! | [`keys`] | signing keys; the public development keys |
//! | [`devnet`] | a development chain as a child process |

pub mod attester;
pub mod bindings;
pub mod contracts;
pub mod deploy;
pub mod devnet;
pub mod fees;
pub mod indexer;
pub mod keys;
pub mod logs;
pub mod registry;
pub mod remote;
pub mod rpc;
pub mod status;
pub mod submitter;
pub mod transaction;
pub mod views;
mod wire;
