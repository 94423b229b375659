//! As much of PostgreSQL's protocol (version 3) as starting it takes: is it ready, and one statement at a time over the
//! private socket, where no password is asked.

use std::io::{Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use super::PostgresError;

/// Version 3.0 of the protocol.
const PROTOCOL: u32 = 196_608;
/// SQLSTATE of a server that is still starting, stopping, or recovering.
const CANNOT_CONNECT_NOW: &str = "57P03";
/// A longer message is not from the statements that we send.
const MAX_MESSAGE: usize = 1 << 20;
const PATIENCE: Duration = Duration::from_secs(20);

/// What a server says to a newcomer.
#[derive(Debug, PartialEq, Eq)]
pub enum Greeting {
    /// It takes sessions; it may want a password.
    Ready,
    /// Not yet.
    Starting,
}

/// Whether a PostgreSQL answers at that address, for people who look for faults.
pub fn answers(host: &str, port: u16, patience: Duration) -> std::io::Result<()> {
    let address = (host, port)
        .to_socket_addrs()?
        .next()
        .ok_or(std::io::ErrorKind::AddrNotAvailable)?;
    let mut stream = TcpStream::connect_timeout(&address, patience)?;
    stream.set_read_timeout(Some(patience))?;
    stream.set_write_timeout(Some(patience))?;
    match greet(&mut stream)? {
        Greeting::Ready => Ok(()),
        Greeting::Starting => Err(std::io::Error::other("the server is starting or stopping")),
    }
}

/// Greets the server at that socket.
pub fn greet_socket(socket: &Path) -> std::io::Result<Greeting> {
    greet(&mut open(socket)?)
}

fn open(socket: &Path) -> std::io::Result<UnixStream> {
    let stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn greet(stream: &mut (impl Read + Write)) -> std::io::Result<Greeting> {
    stream.write_all(&startup(super::ROLE, "postgres"))?;
    let (kind, body) = message(stream)?;
    match kind {
        b'E' if field(&body, b'C') == CANNOT_CONNECT_NOW => Ok(Greeting::Starting),
        // A refusal, such as an unknown role, comes of a server that is up.
        b'R' | b'E' => Ok(Greeting::Ready),
        _ => Err(std::io::Error::other("this is not PostgreSQL")),
    }
}

/// Runs one statement in the database `postgres`.
pub fn query(socket: &Path, sql: &str) -> Result<(), PostgresError> {
    let io = PostgresError::io("talk to", socket);
    let mut stream = open(socket).map_err(&io)?;
    stream.write_all(&startup(super::ROLE, "postgres")).map_err(&io)?;
    until_ready(&mut stream, socket)?;
    stream
        .write_all(&framed(b'Q', &[sql.as_bytes(), b"\0"].concat()))
        .map_err(&io)?;
    until_ready(&mut stream, socket)?;
    // A polite end; the answer is complete already.
    let _gone = stream.write_all(&framed(b'X', &[]));
    Ok(())
}

fn until_ready(stream: &mut UnixStream, socket: &Path) -> Result<(), PostgresError> {
    loop {
        let (kind, body) = message(stream).map_err(PostgresError::io("talk to", socket))?;
        match kind {
            b'Z' => return Ok(()),
            b'E' => return Err(PostgresError::Refused(field(&body, b'M').to_owned())),
            b'R' if body != [0, 0, 0, 0] => {
                return Err(PostgresError::Refused(
                    "it asks for a password on its private socket".to_owned(),
                ));
            }
            _ => {}
        }
    }
}

fn startup(user: &str, database: &str) -> Vec<u8> {
    let mut body = PROTOCOL.to_be_bytes().to_vec();
    for text in ["user", user, "database", database, ""] {
        body.extend_from_slice(text.as_bytes());
        body.push(0);
    }
    [&length(&body), body.as_slice()].concat()
}

fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind], length(body).as_slice(), body].concat()
}

fn length(body: &[u8]) -> [u8; 4] {
    u32::try_from(body.len() + 4).unwrap_or(u32::MAX).to_be_bytes()
}

fn message(stream: &mut impl Read) -> std::io::Result<(u8, Vec<u8>)> {
    let mut head = [0; 5];
    stream.read_exact(&mut head)?;
    let [kind, a, b, c, d] = head;
    let size = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
    if !(4..=MAX_MESSAGE).contains(&size) {
        return Err(std::io::Error::other("this is not PostgreSQL"));
    }
    let mut body = vec![0; size - 4];
    stream.read_exact(&mut body)?;
    Ok((kind, body))
}

/// One field of an error message.
fn field(body: &[u8], wanted: u8) -> &str {
    let found = body.split(|byte| *byte == 0).find(|part| part.first() == Some(&wanted));
    found
        .and_then(|part| std::str::from_utf8(&part[1..]).ok())
        .unwrap_or_default()
}
