//! Expressions as tokens.

/// A token and the byte at which it starts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token {
    pub at: usize,
    pub kind: Kind,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Number(String),
    Text(String),
    Name(String),
    /// Punctuation and operators.
    Mark(&'static str),
    End,
}

/// What is wrong, and at which byte of the expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    pub at: usize,
    pub what: String,
}

impl Mistake {
    pub(super) fn new(at: usize, what: impl Into<String>) -> Self {
        Self { at, what: what.into() }
    }
}

/// Longer ones first.
const MARKS: [&str; 20] = [
    "==", "!=", "<=", ">=", "=>", "??", "<", ">", "+", "-", "*", "/", "(", ")", "[", "]", ",", ".", "{", "}",
];

pub(super) fn tokens(source: &str) -> Result<Vec<Token>, Mistake> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(first) = source[at..].chars().next() {
        let rest = &source[at..];
        let (kind, length) = match first {
            _ if first.is_whitespace() => {
                at += first.len_utf8();
                continue;
            }
            '\'' | '"' => quoted(rest, first, at)?,
            '0'..='9' => {
                let length = number(rest);
                (Kind::Number(rest[..length].to_owned()), length)
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = rest
                    .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
                    .unwrap_or(rest.len());
                (Kind::Name(rest[..length].to_owned()), length)
            }
            _ => {
                let mark = MARKS.iter().find(|mark| rest.starts_with(**mark));
                let mark = mark.ok_or_else(|| Mistake::new(at, format!("{first:?} has no meaning here")))?;
                (Kind::Mark(mark), mark.len())
            }
        };
        found.push(Token { at, kind });
        at += length;
    }
    found.push(Token { at, kind: Kind::End });
    Ok(found)
}

/// A text in single or double quotes. There are no escapes; the other kind of quote may stand inside.
fn quoted(rest: &str, quote: char, at: usize) -> Result<(Kind, usize), Mistake> {
    let end = rest[1..]
        .find(quote)
        .ok_or_else(|| Mistake::new(at, "this text does not end"))?;
    Ok((Kind::Text(rest[1..=end].to_owned()), end + 2))
}

/// Digits, and a point with digits after it.
fn number(rest: &str) -> usize {
    let digits = |text: &str| text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let whole = digits(rest);
    let Some(tail) = rest[whole..].strip_prefix('.') else {
        return whole;
    };
    match digits(tail) {
        0 => whole,
        part => whole + 1 + part,
    }
}
