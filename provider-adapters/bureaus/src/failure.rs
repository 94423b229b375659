//! What a failed call means for us.

use std::time::{Duration, Instant};

use domain::ports::CreditDataError;
use sdk::LenderError;
use sdk::wire::WireError;

/// Of a call that brought no answer.
pub(crate) fn of_call(error: LenderError) -> CreditDataError {
    match error {
        LenderError::TimedOut => CreditDataError::TimedOut,
        LenderError::RateLimited => CreditDataError::RateLimited { retry_after: None },
        LenderError::Unavailable(what) => CreditDataError::Unavailable(what),
        LenderError::Refused(what) | LenderError::Unsupported(what) => CreditDataError::Refused(what),
        LenderError::Malformed { field, detail } => CreditDataError::Malformed { field, detail },
    }
}

/// Of a body that cannot be read.
pub(crate) fn of_body(error: WireError) -> CreditDataError {
    of_call(LenderError::from(error))
}

/// What a status means when nothing better is known.
pub(crate) fn of_status(status: u16) -> CreditDataError {
    let what = status.to_string();
    match status {
        400 | 401 | 403 | 405 | 406 | 409 | 415 | 422 => CreditDataError::Refused(what),
        429 => CreditDataError::RateLimited { retry_after: None },
        404 | 408 | 500..=599 => CreditDataError::Unavailable(what),
        _ => CreditDataError::malformed("status", "is not one of the interface"),
    }
}

/// What is left until the deadline, at most `most`.
pub(crate) fn left(deadline: Instant, most: Duration) -> Result<Duration, CreditDataError> {
    let left = deadline.saturating_duration_since(Instant::now()).min(most);
    if left.is_zero() {
        Err(CreditDataError::TimedOut)
    } else {
        Ok(left)
    }
}
