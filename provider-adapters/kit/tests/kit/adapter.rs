//! Adapters under the kit: the protocol's own is green, and each check fails with an adapter that breaks its rule.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::world::{Counter, ManualClock, PLATFORM, capabilities, signer};
use async_trait::async_trait;
use domain::calendar::{Period, Unit};
use domain::offer::Offer;
use domain::request::{Applicant, CreditRequest, Employment, Purpose};
use domain::{Currency, Money, ProviderId, Rate, SettlementId};
use lenders::protocol::ProtocolLender;
use sdk::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Clock, Endpoint, HttpClient, Ids, Lender, LenderError,
    LenderStatus, NetworkPolicy, PrivateKey, ProtocolClient,
};
use usance_kit::adapter::{Options, Scenario, Subject, check, checks, standard_scenarios};
use usance_kit::counterparty::{HonestLender, Manner};
use usance_kit::door::{Door, OpenDoor};
use usance_kit::{Area, Report};

/// A way to be a bad adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bad {
    No,
    NoCapabilities,
    OtherPlace,
    Declines,
    OtherAmount,
    OtherApr,
    NoReference,
    LessPaid,
    OtherLoanEachTime,
    Forgets,
    Invents,
    Uncancels,
    IgnoresDeadline,
    Hangs,
    Panics,
    TellsTheName,
    TellsTheBody,
    RetriesAcceptance,
    StaysBroken,
    CallsEverythingUnsupported,
    CallsEverythingLimited,
}

struct BadAdapter {
    bad: Bad,
    good: ProtocolLender,
    capabilities: Capabilities,
    broken: std::sync::atomic::AtomicBool,
}

impl BadAdapter {
    fn bend<T>(&self, result: Result<T, LenderError>) -> Result<T, LenderError> {
        use std::sync::atomic::Ordering::Relaxed;
        let Err(error) = result else {
            let still = self.bad == Bad::StaysBroken && self.broken.load(Relaxed);
            return if still {
                Err(LenderError::Unavailable("still".into()))
            } else {
                result
            };
        };
        self.broken.store(error != LenderError::TimedOut, Relaxed);
        Err(match self.bad {
            Bad::CallsEverythingUnsupported => LenderError::Unsupported("no".into()),
            Bad::CallsEverythingLimited => LenderError::RateLimited,
            Bad::TellsTheName => LenderError::Unavailable("for Kit Canary".into()),
            Bad::TellsTheBody => LenderError::Refused("Jane Canary 555-0100".into()),
            _ => error,
        })
    }
}

fn offers(answer: &mut Answer) -> &mut [Offer] {
    match answer {
        Answer::Offers(offers) => offers,
        Answer::Declined(_) => &mut [],
    }
}

#[async_trait]
impl Lender for BadAdapter {
    fn id(&self) -> &ProviderId {
        self.good.id()
    }

    fn capabilities(&self) -> &Capabilities {
        &self.capabilities
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        match self.bad {
            Bad::IgnoresDeadline if ask.deadline <= Instant::now() => {
                return self
                    .good
                    .quote(&Ask {
                        deadline: Instant::now() + Duration::from_secs(2),
                        ..ask.clone()
                    })
                    .await;
            }
            Bad::Hangs => std::future::pending().await,
            Bad::Panics => panic!("a bad adapter"),
            _ => {}
        }
        let mut answer = self.bend(self.good.quote(ask).await)?;
        for offer in offers(&mut answer) {
            match self.bad {
                Bad::OtherAmount => offer.amounts.requested.minor += 1,
                Bad::OtherApr => offer.declared.apr = Rate::from_percent(90),
                _ => {}
            }
        }
        if self.bad == Bad::Declines {
            return Ok(Answer::Declined(vec![domain::Reason::new("NO", "No.")]));
        }
        Ok(answer)
    }

    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        let mut result = self.good.accept(order).await;
        if self.bad == Bad::RetriesAcceptance && result.is_err() {
            result = self.good.accept(order).await;
        }
        let mut receipt = self.bend(result)?;
        match (self.bad, &mut receipt.status) {
            (Bad::NoReference, _) => receipt.loan_ref.clear(),
            (Bad::LessPaid, LenderStatus::Disbursed { amount, .. }) => amount.minor -= 1,
            (Bad::OtherLoanEachTime, _) => receipt.loan_ref = Counter.next().to_string(),
            _ => {}
        }
        Ok(receipt)
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        let status = self.bend(self.good.status(settlement).await)?;
        Ok(match (self.bad, status) {
            (Bad::Forgets, _) => LenderStatus::Unknown,
            (Bad::Invents, LenderStatus::Unknown) => LenderStatus::Accepted,
            (_, status) => status,
        })
    }

    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        let status = self.bend(self.good.cancel(settlement).await)?;
        Ok(if self.bad == Bad::Uncancels {
            LenderStatus::Cancelled
        } else {
            status
        })
    }
}

