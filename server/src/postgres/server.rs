//! The cluster in its folder and the process that serves it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::Rng;

use super::account::{Account, name_of, reachable_home};
use super::binaries::{self, Binaries};
use super::wire::{self, Greeting};
use super::{PostgresError, PostgresOptions, ROLE};

/// Longest socket folder; the system allows 103 bytes with the socket's name in it.
const MAX_SOCKET_DIR: usize = 85;
/// How long to wait between two looks at a starting server.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// How often another free port is tried.
const PORT_TRIES: u32 = 5;
/// A longer log is started anew.
const MAX_LOG_BYTES: u64 = 8 * 1024 * 1024;
const TAIL_LINES: usize = 12;

/// How to reach the server.
#[derive(Clone)]
pub struct Access {
    sockets: PathBuf,
    port: u16,
    password: String,
}

impl std::fmt::Debug for Access {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Access")
            .field("sockets", &self.sockets)
            .field("port", &self.port)
            .finish_non_exhaustive()
    }
}

impl Access {
    fn socket(&self) -> PathBuf {
        self.sockets.join(format!(".s.PGSQL.{}", self.port))
    }

    /// Over the socket.
    pub fn url(&self, database: &str) -> String {
        format!("{}?host={}", self.tcp_url(database), escaped(&self.sockets))
    }

    /// Over loopback.
    pub fn tcp_url(&self, database: &str) -> String {
        format!("postgres://{ROLE}:{}@127.0.0.1:{}/{database}", self.password, self.port)
    }

    /// Runs one statement.
    pub fn query(&self, sql: &str) -> Result<(), PostgresError> {
        wire::query(&self.socket(), sql)
    }
}

/// A path as part of a query string.
fn escaped(path: &Path) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~".contains(&byte);
    let bytes = path.as_os_str().as_encoded_bytes().iter();
    bytes
        .map(|b| {
            if plain(*b) {
                char::from(*b).to_string()
            } else {
                format!("%{b:02X}")
            }
        })
        .collect()
}

/// The folder and what runs it.
#[derive(Debug)]
struct Cluster {
    home: PathBuf,
    data: PathBuf,
    account: Account,
    binaries: Binaries,
    timeout: Duration,
    /// Held as long as we own the folder.
    lock: File,
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    cluster: Cluster,
    access: Access,
    child: Child,
    new: bool,
    stopped: bool,
}

impl Server {
    /// Starts it; the first time makes the cluster.
    pub fn start(options: &PostgresOptions) -> Result<Self, PostgresError> {
        let (home, euid) = reachable_home(&options.data_dir)?;
        let lock = lock(&home)?;
        let data = home.join("cluster");
        let account = Account::choose(euid, &data);
        let made_by = fs::read_to_string(data.join("PG_VERSION")).ok();
        let binaries = binaries::choose(account, &home, made_by.as_deref().map(str::trim))?;
        let cluster = Cluster {
            home,
            data,
            account,
            binaries,
            timeout: options.timeout,
            lock,
        };
        let new = made_by.is_none();
        let password = if new {
            cluster.make(options.fsync)?
        } else {
            cluster.password()?
        };
        if !new {
            cluster.stop_orphan()?;
        }
        let sockets = cluster.socket_dir()?;
        let (child, port) = cluster.launch(&sockets, options)?;
        let access = Access {
            sockets,
            port,
            password,
        };
        let mut server = Self {
            cluster,
            access,
            child,
            new,
            stopped: false,
        };
        server.await_ready()?;
        Ok(server)
    }

    /// Made by this start.
    pub fn is_new(&self) -> bool {
        self.new
    }

    /// How to reach it.
    pub fn access(&self) -> Access {
        self.access.clone()
    }

    /// Over the socket.
    pub fn url(&self, database: &str) -> String {
        self.access.url(database)
    }

    /// Over loopback.
    pub fn tcp_url(&self, database: &str) -> String {
        self.access.tcp_url(database)
    }

    /// Runs one statement.
    pub fn query(&self, sql: &str) -> Result<(), PostgresError> {
        self.access.query(sql)
    }

    /// For people.
    pub fn origin(&self) -> String {
        let (version, home) = (&self.cluster.binaries.version, self.cluster.home.display());
        format!("PostgreSQL {version} on 127.0.0.1:{} in {home}", self.access.port)
    }

    /// Of the postmaster.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Stops it cleanly, once.
    pub fn stop(&mut self) -> Result<(), PostgresError> {
        if !self.stopped {
            self.cluster.pg_ctl_stop("fast")?;
            self.child
                .wait()
                .map_err(PostgresError::io("wait for", &self.cluster.data))?;
            self.stopped = true;
            self.cluster
                .lock
                .unlock()
                .map_err(PostgresError::io("unlock", &self.cluster.home))?;
        }
        Ok(())
    }

    #[cfg(test)]
    pub fn data(&self) -> &Path {
        &self.cluster.data
    }

    /// Gives the folder up without a stop, as a killed owner does.
    #[cfg(test)]
    pub fn forget(&mut self) {
        self.stopped = true;
        self.cluster.lock.unlock().unwrap();
    }

