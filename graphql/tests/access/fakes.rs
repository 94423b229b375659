//! A bank that offers, a chain that is not there, and the rest of what a router needs.

use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes};
use async_trait::async_trait;
use domain::calendar::{DayCount, Period, Unit};
use domain::eligibility::{AmountRange, Capabilities};
use domain::ids::SettlementId;
use domain::offer::{
    Amounts, AprConvention, Binding, Declared, Inquiry, LateTerms, Offer, Onchain, OnchainOrder, RateKind, RateTerms,
    Repayment, RepaymentMethod, ScheduledPayment,
};
use domain::ports::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Attester, Call, ChainError, ChainInfo, ChainReader, Contracts,
    CreditAttestation, Health, Intent, Lender, LenderControls, LenderError, LenderStatus, Liquidation, LiveLoan,
    OnchainTerms, OracleAnswer, SignedAttestation, WalletCall,
};
use domain::provider::Limits;
use domain::request::{CreditRequest, Jurisdiction, Product};
use domain::{Currency, Money, ProviderId, Rate};
use usance_graphql::{Callback, CallbackRefusal, Network, NetworkReply, Process, ProviderCallbacks};

pub struct Bank {
    id: ProviderId,
    capabilities: Capabilities,
}

impl Bank {
    pub fn lender(name: &str) -> Arc<dyn Lender> {
        Arc::new(Self {
            id: name.parse().unwrap(),
            capabilities: Capabilities {
                products: vec![Product::Installment],
                jurisdictions: vec![Jurisdiction {
                    country: "US".to_owned(),
                    region: None,
                }],
                amounts: vec![AmountRange {
                    currency: Currency::usd(),
                    min: 1,
                    max: 10_000_000,
                }],
                min_term_days: 1,
                max_term_days: 4_000,
                collateral: Vec::new(),
                inquiry: Inquiry::None,
            },
        })
    }
}

#[async_trait]
impl Lender for Bank {
    fn id(&self) -> &ProviderId {
        &self.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        Ok(Answer::Offers(vec![offer(&ask.request)]))
    }

    async fn accept(&self, _: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        Err(LenderError::TimedOut)
    }

    async fn status(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Err(LenderError::TimedOut)
    }

    async fn cancel(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Err(LenderError::TimedOut)
    }
}

/// Twelve equal payments.
fn offer(request: &CreditRequest) -> Offer {
    let (month, usd) = (Period::new(1, Unit::Month), |minor| Money::new(minor, Currency::usd()));
    let (part, payment) = (request.amount.minor / 12, 46_000);
    let row = |n: u32| {
        let part = if n == 12 {
            request.amount.minor - part * 11
        } else {
            part
        };
        ScheduledPayment {
            due: month.after(request.at.date_naive(), n).unwrap(),
            principal: usd(part),
            interest: usd(payment - part),
            fees: usd(0),
            total: usd(payment),
        }
    };
    Offer {
        provider_ref: "ref-1".into(),
        product: Product::Installment,
        issued_at: request.at,
        valid_until: request.at + std::time::Duration::from_mins(30),
        binding: Binding::Firm,
        inquiry: Inquiry::None,
        amounts: Amounts {
            requested: request.amount,
            offered: request.amount,
            net_disbursed: request.amount,
            limit: None,
        },
        rate: RateTerms {
            kind: RateKind::Fixed,
            nominal: Rate::from_percent(10),
            day_count: DayCount::Thirty360,
            compounding: None,
            index: None,
            spread: None,
            cap: None,
            floor: None,
            curve: None,
        },
        fees: vec![],
        repayment: Repayment {
            schedule: (1..=12).map(row).collect(),
            method: RepaymentMethod::EqualInstallment,
            every: month,
            prepayment_charge: Rate::ZERO,
            late: LateTerms {
                grace_days: 10,
                fee: usd(1_500),
                penal_rate: Rate::ZERO,
            },
            cooling_off_days: 0,
        },
        collateral: None,
        onchain: None,
        venue: None,
        declared: Declared {
            apr: Rate::from_percent(10),
            convention: AprConvention::UsNominal,
            total_cost: None,
            payment: None,
        },
    }
}

pub struct Levers;

impl LenderControls for Levers {
    fn limit(&self, _: &ProviderId, _: Limits) {}
    fn forget_quotes(&self, _: &ProviderId) {}
    fn forget_quotes_on(&self, _: u64) {}
}

pub struct Callbacks;

