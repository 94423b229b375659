//! What a Redis server holds, to be searched.

use std::io::{BufRead, BufReader, Error, Result, Write};
use std::net::TcpStream;
use std::path::Path;

use crate::redis_server::RedisServer;

/// Everything that a server holds, as the bytes of an uncompressed snapshot.
pub fn dump(server: &RedisServer) -> Result<Vec<u8>> {
    let url = server.url();
    let mut socket = TcpStream::connect(url.trim_start_matches("redis://"))?;
    let mut answers = BufReader::new(socket.try_clone()?);
    let mut line = || -> Result<String> {
        let mut answer = String::new();
        answers.read_line(&mut answer)?;
        Ok(answer.trim_end().to_owned())
    };
    for command in ["CONFIG SET rdbcompression no\r\n", "SAVE\r\n"] {
        socket.write_all(command.as_bytes())?;
        let answer = line()?;
        if !answer.starts_with("+OK") {
            return Err(Error::other(answer));
        }
    }
    // Two strings, each after its length: `dir` and the folder.
    socket.write_all(b"CONFIG GET dir\r\n")?;
    for _ in 0..4 {
        line()?;
    }
    std::fs::read(Path::new(&line()?).join("dump.rdb"))
}