    #[cfg(test)]
    pub fn reap(&mut self) {
        self.child.wait().unwrap();
    }

    fn await_ready(&mut self) -> Result<(), PostgresError> {
        let deadline = Instant::now() + self.cluster.timeout;
        let socket = self.access.socket();
        loop {
            if let Ok(Some(status)) = self.child.try_wait() {
                self.stopped = true;
                return Err(self.cluster.not_ready(format!("ended with {status}")));
            }
            if matches!(wire::greet_socket(&socket), Ok(Greeting::Ready)) {
                return Ok(());
            }
            if Instant::now() >= deadline {
                let seconds = self.cluster.timeout.as_secs();
                return Err(self
                    .cluster
                    .not_ready(format!("was not ready within {seconds} s; is the disk very slow?")));
            }
            std::thread::sleep(LOOK_EVERY);
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if self.stopped {
            return;
        }
        // Nobody can be told of a failure here; PostgreSQL recovers from any end.
        if self.cluster.pg_ctl_stop("immediate").is_err() {
            let _gone = self.child.kill();
        }
        let _gone = self.child.wait();
    }
}

impl Cluster {
    /// Makes the cluster beside its place and moves it there whole, so that a half-made one is never used.
    fn make(&self, fsync: bool) -> Result<String, PostgresError> {
        let half = self.home.join("cluster.new");
        if half.exists() {
            fs::remove_dir_all(&half).map_err(PostgresError::io("remove", &half))?;
        }
        self.account.private_dir(&half)?;
        let password = hex(rand::rng().random::<[u8; 24]>());
        let file = self.home.join("password");
        if file.exists() {
            fs::remove_file(&file).map_err(PostgresError::io("remove", &file))?;
        }
        let mut secret = OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&file)
            .map_err(PostgresError::io("create", &file))?;
        secret
            .write_all(password.as_bytes())
            .map_err(PostgresError::io("write", &file))?;
        self.account.give(&file)?;
        let mut initdb = self.account.command(&self.binaries.folder.join("initdb"));
        initdb.args(["--username", ROLE, "--encoding=UTF8", "--locale=C"]);
        // The socket's folder is private to the account; the network is not.
        initdb.args(["--auth-local=trust", "--auth-host=scram-sha-256"]);
        initdb.arg("--pwfile").arg(&file).arg("--pgdata").arg(&half);
        if !fsync {
            initdb.arg("--no-sync");
        }
        run("initdb", &mut initdb)?;
        fs::rename(&half, &self.data).map_err(PostgresError::io("rename", &half))?;
        Ok(password)
    }

    fn password(&self) -> Result<String, PostgresError> {
        let file = self.home.join("password");
        match fs::read_to_string(&file) {
            Ok(text) if !text.trim().is_empty() => Ok(text.trim().to_owned()),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(PostgresError::io("read", &file)(error)),
            _ => Err(PostgresError::PasswordLost { file }),
        }
    }

    /// We own the folder, so a postmaster of it has lost its owner.
    fn stop_orphan(&self) -> Result<(), PostgresError> {
        let file = self.data.join("postmaster.pid");
        let Ok(text) = fs::read_to_string(&file) else {
            return Ok(());
        };
        let pid = text.lines().next().and_then(|line| line.trim().parse::<u32>().ok());
        match pid.and_then(command_line) {
            Some(line) if line.contains("postgres") && line.contains(&*self.data.to_string_lossy()) => {
                self.pg_ctl_stop("fast")
            }
            // Its process is gone, or its number belongs to another process by now, which would keep PostgreSQL from
            // starting.
            _ => fs::remove_file(&file).map_err(PostgresError::io("remove", &file)),
        }
    }

    fn pg_ctl_stop(&self, mode: &str) -> Result<(), PostgresError> {
        let mut stop = self.account.command(&self.binaries.folder.join("pg_ctl"));
        stop.args([
            "stop",
            "--silent",
            "--wait",
            "--mode",
            mode,
            "--timeout",
            &self.timeout.as_secs().to_string(),
        ]);
        run("pg_ctl stop", stop.arg("--pgdata").arg(&self.data))
    }

    /// In our folder, or, where that path is too long for a socket, in the folder of temporary files.
    fn socket_dir(&self) -> Result<PathBuf, PostgresError> {
        let own = self.home.join("run");
        let dir = if own.as_os_str().len() <= MAX_SOCKET_DIR {
            own
        } else {
            let temporary = std::env::temp_dir().join(format!("usance-{}", name_of(&self.home)));
            let fits = temporary.as_os_str().len() <= MAX_SOCKET_DIR && self.account.reaches(&std::env::temp_dir());
            if fits {
                temporary
            } else {
                Path::new("/tmp").join(format!("usance-{}", name_of(&self.home)))
            }
        };
        self.account.private_dir(&dir)?;
        Ok(dir)
    }

