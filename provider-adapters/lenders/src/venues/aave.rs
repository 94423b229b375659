//! Aave v3.
//!
//! Two releases are spoken, which differ in how they round and where they keep the money: 3.0 (tested with 1.19.3 of its package) and 3.6
//! (tested with 3.6.0). The rate is that of the reserve's own strategy after our draw. Efficiency modes and isolated collateral are not
//! used: a wallet in a mode, or with anything in the pool, is declined, because its limits would mix with those of the new loan.

mod book;
mod wallet;

use std::sync::{Mutex, PoisonError};

use alloy_primitives::{Address, U256};
use async_trait::async_trait;
use domain::Reason;
use domain::ports::{VenuePosition, ViewBlock, WalletCall};
use sdk::LenderError;
use serde::Deserialize;

use super::abi::{AaveOracle, AavePool, AaveProvider, AaveSentinel, AaveStrategy, AaveToken, Erc20};
use super::batch::{Answers, Batch, Slot};
use super::math::{BPS, decimal, mul_div_up, ray, uint, wad};
use super::terms::{
    Limit, Market, Pair, VenueOwed, VenueRate, VenueRisk, VenueTerms, Wanted, declined, draw, occupied, paused,
    supply_capped, with_margin,
};
use book::{Book, Config, Curve};

/// Interest that follows the market; the only mode left in 3.6.
const VARIABLE: U256 = U256::from_limbs([2, 0, 0, 0]);
/// Gas of supplying and borrowing with the allowance for it, as measured on a development chain.
const GAS_OPEN: u64 = 530_000;
const GAS_SUPPLY: u64 = 400_000;
const GAS_BORROW: u64 = 600_000;
const GAS_REPAY: u64 = 400_000;
const GAS_WITHDRAW: u64 = 500_000;

/// The release of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
pub enum AaveRelease {
    /// 3.0: the reserve's money is its token balance; products are rounded to the nearest.
    #[serde(rename = "3.0")]
    V30,
    /// 3.5 and 3.6: the pool counts the reserve's money itself; products are rounded in favor of the pool.
    #[serde(rename = "3.6")]
    V36,
}

/// Addresses that governance may change; read with everything else, and trusted only when they are still what was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    oracle: Address,
    sentinel: Address,
    strategy: Address,
    asset_token: Address,
    debt_token: Address,
    stable_token: Address,
    collateral_token: Address,
}

pub(super) struct Aave {
    pub(super) pair: Pair,
    pub(super) release: AaveRelease,
    pub(super) pool: Address,
    pub(super) provider: Address,
    pub(super) found: Mutex<Option<Found>>,
}

/// The calls whose targets the configuration knows.
struct Roots {
    pool: Slot<AaveProvider::getPoolCall>,
    oracle: Slot<AaveProvider::getPriceOracleCall>,
    sentinel: Slot<AaveProvider::getPriceOracleSentinelCall>,
    asset: Slot<AavePool::getReserveDataCall>,
    collateral: Slot<AavePool::getReserveDataCall>,
    debt_index: Slot<AavePool::getReserveNormalizedVariableDebtCall>,
    income_index: Slot<AavePool::getReserveNormalizedIncomeCall>,
    account: Slot<AavePool::getUserAccountDataCall>,
    mode: Slot<AavePool::getUserEModeCall>,
    virtual_balance: Slot<AavePool::getVirtualUnderlyingBalanceCall>,
}

/// The calls whose targets are found first.
struct Leaves {
    asset_price: Slot<AaveOracle::getAssetPriceCall>,
    collateral_price: Slot<AaveOracle::getAssetPriceCall>,
    allowed: Option<Slot<AaveSentinel::isBorrowAllowedCall>>,
    scaled_debt: Slot<AaveToken::scaledTotalSupplyCall>,
    stable_debt: Slot<Erc20::totalSupplyCall>,
    balance: Slot<Erc20::balanceOfCall>,
    scaled_collateral: Slot<AaveToken::scaledTotalSupplyCall>,
    user_debt: Slot<AaveToken::scaledBalanceOfCall>,
    user_collateral: Slot<AaveToken::scaledBalanceOfCall>,
    curve: Slot<AaveStrategy::getInterestRateDataCall>,
    kink: Slot<AaveStrategy::OPTIMAL_USAGE_RATIOCall>,
    base: Slot<AaveStrategy::getBaseVariableBorrowRateCall>,
    slope_low: Slot<AaveStrategy::getVariableRateSlope1Call>,
    slope_high: Slot<AaveStrategy::getVariableRateSlope2Call>,
}

/// One reading: the market, and how the wallet stands in it.
struct Reading {
    block: ViewBlock,
    oracle: Address,
    book: Book,
    /// The wallet has something in the pool, or a mode.
    occupied: bool,
    /// The oracle's sentinel allows borrowing.
    allowed: bool,
    /// Scaled balances of the wallet.
    user_debt: U256,
    user_collateral: U256,
}

