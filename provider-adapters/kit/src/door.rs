//! A small HTTP/1.1 server that can fail in every way: lenders' callbacks arrive at it, and counterparties of adapters stand
//! behind it. It speaks to one message a connection and closes it; that is all the kit needs.

mod fault;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use http::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

pub use fault::{Fault, FaultLine};

/// Bytes of a request's head and of its body.
const MAX_HEAD: usize = 64 * 1024;
const MAX_BODY: usize = 16 * 1024 * 1024;

/// A request as it came.
#[derive(Clone)]
pub struct Heard {
    /// Method.
    pub method: String,
    /// Path and query, as sent.
    pub path: String,
    /// Headers, lower case.
    pub headers: HeaderMap,
    /// Body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for Heard {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Heard({} {} bytes)", self.method, self.body.len())
    }
}

/// An answer.
#[derive(Clone, Debug, Default)]
pub struct Said {
    /// Status.
    pub status: u16,
    /// Names, lower case, and values.
    pub headers: Vec<(String, String)>,
    /// Body.
    pub body: Vec<u8>,
}

/// What stands behind a door.
#[async_trait]
pub trait Counterparty: Send + Sync {
    /// Answers; none: never.
    async fn answer(&self, heard: &Heard) -> Option<Said>;
}

/// A listener that has its address already: what stands behind it may need to know it.
#[derive(Debug)]
pub struct Door {
    listener: TcpListener,
    address: SocketAddr,
}

/// A door with somebody behind it; it closes when this is dropped.
#[derive(Debug)]
pub struct OpenDoor {
    address: SocketAddr,
    faults: Arc<FaultLine>,
    _task: JoinSet<()>,
}

impl Door {
    /// Takes an address; port 0 takes any.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        Ok(Self { listener, address })
    }

    /// Takes any port of this machine.
    pub async fn local() -> io::Result<Self> {
        Self::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await
    }

    /// Host and port: the `@authority` of signatures.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// The base address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Opens.
    pub fn open(self, behind: Arc<dyn Counterparty>) -> OpenDoor {
        let faults = Arc::new(FaultLine::default());
        let mut task = JoinSet::new();
        task.spawn(serve(self.listener, behind, Arc::clone(&faults)));
        OpenDoor {
            address: self.address,
            faults,
            _task: task,
        }
    }
}

impl OpenDoor {
    /// The base address.
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Host and port.
    pub fn authority(&self) -> String {
        self.address.to_string()
    }

    /// What goes wrong here.
    pub fn faults(&self) -> &Arc<FaultLine> {
        &self.faults
    }
}

async fn serve(listener: TcpListener, behind: Arc<dyn Counterparty>, faults: Arc<FaultLine>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((stream, _)) = accepted else { continue };
                let (behind, faults) = (Arc::clone(&behind), Arc::clone(&faults));
                connections.spawn(async move {
                    // A connection that breaks is the other side's business.
                    let _broken = converse(stream, behind.as_ref(), &faults).await;
                });
            }
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn converse(mut stream: TcpStream, behind: &dyn Counterparty, faults: &FaultLine) -> io::Result<()> {
    let Some(heard) = read(&mut stream).await? else {
        return Ok(());
    };
    let fault = faults.next();
    fault::answer(&mut stream, behind, &heard, (fault.as_ref(), faults)).await
}

/// Reads one request; none when it is none.
async fn read(stream: &mut TcpStream) -> io::Result<Option<Heard>> {
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = bytes.windows(4).position(|w| w == b"\r\n\r\n") {
            break end;
        }
        if bytes.len() > MAX_HEAD || stream.read_buf(&mut bytes).await? == 0 {
            return Ok(None);
        }
    };
    let mut rest = bytes.split_off(end + 4);
    let head = String::from_utf8_lossy(&bytes).into_owned();
    let mut lines = head.split("\r\n");
    let mut first = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (first.next().unwrap_or_default(), first.next().unwrap_or_default());
    let mut headers = HeaderMap::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let Some((name, value)) = line.split_once(':') else {
            return Ok(None);
        };
        let name = HeaderName::from_bytes(name.trim().as_bytes());
        let (Ok(name), Ok(value)) = (name, HeaderValue::from_str(value.trim())) else {
            return Ok(None);
        };
        headers.append(name, value);
    }
    let says = |name: &str| headers.get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if says("expect").eq_ignore_ascii_case("100-continue") {
        stream.write_all(b"HTTP/1.1 100 Continue\r\n\r\n").await?;
    }
    let body = if says("transfer-encoding").eq_ignore_ascii_case("chunked") {
        chunked(stream, &mut rest).await?
    } else {
        let length = says("content-length").parse().unwrap_or(0);
        exactly(stream, &mut rest, length).await?
    };
    let (method, path) = (method.to_owned(), path.to_owned());
    Ok(body.map(|body| Heard {
        method,
        path,
        headers,
        body,
    }))
}

/// Takes `length` bytes; none when they do not come or are too many.
async fn exactly(stream: &mut TcpStream, rest: &mut Vec<u8>, length: usize) -> io::Result<Option<Vec<u8>>> {
    if length > MAX_BODY {
        return Ok(None);
    }
    while rest.len() < length {
        if stream.read_buf(rest).await? == 0 {
            return Ok(None);
        }
    }
    let after = rest.split_off(length);
    Ok(Some(std::mem::replace(rest, after)))
}

async fn chunked(stream: &mut TcpStream, rest: &mut Vec<u8>) -> io::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    loop {
        let end = loop {
            if let Some(end) = rest.windows(2).position(|w| w == b"\r\n") {
                break end;
            }
            if rest.len() > MAX_HEAD || stream.read_buf(rest).await? == 0 {
                return Ok(None);
            }
        };
        let line: Vec<u8> = rest.drain(..end + 2).collect();
        let text = String::from_utf8_lossy(&line).into_owned();
        let Ok(size) = usize::from_str_radix(text.trim().split(';').next().unwrap_or_default(), 16) else {
            return Ok(None);
        };
        if body.len() + size > MAX_BODY {
            return Ok(None);
        }
        let Some(chunk) = exactly(stream, rest, size + 2).await? else {
            return Ok(None);
        };
        if size == 0 {
            return Ok(Some(body));
        }
        body.extend_from_slice(&chunk[..size]);
    }
}
