//! Officers and risk: limits that bind, models that need four eyes, records that replay; by the API and from the command line.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use usance_tests::environment::key;
use usance_tests::journey::{self, text};
use usance_tests::{Client, Environment, Options};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");

/// A bank and a desk that answer in time on a loaded machine as well: the book closes with the last answer.
fn patient() -> Options {
    Options {
        quote_deadline_ms: 60_000,
        ..Options::quick()
    }
}

/// What a command printed, what it said on the side, and how it ended; as one of the two officers.
async fn usance(world: &Environment, officer: &str, arguments: &[&str]) -> Result<(String, String, i32)> {
    let clients = server::seed::clients();
    let officer = clients
        .into_iter()
        .find(|c| c.client_id == officer)
        .context("an officer")?;
    let run = tokio::process::Command::new(PROGRAM)
        .arg("risk")
        .args(arguments)
        .args(["--url", &world.url])
        .env("USANCE_CLIENT_ID", officer.client_id)
        .env("USANCE_CLIENT_SECRET", officer.client_secret)
        .kill_on_drop(true)
        .output();
    let done = tokio::time::timeout(Duration::from_mins(2), run)
        .await
        .context("a command that ends")??;
    let read = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok((read(&done.stdout), read(&done.stderr), done.status.code().unwrap_or(-1)))
}

const ADA: &str = "dev-second-credit-head";
const BOB: &str = "dev-credit-head";

async fn limits(world: &mut Environment) -> Result<Value> {
    let found = world.get(Client::Borrower, "/v1/risk/limits").await?;
    found.get(0).cloned().context("an account")
}

fn minor(limit: &Value, name: &str) -> i64 {
    text(limit, &format!("/{name}/minor")).parse().unwrap_or(-1)
}

async fn accept(world: &mut Environment, quote: &Value) -> Result<(u16, Value)> {
    let path = format!("/v1/quotes/{}/accept", text(quote, "/id"));
    let body = json!({ "digest": quote["digest"] });
    let answer = world.post(Client::Borrower, &path, &key(), &body).await?;
    Ok((answer.status, answer.json()))
}

#[tokio::test(flavor = "multi_thread")]
async fn limits_are_advised_until_an_officer_enforces_them() -> Result<()> {
    let mut world = Environment::start(PROGRAM, patient()).await?;
    let mut quotes = Vec::new();
    for _ in 0..4 {
        let book = journey::quoted(&mut world, "9000.00").await?;
        quotes.push(book.quote("harbor-bank")?.clone());
    }
    let assigned = minor(&limits(&mut world).await?, "limit");
    ensure!(
        (900_000..1_800_000).contains(&assigned),
        "one of these fits, two do not: {assigned}"
    );
    for quote in &quotes[..2] {
        let (status, view) = accept(&mut world, quote).await?;
        ensure!(status == 201, "limits are advised: {status} {view}");
    }
    let now = limits(&mut world).await?;
    let out = minor(&now, "reserved") + minor(&now, "committed");
    assert_eq!(
        (out, minor(&now, "free"), text(&now, "/mode")),
        (1_800_000, 0, "ADVISE".to_owned())
    );

    let (said, _, exit) = usance(&world, ADA, &["limits", "--mode", "enforce", "--reason", "we go live"]).await?;
    ensure!(exit == 0 && said.contains("ENFORCE"), "{exit} {said}");
    let (status, refused) = accept(&mut world, &quotes[2]).await?;
    assert_eq!(
        (status, text(&refused, "/code")),
        (409, "LIMIT_EXCEEDED".to_owned()),
        "{refused}"
    );
    ensure!(
        text(&refused, "/detail").contains("0.00"),
        "it says what is free: {refused}"
    );
    ensure!(refused.to_string().contains("quoteId"), "it names the field: {refused}");
    let again = limits(&mut world).await?;
    assert_eq!(
        minor(&again, "reserved") + minor(&again, "committed"),
        out,
        "a refusal reserves nothing"
    );

    let (_, _, exit) = usance(&world, ADA, &["limits", "--mode", "advise", "--reason", "too early"]).await?;
    assert_eq!(exit, 0);
    assert_eq!(accept(&mut world, &quotes[2]).await?.0, 201);
    let borrower = text(&again, "/borrower");
    let (table, _, exit) = usance(&world, ADA, &["limits", &borrower]).await?;
    ensure!(exit == 0 && table.contains("ADVISE"), "{table}");
    world.books_are_right().await?;
    world.finish().await
}

/// The process dies before the commit of an acceptance; the same call again reserves once.
#[tokio::test(flavor = "multi_thread")]
async fn a_crash_reserves_nothing_twice() -> Result<()> {
    let mut world = Environment::start(PROGRAM, patient().crash_at("accept::before_commit")).await?;
    let book = journey::quoted(&mut world, "5000.00").await?;
    let settlement = journey::accept(&mut world, book.quote("harbor-bank")?).await?;
    ensure!(world.crashes == 1, "the crash point was never reached");
    let loan = text(&settlement, "/loan/id");
    journey::loan_in(&mut world, &loan, "ACTIVE").await?;
    let now = limits(&mut world).await?;
    assert_eq!((minor(&now, "reserved"), minor(&now, "committed")), (0, 500_000));
    world.books_are_right().await?;
    world.finish().await
}

