//! The cookie of a session. Over HTTPS its name makes browsers insist that it came over HTTPS; the prefix `__Host-` would ask for the
//! path `/`, and this one is sent to `/session` alone.

use aggregator::sessions::Ticket;
use axum::http::{HeaderMap, HeaderValue, header};

fn is_secure(origin: &str) -> bool {
    origin.starts_with("https://")
}

fn name(origin: &str) -> &'static str {
    if is_secure(origin) {
        "__Secure-usance-session"
    } else {
        "usance-session"
    }
}

fn written(origin: &str, value: &str, seconds: i64) -> HeaderValue {
    let secure = if is_secure(origin) { "; Secure" } else { "" };
    let text = format!(
        "{}={value}; Path=/session; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}",
        name(origin)
    );
    // Hexadecimal digits and constants: always a header.
    HeaderValue::from_str(&text).unwrap_or_else(|_| HeaderValue::from_static(""))
}

/// The header that gives the browser a cookie.
pub(super) fn set(origin: &str, value: &str, seconds: i64) -> HeaderValue {
    written(origin, value, seconds.max(1))
}

/// The header that takes it away.
pub(super) fn clear(origin: &str) -> HeaderValue {
    written(origin, "", 0)
}

/// The cookie of a request.
pub(super) fn ticket(origin: &str, headers: &HeaderMap) -> Option<Ticket> {
    let lines = headers.get_all(header::COOKIE).iter();
    let pairs = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(';'));
    let mut values = pairs.filter_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        (key == name(origin)).then_some(value)
    });
    values.next().and_then(Ticket::parse)
}
