//! The configuration of the process under test, and the facts it is made of.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chain::deploy::{Addresses, DevAsset, dev_pool};
use chain::devnet::Devnet;
use chain::keys::DevAccount;
use chain::registry::{ChainConfig, Finality};
use domain::money::Asset;
use sandbox::SandboxHandle;
use serde_json::{Value, json};
use server::dev::venues::Venues;

use crate::options::Pools;

/// Name of the platform's development key; its seed follows from the name.
pub(crate) const PLATFORM_KEY: &str = "usance-dev";

/// A lender on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Desk {
    /// `desk-one` on the first development chain, 8 %: its collateral is sold by price. `desk-two` on another, 8.4 %: only a
    /// missed payment leads to seizure.
    Secured,
    /// `desk-three`, 6 % and up to 75 % of the value, with the money of another account.
    Cheaper,
    /// `pool-one`, 8.6 %, with the money of the development pool.
    Pool,
    /// `unsecured-one`, 14 %, on a credit attestation.
    Unsecured,
}

/// What the configuration is made of.
pub(crate) struct Facts<'a> {
    pub database_url: &'a str,
    pub chains: &'a [Devnet],
    pub addresses: &'a Addresses,
    pub depth: u64,
    pub sandbox: &'a SandboxHandle,
    pub quote_deadline_ms: u64,
    pub desk_valid_seconds: u32,
    pub desks: &'a [Desk],
    pub pools: Option<(&'a Venues, Pools)>,
    /// Of the first chain.
    pub start_block: u64,
    pub more_lenders: &'a [Value],
    pub credit_data: &'a Value,
    pub kyc: &'a Value,
    pub keeper: bool,
    pub provider_rules: &'a Value,
    pub redis_url: Option<&'a str>,
    pub more_config: &'a Value,
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
    fn desks_of(&self, chain_id: u64) -> Vec<Value> {
        let made = self.desks.iter().map(|kind| {
            let mut desk = match kind {
                Desk::Secured if chain_id == 31337 => desk("desk-one", chain_id),
                Desk::Secured => desk("desk-two", chain_id),
                Desk::Cheaper => desk("desk-three", chain_id),
                Desk::Pool => desk("pool-one", chain_id),
                Desk::Unsecured => desk("unsecured-one", chain_id),
            };
            desk["valid_seconds"] = json!(self.desk_valid_seconds);
            let priced = json!({ "liquidation_ltv_bps": 8_000, "liquidation_bonus_bps": 500 });
            match kind {
                Desk::Secured if chain_id == 31337 => desk["accepts"][0]["price_rule"] = priced,
                Desk::Secured => desk["rate_ppm"] = json!(84_000),
                Desk::Cheaper => {
                    (desk["rate_ppm"], desk["ltv_max"]) = (json!(60_000), json!(750_000));
                    desk["signing_key"] = json!(secret(DevAccount::Depositor));
                    desk["accepts"][0]["price_rule"] = priced;
                }
                Desk::Pool => {
                    (desk["rate_ppm"], desk["origination_fee_bps"]) = (json!(86_000), json!(0));
                    desk["pool"] = json!(dev_pool(self.addresses));
                    desk["accepts"][0]["price_rule"] = priced;
                }
                Desk::Unsecured => {
                    desk["accepts"] = json!([]);
                    desk["attested"] = json!({ "policy": 1, "rate_ppm": 140_000, "max_amount": 500_000 });
                }
            }
            desk
        });
        made.collect()
    }

    pub(crate) fn chain_configs(&self) -> Vec<ChainConfig> {
        let configure = |(place, chain): (usize, &Devnet)| ChainConfig {
            finality: Finality::Depth(self.depth),
            start_block: if place == 0 { self.start_block } else { 0 },
            ..chain.config(self.addresses)
        };
        self.chains.iter().enumerate().map(configure).collect()
    }

    /// The lending pools as lenders, and what they take as collateral.
    fn markets(&self) -> (Vec<Value>, Option<Asset>) {
        let Some((venues, how)) = self.pools else {
            return (Vec::new(), None);
        };
        let router = (how == Pools::Routed).then_some(self.addresses.venue_router);
        let markets = venues.lenders(router).expect("a whole description");
        (markets, Some(venues.ether().expect("a whole description")))
    }

    /// The file that `usance serve --config` reads.
    pub(crate) fn toml(&self) -> String {
        let (markets, pledged) = self.markets();
        let lenders: Vec<Value> = self
            .sandbox
            .lenders
            .iter()
            .map(protocol)
            .chain(self.chains.iter().flat_map(|chain| self.desks_of(chain.chain_id())))
            .chain(markets)
            .chain(self.more_lenders.iter().cloned())
            .collect();
        let keeper = |c: &Devnet| json!({ "chain_id": c.chain_id(), "min_profit": "1", "native_price": "2000" });
        let keepers: Vec<Value> = self.chains.iter().filter(|_| self.keeper).map(keeper).collect();
        let assets: Vec<Asset> = self
            .chains
            .iter()
            .map(|c| asset(c.chain_id(), DevAsset::Ether))
            .chain(pledged)
            .collect();
        let mut config = json!({
            "profile": "development",
            "rules": { "allow_unverified": true },
            "listen": "127.0.0.1:0",
            "database_url": self.database_url,
            "database_connections": 10,
            "issuer": server::dev::ISSUER,
            "token_key": alloy_primitives::hex::encode(server::dev::TOKEN_SEED),
            "platform_key": { "id": PLATFORM_KEY, "seed": STANDARD.encode(sdk::PrivateKey::development_seed(PLATFORM_KEY)) },
            "submitter_key": secret(DevAccount::Submitter),
            "attester_keys": DevAccount::ATTESTERS.map(secret).join(","),
            "attester_threshold": 2,
            "attestation_policies": [{ "policy": 1, "asset_class": 1, "worst_band": 3 }],
            "keepers": keepers,
            "keeper_pause_ms": 200,
            "chains": self.chain_configs(),
            "assets": assets,
            "lenders": lenders,
            "credit_data": self.credit_data,
            "kyc": self.kyc,
            "provider_rules": self.provider_rules,
            "quote_deadline_ms": self.quote_deadline_ms,
            "poll_ms": 50,
        });
        if let Some(url) = self.redis_url {
            config["redis_url"] = json!(url);
            // A loaded machine is slow; a Redis that is gone says so at once.
            config["redis_timeout_ms"] = json!(60_000);
        }
        for (name, section) in self.more_config.as_object().into_iter().flatten() {
            config[name] = section.clone();
        }
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

/// 8 %, 2,000 dollars a dWETH, up to 70 % of the value.
fn desk(name: &str, chain_id: u64) -> Value {
    json!({
        "kind": "desk",
        "id": name,
        "venue": "Usance desk",
        "lends": asset(chain_id, DevAsset::Dollar),
        "currency": "USD",
        "accepts": [{ "asset": asset(chain_id, DevAsset::Ether), "price": "2000", "oracle": "fixed-dev" }],
        "rate_ppm": 80_000,
        "ltv_max": 700_000,
        "origination_fee_bps": 50,
        "fee_recipient": DevAccount::Deployer.address(),
        "grace_seconds": 864_000,
        "late_fee_bps": 500,
        "epoch": 0,
        "min_amount": 10_000,
        "max_amount": 100_000_000,
        "min_term_days": 28,
        "max_term_days": 1_900,
        "jurisdictions": [{ "country": "US" }],
        "signing_key": secret(DevAccount::Desk),
    })
}
