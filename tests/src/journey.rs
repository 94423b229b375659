//! The steps of a borrower, a lender and a wallet, each through the public API or the chain alone. Every step can be
//! repeated: its idempotency key is given, and a process that dies on the way is started again by the environment.

use alloy_primitives::{Address, Bytes, U256};
use anyhow::{Context, Result, ensure};
use chain::bindings::aggregator::CreditAggregator;
use chain::deploy::DevAsset;
use chain::devnet::{Devnet, advance_time};
use chain::keys::DevAccount;
use serde_json::{Value, json};

use crate::environment::{Environment, key};
use crate::http::Call;
use crate::{Client, onchain};

/// One period of a loan on chain: 30 days and a bit.
const MONTH_SECONDS: u64 = 31 * 86_400;
/// Five whole dWETH.
const FIVE_ETHER: &str = "5000000000000000000";

/// The sample request: 24 months for a Californian with a wallet and 5 dWETH to lock on the first chain.
pub fn sample(environment: &Environment, amount: &str) -> Value {
    sample_on(environment, 0, amount)
}

/// The sample request with the collateral on that chain.
pub fn sample_on(environment: &Environment, chain: usize, amount: &str) -> Value {
    json!({
        "amount": { "amount": amount, "currency": "USD" },
        "term": { "count": 24, "unit": "MONTH" },
        "purpose": "HOME_IMPROVEMENT",
        "country": "US",
        "region": "CA",
        "applicant": {
            "fullName": "Alex Sample",
            "monthlyIncome": { "amount": "6000.00", "currency": "USD" },
            "monthlyHousingCost": { "amount": "1800.00", "currency": "USD" },
            "monthlyDebtPayments": { "amount": "400.00", "currency": "USD" },
            "employment": "EMPLOYED",
            "employmentMonths": 40,
            "residenceMonths": 30,
            "inquiries6m": 1,
            "creditHistoryMonths": 90,
            "revolvingUtilizationPercent": 25
        },
        "wallet": DevAccount::Borrower.address(),
        "collateral": {
            "chainId": environment.chains[chain].chain_id().to_string(),
            "token": DevAsset::Ether.address(),
            "units": FIVE_ETHER
        }
    })
}

/// A closed book.
#[derive(Clone, Debug)]
pub struct Book {
    /// Id of the request.
    pub request: String,
    /// The request itself.
    pub view: Value,
    /// Quotes, best first.
    pub quotes: Vec<Value>,
}

impl Book {
    /// The quote of that lender.
    pub fn quote(&self, provider: &str) -> Result<&Value> {
        let found = self.quotes.iter().find(|quote| quote["provider"] == provider);
        found.with_context(|| format!("no quote of {provider}: {}", self.view))
    }
}

/// Text of a field.
pub fn text(value: &Value, pointer: &str) -> String {
    value
        .pointer(pointer)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}

/// Asks for quotes and waits for the closed book.
pub async fn quoted(environment: &mut Environment, amount: &str) -> Result<Book> {
    let input = sample(environment, amount);
    ask(environment, &input).await
}

/// Asks that for quotes and waits for the closed book.
pub async fn ask(environment: &mut Environment, input: &Value) -> Result<Book> {
    let made = environment
        .done(Client::Borrower, "/v1/quote-requests", &key(), input)
        .await?;
    closed(environment, &text(&made, "/id")).await
}

/// Waits for the closed book of a request.
pub async fn closed(environment: &mut Environment, request: &str) -> Result<Book> {
    let path = format!("/v1/quote-requests/{request}");
    let view = environment
        .until("a closed book", (Client::Borrower, &path), false, |r| {
            r["state"] != "QUOTING"
        })
        .await?;
    let page = environment
        .get(Client::Borrower, &format!("{path}/quotes?first=100"))
        .await?;
    let quotes = page["nodes"].as_array().cloned().unwrap_or_default();
    Ok(Book {
        request: request.to_owned(),
        view,
        quotes,
    })
}

/// Accepts a quote; the settlement.
pub async fn accept(environment: &mut Environment, quote: &Value) -> Result<Value> {
    let path = format!("/v1/quotes/{}/accept", text(quote, "/id"));
    environment
        .done(Client::Borrower, &path, &key(), &json!({ "digest": quote["digest"] }))
        .await
}

/// The chain of that id.
pub fn chain_of<'a>(environment: &'a Environment, id: &str) -> Result<&'a Devnet> {
    let found = environment
        .chains
        .iter()
        .find(|chain| chain.chain_id().to_string() == id);
    found.with_context(|| format!("no chain {id}"))
}

