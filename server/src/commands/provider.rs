//! `usance provider`: lenders, from the outside.

use std::process::ExitCode;

use clap::Subcommand;

use super::{provider_check, provider_new, provider_ops, provider_try};

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Make the beginning of a lender: files, fixtures and tests, red where work is left.
    New(provider_new::Options),
    /// Show what a recorded answer comes to by a manifest. Ends with 0 when green, 1 when red, 2 when nothing could be tried.
    Try(provider_try::Options),
    /// What officers see of the lenders of a running service and do to them.
    #[command(flatten)]
    Operate(provider_ops::Command),
    /// Run the conformance kit against a lender. Ends with 0 when green, 1 when a check failed, 2 when nothing could be checked.
    Check(Box<provider_check::Options>),
    /// List what the conformance kit checks.
    Checks(provider_check::ListOptions),
}

/// Does it.
pub async fn run(command: &Command) -> anyhow::Result<ExitCode> {
    match command {
        Command::New(options) => provider_new::run(options),
        Command::Try(options) => provider_try::run(options),
        Command::Operate(command) => provider_ops::run(command).await,
        Command::Check(options) => provider_check::run(options).await,
        Command::Checks(options) => Ok(provider_check::list(*options)),
    }
}
