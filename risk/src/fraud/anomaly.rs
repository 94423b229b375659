//! The anomaly model as a fact: how strange a request is beside those that the model has seen.

use std::sync::{Arc, OnceLock};

use super::facts::FraudFacts;
use crate::built_in;
use crate::model::{Artefact, ArtefactError, Kind};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Why an artefact cannot be the anomaly model.
#[derive(Clone, Debug, thiserror::Error)]
pub enum AnomalyModelError {
    /// Not an artefact that may be used.
    #[error("the anomaly model cannot be used")]
    Artefact(#[from] ArtefactError),
    /// Not an isolation forest.
    #[error("{0} is not an isolation forest")]
    Kind(String),
    /// A feature without a source, or with one that this build does not know.
    #[error("no fact fills the feature {0}")]
    Source(String),
}

/// A fact that the model may look at.
#[derive(Clone, Copy, Debug)]
enum Source {
    Applications,
    DevicePeople,
    FormSeconds,
    PayoutPeople,
    AmountToIncome,
    AccountAgeDays,
}

impl Source {
    fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "APPLICATIONS_24H" => Self::Applications,
            "DEVICE_PEOPLE_24H" => Self::DevicePeople,
            "FORM_SECONDS" => Self::FormSeconds,
            "PAYOUT_PEOPLE_30D" => Self::PayoutPeople,
            "AMOUNT_TO_INCOME_PPM" => Self::AmountToIncome,
            "ACCOUNT_AGE_DAYS" => Self::AccountAgeDays,
            _ => return None,
        })
    }

    fn of(self, facts: &FraudFacts, amount_to_income_ppm: Option<i64>) -> Option<i64> {
        match self {
            Self::Applications => facts.person_requests_24h,
            Self::DevicePeople => facts.device_people_24h,
            Self::FormSeconds => facts.form_seconds,
            Self::PayoutPeople => facts.payout_people_30d,
            Self::AmountToIncome => amount_to_income_ppm,
            Self::AccountAgeDays => facts.sign_up_seconds.map(|seconds| seconds / DAY),
        }
    }
}

/// An isolation forest whose every feature is a fact of ours.
#[derive(Debug)]
pub struct AnomalyModel {
    artefact: Arc<Artefact>,
    /// The fact of each feature, and the value of an ordinary request.
    sources: Vec<(Source, f64)>,
}

impl AnomalyModel {
    /// Takes a checked artefact.
    pub fn new(artefact: Arc<Artefact>) -> Result<Self, AnomalyModelError> {
        if artefact.kind() != Kind::Isolation {
            return Err(AnomalyModelError::Kind(artefact.name().to_owned()));
        }
        let source = |feature: &crate::model::Feature| {
            let known = feature.source.as_deref().and_then(Source::parse);
            let known = known.ok_or_else(|| AnomalyModelError::Source(feature.name.clone()))?;
            Ok::<_, AnomalyModelError>((known, feature.reference.unwrap_or(f64::NAN)))
        };
        let sources = artefact.schema().iter().map(source).collect::<Result<_, _>>()?;
        Ok(Self { artefact, sources })
    }

    /// The model that ships with this build: synthetic rows, unvalidated. Loaded once and shared.
    pub fn built_in() -> Result<Arc<Self>, AnomalyModelError> {
        static MODEL: OnceLock<Result<Arc<AnomalyModel>, AnomalyModelError>> = OnceLock::new();
        MODEL
            .get_or_init(|| Self::new(built_in::anomaly()?).map(Arc::new))
            .clone()
    }

    /// Name, version and digest, for records.
    pub fn artefact(&self) -> &Artefact {
        &self.artefact
    }

    /// How strange a request is, 0 to 1000. A fact that could not be had counts as ordinary, and when half of them or more are
    /// missing there is no answer: an unknown request is not a strange one. `amount_to_income_ppm` is the amount over the
    /// income of a year.
    pub fn permille(&self, facts: &FraudFacts, amount_to_income_ppm: Option<i64>) -> Option<i64> {
        let known = |(source, ordinary): &(Source, f64)| {
            let value = source.of(facts, amount_to_income_ppm);
            // Counts, seconds, days and millionths are far below 2^52.
            #[expect(clippy::cast_precision_loss, reason = "facts are far below 2^52")]
            let number = value.map(|value| value as f64);
            (value.is_some(), number.unwrap_or(*ordinary))
        };
        let (known, row): (Vec<bool>, Vec<f64>) = self.sources.iter().map(known).unzip();
        let count = known.iter().filter(|known| **known).count();
        (count * 2 > known.len()).then(|| i64::from(self.artefact.score(&row).score))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ordinary() -> FraudFacts {
        FraudFacts {
            person_requests_24h: Some(1),
            device_people_24h: Some(1),
            form_seconds: Some(180),
            payout_people_30d: Some(1),
            sign_up_seconds: Some(270 * DAY),
            ..FraudFacts::default()
        }
    }

    #[test]
    fn the_built_in_model_tells_strange_from_ordinary() {
        let model = AnomalyModel::built_in().unwrap();
        let usual = model.permille(&ordinary(), Some(150_000)).unwrap();
        assert!((300..500).contains(&usual), "{usual}");
        let strange = FraudFacts {
            person_requests_24h: Some(30),
            device_people_24h: Some(12),
            form_seconds: Some(1),
            payout_people_30d: Some(9),
            sign_up_seconds: Some(0),
            ..FraudFacts::default()
        };
        let strange = model.permille(&strange, Some(5_000_000)).unwrap();
        assert!(strange > 650 && strange <= 1_000, "{strange}");
    }

    /// An integrator that tells little is not thereby suspect.
    #[test]
    fn a_missing_fact_counts_as_ordinary_and_with_half_of_them_there_is_no_answer() {
        let model = AnomalyModel::built_in().unwrap();
        let whole = model.permille(&ordinary(), Some(149_130)).unwrap();
        let mut facts = ordinary();
        (facts.form_seconds, facts.device_people_24h) = (None, None);
        let without = model.permille(&facts, Some(149_130)).unwrap();
        assert!((whole - without).abs() <= 10, "{whole} {without}");
        facts.payout_people_30d = None;
        assert_eq!(model.permille(&facts, Some(149_130)), None);
        assert_eq!(model.permille(&FraudFacts::default(), None), None);
    }

    #[test]
    fn a_model_of_another_kind_is_refused() {
        let (champion, _) = built_in::models().unwrap();
        assert!(matches!(AnomalyModel::new(champion), Err(AnomalyModelError::Kind(_))));
    }
}
