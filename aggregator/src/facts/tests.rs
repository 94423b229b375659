//! Gathering against a real PostgreSQL and sources that do as they are told.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use chrono::{NaiveDate, TimeDelta};
use domain::Currency;
use domain::ports::*;
use risk::Source;
use sqlx::PgPool;

use super::*;
use crate::quoting::tests::support::{Stage, ask, borrower};

type Told = Result<(), CreditDataError>;

/// A source that gives an empty report, or fails as it is told; or never answers.
struct Puppet {
    calls: AtomicUsize,
    answer: Mutex<Option<Told>>,
    /// What the report says of debts.
    payment: i64,
}

impl Puppet {
    fn new(payment: i64) -> Arc<Self> {
        Arc::new(Self {
            calls: AtomicUsize::new(0),
            answer: Mutex::new(Some(Ok(()))),
            payment,
        })
    }

    fn tell(&self, answer: Option<Told>) {
        *self.answer.lock().unwrap() = answer;
    }

    fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn say(&self) -> Told {
        self.calls.fetch_add(1, Ordering::SeqCst);
        tokio::task::yield_now().await;
        let answer = self.answer.lock().unwrap().clone();
        match answer {
            Some(answer) => answer,
            None => std::future::pending().await,
        }
    }
}

fn line(payment: i64) -> Tradeline {
    Tradeline {
        kind: TradelineKind::Installment,
        opened: None,
        closed: None,
        limit: None,
        balance: Some(1),
        monthly_payment: Some(payment),
        status: MonthState::Late(1),
        history: vec![],
        months: vec![],
    }
}

fn started() -> DateTime<Utc> {
    "2026-01-10T12:00:00Z".parse().unwrap()
}

#[async_trait]
impl Bureau for Puppet {
    fn name(&self) -> &'static str {
        "told-bureau"
    }

    async fn report(&self, _: &BureauSubject, _: &DataConsent, _: Instant) -> Result<BureauReport, CreditDataError> {
        self.say().await?;
        Ok(BureauReport {
            report_id: format!("R-{}", self.calls()),
            as_of: started() - TimeDelta::hours(9),
            currency: Currency::usd(),
            tradelines: vec![line(self.payment)],
            inquiries: vec![],
            public_records: vec![],
        })
    }
}

#[async_trait]
impl BankData for Puppet {
    fn name(&self) -> &'static str {
        "told-bank"
    }

    async fn accounts(&self, _: &DataConsent, from: NaiveDate, _: Instant) -> Result<BankReport, CreditDataError> {
        self.say().await?;
        let transaction = BankTransaction {
            date: from,
            amount: -1,
            class: TransactionClass::Other,
            counterparty: None,
            booked: true,
        };
        Ok(BankReport {
            report_id: format!("B-{}", self.calls()),
            as_of: started(),
            accounts: vec![BankAccount {
                kind: BankAccountKind::Current,
                currency: Currency::usd(),
                holder: None,
                balance: Some(5),
                from,
                transactions: vec![transaction],
            }],
        })
    }
}

struct Scene {
    stage: Stage,
    world: World,
    bureau: Arc<Puppet>,
    bank: Arc<Puppet>,
}

const KEEP: Duration = Duration::from_mins(10);

impl Scene {
    /// Nothing is late here because the machine is busy.
    fn new(db: PgPool) -> Self {
        Self::with(db, Duration::from_mins(1))
    }

    fn with(db: PgPool, deadline: Duration) -> Self {
        let stage = Stage::new(db, &[]);
        let (bureau, bank) = (Puppet::new(30_000), Puppet::new(0));
        let mut world = stage.aggregator.world().clone();
        let (one, two): (Arc<dyn Bureau>, Arc<dyn BankData>) = (bureau.clone(), bank.clone());
        world.credit_data = Arc::new(CreditData::new(Some(one), Some(two), deadline, KEEP));
        Self {
            stage,
            world,
            bureau,
            bank,
        }
    }

