//! Who may run an operation: every field that it selects is looked up in the rules once, when its document is read. An operation
//! that selects one field which the caller's role never sees is refused whole, before anything runs; which objects the caller may
//! see is decided by the use cases.

use std::collections::{HashMap, HashSet};

use access::{Action, Class, RoleSet, fields};
use aggregator::access::{Entry, Resource, note};
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    BaseType, ExecutableDocument, OperationDefinition, OperationType, Selection, SelectionSet, Type, TypeKind,
    TypeSystemDefinition,
};
use async_graphql::{ErrorExtensionValues, PathSegment, Response, ServerError, Value};
use domain::{Principal, Role};

/// Selections in selections. The executor refuses far less deep ones.
const DEEPEST: usize = 64;

/// The object types of the schema: type, field, and the type that the field has.
#[derive(Debug)]
pub struct Shape(HashMap<String, HashMap<String, String>>);

/// Which roles may select all fields of an operation.
#[derive(Clone, Debug, Default)]
pub struct Needs(Vec<(Option<String>, RoleSet)>);

/// A field that a role may not select.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Offence {
    /// Key of the root field in the response.
    root: String,
    name: String,
    field: String,
}

impl Shape {
    /// Of a schema in its definition language. A schema that cannot be read has no types: then nobody may select anything.
    pub fn of(sdl: &str) -> Self {
        let document = parse_schema(sdl)
            .map(|document| document.definitions)
            .unwrap_or_default();
        let mut types = HashMap::new();
        for definition in document {
            let TypeSystemDefinition::Type(definition) = definition else {
                continue;
            };
            let TypeKind::Object(object) = definition.node.kind else {
                continue;
            };
            let fields = object.fields.into_iter().map(|field| {
                let ty = base(&field.node.ty.node);
                (field.node.name.node.to_string(), ty)
            });
            types.insert(definition.node.name.node.to_string(), fields.collect());
        }
        Self(types)
    }

    /// What each operation of a document needs.
    pub fn needs(&self, document: &ExecutableDocument) -> Needs {
        let all = document.operations.iter().map(|(name, operation)| {
            let mut walk = Walk::new(self, document, |_, _, _| false);
            walk.operation(&operation.node);
            (name.map(ToString::to_string), walk.roles)
        });
        Needs(all.collect())
    }

    /// Refuses what the caller may not run. A caller without a token is refused by each root field; here only where no role at
    /// all may run it.
    pub fn refusal(
        &self,
        document: &ExecutableDocument,
        (name, needs): (Option<&str>, &Needs),
        caller: Option<&Principal>,
    ) -> Option<Response> {
        let roles = needs.of(name);
        match caller {
            Some(caller) if roles.has(caller.role) => None,
            Some(caller) => {
                let offence = self.offence(document, name, Some(caller.role));
                noted(caller, &offence);
                Some(refuse(&offence, "FORBIDDEN", "Your role may not do this"))
            }
            None if roles != RoleSet::NONE => None,
            None => {
                let offence = self.offence(document, name, None);
                Some(refuse(&offence, "UNAUTHORIZED", "A valid access token is needed."))
            }
        }
    }

    /// The first field that the role may not select; for no role the first root field.
    fn offence(&self, document: &ExecutableDocument, name: Option<&str>, role: Option<Role>) -> Offence {
        let mut found = None;
        let operation = document
            .operations
            .iter()
            .find(|(known, _)| known.map(async_graphql::Name::as_str) == name);
        let operation = operation.or_else(|| document.operations.iter().next());
        let mut walk = Walk::new(self, document, |root: &str, name: &str, field: &str| {
            if role.is_none_or(|role| !fields::roles(name, field).has(role)) {
                found = Some((root.to_owned(), name.to_owned(), field.to_owned()));
            }
            found.is_some()
        });
        if let Some((_, operation)) = operation {
            walk.operation(&operation.node);
        }
        let (root, name, field) = found.unwrap_or_default();
        Offence { root, name, field }
    }
}

impl Needs {
    /// The roles of an operation; nobody when there is none of that name.
    pub fn of(&self, name: Option<&str>) -> RoleSet {
        let mut all = self.0.iter();
        let found = match name {
            Some(name) => all.find(|(known, _)| known.as_deref() == Some(name)),
            None => all.next(),
        };
        found.map_or(RoleSet::NONE, |(_, roles)| *roles)
    }
}

