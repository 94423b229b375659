//! The expert points table as an artefact: `cargo run -p usance-risk --example make_points` writes `risk/models/points`.
//!
//! The points were set by people, no data stood behind them. The scale is 600 points at good:bad odds of 50:1, and 20 points
//! double the odds. The raw score is the negative sum of points, a whole number, so that every score is exact.
#![expect(clippy::float_arithmetic, reason = "a table of a model, never money")]

use std::collections::BTreeMap;
use std::f64::consts::LN_2;
use std::fmt::Write as _;

use chrono::NaiveDate;

use crate::facts::{Fact, Unit};
use crate::model::{Calibration, Draft, Feature, Input, Kind, Manifest, Monotone, Numbers, Scale, Status};

const BASE_POINTS: i32 = 420;
const SCALE: Scale = Scale {
    base_score: 600,
    base_odds: 50.0,
    pdo: 20.0,
    min_score: 300,
    max_score: 850,
};
/// The lowest band of the policy begins here.
const CUT_OFF: i32 = 580;

struct Row {
    fact: Fact,
    title: &'static str,
    /// Of the risk.
    monotone: Monotone,
    group: &'static str,
    /// Points of values below the bound, rising; then those of all others.
    bins: &'static [(i32, i32)],
    rest: i32,
    missing: i32,
    /// Of the marginal approval: an applicant without a late payment, whose file is short and busy and whose income is tight.
    reference: i32,
    max: i32,
}

const TABLE: [Row; 8] = [
    Row {
        fact: Fact::DebtToIncomePpm,
        title: "Housing, debts and the new payment as a share of income",
        monotone: Monotone::Up,
        group: "OBLIGATIONS_EXCESSIVE",
        bins: &[
            (150_000, 75),
            (250_000, 62),
            (350_000, 48),
            (430_000, 32),
            (500_000, 12),
        ],
        rest: -25,
        missing: -25,
        reference: 400_000,
        max: 5_000_000,
    },
    Row {
        fact: Fact::PaymentToIncomePpm,
        title: "The new payment as a share of income",
        monotone: Monotone::Up,
        group: "INCOME_INSUFFICIENT",
        bins: &[(50_000, 40), (100_000, 32), (200_000, 20), (350_000, 0)],
        rest: -30,
        missing: -30,
        reference: 150_000,
        max: 5_000_000,
    },
    Row {
        fact: Fact::EmploymentMonths,
        title: "Months in the present work; missing for those who do not live from work",
        monotone: Monotone::Down,
        group: "EMPLOYMENT_LENGTH",
        bins: &[(1, -20), (6, 4), (12, 11), (24, 18), (60, 25)],
        rest: 32,
        missing: 18,
        reference: 18,
        max: 720,
    },
    Row {
        fact: Fact::ResidenceMonths,
        title: "Months at the present address",
        monotone: Monotone::Down,
        group: "RESIDENCE_LENGTH",
        bins: &[(6, 2), (12, 6), (36, 9)],
        rest: 13,
        missing: 2,
        reference: 9,
        max: 1_200,
    },
    Row {
        fact: Fact::Delinquencies24m,
        title: "Payments missed in 24 months",
        monotone: Monotone::Up,
        group: "DELINQUENT_OBLIGATIONS",
        bins: &[(1, 60), (2, 22), (3, -5)],
        rest: -45,
        missing: -45,
        reference: 0,
        max: 100,
    },
    Row {
        fact: Fact::Inquiries6m,
        title: "Credit inquiries in 6 months",
        monotone: Monotone::Up,
        group: "RECENT_INQUIRIES",
        bins: &[(1, 25), (3, 17), (6, 6)],
        rest: -12,
        missing: -12,
        reference: 4,
        max: 100,
    },
    Row {
        fact: Fact::CreditHistoryMonths,
        title: "Months since the oldest account was opened; missing without a file",
        monotone: Monotone::Down,
        group: "LIMITED_CREDIT_EXPERIENCE",
        bins: &[(6, 4), (24, 14), (60, 24), (120, 34)],
        rest: 42,
        missing: 0,
        reference: 12,
        max: 1_200,
    },
    Row {
        fact: Fact::UtilizationPpm,
        title: "Share of revolving limits in use; missing without such an account",
        monotone: Monotone::Up,
        group: "OBLIGATIONS_EXCESSIVE",
        bins: &[
            (100_000, 42),
            (300_000, 36),
            (500_000, 24),
            (750_000, 10),
            (900_000, -6),
        ],
        rest: -25,
        missing: 20,
        reference: 600_000,
        max: 10_000_000,
    },
];

/// Regulation B, form C-1.
const REASONS: [(&str, &str); 7] = [
    (
        "DELINQUENT_OBLIGATIONS",
        "Delinquent past or present credit obligations with others",
    ),
    ("EMPLOYMENT_LENGTH", "Length of employment"),
    (
        "INCOME_INSUFFICIENT",
        "Income insufficient for amount of credit requested",
    ),
    ("LIMITED_CREDIT_EXPERIENCE", "Limited credit experience"),
    ("OBLIGATIONS_EXCESSIVE", "Excessive obligations in relation to income"),
    ("RECENT_INQUIRIES", "Number of recent inquiries on credit bureau report"),
    ("RESIDENCE_LENGTH", "Length of residence"),
];

