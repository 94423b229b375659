//! What the owner of a request sees, live and stored. Somebody else's request does not exist.

use std::sync::Arc;

use domain::Principal;
use domain::ids::{QuoteId, RequestId};
use domain::loan::RequestState;
use futures::StreamExt;
use futures::stream::{self, BoxStream};

use super::closed::ClosedBook;
use crate::Aggregator;
use crate::access::{Action, Class, Resource, check};
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

    /// A request as its book was closed, when that is in memory: everything but its state, which may have moved since.
    /// None says nothing; ask [`Self::request`].
    pub fn closed_view(&self, caller: &Principal, id: RequestId) -> Option<Arc<RequestView>> {
        self.closed_books.get(caller, id).map(|book| Arc::clone(&book.view))
    }

    /// The quotes of a request, best first; while it is open, those so far.
    pub async fn quotes(
        &self,
        caller: &Principal,
        id: RequestId,
        page: PageRequest,
    ) -> Result<Page<Arc<RankedQuote>>, Error> {
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
        if let Some(book) = self.closed_books.get(caller, id) {
            return Ok(cut(&book.quotes, after, first));
        }
        let live = self.bus.get(id);
        let row = self.row(caller, id).await?;
        if let (RequestState::Quoting, Some(book)) = (row.state, live) {
            let quotes: Vec<_> = book.quotes().into_iter().map(Arc::new).collect();
            return Ok(cut(&quotes, after, first));
        }
        let stored = rows::quotes(&mut *self.world.db.acquire().await?, id, 0, i64::MAX).await?;
        let ranked = stored
            .into_iter()
            .map(|(position, quote)| RankedQuote { position, quote });
        let quotes: Vec<_> = ranked.map(Arc::new).collect();
        let answer = cut(&quotes, after, first);
        // A book that is open in another process is not final.
        if row.state != RequestState::Quoting {
            let request = &row.asked.request;
            let (tenant, borrower) = (request.tenant, request.borrower);
            let view = Arc::new(row.view());
            self.closed_books.keep(Arc::new(ClosedBook {
                tenant,
                borrower,
                view,
                quotes,
            }));
        }
        Ok(answer)
    }

    /// One quote with its place. A lender sees the stored quotes that it made.
    pub async fn quote(&self, caller: &Principal, id: QuoteId) -> Result<RankedQuote, Error> {
        let mut conn = self.world.db.acquire().await?;
        if let Some((position, quote)) = rows::quote(&mut conn, id).await? {
            let row = rows::request(&mut conn, quote.request_id).await?;
            let request = &row.as_ref().ok_or(Error::NotFound)?.asked.request;
            let about = Resource::about(Class::Quote, request.tenant, request.borrower);
            check(caller, Action::Read, &about.with(Some(&quote.provider)))?;
            return Ok(RankedQuote { position, quote });
        }
        drop(conn);
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
        check(
            caller,
            Action::Read,
            &Resource::about(Class::Request, request.tenant, request.borrower),
        )?;
        Ok(row)
    }
}

/// At most `first` quotes after that position.
fn cut(quotes: &[Arc<RankedQuote>], after: u32, first: usize) -> Page<Arc<RankedQuote>> {
    let rest = &quotes[quotes.partition_point(|ranked| ranked.position <= after)..];
    let items: Vec<_> = rest.iter().take(first).map(Arc::clone).collect();
    Page {
        cursors: items.iter().map(|ranked| ranked.position.to_string()).collect(),
        has_next: rest.len() > first,
        total: u64::try_from(quotes.len()).ok(),
        items,
    }
}

fn sees(caller: &Principal, book: &LiveBook) -> bool {
    check(
        caller,
        Action::Read,
        &Resource::about(Class::Request, book.tenant, book.borrower),
    )
    .is_ok()
}
