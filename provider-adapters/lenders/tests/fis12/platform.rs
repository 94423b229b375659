//! A faithful provider platform of the network: it checks our signatures and contexts, acknowledges, and calls back in the true wire
//! format; and it can do each of these wrongly.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use sdk::beckn::{self, Tolerance};
use sdk::{Clock, Ids, PrivateKey, PublicKey, Signer};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use usance_lenders::fis12::{Inbox, Reply};
use uuid::Uuid;

pub const BAP: &str = "buyer.usance.example";
pub const BPP: &str = "lender.example";

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
    /// Acknowledged, and never called back.
    Silent,
    /// Not acknowledged, with that code.
    Nack(&'static str),
    /// Called back with an error of that code.
    Error(&'static str),
    /// The acknowledgement is this.
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

/// How the lender stands to the loan.
#[derive(Debug, Default)]
pub struct Books {
    pub heard: Vec<(String, Value)>,
    pub replies: Vec<(String, Reply)>,
    pub faults: VecDeque<(&'static str, Fault)>,
    /// Forms that the borrower has to send before the lender goes on, by the action after which they are shown.
    pub forms: VecDeque<(&'static str, &'static str)>,
    pub confirmed: u32,
    pub disbursed: bool,
    pub cancelled: bool,
    /// Bodies of callbacks that were never delivered.
    pub held: Vec<(String, String, Vec<u8>)>,
}

#[derive(Debug)]
pub struct Platform {
    pub books: Mutex<Books>,
    pub key: PrivateKey,
    pub buyer: PublicKey,
    pub clock: Arc<ManualClock>,
    pub url: Mutex<String>,
    pub inbox: Mutex<Option<Arc<Inbox>>>,
}

impl Platform {
    /// Opens the platform on a port of this machine.
    pub(crate) async fn open(clock: Arc<ManualClock>, buyer: PublicKey) -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let this = Arc::new(Self {
            books: Mutex::default(),
            key: PrivateKey::development("lender-key").unwrap(),
            buyer,
            clock,
            url: Mutex::new(url),
            inbox: Mutex::default(),
        });
        let platform = Arc::clone(&this);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let platform = Arc::clone(&platform);
                tokio::spawn(async move { platform.converse(stream).await });
            }
        });
        this
    }

    pub(crate) fn fails(&self, action: &'static str, fault: Fault) {
        self.books.lock().unwrap().faults.push_back((action, fault));
    }

    pub(crate) fn asks_for(&self, action: &'static str, form: &'static str) {
        self.books.lock().unwrap().forms.push_back((action, form));
    }

    /// What was heard of one action.
    pub(crate) fn heard(&self, action: &str) -> Vec<Value> {
        let books = self.books.lock().unwrap();
        let of = books.heard.iter().filter(|(name, _)| name == action);
        of.map(|(_, body)| body.clone()).collect()
    }

    pub(crate) fn last_reply(&self, callback: &str) -> Reply {
        let books = self.books.lock().unwrap();
        let last = books.replies.iter().rev().find(|(name, _)| name == callback);
        last.map(|(_, reply)| reply.clone()).unwrap()
    }

    async fn converse(self: Arc<Self>, mut stream: TcpStream) {
        let mut bytes = Vec::new();
        let (head, mut body) = loop {
            if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
                let body = bytes.split_off(end + 4);
                break (String::from_utf8(bytes).unwrap(), body);
            }
            if bytes.len() > 65_536 || stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let header = |name: &str| {
            let lines = head.lines().filter_map(|line| line.split_once(':'));
            let mut found = lines.filter(|(key, _)| key.eq_ignore_ascii_case(name));
            found.next().map(|(_, value)| value.trim().to_owned())
        };
        let length: usize = header("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
        while body.len() < length {
            if stream.read_buf(&mut body).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let path = head
            .split(' ')
            .nth(1)
            .unwrap_or_default()
            .trim_start_matches('/')
            .to_owned();
        let (status, answer) = self.answer(&path, header("authorization").as_deref(), &body);
        let said = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
            answer.len()
        );
        let _gone = stream.write_all(said.as_bytes()).await;
    }

    fn answer(self: &Arc<Self>, action: &str, authorization: Option<&str>, body: &[u8]) -> (u16, String) {
        let nack = |code: &str| {
            let error = json!({ "type": "CONTEXT-ERROR", "code": code, "message": "no" });
            json!({ "message": { "ack": { "status": "NACK" } }, "error": error }).to_string()
        };
        let now = self.clock.now();
        let signed = beckn::verify(
            authorization.unwrap_or_default(),
            body,
            now,
            Tolerance::default(),
            |id| (id.subscriber == BAP && id.key == self.buyer.id()).then(|| self.buyer.clone()),
        );
        if signed.is_err() {
            return (401, nack("30016"));
        }
        let message: Value = serde_json::from_slice(body).unwrap();
        let context = &message["context"];
        let fits = context["domain"] == "ONDC:FIS12"
            && context["action"] == action
            && context["bap_id"] == BAP
            && context["bpp_id"] == BPP
            && context["version"] == "2.3.0";
        if !fits {
            return (200, nack("30000"));
        }
        let fault = {
            let mut books = self.books.lock().unwrap();
            books.heard.push((action.to_owned(), message.clone()));
            let at = books.faults.iter().position(|(name, _)| *name == action);
            at.and_then(|at| books.faults.remove(at)).map(|(_, fault)| fault)
        };
        match &fault {
            Some(Fault::Nack(code)) => return (200, nack(code)),
            Some(Fault::Answer(status, text)) => return (*status, (*text).to_owned()),
            _ => {}
        }
        self.call_back(action, &message, fault.as_ref());
        (200, json!({ "message": { "ack": { "status": "ACK" } } }).to_string())
    }

    fn context(asked: &Value, action: &str, at: DateTime<Utc>) -> Value {
        let mut context = asked["context"].clone();
        context["action"] = json!(action);
        context["timestamp"] = json!(at.to_rfc3339_opts(SecondsFormat::Millis, true));
        context["ttl"] = json!("PT30S");
        context
    }

    /// The callback is delivered before the acknowledgement is read: the hardest order for the one who asks.
    fn call_back(&self, action: &str, asked: &Value, fault: Option<&Fault>) {
        let name = format!("on_{action}");
        let mut at = self.clock.now();
        if let Some(Fault::Skewed(seconds)) = fault {
            at += TimeDelta::seconds(*seconds);
        }
        let mut body = json!({ "context": Self::context(asked, &name, at), "message": self.message(action, asked) });
        match fault {
            Some(Fault::Changed(pointer, value)) => *body["message"].pointer_mut(pointer).unwrap() = value.clone(),
            Some(Fault::Rate(each)) => {
                let message = &mut body["message"];
                message["order"]["payments"] = json!([]);
                message["order"]["items"][0]["tags"][0]["list"][10]["value"] = json!(each);
            }
            Some(Fault::ForeignMessage) => body["context"]["message_id"] = json!(Uuid::from_u128(9_999)),
            Some(Fault::Context(field, value)) => body["context"][*field] = json!(value),
            Some(Fault::Error(code)) => {
                body["error"] = json!({ "type": "DOMAIN-ERROR", "code": code, "message": "Not today." });
            }
            Some(Fault::OutOfOrder(other)) => {
                let mut early = body.clone();
                early["context"]["action"] = json!(other);
                self.deliver(other, &early, &self.key);
            }
            _ => {}
        }
        match fault {
            Some(Fault::Silent) => {
                let bytes = body.to_string().into_bytes();
                let header = beckn::sign(&self.signer(&self.key), BPP, &bytes);
                self.books.lock().unwrap().held.push((name, header, bytes));
                return;
            }
            Some(Fault::ForeignKey) => return self.deliver(&name, &body, &PrivateKey::development("thief").unwrap()),
            Some(Fault::Tampered) => {
                let bytes = body.to_string().into_bytes();
                let header = beckn::sign(&self.signer(&self.key), BPP, &bytes);
                let changed = String::from_utf8(bytes).unwrap().replace("197700", "297700");
                return self.hand_over(&name, &header, changed.as_bytes());
            }
            _ => {}
        }
        self.deliver(&name, &body, &self.key);
        match fault {
            Some(Fault::Twice) => self.deliver(&name, &body, &self.key),
            Some(Fault::TwiceDifferently) => {
                body["message"]["x"] = json!(1);
                self.deliver(&name, &body, &self.key);
            }
            _ => {}
        }
    }

    fn signer(&self, key: &PrivateKey) -> Signer {
        Signer {
            key: key.clone(),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            ids: Arc::new(Counter::default()),
        }
    }

    fn deliver(&self, name: &str, body: &Value, key: &PrivateKey) {
        let bytes = body.to_string().into_bytes();
        let header = beckn::sign(&self.signer(key), BPP, &bytes);
        self.hand_over(name, &header, &bytes);
    }

    pub(crate) fn hand_over(&self, name: &str, header: &str, bytes: &[u8]) {
        let inbox = self.inbox.lock().unwrap().clone().unwrap();
        let reply = inbox.deliver(name, Some(header), bytes);
        self.books.lock().unwrap().replies.push((name.to_owned(), reply));
    }

    /// Says something without being asked, in the transaction of the last message.
    pub(crate) fn volunteer(&self, action: &str, message_id: u128) {
        let asked = self.books.lock().unwrap().heard.last().unwrap().1.clone();
        let name = format!("on_{action}");
        let mut context = Self::context(&asked, &name, self.clock.now());
        context["message_id"] = json!(Uuid::from_u128(message_id));
        let body = json!({ "context": context, "message": self.message("status", &asked) });
        self.deliver(&name, &body, &self.key);
    }

    fn form(&self, action: &str) -> Option<&'static str> {
        let books = self.books.lock().unwrap();
        books
            .forms
            .front()
            .filter(|(name, _)| *name == action)
            .map(|(_, form)| *form)
    }

    /// A form that the message has a receipt for is done.
    fn receive_form(&self, asked: &Value) {
        let receipt = asked.pointer("/message/order/items/0/xinput/form_response/submission_id");
        if receipt.is_some() {
            self.books.lock().unwrap().forms.pop_front();
        }
    }

    fn message(&self, action: &str, asked: &Value) -> Value {
        self.receive_form(asked);
        if action == "search" {
            return self.catalog();
        }
        let id = asked
            .pointer("/message/order/items/0/id")
            .and_then(Value::as_str)
            .unwrap_or("loan-a");
        let mut order = order(id);
        if let Some(form) = self.form(action) {
            order["items"][0]["xinput"] = self.xinput(form);
        }
        let mut books = self.books.lock().unwrap();
        match action {
            "select" if books.forms.front().is_some_and(|(name, _)| *name == "select") => {
                order.as_object_mut().unwrap().remove("quote");
            }
            "confirm" => books.confirmed += 1,
            "cancel" => books.cancelled = true,
            _ => {}
        }
        if books.confirmed > 0 {
            order["id"] = json!("LOAN-77");
        }
        let state = if books.cancelled {
            "CANCELLED"
        } else if books.disbursed {
            "DISBURSED"
        } else if books.confirmed > 0 {
            "SANCTIONED"
        } else {
            "INITIATED"
        };
        order["fulfillments"] = json!([{ "state": { "descriptor": { "code": state } } }]);
        if books.disbursed {
            let paid = json!({ "type": "ON_FULFILLMENT", "id": "PAY-1", "status": "PAID",
                "params": { "amount": "197700", "currency": "INR", "transaction_id": "UTR-4711" } });
            order["payments"].as_array_mut().unwrap().push(paid);
        }
        json!({ "order": order })
    }

    fn xinput(&self, form: &str) -> Value {
        let url = format!("{}/forms/{form}?lang=en", self.url.lock().unwrap());
        json!({ "head": { "descriptor": { "name": form } }, "form": { "id": form, "url": url }, "required": true })
    }

    fn catalog(&self) -> Value {
        let item = |id: &str, most: &str| {
            json!({
                "id": id,
                "descriptor": { "code": "LOAN" },
                "tags": [{ "descriptor": { "code": "INFO" }, "list": [
                    { "descriptor": { "code": "MIN_INTEREST_RATE" }, "value": "9 %" },
                    { "descriptor": { "code": "MIN_TENURE" }, "value": "3 months" },
                    { "descriptor": { "code": "MAX_TENURE" }, "value": "5 years" },
                    { "descriptor": { "code": "MIN_LOAN_AMOUNT" }, "value": "50000 INR" },
                    { "descriptor": { "code": "MAX_LOAN_AMOUNT" }, "value": most },
                ] }],
            })
        };
        let mut first = item("loan-a", "5000000");
        if let Some(form) = self.form("search") {
            first["xinput"] = self.xinput(form);
        }
        json!({ "catalog": { "providers": [{
            "id": "PROVIDER-1",
            "items": [first, item("loan-small", "100000 INR"), item("loan-b", "5000000.00")],
        }] } })
    }
}

