//! Blocks from the top of a page to its bottom, page after page.

use pdf_writer::types::StructRole;

use super::font::Fonts;
use super::page::{Area, BLUE, Color, GRAY, INK, LINE, MARGIN, PALE, Sheet, Style, TINT};
use super::text::{self, Line};
use crate::facts::Party;
use crate::model::{Align, Block, Figure, Model, Run, plain};

pub(super) const BODY: i32 = 9_500;
const SMALL: i32 = 8_000;

/// Height of a line of this size.
pub(super) const fn leading(size: i32) -> i32 {
    size * 138 / 100
}

/// The place where the next mark goes.
pub(super) struct Layout {
    pub sheet: Sheet,
    /// From the upper edge of the page.
    pub y: i32,
}

/// Lays the model out.
pub(super) fn lay_out(fonts: Fonts, model: &Model) -> Sheet {
    let mut layout = Layout {
        sheet: Sheet::new(fonts, model.paper),
        y: MARGIN,
    };
    layout.letterhead(model);
    for block in &model.blocks {
        layout.block(block);
    }
    layout.footers(model);
    layout.sheet
}

const fn ink(size: i32, bold: bool) -> Style {
    Style { size, bold, color: INK }
}

impl Layout {
    pub(super) fn width(&self) -> i32 {
        self.sheet.width - 2 * MARGIN
    }

    fn bottom(&self) -> i32 {
        self.sheet.height - MARGIN - 16_000
    }

    /// Room left on this page.
    pub(super) fn room(&self) -> i32 {
        self.bottom() - self.y
    }

    pub(super) fn at_top(&self) -> bool {
        self.y == MARGIN
    }

    pub(super) fn new_page(&mut self) {
        self.sheet.add_page();
        self.y = MARGIN;
    }

    /// Begins a page where `height` does not fit.
    fn ensure(&mut self, height: i32) {
        if self.room() < height && !self.at_top() {
            self.new_page();
        }
    }

    fn letterhead(&mut self, model: &Model) {
        let right = MARGIN + self.width();
        let node = self.sheet.node(0, StructRole::P);
        let name = Style {
            size: 11_500,
            bold: true,
            color: BLUE,
        };
        let half = self.width() * 58 / 100;
        let lines = text::wrap(&self.sheet.fonts, &bold(&model.sender.name), name.size, half);
        for (at, line) in (0..).zip(&lines) {
            let y = self.y + 11_000 + at * leading(name.size);
            self.line(node, line, (MARGIN, y), name);
        }
        let meta = Style {
            size: SMALL,
            bold: false,
            color: GRAY,
        };
        let node = self.sheet.node(0, StructRole::P);
        let date = model.locale.date(model.date);
        let reference = format!("Reference {}", model.reference);
        let references = text::wrap(
            &self.sheet.fonts,
            &plain(reference),
            SMALL,
            self.width() - half - 10_000,
        );
        let first = Line {
            width: self.sheet.fonts.width(&date, false, SMALL),
            pieces: text::wrap(&self.sheet.fonts, &plain(format!("{date} ")), SMALL, half)
                .remove(0)
                .pieces,
        };
        let meta_lines: Vec<Line> = std::iter::once(first).chain(references).collect();
        for (at, line) in (0..).zip(&meta_lines) {
            let y = self.y + 8_000 + at * leading(SMALL);
            self.line(node, line, (right - line.width, y), meta);
        }
        let rows = i32::try_from(meta_lines.len()).unwrap_or(1) * leading(SMALL);
        let names = i32::try_from(lines.len()).unwrap_or(1) * leading(name.size);
        self.y += rows.max(names) + 6_000;
        let rule = Area {
            x: MARGIN,
            y: self.y,
            width: self.width(),
            height: 1_400,
        };
        self.sheet.fill(rule, BLUE);
        self.y += 16_000;
        let title = Style {
            size: 17_000,
            bold: true,
            color: BLUE,
        };
        self.paragraph(StructRole::H1, &bold(&model.title), title, 8_000);
        self.parties([("From", &model.sender), ("To", &model.recipient)]);
    }

