//! `usance audit verify | drill`: exports of the audit trail, from files alone. Needs no database and no network, unless a chain is to be asked.
//!
//! Ends with 0 when everything is as it must be, with 1 when something was tampered with, and with 2 when it could not look.

use std::fmt::Write as _;
use std::fs::File;
use std::io::BufReader;
use std::path::PathBuf;
use std::process::ExitCode;

use alloy_primitives::{Address, B256};
use anyhow::{Context, Result, bail};
use audit::Hash;
use audit::note::{Verifier, origin_hash};
use audit::tamper::{Dice, Victim};
use audit::verify::{Finding, KnownRoot, Report, Trust, verify};
use chain::contracts::newest_anchor;
use chain::rpc::{Rpc, RpcOptions};
use clap::Subcommand;
use serde_json::json;

use super::{Exit, print};

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Verify an export, a proof of one entry or a proof of growth.
    Verify(VerifyOptions),
    /// Damage an export in as many ways as wanted and see that each is found.
    Drill(DrillOptions),
}

/// Options of `verify`.
#[derive(clap::Args, Clone, Debug)]
pub struct VerifyOptions {
    /// The export.
    export: PathBuf,
    /// A signed checkpoint that was kept elsewhere; may be given several times.
    #[arg(long)]
    checkpoint: Vec<PathBuf>,
    /// A public key that may sign, `NAME+ID+KEY`; without it, those that the export names.
    #[arg(long)]
    key: Vec<String>,
    /// A root that was kept elsewhere, `SIZE:ROOT` with the root in hexadecimal.
    #[arg(long)]
    root: Vec<String>,
    /// JSON-RPC endpoint of a chain that has our anchors.
    #[arg(long, requires_all = ["contract", "sender"])]
    rpc: Option<String>,
    /// The contract that remembers roots.
    #[arg(long, requires = "rpc")]
    contract: Option<Address>,
    /// The account that anchored.
    #[arg(long, requires = "rpc")]
    sender: Option<Address>,
    /// Chain of the endpoint.
    #[arg(long, default_value_t = 1, requires = "rpc")]
    chain_id: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Options of `drill`.
#[derive(clap::Args, Clone, Debug)]
pub struct DrillOptions {
    /// The export, whole from its first entry.
    export: PathBuf,
    /// How many damages.
    #[arg(long, default_value_t = 10_000)]
    count: u32,
    /// The same seed makes the same damages.
    #[arg(long, default_value_t = 1)]
    seed: u64,
}

/// Runs one of them.
pub async fn run(command: &Command) -> Result<ExitCode> {
    let exit = match command {
        Command::Verify(options) => checked(options).await?,
        Command::Drill(options) => drill(options)?,
    };
    Ok(exit.into())
}

async fn checked(options: &VerifyOptions) -> Result<Exit> {
    let mut trust = Trust::default();
    for text in &options.key {
        let key = Verifier::parse(text).with_context(|| format!("{text:?} is not a key, NAME+ID+KEY"))?;
        trust.keys.push(key);
    }
    for file in &options.checkpoint {
        let note = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        trust.checkpoints.push(note);
    }
    let verified = match rooted(options, &mut trust).await {
        Ok(()) => read(options, &trust),
        Err(error) => Err(error),
    };
    match verified {
        Ok(report) => {
            tell(options, &report);
            Ok(Exit::Success)
        }
        Err(error) => {
            let finding = error.downcast::<Finding>()?;
            let text = format!("TAMPERED  {}: {finding}\n", options.export.display());
            let (line, problem) = (finding.line, finding.problem.to_string());
            let found = json!({ "ok": false, "line": line, "problem": problem });
            print(&if options.json { format!("{found}\n") } else { text });
            Ok(Exit::Failure)
        }
    }
}

/// Adds the roots that the options name. A root counts for one log alone, and the log's name is only known from the export: then it is
/// read twice.
async fn rooted(options: &VerifyOptions, trust: &mut Trust) -> Result<()> {
    if options.root.is_empty() && options.rpc.is_none() {
        return Ok(());
    }
    let origin = origin_hash(&read(options, &Trust::default())?.origin);
    for text in &options.root {
        trust.roots.push(root(text, origin)?);
    }
    trust.roots.extend(on_chain(options, origin).await?);
    Ok(())
}

fn read(options: &VerifyOptions, trust: &Trust) -> Result<Report> {
    let path = options.export.display();
    let file = File::open(&options.export).with_context(|| format!("cannot read {path}"))?;
    Ok(verify(BufReader::new(file), trust)?)
}

/// `SIZE:ROOT`.
fn root(text: &str, origin: Hash) -> Result<KnownRoot> {
    let read = text.split_once(':').and_then(|(size, root)| {
        let bytes = hex::decode(root.trim_start_matches("0x")).ok()?;
        let (size, root) = (size.parse().ok()?, Hash::read(&bytes)?);
        Some(KnownRoot { origin, size, root })
    });
    read.with_context(|| format!("{text:?} is not SIZE:ROOT"))
}

async fn on_chain(options: &VerifyOptions, origin: Hash) -> Result<Option<KnownRoot>> {
    let (Some(url), Some(contract), Some(sender)) = (&options.rpc, options.contract, options.sender) else {
        return Ok(None);
    };
    let urls = [url.clone()];
    let rpc = Rpc::connect(options.chain_id, &urls, RpcOptions::default())
        .await
        .context("cannot ask the chain")?;
    let found = newest_anchor(&rpc, contract, sender, B256::from(origin.0)).await?;
    let Some(found) = found else {
        bail!("the contract has no anchor of that log by {sender}")
    };
    let (size, root) = (found.size, Hash(found.root.0));
    Ok(Some(KnownRoot { origin, size, root }))
}

fn tell(options: &VerifyOptions, report: &Report) {
    let root = report.root.to_string();
    if options.json {
        let found = json!({
            "ok": true, "origin": report.origin, "tenant": report.tenant, "entries": report.entries, "size": report.size,
            "root": root, "checkpoints": report.checkpoints, "anchored": report.anchored, "signedAt": report.signed_at,
            "keys": report.keys, "keysKnown": report.keys_known,
        });
        return print(&format!("{found}\n"));
    }
    let (entries, size, count) = (report.entries, report.size, report.checkpoints);
    let mut text = format!(
        "OK  {entries} entries of {}, tree of {size}, root {root}\n    {count} signed checkpoints agree, the last of {}\n",
        report.origin, report.signed_at
    );
    for key in &report.keys {
        let known = if report.keys_known {
            "given by you"
        } else {
            "named by the export itself"
        };
        let _always = writeln!(text, "    key {key} ({known})");
    }
    let anchored = match report.anchored {
        0 => "Nothing from outside was given: whoever has the key could have written another history. Give --checkpoint, --root or --rpc."
            .to_owned(),
        anchored if anchored >= size => "Every entry is under a root that was kept elsewhere.".to_owned(),
        anchored => format!("Entries below {anchored} are under a root that was kept elsewhere; later ones rest on the key."),
    };
    let _always = writeln!(text, "    {anchored}");
    print(&text);
}

fn drill(options: &DrillOptions) -> Result<Exit> {
    let bytes = std::fs::read(&options.export).with_context(|| format!("cannot read {}", options.export.display()))?;
    let victim = Victim::new(&bytes, None).context("not a whole log with at least two entries")?;
    let trust = Trust {
        checkpoints: vec![victim.kept().to_owned()],
        ..Trust::default()
    };
    verify(&bytes[..], &trust).context("the export itself does not verify")?;
    let (mut dice, mut missed) = (Dice::new(options.seed), 0_u32);
    for round in 0..options.count {
        let (kind, damaged) = victim.damaged(&mut dice);
        if verify(&damaged[..], &trust).is_ok() {
            missed += 1;
            print(&format!("round {round}: {kind:?} was not found\n"));
        }
    }
    let found = options.count - missed;
    print(&format!(
        "{found} of {} tamperings found from the export and its last checkpoint alone\n",
        options.count
    ));
    Ok(if missed == 0 { Exit::Success } else { Exit::Failure })
}
