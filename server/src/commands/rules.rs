//! `usance rules`: check, list and compare rule files; on a running service list publications, look at their shadow run, propose,
//! approve, replay, and see what is owed.
//!
//! Ends with 0 when it did what was asked, with 1 when files are wrong, the service refused, or a replay came out otherwise, and with 2
//! when it could not ask.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use compliance::{Document, RuleSet};
use serde_json::{Value, json};

use super::http::HttpError;
use super::provider_ops::Service;
use super::rules_tables as tables;
use super::table::colour_wanted;
use super::{Exit, print};

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Check a folder of rule files; says file, rule and field of what is wrong.
    Check {
        /// Folder of `*.toml`; without it, the rules of this program.
        folder: Option<PathBuf>,
    },
    /// Say what one folder of rule files changes of another; without the second, of the rules of this program.
    Diff {
        /// The new rules.
        new: PathBuf,
        /// The old ones.
        old: Option<PathBuf>,
        /// End with 1 when the new rules may not follow the old ones today.
        #[arg(long)]
        check: bool,
    },
    /// List the rules of a folder, of this program with --built-in, or of a running service.
    List(ListOptions),
    /// Show one rule with all its versions, or the publication `rul_…`.
    Show(ShowOptions),
    /// List publications of a running service.
    Publications(ServiceOptions),
    /// Show what a proposed set would have decided, and where it differs.
    Shadow(IdOptions),
    /// Propose a folder of rule files.
    Propose(ProposeOptions),
    /// Approve the set that another officer proposed.
    Approve(DecideOptions),
    /// Reject a proposed set.
    Reject(DecideOptions),
    /// Make every decision about a request again by the set that made it. Ends with 1 when one comes out otherwise.
    Replay(IdOptions),
    /// List what is owed, the most urgent first.
    Obligations(ObligationsOptions),
}

/// Options of `list`.
#[derive(clap::Args, Clone, Debug)]
pub struct ListOptions {
    /// Folder of `*.toml`.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// The rules of this program.
    #[arg(long, conflicts_with = "folder")]
    built_in: bool,
    /// Those that hold in this place alone, such as `US-CA` or `EU`.
    #[arg(long)]
    place: Option<String>,
    #[command(flatten)]
    service: Service,
}

/// Options of `show`.
#[derive(clap::Args, Clone, Debug)]
pub struct ShowOptions {
    /// Id of a rule such as `us-ca-cap`, or `rul_…`.
    id: String,
    /// The rules of this program instead of a running service.
    #[arg(long)]
    built_in: bool,
    #[command(flatten)]
    service: Service,
}

/// Which service.
#[derive(clap::Args, Clone, Debug)]
pub struct ServiceOptions {
    #[command(flatten)]
    service: Service,
}

/// Options with an id.
#[derive(clap::Args, Clone, Debug)]
pub struct IdOptions {
    /// `rul_…`, or `req_…` of a request.
    id: String,
    #[command(flatten)]
    service: Service,
}

/// Options of `propose`.
#[derive(clap::Args, Clone, Debug)]
pub struct ProposeOptions {
    /// Folder of `*.toml`: the whole set.
    folder: PathBuf,
    /// First day on which it decides, YYYY-MM-DD: today or later.
    #[arg(long)]
    effective: chrono::NaiveDate,
    /// Why; kept for good.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    service: Service,
}

/// Options of `approve` and `reject`.
#[derive(clap::Args, Clone, Debug)]
pub struct DecideOptions {
    /// `rul_…`.
    id: String,
    /// Why; kept for good.
    #[arg(long)]
    reason: String,
    #[command(flatten)]
    service: Service,
}

/// Options of `obligations`.
#[derive(clap::Args, Clone, Debug)]
pub struct ObligationsOptions {
    /// Also those that are closed.
    #[arg(long)]
    all: bool,
    /// How many, 1 to 100.
    #[arg(long, default_value_t = 20)]
    first: u32,
    #[command(flatten)]
    service: Service,
}

/// Does it.
pub async fn run(command: &Command) -> Result<ExitCode> {
    match act(command).await {
        Ok(exit) => Ok(exit.into()),
        Err(error) => match error.downcast_ref::<HttpError>() {
            Some(HttpError::Refused {
                status: 403 | 404 | 409 | 422,
                ..
            }) => {
                eprintln!("refused: {error:#}");
                Ok(Exit::Failure.into())
            }
            _ => Err(error),
        },
    }
}

