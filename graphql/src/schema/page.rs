//! Pages of lists, by Relay's convention.

use aggregator::api::PageRequest;
use async_graphql::{Result, SimpleObject};

use super::fail;

/// Checks the size of a page.
pub fn page_request(first: Option<u32>, after: Option<String>) -> Result<PageRequest> {
    let first = first.unwrap_or(20);
    if (1..=100).contains(&first) {
        Ok(PageRequest { first, after })
    } else {
        Err(fail(aggregator::Error::invalid("first", "1 to 100")))
    }
}

/// Where a page stands.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "PageInfo")]
pub struct PageInfoOut {
    /// More follow.
    pub has_next_page: bool,
    /// Something came before.
    pub has_previous_page: bool,
    /// Cursor of the first item.
    pub start_cursor: Option<String>,
    /// Cursor of the last item.
    pub end_cursor: Option<String>,
}

impl PageInfoOut {
    /// Of a page with these cursors.
    pub fn of(cursors: &[String], has_next: bool, has_previous: bool) -> Self {
        Self {
            has_next_page: has_next,
            has_previous_page: has_previous,
            start_cursor: cursors.first().cloned(),
            end_cursor: cursors.last().cloned(),
        }
    }
}
