//! What expressions are about: values that know where in the lender's answer they stood.

use std::sync::Arc;

use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::Period;
use domain::{Money, Rate};
use rust_decimal::Decimal;
use sdk::LenderError;
use sdk::normalise::{Field, Node, Problem, Refusal};

/// A lender's answer, numbers as they were written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Json {
    Null,
    Bool(bool),
    Number(String),
    Text(String),
    List(Vec<Arc<Json>>),
    Object(Vec<(String, Arc<Json>)>),
}

impl From<&Node<'_>> for Json {
    /// As deep as the document, which is limited.
    fn from(node: &Node<'_>) -> Self {
        match node {
            Node::Null => Self::Null,
            Node::Bool(value) => Self::Bool(*value),
            Node::Number(text) => Self::Number((*text).to_owned()),
            Node::Text(text) => Self::Text(text.to_string()),
            Node::List(items) => Self::List(items.iter().map(|item| Arc::new(item.into())).collect()),
            Node::Object(members) => {
                let member =
                    |(name, node): &(std::borrow::Cow<'_, str>, Node<'_>)| (name.to_string(), Arc::new(node.into()));
                Self::Object(members.iter().map(member).collect())
            }
        }
    }
}

/// A value without its place.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Absent,
    Bool(bool),
    Number(Decimal),
    Text(Arc<str>),
    Money(Money),
    Rate(Rate),
    Period(Period),
    Date(NaiveDate),
    Instant(DateTime<Utc>),
    List(Arc<Vec<Located>>),
    Record(Arc<Vec<(&'static str, Located)>>),
    Json(Arc<Json>),
}

impl Value {
    pub(super) fn text(text: impl AsRef<str>) -> Self {
        Self::Text(Arc::from(text.as_ref()))
    }

    pub(super) fn kind(&self) -> &'static str {
        match self {
            Self::Absent => "nothing",
            Self::Bool(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::Money(_) => "an amount of money",
            Self::Rate(_) => "a rate",
            Self::Period(_) => "a period",
            Self::Date(_) => "a date",
            Self::Instant(_) => "an instant",
            Self::List(_) => "a list",
            Self::Record(_) => "a record",
            Self::Json(json) => match **json {
                Json::Null => "nothing",
                Json::Bool(_) => "a truth value",
                Json::Number(_) => "a number",
                Json::Text(_) => "a text",
                Json::List(_) => "a list",
                Json::Object(_) => "an object",
            },
        }
    }
}

/// A refusal: the lender's field where it is known, else empty until the manifest's key is put in; never the lender's text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub field: String,
    pub detail: String,
}

impl Fault {
    /// Names the key of the manifest when no field of the lender's is to blame.
    pub(super) fn or_key(mut self, key: &str) -> Self {
        if self.field.is_empty() {
            key.clone_into(&mut self.field);
        }
        self
    }
}

impl From<Fault> for LenderError {
    fn from(fault: Fault) -> Self {
        Self::Malformed {
            field: fault.field,
            detail: fault.detail,
        }
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self {
            field: refusal.field().to_owned(),
            detail: refusal.problem().to_string(),
        }
    }
}

/// A value and its path in the lender's answer; an empty path when it was computed.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Located {
    pub value: Value,
    pub path: Arc<str>,
}

impl From<Value> for Located {
    fn from(value: Value) -> Self {
        Self {
            value,
            path: Arc::from(""),
        }
    }
}

impl Located {
    pub(super) fn at(value: Value, path: &str) -> Self {
        Self {
            value,
            path: Arc::from(path),
        }
    }

    /// A lender's whole answer.
    pub(super) fn body(json: Arc<Json>) -> Self {
        Self::json(json, "")
    }

    fn json(json: Arc<Json>, path: &str) -> Self {
        let value = if matches!(*json, Json::Null) {
            Value::Absent
        } else {
            Value::Json(json)
        };
        Self::at(value, path)
    }

    pub(super) fn fault(&self, detail: impl Into<String>) -> Fault {
        Fault {
            field: self.path.to_string(),
            detail: detail.into(),
        }
    }

    pub(super) fn expected(&self, what: &str) -> Fault {
        if self.says_nothing() {
            return self.fault("is missing");
        }
        self.fault(format!("expected {what}, found {}", self.value.kind()))
    }

