//! The matrix as a page for people.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use domain::Role;

use crate::fields::{self, BLANKS, Who};
use crate::matrix::{About, FORBIDS, GRANTS};
use crate::resource::Class;
use crate::roles::RoleSet;
use crate::routes::{Gate, ROUTES};

/// The page, in Markdown.
pub fn markdown() -> String {
    let mut page = String::from(
        "# Access matrix\n\nMade by `usance print access-matrix` from the rules that the program decides by. A cell names the actions; the words in \
         brackets are conditions that must hold besides. What is not here is denied.\n\n\
         - *own*: about the caller. *own tenant*, *own lender*: of the caller's. *within reach*: of the caller's tenant, or the caller is in \
         the group `platform`; what belongs to the platform needs that group.\n\
         - *made by another*: four eyes. *assigned to them*, *with a purpose*, *up to the amount*: as they say.\n",
    );
    forbids(&mut page);
    grants(&mut page);
    blanks(&mut page);
    fields(&mut page);
    routes(&mut page);
    page
}

/// Writing to a string cannot fail.
fn line(page: &mut String, text: std::fmt::Arguments<'_>) {
    let _ = writeln!(page, "{text}");
}

fn forbids(page: &mut String) {
    page.push_str(
        "\n## Forbidden, whatever is granted\n\n| Rule | Who | What | Of what | Why |\n|---|---|---|---|---|\n",
    );
    for forbid in FORBIDS {
        let who = match forbid.about {
            About::Roles(roles) => names(roles),
            About::Outside(group) => format!("everyone outside of the group `{}`", group.as_str()),
            About::Maker => "who made it".to_owned(),
            About::Subject => "whom it is about".to_owned(),
        };
        let actions = list(forbid.actions.iter().map(|a| a.as_str()));
        let classes = list(forbid.classes.iter().map(|c| c.as_str()));
        let (id, why) = (forbid.id, forbid.why);
        line(page, format_args!("| {id} | {who} | {actions} | {classes} | {why} |"));
    }
}

fn grants(page: &mut String) {
    page.push_str("\n## Granted\n\n| Class |");
    for role in Role::ALL {
        let _ = write!(page, " {} |", role.as_str().replace('_', " "));
    }
    page.push_str("\n|---|");
    page.push_str(&"---|".repeat(Role::ALL.len()));
    page.push('\n');
    for class in Class::ALL {
        let _ = write!(page, "| {} |", class.as_str().replace('_', " "));
        for role in Role::ALL {
            let _ = write!(page, " {} |", cell(class, role));
        }
        page.push('\n');
    }
}

/// What a role may do to a class, actions of the same conditions together.
fn cell(class: Class, role: Role) -> String {
    let mut by_condition: Vec<(String, Vec<&str>)> = Vec::new();
    for grant in GRANTS.iter().filter(|g| g.class == class && g.roles.has(role)) {
        let when = grant.when.iter().map(|c| c.as_str()).collect::<Vec<_>>().join(", ");
        match by_condition.iter_mut().find(|(known, _)| *known == when) {
            Some((_, actions)) => actions.push(grant.action.as_str()),
            None => by_condition.push((when, vec![grant.action.as_str()])),
        }
    }
    let parts = by_condition.into_iter().map(|(when, actions)| match when.as_str() {
        "" => actions.join(", "),
        when => format!("{} ({when})", actions.join(", ")),
    });
    parts.collect::<Vec<_>>().join("; ")
}

fn blanks(page: &mut String) {
    page.push_str(
        "\n## Properties that some readers get empty\n\nThe object is shown, these properties of it are null or an empty list, except for those who may \
         read the class.\n\n| Property | Read as |\n|---|---|\n",
    );
    for blank in BLANKS {
        let class = blank.class.as_str();
        line(page, format_args!("| {}.{} | {class} |", blank.name, blank.field));
    }
}

fn fields(page: &mut String) {
    page.push_str("\n## Fields of the schema\n\n| Rule | Roles | Fields |\n|---|---|---|\n");
    let mut rules: BTreeMap<String, (RoleSet, Vec<String>)> = BTreeMap::new();
    for rule in fields::all() {
        let name = match rule.who {
            Who::Callers => "value: with the object that it stands in".to_owned(),
            Who::May(action, class) => format!("{} {}", action.as_str(), class.as_str()),
        };
        let entry = rules.entry(name).or_insert_with(|| (rule.who.roles(), Vec::new()));
        entry.1.push(format!("{} {{ {} }}", rule.name, rule.fields.join(" ")));
    }
    for (name, (who, fields)) in rules {
        let who = if who == RoleSet::CALLERS {
            "every caller".to_owned()
        } else {
            names(who)
        };
        line(page, format_args!("| {name} | {who} | {} |", fields.join("; ")));
    }
}

fn routes(page: &mut String) {
    page.push_str("\n## Routes\n\n| Route | Rule | Roles |\n|---|---|---|\n");
    for rule in ROUTES {
        let (gate, roles) = match rule.gate {
            Gate::Open(why) => (format!("open: {why}"), "no token".to_owned()),
            Gate::May(action, class) => {
                let roles = rule.gate.roles().unwrap_or_default();
                (format!("{} {}", action.as_str(), class.as_str()), names(roles))
            }
        };
        line(
            page,
            format_args!("| {} {} | {gate} | {roles} |", rule.method, rule.path),
        );
    }
}

fn names(roles: RoleSet) -> String {
    list(roles.iter().map(Role::as_str))
}

fn list<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(|name| name.replace('_', " ")).collect();
    if names.is_empty() {
        "everything".to_owned()
    } else {
        names.join(", ")
    }
}
