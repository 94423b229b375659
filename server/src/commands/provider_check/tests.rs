use std::sync::Arc;

use super::*;
use crate::clock::{SystemClock, UuidV7Ids};
use clap::Parser;
use sandbox::{SandboxConfig, SandboxHandle};
use sdk::PrivateKey;

#[derive(Parser)]
struct Line {
    #[command(flatten)]
    options: Options,
}

fn options(target: &Path, more: &[&str]) -> Options {
    let target = target.to_str().unwrap();
    Line::parse_from([&["check", target, "--json"], more].concat()).options
}

async fn start() -> SandboxHandle {
    let public = PrivateKey::development(DEVELOPMENT_KEY).unwrap().public().to_base64();
    let platform = sandbox::PlatformKey {
        id: DEVELOPMENT_KEY.into(),
        public,
    };
    let world = sandbox::World {
        clock: Arc::new(SystemClock),
        ids: Arc::new(UuidV7Ids),
    };
    sandbox::spawn(SandboxConfig::new(platform), world).await.unwrap()
}

/// A file with the entries of two lenders of the sandbox, as an operator writes them.
fn file(folder: &Path, sandbox: &SandboxHandle) -> PathBuf {
    let entry = |name: &str| {
        let lender = sandbox.lenders.iter().find(|l| l.id.as_str() == name).unwrap();
        let c = &lender.capabilities;
        format!(
            "[[lenders]]\nkind = \"protocol\"\nid = \"{name}\"\nurl = \"{}\"\nkeys = [{{ id = \"{}\", public = \"{}\" }}]\n\
             [lenders.capabilities]\nproducts = [\"INSTALLMENT\"]\njurisdictions = [{{ country = \"US\" }}]\ncurrency = \"USD\"\n\
             min_amount = {}\nmax_amount = {}\nmin_term_days = {}\nmax_term_days = {}\ninquiry = \"SOFT\"\n",
            lender.url, lender.key_id, lender.public_key, c.min_amount, c.max_amount, c.min_term_days, c.max_term_days
        )
    };
    let path = folder.join("lenders.toml");
    std::fs::write(&path, entry("harbor-bank") + &entry("swift-fintech")).unwrap();
    path
}

#[tokio::test]
async fn an_honest_lender_succeeds_and_a_lying_one_fails_with_a_report() {
    let (folder, sandbox) = (tempfile::tempdir().unwrap(), start().await);
    let file = file(folder.path(), &sandbox);
    let honest = options(&file, &["--lender", "harbor-bank", "--only", "offer"]);
    assert_eq!(checked(&honest).await.unwrap(), Exit::Success);
    let junit = folder.path().join("report.xml");
    let liar = [
        "--lender",
        "swift-fintech",
        "--only",
        "offer",
        "--junit",
        junit.to_str().unwrap(),
    ];
    assert_eq!(checked(&options(&file, &liar)).await.unwrap(), Exit::Failure);
    let text = std::fs::read_to_string(&junit).unwrap();
    assert!(text.contains("name=\"offer.apr\"><failure"), "{text}");
}

#[tokio::test]
async fn what_cannot_be_checked_is_an_error_and_no_verdict() {
    let (folder, sandbox) = (tempfile::tempdir().unwrap(), start().await);
    let file = file(folder.path(), &sandbox);
    let error = |options: Options| async move { checked(&options).await.unwrap_err().to_string() };
    assert!(error(options(&file, &[])).await.contains("choose one by --lender"));
    assert!(
        error(options(&file, &["--lender", "nobody"]))
            .await
            .contains("no such lender")
    );
    let lender = ["--lender", "harbor-bank"];
    let adapters = error(options(&file, &[&lender[..], &["--only", "fault"]].concat())).await;
    assert!(adapters.contains("no checks of a lender"), "{adapters}");
    assert!(
        error(options(Path::new("http://127.0.0.1:9/x"), &[]))
            .await
            .contains("--capabilities")
    );
    drop(sandbox);
    let gone = error(options(&file, &lender)).await;
    assert!(gone.contains("cannot be reached"), "{gone}");
}
