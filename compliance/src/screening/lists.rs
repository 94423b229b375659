//! The lists of the day behind an atomic swap.

use std::cell::RefCell;
use std::sync::{Arc, OnceLock};

use arc_swap::ArcSwap;
use screening::lists::{Snapshot, built_in};
use screening::wallets::WalletIndex;
use screening::{Entity, EntityKind, Index, Match, NameGrade, Scratch, SearchOptions, Subject};

use super::{Hit, HitKind, MATCHING_VERSION, Ruled, Ruling, Screening, ScreeningError, Thresholds};

/// Hits that are kept as evidence.
const KEPT: usize = 5;
/// Names that a search aligns exactly: more hits than these are not found.
const FOUND: usize = 36;
/// Hits of one person that officers lift at most. Whoever is like more entries than these is looked at anew each time.
const LIFTED: usize = 20;
/// A weak alias is scored at 0.8 of its likeness and a former name at 0.95: the same name of that grade scores this much.
const WEAK_PPM: u64 = 800_000;
const FORMER_PPM: u64 = 950_000;
const PPM: u64 = 1_000_000;

/// Lists that were read and indexed. They never change.
pub struct Lists {
    snapshot: Snapshot,
    index: Index,
    wallets: WalletIndex,
    /// Places of the entries, by list and number.
    by_entry: Vec<usize>,
}

impl std::fmt::Debug for Lists {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Lists({}, {} names)", self.snapshot.version, self.index.names())
    }
}

impl Lists {
    /// Indexes what was read. Takes a second or so: not on a thread that serves.
    pub fn build(snapshot: Snapshot) -> Self {
        let entities = &snapshot.entities;
        let mut by_entry: Vec<usize> = (0..entities.len()).collect();
        by_entry.sort_by_key(|at| (&entities[*at].list, &entities[*at].id));
        Self {
            index: Index::build(entities),
            wallets: WalletIndex::build(entities),
            by_entry,
            snapshot,
        }
    }

    /// What a list says under that number; more than one record where it gives the number twice.
    pub fn entries<'a>(&'a self, list: &'a str, entry: &'a str) -> impl Iterator<Item = &'a Entity> {
        let of = |at: &usize| {
            let entity = &self.snapshot.entities[*at];
            (entity.list.as_str(), entity.id.as_str())
        };
        let first = self.by_entry.partition_point(|at| of(at) < (list, entry));
        let from = self.by_entry[first..].iter();
        from.take_while(move |at| of(at) == (list, entry))
            .map(|at| &self.snapshot.entities[*at])
    }

    /// What was read.
    pub fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// Hash of the lists.
    pub fn version(&self) -> &str {
        &self.snapshot.version
    }

    /// Entries whose wallet this is, in any spelling.
    pub fn wallet_hits(&self, address: &str) -> Vec<Hit> {
        let mut hits: Vec<Hit> = self
            .wallets
            .check(address)
            .hits
            .into_iter()
            .map(|hit| Hit {
                list: hit.list,
                entry: hit.id,
                kind: HitKind::Wallet,
                score_ppm: 1_000_000,
            })
            .collect();
        hits.sort();
        hits.dedup();
        hits
    }

    /// Compares a name and, when there is one, a wallet with the lists.
    pub fn screen(&self, name: &str, wallet: Option<&str>, thresholds: Thresholds) -> Screening {
        self.screen_ruled((name, wallet), thresholds, &|_| None)
    }

    /// The same with what officers decided about hits of the name. What they lifted makes room for what stands behind it: the evidence
    /// holds as many hits that count as before. A listed wallet is never lifted.
    pub fn screen_ruled(
        &self,
        (name, wallet): (&str, Option<&str>),
        thresholds: Thresholds,
        ruling: &dyn Fn(&Hit) -> Option<Ruling>,
    ) -> Screening {
        let mut screening = Screening {
            hits: Vec::new(),
            list_version: self.snapshot.version.clone(),
            name_screened: is_readable(name),
            wallet_screened: false,
            engine_version: MATCHING_VERSION,
            thresholds,
            lifted: Vec::new(),
            confirmed: Vec::new(),
        };
        if !name.trim().is_empty() {
            self.name_hits(name, ruling, &mut screening);
        }
        if let Some(address) = wallet.map(str::trim).filter(|address| !address.is_empty()) {
            screening.hits.extend(self.wallet_hits(address));
            screening.wallet_screened = true;
        }
        screening.hits.sort();
        screening.hits.dedup();
        screening
    }

    fn name_hits(&self, name: &str, ruling: &dyn Fn(&Hit) -> Option<Ruling>, into: &mut Screening) {
        thread_local! {
            static SCRATCH: RefCell<Scratch> = RefCell::default();
        }
        let search = |limit| {
            let options = SearchOptions { limit, floor: 0.0 };
            SCRATCH.with_borrow_mut(|scratch| self.index.search(&Subject::named(name), &options, scratch))
        };
        let mut found = search(2 * KEPT);
        if found
            .iter()
            .filter_map(|hit| self.hit(hit, into.thresholds))
            .any(|hit| ruling(&hit).is_some())
        {
            found = search(FOUND);
        }
        for hit in found.iter().filter_map(|hit| self.hit(hit, into.thresholds)) {
            let room = into.hits.len() < KEPT;
            match ruling(&hit) {
                Some(Ruling::Lifted(disposition)) if into.lifted.len() < LIFTED => {
                    into.lifted.push(Ruled { hit, disposition });
                }
                Some(Ruling::Confirmed(disposition)) => {
                    into.confirmed.push(Ruled {
                        hit: hit.clone(),
                        disposition,
                    });
                    into.hits.push(hit);
                }
                _ if room => into.hits.push(hit),
                _ => {}
            }
        }
        into.lifted.sort();
        into.confirmed.sort();
    }

    /// What a match comes to; none when it is too far.
    fn hit(&self, found: &Match, thresholds: Thresholds) -> Option<Hit> {
        let score_ppm = ppm(found.score);
        let kind = kind(found.grade, score_ppm, thresholds).filter(|_| self.concerns_borrowers(found))?;
        Some(Hit {
            list: found.list.clone(),
            entry: found.id.clone(),
            kind,
            score_ppm,
        })
    }

    /// No borrower is a ship or an aircraft.
    fn concerns_borrowers(&self, hit: &Match) -> bool {
        let entity = usize::try_from(hit.entity)
            .ok()
            .and_then(|at| self.snapshot.entities.get(at));
        !entity.is_some_and(|entity| matches!(entity.kind, EntityKind::Vessel | EntityKind::Aircraft))
    }
}

