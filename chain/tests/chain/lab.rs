//! A development chain with the contracts on it, and people who use them.

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::{Address, B256, Bytes, U256};
use alloy_sol_types::SolCall;
use chain::bindings::token::DevToken;
use chain::contracts::{SettlementContracts, SettlementReader, revert_reason};
use chain::deploy::{Addresses, Deployer, DevAsset};
use chain::devnet::{Devnet, DevnetOptions, advance_time, set_price};
use chain::indexer::Indexer;
use chain::keys::DevAccount;
use chain::registry::{ChainConfig, Finality, Profile, Registry};
use chain::rpc::{Receipt, Rpc, RpcError, RpcOptions};
use chain::submitter::{Submitter, SubmitterOptions};
use domain::ids::ChainTxId;
use domain::money::TokenAmount;
use domain::offer::{Onchain, OnchainOrder};
use domain::ports::{Call, ChainReader, Contracts, Intent, LiveLoan, LoanEvent, OnchainTerms, TxState, WalletCall};
use serde_json::{Value, json};

use crate::journal::{MemJournal, MemLog};

pub const CHAIN: u64 = 31337;
pub const FEE_CAP: u128 = 500_000_000_000;
pub const PRINCIPAL: u128 = 1_000_000_000;
pub const COLLATERAL: u128 = 1_000_000_000_000_000_000;

pub struct Lab {
    pub net: Devnet,
    pub at: Addresses,
    pub config: ChainConfig,
    pub contracts: SettlementContracts,
    pub reader: SettlementReader,
    pub rpc: Arc<Rpc>,
    pub journal: MemJournal,
}

impl Lab {
    /// Contracts deployed, everybody funded, the borrower's collateral allowed. Blocks come with transactions, at some time.
    pub async fn start(finality: Finality) -> Self {
        let net = Devnet::start(&DevnetOptions::new(CHAIN)).await.unwrap();
        let deployer = DevAccount::Deployer.signer();
        let at = Deployer::new(net.rpc(), &deployer, FEE_CAP)
            .deploy_development()
            .await
            .unwrap();
        let config = ChainConfig {
            finality,
            ..net.config(&at)
        };
        let registry = Registry::new(vec![config.clone()], Profile::Development).unwrap();
        let rpc = connect(&config.rpc_urls).await;
        let contracts = SettlementContracts::new(registry.clone());
        let reader = SettlementReader::new(registry, [Arc::clone(&rpc)]);
        let lab = Self {
            net,
            at,
            config,
            contracts,
            reader,
            rpc,
            journal: MemJournal::new(),
        };
        let approvals = lab.contracts.approvals(&lab.onchain(0).await, COLLATERAL, 0);
        let approval = approvals.unwrap().remove(0).call;
        // Once, and enough for every loan of a test.
        let data = [&approval.data[..36], &[0xff; 32]].concat();
        let hash = lab
            .wallet(DevAccount::Borrower.address(), approval.to, &data.into(), None)
            .await;
        // Instant mining runs beside the answer; a block made now has the transaction in it or under it.
        lab.mine(1).await;
        let receipt = lab.rpc.receipt(hash).await.unwrap();
        assert!(receipt.is_some_and(|r| r.succeeded), "{receipt:?}");
        lab
    }

    /// Contracts deployed, everybody funded, the borrower's collateral allowed. Blocks are only made by [`Lab::mine`].
    pub async fn start_manual(finality: Finality) -> Self {
        let lab = Self::start(finality).await;
        lab.anvil("evm_setAutomine", json!([false])).await;
        lab
    }

    pub fn submitter(&self) -> Submitter {
        self.submitter_of(Arc::clone(&self.rpc), self.journal.clone())
    }

    pub fn submitter_of(&self, rpc: Arc<Rpc>, journal: MemJournal) -> Submitter {
        let signer = Arc::new(DevAccount::Submitter.signer());
        Submitter::new(
            rpc,
            signer,
            Arc::new(journal),
            SubmitterOptions::new(self.config.finality, FEE_CAP),
        )
    }

    pub fn indexer(&self, log: Arc<MemLog>) -> Indexer {
        Indexer::new(Arc::clone(&self.rpc), &self.config, log, Duration::from_millis(50))
    }

    pub async fn mine(&self, blocks: u64) {
        self.net.mine(blocks).await.unwrap();
    }

    pub async fn reorg(&self, depth: u64) {
        self.anvil("anvil_reorg", json!([depth, []])).await;
    }

    pub async fn anvil(&self, method: &'static str, params: Value) -> Value {
        self.rpc.raw(method, params).await.unwrap()
    }

