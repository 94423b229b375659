//! Sealing, erasing, holding, keeping and rotating, over the database.

use std::sync::Arc;
use std::time::Duration;

use ::privacy::places::{CASE_NOTE, KYC_PERSON, REQUEST_APPLICANT};
use ::privacy::{Email, KeyCache, Limits, LocalKms, NationalId, Pii, Place, Purpose, RecordClass, Whose};
use domain::ids::PrincipalId;
use domain::{Principal, Role};
use sqlx::PgPool;
use uuid::Uuid;

use super::{Vault, VaultError};
use crate::api::{Error, RequestView};
use crate::quoting::tests::support::{Manner, Stage, ask, borrower, key};
use crate::store::identity::{self, PrincipalRow};
use crate::store::to_json;

const NAME: &str = "Quillon Personcanary";

async fn stage(db: PgPool) -> Stage {
    let stage = Stage::new(db, &[("harbor-bank", Manner::Offers(46_000))]);
    let world = stage.aggregator.world();
    let mut conn = world.db.acquire().await.unwrap();
    let (tenant, now) = (borrower().tenant.0, world.clock.now());
    identity::add_tenant(&mut conn, tenant, "t", now).await.unwrap();
    for (id, role) in [
        (borrower().id, "borrower"),
        (officer(1).id, "credit_head"),
        (officer(2).id, "credit_head"),
    ] {
        let row = PrincipalRow {
            id: id.0,
            tenant_id: tenant,
            role: role.into(),
            provider_id: None,
            groups: Vec::new(),
            revision: 0,
        };
        identity::add_principal(&mut conn, &row, now).await.unwrap();
    }
    drop(conn);
    stage
}

fn officer(number: u128) -> Principal {
    Principal {
        id: PrincipalId(Uuid::from_u128(70 + number)),
        role: Role::CreditHead,
        standing: domain::principal::Standing::of(&[domain::principal::Group::Platform]),
        ..borrower()
    }
}

fn person() -> Whose {
    super::whose(borrower().tenant, borrower().id)
}

/// A request of the person in that country, whose quotes have ended.
async fn ended(stage: &Stage, name: &str, country: &str) -> RequestView {
    let mut ask = ask();
    ask.applicant.full_name = NAME.into();
    ask.applicant.date_of_birth = Some("1987-06-05".parse().unwrap());
    ask.jurisdiction.country = country.into();
    if country != "US" {
        ask.jurisdiction.region = None;
    }
    let view = stage.closed_for(name, ask).await;
    stage.clock.advance(Duration::from_hours(2));
    stage.aggregator.expire_requests().await.unwrap();
    view
}

async fn text(stage: &Stage, sql: &'static str) -> String {
    sqlx::query_scalar(sql)
        .fetch_one(&stage.aggregator.world().db)
        .await
        .unwrap()
}

