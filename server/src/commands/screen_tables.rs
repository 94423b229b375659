//! What `usance screen` prints for people.

use screening::delta::{Delta, Field};
use screening::lists::Snapshot;
use screening::wallets::WalletCheck;
use screening::{How, Match};

use super::table::{Align, Cell, Table, colour_wanted, printable};

/// Columns of the table of hits; rows are printed as they come, so their widths are fixed.
pub fn hits_heading() -> String {
    format!(
        "{:<36}  {:>6}  {:<22}  {:>8}  listed as",
        "query", "score", "list", "entry"
    )
}

/// The hits of one name, a line for each.
pub fn hits(query: &str, hits: &[Match]) -> String {
    let query = fit(query, 36);
    if hits.is_empty() {
        return format!("{query}       -  no hit");
    }
    let lines = hits.iter().enumerate().map(|(place, hit)| {
        let shown = if place == 0 { query.as_str() } else { "" };
        let (list, id, name) = (printable(&hit.list), printable(&hit.id), printable(&hit.name));
        format!("{shown:<36}  {:>6.4}  {list:<22}  {id:>8}  {name}", hit.score)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// `text` in exactly `width` characters.
fn fit(text: &str, width: usize) -> String {
    let text = printable(text);
    let count = text.chars().count();
    if count <= width {
        return text + &" ".repeat(width - count);
    }
    text.chars().take(width - 1).chain(['…']).collect()
}

/// Columns of the table of pairs.
pub fn pairs_heading() -> String {
    format!("{:>6}  {:<40}  name2", "score", "name1")
}

/// One pair.
pub fn pair(score: f32, a: &str, b: &str) -> String {
    format!("{score:>6.4}  {}  {}", fit(a, 40), printable(b))
}

fn how(how: How) -> &'static str {
    match how {
        How::Exact => "the same",
        How::Similar => "spelt almost the same",
        How::Join => "two words listed as one word of the query",
        How::Split => "one word of the list, two of the query",
        How::Initial => "an initial",
        How::Nickname => "a short form",
        How::Transliterated => "the same in another script",
        How::SameClass => "of the same class",
        How::Unmatched => "without a partner",
        How::Fact => "a fact",
    }
}

/// What each score is made of.
pub fn explanation(name: &str, hits: &[Match], snapshot: &Snapshot) -> String {
    if hits.is_empty() {
        return format!("{}: no hit\n", printable(name));
    }
    let mut text = String::new();
    for hit in hits {
        let entity = usize::try_from(hit.entity)
            .ok()
            .and_then(|at| snapshot.entities.get(at));
        let programs = entity.map(|entity| entity.programs.join(", ")).unwrap_or_default();
        let heading = format!(
            "\n{} {}  {}  score {:.4}  {}\n",
            printable(&hit.list),
            printable(&hit.id),
            printable(&hit.name),
            hit.score,
            printable(&programs)
        );
        text += &heading;
        let mut table = Table::new(&[
            ("query", Align::Left),
            ("listed", Align::Left),
            ("how", Align::Left),
            ("weight", Align::Right),
            ("alike", Align::Right),
        ]);
        for piece in &hit.explanation {
            table.row(vec![
                Cell::from(&piece.query),
                Cell::from(&piece.listed),
                Cell::from(how(piece.how)),
                Cell::from(format!("{:.3}", piece.weight)),
                Cell::from(format!("{:.3}", piece.similarity)),
            ]);
        }
        text += &table.render(colour_wanted());
    }
    text
}

/// One wallet.
pub fn wallet(address: &str, check: &WalletCheck) -> String {
    let form = format!("{:?}", check.form).to_lowercase();
    let sum = if check.well_formed {
        "checksum right or none"
    } else {
        "checksum wrong or form not known"
    };
    let mut text = format!("{} ({form}, {sum})\n", printable(address));
    if check.hits.is_empty() {
        text += "on no list\n";
        return text;
    }
    let mut table = Table::new(&[
        ("list", Align::Left),
        ("entry", Align::Left),
        ("currency", Align::Left),
        ("listed as", Align::Left),
    ]);
    for hit in &check.hits {
        table.row(vec![
            Cell::from(&hit.list),
            Cell::from(&hit.id),
            Cell::from(&hit.currency),
            Cell::from(&hit.address),
        ]);
    }
    text += &table.render(colour_wanted());
    text
}

/// What changed.
pub fn delta(delta: &Delta, from: &Snapshot, to: &Snapshot) -> String {
    let mut text = format!(
        "from {} ({} entries)\nto   {} ({} entries)\nadded {}, removed {}, changed {}\n",
        &delta.from[..16],
        from.entities.len(),
        &delta.to[..16],
        to.entities.len(),
        delta.added.len(),
        delta.removed.len(),
        delta.changed.len()
    );
    for part in &delta.not_compared {
        let line = format!("not compared: {part}\n");
        text += &line;
    }
    let again = format!(
        "to be asked again: {} entries that may hit now, {} whose hits may lapse\n",
        delta.may_hit().len(),
        delta.may_lapse().len()
    );
    text += &again;
    let mut table = Table::new(&[("entry", Align::Left), ("changed", Align::Left)]);
    for (entry, changed) in &delta.changed {
        let fields: Vec<String> = changed
            .fields
            .iter()
            .map(|field| field_name(*field).to_owned())
            .collect();
        table.row(vec![Cell::from(entry), Cell::from(fields.join(", "))]);
    }
    if !table.is_empty() {
        text += &table.render(colour_wanted());
    }
    text
}

fn field_name(field: Field) -> &'static str {
    match field {
        Field::Kind => "kind",
        Field::Names => "names",
        Field::Births => "dates of birth",
        Field::Countries => "countries",
        Field::Gender => "gender",
        Field::Identifiers => "documents",
        Field::Wallets => "wallets",
        Field::Programs => "programs",
    }
}
