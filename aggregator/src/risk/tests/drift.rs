//! The same people raise nothing, other people raise ACT once, and counts survive a restart.
#![expect(
    clippy::float_arithmetic,
    clippy::cast_precision_loss,
    reason = "shares of a made population"
)]

use std::collections::BTreeMap;
use std::time::Duration;

use ::risk::model::{Drift, FeatureDrift, ScoreDrift, development_key};
use ::risk::{Engine, Fact, FeatureSet, Known, ModelSet, Source};
use chrono::{DateTime, Utc};
use sqlx::PgPool;

use super::models::{officer, owned, stage};
use crate::quoting::tests::support::{Stage, ask};
use crate::risk::drift::{DriftLevel, DriftView};
use crate::{Aggregator, World};

/// How the population of these tests is spread: residence of 0, 1, … 99 months, all else equal.
const PEOPLE: i64 = 4_000;

fn person(base: &FeatureSet, number: i64, shift: i64, at: DateTime<Utc>) -> FeatureSet {
    // 61 and 100 have no common divisor: every residue comes equally often, in another order.
    let months = (number * 61) % 100 + shift;
    let mut set = base.clone();
    set.at = at;
    set.put(
        Fact::ResidenceMonths,
        Known {
            value: months,
            source: Source::Own,
            as_of: at,
        },
    );
    set
}

/// The points table with a baseline of its own population, as champion.
fn watched(base: &FeatureSet, at: DateTime<Utc>) -> ModelSet {
    let current = Engine::built_in().unwrap().current();
    let mut draft = ::risk::points::draft();
    let people: Vec<_> = (0..100).map(|number| person(base, number, 0, at)).collect();
    let rows: Vec<Vec<f64>> = people.iter().map(|set| current.champion_row(set)).collect();
    let scores = people.iter().map(|set| ::risk::decide(&current, set).unwrap().score);
    let scores: Vec<f64> = scores.map(f64::from).collect();
    let names: Vec<String> = draft.manifest.features.iter().map(|f| f.name.clone()).collect();
    let features = names.into_iter().enumerate().map(|(column, name)| {
        let (edges, shares, missing) = spread(rows.iter().map(|row| row[column]).collect());
        let found = FeatureDrift { edges, shares, missing };
        (name, found)
    });
    let features: BTreeMap<String, FeatureDrift> = features.collect();
    let (edges, shares, _) = spread(scores);
    draft.manifest.drift = Some(Drift {
        score: ScoreDrift { edges, shares },
        features,
    });
    draft.manifest.version = "7.0.0".into();
    let files = owned(&draft.sign(&development_key()).unwrap());
    let parts: Vec<(&str, &[u8])> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let files = ::risk::model::Files::of(&parts).unwrap();
    let artefact = ::risk::model::Artefact::open(&files, &::risk::model::TrustedKeys::development()).unwrap();
    ModelSet::new(artefact.into(), vec![], current.rules().clone()).unwrap()
}

/// Edges at the quarters, the share of each bin, and the share without a value.
fn spread(values: Vec<f64>) -> (Vec<f64>, Vec<f64>, f64) {
    let all = values.len() as f64;
    let mut present: Vec<f64> = values.into_iter().filter(|value| !value.is_nan()).collect();
    present.sort_by(f64::total_cmp);
    if present.is_empty() {
        return (vec![0.5], vec![0.5, 0.5], 1.0);
    }
    let mut edges: Vec<f64> = [1, 2, 3].iter().map(|q| present[present.len() * q / 4]).collect();
    edges.dedup();
    let bin = |value: &f64| edges.partition_point(|edge| edge < value);
    let mut counts = vec![0.0; edges.len() + 1];
    for value in &present {
        counts[bin(value)] += 1.0;
    }
    let shares = counts.into_iter().map(|count| count / present.len() as f64).collect();
    (edges, shares, 1.0 - present.len() as f64 / all)
}

struct Lab {
    stage: Stage,
    base: FeatureSet,
}

impl Lab {
    async fn open(db: PgPool) -> Self {
        let stage = stage(db).await;
        let view = stage.closed_for("base", ask()).await;
        let world = stage.aggregator.world();
        let base = FeatureSet::of(&stage.whole(view.id).await);
        world.risk.swap(watched(&base, world.clock.now()));
        Self { stage, base }
    }

    fn now(&self) -> DateTime<Utc> {
        self.stage.aggregator.world().clock.now()
    }

