//! `usance dev`: a whole marketplace on one machine. Every start is a fresh one: new database, new chains, same addresses.

mod credit_data;
mod desks;
mod identity;
mod market;
mod networks;
mod people;
pub mod venues;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context, Result};
use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chain::deploy::{Addresses, Deployer, DevAsset, dev_pool};
use chain::devnet::{Devnet, DevnetOptions, Mining};
use chain::keys::DevAccount;
use chain::registry::Profile;
use chrono::{DateTime, Utc};
use domain::money::Asset;
use domain::ports::Clock;
use domain::provider::SuspensionRules;
use graphql::DevClock;
use lenders::LenderConfig;
use lenders::protocol::{KeyConfig, ProtocolConfig};
use sandbox::{SandboxConfig, SandboxHandle};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use tokio::net::TcpListener;

use crate::clock::{ManualClock, SystemClock, UuidV7Ids};
use crate::commands::quote::{Sample, print_sample};
use crate::config::{AttestationPolicy, Config, KeeperConfig, PlatformKey, Role};
use crate::postgres::{EmbeddedPostgres, PostgresOptions};
use crate::seed::{DevClient, clients, plant};
use crate::{cli, lender_file, runtime, telemetry};
use venues::Venues;

/// Issuer of development tokens; refused in production.
pub const ISSUER: &str = "usance-development";
/// Seed of the key of development tokens: public, refused in production.
pub const TOKEN_SEED: [u8; 32] = *b"usance public development token.";
/// Name of our development key towards lenders; the seed is derived from it, so it is public.
const PLATFORM_KEY: &str = "usance-dev";
/// Gas price cap of development deployments, wei.
const FEE_CAP: u128 = 500_000_000_000;
const DATABASE: &str = "usance_dev";

/// Options of `usance dev`.
#[derive(clap::Args, Debug)]
pub struct Options {
    /// Address of the API; when it is taken, a free port is used.
    #[arg(long, default_value = "127.0.0.1:8480")]
    listen: SocketAddr,
    /// Where the database and logs are kept.
    #[arg(long, default_value = ".usance")]
    data_dir: PathBuf,
    /// Time stands still and moves only by `POST /dev/clock`; the chains' time moves with it.
    #[arg(long)]
    manual_clock: bool,
    /// Print the sample request's table and end.
    #[arg(long)]
    once: bool,
    /// Print the sample as JSON.
    #[arg(long)]
    json: bool,
    /// A TOML file with `[[lenders]]` entries of your own, asked beside the sandbox's; may be repeated.
    #[arg(long, value_name = "FILE")]
    lenders: Vec<PathBuf>,
    /// Take acceptances of borrowers whose identity is not verified. The vendor is played in either case.
    #[arg(long)]
    no_verify: bool,
    /// Seconds between blocks; 0 makes a block per transaction.
    #[arg(long, default_value_t = 1)]
    block_time: u32,
}

/// What other tools need to know of the running marketplace; stands in `<data-dir>/dev.json`.
#[derive(Debug, Serialize)]
struct Facts {
    url: String,
    clients: Vec<DevClient>,
    /// Who signs in to the web app.
    people: Vec<people::DevPerson>,
    chains: Vec<ChainFacts>,
    sandbox_url: String,
    borrower: alloy_primitives::Address,
    aggregator: alloy_primitives::Address,
    collateral_manager: alloy_primitives::Address,
    scoring_oracle: alloy_primitives::Address,
    price_oracle: alloy_primitives::Address,
    pool: alloy_primitives::Address,
    dollar: alloy_primitives::Address,
    ether: alloy_primitives::Address,
    /// Price feeds whose answers anyone may set, dollars with 8 decimals.
    dollar_feed: alloy_primitives::Address,
    ether_feed: alloy_primitives::Address,
    /// What the sample locks: taken by the lending pools too, where there are some.
    sample_collateral: alloy_primitives::Address,
    venue_router: alloy_primitives::Address,
}

