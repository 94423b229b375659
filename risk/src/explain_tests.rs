//! Contributions against their definition: 2^g evaluations.
#![expect(clippy::float_arithmetic, reason = "the same values, made slowly")]

use super::*;
use crate::model::samples::{Random, additive, isolation, random_forest, random_row};
use crate::model::{Draft, Files, TrustedKeys, development_key};

fn open(draft: &Draft) -> Artefact {
    let files: Files = draft.sign(&development_key()).unwrap();
    Artefact::open(&files, &TrustedKeys::development()).unwrap()
}

/// v(S): the groups whose bit is set are the applicant's.
fn worth(model: &Artefact, row: &[f64], set: usize) -> f64 {
    let groups = model.groups().iter().enumerate();
    let at_reference: Vec<&str> = groups
        .filter(|(bit, _)| set >> bit & 1 == 0)
        .map(|(_, group)| group.as_str())
        .collect();
    model.score(&model.at_reference(row, &at_reference)).log_odds
}

/// The mean over all orders of joining.
fn by_definition(model: &Artefact, row: &[f64]) -> Vec<f64> {
    let groups = model.groups().len();
    let worths: Vec<f64> = (0..1_usize << groups).map(|set| worth(model, row, set)).collect();
    let factorial = |n: usize| (1..=n).map(|n| f64::from(u32::try_from(n).unwrap())).product::<f64>();
    let value = |group: usize| {
        let without = (0..1_usize << groups).filter(|set| set >> group & 1 == 0);
        let gain = |set: usize| {
            let size = usize::try_from(set.count_ones()).unwrap();
            let weight = factorial(size) * factorial(groups - size - 1) / factorial(groups);
            weight * (worths[set | 1 << group] - worths[set])
        };
        without.map(gain).sum()
    };
    (0..groups).map(value).collect()
}

fn close(one: f64, other: f64) -> bool {
    (one - other).abs() < 1e-9
}

#[test]
fn one_walk_of_each_tree_gives_the_values_of_all_subsets() {
    let mut random = Random(2);
    for _ in 0..60 {
        let mut draft = random_forest(&mut random, 6);
        draft.manifest.calibration.as_mut().unwrap().slope = 1.25;
        let model = open(&draft);
        for _ in 0..5 {
            let row = random_row(&mut random, model.schema().len());
            let values = model.explain(&row, Method::Baseline).unwrap();
            let expected = by_definition(&model, &row);
            let same = values
                .iter()
                .zip(&expected)
                .all(|(value, expected)| close(value.log_odds, *expected));
            assert!(same, "{values:?} {expected:?}");
            let all = (1 << model.groups().len()) - 1;
            let sum: f64 = values.iter().map(|value| value.log_odds).sum();
            assert!(
                close(sum, worth(&model, &row, all) - worth(&model, &row, 0)),
                "the values add up"
            );
        }
    }
}

#[test]
fn one_at_a_time_is_what_the_reference_of_one_group_takes_away() {
    let mut random = Random(3);
    let model = open(&random_forest(&mut random, 6));
    let row = random_row(&mut random, model.schema().len());
    let score = model.score(&row).log_odds;
    for value in model.explain(&row, Method::OneAtATime).unwrap() {
        let without = model.score(&model.at_reference(&row, &[value.group])).log_odds;
        assert!(close(value.log_odds, score - without), "{value:?}");
    }
}

#[test]
fn tables_are_explained_by_points_below_the_reference_or_below_the_best() {
    let model = open(&additive());
    let row = [f64::NAN, 1.0];
    let told = |method| {
        let values = model.explain(&row, method).unwrap();
        values
            .iter()
            .map(|value| (value.group, value.log_odds))
            .collect::<Vec<_>>()
    };
    // The reference is 2.5 in both; LATE lies at 0.75 when missing and at 1.5 there, INCOME at 0.5 and -0.5 there.
    let expected = vec![("CAPACITY", 1.0), ("HISTORY", -0.75)];
    for method in [Method::Baseline, Method::OneAtATime, Method::Additive] {
        assert_eq!(told(method), expected);
    }
    assert_eq!(told(Method::PointsBelowMaximum), [("CAPACITY", 1.0), ("HISTORY", 1.25)]);
    let reasons = model.reasons(&row);
    assert_eq!(reasons.len(), 1);
    // 20 / ln 2 points for one unit of log-odds, against the applicant.
    assert_eq!((reasons[0].group, reasons[0].points), ("CAPACITY", -29));
}

#[test]
fn at_most_four_reasons_are_told_the_heaviest_first_and_equal_ones_by_code() {
    let of = |group, log_odds| Contribution {
        group,
        log_odds,
        points: 0,
    };
    let told = reasons(vec![
        of("A", 0.2),
        of("B", -1.0),
        // Less than a billionth more than A: noise of the additions.
        of("C", 0.2 + 1e-13),
        of("D", 1e-12),
        of("E", 0.5),
        of("F", 0.1),
        of("G", 0.05),
    ]);
    assert_eq!(
        told.iter().map(|reason| reason.group).collect::<Vec<_>>(),
        ["E", "A", "C", "F"]
    );
}

#[test]
fn a_method_that_does_not_fit_the_kind_is_an_error() {
    let mut random = Random(4);
    let forest = open(&random_forest(&mut random, 3));
    let row = random_row(&mut random, forest.schema().len());
    for method in [Method::Additive, Method::PointsBelowMaximum] {
        assert!(forest.explain(&row, method).is_err());
    }
    let isolation = open(&isolation());
    assert!(isolation.explain(&[0.0, 0.0], Method::Baseline).is_err());
    assert!(isolation.reasons(&[0.0, 0.0]).is_empty());
}
