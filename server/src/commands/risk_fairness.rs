//! `usance risk fairness`: how decisions fall on groups of people, computed apart from serving.
//!
//! Protected attributes come from a file of their own, keyed by the decision; the service neither asks for nor keeps them. The
//! 0.80 line is the four-fifths screen of 29 CFR 1607.4(D), a rule about employment that lenders use as a screen; 0.90 is the mark
//! that many aim at.
#![expect(clippy::float_arithmetic, reason = "statistics of a report, never money")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use serde_json::{Value, json};

use super::table::{Align, Cell, Table, Tone, colour_wanted, printable};
use super::{Exit, print};

/// Below this many people a figure says nothing.
const LEAST: usize = 30;
/// The screen.
const SCREEN: f64 = 0.80;
/// The mark that many aim at.
const MARK: f64 = 0.90;
/// A difference of scores that is worth a look, in standard deviations.
const SMD_MARK: f64 = 0.30;
/// 95 % of a normal distribution.
const Z95: f64 = 1.959_964;

/// Options of `fairness`.
#[derive(clap::Args, Clone, Debug)]
pub struct Options {
    /// Decisions: columns `decision`, `outcome` and `score`, where known `pd_ppm` and `bad` (0 or 1). `usance risk decisions --csv` writes it.
    #[arg(long)]
    decisions: PathBuf,
    /// Groups: a column `decision`, and one for each attribute.
    #[arg(long)]
    groups: PathBuf,
    /// Group that an attribute's others are compared with, as `attribute=group`; the largest when it is left out.
    #[arg(long, value_parser = pair)]
    reference: Vec<(String, String)>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

fn pair(text: &str) -> Result<(String, String), String> {
    let (attribute, group) = text.split_once('=').ok_or("attribute=group")?;
    Ok((attribute.to_owned(), group.to_owned()))
}

/// One decision as the report reads it.
#[derive(Clone, Copy, Debug)]
struct Decided {
    /// Approved, as asked for or for less.
    approved: bool,
    score: f64,
    pd: Option<f64>,
    bad: Option<bool>,
}

/// Runs it: 1 when a group is below the screen.
pub(super) fn run(options: &Options) -> Result<Exit> {
    let (decisions, undecided) = decisions(&read(&options.decisions)?)?;
    let groups = read(&options.groups)?;
    let report = report(&decisions, &groups, &options.reference, undecided)?;
    if options.json {
        print(&format!("{report:#}\n"));
    } else {
        print(&tables(&report));
    }
    let below = report["attributes"].as_array().into_iter().flatten().any(|attribute| {
        let mut groups = attribute["groups"].as_array().into_iter().flatten();
        groups.any(|group| group["flag"] == "BELOW_0.80")
    });
    Ok(if below { Exit::Failure } else { Exit::Success })
}

/// A file of rows: names of the columns, then each row by number of its line.
struct Rows {
    name: String,
    columns: Vec<String>,
    lines: Vec<(usize, Vec<String>)>,
}

impl Rows {
    fn column(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column == name)
    }

    fn needed(&self, name: &str) -> Result<usize> {
        self.column(name)
            .with_context(|| format!("{}: no column {name:?}", self.name))
    }
}

fn read(path: &Path) -> Result<Rows> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    rows(&path.display().to_string(), &text)
}

/// Comma-separated values after RFC 4180, without line breaks inside of fields.
fn rows(name: &str, text: &str) -> Result<Rows> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let mut lines = lines.map(|(number, line)| (number + 1, fields(line)));
    let (_, columns) = lines.next().with_context(|| format!("{name} is empty"))?;
    let mut rows = Vec::new();
    for (number, row) in lines {
        ensure!(
            row.len() == columns.len(),
            "{name}, line {number}: {} fields instead of {}",
            row.len(),
            columns.len()
        );
        rows.push((number, row));
    }
    Ok(Rows {
        name: name.to_owned(),
        columns,
        lines: rows,
    })
}

fn fields(line: &str) -> Vec<String> {
    let (mut all, mut field, mut quoted) = (Vec::new(), String::new(), false);
    let mut letters = line.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                field.push('"');
            }
            '"' => quoted = !quoted,
            ',' if !quoted => all.push(std::mem::take(&mut field).trim().to_owned()),
            other => field.push(other),
        }
    }
    all.push(field.trim().to_owned());
    all
}

