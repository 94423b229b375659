//! Venus Isolated Pools, a descendant of Compound's second version.
//!
//! Interest is counted by blocks. The collateral is held as the market's own token, whose worth only rises; what is borrowed and what
//! is locked are valued by the pool's oracle in a unit whose product with an amount has 18 decimals.

mod book;
mod wallet;

use std::sync::{Mutex, PoisonError};

use alloy_primitives::{Address, U256};
use async_trait::async_trait;
use domain::Reason;
use domain::ports::{VenuePosition, ViewBlock, WalletCall};
use sdk::LenderError;

use super::abi::{JumpRateModel, VToken, VenusComptroller, VenusOracle};
use super::batch::{Answers, Batch, Slot};
use super::math::{decimal, mul, uint, wad};
use super::terms::{
    Limit, Market, Pair, VenueOwed, VenueRate, VenueRisk, VenueTerms, Wanted, declined, draw, occupied, paused,
    supply_capped, with_margin,
};
use book::{Book, Curve, Held};

/// Gas of minting, entering and borrowing with the allowance for it, as measured on a development chain.
const GAS_OPEN: u64 = 640_000;
const GAS_CALL: u64 = 800_000;
/// Actions that a pool can stop.
const MINT: u8 = 0;
const BORROW: u8 = 2;
const ENTER: u8 = 7;

/// Addresses that governance may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Found {
    oracle: Address,
    model: Address,
}

pub(super) struct Venus {
    pub(super) pair: Pair,
    pub(super) comptroller: Address,
    /// Lends the asset.
    pub(super) asset_market: Address,
    /// Holds the collateral.
    pub(super) collateral_market: Address,
    pub(super) found: Mutex<Option<Found>>,
}

/// The books of one market.
struct Side {
    accrued: Slot<VToken::accrueInterestCall>,
    underlying: Slot<VToken::underlyingCall>,
    cash: Slot<VToken::getCashCall>,
    borrows: Slot<VToken::totalBorrowsCall>,
    reserves: Slot<VToken::totalReservesCall>,
    bad_debt: Slot<VToken::badDebtCall>,
    supply: Slot<VToken::totalSupplyCall>,
    account: Slot<VToken::getAccountSnapshotCall>,
    listing: Slot<VenusComptroller::marketsCall>,
}

struct Roots {
    asset: Side,
    collateral: Side,
    oracle: Slot<VenusComptroller::oracleCall>,
    model: Slot<VToken::interestRateModelCall>,
    index: Slot<VToken::borrowIndexCall>,
    blocks: Slot<VToken::blocksOrSecondsPerYearCall>,
    borrow_cap: Slot<VenusComptroller::borrowCapsCall>,
    supply_cap: Slot<VenusComptroller::supplyCapsCall>,
    stopped: [Slot<VenusComptroller::actionPausedCall>; 3],
    incentive: Slot<VenusComptroller::liquidationIncentiveMantissaCall>,
    entered: Slot<VenusComptroller::getAssetsInCall>,
}

struct Leaves {
    asset_price: Slot<VenusOracle::getUnderlyingPriceCall>,
    collateral_price: Slot<VenusOracle::getUnderlyingPriceCall>,
    base: Slot<JumpRateModel::baseRatePerBlockCall>,
    slope_low: Slot<JumpRateModel::multiplierPerBlockCall>,
    slope_high: Slot<JumpRateModel::jumpMultiplierPerBlockCall>,
    kink: Slot<JumpRateModel::kinkCall>,
}

struct Reading {
    block: ViewBlock,
    oracle: Address,
    book: Book,
    /// The wallet uses the pool.
    occupied: bool,
    stopped: bool,
    incentive: U256,
    blocks_per_year: U256,
    user_debt: U256,
    user_tokens: U256,
}

