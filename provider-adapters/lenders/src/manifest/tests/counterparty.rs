//! A lender's plain REST server: true HTTP/1.1 on loopback, answers by a function.

use std::sync::{Arc, Mutex};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Seen {
    pub line: String,
    pub headers: String,
    pub body: String,
}

impl Seen {
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.headers.lines();
        lines.find_map(|line| {
            line.split_once(": ")
                .filter(|(key, _)| *key == name)
                .map(|(_, value)| value)
        })
    }
}

/// A status and a body.
pub(super) type Reply = (u16, String);

pub(super) struct Counterparty {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Counterparty {
    /// Every request gets what `answer` says; it is told how many came before.
    pub(super) async fn start(answer: impl Fn(usize, &Seen) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((mut socket, _)) = listener.accept().await {
                let Some(request) = read(&mut socket).await else {
                    continue;
                };
                let before = kept.lock().unwrap().len();
                kept.lock().unwrap().push(request.clone());
                let (status, body) = answer(before, &request);
                let length = body.len();
                let head = format!("HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {length}");
                let retry = if status == 429 { "\r\nretry-after: 7" } else { "" };
                let text = format!("{head}{retry}\r\nconnection: close\r\n\r\n{body}");
                let _ = socket.write_all(text.as_bytes()).await;
            }
        });
        Self { url, seen }
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(super) fn lines(&self) -> Vec<String> {
        self.seen().into_iter().map(|seen| seen.line).collect()
    }
}

async fn read(socket: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            let head = String::from_utf8(bytes[..end].to_vec()).ok()?;
            let (line, headers) = head.split_once("\r\n")?;
            let mut seen = Seen {
                line: line.trim_end_matches(" HTTP/1.1").to_owned(),
                headers: headers.to_owned(),
                body: String::new(),
            };
            let length = seen
                .header("content-length")
                .map_or(Some(0), |text| text.parse().ok())?;
            if bytes.len() >= end + 4 + length {
                seen.body = String::from_utf8(bytes[end + 4..].to_vec()).ok()?;
                return Some(seen);
            }
        }
        let mut buffer = [0; 4096];
        match socket.read(&mut buffer).await {
            Ok(n) if n > 0 => bytes.extend_from_slice(&buffer[..n]),
            _ => return None,
        }
    }
}
