//! What a desk is told.

use alloy_primitives::Address;
use domain::offer::Inquiry;
use domain::ports::ChainInfo;
use domain::request::{Jurisdiction, Product};
use domain::{Asset, Currency, ProviderId, Rate};
use rust_decimal::Decimal;
use sdk::{AmountRange, Capabilities, CollateralKind};
use secrecy::SecretString;
use serde::Deserialize;

/// A hundred percent in basis points.
const WHOLE: u64 = 10_000;
/// The most that the contract grants a liquidator, basis points.
const MAX_BONUS_BPS: u16 = 2_000;
/// Highest yearly rate, parts per million: 1,000 %.
const MAX_RATE_PPM: u32 = 10_000_000;

/// Configuration of a desk. It lends a token that counts one to one as `currency`, against collateral, on an attestation, or both.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeskConfig {
    /// Operator-given name.
    pub id: ProviderId,
    /// Name of the venue, for people.
    pub venue: String,
    /// Token lent; its chain is the desk's chain.
    pub lends: Asset,
    /// Money that the token counts as.
    pub currency: Currency,
    /// Collateral taken, with prices; empty for a desk that lends on attestations alone.
    #[serde(default)]
    pub accepts: Vec<PricedAsset>,
    /// Lends without collateral to a wallet whose credit is attested; none: it does not.
    #[serde(default)]
    pub attested: Option<Attested>,
    /// Pool whose money is lent: it is the lender of the orders, and `signing_key` is its underwriter's. None: the account of
    /// `signing_key` lends.
    #[serde(default)]
    pub pool: Option<Address>,
    /// Simple yearly rate of secured loans.
    pub rate_ppm: u32,
    /// Highest loan-to-value at the start.
    pub ltv_max: Rate,
    /// Fee withheld, basis points of the principal.
    #[serde(default)]
    pub origination_fee_bps: u16,
    /// Who gets the fee.
    #[serde(default)]
    pub fee_recipient: Address,
    /// Seconds after a due time before default.
    pub grace_seconds: u32,
    /// Late fee, basis points of the installment.
    pub late_fee_bps: u16,
    /// The lender's epoch in the contract.
    #[serde(default)]
    pub epoch: u64,
    /// Seconds for which an order is good, counted from the request.
    pub valid_seconds: u32,
    /// Smallest principal, minor units.
    pub min_amount: i64,
    /// Largest principal, minor units.
    pub max_amount: i64,
    /// Shortest term in days.
    pub min_term_days: u32,
    /// Longest term in days.
    pub max_term_days: u32,
    /// Where it lends.
    pub jurisdictions: Vec<Jurisdiction>,
    /// Private key of the orders, hex. A key service implements [`OrderSigner`](super::OrderSigner) instead.
    pub signing_key: SecretString,
    /// Layers around it.
    #[serde(default)]
    pub policy: crate::layers::Policy,
}

/// A collateral token with its price.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PricedAsset {
    /// The token.
    pub asset: Asset,
    /// Price of one whole token, major units of the desk's currency, decimal text: how much is lent against it.
    pub price: Decimal,
    /// Where the price is from, for example `fixed-dev`.
    pub oracle: String,
    /// Sold when it is worth too little; none: only a missed payment leads to seizure.
    #[serde(default)]
    pub price_rule: Option<PriceRule>,
}

/// When collateral is sold by its price. The price is that of the chain's price oracle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceRule {
    /// Debt over value above which anyone may liquidate, basis points.
    pub liquidation_ltv_bps: u16,
    /// What a liquidator gets above what it pays, basis points, at most 2,000.
    pub liquidation_bonus_bps: u16,
}

/// Lending on a credit attestation instead of collateral.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Attested {
    /// Policy of the chain's scoring oracle that the attestation must meet; not zero.
    pub policy: u32,
    /// Simple yearly rate.
    pub rate_ppm: u32,
    /// Largest principal, minor units; more is offered in part.
    pub max_amount: i64,
}

