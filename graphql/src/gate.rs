//! Who may call a route: each has a rule, and one without a rule is answered to nobody.

use aggregator::access::{Entry, Resource, note};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use access::Denial;
use access::routes::{self, Gate, ROUTES};

use crate::Api;
use crate::auth::caller;
use crate::problem::Problem;

/// Lets a request through to its route, or answers why not.
pub async fn pass(State(api): State<Api>, request: Request, next: Next) -> Response {
    let path = request
        .extensions()
        .get::<MatchedPath>()
        .map(|path| path.as_str().to_owned());
    // Without a path the router answers that there is no such route.
    let Some(path) = path else {
        return next.run(request).await;
    };
    match routes::of(request.method().as_str(), &path) {
        Some(Gate::Open(_)) => next.run(request).await,
        Some(Gate::May(action, class)) => {
            let Some(caller) = caller(&api, request.headers()) else {
                return Problem::unauthorized().into_response();
            };
            if access::ever(action, class).has(caller.role) {
                return next.run(request).await;
            }
            note(&Entry {
                caller: &caller,
                action,
                resource: &Resource::platform(class),
                denial: Some(Denial::Role),
            });
            Problem::from(aggregator::Error::Forbidden).into_response()
        }
        None => unlisted(&path, request, next).await,
    }
}

/// A method that a listed route does not have is the router's to refuse, where it would not run anything. Everything else that is
/// not listed is closed.
async fn unlisted(path: &str, request: Request, next: Next) -> Response {
    let listed: Vec<&str> = ROUTES
        .iter()
        .filter(|rule| rule.path == path)
        .map(|rule| rule.method)
        .collect();
    let harmless = path == "/graphql" || request.method() == Method::OPTIONS;
    if harmless && !listed.is_empty() {
        return next.run(request).await;
    }
    if listed.is_empty() {
        tracing::error!(
            path,
            "this route has no rule: list it in compliance/access/src/routes.rs"
        );
        return Problem::from(aggregator::Error::Forbidden).into_response();
    }
    let problem = Problem::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "METHOD_NOT_ALLOWED",
        "Not with this method",
    );
    let mut response = problem.into_response();
    if let Ok(value) = HeaderValue::from_str(&listed.join(", ")) {
        response.headers_mut().insert(header::ALLOW, value);
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;
    use std::path::Path;

    /// Paths of `.route("…"` in the sources of this crate.
    fn routed(folder: &Path, found: &mut BTreeSet<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                routed(&path, found);
                continue;
            }
            let text = std::fs::read_to_string(&path).unwrap();
            for part in text.split(".route(").skip(1) {
                if let Some(name) = part
                    .trim_start()
                    .strip_prefix('"')
                    .and_then(|rest| rest.split('"').next())
                {
                    found.insert(name.to_owned());
                }
            }
        }
    }

    #[test]
    fn every_route_has_a_rule_and_every_rule_a_route() {
        let mut found = BTreeSet::new();
        routed(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
        found.retain(|path| path.starts_with('/'));
        let listed: BTreeSet<String> = ROUTES.iter().map(|rule| rule.path.to_owned()).collect();
        assert!(found.len() > 40, "{found:?}");
        assert_eq!(found, listed, "list new routes in compliance/access/src/routes.rs");
    }

    #[test]
    fn every_operation_of_the_document_has_a_rule_that_asks_for_a_token() {
        let document = crate::openapi::document();
        let mut operations = 0;
        for (path, methods) in document["paths"].as_object().unwrap() {
            let signs_in = path == "/oauth/token" || path.starts_with("/session");
            // Says the same to everybody.
            let public = path == "/v1/lockable-tokens";
            for method in methods.as_object().unwrap().keys().filter(|name| *name != "parameters") {
                let gate = routes::of(&method.to_uppercase(), path);
                let open = matches!(gate, Some(Gate::Open(_)));
                assert!(gate.is_some(), "{method} {path} has no rule");
                assert!(!open || signs_in || public, "{method} {path} is open");
                operations += 1;
            }
        }
        assert_eq!(
            operations,
            ROUTES.iter().filter(|r| matches!(r.gate, Gate::May(..))).count() + 8
        );
    }
}
