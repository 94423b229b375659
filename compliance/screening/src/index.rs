//! The immutable index over the names of all entries.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

pub use crate::search::Scratch;
use crate::{
    align::{Rule, Slot},
    entity::{Entity, EntityKind, NameGrade},
    facts,
    name::Name,
    pairs,
    vocabulary::{Vocabulary, small},
    weights::Weights,
    words::{Legal, Role, words},
};

/// How many matches are wanted, and how good they must be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SearchOptions {
    /// At most so many entities.
    pub limit: usize,
    /// Nothing scored below this (0..=1).
    pub floor: f32,
}

impl Default for SearchOptions {
    fn default() -> Self {
        Self { limit: 5, floor: 0.0 }
    }
}

/// How a token of the query stands to a token of the listed name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum How {
    /// The same after normalisation.
    Exact,
    /// Spelt almost the same.
    Similar,
    /// Two tokens of one side written as one on the other.
    Join,
    /// One token of the query written as two on the list.
    Split,
    /// An initial for a name.
    Initial,
    /// A short form or a known variant of the same name.
    Nickname,
    /// The same through another reading of another script.
    Transliterated,
    /// Another word of the same class, such as two legal forms.
    SameClass,
    /// Without a partner on the other side.
    Unmatched,
    /// A fact beside the name: date of birth, country, gender, identifier, grade of the alias.
    Fact,
}

/// One piece of the explanation of a score.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Piece {
    /// The token or fact of the query; empty for an unmatched token of the list.
    pub query: String,
    /// The token or fact of the list; empty for an unmatched token of the query.
    pub listed: String,
    /// How the two go together.
    pub how: How,
    /// Part of the whole that the pair weighs.
    pub weight: f32,
    /// How alike they are (0..=1).
    pub similarity: f32,
}

/// One entity that the subject may be.
#[derive(Clone, Debug, PartialEq)]
pub struct Match {
    /// Position of the entity in the slice that the index was built from.
    pub entity: u32,
    /// Its list.
    pub list: String,
    /// The list's own number of it.
    pub id: String,
    /// How alike subject and entity are (0..=1); 1.0 exactly when a name is the same after normalisation.
    pub score: f32,
    /// The listed name that fits best.
    pub name: String,
    /// Grade of that name.
    pub grade: NameGrade,
    /// What the score is made of.
    pub explanation: Vec<Piece>,
}

/// A listed name as it is searched.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Listed {
    /// Its entity.
    pub entity: u32,
    /// Its place among the names of the entity.
    pub place: u32,
    /// First of its slots.
    pub start: u32,
    /// First of its legal forms.
    pub legal: u32,
    /// First word behind its comma, zero without.
    pub comma: u32,
    /// Sum of the weights of its words.
    pub weight: f32,
}

/// All names of all lists, ready to be searched; never changes.
#[derive(Clone, Debug, Default)]
pub struct Index {
    pub(crate) weights: Weights,
    pub(crate) entities: Vec<Entity>,
    pub(crate) people: Vec<bool>,
    pub(crate) names: Vec<Listed>,
    pub(crate) slots: Vec<Slot>,
    pub(crate) legal: Vec<Legal>,
    pub(crate) vocabulary: Vocabulary,
    /// Entities that bear each word.
    pub(crate) bearers: Vec<u32>,
    pub(crate) postings_start: Vec<u32>,
    pub(crate) postings: Vec<(u32, f32)>,
    /// Keys of whole names, sorted.
    pub(crate) keys: Vec<(u64, u32)>,
    pub(crate) identifiers: HashMap<String, Vec<u32>>,
}

impl Index {
    /// Builds the index; `Match::entity` counts positions in `entities`.
    #[must_use]
    pub fn build(entities: &[Entity]) -> Self {
        Self::build_with(entities, Weights::default())
    }

    /// The same with other numbers than the default ones.
    #[must_use]
    pub fn build_with(entities: &[Entity], weights: Weights) -> Self {
        let mut index = Self {
            weights,
            entities: entities.to_vec(),
            ..Self::default()
        };
        let mut read: Vec<(u32, u32, Name)> = Vec::new();
        for (entity, of) in entities.iter().enumerate() {
            for (place, listed) in of.names.iter().enumerate() {
                let name = Name::read(&listed.text, of.kind);
                if !name.tokens.is_empty() {
                    read.push((small(entity), small(place), name));
                }
            }
            index.people.push(match of.kind {
                EntityKind::Person => true,
                EntityKind::Unknown => {
                    let own = read.iter().rev().take_while(|(e, _, _)| *e == small(entity));
                    own.clone().count() > 0 && !own.clone().any(|(_, _, n)| n.looks_like_a_body())
                }
                _ => false,
            });
        }
        index.count_words(&read);
        for (entity, place, name) in &read {
            index.add(*entity, *place, name);
        }
        index.post();
        index.vocabulary.close();
        index.keys.sort_unstable();
        index.keys.dedup();
        for (at, entity) in entities.iter().enumerate() {
            for identifier in &entity.identifiers {
                let value = facts::plain(&identifier.value);
                index.identifiers.entry(value).or_default().push(small(at));
            }
        }
        index
    }

