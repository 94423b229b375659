//! The desk's orders: sums, determinism, signatures, and the declines.

use std::time::{Duration, Instant};

use alloy_primitives::{B256, Bytes, Signature};
use domain::calendar::{Period, Unit};
use domain::offer::OnchainOrder as Order;
use domain::ports::{Call, ChainError, Intent, LiveLoan, OnchainTerms, SignedAttestation, WalletCall};
use domain::quote::ScenarioKind;
use domain::schedule::onchain;
use domain::{Asset, Currency};
use sdk::validate_offer;
use uuid::Uuid;

use super::*;

/// Hashes the order's JSON: enough to see that what is hashed is what is offered.
struct FakeContracts;

#[rustfmt::skip]
impl Contracts for FakeContracts {
    fn chains(&self) -> Vec<ChainInfo> {
        let at = Address::repeat_byte;
        vec![ChainInfo {
            chain_id: 31337, name: "Anvil One".into(), aggregator: at(0xa9), collateral_manager: at(0xc0),
            scoring_oracle: at(0x50), price_oracle: at(0x09), sanctions_oracle: None,
        }]
    }
    fn order_hash(&self, _: u64, order: &Order) -> Result<B256, ChainError> { Ok(keccak256(serde_json::to_string(order).unwrap())) }
    fn order_signed(&self, _: u64, _: &Order, _: &Bytes) -> Result<bool, ChainError> { unreachable!() }
    fn pool_signature(&self, _: &Order, underwriter: &Bytes) -> Result<Bytes, ChainError> { Ok([b"pool", &underwriter[..]].concat().into()) }
    fn intent_hash(&self, _: u64, _: &Intent) -> Result<B256, ChainError> { unreachable!() }
    fn intent_typed_data(&self, _: u64, _: &Intent) -> Result<serde_json::Value, ChainError> { unreachable!() }
    fn intent_signed(&self, _: u64, _: &Intent, _: &Bytes) -> Result<bool, ChainError> { unreachable!() }
    fn onchain_loan_id(&self, _: u64, _: &OnchainTerms) -> Result<B256, ChainError> { unreachable!() }
    fn originate(&self, _: &Onchain, _: &Intent, _: &Bytes, _: Option<&SignedAttestation>) -> Result<Call, ChainError> { unreachable!() }
    fn refinance(&self, _: &LiveLoan, _: &Onchain, _: &Intent, _: &Bytes) -> Result<Call, ChainError> { unreachable!() }
    fn approvals(&self, _: &Onchain, _: u128, _: u128) -> Result<Vec<WalletCall>, ChainError> { unreachable!() }
    fn repay(&self, _: &LiveLoan, _: u128) -> Result<Vec<WalletCall>, ChainError> { unreachable!() }
    fn add_collateral(&self, _: &LiveLoan, _: u128) -> Result<Vec<WalletCall>, ChainError> { unreachable!() }
    fn withdraw_collateral(&self, _: &LiveLoan, _: u128, _: Address) -> Result<Vec<WalletCall>, ChainError> { unreachable!() }
    fn liquidate(&self, _: &LiveLoan, _: u128, _: u128) -> Result<Call, ChainError> { unreachable!() }
    fn mark_default(&self, _: &LiveLoan) -> Result<Call, ChainError> { unreachable!() }
}

/// Key 2 of the public development mnemonic.
const DESK_KEY: &str = "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a";

fn token(symbol: &str, byte: u8, decimals: u8) -> Asset {
    Asset {
        chain_id: 31337,
        token: Address::repeat_byte(byte),
        symbol: symbol.into(),
        decimals,
    }
}

