//! Chains by configuration.

use std::collections::BTreeMap;

use alloy_primitives::Address;
use domain::ports::ChainInfo;
use serde::{Deserialize, Serialize};

/// How strict we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Local chains and public keys are fine.
    Development,
    /// Real money: no development chain, no development key.
    Production,
}

/// When a block cannot vanish any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finality {
    /// That many blocks on top. Zero: at once, for development only.
    Depth(u64),
    /// What the node tags `finalized`.
    Tags,
}

/// One chain, as configured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChainConfig {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Name for people.
    pub name: String,
    /// JSON-RPC endpoints, best first. They may carry credentials, so they are never printed.
    pub rpc_urls: Vec<String>,
    /// When a block is final.
    pub finality: Finality,
    /// The settlement contract.
    pub aggregator: Address,
    /// Custody of collateral.
    pub collateral_manager: Address,
    /// Checks credit attestations.
    pub scoring_oracle: Address,
    /// Values collateral: the only oracle whose orders we take.
    pub price_oracle: Address,
    /// Chainalysis' sanctions oracle. None: wallets are not looked up on this chain.
    #[serde(default)]
    pub sanctions_oracle: Option<Address>,
    /// Pools of ours, for the report of the chain's state.
    #[serde(default)]
    pub pools: Vec<Address>,
    /// First block with our events; the indexer starts there.
    #[serde(default)]
    pub start_block: u64,
    /// Most that we pay for a unit of gas, in gwei.
    #[serde(default = "default_fee_cap_gwei")]
    pub max_fee_cap_gwei: u64,
}

fn default_fee_cap_gwei() -> u64 {
    500
}

impl ChainConfig {
    /// Most that we pay for a unit of gas, in wei.
    pub fn max_fee_cap(&self) -> u128 {
        u128::from(self.max_fee_cap_gwei) * 1_000_000_000
    }

    /// What the core knows of the chain.
    pub fn info(&self) -> ChainInfo {
        ChainInfo {
            chain_id: self.chain_id,
            name: self.name.clone(),
            aggregator: self.aggregator,
            collateral_manager: self.collateral_manager,
            scoring_oracle: self.scoring_oracle,
            price_oracle: self.price_oracle,
            sanctions_oracle: self.sanctions_oracle,
        }
    }
}

/// A chain that we know without configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownChain {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Name for people.
    pub name: &'static str,
    /// The weakest finality that production accepts. Rollups and proof-of-stake chains tag finalized blocks.
    pub finality: Finality,
    /// Anybody can make one at home.
    pub development: bool,
}

/// The chains that Usance settles on, and the two development chains.
pub const KNOWN: [KnownChain; 7] = [
    KnownChain {
        chain_id: 1,
        name: "Ethereum",
        finality: Finality::Tags,
        development: false,
    },
    KnownChain {
        chain_id: 137,
        name: "Polygon",
        finality: Finality::Tags,
        development: false,
    },
    KnownChain {
        chain_id: 42161,
        name: "Arbitrum One",
        finality: Finality::Tags,
        development: false,
    },
    KnownChain {
        chain_id: 10,
        name: "Optimism",
        finality: Finality::Tags,
        development: false,
    },
    KnownChain {
        chain_id: 56,
        name: "BNB Smart Chain",
        finality: Finality::Tags,
        development: false,
    },
    KnownChain {
        chain_id: 31337,
        name: "Anvil One",
        finality: Finality::Depth(1),
        development: true,
    },
    KnownChain {
        chain_id: 31338,
        name: "Anvil Two",
        finality: Finality::Depth(1),
        development: true,
    },
];

/// The known chain of that id.
pub fn known(chain_id: u64) -> Option<&'static KnownChain> {
    KNOWN.iter().find(|k| k.chain_id == chain_id)
}

/// Every chain that we settle on, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Registry(BTreeMap<u64, ChainConfig>);

impl Registry {
    /// Checks the configuration against the profile.
    pub fn new(chains: Vec<ChainConfig>, profile: Profile) -> Result<Self, RegistryError> {
        let mut map = BTreeMap::new();
        for chain in chains {
            check(&chain, profile)?;
            let id = chain.chain_id;
            if map.insert(id, chain).is_some() {
                return Err(RegistryError::Invalid {
                    chain_id: id,
                    field: "chain_id",
                    detail: "given twice".to_owned(),
                });
            }
        }
        Ok(Self(map))
    }

    /// The chain of that id.
    pub fn get(&self, chain_id: u64) -> Option<&ChainConfig> {
        self.0.get(&chain_id)
    }

    /// Every chain, by id.
    pub fn iter(&self) -> impl Iterator<Item = &ChainConfig> {
        self.0.values()
    }
}

