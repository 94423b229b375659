//! Closed books in memory. Once a book is closed only the state of its request still moves; what is kept here is final,
//! so nothing is ever taken back. Whose it is, is checked on every look.

use std::sync::Arc;

use domain::Principal;
use domain::ids::{PrincipalId, RequestId, TenantId};
use domain::offer::ScheduledPayment;
use moka::sync::Cache;

use crate::access::{Action, Class, Resource, check};
use crate::api::{RankedQuote, RequestView};

/// Memory for closed books, bytes, as [`ClosedBook::size`] counts them.
const MAX_BYTES: u64 = 64 * 1024 * 1024;
/// A quote without its calendar, about.
const QUOTE_BYTES: usize = 4 * 1024;

/// A closed book.
#[derive(Clone, Debug)]
pub(super) struct ClosedBook {
    pub tenant: TenantId,
    pub borrower: PrincipalId,
    /// As it was closed.
    pub view: Arc<RequestView>,
    /// Best first.
    pub quotes: Vec<Arc<RankedQuote>>,
}

impl ClosedBook {
    fn size(&self) -> u32 {
        let payments: usize = self
            .quotes
            .iter()
            .map(|ranked| ranked.quote.offer.repayment.schedule.len())
            .sum();
        let bytes = (self.quotes.len() + 1) * QUOTE_BYTES + payments * size_of::<ScheduledPayment>();
        u32::try_from(bytes).unwrap_or(u32::MAX)
    }
}

/// The closed books that were looked at last.
#[derive(Debug)]
pub(crate) struct ClosedBooks(Cache<RequestId, Arc<ClosedBook>>);

impl Default for ClosedBooks {
    fn default() -> Self {
        let weigher = |_: &RequestId, book: &Arc<ClosedBook>| book.size();
        Self(Cache::builder().max_capacity(MAX_BYTES).weigher(weigher).build())
    }
}

impl ClosedBooks {
    /// The book, when it is at hand and the caller may see it.
    pub(super) fn get(&self, caller: &Principal, id: RequestId) -> Option<Arc<ClosedBook>> {
        self.0.get(&id).filter(|book| {
            let request = Resource::about(Class::Request, book.tenant, book.borrower);
            check(caller, Action::Read, &request).is_ok()
        })
    }

    pub(super) fn keep(&self, book: Arc<ClosedBook>) {
        self.0.insert(book.view.id, book);
    }
}
