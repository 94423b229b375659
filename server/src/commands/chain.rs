//! `usance chain`: deploys the contracts, and says how they are.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use alloy_primitives::Address;
use anyhow::{Context, Result, bail};
use chain::deploy::{Addresses, Deployed, Deployer, DevAsset, Governance, Plan, Sent, dev_pool, dev_sanctions};
use chain::keys::{KeySigner, refuse_development_account};
use chain::registry::{ChainConfig, Finality, Profile, Registry, known};
use chain::rpc::{Rpc, RpcOptions};
use chain::status::status;
use clap::Subcommand;
use domain::money::Asset;
use secrecy::SecretString;
use serde::Deserialize;

use super::table::colour_wanted;
use super::{Exit, chain_status, print};

/// What to do.
#[derive(Subcommand, Clone, Debug)]
pub enum Command {
    /// Print what is deployed on each chain, who may do what, limits, prices and pools; fails when something is wrong.
    Status(StatusOptions),
    /// Deploy what is missing on a configured chain, and verify the whole. It can be repeated and resumed at any time.
    Deploy(DeployOptions),
    /// Print where a deployment will be, for the configuration. No chain is asked.
    Addresses(AddressOptions),
}

/// Options of `usance chain status`.
#[derive(clap::Args, Clone, Debug)]
pub struct StatusOptions {
    /// Configuration, TOML. Only its chains, assets and profile are read; no secret is needed.
    #[arg(long, default_value = "usance.toml", conflicts_with = "rpc")]
    config: PathBuf,
    /// Endpoint of a chain, instead of a configuration.
    #[arg(long)]
    rpc: Option<String>,
    #[command(flatten)]
    plan: PlanOptions,
    /// Only this chain.
    #[arg(long)]
    chain: Option<u64>,
    /// One more token to report on.
    #[arg(long = "asset")]
    assets: Vec<Address>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// Options of `usance chain deploy`.
#[derive(clap::Args, Clone, Debug)]
pub struct DeployOptions {
    /// Configuration, TOML. Only its chains and profile are read.
    #[arg(long, default_value = "usance.toml")]
    config: PathBuf,
    /// Chain to deploy on; may be given several times.
    #[arg(long = "chain", required_unless_present = "all", conflicts_with = "all")]
    chains: Vec<u64>,
    /// Every chain of the configuration.
    #[arg(long)]
    all: bool,
    /// File with the deployer's private key, hex; without it the environment's `USANCE_DEPLOYER_KEY`.
    #[arg(long)]
    key_file: Option<PathBuf>,
    #[command(flatten)]
    powers: Powers,
}

/// Options of `usance chain addresses`.
#[derive(clap::Args, Clone, Debug)]
pub struct AddressOptions {
    #[command(flatten)]
    plan: PlanOptions,
}

#[derive(clap::Args, Clone, Debug)]
struct Powers {
    /// The Safe that announces changes; after two days anyone may execute them. Needed on every chain of value.
    #[arg(long, requires = "guardian")]
    safe: Option<Address>,
    /// May only lower risk, at once.
    #[arg(long, requires = "safe")]
    guardian: Option<Address>,
}

#[derive(clap::Args, Clone, Debug)]
struct PlanOptions {
    /// The account that deploys; without it the deployment of development chains is meant.
    #[arg(long, requires = "safe")]
    deployer: Option<Address>,
    #[command(flatten)]
    powers: Powers,
}

impl PlanOptions {
    fn plan(&self) -> Plan {
        match (self.deployer, self.powers.governance()) {
            (Some(deployer), Some(governance)) => Plan { deployer, governance },
            _ => Plan::development(),
        }
    }
}

impl Powers {
    fn governance(&self) -> Option<Governance> {
        let (safe, guardian) = self.safe.zip(self.guardian)?;
        Some(Governance::Timelock { safe, guardian })
    }
}

/// The part of the configuration that is about chains. The rest is not read, so that its secrets need not be here.
#[derive(Deserialize)]
struct ChainsFile {
    profile: Profile,
    #[serde(default)]
    chains: Vec<ChainConfig>,
    #[serde(default)]
    assets: Vec<Asset>,
}

impl ChainsFile {
    fn load(file: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
        let chains: Self = toml::from_str(&text).with_context(|| format!("configuration {}", file.display()))?;
        // The checks are the same as those of a service.
        Registry::new(chains.chains.clone(), chains.profile)?;
        Ok(chains)
    }
}

/// Runs it.
pub async fn run(command: &Command) -> Result<ExitCode> {
    let exit = match command {
        Command::Status(options) => show(options).await?,
        Command::Deploy(options) => deploy(options).await?,
        Command::Addresses(options) => {
            print(&chain_status::addresses(&Addresses::of(&options.plan.plan())));
            Exit::Success
        }
    };
    Ok(exit.into())
}

async fn show(options: &StatusOptions) -> Result<Exit> {
    let file = match &options.rpc {
        Some(url) => ChainsFile {
            profile: Profile::Development,
            chains: vec![at_endpoint(url, &options.plan.plan()).await?],
            assets: vec![],
        },
        None => ChainsFile::load(&options.config)?,
    };
    let wanted = |chain: &&ChainConfig| options.chain.is_none_or(|id| chain.chain_id == id);
    let chains: Vec<&ChainConfig> = file.chains.iter().filter(wanted).collect();
    if chains.is_empty() {
        bail!("no such chain is configured");
    }
    let mut all = vec![];
    let mut exit = Exit::Success;
    for chain in chains {
        let rpc = Rpc::connect(chain.chain_id, &chain.rpc_urls, RpcOptions::default())
            .await
            .with_context(|| format!("chain {}", chain.chain_id))?;
        let mut tokens = options.assets.clone();
        let configured = file.assets.iter().filter(|asset| asset.chain_id == chain.chain_id);
        tokens.extend(configured.map(|asset| asset.token));
        if known(chain.chain_id).is_some_and(|known| known.development) {
            tokens.extend([DevAsset::Dollar, DevAsset::Ether].map(DevAsset::address));
        }
        let found = status(&rpc, chain, &tokens).await?;
        if !found.problems.is_empty() {
            exit = Exit::Failure;
        }
        all.push(found);
    }
    if options.json {
        print(&format!("{}\n", serde_json::to_string_pretty(&all)?));
    } else {
        for found in &all {
            print(&chain_status::render(found, colour_wanted()));
        }
    }
    Ok(exit)
}

/// A chain without a configuration, where the plan puts everything.
async fn at_endpoint(url: &str, plan: &Plan) -> Result<ChainConfig> {
    let chain_id = Rpc::chain_at(url, RpcOptions::default()).await?;
    let at = Addresses::of(plan);
    let deployed = Deployed::from(&at);
    let known = known(chain_id);
    Ok(ChainConfig {
        chain_id,
        name: known.map_or_else(|| format!("Chain {chain_id}"), |known| known.name.to_owned()),
        rpc_urls: vec![url.to_owned()],
        finality: Finality::Tags,
        aggregator: deployed.aggregator,
        collateral_manager: deployed.collateral_manager,
        scoring_oracle: deployed.scoring_oracle,
        price_oracle: deployed.price_oracle,
        sanctions_oracle: (*plan == Plan::development()).then(dev_sanctions),
        pools: if *plan == Plan::development() {
            vec![dev_pool(&at)]
        } else {
            vec![]
        },
        start_block: 0,
        max_fee_cap_gwei: 500,
    })
}

async fn deploy(options: &DeployOptions) -> Result<Exit> {
    let file = ChainsFile::load(&options.config)?;
    let signer = KeySigner::from_secret(&deployer_key(options.key_file.as_deref())?, file.profile)?;
    let governance = options.powers.governance();
    if let Some(Governance::Timelock { safe, guardian }) = governance {
        for account in [safe, guardian] {
            refuse_development_account(account, file.profile)?;
        }
    }
    let mut chains: Vec<&ChainConfig> = vec![];
    for chain in &file.chains {
        if options.all || options.chains.contains(&chain.chain_id) {
            chains.push(chain);
        }
    }
    if let Some(id) = options
        .chains
        .iter()
        .find(|id| chains.iter().all(|c| c.chain_id != **id))
    {
        bail!("chain {id} is not configured");
    }
    for chain in chains {
        let plan = plan_of(chain, &signer, governance)?;
        let expected = Deployed::from(&Addresses::of(&plan));
        if Deployed::from(chain) != expected {
            bail!(
                "chain {}: the configuration has other addresses than this deployment would; see `usance chain addresses`",
                chain.chain_id
            );
        }
        deploy_on(chain, &signer, &plan).await?;
    }
    Ok(Exit::Success)
}

/// Without a Safe only the public development deployment is made, and only on development chains.
fn plan_of(chain: &ChainConfig, signer: &KeySigner, governance: Option<Governance>) -> Result<Plan> {
    let deployer = signer.address();
    match governance {
        Some(governance) => Ok(Plan { deployer, governance }),
        None if known(chain.chain_id).is_some_and(|known| known.development) => {
            let plan = Plan::development();
            if plan.deployer != deployer {
                bail!("a development chain without --safe is deployed with the public development key");
            }
            Ok(plan)
        }
        None => bail!("chain {} needs --safe and --guardian", chain.chain_id),
    }
}

async fn deploy_on(chain: &ChainConfig, signer: &KeySigner, plan: &Plan) -> Result<()> {
    print(&format!("{} ({})\n", chain.name, chain.chain_id));
    let rpc = Rpc::connect(chain.chain_id, &chain.rpc_urls, RpcOptions::default())
        .await
        .with_context(|| format!("chain {}", chain.chain_id))?;
    let told = |sent: Sent| {
        print(&format!(
            "  {:<28} {:>10} gas  {}\n",
            sent.step, sent.gas_used, sent.hash
        ));
    };
    let deployer = Deployer::new(&rpc, signer, chain.max_fee_cap()).watched(&told);
    let made = match plan.governance {
        Governance::Timelock { .. } => deployer.deploy(plan).await,
        Governance::Account { .. } => deployer.deploy_development().await,
    };
    made.with_context(|| format!("chain {}; run the command again to go on", chain.chain_id))?;
    print("  code, wiring and powers are as planned\n");
    Ok(())
}

fn deployer_key(file: Option<&Path>) -> Result<SecretString> {
    let text = match file {
        Some(file) => std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?,
        None => std::env::var("USANCE_DEPLOYER_KEY")
            .ok()
            .context("give the deployer's key by --key-file or in USANCE_DEPLOYER_KEY")?,
    };
    Ok(SecretString::from(text.trim().to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use chain::keys::DevAccount;

    fn config(chain_id: u64, plan: &Plan) -> ChainConfig {
        let at = Addresses::of(plan);
        ChainConfig {
            chain_id,
            name: "Test".to_owned(),
            rpc_urls: vec!["http://127.0.0.1:1".to_owned()],
            finality: Finality::Tags,
            aggregator: at.aggregator,
            collateral_manager: at.collateral_manager,
            scoring_oracle: at.scoring_oracle,
            price_oracle: at.price_oracle,
            sanctions_oracle: None,
            pools: vec![],
            start_block: 0,
            max_fee_cap_gwei: 500,
        }
    }

    #[test]
    fn a_chain_of_value_is_never_owned_by_an_account() {
        let signer = DevAccount::Deployer.signer();
        let plan = Plan::development();
        assert!(plan_of(&config(1, &plan), &signer, None).is_err());
        assert_eq!(plan_of(&config(31337, &plan), &signer, None).unwrap(), plan);
        let other = DevAccount::Desk.signer();
        assert!(plan_of(&config(31337, &plan), &other, None).is_err());
        let governance = Governance::Timelock {
            safe: Address::repeat_byte(1),
            guardian: Address::repeat_byte(2),
        };
        let governed = plan_of(&config(1, &plan), &other, Some(governance)).unwrap();
        assert_eq!(governed.deployer, other.address());
    }

    #[test]
    fn chains_are_read_without_the_secrets_of_the_rest() {
        let text = include_str!("../../../docs/usance.example.toml");
        let file: ChainsFile = toml::from_str(text).unwrap();
        assert_eq!(file.chains.len(), 1);
    }
}
