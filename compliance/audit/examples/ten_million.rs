//! Proof size and times at ten million entries: the tree as it is stored (leaves and subtrees of 256, 65,536, ... leaves), proofs made out of
//! it and checked, and a whole export verified. Prints the figures of `docs/benchmarks.md`.
//!
//! `ten_million --write FILE` writes the export alone, for `ten_million --verify FILE` or `usance audit verify FILE`.
#![expect(clippy::float_arithmetic, clippy::cast_precision_loss, reason = "figures for people")]

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read};
use std::time::{Duration, Instant};

use usance_audit::export::{CheckpointLine, EntryLine, Header, LOG, line};
use usance_audit::note::{Checkpoint, DEVELOPMENT_SEED, Signer, origin};
use usance_audit::tamper::Dice;
use usance_audit::tree::{
    Frontier, Hash, NodeId, Nodes, check_consistency, check_inclusion, consistency, fold, inclusion, inclusion_nodes,
    peaks,
};
use usance_audit::verify::{Trust, verify};
use usance_audit::{Actor, Code, Entry, Object, Record};
use uuid::Uuid;

const ENTRIES: u64 = 10_000_000;
const PROOFS: u64 = 2_000;
/// Entries between two signed checkpoints.
const CHECKPOINT_EVERY: u64 = 1_000;
const OPERATOR: &str = "usance.example/audit";
const TENANT: Uuid = Uuid::from_u128(7);

/// What the database stores.
#[derive(Default)]
struct Stored(HashMap<u8, Vec<Hash>>);

impl Stored {
    fn push(&mut self, leaf: Hash) {
        let (mut level, mut hash) = (0, leaf);
        loop {
            let row = self.0.entry(level).or_default();
            row.push(hash);
            if !row.len().is_multiple_of(256) {
                return;
            }
            let Some(root) = fold(&row[row.len() - 256..]) else {
                return;
            };
            (level, hash) = (level + 8, root);
        }
    }
}

impl Nodes for Stored {
    fn get(&self, id: NodeId) -> Option<Hash> {
        let span = id.span();
        let (from, count) = (usize::try_from(span.from).ok()?, usize::try_from(span.count).ok()?);
        fold(self.0.get(&span.level)?.get(from..from + count)?)
    }
}

fn entry(number: u64) -> Entry {
    let object = Object::of(Code::of("decision"), Uuid::from_u64_pair(1, number));
    Record::new(TENANT, Actor::SYSTEM, Code::of("decision.request"), object)
        .about(Uuid::from_u64_pair(2, number))
        .decided(Code::of("OFFER"))
        .under(Code::of(
            "4ad1c6b1bb12ad1d2f4b6f0f0a9a0d36a5d6a5f7c2a9a4a2d7a4f5b8c1d2e3f4",
        ))
        .at(Uuid::from_u64_pair(3, number), chrono::DateTime::UNIX_EPOCH)
}

/// The export, made line by line so that it never lies in memory.
struct Lines {
    next: u64,
    text: Vec<u8>,
    read: usize,
    bytes: u64,
}

impl Lines {
    fn new(head: &str) -> Self {
        let text = head.as_bytes().to_vec();
        let bytes = text.len() as u64;
        Self {
            next: 0,
            text,
            read: 0,
            bytes,
        }
    }
}

impl Read for Lines {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        if self.read == self.text.len() && self.next < ENTRIES {
            self.text.clear();
            for seq in self.next..(self.next + 64).min(ENTRIES) {
                let made = EntryLine { seq, entry: entry(seq) };
                self.text.extend_from_slice(line(&made)?.as_bytes());
            }
            self.next = (self.next + 64).min(ENTRIES);
            (self.read, self.bytes) = (0, self.bytes + self.text.len() as u64);
        }
        let count = into.len().min(self.text.len() - self.read);
        into[..count].copy_from_slice(&self.text[self.read..self.read + count]);
        self.read += count;
        Ok(count)
    }
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => whole(),
        ["--write", file] => {
            let mut lines = Lines::new(&head(&grow(None)));
            let mut file = File::create(file).expect("a new file");
            std::io::copy(&mut lines, &mut file).expect("written lines");
            println!("{:.2} GB", lines.bytes as f64 / 1e9);
        }
        ["--verify", file] => {
            let start = Instant::now();
            let file = BufReader::new(File::open(file).expect("the export"));
            let report = verify(file, &Trust::default()).expect("an honest export");
            println!(
                "export of {} entries and {} checkpoints verified: {}",
                report.entries,
                report.checkpoints,
                rate(start.elapsed())
            );
        }
        _ => println!("usage: ten_million [--write FILE | --verify FILE]"),
    }
}

