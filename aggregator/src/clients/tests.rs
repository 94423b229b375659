//! API clients over the database.

use std::time::Duration;

use domain::ids::PrincipalId;
use domain::principal::{Group, Standing};
use domain::{Principal, Role};
use sqlx::PgPool;
use uuid::Uuid;

use crate::api::{Error, IdempotencyKey};
use crate::quoting::tests::support::{Stage, borrower};

pub(crate) fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::parse(name).unwrap()
}

/// Somebody of that role: of the borrower's tenant, or of another one.
pub(crate) fn somebody(number: u128, role: Role, foreign: bool) -> Principal {
    Principal {
        id: PrincipalId(Uuid::from_u128(7_000 + number)),
        tenant: if foreign {
            Uuid::from_u128(9_999).into()
        } else {
            borrower().tenant
        },
        role,
        provider: None,
        standing: Standing::of(&[]),
    }
}

pub(crate) fn lender(number: u128, name: &str) -> Principal {
    Principal {
        provider: Some(name.parse().unwrap()),
        ..somebody(number, Role::Provider, false)
    }
}

pub(crate) async fn known(stage: &Stage, people: &[&Principal]) {
    for person in people {
        stage.aggregator.create_tenant(person.tenant, "a tenant").await.unwrap();
        stage.aggregator.create_principal(person).await.unwrap();
    }
}

