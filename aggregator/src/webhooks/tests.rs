//! Webhooks over the database, sent to a receiver that answers as a test says.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::principal::{Group, Standing};
use domain::{Principal, Role};
use sqlx::PgPool;
use uuid::Uuid;

use super::{
    DeliveryFilter, DeliveryState, DeliveryView, EndpointChange, EndpointState, IssuedEndpoint, Message, NewEndpoint,
    Reply, SendFailure, WebhookSender, WebhookSettings, verifies,
};
use crate::Settings;
use crate::api::Error;
use crate::clients::tests::{key, known, lender, somebody};
use crate::events::{Event, append};
use crate::quoting::tests::support::{Manner, Stage};

/// A message as it arrived.
#[derive(Clone, Debug)]
struct Arrived {
    url: String,
    id: String,
    timestamp: i64,
    signature: String,
    body: String,
}

impl Arrived {
    fn verifies(&self, secret: &str) -> bool {
        verifies(secret, (&self.id, self.timestamp), &self.body, &self.signature)
    }
}

/// Keeps what arrives; answers 200 when nothing else is said.
#[derive(Default)]
struct Receiver {
    arrived: Mutex<Vec<Arrived>>,
    answers: Mutex<VecDeque<Result<Reply, SendFailure>>>,
}

impl Receiver {
    fn answers(&self, times: usize, status: u16) {
        let answer = Reply {
            status,
            body: b"said\x1b[31m so".to_vec(),
            retry_after: None,
        };
        self.answers
            .lock()
            .unwrap()
            .extend((0..times).map(|_| Ok(answer.clone())));
    }

    fn take(&self) -> Vec<Arrived> {
        std::mem::take(&mut *self.arrived.lock().unwrap())
    }
}

#[async_trait]
impl WebhookSender for Receiver {
    fn check(&self, url: &str) -> Result<(), String> {
        if url.starts_with("https://") {
            Ok(())
        } else {
            Err("the scheme must be https".to_owned())
        }
    }

    async fn send(&self, message: &Message<'_>) -> Result<Reply, SendFailure> {
        self.arrived.lock().unwrap().push(Arrived {
            url: message.url.to_owned(),
            id: message.id.to_owned(),
            timestamp: message.timestamp,
            signature: message.signature.to_owned(),
            body: message.body.to_owned(),
        });
        let good = Reply {
            status: 200,
            body: Vec::new(),
            retry_after: None,
        };
        self.answers.lock().unwrap().pop_front().unwrap_or(Ok(good))
    }
}

struct World {
    stage: Stage,
    receiver: Arc<Receiver>,
    shop: Principal,
    other: Principal,
    bank: Principal,
}

async fn world(db: PgPool) -> World {
    let receiver = Arc::new(Receiver::default());
    let settings = Settings {
        webhooks: WebhookSettings {
            sender: Some(Arc::clone(&receiver) as Arc<dyn WebhookSender>),
        },
        ..Settings::default()
    };
    let stage = Stage::with(db, &[("harbor-bank", Manner::Offers(46_000))], settings, Vec::new());
    let shop = somebody(1, Role::Integrator, false);
    let (other, bank) = (somebody(2, Role::Integrator, true), lender(3, "harbor-bank"));
    known(&stage, &[&shop, &other, &bank]).await;
    World {
        stage,
        receiver,
        shop,
        other,
        bank,
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Refused(refusal)) => refusal.code,
        Err(Error::NotFound) => "NOT_FOUND".to_owned(),
        Err(Error::Forbidden) => "FORBIDDEN".to_owned(),
        Err(Error::Invalid { field, .. }) => field,
        other => panic!("{other:?}"),
    }
}

impl World {
    async fn endpoint(&self, who: &Principal, events: &[&str]) -> IssuedEndpoint {
        let new = NewEndpoint {
            url: format!("https://hooks.example.com/{}", who.id),
            description: String::new(),
            events: events.iter().map(|name| (*name).to_owned()).collect(),
        };
        let a = &self.stage.aggregator;
        a.create_webhook_endpoint(who, &key("endpoint"), new).await.unwrap()
    }

