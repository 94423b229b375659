//! What the settlement contracts can do beyond a loan that is repaid: whole scenarios, each through the public API and the chains
//! alone. They check what happened, and can be run again with a process that dies on the way.

use alloy_primitives::{Address, U256, aliases::U104};
use anyhow::{Context, Result, bail, ensure};
use chain::bindings::aggregator::CreditAggregator;
use chain::bindings::pool::CreditPool;
use chain::bindings::scoring::CreditScoringOracle;
use chain::bindings::token::DevToken;
use chain::deploy::{DevAsset, dev_pool};
use chain::keys::DevAccount;
use serde_json::{Value, json};

use crate::journey::{self, text};
use crate::{Client, Environment, onchain};

/// Base units of a dollar token in a dollar.
const DOLLAR: u64 = 1_000_000;

fn borrower() -> Address {
    DevAccount::Borrower.address()
}

async fn ether_of(world: &Environment, account: Address) -> Result<U256> {
    onchain::balance(&world.chains[0], DevAsset::Ether.address(), account).await
}

async fn dollars_of(world: &Environment, account: Address) -> Result<U256> {
    onchain::balance(&world.chains[0], DevAsset::Dollar.address(), account).await
}

/// Waits until the loan ended, and in that way.
async fn ended(world: &mut Environment, loan: &str, state: &str, by: &str) -> Result<Value> {
    let view = journey::loan_in(world, loan, state).await?;
    ensure!(view["endedBy"] == by, "not ended by {by}: {view}");
    world.books_are_right().await?;
    Ok(view)
}

/// Another lender pays the old loan off at a better rate; the collateral stays where it is.
pub async fn refinancing(world: &mut Environment) -> Result<()> {
    let aggregator = world.addresses.aggregator;
    onchain::fund_lender(&world.chains[0], DevAccount::Depositor, aggregator).await?;
    let input = journey::sample(world, "5000.00");
    let old = journey::borrow(world, &input, "desk-one").await?.id;
    let (custody, lender) = (world.addresses.collateral_manager, DevAccount::Desk.address());
    let (held, had) = (ether_of(world, custody).await?, dollars_of(world, lender).await?);
    let debt = CreditAggregator::Originated::clone(&originated(world).await?[0]).principal;

    let mut input = journey::sample(world, "5000.00");
    let request = input.as_object_mut().context("an object")?;
    request.remove("collateral");
    request.insert("refinances".to_owned(), json!(old));
    let book = journey::ask(world, &input).await?;
    ensure!(
        book.quote("harbor-bank").is_err(),
        "a bank cannot repay a loan on chain"
    );
    let (cheaper, dearer) = (book.quote("desk-three")?, book.quote("desk-one")?);
    ensure!(
        text(cheaper, "/verifiedApr/percent") < text(dearer, "/verifiedApr/percent"),
        "the other lender is not cheaper: {cheaper} {dearer}"
    );
    let settlement = journey::accept(world, cheaper).await?;
    journey::sign(world, &settlement).await?;
    let new = text(&settlement, "/loan/id");
    let fresh = journey::loan_in(world, &new, "ACTIVE").await?;
    let gone = ended(world, &old, "CLOSED", "REFINANCED").await?;
    ensure!(gone["refinancedBy"]["id"] == json!(new), "{gone}");
    ensure!(fresh["refinances"]["id"] == json!(old), "{fresh}");

    ensure!(ether_of(world, custody).await? == held, "collateral moved");
    let moved = onchain::logs::<DevToken::Transfer>(&world.chains[0], DevAsset::Ether.address()).await?;
    ensure!(moved.iter().all(|t| t.from != custody), "collateral left custody");
    ensure!(
        dollars_of(world, lender).await? >= had + debt,
        "the old lender is not paid"
    );
    let originated = originated(world).await?;
    ensure!(originated.len() == 2 && originated[1].lender == DevAccount::Depositor.address());

    journey::repay_on_chain(world, &new, "PAYOFF").await?;
    ended(world, &new, "CLOSED", "REPAID").await?;
    ensure!(
        ether_of(world, custody).await? == U256::ZERO,
        "the collateral is not back"
    );
    Ok(())
}

