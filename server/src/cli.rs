//! The command line.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use chain::registry::{ChainConfig, Profile};
use clap::{Parser, Subcommand};
use secrecy::ExposeSecret;
use tokio::net::TcpListener;

use crate::commands;
use crate::config::{Config, Role};
use crate::{crash, dev, runtime, telemetry};

/// Credit-as-a-Service with on-chain settlement.
#[derive(Parser, Debug)]
#[command(name = "usance", version, about)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    /// Start a whole marketplace on this machine: PostgreSQL, two chains, lenders, and the API.
    Dev(dev::Options),
    /// Serve a configured deployment.
    Serve {
        /// Configuration, TOML.
        #[arg(long, default_value = "usance.toml")]
        config: PathBuf,
        /// What this process does.
        #[arg(long, value_delimiter = ',', default_value = "api,worker,indexer")]
        role: Vec<Role>,
        /// Address of the API, over the configuration's.
        #[arg(long)]
        listen: Option<String>,
        /// Time stands still and moves only by `POST /dev/clock`, the chains' with it; development profile only.
        #[arg(long)]
        manual_clock: bool,
    },
    /// Bring a database to the newest schema.
    Migrate {
        /// PostgreSQL; the environment's `DATABASE_URL` when left out.
        #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
        database_url: secrecy::SecretString,
    },
    /// Ask a running service for quotes and print the ranked table.
    Quote(Box<commands::quote::Options>),
    /// Annual percentage rates.
    #[command(subcommand)]
    Apr(CheckApr),
    /// Repayment schedules.
    #[command(subcommand)]
    Schedule(CheckSchedule),
    /// The contracts on chains.
    #[command(subcommand)]
    Chain(commands::chain::Command),
    /// Lenders: begin one, try its manifest, check one; see how they do, suspend and resume.
    #[command(subcommand)]
    Provider(commands::provider::Command),
    /// Risk: score files and check models; on a running service models, reviews, limits, drift, records; fairness.
    #[command(subcommand)]
    Risk(RiskCommand),
    /// Sanctions lists: screen names and wallets of files, explain a score, compare lists.
    Screen(Box<commands::screen::Options>),
    /// Rules: check and compare files; on a running service publications, shadow runs, replays, obligations.
    #[command(subcommand)]
    Rules(commands::rules::Command),
    /// Personal data of a running service: export, erasure, legal holds, retention, keys.
    #[command(subcommand)]
    Privacy(commands::privacy::Command),
    /// Identity verification on a running service: see where people stand, review.
    #[command(subcommand)]
    Kyc(commands::kyc::Command),
    /// The audit trail: verify exports; on a running service search, proofs, exports, checkpoints, anchors.
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Cases of compliance: list, show, assign, decide, approve, report, for officers of a running service.
    #[command(subcommand)]
    Cases(commands::cases::Command),
    /// People who sign in by password: add, give another password, remove; for an administrator with the configuration.
    #[command(subcommand)]
    Person(commands::person::Command),
    /// Print a generated document.
    Print {
        /// Which.
        #[arg(value_enum)]
        what: Printed,
    },
    /// Say what is missing on this machine and how to get it.
    Doctor(commands::doctor::Options),
}

#[derive(Subcommand, Debug)]
enum RiskCommand {
    /// Files of models and of rows.
    #[command(flatten)]
    Files(commands::risk::Command),
    /// A running service.
    #[command(flatten)]
    Operate(commands::risk_ops::Command),
}

