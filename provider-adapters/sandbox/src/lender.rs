//! One sandbox lender: what it answers to each call of the protocol.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use domain::eligibility::approximate_days;
use domain::{Reason, RequestId, SettlementId};
use sdk::wire::{
    self, AcceptRequest, Acknowledgement, Loan, LoanState, OffersAnswer, OffersRequest, Problem, WireMoney,
};
use sdk::{Gate, HttpClient, RequestParts, Signer};
use serde::Serialize;

use crate::behavior::Behavior;
use crate::book::{Book, Entry};
use crate::callbacks;
use crate::config::LenderSpec;
use crate::lies::bend;
use crate::offers::{OfferRef, Question, offer};

/// Questions whose answers are remembered.
const REMEMBERED: usize = 10_000;

pub(crate) struct SandboxedLender {
    pub spec: LenderSpec,
    pub gate: Gate,
    pub signer: Signer,
    /// The wrong key, under the right name.
    pub impostor: Signer,
    pub book: Arc<Mutex<Book>>,
    pub http: HttpClient,
    pub answers: Mutex<Answers>,
    /// Settlements that were refused once.
    pub refused: Mutex<HashSet<SettlementId>>,
}

/// Answers given, oldest forgotten first.
#[derive(Default)]
pub(crate) struct Answers {
    given: HashMap<RequestId, (OffersRequest, OffersAnswer)>,
    order: VecDeque<RequestId>,
}

/// How an answer is signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sign {
    Right,
    Wrong,
    Not,
}

/// What goes back.
#[derive(Debug)]
pub(crate) enum Reply {
    Json {
        status: u16,
        body: Vec<u8>,
        sign: Sign,
    },
    /// Nothing, ever.
    Never,
}

impl Reply {
    pub(crate) fn json<T: Serialize>(status: u16, message: &T) -> Self {
        Self::Json {
            status,
            body: wire::write(message),
            sign: Sign::Right,
        }
    }

    pub(crate) fn problem(problem: &Problem) -> Self {
        Self::Json {
            status: problem.status,
            body: wire::write(problem),
            sign: Sign::Right,
        }
    }

