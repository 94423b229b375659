//! The model as one self-contained HTML page.

use std::fmt::Write as _;

use crate::facts::Party;
use crate::model::{Align, Block, Column, Figure, Model, Paper, Run, Table};

/// No script, nothing loaded from anywhere, no form, no frame: also when the page is opened from a disk.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const STYLE: &str = include_str!("style.css");

/// Text of a page: nothing in it can begin a tag, an attribute or an entity.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            other => out.push(other),
        }
    }
    out
}

fn runs(text: &[Run]) -> String {
    let mut out = String::new();
    for run in text {
        if run.bold {
            let _ = write!(out, "<strong>{}</strong>", escape(&run.text));
        } else {
            out.push_str(&escape(&run.text));
        }
    }
    out
}

/// The page.
pub(crate) fn page(model: &Model) -> String {
    let size = match model.paper {
        Paper::A4 => "A4",
        Paper::Letter => "letter",
    };
    let title = escape(&model.title);
    let mut out = format!(
        "<!doctype html>\n<html lang=\"{lang}\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n<title>{title}</title>\n\
         <style>\n{STYLE}@page {{ size: {size}; margin: 18mm; }}\n</style>\n</head>\n<body>\n<main>\n\
         <header>\n<p class=\"sender\">{sender}</p>\n<p class=\"meta\">{date}<br>Reference {reference}</p>\n</header>\n\
         <h1>{title}</h1>\n<div class=\"parties\">\n{from}{to}</div>\n",
        lang = model.locale.tag(),
        sender = escape(&model.sender.name),
        date = escape(&model.locale.date(model.date)),
        reference = escape(&model.reference),
        from = party("From", &model.sender),
        to = party("To", &model.recipient),
    );
    for one in &model.blocks {
        block(one, &mut out);
    }
    out.push_str("</main>\n</body>\n</html>\n");
    out
}

fn party(label: &str, party: &Party) -> String {
    let mut out = format!("<p><span>{label}</span><br><strong>{}</strong>", escape(&party.name));
    let contact = [&party.phone, &party.email, &party.web].into_iter().flatten();
    for line in party.address.iter().chain(contact) {
        let _ = write!(out, "<br>{}", escape(line));
    }
    out.push_str("</p>\n");
    out
}

fn block(block: &Block, out: &mut String) {
    let _ = match block {
        Block::Heading(level, text) => writeln!(out, "<h{level}>{}</h{level}>", escape(text)),
        Block::Para(text) => writeln!(out, "<p>{}</p>", runs(text)),
        Block::Small(text) => writeln!(out, "<p class=\"small\">{}</p>", escape(text)),
        Block::Callout(text) => writeln!(out, "<p class=\"callout\">{}</p>", runs(text)),
        Block::PageBreak => writeln!(out, "<div class=\"break\"></div>"),
        Block::List(items) => {
            out.push_str("<ul>\n");
            for item in items {
                let _ = writeln!(out, "<li>{}</li>", escape(item));
            }
            writeln!(out, "</ul>")
        }
        Block::Terms(terms) => {
            out.push_str("<table class=\"terms\">\n<tbody>\n");
            for (name, lines) in terms {
                let lines: Vec<String> = lines.iter().map(|line| escape(line)).collect();
                let _ = writeln!(
                    out,
                    "<tr><th scope=\"row\">{}</th><td>{}</td></tr>",
                    escape(name),
                    lines.join("<br>")
                );
            }
            writeln!(out, "</tbody>\n</table>")
        }
        Block::Table(of) => {
            table(of, out);
            Ok(())
        }
        Block::Figures(figures) => {
            self::figures(figures, out);
            Ok(())
        }
    };
}

fn class(column: &Column) -> &'static str {
    match column.align {
        Align::Left => "",
        Align::Right => " class=\"number\"",
    }
}

fn table(table: &Table, out: &mut String) {
    out.push_str("<table class=\"grid\">\n<thead>\n<tr>");
    for column in &table.columns {
        let _ = write!(out, "<th scope=\"col\"{}>{}</th>", class(column), escape(&column.head));
    }
    out.push_str("</tr>\n</thead>\n<tbody>\n");
    for (at, row) in table.rows.iter().enumerate() {
        let total = table.total && at + 1 == table.rows.len();
        out.push_str(if total { "<tr class=\"total\">" } else { "<tr>" });
        for (cell, column) in row.iter().zip(&table.columns) {
            let _ = write!(out, "<td{}>{}</td>", class(column), escape(cell));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</tbody>\n</table>\n");
}

fn figures(figures: &[Figure], out: &mut String) {
    out.push_str("<div class=\"figures\">\n");
    for figure in figures {
        let _ = writeln!(
            out,
            "<section{}><h3>{}</h3><p>{}</p><p class=\"value\">{}</p></section>",
            if figure.prominent { " class=\"prominent\"" } else { "" },
            escape(&figure.label),
            escape(&figure.note),
            escape(&figure.value)
        );
    }
    out.push_str("</div>\n");
}
