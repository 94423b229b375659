//! What Sumsub answers.

use std::sync::Arc;

use axum::http::{HeaderMap, HeaderValue, Method, Uri};
use axum::response::{IntoResponse, Response};
use chrono::DateTime;
use serde_json::{Value, json};

use super::{Applicant, Book, SandboxSumsub};
use crate::identity::{ApiFault, Auto, HookFault, Play, answer, text};

/// A rejection with the words for the person and those that are not for them.
pub(super) fn red(kind: &str, label: &str) -> Value {
    json!({
        "reviewAnswer": "RED", "reviewRejectType": kind, "rejectLabels": [label], "buttonIds": [],
        "moderationComment": "We could not verify your documents.", "clientComment": "Sandbox: decided by the last name.",
    })
}

/// The body of a webhook. The moment is text, as the vendor writes it.
pub(super) fn payload(book: &Book, id: &str, kind: &str) -> Value {
    let applicant = book.applicants.get(id);
    let at = DateTime::from_timestamp_millis(book.last_ms).unwrap_or_default();
    let mut body = json!({
        "applicantId": id, "inspectionId": format!("{id}i"), "correlationId": format!("req-{:08}-{id}", book.sent),
        "externalUserId": applicant.map(|a| a.session.clone()), "levelName": applicant.map(|a| a.level.clone()), "type": kind,
        "reviewStatus": applicant.map_or("init", |a| a.status), "createdAt": at.format("%Y-%m-%d %H:%M:%S+0000").to_string(),
        "createdAtMs": at.format("%Y-%m-%d %H:%M:%S%.3f").to_string(), "clientId": "usance",
        "sandboxMode": book.hooks == HookFault::Sandbox,
    });
    if let Some(result) = applicant
        .and_then(|a| a.result.clone())
        .filter(|_| kind == "applicantReviewed")
    {
        body["reviewResult"] = result;
    }
    body
}

/// The page of the borrower.
pub(super) fn opened(vendor: &Arc<SandboxSumsub>, session: &str) -> Response {
    let Some(id) = vendor.applicant(session) else {
        return answer(404, &json!({ "code": 404 }));
    };
    let open = vendor.lock().applicants.get(&id).is_some_and(|a| {
        let again = a
            .result
            .as_ref()
            .is_some_and(|result| result["reviewRejectType"] == "RETRY");
        a.status == "init" || again
    });
    if open && vendor.setup.auto != Auto::Never {
        vendor.play(id);
    }
    axum::response::Html("<!doctype html><title>Sandbox</title><p>Thank you. You may close this page.").into_response()
}

pub(super) fn route(
    vendor: &Arc<SandboxSumsub>,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: &[u8],
    fault: ApiFault,
) -> Response {
    let json: Value = serde_json::from_slice(body).unwrap_or_default();
    let parts: Vec<&str> = uri.path().trim_start_matches('/').split('/').collect();
    match (method.as_str(), parts.as_slice()) {
        ("POST", ["resources", "applicants"]) => create(vendor, uri, &json),
        ("GET", ["resources", "applicants", which, "one"]) => {
            let id = match which.strip_prefix("-;externalUserId=") {
                Some(session) => vendor.applicant(session),
                None => Some((*which).to_owned()),
            };
            of(vendor, id.as_deref(), |applicant, id| whole(applicant, id, fault))
        }
        ("GET", ["resources", "applicants", id, "status"]) => {
            of(vendor, Some(id), |applicant, id| status(applicant, id, fault))
        }
        ("POST", ["resources", "accessTokens", "sdk"]) => {
            match vendor.applicant(json["userId"].as_str().unwrap_or_default()) {
                Some(id) => answer(
                    200,
                    &json!({ "token": format!("_act-sbx-{id}"), "userId": json["userId"] }),
                ),
                None => missing(),
            }
        }
        ("POST", ["resources", "sdkIntegrations", "levels", _, "websdkLink"]) => {
            let session = query(uri, "externalUserId");
            match vendor.applicant(&session) {
                Some(_) => answer(
                    200,
                    &json!({ "url": format!("{}/websdk/p/{session}", vendor.base_url) }),
                ),
                None => missing(),
            }
        }
        ("POST", ["resources", "applicants", id, "info", "idDoc"]) => document(vendor, id, headers),
        ("POST", ["resources", "applicants", id, "status", "testCompleted"]) => match vendor.review(id, &json) {
            Some(hook) => {
                let vendor = Arc::clone(vendor);
                tokio::spawn(async move { vendor.send(vec![hook]).await });
                answer(200, &json!({ "ok": 1 }))
            }
            None => missing(),
        },
        ("PATCH", ["resources", "applicants", id, "presence", "deactivated"]) => deactivate(vendor, id),
        _ => missing(),
    }
}

fn missing() -> Response {
    answer(
        404,
        &json!({ "code": 404, "description": "Applicant not found", "correlationId": "req-sandbox" }),
    )
}

