//! People of the development marketplace. Their passwords are public: production refuses them.

use aggregator::Aggregator;
use aggregator::sessions::{DEVELOPMENT_PASSWORD, NewPerson, SessionError};
use anyhow::Result;
use serde::Serialize;

use crate::commands::table::{Align, Table, colour_wanted};
use crate::seed::principals;

/// Who has a console, by the name of the client that acts as the same principal.
const PEOPLE: [(&str, &str); 11] = [
    ("borrower", "borrower"),
    ("harbor-bank", "lender"),
    ("officer", "officer"),
    ("second-officer", "officer, the other pair of eyes"),
    ("aml-officer", "officer against money laundering"),
    ("risk-manager", "risk manager"),
    ("manager", "manager"),
    ("credit-head", "credit head"),
    ("second-credit-head", "credit head, the other pair of eyes"),
    ("admin", "administrator"),
    ("integrator", "integrator"),
];

/// Somebody who can sign in.
#[derive(Clone, Debug, Serialize)]
pub(super) struct DevPerson {
    who: &'static str,
    login: String,
    password: String,
}

/// Who can sign in.
pub(super) fn people() -> Vec<DevPerson> {
    PEOPLE
        .into_iter()
        .map(|(name, who)| DevPerson {
            who,
            login: format!("{name}@example.com"),
            password: format!("{DEVELOPMENT_PASSWORD}{name}"),
        })
        .collect()
}

/// Gives the principals of the development clients their logins. Repeating it changes nothing.
pub(super) async fn plant(aggregator: &Aggregator) -> Result<()> {
    let principals = principals()?;
    for ((name, _), person) in PEOPLE.into_iter().zip(people()) {
        let id = format!("dev-{name}");
        let Some((_, principal)) = principals.iter().find(|(client, _)| client.client_id == id) else {
            continue;
        };
        let new = NewPerson {
            id: Some(principal.id),
            login: person.login,
            tenant: principal.tenant,
            role: principal.role,
            provider: principal.provider.clone(),
            groups: principal.standing.groups().collect(),
        };
        match aggregator.people().add(&new, Some(person.password)).await {
            Err(SessionError::Failed(aggregator::Error::Refused(refusal))) if refusal.code == "LOGIN_TAKEN" => {}
            other => drop(other?),
        }
    }
    Ok(())
}

/// Logins and passwords as a table.
pub(super) fn table() -> String {
    let name = Align::Left;
    let mut table = Table::new(&[("sign in as", name), ("login", name), ("password", name)]);
    for person in people() {
        let row = [person.who.to_owned(), person.login, person.password];
        table.row(row.iter().map(Into::into).collect());
    }
    table.render(colour_wanted())
}
