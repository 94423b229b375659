//! What a venue is told.

use alloy_primitives::{Address, U256};
use domain::offer::Inquiry;
use domain::request::{Jurisdiction, Product};
use domain::{Asset, Currency, ProviderId, Rate};
use rust_decimal::Decimal;
use sdk::{AmountRange, Capabilities, CollateralKind};
use serde::Deserialize;

use super::aave::AaveRelease;

/// One market of one protocol. The asset lent counts one to one as `currency`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenueConfig {
    /// Operator-given name.
    pub id: ProviderId,
    /// Which protocol, and where its contracts are.
    pub protocol: VenueProtocol,
    /// Lent; its chain is the venue's.
    pub lends: Asset,
    /// Locked.
    pub accepts: Asset,
    /// Money that the asset counts as.
    pub currency: Currency,
    /// Smallest loan, minor units.
    pub min_amount: i64,
    /// Largest loan, minor units.
    pub max_amount: i64,
    /// Shortest horizon in days.
    pub min_term_days: u32,
    /// Longest horizon in days.
    pub max_term_days: u32,
    /// Where it is offered.
    pub jurisdictions: Vec<Jurisdiction>,
    /// Seconds after which a quote says nothing any more: the market moves.
    pub valid_seconds: u32,
    /// The loan-to-value stays this far below the liquidation threshold, as a share of it.
    #[serde(default = "default_headroom")]
    pub headroom: Rate,
    /// Price of the chain's own currency in the money, major units, for the cost of gas; without it that cost is not stated.
    #[serde(default)]
    pub native_price: Option<Decimal>,
    /// Layers around it.
    #[serde(default)]
    pub policy: crate::layers::Policy,
}

/// A protocol and the contracts of a market.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "name", rename_all = "kebab-case", deny_unknown_fields)]
pub enum VenueProtocol {
    /// Aave v3.
    AaveV3 {
        /// Decides how numbers are rounded.
        release: AaveRelease,
        /// `Pool`.
        pool: Address,
        /// `PoolAddressesProvider`.
        provider: Address,
    },
    /// Morpho Blue.
    MorphoBlue {
        /// The contract.
        morpho: Address,
        /// Of the market.
        oracle: Address,
        /// Rate model of the market.
        irm: Address,
        /// Limit of the market, wad.
        #[serde(with = "domain::money::decimal_text")]
        lltv: U256,
    },
    /// Venus Isolated Pools.
    Venus {
        /// Of the pool.
        comptroller: Address,
        /// `VToken` of the asset.
        asset_market: Address,
        /// `VToken` of the collateral.
        collateral_market: Address,
    },
    /// Compound III. Not exercised on real bytecode.
    CompoundV3 {
        /// The market.
        comet: Address,
    },
}

impl VenueProtocol {
    /// For people. Says so where the adapter was never run against the protocol itself.
    pub fn title(&self) -> &'static str {
        match self {
            Self::AaveV3 { .. } => "Aave v3",
            Self::MorphoBlue { .. } => "Morpho Blue",
            Self::Venus { .. } => "Venus Isolated Pools",
            Self::CompoundV3 { .. } => "Compound III (not exercised on real bytecode)",
        }
    }

    /// Whether the adapter is tested against the bytecode that the protocol's authors publish.
    pub fn exercised(&self) -> bool {
        !matches!(self, Self::CompoundV3 { .. })
    }
}

/// Why a venue's configuration cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VenueError {
    /// A loan crosses no chains.
    #[error("the asset and the collateral are on different chains")]
    TwoChains,
    /// Nothing is lent against itself.
    #[error("the asset and the collateral are one token")]
    OneToken,
    /// Minor units must be whole base units.
    #[error("the asset has fewer decimals than the currency")]
    TooFewDecimals,
    /// Smallest above largest, or not positive.
    #[error("no amount lies between {0} and {1} minor units")]
    Amounts(i64, i64),
    /// Shortest above longest, or zero.
    #[error("no horizon lies between {0} and {1} days")]
    Terms(u32, u32),
    /// Not from 0 to below 100 %.
    #[error("headroom of {0} is not from 0 to below 100 %")]
    Headroom(Rate),
    /// A quote that is over when it is made.
    #[error("quotes are valid for no time")]
    Validity,
    /// Below zero.
    #[error("the price of the chain's own currency is below zero")]
    NativePrice,
}

const fn default_headroom() -> Rate {
    Rate::from_percent(5)
}

impl VenueConfig {
    pub(super) fn check(&self) -> Result<(), VenueError> {
        let (lends, accepts) = (&self.lends, &self.accepts);
        if lends.chain_id != accepts.chain_id {
            return Err(VenueError::TwoChains);
        }
        if lends.token == accepts.token {
            return Err(VenueError::OneToken);
        }
        if u32::from(lends.decimals) < self.currency.decimals() {
            return Err(VenueError::TooFewDecimals);
        }
        if self.min_amount <= 0 || self.min_amount > self.max_amount {
            return Err(VenueError::Amounts(self.min_amount, self.max_amount));
        }
        if self.min_term_days == 0 || self.min_term_days > self.max_term_days {
            return Err(VenueError::Terms(self.min_term_days, self.max_term_days));
        }
        if !(0..Rate::ONE.ppm()).contains(&self.headroom.ppm()) {
            return Err(VenueError::Headroom(self.headroom));
        }
        if self.valid_seconds == 0 {
            return Err(VenueError::Validity);
        }
        if self.native_price.is_some_and(|price| price < Decimal::ZERO) {
            return Err(VenueError::NativePrice);
        }
        Ok(())
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        Capabilities {
            products: vec![Product::Collateralized],
            jurisdictions: self.jurisdictions.clone(),
            amounts: vec![AmountRange {
                currency: self.currency,
                min: self.min_amount,
                max: self.max_amount,
            }],
            min_term_days: self.min_term_days,
            max_term_days: self.max_term_days,
            collateral: vec![CollateralKind {
                chain_id: self.lends.chain_id,
                tokens: vec![self.accepts.token],
            }],
            inquiry: Inquiry::None,
        }
    }

    /// Base units of the asset in one minor unit of the currency.
    pub(super) fn scale(&self) -> U256 {
        super::math::ten_to(u32::from(self.lends.decimals).saturating_sub(self.currency.decimals()))
    }
}
