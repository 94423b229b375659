//! One marketplace for one test: own database, own chains, sandbox lenders, and the real binary as a child process.

use std::collections::HashMap;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use chain::deploy::{Addresses, Deployer};
use chain::devnet::{Devnet, DevnetOptions, advance_time};
use chain::keys::DevAccount;
use domain::ports::{Clock as _, Ids as _};
use sandbox::{LenderSpec, SandboxConfig, SandboxHandle};
use serde_json::{Value, json};
use server::clock::{SystemClock, UuidV7Ids};
use server::dev::venues::Venues;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};

use crate::books::Books;
use crate::http::{Answer, Call, Stream};
use crate::options::{Client, Options};
use crate::settings::{Facts, PLATFORM_KEY};

/// Gas price cap of deployments, wei.
const FEE_CAP: u128 = 500_000_000_000;
/// Longest wait for anything that is awaited by asking again.
pub const PATIENCE: Duration = Duration::from_secs(90);
/// Pause between two questions.
const POLL: Duration = Duration::from_millis(100);

/// A running marketplace. It ends with this value.
#[derive(Debug)]
pub struct Environment {
    /// The chains.
    pub chains: Vec<Devnet>,
    /// Where the contracts stand, on every chain.
    pub addresses: Addresses,
    /// The lenders.
    pub sandbox: SandboxHandle,
    /// The database, from outside.
    pub books: Books,
    /// Processes that died at a crash point.
    pub crashes: u32,
    /// The API.
    pub url: String,
    program: PathBuf,
    folder: TempDir,
    database: String,
    server: Option<Child>,
    manual_clock: bool,
    log_filter: String,
    /// Crash point of the running process.
    armed: Option<String>,
    starts: u32,
    tokens: HashMap<Client, String>,
}

impl Environment {
    /// Starts everything and waits until the API is ready. `program` is the binary under test.
    pub async fn start(program: &str, options: Options) -> Result<Self> {
        let folder = tempfile::tempdir()?;
        let pools = options.pools.map(|_| made_venues()).transpose()?;
        let (database, chains, sandbox) = tokio::try_join!(
            create_database(),
            start_chains(&options.chains, pools.as_ref(), folder.path()),
            start_sandbox(options.lenders.clone(), folder.path().join("book.jsonl")),
        )?;
        let (chains, addresses, start_block) = chains;
        let books = Books::open(&database).await?;
        books.plant().await?;
        let facts = Facts {
            database_url: &database,
            chains: &chains,
            addresses: &addresses,
            depth: options.depth,
            sandbox: &sandbox,
            quote_deadline_ms: options.quote_deadline_ms,
            desk_valid_seconds: options.desk_valid_seconds,
            desks: &options.desks,
            pools: pools.as_ref().zip(options.pools),
            start_block,
            more_lenders: &options.more_lenders,
            credit_data: &options.credit_data,
            kyc: &options.kyc,
            keeper: options.keeper,
            provider_rules: &options.provider_rules,
            redis_url: options.redis_url.as_deref(),
            more_config: &options.more_config,
        };
        std::fs::write(folder.path().join("usance.toml"), facts.toml())?;
        let mut environment = Self {
            chains,
            addresses,
            sandbox,
            books,
            crashes: 0,
            url: String::new(),
            program: program.into(),
            folder,
            database,
            server: None,
            manual_clock: options.manual_clock,
            log_filter: options.log.unwrap_or_else(|| "info,sqlx=warn,hyper=warn".to_owned()),
            armed: None,
            starts: 0,
            tokens: HashMap::new(),
        };
        environment.serve(options.crash_at.as_deref()).await?;
        Ok(environment)
    }

