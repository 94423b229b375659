//! Morpho Blue.
//!
//! One market is one asset, one collateral, one oracle, one rate model and one limit. The rate model is the market's own contract, so it
//! is asked: a second round trip on the block of the first tells the rates after our draw, at 90 % and at 100 %.

mod wallet;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use alloy_sol_types::SolValue;
use async_trait::async_trait;
use domain::Reason;
use domain::ports::{VenuePosition, ViewBlock, WalletCall};
use sdk::LenderError;

use super::abi::{Erc20, Morpho as Calls, MorphoIrm, MorphoMarket, MorphoOracle, MorphoParams};
use super::batch::Batch;
use super::math::{
    Number, OutOfRange, YEAR, add, decimal, largest, mul, mul_div_down, mul_div_up, sub, ten_to, uint, wad,
};
use super::terms::{
    Limit, Market, Pair, VenueOwed, VenueRate, VenueRisk, VenueTerms, Wanted, draw, occupied, with_margin,
};

/// Gas of supplying collateral and borrowing with the allowance for it, as measured on a development chain.
const GAS_OPEN: u64 = 240_000;
const GAS_CALL: u64 = 300_000;
/// Shares and assets that every market counts on top, so that an empty one has a rate between them.
const VIRTUAL_SHARES: u64 = 1_000_000;
const VIRTUAL_ASSETS: u64 = 1;
/// A price has this many decimals beside those of the tokens.
const PRICE_DECIMALS: u32 = 36;
/// Of the distance to a full loan-to-value, the share that a liquidator gets, and the most it gets, in wad.
const CURSOR: u64 = 300_000_000_000_000_000;
const MOST_INCENTIVE: u64 = 1_150_000_000_000_000_000;
/// Where the curve of the protocol's own rate model bends, per cent.
const KINK: u64 = 90;

pub(super) struct Morpho {
    pub(super) pair: Pair,
    pub(super) contract: Address,
    pub(super) oracle: Address,
    pub(super) irm: Address,
    pub(super) lltv: U256,
}

/// The market as of one block, interest included.
struct Book {
    block: ViewBlock,
    market: MorphoMarket,
    price: U256,
    /// Tokens that the contract has.
    tokens: U256,
    lltv: U256,
    /// The wallet's.
    shares: U256,
    collateral: U256,
}

impl Morpho {
    fn params(&self) -> MorphoParams {
        MorphoParams {
            loanToken: self.pair.asset.token,
            collateralToken: self.pair.collateral.token,
            oracle: self.oracle,
            irm: self.irm,
            lltv: self.lltv,
        }
    }

    /// The market's name in the contract.
    pub(super) fn market_id(&self) -> B256 {
        keccak256(self.params().abi_encode())
    }

    /// One round trip.
    async fn read(&self, user: Address, at: Option<ViewBlock>) -> Result<Book, LenderError> {
        let (id, mut batch) = (self.market_id(), Batch::default());
        let params = self.params();
        // What is read after it has the interest until this block.
        let accrued = batch.add(self.contract, &Calls::accrueInterestCall { params });
        let market = batch.add(self.contract, &Calls::marketCall { id });
        let position = batch.add(self.contract, &Calls::positionCall { id, user });
        let price = batch.add(self.oracle, &MorphoOracle::priceCall {});
        let owner = self.contract;
        let tokens = batch.add(self.pair.asset.token, &Erc20::balanceOfCall { owner });
        let answers = batch.send(&*self.pair.views, self.pair.chain_id(), at).await?;
        answers.get(&accrued)?;
        let position = answers.get(&position)?;
        Ok(Book {
            block: answers.block(),
            market: answers.get(&market)?,
            price: answers.get(&price)?,
            tokens: answers.get(&tokens)?,
            lltv: self.lltv,
            shares: U256::from(position.borrowShares),
            collateral: U256::from(position.collateral),
        })
    }

    /// The rates a second, in wad, if so much was borrowed in all. On the block of the book.
    async fn rates<const N: usize>(&self, book: &Book, borrowed: [U256; N]) -> Result<[U256; N], LenderError> {
        let mut batch = Batch::default();
        let params = self.params();
        let accrued = batch.add(self.contract, &Calls::accrueInterestCall { params: params.clone() });
        let mut slots = Vec::with_capacity(N);
        for total in borrowed {
            let mut market = book.market.clone();
            market.totalBorrowAssets = total.try_into().map_err(|_| OutOfRange)?;
            market.lastUpdate = u128::from(book.block.timestamp);
            let params = params.clone();
            slots.push(batch.add(self.irm, &MorphoIrm::borrowRateViewCall { params, market }));
        }
        let answers = batch
            .send(&*self.pair.views, self.pair.chain_id(), Some(book.block))
            .await?;
        answers.get(&accrued)?;
        let mut rates = [U256::ZERO; N];
        for (rate, slot) in rates.iter_mut().zip(&slots) {
            *rate = answers.get(slot)?;
        }
        Ok(rates)
    }

