//! `usance provider check` and `usance provider checks`: the conformance kit on the command line.

mod lender;
mod manifest;
mod project;

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use kit::{Area, Progress, Report};
use lenders::LenderConfig;

use super::Exit;

/// The platform's key of development, which sandbox lenders know.
const DEVELOPMENT_KEY: &str = "usance-dev";
/// The files of a folder that `usance provider new` made, and that have an entry to check.
const ENTRIES: [&str; 2] = ["lender.toml", "lenders.toml"];

/// What to check, and how.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Base address of a lender that speaks provider protocol v1; a TOML file with `[[lenders]]` entries of the kind protocol or
    /// manifest; or a folder of `usance provider new`, at any level.
    pub target: String,
    /// Which lender of the file; needed when it has several.
    #[arg(long)]
    pub lender: Option<String>,
    /// Public key of a lender at an address: its name in signatures, `=`, base64. May be repeated.
    #[arg(long = "lender-key", value_name = "ID=BASE64")]
    pub lender_keys: Vec<String>,
    /// Capabilities of a lender at an address, TOML.
    #[arg(long, value_name = "FILE")]
    pub capabilities: Option<PathBuf>,
    /// Name of our key.
    #[arg(long, default_value = DEVELOPMENT_KEY)]
    pub platform_key: String,
    /// File with the base64 of the 32 secret bytes of our key; the public development key when left out, on this machine only.
    #[arg(long, value_name = "FILE")]
    pub platform_seed: Option<PathBuf>,
    /// Amount of ordinary questions, minor units.
    #[arg(long)]
    pub amount: Option<i64>,
    /// One area of checks only; of a manifest, its behavior beside it.
    #[arg(long, value_name = "AREA")]
    pub only: Option<Area>,
    /// Seconds to wait for one answer.
    #[arg(long, default_value_t = 10)]
    pub patience: u64,
    /// Seconds to wait for an accepted loan to be paid out; it is not waited for when left out.
    #[arg(long)]
    pub payout_wait: Option<u64>,
    /// Where to listen for callbacks.
    #[arg(long, default_value = "127.0.0.1:0")]
    pub callback_listen: SocketAddr,
    /// The same address as the lender reaches it.
    #[arg(long)]
    pub callback_url: Option<String>,
    /// The recorded answers of a lender with a manifest; `fixtures/quote.toml` beside the manifest when left out.
    #[arg(long, value_name = "FILE")]
    pub fixture: Option<PathBuf>,
    /// Print the report as JSON.
    #[arg(long)]
    pub json: bool,
    /// Write the report as JUnit XML too.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
}

/// How to list the checks.
#[derive(clap::Args, Clone, Copy, Debug)]
pub struct ListOptions {
    /// As the page of the documentation.
    #[arg(long)]
    pub markdown: bool,
}

/// Lists the checks.
pub fn list(options: ListOptions) -> ExitCode {
    if options.markdown {
        super::print(&kit::markdown());
    } else {
        for check in kit::catalogue() {
            super::print(&format!("{:<34} {}\n", check.id, check.says));
        }
    }
    ExitCode::SUCCESS
}

/// Runs the checks: 1 when one failed, an error when they could not run.
pub async fn run(options: &Options) -> Result<ExitCode> {
    Ok(checked(options).await?.into())
}

async fn checked(options: &Options) -> Result<Exit> {
    if options.target.contains("://") {
        return lender::check(options, lender::at_address(options)?).await;
    }
    let target = Path::new(&options.target);
    if target.join("Cargo.toml").is_file() {
        return project::check(options, target).await;
    }
    let file = entry(target)?;
    let chosen = chosen(&file, options.lender.as_deref())?;
    let id = chosen.id().clone();
    if let LenderConfig::Protocol(config) = &chosen {
        return lender::check(options, lender::of_config(config)?).await;
    }
    if let LenderConfig::Manifest(config) = chosen {
        return manifest::check(options, config).await;
    }
    bail!("{id} is built in: its adapter is checked by usance_kit::adapter in its tests")
}

/// The file with the entry: the target itself, or one of its folder.
fn entry(target: &Path) -> Result<PathBuf> {
    if !target.is_dir() {
        return Ok(target.to_owned());
    }
    let found = ENTRIES.iter().map(|name| target.join(name)).find(|file| file.is_file());
    found.with_context(|| {
        format!(
            "{} has neither {} nor Cargo.toml: name a file with a [[lenders]] entry, or an address",
            target.display(),
            ENTRIES.join(" nor ")
        )
    })
}

fn chosen(path: &Path, wanted: Option<&str>) -> Result<LenderConfig> {
    let all = crate::lender_file::read(path)?;
    let fits = |config: &LenderConfig| wanted.is_none_or(|wanted| config.id().as_str() == wanted);
    let mut found: Vec<_> = all.into_iter().filter(fits).collect();
    let ids: Vec<_> = found.iter().map(|config| config.id().to_string()).collect();
    match (found.pop(), found.is_empty()) {
        (Some(config), true) => Ok(config),
        (Some(_), false) => bail!(
            "there are {} lenders: choose one by --lender: {}",
            ids.len(),
            ids.join(", ")
        ),
        (None, _) => bail!("{} has no such lender", path.display()),
    }
}

/// Says how far the run is, on the standard error; not beside a report as JSON.
fn progress(options: &Options) -> impl Fn(Progress) + Sync + use<> {
    let quiet = options.json;
    move |progress: Progress| {
        if quiet {
            return;
        }
        match progress {
            Progress::Area(area) => eprint!("{:<10} ", area.as_str()),
            Progress::Done {
                passed,
                failed,
                skipped,
                ..
            } => eprintln!("{passed} passed, {failed} failed, {skipped} skipped"),
        }
    }
}

fn print(options: &Options, report: &Report) -> Result<Exit> {
    if let Some(path) = &options.junit {
        std::fs::write(path, report.to_junit()).with_context(|| format!("cannot write {}", path.display()))?;
    }
    super::print(&if options.json {
        report.to_json()
    } else {
        report.to_human()
    });
    Ok(if report.is_green() {
        Exit::Success
    } else {
        Exit::Failure
    })
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests;
