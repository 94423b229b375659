//! A small HTTP/1.1 client for a service on this machine or behind a proxy: plain `http`, one request a connection, every
//! size and wait bounded. Anything more is work for a real client.

use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Waiting for a connection, or for the next bytes of an answer.
const PATIENCE: Duration = Duration::from_secs(20);
const MAX_HEAD: usize = 32 * 1024;
const MAX_BODY: usize = 8 * 1024 * 1024;
/// One event of a stream.
const MAX_EVENT: usize = 2 * 1024 * 1024;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Not an address that this client takes.
    #[error("{0:?} is not an address of the form http://host:port (https needs another client, such as curl)")]
    Url(String),
    /// Nobody listens, or not for long.
    #[error("cannot reach {address}; is `usance dev` or `usance serve` running?")]
    Unreachable {
        /// Host and port.
        address: String,
        /// From the system.
        source: std::io::Error,
    },
    /// The connection broke.
    #[error("the connection broke")]
    Broken(#[from] std::io::Error),
    /// Silence for 20 s.
    #[error("no answer within {} s", PATIENCE.as_secs())]
    Silent,
    /// Not HTTP, or more than is read.
    #[error("the answer cannot be read: {0}")]
    Malformed(&'static str),
    /// An answer that says no.
    #[error("{status}: {message}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What the problem document says.
        message: String,
    },
}

/// Where a service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Base {
    authority: String,
    address: String,
    prefix: String,
}

impl Base {
    /// Of `http://host[:port][/prefix]`.
    pub fn parse(url: &str) -> Result<Self, HttpError> {
        let wrong = || HttpError::Url(url.to_owned());
        let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
        let (authority, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let plain = |b: u8| b.is_ascii_alphanumeric() || b".-_:[]".contains(&b);
        if authority.is_empty() || !authority.bytes().all(plain) || prefix.bytes().any(|b| !b.is_ascii_graphic()) {
            return Err(wrong());
        }
        let after_host = authority.rsplit(']').next().unwrap_or(authority);
        let port_given = after_host.contains(':');
        let address = if port_given {
            authority.to_owned()
        } else {
            format!("{authority}:80")
        };
        let prefix = prefix.trim_end_matches('/');
        let prefix = if prefix.is_empty() {
            String::new()
        } else {
            format!("/{prefix}")
        };
        Ok(Self {
            authority: authority.to_owned(),
            address,
            prefix,
        })
    }
}

/// One request.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// From the service's base.
    pub path: &'a str,
    /// Names and values; both without control characters.
    pub headers: &'a [(&'a str, &'a str)],
    /// JSON.
    pub body: Option<&'a Value>,
}

/// Sends, and reads the JSON of an answer that says yes.
pub async fn json(base: &Base, request: Request<'_>) -> Result<Value, HttpError> {
    let bytes = send(base, request).await?.all().await?;
    serde_json::from_slice(&bytes).map_err(|_| HttpError::Malformed("the body is not JSON"))
}

/// Sends, and answers the stream of events.
pub async fn events(base: &Base, request: Request<'_>) -> Result<Events, HttpError> {
    Ok(Events {
        body: send(base, request).await?,
        pending: Vec::new(),
    })
}

async fn send(base: &Base, request: Request<'_>) -> Result<Body, HttpError> {
    let connected = timeout(PATIENCE, TcpStream::connect(&base.address))
        .await
        .map_err(|_| HttpError::Silent)?;
    let mut stream = connected.map_err(|source| HttpError::Unreachable {
        address: base.address.clone(),
        source,
    })?;
    let mut text = format!(
        "{} {}{} HTTP/1.1\r\nhost: {}\r\nconnection: close\r\naccept: application/json, text/event-stream\r\n",
        request.method, base.prefix, request.path, base.authority
    );
    for (name, value) in request.headers {
        if value.bytes().chain(name.bytes()).any(|b| b.is_ascii_control()) {
            return Err(HttpError::Malformed("a header holds control characters"));
        }
        text.extend([name, ": ", value, "\r\n"]);
    }
    let body = request.body.map(ToString::to_string).unwrap_or_default();
    if request.body.is_some() {
        text.push_str("content-type: application/json\r\n");
    }
    text.extend(["content-length: ", &body.len().to_string(), "\r\n\r\n", &body]);
    timeout(PATIENCE, stream.write_all(text.as_bytes()))
        .await
        .map_err(|_| HttpError::Silent)??;
    let (status, body) = head(BufReader::new(stream)).await?;
    if (200..300).contains(&status) {
        return Ok(body);
    }
    let bytes = body.all().await.unwrap_or_default();
    Err(HttpError::Refused {
        status,
        message: explained(&bytes),
    })
}