    fn decimals(&self) -> Result<u32, OutOfRange> {
        let (asset, collateral) = (self.pair.asset.decimals, self.pair.collateral.decimals);
        (PRICE_DECIMALS + u32::from(asset))
            .checked_sub(u32::from(collateral))
            .ok_or(OutOfRange)
    }

    fn rate_terms(book: &Book, debt: U256, rates: [U256; 5]) -> Result<VenueRate, OutOfRange> {
        let [after, at_90, at_100, base, at_kink] = rates;
        let yearly = |rate| decimal(mul(rate, uint(YEAR))?, 18);
        let lent = add(U256::from(book.market.totalBorrowAssets), debt)?;
        Ok(VenueRate {
            raw: after,
            yearly: yearly(after)?,
            at_90: yearly(at_90)?,
            at_100: yearly(at_100)?,
            base: yearly(base)?,
            kink: decimal(uint(KINK), 2)?,
            at_kink: yearly(at_kink)?,
            utilization: decimal(mul_div_down(lent, wad(), book.supplied())?, 18)?,
        })
    }
}

impl Book {
    fn supplied(&self) -> U256 {
        U256::from(self.market.totalSupplyAssets)
    }

    fn borrowed(&self) -> U256 {
        U256::from(self.market.totalBorrowAssets)
    }

    fn borrow_shares(&self) -> U256 {
        U256::from(self.market.totalBorrowShares)
    }

    /// Base units that can be lent.
    fn liquidity(&self) -> U256 {
        self.supplied().saturating_sub(self.borrowed()).min(self.tokens)
    }

    /// Shares of who borrows `amount`.
    fn shares_of(&self, amount: U256) -> Number {
        let shares = add(self.borrow_shares(), uint(VIRTUAL_SHARES))?;
        mul_div_up(amount, shares, add(self.borrowed(), uint(VIRTUAL_ASSETS))?)
    }

    /// Debt of who has `shares`, when `borrowed` is lent in all for `all` shares.
    fn debt_in(shares: U256, borrowed: U256, all: U256) -> Number {
        mul_div_up(
            shares,
            add(borrowed, uint(VIRTUAL_ASSETS))?,
            add(all, uint(VIRTUAL_SHARES))?,
        )
    }

    /// Debt of the wallet now.
    fn debt(&self) -> Number {
        Self::debt_in(self.shares, self.borrowed(), self.borrow_shares())
    }

    /// Debt of who borrows `amount`, in the same block.
    fn debt_of(&self, amount: U256) -> Number {
        let shares = self.shares_of(amount)?;
        Self::debt_in(
            shares,
            add(self.borrowed(), amount)?,
            add(self.borrow_shares(), shares)?,
        )
    }

    fn value(collateral: U256, price: U256) -> Number {
        mul_div_down(collateral, price, ten_to(PRICE_DECIMALS))
    }

    /// Whether the contract calls that position healthy.
    fn healthy(&self, collateral: U256, debt: U256, price: U256) -> Result<bool, OutOfRange> {
        Ok(mul_div_down(Self::value(collateral, price)?, self.lltv, wad())? >= debt)
    }

    fn carries(&self, collateral: U256, amount: U256, headroom_ppm: u64) -> Result<bool, OutOfRange> {
        let debt = self.debt_of(amount)?;
        let left = 1_000_000 - headroom_ppm.min(999_999);
        let padded = mul_div_up(debt, uint(1_000_000), uint(left))?;
        self.healthy(collateral, padded, self.price)
    }

    fn liquidation_price(&self, collateral: U256, debt: U256) -> Number {
        if collateral.is_zero() || debt.is_zero() {
            return Ok(U256::ZERO);
        }
        let unsound = |price| Ok(!self.healthy(collateral, debt, price)?);
        Ok(largest(U256::ZERO, ten_to(46), unsound)?.unwrap_or_default())
    }

    fn ltv(&self, collateral: U256, debt: U256) -> Number {
        let value = Self::value(collateral, self.price)?;
        if value.is_zero() {
            Ok(U256::MAX)
        } else {
            mul_div_up(debt, wad(), value)
        }
    }

    /// Debt of who borrows `amount` now, after `seconds` in which nobody else does anything, at that rate a second.
    fn owed(&self, amount: U256, rate: U256, seconds: u64) -> Number {
        let shares = self.shares_of(amount)?;
        let (borrowed, all) = (add(self.borrowed(), amount)?, add(self.borrow_shares(), shares)?);
        let first = mul(rate, uint(seconds))?;
        let second = mul_div_down(first, first, wad() * uint(2))?;
        let third = mul_div_down(second, first, wad() * uint(3))?;
        let growth = add(add(first, second)?, third)?;
        Self::debt_in(shares, add(borrowed, mul_div_down(borrowed, growth, wad())?)?, all)
    }

    /// What a liquidator gets above what it pays, wad.
    fn penalty(&self) -> Number {
        let room = mul_div_down(uint(CURSOR), sub(wad(), self.lltv)?, wad())?;
        let incentive = mul_div_down(wad(), wad(), sub(wad(), room)?)?;
        sub(incentive.min(uint(MOST_INCENTIVE)), wad())
    }
}

