//! A Rust adapter of a plain REST lender, honest or sloppy in one way, against the lender's recorded answers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use domain::calendar::{Period, Unit};
use domain::offer::RepaymentMethod;
use domain::{Money, ProviderId, Rate, SettlementId};
use sdk::net::{Incoming, Request, Value};
use sdk::normalise::{Document, Reader};
use sdk::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Clock, Endpoint, HttpClient, Lender, LenderError,
    LenderStatus, NetworkPolicy, OfferBuilder, Row, Secret,
};
use usance_kit::adapter::{Options, Step, Subject, check, checks};
use usance_kit::door::{Door, OpenDoor};
use usance_kit::recorded::Recorded;
use usance_kit::{Area, Report};

use crate::adapter::request;
use crate::world::{Counter, ManualClock, capabilities};

/// A way to read an answer badly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sloppy {
    No,
    /// A rate that is not there is 9 %.
    MakesUpTheRate,
    /// A missing rate is 9 %, and only that.
    FillsIn,
    /// A null rate is 9 %.
    ReadsNullAsUsual,
    /// A rate that is none is 9 %.
    ReadsNaAsUsual,
    /// What is not FIXED has another rate.
    GuessesTheKind,
    OverlooksErrors,
    /// Interest is what the total leaves.
    TrustsTheTotal,
    /// A loan without a state is taken.
    GuessesTheState,
    /// Sends no settlement with the acceptance.
    NoKey,
}

const QUOTE: &str = r#"{"ref": "P-1", "principal": "3,000.00 USD", "fee": "30.00 USD", "rate": "12 %", "kind": "FIXED",
    "payments": [
        {"due": "2026-04-01", "principal": "990.07", "interest": "30.00", "amount": "1020.07"},
        {"due": "2026-05-01", "principal": "999.97", "interest": "20.10", "amount": "1020.07"},
        {"due": "2026-06-01", "principal": "1009.96", "interest": "10.10", "amount": "1020.06"}]}"#;
const LOAN: &str =
    r#"{"id": "$LOAN", "state": "PAID", "paid": "2970.00 USD", "at": "2026-03-01T12:00:00Z", "trace": "T-1"}"#;

struct Plain {
    sloppy: Sloppy,
    id: ProviderId,
    capabilities: Capabilities,
    http: HttpClient,
    endpoint: Endpoint,
    token: Secret<String>,
    clock: Arc<dyn Clock>,
}

impl Plain {
    async fn call(&self, method: &str, path: &str, body: &str, left: Duration) -> Result<Incoming, LenderError> {
        let headers = [("authorization", Value::Secret(&self.token))];
        let call = Request::post(&self.endpoint, path, body.as_bytes(), left);
        let call = Request {
            method: method.parse().unwrap(),
            headers: &headers,
            ..call
        };
        let answer = self.http.call(call).await?;
        match answer.status {
            200 => answer.json().map(|_| ())?,
            429 => return Err(LenderError::RateLimited),
            401 | 403 => return Err(LenderError::Refused(answer.status.to_string())),
            404 if path.contains("/loans/") && !answer.body.is_empty() && answer.body == br#"{"unknown": true}"# => {}
            status => return Err(LenderError::Unavailable(status.to_string())),
        }
        Ok(answer)
    }

    fn rate(&self, document: &Document<'_>, body: &Reader<'_>) -> Result<Rate, LenderError> {
        let there = document.root().get("rate").is_some();
        let field = body.get("rate");
        let usual = Rate::from_percent(9);
        match self.sloppy {
            Sloppy::MakesUpTheRate => {
                let given = field.optional()?.map(|f| f.yearly_rate()).transpose()?;
                return Ok(given.unwrap_or(usual));
            }
            Sloppy::FillsIn if !there => return Ok(usual),
            Sloppy::ReadsNullAsUsual if there && !field.exists() => return Ok(usual),
            Sloppy::ReadsNaAsUsual if field.field().is_ok_and(|rate| rate.is_absent()) => return Ok(usual),
            _ => {}
        }
        let kind = body.get("kind").field()?;
        let kind = kind.text()?;
        if self.sloppy == Sloppy::GuessesTheKind && kind != "FIXED" {
            return Ok(usual);
        }
        if kind != "FIXED" {
            return Err(malformed("kind"));
        }
        Ok(field.field()?.yearly_rate()?)
    }

