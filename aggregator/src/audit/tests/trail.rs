//! Recording, numbering, proofs, exports.

use std::collections::BTreeMap;
use std::sync::Arc;

use ::audit::export::line;
use ::audit::note::{Signer, Verifier};
use ::audit::tamper::{Damage, Dice, Victim};
use ::audit::verify::{Trust, verify};
use ::audit::{Code, Commitment};
use domain::ids::TenantId;
use sqlx::PgPool;
use uuid::Uuid;

use super::{TENANT, deed, officer, record, seal, settled, signed, signer, sizes, stage};
use crate::api::Error;
use crate::audit::{AuditFilter, salt};

#[sqlx::test(migrations = "./migrations")]
async fn the_main_flow_is_recorded_and_no_tampering_with_its_export_goes_unseen(db: PgPool) {
    let stage = stage(db, signed());
    let aggregator = &stage.aggregator;
    for round in 0..4 {
        let view = stage.closed(&format!("key-{round}")).await;
        assert_eq!(view.lenders.len(), 2);
        seal(aggregator).await;
        stage.clock.advance(std::time::Duration::from_mins(1));
    }
    let tenant = TenantId(TENANT);
    let all = AuditFilter::default();
    let found = aggregator.audit_entries(&officer(), &all, (None, 100)).await.unwrap();
    let actions: Vec<&str> = found.iter().map(|found| found.entry.action.as_str()).collect();
    for action in ["decision.request", "decision.risk", "decision.offer", "request.closed"] {
        assert_eq!(
            actions.iter().filter(|found| **found == action).count(),
            4,
            "{actions:?}"
        );
    }
    let screened = found
        .iter()
        .find(|found| found.entry.action.as_str() == "decision.request")
        .unwrap();
    assert!(screened.entry.rules.is_some() && screened.entry.lists.is_some());
    assert_eq!(screened.entry.decision.as_ref().map(Code::as_str), Some("OFFER"));
    let export = aggregator.audit_export(&officer(), tenant, 0).await.unwrap();
    assert!(!export.text.contains("Alex") && !export.more);
    let honest = export.text.into_bytes();
    let victim = Victim::new(&honest, Some(signer())).unwrap();
    let trust = Trust {
        checkpoints: vec![victim.kept().to_owned()],
        ..Trust::default()
    };
    let report = verify(&honest[..], &trust).unwrap();
    assert_eq!((report.entries, report.checkpoints, report.anchored), (16, 4, 16));
    let (mut dice, mut kinds) = (Dice::new(7), BTreeMap::new());
    for round in 0..10_000 {
        let (kind, bytes) = victim.damaged(&mut dice);
        assert!(
            verify(&bytes[..], &trust).is_err(),
            "{kind:?} of round {round} was not found"
        );
        *kinds.entry(kind).or_insert(0_u32) += 1;
    }
    assert_eq!(kinds.len(), Damage::ALL.len());
}

