//! Risk as tables that an officer wants to read.

use std::fmt::Write as _;

use serde_json::Value;

use super::table::{Align, Cell, Table, Tone, printable};

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => printable(text),
        other => other.to_string(),
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn money(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        money => format!("{} {}", text(&money["amount"]), text(&money["currency"])),
    }
}

/// Parts per million as a decimal: `0.1234`.
fn ppm(value: &Value) -> String {
    value.as_i64().map_or("-".to_owned(), |ppm| {
        let sign = if ppm < 0 { "-" } else { "" };
        let ppm = ppm.unsigned_abs();
        format!("{sign}{}.{:04}", ppm / 1_000_000, ppm % 1_000_000 / 100)
    })
}

fn time(value: &Value) -> String {
    value.as_str().map_or("-".to_owned(), |text| {
        printable(text).chars().take(16).collect::<String>().replace('T', " ")
    })
}

fn table(columns: &[(&str, Align)], rows: impl Iterator<Item = Vec<Cell>>, colour: bool, none: &str) -> String {
    let mut table = Table::new(columns);
    rows.for_each(|row| table.row(row));
    if table.is_empty() {
        return format!("{none}\n");
    }
    table.render(colour)
}

fn facts(facts: &[(&str, String)], colour: bool) -> String {
    let rows = facts
        .iter()
        .map(|(name, value)| vec![Cell::new(name, Tone::Dim), value.as_str().into()]);
    table(&[("", Align::Left), ("", Align::Left)], rows, colour, "")
}

fn state(value: &Value) -> Cell {
    let tone = match value.as_str().unwrap_or_default() {
        "CHAMPION" | "APPROVED" | "CLEARED" | "OFFER" | "STABLE" => Tone::Good,
        "OPEN" | "SHADOW" | "COUNTER" | "MORE_INFO" | "LOOK" => Tone::Warn,
        "REJECTED" | "DECLINED" | "DECLINE" | "ACT" => Tone::Bad,
        _ => Tone::Dim,
    };
    Cell::new(text(value), tone)
}

fn model_rows(models: &[&Value], colour: bool) -> String {
    let columns = [
        ("model", Align::Left),
        ("version", Align::Left),
        ("kind", Align::Left),
        ("status", Align::Left),
        ("state", Align::Left),
        ("share", Align::Right),
        ("digest", Align::Left),
        ("registered by", Align::Left),
        ("id", Align::Left),
    ];
    let row = |model: &&Value| {
        vec![
            text(&model["name"]).into(),
            text(&model["version"]).into(),
            text(&model["kind"]).into(),
            text(&model["status"]).into(),
            state(&model["state"]),
            ppm(&model["sharePpm"]).into(),
            text(&model["digest"]).chars().take(12).collect::<String>().into(),
            text(&model["registeredBy"]).into(),
            text(&model["id"]).into(),
        ]
    };
    table(&columns, models.iter().map(row), colour, "no models")
}

pub(super) fn model(model: &Value, colour: bool) -> String {
    model_rows(&[model], colour)
}

pub(super) fn models(found: &Value, colour: bool) -> String {
    let models: Vec<&Value> = items(&found["models"]).collect();
    let proposals: Vec<&Value> = items(&found["proposals"]).collect();
    let mut out = model_rows(&models, colour);
    if !proposals.is_empty() {
        out += "\nProposals\n";
        out += &proposal_rows(&proposals, colour);
    }
    out
}

