//! The use cases of Usance and their store. Lenders and chains are seen only through the ports of `domain`.
//!
//! [`Aggregator`] is the one facade; its methods live in the module of their subject.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Attester, ChainReader, Clock, Contracts, Ids, Lender, Velocity, Venue};
use sqlx::PgPool;
use tokio::sync::Notify;
use tokio_util::task::TaskTracker;

pub mod api;

// Who may.
pub mod access;
pub mod clients;
pub mod roles;
pub mod sessions;

// Quoting side.
pub mod acceptance;
pub mod attestation;
pub mod audit;
pub mod bus;
pub mod decisions;
pub mod events;
pub mod facts;
pub mod fraud;
pub mod idempotency;
pub mod identity;
pub mod lockable;
pub mod providers;
pub mod quoting;

// Lending side.
pub mod chain_log;
pub mod journeys;
pub mod keeper;
pub mod ledger;
pub mod reconcile;
pub mod reconciled;
pub mod screening;
pub mod servicing;
pub mod settlement;
pub mod tx_journal;
pub mod workers;

// Risk: what is kept of it, and officers.
pub mod risk;

// Law as dated data: what decides, how it is published, what it obliges us to.
pub mod rules;
// Personal data.
pub mod privacy;
// Identity verification.
pub mod kyc;
// Cases of compliance, and reports.
pub mod cases;
// Programs of integrators and lenders.
pub mod webhooks;

pub(crate) mod store;

#[cfg(test)]
mod fake_chain;

pub use api::Error;
pub use attestation::{AttestationPolicy, AttestationSettings};
pub use journeys::PgJourneys;
pub use keeper::Keeper;

/// The world as the use cases see it.
#[derive(Clone)]
pub struct World {
    /// Primary database: money decisions read nothing else.
    pub db: PgPool,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
    /// Decorated lenders.
    pub lenders: Vec<Arc<dyn Lender>>,
    /// Those lenders that are markets of lending pools, by the same names.
    pub venues: Vec<Arc<dyn Venue>>,
    /// Knowledge of the settlement contracts.
    pub contracts: Arc<dyn Contracts>,
    /// Live reads of chains.
    pub reader: Arc<dyn ChainReader>,
    /// Signs credit attestations.
    pub attesters: Arc<dyn Attester>,
    /// Decides about risk.
    pub risk: Arc<::risk::Engine>,
    /// Compliance rules: the set that decides, and those that did.
    pub rules: Arc<rules::RuleBook>,
    /// Sanctions lists.
    pub screening: Arc<compliance::ScreeningIndex>,
    /// Bureaus and banks that know borrowers.
    pub credit_data: Arc<facts::CreditData>,
    /// Counters and links of the fraud checks.
    pub velocity: Arc<dyn Velocity>,
    /// Rules and secret of the fraud checks.
    pub fraud: fraud::FraudSetup,
    /// Seals and opens personal data.
    pub vault: Arc<privacy::Vault>,
    /// Figures.
    pub settings: Settings,
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("lenders", &self.lenders.len())
            .finish_non_exhaustive()
    }
}

/// Figures of the use cases.
#[derive(Clone, Debug)]
pub struct Settings {
    /// How long lenders have.
    pub quote_deadline: Duration,
    /// How many lender calls run at once for one request.
    pub fan_out: usize,
    /// Pause between two looks for work when nothing wakes the workers.
    pub poll: Duration,
    /// How long an idempotency key is kept.
    pub key_ttl: Duration,
    /// What we attest to lenders on chain.
    pub attestation: attestation::AttestationSettings,
    /// Who liquidates on each chain; a chain that is not listed has no keeper.
    pub keepers: BTreeMap<u64, keeper::Keeper>,
    /// Pause between two looks of a keeper at one loan.
    pub keeper_pause: Duration,
    /// When lenders are suspended and brought back without a person.
    pub provider_rules: domain::provider::SuspensionRules,
    /// Who may sign models, how long clearances last.
    pub risk: risk::sets::RiskSettings,
    /// What development may switch off of the rules.
    pub rules: rules::RuleSettings,
    /// Identity verification: vendors, and where it is needed.
    pub kyc: kyc::KycSettings,
    /// How the audit trail is signed and where its checkpoints go.
    pub audit: audit::AuditSettings,
    /// Amounts, one a currency, above which an officer does not decide a review alone; none: any amount.
    pub large_amounts: Vec<domain::Money>,
    /// Where sanctions lists come from.
    pub screening: screening::ScreeningSettings,
    /// Who is asked about wallets beside the lists.
    pub wallets: screening::WalletSettings,
    /// How long people stay signed in, and who may register.
    pub sessions: sessions::SessionSettings,
    /// Who knows what can be locked.
    pub locks: lockable::LockSettings,
    /// Where borrowers pay loans that are repaid off chain, by lender.
    pub repayment_accounts: BTreeMap<domain::ids::ProviderId, servicing::RepaymentAccount>,
    /// Who tells integrators' and lenders' programs of events.
    pub webhooks: webhooks::WebhookSettings,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            quote_deadline: Duration::from_millis(2_500),
            fan_out: 128,
            poll: Duration::from_millis(200),
            key_ttl: Duration::from_hours(30 * 24),
            attestation: attestation::AttestationSettings::default(),
            keepers: BTreeMap::new(),
            keeper_pause: Duration::from_secs(15),
            provider_rules: domain::provider::SuspensionRules::default(),
            risk: risk::sets::RiskSettings::default(),
            rules: rules::RuleSettings::default(),
            kyc: kyc::KycSettings::default(),
            audit: audit::AuditSettings::default(),
            large_amounts: Vec::new(),
            screening: screening::ScreeningSettings::default(),
            wallets: screening::WalletSettings::default(),
            sessions: sessions::SessionSettings::default(),
            locks: lockable::LockSettings::default(),
            repayment_accounts: BTreeMap::new(),
            webhooks: webhooks::WebhookSettings::default(),
        }
    }
}

