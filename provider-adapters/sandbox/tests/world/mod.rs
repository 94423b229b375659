//! A sandbox, our lenders that talk to it, and the callback route of a platform.

use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes as EvmBytes};
use async_trait::async_trait;
use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri};
use chrono::{DateTime, TimeDelta, Utc};
use domain::calendar::{Period, Unit};
use domain::offer::{Offer, Onchain, OnchainOrder};
use domain::ports::{
    AcceptOrder, Ask, Call, ChainError, ChainInfo, Clock, Contracts, EventLog, EventLogs, Ids, Intent, Lender,
    LiveLoan, LogFilter, OnchainTerms, SignedAttestation, ViewBlock, ViewCall, ViewCalls, Views, WalletCall,
};
use domain::request::{Applicant, CreditRequest, Employment, Jurisdiction, Purpose};
use domain::{Currency, Money, SettlementId};
use lenders::{CALLBACK_PATH, CallbackError, CallbackInbox, LenderConfig, Parts, Registry};
use sdk::signature::{RequestLine, SignatureHeaders, sign_request};
use sdk::{NetworkPolicy, PrivateKey, RequestParts, Signer};
use usance_sandbox::{Behavior, PlatformKey, SandboxConfig, SandboxHandle};
use uuid::Uuid;

const PLATFORM: &str = "usance-dev";

pub struct ManualClock(AtomicI64);

impl ManualClock {
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds, Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        noon() + TimeDelta::seconds(self.0.load(Ordering::Relaxed))
    }
}

/// The platform's clock: the world's, and a constant.
struct Ahead(Arc<ManualClock>, i64);

impl Clock for Ahead {
    fn now(&self) -> DateTime<Utc> {
        self.0.now() + TimeDelta::seconds(self.1)
    }
}

struct Counter;

impl Ids for Counter {
    fn next(&self) -> Uuid {
        id()
    }
}

/// A fresh id, never used before in this process.
pub fn id() -> Uuid {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Uuid::from_u64_pair(0x0190_0000_0000_7000, NEXT.fetch_add(1, Ordering::Relaxed) | (1 << 63))
}

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

/// No desk takes part here.
struct NoContracts;

#[async_trait]
impl ViewCalls for NoContracts {
    async fn view(&self, id: u64, _: Option<ViewBlock>, _: &[ViewCall]) -> Result<Views, ChainError> {
        nowhere(id)
    }

    async fn gas_price(&self, id: u64) -> Result<u128, ChainError> {
        nowhere(id)
    }
}

#[async_trait]
impl EventLogs for NoContracts {
    async fn logs(&self, id: u64, _: RangeInclusive<u64>, _: &[LogFilter]) -> Result<Vec<EventLog>, ChainError> {
        nowhere(id)
    }
}

fn nowhere<T>(id: u64) -> Result<T, ChainError> {
    Err(ChainError::UnknownChain(id))
}

#[rustfmt::skip]
impl Contracts for NoContracts {
    fn chains(&self) -> Vec<ChainInfo> { vec![] }
    fn order_hash(&self, id: u64, _: &OnchainOrder) -> Result<B256, ChainError> { nowhere(id) }
    fn order_signed(&self, id: u64, _: &OnchainOrder, _: &EvmBytes) -> Result<bool, ChainError> { nowhere(id) }
    fn pool_signature(&self, _: &OnchainOrder, _: &EvmBytes) -> Result<EvmBytes, ChainError> { nowhere(0) }
    fn intent_hash(&self, id: u64, _: &Intent) -> Result<B256, ChainError> { nowhere(id) }
    fn intent_typed_data(&self, id: u64, _: &Intent) -> Result<serde_json::Value, ChainError> { nowhere(id) }
    fn intent_signed(&self, id: u64, _: &Intent, _: &EvmBytes) -> Result<bool, ChainError> { nowhere(id) }
    fn onchain_loan_id(&self, id: u64, _: &OnchainTerms) -> Result<B256, ChainError> { nowhere(id) }
    fn originate(&self, o: &Onchain, _: &Intent, _: &EvmBytes, _: Option<&SignedAttestation>) -> Result<Call, ChainError> { nowhere(o.chain_id) }
    fn refinance(&self, old: &LiveLoan, _: &Onchain, _: &Intent, _: &EvmBytes) -> Result<Call, ChainError> { nowhere(old.chain_id) }
    fn approvals(&self, o: &Onchain, _: u128, _: u128) -> Result<Vec<WalletCall>, ChainError> { nowhere(o.chain_id) }
    fn repay(&self, loan: &LiveLoan, _: u128) -> Result<Vec<WalletCall>, ChainError> { nowhere(loan.chain_id) }
    fn add_collateral(&self, loan: &LiveLoan, _: u128) -> Result<Vec<WalletCall>, ChainError> { nowhere(loan.chain_id) }
    fn withdraw_collateral(&self, loan: &LiveLoan, _: u128, _: Address) -> Result<Vec<WalletCall>, ChainError> { nowhere(loan.chain_id) }
    fn liquidate(&self, loan: &LiveLoan, _: u128, _: u128) -> Result<Call, ChainError> { nowhere(loan.chain_id) }
    fn mark_default(&self, loan: &LiveLoan) -> Result<Call, ChainError> { nowhere(loan.chain_id) }
}