    pub async fn now(&self) -> u64 {
        self.rpc.head().await.unwrap().timestamp
    }

    /// Sends from an account that the development chain has unlocked, into the block that [`Lab::mine`] makes next.
    pub async fn wallet(&self, from: Address, to: Address, data: &Bytes, tip: Option<u64>) -> B256 {
        let tip = format!("{:#x}", tip.unwrap_or(1_000_000_000));
        let tx = json!([{
            "from": from, "to": to, "data": data, "gas": "0x7a120",
            "maxFeePerGas": "0x174876e800", "maxPriorityFeePerGas": tip,
        }]);
        serde_json::from_value(self.anvil("eth_sendTransaction", tx).await).unwrap()
    }

    pub async fn order(&self, nonce: u64) -> OnchainOrder {
        OnchainOrder {
            lender: DevAccount::Desk.address(),
            borrower: Address::ZERO,
            asset: DevAsset::Dollar.address(),
            collateral: DevAsset::Ether.address(),
            oracle: Address::ZERO,
            principal: PRINCIPAL,
            min_fill: 0,
            collateral_amount: COLLATERAL,
            installment_amount: 340_000_000,
            rate_ppm: 100_000,
            installments: 3,
            period: 30 * 86_400,
            grace: 3 * 86_400,
            late_fee_bps: 500,
            origination_fee_bps: 100,
            liquidation_ltv_bps: 0,
            liquidation_bonus_bps: 0,
            attestation_policy: 0,
            fee_recipient: DevAccount::Deployer.address(),
            expiry: self.now().await + 86_400,
            epoch: 0,
            nonce: U256::from(nonce),
        }
    }

    pub async fn onchain(&self, nonce: u64) -> Onchain {
        let order = self.order(nonce).await;
        self.signed(order)
    }

    /// As the desk signs it.
    pub fn signed(&self, order: OnchainOrder) -> Onchain {
        self.signed_by(DevAccount::Desk, order)
    }

    pub fn signed_by(&self, lender: DevAccount, order: OnchainOrder) -> Onchain {
        let order_hash = self.contracts.order_hash(CHAIN, &order).unwrap();
        let signature = lender.signer().sign(order_hash).unwrap().as_bytes().to_vec().into();
        let asset = domain::money::Asset {
            chain_id: CHAIN,
            token: order.asset,
            decimals: 6,
            symbol: "dUSD".to_owned(),
        };
        Onchain {
            chain_id: CHAIN,
            venue: "usance".to_owned(),
            contract: self.at.aggregator,
            gas_estimate: 170_000,
            principal: TokenAmount {
                units: U256::from(order.principal),
                asset,
            },
            order,
            order_hash,
            signature,
        }
    }

    /// As the borrower signs it.
    pub async fn intent(&self, onchain: &Onchain) -> (Intent, Bytes) {
        let intent = self.wish(onchain).await;
        let signature = self.borrower_signs(&intent).await;
        (intent, signature)
    }

    /// What the borrower wants of an order.
    pub async fn wish(&self, onchain: &Onchain) -> Intent {
        Intent {
            order_hash: onchain.order_hash,
            borrower: DevAccount::Borrower.address(),
            recipient: DevAccount::Borrower.address(),
            principal: onchain.order.principal,
            min_received: i128::try_from(PRINCIPAL / 2).unwrap(),
            deadline: self.now().await + 86_400,
            attestation: B256::ZERO,
            refinances: B256::ZERO,
        }
    }

    pub async fn borrower_signs(&self, intent: &Intent) -> Bytes {
        let json = self.contracts.intent_typed_data(CHAIN, intent).unwrap();
        // The wallet's own reading of the typed data, not ours.
        let params = json!([DevAccount::Borrower.address(), json]);
        self.rpc.raw("eth_signTypedData_v4", params).await.unwrap()
    }

    pub async fn origination(&self, nonce: u64) -> Call {
        let onchain = self.onchain(nonce).await;
        let (intent, signature) = self.intent(&onchain).await;
        self.contracts.originate(&onchain, &intent, &signature, None).unwrap()
    }

    pub async fn queue_origination(&self, nonce: u64) -> ChainTxId {
        self.journal.queue(self.origination(nonce).await)
    }

    /// What the settlement contract answers.
    pub async fn ask<C: SolCall>(&self, call: C) -> C::Return {
        let data = call.abi_encode().into();
        let answer = self.rpc.call(None, self.at.aggregator, &data, 1_000_000).await.unwrap();
        C::abi_decode_returns(&answer).unwrap()
    }

