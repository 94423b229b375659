//! `usance screen`: names and wallets against sanctions lists, from files on this machine; no service is needed.
//!
//! Ends with 0, with 1 when `wallet` found the address on a list, and with 2 when it could not be done.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use aggregator::screening::folder;
use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use screening::lists::csv::Record;
use screening::lists::{Notice, NoticeKind, Snapshot, built_in};
use screening::{EntityKind, Index, Match, Scratch, SearchOptions, Subject, pairs, wallets::WalletIndex};
use serde_json::{Map, Value, json};

use super::screen_rows::{Gone, Out, Sheet, in_order};
use super::screen_tables as tables;
use super::{Exit, print};

/// `usance screen`.
#[derive(Args, Debug)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Options {
    #[command(subcommand)]
    what: Option<What>,
    #[command(flatten)]
    queries: Queries,
}

/// Without a further word: every name of a file against lists.
#[derive(Args, Debug)]
struct Queries {
    #[command(flatten)]
    source: Source,
    /// Names, CSV with a header; one answer for each row, in the same order.
    #[arg(long = "queries", value_name = "FILE", required = true)]
    file: Option<PathBuf>,
    /// The column with the names.
    #[arg(long, default_value = "query")]
    column: String,
    /// At most so many entries for each name.
    #[arg(long, default_value_t = 5)]
    top: usize,
    /// No entry scored below this, 0 to 1.
    #[arg(long, default_value_t = 0.0)]
    floor: f32,
    #[command(flatten)]
    how: How,
}

/// Which lists.
#[derive(Args, Debug)]
struct Source {
    /// Folder with lists: OFAC (CSV, XML), UN (XML), EU (CSV), own tables, packed by gzip or not. The list of this build when left out.
    #[arg(long, value_name = "DIR")]
    lists: Option<PathBuf>,
}

/// How to answer.
#[derive(Args, Debug)]
struct How {
    /// One JSON object a line.
    #[arg(long)]
    json: bool,
    /// Threads; as many as there are cores when left out.
    #[arg(long)]
    threads: Option<usize>,
}

