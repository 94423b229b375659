//! Configuration: flags over environment over file. Unknown keys are refused, secrets are typed so that they do not print.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use chain::registry::{ChainConfig, Profile};
use domain::money::Asset;
use lenders::LenderConfig;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Serves GraphQL and REST.
    Api,
    /// Moves settlements and loans on, delivers events, submits transactions.
    Worker,
    /// Follows the chains.
    Indexer,
}

/// Everything a process needs to know.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// How strict we are.
    pub profile: Profile,
    /// Address of the API; port 0 takes a free one.
    pub listen: SocketAddr,
    /// The API as lenders reach it; none means `listen`.
    #[serde(default)]
    pub public_url: Option<String>,
    /// PostgreSQL.
    pub database_url: SecretString,
    /// Connections to it.
    #[serde(default = "default_connections")]
    pub database_connections: u32,
    /// Issuer and audience of access tokens.
    pub issuer: String,
    /// Seed of the Ed25519 key of access tokens: 64 hex digits.
    pub token_key: SecretString,
    /// Our key towards lenders.
    pub platform_key: PlatformKey,
    /// Private key that pays for settlements, hex.
    pub submitter_key: SecretString,
    /// Chains.
    #[serde(default)]
    pub chains: Vec<ChainConfig>,
    /// Tokens that a borrower may lock.
    #[serde(default)]
    pub assets: Vec<Asset>,
    /// Lenders.
    #[serde(default)]
    pub lenders: Vec<LenderConfig>,
    /// Milliseconds that lenders have to answer.
    #[serde(default = "default_deadline_ms")]
    pub quote_deadline_ms: u64,
    /// Milliseconds between two looks at chains and queues when nothing wakes them.
    #[serde(default = "default_poll_ms")]
    pub poll_ms: u64,
}

/// Our Ed25519 key towards lenders.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformKey {
    /// Its name in signatures.
    pub id: String,
    /// Base64 of the 32 secret bytes.
    pub seed: SecretString,
}

fn default_connections() -> u32 {
    20
}

fn default_deadline_ms() -> u64 {
    2_500
}

fn default_poll_ms() -> u64 {
    200
}

/// Environment variables that override the file.
const OVERRIDES: [(&str, &str); 5] = [
    ("DATABASE_URL", "database_url"),
    ("USANCE_LISTEN", "listen"),
    ("USANCE_TOKEN_KEY", "token_key"),
    ("USANCE_SUBMITTER_KEY", "submitter_key"),
    ("USANCE_PUBLIC_URL", "public_url"),
];

impl Config {
    /// Reads the file, puts the environment over it, then the given flags, and checks the whole.
    pub fn load(file: &Path, flags: &[(&str, String)]) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let environment = OVERRIDES
            .iter()
            .filter_map(|(name, key)| Some((*key, std::env::var(name).ok()?)));
        Self::parse(&text, environment.chain(flags.iter().cloned()))
            .with_context(|| format!("configuration {}", file.display()))
    }

    /// From the text of a file and overrides, later ones stronger.
    pub fn parse<'a>(text: &str, overrides: impl Iterator<Item = (&'a str, String)>) -> Result<Self> {
        let mut table: toml::Table = text.parse()?;
        for (key, value) in overrides {
            table.insert(key.to_owned(), toml::Value::String(value));
        }
        let config: Self = table.try_into()?;
        config.check()?;
        Ok(config)
    }

    fn check(&self) -> Result<()> {
        self.token_seed()?;
        if self.quote_deadline_ms == 0 || self.quote_deadline_ms > 60_000 {
            bail!("quote_deadline_ms must be 1 to 60000");
        }
        if self.profile == Profile::Production && self.issuer == crate::dev::ISSUER {
            bail!("issuer {:?} is for development only", self.issuer);
        }
        if self.profile == Profile::Production && self.token_seed()? == crate::dev::TOKEN_SEED {
            bail!("token_key is the public development key; make one with `openssl rand -hex 32`");
        }
        Ok(())
    }

    /// The 32 bytes of the token key.
    pub fn token_seed(&self) -> Result<[u8; 32]> {
        let bytes = hex::decode(self.token_key.expose_secret())
            .ok()
            .and_then(|b| <[u8; 32]>::try_from(b).ok());
        bytes.context("token_key must be 64 hex digits; make one with `openssl rand -hex 32`")
    }

    /// How long lenders have.
    pub fn quote_deadline(&self) -> Duration {
        Duration::from_millis(self.quote_deadline_ms)
    }

    /// Pause between two looks.
    pub fn poll(&self) -> Duration {
        Duration::from_millis(self.poll_ms.max(10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"
        profile = "production"
        listen = "127.0.0.1:0"
        database_url = "postgres://localhost/usance"
        issuer = "https://usance.example"
        token_key = "0101010101010101010101010101010101010101010101010101010101010101"
        submitter_key = "0x01"
        [platform_key]
        id = "usance"
        seed = "AAAA"
    "#;

    fn parse(text: &str, overrides: &[(&str, &str)]) -> Result<Config> {
        Config::parse(text, overrides.iter().map(|(k, v)| (*k, (*v).to_owned())))
    }

    #[test]
    fn an_unknown_key_is_refused_and_a_flag_wins() {
        assert!(parse(&GOOD.replace("issuer", "isuer"), &[]).is_err());
        let config = parse(GOOD, &[("listen", "127.0.0.1:1"), ("listen", "127.0.0.1:2")]).unwrap();
        assert_eq!(config.listen.port(), 2);
    }

    #[test]
    fn production_refuses_the_development_keys() {
        let development = hex::encode(crate::dev::TOKEN_SEED);
        assert!(parse(GOOD, &[("token_key", &development)]).is_err());
        assert!(parse(GOOD, &[("issuer", crate::dev::ISSUER)]).is_err());
        assert!(parse(GOOD, &[("token_key", "zz")]).is_err());
    }

    #[test]
    fn the_example_of_the_documentation_is_a_configuration() {
        let example = include_str!("../../docs/usance.example.toml");
        let secrets = [
            ("database_url", "postgres://x"),
            ("token_key", &"02".repeat(32)),
            ("submitter_key", "0x01"),
        ];
        let config = parse(example, &secrets).unwrap();
        assert_eq!(
            (config.chains.len(), config.lenders.len(), config.assets.len()),
            (1, 1, 1)
        );
        assert!(parse(example, &[]).is_err(), "the example holds no secret");
    }

    #[test]
    fn secrets_do_not_print() {
        let printed = format!("{:?}", parse(GOOD, &[]).unwrap());
        assert!(
            !printed.contains("0101010101") && !printed.contains("postgres://"),
            "{printed}"
        );
    }
}