/// What a problem document (RFC 9457) or an OAuth error says.
fn explained(body: &[u8]) -> String {
    let Ok(problem) = serde_json::from_slice::<Value>(body) else {
        return "no explanation".to_owned();
    };
    let text = |name: &str| problem.get(name).and_then(Value::as_str);
    let said: Vec<&str> = ["code", "error", "detail"].into_iter().filter_map(text).collect();
    let said = if said.is_empty() {
        text("title").unwrap_or("no explanation").to_owned()
    } else {
        said.join(": ")
    };
    super::table::printable(&said)
}

#[derive(Debug)]
enum Framing {
    Length(usize),
    Chunked,
    UntilClose,
    Ended,
}

/// The body of an answer, piece by piece.
#[derive(Debug)]
struct Body {
    stream: BufReader<TcpStream>,
    framing: Framing,
}

async fn head(mut stream: BufReader<TcpStream>) -> Result<(u16, Body), HttpError> {
    let mut left = MAX_HEAD;
    loop {
        let first = line(&mut stream, &mut left).await?;
        let mut words = first.split(' ');
        let version = words.next().unwrap_or_default();
        let status = words.next().and_then(|word| word.parse::<u16>().ok());
        let (true, Some(status)) = (version.starts_with("HTTP/1."), status) else {
            return Err(HttpError::Malformed("this is not HTTP/1.1"));
        };
        let mut framing = Framing::UntilClose;
        loop {
            let header = line(&mut stream, &mut left).await?;
            if header.is_empty() {
                break;
            }
            let (name, value) = header
                .split_once(':')
                .ok_or(HttpError::Malformed("a header without a colon"))?;
            let value = value.trim();
            match name.to_ascii_lowercase().as_str() {
                "transfer-encoding" if value.eq_ignore_ascii_case("chunked") => framing = Framing::Chunked,
                "transfer-encoding" => return Err(HttpError::Malformed("an unknown transfer encoding")),
                // Chunks win over a length (RFC 9112, section 6.3).
                "content-length" if !matches!(framing, Framing::Chunked) => {
                    let length = value
                        .parse()
                        .map_err(|_| HttpError::Malformed("a length that is no number"))?;
                    framing = Framing::Length(length);
                }
                _ => {}
            }
        }
        if status == 204 {
            framing = Framing::Ended;
        }
        // 1xx answers come before the real one.
        if status >= 200 {
            return Ok((status, Body { stream, framing }));
        }
    }
}

/// A line without its end; `left` bounds all lines that are read with it.
async fn line(stream: &mut BufReader<TcpStream>, left: &mut usize) -> Result<String, HttpError> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(*left).unwrap_or(u64::MAX);
    let mut bounded = stream.take(limit);
    *left -= timeout(PATIENCE, bounded.read_until(b'\n', &mut bytes))
        .await
        .map_err(|_| HttpError::Silent)??;
    if bytes.pop() != Some(b'\n') {
        let reason = if *left == 0 {
            "the head is too long"
        } else {
            "it ends in the middle of a line"
        };
        return Err(HttpError::Malformed(reason));
    }
    if bytes.last() == Some(&b'\r') {
        bytes.pop();
    }
    String::from_utf8(bytes).map_err(|_| HttpError::Malformed("the head is not text"))
}

