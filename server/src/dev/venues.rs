//! Lending pools on the first development chain: the real protocols, when their state was made on this machine.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use alloy_primitives::Address;
use anyhow::{Context, Result};
use chain::devnet::Devnet;
use domain::money::Asset;
use lenders::LenderConfig;
use serde_json::{Value, json};

/// How to get them.
pub const HINT: &str = "No lending pools: `scripts/venues.sh` makes Aave, Morpho and Venus for the next start";

/// A chain state with the protocols on it, as `scripts/venues.sh` makes it, and where everything is in it.
#[derive(Clone, Debug)]
pub struct Venues {
    facts: Value,
    state: PathBuf,
}

impl Venues {
    /// The newest one of `target/venues` here or above; none when it was never made.
    pub fn found() -> Result<Option<Self>> {
        let here = std::env::current_dir()?;
        let folder = here
            .ancestors()
            .map(|dir| dir.join("target/venues"))
            .find(|dir| dir.is_dir());
        folder.map_or(Ok(None), |folder| Self::newest_of(&folder))
    }

    /// The newest one of that folder.
    pub fn newest_of(folder: &Path) -> Result<Option<Self>> {
        let mut newest: Option<(SystemTime, PathBuf)> = None;
        for entry in std::fs::read_dir(folder)? {
            let path = entry?.path();
            let whole = path.extension().is_some_and(|end| end == "json") && path.with_extension("state").is_file();
            if !whole {
                continue;
            }
            let made = path.metadata()?.modified()?;
            if newest.as_ref().is_none_or(|(other, _)| made > *other) {
                newest = Some((made, path));
            }
        }
        newest.map_or(Ok(None), |(_, path)| Self::read(&path))
    }

    /// The one of that description; none when it is of another chain.
    pub fn read(path: &Path) -> Result<Option<Self>> {
        let text = std::fs::read_to_string(path)?;
        let facts: Value = serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        let state = path.with_extension("state");
        Ok((facts["chainId"] == 31_337).then_some(Self { facts, state }))
    }

    /// A copy of the state in that folder, for a chain to begin with and to write to at its end.
    pub fn copy_into(&self, folder: &Path) -> Result<PathBuf> {
        let copy = folder.join("venues.state");
        std::fs::copy(&self.state, &copy).with_context(|| copy.display().to_string())?;
        Ok(copy)
    }

    /// The chain was made at a fixed time: brings it to the present, interest and all. Answers its height before.
    pub async fn wake(&self, chain: &Devnet, now: i64) -> Result<u64> {
        let head = chain.rpc().head().await?;
        if i64::try_from(head.timestamp)? < now {
            let _: Value = chain.rpc().raw("evm_setNextBlockTimestamp", json!([now])).await?;
            chain.mine(1).await?;
        }
        Ok(head.number)
    }

    /// What the markets lend.
    pub fn dollar(&self) -> Result<Asset> {
        self.token("/asset", "pUSD", 6)
    }

    /// What they take as collateral.
    pub fn ether(&self) -> Result<Asset> {
        self.token("/collateral", "pWETH", 18)
    }

    /// The markets as configuration has them.
    pub fn lenders(&self, router: Option<Address>) -> Result<Vec<Value>> {
        let at = |path: &str| self.address(path);
        let aave = |release: &str, name: &str| -> Result<Value> {
            let (pool, provider) = (at(&format!("/{name}/pool"))?, at(&format!("/{name}/provider"))?);
            Ok(json!({ "name": "aave-v3", "release": release, "pool": pool, "provider": provider }))
        };
        let protocols = [
            ("aave-three", aave("3.0", "aave1")?),
            ("aave-three-six", aave("3.6", "aave36")?),
            (
                "morpho-blue",
                json!({
                    "name": "morpho-blue", "morpho": at("/morpho/morpho")?, "oracle": at("/morpho/oracle")?,
                    "irm": at("/morpho/irm")?, "lltv": self.facts.pointer("/morpho/lltv"),
                }),
            ),
            (
                "venus-pool",
                json!({
                    "name": "venus", "comptroller": at("/venus/comptroller")?,
                    "asset_market": at("/venus/vAsset")?, "collateral_market": at("/venus/vCollateral")?,
                }),
            ),
        ];
        let market = |(id, protocol): (&str, Value)| -> Result<Value> {
            let mut market = json!({
                "kind": "venue", "id": id, "protocol": protocol,
                "lends": self.dollar()?, "accepts": self.ether()?, "currency": "USD",
                "min_amount": 10_000, "max_amount": 10_000_000_000_i64, "min_term_days": 1, "max_term_days": 1_900,
                "jurisdictions": [{ "country": "US" }], "valid_seconds": 600, "native_price": "2000",
            });
            if let Some(router) = router {
                market["router"] = json!(router);
            }
            Ok(market)
        };
        protocols.into_iter().map(market).collect()
    }

    /// The same, read.
    pub(super) fn configs(&self, router: Address) -> Result<Vec<LenderConfig>> {
        let markets = self.lenders(Some(router))?.into_iter();
        markets.map(|market| Ok(serde_json::from_value(market)?)).collect()
    }

    fn token(&self, path: &str, symbol: &str, decimals: u8) -> Result<Asset> {
        Ok(Asset {
            chain_id: 31_337,
            token: self.address(path)?,
            symbol: symbol.to_owned(),
            decimals,
        })
    }

    fn address(&self, path: &str) -> Result<Address> {
        let text = self.facts.pointer(path).and_then(Value::as_str);
        Ok(text
            .with_context(|| format!("no {path} in the venues' description"))?
            .parse()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_description_without_its_state_is_not_taken() {
        let folder = tempfile::tempdir().unwrap();
        assert!(Venues::newest_of(folder.path()).unwrap().is_none());
        let file = folder.path().join("one.json");
        let word = format!("0x{}", "11".repeat(20));
        let facts = json!({
            "chainId": 31_337, "asset": word, "collateral": word.replace('1', "2"),
            "aave1": { "pool": word, "provider": word }, "aave36": { "pool": word, "provider": word },
            "morpho": { "morpho": word, "oracle": word, "irm": word, "lltv": "1" },
            "venus": { "comptroller": word, "vAsset": word, "vCollateral": word },
        });
        std::fs::write(&file, facts.to_string()).unwrap();
        assert!(Venues::newest_of(folder.path()).unwrap().is_none());
        std::fs::write(file.with_extension("state"), "{}").unwrap();
        let venues = Venues::newest_of(folder.path()).unwrap().unwrap();
        assert_eq!(venues.configs(Address::repeat_byte(3)).unwrap().len(), 4);
    }
}
