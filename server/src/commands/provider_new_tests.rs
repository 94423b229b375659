use std::process::Command;

use lenders::{LenderConfig, Manifest};

use super::*;
use crate::commands::provider_try;

fn make(level: Level, name: &str) -> (tempfile::TempDir, PathBuf) {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join(name);
    let options = Options {
        name: name.to_owned(),
        level,
        into: Some(folder.clone()),
        sdk: None,
    };
    run(&options).unwrap();
    for entry in walk(&folder) {
        let text = std::fs::read_to_string(&entry).unwrap();
        assert!(!text.contains("{{"), "{}: a place was not filled", entry.display());
    }
    assert!(run(&options).is_err(), "a folder is never written over");
    (home, folder)
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { walk(&path) } else { vec![path] })
        .collect()
}

fn attempt(folder: &Path) -> ExitCode {
    provider_try::run(&provider_try::Options {
        manifest: folder.join("harbor-bank.toml"),
        fixture: folder.join("fixtures/quote.toml"),
        amount: None,
        months: 12,
        now: None,
        json: false,
    })
    .unwrap()
}

fn edit(file: &Path, from: &str, to: &str) {
    let text = std::fs::read_to_string(file).unwrap();
    assert!(text.contains(from), "{from}");
    std::fs::write(file, text.replace(from, to)).unwrap();
}

#[derive(serde::Deserialize)]
struct Entry {
    lenders: Vec<LenderConfig>,
}

#[test]
fn a_manifest_lender_is_red_for_its_todo_alone_and_green_without_it() {
    let (_home, folder) = make(Level::Manifest, "harbor-bank");
    assert_eq!(attempt(&folder), ExitCode::from(1));
    let test = folder.join("fixtures/quote.toml");
    edit(&test, "todo = ", "# ");
    assert_eq!(attempt(&folder), ExitCode::SUCCESS);
    edit(&test, "payments = 3", "payments = 4");
    assert_eq!(
        attempt(&folder),
        ExitCode::from(1),
        "an expectation that is not met is red"
    );
    edit(&test, "payments = 4", "payments = 3");
    edit(&folder.join("fixtures/quote.json"), "\"1020.07\"", "\"1020.17\"");
    assert_eq!(attempt(&folder), ExitCode::from(1), "an offer that does not sum is red");
    let entry: Entry = toml::from_str(&std::fs::read_to_string(folder.join("lenders.toml")).unwrap()).unwrap();
    assert!(matches!(entry.lenders.as_slice(), [LenderConfig::Manifest(_)]));
    let source = std::fs::read_to_string(folder.join("harbor-bank.toml")).unwrap();
    assert!(source.contains("HARBOR_BANK_API_KEY"));
    Manifest::parse(&source).unwrap();
}

#[test]
fn a_protocol_lender_gets_a_right_answer_the_contract_and_an_entry() {
    let (_home, folder) = make(Level::Protocol, "harbor-bank");
    let text = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    let question: sdk::wire::OffersRequest = sdk::wire::parse(text("fixtures/question.json").as_bytes()).unwrap();
    let answer: sdk::wire::OffersAnswer = sdk::wire::parse(text("fixtures/answer.json").as_bytes()).unwrap();
    assert_eq!(question.request_id, answer.request_id);
    sdk::client::read_answer(&answer.offers, &answer.declined).unwrap();
    let entry: Entry = toml::from_str(&text("lender.toml")).unwrap();
    let [LenderConfig::Protocol(config)] = entry.lenders.as_slice() else {
        panic!("a protocol lender")
    };
    let ours = PrivateKey::development("harbor-bank").unwrap().public().to_base64();
    assert_eq!(config.keys[0].public, ours);
    assert_eq!(text("openapi.json"), sdk::OPENAPI);
}

#[test]
#[ignore = "builds the SDK anew, which takes minutes; run it when the templates or the SDK change"]
fn a_rust_lender_compiles_and_is_red_in_its_todos_alone() {
    let (_home, folder) = make(Level::Rust, "harbor-bank");
    // Beside the artefacts of this very test, so that what is built already is not built again.
    let target = std::env::current_exe().unwrap();
    let target = target.ancestors().nth(3).unwrap().join("provider-new");
    let output = Command::new(env!("CARGO"))
        .args(["test", "--offline", "--quiet", "--test", "lender"])
        .current_dir(&folder)
        .env("CARGO_TARGET_DIR", target)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "{text}");
    assert!(text.contains("3 passed; 1 failed"), "{text}");
    assert!(text.contains("TODO: put answers of harbor-bank"), "{text}");
}

#[test]
fn a_name_that_is_no_name_and_a_missing_sdk_are_refused() {
    for name in ["", "Harbor", "9bank", "a b", "-a", "a-", "a--b", "../x"] {
        assert!(checked(name).is_err(), "{name:?}");
    }
    assert!(sdk_folder(Some(Path::new("/nowhere"))).is_err());
}
