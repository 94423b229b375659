//! The router over a real database, with people of every role and objects of three borrowers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aggregator::api::{AcceptQuote, IdempotencyKey, NewRequest, PageRequest};
use aggregator::fraud::{DEVELOPMENT_SECRET, FraudSetup, InProcessVelocity, Signals};
use aggregator::{Aggregator, Settings, World};
use axum::Router;
use chrono::{DateTime, Utc};
use domain::calendar::{Period, Unit};
use domain::ids::{DecisionId, PrincipalId, TenantId};
use domain::ports::{Clock, Ids};
use domain::principal::{Group, Standing};
use domain::provider::{Limits, Listed, ProviderState};
use domain::ranking::RankBy;
use domain::request::{Applicant, Employment, Jurisdiction, Purpose};
use domain::{Currency, Money, Principal, Role};
use sqlx::PgPool;
use usance_graphql::public_id::{Kind, encode};
use usance_graphql::{Api, Parts, auth::Tokens};
use uuid::Uuid;

use crate::fakes::{Bank, Callbacks, Levers, NoChain, Quiet};

pub const BANK: &str = "harbor-bank";

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp(1_800_000_000, 0).unwrap()
    }
}

struct Counter(AtomicU64);

impl Ids for Counter {
    fn next(&self) -> Uuid {
        Uuid::from_u128((7_u128 << 76) | (2_u128 << 62) | u128::from(self.0.fetch_add(1, Ordering::Relaxed)))
    }
}

/// Somebody with a token.
pub struct Person {
    pub name: &'static str,
    pub principal: Principal,
    pub token: String,
}

/// What belongs to one borrower; ids as the API shows them.
#[derive(Clone, Debug)]
pub struct Objects {
    pub tenant: TenantId,
    pub borrower: PrincipalId,
    pub request: String,
    pub quote: String,
    pub settlement: String,
    pub loan: String,
    pub decision: String,
    pub review: String,
    pub verification: String,
    pub document: String,
}

pub struct Stage {
    pub router: Router,
    pub people: Vec<Person>,
    /// Of a borrower, of another of the same tenant, of one of another tenant.
    pub objects: [Objects; 3],
    pub model: String,
    /// About the borrower of the other tenant.
    pub case: String,
}

pub fn tenant(number: u128) -> TenantId {
    TenantId(Uuid::from_u128(0xA0 + number))
}

fn person(number: u128, of: u128, role: Role, groups: &[Group]) -> Principal {
    Principal {
        id: PrincipalId(Uuid::from_u128(0xB00 + number)),
        tenant: tenant(of),
        role,
        provider: None,
        standing: Standing::of(groups),
    }
}

/// Every role that has tokens: own tenant, other tenant, with and without the platform.
fn people() -> Vec<(&'static str, Principal)> {
    use Group::{Aml, Platform};
    let lender = |number, name: &str| Principal {
        provider: Some(name.parse().unwrap()),
        ..person(number, 1, Role::Provider, &[])
    };
    vec![
        ("borrower", person(1, 1, Role::Borrower, &[])),
        ("second borrower", person(2, 1, Role::Borrower, &[])),
        ("foreign borrower", person(3, 2, Role::Borrower, &[])),
        ("integrator", person(4, 1, Role::Integrator, &[])),
        ("foreign integrator", person(5, 2, Role::Integrator, &[])),
        ("lender", lender(6, BANK)),
        ("other lender", lender(7, "other-bank")),
        ("officer", person(8, 1, Role::Officer, &[Platform])),
        ("aml officer", person(9, 1, Role::Officer, &[Platform, Aml])),
        ("officer of the tenant", person(10, 1, Role::Officer, &[])),
        ("officer of another tenant", person(11, 2, Role::Officer, &[])),
        ("risk manager", person(12, 1, Role::RiskManager, &[Platform])),
        ("risk manager of another tenant", person(13, 2, Role::RiskManager, &[])),
        ("manager", person(14, 1, Role::Manager, &[Platform])),
        ("manager of another tenant", person(15, 2, Role::Manager, &[])),
        ("credit head", person(16, 1, Role::CreditHead, &[Platform])),
        ("credit head of another tenant", person(17, 2, Role::CreditHead, &[])),
        ("admin", person(18, 1, Role::Admin, &[Platform])),
        ("admin of another tenant", person(19, 2, Role::Admin, &[])),
    ]
}

