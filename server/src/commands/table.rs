//! Aligned columns for terminals, and when to colour them.

use std::io::IsTerminal;

/// Side on which a column is flush.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Text.
    Left,
    /// Numbers.
    Right,
}

/// What a cell says beyond its text; shown as a colour only where colours are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tone {
    /// Nothing special.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Worth a look.
    Warn,
    /// Wrong.
    Bad,
    /// Of less interest.
    Dim,
}

impl Tone {
    fn code(self) -> Option<&'static str> {
        match self {
            Self::Plain => None,
            Self::Good => Some("32"),
            Self::Warn => Some("33"),
            Self::Bad => Some("31"),
            Self::Dim => Some("2"),
        }
    }
}

/// One cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cell {
    text: String,
    tone: Tone,
}

impl Cell {
    /// With a tone. Control characters become `?`: cells may hold text of others, and a terminal obeys escapes.
    pub fn new(text: impl AsRef<str>, tone: Tone) -> Self {
        Self {
            text: printable(text.as_ref()),
            tone,
        }
    }

    fn width(&self) -> usize {
        self.text.chars().count()
    }
}

impl<T: AsRef<str>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Tone::Plain)
    }
}

/// `text` without anything that a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { '?' } else { c }).collect()
}

/// Rows under headings; every column is as wide as its widest cell.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(String, Align)>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// With these headings.
    pub fn new(columns: &[(&str, Align)]) -> Self {
        Self {
            columns: columns
                .iter()
                .map(|(name, align)| ((*name).to_owned(), *align))
                .collect(),
            rows: Vec::new(),
        }
    }

    /// Adds a row. Missing cells are empty; cells beyond the headings are dropped.
    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// No rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Headings, a rule and the rows; each line ends with a newline and has no trailing spaces.
    pub fn render(&self, colour: bool) -> String {
        let widths: Vec<usize> = (0..self.columns.len()).map(|index| self.width(index)).collect();
        let headings: Vec<Cell> = self
            .columns
            .iter()
            .map(|(name, _)| Cell::new(name, Tone::Dim))
            .collect();
        let rule: Vec<Cell> = widths
            .iter()
            .map(|width| Cell::new("-".repeat(*width), Tone::Dim))
            .collect();
        let lines = [&headings, &rule].into_iter().chain(&self.rows);
        lines.map(|cells| self.line(cells, &widths, colour)).collect()
    }

    fn width(&self, index: usize) -> usize {
        let cells = self.rows.iter().filter_map(|row| row.get(index)).map(Cell::width);
        let heading = self.columns.get(index).map_or(0, |(name, _)| name.chars().count());
        cells.max().unwrap_or(0).max(heading)
    }

    fn line(&self, cells: &[Cell], widths: &[usize], colour: bool) -> String {
        let mut line = String::new();
        let mut gap = 0;
        for (index, ((_, align), width)) in self.columns.iter().zip(widths).enumerate() {
            let empty = Cell::default();
            let cell = cells.get(index).unwrap_or(&empty);
            let space = width - cell.width();
            let (before, after) = if *align == Align::Right { (space, 0) } else { (0, space) };
            gap += before;
            if !cell.text.is_empty() {
                line.push_str(&" ".repeat(gap));
                line.push_str(&paint(&cell.text, cell.tone, colour));
                gap = 0;
            }
            gap += after + 2;
        }
        line.push('\n');
        line
    }
}

/// `text` in the colour of `tone`, where colours are wanted.
pub fn paint(text: &str, tone: Tone, colour: bool) -> String {
    match tone.code() {
        Some(code) if colour => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        _ => text.to_owned(),
    }
}

/// Whether standard output wants colours: a terminal, and no `NO_COLOR` (no-color.org).
pub fn colour_wanted() -> bool {
    let set = |name: &str| std::env::var_os(name);
    let refused = set("NO_COLOR").is_some_and(|value| !value.is_empty()) || set("TERM").is_some_and(|t| t == "dumb");
    !refused && std::io::stdout().is_terminal()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let mut table = Table::new(&[("lender", Align::Left), ("APR", Align::Right), ("note", Align::Left)]);
        table.row(vec!["bank".into(), "9.69 %".into(), Cell::default()]);
        table.row(vec![
            "fintech-été".into(),
            "12.10 %".into(),
            Cell::new("misdeclared", Tone::Bad),
        ]);
        table
    }

    #[test]
    fn columns_are_aligned_and_lines_end_without_spaces() {
        let expected = "\
lender           APR  note
-----------  -------  -----------
bank          9.69 %
fintech-été  12.10 %  misdeclared
";
        assert_eq!(table().render(false), expected);
    }

    #[test]
    fn colours_do_not_change_the_alignment() {
        let text = table().render(true);
        assert!(text.contains("12.10 %  \u{1b}[31mmisdeclared\u{1b}[0m\n"), "{text}");
        let plain = text
            .replace("\u{1b}[31m", "")
            .replace("\u{1b}[2m", "")
            .replace("\u{1b}[0m", "");
        assert_eq!(plain, table().render(false));
    }

    #[test]
    fn a_cell_cannot_command_the_terminal() {
        let mut table = Table::new(&[("x", Align::Left)]);
        table.row(vec!["a\u{1b}[2Jb\nc".into()]);
        assert!(table.render(false).ends_with("a?[2Jb?c\n"));
    }
}
