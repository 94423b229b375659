//! A model at its place in a set: how its row is filled from facts, and what it says in integers.
#![expect(
    clippy::float_arithmetic,
    reason = "a row, a probability and its share of a million, never money"
)]

use std::sync::Arc;

use alloy_primitives::B256;
use domain::money::Currency;
use serde::{Deserialize, Serialize};

use crate::explain::{self, Method};
use crate::facts::Fact;
use crate::model::{Artefact, Kind, MAX_FEATURES};
use crate::policy::{Policy, ShadowInput};
use crate::view::View;

const MILLION: i128 = 1_000_000;
/// The widest integer that a double holds exactly.
const EXACT: i128 = 1 << 53;

/// Why a model cannot sit in a set.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SeatError {
    /// It predicts no default.
    #[error("{model} predicts no default: it cannot be champion or challenger")]
    Kind {
        /// Its name.
        model: String,
    },
    /// No fact fills this feature.
    #[error(
        "{model}: no fact fills feature {feature}; give it a source, or list the model in the policy's shadow_inputs"
    )]
    Unfed {
        /// Its name.
        model: String,
        /// The feature.
        feature: String,
    },
    /// The policy does not say what its scores are worth.
    #[error("{model} decides, but the policy has no bands for it")]
    Bands {
        /// Its name.
        model: String,
    },
    /// It would refuse the marginal approval, so a refusal might have no reason to give.
    #[error("{model}: its reference applicant scores {score}, below the lowest band at {least}")]
    Reference {
        /// Its name.
        model: String,
        /// Of the reference.
        score: i32,
        /// Of the lowest band.
        least: i32,
    },
}

/// Which model.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelRef {
    /// Its name.
    pub name: String,
    /// Three numbers with dots.
    pub version: String,
    /// SHA-256 of its `SHA256SUMS`.
    pub digest: B256,
}

impl ModelRef {
    /// The name of an artefact.
    pub fn of(artefact: &Artefact) -> Self {
        Self {
            name: artefact.name().to_owned(),
            version: artefact.version().to_owned(),
            digest: artefact.digest().into(),
        }
    }
}

/// What a reason group did to the score, as stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explained {
    /// The group's code.
    pub group: String,
    /// Points of the score; below zero counts against the applicant.
    pub points: i32,
    /// Log-odds of bad, millionths; above zero counts against the applicant.
    pub log_odds_ppm: i64,
}

/// What a model says of a row, in integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    pub score: i32,
    pub pd_ppm: u32,
}

#[derive(Clone, Debug)]
enum Feed {
    Fact(Fact),
    /// A fact of ours made into one of the training data.
    Listed(ShadowInput),
}

impl Feed {
    fn fact(&self) -> Option<Fact> {
        match self {
            Self::Fact(fact) => Some(*fact),
            Self::Listed(input) => input.fact,
        }
    }

    fn value(&self, view: &View, currency: Currency) -> Option<i128> {
        match self {
            Self::Fact(fact) => view.get(*fact).map(i128::from),
            Self::Listed(input) => {
                let value = i128::from(view.get(input.fact?)?);
                // Brought to the scale of the training data, down.
                let scaled = match &input.rates_ppm {
                    Some(rates) => (value * i128::from(*rates.get(&currency)?)).div_euclid(MILLION),
                    None => value,
                };
                let least = input.at_least.map_or(scaled, |least| scaled.max(least.into()));
                Some(input.at_most.map_or(least, |most| least.min(most.into())))
            }
        }
    }
}

/// Values by feature; NaN is missing.
pub(crate) struct Row {
    values: [f64; MAX_FEATURES],
    length: usize,
}

impl Row {
    pub(crate) fn values(&self) -> &[f64] {
        &self.values[..self.length]
    }
}

#[derive(Debug)]
pub(crate) struct Seat {
    pub artefact: Arc<Artefact>,
    pub name: ModelRef,
    feeds: Vec<Feed>,
    /// True when the policy fills it: then every fact has to be there.
    by_policy: bool,
}

