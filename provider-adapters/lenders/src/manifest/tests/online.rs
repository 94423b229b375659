use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, Utc};
use domain::offer::{Binding, FeeTiming, Offer};
use domain::ports::LenderStatus;
use domain::{ProviderId, QuoteId, Reason, RequestId, SettlementId};
use sdk::{AcceptOrder, Answer, Ask, Clock, HttpClient, Lender as _, LenderError, NetworkPolicy, validate_answer};
use uuid::Uuid;

use super::counterparty::{Counterparty, Reply, Seen};
use super::{POLLED, at, example, request, usd};
use crate::manifest::{ManifestConfig, ManifestLender, ManifestLenderError};

const NOW: &str = "2026-01-10T12:00:00Z";
const SETTLEMENT: SettlementId = SettlementId(Uuid::from_u128(77));

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        at(NOW)
    }
}

/// A file of this test alone, gone with it.
struct File(PathBuf);

impl File {
    fn new(text: &str) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let name = format!(
            "usance-manifest-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn load(manifest: &str, url: &str) -> Result<ManifestLender, ManifestLenderError> {
    let secret = File::new("s3cret\n");
    let by_file = format!("{{ file = \"{}\" }}", secret.0.display());
    let manifest = manifest.replace("{ env = \"HARBOR_API_KEY\" }", &by_file);
    let file = File::new(&manifest.replace("{ env = \"PATH\" }", &by_file));
    let config = ManifestConfig {
        id: ProviderId::try_from("harbor".to_owned()).unwrap(),
        file: file.0.clone(),
        url: Some(url.to_owned()),
        token_url: Some(format!("{url}/token")),
        policy: crate::Policy::default(),
    };
    let network = NetworkPolicy::AllowLoopback;
    ManifestLender::load(&config, HttpClient::new(network).unwrap(), network, Arc::new(Fixed))
}

async fn quote(lender: &ManifestLender) -> Result<Answer, LenderError> {
    let ask = Ask {
        request: request(),
        deadline: Instant::now() + Duration::from_secs(20),
    };
    let answer = lender.quote(&ask).await?;
    validate_answer(&answer, &ask.request, at(NOW))?;
    Ok(answer)
}

async fn offers(lender: &ManifestLender) -> Vec<Offer> {
    match quote(lender).await.unwrap() {
        Answer::Offers(offers) => offers,
        Answer::Declined(reasons) => panic!("{reasons:?}"),
    }
}

fn malformed(field: &str, detail: &str) -> LenderError {
    LenderError::Malformed {
        field: field.into(),
        detail: detail.into(),
    }
}

/// 3,000 less 1 % for three months; what a lender of this kind writes.
const ITEM: &str = r#"{"id": "h-1", "kind": "firm", "expires": "2026-01-10T12:30:00Z", "principal": "3,000.00 USD",
    "you_receive": "2970", "variable": false, "interest": "12 %", "apr": "18.1%", "frequency": "monthly",
    "cooling_off": "P3D", "fees": [{"name": "Origination", "charge": "1 %", "financed": false}],
    "payments": [
        {"due": "2026-02-10", "principal": "990.07", "interest": "30.00", "amount": "1020.07"},
        {"due": "2026-03-10", "principal": "999.97", "interest": "20.10", "amount": "1020.07"},
        {"due": "2026-04-10", "principal": "1009.96", "interest": "10.10", "amount": "1020.06"}]}"#;