pub struct Start {
    pub callbacks: bool,
    pub book: Option<PathBuf>,
    pub money_timeout_ms: u64,
    /// Name of the key that the platform really signs with.
    pub platform_key: &'static str,
    pub our_clock_ahead: i64,
    /// Of every lender.
    pub behavior: Option<Behavior>,
}

impl Default for Start {
    fn default() -> Self {
        Self {
            callbacks: true,
            book: None,
            money_timeout_ms: 5_000,
            platform_key: PLATFORM,
            our_clock_ahead: 0,
            behavior: None,
        }
    }
}

pub struct World {
    pub registry: Registry,
    pub clock: Arc<ManualClock>,
    sandbox: SandboxHandle,
    callback_url: String,
    _route: tokio::task::JoinSet<()>,
}

impl World {
    pub async fn start(start: Start) -> Self {
        let clock = Arc::new(ManualClock(0.into()));
        let public = PrivateKey::development(PLATFORM).unwrap().public().to_base64();
        let mut config = SandboxConfig::new(PlatformKey {
            id: PLATFORM.into(),
            public,
        });
        config.book = start.book;
        for lender in &mut config.lenders {
            lender.delay_ms = lender.delay_ms.min(20);
            lender.behavior = start.behavior.unwrap_or(lender.behavior);
        }
        let world = usance_sandbox::World {
            clock: clock.clone(),
            ids: Arc::new(Counter),
        };
        let sandbox = usance_sandbox::spawn(config, world).await.unwrap();
        let (route, inbox, callback_url) = callback_route().await;
        let seed = if start.platform_key == PLATFORM {
            None
        } else {
            Some([9; 32])
        };
        let key = seed.map_or_else(
            || PrivateKey::development(PLATFORM),
            |seed| PrivateKey::from_seed(PLATFORM, seed),
        );
        let ours = Arc::new(Ahead(clock.clone(), start.our_clock_ahead));
        let parts = Parts {
            signer: Arc::new(Signer {
                key: key.unwrap(),
                clock: ours,
                ids: Arc::new(Counter),
            }),
            network: NetworkPolicy::AllowLoopback,
            callback_url: start.callbacks.then(|| callback_url.clone()),
            contracts: Arc::new(NoContracts),
            views: Arc::new(NoContracts),
            logs: Arc::new(NoContracts),
            journeys: Arc::new(usance_sandbox::network::MemoryJourneys::default()),
        };
        let registry = lenders::build(configs(&sandbox, start.money_timeout_ms), &parts).unwrap();
        if let Some(built) = &registry.inbox {
            inbox.set(Arc::clone(built)).unwrap();
        }
        Self {
            registry,
            clock,
            sandbox,
            callback_url,
            _route: route,
        }
    }

    pub fn lender(&self, name: &str) -> &Arc<dyn Lender> {
        self.registry
            .lenders
            .iter()
            .find(|lender| lender.id().as_str() == name)
            .unwrap()
    }

    /// How often the sandbox paid out for a settlement, by its book.
    pub async fn disbursements(&self, settlement: SettlementId) -> u64 {
        let url = format!("{}/sandbox/book", self.sandbox.base_url);
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let book: serde_json::Value = client.get(url).send().await.unwrap().json().await.unwrap();
        let entries = book["entries"].as_array().unwrap();
        let of = entries
            .iter()
            .filter(|entry| entry["settlement_id"] == settlement.to_string());
        of.map(|entry| entry["disbursements"].as_u64().unwrap()).sum()
    }

    fn signer(&self, key: &str) -> Signer {
        let key = PrivateKey::development(key).unwrap();
        Signer {
            key,
            clock: self.clock.clone(),
            ids: Arc::new(Counter),
        }
    }

    /// A genuine question of ours to that lender, as seen on the wire.
    pub fn captured_offers_request(&self, lender: &str) -> (SignatureHeaders, String) {
        let reply_by = self.clock.now() + TimeDelta::seconds(5);
        let question = sdk::wire::OffersRequest::new(&request(500_000), reply_by, None);
        let body = serde_json::to_string(&question).unwrap();
        let authority = self.sandbox.base_url.trim_start_matches("http://");
        let path = format!("/{lender}/v1/offers");
        let line = RequestLine {
            method: "POST",
            authority,
            path: &path,
        };
        (sign_request(&self.signer(PLATFORM), line, body.as_bytes()), body)
    }

