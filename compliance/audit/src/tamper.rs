//! Damage to exports, for tests and drills: every kind of it, from a seed, to show that verification finds it.

use uuid::Uuid;

use crate::entry::Entry;
use crate::export::{CheckpointLine, EntryLine, Header, line};
use crate::note::{Checkpoint, Signer, open, origin};
use crate::tree::Frontier;
use crate::{Code, note};

/// Numbers from a seed (SplitMix64): the same seed gives the same damage.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// From a seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `bound`; zero for a bound of zero.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)).checked_rem(bound).unwrap_or(0)
    }

    fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }
}

/// Kinds of damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Damage {
    /// One bit of the file.
    FlipBit,
    /// A line is gone.
    DeleteLine,
    /// An entry is gone, the rest numbered anew.
    DeleteEntry,
    /// An entry is there twice, the rest numbered anew.
    RepeatEntry,
    /// An entry that nobody recorded.
    ForgeEntry,
    /// Two entries changed places.
    Reorder,
    /// The end of the file is gone.
    Cut,
    /// An older, honest state of the log: only a checkpoint from outside finds it.
    RollBack,
    /// One field of an entry says something else.
    Edit,
    /// An edit, every root computed again and signed by another key.
    Rebuild,
    /// An edit, every root computed again and signed by the operator's own key: only a checkpoint from outside finds it.
    InsideJob,
    /// The log is presented as another tenant's, built again and signed by the operator's own key.
    SwapTenant,
    /// Entries of another tenant's log in this one.
    ForeignEntry,
}

impl Damage {
    /// All of them.
    pub const ALL: [Self; 13] = [
        Self::FlipBit,
        Self::DeleteLine,
        Self::DeleteEntry,
        Self::RepeatEntry,
        Self::ForgeEntry,
        Self::Reorder,
        Self::Cut,
        Self::RollBack,
        Self::Edit,
        Self::Rebuild,
        Self::InsideJob,
        Self::SwapTenant,
        Self::ForeignEntry,
    ];
}

/// An honest export, taken apart.
#[derive(Clone, Debug)]
pub struct Victim {
    bytes: Vec<u8>,
    header: Header,
    checkpoints: Vec<(String, Checkpoint)>,
    entries: Vec<Entry>,
    /// The operator's key, where the drill knows it.
    insider: Option<Signer>,
}

impl Victim {
    /// Takes a whole log apart; none when it is not one, or begins after its first entry, or has fewer than two entries.
    pub fn new(export: &[u8], insider: Option<Signer>) -> Option<Self> {
        let text = std::str::from_utf8(export).ok()?;
        let mut lines = text.lines();
        let header: Header = serde_json::from_str(lines.next()?).ok()?;
        let keys: Vec<_> = header
            .keys
            .iter()
            .filter_map(|key| note::Verifier::parse(key))
            .collect();
        let mut checkpoints = Vec::new();
        for _ in 0..header.checkpoints {
            let read: CheckpointLine = serde_json::from_str(lines.next()?).ok()?;
            let (_, checkpoint) = open(&keys, &read.checkpoint).ok()?;
            checkpoints.push((read.checkpoint, checkpoint));
        }
        let entries = lines.map(|text| serde_json::from_str::<EntryLine>(text).map(|read| read.entry));
        let entries: Vec<Entry> = entries.collect::<Result<_, _>>().ok()?;
        let (bytes, fits) = (export.to_vec(), header.from == 0 && entries.len() > 1);
        fits.then_some(Self {
            bytes,
            header,
            checkpoints,
            entries,
            insider,
        })
    }

    /// The newest checkpoint: what was kept elsewhere.
    pub fn kept(&self) -> &str {
        self.checkpoints.last().map_or("", |(note, _)| note)
    }

    /// A damaged export, and what was done to it. It is never the honest one.
    pub fn damaged(&self, dice: &mut Dice) -> (Damage, Vec<u8>) {
        loop {
            let kind = Damage::ALL[dice.index(Damage::ALL.len())];
            if let Some(bytes) = self.damage(kind, dice).filter(|bytes| *bytes != self.bytes) {
                return (kind, bytes);
            }
        }
    }