/// 200,000 for five months, 2,300 withheld, five payments of 41,207.96.
pub(crate) fn order(id: &str) -> Value {
    let tag = |code: &str, value: &str| json!({ "descriptor": { "code": code }, "value": value });
    let line = |title: &str, value: &str| json!({ "title": title, "price": { "currency": "INR", "value": value } });
    let payment = |month: &str, day: &str, amount: &str| {
        json!({
            "type": "POST_FULFILLMENT",
            "status": "NOT-PAID",
            "params": { "amount": amount, "currency": "INR" },
            "time": { "label": "INSTALLMENT", "range": {
                "start": format!("2026-{month}-01T00:00:00.000Z"), "end": format!("2026-{month}-{day}T23:59:59.999Z") } },
        })
    };
    let each = "41207.96 INR";
    json!({
        "provider": { "id": "PROVIDER-1" },
        "items": [{
            "id": id,
            "parent_item_id": "loan",
            "tags": [{ "descriptor": { "code": "LOAN_INFO" }, "list": [
                tag("INTEREST_RATE", "12 %"),
                tag("TERM", "PT5M"),
                tag("INTEREST_RATE_TYPE", "FIXED"),
                tag("APPLICATION_FEE", "1000 INR"),
                tag("FORECLOSURE_FEE", "4.00% + 18% GST"),
                tag("DELAY_PENALTY_FEE", "2% (p.m.)"),
                tag("ANNUAL_PERCENTAGE_RATE", "5 %"),
                tag("REPAYMENT_FREQUENCY", "PT1M"),
                tag("NUMBER_OF_INSTALLMENTS_OF_REPAYMENT", "5"),
                tag("COOL_OFF_PERIOD", "P3D Days"),
                tag("INSTALLMENT_AMOUNT", each),
            ] }],
        }],
        "quote": {
            "price": { "currency": "INR", "value": "208339.80" },
            "breakup": [
                line("PRINCIPAL", "200000"),
                line("INTEREST", "6039.80"),
                line("PROCESSING_FEE", "1800"),
                line("OTHER_UPFRONT_CHARGES", "0"),
                line("INSURANCE_CHARGES", "500"),
                line("NET_DISBURSED_AMOUNT", "197700"),
                line("OTHER_CHARGES", "0"),
            ],
            "ttl": "PT15D",
        },
        "payments": [
            payment("04", "30", each), payment("05", "31", each), payment("06", "30", each),
            payment("07", "31", each), payment("08", "31", each),
        ],
    })
}
