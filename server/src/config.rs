//! Configuration: flags over environment over file. Unknown keys are refused, secrets are typed so that they do not print.

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use alloy_primitives::Address;
use anyhow::{Context, Result, bail};
use chain::registry::{ChainConfig, Profile};
use domain::money::Asset;
use domain::provider::SuspensionRules;
use graphql::origin::TrustedProxy;
use lenders::LenderConfig;
use rust_decimal::Decimal;
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
    /// Attesters of credit whose keys this process holds, hex, separated by commas.
    #[serde(default)]
    pub attester_keys: Option<SecretString>,
    /// Attesters whose keys a key service holds.
    #[serde(default)]
    pub attesters: Vec<RemoteAttester>,
    /// Bearer token towards their key services.
    #[serde(default)]
    pub attester_token: Option<SecretString>,
    /// How many attesters sign: what the scoring oracles ask.
    #[serde(default = "default_threshold")]
    pub attester_threshold: usize,
    /// Policies of the scoring oracles that we attest for.
    #[serde(default)]
    pub attestation_policies: Vec<AttestationPolicy>,
    /// Chains on which we liquidate and end loans in default, by the account of `submitter_key`.
    #[serde(default)]
    pub keepers: Vec<KeeperConfig>,
    /// Milliseconds between two looks of the keeper at one loan.
    #[serde(default = "default_keeper_pause_ms")]
    pub keeper_pause_ms: u64,
    /// Tokens that a borrower may lock.
    #[serde(default)]
    pub assets: Vec<Asset>,
    /// Lenders.
    #[serde(default)]
    pub lenders: Vec<LenderConfig>,
    /// Bureaus and banks that know borrowers.
    #[serde(default)]
    pub credit_data: bureaus::CreditDataConfig,
    /// Identity verification.
    #[serde(default)]
    pub kyc: crate::kyc::KycConfig,
    /// Services that know wallets.
    #[serde(default)]
    pub wallet_screening: verifiers::WalletConfig,
    /// When lenders are suspended and brought back without a person.
    #[serde(default)]
    pub provider_rules: SuspensionRules,
    /// Models of risk.
    #[serde(default)]
    pub risk: crate::risk_config::RiskConfig,
    /// Rules of law.
    #[serde(default)]
    pub rules: crate::rules_config::RulesConfig,
    /// Sanctions lists.
    #[serde(default)]
    pub screening: crate::screening_config::ScreeningConfig,
    /// Redis for the counters of fraud checks; none keeps them in this process.
    #[serde(default)]
    pub redis_url: Option<SecretString>,
    /// Within how many milliseconds Redis has to answer.
    #[serde(default = "default_redis_timeout_ms")]
    pub redis_timeout_ms: u64,
    /// Secret of the keyed hashes that fraud checks count: 64 hex digits. None derives it from `token_key`.
    #[serde(default)]
    pub fraud_key: Option<SecretString>,
    /// The service that holds the keys of keys of personal data.
    #[serde(default)]
    pub kms: kms::KmsConfig,
    /// Where the keys of personal data lie.
    #[serde(default)]
    pub privacy: PrivacyConfig,
    /// Secret seed of the Ed25519 key that signs checkpoints of the audit trail: 64 hex digits. Development has a public one.
    #[serde(default)]
    pub audit_key: Option<SecretString>,
    /// The audit trail.
    #[serde(default)]
    pub audit: crate::audit_config::AuditConfig,
    /// The web app and who registers.
    #[serde(default)]
    pub web: crate::web::WebConfig,
    /// Where borrowers pay loans that are repaid off chain, where the lender's entry does not say it itself.
    #[serde(default)]
    pub repayment_accounts: Vec<crate::accounts::RepaymentAccountConfig>,
    /// Networks of proxies whose `X-Forwarded-For`, `X-Client-IP-Class` and `X-Client-Place` count, for example `10.0.0.0/8`.
    #[serde(default)]
    pub trusted_proxies: Vec<String>,
    /// Milliseconds that lenders have to answer.
    #[serde(default = "default_deadline_ms")]
    pub quote_deadline_ms: u64,
    /// Milliseconds between two looks at chains and queues when nothing wakes them.
    #[serde(default = "default_poll_ms")]
    pub poll_ms: u64,
}

/// Where the keys of personal data lie.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrivacyConfig {
    /// PostgreSQL of the wrapped keys; none means the same as everything else. A database of its own, with backups of a few days, keeps
    /// erasure from being undone by a restore.
    #[serde(default)]
    pub key_database_url: Option<SecretString>,
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

/// An attester behind a key service.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemoteAttester {
    /// Its account.
    pub address: Address,
    /// Where digests are posted for a signature.
    pub url: SecretString,
}

/// What a policy of the scoring oracle asks of an attestation. It says the same as the contract's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AttestationPolicy {
    /// Its number.
    pub policy: u32,
    /// Class of assets that the attestation's limit counts.
    pub asset_class: u16,
    /// The largest band that is accepted, 1 to 5.
    pub worst_band: u8,
}

