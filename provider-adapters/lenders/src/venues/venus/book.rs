//! What the pool's contracts compute, to the last digit.

use alloy_primitives::U256;
use rust_decimal::Decimal;

use super::super::math::{
    Number, OutOfRange, YEAR, add, decimal, largest, mul, mul_div_down, mul_div_up, sub, ten_to, uint, wad,
};
use super::super::terms::Pair;

/// A rate a block that rises to the kink and then steeply; everything in wad.
#[derive(Clone, Copy, Debug)]
pub(super) struct Curve {
    pub base: U256,
    pub slope_low: U256,
    pub slope_high: U256,
    pub kink: U256,
}

impl Curve {
    /// A block, at that share lent.
    pub(super) fn rate(&self, usage: U256) -> Number {
        let low = |usage| add(mul_div_down(usage, self.slope_low, wad())?, self.base);
        if usage <= self.kink {
            return low(usage);
        }
        add(
            mul_div_down(usage - self.kink, self.slope_high, wad())?,
            low(self.kink)?,
        )
    }
}

/// The books of one market, base units and its own tokens.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    pub cash: U256,
    pub borrows: U256,
    pub reserves: U256,
    pub bad_debt: U256,
    pub supply: U256,
}

impl Held {
    /// Base units for a token, in wad.
    fn exchange_rate(&self) -> Number {
        let all = add(add(self.cash, self.borrows)?, self.bad_debt)?;
        mul_div_down(sub(all, self.reserves)?, wad(), self.supply)
    }
}

/// A number of the collateral market's tokens and their rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tokens {
    count: U256,
    rate: U256,
}

impl Tokens {
    /// Base units of the collateral.
    pub(super) fn underlying(&self) -> Number {
        mul_div_down(self.count, self.rate, wad())
    }
}

/// One asset against one collateral, as of one block.
pub(super) struct Book {
    pub asset: Held,
    pub collateral: Held,
    pub curve: Curve,
    pub index: U256,
    pub asset_price: U256,
    pub collateral_price: U256,
    /// Most that is lent over value, wad.
    pub factor: U256,
    /// Debt over value above which it is liquidated, wad.
    pub threshold: U256,
    pub borrow_cap: U256,
    pub supply_cap: U256,
}

impl Book {
    /// Base units that can be lent.
    pub(super) fn liquidity(&self) -> U256 {
        self.asset.cash.saturating_sub(self.asset.reserves)
    }

    /// Whether the supply cap leaves room for `amount` of collateral.
    pub(super) fn has_room(&self, amount: U256) -> Result<bool, OutOfRange> {
        if self.supply_cap == U256::MAX {
            return Ok(true);
        }
        let held = mul_div_down(self.collateral.supply, self.collateral.exchange_rate()?, wad())?;
        Ok(add(held, amount)? <= self.supply_cap)
    }

    /// Whether the borrow cap leaves room for `amount` of debt.
    pub(super) fn under_borrow_cap(&self, amount: U256) -> Result<bool, OutOfRange> {
        if self.borrow_cap == U256::MAX {
            return Ok(true);
        }
        Ok(add(add(self.asset.borrows, self.asset.bad_debt)?, amount)? <= self.borrow_cap)
    }

    /// Tokens that who supplies `amount` gets, at the rate after it.
    pub(super) fn minted(&self, amount: U256) -> Result<Tokens, OutOfRange> {
        let count = mul_div_down(amount, wad(), self.collateral.exchange_rate()?)?;
        let after = Held {
            cash: add(self.collateral.cash, amount)?,
            supply: add(self.collateral.supply, count)?,
            ..self.collateral
        };
        Ok(Tokens {
            count,
            rate: after.exchange_rate()?,
        })
    }

    /// So many tokens at the rate of now.
    pub(super) fn tokens(&self, count: U256) -> Result<Tokens, OutOfRange> {
        Ok(Tokens {
            count,
            rate: self.collateral.exchange_rate()?,
        })
    }

    /// The rate a block and the share lent once `amount` is lent, both in wad.
    pub(super) fn rate_after(&self, amount: U256) -> Result<(U256, U256), OutOfRange> {
        let lent = add(add(self.asset.borrows, amount)?, self.asset.bad_debt)?;
        if lent.is_zero() {
            return Ok((self.curve.base, U256::ZERO));
        }
        let all = sub(add(sub(self.asset.cash, amount)?, lent)?, self.asset.reserves)?;
        let usage = mul_div_down(lent, wad(), all)?.min(wad());
        Ok((self.curve.rate(usage)?, usage))
    }

    /// Value of tokens, each part of `weight` (wad) of it, at that price of the collateral.
    fn value(locked: &Tokens, weight: U256, price: U256) -> Number {
        let token = mul_div_down(locked.rate, price, wad())?;
        let weighted = mul_div_down(weight, token, wad())?;
        mul_div_down(weighted, locked.count, wad())
    }

    fn debt_value(&self, debt: U256) -> Number {
        mul_div_down(self.asset_price, debt, wad())
    }

    /// Whether the pool lends `debt` against those tokens, and the threshold stays as far away as it should.
    pub(super) fn carries(&self, locked: &Tokens, debt: U256, headroom_ppm: u64) -> Result<bool, OutOfRange> {
        let owed = self.debt_value(debt)?;
        let padded = mul_div_up(owed, uint(1_000_000), uint(1_000_000 - headroom_ppm.min(999_999)))?;
        let lends = Self::value(locked, self.factor, self.collateral_price)? >= owed;
        Ok(lends && Self::value(locked, self.threshold, self.collateral_price)? >= padded)
    }

    /// Debt over value in wad, rounded up.
    pub(super) fn ltv(&self, locked: &Tokens, debt: U256) -> Number {
        let value = Self::value(locked, wad(), self.collateral_price)?;
        let owed = self.debt_value(debt)?;
        if value.is_zero() {
            Ok(U256::MAX)
        } else {
            mul_div_up(owed, wad(), value)
        }
    }

    /// Highest price of the collateral at which the pool sees a shortfall; zero when there is none.
    pub(super) fn liquidation_price(&self, locked: &Tokens, debt: U256) -> Number {
        if locked.count.is_zero() || debt.is_zero() {
            return Ok(U256::ZERO);
        }
        let owed = self.debt_value(debt)?;
        let unsound = |price| Ok(Self::value(locked, self.threshold, price)? < owed);
        Ok(largest(U256::ZERO, ten_to(46), unsound)?.unwrap_or_default())
    }

    /// A price of the oracle for a whole token, in whole tokens of the asset.
    pub(super) fn in_asset(&self, price: U256, pair: &Pair) -> Result<Decimal, OutOfRange> {
        let whole = mul(price, ten_to(u32::from(pair.collateral.decimals)))?;
        let asset = mul(self.asset_price, ten_to(u32::from(pair.asset.decimals)))?;
        decimal(mul_div_down(whole, wad(), asset)?, 18)
    }

    /// Debt of who borrows `amount` now, after `seconds` in which nobody else does anything, at that rate a block.
    pub(super) fn owed(&self, amount: U256, rate: U256, seconds: u64, blocks_per_year: U256) -> Number {
        let blocks = mul_div_down(uint(seconds), blocks_per_year, uint(YEAR))?;
        let growth = mul(rate, blocks)?;
        let index = add(mul_div_down(growth, self.index, wad())?, self.index)?;
        mul_div_down(amount, index, self.index)
    }
}
