//! Single characters: case, accents and ligatures.

use unicode_normalization::char::{decompose_compatible, is_combining_mark};

/// Latin letters that do not decompose.
#[expect(clippy::match_same_arms, reason = "a table in the order of the letters")]
fn ligature(c: char) -> Option<&'static str> {
    Some(match c {
        'ß' | 'ẞ' => "ss",
        'ø' => "o",
        'ł' | 'ŀ' | 'ƚ' => "l",
        'đ' | 'ð' | 'ɗ' | 'ɖ' => "d",
        'æ' | 'ǽ' | 'ə' | 'ǝ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ħ' => "h",
        'ı' | 'ɩ' => "i",
        'ŋ' => "ng",
        'ŧ' => "t",
        'ƀ' | 'ɓ' => "b",
        'ƒ' => "f",
        'ɡ' | 'ɠ' => "g",
        'ɲ' | 'ƞ' => "n",
        'ɔ' => "o",
        'ɛ' => "e",
        'ƴ' => "y",
        'ʃ' => "sh",
        'ʒ' | 'ƶ' => "z",
        _ => return None,
    })
}

/// Gives the case-folded, decomposed letters of one character; accents of alphabets disappear, vowel signs stay.
pub(super) fn fold(c: char, out: &mut impl FnMut(char)) {
    if c.is_ascii() {
        out(c.to_ascii_lowercase());
        return;
    }
    if super::cjk::is_syllable(c) || is_kana(c) || is_han(c) {
        out(c);
        return;
    }
    for low in c.to_lowercase() {
        decompose_compatible(low, |part| {
            for part in part.to_lowercase() {
                if let Some(text) = ligature(part) {
                    text.chars().for_each(&mut *out);
                } else if !is_combining_mark(part) || is_vowel_sign(part) {
                    out(part);
                }
            }
        });
    }
}

/// Marks that are letters of their script: Indic, Thai, Khmer and Burmese vowels; the nukta and Arabic points are not.
fn is_vowel_sign(c: char) -> bool {
    matches!(u32::from(c), 0x0900..=0x109F | 0x1780..=0x17D3) && (u32::from(c) & 0x7F != 0x3C || u32::from(c) > 0x0D7F)
}

/// Marks and signs that separate nothing and mean nothing: apostrophes, soft hyphens, direction marks, joiners.
pub(super) fn is_ignored(c: char) -> bool {
    matches!(
        c,
        '\'' | '`' | '´' | '’' | '‘' | 'ʼ' | 'ʻ' | 'ʽ' | 'ʾ' | 'ʿ' | '′' | '＇' | '"' | '“' | '”' | '״' | '׳'
            | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}'
            | 'ـ' | '\u{61C}' | '\u{180E}' | '\u{FE00}'..='\u{FE0F}'
    )
}

/// Hiragana or katakana, whose voicing marks must not be taken off.
pub(super) fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FC}')
}

/// A Han character.
pub(super) fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}')
}
