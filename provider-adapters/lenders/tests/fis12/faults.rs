//! The journey as it should not go.

use std::sync::Arc;
use std::time::Duration;

use sandbox::fis12::Fault;
use sandbox::network::Received;
use sdk::{Answer, Lender as _, LenderError, LenderStatus};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Stage, order};

fn settlement(number: u128) -> domain::SettlementId {
    domain::SettlementId(Uuid::from_u128(number))
}

fn refused(reply: &Received) -> bool {
    let body: Value = serde_json::from_slice(&reply.body).unwrap();
    body["message"]["ack"]["status"] == "NACK" && body["error"]["code"].is_string()
}

#[tokio::test]
async fn callbacks_that_cannot_be_trusted_are_refused_and_the_question_times_out() {
    let bad = [
        (Fault::ForeignKey, 401),
        (Fault::Tampered, 401),
        (Fault::Skewed(-90), 200),
        (Fault::Skewed(90), 200),
        (Fault::ForeignMessage, 200),
        (Fault::Context("domain", "ONDC:FIS13"), 200),
        (Fault::Context("version", "2.0.0"), 200),
        (Fault::Context("bap_id", "other.example"), 200),
        (Fault::Context("bpp_id", "other.example"), 200),
        (Fault::Context("action", "on_init"), 200),
        (Fault::Context("transaction_id", "nobody"), 200),
    ];
    for (fault, status) in bad {
        let stage = Stage::new().await;
        stage.bank.fails("select", fault.clone());
        let lender = Arc::clone(&stage.lender);
        let asked = tokio::spawn(async move { lender.quote(&super::ask()).await });
        let replied = |books: &sandbox::fis12::Books| books.replies.iter().any(|(name, _)| name == "on_select");
        assert!(stage.bank.until(replied).await, "{fault:?}");
        let reply = stage.bank.last_reply("on_select").unwrap();
        assert!(refused(&reply), "{fault:?}");
        assert_eq!(reply.status, status, "{fault:?}");
        assert!(!asked.is_finished(), "{fault:?} was an answer");
        asked.abort();
    }
}

#[tokio::test]
async fn a_question_without_an_answer_times_out_and_takes_none_later() {
    let stage = Stage::new().await;
    stage.bank.fails("search", Fault::Silent);
    let answer = stage.quote_within(Duration::from_secs(3)).await;
    assert_eq!(answer, Err(LenderError::TimedOut));
    // A machine so busy that nothing was sent in time has nothing to deliver.
    let held = stage.bank.books().held.pop();
    if let Some((name, header, body)) = held {
        let base = "https://buyer.usance.example/fis12";
        stage.bank.hand_over(base, (&name, &header), &body).await;
        assert!(refused(&stage.bank.last_reply("on_search").unwrap()));
    }
}

#[tokio::test]
async fn a_repeated_callback_is_acknowledged_and_ignored_but_not_another_body_under_its_name() {
    let stage = Stage::new().await;
    stage.bank.fails("search", Fault::Twice);
    stage.bank.fails("select", Fault::TwiceDifferently);
    assert_eq!(stage.offers().await.len(), 2);
    assert!(!refused(&stage.bank.last_reply("on_search").unwrap()));
    let books = stage.bank.books();
    let verdicts: Vec<bool> = books.replies.iter().map(|(_, reply)| refused(reply)).collect();
    // on_search twice, on_select, on_select differently, on_select of the second item
    assert_eq!(verdicts, [false, false, false, true, false]);
}

#[tokio::test]
async fn callbacks_out_of_order_are_refused_and_harm_nothing() {
    for early in ["on_confirm", "on_init", "on_update", "on_search"] {
        let stage = Stage::new().await;
        stage.bank.fails("select", Fault::OutOfOrder(early));
        assert_eq!(stage.offers().await.len(), 2, "{early}");
        assert!(refused(&stage.bank.last_reply(early).unwrap()), "{early}");
    }
}

#[tokio::test]
async fn news_come_unasked_only_where_the_table_says_so() {
    let stage = Stage::new().await;
    let offers = stage.offers().await;
    stage.bank.volunteer("update").await;
    assert!(
        refused(&stage.bank.last_reply("on_update").unwrap()),
        "nothing was confirmed"
    );
    stage.lender.accept(&order(&offers[0], 7)).await.unwrap();
    stage.bank.volunteer("update").await;
    assert!(!refused(&stage.bank.last_reply("on_update").unwrap()));
    stage.bank.volunteer("confirm").await;
    assert!(refused(&stage.bank.last_reply("on_confirm").unwrap()));
}

