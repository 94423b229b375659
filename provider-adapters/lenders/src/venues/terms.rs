//! What a market answers, the same for every protocol.

use std::sync::Arc;

use alloy_primitives::{Address, Bytes, U256};
use alloy_sol_types::SolCall;
use async_trait::async_trait;
use domain::ports::{Call, VenuePosition, ViewBlock, ViewCalls, WalletCall};
use domain::{Asset, Reason};
use rust_decimal::Decimal;
use sdk::LenderError;

use super::abi::Erc20;
use super::math::{OutOfRange, largest, mul_div_up, uint};

/// What a borrower wants of a market.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// Wallet.
    pub borrower: Address,
    /// To be locked, base units.
    pub collateral: U256,
    /// To be borrowed at most, base units.
    pub debt: U256,
    /// Less than this is not offered, base units.
    pub least: U256,
    /// The debt is a multiple of it: one minor unit of the currency.
    pub step: U256,
    /// How long the money is kept.
    pub seconds: u64,
    /// The loan-to-value stays this far below the liquidation threshold, parts per million of the threshold.
    pub headroom_ppm: u64,
}

/// Rates of a market. Yearly ones are nominal fractions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VenueRate {
    /// After our draw, in the protocol's own unit: a year in ray (Aave), a second in wad (Morpho, Compound), a block in wad (Venus).
    pub raw: U256,
    /// After our draw, a year.
    pub yearly: Decimal,
    /// With 90 % of the market lent, a year.
    pub at_90: Decimal,
    /// With all of the market lent, a year.
    pub at_100: Decimal,
    /// With nothing lent, a year.
    pub base: Decimal,
    /// Share lent at which the rate turns steep.
    pub kink: Decimal,
    /// Rate at the kink.
    pub at_kink: Decimal,
    /// Share lent after our draw.
    pub utilization: Decimal,
}

/// Prices and limits of the collateral.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VenueRisk {
    /// Most that may be borrowed over the value of the collateral.
    pub ltv_max: Decimal,
    /// Debt over value above which anyone may liquidate.
    pub liquidation_threshold: Decimal,
    /// What a liquidator gets above what it pays.
    pub liquidation_penalty: Decimal,
    /// Debt over value right after the draw.
    pub ltv: Decimal,
    /// Price of the collateral as the venue's oracle gives it.
    pub price: U256,
    /// Highest price, in the oracle's unit, at which anyone may liquidate right after the draw.
    pub liquidation_price: U256,
    /// The price of a whole token in whole tokens of the asset.
    pub price_in_asset: Decimal,
    /// The same of the liquidation price.
    pub liquidation_price_in_asset: Decimal,
    /// The venue's oracle.
    pub oracle: Address,
}

/// What is owed at the end of the horizon, base units, when the rate stays where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueOwed {
    /// At the rate after our draw.
    pub base: U256,
    /// At the rate with 90 % lent.
    pub at_90: U256,
    /// At the rate with all lent.
    pub at_100: U256,
}

/// A market's terms for one draw, all read in one block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VenueTerms {
    /// As of.
    pub block: ViewBlock,
    /// Locked, base units.
    pub collateral: U256,
    /// Borrowed, base units.
    pub debt: U256,
    /// Base units that could be borrowed before it.
    pub liquidity: U256,
    /// Rates.
    pub rate: VenueRate,
    /// Prices and limits.
    pub risk: VenueRisk,
    /// What it comes to.
    pub owed: VenueOwed,
}

/// What could happen to a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum VenueScenarioKind {
    /// 90 % of the market is lent all the time.
    Utilization90,
    /// All of the market is lent all the time.
    Utilization100,
    /// The collateral loses a fifth of its price at once.
    PriceMinus20,
    /// The collateral loses two fifths of its price at once.
    PriceMinus40,
}

