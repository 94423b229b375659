//! What a failed call means for us.

use domain::ports::LenderError;
use privacy::KmsError;

/// Of a call that brought no answer.
pub(crate) fn of_call(error: LenderError) -> KmsError {
    match error {
        LenderError::TimedOut => KmsError::Unavailable("no answer in time".into()),
        LenderError::RateLimited => KmsError::Unavailable("too many calls".into()),
        LenderError::Unavailable(what) => KmsError::Unavailable(what),
        LenderError::Refused(what) | LenderError::Unsupported(what) => KmsError::Refused(what),
        LenderError::Malformed { field, detail } => KmsError::Malformed(format!("{field} {detail}")),
    }
}

/// Of a body that cannot be read. What it says is not repeated: it may hold a key.
pub(crate) fn of_body() -> KmsError {
    KmsError::Malformed("the body is not of the interface".into())
}
