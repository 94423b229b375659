//! Compound III (Comet).
//!
//! **Not exercised on real bytecode**: no package ships the contract, so this adapter is written and tested against its public interface
//! only, over answers that a test makes up. The other adapters are tested against the protocols as their authors publish them.

use std::sync::{Mutex, PoisonError};

use alloy_primitives::{Address, U256};
use async_trait::async_trait;
use domain::Reason;
use domain::ports::{VenuePosition, ViewBlock, WalletCall};
use rust_decimal::Decimal;
use sdk::LenderError;

use super::abi::{Comet as Calls, CometAsset, Erc20};
use super::batch::Batch;
use super::math::{Number, OutOfRange, YEAR, add, decimal, largest, mul, mul_div_down, mul_div_up, ten_to, uint, wad};
use super::terms::{
    Limit, Market, Pair, VenueOwed, VenueRate, VenueRisk, VenueTerms, Wanted, declined, draw, occupied, paused,
    supply_capped, with_margin,
};

/// Gas of supplying and withdrawing the base with the allowance for it; not measured here, from published snapshots.
const GAS_OPEN: u64 = 310_000;
const GAS_CALL: u64 = 400_000;

pub(super) struct Compound {
    pub(super) pair: Pair,
    pub(super) comet: Address,
    /// The price feeds of the asset and of the collateral.
    pub(super) feeds: Mutex<Option<(Address, Address)>>,
}

/// One asset against one collateral, as of one block. Rates are a second, in wad.
struct Book {
    block: ViewBlock,
    asset: CometAsset,
    base_scale: U256,
    base_min: U256,
    supplied: U256,
    borrowed: U256,
    money: U256,
    kink: U256,
    base: U256,
    slope_low: U256,
    slope_high: U256,
    asset_price: U256,
    collateral_price: U256,
    total_collateral: U256,
    paused: bool,
    user_debt: U256,
    user_base: U256,
    user_collateral: U256,
}

impl Compound {
    /// One round trip; two when the feeds are not known yet or have changed.
    async fn read(&self, account: Address, at: Option<ViewBlock>) -> Result<Book, LenderError> {
        let mut known = *self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..2 {
            let (feeds, book) = self.attempt(account, known, at).await?;
            match book {
                Some(book) if known == Some(feeds) => return Ok(book),
                _ => known = Some(feeds),
            }
            *self.feeds.lock().unwrap_or_else(PoisonError::into_inner) = known;
        }
        Err(LenderError::Unavailable("the market changed while it was read".into()))
    }

    async fn attempt(
        &self,
        account: Address,
        known: Option<(Address, Address)>,
        at: Option<ViewBlock>,
    ) -> Result<((Address, Address), Option<Book>), LenderError> {
        let (comet, collateral, mut batch) = (self.comet, self.pair.collateral.token, Batch::default());
        let token = batch.add(comet, &Calls::baseTokenCall {});
        let feed = batch.add(comet, &Calls::baseTokenPriceFeedCall {});
        let info = batch.add(comet, &Calls::getAssetInfoByAddressCall { asset: collateral });
        let base_scale = batch.add(comet, &Calls::baseScaleCall {});
        let base_min = batch.add(comet, &Calls::baseBorrowMinCall {});
        let supplied = batch.add(comet, &Calls::totalSupplyCall {});
        let borrowed = batch.add(comet, &Calls::totalBorrowCall {});
        let money = batch.add(self.pair.asset.token, &Erc20::balanceOfCall { owner: comet });
        let kink = batch.add(comet, &Calls::borrowKinkCall {});
        let base = batch.add(comet, &Calls::borrowPerSecondInterestRateBaseCall {});
        let slope_low = batch.add(comet, &Calls::borrowPerSecondInterestRateSlopeLowCall {});
        let slope_high = batch.add(comet, &Calls::borrowPerSecondInterestRateSlopeHighCall {});
        let total = batch.add(comet, &Calls::totalsCollateralCall { asset: collateral });
        let no_supply = batch.add(comet, &Calls::isSupplyPausedCall {});
        let no_withdrawal = batch.add(comet, &Calls::isWithdrawPausedCall {});
        let debt = batch.add(comet, &Calls::borrowBalanceOfCall { account });
        let lent = batch.add(comet, &Calls::balanceOfCall { account });
        let held = batch.add(
            comet,
            &Calls::userCollateralCall {
                account,
                asset: collateral,
            },
        );
        let prices = known.map(|(asset, collateral)| {
            [asset, collateral].map(|feed| batch.add(comet, &Calls::getPriceCall { priceFeed: feed }))
        });
        let answers = batch.send(&*self.pair.views, self.pair.chain_id(), at).await?;
        if answers.get(&token)? != self.pair.asset.token {
            return Err(LenderError::Malformed {
                field: "baseToken".into(),
                detail: "the market lends another token".into(),
            });
        }
        let asset = answers.get(&info)?;
        let feeds = (answers.get(&feed)?, asset.priceFeed);
        let Some([asset_price, collateral_price]) = prices else {
            return Ok((feeds, None));
        };
        let book = Book {
            block: answers.block(),
            asset,
            base_scale: answers.get(&base_scale)?,
            base_min: answers.get(&base_min)?,
            supplied: answers.get(&supplied)?,
            borrowed: answers.get(&borrowed)?,
            money: answers.get(&money)?,
            kink: answers.get(&kink)?,
            base: answers.get(&base)?,
            slope_low: answers.get(&slope_low)?,
            slope_high: answers.get(&slope_high)?,
            asset_price: answers.get(&asset_price)?,
            collateral_price: answers.get(&collateral_price)?,
            total_collateral: U256::from(answers.get(&total)?.totalSupplyAsset),
            paused: answers.get(&no_supply)? || answers.get(&no_withdrawal)?,
            user_debt: answers.get(&debt)?,
            user_base: answers.get(&lent)?,
            user_collateral: U256::from(answers.get(&held)?.balance),
        };
        Ok((feeds, Some(book)))
    }
}

