//! `usance person`: logins of staff and providers, by an administrator who can reach the database.

use std::io::{IsTerminal as _, Read as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use aggregator::sessions::{Hashing, LONGEST_PASSWORD, NewPerson, People, SessionError};
use anyhow::{Context, Result, bail};
use clap::Subcommand;
use domain::Role;
use domain::ids::{ProviderId, TenantId};
use domain::principal::Group;
use secrecy::ExposeSecret;
use uuid::Uuid;

use super::{Exit, print};
use crate::clock::{SystemClock, UuidV7Ids};
use crate::config::Config;
use crate::runtime::Sources;

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Add a person who signs in by password. The password is read from standard input, or made and printed.
    Add(AddOptions),
    /// Give a person another password; their sessions end.
    Password(LoginOptions),
    /// Take a person's login away; their sessions end.
    Remove(LoginOptions),
}

/// Options of `add`.
#[derive(clap::Args, Clone, Debug)]
pub struct AddOptions {
    #[command(flatten)]
    which: LoginOptions,
    /// officer, risk_manager, manager, credit_head, admin, provider, integrator, borrower.
    #[arg(long)]
    role: String,
    /// Tenant; the one that people register with when it is left out.
    #[arg(long)]
    tenant: Option<Uuid>,
    /// The lender that a provider speaks for.
    #[arg(long)]
    provider: Option<String>,
    /// Groups of staff: platform, aml.
    #[arg(long, value_delimiter = ',')]
    groups: Vec<String>,
}

/// Whom it is about.
#[derive(clap::Args, Clone, Debug)]
pub struct LoginOptions {
    /// What they sign in as, for example an e-mail address.
    #[arg(long)]
    login: String,
    /// Make a password and print it, rather than read one.
    #[arg(long)]
    generate: bool,
    /// Configuration, TOML.
    #[arg(long, default_value = "usance.toml")]
    config: PathBuf,
}

/// Runs it: 0 when it is done, 1 when it is refused.
pub async fn run(command: &Command) -> Result<ExitCode> {
    let which = match command {
        Command::Add(options) => &options.which,
        Command::Password(options) | Command::Remove(options) => options,
    };
    let config = Config::load(&which.config, &[])?;
    let sources = Sources {
        clock: Arc::new(SystemClock),
        ids: Arc::new(UuidV7Ids),
        dev_clock: None,
    };
    let db = aggregator::connect(config.database_url.expose_secret(), 2)
        .await
        .context("cannot reach PostgreSQL; check DATABASE_URL")?;
    let vault = crate::vault::open(&config, &sources, crate::runtime::network(&config)).await?;
    let (settings, hashing) = (config.web.sessions(config.profile), Hashing::default());
    let people = People {
        db: &db,
        clock: sources.clock.as_ref(),
        ids: sources.ids.as_ref(),
        vault: &vault,
        settings: &settings,
        hashing: &hashing,
    };
    let done = match command {
        Command::Add(options) => add(&people, options, config.web.register_tenant).await,
        Command::Password(options) => {
            let made = people.set_password(&options.login, password(options)?).await;
            made.map(|made| told("has another password", &options.login, made.as_deref()))
        }
        Command::Remove(options) => {
            let removed = people.remove(&options.login).await;
            removed.map(|()| told("no longer signs in", &options.login, None))
        }
    };
    match done {
        Ok(text) => {
            print(&text);
            Ok(Exit::Success.into())
        }
        Err(SessionError::Failed(error @ (aggregator::Error::Invalid { .. } | aggregator::Error::Refused(_)))) => {
            eprintln!("refused: {error}");
            Ok(Exit::Failure.into())
        }
        Err(SessionError::Failed(aggregator::Error::NotFound)) => {
            eprintln!("refused: nobody signs in as {}", which.login);
            Ok(Exit::Failure.into())
        }
        Err(error) => Err(error.into()),
    }
}

fn told(what: &str, login: &str, made: Option<&str>) -> String {
    let password = made.map_or(String::new(), |password| format!("password: {password}\n"));
    format!("{login} {what}\n{password}")
}

async fn add(people: &People<'_>, options: &AddOptions, home: Option<Uuid>) -> Result<String, SessionError> {
    let invalid = |field: &str, text: &str| SessionError::from(aggregator::Error::invalid(field, text));
    let role = Role::parse(&options.role).ok_or_else(|| invalid("role", "no such role"))?;
    let groups: Option<Vec<Group>> = options.groups.iter().map(|name| Group::parse(name)).collect();
    let provider: Option<ProviderId> = match &options.provider {
        Some(name) => Some(name.parse().map_err(|_| invalid("provider", "the id of a lender"))?),
        None => None,
    };
    let tenant = options.tenant.or(home);
    let person = NewPerson {
        id: None,
        login: options.which.login.clone(),
        tenant: TenantId(tenant.ok_or_else(|| invalid("tenant", "name one: --tenant"))?),
        role,
        provider,
        groups: groups.ok_or_else(|| invalid("groups", "platform, aml"))?,
    };
    let password = password(&options.which).map_err(|error| invalid("password", &error.to_string()))?;
    let (principal, made) = people.add(&person, password).await?;
    let id = graphql::public_id::encode(graphql::public_id::Kind::Principal, principal.id.0);
    let text = format!("signs in as {} ({id})", role.as_str());
    Ok(told(&text, &options.which.login, made.as_deref()))
}

/// From standard input, one line; none when one is to be made. A terminal shows what is typed, so there it is made.
fn password(options: &LoginOptions) -> Result<Option<String>> {
    let mut input = std::io::stdin();
    if options.generate || input.is_terminal() {
        return Ok(None);
    }
    let mut text = String::new();
    let longest = u64::try_from(LONGEST_PASSWORD * 4 + 2)?;
    input.by_ref().take(longest).read_to_string(&mut text)?;
    let line = text.strip_suffix('\n').unwrap_or(&text);
    let line = line.strip_suffix('\r').unwrap_or(line);
    if line.is_empty() {
        bail!("standard input is empty: pipe the password, or say --generate");
    }
    Ok(Some(line.to_owned()))
}
