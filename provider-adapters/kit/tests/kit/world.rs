//! An honest lender behind a door, bent in one way; and the kit that looks at it.

use std::collections::HashMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use domain::Currency;
use domain::offer::Inquiry;
use domain::request::{Jurisdiction, Product};
use sdk::signature::{RequestLine, SignatureError, SignatureHeaders, sign_request};
use sdk::wire::{Acknowledgement, Callback, OffersAnswer};
use sdk::{AmountRange, Capabilities, Clock, Endpoint, Gate, Ids, NetworkPolicy, PrivateKey, RequestParts, Signer};
use serde_json::Value;
use usance_kit::counterparty::{HonestLender, Manner, deliver, signed};
use usance_kit::door::{Counterparty, Door, Heard, OpenDoor, Said};
use usance_kit::lender::{Options, PlatformKey, Target};
use usance_kit::{Area, Report};
use uuid::Uuid;

pub const PLATFORM: &str = "usance-dev";

#[derive(Default)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    pub fn advance(&self, by: Duration) {
        self.0
            .fetch_add(i64::try_from(by.as_secs()).unwrap(), Ordering::Relaxed);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        let noon: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        noon + TimeDelta::seconds(self.0.load(Ordering::Relaxed))
    }
}

/// Another clock, and a constant.
struct Shifted(Arc<dyn Clock>, i64);

impl Clock for Shifted {
    fn now(&self) -> DateTime<Utc> {
        self.0.now() + TimeDelta::seconds(self.1)
    }
}

pub struct Counter;

impl Ids for Counter {
    fn next(&self) -> Uuid {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Uuid::from_u64_pair(0x0190_0000_0000_7000, NEXT.fetch_add(1, Ordering::Relaxed) | (1 << 63))
    }
}

pub fn signer(name: &str, clock: &Arc<ManualClock>) -> Signer {
    Signer {
        key: PrivateKey::development(name).unwrap(),
        clock: Arc::clone(clock) as _,
        ids: Arc::new(Counter),
    }
}

/// Status and body, or the honest answer.
type Reply = Option<(u16, Vec<u8>)>;

