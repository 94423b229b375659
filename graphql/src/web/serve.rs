//! Answers what no route of the interface answers: files of the app, and its page for every other address that a browser opens.

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};

use super::Site;
use super::files::{File, PAGE};
use crate::Api;

/// Addresses of the interface: what is not found there is not the app's to answer.
const INTERFACE: [&str; 9] = [
    "/v1",
    "/graphql",
    "/oauth",
    "/session",
    "/hooks",
    "/dev",
    "/.well-known",
    "/explorer",
    "/assets",
];

/// What a page may not do with the machine it runs on.
const PERMISSIONS: &str = "camera=(), geolocation=(), microphone=(), payment=(), usb=()";

const NOT_BUILT: &str = r#"<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Usance</title></head>
<body>
<h1>The web app is not built</h1>
<p>Run <code>make web</code> in the checkout and start again, or name its folder in <code>USANCE_WEB</code> or <code>web.folder</code>.</p>
<p>The interface is there: <a href="/graphql">GraphQL</a>, <a href="/openapi.json">REST</a>.</p>
</body>
</html>
"#;

/// Everything that no route answers.
pub(crate) async fn page(State(api): State<Api>, request: Request) -> Response {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads {
        return StatusCode::NOT_FOUND.into_response();
    }
    answer(&api.site, request.uri().path(), request.headers())
}

pub(super) fn answer(site: &Site, path: &str, headers: &HeaderMap) -> Response {
    let asked = site.files.get(path).filter(|_| path != PAGE);
    if let Some(file) = asked {
        return guarded(site, headers, send(file, headers));
    }
    let of_interface = INTERFACE.iter().any(|prefix| {
        let rest = path.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    });
    if of_interface || !wants_page(path, headers) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let response = match site.files.get(PAGE) {
        Some(file) => send(file, headers),
        None => Html(NOT_BUILT).into_response(),
    };
    guarded(site, headers, response)
}

/// Who takes anything gets the page at the front door; elsewhere only who asks for a page, so that a wrong address of the interface is an error.
fn wants_page(path: &str, headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|v| v.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
        || (path == "/" && accept.is_none_or(|accept| accept.contains("*/*")))
}

/// Whether the browser takes that coding (RFC 9110, 12.5.3).
fn takes(headers: &HeaderMap, coding: &str) -> bool {
    let lines = headers.get_all(header::ACCEPT_ENCODING).iter();
    let items = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    let weight = |item: &str| {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        let refused = parameters
            .trim()
            .strip_prefix("q=")
            .is_some_and(|q| q.trim_matches(['0', '.']).is_empty());
        name.trim().eq_ignore_ascii_case(coding).then_some(!refused)
    };
    let mut found = items.filter_map(weight);
    found.next() == Some(true)
}

/// The best form that the browser takes.
fn form<'a>(file: &'a File, headers: &HeaderMap) -> (&'a Bytes, Option<&'static str>) {
    match (&file.brotli, &file.gzip) {
        (Some(brotli), _) if takes(headers, "br") => (brotli, Some("br")),
        (_, Some(gzip)) if takes(headers, "gzip") => (gzip, Some("gzip")),
        _ => (&file.plain, None),
    }
}

/// Whether the browser has it already (RFC 9110, 13.1.2).
fn has(headers: &HeaderMap, tag: &str) -> bool {
    let lines = headers.get_all(header::IF_NONE_MATCH).iter();
    let mut tags = lines
        .filter_map(|line| line.to_str().ok())
        .flat_map(|line| line.split(','));
    tags.any(|given| {
        let given = given.trim();
        given == "*" || given.strip_prefix("W/").unwrap_or(given) == tag
    })
}

fn send(file: &File, headers: &HeaderMap) -> Response {
    let (bytes, coding) = form(file, headers);
    let tag = format!("\"{}{}\"", file.tag, coding.map_or(String::new(), |c| format!("-{c}")));
    let cache = if file.hashed {
        "public, max-age=31536000, immutable"
    } else {
        "no-cache"
    };
    let fresh = !has(headers, &tag);
    let mut response = if fresh {
        Response::new(Body::from(bytes.clone()))
    } else {
        StatusCode::NOT_MODIFIED.into_response()
    };
    let out = response.headers_mut();
    out.insert(header::CACHE_CONTROL, HeaderValue::from_static(cache));
    out.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        out.insert(header::ETAG, tag);
    }
    if fresh {
        out.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.kind));
        if let Some(coding) = coding {
            out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
    }
    response
}

/// With the headers that keep a page from doing harm or being framed.
fn guarded(site: &Site, headers: &HeaderMap, mut response: Response) -> Response {
    let origin = site.origin(headers).unwrap_or_default();
    // Older browsers do not count the WebSocket of the same host as `'self'`.
    let socket = origin.replacen("http", "ws", 1);
    let policy = format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self' {socket}; \
         manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    let out = response.headers_mut();
    let policy = policy.replace("'self' ;", "'self';");
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        out.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let fixed = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("permissions-policy", PERMISSIONS),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for (name, value) in fixed {
        out.insert(name, HeaderValue::from_static(value));
    }
    if site.production && origin.starts_with("https://") {
        let value = HeaderValue::from_static("max-age=63072000; includeSubDomains");
        out.insert(header::STRICT_TRANSPORT_SECURITY, value);
    }
    response
}
