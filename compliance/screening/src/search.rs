//! One search: words that are near, names that have them, the exact alignment of the best, the facts.
#![expect(clippy::float_arithmetic, reason = "scores of likeness are not money")]

use crate::{
    align::{self, Edge, Rule, Side, Slot},
    entity::{EntityKind, NameGrade, Subject},
    explain, facts,
    index::{How, Index, Match, SearchOptions},
    name::Name,
    pairs,
    text::Script,
    vocabulary::small,
    weights::Weights,
    words::{Role, words},
};

/// Names that are aligned exactly.
const KEEP: usize = 36;
/// Once so many names have been visited by their rarer words, common words no longer bring in further names.
const POSTINGS: usize = 3_000;
/// Similarities below this lead to no name.
const NEAR: f32 = 0.5;

/// Similarities below this are not looked for between words that the vocabulary did not bring together.
const FAINT: f32 = 0.4;

/// A word of the list near to words of the query.
#[derive(Clone, Copy, Debug)]
struct Link {
    next: u32,
    query: u32,
    similarity: f32,
    how: How,
}

/// Memory of one searching thread, kept between searches.
#[derive(Clone, Debug, Default)]
pub struct Scratch {
    stamp: u32,
    heads: Vec<(u32, u32)>,
    links: Vec<Link>,
    seen: Vec<u32>,
    round: u32,
    key: Vec<u8>,
    near: Vec<u32>,
    words: Vec<(u32, f32)>,
    sums: Vec<f32>,
    touched: Vec<u32>,
    best: Vec<(f32, u32)>,
    edges: Vec<Edge>,
    chosen: Vec<Edge>,
    found: Vec<Found>,
}

/// The best name of an entity so far.
#[derive(Clone, Copy, Debug)]
struct Found {
    entity: u32,
    name: u32,
    score: f32,
    exact: bool,
    query: u32,
}

/// A name of the query, ready: its words weighed as a person's and as a body's.
pub(crate) struct Query {
    pub name: Name,
    pub person: Vec<Slot>,
    pub body: Vec<Slot>,
}

impl Query {
    pub(crate) fn side<'a>(&'a self, person: bool, forms: &'a [&'a [u8]]) -> Side<'a> {
        Side {
            slots: if person { &self.person } else { &self.body },
            forms,
            legal: &self.name.legal,
            comma: self.name.comma.unwrap_or(0),
        }
    }
}

impl Index {
    /// The entities most like the subject, best first; equal scores in the order of the list.
    #[must_use]
    pub fn search(&self, subject: &Subject, options: &SearchOptions, scratch: &mut Scratch) -> Vec<Match> {
        scratch.fit(self);
        scratch.found.clear();
        let kind = subject.kind.unwrap_or(EntityKind::Unknown);
        let mut queries = Vec::with_capacity(1 + subject.aliases.len());
        for (number, text) in std::iter::once(&subject.name).chain(&subject.aliases).enumerate() {
            let query = self.look_up(text, kind, scratch);
            self.rank(&query, small(number), scratch);
            queries.push(query);
        }
        self.add_identified(subject, scratch);
        let mut found = std::mem::take(&mut scratch.found);
        let mut unexplained = Vec::new();
        for hit in &mut found {
            let entity = &self.entities[hit.entity as usize];
            hit.score = facts::apply(subject, entity, hit.score, &mut unexplained);
            unexplained.clear();
        }
        found.retain(|hit| hit.score >= options.floor && hit.score > 0.0);
        found.sort_unstable_by(|a, b| b.score.total_cmp(&a.score).then(a.entity.cmp(&b.entity)));
        found.truncate(options.limit);
        let matches = found
            .iter()
            .map(|hit| self.explained(subject, &queries, *hit, scratch))
            .collect();
        found.clear();
        scratch.found = found;
        matches
    }

    /// Entities that share an identifier are found whatever their names are.
    fn add_identified(&self, subject: &Subject, scratch: &mut Scratch) {
        for identifier in &subject.identifiers {
            let entities = self.identifiers.get(&facts::plain(&identifier.value));
            for entity in entities.into_iter().flatten() {
                if !scratch.found.iter().any(|f| f.entity == *entity) {
                    scratch.found.push(Found {
                        entity: *entity,
                        name: u32::MAX,
                        score: 0.0,
                        exact: false,
                        query: 0,
                    });
                }
            }
        }
    }