    fn parties(&mut self, parties: [(&str, &Party); 2]) {
        let start = self.y;
        let half = self.width() / 2;
        let mut lowest = start;
        for ((label, party), column) in parties.into_iter().zip(0..) {
            let mut y = start;
            let node = self.sheet.node(0, StructRole::P);
            let gray = Style {
                size: SMALL,
                bold: false,
                color: GRAY,
            };
            let contact = [&party.phone, &party.email, &party.web].into_iter().flatten();
            let rest = party
                .address
                .iter()
                .chain(contact)
                .map(|text| (text, ink(9_000, false)));
            let name = (&party.name, ink(9_000, true));
            let label = label.to_owned();
            let all = std::iter::once((&label, gray)).chain([name]).chain(rest);
            for (text, style) in all {
                let run = Run {
                    text: format!("{text} "),
                    bold: style.bold,
                };
                for line in text::wrap(&self.sheet.fonts, &[run], style.size, half - 14_000) {
                    y += leading(style.size);
                    self.line(node, &line, (MARGIN + column * half, y), style);
                }
            }
            lowest = lowest.max(y);
        }
        self.y = lowest + 14_000;
    }

    /// Pieces of one line from `at` on.
    pub(super) fn line(&mut self, node: usize, line: &Line, at: (i32, i32), style: Style) {
        let mut x = at.0;
        for piece in &line.pieces {
            let style = Style {
                bold: piece.bold,
                ..style
            };
            self.sheet.text(node, (x, at.1), style, &piece.text);
            x += piece.width;
        }
    }

    fn paragraph(&mut self, role: StructRole, runs: &[Run], style: Style, after: i32) {
        let node = self.sheet.node(0, role);
        self.lines(node, runs, style, (0, self.width()));
        self.y += after;
    }

    /// Wrapped text; `inset` is the indent and the width.
    fn lines(&mut self, node: usize, runs: &[Run], style: Style, inset: (i32, i32)) {
        for line in text::wrap(&self.sheet.fonts, runs, style.size, inset.1) {
            self.ensure(leading(style.size));
            let y = self.y + style.size;
            self.line(node, &line, (MARGIN + inset.0, y), style);
            self.y += leading(style.size);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading(level, text) => self.heading(*level, text),
            Block::Para(runs) => self.paragraph(StructRole::P, runs, ink(BODY, false), 6_000),
            Block::Small(text) => {
                let style = Style {
                    size: SMALL,
                    bold: false,
                    color: GRAY,
                };
                self.paragraph(StructRole::P, &plain(text), style, 5_000);
            }
            Block::List(items) => self.list(items),
            Block::Callout(runs) => self.callout(runs),
            Block::Figures(figures) => self.figures(figures),
            Block::Terms(terms) => self.terms(terms),
            Block::Table(table) => self.table(table),
            Block::PageBreak => {
                if !self.at_top() {
                    self.new_page();
                }
            }
        }
    }

    fn heading(&mut self, level: u8, text: &str) {
        let (size, role, color, before) = if level <= 2 {
            (12_500, StructRole::H2, BLUE, 10_000)
        } else {
            (10_500, StructRole::H3, INK, 6_000)
        };
        // A heading never stands alone at the foot of a page.
        self.ensure(before + leading(size) + 48_000);
        if !self.at_top() {
            self.y += before;
        }
        let style = Style {
            size,
            bold: true,
            color,
        };
        self.paragraph(role, &bold(text), style, 4_000);
    }

    fn list(&mut self, items: &[String]) {
        let list = self.sheet.node(0, StructRole::L);
        for item in items {
            let entry = self.sheet.node(list, StructRole::LI);
            let label = self.sheet.node(entry, StructRole::Lbl);
            let body = self.sheet.node(entry, StructRole::LBody);
            self.ensure(leading(BODY));
            self.sheet
                .text(label, (MARGIN + 4_000, self.y + BODY), ink(BODY, false), "\u{2022}");
            self.lines(body, &plain(item), ink(BODY, false), (16_000, self.width() - 16_000));
            self.y += 2_000;
        }
        self.y += 4_000;
    }

    fn callout(&mut self, runs: &[Run]) {
        let node = self.sheet.node(0, StructRole::P);
        let inner = self.width() - 24_000;
        let lines = text::wrap(&self.sheet.fonts, runs, BODY, inner);
        let rows = i32::try_from(lines.len()).unwrap_or(i32::MAX / leading(BODY));
        let height = rows.saturating_mul(leading(BODY)).saturating_add(14_000);
        self.ensure(height + 8_000);
        if height <= self.room() {
            let area = Area {
                x: MARGIN,
                y: self.y,
                width: self.width(),
                height,
            };
            self.sheet.fill(area, PALE);
            self.sheet.frame(area, BLUE, 900);
        }
        self.y += 6_000;
        for line in &lines {
            self.ensure(leading(BODY));
            let y = self.y + BODY;
            self.line(node, line, (MARGIN + 12_000, y), ink(BODY, false));
            self.y += leading(BODY);
        }
        self.y += 16_000;
    }

