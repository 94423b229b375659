//! Reach, signatures, shapes, bad input, callbacks, personal data.

use sdk::signature::SignatureError as Sig;
use serde_json::{Value, json};
use usance_kit::door::Heard;

use super::*;
use crate::world::{Flaw, PLATFORM, headers};

pub fn reach() -> Vec<Row> {
    vec![
        ("reach.answers", Flaw::Hangs(question)),
        (
            "reach.takes-question",
            Flaw::Instead(|h| question(h).then(|| (418, problem(418)))),
        ),
        (
            "reach.no-redirect",
            Flaw::Instead(|h| question(h).then(|| (302, vec![]))),
        ),
        (
            "reach.no-server-error",
            Flaw::Instead(|h| question(h).then(|| (500, problem(500)))),
        ),
        (
            "reach.content-type",
            Flaw::Sends(|h, said| {
                if question(h) {
                    said.headers[0].1 = "text/html".into();
                }
            }),
        ),
        (
            "reach.problem",
            Flaw::Instead(|h| h.path.contains("not-a-uuid").then(|| (400, b"{}".to_vec()))),
        ),
        (
            "reach.retry-after",
            Flaw::Instead(|h| h.path.contains("not-a-uuid").then(|| (429, problem(429)))),
        ),
        (
            "reach.unknown-path",
            Flaw::Instead(|h| h.path.contains("nothing").then(|| (200, b"{}".to_vec()))),
        ),
        (
            "reach.method",
            Flaw::Instead(|h| (h.method == "DELETE").then(|| (200, b"{}".to_vec()))),
        ),
    ]
}

pub fn signatures() -> Vec<Row> {
    let mut rows = answers_signed();
    rows.extend([
        (
            "signature.unsigned-refused",
            Flaw::Forgives(|h, e| question(h) && matches!(e, Sig::Missing("content-digest"))),
        ),
        (
            "signature.wrong-key-refused",
            Flaw::Forgives(|h, e| *e == Sig::Invalid && twist(h) == "key"),
        ),
        (
            "signature.unknown-key-refused",
            Flaw::Forgives(|_, e| *e == Sig::UnknownKey),
        ),
        ("signature.digest-refused", Flaw::Forgives(|_, e| *e == Sig::Digest)),
        (
            "signature.path-refused",
            Flaw::Forgives(|h, e| *e == Sig::Invalid && twist(h) == "path"),
        ),
        (
            "signature.method-refused",
            Flaw::Forgives(|h, e| *e == Sig::Invalid && twist(h) == "method"),
        ),
        (
            "signature.authority-refused",
            Flaw::Forgives(|h, e| *e == Sig::Invalid && twist(h) == "authority"),
        ),
        ("signature.replay-refused", Flaw::Forgives(|_, e| *e == Sig::Replay)),
    ]);
    rows.extend(timed_and_guarded());
    rows
}

fn timed_and_guarded() -> Vec<Row> {
    vec![
        (
            "signature.expired-refused",
            Flaw::Forgives(|h, e| *e == Sig::Time && parameter(h, "expires") < now()),
        ),
        (
            "signature.future-refused",
            Flaw::Forgives(|h, e| *e == Sig::Time && parameter(h, "created") > now()),
        ),
        (
            "signature.long-life-refused",
            Flaw::Forgives(|h, e| *e == Sig::Time && parameter(h, "expires") > now() + 3_000),
        ),
        (
            "signature.fast-clock-taken",
            Flaw::Instead(|h| {
                (headers(h).is_some() && parameter(h, "created") == now() + 15).then(|| (401, problem(401)))
            }),
        ),
        (
            "signature.slow-clock-taken",
            Flaw::Instead(|h| {
                (headers(h).is_some() && parameter(h, "expires") == now() - 15).then(|| (401, problem(401)))
            }),
        ),
        (
            "signature.nonce-needed",
            Flaw::Forgives(|h, e| matches!(e, Sig::Format(_)) && headers(h).unwrap().signature_input.contains("@path")),
        ),
        (
            "signature.components-needed",
            Flaw::Forgives(|h, e| {
                matches!(e, Sig::Format(_)) && !headers(h).unwrap().signature_input.contains("@path")
            }),
        ),
        (
            "signature.double-refused",
            Flaw::Forgives(|h, _| h.headers.get_all("signature").iter().count() == 2),
        ),
        (
            "signature.accept-guarded",
            Flaw::Forgives(|h, e| accept(h) && matches!(e, Sig::Missing(_))),
        ),
        (
            "signature.status-guarded",
            Flaw::Forgives(|h, e| status(h) && matches!(e, Sig::Missing(_))),
        ),
        (
            "signature.cancel-guarded",
            Flaw::Forgives(|h, e| cancel(h) && matches!(e, Sig::Missing(_))),
        ),
    ]
}

