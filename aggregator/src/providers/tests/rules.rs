//! Who is asked, what is counted, and what the rules do, by the clock.

use std::sync::Arc;
use std::time::Duration;

use alloy_primitives::B256;
use domain::loan::SettlementState;
use domain::ports::{BlockRef, ChainLog as _};
use domain::provider::{CallResult, Cause, ProviderState, SuspensionRules};
use sqlx::PgPool;

use super::stage::{LIMITS, Market, Mood, listed, moody, officer, rules, standing};
use crate::api::{AcceptQuote, Error, PageRequest};
use crate::providers::SuspendedBy;
use crate::quoting::tests::support::{borrower, key};

#[sqlx::test(migrations = "./migrations")]
async fn only_live_lenders_are_asked_and_a_suspended_one_says_why(db: PgPool) {
    let market = Market::unlisted(db, rules());
    market.list(&[listed("steady", "one")], ProviderState::Live).await;
    market.list(&market.configured(), ProviderState::Draft).await;
    let book = market.ask(Mood::Good, 1).await;
    assert_eq!(
        standing(&book, "moody"),
        (false, vec![]),
        "a draft does not exist for borrowers"
    );
    assert!(standing(&book, "steady").0, "it keeps the state that it had");
    let a = &market.stage.aggregator;
    for (number, state) in [ProviderState::Testing, ProviderState::Certified]
        .into_iter()
        .enumerate()
    {
        let why = (&moody(), "onboarding");
        let by = (officer(), key(&format!("move-{number}")));
        a.change_provider_state(&by.0, &by.1, why, state).await.unwrap();
        assert_eq!(
            standing(&market.ask(Mood::Good, 1).await, "moody"),
            (false, vec![]),
            "{state:?}"
        );
    }
    let why = (&moody(), "certified");
    a.change_provider_state(&officer(), &key("live"), why, ProviderState::Live)
        .await
        .unwrap();
    assert_eq!(standing(&market.ask(Mood::Good, 1).await, "moody"), (true, vec![]));
    market.suspend("stop").await.unwrap();
    let book = market.ask(Mood::Good, 1).await;
    assert_eq!(standing(&book, "moody"), (false, vec!["PROVIDER_SUSPENDED".to_owned()]));
}

#[sqlx::test(migrations = "./migrations")]
async fn health_is_what_happened(db: PgPool) {
    let by_hand = SuspensionRules {
        automatic: false,
        ..rules()
    };
    let market = Market::open(db, by_hand).await;
    for (mood, times) in [
        (Mood::Good, 5),
        (Mood::Lies, 2),
        (Mood::Declines, 3),
        (Mood::Fails, 4),
        (Mood::Unsigned, 1),
    ] {
        market.ask(mood, times).await;
    }
    let a = &market.stage.aggregator;
    assert_eq!(
        a.provider_health(&officer(), &moody(), 60).await.unwrap().calls,
        0,
        "not written yet"
    );
    assert!(a.flush_health().await.unwrap() >= 2);
    assert_eq!(a.flush_health().await.unwrap(), 0, "written once");
    let health = a.provider_health(&officer(), &moody(), 60).await.unwrap();
    let expected = [
        (CallResult::Offered, 7),
        (CallResult::Declined, 3),
        (CallResult::Unavailable, 4),
        (CallResult::Signature, 1),
    ];
    assert_eq!(health.results, expected);
    assert_eq!(
        (health.calls, health.errors, health.quotes, health.misdeclared),
        (15, 5, 7, 2)
    );
    assert!(health.p50_micros <= health.p99_micros && health.p50_micros.is_some());
    // Five of seven gaps are near zero; a lie says 10 % where it is far more.
    assert!(health.apr_gap_median_ppm.unwrap().abs() <= 1_250, "{health:?}");
    assert!(health.apr_gap_worst_ppm.unwrap() < -50_000, "{health:?}");
    assert_eq!(health.last_good, Some(a.world().clock.now()));
    market.stage.clock.advance(Duration::from_mins(61));
    let later = a.provider_health(&officer(), &moody(), 60).await.unwrap();
    assert_eq!((later.calls, later.p50_micros), (0, None));
    assert!(
        later.last_good.is_some(),
        "when it last answered is remembered for longer"
    );
}

