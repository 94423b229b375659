//! The `usance` binary: configuration, telemetry, wiring, roles and client commands.

pub mod audit_config;
mod banks;
mod checkpoint_folder;
pub mod cli;
pub mod clock;
pub mod commands;
pub mod config;
mod crash;
pub mod dev;
pub mod kyc;
mod lender_file;
pub mod postgres;
pub mod runtime;
pub mod seed;
mod telemetry;
mod vault;
pub mod wallets;
pub mod web;
mod webhooks;
