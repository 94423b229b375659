//! `usance risk models | propose | approve | reviews | limits | drift | decisions | …`: risk of a running service, for officers, over
//! its REST interface.
//!
//! Ends with 0 when it did what was asked, with 1 when the service refused it or a `--check` found something, and with 2 when it
//! could not ask.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use serde_json::{Map, Value, json};

use super::http::HttpError;
use super::provider_ops::Service;
use super::quote::Client;
use super::risk_tables as tables;
use super::table::colour_wanted;
use super::{Exit, print, risk_fairness};

/// Who may do all of this, beside the second pair of eyes.
const OPERATOR: &str = "credit_head";

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// List the models of the registry, and proposals that wait.
    Models(ServiceOptions),
    /// Register a model from a folder, as a draft.
    Register(RegisterOptions),
    /// Move a model where one officer may move it: validated, shadow, back to validated, retired.
    State(StateOptions),
    /// Propose a promotion, or with --share a share of the subjects for a challenger.
    Propose(ProposeOptions),
    /// Propose to return to the former champion; done at once while drift says ACT.
    Rollback(ReasonOptions),
    /// Approve the proposal of another officer.
    Approve(DecideOptions),
    /// Reject a proposal.
    Reject(DecideOptions),
    /// List decisions that a person has to look at.
    Reviews(ReviewsOptions),
    /// Clear the borrower of a review for some days.
    Clear(NoteOptions),
    /// Decline the borrower of a review.
    Decline(NoteOptions),
    /// Show a borrower's limits, or with --mode say how a tenant's limits bind.
    Limits(LimitsOptions),
    /// Show whether those who apply are still those of the training data. With --check it ends with 1 when a level is ACT.
    Drift(DriftOptions),
    /// List decisions, newest first.
    Decisions(DecisionsOptions),
    /// Show the record of a decision.
    Decision(DecisionOptions),
    /// Make a stored decision again. Ends with 1 when it comes out otherwise.
    Replay(DecisionOptions),
    /// Report how decisions fall on groups of people, from files. Ends with 1 when a group is below the 0.80 screen.
    Fairness(risk_fairness::Options),
}

/// Which service.
#[derive(clap::Args, Clone, Debug)]
pub struct ServiceOptions {
    #[command(flatten)]
    service: Service,
}

/// Options of `register`.
#[derive(clap::Args, Clone, Debug)]
pub struct RegisterOptions {
    /// Folder of the artefact.
    folder: PathBuf,
    #[command(flatten)]
    service: Service,
}

/// Options of `state`.
#[derive(clap::Args, Clone, Debug)]
pub struct StateOptions {
    /// `mdl_…`, or `name@version`.
    model: String,
    /// Where to.
    #[arg(value_enum)]
    state: Stage,
    /// Why; kept for good.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    service: Service,
}

/// States that one officer gives.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Stage {
    Validated,
    Shadow,
    Retired,
}

/// Options of `propose`.
#[derive(clap::Args, Clone, Debug)]
pub struct ProposeOptions {
    /// `mdl_…`, or `name@version`.
    model: String,
    /// A share of the subjects, parts per million, instead of the promotion.
    #[arg(long)]
    share: Option<u32>,
    /// Why; kept for good.
    #[arg(long)]
    reason: String,
    /// AUC less that of the champion, such as 0.004.
    #[arg(long, allow_hyphen_values = true)]
    auc_difference: Option<String>,
    /// Lower end of its 95 % interval.
    #[arg(long, allow_hyphen_values = true)]
    auc_low: Option<String>,
    /// Upper end.
    #[arg(long, allow_hyphen_values = true)]
    auc_high: Option<String>,
    /// Profit less that of the champion at an equal approval rate, as a share of the champion's.
    #[arg(long, allow_hyphen_values = true)]
    profit_difference: Option<String>,
    /// Where the figures are from.
    #[arg(long)]
    source: Option<String>,
    #[command(flatten)]
    service: Service,
}

/// Options of `rollback`.
#[derive(clap::Args, Clone, Debug)]
pub struct ReasonOptions {
    /// Why; kept for good.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    service: Service,
}

