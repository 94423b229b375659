//! The on-chain desk: a lender whose offers are EIP-712 orders, signed and firm. What is compared is what is executed.
//!
//! The desk is a pure function of its configuration and the request: the same request gives the same order, byte for byte, so
//! a repeated or hedged question never leaves two orders that could both be taken.

mod signer;
mod terms;

use std::sync::Arc;

use alloy_primitives::{Address, U256, keccak256};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::appraisal::appraise;
use domain::offer::{
    Amounts, AprConvention, Binding, Collateral, CollateralAsset, Declared, Fee, FeeTiming, Inquiry, LateTerms, Offer,
    Onchain, OnchainOrder, Payee, RateKind, RateTerms, Repayment, RepaymentMethod,
};
use domain::ports::Contracts;
use domain::request::{CreditRequest, Jurisdiction, Product};
use domain::{Asset, Currency, Money, ProviderId, Rate, Reason, SettlementId, TokenAmount};
use rust_decimal::Decimal;
use sdk::{AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Lender, LenderError, LenderStatus};
use secrecy::SecretString;
use serde::Deserialize;

pub use signer::{LocalSigner, OrderSigner, SignerError};
use terms::{Pledge, Terms};

/// Gas of an origination: the contract's first one takes 155,000, later ones less.
const GAS_ESTIMATE: u64 = 150_000;

/// Configuration of a desk. It lends a token that counts one to one as `currency`.
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
    /// Collateral taken, with prices.
    pub accepts: Vec<PricedAsset>,
    /// Simple yearly rate.
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
    /// The desk's epoch in the contract.
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
    /// Private key of the orders, hex. A key service implements [`OrderSigner`] instead.
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
    /// Price of one whole token, major units of the desk's currency, decimal text.
    pub price: Decimal,
    /// Where the price is from, for example `fixed-dev`.
    pub oracle: String,
}

impl DeskConfig {
    fn capabilities(&self) -> Capabilities {
        Capabilities {
            products: vec![Product::Collateralized],
            jurisdictions: self.jurisdictions.clone(),
            currency: self.currency,
            min_amount: self.min_amount,
            max_amount: self.max_amount,
            min_term_days: self.min_term_days,
            max_term_days: self.max_term_days,
            collateral_chain: Some(self.lends.chain_id),
            inquiry: Inquiry::None,
        }
    }
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

/// The desk.
pub struct Desk {
    config: DeskConfig,
    capabilities: Capabilities,
    /// The settlement contract.
    contract: Address,
    contracts: Arc<dyn Contracts>,
    signer: Arc<dyn OrderSigner>,
}

impl std::fmt::Debug for Desk {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Desk({})", self.config.id)
    }
}

impl Desk {
    /// Checks the configuration against the deployed contracts.
    pub fn new(
        config: DeskConfig,
        contracts: Arc<dyn Contracts>,
        signer: Arc<dyn OrderSigner>,
    ) -> Result<Self, DeskError> {
        let chain_id = config.lends.chain_id;
        let chain = contracts.chains().into_iter().find(|chain| chain.chain_id == chain_id);
        let contract = chain.ok_or(DeskError::NoContract(chain_id))?.aggregator;
        let decimals = u32::from(config.lends.decimals);
        if !(config.currency.decimals()..=30).contains(&decimals) {
            return Err(DeskError::Decimals);
        }
        let rules = [
            ((Rate::from_ppm(1)..=Rate::ONE).contains(&config.ltv_max), "ltv_max"),
            (config.origination_fee_bps < 10_000, "origination_fee_bps"),
            (config.late_fee_bps <= 10_000, "late_fee_bps"),
            (
                config.origination_fee_bps == 0 || config.fee_recipient != Address::ZERO,
                "fee_recipient",
            ),
            (config.rate_ppm <= 10_000_000, "rate_ppm"),
            (
                config.min_amount > 0 && config.min_amount <= config.max_amount,
                "min_amount",
            ),
            (config.valid_seconds > 0, "valid_seconds"),
            (
                config
                    .accepts
                    .iter()
                    .all(|a| a.price > Decimal::ZERO && a.asset.decimals <= 30),
                "accepts",
            ),
            (config.accepts.iter().all(|a| a.asset.chain_id == chain_id), "accepts"),
        ];
        if let Some((_, field)) = rules.iter().find(|(holds, _)| !holds) {
            return Err(DeskError::Range(field));
        }
        let capabilities = config.capabilities();
        Ok(Self {
            config,
            capabilities,
            contract,
            contracts,
            signer,
        })
    }