    /// Starts the process; twice when what ended it passes by itself.
    fn launch(&self, sockets: &Path, options: &PostgresOptions) -> Result<(Child, u16), PostgresError> {
        let deadline = Instant::now() + self.timeout;
        let mut tries = 0;
        loop {
            tries += 1;
            let port = options.port.map_or_else(free_port, Ok)?;
            let log_start = fs::metadata(self.log()).map_or(0, |meta| meta.len());
            let mut child = self.spawn(sockets, port, options.fsync)?;
            let socket = sockets.join(format!(".s.PGSQL.{port}"));
            let mut ended = false;
            while !ended && !socket.exists() && Instant::now() < deadline {
                std::thread::sleep(LOOK_EVERY);
                ended = !matches!(child.try_wait(), Ok(None));
            }
            let said = if ended { self.log_from(log_start) } else { String::new() };
            // Another process may take a free port before PostgreSQL does.
            let port_lost = options.port.is_none() && tries < PORT_TRIES && said.contains("Address already in use");
            // Sessions of a killed postmaster end a moment later.
            let memory_held = said.contains("shared memory block") && Instant::now() < deadline;
            if !port_lost && !memory_held {
                return Ok((child, port));
            }
        }
    }

    fn spawn(&self, sockets: &Path, port: u16, fsync: bool) -> Result<Child, PostgresError> {
        let log = self.log();
        let too_long = fs::metadata(&log).is_ok_and(|meta| meta.len() > MAX_LOG_BYTES);
        let open = OpenOptions::new()
            .create(true)
            .append(!too_long)
            .write(true)
            .truncate(too_long)
            .open(&log);
        let out = open.map_err(PostgresError::io("open", &log))?;
        let mut postgres = self.account.command(&self.binaries.folder.join("postgres"));
        let settings = [
            format!("port={port}"),
            "listen_addresses=127.0.0.1".to_owned(),
            format!("unix_socket_directories={}", sockets.display()),
            "max_connections=100".to_owned(),
            "shared_buffers=128MB".to_owned(),
            "timezone=UTC".to_owned(),
            // Rows and statements hold personal data; the log does not.
            "log_error_verbosity=terse".to_owned(),
            "log_min_error_statement=panic".to_owned(),
        ];
        // A killed process still loses nothing: what is committed has reached the system.
        let unsafe_settings = ["fsync=off", "full_page_writes=off"];
        let settings = settings.iter().map(String::as_str);
        for setting in settings.chain(unsafe_settings.into_iter().filter(|_| !fsync)) {
            postgres.args(["-c", setting]);
        }
        postgres
            .arg("-D")
            .arg(&self.data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(out);
        // In a group of its own, a Ctrl-C reaches us alone and we stop it when we are done.
        postgres.process_group(0);
        postgres
            .spawn()
            .map_err(PostgresError::io("start", &self.binaries.folder))
    }

    fn log(&self) -> PathBuf {
        self.home.join("postgres.log")
    }

    /// What the log holds from that byte on, its last 8 KiB at most.
    fn log_from(&self, start: u64) -> String {
        let read = || -> std::io::Result<String> {
            let mut file = File::open(self.log())?;
            let size = file.metadata()?.len();
            file.seek(SeekFrom::Start(start.max(size.saturating_sub(8_192))))?;
            let mut bytes = Vec::new();
            file.take(8_192).read_to_end(&mut bytes)?;
            Ok(String::from_utf8_lossy(&bytes).into_owned())
        };
        read().unwrap_or_default()
    }

    fn not_ready(&self, what: String) -> PostgresError {
        PostgresError::NotReady {
            what,
            log: self.log(),
            tail: last_lines(&self.log_from(0)),
        }
    }
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(TAIL_LINES)..].join("\n")
}

fn lock(home: &Path) -> Result<File, PostgresError> {
    let path = home.join("lock");
    let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
    let file = file.map_err(PostgresError::io("open", &path))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(PostgresError::InUse {
            folder: home.to_owned(),
        }),
        Err(TryLockError::Error(error)) => Err(PostgresError::io("lock", &path)(error)),
    }
}

fn free_port() -> Result<u16, PostgresError> {
    let bound = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).and_then(|listener| listener.local_addr());
    bound
        .map(|address| address.port())
        .map_err(PostgresError::io("find a free port on", Path::new("127.0.0.1")))
}

/// How a live process was called.
fn command_line(pid: u32) -> Option<String> {
    if let Ok(bytes) = fs::read(format!("/proc/{pid}/cmdline")) {
        return Some(String::from_utf8_lossy(&bytes).replace('\0', " ")).filter(|line| !line.is_empty());
    }
    let output = Command::new("ps")
        .args(["-ww", "-o", "command=", "-p", &pid.to_string()])
        .output()
        .ok()?;
    let line = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    (output.status.success() && !line.is_empty()).then_some(line)
}

fn run(tool: &'static str, command: &mut Command) -> Result<(), PostgresError> {
    let program = PathBuf::from(command.get_program());
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(PostgresError::io("run", &program))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr]
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
        .concat();
    Err(PostgresError::Tool {
        tool,
        output: last_lines(said.trim()),
    })
}

fn hex(bytes: [u8; 24]) -> String {
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or('0');
    bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)])
        .collect()
}