/// Options of `approve` and `reject`.
#[derive(clap::Args, Clone, Debug)]
pub struct DecideOptions {
    /// `prp_…`.
    id: String,
    /// Why; kept for good.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    service: Service,
}

/// Options of `reviews`.
#[derive(clap::Args, Clone, Debug)]
pub struct ReviewsOptions {
    /// All states, not only those that wait.
    #[arg(long)]
    all: bool,
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 20)]
    first: u32,
    #[command(flatten)]
    service: Service,
}

/// Options of `clear` and `decline`.
#[derive(clap::Args, Clone, Debug)]
pub struct NoteOptions {
    /// `rev_…`.
    id: String,
    /// Why; kept for good.
    #[arg(long)]
    note: String,
    #[command(flatten)]
    service: Service,
}

/// Options of `limits`.
#[derive(clap::Args, Clone, Debug)]
pub struct LimitsOptions {
    /// `prn_…`, whose limits to show.
    borrower: Option<String>,
    /// `ten_…`; the officer's own tenant when it is left out.
    #[arg(long)]
    tenant: Option<String>,
    /// How the tenant's limits bind from now on.
    #[arg(long, value_enum, requires = "reason")]
    mode: Option<Mode>,
    /// Why; kept for good.
    #[arg(long)]
    reason: Option<String>,
    #[command(flatten)]
    service: Service,
}

/// How limits bind.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Mode {
    Advise,
    Enforce,
}

/// Options of `drift`.
#[derive(clap::Args, Clone, Debug)]
pub struct DriftOptions {
    /// Days of the window, 1 to 28.
    #[arg(long, default_value_t = 7)]
    days: u32,
    /// End with 1 when a level is ACT.
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    service: Service,
}

/// Options of `decisions`.
#[derive(clap::Args, Clone, Debug)]
pub struct DecisionsOptions {
    /// `req_…`: of that request alone.
    #[arg(long)]
    request: Option<String>,
    /// How many, 1 to 100000.
    #[arg(long, default_value_t = 20)]
    first: u32,
    /// Print comma-separated values for `usance risk fairness`.
    #[arg(long)]
    csv: bool,
    #[command(flatten)]
    service: Service,
}

/// Options of `decision` and `replay`.
#[derive(clap::Args, Clone, Debug)]
pub struct DecisionOptions {
    /// `dec_…`.
    id: String,
    #[command(flatten)]
    service: Service,
}

