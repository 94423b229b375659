//! The exact one-to-one alignment of the words of two names, and the score that comes of it.
#![expect(clippy::float_arithmetic, reason = "scores of likeness are not money")]

use crate::{
    distance::{self, FAR},
    index::How,
    text::Script,
    weights::{Shape, Weights, count},
    words::{Legal, Role, words},
};

/// A word as it is compared.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Slot {
    /// Its place in the vocabulary, or `u32::MAX`.
    pub word: u32,
    /// What its presence says.
    pub weight: f32,
    /// What it is.
    pub role: Role,
    /// How it was written.
    pub script: Script,
    /// Trade that it names, zero for none.
    pub trade: u16,
    /// Number of its legal form, from one, zero for none.
    pub legal: u8,
    /// Others bear it too: it is hardly a misspelt form of another word.
    pub known: bool,
}

/// One of the two names.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Side<'a> {
    pub slots: &'a [Slot],
    pub forms: &'a [&'a [u8]],
    pub legal: &'a [Legal],
    /// First word behind the comma, zero without one.
    pub comma: usize,
}

/// Words of the query set against words of the listed name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Edge {
    pub query: u32,
    pub listed: u32,
    pub similarity: f32,
    pub weight: f32,
    pub how: How,
}

impl Edge {
    fn gain(&self) -> f32 {
        self.weight * (self.similarity + 0.3)
    }

    fn meets(&self, other: &Self) -> bool {
        self.query & other.query != 0 || self.listed & other.listed != 0
    }
}

/// What an alignment says.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Outcome {
    /// The score before facts, below 1.
    pub score: f32,
    /// What weights are divided by to be parts of the whole.
    pub whole: f32,
    /// Weight of a word that only the query has, by its own weight.
    pub query_price: f32,
    /// The same of the listed name.
    pub listed_price: f32,
}

/// Nothing but an equal name reaches 1.
pub(crate) const ALMOST: f32 = 0.9995;
/// Similarities below this are none.
pub(crate) const LEAST: f32 = 0.3;

/// What the two names are compared by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rule<'a> {
    pub weights: &'a Weights,
    /// Both names may be of a person.
    pub person: bool,
}

impl Rule<'_> {
    fn shape(&self) -> &Shape {
        if self.person {
            &self.weights.person
        } else {
            &self.weights.body
        }
    }
}

/// How alike two words are, and in what way.
/// Similarities below `least` may be answered as none.
pub(crate) fn word_similarity(
    weights: &Weights,
    a: (&[u8], Script),
    b: (&[u8], Script),
    (least, known): (f32, bool),
) -> (f32, How) {
    let ((x, of_x), (y, of_y)) = (a, b);
    // Words of one lossy script are compared as they are written, elsewhere.
    let cap = if of_x != of_y && (of_x.is_lossy() || of_y.is_lossy()) {
        1.0 - weights.lossy / count(x.len().max(1))
    } else {
        1.0
    };
    let how = if of_x == of_y {
        How::Similar
    } else {
        How::Transliterated
    };
    if x == y {
        return (cap, if of_x == of_y { How::Exact } else { how });
    }
    let abjad = (of_x == Script::Abjad) != (of_y == Script::Abjad);
    if x.len().abs_diff(y.len()) > 5 || x.is_empty() || y.is_empty() {
        return (0.0, How::Unmatched);
    }
    let price = distance::distance(x, y, abjad, weights.limit(x.len(), y.len(), least));
    if price == FAR {
        return (0.0, How::Unmatched);
    }
    let mut similarity = weights.similarity(price, x.len(), y.len());
    if known {
        similarity = (1.0 - (1.0 - similarity) * weights.known).max(0.0);
    }
    (similarity.min(0.985) * cap, how)
}

/// The edges between single words, without a vocabulary.
pub(crate) fn single_edges(rule: Rule<'_>, q: Side<'_>, l: Side<'_>, edges: &mut Vec<Edge>) {
    for (i, a) in q.slots.iter().enumerate() {
        for (j, b) in l.slots.iter().enumerate() {
            let (similarity, how) = word_similarity(
                rule.weights,
                (q.forms[i], a.script),
                (l.forms[j], b.script),
                (LEAST, a.known && b.known),
            );
            push(edges, (1 << i, 1 << j), similarity, a.weight.min(b.weight), how);
        }
    }
}

