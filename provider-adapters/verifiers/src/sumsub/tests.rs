use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::ports::{
    Again, Begun, Hook, HookEvent, HookRefusal, NewVerification, RejectKind, VendorStatus, Verifier, VerifyError,
};
use sandbox::identity::{ApiFault, HookFault, Webhook, hex_digest};
use sandbox::sumsub::{SumsubHandle, SumsubSetup, spawn};
use sdk::net::NetworkPolicy;
use sdk::{Clock, Endpoint, HttpClient, Secret};

use super::{DigestAlgorithm, Sumsub, id_document, sign, signed_head};
use crate::limit::Limit;
use crate::stage::{Hand, Lots, claimed, consent, hand, session, soon, world};

struct Stage {
    hand: Arc<Hand>,
    vendor: SumsubHandle,
    sumsub: Sumsub,
}

async fn stage() -> Stage {
    let hand = hand();
    let setup = SumsubSetup::development();
    let vendor = spawn(setup.clone(), world(&hand)).await.unwrap();
    let sumsub = Sumsub {
        http: HttpClient::new(NetworkPolicy::AllowLoopback).unwrap(),
        endpoint: Endpoint::parse(&vendor.base_url, NetworkPolicy::AllowLoopback).unwrap(),
        app_token: Secret::new(setup.app_token),
        secret: Secret::new(setup.secret),
        webhook_secret: Some(Secret::new(setup.webhook_secret)),
        digest: DigestAlgorithm::Sha256,
        production: false,
        network: NetworkPolicy::AllowLoopback,
        clock: hand.clone(),
        timeout: Duration::from_mins(1),
        limit: Limit::per_second(NonZeroU32::new(10_000).unwrap()),
    };
    Stage { hand, vendor, sumsub }
}

impl Stage {
    async fn begin(&self, name: &str) -> Result<Begun, VerifyError> {
        let (claimed, consent) = (claimed(name), consent());
        let new = NewVerification {
            session: session(),
            level: "id-and-liveness",
            claimed: &claimed,
            consent: &consent,
        };
        self.sumsub.begin(&new, soon()).await
    }

    async fn fetched(&self, name: &str) -> VendorStatus {
        let begun = self.begin(name).await.unwrap();
        self.vendor.vendor.submit(&begun.reference.subject);
        self.sumsub.fetch(&begun.reference, soon()).await.unwrap().status
    }

    fn read(&self, hook: &Webhook) -> Result<HookEvent, HookRefusal> {
        read(&self.sumsub, hook, self.hand.now())
    }
}

fn read(sumsub: &Sumsub, hook: &Webhook, at: chrono::DateTime<chrono::Utc>) -> Result<HookEvent, HookRefusal> {
    let headers: Vec<(&str, &str)> = hook.headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    sumsub.read_hook(Hook {
        token: None,
        headers: &headers,
        body: &hook.body,
        at,
    })
}

