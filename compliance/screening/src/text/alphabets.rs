//! Romanisation of the alphabets: Cyrillic, Greek, Armenian, Georgian, and the kana.

/// Latin letters of one folded Cyrillic letter; `before` is the folded letter before it, none at the start of a word.
#[expect(clippy::match_same_arms, reason = "a table in the order of the letters")]
pub(super) fn cyrillic(c: char, before: Option<char>) -> Option<&'static str> {
    let soft = before.is_none_or(|b| "аеёиоуыэюяьъіїє".contains(b));
    Some(match c {
        'а' => "a",
        'б' => "b",
        'в' => "v",
        'г' | 'ґ' => "g",
        'ғ' => "gh",
        'д' => "d",
        'е' | 'є' => {
            if soft {
                "ye"
            } else {
                "e"
            }
        }
        'ё' => "yo",
        'ж' => "zh",
        'з' => "z",
        'и' | 'і' | 'ї' => "i",
        'й' => "y",
        'к' => "k",
        'қ' => "q",
        'л' => "l",
        'м' => "m",
        'н' => "n",
        'ң' => "ng",
        'о' | 'ө' => "o",
        'п' => "p",
        'р' => "r",
        'с' => "s",
        'т' => "t",
        'у' | 'ү' | 'ұ' | 'ў' => "u",
        'ф' => "f",
        'х' => "kh",
        'һ' | 'ҳ' => "h",
        'ц' => "ts",
        'ч' | 'ҷ' => "ch",
        'ш' => "sh",
        'щ' => "shch",
        'ъ' | 'ь' => "",
        'ы' => "y",
        'э' => "e",
        'ә' => "a",
        'ю' => "yu",
        'я' => "ya",
        'ј' => "j",
        'љ' => "lj",
        'њ' => "nj",
        'ђ' => "dj",
        'ћ' => "c",
        'џ' => "dz",
        'ѓ' => "gj",
        'ќ' => "kj",
        'ѕ' => "dz",
        _ => return None,
    })
}

/// Latin letters of the folded Greek letter `c`, with the letters on both sides for the digraphs.
#[expect(clippy::match_same_arms, reason = "a table in the order of digraphs, then letters")]
pub(super) fn greek(c: char, before: Option<char>, after: Option<char>) -> Option<&'static str> {
    Some(match (before, c, after) {
        (Some('μ'), 'π', _) | (Some('ν'), 'τ', _) => "",
        (None, 'μ', Some('π')) => "b",
        (Some(_), 'μ', Some('π')) => "mp",
        (None, 'ν', Some('τ')) => "d",
        (Some(_), 'ν', Some('τ')) => "nt",
        (_, 'γ', Some('γ' | 'ξ' | 'χ')) => "n",
        (Some('ο'), 'υ', _) => "u",
        (_, 'ο', Some('υ')) => "o",
        (Some('α' | 'ε'), 'υ', _) => "v",
        (_, 'α', _) => "a",
        (_, 'β', _) => "v",
        (_, 'γ', _) => "g",
        (_, 'δ', _) => "d",
        (_, 'ε', _) => "e",
        (_, 'ζ', _) => "z",
        (_, 'η' | 'ι', _) => "i",
        (_, 'υ', _) => "y",
        (_, 'θ', _) => "th",
        (_, 'κ', _) => "k",
        (_, 'λ', _) => "l",
        (_, 'μ', _) => "m",
        (_, 'ν', _) => "n",
        (_, 'ξ', _) => "x",
        (_, 'ο' | 'ω', _) => "o",
        (_, 'π', _) => "p",
        (_, 'ρ', _) => "r",
        (_, 'σ' | 'ς', _) => "s",
        (_, 'τ', _) => "t",
        (_, 'φ', _) => "f",
        (_, 'χ', _) => "ch",
        (_, 'ψ', _) => "ps",
        _ => return None,
    })
}

/// Latin letters of one folded Armenian letter.
pub(super) fn armenian(c: char) -> Option<&'static str> {
    const TABLE: [&str; 39] = [
        "a", "b", "g", "d", "e", "z", "e", "e", "t", "zh", "i", "l", "kh", "ts", "k", "h", "dz", "gh", "ch", "m", "y",
        "n", "sh", "o", "ch", "p", "j", "r", "s", "v", "t", "r", "ts", "u", "p", "k", "o", "f", "ev",
    ];
    let at = u32::from(c).checked_sub(0x561)?;
    TABLE.get(at as usize).copied()
}

/// Latin letters of one Georgian letter.
pub(super) fn georgian(c: char) -> Option<&'static str> {
    const TABLE: [&str; 33] = [
        "a", "b", "g", "d", "e", "v", "z", "t", "i", "k", "l", "m", "n", "o", "p", "zh", "r", "s", "t", "u", "p", "k",
        "gh", "q", "sh", "ch", "ts", "dz", "ts", "ch", "kh", "j", "h",
    ];
    let at = u32::from(c).checked_sub(0x10D0)?;
    TABLE.get(at as usize).copied()
}

/// Latin letters of one kana (Hepburn), katakana first brought to hiragana; small y-kana change the letter before.
pub(super) fn kana(c: char, out: &mut String) -> bool {
    const ROWS: [&str; 86] = [
        "a", "a", "i", "i", "u", "u", "e", "e", "o", "o", "ka", "ga", "ki", "gi", "ku", "gu", "ke", "ge", "ko", "go",
        "sa", "za", "shi", "ji", "su", "zu", "se", "ze", "so", "zo", "ta", "da", "chi", "ji", "", "tsu", "zu", "te",
        "de", "to", "do", "na", "ni", "nu", "ne", "no", "ha", "ba", "pa", "hi", "bi", "pi", "fu", "bu", "pu", "he",
        "be", "pe", "ho", "bo", "po", "ma", "mi", "mu", "me", "mo", "ya", "ya", "yu", "yu", "yo", "yo", "ra", "ri",
        "ru", "re", "ro", "wa", "wa", "i", "e", "o", "n", "vu", "ka", "ke",
    ];
    let code = u32::from(c);
    let code = if (0x30A1..=0x30F6).contains(&code) {
        code - 0x60
    } else {
        code
    };
    if code == 0x30FC {
        return true; // the long mark
    }
    let Some(text) = code.checked_sub(0x3041).and_then(|at| ROWS.get(at as usize)) else {
        return false;
    };
    if matches!(code, 0x3083 | 0x3085 | 0x3087) && out.ends_with('i') {
        out.pop();
        let after_sibilant = out.ends_with("sh") || out.ends_with("ch") || out.ends_with('j');
        out.push_str(if after_sibilant { &text[1..] } else { text });
    } else {
        out.push_str(text);
    }
    true
}
