//! The audit trail in the OpenAPI document.

use crate::openapi::{Answer, Route, read};

const TENANT: (&str, &str) = (
    "tenant",
    "Whose log, as UUID or public id; the caller's own tenant when it is left out.",
);
const FIRST: (&str, &str) = ("first", "How many, 1 to 100; 20 when it is left out.");

fn get(
    query: &'static [(&'static str, &'static str)],
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    answer: Answer,
) -> Route {
    Route {
        query,
        ..read(path, id, summary, answer)
    }
}

/// The routes.
pub(crate) fn routes() -> Vec<Route> {
    use Answer::{Many, One};
    vec![
        get(
            &[
                TENANT,
                ("actor", "Who acted."),
                ("subject", "Who is concerned."),
                ("action", "What was done."),
                ("objectKind", "Kind of object."),
                ("objectId", "Which object."),
                ("from", "From that time on."),
                ("to", "Before that time."),
                ("before", "Before that number."),
                FIRST,
            ],
            "/v1/audit/entries",
            "auditEntries",
            "Entries of the audit trail, newest first, for officers",
            Many("AuditEntry"),
        ),
        get(
            &[],
            "/v1/audit/entries/{id}/proof",
            "auditProof",
            "An entry with the proof that it is under the newest checkpoint, for officers",
            One("AuditProof"),
        ),
        get(
            &[
                TENANT,
                ("from", "Size of the older checkpoint."),
                ("to", "Size of the newer one."),
            ],
            "/v1/audit/consistency",
            "auditConsistency",
            "The proof that a log only grew between two checkpoints, for officers",
            One("AuditProof"),
        ),
        get(
            &[TENANT, ("below", "Below that size."), FIRST],
            "/v1/audit/checkpoints",
            "auditCheckpoints",
            "Signed checkpoints, newest first, for officers",
            Many("AuditCheckpoint"),
        ),
        get(
            &[TENANT, FIRST],
            "/v1/audit/anchors",
            "auditAnchors",
            "Where checkpoints were copied to, newest first, for officers",
            Many("AuditAnchor"),
        ),
        get(
            &[TENANT, ("from", "Number of the first entry, from 0.")],
            "/v1/audit/export",
            "auditExport",
            "A part of a log that proves itself, for officers",
            One("AuditExport"),
        ),
    ]
}
