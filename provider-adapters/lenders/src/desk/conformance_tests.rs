//! The desk under the conformance kit. It has no counterparty to call, so that only the rules of the port can be tried.

use std::sync::Mutex;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::SettlementId;
use kit::adapter::{Options, Subject, check, standard_scenarios};
use kit::door::FaultLine;
use kit::{Outcome, Report};
use sdk::{Clock, Ids, LenderStatus};
use secrecy::ExposeSecret as _;
use uuid::Uuid;

use super::tests::{desk, request};
use super::*;

#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        request().at
    }
}

#[derive(Debug, Default)]
struct Counter(Mutex<u128>);

impl Ids for Counter {
    fn next(&self) -> Uuid {
        let mut last = self.0.lock().unwrap();
        *last += 1;
        Uuid::from_u128(*last)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bad {
    /// It answers when nobody waits any more.
    Late,
    /// It shows less than its own payments cost.
    Misdeclares,
    /// It knows a loan that nobody took.
    Invents,
}

struct Broken(Bad, Desk);

#[async_trait]
impl Lender for Broken {
    fn id(&self) -> &ProviderId {
        self.1.id()
    }

    fn capabilities(&self) -> &Capabilities {
        self.1.capabilities()
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let mut ask = ask.clone();
        if self.0 == Bad::Late {
            ask.deadline += Duration::from_mins(1);
        }
        let mut answer = self.1.quote(&ask).await?;
        if let (Bad::Misdeclares, Answer::Offers(offers)) = (self.0, &mut answer) {
            for offer in offers {
                offer.declared.apr = Rate::from_percent(1);
            }
        }
        Ok(answer)
    }

    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        self.1.accept(order).await
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        if self.0 == Bad::Invents {
            return Ok(LenderStatus::Accepted);
        }
        self.1.status(settlement).await
    }

    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.1.cancel(settlement).await
    }
}

async fn report(lender: Arc<dyn Lender>) -> Report {
    let subject = Subject {
        lender,
        faults: Arc::new(FaultLine::default()),
        request: request(),
        secrets: vec![super::tests::config().signing_key.expose_secret().to_owned()],
    };
    let options = Options {
        deadline: Duration::from_mins(1),
        patience: Duration::from_mins(1),
        scenarios: standard_scenarios(),
        bends: true,
        clock: Arc::new(Noon),
        ids: Arc::new(Counter::default()),
    };
    check(&subject, &options, &|_| {}).await
}

#[tokio::test]
async fn the_desk_keeps_the_rules_of_the_port() {
    let report = report(Arc::new(desk())).await;
    assert!(report.is_green(), "{}", report.to_human());
    let passed: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| finding.outcome == Outcome::Passed)
        .map(|finding| finding.check.id.as_ref())
        .collect();
    // Nothing is accepted or asked over a network: those rules are skipped, each with that reason.
    let expected = [
        "adapter.capabilities",
        "adapter.eligible",
        "adapter.quotes",
        "adapter.valid",
        "adapter.apr",
        "adapter.unknown",
        "adapter.deadline",
        "adapter.in-time",
        "adapter.no-panic",
        "adapter.no-personal-data",
    ];
    assert_eq!(passed, expected, "{}", report.to_human());
}

#[tokio::test]
async fn a_broken_desk_fails_the_right_check() {
    for (bad, expected) in [
        (Bad::Late, "adapter.deadline"),
        (Bad::Misdeclares, "adapter.apr"),
        (Bad::Invents, "adapter.unknown"),
    ] {
        let report = report(Arc::new(Broken(bad, desk()))).await;
        assert_eq!(report.failed(), [expected], "{bad:?}\n{}", report.to_human());
    }
}
