//! What of an exchange may be written down.

use std::borrow::Cow;
use std::collections::BTreeSet;

use crate::normalise::{Document, Node};
use crate::secret::Secret;

use super::Sent;

/// Stands where a text was.
pub(super) const HIDDEN: &str = "[scrubbed]";

/// Parts of names that are never kept, whatever an adapter says.
const NEVER: [&str; 27] = [
    "name",
    "mail",
    "phone",
    "mobile",
    "address",
    "birth",
    "dob",
    "ssn",
    "aadhaar",
    "passport",
    "pan_",
    "panno",
    "tax_id",
    "iban",
    "ifsc",
    "account",
    "card",
    "upi",
    "password",
    "secret",
    "token",
    "authorization",
    "signature",
    "cookie",
    "apikey",
    "api_key",
    "private",
];
/// Names that are never kept, whole.
const NEVER_WHOLE: [&str; 4] = ["pan", "vpa", "otp", "pin"];

/// Fields whose values are written down: by their own name anywhere (`currency`), or by their path with `[]` for any item of a list
/// (`message.order.items[].tags[].list[].value`). Lists of lists need one `[]` each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keep {
    names: BTreeSet<String>,
}

impl Keep {
    /// Nothing.
    pub fn nothing() -> Self {
        Self::default()
    }

    /// These and nothing else.
    pub fn fields<'n>(names: impl IntoIterator<Item = &'n str>) -> Self {
        Self {
            names: names.into_iter().map(str::to_owned).collect(),
        }
    }

    /// The fields of provider protocol v1 that make an offer: money, rates, dates and kinds.
    pub fn protocol_v1() -> Self {
        Self::fields([
            "minor",
            "currency",
            "count",
            "unit",
            "due",
            "product",
            "binding",
            "inquiry",
            "kind",
            "day_count",
            "nominal",
            "code",
            "payee",
            "timing",
            "mandatory",
            "in_finance_charge",
            "method",
            "convention",
            "apr",
            "complete",
            "issued_at",
            "valid_until",
            "state",
            "provider_ref",
            "prepayment_charge",
            "grace_days",
            "penal_rate",
            "cooling_off_days",
            "type",
            "status",
        ])
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.names.iter().map(String::as_str)
    }

    fn has(&self, path: &str) -> bool {
        let own = path.rsplit('.').next().unwrap_or(path).trim_end_matches("[]");
        let plain = own.to_ascii_lowercase();
        let never = NEVER.iter().any(|part| plain.contains(part)) || NEVER_WHOLE.contains(&plain.as_str());
        !never && (self.names.contains(own) || self.names.contains(path))
    }
}

pub(super) struct Scrubber {
    keep: Keep,
    secrets: Vec<Secret<String>>,
}

impl Scrubber {
    pub(super) fn new(keep: Keep, secrets: Vec<Secret<String>>) -> Self {
        Self { keep, secrets }
    }

    pub(super) fn keep(&self) -> &Keep {
        &self.keep
    }

    /// A request, ready to be written or compared.
    pub(super) fn request<'a>(&self, sent: &'a Sent<'_>) -> Node<'a> {
        let mut query: Vec<_> = sent
            .query
            .iter()
            .map(|(name, value)| (Cow::Borrowed(*name), self.leaf(name, Node::Text(Cow::Borrowed(*value)))))
            .collect();
        query.sort_unstable_by(|(left, _), (right, _)| left.cmp(right));
        let headers: BTreeSet<&str> = sent.headers.iter().copied().collect();
        Node::Object(vec![
            ("body".into(), self.body(sent.body)),
            ("headers".into(), Node::List(headers.into_iter().map(text).collect())),
            ("method".into(), text(sent.method.as_str())),
            ("path".into(), text(self.path(&sent.path))),
            ("query".into(), Node::Object(query)),
        ])
    }

    /// A body: JSON with its kept values, or nothing. What is not JSON is not written.
    pub(super) fn body<'a>(&self, body: &'a [u8]) -> Node<'a> {
        match Document::parse(body) {
            Ok(document) if !body.is_empty() => self.node("", document.into_root()),
            _ => Node::Null,
        }
    }

    /// Segments that may be somebody's number or address become `{id}`.
    fn path(&self, path: &str) -> String {
        let segment = |segment: &str| {
            let digits = segment.bytes().filter(u8::is_ascii_digit).count();
            let odd = digits >= 4 || segment.contains(['@', '%']) || self.tells(segment);
            if odd { "{id}".to_owned() } else { segment.to_owned() }
        };
        path.split('/').map(segment).collect::<Vec<_>>().join("/")
    }

    fn node<'a>(&self, path: &str, node: Node<'a>) -> Node<'a> {
        match node {
            Node::List(items) => {
                let path = format!("{path}[]");
                Node::List(items.into_iter().map(|item| self.node(&path, item)).collect())
            }
            Node::Object(members) => {
                let mut members: Vec<_> = members
                    .into_iter()
                    .map(|(key, node)| {
                        let path = if path.is_empty() {
                            key.to_string()
                        } else {
                            format!("{path}.{key}")
                        };
                        // A key may itself be somebody's number.
                        let key = if self.is_odd(&key) { Cow::Borrowed(HIDDEN) } else { key };
                        (key, self.node(&path, node))
                    })
                    .collect();
                members.sort_by(|(left, _), (right, _)| left.cmp(right));
                members.dedup_by(|(left, _), (right, _)| left == right);
                Node::Object(members)
            }
            leaf => self.leaf(path, leaf),
        }
    }

    fn leaf<'a>(&self, path: &str, leaf: Node<'a>) -> Node<'a> {
        let odd = matches!(&leaf, Node::Text(text) if self.is_odd(text));
        if self.keep.has(path) && !odd {
            return leaf;
        }
        match leaf {
            Node::Text(_) => text(HIDDEN),
            Node::Number(_) => Node::Number("0"),
            Node::Bool(_) => Node::Bool(false),
            other => other,
        }
    }

    /// True for a text that must not be written even where its field is kept: an e-mail address, a token, a secret of ours.
    fn is_odd(&self, text: &str) -> bool {
        text.contains('@') || text.starts_with("eyJ") || text.contains("BEGIN ") || self.tells(text)
    }

    fn tells(&self, text: &str) -> bool {
        let hides = |secret: &Secret<String>| !secret.expose().is_empty() && text.contains(secret.expose().as_str());
        self.secrets.iter().any(hides)
    }
}

pub(super) fn text<'a>(text: impl Into<Cow<'a, str>>) -> Node<'a> {
    Node::Text(text.into())
}

/// JSON of a node, without spaces.
pub(super) fn write(node: &Node<'_>) -> String {
    let quoted = |text: &str| serde_json::Value::String(text.to_owned()).to_string();
    match node {
        Node::Null => "null".to_owned(),
        Node::Bool(value) => value.to_string(),
        Node::Number(written) => (*written).to_owned(),
        Node::Text(text) => quoted(text),
        Node::List(items) => format!("[{}]", items.iter().map(write).collect::<Vec<_>>().join(",")),
        Node::Object(members) => {
            let member = |(key, node): &(Cow<'_, str>, Node<'_>)| format!("{}:{}", quoted(key), write(node));
            format!("{{{}}}", members.iter().map(member).collect::<Vec<_>>().join(","))
        }
    }
}
