//! Payment allocation: in which order a payment covers what is owed, as data.

use serde::{Deserialize, Serialize};

use super::ScheduleError;
use crate::calendar::Date;

/// When an installment is due, seen from the day of the payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum When {
    /// Its due date has passed.
    PastDue,
    /// Its due date is the day of the payment.
    Due,
    /// Its due date is to come.
    InAdvance,
}

/// A part of an installment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Component {
    /// A charge for being late.
    Penalty,
    /// Any other charge.
    Fee,
    /// Interest.
    Interest,
    /// Principal.
    Principal,
}

/// One of the twelve places in an allocation order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slot {
    /// When the installment is due.
    pub when: When,
    /// The part of it.
    pub component: Component,
}

/// Whether one installment is covered before the next, or one slot before the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Processing {
    /// Installment by installment, oldest first.
    Horizontal,
    /// Slot by slot across all installments.
    Vertical,
}

/// The twelve slots in the order in which a payment fills them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "Vec<Slot>")]
pub struct AllocationOrder(Vec<Slot>);

impl AllocationOrder {
    /// All twelve slots, each once.
    pub fn new(slots: Vec<Slot>) -> Result<Self, ScheduleError> {
        let twice = (1..slots.len()).any(|at| slots[at..].contains(&slots[at - 1]));
        if slots.len() == 12 && !twice {
            Ok(Self(slots))
        } else {
            Err(ScheduleError::Terms("an order has all twelve slots"))
        }
    }

    /// Past due, due, in advance; within each the given order of components.
    pub fn by_component(components: [Component; 4]) -> Self {
        let whens = [When::PastDue, When::Due, When::InAdvance];
        Self(
            whens
                .iter()
                .flat_map(|when| components.map(|component| Slot { when: *when, component }))
                .collect(),
        )
    }

    /// The slots in order.
    pub fn slots(&self) -> &[Slot] {
        &self.0
    }
}

impl TryFrom<Vec<Slot>> for AllocationOrder {
    type Error = ScheduleError;

    fn try_from(slots: Vec<Slot>) -> Result<Self, ScheduleError> {
        Self::new(slots)
    }
}

/// What is still owed on one installment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obligation {
    /// Installment number.
    pub number: u32,
    /// Due date.
    pub due: Date,
    /// Penalties owed.
    pub penalty: i128,
    /// Fees owed.
    pub fee: i128,
    /// Interest owed.
    pub interest: i128,
    /// Principal owed.
    pub principal: i128,
}

impl Obligation {
    /// Everything owed on it.
    pub fn total(&self) -> i128 {
        self.penalty + self.fee + self.interest + self.principal
    }

    fn owed(&mut self, component: Component) -> &mut i128 {
        match component {
            Component::Penalty => &mut self.penalty,
            Component::Fee => &mut self.fee,
            Component::Interest => &mut self.interest,
            Component::Principal => &mut self.principal,
        }
    }

    fn when(&self, at: Date) -> When {
        match self.due.cmp(&at) {
            std::cmp::Ordering::Less => When::PastDue,
            std::cmp::Ordering::Equal => When::Due,
            std::cmp::Ordering::Greater => When::InAdvance,
        }
    }
}

/// One part of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Part {
    /// Installment number.
    pub number: u32,
    /// Part of the installment.
    pub component: Component,
    /// Amount, positive.
    pub amount: i128,
}

/// Where a payment goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocation {
    /// In the order of the slots.
    pub parts: Vec<Part>,
    /// What is left when nothing more is owed.
    pub left: i128,
}

/// Spreads `amount`, paid on `at`, over what is owed.
pub fn allocate(
    order: &AllocationOrder,
    processing: Processing,
    owed: &[Obligation],
    at: Date,
    amount: i128,
) -> Allocation {
    let mut owed = owed.to_vec();
    owed.sort_by_key(|row| (row.due, row.number));
    let mut result = Allocation {
        parts: Vec::new(),
        left: amount.max(0),
    };
    match processing {
        Processing::Vertical => {
            for slot in order.slots() {
                for row in owed.iter_mut().filter(|row| row.when(at) == slot.when) {
                    cover(&mut result, row, slot.component);
                }
            }
        }
        Processing::Horizontal => {
            for row in &mut owed {
                let when = row.when(at);
                for slot in order.slots().iter().filter(|slot| slot.when == when) {
                    cover(&mut result, row, slot.component);
                }
            }
        }
    }
    result
}

/// Covers one component of one installment with what is left.
fn cover(result: &mut Allocation, row: &mut Obligation, component: Component) {
    let number = row.number;
    let owed = row.owed(component);
    let amount = (*owed).min(result.left);
    if amount > 0 {
        *owed -= amount;
        result.left -= amount;
        result.parts.push(Part {
            number,
            component,
            amount,
        });
    }
}
