use std::sync::Arc;

use super::*;
use crate::clock::{SystemClock, UuidV7Ids};
use crate::commands::provider_new;
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
             [lenders.capabilities]\nproducts = [\"INSTALLMENT\"]\njurisdictions = [{{ country = \"US\" }}]\n\
             amounts = [{{ currency = \"USD\", min = {}, max = {} }}]\nmin_term_days = {}\nmax_term_days = {}\ninquiry = \"SOFT\"\n",
            lender.url,
            lender.key_id,
            lender.public_key,
            c.amounts[0].min,
            c.amounts[0].max,
            c.min_term_days,
            c.max_term_days
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

/// The folder of `usance provider new` at that level.
fn made(home: &Path, level: provider_new::Level) -> PathBuf {
    let into = home.join("harbor-bank");
    let options = provider_new::Options {
        name: "harbor-bank".into(),
        level,
        into: Some(into.clone()),
        sdk: None,
    };
    provider_new::run(&options).unwrap();
    into
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

fn failed(junit: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(junit).unwrap();
    let cases = text.split("<testcase ").filter(|case| case.contains("<failure"));
    cases
        .filter_map(|case| Some(case.split_once(" name=\"")?.1.split_once('"')?.0.to_owned()))
        .collect()
}

#[tokio::test]
async fn a_manifest_is_checked_against_its_recording_and_each_way_to_break_it_fails_its_own_check() {
    let home = tempfile::tempdir().unwrap();
    let folder = made(home.path(), provider_new::Level::Manifest);
    let junit = home.path().join("report.xml");
    let run = |options: Options| async move { checked(&options).await.unwrap() };
    let whole = options(&folder, &["--junit", junit.to_str().unwrap()]);
    let check = || Options {
        only: Some(Area::Answer),
        ..whole.clone()
    };
    assert_eq!(run(whole.clone()).await, Exit::Failure, "the recording has a TODO");
    assert_eq!(failed(&junit), Vec::<String>::new(), "and nothing else is wrong");
    edit(&folder.join("fixtures/quote.toml"), "todo = ", "# ");
    assert_eq!(run(check()).await, Exit::Success);

    let manifest = folder.join("harbor-bank.toml");
    let honest = std::fs::read_to_string(&manifest).unwrap();
    let none: &[&str] = &[];
    let table: [(&str, &str, &[&str]); 6] = [
        // The acceptance carries no key: each is a loan of its own, and the status knows none of them.
        (
            "headers = { idempotency-key = \"settlement\" }\n\n[accept.body]\noffer_id = \"order.provider_ref\"\nexternal_id = \"settlement\"",
            "[accept.body]\noffer_id = \"order.provider_ref\"",
            &["adapter.repeat", "adapter.known"],
        ),
        // A rate that is not there is nine per cent.
        (
            "percent(item.interest)",
            "percent(item.interest ?? '9 %')",
            &["answer.null", "answer.missing", "answer.not-a-price"],
        ),
        // Any word is a fixed rate of another height.
        (
            "percent(item.interest)",
            "if item.frequency == 'monthly' then percent(item.interest) else percent('9 %')",
            &["answer.enum-case"],
        ),
        // Interest is what the total leaves.
        (
            "interest = \"money(row.interest)\"",
            "interest = \"money(row.amount) - money(row.principal)\"",
            &["answer.breakup"],
        ),
        // A loan without a state is taken.
        ("word(loan.status,", "word(loan.status ?? 'pending',", &["answer.loan"]),
        ("timeout_ms = 8000", "timeout_ms = 1500", none),
    ];
    for (from, to, expected) in table {
        assert!(honest.contains(from), "{from}");
        std::fs::write(&manifest, honest.replace(from, to)).unwrap();
        run(check()).await;
        assert_eq!(failed(&junit), expected, "{to}");
    }
}

/// A cargo that does what these lines say.
fn cargo(home: &Path, script: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = home.join("cargo");
    std::fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn a_rust_project_is_as_green_as_the_report_that_its_tests_leave_and_the_tests_themselves() {
    let home = tempfile::tempdir().unwrap();
    let report = |outcome: kit::Outcome| {
        let check = kit::catalogue().into_iter().next().unwrap();
        kit::Report {
            target: "adapter x".into(),
            took_ms: 1,
            findings: vec![kit::Finding { check, outcome }],
        }
    };
    let leave = |report: &kit::Report, end: &str| {
        std::fs::write(home.path().join("r.json"), report.to_json()).unwrap();
        let source = home.path().join("r.json");
        cargo(
            home.path(),
            &format!("cp {} \"$USANCE_KIT_REPORT\"\n{end}", source.display()),
        )
    };
    let options = options(home.path(), &[]);
    let run = |cargo: PathBuf| {
        let (options, home) = (options.clone(), home.path().to_owned());
        async move { project::check_with(&options, &home, &cargo).await }
    };
    let good = report(kit::Outcome::Passed);
    let bad = report(kit::Outcome::Failed { seen: "it".into() });
    assert_eq!(run(leave(&good, "exit 0")).await.unwrap(), Exit::Success);
    assert_eq!(run(leave(&bad, "exit 0")).await.unwrap(), Exit::Failure);
    let red = "echo 'test todo_x ... FAILED'; exit 101";
    assert_eq!(run(leave(&good, red)).await.unwrap(), Exit::Failure);
    let nothing = run(cargo(home.path(), "exit 101")).await.unwrap_err().to_string();
    assert!(nothing.contains("no test left a report"), "{nothing}");
}

#[tokio::test]
async fn a_folder_without_an_entry_is_an_error_that_says_what_it_needs() {
    let home = tempfile::tempdir().unwrap();
    let error = checked(&options(home.path(), &[])).await.unwrap_err().to_string();
    assert!(error.contains("lender.toml") && error.contains("Cargo.toml"), "{error}");
}
