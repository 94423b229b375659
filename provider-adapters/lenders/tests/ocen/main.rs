//! The OCEN adapter against a lender that speaks the true wire format, well and badly.
#![expect(clippy::unwrap_used, reason = "a failed step of a test is a failed test")]

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use base64::Engine as _;
use chrono::{DateTime, Utc};
use domain::calendar::{Period, Unit};
use domain::eligibility::AmountRange;
use domain::offer::{Binding, Inquiry, Offer};
use domain::ports::{JourneyKey, JourneyStore as _};
use domain::request::{Applicant, CreditRequest, Employment, Jurisdiction, Product, Purpose};
use domain::{Currency, Money, Rate, SettlementId};
use sandbox::network::{MemoryJourneys, Outgoing, Received, Recipient};
use sandbox::ocen::{Fault, OcenLender as Network, OpenLender, Page, Setup};
use sdk::jws::{SigningKey, VerifyingKey};
use sdk::{
    AcceptOrder, Answer, Ask, Capabilities, Clock, Endpoint, HttpClient, Ids, Lender as _, LenderError, LenderStatus,
    NetworkPolicy, PrivateKey, validate_answer,
};
use serde_json::{Value, json};
use usance_lenders::networks::SecretSource;
use usance_lenders::ocen::{Inbox, OcenLender, Options, Parts};
use uuid::Uuid;

const CREATE: &str = "loanApplications/createLoan";
const GENERATE: &str = "offers/generateOffers";
const SET: &str = "offers/setOffers";
const GRANT: &str = "grantLoan/grantLoan";
const DISBURSE: &str = "disbursement/triggerDisbursement";
const DISBURSED: &str = "disbursement/triggerDisbursementStatus";

const LENDER: &str = "lender-participant";
const AGENT: &str = "agent-participant";
/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Noon, and whatever was added to it.
#[derive(Debug)]
struct ManualClock(Mutex<DateTime<Utc>>);

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }
}

#[derive(Debug, Default)]
struct Counter(Mutex<u128>);

impl Ids for Counter {
    fn next(&self) -> Uuid {
        let mut last = self.0.lock().unwrap();
        *last += 1;
        Uuid::from_u128(*last)
    }
}

/// Responses go to the inbox of the process that lives.
#[derive(Debug, Default)]
struct ToInbox(Mutex<Option<Arc<Inbox>>>);

#[async_trait]
impl Recipient for ToInbox {
    async fn deliver(&self, call: Outgoing<'_>) -> Received {
        let inbox = self.0.lock().unwrap().clone().unwrap();
        let path = call.path.strip_prefix("v4.0.0alpha/").unwrap();
        let reply = inbox.deliver(path, Some(call.signature.1), call.body).await;
        Received {
            status: reply.status,
            body: reply.body,
        }
    }
}

fn inr(minor: i64) -> Money {
    Money::new(minor, Currency::parse("INR").unwrap())
}