pub(crate) fn config() -> DeskConfig {
    let json = serde_json::json!({
        "id": "anvil-desk",
        "venue": "Usance desk",
        "lends": token("dUSD", 0xd1, 6),
        "currency": "USD",
        "accepts": [{ "asset": token("WETH", 0xe1, 18), "price": "2500", "oracle": "fixed-dev" }],
        "rate_ppm": 80_000,
        "ltv_max": 650_000,
        "grace_seconds": 864_000,
        "late_fee_bps": 500,
        "valid_seconds": 900,
        "min_amount": 10_000,
        "max_amount": 5_000_000,
        "min_term_days": 7,
        "max_term_days": 1_900,
        "jurisdictions": [{ "country": "US" }],
        "signing_key": DESK_KEY,
    });
    serde_json::from_str(&json.to_string()).unwrap()
}

fn desk_of(config: DeskConfig) -> Result<Desk, DeskError> {
    let signer = LocalSigner::from_hex(&config.signing_key).unwrap();
    Desk::new(config, Arc::new(FakeContracts), Arc::new(signer))
}

pub(crate) fn desk() -> Desk {
    desk_of(config()).unwrap()
}

/// A Californian who wants 5,000 dollars for 24 months and can lock 4 WETH.
pub(crate) fn request() -> CreditRequest {
    let usd = |minor| Money::new(minor, Currency::usd());
    CreditRequest {
        id: Uuid::from_u128(7).into(),
        tenant: Uuid::nil().into(),
        borrower: Uuid::nil().into(),
        at: "2026-03-01T12:00:00Z".parse().unwrap(),
        amount: usd(500_000),
        term: Period::new(24, Unit::Month),
        wallet: Some(Address::repeat_byte(9)),
        collateral: Some(weth(4_000_000_000_000_000_000)),
        ..domain::samples::request()
    }
}

fn weth(units: u128) -> TokenAmount {
    TokenAmount {
        units: U256::from(units),
        asset: token("WETH", 0xe1, 18),
    }
}

async fn answer(desk: &Desk, request: &CreditRequest) -> Answer {
    let ask = Ask {
        request: request.clone(),
        deadline: Instant::now() + Duration::from_secs(5),
    };
    desk.quote(&ask).await.unwrap()
}

async fn offer(desk: &Desk, request: &CreditRequest) -> Offer {
    match answer(desk, request).await {
        Answer::Offers(mut offers) if offers.len() == 1 => offers.remove(0),
        other => panic!("{other:?}"),
    }
}

async fn decline(desk: &Desk, request: &CreditRequest) -> String {
    match answer(desk, request).await {
        Answer::Declined(reasons) => reasons[0].code.clone(),
        other @ Answer::Offers(_) => panic!("{other:?}"),
    }
}

/// Every order passes the checks that every lender's offer passes, at many amounts, terms and rates.
#[tokio::test]
async fn orders_of_every_size_and_term_are_sound() {
    let terms = [
        (1, Unit::Month),
        (24, Unit::Month),
        (5, Unit::Year),
        (26, Unit::Week),
        (45, Unit::Day),
        (7, Unit::Day),
    ];
    for (rate, fee) in [(0, 0), (80_000, 0), (359_999, 123)] {
        let fee_recipient = Address::repeat_byte(0xfe);
        let desk = desk_of(DeskConfig {
            rate_ppm: rate,
            origination_fee_bps: fee,
            fee_recipient,
            ..config()
        })
        .unwrap();
        for minor in [10_000, 12_345, 500_000, 649_999] {
            for (count, unit) in terms {
                let mut request = request();
                (request.amount.minor, request.term) = (minor, Period::new(count, unit));
                let offer = offer(&desk, &request).await;
                assert_eq!(
                    validate_offer(&offer, &request, request.at),
                    Ok(()),
                    "{rate} {minor} {count} {unit:?}"
                );
            }
        }
    }
}