impl Aave {
    fn roots(&self, batch: &mut Batch, wallet: Address) -> Roots {
        let (asset, collateral) = (self.pair.asset.token, self.pair.collateral.token);
        Roots {
            pool: batch.add(self.provider, &AaveProvider::getPoolCall {}),
            oracle: batch.add(self.provider, &AaveProvider::getPriceOracleCall {}),
            sentinel: batch.add(self.provider, &AaveProvider::getPriceOracleSentinelCall {}),
            asset: batch.add(self.pool, &AavePool::getReserveDataCall { asset }),
            collateral: batch.add(self.pool, &AavePool::getReserveDataCall { asset: collateral }),
            debt_index: batch.add(self.pool, &AavePool::getReserveNormalizedVariableDebtCall { asset }),
            income_index: batch.add(
                self.pool,
                &AavePool::getReserveNormalizedIncomeCall { asset: collateral },
            ),
            account: batch.add(self.pool, &AavePool::getUserAccountDataCall { user: wallet }),
            mode: batch.add(self.pool, &AavePool::getUserEModeCall { user: wallet }),
            virtual_balance: batch.add(self.pool, &AavePool::getVirtualUnderlyingBalanceCall { asset }),
        }
    }

    fn leaves(&self, batch: &mut Batch, found: &Found, user: Address) -> Leaves {
        let (asset, collateral) = (self.pair.asset.token, self.pair.collateral.token);
        let owner = found.asset_token;
        let sentinel = Some(found.sentinel).filter(|sentinel| !sentinel.is_zero());
        Leaves {
            asset_price: batch.add(found.oracle, &AaveOracle::getAssetPriceCall { asset }),
            collateral_price: batch.add(found.oracle, &AaveOracle::getAssetPriceCall { asset: collateral }),
            allowed: sentinel.map(|to| batch.add(to, &AaveSentinel::isBorrowAllowedCall {})),
            scaled_debt: batch.add(found.debt_token, &AaveToken::scaledTotalSupplyCall {}),
            stable_debt: batch.add(found.stable_token, &Erc20::totalSupplyCall {}),
            balance: batch.add(asset, &Erc20::balanceOfCall { owner }),
            scaled_collateral: batch.add(found.collateral_token, &AaveToken::scaledTotalSupplyCall {}),
            user_debt: batch.add(found.debt_token, &AaveToken::scaledBalanceOfCall { user }),
            user_collateral: batch.add(found.collateral_token, &AaveToken::scaledBalanceOfCall { user }),
            curve: batch.add(
                found.strategy,
                &AaveStrategy::getInterestRateDataCall { reserve: asset },
            ),
            kink: batch.add(found.strategy, &AaveStrategy::OPTIMAL_USAGE_RATIOCall {}),
            base: batch.add(found.strategy, &AaveStrategy::getBaseVariableBorrowRateCall {}),
            slope_low: batch.add(found.strategy, &AaveStrategy::getVariableRateSlope1Call {}),
            slope_high: batch.add(found.strategy, &AaveStrategy::getVariableRateSlope2Call {}),
        }
    }

    /// One round trip; two when an address is not known yet or has changed.
    async fn read(&self, wallet: Address, at: Option<ViewBlock>) -> Result<Reading, LenderError> {
        let mut known = *self.found.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..2 {
            let mut batch = Batch::default();
            let roots = self.roots(&mut batch, wallet);
            let leaves = known.map(|found| self.leaves(&mut batch, &found, wallet));
            let answers = batch.send(&*self.pair.views, self.pair.chain_id(), at).await?;
            let found = self.found(&answers, &roots)?;
            match leaves {
                Some(leaves) if known == Some(found) => return self.reading(&answers, &roots, &leaves, &found),
                _ => known = Some(found),
            }
            *self.found.lock().unwrap_or_else(PoisonError::into_inner) = known;
        }
        Err(LenderError::Unavailable("the pool changed while it was read".into()))
    }

    fn found(&self, answers: &Answers, roots: &Roots) -> Result<Found, LenderError> {
        if answers.get(&roots.pool)? != self.pool {
            return Err(LenderError::Malformed {
                field: "pool".into(),
                detail: "the provider has another pool".into(),
            });
        }
        let (asset, collateral) = (answers.get(&roots.asset)?, answers.get(&roots.collateral)?);
        Ok(Found {
            oracle: answers.get(&roots.oracle)?,
            sentinel: answers.get(&roots.sentinel)?,
            strategy: asset.interestRateStrategyAddress,
            asset_token: asset.aTokenAddress,
            debt_token: asset.variableDebtTokenAddress,
            stable_token: asset.stableDebtTokenAddress,
            collateral_token: collateral.aTokenAddress,
        })
    }

