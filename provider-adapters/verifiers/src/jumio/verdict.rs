//! What a finished workflow means.

use domain::ports::{RejectKind, Rejection, VendorRef, VendorStatus, VerifiedPerson, VerifyError};

use super::wire::{Capability, Decision, Details, Named};
use crate::sumsub::labels;

/// Labels of pictures and sessions that may be better next time. Everything else that is rejected stays so.
const AGAIN: [&str; 11] = [
    "BAD_QUALITY",
    "BLURRED",
    "GLARE",
    "NOT_UPLOADED",
    "PART_COVERED",
    "PART_MISSING",
    "PHOTO_TOO_DARK",
    "BLACK_WHITE",
    "MISSING_PAGE",
    "TECHNICAL_ERROR",
    "NO_FACE_PRESENT",
];
/// Checks without which nobody is approved when the vendor gives no decision of its own.
const NEEDED: [&str; 3] = ["usability", "imageChecks", "extraction"];

/// The answer is about the session that was asked for.
pub(super) fn check_names(of: &VendorRef, account: &Named, run: &str) -> Result<(), VerifyError> {
    if account.id != of.subject {
        return Err(VerifyError::malformed("account.id", "is not the one asked for"));
    }
    if of.run.as_deref() != Some(run) {
        return Err(VerifyError::malformed(
            "workflowExecution.id",
            "is not the one asked for",
        ));
    }
    Ok(())
}

/// Where a processed workflow stands: by the vendor's decision, or by those of its checks when it gives none.
pub(super) fn of(details: &Details) -> Result<VendorStatus, VerifyError> {
    match &details.decision {
        Some(decision) => by(decision, details),
        None => by_checks(details),
    }
}

fn checks(details: &Details) -> impl Iterator<Item = &Capability> {
    details.capabilities.values().flatten()
}

fn by(decision: &Decision, details: &Details) -> Result<VendorStatus, VerifyError> {
    Ok(match decision.kind.as_str() {
        // A pass that contradicts one of its own checks is for a person.
        "PASSED" if checks(details).any(|check| check.decision.kind == "REJECTED") => VendorStatus::OnHold,
        "PASSED" => VendorStatus::Approved(person(details)),
        "WARNING" => VendorStatus::OnHold,
        "NOT_EXECUTED" if matches!(decision.label(), "TOKEN_EXPIRED" | "SESSION_EXPIRED") => VendorStatus::Expired,
        "REJECTED" | "NOT_EXECUTED" => rejected(decision, details),
        _ => return Err(VerifyError::malformed("decision.type", "is not known")),
    })
}

fn by_checks(details: &Details) -> Result<VendorStatus, VerifyError> {
    let known = ["NOT_EXECUTED", "PASSED", "REJECTED", "WARNING"];
    if checks(details).any(|check| !known.contains(&check.decision.kind.as_str())) {
        return Err(VerifyError::malformed("capabilities.decision.type", "is not known"));
    }
    if let Some(bad) = checks(details).find(|check| check.decision.kind == "REJECTED") {
        return Ok(rejected(&bad.decision, details));
    }
    let passed = |name: &str| {
        let found = details.capabilities.get(name).filter(|all| !all.is_empty());
        found.is_some_and(|all| all.iter().all(|check| check.decision.kind == "PASSED"))
    };
    let needed = NEEDED.iter().all(|name| passed(name));
    let warned = checks(details).any(|check| check.decision.kind == "WARNING");
    Ok(if needed && !warned {
        VendorStatus::Approved(person(details))
    } else {
        VendorStatus::OnHold
    })
}

fn rejected(decision: &Decision, details: &Details) -> VendorStatus {
    let failed = checks(details).filter(|check| matches!(check.decision.kind.as_str(), "REJECTED" | "NOT_EXECUTED"));
    let rejected = checks(details).filter(|check| check.decision.kind == "REJECTED");
    let mut found: Vec<String> = rejected.map(|check| check.decision.label().to_owned()).collect();
    if found.is_empty() {
        found = failed.map(|check| check.decision.label().to_owned()).collect();
    }
    if found.is_empty() {
        found.push(decision.label().to_owned());
    }
    let labels = labels(&found);
    // All of them have to be mendable, and one has to be known at all.
    let again = !labels.is_empty() && labels.iter().all(|label| AGAIN.contains(&label.as_str()));
    VendorStatus::Rejected(Rejection {
        kind: if again { RejectKind::Retry } else { RejectKind::Final },
        labels,
        public_comment: None,
        private_comment: None,
    })
}

fn person(details: &Details) -> Option<VerifiedPerson> {
    let data = details.capabilities.get("extraction")?.first()?.data.as_ref()?;
    Some(VerifiedPerson {
        given_names: data.first_name.clone().unwrap_or_default(),
        family_names: data.last_name.clone()?,
        born: data.date_of_birth,
        country: data.issuing_country.clone(),
    })
}
