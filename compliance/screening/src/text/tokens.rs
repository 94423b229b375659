//! Words of a name in one romanised form.

use unicode_normalization::char::is_combining_mark;

use super::{abjad, alphabets, cjk, confusable, fold, indic};

/// At most so many words of a name are read.
const MAX_TOKENS: usize = 64;
/// At most so many characters of a word are read.
const MAX_WORD: usize = 48;

/// How the letters of a word were written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Script {
    /// Latin letters or digits.
    #[default]
    Latin,
    /// An alphabet with vowels.
    Alphabet,
    /// Arabic or Hebrew: few vowels are written.
    Abjad,
    /// Han characters.
    Han,
    /// Hangul syllables.
    Hangul,
}

impl Script {
    /// Whether different words often have one reading.
    pub(crate) fn is_lossy(self) -> bool {
        matches!(self, Self::Abjad | Self::Han | Self::Hangul)
    }
}

/// One word as it was written and as it is compared.
#[derive(Clone, Debug, Default)]
pub(crate) struct Raw {
    /// As written.
    pub text: String,
    /// Romanised: `a`-`z`, `0`-`9`, and bytes above 127 for letters of scripts without a table.
    pub form: Vec<u8>,
    /// Another reading of the same letters.
    pub other: Option<Vec<u8>>,
    /// How it was written.
    pub script: Script,
}

/// The words of a name, and the position of the first word behind the first comma.
pub(crate) fn split(name: &str) -> (Vec<Raw>, Option<usize>) {
    let mut reader = Reader::default();
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        if fold::is_ignored(c) {
            continue;
        }
        if c.is_alphanumeric() || (is_combining_mark(c) && !reader.word.is_empty()) {
            reader.word.push(c);
            if reader.word.len() >= MAX_WORD {
                reader.end_word();
            }
        } else if c == '.' && reader.acronym_goes_on(&chars) {
            reader.dotted = true;
        } else {
            reader.end_word();
            match c {
                '&' | '+' => reader.push(Raw {
                    text: c.to_string(),
                    form: b"and".to_vec(),
                    ..Raw::default()
                }),
                ',' | '،' | '，' | '、' if reader.comma.is_none() && !reader.out.is_empty() => {
                    reader.comma = Some(reader.out.len());
                }
                _ => {}
            }
        }
        if reader.out.len() >= MAX_TOKENS {
            reader.word.clear();
            break;
        }
    }
    reader.end_word();
    reader.out.truncate(MAX_TOKENS);
    let latin = reader.out.iter().any(|r| r.script == Script::Latin);
    if !latin {
        for raw in &mut reader.out {
            if raw.script == Script::Alphabet {
                raw.other = None;
            }
        }
    }
    let comma = reader.comma.filter(|at| *at < reader.out.len());
    (reader.out, comma)
}

#[derive(Default)]
struct Reader {
    word: Vec<char>,
    dotted: bool,
    out: Vec<Raw>,
    comma: Option<usize>,
}

impl Reader {
    /// After a dot: does "S.A." go on with a single letter?
    fn acronym_goes_on(&self, rest: &std::iter::Peekable<std::str::Chars<'_>>) -> bool {
        if !(self.word.len() == 1 || self.dotted) {
            return false;
        }
        let mut rest = rest.clone();
        rest.next().is_some_and(char::is_alphabetic) && !rest.next().is_some_and(char::is_alphanumeric)
    }

    fn end_word(&mut self) {
        self.dotted = false;
        if self.word.is_empty() {
            return;
        }
        let word = std::mem::take(&mut self.word);
        let mut start = 0;
        for at in 1..=word.len() {
            if at == word.len() || class(word[at - 1]) != class(word[at]) {
                self.run(&word[start..at]);
                start = at;
            }
        }
    }

    /// One run of characters of one class.
    fn run(&mut self, run: &[char]) {
        match class(run[0]) {
            Class::Han if (2..=4).contains(&run.len()) => {
                let (surname, given) = run.split_at(cjk::surname_length(run));
                self.push(han(surname));
                self.push(han(given));
            }
            Class::Han => self.push(han(run)),
            Class::Hangul if (2..=4).contains(&run.len()) => {
                let mut surname = hangul(&run[..1]);
                if let Some(usual) = cjk::korean_surname(run[0]) {
                    surname.other = Some(std::mem::replace(&mut surname.form, usual.as_bytes().to_vec()));
                }
                self.push(surname);
                self.push(hangul(&run[1..]));
            }
            Class::Hangul => self.push(hangul(run)),
            Class::Kana => {
                let mut text = String::new();
                for c in run {
                    alphabets::kana(*c, &mut text);
                }
                self.push(Raw {
                    text: run.iter().collect(),
                    form: text.into_bytes(),
                    other: None,
                    script: Script::Alphabet,
                });
            }
            Class::Other => self.push(letters(run)),
        }
    }