fn page(items: &[String], next: Option<&str>) -> Reply {
    let next = next.map_or("null".to_owned(), |next| format!("\"{next}\""));
    (
        200,
        format!(r#"{{"data": [{}], "paging": {{"next": {next}}}}}"#, items.join(",")),
    )
}

fn second() -> String {
    ITEM.replace("h-1", "h-2")
}

#[tokio::test]
async fn a_paginated_lender_is_asked_page_by_page_and_its_texts_become_exact_offers() {
    let server = Counterparty::start(|before, _| match before {
        0 => page(&[ITEM.into()], Some("a b&c")),
        _ => page(&[second()], None),
    })
    .await;
    let offers = offers(&load(example(), &server.url).unwrap()).await;
    assert_eq!(
        server.lines(),
        ["POST /offers/search", "POST /offers/search?cursor=a+b%26c"]
    );
    let seen = &server.seen()[0];
    assert_eq!(seen.header("x-api-key"), Some("s3cret"));
    assert_eq!(
        seen.header("idempotency-key"),
        Some("00000000-0000-0000-0000-000000000001")
    );
    assert_eq!(
        seen.body,
        r#"{"amount":5000.00,"applicant":{"monthly_income":6000.00,"state":"CA"},"currency":"USD","months":3,"purpose":"personal"}"#
    );
    assert_eq!(offers.len(), 2);
    assert_eq!(offers[1].provider_ref, "h-2");
    let offer = &offers[0];
    assert_eq!(offer.binding, Binding::Firm);
    assert_eq!(
        (offer.amounts.offered, offer.amounts.net_disbursed),
        (usd(300_000), usd(297_000))
    );
    assert_eq!((offer.rate.nominal.ppm(), offer.declared.apr.ppm()), (120_000, 181_000));
    assert_eq!(
        (offer.fees[0].amount, offer.fees[0].timing),
        (usd(3_000), FeeTiming::UpfrontDeducted)
    );
    assert_eq!(offer.repayment.schedule[2].total, usd(102_006));
    assert_eq!(offer.repayment.cooling_off_days, 3);
    assert_eq!(offer.declared.payment, Some(usd(102_007)));
}

#[tokio::test]
async fn the_name_of_the_applicant_is_never_sent() {
    let server = Counterparty::start(|_, _| page(&[ITEM.into()], None)).await;
    offers(&load(example(), &server.url).unwrap()).await;
    assert!(server.seen().iter().all(|seen| !format!("{seen:?}").contains("Sample")));
}

async fn quoted(reply: impl Fn() -> Reply + Send + Sync + 'static) -> Result<Answer, LenderError> {
    let server = Counterparty::start(move |_, _| reply()).await;
    quote(&load(example(), &server.url).unwrap()).await
}

#[tokio::test]
async fn a_fault_is_an_error_by_what_we_do_next() {
    for (status, error) in [
        (429, LenderError::RateLimited),
        (401, LenderError::Refused("401".into())),
        (503, LenderError::Unavailable("503".into())),
        (501, LenderError::Unsupported("501".into())),
        (302, malformed("status", "302")),
    ] {
        assert_eq!(quoted(move || (status, "{}".into())).await, Err(error), "{status}");
    }
}

#[tokio::test]
async fn a_wrong_answer_is_refused_by_field_and_never_quoted() {
    let with = |from: &str, to: &str| {
        assert!(ITEM.contains(from), "{from}");
        let item = ITEM.replacen(from, to, 1);
        move || page(std::slice::from_ref(&item), None)
    };
    for (from, to, field, detail) in [
        (
            "\"principal\": \"3,000.00 USD\",",
            "",
            "data[0].principal",
            "is missing",
        ),
        ("\"3,000.00 USD\"", "\"NA\"", "data[0].principal", "is missing"),
        ("\"3,000.00 USD\"", "\"3000 EUR\"", "data[0].principal", "is not in USD"),
        (
            "\"interest\": \"12 %\"",
            "\"interest\": 12",
            "data[0].interest",
            "has no unit",
        ),
        ("\"12 %\"", "\"12% - 15%\"", "data[0].interest", "is a range"),
        (
            "\"2026-03-10\"",
            "\"03/04/2026\"",
            "data[0].payments[1].due",
            "has more than one meaning",
        ),
        (
            "\"expires\": \"2026-01-10T12:30:00Z\",",
            "",
            "data[0].expires",
            "is missing",
        ),
        (
            "\"firm\"",
            "\"Alex Sample\"",
            "data[0].kind",
            "is not one of the known words",
        ),
        (
            "\"payments\": [",
            "\"payments\": 5, \"x\": [",
            "data[0].payments",
            "expected a list, found a number",
        ),
        (
            "\"2970\"",
            "\"2980\"",
            "amounts.net_disbursed",
            "is not the amount offered less the fees withheld",
        ),
    ] {
        assert_eq!(
            quoted(with(from, to)).await,
            Err(malformed(field, detail)),
            "{from} {to}"
        );
    }
}

#[tokio::test]
async fn an_answer_that_is_no_answer_is_refused() {
    let body = |text: String| move || (200, text.clone());
    for (text, detail) in [
        ("<html>".to_owned(), "is not JSON"),
        (String::new(), "is not JSON"),
        ("[".repeat(10_000), "is nested too deep"),
        (
            r#"{"data": [], "data": []}"#.into(),
            "has an object with the same key twice",
        ),
    ] {
        assert_eq!(quoted(body(text)).await, Err(malformed("body", detail)));
    }
    assert_eq!(quoted(body("{}".into())).await, Err(malformed("data", "is missing")));
    let huge = quoted(body("x".repeat(10 * 1024 * 1024))).await.unwrap_err();
    assert!(
        matches!(huge, LenderError::Malformed { ref field, .. } if field == "body"),
        "{huge:?}"
    );
    let many: Vec<_> = (0..33).map(|n| ITEM.replace("h-1", &format!("h-{n}"))).collect();
    assert_eq!(
        quoted(move || page(&many, None)).await,
        Err(malformed("offers", "too many"))
    );
    let endless = quoted(|| page(&[], Some("again"))).await;
    assert_eq!(endless, Err(malformed("quote.pages", "more than 20 pages")));
}

#[tokio::test]
async fn a_decline_brings_its_reasons() {
    let text = r#"{"errors": [{"code": "income-low", "message": "Income is\ntoo low."}]}"#;
    let declined = quoted(move || (422, text.into())).await;
    assert_eq!(
        declined,
        Ok(Answer::Declined(vec![Reason::new("INCOME_LOW", "Income is too low.")]))
    );
    let nothing = quoted(|| page(&[], None)).await;
    assert_eq!(
        nothing,
        Ok(Answer::Declined(vec![Reason::new(
            "NO_OFFER",
            "This lender made no offer."
        )]))
    );
}

fn polled(before: usize, seen: &Seen) -> Reply {
    let offer = |id: u32| {
        format!(
            r#"{{"id": {id}, "principalCents": 300000, "feeCents": 3000, "rate": 12.0, "apr": 18.123456, "months": 3,
                "installmentCents": 102007, "ttl": "PT20M"}}"#
        )
    };
    let body = match (seen.line.as_str(), before) {
        ("POST /token", _) => r#"{"access_token": "t0ken", "token_type": "Bearer", "expires_in": 3600}"#.into(),
        ("POST /applications", _) => r#"{"id": "app/1", "state": "started"}"#.into(),
        (_, 2) => r#"{"state": "running", "pending": ["b"]}"#.into(),
        (_, 3) => r#"{"state": "complete", "pending": ["b"], "result": {"offers": []}}"#.into(),
        ("GET /applications/app%2F1", _) => {
            format!(
                r#"{{"state": "complete", "pending": [], "result": {{"page": 1, "pages": 2, "offers": [{}]}}}}"#,
                offer(1)
            )
        }
        ("GET /applications/app%2F1?page=2", _) => {
            format!(
                r#"{{"state": "complete", "pending": [], "result": {{"page": 2, "pages": 2, "offers": [{}]}}}}"#,
                offer(2)
            )
        }
        _ => return (404, String::new()),
    };
    (200, body)
}

