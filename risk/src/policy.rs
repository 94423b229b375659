//! The policy as data: what is needed, what refuses outright, what a score is worth. Checked completely when it is loaded.

use std::collections::BTreeMap;
use std::sync::Arc;

use alloy_primitives::B256;
use domain::Reason;
use domain::money::Currency;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::facts::{Fact, Source, Unit};
use crate::view::View;

/// The version of the format that this build reads.
const FORMAT: u32 = 2;
const MILLION: i64 = 1_000_000;

/// Reasons that the engine itself gives, so every policy has to carry their texts.
pub(crate) const INCOMPLETE: &str = "APPLICATION_INCOMPLETE";
pub(crate) const INCOME: &str = "INCOME_INSUFFICIENT";
pub(crate) const OBLIGATIONS: &str = "OBLIGATIONS_EXCESSIVE";
pub(crate) const REVIEW: &str = "REVIEW_NEEDED";

/// Why rules as data were refused. Every kind means the same for the caller: do not decide with them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RulesError {
    /// Not the JSON of such a file: a field missing, unknown or of another type.
    #[error("{file} cannot be read: {why}")]
    Syntax {
        /// Which kind of file.
        file: &'static str,
        /// Where and why.
        why: String,
    },
    /// A format that this build does not know.
    #[error("{file} has format {found}, this build reads {reads}")]
    Format {
        /// Which kind of file.
        file: &'static str,
        /// What it says.
        found: u32,
        /// What is known here.
        reads: u32,
    },
    /// Its parts contradict each other.
    #[error("{file} is inconsistent: {why}")]
    Inconsistent {
        /// Which kind of file.
        file: &'static str,
        /// What is wrong.
        why: String,
    },
}

/// Reads a rules file: its format first and alone, so that a later one is called by its name; then all of it.
pub(crate) fn read<'a, T: Deserialize<'a>>(file: &'static str, json: &'a [u8], reads: u32) -> Result<T, RulesError> {
    #[derive(Deserialize)]
    struct Head {
        format: u32,
    }
    let syntax = |e: serde_json::Error| RulesError::Syntax {
        file,
        why: e.to_string(),
    };
    let head: Head = serde_json::from_slice(json).map_err(syntax)?;
    if head.format != reads {
        return Err(RulesError::Format {
            file,
            found: head.format,
            reads,
        });
    }
    serde_json::from_slice(json).map_err(syntax)
}

/// The SHA-256 of what was released.
pub(crate) fn digest(bytes: &[u8]) -> B256 {
    B256::from_slice(&Sha256::digest(bytes))
}

