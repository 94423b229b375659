//! The trail over a real database.

mod anchors;
mod trail;

use std::sync::Arc;

use ::audit::note::Signer;
use ::audit::{Actor, Code, Object, Record};
use domain::Principal;
use domain::Role;
use domain::ids::{PrincipalId, TenantId};
use sqlx::PgPool;
use uuid::Uuid;

use super::AuditSettings;
use crate::quoting::tests::support::{Manner, Stage};
use crate::{Aggregator, Settings};

const TENANT: Uuid = Uuid::from_u128(2);

fn signer() -> Signer {
    Signer::new("usance.example/audit", &[7; 32]).unwrap()
}

fn signed() -> AuditSettings {
    AuditSettings {
        signer: Some(Arc::new(signer())),
        ..AuditSettings::default()
    }
}

fn stage(db: PgPool, audit: AuditSettings) -> Stage {
    let settings = Settings {
        audit,
        ..Settings::default()
    };
    let lenders = [("acme", Manner::Offers(46_000)), ("other", Manner::Declines)];
    Stage::with(db, &lenders, settings, Vec::new())
}

fn officer() -> Principal {
    Principal {
        id: PrincipalId(Uuid::from_u128(99)),
        tenant: TenantId(TENANT),
        role: Role::Officer,
        provider: None,
        standing: domain::principal::Standing::of(&[domain::principal::Group::Platform]),
    }
}

fn deed(number: u128) -> Record {
    let object = Object::of(Code::of("thing"), Uuid::from_u128(number));
    Record::new(TENANT, Actor::SYSTEM, Code::of("thing.done"), object)
}

/// Records so many deeds, one transaction each thousand.
async fn record(aggregator: &Aggregator, from: u128, count: u128) {
    let mut tx = aggregator.world.db.begin().await.unwrap();
    let records = (from..from + count).map(deed).collect();
    super::record_all(&mut tx, &aggregator.world, records).await.unwrap();
    tx.commit().await.unwrap();
}

/// Waits until no transaction of another test of the cluster is older than the newest entry: numbers wait for those.
async fn settled(db: &PgPool) {
    let start = std::time::Instant::now();
    let waits = "select exists (select from audit.entry where xid >= pg_snapshot_xmin(pg_current_snapshot()))";
    while sqlx::query_scalar::<_, bool>(waits).fetch_one(db).await.unwrap() {
        assert!(
            start.elapsed() < std::time::Duration::from_mins(1),
            "an older transaction does not end"
        );
        tokio::task::yield_now().await;
    }
}

/// Numbers everything and signs it.
async fn seal(aggregator: &Aggregator) {
    settled(&aggregator.world.db).await;
    while aggregator.sequence_audit().await.unwrap() > 0 {}
    aggregator.sign_audit(false).await.unwrap();
}

async fn sizes(db: &PgPool) -> Vec<i64> {
    sqlx::query_scalar("select seq from audit.leaf where tenant = $1 order by seq")
        .bind(TENANT)
        .fetch_all(db)
        .await
        .unwrap()
}