/// The protocol's adapter at a door with the honest lender behind it, bent.
async fn subject(bad: Bad) -> (Subject, OpenDoor) {
    let clock = Arc::new(ManualClock::default());
    let door = Door::local().await.unwrap();
    let lender = signer("kit-lender", &clock);
    let platform = PrivateKey::development(PLATFORM).unwrap().public();
    let keys = vec![lender.key.public()];
    let honest = HonestLender::new(&door.authority(), platform, lender, capabilities(), Manner::default());
    let client = ProtocolClient {
        http: HttpClient::new(NetworkPolicy::AllowLoopback).unwrap(),
        endpoint: Endpoint::parse(&door.url(), NetworkPolicy::AllowLoopback).unwrap(),
        signer: Arc::new(signer(PLATFORM, &clock)),
        lender_keys: keys,
        timeout: Duration::from_secs(2),
    };
    let mut caps = capabilities();
    match bad {
        Bad::NoCapabilities => caps.min_term_days = caps.max_term_days + 1,
        Bad::OtherPlace => caps.jurisdictions[0].country = "FR".into(),
        _ => {}
    }
    let good = ProtocolLender::new("kit-lender".parse().unwrap(), caps.clone(), client, None);
    let adapter = BadAdapter {
        bad,
        good,
        capabilities: caps,
        broken: false.into(),
    };
    let open = door.open(Arc::new(honest));
    let subject = Subject {
        lender: Arc::new(adapter),
        faults: Arc::clone(open.faults()),
        request: request(clock.now()),
        secrets: vec![],
    };
    (subject, open)
}

pub fn request(at: chrono::DateTime<chrono::Utc>) -> CreditRequest {
    let usd = |minor| Money::new(minor, Currency::usd());
    let id = || Counter.next();
    CreditRequest {
        id: id().into(),
        tenant: id().into(),
        borrower: id().into(),
        at,
        amount: usd(500_000),
        term: Period::new(12, Unit::Month),
        purpose: Purpose::Other,
        products: vec![],
        jurisdiction: domain::request::Jurisdiction {
            country: "US".into(),
            region: Some("CA".into()),
        },
        applicant: Applicant {
            full_name: "Kit Canary".into(),
            date_of_birth: None,
            monthly_income: usd(723_941),
            monthly_housing_cost: usd(148_373),
            monthly_debt_payments: usd(31_719),
            employment: Employment::Employed,
            employment_months: 40,
            residence_months: 30,
            delinquencies_24m: 0,
            inquiries_6m: 1,
            credit_history_months: Some(90),
            revolving_utilization_percent: Some(25),
            military_covered: false,
        },
        wallet: None,
        collateral: None,
        refinances: None,
        data_consents: Vec::new(),
    }
}

async fn report(bad: Bad, scenarios: Vec<Scenario>) -> Report {
    let (subject, _door) = subject(bad).await;
    let options = Options {
        scenarios,
        bends: false,
        ..Options::new(Arc::new(ManualClock::default()), Arc::new(Counter))
    };
    check(&subject, &options, &|_| {}).await
}

fn quick(ids: &[&str]) -> Vec<Scenario> {
    standard_scenarios()
        .into_iter()
        .filter(|scenario| ids.contains(&scenario.id.as_str()))
        .collect()
}

#[tokio::test]
async fn the_protocols_adapter_is_green_in_every_scenario() {
    let report = report(Bad::No, standard_scenarios()).await;
    assert!(report.is_green(), "{}", report.to_human());
    assert_eq!(report.counts().skipped, 0, "{}", report.to_human());
}

