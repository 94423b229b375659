//! Screening of names, people and wallets against sanctions lists: pure, in memory, explained.
//!
//! An [`Index`] is built once from the [`Entity`] records of one or more lists and never changes. Searching takes a
//! [`Subject`] and answers [`Match`]es, best first, each with the pieces that make up its score.
#![warn(missing_docs)]

pub mod delta;
mod entity;
mod index;
pub mod lists;
pub mod pairs;
pub mod wallets;

pub use entity::{Entity, EntityKind, Gender, Identifier, ListedName, ListedWallet, NameGrade, PartialDate, Subject};
pub use index::{How, Index, Match, Piece, Scratch, SearchOptions};
