//! What a model is, for people.

use std::fmt::Write;

use ::risk::model::{Artefact, Kind, Monotone, Status};
use anyhow::Result;

use super::table::{Align, Cell, Table, Tone, paint};

/// The card as tables, or as JSON.
pub fn card(model: &Artefact, json: bool, colour: bool) -> Result<String> {
    if json {
        let mut value = serde_json::to_value(model.manifest())?;
        value["digest"] = hex::encode(model.digest()).into();
        value["signed_by"] = model.signed_by().into();
        value["golden_rows"] = model.golden_rows().into();
        return Ok(serde_json::to_string_pretty(&value)? + "\n");
    }
    let mut text = head(model, colour);
    for table in [features(model), figures(model)]
        .iter()
        .filter(|table| !table.is_empty())
    {
        text.push('\n');
        text.push_str(&table.render(colour));
    }
    Ok(text)
}

fn head(model: &Artefact, colour: bool) -> String {
    let manifest = model.manifest();
    let status = match model.status() {
        Status::Trained => paint("trained", Tone::Good, colour),
        Status::Expert => paint("expert, unvalidated", Tone::Warn, colour),
    };
    let mut lines = vec![
        ("model", format!("{} {}", model.name(), model.version())),
        ("purpose", manifest.purpose.clone()),
        ("kind", kind(model)),
        ("status", status),
        ("valid until", model.expires().to_string()),
    ];
    if let Some(cut_off) = model.cut_off() {
        let scale = model.scale();
        lines.push(("approved from", format!("{cut_off} points")));
        lines.push((
            "scale",
            format!(
                "{} to {}; {} = {} good to one bad, doubled every {} points",
                scale.min_score, scale.max_score, scale.base_score, scale.base_odds, scale.pdo
            ),
        ));
    }
    if let Some(training) = &manifest.training {
        let rate = training
            .bad_rate
            .map_or(String::new(), |rate| format!(", bad rate {rate}"));
        lines.push((
            "trained on",
            format!("{}, {} rows{rate}; {}", training.data, training.rows, training.split),
        ));
        lines.push(("data SHA-256", training.data_sha256.clone()));
    }
    lines.push(("digest", hex::encode(model.digest())));
    lines.push(("signed by", model.signed_by().to_owned()));
    let mut text = String::new();
    for (name, value) in lines {
        let _infallible = writeln!(text, "{name:<14}{value}");
    }
    text
}

fn kind(model: &Artefact) -> String {
    let parts = model.parts();
    match model.kind() {
        Kind::Forest => format!("boosted trees, {parts}"),
        Kind::Additive => format!("one table a feature, {parts}"),
        Kind::Isolation => format!("isolation forest (anomaly score), {parts} trees"),
    }
}

fn features(model: &Artefact) -> Table {
    let (left, right) = (Align::Left, Align::Right);
    let mut table = Table::new(&[
        ("feature", left),
        ("title", left),
        ("unit", left),
        ("risk", left),
        ("min", right),
        ("max", right),
        ("reference", right),
        ("reason group", left),
    ]);
    for feature in model.schema() {
        let risk = match feature.monotone {
            Some(Monotone::Up) => "rises",
            Some(Monotone::Down) => "falls",
            None => "",
        };
        let reference = feature
            .reference
            .map_or("missing".to_owned(), |value| value.to_string());
        table.row(vec![
            (&feature.name).into(),
            (&feature.title).into(),
            (&feature.unit).into(),
            risk.into(),
            feature.min.to_string().into(),
            feature.max.to_string().into(),
            reference.into(),
            (&feature.group).into(),
        ]);
    }
    table
}

fn figures(model: &Artefact) -> Table {
    let mut table = Table::new(&[
        ("figure on held-out rows", Align::Left),
        ("value", Align::Right),
        ("95 % from", Align::Right),
        ("to", Align::Right),
    ]);
    for (name, metric) in &model.manifest().metrics {
        let cell = |value: f64| Cell::from(format!("{value:.4}"));
        table.row(vec![
            name.into(),
            cell(metric.value),
            cell(metric.low),
            cell(metric.high),
        ]);
    }
    table
}

/// What was checked of a model that opened.
pub fn checked(model: &Artefact) -> String {
    let signs = model
        .schema()
        .iter()
        .filter(|feature| feature.monotone.is_some())
        .count();
    format!(
        "\
{} {}: usable
  signature     of key {}
  digests       of all five files as in SHA256SUMS ({})
  model.json    every field; {} features in {} reason groups, each with its text
  model.bin     every number; {}
  signs         {signs} features with a monotone sign: no table or tree goes against it
  golden rows   {} answered to the bit: raw score, points and reasons
",
        model.name(),
        model.version(),
        model.signed_by(),
        hex::encode(model.digest()),
        model.schema().len(),
        model.groups().len(),
        kind(model),
        model.golden_rows()
    )
}
