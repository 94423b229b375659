//! A lender on India's open credit network (OCEN 4.0): it checks our signatures and envelopes, acknowledges, and answers in the wire
//! format of the network; and it can do each of these wrongly. It answers the same `requestId` with the same response, and acts on it
//! once. Where the borrower has to act, there is a page of its own.

mod wire;

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{SecondsFormat, TimeDelta};
use sdk::jws::{self, Payload, SigningKey, VerifyingKey};
use sdk::{KeyError, PrivateKey, PublicKey};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::network::loan::rupees;
use crate::network::{self, Heard, Host, Outgoing, Received, Recipient, Said, next_fault};
use crate::serve::{SandboxError, World};
use wire::{Wanted, figures, offer};

/// Names of the development key and token of the loan agent in [`Setup::development`].
const AGENT_KEY: &str = "usance-ocen";
const TOKEN: &str = "usance-ocen-token";
/// Version in every envelope and path.
const VERSION: &str = "4.0.0alpha";

/// One thing that goes wrong, with the next request of that operation.
#[derive(Clone, Debug)]
pub enum Fault {
    /// The response is signed by a key that nobody knows.
    ForeignKey,
    /// The response is changed after it was signed.
    Tampered,
    /// The response was written so many seconds ago, or will be.
    Skewed(i64),
    /// The response comes twice.
    Twice,
    /// The response comes twice, the second time with another body.
    TwiceDifferently,
    /// The response is delivered at the path of another operation.
    Elsewhere(&'static str),
    /// Acted on and acknowledged, and no response.
    Silent,
    /// The acknowledgement is this, and nothing was acted on.
    Answer(u16, &'static str),
    /// The response is changed at this pointer.
    Changed(&'static str, Value),
}

/// What the borrower has to do on a page of the lender's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Page {
    /// Identify themselves.
    Kyc,
    /// Sign the agreement.
    Agreement,
    /// Give the mandate for the installments.
    Mandate,
}

impl Page {
    const fn name(self) -> &'static str {
        match self {
            Self::Kyc => "kyc",
            Self::Agreement => "agreement",
            Self::Mandate => "mandate",
        }
    }
}

/// How the lender is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its `participantId`; its key is the development key of that name.
    pub participant: String,
    /// The `participantId` of the only loan agent that it talks to.
    pub agent: String,
    /// That one's key.
    pub agent_key: PublicKey,
    /// The access token that it takes.
    pub token: String,
    /// The agent's address in the registry.
    pub agent_url: String,
    /// What it wants of every borrower.
    pub wants: BTreeSet<Page>,
    /// Pays out between the first and the second question for it.
    pub pays_soon: bool,
}

impl Setup {
    /// The lender of the development marketplace: it wants the borrower identified, and pays soon.
    pub fn development(agent_url: String) -> Result<Self, KeyError> {
        Ok(Self {
            participant: "udaan-capital.sandbox".to_owned(),
            agent: "usance.sandbox".to_owned(),
            agent_key: PrivateKey::development(AGENT_KEY)?.public(),
            token: STANDARD.encode(PrivateKey::development_seed(TOKEN)),
            agent_url,
            wants: [Page::Kyc].into(),
            pays_soon: true,
        })
    }
}

#[derive(Debug, Default)]
struct Application {
    wanted: Option<Wanted>,
    done: BTreeSet<Page>,
    loan: Option<String>,
    triggered: bool,
    /// Questions for the disbursement.
    asked: u32,
}

