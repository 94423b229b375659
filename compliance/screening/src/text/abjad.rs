//! Romanisation of Arabic (with Persian, Urdu, Pashto letters) and Hebrew, which write few vowels.

/// Latin letters of one Arabic letter; `first` at the start of a word, `last` at its end.
#[expect(clippy::match_same_arms, reason = "a table in the order of the letters")]
pub(super) fn arabic(c: char, first: bool, last: bool) -> Option<&'static str> {
    Some(match c {
        'ا' | 'أ' | 'آ' | 'ٱ' => "a",
        'إ' => "i",
        'ء' | 'ع' => {
            if first {
                "a"
            } else {
                ""
            }
        }
        'ؤ' => "u",
        'ئ' => "i",
        'ب' => "b",
        'پ' => "p",
        'ت' | 'ط' | 'ټ' | 'ٹ' => "t",
        'ث' => "th",
        'ج' => "j",
        'چ' => "ch",
        'ح' | 'ه' | 'ہ' | 'ھ' | 'ۀ' => "h",
        'خ' => "kh",
        'د' | 'ض' | 'ډ' | 'ڈ' => "d",
        'ذ' => "dh",
        'ر' | 'ړ' | 'ڑ' => "r",
        'ز' | 'ظ' | 'ژ' | 'ږ' => "z",
        'س' | 'ص' | 'ښ' => "s",
        'ش' => "sh",
        'غ' => "gh",
        'ف' => "f",
        'ڤ' => "v",
        'ق' => "q",
        'ك' | 'ک' | 'ګ' => "k",
        'گ' => "g",
        'ل' => "l",
        'م' => "m",
        'ن' | 'ں' | 'ڼ' => "n",
        'ة' | 'ۃ' => "a",
        'و' | 'ۆ' | 'ۇ' => "w",
        'ى' => "a",
        'ي' | 'ی' | 'ې' | 'ۍ' => {
            if last {
                "i"
            } else {
                "y"
            }
        }
        'ے' => "e",
        _ => return None,
    })
}

/// Latin letters of one Hebrew letter.
pub(super) fn hebrew(c: char, first: bool, last: bool) -> Option<&'static str> {
    Some(match c {
        'א' | 'ע' => "a",
        'ב' => {
            if first {
                "b"
            } else {
                "v"
            }
        }
        'ג' => "g",
        'ד' => "d",
        'ה' => {
            if last {
                "a"
            } else {
                "h"
            }
        }
        'ו' => "w",
        'ז' => "z",
        'ח' => "h",
        'ט' | 'ת' => "t",
        'י' => {
            if last {
                "i"
            } else {
                "y"
            }
        }
        'כ' | 'ך' | 'ק' => "k",
        'ל' => "l",
        'מ' | 'ם' => "m",
        'נ' | 'ן' => "n",
        'ס' => "s",
        'פ' => {
            if first {
                "p"
            } else {
                "f"
            }
        }
        'ף' => "f",
        'צ' | 'ץ' => "ts",
        'ר' => "r",
        'ש' => "sh",
        _ => return None,
    })
}