/// When a liquidation on a chain is worth its gas.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeeperConfig {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Least profit of a liquidation after gas, whole units of the loan's currency.
    pub min_profit: Decimal,
    /// Price of one whole native token of the chain, whole units of the loan's currency.
    pub native_price: Decimal,
}

fn default_threshold() -> usize {
    1
}

fn default_keeper_pause_ms() -> u64 {
    15_000
}

fn default_connections() -> u32 {
    20
}

fn default_deadline_ms() -> u64 {
    2_500
}

fn default_redis_timeout_ms() -> u64 {
    50
}

fn default_poll_ms() -> u64 {
    200
}

/// Environment variables that override the file.
const OVERRIDES: [(&str, &str); 10] = [
    ("DATABASE_URL", "database_url"),
    ("USANCE_LISTEN", "listen"),
    ("USANCE_TOKEN_KEY", "token_key"),
    ("USANCE_SUBMITTER_KEY", "submitter_key"),
    ("USANCE_PUBLIC_URL", "public_url"),
    ("USANCE_ATTESTER_KEYS", "attester_keys"),
    ("USANCE_ATTESTER_TOKEN", "attester_token"),
    ("REDIS_URL", "redis_url"),
    ("USANCE_FRAUD_KEY", "fraud_key"),
    ("USANCE_AUDIT_KEY", "audit_key"),
];

