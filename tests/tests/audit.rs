//! The audit trail of a real process: a loan, its trail exported and verified from the command line, and tampering found.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use usance_tests::{Client, Desk, Environment, Options, journey};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");

/// What `usance audit` printed, and how it ended; as an officer where a service is asked.
async fn usance(url: Option<&str>, arguments: &[&str]) -> Result<(String, i32)> {
    let clients = server::seed::clients();
    let officer = clients
        .into_iter()
        .find(|c| c.client_id == "dev-officer")
        .context("an officer")?;
    let mut run = tokio::process::Command::new(PROGRAM);
    run.arg("audit").args(arguments).kill_on_drop(true);
    if let Some(url) = url {
        run.args(["--url", url])
            .env("USANCE_CLIENT_ID", officer.client_id)
            .env("USANCE_CLIENT_SECRET", officer.client_secret);
    }
    let done = tokio::time::timeout(Duration::from_mins(4), run.output())
        .await
        .context("a command that ends")??;
    let said = format!(
        "{}{}",
        String::from_utf8_lossy(&done.stdout),
        String::from_utf8_lossy(&done.stderr)
    );
    Ok((said, done.status.code().unwrap_or(-1)))
}

/// Every entry of the tenant is signed.
async fn signed(world: &mut Environment) -> Result<()> {
    let tenant = "select count(*) from audit.entry where tenant = '00000000-0000-0000-0000-0000000000a1'";
    let wanted = world.books.count(tenant).await?;
    let reached = |seen: &Value| {
        let size = seen[0]["size"].as_str().and_then(|size| size.parse::<i64>().ok());
        size.is_some_and(|size| size >= wanted)
    };
    let path = "/v1/audit/checkpoints?first=1";
    world
        .until("a signed trail", (Client::Officer, path), false, reached)
        .await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_of_a_loan_proves_itself_from_an_export_and_a_checkpoint() -> Result<()> {
    let options = Options {
        desks: vec![Desk::Secured],
        ..Options::quick()
    };
    let mut world = Environment::start(PROGRAM, options).await?;
    journey::bank_loan(&mut world).await?;
    signed(&mut world).await?;
    let folder = tempfile::tempdir()?;
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (export, kept) = (file("trail.jsonl"), file("kept.checkpoint"));
    let url = world.url.clone();
    let found = world.get(Client::Officer, "/v1/audit/entries?first=100").await?;
    let actions: Vec<&str> = found
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|e| e["action"].as_str())
        .collect();
    for action in [
        "decision.request",
        "decision.risk",
        "decision.offer",
        "request.closed",
        "quote.accepted",
        "settlement.moved",
    ] {
        ensure!(actions.contains(&action), "{action} is not in {actions:?}");
    }
    ensure!(
        world.get(Client::Borrower, "/v1/audit/entries").await.is_err(),
        "for officers alone"
    );

    // The older one is kept elsewhere: the log has grown since.
    let (note, exit) = usance(Some(&url), &["checkpoints", "--note"]).await?;
    ensure!(exit == 0, "{note}");
    std::fs::write(&kept, &note)?;
    let (said, exit) = usance(Some(&url), &["export", &export]).await?;
    ensure!(exit == 0, "{said}");
    let (said, exit) = usance(None, &["verify", &export, "--checkpoint", &kept, "--json"]).await?;
    let report: Value = serde_json::from_str(&said).with_context(|| said.clone())?;
    ensure!(exit == 0 && report["anchored"].as_u64() > Some(0), "{said}");

    let text = std::fs::read_to_string(&export)?;
    ensure!(!text.contains("Sample"), "no name of a borrower is in it");
    std::fs::write(&export, text.replacen("\"OFFER\"", "\"DECLINE\"", 1))?;
    let (said, exit) = usance(None, &["verify", &export, "--checkpoint", &kept]).await?;
    ensure!(exit == 1 && said.contains("TAMPERED"), "{said}");
    std::fs::write(&export, &text)?;
    let (said, exit) = usance(None, &["drill", &export, "--count", "200"]).await?;
    ensure!(exit == 0 && said.contains("200 of 200"), "{said}");

    let first = text.lines().last().context("an entry")?;
    let entry: Value = serde_json::from_str(first)?;
    let id = entry["entry"]["id"].as_str().context("an id")?;
    let (line, exit) = usance(Some(&url), &["proof", id]).await?;
    ensure!(exit == 0, "{line}");
    let proof = file("proof.json");
    std::fs::write(&proof, &line)?;
    let (said, exit) = usance(None, &["verify", &proof]).await?;
    ensure!(exit == 0 && said.contains("Nothing from outside"), "{said}");
    world.finish().await
}
