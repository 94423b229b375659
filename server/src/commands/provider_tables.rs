//! Lenders as tables that a person wants to read.

use serde_json::Value;

use super::table::{Align, Cell, Table, Tone, paint, printable};

/// One line for each lender.
pub(super) fn listing(lenders: &[Value], colour: bool) -> String {
    if lenders.is_empty() {
        return "no lenders\n".to_owned();
    }
    let mut table = Table::new(&[
        ("lender", Align::Left),
        ("kind", Align::Left),
        ("state", Align::Left),
        ("ver", Align::Right),
        ("calls", Align::Right),
        ("errors", Align::Right),
        ("p50 ms", Align::Right),
        ("p99 ms", Align::Right),
        ("quotes", Align::Right),
        ("taken", Align::Right),
        ("APR gap", Align::Right),
        ("last good answer", Align::Left),
    ]);
    for lender in lenders {
        let health = &lender["health"];
        table.row(vec![
            text(&lender["id"]).into(),
            text(&lender["kind"]).into(),
            state(lender),
            text(&lender["version"]).into(),
            text(&health["calls"]).into(),
            errors(health),
            short_ms(&health["p50Ms"]).into(),
            short_ms(&health["p99Ms"]).into(),
            text(&health["quotes"]).into(),
            share(&health["accepted"], &health["quotes"]).into(),
            gap(health),
            time(&health["lastGood"]).into(),
        ]);
    }
    let minutes = text(&lenders[0]["health"]["minutes"]);
    format!(
        "{}\nFigures of the last {minutes} minutes. APR gap: declared less verified APR of the worst quote, per cent.\n",
        table.render(colour)
    )
}

/// One lender, with its history and versions where they were read.
pub(super) fn sheet(lender: &Value, colour: bool) -> String {
    let health = &lender["health"];
    let mut out = format!(
        "{}  {}\n",
        paint(&text(&lender["id"]), Tone::Good, colour),
        printable(&text(&lender["name"]))
    );
    let mut facts = Table::new(&[("", Align::Left), ("", Align::Left)]);
    let mut fact = |name: &str, value: Cell| facts.row(vec![Cell::new(name, Tone::Dim), value]);
    fact("kind", text(&lender["kind"]).into());
    fact("state", state(lender));
    if !lender["suspension"].is_null() {
        let suspension = &lender["suspension"];
        let until = match suspension["probationAt"].as_str() {
            Some(_) => format!("by the rules, on probation from {}", time(&suspension["probationAt"])),
            None => "by an officer, until an officer resumes it".to_owned(),
        };
        fact("suspended", until.into());
    }
    fact("reason", text(&lender["reason"]).into());
    let changed = format!("{} by {}", time(&lender["changedAt"]), text(&lender["changedBy"]));
    fact("changed", changed.into());
    let configured = lender["configured"] == true;
    let elsewhere = if configured {
        ""
    } else {
        ", not configured in the answering process"
    };
    fact("version", format!("{}{elsewhere}", text(&lender["version"])).into());
    fact("limits", limits(&lender["limits"]).into());
    let (calls, minutes) = (text(&health["calls"]), text(&health["minutes"]));
    fact(
        "calls",
        format!("{calls} in {minutes} minutes{}", results(health)).into(),
    );
    let (p50, p99) = (text(&health["p50Ms"]), text(&health["p99Ms"]));
    fact("latency", format!("p50 {p50} ms, p99 {p99} ms").into());
    let taken = share(&health["accepted"], &health["quotes"]);
    fact(
        "quotes",
        format!(
            "{}, accepted {} ({taken})",
            text(&health["quotes"]),
            text(&health["accepted"])
        )
        .into(),
    );
    let gaps = format!(
        "median {}, worst {}; {} misdeclared",
        percent(&health["aprGapMedianPpm"]),
        percent(&health["aprGapWorstPpm"]),
        text(&health["misdeclared"])
    );
    fact("APR gap", gaps.into());
    let accepts = format!(
        "{}, outcome unknown {}",
        text(&health["acceptCalls"]),
        text(&health["acceptFailures"])
    );
    fact("accept calls", accepts.into());
    fact("last good", time(&health["lastGood"]).into());
    // The headings are empty: the rule and the heading line are left out.
    out.extend(facts.render(colour).split_inclusive('\n').skip(2));
    out.push_str(&history(&lender["history"], colour));
    out.push_str(&versions(&lender["versions"], colour));
    out
}

fn history(changes: &Value, colour: bool) -> String {
    let mut table = Table::new(&[
        ("when", Align::Left),
        ("what", Align::Left),
        ("state", Align::Left),
        ("ver", Align::Right),
        ("by", Align::Left),
        ("reason", Align::Left),
    ]);
    for change in changes.as_array().into_iter().flatten() {
        table.row(vec![
            time(&change["at"]).into(),
            text(&change["kind"]).into(),
            text(&change["to"]).into(),
            text(&change["version"]).into(),
            text(&change["by"]).into(),
            text(&change["reason"]).into(),
        ]);
    }
    titled("History", &table, colour)
}

fn versions(versions: &Value, colour: bool) -> String {
    let mut table = Table::new(&[
        ("ver", Align::Right),
        ("when", Align::Left),
        ("by", Align::Left),
        ("configuration", Align::Left),
        ("limits", Align::Left),
    ]);
    for version in versions.as_array().into_iter().flatten() {
        let sha: String = text(&version["configSha256"]).chars().take(12).collect();
        table.row(vec![
            text(&version["number"]).into(),
            time(&version["at"]).into(),
            text(&version["by"]).into(),
            sha.into(),
            limits(&version["limits"]).into(),
        ]);
    }
    titled("Versions", &table, colour)
}