impl Config {
    /// Reads the file, puts the environment over it, then the given flags, and checks the whole.
    pub fn load(file: &Path, flags: &[(&str, String)]) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let environment = OVERRIDES
            .iter()
            .filter_map(|(name, key)| Some((*key, std::env::var(name).ok()?)));
        let config = Self::parse(&text, environment.chain(flags.iter().cloned()))
            .with_context(|| format!("configuration {}", file.display()))?;
        let folder = file.parent().unwrap_or_else(|| Path::new(""));
        let lenders = config.lenders.into_iter().map(|lender| lender.within(folder)).collect();
        Ok(Self { lenders, ..config })
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
        if self.redis_timeout_ms == 0 || self.redis_timeout_ms > 60_000 {
            bail!("redis_timeout_ms must be 1 to 60000");
        }
        self.fraud_secret()?;
        self.audit.check(self.audit_key.as_ref(), self.profile)?;
        self.proxies()?;
        crate::accounts::check(&self.repayment_accounts, &self.lenders)?;
        if let Some(field) = self.provider_rules.flaw() {
            bail!("provider_rules.{field} is out of range");
        }
        self.risk.settings(self.profile)?;
        self.risk.large_amounts()?;
        self.rules.settings(self.profile, &self.kyc)?;
        self.kyc.check()?;
        self.web.check(self.profile)?;
        for lender in &self.lenders {
            if let (Profile::Production, Some(field)) = (self.profile, lender.inline_secret()) {
                bail!("lender {}: {field} must be env:NAME or file:PATH", lender.id());
            }
        }
        let class_and_band =
            |p: &AttestationPolicy| p.policy > 0 && p.asset_class > 0 && (1..=5).contains(&p.worst_band);
        if !self.attestation_policies.iter().all(class_and_band) {
            bail!("attestation_policies: policy and asset_class are above zero, worst_band is 1 to 5");
        }
        let priced = |k: &KeeperConfig| k.native_price > Decimal::ZERO && k.min_profit >= Decimal::ZERO;
        if !self.keepers.iter().all(priced) {
            bail!("keepers: native_price is above zero, min_profit is not below it");
        }
        for (number, keeper) in self.keepers.iter().enumerate() {
            let known = self.chains.iter().any(|chain| chain.chain_id == keeper.chain_id);
            let again = self.keepers[..number]
                .iter()
                .any(|other| other.chain_id == keeper.chain_id);
            if !known || again {
                bail!("keepers: chain {} is not configured, or twice", keeper.chain_id);
            }
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

    /// The secret of the keyed hashes of fraud checks.
    pub fn fraud_secret(&self) -> Result<Vec<u8>> {
        let Some(key) = &self.fraud_key else {
            let label = b"usance secret of fraud counters";
            return Ok([label.as_slice(), &self.token_seed()?].concat());
        };
        let bytes = hex::decode(key.expose_secret()).ok().filter(|bytes| bytes.len() == 32);
        bytes.context("fraud_key must be 64 hex digits; make one with `openssl rand -hex 32`")
    }

    /// Proxies whose word about a client counts.
    pub fn proxies(&self) -> Result<Vec<TrustedProxy>> {
        let networks = self.trusted_proxies.iter();
        let read = |text: &String| text.parse().with_context(|| format!("trusted_proxies: {text:?}"));
        networks.map(read).collect()
    }

    /// Within what Redis has to answer.
    pub fn redis_timeout(&self) -> Duration {
        Duration::from_millis(self.redis_timeout_ms)
    }

    /// The attesters' keys that this process holds.
    pub fn attester_secrets(&self) -> Vec<SecretString> {
        let keys = self
            .attester_keys
            .iter()
            .flat_map(|keys| keys.expose_secret().split(','));
        let keys = keys.map(str::trim).filter(|key| !key.is_empty());
        keys.map(SecretString::from).collect()
    }

    /// How long lenders have.
    pub fn quote_deadline(&self) -> Duration {
        Duration::from_millis(self.quote_deadline_ms)
    }

    /// Pause between two looks of the keeper at one loan.
    pub fn keeper_pause(&self) -> Duration {
        Duration::from_millis(self.keeper_pause_ms.max(10))
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
        audit_key = "0909090909090909090909090909090909090909090909090909090909090909"
        [platform_key]
        id = "usance"
        seed = "AAAA"
        [rules]
        sender_address = ["1 Example Street"]
        [kyc]
        required = "acceptance"
        levels = { sumsub = { STANDARD = "id-and-liveness" } }
        sumsub = { app_token = "prd:x", secret = "x" }
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
        let audit = hex::encode(audit::note::DEVELOPMENT_SEED);
        assert!(parse(GOOD, &[("audit_key", &audit)]).is_err());
        assert!(parse(GOOD, &[("audit_key", "zz")]).is_err());
        let unsigned: String = GOOD
            .lines()
            .filter(|line| !line.contains("audit_key"))
            .collect::<Vec<_>>()
            .join("\n");
        assert!(parse(&unsigned, &[]).is_err(), "production signs its audit trail");
    }

    #[test]
    fn the_example_of_the_documentation_is_a_configuration() {
        let example = include_str!("../../docs/usance.example.toml");
        let secrets = [
            ("database_url", "postgres://x"),
            ("token_key", &"02".repeat(32)),
            ("submitter_key", "0x01"),
            ("audit_key", &"09".repeat(32)),
        ];
        let config = parse(example, &secrets).unwrap();
        assert_eq!(
            (config.chains.len(), config.lenders.len(), config.assets.len()),
            (1, 7, 1)
        );
        assert_eq!((config.attesters.len(), config.attester_threshold), (3, 2));
        assert_eq!((config.attestation_policies.len(), config.keepers.len()), (1, 1));
        assert!(parse(example, &[]).is_err(), "the example holds no secret");
        let keeper = |from: &str, to: &str| parse(&example.replace(from, to), &secrets).is_err();
        assert!(keeper("native_price = \"3000\"", "native_price = \"0\""));
        assert!(keeper("[[keepers]]\nchain_id = 1\n", "[[keepers]]\nchain_id = 10\n"));
        assert!(keeper("worst_band = 3", "worst_band = 6"));
        assert_eq!(
            config.provider_rules,
            SuspensionRules::default(),
            "the example shows the defaults"
        );
        assert!(keeper("error_percent = 50", "error_percent = 0"));
        assert!(config.credit_data.bureau.is_some() && config.credit_data.bank.is_some());
        assert!(keeper(
            "signing_key = \"env:EXAMPLE_DESK_KEY\"",
            "signing_key = \"0x01\""
        ));
    }

    #[test]
    fn production_trusts_no_development_model() {
        let key = hex::encode(risk::model::development_key().verifying_key().to_bytes());
        let with = |key: &str| {
            GOOD.replace(
                "[platform_key]",
                &format!("[risk]\ntrusted_keys = [\"{key}\"]\n[platform_key]"),
            )
        };
        assert!(parse(&with(&key), &[]).is_err(), "its seed is public");
        assert!(parse(&with("00"), &[]).is_err());
        let profile = [("profile", "development")];
        assert!(parse(&with(&key), &profile).is_ok());
    }

    #[test]
    fn production_takes_no_rule_that_nobody_verified_for_law() {
        let line = "sender_address = [\"1 Example Street\"]";
        let unverified = GOOD.replace(line, &format!("{line}\n        allow_unverified = true"));
        let unknown = GOOD.replace("required = \"acceptance\"", "required = \"off\"");
        for text in [unverified, unknown] {
            assert!(parse(&text, &[]).is_err(), "{text}");
            assert!(parse(&text, &[("profile", "development")]).is_ok(), "{text}");
        }
        assert!(parse(&GOOD.replace(line, ""), &[]).is_err(), "notices need an address");
        let good = parse(GOOD, &[]).unwrap();
        let rules = good.rules.settings(Profile::Production, &good.kyc).unwrap();
        assert!(!rules.allow_unverified && rules.identity_required && rules.disclosures_required);
    }

    #[test]
    fn secrets_do_not_print() {
        let attesters = [("attester_keys", "0x0202, 0x0303,"), ("attester_token", "hunter2")];
        let config = parse(GOOD, &attesters).unwrap();
        let printed = format!("{config:?}");
        for secret in ["0101010101", "postgres://", "0202", "hunter2"] {
            assert!(!printed.contains(secret), "{printed}");
        }
        let keys: Vec<_> = config.attester_secrets();
        let keys: Vec<_> = keys.iter().map(ExposeSecret::expose_secret).collect();
        assert_eq!(keys, ["0x0202", "0x0303"]);
    }
}
