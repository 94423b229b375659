//! A world for tests: a clock that is set, a lender that counts, contracts without cryptography.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use alloy_primitives::{Address, B256, U256};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::calendar::{DayCount, Period, Unit};
use domain::eligibility::{AmountRange, Capabilities};
use domain::ids::{PrincipalId, ProviderId, QuoteId, RequestId, SettlementId, TenantId};
use domain::offer::*;
use domain::ports::*;
use domain::quote::{Quote, Verified};
use domain::request::{Jurisdiction, Product};
use domain::{Asset, Currency, Money, Principal, Rate, Role, TokenAmount};
use sqlx::PgPool;
use uuid::Uuid;

use crate::api::{AcceptQuote, IdempotencyKey, SettlementView};
pub(crate) use crate::fake_chain::{CHAIN, signature_of};
use crate::fake_chain::{FakeChain, ORACLE, SIGNED, order_hash_of};
use crate::settlement::{Opening, Prepared, open};
use crate::{Aggregator, Settings, World};

pub(crate) const LENDER: &str = "harbor-bank";

pub(crate) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::usd())
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A clock that a test sets.
pub(crate) struct Hand(Mutex<DateTime<Utc>>);

impl Hand {
    pub(crate) fn set(&self, to: DateTime<Utc>) {
        *self.0.lock().unwrap() = to;
    }
}

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

struct Counter(AtomicU64);

impl Ids for Counter {
    fn next(&self) -> Uuid {
        Uuid::from_u128((7 << 76) | (2 << 62) | (1 << 100) | u128::from(self.0.fetch_add(1, Ordering::SeqCst)))
    }
}

/// A lender with a book: it pays once per settlement, whatever it answers.
pub(crate) struct CountingLender {
    id: ProviderId,
    capabilities: Capabilities,
    pub(crate) accepts: AtomicU64,
    pub(crate) disbursed: Mutex<Vec<SettlementId>>,
    /// What the next answers are instead of the truth.
    pub(crate) silent: Mutex<bool>,
    pub(crate) verdict: Mutex<Option<LenderStatus>>,
}

impl CountingLender {
    fn truth(&self, settlement: SettlementId) -> LenderStatus {
        if let Some(verdict) = self.verdict.lock().unwrap().clone() {
            return verdict;
        }
        if !self.disbursed.lock().unwrap().contains(&settlement) {
            return LenderStatus::Unknown;
        }
        LenderStatus::Disbursed {
            amount: usd(117_600),
            at: at("2026-01-10T13:00:00Z"),
            evidence: "wire-1".into(),
        }
    }

    fn heard(&self) -> Result<(), LenderError> {
        if *self.silent.lock().unwrap() {
            Err(LenderError::TimedOut)
        } else {
            Ok(())
        }
    }
}

#[async_trait]
impl Lender for CountingLender {
    fn id(&self) -> &ProviderId {
        &self.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, _: &Ask) -> Result<Answer, LenderError> {
        Err(LenderError::Unsupported("quote".into()))
    }

    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        self.accepts.fetch_add(1, Ordering::SeqCst);
        if self.verdict.lock().unwrap().is_none() {
            let mut book = self.disbursed.lock().unwrap();
            if !book.contains(&order.settlement) {
                book.push(order.settlement);
            }
        }
        self.heard()?;
        Ok(AcceptReceipt {
            loan_ref: "loan-1".into(),
            status: self.truth(order.settlement),
        })
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.heard()?;
        Ok(self.truth(settlement))
    }

    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        Ok(self.truth(settlement))
    }
}

/// A world over one database.
pub(crate) struct Bench {
    pub(crate) aggregator: Arc<Aggregator>,
    pub(crate) lender: Arc<CountingLender>,
    pub(crate) chain: Arc<FakeChain>,
    pub(crate) clock: Arc<Hand>,
    pub(crate) borrower: Principal,
    keys: AtomicU64,
}

impl Bench {
    pub(crate) fn new(db: PgPool) -> Self {
        Self::with(db, Settings::default())
    }

    pub(crate) fn with(db: PgPool, settings: Settings) -> Self {
        Self::of(db, settings, Vec::new())
    }