impl Venus {
    fn side(&self, batch: &mut Batch, market: Address, account: Address) -> Side {
        Side {
            // What is read after it has the interest until this block.
            accrued: batch.add(market, &VToken::accrueInterestCall {}),
            underlying: batch.add(market, &VToken::underlyingCall {}),
            cash: batch.add(market, &VToken::getCashCall {}),
            borrows: batch.add(market, &VToken::totalBorrowsCall {}),
            reserves: batch.add(market, &VToken::totalReservesCall {}),
            bad_debt: batch.add(market, &VToken::badDebtCall {}),
            supply: batch.add(market, &VToken::totalSupplyCall {}),
            account: batch.add(market, &VToken::getAccountSnapshotCall { account }),
            listing: batch.add(self.comptroller, &VenusComptroller::marketsCall { vToken: market }),
        }
    }

    fn roots(&self, batch: &mut Batch, account: Address) -> Roots {
        let (lends, holds, pool) = (self.asset_market, self.collateral_market, self.comptroller);
        Roots {
            asset: self.side(batch, lends, account),
            collateral: self.side(batch, holds, account),
            oracle: batch.add(pool, &VenusComptroller::oracleCall {}),
            model: batch.add(lends, &VToken::interestRateModelCall {}),
            index: batch.add(lends, &VToken::borrowIndexCall {}),
            blocks: batch.add(lends, &VToken::blocksOrSecondsPerYearCall {}),
            borrow_cap: batch.add(pool, &VenusComptroller::borrowCapsCall { vToken: lends }),
            supply_cap: batch.add(pool, &VenusComptroller::supplyCapsCall { vToken: holds }),
            stopped: [(holds, MINT), (lends, BORROW), (holds, ENTER)]
                .map(|(market, action)| batch.add(pool, &VenusComptroller::actionPausedCall { market, action })),
            incentive: batch.add(pool, &VenusComptroller::liquidationIncentiveMantissaCall {}),
            entered: batch.add(pool, &VenusComptroller::getAssetsInCall { account }),
        }
    }

    fn leaves(&self, batch: &mut Batch, found: &Found) -> Leaves {
        let price = |market| VenusOracle::getUnderlyingPriceCall { vToken: market };
        Leaves {
            asset_price: batch.add(found.oracle, &price(self.asset_market)),
            collateral_price: batch.add(found.oracle, &price(self.collateral_market)),
            base: batch.add(found.model, &JumpRateModel::baseRatePerBlockCall {}),
            slope_low: batch.add(found.model, &JumpRateModel::multiplierPerBlockCall {}),
            slope_high: batch.add(found.model, &JumpRateModel::jumpMultiplierPerBlockCall {}),
            kink: batch.add(found.model, &JumpRateModel::kinkCall {}),
        }
    }

    /// One round trip; two when an address is not known yet or has changed.
    async fn read(&self, wallet: Address, at: Option<ViewBlock>) -> Result<Reading, LenderError> {
        let mut known = *self.found.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..2 {
            let mut batch = Batch::default();
            let roots = self.roots(&mut batch, wallet);
            let leaves = known.map(|found| self.leaves(&mut batch, &found));
            let answers = batch.send(&*self.pair.views, self.pair.chain_id(), at).await?;
            let found = Found {
                oracle: answers.get(&roots.oracle)?,
                model: answers.get(&roots.model)?,
            };
            match leaves {
                Some(leaves) if known == Some(found) => return self.reading(&answers, &roots, &leaves, found.oracle),
                _ => known = Some(found),
            }
            *self.found.lock().unwrap_or_else(PoisonError::into_inner) = known;
        }
        Err(LenderError::Unavailable("the pool changed while it was read".into()))
    }

    fn held(answers: &Answers, side: &Side) -> Result<Held, LenderError> {
        answers.get(&side.accrued)?;
        Ok(Held {
            cash: answers.get(&side.cash)?,
            borrows: answers.get(&side.borrows)?,
            reserves: answers.get(&side.reserves)?,
            bad_debt: answers.get(&side.bad_debt)?,
            supply: answers.get(&side.supply)?,
        })
    }

