//! How much may be owed: what income carries, what is left of it each month, conduct, wallet, and what is owed already.

use serde::{Deserialize, Serialize};

use crate::facts::Source;
use crate::view::{payable_down, share_down};

/// What set the limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Bound {
    /// A multiple of income by the score's band.
    Income,
    /// What is left of income each month.
    Capacity,
    /// Conduct with us.
    Behavior,
    /// The wallet's record.
    Wallet,
    /// What is owed to us already.
    Exposure,
    /// So late with us now that nothing new is given.
    Frozen,
}

/// What the limit is made from. Amounts are minor units, factors parts per million.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LimitInputs {
    pub asked: i64,
    pub income: i64,
    /// Housing and debts of a month.
    pub spent: i128,
    /// Days over which principal is spread.
    pub days: i128,
    pub income_multiple_ppm: i64,
    pub debt_to_income_ppm: i64,
    pub principal_share_ppm: i64,
    /// A million or more.
    pub raise_ppm: i64,
    /// A million or less.
    pub cut_ppm: i64,
    /// A million or less.
    pub wallet_ppm: i64,
    pub outstanding: i64,
    pub reserved: i64,
    pub frozen: bool,
    /// Minor units of a major one.
    pub unit: i128,
}

/// How the limit came about, as stored: each step in minor units, rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LimitDerivation {
    /// Whose word income is.
    pub income_source: Option<Source>,
    /// The multiple of income, raised by conduct.
    pub by_income_minor: i64,
    /// What the rest of each month's income pays back.
    pub by_capacity_minor: i64,
    /// Factor earned by loans repaid to us, on the multiple of income alone.
    pub raise_ppm: i64,
    /// Factor of late days with us.
    pub cut_ppm: i64,
    /// Factor of the wallet.
    pub wallet_ppm: i64,
    /// The limit without the wallet, whole major units.
    pub before_wallet_minor: i64,
    /// Owed to us or promised.
    pub exposure_minor: i64,
    /// Highest exposure with us, whole major units.
    pub limit_minor: i64,
    /// What may be given now: the limit less the exposure, whole major units.
    pub available_minor: i64,
    /// The bound that took the amount asked for out of reach; of an amount within reach, the tighter one of income and capacity.
    pub binding: Bound,
}

/// Makes the limit. Out of the range of the arithmetic is nobody's real income: no limit rather than a wrong one.
pub(crate) fn derive(inputs: &LimitInputs, income_source: Option<Source>) -> LimitDerivation {
    let multiple = share_down(inputs.income.into(), inputs.income_multiple_ppm);
    let by_income = multiple
        .and_then(|amount| share_down(amount, inputs.raise_ppm))
        .unwrap_or(0);
    let free = share_down(inputs.income.into(), inputs.debt_to_income_ppm).map(|share| share - inputs.spent);
    let by_capacity = free
        .and_then(|free| payable_down(free, inputs.days, inputs.principal_share_ppm))
        .unwrap_or(0);
    let base = fits(by_income.min(by_capacity).max(0));
    let after_cut = share_down(base, inputs.cut_ppm).unwrap_or(0);
    let after_wallet = share_down(after_cut, inputs.wallet_ppm).unwrap_or(0);
    let limit = whole(after_wallet, inputs.unit);
    let exposure = i128::from(inputs.outstanding.max(0)) + i128::from(inputs.reserved.max(0));
    let available = if inputs.frozen {
        0
    } else {
        whole((limit - exposure).max(0), inputs.unit)
    };
    let asked = i128::from(inputs.asked);
    let tighter = if by_capacity < by_income {
        Bound::Capacity
    } else {
        Bound::Income
    };
    let steps = [
        (inputs.frozen, Bound::Frozen),
        (whole(base, inputs.unit) < asked, tighter),
        (whole(after_cut, inputs.unit) < asked, Bound::Behavior),
        (limit < asked, Bound::Wallet),
        (available < asked, Bound::Exposure),
    ];
    let binding = steps
        .into_iter()
        .find(|(hit, _)| *hit)
        .map_or(tighter, |(_, bound)| bound);
    LimitDerivation {
        income_source,
        by_income_minor: minor(by_income),
        by_capacity_minor: minor(by_capacity),
        raise_ppm: inputs.raise_ppm,
        cut_ppm: inputs.cut_ppm,
        wallet_ppm: inputs.wallet_ppm,
        before_wallet_minor: minor(whole(after_cut, inputs.unit)),
        exposure_minor: minor(exposure),
        limit_minor: minor(limit),
        available_minor: minor(available),
        binding,
    }
}

fn whole(amount: i128, unit: i128) -> i128 {
    amount / unit * unit
}

/// A limit that cannot be stored is none.
fn fits(amount: i128) -> i128 {
    i64::try_from(amount).map_or(0, i128::from)
}

/// Stored amounts that do not fit are at the end of the range.
fn minor(amount: i128) -> i64 {
    i64::try_from(amount).unwrap_or(if amount > 0 { i64::MAX } else { i64::MIN })
}

#[cfg(test)]
#[path = "limits_tests.rs"]
mod tests;
