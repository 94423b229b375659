//! The adapters of the networks under the conformance kit: each is green in every scenario, and a broken one fails the right check.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use chrono::{DateTime, Utc};
use domain::calendar::{Period, Unit};
use domain::eligibility::AmountRange;
use domain::offer::Inquiry;
use domain::request::{Applicant, CreditRequest, Employment, Jurisdiction, Product, Purpose};
use domain::{Currency, Money, ProviderId, Rate, SettlementId};
use kit::Report;
use kit::adapter::{Class, Options, Scenario, Step, Subject, check, standard_scenarios};
use kit::door::{Counterparty, Door, Heard, OpenDoor, Said};
use sandbox::fis12::Fis12Bank;
use sandbox::network::{MemoryJourneys, Outgoing, Received, Recipient};
use sandbox::ocen::OcenLender as Network;
use sdk::jws::{SigningKey, VerifyingKey};
use sdk::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Clock, Endpoint, HttpClient, Ids, Lender, LenderError,
    LenderStatus, NetworkPolicy, PrivateKey, Signer,
};
use usance_lenders::networks::SecretSource;
use usance_lenders::{fis12, ocen};
use uuid::Uuid;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a fault may hold us that is over by the deadline alone.
const SHORT: Duration = Duration::from_secs(8);

#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        "2026-03-01T12:00:00Z".parse().unwrap()
    }
}

#[derive(Debug)]
struct Counter(Mutex<u128>);

impl Ids for Counter {
    fn next(&self) -> Uuid {
        let mut last = self.0.lock().unwrap();
        *last += 1;
        Uuid::from_u128(*last)
    }
}

fn ids(from: u128) -> Arc<Counter> {
    Arc::new(Counter(Mutex::new(from)))
}

fn outside(from: u128) -> sandbox::World {
    sandbox::World {
        clock: Arc::new(Noon),
        ids: ids(from),
    }
}

fn capabilities() -> Capabilities {
    Capabilities {
        products: vec![Product::Installment],
        jurisdictions: vec![place()],
        amounts: vec![AmountRange {
            currency: Currency::parse("INR").unwrap(),
            min: 5_000_000,
            max: 500_000_000,
        }],
        min_term_days: 30,
        max_term_days: 1_900,
        collateral: vec![],
        inquiry: Inquiry::Soft,
    }
}

fn place() -> Jurisdiction {
    Jurisdiction {
        country: "IN".into(),
        region: None,
    }
}

fn request() -> CreditRequest {
    let inr = |minor| Money::new(minor, Currency::parse("INR").unwrap());
    CreditRequest {
        id: Uuid::from_u128(1).into(),
        tenant: Uuid::from_u128(2).into(),
        borrower: Uuid::from_u128(3).into(),
        at: Noon.now(),
        amount: inr(20_000_000),
        term: Period::new(12, Unit::Month),
        purpose: Purpose::Other,
        products: vec![],
        jurisdiction: place(),
        applicant: Applicant {
            full_name: "Kit Canary".into(),
            date_of_birth: None,
            monthly_income: inr(7_239_417),
            monthly_housing_cost: inr(1_483_739),
            monthly_debt_payments: inr(317_193),
            employment: Employment::Employed,
            employment_months: 40,
            residence_months: 30,
            delinquencies_24m: 0,
            inquiries_6m: 1,
            credit_history_months: None,
            revolving_utilization_percent: None,
            military_covered: false,
        },
        wallet: None,
        collateral: None,
        refinances: None,
        data_consents: Vec::new(),
    }
}

/// Calls back go to the adapter's inbox, whichever it is.
#[derive(Default)]
struct ToInbox {
    fis12: Mutex<Option<Arc<fis12::Inbox>>>,
    ocen: Mutex<Option<Arc<ocen::Inbox>>>,
}

#[async_trait]
impl Recipient for ToInbox {
    async fn deliver(&self, call: Outgoing<'_>) -> Received {
        let header = Some(call.signature.1);
        let (fis12, ocen) = (self.fis12.lock().unwrap().clone(), self.ocen.lock().unwrap().clone());
        if let Some(inbox) = fis12 {
            let reply = inbox.deliver(call.path, header, call.body).await;
            return Received {
                status: reply.status,
                body: reply.body,
            };
        }
        let path = call.path.strip_prefix("v4.0.0alpha/").unwrap();
        let reply = ocen.unwrap().deliver(path, header, call.body).await;
        Received {
            status: reply.status,
            body: reply.body,
        }
    }
}

/// The lenders behind the kit's door.
enum Behind {
    Bank(Arc<Fis12Bank>),
    Network(Arc<Network>),
}

