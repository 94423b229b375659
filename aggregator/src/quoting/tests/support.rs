//! A world for tests of quoting: small lenders, one for each way to answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::calendar::{DayCount, Period, Unit};
use domain::eligibility::{AmountRange, Capabilities, CollateralKind};
use domain::ids::{PrincipalId, SettlementId, TenantId};
use domain::offer::*;
use domain::ports::*;
use domain::ranking::RankBy;
use domain::request::*;
use domain::{Currency, Money, Principal, ProviderId, Rate, Reason, Role};
use sqlx::PgPool;
use std::sync::Mutex;
use uuid::Uuid;

use crate::api::{IdempotencyKey, NewRequest, RequestView};
use crate::events::Consumer;
use crate::fake_chain::{CHAIN, FakeChain};
use crate::{Aggregator, Settings, World};

pub(crate) fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::usd())
}

/// A clock that a test sets.
pub(crate) struct Hand(Mutex<DateTime<Utc>>);

impl Hand {
    pub(crate) fn advance(&self, by: Duration) {
        *self.0.lock().unwrap() += by;
    }
}

impl Clock for Hand {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

struct Counter(AtomicU64);

impl Counter {
    /// Ids that no other counter gives: two processes over one database share none.
    fn new() -> Self {
        static STAGES: AtomicU64 = AtomicU64::new(0);
        Self(AtomicU64::new(STAGES.fetch_add(1, Ordering::SeqCst) * 1_000_000 + 1))
    }
}

impl Ids for Counter {
    fn next(&self) -> Uuid {
        Uuid::from_u128((7 << 76) | (2 << 62) | (1 << 100) | u128::from(self.0.fetch_add(1, Ordering::SeqCst)))
    }
}

/// How a lender answers.
#[derive(Clone)]
pub(crate) enum Manner {
    /// Equal monthly payments of that many cents on what is asked, for 12 months.
    Offers(i64),
    /// The same after a pause.
    Slow(i64, Duration),
    /// The principal parts of its calendar do not add up.
    DoesNotAddUp,
    /// An offer that has ended.
    Ended,
    /// Declines.
    Declines,
    /// Panics.
    Panics,
    /// Never answers.
    Hangs,
    /// The offer that this makes.
    Gives(fn(&CreditRequest) -> Offer),
    /// The same of a lender that wants collateral on the fake chain.
    Locks(fn(&CreditRequest) -> Offer),
}

pub(crate) struct SmallLender {
    id: ProviderId,
    capabilities: Capabilities,
    manner: Manner,
}

impl SmallLender {
    pub(crate) fn lender(name: &str, manner: Manner) -> Arc<dyn Lender> {
        let capabilities = Capabilities {
            products: vec![Product::Installment],
            jurisdictions: vec![Jurisdiction {
                country: "US".into(),
                region: None,
            }],
            amounts: vec![AmountRange {
                currency: Currency::usd(),
                min: 1,
                max: 10_000_000,
            }],
            min_term_days: 1,
            max_term_days: 4_000,
            collateral: match manner {
                Manner::Locks(_) => vec![CollateralKind::on_chain(CHAIN)],
                _ => Vec::new(),
            },
            inquiry: Inquiry::None,
        };
        Arc::new(Self {
            id: name.parse().unwrap(),
            capabilities,
            manner,
        })
    }
}

#[async_trait]
impl Lender for SmallLender {
    fn id(&self) -> &ProviderId {
        &self.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        match &self.manner {
            Manner::Offers(payment) => Ok(Answer::Offers(vec![offer(&ask.request, *payment)])),
            Manner::Slow(payment, pause) => {
                tokio::time::sleep(*pause).await;
                Ok(Answer::Offers(vec![offer(&ask.request, *payment)]))
            }
            Manner::DoesNotAddUp => {
                let mut offer = offer(&ask.request, 46_000);
                offer.repayment.schedule.clear();
                Ok(Answer::Offers(vec![offer]))
            }
            Manner::Ended => {
                let mut offer = offer(&ask.request, 46_000);
                offer.valid_until = ask.request.at;
                Ok(Answer::Offers(vec![offer]))
            }
            Manner::Declines => Ok(Answer::Declined(vec![Reason::new("INCOME", "Not enough income.")])),
            Manner::Panics => panic!("a lender's bug"),
            Manner::Hangs => std::future::pending().await,
            Manner::Gives(make) | Manner::Locks(make) => Ok(Answer::Offers(vec![make(&ask.request)])),
        }
    }

    async fn accept(&self, _: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        Err(LenderError::TimedOut)
    }

    async fn status(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Err(LenderError::TimedOut)
    }

    async fn cancel(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Err(LenderError::TimedOut)
    }
}

/// What is asked, over 12 months at `payment` cents a month; valid for 30 minutes.
pub(crate) fn offer(request: &CreditRequest, payment: i64) -> Offer {
    let month = Period::new(1, Unit::Month);
    let principal = request.amount.minor / 12;
    let last = request.amount.minor - principal * 11;
    let row = |n: u32| {
        let part = if n == 12 { last } else { principal };
        ScheduledPayment {
            due: month.after(request.at.date_naive(), n).unwrap(),
            principal: usd(part),
            interest: usd(payment - part),
            fees: usd(0),
            total: usd(payment),
        }
    };
    Offer {
        provider_ref: "ref-1".into(),
        product: Product::Installment,
        issued_at: request.at,
        valid_until: request.at + Duration::from_mins(30),
        binding: Binding::Firm,
        inquiry: Inquiry::None,
        amounts: Amounts {
            requested: request.amount,
            offered: request.amount,
            net_disbursed: request.amount,
            limit: None,
        },
        rate: RateTerms {
            kind: RateKind::Fixed,
            nominal: Rate::from_percent(10),
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
            schedule: (1..=12).map(row).collect(),
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
            apr: Rate::from_percent(10),
            convention: AprConvention::UsNominal,
            total_cost: None,
            payment: None,
        },
    }
}

pub(crate) struct Stage {
    pub(crate) aggregator: Arc<Aggregator>,
    pub(crate) chain: Arc<FakeChain>,
    pub(crate) clock: Arc<Hand>,
}

impl Stage {
    pub(crate) fn new(db: PgPool, lenders: &[(&str, Manner)]) -> Self {
        Self::with(db, lenders, Settings::default(), Vec::new())
    }

