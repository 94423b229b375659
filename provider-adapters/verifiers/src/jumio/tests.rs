use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use domain::ports::{
    Again, Begun, Hook, HookEvent, HookRefusal, NewVerification, RejectKind, VendorRef, VendorStatus, Verifier,
    VerifyError,
};
use sandbox::identity::{ApiFault, Webhook};
use sandbox::jumio::{CLIENT_ID, CLIENT_SECRET, JumioHandle, spawn};
use sdk::net::NetworkPolicy;
use sdk::{Clock, Endpoint, HttpClient, Secret};
use uuid::Uuid;

use super::{Hosts, Jumio, Tokens, callback_token};
use crate::limit::Limit;
use crate::stage::{Hand, Lots, claimed, consent, hand, session, soon, world};
use crate::{Multipart, Part};

struct Stage {
    hand: Arc<Hand>,
    vendor: JumioHandle,
    jumio: Jumio,
}

async fn stage() -> Stage {
    let hand = hand();
    let vendor = spawn(world(&hand)).await.unwrap();
    let endpoint = Endpoint::parse(&vendor.base_url, NetworkPolicy::AllowLoopback).unwrap();
    let jumio = Jumio {
        http: HttpClient::new(NetworkPolicy::AllowLoopback).unwrap(),
        hosts: Hosts::one(&endpoint),
        tokens: Arc::new(Tokens::new(
            Secret::new(CLIENT_ID.into()),
            Secret::new(CLIENT_SECRET.into()),
        )),
        user_agent: "Usance/1".into(),
        callback_base: Some("http://127.0.0.1:1/hooks/kyc/jumio".into()),
        callback_key: Some(Secret::new("callback key".into())),
        network: NetworkPolicy::AllowLoopback,
        clock: hand.clone(),
        timeout: Duration::from_mins(1),
        limit: Limit::per_second(NonZeroU32::new(10_000).unwrap()),
    };
    Stage { hand, vendor, jumio }
}

impl Stage {
    async fn begin(&self) -> Result<Begun, VerifyError> {
        let (claimed, consent) = (claimed("Pat Sandbox"), consent());
        let new = NewVerification {
            session: session(),
            level: "10011",
            claimed: &claimed,
            consent: &consent,
        };
        self.jumio.begin(&new, soon()).await
    }

    async fn processed(&self, last_name: &str) -> (VendorRef, VendorStatus) {
        self.vendor.vendor.person("Pat", last_name);
        let of = self.begin().await.unwrap().reference;
        self.vendor.vendor.advance(of.run.as_deref().unwrap(), "PROCESSED");
        let status = self.jumio.fetch(&of, soon()).await.unwrap().status;
        (of, status)
    }
}

fn read(jumio: &Jumio, hook: &Webhook, at: DateTime<Utc>) -> Result<HookEvent, HookRefusal> {
    jumio.read_hook(Hook {
        token: hook.url.rsplit('/').next(),
        headers: &[],
        body: &hook.body,
        at,
    })
}

#[tokio::test]
async fn one_token_serves_until_it_ends_or_is_withdrawn() {
    let stage = stage().await;
    let of = stage.begin().await.unwrap().reference;
    for _ in 0..3 {
        stage.jumio.fetch(&of, soon()).await.unwrap();
    }
    assert_eq!(stage.vendor.vendor.tokens(), 1);
    stage.hand.forward(TimeDelta::seconds(3_541));
    stage.jumio.fetch(&of, soon()).await.unwrap();
    assert_eq!(stage.vendor.vendor.tokens(), 2, "not in its last minute");
    stage.vendor.vendor.withdraw_tokens();
    stage.jumio.fetch(&of, soon()).await.unwrap();
    assert_eq!(stage.vendor.vendor.tokens(), 3, "withdrawn before its time");
    let nameless = Jumio {
        user_agent: " ".into(),
        ..stage.jumio.clone()
    };
    assert_eq!(
        nameless.fetch(&of, soon()).await,
        Err(VerifyError::Refused("403".into()))
    );
}

#[tokio::test]
async fn a_borrower_who_comes_back_gets_a_new_run_of_the_same_account() {
    let stage = stage().await;
    let begun = stage.begin().await.unwrap();
    assert!(begun.link.is_some());
    let consent = consent();
    let again = Again {
        of: &begun.reference,
        consent: &consent,
    };
    let entry = stage.jumio.link(&again, Duration::from_mins(30), soon()).await.unwrap();
    assert_eq!(entry.reference.subject, begun.reference.subject);
    assert_ne!(entry.reference.run, begun.reference.run);
    let device = stage
        .jumio
        .token(&again, Duration::from_mins(30), soon())
        .await
        .unwrap();
    assert!(device.way.token.starts_with("sdk-"));
}

#[tokio::test]
async fn pictures_are_handed_in_and_finalised_at_the_stored_names() {
    let stage = stage().await;
    let of = stage.begin().await.unwrap().reference;
    let part = Part {
        name: "file",
        file: Some("front.png"),
        media: Some("image/png"),
        content: b"\x89PNG",
    };
    let form = Multipart::new("edge", &[part]).unwrap();
    stage.jumio.upload(&of, ("c1", "FRONT"), &form, soon()).await.unwrap();
    stage.jumio.finalize(&of, soon()).await.unwrap();
    assert_eq!(
        stage.jumio.fetch(&of, soon()).await.unwrap().status,
        VendorStatus::Pending
    );
    let large = Multipart {
        body: vec![0; 6 * 1024 * 1024],
        ..form
    };
    assert!(stage.jumio.upload(&of, ("c1", "FRONT"), &large, soon()).await.is_err());
    let elsewhere = VendorRef {
        subject: "../x".into(),
        ..of
    };
    assert!(matches!(
        stage.jumio.fetch(&elsewhere, soon()).await,
        Err(VerifyError::Malformed { .. })
    ));
}

