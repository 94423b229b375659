//! The committed schema, as far as the test needs it: types, fields, arguments, inputs and enumerations.

use std::collections::{BTreeMap, HashSet, VecDeque};

use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{BaseType, Type, TypeKind, TypeSystemDefinition};

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    /// The type under lists and non-null.
    pub ty: String,
    /// Arguments that must be given, with their whole types.
    pub required: Vec<(String, Type)>,
}

pub struct Schema {
    pub objects: BTreeMap<String, Vec<Field>>,
    pub unions: BTreeMap<String, Vec<String>>,
    pub enums: BTreeMap<String, String>,
    pub inputs: BTreeMap<String, Vec<(String, Type)>>,
}

/// Steps from a root to a type: field with arguments filled in, or a type condition.
#[derive(Clone, Debug)]
pub struct Step {
    pub parent: String,
    pub field: Option<Field>,
    pub lands: String,
}

fn base(ty: &Type) -> String {
    match &ty.base {
        BaseType::Named(name) => name.to_string(),
        BaseType::List(inner) => base(inner),
    }
}

impl Schema {
    pub fn committed() -> Self {
        let document = parse_schema(include_str!("../../schema.graphql")).expect("the committed schema");
        let mut schema = Self {
            objects: BTreeMap::new(),
            unions: BTreeMap::new(),
            enums: BTreeMap::new(),
            inputs: BTreeMap::new(),
        };
        for definition in document.definitions {
            let TypeSystemDefinition::Type(definition) = definition else {
                continue;
            };
            let name = definition.node.name.node.to_string();
            match definition.node.kind {
                TypeKind::Object(object) => {
                    let fields = object.fields.into_iter().map(|field| {
                        let given = field.node.arguments.iter().map(|a| &a.node);
                        let required = given.filter(|a| !a.ty.node.nullable && a.default_value.is_none());
                        Field {
                            name: field.node.name.node.to_string(),
                            ty: base(&field.node.ty.node),
                            required: required.map(|a| (a.name.node.to_string(), a.ty.node.clone())).collect(),
                        }
                    });
                    schema.objects.insert(name, fields.collect());
                }
                TypeKind::Union(union) => {
                    let members = union.members.iter().map(|m| m.node.to_string());
                    schema.unions.insert(name, members.collect());
                }
                TypeKind::Enum(kind) => {
                    schema.enums.insert(name, kind.values[0].node.value.node.to_string());
                }
                TypeKind::InputObject(input) => {
                    let fields = input.fields.into_iter().map(|f| f.node);
                    let required = fields.filter(|f| !f.ty.node.nullable && f.default_value.is_none());
                    let required = required.map(|f| (f.name.node.to_string(), f.ty.node)).collect();
                    schema.inputs.insert(name, required);
                }
                TypeKind::Scalar | TypeKind::Interface(_) => {}
            }
        }
        schema
    }

    /// A value of that type. An idempotency key is empty, so that no mutation does anything.
    pub fn literal(&self, (root, name): (&str, &str), ty: &Type, id: &dyn Fn(&str, &str) -> String) -> String {
        match &ty.base {
            BaseType::List(_) => "[]".to_owned(),
            BaseType::Named(kind) => match kind.as_str() {
                "ID" => format!("\"{}\"", id(root, name)),
                "String" if name == "idempotencyKey" => "\"\"".to_owned(),
                "String" => "\"1\"".to_owned(),
                "Boolean" => "true".to_owned(),
                "Int" => "1".to_owned(),
                "DateTime" => "\"2027-01-15T08:00:00Z\"".to_owned(),
                "NaiveDate" => "\"2027-01-15\"".to_owned(),
                "JSON" => "{}".to_owned(),
                other if self.enums.contains_key(other) => self.enums[other].clone(),
                other => {
                    let fields = &self.inputs[other];
                    let parts = fields
                        .iter()
                        .map(|(n, t)| format!("{n}: {}", self.literal((root, n), t, id)));
                    format!("{{ {} }}", parts.collect::<Vec<_>>().join(", "))
                }
            },
        }
    }

    /// A field with its required arguments.
    pub fn call(&self, root: &str, field: &Field, id: &dyn Fn(&str, &str) -> String) -> String {
        if field.required.is_empty() {
            return field.name.clone();
        }
        let given = field
            .required
            .iter()
            .map(|(n, t)| format!("{n}: {}", self.literal((root, n), t, id)));
        format!("{}({})", field.name, given.collect::<Vec<_>>().join(", "))
    }

    /// The shortest way from a root to an object type over steps that `may` be taken; none when there is no such way.
    pub fn path(&self, root: &str, target: &str, may: &dyn Fn(&str, &str) -> bool) -> Option<Vec<Step>> {
        let mut queue = VecDeque::from([(root.to_owned(), Vec::<Step>::new())]);
        let mut seen = HashSet::from([root.to_owned()]);
        while let Some((at, way)) = queue.pop_front() {
            if at == target {
                return Some(way);
            }
            let mut next = Vec::new();
            for field in self
                .objects
                .get(&at)
                .into_iter()
                .flatten()
                .filter(|f| may(&at, &f.name))
            {
                next.push((Some(field.clone()), field.ty.clone()));
            }
            for member in self.unions.get(&at).into_iter().flatten() {
                next.push((None, member.clone()));
            }
            for (field, lands) in next {
                let known = self.objects.contains_key(&lands) || self.unions.contains_key(&lands);
                if known && seen.insert(lands.clone()) {
                    let step = Step {
                        parent: at.clone(),
                        field,
                        lands: lands.clone(),
                    };
                    queue.push_back((lands, way.iter().cloned().chain([step]).collect()));
                }
            }
        }
        None
    }

    /// The text of a selection of `field` at the end of a way.
    pub fn select(&self, kind: &str, way: &[Step], field: &Field, id: &dyn Fn(&str, &str) -> String) -> String {
        let root = way.iter().find_map(|s| s.field.as_ref()).unwrap_or(field).name.clone();
        let leaf = |ty: &str| {
            if self.objects.contains_key(ty) || self.unions.contains_key(ty) {
                " { __typename }"
            } else {
                ""
            }
        };
        let mut text = format!("{}{}", self.call(&root, field, id), leaf(&field.ty));
        for step in way.iter().rev() {
            text = match &step.field {
                Some(field) => format!("{} {{ {text} }}", self.call(&root, field, id)),
                None => format!("... on {} {{ {text} }}", step.lands),
            };
        }
        format!("{kind} {{ {text} }}")
    }
}