    fn read(&self, bytes: &[u8], ask: &Ask) -> Result<Answer, LenderError> {
        let document = Document::parse(bytes)?;
        let body = Reader::new(&document);
        if self.sloppy != Sloppy::OverlooksErrors && body.get("error").exists() {
            return Err(malformed("error"));
        }
        let currency = ask.request.amount.currency;
        let money = |reader: &Reader<'_>, name: &str| reader.get(name).field()?.money(currency);
        let rows = body.get("payments").items()?;
        let row = |row: &Reader<'_>| {
            let (principal, total) = (money(row, "principal")?, money(row, "amount")?);
            let interest = if self.sloppy == Sloppy::TrustsTheTotal {
                total.minus(principal).map_err(|_| malformed("amount"))?
            } else {
                money(row, "interest")?
            };
            let sums = principal.plus(interest).is_ok_and(|sum| sum == total);
            if !sums {
                return Err(malformed("amount"));
            }
            Ok(Row {
                due: row.get("due").field()?.date()?,
                principal,
                interest,
                fees: Money::zero(currency),
            })
        };
        let rows = rows.iter().map(row).collect::<Result<Vec<_>, LenderError>>()?;
        let reference = body.get("ref").field()?;
        let offer = OfferBuilder::new(&ask.request, reference.text()?, self.clock.now())
            .lend(money(&body, "principal")?)
            .withheld_fee("processing", money(&body, "fee")?)
            .fixed_rate(self.rate(&document, &body)?)
            .calendar(RepaymentMethod::EqualInstallment, Period::new(1, Unit::Month), rows)
            .build()?;
        Ok(Answer::Offers(vec![offer]))
    }

    fn loan(&self, answer: &Incoming) -> Result<(String, LenderStatus), LenderError> {
        let document = Document::parse(&answer.body)?;
        let body = Reader::new(&document);
        let text = |name: &str| Ok::<_, LenderError>(body.get(name).field()?.text()?.to_owned());
        if self.sloppy == Sloppy::GuessesTheState && text("state").is_err() {
            return Ok((text("id")?, LenderStatus::Accepted));
        }
        let status = match text("state")?.as_str() {
            "PAID" => LenderStatus::Disbursed {
                amount: body.get("paid").field()?.money(self.capabilities.amounts[0].currency)?,
                at: text("at")?.parse().map_err(|_| malformed("at"))?,
                evidence: text("trace")?,
            },
            _ => return Err(malformed("state")),
        };
        Ok((text("id")?, status))
    }
}

fn malformed(field: &str) -> LenderError {
    LenderError::Malformed {
        field: field.into(),
        detail: "is wrong".into(),
    }
}

const PATIENCE: Duration = Duration::from_secs(2);

#[async_trait]
impl Lender for Plain {
    fn id(&self) -> &ProviderId {
        &self.id
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let left = ask.deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(LenderError::TimedOut);
        }
        let body = format!("{{\"amount\": {}}}", ask.request.amount.minor);
        let answer = self.call("POST", "/rates", &body, left).await?;
        self.read(&answer.body, ask)
    }

    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        let body = if self.sloppy == Sloppy::NoKey {
            "{}".to_owned()
        } else {
            format!("{{\"key\": \"{}\"}}", order.settlement)
        };
        let answer = self.call("POST", "/loans", &body, PATIENCE).await?;
        let (loan_ref, status) = self.loan(&answer)?;
        Ok(AcceptReceipt { loan_ref, status })
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        let answer = self.call("GET", &format!("/loans/{settlement}"), "", PATIENCE).await?;
        if answer.status == 404 {
            return Ok(LenderStatus::Unknown);
        }
        Ok(self.loan(&answer)?.1)
    }

    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        let path = format!("/loans/{settlement}/cancel");
        Ok(self.loan(&self.call("POST", &path, "{}", PATIENCE).await?)?.1)
    }
}

