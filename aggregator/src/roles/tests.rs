use domain::principal::Group::{Aml, Platform};
use sqlx::PgPool;
use uuid::Uuid;

use super::*;
use crate::quoting::tests::support::{Stage, key};

fn staff(number: u128, role: Role, groups: &[Group]) -> Principal {
    Principal {
        id: PrincipalId(Uuid::from_u128(number)),
        tenant: TenantId(Uuid::from_u128(2)),
        role,
        provider: None,
        standing: Standing::of(groups),
    }
}

async fn stage(db: PgPool, people: &[&Principal]) -> Stage {
    let stage = Stage::new(db, &[]);
    for (number, name) in [(2, "ours"), (12, "theirs")] {
        let tenant = TenantId(Uuid::from_u128(number));
        stage.aggregator.create_tenant(tenant, name).await.unwrap();
    }
    for person in people {
        stage.aggregator.create_principal(person).await.unwrap();
    }
    stage
}

fn wish(who: &Principal, role: Role, groups: &[&str]) -> NewRole {
    NewRole {
        principal: who.id,
        role,
        groups: groups.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Refused(refusal)) => refusal.code,
        other => format!("{other:?}"),
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_change_of_role_happens_once_and_ends_the_tokens_of_before(db: PgPool) {
    let (root, ada) = (staff(71, Role::Admin, &[Platform]), staff(72, Role::Officer, &[]));
    let stage = stage(db.clone(), &[&root, &ada]).await;
    let a = &stage.aggregator;
    assert!(a.is_current(&ada));
    let new = wish(&ada, Role::Manager, &["aml"]);
    let view = a.change_role(&root, &key("1"), new.clone(), "promoted").await.unwrap();
    assert_eq!(
        (view.role, view.revision, view.groups.as_slice()),
        (Role::Manager, 1, &["aml".to_owned()][..])
    );
    assert_eq!(
        a.change_role(&root, &key("1"), new.clone(), "promoted").await.unwrap(),
        view
    );
    assert_eq!(
        code(a.change_role(&root, &key("2"), new, "again").await),
        "ROLE_UNCHANGED"
    );
    assert!(!a.is_current(&ada), "a token of the officer is no longer good");
    let now = a.principal(ada.id).await.unwrap();
    assert!(a.is_current(&now) && now.standing.is_in(Aml) && now.role == Role::Manager);

    // Another process reads it from the database.
    let other = Stage::new(db.clone(), &[]);
    assert!(other.aggregator.is_current(&ada));
    other.aggregator.refresh_roles().await.unwrap();
    assert!(!other.aggregator.is_current(&ada) && other.aggregator.is_current(&now));

    let kept: i64 = sqlx::query_scalar("select count(*) from identity.role_change")
        .fetch_one(&db)
        .await
        .unwrap();
    assert_eq!(kept, 1);
    for statement in [
        "update identity.role_change set reason = 'x'",
        "delete from identity.role_change",
        "update identity.principal set role = 'admin' where role = 'manager'",
        "update identity.principal set role = 'borrower', revision = 2, changed_at = now() where role = 'manager'",
        "update identity.principal set tenant_id = '00000000-0000-0000-0000-00000000000c'",
    ] {
        assert!(sqlx::query(statement).execute(&db).await.is_err(), "{statement}");
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn nobody_raises_themselves_or_gives_what_they_do_not_have(db: PgPool) {
    let root = staff(71, Role::Admin, &[Platform]);
    let bound = staff(73, Role::Admin, &[]);
    let officer = staff(72, Role::Officer, &[]);
    let customer = staff(74, Role::Borrower, &[]);
    let foreign = Principal {
        tenant: TenantId(Uuid::from_u128(12)),
        ..staff(75, Role::Officer, &[])
    };
    let stage = stage(db, &[&root, &bound, &officer, &customer, &foreign]).await;
    let a = &stage.aggregator;
    let to = |who: &Principal, groups: &[&str]| wish(who, Role::Manager, groups);

    let own = a.change_role(&root, &key("own"), to(&root, &[]), "me").await;
    assert!(matches!(own, Err(Error::Forbidden)), "{own:?}");
    for nobody in [&officer, &customer, &staff(76, Role::CreditHead, &[Platform])] {
        let result = a.change_role(nobody, &key("no"), to(&officer, &[]), "me").await;
        assert!(matches!(result, Err(Error::Forbidden)), "{result:?}");
        assert!(matches!(
            a.principal_view(nobody, officer.id).await,
            Err(Error::Forbidden)
        ));
    }
    let raised = a
        .change_role(&bound, &key("raise"), to(&officer, &["platform"]), "wide")
        .await;
    assert!(matches!(raised, Err(Error::Forbidden)), "{raised:?}");
    // A principal of another tenant is answered like one that is not there.
    let nobody = staff(99, Role::Officer, &[]);
    for hidden in [&foreign, &nobody] {
        let result = a.change_role(&bound, &key("far"), to(hidden, &[]), "far").await;
        assert!(matches!(result, Err(Error::NotFound)), "{result:?}");
        assert!(matches!(
            a.principal_view(&bound, hidden.id).await,
            Err(Error::NotFound)
        ));
    }
    assert!(
        a.change_role(&root, &key("far"), to(&foreign, &[]), "far")
            .await
            .is_ok()
    );
    assert_eq!(
        code(a.change_role(&root, &key("c"), to(&customer, &[]), "staff").await),
        "NOT_STAFF"
    );
    let down = wish(&officer, Role::Borrower, &[]);
    assert_eq!(
        code(a.change_role(&root, &key("d"), down, "customer").await),
        "NOT_STAFF"
    );
    assert!(a.is_current(&officer), "nothing changed");
}

#[sqlx::test(migrations = "./migrations")]
async fn customers_are_in_no_group_and_our_processes_have_no_client(db: PgPool) {
    let process = staff(80, Role::System, &[]);
    let stage = stage(db.clone(), &[&process]).await;
    let a = &stage.aggregator;
    let grouped = a.create_principal(&staff(81, Role::Borrower, &[Aml])).await;
    assert!(matches!(grouped, Err(Error::Invalid { .. })), "{grouped:?}");
    let secret = "x".repeat(32);
    assert_eq!(code(a.create_client("robot", process.id, &secret).await), "NO_CLIENT");
    let forced =
        sqlx::query("insert into identity.client values ('robot', $1, decode(repeat('00', 32), 'hex'), now())")
            .bind(process.id.0)
            .execute(&db)
            .await;
    assert!(forced.is_err());
}