    async fn gather(&self, request: &CreditRequest) -> Gathered {
        gather(&self.world, request, Instant::now() + Duration::from_mins(1)).await
    }

    fn calls(&self) -> (usize, usize) {
        (self.bureau.calls(), self.bank.calls())
    }
}

fn consenting(sources: &[DataSource]) -> CreditRequest {
    let new = ask();
    let consent = |source: &DataSource| DataConsent {
        source: *source,
        reference: ConsentReference::parse("c-1").unwrap(),
        purpose: DataPurpose::CreditAssessment,
    };
    CreditRequest {
        id: uuid::Uuid::from_u128(77).into(),
        tenant: borrower().tenant,
        borrower: borrower().id,
        at: started(),
        amount: new.amount,
        term: new.term,
        purpose: new.purpose,
        products: new.products,
        jurisdiction: new.jurisdiction,
        applicant: new.applicant,
        wallet: None,
        collateral: None,
        refinances: None,
        data_consents: sources.iter().map(consent).collect(),
    }
}

const BOTH: [DataSource; 2] = [DataSource::Bureau, DataSource::Bank];

fn why(gathered: &Gathered, source: Source) -> Vec<&str> {
    let of = gathered
        .missing_sources
        .iter()
        .filter(|missing| missing.source == source);
    of.map(|missing| missing.why.as_str()).collect()
}

fn value(gathered: &Gathered, fact: Fact) -> Option<(i64, Source)> {
    let found = gathered.facts.iter().find(|(known, _)| *known == fact);
    found.map(|(_, known)| (known.value, known.source))
}

#[sqlx::test(migrations = "./migrations")]
async fn without_a_consent_nobody_is_asked(db: PgPool) {
    let scene = Scene::new(db);
    let gathered = scene.gather(&consenting(&[])).await;
    assert_eq!(scene.calls(), (0, 0));
    assert_eq!(why(&gathered, Source::Bureau), [NO_CONSENT]);
    assert_eq!(why(&gathered, Source::Bank), [NO_CONSENT]);
    let gathered = scene.gather(&consenting(&[DataSource::Bank])).await;
    assert_eq!((scene.calls(), gathered.uses.len()), ((0, 1), 1));
    let mut world = scene.world.clone();
    world.credit_data = Arc::new(CreditData::none());
    let soon = Instant::now() + Duration::from_mins(1);
    let gathered = gather(&world, &consenting(&[DataSource::Bank]), soon).await;
    assert_eq!(why(&gathered, Source::Bank), [NOT_CONFIGURED]);
    assert_eq!(gather(&world, &consenting(&[]), soon).await, Gathered::default());
}

#[sqlx::test(migrations = "./migrations")]
async fn a_report_is_used_again_for_ten_minutes_and_keeps_its_time(db: PgPool) {
    let scene = Scene::new(db);
    let request = consenting(&BOTH);
    let first = scene.gather(&request).await;
    assert_eq!(value(&first, Fact::Late30To59In24m), Some((1, Source::Bureau)));
    assert_eq!(value(&first, Fact::LowestBalanceMinor), Some((5, Source::Bank)));
    scene.stage.clock.advance(KEEP - Duration::from_secs(1));
    let again = scene.gather(&request).await;
    assert_eq!((scene.calls(), &again.facts), ((1, 1), &first.facts));
    assert!(again.uses.iter().all(|used| used.remembered) && !first.uses[0].remembered);
    assert_eq!(
        (again.uses[0].as_of, again.uses[0].report_id.as_str()),
        (started() - TimeDelta::hours(9), "R-1")
    );
    scene.stage.clock.advance(Duration::from_secs(1));
    scene.gather(&request).await;
    assert_eq!(scene.calls(), (2, 2));
    // Another person, and another consent, is another question.
    let mut other = consenting(&BOTH);
    other.borrower = uuid::Uuid::from_u128(4).into();
    scene.gather(&other).await;
    let mut other = consenting(&BOTH);
    other.data_consents[0].reference = ConsentReference::parse("c-2").unwrap();
    scene.gather(&other).await;
    assert_eq!(scene.calls(), (4, 3));
}

