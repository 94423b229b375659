//! What Jumio answers.

use axum::http::{HeaderMap, Method, Uri};
use axum::response::Response;
use serde_json::{Value, json};

use super::{Run, SandboxJumio};
use crate::identity::{ApiFault, Play, answer, text};

pub(super) fn route(
    vendor: &SandboxJumio,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
    fault: ApiFault,
) -> Response {
    let parts: Vec<&str> = uri.path().trim_start_matches("/api/v1/").split('/').collect();
    match (method.as_str(), parts.as_slice()) {
        ("POST", ["accounts"]) => create(vendor, None, body),
        ("PUT", ["accounts", account]) => create(vendor, Some(account), body),
        (
            "POST",
            [
                "accounts",
                account,
                "workflow-executions",
                run,
                "credentials",
                _,
                "parts",
                _,
            ],
        ) => upload(vendor, (account, run), headers),
        ("PUT", ["accounts", account, "workflow-executions", run]) => {
            let known = of(vendor, (account, run)).is_some();
            if known {
                vendor.advance(run, "ACQUIRED");
            }
            answer(
                if known { 200 } else { 404 },
                &json!({ "timestamp": "2026-01-01T00:00:00.000Z" }),
            )
        }
        ("GET", ["accounts", account, "workflow-executions", run, "status"]) => match of(vendor, (account, run)) {
            Some(found) => answer(200, &status(&found, run, fault)),
            None => missing(),
        },
        ("GET", ["accounts", account, "workflow-executions", run]) => match of(vendor, (account, run)) {
            Some(found) => answer(200, &details(vendor, &found, run)),
            None => missing(),
        },
        ("DELETE", ["accounts", account]) => {
            let mut book = vendor.lock();
            let known = book.runs.values().any(|run| run.account == *account);
            if known && !book.deleted.iter().any(|gone| gone == account) {
                book.deleted.push((*account).to_owned());
                return answer(200, &json!({ "timestamp": "2026-01-01T00:00:00.000Z" }));
            }
            missing()
        }
        _ => missing(),
    }
}

fn missing() -> Response {
    answer(404, &json!({ "message": "Not Found" }))
}

fn of(vendor: &SandboxJumio, (account, run): (&str, &str)) -> Option<Run> {
    let book = vendor.lock();
    if book.deleted.iter().any(|gone| gone == account) {
        return None;
    }
    book.runs.get(run).filter(|run| run.account == account).cloned()
}

fn create(vendor: &SandboxJumio, account: Option<&str>, body: &[u8]) -> Response {
    let asked: Value = serde_json::from_slice(body).unwrap_or_default();
    let reference = asked["customerInternalReference"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let key = asked["workflowDefinition"]["key"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    let callback = asked["callbackUrl"].as_str().map(str::to_owned);
    let consent = asked["userConsent"]["consent"]["obtained"] == "yes";
    let fits = (1..=100).contains(&reference.len()) && callback.as_ref().is_none_or(|url| url.len() <= 255);
    if !fits || key.is_empty() || !consent || !asked["workflowDefinition"]["credentials"].is_array() {
        return answer(400, &json!({ "message": "Bad Request" }));
    }
    let mut book = vendor.lock();
    if account.is_some_and(|account| !book.runs.values().any(|run| run.account == account)) {
        drop(book);
        return missing();
    }
    let account = account.map_or_else(|| vendor.world.ids.next().to_string(), str::to_owned);
    let id = vendor.world.ids.next().to_string();
    let run = Run {
        account: account.clone(),
        reference,
        key,
        callback,
        status: "INITIATED",
        play: Play::of(&book.person.1),
    };
    book.runs.insert(id.clone(), run);
    let credential =
        json!({ "id": vendor.world.ids.next(), "category": "ID", "allowedChannels": ["WEB", "API", "SDK"] });
    let made = json!({
        "timestamp": "2026-01-01T00:00:00.000Z", "account": { "id": account },
        "web": { "href": format!("{}/web/v4/app?authorizationToken={id}", vendor.base_url) },
        "sdk": { "token": format!("sdk-{id}") }, "workflowExecution": { "id": id, "credentials": [credential] },
    });
    answer(200, &made)
}

fn upload(vendor: &SandboxJumio, at: (&str, &str), headers: &HeaderMap) -> Response {
    if of(vendor, at).is_none() {
        return missing();
    }
    if !text(headers, "content-type").starts_with("multipart/form-data; boundary=") {
        return answer(415, &json!({ "message": "Unsupported Media Type" }));
    }
    answer(200, &json!({ "timestamp": "2026-01-01T00:00:00.000Z" }))
}

fn status(run: &Run, id: &str, fault: ApiFault) -> Value {
    let status = if fault == ApiFault::UnknownStatus {
        "LEVITATING"
    } else {
        run.status
    };
    let account = if fault == ApiFault::OtherSession {
        "another"
    } else {
        &run.account
    };
    json!({ "account": { "id": account }, "workflowExecution": { "id": id, "status": status } })
}

fn details(vendor: &SandboxJumio, run: &Run, id: &str) -> Value {
    let person = vendor.lock().person.clone();
    let again = vendor
        .lock()
        .runs
        .values()
        .filter(|other| other.account == run.account)
        .count()
        > 1;
    let (kind, label, check) = match run.play {
        Play::Approve | Play::Wait | Play::Other => ("PASSED", "PASSED", ("PASSED", "OK")),
        Play::Retry if again => ("PASSED", "PASSED", ("PASSED", "OK")),
        Play::Reject => ("REJECTED", "REJECTED", ("REJECTED", "MANIPULATED_DOCUMENT")),
        Play::Retry => ("REJECTED", "REJECTED", ("REJECTED", "BLURRED")),
        Play::Hold => ("WARNING", "WARNING", ("WARNING", "WARNING")),
    };
    let (first, last) = if run.play == Play::Other {
        ("Somebody", "Else")
    } else {
        (&*person.0, &*person.1)
    };
    let check = json!({ "decision": { "type": check.0, "details": { "label": check.1 } } });
    let passed = json!({ "decision": { "type": "PASSED", "details": { "label": "OK" } } });
    let extraction = json!({
        "decision": { "type": "PASSED", "details": { "label": "OK" } },
        "data": { "type": "PASSPORT", "issuingCountry": "USA", "firstName": first, "lastName": last, "dateOfBirth": "1990-01-02" },
    });
    json!({
        "account": { "id": run.account }, "workflow": { "id": id, "status": run.status, "definitionKey": run.key },
        "decision": { "type": kind, "details": { "label": label }, "risk": { "score": 12.5 } },
        "capabilities": { "usability": [passed], "imageChecks": [check], "extraction": [extraction], "dataChecks": [passed] },
    })
}