    fn order(&self, request: &CreditRequest, wallet: Address, terms: &Terms, expiry: u64) -> OnchainOrder {
        OnchainOrder {
            lender: self.signer.address(),
            borrower: wallet,
            asset: self.config.lends.token,
            collateral: terms.pledge.asset.token,
            principal: terms.principal_units,
            collateral_amount: terms.pledge.units,
            installment_amount: terms.installment_units,
            rate_ppm: self.config.rate_ppm,
            installments: terms.plan.installments,
            period: terms.plan.period,
            grace: self.config.grace_seconds,
            late_fee_bps: self.config.late_fee_bps,
            origination_fee_bps: self.config.origination_fee_bps,
            fee_recipient: self.config.fee_recipient,
            expiry,
            epoch: self.config.epoch,
            nonce: nonce(request, self.config.lends.chain_id),
        }
    }

    async fn offer(
        &self,
        request: &CreditRequest,
        wallet: Address,
        terms: Terms,
        until: DateTime<Utc>,
    ) -> Result<Offer, LenderError> {
        let chain_id = self.config.lends.chain_id;
        let expiry = u64::try_from(until.timestamp()).map_err(|_| broken("the request's time"))?;
        let order = self.order(request, wallet, &terms, expiry);
        let order_hash = self
            .contracts
            .order_hash(chain_id, &order)
            .map_err(|_| broken("the order's hash"))?;
        let signature = self
            .signer
            .sign(order_hash)
            .await
            .map_err(|_| broken("the order's signature"))?;
        let principal = TokenAmount {
            units: U256::from(order.principal),
            asset: self.config.lends.clone(),
        };
        let onchain = Onchain {
            chain_id,
            venue: self.config.venue.clone(),
            contract: self.contract,
            gas_estimate: GAS_ESTIMATE,
            order,
            order_hash,
            signature,
            principal,
        };
        let mut offer = self.describe(request, terms, until, onchain);
        let appraisal = appraise(request, &offer).map_err(|_| broken("the APR"))?;
        offer.declared.apr = appraisal.verified.apr;
        offer.declared.convention = appraisal.verified.convention;
        offer.declared.total_cost = Some(appraisal.verified.finance_charge);
        Ok(offer)
    }

    fn describe(&self, request: &CreditRequest, terms: Terms, until: DateTime<Utc>, onchain: Onchain) -> Offer {
        let config = &self.config;
        let money = |minor| Money::new(minor, config.currency);
        let fee = |minor| Fee {
            code: "origination".into(),
            payee: Payee::Provider,
            amount: money(minor),
            timing: FeeTiming::UpfrontDeducted,
            mandatory: true,
            in_finance_charge: true,
        };
        Offer {
            provider_ref: onchain.order_hash.to_string(),
            product: Product::Collateralized,
            issued_at: request.at,
            valid_until: until,
            binding: Binding::OnchainExecutable,
            inquiry: Inquiry::None,
            amounts: Amounts {
                requested: request.amount,
                offered: money(terms.principal),
                net_disbursed: money(terms.principal - terms.fee),
                limit: None,
            },
            rate: fixed_rate(config.rate_ppm),
            fees: Some(terms.fee).filter(|fee| *fee > 0).map(fee).into_iter().collect(),
            repayment: Repayment {
                schedule: terms.calendar,
                method: RepaymentMethod::EqualInstallment,
                every: terms.plan.every,
                prepayment_charge: Rate::ZERO,
                late: LateTerms {
                    grace_days: config.grace_seconds / 86_400,
                    fee: money(terms.late_fee),
                    penal_rate: Rate::ZERO,
                },
                cooling_off_days: 0,
            },
            collateral: Some(pledged(config, &terms.pledge, request.at)),
            onchain: Some(onchain),
            declared: Declared {
                apr: Rate::ZERO,
                convention: AprConvention::UsNominal,
                total_cost: None,
                payment: Some(money(terms.installment)),
            },
        }
    }
}

