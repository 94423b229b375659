//! Limits, offers, repeated questions, loans.

use serde_json::{Value, json};
use usance_kit::counterparty::Manner;
use usance_kit::door::Heard;

use super::*;
use crate::world::Flaw;

pub fn limits() -> Vec<Row> {
    vec![
        (
            "limits.minimum",
            Flaw::Instead(|h| (minor(h) == 50_000).then(|| (422, problem(422)))),
        ),
        (
            "limits.maximum",
            Flaw::Instead(|h| (minor(h) == 5_000_000).then(|| (422, problem(422)))),
        ),
        (
            "limits.below-minimum",
            Flaw::Instead(|h| (minor(h) == 49_999).then(|| (422, problem(422)))),
        ),
        (
            "limits.above-maximum",
            Flaw::Instead(|h| (minor(h) == 10_000_001).then(|| (422, problem(422)))),
        ),
        (
            "limits.huge-amount",
            Flaw::Instead(|h| (minor(h) == i64::MAX).then(|| (500, problem(500)))),
        ),
        (
            "limits.currency",
            Flaw::Instead(|h| (question(h) && asked(h)["amount"]["currency"] != "USD").then(|| (422, problem(422)))),
        ),
        (
            "limits.jurisdiction",
            misreads!(b => b["jurisdiction"] = json!({ "country": "US", "region": "CA" })),
        ),
        (
            "limits.term-short",
            misreads!(b => if b["term"]["count"] == 79 { b["term"]["count"] = json!(80) }),
        ),
        (
            "limits.term-long",
            misreads!(b => if b["term"]["count"] == 1_931 { b["term"]["count"] = json!(1_900) }),
        ),
        ("limits.product-asked", misreads!(b => b["products"] = json!([]))),
        ("limits.product-offered", offers!(o => o["product"] = json!("LINE"))),
        ("limits.inquiry", offers!(o => o["inquiry"] = json!("HARD"))),
    ]
}

pub fn offer_rows() -> Vec<Row> {
    vec![
        (
            "offer.currency",
            offers!(o => o["amounts"]["offered"]["currency"] = json!("EUR")),
        ),
        ("offer.requested", offers!(o => o["amounts"]["requested"] = usd(1))),
        ("offer.positive", offers!(o => o["amounts"]["net_disbursed"] = usd(0))),
        ("offer.within-asked", offers!(o => more(o, 100))),
        (
            "offer.no-negative",
            offers!(o => o["repayment"]["late"]["fee"] = usd(-1)),
        ),
        (
            "offer.not-future",
            offers!(o => o["issued_at"] = json!("2026-03-01T12:01:00Z")),
        ),
        (
            "offer.not-expired",
            offers!(o => { o["issued_at"] = json!("2026-03-01T10:00:00Z"); o["valid_until"] = json!("2026-03-01T11:59:00Z") }),
        ),
        (
            "offer.validity",
            offers!(o => o["valid_until"] = json!("2027-03-01T12:00:00Z")),
        ),
        ("offer.net", offers!(o => o["amounts"]["net_disbursed"] = usd(494_999))),
        (
            "offer.breakup",
            offers!(o => o["repayment"]["schedule"][0]["total"] = usd(250_001)),
        ),
        ("offer.principal-sum", offers!(o => part(o, "principal", 250_001))),
        (
            "offer.fees-sum",
            offers!(o => { o["repayment"]["schedule"][1]["fees"] = usd(1); o["repayment"]["schedule"][1]["total"] = usd(250_001) }),
        ),
        (
            "offer.dates",
            offers!(o => o["repayment"]["schedule"][1]["due"] = o["repayment"]["schedule"][0]["due"].clone()),
        ),
        (
            "offer.calendar-size",
            offers!(o => o["repayment"]["schedule"][1]["due"] = json!("2099-01-01")),
        ),
        (
            "offer.rates",
            offers!(o => o["rate"]["nominal"] = json!(120_000_000_000_i64)),
        ),
        ("offer.apr", offers!(o => o["declared"]["apr"] = json!(50_000))),
        ("offer.total-cost", offers!(o => o["declared"]["total_cost"] = usd(1))),
        ("offer.payment", offers!(o => o["declared"]["payment"] = usd(1))),
        (
            "offer.reference",
            says!(question, |a| if let Some(o) = a["offers"].get(0).cloned() {
                a["offers"] = json!([o, o]);
            }),
        ),
        ("offer.texts", offers!(o => o["fees"][0]["code"] = json!("a\nb"))),
        ("offer.product", misreads!(b => b["products"] = json!([]))),
        (
            "offer.onchain",
            offers!(o => o["binding"] = json!("ONCHAIN_EXECUTABLE")),
        ),
        ("offer.platform", offers!(o => o["amounts"]["limit"] = usd(1))),
    ]
}

