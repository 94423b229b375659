//! How far two romanised words are from each other, in hundredths of an edit.
//!
//! A weighted edit distance: letters that are heard or seen alike cost less than others, neighbours may change places,
//! a digraph may stand for one letter, and digits are dear.

/// Longest word that is compared; the rest is cut off.
pub(crate) const MAX: usize = 40;

/// Price of any edit that has no price of its own.
const FULL: u16 = 100;
/// Price of "a" for "o" at the end of a name.
const OTHER_GENDER: u16 = 130;
/// Answer for words that are further apart than asked for.
pub(crate) const FAR: u16 = u16::MAX;

/// Letters that are taken for each other, with the price in hundredths.
const ALIKE: [(u8, u8, u8); 58] = [
    (b'a', b'e', 50),
    (b'a', b'o', 50),
    (b'a', b'i', 60),
    (b'a', b'u', 60),
    (b'e', b'i', 40),
    (b'e', b'o', 60),
    (b'e', b'u', 60),
    (b'i', b'o', 65),
    (b'i', b'u', 60),
    (b'o', b'u', 35),
    (b'i', b'y', 25),
    (b'e', b'y', 50),
    (b'a', b'y', 70),
    (b'o', b'y', 75),
    (b'u', b'y', 60),
    (b'u', b'w', 40),
    (b'o', b'w', 50),
    (b'i', b'j', 40),
    (b'j', b'y', 35),
    (b'c', b'k', 30),
    (b'k', b'q', 25),
    (b'c', b'q', 40),
    (b'g', b'q', 40),
    (b'g', b'k', 55),
    (b'c', b's', 45),
    (b's', b'z', 40),
    (b'c', b'z', 60),
    (b'v', b'w', 30),
    (b'b', b'v', 50),
    (b'b', b'p', 55),
    (b'd', b't', 55),
    (b'f', b'v', 50),
    (b'f', b'p', 70),
    (b'm', b'n', 65),
    (b'k', b'x', 60),
    (b's', b'x', 60),
    (b'g', b'j', 45),
    (b'j', b'z', 60),
    (b'd', b'z', 65),
    (b'h', b'k', 60),
    (b'g', b'h', 60),
    (b'h', b'j', 70),
    (b'l', b'r', 75),
    (b'h', b'n', 80),
    (b'0', b'o', 20),
    (b'1', b'i', 20),
    (b'1', b'l', 20),
    (b'3', b'e', 30),
    (b'4', b'a', 30),
    (b'5', b's', 25),
    (b'6', b'b', 40),
    (b'7', b't', 40),
    (b'8', b'b', 35),
    (b'9', b'g', 40),
    (b'6', b'g', 50),
    (b'2', b'z', 45),
    (b'u', b'v', 60),
    (b'e', b'a', 50),
];

/// Two letters that stand for one, with the price in hundredths.
fn digraph(a: u8, b: u8) -> &'static [(u8, u16)] {
    match (a, b) {
        (b'p', b'h') => &[(b'f', 15)],
        (b'k', b'h') => &[(b'h', 25), (b'k', 25), (b'j', 50), (b'q', 40)],
        (b'g', b'h') => &[(b'g', 25), (b'q', 40)],
        (b'c', b'h') => &[(b'k', 40), (b's', 50), (b'h', 45), (b'c', 30), (b'j', 50)],
        (b's', b'h') => &[(b's', 35), (b'c', 50)],
        (b't', b'h') => &[(b't', 15), (b's', 40)],
        (b'd', b'h') => &[(b'd', 15), (b'z', 35)],
        (b'z', b'h') => &[(b'z', 35), (b'j', 35), (b'g', 50)],
        (b'd', b'j') => &[(b'j', 15), (b'g', 40)],
        (b'd', b'z') => &[(b'z', 35), (b'j', 40)],
        (b't', b's') => &[(b's', 45), (b'c', 35), (b'z', 40)],
        (b't', b'z') => &[(b'z', 35), (b'c', 35)],
        (b'c', b'z') => &[(b'c', 35), (b's', 50)],
        (b's', b'z') => &[(b's', 30), (b'z', 40)],
        (b'c', b'k') => &[(b'k', 15), (b'c', 30)],
        (b'k', b's') => &[(b'x', 15)],
        (b'q', b'u') => &[(b'k', 30), (b'q', 25)],
        (b'o', b'u' | b'o') => &[(b'u', 20), (b'o', 25), (b'w', 50)],
        (b'e', b'e') => &[(b'i', 20)],
        (b'e', b'u' | b'w') => &[(b'u', 45), (b'o', 45)],
        (b'e', b'o') => &[(b'o', 30), (b'u', 35)],
        (b'a' | b'e', b'y' | b'i') => &[(b'e', 35), (b'a', 40), (b'i', 40)],
        (b'a', b'e') => &[(b'e', 25), (b'a', 30)],
        (b'o', b'e') => &[(b'o', 25), (b'e', 35)],
        (b'u', b'e') => &[(b'u', 25)],
        (b'i' | b'y' | b'j', b'u') => &[(b'u', 30)],
        (b'i' | b'y' | b'j', b'a') => &[(b'a', 30)],
        (b'i' | b'y' | b'j', b'e') => &[(b'e', 25), (b'i', 40)],
        (b'i' | b'y', b'o') => &[(b'o', 30), (b'e', 35)],
        (b'i', b'y' | b'j') => &[(b'y', 15), (b'i', 20)],
        (b'a', b'w' | b'u') => &[(b'o', 45), (b'u', 50)],
        _ => &[],
    }
}

