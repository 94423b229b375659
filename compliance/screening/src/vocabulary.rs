//! The distinct words of all names, found again when they are misspelt.

use crate::{distance, name::Hash};

/// Buckets of the neighbourhood: two to this power.
const BITS: u32 = 18;
/// A shape that so many words share says nothing.
const CROWD: usize = 250;

/// All distinct words. A word is found by its own letters, by its letters less one or two, and by its consonants.
#[derive(Clone, Debug, Default)]
pub(crate) struct Vocabulary {
    arena: Vec<u8>,
    offsets: Vec<u32>,
    sets: Vec<u64>,
    exact: Vec<u32>,
    starts: Vec<u32>,
    near: Vec<(u32, u32)>,
}

impl Vocabulary {
    /// Words in the vocabulary.
    pub(crate) fn len(&self) -> usize {
        self.sets.len()
    }

    /// The letters of a word.
    pub(crate) fn form(&self, word: u32) -> &[u8] {
        let at = word as usize;
        &self.arena[self.offsets[at] as usize..self.offsets[at + 1] as usize]
    }

    /// The letters of a word as a set.
    pub(crate) fn set(&self, word: u32) -> u64 {
        self.sets[word as usize]
    }

    /// The word spelt so.
    pub(crate) fn find(&self, form: &[u8]) -> Option<u32> {
        if self.exact.is_empty() {
            return None;
        }
        let mut at = slot_of(form, self.exact.len());
        loop {
            match self.exact[at] {
                u32::MAX => return None,
                word if self.form(word) == form => return Some(word),
                _ => at = (at + 1) & (self.exact.len() - 1),
            }
        }
    }

    /// The word spelt so, added when it is new.
    pub(crate) fn intern(&mut self, form: &[u8]) -> u32 {
        if self.offsets.is_empty() {
            self.offsets.push(0);
        }
        if (self.sets.len() + 1) * 2 > self.exact.len() {
            self.grow();
        }
        let mut at = slot_of(form, self.exact.len());
        loop {
            match self.exact[at] {
                u32::MAX => break,
                word if self.form(word) == form => return word,
                _ => at = (at + 1) & (self.exact.len() - 1),
            }
        }
        let word = small(self.sets.len());
        self.exact[at] = word;
        self.arena.extend_from_slice(form);
        self.offsets.push(small(self.arena.len()));
        self.sets.push(distance::letters(form));
        word
    }

    fn grow(&mut self) {
        let size = (self.exact.len() * 2).max(1024);
        let mut table = vec![u32::MAX; size];
        for word in 0..small(self.sets.len()) {
            let mut at = slot_of(self.form(word), size);
            while table[at] != u32::MAX {
                at = (at + 1) & (size - 1);
            }
            table[at] = word;
        }
        self.exact = table;
    }

    /// Builds the neighbourhoods when all words are in.
    pub(crate) fn close(&mut self) {
        let mut shapes: Vec<(u64, u32)> = Vec::with_capacity(self.len() * 32);
        let mut key = Vec::new();
        for word in 0..small(self.len()) {
            each_shape(self.form(word), &mut key, true, |hash| shapes.push((hash, word)));
        }
        let mut counts = vec![0_u32; (1 << BITS) + 1];
        for (hash, _) in &shapes {
            counts[bucket(*hash) + 1] += 1;
        }
        for at in 1..counts.len() {
            counts[at] += counts[at - 1];
        }
        let mut next = counts.clone();
        let mut near = vec![(0, 0); shapes.len()];
        for (hash, word) in shapes {
            let at = &mut next[bucket(hash)];
            near[*at as usize] = (tag(hash), word);
            *at += 1;
        }
        self.starts = counts;
        self.near = near;
    }

    /// Calls for every word that shares a shape with `form`; the same word may come more than once.
    /// Unless `deep`, only one letter may be missing and the consonants say nothing.
    pub(crate) fn each_near(&self, form: &[u8], key: &mut Vec<u8>, deep: bool, mut found: impl FnMut(u32)) {
        if self.starts.is_empty() {
            return;
        }
        each_shape(form, key, deep, |hash| {
            let at = bucket(hash);
            let tag = tag(hash);
            let range = self.starts[at] as usize..self.starts[at + 1] as usize;
            for (other, word) in self.near[range].iter().take(CROWD) {
                if *other == tag {
                    found(*word);
                }
            }
        });
    }
}

/// The hashes of a word's shapes: whole, less one letter, less two for long words, and its consonants.
fn each_shape(form: &[u8], key: &mut Vec<u8>, deep: bool, mut give: impl FnMut(u64)) {
    let form = &form[..form.len().min(24)];
    let mut whole = Hash::default();
    whole.bytes(form);
    give(whole.mixed());
    if form.len() >= 3 {
        let mut prefix = Hash::default();
        for i in 0..form.len() {
            // Deleting either of a doubled letter gives the same word.
            if i == 0 || form[i] != form[i - 1] {
                let mut one = prefix;
                if deep && form.len() >= 7 && form.len() <= 16 {
                    for j in i + 1..form.len() {
                        let mut two = one;
                        two.bytes(&form[j + 1..]);
                        give(two.mixed());
                        one.bytes(&form[j..=j]);
                    }
                } else {
                    one.bytes(&form[i + 1..]);
                }
                give(one.mixed());
            }
            prefix.bytes(&form[i..=i]);
        }
    }
    if !deep {
        return;
    }
    distance::consonants(form, key);
    if key.len() >= 2 {
        let mut hash = Hash::default();
        hash.bytes(b"#");
        hash.bytes(key);
        give(hash.mixed());
    }
}

fn slot_of(form: &[u8], size: usize) -> usize {
    let mut hash = Hash::default();
    hash.bytes(form);
    usize::try_from(hash.mixed() & u64::from(small(size - 1))).unwrap_or(0)
}

fn bucket(hash: u64) -> usize {
    (hash >> (64 - BITS)) as usize
}

fn tag(hash: u64) -> u32 {
    (hash & 0xFFFF_FFFF) as u32
}

/// Counts that the index keeps in 32 bits.
pub(crate) fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(u32::MAX)
}
