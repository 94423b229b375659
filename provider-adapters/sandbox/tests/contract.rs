//! The sandbox and the protocol client over real loopback HTTP: every answer, every lie, every way to lose one.

#[cfg(test)]
mod world;

use std::time::Duration;

use domain::offer::{AprConvention, Binding};
use domain::ports::{Answer, LenderError, LenderStatus};
use domain::request::Product;
use domain::{Money, Rate};
use usance_sandbox::Behavior;
use world::{Start, World, ask, order, request};

fn offers(answer: Result<Answer, LenderError>) -> Vec<domain::offer::Offer> {
    match answer {
        Ok(Answer::Offers(offers)) => offers,
        other => panic!("expected offers, got {other:?}"),
    }
}

fn field(answer: Result<Answer, LenderError>) -> String {
    match answer {
        Err(LenderError::Malformed { field, .. }) => field,
        other => panic!("expected a malformed answer, got {other:?}"),
    }
}

/// The sample request gets an offer of every honest lender, and each offer's own numbers pass the checks.
#[tokio::test]
async fn the_sample_request_is_answered_by_every_honest_lender() {
    let world = World::start(Start::default()).await;
    for (name, product) in [
        ("harbor-bank", Product::Installment),
        ("swift-fintech", Product::Installment),
        ("splitpay", Product::Bnpl),
        ("flexline", Product::Line),
        ("slowpoke", Product::Installment),
    ] {
        let lender = world.lender(name);
        let request = request(500_000);
        assert_eq!(lender.capabilities().misfits(&request), [], "{name}");
        let offers = offers(lender.quote(&ask(&request, 5_000)).await);
        let [offer] = offers.as_slice() else {
            panic!("{name} made {} offers", offers.len())
        };
        assert_eq!((offer.product, offer.binding), (product, Binding::Firm), "{name}");
        assert_eq!(offer.amounts.offered, request.amount, "{name}");
        assert!(domain::appraisal::appraise(&request, offer).is_ok(), "{name}");
    }
}

/// Only the fintech, which declares its nominal rate although it withholds a fee, is misdeclared.
#[tokio::test]
async fn the_fintech_alone_misdeclares_its_apr() {
    let world = World::start(Start::default()).await;
    let request = request(500_000);
    for (name, honest) in [("harbor-bank", true), ("flexline", true), ("swift-fintech", false)] {
        let offers = offers(world.lender(name).quote(&ask(&request, 5_000)).await);
        let declared = &offers[0].declared;
        assert_eq!(declared.convention, AprConvention::UsNominal);
        let flags = domain::appraisal::appraise(&request, &offers[0]).unwrap().flags;
        let flagged = flags
            .iter()
            .any(|flag| matches!(flag, domain::quote::Flag::AprMisdeclared { .. }));
        assert_eq!(flagged, !honest, "{name}: {declared:?} {flags:?}");
    }
    let fintech = offers(world.lender("swift-fintech").quote(&ask(&request, 5_000)).await);
    assert_eq!(fintech[0].declared.apr, Rate::from_ppm(119_900));
    assert_eq!(
        fintech[0].amounts.net_disbursed,
        Money::new(475_000, request.amount.currency)
    );
}

#[tokio::test]
async fn the_decliner_says_why() {
    let world = World::start(Start::default()).await;
    let answer = world.lender("stern-credit").quote(&ask(&request(500_000), 5_000)).await;
    let Ok(Answer::Declined(reasons)) = answer else {
        panic!("{answer:?}")
    };
    assert_eq!(reasons[0].code, "INCOME_INSUFFICIENT");
}

#[tokio::test]
async fn a_silent_lender_times_out_at_the_deadline() {
    let world = World::start(Start::default()).await;
    let started = std::time::Instant::now();
    let answer = world.lender("silent").quote(&ask(&request(500_000), 200)).await;
    assert_eq!(answer, Err(LenderError::TimedOut));
    assert!(started.elapsed() < Duration::from_secs(2));
}