/// Sends the calls from the borrower's own wallet, each after the one before is mined.
pub async fn from_wallet(environment: &Environment, calls: &Value) -> Result<()> {
    for call in calls.as_array().context("calls")? {
        let chain = chain_of(environment, &text(call, "/chainId"))?;
        let gas: u64 = text(call, "/gasLimit").parse()?;
        let (to, data): (Address, Bytes) = (text(call, "/to").parse()?, text(call, "/data").parse()?);
        onchain::send(chain, DevAccount::Borrower, (to, data, gas))
            .await
            .with_context(|| text(call, "/title"))?;
    }
    Ok(())
}

/// A wallet of the development chain signs typed data.
pub async fn wallet_signature(environment: &Environment, signer: Address, typed_data: &Value) -> Result<String> {
    Ok(environment.chains[0]
        .rpc()
        .raw("eth_signTypedData_v4", json!([signer, typed_data]))
        .await?)
}

/// Approves the collateral, signs, and hands the signature in.
pub async fn sign(environment: &mut Environment, settlement: &Value) -> Result<Value> {
    from_wallet(environment, &settlement["approvals"]).await?;
    let signature = wallet_signature(environment, DevAccount::Borrower.address(), &settlement["typedData"]).await?;
    let path = format!("/v1/settlements/{}/signature", text(settlement, "/id"));
    environment
        .done(Client::Borrower, &path, &key(), &json!({ "signature": signature }))
        .await
}

/// Waits until the loan is in that state.
pub async fn loan_in(environment: &mut Environment, loan: &str, state: &str) -> Result<Value> {
    let path = format!("/v1/loans/{loan}");
    environment
        .until(&format!("{state} loan"), (Client::Borrower, &path), true, |l| {
            l["state"] == state
        })
        .await
}

/// Repays on chain: `INSTALLMENT` or `PAYOFF`; waits until our books have it.
pub async fn repay_on_chain(environment: &mut Environment, loan: &str, amount: &str) -> Result<()> {
    let path = format!("/v1/loans/{loan}/repayments");
    let before = environment
        .get(Client::Borrower, &path)
        .await?
        .as_array()
        .map_or(0, Vec::len);
    let calls = environment
        .get(
            Client::Borrower,
            &format!("/v1/loans/{loan}/repayment-calls?amount={amount}"),
        )
        .await?;
    from_wallet(environment, &calls).await?;
    let more = |seen: &Value| seen.as_array().map_or(0, Vec::len) > before;
    environment
        .until("a repayment", (Client::Borrower, &path), true, more)
        .await?;
    Ok(())
}

/// A month passes.
pub async fn month_passes(environment: &mut Environment) -> Result<()> {
    environment.time_passes(MONTH_SECONDS).await
}

/// The lender reports a repayment.
pub async fn report_repayment(environment: &mut Environment, loan: &str, cents: &str, evidence: &str) -> Result<Value> {
    let cents: u64 = cents.parse().with_context(|| format!("cents {cents:?}"))?;
    let loan_view = environment
        .get(Client::HarborBank, &format!("/v1/loans/{loan}"))
        .await?;
    let body = json!({
        "amount": { "amount": format!("{}.{:02}", cents / 100, cents % 100), "currency": "USD" },
        // The moment the money went out is a moment that every process agrees on.
        "paidAt": loan_view["startedAt"],
        "evidence": evidence,
    });
    environment
        .done(
            Client::HarborBank,
            &format!("/v1/loans/{loan}/repayments"),
            &key(),
            &body,
        )
        .await
}

/// Balance of the borrower's wallet on the first chain.
pub async fn wallet_balance(environment: &Environment, token: DevAsset) -> Result<U256> {
    balance_on(environment, 0, token).await
}

async fn balance_on(environment: &Environment, chain: usize, token: DevAsset) -> Result<U256> {
    let borrower = DevAccount::Borrower.address();
    onchain::balance(&environment.chains[chain], token.address(), borrower).await
}

/// Loans that the contract originated on the first chain.
pub async fn originations(environment: &Environment) -> Result<usize> {
    let logs = onchain::logs::<CreditAggregator::Originated>(&environment.chains[0], environment.addresses.aggregator);
    Ok(logs.await?.len())
}

/// An active on-chain loan against collateral.
#[derive(Clone, Debug)]
pub struct Loan {
    /// Our id.
    pub id: String,
    /// The settlement as accepted.
    pub settlement: Value,
}

/// Asks, accepts that lender's quote, signs, and waits until the loan is active.
pub async fn borrow(environment: &mut Environment, input: &Value, provider: &str) -> Result<Loan> {
    let book = ask(environment, input).await?;
    let settlement = accept(environment, book.quote(provider)?).await?;
    environment.books_are_right().await?;
    sign(environment, &settlement).await?;
    let id = text(&settlement, "/loan/id");
    loan_in(environment, &id, "ACTIVE").await?;
    environment.books_are_right().await?;
    Ok(Loan { id, settlement })
}

