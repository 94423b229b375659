//! The commands of the README work as pasted.

use std::path::Path;
use std::process::Stdio;

use anyhow::{Context, Result, ensure};
use chain::deploy::DevAsset;
use chain::keys::DevAccount;
use serde_json::json;
use tempfile::TempDir;
use usance_tests::{Environment, Options};

const PROGRAM: &str = env!("CARGO_BIN_EXE_usance-under-test");
/// The API's address as the README writes it.
const WRITTEN: &str = "http://127.0.0.1:8480";

/// Fenced `sh` blocks that do not start a make target: those start everything anew and are run by the pipeline.
fn blocks(readme: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut lines = readme.lines();
    while let Some(line) = lines.next() {
        if line.trim() == "```sh" {
            let block: Vec<&str> = lines.by_ref().take_while(|line| line.trim() != "```").collect();
            found.push(block.join("\n"));
        }
    }
    found.retain(|block| {
        !block
            .lines()
            .any(|line| line.starts_with("make ") || line.starts_with("git clone"))
    });
    found
}

#[test]
fn only_blocks_that_can_be_run_are_run() {
    let readme = "a\n```sh\nmake run\n```\n```json\n{}\n```\n```sh\ncurl x\ncurl y\n```\n";
    assert_eq!(blocks(readme), ["curl x\ncurl y"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_readme_works_as_pasted() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .context("the workspace")?;
    let readme = std::fs::read_to_string(root.join("README.md")).context("README.md")?;
    let blocks = blocks(&readme);
    ensure!(!blocks.is_empty(), "the README shows no command");
    let world = Environment::start(
        PROGRAM,
        Options {
            chains: vec![31337, 31338],
            ..Options::default()
        },
    )
    .await?;
    let checkout = checkout(root, &world)?;
    for block in blocks {
        let script = block.replace(WRITTEN, &world.url);
        let run = tokio::process::Command::new("bash")
            .args(["-euo", "pipefail", "-c", &script])
            .current_dir(checkout.path())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = tokio::time::timeout(std::time::Duration::from_mins(1), run)
            .await
            .context(block.clone())??;
        let (out, err) = (
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr),
        );
        ensure!(output.status.success(), "{block}\n-> {}\n{out}\n{err}", output.status);
        ensure!(!out.contains("\"errors\""), "{block}\n-> {out}");
    }
    world.finish().await
}

/// What the commands expect around them: the binary where cargo puts it, and the facts of the running marketplace.
fn checkout(root: &Path, world: &Environment) -> Result<TempDir> {
    let folder = tempfile::tempdir()?;
    let at = |path: &str| folder.path().join(path);
    std::fs::create_dir_all(at("target/debug"))?;
    std::fs::create_dir_all(at(".usance"))?;
    std::os::unix::fs::symlink(PROGRAM, at("target/debug/usance"))?;
    std::os::unix::fs::symlink(root.join("node_modules"), at("node_modules"))?;
    let chain = |chain: &chain::devnet::Devnet| json!({ "chain_id": chain.chain_id(), "name": chain.name(), "rpc_url": chain.url() });
    let facts = json!({
        "url": world.url,
        "clients": server::seed::clients(),
        "chains": world.chains.iter().map(chain).collect::<Vec<_>>(),
        "sandbox_url": world.sandbox.base_url,
        "borrower": DevAccount::Borrower.address(),
        "aggregator": world.addresses.aggregator,
        "collateral_manager": world.addresses.collateral_manager,
        "dollar": DevAsset::Dollar.address(),
        "ether": DevAsset::Ether.address(),
    });
    std::fs::write(at(".usance/dev.json"), facts.to_string())?;
    Ok(folder)
}
