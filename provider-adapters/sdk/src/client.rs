//! The client of provider protocol v1: one lender, one base address, signed both ways.

use std::sync::Arc;
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use domain::ports::{AcceptOrder, AcceptReceipt, Answer, Ask, LenderError, LenderStatus};
use domain::{Reason, RequestId, SettlementId};
use reqwest::header::CONTENT_TYPE;

use crate::gate::read_headers;
use crate::keys::{PublicKey, Signer};
use crate::net::{Endpoint, HttpClient, Incoming, Outgoing};
use crate::signature::{RequestLine, sign_request, verify_answer};
use crate::wire::{self, Acknowledgement, Loan, OffersAnswer, OffersRequest, Problem};

/// Offers that one question may bring.
pub const MAX_OFFERS: usize = 32;

/// What came back on a question.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OffersReply {
    /// Everything; nothing follows.
    Complete(Answer),
    /// Callbacks follow.
    Acknowledged,
}

/// Talks to one lender.
#[derive(Clone, Debug)]
pub struct ProtocolClient {
    /// The client.
    pub http: HttpClient,
    /// The lender's base address.
    pub endpoint: Endpoint,
    /// Our key.
    pub signer: Arc<Signer>,
    /// The lender's keys; several during a rotation.
    pub lender_keys: Vec<PublicKey>,
    /// Longest wait for a call that has no deadline of its own.
    pub timeout: Duration,
}

impl ProtocolClient {
    /// Asks for offers.
    pub async fn offers(&self, ask: &Ask, callback_url: Option<&str>) -> Result<OffersReply, LenderError> {
        let left = ask.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(LenderError::TimedOut);
        }
        let left = left.min(Duration::from_mins(10));
        let reply_by = self.signer.clock.now() + TimeDelta::from_std(left).unwrap_or_default();
        let question = OffersRequest::new(&ask.request, reply_by, callback_url.map(str::to_owned));
        let answer = self.call(true, "/v1/offers", &wire::write(&question), left).await?;
        if answer.status == 202 {
            let ack: Acknowledgement = wire::parse(&answer.body)?;
            same_request(ack.request_id, ask.request.id)?;
            return Ok(OffersReply::Acknowledged);
        }
        let message: OffersAnswer = wire::parse(&answer.body)?;
        same_request(message.request_id, ask.request.id)?;
        if !message.complete {
            return Err(malformed("complete", "must be true in a direct answer"));
        }
        read_answer(&message.offers, &message.declined).map(OffersReply::Complete)
    }

    /// Accepts an offer.
    pub async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        let body = wire::write(&wire::AcceptRequest::from(order));
        let answer = self.call(true, "/v1/loans", &body, self.timeout).await?;
        let (loan_ref, status) = read_loan(&answer.body, order.settlement)?;
        if let LenderStatus::Disbursed { amount, .. } = &status
            && *amount != order.net_disbursed
        {
            return Err(malformed("status.amount", "is not what was to arrive"));
        }
        match (loan_ref, status) {
            (_, LenderStatus::Unknown) => Err(malformed("status.state", "an accepted offer cannot be unknown")),
            (None, _) => Err(malformed("loan_ref", "is missing")),
            (Some(loan_ref), status) => Ok(AcceptReceipt { loan_ref, status }),
        }
    }

    /// Asks where an accepted offer stands.
    pub async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        let path = format!("/v1/loans/{settlement}");
        let answer = self.call(false, &path, &[], self.timeout).await?;
        Ok(read_loan(&answer.body, settlement)?.1)
    }

    /// Withdraws an accepted offer that has not been paid out.
    pub async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        let path = format!("/v1/loans/{settlement}/cancel");
        let answer = self.call(true, &path, b"{}", self.timeout).await?;
        Ok(read_loan(&answer.body, settlement)?.1)
    }

    /// One signed exchange. Of a 2xx answer the signature is checked before a byte of the body is believed; every other
    /// answer is an error whatever it says, so it needs no signature.
    async fn call(&self, post: bool, path: &str, body: &[u8], timeout: Duration) -> Result<Incoming, LenderError> {
        let method = if post { "POST" } else { "GET" };
        let full_path = self.endpoint.path(path);
        let line = RequestLine {
            method,
            authority: self.endpoint.authority(),
            path: &full_path,
        };
        let headers = sign_request(&self.signer, line, body);
        let endpoint = &self.endpoint;
        let outgoing = Outgoing {
            endpoint,
            post,
            path,
            body,
            headers: &headers,
            timeout,
        };
        let answer = self.http.send(outgoing).await?;
        if !matches!(answer.status, 200 | 202) {
            return Err(refusal(&answer));
        }
        let json = answer
            .headers
            .get(CONTENT_TYPE)
            .and_then(|v| v.to_str().ok())
            .unwrap_or_default();
        if json.split(';').next().map(str::trim) != Some("application/json") {
            return Err(malformed("content-type", "must be application/json"));
        }
        let bound = (answer.status, headers.signature.as_str());
        let now = self.signer.clock.now();
        read_headers(&answer.headers)
            .and_then(|given| verify_answer(&given, bound, &answer.body, &self.lender_keys, now).map(|_| ()))
            .map_err(|error| malformed("signature", &error.to_string()))?;
        Ok(answer)
    }
}

/// Reads offers or a decline: exactly one of them.
pub fn read_answer(offers: &[wire::Offer], declined: &[Reason]) -> Result<Answer, LenderError> {
    if offers.is_empty() {
        wire::check_reasons(declined, "declined")?;
        return Ok(Answer::Declined(declined.to_vec()));
    }
    if !declined.is_empty() {
        return Err(malformed("declined", "offers and a decline exclude each other"));
    }
    if offers.len() > MAX_OFFERS {
        return Err(malformed("offers", "too many"));
    }
    let read = |(i, offer): (usize, &wire::Offer)| offer.read(&format!("offers[{i}]"));
    let offers = offers.iter().enumerate().map(read).collect::<Result<_, _>>()?;
    Ok(Answer::Offers(offers))
}

fn read_loan(body: &[u8], settlement: SettlementId) -> Result<(Option<String>, LenderStatus), LenderError> {
    let loan: Loan = wire::parse(body)?;
    if loan.settlement_id != settlement {
        return Err(malformed("settlement_id", "is not the one asked for"));
    }
    if let Some(text) = &loan.loan_ref {
        wire::check_text(text, "loan_ref", 128)?;
    }
    Ok((loan.loan_ref, loan.status.read()?))
}

fn same_request(given: RequestId, asked: RequestId) -> Result<(), LenderError> {
    if given == asked {
        Ok(())
    } else {
        Err(malformed("request_id", "is not the one asked for"))
    }
}

fn malformed(field: &str, detail: &str) -> LenderError {
    LenderError::Malformed {
        field: field.into(),
        detail: detail.into(),
    }
}

/// What an answer other than 2xx means for us. Only the problem's type is repeated: titles and details are free text.
fn refusal(answer: &Incoming) -> LenderError {
    let kind = wire::parse::<Problem>(&answer.body).ok().map(|problem| problem.kind);
    let known = kind.filter(|k| k.starts_with("urn:usance:provider:") && k.len() <= 64 && k.is_ascii());
    let what = format!("{} {}", answer.status, known.unwrap_or_default())
        .trim_end()
        .to_owned();
    match answer.status {
        400 | 401 | 403 | 409 | 422 => LenderError::Refused(what),
        405 | 501 => LenderError::Unsupported(what),
        429 => LenderError::RateLimited,
        404 | 408 | 500..=599 => LenderError::Unavailable(what),
        _ => malformed("status", &what),
    }
}