impl Book {
    /// A second, at that share lent.
    fn rate(&self, usage: U256) -> Number {
        let low = |usage| add(self.base, mul_div_down(self.slope_low, usage, wad())?);
        if usage <= self.kink {
            return low(usage);
        }
        add(
            low(self.kink)?,
            mul_div_down(self.slope_high, usage - self.kink, wad())?,
        )
    }

    /// The share lent once `amount` is lent.
    fn usage(&self, amount: U256) -> Number {
        if self.supplied.is_zero() {
            return Ok(U256::ZERO);
        }
        mul_div_down(add(self.borrowed, amount)?, wad(), self.supplied)
    }

    fn value(&self, collateral: U256, price: U256) -> Number {
        mul_div_down(collateral, price, U256::from(self.asset.scale))
    }

    fn debt_value(&self, debt: U256) -> Number {
        mul_div_down(debt, self.asset_price, self.base_scale)
    }

    fn carries(&self, collateral: U256, debt: U256, headroom_ppm: u64) -> Result<bool, OutOfRange> {
        let (owed, value) = (self.debt_value(debt)?, self.value(collateral, self.collateral_price)?);
        let padded = mul_div_up(owed, uint(1_000_000), uint(1_000_000 - headroom_ppm.min(999_999)))?;
        let lends = mul_div_down(value, U256::from(self.asset.borrowCollateralFactor), wad())? >= owed;
        Ok(lends && mul_div_down(value, U256::from(self.asset.liquidateCollateralFactor), wad())? >= padded)
    }

    fn liquidation_price(&self, collateral: U256, debt: U256) -> Number {
        if collateral.is_zero() || debt.is_zero() {
            return Ok(U256::ZERO);
        }
        let owed = self.debt_value(debt)?;
        let factor = U256::from(self.asset.liquidateCollateralFactor);
        let unsound = |price| Ok(mul_div_down(self.value(collateral, price)?, factor, wad())? < owed);
        Ok(largest(U256::ZERO, ten_to(30), unsound)?.unwrap_or_default())
    }

    fn ltv(&self, collateral: U256, debt: U256) -> Number {
        let value = self.value(collateral, self.collateral_price)?;
        if value.is_zero() {
            Ok(U256::MAX)
        } else {
            mul_div_up(self.debt_value(debt)?, wad(), value)
        }
    }

    fn in_asset(&self, price: U256) -> Result<Decimal, OutOfRange> {
        decimal(mul_div_down(price, wad(), self.asset_price)?, 18)
    }

    /// Debt after `seconds` at that rate a second, in one step, as the contract counts between two uses.
    fn owed(debt: U256, rate: U256, seconds: u64) -> Number {
        add(debt, mul_div_up(debt, mul(rate, uint(seconds))?, wad())?)
    }
}

/// A market that lends nothing at all now, whatever is asked for.
fn closed(book: &Book, collateral: U256) -> Result<Result<(), Reason>, LenderError> {
    if book.paused {
        return Ok(paused());
    }
    if book.asset.borrowCollateralFactor == 0 {
        return Ok(declined(
            "COLLATERAL_NOT_ACCEPTED",
            "This market does not lend against this token.",
        ));
    }
    if !(book.user_debt.is_zero() && book.user_base.is_zero() && book.user_collateral.is_zero()) {
        return Ok(occupied());
    }
    if add(book.total_collateral, collateral)? > U256::from(book.asset.supplyCap) {
        return Ok(supply_capped());
    }
    Ok(Ok(()))
}

