//! The crate graph is a test: what may depend on what, and where each outside dependency may live.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// Crates of this workspace and the crates of it that each may depend on. `usance-tests` and `usance-bench` may depend on
/// everything.
const ALLOWED: [(&str, &[&str]); 21] = [
    ("usance-domain", &[]),
    ("usance-risk", &["usance-domain"]),
    (
        "usance-compliance",
        &["usance-domain", "usance-screening", "usance-documents"],
    ),
    ("usance-screening", &[]),
    ("usance-documents", &["usance-domain"]),
    ("usance-filings", &["usance-domain"]),
    ("usance-privacy", &[]),
    ("usance-audit", &[]),
    ("usance-access", &["usance-domain"]),
    ("usance-provider-sdk", &["usance-domain"]),
    ("usance-kit", &["usance-provider-sdk", "usance-domain"]),
    (
        "usance-lenders",
        &["usance-provider-sdk", "usance-domain", "usance-chain"],
    ),
    ("usance-bureaus", &["usance-provider-sdk", "usance-domain"]),
    ("usance-verifiers", &["usance-provider-sdk", "usance-domain"]),
    (
        "usance-kms",
        &["usance-provider-sdk", "usance-domain", "usance-privacy"],
    ),
    ("usance-sandbox", &["usance-provider-sdk", "usance-domain"]),
    ("usance-chain", &["usance-domain"]),
    (
        "usance-aggregator",
        &[
            "usance-risk",
            "usance-compliance",
            "usance-screening",
            "usance-documents",
            "usance-filings",
            "usance-privacy",
            "usance-audit",
            "usance-access",
            "usance-domain",
        ],
    ),
    ("usance-cache", &["usance-domain"]),
    (
        "usance-graphql",
        &["usance-aggregator", "usance-access", "usance-domain"],
    ),
    (
        "usance-server",
        &[
            "usance-graphql",
            "usance-aggregator",
            "usance-cache",
            "usance-risk",
            "usance-compliance",
            "usance-screening",
            "usance-documents",
            "usance-filings",
            "usance-privacy",
            "usance-audit",
            "usance-access",
            "usance-lenders",
            "usance-bureaus",
            "usance-verifiers",
            "usance-kms",
            "usance-provider-sdk",
            "usance-kit",
            "usance-sandbox",
            "usance-chain",
            "usance-domain",
        ],
    ),
];

/// Outside crates that live in one place, and the crates that are that place. The test crate sees everything.
const CONFINED: [(&str, &[&str]); 9] = [
    ("reqwest", &["usance-provider-sdk"]),
    ("alloy-provider", &["usance-chain"]),
    ("alloy-rpc-client", &["usance-chain"]),
    ("alloy-transport", &["usance-chain"]),
    ("alloy-transport-http", &["usance-chain"]),
    ("sqlx", &["usance-aggregator"]),
    ("redis", &["usance-cache"]),
    ("async-graphql", &["usance-graphql"]),
    // The sandbox plays the lenders' servers.
    ("axum", &["usance-graphql", "usance-sandbox"]),
];

/// Crates that decide: they see facts, never the world.
const PURE: [&str; 9] = [
    "usance-domain",
    "usance-risk",
    "usance-compliance",
    "usance-screening",
    "usance-documents",
    "usance-filings",
    "usance-privacy",
    "usance-audit",
    "usance-access",
];

const NAMELESS: [&str; 5] = ["shared", "common", "utils", "helpers", "misc"];

fn metadata() -> Metadata {
    MetadataCommand::new()
        .no_deps()
        .other_options(vec!["--offline".to_owned()])
        .exec()
        .expect("cargo metadata")
}

/// Normal and build dependencies. Tests of a crate may use more: they ship nowhere.
fn dependencies(package: &Package) -> BTreeSet<String> {
    let shipped = package
        .dependencies
        .iter()
        .filter(|d| d.kind != DependencyKind::Development);
    shipped.map(|dependency| dependency.name.clone()).collect()
}

fn sees_everything(package: &Package) -> bool {
    ["usance-tests", "usance-bench"].contains(&package.name.as_str())
}

#[test]
fn every_arrow_between_our_crates_is_allowed() {
    let allowed = BTreeMap::from(ALLOWED);
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in metadata.packages.iter().filter(|p| !sees_everything(p)) {
        let Some(may) = allowed.get(package.name.as_str()) else {
            wrong.push(format!("{} is in no list", package.name));
            continue;
        };
        let ours = dependencies(package)
            .into_iter()
            .filter(|name| name.starts_with("usance-"));
        wrong.extend(
            ours.filter(|n| !may.contains(&n.as_str()))
                .map(|n| format!("{} -> {n}", package.name)),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
    assert_eq!(
        metadata.packages.len(),
        ALLOWED.len() + 2,
        "every crate is in the list, and nothing else"
    );
}

#[test]
fn outside_crates_live_where_they_belong() {
    let mut wrong = Vec::new();
    for package in metadata().packages.iter().filter(|p| !sees_everything(p)) {
        let used = dependencies(package);
        for (name, homes) in CONFINED {
            if used.contains(name) && !homes.contains(&package.name.as_str()) {
                wrong.push(format!("{} uses {name}", package.name));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// The deciding crates are pure: they cannot wait, log, draw lots or open anything.
#[test]
fn deciding_crates_have_no_runtime() {
    for package in metadata().packages {
        if PURE.contains(&package.name.as_str()) {
            let used = dependencies(&package);
            for forbidden in ["tokio", "tracing", "metrics", "rand", "reqwest", "sqlx", "axum"] {
                assert!(!used.contains(forbidden), "{} uses {forbidden}", package.name);
            }
        }
    }
}

#[test]
fn every_name_says_something() {
    let mut wrong = Vec::new();
    for package in metadata().packages {
        let folder = package.manifest_path.parent().unwrap();
        walk(folder.join("src").as_std_path(), &mut wrong);
        let last = package.name.rsplit('-').next().unwrap_or_default();
        if NAMELESS.contains(&last) {
            wrong.push(package.name.to_string());
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

fn walk(folder: &Path, wrong: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry of a source folder").path();
        if path
            .file_stem()
            .and_then(|s| s.to_str())
            .is_some_and(|stem| NAMELESS.contains(&stem))
        {
            wrong.push(path.display().to_string());
        }
        if path.is_dir() {
            walk(&path, wrong);
        }
    }
}
