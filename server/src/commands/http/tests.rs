use serde_json::json;
use tokio::net::TcpListener;

use super::*;

/// A server that gives one canned answer after another and keeps what it was asked.
pub async fn serve(answers: Vec<Vec<u8>>) -> (String, tokio::task::JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let task = tokio::spawn(async move {
        let mut asked = Vec::new();
        for answer in answers {
            let (stream, _) = listener.accept().await.unwrap();
            let mut stream = BufReader::new(stream);
            asked.push(read_request(&mut stream).await);
            // In small pieces, so that no border of a piece means anything.
            for piece in answer.chunks(7) {
                stream.get_mut().write_all(piece).await.unwrap();
                stream.get_mut().flush().await.unwrap();
            }
        }
        asked
    });
    (url, task)
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> String {
    let (mut text, mut length) = (String::new(), 0);
    loop {
        let start = text.len();
        stream.read_line(&mut text).await.unwrap();
        let line = text[start..].trim().to_owned();
        if let Some(value) = line.strip_prefix("content-length: ") {
            length = value.parse().unwrap();
        }
        if line.is_empty() {
            break;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.unwrap();
    text + std::str::from_utf8(&body).unwrap()
}

/// An answer with a length.
pub fn sized(status: &str, body: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// An answer in chunks of 10 bytes.
pub fn chunked(body: &str) -> Vec<u8> {
    let mut answer = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    for chunk in body.as_bytes().chunks(10) {
        answer.extend(format!("{:x};note=1\r\n", chunk.len()).into_bytes());
        answer.extend_from_slice(chunk);
        answer.extend_from_slice(b"\r\n");
    }
    answer.extend_from_slice(b"0\r\ntrailer: x\r\n\r\n");
    answer
}

const GET: Request<'_> = Request {
    method: "GET",
    path: "/x",
    headers: &[],
    body: None,
};

async fn get(answer: impl Into<Vec<u8>>) -> Result<Value, HttpError> {
    let (url, task) = serve(vec![answer.into()]).await;
    let result = json(&Base::parse(&url).unwrap(), GET).await;
    task.abort();
    result
}

#[test]
fn addresses_are_plain_http() {
    let base = Base::parse("http://127.0.0.1:8480/").unwrap();
    assert_eq!((base.address.as_str(), base.prefix.as_str()), ("127.0.0.1:8480", ""));
    let base = Base::parse("http://[::1]/credit/").unwrap();
    assert_eq!((base.address.as_str(), base.prefix.as_str()), ("[::1]:80", "/credit"));
    for wrong in [
        "https://x",
        "x",
        "http://",
        "http://a b",
        "http://a\r\nx: y",
        "http://user@host",
    ] {
        assert!(matches!(Base::parse(wrong), Err(HttpError::Url(_))), "{wrong}");
    }
}

#[tokio::test]
async fn a_body_is_read_by_length_by_chunks_and_until_the_end() {
    let body = r#"{"name": "a body that is longer than one chunk"}"#;
    let wanted: Value = serde_json::from_str(body).unwrap();
    assert_eq!(get(sized("200 OK", body)).await.unwrap(), wanted);
    assert_eq!(get(chunked(body)).await.unwrap(), wanted);
    assert_eq!(
        get(format!("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n{body}"))
            .await
            .unwrap(),
        wanted
    );
}

#[tokio::test]
async fn a_request_carries_its_headers_and_body() {
    let (url, task) = serve(vec![sized("200 OK", "{}")]).await;
    let body = json!({ "a": 1 });
    let request = Request {
        method: "POST",
        path: "/v1/x",
        headers: &[("idempotency-key", "k1")],
        body: Some(&body),
    };
    json(&Base::parse(&url).unwrap(), request).await.unwrap();
    let asked = task.await.unwrap().remove(0);
    assert!(asked.starts_with("POST /v1/x HTTP/1.1\r\nhost: 127.0.0.1:"), "{asked}");
    assert!(
        asked.contains("\r\nidempotency-key: k1\r\n") && asked.ends_with("\r\n\r\n{\"a\":1}"),
        "{asked}"
    );
}

#[tokio::test]
async fn a_header_cannot_smuggle_another() {
    let base = Base::parse("http://127.0.0.1:1").unwrap();
    let (url, task) = serve(vec![sized("200 OK", "{}")]).await;
    let request = Request {
        headers: &[("a", "b\r\nc: d")],
        ..GET
    };
    assert!(matches!(
        json(&Base::parse(&url).unwrap(), request).await,
        Err(HttpError::Malformed(_))
    ));
    task.abort();
    assert!(matches!(json(&base, GET).await, Err(HttpError::Unreachable { .. })));
}

#[tokio::test]
async fn a_problem_document_is_quoted() {
    let problem = r#"{"code": "INVALID", "title": "A field is not valid", "detail": "amount: \u001b[2Jtoo large"}"#;
    let error = get(sized("422 Unprocessable Entity", problem)).await.unwrap_err();
    assert_eq!(error.to_string(), "422: INVALID: amount: ?[2Jtoo large");
    assert_eq!(
        get(sized("502 Bad Gateway", "<html>")).await.unwrap_err().to_string(),
        "502: no explanation"
    );
}

#[tokio::test]
async fn what_is_not_http_or_too_much_is_refused() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(MAX_HEAD));
    let cases: [&str; 6] = [
        "SSH-2.0-x\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{}\r\n",
        &long,
    ];
    for case in cases {
        assert!(matches!(get(case).await, Err(HttpError::Malformed(_))), "{case:.60}");
    }
}

#[tokio::test]
async fn events_are_read_across_chunks_and_comments_passed_over() {
    let stream = ":\n\nevent: quote\ndata: {\"a\":\ndata: 1}\n\n: keep-alive\n\ndata: x\r\n\r\nevent: cut";
    let (url, _task) = serve(vec![chunked(stream)]).await;
    let mut events = events(&Base::parse(&url).unwrap(), GET).await.unwrap();
    let event = |name: &str, data: &str| {
        Some(Event {
            name: name.to_owned(),
            data: data.to_owned(),
        })
    };
    assert_eq!(events.next().await.unwrap(), event("quote", "{\"a\":\n1}"));
    assert_eq!(events.next().await.unwrap(), event("message", "x"));
    assert_eq!(events.next().await.unwrap(), None);
}