async fn act(command: &Command) -> Result<Exit> {
    match command {
        Command::Check { folder } => check(folder.as_deref()),
        Command::Diff { new, old, check } => diff(new, old.as_deref(), *check),
        Command::List(options) => list(options).await,
        Command::Show(options) => show(options).await,
        Command::Publications(options) => {
            let found = options
                .service
                .connect()
                .await?
                .get("/v1/rules/publications?first=100")
                .await?;
            Ok(tell(&options.service, &found, tables::publications))
        }
        Command::Shadow(options) => shadow(options).await,
        Command::Propose(options) => propose(options).await,
        Command::Approve(options) => decide(options, true).await,
        Command::Reject(options) => decide(options, false).await,
        Command::Replay(options) => replay(options).await,
        Command::Obligations(options) => {
            let state = if options.all { "" } else { "&state=OPEN" };
            let client = options.service.connect().await?;
            let found = client
                .get(&format!("/v1/obligations?first={}{state}", options.first))
                .await?;
            Ok(tell(&options.service, &found, tables::obligations))
        }
    }
}

fn tell(service: &Service, found: &Value, table: fn(&Value, bool) -> String) -> Exit {
    if service.json {
        print(&format!("{found:#}\n"));
    } else {
        print(&table(found, colour_wanted()));
    }
    Exit::Success
}

/// The `*.toml` of a folder, by name.
fn read(folder: &Path) -> Result<Vec<Document>> {
    let mut documents = Vec::new();
    let entries = std::fs::read_dir(folder).with_context(|| format!("cannot read {}", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            let text = std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
            documents.push(Document { name, text });
        }
    }
    if documents.is_empty() {
        bail!("{} holds no *.toml", folder.display());
    }
    documents.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(documents)
}

fn documents(folder: Option<&Path>) -> Result<Vec<Document>> {
    folder.map_or_else(|| Ok(RuleSet::built_in_documents()), read)
}

fn check(folder: Option<&Path>) -> Result<Exit> {
    let documents = documents(folder)?;
    match RuleSet::load(&documents) {
        Ok(set) => {
            print(&tables::checked(&set, documents.len()));
            Ok(Exit::Success)
        }
        Err(error) => {
            eprintln!("wrong: {error}");
            Ok(Exit::Failure)
        }
    }
}

fn diff(new: &Path, old: Option<&Path>, check: bool) -> Result<Exit> {
    let old = RuleSet::load(&documents(old)?).context("the old rules")?;
    let new = RuleSet::load(&read(new)?).context("the new rules")?;
    print(&tables::changes(&old.diff(&new), colour_wanted()));
    let today = domain::ports::Clock::now(&crate::clock::SystemClock).date_naive();
    match old.may_be_followed_by(&new, today) {
        Err(error) if check => {
            eprintln!("may not follow: {error}");
            Ok(Exit::Failure)
        }
        _ => Ok(Exit::Success),
    }
}

/// The rules of files, in the shape of the service's.
fn local(folder: Option<&Path>) -> Result<Value> {
    let set = RuleSet::load(&documents(folder)?)?;
    let views = set.all().map(aggregator::rules::views::RuleView::from);
    let camel = |view| -> Result<Value> {
        let mut shown = json!({});
        if let Value::Object(map) = serde_json::to_value::<aggregator::rules::views::RuleView>(view)? {
            for (name, value) in map {
                let mut words = name.split('_');
                let mut key = words.next().unwrap_or_default().to_owned();
                for word in words {
                    key.push_str(&word[..1].to_uppercase());
                    key.push_str(&word[1..]);
                }
                shown[key] = value;
            }
        }
        Ok(shown)
    };
    Ok(Value::Array(views.map(camel).collect::<Result<_>>()?))
}

async fn rules(options: (Option<&Path>, bool), service: &Service) -> Result<Value> {
    match options {
        (Some(folder), _) => local(Some(folder)),
        (None, true) => local(None),
        (None, false) => Ok(service.connect().await?.get("/v1/rules").await?),
    }
}

async fn list(options: &ListOptions) -> Result<Exit> {
    let mut found = rules((options.folder.as_deref(), options.built_in), &options.service).await?;
    if let (Some(place), Some(rules)) = (&options.place, found.as_array_mut()) {
        rules.retain(|rule| rule["jurisdiction"] == place.as_str());
    }
    Ok(tell(&options.service, &found, tables::rules))
}

