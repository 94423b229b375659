//! Names to comparable keys: compatibility forms, case, diacritics, punctuation and the order of words do not count.

/// The keys of a name: two, because people write hyphens both as a space and as nothing. Sorted words, lower case, ASCII.
/// None when a letter is left that the lists are not written in, or nothing is left: such a name cannot be screened.
pub(super) fn keys(name: &str) -> Option<Vec<String>> {
    let plain = plain(name)?;
    let spaced = sorted(&plain.replace('-', " "))?;
    let mut keys = vec![spaced];
    if plain.contains('-') {
        keys.extend(sorted(&plain.replace('-', "")).filter(|joined| *joined != keys[0]));
    }
    Some(keys)
}

/// Lower-case ASCII letters, digits, spaces and hyphens.
fn plain(name: &str) -> Option<String> {
    let mut plain = String::with_capacity(name.len());
    for raw in name.chars() {
        if raw.is_ascii_alphanumeric() {
            plain.push(raw.to_ascii_lowercase());
            continue;
        }
        for letter in narrow(raw).to_lowercase() {
            match class(letter) {
                Class::Letter(text) => plain.push_str(text),
                Class::Ascii(letter) => plain.push(letter),
                Class::Nothing => {}
                Class::Space => plain.push(' '),
                Class::Hyphen => plain.push('-'),
                Class::Foreign => return None,
            }
        }
    }
    Some(plain)
}

/// The words in order; none when there is no word.
fn sorted(plain: &str) -> Option<String> {
    let mut words = merge_initials(plain);
    words.sort_unstable();
    let key = words.join(" ");
    (!key.is_empty()).then_some(key)
}

/// Neighbouring single letters are one word, so that `S.A.`, `S A` and `SA` are the same.
fn merge_initials(plain: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut after_initial = false;
    for word in plain.split_ascii_whitespace() {
        let initial = word.len() == 1;
        match words.last_mut() {
            Some(last) if initial && after_initial => last.push_str(word),
            _ => words.push(word.to_owned()),
        }
        after_initial = initial;
    }
    words
}

/// Full-width forms to their ASCII twins.
fn narrow(letter: char) -> char {
    match letter {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(u32::from(letter) - 0xFEE0).unwrap_or(letter),
        '\u{3000}' => ' ',
        other => other,
    }
}

enum Class {
    Ascii(char),
    Letter(&'static str),
    Nothing,
    Space,
    Hyphen,
    Foreign,
}

fn class(letter: char) -> Class {
    match letter {
        'a'..='z' | '0'..='9' => Class::Ascii(letter),
        // Apostrophes and their look-alikes stand inside a word; combining marks and joiners are no letters at all.
        '\''
        | '`'
        | '´'
        | '\u{2BB}'..='\u{2BF}'
        | '\u{2018}'
        | '\u{2019}'
        | '\u{201B}'
        | '\u{300}'..='\u{36F}'
        | '\u{AD}'
        | '\u{200B}'..='\u{200F}'
        | '\u{2060}'
        | '\u{FEFF}' => Class::Nothing,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' => Class::Hyphen,
        other if other.is_ascii() || other.is_whitespace() => Class::Space,
        other => latin(other).map_or_else(
            || {
                if other.is_alphanumeric() {
                    Class::Foreign
                } else {
                    Class::Space
                }
            },
            Class::Letter,
        ),
    }
}

/// Latin letters with diacritics and ligatures, lower case.
fn latin(letter: char) -> Option<&'static str> {
    vowel(letter).or_else(|| consonant(letter))
}

/// Vowels and their ligatures.
fn vowel(letter: char) -> Option<&'static str> {
    Some(match letter {
        'à'..='å' | 'ā' | 'ă' | 'ą' | 'ǎ' | 'ǟ' | 'ǡ' | 'ǻ' | 'ȁ' | 'ȃ' | 'ȧ' | 'ḁ' | 'ẚ' | 'ạ'..='ặ' | 'ª' => {
            "a"
        }
        'æ' | 'ǣ' | 'ǽ' => "ae",
        'è'..='ë'
        | 'ē'
        | 'ĕ'
        | 'ė'
        | 'ę'
        | 'ě'
        | 'ȅ'
        | 'ȇ'
        | 'ȩ'
        | 'ḕ'
        | 'ḗ'
        | 'ḙ'
        | 'ḛ'
        | 'ḝ'
        | 'ẹ'..='ệ'
        | 'ǝ'
        | 'ə' => "e",
        'ì'..='ï' | 'ĩ' | 'ī' | 'ĭ' | 'į' | 'ı' | 'ǐ' | 'ȉ' | 'ȋ' | 'ḭ' | 'ḯ' | 'ỉ' | 'ị' => "i",
        'ĳ' => "ij",
        'ò'..='ö'
        | 'ø'
        | 'ō'
        | 'ŏ'
        | 'ő'
        | 'ơ'
        | 'ǒ'
        | 'ǫ'
        | 'ǭ'
        | 'ǿ'
        | 'ȍ'
        | 'ȏ'
        | 'ȫ'
        | 'ȭ'
        | 'ȯ'
        | 'ȱ'
        | 'ṍ'
        | 'ṏ'
        | 'ṑ'
        | 'ṓ'
        | 'ọ'..='ợ'
        | 'º' => "o",
        'œ' => "oe",
        'ù'..='ü'
        | 'ũ'
        | 'ū'
        | 'ŭ'
        | 'ů'
        | 'ű'
        | 'ų'
        | 'ư'
        | 'ǔ'
        | 'ǖ'
        | 'ǘ'
        | 'ǚ'
        | 'ǜ'
        | 'ȕ'
        | 'ȗ'
        | 'ṳ'
        | 'ṵ'
        | 'ṷ'
        | 'ṹ'
        | 'ṻ'
        | 'ụ'..='ự' => "u",
        _ => return None,
    })
}