    /// Delivers events until all are in the inbox: transactions of other tests hold the horizon of the whole cluster.
    async fn fanned_out(&self) {
        let give_up = Instant::now() + Duration::from_mins(1);
        let left = "select count(*) from events.outbox o where not exists
                    (select from events.inbox i where i.consumer = 'webhooks' and i.event_id = o.event_id)";
        let db = &self.stage.aggregator.world().db;
        while sqlx::query_scalar::<_, i64>(left).fetch_one(db).await.unwrap() > 0 {
            self.stage.aggregator.deliver_events().await.unwrap();
            assert!(Instant::now() < give_up, "never delivered");
            tokio::task::yield_now().await;
        }
    }

    async fn send(&self) -> Vec<Arrived> {
        while self.stage.aggregator.send_webhooks().await.unwrap() > 0 {}
        self.receiver.take()
    }

    async fn test(&self, endpoint: Uuid, name: &str) -> DeliveryView {
        let a = &self.stage.aggregator;
        a.send_test_webhook(&self.shop, &key(name), endpoint).await.unwrap()
    }

    async fn deliveries(&self, endpoint: Uuid) -> Vec<DeliveryView> {
        let a = &self.stage.aggregator;
        let found = a.webhook_deliveries(&self.shop, endpoint, DeliveryFilter::default());
        found.await.unwrap()
    }

