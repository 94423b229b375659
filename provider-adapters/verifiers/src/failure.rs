//! What a failed call means for us.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use domain::ports::VerifyError;
use sdk::LenderError;
use sdk::net::Incoming;
use sdk::wire::{WireError, parse};
use serde::de::DeserializeOwned;

/// Of a call that brought no answer.
pub(crate) fn of_call(error: LenderError) -> VerifyError {
    match error {
        LenderError::TimedOut => VerifyError::TimedOut,
        LenderError::RateLimited => VerifyError::RateLimited { retry_after: None },
        LenderError::Unavailable(what) => VerifyError::Unavailable(what),
        LenderError::Refused(what) | LenderError::Unsupported(what) => VerifyError::Refused(what),
        LenderError::Malformed { field, detail } => VerifyError::Malformed { field, detail },
    }
}

/// What a status other than that of success means. Of the body nothing is repeated.
pub(crate) fn of_status(answer: &Incoming, now: DateTime<Utc>) -> VerifyError {
    let what = answer.status.to_string();
    match answer.status {
        404 | 410 => VerifyError::Unknown,
        429 => VerifyError::RateLimited {
            retry_after: answer.retry_after(now),
        },
        408 | 500..=599 => VerifyError::Unavailable(what),
        400..=499 => VerifyError::Refused(what),
        _ => VerifyError::malformed("status", "is not one of the interface"),
    }
}

/// The JSON of an answer of that status.
pub(crate) fn read<T: DeserializeOwned>(answer: &Incoming) -> Result<T, VerifyError> {
    let body = answer.json().map_err(of_call)?;
    parse(body).map_err(|WireError { field, detail }| VerifyError::Malformed { field, detail })
}

/// What is left until the deadline, at most `most`.
pub(crate) fn left(deadline: Instant, most: Duration) -> Result<Duration, VerifyError> {
    let left = deadline.saturating_duration_since(Instant::now()).min(most);
    if left.is_zero() {
        Err(VerifyError::TimedOut)
    } else {
        Ok(left)
    }
}

/// A name that a vendor gave, fit to stand in a path: 1 to 64 letters, digits, `-` and `_`.
pub(crate) fn name<'a>(text: &'a str, field: &str) -> Result<&'a str, VerifyError> {
    let fits = (1..=64).contains(&text.len());
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if fits && text.bytes().all(plain) {
        Ok(text)
    } else {
        Err(VerifyError::malformed(field, "is not the name of a resource"))
    }
}
