//! Whole decisions about risk: facts to the decision that is stored, with fraud checks, wallet and limit.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use ::risk::fraud::FraudFacts;
use ::risk::model::{Artefact, Files, TrustedKeys};
use ::risk::{
    Challenger, Fact, FeatureSet, Known, ModelSet, Policy, Rules, Source, WalletFacts, decide, decide_stored,
    to_canonical_json,
};
use async_trait::async_trait;
use domain::Outcome;

use crate::figure::{Figure, Metric, Samples, latencies, nanos};
use crate::sample;

/// Calls of a round, each timed by itself.
const CALLS: usize = 10_000;

/// Which decision.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// An offer by the points table; the forest scores in shadow.
    Approve,
    /// A refusal by the points table, with reasons; the forest scores in shadow.
    Decline,
    /// A refusal by the forest, with the Shapley values of its reason groups.
    DeclineByForest,
}

impl Case {
    /// Every case.
    pub const ALL: [Self; 3] = [Self::Approve, Self::Decline, Self::DeclineByForest];

    /// The figure's name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Approve => "risk_decide_approve",
            Self::Decline => "risk_decide_decline",
            Self::DeclineByForest => "risk_decide_decline_forest",
        }
    }
}

/// Time of one decision.
#[derive(Debug)]
pub struct Decide {
    case: Case,
    models: ModelSet,
    features: FeatureSet,
    /// The features as they are stored.
    bytes: Vec<u8>,
}

impl Decide {
    /// Fails when the decision is not the one that is to be measured.
    pub fn new(case: Case) -> anyhow::Result<Self> {
        let rules = Rules {
            policy: Arc::new(policy()?),
            ..Rules::built_in()?
        };
        let forest = Challenger {
            artefact: model("taiwan")?,
            share_ppm: if case == Case::DeclineByForest { 1_000_000 } else { 0 },
        };
        let models = ModelSet::new(model("points")?, vec![forest], rules)?;
        let features = features(case)?;
        let decision = decide(&models, &features)?;
        let expected = if case == Case::Approve {
            Outcome::Offer
        } else {
            Outcome::Decline
        };
        anyhow::ensure!(
            decision.outcome == expected && decision.shadow.iter().all(|shadow| shadow.score.is_some()),
            "not the decision to measure: {:?} {:?}",
            decision.outcome,
            decision.shadow
        );
        anyhow::ensure!(
            decision.explanation.is_empty() == (case == Case::Approve),
            "reasons where none are due, or none where they are"
        );
        let bytes = to_canonical_json(&features)?;
        Ok(Self {
            case,
            models,
            features,
            bytes,
        })
    }
}

#[async_trait]
impl Figure for Decide {
    fn name(&self) -> &'static str {
        self.case.name()
    }

    fn metrics(&self) -> &'static [Metric] {
        const APPROVE: &[Metric] = &[
            Metric::target("offer with a challenger, fraud and wallet, p50", "µs", 20),
            Metric::target("offer with a challenger, fraud and wallet, p99", "µs", 100),
            Metric::report("offer with a challenger, fraud and wallet, largest", "µs"),
        ];
        const DECLINE: &[Metric] = &[
            Metric::target("refusal with reasons, p50", "µs", 600),
            Metric::target("refusal with reasons, p99", "µs", 1_500),
            Metric::report("refusal with reasons, largest", "µs"),
        ];
        if self.case == Case::Approve { APPROVE } else { DECLINE }
    }

    async fn round(&mut self) -> anyhow::Result<Samples> {
        let mut times = Vec::with_capacity(CALLS);
        for _ in 0..CALLS {
            let started = Instant::now();
            black_box(decide_stored(&self.models, black_box(&self.features), &self.bytes)?);
            times.push(nanos(started.elapsed()));
        }
        Ok(latencies(times))
    }
}

fn model(name: &str) -> anyhow::Result<Arc<Artefact>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../risk/models").join(name);
    Ok(Arc::new(Artefact::open(
        &Files::read(&folder)?,
        &TrustedKeys::development(),
    )?))
}

/// The shipped policy, with bands for the forest so that it may decide here.
fn policy() -> anyhow::Result<Policy> {
    let mut policy: serde_json::Value = serde_json::from_slice(include_bytes!("../../risk/rules/policy-v2.json"))?;
    policy["bands"]["taiwan"] = serde_json::json!([
        { "min_score": 534, "income_multiple_ppm": 2_500_000, "apr_low_ppm": 199_000, "apr_high_ppm": 355_000 }
    ]);
    Ok(Policy::load(policy.to_string().as_bytes())?)
}

/// Every fact that sources give, a wallet with a record, and the counters of fraud checks.
fn features(case: Case) -> anyhow::Result<FeatureSet> {
    let request = sample::request(24)?;
    let mut features = FeatureSet::of(&request);
    let late = i64::from(case != Case::Approve);
    for fact in Fact::ALL {
        let value = match fact.name() {
            "DELINQUENCIES_24M" => 6 * late,
            "INQUIRIES_6M" => 1 + 6 * late,
            "REVOLVING_LIMIT_MINOR" => 500_000,
            "OPEN_LINES" => 4,
            "INCOME_MONTHS" => 6,
            "VERIFIED_INCOME_MINOR" => 900_000,
            "AVERAGE_BALANCE_MINOR" => 240_000,
            "ACCOUNT_AGE_DAYS" => 900,
            "OWN_REPAID_PPM" => 1_000_000,
            name if name.starts_with("MONTHS_LATE") => 4 * late,
            name if name.starts_with("STATEMENT") => 90_000,
            name if name.starts_with("PAYMENT_") => 20_000,
            _ if fact.is_derived() || features.facts.contains_key(fact) => continue,
            _ => 0,
        };
        let source = Source::Bureau;
        let as_of = request.at;
        features.put(*fact, Known { value, source, as_of });
    }
    features.wallet = Some(WalletFacts {
        age_days: Some(1_500),
        outbound_tx: Some(900),
        protocols: Some(5),
        borrows: Some(12),
        repays: Some(12),
        repay_ppm: Some(1_000_000),
        liquidations: Some(0),
        days_since_liquidation: None,
        liquidated_share_ppm: Some(0),
        min_health_ppm: Some(1_700_000),
        mean_health_ppm: Some(2_400_000),
        days_at_risk: Some(0),
        balance_stability_ppm: Some(700_000),
        concentration_ppm: Some(400_000),
        flagged_contacts: Some(0),
        bridged_recently: Some(false),
        proven_link: true,
        frames: Vec::new(),
    });
    features.fraud = FraudFacts {
        person_requests_10m: Some(1),
        person_requests_24h: Some(2),
        device_requests_1m: Some(1),
        device_requests_24h: Some(2),
        device_people_24h: Some(1),
        device_people_30d: Some(1),
        payout_people_30d: Some(1),
        linked_people: Some(1),
        flagged_near: Some(0),
        form_seconds: Some(95),
        paste_count: Some(1),
        anomaly_permille: Some(430),
        ..FraudFacts::default()
    };
    Ok(features)
}