/// What the lender has seen, and what it is told to do.
#[derive(Debug, Default)]
pub struct Books {
    /// Requests, by operation, as they were written.
    pub heard: Vec<(String, String)>,
    /// What its responses were answered with.
    pub replies: Vec<Received>,
    /// What goes wrong next.
    pub faults: VecDeque<(&'static str, Fault)>,
    /// Responses that were never delivered: path, signature, body.
    pub held: Vec<(String, String, Vec<u8>)>,
    /// Every loan that was triggered is paid out.
    pub paid: bool,
    /// Offers that were set.
    pub set: u32,
    /// Disbursements that were triggered.
    pub triggered: u32,
    answered: HashMap<String, Value>,
    applications: HashMap<String, Application>,
}

/// The lender.
pub struct OcenLender {
    setup: Mutex<Setup>,
    url: String,
    key: PrivateKey,
    world: World,
    recipient: Arc<dyn Recipient>,
    books: Mutex<Books>,
    news: Notify,
}

impl std::fmt::Debug for OcenLender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OcenLender({})", self.url)
    }
}

/// A lender with a server of its own; it stops when this is dropped.
#[derive(Debug)]
pub struct OpenLender {
    /// The lender.
    pub lender: Arc<OcenLender>,
    server: JoinHandle<()>,
}

impl Drop for OpenLender {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl OcenLender {
    /// A lender that is reached at `url`.
    pub fn new(setup: Setup, url: String, world: World, recipient: Arc<dyn Recipient>) -> Result<Arc<Self>, KeyError> {
        Ok(Arc::new(Self {
            key: PrivateKey::development(&setup.participant)?,
            setup: Mutex::new(setup),
            url,
            world,
            recipient,
            books: Mutex::default(),
            news: Notify::new(),
        }))
    }

    /// Opens one on a port of this machine.
    pub async fn open(setup: Setup, world: World, recipient: Arc<dyn Recipient>) -> Result<OpenLender, SandboxError> {
        let (listener, url) = network::listen().await?;
        let lender = Self::new(setup, url, world, recipient)?;
        let server = network::serve(listener, Arc::clone(&lender) as Arc<dyn Host>);
        Ok(OpenLender { lender, server })
    }

    /// Its base address.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its public key.
    pub fn public_key(&self) -> PublicKey {
        self.key.public()
    }

    /// Its entry in a development configuration, under that name.
    pub fn entry(&self, id: &str) -> Value {
        let (setup, key) = (self.setup(), self.public_key());
        json!({
            "kind": "ocen",
            "id": id,
            "participant": setup.participant,
            "url": self.url,
            "keys": [{ "id": key.id(), "public": key.to_base64(), "algorithm": "EdDSA" }],
            "ours": {
                "organization": "usance",
                "participant": setup.agent,
                "key_id": setup.agent_key.id(),
                "key": { "development": setup.agent_key.id() },
                "algorithm": "EdDSA",
            },
            "token": { "development": TOKEN },
            "product": "personal",
            "product_network": "net",
            "capabilities": network::capabilities(),
        })
    }

    /// What it has seen.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn setup(&self) -> MutexGuard<'_, Setup> {
        self.setup.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The agent's address in the registry changes.
    pub fn agent_moves(&self, url: &str) {
        url.clone_into(&mut self.setup().agent_url);
    }

    /// What it wants of every borrower from now on.
    pub fn wants(&self, pages: impl IntoIterator<Item = Page>) {
        self.setup().wants = pages.into_iter().collect();
    }

    /// That goes wrong with the next request of the operation.
    pub fn fails(&self, operation: &'static str, fault: Fault) {
        self.books().faults.push_back((operation, fault));
    }

    /// The bodies that were heard of one operation.
    pub fn heard(&self, operation: &str) -> Vec<String> {
        let books = self.books();
        let of = books.heard.iter().filter(|(name, _)| name == operation);
        of.map(|(_, body)| body.clone()).collect()
    }

    /// Waits until the books say so; gives up after a minute.
    pub async fn until(&self, holds: impl Fn(&Books) -> bool) -> bool {
        let wait = async {
            loop {
                let news = self.news.notified();
                if holds(&self.books()) {
                    return;
                }
                news.await;
            }
        };
        tokio::time::timeout(Duration::from_mins(1), wait).await.is_ok()
    }