/// Each lie has a typed error that names the field.
#[tokio::test]
async fn every_lie_is_found_out() {
    let world = World::start(Start::default()).await;
    for (cents, expected) in [
        (12, "body"),
        (13, "body"),
        (14, "body"),
        (15, "status"),
        (16, "request_id"),
        (20, "amounts.offered"),
        (21, "repayment.schedule[23].total"),
        (22, "valid_until"),
        (23, "signature"),
        (24, "signature"),
        (25, "amounts.offered"),
        (26, "repayment.schedule[0].fees"),
        (27, "repayment.schedule[1].due"),
        (28, "amounts.net_disbursed"),
        (29, "surprise"),
    ] {
        let answer = world
            .lender("harbor-bank")
            .quote(&ask(&request(500_000 + cents), 5_000))
            .await;
        assert_eq!(field(answer), expected, "magic amount {cents}");
    }
    assert_eq!(
        field(world.lender("trickster").quote(&ask(&request(500_000), 5_000)).await),
        "amounts.offered"
    );
    let answer = world.lender("harbor-bank").quote(&ask(&request(500_010), 5_000)).await;
    assert!(matches!(answer, Err(LenderError::Unavailable(what)) if what == "500 urn:usance:provider:fault"));
    let answer = world.lender("harbor-bank").quote(&ask(&request(500_011), 5_000)).await;
    assert_eq!(answer, Err(LenderError::RateLimited));
}

#[tokio::test]
async fn callbacks_bring_the_offers_and_their_end() {
    let world = World::start(Start::default()).await;
    let request = request(500_004);
    let offers = offers(world.lender("harbor-bank").quote(&ask(&request, 5_000)).await);
    assert_eq!(offers.len(), 1);
    // Without the final callback the answer is not complete, whatever came before.
    let unfinished = world::request(500_005);
    let answer = world.lender("harbor-bank").quote(&ask(&unfinished, 400)).await;
    assert_eq!(answer, Err(LenderError::TimedOut));
}

#[tokio::test]
async fn without_a_callback_address_the_lender_answers_directly() {
    let world = World::start(Start {
        callbacks: false,
        ..Start::default()
    })
    .await;
    let answer = world.lender("harbor-bank").quote(&ask(&request(500_004), 5_000)).await;
    assert_eq!(offers(answer).len(), 1);
}

#[tokio::test]
async fn the_same_request_id_gets_the_same_answer_and_another_question_is_refused() {
    let world = World::start(Start::default()).await;
    let lender = world.lender("harbor-bank");
    let mut request = request(500_000);
    let first = offers(lender.quote(&ask(&request, 5_000)).await);
    world.clock.advance(60);
    assert_eq!(offers(lender.quote(&ask(&request, 9_000)).await), first);
    request.amount.minor = 600_000;
    let answer = lender.quote(&ask(&request, 5_000)).await;
    assert!(matches!(answer, Err(LenderError::Refused(what)) if what.starts_with("409")));
}

#[tokio::test]
async fn an_acceptance_disburses_once_and_another_body_is_refused() {
    let world = World::start(Start::default()).await;
    let lender = world.lender("harbor-bank");
    let offer = offers(lender.quote(&ask(&request(500_000), 5_000)).await).remove(0);
    let mut order = order(&offer);
    let first = lender.accept(&order).await.unwrap();
    assert!(matches!(&first.status, LenderStatus::Disbursed { amount, .. } if *amount == order.net_disbursed));
    assert_eq!(lender.accept(&order).await.unwrap(), first);
    assert_eq!(lender.status(order.settlement).await.unwrap(), first.status);
    assert_eq!(lender.cancel(order.settlement).await.unwrap(), first.status);
    assert_eq!(world.disbursements(order.settlement).await, 1);
    order.quote = world::id().into();
    assert!(matches!(lender.accept(&order).await, Err(LenderError::Refused(what)) if what.starts_with("409")));
}

