//! `[loan]`: a lender's answer about an accepted offer as where it stands.

use domain::Reason;
use domain::ports::LenderStatus;

use super::ask::{LOAN, LOAN_ROW};
use super::eval::{Evaluator, Result, plain};
use super::keys::{Keys, Values, reasons};
use super::source::{Loaded, Table};
use super::value::Located;

const TOP: &[(&str, bool)] = &[
    ("state", true),
    ("loan_ref", true),
    ("amount", true),
    ("at", true),
    ("evidence", true),
];

/// The mapping.
#[derive(Debug)]
pub(super) struct LoanMap {
    top: Keys,
    reasons: Option<ReasonMap>,
}

/// `[….reasons]`: each row of a list as a reason.
#[derive(Debug)]
pub(super) struct ReasonMap {
    each: Keys,
    row: Keys,
}

impl ReasonMap {
    pub(super) fn load(table: &Table<'_>, names: super::parse::Names, rows: super::parse::Names) -> Loaded<Self> {
        let found = Self {
            each: Keys::load(table, names, &[("each", true)])?,
            row: Keys::load(table, rows, &[("code", true), ("text", true)])?,
        };
        table.finish()?;
        Ok(found)
    }

    pub(super) fn read(&self, evaluator: &Evaluator, scope: &[Located]) -> Result<Vec<Reason>> {
        let values = Values {
            keys: &self.each,
            evaluator,
            scope,
        };
        reasons(values.of(&self.row), &values.list("each")?)
    }
}

/// What an accepted offer is, as a manifest says it.
#[derive(Clone, Copy, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum State {
    Unknown,
    Accepted,
    Disbursed,
    Rejected,
    Cancelled,
}

impl LoanMap {
    pub(super) fn load(table: &Table<'_>) -> Loaded<Self> {
        let top = Keys::load(table, LOAN, TOP)?;
        let reasons = table.table("reasons")?;
        let reasons = reasons
            .map(|table| ReasonMap::load(&table, LOAN, LOAN_ROW))
            .transpose()?;
        table.finish()?;
        Ok(Self { top, reasons })
    }

    fn values<'a>(&'a self, evaluator: &'a Evaluator, scope: &'a [Located]) -> Values<'a> {
        Values {
            keys: &self.top,
            evaluator,
            scope,
        }
    }

    /// Where it stands; `scope` is that of [`LOAN`].
    pub(super) fn status(&self, evaluator: &Evaluator, scope: &[Located]) -> Result<LenderStatus> {
        let v = self.values(evaluator, scope);
        Ok(match v.word("state")? {
            State::Unknown => LenderStatus::Unknown,
            State::Accepted => LenderStatus::Accepted,
            State::Cancelled => LenderStatus::Cancelled,
            State::Disbursed => LenderStatus::Disbursed {
                amount: v.money("amount")?,
                at: v.instant("at")?,
                evidence: bounded(v.text("evidence")?, "loan.evidence")?,
            },
            State::Rejected => LenderStatus::Rejected {
                reasons: match &self.reasons {
                    Some(map) => map.read(evaluator, scope)?,
                    None => Vec::new(),
                },
            },
        })
    }

    /// The lender's reference of the loan.
    pub(super) fn reference(&self, evaluator: &Evaluator, scope: &[Located]) -> Result<String> {
        bounded(self.values(evaluator, scope).text("loan_ref")?, "loan.loan_ref")
    }
}

fn bounded(text: String, key: &str) -> Result<String> {
    let fits = (1..=128).contains(&text.len()) && !text.chars().any(char::is_control);
    if fits {
        Ok(text)
    } else {
        Err(plain("expected 1 to 128 bytes on one line").or_key(key))
    }
}
