//! What lenders really write, as exact values; or a refusal that names the field, the problem and the text.
//!
//! One meaning has many spellings: `12 %`, `12.0%`, `3.00% + GST`; `PT5M` for a loan of five months; `25750INR`, `₹ 25,750.00`,
//! `Rs. 1,00,000/-`; `NA` for nothing. [`Field`] reads one text. [`Reader`] walks a JSON [`Document`] and hands out fields that
//! know their own path. Nothing is guessed: a text with two meanings is refused, a number is never a binary float, and a method that
//! rounds says so in its name.
//!
//! ```
//! use sdk::normalise::{Field, Problem};
//! # use usance_provider_sdk as sdk;
//! # use domain::{Currency, Money};
//! let inr = Currency::parse("INR").unwrap();
//! let price = Field::new("quote.breakup[2].price", "Rs. 1,00,000/-").money(inr).unwrap();
//! assert_eq!(price, Money::new(10_000_000, inr));
//! let refusal = Field::new("items[0].term", "24").term().unwrap_err();
//! assert_eq!((refusal.field(), refusal.problem()), ("items[0].term", &Problem::NoUnit));
//! ```

mod date;
mod document;
mod duration;
mod money;
mod percent;
mod reader;
mod scan;
mod word;

use std::borrow::Cow;
use std::fmt;

use domain::Currency;
use domain::ports::LenderError;

pub use date::DateOrder;
pub use document::{Document, MAX_DEPTH, Node};
pub use money::{Charge, Quantity};
pub use percent::{Base, Per, Percent, Tax};
pub use reader::Reader;
pub use word::BreakupTitle;

/// Bytes of one field that are read. A longer text is prose, not a value.
pub const MAX_TEXT: usize = 200;

/// Why a text was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Problem {
    /// Not there, empty, or a word for nothing such as `NA`.
    #[error("is missing")]
    Missing,
    /// There, but of another kind: an object where a text was expected.
    #[error("expected {0}")]
    Kind(&'static str),
    /// No number where one was expected.
    #[error("has no number")]
    NotANumber,
    /// A number without its unit: `24` for a term.
    #[error("has no unit")]
    NoUnit,
    /// Words that are not understood stand beside the value.
    #[error("has words beside the value")]
    Unread,
    /// Two values where one was expected: `12% - 15%`.
    #[error("is a range")]
    Range,
    /// A limit such as `up to 5%`, not a value.
    #[error("is a limit, not a value")]
    Bound,
    /// A tax of unknown amount comes on top.
    #[error("a tax comes on top")]
    Taxed,
    /// Commas that stand where no grouping puts them.
    #[error("has misplaced commas")]
    Grouping,
    /// More than one meaning.
    #[error("has more than one meaning")]
    Ambiguous,
    /// Below zero.
    #[error("is negative")]
    Negative,
    /// Zero where something was expected.
    #[error("is zero")]
    Zero,
    /// Finer than the unit can hold.
    #[error("has too many decimals")]
    TooFine,
    /// Larger than the type can hold.
    #[error("is too large")]
    TooLarge,
    /// Longer than [`MAX_TEXT`].
    #[error("is longer than {MAX_TEXT} bytes")]
    TooLong,
    /// Another currency than the request's.
    #[error("is not in {0}")]
    WrongCurrency(Currency),
    /// No such day or time.
    #[error("is no date or time")]
    NotADate,
    /// A time of day without its offset from UTC.
    #[error("has no time zone")]
    NoOffset,
    /// Calendar months where an exact length was expected, or an exact length where months were.
    #[error("mixes calendar months with exact time")]
    Mixed,
    /// Shorter than a day where days or months were expected.
    #[error("is shorter than a day")]
    TooShort,
    /// Not one of the known words.
    #[error("is not one of the known words")]
    UnknownWord,
    /// Two entries where one was expected.
    #[error("is given more than once")]
    Twice,
    /// Not JSON, or beyond the limits of size and depth.
    #[error("{0}")]
    NotJson(&'static str),
}

/// A field that was refused. `Display` names field and problem but never the text, which may be personal data when a lender
/// mixes up its fields; [`Self::text`] and [`Self::report`] show it to the lender's own engineer.
#[derive(Clone, PartialEq, Eq)]
pub struct Refusal {
    field: String,
    problem: Problem,
    text: String,
}

impl Refusal {
    pub(crate) fn new(field: &str, problem: Problem, text: &str) -> Self {
        Self {
            field: field.to_owned(),
            problem,
            text: shortened(text),
        }
    }

    /// Path of the field, such as `quote.breakup[2].price`.
    pub fn field(&self) -> &str {
        &self.field
    }

    /// What is wrong.
    pub fn problem(&self) -> &Problem {
        &self.problem
    }

    /// What the lender wrote, cut after 80 characters. Not for logs.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The whole story in one line, text included. Not for logs.
    pub fn report(&self) -> String {
        format!("{}: {:?} {}", self.field, self.text, self.problem)
    }
}

fn shortened(text: &str) -> String {
    text.chars().take(80).collect()
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.problem)
    }
}

impl fmt::Debug for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Refusal({}: {:?})", self.field, self.problem)
    }
}

impl std::error::Error for Refusal {}

impl From<Refusal> for LenderError {
    fn from(refusal: Refusal) -> Self {
        Self::Malformed {
            detail: refusal.problem.to_string(),
            field: refusal.field,
        }
    }
}

/// One text of a lender's answer and where it stood.
#[derive(Clone, Debug)]
pub struct Field<'a> {
    path: Cow<'a, str>,
    text: Cow<'a, str>,
}

impl<'a> Field<'a> {
    /// A text and its path.
    pub fn new(path: impl Into<Cow<'a, str>>, text: impl Into<Cow<'a, str>>) -> Self {
        Self {
            path: path.into(),
            text: text.into(),
        }
    }

    /// Where it stood.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// The text without white space around it. `Missing` when it says nothing (see [`Self::is_absent`]).
    pub fn text(&self) -> Result<&str, Refusal> {
        let text = self.text.trim();
        if word::is_absent(text) {
            return Err(self.refuse(Problem::Missing));
        }
        Ok(text)
    }

    /// True when the text says that there is nothing: empty, `NA`, `N/A`, `Not Applicable`, `-`, `null`, `nil`, `none`.
    /// `0` is not nothing: it is zero.
    pub fn is_absent(&self) -> bool {
        word::is_absent(self.text.trim())
    }

    /// The field, unless it says nothing.
    pub fn optional(self) -> Option<Self> {
        (!self.is_absent()).then_some(self)
    }

    /// A refusal of this field, for rules that an adapter adds.
    pub fn refuse(&self, problem: Problem) -> Refusal {
        Refusal::new(&self.path, problem, &self.text)
    }

    /// The text of a value: there, and short enough to be one.
    fn value(&self) -> Result<&str, Refusal> {
        let text = self.text()?;
        if text.len() > MAX_TEXT {
            return Err(self.refuse(Problem::TooLong));
        }
        Ok(text)
    }

    /// Runs a parser over the value and puts this field's path into its refusal.
    fn parse<T>(&self, parser: impl FnOnce(&str) -> Result<T, Problem>) -> Result<T, Refusal> {
        parser(self.value()?).map_err(|problem| self.refuse(problem))
    }
}
