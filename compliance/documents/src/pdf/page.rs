//! Pages under way: marks on paper and the tree that says what each mark is.

use pdf_writer::types::{ArtifactType, StructRole};
use pdf_writer::{Content, Name, Str};

use super::font::Fonts;
use super::units::float;
use crate::model::Paper;

/// Black, blue and gray of the documents; hundredths of full red, green and blue.
pub(super) type Color = [i32; 3];
pub(super) const INK: Color = [110, 140, 190];
pub(super) const BLUE: Color = [90, 188, 310];
pub(super) const GRAY: Color = [290, 340, 410];
pub(super) const LINE: Color = [780, 810, 850];
pub(super) const TINT: Color = [925, 943, 963];
pub(super) const PALE: Color = [965, 973, 980];

/// Width of a page's edge without text.
pub(super) const MARGIN: i32 = 54_000;

/// A node of the structure tree.
pub(super) struct Node {
    pub role: StructRole,
    pub parent: usize,
    pub kids: Vec<Kid>,
    /// Of a head cell: it speaks for its row, not for its column.
    pub row_head: bool,
}

/// What a node contains.
pub(super) enum Kid {
    Node(usize),
    Mark { page: usize, id: i32 },
}

/// A page.
pub(super) struct Page {
    pub content: Content,
    /// The node of each mark.
    pub marks: Vec<usize>,
}

/// Where a text stands and how it looks.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub size: i32,
    pub bold: bool,
    pub color: Color,
}

/// A rectangle from its upper left corner, measured from the upper edge of the page.
#[derive(Clone, Copy)]
pub(super) struct Area {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

/// Every page so far.
pub(super) struct Sheet {
    pub fonts: Fonts,
    pub pages: Vec<Page>,
    pub nodes: Vec<Node>,
    pub width: i32,
    pub height: i32,
}

impl Sheet {
    pub(super) fn new(fonts: Fonts, paper: Paper) -> Self {
        let (width, height) = match paper {
            Paper::A4 => (595_276, 841_890),
            Paper::Letter => (612_000, 792_000),
        };
        let root = Node {
            role: StructRole::Document,
            parent: 0,
            kids: Vec::new(),
            row_head: false,
        };
        let mut sheet = Self {
            fonts,
            pages: Vec::new(),
            nodes: vec![root],
            width,
            height,
        };
        sheet.add_page();
        sheet
    }

    pub(super) fn add_page(&mut self) {
        self.pages.push(Page {
            content: Content::new(),
            marks: Vec::new(),
        });
    }

    /// A new node under `parent`.
    pub(super) fn node(&mut self, parent: usize, role: StructRole) -> usize {
        let id = self.nodes.len();
        self.nodes[parent].kids.push(Kid::Node(id));
        self.nodes.push(Node {
            role,
            parent,
            kids: Vec::new(),
            row_head: false,
        });
        id
    }

    /// Text with its baseline at `y` on the last page, as part of a node.
    pub(super) fn text(&mut self, node: usize, at: (i32, i32), style: Style, text: &str) {
        let page = self.pages.len() - 1;
        let id = i32::try_from(self.pages[page].marks.len()).unwrap_or(i32::MAX);
        self.nodes[node].kids.push(Kid::Mark { page, id });
        self.pages[page].marks.push(node);
        let tag = self.nodes[node].role.to_name();
        self.pages[page]
            .content
            .begin_marked_content_with_properties(tag)
            .properties()
            .identify(id);
        self.show(page, at, style, text);
        self.pages[page].content.end_marked_content();
    }

    /// Text that is no part of the document: page numbers, repeated heads.
    pub(super) fn aside(&mut self, page: usize, at: (i32, i32), style: Style, text: &str) {
        self.artifact(page, ArtifactType::Pagination);
        self.show(page, at, style, text);
        self.pages[page].content.end_marked_content();
    }

    fn artifact(&mut self, page: usize, kind: ArtifactType) {
        self.pages[page]
            .content
            .begin_marked_content_with_properties(Name(b"Artifact"))
            .properties()
            .artifact()
            .kind(kind);
    }

    fn show(&mut self, page: usize, at: (i32, i32), style: Style, text: &str) {
        let glyphs = self.fonts.encode(text, style.bold);
        let name: &[u8] = if style.bold { b"B" } else { b"R" };
        let y = self.height - at.1;
        let [red, green, blue] = style.color.map(float);
        self.pages[page]
            .content
            .set_fill_rgb(red, green, blue)
            .begin_text()
            .set_font(Name(name), float(style.size))
            .next_line(float(at.0), float(y))
            .show(Str(&glyphs))
            .end_text();
    }

    /// A filled rectangle on the last page.
    pub(super) fn fill(&mut self, area: Area, color: Color) {
        let page = self.pages.len() - 1;
        let [red, green, blue] = color.map(float);
        let y = self.height - area.y - area.height;
        self.artifact(page, ArtifactType::Layout);
        self.pages[page]
            .content
            .set_fill_rgb(red, green, blue)
            .rect(float(area.x), float(y), float(area.width), float(area.height))
            .fill_nonzero()
            .end_marked_content();
    }

    /// The outline of a rectangle on the last page.
    pub(super) fn frame(&mut self, area: Area, color: Color, thickness: i32) {
        let page = self.pages.len() - 1;
        let [red, green, blue] = color.map(float);
        let y = self.height - area.y - area.height;
        self.artifact(page, ArtifactType::Layout);
        self.pages[page]
            .content
            .set_stroke_rgb(red, green, blue)
            .set_line_width(float(thickness))
            .rect(float(area.x), float(y), float(area.width), float(area.height))
            .stroke()
            .end_marked_content();
    }
}
