//! The script with the constants of the port before it, so that they are written once.

use domain::ports::velocity::{EXACT_DISTINCT, LARGEST_SUM, LINKED_AT_MOST, LOOKED_AT, Window};

/// Seconds of silence after which counts are forgotten.
const COUNTS_KEPT: u32 = 31 * 86_400;
/// And links.
const LINKS_KEPT: u32 = 180 * 86_400;
/// Seconds that an answer is remembered.
const ANSWER_KEPT: u32 = 3_600;

/// The whole text.
pub(crate) fn observe() -> String {
    let windows = Window::ALL.map(|window| format!("{{{},{}}}", window.bucket_seconds(), window.buckets()));
    format!(
        "local WINDOWS = {{{}}}\nlocal DAY, EXACT, LINKED, LOOKED = 86400, {EXACT_DISTINCT}, {LINKED_AT_MOST}, {LOOKED_AT}\n\
         local COUNTS_KEPT, LINKS_KEPT, ANSWER_KEPT, MOST = {COUNTS_KEPT}, {LINKS_KEPT}, {ANSWER_KEPT}, {LARGEST_SUM}\n{}",
        windows.join(","),
        include_str!("observe.lua"),
    )
}
