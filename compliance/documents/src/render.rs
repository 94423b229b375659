//! The documents.

use sha2::{Digest, Sha256};

use crate::build;
use crate::facts::{AdverseAction, Agreement, Kfs, RegZ, Secci};
use crate::model::Model;
use crate::{html, pdf};

/// Kind of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Kind {
    /// Truth in Lending disclosure, 12 CFR 1026.18.
    RegZ,
    /// Standard European Consumer Credit Information.
    Secci,
    /// Key facts statement of India.
    Kfs,
    /// Notice of action taken, 12 CFR 1002.9.
    AdverseAction,
    /// Summary of a credit agreement.
    Agreement,
}

/// A document in both forms.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Kind.
    pub kind: Kind,
    /// Title, as it stands in both forms.
    pub title: String,
    /// One self-contained page: no script, no link, no outside resource.
    pub html: String,
    /// Tagged PDF with an embedded font.
    pub pdf: Vec<u8>,
    /// SHA-256 of the bytes of `pdf`: what a borrower can compute from the file.
    pub sha256: [u8; 32],
    /// SHA-256 of the bytes of `html`.
    pub html_sha256: [u8; 32],
    /// Characters of the facts that the font of the PDF does not have, sorted. The PDF shows a box for each; the HTML
    /// shows them. Send the HTML when this is not empty.
    pub missing_glyphs: Vec<char>,
}

/// Why no document can be made of these facts.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {text}")]
pub struct Problem {
    /// The field at fault.
    pub field: &'static str,
    /// What is wrong, in a sentence without personal data.
    pub text: &'static str,
}

/// Truth in Lending disclosure, US English. Refused when the amounts do not add up.
pub fn reg_z(facts: &RegZ) -> Result<Document, Problem> {
    document(build::reg_z::model(facts)?)
}

/// Standard European Consumer Credit Information, English.
pub fn secci(facts: &Secci) -> Result<Document, Problem> {
    document(build::secci::model(facts)?)
}

/// Key facts statement, Indian English, with the APR computation (Annex B) and the repayment schedule (Annex C).
pub fn kfs(facts: &Kfs) -> Result<Document, Problem> {
    document(build::kfs::model(facts)?)
}

/// Notice of action taken and statement of reasons.
pub fn adverse_action(facts: &AdverseAction) -> Result<Document, Problem> {
    document(build::adverse_action::model(facts)?)
}

/// Summary of a credit agreement.
pub fn agreement(facts: &Agreement) -> Result<Document, Problem> {
    document(build::agreement::model(facts)?)
}

fn document(model: Model) -> Result<Document, Problem> {
    let model = model.cleaned()?;
    let html = html::page(&model);
    let printed = pdf::print(&model)?;
    Ok(Document {
        kind: model.kind,
        title: model.title,
        sha256: Sha256::digest(&printed.bytes).into(),
        html_sha256: Sha256::digest(html.as_bytes()).into(),
        html,
        pdf: printed.bytes,
        missing_glyphs: printed.missing_glyphs,
    })
}