    /// Counts are written every minute, so an hour that is over is closed soon.
    async fn days_pass(&self, days: u64) {
        self.stage.clock.advance(Duration::from_hours(days * 24));
        assert_eq!(self.stage.aggregator.flush_drift().await.unwrap(), 0);
    }

    fn apply(&self, aggregator: &Aggregator, shift: i64) {
        for number in 0..PEOPLE {
            let set = person(&self.base, number, shift, self.now());
            let decision = aggregator.world().risk.decide(&set).unwrap();
            aggregator.count_drift(&set, &decision);
        }
    }

    async fn champion(&self, aggregator: &Aggregator, days: u32) -> DriftView {
        let views = aggregator.risk_drift(&officer(71), days).await.unwrap();
        views.into_iter().find(|view| view.champion).unwrap()
    }

    async fn alarms(&self) -> Vec<(String, String)> {
        sqlx::query_as(
            "select payload::json ->> 'subject', payload::json ->> 'level' from events.outbox where kind = 'RiskDriftAlarm'
             order by seq",
        )
        .fetch_all(&self.stage.aggregator.world().db)
        .await
        .unwrap()
    }
}

#[sqlx::test(migrations = "./migrations")]
async fn the_same_people_raise_nothing_and_others_raise_act_once(db: PgPool) {
    let lab = Lab::open(db).await;
    let a = &lab.stage.aggregator;
    lab.apply(a, 0);
    assert_eq!(a.flush_drift().await.unwrap(), 0);
    let same = lab.champion(a, 7).await;
    for index in &same.indices {
        assert_eq!(index.level, Some(DriftLevel::Stable), "{index:?}");
        assert!(
            index.psi_ppm < index.noise_ppm,
            "below what chance alone makes: {index:?}"
        );
        assert_eq!(index.rows, 4_000);
    }
    let highest = same.indices.iter().map(|index| index.psi_ppm).max();
    println!(
        "the same population: highest index {highest:?} ppm, floor {} ppm",
        same.indices[0].noise_ppm
    );
    assert_eq!(lab.alarms().await, []);

    lab.days_pass(8).await;
    lab.apply(a, 90);
    assert!(a.flush_drift().await.unwrap() > 0);
    let shifted = lab.champion(a, 7).await;
    let residence = shifted
        .indices
        .iter()
        .find(|i| i.subject == "RESIDENCE_MONTHS")
        .unwrap();
    assert_eq!(residence.level, Some(DriftLevel::Act), "{residence:?}");
    let told = lab.alarms().await;
    assert!(told.contains(&("RESIDENCE_MONTHS".into(), "ACT".into())), "{told:?}");
    for _ in 0..3 {
        assert_eq!(a.flush_drift().await.unwrap(), 0, "told once");
    }
    let both = lab.champion(a, 28).await;
    assert_eq!(both.indices[0].rows, 8_000, "the longer window holds both");

    lab.days_pass(8).await;
    lab.apply(a, 0);
    assert!(a.flush_drift().await.unwrap() > 0);
    let told = lab.alarms().await;
    assert_eq!(told.last().unwrap().1, "STABLE", "and told when it is over: {told:?}");
}

#[sqlx::test(migrations = "./migrations")]
async fn counts_survive_a_restart_and_add_up_over_processes(db: PgPool) {
    let lab = Lab::open(db).await;
    let a = &lab.stage.aggregator;
    lab.apply(a, 0);
    a.flush_drift().await.unwrap();
    a.flush_drift().await.unwrap();
    let other = Aggregator::new(World {
        risk: Engine::new(watched(&lab.base, lab.now())),
        ..a.world().clone()
    });
    assert_eq!(
        lab.champion(&other, 7).await.indices[0].rows,
        4_000,
        "written twice, counted once"
    );
    lab.stage.clock.advance(Duration::from_hours(2));
    lab.apply(&other, 0);
    lab.apply(a, 0);
    other.flush_drift().await.unwrap();
    a.flush_drift().await.unwrap();
    assert_eq!(lab.champion(a, 7).await.indices[0].rows, 12_000);
    lab.stage.clock.advance(Duration::from_hours(30 * 24));
    a.flush_drift().await.unwrap();
    assert_eq!(
        lab.champion(a, 28).await.indices[0].rows,
        0,
        "what no window needs is forgotten"
    );
}
