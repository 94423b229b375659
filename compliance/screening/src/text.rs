//! Text to tokens: one spelling for what is written in many ways and scripts.

mod abjad;
mod alphabets;
mod cjk;
mod confusable;
mod fold;
mod indic;
mod tokens;

pub(crate) use tokens::{Raw, Script, split};
