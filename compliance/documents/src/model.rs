//! The document model: what both forms are made of.

use chrono::NaiveDate;

use crate::facts::{Locale, Party};
use crate::render::{Kind, Problem};

/// Longest text that a fact may have, in characters.
const LONGEST_TEXT: usize = 2_000;

/// Most rows of a table.
const MOST_ROWS: usize = 1_500;

/// Size of the page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paper {
    A4,
    Letter,
}

/// Where the text of a column stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// A piece of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Run {
    pub text: String,
    pub bold: bool,
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Column {
    pub head: String,
    /// Share of the width.
    pub weight: i32,
    pub align: Align,
}

/// A table with a head.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Table {
    pub columns: Vec<Column>,
    pub rows: Vec<Vec<String>>,
    /// The last row is a sum.
    pub total: bool,
}

/// One box of figures that stand side by side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Figure {
    pub label: String,
    pub value: String,
    pub note: String,
    /// More conspicuous than its neighbors.
    pub prominent: bool,
}

/// A part of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Block {
    /// Level 2 or 3.
    Heading(u8, String),
    Para(Vec<Run>),
    Small(String),
    List(Vec<String>),
    Table(Table),
    Figures(Vec<Figure>),
    /// Term and what there is to say of it.
    Terms(Vec<(String, Vec<String>)>),
    /// A paragraph that must be seen.
    Callout(Vec<Run>),
    PageBreak,
}

/// A document before it has a form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Model {
    pub kind: Kind,
    pub title: String,
    pub locale: Locale,
    pub paper: Paper,
    /// Who sends it.
    pub sender: Party,
    /// Who gets it.
    pub recipient: Party,
    pub reference: String,
    pub date: NaiveDate,
    pub blocks: Vec<Block>,
}

/// Plain text.
pub(crate) fn plain(text: impl Into<String>) -> Vec<Run> {
    vec![Run {
        text: text.into(),
        bold: false,
    }]
}

/// A bold beginning and plain text.
pub(crate) fn lead(bold: impl Into<String>, text: impl Into<String>) -> Vec<Run> {
    let start = Run {
        text: bold.into(),
        bold: true,
    };
    let rest = Run {
        text: format!(" {}", text.into()),
        bold: false,
    };
    vec![start, rest]
}

/// A term and one line.
pub(crate) fn term(name: impl Into<String>, line: impl Into<String>) -> (String, Vec<String>) {
    (name.into(), vec![line.into()])
}

impl Column {
    pub(crate) fn left(head: &str, weight: i32) -> Self {
        Self {
            head: head.to_owned(),
            weight,
            align: Align::Left,
        }
    }

    pub(crate) fn right(head: &str, weight: i32) -> Self {
        Self {
            head: head.to_owned(),
            weight,
            align: Align::Right,
        }
    }
}

/// Controls become spaces; characters that have no width or turn the direction of text are left out, so that no text
/// of a lender can look like something else.
pub(crate) fn clean(text: &str) -> String {
    let hidden = |c: char| {
        matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}' | '\u{61c}' | '\u{180e}')
    };
    let spaced = text.chars().filter(|c| !hidden(*c)).map(|c| {
        if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') {
            ' '
        } else {
            c
        }
    });
    spaced.collect()
}

impl Model {
    /// Every text, to be changed in place.
    fn texts(&mut self) -> Vec<&mut String> {
        let mut texts = vec![&mut self.title, &mut self.reference];
        for party in [&mut self.sender, &mut self.recipient] {
            texts.push(&mut party.name);
            texts.extend(party.address.iter_mut());
            texts.extend(
                [&mut party.phone, &mut party.email, &mut party.web]
                    .into_iter()
                    .flatten(),
            );
        }
        for block in &mut self.blocks {
            match block {
                Block::Heading(_, text) | Block::Small(text) => texts.push(text),
                Block::Para(runs) | Block::Callout(runs) => texts.extend(runs.iter_mut().map(|run| &mut run.text)),
                Block::List(items) => texts.extend(items.iter_mut()),
                Block::Table(table) => {
                    texts.extend(table.columns.iter_mut().map(|column| &mut column.head));
                    texts.extend(table.rows.iter_mut().flatten());
                }
                Block::Figures(figures) => {
                    for figure in figures {
                        texts.extend([&mut figure.label, &mut figure.value, &mut figure.note]);
                    }
                }
                Block::Terms(terms) => {
                    for (name, lines) in terms {
                        texts.push(name);
                        texts.extend(lines.iter_mut());
                    }
                }
                Block::PageBreak => {}
            }
        }
        texts
    }

    /// Makes every text inert and checks the sizes.
    pub(crate) fn cleaned(mut self) -> Result<Self, Problem> {
        for text in self.texts() {
            if text.chars().count() > LONGEST_TEXT {
                return Err(Problem {
                    field: "text",
                    text: "a text is longer than 2,000 characters",
                });
            }
            *text = clean(text);
        }
        let rows = self.blocks.iter().map(|block| match block {
            Block::Table(table) => table.rows.len(),
            Block::Terms(terms) => terms.len(),
            Block::List(items) => items.len(),
            _ => 0,
        });
        if rows.max().unwrap_or_default() > MOST_ROWS {
            return Err(Problem {
                field: "schedule",
                text: "more than 1,500 rows",
            });
        }
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_turn_around_or_hide() {
        assert_eq!(clean("a\u{202e}b\u{200b}c\nd\u{0}e\u{2066}"), "abc d e");
        assert_eq!(clean("Żółć Ωμέγα Юлия ₹"), "Żółć Ωμέγα Юлия ₹");
    }
}
