//! Everything in `model.json` that can be checked without the numbers.

use std::collections::{BTreeMap, BTreeSet};

use super::artefact::{MAX_FEATURES, MAX_GROUPS};
use super::files::{MANIFEST, REASONS};
use super::{ArtefactError, Drift, Feature, Kind, Manifest, Scale, Status, Training};

const FORMAT: u32 = 1;
const MAX_TEXT: usize = 2_000;
const MAX_LIST: usize = 1_000;
const MAX_EDGES: usize = 1_000;
/// What shares add up to: they are written rounded.
const SHARES: std::ops::RangeInclusive<f64> = 0.9999..=1.0001;
const METRICS: [&str; 8] = ["auc", "ks", "gini", "brier", "log_loss", "ece", "slope", "intercept"];

type Checked = Result<(), String>;

/// Reads and checks it. A later format is called by its name before anything else is read.
pub fn read(text: &str) -> Result<Manifest, ArtefactError> {
    #[derive(serde::Deserialize)]
    struct Head {
        format: u32,
    }
    let syntax = |error: serde_json::Error| ArtefactError::format(MANIFEST, error.to_string());
    let head: Head = serde_json::from_str(text).map_err(syntax)?;
    if head.format != FORMAT {
        let what = format!(
            "is of format {}, this build reads {FORMAT}; take a newer build",
            head.format
        );
        return Err(ArtefactError::format(MANIFEST, what));
    }
    let manifest: Manifest = serde_json::from_str(text).map_err(syntax)?;
    check(&manifest).map_err(|what| ArtefactError::inconsistent(MANIFEST, what))?;
    Ok(manifest)
}

/// Reads the texts of the reason groups: one for each group in use, and no other.
pub fn read_reasons(text: &str, manifest: &Manifest) -> Result<BTreeMap<String, String>, ArtefactError> {
    let texts: BTreeMap<String, String> =
        serde_json::from_str(text).map_err(|error| ArtefactError::format(REASONS, error.to_string()))?;
    let used: BTreeSet<&String> = manifest.features.iter().map(|feature| &feature.group).collect();
    let wrong = |what: String| Err(ArtefactError::inconsistent(REASONS, what));
    if let Some(group) = used.iter().find(|group| !texts.contains_key(**group)) {
        return wrong(format!("group {group} has no text"));
    }
    if let Some(code) = texts.keys().find(|code| !used.contains(code)) {
        return wrong(format!("{code} is the group of no feature"));
    }
    match texts
        .iter()
        .find(|(_, text)| text.trim().is_empty() || text.len() > MAX_TEXT)
    {
        Some((code, _)) => wrong(format!("the text of {code} is empty or too long")),
        None => Ok(texts),
    }
}

fn ensure(right: bool, otherwise: impl FnOnce() -> String) -> Checked {
    if right { Ok(()) } else { Err(otherwise()) }
}

fn check(manifest: &Manifest) -> Checked {
    let name = &manifest.name;
    let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    ensure((1..=64).contains(&name.len()) && name.bytes().all(plain), || {
        "the name has 1 to 64 lower case letters, digits and hyphens".to_owned()
    })?;
    let numbers: Vec<&str> = manifest.version.split('.').collect();
    let canonical = |part: &&str| part.parse::<u32>().is_ok_and(|number| number.to_string() == **part);
    ensure(numbers.len() == 3 && numbers.iter().all(canonical), || {
        "the version is three numbers with dots".to_owned()
    })?;
    ensure((1..=MAX_TEXT).contains(&manifest.purpose.len()), || {
        "the purpose is one sentence".to_owned()
    })?;
    check_input(manifest)?;
    check_features(&manifest.features)?;
    check_answer(manifest)?;
    check_origin(manifest)?;
    manifest
        .drift
        .as_ref()
        .map_or(Ok(()), |drift| check_drift(drift, manifest))
}