#[derive(Subcommand, Debug)]
enum What {
    /// Score the pairs of names of a file: columns name1 and name2, and schema (Person, Company, Vessel) when there is one.
    Pairs {
        /// CSV with a header.
        file: PathBuf,
        #[command(flatten)]
        how: How,
    },
    /// Show for one name what each score is made of.
    Explain {
        /// The name.
        name: String,
        #[command(flatten)]
        source: Source,
        /// At most so many entries.
        #[arg(long, default_value_t = 3)]
        top: usize,
    },
    /// Look an address up among the listed wallets. Ends with 1 when it is one.
    Wallet {
        /// The address, in any spelling.
        address: String,
        #[command(flatten)]
        source: Source,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
    /// Say what changed between two folders of lists.
    Delta {
        /// The former lists.
        from: PathBuf,
        /// The newer lists.
        to: PathBuf,
        /// One JSON object.
        #[arg(long)]
        json: bool,
    },
}

/// Runs the command.
pub fn run(options: &Options) -> Result<ExitCode> {
    let done = match &options.what {
        None => names(&options.queries),
        Some(What::Pairs { file, how }) => name_pairs(file, how),
        Some(What::Explain { name, source, top }) => explain(name, source, *top),
        Some(What::Wallet { address, source, json }) => wallet(address, source, *json),
        Some(What::Delta { from, to, json }) => delta(from, to, *json),
    };
    match done {
        Err(error) if error.is::<Gone>() => Ok(Exit::Success.into()),
        other => other.map(ExitCode::from),
    }
}

fn threads(how: &How) -> usize {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    how.threads.unwrap_or(cores).max(1)
}

fn snapshot(source: &Source) -> Result<Snapshot> {
    let began = Instant::now();
    let snapshot = match &source.lists {
        Some(folder) => load(folder)?,
        None => built_in().cloned().context("the lists of this build")?,
    };
    let lists: Vec<&str> = snapshot.lists.iter().map(|info| info.list.as_str()).collect();
    eprintln!(
        "{}: {} entries, version {} in {} ms",
        lists.join(", "),
        snapshot.entities.len(),
        &snapshot.version[..16],
        began.elapsed().as_millis()
    );
    for line in warnings(&snapshot.notices) {
        eprintln!("{line}");
    }
    Ok(snapshot)
}

fn load(folder: &Path) -> Result<Snapshot> {
    if !folder.is_dir() {
        bail!("{} is not a folder", folder.display());
    }
    folder::load(folder).with_context(|| format!("lists in {}", folder.display()))
}

/// One line for each kind of oddity; a missing part is told in full.
fn warnings(notices: &[Notice]) -> Vec<String> {
    let mut lines: Vec<String> = notices
        .iter()
        .filter(|notice| notice.kind == NoticeKind::MissingPart)
        .map(|notice| format!("warning: {}: {}", notice.file, notice.text))
        .collect();
    for (kind, words) in [
        (
            NoticeKind::MalformedWallet,
            "malformed wallets at the source, compared as printed",
        ),
        (NoticeKind::CutRemark, "remarks that are cut at the source"),
        (NoticeKind::UnusedRemark, "ends of remarks without a beginning"),
        (NoticeKind::Date, "dates that are not understood"),
        (NoticeKind::Country, "countries that are not known"),
        (NoticeKind::EmptyAlias, "aliases without a name"),
    ] {
        let count = notices.iter().filter(|notice| notice.kind == kind).count();
        if count > 0 {
            lines.push(format!("note: {count} {words}"));
        }
    }
    lines
}

fn index(snapshot: &Snapshot) -> Index {
    let began = Instant::now();
    let index = Index::build(&snapshot.entities);
    eprintln!("index of {} names in {} ms", index.names(), began.elapsed().as_millis());
    index
}

/// Tells on standard error how far the work is: a line that changes on a terminal, nothing otherwise but the end.
fn progress(total: usize, what: &str) -> impl FnMut(usize) {
    let began = Instant::now();
    let terminal = std::io::stderr().is_terminal();
    move |done| {
        if done == total {
            let mark = if terminal { "\r" } else { "" };
            eprintln!("{mark}{total} {what} in {} ms", began.elapsed().as_millis());
        } else if terminal {
            eprint!("\r{done} of {total} {what}");
        }
    }
}

fn names(options: &Queries) -> Result<Exit> {
    let file = options.file.as_deref().context("--queries is needed")?;
    if !(0.0..=1.0).contains(&options.floor) {
        bail!("--floor lies between 0 and 1");
    }
    let sheet = Sheet::open(file, &[&options.column])?;
    let snapshot = snapshot(&options.source)?;
    let index = index(&snapshot);
    let wanted = SearchOptions {
        limit: options.top,
        floor: options.floor,
    };
    let work = |row: &Record, scratch: &mut Scratch| {
        let query = sheet.get(row, &options.column).unwrap_or_default();
        let hits = if query.is_empty() {
            Vec::new()
        } else {
            index.search(&Subject::named(query), &wanted, scratch)
        };
        if options.how.json {
            let hits: Vec<Value> = hits.iter().map(|hit| hit_json(hit, &snapshot)).collect();
            json!({ "query": query, "hits": hits }).to_string()
        } else {
            tables::hits(query, &hits)
        }
    };
    let mut out = Out::new();
    if !options.how.json {
        out.line(&tables::hits_heading())?;
    }
    let progress = progress(sheet.rows().len(), "names");
    in_order(
        sheet.rows(),
        threads(&options.how),
        &work,
        |text| out.line(&text),
        progress,
    )?;
    out.finish()?;
    Ok(Exit::Success)
}

fn hit_json(hit: &Match, snapshot: &Snapshot) -> Value {
    let kind = usize::try_from(hit.entity)
        .ok()
        .and_then(|at| snapshot.entities.get(at))
        .map(|entity| entity.kind);
    json!({
        "entity_id": hit.id,
        "list": hit.list,
        "name": hit.name,
        "grade": hit.grade,
        "kind": kind,
        "score": hit.score,
    })
}

/// The kinds of `name_pairs.csv`.
fn kind_of(schema: Option<&str>) -> EntityKind {
    match schema.unwrap_or_default().to_ascii_lowercase().as_str() {
        "person" => EntityKind::Person,
        "company" | "organization" | "organisation" | "legalentity" | "publicbody" => EntityKind::Organization,
        "vessel" => EntityKind::Vessel,
        "airplane" | "aircraft" => EntityKind::Aircraft,
        _ => EntityKind::Unknown,
    }
}

fn name_pairs(file: &Path, how: &How) -> Result<Exit> {
    let sheet = Sheet::open(file, &["name1", "name2"])?;
    let work = |row: &Record, (): &mut ()| {
        let name = |column| sheet.get(row, column).unwrap_or_default();
        let score = pairs::score(kind_of(sheet.get(row, "schema")), name("name1"), name("name2"));
        if how.json {
            let mut object = Map::new();
            object.insert("score".to_owned(), json!(score));
            for (column, value) in sheet.columns().iter().zip(&row.fields) {
                object.insert(column.clone(), json!(value));
            }
            Value::Object(object).to_string()
        } else {
            tables::pair(score, name("name1"), name("name2"))
        }
    };
    let mut out = Out::new();
    if !how.json {
        out.line(&tables::pairs_heading())?;
    }
    let progress = progress(sheet.rows().len(), "pairs");
    in_order(sheet.rows(), threads(how), &work, |text| out.line(&text), progress)?;
    out.finish()?;
    Ok(Exit::Success)
}

fn explain(name: &str, source: &Source, top: usize) -> Result<Exit> {
    let snapshot = snapshot(source)?;
    let index = index(&snapshot);
    let wanted = SearchOptions { limit: top, floor: 0.0 };
    let hits = index.search(&Subject::named(name), &wanted, &mut Scratch::default());
    print(&tables::explanation(name, &hits, &snapshot));
    Ok(Exit::Success)
}

fn wallet(address: &str, source: &Source, as_json: bool) -> Result<Exit> {
    let snapshot = snapshot(source)?;
    let index = WalletIndex::build(&snapshot.entities);
    let check = index.check(address);
    if as_json {
        let answer = json!({
            "address": address,
            "form": check.form,
            "well_formed": check.well_formed,
            "list_version": snapshot.version,
            "hits": check.hits,
        });
        print(&format!("{answer}\n"));
    } else {
        print(&tables::wallet(address, &check));
    }
    Ok(if check.hits.is_empty() {
        Exit::Success
    } else {
        Exit::Failure
    })
}

fn delta(from: &Path, to: &Path, as_json: bool) -> Result<Exit> {
    let (from, to) = (load(from)?, load(to)?);
    let delta = screening::delta::Delta::between(&from, &to);
    if as_json {
        print(&format!("{}\n", serde_json::to_string(&delta)?));
    } else {
        print(&tables::delta(&delta, &from, &to));
    }
    Ok(Exit::Success)
}
