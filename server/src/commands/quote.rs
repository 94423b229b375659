//! `usance quote`: asks a running service for quotes over its REST interface, shows who has answered, and prints the ranked
//! table.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use domain::ports::Ids;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{self, Base, Events, HttpError, Request};
use super::quote_table::render;
use super::table::{colour_wanted, printable};
use super::{Exit, print};
use crate::clock::UuidV7Ids;

/// How often the stream of answers is opened again when it breaks.
const STREAM_TRIES: u32 = 3;
/// The whole wait for lenders.
const LONGEST_WAIT: Duration = Duration::from_mins(2);
/// Pages of quotes that are read, of 100 each.
const MAX_PAGES: usize = 10;
/// What `--secured` offers as collateral: 5 tokens of 18 decimals.
const DEV_COLLATERAL_UNITS: &str = "5000000000000000000";

/// Options of `usance quote`.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// The service; without it, the one of the facts that `usance dev` wrote.
    #[arg(long)]
    url: Option<String>,
    /// OAuth client.
    #[arg(long, env = "USANCE_CLIENT_ID", requires = "client_secret")]
    client_id: Option<String>,
    /// Its secret.
    #[arg(long, env = "USANCE_CLIENT_SECRET", hide_env_values = true, requires = "client_id")]
    client_secret: Option<SecretString>,
    /// Facts of a running `usance dev`.
    #[arg(long, default_value = ".usance/dev.json")]
    facts: PathBuf,
    /// Amount, in major units.
    #[arg(long, default_value = "5000.00")]
    amount: String,
    /// ISO 4217 code.
    #[arg(long, default_value = "USD")]
    currency: String,
    /// A number and one of d, w, m, y.
    #[arg(long, default_value = "24m", value_parser = term)]
    term: Term,
    /// ISO 3166-1 alpha-2 code of the country of residence.
    #[arg(long, default_value = "US")]
    country: String,
    /// Subdivision, for example CA; needed in the US.
    #[arg(long)]
    region: Option<String>,
    /// DEBT_CONSOLIDATION, HOME_IMPROVEMENT, PURCHASE, EDUCATION, MEDICAL, BUSINESS or OTHER.
    #[arg(long, default_value = "HOME_IMPROVEMENT", value_parser = upper)]
    purpose: String,
    /// The applicant as JSON, by the schema's `ApplicantInput`; without it, a sample applicant.
    #[arg(long)]
    applicant: Option<PathBuf>,
    /// Offer the development wallet's collateral: 5 dWETH on the first chain.
    #[arg(long)]
    secured: bool,
    /// What to rank by.
    #[arg(long, value_enum, default_value = "apr")]
    rank_by: RankBy,
    /// Print the request and its quotes as JSON.
    #[arg(long)]
    json: bool,
}

#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum RankBy {
    Apr,
    TotalCost,
    Payment,
}

impl RankBy {
    fn code(self) -> &'static str {
        match self {
            Self::Apr => "APR",
            Self::TotalCost => "TOTAL_COST",
            Self::Payment => "PAYMENT",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Term {
    count: u32,
    unit: &'static str,
}

fn term(text: &str) -> Result<Term, String> {
    let wrong = || format!("{text:?} is not a number and one of d, w, m, y, such as 24m");
    let last = text.chars().last().ok_or_else(wrong)?;
    let unit = match last {
        'd' => "DAY",
        'w' => "WEEK",
        'm' => "MONTH",
        'y' => "YEAR",
        _ => return Err(wrong()),
    };
    let count = text[..text.len() - 1].parse().map_err(|_| wrong())?;
    Ok(Term { count, unit })
}

#[expect(clippy::unnecessary_wraps, reason = "clap wants a result")]
fn upper(text: &str) -> Result<String, std::convert::Infallible> {
    Ok(text.to_ascii_uppercase().replace('-', "_"))
}

/// What we read of the facts that `usance dev` writes.
#[derive(Deserialize)]
struct Facts {
    url: String,
    clients: Vec<FactsClient>,
    #[serde(default)]
    chains: Vec<FactsChain>,
    borrower: Option<String>,
    ether: Option<String>,
}

#[derive(Deserialize)]
struct FactsClient {
    client_id: String,
    client_secret: SecretString,
}

#[derive(Deserialize)]
struct FactsChain {
    chain_id: u64,
}

impl Facts {
    fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| {
            format!(
                "cannot read {}; start `usance dev`, or give --url, --client-id and --client-secret",
                path.display()
            )
        })?;
        serde_json::from_str(&text).with_context(|| format!("{} is not what `usance dev` writes", path.display()))
    }
}

