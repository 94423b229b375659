//! Reading a value from left to right.

use rust_decimal::Decimal;

use super::Problem;

/// Digits of a number. 28 is what a decimal holds exactly.
const MAX_DIGITS: usize = 28;

/// What is left of a text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan<'a> {
    rest: &'a str,
}

impl<'a> Scan<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { rest: text.trim() }
    }

    /// Takes `symbol` if it comes next; ASCII case does not matter. A word must end where the text's word ends.
    pub(super) fn eat(&mut self, symbol: &str) -> bool {
        // Whole characters equal whole characters: the end of the one is a border in the other.
        let head = self.rest.as_bytes().get(..symbol.len());
        if !head.is_some_and(|head| head.eq_ignore_ascii_case(symbol.as_bytes())) {
            return false;
        }
        let tail = &self.rest[symbol.len()..];
        if symbol.ends_with(char::is_alphabetic) && tail.starts_with(char::is_alphabetic) {
            return false;
        }
        self.rest = tail.trim_start();
        true
    }

    /// Takes the first of the symbols that comes next.
    pub(super) fn eat_any(&mut self, symbols: &[&str]) -> bool {
        symbols.iter().any(|symbol| self.eat(symbol))
    }

    /// Takes the letters that come next; empty when there are none.
    pub(super) fn word(&mut self) -> &'a str {
        let end = self.rest.find(|c: char| !c.is_alphabetic()).unwrap_or(self.rest.len());
        let (word, tail) = self.rest.split_at(end);
        self.rest = tail.trim_start();
        word
    }

    /// True when a digit comes next, perhaps behind a decimal point.
    pub(super) fn at_number(&self) -> bool {
        let digits = self.rest.strip_prefix('.').unwrap_or(self.rest);
        digits.starts_with(|c: char| c.is_ascii_digit())
    }

    /// True when a letter or a sign of a currency comes next.
    pub(super) fn at_word(&self) -> bool {
        self.rest
            .starts_with(|c: char| c.is_alphabetic() || !c.is_ascii() || c == '$')
    }

    /// Takes a number without a sign: digits, perhaps grouped by commas (thousands, or lakhs and crores), perhaps a decimal point.
    pub(super) fn number(&mut self) -> Result<Decimal, Problem> {
        if !self.at_number() {
            return Err(Problem::NotANumber);
        }
        let number_char = |c: char| c.is_ascii_digit() || c == ',' || c == '.';
        let end = self.rest.find(|c: char| !number_char(c)).unwrap_or(self.rest.len());
        let (all, tail) = self.rest.split_at(end);
        // A sentence may end behind a number.
        let written = all.trim_end_matches(['.', ',']);
        let value = decimal(written)?;
        self.rest = tail.trim_start();
        Ok(value)
    }

    /// Takes what separates the two ends of a range.
    pub(super) fn range_mark(&mut self) -> bool {
        self.eat_any(&["-", "–", "—", "to"])
    }

    pub(super) fn rest(&self) -> &'a str {
        self.rest
    }

    pub(super) fn is_done(&self) -> bool {
        self.rest.is_empty()
    }

    /// Nothing may be left.
    pub(super) fn finish(self) -> Result<(), Problem> {
        if self.is_done() { Ok(()) } else { Err(Problem::Unread) }
    }
}

fn decimal(written: &str) -> Result<Decimal, Problem> {
    let (whole, fraction) = written.split_once('.').unwrap_or((written, ""));
    if fraction.contains(['.', ',']) {
        return Err(Problem::Grouping);
    }
    if whole.contains(',') && !is_grouped(whole) {
        return Err(Problem::Grouping);
    }
    let digits = written.bytes().filter(u8::is_ascii_digit).count();
    // Zeros at the end say nothing; `5000.00000000000000000000000000` is still 5000.
    let fraction = fraction.trim_end_matches('0');
    let significant = whole.bytes().filter(u8::is_ascii_digit).count() + fraction.len();
    if digits > MAX_DIGITS * 2 || significant > MAX_DIGITS {
        return Err(Problem::TooLarge);
    }
    // At most 28 digits: a 128-bit integer holds 38.
    let digits = whole.bytes().chain(fraction.bytes()).filter(u8::is_ascii_digit);
    let value = digits.fold(0_i128, |value, digit| value * 10 + i128::from(digit - b'0'));
    let scale = u32::try_from(fraction.len()).map_err(|_| Problem::TooLarge)?;
    Decimal::try_from_i128_with_scale(value, scale).map_err(|_| Problem::TooLarge)
}

/// `1,234,567` or `12,34,567`: a first group of one to three digits, a last one of three, and between them all of three or all of
/// two.
fn is_grouped(whole: &str) -> bool {
    let mut groups = whole.split(',').map(str::len);
    let Some(first) = groups.next() else { return false };
    let rest: Vec<usize> = groups.collect();
    let Some((last, between)) = rest.split_last() else {
        return false;
    };
    let western = between.iter().all(|len| *len == 3) && (1..=3).contains(&first);
    let indian = between.iter().all(|len| *len == 2) && (1..=2).contains(&first);
    *last == 3 && (western || indian)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Result<String, Problem> {
        let mut scan = Scan::new(text);
        scan.number().map(|value| format!("{value}|{}", scan.rest))
    }

    #[test]
    fn commas_count_only_where_a_grouping_puts_them() {
        for (text, read) in [
            ("25,750.00 x", "25750|x"),
            ("1,00,000", "100000|"),
            ("12,34,56,789.5", "123456789.5|"),
            ("1,234,567", "1234567|"),
            ("100,000", "100000|"),
            ("7.", "7|"),
            (".5%", "0.5|%"),
        ] {
            assert_eq!(number(text), Ok(read.into()), "{text}");
        }
        for text in [
            "25750,00",
            "1,0,000",
            "1,00",
            "123,45,678",
            "1.234,56",
            "1,2345",
            "1.2.3",
            "1,,000",
        ] {
            assert_eq!(number(text), Err(Problem::Grouping), "{text}");
        }
        assert_eq!(number("x"), Err(Problem::NotANumber));
        assert_eq!(number(&"9".repeat(29)), Err(Problem::TooLarge));
    }

    #[test]
    fn a_word_is_taken_whole_or_not_at_all() {
        let mut scan = Scan::new("Months left");
        assert!(!scan.eat("Month"));
        assert!(scan.eat("months"));
        assert_eq!(scan.word(), "left");
        assert!(scan.is_done());
    }
}