    pub(crate) fn of(db: PgPool, settings: Settings, venues: Vec<Arc<dyn Venue>>) -> Self {
        let lender = Arc::new(CountingLender {
            id: LENDER.parse().unwrap(),
            capabilities: capabilities(),
            accepts: AtomicU64::new(0),
            disbursed: Mutex::default(),
            silent: Mutex::new(false),
            verdict: Mutex::new(None),
        });
        let clock = Arc::new(Hand(Mutex::new(at("2026-01-10T12:00:00Z"))));
        let chain = Arc::new(FakeChain::default());
        let vault_ids: Arc<dyn Ids> = Arc::new(Counter(AtomicU64::new(1 << 40)));
        let world = World {
            vault: crate::privacy::Vault::development(db.clone(), clock.clone(), vault_ids),
            db,
            clock: clock.clone(),
            ids: Arc::new(Counter(AtomicU64::new(1))),
            lenders: vec![lender.clone()],
            venues,
            contracts: chain.clone(),
            reader: chain.clone(),
            attesters: chain.clone(),
            risk: risk::Engine::built_in().unwrap(),
            rules: crate::rules::RuleBook::built_in().unwrap(),
            screening: compliance::ScreeningIndex::built_in().unwrap(),
            credit_data: Arc::new(crate::facts::CreditData::none()),
            velocity: Arc::new(crate::fraud::InProcessVelocity::default()),
            fraud: crate::fraud::FraudSetup::new(crate::fraud::DEVELOPMENT_SECRET).unwrap(),
            settings: Settings {
                rules: crate::rules::RuleSettings::lenient(),
                ..settings
            },
        };
        let borrower = Principal {
            id: PrincipalId(Uuid::from_u128(3)),
            tenant: TenantId(Uuid::from_u128(2)),
            role: Role::Borrower,
            provider: None,
            standing: domain::principal::Standing::default(),
        };
        Self {
            aggregator: Aggregator::new(world),
            lender,
            chain,
            clock,
            borrower,
            keys: AtomicU64::new(0),
        }
    }

    pub(crate) fn provider(&self) -> Principal {
        let provider = Some(LENDER.parse().unwrap());
        Principal {
            id: PrincipalId(Uuid::from_u128(9)),
            tenant: self.borrower.tenant,
            role: Role::Provider,
            provider,
            standing: domain::principal::Standing::default(),
        }
    }

    /// Works for us.
    pub(crate) fn officer(&self) -> Principal {
        Principal {
            id: PrincipalId(Uuid::from_u128(10)),
            tenant: self.borrower.tenant,
            role: Role::Officer,
            provider: None,
            standing: domain::principal::Standing::of(&[domain::principal::Group::Platform]),
        }
    }

    pub(crate) fn key(&self) -> IdempotencyKey {
        IdempotencyKey::parse(&format!("key-{}", self.keys.fetch_add(1, Ordering::SeqCst))).unwrap()
    }

    pub(crate) async fn open(&self, quote: &Quote) -> Result<SettlementView, crate::Error> {
        self.open_prepared(quote, &Prepared::default()).await
    }

    pub(crate) async fn open_prepared(
        &self,
        quote: &Quote,
        prepared: &Prepared,
    ) -> Result<SettlementView, crate::Error> {
        let accept = AcceptQuote {
            settlement_id: None,
            quote_id: quote.id,
            digest: quote.digest,
            recipient: None,
        };
        let opening = Opening {
            quote,
            tenant: self.borrower.tenant,
            borrower: self.borrower.id,
            wallet: Some(Address::repeat_byte(9)),
            accept: &accept,
            prepared,
        };
        let mut tx = self.aggregator.world.db.begin().await?;
        let Ok(view) = open(&mut tx, &self.aggregator.world, opening).await? else {
            return Err(crate::screening::release::refusal());
        };
        tx.commit().await?;
        Ok(view)
    }

    /// Everything adds up.
    pub(crate) async fn assert_clean(&self) {
        let report = self.aggregator.reconcile().await.unwrap();
        assert!(report.is_clean(), "{report:?}");
    }
}

fn capabilities() -> Capabilities {
    Capabilities {
        products: vec![Product::Installment],
        jurisdictions: vec![],
        amounts: vec![AmountRange {
            currency: Currency::usd(),
            min: 1,
            max: 1_000_000,
        }],
        min_term_days: 1,
        max_term_days: 4_000,
        collateral: Vec::new(),
        inquiry: Inquiry::None,
    }
}

/// 1,200.00 USD in 12 monthly installments of 106.00 (6.00 interest each); 24.00 are withheld.
pub(crate) fn bank_quote(n: u128) -> Quote {
    let start = at("2026-01-10T12:00:00Z");
    let month = Period::new(1, Unit::Month);
    let schedule = (1..=12)
        .map(|k| ScheduledPayment {
            due: month.after(start.date_naive(), k).unwrap(),
            principal: usd(10_000),
            interest: usd(600),
            fees: usd(0),
            total: usd(10_600),
        })
        .collect();
    let offer = Offer {
        provider_ref: "ref-1".into(),
        product: Product::Installment,
        issued_at: start,
        valid_until: at("2026-01-10T12:30:00Z"),
        binding: Binding::Firm,
        inquiry: Inquiry::None,
        amounts: Amounts {
            requested: usd(120_000),
            offered: usd(120_000),
            net_disbursed: usd(117_600),
            limit: None,
        },
        rate: RateTerms {
            kind: RateKind::Fixed,
            nominal: Rate::from_percent(11),
            day_count: DayCount::Thirty360,
            compounding: None,
            index: None,
            spread: None,
            cap: None,
            floor: None,
            curve: None,
        },
        fees: vec![Fee {
            code: "origination".into(),
            payee: Payee::Provider,
            amount: usd(2_400),
            timing: FeeTiming::UpfrontDeducted,
            mandatory: true,
            in_finance_charge: true,
        }],
        repayment: Repayment {
            schedule,
            method: RepaymentMethod::EqualInstallment,
            every: month,
            prepayment_charge: Rate::ZERO,
            late: LateTerms {
                grace_days: 10,
                fee: usd(1_500),
                penal_rate: Rate::ZERO,
            },
            cooling_off_days: 0,
        },
        collateral: None,
        onchain: None,
        venue: None,
        declared: Declared {
            apr: Rate::from_percent(11),
            convention: AprConvention::UsNominal,
            total_cost: None,
            payment: None,
        },
    };
    quote(n, offer)
}