    fn reading(
        &self,
        answers: &Answers,
        roots: &Roots,
        leaves: &Leaves,
        oracle: Address,
    ) -> Result<Reading, LenderError> {
        let tokens = (
            answers.get(&roots.asset.underlying)?,
            answers.get(&roots.collateral.underlying)?,
        );
        if tokens != (self.pair.asset.token, self.pair.collateral.token) {
            return Err(LenderError::Malformed {
                field: "underlying".into(),
                detail: "a market has another token".into(),
            });
        }
        let listing = answers.get(&roots.collateral.listing)?;
        let listed = listing.isListed && answers.get(&roots.asset.listing)?.isListed;
        let (lends, holds) = (
            answers.get(&roots.asset.account)?,
            answers.get(&roots.collateral.account)?,
        );
        let mut stopped = !listed;
        for slot in &roots.stopped {
            stopped |= answers.get(slot)?;
        }
        let elsewhere = answers
            .get(&roots.entered)?
            .iter()
            .any(|market| *market != self.collateral_market);
        let book = Book {
            asset: Self::held(answers, &roots.asset)?,
            collateral: Self::held(answers, &roots.collateral)?,
            curve: Curve {
                base: answers.get(&leaves.base)?,
                slope_low: answers.get(&leaves.slope_low)?,
                slope_high: answers.get(&leaves.slope_high)?,
                kink: answers.get(&leaves.kink)?,
            },
            index: answers.get(&roots.index)?,
            asset_price: answers.get(&leaves.asset_price)?,
            collateral_price: answers.get(&leaves.collateral_price)?,
            factor: listing.collateralFactorMantissa,
            threshold: listing.liquidationThresholdMantissa,
            borrow_cap: answers.get(&roots.borrow_cap)?,
            supply_cap: answers.get(&roots.supply_cap)?,
        };
        Ok(Reading {
            block: answers.block(),
            oracle,
            book,
            occupied: elsewhere || !(lends.borrowBalance.is_zero() && holds.vTokenBalance.is_zero()),
            stopped,
            incentive: answers.get(&roots.incentive)?,
            blocks_per_year: answers.get(&roots.blocks)?,
            user_debt: lends.borrowBalance,
            user_tokens: holds.vTokenBalance,
        })
    }
}

/// A market that lends nothing at all now, whatever is asked for.
fn closed(reading: &Reading, collateral: U256) -> Result<Result<(), Reason>, LenderError> {
    if reading.stopped {
        return Ok(paused());
    }
    if reading.book.factor.is_zero() {
        return Ok(declined(
            "COLLATERAL_NOT_ACCEPTED",
            "This market does not lend against this token.",
        ));
    }
    if reading.occupied {
        return Ok(occupied());
    }
    if !reading.book.has_room(collateral)? {
        return Ok(supply_capped());
    }
    Ok(Ok(()))
}

