use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::Address;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::Principal;
use domain::ids::{PrincipalId, RequestId};
use domain::ports::Velocity;
use domain::ports::velocity::{EntityKind, HashedKey, Place, Seen, Sighting, VelocityError};
use domain::request::CreditRequest;
use risk::fraud::{EmailDomain, FraudOutcome, IpClass, NameMatch, assess};
use sqlx::PgPool;
use uuid::Uuid;

use super::*;
use crate::World;
use crate::quoting::tests::support::{Stage, ask, borrower, key, usd};

fn person(number: u128) -> Principal {
    Principal {
        id: PrincipalId(Uuid::from_u128(1_000 + number)),
        ..borrower()
    }
}

fn request(world: &World, id: u128, who: &Principal) -> CreditRequest {
    let ask = ask();
    CreditRequest {
        id: RequestId(Uuid::from_u128(id)),
        tenant: who.tenant,
        borrower: who.id,
        at: world.clock.now(),
        amount: ask.amount,
        term: ask.term,
        purpose: ask.purpose,
        products: ask.products,
        jurisdiction: ask.jurisdiction,
        applicant: ask.applicant,
        wallet: None,
        collateral: None,
        refinances: None,
        data_consents: vec![],
    }
}

fn signals() -> Signals {
    Signals {
        device_id: Some("device-0001".to_owned()),
        form_seconds: Some(95),
        paste_count: Some(1),
        email: Some("alex.sample+loan@gmail.com".to_owned()),
        payout_account: Some("DE02 1203 0000".to_owned()),
        payout_holder: Some("Sample, Alex".to_owned()),
        origin: Origin {
            ip: Some([203, 0, 113, 7].into()),
            ip_class: Some(IpClass::Residential),
            place: Some(Place {
                latitude: 525,
                longitude: 134,
            }),
        },
        sighting: None,
    }
}

fn world(db: PgPool) -> (World, Stage) {
    let stage = Stage::new(db, &[]);
    (stage.aggregator.world().clone(), stage)
}