    async fn state(&self, endpoint: Uuid) -> EndpointState {
        let found = self.stage.aggregator.webhook_endpoints(&self.shop).await.unwrap();
        found.iter().find(|known| known.id == endpoint).unwrap().state
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn events_reach_those_who_may_see_them_signed_once_and_without_the_person(db: PgPool) {
    let world = world(db).await;
    let shop = world.endpoint(&world.shop, &[]).await;
    let chosen = world.endpoint(&world.other, &["quote_request.created"]).await;
    let bank = world.endpoint(&world.bank, &[]).await;
    let view = world.stage.closed("one").await;
    let settled = Event {
        aggregate: "settlement",
        aggregate_id: Uuid::from_u128(77),
        version: 1,
        kind: "SettlementReady",
        payload: serde_json::json!({
            "tenant": world.shop.tenant, "settlementId": Uuid::from_u128(77), "provider": "harbor-bank", "state": "READY",
            "failure": "Alex Sample did something",
        }),
    };
    let mut conn = world.stage.aggregator.world().db.acquire().await.unwrap();
    append(&mut conn, world.stage.aggregator.world(), &[settled])
        .await
        .unwrap();
    drop(conn);
    world.fanned_out().await;
    let arrived = world.send().await;
    let of = |endpoint: &IssuedEndpoint| -> Vec<String> {
        let mine = arrived.iter().filter(|message| message.url == endpoint.endpoint.url);
        let mut types: Vec<String> = mine
            .map(|message| {
                assert!(message.verifies(&endpoint.secret), "{message:?}");
                let body: serde_json::Value = serde_json::from_str(&message.body).unwrap();
                assert_eq!(body.as_object().unwrap().len(), 3, "type, timestamp, data");
                body["type"].as_str().unwrap().to_owned()
            })
            .collect();
        types.sort();
        types
    };
    assert_eq!(
        of(&shop),
        ["quote_request.closed", "quote_request.created", "settlement.ready"]
    );
    assert!(of(&chosen).is_empty(), "another tenant's request");
    assert_eq!(
        of(&bank),
        ["settlement.ready"],
        "a lender hears of its own business only"
    );
    let request = format!("req_{}", view.id.0.simple());
    assert!(arrived.iter().any(|message| message.body.contains(&request)));
    let all = format!("{arrived:?}");
    assert!(
        !all.contains("Sample") && !all.contains("borrower") && !all.contains("amount"),
        "{all}"
    );
    assert!(world.send().await.is_empty(), "nothing is sent twice");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_failing_delivery_is_tried_again_ten_times_with_the_same_id_and_then_by_hand(db: PgPool) {
    let world = world(db).await;
    let endpoint = world.endpoint(&world.shop, &[]).await.endpoint.id;
    let made = world.test(endpoint, "t").await;
    let a = &world.stage.aggregator;
    assert_eq!(
        code(a.replay_webhook_delivery(&world.shop, &key("early"), made.id).await),
        "DELIVERY_PENDING"
    );
    world.receiver.answers(9, 500);
    world
        .receiver
        .answers
        .lock()
        .unwrap()
        .push_back(Err(SendFailure("no connection".into())));
    let mut ids = Vec::new();
    for number in 1..=10 {
        let arrived = world.send().await;
        assert_eq!(arrived.len(), 1, "attempt {number}");
        ids.push(arrived[0].id.clone());
        assert!(world.send().await.is_empty(), "not before its pause ends");
        // Each is longer than the pause with its fifth; together they stay below five days until the last attempt.
        world.stage.clock.advance(Duration::from_hours(7));
        if number == 9 {
            world.stage.clock.advance(Duration::from_hours(22));
        } else if number > 5 {
            world.stage.clock.advance(Duration::from_hours(18));
        }
    }
    ids.dedup();
    assert_eq!(ids, [format!("msg_{}", made.id.simple())]);
    let failed = world.deliveries(endpoint).await.remove(0);
    assert_eq!((failed.state, failed.attempts.len()), (DeliveryState::Failed, 10));
    assert_eq!(failed.attempts[0].status, Some(500));
    assert_eq!(failed.attempts[0].answer, "said[31m so");
    assert_eq!(failed.attempts[9].failure.as_deref(), Some("no connection"));
    let again = a.replay_webhook_delivery(&world.shop, &key("again"), made.id).await;
    if world.state(endpoint).await == EndpointState::Failing {
        assert_eq!(code(again), "ENDPOINT_DISABLED");
        let enabled = EndpointChange {
            enabled: Some(true),
            ..EndpointChange::default()
        };
        a.update_webhook_endpoint(&world.shop, &key("on"), endpoint, enabled)
            .await
            .unwrap();
    }
    a.replay_webhook_delivery(&world.shop, &key("again"), made.id)
        .await
        .unwrap();
    a.replay_webhook_delivery(&world.shop, &key("again"), made.id)
        .await
        .unwrap();
    let arrived = world.send().await;
    assert_eq!(arrived.len(), 1, "a repeated call sends once");
    assert_eq!((&arrived[0].id, &arrived[0].body), (&ids[0], &made.body));
    let done = world.deliveries(endpoint).await.remove(0);
    assert_eq!((done.state, done.attempts.len()), (DeliveryState::Delivered, 11));
}

#[sqlx::test(migrations = "./migrations")]
async fn what_a_crash_cut_off_is_sent_again_with_the_same_id_when_its_lease_ends(db: PgPool) {
    let world = world(db).await;
    let endpoint = world.endpoint(&world.shop, &[]).await.endpoint.id;
    let made = world.test(endpoint, "t").await;
    let now = world.stage.aggregator.world().clock.now();
    let mut conn = world.stage.aggregator.world().db.acquire().await.unwrap();
    let lease = now + chrono::Duration::seconds(60);
    let taken = crate::store::webhooks::take_due(&mut conn, now, lease).await.unwrap();
    assert_eq!(taken.len(), 1);
    drop(conn);
    assert!(world.send().await.is_empty(), "another process has it");
    world.stage.clock.advance(Duration::from_mins(1));
    let arrived = world.send().await;
    assert_eq!(arrived.len(), 1);
    assert_eq!(arrived[0].id, format!("msg_{}", made.id.simple()));
    let done = world.deliveries(endpoint).await.remove(0);
    assert_eq!(done.state, DeliveryState::Delivered);
    assert_eq!(done.attempts.len(), 1, "the one that was cut off left nothing");
    assert_eq!(done.attempts[0].number, 2);
}

#[sqlx::test(migrations = "./migrations")]
async fn both_secrets_sign_until_the_overlap_ends(db: PgPool) {
    let world = world(db.clone()).await;
    let first = world.endpoint(&world.shop, &[]).await;
    let (a, id) = (&world.stage.aggregator, first.endpoint.id);
    assert!(
        first.secret.starts_with("whsec_") && first.secret.len() == 50,
        "{}",
        first.secret
    );
    let second = a
        .rotate_webhook_secret(&world.shop, &key("r"), id, Some(2))
        .await
        .unwrap();
    let again = a
        .rotate_webhook_secret(&world.shop, &key("r"), id, Some(2))
        .await
        .unwrap();
    assert_eq!(again, second, "a repeated call gets the same answer");
    assert_ne!(first.secret, second.secret);
    world.test(id, "t1").await;
    let arrived = world.send().await.remove(0);
    assert!(arrived.verifies(&first.secret) && arrived.verifies(&second.secret));
    world.stage.clock.advance(Duration::from_hours(2));
    world.test(id, "t2").await;
    let arrived = world.send().await.remove(0);
    assert!(!arrived.verifies(&first.secret) && arrived.verifies(&second.secret));
    let third = a
        .rotate_webhook_secret(&world.shop, &key("r2"), id, Some(0))
        .await
        .unwrap();
    world.test(id, "t3").await;
    let arrived = world.send().await.remove(0);
    assert!(!arrived.verifies(&second.secret) && arrived.verifies(&third.secret));
    let stored: String = sqlx::query_scalar(
        "select (select string_agg(e::text, ' ') from webhooks.endpoint e) || (select string_agg(answer, ' ') from identity.idempotency_key)",
    )
    .fetch_one(&db)
    .await
    .unwrap();
    assert!(!stored.contains("whsec_"), "no secret is stored");
}

#[sqlx::test(migrations = "./migrations")]
async fn an_endpoint_of_others_does_not_exist_and_staff_only_look(db: PgPool) {
    let world = world(db).await;
    let a = &world.stage.aggregator;
    let (shop, bank) = (
        world.endpoint(&world.shop, &[]).await.endpoint.id,
        world.endpoint(&world.bank, &[]).await.endpoint.id,
    );
    let delivery = world.test(shop, "first").await.id;
    let rival = lender(4, "other-bank");
    for (who, id) in [
        (&world.other, shop),
        (&world.bank, shop),
        (&world.shop, bank),
        (&rival, bank),
    ] {
        let change = EndpointChange::default();
        let seen = [
            code(a.webhook_deliveries(who, id, DeliveryFilter::default()).await),
            code(a.update_webhook_endpoint(who, &key("u"), id, change).await),
            code(a.rotate_webhook_secret(who, &key("r"), id, None).await),
            code(a.delete_webhook_endpoint(who, &key("d"), id).await),
            code(a.send_test_webhook(who, &key("t"), id).await),
        ];
        assert!(seen.iter().all(|code| code == "NOT_FOUND"), "{seen:?}");
    }
    assert_eq!(
        code(a.replay_webhook_delivery(&world.other, &key("p"), delivery).await),
        "NOT_FOUND"
    );
    let seen: Vec<Uuid> = a
        .webhook_endpoints(&world.shop)
        .await
        .unwrap()
        .iter()
        .map(|e| e.id)
        .collect();
    assert_eq!(seen, [shop]);
    assert!(a.webhook_endpoints(&world.other).await.unwrap().is_empty());
    let officer = Principal {
        standing: Standing::of(&[Group::Platform]),
        ..somebody(9, Role::Officer, true)
    };
    assert_eq!(a.webhook_endpoints(&officer).await.unwrap().len(), 2);
    assert_eq!(
        code(a.rotate_webhook_secret(&officer, &key("r"), shop, None).await),
        "FORBIDDEN"
    );
    assert_eq!(code(a.send_test_webhook(&officer, &key("t"), shop).await), "FORBIDDEN");
}

#[sqlx::test(migrations = "./migrations")]
async fn an_endpoint_that_is_gone_or_fails_for_five_days_is_told_nothing_until_it_is_enabled(db: PgPool) {
    let world = world(db).await;
    let a = &world.stage.aggregator;
    let id = world.endpoint(&world.shop, &[]).await.endpoint.id;
    world.test(id, "t1").await;
    world.receiver.answers(1, 410);
    assert_eq!(world.send().await.len(), 1);
    assert_eq!(world.state(id).await, EndpointState::Gone);
    assert_eq!(world.deliveries(id).await[0].state, DeliveryState::Failed);
    assert_eq!(
        code(a.send_test_webhook(&world.shop, &key("t2"), id).await),
        "ENDPOINT_DISABLED"
    );
    let enabled = EndpointChange {
        enabled: Some(true),
        ..EndpointChange::default()
    };
    a.update_webhook_endpoint(&world.shop, &key("on"), id, enabled.clone())
        .await
        .unwrap();
    world.test(id, "t3").await;
    world.receiver.answers(1, 503);
    world.send().await;
    assert_eq!(world.state(id).await, EndpointState::Enabled);
    world.stage.clock.advance(Duration::from_hours(5 * 24));
    world.receiver.answers(1, 503);
    assert_eq!(world.send().await.len(), 1);
    assert_eq!(world.state(id).await, EndpointState::Failing);
    world.stage.clock.advance(Duration::from_hours(24));
    assert!(world.send().await.is_empty(), "nothing while it is disabled");
    a.update_webhook_endpoint(&world.shop, &key("on-again"), id, enabled)
        .await
        .unwrap();
    assert_eq!(world.send().await.len(), 1, "what waited is sent");
    a.delete_webhook_endpoint(&world.shop, &key("gone"), id).await.unwrap();
    assert!(a.webhook_endpoints(&world.shop).await.unwrap().is_empty());
}

#[sqlx::test(migrations = "./migrations")]
async fn we_wait_as_long_as_we_are_asked_and_what_is_deleted_is_not_sent(db: PgPool) {
    let world = world(db.clone()).await;
    let id = world.endpoint(&world.shop, &[]).await.endpoint.id;
    let made = world.test(id, "t").await;
    let busy = Reply {
        status: 429,
        body: Vec::new(),
        retry_after: Some(Duration::from_hours(1)),
    };
    world.receiver.answers.lock().unwrap().push_back(Ok(busy));
    world.send().await;
    world.stage.clock.advance(Duration::from_mins(59));
    assert!(world.send().await.is_empty());
    let a = &world.stage.aggregator;
    a.delete_webhook_endpoint(&world.shop, &key("gone"), id).await.unwrap();
    world.stage.clock.advance(Duration::from_mins(2));
    assert!(world.send().await.is_empty());
    assert_eq!(
        code(a.replay_webhook_delivery(&world.shop, &key("p"), made.id).await),
        "NOT_FOUND"
    );
    world.stage.clock.advance(Duration::from_hours(31 * 24));
    assert_eq!(a.sweep_webhooks().await.unwrap(), 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn addresses_events_and_texts_are_checked(db: PgPool) {
    let world = world(db).await;
    let a = &world.stage.aggregator;
    let good = NewEndpoint {
        url: "https://hooks.example.com/".into(),
        description: "ours".into(),
        events: vec!["loan.repaid".into()],
    };
    for (field, new) in [
        (
            "url",
            NewEndpoint {
                url: "http://example.com/".into(),
                ..good.clone()
            },
        ),
        (
            "url",
            NewEndpoint {
                url: format!("https://{}", "a".repeat(500)),
                ..good.clone()
            },
        ),
        (
            "description",
            NewEndpoint {
                description: "a".repeat(201),
                ..good.clone()
            },
        ),
        (
            "events",
            NewEndpoint {
                events: vec!["loan.*".into()],
                ..good.clone()
            },
        ),
        (
            "events",
            NewEndpoint {
                events: vec!["provider.suspended".into()],
                ..good.clone()
            },
        ),
    ] {
        assert_eq!(
            code(a.create_webhook_endpoint(&world.shop, &key("bad"), new).await),
            field
        );
    }
    for number in 0..20 {
        let key = key(&format!("{number}"));
        let made = a.create_webhook_endpoint(&world.shop, &key, good.clone());
        made.await.unwrap();
    }
    let more = a.create_webhook_endpoint(&world.shop, &key("more"), good).await;
    assert_eq!(code(more), "TOO_MANY_ENDPOINTS");
}
