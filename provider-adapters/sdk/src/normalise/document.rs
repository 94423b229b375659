//! A JSON answer with its numbers as they were written.
//!
//! `serde_json` reads `12.10` into a binary float unless a feature changes it for the whole program. Money cannot pass through that,
//! so an answer of a foreign lender is read into this tree: numbers stay text, keys are unique, size and depth are limited before
//! anything is built.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{Problem, Refusal};
use crate::wire::MAX_BYTES;

/// Brackets that an answer may nest. The deepest of the known protocols has 14.
pub const MAX_DEPTH: usize = 32;
/// Values that an answer may hold.
const MAX_NODES: usize = 100_000;

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Node<'a> {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number as written.
    Number(&'a str),
    /// A text, escapes resolved.
    Text(Cow<'a, str>),
    /// A list.
    List(Vec<Node<'a>>),
    /// An object, in the order of the answer. No key appears twice.
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

impl Node<'_> {
    /// The member of an object.
    pub fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(members) => members.iter().find(|(name, _)| name == key).map(|(_, node)| node),
            _ => None,
        }
    }
}

/// A whole answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document<'a> {
    root: Node<'a>,
}

impl<'a> Document<'a> {
    /// Reads JSON (RFC 8259) of at most [`MAX_BYTES`] and [`MAX_DEPTH`]. A key that appears twice is refused: two readers would read
    /// two different answers.
    pub fn parse(body: &'a [u8]) -> Result<Self, Refusal> {
        Self::parse_within(body, MAX_BYTES, MAX_DEPTH)
    }

    pub(crate) fn parse_within(body: &'a [u8], max_bytes: usize, max_depth: usize) -> Result<Self, Refusal> {
        let refuse = |what: &'static str| Refusal::new("body", Problem::NotJson(what), "");
        if body.len() > max_bytes {
            return Err(refuse("is too large"));
        }
        let text = std::str::from_utf8(body).map_err(|_| refuse("is not UTF-8"))?;
        let mut parser = Parser {
            text,
            at: 0,
            depth: 0,
            max_depth,
            nodes: 0,
            members: Vec::with_capacity(64),
            items: Vec::with_capacity(64),
        };
        let root = parser.value().map_err(refuse)?;
        parser.space();
        if parser.at != text.len() {
            return Err(refuse("has something behind the JSON value"));
        }
        Ok(Self { root })
    }

    pub(crate) fn into_root(self) -> Node<'a> {
        self.root
    }

    /// The value.
    pub fn root(&self) -> &Node<'a> {
        &self.root
    }
}

/// Bytes at which a text ends or must be looked at: quote, backslash, control characters.
const SPECIAL: [bool; 256] = {
    let mut special = [false; 256];
    let mut byte = 0;
    while byte < 0x20 {
        special[byte] = true;
        byte += 1;
    }
    special[b'"' as usize] = true;
    special[b'\\' as usize] = true;
    special
};

const NOT_JSON: &str = "is not JSON";

