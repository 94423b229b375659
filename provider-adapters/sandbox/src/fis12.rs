//! A bank on ONDC's network of credit (FIS12): it checks our signatures and contexts, acknowledges, and calls back in the wire format of
//! the network; and it can do each of these wrongly. Several loans at once; forms for the borrower stand on pages of its own.

mod order;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use sdk::beckn::{self, Tolerance};
use sdk::{KeyError, PrivateKey, PublicKey, Signer};
use serde_json::{Value, json};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use crate::network::{self, Heard, Host, Outgoing, Received, Recipient, Said, next_fault};
use crate::serve::{SandboxError, World};
use order::{Ordered, catalog, order, paid_out};

pub use order::{Product, standard_products};

/// Name of the development key of the buyer application in [`Setup::development`].
const BUYER_KEY: &str = "usance-fis12";

/// One thing that goes wrong, with the next message of that action.
#[derive(Clone, Debug, PartialEq)]
pub enum Fault {
    /// The callback is signed by a key that the registry does not know.
    ForeignKey,
    /// The callback's body is changed after it was signed.
    Tampered,
    /// The callback was written so many seconds ago, or will be.
    Skewed(i64),
    /// The callback comes twice.
    Twice,
    /// The callback comes twice, the second time with another body.
    TwiceDifferently,
    /// Another callback of the journey comes first.
    OutOfOrder(&'static str),
    /// Acted on and acknowledged, and never called back.
    Silent,
    /// Not acknowledged, with that code.
    Nack(&'static str),
    /// Called back with an error of that code.
    Error(&'static str),
    /// The acknowledgement is this, and nothing was acted on.
    Answer(u16, &'static str),
    /// The callback's `message` is changed at this pointer.
    Changed(&'static str, Value),
    /// The callback has no calendar, and this installment.
    Rate(&'static str),
    /// The callback answers another message.
    ForeignMessage,
    /// The context has this field changed.
    Context(&'static str, &'static str),
}

/// How the bank is set up.
#[derive(Clone, Debug)]
pub struct Setup {
    /// Its `subscriber_id`; its key is the development key of that name.
    pub subscriber: String,
    /// The `subscriber_id` of the only buyer application that it talks to.
    pub buyer: String,
    /// That one's key.
    pub buyer_key: PublicKey,
    /// Its catalog.
    pub products: Vec<Product>,
    /// What it declares as its APR instead of the truth.
    pub declares: Option<String>,
    /// Forms that the borrower has to send before it goes on: the action after which each is shown, and its name.
    pub forms: Vec<(String, String)>,
    /// Pays out as soon as a confirmed loan is asked for.
    pub pays_at_once: bool,
}

impl Setup {
    /// The bank of the development marketplace: it wants the borrower identified, and pays at once.
    pub fn development() -> Result<Self, KeyError> {
        Ok(Self {
            subscriber: "bharat-bank.sandbox".to_owned(),
            buyer: "usance.sandbox".to_owned(),
            buyer_key: PrivateKey::development(BUYER_KEY)?.public(),
            products: standard_products(),
            declares: None,
            forms: vec![("init".to_owned(), "KYC".to_owned())],
            pays_at_once: true,
        })
    }
}

/// How a loan stands.
#[derive(Clone, Debug, Default)]
struct Loan {
    product: Option<Product>,
    id: Option<String>,
    cancelled: bool,
    /// Forms that are done.
    forms: usize,
    /// Receipt of the form that the borrower sent on the bank's own page.
    receipt: Option<String>,
    /// Context of the last message.
    context: Value,
}

/// What the bank has seen, and what it is told to do.
#[derive(Debug, Default)]
pub struct Books {
    /// Messages, by action.
    pub heard: Vec<(String, Value)>,
    /// What its callbacks were answered with, by callback.
    pub replies: Vec<(String, Received)>,
    /// What goes wrong next.
    pub faults: VecDeque<(&'static str, Fault)>,
    /// Confirmations that it acted on.
    pub confirmed: u32,
    /// Every confirmed loan is paid out.
    pub disbursed: bool,
    /// Callbacks that were never delivered: name, signature, body.
    pub held: Vec<(String, String, Vec<u8>)>,
    loans: HashMap<String, Loan>,
}

/// The bank.
pub struct Fis12Bank {
    setup: Mutex<Setup>,
    url: String,
    key: PrivateKey,
    world: World,
    recipient: Arc<dyn Recipient>,
    books: Mutex<Books>,
    news: Notify,
}

impl std::fmt::Debug for Fis12Bank {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Fis12Bank({})", self.url)
    }
}

/// A bank with a server of its own; it stops when this is dropped.
#[derive(Debug)]
pub struct OpenBank {
    /// The bank.
    pub bank: Arc<Fis12Bank>,
    server: JoinHandle<()>,
}

impl Drop for OpenBank {
    fn drop(&mut self) {
        self.server.abort();
    }
}

impl Fis12Bank {
    /// A bank that is reached at `url`.
    pub fn new(setup: Setup, url: String, world: World, recipient: Arc<dyn Recipient>) -> Result<Arc<Self>, KeyError> {
        Ok(Arc::new(Self {
            key: PrivateKey::development(&setup.subscriber)?,
            setup: Mutex::new(setup),
            url,
            world,
            recipient,
            books: Mutex::default(),
            news: Notify::new(),
        }))
    }

    /// Opens one on a port of this machine.
    pub async fn open(setup: Setup, world: World, recipient: Arc<dyn Recipient>) -> Result<OpenBank, SandboxError> {
        let (listener, url) = network::listen().await?;
        let bank = Self::new(setup, url, world, recipient)?;
        let server = network::serve(listener, Arc::clone(&bank) as Arc<dyn Host>);
        Ok(OpenBank { bank, server })
    }

    /// Its `subscriber_url`.
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
            "kind": "fis12",
            "id": id,
            "subscriber": setup.subscriber,
            "url": self.url,
            "keys": [{ "id": key.id(), "public": key.to_base64() }],
            "ours": {
                "subscriber": setup.buyer,
                "key_id": setup.buyer_key.id(),
                "key": { "development": setup.buyer_key.id() },
            },
            "tax_ppm": 180_000,
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

    /// That goes wrong with the next message of the action.
    pub fn fails(&self, action: &'static str, fault: Fault) {
        self.books().faults.push_back((action, fault));
    }

    /// That form is shown after the action, behind those that are shown already.
    pub fn asks_for(&self, action: &str, form: &str) {
        self.setup().forms.push((action.to_owned(), form.to_owned()));
    }

    /// What was heard of one action.
    pub fn heard(&self, action: &str) -> Vec<Value> {
        let books = self.books();
        let of = books.heard.iter().filter(|(name, _)| name == action);
        of.map(|(_, body)| body.clone()).collect()
    }

    /// What the last callback of that name was answered with.
    pub fn last_reply(&self, callback: &str) -> Option<Received> {
        let books = self.books();
        let last = books.replies.iter().rev().find(|(name, _)| name == callback);
        last.map(|(_, reply)| reply.clone())
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

    /// Answers a message, as its server does: status and body.
    pub async fn answer(&self, action: &str, authorization: Option<&str>, body: &[u8]) -> (u16, String) {
        let nack = |code: &str| {
            let error = json!({ "type": "CONTEXT-ERROR", "code": code, "message": "no" });
            json!({ "message": { "ack": { "status": "NACK" } }, "error": error }).to_string()
        };
        let now = self.world.clock.now();
        let (subscriber, buyer, key) = {
            let setup = self.setup();
            (setup.subscriber.clone(), setup.buyer.clone(), setup.buyer_key.clone())
        };
        let header = authorization.unwrap_or_default();
        let signed = beckn::verify(header, body, now, Tolerance::default(), |id| {
            (id.subscriber == buyer && id.key == key.id()).then_some(key)
        });
        if signed.is_err() {
            return (401, nack("30016"));
        }
        let Ok(message) = serde_json::from_slice::<Value>(body) else {
            return (400, nack("30000"));
        };
        let context = &message["context"];
        let fits = context["domain"] == "ONDC:FIS12"
            && context["action"] == action
            && context["bap_id"] == buyer.as_str()
            && context["bpp_id"] == subscriber.as_str()
            && context["version"] == "2.3.0";
        if !fits {
            return (200, nack("30000"));
        }
        let fault = {
            let mut books = self.books();
            books.heard.push((action.to_owned(), message.clone()));
            next_fault(&mut books.faults, action)
        };
        self.news.notify_waiters();
        match &fault {
            Some(Fault::Nack(code)) => return (200, nack(code)),
            Some(Fault::Answer(status, text)) => return (*status, (*text).to_owned()),
            _ => {}
        }
        self.call_back(action, &message, fault.as_ref()).await;
        (200, json!({ "message": { "ack": { "status": "ACK" } } }).to_string())
    }

    fn context(asked: &Value, action: &str, at: DateTime<Utc>) -> Value {
        let mut context = asked.clone();
        context["action"] = json!(action);
        context["timestamp"] = json!(at.to_rfc3339_opts(SecondsFormat::Millis, true));
        context["ttl"] = json!("PT30S");
        context
    }

    /// The callback is delivered before the acknowledgement is read: the hardest order for the one who asks.
    async fn call_back(&self, action: &str, asked: &Value, fault: Option<&Fault>) {
        let name = format!("on_{action}");
        let mut at = self.world.clock.now();
        if let Some(Fault::Skewed(seconds)) = fault {
            at += TimeDelta::seconds(*seconds);
        }
        let message = self.message(action, asked);
        let mut body = json!({ "context": Self::context(&asked["context"], &name, at), "message": message });
        if let Some(fault) = fault {
            bend(&mut body, fault);
        }
        if let Some(Fault::OutOfOrder(other)) = fault {
            let mut early = body.clone();
            early["context"]["action"] = json!(other);
            self.deliver(other, &early, &self.key).await;
        }
        match fault {
            Some(Fault::Silent) => {
                let bytes = body.to_string().into_bytes();
                let header = self.sign(&self.key, &bytes);
                self.books().held.push((name, header, bytes));
                self.news.notify_waiters();
                return;
            }
            Some(Fault::ForeignKey) => {
                if let Ok(thief) = PrivateKey::development("thief") {
                    self.deliver(&name, &body, &thief).await;
                }
                return;
            }
            Some(Fault::Tampered) => {
                let header = self.sign(&self.key, body.to_string().as_bytes());
                body["message"]["x"] = json!(1);
                let base = text(&body, "/context/bap_uri");
                return self
                    .hand_over(&base, (&name, &header), body.to_string().as_bytes())
                    .await;
            }
            _ => {}
        }
        self.deliver(&name, &body, &self.key).await;
        match fault {
            Some(Fault::Twice) => self.deliver(&name, &body, &self.key).await,
            Some(Fault::TwiceDifferently) => {
                body["message"]["x"] = json!(1);
                self.deliver(&name, &body, &self.key).await;
            }
            _ => {}
        }
    }

    fn sign(&self, key: &PrivateKey, bytes: &[u8]) -> String {
        let signer = Signer {
            key: key.clone(),
            clock: Arc::clone(&self.world.clock),
            ids: Arc::clone(&self.world.ids),
        };
        let subscriber = self.setup().subscriber.clone();
        beckn::sign(&signer, &subscriber, bytes)
    }

    async fn deliver(&self, name: &str, body: &Value, key: &PrivateKey) {
        let bytes = body.to_string().into_bytes();
        let header = self.sign(key, &bytes);
        self.hand_over(&text(body, "/context/bap_uri"), (name, &header), &bytes)
            .await;
    }

    /// Delivers a callback: its name, its signature and its body, as they are.
    pub async fn hand_over(&self, base: &str, (name, header): (&str, &str), bytes: &[u8]) {
        let call = Outgoing {
            base,
            path: name,
            signature: (beckn::AUTHORIZATION, header),
            body: bytes,
        };
        let reply = self.recipient.deliver(call).await;
        self.books().replies.push((name.to_owned(), reply));
        self.news.notify_waiters();
    }

    /// Says something without being asked, in the transaction of the last message.
    pub async fn volunteer(&self, action: &str) {
        let last = self.books().heard.last().map(|(_, message)| message.clone());
        if let Some(asked) = last {
            self.tell(action, &asked["context"]).await;
        }
    }

    async fn tell(&self, action: &str, asked: &Value) {
        let name = format!("on_{action}");
        let mut context = Self::context(asked, &name, self.world.clock.now());
        context["message_id"] = json!(self.world.ids.next());
        let asked = json!({ "context": context });
        let body = json!({ "context": context, "message": self.message("status", &asked) });
        self.deliver(&name, &body, &self.key).await;
    }

    /// The borrower sends the form of that transaction on the bank's own page.
    pub async fn borrower_sends(&self, transaction: &str, form: &str) {
        let context = {
            let mut books = self.books();
            let Some(loan) = books.loans.get_mut(transaction) else {
                return;
            };
            loan.receipt = Some(format!("{form}-{transaction}"));
            loan.context.clone()
        };
        self.tell("status", &context).await;
    }

    fn message(&self, action: &str, asked: &Value) -> Value {
        let setup = self.setup().clone();
        let transaction = text(asked, "/context/transaction_id");
        let mut books = self.books();
        let (all_disbursed, number) = (
            books.disbursed,
            77 + books.loans.values().filter(|l| l.id.is_some()).count(),
        );
        let loan = books.loans.entry(transaction.clone()).or_default();
        loan.context = asked["context"].clone();
        if asked
            .pointer("/message/order/items/0/xinput/form_response/submission_id")
            .is_some()
        {
            loan.forms += 1;
            loan.receipt = None;
        }
        if let Some(id) = asked.pointer("/message/order/items/0/id").and_then(Value::as_str) {
            loan.product = setup.products.iter().find(|product| product.id == id).cloned();
        }
        let open = setup.forms.get(loan.forms).cloned();
        let shown = open.as_ref().filter(|(at, _)| at == action || action == "status");
        let xinput = shown.map(|(_, form)| self.xinput(form, &transaction, loan.receipt.as_deref()));
        if action == "search" {
            return catalog(&setup.products, xinput);
        }
        let Some(product) = loan.product.clone().or_else(|| setup.products.first().cloned()) else {
            return json!({ "order": {} });
        };
        let mut order = order(Ordered {
            product: &product,
            now: self.world.clock.now(),
            declares: setup.declares.as_deref(),
        });
        if let Some(xinput) = xinput {
            order["items"][0]["xinput"] = xinput;
        }
        if action == "select" && open.is_some_and(|(at, _)| at == "select") {
            order.as_object_mut().and_then(|order| order.remove("quote"));
        }
        match action {
            "confirm" if loan.id.is_none() => loan.id = Some(format!("LOAN-{number}")),
            "cancel" => loan.cancelled = true,
            _ => {}
        }
        let paid = loan.id.is_some() && (all_disbursed || (setup.pays_at_once && action == "status"));
        conclude(&mut order, loan, paid.then(|| paid_out(&product)));
        if action == "confirm" {
            books.confirmed += 1;
        }
        json!({ "order": order })
    }

    fn xinput(&self, form: &str, transaction: &str, receipt: Option<&str>) -> Value {
        let url = format!("{}/forms/{transaction}/{form}?lang=en", self.url);
        let mut xinput =
            json!({ "head": { "descriptor": { "name": form } }, "form": { "id": form, "url": url }, "required": true });
        if let Some(receipt) = receipt {
            xinput["form_response"] = json!({ "status": "SUCCESS", "submission_id": receipt });
        }
        xinput
    }
}

/// State and id of an order, and its payment when it is paid out.
fn conclude(order: &mut Value, loan: &Loan, paid: Option<Value>) {
    if let Some(id) = &loan.id {
        order["id"] = json!(id);
    }
    let state = if loan.cancelled {
        "CANCELLED"
    } else if paid.is_some() {
        "DISBURSED"
    } else if loan.id.is_some() {
        "SANCTIONED"
    } else {
        "INITIATED"
    };
    order["fulfillments"] = json!([{ "state": { "descriptor": { "code": state } } }]);
    if let (Some(paid), Some(payments)) = (paid.filter(|_| !loan.cancelled), order["payments"].as_array_mut()) {
        payments.push(paid);
    }
}

fn bend(body: &mut Value, fault: &Fault) {
    match fault {
        Fault::Changed(pointer, value) => {
            if let Some(found) = body["message"].pointer_mut(pointer) {
                *found = value.clone();
            }
        }
        Fault::Rate(each) => {
            let order = &mut body["message"]["order"];
            order["payments"] = json!([]);
            order["items"][0]["tags"][0]["list"][10]["value"] = json!(each);
        }
        Fault::ForeignMessage => body["context"]["message_id"] = json!("00000000-0000-0000-0000-00000000270f"),
        Fault::Context(field, value) => body["context"][*field] = json!(value),
        Fault::Error(code) => {
            body["error"] = json!({ "type": "DOMAIN-ERROR", "code": code, "message": "Not today." });
        }
        _ => {}
    }
}

fn text(value: &Value, pointer: &str) -> String {
    let found = value.pointer(pointer).and_then(Value::as_str);
    found.unwrap_or_default().to_owned()
}

#[async_trait]
impl Host for Fis12Bank {
    async fn answer(&self, heard: Heard) -> Said {
        if let Some(form) = heard.path.strip_prefix("forms/") {
            let (transaction, form) = form.split_once('/').unwrap_or_default();
            if heard.post {
                self.borrower_sends(transaction, form).await;
            }
            return Said::Page(network::page(form, heard.post));
        }
        let (status, body) = Self::answer(self, &heard.path, heard.header(beckn::AUTHORIZATION), &heard.body).await;
        Said::Json(status, body)
    }
}
