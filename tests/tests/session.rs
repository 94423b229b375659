//! People sign in over HTTP: cookies, requests of other sites, and the page itself.

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use usance_tests::http::{Answer, Call};
use usance_tests::journey::text;
use usance_tests::{Environment, Options};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");
const GOOD: &str = "correct horse battery";

/// A marketplace with a small app, where people register.
async fn start(folder: &std::path::Path) -> Result<Environment> {
    std::fs::create_dir(folder.join("assets"))?;
    std::fs::write(folder.join("index.html"), "<!doctype html>the app")?;
    std::fs::write(folder.join("assets/app-1.js"), "let app")?;
    let options = Options {
        more_config: json!({ "web": { "folder": folder, "register_tenant": server::seed::TENANTS[0] } }),
        ..Options::quick()
    };
    Environment::start(PROGRAM, options).await
}

async fn post(world: &Environment, path: &str, body: &Value, headers: &[(&str, &str)]) -> Result<Answer> {
    let mut call = Call::post(&world.url, path, body);
    for (name, value) in headers {
        call = call.header(name, *value);
    }
    Ok(call.send().await?)
}

/// As our own page posts.
async fn ours(world: &Environment, path: &str, body: &Value, cookie: Option<&str>) -> Result<Answer> {
    let origin = world.url.clone();
    let mut headers = vec![
        ("x-usance-session", "1"),
        ("origin", origin.as_str()),
        ("sec-fetch-site", "same-origin"),
    ];
    headers.extend(cookie.map(|cookie| ("cookie", cookie)));
    post(world, path, body, &headers).await
}

/// The pair of the cookie that an answer sets.
fn cookie(answer: &Answer) -> Result<String> {
    let line = answer.header("set-cookie").context("no cookie")?;
    Ok(line.split(';').next().unwrap_or_default().to_owned())
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(text(&answer.json(), "/code"), code);
}

async fn what_is_wrong_is_named(world: &Environment) -> Result<()> {
    let wrong = json!({ "login": "ada@mail.example", "password": "something else" });
    refused(&ours(world, "/session", &wrong, None).await?, 401, "WRONG_CREDENTIALS");
    let short = json!({ "login": "eve@mail.example", "password": "short" });
    let short = ours(world, "/session/register", &short, None).await?;
    refused(&short, 422, "INVALID");
    ensure!(text(&short.json(), "/field") == "password");
    let address = json!({ "address": "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266", "chainId": 31337 });
    let challenge = ours(world, "/session/wallet/challenge", &address, None).await?;
    let message = text(&challenge.json(), "/message");
    ensure!(
        message.starts_with(world.url.trim_start_matches("http://")),
        "{message}"
    );
    let forged = json!({ "message": message, "signature": format!("0x{}", "11".repeat(65)) });
    refused(
        &ours(world, "/session/wallet", &forged, None).await?,
        401,
        "WALLET_SIGNATURE",
    );
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_registers_renews_asks_and_signs_out() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let world = start(folder.path()).await?;
    let credentials = json!({ "login": "ada@mail.example", "password": GOOD });
    let made = ours(&world, "/session/register", &credentials, None).await?;
    ensure!(made.status == 201, "{}", made.text());
    let line = made.header("set-cookie").context("no cookie")?.to_owned();
    for part in [
        "usance-session=",
        "; Path=/session",
        "; Max-Age=1209600",
        "; HttpOnly",
        "; SameSite=Strict",
    ] {
        ensure!(line.contains(part), "{part}: {line}");
    }
    ensure!(
        !line.contains("Secure") && !line.contains("Domain"),
        "plain HTTP on this machine: {line}"
    );
    ensure!(made.header("cache-control") == Some("no-store"));
    let body = made.json();
    ensure!(text(&body, "/principal/role") == "BORROWER" && text(&body, "/principal/name") == "ada@mail.example");
    ensure!(
        body["expiresIn"] == 900 && body["principal"]["provider"].is_null() && body["principal"]["groups"] == json!([])
    );

    let renewed = ours(&world, "/session/renew", &json!({}), Some(&cookie(&made)?)).await?;
    ensure!(renewed.status == 200, "{}", renewed.text());
    let token = text(&renewed.json(), "/accessToken");
    let bearer = format!("Bearer {token}");
    let loans = Call::get(&world.url, "/v1/loans")
        .header("authorization", bearer)
        .send()
        .await?;
    ensure!(loans.status == 200, "{}", loans.text());

    let fresh = cookie(&renewed)?;
    let ended = ours(&world, "/session/end", &json!({}), Some(&fresh)).await?;
    ensure!(
        ended.status == 204
            && ended
                .header("set-cookie")
                .is_some_and(|line| line.contains("Max-Age=0"))
    );
    let gone = ours(&world, "/session/renew", &json!({}), Some(&fresh)).await?;
    refused(&gone, 401, "NO_SESSION");
    ensure!(gone.header("set-cookie").is_some_and(|line| line.contains("Max-Age=0")));
    refused(
        &ours(&world, "/session/renew", &json!({}), None).await?,
        401,
        "NO_SESSION",
    );

    let back = ours(&world, "/session", &credentials, None).await?;
    ensure!(back.status == 200 && text(&back.json(), "/principal/id") == text(&body, "/principal/id"));
    what_is_wrong_is_named(&world).await
}

#[tokio::test(flavor = "multi_thread")]
async fn another_site_changes_no_session_and_the_page_is_guarded() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let world = start(folder.path()).await?;
    let credentials = json!({ "login": "ada@mail.example", "password": GOOD });
    let own = world.url.clone();
    for path in [
        "/session",
        "/session/register",
        "/session/wallet",
        "/session/wallet/challenge",
        "/session/renew",
        "/session/end",
    ] {
        let bare = post(&world, path, &credentials, &[("origin", &own)]).await?;
        refused(&bare, 403, "SESSION_HEADER_MISSING");
        for origin in ["https://evil.example", "null", "http://127.0.0.1:1"] {
            let other = [("x-usance-session", "1"), ("origin", origin)];
            refused(&post(&world, path, &credentials, &other).await?, 403, "CROSS_ORIGIN");
        }
        let site = [("x-usance-session", "1"), ("sec-fetch-site", "same-site")];
        refused(&post(&world, path, &credentials, &site).await?, 403, "CROSS_ORIGIN");
    }
    ensure!(world.books.count("select count(*) from identity.login").await? == 0);

    let open = |path: &'static str| Call::get(&own, path).header("accept", "text/html");
    let page = open("/loans/anything").send().await?;
    ensure!(page.status == 200 && page.text() == "<!doctype html>the app");
    let policy = page.header("content-security-policy").context("no policy")?;
    ensure!(
        !policy.contains("unsafe") && policy.contains("frame-ancestors 'none'"),
        "{policy}"
    );
    let asset = open("/assets/app-1.js").send().await?;
    ensure!(asset.header("cache-control") == Some("public, max-age=31536000, immutable"));
    let etag = asset.header("etag").context("no tag")?.to_owned();
    let again = open("/assets/app-1.js").header("if-none-match", etag).send().await?;
    ensure!(again.status == 304 && again.body.is_empty());
    for path in [
        "/assets/../../usance.toml",
        "/assets/%2e%2e/%2e%2e/usance.toml",
        "/v1/nothing",
    ] {
        let answer = open(path).send().await?;
        ensure!(answer.status == 404, "{path}: {}", answer.status);
    }
    Ok(())
}
