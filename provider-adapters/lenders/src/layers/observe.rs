//! One place that counts and logs what lenders do. Nothing of the request is logged: it is personal data.

use domain::ProviderId;
use metrics::{counter, histogram};
use sdk::LenderError;
use tokio::time::Instant;

const REQUESTS: &str = "usance_provider_requests_total";
const LATENCY: &str = "usance_provider_latency_seconds";
const OUTCOMES: [&str; 9] = [
    "ok",
    "cached",
    "declined",
    "unsupported",
    "refused",
    "rate_limited",
    "timed_out",
    "unavailable",
    "malformed",
];

/// Publishes every quote series at zero: a counter that is born at one hides its first failure.
pub(super) fn announce(provider: &ProviderId) {
    for outcome in OUTCOMES {
        count(provider, "quote", outcome, 0);
    }
}

fn count(provider: &ProviderId, operation: &'static str, outcome: &'static str, by: u64) {
    let provider = provider.to_string();
    counter!(REQUESTS, "provider" => provider, "operation" => operation, "outcome" => outcome).increment(by);
}

/// Counts a call and logs a failure, once.
pub(super) fn report(
    provider: &ProviderId,
    operation: &'static str,
    started: Instant,
    result: Result<&'static str, &LenderError>,
) {
    let name = provider.to_string();
    histogram!(LATENCY, "provider" => name, "operation" => operation).record(started.elapsed().as_secs_f64());
    let outcome = result.unwrap_or_else(outcome_of);
    count(provider, operation, outcome, 1);
    match result {
        Ok(_) => {}
        Err(LenderError::Malformed { field, detail }) => {
            tracing::warn!(%provider, operation, outcome, field, detail, "lender answer dropped");
        }
        Err(LenderError::Refused(what)) => {
            tracing::warn!(%provider, operation, outcome, what, "lender refuses us");
        }
        Err(error) => tracing::warn!(%provider, operation, outcome, %error, "lender did not answer"),
    }
}

fn outcome_of(error: &LenderError) -> &'static str {
    match error {
        LenderError::Unsupported(_) => "unsupported",
        LenderError::Refused(_) => "refused",
        LenderError::RateLimited => "rate_limited",
        LenderError::TimedOut => "timed_out",
        LenderError::Unavailable(_) => "unavailable",
        LenderError::Malformed { .. } => "malformed",
    }
}