/// One way to misbehave.
#[derive(Clone, Copy)]
pub enum Flaw {
    /// None.
    Honest,
    /// Overlooks that fault of a signature.
    Forgives(fn(&Heard, &SignatureError) -> bool),
    /// Reads another question than the one that came.
    Misreads(fn(&Heard, &mut Value)),
    /// Answers something else; the number counts calls of that method, path and request or settlement.
    Says(fn(&Heard, usize, &mut u16, &mut Value)),
    /// Sends something else than it signed.
    Sends(fn(&Heard, &mut Said)),
    /// Answers this instead of working.
    Instead(fn(&Heard) -> Reply),
    /// Never answers such a call.
    Hangs(fn(&Heard) -> bool),
    /// Calls back these bodies, each until it is taken.
    CallsBack(fn(Vec<Callback>) -> Vec<Vec<u8>>),
    /// Calls back each part once.
    GivesUp,
    /// Signs callbacks with another key.
    CallsBackAs(&'static str),
    /// Signs callbacks with a clock that is that many seconds off.
    CallsBackAt(i64),
    /// Repeats a callback with the signature of the first time.
    RepeatsNonce,
    /// Signs answers with another key under its own name.
    SignsAs(&'static str, &'static str),
    /// Its clock for signatures is off.
    ClockOff(i64),
}

impl Flaw {
    /// The kit waits for what does not come.
    pub fn keeps_waiting(self) -> bool {
        matches!(
            self,
            Self::Hangs(_)
                | Self::CallsBack(_)
                | Self::GivesUp
                | Self::CallsBackAs(_)
                | Self::CallsBackAt(_)
                | Self::RepeatsNonce
        )
    }
}

struct Bent {
    honest: HonestLender,
    gate: Gate,
    authority: String,
    platform: Signer,
    signer: Signer,
    flaw: Flaw,
    calls: Mutex<HashMap<String, usize>>,
}

fn json(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

impl Bent {
    /// The call as the honest lender shall see it.
    fn heard(&self, heard: &Heard) -> Heard {
        let mut seen = heard.clone();
        if heard.body.len() > sdk::wire::MAX_BYTES {
            return seen;
        }
        let parts = RequestParts {
            method: &heard.method,
            path: &heard.path,
            headers: &heard.headers,
        };
        match self.flaw {
            Flaw::Forgives(forgives) => match self.gate.admit(parts, &heard.body) {
                Err(error) if forgives(heard, &error) => {}
                _ => return seen,
            },
            Flaw::Misreads(misread) => {
                // Only a message that is rightly signed.
                if self.gate.admit(parts, &heard.body).is_err() {
                    return seen;
                }
                let mut body = json(&heard.body);
                misread(heard, &mut body);
                if body != json(&heard.body) {
                    seen.body = body.to_string().into_bytes();
                }
            }
            Flaw::CallsBack(_) | Flaw::GivesUp | Flaw::CallsBackAs(_) | Flaw::CallsBackAt(_) | Flaw::RepeatsNonce => {
                let mut body = json(&heard.body);
                if body.as_object_mut().is_none_or(|b| b.remove("callback_url").is_none()) {
                    return seen;
                }
                seen.body = body.to_string().into_bytes();
            }
            _ => return seen,
        }
        let line = RequestLine {
            method: &seen.method,
            authority: &self.authority,
            path: &seen.path,
        };
        let headers = sign_request(&self.platform, line, &seen.body);
        for (name, value) in headers.pairs() {
            seen.headers.insert(name, value.parse().unwrap());
        }
        seen
    }

    fn count(&self, heard: &Heard) -> usize {
        let body = json(&heard.body);
        let id = body.get("settlement_id").or_else(|| body.get("request_id")).cloned();
        let key = format!("{} {} {id:?}", heard.method, heard.path);
        let mut calls = self.calls.lock().unwrap();
        let count = calls.entry(key).or_default();
        *count += 1;
        *count
    }

    fn call_back(&self, heard: &Heard, said: &mut Said) {
        let url = json(&heard.body)["callback_url"].as_str().map(str::to_owned);
        let (Some(url), 200) = (url, said.status) else { return };
        let answer: OffersAnswer = sdk::wire::parse(&said.body).unwrap();
        let request_id = answer.request_id;
        let (signer, flaw) = (self.signer.clone(), self.flaw);
        tokio::spawn(async move { deliveries(&signer, flaw, &url, answer).await });
        (said.status, said.body) = (202, sdk::wire::write(&Acknowledgement { request_id }));
    }
}

async fn deliveries(signer: &Signer, flaw: Flaw, url: &str, answer: OffersAnswer) {
    let first = Callback {
        request_id: answer.request_id,
        sequence: 0,
        is_final: false,
        offers: answer.offers,
        declined: answer.declined,
    };
    let end = Callback {
        sequence: 1,
        is_final: true,
        offers: vec![],
        declined: vec![],
        ..first.clone()
    };
    let parts = vec![first, end];
    let bodies = match flaw {
        Flaw::CallsBack(bend) => bend(parts),
        _ => parts.iter().map(sdk::wire::write).collect(),
    };
    let other = match flaw {
        Flaw::CallsBackAs(key) => Signer {
            key: PrivateKey::development(key).unwrap(),
            ..signer.clone()
        },
        Flaw::CallsBackAt(by) => Signer {
            clock: Arc::new(Shifted(Arc::clone(&signer.clock), by)),
            ..signer.clone()
        },
        _ => signer.clone(),
    };
    for body in bodies {
        if matches!(flaw, Flaw::RepeatsNonce) {
            replay(signer, url, &body).await;
            continue;
        }
        for _ in 0..3 {
            let status = deliver(&other, url, &body).await;
            if matches!(flaw, Flaw::GivesUp) || status.is_some_and(|status| status < 500) {
                break;
            }
        }
    }
}

/// Delivers twice with one signature.
async fn replay(signer: &Signer, url: &str, body: &[u8]) {
    let endpoint = Endpoint::parse(url, NetworkPolicy::AllowLoopback).unwrap();
    let path = endpoint.path("/v1/callbacks/offers");
    let line = RequestLine {
        method: "POST",
        authority: endpoint.authority(),
        path: &path,
    };
    let headers = sign_request(signer, line, body);
    let http = sdk::HttpClient::new(NetworkPolicy::AllowLoopback).unwrap();
    for _ in 0..2 {
        let outgoing = sdk::net::Outgoing {
            endpoint: &endpoint,
            post: true,
            path: "/v1/callbacks/offers",
            body,
            headers: &headers,
            timeout: Duration::from_secs(5),
        };
        let _taken_or_not = http.send(outgoing).await;
    }
}

#[async_trait]
impl Counterparty for Bent {
    async fn answer(&self, heard: &Heard) -> Option<Said> {
        if matches!(self.flaw, Flaw::Hangs(hangs) if hangs(heard)) {
            return None;
        }
        let mut said = match self.flaw {
            Flaw::Instead(instead) => match instead(heard) {
                Some((status, body)) => Said {
                    status,
                    headers: vec![],
                    body,
                },
                None => self.honest.answer(heard).await?,
            },
            _ => self.honest.answer(&self.heard(heard)).await?,
        };
        if let Flaw::Says(bend) = self.flaw {
            let mut body = json(&said.body);
            let before = body.clone();
            bend(heard, self.count(heard), &mut said.status, &mut body);
            if body != before {
                said.body = body.to_string().into_bytes();
            }
        }
        if matches!(
            self.flaw,
            Flaw::CallsBack(_) | Flaw::GivesUp | Flaw::CallsBackAs(_) | Flaw::CallsBackAt(_) | Flaw::RepeatsNonce
        ) {
            self.call_back(heard, &mut said);
        }
        let signature = heard
            .headers
            .get("signature")
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        let mut said = signed(&self.signer, said.status, signature, said.body);
        if let Flaw::Sends(bend) = self.flaw {
            bend(heard, &mut said);
        }
        Some(said)
    }
}

pub fn capabilities() -> Capabilities {
    Capabilities {
        products: vec![Product::Installment],
        jurisdictions: vec![Jurisdiction {
            country: "US".into(),
            region: None,
        }],
        amounts: vec![AmountRange {
            currency: Currency::usd(),
            min: 50_000,
            max: 5_000_000,
        }],
        min_term_days: 80,
        max_term_days: 1_900,
        collateral: Vec::new(),
        inquiry: Inquiry::Soft,
    }
}

pub struct World {
    pub target: Target,
    pub options: Options,
    _door: OpenDoor,
}

impl World {
    /// A lender with that flaw, and the kit's options for it.
    pub async fn start(flaw: Flaw, manner: Manner) -> Self {
        let clock = Arc::new(ManualClock::default());
        let door = Door::local().await.unwrap();
        let platform = PrivateKey::development(PLATFORM).unwrap().public();
        let lender = signer("kit-lender", &clock);
        let (authority, url) = (door.authority(), door.url());
        let keys = vec![lender.key.public()];
        let caps = capabilities();
        let honest = HonestLender::new(&authority, platform.clone(), lender.clone(), caps.clone(), manner);
        let gate = Gate::new(&authority, vec![platform], Arc::clone(&clock) as _);
        let signer = match flaw {
            Flaw::SignsAs(name, of) => {
                let key = PrivateKey::from_seed(name, PrivateKey::development_seed(of)).unwrap();
                Signer { key, ..lender }
            }
            Flaw::ClockOff(by) => Signer {
                clock: Arc::new(Shifted(Arc::clone(&clock) as _, by)),
                ..lender
            },
            _ => lender,
        };
        let platform = self::signer(PLATFORM, &clock);
        let bent = Bent {
            honest,
            gate,
            authority,
            platform,
            signer,
            flaw,
            calls: Mutex::default(),
        };
        let endpoint = Endpoint::parse(&url, NetworkPolicy::AllowLoopback).unwrap();
        Self {
            target: Target {
                endpoint,
                keys,
                capabilities: caps,
            },
            options: options(&clock),
            _door: door.open(Arc::new(bent)),
        }
    }

    pub async fn check(&self, only: Option<Area>) -> Report {
        let options = Options {
            only,
            ..self.options.clone()
        };
        usance_kit::lender::check(&self.target, &options, &|_| {})
            .await
            .unwrap()
    }
}

pub fn options(clock: &Arc<ManualClock>) -> Options {
    let key = PlatformKey {
        id: PLATFORM.into(),
        seed: PrivateKey::development_seed(PLATFORM),
    };
    let travel = Arc::clone(clock);
    Options {
        patience: Duration::from_secs(30),
        payout_wait: Some(Duration::from_secs(2)),
        large_body: 2 << 20,
        time_travel: Some(Arc::new(move |by| travel.advance(by))),
        ..Options::new(
            key,
            NetworkPolicy::AllowLoopback,
            Arc::clone(clock) as _,
            Arc::new(Counter),
        )
    }
}

/// The headers of a message, read.
pub fn headers(heard: &Heard) -> Option<SignatureHeaders> {
    SignatureHeaders::read(|name| heard.headers.get(name).and_then(|v| v.to_str().ok())).ok()
}
