//! The adapter: requests, and the journey from an application to a disbursement.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::SecondsFormat;
use domain::ports::{JourneyKey, JourneyStore};
use domain::request::CreditRequest;
use domain::{ProviderId, Reason, SettlementId};
use sdk::jws::{self, Payload, SigningKey};
use sdk::net::{Request, Value};
use sdk::normalise::{Document, Reader};
use sdk::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Clock, Endpoint, HttpClient, Ids, Lender, LenderError,
    LenderStatus, NetworkPolicy, Secret,
};
use serde_json::json;
use tokio::sync::{Mutex, MutexGuard};

use super::inbox::{Inbox, VERSION};
use super::journey::{Journey, Kept, Sent, Step, bounded, succeeded};
use super::offer::{self, Setting};
use super::text;
use crate::networks::SecretSource;
use crate::questions::{Asking, json_only, left, unavailable};

/// Locks of applications; two may share one.
const LOCKS: usize = 64;

const CREATE: &str = "loanApplications/createLoan";
const GENERATE: &str = "offers/generateOffers";

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
    /// Which addresses may be handed to borrowers.
    pub network: NetworkPolicy,
    /// Its base address.
    pub endpoint: Endpoint,
    /// The network's access token, read at every call.
    pub token: SecretSource,
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
        let token = self.parts.token.resolve(self.parts.network);
        let token = token.map_err(|_| LenderError::Unavailable("our access token cannot be read".into()))?;
        let bearer = Secret::new(format!("Bearer {}", token.expose()));
        let headers = [
            ("signature", Value::Plain(&signature)),
            ("authorization", Value::Secret(&bearer)),
        ];
        let path = format!("/v{VERSION}/{operation}Request");
        left(deadline)?;
        let open = self.parts.inbox.questions.open(Asking {
            id: &sent.request,
            thread: &sent.trace,
            kind: operation,
            deadline,
        });
        let open = open.await?;
        let request = Request {
            headers: &headers,
            ..Request::post(&self.parts.endpoint, &path, body, left(deadline)?)
        };
        let answer = self.parts.http.call(request).await?;
        json_only(&answer)?;
        acknowledged(answer.status, &answer.body, &sent.trace)?;
        open.answer().await
    }

    /// Asks what is next. What moves something is stored before it is sent, and the same to the byte when it is sent again.
    async fn act(&self, journey: &mut Journey, step: Step, deadline: Instant) -> Result<Vec<u8>, LenderError> {
        let operation = step.operation();
        let sent = if let Some(sent) = journey.sent.get(operation).filter(|_| step.moves()) {
            sent.clone()
        } else {
            let sent = self.write(&journey.application, &journey.fields(step)?);
            if step.moves() {
                journey.sent.insert(operation.to_owned(), sent.clone());
                self.save(journey).await?;
            }
            sent
        };
        self.send(operation, &sent, deadline).await
    }

    async fn answer(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let mut journey = Journey::new(self.parts.ids.next().to_string());
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
            let part = |path: &[&str]| {
                let text = text::of_offer(document.root(), &journey.application, offers.len(), path);
                text.ok_or_else(|| read.malformed("cannot be kept"))
            };
            let (text, plan) = (part(&[])?, part(&["repayment", "plans", "0"])?);
            journey.offers.push(Kept {
                id,
                text,
                plan,
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
        self.save(&mut journey).await?;
        Ok(Answer::Offers(offers))
    }

    /// Goes on as far as the lender lets it. A lender that still waits for the borrower says so; the next call asks anew.
    async fn advance(&self, journey: &mut Journey, deadline: Instant) -> Result<(), LenderError> {
        while journey.ended.is_none() {
            let step = journey.step();
            let body = self.act(journey, step, deadline).await?;
            let done = journey.fold(step, &body, self.parts.network)?;
            self.save(journey).await?;
            if !done {
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
        if let Some(known) = self.find(JourneyKey::Settlement(order.settlement)).await? {
            let same = known.application == application && known.accepted.as_deref() == Some(id);
            return if same {
                Ok(known)
            } else {
                Err(refused("the settlement has another offer"))
            };
        }
        let journey = self.find(JourneyKey::Id(application)).await?;
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
        self.save(&mut journey).await?;
        Ok(journey)
    }

    async fn find(&self, key: JourneyKey<'_>) -> Result<Option<Journey>, LenderError> {
        let found = self.parts.store.find(&self.options.id, key).await;
        found
            .map_err(|failure| unavailable(&failure))?
            .as_ref()
            .map(Journey::of)
            .transpose()
    }

    async fn save(&self, journey: &mut Journey) -> Result<(), LenderError> {
        let saved = self.parts.store.save(&self.options.id, &journey.record()?).await;
        if !saved.map_err(|failure| unavailable(&failure))? {
            return Err(LenderError::Unavailable("another call moved the journey on".into()));
        }
        journey.version += 1;
        Ok(())
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
        let Some(known) = self.find(JourneyKey::Settlement(settlement)).await? else {
            return Ok(LenderStatus::Unknown);
        };
        let _held = self.lock(&known.application).await;
        let Some(mut journey) = self.find(JourneyKey::Id(&known.application)).await? else {
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
