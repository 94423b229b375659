//! Both adapters against the sandbox's sources over HTTP, faults included.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, TimeZone as _, Utc};
use domain::ports::*;
use domain::{Currency, PrincipalId};
use sandbox::bank_data::{AccountBankHandle, BankFault};
use sandbox::bureau::{BureauFault, BureauHandle};
use sdk::{NetworkPolicy, PrivateKey};
use usance_bureaus::{BankDataConfig, BureauConfig, ConfigError, CreditDataConfig, KeyConfig, Parts, Sources};
use uuid::Uuid;

const PLATFORM: &str = "usance-dev";
const TOKEN: &str = "token-of-a-test";
/// The machine may be busy: nothing that should be answered is late for that.
const PATIENCE: Duration = Duration::from_secs(60);

struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 20, 12, 0, 0).unwrap()
    }
}

struct Counter(AtomicU64);

impl Ids for Counter {
    fn next(&self) -> Uuid {
        Uuid::from_u128((7 << 76) | (2 << 62) | (1 << 100) | u128::from(self.0.fetch_add(1, Ordering::SeqCst)))
    }
}

struct Stage {
    sources: Sources,
    bureau: BureauHandle,
    bank: AccountBankHandle,
}

fn parts(network: NetworkPolicy) -> Parts {
    let (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>) = (Arc::new(Noon), Arc::new(Counter(AtomicU64::new(1))));
    Parts {
        signer: Arc::new(sdk::Signer {
            key: PrivateKey::development(PLATFORM).unwrap(),
            clock: Arc::clone(&clock),
            ids: Arc::clone(&ids),
        }),
        network,
        clock,
        ids,
    }
}

fn config(bureau: &BureauHandle, bank: &AccountBankHandle) -> CreditDataConfig {
    CreditDataConfig {
        bureau: Some(BureauConfig {
            id: "sandbox-bureau".into(),
            url: bureau.base_url.clone(),
            keys: vec![KeyConfig {
                id: sandbox::bureau::KEY.into(),
                public: bureau.public_key(),
            }],
            timeout_ms: 60_000,
        }),
        bank: Some(BankDataConfig {
            id: "sandbox-bank".into(),
            url: bank.base_url.clone(),
            token: Some(TOKEN.into()),
            timeout_ms: 60_000,
        }),
        ..CreditDataConfig::default()
    }
}

async fn stage() -> Stage {
    let world = || sandbox::World {
        clock: Arc::new(Noon),
        ids: Arc::new(Counter(AtomicU64::new(1 << 40))),
    };
    let platform = sandbox::PlatformKey {
        id: PLATFORM.into(),
        public: PrivateKey::development(PLATFORM).unwrap().public().to_base64(),
    };
    let bureau = sandbox::bureau::spawn(&platform, world()).await.unwrap();
    let bank = sandbox::bank_data::spawn(TOKEN, world()).await.unwrap();
    let sources = config(&bureau, &bank)
        .build(&parts(NetworkPolicy::AllowLoopback))
        .unwrap();
    Stage { sources, bureau, bank }
}

fn consent(source: DataSource, reference: &str) -> DataConsent {
    DataConsent {
        source,
        reference: ConsentReference::parse(reference).unwrap(),
        purpose: DataPurpose::CreditAssessment,
    }
}

fn subject(name: &str) -> BureauSubject {
    BureauSubject {
        full_name: name.into(),
        country: "US".into(),
        region: Some("CA".into()),
        borrower: PrincipalId(Uuid::from_u128(3)),
    }
}

fn from() -> NaiveDate {
    "2026-04-19".parse().unwrap()
}

impl Stage {
    async fn ask_bureau(&self, reference: &str) -> Result<BureauReport, CreditDataError> {
        let (bureau, consent) = (
            self.sources.bureau.as_ref().unwrap(),
            consent(DataSource::Bureau, reference),
        );
        bureau
            .report(&subject("Alex Sample"), &consent, Instant::now() + PATIENCE)
            .await
    }

    async fn ask_bank(&self, reference: &str) -> Result<BankReport, CreditDataError> {
        let (bank, consent) = (
            self.sources.bank.as_ref().unwrap(),
            consent(DataSource::Bank, reference),
        );
        bank.accounts(&consent, from(), Instant::now() + PATIENCE).await
    }
}

fn field<T>(result: Result<T, CreditDataError>) -> String {
    match result {
        Err(CreditDataError::Malformed { field, .. }) => field,
        Err(other) => panic!("{other}"),
        Ok(_) => panic!("it was believed"),
    }
}

