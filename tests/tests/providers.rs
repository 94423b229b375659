//! Officers run lenders, by the API and from the command line, and the rules run them without a person.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use usance_tests::environment::key;
use usance_tests::journey::{self, text};
use usance_tests::{Client, Environment, Options};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");
const BANK: &str = "/v1/providers/harbor-bank";

/// What a command printed, what it said on the side, and how it ended.
async fn usance(world: &Environment, arguments: &[&str]) -> Result<(String, String, i32)> {
    let officer = server::seed::clients()
        .into_iter()
        .find(|c| c.role == "officer")
        .context("an officer")?;
    let run = tokio::process::Command::new(PROGRAM)
        .arg("provider")
        .args(arguments)
        .args(["--url", &world.url])
        .env("USANCE_CLIENT_ID", officer.client_id)
        .env("USANCE_CLIENT_SECRET", officer.client_secret)
        .kill_on_drop(true)
        .output();
    let done = tokio::time::timeout(Duration::from_mins(1), run)
        .await
        .context("a command that ends")??;
    let read = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((read(&done.stdout), read(&done.stderr), done.status.code().unwrap_or(-1)))
}

fn standing(book: &journey::Book, provider: &str) -> Option<String> {
    let losers = book.view["losers"].as_array().cloned().unwrap_or_default();
    let lost = losers.iter().find(|loser| loser["provider"] == provider)?;
    Some(text(lost, "/reasons/0/code"))
}

#[tokio::test(flavor = "multi_thread")]
async fn an_officer_suspends_and_resumes_a_lender_from_the_command_line() -> Result<()> {
    let mut world = Environment::start(PROGRAM, Options::quick()).await?;
    let before = journey::quoted(&mut world, "5000.00").await?;
    let open = before.quote("harbor-bank")?.clone();

    let (table, _, code) = usance(&world, &["list"]).await?;
    assert_eq!(code, 0);
    assert!(
        table.contains("harbor-bank") && table.contains("desk-one") && table.contains("LIVE"),
        "{table}"
    );

    let (sheet, _, code) = usance(&world, &["suspend", "harbor-bank", "--reason", "it asked us to"]).await?;
    assert_eq!(code, 0);
    assert!(
        sheet.contains("SUSPENDED by hand") && sheet.contains("it asked us to"),
        "{sheet}"
    );
    let book = journey::quoted(&mut world, "5000.00").await?;
    assert!(book.quote("harbor-bank").is_err());
    assert_eq!(standing(&book, "harbor-bank").as_deref(), Some("PROVIDER_SUSPENDED"));
    let accept = format!("/v1/quotes/{}/accept", text(&open, "/id"));
    let digest = json!({ "digest": open["digest"] });
    let refused = world.post(Client::Borrower, &accept, &key(), &digest).await?;
    assert_eq!(
        (refused.status, text(&refused.json(), "/code")),
        (409, "PROVIDER_SUSPENDED".to_owned())
    );
    assert_eq!(
        usance(&world, &["list", "--check"]).await?.2,
        1,
        "something is suspended"
    );

    world.restart().await?;
    let (shown, _, _) = usance(&world, &["show", "harbor-bank", "--json"]).await?;
    let shown: Value = serde_json::from_str(&shown)?;
    assert_eq!(
        (text(&shown, "/state"), shown["version"].as_i64()),
        ("SUSPENDED".to_owned(), Some(1))
    );
    assert!(text(&shown, "/changedBy").starts_with("prn_"), "{shown}");

    assert_eq!(
        usance(&world, &["resume", "harbor-bank", "--reason", "it is back"])
            .await?
            .2,
        0
    );
    let (_, said, code) = usance(&world, &["resume", "harbor-bank", "--reason", "again"]).await?;
    assert!(code == 1 && said.contains("PROVIDER_TRANSITION"), "{code} {said}");
    let limits = [
        "limits",
        "harbor-bank",
        "--quotes-per-second",
        "50",
        "--reason",
        "too busy",
    ];
    let (sheet, _, code) = usance(&world, &limits).await?;
    assert!(code == 0 && sheet.contains("50 a second"), "{sheet}");
    assert_eq!(usance(&world, &["show", "nobody"]).await?.2, 1);
    assert_eq!(usance(&world, &["show", "../loans"]).await?.2, 2);

    health_shows(&mut world).await?;
    world.finish().await
}