/// The points table under another version, in a folder.
fn model(version: &str) -> Result<tempfile::TempDir> {
    let mut draft = risk::points::draft();
    version.clone_into(&mut draft.manifest.version);
    let folder = tempfile::tempdir()?;
    draft.sign(&risk::model::development_key())?.write(folder.path())?;
    Ok(folder)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_is_promoted_by_two_officers_from_the_command_line() -> Result<()> {
    let mut world = Environment::start(PROGRAM, patient()).await?;
    let before = journey::quoted(&mut world, "5000.00").await?;
    let (table, _, exit) = usance(&world, ADA, &["models"]).await?;
    ensure!(
        exit == 0 && table.contains("CHAMPION") && table.contains("system"),
        "{table}"
    );

    let folder = model("2.0.0")?;
    let path = folder.path().display().to_string();
    let (table, said, exit) = usance(&world, ADA, &["register", &path]).await?;
    ensure!(exit == 0 && table.contains("DRAFT"), "{exit} {table} {said}");
    let named = "usance-points@2.0.0";
    for state in ["validated", "shadow"] {
        let (table, said, exit) =
            usance(&world, ADA, &["state", named, state, "--reason", "its card is sound"]).await?;
        ensure!(
            exit == 0 && table.contains(&state.to_uppercase()),
            "{exit} {table} {said}"
        );
    }
    let evidence = ["--auc-difference", "0.004", "--auc-low", "0.001", "--auc-high", "0.007"];
    let mut arguments = vec!["propose", named, "--reason", "better", "--json"];
    arguments.extend(evidence);
    let (made, said, exit) = usance(&world, ADA, &arguments).await?;
    ensure!(exit == 0, "{said}");
    let proposal = text(&serde_json::from_str(&made)?, "/id");
    let (_, said, exit) = usance(&world, ADA, &["approve", &proposal, "--reason", "I am sure"]).await?;
    ensure!(exit == 1 && said.contains("FOUR_EYES"), "{exit} {said}");
    let (table, said, exit) = usance(&world, BOB, &["approve", &proposal, "--reason", "agreed"]).await?;
    ensure!(exit == 0 && table.contains("APPROVED"), "{exit} {table} {said}");

    let after = journey::quoted(&mut world, "5000.00").await?;
    for (request, version) in [(&before.request, "1.0.0"), (&after.request, "2.0.0")] {
        let found = world
            .get(Client::Officer, &format!("/v1/risk/decisions?request={request}"))
            .await?;
        assert_eq!(text(&found, "/0/inside/model"), format!("usance-points {version}"));
    }
    world.restart().await?;
    let third = journey::quoted(&mut world, "5000.00").await?;
    records(&mut world, (&before.request, &third.request)).await?;

    let (made, _, exit) = usance(&world, ADA, &["rollback", "--reason", "a complaint", "--json"]).await?;
    let proposal = text(&serde_json::from_str(&made)?, "/id");
    ensure!(
        exit == 0 && made.contains("OPEN"),
        "without an alarm it takes two: {made}"
    );
    assert_eq!(
        usance(&world, BOB, &["approve", &proposal, "--reason", "agreed"])
            .await?
            .2,
        0
    );
    let last = journey::quoted(&mut world, "5000.00").await?;
    let found = world
        .get(Client::Officer, &format!("/v1/risk/decisions?request={}", last.request))
        .await?;
    assert_eq!(text(&found, "/0/inside/model"), "usance-points 1.0.0");
    world.finish().await
}

/// Decisions of both models are shown whole to officers, replay after the restart, and tell the borrower no more than it was told.
async fn records(world: &mut Environment, (before, after): (&str, &str)) -> Result<()> {
    for request in [before, after] {
        let found = world
            .get(Client::Officer, &format!("/v1/risk/decisions?request={request}"))
            .await?;
        let id = text(&found, "/0/id");
        let (table, said, exit) = usance(world, ADA, &["replay", &id]).await?;
        ensure!(exit == 0 && table.contains("yes"), "{exit} {table} {said}");
        let (sheet, _, exit) = usance(world, ADA, &["decision", &id]).await?;
        ensure!(exit == 0, "{sheet}");
        for part in [
            "MONTHLY_INCOME_MINOR",
            "APPLICATION",
            "by capacity minor",
            "usance-points",
            "fraud rules",
        ] {
            ensure!(sheet.contains(part), "{part} in {sheet}");
        }
        let own = world.get(Client::Borrower, &format!("/v1/risk/decisions/{id}")).await?;
        assert_eq!(
            (text(&own, "/outcome").is_empty(), &own["inside"]),
            (false, &Value::Null)
        );
        let path = format!("/v1/risk/decisions/{id}");
        for (client, path, status) in [
            (Client::Stranger, path.clone(), 404),
            (Client::HarborBank, path.clone(), 403),
            (Client::Borrower, format!("{path}/replay"), 403),
            (Client::Borrower, "/v1/risk/decisions".to_owned(), 403),
            (Client::Borrower, "/v1/risk/models".to_owned(), 403),
            (Client::HarborBank, "/v1/risk/reviews".to_owned(), 403),
        ] {
            let answer = world
                .send(Some(client), &usance_tests::http::Call::get("", &path))
                .await?;
            assert_eq!(answer.status, status, "{client:?} {path}: {}", answer.text());
        }
    }
    let (csv, _, exit) = usance(world, ADA, &["decisions", "--first", "100", "--csv"]).await?;
    ensure!(exit == 0 && csv.lines().count() == 4, "{csv}");
    let (table, _, exit) = usance(world, ADA, &["drift", "--check"]).await?;
    ensure!(exit == 0 && table.contains("champion"), "{table}");
    Ok(())
}