/// The calendar in cents is the contract's schedule: equal totals to the base unit, the last rounded up by less than a cent.
#[tokio::test]
async fn the_calendar_is_the_contracts_schedule() {
    let offer = offer(&desk(), &request()).await;
    let order = &offer.onchain.as_ref().unwrap().order;
    let terms = onchain::OnchainTerms {
        principal: U256::from(order.principal),
        rate_ppm: order.rate_ppm,
        count: u32::from(order.installments),
        period_seconds: u64::from(order.period),
        installment: U256::from(order.installment_amount),
    };
    let rows = onchain::schedule(&terms).unwrap();
    assert_eq!((rows.len(), offer.repayment.schedule.len()), (24, 24));
    for (row, payment) in rows.iter().zip(&offer.repayment.schedule) {
        let up = U256::from(u64::try_from(payment.total.minor).unwrap()) * U256::from(10_000) - row.total;
        assert!(
            up < U256::from(if row.number == 24 { 10_000 } else { 1 }),
            "{}",
            row.number
        );
        let due = request().at + TimeDelta::seconds(i64::try_from(row.due_after).unwrap());
        assert_eq!(payment.due, due.date_naive());
    }
    assert_eq!(order.installment_amount % 10_000, 0);
    let last = rows.last().unwrap().total;
    assert!(last <= U256::from(order.installment_amount));
}

#[tokio::test]
async fn a_repeated_question_gets_the_same_order_and_another_request_another_nonce() {
    let desk = desk();
    let mut request = request();
    let first = offer(&desk, &request).await;
    assert_eq!(offer(&desk, &request).await, first);
    request.id = Uuid::from_u128(8).into();
    let second = offer(&desk, &request).await;
    assert_ne!(first.onchain.unwrap().order.nonce, second.onchain.unwrap().order.nonce);
}

#[tokio::test]
async fn the_desk_signs_the_hash_of_the_order_it_offers() {
    let desk = desk();
    let onchain = offer(&desk, &request()).await.onchain.unwrap();
    assert_eq!(
        onchain.order_hash,
        FakeContracts.order_hash(31337, &onchain.order).unwrap()
    );
    let signature = Signature::from_raw(&onchain.signature).unwrap();
    assert_eq!(
        signature.recover_address_from_prehash(&onchain.order_hash).unwrap(),
        onchain.order.lender
    );
    assert!(onchain.signature.len() == 65 && [27, 28].contains(&onchain.signature[64]));
    // Account 2 of the development mnemonic.
    assert_eq!(
        onchain.order.lender.to_string(),
        "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"
    );
    assert_eq!(onchain.order.borrower, Address::repeat_byte(9));
}

/// 4 WETH at 2,500 carry 6,500 at 65 %: less is locked for less, and never more is lent.
#[tokio::test]
async fn the_loan_stays_within_the_loan_to_value() {
    let desk = desk();
    let mut request = request();
    let locked = |offer: &Offer| offer.onchain.as_ref().unwrap().order.collateral_amount;
    let small = offer(&desk, &request).await;
    assert_eq!(locked(&small), 3_076_923_076_923_076_924);
    request.amount.minor = 1_000_000;
    let large = offer(&desk, &request).await;
    assert_eq!(
        (large.amounts.offered.minor, locked(&large)),
        (650_000, 4_000_000_000_000_000_000)
    );
}

#[tokio::test]
async fn requests_that_do_not_fit_are_declined_with_the_reason() {
    let desk = desk();
    let with = |change: fn(&mut CreditRequest)| {
        let mut request = request();
        change(&mut request);
        request
    };
    assert_eq!(decline(&desk, &with(|r| r.wallet = None)).await, "COLLATERAL_NEEDED");
    assert_eq!(
        decline(&desk, &with(|r| r.collateral = None)).await,
        "COLLATERAL_NEEDED"
    );
    assert_eq!(
        decline(&desk, &with(|r| r.collateral = Some(weth(1)))).await,
        "COLLATERAL_INSUFFICIENT"
    );
    let other = |r: &mut CreditRequest| r.collateral.as_mut().unwrap().asset.token = Address::ZERO;
    assert_eq!(decline(&desk, &with(other)).await, "COLLATERAL_NOT_ACCEPTED");
    let huge = |r: &mut CreditRequest| r.collateral.as_mut().unwrap().units = U256::MAX;
    assert_eq!(decline(&desk, &with(huge)).await, "AMOUNT_TOO_LARGE");
    assert_eq!(
        decline(&desk, &with(|r| r.term = Period::new(50, Unit::Year))).await,
        "TERM_NOT_OFFERED"
    );
}

