//! Checks of an adapter: any [`sdk::Lender`] against a counterparty that the kit serves behind a [`crate::door::Door`].
//!
//! Build the adapter against the door's address, and hand both over. What the counterparty is does not matter: a fake of the
//! adapter's own, or [`crate::counterparty::HonestLender`]. The ways to fail are the scenario files in `scenarios/`, the same
//! for every adapter.

mod behavior;
mod bend;
mod drive;
mod scenario;

use std::sync::Arc;
use std::time::{Duration, Instant};

use domain::request::CreditRequest;
use sdk::{Clock, Ids, Lender};

use crate::check::{Area, Check, Progress, Verdicts};
use crate::door::FaultLine;
use crate::report::Report;
use drive::Driver;

pub use scenario::{Class, Scenario, ScenarioError, Step, read as read_scenarios, standard as standard_scenarios};

/// An adapter and what it is driven with.
#[derive(Clone)]
pub struct Subject {
    /// The adapter, built against the door's address.
    pub lender: Arc<dyn Lender>,
    /// What goes wrong at the door.
    pub faults: Arc<FaultLine>,
    /// A request that the counterparty answers with an offer. What it says of the applicant is looked for in every error.
    pub request: CreditRequest,
    /// Other text that no error may repeat: secrets, addresses.
    pub secrets: Vec<String>,
}

impl std::fmt::Debug for Subject {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Subject({})", self.lender.id())
    }
}

/// How to check an adapter.
#[derive(Clone)]
pub struct Options {
    /// How long a question may take.
    pub deadline: Duration,
    /// How long any other call may take.
    pub patience: Duration,
    /// Ways to fail; [`standard_scenarios`] are all.
    pub scenarios: Vec<Scenario>,
    /// Whether answers are bent, one value at a time.
    pub bends: bool,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids.
    pub ids: Arc<dyn Ids>,
}

impl std::fmt::Debug for Options {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Options({} scenarios)", self.scenarios.len())
    }
}

impl Options {
    /// The usual ones: 2 s for each call, every standard scenario, every answer bent.
    pub fn new(clock: Arc<dyn Clock>, ids: Arc<dyn Ids>) -> Self {
        Self {
            deadline: Duration::from_secs(2),
            patience: Duration::from_secs(2),
            scenarios: standard_scenarios(),
            bends: true,
            clock,
            ids,
        }
    }
}

/// The checks of an adapter: its behavior, how it reads bent answers, then one for each standard scenario.
pub fn checks() -> Vec<Check> {
    let mut all = behavior::checks();
    all.extend(bend::checks());
    all.extend(standard_scenarios().iter().map(Scenario::check));
    all
}

/// Runs the checks of an adapter.
pub async fn check(subject: &Subject, options: &Options, progress: &(dyn Fn(Progress) + Sync)) -> Report {
    let started = Instant::now();
    let mut driver = Driver::new(subject, options);
    let mut verdicts = Verdicts::default();
    for area in [Area::Adapter, Area::Answer, Area::Fault] {
        progress(Progress::Area(area));
        match area {
            Area::Adapter => behavior::run(&mut driver, &mut verdicts).await,
            Area::Answer if options.bends => bend::run(&mut driver, &mut verdicts).await,
            Area::Answer => {}
            _ => scenario::run(&mut driver, &mut verdicts).await,
        }
        let (passed, failed, skipped) = verdicts.count(area);
        progress(Progress::Done {
            area,
            passed,
            failed,
            skipped,
        });
    }
    driver.conclude(&mut verdicts);
    let mut checks = behavior::checks();
    if options.bends {
        checks.extend(bend::checks());
    }
    checks.extend(options.scenarios.iter().map(Scenario::check));
    Report {
        target: format!("adapter {}", subject.lender.id()),
        took_ms: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
        findings: verdicts.findings(checks),
    }
}