impl Seat {
    pub(crate) fn new(artefact: Arc<Artefact>, policy: &Policy) -> Result<Self, SeatError> {
        let model = || artefact.name().to_owned();
        if artefact.kind() == Kind::Isolation {
            return Err(SeatError::Kind { model: model() });
        }
        let listed = policy.shadow_inputs(artefact.name());
        let mut feeds = Vec::new();
        for feature in artefact.schema() {
            let feed = match listed {
                Some(inputs) => inputs.get(&feature.name).cloned().map(Feed::Listed),
                None if feature.category.is_some() => None,
                None => feature.source.as_deref().and_then(Fact::named).map(Feed::Fact),
            };
            let Some(feed) = feed else {
                return Err(SeatError::Unfed {
                    model: model(),
                    feature: feature.name.clone(),
                });
            };
            feeds.push(feed);
        }
        Ok(Self {
            name: ModelRef::of(&artefact),
            artefact,
            feeds,
            by_policy: listed.is_some(),
        })
    }

    /// Whether it may decide: the policy knows its scores, and the marginal approval is in a band.
    pub(crate) fn check_deciding(&self, policy: &Policy) -> Result<(), SeatError> {
        let model = self.name.name.clone();
        let Some(lowest) = policy.bands(&model).last() else {
            return Err(SeatError::Bands { model });
        };
        let features = self.artefact.schema().iter();
        let reference: Vec<f64> = features.map(|feature| feature.reference.unwrap_or(f64::NAN)).collect();
        let score = self.artefact.score(&reference).score;
        if score < lowest.min_score {
            return Err(SeatError::Reference {
                model,
                score,
                least: lowest.min_score,
            });
        }
        Ok(())
    }

    /// The row; missing facts are NaN.
    pub(crate) fn row(&self, view: &View, currency: Currency) -> Row {
        let mut values = [f64::NAN; MAX_FEATURES];
        for (slot, feed) in values.iter_mut().zip(&self.feeds) {
            *slot = feed.value(view, currency).map_or(f64::NAN, number);
        }
        Row {
            values,
            length: self.feeds.len(),
        }
    }

    /// The first fact without which this model is not asked. What an applicant need not have, such as an employment, is
    /// never such a fact.
    pub(crate) fn lacks(&self, view: &View, currency: Currency) -> Option<Fact> {
        let lacking = |feed: &Feed| {
            let fact = feed.fact().filter(|fact| self.by_policy || !fact.may_be_declared())?;
            feed.value(view, currency).is_none().then_some(fact)
        };
        self.feeds.iter().find_map(lacking)
    }

    pub(crate) fn say(&self, row: &Row) -> Said {
        let scored = self.artefact.score(row.values());
        Said {
            score: scored.score,
            pd_ppm: ppm(scored.pd),
        }
    }

    /// Values of all groups, and the groups that count against the applicant, the heaviest first. Computed only when
    /// reasons are due.
    pub(crate) fn explain(&self, row: &Row) -> (Vec<Explained>, Vec<String>) {
        let values = self
            .artefact
            .explain(row.values(), Method::Baseline)
            .unwrap_or_default();
        let stored = values
            .iter()
            .map(|value| Explained {
                group: value.group.to_owned(),
                points: value.points,
                log_odds_ppm: millionths(value.log_odds),
            })
            .collect();
        let against = explain::reasons(values);
        (
            stored,
            against.into_iter().map(|value| value.group.to_owned()).collect(),
        )
    }
}

/// Exact up to 2^53; beyond, the nearest double, which is beyond every threshold of a model anyway.
#[expect(clippy::cast_precision_loss, reason = "see above")]
fn number(value: i128) -> f64 {
    value.clamp(-EXACT, EXACT) as f64
}

/// Rounded half away from zero.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` saturates, and a probability is 0 to 1"
)]
fn ppm(probability: f64) -> u32 {
    (probability * 1e6).round() as u32
}

/// Rounded half away from zero.
#[expect(clippy::cast_possible_truncation, reason = "`as` saturates")]
fn millionths(value: f64) -> i64 {
    (value * 1e6).round() as i64
}
