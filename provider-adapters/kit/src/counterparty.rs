//! An honest lender that speaks provider protocol v1: what protocol adapters are checked against, and what the kit's own tests
//! bend. It lends without interest and keeps everything in memory.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use chrono::TimeDelta;
use domain::calendar::{DayCount, Period, Unit};
use domain::eligibility::approximate_days;
use domain::offer::{
    Amounts, AprConvention, Binding, Declared, Fee, FeeTiming, LateTerms, Offer, Payee, RateKind, RateTerms, Repayment,
    RepaymentMethod, ScheduledPayment,
};
use domain::request::Product;
use domain::{Money, Rate, Reason, RequestId, SettlementId};
use sdk::signature::{RequestLine, sign_answer, sign_request};
use sdk::wire::{
    self, AcceptRequest, Acknowledgement, Callback, Loan, LoanState, OffersAnswer, OffersRequest, Problem,
};
use sdk::{Capabilities, Endpoint, Gate, HttpClient, NetworkPolicy, PublicKey, RequestParts, Signer};

use crate::door::{Counterparty, Heard, Said};

/// How the lender goes about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// Pays out when asked for the status, not at the acceptance.
    pub pays_later: bool,
    /// Acknowledges and calls back, when it is given an address.
    pub calls_back: bool,
}

/// The lender.
pub struct HonestLender {
    gate: Gate,
    signer: Signer,
    capabilities: Capabilities,
    manner: Manner,
    books: Mutex<Books>,
}

impl std::fmt::Debug for HonestLender {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HonestLender({:?})", self.signer)
    }
}

#[derive(Default)]
struct Books {
    answers: HashMap<RequestId, (OffersRequest, OffersAnswer)>,
    loans: HashMap<SettlementId, (AcceptRequest, Loan)>,
}

