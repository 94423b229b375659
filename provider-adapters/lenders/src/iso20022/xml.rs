//! XML as banks write it, read strictly: UTF-8, no document type, no entities but the five of XML, bounded size, depth and number of
//! elements. Elements of a foreign namespace are not seen.

use quick_xml::NsReader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};
use quick_xml::name::ResolveResult;

/// Bytes of a file.
pub(super) const MAX_BYTES: u64 = 16 * 1024 * 1024;
const MAX_DEPTH: usize = 24;
const MAX_ELEMENTS: usize = 400_000;
const MAX_TEXT: usize = 4_096;
const BASE: &str = "urn:iso:std:iso:20022:tech:xsd:";

/// A file that is not what it should be. Says where and which rule; never what stands there.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{place}: {detail}")]
pub struct FileError {
    /// Path of the element, or `file`.
    pub place: String,
    /// What is wrong.
    pub detail: String,
}

impl FileError {
    pub(super) fn new(place: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            detail: detail.into(),
        }
    }
}

pub(super) type Read<T> = Result<T, FileError>;

/// An element, its text without white space around it, and its children.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Element {
    name: String,
    path: String,
    currency: Option<String>,
    text: String,
    children: Vec<Element>,
}

impl Element {
    /// Whether it has that name.
    pub(super) fn is(&self, name: &str) -> bool {
        self.name == name
    }

    /// Every child of that name.
    pub(super) fn all<'e>(&'e self, name: &'e str) -> impl Iterator<Item = &'e Self> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// The child of that name; more than one is refused.
    pub(super) fn one(&self, name: &str) -> Read<Option<&Self>> {
        let mut found = self.children.iter().filter(|child| child.name == name);
        let first = found.next();
        if found.next().is_some() {
            return Err(FileError::new(
                format!("{}/{name}", self.path),
                "is given more than once",
            ));
        }
        Ok(first)
    }

    /// The only child of that name.
    pub(super) fn need(&self, name: &str) -> Read<&Self> {
        self.one(name)?
            .ok_or_else(|| FileError::new(format!("{}/{name}", self.path), "is missing"))
    }

    /// The element at `a/b/c`, none when a step is not there.
    pub(super) fn at(&self, path: &str) -> Read<Option<&Self>> {
        let mut here = self;
        for name in path.split('/') {
            match here.one(name)? {
                Some(next) => here = next,
                None => return Ok(None),
            }
        }
        Ok(Some(here))
    }

    /// The text at `a/b/c`; empty text is none.
    pub(super) fn text_at(&self, path: &str) -> Read<Option<&str>> {
        Ok(self.at(path)?.map(Self::text).filter(|text| !text.is_empty()))
    }

    /// Its text.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The attribute `Ccy`.
    pub(super) fn currency(&self) -> Option<&str> {
        self.currency.as_deref()
    }

    /// A refusal of this element.
    pub(super) fn refuse(&self, detail: impl Into<String>) -> FileError {
        FileError::new(&self.path, detail)
    }
}

/// The kind of a message, such as `camt.053`, with its version: the end of the namespace of `Document`.
pub(super) fn message(bytes: &[u8]) -> Read<(String, Element)> {
    let text = std::str::from_utf8(bytes).map_err(|_| FileError::new("file", "is not UTF-8"))?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = NsReader::from_str(text);
    let mut tree = Tree::default();
    let root = loop {
        let (namespace, event) = reader
            .read_resolved_event()
            .map_err(|_| FileError::new("file", "is not well-formed XML"))?;
        if let Some(root) = tree.take(&namespace, event)? {
            break root;
        }
    };
    let (kind, root) = root;
    if root.name != "Document" {
        return Err(FileError::new("file", "the root is not Document"));
    }
    let body = root.children.into_iter().next();
    let body = body.ok_or_else(|| FileError::new("Document", "is empty"))?;
    Ok((kind, body))
}

/// Elements that are open, outermost first.
#[derive(Default)]
struct Tree {
    kind: Option<String>,
    open: Vec<Element>,
    /// Depth inside an element of a foreign namespace.
    foreign: usize,
    elements: usize,
    done: Option<Element>,
}