    fn figures(&mut self, figures: &[Figure]) {
        let share = |figure: &Figure| if figure.prominent { 125 } else { 100 };
        let total: i32 = figures.iter().map(share).sum::<i32>().max(1);
        let width = |figure: &Figure, all: i32| all / total * share(figure);
        let all = self.width();
        let label_size = |figure: &Figure| if figure.prominent { 10_500 } else { 9_000 };
        let mut cells = Vec::new();
        let mut heights = (0, 0);
        for figure in figures {
            let inner = width(figure, all) - 14_000;
            let labels = text::wrap(&self.sheet.fonts, &bold(&figure.label), label_size(figure), inner);
            let notes = text::wrap(&self.sheet.fonts, &plain(&figure.note), SMALL, inner);
            let rows = |lines: &[Line], size| i32::try_from(lines.len()).unwrap_or(1) * leading(size);
            heights.0 = heights.0.max(rows(&labels, label_size(figure)));
            heights.1 = heights.1.max(rows(&notes, SMALL));
            cells.push((figure, labels, notes));
        }
        let height = 8_000 + heights.0 + 3_000 + heights.1 + 8_000 + 16_000 + 10_000;
        self.ensure(height + 10_000);
        let outer = Area {
            x: MARGIN,
            y: self.y,
            width: all,
            height,
        };
        let group = self.sheet.node(0, StructRole::Div);
        let mut x = MARGIN;
        for (figure, labels, notes) in &cells {
            let area = Area {
                x,
                width: width(figure, all),
                ..outer
            };
            self.figure(group, figure, area, (labels, notes), heights);
            x += area.width;
        }
        self.sheet.frame(outer, BLUE, 1_400);
        self.y += height + 10_000;
    }

    fn figure(&mut self, group: usize, figure: &Figure, area: Area, lines: (&[Line], &[Line]), heights: (i32, i32)) {
        if figure.prominent {
            self.sheet.fill(area, TINT);
        }
        self.sheet.frame(area, BLUE, if figure.prominent { 1_400 } else { 700 });
        let x = area.x + 7_000;
        let (label, size) = if figure.prominent {
            (10_500, 17_000)
        } else {
            (9_000, 12_500)
        };
        let node = self.sheet.node(group, StructRole::P);
        let mut y = area.y + 8_000;
        for line in lines.0 {
            self.line(node, line, (x, y + label), ink(label, true));
            y += leading(label);
        }
        let node = self.sheet.node(group, StructRole::P);
        y = area.y + 8_000 + heights.0 + 3_000;
        for line in lines.1 {
            self.line(node, line, (x, y + SMALL), ink(SMALL, false));
            y += leading(SMALL);
        }
        let mut size = size;
        while size > 6_000 && self.sheet.fonts.width(&figure.value, true, size) > area.width - 14_000 {
            size -= 500;
        }
        let node = self.sheet.node(group, StructRole::P);
        let y = area.y + 8_000 + heights.0 + 3_000 + heights.1 + 8_000 + 14_000;
        self.sheet.text(node, (x, y), ink(size, true), &figure.value);
    }

    fn footers(&mut self, model: &Model) {
        let count = self.sheet.pages.len();
        let style = Style {
            size: 7_500,
            bold: false,
            color: GRAY,
        };
        let y = self.sheet.height - MARGIN + 12_000;
        let right = MARGIN + self.width();
        for page in 0..count {
            let number = format!("Page {} of {count}", page + 1);
            let width = self.sheet.fonts.width(&number, false, style.size);
            let runs = plain(format!("{} · {}", model.title, model.reference));
            let lines = text::wrap(&self.sheet.fonts, &runs, style.size, self.width() - width - 20_000);
            if let Some(piece) = lines.first().and_then(|line| line.pieces.first()) {
                self.sheet.aside(page, (MARGIN, y), style, &piece.text);
            }
            self.sheet.aside(page, (right - width, y), style, &number);
        }
    }
}

/// Bold text.
pub(super) fn bold(text: &str) -> Vec<Run> {
    vec![Run {
        text: text.to_owned(),
        bold: true,
    }]
}

/// Where a line of a cell begins.
pub(super) fn aligned(area: (i32, i32), line: &Line, align: Align) -> i32 {
    match align {
        Align::Left => area.0,
        Align::Right => area.0 + area.1 - line.width,
    }
}

pub(super) const RULE: Color = LINE;
