//! The FIS12 adapter against a provider platform that speaks the true wire format, well and badly.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

mod faults;
mod journey;

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::calendar::{Period, Unit};
use domain::eligibility::AmountRange;
use domain::offer::{Inquiry, Offer};
use domain::request::{Applicant, CreditRequest, Employment, Jurisdiction, Product, Purpose};
use domain::{Currency, Money, SettlementId};
use sandbox::fis12::{Fis12Bank, OpenBank, Product as Item, Setup};
use sandbox::network::{MemoryJourneys, Outgoing, Received, Recipient};
use sdk::{
    AcceptOrder, Answer, Ask, Capabilities, Clock, HttpClient, Ids, Lender as _, LenderError, NetworkPolicy,
    PrivateKey, Signer,
};
use usance_lenders::fis12::{Fis12Lender, Inbox, Options, Parties, Parts, Party};
use uuid::Uuid;

const BAP: &str = "buyer.usance.example";
const BPP: &str = "lender.example";
/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Noon, and whatever was added to it.
#[derive(Debug)]
pub struct ManualClock(pub Mutex<DateTime<Utc>>);

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

#[derive(Debug, Default)]
pub struct Counter(Mutex<u128>);

impl Ids for Counter {
    fn next(&self) -> Uuid {
        let mut last = self.0.lock().unwrap();
        *last += 1;
        Uuid::from_u128(*last)
    }
}

/// Callbacks go to the inbox of the process that lives.
#[derive(Debug, Default)]
struct ToInbox(Mutex<Option<Arc<Inbox>>>);

#[async_trait]
impl Recipient for ToInbox {
    async fn deliver(&self, call: Outgoing<'_>) -> Received {
        assert_eq!(call.base, "https://buyer.usance.example/fis12");
        let inbox = self.0.lock().unwrap().clone().unwrap();
        let reply = inbox.deliver(call.path, Some(call.signature.1), call.body).await;
        Received {
            status: reply.status,
            body: reply.body,
        }
    }
}

pub(crate) fn inr(minor: i64) -> Money {
    Money::new(minor, Currency::parse("INR").unwrap())
}

