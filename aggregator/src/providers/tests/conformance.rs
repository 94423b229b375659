//! Reports of the conformance kit, and what lenders take as security.

use std::sync::Arc;

use alloy_primitives::Address;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::money::{Asset, Currency, Rate};
use domain::ports::{LockMarkets, LockTerms};
use domain::principal::{Group, Standing};
use domain::provider::ProviderState;
use domain::{Principal, ProviderId, Role};
use sqlx::PgPool;

use super::stage::{Market, rules};
use crate::api::Error;
use crate::lockable::LockSettings;
use crate::quoting::tests::support::{borrower, key};
use crate::store::constraint;
use crate::{Aggregator, Settings, World};

const GREEN: &str = r#"{"target":"http://moody","took_ms":5,"findings":[{"id":"reach.answers","outcome":"passed","says":"it answers"}]}"#;

fn lender(name: &str) -> Principal {
    Principal {
        role: Role::Provider,
        provider: Some(name.parse().unwrap()),
        ..borrower()
    }
}

fn officer() -> Principal {
    Principal {
        role: Role::Officer,
        standing: Standing::of(&[Group::Platform]),
        ..borrower()
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_report_is_kept_once_for_good_and_seen_by_its_lender_and_officers(db: PgPool) {
    let market = Market::open(db.clone(), rules()).await;
    let aggregator = &market.stage.aggregator;
    let moody: ProviderId = "moody".parse().unwrap();
    let submit = |who: Principal, name: &'static str, text: String| {
        let (aggregator, moody) = (aggregator.clone(), moody.clone());
        async move {
            aggregator
                .submit_conformance_report(&who, &key(name), (&moody, &text))
                .await
        }
    };
    let first = submit(lender("moody"), "one", GREEN.into()).await.unwrap();
    assert_eq!(submit(lender("moody"), "one", GREEN.into()).await.unwrap(), first);
    assert!(first.is_green() && first.passed == 1);
    let red = GREEN.replace("passed", "failed");
    let second = submit(officer(), "two", red).await.unwrap();
    assert!(!second.is_green());
    assert!(matches!(
        submit(lender("steady"), "three", GREEN.into()).await,
        Err(Error::NotFound)
    ));
    assert!(matches!(
        submit(borrower(), "four", GREEN.into()).await,
        Err(Error::Forbidden)
    ));
    let wrong = submit(lender("moody"), "five", "{}".into()).await;
    assert!(matches!(wrong, Err(Error::Invalid { .. })));
    let seen = aggregator
        .conformance_reports(&lender("moody"), &moody, 20)
        .await
        .unwrap();
    assert_eq!(seen.len(), 2);
    assert!(seen.contains(&first) && seen.contains(&second));
    let other = aggregator.conformance_reports(&lender("steady"), &moody, 20).await;
    assert!(matches!(other, Err(Error::NotFound)));
    for statement in [
        "update providers.conformance_report set failed = 0",
        "delete from providers.conformance_report",
    ] {
        let refused = sqlx::query(statement).execute(&db).await.unwrap_err();
        assert_eq!(constraint(&refused), Some("append_only"), "{statement}");
    }
}

/// What three lenders say of one token.
struct Three;

#[async_trait]
impl LockMarkets for Three {
    async fn terms(&self, now: DateTime<Utc>) -> Vec<LockTerms> {
        let asset = |symbol: &str| Asset {
            chain_id: 31_337,
            token: Address::repeat_byte(7),
            symbol: symbol.into(),
            decimals: 18,
        };
        let terms = |name: &str, percent: i64| LockTerms {
            provider: name.parse().unwrap(),
            collateral: asset("dWETH"),
            lends: asset("dUSD"),
            currency: Currency::usd(),
            price: 2_000.into(),
            price_source: "fixed-dev".into(),
            price_at: now,
            sale_price: None,
            paused: Some(false),
            max_ltv: Rate::from_percent(percent),
            liquidation_threshold: None,
            liquidation_bonus: None,
        };
        vec![terms("steady", 60), terms("moody", 70), terms("unlisted", 90)]
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_token_has_the_terms_of_lenders_that_exist_to_borrowers_and_a_suspended_one_is_paused(db: PgPool) {
    let market = Market::open(db, rules()).await;
    let old = market.stage.aggregator.world();
    let settings = Settings {
        locks: LockSettings {
            markets: Some(Arc::new(Three)),
        },
        ..old.settings.clone()
    };
    let aggregator = Aggregator::new(World {
        settings,
        ..old.clone()
    });
    let levers = Arc::clone(&market.levers) as Arc<dyn domain::ports::LenderControls>;
    aggregator
        .list_providers(&market.configured(), levers, ProviderState::Live)
        .await
        .unwrap();
    let names = |tokens: Vec<crate::lockable::LockableView>| -> Vec<(String, Option<bool>)> {
        let markets = tokens.into_iter().flat_map(|token| token.markets);
        markets
            .map(|terms| (terms.provider.to_string(), terms.paused))
            .collect()
    };
    let both = [("moody".to_owned(), Some(false)), ("steady".to_owned(), Some(false))];
    assert_eq!(names(aggregator.lockable_tokens(None).await), both);
    assert!(aggregator.lockable_tokens(Some(1)).await.is_empty());
    let moody: ProviderId = "moody".parse().unwrap();
    aggregator
        .suspend_provider(&officer(), &key("suspend"), (&moody, "a test"))
        .await
        .unwrap();
    aggregator.refresh_providers().await.unwrap();
    assert_eq!(
        names(aggregator.lockable_tokens(None).await)[0],
        ("moody".to_owned(), Some(true))
    );
}
