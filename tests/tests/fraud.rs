//! Fraud checks in the whole process: what ends in a review, what an officer sees of it, and what a borrower does not.

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use usance_tests::environment::key;
use usance_tests::journey::{self, text};
use usance_tests::redis_server::RedisServer;
use usance_tests::{Client, Environment, Options};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");
const REQUESTS: &str = "/v1/quote-requests";
/// All that an applicant is told.
const NOTICE: &str = "We could not verify all information of the application.";
const CHECKS: &str = "query($id: ID!) { fraudChecks(requestId: $id) {
    outcome rules fired { rule reference weight reason } typologies { id score outcome } } }";

/// A request from that device; the answer.
async fn ask(world: &mut Environment, amount: &str, device: &str) -> Result<Value> {
    let mut sample = journey::sample(world, amount);
    sample["signals"] = json!({ "deviceId": device, "formSeconds": 95, "email": "alex.sample@gmail.com" });
    world.done(Client::Borrower, REQUESTS, &key(), &sample).await
}

/// The fraud checks of a request, as an officer sees them.
async fn checks(world: &mut Environment, request: &Value) -> Result<Value> {
    let variables = json!({ "id": text(request, "/id") });
    let answer = world.graphql(Client::Officer, CHECKS, &variables).await?;
    ensure!(answer.get("errors").is_none(), "{answer}");
    Ok(answer["data"]["fraudChecks"].clone())
}

fn fired(checks: &Value) -> Vec<&str> {
    let fired = checks
        .pointer("/0/fired")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    fired.filter_map(|sub| sub["rule"].as_str()).collect()
}

fn refused(request: &Value) -> bool {
    request["refusal"].as_array().is_some_and(|reasons| !reasons.is_empty())
}

#[tokio::test(flavor = "multi_thread")]
async fn twelve_requests_from_one_device_within_a_minute_end_in_review_and_only_officers_see_why() -> Result<()> {
    let options = Options {
        manual_clock: true,
        ..Options::quick()
    };
    let mut world = Environment::start(PROGRAM, options).await?;
    let first = ask(&mut world, "5000.00", "device-of-many").await?;
    ensure!(!refused(&first), "{first}");
    let clean = checks(&mut world, &first).await?;
    assert_eq!(text(&clean, "/0/outcome"), "APPROVE", "{clean}");
    let mut last = first;
    for _ in 1..12 {
        last = ask(&mut world, "5000.00", "device-of-many").await?;
    }
    assert_eq!(text(&last, "/state"), "DECLINED", "{last}");
    assert_eq!(text(&last, "/refusal/0/code"), "REVIEW_NEEDED");
    assert_eq!(text(&last, "/refusal/0/text"), NOTICE);
    assert_eq!(
        last["refusal"].as_array().map(Vec::len),
        Some(1),
        "one text, whatever the reason was: {last}"
    );

    let seen = checks(&mut world, &last).await?;
    assert_eq!(text(&seen, "/0/outcome"), "REVIEW", "{seen}");
    assert!(fired(&seen).contains(&"DEVICE_REQUESTS_1M"), "{seen}");
    assert!(text(&seen, "/0/rules").starts_with("fraud-v1@"), "{seen}");

    // The borrower sees none of it, wherever they look.
    let path = format!("{REQUESTS}/{}", text(&last, "/id"));
    let own = world.get(Client::Borrower, &path).await?.to_string();
    for internal in ["DEVICE", "VELOCITY", "fraud", "STORE"] {
        assert!(!own.contains(internal), "{internal} in {own}");
    }
    let variables = json!({ "id": text(&last, "/id") });
    for client in [Client::Borrower, Client::Stranger, Client::HarborBank] {
        let answer = world.graphql(client, CHECKS, &variables).await?;
        assert_eq!(text(&answer, "/errors/0/extensions/code"), "FORBIDDEN", "{answer}");
        assert!(!answer.to_string().contains("DEVICE_REQUESTS_1M"));
    }

    // Another device of the same person goes on.
    let other = ask(&mut world, "5000.00", "device-of-one").await?;
    ensure!(!refused(&other), "{other}");
    world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn without_redis_large_amounts_are_reviewed_and_small_ones_pass_with_a_record() -> Result<()> {
    let Some(mut redis) = RedisServer::start() else {
        return Ok(());
    };
    let options = Options {
        redis_url: Some(redis.url()),
        ..Options::quick()
    };
    let mut world = Environment::start(PROGRAM, options).await?;
    let before = ask(&mut world, "5000.00", "device-of-one").await?;
    ensure!(!refused(&before), "{before}");

    redis.kill();
    let large = ask(&mut world, "5000.00", "device-of-one").await?;
    assert_eq!(text(&large, "/refusal/0/text"), NOTICE, "{large}");
    let seen = checks(&mut world, &large).await?;
    assert_eq!(text(&seen, "/0/outcome"), "REVIEW", "{seen}");
    assert_eq!(text(&seen, "/0/fired/0/rule"), "STORE_UNAVAILABLE", "{seen}");
    let small = ask(&mut world, "900.00", "device-of-one").await?;
    ensure!(!refused(&small), "{small}");
    let seen = checks(&mut world, &small).await?;
    assert_eq!(text(&seen, "/0/outcome"), "APPROVE", "{seen}");
    assert!(fired(&seen).contains(&"STORE_UNAVAILABLE"), "it says so: {seen}");

    redis.restart();
    let mut after = ask(&mut world, "5000.00", "device-of-one").await?;
    // The first call may still find the connection that broke.
    for _ in 0..20 {
        if !refused(&after) {
            break;
        }
        after = ask(&mut world, "5000.00", "device-of-one").await?;
    }
    ensure!(!refused(&after), "{after}");
    world.finish().await
}
