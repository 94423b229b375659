//! Sample values for tests of this crate.

use alloy_primitives::{Address, B256, Bytes, U256};
use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::appraisal::appraise;
use crate::calendar::{DayCount, Period, Unit};
use crate::decision::RuleVersion;
use crate::digest::Arrival;
use crate::ids::{PrincipalId, QuoteId, RequestId, TenantId};
use crate::money::{Asset, Currency, Money, Rate, TokenAmount};
use crate::offer::*;
use crate::quote::Quote;
use crate::request::*;

pub(crate) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::usd())
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

pub(crate) fn asset() -> Asset {
    Asset {
        chain_id: 31337,
        token: Address::repeat_byte(7),
        symbol: "dWETH".into(),
        decimals: 18,
    }
}

pub(crate) fn request() -> CreditRequest {
    CreditRequest {
        id: RequestId(Uuid::from_u128(1)),
        tenant: TenantId(Uuid::from_u128(2)),
        borrower: PrincipalId(Uuid::from_u128(3)),
        at: at("2026-01-10T12:00:00Z"),
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
        collateral: Some(TokenAmount {
            units: U256::from(4_000_000_000_000_000_000u64),
            asset: asset(),
        }),
        refinances: None,
        data_consents: Vec::new(),
    }
}

/// 5,000 for 24 months at 230 a month: Appendix J (c)(1)(i), 9.69 %.
pub(crate) fn offer() -> Offer {
    let start = at("2026-01-10T12:00:00Z");
    let month = Period::new(1, Unit::Month);
    let schedule = (1..=24)
        .map(|n| ScheduledPayment {
            due: month.after(start.date_naive(), n).unwrap(),
            principal: if n == 24 { usd(20_841) } else { usd(20_833) },
            interest: if n == 24 { usd(2_159) } else { usd(2_167) },
            fees: usd(0),
            total: usd(23_000),
        })
        .collect();
    Offer {
        provider_ref: "ref-1".into(),
        product: Product::Installment,
        issued_at: start,
        valid_until: at("2026-01-10T12:30:00Z"),
        binding: Binding::Firm,
        inquiry: Inquiry::Soft,
        amounts: Amounts {
            requested: usd(500_000),
            offered: usd(500_000),
            net_disbursed: usd(500_000),
            limit: None,
        },
        rate: RateTerms {
            kind: RateKind::Fixed,
            nominal: Rate::from_ppm(96_900),
            day_count: DayCount::Thirty360,
            compounding: None,
            index: None,
            spread: None,
            cap: None,
            floor: None,
            curve: None,
        },
        fees: vec![],
        repayment: Repayment {
            schedule,
            method: RepaymentMethod::EqualInstallment,
            every: month,
            prepayment_charge: Rate::from_percent(1),
            late: LateTerms {
                grace_days: 10,
                fee: usd(1_500),
                penal_rate: Rate::from_percent(18),
            },
            cooling_off_days: 3,
        },
        collateral: None,
        onchain: None,
        venue: None,
        declared: Declared {
            apr: Rate::from_ppm(96_900),
            convention: AprConvention::UsNominal,
            total_cost: Some(usd(52_000)),
            payment: Some(usd(23_000)),
        },
    }
}

pub(crate) fn collateral() -> Collateral {
    Collateral {
        assets: vec![CollateralAsset {
            amount: TokenAmount {
                units: U256::from(4_000_000_000_000_000_000u64),
                asset: asset(),
            },
            price: "2000".parse().unwrap(),
            oracle: "fixed".into(),
            as_of: at("2026-01-10T12:00:00Z"),
        }],
        ltv_max: Rate::from_percent(70),
        liquidation_threshold: Some(Rate::from_percent(80)),
        liquidation_penalty: Rate::from_percent(5),
    }
}

/// An offer with every optional part present, so that no field can hide from a test.
pub(crate) fn full_offer() -> Offer {
    let mut offer = offer();
    offer.amounts.limit = Some(usd(800_000));
    offer.rate.compounding = Some(Period::new(1, Unit::Month));
    offer.rate.index = Some("SOFR".into());
    offer.rate.spread = Some(Rate::from_percent(2));
    offer.rate.cap = Some(Rate::from_percent(30));
    offer.rate.floor = Some(Rate::from_percent(1));
    offer.rate.curve = Some(RateCurve {
        base: Rate::from_percent(1),
        kink: Rate::from_percent(80),
        slope_low: Rate::from_percent(4),
        slope_high: Rate::from_percent(60),
        utilization: Rate::from_percent(55),
    });
    offer.fees = vec![Fee {
        code: "origination".into(),
        payee: Payee::Provider,
        amount: usd(10_000),
        timing: FeeTiming::UpfrontDeducted,
        mandatory: true,
        in_finance_charge: true,
    }];
    offer.amounts.net_disbursed = usd(490_000);
    offer.collateral = Some(collateral());
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
            min_fill: 1_000_000_000,
            collateral_amount: 4_000_000_000_000_000_000,
            installment_amount: 230_000_000,
            rate_ppm: 96_900,
            installments: 24,
            period: 2_592_000,
            grace: 864_000,
            late_fee_bps: 500,
            origination_fee_bps: 200,
            liquidation_ltv_bps: 8_000,
            liquidation_bonus_bps: 500,
            attestation_policy: 1,
            fee_recipient: Address::repeat_byte(4),
            expiry: 1_768_048_200,
            epoch: 1,
            nonce: U256::from(42),
        },
        order_hash: B256::repeat_byte(5),
        signature: Bytes::from(vec![1u8; 65]),
        principal: TokenAmount {
            units: U256::from(5_000_000_000u64),
            asset: asset(),
        },
    });
    offer.venue = Some(venue_loan());
    offer
}

fn venue_loan() -> VenueLoan {
    VenueLoan {
        chain_id: 31337,
        venue: "pool".into(),
        debt: TokenAmount {
            units: U256::from(5_000_000_000u64),
            asset: asset(),
        },
        collateral: TokenAmount {
            units: U256::from(4_000_000_000_000_000_000_u64),
            asset: asset(),
        },
        gas_estimate: 530_000,
        router: Some(Address::repeat_byte(6)),
    }
}

pub(crate) fn quote_of(offer: Offer) -> Quote {
    let request = request();
    let appraisal = appraise(&request, &offer).unwrap();
    let arrival = Arrival {
        id: QuoteId(Uuid::from_u128(10)),
        provider: "harbor-bank".parse().unwrap(),
        at: at("2026-01-10T12:00:01Z"),
    };
    Quote::seal(
        arrival,
        &request,
        offer,
        appraisal,
        vec![RuleVersion {
            id: "us-ca-cap".into(),
            version: 1,
        }],
    )
}
