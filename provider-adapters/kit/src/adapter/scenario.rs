//! Scenario files: one fault at one step, and what the adapter must make of it.

use std::borrow::Cow;

use domain::ports::{AcceptOrder, Answer, LenderError};
use serde::Deserialize;

use super::drive::{CANARY, Driver, Given, Lost, told};
use crate::check::{Area, Check, Verdicts};
use crate::door::Fault;

const FILES: [(&str, &str); 4] = [
    ("quote.toml", include_str!("../../scenarios/quote.toml")),
    ("accept.toml", include_str!("../../scenarios/accept.toml")),
    ("status.toml", include_str!("../../scenarios/status.toml")),
    ("cancel.toml", include_str!("../../scenarios/cancel.toml")),
];

/// A method of the port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// A question.
    Quote,
    /// An acceptance.
    Accept,
    /// The state of a loan.
    Status,
    /// A withdrawal.
    Cancel,
}

impl Step {
    fn is_mutation(self) -> bool {
        matches!(self, Self::Accept | Self::Cancel)
    }
}

/// What the adapter says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// The answer, as if nothing had happened.
    Answer,
    /// `LenderError::Unsupported`.
    Unsupported,
    /// `LenderError::Refused`.
    Refused,
    /// `LenderError::RateLimited`.
    RateLimited,
    /// `LenderError::TimedOut`.
    TimedOut,
    /// `LenderError::Unavailable`.
    Unavailable,
    /// `LenderError::Malformed`.
    Malformed,
}

impl Class {
    fn of<T>(given: &Given<T>) -> Option<Self> {
        Some(match given {
            Ok(Ok(_)) => Self::Answer,
            Ok(Err(LenderError::Unsupported(_))) => Self::Unsupported,
            Ok(Err(LenderError::Refused(_))) => Self::Refused,
            Ok(Err(LenderError::RateLimited)) => Self::RateLimited,
            Ok(Err(LenderError::TimedOut)) => Self::TimedOut,
            Ok(Err(LenderError::Unavailable(_))) => Self::Unavailable,
            Ok(Err(LenderError::Malformed { .. })) => Self::Malformed,
            Err(Lost::Panic | Lost::Late) => return None,
        })
    }
}

/// One scenario.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// `fault.` and a name.
    pub id: String,
    /// The rule.
    pub says: String,
    /// What goes wrong when it is broken.
    pub why: String,
    /// What to do about it.
    pub fix: String,
    /// Where.
    pub step: Step,
    /// What the adapter may say.
    pub expect: Vec<Class>,
    /// The fault; it lasts for the whole step.
    pub fault: Fault,
}

impl Scenario {
    /// As a check.
    pub fn check(&self) -> Check {
        Check {
            id: Cow::Owned(self.id.clone()),
            area: Area::Fault,
            says: Cow::Owned(self.says.clone()),
            why: Cow::Owned(self.why.clone()),
            fix: Cow::Owned(self.fix.clone()),
        }
    }
}

/// A scenario file that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ScenarioError {
    /// No TOML, or not of this shape.
    #[error("{0}: {1}")]
    Format(String, #[source] toml::de::Error),
    /// An id outside `fault.`, or nothing expected.
    #[error("{0}: the scenario {1} needs an id that starts with \"fault.\" and something to expect")]
    Incomplete(String, String),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    scenario: Vec<Scenario>,
}

/// Reads a scenario file.
pub fn read(name: &str, text: &str) -> Result<Vec<Scenario>, ScenarioError> {
    let file: File = toml::from_str(text).map_err(|error| ScenarioError::Format(name.into(), error))?;
    for scenario in &file.scenario {
        if !scenario.id.starts_with("fault.") || scenario.expect.is_empty() {
            return Err(ScenarioError::Incomplete(name.into(), scenario.id.clone()));
        }
    }
    Ok(file.scenario)
}

/// The scenarios of the kit, shared by all adapters.
pub fn standard() -> Vec<Scenario> {
    let read = |(name, text)| read(name, text).unwrap_or_default();
    FILES.into_iter().flat_map(read).collect()
}

/// A step for which the adapter called nobody, with and without the fault, cannot go wrong: its scenarios are skipped with what it said.
pub(super) async fn run(driver: &mut Driver<'_>, verdicts: &mut Verdicts) {
    for scenario in driver.options.scenarios.clone() {
        match play(driver, &scenario).await {
            Err(reason) => verdicts.skip(&scenario.id, reason),
            Ok((class, told)) => {
                let right = class.is_some_and(|class| scenario.expect.contains(&class));
                let seen = format!("{told}; expected: {:?}", scenario.expect);
                verdicts.verdict(&scenario.id, if right { Ok(()) } else { Err(seen) });
            }
        }
    }
}