    fn curve(&self, answers: &Answers, leaves: &Leaves) -> Result<Curve, LenderError> {
        Ok(match self.release {
            AaveRelease::V30 => Curve {
                kink: answers.get(&leaves.kink)?,
                base: answers.get(&leaves.base)?,
                slope_low: answers.get(&leaves.slope_low)?,
                slope_high: answers.get(&leaves.slope_high)?,
            },
            AaveRelease::V36 => {
                let curve = answers.get(&leaves.curve)?;
                Curve {
                    kink: curve.optimalUsageRatio,
                    base: curve.baseVariableBorrowRate,
                    slope_low: curve.variableRateSlope1,
                    slope_high: curve.variableRateSlope2,
                }
            }
        })
    }

    fn reading(
        &self,
        answers: &Answers,
        roots: &Roots,
        leaves: &Leaves,
        found: &Found,
    ) -> Result<Reading, LenderError> {
        let (asset, collateral) = (answers.get(&roots.asset)?, answers.get(&roots.collateral)?);
        let (money, stable_debt) = match self.release {
            AaveRelease::V30 => (answers.get(&leaves.balance)?, answers.get(&leaves.stable_debt)?),
            AaveRelease::V36 => (U256::from(answers.get(&roots.virtual_balance)?), U256::ZERO),
        };
        let scaled_debt = answers.get(&leaves.scaled_debt)?;
        // Without debt the index stands still, though the view would move it.
        let debt_index = if scaled_debt.is_zero() {
            U256::from(asset.variableBorrowIndex)
        } else {
            answers.get(&roots.debt_index)?
        };
        let account = answers.get(&roots.account)?;
        let mode = answers.get(&roots.mode)?;
        let book = Book {
            release: self.release,
            curve: self.curve(answers, leaves)?,
            asset: Config(asset.configuration),
            collateral: Config(collateral.configuration),
            asset_price: answers.get(&leaves.asset_price)?,
            collateral_price: answers.get(&leaves.collateral_price)?,
            money,
            stable_debt,
            scaled_debt,
            debt_index,
            income_index: answers.get(&roots.income_index)?,
            scaled_collateral: answers.get(&leaves.scaled_collateral)?,
            treasury: U256::from(collateral.accruedToTreasury),
        };
        Ok(Reading {
            block: answers.block(),
            oracle: found.oracle,
            book,
            occupied: !(account.totalCollateralBase.is_zero() && account.totalDebtBase.is_zero() && mode.is_zero()),
            allowed: leaves.allowed.as_ref().map_or(Ok(true), |slot| answers.get(slot))?,
            user_debt: answers.get(&leaves.user_debt)?,
            user_collateral: answers.get(&leaves.user_collateral)?,
        })
    }
}

/// A market that lends nothing at all now, whatever is asked for.
fn closed(reading: &Reading, collateral: U256) -> Result<Result<(), Reason>, LenderError> {
    let book = &reading.book;
    if !(reading.allowed && book.asset.lends() && book.collateral.takes()) {
        return Ok(paused());
    }
    if book.collateral.ltv().is_zero() || !book.collateral.debt_ceiling().is_zero() || book.asset.siloed() {
        return Ok(declined(
            "COLLATERAL_NOT_ACCEPTED",
            "This market does not lend against this token without conditions.",
        ));
    }
    if reading.occupied {
        return Ok(occupied());
    }
    if !book.has_room(collateral)? {
        return Ok(supply_capped());
    }
    Ok(Ok(()))
}

