//! A Redis server of a test's own, on a free loopback port; it ends with the value.

use std::io::{BufRead, BufReader};
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};

/// A running `redis-server` that writes nothing to disk.
#[derive(Debug)]
pub struct RedisServer {
    child: Child,
    port: u16,
    folder: tempfile::TempDir,
}

impl RedisServer {
    /// Starts one. None, said aloud, when there is no `redis-server` on this machine; with `CI=true` that is a failure.
    ///
    /// # Panics
    /// When a server that is there does not start, or when there is none and `CI=true`.
    pub fn start() -> Option<Self> {
        let folder = tempfile::tempdir().expect("a folder for redis-server");
        // Another process may take the port between the two binds: a few tries.
        for _ in 0..10 {
            let free = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
            let port = free.expect("a free port").port();
            match run(port, &folder) {
                Ok(Some(child)) => return Some(Self { child, port, folder }),
                Ok(None) => {}
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                    assert_ne!(
                        std::env::var("CI").as_deref(),
                        Ok("true"),
                        "redis-server is missing: apt-get install redis-server"
                    );
                    eprintln!("SKIPPED: redis-server is missing, so nothing was tested against Redis");
                    return None;
                }
                Err(error) => panic!("redis-server does not start: {error}"),
            }
        }
        panic!("redis-server does not start");
    }

    /// Its address.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends it at once, as a crash does.
    pub fn kill(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Starts it anew, empty, on the same port.
    ///
    /// # Panics
    /// When it does not start.
    pub fn restart(&mut self) {
        self.kill();
        let child = run(self.port, &self.folder).expect("redis-server");
        self.child = child.expect("redis-server takes its port again");
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A server that is ready; none when it ended, because the port was taken.
fn run(port: u16, folder: &tempfile::TempDir) -> std::io::Result<Option<Child>> {
    let mut child = Command::new("redis-server")
        .args([
            "--bind",
            "127.0.0.1",
            "--port",
            &port.to_string(),
            "--save",
            "",
            "--appendonly",
            "no",
        ])
        .arg("--dir")
        .arg(folder.path())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().map(BufReader::new);
    let mut lines = output.into_iter().flat_map(BufRead::lines);
    if lines.any(|line| line.is_ok_and(|line| line.contains("Ready to accept connections"))) {
        // Nobody reads on: it says little and the pipe is large.
        return Ok(Some(child));
    }
    child.wait()?;
    Ok(None)
}