/// Made with `printf '1700000000POST/resources/applicants?levelName=basic{"a":1}' | openssl dgst -sha256 -hmac secret`, and so on.
#[test]
fn signatures_are_those_of_openssl_also_over_the_bytes_of_a_form() {
    let head = signed_head(1_700_000_000, "POST", "/resources/applicants?levelName=basic");
    assert_eq!(head, "1700000000POST/resources/applicants?levelName=basic");
    assert_eq!(
        sign("secret", &head, br#"{"a":1}"#),
        "29f3ca431549e24ce7164973c80206fb85b3cdb17894ecf284a9b68239de9e99"
    );
    let form = id_document("edge", "PASSPORT", "DEU", "image/png", b"\x89PNG\x00\xff").unwrap();
    let head = signed_head(1_700_000_000, "POST", "/resources/applicants/1/info/idDoc");
    assert_eq!(
        sign("secret", &head, &form.body),
        "7b71d4a1a1d2dc2de0f5e0e2e1d28e3e059682ccc5388c798cc401a7c2623b8d"
    );
}

#[tokio::test]
async fn a_session_is_begun_once_whatever_is_repeated() {
    let stage = stage().await;
    let first = stage.begin("Ada Sample").await.unwrap();
    let again = stage.begin("Ada Sample").await.unwrap();
    assert_eq!(first, again);
    let calls = stage.vendor.vendor.calls();
    assert_eq!(calls.len(), 3, "the second finds the first: {calls:?}");
}

#[tokio::test]
async fn pages_tokens_and_documents_reach_the_session() {
    let stage = stage().await;
    let of = stage.begin("Ada Sample").await.unwrap().reference;
    let consent = consent();
    let again = Again {
        of: &of,
        consent: &consent,
    };
    let link = stage
        .sumsub
        .link(&again, Duration::from_mins(30), soon())
        .await
        .unwrap();
    assert!(link.way.url.starts_with(&stage.vendor.base_url) && link.reference == of);
    assert_eq!(link.way.until, stage.hand.now() + TimeDelta::minutes(30));
    let token = stage
        .sumsub
        .token(&again, Duration::from_mins(30), soon())
        .await
        .unwrap();
    assert!(token.way.token.starts_with("_act-"));
    let form = id_document("edge", "PASSPORT", "DEU", "image/png", b"\x89PNG\x00\xff").unwrap();
    assert_eq!(
        stage.sumsub.add_document(&of.subject, &form, soon()).await.unwrap(),
        "1337"
    );
    let green = serde_json::json!({ "reviewAnswer": "GREEN", "rejectLabels": [] });
    stage
        .sumsub
        .complete_in_sandbox(&of.subject, &green, soon())
        .await
        .unwrap();
    let fetched = stage.sumsub.fetch(&of, soon()).await.unwrap();
    assert_eq!(
        fetched.status,
        VendorStatus::Approved(None),
        "what we said ourselves is no evidence"
    );
    assert_eq!(fetched.level.as_deref(), Some("id-and-liveness"));
}

#[tokio::test]
async fn verdicts_are_read_with_their_kind_and_their_two_comments() {
    let VendorStatus::Approved(Some(person)) = stage().await.fetched("Ada Sample").await else {
        panic!("not approved");
    };
    assert_eq!(
        (person.given_names.as_str(), person.family_names.as_str()),
        ("Ada", "Sample")
    );
    for (name, kind) in [("Ada Reject", RejectKind::Final), ("Ada Retry", RejectKind::Retry)] {
        let VendorStatus::Rejected(rejection) = stage().await.fetched(name).await else {
            panic!("{name} is not rejected");
        };
        assert_eq!((rejection.kind, rejection.labels.len()), (kind, 1));
        assert!(
            rejection
                .public_comment
                .is_some_and(|comment| comment.0.contains("documents"))
        );
        assert!(
            rejection
                .private_comment
                .is_some_and(|comment| comment.0.contains("Sandbox"))
        );
    }
    assert_eq!(stage().await.fetched("Ada Hold").await, VendorStatus::OnHold);
    assert_eq!(stage().await.fetched("Ada Wait").await, VendorStatus::Pending);
    let VendorStatus::Approved(Some(person)) = stage().await.fetched("Ada Other").await else {
        panic!("not approved");
    };
    assert_eq!(person.family_names, "Else");
}

#[tokio::test]
async fn a_forgotten_person_is_gone_and_to_forget_twice_is_once() {
    let stage = stage().await;
    let of = stage.begin("Ada Sample").await.unwrap().reference;
    for _ in 0..2 {
        stage.sumsub.delete(&of, soon()).await.unwrap();
    }
    assert_eq!(
        stage.sumsub.fetch(&of, soon()).await.unwrap().status,
        VendorStatus::Deleted
    );
}

#[tokio::test]
async fn failures_are_sorted_by_what_to_do_next() {
    let stage = stage().await;
    let of = stage.begin("Ada Sample").await.unwrap().reference;
    stage.vendor.vendor.submit(&of.subject);
    let fetch = async |fault: ApiFault| {
        stage.vendor.vendor.set(fault);
        stage.sumsub.fetch(&of, soon()).await.unwrap_err()
    };
    assert_eq!(
        fetch(ApiFault::Unavailable).await,
        VerifyError::Unavailable("503".into())
    );
    let retry_after = Some(Duration::from_secs(7));
    assert_eq!(
        fetch(ApiFault::RateLimited).await,
        VerifyError::RateLimited { retry_after }
    );
    assert_eq!(fetch(ApiFault::Refuses).await, VerifyError::Refused("401".into()));
    assert_eq!(fetch(ApiFault::NotJson).await.code(), "MALFORMED");
    assert_eq!(fetch(ApiFault::UnknownStatus).await.code(), "MALFORMED");
    assert_eq!(
        fetch(ApiFault::OtherSession).await.code(),
        "MALFORMED",
        "another one's documents"
    );
    stage.vendor.vendor.set(ApiFault::Silent);
    let at_once = Instant::now() + Duration::from_millis(50);
    assert_eq!(stage.sumsub.fetch(&of, at_once).await, Err(VerifyError::TimedOut));
    stage.vendor.vendor.set(ApiFault::None);
    let wrong = Sumsub {
        secret: Secret::new("wrong".into()),
        ..stage.sumsub.clone()
    };
    assert_eq!(wrong.fetch(&of, soon()).await, Err(VerifyError::Refused("401".into())));
    let limited = Sumsub {
        limit: Limit::per_minute(NonZeroU32::MIN),
        ..stage.sumsub.clone()
    };
    assert!(limited.fetch(&of, soon()).await.is_err(), "an approval takes two calls");
}

#[tokio::test]
async fn a_webhook_says_what_happened_when_and_to_whom() {
    let stage = stage().await;
    let of = stage.begin("Ada Sample").await.unwrap().reference;
    let hooks = stage.vendor.vendor.submit(&of.subject);
    let events: Vec<HookEvent> = hooks.iter().map(|hook| stage.read(hook).unwrap()).collect();
    assert_eq!(events[1].kind, "applicantReviewed");
    assert!(
        events
            .iter()
            .all(|event| event.session == session() && event.subject == of.subject)
    );
    assert!(events[0].at_ms < events[1].at_ms && events[0].dedupe != events[1].dedupe);
}

#[tokio::test]
async fn of_ten_thousand_spoilt_webhooks_none_is_taken_and_every_good_one_is() {
    let stage = stage().await;
    let of = stage.begin("Ada Sample").await.unwrap().reference;
    let production = Sumsub {
        production: true,
        ..stage.sumsub.clone()
    };
    let mut lots = Lots(0x5eed_1234_9876_4321);
    let (mut taken, mut good) = (Vec::new(), 0);
    for round in 0..10_000 {
        let hook = stage.vendor.vendor.webhook(&of.subject, "applicantReviewed");
        let now = stage.hand.now() + TimeDelta::hours(1);
        if round % 10 == 0 {
            assert!(read(&production, &hook, now).is_ok());
            good += 1;
        }
        let (spoilt, how) = spoil(&stage, hook, &mut lots);
        match read(&production, &spoilt, now) {
            Ok(event) => taken.push((how, event)),
            Err(refusal) => assert_ne!(refusal, HookRefusal::NoSecret),
        }
    }
    assert_eq!(good, 1_000);
    assert!(taken.is_empty(), "{taken:?}");
    let silent = Sumsub {
        webhook_secret: None,
        ..production
    };
    let hook = stage.vendor.vendor.webhook(&of.subject, "applicantReviewed");
    assert_eq!(read(&silent, &hook, stage.hand.now()), Err(HookRefusal::NoSecret));
}

/// Spoils a good webhook in one of the ways that one may try.
fn spoil(stage: &Stage, mut hook: Webhook, lots: &mut Lots) -> (Webhook, &'static str) {
    let how = match lots.draw(3) {
        0 => bend(&mut hook, lots),
        1 => digest_otherwise(&mut hook, lots),
        _ if lots.draw(8) == 0 => {
            stage.vendor.vendor.set_hooks(HookFault::WrongDigest);
            hook = stage.vendor.vendor.webhook("nobody", "applicantReviewed");
            stage.vendor.vendor.set_hooks(HookFault::None);
            "forged whole"
        }
        _ => say_otherwise(&mut hook, lots),
    };
    (hook, how)
}

/// What one can do who has no secret.
fn bend(hook: &mut Webhook, lots: &mut Lots) -> &'static str {
    match lots.draw(7) {
        0 => {
            let at = lots.draw(hook.body.len());
            hook.body[at] ^= 1 << lots.draw(8);
            "a bit of the body"
        }
        1 => {
            let mut digest = hex::decode(&hook.headers[1].1).unwrap();
            digest[lots.draw(32)] ^= 1 << lots.draw(8);
            hook.headers[1].1 = hex::encode(digest);
            "a bit of the digest"
        }
        2 => {
            hook.headers[1].1.truncate(2 * lots.draw(32));
            "a shorter digest"
        }
        3 => {
            hook.headers.remove(lots.draw(2));
            "a header less"
        }
        4 => {
            let again = hook.headers[lots.draw(2)].clone();
            hook.headers.push(again);
            "a header twice"
        }
        5 => {
            hook.body.extend_from_slice(b" ");
            "a byte more"
        }
        _ => {
            hook.body = edited(hook, "applicantId", "5cb744200a975a67ed1798a4".into());
            "another person"
        }
    }
}