    fn push(&mut self, raw: Raw) {
        if !raw.form.is_empty() {
            self.out.push(raw);
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Han,
    Hangul,
    Kana,
    Other,
}

fn class(c: char) -> Class {
    if c.is_ascii() {
        Class::Other
    } else if fold::is_han(c) {
        Class::Han
    } else if cjk::is_syllable(c) {
        Class::Hangul
    } else if fold::is_kana(c) {
        Class::Kana
    } else {
        Class::Other
    }
}

fn han(run: &[char]) -> Raw {
    let mut form = Vec::new();
    for c in run {
        match cjk::pinyin(*c) {
            Some(reading) => form.extend_from_slice(reading.as_bytes()),
            None => encode(*c, &mut form),
        }
    }
    Raw {
        text: run.iter().collect(),
        form,
        other: None,
        script: Script::Han,
    }
}

fn hangul(run: &[char]) -> Raw {
    let mut form = String::new();
    for (at, c) in run.iter().enumerate() {
        cjk::hangul(*c, at > 0, &mut form);
    }
    Raw {
        text: run.iter().collect(),
        form: form.into_bytes(),
        other: None,
        script: Script::Hangul,
    }
}

/// A word of letters: Latin as it is, mixed scripts by the look of the letters, other scripts by their tables.
fn letters(run: &[char]) -> Raw {
    let text: String = run.iter().collect();
    if text.is_ascii() {
        let mut form = text.clone().into_bytes();
        form.make_ascii_lowercase();
        return Raw {
            text,
            form,
            ..Raw::default()
        };
    }
    let latin = run.iter().filter(|c| is_latin(**c)).count();
    let alike = run
        .iter()
        .filter(|c| !is_latin(**c) && confusable::skeleton(**c).is_some())
        .count();
    if latin > 0 && alike > 0 {
        let form = skeleton(run);
        return Raw {
            text,
            form,
            ..Raw::default()
        };
    }
    let mut folded = Vec::with_capacity(run.len() + 4);
    for c in run {
        fold::fold(*c, &mut |part| folded.push(part));
    }
    let letters = run.iter().filter(|c| c.is_alphabetic()).count();
    let (form, script) = romanize(&folded);
    let other = (letters > 0 && alike == letters && script == Script::Alphabet).then(|| skeleton(run));
    Raw {
        text,
        form,
        other,
        script,
    }
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphabetic() || (c.is_alphabetic() && matches!(u32::from(c), 0xAA..=0x24F | 0x1E00..=0x1EFF))
}

fn skeleton(run: &[char]) -> Vec<u8> {
    let mut form = Vec::with_capacity(run.len());
    for c in run {
        match confusable::skeleton(*c) {
            Some(like) if !is_latin(*c) => encode(like, &mut form),
            _ => {
                let mut folded = Vec::new();
                fold::fold(*c, &mut |part| folded.push(part));
                form.extend(romanize(&folded).0);
            }
        }
    }
    form
}

/// Romanises folded letters of one word.
fn romanize(word: &[char]) -> (Vec<u8>, Script) {
    if word.iter().any(|c| indic::place(*c).is_some()) {
        let mut text = String::new();
        indic::romanize(word, &mut text);
        return (text.into_bytes(), Script::Alphabet);
    }
    let mut form = Vec::with_capacity(word.len() * 2);
    let mut script = Script::Latin;
    for (at, c) in word.iter().enumerate() {
        if c.is_ascii_alphanumeric() {
            form.push(u8::try_from(*c).unwrap_or(b'?'));
            continue;
        }
        let (before, after) = (at.checked_sub(1).map(|b| word[b]), word.get(at + 1).copied());
        let (found, of) = romanize_one(*c, before, after);
        if of != Script::Latin {
            script = of;
        }
        match found {
            Some(text) => form.extend_from_slice(text.as_bytes()),
            None if c.is_alphanumeric() || is_combining_mark(*c) => encode(*c, &mut form),
            None => {}
        }
    }
    if script == Script::Alphabet && word.iter().any(|c| ('а'..='ӿ').contains(c)) {
        shorten_endings(&mut form);
    }
    (form, script)
}

fn romanize_one(c: char, before: Option<char>, after: Option<char>) -> (Option<&'static str>, Script) {
    match u32::from(c) {
        0x370..=0x3FF => (alphabets::greek(c, before, after), Script::Alphabet),
        0x400..=0x52F => (alphabets::cyrillic(c, before), Script::Alphabet),
        0x530..=0x58F => (alphabets::armenian(c), Script::Alphabet),
        0x590..=0x5FF => (abjad::hebrew(c, before.is_none(), after.is_none()), Script::Abjad),
        0x600..=0x6FF => (abjad::arabic(c, before.is_none(), after.is_none()), Script::Abjad),
        0x10A0..=0x10FF => (alphabets::georgian(c), Script::Alphabet),
        0x80..=0x24F | 0x1E00..=0x1EFF => (None, Script::Latin),
        _ => (None, Script::Alphabet),
    }
}

/// Russian adjectives as they are written: "iy" and "yy" end in "y".
fn shorten_endings(form: &mut Vec<u8>) {
    if form.ends_with(b"iy") || form.ends_with(b"yy") {
        form.truncate(form.len() - 2);
        form.push(b'y');
    }
}

/// A letter without a table, losslessly as bytes above 127.
fn encode(c: char, form: &mut Vec<u8>) {
    if c.is_ascii_alphanumeric() {
        form.push(c.to_ascii_lowercase() as u8);
        return;
    }
    let code = u32::from(c);
    for shift in [14, 7, 0] {
        if shift == 0 || code >> shift > 0 {
            form.push(0x80 | ((code >> shift) & 0x7F) as u8);
        }
    }
}