fn quote(n: u128, offer: Offer) -> Quote {
    Quote {
        id: QuoteId(Uuid::from_u128(100 + n)),
        request_id: RequestId(Uuid::from_u128(200 + n)),
        provider: LENDER.parse().unwrap(),
        jurisdiction: Jurisdiction {
            country: "US".into(),
            region: Some("CA".into()),
        },
        received_at: offer.issued_at,
        verified: Verified {
            apr: Rate::from_percent(11),
            convention: AprConvention::UsNominal,
            us_apr: None,
            eu_aprc: None,
            in_apr: None,
            total_of_payments: usd(127_200),
            finance_charge: usd(9_600),
            largest_payment: usd(10_600),
            engine_version: 1,
        },
        scenarios: vec![],
        flags: vec![],
        rule_versions: vec![],
        digest: B256::ZERO,
        offer,
    }
}

/// 1,200 tokens of 6 decimals in 3 installments of 30 days at 12 %; one per cent is withheld.
pub(crate) fn desk_quote(n: u128) -> Quote {
    let mut quote = bank_quote(n);
    let order = OnchainOrder {
        lender: Address::repeat_byte(1),
        borrower: Address::ZERO,
        asset: Address::repeat_byte(2),
        collateral: Address::repeat_byte(3),
        oracle: Address::ZERO,
        principal: 1_200_000_000,
        min_fill: 0,
        collateral_amount: 10u128.pow(18),
        installment_amount: 410_000_000,
        rate_ppm: 120_000,
        installments: 3,
        period: 30 * 86_400,
        grace: 86_400,
        late_fee_bps: 100,
        origination_fee_bps: 100,
        liquidation_ltv_bps: 0,
        liquidation_bonus_bps: 0,
        attestation_policy: 0,
        fee_recipient: Address::repeat_byte(4),
        expiry: u64::try_from(at("2026-01-10T12:30:00Z").timestamp()).unwrap(),
        epoch: 0,
        nonce: U256::from(n),
    };
    let asset = Asset {
        chain_id: CHAIN,
        token: order.asset,
        symbol: "dUSD".into(),
        decimals: 6,
    };
    quote.offer.onchain = Some(Onchain {
        chain_id: CHAIN,
        venue: "desk".into(),
        contract: Address::repeat_byte(0xaa),
        gas_estimate: 150_000,
        order_hash: order_hash_of(&order),
        signature: SIGNED,
        principal: TokenAmount {
            units: U256::from(order.principal),
            asset,
        },
        order,
    });
    quote
}

/// The same, its collateral valued by the chain's oracle: liquidation above 80 %.
pub(crate) fn priced_quote(n: u128) -> Quote {
    let mut quote = secured(desk_quote(n));
    let onchain = quote.offer.onchain.as_mut().unwrap();
    onchain.order.oracle = ORACLE;
    onchain.order.liquidation_ltv_bps = 8_000;
    onchain.order.liquidation_bonus_bps = 500;
    onchain.order_hash = order_hash_of(&onchain.order);
    quote
}

/// The quote says in words what its order locks.
pub(crate) fn secured(mut quote: Quote) -> Quote {
    let order = &quote.offer.onchain.as_ref().unwrap().order;
    let asset = Asset {
        chain_id: CHAIN,
        token: order.collateral,
        symbol: "dWETH".into(),
        decimals: 18,
    };
    quote.offer.collateral = Some(Collateral {
        assets: vec![CollateralAsset {
            amount: TokenAmount {
                units: U256::from(order.collateral_amount),
                asset,
            },
            price: "2000".parse().unwrap(),
            oracle: "chain".into(),
            as_of: quote.received_at,
        }],
        ltv_max: Rate::from_percent(70),
        liquidation_threshold: None,
        liquidation_penalty: Rate::ZERO,
    });
    quote
}
