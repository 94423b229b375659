//! Three blocks vanish, and the transaction of a settlement with them. It is sent again, and counts once.

use alloy_primitives::B256;
use anyhow::{Result, ensure};
use chain::devnet::Mining;
use serde_json::{Value, json};
use usance_tests::journey::{self, text};
use usance_tests::{Client, Environment, Options};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");
/// Blocks on top that make a block final here: more than vanish.
const DEPTH: u64 = 5;

/// A settlement whose transaction is in the third block from the top, seen by the process and not final.
struct Included {
    loan: String,
    transaction: B256,
}

async fn included(world: &mut Environment) -> Result<Included> {
    let book = journey::quoted(world, "5000.00").await?;
    let settlement = journey::accept(world, book.quote("desk-one")?).await?;
    journey::from_wallet(world, &settlement["approvals"]).await?;
    world.chains[0].set_mining(Mining::Manual).await?;
    let unapproved = json!({ "id": settlement["id"], "approvals": [], "typedData": settlement["typedData"] });
    journey::sign(world, &unapproved).await?;
    let transaction = pooled(world).await?;
    world.mine(3).await?;
    let path = format!("/v1/settlements/{}", text(&settlement, "/id"));
    let seen = world
        .until("the inclusion", (Client::Borrower, &path), false, |s| {
            s["txHash"].is_string()
        })
        .await?;
    ensure!(
        text(&seen, "/txHash") == transaction.to_string(),
        "another transaction: {seen}"
    );
    Ok(Included {
        loan: text(&settlement, "/loan/id"),
        transaction,
    })
}

/// The transaction that waits in the pool of the first chain, as soon as one does.
async fn pooled(world: &Environment) -> Result<B256> {
    for _ in 0..200 {
        for (hash, _) in world.books.transactions().await? {
            let found: Value = world.chains[0]
                .rpc()
                .raw("eth_getTransactionByHash", json!([hash]))
                .await?;
            if found.is_object() && found["blockNumber"].is_null() {
                return Ok(hash);
            }
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    anyhow::bail!("no transaction in the pool\n{}", world.log())
}

/// Replaces the last three blocks by empty ones.
async fn three_blocks_vanish(world: &Environment, included: &Included) -> Result<()> {
    let rpc = world.chains[0].rpc();
    ensure!(
        rpc.receipt(included.transaction).await?.is_some(),
        "it was in a block before"
    );
    rpc.raw::<Value>("anvil_reorg", json!([3, []])).await?;
    ensure!(
        rpc.receipt(included.transaction).await?.is_none(),
        "it is in no block now"
    );
    Ok(())
}

async fn ends_well(world: &mut Environment, included: &Included) -> Result<()> {
    let pending = world
        .get(Client::Borrower, &format!("/v1/loans/{}", included.loan))
        .await?;
    ensure!(
        pending["state"] == "PENDING",
        "money on the word of a block that vanished: {pending}"
    );
    pooled(world).await?;
    journey::loan_in(world, &included.loan, "ACTIVE").await?;
    world.books_are_right().await?;
    ensure!(journey::originations(world).await? == 1, "not exactly one origination");
    for (query, wanted) in [
        ("select count(*) from lending.settlement where state = 'SETTLED'", 1),
        ("select count(*) from chain.event where effect = 'APPLIED'", 1),
        ("select count(*) from lending.loan where state = 'ACTIVE'", 1),
    ] {
        let found = world.books.count(query).await?;
        ensure!(found == wanted, "{query}: {found}, not {wanted}");
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_vanishes_is_sent_again_and_counts_once() -> Result<()> {
    let mut world = Environment::start(
        PROGRAM,
        Options {
            depth: DEPTH,
            ..Options::quick()
        },
    )
    .await?;
    let included = included(&mut world).await?;
    three_blocks_vanish(&world, &included).await?;
    ends_well(&mut world, &included).await?;
    world.finish().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_that_vanishes_while_the_process_is_down_counts_once() -> Result<()> {
    let mut world = Environment::start(
        PROGRAM,
        Options {
            depth: DEPTH,
            ..Options::quick()
        },
    )
    .await?;
    let included = included(&mut world).await?;
    world.kill().await?;
    three_blocks_vanish(&world, &included).await?;
    let known: Value = world.chains[0]
        .rpc()
        .raw("eth_getTransactionByHash", json!([included.transaction]))
        .await?;
    ensure!(
        known.is_null(),
        "the chain has forgotten it: who sends it again is the process"
    );
    world.serve(None).await?;
    ends_well(&mut world, &included).await?;
    world.finish().await
}