fn push(edges: &mut Vec<Edge>, (query, listed): (u32, u32), similarity: f32, weight: f32, how: How) {
    if similarity >= LEAST {
        edges.push(Edge {
            query,
            listed,
            similarity,
            weight,
            how,
        });
    }
}

/// Adds the edges that one word by itself does not show: classes, short forms, initials, joins and splits, legal forms.
/// `joins` says whether joined words of the query and short forms of names are still to be tried.
pub(crate) fn further_edges(rule: Rule<'_>, q: Side<'_>, l: Side<'_>, edges: &mut Vec<Edge>, joins: bool) {
    let (mut taken_q, mut taken_l) = (0_u32, 0_u32);
    for edge in edges.iter().filter(|e| e.similarity > 0.93) {
        taken_q |= edge.query;
        taken_l |= edge.listed;
    }
    for (i, a) in q.slots.iter().enumerate() {
        if taken_q & 1 << i != 0 {
            continue;
        }
        for (j, b) in l.slots.iter().enumerate() {
            if taken_l & 1 << j == 0 {
                kin(rule, (a, q.forms[i], 1 << i), (b, l.forms[j], 1 << j), joins, edges);
            }
        }
    }
    if joins {
        join(rule, q, l, (taken_q, taken_l), edges, false);
    }
    join(rule, l, q, (taken_l, taken_q), edges, true);
    if !rule.person {
        for a in q.legal {
            for b in l.legal {
                let similarity = match (a.group == b.group, a.sort == b.sort) {
                    (true, _) => 0.99,
                    (_, true) => rule.weights.class,
                    _ => 0.5,
                };
                let (qm, lm) = (mask(a), mask(b));
                let weight = sum(q, qm).min(sum(l, lm));
                push(edges, (qm, lm), similarity, weight, How::SameClass);
            }
        }
    }
}

fn mask(legal: &Legal) -> u32 {
    ((1_u32 << legal.words) - 1) << legal.start
}

fn sum(side: Side<'_>, mask: u32) -> f32 {
    let all = side.slots.iter().enumerate();
    all.filter(|(i, _)| mask & 1 << i != 0).map(|(_, s)| s.weight).sum()
}

/// Two single words that are spelt apart and yet go together.
#[expect(clippy::many_single_char_names, reason = "two names and their words, in pairs")]
fn kin(rule: Rule<'_>, a: (&Slot, &[u8], u32), b: (&Slot, &[u8], u32), names: bool, edges: &mut Vec<Edge>) {
    let ((a, x, qm), (b, y, lm)) = (a, b);
    let weight = a.weight.min(b.weight);
    match (a.role, b.role) {
        (Role::Particle(g), Role::Particle(h)) if g == h => {
            push(edges, (qm, lm), 0.97, weight, How::SameClass);
        }
        (Role::Initial, _) | (_, Role::Initial) if x.first() == y.first() && x.len() != y.len() => {
            push(edges, (qm, lm), rule.weights.letter, weight, How::Initial);
        }
        // A legal form of few letters with one of them wrong: "S.u." for "S.A.".
        _ if !rule.person && (a.legal > 0 || b.legal > 0) && x.len().max(y.len()) <= 4 && share_an_end(x, y) => {
            push(edges, (qm, lm), 0.5, weight, How::Similar);
        }
        _ if !rule.person && a.trade > 0 && a.trade == b.trade => {
            push(edges, (qm, lm), rule.weights.class, weight, How::SameClass);
        }
        _ if rule.person && names => match words().same_name(x, y) {
            Some(true) => push(edges, (qm, lm), 0.97, weight, How::Nickname),
            Some(false) => push(edges, (qm, lm), rule.weights.nick, weight, How::Nickname),
            None => {}
        },
        _ => {}
    }
}

fn share_an_end(x: &[u8], y: &[u8]) -> bool {
    x.len().abs_diff(y.len()) <= 1 && (x.first() == y.first() || x.last() == y.last())
}

