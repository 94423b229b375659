//! Wiring: from configuration to a running process. The only place that knows both sides of every port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aggregator::facts::CreditData;
use aggregator::fraud::{FraudSetup, InProcessVelocity};
use aggregator::{Aggregator, AttestationPolicy, Keeper, Settings, World};
use anyhow::{Context, Result, bail};
use async_trait::async_trait;
use cache::{RedisOptions, RedisVelocity};
use chain::attester::Attesters;
use chain::contracts::{SettlementContracts, SettlementReader};
use chain::indexer::Indexer;
use chain::keys::{DynSigner, KeySigner};
use chain::logs::RpcLogs;
use chain::registry::{Profile, Registry};
use chain::remote::RemoteSigner;
use chain::rpc::{Rpc, RpcOptions};
use chain::submitter::{Submitter, SubmitterOptions};
use chain::views::RpcViews;
use domain::ports::{
    Attester, ChainError, Clock, Contracts, CreditAttestation, Ids, JourneyStore, SignedAttestation, Velocity,
};
use domain::provider::ProviderState;
use graphql::{Callback, CallbackRefusal, DevClock, Network, NetworkReply, Process, ProviderCallbacks};
use metrics_exporter_prometheus::PrometheusHandle;
use secrecy::ExposeSecret;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, KeeperConfig, Role};

/// Time and ids of a process.
#[derive(Clone)]
pub struct Sources {
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// Moves time; for development only.
    pub dev_clock: Option<Arc<dyn DevClock>>,
}

impl std::fmt::Debug for Sources {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Sources")
    }
}

/// A running process.
#[derive(Debug)]
pub struct Running {
    /// Where the API listens.
    pub address: SocketAddr,
    /// The use cases.
    pub aggregator: Arc<Aggregator>,
    shutdown: CancellationToken,
    tasks: TaskTracker,
}

impl Running {
    /// Ends the process: no new work, running work finishes.
    pub async fn stop(self) {
        self.shutdown.cancel();
        self.tasks.close();
        self.tasks.wait().await;
        self.aggregator.drain().await;
        if let Err(error) = self.aggregator.flush_health().await {
            tracing::warn!(%error, "the last health figures are lost");
        }
    }
}

/// Starts the given roles. `listener` is already bound, so that our own address is known to the lenders.
pub async fn start(
    config: Config,
    roles: &[Role],
    listener: TcpListener,
    sources: Sources,
    figures: PrometheusHandle,
) -> Result<Running> {
    let address = listener.local_addr()?;
    let own_url = config.public_url.clone().unwrap_or_else(|| format!("http://{address}"));
    let registry = Registry::new(config.chains.clone(), config.profile)?;
    let rpcs = connect_chains(&registry).await?;
    let contracts: Arc<dyn Contracts> = Arc::new(SettlementContracts::new(registry.clone()));
    let db = aggregator::connect(config.database_url.expose_secret(), config.database_connections)
        .await
        .context("cannot reach PostgreSQL; check DATABASE_URL")?;
    aggregator::migrate(&db).await.context("migrations")?;
    let journeys = Arc::new(aggregator::PgJourneys::new(db.clone()));
    let found = lenders::build(
        config.lenders.clone(),
        &lender_parts(&config, &sources, &own_url, (&contracts, &rpcs), journeys)?,
    )?;
    let settings = whole_settings((&config, &sources.clock), &own_url, Arc::clone(&found.locks), roles)?;
    let vault = crate::vault::open(&config, &sources, network(&config)).await?;
    let aggregator = Aggregator::new(World {
        vault,
        db,
        clock: Arc::clone(&sources.clock),
        ids: Arc::clone(&sources.ids),
        lenders: found.lenders,
        venues: found.venues,
        contracts,
        reader: Arc::new(SettlementReader::new(registry.clone(), rpcs.iter().cloned())),
        attesters: attesters(&config, &registry)?,
        risk: risk::Engine::built_in()?,
        rules: aggregator::rules::RuleBook::built_in()?,
        screening: compliance::ScreeningIndex::built_in_at(config.screening.thresholds.unwrap_or_default())?,
        credit_data: Arc::new(credit_data(&config, &sources)?),
        velocity: velocity(&config)?,
        fraud: FraudSetup::new(&config.fraud_secret()?)?,
        settings,
    });
    let listed = aggregator.list_providers(&found.listed, found.controls, first_state(config.profile));
    listed.await.context("the lenders cannot be listed")?;
    take_data(&aggregator).await?;
    let running = Running {
        address,
        aggregator,
        shutdown: CancellationToken::new(),
        tasks: TaskTracker::new(),
    };
    spawn_watchers(&running);
    if roles.contains(&Role::Worker) {
        spawn_workers(&running, (&config, &registry, &rpcs))?;
        spawn_banks(&running, found.banks, &sources.clock);
    }
    if roles.contains(&Role::Indexer) {
        spawn_indexers(&running, &config, &registry, &rpcs);
    }
    if roles.contains(&Role::Api) {
        let callbacks = Callbacks {
            inbox: found.inbox,
            networks: found.networks,
        };
        let health = Health {
            aggregator: Arc::clone(&running.aggregator),
            rpcs,
            figures,
        };
        spawn_api(&running, (config, sources), listener, (callbacks, health))?;
    }
    Ok(running)
}

