//! A development chain as a child process.

use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use alloy_primitives::{Address, Bytes, I256};
use alloy_sol_types::SolCall;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::bindings::feed::DevFeed;
use crate::bindings::sanctions::DevSanctions;
use crate::registry::{ChainConfig, known};
use crate::rpc::{Rpc, RpcError, RpcOptions};

const START_TIMEOUT: Duration = Duration::from_secs(30);

/// States of former blocks that anvil keeps, in memory: four times the deepest reorganisation that the indexer follows. Without a
/// bound it writes the state of each block to a folder of the home directory, which nobody empties when it is killed.
const KEPT_STATES: &str = "256";

/// When a development chain makes blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mining {
    /// A block per transaction.
    Instant,
    /// A block every so many seconds, at least one.
    EverySeconds(u32),
    /// Only by [`Devnet::mine`].
    Manual,
}

/// How to start a development chain.
#[derive(Clone, Debug)]
pub struct DevnetOptions {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// When blocks are made.
    pub mining: Mining,
    /// Port on loopback; 0 takes a free one.
    pub port: u16,
    /// Where the chain is kept between starts; none forgets it.
    pub state: Option<PathBuf>,
    /// The anvil program; none looks for it (see [`find_anvil`]).
    pub anvil: Option<PathBuf>,
}

impl DevnetOptions {
    /// A chain in memory on a free port with a block per transaction.
    pub fn new(chain_id: u64) -> Self {
        Self {
            chain_id,
            mining: Mining::Instant,
            port: 0,
            state: None,
            anvil: None,
        }
    }
}

