//! The adapter: requests, and the journey from an application to a disbursement.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::SecondsFormat;
use domain::request::CreditRequest;
use domain::{Money, ProviderId, Reason, SettlementId};
use sdk::jws::{self, Payload, SigningKey};
use sdk::net::{Request, Value};
use sdk::normalise::{Document, Node, Reader};
use sdk::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Clock, Endpoint, HttpClient, Ids, Lender, LenderError,
    LenderStatus, Secret,
};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};

use super::inbox::{Inbox, VERSION};
use super::offer::{self, Setting};
use crate::fis12::JourneyStore;

/// Locks of applications; two may share one.
const LOCKS: usize = 64;

const CREATE: &str = "loanApplications/createLoan";
const GENERATE: &str = "offers/generateOffers";
const SET: &str = "offers/setOffers";
const GRANT: &str = "grantLoan/grantLoan";
const DISBURSE: &str = "disbursement/triggerDisbursement";
const DISBURSED: &str = "disbursement/triggerDisbursementStatus";

/// What a lender is made with.
pub struct Parts {
    /// Our key in the network's registry.
    pub key: SigningKey,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Ids of requests and applications.
    pub ids: Arc<dyn Ids>,
    /// Talks to the lender.
    pub http: HttpClient,
    /// Its base address.
    pub endpoint: Endpoint,
    /// The network's access token.
    pub token: Secret<String>,
    /// Where its responses arrive.
    pub inbox: Arc<Inbox>,
    /// Where its journeys are kept.
    pub store: Arc<dyn JourneyStore>,
}

impl std::fmt::Debug for Parts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Parts({:?}, {:?})", self.key, self.inbox)
    }
}

/// How a lender is treated.
#[derive(Clone, Debug)]
pub struct Options {
    /// Operator-given name.
    pub id: ProviderId,
    /// What it does.
    pub capabilities: Capabilities,
    /// Longest wait of accept and status in all; below the time-out of the layer around it.
    pub timeout: Duration,
    /// Our `originatorOrgId`.
    pub organization: String,
    /// Our `originatorParticipantId`.
    pub participant: String,
    /// The product, in the network's registry.
    pub product: String,
    /// The product's network.
    pub product_network: String,
}

/// A lender of the network. Each question is an application of its own: switch hedging off around it.
pub struct OcenLender {
    options: Options,
    parts: Parts,
    locks: Vec<Mutex<()>>,
}

impl std::fmt::Debug for OcenLender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "OcenLender({})", self.options.id)
    }
}

/// How far an accepted application has come: the last answer that was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    Offered,
    Set,
    Granted,
    Triggered,
}

/// An offer as the lender wrote it, and what it comes to.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Kept {
    id: String,
    text: String,
    principal: Money,
    net: Money,
}

/// One application.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Journey {
    application: String,
    stage: Stage,
    offers: Vec<Kept>,
    accepted: Option<String>,
    settlement: Option<SettlementId>,
    loan: Option<String>,
    /// Requests that move something, as they were signed: sent again, they are the same to the byte and have the same id.
    sent: BTreeMap<String, Sent>,
    ended: Option<LenderStatus>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Sent {
    request: String,
    trace: String,
    body: String,
}

impl Journey {
    fn chosen(&self) -> Result<&Kept, LenderError> {
        let chosen = self
            .offers
            .iter()
            .find(|offer| Some(&offer.id) == self.accepted.as_ref());
        chosen.ok_or_else(|| LenderError::Refused("no such offer".into()))
    }

    fn status(&self) -> LenderStatus {
        self.ended.clone().unwrap_or(LenderStatus::Accepted)
    }

    fn receipt(&self) -> AcceptReceipt {
        AcceptReceipt {
            loan_ref: self.loan.clone().unwrap_or_else(|| self.application.clone()),
            status: self.status(),
        }
    }
}

impl OcenLender {
    /// A lender.
    pub fn new(options: Options, parts: Parts) -> Self {
        Self {
            options,
            parts,
            locks: (0..LOCKS).map(|_| Mutex::new(())).collect(),
        }
    }