#[async_trait]
impl Market for Venus {
    async fn terms(&self, wanted: &Wanted) -> Result<Result<VenueTerms, Reason>, LenderError> {
        let reading = self.read(wanted.borrower, None).await?;
        if let Err(reason) = closed(&reading, wanted.collateral)? {
            return Ok(Err(reason));
        }
        let book = &reading.book;
        let locked = book.minted(wanted.collateral)?;
        let fits = |debt: U256| {
            if debt > book.liquidity() {
                return Ok(Some(Limit::Liquidity));
            }
            if !book.under_borrow_cap(debt)? {
                return Ok(Some(Limit::BorrowCap));
            }
            Ok((!book.carries(&locked, debt, wanted.headroom_ppm)?).then_some(Limit::Collateral))
        };
        let debt = match draw(wanted, fits)? {
            Ok(debt) => debt,
            Err(reason) => return Ok(Err(reason)),
        };
        let (rate, utilization) = book.rate_after(debt)?;
        let percent = |percent: u64| book.curve.rate(wad() / uint(100) * uint(percent));
        let (at_90, at_100) = (percent(90)?, percent(100)?);
        let owed = |rate| book.owed(debt, rate, wanted.seconds, reading.blocks_per_year);
        let liquidation_price = book.liquidation_price(&locked, debt)?;
        let yearly = |rate| decimal(mul(rate, reading.blocks_per_year)?, 18);
        let in_asset = |price| book.in_asset(price, &self.pair);
        Ok(Ok(VenueTerms {
            block: reading.block,
            collateral: wanted.collateral,
            debt,
            liquidity: book.liquidity(),
            rate: VenueRate {
                raw: rate,
                yearly: yearly(rate)?,
                at_90: yearly(at_90)?,
                at_100: yearly(at_100)?,
                base: yearly(book.curve.base)?,
                kink: decimal(book.curve.kink, 18)?,
                at_kink: yearly(book.curve.rate(book.curve.kink)?)?,
                utilization: decimal(utilization, 18)?,
            },
            risk: VenueRisk {
                ltv_max: decimal(book.factor, 18)?,
                liquidation_threshold: decimal(book.threshold, 18)?,
                liquidation_penalty: decimal(reading.incentive.saturating_sub(wad()), 18)?,
                ltv: decimal(book.ltv(&locked, debt)?, 18)?,
                price: book.collateral_price,
                liquidation_price,
                price_in_asset: in_asset(book.collateral_price)?,
                liquidation_price_in_asset: in_asset(liquidation_price)?,
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
        let (book, debt) = (&reading.book, reading.user_debt);
        let locked = book.tokens(reading.user_tokens)?;
        let collateral = locked.underlying()?;
        let (rate, _) = book.rate_after(U256::ZERO)?;
        let liquidation_price = book.liquidation_price(&locked, debt)?;
        let in_asset = |price| book.in_asset(price, &self.pair);
        Ok(VenuePosition {
            block: reading.block,
            collateral,
            debt,
            rate: decimal(mul(rate, reading.blocks_per_year)?, 18)?,
            ltv: if collateral.is_zero() {
                None
            } else {
                Some(decimal(book.ltv(&locked, debt)?, 18)?)
            },
            liquidation_ltv: decimal(book.threshold, 18)?,
            price: in_asset(book.collateral_price)?,
            liquidation_price: if debt.is_zero() {
                None
            } else {
                Some(in_asset(liquidation_price)?)
            },
            liquidatable: !debt.is_zero() && book.collateral_price <= liquidation_price,
        })
    }

    fn open(&self, _: Address, collateral: U256, debt: U256) -> Vec<WalletCall> {
        let pair = &self.pair;
        let mint = VToken::mintCall { amount: collateral };
        let enter = VenusComptroller::enterMarketsCall {
            vTokens: vec![self.collateral_market],
        };
        let borrow = VToken::borrowCall { amount: debt };
        let symbol = &pair.collateral.symbol;
        vec![
            pair.approve(&pair.collateral, self.collateral_market, collateral),
            pair.call(format!("Lock {symbol}"), self.collateral_market, &mint, GAS_CALL),
            pair.call(
                format!("Use {symbol} as collateral"),
                self.comptroller,
                &enter,
                GAS_CALL,
            ),
            pair.call(
                format!("Borrow {}", pair.asset.symbol),
                self.asset_market,
                &borrow,
                GAS_CALL,
            ),
        ]
    }

    async fn repay(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError> {
        let pair = &self.pair;
        let allowance = match amount {
            Some(amount) => amount,
            None => with_margin(self.read(borrower, None).await?.user_debt)?,
        };
        let amount = amount.unwrap_or(U256::MAX);
        let repay = VToken::repayBorrowCall { amount };
        Ok(vec![
            pair.approve(&pair.asset, self.asset_market, allowance),
            pair.call(
                format!("Repay {}", pair.asset.symbol),
                self.asset_market,
                &repay,
                GAS_CALL,
            ),
        ])
    }

    async fn withdraw(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError> {
        let title = format!("Take {} back", self.pair.collateral.symbol);
        let market = self.collateral_market;
        let call = if let Some(amount) = amount {
            let redeem = VToken::redeemUnderlyingCall { amount };
            self.pair.call(title, market, &redeem, GAS_CALL)
        } else {
            let tokens = self.read(borrower, None).await?.user_tokens;
            self.pair.call(title, market, &VToken::redeemCall { tokens }, GAS_CALL)
        };
        Ok(vec![call])
    }

    fn gas(&self) -> u64 {
        GAS_OPEN
    }
}