async fn originated(world: &Environment) -> Result<Vec<CreditAggregator::Originated>> {
    onchain::logs(&world.chains[0], world.addresses.aggregator).await
}

/// The price falls, the keeper pays the lender and sells, and what is above belongs to the borrower.
pub async fn liquidation(world: &mut Environment) -> Result<()> {
    let ether = ether_of(world, borrower()).await?;
    let input = journey::sample(world, "5000.00");
    let loan = journey::borrow(world, &input, "desk-one").await?.id;
    let locked = ether - ether_of(world, borrower()).await?;
    let lender = dollars_of(world, DevAccount::Desk.address()).await?;
    // 70 % of 2,000 dollars is 82.4 % of 1,700: above the threshold of 80 %.
    onchain::set_price(&world.chains[0], DevAsset::Ether, 170_000).await?;
    let view = ended(world, &loan, "CLOSED", "LIQUIDATED").await?;
    ensure!(view["shortfall"].is_null(), "{view}");
    let liquidated: Vec<CreditAggregator::Liquidated> =
        onchain::logs(&world.chains[0], world.addresses.aggregator).await?;
    let [event] = liquidated.as_slice() else {
        bail!("not exactly one liquidation: {liquidated:?}")
    };
    ensure!(!event.late && event.liquidator == DevAccount::Submitter.address());
    ensure!(event.seized + event.returned == locked && event.returned > U256::ZERO);
    ensure!(
        ether_of(world, borrower()).await? == ether - event.seized,
        "the surplus is not with the borrower"
    );
    let principal = U256::from(5_000 * DOLLAR);
    ensure!(
        dollars_of(world, DevAccount::Desk.address()).await? >= lender + principal,
        "the lender is not paid"
    );
    Ok(())
}

/// An installment is missed past its grace: the keeper ends the loan, and the lender gets the collateral.
pub async fn late_default(world: &mut Environment) -> Result<()> {
    let ether = ether_of(world, borrower()).await?;
    let input = journey::sample(world, "5000.00");
    let loan = journey::borrow(world, &input, "desk-two").await?.id;
    let locked = ether - ether_of(world, borrower()).await?;
    journey::month_passes(world).await?;
    let view = world.get(Client::Borrower, &format!("/v1/loans/{loan}")).await?;
    ensure!(view["state"] != "DEFAULTED", "within the grace period: {view}");
    journey::month_passes(world).await?;
    ended(world, &loan, "DEFAULTED", "DEFAULTED").await?;
    let lender = ether_of(world, DevAccount::Desk.address()).await?;
    ensure!(lender == locked, "the lender has {lender} of {locked}");
    Ok(())
}

/// Without collateral the lender wants an attestation: two of three attesters sign it, and the contract counts it.
pub async fn attested_loan(world: &mut Environment) -> Result<()> {
    let mut input = journey::sample(world, "3000.00");
    input.as_object_mut().context("an object")?.remove("collateral");
    let ether = ether_of(world, borrower()).await?;
    let loan = journey::borrow(world, &input, "unsecured-one").await?;
    ensure!(
        loan.settlement["approvals"] == json!([]),
        "nothing to approve: {}",
        loan.settlement
    );
    ensure!(ether_of(world, borrower()).await? == ether, "collateral was locked");
    let drawn: Vec<CreditScoringOracle::AttestationDrawn> =
        onchain::logs(&world.chains[0], world.addresses.scoring_oracle).await?;
    ensure!(drawn.len() == 1, "not exactly one attestation drawn on: {drawn:?}");
    ensure!(
        drawn[0].borrower == borrower() && drawn[0].amount == U256::from(3_000 * DOLLAR),
        "{drawn:?}"
    );
    // It is drawn on in full, so that nothing can be borrowed on it again.
    ensure!(
        drawn[0].used == U256::from(3_000) * U256::from(10).pow(U256::from(18)),
        "{drawn:?}"
    );
    journey::repay_on_chain(world, &loan.id, "PAYOFF").await?;
    ended(world, &loan.id, "CLOSED", "REPAID").await?;
    Ok(())
}