#[async_trait]
impl Market for Compound {
    async fn terms(&self, wanted: &Wanted) -> Result<Result<VenueTerms, Reason>, LenderError> {
        let book = self.read(wanted.borrower, None).await?;
        let locked = wanted.collateral;
        if let Err(reason) = closed(&book, locked)? {
            return Ok(Err(reason));
        }
        let wanted = Wanted {
            least: wanted.least.max(book.base_min),
            ..*wanted
        };
        let fits = |debt: U256| {
            if debt > book.money {
                return Ok(Some(Limit::Liquidity));
            }
            Ok((!book.carries(locked, debt, wanted.headroom_ppm)?).then_some(Limit::Collateral))
        };
        let debt = match draw(&wanted, fits)? {
            Ok(debt) => debt,
            Err(reason) => return Ok(Err(reason)),
        };
        let usage = book.usage(debt)?;
        let percent = |percent: u64| book.rate(wad() / uint(100) * uint(percent));
        let (rate, at_90, at_100) = (book.rate(usage)?, percent(90)?, percent(100)?);
        let yearly = |rate| decimal(mul(rate, uint(YEAR))?, 18);
        let owed = |rate| Book::owed(debt, rate, wanted.seconds);
        let liquidation_price = book.liquidation_price(locked, debt)?;
        let factor = |factor: u64| decimal(uint(factor), 18);
        Ok(Ok(VenueTerms {
            block: book.block,
            collateral: locked,
            debt,
            liquidity: book.money,
            rate: VenueRate {
                raw: rate,
                yearly: yearly(rate)?,
                at_90: yearly(at_90)?,
                at_100: yearly(at_100)?,
                base: yearly(book.base)?,
                kink: decimal(book.kink, 18)?,
                at_kink: yearly(book.rate(book.kink)?)?,
                utilization: decimal(usage, 18)?,
            },
            risk: VenueRisk {
                ltv_max: factor(book.asset.borrowCollateralFactor)?,
                liquidation_threshold: factor(book.asset.liquidateCollateralFactor)?,
                liquidation_penalty: decimal(wad().saturating_sub(uint(book.asset.liquidationFactor)), 18)?,
                ltv: decimal(book.ltv(locked, debt)?, 18)?,
                price: book.collateral_price,
                liquidation_price,
                price_in_asset: book.in_asset(book.collateral_price)?,
                liquidation_price_in_asset: book.in_asset(liquidation_price)?,
                oracle: book.asset.priceFeed,
            },
            owed: VenueOwed {
                base: owed(rate)?,
                at_90: owed(at_90)?,
                at_100: owed(at_100)?,
            },
        }))
    }

    async fn position(&self, borrower: Address, at: Option<ViewBlock>) -> Result<VenuePosition, LenderError> {
        let book = self.read(borrower, at).await?;
        let (collateral, debt) = (book.user_collateral, book.user_debt);
        let rate = book.rate(book.usage(U256::ZERO)?)?;
        let liquidation_price = book.liquidation_price(collateral, debt)?;
        Ok(VenuePosition {
            block: book.block,
            collateral,
            debt,
            rate: decimal(mul(rate, uint(YEAR))?, 18)?,
            ltv: if collateral.is_zero() {
                None
            } else {
                Some(decimal(book.ltv(collateral, debt)?, 18)?)
            },
            liquidation_ltv: decimal(uint(book.asset.liquidateCollateralFactor), 18)?,
            price: book.in_asset(book.collateral_price)?,
            liquidation_price: if debt.is_zero() {
                None
            } else {
                Some(book.in_asset(liquidation_price)?)
            },
            liquidatable: !debt.is_zero() && book.collateral_price <= liquidation_price,
        })
    }

    fn open(&self, _: Address, collateral: U256, debt: U256) -> Vec<WalletCall> {
        let pair = &self.pair;
        let supply = Calls::supplyCall {
            asset: pair.collateral.token,
            amount: collateral,
        };
        // Taking out more of the base than one has put in is borrowing it.
        let borrow = Calls::withdrawCall {
            asset: pair.asset.token,
            amount: debt,
        };
        vec![
            pair.approve(&pair.collateral, self.comet, collateral),
            pair.call(
                format!("Lock {}", pair.collateral.symbol),
                self.comet,
                &supply,
                GAS_CALL,
            ),
            pair.call(format!("Borrow {}", pair.asset.symbol), self.comet, &borrow, GAS_CALL),
        ]
    }

    async fn repay(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError> {
        let pair = &self.pair;
        let allowance = match amount {
            Some(amount) => amount,
            None => with_margin(self.read(borrower, None).await?.user_debt)?,
        };
        let repay = Calls::supplyCall {
            asset: pair.asset.token,
            amount: amount.unwrap_or(U256::MAX),
        };
        Ok(vec![
            pair.approve(&pair.asset, self.comet, allowance),
            pair.call(format!("Repay {}", pair.asset.symbol), self.comet, &repay, GAS_CALL),
        ])
    }

    async fn withdraw(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError> {
        let amount = match amount {
            Some(amount) => amount,
            None => self.read(borrower, None).await?.user_collateral,
        };
        let withdraw = Calls::withdrawCall {
            asset: self.pair.collateral.token,
            amount,
        };
        let title = format!("Take {} back", self.pair.collateral.symbol);
        Ok(vec![self.pair.call(title, self.comet, &withdraw, GAS_CALL)])
    }

    fn gas(&self) -> u64 {
        GAS_OPEN
    }
}

#[cfg(test)]
#[path = "compound_tests.rs"]
mod tests;
