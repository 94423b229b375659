//! Words that mean little by themselves: particles, titles, legal forms, trades; and short forms of names.

use std::{
    collections::{HashMap, HashSet},
    hash::BuildHasherDefault,
    sync::OnceLock,
};

use crate::{name::Hash, text};

type Map<K, V> = HashMap<K, V, BuildHasherDefault<Hash>>;

/// Facts from opensanctions/rigour (MIT), made by `data/make-words.mjs`.
const WORDS: &str = include_str!("../data/words.tsv");

/// Names that many bear, whatever a list says.
const COMMON: &str = include_str!("../data/common.tsv");

/// Longest legal form in words.
const MAX_PHRASE: usize = 9;

/// Particles of names, by groups of those that stand for each other.
const PARTICLES: [&[&str]; 9] = [
    &[
        "al", "el", "ul", "ol", "il", "ar", "as", "ash", "an", "at", "ad", "az", "adh", "ath", "er", "es", "ed", "ud",
        "ur", "us", "ez", "oul",
    ],
    &["bin", "ibn", "ben", "bani"],
    &["bint", "binti", "bt", "bte"],
    &[
        "de", "del", "da", "do", "dos", "das", "di", "du", "des", "della", "dello", "dei", "degli", "e", "y",
    ],
    &[
        "von", "van", "vom", "zu", "der", "den", "ter", "ten", "zum", "zur", "op",
    ],
    &["la", "le", "las", "los", "les", "lo"],
    &["ould", "wuld", "wald", "ag", "ou"],
    &["oglu", "ogly", "ogli", "uly", "kyzy", "qizi", "kizi", "gizi"],
    &["san", "santa", "santo", "saint", "sao", "st", "ste"],
];

/// Titles that the reference file does not have.
const TITLES: [&str; 42] = [
    "shaikh",
    "shaykh",
    "sheikh",
    "sheik",
    "cheikh",
    "haji",
    "hajji",
    "hajj",
    "haj",
    "hadj",
    "alhaj",
    "alhaji",
    "mullah",
    "mulla",
    "mollah",
    "maulavi",
    "mawlawi",
    "maulvi",
    "maulana",
    "mawlana",
    "qari",
    "ustad",
    "ustaz",
    "hafiz",
    "ayatollah",
    "hojjatoleslam",
    "sayyid",
    "seyyed",
    "sayed",
    "syed",
    "sri",
    "shri",
    "jr",
    "junior",
    "esq",
    "phd",
    "gen",
    "col",
    "maj",
    "lt",
    "cpt",
    "haci",
];

/// Words between the words of a name.
const STOPS: [&str; 24] = [
    "and", "of", "the", "for", "in", "on", "und", "et", "with", "to", "by", "fur", "wa", "ve", "va", "pour", "por",
    "para", "per", "im", "na", "dba", "aka", "fka",
];

/// Number words; tens and units are added up.
const NUMBERS: [(&str, u16); 51] = [
    ("one", 1),
    ("two", 2),
    ("three", 3),
    ("four", 4),
    ("five", 5),
    ("six", 6),
    ("seven", 7),
    ("eight", 8),
    ("nine", 9),
    ("ten", 10),
    ("eleven", 11),
    ("twelve", 12),
    ("thirteen", 13),
    ("fourteen", 14),
    ("fifteen", 15),
    ("sixteen", 16),
    ("seventeen", 17),
    ("eighteen", 18),
    ("nineteen", 19),
    ("twenty", 20),
    ("thirty", 30),
    ("forty", 40),
    ("fourty", 40),
    ("fifty", 50),
    ("sixty", 60),
    ("seventy", 70),
    ("eighty", 80),
    ("ninety", 90),
    ("first", 1),
    ("second", 2),
    ("third", 3),
    ("fourth", 4),
    ("fifth", 5),
    ("sixth", 6),
    ("seventh", 7),
    ("eighth", 8),
    ("ninth", 9),
    ("tenth", 10),
    ("ii", 2),
    ("iii", 3),
    ("iv", 4),
    ("vi", 6),
    ("vii", 7),
    ("viii", 8),
    ("ix", 9),
    ("xi", 11),
    ("xii", 12),
    ("xiii", 13),
    ("xiv", 14),
    ("xv", 15),
    ("xvi", 16),
];

/// What a word is, by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Role {
    /// A name.
    #[default]
    Name,
    /// A particle of the group with this number.
    Particle(u8),
    /// A title or honorific.
    Title,
    /// "and", "of".
    Stop,
    /// Digits.
    Number,
    /// One letter.
    Initial,
}

/// A legal form found in a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Legal {
    /// First word of it.
    pub start: usize,
    /// How many words.
    pub words: usize,
    /// Group of spellings of one form.
    pub group: u16,
    /// Sort of form: limited company, stock company, ...
    pub sort: u16,
}

/// All tables, read once.
#[derive(Default)]
pub(crate) struct Words {
    roles: Map<Vec<u8>, Role>,
    particles: Map<Vec<u8>, u8>,
    legal: Map<Vec<u8>, (u16, u16)>,
    legal_starts: HashSet<Vec<u8>, BuildHasherDefault<Hash>>,
    trades: Map<Vec<u8>, u16>,
    short_forms: Map<Vec<u8>, Vec<u16>>,
    names_of: Vec<(Vec<Vec<u8>>, bool)>,
    numbers: Map<&'static [u8], u16>,
    common: Map<&'static [u8], f32>,
}

/// The tables.
pub(crate) fn words() -> &'static Words {
    static TABLES: OnceLock<Words> = OnceLock::new();
    TABLES.get_or_init(Words::read)
}