fn check(chain: &ChainConfig, profile: Profile) -> Result<(), RegistryError> {
    let id = chain.chain_id;
    let invalid = |field, detail: &str| {
        Err(RegistryError::Invalid {
            chain_id: id,
            field,
            detail: detail.to_owned(),
        })
    };
    if id == 0 {
        return invalid("chain_id", "zero is not a chain");
    }
    if chain.name.trim().is_empty() {
        return invalid("name", "empty");
    }
    if chain.rpc_urls.is_empty() {
        return invalid("rpc_urls", "at least one endpoint is needed");
    }
    let contracts = [
        ("aggregator", chain.aggregator),
        ("collateral_manager", chain.collateral_manager),
        ("scoring_oracle", chain.scoring_oracle),
        ("price_oracle", chain.price_oracle),
    ];
    for (field, address) in contracts
        .into_iter()
        .chain(chain.pools.iter().map(|pool| ("pools", *pool)))
        .chain(chain.sanctions_oracle.map(|oracle| ("sanctions_oracle", oracle)))
    {
        if address.is_zero() {
            return invalid(field, "the zero address is not a contract");
        }
    }
    if chain.max_fee_cap_gwei == 0 {
        return invalid("max_fee_cap_gwei", "zero would send nothing");
    }
    if profile == Profile::Production {
        if known(id).is_some_and(|k| k.development) {
            return Err(RegistryError::DevelopmentChain(id));
        }
        if chain.finality == Finality::Depth(0) {
            return invalid("finality", "production waits for at least one block on top");
        }
    }
    Ok(())
}

/// Why a configuration is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// A field does not fit.
    #[error("chain {chain_id}: {field}: {detail}")]
    Invalid {
        /// Which chain.
        chain_id: u64,
        /// The field.
        field: &'static str,
        /// What is wrong with it.
        detail: String,
    },
    /// Anybody can make such a chain.
    #[error("chain {0} is a development chain and is refused in production")]
    DevelopmentChain(u64),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(chain_id: u64) -> ChainConfig {
        ChainConfig {
            chain_id,
            name: "Test".to_owned(),
            rpc_urls: vec!["http://127.0.0.1:1".to_owned()],
            finality: Finality::Depth(1),
            aggregator: Address::repeat_byte(1),
            collateral_manager: Address::repeat_byte(2),
            scoring_oracle: Address::repeat_byte(3),
            price_oracle: Address::repeat_byte(4),
            sanctions_oracle: None,
            pools: vec![],
            start_block: 0,
            max_fee_cap_gwei: 500,
        }
    }

    #[test]
    fn production_refuses_development_chains_and_instant_finality() {
        assert_eq!(
            Registry::new(vec![config(31337)], Profile::Production),
            Err(RegistryError::DevelopmentChain(31337))
        );
        assert!(Registry::new(vec![config(31337)], Profile::Development).is_ok());
        let instant = ChainConfig {
            finality: Finality::Depth(0),
            ..config(1)
        };
        assert!(Registry::new(vec![instant], Profile::Production).is_err());
    }

    #[test]
    fn each_broken_field_is_named() {
        type Break = fn(&mut ChainConfig);
        let cases: [(&str, Break); 10] = [
            ("chain_id", |chain| chain.chain_id = 0),
            ("name", |chain| chain.name = " ".to_owned()),
            ("rpc_urls", |chain| chain.rpc_urls.clear()),
            ("aggregator", |chain| chain.aggregator = Address::ZERO),
            ("collateral_manager", |chain| chain.collateral_manager = Address::ZERO),
            ("scoring_oracle", |chain| chain.scoring_oracle = Address::ZERO),
            ("price_oracle", |chain| chain.price_oracle = Address::ZERO),
            ("sanctions_oracle", |chain| chain.sanctions_oracle = Some(Address::ZERO)),
            ("pools", |chain| chain.pools = vec![Address::ZERO]),
            ("max_fee_cap_gwei", |chain| chain.max_fee_cap_gwei = 0),
        ];
        for (name, breaks) in cases {
            let mut case = config(1);
            breaks(&mut case);
            let refused = Registry::new(vec![case], Profile::Development).unwrap_err();
            assert!(
                matches!(refused, RegistryError::Invalid { field, .. } if field == name),
                "{refused}"
            );
        }
        assert!(Registry::new(vec![config(1), config(1)], Profile::Development).is_err());
    }

    #[test]
    fn unknown_keys_are_refused() {
        let mut json = serde_json::to_value(config(1)).unwrap();
        assert!(serde_json::from_value::<ChainConfig>(json.clone()).is_ok());
        json["rpc_url"] = "http://127.0.0.1:1".into();
        assert!(serde_json::from_value::<ChainConfig>(json).is_err());
    }
}
