//! The watch: silent on the population of training, loud on another.

use super::*;
use crate::model::samples::{Random, additive};
use crate::model::{Artefact, TrustedKeys, development_key};

fn watch() -> Watch {
    let files = additive().sign(&development_key()).unwrap();
    Watch::new(&Artefact::open(&files, &TrustedKeys::development()).unwrap()).unwrap()
}

/// Rows spread as the sample's baseline: a tenth missing, else a quarter up to 1, a quarter up to 3, a half above.
fn usual(random: &mut Random) -> f64 {
    if random.below(10) == 0 {
        return f64::NAN;
    }
    random.pick(&[1.0, 2.0, 4.0, 10.0])
}

fn usual_score(random: &mut Random) -> i32 {
    random.pick(&[560, 600, 600, 700, 700, 700, 561, 500, 800, 800])
}

#[test]
fn the_population_of_training_stays_below_the_noise_and_raises_nothing() {
    let (watch, mut random) = (watch(), Random(5));
    for _ in 0..10_000 {
        let row = [usual(&mut random), usual(&mut random)];
        watch.record(&row, usual_score(&mut random));
    }
    let report = watch.snapshot();
    for index in report
        .features
        .iter()
        .map(|feature| &feature.index)
        .chain([&report.score])
    {
        assert_eq!((index.rows, index.level), (10_000, Level::Stable), "{index:?}");
        assert!(index.psi < index.noise && index.noise < 0.01, "{index:?}");
    }
    assert!((report.features[0].missing - 0.1).abs() < 0.01);
    assert!(report.features[0].outside.abs() < f64::EPSILON);
}

#[test]
fn a_shifted_population_raises_the_alarm_for_what_has_shifted() {
    let (watch, mut random) = (watch(), Random(6));
    for _ in 0..2_000 {
        // The first feature is missing for a third more and never small; everybody scores low.
        let first = if random.below(3) == 0 { f64::NAN } else { 11.0 };
        watch.record(&[first, usual(&mut random)], 500);
    }
    let report = watch.snapshot();
    assert_eq!(report.score.level, Level::Alarm);
    let levels: Vec<Level> = report.features.iter().map(|feature| feature.index.level).collect();
    assert_eq!(levels, [Level::Alarm, Level::Stable]);
    assert!(report.features[0].missing > 0.3 && report.features[0].outside > 0.6);
}

#[test]
fn a_window_is_the_difference_of_two_moments_and_too_few_rows_say_nothing() {
    let (watch, mut random) = (watch(), Random(7));
    for _ in 0..5_000 {
        watch.record(&[usual(&mut random), usual(&mut random)], 300);
    }
    let before = watch.counts();
    for _ in 0..20 {
        watch.record(&[usual(&mut random), usual(&mut random)], usual_score(&mut random));
    }
    let window = watch.counts().since(&before);
    let report = watch.report(&window);
    assert_eq!((report.score.rows, report.score.level), (20, Level::TooFew));
    assert_eq!(watch.report(&window.plus(&before)).score.rows, 5_020);
    assert_eq!(watch.report(&before.since(&before)).score.level, Level::TooFew);
}

#[test]
fn a_value_on_an_edge_belongs_to_the_bin_below_it() {
    let watch = watch();
    watch.record(&[1.0, 3.0], 560);
    watch.record(&[1.0_f64.next_up(), f64::INFINITY], 561);
    // Score 2 edges; then 3 bins, missing, outside for each feature.
    assert_eq!(watch.counts().as_slice(), [1, 1, 0, 1, 1, 0, 0, 0, 0, 1, 1, 0, 1]);
}

#[test]
fn many_threads_lose_no_count() {
    let watch = watch();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| (0..1_000).for_each(|_| watch.record(&[0.0, f64::NAN], 600)));
        }
    });
    assert_eq!(watch.snapshot().score.rows, 4_000);
}
