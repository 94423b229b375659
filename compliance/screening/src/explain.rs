//! Why a score is what it is: pieces whose weight times similarity add up to it.
#![expect(clippy::float_arithmetic, reason = "scores of likeness are not money")]

use crate::{
    align::{Edge, Outcome, Slot},
    entity::NameGrade,
    index::{How, Piece},
    name::{Name, Token},
};

/// Pieces of a name that is the same: each word with its part of the weight. Answers 1.
pub(crate) fn equal(query: &Name, listed: &[Slot], pieces: &mut Vec<Piece>) -> f32 {
    let whole: f32 = listed.iter().map(|s| s.weight).sum();
    // A turned name has the same words in another order; the weights belong to the words, not to the places.
    let turn = query.comma.unwrap_or(0);
    let count = listed.len().max(1);
    for (at, token) in query.tokens.iter().enumerate() {
        let slot = listed.get((at + count - turn % count) % count);
        pieces.push(Piece {
            query: token.text.clone(),
            listed: token.text.clone(),
            how: How::Exact,
            weight: slot.map_or(0.0, |s| s.weight / whole),
            similarity: 1.0,
        });
    }
    1.0
}

/// Pieces of two names that are aligned by `chosen`.
pub(crate) fn pieces(
    (query, listed): (&Name, &Name),
    (asked, slots): (&[Slot], &[Slot]),
    chosen: &[Edge],
    outcome: Outcome,
    pieces: &mut Vec<Piece>,
) {
    let (mut seen_q, mut seen_l) = (0_u32, 0_u32);
    let part = |weight: f32| {
        if outcome.whole > 0.0 {
            weight / outcome.whole
        } else {
            0.0
        }
    };
    let mut sum = 0.0;
    for edge in chosen {
        seen_q |= edge.query;
        seen_l |= edge.listed;
        let weight = part(edge.weight);
        sum += weight * edge.similarity;
        pieces.push(Piece {
            query: text(&query.tokens, edge.query),
            listed: text(&listed.tokens, edge.listed),
            how: edge.how,
            weight,
            similarity: edge.similarity,
        });
    }
    for (at, token) in query.tokens.iter().enumerate().filter(|(i, _)| seen_q & 1 << i == 0) {
        let weight = asked.get(at).map_or(0.0, |s| part(s.weight * outcome.query_price));
        pieces.push(unmatched(token.text.clone(), String::new(), weight));
    }
    for (at, token) in listed.tokens.iter().enumerate().filter(|(i, _)| seen_l & 1 << i == 0) {
        let weight = slots.get(at).map_or(0.0, |s| part(s.weight * outcome.listed_price));
        pieces.push(unmatched(String::new(), token.text.clone(), weight));
    }
    if (outcome.score - sum).abs() > f32::EPSILON {
        pieces.push(fact("order and strength of evidence", "", outcome.score - sum));
    }
}

/// The piece of a weak alias or a former name.
pub(crate) fn grade(grade: NameGrade, score: f32, factor: f32, pieces: &mut Vec<Piece>) {
    if factor < 1.0 {
        pieces.push(fact("", &format!("{grade:?} name"), score * factor - score));
    }
}

fn fact(query: &str, listed: &str, weight: f32) -> Piece {
    Piece {
        query: query.to_owned(),
        listed: listed.to_owned(),
        how: How::Fact,
        weight,
        similarity: 1.0,
    }
}

fn unmatched(query: String, listed: String, weight: f32) -> Piece {
    Piece {
        query,
        listed,
        how: How::Unmatched,
        weight,
        similarity: 0.0,
    }
}

fn text(tokens: &[Token], mask: u32) -> String {
    let words: Vec<&str> = tokens
        .iter()
        .enumerate()
        .filter(|(i, _)| mask & 1 << i != 0)
        .map(|(_, t)| t.text.as_str())
        .collect();
    words.join(" ")
}