fn code<T: std::fmt::Debug>(result: Result<T, Error>) -> String {
    match result {
        Err(Error::Refused(refusal)) => refusal.code,
        other => panic!("{other:?}"),
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_request_is_stored_without_its_person_and_is_whole_again_for_a_decision(db: PgPool) {
    let stage = stage(db).await;
    let view = ended(&stage, "one", "US").await;
    let body = text(&stage, "select body from quoting.request").await;
    assert!(
        !body.contains("Personcanary") && !body.contains("applicant") && !body.contains("1987"),
        "{body}"
    );
    let request = stage.whole(view.id).await;
    assert_eq!(request.applicant.full_name, NAME);
    let read = text(
        &stage,
        "select string_agg(by || ' ' || purpose, ',') from privacy.exposure",
    )
    .await;
    assert_eq!(read, "usance UNDERWRITING", "the reading is noted");
    let trail = "select action || ' ' || decision from audit.entry where action = 'personal.read'";
    assert_eq!(
        text(&stage, trail).await,
        "personal.read UNDERWRITING",
        "and stands in the audit trail"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_forgotten_person_is_gone_for_good_and_what_they_asked_stays_as_figures(db: PgPool) {
    let stage = stage(db).await;
    let view = ended(&stage, "one", "GB").await;
    let a = &stage.aggregator;
    let asked = a
        .request_erasure(&borrower(), &key("forget"), borrower().id)
        .await
        .unwrap();
    assert_eq!((asked.state.as_str(), asked.kept.len()), ("ACCEPTED", 0));
    let again = a
        .request_erasure(&borrower(), &key("forget"), borrower().id)
        .await
        .unwrap();
    assert_eq!(asked, again, "asked twice by one key, once done");
    assert_eq!(a.erase_next().await.unwrap(), 1);
    assert_eq!(a.erase_next().await.unwrap(), 0);
    let done = a.erasures(&borrower(), None, 10).await.unwrap();
    assert_eq!((done.len(), done[0].state.as_str()), (1, "DONE"));

    let left = text(
        &stage,
        "select count(sealed)::text || ' ' || max(erased_why) from privacy.field",
    )
    .await;
    assert_eq!(left, "0 REQUEST");
    let keys = text(
        &stage,
        "select string_agg(state || (wrapped is null)::text, ',') from privacy_keys.subject_key",
    )
    .await;
    assert_eq!(keys, "DESTROYEDtrue");
    let world = a.world();
    let mut conn = world.db.acquire().await.unwrap();
    let row = crate::store::quoting::request(&mut conn, view.id)
        .await
        .unwrap()
        .unwrap();
    let whole = a.whole_request(&mut conn, &row.asked.request, Purpose::Screening).await;
    assert_eq!(code(whole), "ERASED");
    assert_eq!(a.request(&borrower(), view.id).await.unwrap().amount, view.amount);
    let export = a.export_person(&borrower(), borrower().id).await.unwrap();
    assert_eq!(export["personal"].as_array().unwrap().len(), 0);
    assert_eq!(export["requests"].as_array().unwrap().len(), 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_ciphertext_that_a_restore_brings_back_opens_no_more(db: PgPool) {
    let stage = stage(db).await;
    let view = ended(&stage, "one", "GB").await;
    let a = &stage.aggregator;
    let bytes: Vec<u8> = sqlx::query_scalar("select sealed from privacy.field")
        .fetch_one(&a.world().db)
        .await
        .unwrap();
    let sealed = ::privacy::Sealed::from_bytes(bytes).unwrap();
    let place = Place::new(&REQUEST_APPLICANT, view.id.0, 1);
    assert!(a.world().vault.open(person(), place, &sealed).await.is_ok());
    a.request_erasure(&borrower(), &key("forget"), borrower().id)
        .await
        .unwrap();
    a.erase_next().await.unwrap();
    let opened = a.world().vault.open(person(), place, &sealed).await;
    assert!(matches!(opened, Err(VaultError::Erased)), "{opened:?}");
    // Whoever comes back later gets a new key.
    ended(&stage, "two", "GB").await;
    let states = text(
        &stage,
        "select string_agg(state, ',' order by state) from privacy_keys.subject_key",
    )
    .await;
    assert_eq!(states, "ACTIVE,DESTROYED");
}

#[sqlx::test(migrations = "./migrations")]
async fn what_a_law_or_a_live_credit_keeps_is_named_with_its_day_and_kept(db: PgPool) {
    let stage = stage(db).await;
    let open = stage.closed_for("open", ask()).await;
    let a = &stage.aggregator;
    let live = a
        .request_erasure(&borrower(), &key("live"), borrower().id)
        .await
        .unwrap();
    assert_eq!(
        (live.state.as_str(), live.kept[0].code.as_str()),
        ("REFUSED", "LIVE_CREDIT")
    );
    stage.clock.advance(Duration::from_hours(2));
    a.expire_requests().await.unwrap();
    let law = a
        .request_erasure(&borrower(), &key("law"), borrower().id)
        .await
        .unwrap();
    assert_eq!((law.state.as_str(), law.kept[0].code.as_str()), ("REFUSED", "LAW"));
    assert!(law.kept[0].because.contains("1002.12"), "{law:?}");
    assert_eq!(law.kept[0].until.unwrap().date_naive().to_string(), "2028-02-10");
    assert_eq!(a.erase_next().await.unwrap(), 0, "a refused one is no work");
    assert_eq!(stage.whole(open.id).await.applicant.full_name, "Alex Sample");
    let stranger = a
        .request_erasure(&crate::quoting::tests::support::stranger(), &key("x"), borrower().id)
        .await;
    assert!(matches!(stranger, Err(Error::NotFound)), "{stranger:?}");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_legal_hold_beats_everything_and_needs_two_officers_to_end(db: PgPool) {
    let stage = stage(db).await;
    ended(&stage, "one", "GB").await;
    let (a, subject) = (&stage.aggregator, borrower().id);
    let refused = a.place_hold(&borrower(), &key("h0"), (subject, None), "mine").await;
    assert!(matches!(refused, Err(Error::Forbidden)));
    // It comes after the request was accepted and before it was done.
    let asked = a.request_erasure(&borrower(), &key("forget"), subject).await.unwrap();
    assert_eq!(asked.state, "ACCEPTED");
    let hold = a
        .place_hold(&officer(1), &key("h1"), (subject, None), "litigation")
        .await
        .unwrap();
    a.erase_next().await.unwrap();
    let done = a.erasures(&officer(1), Some(subject), 10).await.unwrap();
    assert_eq!(
        (done[0].state.as_str(), done[0].kept[0].code.as_str()),
        ("DONE", "HOLD")
    );
    stage.clock.advance(Duration::from_hours(24 * 365 * 20));
    assert_eq!(a.retain().await.unwrap(), 0);
    assert_eq!(text(&stage, "select count(sealed)::text from privacy.field").await, "1");

    assert_eq!(
        code(a.release_hold(&officer(1), &key("h2"), (hold.id, "over")).await),
        "FOUR_EYES"
    );
    let alone =
        sqlx::query("update privacy.legal_hold set released_by = placed_by, released_at = now(), release_reason = 'x'")
            .execute(&a.world().db)
            .await
            .unwrap_err();
    assert!(
        alone.to_string().contains("hold_four_eyes"),
        "and the database says so too: {alone}"
    );
    a.release_hold(&officer(2), &key("h3"), (hold.id, "over"))
        .await
        .unwrap();
    assert_eq!(
        code(a.release_hold(&officer(2), &key("h4"), (hold.id, "over")).await),
        "HOLD_RELEASED"
    );
    assert_eq!(a.legal_holds(&officer(1), None, (true, 10)).await.unwrap(), vec![]);
    assert_eq!(a.retain().await.unwrap(), 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn what_was_kept_long_enough_is_erased_with_its_key_and_not_a_day_before(db: PgPool) {
    let stage = stage(db).await;
    ended(&stage, "us", "US").await;
    let a = &stage.aggregator;
    // Recorded on 2026-01-10: 25 months end on 2028-02-10.
    stage.clock.advance(Duration::from_hours(24 * 760));
    assert_eq!(a.retain().await.unwrap(), 0);
    stage.clock.advance(Duration::from_hours(24));
    assert_eq!(a.retain().await.unwrap(), 1);
    assert_eq!(a.retain().await.unwrap(), 0);
    assert_eq!(
        text(&stage, "select max(erased_why) from privacy.field").await,
        "RETENTION"
    );
    assert_eq!(
        text(&stage, "select max(state) from privacy_keys.subject_key").await,
        "DESTROYED"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn a_class_without_a_policy_is_never_erased_by_time(db: PgPool) {
    let stage = stage(db).await;
    sqlx::query("alter table privacy.retention_policy disable trigger all")
        .execute(&stage.aggregator.world().db)
        .await
        .unwrap();
    sqlx::query("delete from privacy.retention_policy")
        .execute(&stage.aggregator.world().db)
        .await
        .unwrap();
    ended(&stage, "one", "GB").await;
    stage.clock.advance(Duration::from_hours(24 * 365 * 50));
    assert_eq!(stage.aggregator.retain().await.unwrap(), 0);
}

#[sqlx::test(migrations = "./migrations")]
async fn requests_of_before_are_sealed_and_the_database_lets_nothing_else_change(db: PgPool) {
    let stage = stage(db).await;
    let view = ended(&stage, "one", "GB").await;
    let (a, db) = (&stage.aggregator, &stage.aggregator.world().db);
    let request = stage.whole(view.id).await;
    let old = Uuid::from_u128(424_242);
    let whole = to_json(&serde_json::json!({ "request": request, "rank_by": "APR" })).unwrap();
    let whole = whole.replace(&view.id.0.to_string(), &old.to_string());
    let insert = "insert into quoting.request (id, tenant_id, borrower_id, state, version, body, lenders, losers, refusal,
        created_at, deadline_at, closed_at) select $1, tenant_id, borrower_id, 'DECLINED', 1, $2, lenders, losers, refusal,
        created_at, deadline_at, created_at from quoting.request";
    sqlx::query(insert).bind(old).bind(&whole).execute(db).await.unwrap();
    assert_eq!(
        stage.whole(old.into()).await.applicant.full_name,
        NAME,
        "readable before"
    );

    let cheat = "update quoting.request set applicant_sealed = true, body = $2 where id = $1";
    let changed = whole.replace("\"HOME_IMPROVEMENT\"", "\"OTHER\"");
    assert_ne!(changed, whole);
    for body in [&changed, &whole] {
        let refused = sqlx::query(cheat).bind(old).bind(body).execute(db).await.unwrap_err();
        assert!(refused.to_string().contains("sealing a request"), "{refused}");
    }
    assert_eq!(a.seal_old_requests().await.unwrap(), 1);
    assert_eq!(a.seal_old_requests().await.unwrap(), 0);
    let body: String = sqlx::query_scalar("select body from quoting.request where id = $1")
        .bind(old)
        .fetch_one(db)
        .await
        .unwrap();
    assert!(!body.contains("Personcanary"), "{body}");
    let again = to_json(&serde_json::json!({ "request": stage.whole(old.into()).await, "rank_by": "APR" })).unwrap();
    assert_eq!(again, whole, "byte for byte what it was");
    let unsealed = "update quoting.request set applicant_sealed = false where id = $1";
    assert!(
        sqlx::query(unsealed).bind(old).execute(db).await.is_err(),
        "there is no way back"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn keys_rotate_layer_by_layer_and_everything_stays_readable(db: PgPool) {
    let mut stage = stage(db).await;
    let view = ended(&stage, "one", "GB").await;
    // A new key of keys.
    let world = stage.aggregator.world().clone();
    let kms = |keys: &[(u32, [u8; 32])]| Arc::new(LocalKms::new(keys.iter().copied()).unwrap());
    let second = (2, [7; 32]);
    let both = kms(&[(1, ::privacy::DEVELOPMENT_KEY), second]);
    let source = (Arc::clone(&world.clock), Arc::clone(&world.ids));
    let vault = Arc::new(Vault::new(both, world.db.clone(), source));
    stage.aggregator = crate::Aggregator::new(crate::World { vault, ..world.clone() });
    let a = Arc::clone(&stage.aggregator);
    assert_eq!(a.rotate_keys().await.unwrap(), 1);
    assert_eq!(a.rotate_keys().await.unwrap(), 0);
    assert_eq!(
        text(&stage, "select max(kek) from privacy_keys.tenant_key").await,
        "local:2"
    );
    // The first one is not needed any more.
    let source = (Arc::clone(&world.clock), Arc::clone(&world.ids));
    let vault = Arc::new(Vault::new(kms(&[second]), world.db.clone(), source));
    stage.aggregator = crate::Aggregator::new(crate::World { vault, ..world });
    let a = Arc::clone(&stage.aggregator);
    assert_eq!(stage.whole(view.id).await.applicant.full_name, NAME);

    a.retire_tenant_key(borrower().tenant).await.unwrap();
    assert_eq!(a.rotate_keys().await.unwrap(), 1);
    assert_eq!(stage.whole(view.id).await.applicant.full_name, NAME);
    let states = "select string_agg(state, ',' order by state) from privacy_keys.tenant_key";
    assert_eq!(text(&stage, states).await, "ACTIVE,DESTROYED");

    a.retire_subject_keys(borrower().tenant, borrower().id).await.unwrap();
    assert_eq!(a.rotate_keys().await.unwrap(), 1, "one value is sealed again");
    assert_eq!(
        a.rotate_keys().await.unwrap(),
        0,
        "the old key is kept while another process may still use it"
    );
    stage.clock.advance(Duration::from_mins(11));
    assert_eq!(a.rotate_keys().await.unwrap(), 1, "then it is destroyed");
    assert_eq!(stage.whole(view.id).await.applicant.full_name, NAME);
    let states = "select string_agg(state, ',' order by state) from privacy_keys.subject_key";
    assert_eq!(text(&stage, states).await, "ACTIVE,DESTROYED");
}

#[sqlx::test(migrations = "./migrations")]
async fn a_value_never_opens_for_another_person_tenant_or_place(db: PgPool) {
    let stage = stage(db).await;
    let vault = &stage.aggregator.world().vault;
    let place = Place::new(&KYC_PERSON, Uuid::from_u128(1), 1);
    let sealed = vault.seal(person(), place, &Pii::new(NAME.into())).await.unwrap();
    let other_tenant = Whose {
        tenant: Uuid::from_u128(999),
        ..person()
    };
    let other_person = Whose {
        subject: Uuid::from_u128(999),
        ..person()
    };
    let wrong = [
        (other_tenant, place),
        (other_person, place),
        (person(), Place::new(&CASE_NOTE, place.row, 1)),
        (person(), Place::new(&KYC_PERSON, Uuid::from_u128(2), 1)),
        (person(), Place::new(&KYC_PERSON, place.row, 2)),
    ];
    for (whose, place) in wrong {
        let opened = vault.open(whose, place, &sealed).await;
        assert!(matches!(opened, Err(VaultError::Foreign)), "{opened:?}");
    }
    // Also where the other one has keys of their own, and where the wrapped key itself is put under another name.
    vault.seal(other_person, place, &Pii::new(vec![1])).await.unwrap();
    assert!(matches!(
        vault.open(other_person, place, &sealed).await,
        Err(VaultError::Foreign)
    ));
}

#[sqlx::test(migrations = "./migrations")]
async fn a_row_is_found_by_an_exact_value_in_its_tenant_until_it_is_erased(db: PgPool) {
    let stage = stage(db).await;
    let world = stage.aggregator.world();
    let (vault, row) = (&world.vault, Uuid::from_u128(1));
    let mut conn = world.db.acquire().await.unwrap();
    let place = Place::new(&KYC_PERSON, row, 1);
    let id = |text: &str| Pii::new(text.to_owned());
    vault
        .put(&mut conn, person(), (place, "GB"), &Pii::new(NAME.into()))
        .await
        .unwrap();
    assert!(
        vault
            .put_index::<NationalId>(&mut conn, (person(), place), &id("QQ 12-34.56 C"))
            .await
            .unwrap()
    );
    assert!(
        !vault
            .put_index::<Email>(&mut conn, (person(), place), &id("none"))
            .await
            .unwrap()
    );
    let found = vault
        .find::<NationalId>(&mut conn, (person().tenant, &KYC_PERSON), &id("qq123456c"))
        .await
        .unwrap();
    assert_eq!(found, vec![(row, person().subject)]);
    let elsewhere = vault
        .find::<NationalId>(&mut conn, (Uuid::from_u128(5), &KYC_PERSON), &id("qq123456c"))
        .await
        .unwrap();
    assert_eq!(elsewhere, vec![]);
    drop(conn);
    stage
        .aggregator
        .request_erasure(&borrower(), &key("forget"), borrower().id)
        .await
        .unwrap();
    stage.aggregator.erase_next().await.unwrap();
    assert_eq!(
        text(&stage, "select count(*)::text from privacy.blind_index").await,
        "0"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn the_export_holds_every_value_and_never_what_the_law_forbids_to_tell(db: PgPool) {
    let stage = stage(db).await;
    let view = ended(&stage, "one", "US").await;
    let world = stage.aggregator.world();
    let mut conn = world.db.acquire().await.unwrap();
    let note = Place::new(&CASE_NOTE, Uuid::from_u128(1), 1);
    world
        .vault
        .put(
            &mut conn,
            person(),
            (note, "US"),
            &Pii::new(b"secret suspicion".to_vec()),
        )
        .await
        .unwrap();
    drop(conn);
    let export = stage
        .aggregator
        .export_person(&borrower(), borrower().id)
        .await
        .unwrap();
    let text_of = export.to_string();
    assert!(text_of.contains(NAME) && text_of.contains("1987-06-05"), "{export:#}");
    assert!(text_of.contains(&view.id.to_string()));
    assert!(
        !text_of.contains("suspicion") && !text_of.contains("cases."),
        "{export:#}"
    );
    assert_eq!(
        export["decisions"].as_array().unwrap().len(),
        3,
        "{:#}",
        export["decisions"]
    );
    let read = text(&stage, "select string_agg(purpose || by, ',') from privacy.exposure").await;
    assert_eq!(read, format!("SUBJECT_ACCESS{}", borrower().id));
    let told = stage
        .aggregator
        .request_erasure(&borrower(), &key("forget"), borrower().id)
        .await
        .unwrap();
    assert!(
        told.kept
            .iter()
            .all(|kept| kept.class == RecordClass::Application.as_str()),
        "{told:?}"
    );
    let other = stage
        .aggregator
        .export_person(&crate::quoting::tests::support::stranger(), borrower().id)
        .await;
    assert!(matches!(other, Err(Error::NotFound)));
}

#[sqlx::test(migrations = "./migrations")]
async fn an_erasure_that_was_interrupted_after_the_keys_is_done_by_the_next_try(db: PgPool) {
    let stage = stage(db).await;
    ended(&stage, "one", "GB").await;
    let a = &stage.aggregator;
    a.request_erasure(&borrower(), &key("forget"), borrower().id)
        .await
        .unwrap();
    a.world()
        .vault
        .destroy(person(), RecordClass::Application)
        .await
        .unwrap();
    assert_eq!(a.erase_next().await.unwrap(), 1);
    assert_eq!(text(&stage, "select count(sealed)::text from privacy.field").await, "0");
}

#[sqlx::test(migrations = "./migrations")]
async fn the_database_keeps_keys_destroyed_and_values_erased(db: PgPool) {
    let stage = stage(db).await;
    ended(&stage, "one", "GB").await;
    let a = &stage.aggregator;
    a.request_erasure(&borrower(), &key("forget"), borrower().id)
        .await
        .unwrap();
    a.erase_next().await.unwrap();
    let forbidden = [
        "update privacy_keys.subject_key set state = 'ACTIVE', wrapped = '\\x00'",
        "update privacy_keys.tenant_key set tenant = gen_random_uuid()",
        "delete from privacy_keys.subject_key",
        "update privacy.field set sealed = '\\x00', erased_at = null, erased_why = null",
        "delete from privacy.field",
        "update privacy.erasure_request set state = 'ACCEPTED'",
        "update privacy.retention_policy set months = 1",
    ];
    for sql in forbidden {
        assert!(sqlx::query(sql).execute(&a.world().db).await.is_err(), "{sql}");
    }
}

#[test]
fn keys_are_kept_in_memory_for_a_minute_at_most() {
    assert_eq!(Limits::default().age, chrono::TimeDelta::minutes(1));
    assert!(KeyCache::<Uuid>::new(Limits::default()).is_empty());
}

#[sqlx::test(migrations = "./migrations")]
async fn an_erasure_takes_verifications_and_the_salts_of_the_audit_trail_along(db: PgPool) {
    let stage = stage(db.clone()).await;
    ended(&stage, "one", "GB").await;
    let a = &stage.aggregator;
    let (tenant, subject) = (borrower().tenant.0, borrower().id.0);
    for (id, borrower) in [(1_u128, subject), (2, uuid::Uuid::from_u128(99))] {
        let session =
            "insert into kyc.session (id, tenant, borrower, vendor, level, vendor_level, state, version, claimed_name,
                                                consent_at, created_at, changed_at)
                       values ($1, $2, $3, 'sumsub', 'STANDARD', 'l', 'CREATED', 1, sha256('x'), now(), now(), now())";
        let salt = "insert into audit.salt (entry_id, tenant, subject, salt) values ($1, $2, $3, sha256('x'))";
        for sql in [session, salt] {
            let id = uuid::Uuid::from_u128(id);
            let query = sqlx::query(sql).bind(id).bind(tenant).bind(borrower);
            query.execute(&db).await.unwrap();
        }
    }
    let asked = a.request_erasure(&borrower(), &key("forget"), borrower().id).await;
    assert!(asked.unwrap().erases.contains(&"IDENTITY".to_owned()));
    assert_eq!(a.erase_next().await.unwrap(), 1);
    let sessions: Vec<(String, i32)> =
        sqlx::query_as("select state, length(claimed_name) from kyc.session order by id")
            .fetch_all(&db)
            .await
            .unwrap();
    assert_eq!(
        sessions,
        [("ERASED".to_owned(), 0), ("CREATED".to_owned(), 32)],
        "of this person alone"
    );
    let salts: Vec<uuid::Uuid> = sqlx::query_scalar("select subject from audit.salt where salt = sha256('x')")
        .fetch_all(&db)
        .await
        .unwrap();
    assert_eq!(salts, [uuid::Uuid::from_u128(99)]);
}