#[test]
fn a_configuration_that_makes_no_desk_is_refused() {
    let refused = |change: fn(&mut DeskConfig)| {
        let mut config = config();
        change(&mut config);
        desk_of(config).err()
    };
    assert_eq!(refused(|c| c.lends.chain_id = 1), Some(DeskError::NoContract(1)));
    assert_eq!(refused(|c| c.lends.decimals = 1), Some(DeskError::Decimals));
    assert_eq!(refused(|c| c.ltv_max = Rate::ZERO), Some(DeskError::Range("ltv_max")));
    assert_eq!(
        refused(|c| c.origination_fee_bps = 10),
        Some(DeskError::Range("fee_recipient"))
    );
    assert!(!format!("{:?}", config()).contains("5de4111a"));
    assert_eq!(refused(|c| c.accepts.clear()), Some(DeskError::Range("accepts")));
    assert_eq!(
        refused(|c| c.pool = Some(Address::ZERO)),
        Some(DeskError::Range("pool"))
    );
    let rule = |ltv, bonus| {
        let mut config = config();
        config.accepts[0].price_rule = Some(price_rule(ltv, bonus));
        desk_of(config).err()
    };
    let refusal = Some(DeskError::Range("accepts.price_rule"));
    assert_eq!(rule(6_499, 0), refusal, "below the loan-to-value at the start");
    assert_eq!(rule(7_000, 2_001), refusal);
    assert_eq!(rule(9_524, 500), refusal, "a sale would not bring the debt in");
    assert_eq!(rule(9_523, 500), None);
    let attested = |policy, max_amount| {
        let attested = Some(Attested {
            policy,
            rate_ppm: 140_000,
            max_amount,
        });
        desk_of(DeskConfig { attested, ..config() }).err()
    };
    assert_eq!(attested(0, 10_000), Some(DeskError::Range("attested")));
    assert_eq!(attested(1, 9_999), Some(DeskError::Range("attested")));
}

fn price_rule(liquidation_ltv_bps: u16, liquidation_bonus_bps: u16) -> PriceRule {
    PriceRule {
        liquidation_ltv_bps,
        liquidation_bonus_bps,
    }
}

/// The rule stands in the order and in the offer, and the borrower sees what a fall of the price would cost.
#[tokio::test]
async fn a_price_rule_is_signed_told_and_counted_in_the_scenarios() {
    let mut config = config();
    config.accepts[0].price_rule = Some(price_rule(8_000, 500));
    let (desk, request) = (desk_of(config).unwrap(), request());
    let offer = offer(&desk, &request).await;
    assert_eq!(validate_offer(&offer, &request, request.at), Ok(()));
    let order = &offer.onchain.as_ref().unwrap().order;
    assert_eq!(order.oracle, Address::repeat_byte(0x09), "the chain's price oracle");
    assert_eq!((order.liquidation_ltv_bps, order.liquidation_bonus_bps), (8_000, 500));
    // At 65 % a fall by a fifth gives 81.25 %: above the threshold.
    let scenarios = appraise(&request, &offer).unwrap().scenarios;
    let cost = |kind| {
        scenarios
            .iter()
            .find(|s| s.kind == kind)
            .map(|s| (s.total_cost.minor, s.liquidated))
    };
    let base = cost(ScenarioKind::Base).unwrap().0;
    assert_eq!(cost(ScenarioKind::PriceMinus20), Some((base + 25_000, true)));
    let unruled = self::offer(&self::desk(), &request).await;
    assert!(
        appraise(&request, &unruled)
            .unwrap()
            .scenarios
            .iter()
            .all(|s| !s.liquidated)
    );
}

