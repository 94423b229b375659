//! The adapters against key services that speak the true interfaces, faults included.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use chrono::{DateTime, Utc};
use domain::ports::{Clock, Ids};
use privacy::{DataKey, KeyContext, KeyId, Kms, KmsError};
use sandbox::kms::{ACCESS_KEY, KEY, KmsFault, KmsHandle, KmsKind, REGION, TOKEN, spawn};
use sdk::NetworkPolicy;
use usance_kms::{KmsConfig, Parts};
use uuid::Uuid;

struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        "2026-01-10T12:00:00Z".parse().unwrap()
    }
}

struct Counter(AtomicU64);

impl Ids for Counter {
    fn next(&self) -> Uuid {
        Uuid::from_u128(u128::from(self.0.fetch_add(1, Ordering::SeqCst)))
    }
}

async fn service(kind: KmsKind) -> KmsHandle {
    let world = sandbox::World {
        clock: Arc::new(Noon),
        ids: Arc::new(Counter(AtomicU64::new(1))),
    };
    spawn(kind, world).await.unwrap()
}

fn adapter(handle: &KmsHandle, kind: KmsKind, (key, secret): (&str, &str), timeout_ms: u64) -> Arc<dyn Kms> {
    let url = handle.base_url.clone();
    let config = match kind {
        KmsKind::Vault => KmsConfig::Vault {
            url,
            mount: "transit".into(),
            key: key.into(),
            token: secret.into(),
            namespace: Some("team/usance".into()),
            timeout_ms,
        },
        KmsKind::Aws => KmsConfig::Aws {
            region: REGION.into(),
            key: key.into(),
            access_key_id: ACCESS_KEY.into(),
            secret_access_key: secret.into(),
            session_token: Some("session".into()),
            url: Some(url),
            timeout_ms,
        },
    };
    let parts = Parts {
        network: NetworkPolicy::AllowLoopback,
        clock: Arc::new(Noon),
    };
    config.build(&parts).unwrap()
}

const BOTH: [KmsKind; 2] = [KmsKind::Vault, KmsKind::Aws];

fn context(tenant: u128) -> KeyContext {
    KeyContext {
        tenant: Uuid::from_u128(tenant),
        key: Uuid::from_u128(5),
    }
}

fn data_key() -> DataKey {
    DataKey::generate(KeyId(context(1).key)).unwrap()
}

#[tokio::test]
async fn a_key_comes_back_for_its_own_tenant_and_for_no_other() {
    for kind in BOTH {
        let handle = service(kind).await;
        let kms = adapter(&handle, kind, (KEY, TOKEN), 60_000);
        let key = data_key();
        let wrapped = kms.wrap(&key, &context(1)).await.unwrap();
        assert_eq!(wrapped.by, kms.newest().await.unwrap());
        let back = kms.unwrap(&wrapped, &context(1)).await.unwrap();
        assert_eq!((back.secret(), back.id()), (key.secret(), key.id()));
        assert_eq!(
            kms.unwrap(&wrapped, &context(2)).await.unwrap_err(),
            KmsError::Foreign,
            "{kind:?}"
        );
        assert_eq!(
            kms.rewrap(&wrapped, &context(2)).await.unwrap_err(),
            KmsError::Foreign,
            "{kind:?}"
        );
        let mut altered = wrapped.clone();
        *altered.bytes.last_mut().unwrap() ^= 1;
        assert_eq!(
            kms.unwrap(&altered, &context(1)).await.unwrap_err(),
            KmsError::Foreign,
            "{kind:?}"
        );
    }
}

#[tokio::test]
async fn a_rotation_at_vault_is_seen_and_the_old_version_can_go() {
    let handle = service(KmsKind::Vault).await;
    let kms = adapter(&handle, KmsKind::Vault, (KEY, TOKEN), 60_000);
    let key = data_key();
    let wrapped = kms.wrap(&key, &context(1)).await.unwrap();
    handle.kms.rotate();
    assert_eq!(kms.newest().await.unwrap(), "vault:transit/usance:2");
    let again = kms.rewrap(&wrapped, &context(1)).await.unwrap();
    assert_eq!(again.by, "vault:transit/usance:2");
    handle.kms.forget_before(2);
    assert!(matches!(
        kms.unwrap(&wrapped, &context(1)).await,
        Err(KmsError::Destroyed(_))
    ));
    assert_eq!(kms.unwrap(&again, &context(1)).await.unwrap().secret(), key.secret());
    let calls = handle.kms.calls();
    assert!(
        calls.contains(&"POST /v1/transit/rewrap/usance".to_owned()),
        "{calls:?}"
    );
    assert_eq!(
        calls.iter().filter(|call| call.contains("decrypt")).count(),
        2,
        "wrapping anew shows us no key"
    );
}

