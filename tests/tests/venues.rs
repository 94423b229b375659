//! Loans of lending pools, each a whole life through the public interface: Aave 3.0 and 3.6, Morpho Blue and Venus on the bytecode
//! that their authors publish.

use alloy_primitives::U256;
use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use usance_tests::journey::{self, Book, text};
use usance_tests::{Client, Environment, Options, Pools, environment};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");
const POOLS: [&str; 4] = ["aave-three", "aave-three-six", "morpho-blue", "venus-pool"];
const MONTH: u64 = 30 * 86_400;
/// So many that the few made between question and payment do not count.
const BLOCKS: u64 = 300;
/// 5,000 dollars of 6 decimals, 2,000 of them paid back first.
const PRINCIPAL: &str = "5000000000";
const PART: u128 = 2_000_000_000;
/// Half of it is lent.
const PLEDGED: &str = "5000000000000000000";

async fn world(pools: Pools) -> Result<Environment> {
    let options = Options {
        pools: Some(pools),
        quote_deadline_ms: 20_000,
        ..Options::quick()
    };
    Environment::start(PROGRAM, options).await
}

/// The sample request against the pools' collateral.
fn request(world: &Environment) -> Result<Value> {
    let venues = environment::made_venues()?;
    let mut request = journey::sample(world, "5000.00");
    request["collateral"]["token"] = json!(venues.ether()?.token);
    request["collateral"]["units"] = json!(PLEDGED);
    Ok(request)
}

fn number(value: &Value, pointer: &str) -> Result<u128> {
    let found = text(value, pointer);
    found.parse().with_context(|| format!("{pointer} of {value}"))
}

/// What is shown is what the wallet will do, bound by nobody, at the rate and the price of the pool now.
fn as_offered(quote: &Value, routed: bool) -> Result<()> {
    let venue = &quote["venue"];
    ensure!(
        quote["binding"] == "INDICATIVE" && text(venue, "/debt/units") == PRINCIPAL,
        "{quote}"
    );
    ensure!(venue["router"].is_string() == routed, "{quote}");
    ensure!(
        number(quote, "/nominalRate/ppm").is_ok_and(|ppm| ppm > 0) || quote["nominalRate"]["ppm"].as_i64() > Some(0),
        "{quote}"
    );
    ensure!(quote["collateral"][0]["units"] == PLEDGED, "{quote}");
    Ok(())
}

/// Accepts, signs what is to be signed, and lets the wallet act; the loan once the final events say so.
async fn opened(world: &mut Environment, quote: &Value) -> Result<String> {
    let mut settlement = journey::accept(world, quote).await?;
    if settlement["state"] == "AWAITING_SIGNATURE" {
        ensure!(
            settlement["calls"] == json!([]),
            "a call before the signature: {settlement}"
        );
        let path = format!("/v1/settlements/{}/signature", text(&settlement, "/id"));
        let stranger = world.chains[0]
            .rpc()
            .raw::<Vec<alloy_primitives::Address>>("eth_accounts", json!([]))
            .await?[9];
        let forged = journey::wallet_signature(world, stranger, &settlement["typedData"]).await?;
        let refused = world
            .post(
                Client::Borrower,
                &path,
                &environment::key(),
                &json!({ "signature": forged }),
            )
            .await?;
        ensure!(
            refused.status == 409 && refused.text().contains("WRONG_SIGNER"),
            "{}",
            refused.text()
        );
        settlement = journey::sign(world, &settlement).await?;
        ensure!(
            settlement["calls"].as_array().map(Vec::len) == Some(1),
            "not one transaction: {settlement}"
        );
    } else {
        journey::from_wallet(world, &settlement["approvals"]).await?;
    }
    ensure!(settlement["state"] == "READY", "{settlement}");
    journey::from_wallet(world, &settlement["calls"]).await?;
    let loan = text(&settlement, "/loan/id");
    let path = format!("/v1/settlements/{}", text(&settlement, "/id"));
    let settled = world
        .until("the evidence", (Client::Borrower, &path), true, |s| {
            s["state"] == "SETTLED"
        })
        .await?;
    ensure!(settled["txHash"].is_string(), "no evidence: {settled}");
    let view = journey::loan_in(world, &loan, "ACTIVE").await?;
    ensure!(
        text(&view, "/outstanding/units") == PRINCIPAL && view["chainId"] == "31337",
        "{view}"
    );
    world.books_are_right().await?;
    Ok(loan)
}

async fn repayments(world: &mut Environment, loan: &str, wanted: usize) -> Result<Vec<Value>> {
    let path = format!("/v1/loans/{loan}/repayments");
    let seen = world
        .until("a repayment", (Client::Borrower, &path), true, |seen| {
            seen.as_array().map_or(0, Vec::len) == wanted
        })
        .await?;
    world.books_are_right().await?;
    Ok(seen.as_array().cloned().unwrap_or_default())
}