#[tokio::test]
async fn an_acceptance_of_what_was_not_offered_is_refused() {
    let world = World::start(Start::default()).await;
    let lender = world.lender("harbor-bank");
    let offer = offers(lender.quote(&ask(&request(500_000), 5_000)).await).remove(0);
    let mut more = order(&offer);
    more.principal.minor += 1;
    assert!(matches!(lender.accept(&more).await, Err(LenderError::Refused(what)) if what.starts_with("422")));
    assert_eq!(lender.status(more.settlement).await, Ok(LenderStatus::Unknown));
    world.clock.advance(31 * 60);
    let late = lender.accept(&order(&offer)).await.unwrap();
    assert!(matches!(late.status, LenderStatus::Rejected { reasons } if reasons[0].code == "OFFER_EXPIRED"));
}

/// The answer is lost after the money went out: a time-out is no evidence, the status is.
#[tokio::test]
async fn a_lost_answer_is_a_time_out_and_the_status_says_disbursed() {
    let world = World::start(Start {
        money_timeout_ms: 400,
        ..Start::default()
    })
    .await;
    let lender = world.lender("harbor-bank");
    let offer = offers(lender.quote(&ask(&request(500_040), 5_000)).await).remove(0);
    let order = order(&offer);
    assert_eq!(lender.accept(&order).await, Err(LenderError::TimedOut));
    let status = lender.status(order.settlement).await.unwrap();
    assert!(matches!(status, LenderStatus::Disbursed { amount, .. } if amount == order.net_disbursed));
    assert_eq!(lender.accept(&order).await, Err(LenderError::TimedOut));
    assert_eq!(world.disbursements(order.settlement).await, 1);
}

#[tokio::test]
async fn acceptances_fail_in_every_way_that_a_settlement_must_survive() {
    let world = World::start(Start::default()).await;
    let lender = world.lender("harbor-bank");
    let mut orders = Vec::new();
    for cents in [41, 42, 43, 44, 45] {
        orders.push(order(
            &offers(lender.quote(&ask(&request(500_000 + cents), 5_000)).await)[0],
        ));
    }
    let [busy, rejected, later, never, other] = orders.as_slice() else {
        panic!()
    };
    assert!(matches!(lender.accept(busy).await, Err(LenderError::Unavailable(_))));
    assert_eq!(lender.status(busy.settlement).await, Ok(LenderStatus::Unknown));
    assert!(matches!(
        lender.accept(busy).await.unwrap().status,
        LenderStatus::Disbursed { .. }
    ));
    assert!(matches!(
        lender.accept(rejected).await.unwrap().status,
        LenderStatus::Rejected { .. }
    ));
    assert_eq!(lender.accept(later).await.unwrap().status, LenderStatus::Accepted);
    assert!(matches!(
        lender.status(later.settlement).await,
        Ok(LenderStatus::Disbursed { .. })
    ));
    assert_eq!(lender.accept(never).await.unwrap().status, LenderStatus::Accepted);
    assert_eq!(lender.cancel(never.settlement).await, Ok(LenderStatus::Cancelled));
    assert_eq!(lender.accept(never).await.unwrap().status, LenderStatus::Cancelled);
    let wrong = lender.accept(other).await;
    assert!(matches!(wrong, Err(LenderError::Malformed { field, .. }) if field == "status.amount"));
    assert_eq!(world.disbursements(never.settlement).await, 0);
}

/// The book outlives the process: what was paid out before is neither forgotten nor paid again.
#[tokio::test]
async fn the_book_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let book = Some(folder.path().join("book.jsonl"));
    let first = World::start(Start {
        book: book.clone(),
        ..Start::default()
    })
    .await;
    let offer = offers(first.lender("harbor-bank").quote(&ask(&request(500_000), 5_000)).await).remove(0);
    let order = order(&offer);
    let receipt = first.lender("harbor-bank").accept(&order).await.unwrap();
    drop(first);
    let second = World::start(Start {
        book,
        ..Start::default()
    })
    .await;
    assert_eq!(second.lender("harbor-bank").accept(&order).await.unwrap(), receipt);
    assert_eq!(second.disbursements(order.settlement).await, 1);
}

