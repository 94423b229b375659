//! `usance cases list | show | assign | decide | approve | return | report | release`: cases of a running service, for officers,
//! over its REST interface.
//!
//! Ends with 0 when it did what was asked, with 1 when the service refused it, and with 2 when it could not ask.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::http::HttpError;
use super::provider_ops::Service;
use super::table::{Align, Cell, Table, Tone, colour_wanted, printable};
use super::{Exit, print};

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// List cases, blocks first, the most urgent first.
    List(ListOptions),
    /// Show a case and what was done to it.
    Show(ShowOptions),
    /// Assign a case to an officer, or without one to nobody.
    Assign(AssignOptions),
    /// Decide a case on a ground. Clearing a block needs the approval of another officer.
    Decide(DecideOptions),
    /// Agree with a colleague who wants to clear a block.
    Approve(ShowOptions),
    /// Return a case that a colleague wants to clear to the queue.
    Return(ShowOptions),
    /// Without --kind list the reports of a case, with it draft one from a file of facts. For the AML group.
    Report(ReportOptions),
    /// Release a draft of a colleague for filing by the hash of its file, or with --withdraw withdraw it. For the AML group.
    Release(ReleaseOptions),
}

/// Options of `list`.
#[derive(clap::Args, Clone, Debug)]
pub struct ListOptions {
    /// `open`, `proposed` or `closed`; all when it is left out.
    #[arg(long, value_enum)]
    state: Option<State>,
    /// Those assigned to the caller alone.
    #[arg(long)]
    mine: bool,
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 20)]
    first: u32,
    #[command(flatten)]
    service: Service,
}

/// States of a case.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum State {
    Open,
    Proposed,
    Closed,
}

/// Options of `show`, `approve` and `return`.
#[derive(clap::Args, Clone, Debug)]
pub struct ShowOptions {
    /// `cas_…`.
    id: String,
    #[command(flatten)]
    service: Service,
}

/// Options of `assign`.
#[derive(clap::Args, Clone, Debug)]
pub struct AssignOptions {
    /// `cas_…`.
    id: String,
    /// `prn_…`.
    officer: Option<String>,
    #[command(flatten)]
    service: Service,
}

/// Options of `decide`.
#[derive(clap::Args, Clone, Debug)]
pub struct DecideOptions {
    /// `cas_…`.
    id: String,
    /// Why. The ground says the verdict.
    #[arg(value_enum)]
    ground: Ground,
    #[command(flatten)]
    service: Service,
}

/// Grounds; the first six clear, the others confirm.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Ground {
    DifferentDateOfBirth,
    DifferentCountry,
    DifferentDocument,
    DifferentKind,
    CommonName,
    DocumentsInOrder,
    IdentifiersAgree,
    NameAndBirthAgree,
    WalletListed,
    DocumentsForged,
    FraudConfirmed,
}

/// Options of `report`.
#[derive(clap::Args, Clone, Debug)]
pub struct ReportOptions {
    /// `cas_…`.
    id: String,
    /// What to draft.
    #[arg(long, value_enum, requires_all = ["facts", "out"])]
    kind: Option<Kind>,
    /// File with the facts, JSON.
    #[arg(long)]
    facts: Option<PathBuf>,
    /// Where to write the report; it is kept nowhere else.
    #[arg(long)]
    out: Option<PathBuf>,
    #[command(flatten)]
    service: Service,
}

/// Kinds of reports.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum Kind {
    Sar,
    OfacBlocked,
    OfacRejected,
}

/// Options of `release`.
#[derive(clap::Args, Clone, Debug)]
pub struct ReleaseOptions {
    /// `rpt_…`.
    id: String,
    /// SHA-256 of the file that was read, hexadecimal.
    sha256: String,
    /// Withdraw it instead.
    #[arg(long)]
    withdraw: bool,
    #[command(flatten)]
    service: Service,
}

/// Does it.
pub async fn run(command: &Command) -> Result<ExitCode> {
    match act(command).await {
        Ok(exit) => Ok(exit.into()),
        // A no of the service is an answer: a second pair of eyes is missing, a case was decided.
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
        Command::List(options) => list(options).await,
        Command::Show(options) => show(options).await,
        Command::Assign(options) => {
            let body = json!({ "assignee": options.officer });
            change(&options.service, &path("cases", &options.id, "/assignee")?, &body).await
        }
        Command::Decide(options) => {
            let body = json!({ "ground": code(&options.ground) });
            change(&options.service, &path("cases", &options.id, "/decision")?, &body).await
        }
        Command::Approve(options) => check(options, true).await,
        Command::Return(options) => check(options, false).await,
        Command::Report(options) => report(options).await,
        Command::Release(options) => {
            let body = json!({ "release": !options.withdraw, "sha256": options.sha256 });
            let client = options.service.connect().await?;
            let path = path("case-reports", &options.id, "/release")?;
            let made = client.change(&path, &body).await?;
            Ok(tell(&options.service, &made, |found, colour| {
                reports(&json!([found]), colour)
            }))
        }
    }
}