#[tokio::test]
async fn a_report_comes_with_consent_and_purpose_and_without_what_the_person_does_not_owe() {
    let stage = stage().await;
    let report = stage.ask_bureau("c-1").await.unwrap();
    assert_eq!(
        (report.currency, report.as_of.date_naive().to_string()),
        (Currency::usd(), "2026-11-19".into())
    );
    let cards = report
        .tradelines
        .iter()
        .filter(|line| line.kind == TradelineKind::Revolving);
    assert_eq!(cards.count(), 2, "the third is of somebody else");
    assert!(report.tradelines.iter().all(|line| line.history.len() == 24));
    let calls = stage.bureau.bureau.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(
        (
            calls[0].consent.as_str(),
            calls[0].purpose.as_str(),
            calls[0].inquiry.as_str()
        ),
        ("c-1", "CREDIT_ASSESSMENT", "SOFT")
    );
    assert_eq!(
        stage.ask_bureau("c-2").await.unwrap(),
        report,
        "the same person has the same file"
    );
    let printed = format!("{report:?} {:?} {:?}", report.tradelines[0], subject("Alex Sample"));
    assert!(!printed.contains("Alex") && !printed.contains("2018"), "{printed}");
}

#[tokio::test]
async fn each_fault_of_a_bureau_says_what_to_do_next() {
    let stage = stage().await;
    let ask = |fault: &str| {
        let (stage, fault) = (&stage, format!("fault-{fault}"));
        async move { stage.ask_bureau(&fault).await }
    };
    assert_eq!(ask("consent-invalid").await, Err(CreditDataError::Consent));
    assert_eq!(ask("no-file").await, Err(CreditDataError::NoFile));
    let retry_after = Some(Duration::from_secs(7));
    assert_eq!(
        ask("rate-limited").await,
        Err(CreditDataError::RateLimited { retry_after })
    );
    assert_eq!(
        ask("unavailable").await,
        Err(CreditDataError::Unavailable("503".into()))
    );
    assert_eq!(ask("refuses").await, Err(CreditDataError::Refused("401".into())));
    assert_eq!(field(ask("malformed").await), "body");
    assert_eq!(field(ask("not-json").await), "content-type");
    assert_eq!(field(ask("too-large").await), "body");
    assert_eq!(field(ask("bad-signature").await), "signature");
    assert_eq!(field(ask("unsigned").await), "signature");
    assert_eq!(field(ask("other-request").await), "request_id");
    assert_eq!(field(ask("tomorrow").await), "as_of");
    assert_eq!(ask("euros").await.unwrap().currency.code(), "EUR");
    let odd = ask("unknown-codes").await.unwrap();
    let line = &odd.tradelines[0];
    assert_eq!(
        (line.status, &line.history[..2]),
        (MonthState::Unknown, &[MonthState::Unknown; 2][..])
    );
    assert_eq!(odd.public_records[0].kind, PublicRecordKind::Unknown);
}

#[tokio::test]
async fn a_silent_source_ends_at_the_deadline() {
    let stage = stage().await;
    let soon = || Instant::now() + Duration::from_millis(50);
    let silent = consent(DataSource::Bureau, "fault-silent");
    let bureau = stage.sources.bureau.as_ref().unwrap();
    assert_eq!(
        bureau.report(&subject("A"), &silent, soon()).await,
        Err(CreditDataError::TimedOut)
    );
    let silent = consent(DataSource::Bank, "fault-silent");
    let bank = stage.sources.bank.as_ref().unwrap();
    assert_eq!(
        bank.accounts(&silent, from(), soon()).await,
        Err(CreditDataError::TimedOut)
    );
    // A deadline that has passed asks nobody.
    let before = stage.bureau.bureau.calls().len();
    let past = Instant::now();
    assert_eq!(
        bureau.report(&subject("A"), &silent, past).await,
        Err(CreditDataError::TimedOut)
    );
    assert_eq!(stage.bureau.bureau.calls().len(), before);
}

#[tokio::test]
async fn a_bank_is_read_page_by_page_with_the_consent_on_every_call() {
    let stage = stage().await;
    let report = stage.ask_bank("person-1").await.unwrap();
    let kinds: Vec<_> = report.accounts.iter().map(|account| account.kind).collect();
    assert_eq!(kinds, [BankAccountKind::Current, BankAccountKind::Savings]);
    let current = &report.accounts[0];
    let of = |class| current.transactions.iter().filter(|t| t.class == class).count();
    // From the 19th of April to the 20th of November.
    let seen = [
        TransactionClass::Salary,
        TransactionClass::Rent,
        TransactionClass::LoanRepayment,
        TransactionClass::OwnTransfer,
    ]
    .map(of);
    assert_eq!(seen, [7, 7, 7, 7]);
    assert_eq!(current.transactions.iter().filter(|t| !t.booked).count(), 1);
    assert!(current.transactions.iter().all(|t| t.date >= from()));
    let salaries: std::collections::BTreeSet<_> = current
        .transactions
        .iter()
        .filter(|t| t.class == TransactionClass::Salary)
        .map(|t| t.counterparty)
        .collect();
    assert!(salaries.len() == 1 && !salaries.contains(&None), "one employer");
    assert_eq!(current.holder.as_deref(), Some("Alex Sample"));
    let heard = stage.bank.bank.heard();
    assert!(heard.iter().all(|call| call.ends_with(" person-1")), "{heard:?}");
    let pages = heard
        .iter()
        .filter(|call| call.contains("/current-") && call.contains("/transactions"))
        .count();
    // 72 days of shopping and four bookings in seven months, at 40 a page.
    assert_eq!(pages, current.transactions.len().div_ceil(40));
    // In June, August and October a debit of this person came back.
    let unlucky = stage.ask_bank("consent-7").await.unwrap();
    let returned = |t: &&BankTransaction| t.class == TransactionClass::Returned && t.amount > 0;
    assert_eq!(unlucky.accounts[0].transactions.iter().filter(returned).count(), 3);
    let printed = format!("{report:?} {:?}", current.transactions[0]);
    assert!(
        printed.contains("personal data") && !printed.contains("DE89"),
        "{printed}"
    );
}