    pub async fn raw_post(&self, lender: &str, headers: &SignatureHeaders, body: String) -> (u16, String) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let mut post = client
            .post(format!("{}/{lender}/v1/offers", self.sandbox.base_url))
            .body(body);
        for (name, value) in headers.pairs() {
            post = post.header(name, value);
        }
        let answer = post.send().await.unwrap();
        (answer.status().as_u16(), answer.text().await.unwrap())
    }

    pub fn callback_headers(&self, key: &str, body: &str) -> SignatureHeaders {
        let authority = self.callback_url.trim_start_matches("http://");
        let line = RequestLine {
            method: "POST",
            authority,
            path: CALLBACK_PATH,
        };
        sign_request(&self.signer(key), line, body.as_bytes())
    }

    pub fn deliver(&self, headers: &SignatureHeaders, body: &str) -> Result<(), CallbackError> {
        let mut map = HeaderMap::new();
        for (name, value) in headers.pairs() {
            map.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
        }
        let parts = RequestParts {
            method: "POST",
            path: CALLBACK_PATH,
            headers: &map,
        };
        self.registry.inbox.as_ref().unwrap().deliver(parts, body.as_bytes())
    }

    pub fn callback(&self, key: &str, body: &str) -> Result<(), CallbackError> {
        self.deliver(&self.callback_headers(key, body), body)
    }
}

fn configs(sandbox: &SandboxHandle, money_timeout_ms: u64) -> Vec<LenderConfig> {
    let config = |lender: &usance_sandbox::SandboxLender| {
        let json = serde_json::json!({
            "kind": "protocol",
            "id": lender.id,
            "url": lender.url,
            "keys": [{ "id": lender.key_id, "public": lender.public_key }],
            "capabilities": lender.capabilities,
            "policy": { "money_timeout_ms": money_timeout_ms },
        });
        // Through text: a currency is a borrowed name.
        serde_json::from_str(&json.to_string()).unwrap()
    };
    sandbox.lenders.iter().map(config).collect()
}

type Slot = Arc<OnceLock<Arc<CallbackInbox>>>;

/// The route as a platform mounts it.
async fn callback_route() -> (tokio::task::JoinSet<()>, Slot, String) {
    let slot = Slot::default();
    let inbox = Arc::clone(&slot);
    let handler = move |uri: Uri, headers: HeaderMap, body: Bytes| {
        let inbox = Arc::clone(&inbox);
        async move {
            let parts = RequestParts {
                method: "POST",
                path: uri.path(),
                headers: &headers,
            };
            match inbox.get().unwrap().deliver(parts, &body) {
                Ok(()) => StatusCode::NO_CONTENT,
                Err(error) => StatusCode::from_u16(error.problem().status).unwrap(),
            }
        }
    };
    let router = axum::Router::new().route(CALLBACK_PATH, axum::routing::post(handler));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    tasks.spawn(async move { axum::serve(listener, router).await.unwrap() });
    (tasks, slot, url)
}

/// A Californian who wants `minor` cents for 24 months.
pub fn request(minor: i64) -> CreditRequest {
    let usd = |minor| Money::new(minor, Currency::usd());
    CreditRequest {
        id: id().into(),
        tenant: id().into(),
        borrower: id().into(),
        at: noon(),
        amount: usd(minor),
        term: Period::new(24, Unit::Month),
        purpose: Purpose::HomeImprovement,
        products: vec![],
        jurisdiction: Jurisdiction {
            country: "US".into(),
            region: Some("CA".into()),
        },
        applicant: Applicant {
            full_name: "Alex Sample".into(),
            monthly_income: usd(600_000),
            monthly_housing_cost: usd(180_000),
            monthly_debt_payments: usd(40_000),
            employment: Employment::Employed,
            employment_months: 40,
            residence_months: 30,
            delinquencies_24m: 0,
            inquiries_6m: 1,
            credit_history_months: Some(90),
            revolving_utilization_percent: Some(25),
            military_covered: false,
        },
        wallet: None,
        collateral: None,
        refinances: None,
        data_consents: Vec::new(),
    }
}

pub fn ask(request: &CreditRequest, milliseconds: u64) -> Ask {
    Ask {
        request: request.clone(),
        deadline: Instant::now() + Duration::from_millis(milliseconds),
    }
}

/// The acceptance of an offer.
pub fn order(offer: &Offer) -> AcceptOrder {
    let request = offer.provider_ref.split('.').nth(1).unwrap();
    AcceptOrder {
        settlement: id().into(),
        request: request.parse().unwrap(),
        quote: id().into(),
        provider_ref: offer.provider_ref.clone(),
        principal: offer.amounts.offered,
        net_disbursed: offer.amounts.net_disbursed,
    }
}