/// Plays a scenario; the error says why it could not be.
async fn play(driver: &mut Driver<'_>, scenario: &Scenario) -> Result<(Option<Class>, String), String> {
    let faults = driver.subject.faults.clone();
    faults.arm(None, 0);
    let request = driver.request();
    let order = match scenario.step {
        Step::Quote => None,
        Step::Accept => Some(order(driver).await?),
        Step::Status | Step::Cancel => {
            let order = order(driver).await?;
            match driver.accept(&order).await {
                Ok(Ok(_)) => Some(order),
                other => return Err(format!("nothing could be accepted: {}", told(&other))),
            }
        }
    };
    faults.arm(Some(with_canary(scenario.fault.clone())), usize::MAX);
    let outcome = match (&order, scenario.step) {
        (Some(order), Step::Accept) => summary(&driver.accept(order).await),
        (Some(order), Step::Status) => summary(&driver.status(order.settlement).await),
        (Some(order), Step::Cancel) => summary(&driver.cancel(order.settlement).await),
        _ => summary(&driver.quote(&request).await),
    };
    let calls = faults.calls();
    faults.arm(None, 0);
    if calls == 0 && driver.usual.get(&scenario.step) == Some(&0) {
        return Err(format!("the adapter asks nobody for this: {}", outcome.1));
    }
    driver.played = true;
    count(driver, scenario, calls);
    recovers(driver, order.as_ref()).await;
    Ok(outcome)
}

fn summary<T>(given: &Given<T>) -> (Option<Class>, String) {
    (Class::of(given), told(given))
}

async fn order(driver: &mut Driver<'_>) -> Result<AcceptOrder, String> {
    let request = driver.request();
    match driver.quote(&request).await {
        Ok(Ok(Answer::Offers(offers))) => {
            let offer = offers.first().ok_or("there is no offer")?;
            Ok(driver.order(&request, offer))
        }
        other => Err(format!("there is no offer: {}", told(&other))),
    }
}

fn count(driver: &mut Driver<'_>, scenario: &Scenario, calls: usize) {
    let usual = driver.usual.get(&scenario.step).copied().unwrap_or(1).max(1);
    let most = if scenario.step.is_mutation() { usual } else { usual * 3 };
    if calls > most {
        let seen = format!("{calls} calls in {}, {usual} without the fault", scenario.id);
        driver.saw("adapter.no-retry", seen);
    }
}

async fn recovers(driver: &mut Driver<'_>, order: Option<&AcceptOrder>) {
    let healthy = if let Some(order) = order {
        let given = driver.status(order.settlement).await;
        matches!(given, Ok(Ok(_) | Err(LenderError::Unsupported(_))))
    } else {
        let request = driver.request();
        matches!(driver.quote(&request).await, Ok(Ok(_)))
    };
    if !healthy {
        driver.saw("adapter.recovers", "the call after the fault failed".into());
    }
}

/// Puts what no error may repeat into the bodies of a fault.
fn with_canary(fault: Fault) -> Fault {
    match fault {
        Fault::Answer { status, headers, body } => {
            let body = body.replace("$CANARY", CANARY);
            Fault::Answer { status, headers, body }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_file_of_the_kit_can_be_read() {
        for (name, text) in FILES {
            let scenarios = read(name, text).unwrap_or_else(|error| panic!("{error:?}"));
            let step = name.trim_end_matches(".toml");
            for scenario in scenarios {
                assert!(scenario.id.starts_with(&format!("fault.{step}-")), "{}", scenario.id);
            }
        }
        assert!(standard().len() >= 40, "{}", standard().len());
    }

    #[test]
    fn a_scenario_that_expects_nothing_or_has_a_foreign_name_is_refused() {
        let scenario = |id: &str, expect: &str| {
            format!(
                "[[scenario]]\nid = \"{id}\"\nsays = \"s\"\nwhy = \"w\"\nfix = \"f\"\nstep = \"quote\"\nexpect = {expect}\nfault = {{ kind = \"silence\" }}\n"
            )
        };
        assert!(read("a", &scenario("fault.a", "[\"timed-out\"]")).is_ok());
        assert!(matches!(
            read("a", &scenario("fault.a", "[]")),
            Err(ScenarioError::Incomplete(..))
        ));
        assert!(matches!(
            read("a", &scenario("offer.a", "[\"timed-out\"]")),
            Err(ScenarioError::Incomplete(..))
        ));
        assert!(matches!(read("a", "x = 1"), Err(ScenarioError::Format(..))));
    }
}