#[tokio::test]
async fn another_key_at_aws_is_a_rotation_and_the_old_one_still_unwraps() {
    let handle = service(KmsKind::Aws).await;
    let old = adapter(
        &handle,
        KmsKind::Aws,
        ("arn:aws:kms:eu-central-1:1:key/one", TOKEN),
        60_000,
    );
    let new = adapter(
        &handle,
        KmsKind::Aws,
        ("arn:aws:kms:eu-central-1:1:key/two", TOKEN),
        60_000,
    );
    let key = data_key();
    let wrapped = old.wrap(&key, &context(1)).await.unwrap();
    assert_ne!(wrapped.by, new.newest().await.unwrap());
    assert_eq!(new.unwrap(&wrapped, &context(1)).await.unwrap().secret(), key.secret());
    let again = new.rewrap(&wrapped, &context(1)).await.unwrap();
    assert_eq!(again.by, "aws:arn:aws:kms:eu-central-1:1:key/two");
    assert_eq!(new.unwrap(&again, &context(1)).await.unwrap().secret(), key.secret());
    assert_eq!(handle.kms.calls(), ["Encrypt", "Decrypt", "ReEncrypt", "Decrypt"]);
}

#[tokio::test]
async fn wrong_credentials_are_refused_and_are_not_an_outage() {
    for kind in BOTH {
        let handle = service(kind).await;
        let kms = adapter(&handle, kind, (KEY, "not the secret"), 60_000);
        let refused = kms.wrap(&data_key(), &context(1)).await;
        assert!(matches!(refused, Err(KmsError::Refused(_))), "{kind:?} {refused:?}");
    }
}

#[tokio::test]
async fn every_fault_has_its_meaning_and_no_error_repeats_a_secret() {
    for kind in BOTH {
        let handle = service(kind).await;
        let kms = adapter(&handle, kind, (KEY, TOKEN), 60_000);
        let wrapped = kms.wrap(&data_key(), &context(1)).await.unwrap();
        for fault in [
            KmsFault::Down,
            KmsFault::Throttled,
            KmsFault::Denied,
            KmsFault::KeyGone,
            KmsFault::NotJson,
            KmsFault::Malformed,
            KmsFault::Short,
        ] {
            handle.kms.set(fault);
            let error = kms.unwrap(&wrapped, &context(1)).await.unwrap_err();
            let fits = match fault {
                KmsFault::Down | KmsFault::Throttled => matches!(error, KmsError::Unavailable(_)),
                KmsFault::Denied => matches!(error, KmsError::Refused(_)),
                KmsFault::KeyGone => matches!(error, KmsError::Destroyed(_)),
                _ => matches!(error, KmsError::Malformed(_)),
            };
            assert!(fits, "{kind:?} {fault:?} {error:?}");
            let text = format!("{error} {error:?} {wrapped:?} {}", kms.name());
            assert!(!text.contains(TOKEN) && !text.contains("sandbox"), "{text}");
        }
        handle.kms.set(KmsFault::None);
        assert!(kms.unwrap(&wrapped, &context(1)).await.is_ok());
    }
}

#[tokio::test]
async fn a_silent_service_is_an_outage() {
    for kind in BOTH {
        let handle = service(kind).await;
        handle.kms.set(KmsFault::Silent);
        let kms = adapter(&handle, kind, (KEY, TOKEN), 20);
        let silent = kms.wrap(&data_key(), &context(1)).await;
        assert!(matches!(silent, Err(KmsError::Unavailable(_))), "{kind:?} {silent:?}");
    }
}

#[tokio::test]
async fn a_transit_key_that_would_ignore_the_context_is_refused() {
    let handle = service(KmsKind::Vault).await;
    handle.kms.set(KmsFault::NotDerived);
    let kms = adapter(&handle, KmsKind::Vault, (KEY, TOKEN), 60_000);
    assert!(matches!(kms.newest().await, Err(KmsError::Refused(_))));
}