fn titled(title: &str, table: &Table, colour: bool) -> String {
    if table.is_empty() {
        String::new()
    } else {
        format!("\n{title}\n{}", table.render(colour))
    }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Seconds are enough for people.
fn time(value: &Value) -> String {
    let text = text(value);
    let short = text.get(..19).map(|start| format!("{} UTC", start.replace('T', " ")));
    short.unwrap_or(text)
}

fn state(lender: &Value) -> Cell {
    let state = text(&lender["state"]);
    let by_rules = !lender["suspension"]["cause"].is_null();
    match (state.as_str(), by_rules) {
        ("LIVE", _) => Cell::new(state, Tone::Good),
        ("SUSPENDED", true) => Cell::new(
            format!("SUSPENDED: {}", text(&lender["suspension"]["cause"])),
            Tone::Bad,
        ),
        ("SUSPENDED", false) => Cell::new("SUSPENDED by hand", Tone::Bad),
        _ => Cell::new(state, Tone::Dim),
    }
}

fn errors(health: &Value) -> Cell {
    let (calls, errors) = (
        health["calls"].as_u64().unwrap_or(0),
        health["errors"].as_u64().unwrap_or(0),
    );
    let tone = match errors {
        0 => Tone::Plain,
        _ if errors * 2 >= calls => Tone::Bad,
        _ => Tone::Warn,
    };
    Cell::new(share(&health["errors"], &health["calls"]), tone)
}

/// Whole per cent of a whole; `-` of nothing.
fn share(part: &Value, whole: &Value) -> String {
    match (part.as_u64(), whole.as_u64()) {
        (Some(part), Some(whole)) if whole > 0 => format!("{} %", (part * 100 + whole / 2) / whole),
        _ => "-".to_owned(),
    }
}

fn short_ms(value: &Value) -> String {
    let text = text(value);
    match text.split_once('.') {
        Some((whole, fraction)) => format!("{whole}.{}", fraction.get(..1).unwrap_or("0")),
        None => text,
    }
}

/// Parts per million as per cent.
fn percent(ppm: &Value) -> String {
    let Some(ppm) = ppm.as_str().and_then(|text| text.parse::<i64>().ok()) else {
        return "-".to_owned();
    };
    let sign = if ppm < 0 { "-" } else { "" };
    format!(
        "{sign}{}.{:04} %",
        ppm.unsigned_abs() / 10_000,
        ppm.unsigned_abs() % 10_000
    )
}

fn gap(health: &Value) -> Cell {
    let misdeclared = health["misdeclared"].as_u64().unwrap_or(0) > 0;
    let tone = if misdeclared { Tone::Bad } else { Tone::Plain };
    Cell::new(percent(&health["aprGapWorstPpm"]), tone)
}

fn limits(limits: &Value) -> String {
    format!(
        "{} at once, {} waiting, {} a second (burst {}), {} money calls",
        text(&limits["maxConcurrent"]),
        text(&limits["maxWaiting"]),
        text(&limits["quotesPerSecond"]),
        text(&limits["burst"]),
        text(&limits["maxConcurrentMoney"])
    )
}

fn results(health: &Value) -> String {
    let counted = health["results"].as_array().into_iter().flatten();
    let counted: Vec<String> = counted
        .map(|count| format!("{} {}", text(&count["count"]), text(&count["result"]).to_lowercase()))
        .collect();
    if counted.is_empty() {
        String::new()
    } else {
        format!(": {}", counted.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lender() -> Value {
        json!({
            "id": "harbor-bank", "name": "Harbor\u{1b}[2J", "kind": "protocol", "state": "SUSPENDED", "version": 2,
            "suspension": { "by": "SUPERVISOR", "cause": "ERRORS", "probationAt": "2026-01-10T12:05:00Z" },
            "reason": "too many of its answers failed", "changedBy": "supervisor",
            "changedAt": "2026-01-10T12:00:00.123Z", "configured": true,
            "limits": {
                "maxConcurrent": 64, "maxWaiting": 256, "maxConcurrentMoney": 16, "quotesPerSecond": 1000, "burst": 1000,
            },
            "health": {
                "minutes": 60, "calls": 40, "errors": 30, "p50Ms": "12.345", "p99Ms": null, "quotes": 10, "accepted": 1,
                "misdeclared": 1, "aprGapMedianPpm": "0", "aprGapWorstPpm": "-12345", "acceptCalls": 1,
                "acceptFailures": 0, "lastGood": null, "results": [{ "result": "OFFERED", "count": 10 }],
            },
        })
    }

    #[test]
    fn a_listing_says_what_matters_in_one_line() {
        let shown = listing(&[lender()], false);
        let line = shown.lines().nth(2).unwrap();
        for part in ["harbor-bank", "SUSPENDED: ERRORS", "75 %", "12.3", "10 %", "-1.2345 %"] {
            assert!(line.contains(part), "{part} in {line:?}");
        }
        assert_eq!(listing(&[], false), "no lenders\n");
    }

    #[test]
    fn a_sheet_shows_probation_and_obeys_no_escape() {
        let shown = sheet(&lender(), false);
        assert!(shown.contains("on probation from 2026-01-10 12:05:00 UTC"), "{shown}");
        assert!(shown.contains("10 offered") && !shown.contains('\u{1b}'), "{shown}");
        assert!(!shown.contains("History"), "nothing was read of it");
    }
}
