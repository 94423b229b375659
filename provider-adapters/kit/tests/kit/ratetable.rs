//! The adapter of marketplaces under the kit: green in every scenario, and each way to bend it fails by its own check.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::calendar::{Period, Unit};
use domain::request::{Applicant, CreditRequest, Employment, Jurisdiction, Purpose};
use domain::{Currency, Money, ProviderId, Rate, SettlementId};
use lenders::{RateTableConfig, RateTableLender};
use sandbox::World;
use sandbox::ratetable::{Marketplace, standard_originators};
use sdk::{
    AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Clock, HttpClient, Ids, Lender, LenderError, LenderStatus,
    NetworkPolicy,
};
use usance_kit::Report;
use usance_kit::adapter::{Options, Scenario, Subject, check, standard_scenarios};
use usance_kit::door::{Counterparty, Door, Heard, OpenDoor, Said};

use crate::world::{Counter, ManualClock};

const TOKEN: &str = "kit-marketplace-token";

/// The marketplace behind a door.
struct Behind(Marketplace);

#[async_trait]
impl Counterparty for Behind {
    async fn answer(&self, heard: &Heard) -> Option<Said> {
        let authorization = heard.headers.get("authorization").and_then(|value| value.to_str().ok());
        let (status, body) = self.0.answer(&heard.method, &heard.path, authorization, &heard.body);
        Some(Said {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.to_string().into_bytes(),
        })
    }
}

/// A way to be a bad adapter of marketplaces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bend {
    No,
    /// Shows the best end of the range as the APR.
    BestEnd,
    /// Says that a limit is a failure.
    LimitIsFailure,
    /// Takes a hand-off for a loan that waits.
    HandOffIsALoan,
    /// Declines where the marketplace fails.
    FailureIsADecline,
}

struct Bent(Bend, RateTableLender);

#[async_trait]
impl Lender for Bent {
    fn id(&self) -> &ProviderId {
        self.1.id()
    }

    fn capabilities(&self) -> &Capabilities {
        self.1.capabilities()
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let mut answer = self.1.quote(ask).await;
        match (self.0, &mut answer) {
            (Bend::BestEnd, Ok(Answer::Offers(offers))) => {
                for offer in offers {
                    offer.declared.apr = Rate::from_bps(799);
                }
            }
            (Bend::LimitIsFailure, Err(error @ LenderError::RateLimited)) => {
                *error = LenderError::Unavailable("limit".into());
            }
            (Bend::FailureIsADecline, Err(LenderError::Unavailable(_))) => {
                return Ok(Answer::Declined(vec![domain::Reason::new("NO_OFFER", "No offer.")]));
            }
            _ => {}
        }
        answer
    }

    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        self.1.accept(order).await
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        let status = self.1.status(settlement).await?;
        Ok(match (self.0, status) {
            (Bend::HandOffIsALoan, LenderStatus::Unknown) => LenderStatus::Accepted,
            (_, status) => status,
        })
    }

    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.1.cancel(settlement).await
    }
}

async fn subject(bend: Bend) -> (Subject, OpenDoor, tempfile::TempDir) {
    let clock = Arc::new(ManualClock::default());
    let door = Door::local().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let token = folder.path().join("token");
    std::fs::write(&token, TOKEN).unwrap();
    let text = format!(
        "id = \"kit-market\"\nurl = \"{}\"\ntoken = {{ file = \"{}\" }}\npoll_ms = 10\ntimeout_ms = 4000\n[capabilities]\n\
         products = [\"INSTALLMENT\"]\njurisdictions = [{{ country = \"US\" }}]\n\
         amounts = [{{ currency = \"USD\", min = 50000, max = 5000000 }}]\nmin_term_days = 80\nmax_term_days = 1900\ninquiry = \"SOFT\"\n",
        door.url(),
        token.display()
    );
    let config: RateTableConfig = toml::from_str(&text).unwrap();
    let http = HttpClient::new(NetworkPolicy::AllowLoopback).unwrap();
    let adapter = RateTableLender::new(config, http, NetworkPolicy::AllowLoopback, clock.clone()).unwrap();
    let world = World {
        clock: clock.clone(),
        ids: Arc::new(Counter),
    };
    let open = door.open(Arc::new(Behind(Marketplace::new(standard_originators(), TOKEN, world))));
    let subject = Subject {
        lender: Arc::new(Bent(bend, adapter)),
        faults: Arc::clone(open.faults()),
        request: request(clock.now()),
        secrets: vec![TOKEN.into()],
    };
    (subject, open, folder)
}

pub fn request(at: chrono::DateTime<chrono::Utc>) -> CreditRequest {
    let usd = |minor| Money::new(minor, Currency::usd());
    CreditRequest {
        id: Counter.next().into(),
        tenant: Counter.next().into(),
        borrower: Counter.next().into(),
        at,
        amount: usd(500_000),
        term: Period::new(24, Unit::Month),
        purpose: Purpose::Other,
        products: vec![],
        jurisdiction: Jurisdiction {
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

async fn report(bend: Bend, scenarios: Vec<Scenario>) -> Report {
    let (subject, _door, _folder) = subject(bend).await;
    let options = Options {
        deadline: Duration::from_secs(4),
        patience: Duration::from_secs(4),
        scenarios,
        bends: true,
        clock: Arc::new(ManualClock::default()),
        ids: Arc::new(Counter),
    };
    check(&subject, &options, &|_| {}).await
}

#[tokio::test]
async fn the_adapter_of_marketplaces_is_green_in_every_scenario() {
    let report = report(Bend::No, standard_scenarios()).await;
    assert!(report.is_green(), "{}", report.to_human());
    // A marketplace pays nothing out and breaks no payment up: the amount of a payout and the sum of the parts cannot be seen.
    assert_eq!(report.counts().skipped, 2, "{}", report.to_human());
}

#[tokio::test]
async fn each_bent_adapter_of_marketplaces_fails_by_its_check() {
    let bends: [(Bend, &str, &[&str]); 4] = [
        (Bend::BestEnd, "fault.quote-429", &["adapter.apr"]),
        (Bend::LimitIsFailure, "fault.quote-429", &["fault.quote-429"]),
        (Bend::HandOffIsALoan, "fault.quote-429", &["adapter.unknown"]),
        (Bend::FailureIsADecline, "fault.quote-503", &["fault.quote-503"]),
    ];
    for (bend, scenario, expected) in bends {
        let scenarios = standard_scenarios().into_iter().filter(|s| s.id == scenario).collect();
        let report = report(bend, scenarios).await;
        assert_eq!(report.failed(), *expected, "{bend:?}\n{}", report.to_human());
    }
}