fn request() -> CreditRequest {
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

/// A lender, its network, and what survives a restart.
#[derive(Debug)]
struct Stage {
    network: Arc<Network>,
    lender: Arc<OcenLender>,
    world: World,
    _server: OpenLender,
}

#[derive(Clone, Debug)]
struct World {
    clock: Arc<ManualClock>,
    store: Arc<MemoryJourneys>,
    ids: Arc<Counter>,
    inbox: Arc<ToInbox>,
}

impl Stage {
    /// The lender wants the borrower identified.
    async fn new() -> Self {
        let world = World {
            clock: Arc::new(ManualClock(Mutex::new("2026-03-01T12:00:00Z".parse().unwrap()))),
            store: Arc::default(),
            ids: Arc::default(),
            inbox: Arc::default(),
        };
        let setup = Setup {
            participant: LENDER.into(),
            agent: AGENT.into(),
            agent_key: PrivateKey::development("ocen-agent").unwrap().public(),
            token: token(),
            agent_url: "https://agent.example/ocen".into(),
            wants: [Page::Kyc].into(),
            pays_soon: false,
        };
        let outside = sandbox::World {
            clock: Arc::clone(&world.clock) as _,
            ids: Arc::new(Counter(Mutex::new(1_000_000))),
        };
        let server = Network::open(setup, outside, Arc::clone(&world.inbox) as _)
            .await
            .unwrap();
        let network = Arc::clone(&server.lender);
        Self {
            lender: lender(&network, &world),
            network,
            world,
            _server: server,
        }
    }

    /// A new process: nothing is left but the store.
    fn restart(&mut self) {
        self.lender = lender(&self.network, &self.world);
    }

    async fn quote(&self) -> Result<Answer, LenderError> {
        self.lender.quote(&ask(PATIENCE)).await
    }

    async fn offer(&self) -> Offer {
        match self.quote().await.unwrap() {
            Answer::Offers(mut offers) => offers.remove(0),
            Answer::Declined(reasons) => panic!("{reasons:?}"),
        }
    }

    async fn status(&self) -> Result<LenderStatus, LenderError> {
        self.lender.status(settlement(7)).await
    }

    fn counts(&self) -> (u32, u32) {
        let books = self.network.books();
        (books.set, books.triggered)
    }

    /// The lender wants nothing of the borrower any more.
    fn identified(&self) {
        self.network.wants([]);
    }

    /// Where the borrower has to act, as the store shows it to the interface.
    async fn handoff(&self) -> Option<domain::ports::Handoff> {
        let id = "ocen-lender".parse().unwrap();
        let key = JourneyKey::Settlement(settlement(7));
        self.world.store.find(&id, key).await.unwrap().unwrap().handoff
    }
}

fn ask(patience: Duration) -> Ask {
    Ask {
        request: request(),
        deadline: Instant::now() + patience,
    }
}

/// A public development token.
fn token() -> String {
    base64::engine::general_purpose::STANDARD.encode(PrivateKey::development_seed("ocen-token"))
}

fn settlement(number: u128) -> SettlementId {
    SettlementId(Uuid::from_u128(number))
}

fn lender(network: &Network, world: &World) -> Arc<OcenLender> {
    let clock = Arc::clone(&world.clock) as Arc<dyn Clock>;
    let keys = vec![VerifyingKey::Ed25519(network.public_key())];
    let id: domain::ProviderId = "ocen-lender".parse().unwrap();
    let store = Arc::clone(&world.store);
    let inbox = Arc::new(Inbox::new(id.clone(), LENDER, keys, store, Arc::clone(&clock)));
    *world.inbox.0.lock().unwrap() = Some(Arc::clone(&inbox));
    let parts = Parts {
        key: SigningKey::Ed25519(PrivateKey::development("ocen-agent").unwrap()),
        clock,
        ids: Arc::clone(&world.ids) as _,
        http: HttpClient::new(NetworkPolicy::AllowLoopback).unwrap(),
        network: NetworkPolicy::AllowLoopback,
        endpoint: Endpoint::parse(network.url(), NetworkPolicy::AllowLoopback).unwrap(),
        token: SecretSource::Development("ocen-token".into()),
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
        organization: "usance-org".into(),
        participant: AGENT.into(),
        product: "personal".into(),
        product_network: "net".into(),
    };
    Arc::new(OcenLender::new(options, parts))
}

fn order(offer: &Offer, number: u128) -> AcceptOrder {
    AcceptOrder {
        settlement: settlement(number),
        request: request().id,
        quote: Uuid::from_u128(50).into(),
        provider_ref: offer.provider_ref.clone(),
        principal: offer.amounts.offered,
        net_disbursed: offer.amounts.net_disbursed,
    }
}

#[tokio::test]
async fn an_offer_of_the_network_becomes_a_canonical_one() {
    let stage = Stage::new().await;
    let offer = stage.offer().await;
    assert_eq!(
        (offer.amounts.offered, offer.amounts.net_disbursed),
        (inr(20_000_000), inr(19_700_000))
    );
    assert_eq!(offer.binding, Binding::Firm);
    assert_eq!(offer.rate.nominal, Rate::from_percent(12));
    let fees: Vec<_> = offer
        .fees
        .iter()
        .map(|fee| (fee.code.as_str(), fee.amount.minor))
        .collect();
    assert_eq!(fees, [("processing", 200_000), ("other", 100_000)]);
    let schedule = &offer.repayment.schedule;
    assert_eq!(schedule.iter().map(|p| p.total.minor).sum::<i64>(), 20_603_900);
    assert_eq!(
        (schedule[0].due.to_string(), schedule[4].due.to_string()),
        ("2026-04-01".into(), "2026-08-01".into())
    );
    assert_eq!(offer.repayment.late.fee, inr(50_000));
    assert_eq!(offer.repayment.prepayment_charge, Rate::from_percent(4));
    assert_eq!(offer.repayment.cooling_off_days, 3);
    assert_eq!(offer.declared.apr, Rate::from_ppm(181_700));
    validate_answer(&Answer::Offers(vec![offer]), &request(), request().at).unwrap();
}

#[tokio::test]
async fn a_loan_goes_from_acceptance_to_disbursement_and_each_step_is_taken_once() {
    let mut stage = Stage::new().await;
    let offer = stage.offer().await;
    let receipt = stage.lender.accept(&order(&offer, 7)).await.unwrap();
    assert_eq!(receipt.status, LenderStatus::Accepted);
    // The lender still waits for the borrower; nothing is paid out and nothing repeated.
    assert_eq!(stage.status().await.unwrap(), LenderStatus::Accepted);
    assert_eq!(stage.counts(), (1, 0));
    stage.restart();
    stage.identified();
    assert_eq!(stage.status().await.unwrap(), LenderStatus::Accepted);
    assert_eq!(stage.lender.accept(&order(&offer, 7)).await.unwrap().loan_ref, "L-9");
    stage.network.books().paid = true;
    let LenderStatus::Disbursed { amount, evidence, .. } = stage.status().await.unwrap() else {
        panic!("not paid")
    };
    assert_eq!((amount, evidence.as_str()), (inr(19_700_000), "4618602124"));
    assert_eq!(stage.counts(), (1, 1));
    assert_eq!(stage.lender.status(settlement(8)).await.unwrap(), LenderStatus::Unknown);
}

#[tokio::test]
async fn the_offer_goes_back_as_the_lender_wrote_it() {
    let stage = Stage::new().await;
    let offer = stage.offer().await;
    stage.lender.accept(&order(&offer, 7)).await.unwrap();
    let said = stage.network.heard(SET).remove(0);
    assert!(said.contains("\"annualPercentageRate\":18.17,"), "{said}");
    let said: Value = serde_json::from_str(&said).unwrap();
    assert_eq!(said["offer"]["repayment"]["plans"][0]["startDate"], "01-04-2026");
    assert_eq!(said["loanApplicationId"], offer.provider_ref.split(':').next().unwrap());
}

#[tokio::test]
async fn an_offer_is_taken_by_one_settlement_on_its_own_terms() {
    let stage = Stage::new().await;
    let offer = stage.offer().await;
    let mut more = order(&offer, 7);
    more.principal = inr(20_000_001);
    assert!(matches!(stage.lender.accept(&more).await, Err(LenderError::Refused(_))));
    stage.lender.accept(&order(&offer, 7)).await.unwrap();
    assert!(matches!(
        stage.lender.accept(&order(&offer, 8)).await,
        Err(LenderError::Refused(_))
    ));
    assert_eq!(stage.counts().0, 1);
}

#[tokio::test]
async fn responses_that_cannot_be_trusted_are_refused() {
    let bad = [
        (Fault::ForeignKey, 401),
        (Fault::Tampered, 401),
        (Fault::Skewed(-90), 400),
        (Fault::Skewed(90), 400),
        (Fault::Elsewhere(SET), 400),
        (Fault::Changed("/metadata/version", json!("3.0")), 400),
        (
            Fault::Changed("/metadata/originatorParticipantId", json!("another")),
            400,
        ),
        (Fault::Changed("/metadata/traceId", json!("another")), 400),
        (Fault::Changed("/metadata/requestId", json!("another")), 400),
    ];
    for (fault, status) in bad {
        let stage = Stage::new().await;
        stage.network.fails(GENERATE, fault.clone());
        let lender = Arc::clone(&stage.lender);
        let asked = tokio::spawn(async move { lender.quote(&ask(PATIENCE)).await });
        assert!(stage.network.until(|books| books.replies.len() == 2).await, "{fault:?}");
        let last = stage.network.books().replies.last().cloned().unwrap();
        assert_eq!(last.status, status, "{fault:?}");
        assert!(!asked.is_finished(), "{fault:?} was an answer");
        asked.abort();
    }
}

#[tokio::test]
async fn a_request_without_a_response_times_out_and_takes_none_later() {
    let stage = Stage::new().await;
    stage.network.fails(CREATE, Fault::Silent);
    let answer = stage.lender.quote(&ask(Duration::from_secs(3))).await;
    assert_eq!(answer, Err(LenderError::TimedOut));
    // A machine so busy that nothing was sent in time has nothing to deliver.
    let held = stage.network.books().held.pop();
    if let Some((path, signature, body)) = held {
        stage.network.hand_over(&path, &signature, &body).await;
        assert_eq!(stage.network.books().replies.last().unwrap().status, 400);
    }
}

#[tokio::test]
async fn a_repeated_response_is_acknowledged_and_ignored_but_not_another_body_under_its_name() {
    let stage = Stage::new().await;
    stage.network.fails(CREATE, Fault::Twice);
    stage.network.fails(GENERATE, Fault::TwiceDifferently);
    stage.offer().await;
    let books = stage.network.books();
    let statuses: Vec<u16> = books.replies.iter().map(|reply| reply.status).collect();
    assert_eq!(statuses, [200, 200, 200, 400]);
}

#[tokio::test]
async fn a_request_whose_response_is_lost_is_sent_again_the_same_to_the_byte_and_acts_once() {
    let mut stage = Stage::new().await;
    let offer = stage.offer().await;
    stage.identified();
    for operation in [SET, DISBURSE] {
        stage.network.fails(operation, Fault::Silent);
        let (lender, taken) = (Arc::clone(&stage.lender), order(&offer, 7));
        let accepting = tokio::spawn(async move { lender.accept(&taken).await });
        assert!(stage.network.until(|books| !books.held.is_empty()).await, "{operation}");
        // The process dies, and its answer is lost with it.
        accepting.abort();
        assert!(accepting.await.is_err());
        stage.network.books().held.clear();
        stage.restart();
    }
    assert_eq!(stage.status().await.unwrap(), LenderStatus::Accepted);
    for operation in [SET, DISBURSE] {
        let heard = stage.network.heard(operation);
        assert_eq!((heard.len(), &heard[0]), (2, &heard[1]), "{operation}");
    }
    assert_eq!(stage.counts(), (1, 1));
}

#[tokio::test]
async fn the_borrower_is_led_to_the_lenders_pages_one_after_the_other() {
    let mut stage = Stage::new().await;
    stage.network.wants([Page::Kyc, Page::Agreement, Page::Mandate]);
    stage.network.books().paid = true;
    let offer = stage.offer().await;
    let application = offer.provider_ref.split(':').next().unwrap().to_owned();
    stage.lender.accept(&order(&offer, 7)).await.unwrap();
    for (title, page) in [
        ("KYC", "kyc"),
        ("LOAN_AGREEMENT", "agreement"),
        ("REPAYMENT_SETUP", "mandate"),
    ] {
        let handoff = stage.handoff().await.unwrap();
        assert_eq!(handoff.title.as_deref(), Some(title));
        assert!(
            handoff.url.ends_with(&format!("/pages/{application}/{page}")),
            "{handoff:?}"
        );
        assert_eq!(stage.status().await.unwrap(), LenderStatus::Accepted);
        assert_eq!(
            stage.handoff().await.unwrap(),
            handoff,
            "nothing moves without the borrower"
        );
        assert_eq!(stage.counts(), (1, 0));
        stage.restart();
        stage.network.borrower_acts(&application, page);
        stage.status().await.unwrap();
    }
    assert!(matches!(stage.status().await.unwrap(), LenderStatus::Disbursed { .. }));
    assert_eq!((stage.handoff().await, stage.counts()), (None, (1, 1)));
    for once in [SET, "kyc/triggerKyc", GRANT, "disbursement/setRepaymentPlan", DISBURSE] {
        assert_eq!(stage.network.heard(once).len(), 1, "{once}");
    }
}

#[tokio::test]
async fn a_page_is_held_to_the_rules_of_addresses() {
    for url in ["javascript:alert(1)", "http://10.0.0.1/kyc", "ftp://lender.example/kyc"] {
        let stage = Stage::new().await;
        let offer = stage.offer().await;
        stage
            .network
            .fails("kyc/triggerKyc", Fault::Changed("/kyc/next/data/url", json!(url)));
        let answer = stage.lender.accept(&order(&offer, 7)).await;
        let fits = matches!(&answer, Err(LenderError::Malformed { field, .. }) if field == "kyc.next.data.url");
        assert!(fits, "{url}: {answer:?}");
    }
}

#[tokio::test]
async fn what_the_lender_refuses_on_the_way_ends_the_loan() {
    for (operation, state) in [
        ("kyc/triggerKyc", "KYC_REJECTED"),
        ("disbursement/setRepaymentPlan", "REPAYMENT_SETUP_REJECTED"),
        (DISBURSED, "DISBURSED_FAILED"),
    ] {
        let stage = Stage::new().await;
        stage.identified();
        let offer = stage.offer().await;
        stage
            .network
            .fails(operation, Fault::Changed("/loanApplicationStatus", json!(state)));
        let receipt = stage.lender.accept(&order(&offer, 7)).await.unwrap();
        assert!(matches!(receipt.status, LenderStatus::Rejected { .. }), "{state}");
        assert!(
            matches!(stage.status().await.unwrap(), LenderStatus::Rejected { .. }),
            "{state}"
        );
    }
}

#[tokio::test]
async fn refusals_of_the_lender_say_what_to_do_next() {
    let cases = [
        (Fault::Answer(401, ""), "Refused"),
        (Fault::Answer(429, ""), "RateLimited"),
        (Fault::Answer(503, ""), "Unavailable"),
        (Fault::Answer(200, "<html>"), "Malformed"),
        (Fault::Answer(200, "{}"), "Malformed"),
        (Fault::Changed("/response/status", json!("ERROR")), "Refused"),
        (Fault::Changed("/response/status", json!("MAYBE")), "Malformed"),
        (
            Fault::Changed("/loanApplications/0/loanApplicationId", json!("x")),
            "Malformed",
        ),
        (
            Fault::Changed("/loanApplications/0/loanApplicationStatus", json!("REJECTED")),
            "Declined",
        ),
        (Fault::Changed("/loanApplications/0/offers", json!([])), "Declined"),
    ];
    for (fault, expected) in cases {
        let stage = Stage::new().await;
        stage.network.fails(GENERATE, fault.clone());
        let told = match stage.quote().await {
            Ok(Answer::Declined(_)) => "Declined".to_owned(),
            other => format!("{other:?}"),
        };
        assert!(told.contains(expected), "{fault:?}: {told}");
    }
}

#[tokio::test]
async fn an_offer_that_does_not_add_up_is_refused_by_the_path_of_the_field() {
    let cases = [
        ("terms/netDisbursedAmount", json!(197_001), "terms.netDisbursedAmount"),
        (
            "terms/totalRepayableAmount",
            json!(206_040),
            "terms.totalRepayableAmount",
        ),
        ("terms/currency", json!("USD"), "terms.currency"),
        ("terms/sanctionedAmount", Value::Null, "terms.sanctionedAmount"),
        ("terms/interestType", json!("FLOATING"), "terms.interestType"),
        (
            "terms/charges/processing/data/applicableParameter",
            json!("EMI"),
            "data.applicableParameter",
        ),
        ("repayment/plans/0/totalAmount", json!(1), "plans[0].totalAmount"),
        (
            "repayment/plans/0/noOfInstallment",
            json!(0),
            "plans[0].noOfInstallment",
        ),
        ("repayment/plans", json!([]), "repayment.plans"),
        ("validTill", json!("2026-03-03"), "validTill"),
    ];
    for (pointer, value, path) in cases {
        let stage = Stage::new().await;
        let pointer: &'static str = format!("/loanApplications/0/offers/0/{pointer}").leak();
        stage.network.fails(GENERATE, Fault::Changed(pointer, value));
        let answer = stage.quote().await;
        let fits = matches!(&answer, Err(LenderError::Malformed { field, .. }) if field.contains(path));
        assert!(fits, "{pointer}: {answer:?}");
    }
}

#[tokio::test]
async fn a_disbursement_needs_evidence_of_the_amount_agreed() {
    let stage = Stage::new().await;
    let offer = stage.offer().await;
    stage.identified();
    stage.network.books().paid = true;
    for (pointer, value) in [
        ("/payment/totalAmount", json!(196_999)),
        ("/payment/status", json!("FAILURE")),
    ] {
        stage.network.fails(DISBURSED, Fault::Changed(pointer, value));
        let answer = stage.lender.accept(&order(&offer, 7)).await;
        assert!(
            matches!(answer, Err(LenderError::Malformed { .. })),
            "{pointer}: {answer:?}"
        );
    }
    assert!(matches!(stage.status().await, Ok(LenderStatus::Disbursed { .. })));
    assert_eq!(stage.network.heard(GRANT).len(), 1);
}

#[tokio::test]
async fn nothing_of_the_person_leaves_and_withdrawal_is_said_to_be_unsupported() {
    let stage = Stage::new().await;
    let offer = stage.offer().await;
    stage.lender.accept(&order(&offer, 7)).await.unwrap();
    let said = format!("{:?}", stage.network.books().heard);
    assert!(!said.contains("Asha") && !said.contains("77777"));
    let cancelled = stage.lender.cancel(settlement(7)).await;
    assert!(matches!(cancelled, Err(LenderError::Unsupported(_))));
}
