//! Parts of a lender's answer, written again with its numbers as they were.

use sdk::normalise::Node;
use serde_json::json;

/// The part of the offer of that number for an application: the offer itself, or what `path` leads to in it.
pub(super) fn of_offer(root: &Node<'_>, application: &str, number: usize, path: &[&str]) -> Option<String> {
    let Node::List(all) = root.get("loanApplications")? else {
        return None;
    };
    let own = |of: &&Node<'_>| matches!(of.get("loanApplicationId"), Some(Node::Text(id)) if id == application);
    let Node::List(offers) = all.iter().find(own)?.get("offers")? else {
        return None;
    };
    let mut part = offers.get(number)?;
    for step in path {
        part = match part {
            Node::List(items) => items.get(step.parse::<usize>().ok()?)?,
            node => node.get(step)?,
        };
    }
    Some(written(part))
}

/// The text of a node.
pub(super) fn written(node: &Node<'_>) -> String {
    let mut text = String::new();
    write(node, &mut text);
    text
}

fn write(node: &Node<'_>, text: &mut String) {
    match node {
        Node::Null => text.push_str("null"),
        Node::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Node::Number(number) => text.push_str(number),
        Node::Text(value) => text.push_str(&json!(value).to_string()),
        Node::List(items) => {
            text.push('[');
            for (i, item) in items.iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                write(item, text);
            }
            text.push(']');
        }
        Node::Object(members) => {
            text.push('{');
            for (i, (name, value)) in members.iter().enumerate() {
                if i > 0 {
                    text.push(',');
                }
                text.push_str(&json!(name).to_string());
                text.push(':');
                write(value, text);
            }
            text.push('}');
        }
    }
}