    fn explained(&self, subject: &Subject, queries: &[Query], hit: Found, scratch: &mut Scratch) -> Match {
        let entity = &self.entities[hit.entity as usize];
        let mut pieces = Vec::new();
        let mut score = 0.0;
        let listed = self.names.get(hit.name as usize).map_or(0, |n| n.place as usize);
        let (name, grade) = entity
            .names
            .get(listed)
            .map_or((String::new(), NameGrade::Primary), |n| (n.text.clone(), n.grade));
        if hit.name != u32::MAX {
            let query = &queries[hit.query as usize];
            score = if hit.exact {
                explain::equal(&query.name, self.slots_of(hit.name), &mut pieces)
            } else {
                let (person, factor) = (self.people[hit.entity as usize], grade_factor(&self.weights, grade));
                let outcome = self.align(query, hit.name, person, scratch);
                let listed = Name::read(&name, entity.kind);
                let side = query.side(person, &[]);
                let names = (&query.name, &listed);
                let slots = (side.slots, self.slots_of(hit.name));
                explain::pieces(names, slots, &scratch.chosen, outcome, &mut pieces);
                explain::grade(grade, outcome.score, factor, &mut pieces);
                outcome.score * factor
            };
        }
        let score = facts::apply(subject, entity, score, &mut pieces);
        Match {
            entity: hit.entity,
            list: entity.list.clone(),
            id: entity.id.clone(),
            score,
            name,
            grade,
            explanation: pieces,
        }
    }

    /// Finds the words near to those of a name, and weighs the words.
    fn look_up(&self, text: &str, kind: EntityKind, scratch: &mut Scratch) -> Query {
        let name = Name::read(text, kind);
        scratch.stamp += 1;
        scratch.links.clear();
        scratch.words.clear();
        let (mut person, mut body) = (Vec::new(), Vec::new());
        for (i, token) in name.tokens.iter().enumerate() {
            let mut best = (NEAR, None);
            let known = self.vocabulary.find(&token.form).is_some() || words().prior(&token.form) > 0.0;
            for form in std::iter::once(&token.form).chain(&token.other) {
                self.near((form, token.script, known), 1 << i, scratch, &mut best);
            }
            let bearers = best.1.map_or(0, |word: u32| self.bearers[word as usize]);
            let rarity = self
                .weights
                .rarity(bearers, small(self.entities.len()), words().prior(&token.form));
            for (out, of_person) in [(&mut person, true), (&mut body, false)] {
                let rule = Rule {
                    weights: &self.weights,
                    person: of_person,
                };
                out.push(pairs::slot(rule, token, rarity, known));
            }
        }
        self.joined(&name, scratch);
        Query { name, person, body }
    }

    /// Words of the list near to one word of the query.
    fn near(
        &self,
        (form, script, known): (&[u8], Script, bool),
        query: u32,
        scratch: &mut Scratch,
        best: &mut (f32, Option<u32>),
    ) {
        let deep = query.is_power_of_two();
        scratch.round += 1;
        let round = scratch.round;
        let mut found = std::mem::take(&mut scratch.near);
        found.clear();
        let seen = &mut scratch.seen;
        self.vocabulary.each_near(form, &mut scratch.key, deep, |word| {
            let at = &mut seen[word as usize];
            if *at != round {
                *at = round;
                found.push(word);
            }
        });
        let set = crate::distance::letters(form);
        for word in &found {
            let other = self.vocabulary.form(*word);
            let apart = (set ^ self.vocabulary.set(*word)).count_ones() as usize;
            let long = form.len().max(other.len());
            let longer = form.len().abs_diff(other.len());
            if script != Script::Abjad && (apart > 2 + long / 4 || longer > 2 + long / 8) {
                continue;
            }
            let (similarity, how) =
                align::word_similarity(&self.weights, (form, script), (other, Script::Latin), (NEAR, known));
            if similarity >= NEAR {
                scratch.link(*word, query, similarity, how);
                if similarity > best.0 {
                    *best = (similarity, Some(*word));
                }
            }
        }
        scratch.near = found;
        if !deep {
            return;
        }
        for other in words().other_names(form) {
            if let Some(word) = self.vocabulary.find(other)
                && other != form
            {
                scratch.link(word, query, self.weights.nick, How::Nickname);
            }
        }
        if best.0 < 0.95 && form.len() >= 4 {
            self.halves(form, scratch);
        }
    }

    /// Two words written as one: their names become candidates; the alignment finds the split again.
    fn halves(&self, form: &[u8], scratch: &mut Scratch) {
        for cut in 2..=form.len() - 2 {
            let (head, tail) = form.split_at(cut);
            let (a, b) = (self.vocabulary.find(head), self.vocabulary.find(tail));
            let long = |half: &[u8]| half.len() >= 5;
            match (a, b) {
                (Some(a), Some(b)) => scratch.words.extend([(a, 0.95), (b, 0.95)]),
                (Some(a), None) if long(head) => scratch.words.push((a, 0.7)),
                (None, Some(b)) if long(tail) => scratch.words.push((b, 0.7)),
                _ => {}
            }
        }
    }

