//! A chain with the protocols on it, people with money, and the adapters.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use async_trait::async_trait;
use chain::devnet::{Devnet, DevnetOptions, Mining};
use chain::logs::RpcLogs;
use chain::rpc::{Rpc, RpcOptions};
use chain::views::{Head, RpcViews};
use domain::calendar::{Period, Unit};
use domain::ports::{ChainError, ViewBlock, ViewCall, ViewCalls, Views, WalletCall};
use domain::request::{Applicant, CreditRequest, Employment, Jurisdiction, Purpose};
use domain::{Asset, Currency, Money, TokenAmount};
use lenders::venues::{VenueConfig, VenueLender, VenueTerms};
use sdk::Ask;
use serde_json::{Value, json};

pub const CHAIN: u64 = 31_337;
/// Between two blocks.
const BLOCK_SECONDS: u64 = 12;

/// The markets of the stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Market {
    Aave30,
    Aave36,
    Morpho,
    Venus,
}

pub const ALL: [Market; 4] = [Market::Aave30, Market::Aave36, Market::Morpho, Market::Venus];

/// Where things are, as the script says.
pub struct World(Value);

impl World {
    pub fn address(&self, path: &str) -> Address {
        self.0.pointer(path).and_then(Value::as_str).unwrap().parse().unwrap()
    }

    pub fn text(&self, path: &str) -> &str {
        self.0.pointer(path).and_then(Value::as_str).unwrap()
    }
}

fn world() -> &'static World {
    static WORLD: OnceLock<World> = OnceLock::new();
    WORLD.get_or_init(|| {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        let made = Command::new(root.join("scripts/venues.sh")).output().unwrap();
        let said = String::from_utf8_lossy(&made.stderr);
        assert!(made.status.success(), "scripts/venues.sh: {said}");
        World(serde_json::from_slice(&made.stdout).unwrap())
    })
}

/// Counts round trips.
#[derive(Debug)]
pub struct Counted {
    inner: RpcViews,
    trips: AtomicUsize,
}

impl Counted {
    /// Round trips since the last time it was asked.
    pub fn trips(&self) -> usize {
        self.trips.swap(0, Ordering::SeqCst)
    }
}

#[async_trait]
impl ViewCalls for Counted {
    async fn view(&self, chain_id: u64, at: Option<ViewBlock>, calls: &[ViewCall]) -> Result<Views, ChainError> {
        self.trips.fetch_add(1, Ordering::SeqCst);
        self.inner.view(chain_id, at, calls).await
    }

    async fn gas_price(&self, chain_id: u64) -> Result<u128, ChainError> {
        self.inner.gas_price(chain_id).await
    }
}

pub struct Stage {
    net: Devnet,
    rpc: Arc<Rpc>,
    pub world: &'static World,
    /// Keeps the folder of the chain's state.
    _folder: tempfile::TempDir,
}

/// A mined transaction.
pub struct Mined {
    pub succeeded: bool,
    pub gas: u64,
}

impl Stage {
    pub async fn start() -> Self {
        let world = world();
        let folder = tempfile::tempdir().unwrap();
        let state: PathBuf = folder.path().join("state.json");
        std::fs::copy(world.text("/state"), &state).unwrap();
        let options = DevnetOptions {
            state: Some(state),
            ..DevnetOptions::new(CHAIN)
        };
        let net = Devnet::start(&options).await.unwrap();
        let rpc = Rpc::connect(CHAIN, &[net.url().to_owned()], RpcOptions::default())
            .await
            .unwrap();
        let made = Self {
            net,
            rpc: Arc::new(rpc),
            world,
            _folder: folder,
        };
        let every = json!([BLOCK_SECONDS]);
        made.raw("anvil_setBlockTimestampInterval", every).await;
        // The state has the time of its last block, the chain that of the machine: it goes back, so that figures do not depend on when
        // they are made.
        let last = made.now().await;
        made.raw("evm_setTime", json!([last])).await;
        made.jump_to(made.now().await + BLOCK_SECONDS).await;
        made
    }

    pub async fn raw(&self, method: &'static str, params: Value) -> Value {
        self.rpc.raw(method, params).await.unwrap()
    }

    pub fn views(&self, head: Head) -> Arc<Counted> {
        Arc::new(Counted {
            inner: RpcViews::new([Arc::clone(&self.rpc)]).at(head),
            trips: AtomicUsize::new(0),
        })
    }

