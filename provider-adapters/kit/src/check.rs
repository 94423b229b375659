//! What a check is, and what came of it.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A group of checks; `--only` takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Area {
    /// The lender answers at all, in HTTP.
    Reach,
    /// Message signatures, both ways.
    Signature,
    /// Messages have the protocol's shape.
    Schema,
    /// Bad input is refused and harms nothing.
    Robust,
    /// What the lender declares that it does, and what it does.
    Limits,
    /// The numbers of an offer.
    Offer,
    /// A repeated question.
    Repeat,
    /// Accepting an offer.
    Accept,
    /// The state of a loan.
    Status,
    /// Withdrawing.
    Cancel,
    /// Answers that come later.
    Callback,
    /// Personal data.
    Privacy,
    /// An adapter's behavior.
    Adapter,
    /// An adapter's reading of an answer with one thing changed.
    Answer,
    /// An adapter when its counterparty fails.
    Fault,
}

impl Area {
    /// Every area, in the order in which they run.
    pub const ALL: [Self; 15] = [
        Self::Reach,
        Self::Signature,
        Self::Schema,
        Self::Robust,
        Self::Limits,
        Self::Offer,
        Self::Repeat,
        Self::Accept,
        Self::Status,
        Self::Cancel,
        Self::Callback,
        Self::Privacy,
        Self::Adapter,
        Self::Answer,
        Self::Fault,
    ];

    /// The name, as `--only` takes it and as ids start with it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reach => "reach",
            Self::Signature => "signature",
            Self::Schema => "schema",
            Self::Robust => "robust",
            Self::Limits => "limits",
            Self::Offer => "offer",
            Self::Repeat => "repeat",
            Self::Accept => "accept",
            Self::Status => "status",
            Self::Cancel => "cancel",
            Self::Callback => "callback",
            Self::Privacy => "privacy",
            Self::Adapter => "adapter",
            Self::Answer => "answer",
            Self::Fault => "fault",
        }
    }

    /// What the area is about, in one line.
    pub fn says(self) -> &'static str {
        match self {
            Self::Reach => "The lender answers, and answers in HTTP as the protocol does.",
            Self::Signature => "Every message is signed; a message that is not rightly signed is refused.",
            Self::Schema => "Messages have exactly the shape of the protocol.",
            Self::Robust => "Bad input is refused with a 4xx problem and harms nothing.",
            Self::Limits => "The lender does what its declared capabilities say, and nothing beyond them.",
            Self::Offer => "The numbers of an offer agree with each other and with the question.",
            Self::Repeat => "A repeated question is the same question.",
            Self::Accept => "An acceptance pays once, and only what was offered.",
            Self::Status => "The state of a loan is told truthfully at any time.",
            Self::Cancel => "A loan that has not been paid out can be withdrawn.",
            Self::Callback => "Answers that come later are signed, numbered, repeated until taken, and end.",
            Self::Privacy => "Personal data goes to the lender and does not come back.",
            Self::Adapter => "An adapter does what the Lender port promises.",
            Self::Answer => "An adapter reads an answer as it stands, or refuses it; it makes nothing up.",
            Self::Fault => "An adapter says truthfully what went wrong, in time, and repeats no mutation.",
        }
    }
}

impl fmt::Display for Area {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// No area of that name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no such area; there are: {}", Area::ALL.map(Area::as_str).join(", "))]
pub struct UnknownArea;

impl FromStr for Area {
    type Err = UnknownArea;

    fn from_str(text: &str) -> Result<Self, UnknownArea> {
        Self::ALL
            .into_iter()
            .find(|area| area.as_str() == text)
            .ok_or(UnknownArea)
    }
}

/// One rule that is checked, as data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Check {
    /// Stable, `area.name`.
    pub id: Cow<'static, str>,
    /// Its group.
    pub area: Area,
    /// The rule.
    pub says: Cow<'static, str>,
    /// What goes wrong when it is broken.
    pub why: Cow<'static, str>,
    /// What to do about it.
    pub fix: Cow<'static, str>,
}