    /// Writes a request: `fields` are the members beside envelope and product, as JSON.
    fn write(&self, trace: &str, fields: &str) -> Sent {
        let request = self.parts.ids.next().to_string();
        let metadata = json!({
            "version": VERSION,
            "originatorOrgId": self.options.organization,
            "originatorParticipantId": self.options.participant,
            "timestamp": self.parts.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true),
            "traceId": trace,
            "requestId": request,
        });
        let product = json!({ "productId": self.options.product, "productNetworkId": self.options.product_network });
        Sent {
            body: format!("{{\"metadata\":{metadata},\"productData\":{product},{fields}}}"),
            trace: trace.to_owned(),
            request,
        }
    }

    /// Sends a request, reads the acknowledgement and waits for the response until `deadline`.
    async fn send(&self, operation: &'static str, sent: &Sent, deadline: Instant) -> Result<Vec<u8>, LenderError> {
        let body = sent.body.as_bytes();
        let signature = jws::sign(&self.parts.key, body, Payload::RawUncritical);
        let signature = signature.map_err(|_| LenderError::Unavailable("our key cannot sign".into()))?;
        let bearer = Secret::new(format!("Bearer {}", self.parts.token.expose()));
        let headers = [
            ("signature", Value::Plain(&signature)),
            ("authorization", Value::Secret(&bearer)),
        ];
        let path = format!("/v{VERSION}/{operation}Request");
        let mut expected = self.parts.inbox.expect(&sent.request, &sent.trace, operation);
        let request = Request {
            headers: &headers,
            ..Request::post(&self.parts.endpoint, &path, body, left(deadline)?)
        };
        let answer = self.parts.http.call(request).await?;
        acknowledged(answer.status, &answer.body, &sent.trace)?;
        let response = tokio::time::timeout(left(deadline)?, expected.answer()).await;
        let response = response.map_err(|_| LenderError::TimedOut)?;
        response.ok_or_else(|| LenderError::Unavailable("the same request is asked twice at once".into()))
    }

    /// A request that moves something: stored before it is sent, and the same to the byte when it is sent again.
    async fn act(
        &self,
        journey: &mut Journey,
        operation: &'static str,
        fields: &str,
        deadline: Instant,
    ) -> Result<Vec<u8>, LenderError> {
        let sent = if let Some(sent) = journey.sent.get(operation) {
            sent.clone()
        } else {
            let sent = self.write(&journey.application, fields);
            journey.sent.insert(operation.to_owned(), sent.clone());
            self.save(journey).await?;
            sent
        };
        self.send(operation, &sent, deadline).await
    }

    async fn answer(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let mut journey = Journey {
            application: self.parts.ids.next().to_string(),
            stage: Stage::Offered,
            offers: Vec::new(),
            accepted: None,
            settlement: None,
            loan: None,
            sent: BTreeMap::new(),
            ended: None,
        };
        let created = self.parts.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        let application = application(&ask.request, &journey.application, &created);
        let fields = format!("\"loanApplications\":[{application}]");
        let sent = self.write(&journey.application, &fields);
        let body = self.send(CREATE, &sent, ask.deadline).await?;
        if let Some(reasons) = declined(&body, &journey.application)? {
            return Ok(Answer::Declined(reasons));
        }
        let fields = format!("\"loanApplicationIds\":[{}]", json!(journey.application));
        let sent = self.write(&journey.application, &fields);
        let body = self.send(GENERATE, &sent, ask.deadline).await?;
        if let Some(reasons) = declined(&body, &journey.application)? {
            return Ok(Answer::Declined(reasons));
        }
        let document = Document::parse(&body)?;
        let mut offers = Vec::new();
        for read in of(&document, &journey.application)?.get("offers").items()? {
            if offers.len() == sdk::client::MAX_OFFERS {
                return Err(read.malformed("too many offers"));
            }
            let id = bounded(&read.get("id"))?;
            let reference = format!("{}:{id}", journey.application);
            let setting = Setting {
                request: &ask.request,
                reference: &reference,
                now: self.parts.clock.now(),
                inquiry: self.options.capabilities.inquiry,
            };
            let made = offer::read(&read, &setting)?;
            let text = node(document.root(), offers.len(), &journey.application);
            journey.offers.push(Kept {
                id,
                text: text.ok_or_else(|| read.malformed("cannot be kept"))?,
                principal: made.amounts.offered,
                net: made.amounts.net_disbursed,
            });
            offers.push(made);
        }
        if offers.is_empty() {
            return Ok(Answer::Declined(vec![Reason::new(
                "NO_OFFER",
                "This lender made no offer.",
            )]));
        }
        self.save(&journey).await?;
        Ok(Answer::Offers(offers))
    }

    /// Goes on as far as the lender lets it. A lender that still waits for the borrower (identification, agreement) answers with an
    /// error or an earlier status; the next call asks anew.
    async fn advance(&self, journey: &mut Journey, deadline: Instant) -> Result<(), LenderError> {
        while journey.ended.is_none() {
            let id = json!(journey.application).to_string();
            let application = format!("\"loanApplicationId\":{id}");
            let loan = format!("{application},\"loanId\":{}", json!(journey.loan));
            let (operation, body) = match journey.stage {
                Stage::Offered => {
                    let fields = format!("{application},\"offer\":{}", journey.chosen()?.text);
                    (SET, self.act(journey, SET, &fields, deadline).await?)
                }
                Stage::Set => (GRANT, self.act(journey, GRANT, &application, deadline).await?),
                Stage::Granted => (DISBURSE, self.act(journey, DISBURSE, &loan, deadline).await?),
                Stage::Triggered => {
                    let sent = self.write(&journey.application, &loan);
                    (DISBURSED, self.send(DISBURSED, &sent, deadline).await?)
                }
            };
            let before = journey.stage;
            let went = fold(journey, operation, &body)?;
            if !went && operation == GRANT {
                // Not yet: the next question is a new one.
                journey.sent.remove(operation);
            }
            self.save(journey).await?;
            if journey.stage == before {
                break;
            }
        }
        Ok(())
    }

    async fn take(&self, order: &AcceptOrder) -> Result<Journey, LenderError> {
        let refused = |why: &str| LenderError::Refused(why.to_owned());
        let (application, id) = order
            .provider_ref
            .split_once(':')
            .ok_or_else(|| refused("no such offer"))?;
        if let Some(known) = self.of_settlement(order.settlement).await? {
            let same = known.application == application && known.accepted.as_deref() == Some(id);
            return if same {
                Ok(known)
            } else {
                Err(refused("the settlement has another offer"))
            };
        }
        let journey = self.load(application).await?;
        let mut journey = journey.ok_or_else(|| refused("no such offer"))?;
        if journey.settlement.is_some_and(|known| known != order.settlement) {
            return Err(refused("the offer was accepted already"));
        }
        journey.accepted = Some(id.to_owned());
        let kept = journey.chosen()?;
        if kept.principal != order.principal || kept.net != order.net_disbursed {
            return Err(refused("these are not the terms that were offered"));
        }
        journey.settlement = Some(order.settlement);
        self.save(&journey).await?;
        let key = format!("s/{}", order.settlement);
        self.parts
            .store
            .save(&self.options.id, &key, application.as_bytes())
            .await?;
        Ok(journey)
    }

    async fn load(&self, application: &str) -> Result<Option<Journey>, LenderError> {
        let record = self
            .parts
            .store
            .load(&self.options.id, &format!("a/{application}"))
            .await?;
        let journey = record.map(|record| serde_json::from_slice(&record)).transpose();
        journey.map_err(|_| LenderError::Unavailable("a stored journey cannot be read".into()))
    }

    async fn save(&self, journey: &Journey) -> Result<(), LenderError> {
        let record = serde_json::to_vec(journey);
        let record = record.map_err(|_| LenderError::Unavailable("a journey cannot be written".into()))?;
        let key = format!("a/{}", journey.application);
        self.parts.store.save(&self.options.id, &key, &record).await
    }

    async fn of_settlement(&self, settlement: SettlementId) -> Result<Option<Journey>, LenderError> {
        let key = format!("s/{settlement}");
        match self.parts.store.load(&self.options.id, &key).await? {
            Some(application) => self.load(&String::from_utf8_lossy(&application)).await,
            None => Ok(None),
        }
    }

    async fn lock(&self, application: &str) -> MutexGuard<'_, ()> {
        let sum = application.bytes().fold(0_usize, |sum, byte| {
            sum.wrapping_mul(31).wrapping_add(usize::from(byte))
        });
        self.locks[sum % LOCKS].lock().await
    }
}

