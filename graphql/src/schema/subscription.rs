//! Subscriptions.

use async_graphql::{Context, ID, Result};
use futures::{Stream, StreamExt};

use super::request::UpdateOut;
use super::{api, caller, fail};
use crate::public_id::{Kind, decode};

/// Streams.
#[derive(Clone, Copy, Debug)]
pub struct Subscription;

#[async_graphql::Subscription]
impl Subscription {
    /// Answers to a request as they arrive, those of before included. Ends when the book is closed.
    async fn quote_updates(&self, ctx: &Context<'_>, request_id: ID) -> Result<impl Stream<Item = UpdateOut> + use<>> {
        let id = decode(Kind::Request, "requestId", &request_id).map_err(fail)?;
        let updates = api(ctx)?.aggregator.updates(caller(ctx)?, id).await.map_err(fail)?;
        Ok(updates.map(UpdateOut::from))
    }
}