#[sqlx::test(migrations = "./migrations")]
async fn the_same_question_at_the_same_time_is_one_call(db: PgPool) {
    let scene = Scene::new(db);
    let request = consenting(&BOTH);
    let all = futures::future::join_all((0..8).map(|_| scene.gather(&request))).await;
    assert_eq!(scene.calls(), (1, 1));
    assert!(all.iter().all(|gathered| gathered.facts == all[0].facts));
    assert_eq!(all.iter().filter(|gathered| !gathered.uses[0].remembered).count(), 1);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_silent_source_costs_its_time_and_nothing_else(db: PgPool) {
    let scene = Scene::with(db, Duration::from_secs(2));
    scene.bureau.tell(None);
    let gathered = scene.gather(&consenting(&BOTH)).await;
    assert_eq!(why(&gathered, Source::Bureau), [TIMED_OUT]);
    assert_eq!(value(&gathered, Fact::OverdraftDays90d), Some((0, Source::Bank)));
    assert_eq!(why(&gathered, Source::Own), [""; 0]);
}

#[sqlx::test(migrations = "./migrations")]
async fn every_failure_is_a_code_and_is_not_remembered(db: PgPool) {
    let scene = Scene::new(db);
    let request = consenting(&[DataSource::Bureau]);
    let failures = [
        (CreditDataError::Consent, "CONSENT_INVALID"),
        (CreditDataError::NoFile, "NO_FILE"),
        (CreditDataError::Refused("401".into()), "REFUSED"),
        (CreditDataError::malformed("body", "x"), "MALFORMED"),
        (CreditDataError::Unavailable("503".into()), "UNAVAILABLE"),
    ];
    for (place, (failure, code)) in failures.into_iter().enumerate() {
        scene.bureau.tell(Some(Err(failure)));
        let gathered = scene.gather(&request).await;
        assert_eq!(
            (why(&gathered, Source::Bureau), scene.bureau.calls()),
            (vec![code], place + 1)
        );
    }
    for _ in 0..4 {
        scene.gather(&request).await;
    }
    // One and four outages one after the other: the source is left alone.
    let calls = scene.bureau.calls();
    scene.bureau.tell(Some(Ok(())));
    assert_eq!(why(&scene.gather(&request).await, Source::Bureau), ["CIRCUIT_OPEN"]);
    assert_eq!(scene.bureau.calls(), calls);
}

#[sqlx::test(migrations = "./migrations")]
async fn a_bureau_adds_to_declared_debts_and_takes_nothing_away(db: PgPool) {
    let scene = Scene::new(db);
    let mut request = consenting(&[DataSource::Bureau]);
    let found = scene.gather(&request).await;
    assert_eq!(value(&found, Fact::MonthlyDebtMinor), Some((30_000, Source::Bureau)));
    request.applicant.monthly_debt_payments.minor = 30_001;
    assert_eq!(value(&scene.gather(&request).await, Fact::MonthlyDebtMinor), None);
}

#[sqlx::test(migrations = "./migrations")]
async fn the_better_source_wins_and_what_was_declared_is_kept(db: PgPool) {
    let scene = Scene::new(db);
    let request = consenting(&[DataSource::Bureau]);
    let features = features(&scene.world, &request, Instant::now() + Duration::from_mins(1)).await;
    let late = features.facts[&Fact::Delinquencies24m];
    assert_eq!((late.value, late.source), (1, Source::Bureau));
    let overruled = features
        .overruled
        .iter()
        .find(|overruled| overruled.fact == Fact::Delinquencies24m);
    assert_eq!(
        overruled.map(|o| (o.known.value, o.known.source)),
        Some((0, Source::Application))
    );
    assert_eq!(features.missing_sources.len(), 1, "the bank was not consented to");
}
