use std::time::{Duration, Instant};

use domain::loan::RequestState;
use domain::quote::LoserKind;
use futures::StreamExt;
use sqlx::PgPool;

use super::support::{Manner, Stage, ask, borrower, key, stranger, usd};
use crate::api::{Error, PageRequest, QuoteUpdate};
use crate::store::constraint;
use crate::{Aggregator, Settings};

const PAGE: PageRequest = PageRequest {
    first: 100,
    after: None,
};

fn field_of(error: &Error) -> &str {
    match error {
        Error::Invalid { field, .. } => field,
        other => panic!("{other:?}"),
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn one_key_makes_one_request_and_every_call_gets_the_same_answer(db: PgPool) {
    let stage = Stage::new(db.clone(), &[("harbor-bank", Manner::Offers(45_000))]);
    let calls = (0..64).map(|_| {
        let aggregator = stage.aggregator.clone();
        tokio::spawn(async move {
            aggregator
                .request_quotes(&borrower(), &key("same"), ask())
                .await
                .unwrap()
        })
    });
    let views: Vec<_> = futures::future::join_all(calls)
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert!(views.iter().all(|view| *view == views[0]));
    let stored: i64 = sqlx::query_scalar("select count(*) from quoting.request")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(stored, 1);
    stage.aggregator.drain().await;

    let mut other = ask();
    other.amount = usd(400_000);
    let reused = stage.aggregator.request_quotes(&borrower(), &key("same"), other).await;
    assert!(matches!(reused, Err(Error::KeyReused)));
}

#[sqlx::test(migrations = "./migrations")]
async fn the_book_holds_ranked_quotes_and_every_loser_with_its_reason(db: PgPool) {
    let lenders = [
        ("dear", Manner::Offers(45_500)),
        ("cheap", Manner::Offers(43_500)),
        ("decliner", Manner::Declines),
        ("wrong-sums", Manner::DoesNotAddUp),
        ("ended", Manner::Ended),
        ("broken", Manner::Panics),
        ("above-the-cap", Manner::Offers(90_000)),
    ];
    let stage = Stage::new(db, &lenders);
    let view = stage.closed("book").await;
    assert_eq!(view.state, RequestState::Quoted, "{view:?}");
    let page = stage.aggregator.quotes(&borrower(), view.id, PAGE).await.unwrap();
    let names: Vec<_> = page.items.iter().map(|ranked| ranked.quote.provider.as_str()).collect();
    assert_eq!(names, ["cheap", "dear"]);
    assert_eq!(
        page.items.iter().map(|ranked| ranked.position).collect::<Vec<_>>(),
        [1, 2]
    );
    let losers: Vec<_> = view
        .losers
        .iter()
        .map(|loser| (loser.provider.as_str(), loser.kind))
        .collect();
    let expected = [
        ("decliner", LoserKind::Declined),
        ("above-the-cap", LoserKind::Refused),
        ("ended", LoserKind::Malformed),
        ("wrong-sums", LoserKind::Malformed),
        ("broken", LoserKind::Unavailable),
    ];
    assert_eq!(losers, expected);
    assert!(view.losers.iter().all(|loser| !loser.reasons.is_empty()));

    let (stored, replayed) = stage.aggregator.replay_ranking(view.id).await.unwrap();
    assert_eq!(stored, replayed, "a ranking replays to the same bytes");
    let decisions = stage.aggregator.replay_decisions(view.id).await.unwrap();
    assert_eq!(
        decisions.len(),
        5,
        "risk, request, and one for each offer with sound numbers"
    );
    assert!(
        decisions.iter().all(|d| d.stored == d.replayed),
        "a decision replays to the same bytes"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_hung_lender_is_late_and_costs_nobody_more_than_the_deadline(db: PgPool) {
    let settings = Settings {
        quote_deadline: Duration::from_millis(300),
        ..Settings::default()
    };
    let lenders = [("fast", Manner::Offers(45_000)), ("hung", Manner::Hangs)];
    let stage = Stage::with(db, &lenders, settings, Vec::new());
    let started = Instant::now();
    let view = stage.closed("late").await;
    let took = started.elapsed();
    assert!(
        took >= Duration::from_millis(300) && took < Duration::from_millis(1_300),
        "{took:?}"
    );
    assert_eq!(view.state, RequestState::Quoted);
    let late = view
        .losers
        .iter()
        .find(|loser| loser.provider.as_str() == "hung")
        .unwrap();
    assert_eq!(late.kind, LoserKind::Late);
    assert!(view.lenders.iter().all(|lender| !lender.waiting));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_subscriber_sees_each_answer_when_it_arrives_and_the_end(db: PgPool) {
    let lenders = [
        ("fast", Manner::Offers(45_000)),
        ("slow", Manner::Slow(44_000, Duration::from_millis(400))),
    ];
    let stage = Stage::new(db, &lenders);
    let view = stage
        .aggregator
        .request_quotes(&borrower(), &key("stream"), ask())
        .await
        .unwrap();
    let mut updates = stage.aggregator.updates(&borrower(), view.id).await.unwrap();
    let QuoteUpdate::Quote(first) = updates.next().await.unwrap() else {
        panic!("a quote comes first")
    };
    assert_eq!((first.position, first.quote.provider.as_str()), (1, "fast"));
    let open = stage.aggregator.request(&borrower(), view.id).await.unwrap();
    assert_eq!(
        open.state,
        RequestState::Quoting,
        "the first quote does not wait for the second"
    );
    let QuoteUpdate::Quote(second) = updates.next().await.unwrap() else {
        panic!("then the other")
    };
    assert_eq!(
        (second.position, second.quote.provider.as_str()),
        (1, "slow"),
        "it is cheaper, so it takes the lead"
    );
    let QuoteUpdate::Closed(end) = updates.next().await.unwrap() else {
        panic!("then the end")
    };
    assert_eq!(end.state, RequestState::Quoted);
    assert!(updates.next().await.is_none());

    let again: Vec<_> = stage
        .aggregator
        .updates(&borrower(), view.id)
        .await
        .unwrap()
        .collect()
        .await;
    assert_eq!(again.len(), 3, "a late subscriber reads the stored book");
    assert_eq!(
        again[2],
        QuoteUpdate::Closed(end),
        "the end as streamed is the end as stored"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn an_object_of_another_tenant_does_not_exist(db: PgPool) {
    let stage = Stage::new(db, &[("harbor-bank", Manner::Offers(45_000))]);
    let view = stage.closed("mine").await;
    let quote = stage
        .aggregator
        .quotes(&borrower(), view.id, PAGE)
        .await
        .unwrap()
        .items
        .remove(0)
        .quote
        .id;
    let aggregator = &stage.aggregator;
    assert!(matches!(
        aggregator.request(&stranger(), view.id).await,
        Err(Error::NotFound)
    ));
    assert!(matches!(
        aggregator.quotes(&stranger(), view.id, PAGE).await,
        Err(Error::NotFound)
    ));
    assert!(matches!(
        aggregator.quote(&stranger(), quote).await,
        Err(Error::NotFound)
    ));
    assert!(matches!(
        aggregator.updates(&stranger(), view.id).await.err(),
        Some(Error::NotFound)
    ));
    assert!(matches!(
        aggregator.closed(&stranger(), view.id).await,
        Err(Error::NotFound)
    ));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_closed_book_in_memory_is_the_stored_one_for_its_owner_alone(db: PgPool) {
    let lenders = [("a-bank", 45_000), ("b-bank", 44_000), ("c-bank", 46_000)];
    let stage = Stage::new(db, &lenders.map(|(name, payment)| (name, Manner::Offers(payment))));
    let view = stage.closed("kept").await;
    let aggregator = &stage.aggregator;
    assert_eq!(aggregator.closed_view(&borrower(), view.id), None);
    let stored = aggregator.quotes(&borrower(), view.id, PAGE).await.unwrap();
    assert_eq!(stored.items.len(), 3);
    assert_eq!(aggregator.closed_view(&borrower(), view.id).as_deref(), Some(&view));
    assert_eq!(aggregator.quotes(&borrower(), view.id, PAGE).await.unwrap(), stored);
    let page = |first, after: &str| PageRequest {
        first,
        after: Some(after.to_owned()),
    };
    let rest = aggregator.quotes(&borrower(), view.id, page(1, "1")).await.unwrap();
    assert_eq!(
        (rest.items.as_slice(), rest.has_next, rest.total),
        (&stored.items[1..2], true, Some(3))
    );
    let end = aggregator.quotes(&borrower(), view.id, page(5, "2")).await.unwrap();
    assert_eq!((end.items.as_slice(), end.has_next), (&stored.items[2..], false));
    assert_eq!(aggregator.closed_view(&stranger(), view.id), None);
    assert!(matches!(
        aggregator.quotes(&stranger(), view.id, PAGE).await,
        Err(Error::NotFound)
    ));
}

#[sqlx::test(migrations = "./migrations")]
async fn bad_input_is_refused_with_its_field(db: PgPool) {
    let stage = Stage::new(db, &[]);
    let refused = async |change: fn(&mut crate::api::NewRequest)| {
        let mut new = ask();
        change(&mut new);
        stage
            .aggregator
            .request_quotes(&borrower(), &key("bad"), new)
            .await
            .unwrap_err()
    };
    assert_eq!(field_of(&refused(|new| new.amount = usd(0)).await), "amount");
    assert_eq!(field_of(&refused(|new| new.amount = usd(-5)).await), "amount");
    assert_eq!(
        field_of(&refused(|new| new.amount = usd(1_000_000_000_001)).await),
        "amount"
    );
    assert_eq!(field_of(&refused(|new| new.term.count = 0).await), "term");
    assert_eq!(field_of(&refused(|new| new.term.count = 600).await), "term");
    assert_eq!(
        field_of(&refused(|new| new.jurisdiction.country = "us".into()).await),
        "jurisdiction.country"
    );
    assert_eq!(
        field_of(&refused(|new| new.jurisdiction.region = None).await),
        "jurisdiction.region"
    );
    assert_eq!(
        field_of(&refused(|new| new.applicant.full_name = " ".into()).await),
        "applicant.fullName"
    );
    let stranger_id = stranger().id;
    let mut new = ask();
    new.borrower = Some(stranger_id);
    let other = stage.aggregator.request_quotes(&borrower(), &key("other"), new).await;
    assert!(matches!(other, Err(Error::Forbidden)));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_book_that_a_crash_left_open_is_closed_with_late_lenders(db: PgPool) {
    let settings = Settings {
        quote_deadline: Duration::from_mins(10),
        ..Settings::default()
    };
    let crashed = Stage::with(db.clone(), &[("hung", Manner::Hangs)], settings, Vec::new());
    let view = crashed
        .aggregator
        .request_quotes(&borrower(), &key("crash"), ask())
        .await
        .unwrap();
    let live = crashed.aggregator.close_overdue().await.unwrap();
    assert_eq!(live, 0);

    let restarted = Stage::new(db, &[]);
    assert_eq!(
        restarted.aggregator.close_overdue().await.unwrap(),
        0,
        "not before its deadline"
    );
    restarted.clock.advance(Duration::from_secs(606));
    assert_eq!(restarted.aggregator.close_overdue().await.unwrap(), 1);
    let closed = restarted.aggregator.closed(&borrower(), view.id).await.unwrap();
    assert_eq!(closed.state, RequestState::Declined);
    assert_eq!(closed.losers[0].kind, LoserKind::Late);
    crashed.clock.advance(Duration::from_secs(606));
    assert_eq!(
        crashed.aggregator.close_overdue().await.unwrap(),
        0,
        "a closed book stays closed"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_name_that_cannot_be_screened_is_refused_and_the_decision_kept(db: PgPool) {
    let stage = Stage::new(db, &[("harbor-bank", Manner::Offers(45_000))]);
    let mut new = ask();
    // Ethiopic letters are not read.
    new.applicant.full_name = "አበበ".into();
    let view = stage
        .aggregator
        .request_quotes(&borrower(), &key("screened"), new)
        .await
        .unwrap();
    assert_eq!(view.state, RequestState::Declined);
    assert!(!view.refusal.is_empty() && view.lenders.is_empty());
    let decisions = stage.aggregator.replay_decisions(view.id).await.unwrap();
    assert_eq!(decisions.len(), 2);
    assert!(decisions.iter().all(|d| d.stored == d.replayed));
}

#[sqlx::test(migrations = "./migrations")]
async fn the_database_refuses_illegal_states_and_changed_facts(db: PgPool) {
    let stage = Stage::new(db.clone(), &[("harbor-bank", Manner::Offers(45_000))]);
    let view = stage.closed("states").await;
    for (state, refused) in [("QUOTING", true), ("DECLINED", true), ("EXPIRED", false)] {
        let mut tx = db.begin().await.unwrap();
        let moved = sqlx::query(
            "update quoting.request set state = $2, version = version + 1,
             closed_at = case $2 when 'QUOTING' then null else closed_at end where id = $1",
        )
        .bind(view.id.0)
        .bind(state)
        .execute(&mut *tx)
        .await;
        assert_eq!(moved.is_err(), refused, "QUOTED to {state}");
        if let Err(error) = moved {
            assert_eq!(constraint(&error), Some("request_transition"));
        }
    }
    let altered = sqlx::query("update quoting.quote set body = '{}'").execute(&db).await;
    assert!(altered.is_err(), "a stored quote does not change");
    let altered = sqlx::query("update quoting.request set ranking = '{}', version = version + 1")
        .execute(&db)
        .await;
    assert!(altered.is_err(), "a stored ranking does not change");
    let altered = sqlx::query("delete from compliance.decision").execute(&db).await;
    assert!(altered.is_err(), "a decision does not change");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_request_ends_when_its_last_quote_ends(db: PgPool) {
    let stage = Stage::new(db, &[("harbor-bank", Manner::Offers(45_000))]);
    let view = stage.closed("expiry").await;
    let aggregator: &Aggregator = &stage.aggregator;
    assert_eq!(aggregator.expire_requests().await.unwrap(), 0);
    stage.clock.advance(Duration::from_secs(1_801));
    assert_eq!(aggregator.expire_requests().await.unwrap(), 1);
    assert_eq!(
        aggregator.request(&borrower(), view.id).await.unwrap().state,
        RequestState::Expired
    );
}
