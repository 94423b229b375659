//! The audit trail: entries through PostgreSQL with their numbers and leaf hashes, and a proof made and checked.

use std::hint::black_box;
use std::sync::Arc;
use std::time::Instant;

use ::audit::export::line;
use ::audit::note::{DEVELOPMENT_SEED, Signer};
use ::audit::verify::{Trust, verify};
use ::audit::{Actor, Code, Object, Record};
use aggregator::audit::{AuditFilter, record_all};
use aggregator::{Aggregator, World};
use async_trait::async_trait;
use domain::ids::{PrincipalId, TenantId};
use domain::{Principal, Role};
use uuid::Uuid;

use crate::figure::{Figure, Metric, Samples, latencies, nanos};

/// Entries of a round.
const ENTRIES: u64 = 20_000;
/// Entries of one transaction.
const BATCH: u64 = 500;
/// Writers at once.
const WRITERS: u64 = 4;
/// Proofs of a round.
const PROOFS: usize = 200;

fn officer(world: &World) -> Principal {
    Principal {
        id: PrincipalId(world.ids.next()),
        tenant: TenantId(Uuid::from_u128(7)),
        role: Role::Officer,
        provider: None,
        standing: domain::principal::Standing::of(&[domain::principal::Group::Platform]),
    }
}

fn deed(world: &World) -> Record {
    let object = Object::of(Code::of("decision"), world.ids.next());
    Record::new(Uuid::from_u128(7), Actor::SYSTEM, Code::of("decision.request"), object)
        .about(world.ids.next())
        .decided(Code::of("OFFER"))
        .under(Code::of(
            "4ad1c6b1bb12ad1d2f4b6f0f0a9a0d36a5d6a5f7c2a9a4a2d7a4f5b8c1d2e3f4",
        ))
}

/// A world that signs.
pub fn signing(mut world: World) -> World {
    world.settings.audit.signer = Signer::new("usance.example/audit", &DEVELOPMENT_SEED).map(Arc::new);
    world
}

/// Entries recorded by four writers while the sequencer numbers, hashes and stores them.
pub struct Append(Arc<Aggregator>);

impl Append {
    /// Over that database.
    pub fn new(world: World) -> Self {
        Self(Aggregator::new(signing(world)))
    }
}

async fn write(aggregator: Arc<Aggregator>) -> anyhow::Result<()> {
    let world = aggregator.world();
    for _ in 0..ENTRIES / WRITERS / BATCH {
        let mut tx = world.db.begin().await?;
        let records = (0..BATCH).map(|_| deed(world)).collect();
        record_all(&mut tx, world, records).await?;
        tx.commit().await?;
    }
    Ok(())
}

#[async_trait]
impl Figure for Append {
    fn name(&self) -> &'static str {
        "audit_append"
    }

    fn metrics(&self) -> &'static [Metric] {
        const METRICS: [Metric; 1] = [Metric::target("recorded, numbered and hashed, an entry", "µs", 100)];
        &METRICS
    }

    async fn round(&mut self) -> anyhow::Result<Samples> {
        let start = Instant::now();
        let writers: Vec<_> = (0..WRITERS).map(|_| tokio::spawn(write(Arc::clone(&self.0)))).collect();
        let mut numbered = 0;
        let mut idle = 0_u32;
        // Others may have left entries without a number; those only make it slower.
        while numbered < ENTRIES {
            let count = self.0.sequence_audit().await? as u64;
            numbered += count;
            idle = if count == 0 { idle + 1 } else { 0 };
            anyhow::ensure!(idle < 100_000, "the sequencer stands still at {numbered}");
        }
        let took = start.elapsed();
        for writer in writers {
            writer.await??;
        }
        Ok(vec![Some(nanos(took) / ENTRIES)])
    }
}

/// A proof read and made from the database, and checked.
pub struct Proof(Arc<Aggregator>);

impl Proof {
    /// Over that database.
    pub fn new(world: World) -> Self {
        Self(Aggregator::new(signing(world)))
    }
}

#[async_trait]
impl Figure for Proof {
    fn name(&self) -> &'static str {
        "audit_proof"
    }

    fn metrics(&self) -> &'static [Metric] {
        const METRICS: [Metric; 2] = [
            Metric::report("a proof read from PostgreSQL, p50", "µs"),
            Metric::target("the line of a proof checked, signature included, p50", "µs", 1_000),
        ];
        &METRICS
    }

    async fn round(&mut self) -> anyhow::Result<Samples> {
        write(Arc::clone(&self.0)).await?;
        while self.0.sequence_audit().await? > 0 {}
        self.0.sign_audit(false).await?;
        let caller = officer(self.0.world());
        let found = self
            .0
            .audit_entries(&caller, &AuditFilter::default(), (None, 100))
            .await?;
        let (mut made, mut checked) = (Vec::new(), Vec::new());
        for found in found.iter().cycle().take(PROOFS) {
            let start = Instant::now();
            let proof = self.0.audit_proof(&caller, found.entry.id).await?;
            made.push(nanos(start.elapsed()));
            let text = line(&proof)?;
            let start = Instant::now();
            black_box(verify(text.as_bytes(), &Trust::default())?);
            checked.push(nanos(start.elapsed()));
        }
        let p50 = |times: Vec<u64>| latencies(times).first().copied().flatten();
        Ok(vec![p50(made), p50(checked)])
    }
}
