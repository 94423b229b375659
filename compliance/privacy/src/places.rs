//! Where personal data lies: one table that sealing, export, erasure, retention and the tests go by.
//!
//! A new column that holds something of a person is a new line here first: values are sealed to a [`Field`] of this table.

use uuid::Uuid;

use crate::aad::Aad;

/// Why we hold something: it decides how long, and which key seals it. Destroying the key of one class leaves the others readable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordClass {
    /// An application for credit and what was decided about it.
    Application,
    /// Verification of identity.
    Identity,
    /// Screening against sanctions lists, its hits and cases.
    Screening,
    /// A credit contract and its payments.
    Contract,
    /// Reports to authorities.
    Filing,
    /// Short-lived: drafts, sessions, answers kept for repeated calls.
    Transient,
}

impl RecordClass {
    /// Every class.
    pub const ALL: [Self; 6] = [
        Self::Application,
        Self::Identity,
        Self::Screening,
        Self::Contract,
        Self::Filing,
        Self::Transient,
    ];

    /// The name as stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Application => "APPLICATION",
            Self::Identity => "IDENTITY",
            Self::Screening => "SCREENING",
            Self::Contract => "CONTRACT",
            Self::Filing => "FILING",
            Self::Transient => "TRANSIENT",
        }
    }

    /// The class of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == text)
    }
}

/// How a value is kept from eyes that should not see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Protection {
    /// Encrypted by a key of the person; erased with the key.
    Sealed,
    /// A keyed hash or a random id: says nothing without a secret or another table.
    Pseudonymous,
    /// In clear, because the work needs it (amounts, decisions). It names nobody by itself.
    Figures,
}

/// A column that holds something of a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Field {
    /// Table, with its schema.
    pub table: &'static str,
    /// Column, or the part of one.
    pub column: &'static str,
    /// Why we hold it.
    pub class: RecordClass,
    /// How it is kept.
    pub protection: Protection,
    /// What it is, in the words of the person it is about.
    pub what: &'static str,
}

impl Field {
    /// The full name, `schema.table.column`.
    pub fn column_name(&self) -> String {
        format!("{}.{}", self.table, self.column)
    }
}