async fn show(options: &ShowOptions) -> Result<Exit> {
    if options.id.starts_with("rul_") {
        let client = options.service.connect().await?;
        let found = client.get(&path(&options.id, "")?).await?;
        return Ok(tell(&options.service, &Value::Array(vec![found]), tables::publications));
    }
    let mut found = rules((None, options.built_in), &options.service).await?;
    if let Some(rules) = found.as_array_mut() {
        rules.retain(|rule| rule["id"] == options.id.as_str());
        if rules.is_empty() {
            eprintln!("no rule {}", options.id);
            return Ok(Exit::Failure);
        }
    }
    Ok(tell(&options.service, &found, tables::rule))
}

/// The path of a publication; an id that is none would be another path.
fn path(id: &str, rest: &str) -> Result<String> {
    plain(id)?;
    Ok(format!("/v1/rules/publications/{id}{rest}"))
}

fn plain(id: &str) -> Result<()> {
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_';
    if id.is_empty() || !id.bytes().all(fits) {
        bail!("{id:?} is no id");
    }
    Ok(())
}

async fn shadow(options: &IdOptions) -> Result<Exit> {
    let client = options.service.connect().await?;
    let found = json!({
        "publication": client.get(&path(&options.id, "")?).await?,
        "changes": client.get(&path(&options.id, "/changes")?).await?,
        "differences": client.get(&path(&options.id, "/differences?first=100")?).await?,
    });
    Ok(tell(&options.service, &found, tables::shadow))
}

async fn propose(options: &ProposeOptions) -> Result<Exit> {
    let documents = read(&options.folder)?;
    if let Err(error) = RuleSet::load(&documents) {
        eprintln!("wrong: {error}");
        return Ok(Exit::Failure);
    }
    let body = json!({ "documents": documents, "effectiveFrom": options.effective, "reason": options.reason });
    let client = options.service.connect().await?;
    let made = client.change("/v1/rules/publications", &body).await?;
    Ok(tell(&options.service, &Value::Array(vec![made]), tables::publications))
}

async fn decide(options: &DecideOptions, approve: bool) -> Result<Exit> {
    let body = json!({ "approve": approve, "reason": options.reason });
    let client = options.service.connect().await?;
    let made = client.change(&path(&options.id, "/decision")?, &body).await?;
    Ok(tell(&options.service, &Value::Array(vec![made]), tables::publications))
}

async fn replay(options: &IdOptions) -> Result<Exit> {
    plain(&options.id)?;
    let client = options.service.connect().await?;
    let found = client.get(&format!("/v1/rules/replays/{}", options.id)).await?;
    tell(&options.service, &found, tables::replays);
    let all = found.as_array().map_or(&[][..], Vec::as_slice);
    Ok(if all.iter().all(|replay| replay["same"] == true) {
        Exit::Success
    } else {
        Exit::Failure
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_of_the_program_are_listed_with_where_they_stand() {
        let listed = tables::rules(&local(None).unwrap(), false);
        for part in ["us-ca-cap", "US-CA", "seed", "verified", "us-mla-cap"] {
            assert!(listed.contains(part), "{part}");
        }
        let shown = local(None).unwrap();
        let rule = shown
            .as_array()
            .unwrap()
            .iter()
            .find(|rule| rule["id"] == "in-kfs")
            .unwrap();
        assert_eq!(rule["effectiveFrom"], "2024-10-01");
        assert!(tables::rule(&json!([rule]), false).contains("RBI/2024-25/18"));
    }

    #[test]
    fn a_folder_of_rules_is_checked_and_compared() {
        let folder = tempfile::tempdir().unwrap();
        for document in RuleSet::built_in_documents() {
            std::fs::write(folder.path().join(&document.name), &document.text).unwrap();
        }
        assert_eq!(check(Some(folder.path())).unwrap(), Exit::Success);
        assert_eq!(diff(folder.path(), None, true).unwrap(), Exit::Success);
        let file = folder.path().join("us-federal.toml");
        let text = std::fs::read_to_string(&file).unwrap();
        std::fs::write(&file, text.replace("value = \"36\"", "value = \"40\"")).unwrap();
        assert_eq!(check(Some(folder.path())).unwrap(), Exit::Success);
        assert_eq!(
            diff(folder.path(), None, true).unwrap(),
            Exit::Failure,
            "what took effect does not change"
        );
        std::fs::write(&file, text.replace("PERCENT_PER_YEAR", "DAYS")).unwrap();
        assert_eq!(check(Some(folder.path())).unwrap(), Exit::Failure);
        assert!(path("../x", "").is_err());
    }
}
