//! The documents behind the routes about cases.

use super::documents::{Named, documents, refusals};

macro_rules! case {
    () => {
        concat!(
            "{ id tenant subject kind severity entity matchedHash evidence raisedBy assignee state verdict ground maker madeAt",
            " checker checkedAt expiresAt dueOn openedAt version }"
        )
    };
}
macro_rules! report {
    () => {
        "{ id case kind sha256 bytes state dueOn draftedBy decidedBy }"
    };
}

documents! {
    CASES ("", "/cases") = [
        "query($state: CaseState, $mine: Boolean, $first: Int) { cases(state: $state, mine: $mine, first: $first) ", case!(), " }",
    ];
    CASE ("/case", "") = ["query($id: ID!) { case(id: $id) ", case!(), " }"];
    CASE_LOG ("/case", "/log") = ["query($id: ID!) { case(id: $id) { log { what by detail at } } }"];
    ASSIGN_CASE ("/assignCase", "/case") = [
        "mutation($key: String!, $id: ID!, $assignee: ID) ",
        "{ assignCase(idempotencyKey: $key, id: $id, assignee: $assignee) { case ", case!(), refusals!(), " } }",
    ];
    DECIDE_CASE ("/decideCase", "/case") = [
        "mutation($key: String!, $id: ID!, $ground: CaseGround!) ",
        "{ decideCase(idempotencyKey: $key, id: $id, ground: $ground) { case ", case!(), refusals!(), " } }",
    ];
    CHECK_CASE ("/checkCase", "/case") = [
        "mutation($key: String!, $id: ID!, $agree: Boolean!) ",
        "{ checkCase(idempotencyKey: $key, id: $id, agree: $agree) { case ", case!(), refusals!(), " } }",
    ];
    CASE_REPORTS ("/caseReports", "") = ["query($id: ID!) { caseReports(case: $id) ", report!(), " }"];
    DRAFT_REPORT ("/draftReport", "/draft") = [
        "mutation($key: String!, $id: ID!, $kind: CaseReportKind!, $facts: JSON!) ",
        "{ draftReport(idempotencyKey: $key, case: $id, kind: $kind, facts: $facts) { draft { report ", report!(), " file }",
        refusals!(), " } }",
    ];
    RELEASE_REPORT ("/releaseReport", "/report") = [
        "mutation($key: String!, $id: ID!, $release: Boolean!, $sha256: String!) ",
        "{ releaseReport(idempotencyKey: $key, id: $id, release: $release, sha256: $sha256) { report ", report!(), refusals!(), " } }",
    ];
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