    /// One word written as two or three.
    fn joined(&self, name: &Name, scratch: &mut Scratch) {
        let tokens = &name.tokens;
        let mut form = Vec::new();
        for run in 2..=3 {
            for start in 0..(tokens.len() + 1).saturating_sub(run) {
                let part = &tokens[start..start + run];
                form.clear();
                for token in part {
                    form.extend_from_slice(&token.form);
                }
                if form.len() < 4 || form.len() > 24 {
                    continue;
                }
                let span = ((1_u32 << run) - 1) << start;
                if run == 2 {
                    let before = scratch.links.len();
                    self.near((&form, part[0].script, false), span, scratch, &mut (1.0, None));
                    for link in &mut scratch.links[before..] {
                        link.similarity = self.weights.joined(link.similarity);
                        link.how = How::Join;
                    }
                } else if let Some(word) = self.vocabulary.find(&form) {
                    scratch.link(word, span, self.weights.join, How::Join);
                }
            }
        }
    }

    /// Scores the names that share most weight with the query, and keeps the best of each entity.
    fn rank(&self, query: &Query, number: u32, scratch: &mut Scratch) {
        self.accumulate(scratch);
        let sum = |slots: &[Slot]| slots.iter().map(|s| s.weight).sum::<f32>();
        scratch.select(self, sum(&query.person), sum(&query.body));
        let keys = [query.name.straight, query.name.turned];
        for key in keys {
            let from = self.keys.partition_point(|(k, _)| *k < key);
            for (_, name) in self.keys[from..].iter().take_while(|(k, _)| *k == key) {
                scratch.keep(Found {
                    entity: self.names[*name as usize].entity,
                    name: *name,
                    score: 1.0,
                    exact: true,
                    query: number,
                });
            }
        }
        let best = std::mem::take(&mut scratch.best);
        for (_, name) in &best {
            let entity = self.names[*name as usize].entity;
            let person = self.people[entity as usize];
            let outcome = self.align(query, *name, person, scratch);
            let place = self.names[*name as usize].place as usize;
            let grade = self.entities[entity as usize].names[place].grade;
            let score = outcome.score * grade_factor(&self.weights, grade);
            scratch.keep(Found {
                entity,
                name: *name,
                score,
                exact: false,
                query: number,
            });
        }
        scratch.best = best;
    }

    /// Adds up, for every name, the weights of its words that are near to words of the query; rare words go first.
    fn accumulate(&self, scratch: &mut Scratch) {
        let mut words = std::mem::take(&mut scratch.words);
        words.sort_unstable_by_key(|(word, _)| (self.postings_of(*word).len(), *word));
        let mut visited = 0;
        for (word, similarity) in &words {
            let postings = self.postings_of(*word);
            let open = visited == 0 || visited + postings.len() <= POSTINGS;
            visited += postings.len();
            for (name, weight) in postings {
                let sum = &mut scratch.sums[*name as usize];
                if *sum > 0.0 {
                    *sum += weight * similarity;
                } else if open {
                    scratch.touched.push(*name);
                    *sum = weight * similarity;
                }
            }
        }
        scratch.words = words;
    }

    /// Aligns the query with a listed name; the chosen edges stay in the scratch.
    fn align(&self, query: &Query, name: u32, person: bool, scratch: &mut Scratch) -> align::Outcome {
        let listed = &self.names[name as usize];
        let slots = self.slots_of(name);
        let mut forms: [&[u8]; crate::name::MAX_SLOTS] = [&[]; crate::name::MAX_SLOTS];
        for (form, slot) in forms.iter_mut().zip(slots) {
            *form = self.vocabulary.form(slot.word);
        }
        let mut asked: [&[u8]; crate::name::MAX_SLOTS] = [&[]; crate::name::MAX_SLOTS];
        for (form, token) in asked.iter_mut().zip(&query.name.tokens) {
            *form = &token.form;
        }
        let rule = Rule {
            weights: &self.weights,
            person,
        };
        let q = query.side(person, &asked[..query.name.tokens.len()]);
        let l = Side {
            slots,
            forms: &forms[..slots.len()],
            legal: self.legal_of(name),
            comma: listed.comma as usize,
        };
        let edges = &mut scratch.edges;
        edges.clear();
        let (mut sure_q, mut sure_l) = (0_u32, 0_u32);
        for (j, slot) in slots.iter().enumerate() {
            let (stamp, mut at) = scratch.heads[slot.word as usize];
            if stamp != scratch.stamp {
                continue;
            }
            while at != u32::MAX {
                let link = scratch.links[at as usize];
                let first = link.query.trailing_zeros() as usize;
                let asked: f32 = (first..first + link.query.count_ones() as usize)
                    .map(|i| q.slots[i].weight)
                    .sum();
                edges.push(Edge {
                    query: link.query,
                    listed: 1 << j,
                    similarity: link.similarity,
                    weight: asked.min(slot.weight),
                    how: link.how,
                });
                if link.similarity > 0.75 {
                    sure_q |= link.query;
                    sure_l |= 1 << j;
                }
                at = link.next;
            }
        }
        remaining(rule, (q, sure_q), (l, sure_l), edges);
        align::further_edges(rule, q, l, edges, false);
        align::pack(&mut scratch.edges, &mut scratch.chosen);
        align::score(rule, q, l, &mut scratch.chosen)
    }
}