/// The sample request of `usance dev`: 5,000 dollars for 24 months, for a Californian.
#[derive(Clone)]
pub struct Sample {
    /// `http://host:port` of the service.
    pub base_url: String,
    /// OAuth client of a borrower.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The borrower's wallet.
    pub wallet: Option<String>,
    /// Collateral to offer: chain id, token, base units.
    pub collateral: Option<(u64, String, String)>,
    /// Print JSON instead of the table.
    pub json: bool,
}

impl fmt::Debug for Sample {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sample")
            .field("base_url", &self.base_url)
            .field("client_id", &self.client_id)
            .finish_non_exhaustive()
    }
}

/// Asks with the sample request and prints the table. A request without a quote is an error.
pub async fn print_sample(sample: &Sample) -> Result<()> {
    let client = Client::connect(
        &sample.base_url,
        &sample.client_id,
        &sample.client_secret.clone().into(),
    )
    .await?;
    let collateral = sample
        .collateral
        .as_ref()
        .map(|(chain_id, token, units)| json!({ "chainId": chain_id.to_string(), "token": token, "units": units }));
    let mut input = json!({
        "amount": { "amount": "5000.00", "currency": "USD" },
        "term": { "count": 24, "unit": "MONTH" },
        "purpose": "HOME_IMPROVEMENT", "country": "US", "region": "CA", "rankBy": "APR",
        "applicant": sample_applicant("USD"),
    });
    set(&mut input, "wallet", sample.wallet.clone().map(Value::from));
    set(&mut input, "collateral", collateral);
    let book = client.ask(&input).await?;
    show(&book, sample.json);
    if book.quotes.is_empty() {
        bail!("no lender made a quote for the sample request");
    }
    Ok(())
}

/// Runs it: 0 with at least one quote, 1 without.
pub async fn run(options: &Options) -> Result<ExitCode> {
    let explicit = options.client_id.as_ref().zip(options.client_secret.as_ref());
    let complete = options.url.is_some() && explicit.is_some() && !options.secured;
    let facts = if complete {
        None
    } else {
        Some(Facts::read(&options.facts)?)
    };
    let input = input(options, facts.as_ref())?;
    let known = facts
        .as_ref()
        .and_then(|f| f.clients.first())
        .map(|c| (&c.client_id, &c.client_secret));
    let (id, secret) = explicit
        .or(known)
        .context("no client: give --client-id and --client-secret")?;
    let url = options
        .url
        .as_deref()
        .or(facts.as_ref().map(|f| f.url.as_str()))
        .context("no service: give --url")?;
    let book = Client::connect(url, id, secret).await?.ask(&input).await?;
    show(&book, options.json);
    Ok(if book.quotes.is_empty() {
        Exit::Failure
    } else {
        Exit::Success
    }
    .into())
}

fn input(options: &Options, facts: Option<&Facts>) -> Result<Value> {
    let applicant = match &options.applicant {
        Some(path) => {
            let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            serde_json::from_str(&text).with_context(|| format!("{} is not JSON", path.display()))?
        }
        None => sample_applicant(&options.currency),
    };
    let mut input = json!({
        "amount": { "amount": options.amount, "currency": options.currency },
        "term": { "count": options.term.count, "unit": options.term.unit },
        "purpose": options.purpose, "country": options.country,
        "applicant": applicant, "rankBy": options.rank_by.code(),
    });
    // The sample applicant of the default country lives in California.
    let region = options
        .region
        .clone()
        .or_else(|| (options.country == "US").then(|| "CA".to_owned()));
    set(&mut input, "region", region.map(Value::from));
    if options.secured {
        let facts = facts.context("--secured needs the facts of `usance dev`")?;
        let (Some(wallet), Some(token), Some(chain)) = (&facts.borrower, &facts.ether, facts.chains.first()) else {
            bail!("the facts of `usance dev` name no wallet, token or chain");
        };
        set(&mut input, "wallet", Some(Value::from(wallet.clone())));
        let units = DEV_COLLATERAL_UNITS;
        let collateral = json!({ "chainId": chain.chain_id.to_string(), "token": token, "units": units });
        set(&mut input, "collateral", Some(collateral));
    }
    Ok(input)
}

