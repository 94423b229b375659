//! Two names beside each other, without a list.

use std::{collections::HashMap, hash::BuildHasherDefault, sync::OnceLock};

use crate::{
    align::{self, Edge, Rule, Side, Slot},
    entity::EntityKind,
    name::{Hash, Name},
    text::Script,
    weights::Weights,
    words::{Role, words},
};

/// How many entities of the OFAC list bear a word, of those that several bear: made by the example `evaluate`.
const FREQUENCIES: &str = include_str!("../data/frequencies.tsv");

/// Entities that were counted.
const COUNTED: u32 = 13_821;

fn frequency(form: &[u8]) -> u32 {
    static TABLE: OnceLock<HashMap<&'static [u8], u32, BuildHasherDefault<Hash>>> = OnceLock::new();
    TABLE
        .get_or_init(|| {
            FREQUENCIES
                .lines()
                .filter_map(|line| line.split_once('\t'))
                .filter_map(|(word, count)| Some((word.as_bytes(), count.parse().ok()?)))
                .collect()
        })
        .get(form)
        .copied()
        .unwrap_or(0)
}

/// How alike two names are (0..=1), on the scale of a search; 1.0 exactly when they are the same after normalisation.
/// The same both ways.
#[must_use]
pub fn score(kind: EntityKind, a: &str, b: &str) -> f32 {
    score_with(&Weights::default(), kind, a, b)
}

/// The same by other numbers than the default ones.
#[must_use]
#[expect(clippy::many_single_char_names, reason = "two names, each in two readings")]
pub fn score_with(weights: &Weights, kind: EntityKind, a: &str, b: &str) -> f32 {
    let (x, y) = (Name::read(a, kind), Name::read(b, kind));
    let person = match kind {
        EntityKind::Person => true,
        EntityKind::Unknown => !x.looks_like_a_body() && !y.looks_like_a_body(),
        _ => false,
    };
    if x.tokens.is_empty() || y.tokens.is_empty() {
        return 0.0;
    }
    if equal(&x, &y, person) {
        return 1.0;
    }
    let rule = Rule { weights, person };
    let both_ways = |x: &Name, y: &Name| one_way(rule, x, y).max(one_way(rule, y, x));
    let plain = both_ways(&x, &y);
    match (x.otherwise(), y.otherwise()) {
        (None, None) => plain,
        (Some(x), None) => plain.max(both_ways(&x, &y)),
        (None, Some(y)) => plain.max(both_ways(&x, &y)),
        (Some(u), Some(v)) => plain
            .max(both_ways(&u, &y))
            .max(both_ways(&x, &v))
            .max(both_ways(&u, &v)),
    }
}

/// Whether two names are the same after normalisation.
pub(crate) fn equal(x: &Name, y: &Name, person: bool) -> bool {
    x.straight == y.straight || (person && (x.turned == y.turned))
}

#[expect(clippy::many_single_char_names, reason = "two names and their words, in pairs")]
fn one_way(rule: Rule<'_>, x: &Name, y: &Name) -> f32 {
    let (a, b) = (slots(rule, x), slots(rule, y));
    let forms = |n: &Name| n.tokens.iter().map(|t| t.form.clone()).collect::<Vec<_>>();
    let (fx, fy) = (forms(x), forms(y));
    let (fx, fy): (Vec<&[u8]>, Vec<&[u8]>) = (
        fx.iter().map(Vec::as_slice).collect(),
        fy.iter().map(Vec::as_slice).collect(),
    );
    let q = Side {
        slots: &a,
        forms: &fx,
        legal: &x.legal,
        comma: x.comma.unwrap_or(0),
    };
    let l = Side {
        slots: &b,
        forms: &fy,
        legal: &y.legal,
        comma: y.comma.unwrap_or(0),
    };
    let mut edges = Vec::new();
    align::single_edges(rule, q, l, &mut edges);
    native(&mut edges, x, y);
    align::further_edges(rule, q, l, &mut edges, true);
    let mut chosen = Vec::new();
    align::pack(&mut edges, &mut chosen);
    align::score(rule, q, l, &mut chosen).score
}

/// Words of Han characters or Hangul on both sides are compared as written: one character is a large part of a name.
#[expect(clippy::float_arithmetic, reason = "scores of likeness are not money")]
fn native(edges: &mut [Edge], x: &Name, y: &Name) {
    for edge in edges {
        let (a, b) = (
            &x.tokens[edge.query.trailing_zeros() as usize],
            &y.tokens[edge.listed.trailing_zeros() as usize],
        );
        if a.script == b.script && matches!(a.script, Script::Han | Script::Hangul) && a.text != b.text {
            let same = a.text.chars().zip(b.text.chars()).filter(|(c, d)| c == d).count();
            let all = a.text.chars().count().max(b.text.chars().count());
            edge.similarity = crate::weights::count(same) / crate::weights::count(all) * 0.8;
        }
    }
}

fn slots(rule: Rule<'_>, name: &Name) -> Vec<Slot> {
    name.tokens
        .iter()
        .map(|t| {
            let (bearers, prior) = (frequency(&t.form), words().prior(&t.form));
            let rarity = rule.weights.rarity(bearers, COUNTED, prior);
            slot(rule, t, rarity, bearers > 0 || prior > 0.0)
        })
        .collect()
}

/// A word weighed by its part in the name.
#[expect(clippy::float_arithmetic, reason = "scores of likeness are not money")]
pub(crate) fn slot(rule: Rule<'_>, token: &crate::name::Token, rarity: f32, known: bool) -> Slot {
    let w = rule.weights;
    let factor = match (rule.person, token.role) {
        (_, Role::Particle(_)) => w.particle,
        (_, Role::Stop) => w.stop,
        (_, Role::Initial) => w.initial,
        (_, Role::Number) => w.number,
        (true, Role::Title) => w.title,
        (false, _) if token.legal > 0 => w.legal,
        (false, _) if token.trade > 0 => w.trade,
        _ => 1.0,
    };
    Slot {
        word: u32::MAX,
        weight: rarity * factor,
        role: token.role,
        script: token.script,
        trade: token.trade,
        legal: token.legal,
        known,
    }
}
