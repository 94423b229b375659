//! The sandbox under the kit: its honest lenders are green, and each of its lies is caught by the right check.

use std::sync::Arc;

use crate::world::{Counter, ManualClock, PLATFORM, options};
use ::sandbox::Behavior as B;
use ::sandbox::{PlatformKey, SandboxConfig};
use domain::Money;
use sdk::{Endpoint, NetworkPolicy, PrivateKey, PublicKey};
use usance_kit::Report;
use usance_kit::lender::{Options, Target};

/// Checks a standard lender of the sandbox, with a behavior for every request.
async fn check(name: &str, behavior: B, patience_ms: u64) -> Report {
    let clock = Arc::new(ManualClock::default());
    let public = PrivateKey::development(PLATFORM).unwrap().public().to_base64();
    let mut config = SandboxConfig::new(PlatformKey {
        id: PLATFORM.into(),
        public,
    });
    config.lenders.retain(|lender| lender.name.as_str() == name);
    config.lenders[0].behavior = behavior;
    config.lenders[0].delay_ms = 1;
    let world = ::sandbox::World {
        clock: Arc::clone(&clock) as _,
        ids: Arc::new(Counter),
    };
    let sandbox = ::sandbox::spawn(config, world).await.unwrap();
    let lender = &sandbox.lenders[0];
    let target = Target {
        endpoint: Endpoint::parse(&lender.url, NetworkPolicy::AllowLoopback).unwrap(),
        keys: vec![PublicKey::from_base64(&lender.key_id, &lender.public_key).unwrap()],
        capabilities: lender.capabilities.clone(),
    };
    let patience = std::time::Duration::from_millis(patience_ms);
    let amount = Some(Money::new(500_000, lender.capabilities.amounts[0].currency));
    let options = Options {
        patience,
        payout_wait: Some(patience),
        amount,
        ..options(&clock)
    };
    usance_kit::lender::check(&target, &options, &|_| {}).await.unwrap()
}

/// The lenders that declare what their payments say, directly and by callbacks, for installments, in four parts and as a line.
#[tokio::test]
async fn honest_lenders_are_green() {
    for (name, behavior) in [
        ("harbor-bank", B::Normal),
        ("harbor-bank", B::DisburseLater),
        ("harbor-bank", B::Callback),
        ("harbor-bank", B::Slow),
        ("splitpay", B::Normal),
        ("flexline", B::Normal),
    ] {
        let report = check(name, behavior, 30_000).await;
        assert!(report.is_green(), "{name} {behavior:?}\n{}", report.to_human());
    }
}

/// It withholds a fee and declares its nominal rate.
#[tokio::test]
async fn a_misdeclared_apr_is_caught() {
    let report = check("swift-fintech", B::Normal, 30_000).await;
    assert_eq!(report.failed(), ["offer.apr"], "{}", report.to_human());
}

async fn lies(rows: &[(B, &[&str])]) {
    for (behavior, expected) in rows {
        let patience = if matches!(
            behavior,
            B::Silent | B::AcceptLost | B::CallbackUnfinished | B::NeverDisburse
        ) {
            2_000
        } else {
            30_000
        };
        let report = check("harbor-bank", *behavior, patience).await;
        assert_eq!(report.failed(), *expected, "{behavior:?}\n{}", report.to_human());
    }
}

#[tokio::test]
async fn lies_in_offers_are_caught_by_their_rules() {
    lies(&[
        (B::WrongCurrency, &["offer.currency"]),
        (B::BadBreakup, &["offer.breakup"]),
        (B::Expired, &["offer.not-expired"]),
        // At its limit it goes beyond that too.
        (
            B::TooMuch,
            &[
                "limits.maximum",
                "limits.above-maximum",
                "limits.huge-amount",
                "offer.within-asked",
            ],
        ),
        (B::Negative, &["offer.no-negative"]),
        (B::BadDates, &["offer.dates"]),
        (B::BadNet, &["offer.net"]),
    ])
    .await;
}

#[tokio::test]
async fn lies_in_messages_are_caught_by_their_rules() {
    lies(&[
        (B::NotJson, &["schema.json"]),
        (B::TooDeep, &["schema.depth"]),
        (B::OtherRequest, &["schema.request-id"]),
        (B::UnknownField, &["schema.unknown-field"]),
        (B::BadSignature, &["signature.answer-valid"]),
        (B::Unsigned, &["signature.answer-signed"]),
    ])
    .await;
}

/// What takes the whole lender away takes its liveness too.
#[tokio::test]
async fn lenders_that_give_no_answer_are_caught() {
    lies(&[
        (B::Silent, &["reach.answers", "robust.alive"]),
        (B::ServerError, &["reach.no-server-error", "robust.alive"]),
        (
            B::RateLimited,
            &["reach.takes-question", "reach.retry-after", "robust.alive"],
        ),
        (B::Redirect, &["reach.no-redirect", "robust.alive"]),
        (B::TooLarge, &["schema.size", "robust.alive"]),
        (B::CallbackUnfinished, &["callback.final-comes"]),
    ])
    .await;
}

#[tokio::test]
async fn lies_about_loans_are_caught_by_their_rules() {
    lies(&[
        (B::AcceptLost, &["accept.answers"]),
        (B::AcceptUnavailableOnce, &["reach.no-server-error", "accept.takes"]),
        (B::AcceptRejected, &["accept.firm"]),
        (B::NeverDisburse, &["status.settles"]),
        (B::DisburseOther, &["accept.amount"]),
    ])
    .await;
}

/// A lender that declines whoever asks gives nothing to check, and is not called green for it by chance.
#[tokio::test]
async fn a_lender_that_always_declines_passes_what_can_be_tried() {
    let report = check("harbor-bank", B::Decline, 30_000).await;
    assert!(report.failed().is_empty(), "{}", report.to_human());
    assert!(report.counts().skipped > 20, "{}", report.to_human());
}
