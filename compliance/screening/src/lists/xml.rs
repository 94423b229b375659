//! A small tree of an XML document, with the lines on which elements begin. No entities beyond the five of XML and characters by
//! number: a document type is refused.

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesStart, Event};

use super::{LoadError, Text};

/// One element.
#[derive(Debug, Default)]
pub(super) struct Element {
    /// Name without prefix.
    pub name: String,
    /// Attributes by name.
    pub attributes: Vec<(String, String)>,
    /// Its own text, trimmed.
    pub text: String,
    /// Elements inside, in order.
    pub children: Vec<Element>,
    /// Line on which it begins, from 1.
    pub line: usize,
}

impl Element {
    /// The first child of that name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// All children of that name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.name == name)
    }

    /// Text of the first child of that name, when there is any.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.child(name)
            .map(|child| child.text.as_str())
            .filter(|text| !text.is_empty())
    }

    /// All grandchildren `list/item`.
    pub fn items<'a>(&'a self, list: &'a str, item: &'a str) -> impl Iterator<Item = &'a Element> {
        self.all(list).flat_map(move |list| list.all(item))
    }

    /// An attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Elements may lie inside each other so deep.
const DEPTH: usize = 32;

/// Reads a document whose only element is its root, leaving out elements of those names with all that is in them.
pub(super) fn parse_without(file: &Text, unused: &[&str]) -> Result<Element, LoadError> {
    let mut reader = Reader::from_str(&file.body);
    let mut lines = Lines::new(&file.body);
    let mut open: Vec<Element> = vec![Element::default()];
    loop {
        let at = usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX);
        let line = lines.of(at);
        let wrong = |why: String| LoadError::line(&file.name, line, why);
        match reader
            .read_event()
            .map_err(|error| wrong(format!("not XML: {error}")))?
        {
            Event::Start(start) => {
                if open.len() > DEPTH {
                    return Err(wrong("elements lie too deep".to_owned()));
                }
                open.push(begin(&start, line).map_err(wrong)?);
            }
            Event::Empty(start) => {
                let element = begin(&start, line).map_err(wrong)?;
                close(&mut open, element, unused);
            }
            Event::End(_) => {
                if let Some(element) = open.pop() {
                    close(&mut open, element, unused);
                }
            }
            Event::Text(text) => append(&mut open, &text.xml10_content()),
            Event::CData(text) => append(&mut open, &text.into_inner()),
            Event::GeneralRef(reference) => {
                let foreign = || wrong("an entity that is not of XML itself".to_owned());
                match reference.resolve_char_ref().map_err(|_| foreign())? {
                    Some(character) => append(&mut open, character.encode_utf8(&mut [0; 4])),
                    None => append(
                        &mut open,
                        resolve_predefined_entity(&reference.into_inner()).ok_or_else(foreign)?,
                    ),
                }
            }
            Event::DocType(_) => return Err(wrong("a document type, which a list has no need of".to_owned())),
            Event::Eof => break,
            Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
        }
    }
    let mut document = open.pop().filter(|_| open.is_empty());
    let root = document.as_mut().and_then(|document| document.children.pop());
    root.ok_or_else(|| LoadError::file(&file.name, "is cut: an element does not end"))
}

fn begin(start: &BytesStart<'_>, line: usize) -> Result<Element, String> {
    let mut attributes = Vec::new();
    for attribute in start.attributes() {
        let attribute = attribute.map_err(|error| error.to_string())?;
        let name = attribute.key.local_name().into_inner().to_owned();
        attributes.push((name, attribute.value.into_owned()));
    }
    Ok(Element {
        name: start.local_name().into_inner().to_owned(),
        attributes,
        line,
        ..Element::default()
    })
}

fn close(open: &mut [Element], mut element: Element, unused: &[&str]) {
    if unused.contains(&element.name.as_str()) {
        return;
    }
    element.text.truncate(element.text.trim_end().len());
    let blank = element.text.len() - element.text.trim_start().len();
    element.text.drain(..blank);
    if let Some(parent) = open.last_mut() {
        parent.children.push(element);
    }
}

fn append(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// Line numbers of growing positions, counted once.
struct Lines<'a> {
    text: &'a str,
    at: usize,
    line: usize,
}

impl<'a> Lines<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, line: 1 }
    }

    fn of(&mut self, position: usize) -> usize {
        let end = position.min(self.text.len());
        if end > self.at {
            self.line += self.text.get(self.at..end).map_or(0, |part| part.matches('\n').count());
            self.at = end;
        }
        self.line
    }
}