#[tokio::test]
async fn refusals_of_the_lender_say_what_to_do_next() {
    let cases = [
        (Fault::Nack("30016"), "Refused"),
        (Fault::Nack("30022"), "Refused"),
        (Fault::Nack("31001"), "Unavailable"),
        (Fault::Answer(429, "{}"), "RateLimited"),
        (Fault::Answer(503, "{}"), "Unavailable"),
        (Fault::Answer(200, "<html>"), "Malformed"),
        (Fault::Answer(200, "{}"), "Malformed"),
        (Fault::Answer(302, ""), "Refused"),
        (Fault::Error("30000"), "Declined"),
        (Fault::Error("31001"), "Unavailable"),
        (Fault::Error("50001"), "Declined"),
    ];
    for (fault, expected) in cases {
        let stage = Stage::new().await;
        stage.bank.fails("select", fault.clone());
        let told = match stage.quote().await {
            Ok(Answer::Declined(_)) => "Declined".to_owned(),
            other => format!("{other:?}"),
        };
        assert!(told.contains(expected), "{fault:?}: {told}");
    }
}

#[tokio::test]
async fn an_order_that_does_not_add_up_is_refused_by_the_path_of_the_field() {
    let tag = |number: usize| format!("/order/items/0/tags/0/list/{number}/value");
    let cases: Vec<(String, Value, &str)> = vec![
        (
            "/order/quote/price/value".into(),
            json!("208339.79"),
            "message.order.quote.price",
        ),
        (
            "/order/quote/breakup/5/price/value".into(),
            json!("197701"),
            "message.order.quote.breakup",
        ),
        (
            "/order/quote/breakup/3/title".into(),
            json!("WHATEVER"),
            "breakup[3].title",
        ),
        (
            "/order/quote/breakup/2/price/value".into(),
            json!("NA"),
            "breakup[2].price.value",
        ),
        (
            "/order/quote/breakup/2/price/currency".into(),
            json!("USD"),
            "breakup[2].price.currency",
        ),
        (
            "/order/payments/0/params/amount".into(),
            json!("41207.961 INR"),
            "payments[0].params.amount",
        ),
        (
            "/order/payments/0/params/amount".into(),
            json!("46360"),
            "message.order.payments",
        ),
        (
            "/order/payments/1/time/range/end".into(),
            json!("2026-04-30T23:59:59.999Z"),
            "repayment.schedule[1].due",
        ),
        (tag(0), json!("12"), "INTEREST_RATE].value"),
        (tag(2), json!("FLOATING"), "INTEREST_RATE_TYPE].value"),
        (tag(3), json!("9000 INR"), "APPLICATION_FEE].value"),
        (tag(4), json!("4.00% + GST"), "FORECLOSURE_FEE].value"),
        (tag(8), json!("6"), "NUMBER_OF_INSTALLMENTS_OF_REPAYMENT].value"),
        ("/order/quote/ttl".into(), Value::Null, "message.order.quote.ttl"),
        ("/order/items/0/id".into(), json!("another"), "message.order.items"),
    ];
    for (pointer, value, path) in cases {
        let stage = Stage::new().await;
        let pointer: &'static str = Box::leak(pointer.into_boxed_str());
        stage.bank.fails("select", Fault::Changed(pointer, value));
        let Err(LenderError::Malformed { field, detail }) = stage.quote().await else {
            panic!("{pointer} passed");
        };
        assert!(field.contains(path), "{pointer}: {field}: {detail}");
    }
}

#[tokio::test]
async fn terms_that_change_after_the_acceptance_end_the_loan() {
    let stage = Stage::new().await;
    let offers = stage.offers().await;
    let quote = json!({ "price": { "value": "209339.80" }, "breakup": [
        { "title": "PRINCIPAL", "price": { "value": "200000" } }, { "title": "INTEREST", "price": { "value": "6039.80" } },
        { "title": "PROCESSING_FEE", "price": { "value": "3300" } }, { "title": "NET_DISBURSED_AMOUNT", "price": { "value": "196700" } } ] });
    stage.bank.fails("init", Fault::Changed("/order/quote", quote));
    let receipt = stage.lender.accept(&order(&offers[1], 7)).await.unwrap();
    let LenderStatus::Rejected { reasons } = receipt.status else {
        panic!("accepted")
    };
    assert_eq!(reasons[0].code, "LENDER_CHANGED_TERMS");
    assert!(matches!(
        stage.lender.status(settlement(7)).await.unwrap(),
        LenderStatus::Rejected { .. }
    ));
    assert_eq!(stage.confirmed(), 0);
}

