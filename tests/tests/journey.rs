//! The main job, end to end, through the public API alone.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::{Value, json};
use usance_tests::environment::key;
use usance_tests::http::Call;
use usance_tests::journey::{self, text};
use usance_tests::{Client, Environment, Options};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");

fn providers<'a>(updates: impl IntoIterator<Item = &'a Value>) -> BTreeSet<String> {
    updates.into_iter().map(|update| text(update, "/provider")).collect()
}

/// Quotes stream in as lenders answer; a wrong APR is flagged, a lie is never shown, and the ranking replays.
#[tokio::test(flavor = "multi_thread")]
async fn quotes_arrive_one_by_one_and_are_what_they_claim_or_flagged() -> Result<()> {
    let mut world = Environment::start(
        PROGRAM,
        Options {
            chains: vec![31337, 31338],
            ..Options::default()
        },
    )
    .await?;
    let input = journey::sample(&world, "5000.00");
    let made = world
        .done(Client::Borrower, "/v1/quote-requests", &key(), &input)
        .await?;
    let request = text(&made, "/id");

    let updates = journey::streamed(&mut world, &request).await?;
    assert_eq!(
        updates.last().map(|last| text(last, "/event")),
        Some("closed".to_owned())
    );
    let streamed: Vec<_> = updates.iter().filter(|u| u["event"] == "quote").collect();

    let book = journey::closed(&mut world, &request).await?;
    assert!(book.quotes.len() >= 4, "{book:?}");
    assert_eq!(
        providers(streamed),
        providers(&book.quotes),
        "what was streamed is what the book holds"
    );
    let losers = book.view["losers"].as_array().cloned().unwrap_or_default();
    let answered: BTreeSet<_> = providers(&book.quotes).union(&providers(&losers)).cloned().collect();
    assert!(answered.len() >= 6, "at least six lenders: {answered:?}");

    let flags = |provider: &str| book.quote(provider).map(|quote| quote["flags"].clone());
    assert!(
        flags("swift-fintech")?
            .as_array()
            .is_some_and(|f| f.contains(&json!("APR_MISDECLARED")))
    );
    assert!(
        !flags("harbor-bank")?
            .as_array()
            .is_some_and(|f| f.contains(&json!("APR_MISDECLARED")))
    );
    assert!(
        book.quote("trickster").is_err(),
        "an offer in another currency is not a quote"
    );
    assert!(
        losers
            .iter()
            .any(|loser| loser["provider"] == "trickster" && loser["kind"] == "MALFORMED"),
        "{losers:?}"
    );
    assert!(
        losers
            .iter()
            .any(|loser| loser["provider"] == "stern-credit" && loser["kind"] == "DECLINED"),
        "{losers:?}"
    );
    assert!(
        losers
            .iter()
            .any(|loser| loser["provider"] == "silent" && loser["kind"] == "LATE"),
        "{losers:?}"
    );
    world.books.ranking_replays(&request).await?;

    graphql_streams_the_same(&mut world, &request, book.quotes.len()).await?;
    world.finish().await
}

async fn graphql_streams_the_same(world: &mut Environment, request: &str, quotes: usize) -> Result<()> {
    let query = "subscription($id: ID!) { quoteUpdates(requestId: $id) { __typename ... on Quote { provider } } }";
    let body = json!({ "query": query, "variables": { "id": request } });
    let mut stream = world
        .events(Client::Borrower, Call::post("", "/graphql", &body))
        .await?;
    let mut names = Vec::new();
    while let Some(event) = stream.event().await? {
        if event.name == "next" {
            let update: Value = serde_json::from_str(&event.data)?;
            names.push(text(&update, "/data/quoteUpdates/__typename"));
        }
    }
    assert_eq!(
        names.iter().filter(|name| *name == "Quote").count(),
        quotes,
        "{names:?}"
    );
    assert_eq!(names.last().map(String::as_str), Some("QuoteRequest"));
    Ok(())
}

/// Accept, sign, settle, active after finality, two installments, payoff, collateral back, closed.
#[tokio::test(flavor = "multi_thread")]
async fn an_on_chain_loan_lives_from_quote_to_closure() -> Result<()> {
    let mut world = Environment::start(PROGRAM, Options::quick()).await?;
    journey::onchain_loan(&mut world).await?;
    world.finish().await
}

/// The same on each of two chains of one marketplace.
#[tokio::test(flavor = "multi_thread")]
async fn on_chain_loans_live_on_both_chains() -> Result<()> {
    let mut world = Environment::start(
        PROGRAM,
        Options {
            chains: vec![31337, 31338],
            ..Options::quick()
        },
    )
    .await?;
    for (chain, provider) in [(0, "desk-one"), (1, "desk-two")] {
        journey::onchain_loan_on(&mut world, chain, provider).await?;
    }
    world.finish().await
}

/// Accepted by the lender's API, paid out by evidence, repaid off chain, closed.
#[tokio::test(flavor = "multi_thread")]
async fn a_bank_loan_lives_from_quote_to_closure() -> Result<()> {
    let mut world = Environment::start(PROGRAM, Options::quick()).await?;
    journey::bank_loan(&mut world).await?;
    world.finish().await
}
