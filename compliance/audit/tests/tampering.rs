//! Whatever is done to an export is found from the export and one checkpoint that was kept elsewhere.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::collections::BTreeMap;

use usance_audit::export::{CheckpointLine, EntryLine, Header, LOG, line};
use usance_audit::note::{Checkpoint, Signer, origin, origin_hash};
use usance_audit::tamper::{Damage, Dice, Victim};
use usance_audit::tree::Frontier;
use usance_audit::verify::{KnownRoot, Problem, Trust, verify};
use usance_audit::{Actor, Code, Commitment, Entry, Object, Record};
use uuid::Uuid;

const OPERATOR: &str = "usance.example/audit";

fn signer() -> Signer {
    Signer::new(OPERATOR, &[7; 32]).unwrap()
}

fn entries(tenant: Uuid, count: u64) -> Vec<Entry> {
    let start = "2026-11-21T18:00:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap();
    let made = (0..count).map(|n| {
        let actor = Actor {
            id: Uuid::from_u64_pair(1, n % 5),
            role: Code::of("officer"),
        };
        let object = Object::of(Code::of("request"), Uuid::from_u64_pair(2, n));
        let mut record = Record::new(tenant, actor, Code::of("request.decided"), object);
        if n % 2 == 0 {
            let made = Commitment::to(Code::of("name"), b"x", &[3; 32]);
            record = record
                .about(Uuid::from_u64_pair(4, n))
                .decided(Code::of("DECLINE"))
                .committed(vec![made]);
        }
        if n % 3 == 0 {
            record = record
                .under(Code::of("2026-11-01"))
                .screened(Code::hex(&[5; 32]).unwrap());
        }
        record.at(
            Uuid::from_u64_pair(6, n),
            start + chrono::Duration::microseconds(i64::try_from(n).unwrap()),
        )
    });
    made.collect()
}

/// An honest export with a checkpoint every `each` entries.
fn export(tenant: Uuid, count: u64, each: u64) -> Vec<u8> {
    let (mut edge, mut notes) = (Frontier::default(), String::new());
    let mut checkpoints = 0;
    let entries = entries(tenant, count);
    for entry in &entries {
        edge.push(entry.leaf());
        if edge.size() % each == 0 || edge.size() == count {
            let checkpoint = Checkpoint {
                origin: origin(OPERATOR, tenant),
                size: edge.size(),
                root: edge.root(),
                at: entry.at,
            };
            notes += &line(&CheckpointLine {
                checkpoint: signer().sign(&checkpoint),
            })
            .unwrap();
            checkpoints += 1;
        }
    }
    let header = Header {
        format: LOG.to_owned(),
        origin: origin(OPERATOR, tenant),
        tenant,
        from: 0,
        to: count,
        peaks: Vec::new(),
        checkpoints,
        keys: vec![signer().verifier().to_string()],
    };
    let mut text = line(&header).unwrap() + &notes;
    for (seq, entry) in (0..).zip(entries) {
        text += &line(&EntryLine { seq, entry }).unwrap();
    }
    text.into_bytes()
}

#[test]
fn ten_thousand_of_ten_thousand_tamperings_are_found() {
    let honest = export(Uuid::from_u64_pair(9, 9), 24, 7);
    let victim = Victim::new(&honest, Some(signer())).unwrap();
    let trust = Trust {
        checkpoints: vec![victim.kept().to_owned()],
        ..Trust::default()
    };
    let report = verify(&honest[..], &trust).unwrap();
    assert_eq!((report.entries, report.checkpoints, report.anchored), (24, 4, 24));
    let (mut dice, mut found) = (Dice::new(20_261_121), BTreeMap::new());
    for round in 0..10_000 {
        let (kind, bytes) = victim.damaged(&mut dice);
        assert!(
            verify(&bytes[..], &trust).is_err(),
            "{kind:?} of round {round} was not found"
        );
        *found.entry(kind).or_insert(0_u32) += 1;
    }
    assert_eq!(found.len(), Damage::ALL.len(), "{found:?}");
    assert!(found.values().all(|count| *count > 300), "{found:?}");
}

