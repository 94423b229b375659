//! What else is known of both sides: dates of birth, countries, gender, identifiers.
#![expect(clippy::float_arithmetic, reason = "scores of likeness are not money")]

use crate::{
    align::ALMOST,
    entity::{Entity, EntityKind, Identifier, PartialDate, Subject},
    index::{How, Piece},
};

/// Factor of a date of birth in another year.
const OTHER_YEAR: f32 = 0.8;
/// Factor of a date of birth in the same year but on another day.
const OTHER_DAY: f32 = 0.92;
/// Factor of countries that have none in common.
const OTHER_COUNTRY: f32 = 0.95;
/// Factor of another gender.
const OTHER_GENDER: f32 = 0.85;
/// Factor of another sort of bearer, such as a person for a ship.
const OTHER_KIND: f32 = 0.85;
/// Part of what is missing to 1 that an equal date of birth gives.
const SAME_BIRTH: f32 = 0.25;
/// Score of an equal identifier, whatever the name.
const SAME_IDENTIFIER: f32 = 0.99;

/// How two dates of birth stand to each other, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Births {
    Same,
    Near,
    OtherDay,
    OtherYear,
}

/// The score after the facts, and a piece for each fact that changed it; the pieces' weights are what they added.
pub(crate) fn apply(subject: &Subject, entity: &Entity, score: f32, pieces: &mut Vec<Piece>) -> f32 {
    let mut score = score;
    let mut change = |query: String, listed: String, next: f32, score: &mut f32| {
        pieces.push(Piece {
            query,
            listed,
            how: How::Fact,
            weight: next - *score,
            similarity: 1.0,
        });
        *score = next;
    };
    if let Some(kind) = subject.kind
        && kind != EntityKind::Unknown
        && entity.kind != EntityKind::Unknown
        && kind != entity.kind
    {
        change(
            format!("{kind:?}"),
            format!("{:?}", entity.kind),
            score * OTHER_KIND,
            &mut score,
        );
    }
    if let Some(birth) = &subject.birth
        && let Some((found, listed)) = entity
            .births
            .iter()
            .map(|b| (births(*birth, *b), *b))
            .min_by_key(|(f, _)| *f)
    {
        let next = match found {
            Births::Same if score < ALMOST => (score + (1.0 - score) * SAME_BIRTH).min(ALMOST),
            Births::Same | Births::Near => score,
            Births::OtherDay => score * OTHER_DAY,
            Births::OtherYear => score * OTHER_YEAR,
        };
        change(date(*birth), date(listed), next, &mut score);
    }
    if !subject.countries.is_empty() && !entity.countries.is_empty() {
        let shared = subject
            .countries
            .iter()
            .any(|c| entity.countries.iter().any(|d| c.eq_ignore_ascii_case(d)));
        if !shared {
            let (ours, theirs) = (subject.countries.join(" "), entity.countries.join(" "));
            change(ours, theirs, score * OTHER_COUNTRY, &mut score);
        }
    }
    if let (Some(ours), Some(theirs)) = (subject.gender, entity.gender)
        && ours != theirs
    {
        change(
            format!("{ours:?}"),
            format!("{theirs:?}"),
            score * OTHER_GENDER,
            &mut score,
        );
    }
    if score < SAME_IDENTIFIER
        && let Some((ours, theirs)) = shared_identifier(subject, entity)
    {
        change(ours.value.clone(), theirs.value.clone(), SAME_IDENTIFIER, &mut score);
    }
    score
}

fn date(date: PartialDate) -> String {
    match (date.month, date.day) {
        (Some(month), Some(day)) => format!("{:04}-{month:02}-{day:02}", date.year),
        (Some(month), None) => format!("{:04}-{month:02}", date.year),
        _ => format!("{:04}", date.year),
    }
}

/// Years one apart, or day and month in each other's place, are taken for one date; so is a year on either side of
/// "circa".
fn births(ours: PartialDate, listed: PartialDate) -> Births {
    let apart = ours.year.abs_diff(listed.year);
    let turned = ours.month.is_some() && ours.month == listed.day && ours.day == listed.month;
    let agree = |a: Option<u8>, b: Option<u8>| a.is_none() || b.is_none() || a == b;
    let days = agree(ours.month, listed.month) && agree(ours.day, listed.day);
    let known = |d: PartialDate| d.month.is_some() && d.day.is_some();
    let near = if ours.circa || listed.circa { 2 } else { 1 };
    match (apart, days, turned) {
        (0, true, _) => Births::Same,
        (0, _, true) => Births::Near,
        (0, _, _) if ours.circa || listed.circa => Births::Near,
        (0, _, _) => Births::OtherDay,
        (1, true, _) if known(ours) && known(listed) => Births::Near,
        (n, _, _) if n <= near && !(known(ours) && known(listed)) => Births::Near,
        (1, _, _) => Births::OtherDay,
        _ => Births::OtherYear,
    }
}

/// Letters and digits of an identifier, upper case.
pub(crate) fn plain(value: &str) -> String {
    value
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

/// An identifier that both have; numbers of different countries are different, and so are short ones of other kinds.
fn shared_identifier<'a>(subject: &'a Subject, entity: &'a Entity) -> Option<(&'a Identifier, &'a Identifier)> {
    subject.identifiers.iter().find_map(|ours| {
        let value = plain(&ours.value);
        entity
            .identifiers
            .iter()
            .find(|theirs| {
                let country = match (&ours.country, &theirs.country) {
                    (Some(a), Some(b)) => a.eq_ignore_ascii_case(b),
                    _ => true,
                };
                let kind = ours.kind.eq_ignore_ascii_case(&theirs.kind) || value.len() >= 8;
                value.len() >= 5 && country && kind && plain(&theirs.value) == value
            })
            .map(|theirs| (ours, theirs))
    })
}