    pub fn lender(&self, market: Market, views: &Arc<Counted>) -> VenueLender {
        self.lender_with(market, views, |_| ())
    }

    pub fn lender_with(
        &self,
        market: Market,
        views: &Arc<Counted>,
        change: impl FnOnce(&mut VenueConfig),
    ) -> VenueLender {
        let mut config: VenueConfig = serde_json::from_value(self.config(market)).unwrap();
        change(&mut config);
        let logs = RpcLogs::new([Arc::clone(&self.rpc)]);
        VenueLender::new(config, Arc::clone(views) as Arc<dyn ViewCalls>, Arc::new(logs)).unwrap()
    }

    /// The node's address.
    pub fn url(&self) -> &str {
        self.net.url()
    }

    /// The adapter with a node of that address.
    pub async fn lender_at(&self, market: Market, url: &str) -> VenueLender {
        let config = serde_json::from_value(self.config(market)).unwrap();
        let rpc = Rpc::connect(CHAIN, &[url.to_owned()], RpcOptions::default())
            .await
            .unwrap();
        let rpc = Arc::new(rpc);
        let (views, logs) = (RpcViews::new([Arc::clone(&rpc)]), RpcLogs::new([rpc]));
        VenueLender::new(config, Arc::new(views), Arc::new(logs)).unwrap()
    }

    fn config(&self, market: Market) -> Value {
        let at = |path: &str| self.world.address(path);
        let aave = |release: &str, name: &str| {
            json!({
                "name": "aave-v3", "release": release,
                "pool": at(&format!("/{name}/pool")), "provider": at(&format!("/{name}/provider")),
            })
        };
        let protocol = match market {
            Market::Aave30 => aave("3.0", "aave1"),
            Market::Aave36 => aave("3.6", "aave36"),
            Market::Morpho => json!({
                "name": "morpho-blue", "morpho": at("/morpho/morpho"), "oracle": at("/morpho/oracle"),
                "irm": at("/morpho/irm"), "lltv": self.world.text("/morpho/lltv"),
            }),
            Market::Venus => json!({
                "name": "venus", "comptroller": at("/venus/comptroller"),
                "asset_market": at("/venus/vAsset"), "collateral_market": at("/venus/vCollateral"),
            }),
        };
        json!({
            "id": format!("{market:?}").to_lowercase(),
            "protocol": protocol,
            "lends": self.asset(), "accepts": self.collateral(), "currency": "USD",
            "min_amount": 10_000, "max_amount": 100_000_000_000_i64, "min_term_days": 1, "max_term_days": 1_900,
            "jurisdictions": [{ "country": "US" }],
            "valid_seconds": 60, "native_price": "2000",
        })
    }

    pub fn asset(&self) -> Asset {
        self.token("/asset", "dUSD", 6)
    }

    pub fn collateral(&self) -> Asset {
        self.token("/collateral", "WETH", 18)
    }

    fn token(&self, path: &str, symbol: &str, decimals: u8) -> Asset {
        Asset {
            chain_id: CHAIN,
            token: self.world.address(path),
            symbol: symbol.into(),
            decimals,
        }
    }

    /// Somebody with money who has borrowed nothing.
    pub fn borrower(&self) -> Address {
        self.world.address("/people/first")
    }

    /// Wants so many cents for so many days against so much collateral.
    pub fn request(&self, cents: i64, days: u32, collateral: U256) -> CreditRequest {
        let usd = |minor| Money::new(minor, Currency::usd());
        CreditRequest {
            id: uuid::Uuid::from_u128(7).into(),
            tenant: uuid::Uuid::nil().into(),
            borrower: uuid::Uuid::nil().into(),
            at: "2030-05-01T12:00:00Z".parse().unwrap(),
            amount: usd(cents),
            term: Period::new(days, Unit::Day),
            purpose: Purpose::Other,
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
            wallet: Some(self.borrower()),
            collateral: Some(TokenAmount {
                units: collateral,
                asset: self.collateral(),
            }),
            refinances: None,
            data_consents: Vec::new(),
        }
    }

    /// What a view answers on the newest block.
    pub async fn ask<C: SolCall>(&self, to: Address, call: &C) -> C::Return {
        self.try_ask(to, call).await.unwrap()
    }

