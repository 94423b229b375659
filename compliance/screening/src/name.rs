//! A name taken apart: words with their roles, legal forms, and the order that people are called in.

use std::hash::Hasher;

use crate::{
    entity::EntityKind,
    text::{self, Raw, Script},
    words::{Legal, Role, words},
};

/// Words of a name that take part in comparing; the others still count for equality.
pub(crate) const MAX_SLOTS: usize = 32;

/// A word with its meaning.
#[derive(Clone, Debug, Default)]
pub(crate) struct Token {
    /// As written.
    pub text: String,
    /// Romanised.
    pub form: Vec<u8>,
    /// Another reading.
    pub other: Option<Vec<u8>>,
    /// How it was written.
    pub script: Script,
    /// What it is.
    pub role: Role,
    /// Trade that it names, zero for none.
    pub trade: u16,
    /// Number of its legal form, counted from one, zero for none.
    pub legal: u8,
}

/// A name taken apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct Name {
    /// Its words as written.
    pub tokens: Vec<Token>,
    /// Its legal forms.
    pub legal: Vec<Legal>,
    /// First word behind the first comma.
    pub comma: Option<usize>,
    /// Key of the words in the order they are written.
    pub straight: u64,
    /// Key of the words with what follows the comma put first; the same as `straight` without a comma.
    pub turned: u64,
}

/// Ways to write "servant of the".
const ABDUL: [&[u8]; 12] = [
    b"abdul", b"abdel", b"abdal", b"abdol", b"abdoul", b"abdur", b"abdus", b"abdush", b"abdun", b"abdut", b"abdil",
    b"abdoel",
];

impl Name {
    /// Reads a name. Numbers written as words are read as numbers when the bearer is not a person; when nothing is known
    /// of the bearer, they are a second reading of the word.
    pub(crate) fn read(text: &str, kind: EntityKind) -> Self {
        let (raws, mut comma) = text::split(text);
        let mut tokens: Vec<Token> = Vec::with_capacity(raws.len() + 2);
        let count = raws.len();
        let mut skip = 0;
        for (at, raw) in raws.iter().enumerate() {
            if comma == Some(at) {
                comma = Some(tokens.len());
            }
            if skip > 0 {
                skip -= 1;
            } else if !matches!(kind, EntityKind::Person | EntityKind::Unknown)
                && push_number(&raws[at..], &mut tokens, &mut skip)
            {
                // done there
            } else {
                push_word(raw, &raws[at + 1..], &mut tokens, &mut skip, at > 0 && at + 1 < count);
            }
        }
        if kind == EntityKind::Unknown {
            for token in &mut tokens {
                if token.other.is_none() {
                    token.other = numeral(&token.form);
                }
            }
        }
        let comma = comma.filter(|at| *at > 0 && *at < tokens.len());
        let forms: Vec<Vec<u8>> = tokens.iter().map(|t| t.form.clone()).collect();
        let straight = key(tokens.iter());
        let turned = comma.map_or(straight, |at| key(tokens[at..].iter().chain(&tokens[..at])));
        let mut legal = if kind == EntityKind::Person {
            Vec::new()
        } else {
            words().legal_forms(&forms)
        };
        tokens.truncate(MAX_SLOTS);
        legal.retain(|l| l.start + l.words <= tokens.len());
        legal.truncate(200);
        for (number, form) in (1_u8..).zip(&legal) {
            for token in &mut tokens[form.start..form.start + form.words] {
                token.legal = number;
            }
        }
        for token in &mut tokens {
            token.trade = words().trade(&token.form).unwrap_or(0);
        }
        Self {
            tokens,
            legal,
            comma,
            straight,
            turned,
        }
    }

    /// The name in the other reading of its words, when a word has one.
    pub(crate) fn otherwise(&self) -> Option<Self> {
        let mut other = self.clone();
        let mut changed = false;
        for token in &mut other.tokens {
            if let Some(form) = token.other.take() {
                token.form = form;
                changed = true;
            }
        }
        changed.then_some(other)
    }

    /// Whether the words look like those of a company rather than of a person.
    pub(crate) fn looks_like_a_body(&self) -> bool {
        !self.legal.is_empty() || self.tokens.iter().any(|t| t.trade > 0 || t.role == Role::Number)
    }
}

/// A person's name in the one form that spellings share: case, marks, script and punctuation make no other form, the order of words does.
/// Equal forms are the same name to the search.
#[must_use]
pub fn plain_name(text: &str) -> String {
    let name = Name::read(text, EntityKind::Unknown);
    let form = |token: &Token| {
        if token.script.is_lossy() {
            token.text.clone()
        } else {
            String::from_utf8_lossy(&token.form).into_owned()
        }
    };
    name.tokens.iter().map(form).collect::<Vec<_>>().join(" ")
}

