use super::*;
use chrono::{DateTime, Utc};
use std::sync::Mutex;
use uuid::Uuid;

struct At(Mutex<DateTime<Utc>>);

impl Clock for At {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

fn clock() -> Arc<At> {
    Arc::new(At(Mutex::new(DateTime::from_timestamp(1_800_000_000, 0).unwrap())))
}

fn someone() -> Principal {
    Principal {
        id: PrincipalId(Uuid::from_u128(1)),
        tenant: TenantId(Uuid::from_u128(2)),
        role: Role::Provider,
        provider: Some("harbor-bank".parse().unwrap()),
        standing: Standing::default().at(3),
    }
}

fn tokens(issuer: &str, key: u8, clock: Arc<At>) -> Tokens {
    Tokens::new(issuer, &[key; 32], clock).unwrap()
}

#[test]
fn a_token_brings_its_caller_back() {
    let ours = tokens("usance", 1, clock());
    assert_eq!(ours.verify(&ours.issue(&someone()).unwrap()), Some(someone()));
}

#[test]
fn a_token_of_another_key_issuer_or_algorithm_is_refused() {
    let ours = tokens("usance", 1, clock());
    assert_eq!(
        ours.verify(&tokens("usance", 2, clock()).issue(&someone()).unwrap()),
        None
    );
    assert_eq!(
        ours.verify(&tokens("other", 1, clock()).issue(&someone()).unwrap()),
        None
    );
    let good = ours.issue(&someone()).unwrap();
    let (_, rest) = good.split_once('.').unwrap();
    let forged_header = |json: &str| format!("{}.{rest}", URL_SAFE_NO_PAD.encode(json));
    let kid = &ours.kid;
    assert_eq!(
        ours.verify(&forged_header(&format!(r#"{{"alg":"none","kid":"{kid}"}}"#))),
        None
    );
    assert_eq!(
        ours.verify(&forged_header(&format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#))),
        None
    );
    assert_eq!(ours.verify(&forged_header(r#"{"alg":"EdDSA","kid":"else"}"#)), None);
    assert_eq!(ours.verify(&"a".repeat(1 << 20)), None);
    // The public key used as an HMAC secret must not make a valid token.
    let mut header = Header::new(Algorithm::HS256);
    header.kid = Some(kid.clone());
    let claims = serde_json::json!({"iss":"usance","aud":"usance","sub":Uuid::from_u128(1),"iat":0,"nbf":0,
        "exp":9_999_999_999i64,"tenant":Uuid::from_u128(2),"role":"officer"});
    let confused = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(&ours.public)).unwrap();
    assert_eq!(ours.verify(&confused), None);
}

#[test]
fn a_token_lives_fifteen_minutes_and_no_longer() {
    let time = clock();
    let ours = tokens("usance", 1, time.clone());
    let token = ours.issue(&someone()).unwrap();
    let move_to =
        |seconds: i64| *time.0.lock().unwrap() = DateTime::from_timestamp(1_800_000_000 + seconds, 0).unwrap();
    move_to(TOKEN_SECONDS + LEEWAY_SECONDS - 1);
    assert!(ours.verify(&token).is_some());
    move_to(TOKEN_SECONDS + LEEWAY_SECONDS);
    assert!(ours.verify(&token).is_none());
    move_to(-LEEWAY_SECONDS - 1);
    assert!(ours.verify(&token).is_none());
}

/// A token with those claims over ours, rightly signed.
fn signed(ours: &Tokens, claims: &serde_json::Value) -> String {
    let mut all = serde_json::json!({"iss":"usance","aud":"usance","sub":Uuid::from_u128(1),"iat":1_800_000_000,
        "nbf":1_800_000_000,"exp":1_800_000_900,"tenant":Uuid::from_u128(2)});
    for (name, value) in claims.as_object().unwrap() {
        all[name] = value.clone();
    }
    let mut header = Header::new(Algorithm::EdDSA);
    header.kid = Some(ours.kid.clone());
    jsonwebtoken::encode(&header, &all, &ours.encoding).unwrap()
}

#[test]
fn a_token_carries_role_groups_and_revision_of_staff() {
    let ours = tokens("usance", 1, clock());
    for role in Role::ALL.into_iter().filter(|role| role.is_staff()) {
        let who = Principal {
            role,
            provider: None,
            standing: Standing::of(&Group::ALL).at(7),
            ..someone()
        };
        assert_eq!(ours.verify(&ours.issue(&who).unwrap()), Some(who));
    }
}

#[test]
fn claims_that_raise_a_role_make_no_caller_even_when_signed() {
    let ours = tokens("usance", 1, clock());
    let verify = |claims| ours.verify(&signed(&ours, &claims));
    assert!(verify(serde_json::json!({"role": "borrower"})).is_some());
    for claims in [
        serde_json::json!({"role": "system"}),
        serde_json::json!({"role": "root"}),
        serde_json::json!({"role": ["borrower", "admin"]}),
        serde_json::json!({"role": "borrower", "groups": ["platform"]}),
        serde_json::json!({"role": "provider", "groups": ["aml"], "provider": "harbor-bank"}),
        serde_json::json!({"role": "officer", "groups": ["everything"]}),
        serde_json::json!({"role": "officer", "rev": -1}),
    ] {
        assert_eq!(verify(claims.clone()), None, "{claims}");
    }
    let system = Principal {
        role: Role::System,
        provider: None,
        ..someone()
    };
    assert!(ours.issue(&system).is_err());
}
