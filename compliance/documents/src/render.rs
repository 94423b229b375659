//! The documents.

use crate::facts::{AdverseAction, Agreement, Kfs, RegZ, Secci};

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
    crate::model::not_yet(&facts.reference)
}

/// Standard European Consumer Credit Information, English.
pub fn secci(facts: &Secci) -> Result<Document, Problem> {
    crate::model::not_yet(&facts.reference)
}

/// Key facts statement, Indian English, with the APR computation (Annex B) and the repayment schedule (Annex C).
pub fn kfs(facts: &Kfs) -> Result<Document, Problem> {
    crate::model::not_yet(&facts.proposal)
}

/// Notice of action taken and statement of reasons.
pub fn adverse_action(facts: &AdverseAction) -> Result<Document, Problem> {
    crate::model::not_yet(&facts.reference)
}

/// Summary of a credit agreement.
pub fn agreement(facts: &Agreement) -> Result<Document, Problem> {
    crate::model::not_yet(&facts.reference)
}