impl Check {
    /// A check from literals: id, rule, reason, hint.
    pub(crate) const fn new(area: Area, texts: [&'static str; 4]) -> Self {
        let [id, says, why, fix] = texts;
        Self {
            id: Cow::Borrowed(id),
            area,
            says: Cow::Borrowed(says),
            why: Cow::Borrowed(why),
            fix: Cow::Borrowed(fix),
        }
    }
}

/// What came of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "lowercase")]
pub enum Outcome {
    /// The rule holds.
    Passed,
    /// It does not.
    Failed {
        /// What was seen.
        seen: String,
    },
    /// It could not be tried.
    Skipped {
        /// Why not.
        reason: String,
    },
}

/// A check and what came of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// The check.
    #[serde(flatten)]
    pub check: Check,
    /// What came of it.
    #[serde(flatten)]
    pub outcome: Outcome,
}

/// What happens while the checks run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// An area begins.
    Area(Area),
    /// An area ended.
    Done {
        /// Which.
        area: Area,
        /// Checks of it that passed.
        passed: usize,
        /// Checks of it that failed.
        failed: usize,
        /// Checks of it that could not be tried.
        skipped: usize,
    },
}

/// Verdicts of a run, by check.
#[derive(Debug, Default)]
pub(crate) struct Verdicts(BTreeMap<String, Outcome>);

impl Verdicts {
    /// Says that the rule holds, unless it was seen broken before.
    pub(crate) fn pass(&mut self, id: &str) {
        self.set(id, Outcome::Passed);
    }

    /// Says that the rule was seen broken.
    pub(crate) fn fail(&mut self, id: &str, seen: impl Into<String>) {
        self.set(id, Outcome::Failed { seen: seen.into() });
    }

    /// Says that the rule could not be tried, unless it was.
    pub(crate) fn skip(&mut self, id: &str, reason: impl Into<String>) {
        self.set(id, Outcome::Skipped { reason: reason.into() });
    }

    /// Passes or fails.
    pub(crate) fn verdict(&mut self, id: &str, verdict: Result<(), String>) {
        match verdict {
            Ok(()) => self.pass(id),
            Err(seen) => self.fail(id, seen),
        }
    }

    fn set(&mut self, id: &str, outcome: Outcome) {
        let weight = |outcome: &Outcome| match outcome {
            Outcome::Skipped { .. } => 0,
            Outcome::Passed => 1,
            Outcome::Failed { .. } => 2,
        };
        let known = self.0.get(id).map(weight);
        if known.is_none_or(|known| weight(&outcome) > known) {
            self.0.insert(id.to_owned(), outcome);
        }
    }

    /// The findings of these checks; one without a verdict was not reached.
    pub(crate) fn findings(mut self, checks: impl IntoIterator<Item = Check>) -> Vec<Finding> {
        let found = checks.into_iter().map(|check| {
            let outcome = self.0.remove(check.id.as_ref()).unwrap_or_else(|| Outcome::Skipped {
                reason: "an earlier step did not get this far".into(),
            });
            Finding { check, outcome }
        });
        let found = found.collect();
        debug_assert!(self.0.is_empty(), "verdicts without a check: {:?}", self.0.keys());
        found
    }

    /// How many of an area passed, failed and were skipped so far.
    pub(crate) fn count(&self, area: Area) -> (usize, usize, usize) {
        let of_area = self
            .0
            .iter()
            .filter(|(id, _)| id.split('.').next() == Some(area.as_str()));
        of_area.fold((0, 0, 0), |(p, f, s), (_, outcome)| match outcome {
            Outcome::Passed => (p + 1, f, s),
            Outcome::Failed { .. } => (p, f + 1, s),
            Outcome::Skipped { .. } => (p, f, s + 1),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_once_seen_broken_stays_broken() {
        let check = Check::new(Area::Reach, ["reach.x", "", "", ""]);
        let mut verdicts = Verdicts::default();
        verdicts.skip("reach.x", "later");
        verdicts.pass("reach.x");
        verdicts.fail("reach.x", "first");
        verdicts.fail("reach.x", "second");
        verdicts.pass("reach.x");
        assert_eq!(verdicts.count(Area::Reach), (0, 1, 0));
        let found = verdicts.findings([check]);
        assert_eq!(found[0].outcome, Outcome::Failed { seen: "first".into() });
    }

    #[test]
    fn a_check_without_a_verdict_is_no_pass() {
        let found = Verdicts::default().findings([Check::new(Area::Reach, ["reach.x", "", "", ""])]);
        assert!(matches!(found[0].outcome, Outcome::Skipped { .. }));
    }

    #[test]
    fn areas_are_read_by_their_names() {
        for area in Area::ALL {
            assert_eq!(area.as_str().parse(), Ok(area));
        }
        assert_eq!("colour".parse::<Area>(), Err(UnknownArea));
    }
}