fn world(db: PgPool) -> World {
    let ids = Arc::new(Counter(AtomicU64::new(1 << 32)));
    World {
        vault: aggregator::privacy::Vault::development(db.clone(), Arc::new(Fixed), ids),
        db,
        clock: Arc::new(Fixed),
        ids: Arc::new(Counter(AtomicU64::new(1))),
        lenders: vec![Bank::lender(BANK)],
        venues: Vec::new(),
        contracts: Arc::new(NoChain),
        reader: Arc::new(NoChain),
        attesters: Arc::new(NoChain),
        risk: risk::Engine::built_in().unwrap(),
        rules: aggregator::rules::RuleBook::built_in().unwrap(),
        screening: compliance::ScreeningIndex::built_in().unwrap(),
        credit_data: Arc::new(aggregator::facts::CreditData::none()),
        velocity: Arc::new(InProcessVelocity::default()),
        fraud: FraudSetup::new(DEVELOPMENT_SECRET).unwrap(),
        settings: Settings {
            quote_deadline: Duration::from_mins(1),
            rules: aggregator::rules::RuleSettings::lenient(),
            ..Settings::default()
        },
    }
}

/// A database of its own on the server of `DATABASE_URL`.
async fn database() -> PgPool {
    let url = std::env::var("DATABASE_URL").expect("DATABASE_URL: run by scripts/with-postgres.sh");
    let server = aggregator::connect(&url, 1).await.unwrap();
    let name = format!("access_{}", std::process::id());
    for statement in [
        format!("drop database if exists {name}"),
        format!("create database {name}"),
    ] {
        sqlx::query(sqlx::AssertSqlSafe(statement))
            .execute(&server)
            .await
            .unwrap();
    }
    let (server, _) = url.rsplit_once('/').unwrap();
    let db = aggregator::connect(&format!("{server}/{name}"), 10).await.unwrap();
    aggregator::migrate(&db).await.unwrap();
    db
}

pub fn key(name: &str) -> IdempotencyKey {
    IdempotencyKey::parse(name).unwrap()
}

impl Stage {
    pub async fn new() -> Self {
        let db = database().await;
        let aggregator = Aggregator::new(world(db.clone()));
        for number in [1, 2] {
            aggregator.create_tenant(tenant(number), "a tenant").await.unwrap();
        }
        let tokens = Tokens::new("usance", &[7; 32], Arc::new(Fixed)).unwrap();
        let mut made = Vec::new();
        for (name, principal) in people() {
            aggregator.create_principal(&principal).await.unwrap();
            let token = tokens.issue(&principal).unwrap();
            made.push(Person { name, principal, token });
        }
        let listed = Listed {
            id: BANK.parse().unwrap(),
            name: "Harbor Bank".into(),
            kind: "protocol".into(),
            config: "{}".into(),
            limits: Limits {
                max_concurrent: 10,
                max_waiting: 10,
                max_concurrent_money: 10,
                quotes_per_second: 1_000,
                burst: 1_000,
            },
        };
        aggregator
            .list_providers(&[listed], Arc::new(Levers), ProviderState::Live)
            .await
            .unwrap();
        aggregator.register_built_in().await.unwrap();
        let lender = made.iter().find(|p| p.name == "lender").unwrap();
        let report = r#"{"target":"http://bank","took_ms":5,"findings":[{"id":"reach.answers","outcome":"passed"}]}"#;
        let bank = BANK.parse().unwrap();
        aggregator
            .submit_conformance_report(&lender.principal, &key("report"), (&bank, report))
            .await
            .unwrap();
        let mut objects = Vec::new();
        for borrower in &made[..3] {
            objects.push(lend(&aggregator, &db, &borrower.principal).await);
        }
        let head = made.iter().find(|p| p.name == "credit head").unwrap();
        let models = aggregator.risk_models(&head.principal).await.unwrap();
        let model = encode(Kind::Model, models[0].id);
        let case = encode(Kind::Case, case(&db, &objects[2]).await);
        let api = Api::new(Parts {
            aggregator,
            tokens,
            assets: Vec::new(),
            callbacks: Arc::new(Callbacks),
            process: Arc::new(Quiet),
            proxies: Vec::new(),
            explorer: true,
            dev_clock: None,
            site: usance_graphql::web::Site::default(),
        });
        Self {
            router: usance_graphql::router(api),
            people: made,
            objects: objects.try_into().unwrap(),
            model,
            case,
        }
    }

