//! The `usance` binary: configuration, telemetry, wiring, roles and client commands.

pub mod accounts;
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
pub mod risk_config;
pub mod rules_config;
pub mod runtime;
pub mod screening_config;
pub mod seed;
mod telemetry;
mod vault;
pub mod wallets;
pub mod web;
mod webhooks;