fn check_input(manifest: &Manifest) -> Checked {
    let input = &manifest.input;
    let one = [",", ";", "\t", "|", " "].contains(&input.delimiter.as_str());
    ensure(one, || {
        "the delimiter is a comma, semicolon, tab, bar or blank".to_owned()
    })?;
    let distinct: BTreeSet<&String> = input.columns.iter().collect();
    ensure(
        distinct.len() == input.columns.len() && distinct.len() <= MAX_LIST,
        || "a column is listed twice, or there are more than 1,000".to_owned(),
    )?;
    // A model that is never used on files lists no columns.
    let listed = |feature: &&Feature| input.columns.is_empty() || distinct.contains(&feature.column);
    match manifest.features.iter().find(|feature| !listed(feature)) {
        Some(feature) => Err(format!(
            "{}: column {} is not listed in input",
            feature.name, feature.column
        )),
        None => Ok(()),
    }
}

fn check_features(features: &[Feature]) -> Checked {
    ensure((1..=MAX_FEATURES).contains(&features.len()), || {
        format!("a model has 1 to {MAX_FEATURES} features")
    })?;
    let names: BTreeSet<&String> = features.iter().map(|feature| &feature.name).collect();
    ensure(names.len() == features.len(), || "a feature is listed twice".to_owned())?;
    let groups: BTreeSet<&String> = features.iter().map(|feature| &feature.group).collect();
    ensure(groups.len() <= MAX_GROUPS, || {
        format!("a model has at most {MAX_GROUPS} reason groups")
    })?;
    features
        .iter()
        .try_for_each(|feature| check_feature(feature).map_err(|what| format!("{}: {what}", feature.name)))
}

fn check_feature(feature: &Feature) -> Checked {
    let texts = [&feature.name, &feature.title, &feature.group];
    ensure(texts.iter().all(|text| (1..=MAX_TEXT).contains(&text.len())), || {
        "name, title and group have a text".to_owned()
    })?;
    let code = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_';
    ensure(feature.group.len() <= 64 && feature.group.bytes().all(code), || {
        "the group is a code of upper case letters, digits and underlines".to_owned()
    })?;
    ensure(feature.category.is_none() || feature.codes.is_empty(), || {
        "it is a category or has codes, not both".to_owned()
    })?;
    let short =
        feature.codes.len() <= MAX_LIST && feature.missing.len() <= MAX_LIST && feature.special.len() <= MAX_LIST;
    ensure(short, || {
        "codes, missing or special has more than 1,000 entries".to_owned()
    })?;
    let numbers = feature.codes.values().chain(&feature.special);
    let finite = numbers.chain([&feature.min, &feature.max]).chain(&feature.reference);
    ensure(finite.into_iter().all(|number| number.is_finite()), || {
        "a number is not finite".to_owned()
    })?;
    ensure(feature.min <= feature.max, || "min is above max".to_owned())?;
    let special = |value: &f64| feature.special.contains(value);
    ensure(!feature.reference.as_ref().is_some_and(special), || {
        "the reference is a special number, which is missing: write null".to_owned()
    })
}

/// Calibration, scale and cut-off.
fn check_answer(manifest: &Manifest) -> Checked {
    if manifest.kind == Kind::Isolation {
        // Whatever stands in calibration, scale and cut_off is not used.
        let free = manifest.features.iter().all(|feature| feature.monotone.is_none());
        return ensure(free, || "an isolation model has no monotone signs".to_owned());
    }
    let (Some(calibration), Some(scale), Some(cut_off)) = (manifest.calibration, manifest.scale, manifest.cut_off)
    else {
        return Err("calibration, scale and cut_off are needed".to_owned());
    };
    let sane = calibration.slope > 0.0 && calibration.slope <= 100.0 && calibration.intercept.abs() <= 1_000.0;
    ensure(sane, || {
        "the slope is above 0 to 100, the intercept within 1,000".to_owned()
    })?;
    check_scale(&scale)?;
    ensure((scale.min_score..=scale.max_score).contains(&cut_off), || {
        "the cut-off is not on the scale".to_owned()
    })
}