/// Properly digested, but not as agreed.
fn digest_otherwise(hook: &mut Webhook, lots: &mut Lots) -> &'static str {
    let secret = SumsubSetup::development().webhook_secret;
    let body = hook.body.clone();
    match lots.draw(4) {
        0 => {
            resign(hook, "HMAC_SHA1_HEX", body, &secret);
            "by SHA-1"
        }
        1 => {
            resign(hook, "HMAC_SHA512_HEX", body, &secret);
            "by another algorithm than agreed"
        }
        2 => {
            let names = [
                "none",
                "",
                "hmac_sha256_hex",
                "HMAC_MD5_HEX",
                "HMAC_SHA1_HEX",
                "HMAC_SHA512_HEX",
            ];
            names[lots.draw(6)].clone_into(&mut hook.headers[0].1);
            "another name of the algorithm"
        }
        _ => {
            resign(hook, "HMAC_SHA256_HEX", body, ["", "secret", "usance"][lots.draw(3)]);
            "by another secret"
        }
    }
}

/// Authentic, and still not to be taken.
fn say_otherwise(hook: &mut Webhook, lots: &mut Lots) -> &'static str {
    let (body, how) = match lots.draw(3) {
        0 => {
            let modes = [true.into(), serde_json::Value::Null];
            (edited(hook, "sandboxMode", modes[lots.draw(2)].clone()), "of a sandbox")
        }
        1 => {
            let years = ["2031-01-01 00:00:00.000", "yesterday", "", "1969-01-01 00:00:00.000"];
            (
                edited(hook, "createdAtMs", years[lots.draw(4)].into()),
                "of a time that cannot be",
            )
        }
        _ => {
            let field = ["externalUserId", "applicantId", "type", "correlationId"][lots.draw(4)];
            let values: [serde_json::Value; 3] = ["a b".into(), serde_json::Value::Null, "\n".into()];
            (
                edited(hook, field, values[lots.draw(3)].clone()),
                "a field that is none",
            )
        }
    };
    resign(
        hook,
        "HMAC_SHA256_HEX",
        body,
        &SumsubSetup::development().webhook_secret,
    );
    how
}

fn resign(hook: &mut Webhook, algorithm: &str, body: Vec<u8>, key: &str) {
    hook.headers = vec![
        ("x-payload-digest-alg", algorithm.to_owned()),
        ("x-payload-digest", hex_digest(algorithm, key, &body)),
    ];
    hook.body = body;
}

fn edited(hook: &Webhook, field: &str, value: serde_json::Value) -> Vec<u8> {
    let mut body: serde_json::Value = serde_json::from_slice(&hook.body).unwrap();
    body[field] = value;
    body.to_string().into_bytes()
}