#[async_trait]
impl ProviderCallbacks for Callbacks {
    async fn deliver(&self, _: Callback<'_>) -> Result<(), CallbackRefusal> {
        Err(CallbackRefusal::Unauthorized)
    }

    async fn network(&self, _: Network, _: &str, _: Callback<'_>) -> Option<NetworkReply> {
        None
    }
}

pub struct Quiet;

#[async_trait]
impl Process for Quiet {
    async fn not_ready(&self) -> Vec<String> {
        Vec::new()
    }

    fn metrics(&self) -> String {
        String::new()
    }
}

pub struct NoChain;

fn nowhere<T>(chain: u64) -> Result<T, ChainError> {
    Err(ChainError::UnknownChain(chain))
}

#[rustfmt::skip]
impl Contracts for NoChain {
    fn chains(&self) -> Vec<ChainInfo> { Vec::new() }
    fn order_hash(&self, chain: u64, _: &OnchainOrder) -> Result<B256, ChainError> { nowhere(chain) }
    fn order_signed(&self, chain: u64, _: &OnchainOrder, _: &Bytes) -> Result<bool, ChainError> { nowhere(chain) }
    fn pool_signature(&self, _: &OnchainOrder, _: &Bytes) -> Result<Bytes, ChainError> { nowhere(0) }
    fn intent_hash(&self, chain: u64, _: &Intent) -> Result<B256, ChainError> { nowhere(chain) }
    fn intent_typed_data(&self, chain: u64, _: &Intent) -> Result<serde_json::Value, ChainError> { nowhere(chain) }
    fn intent_signed(&self, chain: u64, _: &Intent, _: &Bytes) -> Result<bool, ChainError> { nowhere(chain) }
    fn onchain_loan_id(&self, chain: u64, _: &OnchainTerms) -> Result<B256, ChainError> { nowhere(chain) }
    fn originate(&self, o: &Onchain, _: &Intent, _: &Bytes, _: Option<&SignedAttestation>) -> Result<Call, ChainError> { nowhere(o.chain_id) }
    fn refinance(&self, old: &LiveLoan, _: &Onchain, _: &Intent, _: &Bytes) -> Result<Call, ChainError> { nowhere(old.chain_id) }
    fn approvals(&self, o: &Onchain, _: u128, _: u128) -> Result<Vec<WalletCall>, ChainError> { nowhere(o.chain_id) }
    fn repay(&self, loan: &LiveLoan, _: u128) -> Result<Vec<WalletCall>, ChainError> { nowhere(loan.chain_id) }
    fn add_collateral(&self, loan: &LiveLoan, _: u128) -> Result<Vec<WalletCall>, ChainError> { nowhere(loan.chain_id) }
    fn withdraw_collateral(&self, loan: &LiveLoan, _: u128, _: Address) -> Result<Vec<WalletCall>, ChainError> { nowhere(loan.chain_id) }
    fn liquidate(&self, loan: &LiveLoan, _: u128, _: u128) -> Result<Call, ChainError> { nowhere(loan.chain_id) }
    fn mark_default(&self, loan: &LiveLoan) -> Result<Call, ChainError> { nowhere(loan.chain_id) }
}

#[rustfmt::skip]
#[async_trait]
impl ChainReader for NoChain {
    async fn payoff(&self, loan: &LiveLoan, _: u64) -> Result<u128, ChainError> { nowhere(loan.chain_id) }
    async fn health(&self, loan: &LiveLoan) -> Result<Health, ChainError> { nowhere(loan.chain_id) }
    async fn simulate_liquidation(&self, loan: &LiveLoan, _: Address, _: u128) -> Result<Option<Liquidation>, ChainError> { nowhere(loan.chain_id) }
    async fn signature_valid(&self, chain: u64, _: Address, _: B256, _: &Bytes) -> Result<bool, ChainError> { nowhere(chain) }
    async fn attestation_epoch(&self, chain: u64) -> Result<u32, ChainError> { nowhere(chain) }
    async fn balance(&self, chain: u64, _: Address, _: Address) -> Result<u128, ChainError> { nowhere(chain) }
    async fn transactions_sent(&self, chain: u64, _: Address, _: u64) -> Result<u64, ChainError> { nowhere(chain) }
    async fn sanctioned(&self, chain: u64, _: &[Address]) -> Result<Option<OracleAnswer>, ChainError> { nowhere(chain) }
}

#[async_trait]
impl Attester for NoChain {
    async fn attest(&self, chain: u64, _: CreditAttestation) -> Result<SignedAttestation, ChainError> {
        nowhere(chain)
    }
}
