//! Rules that hold in the database even when the code is wrong.

use domain::provider::ProviderState;
use sqlx::PgPool;

use super::stage::{Market, rules};
use crate::store::constraint;

/// Puts `moody` into a state behind the back of its triggers.
async fn force(db: &PgPool, state: ProviderState) {
    let mut tx = db.begin().await.unwrap();
    sqlx::query("set local session_replication_role = replica")
        .execute(&mut *tx)
        .await
        .unwrap();
    let by = (state == ProviderState::Suspended).then_some("OFFICER");
    sqlx::query("update providers.provider set state = $1, suspended_by = $2 where id = 'moody'")
        .bind(state.as_str())
        .bind(by)
        .execute(&mut *tx)
        .await
        .unwrap();
    tx.commit().await.unwrap();
}

#[sqlx::test(migrations = "./migrations")]
async fn the_database_holds_the_same_table_as_the_domain(db: PgPool) {
    let _market = Market::open(db.clone(), rules()).await;
    for from in ProviderState::ALL {
        for to in ProviderState::ALL.iter().filter(|to| *to != from) {
            force(&db, *from).await;
            let by = (*to == ProviderState::Suspended).then_some("OFFICER");
            let moved = sqlx::query(
                "update providers.provider set state = $1, suspended_by = $2, revision = revision + 1 where id = 'moody'",
            )
            .bind(to.as_str())
            .bind(by)
            .execute(&db)
            .await;
            let refused = moved.as_ref().err().and_then(constraint).map(str::to_owned);
            let expected = (!from.may_become(*to)).then(|| "provider_transition".to_owned());
            assert_eq!(refused, expected, "{from:?} to {to:?}");
        }
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_lender_is_born_a_draft_or_live(db: PgPool) {
    for state in ProviderState::ALL {
        let by = (*state == ProviderState::Suspended).then_some("OFFICER");
        let born = sqlx::query(
            "insert into providers.provider
                 (id, uid, name, kind, state, version, revision, suspended_by, reason, changed_by, changed_at, created_at)
             values ($1, gen_random_uuid(), 'x', 'x', $2, 1, 1, $3, 'x', 'x', now(), now())",
        )
        .bind(state.as_str().to_lowercase())
        .bind(state.as_str())
        .bind(by)
        .execute(&db)
        .await;
        let may = matches!(state, ProviderState::Draft | ProviderState::Live);
        assert_eq!(born.as_ref().err().and_then(constraint).is_none(), may, "{state:?}");
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn versions_and_history_are_append_only_and_without_a_gap(db: PgPool) {
    let _market = Market::open(db.clone(), rules()).await;
    let cases = [
        ("update providers.version set config = ''", "append_only"),
        ("delete from providers.version", "append_only"),
        ("update providers.change set reason = ''", "append_only"),
        ("delete from providers.change", "append_only"),
        (
            "update providers.provider set revision = revision + 2 where id = 'moody'",
            "provider_revision",
        ),
        (
            "update providers.provider set reason = 'x' where id = 'moody'",
            "provider_revision",
        ),
        (
            "update providers.provider set version = 3, revision = revision + 1 where id = 'moody'",
            "provider_revision",
        ),
        (
            "update providers.provider set uid = gen_random_uuid(), revision = revision + 1 where id = 'moody'",
            "provider_identity",
        ),
        (
            "insert into providers.version select provider_id, 3, config, config_sha256, limits, made_by, made_at
             from providers.version where provider_id = 'moody'",
            "version_monotonic",
        ),
    ];
    for (statement, expected) in cases {
        let refused = sqlx::query(statement).execute(&db).await.unwrap_err();
        assert_eq!(constraint(&refused), Some(expected), "{statement}");
    }
}
