//! Live books of the requests that are being quoted in this process. A subscriber reads the book's list of updates by
//! index, so a slow one loses nothing and holds nobody up.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ids::{PrincipalId, ProviderId, QuoteId, RequestId, TenantId};
use domain::quote::{Loser, Quote};
use domain::ranking::{Candidate, RankBy, rank};
use futures::Stream;
use tokio::sync::watch;

use crate::api::{LenderProgress, QuoteUpdate, RankedQuote, RequestView};

/// Every live book by request.
#[derive(Debug, Default)]
pub(crate) struct Bus {
    books: Mutex<HashMap<RequestId, Arc<LiveBook>>>,
}

impl Bus {
    pub(crate) fn open(&self, book: LiveBook) -> Arc<LiveBook> {
        let book = Arc::new(book);
        lock(&self.books).insert(book.request, Arc::clone(&book));
        book
    }

    pub(crate) fn get(&self, request: RequestId) -> Option<Arc<LiveBook>> {
        lock(&self.books).get(&request).map(Arc::clone)
    }

    /// Forgets a book; subscribers that hold it still read it to the end.
    pub(crate) fn forget(&self, request: RequestId) {
        lock(&self.books).remove(&request);
    }

    /// The live book with that quote. Only for quotes that are not stored yet.
    pub(crate) fn with_quote(&self, quote: QuoteId) -> Option<(Arc<LiveBook>, RankedQuote)> {
        let books: Vec<_> = lock(&self.books).values().map(Arc::clone).collect();
        books.into_iter().find_map(|book| {
            let found = book.quotes().into_iter().find(|ranked| ranked.quote.id == quote)?;
            Some((book, found))
        })
    }
}

/// The book of one request while it is open.
#[derive(Debug)]
pub(crate) struct LiveBook {
    pub request: RequestId,
    pub tenant: TenantId,
    pub borrower: PrincipalId,
    rank_by: RankBy,
    pages: Mutex<Pages>,
    /// Number of updates so far.
    length: watch::Sender<usize>,
}

#[derive(Debug, Default)]
struct Pages {
    updates: Vec<Arc<QuoteUpdate>>,
    quotes: Vec<Quote>,
    losers: Vec<Loser>,
    lenders: Vec<LenderProgress>,
    closed: bool,
}

impl LiveBook {
    /// An empty book that waits for those lenders.
    pub(crate) fn new(
        request: RequestId,
        tenant: TenantId,
        borrower: PrincipalId,
        rank_by: RankBy,
        lenders: Vec<LenderProgress>,
    ) -> Self {
        let pages = Mutex::new(Pages {
            lenders,
            ..Pages::default()
        });
        Self {
            request,
            tenant,
            borrower,
            rank_by,
            pages,
            length: watch::Sender::new(0),
        }
    }

    /// One lender's whole answer: its quotes, best first, or why there are none.
    pub(crate) fn answered(&self, provider: &ProviderId, after_ms: Option<u64>, quotes: &[Quote], losers: &[Loser]) {
        let mut pages = lock(&self.pages);
        if let Some(progress) = pages.lenders.iter_mut().find(|l| l.provider == *provider) {
            progress.waiting = false;
            progress.answered_ms = after_ms;
            progress.quotes = u32::try_from(quotes.len()).unwrap_or(u32::MAX);
        }
        for quote in quotes {
            pages.quotes.push(quote.clone());
            let ranking = rank(pages.quotes.iter().map(Candidate::of).collect(), self.rank_by);
            let place = ranking.places.iter().find(|place| place.candidate.quote == quote.id);
            let position = place.map_or(1, |place| place.position);
            let ranked = RankedQuote {
                position,
                quote: quote.clone(),
            };
            pages.updates.push(Arc::new(QuoteUpdate::Quote(Box::new(ranked))));
        }
        for loser in losers {
            pages.losers.push(loser.clone());
            pages.updates.push(Arc::new(QuoteUpdate::Loser(loser.clone())));
        }
        let length = pages.updates.len();
        drop(pages);
        self.length.send_replace(length);
    }

    /// Lenders that were not asked.
    pub(crate) fn lost(&self, losers: &[Loser]) {
        let mut pages = lock(&self.pages);
        pages.losers.extend_from_slice(losers);
        pages
            .updates
            .extend(losers.iter().cloned().map(QuoteUpdate::Loser).map(Arc::new));
        let length = pages.updates.len();
        drop(pages);
        self.length.send_replace(length);
    }

    /// Ends the book without a closing view: subscribers look at what is stored.
    pub(crate) fn abandon(&self) {
        lock(&self.pages).closed = true;
        self.length.send_modify(|_| ());
    }

    /// The last update.
    pub(crate) fn close(&self, view: RequestView) {
        let mut pages = lock(&self.pages);
        pages.closed = true;
        pages.updates.push(Arc::new(QuoteUpdate::Closed(Box::new(view))));
        let length = pages.updates.len();
        drop(pages);
        self.length.send_replace(length);
    }

    /// Where every lender stands, and the losers so far.
    pub(crate) fn progress(&self) -> (Vec<LenderProgress>, Vec<Loser>) {
        let pages = lock(&self.pages);
        (pages.lenders.clone(), pages.losers.clone())
    }

    /// The quotes so far, ranked.
    pub(crate) fn quotes(&self) -> Vec<RankedQuote> {
        let quotes = lock(&self.pages).quotes.clone();
        in_order(quotes, self.rank_by)
    }

    /// What arrived and what will: ends after `Closed`.
    pub(crate) fn updates(self: Arc<Self>) -> impl Stream<Item = QuoteUpdate> + Send + 'static {
        let length = self.length.subscribe();
        futures::stream::unfold((self, length, 0), |(book, mut length, next)| async move {
            length
                .wait_for(|length| *length > next || book.ended(next))
                .await
                .ok()?;
            let update = lock(&book.pages).updates.get(next).map(Arc::clone)?;
            Some((QuoteUpdate::clone(&update), (book, length, next + 1)))
        })
    }

    /// The closing view, once there is one.
    pub(crate) async fn closing(&self) -> Option<RequestView> {
        let mut length = self.length.subscribe();
        length.wait_for(|_| lock(&self.pages).closed).await.ok()?;
        lock(&self.pages)
            .updates
            .iter()
            .find_map(|update| match update.as_ref() {
                QuoteUpdate::Closed(view) => Some(RequestView::clone(view)),
                QuoteUpdate::Quote(_) | QuoteUpdate::Loser(_) => None,
            })
    }

    fn ended(&self, next: usize) -> bool {
        let pages = lock(&self.pages);
        pages.closed && next >= pages.updates.len()
    }
}

/// Quotes with their places.
pub(crate) fn in_order(quotes: Vec<Quote>, by: RankBy) -> Vec<RankedQuote> {
    let ranking = rank(quotes.iter().map(Candidate::of).collect(), by);
    let mut by_id: HashMap<QuoteId, Quote> = quotes.into_iter().map(|quote| (quote.id, quote)).collect();
    let ranked = ranking.places.into_iter().filter_map(|place| {
        let quote = by_id.remove(&place.candidate.quote)?;
        Some(RankedQuote {
            position: place.position,
            quote,
        })
    });
    ranked.collect()
}

/// A panic elsewhere does not make the data wrong: every change under these locks is complete.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