/// A month's interest accrues, and a part is paid back: interest first.
async fn partly_repaid(world: &mut Environment, loan: &str) -> Result<()> {
    world.time_passes(MONTH).await?;
    // A market that counts interest by blocks knows no month.
    world.mine(BLOCKS).await?;
    let owed = world
        .get(Client::Borrower, &format!("/v1/loans/{loan}/payoff-quote"))
        .await?;
    let owed = number(&owed, "/amount/units")?;
    let principal: u128 = PRINCIPAL.parse()?;
    ensure!(owed > principal, "no interest: {owed}");
    let path = format!("/v1/loans/{loan}/repayment-calls?amount=INSTALLMENT&units={PART}");
    let calls = world.get(Client::Borrower, &path).await?;
    journey::from_wallet(world, &calls).await?;
    let paid = repayments(world, loan, 1).await?;
    let (interest, reduced) = (
        number(&paid[0], "/interest/units")?,
        number(&paid[0], "/principal/units")?,
    );
    ensure!(interest + reduced == PART, "{paid:?}");
    // Some seconds more of interest than when it was asked about.
    ensure!(
        interest + 1 >= owed - principal && interest < 2 * (owed - principal),
        "{interest} of {owed}"
    );
    let view = world.get(Client::Borrower, &format!("/v1/loans/{loan}")).await?;
    ensure!(number(&view, "/outstanding/units")? == principal - reduced, "{view}");
    let live = world
        .get(Client::Borrower, &format!("/v1/loans/{loan}/payoff-quote"))
        .await?;
    ensure!(
        number(&live, "/amount/units")?.abs_diff(principal - reduced) < 100_000,
        "{live} {view}"
    );
    Ok(())
}

async fn held(world: &mut Environment, loan: &str) -> Result<Value> {
    world
        .get(Client::Borrower, &format!("/v1/loans/{loan}/collateral"))
        .await
}

/// Everything that is owed is paid, and all collateral taken back.
async fn closed(world: &mut Environment, loan: &str) -> Result<()> {
    let path = format!("/v1/loans/{loan}/repayment-calls?amount=PAYOFF");
    let calls = world.get(Client::Borrower, &path).await?;
    journey::from_wallet(world, &calls).await?;
    let view = journey::loan_in(world, loan, "CLOSED").await?;
    ensure!(
        view["endedBy"] == "REPAID" && text(&view, "/outstanding/units") == "0",
        "{view}"
    );
    let paid = repayments(world, loan, 2).await?;
    let principal: Result<Vec<u128>> = paid.iter().map(|paid| number(paid, "/principal/units")).collect();
    ensure!(principal?.iter().sum::<u128>() == PRINCIPAL.parse()?, "{paid:?}");
    let answer = world
        .send(
            Some(Client::Borrower),
            &usance_tests::http::Call::get("", &format!("/v1/loans/{loan}/collateral")),
        )
        .await?;
    // A market whose collateral is held in shares may keep less than a share's worth.
    let dust = answer.json();
    let left = text(&dust, "/held/units").parse::<u128>().unwrap_or(0);
    ensure!(answer.status == 404 || left <= 200_000_000, "{}", answer.text());
    Ok(())
}

async fn collateral_of_wallet(world: &Environment) -> Result<U256> {
    let token = environment::made_venues()?.ether()?.token;
    let borrower = chain::keys::DevAccount::Borrower.address();
    usance_tests::onchain::balance(&world.chains[0], token, borrower).await
}

async fn book(world: &mut Environment) -> Result<Book> {
    let wanted = request(world)?;
    journey::ask(world, &wanted).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loan_of_each_pool_lives_through_the_router() -> Result<()> {
    let mut world = world(Pools::Routed).await?;
    for pool in POOLS {
        let before = collateral_of_wallet(&world).await?;
        let book = book(&mut world).await?;
        for pool in POOLS {
            as_offered(book.quote(pool)?, true)?;
        }
        ensure!(book.quote("harbor-bank").is_ok(), "no bank in the book: {}", book.view);
        world.books.ranking_replays(&book.request).await?;
        let loan = opened(&mut world, book.quote(pool)?).await.context(pool)?;
        let collateral = held(&mut world, &loan).await?;
        ensure!(
            number(&collateral, "/held/units")? >= 4_999_999_999_000_000_000,
            "{collateral}"
        );
        ensure!(
            collateral["ltvBps"].as_u64() >= Some(5_000),
            "half of it is lent: {collateral}"
        );
        ensure!(
            collateral["liquidationLtvBps"].as_u64() > collateral["ltvBps"].as_u64(),
            "{collateral}"
        );
        partly_repaid(&mut world, &loan).await.context(pool)?;
        closed(&mut world, &loan).await.context(pool)?;
        let after = collateral_of_wallet(&world).await?;
        ensure!(
            after + U256::from(200_000_000) >= before,
            "{pool}: the collateral is not back"
        );
    }
    world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_loan_of_each_pool_lives_call_by_call_and_collateral_comes_back_in_parts() -> Result<()> {
    let mut world = world(Pools::CallByCall).await?;
    for pool in POOLS {
        let book = book(&mut world).await?;
        as_offered(book.quote(pool)?, false)?;
        let loan = opened(&mut world, book.quote(pool)?).await.context(pool)?;
        partly_repaid(&mut world, &loan).await.context(pool)?;
        let before = number(&held(&mut world, &loan).await?, "/held/units")?;
        let one = 1_000_000_000_000_000_000_u128;
        let path = format!("/v1/loans/{loan}/withdraw-collateral-calls?amount={one}");
        let calls = world.get(Client::Borrower, &path).await?;
        journey::from_wallet(&world, &calls).await?;
        let after = number(&held(&mut world, &loan).await?, "/held/units")?;
        ensure!(
            (before - after).abs_diff(one) <= 1_000_000_000_000,
            "{pool}: {before} to {after}"
        );
        let path = format!(
            "/v1/loans/{loan}/withdraw-collateral-calls?amount=1&to={}",
            alloy_primitives::Address::repeat_byte(1)
        );
        let elsewhere = world
            .send(Some(Client::Borrower), &usance_tests::http::Call::get("", &path))
            .await?;
        ensure!(elsewhere.status == 409, "{}", elsewhere.text());
        closed(&mut world, &loan).await.context(pool)?;
    }
    world.finish().await
}