impl Body {
    /// The next bytes, as they come; none at the end.
    async fn piece(&mut self) -> Result<Option<Vec<u8>>, HttpError> {
        match self.framing {
            Framing::Ended | Framing::Length(0) => Ok(None),
            Framing::Length(left) => {
                let piece = self
                    .some(left)
                    .await?
                    .ok_or(HttpError::Malformed("it ends too early"))?;
                self.framing = Framing::Length(left - piece.len());
                Ok(Some(piece))
            }
            Framing::UntilClose => self.some(MAX_BODY).await,
            Framing::Chunked => self.chunk().await,
        }
    }

    async fn some(&mut self, most: usize) -> Result<Option<Vec<u8>>, HttpError> {
        let ready = timeout(PATIENCE, self.stream.fill_buf())
            .await
            .map_err(|_| HttpError::Silent)??;
        let piece = ready[..ready.len().min(most)].to_vec();
        self.stream.consume(piece.len());
        Ok(Some(piece).filter(|piece| !piece.is_empty()))
    }

    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, HttpError> {
        let mut left = MAX_HEAD;
        let size = line(&mut self.stream, &mut left).await?;
        let size = size.split(';').next().unwrap_or_default().trim();
        let size = usize::from_str_radix(size, 16).map_err(|_| HttpError::Malformed("a chunk without a size"))?;
        if size > MAX_BODY {
            return Err(HttpError::Malformed("a chunk is too long"));
        }
        if size == 0 {
            while !line(&mut self.stream, &mut left).await?.is_empty() {}
            self.framing = Framing::Ended;
            return Ok(None);
        }
        let mut piece = vec![0; size];
        timeout(PATIENCE, self.stream.read_exact(&mut piece))
            .await
            .map_err(|_| HttpError::Silent)??;
        if !line(&mut self.stream, &mut left).await?.is_empty() {
            return Err(HttpError::Malformed("a chunk is longer than it says"));
        }
        Ok(Some(piece))
    }

    async fn all(mut self) -> Result<Vec<u8>, HttpError> {
        let mut bytes = Vec::new();
        while let Some(piece) = self.piece().await? {
            if bytes.len() + piece.len() > MAX_BODY {
                return Err(HttpError::Malformed("the body is too long"));
            }
            bytes.extend_from_slice(&piece);
        }
        Ok(bytes)
    }
}

/// One event of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its kind; `message` when the server gives none.
    pub name: String,
    /// Its data.
    pub data: String,
}

/// A stream of server-sent events.
#[derive(Debug)]
pub struct Events {
    body: Body,
    pending: Vec<u8>,
}

impl Events {
    /// The next event; none at the end of the stream. Comments are passed over.
    pub async fn next(&mut self) -> Result<Option<Event>, HttpError> {
        let (mut name, mut data, mut any) = (String::new(), String::new(), false);
        while let Some(line) = self.line().await? {
            if line.is_empty() {
                if any {
                    let name = if name.is_empty() { "message".to_owned() } else { name };
                    return Ok(Some(Event { name, data }));
                }
                name.clear();
                continue;
            }
            let (field, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match field {
                "event" => value.clone_into(&mut name),
                "data" => {
                    if any {
                        data.push('\n');
                    }
                    data.push_str(value);
                    any = true;
                }
                _ => {}
            }
            if data.len() > MAX_EVENT {
                return Err(HttpError::Malformed("an event is too long"));
            }
        }
        Ok(None)
    }

    async fn line(&mut self) -> Result<Option<String>, HttpError> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.pending[searched..].iter().position(|b| *b == b'\n') {
                let mut line: Vec<u8> = self.pending.drain(..=searched + end).collect();
                line.pop();
                if line.last() == Some(&b'\r') {
                    line.pop();
                }
                return String::from_utf8(line)
                    .map(Some)
                    .map_err(|_| HttpError::Malformed("an event is not text"));
            }
            searched = self.pending.len();
            if searched > MAX_EVENT {
                return Err(HttpError::Malformed("an event is too long"));
            }
            match self.body.piece().await? {
                Some(piece) => self.pending.extend_from_slice(&piece),
                None => return Ok(None),
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests;