const BROKEN: [(Bad, &[&str]); 19] = [
    (Bad::NoCapabilities, &["adapter.capabilities", "adapter.eligible"]),
    (Bad::OtherPlace, &["adapter.eligible"]),
    (Bad::Declines, &["adapter.quotes"]),
    (Bad::OtherAmount, &["adapter.valid"]),
    (Bad::OtherApr, &["adapter.apr"]),
    (Bad::NoReference, &["adapter.accepts"]),
    (Bad::LessPaid, &["adapter.amount"]),
    (Bad::OtherLoanEachTime, &["adapter.repeat"]),
    (Bad::Forgets, &["adapter.known"]),
    (Bad::Invents, &["adapter.unknown"]),
    (Bad::Uncancels, &["adapter.cancels"]),
    (Bad::IgnoresDeadline, &["adapter.deadline"]),
    (Bad::Hangs, &["adapter.quotes", "adapter.deadline", "adapter.in-time"]),
    (Bad::Panics, &["adapter.quotes", "adapter.deadline", "adapter.no-panic"]),
    (Bad::TellsTheName, &["adapter.deadline", "adapter.no-personal-data"]),
    (
        Bad::TellsTheBody,
        &["adapter.deadline", "adapter.no-personal-data", "fault.accept-500"],
    ),
    (Bad::RetriesAcceptance, &["adapter.no-retry"]),
    (Bad::StaysBroken, &["adapter.recovers"]),
    (Bad::CallsEverythingLimited, &["adapter.deadline", "fault.accept-500"]),
];

#[tokio::test]
async fn each_rule_of_the_port_is_seen_broken() {
    for (bad, expected) in BROKEN {
        let faults: &[&str] = match bad {
            Bad::TellsTheName
            | Bad::TellsTheBody
            | Bad::RetriesAcceptance
            | Bad::StaysBroken
            | Bad::CallsEverythingLimited => &["fault.accept-500"],
            _ => &[],
        };
        let report = report(bad, quick(faults)).await;
        assert_eq!(report.failed(), *expected, "{bad:?}\n{}", report.to_human());
    }
}

/// An adapter that calls every failure by one name fails every scenario that does not allow it.
#[tokio::test]
async fn each_scenario_is_seen_broken() {
    use usance_kit::adapter::Class;
    let all = standard_scenarios();
    let fails = |class: Class| {
        all.iter()
            .filter(move |s| !s.expect.contains(&class) && !s.expect.contains(&Class::Answer))
    };
    let limited: Vec<_> = fails(Class::RateLimited).cloned().collect();
    let seen = report(Bad::CallsEverythingLimited, limited.clone()).await;
    let failed: BTreeSet<_> = seen.failed().into_iter().map(str::to_owned).collect();
    for scenario in &limited {
        assert!(failed.contains(&scenario.id), "{}\n{}", scenario.id, seen.to_human());
    }
    let rest: Vec<_> = all.iter().filter(|s| !limited.contains(s)).cloned().collect();
    let unanswered: Vec<_> = rest
        .iter()
        .filter(|s| !s.expect.contains(&Class::Answer))
        .cloned()
        .collect();
    let seen = report(Bad::CallsEverythingUnsupported, unanswered.clone()).await;
    for scenario in &unanswered {
        assert!(seen.failed().contains(&scenario.id.as_str()), "{}", seen.to_human());
    }
    // What must be answered all the same, by an adapter that is out of order.
    let answered: Vec<Scenario> = rest.into_iter().filter(|s| s.expect.contains(&Class::Answer)).collect();
    assert_eq!(answered.len(), 2, "a question and an acceptance, answered twice");
}

/// A check that cannot fail is a defect.
#[test]
fn every_rule_of_the_port_has_an_adapter_that_breaks_it() {
    let broken: BTreeSet<&str> = BROKEN.iter().flat_map(|(_, ids)| *ids).copied().collect();
    let all = checks();
    let rules = all.iter().filter(|check| check.area == Area::Adapter);
    let missing: Vec<_> = rules
        .map(|check| check.id.as_ref())
        .filter(|id| !broken.contains(id))
        .collect();
    assert!(missing.is_empty(), "{missing:?}");
}
