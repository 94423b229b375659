//! Verification of exports: pure, from the export and what the reader knows from outside.

use std::collections::BTreeSet;
use std::io::BufRead;

use chrono::{DateTime, Utc};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::export::{CONSISTENCY, CheckpointLine, ConsistencyLine, EntryLine, Header, INCLUSION, InclusionLine, LOG};
use crate::note::{Checkpoint, NoteError, Verifier, open, origin_hash};
use crate::tree::{Frontier, Hash, ProofError, check_consistency, check_inclusion};

/// Longest line, bytes: a hostile file must not fill the memory.
const LONGEST_LINE: usize = 64 * 1024;
/// Most checkpoints of an export.
const MOST_LINES: u64 = 5_000_000;

/// What the reader knows from somewhere else than the export.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Keys that may sign; empty takes those that the export names.
    pub keys: Vec<Verifier>,
    /// Signed notes that were kept elsewhere.
    pub checkpoints: Vec<String>,
    /// Roots read from a chain or another store.
    pub roots: Vec<KnownRoot>,
}

/// A root that was kept elsewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KnownRoot {
    /// SHA-256 of the name of the log.
    pub origin: Hash,
    /// Size of the tree.
    pub size: u64,
    /// Its root.
    pub root: Hash,
}

/// What a verification found to be true.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Name of the log.
    pub origin: String,
    /// Whose log; none for a proof of growth.
    pub tenant: Option<Uuid>,
    /// Entries that were hashed.
    pub entries: u64,
    /// Size of the newest tree.
    pub size: u64,
    /// Its root.
    pub root: Hash,
    /// Times of the first and the last entry.
    pub times: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Time of the newest checkpoint.
    pub signed_at: DateTime<Utc>,
    /// Checkpoints whose root was computed again and is the signed one.
    pub checkpoints: u64,
    /// Keys that signed, written.
    pub keys: Vec<String>,
    /// Whether those keys came from outside the export.
    pub keys_known: bool,
    /// Entries below this number are under a root that was kept elsewhere; zero when none was given.
    pub anchored: u64,
}

/// The first thing that is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {problem}")]
pub struct Finding {
    /// From 1; 0 concerns the whole.
    pub line: u64,
    /// What.
    pub problem: Problem,
}