/// Every process writes its own windows, and one that writes again changes nothing.
#[sqlx::test(migrations = "./migrations")]
async fn the_health_of_several_processes_adds_up(db: PgPool) {
    let market = Market::open(
        db,
        SuspensionRules {
            automatic: false,
            ..rules()
        },
    )
    .await;
    let other = market.again();
    other.list(&other.configured(), ProviderState::Live).await;
    market.ask(Mood::Good, 2).await;
    other.ask(Mood::Good, 3).await;
    for process in [&market, &other] {
        process.stage.aggregator.flush_health().await.unwrap();
    }
    market.ask(Mood::Good, 1).await;
    market.stage.aggregator.flush_health().await.unwrap();
    let health = other
        .stage
        .aggregator
        .provider_health(&officer(), &moody(), 5)
        .await
        .unwrap();
    assert_eq!((health.calls, health.quotes), (6, 6));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_failing_lender_is_suspended_and_comes_back_by_probation(db: PgPool) {
    let market = Market::open(db, rules()).await;
    market.ask(Mood::Fails, 3).await;
    assert_eq!(market.look().await, 0, "too few to say");
    market.ask(Mood::Fails, 1).await;
    assert_eq!(market.look().await, 1);
    let view = market.moody().await;
    let suspension = view.suspension.unwrap();
    assert_eq!(
        (view.state, suspension.by, suspension.cause),
        (ProviderState::Suspended, SuspendedBy::Supervisor, Some(Cause::Errors))
    );
    assert_eq!(market.look().await, 0, "once");
    // During the pause nobody asks it, and what was before is not held against it again.
    let (asked, codes) = standing(&market.ask(Mood::Good, 1).await, "moody");
    assert!(!asked && codes == ["PROVIDER_SUSPENDED"]);
    market.stage.clock.advance(Duration::from_secs(601));
    assert!(standing(&market.ask(Mood::Good, 2).await, "moody").0);
    assert_eq!(market.look().await, 0, "two good answers of three");
    market.ask(Mood::Declines, 1).await;
    assert_eq!(market.look().await, 1);
    assert_eq!(market.moody().await.state, ProviderState::Live);
    assert_eq!(market.look().await, 0, "its old failures are forgiven");
    assert_eq!(
        market.events().await,
        ["ProviderListed", "ProviderSuspended", "ProviderResumed"]
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn one_bad_answer_on_probation_begins_a_pause_twice_as_long(db: PgPool) {
    let market = Market::open(db, rules()).await;
    market.ask(Mood::Fails, 4).await;
    market.look().await;
    market.stage.clock.advance(Duration::from_mins(10));
    market.ask(Mood::Good, 2).await;
    market.ask(Mood::Fails, 1).await;
    assert_eq!(market.look().await, 1);
    let (view, now) = (market.moody().await, market.stage.aggregator.world().clock.now());
    let pause = view.suspension.unwrap().probation_at.unwrap() - now;
    assert_eq!((view.state, pause.num_seconds()), (ProviderState::Suspended, 1_200));
    assert!(!standing(&market.ask(Mood::Good, 1).await, "moody").0);
    assert_eq!(market.events().await.last().unwrap(), "ProviderProbationFailed");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_wrong_apr_again_and_again_suspends_and_declines_do_not_lift_it(db: PgPool) {
    let market = Market::open(db, rules()).await;
    market.ask(Mood::Lies, 2).await;
    assert_eq!(market.look().await, 0);
    market.ask(Mood::Lies, 1).await;
    assert_eq!(market.look().await, 1);
    assert_eq!(
        market.moody().await.suspension.unwrap().cause,
        Some(Cause::AprMisdeclared)
    );
    market.stage.clock.advance(Duration::from_mins(10));
    market.ask(Mood::Declines, 9).await;
    assert_eq!(market.look().await, 0);
    market.ask(Mood::Good, 3).await;
    assert_eq!(market.look().await, 1);
    assert_eq!(market.moody().await.state, ProviderState::Live);
}

#[sqlx::test(migrations = "./migrations")]
async fn wrong_signatures_suspend_at_once(db: PgPool) {
    let market = Market::open(db, rules()).await;
    market.ask(Mood::Good, 3).await;
    market.ask(Mood::Unsigned, 2).await;
    assert_eq!(market.look().await, 1);
    assert_eq!(market.moody().await.suspension.unwrap().cause, Some(Cause::Signatures));
}

#[sqlx::test(migrations = "./migrations")]
async fn what_a_person_suspended_only_a_person_brings_back(db: PgPool) {
    let market = Market::open(db, rules()).await;
    market.ask(Mood::Fails, 4).await;
    market.look().await;
    market.suspend("by-hand").await.unwrap();
    market.stage.clock.advance(Duration::from_hours(24));
    assert!(!standing(&market.ask(Mood::Good, 1).await, "moody").0);
    assert_eq!(market.look().await, 0);
    assert_eq!(market.moody().await.suspension.unwrap().by, SuspendedBy::Officer);
    market.resume("back").await.unwrap();
    assert!(standing(&market.ask(Mood::Good, 1).await, "moody").0);
}

/// Two processes find the same verdict; the second commit finds another revision and changes nothing.
#[sqlx::test(migrations = "./migrations")]
async fn a_verdict_of_two_processes_holds_once(db: PgPool) {
    let market = Market::open(db, rules()).await;
    let other = market.again();
    other.list(&other.configured(), ProviderState::Live).await;
    market.ask(Mood::Fails, 4).await;
    market.stage.aggregator.flush_health().await.unwrap();
    let (a, b) = tokio::join!(
        market.stage.aggregator.supervise_providers(),
        other.stage.aggregator.supervise_providers()
    );
    assert_eq!(a.unwrap() + b.unwrap(), 1);
    assert_eq!(market.events().await, ["ProviderListed", "ProviderSuspended"]);
}

#[sqlx::test(migrations = "./migrations")]
async fn listing_again_changes_nothing_and_a_changed_configuration_is_a_new_version(db: PgPool) {
    let market = Market::open(db, rules()).await;
    market.list(&market.configured(), ProviderState::Draft).await;
    assert_eq!((market.moody().await.version, market.moody().await.revision), (1, 1));
    market.suspend("stop").await.unwrap();
    let restarted = market.again();
    let mut changed = listed("moody", "two");
    changed.limits.quotes_per_second = 5;
    restarted.list(&[changed.clone()], ProviderState::Live).await;
    restarted.list(&[changed], ProviderState::Live).await;
    let view = restarted.moody().await;
    assert_eq!(
        (view.version, view.revision, view.state),
        (2, 3, ProviderState::Suspended)
    );
    let a = &restarted.stage.aggregator;
    let versions = a.provider_versions(&officer(), &moody(), 10).await.unwrap();
    let marks: Vec<_> = versions.iter().map(|v| (v.number, v.config["mark"].clone())).collect();
    assert_eq!(marks, [(2, "two".into()), (1, "one".into())]);
    assert_eq!(versions[0].config["token"], "env:TOKEN");
    assert_eq!(
        market.events().await,
        ["ProviderListed", "ProviderSuspended", "ProviderConfigured"]
    );
    // The older process hears of it, and of the limits.
    market.levers.moved();
    assert_eq!(market.stage.aggregator.refresh_providers().await.unwrap(), 1);
    assert_eq!(market.levers.moved(), ["moody forgets", "moody 5/s"]);
}

#[sqlx::test(migrations = "./migrations")]
async fn limits_are_a_version_that_outlives_a_restart(db: PgPool) {
    let market = Market::open(db, rules()).await;
    market.levers.moved();
    let limits = domain::provider::Limits {
        quotes_per_second: 7,
        ..LIMITS
    };
    let a = &market.stage.aggregator;
    let view = a
        .set_provider_limits(&officer(), &key("limit"), (&moody(), "too busy"), limits)
        .await
        .unwrap();
    assert_eq!((view.version, view.limits), (2, limits));
    assert_eq!(market.levers.moved(), ["moody forgets", "moody 7/s"]);
    let restarted = market.again();
    restarted.list(&restarted.configured(), ProviderState::Live).await;
    assert_eq!(
        (restarted.moody().await.version, restarted.moody().await.limits),
        (2, limits)
    );
    assert!(restarted.levers.moved().contains(&"moody 7/s".to_owned()));
    let none = domain::provider::Limits { burst: 0, ..LIMITS };
    let refused = a
        .set_provider_limits(&officer(), &key("none"), (&moody(), "x"), none)
        .await;
    assert!(matches!(refused, Err(Error::Invalid { field, .. }) if field == "burst"));
}

/// What is under way goes on; a new acceptance is refused.
#[sqlx::test(migrations = "./migrations")]
async fn a_suspended_lender_ends_what_it_began_and_begins_nothing(db: PgPool) {
    let market = Market::open(db, rules()).await;
    let a = Arc::clone(&market.stage.aggregator);
    let (first, second) = (market.ask(Mood::Good, 1).await, market.ask(Mood::Good, 1).await);
    let mut accepts = Vec::new();
    for book in [&first, &second] {
        let page = PageRequest { first: 10, after: None };
        let quotes = a.quotes(&borrower(), book.id, page).await.unwrap().items;
        let quote = quotes.iter().find(|q| q.quote.provider == moody()).unwrap();
        accepts.push(AcceptQuote {
            settlement_id: None,
            quote_id: quote.quote.id,
            digest: quote.quote.digest,
            recipient: None,
        });
    }
    let second = accepts.pop().unwrap();
    let begun = a
        .accept_quote(&borrower(), &key("a1"), accepts.pop().unwrap())
        .await
        .unwrap();
    market.suspend("stop").await.unwrap();
    let refused = a.accept_quote(&borrower(), &key("a2"), second).await;
    assert!(matches!(refused, Err(Error::Refused(refusal)) if refusal.code == "PROVIDER_SUSPENDED"));
    a.tick_all().await.unwrap();
    let state = a.settlement(&borrower(), begun.id).await.unwrap().state;
    assert_eq!(state, SettlementState::Submitted, "it was handed to the lender");
    a.flush_health().await.unwrap();
    let health = a.provider_health(&officer(), &moody(), 5).await.unwrap();
    assert_eq!(
        (
            health.quotes,
            health.accepted,
            health.accept_calls,
            health.accept_failures
        ),
        (2, 1, 1, 0)
    );
}

/// What was quoted on the block before is not given again.
#[sqlx::test(migrations = "./migrations")]
async fn a_block_and_a_rollback_make_the_lenders_of_the_chain_forget(db: PgPool) {
    let market = Market::open(db, rules()).await;
    market.levers.moved();
    let log = market.stage.aggregator.chain_log();
    let block = |number: u64, of: u8| BlockRef {
        number,
        hash: B256::repeat_byte(of),
        parent: B256::repeat_byte(of - 1),
        timestamp: number,
    };
    for (number, of) in [(1, 1), (2, 2)] {
        log.append(31337, block(number, of), Vec::new()).await.unwrap();
        assert_eq!(market.levers.moved(), ["chain 31337"]);
    }
    log.append(31337, block(2, 2), Vec::new()).await.unwrap();
    assert!(market.levers.moved().is_empty(), "a block that is known is nothing new");
    log.roll_back(31337, 1).await.unwrap();
    assert_eq!(market.levers.moved(), ["chain 31337"]);
}
