//! Only our own page changes sessions.

use axum::http::{HeaderMap, StatusCode, header};

use crate::Api;
use crate::problem::Problem;

/// The header that every request has to carry, with the value `1`.
pub const HEADER: &str = "x-usance-session";

fn refused(code: &str, detail: &str) -> Problem {
    Problem::new(StatusCode::FORBIDDEN, code, "Not from our own page").detail(detail)
}

/// Our origin as this request's browser sees it, when the request comes from our page.
pub(super) fn own(api: &Api, headers: &HeaderMap) -> Result<String, Problem> {
    let text = |name: &str| headers.get(name).map(|value| value.to_str().unwrap_or("?"));
    let Some(origin) = api.site.origin(headers) else {
        let title = "Nobody signs in here";
        return Err(
            Problem::new(StatusCode::SERVICE_UNAVAILABLE, "SESSION_NOT_CONFIGURED", title)
                .detail("The address of the web app is not configured (web.url)."),
        );
    };
    if text(HEADER) != Some("1") {
        let what = "Send the header X-Usance-Session: 1.";
        return Err(refused("SESSION_HEADER_MISSING", what));
    }
    let elsewhere = || refused("CROSS_ORIGIN", "This works from the web app of this service alone.");
    if headers.get_all(header::ORIGIN).iter().count() > 1 {
        return Err(elsewhere());
    }
    if text("origin").is_some_and(|from| from != origin) {
        return Err(elsewhere());
    }
    match text("sec-fetch-site") {
        None | Some("same-origin" | "none") => Ok(origin),
        Some(_) => Err(elsewhere()),
    }
}
