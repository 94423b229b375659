//! The schedule of a token loan: periods of a fixed number of seconds, simple interest rounded up, in base units.
//!
//! The contract computes the same numbers, so everything here is integer arithmetic in `U256`.

use alloy_primitives::U256;

/// Parts per million in one.
pub const PPM: u64 = 1_000_000;
/// Seconds in a year of 365 days.
pub const YEAR_SECONDS: u64 = 31_536_000;
/// The most installments a loan may have.
pub const MAX_COUNT: u32 = 1_000;

/// Why an on-chain schedule cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OnchainError {
    /// A product left 256 bits.
    #[error("amount out of range")]
    Overflow,
    /// No principal, no period, or not between 1 and [`MAX_COUNT`] installments.
    #[error("invalid loan terms")]
    Terms,
    /// The installment does not cover the interest and the principal would not come down.
    #[error("the installment does not cover the interest")]
    Unpayable,
}

/// Terms of a token loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnchainTerms {
    /// Principal in base units.
    pub principal: U256,
    /// Yearly rate in parts per million.
    pub rate_ppm: u32,
    /// Number of installments.
    pub count: u32,
    /// Seconds between installments.
    pub period_seconds: u64,
    /// What the borrower pays each period but the last, in base units.
    pub installment: U256,
}

/// One installment of a token loan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OnchainInstallment {
    /// From 1.
    pub number: u32,
    /// Seconds from disbursement to the due time.
    pub due_after: u64,
    /// Balance before.
    pub opening: U256,
    /// Principal due.
    pub principal: U256,
    /// Interest due.
    pub interest: U256,
    /// Principal and interest.
    pub total: U256,
    /// Balance after.
    pub closing: U256,
}

/// `ceil(outstanding * rate_ppm * seconds / (1_000_000 * 31_536_000))`.
pub fn interest_up(outstanding: U256, rate_ppm: u32, seconds: u64) -> Result<U256, OnchainError> {
    let scaled = outstanding
        .checked_mul(U256::from(rate_ppm))
        .and_then(|value| value.checked_mul(U256::from(seconds)))
        .ok_or(OnchainError::Overflow)?;
    let divisor = U256::from(PPM) * U256::from(YEAR_SECONDS);
    let whole = scaled / divisor;
    if scaled % divisor == U256::ZERO {
        Ok(whole)
    } else {
        whole.checked_add(U256::ONE).ok_or(OnchainError::Overflow)
    }
}

/// The schedule when every installment is paid when it is due. The last takes everything left. An installment too small to
/// cover the interest is refused.
pub fn schedule(terms: &OnchainTerms) -> Result<Vec<OnchainInstallment>, OnchainError> {
    if terms.principal.is_zero() || terms.period_seconds == 0 || !(1..=MAX_COUNT).contains(&terms.count) {
        return Err(OnchainError::Terms);
    }
    let mut balance = terms.principal;
    let mut rows = Vec::with_capacity(terms.count as usize);
    for number in 1..=terms.count {
        let interest = interest_up(balance, terms.rate_ppm, terms.period_seconds)?;
        let principal = if number == terms.count {
            balance
        } else {
            terms
                .installment
                .checked_sub(interest)
                .ok_or(OnchainError::Unpayable)?
                .min(balance)
        };
        let opening = balance;
        balance -= principal;
        rows.push(OnchainInstallment {
            number,
            due_after: u64::from(number)
                .checked_mul(terms.period_seconds)
                .ok_or(OnchainError::Overflow)?,
            opening,
            principal,
            interest,
            total: principal.checked_add(interest).ok_or(OnchainError::Overflow)?,
            closing: balance,
        });
    }
    Ok(rows)
}

/// The smallest equal installment whose schedule ends with a last installment no larger than it.
pub fn installment_amount(
    principal: U256,
    rate_ppm: u32,
    count: u32,
    period_seconds: u64,
) -> Result<U256, OnchainError> {
    let terms = OnchainTerms {
        principal,
        rate_ppm,
        count,
        period_seconds,
        installment: U256::ZERO,
    };
    let first = interest_up(principal, rate_ppm, period_seconds)?;
    let mut high = principal.checked_add(first).ok_or(OnchainError::Overflow)?;
    let mut low = U256::ZERO;
    if !amortizes(&terms, high)? {
        return Err(OnchainError::Terms);
    }
    while low < high {
        let middle = low + ((high - low) >> 1usize);
        if amortizes(&terms, middle)? {
            high = middle;
        } else {
            low = middle + U256::ONE;
        }
    }
    Ok(high)
}

/// Whether the last installment is no larger than `installment`.
fn amortizes(terms: &OnchainTerms, installment: U256) -> Result<bool, OnchainError> {
    match schedule(&OnchainTerms { installment, ..*terms }) {
        Ok(rows) => Ok(rows.last().is_some_and(|last| last.total <= installment)),
        Err(OnchainError::Unpayable) => Ok(false),
        Err(other) => Err(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interest_is_rounded_up() {
        assert_eq!(interest_up(U256::from(1), 1, 1), Ok(U256::from(1)));
        assert_eq!(
            interest_up(U256::from(1_000_000), 120_000, YEAR_SECONDS),
            Ok(U256::from(120_000))
        );
    }

    #[test]
    fn the_installment_is_the_smallest_that_amortizes() {
        let (principal, rate, count, seconds) = (U256::from(1_000_000_000u64), 120_000, 12, 2_592_000);
        let amount = installment_amount(principal, rate, count, seconds).unwrap();
        let last = |installment| {
            let terms = OnchainTerms {
                principal,
                rate_ppm: rate,
                count,
                period_seconds: seconds,
                installment,
            };
            schedule(&terms).unwrap().last().map(|row| row.total).unwrap()
        };
        assert!(last(amount) <= amount);
        assert!(last(amount - U256::ONE) > amount - U256::ONE);
    }

    #[test]
    fn an_installment_below_the_interest_is_refused() {
        let terms = OnchainTerms {
            principal: U256::from(1_000_000),
            rate_ppm: 500_000,
            count: 3,
            period_seconds: YEAR_SECONDS,
            installment: U256::from(1_000),
        };
        assert_eq!(schedule(&terms), Err(OnchainError::Unpayable));
    }
}