/// The digits of "1st" or "first".
fn numeral(form: &[u8]) -> Option<Vec<u8>> {
    let digits = form.iter().take_while(|c| c.is_ascii_digit()).count();
    if digits > 0 && matches!(&form[digits..], b"st" | b"nd" | b"rd" | b"th") {
        return Some(form[..digits].to_vec());
    }
    words().number(form).map(|number| number.to_string().into_bytes())
}

/// Takes number words together; true when the first word was one.
fn push_number(raws: &[Raw], tokens: &mut Vec<Token>, skip: &mut usize) -> bool {
    let words = words();
    let form = &raws[0].form;
    let digits = form.iter().take_while(|c| c.is_ascii_digit()).count();
    let number = if digits > 0 && matches!(&form[digits..], b"st" | b"nd" | b"rd" | b"th") {
        String::from_utf8_lossy(&form[..digits]).into_owned()
    } else if let Some(number) = words.number(form) {
        let unit = raws.get(1).and_then(|next| words.number(&next.form));
        match unit {
            Some(unit) if (20..100).contains(&number) && number % 10 == 0 && unit < 10 => {
                *skip = 1;
                (number + unit).to_string()
            }
            _ => number.to_string(),
        }
    } else {
        return false;
    };
    let text = raws[..=*skip]
        .iter()
        .map(|r| r.text.as_str())
        .collect::<Vec<_>>()
        .join(" ");
    tokens.push(Token {
        text,
        form: number.into_bytes(),
        role: Role::Number,
        ..Token::default()
    });
    true
}

fn push_word(raw: &Raw, rest: &[Raw], tokens: &mut Vec<Token>, skip: &mut usize, inside: bool) {
    let words = words();
    let servant = ABDUL.contains(&raw.form.as_slice());
    let lone = raw.form == b"abd";
    let article = lone && rest.first().is_some_and(|n| words.role(&n.form) == Role::Particle(0));
    let mut token = Token {
        text: raw.text.clone(),
        form: raw.form.clone(),
        other: raw.other.clone(),
        script: raw.script,
        ..Token::default()
    };
    if servant || lone {
        token.form = b"abdul".to_vec();
        if article {
            *skip = 1;
            token.text = format!("{} {}", raw.text, rest[0].text);
        }
        tokens.push(token);
        return;
    }
    if let Some(cut) = servant_cut(&raw.form) {
        let (head, tail) = raw.form.split_at(cut);
        let split = raw
            .text
            .char_indices()
            .nth(head.len())
            .map_or(raw.text.len(), |(at, _)| at);
        let (head_text, tail_text) = raw.text.split_at(split);
        head_text.clone_into(&mut token.text);
        token.form = b"abdul".to_vec();
        tokens.push(token);
        tokens.push(Token {
            text: tail_text.to_owned(),
            form: tail.to_vec(),
            script: raw.script,
            role: words.role(tail),
            ..Token::default()
        });
        return;
    }
    token.role = match words.role(&token.form) {
        Role::Particle(_) if token.form.len() == 1 && !inside => Role::Initial,
        role => role,
    };
    tokens.push(token);
}

/// Where "abdulrahman" divides; "abdullah" does not.
fn servant_cut(form: &[u8]) -> Option<usize> {
    ABDUL
        .iter()
        .filter(|head| form.starts_with(head))
        .map(|head| head.len())
        .filter(|cut| form.len() >= cut + 4 && !matches!(&form[*cut..*cut + 3], b"lah" | b"loh" | b"lla"))
        .max()
}

/// A key of words in their order; equal keys are equal names. Where the reading loses what was written, the letters as
/// written count.
fn key<'a>(tokens: impl Iterator<Item = &'a Token>) -> u64 {
    let mut hash = Hash::default();
    for token in tokens {
        if token.script.is_lossy() {
            hash.bytes(token.text.as_bytes());
        } else {
            hash.bytes(&token.form);
        }
        hash.bytes(b" ");
    }
    hash.0
}

/// A fixed hash (FNV-1a with a last mix): the same on every machine and run.
#[derive(Clone, Copy)]
pub(crate) struct Hash(pub u64);

impl Default for Hash {
    fn default() -> Self {
        Self(0xCBF2_9CE4_8422_2325)
    }
}

impl Hasher for Hash {
    fn write(&mut self, bytes: &[u8]) {
        self.bytes(bytes);
    }

    fn finish(&self) -> u64 {
        self.mixed()
    }
}

impl Hash {
    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        for b in bytes {
            self.0 = (self.0 ^ u64::from(*b)).wrapping_mul(0x0100_0000_01B3);
        }
    }

    /// Spreads what was hashed over all bits.
    pub(crate) fn mixed(self) -> u64 {
        let mut x = self.0;
        x = (x ^ (x >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
        x = (x ^ (x >> 29)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        x ^ (x >> 32)
    }
}
