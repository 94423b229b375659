//! The model as data: read, checked completely, tried on its own golden rows, or refused.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use domain::{Outcome, Reason, RuleVersion};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::decide::decide_by;
use crate::facts::RiskFacts;

/// The version of the artefact format that this build reads.
const SCHEMA: u32 = 1;

/// Reasons that the engine itself gives, so every artefact has to carry their texts.
pub(crate) const INCOMPLETE: &str = "APPLICATION_INCOMPLETE";
pub(crate) const INCOME: &str = "INCOME_INSUFFICIENT";
pub(crate) const OBLIGATIONS: &str = "OBLIGATIONS_EXCESSIVE";

/// Why an artefact was refused. Every kind means the same for the caller: do not decide with it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArtefactError {
    /// The bytes are not those that were released.
    #[error("the artefact's hash differs from the released one")]
    Hash,
    /// A format that this build does not know.
    #[error("the artefact has schema {0}, this build reads {SCHEMA}")]
    Schema(u32),
    /// Not the JSON of an artefact: a field missing, unknown or of another type.
    #[error("the artefact cannot be read: {0}")]
    Syntax(String),
    /// Its parts contradict each other.
    #[error("the artefact is inconsistent: {0}")]
    Inconsistent(String),
    /// This build decides a golden row differently.
    #[error("golden row {row} comes out differently: {field}")]
    Golden {
        /// From 0.
        row: usize,
        /// What differs.
        field: &'static str,
    },
}

/// A fact that the model can use, as an integer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Fact {
    MonthlyIncomeMinor,
    DebtToIncomePpm,
    PaymentToIncomePpm,
    EmploymentMonths,
    ResidenceMonths,
    #[serde(rename = "DELINQUENCIES_24M")]
    Delinquencies24m,
    #[serde(rename = "INQUIRIES_6M")]
    Inquiries6m,
    CreditHistoryMonths,
    UtilizationPpm,
}