/// What happened is counted, and written within seconds.
async fn health_shows(world: &mut Environment) -> Result<()> {
    journey::bank_loan(world).await?;
    let health = world
        .until("health", (Client::Officer, BANK), false, |bank| {
            bank["health"]["accepted"] == 1
        })
        .await?;
    assert!(health["health"]["quotes"].as_i64() >= Some(1), "{health}");
    assert!(health["health"]["p50Ms"].is_string(), "{health}");
    let (sheet, _, _) = usance(world, &["show", "harbor-bank"]).await?;
    for part in [
        "History",
        "ProviderResumed",
        "ProviderLimited",
        "Versions",
        "it is back",
        "accepted 1",
    ] {
        assert!(sheet.contains(part), "{part} in {sheet}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn only_officers_move_lenders_and_a_lender_sees_itself_alone() -> Result<()> {
    let mut world = Environment::start(PROGRAM, Options::quick()).await?;
    let own = world.get(Client::HarborBank, "/v1/providers").await?;
    assert_eq!(own.as_array().map(Vec::len), Some(1));
    assert_eq!(text(&own, "/0/id"), "harbor-bank");
    let versions = world.get(Client::HarborBank, &format!("{BANK}/versions")).await?;
    assert_eq!(text(&versions, "/0/config/kind"), "protocol");
    let all = world.get(Client::Officer, "/v1/providers").await?;
    assert_eq!(all.as_array().map(Vec::len), Some(2));
    // The key of a desk stands in development configurations, and nowhere in the registry.
    let desk = world.get(Client::Officer, "/v1/providers/desk-one/versions").await?;
    assert_eq!(text(&desk, "/0/config/signing_key"), "inline");
    let because = json!({ "reason": "because" });
    for (client, path, status) in [
        (Client::Borrower, BANK, 403),
        (Client::Borrower, "/v1/providers", 403),
        (Client::HarborBank, "/v1/providers/desk-one", 404),
        (Client::Officer, "/v1/providers/nobody", 404),
        (Client::Officer, "/v1/providers/NOBODY", 404),
    ] {
        let answer = world
            .send(Some(client), &usance_tests::http::Call::get("", path))
            .await?;
        assert_eq!(answer.status, status, "{client:?} {path}: {}", answer.text());
    }
    for client in [Client::Borrower, Client::Stranger, Client::HarborBank] {
        for change in ["suspend", "resume"] {
            let path = format!("{BANK}/{change}");
            let answer = world.post(client, &path, &key(), &because).await?;
            assert_eq!(answer.status, 403, "{client:?} {change}: {}", answer.text());
        }
    }
    for (path, body, status) in [
        ("/suspend", json!({}), 422),
        ("/suspend", json!({ "reason": "x", "more": 1 }), 422),
        ("/state", json!({ "reason": "x", "state": "ASLEEP" }), 422),
        ("/state", json!({ "reason": "x", "state": "DRAFT" }), 409),
        ("/limits", json!({ "reason": "x", "limits": { "burst": 1 } }), 422),
    ] {
        let answer = world
            .post(Client::Officer, &format!("{BANK}{path}"), &key(), &body)
            .await?;
        assert_eq!(answer.status, status, "{path} {body}: {}", answer.text());
    }
    assert_eq!(world.get(Client::Officer, BANK).await?["revision"], 1);
    world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_lender_is_suspended_by_the_rules() -> Result<()> {
    let mut lenders = sandbox::standard_lenders();
    lenders.retain(|lender| ["harbor-bank", "silent"].contains(&lender.name.as_str()));
    let rules = json!({ "automatic": true, "min_calls": 2, "pause_seconds": 3600 });
    let options = Options {
        lenders,
        // The bank must answer in time also on a loaded machine.
        quote_deadline_ms: 10_000,
        provider_rules: rules,
        ..Options::default()
    };
    let mut world = Environment::start(PROGRAM, options).await?;
    for _ in 0..2 {
        journey::quoted(&mut world, "5000.00").await?;
    }
    let path = "/v1/providers/silent";
    let suspended = world
        .until("a suspension", (Client::Officer, path), false, |lender| {
            lender["state"] == "SUSPENDED"
        })
        .await?;
    assert_eq!(text(&suspended, "/suspension/cause"), "ERRORS");
    let book = journey::quoted(&mut world, "5000.00").await?;
    assert_eq!(standing(&book, "silent").as_deref(), Some("PROVIDER_SUSPENDED"));
    assert_eq!(world.get(Client::Officer, BANK).await?["state"], "LIVE");
    world.finish().await
}

/// The process dies before the commit; the same call under the same key happens once.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_between_changes_nothing_twice() -> Result<()> {
    let mut world = Environment::start(PROGRAM, Options::quick().crash_at("providers::before_wish_commit")).await?;
    let made = world
        .done(
            Client::Officer,
            &format!("{BANK}/suspend"),
            &key(),
            &json!({ "reason": "stop" }),
        )
        .await?;
    ensure!(world.crashes == 1, "the crash point was never reached");
    assert_eq!(
        (text(&made, "/state"), made["revision"].as_i64()),
        ("SUSPENDED".to_owned(), Some(2))
    );
    let history = world.get(Client::Officer, &format!("{BANK}/history")).await?;
    assert_eq!(history.as_array().map(Vec::len), Some(2), "{history}");
    world.finish().await
}

/// Figures that were written and not noted as written are written again, not twice.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_after_health_was_written_counts_nothing_twice() -> Result<()> {
    let mut world = Environment::start(PROGRAM, Options::quick().crash_at("providers::after_flush")).await?;
    journey::quoted(&mut world, "5000.00").await?;
    let seen = world
        .until("health", (Client::Officer, BANK), false, |bank| {
            bank["health"]["calls"] != 0
        })
        .await?;
    assert_eq!(seen["health"]["calls"], 1);
    journey::quoted(&mut world, "5000.00").await?;
    let seen = world
        .until("health", (Client::Officer, BANK), false, |bank| {
            bank["health"]["calls"] == 2
        })
        .await?;
    assert_eq!(seen["health"]["calls"], 2);
    ensure!(world.crashes == 1, "the crash point was never reached");
    world.finish().await
}