#[derive(Debug, Serialize)]
struct ChainFacts {
    chain_id: u64,
    name: String,
    rpc_url: String,
}

/// Starts everything, prints the sample's ranked table, and serves until it is told to end.
pub async fn run(options: Options) -> Result<ExitCode> {
    telemetry::logs(true)?;
    let started = Instant::now();
    // A mistake in them is told before anything starts.
    let own = own_lenders(&options)?;
    std::fs::create_dir_all(&options.data_dir)
        .with_context(|| format!("cannot create {}", options.data_dir.display()))?;

    let say = |what: &str| {
        if !options.json {
            println!("{:>5.1} s  {what}", started.elapsed().as_secs_f32());
        }
    };
    let pools = Venues::found()?;
    let state = pools
        .as_ref()
        .map(|pools| pools.copy_into(&options.data_dir))
        .transpose()?;
    let (database, chains) = tokio::join!(
        Database::start(&options.data_dir),
        start_chains(options.block_time, pools.as_ref().zip(state))
    );
    let (database, world) = (database?, chains?);
    let World {
        chains,
        addresses,
        start_block,
    } = &world;
    say(&format!("PostgreSQL is up: {}", database.origin));
    for chain in chains {
        let (name, id, url) = (chain.name(), chain.chain_id(), chain.url());
        say(&format!("{name} (chain {id}) has the settlement contracts: {url}"));
    }
    let key = sdk::PrivateKey::development(PLATFORM_KEY)?;
    let urls = chains.iter().map(|c| (c.chain_id(), c.url().to_owned())).collect();
    let sources = sources(options.manual_clock, urls);
    let platform = sandbox::PlatformKey {
        id: PLATFORM_KEY.to_owned(),
        public: key.public().to_base64(),
    };
    let credit_sources = credit_data::open(&platform, &sources).await?;
    let sandbox = start_sandbox(platform, &sources).await?;
    let market = market::Market::start(&options.data_dir, &sources).await?;
    let listener = listen(options.listen).await?;
    let networks = networks::open(&sources, &listener).await?;
    let identity = identity::open(&sources, &listener).await?;
    let mut config = config(&database.url, &listener, chains, addresses, &sandbox)?;
    match &pools {
        Some(pools) => add_pools(&mut config, pools, addresses, *start_block)?,
        None => say(venues::HINT),
    }
    config.lenders.extend(market.lenders());
    config.lenders.extend(networks.lenders()?);
    config.lenders.extend(own);
    config.credit_data = credit_sources.config();
    config.kyc = identity.config(!options.no_verify)?;
    config.repayment_accounts = crate::accounts::examples(&config.lenders);
    let lenders = config.lenders.len();
    let roles = [Role::Api, Role::Worker, Role::Indexer];
    let running = runtime::start(config, &roles, listener, sources, telemetry::figures()?).await?;
    let url = format!("http://{}", running.address);
    say(&format!("{lenders} lenders answer; API {url}/graphql and {url}/v1"));
    let collateral = pools.as_ref().map(Venues::ether).transpose()?;
    let facts = facts(&url, chains, addresses, (&sandbox, collateral));
    let shown = show(&running, &facts, &options).await;
    running.stop().await;
    for chain in world.chains {
        chain.stop().await?;
    }
    database.stop().await?;
    shown.map(|()| ExitCode::SUCCESS)
}

/// The lenders of the files on the command line.
fn own_lenders(options: &Options) -> Result<Vec<LenderConfig>> {
    let read = options.lenders.iter().map(|file| lender_file::read(file));
    Ok(read.collect::<Result<Vec<_>>>()?.concat())
}

/// Plants the clients, prints the sample, and waits for the end.
async fn show(running: &runtime::Running, facts: &Facts, options: &Options) -> Result<()> {
    plant(&running.aggregator).await?;
    people::plant(&running.aggregator).await?;
    let file = options.data_dir.join("dev.json");
    std::fs::write(&file, serde_json::to_string_pretty(facts)?)?;
    sample(facts, options.json).await?;
    if !options.once {
        print_next_steps(facts, &file);
        cli::ended().await?;
    }
    Ok(())
}