async fn subject(sloppy: Sloppy) -> (Subject, OpenDoor) {
    let clock = Arc::new(ManualClock::default());
    let door = Door::local().await.unwrap();
    let behind = Recorded::new()
        .on(Step::Quote, "POST", "/rates", QUOTE)
        .on(Step::Accept, "POST", "/loans", LOAN)
        .on(Step::Status, "GET", "/loans/*", LOAN)
        .on(Step::Cancel, "POST", "/loans/*/cancel", LOAN)
        .unknown(404, r#"{"unknown": true}"#);
    let lender = Plain {
        sloppy,
        id: "plain".parse().unwrap(),
        capabilities: capabilities(),
        http: HttpClient::new(NetworkPolicy::AllowLoopback).unwrap(),
        endpoint: Endpoint::parse(&door.url(), NetworkPolicy::AllowLoopback).unwrap(),
        token: Secret::new("Bearer kit-plain-token".to_owned()),
        clock: Arc::clone(&clock) as _,
    };
    let open = door.open(Arc::new(behind));
    let subject = Subject {
        lender: Arc::new(lender),
        faults: Arc::clone(open.faults()),
        request: request(clock.now()),
        secrets: vec!["kit-plain-token".into()],
    };
    (subject, open)
}

async fn report(sloppy: Sloppy, faults: bool) -> Report {
    let (subject, _door) = subject(sloppy).await;
    let mut options = Options::new(Arc::new(ManualClock::default()), Arc::new(Counter));
    if !faults {
        options.scenarios.clear();
    }
    check(&subject, &options, &|_| {}).await
}

#[tokio::test]
async fn an_adapter_that_reads_exactly_is_green_in_every_scenario_and_however_its_answers_are_bent() {
    let report = report(Sloppy::No, true).await;
    assert!(report.is_green(), "{}", report.to_human());
    assert_eq!(report.counts().skipped, 0, "{}", report.to_human());
}

const BROKEN: [(Sloppy, &[&str]); 9] = [
    (
        Sloppy::MakesUpTheRate,
        &["answer.null", "answer.missing", "answer.not-a-price"],
    ),
    (Sloppy::FillsIn, &["answer.missing"]),
    (Sloppy::ReadsNullAsUsual, &["answer.null"]),
    (Sloppy::ReadsNaAsUsual, &["answer.not-a-price"]),
    (Sloppy::GuessesTheKind, &["answer.enum-case"]),
    (Sloppy::OverlooksErrors, &["answer.error-object"]),
    (Sloppy::TrustsTheTotal, &["answer.breakup"]),
    (Sloppy::GuessesTheState, &["answer.loan"]),
    (Sloppy::NoKey, &["adapter.repeat", "adapter.known", "adapter.cancels"]),
];

#[tokio::test]
async fn each_sloppy_reading_is_seen_by_its_rule() {
    for (sloppy, expected) in BROKEN {
        let report = report(sloppy, false).await;
        assert_eq!(report.failed(), *expected, "{sloppy:?}\n{}", report.to_human());
    }
}

/// A check that cannot fail is a defect.
#[test]
fn every_rule_of_reading_has_an_adapter_that_breaks_it() {
    let broken: BTreeSet<&str> = BROKEN.iter().flat_map(|(_, ids)| *ids).copied().collect();
    let all = checks();
    let rules = all.iter().filter(|check| check.area == Area::Answer);
    let missing: Vec<_> = rules
        .map(|check| check.id.as_ref())
        .filter(|id| !broken.contains(id))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