#[async_trait]
impl Market for Aave {
    async fn terms(&self, wanted: &Wanted) -> Result<Result<VenueTerms, Reason>, LenderError> {
        let reading = self.read(wanted.borrower, None).await?;
        if let Err(reason) = closed(&reading, wanted.collateral)? {
            return Ok(Err(reason));
        }
        let book = &reading.book;
        let locked = book.locked(wanted.collateral)?;
        let liquidity = book.money;
        let fits = |debt: U256| {
            if debt > liquidity {
                return Ok(Some(Limit::Liquidity));
            }
            if !book.under_borrow_cap(debt)? {
                return Ok(Some(Limit::BorrowCap));
            }
            let carried = book.carries(locked, debt, wanted.headroom_ppm)?;
            Ok((!carried).then_some(Limit::Collateral))
        };
        let debt = match draw(wanted, fits)? {
            Ok(debt) => debt,
            Err(reason) => return Ok(Err(reason)),
        };
        let (rate, utilization) = book.rate_after(debt)?;
        let [at_90, at_100] = [90_u64, 100].map(|percent| book.curve.rate(ray() / uint(100) * uint(percent)));
        let (at_90, at_100) = (at_90?, at_100?);
        let owed = |rate| book.owed(debt, rate, wanted.seconds);
        let liquidation_price = book.liquidation_price(locked, book.debt_of(debt)?)?;
        let yearly = |rate| decimal(rate, 27);
        Ok(Ok(VenueTerms {
            block: reading.block,
            collateral: wanted.collateral,
            debt,
            liquidity,
            rate: VenueRate {
                raw: rate,
                yearly: yearly(rate)?,
                at_90: yearly(at_90)?,
                at_100: yearly(at_100)?,
                base: yearly(book.curve.base)?,
                kink: yearly(book.curve.kink)?,
                at_kink: yearly(book.curve.rate(book.curve.kink)?)?,
                utilization: yearly(utilization)?,
            },
            risk: VenueRisk {
                ltv_max: decimal(book.collateral.ltv(), 4)?,
                liquidation_threshold: decimal(book.collateral.threshold(), 4)?,
                liquidation_penalty: decimal(book.collateral.bonus().saturating_sub(uint(BPS)), 4)?,
                ltv: decimal(book.ltv(locked, book.debt_of(debt)?)?, 18)?,
                price: book.collateral_price,
                liquidation_price,
                price_in_asset: book.in_asset(book.collateral_price)?,
                liquidation_price_in_asset: book.in_asset(liquidation_price)?,
                oracle: reading.oracle,
            },
            owed: VenueOwed {
                base: owed(rate)?,
                at_90: owed(at_90)?,
                at_100: owed(at_100)?,
            },
        }))
    }

    async fn position(&self, borrower: Address, at: Option<ViewBlock>) -> Result<VenuePosition, LenderError> {
        let reading = self.read(borrower, at).await?;
        let book = &reading.book;
        let (collateral, debt) = (
            book.collateral_balance(reading.user_collateral)?,
            book.debt_balance(reading.user_debt)?,
        );
        let (rate, _) = book.rate_after(U256::ZERO)?;
        let liquidation_price = book.liquidation_price(collateral, debt)?;
        Ok(VenuePosition {
            block: reading.block,
            collateral,
            debt,
            rate: decimal(rate, 27)?,
            ltv: if collateral.is_zero() {
                None
            } else {
                Some(decimal(book.ltv(collateral, debt)?, 18)?)
            },
            liquidation_ltv: decimal(book.collateral.threshold(), 4)?,
            price: book.in_asset(book.collateral_price)?,
            liquidation_price: if debt.is_zero() {
                None
            } else {
                Some(book.in_asset(liquidation_price)?)
            },
            liquidatable: !debt.is_zero() && book.collateral_price <= liquidation_price,
        })
    }

    fn open(&self, borrower: Address, collateral: U256, debt: U256) -> Vec<WalletCall> {
        let (pair, pool) = (&self.pair, self.pool);
        let supply = AavePool::supplyCall {
            asset: pair.collateral.token,
            amount: collateral,
            onBehalfOf: borrower,
            referralCode: 0,
        };
        let borrow = AavePool::borrowCall {
            asset: pair.asset.token,
            amount: debt,
            interestRateMode: VARIABLE,
            referralCode: 0,
            onBehalfOf: borrower,
        };
        vec![
            pair.approve(&pair.collateral, pool, collateral),
            pair.call(format!("Lock {}", pair.collateral.symbol), pool, &supply, GAS_SUPPLY),
            pair.call(format!("Borrow {}", pair.asset.symbol), pool, &borrow, GAS_BORROW),
        ]
    }

    async fn repay(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError> {
        let pair = &self.pair;
        let allowance = match amount {
            Some(amount) => amount,
            None => with_margin(self.position(borrower, None).await?.debt)?,
        };
        let repay = AavePool::repayCall {
            asset: pair.asset.token,
            amount: amount.unwrap_or(U256::MAX),
            interestRateMode: VARIABLE,
            onBehalfOf: borrower,
        };
        Ok(vec![
            pair.approve(&pair.asset, self.pool, allowance),
            pair.call(format!("Repay {}", pair.asset.symbol), self.pool, &repay, GAS_REPAY),
        ])
    }

    async fn withdraw(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError> {
        let pair = &self.pair;
        let withdraw = AavePool::withdrawCall {
            asset: pair.collateral.token,
            amount: amount.unwrap_or(U256::MAX),
            to: borrower,
        };
        let title = format!("Take {} back", pair.collateral.symbol);
        Ok(vec![pair.call(title, self.pool, &withdraw, GAS_WITHDRAW)])
    }

    fn gas(&self) -> u64 {
        GAS_OPEN
    }
}

/// Debt over value in wad, rounded up; none of value is the largest there is.
fn share(debt: U256, value: U256) -> super::math::Number {
    if value.is_zero() {
        return Ok(U256::MAX);
    }
    mul_div_up(debt, wad(), value)
}
