//! Who may see and move lenders.

use domain::Role;
use domain::provider::ProviderState;
use sqlx::PgPool;

use super::stage::{LIMITS, Market, moody, officer, person, rules};
use crate::api::Error;
use crate::quoting::tests::support::{borrower, key};

#[sqlx::test(migrations = "./migrations")]
async fn an_officer_sees_all_a_lender_itself_and_nobody_else_anything(db: PgPool) {
    let market = Market::open(db, rules()).await;
    let a = &market.stage.aggregator;
    let names = |views: Vec<crate::providers::ProviderView>| views.iter().map(|v| v.id.to_string()).collect::<Vec<_>>();
    assert_eq!(names(a.providers(&officer()).await.unwrap()), ["moody", "steady"]);
    let (own, other) = (
        person(5, Role::Provider, Some("moody")),
        person(6, Role::Provider, Some("steady")),
    );
    assert_eq!(names(a.providers(&own).await.unwrap()), ["moody"]);
    assert!(a.provider(&own, &moody()).await.is_ok());
    assert!(a.provider_health(&own, &moody(), 60).await.is_ok());
    assert!(a.provider_history(&own, &moody(), 10).await.is_ok());
    assert!(a.provider_versions(&own, &moody(), 10).await.is_ok());
    assert!(matches!(a.provider(&other, &moody()).await, Err(Error::NotFound)));
    assert!(matches!(
        a.provider_health(&other, &moody(), 60).await,
        Err(Error::NotFound)
    ));
    assert!(matches!(
        a.provider_history(&other, &moody(), 10).await,
        Err(Error::NotFound)
    ));
    assert!(matches!(
        a.provider_versions(&other, &moody(), 10).await,
        Err(Error::NotFound)
    ));
    for nobody in [borrower(), person(7, Role::Integrator, None)] {
        assert!(matches!(a.providers(&nobody).await, Err(Error::Forbidden)));
        assert!(matches!(a.provider(&nobody, &moody()).await, Err(Error::Forbidden)));
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn only_an_officer_moves_a_lender(db: PgPool) {
    let market = Market::open(db, rules()).await;
    let a = &market.stage.aggregator;
    let why = (&moody(), "because");
    for caller in [
        borrower(),
        person(7, Role::Integrator, None),
        person(5, Role::Provider, Some("moody")),
    ] {
        let by = |name: &str| (caller.clone(), key(name));
        let results = [
            a.suspend_provider(&by("a").0, &by("a").1, why).await,
            a.resume_provider(&by("b").0, &by("b").1, why).await,
            a.change_provider_state(&by("c").0, &by("c").1, why, ProviderState::Testing)
                .await,
            a.set_provider_limits(&by("d").0, &by("d").1, why, LIMITS).await,
        ];
        assert!(results.iter().all(|result| matches!(result, Err(Error::Forbidden))));
    }
    assert_eq!(market.moody().await.revision, 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_repeated_call_changes_once_and_its_key_serves_no_other_call(db: PgPool) {
    let market = Market::open(db, rules()).await;
    let first = market.suspend("one").await.unwrap();
    assert_eq!(market.suspend("one").await.unwrap(), first);
    assert_eq!(market.moody().await.revision, 2);
    assert!(matches!(market.resume("one").await, Err(Error::KeyReused)));
    let history = market
        .stage
        .aggregator
        .provider_history(&officer(), &moody(), 10)
        .await
        .unwrap();
    let told: Vec<_> = history
        .iter()
        .map(|c| (c.revision, c.kind.as_str(), c.by.clone()))
        .collect();
    let by = officer().id.to_string();
    assert_eq!(
        told,
        [
            (2, "ProviderSuspended", by),
            (1, "ProviderListed", "configuration".to_owned())
        ]
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn what_the_table_forbids_is_refused_and_a_reason_is_needed(db: PgPool) {
    let market = Market::open(db, rules()).await;
    let refused =
        |result: Result<_, Error>| matches!(result, Err(Error::Refused(r)) if r.code == "PROVIDER_TRANSITION");
    assert!(refused(market.resume("r1").await), "it is live");
    market.suspend("s1").await.unwrap();
    assert!(refused(market.suspend("s2").await), "a person suspended it already");
    let a = &market.stage.aggregator;
    let why = (&moody(), "because");
    for state in [ProviderState::Live, ProviderState::Draft, ProviderState::Suspended] {
        let name = format!("to-{}", state.as_str());
        assert!(
            refused(a.change_provider_state(&officer(), &key(&name), why, state).await),
            "{state:?}"
        );
    }
    for reason in ["", "   ", "a\nb"] {
        let result = a.resume_provider(&officer(), &key("why"), (&moody(), reason)).await;
        assert!(
            matches!(result, Err(Error::Invalid { field, .. }) if field == "reason"),
            "{reason:?}"
        );
    }
    let unknown = a
        .suspend_provider(&officer(), &key("x"), (&"nobody".parse().unwrap(), "x"))
        .await;
    assert!(matches!(unknown, Err(Error::NotFound)));
}
