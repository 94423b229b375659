//! What a sandbox lender does, and the magic amounts that force it.

use serde::{Deserialize, Serialize};

/// One behavior. Configured on a lender it holds for every request; otherwise the last two digits of the amount in minor
/// units choose it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Behavior {
    /// Answers at once, pays out at once.
    #[default]
    Normal,
    /// Declines, with reasons.
    Decline,
    /// Never answers.
    Silent,
    /// Answers after the lender's delay.
    Slow,
    /// Acknowledges, then calls back in two parts after the delay.
    Callback,
    /// Acknowledges and calls back, but never says that nothing follows.
    CallbackUnfinished,
    /// Answers 500.
    ServerError,
    /// Answers 429.
    RateLimited,
    /// Answers what is no JSON.
    NotJson,
    /// Answers brackets nested too deep.
    TooDeep,
    /// Answers more than 1 MiB.
    TooLarge,
    /// Redirects.
    Redirect,
    /// Answers for another request id.
    OtherRequest,
    /// Offers in a currency that was not asked for.
    WrongCurrency,
    /// Offers a payment whose total is not the sum of its parts.
    BadBreakup,
    /// Offers what has expired.
    Expired,
    /// Signs with a key that is not its own.
    BadSignature,
    /// Does not sign.
    Unsigned,
    /// Offers more than was asked for.
    TooMuch,
    /// Offers a negative fee.
    Negative,
    /// Offers dates that do not increase.
    BadDates,
    /// Disburses less than the amount offered without a fee that says so.
    BadNet,
    /// Sends a field that the protocol does not have.
    UnknownField,
    /// Takes the acceptance and pays out; the answer is lost.
    AcceptLost,
    /// Answers the first acceptance of a settlement with 503, before doing anything.
    AcceptUnavailableOnce,
    /// Rejects the acceptance.
    AcceptRejected,
    /// Accepts, and pays out when asked for the status.
    DisburseLater,
    /// Accepts, and never pays out.
    NeverDisburse,
    /// Says that it paid out another amount than agreed.
    DisburseOther,
}

/// Last two digits of the amount, and what they force.
pub const TABLE: [(i64, Behavior); 28] = [
    (1, Behavior::Decline),
    (2, Behavior::Silent),
    (3, Behavior::Slow),
    (4, Behavior::Callback),
    (5, Behavior::CallbackUnfinished),
    (10, Behavior::ServerError),
    (11, Behavior::RateLimited),
    (12, Behavior::NotJson),
    (13, Behavior::TooDeep),
    (14, Behavior::TooLarge),
    (15, Behavior::Redirect),
    (16, Behavior::OtherRequest),
    (20, Behavior::WrongCurrency),
    (21, Behavior::BadBreakup),
    (22, Behavior::Expired),
    (23, Behavior::BadSignature),
    (24, Behavior::Unsigned),
    (25, Behavior::TooMuch),
    (26, Behavior::Negative),
    (27, Behavior::BadDates),
    (28, Behavior::BadNet),
    (29, Behavior::UnknownField),
    (40, Behavior::AcceptLost),
    (41, Behavior::AcceptUnavailableOnce),
    (42, Behavior::AcceptRejected),
    (43, Behavior::DisburseLater),
    (44, Behavior::NeverDisburse),
    (45, Behavior::DisburseOther),
];

impl Behavior {
    /// What the amount forces; `Normal` when it is not magic.
    pub fn of_amount(minor: i64) -> Self {
        let cents = minor.rem_euclid(100);
        TABLE
            .iter()
            .find(|(magic, _)| *magic == cents)
            .map_or(Self::Normal, |(_, behavior)| *behavior)
    }

    /// The configured behavior, or else what the amount forces.
    pub(crate) fn choose(self, minor: i64) -> Self {
        if self == Self::Normal {
            Self::of_amount(minor)
        } else {
            self
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn every_magic_amount_forces_one_behavior_and_round_amounts_none() {
        let amounts: HashSet<_> = TABLE.iter().map(|row| row.0).collect();
        let behaviors: HashSet<_> = TABLE.iter().map(|row| row.1).collect();
        assert_eq!((amounts.len(), behaviors.len()), (TABLE.len(), TABLE.len()));
        assert_eq!(Behavior::of_amount(500_000), Behavior::Normal);
        assert_eq!(Behavior::of_amount(500_042), Behavior::AcceptRejected);
        assert_eq!(Behavior::Silent.choose(500_042), Behavior::Silent);
    }
}
