//! Screening of names, people and wallets against sanctions lists: pure, in memory, explained.
//!
//! An [`Index`] is built once from the [`Entity`] records of one or more lists and never changes. Searching takes a
//! [`Subject`] and answers [`Match`]es, best first, each with the pieces that make up its score.
#![warn(missing_docs)]

mod align;
pub mod delta;
mod distance;
mod entity;
mod explain;
mod facts;
mod index;
pub mod lists;
mod name;
pub mod pairs;
mod search;
mod text;
mod vocabulary;
pub mod wallets;
mod weights;
mod words;

pub use entity::{Entity, EntityKind, Gender, Identifier, ListedName, ListedWallet, NameGrade, PartialDate, Subject};
pub use index::{How, Index, Match, Piece, Scratch, SearchOptions};
pub use name::plain_name;
pub use weights::{Shape, Weights};