/// Decisions by id, and how many are none yet.
fn decisions(rows: &Rows) -> Result<(BTreeMap<String, Decided>, usize)> {
    let (id, outcome, score) = (rows.needed("decision")?, rows.needed("outcome")?, rows.needed("score")?);
    let (pd, bad) = (rows.column("pd_ppm"), rows.column("bad"));
    let (mut all, mut undecided) = (BTreeMap::new(), 0);
    for (line, row) in &rows.lines {
        let place = || format!("{}, line {line}", rows.name);
        let number = |text: &str| text.parse::<f64>().ok().filter(|number| number.is_finite());
        let approved = match row[outcome].as_str() {
            "OFFER" | "COUNTER" => true,
            "DECLINE" => false,
            "MORE_INFO" => {
                undecided += 1;
                continue;
            }
            other => bail!("{}: {other:?} is no outcome", place()),
        };
        let pd = pd.map(|column| row[column].as_str()).filter(|text| !text.is_empty());
        let bad = match bad.map(|column| row[column].as_str()) {
            None | Some("") => None,
            Some("0") => Some(false),
            Some("1") => Some(true),
            Some(other) => bail!("{}: bad is 0 or 1, not {other:?}", place()),
        };
        let decided = Decided {
            approved,
            score: number(&row[score]).with_context(|| format!("{}: no score", place()))?,
            pd: pd
                .map(|text| number(text).with_context(|| format!("{}: no pd_ppm", place())))
                .transpose()?
                .map(|ppm| ppm / 1e6),
            bad,
        };
        ensure!(
            all.insert(row[id].clone(), decided).is_none(),
            "{}: decision {} a second time",
            place(),
            row[id]
        );
    }
    Ok((all, undecided))
}

fn report(
    decisions: &BTreeMap<String, Decided>,
    groups: &Rows,
    references: &[(String, String)],
    undecided: usize,
) -> Result<Value> {
    let id = groups.needed("decision")?;
    for (attribute, _) in references {
        groups.needed(attribute)?;
    }
    let known: BTreeSet<&String> = groups.lines.iter().map(|(_, row)| &row[id]).collect();
    ensure!(
        known.len() == groups.lines.len(),
        "{}: a decision stands there twice",
        groups.name
    );
    let matched = known.iter().filter(|id| decisions.contains_key(**id)).count();
    let mut attributes = Vec::new();
    for (column, attribute) in groups.columns.iter().enumerate().filter(|(column, _)| *column != id) {
        let mut members: BTreeMap<&str, Vec<Decided>> = BTreeMap::new();
        for (_, row) in &groups.lines {
            if let (Some(decided), false) = (decisions.get(&row[id]), row[column].is_empty()) {
                members.entry(&row[column]).or_default().push(*decided);
            }
        }
        let named = references
            .iter()
            .find(|(name, _)| name == attribute)
            .map(|(_, group)| group.as_str());
        attributes.push(by_attribute(attribute, &members, named)?);
    }
    Ok(json!({
        "decided": decisions.len(), "undecided": undecided, "matched": matched, "withoutGroup": decisions.len() - matched,
        "least": LEAST, "attributes": attributes,
    }))
}

fn by_attribute(attribute: &str, members: &BTreeMap<&str, Vec<Decided>>, named: Option<&str>) -> Result<Value> {
    let largest = members.iter().max_by_key(|(_, all)| all.len()).map(|(group, _)| *group);
    let Some(reference) = named.or(largest) else {
        return Ok(json!({ "attribute": attribute, "reference": null, "groups": [] }));
    };
    let base = members
        .get(reference)
        .with_context(|| format!("{attribute}: nobody is in the reference group {reference:?}"))?;
    let groups: Vec<Value> = members
        .iter()
        .map(|(group, all)| by_group(group, all, base, *group == reference))
        .collect();
    Ok(json!({ "attribute": attribute, "reference": reference, "groups": groups }))
}

fn by_group(group: &str, all: &[Decided], base: &[Decided], is_reference: bool) -> Value {
    let mut found = json!({ "group": group, "people": all.len() });
    if all.len() < LEAST || base.len() < LEAST {
        found["flag"] = json!("TOO_FEW");
        return found;
    }
    found["approved"] = json!(approved(all));
    found["approvalRate"] = json!(rate(all));
    found["meanScore"] = json!(mean(all));
    let pds: Vec<f64> = all.iter().filter_map(|one| one.pd).collect();
    if !pds.is_empty() {
        found["meanPd"] = json!(pds.iter().sum::<f64>() / number(pds.len()));
    }
    let outcomes: Vec<(f64, bool)> = all.iter().filter_map(|one| Some((one.pd?, one.bad?))).collect();
    if outcomes.len() >= LEAST {
        let bad = outcomes.iter().filter(|(_, bad)| *bad).count();
        let expected: f64 = outcomes.iter().map(|(pd, _)| pd).sum();
        found["outcomes"] = json!(outcomes.len());
        found["observedBadRate"] = json!(number(bad) / number(outcomes.len()));
        // Above 1 the group turned out better than predicted.
        found["predictedToObserved"] = if bad == 0 {
            Value::Null
        } else {
            json!(expected / number(bad))
        };
    }
    if is_reference {
        found["flag"] = json!("REFERENCE");
        return found;
    }
    found["smd"] = difference(all, base).map_or(Value::Null, |smd| json!(smd));
    match impact(all, base) {
        None => found["flag"] = json!("NO_APPROVALS"),
        Some((ratio, low, high)) => {
            found["impactRatio"] = json!({ "value": ratio, "low": low, "high": high });
            let flag = match ratio {
                ratio if ratio < SCREEN => "BELOW_0.80",
                ratio if ratio < MARK => "BELOW_0.90",
                _ => "OK",
            };
            found["flag"] = json!(flag);
        }
    }
    found
}