#[tokio::test]
async fn a_polled_lender_is_asked_until_nothing_is_pending() {
    let server = Counterparty::start(polled).await;
    let offers = offers(&load(POLLED, &server.url).unwrap()).await;
    let poll = "GET /applications/app%2F1";
    assert_eq!(
        server.lines(),
        [
            "POST /token",
            "POST /applications",
            poll,
            poll,
            poll,
            "GET /applications/app%2F1?page=2"
        ]
    );
    let seen = server.seen();
    assert_eq!(seen[0].body, "grant_type=client_credentials&scope=offers+loans");
    assert_eq!(seen[0].header("authorization"), Some("Basic dXNhbmNlOnMzY3JldA=="));
    assert!(
        seen[1..]
            .iter()
            .all(|seen| seen.header("authorization") == Some("Bearer t0ken"))
    );
    assert_eq!(
        seen[1].body,
        r#"{"amountCents":500000,"reference":"00000000-0000-0000-0000-000000000001","tags":["usance","us"],"term":{"count":3,"unit":"MONTH"}}"#
    );
    let refs: Vec<_> = offers.iter().map(|offer| offer.provider_ref.as_str()).collect();
    assert_eq!(refs, ["offer 1", "offer 2"]);
    let schedule = &offers[0].repayment.schedule;
    let totals: Vec<_> = schedule.iter().map(|payment| payment.total).collect();
    assert_eq!(totals, [usd(102_007), usd(102_007), usd(102_006)]);
    assert_eq!(schedule[2].due, NaiveDate::from_ymd_opt(2026, 4, 10).unwrap());
    assert_eq!(offers[0].declared.apr.ppm(), 181_235);
}

