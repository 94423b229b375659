//! The model as a tagged PDF file with embedded fonts.

mod file;
mod font;
mod layout;
mod page;
mod table;
mod text;
mod units;

use crate::model::Model;
use crate::render::Problem;

/// What came of a model.
pub(crate) struct Printed {
    pub bytes: Vec<u8>,
    pub missing_glyphs: Vec<char>,
}

/// Compressed in a way that depends on the bytes alone.
fn deflate(bytes: &[u8]) -> Vec<u8> {
    miniz_oxide::deflate::compress_to_vec_zlib(bytes, 6)
}

/// The file.
pub(crate) fn print(model: &Model) -> Result<Printed, Problem> {
    let broken = Problem {
        field: "font",
        text: "the embedded font cannot be used",
    };
    let fonts = font::Fonts::load().ok_or_else(|| broken.clone())?;
    let sheet = layout::lay_out(fonts, model);
    let missing_glyphs = sheet.fonts.missing.iter().copied().collect();
    let bytes = file::write(sheet, model).ok_or(broken)?;
    Ok(Printed { bytes, missing_glyphs })
}
