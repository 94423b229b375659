//! A small HTTP/1.1 client. It hides nothing: a connection that ends in the middle of an answer is an error.

use std::io;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest wait for a whole answer, and for the next part of a stream.
const PATIENCE: Duration = Duration::from_secs(30);

/// One request.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// `GET`, `POST`.
    pub method: &'a str,
    /// `http://host:port`.
    pub base: &'a str,
    /// Path with its query.
    pub path: &'a str,
    /// Header names and values.
    pub headers: Vec<(&'a str, String)>,
    /// Body; empty sends none.
    pub body: Vec<u8>,
}

impl<'a> Call<'a> {
    /// A GET.
    pub fn get(base: &'a str, path: &'a str) -> Self {
        Self {
            method: "GET",
            base,
            path,
            headers: Vec::new(),
            body: Vec::new(),
        }
    }

    /// A POST of JSON.
    pub fn post(base: &'a str, path: &'a str, body: &Value) -> Self {
        let headers = vec![("content-type", "application/json".to_owned())];
        Self {
            method: "POST",
            base,
            path,
            headers,
            body: body.to_string().into_bytes(),
        }
    }

    /// With one more header.
    #[must_use]
    pub fn header(mut self, name: &'a str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    /// Sends it and reads the whole answer.
    pub async fn send(&self) -> io::Result<Answer> {
        timeout(PATIENCE, async {
            let mut stream = self.open().await?;
            let mut body = Vec::new();
            while let Some(part) = stream.part().await? {
                body.extend(part);
            }
            Ok(Answer {
                status: stream.status,
                headers: stream.headers,
                body,
            })
        })
        .await?
    }

    /// Sends it and reads the head of the answer; the body comes in parts.
    pub async fn open(&self) -> io::Result<Stream> {
        let host = self
            .base
            .strip_prefix("http://")
            .ok_or_else(|| odd("not an http address"))?;
        let mut socket = TcpStream::connect(host).await?;
        let mut head = format!(
            "{} {} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n",
            self.method, self.path
        );
        for (name, value) in &self.headers {
            head.extend([*name, ": ", value, "\r\n"]);
        }
        if self.method != "GET" {
            head.extend(["content-length: ", &self.body.len().to_string(), "\r\n"]);
        }
        head.push_str("\r\n");
        socket.write_all(head.as_bytes()).await?;
        // A server that refuses a large body may close before it has read all of it; its answer still counts.
        let _sent = socket.write_all(&self.body).await;
        Stream::read(BufReader::new(socket)).await
    }
}

/// A whole answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

impl Answer {
    /// The body as text.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body as JSON; null when it is not.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The first header of that name, in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        header(&self.headers, name)
    }
}

fn header<'a>(headers: &'a [(String, String)], name: &str) -> Option<&'a str> {
    headers.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str())
}

#[derive(Debug)]
enum Framing {
    Length(usize),
    Chunked,
    ToTheEnd,
    Done,
}

/// An answer whose body is still coming.
#[derive(Debug)]
pub struct Stream {
    /// Status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: Vec<(String, String)>,
    socket: BufReader<TcpStream>,
    framing: Framing,
    text: String,
}

/// A server-sent event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its name.
    pub name: String,
    /// Its data.
    pub data: String,
}

impl Stream {
    async fn read(mut socket: BufReader<TcpStream>) -> io::Result<Self> {
        let status = line(&mut socket).await?;
        let status = status
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .ok_or_else(|| odd("no status"))?;
        let mut headers = Vec::new();
        loop {
            let line = line(&mut socket).await?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let framing = if header(&headers, "transfer-encoding").is_some_and(|v| v.contains("chunked")) {
            Framing::Chunked
        } else if let Some(length) = header(&headers, "content-length").and_then(|v| v.parse().ok()) {
            Framing::Length(length)
        } else {
            Framing::ToTheEnd
        };
        Ok(Self {
            status,
            headers,
            socket,
            framing,
            text: String::new(),
        })
    }

    /// The next part of the body; none at its end.
    pub async fn part(&mut self) -> io::Result<Option<Vec<u8>>> {
        match self.framing {
            Framing::Done | Framing::Length(0) => Ok(None),
            Framing::Length(length) => {
                let mut body = vec![0; length];
                self.socket.read_exact(&mut body).await?;
                self.framing = Framing::Done;
                Ok(Some(body))
            }
            Framing::ToTheEnd => {
                let mut body = Vec::new();
                self.socket.read_to_end(&mut body).await?;
                self.framing = Framing::Done;
                Ok(Some(body))
            }
            Framing::Chunked => self.chunk().await,
        }
    }

    async fn chunk(&mut self) -> io::Result<Option<Vec<u8>>> {
        let size = line(&mut self.socket).await?;
        let size = usize::from_str_radix(size.trim(), 16).map_err(|_| odd("no chunk size"))?;
        let mut body = vec![0; size + 2];
        self.socket.read_exact(&mut body).await?;
        body.truncate(size);
        if size == 0 {
            self.framing = Framing::Done;
            return Ok(None);
        }
        Ok(Some(body))
    }

    /// The next server-sent event; none at the end. Comments are skipped.
    pub async fn event(&mut self) -> io::Result<Option<Event>> {
        loop {
            if let Some(end) = self.text.find("\n\n") {
                let block: String = self.text.drain(..end + 2).collect();
                let field = |name: &str| -> Vec<&str> {
                    block
                        .lines()
                        .filter_map(|l| l.strip_prefix(name)?.strip_prefix(':'))
                        .map(str::trim_start)
                        .collect()
                };
                let (names, data) = (field("event"), field("data"));
                if names.is_empty() && data.is_empty() {
                    continue;
                }
                return Ok(Some(Event {
                    name: names.concat(),
                    data: data.join("\n"),
                }));
            }
            match timeout(PATIENCE, self.part()).await?? {
                Some(part) => self.text.push_str(&String::from_utf8_lossy(&part)),
                None => return Ok(None),
            }
        }
    }
}

async fn line(socket: &mut BufReader<TcpStream>) -> io::Result<String> {
    let mut text = String::new();
    if socket.read_line(&mut text).await? == 0 {
        return Err(io::ErrorKind::UnexpectedEof.into());
    }
    Ok(text.trim_end().to_owned())
}

fn odd(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what)
}
