//! `usance audit search | proof | export | checkpoints | anchors`: the audit trail of a running service, for officers, over its REST interface.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use audit::join::join;
use clap::Subcommand;
use serde_json::Value;

use super::provider_ops::Service;
use super::{Exit, print};

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// List entries, newest first.
    Search(Box<SearchOptions>),
    /// Print one entry with its proof, for `usance audit verify`.
    Proof(ProofOptions),
    /// Print the proof that a log only grew between two checkpoints.
    Consistency(ConsistencyOptions),
    /// Write a log with everything that proves it.
    Export(ExportOptions),
    /// List signed checkpoints; with --note print the newest one as a file to keep elsewhere.
    Checkpoints(CheckpointsOptions),
    /// List where checkpoints were copied to.
    Anchors(AnchorsOptions),
}

/// Options of `search`.
#[derive(clap::Args, Clone, Debug)]
pub struct SearchOptions {
    /// Whose log: UUID or `ten_…`; without it, that of the caller. The nil UUID is the log of what concerns no tenant.
    #[arg(long)]
    tenant: Option<String>,
    /// Who acted.
    #[arg(long)]
    actor: Option<String>,
    /// Who is concerned.
    #[arg(long)]
    subject: Option<String>,
    /// What was done, such as `quote.accepted`.
    #[arg(long)]
    action: Option<String>,
    /// Kind of object.
    #[arg(long)]
    object_kind: Option<String>,
    /// Which object.
    #[arg(long)]
    object_id: Option<String>,
    /// From that time on, RFC 3339.
    #[arg(long)]
    from: Option<String>,
    /// Before that time.
    #[arg(long)]
    to: Option<String>,
    /// Before that number.
    #[arg(long)]
    before: Option<u64>,
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 20)]
    first: u32,
    #[command(flatten)]
    service: Service,
}

/// Options of `proof`.
#[derive(clap::Args, Clone, Debug)]
pub struct ProofOptions {
    /// Id of the entry.
    entry: String,
    #[command(flatten)]
    service: Service,
}

/// Options of `consistency`.
#[derive(clap::Args, Clone, Debug)]
pub struct ConsistencyOptions {
    /// Size of the older checkpoint.
    from: u64,
    /// Size of the newer one.
    to: u64,
    /// Whose log.
    #[arg(long)]
    tenant: Option<String>,
    #[command(flatten)]
    service: Service,
}

/// Options of `export`.
#[derive(clap::Args, Clone, Debug)]
pub struct ExportOptions {
    /// Where to.
    file: PathBuf,
    /// Whose log.
    #[arg(long)]
    tenant: Option<String>,
    /// Number of the first entry.
    #[arg(long, default_value_t = 0)]
    from: u64,
    #[command(flatten)]
    service: Service,
}

/// Options of `checkpoints`.
#[derive(clap::Args, Clone, Debug)]
pub struct CheckpointsOptions {
    /// Whose log.
    #[arg(long)]
    tenant: Option<String>,
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 20)]
    first: u32,
    /// Print the newest signed note alone.
    #[arg(long)]
    note: bool,
    #[command(flatten)]
    service: Service,
}

/// Options of `anchors`.
#[derive(clap::Args, Clone, Debug)]
pub struct AnchorsOptions {
    /// Whose log.
    #[arg(long)]
    tenant: Option<String>,
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 20)]
    first: u32,
    #[command(flatten)]
    service: Service,
}

/// Runs one of them.
pub async fn run(command: &Command) -> Result<ExitCode> {
    match command {
        Command::Search(options) => search(options).await?,
        Command::Proof(options) => {
            let path = format!("/v1/audit/entries/{}/proof", escaped(&options.entry));
            line(&options.service, &path).await?;
        }
        Command::Consistency(options) => {
            let (from, to) = (options.from.to_string(), options.to.to_string());
            let query = [
                ("tenant", options.tenant.as_deref()),
                ("from", Some(from.as_str())),
                ("to", Some(to.as_str())),
            ];
            line(&options.service, &path("consistency", &query)).await?;
        }
        Command::Export(options) => export(options).await?,
        Command::Checkpoints(options) => checkpoints(options).await?,
        Command::Anchors(options) => {
            let first = options.first.to_string();
            let query = [("tenant", options.tenant.as_deref()), ("first", Some(first.as_str()))];
            let found = options.service.connect().await?.get(&path("anchors", &query)).await?;
            table(
                options.service.json,
                &found,
                &["size", "state", "doneAt", "place", "evidence", "root"],
            );
        }
    }
    Ok(Exit::Success.into())
}