/// The application. Nothing of the person is in it but an id that means nothing outside.
fn application(request: &CreditRequest, id: &str, created: &str) -> String {
    let unit = match request.term.unit {
        domain::calendar::Unit::Day | domain::calendar::Unit::Week => "DAY",
        domain::calendar::Unit::Month => "MONTH",
        domain::calendar::Unit::Year => "YEAR",
    };
    let week = request.term.unit == domain::calendar::Unit::Week;
    let duration = if week {
        request.term.count.saturating_mul(7)
    } else {
        request.term.count
    };
    let (amount, currency) = (request.amount.to_major(), json!(request.amount.currency.code()));
    let (id, created, borrower) = (json!(id), json!(created), json!(request.borrower));
    format!(
        "{{\"createdDate\":{created},\"loanApplicationId\":{id},\"loanApplicationStatus\":\"CREATED\",\
         \"pledgedDocuments\":{{}},\"borrower\":{{\"primaryId\":{borrower},\"primaryIdType\":\"OTHERS\"}},\
         \"guarantors\":[],\"applicants\":[],\"terms\":{{\"requestedAmount\":{amount},\"currency\":{currency},\
         \"tenure\":{{\"duration\":{duration},\"unit\":\"{unit}\"}}}}}}"
    )
}

fn left(deadline: Instant) -> Result<Duration, LenderError> {
    let left = deadline.saturating_duration_since(Instant::now());
    if left.is_zero() {
        Err(LenderError::TimedOut)
    } else {
        Ok(left)
    }
}