    /// Answers a request, as its server does: status and body. `path` is without a slash in front.
    pub async fn answer(&self, path: &str, headers: [Option<&str>; 2], body: &[u8]) -> (u16, String) {
        let [signature, token] = headers;
        let setup = self.setup().clone();
        let keys = [VerifyingKey::Ed25519(setup.agent_key)];
        let signed = jws::verify(signature.unwrap_or_default(), body, Payload::RawUncritical, &keys).is_ok();
        let bearer = format!("Bearer {}", setup.token);
        if !signed || token != Some(bearer.as_str()) {
            return (401, String::new());
        }
        let Ok(request) = serde_json::from_slice::<Value>(body) else {
            return (400, String::new());
        };
        let metadata = &request["metadata"];
        let name = path
            .strip_prefix("v4.0.0alpha/")
            .and_then(|name| name.strip_suffix("Request"));
        let ours = metadata["originatorParticipantId"] == setup.agent.as_str() && metadata["version"] == VERSION;
        let (Some(name), Some(id), true) = (name, metadata["requestId"].as_str(), ours) else {
            return (400, String::new());
        };
        let fault = {
            let mut books = self.books();
            let written = String::from_utf8_lossy(body).into_owned();
            books.heard.push((name.to_owned(), written));
            next_fault(&mut books.faults, name)
        };
        self.news.notify_waiters();
        if let Some(Fault::Answer(status, text)) = fault {
            return (status, text.to_owned());
        }
        let known = self.books().answered.get(id).cloned();
        let response = known.unwrap_or_else(|| {
            let response = self.act(name, &request);
            self.books().answered.insert(id.to_owned(), response.clone());
            response
        });
        self.respond(name, metadata, response, fault.as_ref()).await;
        let now = self.world.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let ack = json!({ "error": "0", "traceId": metadata["traceId"], "timestamp": now });
        (200, ack.to_string())
    }

    fn act(&self, name: &str, request: &Value) -> Value {
        let (now, setup) = (self.world.clock.now(), self.setup().clone());
        let mut books = self.books();
        let id = application_of(request);
        match name {
            "offers/setOffers" => books.set += 1,
            "disbursement/triggerDisbursement" => books.triggered += 1,
            _ => {}
        }
        let number = books.applications.values().filter(|a| a.loan.is_some()).count() + 9;
        let paid = books.paid;
        let application = books.applications.entry(id.clone()).or_default();
        let paid = paid || (setup.pays_soon && application.asked > 0);
        let ok = json!({ "status": "SUCCESS" });
        match name {
            "loanApplications/createLoan" => {
                application.wanted = Wanted::read(&request["loanApplications"][0]);
                let state = if application.wanted.is_some() {
                    "PROCESSING"
                } else {
                    "REJECTED"
                };
                json!({ "response": ok, "loanApplications": [{ "loanApplicationId": id, "loanApplicationStatus": state }] })
            }
            "offers/generateOffers" => {
                let offers: Vec<Value> = application
                    .wanted
                    .map(|wanted| offer(wanted, now))
                    .into_iter()
                    .collect();
                json!({ "response": ok, "loanApplications": [{
                    "loanApplicationId": id, "loanApplicationStatus": "OFFERED", "kyc": {}, "offers": offers }] })
            }
            _ => {
                let bench = Bench {
                    id: &id,
                    url: &self.url,
                    wants: &setup.wants,
                    paid,
                    number,
                };
                bench.move_on(name, application, request)
            }
        }
    }

