//! Commands for people: each reads its arguments, prints, and says how it went.

use std::process::ExitCode;

pub mod apr;
pub mod audit;
pub mod audit_ops;
pub mod cases;
pub mod chain;
mod chain_status;
pub mod doctor;
pub mod http;
pub mod kyc;
pub mod person;
pub mod privacy;
pub mod provider;
pub mod provider_check;
pub mod provider_new;
pub mod provider_ops;
mod provider_tables;
pub mod provider_try;
pub mod quote;
mod quote_table;
pub mod risk;
mod risk_card;
mod risk_fairness;
pub mod risk_ops;
mod risk_rows;
mod risk_tables;
pub mod rules;
mod rules_tables;
pub mod schedule;
pub mod screen;
mod screen_rows;
mod screen_tables;
pub mod table;
mod vectors;

/// How a command went. One that could not run at all is an error instead, and ends the process with 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exit {
    /// As asked, and nothing is wrong.
    Success,
    /// It ran, and found something wrong.
    Failure,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        match exit {
            Exit::Success => Self::SUCCESS,
            Exit::Failure => Self::from(1),
        }
    }
}

/// Prints to standard output. A reader that went away (`| head`) is not an error.
fn print(text: &str) {
    use std::io::Write;
    let mut out = std::io::stdout().lock();
    let _gone = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