    fn raw(status: u16, body: Vec<u8>) -> Self {
        Self::Json {
            status,
            body,
            sign: Sign::Right,
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl SandboxedLender {
    /// Answers a signed call; `call` is the path after the lender's own.
    pub(crate) async fn answer(&self, parts: RequestParts<'_>, call: &str, body: &[u8]) -> Reply {
        if let Err(error) = self.gate.admit(parts, body) {
            return Reply::problem(&Problem::from(&error));
        }
        let steps: Vec<&str> = call.trim_start_matches('/').split('/').collect();
        match (parts.method, steps.as_slice()) {
            ("POST", ["v1", "offers"]) => self.offers(body).await,
            ("POST", ["v1", "loans"]) => self.accept(body),
            ("GET", ["v1", "loans", id]) => id.parse().map_or_else(|_| bad_id(), |id| self.status(id)),
            ("POST", ["v1", "loans", id, "cancel"]) => id.parse().map_or_else(|_| bad_id(), |id| self.cancel(id)),
            _ => Reply::problem(&Problem::new(404, "no-such-path", "There is nothing here")),
        }
    }

    async fn offers(&self, body: &[u8]) -> Reply {
        let question: OffersRequest = match wire::parse(body) {
            Ok(question) => question,
            Err(error) => return Reply::problem(&Problem::malformed(&error)),
        };
        let amount = match question.amount.read("amount") {
            Ok(amount) if amount.minor > 0 => amount,
            Ok(_) => return Reply::problem(&Problem::new(400, "malformed", "The amount must be positive")),
            Err(error) => return Reply::problem(&Problem::malformed(&error)),
        };
        let behavior = self.spec.behavior.choose(amount.minor);
        let now = self.signer.clock.now();
        let asked = Question {
            request: question.request_id,
            amount,
            term: question.term,
            now,
        };
        let Some(answer) = self.remember(&question, || self.compose(&question, asked, behavior)) else {
            return Reply::problem(&Problem::id_reused());
        };
        self.deliver(answer, question.callback_url, behavior).await
    }

    /// The answer given before, or a new one; none when the id came with another question.
    fn remember(&self, question: &OffersRequest, make: impl FnOnce() -> OffersAnswer) -> Option<OffersAnswer> {
        let mut answers = lock(&self.answers);
        if let Some((before, answer)) = answers.given.get(&question.request_id) {
            return before.same_question(question).then(|| answer.clone());
        }
        let answer = make();
        if answers.order.len() >= REMEMBERED
            && let Some(oldest) = answers.order.pop_front()
        {
            answers.given.remove(&oldest);
        }
        answers.order.push_back(question.request_id);
        answers
            .given
            .insert(question.request_id, (question.clone(), answer.clone()));
        Some(answer)
    }

    fn compose(&self, asked: &OffersRequest, question: Question, behavior: Behavior) -> OffersAnswer {
        let outside = outside(&self.spec, asked);
        let made = match outside {
            _ if behavior == Behavior::Decline => Err(stern()),
            Some(reason) => Err(vec![reason]),
            None => offer(&self.spec, question),
        };
        let (offers, declined) = match made {
            Ok(offer) => (vec![bend(wire::Offer::from(&offer), behavior)], vec![]),
            Err(reasons) => (vec![], reasons),
        };
        OffersAnswer {
            request_id: question.request,
            complete: true,
            offers,
            declined,
        }
    }

    async fn deliver(&self, answer: OffersAnswer, callback_url: Option<String>, behavior: Behavior) -> Reply {
        let delay = Duration::from_millis(self.spec.delay_ms);
        let plain = Reply::json(200, &answer);
        match (behavior, plain) {
            (Behavior::Silent, _) => Reply::Never,
            (Behavior::Slow, plain) => {
                tokio::time::sleep(delay).await;
                plain
            }
            (Behavior::Callback | Behavior::CallbackUnfinished, plain) => {
                let Some(url) = callback_url else { return plain };
                let ack = Reply::json(
                    202,
                    &Acknowledgement {
                        request_id: answer.request_id,
                    },
                );
                let (http, signer) = (self.http.clone(), self.signer.clone());
                let finish = behavior == Behavior::Callback;
                tokio::spawn(async move {
                    tokio::time::sleep(delay).await;
                    callbacks::send(http, signer, url, answer, finish).await;
                });
                ack
            }
            (Behavior::ServerError, _) => Reply::problem(&Problem::new(500, "fault", "Forced by the sandbox")),
            (Behavior::RateLimited, _) => Reply::problem(&Problem::new(429, "too-many", "Forced by the sandbox")),
            (Behavior::Redirect, _) => Reply::raw(302, Vec::new()),
            (Behavior::NotJson, _) => Reply::raw(200, b"<html>".to_vec()),
            (Behavior::TooDeep, _) => Reply::raw(200, [b"[".repeat(1000), b"]".repeat(1000)].concat()),
            (Behavior::TooLarge, _) => Reply::raw(200, vec![b' '; wire::MAX_BYTES + 1]),
            (Behavior::OtherRequest, _) => Reply::json(
                200,
                &OffersAnswer {
                    request_id: uuid::Uuid::nil().into(),
                    ..answer
                },
            ),
            (Behavior::UnknownField, Reply::Json { mut body, .. }) => {
                body.truncate(body.len().saturating_sub(1));
                body.extend_from_slice(br#","surprise":1}"#);
                Reply::raw(200, body)
            }
            (Behavior::BadSignature, Reply::Json { status, body, .. }) => Reply::Json {
                status,
                body,
                sign: Sign::Wrong,
            },
            (Behavior::Unsigned, Reply::Json { status, body, .. }) => Reply::Json {
                status,
                body,
                sign: Sign::Not,
            },
            (_, plain) => plain,
        }
    }

    fn accept(&self, body: &[u8]) -> Reply {
        let order: AcceptRequest = match wire::parse(body) {
            Ok(order) => order,
            Err(error) => return Reply::problem(&Problem::malformed(&error)),
        };
        let Ok(principal) = order.principal.read("principal") else {
            return Reply::problem(&Problem::new(400, "malformed", "The principal cannot be read"));
        };
        let behavior = self.spec.behavior.choose(principal.minor);
        let id = order.settlement_id;
        if behavior == Behavior::AcceptUnavailableOnce && lock(&self.refused).insert(id) {
            return Reply::problem(&Problem::new(503, "unavailable", "Forced by the sandbox"));
        }
        let reply = match self.take(order, behavior) {
            Ok(loan) => Reply::json(200, &loan),
            Err(problem) => Reply::problem(&problem),
        };
        if behavior == Behavior::AcceptLost {
            Reply::Never
        } else {
            reply
        }
    }

    /// Takes an acceptance once; a repeated one gets the state of the first.
    fn take(&self, order: AcceptRequest, behavior: Behavior) -> Result<Loan, Problem> {
        let mut book = lock(&self.book);
        let id = order.settlement_id;
        if let Some(entry) = book.find(&self.spec.name, id) {
            return if entry.order == order {
                Ok(loan(id, entry))
            } else {
                Err(Problem::id_reused())
            };
        }
        let state = self.decide(&order, behavior)?;
        let loan_ref = format!("{}-loan-{}", self.spec.name, id.0.simple());
        self.write(&mut book, order, loan_ref, state)
    }

    /// What becomes of an acceptance that is new.
    fn decide(&self, order: &AcceptRequest, behavior: Behavior) -> Result<LoanState, Problem> {
        let unknown = || Problem::new(422, "unknown-offer", "This lender made no such offer");
        let offered = OfferRef::read(&order.provider_ref, &self.spec).ok_or_else(unknown)?;
        let same = order.request_id == offered.request
            && order.principal.minor == offered.principal.to_string()
            && order.net_disbursed.minor == offered.net.to_string()
            && order.principal.currency == self.spec.currency.code()
            && order.net_disbursed.currency == self.spec.currency.code();
        if !same {
            return Err(Problem::new(
                422,
                "other-terms",
                "The acceptance is not what was offered",
            ));
        }
        let reject = |code: &str, text: &str| LoanState::Rejected {
            reasons: vec![Reason::new(code, text)],
        };
        if self.signer.clock.now().timestamp() > offered.until {
            return Ok(reject("OFFER_EXPIRED", "The offer has expired."));
        }
        Ok(match behavior {
            Behavior::AcceptRejected => reject("UNABLE_TO_VERIFY_INCOME", "Unable to verify income."),
            Behavior::DisburseLater | Behavior::NeverDisburse => LoanState::Accepted {},
            Behavior::DisburseOther => {
                let other = WireMoney {
                    minor: (offered.net - 1).to_string(),
                    currency: self.spec.currency.code().into(),
                };
                self.pay(order.settlement_id, other)
            }
            _ => self.pay(order.settlement_id, order.net_disbursed.clone()),
        })
    }

    /// The payment, and its evidence, which is the same each time.
    fn pay(&self, id: SettlementId, amount: WireMoney) -> LoanState {
        let evidence = format!("{}-payment-{}", self.spec.name, id.0.simple());
        LoanState::Disbursed {
            amount,
            at: self.signer.clock.now(),
            evidence,
        }
    }

    fn write(
        &self,
        book: &mut Book,
        order: AcceptRequest,
        loan_ref: String,
        state: LoanState,
    ) -> Result<Loan, Problem> {
        let id = order.settlement_id;
        book.write(&self.spec.name, order, loan_ref, state).map_err(|error| {
            tracing::error!(%error, "the book cannot be written");
            Problem::new(500, "book", "The book cannot be written")
        })?;
        Ok(book
            .find(&self.spec.name, id)
            .map_or_else(|| unknown_loan(id), |entry| loan(id, entry)))
    }

    fn status(&self, id: SettlementId) -> Reply {
        let mut book = lock(&self.book);
        let Some(entry) = book.find(&self.spec.name, id).cloned() else {
            return Reply::json(200, &unknown_loan(id));
        };
        let principal = entry.order.principal.read("principal").map_or(0, |money| money.minor);
        let later = self.spec.behavior.choose(principal) == Behavior::DisburseLater;
        if !later || entry.state != (LoanState::Accepted {}) {
            return Reply::json(200, &loan(id, &entry));
        }
        let paid = self.pay(id, entry.order.net_disbursed.clone());
        reply(self.write(&mut book, entry.order, entry.loan_ref, paid))
    }

    fn cancel(&self, id: SettlementId) -> Reply {
        let mut book = lock(&self.book);
        match book.find(&self.spec.name, id).cloned() {
            None => Reply::json(200, &unknown_loan(id)),
            Some(entry) if entry.state == (LoanState::Accepted {}) => {
                reply(self.write(&mut book, entry.order, entry.loan_ref, LoanState::Cancelled {}))
            }
            Some(entry) => Reply::json(200, &loan(id, &entry)),
        }
    }
}

fn reply(result: Result<Loan, Problem>) -> Reply {
    match result {
        Ok(loan) => Reply::json(200, &loan),
        Err(problem) => Reply::problem(&problem),
    }
}

fn loan(id: SettlementId, entry: &Entry) -> Loan {
    Loan {
        settlement_id: id,
        loan_ref: Some(entry.loan_ref.clone()),
        status: entry.state.clone(),
    }
}

fn unknown_loan(id: SettlementId) -> Loan {
    Loan {
        settlement_id: id,
        loan_ref: None,
        status: LoanState::Unknown {},
    }
}

fn bad_id() -> Reply {
    Reply::problem(&Problem::new(400, "malformed", "A settlement id is a UUID"))
}

/// Why a question is outside what the lender declares, but for its amount: of a larger one it lends a part.
fn outside(spec: &LenderSpec, asked: &OffersRequest) -> Option<Reason> {
    let caps = spec.capabilities();
    let days = approximate_days(asked.term);
    if !caps
        .jurisdictions
        .iter()
        .any(|j| j.country == asked.jurisdiction.country)
    {
        Some(Reason::new(
            "JURISDICTION_NOT_SERVED",
            "This lender does not lend where you live.",
        ))
    } else if !(asked.products.is_empty() || asked.products.iter().any(|p| caps.products.contains(p))) {
        Some(Reason::new(
            "PRODUCT_NOT_OFFERED",
            "This lender does not offer that kind of credit.",
        ))
    } else if !(caps.min_term_days..=caps.max_term_days).contains(&days) {
        Some(Reason::new(
            "TERM_NOT_OFFERED",
            "This lender does not lend for this term.",
        ))
    } else {
        None
    }
}

fn stern() -> Vec<Reason> {
    vec![
        Reason::new(
            "INCOME_INSUFFICIENT",
            "Income insufficient for amount of credit requested.",
        ),
        Reason::new("LENGTH_OF_EMPLOYMENT", "Length of employment."),
    ]
}
