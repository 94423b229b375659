//! Routes about the audit trail, for officers.

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::routing::get;
use serde::Deserialize;
use serde_json::json;

use super::documents::{Named, documents};
use super::{Answer, ok, run};
use crate::Api;
use crate::auth::Caller;

documents! {
    AUDIT_ENTRIES ("", "/auditEntries") = [
        "query($filter: AuditFilter, $before: String, $first: Int) { auditEntries(filter: $filter, before: $before, first: $first) ",
        "{ seq id tenant at actor role action objectKind objectId subject decision rules lists commitments leaf } }",
    ];
    AUDIT_PROOF ("/auditProof", "") = ["query($entry: ID!) { auditProof(entry: $entry) { line } }"];
    AUDIT_CONSISTENCY ("/auditConsistency", "") = [
        "query($tenant: String, $from: String!, $to: String!) { auditConsistency(tenant: $tenant, from: $from, to: $to) { line } }",
    ];
    AUDIT_CHECKPOINTS ("", "/auditCheckpoints") = [
        "query($tenant: String, $below: String, $first: Int) { auditCheckpoints(tenant: $tenant, below: $below, first: $first) ",
        "{ tenant size root at note } }",
    ];
    AUDIT_ANCHORS ("", "/auditAnchors") = [
        "query($tenant: String, $first: Int) { auditAnchors(tenant: $tenant, first: $first) ",
        "{ origin size root place evidence state wantedAt doneAt } }",
    ];
    AUDIT_EXPORT ("/auditExport", "") = [
        "query($tenant: String, $from: String) { auditExport(tenant: $tenant, from: $from) { text to more } }",
    ];
}

/// The routes.
pub fn router() -> Router<Api> {
    Router::new()
        .route("/v1/audit/entries", get(entries))
        .route("/v1/audit/entries/{id}/proof", get(proof))
        .route("/v1/audit/consistency", get(consistency))
        .route("/v1/audit/checkpoints", get(checkpoints))
        .route("/v1/audit/anchors", get(anchors))
        .route("/v1/audit/export", get(export))
}

/// What a read may be narrowed to.
#[derive(Deserialize, Debug, Default)]
#[serde(rename_all = "camelCase")]
struct Narrow {
    tenant: Option<String>,
    actor: Option<String>,
    subject: Option<String>,
    action: Option<String>,
    object_kind: Option<String>,
    object_id: Option<String>,
    from: Option<String>,
    to: Option<String>,
    before: Option<String>,
    below: Option<String>,
    first: Option<u32>,
}

async fn entries(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    let filter = json!({
        "tenant": narrow.tenant, "actor": narrow.actor, "subject": narrow.subject, "action": narrow.action,
        "objectKind": narrow.object_kind, "objectId": narrow.object_id, "from": narrow.from, "to": narrow.to,
    });
    let variables = json!({ "filter": filter, "before": narrow.before, "first": narrow.first });
    ok(run(&api, caller, &AUDIT_ENTRIES, variables).await?)
}

async fn proof(State(api): State<Api>, Caller(caller): Caller, Path(id): Path<String>) -> Answer {
    ok(run(&api, caller, &AUDIT_PROOF, json!({ "entry": id })).await?)
}

async fn consistency(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    let variables = json!({ "tenant": narrow.tenant, "from": narrow.from, "to": narrow.to });
    ok(run(&api, caller, &AUDIT_CONSISTENCY, variables).await?)
}

async fn checkpoints(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    let variables = json!({ "tenant": narrow.tenant, "below": narrow.below, "first": narrow.first });
    ok(run(&api, caller, &AUDIT_CHECKPOINTS, variables).await?)
}

async fn anchors(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    let variables = json!({ "tenant": narrow.tenant, "first": narrow.first });
    ok(run(&api, caller, &AUDIT_ANCHORS, variables).await?)
}

async fn export(State(api): State<Api>, Caller(caller): Caller, Query(narrow): Query<Narrow>) -> Answer {
    let variables = json!({ "tenant": narrow.tenant, "from": narrow.from });
    ok(run(&api, caller, &AUDIT_EXPORT, variables).await?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_document_can_be_parsed() {
        for (name, document) in ALL {
            let parsed = async_graphql::parser::parse_query(document.text);
            assert!(parsed.is_ok(), "{name}: {parsed:?}");
        }
    }
}