#[tokio::test]
async fn each_fault_of_a_bank_says_what_to_do_next() {
    let stage = stage().await;
    let ask = |fault: &str| {
        let (stage, fault) = (&stage, format!("fault-{fault}"));
        async move { stage.ask_bank(&fault).await }
    };
    assert_eq!(ask("consent-expired").await, Err(CreditDataError::Consent));
    let retry_after = Some(Duration::from_secs(7));
    assert_eq!(
        ask("rate-limited").await,
        Err(CreditDataError::RateLimited { retry_after })
    );
    assert_eq!(
        ask("unavailable").await,
        Err(CreditDataError::Unavailable("503".into()))
    );
    assert_eq!(ask("token-invalid").await, Err(CreditDataError::Refused("401".into())));
    assert_eq!(field(ask("malformed").await), "transactions");
    assert_eq!(field(ask("not-json").await), "content-type");
    assert_eq!(field(ask("too-large").await), "body");
    assert_eq!(field(ask("contradicts").await), "transactions.transactionId");
    assert_eq!(field(ask("elsewhere").await), "transactions._links.next");
    assert_eq!(field(ask("endless").await), "transactions._links.next");
    assert_eq!(ask("limit-included").await.unwrap().accounts[0].balance, None);
    let odd = ask("unknown-codes").await.unwrap();
    assert_eq!(odd.accounts[0].kind, BankAccountKind::Other);
    let known = |t: &BankTransaction| matches!(t.class, TransactionClass::Other | TransactionClass::OwnTransfer);
    assert!(
        odd.accounts[0].transactions.iter().all(known),
        "unknown codes say nothing"
    );
    assert_eq!(ask("euros").await.unwrap().accounts[1].currency.code(), "EUR");
}

#[tokio::test]
async fn a_transaction_on_two_pages_counts_once_and_balances_may_be_apart() {
    let stage = stage().await;
    let plain = stage.ask_bank("person-1").await.unwrap();
    for fault in [BankFault::Duplicates, BankFault::BalancesApart] {
        stage.bank.bank.set(fault);
        let again = stage.ask_bank("person-1").await.unwrap();
        assert_eq!(again.accounts, plain.accounts, "{fault:?}");
    }
    assert!(plain.accounts[0].balance.is_some());
}

#[tokio::test]
async fn a_key_or_a_token_that_is_not_ours_is_refused() {
    let stage = stage().await;
    let mut wrong = config(&stage.bureau, &stage.bank);
    wrong.bank.as_mut().unwrap().token = Some("another".into());
    let mut ours = parts(NetworkPolicy::AllowLoopback);
    ours.signer = Arc::new(sdk::Signer {
        key: PrivateKey::from_seed(PLATFORM, [9; 32]).unwrap(),
        ..(*ours.signer).clone()
    });
    let sources = wrong.build(&ours).unwrap();
    let stage = Stage { sources, ..stage };
    assert_eq!(stage.ask_bureau("c").await, Err(CreditDataError::Refused("401".into())));
    assert_eq!(stage.ask_bank("c").await, Err(CreditDataError::Refused("401".into())));
    assert_eq!(stage.bureau.bureau.calls(), vec![]);
    stage.bureau.bureau.set(BureauFault::None);
}

#[tokio::test]
async fn production_takes_no_development_key_no_inline_token_and_no_private_address() {
    let stage = stage().await;
    let production = parts(NetworkPolicy::Public);
    let config = config(&stage.bureau, &stage.bank);
    let only_bank = CreditDataConfig {
        bureau: None,
        ..config.clone()
    };
    assert!(matches!(config.build(&production), Err(ConfigError::DevelopmentKey)));
    assert!(matches!(only_bank.build(&production), Err(ConfigError::Token)));
    let mut no_token = only_bank;
    no_token.bank.as_mut().unwrap().token = None;
    assert!(matches!(no_token.build(&production), Err(ConfigError::Url("bank", _))));
    let slow = CreditDataConfig {
        facts_deadline_ms: 0,
        ..CreditDataConfig::default()
    };
    assert!(matches!(
        slow.build(&production),
        Err(ConfigError::Range("facts_deadline_ms"))
    ));
    assert!(!format!("{config:?}").contains(TOKEN));
}
