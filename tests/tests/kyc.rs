//! Identity verification from the page of the vendor to the acceptance, on the real binary with Sumsub played over its true wire; expiry,
//! refusal, and two officers by the command line.

use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use sandbox::identity::Auto;
use sandbox::sumsub::{SumsubHandle, SumsubSetup};
use serde_json::{Value, json};
use server::clock::{SystemClock, UuidV7Ids};
use usance_tests::environment::key;
use usance_tests::http::Call;
use usance_tests::journey::{self, text};
use usance_tests::{Client, Environment, Options};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");
/// Longer than a verification lasts.
const YEAR: u64 = 366 * 86_400;

/// A marketplace where nobody accepts unverified, and its vendor.
async fn world() -> Result<(Environment, SumsubHandle)> {
    let setup = SumsubSetup {
        auto: Auto::OnOpen,
        // The process has a clock that stands still.
        max_age: i64::from(u32::MAX),
        ..SumsubSetup::development()
    };
    let outside = sandbox::World {
        clock: Arc::new(SystemClock),
        ids: Arc::new(UuidV7Ids),
    };
    let vendor = sandbox::sumsub::spawn(setup.clone(), outside).await?;
    let options = Options {
        manual_clock: true,
        quote_deadline_ms: 60_000,
        kyc: json!({
            "required": "acceptance",
            "levels": { "sumsub": { "STANDARD": "id-and-liveness" } },
            "sumsub": {
                "url": vendor.base_url, "app_token": setup.app_token, "secret": setup.secret, "webhook_secret": setup.webhook_secret,
                "timeout_ms": 60_000,
            },
        }),
        ..Options::quick()
    };
    let world = Environment::start(PROGRAM, options).await?;
    vendor.vendor.send_to(&format!("{}/hooks/kyc/sumsub", world.url));
    Ok((world, vendor))
}

/// A quote that somebody of that name asked for.
async fn quote(world: &mut Environment, name: &str) -> Result<Value> {
    let mut input = journey::sample(world, "5000.00");
    input["applicant"]["fullName"] = json!(name);
    let book = journey::ask(world, &input).await?;
    // Of the desk, whose time is that of the process.
    book.quote("desk-one").cloned()
}

/// Accepts: `201`, or the code of the refusal.
async fn accept(world: &mut Environment, quote: &Value) -> Result<String> {
    let path = format!("/v1/quotes/{}/accept", text(quote, "/id"));
    let body = json!({ "digest": quote["digest"] });
    let answer = world.post(Client::Borrower, &path, &key(), &body).await?;
    Ok(match answer.status {
        201 => "201".to_owned(),
        _ => text(&answer.json(), "/code"),
    })
}

async fn begin(world: &mut Environment, name: &str) -> Result<String> {
    let input = json!({ "fullName": name, "country": "US", "region": "CA", "consent": true });
    let made = world
        .done(Client::Borrower, "/v1/verifications", &key(), &input)
        .await?;
    Ok(text(&made, "/id"))
}

/// The borrower opens the page, where the vendor plays the rest.
async fn open(world: &mut Environment, id: &str) -> Result<()> {
    let path = format!("/v1/verifications/{id}/link");
    let link = world.done(Client::Borrower, &path, &key(), &json!({})).await?;
    let url = text(&link, "/url");
    let (base, path) = url.split_at(url.find("/websdk").context("a page of the vendor")?);
    let page = Call::get(base, path).send().await?;
    ensure!(page.status == 200, "{}", page.status);
    Ok(())
}

async fn until(world: &mut Environment, id: &str, state: &str) -> Result<Value> {
    let path = format!("/v1/verifications/{id}");
    let seen = world.until(state, (Client::Borrower, &path), false, |v| v["state"] == state);
    seen.await
}

/// What a command printed and how it ended, as one of the two officers.
async fn usance(world: &Environment, officer: &str, arguments: &[&str]) -> Result<(String, i32)> {
    let clients = server::seed::clients();
    let officer = clients
        .into_iter()
        .find(|c| c.client_id == officer)
        .context("an officer")?;
    let run = tokio::process::Command::new(PROGRAM)
        .arg("kyc")
        .args(arguments)
        .args(["--url", &world.url])
        .env("USANCE_CLIENT_ID", officer.client_id)
        .env("USANCE_CLIENT_SECRET", officer.client_secret)
        .kill_on_drop(true)
        .output();
    let done = tokio::time::timeout(Duration::from_mins(2), run)
        .await
        .context("a command that ends")??;
    let code = done.status.code().unwrap_or(-1);
    let said = if code == 0 { done.stdout } else { done.stderr };
    Ok((String::from_utf8_lossy(&said).into_owned(), code))
}

