//! One book of quotes from every world that Usance speaks to: a bank, pay-in-4, OCEN, FIS12, Aave, Morpho, Venus, and a desk on chain.

use std::collections::BTreeSet;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use chain::deploy::DevAsset;
use chain::keys::DevAccount;
use domain::money::Currency;
use sandbox::fis12::Fis12Bank;
use sandbox::network::ByHttp;
use sandbox::ocen::OcenLender;
use sandbox::{LenderSpec, standard_lenders};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use server::clock::{SystemClock, UuidV7Ids};
use usance_tests::environment::made_venues;
use usance_tests::journey::{self, text};
use usance_tests::{Environment, Options, Pools};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");
const CHAIN: u64 = 31_337;

/// A sandbox lender that lends rupees in India.
fn indian(name: &str) -> Result<LenderSpec> {
    let found = standard_lenders()
        .into_iter()
        .find(|lender| lender.name.as_str() == name);
    Ok(LenderSpec {
        currency: Currency::parse("INR")?,
        country: "IN".to_owned(),
        max_amount: 50_000_000,
        ..found.with_context(|| name.to_owned())?
    })
}

/// The same lender on chain, whose dollar counts as a rupee.
fn in_rupees(mut lender: Value) -> Value {
    let id = lender["id"].as_str().unwrap_or_default().to_owned();
    lender["id"] = json!(format!("{id}-inr"));
    lender["currency"] = json!("INR");
    lender["jurisdictions"] = json!([{ "country": "IN" }]);
    lender
}

/// A desk that takes what the pools take.
fn desk(pledged: &Value) -> Value {
    let lent = json!({
        "chain_id": CHAIN, "token": DevAsset::Dollar.address(), "symbol": "dUSD", "decimals": DevAsset::Dollar.decimals(),
    });
    in_rupees(json!({
        "kind": "desk", "id": "desk", "venue": "Usance desk", "lends": lent,
        "accepts": [{ "asset": pledged, "price": "2000", "oracle": "fixed-dev" }],
        "rate_ppm": 80_000, "ltv_max": 700_000, "origination_fee_bps": 50,
        "fee_recipient": DevAccount::Deployer.address(), "grace_seconds": 864_000, "late_fee_bps": 500, "epoch": 0,
        "valid_seconds": 900, "min_amount": 10_000, "max_amount": 100_000_000, "min_term_days": 28, "max_term_days": 1_900,
        "signing_key": DevAccount::Desk.secret().expose_secret(),
    }))
}

/// 25,000 rupees for a year, for somebody in India who can lock 40 ether.
fn request(pledged: &Value) -> Value {
    let rupees = |amount: &str| json!({ "amount": amount, "currency": "INR" });
    json!({
        "amount": rupees("25000.00"),
        "term": { "count": 12, "unit": "MONTH" },
        "purpose": "HOME_IMPROVEMENT",
        "country": "IN",
        "applicant": {
            "fullName": "Asha Sample",
            "monthlyIncome": rupees("150000.00"),
            "monthlyHousingCost": rupees("30000.00"),
            "monthlyDebtPayments": rupees("5000.00"),
            "employment": "EMPLOYED",
            "employmentMonths": 40,
            "residenceMonths": 30,
            "inquiries6m": 1,
            "creditHistoryMonths": 90,
            "revolvingUtilizationPercent": 25,
        },
        "wallet": DevAccount::Borrower.address(),
        "collateral": { "chainId": CHAIN.to_string(), "token": pledged["token"], "units": "40000000000000000000" },
    })
}

/// Every lender's quote is in the one book, with an APR of our own and scenarios, ranked once by what it really costs.
#[tokio::test(flavor = "multi_thread")]
async fn one_book_mixes_lenders_of_every_world_ranked_once() -> Result<()> {
    let outside = sandbox::World {
        clock: Arc::new(SystemClock),
        ids: Arc::new(UuidV7Ids),
    };
    let by_http = Arc::new(ByHttp::new()?);
    let bank = Fis12Bank::open(sandbox::fis12::Setup::development()?, outside.clone(), by_http.clone()).await?;
    let lender = OcenLender::open(sandbox::ocen::Setup::development(String::new())?, outside, by_http).await?;
    let venues = made_venues()?;
    let pledged = json!(venues.ether()?);
    let mut more_lenders = vec![bank.bank.entry("bharat-bank"), lender.lender.entry("udaan-capital")];
    more_lenders.push(desk(&pledged));
    more_lenders.extend(venues.lenders(None)?.into_iter().map(in_rupees));
    let options = Options {
        lenders: vec![indian("harbor-bank")?, indian("splitpay")?],
        pools: Some(Pools::Routed),
        more_lenders,
        // A busy machine.
        quote_deadline_ms: 20_000,
        ..Options::default()
    };
    let mut world = Environment::start(PROGRAM, options).await?;
    let url = format!("{}/v1/networks/ocen", world.url);
    lender.lender.agent_moves(&url);

    let book = journey::ask(&mut world, &request(&pledged)).await?;
    let expected: BTreeSet<&str> = [
        "harbor-bank",
        "splitpay",
        "bharat-bank",
        "udaan-capital",
        "desk-inr",
        "aave-three-inr",
        "aave-three-six-inr",
        "morpho-blue-inr",
        "venus-pool-inr",
    ]
    .into();
    let found: BTreeSet<String> = book.quotes.iter().map(|quote| text(quote, "/provider")).collect();
    ensure!(
        found.iter().map(String::as_str).collect::<BTreeSet<_>>() == expected,
        "{found:?}\n{}",
        book.view["losers"]
    );
    // Quotes of another length than asked for stand behind those that can be compared.
    let shorter = |quote: &Value| {
        quote["flags"]
            .as_array()
            .is_some_and(|flags| flags.contains(&json!("SHORTER_TERM")))
    };
    let mut last = (false, f64::NEG_INFINITY);
    for quote in &book.quotes {
        let place = (shorter(quote), text(quote, "/verifiedApr/percent").parse()?);
        ensure!(place >= last, "not by verified APR: {place:?} after {last:?}");
        last = place;
        let scenarios = quote["scenarios"].as_array().map_or(0, Vec::len);
        ensure!(scenarios >= 2, "{scenarios} scenarios: {quote}");
    }
    ensure!(last.0, "pay-in-4 is the shorter one");
    world.books.ranking_replays(&book.request).await?;
    world.finish().await
}