const SYMBOLS: usize = 37;

/// Place of a byte in the price table.
const fn place(c: u8) -> usize {
    match c {
        b'a'..=b'z' => (c - b'a') as usize,
        b'0'..=b'9' => (c - b'0') as usize + 26,
        _ => 36,
    }
}

const fn is_vowel(c: u8) -> bool {
    matches!(c, b'a' | b'e' | b'i' | b'o' | b'u')
}

struct Prices {
    swap: [[u8; SYMBOLS]; SYMBOLS],
    drop: [u8; SYMBOLS],
}

const fn prices(abjad: bool) -> Prices {
    let mut swap = [[100; SYMBOLS]; SYMBOLS];
    let mut drop = [100; SYMBOLS];
    let mut c = b'a';
    while c <= b'z' {
        if is_vowel(c) {
            drop[place(c)] = if abjad { 10 } else { 65 };
        }
        let mut d = b'0';
        while d <= b'9' {
            swap[place(c)][place(d)] = 150;
            swap[place(d)][place(c)] = 150;
            d += 1;
        }
        c += 1;
    }
    let mut d = 26;
    while d < 36 {
        drop[d] = 130;
        let mut e = 26;
        while e < 36 {
            swap[d][e] = 150;
            e += 1;
        }
        d += 1;
    }
    drop[place(b'h')] = if abjad { 30 } else { 40 };
    drop[place(b'y')] = if abjad { 30 } else { 55 };
    let mut at = 0;
    while at < ALIKE.len() {
        let (a, b, price) = ALIKE[at];
        swap[place(a)][place(b)] = price;
        swap[place(b)][place(a)] = price;
        at += 1;
    }
    if abjad {
        let vowels = [b'a', b'e', b'i', b'o', b'u', b'y', b'w'];
        let mut i = 0;
        while i < vowels.len() {
            let mut j = 0;
            while j < vowels.len() {
                swap[place(vowels[i])][place(vowels[j])] = 20;
                j += 1;
            }
            i += 1;
        }
        swap[place(b'w')][place(b'v')] = 15;
        swap[place(b'v')][place(b'w')] = 15;
        swap[place(b'b')][place(b'p')] = 25;
        swap[place(b'p')][place(b'b')] = 25;
    }
    Prices { swap, drop }
}

static LETTERS: Prices = prices(false);
static CONSONANTS: Prices = prices(true);

/// The letters of a word as a set, to pass over far words without comparing them.
pub(crate) fn letters(word: &[u8]) -> u64 {
    word.iter().fold(0, |set, c| set | 1 << place(*c))
}

/// Price of turning `a` into `b` in hundredths of an edit, or [`FAR`] when it is above `limit`; the same both ways.
/// `abjad` makes vowels cheap, for words from scripts that do not write them.
pub(crate) fn distance(a: &[u8], b: &[u8], abjad: bool, limit: u16) -> u16 {
    if a == b {
        return 0;
    }
    let ends = (a.last(), b.last());
    let gendered = !abjad && matches!(ends, (Some(b'a'), Some(b'o')) | (Some(b'o'), Some(b'a')));
    let (a, b) = differing(&a[..a.len().min(MAX)], &b[..b.len().min(MAX)]);
    let prices = if abjad { &CONSONANTS } else { &LETTERS };
    let mut rows = [[0_u16; MAX + 1]; 3];
    let mut pairs: [&'static [(u8, u16)]; MAX + 1] = [&[]; MAX + 1];
    let mut drops = [0_u16; MAX + 1];
    for j in 1..=b.len() {
        drops[j] = drop_price(prices, b, j - 1);
        rows[0][j] = rows[0][j - 1] + drops[j];
        if j >= 2 {
            pairs[j] = digraph(b[j - 2], b[j - 1]);
        }
    }
    let mut last_best = 0;
    for i in 1..=a.len() {
        let (now, before, two) = (i % 3, (i + 2) % 3, (i + 1) % 3);
        let c = a[i - 1];
        let gone = drop_price(prices, a, i - 1);
        let swap = &prices.swap[place(c)];
        let pair = if i >= 2 { digraph(a[i - 2], c) } else { &[] };
        let mut best = rows[before][0] + gone;
        rows[now][0] = best;
        for j in 1..=b.len() {
            let d = b[j - 1];
            let price = match (c, d) {
                _ if c == d => 0,
                // Antonio is not Antonia.
                (b'a', b'o') | (b'o', b'a') if gendered && i == a.len() && j == b.len() => OTHER_GENDER,
                _ => u16::from(swap[place(d)]),
            };
            let mut cell = (rows[before][j - 1] + price)
                .min(rows[before][j] + gone)
                .min(rows[now][j - 1] + drops[j]);
            if i >= 2 && j >= 2 && c == b[j - 2] && a[i - 2] == d && c != d {
                cell = cell.min(rows[two][j - 2] + 55);
            }
            for (one, price) in pair {
                if *one == d {
                    cell = cell.min(rows[two][j - 1] + price);
                }
            }
            if j >= 2 {
                for (one, price) in pairs[j] {
                    if *one == c {
                        cell = cell.min(rows[before][j - 2] + price);
                    }
                }
            }
            rows[now][j] = cell;
            best = best.min(cell);
        }
        if best > limit && last_best > limit {
            return FAR;
        }
        last_best = best;
    }
    let total = rows[a.len() % 3][b.len()];
    if total > limit { FAR } else { total }
}

/// The words without what they begin and end with alike, but for one letter on each side that edits may lean on.
fn differing<'a>(a: &'a [u8], b: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    let head = a.iter().zip(b).take_while(|(x, y)| x == y).count().saturating_sub(2);
    let (a, b) = (&a[head..], &b[head..]);
    let tail = a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count();
    let tail = tail.saturating_sub(2).min(a.len().min(b.len()).saturating_sub(2));
    (&a[..a.len() - tail], &b[..b.len() - tail])
}