fn set(input: &mut Value, name: &str, value: Option<Value>) {
    if let (Some(map), Some(value)) = (input.as_object_mut(), value) {
        map.insert(name.to_owned(), value);
    }
}

/// An applicant whom most lenders serve.
fn sample_applicant(currency: &str) -> Value {
    let money = |amount: &str| json!({ "amount": amount, "currency": currency });
    json!({
        "fullName": "Alex Sample", "employment": "EMPLOYED", "employmentMonths": 40, "residenceMonths": 30,
        "monthlyIncome": money("6000"), "monthlyHousingCost": money("1800"), "monthlyDebtPayments": money("400"),
        "inquiries6m": 1, "creditHistoryMonths": 90, "revolvingUtilizationPercent": 25,
    })
}

/// A closed request and its quotes, as the service gives them.
#[derive(Clone, Debug)]
pub struct Book {
    /// `QuoteRequest` of the schema.
    pub request: Value,
    /// `Quote`s of the schema, best first.
    pub quotes: Vec<Value>,
}

fn show(book: &Book, as_json: bool) {
    if as_json {
        let value = json!({ "request": book.request, "quotes": book.quotes });
        print(&format!("{value:#}\n"));
    } else {
        print(&render(book, colour_wanted()));
    }
}

/// An authenticated client of one service.
pub(super) struct Client {
    pub(super) base: Base,
    pub(super) bearer: SecretString,
}

impl Client {
    pub(super) async fn connect(url: &str, id: &str, secret: &SecretString) -> Result<Self> {
        let base = Base::parse(url)?;
        let grant = json!({
            "grant_type": "client_credentials", "client_id": id, "client_secret": secret.expose_secret(),
        });
        let request = Request {
            method: "POST",
            path: "/oauth/token",
            headers: &[],
            body: Some(&grant),
        };
        let answer = http::json(&base, request).await.context("no access token")?;
        let token = answer
            .get("access_token")
            .and_then(Value::as_str)
            .context("the service gave no access token")?;
        Ok(Self {
            base,
            bearer: format!("Bearer {token}").into(),
        })
    }

    pub(super) async fn get(&self, path: &str) -> Result<Value, HttpError> {
        let headers = [("authorization", self.bearer.expose_secret())];
        http::json(
            &self.base,
            Request {
                method: "GET",
                path,
                headers: &headers,
                body: None,
            },
        )
        .await
    }