fn proposal_rows(proposals: &[&Value], colour: bool) -> String {
    let columns = [
        ("proposal", Align::Left),
        ("kind", Align::Left),
        ("model", Align::Left),
        ("share", Align::Right),
        ("state", Align::Left),
        ("by", Align::Left),
        ("decided by", Align::Left),
        ("AUC", Align::Right),
        ("reason", Align::Left),
    ];
    let row = |proposal: &&Value| {
        let model = &proposal["model"];
        let auc = &proposal["evidence"];
        let evidence = match &auc["aucDifference"] {
            Value::Null => "-".to_owned(),
            difference => format!(
                "{} ({} to {})",
                text(difference),
                text(&auc["aucLow"]),
                text(&auc["aucHigh"])
            ),
        };
        vec![
            text(&proposal["id"]).into(),
            text(&proposal["kind"]).into(),
            format!("{}@{}", text(&model["name"]), text(&model["version"])).into(),
            ppm(&proposal["sharePpm"]).into(),
            state(&proposal["state"]),
            text(&proposal["proposedBy"]).into(),
            if proposal["underAlarm"] == true {
                format!("{} (drift says ACT)", text(&proposal["decidedBy"])).into()
            } else {
                text(&proposal["decidedBy"]).into()
            },
            evidence.into(),
            text(&proposal["reason"]).into(),
        ]
    };
    table(&columns, proposals.iter().map(row), colour, "no proposals")
}

pub(super) fn proposal(proposal: &Value, colour: bool) -> String {
    proposal_rows(&[proposal], colour)
}

pub(super) fn reviews(found: &Value, colour: bool) -> String {
    let columns = [
        ("review", Align::Left),
        ("state", Align::Left),
        ("opened", Align::Left),
        ("borrower", Align::Left),
        ("score", Align::Right),
        ("rules that fired", Align::Left),
        ("until", Align::Left),
        ("note", Align::Left),
    ];
    let row = |review: &Value| {
        let fired: Vec<String> = items(&review["fraud"]["fired"])
            .map(|rule| format!("{} {}", text(&rule["rule"]), text(&rule["weight"])))
            .collect();
        vec![
            text(&review["id"]).into(),
            state(&review["state"]),
            time(&review["openedAt"]).into(),
            text(&review["borrower"]).into(),
            text(&review["score"]).into(),
            fired.join(", ").into(),
            time(&review["clearedUntil"]).into(),
            text(&review["note"]).into(),
        ]
    };
    table(&columns, items(found).map(row), colour, "nothing to look at")
}

pub(super) fn limits(found: &Value, colour: bool) -> String {
    let columns = [
        ("limit", Align::Right),
        ("reserved", Align::Right),
        ("committed", Align::Right),
        ("free", Align::Right),
        ("binds", Align::Left),
        ("decision", Align::Left),
        ("changed", Align::Left),
    ];
    let row = |limit: &Value| {
        vec![
            money(&limit["limit"]).into(),
            money(&limit["reserved"]).into(),
            money(&limit["committed"]).into(),
            money(&limit["free"]).into(),
            text(&limit["mode"]).into(),
            text(&limit["decision"]).into(),
            time(&limit["changedAt"]).into(),
        ]
    };
    table(&columns, items(found).map(row), colour, "no limits")
}

pub(super) fn policy(policy: &Value, colour: bool) -> String {
    let lines = [
        ("tenant", text(&policy["tenant"])),
        ("limits", text(&policy["mode"])),
        ("changes", text(&policy["revision"])),
    ];
    facts(&lines, colour)
}

pub(super) fn drift(found: &Value, colour: bool) -> String {
    let columns = [
        ("", Align::Left),
        ("rows", Align::Right),
        ("index", Align::Right),
        ("chance", Align::Right),
        ("level", Align::Left),
        ("missing", Align::Right),
        ("in training", Align::Right),
        ("out of range", Align::Right),
    ];
    let mut out = String::new();
    for model in items(found) {
        let role = if model["champion"] == true {
            "champion"
        } else {
            "challenger"
        };
        let (name, version, days) = (text(&model["model"]), text(&model["version"]), text(&model["days"]));
        let _ = writeln!(out, "{name} {version}, {role}, {days} days");
        let row = |index: &Value| {
            let level = match &index["level"] {
                Value::Null => Cell::new("too few", Tone::Dim),
                level => state(level),
            };
            vec![
                text(&index["subject"]).into(),
                text(&index["rows"]).into(),
                ppm(&index["psiPpm"]).into(),
                ppm(&index["noisePpm"]).into(),
                level,
                ppm(&index["missingPpm"]).into(),
                ppm(&index["missingExpectedPpm"]).into(),
                ppm(&index["outsidePpm"]).into(),
            ]
        };
        out += &table(
            &columns,
            items(&model["indices"]).map(row),
            colour,
            "no baseline to compare with",
        );
        out.push('\n');
    }
    out + "Index: population stability, below 0.10 STABLE, from 0.25 ACT. Chance: what 99 of 100 windows stay below without drift.\n"
}