pub(crate) fn request() -> CreditRequest {
    CreditRequest {
        id: Uuid::from_u128(1).into(),
        tenant: Uuid::from_u128(2).into(),
        borrower: Uuid::from_u128(3).into(),
        at: "2026-03-01T12:00:00Z".parse().unwrap(),
        amount: inr(20_000_000),
        term: Period::new(5, Unit::Month),
        purpose: Purpose::Other,
        products: vec![],
        jurisdiction: Jurisdiction {
            country: "IN".into(),
            region: None,
        },
        applicant: Applicant {
            full_name: "Asha Sample".into(),
            date_of_birth: None,
            monthly_income: inr(7_777_700),
            monthly_housing_cost: inr(0),
            monthly_debt_payments: inr(0),
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

pub(crate) fn ask() -> Ask {
    Ask {
        request: request(),
        deadline: Instant::now() + PATIENCE,
    }
}

/// A lender, its bank, and what survives a restart.
#[derive(Debug)]
pub struct Stage {
    pub bank: Arc<Fis12Bank>,
    pub lender: Arc<Fis12Lender>,
    world: World,
    _server: OpenBank,
}

#[derive(Clone, Debug)]
struct World {
    clock: Arc<ManualClock>,
    store: Arc<MemoryJourneys>,
    ids: Arc<Counter>,
    inbox: Arc<ToInbox>,
}

fn items() -> Vec<Item> {
    let item = |id: &str, most: &str| Item {
        id: id.into(),
        principal: 20_000_000,
        months: 5,
        amounts: ("50000 INR".into(), most.into()),
        terms: ("3 months".into(), "5 years".into()),
    };
    vec![
        item("loan-a", "5000000"),
        item("loan-small", "100000 INR"),
        item("loan-b", "5000000.00"),
    ]
}

impl Stage {
    pub(crate) async fn new() -> Self {
        let world = World {
            clock: Arc::new(ManualClock(Mutex::new("2026-03-01T12:00:00Z".parse().unwrap()))),
            store: Arc::default(),
            ids: Arc::default(),
            inbox: Arc::default(),
        };
        let setup = Setup {
            subscriber: BPP.into(),
            buyer: BAP.into(),
            buyer_key: PrivateKey::development("buyer-key").unwrap().public(),
            products: items(),
            // As the network's own mock lender does.
            declares: Some("5 %".into()),
            forms: vec![],
            pays_at_once: false,
        };
        let outside = sandbox::World {
            clock: Arc::clone(&world.clock) as _,
            ids: Arc::new(Counter(Mutex::new(1_000_000))),
        };
        let server = Fis12Bank::open(setup, outside, Arc::clone(&world.inbox) as _)
            .await
            .unwrap();
        let bank = Arc::clone(&server.bank);
        Self {
            lender: lender(&bank, &world),
            bank,
            world,
            _server: server,
        }
    }

    /// A new process: nothing is left but the store.
    pub(crate) fn restart(&mut self) {
        self.lender = lender(&self.bank, &self.world);
    }

    pub(crate) async fn quote(&self) -> Result<Answer, LenderError> {
        self.quote_within(PATIENCE).await
    }

    pub(crate) async fn quote_within(&self, patience: Duration) -> Result<Answer, LenderError> {
        let deadline = Instant::now() + patience;
        let request = request();
        self.lender.quote(&Ask { request, deadline }).await
    }

    pub(crate) async fn offers(&self) -> Vec<Offer> {
        match self.quote().await.unwrap() {
            Answer::Offers(offers) => offers,
            Answer::Declined(reasons) => panic!("{reasons:?}"),
        }
    }

    /// How often the loan was confirmed at the lender.
    pub(crate) fn confirmed(&self) -> u32 {
        self.bank.books().confirmed
    }
}

fn lender(bank: &Fis12Bank, world: &World) -> Arc<Fis12Lender> {
    let side = |id: &str, uri: &str| Party {
        id: id.into(),
        uri: uri.into(),
    };
    let parties = Parties {
        bap: side(BAP, "https://buyer.usance.example/fis12"),
        bpp: side(BPP, bank.url()),
        version: "2.3.0".into(),
    };
    let id: domain::ProviderId = "bharat-lender".parse().unwrap();
    let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
    let (keys, store) = (vec![bank.public_key()], Arc::clone(&world.store));
    let inbox = Inbox::new(id.clone(), parties, keys, store, Arc::clone(&clock));
    let inbox = Arc::new(inbox);
    *world.inbox.0.lock().unwrap() = Some(Arc::clone(&inbox));
    let signer = Signer {
        key: PrivateKey::development("buyer-key").unwrap(),
        clock,
        ids: Arc::clone(&world.ids) as _,
    };
    let parts = Parts {
        signer: Arc::new(signer),
        http: HttpClient::new(NetworkPolicy::AllowLoopback).unwrap(),
        network: NetworkPolicy::AllowLoopback,
        inbox,
        store: Arc::clone(&world.store) as _,
    };
    let options = Options {
        id,
        capabilities: Capabilities {
            products: vec![Product::Installment],
            jurisdictions: vec![request().jurisdiction],
            amounts: vec![AmountRange {
                currency: Currency::parse("INR").unwrap(),
                min: 5_000_000,
                max: 500_000_000,
            }],
            min_term_days: 30,
            max_term_days: 1_900,
            collateral: vec![],
            inquiry: Inquiry::Soft,
        },
        timeout: PATIENCE,
        tax: None,
    };
    Arc::new(Fis12Lender::new(options, parts).unwrap())
}

pub(crate) fn order(offer: &Offer, settlement: u128) -> AcceptOrder {
    AcceptOrder {
        settlement: SettlementId(Uuid::from_u128(settlement)),
        request: request().id,
        quote: Uuid::from_u128(50).into(),
        provider_ref: offer.provider_ref.clone(),
        principal: offer.amounts.offered,
        net_disbursed: offer.amounts.net_disbursed,
    }
}
