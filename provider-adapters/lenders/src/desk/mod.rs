//! The on-chain desk: a lender whose offers are EIP-712 orders, signed and firm. What is compared is what is executed.
//!
//! The desk is a pure function of its configuration and the request: the same request gives the same order, byte for byte, so
//! a repeated or hedged question never leaves two orders that could both be taken.

mod config;
mod signer;
mod terms;

use std::sync::Arc;
use std::time::Instant;

use alloy_primitives::{Address, B256, Bytes, U256, keccak256};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::appraisal::appraise;
use domain::offer::{
    Amounts, AprConvention, Binding, Collateral, CollateralAsset, Declared, Fee, FeeTiming, Inquiry, LateTerms, Offer,
    Onchain, OnchainOrder, Payee, RateKind, RateTerms, Repayment, RepaymentMethod,
};
use domain::ports::{ChainInfo, Contracts};
use domain::request::{CreditRequest, Product, Refinances};
use domain::{Money, ProviderId, Rate, Reason, SettlementId, TokenAmount};
use sdk::{AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Lender, LenderError, LenderStatus};

pub use config::{Attested, DeskConfig, DeskError, PriceRule, PricedAsset};
pub use signer::{LocalSigner, OrderSigner, SignerError};
use terms::{Pledge, Security, Terms};

// Gas of an origination as measured on a development chain with plain tokens, the first loan of its parties.
/// Against collateral, by an account.
const GAS_ORIGINATION: u64 = 186_000;
/// The oracle's word on the collateral, on top.
const GAS_PRICE: u64 = 42_000;
/// Presenting an attestation with two signatures and drawing on it, on top.
const GAS_ATTESTATION: u64 = 45_000;
/// A pool's signature and books, on top.
const GAS_POOL: u64 = 81_000;