/// What one scenario costs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueScenario {
    /// Which.
    pub kind: VenueScenarioKind,
    /// Base units of the asset above what was borrowed: interest to the horizon and, in a liquidation, the penalty on the whole debt.
    pub cost: U256,
    /// Anyone may liquidate.
    pub liquidated: bool,
}

impl VenueTerms {
    /// The four scenarios, in the order of [`VenueScenarioKind`].
    pub fn scenarios(&self) -> Result<[VenueScenario; 4], LenderError> {
        use VenueScenarioKind::{PriceMinus20, PriceMinus40, Utilization90, Utilization100};
        let interest = |owed: U256| owed.saturating_sub(self.debt);
        let rate = |kind, owed| VenueScenario {
            kind,
            cost: interest(owed),
            liquidated: false,
        };
        let price = |kind, left: u64| -> Result<VenueScenario, LenderError> {
            let fallen = self.risk.price.checked_mul(uint(left)).ok_or(OutOfRange)? / uint(100);
            let liquidated = fallen <= self.risk.liquidation_price;
            let penalty = if liquidated { self.penalty()? } else { U256::ZERO };
            let cost = interest(self.owed.base).checked_add(penalty).ok_or(OutOfRange)?;
            Ok(VenueScenario { kind, cost, liquidated })
        };
        Ok([
            rate(Utilization90, self.owed.at_90),
            rate(Utilization100, self.owed.at_100),
            price(PriceMinus20, 80)?,
            price(PriceMinus40, 60)?,
        ])
    }

    /// The penalty on the whole debt, rounded up.
    fn penalty(&self) -> Result<U256, OutOfRange> {
        let share = self.risk.liquidation_penalty;
        let mantissa = u128::try_from(share.mantissa()).map_err(|_| OutOfRange)?;
        mul_div_up(self.debt, U256::from(mantissa), super::math::ten_to(share.scale()))
    }
}

/// What keeps a draw from being larger.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Limit {
    /// The market has not that much left.
    Liquidity,
    /// The protocol's cap on what is borrowed.
    BorrowCap,
    /// The collateral does not carry it.
    Collateral,
    /// The protocol lends no such small amount.
    TooSmall,
}

impl Limit {
    fn reason(self) -> Reason {
        match self {
            Self::Liquidity => Reason::new("LIQUIDITY_INSUFFICIENT", "This market has not enough left to lend."),
            Self::BorrowCap => Reason::new("BORROW_CAP_REACHED", "This market lends no more until others repay."),
            Self::Collateral => Reason::new(
                "COLLATERAL_INSUFFICIENT",
                "The collateral does not carry the smallest amount that is lent here.",
            ),
            Self::TooSmall => Reason::new("AMOUNT_TOO_SMALL", "This market does not lend such a small amount."),
        }
    }
}

/// The largest draw that nothing limits, or the reason why not even the least is one.
pub(super) fn draw(
    wanted: &Wanted,
    limit: impl Fn(U256) -> Result<Option<Limit>, OutOfRange>,
) -> Result<Result<U256, Reason>, OutOfRange> {
    let steps = |units: U256| units.checked_div(wanted.step).ok_or(OutOfRange);
    let least = steps(wanted.least)?.max(U256::ONE);
    let most = steps(wanted.debt)?;
    if least > most {
        return Ok(Err(Limit::TooSmall.reason()));
    }
    if limit(most * wanted.step)?.is_none() {
        return Ok(Ok(most * wanted.step));
    }
    let found = largest(least, most, |steps| Ok(limit(steps * wanted.step)?.is_none()))?;
    match found {
        Some(steps) => Ok(Ok(steps * wanted.step)),
        None => Ok(Err(limit(least * wanted.step)?.unwrap_or(Limit::Collateral).reason())),
    }
}

/// An answer, or the reason of a decline.
pub(super) type Declined<T> = Result<T, Reason>;

/// A reason to decline.
pub(super) fn declined<T>(code: &str, text: &str) -> Declined<T> {
    Err(Reason::new(code, text))
}