const PURPOSE: &str = "Decides about consumer credit until a model that was trained on own outcomes replaces it.";

/// The table as a model that is not signed yet.
pub fn draft() -> Draft {
    let negative = |points: i32| f64::from(-points);
    Draft {
        manifest: manifest(),
        numbers: Numbers::Additive {
            // A value is whole, so "below 6" is "at most 5".
            thresholds: (TABLE.iter())
                .map(|row| row.bins.iter().map(|(below, _)| f64::from(below - 1)).collect())
                .collect(),
            intercept: negative(BASE_POINTS),
            tables: (TABLE.iter())
                .map(|row| {
                    let bins = row.bins.iter().map(|(_, points)| *points);
                    bins.chain([row.rest, row.missing]).map(negative).collect()
                })
                .collect(),
        },
        reasons: REASONS.map(|(code, text)| (code.to_owned(), text.to_owned())).into(),
        card: card(),
    }
}

fn manifest() -> Manifest {
    let point = LN_2 / SCALE.pdo;
    let columns = TABLE.iter().map(|row| row.fact.name().to_owned());
    Manifest {
        format: 1,
        name: "usance-points".to_owned(),
        version: "1.0.0".to_owned(),
        kind: Kind::Additive,
        status: Status::Expert,
        purpose: PURPOSE.to_owned(),
        expires: NaiveDate::from_ymd_opt(2028, 11, 21).unwrap_or_default(),
        input: Input {
            delimiter: ",".to_owned(),
            header: true,
            columns: columns.collect(),
        },
        features: TABLE.iter().map(feature).collect(),
        calibration: Some(Calibration {
            slope: point,
            intercept: f64::from(SCALE.base_score) * point - libm::log(SCALE.base_odds),
        }),
        scale: Some(SCALE),
        cut_off: Some(CUT_OFF),
        training: None,
        metrics: BTreeMap::new(),
        drift: None,
        iterations: 1,
    }
}

fn feature(row: &Row) -> Feature {
    let unit = match row.fact.unit() {
        Unit::Minor => "minor units",
        Unit::Ppm => "parts per million",
        Unit::Months => "months",
        Unit::Days => "days",
        Unit::Count => "count",
    };
    Feature {
        name: row.fact.name().to_owned(),
        title: row.title.to_owned(),
        unit: unit.to_owned(),
        column: row.fact.name().to_owned(),
        category: None,
        codes: BTreeMap::new(),
        missing: vec![String::new(), "NA".to_owned()],
        special: vec![],
        min: 0.0,
        max: f64::from(row.max),
        monotone: Some(row.monotone),
        group: row.group.to_owned(),
        reference: Some(f64::from(row.reference)),
        source: Some(row.fact.name().to_owned()),
    }
}

fn card() -> String {
    let mut card = format!(
        "# usance-points 1.0.0: expert points table\n\n\
         **Expert, unvalidated.** The points were set by people. No outcomes stood behind them, so there is no figure of accuracy, no\n\
         calibration and no drift baseline to give. The probability of default is what the scale says, not what was observed.\n\n\
         {PURPOSE}\n\n\
         - Kind: additive, one table a feature; {BASE_POINTS} points to begin with.\n\
         - Scale: 600 points at 50 good for one bad; 20 points double the odds; 300 to 850. Cut-off {CUT_OFF}.\n\
         - Age, sex, name, nationality and address are no inputs.\n\
         - Valid to 2028-11-21. Owner: Risk. Replaced by promotion of a trained model, by two officers.\n\n\
         ## Points\n\n| feature | points by value | missing | reference | reason |\n|---|---|---|---|---|\n"
    );
    for row in &TABLE {
        let bins: Vec<String> = row
            .bins
            .iter()
            .map(|(below, points)| format!("< {below}: {points}"))
            .collect();
        let _ = writeln!(
            card,
            "| {} | {}; else {} | {} | {} | {} |",
            row.fact.name(),
            bins.join("; "),
            row.rest,
            row.missing,
            row.reference,
            row.group
        );
    }
    card + "\nThe reference is the marginal approval against which reasons are measured: no late payment, a short and busy file, a tight\n\
            income; 586 points. A group counts against an applicant by the points that it loses to the reference.\n"
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Artefact, Files, TrustedKeys, development_key};

    fn made() -> Files {
        draft().sign(&development_key()).unwrap()
    }

    #[test]
    fn the_committed_table_is_what_the_maker_makes() {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/points");
        assert_eq!(Files::read(&folder).unwrap(), made());
    }

    #[test]
    fn the_reference_is_approved_and_every_row_is_whole_points() {
        let artefact = Artefact::open(&made(), &TrustedKeys::development()).unwrap();
        assert!(artefact.golden_rows() >= 1_000);
        let reference: Vec<f64> = artefact.schema().iter().map(|f| f.reference.unwrap()).collect();
        assert_eq!(artefact.score(&reference).score, 586);
        assert_eq!(artefact.score(&reference).raw.to_bits(), (-586.0_f64).to_bits());
        assert_eq!(artefact.score(&[f64::NAN; 8]).score, 348);
    }
}