    /// Entities in the index.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entities.len()
    }

    /// Whether nothing is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entities.is_empty()
    }

    /// Names in the index.
    #[must_use]
    pub fn names(&self) -> usize {
        self.names.len()
    }

    /// How many entities bear each word, most common first: what the table for pairs is made of.
    #[must_use]
    pub fn frequencies(&self) -> Vec<(String, u32)> {
        let mut all: Vec<(String, u32)> = (0_u32..)
            .zip(&self.bearers)
            .map(|(word, n)| (String::from_utf8_lossy(self.vocabulary.form(word)).into_owned(), *n))
            .collect();
        all.sort_unstable_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        all
    }

    fn count_words(&mut self, read: &[(u32, u32, Name)]) {
        let mut last = Vec::new();
        for (entity, _, name) in read {
            for token in &name.tokens {
                let word = self.vocabulary.intern(&token.form) as usize;
                if word >= last.len() {
                    last.resize(word + 1, u32::MAX);
                    self.bearers.resize(word + 1, 0);
                }
                if last[word] != *entity {
                    last[word] = *entity;
                    self.bearers[word] += 1;
                }
            }
        }
    }

    #[expect(clippy::float_arithmetic, reason = "scores of likeness are not money")]
    fn add(&mut self, entity: u32, place: u32, name: &Name) {
        let rule = Rule {
            weights: &self.weights,
            person: self.people[entity as usize],
        };
        let person = rule.person;
        let number = small(self.names.len());
        let start = small(self.slots.len());
        let mut weight = 0.0;
        for (at, token) in name.tokens.iter().enumerate() {
            let word = self.vocabulary.find(&token.form).unwrap_or(u32::MAX);
            let rarity = self.weights.rarity(
                self.bearers[word as usize],
                small(self.entities.len()),
                words().prior(&token.form),
            );
            let mut slot = pairs::slot(rule, token, rarity, true);
            if rule.person && name.comma.is_some_and(|comma| at < comma) {
                slot.weight *= self.weights.family;
            }
            slot.word = word;
            weight += slot.weight;
            self.slots.push(slot);
        }
        self.names.push(Listed {
            entity,
            place,
            start,
            legal: small(self.legal.len()),
            comma: small(name.comma.unwrap_or(0)),
            weight,
        });
        self.legal.extend_from_slice(&name.legal);
        self.keys
            .push((if rule.person { name.turned } else { name.straight }, number));
        if !person && name.tokens.iter().any(|t| t.role == Role::Number) {
            // Whoever does not know what bears the name reads "four" as a word first.
            let listed = &self.entities[entity as usize].names[place as usize];
            let other = Name::read(&listed.text, EntityKind::Unknown).straight;
            if other != name.straight {
                self.keys.push((other, number));
            }
        }
    }

    /// Lists the names of every word.
    fn post(&mut self) {
        let mut start = vec![0_u32; self.vocabulary.len() + 1];
        for slot in &self.slots {
            start[slot.word as usize + 1] += 1;
        }
        for at in 1..start.len() {
            start[at] += start[at - 1];
        }
        let mut next = start.clone();
        let mut postings = vec![(0, 0.0); self.slots.len()];
        for number in 0..small(self.names.len()) {
            for slot in self.slots_of(number) {
                let at = &mut next[slot.word as usize];
                postings[*at as usize] = (number, slot.weight);
                *at += 1;
            }
        }
        self.postings_start = start;
        self.postings = postings;
    }

    /// The names that contain a word; one that contains it twice comes twice.
    pub(crate) fn postings_of(&self, word: u32) -> &[(u32, f32)] {
        let at = word as usize;
        &self.postings[self.postings_start[at] as usize..self.postings_start[at + 1] as usize]
    }

    /// The words of a listed name.
    pub(crate) fn slots_of(&self, number: u32) -> &[Slot] {
        let at = number as usize;
        let end = self.names.get(at + 1).map_or(self.slots.len(), |n| n.start as usize);
        &self.slots[self.names[at].start as usize..end]
    }

    /// The legal forms of a listed name.
    pub(crate) fn legal_of(&self, number: u32) -> &[Legal] {
        let at = number as usize;
        let end = self.names.get(at + 1).map_or(self.legal.len(), |n| n.legal as usize);
        &self.legal[self.names[at].legal as usize..end]
    }
}