#[tokio::test]
async fn decisions_are_read_and_pictures_may_be_taken_again() {
    let stage = stage().await;
    let (_, VendorStatus::Approved(Some(person))) = stage.processed("Sandbox").await else {
        panic!("not approved");
    };
    assert_eq!(
        (person.given_names.as_str(), person.family_names.as_str()),
        ("Pat", "Sandbox")
    );
    let (_, VendorStatus::Rejected(rejection)) = stage.processed("Reject").await else {
        panic!("not rejected");
    };
    assert_eq!(
        (rejection.kind, rejection.labels),
        (RejectKind::Final, vec!["MANIPULATED_DOCUMENT".to_owned()])
    );
    let (_, VendorStatus::Rejected(rejection)) = stage.processed("Retry").await else {
        panic!("not rejected");
    };
    assert_eq!(
        (rejection.kind, rejection.labels),
        (RejectKind::Retry, vec!["BLURRED".to_owned()])
    );
    assert_eq!(stage.processed("Hold").await.1, VendorStatus::OnHold);
    let of = stage.begin().await.unwrap().reference;
    let run = of.run.clone().unwrap();
    for (status, means) in [
        ("INITIATED", VendorStatus::AwaitingUser),
        ("ACQUIRED", VendorStatus::Pending),
        ("SESSION_EXPIRED", VendorStatus::Expired),
        ("TOKEN_EXPIRED", VendorStatus::Expired),
    ] {
        stage.vendor.vendor.advance(&run, status);
        assert_eq!(stage.jumio.fetch(&of, soon()).await.unwrap().status, means);
    }
    for _ in 0..2 {
        stage.jumio.delete(&of, soon()).await.unwrap();
    }
    assert_eq!(
        stage.jumio.fetch(&of, soon()).await.unwrap().status,
        VendorStatus::Deleted
    );
}

#[tokio::test]
async fn failures_are_sorted_by_what_to_do_next() {
    let stage = stage().await;
    let (of, _) = stage.processed("Sandbox").await;
    let fetch = async |fault: ApiFault| {
        stage.vendor.vendor.set(fault);
        stage.jumio.fetch(&of, soon()).await.unwrap_err()
    };
    assert_eq!(
        fetch(ApiFault::Unavailable).await,
        VerifyError::Unavailable("503".into())
    );
    assert_eq!(fetch(ApiFault::RateLimited).await.code(), "RATE_LIMITED");
    assert_eq!(fetch(ApiFault::UnknownStatus).await.code(), "MALFORMED");
    assert_eq!(fetch(ApiFault::OtherSession).await.code(), "MALFORMED");
    stage.vendor.vendor.set(ApiFault::Silent);
    let at_once = Instant::now() + Duration::from_millis(50);
    assert_eq!(stage.jumio.fetch(&of, at_once).await, Err(VerifyError::TimedOut));
}

#[tokio::test]
async fn of_ten_thousand_forged_callbacks_none_is_taken_and_every_good_one_is() {
    let stage = stage().await;
    let of = stage.begin().await.unwrap().reference;
    let run = of.run.clone().unwrap();
    let mut lots = Lots(0x0dd_ba11);
    let mut good = 0;
    let now = stage.hand.now() + TimeDelta::hours(1);
    for round in 0..10_000 {
        let mut hook = stage.vendor.vendor.advance(&run, "PROCESSED").unwrap();
        if round % 10 == 0 {
            let event = read(&stage.jumio, &hook, now).unwrap();
            assert_eq!((event.session, event.run.as_deref()), (session(), Some(run.as_str())));
            good += 1;
        }
        let edited = |field: &str, value: serde_json::Value| {
            let mut body: serde_json::Value = serde_json::from_slice(&hook.body).unwrap();
            body[field] = value;
            body.to_string().into_bytes()
        };
        let split = hook.url.len() - 64;
        let mut token = hex::decode(&hook.url[split..]).unwrap();
        match lots.draw(6) {
            0 => token[lots.draw(32)] ^= 1 << lots.draw(8),
            1 => token.truncate(lots.draw(32)),
            // The address of one session does not open another one.
            2 => hook.body = edited("userReference", Uuid::from_u128(u128::from(lots.0)).to_string().into()),
            3 => hook.body = edited("userReference", serde_json::Value::Null),
            4 => hook.body = edited("callbackSentAt", "2031-01-01T00:00:00.000Z".into()),
            _ => {
                let other = Secret::new(format!("other {}", lots.0));
                token = hex::decode(callback_token(&other, session())).unwrap();
            }
        }
        hook.url = format!("{}{}", &hook.url[..split], hex::encode(token));
        assert!(read(&stage.jumio, &hook, now).is_err(), "{hook:?}");
    }
    assert_eq!(good, 1_000);
    let hook = stage.vendor.vendor.advance(&run, "PROCESSED").unwrap();
    let silent = Jumio {
        callback_key: None,
        ..stage.jumio.clone()
    };
    assert_eq!(read(&silent, &hook, now), Err(HookRefusal::NoSecret));
}