/// Who does not hold our key, or whose clock is off, gets no answer.
#[tokio::test]
async fn the_lender_refuses_foreign_keys_and_skewed_clocks() {
    let foreign = World::start(Start {
        platform_key: "somebody-else",
        ..Start::default()
    })
    .await;
    let answer = foreign
        .lender("harbor-bank")
        .quote(&ask(&request(500_000), 5_000))
        .await;
    let unauthorized = |answer: Result<Answer, LenderError>, code: &str| {
        assert_eq!(
            answer,
            Err(LenderError::Refused(format!("401 urn:usance:provider:{code}")))
        );
    };
    unauthorized(answer, "signature-invalid");
    let world = World::start(Start {
        our_clock_ahead: 31,
        ..Start::default()
    })
    .await;
    let answer = world.lender("harbor-bank").quote(&ask(&request(500_000), 5_000)).await;
    unauthorized(answer, "signature-time");
    let near = World::start(Start {
        our_clock_ahead: 25,
        ..Start::default()
    })
    .await;
    assert_eq!(
        offers(near.lender("harbor-bank").quote(&ask(&request(500_000), 5_000)).await).len(),
        1
    );
}

/// A configured behavior holds for every amount.
#[tokio::test]
async fn a_configured_behavior_beats_the_amount() {
    let world = World::start(Start {
        behavior: Some(Behavior::Expired),
        ..Start::default()
    })
    .await;
    assert_eq!(
        field(world.lender("harbor-bank").quote(&ask(&request(500_001), 5_000)).await),
        "valid_until"
    );
}

/// What was captured on the wire cannot be sent again, nor to another lender, nor changed.
#[tokio::test]
async fn a_captured_request_is_worth_nothing() {
    let world = World::start(Start::default()).await;
    let (headers, body) = world.captured_offers_request("harbor-bank");
    let post = |lender: &'static str, body: &str| world.raw_post(lender, &headers, body.to_owned());
    assert_eq!(post("swift-fintech", &body).await.0, 401);
    assert_eq!(post("harbor-bank", &body.replace("500000", "500001")).await.0, 401);
    assert_eq!(post("harbor-bank", &body).await.0, 200);
    let (status, problem) = post("harbor-bank", &body).await;
    assert_eq!((status, problem.contains("signature-replayed")), (401, true));
}

/// Callbacks that are unsigned, changed, foreign, repeated or late change nothing.
#[tokio::test]
async fn only_genuine_awaited_callbacks_are_taken() {
    use lenders::CallbackError::{Malformed, NotAwaited, Signature};
    use sdk::signature::SignatureError;
    let world = World::start(Start::default()).await;
    let request = request(500_000);
    let inbox = world.registry.inbox.clone().unwrap();
    let harbor = "harbor-bank".parse().unwrap();
    let body = serde_json::json!({
        "request_id": request.id, "sequence": 0, "final": true, "declined": [{ "code": "NO", "text": "No." }],
    })
    .to_string();
    let send = |key: &str, body: &str| world.callback(key, body);
    assert_eq!(send("harbor-bank", &body), Err(NotAwaited));
    let mut expected = inbox.expect(&harbor, request.id);
    assert_eq!(send("splitpay", &body), Err(NotAwaited));
    assert_eq!(send("nobody", &body), Err(Signature(SignatureError::UnknownKey)));
    assert!(matches!(send("harbor-bank", "{}"), Err(Malformed(_))));
    let (headers, tampered) = (world.callback_headers("harbor-bank", &body), body.replace("No.", "Yes"));
    assert_eq!(
        world.deliver(&headers, &tampered),
        Err(Signature(SignatureError::Digest))
    );
    assert_eq!(world.deliver(&headers, &body), Ok(()));
    assert_eq!(world.deliver(&headers, &body), Err(Signature(SignatureError::Replay)));
    // Sent again with a fresh signature: a repeated delivery.
    assert_eq!(send("harbor-bank", &body), Ok(()));
    assert!(matches!(expected.answer().await, Ok(Answer::Declined(_))));
    drop(expected);
    assert_eq!(send("harbor-bank", &body), Err(NotAwaited));
}