#[tokio::test]
async fn a_confirmation_whose_answer_is_lost_is_asked_about_and_not_repeated() {
    let mut stage = Stage::new().await;
    let offers = stage.offers().await;
    stage.bank.fails("confirm", Fault::Silent);
    let (lender, taken) = (Arc::clone(&stage.lender), order(&offers[1], 7));
    let accepting = tokio::spawn(async move { lender.accept(&taken).await });
    assert!(stage.bank.until(|books| !books.held.is_empty()).await);
    // The process dies with the confirmation under way, and the answer comes to the next one: it is kept, and moves nothing by itself.
    accepting.abort();
    assert!(accepting.await.is_err());
    stage.restart();
    let (name, header, body) = stage.bank.books().held.pop().unwrap();
    let base = "https://buyer.usance.example/fis12";
    stage.bank.hand_over(base, (&name, &header), &body).await;
    assert!(!refused(&stage.bank.last_reply("on_confirm").unwrap()));
    assert_eq!(
        stage.lender.status(settlement(7)).await.unwrap(),
        LenderStatus::Accepted
    );
    let receipt = stage.lender.accept(&order(&offers[1], 7)).await.unwrap();
    assert_eq!((receipt.loan_ref.as_str(), stage.confirmed()), ("LOAN-77", 1));
}

#[tokio::test]
async fn a_confirmation_that_never_arrived_is_sent_again_once_the_lender_says_so() {
    let stage = Stage::new().await;
    let offers = stage.offers().await;
    stage.bank.fails("confirm", Fault::Answer(503, "{}"));
    let lost = stage.lender.accept(&order(&offers[1], 7)).await;
    assert!(matches!(lost, Err(LenderError::Unavailable(_))));
    // While the lender does not answer, nothing is sent.
    stage.bank.fails("status", Fault::Answer(503, "{}"));
    assert!(stage.lender.status(settlement(7)).await.is_err());
    assert_eq!(stage.bank.heard("confirm").len(), 1);
    assert_eq!(
        stage.lender.status(settlement(7)).await.unwrap(),
        LenderStatus::Accepted
    );
    assert_eq!((stage.bank.heard("confirm").len(), stage.confirmed()), (2, 1));
}

#[tokio::test]
async fn a_disbursement_needs_evidence_of_the_amount_agreed() {
    let paid = |status: &str, amount: &str| json!([{ "type": "ON_FULFILLMENT", "id": "P", "status": status, "params": { "amount": amount, "currency": "INR" } }]);
    for payments in [paid("PAID", "197699.99"), paid("NOT-PAID", "197700"), json!([])] {
        let stage = Stage::new().await;
        let offers = stage.offers().await;
        stage.lender.accept(&order(&offers[1], 7)).await.unwrap();
        stage.bank.books().disbursed = true;
        stage
            .bank
            .fails("status", Fault::Changed("/order/payments", payments.clone()));
        let status = stage.lender.status(settlement(7)).await;
        assert!(
            matches!(status, Err(LenderError::Malformed { .. })),
            "{payments}: {status:?}"
        );
        assert!(matches!(
            stage.lender.status(settlement(7)).await,
            Ok(LenderStatus::Disbursed { .. })
        ));
    }
}

#[tokio::test]
async fn a_handoff_link_is_held_to_the_rules_of_addresses() {
    for url in [
        "javascript:alert(1)",
        "http://10.0.0.1/form",
        "https://user:pass@lender.example/f",
        "ftp://lender.example/f",
    ] {
        let stage = Stage::new().await;
        stage.bank.asks_for("search", "F");
        stage.bank.fails(
            "search",
            Fault::Changed("/catalog/providers/0/items/0/xinput/form/url", json!(url)),
        );
        let answer = stage.quote().await;
        assert!(
            matches!(&answer, Err(LenderError::Malformed { field, .. }) if field.ends_with("xinput.form.url")),
            "{url}"
        );
    }
}