/// A whole on-chain loan of the first chain, see [`onchain_loan_on`].
pub async fn onchain_loan(environment: &mut Environment) -> Result<String> {
    onchain_loan_on(environment, 0, "desk-one").await
}

/// A whole on-chain loan, from the request to the collateral's return; the books are checked after each step.
pub async fn onchain_loan_on(environment: &mut Environment, chain: usize, provider: &str) -> Result<String> {
    let before = balance_on(environment, chain, DevAsset::Ether).await?;
    let entries = environment.books.entries().await?;
    let input = sample_on(environment, chain, "5000.00");
    let loan = borrow(environment, &input, provider).await?.id;
    ensure!(
        balance_on(environment, chain, DevAsset::Ether).await? < before,
        "no collateral was locked"
    );
    for _ in 0..2 {
        // On the other chains orders of now must not run out.
        let chain = &environment.chains[chain];
        advance_time(chain.chain_id(), chain.url(), MONTH_SECONDS).await?;
        repay_on_chain(environment, &loan, "INSTALLMENT").await?;
        environment.books_are_right().await?;
    }
    repay_on_chain(environment, &loan, "PAYOFF").await?;
    loan_in(environment, &loan, "CLOSED").await?;
    environment.books_are_right().await?;
    ensure!(
        balance_on(environment, chain, DevAsset::Ether).await? == before,
        "the collateral is not back"
    );
    let aggregator = environment.addresses.aggregator;
    let originated = onchain::logs::<CreditAggregator::Originated>(&environment.chains[chain], aggregator).await?;
    ensure!(originated.len() == 1, "not exactly one origination");
    let repayments = environment
        .get(Client::Borrower, &format!("/v1/loans/{loan}/repayments"))
        .await?;
    ensure!(
        repayments.as_array().map_or(0, Vec::len) == 3,
        "not three repayments: {repayments}"
    );
    // A sum of nothing is zero too.
    ensure!(
        environment.books.entries().await? >= entries + 4,
        "a loan and three repayments are not in the ledger"
    );
    Ok(loan)
}

/// A whole loan of the bank, from the request to the last payment; the books are checked after each step.
pub async fn bank_loan(environment: &mut Environment) -> Result<String> {
    let book = quoted(environment, "5000.00").await?;
    bank_loan_of(environment, &book).await
}

/// The same from its closed book.
pub async fn bank_loan_of(environment: &mut Environment, book: &Book) -> Result<String> {
    let settlement = accept(environment, book.quote("harbor-bank")?).await?;
    let loan = text(&settlement, "/loan/id");
    loan_in(environment, &loan, "ACTIVE").await?;
    environment.books_are_right().await?;
    let schedule = environment
        .get(Client::Borrower, &format!("/v1/loans/{loan}/schedule"))
        .await?;
    for row in 0..2 {
        let cents = text(&schedule, &format!("/{row}/total/units"));
        report_repayment(environment, &loan, &cents, &format!("bank-reference-{row}")).await?;
        environment.books_are_right().await?;
    }
    let view = environment.get(Client::Borrower, &format!("/v1/loans/{loan}")).await?;
    let at = text(&view, "/startedAt").replace('+', "%2B");
    let payoff = environment
        .get(Client::Borrower, &format!("/v1/loans/{loan}/payoff-quote?at={at}"))
        .await?;
    report_repayment(
        environment,
        &loan,
        &text(&payoff, "/amount/units"),
        "bank-reference-payoff",
    )
    .await?;
    loan_in(environment, &loan, "CLOSED").await?;
    environment.books_are_right().await?;
    let repayments = environment
        .get(Client::Borrower, &format!("/v1/loans/{loan}/repayments"))
        .await?;
    ensure!(
        repayments.as_array().map_or(0, Vec::len) == 3,
        "not three repayments: {repayments}"
    );
    // A sum of nothing is zero too.
    ensure!(
        environment.books.entries().await? >= 4,
        "a loan and three repayments are not in the ledger"
    );
    let paid_out = environment.sandbox_book().await?;
    let counts: Vec<_> = paid_out.iter().map(|entry| entry["disbursements"].clone()).collect();
    ensure!(counts == [json!(1)], "not exactly one disbursement: {paid_out:?}");
    Ok(loan)
}

/// Streams the updates of a request over server-sent events, until the book is closed.
pub async fn streamed(environment: &mut Environment, request: &str) -> Result<Vec<Value>> {
    let path = format!("/v1/quote-requests/{request}/events");
    let mut stream = environment.events(Client::Borrower, Call::get("", &path)).await?;
    let mut seen = Vec::new();
    while let Some(event) = stream.event().await? {
        let mut update: Value = serde_json::from_str(&event.data)?;
        update["event"] = json!(event.name);
        seen.push(update);
        if event.name == "closed" {
            break;
        }
    }
    Ok(seen)
}
