//! Notices are opened with what causes them, given in time and once, and lapse when credit is taken.

use std::time::Duration;

use sqlx::PgPool;

use super::publication::officer;
use crate::api::{AcceptQuote, Error, PageRequest, RequestView};
use crate::quoting::tests::support::{Manner, Stage, ask, borrower, key, offer, stranger};
use crate::rules::documents::ObligationView;

async fn owed(stage: &Stage, request: &RequestView) -> Vec<ObligationView> {
    let wanted = (None, Some(request.id));
    stage.aggregator.obligations(&officer(71), wanted, 10).await.unwrap()
}

/// Text of the page, tags taken off.
async fn letter(stage: &Stage, obligation: &ObligationView) -> String {
    let id = obligation.document.unwrap();
    let document = stage.aggregator.document(&borrower(), id).await.unwrap();
    assert!(document.pdf.starts_with(b"%PDF"));
    let hidden = stage.aggregator.document(&stranger(), id).await;
    assert!(matches!(hidden, Err(Error::NotFound)), "{hidden:?}");
    document.html
}

#[sqlx::test(migrations = "./migrations")]
async fn a_declined_request_owes_a_joint_notice_within_30_days_and_gets_it_once(db: PgPool) {
    let lenders = [("harbor-bank", Manner::Declines), ("river-bank", Manner::Declines)];
    let stage = Stage::new(db.clone(), &lenders);
    let view = stage.closed("declined").await;
    let open = owed(&stage, &view).await;
    assert_eq!(open.len(), 1);
    let applied = view.created_at.date_naive();
    assert_eq!(
        (open[0].code.as_str(), open[0].state.as_str(), open[0].due_on),
        ("ADVERSE_ACTION_NOTICE", "OPEN", applied + chrono::Days::new(30))
    );
    assert_eq!(open[0].rule, "us-regb-notice version 1");
    assert_eq!(stage.aggregator.give_notices().await.unwrap(), 1);
    assert_eq!(stage.aggregator.give_notices().await.unwrap(), 0, "once");
    let done = owed(&stage, &view).await;
    assert_eq!(done[0].state, "DONE");
    let text = letter(&stage, &done[0]).await;
    for part in [
        "harbor-bank",
        "river-bank",
        "Not enough income.",
        "Federal Trade Commission",
    ] {
        assert!(text.contains(part), "{part}");
    }
    assert!(
        !text.contains(&ask().applicant.full_name),
        "the letter names the request, not the person"
    );
    let mine = stage.aggregator.notices(&borrower(), view.id).await.unwrap();
    assert_eq!(mine.len(), 1);
    let kinds: Vec<String> =
        sqlx::query_scalar("select kind from events.outbox where aggregate = 'obligation' order by seq")
            .fetch_all(&db)
            .await
            .unwrap();
    assert_eq!(kinds, ["ObligationOpened", "ObligationDone"]);
    for statement in [
        "update rules.obligation set state = 'OPEN', version = version + 1, closed_at = null, closed_why = null, document_id = null",
        "delete from rules.obligation",
        "update rules.document set html = ''",
        "delete from rules.document",
    ] {
        assert!(sqlx::query(statement).execute(&db).await.is_err(), "{statement}");
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_request_that_is_refused_at_once_owes_the_notice_too(db: PgPool) {
    let stage = Stage::new(db, &[("harbor-bank", Manner::Offers(45_000))]);
    let mut new = ask();
    new.jurisdiction.region = Some("TX".into());
    let view = stage.closed_for("texas", new).await;
    assert_eq!(view.refusal[0].code, "CAP_UNKNOWN");
    assert_eq!(stage.aggregator.give_notices().await.unwrap(), 1);
    let done = owed(&stage, &view).await;
    assert!(letter(&stage, &done[0]).await.contains(&view.refusal[0].text));
}

#[sqlx::test(migrations = "./migrations")]
async fn where_nobody_asks_for_a_notice_none_is_owed(db: PgPool) {
    let stage = Stage::new(db, &[("harbor-bank", Manner::Offers(45_000))]);
    let mut new = ask();
    new.jurisdiction.country = "FR".into();
    new.jurisdiction.region = None;
    let view = stage.closed_for("france", new).await;
    assert!(owed(&stage, &view).await.is_empty());
    let quoted = stage.closed("quoted").await;
    assert!(owed(&stage, &quoted).await.is_empty(), "everybody gave what was asked");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_refusal_beside_a_quote_waits_for_the_quotes_to_end_and_lapses_when_one_is_taken(db: PgPool) {
    let lenders = [
        ("harbor-bank", Manner::Declines),
        ("river-bank", Manner::Offers(45_000)),
    ];
    let stage = Stage::new(db, &lenders);
    let (taken, left) = (stage.closed("taken").await, stage.closed("left").await);
    assert_eq!(owed(&stage, &taken).await.len(), 1);
    assert_eq!(
        stage.aggregator.give_notices().await.unwrap(),
        0,
        "not while quotes can be accepted"
    );
    let page = PageRequest { first: 1, after: None };
    let quotes = stage.aggregator.quotes(&borrower(), taken.id, page).await.unwrap();
    let quote = &quotes.items[0].quote;
    let accept = AcceptQuote {
        settlement_id: None,
        quote_id: quote.id,
        digest: quote.digest,
        recipient: None,
    };
    stage
        .aggregator
        .accept_quote(&borrower(), &key("take"), accept)
        .await
        .unwrap();
    let lapsed = owed(&stage, &taken).await;
    assert_eq!((lapsed[0].state.as_str(), lapsed[0].document), ("LAPSED", None));
    stage.clock.advance(Duration::from_mins(31));
    assert_eq!(stage.aggregator.give_notices().await.unwrap(), 1);
    let given = owed(&stage, &left).await;
    assert_eq!(given[0].state, "DONE");
    let text = letter(&stage, &given[0]).await;
    assert!(text.contains("harbor-bank") && !text.contains("river-bank"));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_counteroffer_that_is_not_accepted_owes_a_notice_within_90_days(db: PgPool) {
    let half = Manner::Gives(|request| {
        let mut smaller = request.clone();
        smaller.amount.minor /= 2;
        let mut offer = offer(&smaller, 22_500);
        offer.amounts.requested = request.amount;
        offer
    });
    let stage = Stage::new(db, &[("harbor-bank", half)]);
    let view = stage.closed("counter").await;
    let open = owed(&stage, &view).await;
    let told = view.created_at.date_naive();
    assert_eq!(
        (open[0].code.as_str(), open[0].due_on),
        ("COUNTEROFFER_NOTICE", told + chrono::Days::new(90))
    );
    stage.clock.advance(Duration::from_mins(31));
    assert_eq!(stage.aggregator.give_notices().await.unwrap(), 1);
    let done = owed(&stage, &view).await;
    assert!(letter(&stage, &done[0]).await.contains("within 60 days of this notice"));
}