/// The desk.
pub struct Desk {
    config: DeskConfig,
    capabilities: Capabilities,
    /// The chain that it lends on.
    chain: ChainInfo,
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
        let chain = chain.ok_or(DeskError::NoContract(chain_id))?;
        config.check(&chain)?;
        let capabilities = config.capabilities();
        Ok(Self {
            config,
            capabilities,
            chain,
            contracts,
            signer,
        })
    }

    /// The numbers of what this desk offers; the error is the reason of a decline.
    fn terms(&self, request: &CreditRequest) -> Result<(Address, Terms), Reason> {
        let wallet = request.wallet.ok_or_else(|| {
            let text = "This lender needs a wallet.";
            Reason::new("WALLET_NEEDED", text)
        })?;
        if request.refinances.as_ref().is_some_and(|old| !self.can_refinance(old)) {
            let text = "This lender cannot repay the loan that you want to replace.";
            return Err(Reason::new("NOT_A_REFINANCING", text));
        }
        let wants = |product| request.products.is_empty() || request.products.contains(&product);
        let terms = match (&request.collateral, self.config.attested) {
            (Some(locked), _) if wants(Product::Collateralized) => self.secured(request, locked)?,
            (None, Some(attested)) if wants(Product::Installment) => Terms::attested(&self.config, request, attested)?,
            (None, None) => {
                let text = "This lender needs collateral and a wallet.";
                return Err(Reason::new("COLLATERAL_NEEDED", text));
            }
            _ => {
                let text = "This lender does not offer the kind of credit you asked for.";
                return Err(Reason::new("PRODUCT_NOT_OFFERED", text));
            }
        };
        Ok((wallet, terms))
    }

    fn secured(&self, request: &CreditRequest, locked: &TokenAmount) -> Result<Terms, Reason> {
        let accepts = |accepted: &&PricedAsset| accepted.asset == locked.asset;
        let accepted = self.config.accepts.iter().find(accepts).ok_or_else(|| {
            let text = if self.config.accepts.is_empty() {
                "This lender lends without collateral: ask without it."
            } else {
                "This lender does not take this token as collateral."
            };
            Reason::new("COLLATERAL_NOT_ACCEPTED", text)
        })?;
        Terms::secured(&self.config, request, locked, accepted)
    }

    /// The contract replaces a loan by one of the same chain and asset only.
    fn can_refinance(&self, old: &Refinances) -> bool {
        let lends = &self.config.lends;
        old.chain_id == lends.chain_id && old.asset == lends.token
    }

    fn order(&self, request: &CreditRequest, wallet: Address, terms: &Terms, expiry: u64) -> OnchainOrder {
        let (pledge, attestation_policy) = match &terms.security {
            Security::Pledge(pledge) => (Some(pledge), 0),
            Security::Attestation(policy) => (None, *policy),
        };
        let rule = pledge.and_then(|pledge| pledge.price_rule);
        OnchainOrder {
            lender: self.config.pool.unwrap_or_else(|| self.signer.address()),
            borrower: wallet,
            asset: self.config.lends.token,
            collateral: pledge.map_or(Address::ZERO, |pledge| pledge.asset.token),
            oracle: rule.map_or(Address::ZERO, |_| self.chain.price_oracle),
            principal: terms.principal_units,
            min_fill: 0,
            collateral_amount: pledge.map_or(0, |pledge| pledge.units),
            installment_amount: terms.installment_units,
            rate_ppm: terms.rate_ppm,
            installments: terms.plan.installments,
            period: terms.plan.period,
            grace: self.config.grace_seconds,
            late_fee_bps: self.config.late_fee_bps,
            origination_fee_bps: self.config.origination_fee_bps,
            liquidation_ltv_bps: rule.map_or(0, |rule| rule.liquidation_ltv_bps),
            liquidation_bonus_bps: rule.map_or(0, |rule| rule.liquidation_bonus_bps),
            attestation_policy,
            fee_recipient: self.config.fee_recipient,
            expiry,
            epoch: self.config.epoch,
            nonce: nonce(request, self.config.lends.chain_id),
        }
    }

    /// The signature of the order by its lender.
    async fn signature(&self, order: &OnchainOrder, hash: B256) -> Result<Bytes, LenderError> {
        let failed = || broken("the order's signature");
        let signed = self.signer.sign(hash).await.map_err(|_| failed())?;
        match self.config.pool {
            Some(_) => self.contracts.pool_signature(order, &signed).map_err(|_| failed()),
            None => Ok(signed),
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
        let signature = self.signature(&order, order_hash).await?;
        let principal = TokenAmount {
            units: U256::from(order.principal),
            asset: self.config.lends.clone(),
        };
        let onchain = Onchain {
            chain_id,
            venue: self.config.venue.clone(),
            contract: self.chain.aggregator,
            gas_estimate: self.gas_estimate(&order),
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

    fn gas_estimate(&self, order: &OnchainOrder) -> u64 {
        GAS_ORIGINATION
            + u64::from(order.oracle != Address::ZERO) * GAS_PRICE
            + u64::from(order.attestation_policy != 0) * GAS_ATTESTATION
            + u64::from(self.config.pool.is_some()) * GAS_POOL
    }

    fn describe(&self, request: &CreditRequest, terms: Terms, until: DateTime<Utc>, onchain: Onchain) -> Offer {
        let config = &self.config;
        let (product, collateral) = match &terms.security {
            Security::Pledge(pledge) => (Product::Collateralized, Some(pledged(config, pledge, request.at))),
            Security::Attestation(_) => (Product::Installment, None),
        };
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
            product,
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
            rate: fixed_rate(terms.rate_ppm),
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
            collateral,
            onchain: Some(onchain),
            venue: None,
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
    let rate = |bps: u16| Rate::from_bps(i64::from(bps));
    let rule = pledge.price_rule;
    // Without a rule the contract never sells by price: only a missed payment leads to seizure.
    Collateral {
        assets: vec![asset],
        ltv_max: config.ltv_max,
        liquidation_threshold: rule.map(|rule| rate(rule.liquidation_ltv_bps)),
        liquidation_penalty: rule.map_or(Rate::ZERO, |rule| rate(rule.liquidation_bonus_bps)),
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

#[async_trait]
impl Lender for Desk {
    fn id(&self) -> &ProviderId {
        &self.config.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        if ask.deadline <= Instant::now() {
            return Err(LenderError::TimedOut);
        }
        let request = &ask.request;
        let misfits = self.capabilities.misfits(request);
        if !misfits.is_empty() {
            return Ok(Answer::Declined(misfits));
        }
        match self.terms(request) {
            Ok((wallet, terms)) => {
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
mod conformance_tests;
#[cfg(test)]
pub(crate) mod tests;
