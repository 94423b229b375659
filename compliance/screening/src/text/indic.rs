//! Romanisation of the nine Indic scripts whose Unicode blocks share one layout, Devanagari to Malayalam.

/// Independent vowels 0x05..=0x14 of a block.
const VOWELS: [&str; 16] = [
    "a", "a", "i", "i", "u", "u", "ri", "l", "e", "e", "e", "ai", "o", "o", "o", "au",
];
/// Consonants 0x15..=0x39 of a block.
const CONSONANTS: [&str; 37] = [
    "k", "kh", "g", "gh", "n", "ch", "chh", "j", "jh", "n", "t", "th", "d", "dh", "n", "t", "th", "d", "dh", "n", "n",
    "p", "ph", "b", "bh", "m", "y", "r", "r", "l", "l", "l", "v", "sh", "sh", "s", "h",
];
/// Vowel signs 0x3E..=0x4C of a block.
const SIGNS: [&str; 15] = [
    "a", "i", "i", "u", "u", "ri", "ri", "e", "e", "e", "ai", "o", "o", "o", "au",
];

/// The place of a character in its block, when it is of one of the nine scripts.
pub(super) fn place(c: char) -> Option<u32> {
    let code = u32::from(c);
    (0x0900..0x0D80).contains(&code).then_some(code & 0x7F)
}

/// Appends one word of such a script; a consonant carries an "a" unless a sign, a virama or the end of the word follows.
pub(super) fn romanize(word: &[char], out: &mut String) {
    for (at, c) in word.iter().enumerate() {
        let Some(p) = place(*c) else { continue };
        match p {
            0x01..=0x02 => out.push('n'),
            0x03 => out.push('h'),
            0x05..=0x14 => out.push_str(VOWELS[p as usize - 0x05]),
            0x15..=0x39 => {
                out.push_str(CONSONANTS[p as usize - 0x15]);
                let next = word.get(at + 1).and_then(|n| place(*n));
                let bare = matches!(next, None | Some(0x3E..=0x4D));
                if !bare {
                    out.push('a');
                }
            }
            0x3E..=0x4C => out.push_str(SIGNS[p as usize - 0x3E]),
            _ => {}
        }
    }
}
