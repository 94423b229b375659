//! Comparing names without keeping them: of each word a keyed digest.

use domain::ports::VerifiedPerson;
use hmac::{Hmac, Mac};
use sha2::Sha256;

use super::state::NameMatch;

/// Bytes of a digest that are kept.
const WIDTH: usize = 16;

/// Digests of the words of a name, sorted, 16 bytes each; words of one letter, which are initials, are left out. They are personal data
/// still: equal words have equal digests.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct NameKeys(Vec<[u8; WIDTH]>);

impl std::fmt::Debug for NameKeys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "NameKeys({} words)", self.0.len())
    }
}

impl NameKeys {
    /// Of a full name.
    pub(crate) fn of(key: &[u8], name: &str) -> Self {
        let mut keys: Vec<_> = words(name).iter().map(|word| digest(key, word)).collect();
        keys.sort_unstable();
        keys.dedup();
        Self(keys)
    }

    /// Of what the documents say.
    pub(crate) fn of_person(key: &[u8], person: &VerifiedPerson) -> Self {
        Self::of(key, &format!("{} {}", person.given_names, person.family_names))
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.0.concat()
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Self {
        let chunks = bytes.chunks_exact(WIDTH);
        Self(chunks.filter_map(|chunk| chunk.try_into().ok()).collect())
    }

    /// They agree when one has every word of the other and they share two, or all where there is one: second names may be left out, and the
    /// order does not matter. Other spellings are for a person to look at.
    pub(crate) fn compare(&self, other: &Self) -> NameMatch {
        let (few, many) = if self.0.len() <= other.0.len() {
            (self, other)
        } else {
            (other, self)
        };
        if few.0.is_empty() {
            return NameMatch::Unknown;
        }
        let all = few.0.iter().all(|word| many.0.contains(word));
        if all && (few.0.len() >= 2 || many.0.len() == 1) {
            NameMatch::Same
        } else {
            NameMatch::Different
        }
    }
}

fn digest(key: &[u8], word: &str) -> [u8; WIDTH] {
    let mut kept = [0; WIDTH];
    // HMAC takes a key of any length.
    if let Ok(mut mac) = <Hmac<Sha256> as Mac>::new_from_slice(key) {
        mac.update(b"usance kyc name\0");
        mac.update(word.as_bytes());
        kept.copy_from_slice(&mac.finalize().into_bytes()[..WIDTH]);
    }
    kept
}

/// Lower case without marks, split at everything that is no letter; apostrophes join. One letter alone is an initial.
fn words(name: &str) -> Vec<String> {
    let mut folded = String::new();
    for c in name.chars() {
        match c {
            '\'' | '’' | '`' | '\u{300}'..='\u{36f}' => {}
            c if c.is_alphabetic() => fold(c, &mut folded),
            _ => folded.push(' '),
        }
    }
    let long = folded.split_whitespace().filter(|word| word.chars().nth(1).is_some());
    long.map(str::to_owned).collect()
}

/// Latin letters with marks, by their base; what is not listed stays.
const BASES: [(&str, &str); 32] = [
    ("àáâãåāăą", "a"),
    ("ä", "a"),
    ("æ", "ae"),
    ("çćĉċč", "c"),
    ("ďđð", "d"),
    ("èéêëēĕėęě", "e"),
    ("ĝğġģ", "g"),
    ("ĥħ", "h"),
    ("ìíîïĩīĭįı", "i"),
    ("ĵ", "j"),
    ("ķ", "k"),
    ("ĺļľŀł", "l"),
    ("ñńņňŉ", "n"),
    ("òóôõōŏő", "o"),
    ("öø", "o"),
    ("œ", "oe"),
    ("ŕŗř", "r"),
    ("śŝşšș", "s"),
    ("ß", "ss"),
    ("ţťŧț", "t"),
    ("þ", "th"),
    ("ùúûũūŭůűų", "u"),
    ("ü", "u"),
    ("ŵ", "w"),
    ("ýÿŷ", "y"),
    ("źżž", "z"),
    ("ə", "a"),
    ("ơ", "o"),
    ("ư", "u"),
    ("ắằẳẵặấầẩẫậạảã", "a"),
    ("ếềểễệẹẻẽ", "e"),
    ("ốồổỗộớờởỡợọỏ", "o"),
];

fn fold(c: char, to: &mut String) {
    for lower in c.to_lowercase() {
        match BASES.iter().find(|(marked, _)| marked.contains(lower)) {
            Some((_, base)) => to.push_str(base),
            // What is left of a letter whose mark was split off by lower-casing.
            None if lower.is_alphabetic() => to.push(lower),
            None => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(claimed: &str, shown: &str) -> NameMatch {
        NameKeys::of(b"key", claimed).compare(&NameKeys::of(b"key", shown))
    }

    #[test]
    fn order_case_marks_initials_and_second_names_do_not_matter() {
        for shown in [
            "SAMPLE ALEX",
            "Alex J. Sample",
            "alex maria sample",
            "Álex  Sämple",
            "ALEX-SAMPLE",
            "A\u{301}lex Sample",
        ] {
            assert_eq!(compared("Alex Sample", shown), NameMatch::Same, "{shown}");
        }
        assert_eq!(compared("Siobhán O'Brien", "SIOBHAN OBRIEN"), NameMatch::Same);
        assert_eq!(compared("Teller", "TELLER"), NameMatch::Same);
    }

    #[test]
    fn another_name_is_another_and_half_a_name_is_none() {
        for shown in ["Alex Simple", "Sample", "Alex", "Alexa Sample", "Somebody Else"] {
            assert_eq!(compared("Alex Sample", shown), NameMatch::Different, "{shown}");
        }
        assert_eq!(compared("Alex Sample", ""), NameMatch::Unknown);
        assert_eq!(compared("A.", "A."), NameMatch::Unknown, "an initial is no name");
    }

    #[test]
    fn digests_depend_on_the_key_and_come_back_from_their_bytes() {
        let keys = NameKeys::of(b"key", "Alex Sample");
        assert_eq!(NameKeys::from_bytes(&keys.to_bytes()), keys);
        assert_eq!(keys.to_bytes().len(), 32);
        assert_eq!(
            keys.compare(&NameKeys::of(b"other", "Alex Sample")),
            NameMatch::Different
        );
    }
}