/// Figures of the use cases, with the services that they call. `own_url` is our interface as vendors reach it.
fn whole_settings(
    (config, clock): (&Config, &Arc<dyn Clock>),
    own_url: &str,
    markets: Arc<dyn domain::ports::LockMarkets>,
    roles: &[Role],
) -> Result<Settings> {
    Ok(Settings {
        kyc: config.kyc.settings(config, clock, own_url)?,
        wallets: crate::wallets::settings(config, clock, own_url)?,
        locks: aggregator::lockable::LockSettings { markets: Some(markets) },
        repayment_accounts: crate::accounts::of(&config.lenders, &config.repayment_accounts),
        webhooks: crate::webhooks::settings(network(config), clock)?,
        ..settings(config, roles)?
    })
}

/// The state in which a lender is listed for the first time.
fn first_state(profile: Profile) -> ProviderState {
    match profile {
        Profile::Development => ProviderState::Live,
        Profile::Production => ProviderState::Draft,
    }
}

/// The program's own models are registered, then those of the registry taken over.
async fn take_models(aggregator: &Aggregator) -> Result<()> {
    aggregator
        .register_built_in()
        .await
        .context("the models that came with the program cannot be registered")?;
    // A model of the registry that is refused raises an alarm, and the program's own decide on.
    if let Err(error) = aggregator.refresh_models().await {
        tracing::error!(%error, "the registry of models was not taken over");
    }
    Ok(())
}

/// The program's own rules are registered, then those that are published taken over.
async fn take_rules(aggregator: &Aggregator) -> Result<()> {
    aggregator
        .register_rules()
        .await
        .context("the rules that came with the program cannot be registered")?;
    aggregator
        .refresh_rules()
        .await
        .context("the published rules cannot be taken over")?;
    Ok(())
}

/// Models, rules and lists: nothing is answered before they are there.
async fn take_data(aggregator: &Aggregator) -> Result<()> {
    take_models(aggregator).await?;
    take_rules(aggregator).await?;
    take_lists(aggregator).await
}

/// Nobody is served before the lists of the folder decide.
async fn take_lists(aggregator: &Aggregator) -> Result<()> {
    aggregator
        .refresh_lists()
        .await
        .context("the sanctions lists cannot be taken")?;
    if let Some(why) = aggregator.screening_status().await?.refused {
        bail!("the sanctions lists are refused: {why}");
    }
    Ok(())
}

fn spawn_workers(running: &Running, (config, registry, rpcs): (&Config, &Registry, &[Arc<Rpc>])) -> Result<()> {
    let (aggregator, shutdown) = (Arc::clone(&running.aggregator), running.shutdown.clone());
    running.tasks.spawn(aggregator::workers::run(aggregator, shutdown));
    let (aggregator, shutdown) = (Arc::clone(&running.aggregator), running.shutdown.clone());
    running.tasks.spawn(aggregator::audit::run(aggregator, shutdown));
    spawn_submitters(running, config, registry, rpcs)
}