#[tokio::test]
async fn a_lender_that_never_completes_times_out_and_one_that_declines_while_polled_declines() {
    let slow = |_: usize, seen: &Seen| match seen.line.as_str() {
        "POST /token" | "POST /applications" => polled(0, seen),
        _ => (200, r#"{"state": "running"}"#.into()),
    };
    let server = Counterparty::start(slow).await;
    assert_eq!(
        quote(&load(POLLED, &server.url).unwrap()).await,
        Err(LenderError::TimedOut)
    );
    assert_eq!(server.seen().len(), 2 + 5);
    let no = |_: usize, seen: &Seen| match seen.line.as_str() {
        "POST /token" | "POST /applications" => polled(0, seen),
        _ => (200, r#"{"state": "declined"}"#.into()),
    };
    let server = Counterparty::start(no).await;
    let answer = quote(&load(POLLED, &server.url).unwrap()).await.unwrap();
    assert!(matches!(answer, Answer::Declined(_)));
}

#[tokio::test]
async fn an_installment_that_does_not_repay_at_the_stated_rate_is_refused() {
    let off = |before: usize, seen: &Seen| {
        let (status, body) = polled(before, seen);
        (status, body.replace("102007", "90000"))
    };
    let server = Counterparty::start(off).await;
    let refused = quote(&load(POLLED, &server.url).unwrap()).await;
    let detail = "the stated installment does not repay the loan at the stated rate";
    assert_eq!(refused, Err(malformed("offer.schedule", detail)));
}

#[tokio::test]
async fn a_refused_token_is_fetched_anew_by_the_next_call() {
    let expired = |before: usize, seen: &Seen| match (seen.line.as_str(), before) {
        ("POST /applications", 1) => (401, String::new()),
        _ => polled(before.min(4), seen),
    };
    let server = Counterparty::start(expired).await;
    let lender = load(POLLED, &server.url).unwrap();
    assert_eq!(quote(&lender).await, Err(LenderError::Refused("401".into())));
    let _ = quote(&lender).await;
    let tokens = server.lines().iter().filter(|line| *line == "POST /token").count();
    assert_eq!(tokens, 2);
}

fn order() -> AcceptOrder {
    AcceptOrder {
        settlement: SETTLEMENT,
        request: RequestId(Uuid::from_u128(1)),
        quote: QuoteId(Uuid::from_u128(9)),
        provider_ref: "h-1".into(),
        principal: usd(300_000),
        net_disbursed: usd(297_000),
    }
}

const FUNDED: &str = r#"{"id": "L1", "status": "funded",
    "funded": {"amount": "2970.00 USD", "at": "2026-01-10T12:05:00Z", "trace": "ach-1"}}"#;

#[tokio::test]
async fn an_accepted_offer_is_told_by_our_id_and_followed_by_it() {
    let server = Counterparty::start(|before, _| match before {
        0 => (201, r#"{"id": "L1", "status": "pending"}"#.into()),
        1 => (200, FUNDED.into()),
        2 => (404, r#"{"error": "none"}"#.into()),
        _ => (
            200,
            r#"{"id": "L1", "status": "refused", "reasons": [{"code": "fraud", "message": "Checked."}]}"#.into(),
        ),
    })
    .await;
    let lender = load(example(), &server.url).unwrap();
    let receipt = lender.accept(&order()).await.unwrap();
    assert_eq!(
        (receipt.loan_ref.as_str(), receipt.status),
        ("L1", LenderStatus::Accepted)
    );
    let paid = LenderStatus::Disbursed {
        amount: usd(297_000),
        at: at("2026-01-10T12:05:00Z"),
        evidence: "ach-1".into(),
    };
    assert_eq!(lender.status(SETTLEMENT).await, Ok(paid));
    assert_eq!(lender.cancel(SETTLEMENT).await, Ok(LenderStatus::Unknown));
    let reasons = vec![Reason::new("FRAUD", "Checked.")];
    assert_eq!(lender.status(SETTLEMENT).await, Ok(LenderStatus::Rejected { reasons }));
    let id = "00000000-0000-0000-0000-00000000004d";
    let seen = server.seen();
    assert_eq!(seen[0].header("idempotency-key"), Some(id));
    assert_eq!(seen[0].body, format!(r#"{{"external_id":"{id}","offer_id":"h-1"}}"#));
    assert_eq!(seen[1].line, format!("GET /loans/by-external-id/{id}"));
    assert_eq!(seen[2].line, format!("POST /loans/by-external-id/{id}/cancel"));
}

#[tokio::test]
async fn an_acceptance_that_makes_no_sense_is_refused() {
    for (body, field, detail) in [
        (
            FUNDED.replace("2970.00", "2971.00"),
            "loan.amount",
            "is not what was to arrive",
        ),
        (
            FUNDED.replace("funded\",", "lost\","),
            "status",
            "is not one of the known words",
        ),
        (FUNDED.replace("\"id\": \"L1\",", ""), "id", "is missing"),
        (FUNDED.replace("\"ach-1\"", "null"), "funded.trace", "is missing"),
    ] {
        let server = Counterparty::start(move |_, _| (200, body.clone())).await;
        let refused = load(example(), &server.url).unwrap().accept(&order()).await;
        assert_eq!(refused, Err(malformed(field, detail)));
    }
}

#[tokio::test]
async fn a_lender_that_lists_its_loans_is_searched_for_ours() {
    let server = Counterparty::start(|before, seen| match seen.line.as_str() {
        "POST /token" => polled(before, seen),
        _ => (
            200,
            r#"{"loans": [{"reference": "other", "state": "paid"},
                {"reference": "00000000-0000-0000-0000-00000000004d", "state": "open", "number": 5}]}"#
                .into(),
        ),
    })
    .await;
    let lender = load(POLLED, &server.url).unwrap();
    assert_eq!(lender.status(SETTLEMENT).await, Ok(LenderStatus::Accepted));
    assert_eq!(
        lender.status(SettlementId(Uuid::from_u128(78))).await,
        Ok(LenderStatus::Unknown)
    );
    let refused = lender.cancel(SETTLEMENT).await;
    assert!(matches!(refused, Err(LenderError::Unsupported(_))), "{refused:?}");
}

#[tokio::test]
async fn a_lender_without_its_secret_or_with_a_private_address_is_not_made() {
    let missing = example().replace("HARBOR_API_KEY", "USANCE_TEST_NO_SUCH_VARIABLE");
    let error = load(&missing, "http://127.0.0.1:1").unwrap_err().to_string();
    assert_eq!(
        error,
        "the environment variable USANCE_TEST_NO_SUCH_VARIABLE is not set"
    );
    let private = load(example(), "http://10.0.0.1");
    assert!(matches!(private, Err(ManifestLenderError::Address(_))));
}
