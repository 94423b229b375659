//! `usance screening status | refresh`: the sanctions lists of a running service, for officers, over its REST interface.
//!
//! Ends with 0 when the lists in the folder decide, with 1 when they were refused or the service said no, and with 2 when it could not ask.

use std::fmt::Write as _;
use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;
use serde_json::{Value, json};

use super::http::HttpError;
use super::provider_ops::Service;
use super::table::{Align, Cell, Table, Tone, colour_wanted, printable};
use super::{Exit, print};

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Show which lists decide, what was odd in them, and the pass over all customers.
    Status(Options),
    /// Look at the folder of lists at once.
    Refresh(Options),
}

/// Options of both.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    #[command(flatten)]
    service: Service,
}

/// Does it.
pub async fn run(command: &Command) -> Result<ExitCode> {
    match act(command).await {
        Ok(exit) => Ok(exit.into()),
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
    let (service, found) = match command {
        Command::Status(options) => {
            let client = options.service.connect().await?;
            (&options.service, client.get("/v1/screening").await?)
        }
        Command::Refresh(options) => {
            let client = options.service.connect().await?;
            let done = client.change("/v1/screening/refresh", &json!({})).await?;
            (&options.service, done)
        }
    };
    let status = found.get("status").unwrap_or(&found);
    if service.json {
        print(&format!("{found:#}\n"));
    } else {
        print(&table(status, colour_wanted()));
        if let Some(changed) = found["changed"].as_bool() {
            print(if changed {
                "other lists decide now\n"
            } else {
                "nothing changed\n"
            });
        }
    }
    Ok(if status["refused"].is_null() {
        Exit::Success
    } else {
        Exit::Failure
    })
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => printable(text),
        other => printable(&other.to_string()),
    }
}

fn table(status: &Value, colour: bool) -> String {
    let columns = ["list", "published", "entries", "names", "wallets", "partial"];
    let aligned = [
        Align::Left,
        Align::Left,
        Align::Right,
        Align::Right,
        Align::Right,
        Align::Left,
    ];
    let heads: Vec<(&str, Align)> = columns.into_iter().zip(aligned).collect();
    let mut lists = Table::new(&heads);
    for list in status["lists"].as_array().into_iter().flatten() {
        let tone = if list["partial"] == true {
            Tone::Warn
        } else {
            Tone::Plain
        };
        lists.row(columns.iter().map(|name| Cell::new(text(&list[*name]), tone)).collect());
    }
    let mut out = format!("version {}\n\n{}", text(&status["version"]), lists.render(colour));
    for notice in status["notices"].as_array().into_iter().flatten() {
        let _always = write!(out, "\n{} × {}", text(&notice["count"]), text(&notice["kind"]));
    }
    let pass = &status["pass"];
    if !pass.is_null() {
        let end = if pass["finishedAt"].is_null() {
            "goes on"
        } else {
            "finished"
        };
        let counts = ["looked", "raised", "lapsed"].map(|name| text(&pass[name]));
        let [looked, raised, lapsed] = counts;
        let _always = write!(
            out,
            "\ncustomers: {looked} looked at, {raised} raised, {lapsed} lapsed, {end}"
        );
    }
    if !status["refused"].is_null() {
        let refused = text(&status["refused"]);
        let _always = write!(out, "\nREFUSED, the former lists decide: {refused}");
    }
    out.push('\n');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_of_the_folder_is_said_beside_the_lists_that_decide() {
        let status = json!({
            "version": "ab", "lists": [{ "list": "OWN", "published": null, "entries": 2, "names": 3, "wallets": 0, "partial": true }],
            "notices": [{ "kind": "date", "count": 1 }], "refused": "own.csv, line 3: 1 fields under 2 headings",
            "pass": { "looked": 5, "raised": 1, "lapsed": 0, "startedAt": "2026-01-10T12:00:00Z", "finishedAt": null },
        });
        let shown = table(&status, false);
        for part in [
            "OWN",
            "5 looked at, 1 raised",
            "goes on",
            "REFUSED",
            "line 3",
            "1 × date",
        ] {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
}
