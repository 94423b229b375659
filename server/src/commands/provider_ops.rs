//! `usance provider list | show | suspend | resume | state | limits | submit`: lenders of a running service, over its REST interface.
//!
//! Ends with 0 when it did what was asked, with 1 when the service refused it or `list` found a suspended lender under
//! `--check`, and with 2 when it could not ask.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use domain::ports::Ids;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde_json::{Value, json};

use super::http::{self, HttpError, Request};
use super::provider_tables::{listing, sheet};
use super::quote::Client;
use super::table::colour_wanted;
use super::{Exit, print};
use crate::clock::UuidV7Ids;

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// List the lenders of a running service with their health.
    List(ListOptions),
    /// Show one lender: state, limits, health, history, versions.
    Show(ShowOptions),
    /// Stop asking a lender until it is resumed; what it granted goes on.
    Suspend(ChangeOptions),
    /// Ask a suspended lender again.
    Resume(ChangeOptions),
    /// Move a lender along its onboarding.
    State(StateOptions),
    /// Change a lender's limits while it runs; what is left out stays.
    Limits(LimitsOptions),
    /// Hand in a report of `usance provider check --json`; it is kept for good.
    Submit(SubmitOptions),
}

/// Which service, and as whom.
#[derive(clap::Args, Clone, Debug)]
pub struct Service {
    /// The service; without it, the one of the facts that `usance dev` wrote.
    #[arg(long)]
    url: Option<String>,
    /// OAuth client of an officer, or of a lender that looks at itself.
    #[arg(long, env = "USANCE_CLIENT_ID", requires = "client_secret")]
    client_id: Option<String>,
    /// Its secret.
    #[arg(long, env = "USANCE_CLIENT_SECRET", hide_env_values = true, requires = "client_id")]
    client_secret: Option<SecretString>,
    /// Facts of a running `usance dev`.
    #[arg(long, default_value = ".usance/dev.json")]
    facts: PathBuf,
    /// Print JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// Options of `list`.
#[derive(clap::Args, Clone, Debug)]
pub struct ListOptions {
    /// Minutes of health, 1 to 10080.
    #[arg(long, default_value_t = 60)]
    minutes: u32,
    /// End with 1 when a lender is suspended.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    service: Service,
}

/// Options of `show`.
#[derive(clap::Args, Clone, Debug)]
pub struct ShowOptions {
    /// Name of the lender.
    id: String,
    /// Minutes of health, 1 to 10080.
    #[arg(long, default_value_t = 60)]
    minutes: u32,
    #[command(flatten)]
    service: Service,
}

/// Options of `submit`.
#[derive(clap::Args, Clone, Debug)]
pub struct SubmitOptions {
    /// Name of the lender.
    id: String,
    /// The report; `-` reads it from the standard input.
    report: PathBuf,
    #[command(flatten)]
    service: Service,
}

/// Options of `suspend` and `resume`.
#[derive(clap::Args, Clone, Debug)]
pub struct ChangeOptions {
    /// Name of the lender.
    id: String,
    /// Why; kept in the history for good.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    service: Service,
}

/// Options of `state`.
#[derive(clap::Args, Clone, Debug)]
pub struct StateOptions {
    /// Where to.
    #[arg(value_enum)]
    state: Stage,
    #[command(flatten)]
    change: ChangeOptions,
}

/// Stages of the onboarding.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Stage {
    Draft,
    Testing,
    Certified,
    Live,
}

impl Stage {
    fn code(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Testing => "TESTING",
            Self::Certified => "CERTIFIED",
            Self::Live => "LIVE",
        }
    }
}

/// Options of `limits`.
#[derive(clap::Args, Clone, Debug)]
pub struct LimitsOptions {
    #[command(flatten)]
    change: ChangeOptions,
    /// Quote calls at the same time.
    #[arg(long)]
    max_concurrent: Option<u32>,
    /// Quote calls that may wait for a place.
    #[arg(long)]
    max_waiting: Option<u32>,
    /// Accept, status and cancel calls at the same time.
    #[arg(long)]
    max_concurrent_money: Option<u32>,
    /// Quote calls a second.
    #[arg(long)]
    quotes_per_second: Option<u32>,
    /// Quote calls at once after a pause.
    #[arg(long)]
    burst: Option<u32>,
}

