//! Wallets of a settlement, looked up at the chain's sanctions oracle and at a service, with the real program, chain and database. The
//! signature comes before the collateral is allowed: until then the transaction would revert and stays queued, so that what the test
//! changes lies between the signature and the release.

use std::sync::Arc;

use alloy_primitives::Address;
use anyhow::{Result, ensure};
use chain::deploy::dev_sanctions;
use chain::devnet::set_sanctioned;
use chain::keys::DevAccount;
use sandbox::identity::ApiFault;
use sandbox::wallets::{ELLIPTIC_KEY, ELLIPTIC_SECRET, WalletsHandle};
use serde_json::{Value, json};
use server::clock::{SystemClock, UuidV7Ids};
use usance_tests::environment::key;
use usance_tests::{Client, Environment, Options, journey};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");
const RELEASE_WAITS: &str =
    "select count(*) from screening.wallet_check where stage = 'RELEASE' and verdict = 'UNKNOWN'";
const RELEASE_STOPPED: &str =
    "select count(*) from screening.wallet_check where stage = 'RELEASE' and verdict = 'BLOCK'";
const RELEASE_CLEAR: &str = "select count(*) from screening.wallet_check where stage = 'RELEASE' and verdict = 'CLEAR'";

/// An accepted and signed quote whose transaction cannot be sent yet.
async fn signed(world: &mut Environment) -> Result<Value> {
    let book = journey::quoted(world, "5000.00").await?;
    let settlement = journey::accept(world, book.quote("desk-one")?).await?;
    let borrower = DevAccount::Borrower.address();
    let signature = journey::wallet_signature(world, borrower, &settlement["typedData"]).await?;
    let path = format!("/v1/settlements/{}/signature", journey::text(&settlement, "/id"));
    world
        .done(Client::Borrower, &path, &key(), &json!({ "signature": signature }))
        .await?;
    Ok(settlement)
}

async fn ends_as(world: &mut Environment, settlement: &Value, state: &str) -> Result<()> {
    let path = format!("/v1/settlements/{}", journey::text(settlement, "/id"));
    let seen = |seen: &Value| seen["state"] == state;
    world
        .until(state, (Client::Borrower, &path), true, seen)
        .await
        .map(drop)
}

/// Asks the database again until there is one such row.
async fn counted(world: &mut Environment, query: &'static str) -> Result<()> {
    let path = "/livez";
    for _ in 0..600 {
        if world.books.count(query).await? == 1 {
            return Ok(());
        }
        world.send(None, &usance_tests::http::Call::get("", path)).await?;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    anyhow::bail!("never: {query}\n{}", world.log())
}

async fn nothing_went_out(world: &mut Environment) -> Result<()> {
    ensure!(journey::originations(world).await? == 0, "money went out");
    let sent = world.books.transactions().await?;
    ensure!(sent.is_empty(), "{sent:?}");
    world.books_are_right().await
}

#[tokio::test(flavor = "multi_thread")]
async fn who_the_oracle_lists_between_signature_and_release_gets_nothing() -> Result<()> {
    let mut world = Environment::start(PROGRAM, Options::quick()).await?;
    let settlement = signed(&mut world).await?;
    let (id, url) = (world.chains[0].chain_id(), world.chains[0].url().to_owned());
    set_sanctioned(id, &url, &[DevAccount::Borrower.address()], true).await?;
    journey::from_wallet(&world, &settlement["approvals"]).await?;
    ends_as(&mut world, &settlement, "CANCELLED").await?;
    counted(&mut world, RELEASE_STOPPED).await?;
    nothing_went_out(&mut world).await?;
    world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_release_waits_for_an_oracle_that_does_not_answer_also_across_a_crash() -> Result<()> {
    let mut world = Environment::start(PROGRAM, Options::quick()).await?;
    let settlement = signed(&mut world).await?;
    // An address without code answers nothing.
    let oracle: Address = dev_sanctions();
    let code: String = world.chains[0]
        .rpc()
        .raw("eth_getCode", json!([oracle, "latest"]))
        .await?;
    let set = async |world: &Environment, code: &str| -> Result<()> {
        let rpc = world.chains[0].rpc();
        Ok(rpc
            .raw::<Value>("anvil_setCode", json!([oracle, code]))
            .await
            .map(drop)?)
    };
    set(&world, "0x").await?;
    journey::from_wallet(&world, &settlement["approvals"]).await?;
    counted(&mut world, RELEASE_WAITS).await?;
    world.restart().await?;
    nothing_went_out(&mut world).await?;
    set(&world, &code).await?;
    ends_as(&mut world, &settlement, "SETTLED").await?;
    counted(&mut world, RELEASE_CLEAR).await?;
    ensure!(world.books.count(RELEASE_WAITS).await? == 1, "a wait is stored once");
    ensure!(journey::originations(&world).await? == 1, "not exactly one origination");
    world.finish().await
}

async fn elliptic() -> Result<(WalletsHandle, Options)> {
    let outside = sandbox::World {
        clock: Arc::new(SystemClock),
        ids: Arc::new(UuidV7Ids),
    };
    let services = sandbox::wallets::spawn(outside).await?;
    let elliptic = json!({ "url": services.base_url, "key": ELLIPTIC_KEY, "secret": ELLIPTIC_SECRET });
    let options = Options {
        more_config: json!({ "wallet_screening": { "elliptic": elliptic } }),
        ..Options::quick()
    };
    Ok((services, options))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_goes_wrong_holds_the_money_until_it_answers() -> Result<()> {
    let (services, options) = elliptic().await?;
    let mut world = Environment::start(PROGRAM, options).await?;
    let settlement = signed(&mut world).await?;
    services.services.set(ApiFault::NotJson);
    journey::from_wallet(&world, &settlement["approvals"]).await?;
    counted(&mut world, RELEASE_WAITS).await?;
    services.services.set(ApiFault::Unavailable);
    nothing_went_out(&mut world).await?;
    services.services.set(ApiFault::None);
    ends_as(&mut world, &settlement, "SETTLED").await?;
    ensure!(journey::originations(&world).await? == 1, "not exactly one origination");
    world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_recipient_of_severe_risk_is_not_accepted_and_the_look_is_kept() -> Result<()> {
    let (_services, options) = elliptic().await?;
    let mut world = Environment::start(PROGRAM, options).await?;
    let book = journey::quoted(&mut world, "5000.00").await?;
    let quote = book.quote("desk-one")?;
    let path = format!("/v1/quotes/{}/accept", journey::text(quote, "/id"));
    let body = json!({ "digest": quote["digest"], "recipient": "0x111111111111111111111111111111111111dead" });
    let key = key();
    for _ in 0..2 {
        let answer = world.post(Client::Borrower, &path, &key, &body).await?;
        ensure!(
            answer.text().contains("NOT_PERMITTED"),
            "{} {}",
            answer.status,
            answer.text()
        );
    }
    let stopped = "select count(*) from screening.wallet_check where stage = 'ACCEPTANCE' and verdict = 'BLOCK' \
                   and evidence like '%Sanctioned entity%'";
    ensure!(world.books.count(stopped).await? == 1, "not kept once");
    ensure!(
        world.books.count("select count(*) from lending.settlement").await? == 0,
        "a settlement was left"
    );
    world.finish().await
}