/// The pool lends by its underwriter's signature and counts what is lent, repaid and earned.
pub async fn pool_loan(world: &mut Environment) -> Result<()> {
    let cash = pool(world, &CreditPool::cashCall {}).await?;
    ensure!(cash >= U256::from(5_000 * DOLLAR), "the development pool is empty");
    let input = journey::sample(world, "5000.00");
    let loan = journey::borrow(world, &input, "pool-one").await?.id;
    let principal = U256::from(5_000 * DOLLAR);
    ensure!(
        pool(world, &CreditPool::lentCall {}).await? == principal,
        "not counted as lent"
    );
    ensure!(pool(world, &CreditPool::cashCall {}).await? == cash - principal);
    let owes = CreditPool::exposureOfCall { borrower: borrower() };
    ensure!(pool(world, &owes).await? == principal);
    journey::month_passes(world).await?;
    journey::repay_on_chain(world, &loan, "INSTALLMENT").await?;
    journey::repay_on_chain(world, &loan, "PAYOFF").await?;
    ended(world, &loan, "CLOSED", "REPAID").await?;
    ensure!(
        pool(world, &CreditPool::lentCall {}).await? == U256::ZERO,
        "still counted as lent"
    );
    ensure!(pool(world, &owes).await? == U256::ZERO);
    let repaid: Vec<CreditAggregator::Repaid> = onchain::logs(&world.chains[0], world.addresses.aggregator).await?;
    let income: U256 = repaid.iter().map(|payment| payment.interest + payment.lateFee).sum();
    ensure!(income > U256::ZERO && pool(world, &CreditPool::cashCall {}).await? == cash + income);
    ensure!(
        dollars_of(world, dev_pool(&world.addresses)).await? == cash + income,
        "the money is there"
    );
    Ok(())
}

async fn pool<C>(world: &Environment, call: &C) -> Result<U256>
where
    C: alloy_sol_types::SolCall<Return = U256>,
{
    onchain::view(&world.chains[0], dev_pool(&world.addresses), call).await
}

const COLLATERAL: &str = "query($id: ID!, $amount: String!, $to: String!) { loan(id: $id) {
    collateral { held { units } ltvBps liquidationLtvBps late }
    addCollateralCalls(amount: $amount) { title chainId to data gasLimit }
    withdrawCollateralCalls(amount: $amount, to: $to) { title chainId to data gasLimit } } }";

/// Collateral is added and taken back by the borrower's own wallet, within the limit.
pub async fn collateral_changes(world: &mut Environment) -> Result<()> {
    let input = journey::sample(world, "5000.00");
    let loan = journey::borrow(world, &input, "desk-one").await?.id;
    let one = U256::from(10).pow(U256::from(18));
    let variables = json!({ "id": loan, "amount": one.to_string(), "to": borrower() });
    let first = look(world, &variables).await?;
    ensure!(
        text(&first, "/collateral/held/units") == "3571428571428571429",
        "{first}"
    );
    ensure!(first["collateral"]["liquidationLtvBps"] == 8_000 && first["collateral"]["late"] == false);
    let ltv = first["collateral"]["ltvBps"].as_u64().context("a loan-to-value")?;
    ensure!((7_000..=7_001).contains(&ltv), "{first}");

    let ether = ether_of(world, borrower()).await?;
    journey::from_wallet(world, &first["addCollateralCalls"]).await?;
    ensure!(ether_of(world, borrower()).await? == ether - one);
    let more = look(world, &variables).await?;
    ensure!(text(&more, "/collateral/held/units") == "4571428571428571429", "{more}");
    ensure!(
        more["collateral"]["ltvBps"].as_u64().is_some_and(|now| now < ltv),
        "{more}"
    );
    in_the_timeline(world, &loan, 1).await?;

    journey::from_wallet(world, &more["withdrawCollateralCalls"]).await?;
    ensure!(ether_of(world, borrower()).await? == ether);
    in_the_timeline(world, &loan, 2).await?;
    // One more would leave 2.57 dWETH for 5,000 dollars: 97 %.
    let refused = journey::from_wallet(world, &more["withdrawCollateralCalls"]).await;
    ensure!(refused.is_err(), "collateral was taken below the limit");
    world.books_are_right().await?;
    journey::repay_on_chain(world, &loan, "PAYOFF").await?;
    ended(world, &loan, "CLOSED", "REPAID").await?;
    Ok(())
}