    pub(crate) fn with(
        db: PgPool,
        lenders: &[(&str, Manner)],
        settings: Settings,
        consumers: Vec<Arc<dyn Consumer>>,
    ) -> Self {
        let rules = crate::rules::RuleSettings::lenient();
        Self::under(db, lenders, Settings { rules, ..settings }, consumers)
    }

    /// With the rules as those settings read them.
    pub(crate) fn strict(db: PgPool, lenders: &[(&str, Manner)], settings: Settings) -> Self {
        Self::under(db, lenders, settings, Vec::new())
    }

    fn under(db: PgPool, lenders: &[(&str, Manner)], settings: Settings, consumers: Vec<Arc<dyn Consumer>>) -> Self {
        let clock = Arc::new(Hand(Mutex::new("2026-01-10T12:00:00Z".parse().unwrap())));
        let chain = Arc::new(FakeChain::default());
        let vault_ids: Arc<dyn Ids> = Arc::new(Counter(AtomicU64::new(1 << 40)));
        let world = World {
            vault: crate::privacy::Vault::development(db.clone(), clock.clone(), vault_ids),
            db,
            clock: clock.clone(),
            ids: Arc::new(Counter::new()),
            venues: Vec::new(),
            lenders: lenders
                .iter()
                .map(|(name, manner)| SmallLender::lender(name, manner.clone()))
                .collect(),
            contracts: chain.clone(),
            reader: chain.clone(),
            attesters: chain.clone(),
            risk: risk::Engine::built_in().unwrap(),
            rules: crate::rules::RuleBook::built_in().unwrap(),
            screening: compliance::ScreeningIndex::built_in().unwrap(),
            credit_data: Arc::new(crate::facts::CreditData::none()),
            velocity: Arc::new(crate::fraud::InProcessVelocity::default()),
            fraud: crate::fraud::FraudSetup::new(crate::fraud::DEVELOPMENT_SECRET).unwrap(),
            settings,
        };
        Self {
            aggregator: Aggregator::with_consumers(world, consumers),
            chain,
            clock,
        }
    }

    /// A stored request, whole.
    pub(crate) async fn whole(&self, id: domain::RequestId) -> CreditRequest {
        let mut conn = self.aggregator.world().db.acquire().await.unwrap();
        let row = crate::store::quoting::request(&mut conn, id).await.unwrap().unwrap();
        let purpose = ::privacy::Purpose::Underwriting;
        self.aggregator
            .whole_request(&mut conn, &row.asked.request, purpose)
            .await
            .unwrap()
    }

    /// Asks and waits for the closed book.
    pub(crate) async fn closed(&self, name: &str) -> RequestView {
        self.closed_for(name, ask()).await
    }

    /// The same with another question.
    pub(crate) async fn closed_for(&self, name: &str, ask: NewRequest) -> RequestView {
        let view = self
            .aggregator
            .request_quotes(&borrower(), &key(name), ask)
            .await
            .unwrap();
        self.aggregator.closed(&borrower(), view.id).await.unwrap()
    }
}

pub(crate) fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::parse(name).unwrap()
}

pub(crate) fn borrower() -> Principal {
    let (id, tenant) = (PrincipalId(Uuid::from_u128(3)), TenantId(Uuid::from_u128(2)));
    Principal {
        id,
        tenant,
        role: Role::Borrower,
        provider: None,
        standing: domain::principal::Standing::default(),
    }
}

/// An integrator of another tenant.
pub(crate) fn stranger() -> Principal {
    let (id, tenant) = (PrincipalId(Uuid::from_u128(13)), TenantId(Uuid::from_u128(12)));
    Principal {
        id,
        tenant,
        role: Role::Integrator,
        provider: None,
        standing: domain::principal::Standing::default(),
    }
}

/// 5,000.00 USD for a year, in California.
pub(crate) fn ask() -> NewRequest {
    NewRequest {
        id: None,
        borrower: None,
        amount: usd(500_000),
        term: Period::new(12, Unit::Month),
        purpose: Purpose::HomeImprovement,
        products: vec![],
        jurisdiction: Jurisdiction {
            country: "US".into(),
            region: Some("CA".into()),
        },
        applicant: Applicant {
            full_name: "Alex Sample".into(),
            date_of_birth: None,
            monthly_income: usd(700_000),
            monthly_housing_cost: usd(150_000),
            monthly_debt_payments: usd(20_000),
            employment: Employment::Employed,
            employment_months: 60,
            residence_months: 48,
            delinquencies_24m: 0,
            inquiries_6m: 0,
            credit_history_months: Some(120),
            revolving_utilization_percent: Some(15),
            military_covered: false,
        },
        wallet: None,
        collateral: None,
        refinances: None,
        data_consents: Vec::new(),
        rank_by: RankBy::Apr,
        signals: crate::fraud::Signals::default(),
    }
}
