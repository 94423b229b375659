//! Signing in over the database.

use std::net::IpAddr;

use alloy_primitives::{Address, eip191_hash_message, keccak256};
use chrono::Duration;
use domain::Role;
use domain::ids::TenantId;
use domain::principal::Group;
use sqlx::PgPool;
use uuid::Uuid;

use super::{DEVELOPMENT_PASSWORD, NewPerson, SessionError, SessionSettings, SignedIn, Ticket, WalletSite};
use crate::Settings;
use crate::api::Error;
use crate::quoting::tests::support::Stage;

const GOOD: &str = "correct horse battery";
const HOME: TenantId = TenantId(Uuid::from_u128(2));

async fn stage(db: PgPool) -> Stage {
    let sessions = SessionSettings {
        public_tenant: Some(HOME),
        ..SessionSettings::default()
    };
    let settings = Settings {
        sessions,
        ..Settings::default()
    };
    let stage = Stage::with(db, &[], settings, Vec::new());
    stage.aggregator.create_tenant(HOME, "ours").await.unwrap();
    stage
}

fn pass(stage: &Stage, time: Duration) {
    stage.clock.advance(time.to_std().unwrap());
}

fn from(last: u8) -> IpAddr {
    IpAddr::from([203, 0, 113, last])
}

fn denied<T: std::fmt::Debug>(result: Result<T, SessionError>) -> String {
    match result {
        Err(SessionError::Denied(code)) => code.to_owned(),
        Err(SessionError::TooMany { .. }) => "TOO_MANY".to_owned(),
        Err(SessionError::Failed(Error::Refused(refusal))) => refusal.code,
        Err(SessionError::Failed(Error::Invalid { field, .. })) => field,
        other => format!("{other:?}"),
    }
}

async fn count(db: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(db).await.unwrap()
}