fn check_scale(scale: &Scale) -> Checked {
    let bounds = -10_000 <= scale.min_score && scale.min_score < scale.max_score && scale.max_score <= 10_000;
    ensure(bounds, || "min_score is below max_score, both within 10,000".to_owned())?;
    ensure((scale.min_score..=scale.max_score).contains(&scale.base_score), || {
        "base_score is not between min_score and max_score".to_owned()
    })?;
    let odds = (1e-6..=1e6).contains(&scale.base_odds) && (0.001..=1_000.0).contains(&scale.pdo);
    ensure(odds, || {
        "base_odds is a millionth to a million, pdo a thousandth to 1,000".to_owned()
    })
}

/// Where it comes from, and how well it does.
fn check_origin(manifest: &Manifest) -> Checked {
    if let Some(training) = &manifest.training {
        check_training(training)?;
    }
    if let Some(name) = manifest.metrics.keys().find(|name| !METRICS.contains(&name.as_str())) {
        return Err(format!("metric {name} is not known"));
    }
    let ordered = |low: f64, value: f64, high: f64| low <= high && [low, value, high].iter().all(|n| n.is_finite());
    if let Some((name, _)) = manifest.metrics.iter().find(|(_, m)| !ordered(m.low, m.value, m.high)) {
        return Err(format!("metric {name}: the interval is upside down"));
    }
    if manifest.status == Status::Expert || manifest.kind == Kind::Isolation {
        return Ok(());
    }
    ensure(manifest.training.is_some(), || {
        "a trained model says on what it was trained".to_owned()
    })?;
    ensure(manifest.drift.is_some(), || {
        "a trained model has a drift baseline".to_owned()
    })?;
    match METRICS.iter().find(|name| !manifest.metrics.contains_key(**name)) {
        Some(name) => Err(format!("metric {name} is missing")),
        None => Ok(()),
    }
}

fn check_training(training: &Training) -> Checked {
    let digest = |text: &str| text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let digests = [
        &training.data_sha256,
        &training.code_sha256,
        &training.requirements_sha256,
    ];
    ensure(digests.iter().all(|text| digest(text)), || {
        "training: a SHA-256 is not 64 lower case hexadecimal digits".to_owned()
    })?;
    let rate = training.bad_rate.is_none_or(|rate| (0.0..=1.0).contains(&rate));
    ensure(rate, || "training: the bad rate is not a share".to_owned())
}

fn check_drift(drift: &Drift, manifest: &Manifest) -> Checked {
    check_bins(&drift.score.edges, &drift.score.shares, false).map_err(|what| format!("drift of the score: {what}"))?;
    let names: BTreeSet<&String> = manifest.features.iter().map(|feature| &feature.name).collect();
    let described: BTreeSet<&String> = drift.features.keys().collect();
    ensure(names == described, || {
        "drift: not exactly the features of the model".to_owned()
    })?;
    for (name, feature) in &drift.features {
        let share = (0.0..=1.0).contains(&feature.missing);
        ensure(share, || format!("drift of {name}: missing is not a share"))?;
        let empty = feature.missing >= 1.0;
        check_bins(&feature.edges, &feature.shares, empty).map_err(|what| format!("drift of {name}: {what}"))?;
    }
    Ok(())
}

fn check_bins(edges: &[f64], shares: &[f64], empty: bool) -> Checked {
    ensure(edges.len() <= MAX_EDGES && shares.len() == edges.len() + 1, || {
        "there is one share more than edges, at most 1,001".to_owned()
    })?;
    let rising = edges.windows(2).all(|pair| pair[0] < pair[1]) && edges.iter().all(|edge| edge.is_finite());
    ensure(rising, || "the edges have to rise".to_owned())?;
    ensure(shares.iter().all(|share| (0.0..=1.0).contains(share)), || {
        "a share is not 0 to 1".to_owned()
    })?;
    let sum: f64 = shares.iter().sum();
    let whole = SHARES.contains(&sum);
    ensure(whole || empty, || "the shares do not add up to 1".to_owned())
}