/// The borrower already uses the venue: its limits would mix with the new loan's.
pub(super) fn occupied<T>() -> Declined<T> {
    declined(
        "POSITION_EXISTS",
        "Your wallet already has a position here: repay it first or use another wallet.",
    )
}

/// The protocol has stopped what a loan needs.
pub(super) fn paused<T>() -> Declined<T> {
    declined("MARKET_PAUSED", "This market takes no new loans at the moment.")
}

/// The protocol takes no more of this collateral.
pub(super) fn supply_capped<T>() -> Declined<T> {
    declined("SUPPLY_CAP_REACHED", "This market takes no more of this collateral.")
}

/// What every market is made with.
#[derive(Clone)]
pub(super) struct Pair {
    /// Lent.
    pub asset: Asset,
    /// Locked.
    pub collateral: Asset,
    /// How contracts are asked.
    pub views: Arc<dyn ViewCalls>,
}

impl Pair {
    pub(super) fn chain_id(&self) -> u64 {
        self.asset.chain_id
    }

    /// A call of a wallet.
    pub(super) fn call<C: SolCall>(&self, title: String, to: Address, call: &C, gas_limit: u64) -> WalletCall {
        WalletCall {
            title,
            call: Call {
                chain_id: self.chain_id(),
                to,
                data: Bytes::from(call.abi_encode()),
                gas_limit,
            },
        }
    }

    /// The allowance that a call after it needs.
    pub(super) fn approve(&self, token: &Asset, spender: Address, amount: U256) -> WalletCall {
        let title = format!("Allow the market to take {}", token.symbol);
        self.call(title, token.token, &Erc20::approveCall { spender, amount }, GAS_APPROVE)
    }

    /// The allowance of a market's own token, which stands for the collateral.
    pub(super) fn approve_token(&self, token: Address, spender: Address, amount: U256) -> WalletCall {
        let title = format!("Allow the market to exchange {}", self.collateral.symbol);
        self.call(title, token, &Erc20::approveCall { spender, amount }, GAS_APPROVE)
    }

    pub(super) fn opening_title(&self) -> String {
        format!("Lock {} and borrow {}", self.collateral.symbol, self.asset.symbol)
    }

    pub(super) fn closing_title(&self) -> String {
        format!("Repay {} and take {} back", self.asset.symbol, self.collateral.symbol)
    }

    pub(super) fn permission_title(given: bool) -> String {
        let what = if given {
            "Let the router act for you"
        } else {
            "Take the router's permission back"
        };
        what.to_owned()
    }
}

/// Limit of an allowance.
const GAS_APPROVE: u64 = 100_000;

/// More than a debt becomes within days, for the allowance of a repayment in full; base units.
pub(super) fn with_margin(debt: U256) -> Result<U256, OutOfRange> {
    let margin = debt / uint(1_000);
    debt.checked_add(margin)
        .and_then(|sum| sum.checked_add(U256::ONE))
        .ok_or(OutOfRange)
}

/// One protocol's way of doing all this.
#[async_trait]
pub(super) trait Market: Send + Sync {
    /// Terms of the largest draw up to the wanted one, or the reason of a decline.
    async fn terms(&self, wanted: &Wanted) -> Result<Result<VenueTerms, Reason>, LenderError>;
    /// See [`domain::ports::Venue::position`].
    async fn position(&self, borrower: Address, at: Option<ViewBlock>) -> Result<VenuePosition, LenderError>;
    /// See [`domain::ports::Venue::open`].
    fn open(&self, borrower: Address, collateral: U256, debt: U256) -> Vec<WalletCall>;
    /// See [`domain::ports::Venue::repay`].
    async fn repay(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError>;
    /// See [`domain::ports::Venue::withdraw`].
    async fn withdraw(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError>;
    /// Gas of opening a position, all its calls.
    fn gas(&self) -> u64;
}
