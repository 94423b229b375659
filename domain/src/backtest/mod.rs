//! Runs published vectors through the domain and reports what is reproduced.

pub mod apr;
pub mod schedule;

/// Why a file of vectors cannot be run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BacktestError {
    /// The file is not in the documented format.
    #[error("the file is not in the documented format: {0}")]
    Format(String),
}