async fn works(stage: &Stage, id: &str, secret: &str) -> Option<Principal> {
    match stage.aggregator.authenticate_client(id, secret).await {
        Ok(principal) => Some(principal),
        Err(Error::NotFound) => None,
        Err(other) => panic!("{other:?}"),
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_client_has_the_rights_of_its_maker_and_a_secret_that_is_shown_once(db: PgPool) {
    let stage = Stage::new(db.clone(), &[]);
    let (shop, bank) = (somebody(1, Role::Integrator, false), lender(2, "harbor-bank"));
    known(&stage, &[&shop, &bank]).await;
    for maker in [&shop, &bank] {
        let made = stage
            .aggregator
            .create_api_client(maker, &key("one"), " Checkout ")
            .await
            .unwrap();
        let secret = made.secret.clone().unwrap();
        let acts = works(&stage, &made.client.id, &secret).await.unwrap();
        assert_ne!(acts.id, maker.id, "what it does is told apart from what its maker does");
        assert_eq!(
            (acts.role, acts.tenant, &acts.provider, acts.standing),
            (maker.role, maker.tenant, &maker.provider, Standing::of(&[]))
        );
        let again = stage
            .aggregator
            .create_api_client(maker, &key("one"), " Checkout ")
            .await
            .unwrap();
        assert_eq!((&again.client.id, again.secret), (&made.client.id, None));
        let stored: String = sqlx::query_scalar(
            "select coalesce(string_agg(answer, ' '), '') || (select coalesce(string_agg(c::text, ' '), '') from identity.client c)
             from identity.idempotency_key",
        )
        .fetch_one(&db)
        .await
        .unwrap();
        assert!(!stored.contains(&secret), "a secret is stored");
        let listed = stage.aggregator.api_clients(maker).await.unwrap();
        assert_eq!(listed.len(), 1, "{listed:?}");
        assert_eq!(listed[0].label.as_deref(), Some("Checkout"));
        assert!(listed[0].last_used_at.is_some());
    }
    for text in ["", "  ", "a\u{7}b"] {
        let refused = stage.aggregator.create_api_client(&shop, &key("bad"), text).await;
        assert!(matches!(refused, Err(Error::Invalid { .. })), "{text:?}");
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn after_a_rotation_both_secrets_work_until_the_overlap_ends(db: PgPool) {
    let stage = Stage::new(db, &[]);
    let shop = somebody(1, Role::Integrator, false);
    known(&stage, &[&shop]).await;
    let a = &stage.aggregator;
    let made = a.create_api_client(&shop, &key("make"), "Checkout").await.unwrap();
    let (id, first) = (made.client.id, made.secret.unwrap());
    let second = a.rotate_api_client_secret(&shop, &key("r1"), &id, None).await.unwrap();
    assert_eq!(
        second.client.previous_until,
        Some(a.world().clock.now() + chrono::Duration::hours(24))
    );
    let second = second.secret.unwrap();
    assert!(works(&stage, &id, &first).await.is_some() && works(&stage, &id, &second).await.is_some());
    stage.clock.advance(Duration::from_hours(24));
    assert!(works(&stage, &id, &first).await.is_none() && works(&stage, &id, &second).await.is_some());
    let third = a
        .rotate_api_client_secret(&shop, &key("r2"), &id, Some(0))
        .await
        .unwrap();
    let third = third.secret.unwrap();
    assert!(
        works(&stage, &id, &second).await.is_none(),
        "it ends at once when that is asked"
    );
    let replayed = a
        .rotate_api_client_secret(&shop, &key("r2"), &id, Some(0))
        .await
        .unwrap();
    assert_eq!(replayed.secret, None);
    assert!(
        works(&stage, &id, &third).await.is_some(),
        "a repeated call rotates nothing"
    );
    assert!(
        a.rotate_api_client_secret(&shop, &key("r3"), &id, Some(169))
            .await
            .is_err()
    );
    let revoked = a.revoke_api_client(&shop, &key("end"), &id).await.unwrap();
    assert!(revoked.revoked_at.is_some());
    assert!(works(&stage, &id, &third).await.is_none());
    let late = a.rotate_api_client_secret(&shop, &key("r4"), &id, None).await;
    assert!(matches!(late, Err(Error::Refused(refusal)) if refusal.code == "CLIENT_REVOKED"));
    assert_eq!(
        a.revoke_api_client(&shop, &key("end-again"), &id).await.unwrap(),
        revoked
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn clients_of_others_do_not_exist_and_staff_stop_them_without_seeing_a_secret(db: PgPool) {
    let stage = Stage::new(db.clone(), &[]);
    let (shop, other) = (
        somebody(1, Role::Integrator, false),
        somebody(2, Role::Integrator, true),
    );
    let (bank, rival) = (lender(3, "harbor-bank"), lender(4, "other-bank"));
    let officer = somebody(5, Role::Officer, false);
    let platform = Principal {
        standing: Standing::of(&[Group::Platform]),
        ..somebody(6, Role::Officer, true)
    };
    let person = borrower();
    known(&stage, &[&shop, &other, &bank, &rival, &officer, &platform, &person]).await;
    let a = &stage.aggregator;
    let of_shop = a
        .create_api_client(&shop, &key("make"), "Checkout")
        .await
        .unwrap()
        .client
        .id;
    let of_bank = a
        .create_api_client(&bank, &key("make"), "Desk")
        .await
        .unwrap()
        .client
        .id;
    a.create_client("kiosk", person.id, &"s".repeat(32)).await.unwrap();
    let ids = async |who: &Principal| -> String {
        let found = a.api_clients(who).await.unwrap();
        let ids: Vec<_> = found.into_iter().map(|client| client.id).collect();
        ids.join(" ")
    };
    assert_eq!(
        ids(&shop).await,
        of_shop,
        "nor those of borrowers and lenders of its tenant"
    );
    assert_eq!(ids(&bank).await, of_bank);
    assert!(ids(&other).await.is_empty() && ids(&rival).await.is_empty());
    assert_eq!(ids(&officer).await, of_shop, "a lender's is the platform's matter");
    assert_eq!(ids(&platform).await.split(' ').count(), 2);
    assert!(matches!(a.api_clients(&person).await, Err(Error::Forbidden)));
    for (who, id) in [
        (&other, &of_shop),
        (&bank, &of_shop),
        (&shop, &of_bank),
        (&rival, &of_bank),
    ] {
        let rotated = a.rotate_api_client_secret(who, &key("theirs"), id, None).await;
        assert!(matches!(rotated, Err(Error::NotFound)), "{rotated:?}");
        let revoked = a.revoke_api_client(who, &key("theirs"), id).await;
        assert!(matches!(revoked, Err(Error::NotFound)), "{revoked:?}");
    }
    let kiosk = a.revoke_api_client(&shop, &key("kiosk"), "kiosk").await;
    assert!(matches!(kiosk, Err(Error::NotFound)), "a borrower's own");
    for staff in [&officer, &platform] {
        let made = a.create_api_client(staff, &key("make"), "mine").await;
        assert!(matches!(made, Err(Error::Forbidden)), "{made:?}");
        let rotated = a.rotate_api_client_secret(staff, &key("r"), &of_shop, None).await;
        assert!(matches!(rotated, Err(Error::Forbidden)), "{rotated:?}");
    }
    a.revoke_api_client(&officer, &key("stop"), &of_shop).await.unwrap();
    let said: Vec<String> =
        sqlx::query_scalar("select action from audit.entry where object_kind = 'api_client' order by n")
            .fetch_all(&db)
            .await
            .unwrap();
    assert_eq!(said, ["api_client.created", "api_client.created", "api_client.revoked"]);
}
