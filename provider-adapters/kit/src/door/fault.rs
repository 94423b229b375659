//! How an answer goes wrong.

use std::fmt::Write as _;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Counterparty, Heard, Said};

/// One way to fail.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fault {
    /// The counterparty does not work; this is answered instead.
    Answer {
        /// Status.
        status: u16,
        /// Names and values.
        #[serde(default)]
        headers: Vec<(String, String)>,
        /// What stands in the body.
        #[serde(default)]
        body: String,
    },
    /// As `answer` with 200, but the body is `start`, then `end`, each so many times.
    Repeated {
        /// First half.
        start: String,
        /// Second half.
        #[serde(default)]
        end: String,
        /// How many times.
        times: usize,
    },
    /// The counterparty does its work, and the answer never comes.
    Silence,
    /// The counterparty does its work, and the connection is reset before the answer.
    Reset,
    /// The counterparty does its work, and the connection is reset in the middle of the body.
    ResetInBody,
    /// The counterparty does its work, and the answer ends before its length says so.
    CutOff,
    /// The counterparty does its work, and the answer comes a byte at a time.
    Drip {
        /// Milliseconds between two bytes.
        every_ms: u64,
    },
    /// The counterparty does its work, and its answer comes twice on the connection.
    Twice,
    /// The counterparty does its work, and its answer has another content type.
    ContentType {
        /// Which.
        is: String,
    },
    /// The counterparty does its work, and its answer has another body.
    Body {
        /// What stands in it.
        is: String,
    },
}

/// The fault that is on, and how many calls came since.
#[derive(Debug, Default)]
pub struct FaultLine(Mutex<Line>);

#[derive(Debug, Default)]
struct Line {
    fault: Option<Fault>,
    /// Calls that go well before the fault.
    skip: usize,
    left: usize,
    calls: usize,
    said: Vec<Vec<u8>>,
}

/// Answers that are remembered.
const MOST_SAID: usize = 64;

impl FaultLine {
    /// Turns a fault on for that many calls, and counts calls from zero.
    pub fn arm(&self, fault: Option<Fault>, times: usize) {
        *self.lock() = Line {
            fault,
            left: times,
            ..Line::default()
        };
    }

    /// Turns a fault on for one call, after that many, and counts calls from zero.
    pub fn arm_at(&self, fault: Fault, skip: usize) {
        *self.lock() = Line {
            fault: Some(fault),
            skip,
            left: 1,
            ..Line::default()
        };
    }

    /// Calls since the line was armed.
    pub fn calls(&self) -> usize {
        self.lock().calls
    }

    /// The bodies that the counterparty answered since the line was armed, in order: the first 64.
    pub fn said(&self) -> Vec<Vec<u8>> {
        self.lock().said.clone()
    }

    fn remember(&self, said: &Said) {
        let mut line = self.lock();
        if line.said.len() < MOST_SAID {
            line.said.push(said.body.clone());
        }
    }

    pub(super) fn next(&self) -> Option<Fault> {
        let mut line = self.lock();
        line.calls += 1;
        if line.skip > 0 {
            line.skip -= 1;
            return None;
        }
        if line.left == 0 {
            return None;
        }
        line.left -= 1;
        line.fault.clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Line> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

pub(super) async fn answer(
    stream: &mut TcpStream,
    behind: &dyn Counterparty,
    heard: &Heard,
    (fault, line): (Option<&Fault>, &FaultLine),
) -> io::Result<()> {
    let instead = match fault {
        Some(Fault::Answer { status, headers, body }) => Some(Said {
            status: *status,
            headers: headers.clone(),
            body: body.clone().into_bytes(),
        }),
        Some(Fault::Repeated { start, end, times }) => Some(Said {
            status: 200,
            headers: vec![("content-type".into(), "application/json".into())],
            body: [start.repeat(*times), end.repeat(*times)].concat().into_bytes(),
        }),
        _ => None,
    };
    let said = match instead {
        Some(said) => Some(said),
        None => behind.answer(heard).await.inspect(|said| line.remember(said)),
    };
    match (said, fault) {
        (None, _) | (_, Some(Fault::Silence)) => hold(stream).await,
        (_, Some(Fault::Reset)) => reset(stream),
        (Some(said), Some(Fault::ResetInBody)) => {
            let bytes = bytes(&said);
            stream
                .write_all(&bytes[..bytes.len() - said.body.len().div_ceil(2)])
                .await?;
            stream.flush().await?;
            reset(stream)
        }
        (Some(said), Some(Fault::CutOff)) => {
            let bytes = bytes(&said);
            stream
                .write_all(&bytes[..bytes.len() - said.body.len().div_ceil(2)])
                .await?;
            stream.shutdown().await
        }
        (Some(said), Some(Fault::Drip { every_ms })) => {
            for byte in bytes(&said) {
                stream.write_all(&[byte]).await?;
                stream.flush().await?;
                tokio::time::sleep(Duration::from_millis(*every_ms)).await;
            }
            finish(stream).await
        }
        (Some(said), Some(Fault::Twice)) => {
            let once = bytes(&said);
            stream.write_all(&[once.as_slice(), &once].concat()).await?;
            finish(stream).await
        }
        (Some(mut said), Some(Fault::ContentType { is })) => {
            said.headers.retain(|(name, _)| name != "content-type");
            said.headers.push(("content-type".into(), is.clone()));
            stream.write_all(&bytes(&said)).await?;
            finish(stream).await
        }
        (Some(mut said), Some(Fault::Body { is })) => {
            said.body = is.clone().into_bytes();
            stream.write_all(&bytes(&said)).await?;
            finish(stream).await
        }
        (Some(said), _) => {
            stream.write_all(&bytes(&said)).await?;
            finish(stream).await
        }
    }
}

/// Keeps the connection until the other side gives it up.
async fn hold(stream: &mut TcpStream) -> io::Result<()> {
    let mut sink = [0; 256];
    while stream.read(&mut sink).await? > 0 {}
    Ok(())
}

/// Ends our side, and waits for theirs: closing at once could lose what was sent.
async fn finish(stream: &mut TcpStream) -> io::Result<()> {
    stream.shutdown().await?;
    hold(stream).await
}

/// The next drop sends RST instead of FIN.
fn reset(stream: &TcpStream) -> io::Result<()> {
    stream.set_zero_linger()
}

fn bytes(said: &Said) -> Vec<u8> {
    let mut head = format!("HTTP/1.1 {} Kit\r\nconnection: close\r\n", said.status);
    for (name, value) in &said.headers {
        let _infallible = write!(head, "{name}: {value}\r\n");
    }
    let _infallible = write!(head, "content-length: {}\r\n\r\n", said.body.len());
    [head.as_bytes(), &said.body].concat()
}
