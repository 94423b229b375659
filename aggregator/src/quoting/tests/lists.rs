use std::time::Duration;

use domain::principal::{Group, Standing};
use domain::{Principal, ProviderId, Role};
use sqlx::PgPool;

use super::support::{Manner, Stage, borrower, key, stranger};
use crate::api::{AcceptQuote, Error, PageRequest};
use crate::quoting::{OfferState, OfferView};

fn stage(db: PgPool) -> Stage {
    Stage::new(
        db,
        &[
            ("harbor-bank", Manner::Offers(45_000)),
            ("dear-bank", Manner::Offers(46_000)),
        ],
    )
}

fn page(first: u32, after: Option<String>) -> PageRequest {
    PageRequest { first, after }
}

fn lender(name: &str) -> Principal {
    let name: ProviderId = name.parse().unwrap();
    Principal {
        role: Role::Provider,
        provider: Some(name),
        ..borrower()
    }
}

fn officer() -> Principal {
    Principal {
        role: Role::Officer,
        standing: Standing::of(&[Group::Platform]),
        ..stranger()
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_borrower_pages_through_their_own_requests_the_newest_first(db: PgPool) {
    let stage = stage(db);
    let mut made = Vec::new();
    for number in 0..3 {
        made.push(stage.closed(&format!("ask-{number}")).await.id);
        stage.clock.advance(Duration::from_mins(1));
    }
    made.reverse();
    let first = stage.aggregator.requests(&borrower(), page(2, None)).await.unwrap();
    let rest = page(2, first.cursors.last().cloned());
    let rest = stage.aggregator.requests(&borrower(), rest).await.unwrap();
    assert!(first.has_next && !rest.has_next);
    let seen: Vec<_> = first.items.iter().chain(&rest.items).map(|view| view.id).collect();
    assert_eq!(seen, made);
    // Nobody else's.
    assert!(
        stage
            .aggregator
            .requests(&stranger(), page(20, None))
            .await
            .unwrap()
            .items
            .is_empty()
    );
    let own = Principal {
        role: Role::Integrator,
        ..borrower()
    };
    assert_eq!(
        stage
            .aggregator
            .requests(&own, page(20, None))
            .await
            .unwrap()
            .items
            .len(),
        3
    );
    assert_eq!(
        stage
            .aggregator
            .requests(&officer(), page(20, None))
            .await
            .unwrap()
            .items
            .len(),
        3
    );
    let refused = stage.aggregator.requests(&lender("harbor-bank"), page(20, None)).await;
    assert!(matches!(refused, Err(Error::Forbidden)));
    for wrong in [page(0, None), page(101, None), page(1, Some("x".into()))] {
        let refused = stage.aggregator.requests(&borrower(), wrong).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })));
    }
}

async fn offers(stage: &Stage, caller: &Principal, wanted: Option<OfferState>) -> Vec<OfferView> {
    stage
        .aggregator
        .offers(caller, wanted, page(100, None))
        .await
        .unwrap()
        .items
}

#[sqlx::test(migrations = "./migrations")]
async fn a_lender_sees_what_became_of_each_offer_and_none_of_another(db: PgPool) {
    let stage = stage(db);
    let taken = stage.closed("taken").await.id;
    let harbor = lender("harbor-bank");
    let live = offers(&stage, &harbor, None).await;
    assert_eq!(live.len(), 1);
    let one = &live[0];
    assert_eq!((one.state, one.quote.position, one.of), (OfferState::Live, 1, 2));
    assert_eq!(one.quote.quote.provider.as_str(), "harbor-bank");
    let wish = AcceptQuote {
        settlement_id: None,
        quote_id: one.quote.quote.id,
        digest: one.quote.quote.digest,
        recipient: None,
    };
    let accepted = stage
        .aggregator
        .accept_quote(&borrower(), &key("accept"), wish)
        .await
        .unwrap();
    let won = &offers(&stage, &harbor, Some(OfferState::Accepted)).await[0];
    assert_eq!(won.settlement.map(|(id, _)| id), Some(accepted.id));
    let lost = &offers(&stage, &lender("dear-bank"), None).await[0];
    assert_eq!(
        (lost.state, lost.quote.position, lost.settlement),
        (OfferState::NotTaken, 2, None)
    );
    assert!(offers(&stage, &harbor, Some(OfferState::NotTaken)).await.is_empty());
    // What is withdrawn before the payment is told apart.
    stage
        .aggregator
        .cancel_settlement(&borrower(), &key("cancel"), accepted.id)
        .await
        .unwrap();
    assert!(offers(&stage, &harbor, Some(OfferState::Accepted)).await.is_empty());
    let gone = &offers(&stage, &harbor, Some(OfferState::Cancelled)).await[0];
    assert_eq!(
        (gone.state, gone.quote.quote.request_id),
        (OfferState::Cancelled, taken)
    );
    // And what nobody took in time.
    stage.closed("left").await;
    stage.clock.advance(Duration::from_hours(24 * 365));
    let old = offers(&stage, &harbor, Some(OfferState::Expired)).await;
    assert_eq!(old.len(), 1);
    assert_eq!(old[0].state, OfferState::Expired);
    assert!(offers(&stage, &harbor, Some(OfferState::Live)).await.is_empty());
    assert_eq!(offers(&stage, &officer(), None).await.len(), 4);
    assert!(offers(&stage, &stranger(), None).await.is_empty());
}
