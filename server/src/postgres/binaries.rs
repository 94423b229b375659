//! Where PostgreSQL's programs are on this machine.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::PostgresError;
use super::account::Account;
use super::npm;

/// Oldest version that our SQL is written for.
const OLDEST: u32 = 15;
const PROGRAMS: [&str; 3] = ["postgres", "initdb", "pg_ctl"];

/// One installation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binaries {
    /// Folder of `postgres`, `initdb` and `pg_ctl`.
    pub folder: PathBuf,
    /// As it prints itself: `17.10`.
    pub version: String,
    /// From the npm package, which may need its links made first.
    pub package: bool,
}

impl Binaries {
    /// Version without its minor part.
    pub fn major(&self) -> &str {
        self.version.split('.').next().unwrap_or_default()
    }

    /// Of that folder, when it holds a whole PostgreSQL that is new enough.
    fn in_folder(folder: &Path) -> Option<Self> {
        if !PROGRAMS.iter().all(|program| folder.join(program).is_file()) {
            return None;
        }
        let version = version(&folder.join("postgres"))?;
        let found = Self {
            folder: folder.to_owned(),
            version,
            package: false,
        };
        (found.major().parse::<u32>().ok()? >= OLDEST).then_some(found)
    }
}

/// `postgres (PostgreSQL) 15.13 (Debian …)` gives `15.13`.
fn version(postgres: &Path) -> Option<String> {
    let output = Command::new(postgres).arg("--version").output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let number = text
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))?;
    Some(number.to_owned())
}

/// Every usable installation, preferred first: `USANCE_POSTGRES_BIN` alone when set, else the system's, newest first, else
/// the npm package's.
pub fn candidates() -> Vec<Binaries> {
    if let Some(folder) = std::env::var_os("USANCE_POSTGRES_BIN") {
        return Binaries::in_folder(Path::new(&folder)).into_iter().collect();
    }
    let mut seen = HashSet::new();
    let mut system: Vec<Binaries> = system_folders()
        .into_iter()
        .filter_map(|folder| folder.canonicalize().ok())
        .filter(|folder| seen.insert(folder.clone()))
        .filter_map(|folder| Binaries::in_folder(&folder))
        .collect();
    system.sort_by_key(|found| std::cmp::Reverse(found.major().parse::<u32>().unwrap_or(0)));
    system.extend(npm::find().and_then(|native| {
        npm::link(&native).ok()?;
        Binaries::in_folder(&native.join("bin")).map(|found| Binaries { package: true, ..found })
    }));
    system
}

fn system_folders() -> Vec<PathBuf> {
    let mut folders = Vec::new();
    if let Ok(output) = Command::new("pg_config").arg("--bindir").output() {
        folders.push(PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()));
    }
    for base in [
        "/usr/lib/postgresql",
        "/usr/local/opt",
        "/opt/homebrew/opt",
        "/Library/PostgreSQL",
    ] {
        let entries = std::fs::read_dir(base).into_iter().flatten().flatten();
        folders.extend(
            entries
                .map(|entry| entry.path().join("bin"))
                .filter(|bin| bin.join("initdb").is_file()),
        );
    }
    folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    folders
}

/// The installation that runs the cluster in `folder`, made by `made_by` (none: a new one), within reach of `account`.
pub fn choose(account: Account, folder: &Path, made_by: Option<&str>) -> Result<Binaries, PostgresError> {
    let found = candidates();
    let fits = |b: &&Binaries| made_by.is_none_or(|major| b.major() == major);
    let Some(chosen) = found.iter().find(fits) else {
        let majors: Vec<&str> = found.iter().map(Binaries::major).collect();
        return Err(match made_by {
            Some(made_by) => PostgresError::WrongVersion {
                folder: folder.to_owned(),
                made_by: made_by.to_owned(),
                found: if majors.is_empty() {
                    "none".to_owned()
                } else {
                    majors.join(", ")
                },
            },
            None => PostgresError::NotFound,
        });
    };
    if !chosen.package || account.reaches(&chosen.folder) {
        return Ok(chosen.clone());
    }
    let native = chosen.folder.parent().unwrap_or(&chosen.folder);
    let copy = npm::open_copy(native, &chosen.version, account.euid)?;
    Ok(Binaries {
        folder: copy.join("bin"),
        ..chosen.clone()
    })
}
