//! Bad input gets a typed refusal that names its field; the server never answers 500 (the environment checks every answer).

use std::collections::BTreeSet;

use alloy_primitives::U256;
use anyhow::{Result, ensure};
use chain::deploy::DevAsset;
use chain::keys::DevAccount;
use domain::ports::Clock as _;
use serde_json::{Value, json};
use usance_tests::environment::key;
use usance_tests::http::{Answer, Call};
use usance_tests::journey::{self, text};
use usance_tests::{Client, Environment, Options};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");
const REQUESTS: &str = "/v1/quote-requests";

async fn start() -> Result<Environment> {
    Environment::start(PROGRAM, Options::quick()).await
}

#[track_caller]
fn refused(answer: &Answer, status: u16, code: &str, field: &str) {
    let problem = answer.json();
    assert_eq!(answer.status, status, "{}", answer.text());
    assert_eq!(answer.header("content-type"), Some("application/problem+json"));
    assert_eq!(text(&problem, "/code"), code, "{problem}");
    if !field.is_empty() {
        assert!(
            text(&problem, "/errors/0/pointer").contains(field),
            "{field}: {problem}"
        );
    }
}

/// The sample request with one value replaced.
fn with(sample: &Value, pointer: &str, value: Value) -> Value {
    let mut bent = sample.clone();
    let place = bent.pointer_mut(pointer).unwrap_or_else(|| panic!("no {pointer}"));
    *place = value;
    bent
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_field_of_a_request_is_named() -> Result<()> {
    let mut world = start().await?;
    let sample = journey::sample(&world, "5000.00");
    for (pointer, value, field) in [
        ("/amount/currency", json!("ZZZ"), "amount/currency"),
        ("/amount/amount", json!("-5000.00"), "amount"),
        ("/amount/amount", json!("0.00"), "amount"),
        ("/amount/amount", json!("99999999999.00"), "amount"),
        (
            "/amount/amount",
            json!("999999999999999999999999999999999"),
            "amount/amount",
        ),
        ("/amount/amount", json!("5000.001"), "amount/amount"),
        ("/amount/amount", json!("five"), "amount/amount"),
        ("/term/count", json!(0), "term"),
        ("/term/count", json!(4_000_000_000u32), "term"),
        ("/country", json!("USA"), "country"),
        ("/region", json!("california"), "region"),
        ("/wallet", json!("0x12"), "wallet"),
        ("/wallet", json!("0x0000000000000000000000000000000000000000"), "wallet"),
        ("/collateral/chainId", json!("1"), "collateral"),
        ("/collateral/units", json!("-1"), "collateral/units"),
        ("/applicant/fullName", json!(""), "fullName"),
        ("/applicant/monthlyIncome/currency", json!("EUR"), "monthlyIncome"),
    ] {
        let answer = world
            .post(Client::Borrower, REQUESTS, &key(), &with(&sample, pointer, value))
            .await?;
        refused(&answer, 422, "INVALID", field);
    }
    for (pointer, value) in [
        ("/term/unit", json!("FORTNIGHT")),
        ("/term/count", json!(-1)),
        ("/amount", json!(5000)),
    ] {
        let answer = world
            .post(Client::Borrower, REQUESTS, &key(), &with(&sample, pointer, value))
            .await?;
        refused(&answer, 422, "INVALID", "");
    }
    let query = "mutation($key: String!, $input: RequestQuotesInput!) { requestQuotes(idempotencyKey: $key, input: $input) \
                 { request { id } refusals { code field } } }";
    let input = with(&sample, "/amount/currency", json!("ZZZ"));
    let answer = world
        .graphql(Client::Borrower, query, &json!({ "key": key(), "input": input }))
        .await?;
    assert_eq!(
        answer.pointer("/data/requestQuotes/refusals/0"),
        Some(&json!({ "code": "INVALID", "field": "amount.currency" }))
    );
    world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_refused_before_it_is_looked_at() -> Result<()> {
    let mut world = start().await?;
    let raw = |body: &[u8]| Call {
        headers: vec![
            ("content-type", "application/json".to_owned()),
            ("idempotency-key", key()),
        ],
        body: body.to_vec(),
        ..Call::post("", REQUESTS, &Value::Null)
    };
    for body in [&b"{\"amount\":"[..], b"[1]", b"", b"\xff\xfe"] {
        let answer = world.send(Some(Client::Borrower), &raw(body)).await?;
        refused(&answer, 400, "MALFORMED", "");
    }
    let large = world
        .send(Some(Client::Borrower), &raw(&vec![b' '; 300 * 1024]))
        .await?;
    assert_eq!(large.status, 413, "{}", large.text());
    let nested = world
        .send(Some(Client::Borrower), &raw("[".repeat(100_000).as_bytes()))
        .await?;
    assert_eq!(nested.status, 400, "{}", nested.text());
    let keyless = world
        .send(Some(Client::Borrower), &Call::post("", REQUESTS, &json!({})))
        .await?;
    refused(&keyless, 400, "IDEMPOTENCY_KEY_MISSING", "");
    let nobody = world.send(None, &Call::get("", "/v1/loans")).await?;
    refused(&nobody, 401, "UNAUTHORIZED", "");
    let forged = Call::get("", "/v1/loans").header("authorization", "Bearer e30.e30.AAAA");
    refused(&world.send(None, &forged).await?, 401, "UNAUTHORIZED", "");

    let deep = format!(
        "{{ loans {{ edges {{ node {}id{} }} }} }}",
        "{ settlement { loan ".repeat(20),
        " } }".repeat(20)
    );
    for query in [
        deep.as_str(),
        "{ loans { nothing } }",
        "{",
        "query { loans @x { totalCount } }",
    ] {
        let answer = world.graphql(Client::Borrower, query, &json!({})).await?;
        assert!(
            answer["errors"].as_array().is_some_and(|e| !e.is_empty()) && answer["data"].is_null(),
            "{answer}"
        );
    }
    let lists: Vec<_> = (0..5_000).map(|i| format!("a{i}: loans {{ totalCount }}")).collect();
    let wide = format!("{{ {} }}", lists.join(" "));
    let answer = world.graphql(Client::Borrower, &wide, &json!({})).await?;
    let shown: String = answer.to_string().chars().take(300).collect();
    assert!(
        answer["errors"].is_array(),
        "a query of 5,000 lists is refused: {shown}"
    );
    world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_quote_is_accepted_once_as_it_was_shown_and_in_time() -> Result<()> {
    let mut world = Environment::start(
        PROGRAM,
        Options {
            desk_valid_seconds: 3,
            ..Options::quick()
        },
    )
    .await?;
    let book = journey::quoted(&mut world, "5000.00").await?;
    let (bank, desk) = (book.quote("harbor-bank")?, book.quote("desk-one")?);
    let accept = |quote: &Value| format!("/v1/quotes/{}/accept", text(quote, "/id"));
    let altered = json!({ "digest": format!("0x{}", "ab".repeat(32)) });
    refused(
        &world.post(Client::Borrower, &accept(bank), &key(), &altered).await?,
        409,
        "QUOTE_CHANGED",
        "digest",
    );
    let short = json!({ "digest": "0xab" });
    refused(
        &world.post(Client::Borrower, &accept(bank), &key(), &short).await?,
        422,
        "INVALID",
        "digest",
    );

    let until: chrono::DateTime<chrono::Utc> = text(desk, "/validUntil").parse()?;
    while server::clock::SystemClock.now() <= until {
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let answer = world
        .post(
            Client::Borrower,
            &accept(desk),
            &key(),
            &json!({ "digest": desk["digest"] }),
        )
        .await?;
    refused(&answer, 409, "QUOTE_EXPIRED", "quoteId");

    journey::accept(&mut world, bank).await?;
    let again = json!({ "digest": bank["digest"] });
    refused(
        &world.post(Client::Borrower, &accept(bank), &key(), &again).await?,
        409,
        "ALREADY_ACCEPTED",
        "",
    );
    world.books_are_right().await?;
    world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_borrowers_signature_of_this_intent_on_this_chain_counts() -> Result<()> {
    let mut world = start().await?;
    let (borrower, other) = (DevAccount::Borrower.address(), DevAccount::Deployer.address());
    let mut settlements = Vec::new();
    for amount in ["5000.00", "5100.00"] {
        let book = journey::quoted(&mut world, amount).await?;
        settlements.push(journey::accept(&mut world, book.quote("desk-one")?).await?);
    }
    let data = settlements[1]["typedData"].clone();
    let mut elsewhere = data.clone();
    elsewhere["domain"]["chainId"] = json!(31338);
    let wrong_signer = journey::wallet_signature(&world, other, &data).await?;
    let wrong_chain = journey::wallet_signature(&world, borrower, &elsewhere).await?;
    let replayed = journey::wallet_signature(&world, borrower, &settlements[0]["typedData"]).await?;
    let path = format!("/v1/settlements/{}/signature", text(&settlements[1], "/id"));
    for signature in [wrong_signer, wrong_chain, replayed] {
        let answer = world
            .post(Client::Borrower, &path, &key(), &json!({ "signature": signature }))
            .await?;
        refused(&answer, 409, "WRONG_SIGNER", "signature");
    }
    for (signature, status) in [
        (json!("0x12"), 422),
        (json!("no hex"), 422),
        (json!(7), 422),
        (Value::Null, 422),
    ] {
        let answer = world
            .post(Client::Borrower, &path, &key(), &json!({ "signature": signature }))
            .await?;
        assert_eq!(answer.status, status, "{}", answer.text());
    }
    let transactions = world.books.count("select count(*) from chain.tx").await?;
    assert_eq!(transactions, 0, "nothing was sent to the chain");

    let signed = journey::sign(&mut world, &settlements[0]).await?;
    let again = json!({ "signature": format!("0x{}", "11".repeat(65)) });
    let path = format!("/v1/settlements/{}/signature", text(&signed, "/id"));
    let answer = world.post(Client::Borrower, &path, &key(), &again).await?;
    ensure!(
        answer.status == 409 || answer.status == 422,
        "a second signature: {} {}",
        answer.status,
        answer.text()
    );
    journey::loan_in(&mut world, &text(&signed, "/loan/id"), "ACTIVE").await?;
    assert!(journey::wallet_balance(&world, DevAsset::Dollar).await? > U256::ZERO);
    assert_eq!(journey::originations(&world).await?, 1);
    world.books_are_right().await?;
    world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_another_tenant_do_not_exist() -> Result<()> {
    let mut world = start().await?;
    let book = journey::quoted(&mut world, "5000.00").await?;
    let quote = book.quote("harbor-bank")?.clone();
    let settlement = journey::accept(&mut world, &quote).await?;
    let (request, quote_id) = (book.request.clone(), text(&quote, "/id"));
    let (settlement_id, loan) = (text(&settlement, "/id"), text(&settlement, "/loan/id"));
    for path in [
        format!("/v1/quote-requests/{request}"),
        format!("/v1/quote-requests/{request}/quotes"),
        format!("/v1/quote-requests/{request}/events"),
        format!("/v1/quotes/{quote_id}"),
        format!("/v1/settlements/{settlement_id}"),
        format!("/v1/loans/{loan}"),
        format!("/v1/loans/{loan}/schedule"),
        format!("/v1/loans/{loan}/repayments"),
        format!("/v1/loans/{loan}/payoff-quote"),
    ] {
        let answer = world.send(Some(Client::Stranger), &Call::get("", &path)).await?;
        refused(&answer, 404, "NOT_FOUND", "");
    }
    let digest = json!({ "digest": quote["digest"] });
    let path = format!("/v1/quotes/{quote_id}/accept");
    refused(
        &world.post(Client::Stranger, &path, &key(), &digest).await?,
        404,
        "NOT_FOUND",
        "",
    );
    let path = format!("/v1/settlements/{settlement_id}/cancel");
    refused(
        &world.post(Client::Stranger, &path, &key(), &json!({})).await?,
        404,
        "NOT_FOUND",
        "",
    );
    let query = "query($r: ID!, $q: ID!, $l: ID!) { quoteRequest(id: $r) { id } quote(id: $q) { id } loan(id: $l) { id } \
                 node(id: $l) { __typename } }";
    let variables = json!({ "r": request, "q": quote_id, "l": loan });
    let answer = world.graphql(Client::Stranger, query, &variables).await?;
    assert_eq!(
        answer["data"],
        json!({ "quoteRequest": null, "quote": null, "loan": null, "node": null })
    );
    for path in ["/v1/loans/nonsense", "/v1/quotes/loan_00", "/v1/loans/loan_zz"] {
        let answer = world.send(Some(Client::Borrower), &Call::get("", path)).await?;
        ensure!(
            [404, 422].contains(&answer.status),
            "{path}: {} {}",
            answer.status,
            answer.text()
        );
    }
    world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_one_effect_and_another_body_is_refused() -> Result<()> {
    let mut world = start().await?;
    let sample = journey::sample(&world, "5000.00");
    let bodies = at_once(&mut world, REQUESTS, &sample, 202).await?;
    assert_eq!(bodies.len(), 1, "all answers are the same bytes");
    assert_eq!(world.books.count("select count(*) from quoting.request").await?, 1);

    let made: Value = serde_json::from_str(bodies.first().map_or("", String::as_str))?;
    let book = journey::closed(&mut world, &text(&made, "/id")).await?;
    let quote = book.quote("harbor-bank")?;
    let path = format!("/v1/quotes/{}/accept", text(quote, "/id"));
    let bodies = at_once(&mut world, &path, &json!({ "digest": quote["digest"] }), 201).await?;
    // The loan is shown as it is at that moment: the bank may have paid out before the last answer is written.
    let without_state = |body: &String| -> Result<String> {
        let mut settlement: Value = serde_json::from_str(body)?;
        let state = settlement["loan"]["state"].take();
        ensure!(
            ["PENDING", "ACTIVE"].contains(&state.as_str().unwrap_or_default()),
            "{state}"
        );
        Ok(settlement.to_string())
    };
    let bodies = bodies.iter().map(without_state).collect::<Result<BTreeSet<String>>>()?;
    assert_eq!(bodies.len(), 1, "all answers are the same bytes: {bodies:?}");
    assert_eq!(world.books.count("select count(*) from lending.settlement").await?, 1);

    let key = key();
    world.done(Client::Borrower, REQUESTS, &key, &sample).await?;
    let other = journey::sample(&world, "6000.00");
    let answer = world.post(Client::Borrower, REQUESTS, &key, &other).await?;
    refused(&answer, 422, "IDEMPOTENCY_KEY_REUSED", "");
    world.finish().await
}

/// 64 calls with one key at once; the different bodies of their answers.
async fn at_once(world: &mut Environment, path: &str, body: &Value, status: u16) -> Result<BTreeSet<String>> {
    let (token, base, key) = (world.token(Client::Borrower).await?, world.url.clone(), key());
    let call = Call::post(&base, path, body)
        .header("idempotency-key", key)
        .header("authorization", format!("Bearer {token}"));
    let answers = futures::future::try_join_all((0..64).map(|_| call.send())).await?;
    for answer in &answers {
        ensure!(
            answer.status == status,
            "{} {}\n{}",
            answer.status,
            answer.text(),
            world.log()
        );
    }
    Ok(answers.iter().map(Answer::text).collect())
}

/// Every bad kind of answer that a lender can give: it is a loser with a reason, never a quote, and the others are served.
#[tokio::test(flavor = "multi_thread")]
async fn a_bad_answer_of_a_lender_is_never_a_quote() -> Result<()> {
    let mut world = start().await?;
    for cents in [
        1, 2, 5, 10, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29,
    ] {
        let book = journey::quoted(&mut world, &format!("5000.{cents:02}")).await?;
        assert!(
            book.quote("harbor-bank").is_err(),
            "magic amount {cents}: {:?}",
            book.quotes
        );
        let losers = book.view["losers"].as_array().cloned().unwrap_or_default();
        let loser = losers.iter().find(|loser| loser["provider"] == "harbor-bank");
        let reasons = loser.map(|loser| loser["reasons"].clone()).unwrap_or_default();
        assert!(
            reasons.as_array().is_some_and(|r| !r.is_empty()),
            "magic amount {cents}: {losers:?}"
        );
    }
    let book = journey::quoted(&mut world, "5000.00").await?;
    assert!(book.quote("harbor-bank").is_ok(), "an honest answer is a quote again");
    world.finish().await
}