fn attested_desk() -> Desk {
    let attested = Some(Attested {
        policy: 7,
        rate_ppm: 140_000,
        max_amount: 300_000,
    });
    desk_of(DeskConfig { attested, ..config() }).unwrap()
}

/// Who has a wallet and nothing to lock gets an order that asks for an attestation, up to its own limit and at its own rate.
#[tokio::test]
async fn without_collateral_an_attestation_stands_for_it() {
    let desk = attested_desk();
    let bare = CreditRequest {
        collateral: None,
        ..request()
    };
    let offer = offer(&desk, &bare).await;
    assert_eq!(validate_offer(&offer, &bare, bare.at), Ok(()));
    assert_eq!(
        (offer.product, offer.amounts.offered.minor),
        (Product::Installment, 300_000)
    );
    assert_eq!(
        (offer.rate.nominal, offer.collateral.as_ref()),
        (Rate::from_percent(14), None)
    );
    let order = &offer.onchain.as_ref().unwrap().order;
    assert_eq!((order.attestation_policy, order.collateral_amount), (7, 0));
    assert_eq!((order.collateral, order.oracle), (Address::ZERO, Address::ZERO));
    let secured = self::offer(&desk, &request()).await;
    assert_eq!(secured.onchain.unwrap().order.attestation_policy, 0);
    let with = |change: fn(&mut CreditRequest)| {
        let mut request = bare.clone();
        change(&mut request);
        request
    };
    assert_eq!(decline(&desk, &with(|r| r.wallet = None)).await, "WALLET_NEEDED");
    let only_secured = with(|r| r.products = vec![Product::Collateralized]);
    assert_eq!(decline(&desk, &only_secured).await, "PRODUCT_NOT_OFFERED");
    let only_unsecured = with(|r| (r.products, r.collateral) = (vec![Product::Installment], Some(weth(1 << 62))));
    assert_eq!(decline(&desk, &only_unsecured).await, "PRODUCT_NOT_OFFERED");
}

/// The pool is the lender; its underwriter signs, in the form that the pool reads.
#[tokio::test]
async fn a_pool_lends_what_its_underwriter_signed() {
    let pool = Address::repeat_byte(0xb0);
    let desk = desk_of(DeskConfig {
        pool: Some(pool),
        ..config()
    })
    .unwrap();
    let onchain = offer(&desk, &request()).await.onchain.unwrap();
    assert_eq!(onchain.order.lender, pool);
    let signature = Signature::from_raw(onchain.signature.strip_prefix(b"pool").unwrap()).unwrap();
    let underwriter = signature.recover_address_from_prehash(&onchain.order_hash).unwrap();
    assert_eq!(underwriter.to_string(), "0x3C44CdDdB6a900fa2b585dd299e03d12FA4293BC");
}

/// The new order takes over exactly what the old loan holds, so that no collateral moves.
#[tokio::test]
async fn a_refinancing_pledges_what_the_old_loan_holds() {
    let old = |chain_id, asset| {
        let (loan, onchain) = (Uuid::nil().into(), B256::ZERO);
        let refinances = Some(Refinances {
            loan,
            chain_id,
            onchain,
            asset,
        });
        CreditRequest {
            refinances,
            ..request()
        }
    };
    let desk = attested_desk();
    let dollars = Address::repeat_byte(0xd1);
    let request = old(31337, dollars);
    let offer = offer(&desk, &request).await;
    assert_eq!(validate_offer(&offer, &request, request.at), Ok(()));
    assert_eq!(
        offer.onchain.unwrap().order.collateral_amount,
        4_000_000_000_000_000_000
    );
    assert_eq!(decline(&desk, &old(31338, dollars)).await, "NOT_A_REFINANCING");
    assert_eq!(decline(&desk, &old(31337, Address::ZERO)).await, "NOT_A_REFINANCING");
}
