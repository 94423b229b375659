//! A bank that is reached by files of ISO 20022: it pays out what we write as `pain.001`, says by `pain.002` whether it will, and shows by
//! `camt.053` what it booked. Its terms are a rate card, so it quotes firm offers.
//!
//! | File | Direction | What it means here |
//! |---|---|---|
//! | `pain.001.001.09` | to `out/` | one credit transfer of a disbursement; its end-to-end id is the settlement |
//! | `pain.002` | from `in/` | the bank refuses the transfer, with its reason code; anything else is no news |
//! | `camt.053` | from `in/` | a booked debit with our end-to-end id is a disbursement; a booked credit with the creditor reference of a loan is a repayment; anything else waits for a person |
//!
//! Files come and go through a folder; how they travel to the bank (sftp, EBICS) is the operator's. See `docs/providers/bank-files.md`.

mod account;
mod amount;
mod books;
mod camt053;
mod config;
mod entry;
mod folder;
mod intake;
mod lender;
mod pain001;
mod pain002;
pub mod reference;
#[cfg(test)]
mod tests;
mod xml;

pub use account::Account;
pub use books::{BooksError, Repayment};
pub use config::{BankFilesConfig, BankFilesError, RateBand};
pub use intake::{Aside, Taken};
pub use lender::BankFiles;
pub use xml::FileError;