pub fn more(offer: &mut Value, by: i64) {
    for name in ["offered", "net_disbursed"] {
        add(&mut offer["amounts"][name], by);
    }
    let payment = &mut offer["repayment"]["schedule"][1];
    add(&mut payment["principal"], by);
    add(&mut payment["total"], by);
}

pub fn add(money: &mut Value, by: i64) {
    let minor: i64 = money["minor"].as_str().unwrap().parse().unwrap();
    *money = usd(minor + by);
}

pub fn part(offer: &mut Value, name: &str, minor: i64) {
    let payment = &mut offer["repayment"]["schedule"][1];
    payment[name] = usd(minor);
    payment["total"] = usd(minor);
}

pub fn repeat() -> Vec<Row> {
    vec![
        (
            "repeat.same-answer",
            Flaw::Says(|h, n, _, a| {
                if question(h)
                    && n == 2
                    && let Some(o) = offer(a)
                {
                    o["provider_ref"] = json!("other");
                }
            }),
        ),
        (
            "repeat.other-deadline",
            Flaw::Instead(|h| {
                let late = asked(h)["reply_by"]
                    .as_str()
                    .is_some_and(|at| at.starts_with("2026-03-01T13"));
                late.then(|| (409, problem(409)))
            }),
        ),
        (
            "repeat.other-question",
            misreads!(b => if b["amount"]["minor"] == "499999" { b["amount"] = usd(500_000) }),
        ),
        (
            "repeat.at-once",
            Flaw::Says(|h, n, _, a| {
                if question(h)
                    && n > 4
                    && let Some(o) = offer(a)
                {
                    o["provider_ref"] = json!("other");
                }
            }),
        ),
    ]
}

pub fn accepts() -> Vec<Row> {
    let mut rows = vec![
        ("accept.answers", Flaw::Hangs(accept)),
        (
            "accept.takes",
            Flaw::Instead(|h| accept(h).then(|| (422, problem(422)))),
        ),
        ("accept.shape", says!(accept, |a| a["surprise"] = json!(1))),
        (
            "accept.settlement-id",
            says!(accept, |a| a["settlement_id"] = json!(uuid::Uuid::nil())),
        ),
        (
            "accept.loan-ref",
            says!(accept, |a| {
                a.as_object_mut().unwrap().remove("loan_ref");
            }),
        ),
        (
            "accept.known",
            says!(accept, |a| a["status"] = json!({ "state": "UNKNOWN" })),
        ),
        (
            "accept.firm",
            says!(
                accept,
                |a| a["status"] = json!({ "state": "REJECTED", "reasons": [{ "code": "NO", "text": "No." }] })
            ),
        ),
        ("accept.amount", says!(accept, |a| a["status"]["amount"] = usd(494_000))),
        (
            "accept.evidence",
            says!(accept, |a| a["status"]["evidence"] = json!("")),
        ),
        (
            "accept.repeat",
            Flaw::Says(|h, n, s, a| {
                if accept(h) && *s == 200 && n == 2 {
                    a["loan_ref"] = json!("second");
                }
            }),
        ),
    ];
    rows.extend(accepts_again());
    rows
}