#[tokio::test(flavor = "multi_thread")]
async fn who_shows_documents_may_accept_until_the_verification_ends() -> Result<()> {
    let (mut world, _vendor) = world().await?;
    let offer = quote(&mut world, "Alex Retry").await?;
    ensure!(accept(&mut world, &offer).await? == "IDENTITY_REQUIRED");
    let refused = json!({ "fullName": "Alex Retry", "consent": false });
    let refused = world
        .post(Client::Borrower, "/v1/verifications", &key(), &refused)
        .await?;
    ensure!(refused.status == 422, "nothing without consent: {}", refused.status);
    let id = begin(&mut world, "Alex Retry").await?;
    ensure!(accept(&mut world, &offer).await? == "IDENTITY_PENDING");
    let again = json!({ "fullName": "Alex Retry", "consent": true });
    let again = world
        .post(Client::Borrower, "/v1/verifications", &key(), &again)
        .await?;
    ensure!(text(&again.json(), "/code") == "VERIFICATION_RUNNING");
    // Nobody else sees it, and the vendor's address takes nothing that the vendor did not sign.
    let path = format!("/v1/verifications/{id}");
    let stranger = world.send(Some(Client::Stranger), &Call::get("", &path)).await?;
    ensure!(stranger.status == 404, "{}", stranger.status);
    let forged = json!({ "type": "applicantReviewed", "reviewResult": { "reviewAnswer": "GREEN" } });
    let forged = world.send(None, &Call::post("", "/hooks/kyc/sumsub", &forged)).await?;
    ensure!(forged.status == 401, "{}", forged.status);

    open(&mut world, &id).await?;
    let tried = until(&mut world, &id, "RETRY").await?;
    ensure!(tried["labels"] == json!(["UNSATISFACTORY_PHOTOS"]), "{tried}");
    ensure!(
        tried["reason"].is_null() && tried["events"] == json!([]),
        "for officers: {tried}"
    );
    open(&mut world, &id).await?;
    let verified = until(&mut world, &id, "VERIFIED").await?;
    ensure!(!verified["verifiedUntil"].is_null(), "{verified}");
    let other = quote(&mut world, "Somebody Different").await?;
    ensure!(accept(&mut world, &other).await? == "IDENTITY_MISMATCH");
    ensure!(accept(&mut world, &offer).await? == "201");
    let log = world.whole_log();
    ensure!(
        !log.contains("Alex") && !log.contains("websdk"),
        "neither names nor pages are logged"
    );

    world.time_passes(YEAR).await?;
    until(&mut world, &id, "EXPIRED").await?;
    let late = quote(&mut world, "Alex Retry").await?;
    ensure!(accept(&mut world, &late).await? == "IDENTITY_REQUIRED");
    world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_is_lifted_by_two_officers_alone() -> Result<()> {
    let (mut world, vendor) = world().await?;
    let offer = quote(&mut world, "Alex Reject").await?;
    let id = begin(&mut world, "Alex Reject").await?;
    open(&mut world, &id).await?;
    let rejected = until(&mut world, &id, "REJECTED").await?;
    ensure!(
        rejected["labels"] == json!([]),
        "the borrower is not told why: {rejected}"
    );
    ensure!(accept(&mut world, &offer).await? == "IDENTITY_REFUSED");
    let again = json!({ "fullName": "Alex Reject", "consent": true });
    let again = world
        .post(Client::Borrower, "/v1/verifications", &key(), &again)
        .await?;
    ensure!(text(&again.json(), "/code") == "VERIFICATION_FINAL");

    let (shown, code) = usance(&world, "dev-officer", &["show", &id]).await?;
    ensure!(
        code == 0 && shown.contains("FORGERY") && shown.contains("applicantReviewed"),
        "{shown}"
    );
    let (made, code) = usance(
        &world,
        "dev-officer",
        &["review", &id, "--note", "seen in person", "--json"],
    )
    .await?;
    ensure!(code == 0, "{made}");
    let review = text(&serde_json::from_str(&made)?, "/review/id");
    let (own, code) = usance(&world, "dev-officer", &["approve", &review, "--note", "I am sure"]).await?;
    ensure!(code == 1 && own.contains("FOUR_EYES"), "{own}");
    // The vendor changes its mind meanwhile: that alone lifts nothing, but people look.
    let session = uuid::Uuid::parse_str(id.trim_start_matches("ver_"))?.to_string();
    let applicant = vendor.vendor.applicant(&session).context("an applicant")?;
    let green = vendor
        .vendor
        .review(&applicant, &json!({ "reviewAnswer": "GREEN" }))
        .context("a webhook")?;
    ensure!(green.send().await == Some(200));
    until(&mut world, &id, "REVIEW").await?;
    ensure!(accept(&mut world, &offer).await? == "IDENTITY_PENDING");
    let waiting = world.get(Client::Officer, "/v1/cases?state=OPEN").await?;
    ensure!(waiting.to_string().matches("KYC_REVIEW").count() == 1, "{waiting}");
    let (made, code) = usance(&world, "dev-second-officer", &["approve", &review, "--note", "I agree"]).await?;
    ensure!(code == 0 && made.contains("VERIFIED"), "{made}");
    ensure!(accept(&mut world, &offer).await? == "201");
    let closed = world.get(Client::Officer, "/v1/cases?state=CLOSED").await?;
    ensure!(
        closed.to_string().matches("KYC_REVIEW").count() == 1,
        "two officers approved, so their case is closed: {closed}"
    );
    let (listed, code) = usance(&world, "dev-officer", &["list", "--state", "verified"]).await?;
    ensure!(code == 0 && listed.contains(&id), "{listed}");
    world.finish().await
}