/// What we read of the facts that `usance dev` writes.
#[derive(Deserialize)]
struct Facts {
    url: String,
    clients: Vec<FactsClient>,
}

#[derive(Deserialize)]
struct FactsClient {
    client_id: String,
    client_secret: SecretString,
    role: String,
}

impl Service {
    /// As the officer of `usance dev`, when no client is named.
    pub(super) async fn connect(&self) -> Result<Client> {
        self.connect_as("officer").await
    }

    /// As the first client of that role of `usance dev`, when no client is named.
    pub(super) async fn connect_as(&self, role: &str) -> Result<Client> {
        let explicit = self.client_id.as_ref().zip(self.client_secret.as_ref());
        if let (Some(url), Some((id, secret))) = (&self.url, explicit) {
            return Client::connect(url, id, secret).await;
        }
        let text = std::fs::read_to_string(&self.facts).with_context(|| {
            let path = self.facts.display();
            format!("cannot read {path}; start `usance dev`, or give --url, --client-id and --client-secret")
        })?;
        let facts: Facts = serde_json::from_str(&text)
            .with_context(|| format!("{} is not what `usance dev` writes", self.facts.display()))?;
        let officer = facts.clients.iter().find(|client| client.role == role);
        let (id, secret) = explicit
            .or(officer.map(|client| (&client.client_id, &client.client_secret)))
            .context("no client: give --client-id and --client-secret")?;
        Client::connect(self.url.as_deref().unwrap_or(&facts.url), id, secret).await
    }
}

impl Client {
    /// One key for both tries: it happens once, whichever of them arrives.
    pub(super) async fn change(&self, path: &str, body: &Value) -> Result<Value, HttpError> {
        let key = UuidV7Ids.next().to_string();
        let headers = [
            ("authorization", self.bearer.expose_secret()),
            ("idempotency-key", key.as_str()),
        ];
        let request = Request {
            method: "POST",
            path,
            headers: &headers,
            body: Some(body),
        };
        match http::json(&self.base, request).await {
            Err(HttpError::Broken(_) | HttpError::Silent | HttpError::Refused { status: 503, .. }) => {
                http::json(&self.base, request).await
            }
            answer => answer,
        }
    }
}

/// Does it.
pub async fn run(command: &Command) -> Result<ExitCode> {
    let done = match command {
        Command::List(options) => list(options).await,
        Command::Show(options) => show(options).await,
        Command::Suspend(options) => change(options, "suspend", &json!({ "reason": options.reason })).await,
        Command::Resume(options) => change(options, "resume", &json!({ "reason": options.reason })).await,
        Command::State(options) => {
            let body = json!({ "state": options.state.code(), "reason": options.change.reason });
            change(&options.change, "state", &body).await
        }
        Command::Limits(options) => limit(options).await,
        Command::Submit(options) => submit(options).await,
    };
    match done {
        Ok(exit) => Ok(exit.into()),
        // A no of the service is an answer: somebody else's lender, a state that does not follow.
        Err(error) => match error.downcast_ref::<HttpError>() {
            Some(HttpError::Refused {
                status: 403 | 404 | 409 | 422,
                ..
            }) => {
                eprintln!("refused: {error:#}");
                Ok(Exit::Failure.into())
            }
            _ => Err(error),
        },
    }
}

/// The path of a lender; a name that is none would be another path.
fn path(id: &str, rest: &str) -> Result<String> {
    if id.parse::<domain::ProviderId>().is_err() {
        bail!("{id:?} is not the name of a lender: 1 to 64 of a-z, 0-9 and -");
    }
    Ok(format!("/v1/providers/{id}{rest}"))
}

