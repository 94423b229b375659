//! A Rust lender: its own tests run the kit and leave the report, which is read here.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use kit::Report;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::Command;

use super::{Exit, Options, print, read};

/// A project that compiles for longer than this does not end.
const LONGEST: Duration = Duration::from_hours(1);

pub(super) async fn check(options: &Options, folder: &Path) -> Result<Exit> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    check_with(options, folder, Path::new(&cargo)).await
}

/// The same with another cargo.
pub(super) async fn check_with(options: &Options, folder: &Path, cargo: &Path) -> Result<Exit> {
    let place = Scratch::new()?;
    let file = place.0.join("report.json");
    let mut child = Command::new(cargo)
        .args(["test", "--no-fail-fast"])
        .current_dir(folder)
        .env(kit::report::FILE_VARIABLE, &file)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .with_context(|| format!("cannot start {}", cargo.display()))?;
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let quiet = options.json;
    let run = async {
        let (failed, _, status) = tokio::join!(follow(out, quiet), follow(err, quiet), child.wait());
        anyhow::Ok((failed, status?))
    };
    let (failed, status) = tokio::time::timeout(LONGEST, run)
        .await
        .context("cargo test does not end")??;
    if !file.is_file() {
        bail!(
            "cargo test {}, and no test left a report of the kit: a test has to call kit::adapter::check and \
             Report::leave, as the one of `usance provider new --level rust` does",
            if status.success() { "is green" } else { "failed" }
        );
    }
    let report: Report = serde_json::from_str(&read(&file)?).context("the report of the kit")?;
    let exit = print(options, &report)?;
    if status.success() {
        return Ok(exit);
    }
    for test in &failed {
        eprintln!("cargo test: {test} failed");
    }
    Ok(Exit::Failure)
}

/// A folder that goes when this does.
struct Scratch(std::path::PathBuf);

impl Scratch {
    fn new() -> Result<Self> {
        use domain::ports::Ids as _;
        let name = format!("usance-check-{}", crate::clock::UuidV7Ids.next());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir(&path).with_context(|| format!("cannot make {}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What stays of a temporary folder is the system's to clear.
        let _gone = std::fs::remove_dir_all(&self.0);
    }
}

/// Passes the lines on, and remembers the tests that failed.
async fn follow(from: Option<impl AsyncRead + Unpin>, quiet: bool) -> Vec<String> {
    let mut failed = Vec::new();
    let Some(from) = from else { return failed };
    let mut lines = BufReader::new(from).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        if !quiet {
            eprintln!("{line}");
        }
        let test = line
            .strip_prefix("test ")
            .and_then(|rest| rest.strip_suffix(" ... FAILED"));
        failed.extend(test.map(str::to_owned));
    }
    failed
}