/// What every process does, whatever its roles.
fn spawn_watchers(running: &Running) {
    let (aggregator, shutdown) = (Arc::clone(&running.aggregator), running.shutdown.clone());
    running.tasks.spawn(aggregator::providers::run(aggregator, shutdown));
    let (aggregator, shutdown) = (Arc::clone(&running.aggregator), running.shutdown.clone());
    running.tasks.spawn(aggregator::risk::run(aggregator, shutdown));
    let (aggregator, shutdown) = (Arc::clone(&running.aggregator), running.shutdown.clone());
    running.tasks.spawn(aggregator::rules::run(aggregator, shutdown));
    let (aggregator, shutdown) = (Arc::clone(&running.aggregator), running.shutdown.clone());
    running.tasks.spawn(aggregator::audit::run_notes(aggregator, shutdown));
    let (aggregator, shutdown) = (Arc::clone(&running.aggregator), running.shutdown.clone());
    running.tasks.spawn(aggregator::screening::run(aggregator, shutdown));
}

fn spawn_api(
    running: &Running,
    (config, sources): (Config, Sources),
    listener: TcpListener,
    (callbacks, health): (Callbacks, Health),
) -> Result<()> {
    let tokens = graphql::auth::Tokens::new(&config.issuer, &config.token_seed()?, Arc::clone(&sources.clock))?;
    let proxies = config.proxies()?;
    let api = graphql::Api::new(graphql::Parts {
        proxies,
        aggregator: Arc::clone(&running.aggregator),
        tokens,
        assets: config.assets,
        callbacks: Arc::new(callbacks),
        process: Arc::new(health),
        site: config.web.site(config.profile, config.public_url.as_deref())?,
        explorer: config.profile == Profile::Development,
        dev_clock: sources.dev_clock,
    });
    let shutdown = running.shutdown.clone();
    running.tasks.spawn(async move {
        if let Err(error) = graphql::serve(listener, api, shutdown).await {
            tracing::error!(%error, "the API ended");
        }
    });
    Ok(())
}

async fn connect_chains(registry: &Registry) -> Result<Vec<Arc<Rpc>>> {
    let mut rpcs = Vec::new();
    for chain in registry.iter() {
        let rpc = Rpc::connect(chain.chain_id, &chain.rpc_urls, RpcOptions::default())
            .await
            .with_context(|| format!("chain {} ({})", chain.name, chain.chain_id))?;
        rpcs.push(Arc::new(rpc));
    }
    Ok(rpcs)
}

/// The sources of facts outside.
fn credit_data(config: &Config, sources: &Sources) -> Result<CreditData> {
    let figures = &config.credit_data;
    let parts = bureaus::Parts {
        signer: Arc::new(platform_signer(config, sources)?),
        network: network(config),
        clock: Arc::clone(&sources.clock),
        ids: Arc::clone(&sources.ids),
    };
    let found = figures.build(&parts)?;
    let deadline = Duration::from_millis(figures.facts_deadline_ms);
    let keep = Duration::from_millis(figures.keep_ms);
    Ok(CreditData::new(found.bureau, found.bank, deadline, keep))
}

/// Our key towards lenders, bureaus and banks.
fn platform_signer(config: &Config, sources: &Sources) -> Result<sdk::Signer> {
    let key = sdk::PrivateKey::from_base64(&config.platform_key.id, config.platform_key.seed.expose_secret())
        .context("platform_key.seed must be base64 of 32 bytes")?;
    Ok(sdk::Signer {
        key,
        clock: Arc::clone(&sources.clock),
        ids: Arc::clone(&sources.ids),
    })
}

/// Which addresses may be dialled.
pub(crate) fn network(config: &Config) -> sdk::NetworkPolicy {
    match config.profile {
        Profile::Development => sdk::NetworkPolicy::AllowLoopback,
        Profile::Production => sdk::NetworkPolicy::Public,
    }
}