pub(super) fn decisions(found: &Value, colour: bool) -> String {
    let columns = [
        ("decision", Align::Left),
        ("when", Align::Left),
        ("outcome", Align::Left),
        ("score", Align::Right),
        ("PD", Align::Right),
        ("limit", Align::Right),
        ("model", Align::Left),
        ("review", Align::Left),
        ("reasons", Align::Left),
    ];
    let row = |record: &Value| {
        let inside = &record["inside"];
        vec![
            text(&record["id"]).into(),
            time(&record["decidedAt"]).into(),
            state(&record["outcome"]),
            text(&inside["score"]).into(),
            ppm(&inside["pdPpm"]).into(),
            money(&inside["limit"]).into(),
            text(&inside["model"]).into(),
            text(&inside["reviewState"]).into(),
            codes(record).into(),
        ]
    };
    table(&columns, items(found).map(row), colour, "no decisions")
}

fn codes(record: &Value) -> String {
    let codes: Vec<String> = items(&record["reasons"]).map(|reason| text(&reason["code"])).collect();
    codes.join(", ")
}

/// What `usance risk fairness` reads.
pub(super) fn csv(found: &Value) -> String {
    let mut out = "decision,outcome,score,pd_ppm\n".to_owned();
    for record in items(found) {
        let inside = &record["inside"];
        let (id, outcome) = (text(&record["id"]), text(&record["outcome"]));
        let _ = writeln!(
            out,
            "{id},{outcome},{},{}",
            text(&inside["score"]),
            text(&inside["pdPpm"])
        );
    }
    out
}

/// Everything about one decision.
pub(super) fn record(record: &Value, colour: bool) -> String {
    let inside = &record["inside"];
    let decision = &inside["record"]["decision"];
    let mut out = facts(
        &[
            ("decision", text(&record["id"])),
            ("request", text(&record["request"])),
            ("borrower", text(&record["borrower"])),
            ("when", time(&record["decidedAt"])),
            ("outcome", text(&record["outcome"])),
            ("reasons", codes(record)),
            ("score", text(&inside["score"])),
            ("probability of default", ppm(&inside["pdPpm"])),
            ("limit", money(&inside["limit"])),
            ("of it free", money(&inside["available"])),
            (
                "model",
                format!("{} {}", text(&inside["model"]), text(&inside["modelDigest"])),
            ),
            ("policy", name(&decision["set"]["policy"])),
            ("fraud rules", text(&decision["set"]["fraud"])),
            ("review", text(&inside["reviewState"])),
        ],
        colour,
    );
    out += &limit_lines(&decision["derivation"], colour);
    out += &fact_lines(&inside["facts"], colour);
    out += &shadow_lines(&decision["shadow"], colour);
    out += &pairs(
        "Values of the reason groups, points",
        &decision["explanation"],
        ("group", "points"),
        colour,
    );
    out += &pairs(
        "Fraud rules that fired",
        &decision["fraud"]["fired"],
        ("rule", "weight"),
        colour,
    );
    for (title, part) in [
        ("Wallet", &decision["wallet"]),
        (
            "Sources that gave nothing",
            &inside["record"]["features"]["missing_sources"],
        ),
    ] {
        if !part.is_null() {
            let _ = writeln!(out, "\n{title}\n{}", printable(&part.to_string()));
        }
    }
    out
}

fn name(rules: &Value) -> String {
    format!(
        "{} {} {}",
        text(&rules["id"]),
        text(&rules["version"]),
        text(&rules["digest"])
    )
}