fn accepts_again() -> Vec<Row> {
    vec![
        (
            "accept.at-once",
            Flaw::Says(|h, n, s, a| {
                if accept(h) && *s == 200 && n == 5 {
                    a["status"]["evidence"] = json!("second");
                }
            }),
        ),
        (
            "accept.key-reused",
            Flaw::Says(|h, _, s, a| {
                if accept(h) && *s == 409 {
                    *s = 200;
                    *a = taken(h);
                }
            }),
        ),
        (
            "accept.unknown-offer",
            Flaw::Says(|h, _, s, a| {
                if refused(h, *s) && asked(h)["provider_ref"].as_str().unwrap().starts_with("kit-") {
                    *s = 200;
                    *a = taken(h);
                }
            }),
        ),
        (
            "accept.other-terms",
            Flaw::Says(|h, _, s, a| {
                if refused(h, *s) && asked(h)["principal"]["minor"] == "500100" {
                    *s = 200;
                    *a = taken(h);
                }
            }),
        ),
        (
            "accept.other-request",
            Flaw::Says(|h, _, s, a| {
                if refused(h, *s) && is_of_another(&asked(h)) {
                    *s = 200;
                    *a = taken(h);
                }
            }),
        ),
        (
            "accept.expired",
            Flaw::Says(|h, _, s, a| {
                if refused(h, *s) && a["type"] == "urn:usance:provider:expired" {
                    *s = 200;
                    *a = taken(h);
                }
            }),
        ),
        (
            "accept.second-run",
            Flaw::Says(|h, n, s, a| {
                if accept(h) && *s == 200 && n == 9 {
                    a["loan_ref"] = json!("second");
                }
            }),
        ),
    ]
}

/// An offer of the lender, under a request that it was not made for.
fn is_of_another(order: &Value) -> bool {
    let text = |name: &str| order[name].as_str().unwrap_or_default();
    text("provider_ref").starts_with("offer-") && !text("provider_ref").contains(text("request_id"))
}

pub fn refused(heard: &Heard, status: u16) -> bool {
    accept(heard) && status == 422
}

pub fn taken(heard: &Heard) -> Value {
    json!({ "settlement_id": asked(heard)["settlement_id"], "loan_ref": "taken", "status": { "state": "ACCEPTED" } })
}

pub fn loans() -> Vec<(&'static str, Flaw, Manner)> {
    let mut rows = vec![
        (
            "status.unknown",
            Flaw::Says(|h, _, s, a| {
                if status(h) && a["status"]["state"] == "UNKNOWN" {
                    *s = 404;
                    *a = json!({ "type": "t", "title": "t", "status": 404 });
                }
            }),
            DIRECT,
        ),
        (
            "status.settlement-id",
            says!(status, |a| a["settlement_id"] = json!(uuid::Uuid::nil())),
            DIRECT,
        ),
        (
            "status.same-loan",
            says!(status, |a| if a["loan_ref"].is_string() {
                a["loan_ref"] = json!("other");
            }),
            DIRECT,
        ),
        (
            "status.forward",
            says!(status, |a| if a["loan_ref"].is_string() {
                a["status"]["evidence"] = json!("other");
            }),
            DIRECT,
        ),
        (
            "status.settles",
            says!(status, |a| if a["loan_ref"].is_string() {
                a["status"] = json!({ "state": "ACCEPTED" });
            }),
            LATER,
        ),
    ];
    rows.extend(cancels());
    rows
}

fn cancels() -> Vec<(&'static str, Flaw, Manner)> {
    vec![
        (
            "cancel.unknown",
            Flaw::Says(|h, _, s, a| {
                if cancel(h) && a["status"]["state"] == "UNKNOWN" {
                    *s = 404;
                }
            }),
            DIRECT,
        ),
        (
            "cancel.withdraws",
            says!(cancel, |a| if a["loan_ref"].is_string() {
                a["status"] = json!({ "state": "ACCEPTED" });
            }),
            LATER,
        ),
        (
            "cancel.repeat",
            Flaw::Says(|h, n, _, a| {
                if cancel(h) && n == 2 {
                    a["loan_ref"] = json!("other");
                }
            }),
            LATER,
        ),
        (
            "cancel.paid-stays",
            says!(cancel, |a| if a["loan_ref"].is_string() {
                a["status"] = json!({ "state": "CANCELLED" });
            }),
            DIRECT,
        ),
        (
            "cancel.final",
            says!(status, |a| if a["status"]["state"] == "CANCELLED" {
                a["status"] = json!({ "state": "ACCEPTED" });
            }),
            LATER,
        ),
    ]
}
