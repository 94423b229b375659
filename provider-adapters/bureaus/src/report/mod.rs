//! A credit bureau by the open format `usance-bureau/1`: JSON over HTTP requests that are signed both ways (see `docs/risk/facts.md`).

mod wire;

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::Currency;
use domain::ports::{
    Bureau, BureauReport, BureauSubject, CreditDataError, DataConsent, PublicRecord, PublicRecordKind, StatementMonth,
    Tradeline,
};
use sdk::net::{Incoming, Outgoing};
use sdk::signature::{RequestLine, SignatureHeaders, sign_request, verify_answer};
use sdk::wire::{Problem, parse, write};
use sdk::{Endpoint, HttpClient, PublicKey, Signer};

use crate::codes::{self, Status};
use crate::failure;

pub use wire::{
    INQUIRY, InquiryLine, RecordLine, ReportAnswer, ReportRequest, StatementLine, SubjectLine, TradelineLine, VERSION,
};

/// Path of the one call.
pub const PATH: &str = "/v1/reports";
/// Problem types that mean more than their status.
pub const CONSENT_INVALID: &str = "urn:usance:bureau:consent-invalid";
/// Nobody of that name is known.
pub const NO_FILE: &str = "urn:usance:bureau:no-file";

const MAX_LINES: usize = 500;
const MAX_MONTHS: usize = 6;
const MAX_HISTORY: usize = 24;

/// The adapter.
#[derive(Clone, Debug)]
pub struct SignedBureau {
    /// The operator-given name.
    pub name: String,
    /// The client.
    pub http: HttpClient,
    /// The bureau's base address.
    pub endpoint: Endpoint,
    /// Our key.
    pub signer: Arc<Signer>,
    /// The bureau's keys; several during a rotation.
    pub keys: Vec<PublicKey>,
    /// Longest wait for an answer.
    pub timeout: Duration,
}

#[async_trait]
impl Bureau for SignedBureau {
    fn name(&self) -> &str {
        &self.name
    }

    async fn report(
        &self,
        subject: &BureauSubject,
        consent: &DataConsent,
        deadline: Instant,
    ) -> Result<BureauReport, CreditDataError> {
        let question = ReportRequest {
            version: VERSION.to_owned(),
            request_id: self.signer.ids.next(),
            purpose: consent.purpose.as_str().to_owned(),
            inquiry: INQUIRY.to_owned(),
            consent: consent.reference.expose().to_owned(),
            subject: SubjectLine {
                name: subject.full_name.clone(),
                country: subject.country.clone(),
                region: subject.region.clone(),
            },
        };
        let timeout = failure::left(deadline, self.timeout)?;
        let answer = self.call(&write(&question), timeout).await?;
        let report: ReportAnswer = parse(&answer.body).map_err(failure::of_body)?;
        if report.request_id != question.request_id {
            return Err(CreditDataError::malformed("request_id", "is not the one asked for"));
        }
        read(&report, self.signer.clock.now())
    }
}

impl SignedBureau {
    /// One signed exchange. Nothing of a good answer is believed before its signature; every other answer is an error whatever it says.
    async fn call(&self, body: &[u8], timeout: Duration) -> Result<Incoming, CreditDataError> {
        let path = self.endpoint.path(PATH);
        let line = RequestLine {
            method: "POST",
            authority: self.endpoint.authority(),
            path: &path,
        };
        let headers = sign_request(&self.signer, line, body);
        let outgoing = Outgoing {
            endpoint: &self.endpoint,
            post: true,
            path: PATH,
            body,
            headers: &headers,
            timeout,
        };
        let answer = self.http.send(outgoing).await.map_err(failure::of_call)?;
        let now = self.signer.clock.now();
        if answer.status != 200 {
            return Err(refusal(&answer, now));
        }
        answer.json().map_err(failure::of_call)?;
        let bound = (answer.status, headers.signature.as_str());
        SignatureHeaders::read(|name| answer.header(name))
            .and_then(|given| verify_answer(&given, bound, &answer.body, &self.keys, now).map(|_| ()))
            .map_err(|error| CreditDataError::malformed("signature", &error.to_string()))?;
        Ok(answer)
    }
}

fn refusal(answer: &Incoming, now: DateTime<Utc>) -> CreditDataError {
    let kind = parse::<Problem>(&answer.body).ok().map(|problem| problem.kind);
    match (answer.status, kind.as_deref()) {
        (401 | 403, Some(CONSENT_INVALID)) => CreditDataError::Consent,
        (404, Some(NO_FILE)) => CreditDataError::NoFile,
        (429, _) => CreditDataError::RateLimited {
            retry_after: answer.retry_after(now),
        },
        (status, _) => failure::of_status(status),
    }
}

fn bad(field: impl AsRef<str>, detail: &str) -> CreditDataError {
    CreditDataError::malformed(field.as_ref(), detail)
}