/// The database of the marketplace: ours, or the one of `DATABASE_URL`.
struct Database {
    url: SecretString,
    origin: String,
    embedded: Option<EmbeddedPostgres>,
}

impl Database {
    async fn start(data_dir: &Path) -> Result<Self> {
        if let Ok(url) = std::env::var("DATABASE_URL") {
            return Ok(Self {
                url: url.into(),
                origin: "DATABASE_URL".to_owned(),
                embedded: None,
            });
        }
        // Every start is a fresh one, so nothing has to survive a power cut.
        let options = PostgresOptions {
            fsync: false,
            ..PostgresOptions::new(data_dir.join("postgres"))
        };
        let embedded = EmbeddedPostgres::start(options).await?;
        let url = embedded.fresh_database(DATABASE).await?;
        Ok(Self {
            url: url.into(),
            origin: embedded.origin(),
            embedded: Some(embedded),
        })
    }

    async fn stop(self) -> Result<()> {
        match self.embedded {
            Some(embedded) => embedded.stop().await,
            None => Ok(()),
        }
    }
}

/// The chains with our contracts on them.
struct World {
    chains: Vec<Devnet>,
    addresses: Addresses,
    /// From which block on the first chain has something for us.
    start_block: u64,
}

async fn start_chains(block_time: u32, pools: Option<(&Venues, PathBuf)>) -> Result<World> {
    let (one, two) = tokio::try_join!(
        start_chain(31337, block_time, pools),
        start_chain(31338, block_time, None)
    )?;
    Ok(World {
        chains: vec![one.0, two.0],
        addresses: one.1,
        start_block: one.2,
    })
}

/// Lists the pools as lenders, and lets the desks of their chain take what they take.
fn add_pools(config: &mut Config, pools: &Venues, addresses: &Addresses, start_block: u64) -> Result<()> {
    let ether = pools.ether()?;
    for lender in &mut config.lenders {
        if let LenderConfig::Desk(desk) = lender {
            desks::take(desk, &ether);
        }
    }
    config.lenders.extend(pools.configs(addresses.venue_router)?);
    if let Some(chain) = config.chains.iter_mut().find(|chain| chain.chain_id == ether.chain_id) {
        chain.start_block = start_block;
    }
    config.assets.push(ether);
    Ok(())
}

async fn start_chain(
    chain_id: u64,
    block_time: u32,
    pools: Option<(&Venues, PathBuf)>,
) -> Result<(Devnet, Addresses, u64)> {
    // The deployment is mined at once; blocks come at their pace afterwards.
    let (pools, state) = pools.unzip();
    let chain = Devnet::start(&DevnetOptions {
        state,
        ..DevnetOptions::new(chain_id)
    })
    .await?;
    let start_block = match pools {
        Some(pools) => pools.wake(&chain, SystemClock.now().timestamp()).await?,
        None => 0,
    };
    let deployer = DevAccount::Deployer.signer();
    let addresses = Deployer::new(chain.rpc(), &deployer, FEE_CAP)
        .deploy_development()
        .await?;
    if block_time > 0 {
        chain.set_mining(Mining::EverySeconds(block_time)).await?;
    }
    Ok((chain, addresses, start_block))
}

async fn start_sandbox(platform: sandbox::PlatformKey, sources: &runtime::Sources) -> Result<SandboxHandle> {
    let world = sandbox::World {
        clock: Arc::clone(&sources.clock),
        ids: Arc::clone(&sources.ids),
    };
    Ok(sandbox::spawn(SandboxConfig::new(platform), world).await?)
}

async fn listen(wanted: SocketAddr) -> Result<TcpListener> {
    match TcpListener::bind(wanted).await {
        Ok(listener) => Ok(listener),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            Ok(TcpListener::bind(SocketAddr::new(wanted.ip(), 0)).await?)
        }
        Err(error) => Err(error).with_context(|| format!("cannot listen on {wanted}")),
    }
}