pub fn answers_signed() -> Vec<Row> {
    vec![
        (
            "signature.answer-signed",
            Flaw::Sends(|_, said| said.headers.retain(|(name, _)| name != "signature")),
        ),
        (
            "signature.answer-form",
            Flaw::Sends(|_, said| bend_header(said, "signature-input", |v| v.replace("\"@status\" ", ""))),
        ),
        ("signature.answer-key", Flaw::SignsAs("another-name", "kit-lender")),
        (
            "signature.answer-digest",
            Flaw::Sends(|_, said| {
                if said.status == 200 {
                    said.body.push(b' ');
                }
            }),
        ),
        ("signature.answer-time", Flaw::ClockOff(120)),
        ("signature.answer-valid", Flaw::SignsAs("kit-lender", "somebody-else")),
        ("signature.answer-after-question", Flaw::ClockOff(-45)),
    ]
}

pub fn bend_header(said: &mut usance_kit::door::Said, name: &str, bend: fn(&str) -> String) {
    for (known, value) in &mut said.headers {
        if known == name {
            *value = bend(value);
        }
    }
}

/// Which part of an honest signature was changed: the one whose restoration verifies.
pub fn twist(heard: &Heard) -> &'static str {
    let verifies = |method: &str, path: &str, authority: &str| {
        let line = sdk::signature::RequestLine {
            method,
            authority,
            path,
        };
        let keys = [sdk::PrivateKey::development(PLATFORM).unwrap().public()];
        let guard = sdk::replay::ReplayGuard::default();
        let now = chrono::DateTime::from_timestamp(now(), 0).unwrap();
        let read = headers(heard).unwrap();
        sdk::signature::verify_request(&read, line, &heard.body, &keys, (&guard, now)).is_ok()
    };
    let host = heard.headers["host"].to_str().unwrap();
    if verifies(&heard.method, "/v1/offers/other", host) {
        "path"
    } else if verifies("PUT", &heard.path, host) {
        "method"
    } else if verifies(&heard.method, &heard.path, "other.example") {
        "authority"
    } else {
        "key"
    }
}

pub fn schema() -> Vec<Row> {
    vec![
        (
            "schema.json",
            Flaw::Instead(|h| question(h).then(|| (200, b"<html>".to_vec()))),
        ),
        (
            "schema.depth",
            Flaw::Instead(|h| question(h).then(|| (200, [b"[".repeat(99), b"]".repeat(99)].concat()))),
        ),
        (
            "schema.size",
            Flaw::Instead(|h| question(h).then(|| (200, vec![b' '; 2 << 20]))),
        ),
        (
            "schema.error-object",
            says!(question, |a| a["error"] = json!({ "code": "40001" })),
        ),
        ("schema.null", offers!(o => o["repayment"]["every"] = Value::Null)),
        ("schema.money", offers!(o => o["fees"][0]["amount"] = json!("NA"))),
        ("schema.enum-case", offers!(o => o["product"] = json!("Installment"))),
        ("schema.unknown-field", says!(question, |a| a["surprise"] = json!(1))),
        (
            "schema.missing-field",
            offers!(o => { o.as_object_mut().unwrap().remove("binding"); }),
        ),
        (
            "schema.types",
            offers!(o => o["repayment"]["cooling_off_days"] = json!("three")),
        ),
        (
            "schema.request-id",
            says!(question, |a| a["request_id"] = json!(uuid::Uuid::nil())),
        ),
        ("schema.complete", says!(question, |a| a["complete"] = json!(false))),
        ("schema.offers-or-decline", says!(question, |a| a["offers"] = json!([]))),
        (
            "schema.count",
            says!(question, |a| if let Some(o) = a["offers"].get(0).cloned() {
                a["offers"] = json!(vec![o; 33]);
            }),
        ),
        (
            "schema.reasons",
            says!(
                question,
                |a| if let Some(r) = a.get_mut("declined").and_then(|d| d.get_mut(0)) {
                    r["code"] = json!("too small");
                }
            ),
        ),
    ]
}

