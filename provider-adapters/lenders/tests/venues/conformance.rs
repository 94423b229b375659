//! The adapters of lending pools under the conformance kit: a node with the protocols stands behind the kit's door.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use domain::{ProviderId, Rate, SettlementId};
use futures::future::join_all;
use kit::adapter::{Class, Options, Scenario, Step, Subject, check, standard_scenarios};
use kit::door::{Counterparty, Door, Heard, Said};
use kit::{Outcome, Report};
use lenders::venues::VenueLender;
use sdk::{AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Clock, Ids, Lender, LenderError, LenderStatus};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use uuid::Uuid;

use crate::stage::*;

/// Longer than anything takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long a fault may hold us that is over by the deadline alone.
const SHORT: Duration = Duration::from_secs(8);

#[derive(Debug)]
struct Noon;

impl Clock for Noon {
    fn now(&self) -> DateTime<Utc> {
        "2030-05-01T12:00:00Z".parse().unwrap()
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

/// The node behind the door, by its address.
struct Node(String);

#[async_trait]
impl Counterparty for Node {
    async fn answer(&self, heard: &Heard) -> Option<Said> {
        let address = self.0.trim_start_matches("http://");
        let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
        let top = format!(
            "POST / HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
            heard.body.len()
        );
        stream.write_all(&[top.as_bytes(), &heard.body].concat()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 200 "));
        Some(Said {
            status: 200,
            headers: vec![("content-type".into(), "application/json".into())],
            body: answer.split_off(end + 4),
        })
    }
}

/// How an adapter is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bad {
    /// It takes a failure of the node for the market's no.
    Declines,
    /// It asks again and again.
    Retries,
    /// It shows less than its own payments cost.
    Misdeclares,
    /// It answers when nobody waits any more.
    Late,
}

struct Broken(Bad, VenueLender);

#[async_trait]
impl Lender for Broken {
    fn id(&self) -> &ProviderId {
        Lender::id(&self.1)
    }

    fn capabilities(&self) -> &Capabilities {
        self.1.capabilities()
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let mut ask = ask.clone();
        if self.0 == Bad::Late {
            ask.deadline += PATIENCE;
        }
        let mut answer = self.1.quote(&ask).await;
        for _ in 0..20 {
            if self.0 == Bad::Retries && answer.is_err() {
                answer = self.1.quote(&ask).await;
            }
        }
        match (self.0, &mut answer) {
            (Bad::Declines, Err(LenderError::Unavailable(_))) => {
                return Ok(Answer::Declined(vec![domain::Reason::new("NO_MARKET", "No market.")]));
            }
            (Bad::Misdeclares, Ok(Answer::Offers(offers))) => {
                for offer in offers {
                    offer.declared.apr = Rate::ZERO;
                }
            }
            _ => {}
        }
        answer
    }

    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        self.1.accept(order).await
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.1.status(settlement).await
    }

    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.1.cancel(settlement).await
    }
}

async fn report(
    stage: &Stage,
    (market, bad): (Market, Option<Bad>),
    patience: Duration,
    scenarios: Vec<Scenario>,
) -> Report {
    let door = Door::local().await.unwrap();
    let url = door.url();
    let open = door.open(Arc::new(Node(stage.url().to_owned())));
    let lender = stage.lender_at(market, &url).await;
    let subject = Subject {
        lender: match bad {
            Some(bad) => Arc::new(Broken(bad, lender)),
            None => Arc::new(lender),
        },
        faults: Arc::clone(open.faults()),
        request: stage.request(100_000, 30, eth(1)),
        secrets: vec![],
    };
    let options = Options {
        deadline: patience,
        patience,
        bends: patience == PATIENCE && bad.is_none(),
        scenarios,
        clock: Arc::new(Noon),
        ids: Arc::new(Counter::default()),
    };
    check(&subject, &options, &|_| {}).await
}

/// Every scenario of a question; the adapter has no other step, and the kit says so.
async fn green(stage: &Stage, market: Market) {
    for (slow, patience) in [(false, PATIENCE), (true, SHORT)] {
        let mut scenarios = standard_scenarios();
        scenarios.retain(|one| (one.expect == [Class::TimedOut]) == slow);
        let (played, others): (Vec<_>, Vec<_>) = scenarios.iter().cloned().partition(|one| one.step == Step::Quote);
        assert!(!played.is_empty() && !others.is_empty());
        let report = report(stage, (market, None), patience, scenarios).await;
        assert!(report.is_green(), "{market:?}\n{}", report.to_human());
        for finding in &report.findings {
            let id = finding.check.id.as_ref();
            let was_played = played.iter().any(|one| one.id == id) || id == "adapter.no-retry";
            if was_played || id == "adapter.recovers" {
                assert_eq!(finding.outcome, Outcome::Passed, "{market:?} {id}");
            }
            if others.iter().any(|one| one.id == id) {
                assert!(matches!(finding.outcome, Outcome::Skipped { .. }), "{market:?} {id}");
            }
        }
    }
}

#[tokio::test]
async fn every_adapter_of_a_lending_pool_is_green_in_every_scenario() {
    let stage = Stage::start().await;
    join_all(ALL.map(|market| green(&stage, market))).await;
}

#[tokio::test]
async fn a_broken_adapter_of_a_lending_pool_fails_the_right_check() {
    let stage = Stage::start().await;
    for (market, bad, expected) in [
        (Market::Aave30, Bad::Declines, "fault.quote-503"),
        (Market::Aave36, Bad::Retries, "adapter.no-retry"),
        (Market::Morpho, Bad::Misdeclares, "adapter.apr"),
        (Market::Venus, Bad::Late, "adapter.deadline"),
    ] {
        let mut scenarios = standard_scenarios();
        scenarios.retain(|one| one.id == "fault.quote-503");
        let report = report(&stage, (market, Some(bad)), PATIENCE, scenarios).await;
        assert_eq!(report.failed(), [expected], "{market:?} {bad:?}\n{}", report.to_human());
    }
}