/// What scores from `min_score` are worth.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Band {
    pub min_score: i32,
    pub income_multiple_ppm: i64,
    pub apr_low_ppm: u32,
    pub apr_high_ppm: u32,
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
    pub(crate) fn hits(&self, view: &View) -> bool {
        view.get(self.fact).is_some_and(|value| {
            self.below.is_some_and(|below| value < below) || self.at_least.is_some_and(|least| value >= least)
        })
    }
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct VerifiedIncome {
    least_months: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ExposureRules {
    /// So late now that nothing new is given.
    pub freeze_late_days: u32,
    pub reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Raise {
    closed_at_least: i64,
    factor_ppm: i64,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cut {
    late_days_at_least: i64,
    factor_ppm: i64,
}

/// How conduct with us moves the limit.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Behavior {
    raises: Vec<Raise>,
    /// More late days in 12 months than this earn no raise.
    raise_most_late_days: i64,
    cuts: Vec<Cut>,
    pub reason: String,
}

impl Behavior {
    /// Factor on what income carries, a million or more: only loans repaid to us, on time, earn it.
    pub(crate) fn raise_ppm(&self, view: &View) -> i64 {
        let closed = view.get(Fact::OwnLoansClosed).unwrap_or(0);
        let late = view.get(Fact::OwnLateDays12m);
        let earned = self.raises.iter().rev().find(|raise| closed >= raise.closed_at_least);
        match earned {
            Some(raise) if late.is_some_and(|late| late <= self.raise_most_late_days) => raise.factor_ppm,
            _ => MILLION,
        }
    }

    /// Factor on the whole limit, a million or less.
    pub(crate) fn cut_ppm(&self, view: &View) -> i64 {
        let late = view.get(Fact::OwnLateDays12m).unwrap_or(0);
        let cut = self.cuts.iter().rev().find(|cut| late >= cut.late_days_at_least);
        cut.map_or(MILLION, |cut| cut.factor_ppm)
    }
}

/// How a feature of a challenger that was trained on files alone is filled.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShadowInput {
    /// None: we have no such fact, and the feature is always missing.
    pub fact: Option<Fact>,
    /// A lower value counts as this.
    #[serde(default)]
    pub at_least: Option<i64>,
    /// A higher value counts as this.
    #[serde(default)]
    pub at_most: Option<i64>,
    /// For amounts: units of the training data for one minor unit of the currency, parts per million.
    #[serde(default)]
    pub rates_ppm: Option<BTreeMap<Currency, i64>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhenMissing {
    pub fact: Fact,
    pub group: String,
    pub reason: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    #[expect(dead_code, reason = "checked before the rest is read")]
    format: u32,
    id: String,
    version: u32,
    #[expect(dead_code, reason = "for people")]
    note: String,
    needed: Vec<Fact>,
    knock_outs: Vec<KnockOut>,
    bands: BTreeMap<String, Vec<Band>>,
    capacity: Capacity,
    most_days: BTreeMap<Source, u32>,
    verified_income: VerifiedIncome,
    exposure: ExposureRules,
    behavior: Behavior,
    routing: BTreeMap<String, u32>,
    shadow_inputs: BTreeMap<String, BTreeMap<String, ShadowInput>>,
    when_missing: Vec<WhenMissing>,
    reasons: BTreeMap<String, String>,
}

/// Which policy decided.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesRef {
    /// Its id.
    pub id: String,
    /// Its version.
    pub version: u32,
    /// SHA-256 of the file.
    pub digest: B256,
}

/// A checked policy. There is no way to make one that was not checked.
#[derive(Debug)]
pub struct Policy {
    parts: Parts,
    name: RulesRef,
}

impl Policy {
    /// Reads and checks a policy.
    pub fn load(json: &[u8]) -> Result<Self, RulesError> {
        let parts: Parts = read("the policy", json, FORMAT)?;
        parts.check().map_err(|why| RulesError::Inconsistent {
            file: "the policy",
            why,
        })?;
        let name = RulesRef {
            id: parts.id.clone(),
            version: parts.version,
            digest: digest(json),
        };
        Ok(Self { parts, name })
    }

    /// The policy that ships with this build.
    pub fn built_in() -> Result<Arc<Self>, RulesError> {
        Self::load(include_bytes!("../rules/policy-v2.json")).map(Arc::new)
    }

    /// Id, version and hash, as decisions store them.
    pub fn name(&self) -> &RulesRef {
        &self.name
    }

    /// Days after which a fact of that source counts as missing.
    pub fn most_days(&self, source: Source) -> u32 {
        self.parts.most_days.get(&source).copied().unwrap_or(0)
    }

    /// The share of borrowers, parts per million, that a challenger decides about unless the registry says otherwise.
    pub fn share_ppm(&self, model: &str) -> u32 {
        self.parts.routing.get(model).copied().unwrap_or(0)
    }

    pub(crate) fn verified_income_months(&self) -> i64 {
        self.parts.verified_income.least_months
    }

    pub(crate) fn needed(&self) -> &[Fact] {
        &self.parts.needed
    }

    pub(crate) fn knock_outs(&self) -> &[KnockOut] {
        &self.parts.knock_outs
    }

    /// Best first; empty for a model that may not decide.
    pub(crate) fn bands(&self, model: &str) -> &[Band] {
        self.parts.bands.get(model).map_or(&[], Vec::as_slice)
    }

    pub(crate) fn capacity(&self) -> &Capacity {
        &self.parts.capacity
    }

    pub(crate) fn exposure(&self) -> &ExposureRules {
        &self.parts.exposure
    }

    pub(crate) fn behavior(&self) -> &Behavior {
        &self.parts.behavior
    }

    pub(crate) fn shadow_inputs(&self, model: &str) -> Option<&BTreeMap<String, ShadowInput>> {
        self.parts.shadow_inputs.get(model)
    }

    pub(crate) fn when_missing(&self) -> &[WhenMissing] {
        &self.parts.when_missing
    }

    /// The reason with its text, when the policy has one.
    pub(crate) fn reason(&self, code: &str) -> Option<Reason> {
        self.parts.reasons.get(code).map(|text| Reason::new(code, text))
    }
}

impl Parts {
    fn check(&self) -> Result<(), String> {
        self.check_reasons()?;
        self.check_bands()?;
        self.check_behavior()?;
        let Capacity {
            debt_to_income_ppm,
            principal_share_ppm,
        } = self.capacity;
        if ![debt_to_income_ppm, principal_share_ppm]
            .iter()
            .all(|ppm| (1..=MILLION).contains(ppm))
        {
            return Err("the capacity is out of range".into());
        }
        if self
            .knock_outs
            .iter()
            .any(|knock_out| knock_out.below.is_some() == knock_out.at_least.is_some())
        {
            return Err("a knock-out has one bound".into());
        }
        let sources = [
            Source::Application,
            Source::Bureau,
            Source::Bank,
            Source::Own,
            Source::Chain,
        ];
        if sources.iter().any(|source| !self.most_days.contains_key(source)) {
            return Err("a source has no age".into());
        }
        if !(1..=24).contains(&self.verified_income.least_months) || self.exposure.freeze_late_days == 0 {
            return Err("verified income or exposure is out of range".into());
        }
        self.check_shadows()
    }

    fn check_reasons(&self) -> Result<(), String> {
        if self.reasons.values().any(|text| text.trim().is_empty()) {
            return Err("a reason has no text".into());
        }
        let knock_outs = self.knock_outs.iter().map(|knock_out| knock_out.reason.as_str());
        let missing = self.when_missing.iter().map(|rule| rule.reason.as_str());
        let own = [&self.exposure.reason, &self.behavior.reason].map(String::as_str);
        let used = knock_outs.chain(missing).chain(own);
        match used
            .chain([INCOMPLETE, INCOME, OBLIGATIONS, REVIEW])
            .find(|code| !self.reasons.contains_key(*code))
        {
            None => Ok(()),
            Some(code) => Err(format!("reason {code} has no text")),
        }
    }

    fn check_bands(&self) -> Result<(), String> {
        if self.bands.is_empty() {
            return Err("no band".into());
        }
        for (model, bands) in &self.bands {
            let wrong = |what: &str| Err(format!("bands of {model}: {what}"));
            if bands.is_empty() {
                return wrong("there are none");
            }
            let worse = |pair: &[Band]| {
                pair[0].min_score > pair[1].min_score
                    && pair[0].income_multiple_ppm >= pair[1].income_multiple_ppm
                    && pair[0].apr_low_ppm <= pair[1].apr_low_ppm
                    && pair[0].apr_high_ppm <= pair[1].apr_high_ppm
            };
            if !bands.windows(2).all(worse) {
                return wrong("a lower score may not be worth more");
            }
            let sane = |band: &Band| {
                (1..=100 * MILLION).contains(&band.income_multiple_ppm)
                    && band.apr_low_ppm < band.apr_high_ppm
                    && band.apr_high_ppm <= 2_000_000
            };
            if !bands.iter().all(sane) {
                return wrong("a figure is out of range");
            }
        }
        Ok(())
    }

    fn check_behavior(&self) -> Result<(), String> {
        let Behavior {
            raises,
            raise_most_late_days,
            cuts,
            ..
        } = &self.behavior;
        let rising = raises
            .windows(2)
            .all(|pair| pair[0].closed_at_least < pair[1].closed_at_least && pair[0].factor_ppm <= pair[1].factor_ppm);
        let earned = raises
            .iter()
            .all(|raise| raise.closed_at_least >= 1 && (MILLION..=10 * MILLION).contains(&raise.factor_ppm));
        if !rising || !earned || *raise_most_late_days < 0 {
            return Err("raises have to be earned and to rise".into());
        }
        let falling = cuts.windows(2).all(|pair| {
            pair[0].late_days_at_least < pair[1].late_days_at_least && pair[0].factor_ppm >= pair[1].factor_ppm
        });
        let lowering = cuts
            .iter()
            .all(|cut| cut.late_days_at_least >= 1 && (0..=MILLION).contains(&cut.factor_ppm));
        if !falling || !lowering {
            return Err("cuts have to fall".into());
        }
        Ok(())
    }

    fn check_shadows(&self) -> Result<(), String> {
        let shares: u64 = self.routing.values().map(|share| u64::from(*share)).sum();
        if shares > 1_000_000 {
            return Err("the routing shares are more than all".into());
        }
        if let Some(model) = self
            .routing
            .iter()
            .find(|(model, share)| **share > 0 && !self.bands.contains_key(*model))
        {
            return Err(format!("{} has a share and no bands", model.0));
        }
        let inputs = self.shadow_inputs.values().flatten();
        for (feature, input) in inputs {
            let money = input.fact.is_some_and(|fact| fact.unit() == Unit::Minor);
            if money != input.rates_ppm.is_some() {
                return Err(format!("{feature}: amounts and nothing else have rates"));
            }
            let rates = input.rates_ppm.iter().flat_map(BTreeMap::values);
            if rates.into_iter().any(|rate| !(1..=1_000 * MILLION).contains(rate)) {
                return Err(format!("{feature}: a rate is out of range"));
            }
            if input
                .at_least
                .zip(input.at_most)
                .is_some_and(|(least, most)| least > most)
            {
                return Err(format!("{feature}: the bounds are the wrong way round"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
#[path = "policy_tests.rs"]
mod tests;