/// Compares directly the words that the vocabulary found no near partner for.
fn remaining(rule: Rule<'_>, (q, sure_q): (Side<'_>, u32), (l, sure_l): (Side<'_>, u32), edges: &mut Vec<Edge>) {
    for (i, a) in q.slots.iter().enumerate() {
        if sure_q & 1 << i != 0 || !matches!(a.role, Role::Name | Role::Title) || q.forms[i].len() < 2 {
            continue;
        }
        let set = crate::distance::letters(q.forms[i]);
        for (j, b) in l.slots.iter().enumerate() {
            if sure_l & 1 << j != 0 || !matches!(b.role, Role::Name | Role::Title) {
                continue;
            }
            let (x, y) = (q.forms[i], l.forms[j]);
            let apart = (set ^ crate::distance::letters(y)).count_ones() as usize;
            if x.len().abs_diff(y.len()) > 3 || (a.script != Script::Abjad && apart > 1 + x.len().max(y.len()) / 3) {
                continue;
            }
            let (similarity, how) =
                align::word_similarity(rule.weights, (x, a.script), (y, b.script), (FAINT, a.known));
            if similarity >= FAINT && !edges.iter().any(|e| e.query == 1 << i && e.listed == 1 << j) {
                edges.push(Edge {
                    query: 1 << i,
                    listed: 1 << j,
                    similarity,
                    weight: a.weight.min(b.weight),
                    how,
                });
            }
        }
    }
}

fn grade_factor(weights: &Weights, grade: NameGrade) -> f32 {
    match grade {
        NameGrade::Primary | NameGrade::Strong => 1.0,
        NameGrade::Weak => weights.weak,
        NameGrade::Former => weights.former,
    }
}

impl Scratch {
    /// Makes room for an index.
    fn fit(&mut self, index: &Index) {
        let words = index.vocabulary.len();
        if self.heads.len() < words {
            self.heads.resize(words, (0, u32::MAX));
            self.seen.resize(words, 0);
        }
        if self.sums.len() < index.names.len() {
            self.sums.resize(index.names.len(), 0.0);
        }
        if self.stamp > u32::MAX / 2 || self.round > u32::MAX / 2 {
            self.heads.fill((0, u32::MAX));
            self.seen.fill(0);
            self.stamp = 0;
            self.round = 0;
        }
    }

    fn link(&mut self, word: u32, query: u32, similarity: f32, how: How) {
        let head = &mut self.heads[word as usize];
        let next = if head.0 == self.stamp { head.1 } else { u32::MAX };
        *head = (self.stamp, small(self.links.len()));
        self.links.push(Link {
            next,
            query,
            similarity,
            how,
        });
        self.words.push((word, similarity));
    }

    /// Chooses the names to align, by a bound of their score, and forgets the sums.
    fn select(&mut self, index: &Index, person: f32, body: f32) {
        self.best.clear();
        let most = self.touched.iter().map(|n| self.sums[*n as usize]).fold(0.0, f32::max);
        for name in &self.touched {
            let sum = std::mem::take(&mut self.sums[*name as usize]);
            if sum < most * 0.3 {
                continue;
            }
            let listed = &index.names[*name as usize];
            let asked = if index.people[listed.entity as usize] {
                person
            } else {
                body
            };
            let listed = listed.weight;
            let sum = sum.min(listed).min(asked.max(0.1));
            let left = (asked - sum).max(0.0) * 0.5 + (listed - sum).max(0.0) * 0.3;
            self.best.push((sum / (sum + left), *name));
        }
        self.touched.clear();
        let better = |a: &(f32, u32), b: &(f32, u32)| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1));
        if self.best.len() > KEEP {
            self.best.select_nth_unstable_by(KEEP, better);
            self.best.truncate(KEEP);
        }
        self.best.sort_unstable_by(better);
    }

    /// Keeps the better of two names of one entity.
    fn keep(&mut self, found: Found) {
        match self.found.iter_mut().find(|f| f.entity == found.entity) {
            Some(known) if known.score < found.score => *known = found,
            Some(_) => {}
            None => self.found.push(found),
        }
    }
}