/// What is not as it must be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// The file ends early, or goes on too long.
    #[error("the file has too few or too many lines")]
    Length,
    /// The line is not in its one form.
    #[error("not in its one form: {0}")]
    Form(String),
    /// Something does not belong here: another tenant, another number, another log.
    #[error("{0}")]
    Foreign(&'static str),
    /// A checkpoint.
    #[error("checkpoint: {0}")]
    Note(#[from] NoteError),
    /// The tree.
    #[error("proof: {0}")]
    Proof(#[from] ProofError),
    /// The entries give another root than the signed one.
    #[error("the entries up to {size} give the root {computed}, and {expected} was signed")]
    Root {
        /// Size of the tree.
        size: u64,
        /// From the entries.
        computed: Hash,
        /// Signed.
        expected: Hash,
    },
    /// The entries give another root than the one that was kept elsewhere.
    #[error("the entries up to {size} give another root than the one that was kept elsewhere")]
    Anchor {
        /// Size of the tree.
        size: u64,
    },
    /// A root that was kept elsewhere is of a longer log.
    #[error("{kept} entries were there when a checkpoint was kept elsewhere, and the export ends at {to}")]
    Truncated {
        /// Size of the kept checkpoint.
        kept: u64,
        /// Size of the export.
        to: u64,
    },
    /// A root that was kept elsewhere is of before the export begins, so that nothing can be compared.
    #[error("the export begins after the checkpoint that was kept elsewhere; it needs a proof of growth")]
    Before,
    /// The file cannot be read.
    #[error("cannot be read: {0}")]
    Read(String),
}

/// Lines with their numbers; each has one form.
struct Lines<R> {
    input: R,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn fail<T>(&self, problem: impl Into<Problem>) -> Result<T, Finding> {
        let (line, problem) = (self.number, problem.into());
        Err(Finding { line, problem })
    }

    /// The next line with its line feed; none at the end.
    fn text(&mut self) -> Result<Option<String>, Finding> {
        self.number += 1;
        let mut bytes = Vec::new();
        let mut limited = std::io::Read::take(&mut self.input, LONGEST_LINE as u64);
        if let Err(error) = limited.read_until(b'\n', &mut bytes) {
            return self.fail(Problem::Read(error.to_string()));
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        match String::from_utf8(bytes) {
            Ok(text) => Ok(Some(text)),
            Err(_) => self.fail(Problem::Form("not text".to_owned())),
        }
    }

    fn next<T: Serialize + DeserializeOwned>(&mut self) -> Result<T, Finding> {
        match self.text()? {
            Some(text) => self.read(&text),
            None => self.fail(Problem::Length),
        }
    }

    fn read<T: Serialize + DeserializeOwned>(&self, text: &str) -> Result<T, Finding> {
        let value: T = match serde_json::from_str(text) {
            Ok(value) => value,
            Err(error) => return self.fail(Problem::Form(error.to_string())),
        };
        match crate::export::line(&value) {
            Ok(again) if again == text => Ok(value),
            _ => self.fail(Problem::Form("written in another way".to_owned())),
        }
    }

    fn end(&mut self) -> Result<(), Finding> {
        match self.text()? {
            None => Ok(()),
            Some(_) => self.fail(Problem::Length),
        }
    }
}

/// Verifies an export of any format.
pub fn verify(input: impl BufRead, trust: &Trust) -> Result<Report, Finding> {
    #[derive(serde::Deserialize)]
    struct Format {
        format: String,
    }
    let mut lines = Lines { input, number: 0 };
    let Some(first) = lines.text()? else {
        return lines.fail(Problem::Length);
    };
    let format = match serde_json::from_str::<Format>(&first) {
        Ok(found) => found.format,
        Err(error) => return lines.fail(Problem::Form(error.to_string())),
    };
    match format.as_str() {
        LOG => log(&mut lines, &first, trust),
        INCLUSION => one_entry(&mut lines, &first, trust),
        CONSISTENCY => growth(&mut lines, &first, trust),
        _ => lines.fail(Problem::Form("unknown format".to_owned())),
    }
}

/// Keys that may sign: those from outside, or those that the export names.
fn keys<R: BufRead>(lines: &Lines<R>, named: &[String], trust: &Trust) -> Result<Vec<Verifier>, Finding> {
    let mut read = Vec::new();
    for text in named {
        match Verifier::parse(text) {
            Some(key) if trust.keys.is_empty() || trust.keys.contains(&key) => read.push(key),
            Some(_) => return lines.fail(NoteError::Key),
            None => return lines.fail(Problem::Form("not a key".to_owned())),
        }
    }
    Ok(read)
}

/// Roots that were kept elsewhere, of this log, with the line that they concern.
fn kept<R: BufRead>(
    lines: &Lines<R>,
    (origin, keys): (&str, &[Verifier]),
    trust: &Trust,
) -> Result<Vec<(u64, Hash)>, Finding> {
    let mut found = Vec::new();
    for note in &trust.checkpoints {
        let (_, checkpoint) = open(keys, note).or_else(|error| lines.fail(error))?;
        if checkpoint.origin != origin {
            return lines.fail(Problem::Foreign(
                "the checkpoint that was kept elsewhere is of another log",
            ));
        }
        found.push((checkpoint.size, checkpoint.root));
    }
    for root in &trust.roots {
        if root.origin != origin_hash(origin) {
            return lines.fail(Problem::Foreign("the root that was kept elsewhere is of another log"));
        }
        found.push((root.size, root.root));
    }
    found.sort_unstable_by_key(|(size, _)| *size);
    Ok(found)
}

fn log<R: BufRead>(lines: &mut Lines<R>, first: &str, trust: &Trust) -> Result<Report, Finding> {
    let header: Header = lines.read(first)?;
    if header.from > header.to || header.checkpoints == 0 || header.checkpoints > MOST_LINES {
        return lines.fail(Problem::Foreign("the header contradicts itself"));
    }
    let suffix = header.origin.strip_suffix(&header.tenant.to_string());
    if !suffix.is_some_and(|operator| operator.ends_with('/')) {
        return lines.fail(Problem::Foreign("the name of the log is not the tenant's"));
    }
    let Some(edge) = Frontier::new(header.from, header.peaks.clone()) else {
        return lines.fail(ProofError::Length);
    };
    let keys = keys(lines, &header.keys, trust)?;
    let kept = kept(lines, (&header.origin, &keys), trust)?;
    if let Some((size, _)) = kept.last().filter(|(size, _)| *size > header.to) {
        return lines.fail(Problem::Truncated {
            kept: *size,
            to: header.to,
        });
    }
    if kept.first().is_some_and(|(size, _)| *size < header.from) {
        return lines.fail(Problem::Before);
    }
    let signed = checkpoints(lines, &header, &keys)?;
    let (edge, times) = entries(lines, &header, edge, (&signed, &kept))?;
    lines.end()?;
    Ok(Report {
        tenant: Some(header.tenant),
        entries: header.to - header.from,
        size: edge.size(),
        root: edge.root(),
        times,
        signed_at: signed.last().map_or(DateTime::UNIX_EPOCH, |checkpoint| checkpoint.at),
        checkpoints: header.checkpoints,
        keys: header.keys,
        keys_known: !trust.keys.is_empty(),
        anchored: kept.last().map_or(0, |(size, _)| *size),
        origin: header.origin,
    })
}

fn checkpoints<R: BufRead>(
    lines: &mut Lines<R>,
    header: &Header,
    keys: &[Verifier],
) -> Result<Vec<Checkpoint>, Finding> {
    let mut found: Vec<Checkpoint> = Vec::new();
    let mut used = BTreeSet::new();
    for _ in 0..header.checkpoints {
        let line: CheckpointLine = lines.next()?;
        let (key, checkpoint) = open(keys, &line.checkpoint).or_else(|error| lines.fail(error))?;
        used.insert(key.to_string());
        let rising = found
            .last()
            .is_none_or(|before| before.size < checkpoint.size && before.at <= checkpoint.at);
        if checkpoint.origin != header.origin || checkpoint.size < header.from || !rising {
            return lines.fail(Problem::Foreign("this checkpoint does not belong here"));
        }
        found.push(checkpoint);
    }
    if found.last().map(|last| last.size) != Some(header.to) {
        return lines.fail(Problem::Foreign("the last checkpoint is not of the whole export"));
    }
    if !used.iter().eq(header.keys.iter().collect::<BTreeSet<_>>()) || used.len() != header.keys.len() {
        return lines.fail(Problem::Foreign("the header names a key that signed nothing"));
    }
    Ok(found)
}

type Times = Option<(DateTime<Utc>, DateTime<Utc>)>;

/// Hashes every entry and compares the roots on the way.
fn entries<R: BufRead>(
    lines: &mut Lines<R>,
    header: &Header,
    mut edge: Frontier,
    (signed, kept): (&[Checkpoint], &[(u64, Hash)]),
) -> Result<(Frontier, Times), Finding> {
    let (mut signed, mut kept) = (signed.iter().peekable(), kept.iter().peekable());
    let mut times: Times = None;
    loop {
        while let Some(checkpoint) = signed.next_if(|checkpoint| checkpoint.size == edge.size()) {
            let (computed, expected) = (edge.root(), checkpoint.root);
            if computed != expected {
                return lines.fail(Problem::Root {
                    size: edge.size(),
                    computed,
                    expected,
                });
            }
        }
        while let Some((size, root)) = kept.next_if(|(size, _)| *size == edge.size()) {
            if edge.root() != *root {
                return lines.fail(Problem::Anchor { size: *size });
            }
        }
        if edge.size() == header.to {
            return Ok((edge, times));
        }
        let line: EntryLine = lines.next()?;
        if line.seq != edge.size() {
            return lines.fail(Problem::Foreign("this entry has another number"));
        }
        if line.entry.tenant != header.tenant {
            return lines.fail(Problem::Foreign("this entry is of another tenant"));
        }
        let at = line.entry.at;
        times = Some(times.map_or((at, at), |(first, _)| (first, at)));
        edge.push(line.entry.leaf());
    }
}

/// Compares single checkpoints with what was kept elsewhere; answers how far they agree.
fn compare<R: BufRead>(lines: &Lines<R>, of: &[&Checkpoint], kept: &[(u64, Hash)]) -> Result<u64, Finding> {
    let mut anchored = 0;
    for (size, root) in kept {
        match of.iter().find(|checkpoint| checkpoint.size == *size) {
            Some(checkpoint) if checkpoint.root == *root => anchored = anchored.max(*size),
            Some(_) => return lines.fail(Problem::Anchor { size: *size }),
            None => {
                return lines.fail(Problem::Foreign(
                    "the checkpoint that was kept elsewhere has another size",
                ));
            }
        }
    }
    Ok(anchored)
}

fn one_entry<R: BufRead>(lines: &mut Lines<R>, first: &str, trust: &Trust) -> Result<Report, Finding> {
    let line: InclusionLine = lines.read(first)?;
    let named = vec![line.key.clone()];
    let keys = keys(lines, &named, trust)?;
    let (_, checkpoint) = open(&keys, &line.checkpoint).or_else(|error| lines.fail(error))?;
    let tenant = line.entry.tenant;
    if !checkpoint.origin.ends_with(&format!("/{tenant}")) {
        return lines.fail(Problem::Foreign("the entry is of another tenant than the log"));
    }
    let place = (line.seq, checkpoint.size);
    check_inclusion(line.entry.leaf(), place, &line.proof, &checkpoint.root).or_else(|error| lines.fail(error))?;
    let kept = kept(lines, (&checkpoint.origin, &keys), trust)?;
    let anchored = compare(lines, &[&checkpoint], &kept)?;
    lines.end()?;
    Ok(Report {
        origin: checkpoint.origin,
        tenant: Some(tenant),
        entries: 1,
        size: checkpoint.size,
        root: checkpoint.root,
        times: Some((line.entry.at, line.entry.at)),
        signed_at: checkpoint.at,
        checkpoints: 1,
        keys: named,
        keys_known: !trust.keys.is_empty(),
        anchored,
    })
}

fn growth<R: BufRead>(lines: &mut Lines<R>, first: &str, trust: &Trust) -> Result<Report, Finding> {
    let line: ConsistencyLine = lines.read(first)?;
    let keys = keys(lines, &line.keys, trust)?;
    let (by_old, old) = open(&keys, &line.old).or_else(|error| lines.fail(error))?;
    let (by_new, new) = open(&keys, &line.new).or_else(|error| lines.fail(error))?;
    let used = BTreeSet::from([by_old.to_string(), by_new.to_string()]);
    if !used.iter().eq(line.keys.iter()) {
        return lines.fail(Problem::Foreign("a key is named that signed nothing"));
    }
    if old.origin != new.origin || old.at > new.at {
        return lines.fail(Problem::Foreign(
            "the checkpoints are of two logs, or the wrong way round",
        ));
    }
    check_consistency((old.size, &old.root), (new.size, &new.root), &line.proof).or_else(|error| lines.fail(error))?;
    let kept = kept(lines, (&old.origin, &keys), trust)?;
    let anchored = compare(lines, &[&old, &new], &kept)?;
    lines.end()?;
    Ok(Report {
        tenant: None,
        entries: 0,
        size: new.size,
        root: new.root,
        times: None,
        signed_at: new.at,
        checkpoints: 2,
        keys: line.keys,
        keys_known: !trust.keys.is_empty(),
        anchored,
        origin: new.origin,
    })
}
