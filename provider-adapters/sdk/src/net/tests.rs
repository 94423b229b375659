use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};

use reqwest::dns::{Name, Resolve as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

use super::*;

const SOON: Duration = Duration::from_secs(20);

/// A server that answers one connection after the other with these bytes, and counts them.
async fn serve(answers: Vec<Vec<u8>>) -> (Endpoint, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let count = Arc::new(AtomicUsize::new(0));
    let counted = count.clone();
    tokio::spawn(async move {
        for answer in answers {
            let (mut socket, _) = listener.accept().await.unwrap();
            counted.fetch_add(1, Ordering::SeqCst);
            tokio::spawn(async move {
                let mut head = Vec::new();
                while !head.windows(4).any(|w| w == b"\r\n\r\n") {
                    let mut buffer = [0; 1024];
                    match socket.read(&mut buffer).await {
                        Ok(n) if n > 0 => head.extend_from_slice(&buffer[..n]),
                        _ => return,
                    }
                }
                let _ = socket.write_all(&answer).await;
                let hang = answer.ends_with(HANG);
                while hang && socket.read(&mut [0; 1024]).await.is_ok_and(|n| n > 0) {}
            });
        }
    });
    let endpoint = Endpoint::parse(&format!("http://127.0.0.1:{port}"), NetworkPolicy::AllowLoopback).unwrap();
    (endpoint, count)
}

/// Keeps the connection open behind the answer.
const HANG: &[u8] = b"\r\n\r\nhang";

fn http(head: &str, body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 {head}\r\nconnection: close\r\n\r\n").as_bytes(), body].concat()
}

async fn get(answer: Vec<u8>) -> Result<Incoming, LenderError> {
    let (endpoint, _) = serve(vec![answer]).await;
    let client = HttpClient::new(NetworkPolicy::AllowLoopback).unwrap();
    client.call(Request::get(&endpoint, "/x", SOON)).await
}

#[test]
fn a_link_of_an_answer_leads_nowhere_else() {
    let endpoint = Endpoint::parse("https://bank.example/psd2", NetworkPolicy::Public).unwrap();
    let follow = |link: &str| endpoint.follow("/v1/accounts/7/transactions", link);
    let page = |path: &str, key: &str, value: &str| Some((path.to_owned(), vec![(key.to_owned(), value.to_owned())]));
    let next = page("/v1/accounts/7/transactions", "page", "2 of 3");
    assert_eq!(follow("?page=2%20of%203"), next);
    assert_eq!(follow("/psd2/v1/accounts/7/transactions?page=2+of+3"), next);
    assert_eq!(
        follow("https://bank.example/psd2/v1/accounts/7/transactions?page=2%20of%203"),
        next
    );
    for elsewhere in [
        "https://evil.example/psd2/v1/x",
        "//evil.example/psd2/v1/x",
        "http://bank.example/psd2/v1/x",
        "https://bank.example:8443/psd2/v1/x",
        "https://me@bank.example/psd2/v1/x",
        "/other/v1/x",
        "/psd2/../other",
        "/psd2x/v1",
        "file:///etc/passwd",
        "https://",
    ] {
        assert_eq!(follow(elsewhere), None, "{elsewhere}");
    }
}

#[test]
fn only_public_addresses_are_dialled() {
    for private in [
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "127.0.0.1",
        "169.254.169.254",
        "0.0.0.0",
        "100.64.0.1",
        "198.18.0.1",
        "192.0.2.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "64:ff9b::a00:1",
        "2002:a00:1::",
        "2001:db8::1",
        "2001::1",
    ] {
        assert!(!is_public(private.parse().unwrap()), "{private}");
    }
    for public in ["8.8.8.8", "172.32.0.1", "2606:4700::1111", "2001:4860:4860::8888"] {
        assert!(is_public(public.parse().unwrap()), "{public}");
    }
}

#[test]
fn an_endpoint_is_https_and_public_unless_development_allows_this_machine() {
    use EndpointError::{Extras, NotAUrl, NotPublic, Scheme};
    let check = |text: &str, policy| Endpoint::parse(text, policy).map(|e| e.path("/v1"));
    let public = NetworkPolicy::Public;
    assert_eq!(check("https://lender.example/api/", public), Ok("/api/v1".into()));
    assert_eq!(check("lender.example", public), Err(NotAUrl));
    assert_eq!(check("http://lender.example", public), Err(Scheme));
    assert_eq!(check("http://127.0.0.1:9", public), Err(Scheme));
    assert_eq!(check("https://127.0.0.1", public), Err(NotPublic));
    assert_eq!(check("https://localhost", public), Err(NotPublic));
    assert_eq!(check("https://[::1]", public), Err(NotPublic));
    assert_eq!(check("https://2130706433", public), Err(NotPublic));
    assert_eq!(check("https://me@lender.example", public), Err(Extras));
    assert_eq!(check("https://lender.example/?a", public), Err(Extras));
    let development = NetworkPolicy::AllowLoopback;
    assert_eq!(check("http://127.0.0.1:9/x", development), Ok("/x/v1".into()));
    assert_eq!(check("http://10.0.0.1", development), Err(Scheme));
    assert_eq!(check("https://10.0.0.1", development), Err(NotPublic));
}

#[tokio::test]
async fn a_name_that_resolves_to_this_machine_is_not_dialled_in_production() {
    let resolve = |policy| {
        let lookup = address::system();
        CheckedDns { policy, lookup }.resolve("localhost".parse::<Name>().unwrap())
    };
    assert!(resolve(NetworkPolicy::Public).await.is_err());
    assert!(resolve(NetworkPolicy::AllowLoopback).await.is_ok());
}

#[tokio::test]
async fn a_name_that_changes_to_a_private_address_is_refused_when_it_is_dialled() {
    // First a public address, then a private one among public ones, then private ones alone.
    let rounds = Arc::new(AtomicUsize::new(0));
    let turns = rounds.clone();
    let lookup: address::Lookup = Arc::new(move |_| {
        let addresses: Vec<SocketAddr> = match turns.fetch_add(1, Ordering::SeqCst) {
            0 => vec!["8.8.8.8:0".parse().unwrap()],
            1 => vec!["169.254.169.254:0".parse().unwrap(), "8.8.4.4:0".parse().unwrap()],
            _ => vec!["127.0.0.1:0".parse().unwrap(), "[::1]:0".parse().unwrap()],
        };
        Box::pin(async move { Ok(addresses) })
    });
    let policy = NetworkPolicy::Public;
    let dns = CheckedDns {
        policy,
        lookup: lookup.clone(),
    };
    let name = || "lender.example".parse::<Name>().unwrap();
    for expected in ["8.8.8.8", "8.8.4.4"] {
        let found: Vec<_> = dns.resolve(name()).await.unwrap().map(|a| a.ip().to_string()).collect();
        assert_eq!(found, [expected]);
    }
    // The client asks this resolver at the moment of the connection: nothing is dialled.
    let client = HttpClient::with_lookup(policy, lookup).unwrap();
    let endpoint = Endpoint::parse("https://lender.example", policy).unwrap();
    let refused = client.call(Request::get(&endpoint, "/", SOON)).await.unwrap_err();
    assert!(matches!(refused, LenderError::Unavailable(_)), "{refused}");
    if cfg!(feature = "tls") {
        assert_eq!(rounds.load(Ordering::SeqCst), 3);
    }
}

#[tokio::test]
async fn an_endpoint_checked_for_development_is_not_dialled_by_a_client_of_production() {
    let (endpoint, count) = serve(vec![http("200 OK", b"{}")]).await;
    let client = HttpClient::new(NetworkPolicy::Public).unwrap();
    let refused = client.call(Request::get(&endpoint, "/", SOON)).await.unwrap_err();
    assert_eq!(refused, LenderError::Refused("the address may not be dialled".into()));
    assert_eq!(count.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_never_followed() {
    let (target, visits) = serve(vec![http("200 OK", b"{}")]).await;
    let moved = http(&format!("307 Moved\r\nlocation: {}/", target.as_str()), b"");
    assert_eq!(get(moved).await.unwrap().status, 307);
    assert_eq!(visits.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn a_body_is_read_up_to_its_limit_and_no_further() {
    let whole = get(http("200 OK", &vec![b' '; MAX_BYTES])).await.unwrap();
    assert_eq!(whole.body.len(), MAX_BYTES);
    let too_large = Err(LenderError::Malformed {
        field: "body".into(),
        detail: "larger than 1048576 bytes".into(),
    });
    assert_eq!(
        get(http("200 OK", &vec![b' '; MAX_BYTES + 1])).await.map(|a| a.status),
        too_large
    );
    // A length that is said is believed before a byte is read.
    let said = [b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999".as_slice(), HANG].concat();
    assert_eq!(get(said).await.map(|a| a.status), too_large);
    // A compressed body is not unpacked.
    let packed = get(http("200 OK\r\ncontent-encoding: gzip", b"\x1f\x8b"))
        .await
        .unwrap();
    assert_eq!(packed.body, b"\x1f\x8b");
}

#[tokio::test]
async fn an_answer_that_does_not_end_is_timed_out_and_one_that_breaks_is_unavailable() {
    let (endpoint, _) = serve(vec![
        [b"HTTP/1.1 200 OK\r\ncontent-length: 100".as_slice(), HANG].concat(),
    ])
    .await;
    let client = HttpClient::new(NetworkPolicy::AllowLoopback).unwrap();
    let slow = client
        .call(Request::get(&endpoint, "/", Duration::from_millis(200)))
        .await;
    assert_eq!(slow.map(|a| a.status), Err(LenderError::TimedOut));
    for broken in [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{".to_vec(),
        b"SSH-2.0-OpenSSH\r\n".to_vec(),
        [b"HTTP/1.1 200 OK\r\nx: ".as_slice(), &vec![b'a'; 1 << 20]].concat(),
        http(format!("200 OK\r\n{}", "a: b\r\n".repeat(200)).trim_end(), b""),
        Vec::new(),
    ] {
        let error = get(broken).await.unwrap_err();
        assert!(matches!(error, LenderError::Unavailable(_)), "{error}");
    }
    // Nobody listens: the port was given back.
    let port = TcpListener::bind("127.0.0.1:0")
        .await
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let endpoint = Endpoint::parse(&format!("http://127.0.0.1:{port}"), NetworkPolicy::AllowLoopback).unwrap();
    let error = client.call(Request::get(&endpoint, "/", SOON)).await.unwrap_err();
    assert_eq!(error, LenderError::Unavailable("no connection".into()));
}

#[tokio::test]
async fn a_server_without_tls_is_no_https_server() {
    // It answers whatever begins, as servers do that cannot read a request.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let secure = format!("https://{}", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut socket, _)) = listener.accept().await {
            let mut begun = [0; 16];
            let _gone = socket.read(&mut begun).await;
            let _gone = socket.write_all(&http("400 Bad Request", b"{}")).await;
        }
    });
    let endpoint = Endpoint::parse(&secure, NetworkPolicy::AllowLoopback).unwrap();
    let client = HttpClient::new(NetworkPolicy::AllowLoopback).unwrap();
    let error = client.call(Request::get(&endpoint, "/", SOON)).await.unwrap_err();
    assert!(matches!(error, LenderError::Unavailable(_)), "{error}");
}

#[tokio::test]
async fn a_query_is_escaped_and_a_header_with_a_line_break_is_not_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/base", listener.local_addr().unwrap());
    let endpoint = Endpoint::parse(&url, NetworkPolicy::AllowLoopback).unwrap();
    let client = HttpClient::new(NetworkPolicy::AllowLoopback).unwrap();
    let token = Secret::new("Bearer s3cret".to_owned());
    let (bad, good) = (
        [("x", Value::Plain("a\r\nb: c"))],
        [("authorization", Value::Secret(&token))],
    );
    let request = |headers| Request {
        query: &[("q", "a&b=c d")],
        headers,
        ..Request::get(&endpoint, "/y?z", SOON)
    };
    let refused = client.call(request(&bad)).await.unwrap_err();
    assert_eq!(refused, LenderError::Refused("the header x cannot be sent".into()));
    assert!(!format!("{:?}", request(&good)).contains("s3cret"));
    let (_, head) = tokio::join!(client.call(request(&good)), async {
        let (mut socket, _) = listener.accept().await.unwrap();
        let mut head = vec![0; 4096];
        let n = socket.read(&mut head).await.unwrap();
        String::from_utf8_lossy(&head[..n]).to_lowercase()
    });
    assert!(head.starts_with("get /base/y%3fz?q=a%26b%3dc+d http/1.1\r\n"), "{head}");
    assert!(head.contains("\r\nauthorization: bearer s3cret\r\n"), "{head}");
}

#[test]
fn retry_after_is_read_in_both_forms() {
    let wait = |text: &str| {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        let incoming = Incoming {
            status: 429,
            headers,
            body: Vec::new(),
        };
        incoming.retry_after("2026-03-01T12:00:00Z".parse().unwrap())
    };
    assert_eq!(wait("7"), Some(Duration::from_secs(7)));
    assert_eq!(wait("Sun, 01 Mar 2026 12:01:30 GMT"), Some(Duration::from_secs(90)));
    assert_eq!(wait("Sun, 01 Mar 2026 11:00:00 GMT"), Some(Duration::ZERO));
    assert_eq!(wait("99999999999"), Some(Duration::from_hours(24)));
    assert_eq!(wait("soon"), None);
}