    /// A member; nothing when there is none. Only an object or nothing has members.
    pub(super) fn member(&self, name: &str) -> Result<Self, Fault> {
        let path = if self.path.is_empty() {
            name.to_owned()
        } else {
            format!("{}.{name}", self.path)
        };
        match &self.value {
            Value::Absent => Ok(Self::at(Value::Absent, &path)),
            Value::Record(members) => {
                let found = members.iter().find(|(key, _)| *key == name);
                Ok(found.map_or_else(|| Self::at(Value::Absent, &path), |(_, value)| value.clone()))
            }
            Value::Json(json) => match &**json {
                Json::Object(members) => {
                    let found = members.iter().find(|(key, _)| key == name);
                    Ok(found.map_or_else(
                        || Self::at(Value::Absent, &path),
                        |(_, json)| Self::json(Arc::clone(json), &path),
                    ))
                }
                _ => Err(self.expected("an object")),
            },
            _ => Err(self.expected("an object")),
        }
    }

    /// An item of a list, from 0; nothing when there is none.
    pub(super) fn item(&self, index: usize) -> Result<Self, Fault> {
        let absent = || Self::at(Value::Absent, &format!("{}[{index}]", self.path));
        if self.value == Value::Absent {
            return Ok(absent());
        }
        if let Value::Json(json) = &self.value
            && let Json::List(items) = &**json
        {
            return Ok(items.get(index).map_or_else(absent, |json| {
                Self::json(Arc::clone(json), &format!("{}[{index}]", self.path))
            }));
        }
        Ok(self.items()?.get(index).cloned().unwrap_or_else(absent))
    }

    /// The items of a list of at most [`super::MAX_ITEMS`].
    pub(super) fn items(&self) -> Result<Arc<Vec<Self>>, Fault> {
        let items = match &self.value {
            Value::List(items) => Arc::clone(items),
            Value::Json(json) => match &**json {
                Json::List(items) if items.len() <= super::MAX_ITEMS => {
                    let place =
                        |(i, json): (usize, &Arc<Json>)| Self::json(Arc::clone(json), &format!("{}[{i}]", self.path));
                    Arc::new(items.iter().enumerate().map(place).collect())
                }
                Json::List(_) => return Err(self.fault("has too many items")),
                _ => return Err(self.expected("a list")),
            },
            _ => return Err(self.expected("a list")),
        };
        if items.len() > super::MAX_ITEMS {
            return Err(self.fault("has too many items"));
        }
        Ok(items)
    }

    /// Nothing, or a text of the lender that says so, such as `NA`.
    pub(super) fn says_nothing(&self) -> bool {
        match &self.value {
            Value::Absent => true,
            Value::Text(text) => Field::new("", &**text).is_absent(),
            Value::Json(json) => match &**json {
                Json::Null => true,
                Json::Text(text) => Field::new("", text.as_str()).is_absent(),
                _ => false,
            },
            _ => false,
        }
    }

    /// What the normaliser reads: a text, a number or a truth value as it was written.
    pub(super) fn field(&self) -> Result<Field<'_>, Fault> {
        let text = match &self.value {
            Value::Text(text) => text.to_string(),
            Value::Number(number) => number.to_string(),
            Value::Bool(value) => value.to_string(),
            Value::Json(json) => match &**json {
                Json::Text(text) | Json::Number(text) => text.clone(),
                Json::Bool(value) => value.to_string(),
                _ => return Err(self.expected("a single value")),
            },
            Value::Absent => return Err(Field::new(&*self.path, "").refuse(Problem::Missing).into()),
            _ => return Err(self.expected("a value as the lender wrote it")),
        };
        Ok(Field::new(self.path.to_string(), text))
    }

    /// A truth value of ours or of JSON. Words such as `YES` are read by `bool()`.
    pub(super) fn truth(&self) -> Result<bool, Fault> {
        match &self.value {
            Value::Bool(value) => Ok(*value),
            Value::Json(json) => match **json {
                Json::Bool(value) => Ok(value),
                _ => Err(self.expected("true or false")),
            },
            _ => Err(self.expected("true or false")),
        }
    }

    /// A number of ours or of JSON. A number in a text is read by `number()`.
    pub(super) fn number(&self) -> Result<Decimal, Fault> {
        match &self.value {
            Value::Number(number) => Ok(*number),
            Value::Json(json) => match &**json {
                Json::Number(_) => Ok(self.field()?.decimal()?),
                _ => Err(self.expected("a number")),
            },
            _ => Err(self.expected("a number")),
        }
    }

    /// A text of ours or of JSON.
    pub(super) fn text(&self) -> Result<Arc<str>, Fault> {
        match &self.value {
            Value::Text(text) => Ok(Arc::clone(text)),
            Value::Json(json) => match &**json {
                Json::Text(text) => Ok(Arc::from(text.as_str())),
                _ => Err(self.expected("a text")),
            },
            _ => Err(self.expected("a text")),
        }
    }
}