/// What services that verify people and wallets are called with. `own_url` is our interface as they reach it.
pub(crate) fn verifier_parts(config: &Config, clock: &Arc<dyn Clock>, own_url: &str) -> verifiers::Parts {
    verifiers::Parts {
        network: network(config),
        clock: Arc::clone(clock),
        public_url: own_url.trim_end_matches('/').to_owned(),
    }
}

/// Figures of the use cases.
fn settings(config: &Config, roles: &[Role]) -> Result<Settings> {
    let mut settings = Settings {
        quote_deadline: config.quote_deadline(),
        poll: config.poll(),
        keeper_pause: config.keeper_pause(),
        provider_rules: config.provider_rules,
        risk: config.risk.settings(config.profile)?,
        large_amounts: config.risk.large_amounts()?,
        rules: config.rules.settings(config.profile, &config.kyc)?,
        audit: config.audit.settings(config.audit_key.as_ref(), config.profile)?,
        screening: config.screening.settings(config.profile)?,
        sessions: config.web.sessions(config.profile),
        ..Settings::default()
    };
    let policies = config.attestation_policies.iter().map(|p| {
        let (asset_class, worst_band) = (p.asset_class, p.worst_band);
        (
            p.policy,
            AttestationPolicy {
                asset_class,
                worst_band,
            },
        )
    });
    settings.attestation.policies = policies.collect();
    if roles.contains(&Role::Worker) && !config.keepers.is_empty() {
        // Its transactions go through the submitter, so it is who pays and who gets the collateral.
        let liquidator = submitter(config)?.address();
        let keeper = |k: &KeeperConfig| {
            let (min_profit, native_price) = (k.min_profit, k.native_price);
            let keeper = Keeper {
                liquidator,
                min_profit,
                native_price,
            };
            (k.chain_id, keeper)
        };
        settings.keepers = config.keepers.iter().map(keeper).collect();
    }
    Ok(settings)
}

/// Counters of the fraud checks: in Redis where it is configured, so that all processes count together.
fn velocity(config: &Config) -> Result<Arc<dyn Velocity>> {
    let Some(url) = &config.redis_url else {
        return Ok(Arc::new(InProcessVelocity::default()));
    };
    let mut options = RedisOptions::new(url.clone());
    options.timeout = config.redis_timeout();
    Ok(Arc::new(RedisVelocity::new(options).context("redis_url")?))
}

fn submitter(config: &Config) -> Result<KeySigner> {
    KeySigner::from_secret(&config.submitter_key, config.profile).context("submitter_key")
}

/// Who signs credit attestations: keys of this process, and keys of key services.
fn attesters(config: &Config, registry: &Registry) -> Result<Arc<dyn Attester>> {
    let mut signers: Vec<Arc<DynSigner>> = Vec::new();
    for secret in config.attester_secrets() {
        let signer = KeySigner::from_secret(&secret, config.profile).context("attester_keys")?;
        signers.push(Arc::new(signer));
    }
    for remote in &config.attesters {
        let token = config.attester_token.clone();
        let signer = RemoteSigner::new(remote.url.expose_secret(), remote.address, token, config.profile)
            .with_context(|| format!("attester {}", remote.address))?;
        signers.push(Arc::new(signer));
    }
    if signers.is_empty() {
        return Ok(Arc::new(NoAttesters));
    }
    let attesters = Attesters::new(registry.clone(), signers, config.attester_threshold).context("attesters")?;
    Ok(Arc::new(attesters))
}

/// Loans that need an attestation cannot be taken here.
struct NoAttesters;

#[async_trait]
impl Attester for NoAttesters {
    async fn attest(&self, chain_id: u64, _: CreditAttestation) -> Result<SignedAttestation, ChainError> {
        let detail = "no attesters are configured".to_owned();
        Err(ChainError::Unavailable { chain_id, detail })
    }
}