fn limit_lines(derivation: &Value, colour: bool) -> String {
    let Some(steps) = derivation.as_object() else {
        return String::new();
    };
    let rows = steps
        .iter()
        .map(|(step, value)| vec![Cell::new(step.replace('_', " "), Tone::Dim), text(value).into()]);
    let columns = [("limit", Align::Left), ("minor units, factors in ppm", Align::Right)];
    format!("\n{}", table(&columns, rows, colour, ""))
}

fn fact_lines(facts: &Value, colour: bool) -> String {
    let columns = [
        ("fact", Align::Left),
        ("value", Align::Right),
        ("source", Align::Left),
        ("days old", Align::Right),
    ];
    let row = |fact: &Value| {
        vec![
            text(&fact["fact"]).into(),
            text(&fact["value"]).into(),
            text(&fact["source"]).into(),
            text(&fact["days"]).into(),
        ]
    };
    format!("\n{}", table(&columns, items(facts).map(row), colour, "no facts"))
}

fn shadow_lines(shadow: &Value, colour: bool) -> String {
    let columns = [
        ("other model", Align::Left),
        ("score", Align::Right),
        ("PD", Align::Right),
        ("not asked", Align::Left),
    ];
    let row = |said: &Value| {
        let model = &said["model"];
        vec![
            format!("{} {}", text(&model["name"]), text(&model["version"])).into(),
            text(&said["score"]).into(),
            ppm(&said["pd_ppm"]).into(),
            text(&said["skipped"]).into(),
        ]
    };
    format!(
        "\n{}",
        table(&columns, items(shadow).map(row), colour, "no other models")
    )
}

fn pairs(title: &str, list: &Value, (name, value): (&str, &str), colour: bool) -> String {
    let columns = [(title, Align::Left), ("", Align::Right)];
    let row = |item: &Value| vec![text(&item[name]).into(), text(&item[value]).into()];
    let lines = table(&columns, items(list).map(row), colour, "");
    if lines.trim().is_empty() {
        String::new()
    } else {
        format!("\n{lines}")
    }
}

pub(super) fn replay(found: &Value, colour: bool) -> String {
    let same = if found["same"] == true { "yes" } else { "no" };
    let lines = [
        ("decision", text(&found["id"])),
        ("same bytes", same.to_owned()),
        ("stored SHA-256", text(&found["storedSha256"])),
        ("made now SHA-256", text(&found["replayedSha256"])),
        ("why not", text(&found["failure"])),
    ];
    facts(&lines, colour)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parts_per_million_read_as_decimals() {
        let read = [json!(0), json!(250_000), json!(1_234_567), json!(-1_500), Value::Null].map(|value| ppm(&value));
        assert_eq!(read, ["0.0000", "0.2500", "1.2345", "-0.0015", "-"]);
    }

    #[test]
    fn a_record_shows_what_an_officer_asks_for() {
        let found = json!({
            "id": "dec_1", "request": "req_1", "borrower": "prn_1", "decidedAt": "2026-01-10T12:00:00Z", "outcome": "DECLINE",
            "reasons": [{ "code": "INCOME_INSUFFICIENT", "text": "x" }],
            "inside": {
                "score": 512, "pdPpm": 123_400, "limit": { "amount": "0.00", "currency": "USD" },
                "available": { "amount": "0.00", "currency": "USD" }, "model": "points 2.0.0", "modelDigest": "ab",
                "facts": [{ "fact": "INQUIRIES_6M", "value": 4, "source": "BUREAU", "days": 12 }],
                "record": { "features": {}, "decision": {
                    "shadow": [{ "model": { "name": "taiwan", "version": "1.0.0" }, "skipped": "MISSING MONTHS_LATE_1" }],
                    "fraud": { "fired": [{ "rule": "device-shared", "weight": 40 }] },
                } },
            },
        });
        let shown = record(&found, false);
        for part in [
            "512",
            "0.1234",
            "INQUIRIES_6M",
            "BUREAU",
            "12",
            "MISSING MONTHS_LATE_1",
            "device-shared",
        ] {
            assert!(shown.contains(part), "{part} in {shown}");
        }
    }
}
