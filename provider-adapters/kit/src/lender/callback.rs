//! Answers that come later.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::RequestId;
use domain::ports::Answer;
use domain::request::CreditRequest;
use sdk::client::read_answer;
use sdk::signature::{SignatureError, SignatureHeaders};
use sdk::wire::{Acknowledgement, Callback};
use sdk::{Endpoint, Gate, RequestParts};
use tokio::sync::Notify;

use super::call::{created, no_echo};
use super::ctx::Ctx;
use super::{CallbackDesk, KitError, Options, Target, offer, shape};
use crate::door::{Counterparty, Door, Heard, OpenDoor, Said};

const PATH: &str = "/v1/callbacks/offers";
/// Callbacks that are looked at; a lender that sends more does not end.
const MOST: usize = 256;
/// How far clocks may differ, seconds.
const SKEW: i64 = sdk::signature::MAX_SKEW_SECONDS;
const ALL: [&str; 11] = [
    "callback.final-comes",
    "callback.signed",
    "callback.after-question",
    "callback.shape",
    "callback.request-id",
    "callback.sequence",
    "callback.same-number-same-body",
    "callback.end-is-last",
    "callback.redelivered",
    "callback.fresh-signature",
    "privacy.callbacks",
];

/// One delivery.
struct Delivery {
    body: Vec<u8>,
    admitted: Result<(), SignatureError>,
    /// When it says it was signed.
    created: Option<i64>,
}

/// Takes deliveries; the first of each question is answered 503.
struct Collector {
    gate: Gate,
    path: String,
    taken: Mutex<Vec<Delivery>>,
    came: Notify,
}

/// Where callbacks arrive.
pub(crate) struct Desk {
    url: String,
    collector: Arc<Collector>,
    _door: OpenDoor,
}

impl Desk {
    pub(crate) async fn open(desk: &CallbackDesk, target: &Target, options: &Options) -> Result<Self, KitError> {
        let door = Door::bind(desk.listen).await.map_err(KitError::Listen)?;
        let url = desk.public_url.clone().unwrap_or_else(|| door.url());
        let endpoint = Endpoint::parse(&url, options.network).map_err(KitError::CallbackUrl)?;
        let collector = Arc::new(Collector {
            gate: Gate::new(endpoint.authority(), target.keys.clone(), Arc::clone(&options.clock)),
            path: endpoint.path(PATH),
            taken: Mutex::default(),
            came: Notify::new(),
        });
        let behind: Arc<dyn Counterparty> = Arc::clone(&collector) as _;
        Ok(Self {
            url: endpoint.as_str().to_owned(),
            collector,
            _door: door.open(behind),
        })
    }
}

#[async_trait]
impl Counterparty for Collector {
    async fn answer(&self, heard: &Heard) -> Option<Said> {
        let parts = RequestParts {
            method: &heard.method,
            path: &heard.path,
            headers: &heard.headers,
        };
        let right_door = heard.method == "POST" && heard.path == self.path;
        let admitted = self.gate.admit(parts, &heard.body).map(|_| ());
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let first = taken.is_empty();
        if right_door && taken.len() < MOST {
            let read = SignatureHeaders::read(|name| heard.headers.get(name).and_then(|v| v.to_str().ok()));
            taken.push(Delivery {
                body: heard.body.clone(),
                admitted,
                created: read.ok().and_then(|headers| created(&headers.signature_input)),
            });
        }
        drop(taken);
        self.came.notify_one();
        let status = match (right_door, first) {
            (false, _) => 404,
            (true, true) => 503,
            (true, false) => 204,
        };
        Some(Said {
            status,
            ..Said::default()
        })
    }
}

pub(crate) async fn run(ctx: &mut Ctx<'_>) {
    let Some(desk) = ctx.desk.take() else {
        return skip(ctx, "there is no address for callbacks (--callback-url)");
    };
    // A question without an address, for the rule about it.
    let _judged = ctx.ask(ctx.request()).await;
    let request = ctx.request();
    let body = ctx.question(&request, Some(desk.url.clone()));
    let asked = ctx.options.clock.now().timestamp();
    let answer = match ctx.post(&body).await {
        Ok(answer) => answer,
        Err(reason) => return skip(ctx, &reason),
    };
    match answer.status {
        202 => {}
        200 => return skip(ctx, "the lender answers directly"),
        _ => return skip(ctx, &answer.says()),
    }
    let acknowledged = shape::json(&answer.body).and_then(|json| shape::typed::<Acknowledgement>(&json));
    if let Err((_, seen)) = &acknowledged {
        ctx.verdicts
            .fail("callback.shape", format!("the acknowledgement's {seen}"));
    }
    if acknowledged.is_ok_and(|ack| ack.request_id != request.id) {
        ctx.verdicts
            .fail("callback.request-id", "the acknowledgement names another question");
    }
    wait(&desk.collector, ctx.options.patience).await;
    let taken = std::mem::take(&mut *desk.collector.taken.lock().unwrap_or_else(PoisonError::into_inner));
    ctx.desk = Some(desk);
    judge(ctx, (&request, asked), &taken);
}

fn skip(ctx: &mut Ctx<'_>, reason: &str) {
    for id in ALL {
        ctx.verdicts.skip(id, reason);
    }
}

