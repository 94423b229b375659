//! `usance kyc list | show | review | approve | decline`: verifications of a running service, for officers, over its REST interface.
//!
//! Ends with 0 when it did what was asked, with 1 when the service refused it, and with 2 when it could not ask.

use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Subcommand;
use serde_json::{Value, json};

use super::http::HttpError;
use super::provider_ops::Service;
use super::table::{Align, Cell, Table, Tone, colour_wanted, printable};
use super::{Exit, print};

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// List verifications, those that wait for an officer first.
    List(ListOptions),
    /// Show one: where it stands, what the vendor told, and the review.
    Show(ShowOptions),
    /// Propose to approve a person, or with --reject to reject; another officer confirms.
    Review(ReviewOptions),
    /// Confirm the proposal of another officer.
    Approve(DecideOptions),
    /// Decline a proposal.
    Decline(DecideOptions),
}

/// Options of `list`.
#[derive(clap::Args, Clone, Debug)]
pub struct ListOptions {
    /// In that state alone.
    #[arg(long, value_enum)]
    state: Option<State>,
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 20)]
    first: u32,
    #[command(flatten)]
    service: Service,
}

/// Where a verification stands.
#[derive(clap::ValueEnum, Clone, Copy, Debug)]
enum State {
    Created,
    Open,
    Pending,
    OnHold,
    Retry,
    Review,
    Verified,
    Rejected,
    Expired,
    Erased,
}

impl State {
    fn code(self) -> &'static str {
        match self {
            Self::Created => "CREATED",
            Self::Open => "OPEN",
            Self::Pending => "PENDING",
            Self::OnHold => "ON_HOLD",
            Self::Retry => "RETRY",
            Self::Review => "REVIEW",
            Self::Verified => "VERIFIED",
            Self::Rejected => "REJECTED",
            Self::Expired => "EXPIRED",
            Self::Erased => "ERASED",
        }
    }
}

/// Options of `show`.
#[derive(clap::Args, Clone, Debug)]
pub struct ShowOptions {
    /// `ver_…`.
    id: String,
    #[command(flatten)]
    service: Service,
}

/// Options of `review`.
#[derive(clap::Args, Clone, Debug)]
pub struct ReviewOptions {
    /// `ver_…`.
    id: String,
    /// Propose to reject.
    #[arg(long)]
    reject: bool,
    /// Why; kept for good.
    #[arg(long)]
    note: String,
    #[command(flatten)]
    service: Service,
}

/// Options of `approve` and `decline`.
#[derive(clap::Args, Clone, Debug)]
pub struct DecideOptions {
    /// `vrv_…`.
    id: String,
    /// Why; kept for good.
    #[arg(long)]
    note: String,
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
        Command::List(options) => {
            let state = options.state.map(|state| format!("&state={}", state.code()));
            let path = format!("/v1/verifications?first={}{}", options.first, state.unwrap_or_default());
            let found = options.service.connect().await?.get(&path).await?;
            Ok(tell(&options.service, &found, list))
        }
        Command::Show(options) => {
            let path = path("verifications", &options.id, "")?;
            let found = options.service.connect().await?.get(&path).await?;
            Ok(tell(&options.service, &found, show))
        }
        Command::Review(options) => {
            let path = path("verifications", &options.id, "/proposal")?;
            let body = json!({ "approve": !options.reject, "note": options.note });
            let made = options.service.connect().await?.change(&path, &body).await?;
            Ok(tell(&options.service, &made, show))
        }
        Command::Approve(options) => decide(options, true).await,
        Command::Decline(options) => decide(options, false).await,
    }
}

async fn decide(options: &DecideOptions, confirm: bool) -> Result<Exit> {
    let path = path("verification-reviews", &options.id, "/decision")?;
    let body = json!({ "confirm": confirm, "note": options.note });
    let made = options.service.connect().await?.change(&path, &body).await?;
    Ok(tell(&options.service, &made, show))
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
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if id.is_empty() || !id.bytes().all(plain) {
        bail!("{id:?} is no id");
    }
    Ok(format!("/v1/{kind}/{id}{rest}"))
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => printable(text),
        other => other.to_string(),
    }
}