impl Fact {
    pub(crate) fn of(self, facts: &RiskFacts) -> Option<i64> {
        match self {
            Self::MonthlyIncomeMinor => facts.monthly_income_minor,
            Self::DebtToIncomePpm => facts.debt_to_income_ppm,
            Self::PaymentToIncomePpm => facts.payment_to_income_ppm,
            Self::EmploymentMonths => facts.employment_months.map(i64::from),
            Self::ResidenceMonths => Some(facts.residence_months.into()),
            Self::Delinquencies24m => Some(facts.delinquencies_24m.into()),
            Self::Inquiries6m => Some(facts.inquiries_6m.into()),
            Self::CreditHistoryMonths => facts.credit_history_months.map(i64::from),
            Self::UtilizationPpm => facts.utilization_ppm,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
enum Monotone {
    Rising,
    Falling,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Feature {
    pub fact: Fact,
    monotone: Monotone,
    pub reason: String,
    /// Points of the marginal approval; less is a reason against.
    pub neutral: i32,
    /// Absent: the fact is needed.
    pub missing: Option<Missing>,
    bins: Vec<Bin>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Missing {
    pub points: i32,
    pub reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Bin {
    below: Option<i64>,
    points: i32,
}

impl Feature {
    pub(crate) fn points(&self, value: i64) -> i32 {
        let bin = self.bins.iter().find(|bin| bin.below.is_none_or(|below| value < below));
        bin.map_or(self.lowest(), |bin| bin.points)
    }

    pub(crate) fn lowest(&self) -> i32 {
        self.all_points().min().unwrap_or(0)
    }

    fn highest(&self) -> i32 {
        self.all_points().max().unwrap_or(0)
    }

    fn all_points(&self) -> impl Iterator<Item = i32> {
        self.bins
            .iter()
            .map(|bin| bin.points)
            .chain(self.missing.iter().map(|missing| missing.points))
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Scale {
    min_score: i32,
    max_score: i32,
    base_score: i32,
    base_odds: i64,
    pdo: i32,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Totals {
    lowest: i32,
    neutral: i32,
    highest: i32,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Band {
    pub min_score: i32,
    pub income_multiple_ppm: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Capacity {
    pub debt_to_income_ppm: i64,
    pub principal_share_ppm: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct KnockOut {
    pub fact: Fact,
    below: Option<i64>,
    at_least: Option<i64>,
    pub reason: String,
}

impl KnockOut {
    pub(crate) fn hits(&self, facts: &RiskFacts) -> bool {
        self.fact.of(facts).is_some_and(|value| {
            self.below.is_some_and(|below| value < below) || self.at_least.is_some_and(|least| value >= least)
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Policy {
    /// Best first.
    pub bands: Vec<Band>,
    pub capacity: Capacity,
    pub knock_outs: Vec<KnockOut>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Golden {
    facts: RiskFacts,
    score: i32,
    pd_ppm: u32,
    outcome: Outcome,
    reasons: Vec<String>,
}

/// A checked model. There is no way to make one that was not checked.
#[derive(Debug)]
pub struct Model(Parts);

/// The artefact as it is written.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parts {
    #[expect(dead_code, reason = "checked before the rest is read")]
    schema: u32,
    id: String,
    version: u32,
    scale: Scale,
    pub base_points: i32,
    totals: Totals,
    pub features: Vec<Feature>,
    pub policy: Policy,
    reasons: Vec<Reason>,
    pd_ppm: Vec<u32>,
    golden: Vec<Golden>,
}

impl Model {
    /// Reads, checks and tries an artefact. `sha256` is the released hash of `json`, hexadecimal.
    pub fn load(json: &str, sha256: &str) -> Result<Self, ArtefactError> {
        // Read first and alone, so that a later format is called by its name.
        #[derive(Deserialize)]
        struct Head {
            schema: u32,
        }
        if hex::encode(Sha256::digest(json.as_bytes())) != sha256.trim() {
            return Err(ArtefactError::Hash);
        }
        let syntax = |e: serde_json::Error| ArtefactError::Syntax(e.to_string());
        let head: Head = serde_json::from_str(json).map_err(syntax)?;
        if head.schema != SCHEMA {
            return Err(ArtefactError::Schema(head.schema));
        }
        let parts: Parts = serde_json::from_str(json).map_err(syntax)?;
        parts.check().map_err(ArtefactError::Inconsistent)?;
        parts.try_golden_rows()?;
        Ok(Self(parts))
    }

    /// The model that ships with this build, loaded once and shared.
    pub fn built_in() -> Result<Arc<Self>, ArtefactError> {
        static MODEL: OnceLock<Result<Arc<Model>, ArtefactError>> = OnceLock::new();
        MODEL
            .get_or_init(|| {
                let released = include_str!("../model/points-v1.sha256");
                Self::load(include_str!("../model/points-v1.json"), released).map(Arc::new)
            })
            .clone()
    }

    pub(crate) fn parts(&self) -> &Parts {
        &self.0
    }

    /// Id and version, as decisions store them.
    pub fn version(&self) -> RuleVersion {
        self.0.rule_version()
    }
}

impl Parts {
    pub(crate) fn rule_version(&self) -> RuleVersion {
        RuleVersion {
            id: self.id.clone(),
            version: self.version,
        }
    }

    /// Points to a score on the scale.
    pub(crate) fn clamp(&self, points: i32) -> i32 {
        points.clamp(self.scale.min_score, self.scale.max_score)
    }

    /// Probability of default, parts per million, of a score on the scale.
    pub(crate) fn pd(&self, score: i32) -> u32 {
        let row = usize::try_from(score - self.scale.min_score).unwrap_or(0);
        self.pd_ppm.get(row).copied().unwrap_or(1_000_000)
    }

    /// The reason with its text.
    pub(crate) fn reason(&self, code: &str) -> Reason {
        let known = self.reasons.iter().find(|reason| reason.code == code);
        known.cloned().unwrap_or_else(|| Reason::new(code, code))
    }

    fn check(&self) -> Result<(), String> {
        self.check_features()?;
        self.check_reasons()?;
        self.check_policy()?;
        self.check_scale()
    }

    fn check_features(&self) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for feature in &self.features {
            let wrong = |what: &str| Err(format!("{:?}: {what}", feature.fact));
            if !seen.insert(feature.fact) {
                return wrong("used twice");
            }
            let edges: Vec<Option<i64>> = feature.bins.iter().map(|bin| bin.below).collect();
            let Some((None, inner)) = edges.split_last() else {
                return wrong("the last bin has to be open");
            };
            if inner.iter().any(Option::is_none) || inner.windows(2).any(|pair| pair[0] >= pair[1]) {
                return wrong("the edges have to rise");
            }
            let monotone = feature.bins.windows(2).all(|pair| match feature.monotone {
                Monotone::Rising => pair[0].points <= pair[1].points,
                Monotone::Falling => pair[0].points >= pair[1].points,
            });
            if !monotone {
                return wrong("the points are not monotone");
            }
            let sane = feature.all_points().all(|points| points.abs() <= 1_000);
            if !sane || !(feature.lowest()..=feature.highest()).contains(&feature.neutral) {
                return wrong("points out of range");
            }
        }
        let sum = |points: fn(&Feature) -> i32| self.base_points + self.features.iter().map(points).sum::<i32>();
        let totals = Totals {
            lowest: sum(Feature::lowest),
            neutral: sum(|f| f.neutral),
            highest: sum(Feature::highest),
        };
        if self.features.is_empty() || self.features.len() > 64 || self.base_points.abs() > 1_000 {
            return Err("number of features or base points out of range".into());
        }
        if totals == self.totals {
            Ok(())
        } else {
            Err("the totals are not the sums of the points".into())
        }
    }

    fn check_reasons(&self) -> Result<(), String> {
        let codes: BTreeSet<&str> = self.reasons.iter().map(|reason| reason.code.as_str()).collect();
        if codes.len() != self.reasons.len() || self.reasons.iter().any(|reason| reason.text.trim().is_empty()) {
            return Err("a reason is doubled or has no text".into());
        }
        let features = self.features.iter().map(|feature| &feature.reason);
        let missing = self
            .features
            .iter()
            .filter_map(|feature| feature.missing.as_ref())
            .map(|m| &m.reason);
        let knock_outs = self.policy.knock_outs.iter().map(|knock_out| &knock_out.reason);
        let used = features.chain(missing).chain(knock_outs).map(String::as_str);
        match used
            .chain([INCOMPLETE, INCOME, OBLIGATIONS])
            .find(|code| !codes.contains(code))
        {
            None => Ok(()),
            Some(code) => Err(format!("reason {code} has no text")),
        }
    }

    fn check_policy(&self) -> Result<(), String> {
        let Policy {
            bands,
            capacity,
            knock_outs,
        } = &self.policy;
        let Some(last) = bands.last() else {
            return Err("no band".into());
        };
        if bands.windows(2).any(|pair| pair[0].min_score <= pair[1].min_score) {
            return Err("the bands have to fall".into());
        }
        // Else a score could be refused without any feature to give as the reason.
        if self.totals.neutral < last.min_score {
            return Err("the neutral applicant would be refused".into());
        }
        let multiples = bands
            .iter()
            .all(|band| (1..=100_000_000).contains(&band.income_multiple_ppm));
        let shares = [capacity.debt_to_income_ppm, capacity.principal_share_ppm];
        if !multiples || !shares.iter().all(|ppm| (1..=1_000_000).contains(ppm)) {
            return Err("a limit is out of range".into());
        }
        if knock_outs
            .iter()
            .any(|knock_out| knock_out.below.is_some() == knock_out.at_least.is_some())
        {
            return Err("a knock-out has one bound".into());
        }
        Ok(())
    }

    /// The table of probabilities has to be the scale: `base_odds` at `base_score`, doubled every `pdo` points.
    fn check_scale(&self) -> Result<(), String> {
        const MILLION: i64 = 1_000_000;
        let Scale {
            min_score,
            max_score,
            base_score,
            base_odds,
            pdo,
        } = self.scale;
        let ordered = min_score < base_score && base_score < max_score && (0..=1_000).contains(&min_score);
        if !ordered || max_score > 2_000 || pdo < 1 || !(1..=MILLION).contains(&base_odds) {
            return Err("the scale is out of range".into());
        }
        let rows = usize::try_from(max_score - min_score + 1).unwrap_or(0);
        let in_range = self.pd_ppm.iter().all(|pd| (1..=1_000_000).contains(pd));
        if self.pd_ppm.len() != rows || !in_range || self.pd_ppm.windows(2).any(|pair| pair[0] < pair[1]) {
            return Err("the probabilities have to fall with the score, one for each".into());
        }
        if (i64::from(self.pd(base_score)) - MILLION / (1 + base_odds)).abs() > 1 {
            return Err("the probability at the base score is not the base odds".into());
        }
        for score in min_score..=max_score - pdo {
            let (here, above) = (i64::from(self.pd(score)), i64::from(self.pd(score + pdo)));
            // Both are rounded to a millionth, so the doubled odds agree to two units of it.
            if ((MILLION - above) * here - 2 * (MILLION - here) * above).abs() > 2 * MILLION {
                return Err(format!("the odds do not double from score {score}"));
            }
        }
        Ok(())
    }

    fn try_golden_rows(&self) -> Result<(), ArtefactError> {
        if self.golden.is_empty() {
            return Err(ArtefactError::Inconsistent("no golden row".into()));
        }
        for (row, golden) in self.golden.iter().enumerate() {
            let decision = decide_by(self, &golden.facts);
            let reasons: Vec<&str> = decision.reasons.iter().map(|reason| reason.code.as_str()).collect();
            let checks = [
                ("score", decision.score == golden.score),
                ("pd_ppm", decision.pd_ppm == golden.pd_ppm),
                ("outcome", decision.outcome == golden.outcome),
                ("reasons", reasons == golden.reasons),
            ];
            if let Some((field, _)) = checks.into_iter().find(|(_, same)| !same) {
                return Err(ArtefactError::Golden { row, field });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "artefact_tests.rs"]
mod tests;
