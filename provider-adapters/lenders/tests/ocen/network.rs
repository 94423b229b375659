//! A faithful lender of the network: it checks our signatures and envelopes, acknowledges, and answers in the true wire format; and it can
//! do each of these wrongly. It answers the same `requestId` with the same response, and acts on it once.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use sdk::jws::{self, Payload, SigningKey, VerifyingKey};
use sdk::{Clock, Ids, PrivateKey, PublicKey};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use usance_lenders::ocen::{Inbox, Reply};
use uuid::Uuid;

pub const LENDER: &str = "lender-participant";
const AGENT: &str = "agent-participant";

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

#[derive(Debug, Default)]
pub struct Books {
    pub heard: Vec<(String, String)>,
    pub replies: Vec<Reply>,
    pub faults: VecDeque<(&'static str, Fault)>,
    pub held: Vec<(String, String, Vec<u8>)>,
    answered: HashMap<String, Value>,
    /// The borrower has finished what the lender wants of them.
    pub identified: bool,
    pub paid: bool,
    pub set: u32,
    pub triggered: u32,
}

#[derive(Debug)]
pub struct Network {
    pub books: Mutex<Books>,
    pub key: PrivateKey,
    pub agent: PublicKey,
    pub clock: Arc<ManualClock>,
    pub url: String,
    pub inbox: Mutex<Option<Arc<Inbox>>>,
}

impl Network {
    pub(crate) async fn open(clock: Arc<ManualClock>, agent: PublicKey) -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let this = Arc::new(Self {
            books: Mutex::default(),
            key: PrivateKey::development("ocen-lender").unwrap(),
            agent,
            clock,
            url: format!("http://{}", listener.local_addr().unwrap()),
            inbox: Mutex::default(),
        });
        let network = Arc::clone(&this);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let network = Arc::clone(&network);
                tokio::spawn(async move { network.converse(stream).await });
            }
        });
        this
    }

    pub(crate) fn fails(&self, operation: &'static str, fault: Fault) {
        self.books.lock().unwrap().faults.push_back((operation, fault));
    }

    /// The bodies that were heard of one operation.
    pub(crate) fn heard(&self, operation: &str) -> Vec<String> {
        let books = self.books.lock().unwrap();
        let of = books.heard.iter().filter(|(name, _)| name == operation);
        of.map(|(_, body)| body.clone()).collect()
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
        let path = head.split(' ').nth(1).unwrap_or_default();
        let (status, answer) = self.answer(
            path,
            header("signature").as_deref(),
            header("authorization").as_deref(),
            &body,
        );
        let said = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{answer}",
            answer.len()
        );
        let _gone = stream.write_all(said.as_bytes()).await;
    }

    fn answer(&self, path: &str, signature: Option<&str>, token: Option<&str>, body: &[u8]) -> (u16, String) {
        let keys = [VerifyingKey::Ed25519(self.agent.clone())];
        let signed = jws::verify(signature.unwrap_or_default(), body, Payload::RawUncritical, &keys).is_ok();
        if !signed || token != Some("Bearer network-token") {
            return (401, String::new());
        }
        let request: Value = serde_json::from_slice(body).unwrap();
        let metadata = &request["metadata"];
        let name = path
            .strip_prefix("/v4.0.0alpha/")
            .and_then(|name| name.strip_suffix("Request"));
        let Some(name) = name.filter(|_| metadata["originatorParticipantId"] == AGENT) else {
            return (400, String::new());
        };
        let fault = {
            let mut books = self.books.lock().unwrap();
            books
                .heard
                .push((name.to_owned(), String::from_utf8(body.to_vec()).unwrap()));
            let at = books.faults.iter().position(|(operation, _)| *operation == name);
            at.and_then(|at| books.faults.remove(at)).map(|(_, fault)| fault)
        };
        if let Some(Fault::Answer(status, text)) = fault {
            return (status, text.to_owned());
        }
        let id = metadata["requestId"].as_str().unwrap().to_owned();
        let known = self.books.lock().unwrap().answered.get(&id).cloned();
        let response = known.unwrap_or_else(|| {
            let response = self.act(name, &request);
            self.books.lock().unwrap().answered.insert(id, response.clone());
            response
        });
        self.respond(name, metadata, response, fault.as_ref());
        let now = self.clock.now().to_rfc3339_opts(SecondsFormat::Millis, true);
        (
            200,
            json!({ "error": "0", "traceId": metadata["traceId"], "timestamp": now }).to_string(),
        )
    }

    fn act(&self, name: &str, request: &Value) -> Value {
        let mut books = self.books.lock().unwrap();
        let id = &request["loanApplicationId"];
        let ok = json!({ "status": "SUCCESS" });
        match name {
            "loanApplications/createLoan" => {
                let id = &request["loanApplications"][0]["loanApplicationId"];
                json!({ "response": ok, "loanApplications": [{ "loanApplicationId": id, "loanApplicationStatus": "PROCESSING" }] })
            }
            "offers/generateOffers" => {
                let id = &request["loanApplicationIds"][0];
                json!({ "response": ok, "loanApplications": [{
                    "loanApplicationId": id, "loanApplicationStatus": "OFFERED", "kyc": {}, "offers": [offer()] }] })
            }
            "offers/setOffers" => {
                books.set += 1;
                json!({ "response": ok, "loanApplicationId": id, "loanApplicationStatus": "OFFER_ACCEPTED" })
            }
            "grantLoan/grantLoan" if !books.identified => {
                json!({ "response": { "status": "ERROR", "responseDetail": "KYC is not done" } })
            }
            "grantLoan/grantLoan" => json!({ "response": ok, "loanDetails": {
                "loanId": "L-9", "loanApplicationId": id, "loanApplicationStatus": "GRANTED" } }),
            "disbursement/triggerDisbursement" => {
                books.triggered += 1;
                json!({ "response": ok, "loanApplicationId": id, "loanApplicationStatus": "DISBURSEMENT_INITIATED", "loanId": "L-9" })
            }
            _ => {
                let done = books.paid;
                let status = if done {
                    "DISBURSEMENT_COMPLETED"
                } else {
                    "DISBURSEMENT_INITIATED"
                };
                let payment = if done {
                    json!({ "totalAmount": 197_000, "status": "SUCCESS", "txnRefNo": "4618602124", "id": "p" })
                } else {
                    Value::Null
                };
                json!({ "response": ok, "loanApplicationId": id, "loanApplicationStatus": status, "loanId": "L-9", "payment": payment })
            }
        }
    }

    /// The response is delivered before the acknowledgement is read: the hardest order for the one who asks.
    fn respond(&self, name: &str, asked: &Value, mut response: Value, fault: Option<&Fault>) {
        let mut at = self.clock.now();
        if let Some(Fault::Skewed(seconds)) = fault {
            at += TimeDelta::seconds(*seconds);
        }
        response["metadata"] = json!({
            "version": "4.0.0alpha",
            "originatorOrgId": "lender-org",
            "originatorParticipantId": LENDER,
            "timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "traceId": asked["traceId"],
            "requestId": asked["requestId"],
        });
        response["productData"] = json!({ "productId": "personal", "productNetworkId": "net" });
        if let Some(Fault::Changed(pointer, value)) = fault {
            *response.pointer_mut(pointer).unwrap() = value.clone();
        }
        let mut path = format!("{name}Response");
        let mut body = response.to_string();
        let mut key = self.key.clone();
        match fault {
            Some(Fault::ForeignKey) => key = PrivateKey::development("thief").unwrap(),
            Some(Fault::Elsewhere(other)) => path = format!("{other}Response"),
            _ => {}
        }
        let signature = jws::sign(&SigningKey::Ed25519(key), body.as_bytes(), Payload::RawUncritical).unwrap();
        if let Some(Fault::Tampered) = fault {
            body = body.replace("SUCCESS", "SUCCES5");
        }
        if let Some(Fault::Silent) = fault {
            self.books
                .lock()
                .unwrap()
                .held
                .push((path, signature, body.into_bytes()));
            return;
        }
        self.hand_over(&path, &signature, body.as_bytes());
        match fault {
            Some(Fault::Twice) => self.hand_over(&path, &signature, body.as_bytes()),
            Some(Fault::TwiceDifferently) => {
                response["x"] = json!(1);
                let body = response.to_string();
                let key = SigningKey::Ed25519(self.key.clone());
                let signature = jws::sign(&key, body.as_bytes(), Payload::RawUncritical).unwrap();
                self.hand_over(&path, &signature, body.as_bytes());
            }
            _ => {}
        }
    }

    pub(crate) fn hand_over(&self, path: &str, signature: &str, body: &[u8]) {
        let inbox = self.inbox.lock().unwrap().clone().unwrap();
        let reply = inbox.deliver(path, Some(signature), body);
        self.books.lock().unwrap().replies.push(reply);
    }
}