/// Waits until everything up to the final callback was delivered and taken, and a little more for what must not follow.
async fn wait(collector: &Collector, patience: Duration) {
    let deadline = Instant::now() + patience;
    let mut until = deadline;
    loop {
        let done = {
            let taken = collector.taken.lock().unwrap_or_else(PoisonError::into_inner);
            complete(&taken) || taken.len() >= MOST
        };
        if done && until == deadline {
            until = deadline.min(Instant::now() + (patience / 10).min(Duration::from_millis(500)));
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || tokio::time::timeout(left, collector.came.notified()).await.is_err() {
            return;
        }
    }
}

fn complete(taken: &[Delivery]) -> bool {
    // The first delivery was not taken: it has to come again.
    let read = taken
        .iter()
        .skip(1)
        .filter_map(|d| sdk::wire::parse::<Callback>(&d.body).ok());
    let parts: BTreeMap<u32, bool> = read.map(|callback| (callback.sequence, callback.is_final)).collect();
    let last = parts.iter().find(|(_, is_final)| **is_final).map(|(number, _)| *number);
    last.is_some_and(|last| parts.keys().copied().eq(0..=last))
}

fn judge(ctx: &mut Ctx<'_>, (request, asked): (&CreditRequest, i64), taken: &[Delivery]) {
    if taken.is_empty() {
        skip(ctx, "no callback came");
        ctx.verdicts.fail("callback.final-comes", "no callback came");
        return;
    }
    signatures(ctx, taken, asked);
    let echo = taken.iter().try_for_each(|delivery| no_echo(&delivery.body));
    ctx.verdicts.verdict("privacy.callbacks", echo);
    let mut parts = Vec::new();
    for delivery in taken {
        match shape::json(&delivery.body).and_then(|json| shape::typed::<Callback>(&json)) {
            Ok(callback) => parts.push(callback),
            Err((_, seen)) => {
                ctx.verdicts.fail("callback.shape", seen);
                return skip(ctx, "a callback was not readable");
            }
        }
    }
    numbers(ctx, request.id, &parts, taken);
    offers(ctx, request, parts);
}

fn signatures(ctx: &mut Ctx<'_>, taken: &[Delivery], asked: i64) {
    let mut signed = Ok(());
    let mut fresh = Ok(());
    for delivery in taken {
        match &delivery.admitted {
            Err(SignatureError::Replay) => fresh = Err("a nonce came twice".to_owned()),
            Err(error) => signed = Err(error.to_string()),
            Ok(()) => {}
        }
    }
    let usable = signed.is_ok();
    let earliest = taken.iter().filter_map(|delivery| delivery.created).min();
    match earliest.filter(|_| usable) {
        Some(at) if at < asked - SKEW => ctx.verdicts.fail(
            "callback.after-question",
            format!("signed {} s before the question", asked - at),
        ),
        Some(_) => ctx.verdicts.pass("callback.after-question"),
        None => ctx
            .verdicts
            .skip("callback.after-question", "no callback was rightly signed"),
    }
    ctx.verdicts.verdict("callback.signed", signed);
    if usable && (taken.len() > 1 || fresh.is_err()) {
        ctx.verdicts.verdict("callback.fresh-signature", fresh);
    } else {
        ctx.verdicts
            .skip("callback.fresh-signature", "no signed delivery was repeated");
    }
}

fn numbers(ctx: &mut Ctx<'_>, asked: RequestId, parts: &[Callback], taken: &[Delivery]) {
    let mine = parts.iter().all(|part| part.request_id == asked);
    let verdict = if mine {
        Ok(())
    } else {
        Err("request_id is not the question's".to_owned())
    };
    ctx.verdicts.verdict("callback.request-id", verdict);
    let mut by_number: BTreeMap<u32, &Callback> = BTreeMap::new();
    let mut same = Ok(());
    for part in parts {
        if by_number.insert(part.sequence, part).is_some_and(|known| known != part) {
            same = Err(format!("two bodies under number {}", part.sequence));
        }
    }
    ctx.verdicts.verdict("callback.same-number-same-body", same);
    let highest = by_number.keys().next_back().copied().unwrap_or_default();
    let whole = by_number.keys().copied().eq(0..=highest);
    let seen = format!("the numbers are {:?}", by_number.keys().collect::<Vec<_>>());
    ctx.verdicts
        .verdict("callback.sequence", if whole { Ok(()) } else { Err(seen) });
    let ends: Vec<u32> = by_number
        .values()
        .filter(|part| part.is_final)
        .map(|part| part.sequence)
        .collect();
    let came = if ends.is_empty() {
        Err("no callback said final: true".to_owned())
    } else {
        Ok(())
    };
    ctx.verdicts.verdict("callback.final-comes", came);
    if !ends.is_empty() {
        let last = ends == [highest];
        let seen = format!("final: true in {ends:?}, the highest number is {highest}");
        ctx.verdicts
            .verdict("callback.end-is-last", if last { Ok(()) } else { Err(seen) });
    }
    let first = taken.first().map(|delivery| &delivery.body);
    let number = parts.first().map(|part| part.sequence);
    let again = taken.iter().skip(1).any(|delivery| Some(&delivery.body) == first)
        || parts.iter().skip(1).any(|part| Some(part.sequence) == number);
    let verdict = if again {
        Ok(())
    } else {
        Err("answered 503, it did not come again".to_owned())
    };
    ctx.verdicts.verdict("callback.redelivered", verdict);
}

fn offers(ctx: &mut Ctx<'_>, request: &CreditRequest, parts: Vec<Callback>) {
    let by_number: BTreeMap<u32, Callback> = parts.into_iter().map(|part| (part.sequence, part)).collect();
    let (mut made, mut declined) = (Vec::new(), Vec::new());
    for part in by_number.into_values() {
        made.extend(part.offers);
        declined.extend(part.declined);
    }
    match read_answer(&made, &declined) {
        Ok(Answer::Offers(offers)) => {
            ctx.verdicts.pass("callback.shape");
            let now = ctx.options.clock.now();
            offer::judge(&offers, request, now, &mut ctx.verdicts);
        }
        Ok(Answer::Declined(_)) => ctx.verdicts.pass("callback.shape"),
        Err(error) => ctx.verdicts.fail("callback.shape", error.to_string()),
    }
}