#[async_trait]
impl Counterparty for Behind {
    async fn answer(&self, heard: &Heard) -> Option<Said> {
        let header = |name: &str| heard.headers.get(name).and_then(|value| value.to_str().ok());
        let path = heard.path.trim_start_matches('/');
        let (status, body) = match self {
            Self::Bank(bank) => bank.answer(path, header("authorization"), &heard.body).await,
            Self::Network(network) => {
                let headers = [header("signature"), header("authorization")];
                network.answer(path, headers, &heard.body).await
            }
        };
        Some(Said {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.into_bytes(),
        })
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    Fis12,
    Ocen,
}

async fn adapter(of: Of, timeout: Duration) -> (Arc<dyn Lender>, OpenDoor) {
    let door = Door::local().await.unwrap();
    let inbox = Arc::new(ToInbox::default());
    let (lender, behind): (Arc<dyn Lender>, Behind) = match of {
        Of::Fis12 => bank(&door, &inbox, timeout),
        Of::Ocen => network(&door, &inbox, timeout),
    };
    (lender, door.open(Arc::new(behind)))
}

fn bank(door: &Door, recipient: &Arc<ToInbox>, timeout: Duration) -> (Arc<dyn Lender>, Behind) {
    let setup = sandbox::fis12::Setup {
        forms: vec![],
        ..sandbox::fis12::Setup::development().unwrap()
    };
    let (buyer, subscriber, key) = (
        setup.buyer.clone(),
        setup.subscriber.clone(),
        setup.buyer_key.id().to_owned(),
    );
    let bank = Fis12Bank::new(setup, door.url(), outside(1_000_000), Arc::clone(recipient) as _).unwrap();
    let side = |id: String, uri: String| fis12::Party { id, uri };
    let parties = fis12::Parties {
        bap: side(buyer, "https://buyer.example".into()),
        bpp: side(subscriber, door.url()),
        version: "2.3.0".into(),
    };
    let (id, store) = (
        "kit-bank".parse::<ProviderId>().unwrap(),
        Arc::new(MemoryJourneys::default()),
    );
    let keys = vec![bank.public_key()];
    let inbox = Arc::new(fis12::Inbox::new(
        id.clone(),
        parties,
        keys,
        store.clone(),
        Arc::new(Noon),
    ));
    *recipient.fis12.lock().unwrap() = Some(Arc::clone(&inbox));
    let parts = fis12::Parts {
        signer: Arc::new(Signer {
            key: PrivateKey::development(&key).unwrap(),
            clock: Arc::new(Noon),
            ids: ids(1),
        }),
        http: HttpClient::new(NetworkPolicy::AllowLoopback).unwrap(),
        network: NetworkPolicy::AllowLoopback,
        inbox,
        store,
    };
    let options = fis12::Options {
        id,
        capabilities: capabilities(),
        timeout,
        tax: Some(Rate::from_percent(18)),
    };
    (
        Arc::new(fis12::Fis12Lender::new(options, parts).unwrap()),
        Behind::Bank(bank),
    )
}

fn network(door: &Door, recipient: &Arc<ToInbox>, timeout: Duration) -> (Arc<dyn Lender>, Behind) {
    let setup = sandbox::ocen::Setup {
        wants: [].into(),
        ..sandbox::ocen::Setup::development("https://agent.example".into()).unwrap()
    };
    let (agent, participant, key) = (
        setup.agent.clone(),
        setup.participant.clone(),
        setup.agent_key.id().to_owned(),
    );
    let token = setup.token.clone();
    let network = Network::new(setup, door.url(), outside(1_000_000), Arc::clone(recipient) as _).unwrap();
    let (id, store) = (
        "kit-lender".parse::<ProviderId>().unwrap(),
        Arc::new(MemoryJourneys::default()),
    );
    let keys = vec![VerifyingKey::Ed25519(network.public_key())];
    let inbox = ocen::Inbox::new(id.clone(), &participant, keys, store.clone(), Arc::new(Noon));
    let inbox = Arc::new(inbox);
    *recipient.ocen.lock().unwrap() = Some(Arc::clone(&inbox));
    let development = SecretSource::Development("usance-ocen-token".into());
    let seed = PrivateKey::development_seed("usance-ocen-token");
    assert_eq!(token, base64::engine::general_purpose::STANDARD.encode(seed));
    let parts = ocen::Parts {
        key: SigningKey::Ed25519(PrivateKey::development(&key).unwrap()),
        clock: Arc::new(Noon),
        ids: ids(1),
        http: HttpClient::new(NetworkPolicy::AllowLoopback).unwrap(),
        network: NetworkPolicy::AllowLoopback,
        endpoint: Endpoint::parse(&door.url(), NetworkPolicy::AllowLoopback).unwrap(),
        token: development,
        inbox,
        store,
    };
    let options = ocen::Options {
        id,
        capabilities: capabilities(),
        timeout,
        organization: "usance".into(),
        participant: agent,
        product: "personal".into(),
        product_network: "net".into(),
    };
    (
        Arc::new(ocen::OcenLender::new(options, parts)),
        Behind::Network(network),
    )
}

/// How an adapter is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bad {
    /// It forgets what it accepted.
    Forgets,
    /// It declares what the lender does not.
    Misdeclares,
    /// It sends an acceptance again by itself.
    Retries,
    /// It takes any failure for a limit.
    Mistakes,
}