#[sqlx::test(migrations = "./migrations")]
async fn what_a_request_shows_becomes_facts(db: PgPool) {
    let (world, _stage) = world(db);
    let mut asked = request(&world, 1, &borrower());
    asked.wallet = Some(Address::repeat_byte(7));
    let facts = gather(&world, &asked, &signals()).await;
    assert!(!facts.unavailable);
    assert_eq!((facts.device_requests_1m, facts.device_people_30d), (Some(1), Some(1)));
    assert_eq!(
        (facts.person_requests_10m, facts.person_devices_24h),
        (Some(1), Some(1))
    );
    assert_eq!((facts.network_requests_1m, facts.email_people_30d), (Some(1), Some(1)));
    assert_eq!(
        (facts.payout_people_30d, facts.payout_amount_24h_percent),
        (Some(1), Some(100))
    );
    assert_eq!((facts.wallet_people_30d, facts.partner_requests_1m), (Some(1), Some(1)));
    assert_eq!(
        (facts.linked_people, facts.flagged_near, facts.person_flagged),
        (Some(1), Some(0), Some(0))
    );
    assert_eq!((facts.device_age_seconds, facts.person_pause_seconds), (Some(0), None));
    assert_eq!((facts.form_seconds, facts.paste_count), (Some(95), Some(1)));
    assert_eq!(
        (facts.email_domain, facts.email_tagged),
        (Some(EmailDomain::Free), Some(1))
    );
    assert_eq!(
        (facts.holder_name, facts.ip_class),
        (Some(NameMatch::Same), Some(IpClass::Residential))
    );
    assert_eq!((facts.travel_kmh, facts.wallet_age_days), (None, None));
    let strange = facts.anomaly_permille;
    assert!(strange.is_none_or(|permille| permille < 650), "{strange:?}");
    assert_eq!(facts.entities.len(), 8);
    let bytes = serde_json::to_string(&facts).unwrap();
    for personal in ["device-0001", "alex", "1203", "203.0.113", "Sample", "0707"] {
        assert!(!bytes.contains(personal), "{personal} in {bytes}");
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_request_without_signals_has_only_its_own_facts(db: PgPool) {
    let (world, _stage) = world(db);
    let facts = gather(&world, &request(&world, 1, &borrower()), &Signals::default()).await;
    assert_eq!(
        (facts.person_requests_10m, facts.partner_requests_1m),
        (Some(1), Some(1))
    );
    assert_eq!(
        (facts.device_requests_1m, facts.person_devices_24h, facts.form_seconds),
        (None, None, None)
    );
    assert_eq!(
        (facts.linked_people, facts.email_domain, facts.ip_class),
        (None, None, None)
    );
    assert_eq!(
        assess(&world.fraud.rules, &facts, usd(500_000)).outcome,
        FraudOutcome::Approve
    );
}

/// A machine's own callers are no neighbours.
#[sqlx::test(migrations = "./migrations")]
async fn a_private_address_is_named_and_not_counted(db: PgPool) {
    let (world, _stage) = world(db);
    let mut signals = Signals::default();
    signals.origin.ip = Some([127, 0, 0, 1].into());
    let facts = gather(&world, &request(&world, 1, &borrower()), &signals).await;
    assert_eq!(
        (facts.ip_class, facts.network_requests_1m),
        (Some(IpClass::Private), None)
    );
    assert!(facts.entities.iter().all(|entity| entity.kind != EntityKind::Network));
}

#[sqlx::test(migrations = "./migrations")]
async fn gathering_twice_for_one_request_counts_once(db: PgPool) {
    let (world, _stage) = world(db);
    let asked = request(&world, 1, &borrower());
    let first = gather(&world, &asked, &signals()).await;
    assert_eq!(gather(&world, &asked, &signals()).await, first);
    let next = gather(&world, &request(&world, 2, &borrower()), &signals()).await;
    assert_eq!(next.device_requests_1m, Some(2));
    // Calls with one key that run at once have no request yet that they share.
    let mut call = signals();
    call.sighting = Some(sighting_id(&borrower(), &key("same")));
    for number in 3..6 {
        let facts = gather(&world, &request(&world, number, &borrower()), &call).await;
        assert_eq!(facts.device_requests_1m, Some(3));
    }
    assert_ne!(call.sighting, Some(sighting_id(&borrower(), &key("other"))));
    assert_ne!(call.sighting, Some(sighting_id(&person(1), &key("same"))));
}

#[sqlx::test(migrations = "./migrations")]
async fn twelve_requests_from_one_device_within_a_minute_end_in_review(db: PgPool) {
    let (world, stage) = world(db);
    let mut outcomes = Vec::new();
    for number in 0..12 {
        let facts = gather(&world, &request(&world, number, &person(number % 2)), &signals()).await;
        outcomes.push(assess(&world.fraud.rules, &facts, usd(500_000)).outcome);
        stage.clock.advance(Duration::from_secs(4));
    }
    assert_eq!(outcomes[0], FraudOutcome::Approve);
    assert!(outcomes.is_sorted());
    assert_eq!(outcomes[11], FraudOutcome::Review);
}

#[sqlx::test(migrations = "./migrations")]
async fn whoever_shares_an_account_with_a_declined_person_is_looked_at(db: PgPool) {
    let (world, _stage) = world(db);
    let facts = gather(&world, &request(&world, 1, &person(1)), &signals()).await;
    let mut result = assess(&world.fraud.rules, &facts, usd(500_000));
    flag_declined(&world, &facts, &result).await;
    let same = gather(&world, &request(&world, 2, &person(1)), &signals()).await;
    assert_eq!(same.person_flagged, Some(0), "an approved person is not flagged");
    result.outcome = FraudOutcome::Decline;
    flag_declined(&world, &facts, &result).await;
    let same = gather(&world, &request(&world, 3, &person(1)), &signals()).await;
    assert_eq!(same.person_flagged, Some(1));
    let other = gather(&world, &request(&world, 4, &person(2)), &signals()).await;
    assert_eq!((other.person_flagged, other.flagged_near), (Some(0), Some(1)));
}

#[sqlx::test(migrations = "./migrations")]
async fn an_impossible_journey_is_seen(db: PgPool) {
    let (world, stage) = world(db);
    gather(&world, &request(&world, 1, &borrower()), &signals()).await;
    stage.clock.advance(Duration::from_hours(1));
    let mut elsewhere = signals();
    elsewhere.origin.place = Some(Place {
        latitude: -339,
        longitude: 1_512,
    });
    let facts = gather(&world, &request(&world, 2, &borrower()), &elsewhere).await;
    assert!(
        facts.travel_kmh.is_some_and(|speed| speed > 16_000),
        "{:?}",
        facts.travel_kmh
    );
    assert_eq!(facts.person_pause_seconds, Some(3_600));
}

#[sqlx::test(migrations = "./migrations")]
async fn the_time_since_sign_up_is_that_of_the_borrower(db: PgPool) {
    let (world, stage) = world(db);
    let (who, now) = (borrower(), world.clock.now());
    let mut conn = world.db.acquire().await.unwrap();
    let row = crate::store::identity::PrincipalRow {
        id: who.id.0,
        tenant_id: who.tenant.0,
        role: "borrower".to_owned(),
        provider_id: None,
        groups: Vec::new(),
        revision: 0,
    };
    crate::store::identity::add_tenant(&mut conn, who.tenant.0, "tenant", now)
        .await
        .unwrap();
    crate::store::identity::add_principal(&mut conn, &row, now)
        .await
        .unwrap();
    drop(conn);
    stage.clock.advance(Duration::from_secs(42));
    let facts = gather(&world, &request(&world, 1, &who), &Signals::default()).await;
    assert_eq!(facts.sign_up_seconds, Some(42));
    let unknown = gather(&world, &request(&world, 2, &person(5)), &Signals::default()).await;
    assert_eq!(unknown.sign_up_seconds, None);
}

struct Broken(VelocityError);

#[async_trait]
impl Velocity for Broken {
    async fn observe(&self, _: &Sighting) -> Result<Seen, VelocityError> {
        Err(self.0.clone())
    }

    async fn flag(&self, _: HashedKey, _: DateTime<Utc>) -> Result<(), VelocityError> {
        Err(self.0.clone())
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn whatever_is_wrong_with_the_counters_large_amounts_are_reviewed_and_small_ones_say_so(db: PgPool) {
    let (mut world, _stage) = world(db);
    for error in [
        VelocityError::TimedOut,
        VelocityError::Unavailable("refused".to_owned()),
        VelocityError::Corrupt("WRONGTYPE".to_owned()),
        VelocityError::Invalid("a mistake"),
    ] {
        world.velocity = Arc::new(Broken(error));
        let facts = gather(&world, &request(&world, 1, &borrower()), &signals()).await;
        assert!(facts.unavailable);
        assert_eq!(
            facts.form_seconds,
            Some(95),
            "what the request shows is known all the same"
        );
        assert_eq!((facts.device_requests_1m, facts.flagged_near), (None, None));
        let rules = &world.fraud.rules;
        assert_eq!(assess(rules, &facts, usd(500_000)).outcome, FraudOutcome::Review);
        let small = assess(rules, &facts, usd(50_000));
        assert_eq!(small.outcome, FraudOutcome::Approve);
        assert_eq!(small.fired[0].rule, "STORE_UNAVAILABLE");
        flag_declined(&world, &facts, &small).await;
    }
}

/// Breaks one signal.
type Change = fn(&mut Signals);

#[test]
fn signals_outside_the_limits_name_their_field() {
    assert!(signals().check().is_ok() && Signals::default().check().is_ok());
    let broken: [(&str, Change); 6] = [
        ("signals.deviceId", |s| s.device_id = Some("short".to_owned())),
        ("signals.email", |s| s.email = Some("a".repeat(321))),
        ("signals.payoutAccount", |s| {
            s.payout_account = Some("DE\u{7}12".to_owned());
        }),
        ("signals.payoutHolder", |s| s.payout_holder = Some(String::new())),
        ("signals.formSeconds", |s| s.form_seconds = Some(1_000_001)),
        ("signals.pasteCount", |s| s.paste_count = Some(u32::MAX)),
    ];
    for (expected, break_it) in broken {
        let mut signals = signals();
        break_it(&mut signals);
        match signals.check() {
            Err(crate::Error::Invalid { field, .. }) => assert_eq!(field, expected),
            other => panic!("{expected}: {other:?}"),
        }
    }
}

/// A client that repeats a request from another address repeats the same request.
#[test]
fn the_origin_is_no_part_of_a_request() {
    let mut elsewhere = signals();
    elsewhere.origin = Origin::default();
    let bytes = |signals: &Signals| serde_json::to_string(signals).unwrap();
    assert_eq!(bytes(&signals()), bytes(&elsewhere));
    assert!(!elsewhere.is_empty());
    let only = Signals {
        origin: signals().origin,
        ..Signals::default()
    };
    assert!(only.is_empty());
    assert_eq!(
        format!("{:?} {:?}", signals(), signals().origin),
        "Signals(personal data) Origin(personal data)"
    );
}