fn officer() -> NewPerson {
    NewPerson {
        id: None,
        login: "Olga@Bank.example".to_owned(),
        tenant: HOME,
        role: Role::Officer,
        provider: None,
        groups: vec![Group::Platform],
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn who_registers_is_a_borrower_and_signs_in_again(db: PgPool) {
    let stage = stage(db.clone()).await;
    let people = stage.aggregator.people();
    let first = people
        .register(" Ada@Mail.example ", GOOD, Some(from(1)))
        .await
        .unwrap();
    assert_eq!((first.principal.role, first.principal.tenant), (Role::Borrower, HOME));
    assert_eq!(first.name, "ada@mail.example");
    let again = people.sign_in("ADA@mail.example", GOOD, Some(from(2))).await.unwrap();
    assert_eq!(
        (again.principal, again.name.as_str()),
        (first.principal.clone(), "ada@mail.example")
    );
    let repeated = people.register("ada@mail.example", GOOD, Some(from(1))).await.unwrap();
    assert_eq!(repeated.principal, first.principal, "a repeated call makes nobody new");
    let other = people
        .register("ada@mail.example", "another good password", Some(from(1)))
        .await;
    assert_eq!(denied(other), "LOGIN_TAKEN");
    for (login, password, field) in [
        ("ada", GOOD, "login"),
        ("ada@mail", GOOD, "login"),
        ("a b@mail.example", GOOD, "login"),
        ("eve@mail.example", "short", "password"),
        ("eve@mail.example", "eve@mail.example", "password"),
        ("eve@mail.example", "aaaaaaaaaaaaaaaa", "password"),
        ("eve@mail.example", "x1".repeat(65).as_str(), "password"),
        (
            "eve@mail.example",
            format!("{DEVELOPMENT_PASSWORD}borrower").as_str(),
            "password",
        ),
    ] {
        assert_eq!(
            denied(people.register(login, password, Some(from(1))).await),
            field,
            "{login}"
        );
    }
    assert_eq!(count(&db, "select count(*) from identity.login").await, 1);
    let recorded = "select count(*) from audit.entry where action in ('person.added', 'session.begun')";
    assert_eq!(count(&db, recorded).await, 4);
}

#[sqlx::test(migrations = "./migrations")]
async fn nothing_that_names_a_person_or_opens_a_session_is_stored_in_clear(db: PgPool) {
    let stage = stage(db.clone()).await;
    let signed_in = stage
        .aggregator
        .people()
        .register("ada@mail.example", GOOD, Some(from(1)))
        .await
        .unwrap();
    let tables = ["login", "session", "session_cookie", "sign_in_try", "principal"];
    for table in tables {
        let query = format!("select coalesce(string_agg(t::text, '|'), '') from identity.{table} t");
        let text: String = sqlx::query_scalar(sqlx::AssertSqlSafe(query))
            .fetch_one(&db)
            .await
            .unwrap();
        let hexed = |clear: &str| hex::encode(clear);
        for secret in ["ada@mail", "mail.example", GOOD, "203.0.113", signed_in.ticket.expose()] {
            assert!(
                !text.contains(secret) && !text.contains(&hexed(secret)),
                "{table}: {secret}"
            );
        }
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn an_unknown_login_and_a_wrong_password_have_one_answer(db: PgPool) {
    let stage = stage(db.clone()).await;
    let people = stage.aggregator.people();
    people.register("ada@mail.example", GOOD, Some(from(1))).await.unwrap();
    let wrong = people
        .sign_in("ada@mail.example", "correct horse batterz", Some(from(1)))
        .await;
    let unknown = people.sign_in("eve@mail.example", GOOD, Some(from(1))).await;
    assert_eq!(format!("{wrong:?}"), format!("{unknown:?}"));
    assert_eq!(denied(wrong), "WRONG_CREDENTIALS");
    // Both are hashed: the one who is not there as well.
    let time = |login: &'static str| async move {
        let began = std::time::Instant::now();
        for _ in 0..4 {
            assert_eq!(
                denied(people.sign_in(login, "not the password", Some(from(9))).await),
                "WRONG_CREDENTIALS"
            );
        }
        began.elapsed()
    };
    let (known, unknown) = (time("ada@mail.example").await, time("nobody@mail.example").await);
    assert!(
        unknown * 5 > known,
        "{unknown:?} tells that nobody is there, against {known:?}"
    );
}

#[sqlx::test(migrations = "./migrations")]
async fn who_guesses_is_locked_out_and_nobody_else(db: PgPool) {
    let stage = stage(db.clone()).await;
    let people = stage.aggregator.people();
    people.register("ada@mail.example", GOOD, Some(from(1))).await.unwrap();
    for login in ["ada@mail.example", "nobody@mail.example"] {
        for _ in 0..10 {
            assert_eq!(
                denied(people.sign_in(login, "not the password", Some(from(7))).await),
                "WRONG_CREDENTIALS"
            );
        }
        assert_eq!(
            denied(people.sign_in(login, GOOD, Some(from(7))).await),
            "TOO_MANY",
            "even with the password"
        );
    }
    people.sign_in("ada@mail.example", GOOD, Some(from(1))).await.unwrap();
    pass(&stage, Duration::minutes(15));
    people.sign_in("ada@mail.example", GOOD, Some(from(7))).await.unwrap();
    for _ in 0..9 {
        assert_eq!(
            denied(people.sign_in("ada@mail.example", "no, not this", Some(from(7))).await),
            "WRONG_CREDENTIALS"
        );
        people.sign_in("ada@mail.example", GOOD, Some(from(7))).await.unwrap();
    }
    pass(&stage, Duration::days(2));
    stage.aggregator.sweep_sessions().await.unwrap();
    assert_eq!(count(&db, "select count(*) from identity.sign_in_try").await, 0);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_cookie_that_was_replaced_and_comes_again_ends_the_session(db: PgPool) {
    let stage = stage(db.clone()).await;
    let people = stage.aggregator.people();
    let first = people.register("ada@mail.example", GOOD, Some(from(1))).await.unwrap();
    let second = people.renew(&first.ticket).await.unwrap();
    assert_ne!(first.ticket, second.ticket);
    assert_eq!(
        (second.principal.clone(), second.name.as_str()),
        (first.principal.clone(), "ada@mail.example")
    );
    // Another tab, a moment later, with the cookie of before: both cookies are good.
    pass(&stage, Duration::seconds(5));
    let beside = people.renew(&first.ticket).await.unwrap();
    let third = people.renew(&beside.ticket).await.unwrap();
    assert_eq!(
        denied(people.renew(&first.ticket).await),
        "NO_SESSION",
        "two behind is no race"
    );
    assert_eq!(
        denied(people.renew(&third.ticket).await),
        "NO_SESSION",
        "the whole session ended"
    );

    let one = people.sign_in("ada@mail.example", GOOD, Some(from(1))).await.unwrap();
    let two = people.renew(&one.ticket).await.unwrap();
    pass(&stage, Duration::seconds(11));
    assert_eq!(
        denied(people.renew(&one.ticket).await),
        "NO_SESSION",
        "too late for a race"
    );
    assert_eq!(denied(people.renew(&two.ticket).await), "NO_SESSION");
    assert_eq!(
        count(&db, "select count(*) from identity.session where ended_why = 'REUSED'").await,
        2
    );
    assert_eq!(
        count(&db, "select count(*) from audit.entry where decision = 'REUSED'").await,
        2
    );
    assert_eq!(
        denied(people.renew(&Ticket::parse(&"0".repeat(64)).unwrap()).await),
        "NO_SESSION"
    );
    for wrong in [
        String::new(),
        "zz".to_owned(),
        "g".repeat(64),
        "0".repeat(65),
        "A".repeat(64),
    ] {
        assert!(Ticket::parse(&wrong).is_none(), "{wrong}");
    }
    let undone = sqlx::query("update identity.session set ended_at = null, ended_why = null")
        .execute(&db)
        .await;
    assert!(undone.is_err(), "what ended stays ended");
}

#[sqlx::test(migrations = "./migrations")]
async fn two_tabs_at_once_both_go_on(db: PgPool) {
    let stage = stage(db.clone()).await;
    let people = stage.aggregator.people();
    let first = people.register("ada@mail.example", GOOD, Some(from(1))).await.unwrap();
    let (one, two) = tokio::join!(people.renew(&first.ticket), people.renew(&first.ticket));
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_ne!(one.ticket, two.ticket);
    people.renew(&two.ticket).await.unwrap();
}

#[sqlx::test(migrations = "./migrations")]
async fn a_session_ends_by_rest_by_age_and_by_signing_out(db: PgPool) {
    let stage = stage(db.clone()).await;
    let people = stage.aggregator.people();
    let rested = people.register("ada@mail.example", GOOD, Some(from(1))).await.unwrap();
    assert_eq!(rested.keep_seconds, 14 * 86_400);
    pass(&stage, Duration::days(14));
    assert_eq!(denied(people.renew(&rested.ticket).await), "NO_SESSION");
    let mut aged = people.sign_in("ada@mail.example", GOOD, Some(from(1))).await.unwrap();
    for _ in 0..2 {
        pass(&stage, Duration::days(13));
        aged = people.renew(&aged.ticket).await.unwrap();
    }
    assert_eq!(aged.keep_seconds, 4 * 86_400, "it ends 30 days after it began");
    pass(&stage, Duration::days(4));
    assert_eq!(denied(people.renew(&aged.ticket).await), "NO_SESSION");
    let out = people.sign_in("ada@mail.example", GOOD, Some(from(1))).await.unwrap();
    people.end(&out.ticket).await.unwrap();
    people.end(&out.ticket).await.unwrap();
    assert_eq!(denied(people.renew(&out.ticket).await), "NO_SESSION");
    pass(&stage, Duration::days(40));
    stage.aggregator.sweep_sessions().await.unwrap();
    assert_eq!(count(&db, "select count(*) from identity.session_cookie").await, 0);
}

#[sqlx::test(migrations = "./migrations")]
async fn an_administrator_adds_changes_and_removes_people(db: PgPool) {
    let stage = stage(db.clone()).await;
    let people = stage.aggregator.people();
    let (principal, made) = people.add(&officer(), None).await.unwrap();
    let made = made.unwrap();
    let signed_in = people.sign_in("olga@bank.example", &made, Some(from(1))).await.unwrap();
    assert_eq!(signed_in.principal, principal);
    assert!(signed_in.principal.standing.is_in(Group::Platform));
    assert_eq!(signed_in.keep_seconds, 2 * 3_600, "staff sign in every day");
    assert_eq!(
        denied(people.add(&officer(), Some(GOOD.to_owned())).await),
        "LOGIN_TAKEN"
    );
    assert_eq!(
        people
            .set_password("olga@bank.example", Some(GOOD.to_owned()))
            .await
            .unwrap(),
        None
    );
    assert_eq!(
        denied(people.renew(&signed_in.ticket).await),
        "NO_SESSION",
        "a new password ends sessions"
    );
    assert_eq!(
        denied(people.sign_in("olga@bank.example", &made, Some(from(1))).await),
        "WRONG_CREDENTIALS"
    );
    let back = people.sign_in("olga@bank.example", GOOD, Some(from(1))).await.unwrap();
    people.remove("OLGA@bank.example").await.unwrap();
    assert_eq!(denied(people.renew(&back.ticket).await), "NO_SESSION");
    assert_eq!(
        denied(people.sign_in("olga@bank.example", GOOD, Some(from(1))).await),
        "WRONG_CREDENTIALS"
    );
    for (role, provider, groups, code) in [
        (Role::System, None, vec![], "NO_LOGIN"),
        (Role::Provider, None, vec![], "provider"),
        (Role::Officer, Some("harbor-bank"), vec![], "provider"),
        (Role::Borrower, None, vec![Group::Aml], "groups"),
    ] {
        let person = NewPerson {
            role,
            provider: provider.map(|name| name.parse().unwrap()),
            groups,
            ..officer()
        };
        assert_eq!(denied(people.add(&person, None).await), code);
    }
    let stranger = NewPerson {
        tenant: TenantId(Uuid::from_u128(99)),
        ..officer()
    };
    assert_eq!(denied(people.add(&stranger, None).await), "tenant");
}

#[sqlx::test(migrations = "./migrations")]
async fn without_a_public_tenant_nobody_registers_and_production_takes_no_password_of_development(db: PgPool) {
    let closed = Stage::new(db.clone(), &[]);
    let people = closed.aggregator.people();
    assert_eq!(
        denied(people.register("ada@mail.example", GOOD, Some(from(1))).await),
        "REGISTRATION_CLOSED"
    );
    closed.aggregator.create_tenant(HOME, "ours").await.unwrap();
    let public = format!("{DEVELOPMENT_PASSWORD}officer");
    let lenient = SessionSettings {
        refuse_development: false,
        ..SessionSettings::default()
    };
    let development = super::People {
        settings: &lenient,
        ..people
    };
    development.add(&officer(), Some(public.clone())).await.unwrap();
    development
        .sign_in("olga@bank.example", &public, Some(from(1)))
        .await
        .unwrap();
    assert_eq!(
        denied(people.sign_in("olga@bank.example", &public, Some(from(1))).await),
        "WRONG_CREDENTIALS"
    );
    let person = NewPerson {
        login: "other@bank.example".to_owned(),
        ..officer()
    };
    assert_eq!(denied(people.add(&person, Some(public)).await), "password");
}

fn site() -> WalletSite {
    WalletSite {
        origin: "https://usance.example".to_owned(),
    }
}

/// A wallet with that key.
struct Wallet(k256::ecdsa::SigningKey);

impl Wallet {
    fn new(seed: &str) -> Self {
        Self(k256::ecdsa::SigningKey::from_slice(keccak256(seed).as_slice()).unwrap())
    }

    fn address(&self) -> Address {
        let point = self.0.verifying_key().to_encoded_point(false);
        Address::from_slice(&keccak256(&point.as_bytes()[1..])[12..])
    }

    fn sign(&self, message: &str) -> String {
        let hash = eip191_hash_message(message.as_bytes());
        let (signature, recovery) = self.0.sign_prehash_recoverable(hash.as_slice()).unwrap();
        let mut bytes = signature.to_bytes().to_vec();
        bytes.push(27 + recovery.to_byte());
        format!("0x{}", hex::encode(bytes))
    }
}

async fn asked(stage: &Stage, wallet: &Wallet) -> String {
    let address = wallet.address().to_checksum(None);
    let challenge = stage
        .aggregator
        .people()
        .challenge(&site(), (&address, 31_337), Some(from(1)))
        .await
        .unwrap();
    assert!(challenge.message.contains(&challenge.nonce));
    challenge.message
}

async fn given(stage: &Stage, message: &str, signature: &str) -> Result<SignedIn, SessionError> {
    let reader = stage.aggregator.world().reader.as_ref();
    stage
        .aggregator
        .people()
        .sign_in_by_wallet(&site(), (message, signature), reader, Some(from(1)))
        .await
}

#[sqlx::test(migrations = "./migrations")]
async fn a_wallet_signs_in_and_stays_the_same_borrower(db: PgPool) {
    let stage = stage(db.clone()).await;
    let wallet = Wallet::new("one");
    let message = asked(&stage, &wallet).await;
    let address = wallet.address().to_checksum(None);
    let lines: Vec<&str> = message.lines().collect();
    assert_eq!(
        lines[0],
        "usance.example wants you to sign in with your Ethereum account:"
    );
    assert_eq!((lines[1], lines[2], lines[4]), (address.as_str(), "", ""));
    assert_eq!(
        (lines[5], lines[6], lines[7], lines[9], lines[10]),
        (
            "URI: https://usance.example/",
            "Version: 1",
            "Chain ID: 31337",
            "Issued At: 2026-01-10T12:00:00Z",
            "Expiration Time: 2026-01-10T12:10:00Z"
        )
    );
    let first = given(&stage, &message, &wallet.sign(&message)).await.unwrap();
    assert_eq!(
        (first.principal.role, first.name.as_str()),
        (Role::Borrower, address.as_str())
    );
    let message = asked(&stage, &wallet).await;
    let again = given(&stage, &message, &wallet.sign(&message)).await.unwrap();
    assert_eq!(again.principal, first.principal);
    assert_eq!(
        stage.aggregator.people().renew(&again.ticket).await.unwrap().name,
        address
    );
    let other = Wallet::new("two");
    let message = asked(&stage, &other).await;
    let stranger = given(&stage, &message, &other.sign(&message)).await.unwrap();
    assert_ne!(stranger.principal.id, first.principal.id);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_signed_message_is_good_once_in_time_as_it_was_and_here(db: PgPool) {
    let stage = stage(db.clone()).await;
    let wallet = Wallet::new("one");
    let message = asked(&stage, &wallet).await;
    for (from, to) in [
        ("usance.example", "evil.example"),
        ("Chain ID: 31337", "Chain ID: 1"),
        ("Expiration Time: 2026", "Expiration Time: 2036"),
        ("Nonce: ", "Nonce: x"),
    ] {
        let forged = message.replace(from, to);
        let result = given(&stage, &forged, &wallet.sign(&forged)).await;
        assert_eq!(denied(result), "WALLET_MESSAGE", "{to}");
    }
    let elsewhere = WalletSite {
        origin: "https://other.example".to_owned(),
    };
    let reader = stage.aggregator.world().reader.as_ref();
    let signature = wallet.sign(&message);
    let people = stage.aggregator.people();
    let result = people
        .sign_in_by_wallet(&elsewhere, (&message, &signature), reader, Some(from(1)))
        .await;
    assert_eq!(denied(result), "WALLET_MESSAGE", "a message of another site");
    let foreign = Wallet::new("two").sign(&message);
    assert_eq!(denied(given(&stage, &message, &foreign).await), "WALLET_SIGNATURE");
    assert_eq!(denied(given(&stage, &message, "0x").await), "signature");
    assert_eq!(denied(given(&stage, &message, "hello").await), "signature");
    given(&stage, &message, &signature).await.unwrap();
    assert_eq!(
        denied(given(&stage, &message, &signature).await),
        "WALLET_EXPIRED",
        "replayed"
    );
    let late = asked(&stage, &wallet).await;
    pass(&stage, Duration::minutes(10));
    assert_eq!(
        denied(given(&stage, &late, &wallet.sign(&late)).await),
        "WALLET_EXPIRED"
    );
    let people = stage.aggregator.people();
    for (address, chain, field) in [
        ("0x12", 1, "address"),
        (wallet.address().to_string().as_str(), 0, "chainId"),
    ] {
        assert_eq!(
            denied(people.challenge(&site(), (address, chain), Some(from(1))).await),
            field
        );
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn a_signed_message_raced_signs_in_once(db: PgPool) {
    let stage = stage(db.clone()).await;
    let wallet = Wallet::new("one");
    let message = asked(&stage, &wallet).await;
    let signature = wallet.sign(&message);
    let (one, two) = tokio::join!(given(&stage, &message, &signature), given(&stage, &message, &signature));
    assert_eq!(u8::from(one.is_ok()) + u8::from(two.is_ok()), 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_person_who_was_forgotten_has_no_login(db: PgPool) {
    let stage = stage(db.clone()).await;
    let signed_in = stage
        .aggregator
        .people()
        .register("ada@mail.example", GOOD, Some(from(1)))
        .await
        .unwrap();
    let key = crate::quoting::tests::support::key("forget");
    let me = signed_in.principal.clone();
    let asked = stage.aggregator.request_erasure(&me, &key, me.id).await.unwrap();
    assert_eq!(asked.state, "ACCEPTED");
    assert_eq!(stage.aggregator.erase_next().await.unwrap(), 1);
    assert_eq!(count(&db, "select count(*) from identity.login").await, 0);
    assert_eq!(count(&db, "select count(*) from identity.session").await, 0);
    let people = stage.aggregator.people();
    assert_eq!(
        denied(people.sign_in("ada@mail.example", GOOD, Some(from(1))).await),
        "WRONG_CREDENTIALS"
    );
}
