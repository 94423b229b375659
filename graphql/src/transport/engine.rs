//! Executes operations. A document that was parsed and validated once is neither parsed nor validated again: parsing
//! is a third of the cost of a small query.

use std::sync::Arc;

use async_graphql::parser::parse_query;
use async_graphql::parser::types::{ExecutableDocument, OperationType};
use async_graphql::{Request, Response, ServerError, ValidationMode, Variables};
use domain::Principal;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};
use moka::sync::Cache;
use serde::Deserialize;

use super::discreet::discreet;
use super::guard::{Needs, Shape};
use crate::Api;
use crate::schema::{UsanceSchema, builder};

/// Documents kept. A client with more distinct documents than this should use variables.
const CACHED_DOCUMENTS: u64 = 2_000;
/// A longer document is executed but not kept.
const MAX_CACHED_BYTES: usize = 16 * 1024;

/// A request as it stands in a body or in a query string.
#[derive(Deserialize, Debug, Default)]
pub struct Operation {
    /// The document.
    pub query: Option<String>,
    /// Which operation of the document.
    #[serde(default, rename = "operationName")]
    pub name: Option<String>,
    /// Values of its variables.
    #[serde(default)]
    pub variables: Option<serde_json::Map<String, serde_json::Value>>,
    /// Ignored, but must be an object.
    #[serde(default)]
    pub extensions: Option<serde_json::Map<String, serde_json::Value>>,
}

#[derive(Clone, Debug)]
struct Document {
    parsed: Arc<ExecutableDocument>,
    /// It passed validation once; validation does not depend on the variables.
    valid: bool,
    /// Who may run its operations.
    needs: Arc<Needs>,
}

/// An operation that is ready to run.
#[derive(Debug)]
pub struct Prepared {
    request: Request,
    text: String,
    name: Option<String>,
    document: Document,
    /// Query, mutation or subscription.
    pub kind: OperationType,
}

/// The schema, and the documents it has seen.
pub struct Engine {
    strict: UsanceSchema,
    fast: UsanceSchema,
    documents: Cache<String, Document>,
    shape: Shape,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Engine")
            .field("documents", &self.documents.entry_count())
            .finish_non_exhaustive()
    }
}

impl Engine {
    /// An engine with an empty cache.
    pub fn new(introspection: bool) -> Self {
        Self {
            strict: builder(introspection).finish(),
            fast: builder(introspection).validation_mode(ValidationMode::Fast).finish(),
            documents: Cache::new(CACHED_DOCUMENTS),
            shape: Shape::of(&crate::schema::sdl()),
        }
    }

    /// Parses, or finds, the document and the operation in it. The error is the response for a request that is not one.
    pub fn prepare(&self, operation: Operation) -> Result<Prepared, Box<Response>> {
        let refuse = |message: &str| Box::new(Response::from_errors(vec![ServerError::new(message, None)]));
        let text = operation
            .query
            .filter(|q| !q.is_empty())
            .ok_or_else(|| refuse("`query` is missing"))?;
        let document = if let Some(known) = self.documents.get(&text) {
            known
        } else {
            let parsed = parse_query(&text).map_err(|e| Box::new(discreet(Response::from_errors(vec![e.into()]))))?;
            Document {
                needs: Arc::new(self.shape.needs(&parsed)),
                parsed: Arc::new(parsed),
                valid: false,
            }
        };
        let kind = kind_of(&document.parsed, operation.name.as_deref())
            .ok_or_else(|| refuse("`operationName` does not name an operation of the document"))?;
        let variables = operation
            .variables
            .map(|map| Variables::from_json(serde_json::Value::Object(map)));
        let mut request = Request::new("").variables(variables.unwrap_or_default());
        if let Some(name) = &operation.name {
            request = request.operation_name(name);
        }
        request.set_parsed_query((*document.parsed).clone());
        if !document.valid && text.len() <= MAX_CACHED_BYTES {
            self.documents.get_with_by_ref(&text, || document.clone());
        }
        Ok(Prepared {
            request,
            name: operation.name,
            document,
            kind,
            text,
        })
    }

    /// Runs a query or a mutation.
    pub async fn execute(&self, api: &Api, caller: Option<Principal>, prepared: Prepared) -> Response {
        if let Some(refusal) = self.refusal(caller.as_ref(), &prepared) {
            return refusal;
        }
        let Prepared {
            request,
            text,
            document,
            ..
        } = prepared;
        let request = with_context(request, api, caller);
        if document.valid {
            return discreet(self.fast.execute(request).boxed().await);
        }
        let response = self.strict.execute(request).boxed().await;
        self.remember_valid(&text, &response);
        discreet(response)
    }

    /// Runs any operation as a stream of responses.
    pub fn stream(&self, api: &Api, caller: Option<Principal>, prepared: Prepared) -> BoxStream<'static, Response> {
        if let Some(refusal) = self.refusal(caller.as_ref(), &prepared) {
            return futures::stream::once(std::future::ready(refusal)).boxed();
        }
        let request = with_context(prepared.request, api, caller);
        self.strict.execute_stream(request).map(discreet).boxed()
    }

    fn refusal(&self, caller: Option<&Principal>, prepared: &Prepared) -> Option<Response> {
        let asked = (prepared.name.as_deref(), &*prepared.document.needs);
        self.shape.refusal(&prepared.document.parsed, asked, caller)
    }

    /// A response without errors comes of a valid document.
    fn remember_valid(&self, text: &str, response: &Response) {
        if response.errors.is_empty()
            && let Some(known) = self.documents.get(text)
        {
            self.documents
                .insert(text.to_owned(), Document { valid: true, ..known });
        }
    }
}

fn with_context(request: Request, api: &Api, caller: Option<Principal>) -> Request {
    let request = request.data(api.clone()).data(crate::origin::current());
    match caller {
        Some(principal) => request.data(principal),
        None => request,
    }
}

fn kind_of(document: &ExecutableDocument, name: Option<&str>) -> Option<OperationType> {
    let mut operations = document.operations.iter();
    if let Some(name) = name {
        return operations
            .find(|(n, _)| n.is_some_and(|n| n == name))
            .map(|(_, op)| op.node.ty);
    }
    let first = operations.next().map(|(_, op)| op.node.ty);
    if operations.next().is_some() { None } else { first }
}