/// The type under lists and non-null.
fn base(ty: &Type) -> String {
    match &ty.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(inner) => base(inner),
    }
}

/// Goes through the fields of an operation until told to stop.
struct Walk<'a, F> {
    shape: &'a Shape,
    document: &'a ExecutableDocument,
    /// Fragments that were gone through: a fragment has the same fields wherever it is spread.
    seen: HashSet<&'a str>,
    roles: RoleSet,
    stop: F,
    stopped: bool,
}

impl<'a, F: FnMut(&str, &str, &str) -> bool> Walk<'a, F> {
    fn new(shape: &'a Shape, document: &'a ExecutableDocument, stop: F) -> Self {
        Self {
            shape,
            document,
            seen: HashSet::new(),
            roles: RoleSet::CALLERS,
            stop,
            stopped: false,
        }
    }

    fn operation(&mut self, operation: &'a OperationDefinition) {
        let root = match operation.ty {
            OperationType::Query => "Query",
            OperationType::Mutation => "Mutation",
            OperationType::Subscription => "Subscription",
        };
        self.set(root, None, &operation.selection_set.node, 0);
    }

    fn set(&mut self, name: &str, root: Option<&str>, set: &'a SelectionSet, depth: usize) {
        if depth > DEEPEST {
            self.roles = RoleSet::NONE;
            return;
        }
        for selection in &set.items {
            if self.stopped {
                return;
            }
            match &selection.node {
                Selection::Field(field) => {
                    let field = &field.node;
                    let root = root.unwrap_or_else(|| field.response_key().node.as_str());
                    self.field(name, root, (field.name.node.as_str(), &field.selection_set.node), depth);
                }
                Selection::InlineFragment(part) => {
                    let part = &part.node;
                    let on = part.type_condition.as_ref().map_or(name, |on| on.node.on.node.as_str());
                    self.set(on, root, &part.selection_set.node, depth + 1);
                }
                Selection::FragmentSpread(spread) => {
                    let spread = spread.node.fragment_name.node.as_str();
                    let known = self
                        .document
                        .fragments
                        .iter()
                        .find(|(known, _)| known.as_str() == spread);
                    let Some((known, fragment)) = known else { continue };
                    if self.seen.insert(known.as_str()) {
                        let on = fragment.node.type_condition.node.on.node.as_str();
                        self.set(on, root, &fragment.node.selection_set.node, depth + 1);
                    }
                }
            }
        }
    }

    fn field(&mut self, name: &str, root: &str, (field, set): (&str, &'a SelectionSet), depth: usize) {
        // Of the schema itself. Whether it is shown is for the executor.
        if field.starts_with("__") {
            return;
        }
        // A field that the schema does not have is refused by validation.
        let Some(ty) = self.shape.0.get(name).and_then(|fields| fields.get(field)) else {
            return;
        };
        self.roles = self.roles.and(fields::roles(name, field));
        self.stopped = (self.stop)(root, name, field);
        if !self.stopped {
            self.set(ty, Some(root), set, depth + 1);
        }
    }
}

fn noted(caller: &Principal, offence: &Offence) {
    let (action, class) = match fields::of(&offence.name, &offence.field) {
        Some(fields::Who::May(action, class)) => (action, class),
        // Not listed: an object of no class that has a rule.
        Some(fields::Who::Callers) | None => (Action::Read, Class::AuditTrail),
    };
    note(&Entry {
        caller,
        action,
        resource: &Resource::platform(class),
        denial: Some(access::Denial::Role),
    });
}

/// The answer of an operation whose first root field failed.
fn refuse(offence: &Offence, code: &str, message: &str) -> Response {
    let mut extensions = ErrorExtensionValues::default();
    extensions.set("code", code);
    if code == "FORBIDDEN" {
        extensions.set("deniedField", format!("{}.{}", offence.name, offence.field));
    }
    let mut error = ServerError::new(message, None);
    error.path = vec![PathSegment::Field(offence.root.clone())];
    error.extensions = Some(extensions);
    let mut response = Response::from_errors(vec![error]);
    response.data = Value::Null;
    response
}

#[cfg(test)]
mod tests;
