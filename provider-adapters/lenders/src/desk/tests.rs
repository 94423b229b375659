//! The desk's orders: sums, determinism, signatures, and the declines.

use std::time::{Duration, Instant};

use alloy_primitives::{B256, Bytes, Signature};
use domain::calendar::{Period, Unit};
use domain::offer::OnchainOrder as Order;
use domain::ports::{Call, ChainError, ChainInfo, Intent, OnchainTerms, WalletCall};
use domain::request::{Applicant, Employment, Purpose};
use domain::schedule::onchain;
use sdk::validate_offer;
use uuid::Uuid;

use super::*;

/// Hashes the order's JSON: enough to see that what is hashed is what is offered.
struct FakeContracts;

#[rustfmt::skip]
impl Contracts for FakeContracts {
    fn chains(&self) -> Vec<ChainInfo> {
        let (aggregator, collateral_manager) = (Address::repeat_byte(0xa9), Address::repeat_byte(0xc0));
        vec![ChainInfo { chain_id: 31337, name: "Anvil One".into(), aggregator, collateral_manager }]
    }
    fn order_hash(&self, _: u64, order: &Order) -> Result<B256, ChainError> { Ok(keccak256(serde_json::to_string(order).unwrap())) }
    fn order_signed(&self, _: u64, _: &Order, _: &Bytes) -> Result<bool, ChainError> { unreachable!() }
    fn intent_typed_data(&self, _: u64, _: &Intent) -> Result<serde_json::Value, ChainError> { unreachable!() }
    fn intent_signed(&self, _: u64, _: &Intent, _: &Bytes) -> Result<bool, ChainError> { unreachable!() }
    fn onchain_loan_id(&self, _: B256, _: Address) -> B256 { unreachable!() }
    fn originate(&self, _: &Onchain, _: &Intent, _: &Bytes) -> Result<Call, ChainError> { unreachable!() }
    fn approvals(&self, _: &Onchain) -> Result<Vec<WalletCall>, ChainError> { unreachable!() }
    fn repay(&self, _: u64, _: B256, _: &OnchainTerms, _: u128) -> Result<Vec<WalletCall>, ChainError> { unreachable!() }
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

fn config() -> DeskConfig {
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
        purpose: Purpose::HomeImprovement,
        products: vec![],
        jurisdiction: Jurisdiction {
            country: "US".into(),
            region: Some("CA".into()),
        },
        applicant: Applicant {
            full_name: "Alex Sample".into(),
            monthly_income: usd(600_000),
            monthly_housing_cost: usd(180_000),
            monthly_debt_payments: usd(40_000),
            employment: Employment::Employed,
            employment_months: 40,
            residence_months: 30,
            delinquencies_24m: 0,
            inquiries_6m: 1,
            credit_history_months: Some(90),
            revolving_utilization_percent: Some(25),
            military_covered: false,
        },
        wallet: Some(Address::repeat_byte(9)),
        collateral: Some(weth(4_000_000_000_000_000_000)),
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
}