fn query(uri: &Uri, name: &str) -> String {
    let pairs = uri
        .query()
        .unwrap_or_default()
        .split('&')
        .filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(k, _)| *k == name)
        .map(|(_, v)| v.to_owned())
        .next()
        .unwrap_or_default()
}

fn create(vendor: &Arc<SandboxSumsub>, uri: &Uri, json: &Value) -> Response {
    let session = json["externalUserId"].as_str().unwrap_or_default().to_owned();
    let level = query(uri, "levelName");
    if session.is_empty() || level.is_empty() || json["type"] != "individual" {
        return answer(
            400,
            &json!({ "code": 400, "description": "bad applicant", "correlationId": "req-sandbox" }),
        );
    }
    if vendor.applicant(&session).is_some() {
        let text = format!("Applicant with external user id '{session}' already exists");
        return answer(
            409,
            &json!({ "code": 409, "description": text, "correlationId": "req-sandbox" }),
        );
    }
    let given = |name: &str| json["fixedInfo"][name].as_str().map(str::to_owned);
    let applicant = Applicant {
        session,
        level,
        first_name: given("firstName").unwrap_or_default(),
        last_name: given("lastName").unwrap_or_default(),
        born: given("dob"),
        country: given("country"),
        status: "init",
        result: None,
        attempts: 0,
        deleted: false,
    };
    let id = vendor.world.ids.next().simple().to_string();
    let view = whole(&applicant, &id, ApiFault::None);
    let created = {
        let mut book = vendor.lock();
        book.applicants.insert(id.clone(), applicant);
        vendor.hook(&mut book, &id, "applicantCreated")
    };
    if vendor.setup.auto == Auto::OnCreate {
        vendor.play(id);
    } else {
        let vendor = Arc::clone(vendor);
        tokio::spawn(async move { vendor.send(vec![created]).await });
    }
    answer(201, &view)
}

fn of(vendor: &SandboxSumsub, id: Option<&str>, view: impl FnOnce(&Applicant, &str) -> Value) -> Response {
    let book = vendor.lock();
    let found = id.and_then(|id| book.applicants.get(id).filter(|a| !a.deleted).map(|a| (a, id)));
    match found {
        Some((applicant, id)) => answer(200, &view(applicant, id)),
        None => missing(),
    }
}

/// What was read off the documents stands in `info` once they were handed in; what we said ourselves in `fixedInfo`.
fn whole(applicant: &Applicant, id: &str, fault: ApiFault) -> Value {
    let other = Play::of(&applicant.last_name) == Play::Other;
    let (first, last) = if other {
        ("Somebody", "Else")
    } else {
        (&*applicant.first_name, &*applicant.last_name)
    };
    let session = if fault == ApiFault::OtherSession {
        "00000000-0000-7000-8000-000000000000"
    } else {
        &applicant.session
    };
    let info = json!({
        "firstName": first, "lastName": last, "dob": applicant.born.as_deref().unwrap_or("1990-01-02"),
        "country": applicant.country.as_deref().unwrap_or("USA"), "idDocs": [{ "idDocType": "PASSPORT", "country": "USA" }],
    });
    let mut whole = json!({
        "id": id, "inspectionId": format!("{id}i"), "externalUserId": session, "type": "individual", "review": status(applicant, id, fault),
        "fixedInfo": { "firstName": applicant.first_name, "lastName": applicant.last_name, "dob": applicant.born, "country": applicant.country },
    });
    if applicant.attempts > 0 {
        whole["info"] = info;
    }
    whole
}

fn status(applicant: &Applicant, id: &str, fault: ApiFault) -> Value {
    let status = if fault == ApiFault::UnknownStatus {
        "levitating"
    } else {
        applicant.status
    };
    let mut review = json!({
        "reviewId": format!("{id}r"), "attemptId": format!("{id}a{}", applicant.attempts), "attemptCnt": applicant.attempts,
        "levelName": applicant.level, "createDate": "2026-01-01 00:00:00+0000", "reviewStatus": status,
    });
    if let Some(result) = &applicant.result {
        review["reviewResult"] = result.clone();
    }
    review
}

fn document(vendor: &SandboxSumsub, id: &str, headers: &HeaderMap) -> Response {
    if !vendor.lock().applicants.contains_key(id) {
        return missing();
    }
    if !text(headers, "content-type").starts_with("multipart/form-data; boundary=") {
        return answer(415, &json!({ "code": 415 }));
    }
    let mut taken = answer(200, &json!({ "idDocType": "PASSPORT", "country": "USA" }));
    taken
        .headers_mut()
        .insert("x-image-id", HeaderValue::from_static("1337"));
    taken
}

fn deactivate(vendor: &SandboxSumsub, id: &str) -> Response {
    let mut book = vendor.lock();
    match book.applicants.get_mut(id) {
        Some(applicant) if matches!(applicant.status, "pending" | "queued" | "prechecked") => answer(
            400,
            &json!({ "code": 400, "description": "Applicant is being checked", "correlationId": "req-sandbox" }),
        ),
        Some(applicant) => {
            applicant.deleted = true;
            answer(200, &json!({ "id": id, "deleted": true }))
        }
        None => missing(),
    }
}