fn state(value: &Value) -> Cell {
    let tone = match value.as_str().unwrap_or_default() {
        "VERIFIED" | "APPLIED" => Tone::Good,
        "REVIEW" | "ON_HOLD" | "RETRY" | "OPEN" => Tone::Warn,
        "REJECTED" => Tone::Bad,
        _ => Tone::Dim,
    };
    Cell::new(text(value), tone)
}

fn list(found: &Value, colour: bool) -> String {
    let columns = [
        "VERIFICATION",
        "BORROWER",
        "VENDOR",
        "LEVEL",
        "STATE",
        "WHY",
        "SINCE",
        "REVIEW",
    ];
    let mut table = Table::new(&columns.map(|name| (name, Align::Left)));
    for one in found.as_array().into_iter().flatten() {
        let review = &one["review"];
        let waits = if review["state"] == "OPEN" {
            text(&review["id"])
        } else {
            "-".to_owned()
        };
        table.row(vec![
            text(&one["id"]).as_str().into(),
            text(&one["borrower"]).as_str().into(),
            text(&one["vendor"]).as_str().into(),
            text(&one["level"]).as_str().into(),
            state(&one["state"]),
            text(&one["reason"]).as_str().into(),
            text(&one["changedAt"]).as_str().into(),
            waits.as_str().into(),
        ]);
    }
    if table.is_empty() {
        "No verifications.\n".to_owned()
    } else {
        table.render(colour)
    }
}

fn show(one: &Value, colour: bool) -> String {
    let mut out = list(&Value::Array(vec![one.clone()]), colour);
    let mut facts = Table::new(&[("", Align::Left), ("", Align::Left)]);
    let labels: Vec<String> = one["labels"].as_array().into_iter().flatten().map(text).collect();
    let review = &one["review"];
    for (name, value) in [
        ("tries", text(&one["attempts"])),
        ("labels", labels.join(", ")),
        ("verified until", text(&one["verifiedUntil"])),
        ("review", text(&review["state"])),
        (
            "proposed",
            if review["approve"] == false {
                "reject".to_owned()
            } else {
                "approve".to_owned()
            },
        ),
        ("proposed by", text(&review["proposedBy"])),
        ("note", text(&review["note"])),
        ("decided by", text(&review["decidedBy"])),
        ("decision", text(&review["decisionNote"])),
    ] {
        let of_review = matches!(name, "proposed" | "proposed by" | "note" | "decided by" | "decision");
        if !(of_review && review.is_null()) {
            facts.row(vec![Cell::new(name, Tone::Dim), value.as_str().into()]);
        }
    }
    out.push_str(&facts.render(colour));
    let mut events = Table::new(&["EVENT", "AT", "RECEIVED", "STATE"].map(|name| (name, Align::Left)));
    for event in one["events"].as_array().into_iter().flatten() {
        events.row(vec![
            text(&event["kind"]).as_str().into(),
            text(&event["at"]).as_str().into(),
            text(&event["receivedAt"]).as_str().into(),
            state(&event["state"]),
        ]);
    }
    if !events.is_empty() {
        out.push_str(&events.render(colour));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_no_path_and_what_a_service_says_is_printed_harmlessly() {
        assert!(path("verifications", "../loans", "").is_err() && path("verifications", "", "").is_err());
        assert_eq!(
            path("verifications", "ver_01", "/proposal").unwrap(),
            "/v1/verifications/ver_01/proposal"
        );
        let found = json!([{ "id": "ver_01", "state": "REVIEW", "reason": "NAME_\u{1b}[31mMISMATCH", "review": null }]);
        let printed = list(&found, false);
        assert!(printed.contains("REVIEW") && !printed.contains('\u{1b}'), "{printed}");
        assert_eq!(list(&json!([]), false), "No verifications.\n");
        assert!(show(&found[0], false).contains("ver_01"));
    }
}