macro_rules! registry {
    ($($(#[$doc:meta])* $name:ident = $table:literal, $column:literal, $class:ident, $protection:ident, $what:literal;)*) => {
        $(
            $(#[$doc])*
            pub const $name: Field = Field {
                table: $table,
                column: $column,
                class: RecordClass::$class,
                protection: Protection::$protection,
                what: $what,
            };
        )*
        /// Every column that holds something of a person.
        pub static REGISTRY: &[&Field] = &[$(&$name,)*];
    };
}

registry! {
    // Sealed, in `privacy.field`.
    /// Name, date of birth, income and household of a request.
    REQUEST_APPLICANT = "quoting.request", "applicant", Application, Sealed, "What you said about yourself in an application: name, date of birth, income, debts, work";
    /// Names, birth dates and documents as a vendor of identity checks told them.
    KYC_PERSON = "kyc.session", "person", Identity, Sealed, "What you told for the verification of your identity";
    /// A vendor's answer, byte for byte.
    KYC_EVENT = "kyc.event", "payload", Identity, Sealed, "Results of the verification of your identity";
    /// E-mail address or wallet that a person signs in with; beside its row, found by a keyed hash.
    LOGIN_NAME = "identity.login", "name", Contract, Sealed, "What you sign in with: an e-mail address or a wallet";
    /// Notes and matched fields of a case.
    CASE_NOTE = "cases.event", "note", Screening, Sealed, "What was written about you in the course of a check";
    /// Matched fields of a hit.
    CASE_SUBJECT = "cases.case", "subject", Screening, Sealed, "What of you was compared with sanctions lists";
    /// A disclosure or notice as it was sent.
    DOCUMENT_BODY = "documents.document", "body", Contract, Sealed, "Disclosures and notices that you got";
    /// The text of a report to an authority.
    FILING_BODY = "filings.filing", "body", Filing, Sealed, "Reports that the law asks for";

    // Figures and ids that name nobody by themselves.
    /// The request without the applicant.
    REQUEST_BODY = "quoting.request", "body", Application, Figures, "What you asked for: amount, term, purpose, where you live, wallet";
    /// Offers.
    QUOTE_BODY = "quoting.quote", "body", Application, Figures, "Offers that you got";
    /// Facts, screening and result of a decision.
    DECISION = "compliance.decision", "facts, screening, result", Application, Figures, "Decisions about you and the figures they were made from";
    /// Reviews by a person.
    REVIEW = "risk.review", "note", Application, Figures, "Reviews of decisions about you";
    /// Limits.
    LIMIT = "risk.limit_account", "limit_minor", Application, Figures, "Your limit";
    /// Agreed credits.
    SETTLEMENT = "lending.settlement", "quote, intent, signature, lender_ref", Contract, Figures, "Credits that you agreed to";
    /// Loans.
    LOAN = "lending.loan", "principal, outstanding, terms", Contract, Figures, "Your loans";
    /// Installments.
    INSTALLMENT = "lending.installment", "due, principal, interest, fees", Contract, Figures, "What is due on your loans";
    /// Payments.
    REPAYMENT = "lending.repayment", "amount, evidence", Contract, Figures, "Your payments";
    /// Positions at lending pools.
    VENUE_POSITION = "lending.venue_position", "wallet", Contract, Pseudonymous, "Your positions at lending pools";
    /// Ids of people.
    PRINCIPAL = "identity.principal", "id", Contract, Pseudonymous, "Your account with us";
    /// Answers for repeated calls.
    IDEMPOTENCY = "identity.idempotency_key", "body_sha256, answer", Transient, Figures, "Answers kept so that a repeated call is not done twice";
    /// Events.
    OUTBOX = "events.outbox", "payload", Application, Figures, "Notes of what happened, by ids and amounts";
    /// Journeys at lenders.
    JOURNEY = "networks.provider_journey", "body, handoff", Application, Figures, "Where an application stands at a lender";
    /// Answers of lenders of networks, as they came.
    NETWORK_ANSWER = "networks.question", "answer", Application, Figures, "Answers of lenders to an application, which repeat nothing that you said of yourself";
    /// Transactions and events of public chains.
    CHAIN = "chain.event", "payload", Contract, Pseudonymous, "What public chains show of your wallet";
    /// Counters of fraud checks.
    FRAUD_COUNTER = "redis", "usance:velocity", Application, Pseudonymous, "Keyed hashes of device, address and account, counted against fraud";
}

/// Columns that a value can be sealed to.
pub fn fields() -> impl Iterator<Item = &'static Field> {
    let sealed = |field: &&Field| field.protection == Protection::Sealed;
    REGISTRY.iter().copied().filter(sealed)
}

/// The field of that table and column.
pub fn find(table: &str, column: &str) -> Option<&'static Field> {
    REGISTRY
        .iter()
        .copied()
        .find(|field| field.table == table && field.column == column)
}

/// Whose a value is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Whose {
    /// The tenant that the person is a customer of.
    pub tenant: Uuid,
    /// The person: the id of their principal.
    pub subject: Uuid,
}

/// The one place that a sealed value belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    /// Table and column.
    pub field: &'static Field,
    /// Row.
    pub row: Uuid,
    /// Version of the value in that row: an older ciphertext does not open as a newer one.
    pub version: u32,
}

impl Place {
    /// A place.
    pub const fn new(field: &'static Field, row: Uuid, version: u32) -> Self {
        Self { field, row, version }
    }

    /// What a value of `whose` at this place is bound to.
    pub fn aad(&self, whose: Whose) -> Aad {
        Aad::new("field")
            .part(whose.tenant.as_bytes())
            .part(whose.subject.as_bytes())
            .part(self.field.table.as_bytes())
            .part(self.field.column.as_bytes())
            .part(self.row.as_bytes())
            .part(&self.version.to_be_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_column_stands_in_the_registry_once_and_is_found() {
        let names: std::collections::BTreeSet<_> = REGISTRY.iter().map(|field| field.column_name()).collect();
        assert_eq!(names.len(), REGISTRY.len());
        for field in REGISTRY {
            assert_eq!(find(field.table, field.column), Some(*field));
            assert!(!field.what.is_empty());
        }
    }

    #[test]
    fn the_chapter_for_compliance_officers_names_every_column_with_its_class_and_protection() {
        let chapter = include_str!("../../../docs/compliance/personal-data.md");
        for field in REGISTRY {
            let line = format!(
                "| `{}` | {:?} | {:?} | {} |",
                field.column_name(),
                field.class,
                field.protection,
                field.what
            );
            assert!(chapter.contains(&line), "missing: {line}");
        }
    }

    #[test]
    fn classes_are_found_by_their_names() {
        for class in RecordClass::ALL {
            assert_eq!(RecordClass::parse(class.as_str()), Some(class));
        }
        assert_eq!(RecordClass::parse("application"), None);
    }
}