/// What a hit of that grade and score is; none when it is too far.
fn kind(grade: NameGrade, score_ppm: u32, thresholds: Thresholds) -> Option<HitKind> {
    let block = u64::from(thresholds.block_ppm);
    let reaches = |scale: u64| u64::from(score_ppm) * PPM >= block * scale;
    match grade {
        NameGrade::Primary if reaches(PPM) => Some(HitKind::PrimaryName),
        NameGrade::Strong if reaches(PPM) => Some(HitKind::AlternateName),
        NameGrade::Former if reaches(FORMER_PPM) => Some(HitKind::AlternateName),
        NameGrade::Weak if reaches(WEAK_PPM) => Some(HitKind::WeakAlias),
        _ => (score_ppm >= thresholds.review_ppm).then_some(HitKind::SimilarName),
    }
}

/// Millionths of a score, cut: no score reaches a threshold by rounding.
#[expect(
    clippy::float_arithmetic,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a score of 0 to 1 becomes a whole number once, here"
)]
fn ppm(score: f32) -> u32 {
    (f64::from(score.clamp(0.0, 1.0)) * 1e6) as u32
}

/// Whether there are letters, all of scripts that the engine compares with the Latin of the lists.
fn is_readable(name: &str) -> bool {
    let read = |c: char| {
        let code = u32::from(c);
        matches!(code,
            0x0041..=0x024F                       // Latin
            | 0x1E00..=0x1EFF | 0xFB00..=0xFB06 | 0xFF21..=0xFF5A | 0x0250..=0x02AF
            | 0x0370..=0x03FF | 0x1F00..=0x1FFF   // Greek
            | 0x0400..=0x052F                     // Cyrillic
            | 0x0530..=0x058F                     // Armenian
            | 0x0590..=0x05FF                     // Hebrew
            | 0x0600..=0x06FF | 0x0750..=0x077F | 0xFB50..=0xFDFF | 0xFE70..=0xFEFF // Arabic
            | 0x0900..=0x0D7F                     // Devanagari to Malayalam
            | 0x10A0..=0x10FF                     // Georgian
            | 0x3040..=0x30FF                     // kana
            | 0x4E00..=0x9FFF                     // Han
            | 0xAC00..=0xD7AF) // Hangul
    };
    let mut letters = name.chars().filter(|c| c.is_alphabetic()).peekable();
    letters.peek().is_some() && letters.all(read)
}

/// The lists that decide now. Replaced whole while others decide by the former ones.
#[derive(Debug)]
pub struct ScreeningIndex {
    current: ArcSwap<Lists>,
    thresholds: Thresholds,
}

impl ScreeningIndex {
    /// Decides by these lists.
    pub fn new(lists: Arc<Lists>, thresholds: Thresholds) -> Self {
        Self {
            current: ArcSwap::new(lists),
            thresholds,
        }
    }

    /// The lists that ship with this build, indexed at the first call. Each answer is replaced by itself.
    pub fn built_in() -> Result<Arc<Self>, ScreeningError> {
        Self::built_in_at(Thresholds::default())
    }

    /// The same with thresholds of one's own.
    pub fn built_in_at(thresholds: Thresholds) -> Result<Arc<Self>, ScreeningError> {
        static LISTS: OnceLock<Result<Arc<Lists>, ScreeningError>> = OnceLock::new();
        let lists = LISTS.get_or_init(|| Ok(Arc::new(Lists::build(built_in()?.clone()))));
        Ok(Arc::new(Self::new(lists.clone()?, thresholds)))
    }

    /// The lists that decide now.
    pub fn current(&self) -> Arc<Lists> {
        self.current.load_full()
    }

    /// Decides by other lists from now on; answers the former ones.
    pub fn replace(&self, lists: Arc<Lists>) -> Arc<Lists> {
        self.current.swap(lists)
    }

    /// From which scores on something is done.
    pub fn thresholds(&self) -> Thresholds {
        self.thresholds
    }

    /// Hash of the lists.
    pub fn list_version(&self) -> String {
        self.current.load().version().to_owned()
    }

    /// Compares a name and, when there is one, a wallet with the lists of now.
    pub fn screen(&self, name: &str, wallet: Option<&str>) -> Screening {
        self.current.load().screen(name, wallet, self.thresholds)
    }
}