fn config(
    database_url: &SecretString,
    listener: &TcpListener,
    chains: &[Devnet],
    addresses: &Addresses,
    sandbox: &SandboxHandle,
) -> Result<Config> {
    let mut lenders: Vec<LenderConfig> = sandbox.lenders.iter().map(protocol_lender).collect();
    let desks = chains
        .iter()
        .flat_map(|chain| desks::of(chain.chain_id(), dev_pool(addresses)));
    lenders.extend(desks.map(LenderConfig::Desk));
    let seed = sdk::PrivateKey::development_seed(PLATFORM_KEY);
    Ok(Config {
        profile: Profile::Development,
        listen: listener.local_addr()?,
        public_url: None,
        database_url: database_url.clone(),
        database_connections: 20,
        issuer: ISSUER.to_owned(),
        token_key: hex::encode(TOKEN_SEED).into(),
        platform_key: PlatformKey {
            id: PLATFORM_KEY.to_owned(),
            seed: STANDARD.encode(seed).into(),
        },
        submitter_key: DevAccount::Submitter.secret(),
        attester_keys: Some(attester_keys().into()),
        attesters: Vec::new(),
        attester_token: None,
        attester_threshold: 2,
        attestation_policies: vec![AttestationPolicy {
            policy: 1,
            asset_class: 1,
            worst_band: 3,
        }],
        keepers: chains.iter().map(keeper).collect(),
        keeper_pause_ms: 2_000,
        chains: chains.iter().map(|chain| chain.config(addresses)).collect(),
        assets: chains
            .iter()
            .map(|chain| asset(chain.chain_id(), DevAsset::Ether))
            .collect(),
        lenders,
        risk: crate::risk_config::RiskConfig::default(),
        // Sandbox lenders, and caps that nobody verified.
        rules: crate::rules_config::RulesConfig::lenient(),
        screening: crate::screening_config::ScreeningConfig::default(),
        credit_data: bureaus::CreditDataConfig::default(),
        kyc: crate::kyc::KycConfig::default(),
        wallet_screening: verifiers::WalletConfig::default(),
        // Its lenders misbehave on purpose.
        provider_rules: SuspensionRules {
            automatic: false,
            ..SuspensionRules::default()
        },
        redis_url: std::env::var("REDIS_URL").ok().map(Into::into),
        redis_timeout_ms: 50,
        fraud_key: None,
        kms: kms::KmsConfig::Development,
        privacy: crate::config::PrivacyConfig::default(),
        audit_key: None,
        audit: crate::audit_config::AuditConfig {
            anchors: chains.iter().map(|chain| anchor(chain, addresses)).collect(),
            // A development chain costs nothing.
            anchor_minutes: 1,
            ..crate::audit_config::AuditConfig::default()
        },
        web: crate::web::WebConfig::development(crate::seed::TENANTS[0]),
        repayment_accounts: Vec::new(),
        trusted_proxies: Vec::new(),
        quote_deadline_ms: 2_500,
        poll_ms: 200,
    })
}

/// Public keys: worth nothing, refused in production.
fn attester_keys() -> String {
    let secrets = DevAccount::ATTESTERS.map(DevAccount::secret);
    secrets.each_ref().map(ExposeSecret::expose_secret).join(",")
}

/// Sells what is above its threshold when a dollar is left after gas.
fn keeper(chain: &Devnet) -> KeeperConfig {
    KeeperConfig {
        chain_id: chain.chain_id(),
        min_profit: 1.into(),
        native_price: 2_000.into(),
    }
}

fn anchor(chain: &Devnet, addresses: &Addresses) -> crate::audit_config::AnchorConfig {
    crate::audit_config::AnchorConfig {
        chain_id: chain.chain_id(),
        contract: addresses.checkpoint_anchor,
    }
}

fn protocol_lender(lender: &sandbox::SandboxLender) -> LenderConfig {
    LenderConfig::Protocol(ProtocolConfig {
        id: lender.id.clone(),
        url: lender.url.clone(),
        keys: vec![KeyConfig {
            id: lender.key_id.clone(),
            public: lender.public_key.clone(),
        }],
        capabilities: lender.capabilities.clone(),
        timeout_ms: 5_000,
        policy: lenders::Policy::default(),
    })
}