/// The edges of the tree where checkpoints are signed, the last of them of all entries; stores the hashes when asked to.
fn grow(mut stored: Option<&mut Stored>) -> Vec<Frontier> {
    let (mut edge, mut edges) = (Frontier::default(), Vec::new());
    for number in 0..ENTRIES {
        let leaf = entry(number).leaf();
        if let Some(stored) = stored.as_mut() {
            stored.push(leaf);
        }
        edge.push(leaf);
        if edge.size().is_multiple_of(CHECKPOINT_EVERY) {
            edges.push(edge.clone());
        }
    }
    edges
}

/// Header and signed checkpoints of the export.
fn head(edges: &[Frontier]) -> String {
    let signer = Signer::new(OPERATOR, &DEVELOPMENT_SEED).expect("a name");
    let header = Header {
        format: LOG.to_owned(),
        origin: origin(OPERATOR, TENANT),
        tenant: TENANT,
        from: 0,
        to: ENTRIES,
        peaks: Vec::new(),
        checkpoints: edges.len() as u64,
        keys: vec![signer.verifier().to_string()],
    };
    let mut text = line(&header).expect("JSON");
    for edge in edges {
        let checkpoint = signer.sign(&Checkpoint {
            origin: origin(OPERATOR, TENANT),
            size: edge.size(),
            root: edge.root(),
            at: chrono::DateTime::UNIX_EPOCH,
        });
        text += &line(&CheckpointLine { checkpoint }).expect("JSON");
    }
    text
}

fn whole() {
    let mut stored = Stored::default();
    let start = Instant::now();
    let edges = grow(Some(&mut stored));
    println!("tree of {ENTRIES} entries: {}", rate(start.elapsed()));
    proofs(&stored, edges.last().expect("the whole"));
    let head = head(&edges);
    let start = Instant::now();
    let mut lines = Lines::new(&head);
    std::io::copy(&mut lines, &mut std::io::sink()).expect("lines");
    let making = start.elapsed();
    println!(
        "export: {:.2} GB, written in {}",
        lines.bytes as f64 / 1e9,
        rate(making)
    );
    let start = Instant::now();
    let report = verify(BufReader::new(Lines::new(&head)), &Trust::default()).expect("an honest export");
    let took = start.elapsed().saturating_sub(making);
    println!(
        "export of {} entries verified: {} (the writing taken off)",
        report.entries,
        rate(took)
    );
}

fn rate(took: Duration) -> String {
    format!(
        "{:.1} s, {:.2} µs an entry",
        took.as_secs_f64(),
        took.as_micros() as f64 / ENTRIES as f64
    )
}

fn proofs(stored: &Stored, edge: &Frontier) {
    let (mut dice, root) = (Dice::new(1), edge.root());
    let (mut made, mut checked, mut largest, mut reads) = (Vec::new(), Vec::new(), 0, 0);
    for _ in 0..PROOFS {
        let index = dice.below(ENTRIES);
        let start = Instant::now();
        let proof = inclusion(stored, index, ENTRIES).expect("a proof");
        made.push(start.elapsed());
        let leaf = entry(index).leaf();
        let start = Instant::now();
        check_inclusion(leaf, (index, ENTRIES), &proof, &root).expect("an honest proof");
        checked.push(start.elapsed());
        largest = largest.max(proof.len());
        reads = reads.max(inclusion_nodes(index, ENTRIES).len());
    }
    let (made, checked) = (median(&mut made), median(&mut checked));
    println!(
        "inclusion: {largest} hashes, {} bytes, {reads} reads; made in {made:?}, checked in {checked:?}",
        largest * 32
    );
    let (mut checked, mut largest) = (Vec::new(), 0);
    for _ in 0..PROOFS / 10 {
        let old = dice.below(ENTRIES - 1) + 1;
        let proof = consistency(stored, old, ENTRIES).expect("a proof");
        let first = root_of(stored, old);
        let start = Instant::now();
        check_consistency((old, &first), (ENTRIES, &root), &proof).expect("an honest proof");
        checked.push(start.elapsed());
        largest = largest.max(proof.len());
    }
    println!(
        "growth: {largest} hashes, {} bytes; checked in {:?}",
        largest * 32,
        median(&mut checked)
    );
}

fn root_of(stored: &Stored, size: u64) -> Hash {
    let edge = peaks(size)
        .iter()
        .map(|id| stored.get(*id).expect("a stored node"))
        .collect();
    Frontier::new(size, edge).expect("an edge").root()
}

fn median(times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}