async fn list(options: &ListOptions) -> Result<Exit> {
    let client = options.service.connect().await?;
    let found = client
        .get(&format!("/v1/providers?minutes={}", options.minutes))
        .await?;
    let lenders = found.as_array().context("the service gave no list")?;
    if options.service.json {
        print(&format!("{found:#}\n"));
    } else {
        print(&listing(lenders, colour_wanted()));
    }
    let suspended = lenders.iter().any(|lender| lender["state"] == "SUSPENDED");
    Ok(if options.check && suspended {
        Exit::Failure
    } else {
        Exit::Success
    })
}

async fn show(options: &ShowOptions) -> Result<Exit> {
    let client = options.service.connect().await?;
    let mut lender = client
        .get(&path(&options.id, &format!("?minutes={}", options.minutes))?)
        .await?;
    lender["history"] = client.get(&path(&options.id, "/history?first=10")?).await?;
    lender["versions"] = client.get(&path(&options.id, "/versions?first=10")?).await?;
    tell(&lender, options.service.json);
    Ok(Exit::Success)
}

async fn change(options: &ChangeOptions, what: &str, body: &Value) -> Result<Exit> {
    let client = options.service.connect().await?;
    let lender = client.change(&path(&options.id, &format!("/{what}"))?, body).await?;
    tell(&lender, options.service.json);
    Ok(Exit::Success)
}

async fn limit(options: &LimitsOptions) -> Result<Exit> {
    let client = options.change.service.connect().await?;
    let id = &options.change.id;
    let mut limits = client.get(&path(id, "")?).await?["limits"].take();
    let wanted = [
        ("maxConcurrent", options.max_concurrent),
        ("maxWaiting", options.max_waiting),
        ("maxConcurrentMoney", options.max_concurrent_money),
        ("quotesPerSecond", options.quotes_per_second),
        ("burst", options.burst),
    ];
    if wanted.iter().all(|(_, value)| value.is_none()) {
        bail!("give at least one limit, such as --quotes-per-second 50");
    }
    for (name, value) in wanted {
        if let Some(value) = value {
            limits[name] = value.into();
        }
    }
    let body = json!({ "limits": limits, "reason": options.change.reason });
    let lender = client.change(&path(id, "/limits")?, &body).await?;
    tell(&lender, options.change.service.json);
    Ok(Exit::Success)
}

async fn submit(options: &SubmitOptions) -> Result<Exit> {
    let text = if options.report.as_os_str() == "-" {
        std::io::read_to_string(std::io::stdin()).context("cannot read the standard input")?
    } else {
        std::fs::read_to_string(&options.report).with_context(|| format!("cannot read {}", options.report.display()))?
    };
    let report: Value = serde_json::from_str(&text).context("the report is not JSON: make it with --json")?;
    let client = options.service.connect().await?;
    let kept = client
        .change(&path(&options.id, "/conformance-reports")?, &report)
        .await?;
    if options.service.json {
        print(&format!("{kept:#}\n"));
    } else {
        let count = |name: &str| kept[name].as_u64().unwrap_or_default();
        let green = if kept["green"] == true { "green" } else { "not green" };
        let (passed, failed, skipped) = (count("passed"), count("failed"), count("skipped"));
        print(&format!(
            "kept: {green}, {passed} passed, {failed} failed, {skipped} skipped; SHA-256 {}\n",
            kept["sha256"].as_str().unwrap_or_default()
        ));
    }
    Ok(Exit::Success)
}

fn tell(lender: &Value, as_json: bool) {
    if as_json {
        print(&format!("{lender:#}\n"));
    } else {
        print(&sheet(lender, colour_wanted()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_no_path() {
        assert_eq!(
            path("harbor-bank", "/resume").unwrap(),
            "/v1/providers/harbor-bank/resume"
        );
        for wrong in ["", "../loans", "a/b", "A", "a?b"] {
            assert!(path(wrong, "").is_err(), "{wrong:?}");
        }
    }
}