    /// The response is delivered before the acknowledgement is read: the hardest order for the one who asks.
    async fn respond(&self, name: &str, asked: &Value, mut response: Value, fault: Option<&Fault>) {
        let mut at = self.world.clock.now();
        if let Some(Fault::Skewed(seconds)) = fault {
            at += TimeDelta::seconds(*seconds);
        }
        response["metadata"] = json!({
            "version": VERSION,
            "originatorOrgId": "lender-org",
            "originatorParticipantId": self.setup().participant,
            "timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "traceId": asked["traceId"],
            "requestId": asked["requestId"],
        });
        response["productData"] = json!({ "productId": "personal", "productNetworkId": "net" });
        if let Some(Fault::Changed(pointer, value)) = fault
            && let Some(found) = response.pointer_mut(pointer)
        {
            *found = value.clone();
        }
        // The specification writes this one differently.
        let mut path = format!("{name}Response").replace("loanAgreementResponse", "LoanAgreementResponse");
        let mut body = response.to_string();
        let signature = self.sign(fault.is_some_and(|fault| matches!(fault, Fault::ForeignKey)), &body);
        match fault {
            Some(Fault::Elsewhere(other)) => path = format!("{other}Response"),
            Some(Fault::Tampered) => body = body.replace("SUCCESS", "SUCCES5"),
            Some(Fault::Silent) => {
                self.books().held.push((path, signature, body.into_bytes()));
                self.news.notify_waiters();
                return;
            }
            _ => {}
        }
        self.hand_over(&path, &signature, body.as_bytes()).await;
        match fault {
            Some(Fault::Twice) => self.hand_over(&path, &signature, body.as_bytes()).await,
            Some(Fault::TwiceDifferently) => {
                response["x"] = json!(1);
                let body = response.to_string();
                let signature = self.sign(false, &body);
                self.hand_over(&path, &signature, body.as_bytes()).await;
            }
            _ => {}
        }
    }

    fn sign(&self, by_a_thief: bool, body: &str) -> String {
        let thief = by_a_thief.then(|| PrivateKey::development("thief").ok()).flatten();
        let key = SigningKey::Ed25519(thief.unwrap_or_else(|| self.key.clone()));
        jws::sign(&key, body.as_bytes(), Payload::RawUncritical).unwrap_or_default()
    }

    /// Delivers a response: its path after the version, its signature and its body, as they are.
    pub async fn hand_over(&self, path: &str, signature: &str, body: &[u8]) {
        let base = self.setup().agent_url.clone();
        let path = format!("v{VERSION}/{path}");
        let call = Outgoing {
            base: &base,
            path: &path,
            signature: ("signature", signature),
            body,
        };
        let reply = self.recipient.deliver(call).await;
        self.books().replies.push(reply);
        self.news.notify_waiters();
    }

    /// The borrower acts on a page of that application.
    pub fn borrower_acts(&self, application: &str, page: &str) {
        let all = [Page::Kyc, Page::Agreement, Page::Mandate];
        let page = all.into_iter().find(|known| known.name() == page);
        let mut books = self.books();
        if let (Some(page), Some(application)) = (page, books.applications.get_mut(application)) {
            application.done.insert(page);
        }
    }
}

/// Where an accepted application is worked on.
struct Bench<'a> {
    id: &'a str,
    url: &'a str,
    wants: &'a BTreeSet<Page>,
    paid: bool,
    number: usize,
}