    /// Starts the process; with a crash point it dies there.
    pub async fn serve(&mut self, crash_at: Option<&str>) -> Result<()> {
        ensure!(self.server.is_none(), "it runs already");
        self.starts += 1;
        let log = std::fs::File::create(self.log_file())?;
        let mut command = Command::new(&self.program);
        command
            .args(["serve", "--config"])
            .arg(self.folder.path().join("usance.toml"))
            .args(self.manual_clock.then_some("--manual-clock"));
        for name in [
            "DATABASE_URL",
            "USANCE_LISTEN",
            "USANCE_TOKEN_KEY",
            "USANCE_SUBMITTER_KEY",
            "USANCE_PUBLIC_URL",
        ] {
            command.env_remove(name);
        }
        command.env_remove("USANCE_CRASH_AT").env("RUST_LOG", &self.log_filter);
        if let Some(point) = crash_at {
            command.env("USANCE_CRASH_AT", point);
        }
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .kill_on_drop(true);
        let mut child = command.spawn().with_context(|| format!("{}", self.program.display()))?;
        let stdout = child.stdout.take().context("stdout")?;
        self.server = Some(child);
        self.armed = crash_at.map(str::to_owned);
        let mut lines = BufReader::new(stdout).lines();
        let line = tokio::time::timeout(PATIENCE, lines.next_line())
            .await
            .context("no word of the process")??;
        let url = line.as_deref().and_then(|line| line.strip_prefix("listening on "));
        let Some(url) = url else {
            bail!("the process did not come up: {line:?}\n{}", self.log())
        };
        url.trim().clone_into(&mut self.url);
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        let url = self.url.clone();
        let started = Instant::now();
        while Call::get(&url, "/readyz")
            .send()
            .await
            .map_or(0, |answer| answer.status)
            != 200
        {
            ensure!(started.elapsed() < PATIENCE, "not ready\n{}", self.log());
            let ended = self.server.as_mut().map(Child::try_wait).transpose()?.flatten();
            ensure!(ended.is_none(), "it ended: {ended:?}\n{}", self.log());
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Kills the process and starts it with a crash point that its first work may reach already: then it is started again without one.
    pub async fn restart_to_die(&mut self, point: &str) -> Result<()> {
        self.kill().await?;
        match self.serve(Some(point)).await {
            Ok(()) => Ok(()),
            Err(error) => self.revive(&std::io::Error::other(error.to_string())).await,
        }
    }

    /// `kill -9`.
    pub async fn kill(&mut self) -> Result<()> {
        let mut child = self.server.take().context("it does not run")?;
        child.kill().await?;
        Ok(())
    }

    /// Kills the process and starts it again.
    pub async fn restart(&mut self) -> Result<()> {
        self.kill().await?;
        self.serve(None).await
    }

    /// Waits for the process to end.
    pub async fn ended(&mut self) -> Result<ExitStatus> {
        let mut child = self.server.take().context("it does not run")?;
        let status = tokio::time::timeout(PATIENCE, child.wait())
            .await
            .context("the process lives on")??;
        Ok(status)
    }

    /// After a broken connection: the process must have died at its crash point, and is started again without one.
    async fn revive(&mut self, broken: &std::io::Error) -> Result<()> {
        let Some(point) = self.armed.take() else {
            bail!("no answer: {broken}\n{}", self.log())
        };
        let status = self.ended().await?;
        ensure!(
            status.signal() == Some(6),
            "not ended by {point}: {status}\n{}",
            self.log()
        );
        self.crashes += 1;
        self.serve(None).await
    }

    /// Sends a call as that client. When the process dies at its crash point, it is started again and the same call is
    /// sent again, as a client with an idempotency key does.
    pub async fn send(&mut self, client: Option<Client>, call: &Call<'_>) -> Result<Answer> {
        loop {
            match self.send_once(client, call).await {
                Ok(answer) => {
                    ensure!(
                        answer.status != 500,
                        "500 for {} {}: {}\n{}",
                        call.method,
                        call.path,
                        answer.text(),
                        self.log()
                    );
                    return Ok(answer);
                }
                Err(error) => self.revive(&error).await?,
            }
        }
    }

    async fn send_once(&mut self, client: Option<Client>, call: &Call<'_>) -> std::io::Result<Answer> {
        let base = self.url.clone();
        let mut call = Call {
            base: &base,
            ..call.clone()
        };
        if let Some(client) = client {
            call = call.header("authorization", format!("Bearer {}", self.token(client).await?));
        }
        call.send().await
    }

    /// The access token of a client.
    pub async fn token(&mut self, client: Client) -> std::io::Result<String> {
        if let Some(token) = self.tokens.get(&client) {
            return Ok(token.clone());
        }
        let known = server::seed::clients().into_iter().find(|c| c.client_id == client.id());
        let secret = known.map(|c| c.client_secret).unwrap_or_default();
        let grant = json!({ "grant_type": "client_credentials", "client_id": client.id(), "client_secret": secret });
        let answer = Call::post(&self.url, "/oauth/token", &grant).send().await?.json();
        let token = answer["access_token"].as_str().unwrap_or_default().to_owned();
        self.tokens.insert(client, token.clone());
        Ok(token)
    }

    /// GET of JSON; anything but 200 is an error.
    pub async fn get(&mut self, client: Client, path: &str) -> Result<Value> {
        let answer = self.send(Some(client), &Call::get("", path)).await?;
        ensure!(answer.status == 200, "GET {path}: {} {}", answer.status, answer.text());
        Ok(answer.json())
    }

    /// POST with an idempotency key, any answer.
    pub async fn post(&mut self, client: Client, path: &str, key: &str, body: &Value) -> Result<Answer> {
        self.send(Some(client), &Call::post("", path, body).header("idempotency-key", key))
            .await
    }

    /// POST with an idempotency key; anything but success is an error.
    pub async fn done(&mut self, client: Client, path: &str, key: &str, body: &Value) -> Result<Value> {
        let answer = self.post(client, path, key, body).await?;
        ensure!(
            (200..300).contains(&answer.status),
            "POST {path}: {} {}\n{}",
            answer.status,
            answer.text(),
            self.log()
        );
        Ok(answer.json())
    }

    /// A GraphQL operation; the whole response.
    pub async fn graphql(&mut self, client: Client, query: &str, variables: &Value) -> Result<Value> {
        let body = json!({ "query": query, "variables": variables });
        Ok(self
            .send(Some(client), &Call::post("", "/graphql", &body))
            .await?
            .json())
    }

    /// A stream of server-sent events.
    pub async fn events(&mut self, client: Client, call: Call<'_>) -> Result<Stream> {
        let (token, base) = (self.token(client).await?, self.url.clone());
        let call = Call { base: &base, ..call }.header("authorization", format!("Bearer {token}"));
        Ok(call.header("accept", "text/event-stream").open().await?)
    }

    /// Asks again until `found` says yes. Each turn makes a block on every chain when `mining`, so that what waits for
    /// finality gets it.
    pub async fn until(
        &mut self,
        what: &str,
        (client, path): (Client, &str),
        mining: bool,
        found: impl Fn(&Value) -> bool,
    ) -> Result<Value> {
        let started = Instant::now();
        loop {
            let seen = self.get(client, path).await?;
            if found(&seen) {
                return Ok(seen);
            }
            ensure!(
                started.elapsed() < PATIENCE,
                "waited in vain for {what}: {seen}\n{}",
                self.log()
            );
            if mining {
                self.mine(1).await?;
            }
            tokio::time::sleep(POLL).await;
        }
    }

    /// Makes blocks on every chain.
    pub async fn mine(&self, blocks: u64) -> Result<()> {
        for chain in &self.chains {
            chain.mine(blocks).await?;
        }
        Ok(())
    }

    /// Time passes on every chain, and for the process when its clock is manual.
    pub async fn time_passes(&mut self, seconds: u64) -> Result<()> {
        if !self.manual_clock {
            for chain in &self.chains {
                advance_time(chain.chain_id(), chain.url(), seconds).await?;
            }
            return Ok(());
        }
        let answer = self
            .send(None, &Call::post("", "/dev/clock", &json!({ "seconds": seconds })))
            .await?;
        ensure!(answer.status == 200, "{} {}", answer.status, answer.text());
        // Tokens have run out.
        self.tokens.clear();
        Ok(())
    }

    /// The ledger is balanced and every projection is right, as soon as the workers are through with what is final.
    pub async fn books_are_right(&mut self) -> Result<()> {
        let started = Instant::now();
        while let Some(complaint) = self.books.complaint().await? {
            // A process that died at its crash point has to live to put its books right.
            self.send(None, &Call::get("", "/livez")).await?;
            ensure!(
                started.elapsed() < Duration::from_secs(10),
                "{complaint}\n{}",
                self.log()
            );
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// What the sandbox lenders accepted and paid out.
    pub async fn sandbox_book(&self) -> Result<Vec<Value>> {
        let book = Call::get(&self.sandbox.base_url, "/sandbox/book").send().await?.json();
        Ok(book["entries"].as_array().cloned().unwrap_or_default())
    }

    fn log_file(&self) -> PathBuf {
        self.folder.path().join(format!("server-{}.log", self.starts))
    }

    /// The last warnings and errors of the process.
    pub fn log(&self) -> String {
        let text = std::fs::read_to_string(self.log_file()).unwrap_or_default();
        let loud: Vec<&str> = text.lines().filter(|l| !l.contains("\"level\":\"INFO\"")).collect();
        loud[loud.len().saturating_sub(15)..].join("\n")
    }

    /// Every line that the running process logged.
    pub fn whole_log(&self) -> String {
        std::fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Ends everything and drops the database.
    pub async fn finish(mut self) -> Result<()> {
        if self.server.is_some() {
            self.kill().await?;
        }
        self.books.close().await;
        drop_database(&self.database).await
    }
}

/// A fresh idempotency key.
pub fn key() -> String {
    UuidV7Ids.next().to_string()
}

fn server_url() -> Result<String> {
    std::env::var("DATABASE_URL").context("DATABASE_URL is not set: run the tests under scripts/with-postgres.sh")
}

async fn create_database() -> Result<String> {
    let url = server_url()?;
    let name = format!("usance_e2e_{}", UuidV7Ids.next().simple());
    let mut admin = PgConnection::connect(&url)
        .await
        .context("PostgreSQL of DATABASE_URL")?;
    sqlx::query(AssertSqlSafe(format!("create database {name}")))
        .execute(&mut admin)
        .await?;
    admin.close().await?;
    let (before, after) = url
        .split_once('?')
        .map_or((url.as_str(), None), |(before, after)| (before, Some(after)));
    let (server, _) = before.rsplit_once('/').context("DATABASE_URL without a database")?;
    Ok(format!(
        "{server}/{name}{}",
        after.map(|a| format!("?{a}")).unwrap_or_default()
    ))
}

async fn drop_database(url: &str) -> Result<()> {
    let name = url
        .split('?')
        .next()
        .and_then(|u| u.rsplit('/').next())
        .context("a database")?;
    let mut admin = PgConnection::connect(&server_url()?).await?;
    sqlx::query(AssertSqlSafe(format!("drop database if exists {name} with (force)")))
        .execute(&mut admin)
        .await?;
    Ok(())
}

/// The state with the lending protocols on it; made when it is not there yet.
pub fn made_venues() -> Result<Venues> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let made = std::process::Command::new(root.join("scripts/venues.sh")).output()?;
    ensure!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let made: Value = serde_json::from_slice(&made.stdout)?;
    let state = made["state"].as_str().context("no state of the venues")?;
    let found = Venues::read(&Path::new(state).with_extension("json"))?;
    found.context("the venues are for another chain")
}

/// The chains with our contracts, and the block from which on the first one has something for us.
async fn start_chains(ids: &[u64], pools: Option<&Venues>, folder: &Path) -> Result<(Vec<Devnet>, Addresses, u64)> {
    let (mut chains, mut found, mut start_block) = (Vec::new(), None, 0);
    for (place, id) in ids.iter().enumerate() {
        let pools = pools.filter(|_| place == 0);
        let state = pools.map(|pools| pools.copy_into(folder)).transpose()?;
        let options = DevnetOptions {
            state,
            ..DevnetOptions::new(*id)
        };
        let chain = Devnet::start(&options).await?;
        if let Some(pools) = pools {
            start_block = pools.wake(&chain, SystemClock.now().timestamp()).await?;
        }
        let deployer = DevAccount::Deployer.signer();
        let addresses = Deployer::new(chain.rpc(), &deployer, FEE_CAP)
            .deploy_development()
            .await?;
        chains.push(chain);
        ensure!(
            found.is_none_or(|other| other == addresses),
            "other addresses on chain {id}"
        );
        found = Some(addresses);
    }
    Ok((chains, found.context("a world without a chain")?, start_block))
}

async fn start_sandbox(lenders: Vec<LenderSpec>, book: PathBuf) -> Result<SandboxHandle> {
    let key = sdk::PrivateKey::development(PLATFORM_KEY)?;
    let platform = sandbox::PlatformKey {
        id: PLATFORM_KEY.to_owned(),
        public: key.public().to_base64(),
    };
    let world = sandbox::World {
        clock: Arc::new(SystemClock),
        ids: Arc::new(UuidV7Ids),
    };
    let config = SandboxConfig {
        book: Some(book),
        lenders,
        ..SandboxConfig::new(platform)
    };
    Ok(sandbox::spawn(config, world).await?)
}