/// 200,000 for five months at 12 %, 3,000 withheld.
fn offer() -> Value {
    let text = r#"{
        "id": "OFFER-1", "validTill": "2026-03-03T12:00:00Z",
        "terms": { "requestedAmount": 200000, "currency": "INR", "sanctionedAmount": 200000, "netDisbursedAmount": 197000,
            "interestType": "FIXED", "interestRate": 12, "annualPercentageRate": 18.34, "totalRepayableAmount": 206039,
            "interestAmount": 6039, "coolingOffPeriod": { "duration": 3, "unit": "DAY" },
            "tenure": { "duration": 5, "unit": "MONTH" },
            "charges": {
                "processing": { "chargeType": "RATE_BASED", "data": { "rate": 1, "applicableParameter": "TOTAL_LOAN_AMOUNT" } },
                "other": { "chargeType": "FIXED_AMOUNT", "data": { "amount": 1000 } },
                "prepayment": { "chargeType": "RATE_BASED", "data": { "rate": 4, "applicableParameter": "OUTSTANDING_PAYABLE_AMOUNT" } },
                "latePayment": { "chargeType": "RATE_BASED", "data": { "rate": 24, "applicableParameter": "EMI" } },
                "bounce": { "chargeType": "FIXED_AMOUNT", "data": { "amount": 500 } } } },
        "disbursement": { "plans": [{ "id": "d", "automatic": true, "scheduleType": "ONE_TIME", "totalAmount": 197000 }] },
        "repayment": { "plans": [{ "id": "r", "automatic": true, "scheduleType": "RECURRING", "frequency": "MONTHLY",
            "noOfInstallment": 5, "totalAmount": 206039, "startDate": "01-04-2026" }] } }"#;
    serde_json::from_str(text).unwrap()
}
