//! `golden.jsonl`: rows with the answers that every build has to give.

use serde::{Deserialize, Serialize};

use super::files::GOLDEN;
use super::{Artefact, ArtefactError, Files};

/// Fewer rows prove little.
pub(super) const LEAST_ROWS: usize = 1_000;

#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Golden {
    /// Values as text that reads back to the same bits.
    x: Vec<String>,
    /// The raw score's bits, 16 hexadecimal digits.
    raw: String,
    score: i32,
    /// Groups, for rows below the cut-off.
    reasons: Vec<String>,
}

/// The answer of this build to a row.
pub(super) fn answer(artefact: &Artefact, row: &[f64]) -> Golden {
    let scored = artefact.score(row);
    let told = artefact.cut_off().is_some_and(|cut_off| scored.score < cut_off);
    let reasons = if told { artefact.reasons(row) } else { Vec::new() };
    Golden {
        x: row.iter().map(f64::to_string).collect(),
        raw: format!("{:016x}", scored.raw.to_bits()),
        score: scored.score,
        reasons: reasons.iter().map(|reason| reason.group.to_owned()).collect(),
    }
}

/// Answers every row and compares. Returns how many there are.
pub(super) fn check(files: &Files, artefact: &Artefact) -> Result<usize, ArtefactError> {
    let mut rows = 0;
    for (number, line) in files.text(GOLDEN)?.lines().enumerate() {
        check_line(number + 1, line, artefact)?;
        rows += 1;
    }
    if rows < LEAST_ROWS {
        let what = format!("{rows} rows, at least {LEAST_ROWS} are needed");
        return Err(ArtefactError::inconsistent(GOLDEN, what));
    }
    Ok(rows)
}

fn check_line(line: usize, text: &str, artefact: &Artefact) -> Result<(), ArtefactError> {
    let wrong = |what: String| ArtefactError::format(GOLDEN, format!("line {line}: {what}"));
    let golden: Golden = serde_json::from_str(text).map_err(|error| wrong(error.to_string()))?;
    let row = golden.x.iter().map(|value| value.parse::<f64>());
    let row = row
        .collect::<Result<Vec<f64>, _>>()
        .map_err(|error| wrong(error.to_string()))?;
    if row.len() != artefact.schema().len() {
        return Err(wrong(format!(
            "{} values for {} features",
            row.len(),
            artefact.schema().len()
        )));
    }
    let answer = answer(artefact, &row);
    let fields = [
        ("raw", answer.raw, golden.raw),
        ("score", answer.score.to_string(), golden.score.to_string()),
        ("reasons", answer.reasons.join(";"), golden.reasons.join(";")),
    ];
    match fields.into_iter().find(|(_, got, expected)| got != expected) {
        None => Ok(()),
        Some((field, got, expected)) => Err(ArtefactError::Golden {
            line,
            field,
            got,
            expected,
        }),
    }
}