/// Does it.
pub async fn run(command: &Command) -> Result<ExitCode> {
    match act(command).await {
        Ok(exit) => Ok(exit.into()),
        // A no of the service is an answer: a second pair of eyes is missing, a review was decided.
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

async fn act(command: &Command) -> Result<Exit> {
    match command {
        Command::Models(options) => models(&options.service).await,
        Command::Register(options) => register(options).await,
        Command::State(options) => state(options).await,
        Command::Propose(options) => propose(options).await,
        Command::Rollback(options) => {
            let body = json!({ "kind": "ROLLBACK", "reason": options.reason });
            let made = options
                .service
                .connect_as(OPERATOR)
                .await?
                .change("/v1/risk/proposals", &body)
                .await?;
            Ok(tell(&options.service, &made, tables::proposal))
        }
        Command::Approve(options) => decide(options, true).await,
        Command::Reject(options) => decide(options, false).await,
        Command::Reviews(options) => reviews(options).await,
        Command::Clear(options) => review(options, true).await,
        Command::Decline(options) => review(options, false).await,
        Command::Limits(options) => limits(options).await,
        Command::Drift(options) => drift(options).await,
        Command::Decisions(options) => decisions(options).await,
        Command::Decision(options) => {
            let record = options
                .service
                .connect_as(OPERATOR)
                .await?
                .get(&path("decisions", &options.id, "")?)
                .await?;
            Ok(tell(&options.service, &record, tables::record))
        }
        Command::Replay(options) => {
            let made = options
                .service
                .connect_as(OPERATOR)
                .await?
                .get(&path("decisions", &options.id, "/replay")?)
                .await?;
            tell(&options.service, &made, tables::replay);
            Ok(if made["same"] == true {
                Exit::Success
            } else {
                Exit::Failure
            })
        }
        Command::Fairness(options) => risk_fairness::run(options),
    }
}

fn tell(service: &Service, found: &Value, table: fn(&Value, bool) -> String) -> Exit {
    if service.json {
        print(&format!("{found:#}\n"));
    } else {
        print(&table(found, colour_wanted()));
    }
    Exit::Success
}

/// The path of an object; an id that is none would be another path.
fn path(kind: &str, id: &str, rest: &str) -> Result<String> {
    let plain = !id.is_empty()
        && id
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    if !plain {
        bail!("{id:?} is no id");
    }
    Ok(format!("/v1/risk/{kind}/{id}{rest}"))
}

/// The id of a model that is named by its id, or by name and version.
async fn model_id(client: &Client, named: &str) -> Result<String> {
    if named.starts_with("mdl_") {
        return Ok(named.to_owned());
    }
    let (name, version) = named
        .split_once('@')
        .context("name a model by its id, or as name@version")?;
    let models = client.get("/v1/risk/models").await?;
    let found = models
        .as_array()
        .into_iter()
        .flatten()
        .find(|model| model["name"] == name && model["version"] == version);
    let found = found.with_context(|| format!("the registry has no model {named}"))?;
    Ok(found["id"].as_str().unwrap_or_default().to_owned())
}

async fn models(service: &Service) -> Result<Exit> {
    let client = service.connect_as(OPERATOR).await?;
    let found = json!({
        "models": client.get("/v1/risk/models").await?, "proposals": client.get("/v1/risk/proposals?first=20").await?,
    });
    Ok(tell(service, &found, tables::models))
}

async fn register(options: &RegisterOptions) -> Result<Exit> {
    let folder = &options.folder;
    let read = risk::model::Files::read(folder).with_context(|| format!("{} is no model", folder.display()))?;
    let files: Map<String, Value> = read
        .iter()
        .map(|(name, bytes)| (name.to_owned(), STANDARD.encode(bytes).into()))
        .collect();
    let client = options.service.connect_as(OPERATOR).await?;
    let made = client.change("/v1/risk/models", &json!({ "files": files })).await?;
    Ok(tell(&options.service, &made, tables::model))
}

async fn state(options: &StateOptions) -> Result<Exit> {
    let client = options.service.connect_as(OPERATOR).await?;
    let id = model_id(&client, &options.model).await?;
    let state = match options.state {
        Stage::Validated => "VALIDATED",
        Stage::Shadow => "SHADOW",
        Stage::Retired => "RETIRED",
    };
    let body = json!({ "state": state, "reason": options.reason });
    let made = client.change(&path("models", &id, "/state")?, &body).await?;
    Ok(tell(&options.service, &made, tables::model))
}

async fn propose(options: &ProposeOptions) -> Result<Exit> {
    let client = options.service.connect_as(OPERATOR).await?;
    let mut body =
        json!({ "kind": "PROMOTE", "model": model_id(&client, &options.model).await?, "reason": options.reason });
    if let Some(share) = options.share {
        body["kind"] = "SHARE".into();
        body["sharePpm"] = share.into();
    }
    let evidence = [
        ("aucDifference", &options.auc_difference),
        ("aucLow", &options.auc_low),
        ("aucHigh", &options.auc_high),
        ("profitDifference", &options.profit_difference),
        ("source", &options.source),
    ];
    for (name, value) in evidence {
        if let Some(value) = value {
            body["evidence"][name] = value.as_str().into();
        }
    }
    let made = client.change("/v1/risk/proposals", &body).await?;
    Ok(tell(&options.service, &made, tables::proposal))
}

async fn decide(options: &DecideOptions, approve: bool) -> Result<Exit> {
    let body = json!({ "approve": approve, "reason": options.reason });
    let client = options.service.connect_as(OPERATOR).await?;
    let made = client
        .change(&path("proposals", &options.id, "/decision")?, &body)
        .await?;
    Ok(tell(&options.service, &made, tables::proposal))
}

async fn reviews(options: &ReviewsOptions) -> Result<Exit> {
    let state = if options.all { "" } else { "&state=OPEN" };
    let client = options.service.connect_as(OPERATOR).await?;
    let found = client
        .get(&format!("/v1/risk/reviews?first={}{state}", options.first))
        .await?;
    Ok(tell(&options.service, &found, tables::reviews))
}

async fn review(options: &NoteOptions, clear: bool) -> Result<Exit> {
    let body = json!({ "clear": clear, "note": options.note });
    let client = options.service.connect_as(OPERATOR).await?;
    let made = client
        .change(&path("reviews", &options.id, "/decision")?, &body)
        .await?;
    Ok(tell(&options.service, &Value::Array(vec![made]), tables::reviews))
}

async fn limits(options: &LimitsOptions) -> Result<Exit> {
    let client = options.service.connect_as(OPERATOR).await?;
    if let (Some(mode), Some(reason)) = (options.mode, &options.reason) {
        let mode = match mode {
            Mode::Advise => "ADVISE",
            Mode::Enforce => "ENFORCE",
        };
        let mut body = json!({ "mode": mode, "reason": reason });
        if let Some(tenant) = &options.tenant {
            body["tenant"] = tenant.as_str().into();
        }
        let policy = client.change("/v1/risk/limit-policy", &body).await?;
        return Ok(tell(&options.service, &policy, tables::policy));
    }
    let Some(borrower) = &options.borrower else {
        let tenant = options.tenant.as_ref().map(|tenant| format!("?tenant={tenant}"));
        let found = client
            .get(&format!("/v1/risk/limit-policy{}", tenant.unwrap_or_default()))
            .await?;
        return Ok(tell(&options.service, &found, tables::policy));
    };
    let found = client.get(&format!("/v1/risk/limits?borrower={borrower}")).await?;
    Ok(tell(&options.service, &found, tables::limits))
}

async fn drift(options: &DriftOptions) -> Result<Exit> {
    let client = options.service.connect_as(OPERATOR).await?;
    let found = client.get(&format!("/v1/risk/drift?days={}", options.days)).await?;
    tell(&options.service, &found, tables::drift);
    let mut indices = found
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|model| model["indices"].as_array().into_iter().flatten());
    let acts = indices.any(|index| index["level"] == "ACT");
    Ok(if options.check && acts {
        Exit::Failure
    } else {
        Exit::Success
    })
}

/// Pages until there are as many as wanted, or no more.
async fn decisions(options: &DecisionsOptions) -> Result<Exit> {
    if !(1..=100_000).contains(&options.first) {
        bail!("--first must be 1 to 100000");
    }
    let client = options.service.connect_as(OPERATOR).await?;
    let request = options
        .request
        .as_ref()
        .map(|id| format!("&request={id}"))
        .unwrap_or_default();
    let wanted = options.first as usize;
    let (mut all, mut before) = (Vec::new(), String::new());
    while all.len() < wanted {
        let size = (wanted - all.len()).min(100);
        let page = client
            .get(&format!("/v1/risk/decisions?first={size}{request}{before}"))
            .await?;
        let page = page.as_array().cloned().context("the service gave no list")?;
        let Some(last) = page.last() else { break };
        before = format!("&before={}", last["id"].as_str().unwrap_or_default());
        all.extend(page);
    }
    let all = Value::Array(all);
    if options.csv {
        print(&tables::csv(&all));
        return Ok(Exit::Success);
    }
    Ok(tell(&options.service, &all, tables::decisions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_no_path() {
        assert_eq!(
            path("reviews", "rev_01", "/decision").unwrap(),
            "/v1/risk/reviews/rev_01/decision"
        );
        for wrong in ["", "../models", "a/b", "A", "a?b"] {
            assert!(path("reviews", wrong, "").is_err(), "{wrong:?}");
        }
    }
}
