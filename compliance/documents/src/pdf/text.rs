//! Lines of text in a width.

use super::font::Fonts;
use crate::model::Run;

/// A piece of a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Piece {
    pub text: String,
    pub bold: bool,
    pub width: i32,
}

/// A line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Line {
    pub pieces: Vec<Piece>,
    pub width: i32,
}

impl Line {
    fn push(&mut self, text: &str, bold: bool, width: i32) {
        self.width += width;
        match self.pieces.last_mut() {
            Some(piece) if piece.bold == bold => {
                piece.text.push_str(text);
                piece.width += width;
            }
            _ => self.pieces.push(Piece {
                text: text.to_owned(),
                bold,
                width,
            }),
        }
    }
}

/// Breaks runs into lines at spaces, and inside a word that is longer than a line. Always at least one line.
pub(super) fn wrap(fonts: &Fonts, runs: &[Run], size: i32, width: i32) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut line = Line::default();
    for run in runs {
        let space = fonts.width(" ", run.bold, size);
        for word in run.text.split(' ').filter(|word| !word.is_empty()) {
            let wide = fonts.width(word, run.bold, size);
            let gap = if line.pieces.is_empty() { 0 } else { space };
            if line.width + gap + wide <= width {
                if gap > 0 {
                    line.push(" ", run.bold, space);
                }
                line.push(word, run.bold, wide);
                continue;
            }
            if !line.pieces.is_empty() {
                // The space stays at the end of the line, so that a reader does not join two words.
                line.push(" ", run.bold, 0);
                lines.push(std::mem::take(&mut line));
            }
            for c in word.chars() {
                let letter = c.to_string();
                let wide = fonts.width(&letter, run.bold, size);
                if line.width + wide > width && !line.pieces.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(&letter, run.bold, wide);
            }
        }
    }
    if !line.pieces.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}
