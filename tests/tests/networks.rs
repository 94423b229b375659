//! Lenders on networks, end to end: their callbacks come to the server's own routes, and the borrower is led to their pages.

use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use sandbox::fis12::{Fis12Bank, OpenBank};
use sandbox::network::ByHttp;
use sandbox::ocen::{OcenLender, OpenLender};
use serde_json::{Value, json};
use server::clock::{SystemClock, UuidV7Ids};
use usance_tests::http::Call;
use usance_tests::journey::{self, text};
use usance_tests::{Client, Environment, Options};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");
const BANK: &str = "bharat-bank";
const LENDER: &str = "udaan-capital";

struct Networks {
    world: Environment,
    bank: OpenBank,
    lender: OpenLender,
}

impl Networks {
    async fn start() -> Result<Self> {
        let outside = sandbox::World {
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidV7Ids),
        };
        let by_http = Arc::new(ByHttp::new()?);
        let setup = sandbox::fis12::Setup::development()?;
        let bank = Fis12Bank::open(setup, outside.clone(), by_http.clone()).await?;
        let setup = sandbox::ocen::Setup::development(String::new())?;
        let lender = OcenLender::open(setup, outside, by_http).await?;
        let options = Options {
            more_lenders: vec![bank.bank.entry(BANK), lender.lender.entry(LENDER)],
            // A busy machine.
            quote_deadline_ms: 20_000,
            ..Options::quick()
        };
        let world = Environment::start(PROGRAM, options).await?;
        let networks = Self { world, bank, lender };
        networks.moved();
        Ok(networks)
    }

    /// The registry of the network follows our address.
    fn moved(&self) {
        let url = format!("{}/v1/networks/ocen", self.world.url);
        self.lender.lender.agent_moves(&url);
    }

    async fn restart(&mut self) -> Result<()> {
        self.world.restart().await?;
        self.moved();
        Ok(())
    }
}

/// 200,000 rupees for a year, for somebody in India.
fn request() -> Value {
    json!({
        "amount": { "amount": "200000.00", "currency": "INR" },
        "term": { "count": 12, "unit": "MONTH" },
        "purpose": "HOME_IMPROVEMENT",
        "country": "IN",
        "applicant": {
            "fullName": "Asha Sample",
            "monthlyIncome": { "amount": "150000.00", "currency": "INR" },
            "monthlyHousingCost": { "amount": "30000.00", "currency": "INR" },
            "monthlyDebtPayments": { "amount": "5000.00", "currency": "INR" },
            "employment": "EMPLOYED",
            "employmentMonths": 40,
            "residenceMonths": 30,
            "inquiries6m": 1,
            "creditHistoryMonths": 90,
            "revolvingUtilizationPercent": 25
        }
    })
}

/// The borrower follows a link and presses the button there.
async fn follow(url: &str) -> Result<()> {
    let (base, path) = url
        .strip_prefix("http://")
        .and_then(|rest| rest.split_once('/'))
        .context("a link")?;
    let (base, path) = (format!("http://{base}"), format!("/{path}"));
    let shown = Call::get(&base, &path).send().await?;
    ensure!(
        shown.status == 200 && shown.text().contains("<button>"),
        "{}",
        shown.text()
    );
    let pressed = Call::post(&base, &path, &json!({})).send().await?;
    ensure!(pressed.status == 200, "{}", pressed.text());
    Ok(())
}

/// Accepts the quote of that lender, acts on its pages, and waits for the money; the process dies on the way.
async fn borrow(networks: &mut Networks, provider: &str) -> Result<()> {
    let book = journey::ask(&mut networks.world, &request()).await?;
    let quote = book.quote(provider)?.clone();
    let settlement = journey::accept(&mut networks.world, &quote).await?;
    let path = format!("/v1/settlements/{}", text(&settlement, "/id"));
    let waiting = (Client::Borrower, path.as_str());
    let seen = networks
        .world
        .until("a page of the lender's", waiting, false, |s| !s["handoff"].is_null())
        .await?;
    ensure!(seen["handoff"]["title"] == "KYC", "{seen}");
    networks.restart().await?;
    follow(&text(&seen, "/handoff/url")).await?;
    let loan = text(&settlement, "/loan/id");
    let active = journey::loan_in(&mut networks.world, &loan, "ACTIVE").await?;
    ensure!(active["settlement"]["state"] == "SETTLED", "{active}");
    let done = networks.world.get(Client::Borrower, &path).await?;
    ensure!(done["handoff"].is_null(), "{done}");
    networks.world.books_are_right().await
}

/// One book has both offers with our own APR and the scenarios; each is accepted and paid out once.
#[tokio::test(flavor = "multi_thread")]
async fn loans_of_two_networks_live_from_quote_to_disbursement() -> Result<()> {
    let mut networks = Networks::start().await?;
    let book = journey::ask(&mut networks.world, &request()).await?;
    for provider in [BANK, LENDER] {
        let quote = book.quote(provider)?;
        let percent: f64 = text(quote, "/verifiedApr/percent").parse()?;
        ensure!((12.0..25.0).contains(&percent), "{provider}: {quote}");
        ensure!(
            quote["scenarios"]
                .as_array()
                .is_some_and(|scenarios| scenarios.len() >= 2),
            "{provider}: {quote}"
        );
        let flags = quote["flags"].as_array().cloned().unwrap_or_default();
        ensure!(!flags.contains(&json!("APR_MISDECLARED")), "{provider}: {quote}");
    }
    networks.world.books.ranking_replays(&book.request).await?;
    for provider in [BANK, LENDER] {
        borrow(&mut networks, provider).await.context(provider)?;
    }
    ensure!(
        networks.bank.bank.books().confirmed == 1,
        "not exactly one confirmation"
    );
    ensure!(
        networks.lender.lender.books().triggered == 1,
        "not exactly one disbursement"
    );
    networks.world.finish().await
}

/// What comes unsigned, or of nobody on the network, is refused in the network's own words.
#[tokio::test(flavor = "multi_thread")]
async fn calls_of_strangers_are_refused_in_the_form_of_the_network() -> Result<()> {
    let mut networks = Networks::start().await?;
    let nothing = json!({ "context": { "bpp_id": "stranger" }, "metadata": { "originatorParticipantId": "stranger" } });
    let call = Call::post("", "/v1/networks/fis12/on_search", &nothing);
    let refused = networks.world.send(None, &call).await?;
    ensure!(refused.status == 401, "{}", refused.text());
    ensure!(
        refused.json()["message"]["ack"]["status"] == "NACK",
        "{}",
        refused.text()
    );
    let call = Call::post("", "/v1/networks/ocen/v4.0.0alpha/offers/setOffersResponse", &nothing);
    let refused = networks.world.send(None, &call).await?;
    ensure!(refused.status == 401, "{}", refused.text());
    ensure!(refused.json()["error"] == "signature", "{}", refused.text());
    networks.world.finish().await
}
