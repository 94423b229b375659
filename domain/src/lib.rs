//! The pure core of Usance. Nothing here does I/O, reads a clock, or makes an id: facts come in, decisions go out.

pub mod money;

pub use money::{Asset, Currency, Money, MoneyError, Rate, TokenAmount};
