//! What the owner of a request sees, live and stored. Somebody else's request does not exist.

use std::sync::Arc;

use domain::Principal;
use domain::ids::{QuoteId, RequestId};
use domain::loan::RequestState;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use crate::Aggregator;
use crate::api::{Error, Page, PageRequest, QuoteUpdate, RankedQuote, RequestView};
use crate::bus::LiveBook;
use crate::store::quoting::{self as rows, RequestRow};

impl Aggregator {
    /// A request, with the lenders' progress while it is open.
    pub async fn request(&self, caller: &Principal, id: RequestId) -> Result<RequestView, Error> {
        let live = self.bus.get(id);
        let mut view = self.row(caller, id).await?.view();
        if let (RequestState::Quoting, Some(book)) = (view.state, live) {
            (view.lenders, view.losers) = book.progress();
        }
        Ok(view)
    }

    /// The quotes of a request, best first; while it is open, those so far.
    pub async fn quotes(
        &self,
        caller: &Principal,
        id: RequestId,
        page: PageRequest,
    ) -> Result<Page<RankedQuote>, Error> {
        let first = usize::try_from(page.first).unwrap_or(usize::MAX);
        if !(1..=100).contains(&first) {
            return Err(Error::invalid("first", "1 to 100"));
        }
        let after = match &page.after {
            Some(cursor) => cursor
                .parse::<u32>()
                .map_err(|_| Error::invalid("after", "not a cursor of this list"))?,
            None => 0,
        };
        let live = self.bus.get(id);
        let row = self.row(caller, id).await?;
        let (mut items, total) = match (row.state, live) {
            (RequestState::Quoting, Some(book)) => {
                let all = book.quotes();
                let total = u64::try_from(all.len()).ok();
                (
                    all.into_iter().filter(|ranked| ranked.position > after).collect(),
                    total,
                )
            }
            _ => self.stored_quotes(id, after, first).await?,
        };
        let has_next = items.len() > first;
        items.truncate(first);
        let cursors = items.iter().map(|ranked| ranked.position.to_string()).collect();
        Ok(Page {
            items,
            cursors,
            has_next,
            total,
        })
    }

    async fn stored_quotes(
        &self,
        id: RequestId,
        after: u32,
        first: usize,
    ) -> Result<(Vec<RankedQuote>, Option<u64>), Error> {
        let mut conn = self.world.db.acquire().await?;
        let after = i32::try_from(after).unwrap_or(i32::MAX);
        let limit = i64::try_from(first).unwrap_or(i64::MAX).saturating_add(1);
        let found = rows::quotes(&mut conn, id, after, limit).await?;
        let whole_book = after == 0 && found.len() <= first;
        let total = if whole_book {
            u64::try_from(found.len()).ok()
        } else {
            Some(rows::count(&mut conn, id).await?)
        };
        Ok((
            found
                .into_iter()
                .map(|(position, quote)| RankedQuote { position, quote })
                .collect(),
            total,
        ))
    }

    /// One quote with its place.
    pub async fn quote(&self, caller: &Principal, id: QuoteId) -> Result<RankedQuote, Error> {
        let stored = rows::quote(&mut *self.world.db.acquire().await?, id).await?;
        if let Some((position, quote)) = stored {
            self.row(caller, quote.request_id).await?;
            return Ok(RankedQuote { position, quote });
        }
        let (book, ranked) = self.bus.with_quote(id).ok_or(Error::NotFound)?;
        if sees(caller, &book) {
            Ok(ranked)
        } else {
            Err(Error::NotFound)
        }
    }

    /// What already arrived, then what arrives; ends after `Closed`. Quotes of a closed book come best first.
    pub async fn updates(
        self: &Arc<Self>,
        caller: &Principal,
        id: RequestId,
    ) -> Result<BoxStream<'static, QuoteUpdate>, Error> {
        // The live book first: it vanishes only after its end is stored.
        if let Some(book) = self.bus.get(id) {
            return if sees(caller, &book) {
                Ok(book.updates().boxed())
            } else {
                Err(Error::NotFound)
            };
        }
        self.row(caller, id).await?;
        let (this, caller) = (Arc::clone(self), caller.clone());
        let rest = async move {
            match this.stored_updates(&caller, id).await {
                Ok(updates) => updates,
                Err(error) => {
                    tracing::warn!(request = %id, %error, "updates ended early");
                    Vec::new()
                }
            }
        };
        Ok(stream::once(rest).flat_map(stream::iter).boxed())
    }

    async fn stored_updates(&self, caller: &Principal, id: RequestId) -> Result<Vec<QuoteUpdate>, Error> {
        let view = self.closed(caller, id).await?;
        let mut conn = self.world.db.acquire().await?;
        let quotes = rows::quotes(&mut conn, id, 0, i64::MAX).await?;
        let quotes = quotes
            .into_iter()
            .map(|(position, quote)| RankedQuote { position, quote });
        let mut updates: Vec<QuoteUpdate> = quotes.map(|ranked| QuoteUpdate::Quote(Box::new(ranked))).collect();
        updates.extend(view.losers.iter().cloned().map(QuoteUpdate::Loser));
        updates.push(QuoteUpdate::Closed(Box::new(view)));
        Ok(updates)
    }

    /// Waits until the book is closed. A book that is open in another process is looked at every `Settings::poll`.
    pub async fn closed(&self, caller: &Principal, id: RequestId) -> Result<RequestView, Error> {
        loop {
            if let Some(book) = self.bus.get(id) {
                if !sees(caller, &book) {
                    return Err(Error::NotFound);
                }
                if let Some(view) = book.closing().await {
                    return Ok(view);
                }
            }
            let row = self.row(caller, id).await?;
            if row.state != RequestState::Quoting {
                return Ok(row.view());
            }
            tokio::time::sleep(self.world.settings.poll).await;
        }
    }

    async fn row(&self, caller: &Principal, id: RequestId) -> Result<RequestRow, Error> {
        let mut conn = self.world.db.acquire().await?;
        let row = rows::request(&mut conn, id).await?.ok_or(Error::NotFound)?;
        let request = &row.asked.request;
        if caller.sees(request.tenant, request.borrower, None) {
            Ok(row)
        } else {
            Err(Error::NotFound)
        }
    }
}

fn sees(caller: &Principal, book: &LiveBook) -> bool {
    caller.sees(book.tenant, book.borrower, None)
}