pub fn robust() -> Vec<Row> {
    fn fine(_: &Heard) -> (u16, Vec<u8>) {
        (200, b"{}".to_vec())
    }
    vec![
        (
            "robust.empty-body",
            Flaw::Instead(|h| (question(h) && h.body.is_empty()).then(|| fine(h))),
        ),
        (
            "robust.not-json",
            Flaw::Instead(|h| (question(h) && h.body == b"<html>").then(|| fine(h))),
        ),
        (
            "robust.unknown-field",
            misreads!(b => { b.as_object_mut().map(|b| b.remove("surprise")); }),
        ),
        (
            "robust.missing-field",
            misreads!(b => if b.is_object() && b["term"].is_null() { b["term"] = json!({ "count": 12, "unit": "month" }) }),
        ),
        (
            "robust.wrong-type",
            misreads!(b => if b["amount"]["minor"].is_number() { b["amount"] = usd(500_000) }),
        ),
        (
            "robust.zero-amount",
            misreads!(b => if b["amount"]["minor"] == "0" { b["amount"] = usd(500_000) }),
        ),
        (
            "robust.negative-amount",
            misreads!(b => if b["amount"]["minor"] == "-500000" { b["amount"] = usd(500_000) }),
        ),
        (
            "robust.amount-overflow",
            misreads!(b => if b["amount"]["minor"] == "99999999999999999999" { b["amount"] = usd(500_000) }),
        ),
        (
            "robust.bad-id",
            Flaw::Instead(|h| h.path.contains("not-a-uuid").then(|| (500, problem(500)))),
        ),
        (
            "robust.accept-not-json",
            Flaw::Instead(|h| (accept(h) && h.body == b"<html>").then(|| (500, problem(500)))),
        ),
        (
            "robust.accept-unknown-field",
            Flaw::Misreads(|h, b| {
                if accept(h) {
                    b.as_object_mut().map(|b| b.remove("surprise"));
                }
            }),
        ),
        ("robust.large-body", Flaw::Hangs(|h| h.body.len() > 1 << 20)),
        (
            "robust.deep-body",
            Flaw::Instead(|h| h.body.starts_with(b"[[").then(|| (500, problem(500)))),
        ),
        ("robust.alive", falls_over()),
    ]
}

/// A lender that falls over at a large body and stays down.
pub fn falls_over() -> Flaw {
    static DOWN: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);
    Flaw::Instead(|h| {
        use std::sync::atomic::Ordering::Relaxed;
        DOWN.fetch_or(h.body.len() > 1 << 20, Relaxed);
        (DOWN.load(Relaxed) && h.body.len() < 1 << 20).then(|| (503, problem(503)))
    })
}

pub fn callbacks() -> Vec<Row> {
    use sdk::wire::write;
    vec![
        ("callback.final-comes", Flaw::CallsBack(|p| vec![write(&p[0])])),
        ("callback.signed", Flaw::CallsBackAs("somebody-else")),
        ("callback.after-question", Flaw::CallsBackAt(-45)),
        (
            "callback.shape",
            Flaw::CallsBack(|p| vec![write(&p[0]), b"{}".to_vec(), write(&p[1])]),
        ),
        (
            "callback.request-id",
            Flaw::CallsBack(|mut p| {
                p[1].request_id = uuid::Uuid::nil().into();
                p.iter().map(write).collect()
            }),
        ),
        (
            "callback.sequence",
            Flaw::CallsBack(|mut p| {
                p[1].sequence = 5;
                p.iter().map(write).collect()
            }),
        ),
        (
            "callback.same-number-same-body",
            Flaw::CallsBack(|p| {
                let mut other = p[0].clone();
                other.offers[0].provider_ref = "other".into();
                vec![write(&p[0]), write(&other), write(&p[1])]
            }),
        ),
        (
            "callback.end-is-last",
            Flaw::CallsBack(|p| {
                let mut after = p[1].clone();
                after.sequence = 2;
                after.is_final = false;
                vec![write(&p[0]), write(&p[1]), write(&after)]
            }),
        ),
        ("callback.redelivered", Flaw::GivesUp),
        ("callback.fresh-signature", Flaw::RepeatsNonce),
        (
            "callback.direct-without-url",
            Flaw::Says(|h, _, s, a| {
                if question(h) && *s == 200 && asked(h)["callback_url"].is_null() {
                    *s = 202;
                    *a = json!({ "request_id": asked(h)["request_id"] });
                }
            }),
        ),
    ]
}

pub fn privacy() -> Vec<Row> {
    vec![
        (
            "privacy.answers",
            offers!(o => o["provider_ref"] = json!("income-723941")),
        ),
        (
            "privacy.refusals",
            Flaw::Says(|h, _, s, a| {
                if *s == 400 {
                    a["detail"] = json!(format!("{}", asked(h)["surprise"]));
                }
            }),
        ),
        (
            "privacy.callbacks",
            Flaw::CallsBack(|mut p| {
                p[0].offers[0].provider_ref = "housing-148373".into();
                p.iter().map(sdk::wire::write).collect()
            }),
        ),
        (
            "privacy.no-cookies",
            Flaw::Sends(|_, said| said.headers.push(("set-cookie".into(), "a=b".into()))),
        ),
    ]
}