#[expect(clippy::cast_precision_loss, reason = "counts of people, far below 2^53")]
fn number(count: usize) -> f64 {
    count as f64
}

fn approved(all: &[Decided]) -> usize {
    all.iter().filter(|one| one.approved).count()
}

fn rate(all: &[Decided]) -> f64 {
    number(approved(all)) / number(all.len())
}

fn mean(all: &[Decided]) -> f64 {
    all.iter().map(|one| one.score).sum::<f64>() / number(all.len())
}

fn variance(all: &[Decided]) -> f64 {
    let mean = mean(all);
    let squares = all.iter().map(|one| (one.score - mean) * (one.score - mean));
    squares.sum::<f64>() / number(all.len() - 1)
}

/// Standardized mean difference of the scores; none when all scores are the same.
fn difference(all: &[Decided], base: &[Decided]) -> Option<f64> {
    let pooled = f64::midpoint(variance(all), variance(base)).sqrt();
    (pooled > 0.0).then(|| (mean(all) - mean(base)) / pooled)
}

/// Adverse impact ratio with its 95 % interval on the logarithm (Katz et al. 1978); none when nobody of either was approved.
fn impact(all: &[Decided], base: &[Decided]) -> Option<(f64, f64, f64)> {
    let (ours, theirs) = (number(approved(all)), number(approved(base)));
    if approved(all) == 0 || approved(base) == 0 {
        return None;
    }
    let ratio = rate(all) / rate(base);
    let spread = (1.0 / ours - 1.0 / number(all.len()) + 1.0 / theirs - 1.0 / number(base.len())).sqrt();
    Some((ratio, ratio * (-Z95 * spread).exp(), ratio * (Z95 * spread).exp()))
}

fn tables(report: &Value) -> String {
    let mut out = format!(
        "{} decisions with an outcome, {} without; {} with groups\n",
        report["decided"], report["undecided"], report["matched"]
    );
    for attribute in report["attributes"].as_array().into_iter().flatten() {
        let name = |value: &Value| printable(value.as_str().unwrap_or("-"));
        let (compared, reference) = (name(&attribute["attribute"]), name(&attribute["reference"]));
        let _ = writeln!(out, "\n{compared} (compared with {reference})");
        let mut table = Table::new(&[
            ("group", Align::Left),
            ("people", Align::Right),
            ("approved", Align::Right),
            ("impact ratio", Align::Right),
            ("95 %", Align::Left),
            ("SMD", Align::Right),
            ("PD", Align::Right),
            ("bad", Align::Right),
            ("", Align::Left),
        ]);
        for group in attribute["groups"].as_array().into_iter().flatten() {
            table.row(line(group));
        }
        out += &table.render(colour_wanted());
    }
    let _ = write!(
        out,
        "\nImpact ratio: approval rate over that of the reference; {SCREEN:.2} is the usual screen, {MARK:.2} what many aim at.\n\
         SMD: difference of mean scores in standard deviations; {SMD_MARK:.2} is worth a look. Groups below {LEAST} people say nothing.\n"
    );
    out
}

