//! Readings of Han characters (pinyin without tones) and of Hangul syllables.

use std::{collections::HashMap, sync::OnceLock};

/// Characters of the two common national sets, by reading.
const PINYIN: &str = include_str!("../../data/pinyin.tsv");

/// Surnames of two characters.
const DOUBLE_SURNAMES: [&str; 14] = [
    "欧阳", "歐陽", "司马", "司馬", "诸葛", "諸葛", "上官", "司徒", "东方", "夏侯", "皇甫", "尉迟", "公孙", "慕容",
];

/// The reading of one Han character.
pub(super) fn pinyin(c: char) -> Option<&'static str> {
    static TABLE: OnceLock<HashMap<char, &'static str>> = OnceLock::new();
    TABLE
        .get_or_init(|| {
            PINYIN
                .lines()
                .filter_map(|line| line.split_once('\t'))
                .flat_map(|(reading, chars)| chars.chars().map(move |c| (c, reading)))
                .collect()
        })
        .get(&c)
        .copied()
}

/// How many characters of a Han word of two to four are its surname.
pub(super) fn surname_length(word: &[char]) -> usize {
    let two: String = word.iter().take(2).collect();
    if word.len() > 2 && DOUBLE_SURNAMES.contains(&two.as_str()) {
        2
    } else {
        1
    }
}

const INITIALS: [&str; 19] = [
    "k", "kk", "n", "t", "tt", "r", "m", "p", "pp", "s", "ss", "", "ch", "tch", "ch", "k", "t", "p", "h",
];
const MEDIALS: [&str; 21] = [
    "a", "ae", "ya", "yae", "o", "e", "yo", "ye", "o", "wa", "wae", "oe", "yo", "u", "wo", "we", "wi", "yu", "u", "ui",
    "i",
];
const FINALS: [&str; 28] = [
    "", "k", "k", "k", "n", "n", "n", "t", "l", "k", "m", "l", "l", "l", "p", "l", "m", "p", "p", "t", "t", "ng", "t",
    "t", "k", "t", "p", "t",
];

/// Whether a character is a whole Hangul syllable.
pub(super) fn is_syllable(c: char) -> bool {
    ('가'..='힣').contains(&c)
}

/// Appends the reading of a Hangul syllable, near to what lists print (McCune-Reischauer without marks).
pub(super) fn hangul(c: char, inside: bool, out: &mut String) {
    let code = u32::from(c) - 0xAC00;
    let (initial, medial, last) = (code / 588, code % 588 / 28, code % 28);
    out.push_str(match initial {
        0 if inside => "g",
        3 if inside => "d",
        7 if inside => "b",
        12 if inside => "j",
        other => INITIALS[other as usize],
    });
    out.push_str(MEDIALS[medial as usize]);
    out.push_str(FINALS[last as usize]);
}

/// Surnames that are hardly ever written as they are read.
pub(super) fn korean_surname(syllable: char) -> Option<&'static str> {
    Some(match syllable {
        '이' => "lee",
        '박' => "park",
        '최' => "choi",
        '정' => "jung",
        '조' => "cho",
        '임' => "lim",
        '유' => "yoo",
        '노' => "roh",
        '양' => "yang",
        '오' => "oh",
        '우' => "woo",
        '문' => "moon",
        _ => return None,
    })
}