/// The forms of a phrase with one blank between.
fn phrase(text: &str) -> (Vec<u8>, usize) {
    let (raws, _) = text::split(text);
    let forms: Vec<&[u8]> = raws.iter().map(|r| r.form.as_slice()).collect();
    (forms.join(&b' '), forms.len())
}

impl Words {
    fn read() -> Self {
        let mut out = Self::default();
        let mut sorts: HashMap<&str, u16> = HashMap::new();
        for (line_number, line) in WORDS.lines().enumerate() {
            let mut columns = line.splitn(3, '\t');
            let (Some(kind), Some(class), Some(list)) = (columns.next(), columns.next(), columns.next()) else {
                continue;
            };
            let group = u16::try_from(line_number).unwrap_or(u16::MAX);
            let next_sort = u16::try_from(sorts.len()).unwrap_or(u16::MAX);
            match kind {
                "legal" => {
                    let sort = *sorts.entry(class).or_insert(next_sort);
                    for alias in list.split('|') {
                        let (key, count) = phrase(alias);
                        if (1..=MAX_PHRASE).contains(&count) && key.len() > 1 {
                            let first = key.split(|c| *c == b' ').next().unwrap_or_default();
                            out.legal_starts.insert(first.to_vec());
                            out.legal.entry(key).or_insert((group, sort));
                        }
                    }
                }
                "business" => {
                    for alias in list.split('|') {
                        let (key, count) = phrase(alias);
                        if count == 1 {
                            out.trades.entry(key).or_insert(group);
                        }
                    }
                }
                "title" => {
                    for alias in list.split('|') {
                        let (key, count) = phrase(alias);
                        if count == 1 {
                            out.roles.insert(key, Role::Title);
                        }
                    }
                }
                "nick" | "variant" => out.read_short_forms(list, kind == "variant"),
                _ => {}
            }
        }
        for title in TITLES {
            out.roles.insert(title.as_bytes().to_vec(), Role::Title);
        }
        for stop in STOPS {
            out.roles.insert(stop.as_bytes().to_vec(), Role::Stop);
        }
        for (group, list) in (0_u8..).zip(PARTICLES) {
            for particle in list {
                out.particles.insert(particle.as_bytes().to_vec(), group);
            }
        }
        for line in COMMON.lines().rev() {
            let (prior, list) = match line.split_once('\t') {
                Some(("1", list)) => (0.01, list),
                Some((_, list)) => (0.003, list),
                None => continue,
            };
            out.common.extend(list.split(' ').map(|name| (name.as_bytes(), prior)));
        }
        out.numbers = NUMBERS.iter().map(|(word, n)| (word.as_bytes(), *n)).collect();
        out
    }

    fn read_short_forms(&mut self, list: &str, same: bool) {
        let class = u16::try_from(self.names_of.len()).unwrap_or(u16::MAX);
        let mut members = Vec::new();
        for alias in list.split('|') {
            let (key, count) = phrase(alias);
            if count == 1 && !members.contains(&key) {
                self.short_forms.entry(key.clone()).or_default().push(class);
                members.push(key);
            }
        }
        self.names_of.push((members, same));
    }

    /// What a word is by itself.
    pub(crate) fn role(&self, form: &[u8]) -> Role {
        if form.iter().all(u8::is_ascii_digit) {
            Role::Number
        } else if let Some(group) = self.particles.get(form) {
            Role::Particle(*group)
        } else if let Some(role) = self.roles.get(form) {
            *role
        } else if form.len() == 1 {
            Role::Initial
        } else {
            Role::Name
        }
    }

    /// The part of all people who bear a name, zero when it is not one of the common ones.
    pub(crate) fn prior(&self, form: &[u8]) -> f32 {
        self.common.get(form).copied().unwrap_or(0.0)
    }

    /// The trade or sort of body that a word names, when it does.
    pub(crate) fn trade(&self, form: &[u8]) -> Option<u16> {
        self.trades.get(form).copied()
    }

    /// The number that a word stands for.
    pub(crate) fn number(&self, form: &[u8]) -> Option<u16> {
        self.numbers.get(form).copied()
    }

    /// Whether two words are forms of one name; the flag says that neither is the short one.
    pub(crate) fn same_name(&self, a: &[u8], b: &[u8]) -> Option<bool> {
        let (of_a, of_b) = (self.short_forms.get(a)?, self.short_forms.get(b)?);
        of_a.iter()
            .find(|class| of_b.contains(class))
            .map(|class| self.names_of[usize::from(*class)].1)
    }

    /// Other forms of a name.
    pub(crate) fn other_names(&self, form: &[u8]) -> impl Iterator<Item = &[u8]> {
        self.short_forms
            .get(form)
            .into_iter()
            .flatten()
            .flat_map(|class| self.names_of[usize::from(*class)].0.iter().map(Vec::as_slice))
    }

    /// The legal forms among the words of a name, longest first, not overlapping.
    pub(crate) fn legal_forms(&self, forms: &[Vec<u8>]) -> Vec<Legal> {
        let mut found = Vec::new();
        let mut start = 0;
        let mut key = Vec::new();
        while start < forms.len() {
            if !self.legal_starts.contains(&forms[start]) {
                start += 1;
                continue;
            }
            let longest = MAX_PHRASE.min(forms.len() - start);
            let hit = (1..=longest).rev().find_map(|words| {
                key.clear();
                for form in &forms[start..start + words] {
                    if !key.is_empty() {
                        key.push(b' ');
                    }
                    key.extend_from_slice(form);
                }
                self.legal.get(&key).map(|(group, sort)| Legal {
                    start,
                    words,
                    group: *group,
                    sort: *sort,
                })
            });
            if let Some(hit) = hit {
                // A name is never all legal form: the first word stays unless others follow.
                if hit.words < forms.len() {
                    found.push(hit);
                }
                start += hit.words;
            } else {
                start += 1;
            }
        }
        found
    }
}
