//! Tables: rows that stay whole where a page has room for them, and a head on every page.

use pdf_writer::types::StructRole;

use super::layout::{BODY, Layout, RULE, aligned, bold, leading};
use super::page::{Area, Color, INK, MARGIN, PALE, Style, TINT};
use super::text::{self, Line};
use crate::model::{Align, Run, Table, plain};

const SIZE: i32 = 8_800;
const PAD: i32 = 5_000;

struct Cell {
    lines: Vec<Line>,
    align: Align,
    role: StructRole,
    fill: Option<Color>,
    row_head: bool,
}

struct Row {
    cells: Vec<Cell>,
}

impl Row {
    fn lines(&self) -> usize {
        self.cells.iter().map(|cell| cell.lines.len()).max().unwrap_or(1)
    }
}

fn height(lines: usize) -> i32 {
    i32::try_from(lines)
        .unwrap_or(i32::MAX / leading(SIZE))
        .saturating_mul(leading(SIZE))
        .saturating_add(PAD + 1_500)
}

impl Layout {
    pub(super) fn terms(&mut self, terms: &[(String, Vec<String>)]) {
        let all = self.width();
        let widths = [all * 34 / 100, all - all * 34 / 100];
        let node = self.sheet.node(0, StructRole::Table);
        for (name, lines) in terms {
            let head = Cell {
                lines: text::wrap(&self.sheet.fonts, &bold(name), SIZE, widths[0] - 2 * PAD),
                align: Align::Left,
                role: StructRole::TH,
                fill: Some(PALE),
                row_head: true,
            };
            let wrapped = lines
                .iter()
                .flat_map(|line| text::wrap(&self.sheet.fonts, &plain(format!("{line} ")), SIZE, widths[1] - 2 * PAD));
            let body = Cell {
                lines: wrapped.collect(),
                align: Align::Left,
                role: StructRole::TD,
                fill: None,
                row_head: false,
            };
            let row = Row {
                cells: vec![head, body],
            };
            self.row(node, &row, &widths, None);
        }
        self.y += 10_000;
    }

    pub(super) fn table(&mut self, table: &Table) {
        let total: i32 = table.columns.iter().map(|column| column.weight).sum::<i32>().max(1);
        let all = self.width();
        let widths: Vec<i32> = table.columns.iter().map(|c| all * c.weight / total).collect();
        let cell = |layout: &Self, runs: &[Run], at: usize, role, fill| Cell {
            lines: text::wrap(&layout.sheet.fonts, runs, SIZE, widths[at] - 2 * PAD),
            align: table.columns[at].align,
            role,
            fill,
            row_head: false,
        };
        let node = self.sheet.node(0, StructRole::Table);
        let heads = table.columns.iter().enumerate();
        let head = Row {
            cells: heads
                .map(|(at, column)| cell(self, &bold(&column.head), at, StructRole::TH, Some(TINT)))
                .collect(),
        };
        if self.room() < height(head.lines()) + 3 * height(1) && !self.at_top() {
            self.new_page();
        }
        self.row(node, &head, &widths, None);
        for (number, texts) in table.rows.iter().enumerate() {
            let last = table.total && number + 1 == table.rows.len();
            let texts = texts.iter().take(widths.len()).enumerate();
            let row = Row {
                cells: texts
                    .map(|(at, text)| {
                        let runs = if last { bold(text) } else { plain(text) };
                        cell(self, &runs, at, StructRole::TD, last.then_some(PALE))
                    })
                    .collect(),
            };
            self.row(node, &row, &widths, Some(&head));
        }
        self.y += 10_000;
    }

    /// One row; with a `head` that is drawn again on top of a new page.
    fn row(&mut self, table: usize, row: &Row, widths: &[i32], head: Option<&Row>) {
        let node = self.sheet.node(table, StructRole::TR);
        let cells: Vec<usize> = row
            .cells
            .iter()
            .map(|cell| {
                let id = self.sheet.node(node, cell.role);
                self.sheet.nodes[id].row_head = cell.row_head;
                id
            })
            .collect();
        let lines = row.lines();
        let mut from = 0;
        while from < lines {
            let left = lines - from;
            if self.room() < height(left.min(3)) && !self.at_top() {
                self.new_page();
                if let Some(head) = head {
                    self.repeat(head, widths);
                }
            }
            let fits = usize::try_from((self.room() - PAD) / leading(SIZE)).unwrap_or(1).max(1);
            let taken = left.min(fits);
            self.slice(row, &cells, widths, from..from + taken);
            from += taken;
            if from < lines {
                self.new_page();
                if let Some(head) = head {
                    self.repeat(head, widths);
                }
            }
        }
    }

    fn slice(&mut self, row: &Row, nodes: &[usize], widths: &[i32], range: std::ops::Range<usize>) {
        let tall = height(range.len());
        let mut x = MARGIN;
        for ((cell, node), width) in row.cells.iter().zip(nodes).zip(widths) {
            self.cell_box(cell, (x, *width), tall);
            let lines = cell.lines.iter().skip(range.start).take(range.len());
            for (at, line) in (0..).zip(lines) {
                let y = self.y + PAD / 2 + SIZE + at * leading(SIZE);
                let left = aligned((x + PAD, width - 2 * PAD), line, cell.align);
                self.line(*node, line, (left, y), ink());
            }
            x += width;
        }
        self.y += tall;
    }

    fn cell_box(&mut self, cell: &Cell, across: (i32, i32), tall: i32) {
        let area = Area {
            x: across.0,
            y: self.y,
            width: across.1,
            height: tall,
        };
        if let Some(color) = cell.fill {
            self.sheet.fill(area, color);
        }
        self.sheet.frame(area, RULE, 600);
    }

    /// The head again, for the eye alone.
    fn repeat(&mut self, head: &Row, widths: &[i32]) {
        let tall = height(head.lines());
        let page = self.sheet.pages.len() - 1;
        let mut x = MARGIN;
        for (cell, width) in head.cells.iter().zip(widths) {
            self.cell_box(cell, (x, *width), tall);
            for (at, line) in (0..).zip(&cell.lines) {
                let y = self.y + PAD / 2 + SIZE + at * leading(SIZE);
                let mut left = aligned((x + PAD, width - 2 * PAD), line, cell.align);
                for piece in &line.pieces {
                    let style = Style {
                        bold: piece.bold,
                        ..ink()
                    };
                    self.sheet.aside(page, (left, y), style, &piece.text);
                    left += piece.width;
                }
            }
            x += width;
        }
        self.y += tall;
    }
}

const fn ink() -> Style {
    Style {
        size: SIZE,
        bold: false,
        color: INK,
    }
}

const _: () = assert!(SIZE < BODY);
