//! One endpoint of a lender: how it is asked, and what its status codes mean.

use std::time::Duration;

use sdk::net::{Incoming, Method, Request, Value};
use sdk::{Clock, Endpoint, HttpClient, LenderError};

use super::ask::FOUND;
use super::auth::{Auth, is_header};
use super::eval::Evaluator;
use super::parse::Names;
use super::routes::Route;
use super::source::{Bound, Loaded, Table};
use super::template::{Pairs, Path, Template};
use super::value::Located;

/// Headers that the client sets by itself, or that say who we are.
const OURS: [&str; 9] = [
    "authorization",
    "connection",
    "content-length",
    "content-type",
    "cookie",
    "host",
    "proxy-authorization",
    "te",
    "transfer-encoding",
];

/// The keys of an endpoint's table.
#[derive(Debug)]
pub(super) struct Call {
    method: Method,
    path: Path,
    query: Pairs,
    headers: Pairs,
    body: Option<Template>,
    read: Vec<u16>,
    unknown: Vec<u16>,
    /// Where in the answer the loan is.
    pub loan: Option<Bound>,
}

impl Call {
    /// The keys of a request; the caller finishes the table.
    pub(super) fn load(table: &Table<'_>, names: Names) -> Loaded<Self> {
        let headers = Pairs::load(table.table("headers")?, names)?;
        let bad = |name: &&str| !is_header(name) || OURS.contains(name);
        if let Some(name) = headers.names().find(bad) {
            let what = format!("the header {name:?} cannot be set here; names are in small letters");
            return Err(table.wrong("headers", table.need("headers")?, what));
        }
        let body = table.table("body")?;
        let method = match table.text("method")? {
            "GET" if body.is_some() => {
                return Err(table.wrong("method", table.need("method")?, "a GET has no body"));
            }
            "GET" => Method::GET,
            "POST" => Method::POST,
            "PUT" => Method::PUT,
            "PATCH" => Method::PATCH,
            "DELETE" => Method::DELETE,
            _ => {
                let what = "expected GET, POST, PUT, PATCH or DELETE";
                return Err(table.wrong("method", table.need("method")?, what));
            }
        };
        Ok(Self {
            method,
            path: Path::load(table, names)?,
            query: Pairs::load(table.table("query")?, names)?,
            headers,
            body: body.map(|table| Template::load(&table, names)).transpose()?,
            read: table.statuses("read_status")?.unwrap_or_else(|| vec![200, 201, 202]),
            unknown: Vec::new(),
            loan: None,
        })
    }

    /// The table of `accept`, `status` or `cancel`.
    pub(super) fn load_loan(table: &Table<'_>, names: Names) -> Loaded<Self> {
        let found = Self {
            unknown: table.statuses("unknown_status")?.unwrap_or_default(),
            loan: table.optional_expr("loan", FOUND)?,
            ..Self::load(table, names)?
        };
        table.finish()?;
        Ok(found)
    }

    /// As the lender sees it.
    pub(super) fn route(&self) -> Route {
        Route {
            method: self.method.to_string(),
            path: self.path.pattern(),
            unknown: self.unknown.clone(),
        }
    }

    /// True when an answer of this status says that the lender never heard of it.
    pub(super) fn is_unknown(&self, status: u16) -> bool {
        self.unknown.contains(&status)
    }
}

/// The connection to one lender.
pub(super) struct Wire {
    pub http: HttpClient,
    pub endpoint: Endpoint,
    pub auth: Auth,
}

impl Wire {
    /// Asks once. An answer of a status that the manifest does not read is an error by its status alone. `extra` goes behind the query.
    pub(super) async fn ask(
        &self,
        call: &Call,
        evaluator: &Evaluator,
        scope: &[Located],
        extra: Option<(&str, &str)>,
        (clock, timeout): (&dyn Clock, Duration),
    ) -> Result<Incoming, LenderError> {
        let path = call.path.write(evaluator, scope)?;
        let query = call.query.write(evaluator, scope)?;
        let headers = call.headers.write(evaluator, scope)?;
        let body = match &call.body {
            Some(template) => template.write(evaluator, scope)?.into_bytes(),
            None => Vec::new(),
        };
        let token = self.auth.header(&self.http, clock, timeout).await?;
        let query: Vec<_> = query
            .iter()
            .map(|(name, value)| (&**name, &**value))
            .chain(extra)
            .collect();
        let plain = headers.iter().map(|(name, value)| (&**name, Value::Plain(value)));
        let secret = token.iter().map(|(name, value)| (&**name, Value::Secret(value)));
        let headers: Vec<_> = plain.chain(secret).collect();
        let answer = self
            .http
            .call(Request {
                method: call.method.clone(),
                query: &query,
                headers: &headers,
                body: &body,
                ..Request::get(&self.endpoint, &path, timeout)
            })
            .await?;
        if call.is_unknown(answer.status) {
            return Ok(answer);
        }
        if call.read.contains(&answer.status) {
            answer.json()?;
            return Ok(answer);
        }
        if answer.status == 401 {
            self.auth.forget().await;
        }
        Err(refusal(answer.status))
    }
}

/// What an answer that is not read means for us. Nothing of its body is repeated.
pub(super) fn refusal(status: u16) -> LenderError {
    match status {
        400 | 401 | 403 | 409 | 422 => LenderError::Refused(status.to_string()),
        405 | 501 => LenderError::Unsupported(status.to_string()),
        429 => LenderError::RateLimited,
        404 | 408 | 500..=599 => LenderError::Unavailable(status.to_string()),
        _ => LenderError::Malformed {
            field: "status".into(),
            detail: status.to_string(),
        },
    }
}