/// The code of a value of the command line: `COMMON_NAME`.
fn code(value: &impl clap::ValueEnum) -> String {
    let name = value.to_possible_value();
    name.map(|name| name.get_name().to_uppercase().replace('-', "_"))
        .unwrap_or_default()
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
    Ok(format!("/v1/{kind}/{id}{rest}"))
}

async fn list(options: &ListOptions) -> Result<Exit> {
    let state = options
        .state
        .map(|state| format!("&state={}", code(&state)))
        .unwrap_or_default();
    let client = options.service.connect().await?;
    let path = format!("/v1/cases?first={}&mine={}{state}", options.first, options.mine);
    let found = client.get(&path).await?;
    Ok(tell(&options.service, &found, cases))
}

async fn show(options: &ShowOptions) -> Result<Exit> {
    let client = options.service.connect().await?;
    let found = json!({
        "case": client.get(&path("cases", &options.id, "")?).await?,
        "log": client.get(&path("cases", &options.id, "/log")?).await?,
    });
    Ok(tell(&options.service, &found, |found, colour| {
        let evidence = &found["case"]["evidence"];
        let one = cases(&json!([found["case"]]), colour);
        format!("{one}\nevidence {}\n\n{}", text(evidence), log(&found["log"], colour))
    }))
}

async fn change(service: &Service, path: &str, body: &Value) -> Result<Exit> {
    let client = service.connect().await?;
    let made = client.change(path, body).await?;
    Ok(tell(service, &made, |found, colour| cases(&json!([found]), colour)))
}

async fn check(options: &ShowOptions, agree: bool) -> Result<Exit> {
    let body = json!({ "agree": agree });
    change(&options.service, &path("cases", &options.id, "/check")?, &body).await
}

async fn report(options: &ReportOptions) -> Result<Exit> {
    let client = options.service.connect().await?;
    let path = path("cases", &options.id, "/reports")?;
    let (Some(kind), Some(facts), Some(out)) = (options.kind, &options.facts, &options.out) else {
        return Ok(tell(&options.service, &client.get(&path).await?, reports));
    };
    let read = std::fs::read(facts).with_context(|| format!("cannot read {}", facts.display()))?;
    let facts: Value = serde_json::from_slice(&read).context("the facts are no JSON")?;
    let made = client
        .change(&path, &json!({ "kind": code(&kind), "facts": facts }))
        .await?;
    let file = made["file"].as_str().unwrap_or_default();
    std::fs::write(out, file).with_context(|| format!("cannot write {}", out.display()))?;
    Ok(tell(&options.service, &made["report"], |found, colour| {
        reports(&json!([found]), colour)
    }))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => printable(text),
        other => printable(&other.to_string()),
    }
}

fn table(columns: &[&str], found: &Value, fields: &[&str], colour: bool, none: &str) -> String {
    let columns: Vec<(&str, Align)> = columns.iter().map(|name| (*name, Align::Left)).collect();
    let mut table = Table::new(&columns);
    for one in found.as_array().into_iter().flatten() {
        let cell = |field: &&str| {
            let tone = match one[*field].as_str().unwrap_or_default() {
                "BLOCK" | "TRUE_HIT" => Tone::Bad,
                "OPEN" | "PROPOSED" | "DRAFT" => Tone::Warn,
                "FALSE_POSITIVE" | "RELEASED" => Tone::Good,
                _ => Tone::Plain,
            };
            Cell::new(text(&one[*field]), tone)
        };
        table.row(fields.iter().map(cell).collect());
    }
    if table.is_empty() {
        return format!("{none}\n");
    }
    table.render(colour)
}

fn cases(found: &Value, colour: bool) -> String {
    let columns = [
        "case", "kind", "severity", "state", "due", "entity", "subject", "assignee", "verdict", "ground",
    ];
    let fields = [
        "id", "kind", "severity", "state", "dueOn", "entity", "subject", "assignee", "verdict", "ground",
    ];
    table(&columns, found, &fields, colour, "no cases")
}

fn log(found: &Value, colour: bool) -> String {
    let fields = ["at", "what", "by", "detail"];
    table(&fields, found, &fields, colour, "nothing was done")
}

fn reports(found: &Value, colour: bool) -> String {
    let columns = ["report", "kind", "state", "due", "bytes", "sha256"];
    let fields = ["id", "kind", "state", "dueOn", "bytes", "sha256"];
    table(&columns, found, &fields, colour, "no reports")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_interface() {
        assert_eq!(code(&Ground::DifferentDateOfBirth), "DIFFERENT_DATE_OF_BIRTH");
        assert_eq!(code(&Kind::OfacBlocked), "OFAC_BLOCKED");
        assert_eq!(code(&State::Proposed), "PROPOSED");
    }

    #[test]
    fn an_id_is_no_path() {
        assert_eq!(path("cases", "cas_01", "/check").unwrap(), "/v1/cases/cas_01/check");
        assert!(path("cases", "../loans", "").is_err());
        assert!(path("cases", "", "").is_err());
    }
}
