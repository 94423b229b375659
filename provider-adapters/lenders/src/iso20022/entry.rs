//! One booked movement of money, and what it means for us.

use chrono::NaiveDate;
use domain::Money;
use serde::{Deserialize, Serialize};

use super::reference;

/// An entry of a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Entry {
    /// What tells it from any other of this account; none when the bank gives nothing that does.
    pub identity: Option<String>,
    pub amount: Money,
    /// Money in.
    pub credit: bool,
    /// Undoes another entry.
    pub reversal: bool,
    /// Not only announced.
    pub booked: bool,
    pub day: Option<NaiveDate>,
    /// The transactions of it; several in a batch.
    pub details: Vec<Detail>,
}

/// One transaction of an entry.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Detail {
    pub amount: Option<Money>,
    pub end_to_end: Option<String>,
    /// Structured creditor references.
    pub references: Vec<String>,
}

/// One transaction, as it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Movement {
    /// Of this account, for ever.
    pub identity: String,
    pub amount: Money,
    pub credit: bool,
    pub day: NaiveDate,
    pub end_to_end: Option<String>,
    /// The one valid creditor reference.
    pub reference: Option<String>,
}

/// Why a movement waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Odd(pub &'static str);

impl Entry {
    /// The transactions of a booked entry, or why it is none of them.
    pub(super) fn movements(&self) -> Result<Vec<Movement>, Odd> {
        let identity = self.identity.as_ref().ok_or(Odd("NO_REFERENCE_OF_THE_BANK"))?;
        let day = self.day.ok_or(Odd("NO_BOOKING_DATE"))?;
        if self.reversal {
            return Err(Odd("REVERSAL"));
        }
        let none = [Detail::default()];
        let details = if self.details.is_empty() {
            &none[..]
        } else {
            &self.details[..]
        };
        let alone = details.len() == 1;
        let mut left = i128::from(self.amount.minor);
        let mut movements = Vec::with_capacity(details.len());
        for (number, detail) in details.iter().enumerate() {
            let amount = match detail.amount {
                Some(amount) => amount,
                None if alone => self.amount,
                None => return Err(Odd("BATCH_WITHOUT_AMOUNTS")),
            };
            if amount.currency != self.amount.currency {
                return Err(Odd("OTHER_CURRENCY"));
            }
            left -= i128::from(amount.minor);
            movements.push(Movement {
                identity: if alone {
                    identity.clone()
                } else {
                    format!("{identity}/{number}")
                },
                amount,
                credit: self.credit,
                day,
                end_to_end: detail.end_to_end.clone(),
                reference: only(&detail.references)?,
            });
        }
        if left != 0 {
            return Err(Odd("DETAILS_DO_NOT_SUM"));
        }
        Ok(movements)
    }
}

/// The valid reference among those given; two different ones are not told apart here.
fn only(references: &[String]) -> Result<Option<String>, Odd> {
    let mut found: Option<String> = None;
    for reference in references.iter().filter_map(|text| reference::parse(text)) {
        match &found {
            Some(other) if *other != reference => return Err(Odd("TWO_REFERENCES")),
            _ => found = Some(reference),
        }
    }
    Ok(found)
}