    /// Sends a call as it is, with its own gas limit, and answers what became of it.
    pub async fn execute(&self, from: Address, call: &Call) -> Receipt {
        let tx = json!([{
            "from": from, "to": call.to, "data": call.data, "gas": format!("{:#x}", call.gas_limit),
            "maxFeePerGas": "0x174876e800", "maxPriorityFeePerGas": "0x3b9aca00",
        }]);
        let hash: B256 = serde_json::from_value(self.anvil("eth_sendTransaction", tx).await).unwrap();
        self.mine(1).await;
        let receipt = self.rpc.receipt(hash).await.unwrap().unwrap();
        println!("gas {} of {}", receipt.gas_used, call.gas_limit);
        receipt
    }

    /// Sends a call that must succeed.
    pub async fn done(&self, from: Address, call: &Call) {
        let refused = self.rpc.call(Some(from), call.to, &call.data, call.gas_limit).await;
        let refused = refused.err().map(|error| reason(&error));
        assert_eq!(refused, None);
        assert!(self.execute(from, call).await.succeeded);
    }

    pub async fn all_done(&self, from: Address, calls: Vec<WalletCall>) {
        for step in calls {
            self.done(from, &step.call).await;
        }
    }

    /// Why a call would be refused.
    pub async fn refusal(&self, from: Address, call: &Call) -> String {
        let answer = self.rpc.call(Some(from), call.to, &call.data, call.gas_limit).await;
        reason(&answer.unwrap_err())
    }

    pub async fn mint(&self, token: DevAsset, to: DevAccount, amount: u128) {
        let call = DevToken::mintCall {
            to: to.address(),
            amount: U256::from(amount),
        };
        self.govern(token.address(), call).await;
    }

    pub async fn approve(&self, owner: DevAccount, token: Address, spender: Address) {
        let value = U256::MAX;
        let data = DevToken::approveCall { spender, value }.abi_encode().into();
        let call = Call {
            chain_id: CHAIN,
            to: token,
            data,
            gas_limit: 100_000,
        };
        self.done(owner.address(), &call).await;
    }

    /// An administrator's call.
    pub async fn govern(&self, to: Address, call: impl SolCall) {
        let call = Call {
            chain_id: CHAIN,
            to,
            data: call.abi_encode().into(),
            gas_limit: 500_000,
        };
        self.done(DevAccount::Deployer.address(), &call).await;
    }

    /// Originates and answers the loan.
    pub async fn originate(&self, onchain: &Onchain) -> LiveLoan {
        let (intent, signature) = self.intent(onchain).await;
        let call = self.contracts.originate(onchain, &intent, &signature, None).unwrap();
        self.done(DevAccount::Submitter.address(), &call).await;
        self.live(onchain, intent)
    }

    pub fn live(&self, onchain: &Onchain, intent: Intent) -> LiveLoan {
        let terms = OnchainTerms {
            order: onchain.order.clone(),
            intent,
        };
        LiveLoan {
            chain_id: CHAIN,
            loan: self.contracts.onchain_loan_id(CHAIN, &terms).unwrap(),
            terms,
        }
    }

    /// Everything that the contract said so far.
    pub async fn events(&self) -> Vec<LoanEvent> {
        let log = Arc::new(MemLog::default());
        while self.indexer(Arc::clone(&log)).tick().await.unwrap() {}
        log.events()
    }

    pub async fn holds(&self, token: DevAsset, owner: Address) -> u128 {
        self.reader.balance(CHAIN, token.address(), owner).await.unwrap()
    }

    pub async fn advance(&self, seconds: u64) {
        advance_time(CHAIN, self.net.url(), seconds).await.unwrap();
    }

    /// Dollars of one ether from now on.
    pub async fn ether_costs(&self, dollars: i128) {
        let answer = dollars * 100_000_000;
        set_price(CHAIN, self.net.url(), DevAsset::Ether.feed(), answer)
            .await
            .unwrap();
    }

    pub fn state(&self, id: ChainTxId) -> TxState {
        self.journal.get(id).state
    }
}

fn reason(error: &RpcError) -> String {
    match error {
        RpcError::Refused { data: Some(data), .. } => revert_reason(data).unwrap_or_else(|| error.to_string()),
        _ => error.to_string(),
    }
}

pub async fn connect(urls: &[String]) -> Arc<Rpc> {
    let options = RpcOptions {
        timeout: Duration::from_secs(5),
        verify_every: Duration::from_secs(30),
    };
    Arc::new(Rpc::connect(CHAIN, urls, options).await.unwrap())
}
