use std::time::Duration;

use alloy_primitives::B256;
use domain::loan::RequestState;
use domain::quote::Quote;
use sqlx::PgPool;

use super::support::{Manner, Stage, borrower, key, stranger};
use crate::api::{AcceptQuote, Error, PageRequest};

async fn quoted(stage: &Stage) -> Quote {
    let view = stage.closed("quoted").await;
    let page = PageRequest { first: 1, after: None };
    stage.aggregator.quotes(&borrower(), view.id, page).await.unwrap().items[0]
        .quote
        .clone()
}

fn accept(quote: &Quote) -> AcceptQuote {
    AcceptQuote {
        settlement_id: None,
        quote_id: quote.id,
        digest: quote.digest,
        recipient: None,
    }
}

fn code(refused: Result<crate::api::SettlementView, Error>) -> String {
    match refused {
        Err(Error::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    }
}

fn bank(db: PgPool) -> Stage {
    Stage::new(db, &[("harbor-bank", Manner::Offers(45_000))])
}

#[sqlx::test(migrations = "./migrations")]
async fn a_quote_is_accepted_once_and_one_key_gives_one_settlement(db: PgPool) {
    let stage = bank(db.clone());
    let quote = quoted(&stage).await;
    let calls = (0..16).map(|_| {
        let (aggregator, wish) = (stage.aggregator.clone(), accept(&quote));
        tokio::spawn(async move {
            aggregator
                .accept_quote(&borrower(), &key("accept"), wish)
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
    let second = stage
        .aggregator
        .accept_quote(&borrower(), &key("again"), accept(&quote))
        .await;
    assert_eq!(code(second), "ALREADY_ACCEPTED");
    let settlements: i64 = sqlx::query_scalar("select count(*) from lending.settlement")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(settlements, 1);
    let request = stage.aggregator.request(&borrower(), quote.request_id).await.unwrap();
    assert_eq!(request.state, RequestState::Accepted);
    let decisions = stage.aggregator.replay_decisions(quote.request_id).await.unwrap();
    assert_eq!(
        decisions.len(),
        6,
        "three when quoted, screening and rules again when accepted, and the limit"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn an_expired_or_altered_quote_is_refused_and_changes_nothing(db: PgPool) {
    let stage = bank(db);
    let quote = quoted(&stage).await;
    let altered = AcceptQuote {
        digest: B256::repeat_byte(1),
        ..accept(&quote)
    };
    assert_eq!(
        code(stage.aggregator.accept_quote(&borrower(), &key("a"), altered).await),
        "QUOTE_CHANGED"
    );
    stage.clock.advance(Duration::from_mins(30));
    assert_eq!(
        code(
            stage
                .aggregator
                .accept_quote(&borrower(), &key("b"), accept(&quote))
                .await
        ),
        "QUOTE_EXPIRED"
    );
    let request = stage.aggregator.request(&borrower(), quote.request_id).await.unwrap();
    assert_eq!(request.state, RequestState::Quoted);
}

#[sqlx::test(migrations = "./migrations")]
async fn somebody_elses_quote_cannot_be_accepted(db: PgPool) {
    let stage = bank(db);
    let quote = quoted(&stage).await;
    let refused = stage
        .aggregator
        .accept_quote(&stranger(), &key("a"), accept(&quote))
        .await;
    assert!(matches!(refused, Err(Error::NotFound)));
}