/// Reads the `Ack`; `error` is `0` or empty when there is none.
fn acknowledged(status: u16, body: &[u8], trace: &str) -> Result<(), LenderError> {
    match status {
        200..300 => {}
        429 => return Err(LenderError::RateLimited),
        500.. => return Err(LenderError::Unavailable(format!("status {status}"))),
        _ => return Err(LenderError::Refused(format!("status {status}"))),
    }
    let document = Document::parse(body)?;
    let ack = Reader::new(&document);
    if ack.get("traceId").field()?.text()? != trace {
        return Err(ack.get("traceId").malformed("is not the request's"));
    }
    let clean = ack
        .get("error")
        .optional()?
        .is_none_or(|error| error.text().is_ok_and(|text| text == "0"));
    if clean {
        Ok(())
    } else {
        Err(LenderError::Refused("the acknowledgement has an error".into()))
    }
}

/// The application of a response.
fn of<'d>(document: &'d Document<'d>, application: &str) -> Result<Reader<'d>, LenderError> {
    let all = Reader::new(document).get("loanApplications");
    let found = all.find("loanApplicationId", application)?;
    if found.exists() {
        Ok(found)
    } else {
        Err(all.malformed("the application is not among them"))
    }
}

/// The reasons when a response declines.
fn declined(body: &[u8], application: &str) -> Result<Option<Vec<Reason>>, LenderError> {
    let document = Document::parse(body)?;
    let root = Reader::new(&document);
    if !succeeded(&root)? {
        return Err(LenderError::Refused("the response is an error".into()));
    }
    let of = of(&document, application)?;
    let status = of.get("loanApplicationStatus").field()?;
    let rejected = matches!(
        status.text()?,
        "REJECTED" | "CANCELLED" | "CONSENT_REJECTED" | "KYC_REJECTED"
    );
    if !rejected {
        return Ok(None);
    }
    let mut reasons = Vec::new();
    for detail in of.get("rejectionDetails").items_or_none()?.into_iter().take(8) {
        let code = detail.get("reason").field()?.one_of(&[
            ("LOW_CREDIT_SCORE", "LOW_CREDIT_SCORE"),
            ("FRAUD", "IDENTITY_NOT_VERIFIED"),
            ("DOC_IRREGULARITIES", "DOCUMENTS_IRREGULAR"),
            ("OTHERS", "LENDER_DECLINED"),
            ("AA_FAILED", "ACCOUNT_DATA_MISSING"),
        ])?;
        reasons.push(Reason::new(code, "The lender declined the application."));
    }
    if reasons.is_empty() {
        reasons.push(Reason::new("LENDER_DECLINED", "The lender declined the application."));
    }
    Ok(Some(reasons))
}

fn succeeded(root: &Reader<'_>) -> Result<bool, LenderError> {
    Ok(root
        .at("response.status")
        .field()?
        .one_of(&[("SUCCESS", true), ("ERROR", false)])?)
}

fn bounded(id: &Reader<'_>) -> Result<String, LenderError> {
    let field = id.field()?;
    let text = field.text()?;
    if text.len() > 80 || text.chars().any(char::is_control) {
        return Err(id.malformed("expected 1 to 80 bytes on one line"));
    }
    Ok(text.to_owned())
}