async fn look(world: &mut Environment, variables: &Value) -> Result<Value> {
    let answer = world.graphql(Client::Borrower, COLLATERAL, variables).await?;
    ensure!(answer["errors"].is_null(), "{answer}");
    Ok(answer["data"]["loan"].clone())
}

/// Changes of collateral are final events of the loan.
async fn in_the_timeline(world: &mut Environment, _loan: &str, changes: i64) -> Result<()> {
    let query = "select count(*) from lending.loan_event where kind = 'LoanCollateralChanged'";
    for _ in 0..100 {
        if world.books.count(query).await? == changes {
            return Ok(());
        }
        world.mine(1).await?;
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    bail!("not {changes} changes in the timeline\n{}", world.log())
}

/// The hour's cap is reached: the loan above it does not settle, says why, and the asset stays paused until the owner resumes.
pub async fn breaker(world: &mut Environment) -> Result<()> {
    let asset = DevAsset::Dollar.address();
    let cap = CreditAggregator::setAssetCapCall {
        asset,
        cap: U104::from(6_000 * DOLLAR),
    };
    let aggregator = world.addresses.aggregator;
    onchain::act(&world.chains[0], DevAccount::Guardian, aggregator, &cap).await?;
    let input = journey::sample(world, "5000.00");
    let first = journey::borrow(world, &input, "desk-one").await?.id;
    let ether = ether_of(world, borrower()).await?;

    let book = journey::ask(world, &input).await?;
    let settlement = journey::accept(world, book.quote("desk-one")?).await?;
    journey::sign(world, &settlement).await?;
    let path = format!("/v1/settlements/{}", text(&settlement, "/id"));
    let failed = world
        .until("the end of the settlement", (Client::Borrower, &path), true, |s| {
            s["state"] == "FAILED" || s["state"] == "SETTLED"
        })
        .await?;
    ensure!(
        failed["state"] == "FAILED" && failed.to_string().contains("BREAKER_TRIPPED"),
        "{failed}"
    );
    ensure!(ether_of(world, borrower()).await? == ether, "collateral moved");
    let answer = world
        .graphql(
            Client::Officer,
            "{ assetPauses { chainId asset used refused cap } }",
            &json!({}),
        )
        .await?;
    let pauses = answer["data"]["assetPauses"].as_array().cloned().unwrap_or_default();
    ensure!(pauses.len() == 1, "{answer}");
    ensure!(text(&pauses[0], "/cap") == (6_000 * DOLLAR).to_string(), "{answer}");
    ensure!(text(&pauses[0], "/refused") == (5_000 * DOLLAR).to_string(), "{answer}");
    let policy = onchain::view(&world.chains[0], aggregator, &CreditAggregator::policyOfCall { asset }).await?;
    ensure!(policy.paused, "the asset is not paused on chain");

    // The live loan is repaid as ever.
    journey::repay_on_chain(world, &first, "PAYOFF").await?;
    ended(world, &first, "CLOSED", "REPAID").await?;
    Ok(())
}