/// Words of `many` written as one word of `one`; `turned` when `many` is the listed name.
fn join(rule: Rule<'_>, many: Side<'_>, one: Side<'_>, taken: (u32, u32), edges: &mut Vec<Edge>, turned: bool) {
    let n = many.slots.len();
    for run in 2..=3_usize {
        // With a comma the last given name is followed by the family name.
        let starts = if many.comma > 0 { n } else { (n + 1).saturating_sub(run) };
        if n < run {
            return;
        }
        for start in 0..starts {
            let places = [start, (start + 1) % n, (start + 2) % n];
            let places = &places[..run];
            let span = places.iter().fold(0_u32, |m, p| m | 1 << p);
            let length: usize = places.iter().map(|p| many.forms[*p].len()).sum();
            if length > distance::MAX || taken.0 & span == span {
                continue;
            }
            for (j, b) in one.slots.iter().enumerate() {
                if taken.1 & 1 << j != 0 {
                    continue;
                }
                let masks = if turned { (1 << j, span) } else { (span, 1 << j) };
                let weight = || sum(many, span).min(b.weight);
                let target = one.forms[j];
                let initials = || {
                    places
                        .iter()
                        .zip(target)
                        .all(|(p, c)| many.forms[*p].first() == Some(c))
                };
                if rule.person && target.len() == run && initials() {
                    push(edges, masks, rule.weights.letter, weight(), How::Initial);
                } else if target.len().abs_diff(length) <= 2 && target.len() >= 4 {
                    let similarity = joined(rule, many, places, (target, b.script));
                    let how = if turned { How::Split } else { How::Join };
                    push(edges, masks, rule.weights.joined(similarity), weight(), how);
                }
            }
        }
    }
}

/// How alike words written as one are to a word.
fn joined(rule: Rule<'_>, many: Side<'_>, places: &[usize], target: (&[u8], Script)) -> f32 {
    let mut joined = [0_u8; distance::MAX];
    let mut at = 0;
    for place in places {
        let form = many.forms[*place];
        joined[at..at + form.len()].copy_from_slice(form);
        at += form.len();
    }
    let set = distance::letters(&joined[..at]) ^ distance::letters(target.0);
    if set.count_ones() > 3 {
        return 0.0;
    }
    word_similarity(
        rule.weights,
        (&joined[..at], many.slots[places[0]].script),
        target,
        (LEAST, false),
    )
    .0
}

/// Keeps of the edges those that together gain most and share no word.
pub(crate) fn pack(edges: &mut Vec<Edge>, keep: &mut Vec<Edge>) {
    keep.clear();
    edges.sort_unstable_by(|a, b| {
        b.gain()
            .total_cmp(&a.gain())
            .then(a.query.cmp(&b.query))
            .then(a.listed.cmp(&b.listed))
    });
    let crossed = edges
        .iter()
        .enumerate()
        .any(|(at, a)| edges[..at].iter().any(|b| a.meets(b)));
    if !crossed {
        keep.extend_from_slice(edges);
        return;
    }
    let mut search = Search {
        edges,
        best: 0.0,
        chosen: 0,
        steps: 400,
    };
    search.go(0, (0, 0), 0.0, 0);
    let chosen = search.chosen;
    keep.extend(
        edges
            .iter()
            .take(64)
            .enumerate()
            .filter(|(i, _)| chosen & 1 << i != 0)
            .map(|(_, e)| *e),
    );
}

/// Branch and bound over the best 64 edges; the first branch is the greedy choice.
struct Search<'a> {
    edges: &'a [Edge],
    best: f32,
    chosen: u64,
    steps: u32,
}

impl Search<'_> {
    fn go(&mut self, at: usize, used: (u32, u32), gained: f32, chosen: u64) {
        if gained > self.best {
            self.best = gained;
            self.chosen = chosen;
        }
        let free = |e: &Edge| e.query & used.0 == 0 && e.listed & used.1 == 0;
        let end = self.edges.len().min(64);
        let Some(next) = (at..end).find(|i| free(&self.edges[*i])) else {
            return;
        };
        if self.steps == 0 {
            return;
        }
        self.steps -= 1;
        let bound: f32 = self.bound(next, used);
        if gained + bound <= self.best {
            return;
        }
        let edge = self.edges[next];
        let taken = (used.0 | edge.query, used.1 | edge.listed);
        self.go(next + 1, taken, gained + edge.gain(), chosen | 1 << next);
        self.go(next + 1, used, gained, chosen);
    }

    /// No more than the best edge of every word of the query that is left.
    fn bound(&self, from: usize, used: (u32, u32)) -> f32 {
        let mut seen = used.0;
        let mut total = 0.0;
        for edge in self.edges[from..].iter().take(64 - from.min(64)) {
            if edge.query & used.0 == 0 && edge.listed & used.1 == 0 && edge.query & !seen != 0 {
                seen |= edge.query;
                total += edge.gain();
            }
        }
        total
    }
}

