use axum::body::to_bytes;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use axum::response::Response;

use super::serve::answer;
use super::{Site, is_loopback, origin_of};

fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
    let mut map = HeaderMap::new();
    for (name, value) in pairs {
        map.append(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    map
}

const PAGE: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

/// A small app; its folder may go when it is read.
fn site(url: &str, production: bool) -> Site {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("assets")).unwrap();
    let files = [
        ("index.html", "<!doctype html>page"),
        ("index.html.br", "page by brotli"),
        ("mark.svg", "<svg/>"),
        ("assets/app-1a2b.js", "let a"),
        ("assets/app-1a2b.js.br", "by brotli"),
        ("assets/app-1a2b.js.gz", "by gzip"),
        (".secret", "hidden"),
    ];
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let outside = folder.path().join("assets/outside.js");
    std::os::unix::fs::symlink("/etc/passwd", outside).unwrap();
    Site::new(Some(url), production).with_folder(folder.path()).unwrap()
}

fn get(site: &Site, path: &str, pairs: &[(&'static str, &'static str)]) -> Response {
    answer(site, path, &headers(pairs))
}

fn header<'a>(response: &'a Response, name: &str) -> &'a str {
    response.headers().get(name).map_or("", |v| v.to_str().unwrap())
}

async fn text(response: Response) -> String {
    String::from_utf8(to_bytes(response.into_body(), 1 << 20).await.unwrap().to_vec()).unwrap()
}

#[tokio::test]
async fn every_address_of_the_app_is_its_page_and_none_of_the_interface_is() {
    let site = site("https://usance.example", true);
    for path in ["/", "/request", "/loans/lon_1", "/index.html", "/livezzz"] {
        let response = get(&site, path, &[PAGE]);
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&response, "content-type"), "text/html; charset=utf-8");
        assert_eq!(header(&response, "cache-control"), "no-cache");
        assert!(text(response).await.starts_with("<!doctype html>"));
    }
    for path in [
        "/v1/nothing",
        "/session/other",
        "/graphql/x",
        "/assets/gone.js",
        "/oauth",
    ] {
        assert_eq!(get(&site, path, &[PAGE]).status(), StatusCode::NOT_FOUND, "{path}");
    }
    assert_eq!(get(&site, "/", &[("accept", "*/*")]).status(), StatusCode::OK);
    assert_eq!(
        get(&site, "/loans", &[("accept", "*/*")]).status(),
        StatusCode::NOT_FOUND
    );
    let json = [("accept", "application/json")];
    assert_eq!(get(&site, "/request", &json).status(), StatusCode::NOT_FOUND);
}

#[tokio::test]
async fn an_asset_is_kept_for_a_year_and_sent_packed_as_the_browser_takes_it() {
    let site = site("https://usance.example", true);
    let path = "/assets/app-1a2b.js";
    for (accept, coding, body) in [
        ("gzip, deflate, br", "br", "by brotli"),
        ("gzip;q=1.0, br;q=0", "gzip", "by gzip"),
        ("gzip;q=0, br;q=0.0", "", "let a"),
        ("identity", "", "let a"),
    ] {
        let response = get(&site, path, &[("accept-encoding", accept)]);
        assert_eq!(header(&response, "content-encoding"), coding, "{accept}");
        assert_eq!(
            header(&response, "cache-control"),
            "public, max-age=31536000, immutable"
        );
        assert_eq!(header(&response, "vary"), "Accept-Encoding");
        assert_eq!(header(&response, "content-type"), "text/javascript; charset=utf-8");
        assert_eq!(text(response).await, body);
    }
    assert_eq!(
        get(&site, "/assets/app-1a2b.js.br", &[]).status(),
        StatusCode::NOT_FOUND,
        "a packed form has no address of its own"
    );
}

#[tokio::test]
async fn what_the_browser_has_is_not_sent_again() {
    let site = site("https://usance.example", true);
    let first = get(&site, "/", &[PAGE]);
    let tag: &'static str = header(&first, "etag").to_owned().leak();
    let again = get(&site, "/", &[PAGE, ("if-none-match", tag)]);
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(header(&again, "etag"), tag);
    assert!(text(again).await.is_empty());
    let packed = get(&site, "/", &[PAGE, ("if-none-match", tag), ("accept-encoding", "br")]);
    assert_eq!(packed.status(), StatusCode::OK, "another form has another tag");
}

#[test]
fn no_path_leads_out_of_the_folder() {
    let site = site("https://usance.example", true);
    for path in [
        "/../Cargo.toml",
        "/assets/../../Cargo.toml",
        "/assets/%2e%2e/index.html",
        "/assets/..%2findex.html",
        "/.secret",
        "/assets/outside.js",
        "//etc/passwd",
    ] {
        let response = get(&site, path, &[("accept", "*/*")]);
        assert_eq!(response.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[test]
fn a_page_comes_with_the_headers_that_guard_it() {
    let made = site("https://usance.example", true);
    let page = get(&made, "/", &[PAGE]);
    assert_eq!(
        header(&page, "content-security-policy"),
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self' \
         wss://usance.example; manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    );
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("strict-transport-security", "max-age=63072000; includeSubDomains"),
    ] {
        assert_eq!(header(&page, name), value);
        assert_eq!(header(&get(&made, "/mark.svg", &[]), name), value);
    }
    assert!(header(&page, "permissions-policy").contains("geolocation=()"));
    let plain = site("http://usance.example", false);
    let page = get(&plain, "/", &[PAGE, ("host", "127.0.0.1:8480")]);
    assert_eq!(header(&page, "strict-transport-security"), "");
    assert!(header(&page, "content-security-policy").contains("connect-src 'self' ws://127.0.0.1:8480;"));
}

#[tokio::test]
async fn without_a_build_the_page_says_how_to_make_one() {
    let response = get(&Site::new(None, false), "/", &[PAGE]);
    assert_eq!(response.status(), StatusCode::OK);
    assert!(header(&response, "content-security-policy").contains("connect-src 'self';"));
    assert!(text(response).await.contains("make web"));
    let empty = tempfile::tempdir().unwrap();
    assert!(Site::new(None, false).with_folder(empty.path()).is_err());
}

#[test]
fn our_origin_is_the_configured_one_and_in_development_this_machine() {
    assert_eq!(
        origin_of("https://Usance.Example:443/app"),
        Some("https://usance.example".into())
    );
    assert_eq!(origin_of("http://h:8480"), Some("http://h:8480".into()));
    for wrong in ["usance.example", "ftp://h", "https://", "https://user@h"] {
        assert_eq!(origin_of(wrong), None, "{wrong}");
    }
    for local in ["localhost:1", "127.0.0.1", "[::1]:8480", "LOCALHOST"] {
        assert!(is_loopback(local), "{local}");
    }
    for other in [
        "127.0.0.1.evil.example",
        "evil.example:80",
        "localhost@evil.example",
        "10.0.0.1",
    ] {
        assert!(!is_loopback(other), "{other}");
    }
    let live = site("https://usance.example", true);
    let local = headers(&[("host", "localhost:8480")]);
    assert_eq!(
        live.origin(&local),
        Some("https://usance.example".into()),
        "a browser's word counts for nothing"
    );
    let dev = Site::new(None, false);
    assert_eq!(dev.origin(&local), Some("http://localhost:8480".into()));
    assert_eq!(
        dev.origin(&headers(&[("host", "evil.example")])),
        None,
        "another name may lead here"
    );
}
