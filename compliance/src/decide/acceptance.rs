//! May this offer be accepted by this person today?

use serde::{Deserialize, Serialize};

use super::offer::weigh;
use super::{ComplianceDecision, IdentityFact, IdentityLevel, OfferFacts};
use crate::decide::findings::Findings;
use crate::rules::{Deadline, DutyKind, Event, RuleSet};

/// A document that the borrower could read before accepting.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DocumentRef {
    /// The obligation that it meets, for example `REGZ`.
    pub code: String,
    /// SHA-256 of the document, hexadecimal.
    pub sha256: String,
}

/// What is known when an offer is accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptanceFacts {
    /// The offer on the day of acceptance.
    pub offer: OfferFacts,
    /// Identity rules bind. Only development switches them off.
    pub identity_required: bool,
    /// Where the verification of the borrower stands.
    pub identity: IdentityFact,
    /// Disclosures have to stand before acceptance. Only development switches that off.
    pub disclosures_required: bool,
    /// Disclosures that the borrower could read, by code.
    pub documents: Vec<DocumentRef>,
}

/// May the offer be accepted? All that was asked of the offer is asked again, then who accepts it, and what they could read.
pub fn decide_acceptance(facts: &AcceptanceFacts, rules: &RuleSet) -> ComplianceDecision {
    let mut findings = weigh(&facts.offer, rules, Event::Acceptance);
    if let (true, Some(level)) = (facts.identity_required, findings.identity) {
        identity(facts, level, &mut findings);
    }
    if facts.disclosures_required {
        let asked: Vec<String> = disclosures(&findings).map(str::to_owned).collect();
        for code in asked {
            if !facts.documents.iter().any(|document| document.code == code) {
                findings.missing(
                    "DISCLOSURE_NEEDED",
                    "A document that you have to see before accepting is not there yet.",
                );
            }
        }
    }
    findings.decision(rules)
}

/// The disclosures that have to stand before acceptance.
fn disclosures(findings: &Findings) -> impl Iterator<Item = &str> {
    let before = Deadline::Before {
        event: Event::Acceptance,
    };
    let asked = move |duty: &&super::Obligation| duty.kind == DutyKind::Disclosure && duty.deadline == before;
    findings.obligations.iter().filter(asked).map(|duty| duty.code.as_str())
}

fn identity(facts: &AcceptanceFacts, needed: IdentityLevel, findings: &mut Findings) {
    match facts.identity {
        IdentityFact::Rejected => findings.decline("IDENTITY_REJECTED", "Your identity could not be verified."),
        IdentityFact::NotAsked => {
            findings.missing(
                "IDENTITY_NEEDED",
                "We need to verify your identity before you can accept.",
            );
        }
        IdentityFact::Pending => findings.missing("IDENTITY_PENDING", "Your identity is still being verified."),
        IdentityFact::Verified { until, .. } if until < facts.offer.dates.law_date => {
            findings.missing(
                "IDENTITY_EXPIRED",
                "Your verification has ended; verify your identity again.",
            );
        }
        IdentityFact::Expired => {
            findings.missing(
                "IDENTITY_EXPIRED",
                "Your verification has ended; verify your identity again.",
            );
        }
        IdentityFact::Verified { level, .. } if level < needed => {
            findings.missing(
                "IDENTITY_LEVEL_TOO_LOW",
                "This credit needs a more thorough verification of your identity.",
            );
        }
        IdentityFact::Verified { .. } => {}
    }
}