/// A configuration that makes no desk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeskError {
    /// No contracts on the desk's chain.
    #[error("no settlement contract on chain {0}")]
    NoContract(u64),
    /// The token has fewer decimals than the currency, or more than 30.
    #[error("the token must have from the currency's decimals up to 30")]
    Decimals,
    /// A number out of range.
    #[error("{0} is out of range")]
    Range(&'static str),
}

impl DeskConfig {
    pub(super) fn capabilities(&self) -> Capabilities {
        let mut products = Vec::new();
        if !self.accepts.is_empty() {
            products.push(Product::Collateralized);
        }
        if self.attested.is_some() {
            products.push(Product::Installment);
        }
        Capabilities {
            products,
            jurisdictions: self.jurisdictions.clone(),
            amounts: vec![AmountRange {
                currency: self.currency,
                min: self.min_amount,
                max: self.max_amount,
            }],
            min_term_days: self.min_term_days,
            max_term_days: self.max_term_days,
            // Which tokens depends on the price rules: the answer says.
            collateral: match self.attested {
                None => vec![CollateralKind::on_chain(self.lends.chain_id)],
                Some(_) => Vec::new(),
            },
            inquiry: Inquiry::None,
        }
    }

    /// Checks every number against the deployed contracts.
    pub(super) fn check(&self, chain: &ChainInfo) -> Result<(), DeskError> {
        let decimals = u32::from(self.lends.decimals);
        if !(self.currency.decimals()..=30).contains(&decimals) {
            return Err(DeskError::Decimals);
        }
        let rules = [
            ((Rate::from_ppm(1)..=Rate::ONE).contains(&self.ltv_max), "ltv_max"),
            (self.origination_fee_bps < 10_000, "origination_fee_bps"),
            (self.late_fee_bps <= 10_000, "late_fee_bps"),
            (
                self.origination_fee_bps == 0 || self.fee_recipient != Address::ZERO,
                "fee_recipient",
            ),
            (self.rate_ppm <= MAX_RATE_PPM, "rate_ppm"),
            (self.min_amount > 0 && self.min_amount <= self.max_amount, "min_amount"),
            (self.valid_seconds > 0, "valid_seconds"),
            (self.pool != Some(Address::ZERO), "pool"),
            (!self.accepts.is_empty() || self.attested.is_some(), "accepts"),
            (self.attested.is_none_or(|a| self.attested_fits(a)), "attested"),
        ];
        if let Some((_, field)) = rules.iter().find(|(holds, _)| !holds) {
            return Err(DeskError::Range(field));
        }
        for accepted in &self.accepts {
            let known = accepted.price > Decimal::ZERO
                && accepted.asset.decimals <= 30
                && accepted.asset.chain_id == chain.chain_id;
            if !known {
                return Err(DeskError::Range("accepts"));
            }
            let sound = accepted.price_rule.is_none_or(|rule| self.rule_fits(rule, chain));
            if !sound {
                return Err(DeskError::Range("accepts.price_rule"));
            }
        }
        Ok(())
    }

    fn attested_fits(&self, attested: Attested) -> bool {
        attested.policy != 0 && attested.rate_ppm <= MAX_RATE_PPM && attested.max_amount >= self.min_amount
    }

    /// There is an oracle, a sale at the threshold brings the whole debt in, and no loan starts above the threshold.
    fn rule_fits(&self, rule: PriceRule, chain: &ChainInfo) -> bool {
        let (ltv, bonus) = (
            u64::from(rule.liquidation_ltv_bps),
            u64::from(rule.liquidation_bonus_bps),
        );
        chain.price_oracle != Address::ZERO
            && rule.liquidation_bonus_bps <= MAX_BONUS_BPS
            && ltv * (WHOLE + bonus) <= WHOLE * WHOLE
            && Rate::from_bps(i64::from(rule.liquidation_ltv_bps)) >= self.ltv_max
    }
}
