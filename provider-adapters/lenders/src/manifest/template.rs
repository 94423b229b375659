//! From values to what a lender reads: JSON bodies, paths, queries and headers.

use std::fmt::Write as _;

use toml::Spanned;
use toml::de::DeValue;

use super::eval::{Evaluator, Result, plain};
use super::lex::Mistake;
use super::parse::Names;
use super::source::{Bound, Loaded, Table};
use super::value::{Fault, Json, Located, Value};

/// Tables and lists that a body may nest.
const MAX_DEPTH: usize = 16;

/// A value of a request's body.
#[derive(Debug)]
pub(super) enum Template {
    Value(Bound),
    List(Vec<Template>),
    Object(Vec<(String, Template)>),
}

impl Template {
    /// `[quote.body]`: tables and lists as they are, texts as expressions.
    pub(super) fn load(table: &Table<'_>, names: Names) -> Loaded<Self> {
        let member = |(key, value): (&str, &Spanned<DeValue<'_>>)| {
            Ok((key.to_owned(), Self::part(table, key, value, names, 0)?))
        };
        table.entries().map(member).collect::<Loaded<_>>().map(Self::Object)
    }

    fn part(table: &Table<'_>, key: &str, value: &Spanned<DeValue<'_>>, names: Names, depth: usize) -> Loaded<Self> {
        if depth > MAX_DEPTH {
            return Err(table.wrong(key, value, "is nested too deep"));
        }
        match value.get_ref() {
            DeValue::Array(items) => {
                let part = |(i, item)| Self::part(table, &format!("{key}[{i}]"), item, names, depth + 1);
                items
                    .iter()
                    .enumerate()
                    .map(part)
                    .collect::<Loaded<_>>()
                    .map(Self::List)
            }
            DeValue::Table(members) => {
                let part = |(name, value): (&Spanned<std::borrow::Cow<'_, str>>, _)| {
                    let name = name.get_ref().to_string();
                    let part = Self::part(table, &format!("{key}.{name}"), value, names, depth + 1)?;
                    Ok((name, part))
                };
                members.iter().map(part).collect::<Loaded<_>>().map(Self::Object)
            }
            _ => table.bind(key, value, names).map(Self::Value),
        }
    }

    /// As JSON. A member that comes to nothing is left out.
    pub(super) fn write(&self, evaluator: &Evaluator, scope: &[Located]) -> Result<String> {
        let mut json = String::new();
        self.put(&mut json, evaluator, scope)?;
        Ok(json)
    }

    /// False when there is nothing to write.
    fn put(&self, json: &mut String, evaluator: &Evaluator, scope: &[Located]) -> Result<bool> {
        match self {
            Self::Value(bound) => {
                let value = evaluator.bound(bound, scope)?;
                if value.value == Value::Absent {
                    return Ok(false);
                }
                put_value(json, &value).map_err(|fault| fault.or_key(&bound.key))?;
            }
            Self::List(items) => {
                json.push('[');
                for item in items {
                    let before = json.len();
                    separate(json, '[');
                    if !item.put(json, evaluator, scope)? {
                        json.truncate(before);
                    }
                }
                json.push(']');
            }
            Self::Object(members) => {
                json.push('{');
                for (name, member) in members {
                    let before = json.len();
                    separate(json, '{');
                    put_text(json, name);
                    json.push(':');
                    if !member.put(json, evaluator, scope)? {
                        json.truncate(before);
                    }
                }
                json.push('}');
            }
        }
        Ok(true)
    }
}

fn separate(json: &mut String, open: char) {
    if !json.ends_with(open) {
        json.push(',');
    }
}

fn put_value(json: &mut String, value: &Located) -> Result<()> {
    match &value.value {
        Value::Absent => json.push_str("null"),
        Value::List(items) => {
            json.push('[');
            for item in items.iter() {
                separate(json, '[');
                put_value(json, item)?;
            }
            json.push(']');
        }
        Value::Json(inner) => put_json(json, inner),
        Value::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
        Value::Number(number) => json.push_str(&number.to_string()),
        _ => put_text(json, &written(value)?),
    }
    Ok(())
}

/// As deep as the answer that it is from.
fn put_json(json: &mut String, value: &Json) {
    match value {
        Json::Null => json.push_str("null"),
        Json::Bool(value) => json.push_str(if *value { "true" } else { "false" }),
        Json::Number(text) => json.push_str(text),
        Json::Text(text) => put_text(json, text),
        Json::List(items) => {
            json.push('[');
            for item in items {
                separate(json, '[');
                put_json(json, item);
            }
            json.push(']');
        }
        Json::Object(members) => {
            json.push('{');
            for (name, member) in members {
                separate(json, '{');
                put_text(json, name);
                json.push(':');
                put_json(json, member);
            }
            json.push('}');
        }
    }
}

fn put_text(json: &mut String, text: &str) {
    json.push_str(&serde_json::Value::from(text).to_string());
}