impl Tree {
    /// Takes an event; the whole at its end.
    fn take(&mut self, namespace: &ResolveResult<'_>, event: Event<'_>) -> Read<Option<(String, Element)>> {
        match event {
            Event::Start(start) => self.start(namespace, &start)?,
            Event::Empty(start) => {
                self.start(namespace, &start)?;
                self.end()?;
            }
            Event::End(_) => self.end()?,
            Event::Text(text) => self.text(&text.xml10_content())?,
            Event::CData(text) => self.text(&text.into_inner())?,
            Event::GeneralRef(reference) => {
                let malformed = || FileError::new("file", "has an entity that is not one of XML's own");
                let character = reference.resolve_char_ref().map_err(|_| malformed())?;
                match character {
                    Some(character) => self.text(character.encode_utf8(&mut [0; 4]))?,
                    None => self.text(resolve_predefined_entity(&reference.into_inner()).ok_or_else(malformed)?)?,
                }
            }
            Event::Decl(decl) => {
                let encoding = decl.encoding().transpose().ok().flatten();
                if encoding.is_some_and(|name| !name.eq_ignore_ascii_case("utf-8")) {
                    return Err(FileError::new("file", "declares another encoding than UTF-8"));
                }
            }
            Event::DocType(_) => return Err(FileError::new("file", "has a document type")),
            Event::Comment(_) | Event::PI(_) => {}
            Event::Eof => {
                let whole = self.kind.take().zip(self.done.take());
                return whole
                    .map(Some)
                    .ok_or_else(|| FileError::new("file", "ends before its last element"));
            }
        }
        Ok(None)
    }

    fn start(&mut self, namespace: &ResolveResult<'_>, start: &BytesStart<'_>) -> Read<()> {
        self.elements += 1;
        if self.elements > MAX_ELEMENTS {
            return Err(FileError::new("file", format!("has more than {MAX_ELEMENTS} elements")));
        }
        if self.open.len() + self.foreign >= MAX_DEPTH {
            return Err(FileError::new("file", format!("is nested deeper than {MAX_DEPTH}")));
        }
        if self.done.is_some() {
            return Err(FileError::new("file", "has more than one root"));
        }
        let space = match namespace {
            ResolveResult::Bound(space) => space.0,
            ResolveResult::Unbound | ResolveResult::Unknown(_) => "",
        };
        if self.open.is_empty() && self.foreign == 0 {
            let kind = space.strip_prefix(BASE);
            let kind = kind.ok_or_else(|| FileError::new("Document", "is not of an ISO 20022 namespace"))?;
            self.kind = Some(kind.to_owned());
        }
        let own = self.kind.as_deref() == space.strip_prefix(BASE);
        if self.foreign > 0 || !own {
            self.foreign += 1;
            return Ok(());
        }
        let name = start.local_name().into_inner().to_owned();
        let path = match self.open.last() {
            Some(parent) if self.open.len() > 1 => format!("{}/{name}", parent.path),
            _ => name.clone(),
        };
        let mut currency = None;
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|_| FileError::new(&path, "has a bad attribute"))?;
            if attribute.key.as_ref() == "Ccy" {
                currency = Some(attribute.value.into_owned());
            }
        }
        self.open.push(Element {
            name,
            path,
            currency,
            ..Element::default()
        });
        Ok(())
    }

    fn end(&mut self) -> Read<()> {
        if self.foreign > 0 {
            self.foreign -= 1;
            return Ok(());
        }
        let Some(mut element) = self.open.pop() else {
            return Err(FileError::new("file", "is not well-formed XML"));
        };
        element.text.truncate(element.text.trim_end().len());
        let blank = element.text.len() - element.text.trim_start().len();
        element.text.drain(..blank);
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.done = Some(element),
        }
        Ok(())
    }

    fn text(&mut self, text: &str) -> Read<()> {
        if self.foreign > 0 {
            return Ok(());
        }
        let Some(element) = self.open.last_mut() else {
            return if text.trim().is_empty() {
                Ok(())
            } else {
                Err(FileError::new("file", "has text outside of its root"))
            };
        };
        // White space between elements is no text.
        if element.text.is_empty() && text.trim().is_empty() {
            return Ok(());
        }
        element.text.push_str(text);
        if element.text.len() > MAX_TEXT {
            return Err(element.refuse(format!("is longer than {MAX_TEXT} bytes")));
        }
        Ok(())
    }
}

/// Text for an element.
pub(super) fn escaped(text: &str) -> String {
    quick_xml::escape::escape(text).into_owned()
}
