//! A second set of misspelt names, from another seed and other names than the file: the same fifteen classes.

use std::collections::HashSet;

use usance_screening::{Entity, EntityKind, NameGrade};

use crate::data::Positive;

/// A small generator of numbers, the same on every run.
pub struct Random(pub u64);

impl Random {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut x = self.0;
        x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        x ^ (x >> 31)
    }

    pub fn below(&mut self, n: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(n.max(1)).unwrap_or(1)).unwrap_or(0)
    }

    fn letter(&mut self) -> char {
        char::from(b'a' + u8::try_from(self.below(26)).unwrap_or(0))
    }
}

pub const CLASSES: [&str; 15] = [
    "exact",
    "reorder",
    "substitute",
    "delete",
    "insert",
    "transpose",
    "vowel",
    "phonetic",
    "first_letter",
    "homoglyph",
    "drop_middle",
    "join",
    "split",
    "two_edits",
    "all_tokens",
];

/// `each` names of every class.
pub fn generate(entities: &[Entity], seed: u64, each: usize, not: &HashSet<String>) -> Vec<Positive> {
    let mut random = Random(seed);
    let mut out = Vec::new();
    for class in CLASSES {
        let mut left = each;
        let mut tries = 0;
        while left > 0 && tries < each * 200 {
            tries += 1;
            let entity = &entities[random.below(entities.len())];
            let name = &entity.names[random.below(entity.names.len())];
            if name.grade == NameGrade::Weak || not.contains(&name.text) {
                continue;
            }
            let person = entity.kind == EntityKind::Person;
            if let Some(query) = perturb(&natural(&name.text, person), class, &mut random) {
                out.push(Positive {
                    query,
                    id: entity.id.clone(),
                    class: class.to_owned(),
                    person,
                });
                left -= 1;
            }
        }
    }
    out
}

/// "SURNAME, Given" as it is spoken.
fn natural(text: &str, person: bool) -> Vec<String> {
    let text = match text.split_once(',') {
        Some((family, given)) if person => format!("{} {}", given.trim(), family.trim()),
        _ => text.to_owned(),
    };
    text.split_whitespace().map(str::to_owned).collect()
}

fn perturb(words: &[String], class: &str, random: &mut Random) -> Option<String> {
    let mut words = words.to_vec();
    let long: Vec<usize> = (0..words.len()).filter(|i| words[*i].chars().count() >= 4).collect();
    if words.len() < 2 || long.is_empty() {
        return None;
    }
    let at = long[random.below(long.len())];
    match class {
        "exact" => {}
        "reorder" => {
            let before = words.clone();
            for i in (1..words.len()).rev() {
                words.swap(i, random.below(i + 1));
            }
            if words == before {
                return None;
            }
        }
        "drop_middle" if words.len() >= 3 => {
            words.remove(1 + random.below(words.len() - 2));
        }
        "join" => {
            let i = random.below(words.len() - 1);
            let next = words.remove(i + 1);
            words[i].push_str(&next);
        }
        "split" => {
            let chars: Vec<char> = words[at].chars().collect();
            if chars.len() < 5 {
                return None;
            }
            let cut = 2 + random.below(chars.len() - 3);
            words[at] = chars[..cut].iter().chain(&[' ']).chain(&chars[cut..]).collect();
        }
        "two_edits" => {
            for _ in 0..2 {
                let at = long[random.below(long.len())];
                words[at] = edit(&words[at], random.below(4), random)?;
            }
        }
        "all_tokens" => {
            for i in long {
                words[i] = edit(&words[i], random.below(4), random)?;
            }
        }
        "homoglyph" => {
            let changed: String = words[at].chars().map(|c| look_alike(c, random)).collect();
            if changed == words[at] {
                return None;
            }
            words[at] = changed;
        }
        "phonetic" => words[at] = sound(&words[at].to_lowercase(), random)?,
        "vowel" => {
            let chars: Vec<char> = words[at].chars().collect();
            let vowels: Vec<usize> = (0..chars.len()).filter(|i| "aeiouAEIOU".contains(chars[*i])).collect();
            let i = *vowels.get(random.below(vowels.len()))?;
            words[at] = replace(&chars, i, char::from(b"aeiou"[random.below(5)]))?;
        }
        "first_letter" => {
            let chars: Vec<char> = words[at].chars().collect();
            words[at] = replace(&chars, 0, random.letter().to_ascii_uppercase())?;
        }
        "substitute" => words[at] = edit(&words[at], 0, random)?,
        "delete" => words[at] = edit(&words[at], 1, random)?,
        "insert" => words[at] = edit(&words[at], 2, random)?,
        "transpose" => words[at] = edit(&words[at], 3, random)?,
        _ => return None,
    }
    Some(words.join(" "))
}

fn replace(chars: &[char], at: usize, by: char) -> Option<String> {
    if chars[at].eq_ignore_ascii_case(&by) {
        return None;
    }
    let mut chars = chars.to_vec();
    chars[at] = by;
    Some(chars.into_iter().collect())
}

fn edit(word: &str, kind: usize, random: &mut Random) -> Option<String> {
    let mut chars: Vec<char> = word.chars().collect();
    let at = 1 + random.below(chars.len().saturating_sub(1));
    match kind {
        0 => return replace(&chars, at.min(chars.len() - 1), random.letter()),
        1 => {
            chars.remove(at.min(chars.len() - 1));
        }
        2 => chars.insert(at.min(chars.len()), random.letter()),
        _ => {
            let at = at.min(chars.len() - 1);
            if at == 0 || chars[at] == chars[at - 1] {
                return None;
            }
            chars.swap(at, at - 1);
        }
    }
    Some(chars.into_iter().collect())
}

fn look_alike(c: char, random: &mut Random) -> char {
    if random.below(2) == 0 {
        return c;
    }
    match c {
        'A' => 'А',
        'B' => 'В',
        'C' => 'С',
        'E' => 'Е',
        'H' => 'Н',
        'I' => 'І',
        'K' => 'К',
        'M' => 'М',
        'O' => 'О',
        'P' => 'Р',
        'T' => 'Т',
        'X' => 'Х',
        'a' => 'а',
        'c' => 'с',
        'e' => 'е',
        'i' => 'і',
        'o' => 'о',
        'p' => 'р',
        'x' => 'х',
        'y' => 'у',
        other => other,
    }
}

fn sound(word: &str, random: &mut Random) -> Option<String> {
    const SOUNDS: [(&str, &str); 18] = [
        ("kh", "h"),
        ("gh", "g"),
        ("q", "k"),
        ("ou", "u"),
        ("y", "i"),
        ("z", "s"),
        ("c", "k"),
        ("ph", "f"),
        ("j", "dj"),
        ("v", "w"),
        ("ee", "i"),
        ("oo", "u"),
        ("sh", "sch"),
        ("ch", "kh"),
        ("dh", "d"),
        ("iy", "y"),
        ("ei", "ey"),
        ("ae", "e"),
    ];
    let start = random.below(SOUNDS.len());
    (0..SOUNDS.len())
        .map(|i| SOUNDS[(start + i) % SOUNDS.len()])
        .find(|(from, _)| word.contains(from))
        .map(|(from, to)| word.replacen(from, to, 1))
}