/// Consonants, y and their ligatures.
fn consonant(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ḃ' | 'ḅ' | 'ḇ' | 'ƀ' | 'ɓ' => "b",
        'ç' | 'ć' | 'ĉ' | 'ċ' | 'č' | 'ḉ' | 'ƈ' => "c",
        'ď' | 'đ' | 'ð' | 'ḋ' | 'ḍ' | 'ḏ' | 'ḑ' | 'ḓ' | 'ɖ' | 'ɗ' => "d",
        'ḟ' | 'ƒ' => "f",
        'ĝ' | 'ğ' | 'ġ' | 'ģ' | 'ǧ' | 'ǥ' | 'ǵ' | 'ḡ' => "g",
        'ĥ' | 'ħ' | 'ȟ' | 'ḣ' | 'ḥ' | 'ḧ' | 'ḩ' | 'ḫ' | 'ẖ' => "h",
        'ĵ' | 'ǰ' => "j",
        'ķ' | 'ĸ' | 'ǩ' | 'ḱ' | 'ḳ' | 'ḵ' | 'ƙ' => "k",
        'ĺ' | 'ļ' | 'ľ' | 'ŀ' | 'ł' | 'ḷ' | 'ḹ' | 'ḻ' | 'ḽ' => "l",
        'ḿ' | 'ṁ' | 'ṃ' => "m",
        'ñ' | 'ń' | 'ņ' | 'ň' | 'ŉ' | 'ŋ' | 'ǹ' | 'ṅ' | 'ṇ' | 'ṉ' | 'ṋ' => "n",
        'ṕ' | 'ṗ' => "p",
        'ŕ' | 'ŗ' | 'ř' | 'ȑ' | 'ȓ' | 'ṙ' | 'ṛ' | 'ṝ' | 'ṟ' => "r",
        'ś' | 'ŝ' | 'ş' | 'š' | 'ș' | 'ṡ' | 'ṣ' | 'ṥ' | 'ṧ' | 'ṩ' | 'ſ' => "s",
        'ß' => "ss",
        'ţ' | 'ť' | 'ŧ' | 'ț' | 'ṫ' | 'ṭ' | 'ṯ' | 'ṱ' | 'ẗ' => "t",
        'þ' => "th",
        'ṽ' | 'ṿ' => "v",
        'ŵ' | 'ẁ' | 'ẃ' | 'ẅ' | 'ẇ' | 'ẉ' | 'ẘ' => "w",
        'ẋ' | 'ẍ' => "x",
        'ź' | 'ż' | 'ž' | 'ẑ' | 'ẓ' | 'ẕ' | 'ƶ' => "z",
        'ﬀ' => "ff",
        'ﬁ' => "fi",
        'ﬂ' => "fl",
        'ý' | 'ÿ' | 'ŷ' | 'ȳ' | 'ẏ' | 'ẙ' | 'ỳ' | 'ỵ' | 'ỷ' | 'ỹ' => "y",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn first(name: &str) -> String {
        keys(name).unwrap().remove(0)
    }

    #[test]
    fn spelling_of_the_same_name_does_not_count() {
        for other in [
            "josé garcía lópez",
            "GARCIA LOPEZ, Jose",
            "  Jose\u{301}   Garci\u{301}a  López ",
            "Ｊｏｓｅ Garcia Lopez",
            "Jo\u{200B}se Garcia Lopez",
        ] {
            assert_eq!(first(other), first("José García López"), "{other}");
        }
        assert_eq!(first("O’Brien, Seán"), first("sean OBRIEN"));
        assert_eq!(first("Müßig Łukasz Đorđe"), first("MUSSIG LUKASZ DORDE"));
        assert_eq!(first("İBRAHİM Işık"), first("ibrahim isik"));
        assert_eq!(first("Nguyễn Thị Ánh"), first("nguyen thi anh"));
        assert_eq!(first("ACME S.A. de C.V."), first("Acme SA de CV"));
    }

    #[test]
    fn a_hyphen_is_a_space_or_nothing() {
        assert_eq!(keys("AL-TIKRITI, Rafi").unwrap(), ["al rafi tikriti", "altikriti rafi"]);
        assert_eq!(keys("Rafi Altikriti").unwrap(), ["altikriti rafi"]);
    }

    #[test]
    fn a_name_that_cannot_be_read_has_no_key() {
        for name in ["", "  ", "---", "रजनीकांत", "Αλέξης", "\u{410}nna Smith"] {
            assert_eq!(keys(name), None, "{name}");
        }
    }
}
