//! A request and offers for the tests of this crate.

use alloy_primitives::{Address, B256, Bytes, U256};
use chrono::{DateTime, Utc};
use domain::calendar::{DayCount, Period, Unit};
use domain::offer::{
    Amounts, AprConvention, Binding, Collateral, CollateralAsset, Declared, Fee, FeeTiming, Inquiry, LateTerms, Offer,
    Onchain, OnchainOrder, Payee, RateCurve, RateKind, RateTerms, Repayment, RepaymentMethod, ScheduledPayment,
};
use domain::request::{Applicant, CreditRequest, Employment, Jurisdiction, Product, Purpose, Refinances};
use domain::{Asset, Currency, Money, Rate, TokenAmount};
use uuid::Uuid;

pub(crate) fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

pub(crate) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::usd())
}

fn weth(units: u64) -> TokenAmount {
    let asset = Asset {
        chain_id: 31337,
        token: Address::repeat_byte(7),
        symbol: "WETH".into(),
        decimals: 18,
    };
    TokenAmount {
        units: U256::from(units),
        asset,
    }
}

pub(crate) fn request() -> CreditRequest {
    CreditRequest {
        id: Uuid::from_u128(1).into(),
        tenant: Uuid::from_u128(2).into(),
        borrower: Uuid::from_u128(3).into(),
        at: noon(),
        amount: usd(500_000),
        term: Period::new(2, Unit::Month),
        purpose: Purpose::Other,
        products: vec![Product::Installment, Product::Collateralized],
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
        collateral: Some(weth(4_000)),
        refinances: None,
        data_consents: Vec::new(),
    }
}

/// The same, to repay a loan of dollars on the chain of the collateral.
pub(crate) fn refinancing() -> CreditRequest {
    CreditRequest {
        refinances: Some(Refinances {
            loan: Uuid::from_u128(4).into(),
            chain_id: 31337,
            onchain: B256::repeat_byte(6),
            asset: Address::repeat_byte(3),
        }),
        ..request()
    }
}

/// 5,000 with 100 withheld and 10 of fees inside the payments.
pub(crate) fn offer() -> Offer {
    let month = Period::new(1, Unit::Month);
    let payment = |k| ScheduledPayment {
        due: month.after(noon().date_naive(), k).unwrap(),
        principal: usd(250_000),
        interest: usd(1_000),
        fees: usd(500),
        total: usd(251_500),
    };
    let fee = |code: &str, minor, timing| Fee {
        code: code.into(),
        payee: Payee::Provider,
        amount: usd(minor),
        timing,
        mandatory: true,
        in_finance_charge: true,
    };
    Offer {
        provider_ref: "ref-1".into(),
        product: Product::Installment,
        issued_at: noon(),
        valid_until: noon() + chrono::TimeDelta::minutes(30),
        binding: Binding::Firm,
        inquiry: Inquiry::Soft,
        amounts: Amounts {
            requested: usd(500_000),
            offered: usd(500_000),
            net_disbursed: usd(490_000),
            limit: Some(usd(600_000)),
        },
        rate: RateTerms {
            kind: RateKind::Variable,
            nominal: Rate::from_percent(4),
            day_count: DayCount::Act365,
            compounding: Some(month),
            index: Some("SOFR".into()),
            spread: Some(Rate::from_percent(2)),
            cap: Some(Rate::from_percent(30)),
            floor: Some(Rate::from_percent(1)),
            curve: None,
        },
        fees: vec![
            fee("origination", 10_000, FeeTiming::UpfrontDeducted),
            fee("service", 1_000, FeeTiming::PerPeriod),
        ],
        repayment: Repayment {
            schedule: vec![payment(1), payment(2)],
            method: RepaymentMethod::EqualInstallment,
            every: month,
            prepayment_charge: Rate::ZERO,
            late: LateTerms {
                grace_days: 10,
                fee: usd(700),
                penal_rate: Rate::from_percent(5),
            },
            cooling_off_days: 3,
        },
        collateral: None,
        onchain: None,
        venue: None,
        declared: Declared {
            apr: Rate::from_percent(20),
            convention: AprConvention::UsNominal,
            total_cost: Some(usd(13_000)),
            payment: Some(usd(251_500)),
        },
    }
}

/// The same as an order on chain, with every optional part present.
pub(crate) fn onchain_offer() -> Offer {
    let mut offer = offer();
    offer.product = Product::Collateralized;
    offer.binding = Binding::OnchainExecutable;
    let one = Rate::from_percent(1);
    offer.rate.curve = Some(RateCurve {
        base: one,
        kink: one,
        slope_low: one,
        slope_high: one,
        utilization: one,
    });
    offer.collateral = Some(Collateral {
        assets: vec![CollateralAsset {
            amount: weth(4_000),
            price: "2500.5".parse().unwrap(),
            oracle: "fixed-dev".into(),
            as_of: noon(),
        }],
        ltv_max: Rate::from_percent(65),
        liquidation_threshold: Some(Rate::from_percent(80)),
        liquidation_penalty: Rate::from_percent(5),
    });
    let dollars = Asset {
        chain_id: 31337,
        token: Address::repeat_byte(3),
        symbol: "dUSD".into(),
        decimals: 6,
    };
    offer.onchain = Some(Onchain {
        chain_id: 31337,
        venue: "desk".into(),
        contract: Address::repeat_byte(1),
        gas_estimate: 150_000,
        order: OnchainOrder {
            lender: Address::repeat_byte(2),
            borrower: Address::repeat_byte(9),
            asset: Address::repeat_byte(3),
            collateral: Address::repeat_byte(7),
            oracle: Address::repeat_byte(8),
            principal: 5_000_000_000,
            min_fill: 0,
            collateral_amount: 4_000,
            installment_amount: 2_515_000_000,
            rate_ppm: 40_000,
            installments: 2,
            period: 2_628_000,
            grace: 864_000,
            late_fee_bps: 500,
            origination_fee_bps: 200,
            liquidation_ltv_bps: 8_000,
            liquidation_bonus_bps: 500,
            attestation_policy: 0,
            fee_recipient: Address::repeat_byte(4),
            expiry: u64::try_from(offer.valid_until.timestamp()).unwrap(),
            epoch: 1,
            nonce: U256::MAX,
        },
        order_hash: B256::repeat_byte(5),
        signature: Bytes::from(vec![1; 65]),
        principal: TokenAmount {
            units: U256::from(5_000_000_000_u64),
            asset: dollars,
        },
    });
    offer
}

/// An order that asks for an attestation instead of collateral.
pub(crate) fn unsecured_offer() -> Offer {
    let mut offer = onchain_offer();
    (offer.product, offer.collateral) = (Product::Installment, None);
    let order = &mut offer.onchain.as_mut().unwrap().order;
    (order.collateral, order.oracle, order.collateral_amount) = (Address::ZERO, Address::ZERO, 0);
    (
        order.liquidation_ltv_bps,
        order.liquidation_bonus_bps,
        order.attestation_policy,
    ) = (0, 0, 1);
    offer
}
