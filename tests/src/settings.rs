//! The configuration of the process under test, and the facts it is made of.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chain::deploy::{Addresses, DevAsset};
use chain::devnet::Devnet;
use chain::keys::DevAccount;
use chain::registry::{ChainConfig, Finality};
use domain::money::Asset;
use sandbox::SandboxHandle;
use serde_json::{Value, json};

/// Name of the platform's development key; its seed follows from the name.
pub(crate) const PLATFORM_KEY: &str = "usance-dev";

/// What the configuration is made of.
pub(crate) struct Facts<'a> {
    pub database_url: &'a str,
    pub chains: &'a [Devnet],
    pub addresses: &'a Addresses,
    pub depth: u64,
    pub sandbox: &'a SandboxHandle,
    pub quote_deadline_ms: u64,
    pub desk_valid_seconds: u32,
}

pub(crate) fn asset(chain_id: u64, token: DevAsset) -> Asset {
    Asset {
        chain_id,
        token: token.address(),
        symbol: token.symbol().to_owned(),
        decimals: token.decimals(),
    }
}

impl Facts<'_> {
    pub(crate) fn chain_configs(&self) -> Vec<ChainConfig> {
        let configure = |chain: &Devnet| ChainConfig {
            finality: Finality::Depth(self.depth),
            ..chain.config(self.addresses)
        };
        self.chains.iter().map(configure).collect()
    }

    /// The file that `usance serve --config` reads.
    pub(crate) fn toml(&self) -> String {
        let lenders: Vec<Value> = self
            .sandbox
            .lenders
            .iter()
            .map(protocol)
            .chain(self.chains.iter().map(|c| desk(c.chain_id(), self.desk_valid_seconds)))
            .collect();
        let assets: Vec<Asset> = self
            .chains
            .iter()
            .map(|c| asset(c.chain_id(), DevAsset::Ether))
            .collect();
        let config = json!({
            "profile": "development",
            "listen": "127.0.0.1:0",
            "database_url": self.database_url,
            "database_connections": 10,
            "issuer": server::dev::ISSUER,
            "token_key": alloy_primitives::hex::encode(server::dev::TOKEN_SEED),
            "platform_key": { "id": PLATFORM_KEY, "seed": STANDARD.encode(sdk::PrivateKey::development_seed(PLATFORM_KEY)) },
            "submitter_key": secret(DevAccount::Submitter),
            "chains": self.chain_configs(),
            "assets": assets,
            "lenders": lenders,
            "quote_deadline_ms": self.quote_deadline_ms,
            "poll_ms": 50,
        });
        toml::to_string(&config).expect("plain values")
    }
}

/// The public key of a development account, as configuration has it.
fn secret(account: DevAccount) -> String {
    use secrecy::ExposeSecret as _;
    account.secret().expose_secret().to_owned()
}

fn protocol(lender: &sandbox::SandboxLender) -> Value {
    json!({
        "kind": "protocol",
        "id": lender.id,
        "url": lender.url,
        "keys": [{ "id": lender.key_id, "public": lender.public_key }],
        "capabilities": lender.capabilities,
        "timeout_ms": 2_000,
        // A test that asks for twenty bad answers wants each of them from the lender, none from the breaker.
        "policy": { "breaker_min_calls": 32 },
    })
}

/// The desk of a development chain: 8 %, 2,000 dollars a dWETH.
fn desk(chain_id: u64, valid_seconds: u32) -> Value {
    json!({
        "kind": "desk",
        "id": if chain_id == 31337 { "desk-one" } else { "desk-two" },
        "venue": "Usance desk",
        "lends": asset(chain_id, DevAsset::Dollar),
        "currency": "USD",
        "accepts": [{ "asset": asset(chain_id, DevAsset::Ether), "price": "2000", "oracle": "fixed-dev" }],
        "rate_ppm": if chain_id == 31337 { 80_000 } else { 84_000 },
        "ltv_max": 700_000,
        "origination_fee_bps": 50,
        "fee_recipient": DevAccount::Deployer.address(),
        "grace_seconds": 864_000,
        "late_fee_bps": 500,
        "epoch": 0,
        "valid_seconds": valid_seconds,
        "min_amount": 10_000,
        "max_amount": 100_000_000,
        "min_term_days": 28,
        "max_term_days": 1_900,
        "jurisdictions": [{ "country": "US" }],
        "signing_key": secret(DevAccount::Desk),
    })
}
