//! The bank by files under the kit. It calls nobody, so that the rules of the port are what can be tried; a bank at the other end of the
//! folder takes what waits there before each look at a loan.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use domain::{Currency, ProviderId, Rate, SettlementId};
use lenders::{BankFiles, BankFilesConfig};
use sandbox::bankfiles::SandboxBank;
use sdk::{AcceptOrder, AcceptReceipt, Answer, Ask, Capabilities, Clock, Lender, LenderError, LenderStatus};
use usance_kit::adapter::{Options, Subject, check, standard_scenarios};
use usance_kit::door::FaultLine;
use usance_kit::{Outcome, Report};

use crate::ratetable::request;
use crate::world::{Counter, ManualClock};

const ACCOUNT: &str = "100200300";

/// A way to be a bad bank by files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bend {
    No,
    /// Shows less than its own payments cost.
    Misdeclares,
    /// Says that the principal is paid out, not what is left of it.
    Principal,
    /// Has a new loan for each acceptance.
    Twice,
    /// Forgets what it accepted.
    Forgets,
}

struct Bent {
    bend: Bend,
    ours: BankFiles,
    bank: SandboxBank,
    seen: Mutex<Seen>,
}

/// What was accepted, and how many payments the bank made.
#[derive(Default)]
struct Seen {
    orders: Vec<AcceptOrder>,
    acceptances: usize,
    paid: usize,
}

#[async_trait]
impl Lender for Bent {
    fn id(&self) -> &ProviderId {
        self.ours.id()
    }

    fn capabilities(&self) -> &Capabilities {
        self.ours.capabilities()
    }

    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError> {
        let mut answer = self.ours.quote(ask).await?;
        if let (Bend::Misdeclares, Answer::Offers(offers)) = (self.bend, &mut answer) {
            for offer in offers {
                offer.declared.apr = Rate::from_percent(1);
            }
        }
        Ok(answer)
    }

    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError> {
        let mut receipt = self.ours.accept(order).await?;
        let mut seen = self.seen.lock().unwrap();
        seen.acceptances += 1;
        if seen.orders.iter().all(|known| known.settlement != order.settlement) {
            seen.orders.push(order.clone());
        }
        if self.bend == Bend::Twice {
            receipt.loan_ref = format!("{}-{}", receipt.loan_ref, seen.acceptances);
        }
        Ok(receipt)
    }

    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.seen.lock().unwrap().paid += self.bank.work().unwrap();
        let taken = self.ours.take_in().await.unwrap();
        assert!(taken.refused.is_empty() && taken.aside.is_empty());
        let mut status = self.ours.status(settlement).await?;
        let seen = self.seen.lock().unwrap();
        let order = seen.orders.iter().find(|order| order.settlement == settlement);
        match (self.bend, &mut status, order) {
            (Bend::Principal, LenderStatus::Disbursed { amount, .. }, Some(order)) => *amount = order.principal,
            (Bend::Forgets, _, Some(_)) => status = LenderStatus::Unknown,
            _ => {}
        }
        Ok(status)
    }

    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError> {
        self.ours.cancel(settlement).await
    }
}

async fn report(bend: Bend) -> (Report, Seen) {
    let clock = Arc::new(ManualClock::default());
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "id = \"kit-bank\"\nfolder = \"{}\"\ncurrency = \"USD\"\n\
         account = {{ name = \"File Bank loans\", number = \"{ACCOUNT}\", routing = \"021000021\" }}\n\
         payout = {{ name = \"Usance client money\", number = \"400500600\", routing = \"021000021\" }}\n\
         rates = [{{ max_months = 36, rate_ppm = 110000, fee_bps = 150 }}]\n[capabilities]\n\
         products = [\"INSTALLMENT\"]\njurisdictions = [{{ country = \"US\" }}]\n\
         amounts = [{{ currency = \"USD\", min = 50000, max = 5000000 }}]\nmin_term_days = 80\nmax_term_days = 1900\ninquiry = \"SOFT\"\n",
        folder.path().display()
    );
    let config: BankFilesConfig = toml::from_str(&text).unwrap();
    let lender = Arc::new(Bent {
        bend,
        ours: BankFiles::open(config, clock.clone()).unwrap(),
        bank: SandboxBank::new(folder.path(), ACCOUNT, Currency::usd(), clock.clone()),
        seen: Mutex::default(),
    });
    let subject = Subject {
        lender: lender.clone(),
        faults: Arc::new(FaultLine::default()),
        request: request(clock.now()),
        secrets: vec!["400500600".into()],
    };
    let options = Options {
        deadline: Duration::from_mins(1),
        patience: Duration::from_mins(1),
        scenarios: standard_scenarios(),
        bends: true,
        clock,
        ids: Arc::new(Counter),
    };
    let report = check(&subject, &options, &|_| {}).await;
    // What the last scenarios accepted.
    let unknown = SettlementId(uuid::Uuid::nil());
    lender.status(unknown).await.unwrap();
    let seen = std::mem::take(&mut *lender.seen.lock().unwrap());
    (report, seen)
}

#[tokio::test]
async fn the_bank_by_files_keeps_the_rules_of_the_port_and_pays_once_for_each_acceptance() {
    let (report, seen) = report(Bend::No).await;
    assert!(report.is_green(), "{}", report.to_human());
    let skipped: Vec<_> = report
        .findings
        .iter()
        .filter(|finding| matches!(finding.outcome, Outcome::Skipped { .. }))
        .map(|finding| finding.check.id.as_ref())
        .filter(|id| id.starts_with("adapter."))
        .collect();
    // Nothing goes wrong on a network that is not there.
    assert_eq!(
        skipped,
        ["adapter.no-retry", "adapter.recovers"],
        "{}",
        report.to_human()
    );
    assert!(seen.acceptances > seen.orders.len(), "some orders came twice");
    assert_eq!(seen.paid, seen.orders.len());
}

#[tokio::test]
async fn each_bent_bank_by_files_fails_by_its_check() {
    for (bend, expected) in [
        (Bend::Misdeclares, "adapter.apr"),
        (Bend::Principal, "adapter.amount"),
        (Bend::Twice, "adapter.repeat"),
        (Bend::Forgets, "adapter.known"),
    ] {
        let (report, _) = report(bend).await;
        assert_eq!(report.failed(), [expected], "{bend:?}\n{}", report.to_human());
    }
}