/// A value in a query, a header or a path, or as a JSON text. Money, rates and periods have no one way of writing.
pub(super) fn written(value: &Located) -> Result<String> {
    match &value.value {
        Value::Text(text) => Ok(text.to_string()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Date(date) => Ok(date.format("%Y-%m-%d").to_string()),
        Value::Instant(at) => Ok(at.to_rfc3339_opts(chrono::SecondsFormat::AutoSi, true)),
        Value::Json(_) => Ok(value.field()?.text()?.to_owned()),
        Value::Money(_) => Err(plain("say how to write the amount: major() or minor_units()")),
        Value::Rate(_) => Err(plain("say how to write the rate: in_percent()")),
        Value::Period(_) => Err(plain("say how to write the period: in_months() or in_days()")),
        Value::Absent | Value::List(_) | Value::Record(_) => Err(value.expected("a single value")),
    }
}

/// A path with `{expression}` in its segments.
#[derive(Debug)]
pub(super) struct Path(Vec<Part>);

#[derive(Debug)]
enum Part {
    Fixed(String),
    Value(Bound),
}

impl Path {
    pub(super) fn load(table: &Table<'_>, names: Names) -> Loaded<Self> {
        let value = table.need("path")?;
        let text = table.text("path")?;
        let mistake = |at, what| table.mistake("path", value, &Mistake::new(at, what));
        if !text.starts_with('/') {
            return Err(mistake(0, "a path starts with a slash"));
        }
        let (mut parts, mut at) = (Vec::new(), 0);
        while let Some(open) = text[at..].find('{').map(|i| at + i) {
            let close = text[open..].find('}').map(|i| open + i);
            let close = close.ok_or_else(|| mistake(open, "this `{` is not closed"))?;
            parts.push(Part::Fixed(text[at..open].to_owned()));
            let inner = &text[open + 1..close];
            let expr = super::parse::parse(inner, names)
                .map_err(|m| table.mistake("path", value, &Mistake::new(open + 1 + m.at, m.what)))?;
            let key = format!("{}.path", table.path());
            parts.push(Part::Value(Bound { expr, key: key.into() }));
            at = close + 1;
        }
        parts.push(Part::Fixed(text[at..].to_owned()));
        let plain = |c: char| c.is_ascii_alphanumeric() || "/-._~:@!$&'()*+,;=".contains(c);
        let fixed = parts.iter().filter_map(|part| match part {
            Part::Fixed(text) => Some(text),
            Part::Value(_) => None,
        });
        if fixed
            .into_iter()
            .any(|text| !text.chars().all(plain) || text.contains("/.."))
        {
            return Err(mistake(0, "only plain characters; the query has a table of its own"));
        }
        Ok(Self(parts))
    }

    /// The path with `*` for each value.
    pub(super) fn pattern(&self) -> String {
        let part = |part: &Part| match part {
            Part::Fixed(text) => text.clone(),
            Part::Value(_) => "*".into(),
        };
        self.0.iter().map(part).collect()
    }

    /// Values stay within their segment whatever they hold.
    pub(super) fn write(&self, evaluator: &Evaluator, scope: &[Located]) -> Result<String> {
        let mut path = String::new();
        for part in &self.0 {
            match part {
                Part::Fixed(text) => path.push_str(text),
                Part::Value(bound) => {
                    let value = evaluator.bound(bound, scope)?;
                    let text = written(&value).map_err(|fault| fault.or_key(&bound.key))?;
                    if matches!(text.as_str(), "" | "." | "..") {
                        return Err(value.fault("cannot stand in a path").or_key(&bound.key));
                    }
                    escape(&mut path, &text);
                }
            }
        }
        Ok(path)
    }
}

/// RFC 3986, section 2.3: everything but the unreserved.
fn escape(path: &mut String, text: &str) {
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            path.push(char::from(byte));
        } else {
            let _infallible = write!(path, "%{byte:02X}");
        }
    }
}

/// Names and values of a query or of headers.
#[derive(Debug, Default)]
pub(super) struct Pairs(Vec<(String, Bound)>);

impl Pairs {
    pub(super) fn load(table: Option<Table<'_>>, names: Names) -> Loaded<Self> {
        let Some(table) = table else { return Ok(Self::default()) };
        let pair = |(key, value): (&str, &Spanned<DeValue<'_>>)| Ok((key.to_owned(), table.bind(key, value, names)?));
        table.entries().map(pair).collect::<Loaded<_>>().map(Self)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(name, _)| name.as_str())
    }

    /// One that comes to nothing is left out.
    pub(super) fn write(&self, evaluator: &Evaluator, scope: &[Located]) -> Result<Vec<(String, String)>> {
        let mut pairs = Vec::with_capacity(self.0.len());
        for (name, bound) in &self.0 {
            let value = evaluator.bound(bound, scope)?;
            if value.value != Value::Absent {
                let text = written(&value).map_err(|fault: Fault| fault.or_key(&bound.key))?;
                pairs.push((name.clone(), text));
            }
        }
        Ok(pairs)
    }
}