/// Reads an answer: formats, sizes and order of dates. Unknown codes are kept as such.
fn read(answer: &ReportAnswer, now: DateTime<Utc>) -> Result<BureauReport, CreditDataError> {
    if answer.version != VERSION {
        return Err(bad("version", "is not usance-bureau/1"));
    }
    if answer.inquiry != INQUIRY {
        return Err(bad("inquiry", "a soft inquiry was asked for"));
    }
    let named = (1..=128).contains(&answer.report_id.len()) && answer.report_id.bytes().all(|b| b.is_ascii_graphic());
    if !named {
        return Err(bad("report_id", "1 to 128 visible ASCII characters"));
    }
    if answer.as_of > now + TimeDelta::minutes(5) {
        return Err(bad("as_of", "lies in the future"));
    }
    let currency = Currency::parse(&answer.currency).map_err(|_| bad("currency", "is not known"))?;
    let sizes = [
        ("tradelines", answer.tradelines.len()),
        ("inquiries", answer.inquiries.len()),
        ("public_records", answer.public_records.len()),
    ];
    if let Some((field, _)) = sizes.iter().find(|(_, size)| *size > MAX_LINES) {
        return Err(bad(field, "more than 500"));
    }
    let today = answer.as_of.date_naive();
    let mut tradelines = Vec::new();
    for (place, line) in answer.tradelines.iter().enumerate() {
        tradelines.extend(tradeline(line, &format!("tradelines[{place}]"), today)?);
    }
    // A soft inquiry, like ours, says nothing about an application.
    let hard = answer
        .inquiries
        .iter()
        .enumerate()
        .filter(|(_, line)| line.kind != INQUIRY);
    let inquiries = hard.map(|(place, line)| past(line.date, &format!("inquiries[{place}].date"), today));
    let records = answer.public_records.iter().enumerate();
    let records = records.map(|(place, line)| record(line, &format!("public_records[{place}]"), today));
    Ok(BureauReport {
        report_id: answer.report_id.clone(),
        as_of: answer.as_of,
        currency,
        tradelines,
        inquiries: inquiries.collect::<Result<_, _>>()?,
        public_records: records.collect::<Result<_, _>>()?,
    })
}

fn past(date: NaiveDate, field: &str, today: NaiveDate) -> Result<NaiveDate, CreditDataError> {
    if date <= today {
        Ok(date)
    } else {
        Err(bad(field, "lies after the report"))
    }
}

/// An account; none when the person does not owe it or the reporter took it back.
fn tradeline(line: &TradelineLine, at: &str, today: NaiveDate) -> Result<Option<Tradeline>, CreditDataError> {
    let field = |name: &str| format!("{at}.{name}");
    let date = |date: Option<NaiveDate>, name: &str| date.map(|date| past(date, &field(name), today)).transpose();
    let amount = |text: &Option<String>, name: &str| text.as_deref().map(|text| minor(text, &field(name))).transpose();
    let (opened, closed) = (date(line.opened, "opened")?, date(line.closed, "closed")?);
    if opened.zip(closed).is_some_and(|(opened, closed)| closed < opened) {
        return Err(bad(field("closed"), "lies before the opening"));
    }
    let history = line.payment_history.chars().count();
    if history > MAX_HISTORY || line.statements.len() > MAX_MONTHS {
        return Err(bad(at, "more than 24 months of history or 6 of statements"));
    }
    let limit = amount(&line.credit_limit, "credit_limit")?;
    let balance = amount(&line.balance, "balance")?;
    let monthly_payment = amount(&line.scheduled_payment, "scheduled_payment")?;
    if limit.is_some_and(|limit| limit < 0) || monthly_payment.is_some_and(|payment| payment < 0) {
        return Err(bad(at, "a limit and a payment are not below zero"));
    }
    let months = statements(line, at, today)?;
    let (status, ended) = match codes::status(&line.status, line.payment_rating.as_deref()) {
        Status::Deleted => return Ok(None),
        Status::Open(state) => (state, false),
        Status::Ended(state) => (state, true),
    };
    if !codes::owes(&line.ecoa) {
        return Ok(None);
    }
    Ok(Some(Tradeline {
        kind: codes::portfolio(&line.portfolio_type),
        opened,
        closed: if ended { closed.or(Some(today)) } else { closed },
        limit,
        balance,
        monthly_payment,
        status,
        history: line.payment_history.chars().map(codes::history).collect(),
        months,
    }))
}

/// Months one after the other, the newest first, which is the one before the report.
fn statements(line: &TradelineLine, at: &str, today: NaiveDate) -> Result<Vec<StatementMonth>, CreditDataError> {
    let mut months = Vec::new();
    let mut wanted: Option<i32> = None;
    for (place, statement) in line.statements.iter().enumerate() {
        let field = |name: &str| format!("{at}.statements[{place}].{name}");
        let month =
            wire::month(&statement.month).ok_or_else(|| bad(field("month"), "is not a month such as 2026-10"))?;
        let last = wire::month_of(today);
        let fits = month == wanted.unwrap_or(last - 1);
        if !fits {
            return Err(bad(field("month"), "does not follow"));
        }
        wanted = Some(month - 1);
        let amount =
            |text: &Option<String>, name: &str| text.as_deref().map(|text| minor(text, &field(name))).transpose();
        let payment = amount(&statement.payment, "payment")?;
        if payment.is_some_and(|payment| payment < 0) {
            return Err(bad(field("payment"), "is below zero"));
        }
        months.push(StatementMonth {
            statement: amount(&statement.balance, "balance")?,
            payment,
        });
    }
    Ok(months)
}

fn record(line: &RecordLine, at: &str, today: NaiveDate) -> Result<PublicRecord, CreditDataError> {
    let filed = past(line.filed, &format!("{at}.filed"), today)?;
    let released = line.released.map(|date| past(date, &format!("{at}.released"), today));
    Ok(PublicRecord {
        kind: match line.kind.as_str() {
            "INSOLVENCY" => PublicRecordKind::Insolvency,
            "JUDGEMENT" => PublicRecordKind::Judgement,
            "LIEN" => PublicRecordKind::Lien,
            _ => PublicRecordKind::Unknown,
        },
        filed,
        released: released.transpose()?,
    })
}

/// Whole minor units in their one spelling, at most 10^15 either way, so that sums of a report fit.
fn minor(text: &str, field: &str) -> Result<i64, CreditDataError> {
    let value = text.parse::<i64>().ok().filter(|value| value.to_string() == text);
    value
        .filter(|value| value.unsigned_abs() <= 1_000_000_000_000_000)
        .ok_or_else(|| bad(field, "is not whole minor units as decimal text"))
}