#[async_trait]
impl Market for Morpho {
    async fn terms(&self, wanted: &Wanted) -> Result<Result<VenueTerms, Reason>, LenderError> {
        let book = self.read(wanted.borrower, None).await?;
        if book.market.lastUpdate == 0 {
            return Err(LenderError::Malformed {
                field: "market".into(),
                detail: "the contract has no such market".into(),
            });
        }
        if !(book.shares.is_zero() && book.collateral.is_zero()) {
            return Ok(occupied());
        }
        let locked = wanted.collateral;
        let fits = |debt: U256| {
            if debt > book.liquidity() {
                return Ok(Some(Limit::Liquidity));
            }
            Ok((!book.carries(locked, debt, wanted.headroom_ppm)?).then_some(Limit::Collateral))
        };
        let debt = match draw(wanted, fits)? {
            Ok(debt) => debt,
            Err(reason) => return Ok(Err(reason)),
        };
        let supplied = book.supplied();
        let percent = |percent: u64| mul_div_down(supplied, uint(percent), uint(100));
        let totals = [
            add(book.borrowed(), debt)?,
            percent(90)?,
            supplied,
            U256::ZERO,
            percent(KINK)?,
        ];
        let rates = self.rates(&book, totals).await?;
        let owed = |rate| book.owed(debt, rate, wanted.seconds);
        let [after, at_90, at_100, ..] = rates;
        let owed_now = book.debt_of(debt)?;
        let liquidation_price = book.liquidation_price(locked, owed_now)?;
        let decimals = self.decimals()?;
        Ok(Ok(VenueTerms {
            block: book.block,
            collateral: locked,
            debt,
            liquidity: book.liquidity(),
            rate: Self::rate_terms(&book, debt, rates)?,
            risk: VenueRisk {
                ltv_max: decimal(self.lltv, 18)?,
                liquidation_threshold: decimal(self.lltv, 18)?,
                liquidation_penalty: decimal(book.penalty()?, 18)?,
                ltv: decimal(book.ltv(locked, owed_now)?, 18)?,
                price: book.price,
                liquidation_price,
                price_in_asset: decimal(book.price, decimals)?,
                liquidation_price_in_asset: decimal(liquidation_price, decimals)?,
                oracle: self.oracle,
            },
            owed: VenueOwed {
                base: owed(after)?,
                at_90: owed(at_90)?,
                at_100: owed(at_100)?,
            },
        }))
    }

    async fn position(&self, borrower: Address, at: Option<ViewBlock>) -> Result<VenuePosition, LenderError> {
        let book = self.read(borrower, at).await?;
        let [rate] = self.rates(&book, [book.borrowed()]).await?;
        let (collateral, debt, decimals) = (book.collateral, book.debt()?, self.decimals()?);
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
            liquidation_ltv: decimal(self.lltv, 18)?,
            price: decimal(book.price, decimals)?,
            liquidation_price: if debt.is_zero() {
                None
            } else {
                Some(decimal(liquidation_price, decimals)?)
            },
            liquidatable: !debt.is_zero() && book.price <= liquidation_price,
        })
    }

    fn open(&self, borrower: Address, collateral: U256, debt: U256) -> Vec<WalletCall> {
        let pair = &self.pair;
        let lock = Calls::supplyCollateralCall {
            params: self.params(),
            assets: collateral,
            onBehalf: borrower,
            data: Bytes::new(),
        };
        let borrow = Calls::borrowCall {
            params: self.params(),
            assets: debt,
            shares: U256::ZERO,
            onBehalf: borrower,
            receiver: borrower,
        };
        vec![
            pair.approve(&pair.collateral, self.contract, collateral),
            pair.call(
                format!("Lock {}", pair.collateral.symbol),
                self.contract,
                &lock,
                GAS_CALL,
            ),
            pair.call(
                format!("Borrow {}", pair.asset.symbol),
                self.contract,
                &borrow,
                GAS_CALL,
            ),
        ]
    }

    async fn repay(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError> {
        let pair = &self.pair;
        // Everything is a number of shares: what they cost moves with each second.
        let (assets, shares, allowance) = if let Some(amount) = amount {
            (amount, U256::ZERO, amount)
        } else {
            let book = self.read(borrower, None).await?;
            (U256::ZERO, book.shares, with_margin(book.debt()?)?)
        };
        let repay = Calls::repayCall {
            params: self.params(),
            assets,
            shares,
            onBehalf: borrower,
            data: Bytes::new(),
        };
        Ok(vec![
            pair.approve(&pair.asset, self.contract, allowance),
            pair.call(format!("Repay {}", pair.asset.symbol), self.contract, &repay, GAS_CALL),
        ])
    }

    async fn withdraw(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError> {
        let assets = match amount {
            Some(amount) => amount,
            None => self.read(borrower, None).await?.collateral,
        };
        let withdraw = Calls::withdrawCollateralCall {
            params: self.params(),
            assets,
            onBehalf: borrower,
            receiver: borrower,
        };
        let title = format!("Take {} back", self.pair.collateral.symbol);
        Ok(vec![self.pair.call(title, self.contract, &withdraw, GAS_CALL)])
    }

    fn gas(&self) -> u64 {
        GAS_OPEN
    }
}