#[sqlx::test(migrations = "./migrations")]
async fn a_deed_that_was_rolled_back_left_no_entry_and_one_that_commits_late_is_not_skipped(db: PgPool) {
    let stage = stage(db.clone(), signed());
    let aggregator = &stage.aggregator;
    let mut undone = db.begin().await.unwrap();
    crate::audit::record(&mut undone, &aggregator.world, deed(1))
        .await
        .unwrap();
    let mut late = db.begin().await.unwrap();
    crate::audit::record(&mut late, &aggregator.world, deed(2))
        .await
        .unwrap();
    record(aggregator, 3, 1).await;
    assert_eq!(
        aggregator.sequence_audit().await.unwrap(),
        0,
        "an older transaction still runs"
    );
    undone.rollback().await.unwrap();
    late.commit().await.unwrap();
    settled(&db).await;
    assert_eq!(aggregator.sequence_audit().await.unwrap(), 2);
    assert_eq!(aggregator.sequence_audit().await.unwrap(), 0);
    assert_eq!(sizes(&db).await, [0, 1]);
    let found = aggregator
        .audit_entries(&officer(), &AuditFilter::default(), (None, 10))
        .await
        .unwrap();
    let objects: Vec<_> = found.iter().map(|found| found.entry.object.id.to_string()).collect();
    assert_eq!(
        objects,
        [Uuid::from_u128(3).to_string(), Uuid::from_u128(2).to_string()]
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn many_writers_and_sequencers_give_each_entry_one_number(db: PgPool) {
    let stage = stage(db.clone(), signed());
    let aggregator = &stage.aggregator;
    let writer = |number: u128| {
        let aggregator = std::sync::Arc::clone(aggregator);
        tokio::spawn(async move {
            for round in 0..20 {
                record(&aggregator, number * 1_000 + round * 10, 10).await;
            }
        })
    };
    let sequencer = || {
        let aggregator = std::sync::Arc::clone(aggregator);
        tokio::spawn(async move {
            for _ in 0..40 {
                aggregator.sequence_audit().await.unwrap();
                aggregator.sign_audit(false).await.unwrap();
            }
        })
    };
    let tasks: Vec<_> = (0..4)
        .map(writer)
        .chain([sequencer(), sequencer(), sequencer()])
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    seal(aggregator).await;
    assert_eq!(sizes(&db).await, (0..800).collect::<Vec<i64>>());
    let export = aggregator.audit_export(&officer(), TenantId(TENANT), 0).await.unwrap();
    assert_eq!(verify(export.text.as_bytes(), &Trust::default()).unwrap().entries, 800);
}

/// What a crash before the commit leaves is what a transaction that ended without one leaves.
#[sqlx::test(migrations = "./migrations")]
async fn a_batch_that_did_not_commit_is_done_again(db: PgPool) {
    let stage = stage(db.clone(), signed());
    let aggregator = &stage.aggregator;
    record(aggregator, 0, 5).await;
    settled(&db).await;
    let mut dead = db.begin().await.unwrap();
    let cursor = crate::store::audit::take_sequencer(&mut dead).await.unwrap().unwrap();
    let found = crate::store::audit::unnumbered(&mut dead, &cursor, 10).await.unwrap();
    assert_eq!(found.entries.len(), 5);
    assert_eq!(aggregator.sequence_audit().await.unwrap(), 0, "another one is at it");
    crate::store::audit::advance_sequencer(&mut dead, &found.next.unwrap())
        .await
        .unwrap();
    drop(dead);
    seal(aggregator).await;
    assert_eq!(sizes(&db).await, [0, 1, 2, 3, 4]);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_database_restored_into_another_cluster_goes_on(db: PgPool) {
    let stage = stage(db.clone(), signed());
    let aggregator = &stage.aggregator;
    record(aggregator, 0, 3).await;
    seal(aggregator).await;
    // The old cluster had used many more transaction ids.
    sqlx::query("update audit.sequencer set xid = '900000000000'")
        .execute(&db)
        .await
        .unwrap();
    record(aggregator, 3, 2).await;
    seal(aggregator).await;
    record(aggregator, 5, 2).await;
    seal(aggregator).await;
    assert_eq!(sizes(&db).await, (0..7).collect::<Vec<i64>>());
}

#[sqlx::test(migrations = "./migrations")]
async fn nothing_in_the_trail_changes(db: PgPool) {
    let stage = stage(db.clone(), signed());
    record(&stage.aggregator, 0, 300).await;
    seal(&stage.aggregator).await;
    let statements = [
        "update audit.entry set action = 'x'",
        "delete from audit.entry",
        "truncate audit.entry",
        "update audit.leaf set seq = seq + 1000",
        "delete from audit.leaf where seq = 299",
        "truncate audit.leaf",
        "update audit.node set hash = sha256('x')",
        "delete from audit.node",
        "update audit.checkpoint set note = 'x'",
        "delete from audit.checkpoint",
        "truncate audit.checkpoint cascade",
        "delete from audit.log",
        "update audit.log set size = size - 1",
        "update audit.log set size = size + 1",
        "update audit.log set peaks = ''",
        "delete from audit.sequencer",
        "insert into audit.entry (id, tenant, at, actor, role, action, object_kind, object_id)
         values (gen_random_uuid(), gen_random_uuid(), now(), gen_random_uuid(), 'officer', 'a', 'b', 'Jane Doe')",
    ];
    for statement in statements {
        let error = sqlx::query(statement).execute(&db).await.expect_err(statement);
        let code = error
            .as_database_error()
            .and_then(|error| error.code().map(|code| code.to_string()));
        assert!(
            matches!(code.as_deref(), Some("23001" | "23514")),
            "{statement}: {error}"
        );
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn every_entry_and_every_growth_is_proved(db: PgPool) {
    let stage = stage(db.clone(), signed());
    let aggregator = &stage.aggregator;
    let mut ends = Vec::new();
    for (from, count) in [(0, 1), (1, 254), (255, 2), (257, 300), (557, 43)] {
        record(aggregator, from, count).await;
        seal(aggregator).await;
        ends.push(u64::try_from(from + count).unwrap());
    }
    let trust = Trust {
        keys: vec![signer().verifier()],
        ..Trust::default()
    };
    let mut before = None;
    loop {
        let page = aggregator
            .audit_entries(&officer(), &AuditFilter::default(), (before, 100))
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        before = Some(last.seq);
        for found in page.iter().filter(|found| found.seq % 7 == 0 || found.seq > 590) {
            let proof = aggregator.audit_proof(&officer(), found.entry.id).await.unwrap();
            assert_eq!(proof.seq, found.seq);
            verify(line(&proof).unwrap().as_bytes(), &trust).unwrap();
        }
    }
    assert_eq!(before, Some(0));
    for old in &ends {
        for new in ends.iter().filter(|new| *new >= old) {
            let tenant = TenantId(TENANT);
            let proof = aggregator
                .audit_consistency(&officer(), tenant, (*old, *new))
                .await
                .unwrap();
            verify(line(&proof).unwrap().as_bytes(), &trust).unwrap();
        }
        let part = aggregator
            .audit_export(&officer(), TenantId(TENANT), *old)
            .await
            .unwrap();
        let report = verify(part.text.as_bytes(), &trust).unwrap();
        assert_eq!(report.entries, 600 - old);
    }
    let newest = aggregator
        .audit_checkpoints(&officer(), TenantId(TENANT), (None, 10))
        .await
        .unwrap();
    let sizes: Vec<u64> = newest.iter().map(|checkpoint| checkpoint.size).collect();
    assert_eq!(sizes, ends.iter().rev().copied().collect::<Vec<_>>());
}

#[sqlx::test(migrations = "./migrations")]
async fn erasure_destroys_what_opens_a_commitment_and_leaves_the_entry(db: PgPool) {
    let stage = stage(db.clone(), signed());
    let (aggregator, subject) = (&stage.aggregator, Uuid::from_u128(3));
    let field = Code::of("applicant.full_name");
    let mut tx = db.begin().await.unwrap();
    let values: [(Code, &[u8]); 1] = [(field.clone(), b"Alex Sample")];
    let made = crate::audit::record_committed(&mut tx, &aggregator.world, deed(1).about(subject), &values);
    let id = made.await.unwrap();
    tx.commit().await.unwrap();
    seal(aggregator).await;
    let mut conn = db.acquire().await.unwrap();
    let opening = salt(&mut conn, id).await.unwrap().unwrap();
    let found = aggregator.audit_proof(&officer(), id).await.unwrap();
    assert_eq!(
        found.entry.commitments,
        [Commitment::to(field, b"Alex Sample", &opening)]
    );
    assert!(found.entry.commitments[0].opens(b"Alex Sample", &opening));
    assert_eq!(crate::audit::forget(&mut conn, TENANT, subject).await.unwrap(), 1);
    assert_eq!(salt(&mut conn, id).await.unwrap(), None);
    let after = aggregator.audit_proof(&officer(), id).await.unwrap();
    verify(line(&after).unwrap().as_bytes(), &Trust::default()).unwrap();
}

#[sqlx::test(migrations = "./migrations")]
async fn what_is_noted_is_written_once_and_a_drain_leaves_nothing(db: PgPool) {
    let stage = stage(db.clone(), signed());
    let aggregator = &stage.aggregator;
    for number in 0..1_500 {
        aggregator.note_audit(deed(number));
    }
    aggregator.drain().await;
    assert_eq!(aggregator.flush_audit_notes().await.unwrap(), 0);
    seal(aggregator).await;
    assert_eq!(sizes(&db).await.len(), 1_500);
}

#[sqlx::test(migrations = "./migrations")]
async fn only_officers_read_the_trail_and_what_is_not_signed_is_not_proved(db: PgPool) {
    let stage = stage(db.clone(), signed());
    let aggregator = &stage.aggregator;
    let borrower = crate::quoting::tests::support::borrower();
    let refused = aggregator
        .audit_entries(&borrower, &AuditFilter::default(), (None, 10))
        .await;
    assert!(matches!(refused, Err(Error::Forbidden)));
    let refused = aggregator.audit_export(&borrower, TenantId(TENANT), 0).await;
    assert!(matches!(refused, Err(Error::Forbidden)));
    record(aggregator, 0, 2).await;
    settled(&db).await;
    aggregator.sequence_audit().await.unwrap();
    let found = aggregator
        .audit_entries(&officer(), &AuditFilter::default(), (None, 10))
        .await
        .unwrap();
    let early = aggregator.audit_proof(&officer(), found[0].entry.id).await;
    assert!(matches!(early, Err(Error::Refused(refusal)) if refusal.code == "NOT_SIGNED_YET"));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_log_that_two_keys_signed_proves_itself(db: PgPool) {
    let before = stage(db.clone(), signed());
    record(&before.aggregator, 0, 2).await;
    seal(&before.aggregator).await;
    let mut world = before.aggregator.world().clone();
    world.settings.audit.signer = Signer::new("usance.example/audit", &[8; 32]).map(Arc::new);
    let after = crate::Aggregator::new(world);
    record(&after, 2, 2).await;
    seal(&after).await;
    let tenant = TenantId(TENANT);
    let export = after.audit_export(&officer(), tenant, 0).await.unwrap();
    let both = [[7; 32], [8; 32]].map(|seed| Signer::new("usance.example/audit", &seed).unwrap().verifier());
    let trust = |keys: &[Verifier]| Trust {
        keys: keys.to_vec(),
        ..Trust::default()
    };
    assert_eq!(verify(export.text.as_bytes(), &trust(&both)).unwrap().keys.len(), 2);
    assert!(
        verify(export.text.as_bytes(), &trust(&both[..1])).is_err(),
        "the second key is not known"
    );
    let grown = after.audit_consistency_line(&officer(), tenant, (2, 4)).await.unwrap();
    verify(grown.as_bytes(), &trust(&both)).unwrap();
}
