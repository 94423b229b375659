//! Every document is the same bytes as before. `UPDATE_GOLDEN=1` writes the files anew; look at them before a commit.

#![expect(clippy::unwrap_used, reason = "a test")]

mod samples;

use std::fs;
use std::path::PathBuf;

use usance_documents::{Document, SecciForm, render};

fn compare(name: &str, document: &Document) {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    assert_eq!(document.missing_glyphs, [], "{name}");
    for (ending, bytes) in [("html", document.html.as_bytes()), ("pdf", document.pdf.as_slice())] {
        let path = folder.join(format!("{name}.{ending}"));
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            fs::write(&path, bytes).unwrap();
        }
        let stored = fs::read(&path).unwrap();
        assert!(
            stored == bytes,
            "{} differs; UPDATE_GOLDEN=1 writes it anew",
            path.display()
        );
    }
}

#[test]
fn truth_in_lending() {
    compare("reg_z", &render::reg_z(&samples::reg_z()).unwrap());
}

#[test]
fn european_forms() {
    for (name, form) in [("secci_2008", SecciForm::Ccd2008), ("secci_2023", SecciForm::Ccd2023)] {
        compare(name, &render::secci(&samples::secci(form)).unwrap());
    }
}

#[test]
fn key_facts_statement() {
    compare("kfs", &render::kfs(&samples::kfs()).unwrap());
}

#[test]
fn joint_adverse_action_notice() {
    compare(
        "adverse_action",
        &render::adverse_action(&samples::adverse_action()).unwrap(),
    );
}

#[test]
fn agreement_summary() {
    compare("agreement", &render::agreement(&samples::agreement()).unwrap());
}