type Parsed<T> = Result<T, &'static str>;

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    max_depth: usize,
    nodes: usize,
    /// Of the objects that are still open; each leaves with a vector of the size it needs.
    members: Vec<(Cow<'a, str>, Node<'a>)>,
    /// Of the lists that are still open.
    items: Vec<Node<'a>>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\n' | b'\r')) {
            self.at += 1;
        }
    }

    fn eat(&mut self, byte: u8) -> bool {
        self.space();
        let fits = self.peek() == Some(byte);
        self.at += usize::from(fits);
        fits
    }

    fn value(&mut self) -> Parsed<Node<'a>> {
        self.nodes += 1;
        if self.nodes > MAX_NODES {
            return Err("has too many values");
        }
        self.space();
        match self.peek() {
            Some(b'{') => self.nested(Self::object),
            Some(b'[') => self.nested(Self::list),
            Some(b'"') => self.string().map(Node::Text),
            Some(b'-' | b'0'..=b'9') => self.number(),
            _ => self.literal(),
        }
    }

    fn nested(&mut self, inner: fn(&mut Self) -> Parsed<Node<'a>>) -> Parsed<Node<'a>> {
        self.depth += 1;
        if self.depth > self.max_depth {
            return Err("is nested too deep");
        }
        self.at += 1;
        let node = inner(self)?;
        self.depth -= 1;
        Ok(node)
    }

    fn object(&mut self) -> Parsed<Node<'a>> {
        if self.eat(b'}') {
            return Ok(Node::Object(Vec::new()));
        }
        let first = self.members.len();
        loop {
            self.space();
            let key = self.string()?;
            if !self.eat(b':') {
                return Err(NOT_JSON);
            }
            let value = self.value()?;
            self.members.push((key, value));
            if self.eat(b',') {
                continue;
            }
            if !self.eat(b'}') {
                return Err(NOT_JSON);
            }
            return if has_twins(&self.members[first..]) {
                Err("has an object with the same key twice")
            } else {
                Ok(Node::Object(self.members.drain(first..).collect()))
            };
        }
    }

    fn list(&mut self) -> Parsed<Node<'a>> {
        if self.eat(b']') {
            return Ok(Node::List(Vec::new()));
        }
        let first = self.items.len();
        loop {
            let item = self.value()?;
            self.items.push(item);
            if self.eat(b',') {
                continue;
            }
            return if self.eat(b']') {
                Ok(Node::List(self.items.drain(first..).collect()))
            } else {
                Err(NOT_JSON)
            };
        }
    }

    fn string(&mut self) -> Parsed<Cow<'a, str>> {
        if self.peek() != Some(b'"') {
            return Err(NOT_JSON);
        }
        let start = self.at;
        let mut escaped = false;
        loop {
            self.at += 1;
            let rest = self.text.as_bytes().get(self.at..).ok_or(NOT_JSON)?;
            let special = rest.iter().position(|byte| SPECIAL[usize::from(*byte)]);
            self.at += special.ok_or(NOT_JSON)?;
            match self.text.as_bytes()[self.at] {
                b'"' => break,
                b'\\' => {
                    escaped = true;
                    self.at += 1;
                }
                _ => return Err(NOT_JSON),
            }
        }
        self.at += 1;
        let quoted = &self.text[start..self.at];
        if escaped {
            serde_json::from_str(quoted).map(Cow::Owned).map_err(|_| NOT_JSON)
        } else {
            Ok(Cow::Borrowed(&quoted[1..quoted.len() - 1]))
        }
    }

    /// Section 6 of RFC 8259.
    fn number(&mut self) -> Parsed<Node<'a>> {
        let start = self.at;
        self.at += usize::from(self.peek() == Some(b'-'));
        let first = self.peek();
        let whole = self.digits();
        if whole == 0 || (whole > 1 && first == Some(b'0')) {
            return Err(NOT_JSON);
        }
        if self.peek() == Some(b'.') {
            self.at += 1;
            if self.digits() == 0 {
                return Err(NOT_JSON);
            }
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            self.at += usize::from(matches!(self.peek(), Some(b'+' | b'-')));
            if self.digits() == 0 {
                return Err(NOT_JSON);
            }
        }
        Ok(Node::Number(&self.text[start..self.at]))
    }

    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        self.at - start
    }

    fn literal(&mut self) -> Parsed<Node<'a>> {
        for (name, node) in [
            ("null", Node::Null),
            ("true", Node::Bool(true)),
            ("false", Node::Bool(false)),
        ] {
            if self.text[self.at..].starts_with(name) {
                self.at += name.len();
                return Ok(node);
            }
        }
        Err(NOT_JSON)
    }
}

fn has_twins(members: &[(Cow<'_, str>, Node<'_>)]) -> bool {
    if members.len() <= 16 {
        return (1..members.len()).any(|i| members[..i].iter().any(|(key, _)| *key == members[i].0));
    }
    let mut seen = HashSet::with_capacity(members.len());
    members.iter().any(|(key, _)| !seen.insert(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(body: &[u8]) -> String {
        Document::parse(body).unwrap_err().to_string()
    }

    #[test]
    fn numbers_stay_as_they_were_written() {
        let body = br#"{"a": 12.10, "b": [-0, 1E5], "c\u0041": "x\"y", "d": null}"#;
        let document = Document::parse(body).unwrap();
        let root = document.root();
        assert_eq!(root.get("a"), Some(&Node::Number("12.10")));
        assert_eq!(
            root.get("b"),
            Some(&Node::List(vec![Node::Number("-0"), Node::Number("1E5")]))
        );
        assert_eq!(root.get("cA"), Some(&Node::Text("x\"y".into())));
        assert_eq!(root.get("d"), Some(&Node::Null));
    }

    #[test]
    fn limits_hold_before_anything_is_believed() {
        let deep = |n: usize| format!("{}{}", "[".repeat(n), "]".repeat(n));
        assert!(Document::parse(deep(MAX_DEPTH).as_bytes()).is_ok());
        assert_eq!(problem(deep(MAX_DEPTH + 1).as_bytes()), "body is nested too deep");
        assert_eq!(problem("[".repeat(10_000).as_bytes()), "body is nested too deep");
        assert_eq!(problem(&vec![b' '; MAX_BYTES + 1]), "body is too large");
        let many = format!("[{}0]", "0,".repeat(MAX_NODES));
        assert_eq!(problem(many.as_bytes()), "body has too many values");
        assert_eq!(
            problem(b"{\"a\":1,\"a\":2}"),
            "body has an object with the same key twice"
        );
        let wide: Vec<String> = (0..20).map(|i| format!("\"{}\":0", i % 19)).collect();
        assert_eq!(
            problem(format!("{{{}}}", wide.join(",")).as_bytes()),
            "body has an object with the same key twice"
        );
        assert_eq!(problem(b"\xff"), "body is not UTF-8");
        assert_eq!(problem(b"{} {}"), "body has something behind the JSON value");
    }

    #[test]
    fn what_is_not_json_is_refused() {
        for text in [
            "", "{", "[1,]", "{\"a\"}", "{\"a\":}", "{a:1}", "01", "-", "1.", "1e", ".5", "+1", "nul", "\"\\x\"",
            "\"a", "\"\n\"", "[1 2]", "\"\\",
        ] {
            assert_eq!(problem(text.as_bytes()), "body is not JSON", "{text:?}");
        }
    }
}