fn asset(chain_id: u64, token: DevAsset) -> Asset {
    Asset {
        chain_id,
        token: token.address(),
        symbol: token.symbol().to_owned(),
        decimals: token.decimals(),
    }
}

fn facts(
    url: &str,
    chains: &[Devnet],
    addresses: &Addresses,
    (sandbox, collateral): (&SandboxHandle, Option<Asset>),
) -> Facts {
    Facts {
        url: url.to_owned(),
        clients: clients(),
        people: people::people(),
        chains: chains
            .iter()
            .map(|c| ChainFacts {
                chain_id: c.chain_id(),
                name: c.name(),
                rpc_url: c.url().to_owned(),
            })
            .collect(),
        sandbox_url: sandbox.base_url.clone(),
        borrower: DevAccount::Borrower.address(),
        aggregator: addresses.aggregator,
        collateral_manager: addresses.collateral_manager,
        scoring_oracle: addresses.scoring_oracle,
        price_oracle: addresses.price_oracle,
        pool: dev_pool(addresses),
        dollar: DevAsset::Dollar.address(),
        ether: DevAsset::Ether.address(),
        dollar_feed: DevAsset::Dollar.feed(),
        ether_feed: DevAsset::Ether.feed(),
        sample_collateral: collateral.map_or(DevAsset::Ether.address(), |ether| ether.token),
        venue_router: addresses.venue_router,
    }
}

/// 5,000 dollars for 24 months, for a Californian who can lock 5 dWETH on the first chain.
async fn sample(facts: &Facts, json: bool) -> Result<()> {
    let borrower = &facts.clients[0];
    print_sample(&Sample {
        base_url: facts.url.clone(),
        client_id: borrower.client_id.clone(),
        client_secret: borrower.client_secret.clone(),
        wallet: Some(facts.borrower.to_string()),
        collateral: Some((
            facts.chains[0].chain_id,
            facts.sample_collateral.to_string(),
            "5000000000000000000".to_owned(),
        )),
        json,
    })
    .await
}

fn print_next_steps(facts: &Facts, file: &Path) {
    println!();
    print!("{}", people::table());
    println!("These passwords are for development only; production refuses them.");
    println!();
    println!(
        "Open {}/graphql in a browser for GraphiQL; the REST document is {}/openapi.json.",
        facts.url, facts.url
    );
    println!(
        "Clients, chains and addresses stand in {}. `usance quote` asks again. Ctrl-C ends everything.",
        file.display()
    );
    println!();
    println!("The web app: {}/", facts.url);
}

/// Time and ids of a process; a manual clock stands still and moves together with the chains at these addresses.
pub(crate) fn sources(manual: bool, urls: Vec<(u64, String)>) -> runtime::Sources {
    let ids = Arc::new(UuidV7Ids);
    if !manual {
        return runtime::Sources {
            clock: Arc::new(SystemClock),
            ids,
            dev_clock: None,
        };
    }
    let manual = Arc::new(ManualClock::new(SystemClock.now()));
    runtime::Sources {
        clock: Arc::clone(&manual) as Arc<dyn Clock>,
        ids,
        dev_clock: Some(Arc::new(MovedClock { manual, urls })),
    }
}

/// Moves our clock and the chains' together.
struct MovedClock {
    manual: Arc<ManualClock>,
    urls: Vec<(u64, String)>,
}

#[async_trait]
impl DevClock for MovedClock {
    async fn advance(&self, seconds: u32) -> Result<DateTime<Utc>, String> {
        for (chain_id, url) in &self.urls {
            chain::devnet::advance_time(*chain_id, url, u64::from(seconds))
                .await
                .map_err(|e| e.to_string())?;
        }
        Ok(self.manual.advance(chrono::Duration::seconds(i64::from(seconds))))
    }
}
