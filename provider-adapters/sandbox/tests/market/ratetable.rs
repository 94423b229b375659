//! The adapter of marketplaces.

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::Rate;
use domain::appraisal::appraise;
use domain::offer::{Binding, FeeTiming, RateKind};
use domain::ports::{Answer, Lender, LenderError, LenderStatus};
use lenders::{RateTableConfig, RateTableLender};
use sdk::{HttpClient, NetworkPolicy};
use serde_json::{Value, json};
use usance_sandbox::World;
use usance_sandbox::ratetable::{Fault, Marketplace, MarketplaceHandle, Originator, spawn, standard_originators};

use crate::scene::{Counting, ask, ask_within, clock, field, offers, order, request, usd};

const TOKEN: &str = "development-token-of-the-marketplace";

async fn marketplace(originators: Vec<Originator>) -> MarketplaceHandle {
    let world = World {
        clock: clock(),
        ids: Arc::new(Counting::default()),
    };
    spawn(Marketplace::new(originators, TOKEN, world)).await.unwrap()
}

fn config(url: &str, folder: &tempfile::TempDir) -> RateTableConfig {
    let token = folder.path().join("token");
    std::fs::write(&token, TOKEN).unwrap();
    let text = format!(
        "id = \"market\"\nurl = \"{url}\"\ntoken = {{ file = \"{}\" }}\npoll_ms = 10\ntimeout_ms = 60000\n[capabilities]\n\
         products = [\"INSTALLMENT\"]\njurisdictions = [{{ country = \"US\" }}]\n\
         amounts = [{{ currency = \"USD\", min = 50000, max = 5000000 }}]\nmin_term_days = 80\nmax_term_days = 1900\ninquiry = \"SOFT\"\n",
        token.display()
    );
    toml::from_str(&text).unwrap()
}

fn lender(config: RateTableConfig) -> RateTableLender {
    let http = HttpClient::new(NetworkPolicy::AllowLoopback).unwrap();
    RateTableLender::new(config, http, NetworkPolicy::AllowLoopback, clock()).unwrap()
}

fn adapter(handle: &MarketplaceHandle) -> (RateTableLender, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    (lender(config(&handle.base_url, &folder)), folder)
}

fn with(key: &str, offer: &[(&str, Value)]) -> Originator {
    let mut one = standard_originators().remove(0);
    one.key = key.into();
    for (name, value) in offer {
        one.offer[*name] = value.clone();
    }
    one
}

#[tokio::test]
async fn a_table_is_read_until_nobody_is_waited_for() {
    let handle = marketplace(standard_originators()).await;
    let (lender, _folder) = adapter(&handle);
    let made = offers(lender.quote(&ask(&request(1, 24))).await);
    assert_eq!(made.len(), 2);
    let heard = handle.marketplace.heard();
    assert_eq!(heard[0], "POST /leads/rateTables");
    assert_eq!(heard.len(), 3, "beta answers at the second read: {heard:?}");
    assert!(heard[1].starts_with("GET /originator/rateTables/"), "{heard:?}");
    assert!(
        made[0].provider_ref.ends_with(" Alpha, Inc."),
        "{}",
        made[0].provider_ref
    );
    assert!(made[1].provider_ref.ends_with(" Beta Credit Union"));
}

#[tokio::test]
async fn the_blocking_twin_answers_in_one_call() {
    let handle = marketplace(standard_originators()).await;
    let folder = tempfile::tempdir().unwrap();
    let config = RateTableConfig {
        blocking_url: Some(handle.base_url.clone()),
        ..config(&handle.base_url, &folder)
    };
    let made = offers(lender(config).quote(&ask(&request(1, 24))).await);
    assert_eq!(made.len(), 2);
    assert_eq!(handle.marketplace.heard(), ["POST /blocking/leads/rateTables"]);
}