    async fn try_ask<C: SolCall>(&self, to: Address, call: &C) -> Option<C::Return> {
        let calls = [ViewCall {
            to,
            data: call.abi_encode().into(),
        }];
        let views = self.views(Head::Latest).view(CHAIN, None, &calls).await.unwrap();
        C::abi_decode_returns(views.answers[0].as_ref()?).ok()
    }

    /// The words that the node itself says of a call that fails; none for one that does not.
    pub async fn refusal(&self, from: Address, to: Address, data: Bytes) -> Option<String> {
        let call = json!([{ "from": from, "to": to, "data": data }, "latest"]);
        let answer: Result<Bytes, _> = self.rpc.raw("eth_call", call).await;
        answer.err().map(|error| error.to_string())
    }

    /// Sends a transaction and waits until it is in a block.
    pub async fn send(&self, from: Address, to: Address, data: Bytes) -> Mined {
        let sent = json!([{ "from": from, "to": to, "data": data, "gas": "0x989680" }]);
        let receipt = self.raw("eth_sendTransactionSync", sent).await;
        let gas = receipt["gasUsed"].as_str().unwrap().trim_start_matches("0x");
        Mined {
            succeeded: receipt["status"] == "0x1",
            gas: u64::from_str_radix(gas, 16).unwrap(),
        }
    }

    pub async fn act<C: SolCall>(&self, from: Address, to: Address, call: &C) {
        assert!(
            self.send(from, to, call.abi_encode().into()).await.succeeded,
            "{}",
            C::SIGNATURE
        );
    }

    /// Sends a wallet's calls, one after the other; the gas of all.
    pub async fn wallet(&self, from: Address, calls: Vec<WalletCall>) -> u64 {
        let mut gas = 0;
        for WalletCall { title, call } in calls {
            let mined = self.send(from, call.to, call.data).await;
            assert!(mined.succeeded, "{title}");
            assert!(
                mined.gas <= call.gas_limit,
                "{title}: {} gas of {}",
                mined.gas,
                call.gas_limit
            );
            gas += mined.gas;
        }
        gas
    }

    /// Sends a wallet's calls into one block, that of the present `pending`.
    pub async fn wallet_in_one_block(&self, from: Address, calls: Vec<WalletCall>) {
        let mut hashes = Vec::new();
        for WalletCall { call, .. } in calls {
            let gas = format!("{:#x}", call.gas_limit);
            let sent = json!([{ "from": from, "to": call.to, "data": call.data, "gas": gas }]);
            hashes.push(self.raw("eth_sendTransaction", sent).await);
        }
        self.raw("evm_mine", json!([])).await;
        for hash in hashes {
            let receipt = self.raw("eth_getTransactionReceipt", json!([hash])).await;
            assert_eq!(receipt["status"], "0x1");
        }
    }

    /// The next block has this time, and blocks are made only by hand.
    pub async fn hold_at(&self, timestamp: u64) {
        self.net.set_mining(Mining::Manual).await.unwrap();
        self.raw("evm_setNextBlockTimestamp", json!([timestamp])).await;
    }

    /// Makes a block with that time.
    pub async fn jump_to(&self, timestamp: u64) {
        self.raw("evm_setNextBlockTimestamp", json!([timestamp])).await;
        self.raw("evm_mine", json!([])).await;
    }

    pub async fn mine(&self, blocks: u64) {
        self.net.mine(blocks).await.unwrap();
    }

    pub async fn now(&self) -> u64 {
        self.rpc.head().await.unwrap().timestamp
    }

    /// Overwrites the first storage slot, which is where the mocks of price feeds have their price. No block is made.
    pub async fn set_first_slot(&self, contract: Address, value: U256) {
        self.raw("anvil_setStorageAt", json!([contract, B256::ZERO, B256::from(value)]))
            .await;
    }
}

pub fn ask(request: CreditRequest) -> Ask {
    Ask {
        request,
        deadline: Instant::now() + Duration::from_secs(30),
    }
}

pub fn eth(units: u64) -> U256 {
    U256::from(units) * U256::from(10).pow(U256::from(18))
}

pub async fn terms(lender: &VenueLender, request: &CreditRequest) -> VenueTerms {
    lender.terms(request).await.unwrap().unwrap()
}

/// Code of the reason of a decline.
pub async fn declined(lender: &VenueLender, request: &CreditRequest) -> String {
    match lender.terms(request).await.unwrap() {
        Ok(terms) => panic!("{terms:?}"),
        Err(reason) => reason.code,
    }
}
