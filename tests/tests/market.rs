//! A marketplace of rate tables and a bank by files, end to end: the real process, their counterparties, and the public API.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use domain::money::{Currency, Money};
use sandbox::bankfiles::{Fault, Line, Payment, SandboxBank};
use sandbox::ratetable::{Marketplace, MarketplaceHandle, spawn, standard_originators};
use serde_json::{Value, json};
use server::clock::{SystemClock, UuidV7Ids};
use tempfile::TempDir;
use usance_tests::environment::PATIENCE;
use usance_tests::journey::{self, text};
use usance_tests::{Client, Environment, Options};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");
const TOKEN: &str = "token-of-a-test";
const ACCOUNT: &str = "100200300";

/// The process with both lenders, and their counterparties.
struct Market {
    world: Environment,
    bank: SandboxBank,
    folder: TempDir,
    _marketplace: MarketplaceHandle,
}

impl Market {
    async fn start() -> Result<Self> {
        Self::start_with(Options::quick()).await
    }

    async fn start_with(options: Options) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let parts = sandbox::World {
            clock: Arc::new(SystemClock),
            ids: Arc::new(UuidV7Ids),
        };
        let marketplace = spawn(Marketplace::new(standard_originators(), TOKEN, parts)).await?;
        let token = folder.path().join("token");
        std::fs::write(&token, TOKEN)?;
        let bank_folder = folder.path().join("bank");
        let lenders = vec![rate_market(&marketplace.base_url, &token), file_bank(&bank_folder)];
        let options = Options {
            more_lenders: lenders,
            // The machine is busy: lenders are not late for that.
            quote_deadline_ms: 20_000,
            ..options
        };
        let world = Environment::start(PROGRAM, options).await?;
        Ok(Self {
            world,
            bank: SandboxBank::new(&bank_folder, ACCOUNT, Currency::usd(), Arc::new(SystemClock)),
            folder,
            _marketplace: marketplace,
        })
    }

    fn path(&self, part: &str) -> PathBuf {
        self.folder.path().join("bank").join(part)
    }

    fn files(&self, part: &str) -> Result<usize> {
        Ok(std::fs::read_dir(self.path(part))?.count())
    }

    /// Waits until that holds.
    async fn wait(&self, what: &str, holds: impl Fn() -> Result<bool>) -> Result<()> {
        let started = Instant::now();
        while !holds()? {
            ensure!(
                started.elapsed() < PATIENCE,
                "waited in vain for {what}\n{}",
                self.world.log()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Waits until the process has put away everything that the bank sent.
    async fn taken(&self) -> Result<()> {
        self.wait("an empty folder", || Ok(self.files("in")? == 0)).await?;
        ensure!(self.files("failed")? == 0, "a file was refused");
        Ok(())
    }

    /// Accepts the bank's offer; the settlement, and the payment that the bank finds.
    async fn accepted(&mut self) -> Result<(Value, Payment)> {
        let book = journey::quoted(&mut self.world, "5000.00").await?;
        let settlement = journey::accept(&mut self.world, book.quote("file-bank")?).await?;
        self.wait("a payment file", || Ok(self.files("out")? > 0)).await?;
        let payment = self.bank.collect()?.pop().context("a payment")?;
        Ok((settlement, payment))
    }

    async fn settlement_in(&mut self, settlement: &Value, state: &str) -> Result<Value> {
        let path = format!("/v1/settlements/{}", text(settlement, "/id"));
        let reached = |seen: &Value| seen["state"] == state;
        self.world.until(state, (Client::Borrower, &path), false, reached).await
    }

    async fn repayments(&mut self, loan: &str) -> Result<usize> {
        let path = format!("/v1/loans/{loan}/repayments");
        let seen = self.world.get(Client::Borrower, &path).await?;
        Ok(seen.as_array().map_or(0, Vec::len))
    }
}

fn capabilities() -> Value {
    json!({
        "products": ["INSTALLMENT"], "jurisdictions": [{ "country": "US" }],
        "amounts": [{ "currency": "USD", "min": 50_000, "max": 5_000_000 }],
        "min_term_days": 80, "max_term_days": 1_900, "inquiry": "SOFT",
    })
}

fn rate_market(url: &str, token: &Path) -> Value {
    json!({
        "kind": "rate-table", "id": "rate-market", "url": url, "token": { "file": token }, "poll_ms": 20,
        "timeout_ms": 20_000, "capabilities": capabilities(),
    })
}

fn file_bank(folder: &Path) -> Value {
    json!({
        "kind": "bank-files", "id": "file-bank", "folder": folder, "poll_ms": 50, "currency": "USD",
        "account": { "name": "File Bank loans", "number": ACCOUNT, "routing": "021000021" },
        "payout": { "name": "Usance client money", "number": "400500600", "routing": "021000021" },
        "rates": [{ "max_months": 60, "rate_ppm": 104_000, "fee_bps": 100 }],
        "grace_days": 10, "late_fee": 700, "capabilities": capabilities(),
    })
}

/// Request, quotes of both in one book, the bank's accepted, `pain.001`, `pain.002`, `camt.053`, active; then the borrower pays at the
/// bank, and the payment is booked once, however often and wherever the bank shows it, a killed process included.
#[tokio::test(flavor = "multi_thread")]
async fn a_loan_of_a_bank_by_files_lives_from_quote_to_repayment() -> Result<()> {
    let mut market = Market::start().await?;
    let book = journey::quoted(&mut market.world, "5000.00").await?;
    let of = |provider: &str| {
        book.quotes
            .iter()
            .filter(|q| q["provider"] == provider)
            .cloned()
            .collect::<Vec<Value>>()
    };
    let (ranges, firm) = (of("rate-market"), of("file-bank"));
    assert_eq!(
        (ranges.len(), firm.len()),
        (2, 1),
        "both are in one book: {}",
        book.view
    );
    assert!(
        ranges.iter().all(|quote| quote["binding"] == "INDICATIVE"),
        "{ranges:?}"
    );
    assert_eq!(firm[0]["binding"], "FIRM");
    market.world.books.ranking_replays(&book.request).await?;

    let (settlement, payment) = market.accepted().await?;
    let loan = text(&settlement, "/loan/id");
    assert_eq!(payment.amount, Money::new(495_000, Currency::usd()));
    for status in ["ACTC", "ACSP"] {
        market.bank.report(&payment, status, None)?;
    }
    market.taken().await?;
    market.settlement_in(&settlement, "SUBMITTED").await?;
    let paid_out = Line::paid_out(&payment, "BK-OUT-1");
    let first = market.bank.statement(std::slice::from_ref(&paid_out), Fault::None)?;
    market.settlement_in(&settlement, "SETTLED").await?;
    journey::loan_in(&mut market.world, &loan, "ACTIVE").await?;
    market.world.books_are_right().await?;

    let schedule = market
        .world
        .get(Client::Borrower, &format!("/v1/loans/{loan}/schedule"))
        .await?;
    let due: i64 = text(&schedule, "/0/total/units").parse()?;
    let paid = Line::paid_in(Money::new(due, Currency::usd()), &payment.reference, "BK-IN-1");
    let stray = Line::paid_in(Money::new(1_234, Currency::usd()), "RF18539007547034", "BK-IN-2");
    let second = market.bank.statement(&[paid.clone(), stray], Fault::None)?;
    let path = format!("/v1/loans/{loan}/repayments");
    let some = |seen: &Value| seen.as_array().is_some_and(|all| !all.is_empty());
    market
        .world
        .until("a repayment", (Client::Borrower, &path), false, some)
        .await?;
    market.world.books_are_right().await?;
    assert_eq!(
        market.files("books/aside")?,
        1,
        "the payment that nobody can be told of waits for a person"
    );

    // Both statements again, the entries in a third one, and a process that was killed in between.
    market.bank.deliver("first-again.xml", &first)?;
    market.bank.deliver("second-again.xml", &second)?;
    market.taken().await?;
    market.world.restart().await?;
    market.bank.deliver("second-once-more.xml", &second)?;
    market.bank.statement(&[paid_out, paid], Fault::None)?;
    market.taken().await?;
    market
        .wait("nothing to count", || Ok(market.files("books/pending")? == 0))
        .await?;
    market.world.books_are_right().await?;
    assert_eq!(market.repayments(&loan).await?, 1, "booked once");
    assert_eq!((market.files("books/aside")?, market.files("out")?), (1, 0));
    market.world.finish().await
}

/// The bank refuses: the settlement ends with the bank's reason, and nothing is owed.
#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_the_bank_refuses_ends_the_settlement() -> Result<()> {
    let mut market = Market::start().await?;
    let (settlement, payment) = market.accepted().await?;
    market.bank.report(&payment, "RJCT", Some("AC04"))?;
    let failed = market.settlement_in(&settlement, "FAILED").await?;
    assert_eq!(text(&failed, "/failure/code"), "BANK_AC04", "{failed}");
    market.world.books_are_right().await?;
    market.world.finish().await
}

/// An offer of the marketplace is taken on the originator's own page: the link is in the answer.
#[tokio::test(flavor = "multi_thread")]
async fn an_accepted_rate_is_handed_to_its_originator() -> Result<()> {
    let mut market = Market::start().await?;
    let book = journey::quoted(&mut market.world, "5000.00").await?;
    let settlement = journey::accept(&mut market.world, book.quote("rate-market")?).await?;
    let ended = market.settlement_in(&settlement, "FAILED").await?;
    assert_eq!(text(&ended, "/failure/code"), "HAND_OFF", "{ended}");
    assert!(
        ended.to_string().contains("https://offers.marketplace.example/ref/"),
        "{ended}"
    );
    market.world.finish().await
}

/// The process dies after the payment file is out, before it is known to be: one payment, one loan.
#[tokio::test(flavor = "multi_thread")]
async fn a_process_that_dies_after_the_instruction_pays_once() -> Result<()> {
    let mut market = Market::start_with(Options::quick().crash_at("settlement::after_lender_call")).await?;
    let (settlement, payment) = market.accepted().await?;
    market
        .bank
        .statement(&[Line::paid_out(&payment, "BK-OUT-1")], Fault::None)?;
    market.settlement_in(&settlement, "SETTLED").await?;
    assert_eq!(market.world.crashes, 1, "it died and was started again");
    market.taken().await?;
    assert_eq!(market.files("out")?, 0, "no second instruction");
    market.world.books_are_right().await?;
    market.world.finish().await
}