#[tokio::test]
async fn a_range_becomes_an_indicative_offer_at_its_worst_end() {
    let handle = marketplace(standard_originators()).await;
    let (lender, _folder) = adapter(&handle);
    let asked = request(1, 24);
    let made = offers(lender.quote(&ask(&asked)).await);
    let alpha = &made[0];
    assert_eq!(alpha.binding, Binding::Indicative);
    assert_eq!(
        (alpha.amounts.offered, alpha.amounts.net_disbursed),
        (usd(500_000), usd(485_000))
    );
    assert_eq!(alpha.repayment.schedule.len(), 24);
    assert_eq!(
        (alpha.rate.kind, alpha.declared.apr),
        (RateKind::Fixed, Rate::from_bps(1_999))
    );
    // The APR of the calendar is the stated maximum, to a hundredth of a percent: the fee is inside it.
    let verified = appraise(&asked, alpha).unwrap().verified.us_apr.unwrap();
    assert!(verified.ppm().abs_diff(199_900) <= 100, "{verified:?}");
    assert!(
        alpha.rate.nominal < alpha.declared.apr,
        "the fee is not in the nominal rate"
    );
    // Another term than the one asked for stays the originator's.
    assert_eq!(made[1].repayment.schedule.len(), 36);
    assert_eq!(made[1].amounts.net_disbursed, usd(500_000));
}

#[tokio::test]
async fn higher_stated_payments_count_and_are_seen_as_a_misdeclared_apr() {
    let stated = with(
        "alpha",
        &[("maxMonthlyPayment", json!(300)), ("minMonthlyPayment", json!(200))],
    );
    let total = with("beta", &[("maxTotalPayment", json!(7_200))]);
    let handle = marketplace(vec![stated, total]).await;
    let (lender, _folder) = adapter(&handle);
    let asked = request(1, 24);
    for offer in offers(lender.quote(&ask(&asked)).await) {
        assert!(offer.repayment.schedule.iter().all(|row| row.total == usd(30_000)));
        let verified = appraise(&asked, &offer).unwrap();
        assert!(
            !verified.flags.is_empty(),
            "the APR said does not fit the payments said"
        );
    }
    // For another amount than ours the stated payments say nothing.
    let asked = domain::request::CreditRequest {
        amount: usd(500_050),
        ..request(2, 24)
    };
    assert!(offers(lender.quote(&ask(&asked)).await)[0].amounts.offered == usd(500_000));
}

#[tokio::test]
async fn what_the_marketplace_earns_changes_nothing() {
    let poor = standard_originators();
    let mut rich = standard_originators();
    for (number, originator) in rich.iter_mut().enumerate() {
        originator.offer["payout"] = json!(9_000 + number);
        originator.offer["recommendationScore"] = json!(100_000 - number);
        originator.offer["conversionProbability"] = json!(0.99);
        originator.offer["sponsored"] = json!(true);
    }
    // A table in the order of what it earns.
    rich.reverse();
    let mut answers = Vec::new();
    for originators in [poor, rich] {
        let handle = marketplace(originators).await;
        let (lender, _folder) = adapter(&handle);
        answers.push(lender.quote(&ask(&request(1, 24))).await.unwrap());
    }
    assert_eq!(answers[0], answers[1]);
}

#[tokio::test]
async fn at_the_deadline_the_answer_is_what_is_there() {
    let handle = marketplace(standard_originators()).await;
    handle.marketplace.set(Fault::NeverFinal);
    let (lender, _folder) = adapter(&handle);
    let (started, time) = (Instant::now(), Duration::from_secs(4));
    let made = offers(lender.quote(&ask_within(&request(1, 24), time)).await);
    assert!(started.elapsed() < time, "an answer after the deadline is none");
    assert!(!made.is_empty());
    // Nothing by then is no answer, and no decline.
    let handle = marketplace(vec![]).await;
    handle.marketplace.set(Fault::NeverFinal);
    let (lender, _folder) = adapter(&handle);
    let nothing = lender
        .quote(&ask_within(&request(1, 24), Duration::from_millis(400)))
        .await;
    assert_eq!(nothing, Err(LenderError::TimedOut));
    let late = lender.quote(&ask_within(&request(2, 24), Duration::ZERO)).await;
    assert_eq!(late, Err(LenderError::TimedOut));
}

