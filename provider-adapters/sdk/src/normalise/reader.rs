//! Walking an answer: every step remembers the path.

use std::borrow::Cow;
use std::fmt::Write as _;

use domain::ports::LenderError;

use super::document::{Document, Node};
use super::{Field, Problem, Refusal};

/// A place in a [`Document`]; perhaps there is nothing there, which is an error only when it is read.
///
/// ```
/// use sdk::normalise::{Document, Reader};
/// # use usance_provider_sdk as sdk;
/// let body = br#"{"tags": [{"code": "TERM", "value": "PT5M"}, {"code": "FEE", "value": null}]}"#;
/// let document = Document::parse(body).unwrap();
/// let tags = Reader::new(&document).get("tags");
/// let term = tags.find("code", "TERM").unwrap().get("value").field().unwrap();
/// assert_eq!(term.path(), "tags[code=TERM].value");
/// assert_eq!(term.term().unwrap().count, 5);
/// assert!(tags.find("code", "FEE").unwrap().get("value").optional().unwrap().is_none());
/// assert_eq!(tags.get("x").field().unwrap_err().to_string(), "tags.x is missing");
/// ```
#[derive(Clone, Debug)]
pub struct Reader<'d> {
    node: Option<&'d Node<'d>>,
    path: String,
}

impl<'d> Reader<'d> {
    /// At the root.
    pub fn new(document: &'d Document<'d>) -> Self {
        Self {
            node: Some(document.root()),
            path: String::new(),
        }
    }

    /// Where this is; empty at the root.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// A member of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Self {
        Self {
            node: self.node.and_then(|node| node.get(key)),
            path: self.below(key),
        }
    }

    /// A member of a member: `message.order.quote`.
    #[must_use]
    pub fn at(&self, keys: &str) -> Self {
        Self {
            node: self
                .node
                .and_then(|node| keys.split('.').try_fold(node, |node, key| node.get(key))),
            path: self.below(keys),
        }
    }

    fn below(&self, keys: &str) -> String {
        let mut path = String::with_capacity(self.path.len() + keys.len() + 1);
        path.push_str(&self.path);
        if !path.is_empty() {
            path.push('.');
        }
        path.push_str(keys);
        path
    }

    /// An item of a list.
    #[must_use]
    pub fn index(&self, index: usize) -> Self {
        let node = match self.node {
            Some(Node::List(items)) => items.get(index),
            _ => None,
        };
        Self {
            node,
            path: self.at_index(index),
        }
    }

    fn at_index(&self, index: usize) -> String {
        let mut path = String::with_capacity(self.path.len() + 8);
        path.push_str(&self.path);
        // Writing into a text cannot fail.
        let _ = write!(path, "[{index}]");
        path
    }

    /// True when there is a value other than `null`.
    pub fn exists(&self) -> bool {
        !matches!(self.node, None | Some(Node::Null))
    }

    /// The items of a list. `Missing` when there is none, `Kind` when it is no list.
    pub fn items(&self) -> Result<Vec<Self>, Refusal> {
        match self.node {
            Some(Node::List(items)) => Ok((0..items.len()).map(|index| self.index(index)).collect()),
            None | Some(Node::Null) => Err(self.refuse(Problem::Missing)),
            Some(_) => Err(self.refuse(Problem::Kind("a list"))),
        }
    }

    /// The same, no list being an empty one.
    pub fn items_or_none(&self) -> Result<Vec<Self>, Refusal> {
        if self.exists() { self.items() } else { Ok(Vec::new()) }
    }

    /// The one item of a list whose text at `keys` is `name`, case ignored; perhaps it is not there. Two of them are refused, for
    /// they could say two things.
    pub fn find(&self, keys: &str, name: &str) -> Result<Self, Refusal> {
        let path = [&self.path, "[", keys, "=", name, "]"].concat();
        let mut found = None;
        let keys: Vec<&str> = keys.split('.').collect();
        if let Some(Node::List(items)) = self.node {
            for item in items {
                let text = keys.iter().try_fold(item, |node, key| node.get(key));
                let Some(Node::Text(text)) = text else { continue };
                // Most are shorter, and trimming costs more than their length.
                let same = text.len() >= name.len() && text.trim().eq_ignore_ascii_case(name);
                if same && found.replace(item).is_some() {
                    return Err(Refusal::new(&path, Problem::Twice, name));
                }
            }
        }
        Ok(Self { node: found, path })
    }

    /// The text, number or truth value that stands here. `Missing` when there is none.
    pub fn field(&self) -> Result<Field<'d>, Refusal> {
        self.scalar()?.ok_or_else(|| self.refuse(Problem::Missing))
    }

    /// The same, unless there is none or it says nothing (`null`, `""`, `NA`).
    pub fn optional(&self) -> Result<Option<Field<'d>>, Refusal> {
        Ok(self.scalar()?.and_then(Field::optional))
    }

    fn scalar(&self) -> Result<Option<Field<'d>>, Refusal> {
        let text: Cow<'d, str> = match self.node {
            None | Some(Node::Null) => return Ok(None),
            Some(Node::Text(text)) => Cow::Borrowed(text),
            Some(Node::Number(text)) => Cow::Borrowed(text),
            Some(Node::Bool(true)) => Cow::Borrowed("true"),
            Some(Node::Bool(false)) => Cow::Borrowed("false"),
            Some(Node::List(_) | Node::Object(_)) => return Err(self.refuse(Problem::Kind("a single value"))),
        };
        Ok(Some(Field::new(self.path.clone(), text)))
    }

    /// A refusal of this place, for rules that an adapter adds.
    pub fn refuse(&self, problem: Problem) -> Refusal {
        let path = if self.path.is_empty() { "body" } else { &self.path };
        Refusal::new(path, problem, "")
    }

    /// An answer that makes no sense here, said in the adapter's own words, which must not quote the lender.
    pub fn malformed(&self, detail: &str) -> LenderError {
        LenderError::Malformed {
            field: self.path.clone(),
            detail: detail.to_owned(),
        }
    }
}