/// What wakes the workers of this process after a commit; a poll finds what a lost wake missed.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    /// The outbox has something new.
    pub events: Notify,
    /// A settlement has something to do.
    pub lending: Notify,
    /// Blocks became final.
    pub chain: Notify,
    /// A vendor told of an identity.
    pub identity: Notify,
    /// A webhook is to be sent.
    pub webhooks: Notify,
}

/// The use cases.
pub struct Aggregator {
    pub(crate) world: World,
    pub(crate) bus: bus::Bus,
    pub(crate) closed_books: quoting::ClosedBooks,
    pub(crate) providers: providers::Registry,
    pub(crate) models: risk::sets::Registry,
    pub(crate) drift: risk::drift::Book,
    pub(crate) notes: audit::notes::Notes,
    pub(crate) revisions: roles::Revisions,
    pub(crate) hashing: sessions::Hashing,
    pub(crate) lists_looked: screening::Looked,
    pub(crate) last_terms: lockable::LastTerms,
    pub(crate) wake: Wake,
    /// Fan-outs that still run.
    pub(crate) tasks: TaskTracker,
    pub(crate) consumers: Vec<Arc<dyn events::Consumer>>,
}

impl std::fmt::Debug for Aggregator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Aggregator")
            .field("world", &self.world)
            .finish_non_exhaustive()
    }
}

impl Aggregator {
    /// The use cases over that world, without event consumers.
    pub fn new(world: World) -> Arc<Self> {
        Self::with_consumers(world, Vec::new())
    }

    /// The use cases over that world; `consumers` get every event at least once, in order per aggregate.
    pub fn with_consumers(world: World, mut consumers: Vec<Arc<dyn events::Consumer>>) -> Arc<Self> {
        if world.settings.webhooks.sender.is_some() {
            consumers.push(Arc::new(webhooks::FanOut::over(&world)));
        }
        Arc::new(Self {
            world,
            bus: bus::Bus::default(),
            closed_books: quoting::ClosedBooks::default(),
            providers: providers::Registry::default(),
            models: risk::sets::Registry::default(),
            drift: risk::drift::Book::default(),
            notes: audit::notes::Notes::default(),
            revisions: roles::Revisions::default(),
            hashing: sessions::Hashing::default(),
            lists_looked: screening::Looked::default(),
            last_terms: lockable::LastTerms::default(),
            wake: Wake::default(),
            tasks: TaskTracker::new(),
            consumers,
        })
    }

    /// The world that this facade was made over.
    pub fn world(&self) -> &World {
        &self.world
    }

    /// Waits until every running fan-out has closed its book: the last step of a graceful shutdown.
    pub async fn drain(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.tasks.reopen();
        while matches!(self.flush_audit_notes().await, Ok(written) if written > 0) {}
    }
}

/// Brings the database to the newest schema.
pub async fn migrate(db: &PgPool) -> Result<(), Error> {
    sqlx::migrate!("./migrations")
        .run(db)
        .await
        .map_err(|e| Error::Internal(Box::new(e)))
}

/// Opens the primary database. Statements end after 30 s and forgotten transactions after 60 s, so that no lock outlives
/// its owner for long.
pub async fn connect(url: &str, connections: u32) -> Result<PgPool, Error> {
    let options: sqlx::postgres::PgConnectOptions = url.parse()?;
    let limits = [
        ("statement_timeout", "30s"),
        ("idle_in_transaction_session_timeout", "60s"),
    ];
    let pool = sqlx::postgres::PgPoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(Duration::from_secs(5));
    Ok(pool.connect_with(options.options(limits)).await?)
}

impl Aggregator {
    /// Whether the database answers.
    pub async fn is_ready(&self) -> bool {
        sqlx::Connection::ping(&mut *match self.world.db.acquire().await {
            Ok(connection) => connection,
            Err(_) => return false,
        })
        .await
        .is_ok()
    }
}