#[tokio::test]
async fn a_marketplace_without_offers_declines() {
    let handle = marketplace(vec![]).await;
    let (lender, _folder) = adapter(&handle);
    match lender.quote(&ask(&request(1, 24))).await {
        Ok(Answer::Declined(reasons)) => assert_eq!(reasons[0].code, "NO_OFFER"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn every_fault_has_its_error_and_a_bad_offer_does_not_spoil_the_others() {
    let handle = marketplace(standard_originators()).await;
    let (lender, _folder) = adapter(&handle);
    let fault = |fault| handle.marketplace.set(fault);
    fault(Fault::RateLimited);
    assert_eq!(lender.quote(&ask(&request(1, 24))).await, Err(LenderError::RateLimited));
    fault(Fault::Malformed);
    assert_eq!(field(lender.quote(&ask(&request(2, 24))).await), "loanOffers");
    fault(Fault::RefusesLead);
    let refused = lender.quote(&ask(&request(3, 24))).await;
    let fields = LenderError::Refused("financialInformation.annualIncome".into());
    assert_eq!(
        refused,
        Err(fields),
        "the field, and nothing of the text, which quotes the lead"
    );
    fault(Fault::ReadsLimited);
    assert_eq!(
        offers(lender.quote(&ask(&request(4, 24))).await).len(),
        1,
        "what was there before the limit"
    );
    fault(Fault::OtherTable);
    assert_eq!(
        offers(lender.quote(&ask(&request(5, 24))).await).len(),
        1,
        "another table is not read"
    );
    fault(Fault::RangeTurned);
    let left = offers(lender.quote(&ask(&request(6, 24))).await);
    assert!(
        left.len() == 1 && left[0].provider_ref.ends_with("Beta Credit Union"),
        "{left:?}"
    );
    fault(Fault::RangesMove);
    let moved = offers(lender.quote(&ask(&request(7, 24))).await);
    assert_eq!(
        moved[0].declared.apr,
        Rate::from_percent(12),
        "the figures of the last read, not of the first"
    );
    let alone = marketplace(vec![standard_originators().remove(0)]).await;
    alone.marketplace.set(Fault::RangeTurned);
    let (lender, _folder) = adapter(&alone);
    assert_eq!(field(lender.quote(&ask(&request(8, 24))).await), "loanOffers[0].maxApr");
}

#[tokio::test]
async fn an_offer_that_needs_a_figure_nobody_stated_is_left_out() {
    let cases: [(&str, Value, &str); 7] = [
        ("maxApr", json!(null), "loanOffers[0].maxApr"),
        ("termUnit", json!("open"), "loanOffers[0].termUnit"),
        ("termUnit", json!("day"), "loanOffers[0].termUnit"),
        ("termLength", json!(0), "loanOffers[0].termLength"),
        ("maxAmount", json!(null), "loanOffers[0].maxAmount"),
        ("maxFeeRate", json!(100), "loanOffers[0].maxFeeRate"),
        ("maxFeeFixed", json!(4_999), "loanOffers[0].maxApr"),
    ];
    for (name, value, expected) in cases {
        let mut changes = vec![(name, value)];
        if name == "maxFeeFixed" {
            // So small an APR cannot hold so large a fee.
            changes.extend([("maxApr", json!(1)), ("minApr", json!(1))]);
        }
        let handle = marketplace(vec![with("alpha", &changes)]).await;
        let (lender, _folder) = adapter(&handle);
        assert_eq!(field(lender.quote(&ask(&request(1, 24))).await), expected);
    }
    for (name, value) in [
        ("secured", json!(true)),
        ("coApplicant", json!(true)),
        ("minAmount", json!(6_000)),
    ] {
        let handle = marketplace(vec![with("alpha", &[(name, value)])]).await;
        let (lender, _folder) = adapter(&handle);
        assert!(
            matches!(lender.quote(&ask(&request(1, 24))).await, Ok(Answer::Declined(_))),
            "{name}"
        );
    }
}

#[tokio::test]
async fn years_rates_of_fees_and_smaller_amounts_are_read() {
    let changes = [
        ("termLength", json!(2)),
        ("termUnit", json!("year")),
        ("maxAmount", json!(3_000)),
        ("maxFeeRate", json!(3.333)),
        ("prepaymentFee", json!(75)),
        ("aprType", json!("variable")),
    ];
    let handle = marketplace(vec![with("alpha", &changes)]).await;
    let (lender, _folder) = adapter(&handle);
    let offer = offers(lender.quote(&ask(&request(1, 24))).await).remove(0);
    assert_eq!(offer.amounts.offered, usd(300_000));
    assert_eq!(offer.amounts.net_disbursed, usd(300_000 - 9_999 - 15_000));
    assert_eq!(offer.repayment.schedule.len(), 24);
    assert_eq!(offer.rate.kind, RateKind::Variable);
    let early = offer.fees.iter().find(|fee| fee.timing == FeeTiming::OnPrepay).unwrap();
    assert_eq!(early.amount, usd(7_500));
}

#[tokio::test]
async fn the_same_question_twice_is_one_lead() {
    let handle = marketplace(standard_originators()).await;
    let (lender, _folder) = adapter(&handle);
    for _ in 0..2 {
        assert_eq!(offers(lender.quote(&ask(&request(1, 24))).await).len(), 2);
    }
    assert_eq!(handle.marketplace.leads(), 1);
}

#[tokio::test]
async fn an_accepted_offer_is_handed_to_the_originators_own_page() {
    let handle = marketplace(standard_originators()).await;
    let (lender, folder) = adapter(&handle);
    let asked = request(1, 24);
    let offer = offers(lender.quote(&ask(&asked)).await).remove(0);
    let order = order(1, &asked, &offer);
    let receipt = lender.accept(&order).await.unwrap();
    let LenderStatus::Rejected { reasons } = &receipt.status else {
        panic!("{receipt:?}")
    };
    assert_eq!(reasons[0].code, "HAND_OFF");
    assert!(
        reasons[0]
            .text
            .starts_with("Alpha, Inc. takes applications on its own pages: https://"),
        "{reasons:?}"
    );
    assert_eq!(lender.accept(&order).await.unwrap(), receipt);
    assert_eq!(lender.status(order.settlement).await.unwrap(), receipt.status);
    assert_eq!(lender.cancel(order.settlement).await.unwrap(), receipt.status);
    // Another process does not know it, and would hand it over again the same way.
    let fresh = self::lender(config(&handle.base_url, &folder));
    assert_eq!(fresh.status(order.settlement).await.unwrap(), LenderStatus::Unknown);
    assert_eq!(fresh.accept(&order).await.unwrap(), receipt);
    for wrong in ["", "x", "../../leads/x y", "a/b/c d"] {
        let order = domain::ports::AcceptOrder {
            provider_ref: wrong.into(),
            ..order.clone()
        };
        let error = lender.accept(&order).await.unwrap_err();
        assert!(
            matches!(error, LenderError::Malformed { field, .. } if field == "provider_ref"),
            "{wrong}"
        );
    }
}

#[tokio::test]
async fn a_configuration_that_cannot_work_is_refused_by_its_field() {
    let folder = tempfile::tempdir().unwrap();
    let good = config("http://127.0.0.1:1", &folder);
    let refused = |config: RateTableConfig| {
        let http = HttpClient::new(NetworkPolicy::AllowLoopback).unwrap();
        let made = RateTableLender::new(config, http, NetworkPolicy::AllowLoopback, clock());
        made.map(drop).unwrap_err().to_string()
    };
    let mut euros = good.clone();
    euros.capabilities.amounts[0].currency = domain::Currency::parse("EUR").unwrap();
    let mut abroad = good.clone();
    abroad.capabilities.jurisdictions[0].country = "FR".into();
    let mut lines = good.clone();
    lines.capabilities.products = vec![domain::request::Product::Line];
    for (config, field) in [
        (
            RateTableConfig {
                poll_ms: 0,
                ..good.clone()
            },
            "poll_ms",
        ),
        (
            RateTableConfig {
                timeout_ms: 0,
                ..good.clone()
            },
            "timeout_ms",
        ),
        (
            RateTableConfig {
                valid_minutes: 0,
                ..good.clone()
            },
            "valid_minutes",
        ),
        (
            RateTableConfig {
                url: "ftp://x".into(),
                ..good.clone()
            },
            "url",
        ),
        (
            RateTableConfig {
                blocking_url: Some("http://10.0.0.1".into()),
                ..good.clone()
            },
            "blocking_url",
        ),
        (euros, "capabilities.amounts"),
        (abroad, "capabilities.jurisdictions"),
        (lines, "capabilities.products"),
    ] {
        let error = refused(config);
        assert!(error.starts_with(field), "{field}: {error}");
    }
    std::fs::remove_file(folder.path().join("token")).unwrap();
    assert!(refused(good).starts_with("token"));
}
