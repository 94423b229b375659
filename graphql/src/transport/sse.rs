//! GraphQL over server-sent events, distinct connections mode.

use std::convert::Infallible;

use async_graphql::Response as GqlResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures::stream::BoxStream;
use futures::{StreamExt, stream};

/// Each response as a `next` event, then `complete`.
pub fn respond(responses: BoxStream<'static, GqlResponse>) -> Response {
    let next = responses.map(|response| {
        let data = serde_json::to_string(&response).unwrap_or_else(|_| r#"{"errors":[]}"#.to_owned());
        Ok::<_, Infallible>(Event::default().event("next").data(data))
    });
    let complete = stream::once(async { Ok(Event::default().event("complete").data("")) });
    Sse::new(next.chain(complete))
        .keep_alive(KeepAlive::default())
        .into_response()
}
