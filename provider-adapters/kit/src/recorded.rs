//! A counterparty that answers from recordings: any lender with a plain REST interface, for the checks of an adapter.
//!
//! It keeps books: an acceptance is known by the settlement that stands in it, the same settlement gets the same loan, and a
//! settlement that nobody accepted is unknown. An acceptance that carries no settlement makes a new loan each time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use uuid::Uuid;

use crate::adapter::Step;
use crate::door::{Counterparty, Heard, Said};

/// Stands in a recording for the reference of the loan.
pub const LOAN: &str = "$LOAN";
/// Stands in a recording for the settlement.
pub const SETTLEMENT: &str = "$SETTLEMENT";

/// A call that the counterparty knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What it is for.
    pub step: Step,
    /// Its method.
    pub method: String,
    /// Its path; `*` stands for any text within a segment.
    pub path: String,
}

/// How the pages of a question's answer are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paging {
    /// By a parameter of the query that repeats a text of the page before.
    Cursor(String),
    /// By a parameter of the query that counts, and the number of the first page.
    Number(String, u64),
}

/// The counterparty.
#[derive(Debug, Default)]
pub struct Recorded {
    routes: Vec<(Route, Vec<String>)>,
    paging: Option<Paging>,
    token_path: Option<String>,
    unknown: (u16, String),
    loans: Mutex<Loans>,
}

#[derive(Debug, Default)]
struct Loans {
    references: HashMap<Uuid, usize>,
    made: usize,
}

impl Recorded {
    /// One that knows no call; what it does not know is answered 404 with an empty object.
    pub fn new() -> Self {
        Self {
            unknown: (404, "{}".into()),
            ..Self::default()
        }
    }

    /// Answers such a call with this. The first route that fits is taken.
    #[must_use]
    pub fn on(self, step: Step, method: &str, path: &str, answer: &str) -> Self {
        let route = Route {
            step,
            method: method.into(),
            path: path.into(),
        };
        self.pages(route, vec![answer.into()])
    }

    /// Answers such a call with these pages.
    #[must_use]
    pub fn pages(mut self, route: Route, answers: Vec<String>) -> Self {
        self.routes.push((route, answers));
        self
    }

    /// How pages are asked for.
    #[must_use]
    pub fn paged(mut self, paging: Paging) -> Self {
        self.paging = Some(paging);
        self
    }

    /// Gives an OAuth 2 token at this path.
    #[must_use]
    pub fn tokens_at(mut self, path: &str) -> Self {
        self.token_path = Some(path.into());
        self
    }

    /// What a question for an unknown settlement is answered.
    #[must_use]
    pub fn unknown(mut self, status: u16, body: &str) -> Self {
        self.unknown = (status, body.into());
        self
    }

    /// Loans that were made.
    pub fn loans(&self) -> usize {
        self.lock().made
    }

    fn lock(&self) -> MutexGuard<'_, Loans> {
        self.loans.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say(&self, heard: &Heard) -> (u16, String) {
        let (path, query) = heard.path.split_once('?').unwrap_or((&heard.path, ""));
        if self.token_path.as_deref() == Some(path) {
            let token = r#"{"access_token": "kit-token", "token_type": "Bearer", "expires_in": 3600}"#;
            return (200, token.into());
        }
        let fits = |route: &Route| route.method == heard.method && fits(&route.path, path);
        let Some((route, answers)) = self.routes.iter().find(|(route, _)| fits(route)) else {
            return (404, "{}".into());
        };
        let first = || answers.first().cloned().unwrap_or_default();
        match route.step {
            Step::Quote => (200, answers.get(self.page(query, answers)).cloned().unwrap_or_default()),
            Step::Accept => {
                let (loan, settlement) = self.accept(heard);
                (200, filled(&first(), loan, settlement))
            }
            Step::Status | Step::Cancel => {
                let known = ids(heard).into_iter().find_map(|id| {
                    let loan = self.lock().references.get(&id).copied()?;
                    Some((loan, id))
                });
                match known {
                    Some((loan, id)) => (200, filled(&first(), loan, Some(id))),
                    None => self.unknown.clone(),
                }
            }
        }
    }

    fn page(&self, query: &str, answers: &[String]) -> usize {
        let value = |param: &str| {
            let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            let mut found = pairs
                .filter(|(name, _)| *name == param)
                .map(|(_, value)| decoded(value));
            found.next()
        };
        match &self.paging {
            Some(Paging::Cursor(param)) => value(param).map_or(0, |cursor| {
                let from = answers.iter().position(|page| page.contains(&cursor));
                from.map_or(0, |page| page + 1)
            }),
            Some(Paging::Number(param, first)) => value(param)
                .and_then(|text| text.parse::<u64>().ok())
                .and_then(|number| usize::try_from(number.saturating_sub(*first)).ok())
                .unwrap_or(0),
            None => 0,
        }
    }

    /// The number of the loan, and its settlement when the call has one.
    fn accept(&self, heard: &Heard) -> (usize, Option<Uuid>) {
        let ids = ids(heard);
        let mut loans = self.lock();
        if let Some(id) = ids.iter().find(|id| loans.references.contains_key(id)) {
            return (loans.references[id], Some(*id));
        }
        loans.made += 1;
        let loan = loans.made;
        for id in &ids {
            loans.references.insert(*id, loan);
        }
        (loan, ids.first().copied())
    }
}

