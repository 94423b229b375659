//! The calls of a manifest from the counterparty's side: what a player of the lender has to know.

use super::auth::AuthSpec;
use super::call::Call;
use super::load::{Manifest, Step};

/// A call as the lender sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Its method.
    pub method: String,
    /// Its path; `*` stands for a value.
    pub path: String,
    /// Statuses that say that the lender never heard of it.
    pub unknown: Vec<u16>,
}

/// How pages are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Paged {
    /// This parameter repeats a text of the page before.
    Cursor(String),
    /// This parameter counts from this number.
    Number(String, u64),
}

/// The calls that a manifest makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routes {
    /// The question.
    pub quote: Route,
    /// What follows it until the answer is complete.
    pub poll: Option<Route>,
    /// How pages of the answer are asked for.
    pub pages: Option<Paged>,
    /// The acceptance.
    pub accept: Route,
    /// The state of a loan.
    pub status: Route,
    /// A withdrawal.
    pub cancel: Option<Route>,
    /// A token is fetched first.
    pub token: bool,
}

impl Manifest {
    /// The calls that it makes.
    pub fn routes(&self) -> Routes {
        let pages = self.quote.pages.as_ref().map(|pages| match &pages.step {
            Step::Cursor(_) => Paged::Cursor(pages.param.clone()),
            Step::Number(first, _) => Paged::Number(pages.param.clone(), *first),
        });
        Routes {
            quote: self.quote.call.route(),
            poll: self.quote.poll.as_ref().map(|poll| poll.call.route()),
            pages,
            accept: self.accept.route(),
            status: self.status.route(),
            cancel: self.cancel.as_ref().map(Call::route),
            token: matches!(self.auth, AuthSpec::OAuth2(_)),
        }
    }
}
