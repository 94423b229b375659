//! What the pool's contracts compute, to the last digit.

use alloy_primitives::U256;
use rust_decimal::Decimal;

use super::super::math::{
    BPS, Number, OutOfRange, YEAR, add, decimal, div_down, largest, mul, mul_div_down, mul_div_half_up, mul_div_up,
    ray, sub, ten_to, uint, wad,
};
use super::{AaveRelease, share};

/// The packed settings of a reserve.
#[derive(Clone, Copy, Debug)]
pub(super) struct Config(pub U256);

impl Config {
    fn bits(self, from: usize, count: usize) -> U256 {
        (self.0 >> from) & ((U256::ONE << count) - U256::ONE)
    }

    fn flag(self, bit: usize) -> bool {
        self.0.bit(bit)
    }

    /// Parts of 10,000.
    pub(super) fn ltv(self) -> U256 {
        self.bits(0, 16)
    }

    /// Parts of 10,000.
    pub(super) fn threshold(self) -> U256 {
        self.bits(16, 16)
    }

    /// What a liquidator gets for what it pays, parts of 10,000.
    pub(super) fn bonus(self) -> U256 {
        self.bits(32, 16)
    }

    fn unit(self) -> U256 {
        ten_to(self.bits(48, 8).to())
    }

    fn open(self) -> bool {
        self.flag(56) && !self.flag(57) && !self.flag(60)
    }

    /// Active, not frozen, not paused.
    pub(super) fn takes(self) -> bool {
        self.open()
    }

    /// The same, and borrowing is on.
    pub(super) fn lends(self) -> bool {
        self.open() && self.flag(58)
    }

    /// Who borrows it may borrow nothing else.
    pub(super) fn siloed(self) -> bool {
        self.flag(62)
    }

    /// Base units; zero is none.
    fn borrow_cap(self) -> Number {
        mul(self.bits(80, 36), self.unit())
    }

    /// Base units; zero is none.
    fn supply_cap(self) -> Number {
        mul(self.bits(116, 36), self.unit())
    }

    /// Above zero for collateral that only a few assets are lent against.
    pub(super) fn debt_ceiling(self) -> U256 {
        self.bits(212, 40)
    }
}

/// A rate that rises to the kink and then steeply; everything in ray.
#[derive(Clone, Copy, Debug)]
pub(super) struct Curve {
    pub kink: U256,
    pub base: U256,
    pub slope_low: U256,
    pub slope_high: U256,
}

impl Curve {
    /// A year, at that share lent.
    pub(super) fn rate(&self, usage: U256) -> Number {
        if usage > self.kink {
            let excess = mul_div_half_up(usage - self.kink, ray(), sub(ray(), self.kink)?)?;
            let steep = mul_div_half_up(self.slope_high, excess, ray())?;
            return add(add(self.base, self.slope_low)?, steep);
        }
        let part = mul_div_half_up(self.slope_low, usage, ray())?;
        add(self.base, mul_div_half_up(part, ray(), self.kink)?)
    }
}

/// One asset against one collateral, as of one block.
pub(super) struct Book {
    pub release: AaveRelease,
    pub curve: Curve,
    pub asset: Config,
    pub collateral: Config,
    pub asset_price: U256,
    pub collateral_price: U256,
    /// Base units that are there to be lent.
    pub money: U256,
    pub stable_debt: U256,
    pub scaled_debt: U256,
    pub debt_index: U256,
    pub income_index: U256,
    pub scaled_collateral: U256,
    /// Scaled share of the treasury in the collateral's reserve.
    pub treasury: U256,
}

impl Book {
    fn protective(&self) -> bool {
        self.release == AaveRelease::V36
    }

    /// Debt of a scaled balance.
    pub(super) fn debt_balance(&self, scaled: U256) -> Number {
        if self.protective() {
            mul_div_up(scaled, self.debt_index, ray())
        } else {
            mul_div_half_up(scaled, self.debt_index, ray())
        }
    }

    fn debt_scaled(&self, amount: U256) -> Number {
        if self.protective() {
            mul_div_up(amount, ray(), self.debt_index)
        } else {
            mul_div_half_up(amount, ray(), self.debt_index)
        }
    }

    /// Debt of who borrows `amount`, in the same block.
    pub(super) fn debt_of(&self, amount: U256) -> Number {
        self.debt_balance(self.debt_scaled(amount)?)
    }

    /// Collateral of a scaled balance.
    pub(super) fn collateral_balance(&self, scaled: U256) -> Number {
        if self.protective() {
            mul_div_down(scaled, self.income_index, ray())
        } else {
            mul_div_half_up(scaled, self.income_index, ray())
        }
    }

    fn collateral_scaled(&self, amount: U256) -> Number {
        if self.protective() {
            mul_div_down(amount, ray(), self.income_index)
        } else {
            mul_div_half_up(amount, ray(), self.income_index)
        }
    }

    /// Collateral of who supplies `amount`, in the same block.
    pub(super) fn locked(&self, amount: U256) -> Number {
        self.collateral_balance(self.collateral_scaled(amount)?)
    }

    /// Whether the supply cap leaves room for `amount` of collateral.
    pub(super) fn has_room(&self, amount: U256) -> Result<bool, OutOfRange> {
        let cap = self.collateral.supply_cap()?;
        if cap.is_zero() {
            return Ok(true);
        }
        let held = add(self.scaled_collateral, self.treasury)?;
        let after = if self.protective() {
            self.collateral_balance(add(held, self.collateral_scaled(amount)?)?)?
        } else {
            add(self.collateral_balance(held)?, amount)?
        };
        Ok(after <= cap)
    }