    /// Makes the request, follows the answers, and reads the closed book.
    async fn ask(&self, input: &Value) -> Result<Book> {
        let made = self.make(input).await.context("the request was not taken")?;
        let id = made
            .get("id")
            .and_then(Value::as_str)
            .context("the service gave no id")?
            .to_owned();
        if !id.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'-') {
            bail!("the service gave an id that is none");
        }
        let request = if made.get("state").and_then(Value::as_str) == Some("QUOTING") {
            let progress = Progress::of(&made);
            let closed = tokio::time::timeout(LONGEST_WAIT, self.follow(&id, progress)).await;
            closed.context("the lenders took too long")??
        } else {
            made
        };
        let quotes = self.quotes(&id).await.context("the quotes cannot be read")?;
        Ok(Book { request, quotes })
    }

    /// One key for both tries: the request is made once, whichever of them arrives.
    async fn make(&self, input: &Value) -> Result<Value, HttpError> {
        let key = UuidV7Ids.next().to_string();
        let headers = [
            ("authorization", self.bearer.expose_secret()),
            ("idempotency-key", key.as_str()),
        ];
        let request = Request {
            method: "POST",
            path: "/v1/quote-requests",
            headers: &headers,
            body: Some(input),
        };
        match http::json(&self.base, request).await {
            Err(HttpError::Broken(_) | HttpError::Silent | HttpError::Refused { status: 503, .. }) => {
                http::json(&self.base, request).await
            }
            answer => answer,
        }
    }

    /// Reads the stream of answers until the book is closed. A stream begins with what arrived before.
    async fn follow(&self, id: &str, mut progress: Progress) -> Result<Value> {
        let path = format!("/v1/quote-requests/{id}/events");
        let headers = [("authorization", self.bearer.expose_secret())];
        for _ in 0..STREAM_TRIES {
            let request = Request {
                method: "GET",
                path: &path,
                headers: &headers,
                body: None,
            };
            let mut events = http::events(&self.base, request)
                .await
                .context("the answers cannot be followed")?;
            match until_closed(&mut events, &mut progress).await {
                Ok(Some(closed)) => {
                    progress.done();
                    return Ok(closed);
                }
                Ok(None) | Err(HttpError::Broken(_) | HttpError::Silent | HttpError::Malformed(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        bail!("the stream of answers broke {STREAM_TRIES} times")
    }

    async fn quotes(&self, id: &str) -> Result<Vec<Value>, HttpError> {
        let (mut quotes, mut after) = (Vec::new(), String::new());
        for _ in 0..MAX_PAGES {
            let mut page = self
                .get(&format!("/v1/quote-requests/{id}/quotes?first=100{after}"))
                .await?;
            let nodes = page.get_mut("nodes").and_then(Value::as_array_mut).map(std::mem::take);
            quotes.extend(nodes.ok_or(HttpError::Malformed("a page without quotes"))?);
            let next = page
                .pointer("/pageInfo/hasNextPage")
                .and_then(Value::as_bool)
                .unwrap_or(false);
            let Some(cursor) = page
                .pointer("/pageInfo/endCursor")
                .and_then(Value::as_str)
                .filter(|_| next)
            else {
                return Ok(quotes);
            };
            let escape = |b: u8| {
                if b.is_ascii_alphanumeric() {
                    char::from(b).to_string()
                } else {
                    format!("%{b:02X}")
                }
            };
            after = format!("&after={}", cursor.bytes().map(escape).collect::<String>());
        }
        Err(HttpError::Malformed("more pages than are read"))
    }
}

async fn until_closed(events: &mut Events, progress: &mut Progress) -> Result<Option<Value>, HttpError> {
    while let Some(event) = events.next().await? {
        let data: Value =
            serde_json::from_str(&event.data).map_err(|_| HttpError::Malformed("an event is not JSON"))?;
        match event.name.as_str() {
            "closed" => return Ok(Some(data)),
            _ => progress.answered(data.get("provider").and_then(Value::as_str).unwrap_or_default()),
        }
    }
    Ok(None)
}

/// Who has answered; told on standard error, so that standard output holds the result alone.
#[derive(Debug)]
struct Progress {
    lenders: BTreeSet<String>,
    answered: BTreeSet<String>,
    live: bool,
}

impl Progress {
    fn of(request: &Value) -> Self {
        let lenders = request.get("lenders").and_then(Value::as_array).into_iter().flatten();
        let names = lenders
            .filter_map(|l| l.get("provider").and_then(Value::as_str))
            .map(str::to_owned)
            .collect();
        let progress = Self {
            lenders: names,
            answered: BTreeSet::new(),
            live: std::io::stderr().is_terminal(),
        };
        progress.tell();
        progress
    }

    /// A lender answers once, however many quotes it makes.
    fn answered(&mut self, provider: &str) {
        if self.lenders.contains(provider) && self.answered.insert(provider.to_owned()) {
            self.tell();
        }
    }

    fn line(&self) -> String {
        let (answered, all) = (self.answered.len(), self.lenders.len());
        let missing: Vec<String> = self
            .lenders
            .difference(&self.answered)
            .map(|name| printable(name))
            .collect();
        let waiting = if missing.is_empty() {
            String::new()
        } else {
            format!("; waiting for {}", missing.join(", "))
        };
        format!("{answered} of {all} lenders answered{waiting}")
    }

    fn tell(&self) {
        let mut out = std::io::stderr().lock();
        let (start, end) = if self.live { ("\r\u{1b}[2K", "") } else { ("", "\n") };
        let _gone = write!(out, "{start}{}{end}", self.line()).and_then(|()| out.flush());
    }

    fn done(&self) {
        if self.live {
            let _gone = write!(std::io::stderr(), "\r\u{1b}[2K");
        }
    }
}

#[cfg(test)]
mod tests;