fn fixed_rate(ppm: u32) -> RateTerms {
    RateTerms {
        kind: RateKind::Fixed,
        nominal: Rate::from_ppm(i64::from(ppm)),
        day_count: domain::calendar::DayCount::Act365,
        compounding: None,
        index: None,
        spread: None,
        cap: None,
        floor: None,
        curve: None,
    }
}

fn pledged(config: &DeskConfig, pledge: &Pledge, as_of: DateTime<Utc>) -> Collateral {
    let amount = TokenAmount {
        units: U256::from(pledge.units),
        asset: pledge.asset.clone(),
    };
    let asset = CollateralAsset {
        amount,
        price: pledge.price,
        oracle: pledge.oracle.clone(),
        as_of,
    };
    // The contract never sells by price: only a missed payment leads to seizure.
    Collateral {
        assets: vec![asset],
        ltv_max: config.ltv_max,
        liquidation_threshold: None,
        liquidation_penalty: Rate::ZERO,
    }
}

/// The nonce of a request: unordered in the contract, and the same each time the request is answered.
fn nonce(request: &CreditRequest, chain_id: u64) -> U256 {
    let mut seed = b"usance desk order".to_vec();
    seed.extend_from_slice(request.id.0.as_bytes());
    seed.extend_from_slice(&chain_id.to_be_bytes());
    U256::from_be_bytes(keccak256(seed).0)
}

fn broken(what: &str) -> LenderError {
    LenderError::Unavailable(format!("the desk could not make {what}"))
}

fn declined(code: &str, text: &str) -> Answer {
    Answer::Declined(vec![Reason::new(code, text)])
}

#[async_trait]
impl Lender for Desk {
    fn id(&self) -> &ProviderId {
        &self.config.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let request = &ask.request;
        let misfits = self.capabilities.misfits(request);
        if !misfits.is_empty() {
            return Ok(Answer::Declined(misfits));
        }
        let (Some(wallet), Some(locked)) = (request.wallet, &request.collateral) else {
            return Ok(declined(
                "COLLATERAL_NEEDED",
                "This lender needs collateral and a wallet.",
            ));
        };
        let accepted = self
            .config
            .accepts
            .iter()
            .find(|accepted| accepted.asset == locked.asset);
        let Some(accepted) = accepted else {
            return Ok(declined(
                "COLLATERAL_NOT_ACCEPTED",
                "This lender does not take this token as collateral.",
            ));
        };
        match Terms::new(&self.config, request, locked, accepted) {
            Ok(terms) => {
                let until = request.at + TimeDelta::seconds(i64::from(self.config.valid_seconds));
                let offer = self.offer(request, wallet, terms, until).await?;
                Ok(Answer::Offers(vec![offer]))
            }
            Err(reason) => Ok(Answer::Declined(vec![reason])),
        }
    }

    async fn accept(&self, _: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        Err(settled_on_chain())
    }

    async fn status(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Err(settled_on_chain())
    }

    async fn cancel(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Err(settled_on_chain())
    }
}

fn settled_on_chain() -> LenderError {
    LenderError::Unsupported("the order is settled on chain".into())
}

#[cfg(test)]
pub(crate) mod tests;