/// The damage that honest signatures cannot show: the test above would prove nothing without the checkpoint from outside.
#[test]
fn only_a_checkpoint_from_outside_finds_a_roll_back_and_an_inside_job() {
    let honest = export(Uuid::from_u64_pair(9, 9), 24, 7);
    let victim = Victim::new(&honest, Some(signer())).unwrap();
    let mut dice = Dice::new(1);
    let (alone, keyed) = (
        Trust::default(),
        Trust {
            keys: vec![signer().verifier()],
            ..Trust::default()
        },
    );
    for kind in [Damage::RollBack, Damage::InsideJob] {
        let bytes = victim.damage(kind, &mut dice).unwrap();
        assert!(verify(&bytes[..], &alone).is_ok(), "{kind:?}");
        assert!(verify(&bytes[..], &keyed).is_ok(), "{kind:?}");
    }
    let bytes = victim.damage(Damage::Rebuild, &mut dice).unwrap();
    assert!(verify(&bytes[..], &alone).is_ok());
    assert!(
        verify(&bytes[..], &keyed).is_err(),
        "a known key finds what another key signed"
    );
}

#[test]
fn every_bit_of_an_export_counts() {
    let honest = export(Uuid::from_u64_pair(9, 9), 3, 2);
    let trust = Trust {
        keys: vec![signer().verifier()],
        ..Trust::default()
    };
    for bit in 0..honest.len() * 8 {
        let mut bytes = honest.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        assert!(verify(&bytes[..], &trust).is_err(), "bit {bit}");
    }
}

#[test]
fn a_root_from_a_chain_is_as_good_as_a_checkpoint() {
    let tenant = Uuid::from_u64_pair(9, 9);
    let honest = export(tenant, 24, 7);
    let report = verify(&honest[..], &Trust::default()).unwrap();
    let known = KnownRoot {
        origin: origin_hash(&report.origin),
        size: 24,
        root: report.root,
    };
    let with = |root: KnownRoot| {
        verify(
            &honest[..],
            &Trust {
                roots: vec![root],
                ..Trust::default()
            },
        )
    };
    assert_eq!(with(known).unwrap().anchored, 24);
    let problem = |root| with(root).unwrap_err().problem;
    assert_eq!(problem(KnownRoot { size: 23, ..known }), Problem::Anchor { size: 23 });
    assert_eq!(
        problem(KnownRoot { size: 25, ..known }),
        Problem::Truncated { kept: 25, to: 24 }
    );
    let foreign = KnownRoot {
        origin: origin_hash("another"),
        ..known
    };
    assert!(matches!(problem(foreign), Problem::Foreign(_)));
}

#[test]
fn entries_that_differ_have_other_bytes() {
    let all = entries(Uuid::from_u64_pair(9, 9), 40);
    let mut bytes: Vec<_> = all.iter().map(Entry::canonical).collect();
    bytes.sort();
    bytes.dedup();
    assert_eq!(bytes.len(), all.len());
    // What moves between two neighbouring fields moves in the bytes as well.
    let with = |kind: &'static str, id: &'static str| {
        let object = Object {
            kind: Code::of(kind),
            id: Code::of(id),
        };
        Record::new(Uuid::nil(), Actor::SYSTEM, Code::of("a"), object).at(Uuid::nil(), chrono::DateTime::UNIX_EPOCH)
    };
    assert_ne!(with("ab", "c").canonical(), with("a", "bc").canonical());
    let (decision, rules) = (with("a", "b"), with("a", "b"));
    let decision = Entry {
        decision: Some(Code::of("x")),
        ..decision
    };
    let rules = Entry {
        rules: Some(Code::of("x")),
        ..rules
    };
    assert_ne!(decision.canonical(), rules.canonical());
}