#[async_trait]
impl Counterparty for Recorded {
    async fn answer(&self, heard: &Heard) -> Option<Said> {
        let (status, body) = self.say(heard);
        Some(Said {
            status,
            headers: vec![("content-type".into(), "application/json".into())],
            body: body.into_bytes(),
        })
    }
}

fn filled(text: &str, loan: usize, settlement: Option<Uuid>) -> String {
    let settlement = settlement.map(|id| id.to_string()).unwrap_or_default();
    text.replace(LOAN, &format!("loan-{loan}"))
        .replace(SETTLEMENT, &settlement)
}

/// The UUIDs that stand in the path, the headers and the body: settlements are such.
fn ids(heard: &Heard) -> Vec<Uuid> {
    let mut text = heard.path.clone();
    for value in heard.headers.values() {
        text.push(' ');
        text.push_str(value.to_str().unwrap_or_default());
    }
    text.push(' ');
    text.push_str(&String::from_utf8_lossy(&heard.body));
    let words = text.split(|c: char| !c.is_ascii_hexdigit() && c != '-');
    // A word of a path may begin with something else.
    let parts = |word: &str| match word.len() {
        32 => word.parse().into_iter().collect::<Vec<Uuid>>(),
        length => (0..=length.saturating_sub(36))
            .filter_map(|from| word.get(from..from + 36)?.parse().ok())
            .collect(),
    };
    words.flat_map(parts).collect()
}

fn fits(pattern: &str, path: &str) -> bool {
    let (patterns, steps): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    patterns.len() == steps.len()
        && patterns
            .iter()
            .zip(&steps)
            .all(|(pattern, step)| segment(pattern, step))
}

/// `*` stands for any text but none.
fn segment(pattern: &str, step: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == step,
        Some((start, rest)) => {
            let Some(left) = step.strip_prefix(start) else {
                return false;
            };
            (1..=left.len()).any(|taken| left.get(taken..).is_some_and(|left| segment(rest, left)))
        }
    }
}

/// Percent signs and pluses of a query, read.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = |pair: &[u8]| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        match (first, after.get(..2).and_then(hex)) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (byte, _) => {
                bytes.push(if *byte == b'+' { b' ' } else { *byte });
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(method: &str, path: &str, body: &str) -> Heard {
        Heard {
            method: method.into(),
            path: path.into(),
            headers: http::HeaderMap::new(),
            body: body.as_bytes().to_vec(),
        }
    }

    const ID: &str = "0192f7c0-0000-7000-8000-000000000001";
    const OTHER: &str = "0192f7c0-0000-7000-8000-000000000002";

    fn lender() -> Recorded {
        Recorded::new()
            .on(
                Step::Accept,
                "POST",
                "/loans",
                r#"{"id": "$LOAN", "for": "$SETTLEMENT"}"#,
            )
            .on(Step::Status, "GET", "/loans/by-*", r#"{"id": "$LOAN"}"#)
    }

    #[test]
    fn the_same_settlement_gets_the_same_loan_and_an_unknown_one_none() {
        let lender = lender();
        let accept = |id: &str| lender.say(&heard("POST", "/loans", &format!("{{\"key\":\"{id}\"}}")));
        let first = accept(ID);
        assert_eq!(first, (200, format!("{{\"id\": \"loan-1\", \"for\": \"{ID}\"}}")));
        assert_eq!(accept(ID), first);
        assert_eq!(lender.loans(), 1);
        let status = |id: &str| lender.say(&heard("GET", &format!("/loans/by-{id}?x=1"), ""));
        assert_eq!(status(ID).1, "{\"id\": \"loan-1\"}");
        assert_eq!(status(OTHER), (404, "{}".into()));
        assert_eq!(lender.say(&heard("GET", "/elsewhere", "")).0, 404);
    }

    #[test]
    fn an_acceptance_without_a_settlement_is_another_loan_each_time() {
        let lender = lender();
        for count in 1..=3 {
            lender.say(&heard("POST", "/loans", "{}"));
            assert_eq!(lender.loans(), count);
        }
    }

    #[test]
    fn pages_follow_the_cursor_or_the_number() {
        let pages = || vec![r#"{"next": "a b&c"}"#.to_owned(), "{}".to_owned()];
        let route = || Route {
            step: Step::Quote,
            method: "GET".into(),
            path: "/offers".into(),
        };
        let ask = |lender: &Recorded, query: &str| lender.say(&heard("GET", &format!("/offers{query}"), "")).1;
        let cursor = Recorded::new()
            .pages(route(), pages())
            .paged(Paging::Cursor("c".into()));
        assert_eq!(ask(&cursor, ""), pages()[0]);
        assert_eq!(ask(&cursor, "?c=a+b%26c"), pages()[1]);
        let number = Recorded::new()
            .pages(route(), pages())
            .paged(Paging::Number("page".into(), 1));
        assert_eq!(ask(&number, "?page=1"), pages()[0]);
        assert_eq!(ask(&number, "?page=2"), pages()[1]);
    }

    #[test]
    fn a_star_stands_for_something_within_a_segment() {
        assert!(fits("/loans/*/cancel", "/loans/7/cancel"));
        assert!(!fits("/loans/*/cancel", "/loans//cancel"));
        assert!(!fits("/loans/*", "/loans/7/cancel"));
        assert!(fits("/x-*-y", "/x-1-y") && !fits("/x-*-y", "/x-1-z"));
    }
}