impl Bench<'_> {
    fn state(&self, state: &str) -> Value {
        json!({ "response": { "status": "SUCCESS" }, "loanApplicationId": self.id, "loanApplicationStatus": state })
    }

    fn link(&self, page: Page) -> String {
        format!("{}/pages/{}/{}", self.url, self.id, page.name())
    }

    fn waits(&self, application: &Application, page: Page) -> bool {
        self.wants.contains(&page) && !application.done.contains(&page)
    }

    fn move_on(&self, name: &str, application: &mut Application, request: &Value) -> Value {
        match name {
            "offers/setOffers" => self.state("OFFER_ACCEPTED"),
            "kyc/triggerKyc" | "kyc/kycStatus" => {
                let mut answer = self.state("KYC_COMPLETED");
                answer["kyc"] = json!({ "kycRefNo": "KYC-1" });
                if self.waits(application, Page::Kyc) {
                    answer["loanApplicationStatus"] = json!("KYC_INITIATED");
                    answer["kyc"]["next"] = json!({ "type": "REDIRECT", "data": { "url": self.link(Page::Kyc) } });
                }
                answer
            }
            "loanAcceptance/loanAgreement" => {
                let waits = self.waits(application, Page::Agreement);
                let mut answer = self.state(if waits {
                    "LOAN_AGREEMENT_INITIATED"
                } else {
                    "LOAN_AGREEMENT_COMPLETED"
                });
                let legal = json!({ "type": "REDIRECT_TO_LENDER_URL", "data": self.link(Page::Agreement) });
                answer["loanAgreement"] = json!({ "legalDocument": legal, "status": "AGREEMENT_READY" });
                answer
            }
            "grantLoan/grantLoan" => self.grant(application),
            "disbursement/setRepaymentPlan" | "disbursement/setRepaymentPlanStatus" => {
                let waits = self.waits(application, Page::Mandate);
                let mut answer = self.state(if waits {
                    "REPAYMENT_SETUP_INITIATED"
                } else {
                    "REPAYMENT_SETUP_COMPLETED"
                });
                let status = if waits { "INACTIVE" } else { "ACTIVE" };
                answer["plan"] = request["plan"].clone();
                answer["paymentMethod"] =
                    json!({ "id": "m-1", "type": "ENACH", "status": status, "url": self.link(Page::Mandate) });
                answer
            }
            "disbursement/triggerDisbursement" => {
                application.triggered = true;
                let mut answer = self.state("DISBURSEMENT_INITIATED");
                answer["loanId"] = json!(application.loan);
                answer
            }
            _ => self.disbursement(application),
        }
    }

    fn grant(&self, application: &mut Application) -> Value {
        if self.waits(application, Page::Kyc) || self.waits(application, Page::Agreement) {
            return json!({ "response": { "status": "ERROR", "responseDetail": "the borrower is not ready" } });
        }
        let number = self.number;
        let loan = application.loan.get_or_insert_with(|| format!("L-{number}"));
        json!({ "response": { "status": "SUCCESS" }, "loanDetails": {
            "loanId": loan, "loanApplicationId": self.id, "loanApplicationStatus": "GRANTED" } })
    }

    fn disbursement(&self, application: &mut Application) -> Value {
        application.asked += 1;
        let done = self.paid && application.triggered;
        let mut answer = self.state(if done {
            "DISBURSEMENT_COMPLETED"
        } else {
            "DISBURSEMENT_INITIATED"
        });
        answer["loanId"] = json!(application.loan);
        if let Some(wanted) = application.wanted.filter(|_| done) {
            let net = serde_json::from_str(&rupees(figures(wanted).net)).unwrap_or(Value::Null);
            answer["payment"] = json!({ "totalAmount": net, "status": "SUCCESS", "txnRefNo": "4618602124", "id": "p" });
        }
        answer
    }
}

/// The application that a request is about.
fn application_of(request: &Value) -> String {
    let places = [
        "/loanApplicationId",
        "/loanApplications/0/loanApplicationId",
        "/loanApplicationIds/0",
    ];
    let found = places.into_iter().find_map(|place| request.pointer(place)?.as_str());
    found.unwrap_or_default().to_owned()
}

#[async_trait]
impl Host for OcenLender {
    async fn answer(&self, heard: Heard) -> Said {
        if let Some(page) = heard.path.strip_prefix("pages/") {
            let (application, page) = page.split_once('/').unwrap_or_default();
            if heard.post {
                self.borrower_acts(application, page);
            }
            return Said::Page(network::page(page, heard.post));
        }
        let headers = [heard.header("signature"), heard.header("authorization")];
        let (status, body) = Self::answer(self, &heard.path, headers, &heard.body).await;
        Said::Json(status, body)
    }
}