/// Takes over what a response says; true when the journey went on.
fn fold(journey: &mut Journey, operation: &'static str, body: &[u8]) -> Result<bool, LenderError> {
    let document = Document::parse(body)?;
    let root = Reader::new(&document);
    let details = if operation == GRANT {
        root.get("loanDetails")
    } else {
        root.clone()
    };
    let success = succeeded(&root)?;
    if !success && operation != GRANT {
        return Err(LenderError::Refused("the response is an error".into()));
    }
    if !success && !details.exists() {
        return Ok(false);
    }
    let status = details.get("loanApplicationStatus").field()?;
    if details.get("loanApplicationId").field()?.text()? != journey.application {
        return Err(details.get("loanApplicationId").malformed("is not the request's"));
    }
    match status.text()? {
        "REJECTED" | "KYC_REJECTED" | "DISBURSED_FAILED" => {
            let reason = Reason::new("LENDER_REJECTED", "The lender rejected the application.");
            journey.ended = Some(LenderStatus::Rejected { reasons: vec![reason] });
            return Ok(true);
        }
        "CANCELLED" => {
            journey.ended = Some(LenderStatus::Cancelled);
            return Ok(true);
        }
        _ => {}
    }
    match (operation, status.text()?) {
        (SET, "OFFER_ACCEPTED") => journey.stage = Stage::Set,
        (GRANT, "GRANTED") => {
            journey.loan = Some(bounded(&details.get("loanId"))?);
            journey.stage = Stage::Granted;
        }
        (DISBURSE, "DISBURSEMENT_INITIATED" | "DISBURSEMENT_COMPLETED") => journey.stage = Stage::Triggered,
        (DISBURSED, "DISBURSEMENT_COMPLETED") => journey.ended = Some(paid(journey, &root)?),
        (DISBURSED, "DISBURSEMENT_INITIATED") | (GRANT, _) => return Ok(false),
        _ => {
            return Err(details
                .get("loanApplicationStatus")
                .malformed("does not answer the request"));
        }
    }
    Ok(true)
}

/// The evidence of a disbursement: the payment, successful, of the amount that was to arrive.
fn paid(journey: &Journey, root: &Reader<'_>) -> Result<LenderStatus, LenderError> {
    let payment = root.get("payment");
    let net = journey.chosen()?.net;
    payment.get("status").field()?.one_of(&[("SUCCESS", ())])?;
    let amount = payment.get("totalAmount").field()?.money(net.currency)?;
    if amount != net {
        return Err(payment.get("totalAmount").malformed("is not what was to arrive"));
    }
    Ok(LenderStatus::Disbursed {
        amount,
        at: root.at("metadata.timestamp").field()?.instant()?,
        evidence: bounded(&payment.get("txnRefNo"))?,
    })
}

/// The text of an offer with its numbers as they were written.
fn node(root: &Node<'_>, number: usize, application: &str) -> Option<String> {
    let Node::List(all) = root.get("loanApplications")? else {
        return None;
    };
    let own = |of: &&Node<'_>| matches!(of.get("loanApplicationId"), Some(Node::Text(id)) if id == application);
    let Node::List(offers) = all.iter().find(own)?.get("offers")? else {
        return None;
    };
    let mut text = String::new();
    written(offers.get(number)?, &mut text);
    Some(text)
}

fn written(node: &Node<'_>, text: &mut String) {
    match node {
        Node::Null => text.push_str("null"),
        Node::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Node::Number(number) => text.push_str(number),
        Node::Text(value) => text.push_str(&json!(value).to_string()),
        Node::List(items) => {
            text.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                written(item, text);
            }
            text.push(']');
        }
        Node::Object(members) => {
            text.push('{');
            for (i, (name, value)) in members.iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                text.push_str(&json!(name).to_string());
                text.push(':');
                written(value, text);
            }
            text.push('}');
        }
    }
}

#[async_trait]
impl Lender for OcenLender {
    fn id(&self) -> &ProviderId {
        &self.options.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.options.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        self.answer(ask).await
    }

    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        let application = order.provider_ref.split(':').next().unwrap_or_default();
        let _held = self.lock(application).await;
        let mut journey = self.take(order).await?;
        self.advance(&mut journey, Instant::now() + self.options.timeout)
            .await?;
        Ok(journey.receipt())
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        let Some(known) = self.of_settlement(settlement).await? else {
            return Ok(LenderStatus::Unknown);
        };
        let _held = self.lock(&known.application).await;
        let Some(mut journey) = self.load(&known.application).await? else {
            return Ok(LenderStatus::Unknown);
        };
        self.advance(&mut journey, Instant::now() + self.options.timeout)
            .await?;
        Ok(journey.status())
    }

    async fn cancel(&self, _: SettlementId) -> Result<LenderStatus, LenderError> {
        Err(LenderError::Unsupported("the protocol has no cancellation".into()))
    }
}