#[derive(Subcommand, Debug)]
enum AuditCommand {
    /// Files of exports.
    #[command(flatten)]
    Files(commands::audit::Command),
    /// A running service.
    #[command(flatten)]
    Operate(commands::audit_ops::Command),
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Printed {
    /// The GraphQL schema.
    Schema,
    /// The OpenAPI document.
    Openapi,
    /// Kinds of lenders: what they can do, and how they were tried (Markdown).
    ProviderMatrix,
    /// What the conformance kit checks (Markdown).
    ProviderChecks,
    /// Who may do what: roles, classes, fields, routes (Markdown).
    AccessMatrix,
}

#[derive(Subcommand, Debug)]
enum CheckApr {
    /// Recompute the vectors of a file.
    Check(commands::apr::Options),
}

#[derive(Subcommand, Debug)]
enum CheckSchedule {
    /// Recompute the vectors of a file.
    Check(commands::schedule::Options),
}

/// Parses, runs, and says what went wrong.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    match run(cli.command) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<ExitCode> {
    crash::arm()?;
    match command {
        Command::Apr(CheckApr::Check(options)) => return commands::apr::run(&options),
        Command::Schedule(CheckSchedule::Check(options)) => return commands::schedule::run(&options),
        Command::Risk(RiskCommand::Files(command)) => return commands::risk::run(&command),
        Command::Screen(options) => return commands::screen::run(&options),
        Command::Print { what: Printed::Schema } => {
            print!("{}", graphql::schema::sdl());
            return Ok(ExitCode::SUCCESS);
        }
        Command::Print { what: Printed::Openapi } => {
            println!("{}", serde_json::to_string_pretty(&graphql::openapi::document())?);
            return Ok(ExitCode::SUCCESS);
        }
        Command::Print {
            what: Printed::ProviderMatrix,
        } => {
            print!("{}", lenders::matrix::markdown());
            return Ok(ExitCode::SUCCESS);
        }
        Command::Print {
            what: Printed::ProviderChecks,
        } => {
            print!("{}", kit::markdown());
            return Ok(ExitCode::SUCCESS);
        }
        Command::Print {
            what: Printed::AccessMatrix,
        } => {
            print!("{}", access::document::markdown());
            return Ok(ExitCode::SUCCESS);
        }
        _ => {}
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    runtime.block_on(async {
        match command {
            Command::Dev(options) => dev::run(options).await,
            Command::Serve {
                config,
                role,
                listen,
                manual_clock,
            } => serve(&config, &role, listen, manual_clock).await,
            Command::Migrate { database_url } => migrate(&database_url).await,
            Command::Quote(options) => commands::quote::run(&options).await,
            Command::Chain(command) => commands::chain::run(&command).await,
            Command::Provider(command) => commands::provider::run(&command).await,
            Command::Risk(RiskCommand::Operate(command)) => commands::risk_ops::run(&command).await,
            Command::Rules(command) => commands::rules::run(&command).await,
            Command::Privacy(command) => commands::privacy::run(&command).await,
            Command::Kyc(command) => commands::kyc::run(&command).await,
            Command::Audit(AuditCommand::Files(command)) => commands::audit::run(&command).await,
            Command::Audit(AuditCommand::Operate(command)) => commands::audit_ops::run(&command).await,
            Command::Cases(command) => commands::cases::run(&command).await,
            Command::Person(command) => commands::person::run(&command).await,
            Command::Doctor(options) => commands::doctor::run(&options).await,
            Command::Apr(_)
            | Command::Schedule(_)
            | Command::Risk(RiskCommand::Files(_))
            | Command::Screen(_)
            | Command::Print { .. } => Ok(ExitCode::SUCCESS),
        }
    })
}

async fn serve(file: &std::path::Path, roles: &[Role], listen: Option<String>, manual_clock: bool) -> Result<ExitCode> {
    telemetry::logs(false)?;
    let flags: Vec<_> = listen.into_iter().map(|address| ("listen", address)).collect();
    let config = Config::load(file, &flags)?;
    let listener = TcpListener::bind(config.listen)
        .await
        .with_context(|| format!("cannot listen on {}", config.listen))?;
    if manual_clock && config.profile != Profile::Development {
        bail!("--manual-clock is for the development profile");
    }
    if config.profile == Profile::Production && !cfg!(feature = "tls") {
        bail!(
            "this binary speaks no HTTPS: build it by `cargo build --release --package usance-server --features tls`"
        );
    }
    let nodes = |chain: &ChainConfig| Some((chain.chain_id, chain.rpc_urls.first()?.clone()));
    let urls = config.chains.iter().filter_map(nodes).collect();
    let sources = dev::sources(manual_clock, urls);
    let running = runtime::start(config, roles, listener, sources, telemetry::figures()?).await?;
    println!("listening on http://{}", running.address);
    ended().await?;
    running.stop().await;
    Ok(ExitCode::SUCCESS)
}

async fn migrate(database_url: &secrecy::SecretString) -> Result<ExitCode> {
    let db = aggregator::connect(database_url.expose_secret(), 1)
        .await
        .context("cannot reach PostgreSQL")?;
    aggregator::migrate(&db).await?;
    println!("the database is at the newest schema");
    Ok(ExitCode::SUCCESS)
}

/// Waits for Ctrl-C or a termination signal.
pub(crate) async fn ended() -> Result<()> {
    let mut terminate = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate())?;
    tokio::select! {
        result = tokio::signal::ctrl_c() => result?,
        _ = terminate.recv() => {}
    }
    Ok(())
}
