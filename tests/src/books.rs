//! What the books must say after every step: the ledger sums to zero, and every projection is the fold of its events.

use std::sync::Arc;

use aggregator::fraud::{DEVELOPMENT_SECRET, FraudSetup, InProcessVelocity};
use aggregator::{Aggregator, Settings, World};
use alloy_primitives::B256;
use anyhow::{Context, Result, ensure};
use async_trait::async_trait;
use chain::contracts::{SettlementContracts, SettlementReader};
use chain::registry::Registry;
use domain::ids::RequestId;
use domain::ports::{Attester, ChainError, CreditAttestation, SignedAttestation};
use server::clock::{SystemClock, UuidV7Ids};
use sqlx::PgPool;

/// The books are read here, no loan is made.
struct Nobody;

#[async_trait]
impl Attester for Nobody {
    async fn attest(&self, chain_id: u64, _: CreditAttestation) -> std::result::Result<SignedAttestation, ChainError> {
        Err(ChainError::UnknownChain(chain_id))
    }
}

/// The database of the process under test, seen from outside.
#[derive(Debug)]
pub struct Books {
    db: PgPool,
    aggregator: Arc<Aggregator>,
}

impl Books {
    /// Opens the books and brings them to the newest schema.
    pub async fn open(url: &str) -> Result<Self> {
        let db = aggregator::connect(url, 2).await?;
        aggregator::migrate(&db).await?;
        let registry = Registry::default();
        let vault = aggregator::privacy::Vault::development(db.clone(), Arc::new(SystemClock), Arc::new(UuidV7Ids));
        let aggregator = Aggregator::new(World {
            vault,
            db: db.clone(),
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidV7Ids),
            lenders: Vec::new(),
            venues: Vec::new(),
            contracts: Arc::new(SettlementContracts::new(registry.clone())),
            reader: Arc::new(SettlementReader::new(registry, [])),
            attesters: Arc::new(Nobody),
            risk: risk::Engine::built_in()?,
            rules: aggregator::rules::RuleBook::built_in()?,
            screening: compliance::ScreeningIndex::built_in()?,
            credit_data: Arc::new(aggregator::facts::CreditData::none()),
            velocity: Arc::new(InProcessVelocity::default()),
            fraud: FraudSetup::new(DEVELOPMENT_SECRET)?,
            settings: Settings {
                rules: aggregator::rules::RuleSettings::lenient(),
                ..Settings::default()
            },
        });
        Ok(Self { db, aggregator })
    }

    /// The use cases over the books.
    pub fn aggregator(&self) -> &Arc<Aggregator> {
        &self.aggregator
    }

    /// Creates the development tenants, principals and clients.
    pub async fn plant(&self) -> Result<()> {
        server::seed::plant(&self.aggregator).await
    }

    /// What is wrong at this moment; none when the books are right.
    pub async fn complaint(&self) -> Result<Option<String>> {
        let sums: Vec<(String, String)> = sqlx::query_as(
            "select unit, sum(case side when 'D' then amount else -amount end)::text from ledger.posting group by unit",
        )
        .fetch_all(&self.db)
        .await?;
        if let Some((unit, sum)) = sums.iter().find(|(_, sum)| sum != "0") {
            return Ok(Some(format!("the ledger's {unit} sum to {sum}")));
        }
        let report = self.aggregator.reconcile().await?;
        Ok((!report.is_clean()).then(|| format!("{report:?}")))
    }

    /// Number of ledger entries.
    pub async fn entries(&self) -> Result<i64> {
        self.count("select count(*) from ledger.entry").await
    }

    /// One number of the database.
    pub async fn count(&self, query: &'static str) -> Result<i64> {
        Ok(sqlx::query_scalar(query).fetch_one(&self.db).await?)
    }

    /// Our transactions that were ever given to the chain, oldest first: hash and state.
    pub async fn transactions(&self) -> Result<Vec<(B256, String)>> {
        let rows: Vec<(Vec<u8>, String)> = sqlx::query_as(
            "select a.hash, t.state from chain.attempt a join chain.tx t on t.id = a.tx_id order by a.sent_block",
        )
        .fetch_all(&self.db)
        .await?;
        Ok(rows
            .into_iter()
            .map(|(hash, state)| (B256::from_slice(&hash), state))
            .collect())
    }

    /// The stored ranking of a request is what the facts give again, byte for byte.
    pub async fn ranking_replays(&self, request: &str) -> Result<()> {
        let id = request
            .strip_prefix("req_")
            .context("a request id")?
            .parse::<uuid::Uuid>()?;
        let (stored, replayed) = self.aggregator.replay_ranking(RequestId(id)).await?;
        ensure!(!stored.is_empty() && stored == replayed, "the ranking does not replay");
        Ok(())
    }

    /// The facts that a request was decided about, as stored.
    pub async fn risk_facts(&self, request: &str) -> Result<serde_json::Value> {
        let id = request.strip_prefix("req_").context("a request id")?;
        let text: String =
            sqlx::query_scalar("select facts from compliance.decision where request_id = $1 and kind = 'RISK'")
                .bind(id.parse::<uuid::Uuid>()?)
                .fetch_one(&self.db)
                .await?;
        Ok(serde_json::from_str(&text)?)
    }

    /// Every row of every table, as text: the name of the table, then its rows. Bytes are hex.
    pub async fn dump(&self) -> Result<Vec<(String, String)>> {
        let tables: Vec<String> = sqlx::query_scalar(
            "select format('%I.%I', schemaname, tablename) from pg_tables
             where schemaname not in ('pg_catalog', 'information_schema') order by 1",
        )
        .fetch_all(&self.db)
        .await?;
        let mut dump = Vec::new();
        for table in tables {
            let rows = format!("select coalesce(string_agg(t::text, E'\\n'), '') from {table} t");
            let rows: String = sqlx::query_scalar(sqlx::AssertSqlSafe(rows))
                .fetch_one(&self.db)
                .await?;
            dump.push((table, rows));
        }
        Ok(dump)
    }

    /// Ends the connections.
    pub async fn close(&self) {
        self.db.close().await;
    }
}