fn lender_parts(
    config: &Config,
    sources: &Sources,
    own_url: &str,
    (contracts, rpcs): (&Arc<dyn Contracts>, &[Arc<Rpc>]),
    journeys: Arc<dyn JourneyStore>,
) -> Result<lenders::Parts> {
    Ok(lenders::Parts {
        signer: Arc::new(platform_signer(config, sources)?),
        network: network(config),
        callback_url: Some(own_url.to_owned()),
        contracts: Arc::clone(contracts),
        views: Arc::new(RpcViews::new(rpcs.iter().cloned())),
        logs: Arc::new(RpcLogs::new(rpcs.iter().cloned())),
        journeys,
    })
}

fn spawn_banks(running: &Running, banks: Vec<lenders::BankFiles>, clock: &Arc<dyn Clock>) {
    for bank in banks {
        let (aggregator, clock) = (Arc::clone(&running.aggregator), Arc::clone(clock));
        let shutdown = running.shutdown.clone();
        running
            .tasks
            .spawn(crate::banks::run(bank, aggregator, clock, shutdown));
    }
}

fn spawn_submitters(running: &Running, config: &Config, registry: &Registry, rpcs: &[Arc<Rpc>]) -> Result<()> {
    let signer = Arc::new(submitter(config)?);
    for (chain, rpc) in registry.iter().zip(rpcs) {
        let mut options = SubmitterOptions::new(chain.finality, chain.max_fee_cap());
        options.poll = config.poll();
        let journal = running.aggregator.tx_journal();
        let submitter = Submitter::new(Arc::clone(rpc), signer.clone(), journal, options);
        let shutdown = running.shutdown.clone();
        running.tasks.spawn(async move { submitter.run(shutdown).await });
    }
    Ok(())
}

fn spawn_indexers(running: &Running, config: &Config, registry: &Registry, rpcs: &[Arc<Rpc>]) {
    for (chain, rpc) in registry.iter().zip(rpcs) {
        let indexer = Indexer::new(Arc::clone(rpc), chain, running.aggregator.chain_log(), config.poll());
        let shutdown = running.shutdown.clone();
        running.tasks.spawn(async move {
            if let Err(error) = indexer.run(shutdown).await {
                tracing::error!(
                    error = &error as &dyn std::error::Error,
                    "the indexer stopped: an operator must resync"
                );
            }
        });
    }
}

struct Callbacks {
    inbox: Option<Arc<lenders::CallbackInbox>>,
    networks: Arc<lenders::NetworkInboxes>,
}

#[async_trait]
impl ProviderCallbacks for Callbacks {
    async fn deliver(&self, callback: Callback<'_>) -> Result<(), CallbackRefusal> {
        let inbox = self.inbox.as_ref().ok_or(CallbackRefusal::Unknown)?;
        let parts = sdk::RequestParts {
            method: callback.method,
            path: callback.path,
            headers: callback.headers,
        };
        inbox.deliver(parts, callback.body).map_err(|error| match error {
            lenders::CallbackError::Signature(_) => CallbackRefusal::Unauthorized,
            lenders::CallbackError::NotAwaited => CallbackRefusal::Unknown,
            lenders::CallbackError::Malformed(_) | lenders::CallbackError::Conflict => CallbackRefusal::Malformed,
        })
    }

    async fn network(&self, network: Network, path: &str, call: Callback<'_>) -> Option<NetworkReply> {
        let header = |name: &str| call.headers.get(name).and_then(|value| value.to_str().ok());
        let replied = match network {
            Network::Fis12 => self.networks.fis12(path, header("authorization"), call.body).await,
            Network::Ocen => self.networks.ocen(path, header("signature"), call.body).await,
        };
        replied.map(|(status, body)| NetworkReply { status, body })
    }
}

struct Health {
    aggregator: Arc<Aggregator>,
    rpcs: Vec<Arc<Rpc>>,
    figures: PrometheusHandle,
}

#[async_trait]
impl Process for Health {
    async fn not_ready(&self) -> Vec<String> {
        let mut missing = Vec::new();
        if !self.aggregator.is_ready().await {
            missing.push("database".to_owned());
        }
        for rpc in &self.rpcs {
            if rpc.head().await.is_err() {
                missing.push(format!("chain {}", rpc.chain_id()));
            }
        }
        missing
    }

    fn metrics(&self) -> String {
        self.figures.render()
    }
}