async fn search(options: &SearchOptions) -> Result<()> {
    let (first, before) = (
        options.first.to_string(),
        options.before.map(|number| number.to_string()),
    );
    let query = [
        ("tenant", options.tenant.as_deref()),
        ("actor", options.actor.as_deref()),
        ("subject", options.subject.as_deref()),
        ("action", options.action.as_deref()),
        ("objectKind", options.object_kind.as_deref()),
        ("objectId", options.object_id.as_deref()),
        ("from", options.from.as_deref()),
        ("to", options.to.as_deref()),
        ("before", before.as_deref()),
        ("first", Some(first.as_str())),
    ];
    let found = options.service.connect().await?.get(&path("entries", &query)).await?;
    let columns = [
        "seq",
        "at",
        "role",
        "actor",
        "action",
        "decision",
        "objectKind",
        "objectId",
        "subject",
        "id",
    ];
    table(options.service.json, &found, &columns);
    Ok(())
}

async fn line(service: &Service, path: &str) -> Result<()> {
    let found = service.connect().await?.get(path).await?;
    print(found["line"].as_str().context("the service gave no line")?);
    Ok(())
}

/// Part by part until the log ends, then one file.
async fn export(options: &ExportOptions) -> Result<()> {
    let client = options.service.connect().await?;
    let (mut parts, mut from) = (Vec::new(), options.from.to_string());
    loop {
        let query = [("tenant", options.tenant.as_deref()), ("from", Some(from.as_str()))];
        let part = client.get(&path("export", &query)).await?;
        parts.push(part["text"].as_str().context("the service gave no text")?.to_owned());
        part["to"]
            .as_str()
            .context("the service gave no end")?
            .clone_into(&mut from);
        if part["more"] != true {
            break;
        }
    }
    let text = join(&parts)?;
    std::fs::write(&options.file, &text).with_context(|| format!("cannot write {}", options.file.display()))?;
    let count = parts.len();
    print(&format!("{} bytes in {count} parts, up to entry {from}\n", text.len()));
    Ok(())
}

async fn checkpoints(options: &CheckpointsOptions) -> Result<()> {
    let first = options.first.to_string();
    let query = [("tenant", options.tenant.as_deref()), ("first", Some(first.as_str()))];
    let found = options
        .service
        .connect()
        .await?
        .get(&path("checkpoints", &query))
        .await?;
    if options.note {
        print(found[0]["note"].as_str().context("nothing is signed yet")?);
    } else {
        table(options.service.json, &found, &["size", "at", "root"]);
    }
    Ok(())
}

fn path(what: &str, query: &[(&str, Option<&str>)]) -> String {
    let given = query
        .iter()
        .filter_map(|(name, value)| Some(format!("{name}={}", escaped((*value)?))));
    format!("/v1/audit/{what}?{}", given.collect::<Vec<_>>().join("&"))
}

/// Percent-encoded.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            escaped.push(char::from(byte));
        } else {
            let _always = write!(escaped, "%{byte:02X}");
        }
    }
    escaped
}

/// One row an item, columns in line; or the JSON as it came.
fn table(json: bool, found: &Value, columns: &[&str]) {
    if json {
        return print(&format!("{found:#}\n"));
    }
    let cell = |item: &Value, column: &&str| item[*column].as_str().unwrap_or("-").to_owned();
    let rows = found.as_array().into_iter().flatten();
    let rows = rows.map(|item| columns.iter().map(|column| cell(item, column)).collect::<Vec<_>>());
    let head = columns.iter().map(|column| (*column).to_owned()).collect();
    let rows: Vec<Vec<String>> = std::iter::once(head).chain(rows).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let mut text = String::new();
    for row in &rows {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        text += cells.collect::<Vec<_>>().join("  ").trim_end();
        text.push('\n');
    }
    print(&text);
}