    /// Whether the borrow cap leaves room for `amount` of debt.
    pub(super) fn under_borrow_cap(&self, amount: U256) -> Result<bool, OutOfRange> {
        let cap = self.asset.borrow_cap()?;
        if cap.is_zero() {
            return Ok(true);
        }
        let after = if self.protective() {
            self.debt_balance(add(self.scaled_debt, self.debt_scaled(amount)?)?)?
        } else {
            add(add(self.debt_balance(self.scaled_debt)?, self.stable_debt)?, amount)?
        };
        Ok(after <= cap)
    }

    /// The yearly rate and the share lent once `amount` is lent, both in ray.
    pub(super) fn rate_after(&self, amount: U256) -> Result<(U256, U256), OutOfRange> {
        let scaled = add(self.scaled_debt, self.debt_scaled(amount)?)?;
        let debt = add(self.debt_balance(scaled)?, self.stable_debt)?;
        if debt.is_zero() {
            return Ok((self.curve.base, U256::ZERO));
        }
        let all = add(sub(self.money, amount)?, debt)?;
        let usage = mul_div_half_up(debt, ray(), all)?;
        Ok((self.curve.rate(usage)?, usage))
    }

    /// Value of collateral at that price, the oracle's unit.
    fn value(&self, collateral: U256, price: U256) -> Number {
        mul_div_down(collateral, price, self.collateral.unit())
    }

    fn debt_value(&self, debt: U256) -> Number {
        if self.protective() {
            mul_div_up(debt, self.asset_price, self.asset.unit())
        } else {
            mul_div_down(debt, self.asset_price, self.asset.unit())
        }
    }

    /// Health factor in wad.
    fn health(&self, collateral: U256, debt: U256, price: U256) -> Number {
        let (value, owed) = (self.value(collateral, price)?, self.debt_value(debt)?);
        if owed.is_zero() {
            return Ok(U256::MAX);
        }
        let threshold = self.collateral.threshold();
        if self.protective() {
            return Ok(mul_div_half_up(mul(value, threshold)?, wad(), owed)? / uint(BPS));
        }
        mul_div_half_up(mul_div_half_up(value, threshold, uint(BPS))?, wad(), owed)
    }

    /// Whether the pool lends `amount` against that collateral, and the threshold stays as far away as it should.
    pub(super) fn carries(&self, collateral: U256, amount: U256, headroom_ppm: u64) -> Result<bool, OutOfRange> {
        let value = self.value(collateral, self.collateral_price)?;
        let ltv = self.collateral.ltv();
        let needed = if self.protective() {
            mul_div_up(self.debt_value(self.debt_of(amount)?)?, uint(BPS), ltv)?
        } else {
            mul_div_half_up(self.debt_value(amount)?, uint(BPS), ltv)?
        };
        let health = self.health(collateral, self.debt_of(amount)?, self.collateral_price)?;
        // Health at least 1 / (1 - headroom).
        let wanted = mul_div_up(wad(), uint(1_000_000), uint(1_000_000 - headroom_ppm.min(999_999)))?;
        Ok(needed <= value && health >= wanted)
    }

    /// Debt over value in wad, rounded up.
    pub(super) fn ltv(&self, collateral: U256, debt: U256) -> Number {
        share(self.debt_value(debt)?, self.value(collateral, self.collateral_price)?)
    }

    /// Highest price of the collateral, in the oracle's unit, at which the health factor is below one; zero when there is none.
    pub(super) fn liquidation_price(&self, collateral: U256, debt: U256) -> Number {
        if collateral.is_zero() || debt.is_zero() {
            return Ok(U256::ZERO);
        }
        let unsound = |price| Ok(self.health(collateral, debt, price)? < wad());
        let most = ten_to(30);
        Ok(largest(U256::ZERO, most, unsound)?.unwrap_or_default())
    }

    /// A price of the oracle for a whole token, in whole tokens of the asset.
    pub(super) fn in_asset(&self, price: U256) -> Result<Decimal, OutOfRange> {
        decimal(mul_div_down(price, wad(), self.asset_price)?, 18)
    }

    /// Debt of who borrows `amount` now, after `seconds` at that rate. The pool compounds by the first terms of a series.
    pub(super) fn owed(&self, amount: U256, rate: U256, seconds: u64) -> Number {
        let growth = if self.protective() {
            growth_36(rate, seconds)?
        } else {
            growth_30(rate, seconds)?
        };
        let index = mul_div_half_up(growth, self.debt_index, ray())?;
        let scaled = self.debt_scaled(amount)?;
        if self.protective() {
            mul_div_up(scaled, index, ray())
        } else {
            mul_div_half_up(scaled, index, ray())
        }
    }
}

fn growth_36(rate: U256, seconds: u64) -> Number {
    let x = mul_div_down(rate, uint(seconds), uint(YEAR))?;
    let sixth = mul_div_half_up(x, x / uint(6), ray())?;
    let rest = mul_div_half_up(x, add(x / uint(2), sixth)?, ray())?;
    add(add(ray(), x)?, rest)
}

fn growth_30(rate: U256, seconds: u64) -> Number {
    let (n, year) = (uint(seconds), uint(YEAR));
    if n.is_zero() {
        return Ok(ray());
    }
    let one_less = n - U256::ONE;
    let two_less = n.saturating_sub(uint(2));
    let square = div_down(mul_div_half_up(rate, rate, ray())?, year * year)?;
    let cube = div_down(mul_div_half_up(square, rate, ray())?, year)?;
    let second = mul(mul(n, one_less)?, square)? / uint(2);
    let third = mul(mul(mul(n, one_less)?, two_less)?, cube)? / uint(6);
    let first = mul_div_down(rate, n, year)?;
    add(add(add(ray(), first)?, second)?, third)
}