impl HonestLender {
    /// `authority` is its own host as the platform knows it, `platform` the platform's key.
    pub fn new(
        authority: &str,
        platform: PublicKey,
        signer: Signer,
        capabilities: Capabilities,
        manner: Manner,
    ) -> Self {
        Self {
            gate: Gate::new(authority, vec![platform], Arc::clone(&signer.clock)),
            signer,
            capabilities,
            manner,
            books: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn act(&self, heard: &Heard) -> Result<(u16, Vec<u8>), Problem> {
        let parts = RequestParts {
            method: &heard.method,
            path: &heard.path,
            headers: &heard.headers,
        };
        if heard.body.len() > wire::MAX_BYTES {
            return Err(Problem::new(413, "too-large", "The message is too large"));
        }
        self.gate
            .admit(parts, &heard.body)
            .map_err(|error| Problem::from(&error))?;
        let steps: Vec<&str> = heard.path.trim_start_matches('/').split('/').collect();
        let id = |text: &str| {
            text.parse::<SettlementId>()
                .map_err(|_| Problem::new(400, "malformed", "A settlement id is a UUID"))
        };
        match (heard.method.as_str(), steps.as_slice()) {
            ("POST", ["v1", "offers"]) => self.offers(&heard.body),
            ("POST", ["v1", "loans"]) => self.accept(&heard.body).map(|loan| ok(&loan)),
            ("GET", ["v1", "loans", text]) => Ok(ok(&self.status(id(text)?))),
            ("POST", ["v1", "loans", text, "cancel"]) => Ok(ok(&self.cancel(id(text)?))),
            _ => Err(Problem::new(404, "no-such-path", "There is nothing here")),
        }
    }

    fn offers(&self, body: &[u8]) -> Result<(u16, Vec<u8>), Problem> {
        let question: OffersRequest = wire::parse(body).map_err(|error| Problem::malformed(&error))?;
        let amount = question
            .amount
            .read("amount")
            .map_err(|error| Problem::malformed(&error))?;
        if amount.minor <= 0 {
            return Err(Problem::new(400, "malformed", "The amount must be positive"));
        }
        let answer = {
            let mut books = self.lock();
            let known = books.answers.get(&question.request_id);
            match known {
                Some((before, _)) if !before.same_question(&question) => return Err(Problem::id_reused()),
                Some((_, answer)) => answer.clone(),
                None => {
                    let answer = self.answer_to(&question, amount);
                    books
                        .answers
                        .insert(question.request_id, (question.clone(), answer.clone()));
                    answer
                }
            }
        };
        match question.callback_url.filter(|_| self.manner.calls_back) {
            None => Ok((200, wire::write(&answer))),
            Some(url) => {
                let request_id = answer.request_id;
                tokio::spawn(call_back(self.signer.clone(), url, parts(answer)));
                Ok((202, wire::write(&Acknowledgement { request_id })))
            }
        }
    }

    fn answer_to(&self, question: &OffersRequest, amount: Money) -> OffersAnswer {
        let (offers, declined) = match self.offer(question, amount) {
            Ok(offer) => (vec![wire::Offer::from(&offer)], vec![]),
            Err(reason) => (vec![], vec![reason]),
        };
        OffersAnswer {
            request_id: question.request_id,
            complete: true,
            offers,
            declined,
        }
    }

    fn outside(&self, question: &OffersRequest, amount: Money) -> Option<Reason> {
        let caps = &self.capabilities;
        let days = approximate_days(question.term);
        let place = &question.jurisdiction;
        let served = caps
            .jurisdictions
            .iter()
            .any(|j| j.country == place.country && (j.region.is_none() || j.region == place.region));
        let wanted = question.products.is_empty() || question.products.iter().any(|p| caps.products.contains(p));
        let no = |code: &str| Some(Reason::new(code, "This lender does not do that."));
        let Some(range) = caps.amounts_in(amount.currency) else {
            return no("CURRENCY_NOT_OFFERED");
        };
        if !(range.min..=range.max).contains(&amount.minor) {
            no("AMOUNT_NOT_OFFERED")
        } else if !(caps.min_term_days..=caps.max_term_days).contains(&days) {
            no("TERM_NOT_OFFERED")
        } else if !served {
            no("JURISDICTION_NOT_SERVED")
        } else if !wanted {
            no("PRODUCT_NOT_OFFERED")
        } else {
            None
        }
    }

    /// Two payments without interest, and a fee of one hundredth that is withheld.
    fn offer(&self, question: &OffersRequest, amount: Money) -> Result<Offer, Reason> {
        if let Some(reason) = self.outside(question, amount) {
            return Err(reason);
        }
        let now = self.signer.clock.now();
        let money = |minor| Money::new(minor, amount.currency);
        let (fee, half) = (amount.minor / 100, amount.minor / 2);
        let every = Period::new(1, Unit::Month);
        let payment = |number, minor| {
            let due = every.after(now.date_naive(), number);
            let due = due.map_err(|_| Reason::new("TERM_NOT_OFFERED", "The calendar ends."))?;
            Ok(ScheduledPayment {
                due,
                principal: money(minor),
                interest: money(0),
                fees: money(0),
                total: money(minor),
            })
        };
        let mut offer = Offer {
            provider_ref: format!("offer-{}-{}", question.request_id, amount.minor),
            product: self
                .capabilities
                .products
                .first()
                .copied()
                .unwrap_or(Product::Installment),
            issued_at: now,
            valid_until: now + TimeDelta::minutes(30),
            binding: Binding::Firm,
            inquiry: self.capabilities.inquiry,
            amounts: Amounts {
                requested: amount,
                offered: amount,
                net_disbursed: money(amount.minor - fee),
                limit: None,
            },
            rate: rate(),
            fees: vec![withheld(money(fee))],
            repayment: Repayment {
                schedule: vec![payment(1, half)?, payment(2, amount.minor - half)?],
                method: RepaymentMethod::EqualPrincipal,
                every,
                prepayment_charge: Rate::ZERO,
                late: LateTerms {
                    grace_days: 10,
                    fee: money(0),
                    penal_rate: Rate::ZERO,
                },
                cooling_off_days: 3,
            },
            collateral: None,
            onchain: None,
            declared: Declared {
                apr: Rate::ZERO,
                convention: AprConvention::UsNominal,
                total_cost: Some(money(fee)),
                payment: Some(money(half)),
            },
        };
        offer.declared.apr = apr(&offer).ok_or_else(|| Reason::new("NO_RATE", "The payments have no rate."))?;
        Ok(offer)
    }

    fn accept(&self, body: &[u8]) -> Result<Loan, Problem> {
        let order: AcceptRequest = wire::parse(body).map_err(|error| Problem::malformed(&error))?;
        let mut books = self.lock();
        if let Some((before, loan)) = books.loans.get(&order.settlement_id) {
            return if *before == order {
                Ok(loan.clone())
            } else {
                Err(Problem::id_reused())
            };
        }
        let refused = |code: &str| Err(Problem::new(422, code, "This is not what was offered"));
        let known = books.answers.get(&order.request_id);
        let made = known.and_then(|(_, answer)| answer.offers.iter().find(|o| o.provider_ref == order.provider_ref));
        let Some(made) = made else {
            return refused("unknown-offer");
        };
        if made.amounts.offered != order.principal || made.amounts.net_disbursed != order.net_disbursed {
            return refused("other-terms");
        }
        if self.signer.clock.now() > made.valid_until {
            return refused("expired");
        }
        let status = if self.manner.pays_later {
            LoanState::Accepted {}
        } else {
            self.paid(&order)
        };
        let loan = Loan {
            settlement_id: order.settlement_id,
            loan_ref: Some(format!("loan-{}", order.settlement_id)),
            status,
        };
        books.loans.insert(order.settlement_id, (order, loan.clone()));
        Ok(loan)
    }

    fn paid(&self, order: &AcceptRequest) -> LoanState {
        LoanState::Disbursed {
            amount: order.net_disbursed.clone(),
            at: self.signer.clock.now(),
            evidence: format!("payment-{}", order.settlement_id),
        }
    }

    fn status(&self, id: SettlementId) -> Loan {
        let mut books = self.lock();
        let Some((order, loan)) = books.loans.get_mut(&id) else {
            return unknown(id);
        };
        if loan.status == (LoanState::Accepted {}) {
            loan.status = self.paid(order);
        }
        loan.clone()
    }

    fn cancel(&self, id: SettlementId) -> Loan {
        let mut books = self.lock();
        let Some((_, loan)) = books.loans.get_mut(&id) else {
            return unknown(id);
        };
        if loan.status == (LoanState::Accepted {}) {
            loan.status = LoanState::Cancelled {};
        }
        loan.clone()
    }
}

fn ok(loan: &Loan) -> (u16, Vec<u8>) {
    (200, wire::write(loan))
}

fn unknown(id: SettlementId) -> Loan {
    Loan {
        settlement_id: id,
        loan_ref: None,
        status: LoanState::Unknown {},
    }
}

fn rate() -> RateTerms {
    RateTerms {
        kind: RateKind::Zero,
        nominal: Rate::ZERO,
        day_count: DayCount::Thirty360,
        compounding: None,
        index: None,
        spread: None,
        cap: None,
        floor: None,
        curve: None,
    }
}

fn withheld(amount: Money) -> Fee {
    Fee {
        code: "origination".into(),
        payee: Payee::Provider,
        amount,
        timing: FeeTiming::UpfrontDeducted,
        mandatory: true,
        in_finance_charge: true,
    }
}

fn apr(offer: &Offer) -> Option<Rate> {
    let minor = |money: Money| i128::from(money.minor);
    let payments = offer
        .repayment
        .schedule
        .iter()
        .map(|p| (p.due, minor(p.total)))
        .collect();
    let flows = domain::cashflow::DatedFlows {
        advances: vec![(offer.issued_at.date_naive(), minor(offer.amounts.net_disbursed))],
        payments,
    };
    let apr = domain::cashflow::verified(&flows, domain::cashflow::Convention::UsNominal).ok()?;
    Some(apr.rate)
}

/// The offers, then the end.
fn parts(answer: OffersAnswer) -> Vec<Callback> {
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
    vec![first, end]
}

/// Delivers each part until it is taken, three times at most.
async fn call_back(signer: Signer, url: String, parts: Vec<Callback>) {
    for part in parts {
        let body = wire::write(&part);
        for _ in 0..3 {
            if deliver(&signer, &url, &body).await.is_some_and(|status| status < 500) {
                break;
            }
        }
    }
}

/// Signs and delivers a callback once; the status that came back.
pub async fn deliver(signer: &Signer, url: &str, body: &[u8]) -> Option<u16> {
    const PATH: &str = "/v1/callbacks/offers";
    let endpoint = Endpoint::parse(url, NetworkPolicy::AllowLoopback).ok()?;
    let path = endpoint.path(PATH);
    let line = RequestLine {
        method: "POST",
        authority: endpoint.authority(),
        path: &path,
    };
    let headers = sign_request(signer, line, body);
    let outgoing = sdk::net::Outgoing {
        endpoint: &endpoint,
        post: true,
        path: PATH,
        body,
        headers: &headers,
        timeout: std::time::Duration::from_secs(5),
    };
    let http = HttpClient::new(NetworkPolicy::AllowLoopback).ok()?;
    http.send(outgoing).await.ok().map(|answer| answer.status)
}

/// An answer, signed for the question whose `Signature` header is given.
pub fn signed(signer: &Signer, status: u16, request_signature: &str, body: Vec<u8>) -> Said {
    let media = if status < 400 {
        "application/json"
    } else {
        "application/problem+json"
    };
    let mut headers = vec![("content-type".to_owned(), media.to_owned())];
    let pairs = sign_answer(signer, status, request_signature, &body);
    headers.extend(pairs.pairs().map(|(name, value)| (name.to_owned(), value.to_owned())));
    Said { status, headers, body }
}

#[async_trait]
impl Counterparty for HonestLender {
    async fn answer(&self, heard: &Heard) -> Option<Said> {
        let (status, body) = match self.act(heard) {
            Ok(answer) => answer,
            Err(problem) => (problem.status, wire::write(&problem)),
        };
        let signature = heard.headers.get("signature").and_then(|v| v.to_str().ok());
        Some(signed(&self.signer, status, signature.unwrap_or_default(), body))
    }
}