fn line(group: &Value) -> Vec<Cell> {
    let figure = |value: &Value, digits: usize| value.as_f64().map_or(String::new(), |v| format!("{v:.digits$}"));
    let percent = |value: &Value| value.as_f64().map_or(String::new(), |v| format!("{:.1} %", v * 100.0));
    let ratio = &group["impactRatio"];
    let interval = match (ratio["low"].as_f64(), ratio["high"].as_f64()) {
        (Some(low), Some(high)) => format!("{low:.3} to {high:.3}"),
        _ => String::new(),
    };
    let (flag, tone) = match group["flag"].as_str().unwrap_or_default() {
        "TOO_FEW" => ("too few", Tone::Dim),
        "REFERENCE" => ("reference", Tone::Dim),
        "NO_APPROVALS" => ("nobody approved", Tone::Bad),
        "BELOW_0.80" => ("below 0.80", Tone::Bad),
        "BELOW_0.90" => ("below 0.90", Tone::Warn),
        _ => ("", Tone::Plain),
    };
    let far = group["smd"].as_f64().is_some_and(|smd| smd.abs() >= SMD_MARK);
    vec![
        group["group"].as_str().unwrap_or("-").into(),
        group["people"].to_string().into(),
        percent(&group["approvalRate"]).into(),
        figure(&ratio["value"], 3).into(),
        interval.into(),
        Cell::new(figure(&group["smd"], 2), if far { Tone::Warn } else { Tone::Plain }),
        percent(&group["meanPd"]).into(),
        percent(&group["observedBadRate"]).into(),
        Cell::new(flag, tone),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `approved` of `people` in each group, scores apart by `step`.
    fn files(groups: &[(&str, usize, usize, f64)]) -> (Rows, Rows) {
        let mut decisions = "decision,outcome,score,pd_ppm,bad\n".to_owned();
        let mut members = "decision,sex\n".to_owned();
        for (group, people, approved, score) in groups {
            for n in 0..*people {
                let outcome = if n < *approved { "OFFER" } else { "DECLINE" };
                let bad = usize::from(n % 10 == 0);
                let score = score + number(n % 7);
                let _ = writeln!(decisions, "{group}{n},{outcome},{score},100000,{bad}");
                let _ = writeln!(members, "{group}{n},\"{group}\"");
            }
        }
        decisions += "later,MORE_INFO,500,,\n";
        (
            rows("decisions", &decisions).unwrap(),
            rows("groups", &members).unwrap(),
        )
    }

    fn made(groups: &[(&str, usize, usize, f64)]) -> Value {
        let (decided, members) = files(groups);
        let (decided, undecided) = decisions(&decided).unwrap();
        report(&decided, &members, &[("sex".to_owned(), "a".to_owned())], undecided).unwrap()
    }

    #[test]
    fn a_group_below_four_fifths_is_marked_with_its_interval() {
        let report = made(&[
            ("a", 200, 100, 600.0),
            ("b", 100, 35, 590.0),
            ("c", 100, 44, 600.0),
            ("d", 29, 1, 600.0),
        ]);
        let groups = &report["attributes"][0]["groups"];
        let flags: Vec<&str> = groups
            .as_array()
            .unwrap()
            .iter()
            .map(|g| g["flag"].as_str().unwrap())
            .collect();
        assert_eq!(flags, ["REFERENCE", "BELOW_0.80", "BELOW_0.90", "TOO_FEW"]);
        let ratio = &groups[1]["impactRatio"];
        // 0.35 / 0.50 by hand; spread of the logarithm: sqrt(1/35 - 1/100 + 1/100 - 1/200).
        let spread = (1.0_f64 / 35.0 - 1.0 / 100.0 + 1.0 / 100.0 - 1.0 / 200.0).sqrt();
        let near = |value: &Value, expected: f64| (value.as_f64().unwrap() - expected).abs() < 1e-9;
        assert!(
            near(&ratio["value"], 0.7) && near(&ratio["low"], 0.7 * (-Z95 * spread).exp()),
            "{ratio}"
        );
        assert!(
            groups[1]["smd"].as_f64().unwrap() < -4.0,
            "ten points of a spread of two"
        );
        assert!(near(&groups[1]["observedBadRate"], 0.1) && near(&groups[1]["predictedToObserved"], 1.0));
        assert_eq!((&report["undecided"], &report["decided"]), (&json!(1), &json!(429)));
        assert!(tables(&report).contains("below 0.80"), "{}", tables(&report));
    }

    #[test]
    fn an_unreadable_file_names_its_line() {
        let wrong = [
            ("decision,outcome,score\nx,MAYBE,1\n", "line 2"),
            ("decision,outcome,score\nx,OFFER,high\n", "line 2"),
            ("decision,outcome,score\nx,OFFER\n", "line 2"),
            ("decision,outcome\nx,OFFER\n", "score"),
            ("decision,outcome,score\nx,OFFER,1\nx,OFFER,1\n", "second time"),
        ];
        for (text, expected) in wrong {
            let read = rows("f.csv", text).and_then(|rows| decisions(&rows).map(drop));
            let said = format!("{:#}", read.unwrap_err());
            assert!(said.contains(expected), "{text:?}: {said}");
        }
    }
}