/// Price of leaving out the letter at `at`; a doubled one is cheap.
fn drop_price(prices: &Prices, word: &[u8], at: usize) -> u16 {
    let c = word[at];
    let doubled = (at > 0 && word[at - 1] == c) || word.get(at + 1) == Some(&c);
    let price = u16::from(prices.drop[place(c)]);
    if doubled && !c.is_ascii_digit() {
        price.min(FULL / 4)
    } else {
        price
    }
}

/// The consonants of a word in classes, without doubling: the same for most ways to romanise a name.
#[expect(clippy::match_same_arms, reason = "digraphs come before letters")]
pub(crate) fn consonants(word: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut at = 0;
    while at < word.len() {
        let (c, next) = (word[at], word.get(at + 1).copied().unwrap_or(0));
        let class = match (c, next) {
            (b'p', b'h') => b'f',
            (b's' | b'c' | b'z', b'h') | (b'c', b'e' | b'i' | b'y') => b's',
            (b'd', b'j') => 0,
            (b'a' | b'e' | b'i' | b'o' | b'u' | b'y' | b'h' | b'w' | b'j', _) if at > 0 => match c {
                b'j' if !out.is_empty() => b'g',
                b'w' if is_vowel(next) => b'v',
                _ => 0,
            },
            (b'a' | b'e' | b'i' | b'o' | b'u' | b'y', _) => b'a',
            (b'h', _) => b'h',
            (b'w' | b'v', _) => b'v',
            (b'f', _) => b'f',
            (b'b' | b'p', _) => b'b',
            (b'k' | b'q' | b'c' | b'x', _) => b'k',
            (b'g' | b'j', _) => b'g',
            (b's' | b'z', _) => b's',
            (b'd' | b't', _) => b't',
            (other, _) => other,
        };
        if class != 0 && out.last() != Some(&class) {
            out.push(class);
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_is_the_same_both_ways() {
        let words = [
            "yusuf",
            "iusuf",
            "khattalah",
            "hattalah",
            "jose",
            "djose",
            "gaddafi",
            "qadhafi",
            "a",
            "",
            "xi",
        ];
        for a in words {
            for b in words {
                let (there, back) = (
                    distance(a.as_bytes(), b.as_bytes(), false, 5_000),
                    distance(b.as_bytes(), a.as_bytes(), false, 5_000),
                );
                assert_eq!(there, back, "{a} {b}");
            }
        }
    }

    #[test]
    fn a_sound_costs_less_than_a_letter_and_a_digit_more() {
        let d = |a: &str, b: &str| distance(a.as_bytes(), b.as_bytes(), false, 5_000);
        assert!(d("yusuf", "iusuf") < d("musuf", "iusuf"));
        assert!(d("phong", "fong") < d("chong", "fong"));
        assert!(d("brodskiy", "brodsky") < d("brodskiy", "brodskit"));
        assert!(d("unit44", "unit45") > d("unita", "unitk"));
        assert_eq!(d("same", "same"), 0);
    }

    #[test]
    fn a_low_limit_answers_far_and_never_less() {
        assert_eq!(distance(b"abcdef", b"uvwxyz", false, 100), FAR);
        assert!(distance(b"abcdef", b"abcdex", false, 100) <= 100);
    }
}
