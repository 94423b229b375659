use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::ports::{VerifyError, WalletScreener, WalletVerdict};
use rust_decimal::Decimal;
use sandbox::identity::ApiFault;
use sandbox::wallets::{CHAINALYSIS_KEY, ELLIPTIC_KEY, ELLIPTIC_SECRET, WalletsHandle, spawn};
use sdk::net::NetworkPolicy;
use sdk::{Endpoint, HttpClient, Secret};

use crate::limit::Limit;
use crate::stage::{hand, soon, wallet, world};
use crate::{Chainalysis, Elliptic};

async fn stage() -> (WalletsHandle, Elliptic, Chainalysis) {
    let hand = hand();
    let services = spawn(world(&hand)).await.unwrap();
    let endpoint = Endpoint::parse(&services.base_url, NetworkPolicy::AllowLoopback).unwrap();
    let http = HttpClient::new(NetworkPolicy::AllowLoopback).unwrap();
    let elliptic = Elliptic {
        http: http.clone(),
        endpoint: endpoint.clone(),
        key: Secret::new(ELLIPTIC_KEY.into()),
        secret: Secret::new(ELLIPTIC_SECRET.into()),
        review_at: Decimal::from(5),
        block_at: Decimal::from(10),
        clock: hand.clone(),
        timeout: Duration::from_mins(1),
        limit: Limit::per_minute(NonZeroU32::new(500).unwrap()),
    };
    let chainalysis = Chainalysis {
        http,
        endpoint,
        key: Secret::new(CHAINALYSIS_KEY.into()),
        clock: Arc::clone(&elliptic.clock),
        timeout: Duration::from_mins(1),
        limit: Limit::per_second(NonZeroU32::new(100).unwrap()),
    };
    (services, elliptic, chainalysis)
}

#[tokio::test]
async fn a_wallet_is_judged_and_what_is_not_known_is_not_clear() {
    let (_services, elliptic, chainalysis) = stage().await;
    let verdict = async |screener: &dyn WalletScreener, end: &str| {
        let found = screener.screen(&wallet(end), soon()).await.unwrap();
        assert_eq!(
            found.evidence.is_empty(),
            found.verdict == WalletVerdict::Clear,
            "{end}"
        );
        found.verdict
    };
    assert_eq!(verdict(&elliptic, "1234").await, WalletVerdict::Clear);
    assert_eq!(verdict(&elliptic, "beef").await, WalletVerdict::Review);
    assert_eq!(verdict(&elliptic, "dead").await, WalletVerdict::Block);
    assert_eq!(
        verdict(&elliptic, "0000").await,
        WalletVerdict::Unknown,
        "no chain has seen it"
    );
    assert_eq!(verdict(&elliptic, "feed").await, WalletVerdict::Unknown, "not finished");
    assert_eq!(verdict(&chainalysis, "1234").await, WalletVerdict::Clear);
    assert_eq!(verdict(&chainalysis, "dead").await, WalletVerdict::Block);
    let stricter = Elliptic {
        block_at: Decimal::from(7),
        ..elliptic
    };
    assert_eq!(verdict(&stricter, "beef").await, WalletVerdict::Block);
}

#[tokio::test]
async fn a_service_that_fails_gives_an_error_and_no_verdict() {
    let (services, elliptic, chainalysis) = stage().await;
    for (fault, code) in [
        (ApiFault::Unavailable, "UNAVAILABLE"),
        (ApiFault::RateLimited, "RATE_LIMITED"),
        (ApiFault::Refuses, "REFUSED"),
        (ApiFault::NotJson, "MALFORMED"),
    ] {
        services.services.set(fault);
        assert_eq!(elliptic.screen(&wallet("1234"), soon()).await.unwrap_err().code(), code);
        assert_eq!(
            chainalysis.screen(&wallet("1234"), soon()).await.unwrap_err().code(),
            code
        );
    }
    services.services.set(ApiFault::Silent);
    let at_once = Instant::now() + Duration::from_millis(50);
    assert_eq!(
        elliptic.screen(&wallet("1234"), at_once).await,
        Err(VerifyError::TimedOut)
    );
    services.services.set(ApiFault::None);
    let wrong = Elliptic {
        secret: Secret::new("AAAA".into()),
        ..elliptic
    };
    assert_eq!(
        wrong.screen(&wallet("1234"), soon()).await,
        Err(VerifyError::Refused("401".into()))
    );
    let wrong = Chainalysis {
        key: Secret::new("AAAA".into()),
        ..chainalysis
    };
    assert_eq!(
        wrong.screen(&wallet("1234"), soon()).await,
        Err(VerifyError::Refused("403".into()))
    );
}