/// The score of chosen edges.
pub(crate) fn score(rule: Rule<'_>, q: Side<'_>, l: Side<'_>, chosen: &mut [Edge]) -> Outcome {
    chosen.sort_unstable_by_key(|e| e.query.trailing_zeros());
    let (mut matched_q, mut matched_l) = (0_u32, 0_u32);
    let (mut got, mut of) = (0.0, 0.0);
    for edge in chosen.iter() {
        matched_q |= edge.query;
        matched_l |= edge.listed;
        got += edge.weight * edge.similarity;
        of += edge.weight;
    }
    let left_q = rest(q, matched_q);
    let left_l = rest(l, matched_l);
    let shape = rule.shape();
    let both = left_q.min(left_l);
    let (more_q, more_l) = (left_q - both, left_l - both);
    let whole = of + both * shape.conflict + more_q * shape.query + more_l * shape.listed;
    if whole <= 0.0 || got <= 0.0 {
        return Outcome::default();
    }
    let thin = 1.0 - rule.weights.thin * (-(got / rule.weights.enough)).exp();
    let mut factor = thin * (1.0 - rule.weights.order * count(disorder(l, chosen)));
    if rule.person && swapped(q, l, chosen) {
        factor *= rule.weights.swap;
    }
    // What is left on both sides is paid half by each.
    let price = |left: f32, more: f32, alone: f32| {
        if left > 0.0 {
            (both * shape.conflict * 0.5 + more * alone) / left
        } else {
            0.0
        }
    };
    Outcome {
        score: (got / whole * factor).min(ALMOST),
        whole,
        query_price: price(left_q, more_q, shape.query),
        listed_price: price(left_l, more_l, shape.listed),
    }
}

fn rest(side: Side<'_>, matched: u32) -> f32 {
    let all = side.slots.iter().enumerate();
    all.filter(|(i, _)| matched & 1 << i == 0).map(|(_, s)| s.weight).sum()
}

/// How many words follow one that comes later in the listed name, its given names read first.
fn disorder(l: Side<'_>, chosen: &[Edge]) -> usize {
    let place = |edge: &Edge| {
        let at = edge.listed.trailing_zeros() as usize;
        if at >= l.comma {
            at - l.comma
        } else {
            at + l.slots.len()
        }
    };
    chosen.windows(2).filter(|w| place(&w[0]) > place(&w[1])).count()
}

/// Whether the names before and after "bin" have changed places: a son is not his father.
#[expect(clippy::many_single_char_names, reason = "two names and their words, in pairs")]
fn swapped(q: Side<'_>, l: Side<'_>, chosen: &[Edge]) -> bool {
    let Some((a, b)) = around(q) else { return false };
    let Some((c, d)) = around(l) else { return false };
    let meets = |i: usize, j: usize| chosen.iter().any(|e| e.query & 1 << i != 0 && e.listed & 1 << j != 0);
    let same = q.forms[a] == q.forms[b] || l.forms[c] == l.forms[d];
    !same && ((meets(a, d) && meets(b, c)) || (meets(a, d) && !meets(b, d)) || (meets(b, c) && !meets(a, c)))
}

/// The names on both sides of the first "bin" or "bint" that has any.
fn around(side: Side<'_>) -> Option<(usize, usize)> {
    let name = |i: &usize| matches!(side.slots[*i].role, Role::Name);
    let link = |s: &Slot| matches!(s.role, Role::Particle(1 | 2));
    let bin = side.slots.iter().enumerate().position(|(at, s)| at > 0 && link(s))?;
    let before = (0..bin).rev().find(name)?;
    let after = (bin + 1..side.slots.len()).find(name)?;
    Some((before, after))
}
