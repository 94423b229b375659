//! The arithmetic of lending protocols, each rounding in the name. Nothing wraps: numbers come from contracts of others.

use alloy_primitives::U256;
use rust_decimal::Decimal;
use sdk::LenderError;

/// A number that no sound market has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a number of the market is out of range")]
pub(super) struct OutOfRange;

impl From<OutOfRange> for LenderError {
    fn from(error: OutOfRange) -> Self {
        Self::Malformed {
            field: "market".into(),
            detail: error.to_string(),
        }
    }
}

/// A number, or none that could be.
pub(super) type Number = Result<U256, OutOfRange>;

/// Seconds in the year that all these protocols count.
pub(super) const YEAR: u64 = 31_536_000;
/// Parts of 10,000.
pub(super) const BPS: u64 = 10_000;

/// 10^18.
pub(super) fn wad() -> U256 {
    ten_to(18)
}

/// 10^27.
pub(super) fn ray() -> U256 {
    ten_to(27)
}

/// A power of ten below 2^256.
pub(super) fn ten_to(exponent: u32) -> U256 {
    U256::from(10).pow(U256::from(exponent))
}

pub(super) fn uint(number: u64) -> U256 {
    U256::from(number)
}

pub(super) fn add(a: U256, b: U256) -> Number {
    a.checked_add(b).ok_or(OutOfRange)
}

pub(super) fn sub(a: U256, b: U256) -> Number {
    a.checked_sub(b).ok_or(OutOfRange)
}

pub(super) fn mul(a: U256, b: U256) -> Number {
    a.checked_mul(b).ok_or(OutOfRange)
}

pub(super) fn div_down(a: U256, b: U256) -> Number {
    a.checked_div(b).ok_or(OutOfRange)
}

pub(super) fn div_up(a: U256, b: U256) -> Number {
    let whole = div_down(a, b)?;
    if whole * b == a {
        Ok(whole)
    } else {
        add(whole, U256::ONE)
    }
}

pub(super) fn mul_div_down(a: U256, b: U256, by: U256) -> Number {
    div_down(mul(a, b)?, by)
}

pub(super) fn mul_div_up(a: U256, b: U256, by: U256) -> Number {
    div_up(mul(a, b)?, by)
}

/// Ties away from zero.
pub(super) fn mul_div_half_up(a: U256, b: U256, by: U256) -> Number {
    div_down(add(mul(a, b)?, by / U256::from(2))?, by)
}

/// The largest number in `low..=high` that holds, where everything below one that holds does too; none when `low` does not.
pub(super) fn largest(
    low: U256,
    high: U256,
    holds: impl Fn(U256) -> Result<bool, OutOfRange>,
) -> Result<Option<U256>, OutOfRange> {
    if low > high || !holds(low)? {
        return Ok(None);
    }
    let (mut good, mut bad) = (low, add(high, U256::ONE)?);
    while bad - good > U256::ONE {
        let middle = good + ((bad - good) >> 1);
        if holds(middle)? {
            good = middle;
        } else {
            bad = middle;
        }
    }
    Ok(Some(good))
}

/// `number / 10^decimals`, exact where 28 digits hold it, else rounded to them, ties to even.
pub(super) fn decimal(number: U256, decimals: u32) -> Result<Decimal, OutOfRange> {
    let (mut number, mut decimals) = (number, decimals);
    let ten = U256::from(10);
    // What is cut is remembered, so that a tie is only what was one.
    let (mut last, mut rest) = (U256::ZERO, false);
    while decimals > 28 || number >= most() {
        if decimals == 0 {
            return Err(OutOfRange);
        }
        rest |= !last.is_zero();
        last = number % ten;
        number /= ten;
        decimals -= 1;
    }
    let five = U256::from(5);
    let up = last > five || (last == five && (rest || number.bit(0)));
    let number = if up { number + U256::ONE } else { number };
    let mantissa = i128::try_from(u128::try_from(number).map_err(|_| OutOfRange)?).map_err(|_| OutOfRange)?;
    Decimal::try_from_i128_with_scale(mantissa, decimals)
        .map(|value| value.normalize())
        .map_err(|_| OutOfRange)
}

/// A bound that every mantissa below, and its next, is within 96 bits.
fn most() -> U256 {
    (U256::ONE << 96) - U256::ONE
}

#[cfg(test)]
mod tests {
    use super::*;

    fn n(number: u128) -> U256 {
        U256::from(number)
    }

    #[test]
    fn roundings_do_what_they_are_called() {
        let (a, b, by) = (n(7), n(5), n(10));
        assert_eq!(mul_div_down(a, b, by), Ok(n(3)));
        assert_eq!(mul_div_up(a, b, by), Ok(n(4)));
        assert_eq!(mul_div_half_up(a, b, by), Ok(n(4)));
        assert_eq!(mul_div_half_up(n(7), n(2), by), Ok(n(1)));
        assert_eq!(mul_div_up(n(20), n(5), by), Ok(n(10)));
    }

    #[test]
    fn nothing_wraps() {
        assert_eq!(mul(U256::MAX, n(2)), Err(OutOfRange));
        assert_eq!(sub(n(1), n(2)), Err(OutOfRange));
        assert_eq!(div_down(n(1), U256::ZERO), Err(OutOfRange));
        assert_eq!(div_up(n(1), U256::ZERO), Err(OutOfRange));
    }

    #[test]
    fn the_largest_that_holds_is_found_at_both_ends() {
        let below = |limit: u128| move |x: U256| Ok(x <= n(limit));
        assert_eq!(largest(n(0), n(1_000), below(617)), Ok(Some(n(617))));
        assert_eq!(largest(n(0), n(1_000), below(5_000)), Ok(Some(n(1_000))));
        assert_eq!(largest(n(5), n(1_000), below(5)), Ok(Some(n(5))));
        assert_eq!(largest(n(5), n(1_000), below(4)), Ok(None));
    }

    #[test]
    fn decimals_are_exact_as_far_as_they_go() {
        assert_eq!(decimal(n(42_123), 3).unwrap().to_string(), "42.123");
        assert_eq!(decimal(n(2_000) * ten_to(24), 24).unwrap().to_string(), "2000");
        // 30 digits: the last two are rounded off, and a tie goes to even only when nothing follows it.
        assert_eq!(
            decimal(n(125), 30).unwrap(),
            Decimal::try_from_i128_with_scale(1, 28).unwrap()
        );
        assert_eq!(
            decimal(n(150), 30).unwrap(),
            Decimal::try_from_i128_with_scale(2, 28).unwrap()
        );
        assert_eq!(
            decimal(n(250), 30).unwrap(),
            Decimal::try_from_i128_with_scale(2, 28).unwrap()
        );
        assert_eq!(
            decimal(n(251), 30).unwrap(),
            Decimal::try_from_i128_with_scale(3, 28).unwrap()
        );
        assert_eq!(decimal(U256::MAX, 0), Err(OutOfRange));
    }
}