/// Why a development chain did not start.
#[derive(Debug, thiserror::Error)]
pub enum DevnetError {
    /// No program.
    #[error("anvil is neither in node_modules nor on the PATH; run `npm ci`")]
    NotFound,
    /// The program does not run.
    #[error("anvil does not run")]
    Spawn(#[from] io::Error),
    /// It ended, or said nothing in time.
    #[error("anvil did not come up: {0}")]
    NotReady(String),
    /// It runs but does not answer.
    #[error("anvil does not answer")]
    Rpc(#[from] RpcError),
}

/// A running development chain; it ends with this value.
#[derive(Debug)]
pub struct Devnet {
    child: Child,
    chain_id: u64,
    url: String,
    rpc: Rpc,
}

impl Devnet {
    /// Starts a chain and waits until it answers.
    pub async fn start(options: &DevnetOptions) -> Result<Self, DevnetError> {
        let program = match &options.anvil {
            Some(path) => path.clone(),
            None => find_anvil().ok_or(DevnetError::NotFound)?,
        };
        let mut child = command(&program, options).spawn()?;
        let url = match tokio::time::timeout(START_TIMEOUT, listening(&mut child)).await {
            Ok(found) => found?,
            Err(_) => return Err(DevnetError::NotReady("no word in time".to_owned())),
        };
        let rpc = Rpc::connect(options.chain_id, std::slice::from_ref(&url), RpcOptions::default()).await?;
        Ok(Self {
            child,
            chain_id: options.chain_id,
            url,
            rpc,
        })
    }

    /// The JSON-RPC endpoint.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// EIP-155 chain id.
    pub fn chain_id(&self) -> u64 {
        self.chain_id
    }

    /// Process id, while it runs.
    pub fn pid(&self) -> Option<u32> {
        self.child.id()
    }

    /// The endpoint as a client.
    pub fn rpc(&self) -> &Rpc {
        &self.rpc
    }

    /// Name for people.
    pub fn name(&self) -> String {
        known(self.chain_id).map_or_else(|| format!("Anvil {}", self.chain_id), |k| k.name.to_owned())
    }

    /// The configuration of this chain with the development deployment on it.
    pub fn config(&self, addresses: &crate::deploy::Addresses) -> ChainConfig {
        ChainConfig {
            chain_id: self.chain_id,
            name: self.name(),
            rpc_urls: vec![self.url.clone()],
            finality: crate::registry::Finality::Depth(1),
            aggregator: addresses.aggregator,
            collateral_manager: addresses.collateral_manager,
            scoring_oracle: addresses.scoring_oracle,
            price_oracle: addresses.price_oracle,
            sanctions_oracle: Some(crate::deploy::dev_sanctions()),
            pools: vec![crate::deploy::dev_pool(addresses)],
            start_block: 0,
            max_fee_cap_gwei: 500,
        }
    }

    /// From now on makes blocks like that.
    pub async fn set_mining(&self, mining: Mining) -> Result<(), RpcError> {
        let (instant, every) = match mining {
            Mining::Instant => (true, 0),
            Mining::EverySeconds(seconds) => (false, seconds.max(1)),
            Mining::Manual => (false, 0),
        };
        self.rpc
            .raw::<serde_json::Value>("evm_setAutomine", json!([instant]))
            .await?;
        self.rpc
            .raw::<serde_json::Value>("evm_setIntervalMining", json!([every]))
            .await
            .map(|_| ())
    }

    /// Makes `blocks` blocks now.
    pub async fn mine(&self, blocks: u64) -> Result<(), RpcError> {
        mine(&self.rpc, blocks).await
    }

    /// Ends the chain and waits for its end; a chain with a state file is saved first.
    pub async fn stop(mut self) -> Result<(), DevnetError> {
        terminate(&self.child).await?;
        if tokio::time::timeout(Duration::from_secs(10), self.child.wait())
            .await
            .is_err()
        {
            self.child.kill().await?;
        }
        Ok(())
    }
}

/// Makes `blocks` blocks now on a development chain.
pub async fn mine(rpc: &Rpc, blocks: u64) -> Result<(), RpcError> {
    let hex = format!("{blocks:#x}");
    rpc.raw::<serde_json::Value>("anvil_mine", json!([hex]))
        .await
        .map(|_| ())
}

/// Moves the time of a development chain forward and makes a block at the new time.
pub async fn advance_time(chain_id: u64, url: &str, seconds: u64) -> Result<(), RpcError> {
    let rpc = Rpc::connect(chain_id, &[url.to_owned()], RpcOptions::default()).await?;
    rpc.raw::<serde_json::Value>("evm_increaseTime", json!([seconds]))
        .await?;
    mine(&rpc, 1).await
}

/// Gives a development feed a new answer, such as [`crate::deploy::DevAsset::feed`], in units of its decimals, and makes a block.
pub async fn set_price(chain_id: u64, url: &str, feed: Address, answer: i128) -> Result<(), RpcError> {
    let rpc = Rpc::connect(chain_id, &[url.to_owned()], RpcOptions::default()).await?;
    let answer = I256::try_from(answer).unwrap_or(I256::ZERO);
    let data = Bytes::from(DevFeed::setAnswerCall { answer }.abi_encode());
    // An account that nobody else counts the nonces of.
    let sender = crate::keys::SPARE_ACCOUNT;
    let tx = json!([{ "from": sender, "to": feed, "data": data, "gas": "0x7a120" }]);
    rpc.raw::<serde_json::Value>("eth_sendTransaction", tx).await?;
    mine(&rpc, 1).await
}

/// Lists accounts at the sanctions oracle of a development chain, or takes them off, and makes a block.
pub async fn set_sanctioned(chain_id: u64, url: &str, accounts: &[Address], listed: bool) -> Result<(), RpcError> {
    let rpc = Rpc::connect(chain_id, &[url.to_owned()], RpcOptions::default()).await?;
    let accounts = accounts.to_vec();
    let data: Bytes = if listed {
        DevSanctions::addToSanctionsListCall { newSanctions: accounts }.abi_encode()
    } else {
        DevSanctions::removeFromSanctionsListCall {
            removeSanctions: accounts,
        }
        .abi_encode()
    }
    .into();
    let (sender, oracle) = (crate::keys::SPARE_ACCOUNT, crate::deploy::dev_sanctions());
    let tx = json!([{ "from": sender, "to": oracle, "data": data, "gas": "0x7a120" }]);
    rpc.raw::<serde_json::Value>("eth_sendTransaction", tx).await?;
    mine(&rpc, 1).await
}

/// A graceful end, on which anvil writes its state; the standard library can only kill.
async fn terminate(child: &Child) -> io::Result<()> {
    if let Some(pid) = child.id() {
        Command::new("kill")
            .arg("-TERM")
            .arg(pid.to_string())
            .stderr(Stdio::null())
            .status()
            .await?;
    }
    Ok(())
}

/// The anvil program: of the npm package for this platform in a `node_modules` here or above, beside or above our program, else on
/// the PATH.
pub fn find_anvil() -> Option<PathBuf> {
    let system = match std::env::consts::OS {
        "macos" => "darwin",
        "windows" => "win32",
        other => other,
    };
    let machine = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    let program = format!("anvil{}", std::env::consts::EXE_SUFFIX);
    let package = Path::new("node_modules/@foundry-rs")
        .join(format!("anvil-{system}-{machine}"))
        .join("bin")
        .join(&program);
    let starts = [
        std::env::current_dir().ok(),
        std::env::current_exe().ok().and_then(|exe| exe.canonicalize().ok()),
    ];
    let local = starts
        .iter()
        .flatten()
        .flat_map(|start| start.ancestors())
        .map(|dir| dir.join(&package))
        .find(|path| path.is_file());
    local.or_else(|| {
        let path = std::env::var_os("PATH")?;
        std::env::split_paths(&path)
            .map(|dir| dir.join(&program))
            .find(|path| path.is_file())
    })
}

fn command(program: &Path, options: &DevnetOptions) -> Command {
    let mut command = Command::new(program);
    command.args(["--host", "127.0.0.1"]);
    command.args(["--port", &options.port.to_string()]);
    command.args(["--chain-id", &options.chain_id.to_string()]);
    command.args(["--prune-history", KEPT_STATES]);
    match options.mining {
        Mining::Instant => {}
        Mining::EverySeconds(seconds) => {
            command.args(["--block-time", &seconds.max(1).to_string()]);
        }
        Mining::Manual => {
            command.arg("--no-mining");
        }
    }
    if let Some(state) = &options.state {
        command.arg("--state").arg(state).args(["--state-interval", "5"]);
    }
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    command
}

/// Waits for the address and goes on reading, so that the child never blocks on a full pipe.
async fn listening(child: &mut Child) -> Result<String, DevnetError> {
    let stdout = child
        .stdout
        .take()
        .ok_or_else(|| DevnetError::NotReady("no output".to_owned()))?;
    let mut lines = BufReader::new(stdout).lines();
    while let Some(line) = lines.next_line().await? {
        if let Some(address) = line.strip_prefix("Listening on ") {
            let url = format!("http://{}", address.trim());
            tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
            return Ok(url);
        }
    }
    Err(DevnetError::NotReady("it ended at once".to_owned()))
}
