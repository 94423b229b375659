//! Rules as tables that an officer wants to read.

use std::fmt::Write as _;

use compliance::RuleSet;
use compliance::rules::{Change, Changed, Status};
use serde_json::Value;

use super::table::{Align, Cell, Table, Tone, printable};

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => printable(text),
        Value::Array(all) => all.iter().map(text).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

fn items(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn state(value: &Value) -> Cell {
    let tone = match value.as_str().unwrap_or_default() {
        "APPROVED" | "DONE" | "verified" | "OFFER" => Tone::Good,
        "PROPOSED" | "OPEN" | "unverified" | "MORE_INFO" => Tone::Warn,
        "REJECTED" | "seed" | "DECLINE" => Tone::Bad,
        _ => Tone::Dim,
    };
    Cell::new(text(value), tone)
}

fn table(columns: &[&str], rows: impl Iterator<Item = Vec<Cell>>, colour: bool, none: &str) -> String {
    let columns: Vec<(&str, Align)> = columns.iter().map(|name| (*name, Align::Left)).collect();
    let mut table = Table::new(&columns);
    rows.for_each(|row| table.row(row));
    if table.is_empty() {
        return format!("{none}\n");
    }
    table.render(colour)
}

/// One row a rule.
pub fn rules(found: &Value, colour: bool) -> String {
    let columns = ["rule", "place", "topic", "status", "in force", "outcome", "obliges to"];
    let row = |rule: &Value| {
        let to = rule["effectiveTo"].as_str().unwrap_or("");
        vec![
            Cell::from(format!("{}:{}", text(&rule["id"]), rule["version"]).as_str()),
            Cell::from(text(&rule["jurisdiction"]).as_str()),
            Cell::from(text(&rule["topic"]).as_str()),
            state(&rule["status"]),
            Cell::from(format!("{} … {to}", text(&rule["effectiveFrom"])).as_str()),
            Cell::from(text(&rule["outcome"]).as_str()),
            Cell::from(text(&rule["obligations"]).as_str()),
        ]
    };
    table(&columns, items(found).map(row), colour, "no rules")
}

/// All of each version.
pub fn rule(found: &Value, colour: bool) -> String {
    let mut out = String::new();
    for rule in items(found) {
        let fields = rule.as_object().into_iter().flatten();
        let rows = fields.map(|(name, value)| vec![Cell::new(name, Tone::Dim), Cell::from(text(value).as_str())]);
        out.push_str(&table(&["", ""], rows, colour, ""));
        out.push('\n');
    }
    out
}

/// One row a publication.
pub fn publications(found: &Value, colour: bool) -> String {
    let columns = [
        "publication",
        "state",
        "running",
        "from",
        "rules",
        "unverified",
        "set",
        "proposed by",
        "reason",
    ];
    let row = |one: &Value| {
        let short: String = text(&one["sha256"]).chars().take(16).collect();
        vec![
            Cell::from(text(&one["id"]).as_str()),
            state(&one["state"]),
            Cell::from(if one["running"] == true { "yes" } else { "" }),
            Cell::from(text(&one["effectiveFrom"]).as_str()),
            Cell::from(text(&one["rules"]).as_str()),
            Cell::from(text(&one["unverified"]).as_str()),
            Cell::from(short.as_str()),
            Cell::from(text(&one["proposedBy"]).as_str()),
            Cell::from(text(&one["reason"]).as_str()),
        ]
    };
    table(&columns, items(found).map(row), colour, "nothing is published")
}

/// What a publication changes, and what it would have decided.
pub fn shadow(found: &Value, colour: bool) -> String {
    let mut out = publications(&Value::Array(vec![found["publication"].clone()]), colour);
    let run = &found["publication"]["shadow"];
    let _never = writeln!(
        out,
        "\n{} decisions made beside since {}, {} would have come out otherwise, {} could not be read",
        text(&run["decided"]),
        text(&run["since"]),
        text(&run["differing"]),
        text(&run["failed"]),
    );
    let rows = items(&found["changes"]).map(|change| {
        vec![
            Cell::from(format!("{}:{}", text(&change["id"]), change["version"]).as_str()),
            Cell::from(text(&change["what"]).as_str()),
            Cell::from(text(&change["fields"]).as_str()),
        ]
    });
    out.push_str(&table(&["rule", "change", "fields"], rows, colour, "no rule changes"));
    let rows = items(&found["differences"]).map(|one| {
        let difference = &one["difference"];
        vec![
            Cell::from(text(&one["decision"]).as_str()),
            Cell::from(text(&one["kind"]).as_str()),
            state(&difference["was"]),
            state(&difference["would_be"]),
            Cell::from(text(&difference["reasons_new"]).as_str()),
            Cell::from(text(&difference["obligations_new"]).as_str()),
        ]
    });
    let columns = ["decision", "about", "was", "would be", "new reasons", "new obligations"];
    out.push_str(&table(&columns, rows, colour, "no decision differs"));
    out
}

/// One row a decision.
pub fn replays(found: &Value, colour: bool) -> String {
    let row = |replay: &Value| {
        let same = replay["same"] == true;
        vec![
            Cell::from(text(&replay["id"]).as_str()),
            Cell::from(text(&replay["kind"]).as_str()),
            if same {
                Cell::new("same bytes", Tone::Good)
            } else {
                Cell::new("DIFFERS", Tone::Bad)
            },
        ]
    };
    table(
        &["decision", "about", "made again"],
        items(found).map(row),
        colour,
        "no decisions",
    )
}

/// One row an obligation.
pub fn obligations(found: &Value, colour: bool) -> String {
    let columns = ["due", "what", "state", "request", "rule", "closed", "document"];
    let row = |one: &Value| {
        vec![
            Cell::from(text(&one["dueOn"]).as_str()),
            Cell::from(text(&one["code"]).as_str()),
            state(&one["state"]),
            Cell::from(text(&one["request"]).as_str()),
            Cell::from(text(&one["rule"]).as_str()),
            Cell::from(text(&one["closedWhy"]).as_str()),
            Cell::from(text(&one["document"]).as_str()),
        ]
    };
    table(&columns, items(found).map(row), colour, "nothing is owed")
}

/// What a set holds.
pub fn checked(set: &RuleSet, files: usize) -> String {
    let count = |status| set.all().filter(|rule| rule.status == status).count();
    format!(
        "{files} files, {} versions of rules: {} verified, {} unverified, {} seeds\nset {}\n",
        set.all().count(),
        count(Status::Verified),
        count(Status::Unverified),
        count(Status::Seed),
        set.sha256(),
    )
}

/// One row a version that changed.
pub fn changes(changes: &[Change], colour: bool) -> String {
    let row = |change: &Change| {
        let (what, tone, fields) = match &change.what {
            Changed::Added => ("added", Tone::Good, String::new()),
            Changed::Removed => ("removed", Tone::Bad, String::new()),
            Changed::Fields(fields) => ("changed", Tone::Warn, fields.join(", ")),
        };
        vec![
            Cell::from(format!("{}:{}", change.rule.id, change.rule.version).as_str()),
            Cell::new(what, tone),
            Cell::from(fields.as_str()),
        ]
    };
    table(
        &["rule", "change", "fields"],
        changes.iter().map(row),
        colour,
        "no rule changes",
    )
}
