//! Lengths are whole thousandths of a point; a file wants points with a decimal point.
#![expect(
    clippy::float_arithmetic,
    reason = "the file format takes floats; no amount of money is computed here"
)]
#![expect(
    clippy::cast_precision_loss,
    reason = "a length on a page is below 2^24 thousandths of a point"
)]

/// One point.
pub(super) const UNIT: i32 = 1_000;

/// Points, as the file wants them.
pub(super) fn float(length: i32) -> f32 {
    length as f32 / 1_000.0
}