    /// Damage of that kind; none where this export does not allow it.
    pub fn damage(&self, kind: Damage, dice: &mut Dice) -> Option<Vec<u8>> {
        let mut entries = self.entries.clone();
        let at = dice.index(entries.len());
        match kind {
            Damage::FlipBit => return Some(self.flipped(dice)),
            Damage::Cut => return Some(self.bytes[..dice.index(self.bytes.len())].to_vec()),
            Damage::DeleteLine => return Some(self.without_line(dice)),
            Damage::RollBack => return self.rolled_back(dice),
            Damage::Rebuild => {
                let thief = Signer::new(&operator(&self.header), &[u8::try_from(dice.below(256)).ok()?; 32])?;
                edit(&mut entries[at], dice);
                return self.built(&entries, &self.header.origin, &thief);
            }
            Damage::InsideJob => {
                edit(&mut entries[at], dice);
                return self.built(&entries, &self.header.origin, self.insider.as_ref()?);
            }
            Damage::SwapTenant => {
                let other = Uuid::from_u64_pair(dice.below(u64::MAX), dice.below(u64::MAX));
                for entry in &mut entries {
                    entry.tenant = other;
                }
                let name = origin(&operator(&self.header), other);
                return self.built(&entries, &name, self.insider.as_ref()?);
            }
            Damage::DeleteEntry => drop(entries.remove(at)),
            Damage::RepeatEntry => entries.insert(at, self.entries[dice.index(self.entries.len())].clone()),
            Damage::ForgeEntry => {
                let mut forged = entries[at].clone();
                forged.id = Uuid::from_u64_pair(dice.below(u64::MAX), dice.below(u64::MAX));
                entries.insert(at, forged);
            }
            Damage::Reorder => {
                let other = dice.index(entries.len());
                entries.swap(at, other);
            }
            Damage::Edit => edit(&mut entries[at], dice),
            Damage::ForeignEntry => entries[at].tenant = Uuid::from_u64_pair(dice.below(u64::MAX), 1),
        }
        self.written(&entries)
    }

    fn flipped(&self, dice: &mut Dice) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        let at = dice.index(bytes.len());
        bytes[at] ^= 1 << dice.below(8);
        bytes
    }

    fn without_line(&self, dice: &mut Dice) -> Vec<u8> {
        let lines: Vec<_> = self.bytes.split_inclusive(|byte| *byte == b'\n').collect();
        let gone = dice.index(lines.len());
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != gone);
        kept.flat_map(|(_, line)| line.iter().copied()).collect()
    }

    /// The state of the log at an older checkpoint, as an honest export would have shown it then.
    fn rolled_back(&self, dice: &mut Dice) -> Option<Vec<u8>> {
        let until = dice.index(self.checkpoints.len().checked_sub(1)?) + 1;
        let older = &self.checkpoints[..until.min(self.checkpoints.len() - 1)];
        let size = older.last()?.1.size;
        let notes: Vec<_> = older.iter().map(|(note, _)| note.clone()).collect();
        let entries = self.entries.get(..usize::try_from(size).ok()?)?;
        let header = Header {
            to: size,
            checkpoints: notes.len() as u64,
            ..self.header.clone()
        };
        write(&header, &notes, entries)
    }

    /// With the old signatures, counts made to fit.
    fn written(&self, entries: &[Entry]) -> Option<Vec<u8>> {
        let header = Header {
            to: entries.len() as u64,
            ..self.header.clone()
        };
        let notes: Vec<_> = self.checkpoints.iter().map(|(note, _)| note.clone()).collect();
        write(&header, &notes, entries)
    }

    /// Every root computed again and signed.
    fn built(&self, entries: &[Entry], name: &str, signer: &Signer) -> Option<Vec<u8>> {
        let (mut edge, mut notes) = (Frontier::default(), Vec::new());
        let mut old = self.checkpoints.iter().map(|(_, checkpoint)| checkpoint).peekable();
        for entry in entries {
            edge.push(entry.leaf());
            while let Some(checkpoint) = old.next_if(|checkpoint| checkpoint.size == edge.size()) {
                let (origin, root) = (name.to_owned(), edge.root());
                notes.push(signer.sign(&Checkpoint {
                    origin,
                    root,
                    ..checkpoint.clone()
                }));
            }
        }
        let header = Header {
            origin: name.to_owned(),
            tenant: entries.first()?.tenant,
            keys: vec![signer.verifier().to_string()],
            ..self.header.clone()
        };
        write(&header, &notes, entries)
    }
}

fn operator(header: &Header) -> String {
    let name = header.origin.rsplit_once('/').map_or("", |(operator, _)| operator);
    name.to_owned()
}

fn write(header: &Header, notes: &[String], entries: &[Entry]) -> Option<Vec<u8>> {
    let mut text = line(header).ok()?;
    for note in notes {
        text += &line(&CheckpointLine {
            checkpoint: note.clone(),
        })
        .ok()?;
    }
    for (seq, entry) in (0..).zip(entries) {
        text += &line(&EntryLine {
            seq,
            entry: entry.clone(),
        })
        .ok()?;
    }
    Some(text.into_bytes())
}

/// Changes one field to something else.
fn edit(entry: &mut Entry, dice: &mut Dice) {
    let other = Uuid::from_u64_pair(dice.below(u64::MAX), dice.below(u64::MAX));
    match dice.below(9) {
        0 => entry.id = other,
        1 => entry.at += chrono::Duration::microseconds(i64::try_from(dice.below(1_000_000)).unwrap_or(0) + 1),
        2 => entry.actor.id = other,
        3 => entry.actor.role = Code::of("tampered"),
        4 => entry.action = Code::of("tampered"),
        5 => entry.object.id = other.into(),
        6 => entry.subject = if entry.subject.is_some() { None } else { Some(other) },
        7 => {
            entry.decision = if entry.decision.is_some() {
                None
            } else {
                Some(Code::of("OFFER"))
            }
        }
        _ => {
            if entry.commitments.pop().is_none() {
                entry.lists = Some(other.into());
            }
        }
    }
}