    pub fn person(&self, name: &str) -> &Person {
        self.people.iter().find(|p| p.name == name).unwrap()
    }
}

fn usd(minor: i64) -> Money {
    Money::new(minor, Currency::usd())
}

pub fn ask() -> NewRequest {
    NewRequest {
        id: None,
        borrower: None,
        amount: usd(500_000),
        term: Period::new(12, Unit::Month),
        purpose: Purpose::HomeImprovement,
        products: vec![],
        jurisdiction: Jurisdiction {
            country: "US".to_owned(),
            region: Some("CA".to_owned()),
        },
        applicant: Applicant {
            full_name: "Alex Sample".to_owned(),
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
        signals: Signals::default(),
    }
}

/// A borrower asks, accepts, and has a review besides.
async fn lend(aggregator: &Arc<Aggregator>, db: &PgPool, who: &Principal) -> Objects {
    let made = aggregator.request_quotes(who, &key("ask"), ask()).await.unwrap();
    let closed = aggregator.closed(who, made.id).await.unwrap();
    let page = PageRequest { first: 1, after: None };
    let quotes = aggregator.quotes(who, made.id, page).await.unwrap();
    let quote = &quotes
        .items
        .first()
        .unwrap_or_else(|| panic!("no quote: {closed:?}"))
        .quote;
    let accept = AcceptQuote {
        settlement_id: None,
        quote_id: quote.id,
        digest: quote.digest,
        recipient: None,
    };
    let settlement = aggregator.accept_quote(who, &key("accept"), accept).await.unwrap();
    let decision: Uuid = sqlx::query_scalar(
        "select id from compliance.decision where kind = 'RISK' and request_id = $1 order by id limit 1",
    )
    .bind(made.id.0)
    .fetch_one(db)
    .await
    .unwrap();
    let document: Uuid = sqlx::query_scalar("select id from rules.document where borrower = $1 order by id limit 1")
        .bind(who.id.0)
        .fetch_one(db)
        .await
        .unwrap();
    let review = Uuid::from_u128(0xC00 + who.id.0.as_u128());
    sqlx::query(
        "insert into risk.review (id, decision_id, request_id, tenant, borrower, state, version, opened_at)
         values ($1, $2, $3, $4, $5, 'OPEN', 1, now())",
    )
    .bind(review)
    .bind(decision)
    .bind(made.id.0)
    .bind(who.tenant.0)
    .bind(who.id.0)
    .execute(db)
    .await
    .unwrap();
    Objects {
        tenant: who.tenant,
        borrower: who.id,
        request: encode(Kind::Request, made.id.0),
        quote: encode(Kind::Quote, quote.id.0),
        settlement: encode(Kind::Settlement, settlement.id.0),
        loan: encode(Kind::Loan, settlement.loan_id.0),
        decision: encode(Kind::Decision, DecisionId(decision).0),
        review: encode(Kind::Review, review),
        verification: encode(Kind::Verification, verification(db, who).await),
        document: encode(Kind::Document, document),
    }
}

/// A verification that was begun.
async fn verification(db: &PgPool, who: &Principal) -> Uuid {
    let id = Uuid::from_u128(0xD00 + who.id.0.as_u128());
    sqlx::query(
        "insert into kyc.session (id, tenant, borrower, vendor, level, vendor_level, state, version, claimed_name, consent_at,
                                  created_at, changed_at)
         values ($1, $2, $3, 'sumsub', 'STANDARD', 'l', 'CREATED', 1, '', now(), now(), now())",
    )
    .bind(id)
    .bind(who.tenant.0)
    .bind(who.id.0)
    .execute(db)
    .await
    .unwrap();
    id
}

/// A case about somebody.
async fn case(db: &PgPool, who: &Objects) -> Uuid {
    let id = Uuid::from_u128(0xE00);
    sqlx::query(
        "insert into cases.case (id, tenant, subject, kind, severity, entity, matched_hash, evidence, state, due_on, version,
                                 opened_at)
         values ($1, $2, $3, 'SCREENING_HIT', 'REVIEW', 'list:1', sha256('x'), '{}', 'OPEN', '2027-01-20', 1, now())",
    )
    .bind(id)
    .bind(who.tenant.0)
    .bind(who.borrower.0)
    .execute(db)
    .await
    .unwrap();
    id
}
