//! The use cases over a real PostgreSQL and lenders in this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime};

use aggregator::api::IdempotencyKey;
use aggregator::fraud::{DEVELOPMENT_SECRET, FraudSetup, InProcessVelocity};
use aggregator::{Aggregator, Settings, World};
use alloy_primitives::{Address, B256, Bytes};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::eligibility::{AmountRange, Capabilities};
use domain::ids::{RequestId, SettlementId};
use domain::offer::{Inquiry, Onchain, OnchainOrder};
use domain::ports::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Attester, Call, ChainError, ChainInfo, ChainReader, Clock, Contracts,
    CreditAttestation, Health, Ids, Intent, Lender, LenderError, LenderStatus, Liquidation, LiveLoan, OnchainTerms,
    OracleAnswer, SignedAttestation, WalletCall,
};
use domain::request::{Jurisdiction, Product};
use domain::{Currency, ProviderId};
use uuid::Uuid;

use crate::sample;

/// Connections to PostgreSQL, as the binary opens them.
pub const CONNECTIONS: u32 = 20;
/// Lenders that are asked.
pub const LENDERS: u32 = 10;

/// The clock of the machine.
struct MachineClock;

impl Clock for MachineClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "the real clock of this process, behind `domain::ports::Clock`"
    )]
    fn now(&self) -> DateTime<Utc> {
        SystemTime::now().into()
    }
}

struct MachineIds;

impl Ids for MachineIds {
    #[expect(
        clippy::disallowed_methods,
        reason = "the real ids of this process, behind `domain::ports::Ids`"
    )]
    fn next(&self) -> Uuid {
        Uuid::now_v7()
    }
}

/// How a lender of this process answers.
#[derive(Clone, Debug)]
pub enum Manner {
    /// At once.
    Instant,
    /// After a pause.
    After(Duration),
    /// After a pause, and notes when.
    Noted(Duration, Answered),
    /// Never.
    Hangs,
}

/// When a lender answered, by request.
#[derive(Clone, Debug, Default)]
pub struct Answered(Arc<Mutex<HashMap<RequestId, Instant>>>);

impl Answered {
    fn note(&self, request: RequestId) {
        let mut times = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        times.insert(request, Instant::now());
    }

    /// Takes the time out, so that the map does not grow.
    pub fn take(&self, request: RequestId) -> Option<Instant> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&request)
    }
}

struct BenchLender {
    id: ProviderId,
    capabilities: Capabilities,
    manner: Manner,
    percent: i64,
}

#[async_trait]
impl Lender for BenchLender {
    fn id(&self) -> &ProviderId {
        &self.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        match &self.manner {
            Manner::Instant => {}
            Manner::After(pause) | Manner::Noted(pause, _) => tokio::time::sleep(*pause).await,
            Manner::Hangs => std::future::pending().await,
        }
        let offer = sample::offer(&ask.request, self.percent).map_err(|e| LenderError::Unavailable(e.to_string()))?;
        if let Manner::Noted(_, answered) = &self.manner {
            answered.note(ask.request.id);
        }
        Ok(Answer::Offers(vec![offer]))
    }

    async fn accept(&self, _: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        Err(LenderError::Unsupported("quotes only".to_owned()))
    }

    async fn status(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Err(LenderError::Unsupported("quotes only".to_owned()))
    }

    async fn cancel(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Err(LenderError::Unsupported("quotes only".to_owned()))
    }
}

/// [`LENDERS`] lenders: the first answers in its own way, the others alike.
pub fn lenders(first: &Manner, others: &Manner) -> anyhow::Result<Vec<Arc<dyn Lender>>> {
    let lender = |number: u32| -> anyhow::Result<Arc<dyn Lender>> {
        let capabilities = Capabilities {
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
        };
        Ok(Arc::new(BenchLender {
            id: format!("bench-{number}").parse()?,
            capabilities,
            manner: if number == 0 { first.clone() } else { others.clone() },
            percent: i64::from(8 + number),
        }))
    };
    (0..LENDERS).map(lender).collect()
}

/// A world without lenders over that database, brought to the newest schema.
pub async fn world(database_url: &str) -> anyhow::Result<World> {
    let db = aggregator::connect(database_url, CONNECTIONS).await?;
    aggregator::migrate(&db).await?;
    Ok(World {
        vault: aggregator::privacy::Vault::development(db.clone(), clock(), Arc::new(MachineIds)),
        db,
        clock: clock(),
        ids: Arc::new(MachineIds),
        lenders: Vec::new(),
        venues: Vec::new(),
        contracts: Arc::new(NoChain),
        reader: Arc::new(NoChain),
        attesters: Arc::new(NoChain),
        risk: risk::Engine::built_in()?,
        rules: aggregator::rules::RuleBook::built_in()?,
        screening: compliance::ScreeningIndex::built_in()?,
        credit_data: Arc::new(aggregator::facts::CreditData::none()),
        velocity: Arc::new(InProcessVelocity::default()),
        fraud: FraudSetup::new(DEVELOPMENT_SECRET)?,
        settings: Settings {
            rules: aggregator::rules::RuleSettings::lenient(),
            ..Settings::default()
        },
    })
}

/// The clock of every world here.
pub fn clock() -> Arc<dyn Clock> {
    Arc::new(MachineClock)
}

/// The use cases over that world with those lenders.
pub fn aggregator(world: &World, lenders: Vec<Arc<dyn Lender>>, quote_deadline: Duration) -> Arc<Aggregator> {
    Aggregator::new(World {
        lenders,
        settings: Settings {
            quote_deadline,
            ..world.settings.clone()
        },
        ..world.clone()
    })
}

/// A key that was never used.
pub fn fresh_key(aggregator: &Aggregator) -> anyhow::Result<IdempotencyKey> {
    Ok(IdempotencyKey::parse(&aggregator.world().ids.next().to_string())?)
}

/// No chain: on-chain lenders are no part of these figures.
struct NoChain;

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