struct Broken(Bad, Arc<dyn Lender>);

#[async_trait]
impl Lender for Broken {
    fn id(&self) -> &ProviderId {
        self.1.id()
    }

    fn capabilities(&self) -> &Capabilities {
        self.1.capabilities()
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let mut answer = self.1.quote(ask).await?;
        if let (Bad::Misdeclares, Answer::Offers(offers)) = (self.0, &mut answer) {
            for offer in offers {
                offer.declared.apr = Rate::from_percent(5);
            }
        }
        Ok(answer)
    }

    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        let mut result = self.1.accept(order).await;
        for _ in 0..10 {
            if self.0 == Bad::Retries && result.is_err() {
                result = self.1.accept(order).await;
            }
        }
        result.map_err(|error| {
            if self.0 == Bad::Mistakes {
                LenderError::RateLimited
            } else {
                error
            }
        })
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        let status = self.1.status(settlement).await?;
        Ok(if self.0 == Bad::Forgets {
            LenderStatus::Unknown
        } else {
            status
        })
    }

    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.1.cancel(settlement).await
    }
}

async fn report(of: Of, bad: Option<Bad>, patience: Duration, scenarios: Vec<Scenario>) -> Report {
    let (lender, door) = adapter(of, patience).await;
    let subject = Subject {
        lender: match bad {
            Some(bad) => Arc::new(Broken(bad, lender)),
            None => lender,
        },
        faults: Arc::clone(door.faults()),
        request: request(),
        secrets: vec!["usance-ocen-token".into()],
    };
    let options = Options {
        deadline: patience,
        patience,
        scenarios,
        bends: false,
        clock: Arc::new(Noon),
        ids: ids(500_000),
    };
    check(&subject, &options, &|_| {}).await
}

/// The kit's scenarios of an adapter.
fn scenarios(over_by_the_deadline: bool) -> Vec<Scenario> {
    let mut all = standard_scenarios();
    all.retain(|s| (s.expect == [Class::TimedOut]) == over_by_the_deadline);
    assert!(all.len() >= 5, "{}", all.len());
    all
}

async fn green(of: Of) {
    for (slow, patience) in [(false, PATIENCE), (true, SHORT)] {
        let played = scenarios(slow);
        // OCEN has no withdrawal: the adapter says so without a call, and the kit has nothing to play.
        let unplayed: Vec<_> = played
            .iter()
            .filter(|scenario| of == Of::Ocen && scenario.step == Step::Cancel)
            .map(|scenario| scenario.id.clone())
            .collect();
        let report = report(of, None, patience, played).await;
        assert!(report.is_green(), "{of:?}\n{}", report.to_human());
        let skipped: Vec<_> = report
            .findings
            .iter()
            .filter(|finding| matches!(finding.outcome, kit::Outcome::Skipped { .. }))
            .map(|finding| finding.check.id.as_ref())
            .collect();
        assert_eq!(skipped, unplayed, "{of:?}");
    }
}

#[tokio::test]
async fn the_adapter_of_fis12_is_green_in_every_scenario() {
    green(Of::Fis12).await;
}

#[tokio::test]
async fn the_adapter_of_ocen_is_green_in_every_scenario() {
    green(Of::Ocen).await;
}

#[tokio::test]
async fn a_broken_adapter_fails_the_right_check() {
    for of in [Of::Fis12, Of::Ocen] {
        for (bad, scenario, expected) in [
            (Bad::Forgets, None, vec!["adapter.known"]),
            (Bad::Misdeclares, None, vec!["adapter.apr"]),
            (Bad::Retries, Some("fault.accept-500"), vec!["adapter.no-retry"]),
            (Bad::Mistakes, Some("fault.accept-500"), vec!["fault.accept-500"]),
        ] {
            let mut played = standard_scenarios();
            played.retain(|one| scenario == Some(one.id.as_str()));
            let report = report(of, Some(bad), PATIENCE, played).await;
            assert_eq!(report.failed(), expected, "{of:?} {bad:?}\n{}", report.to_human());
        }
    }
}
