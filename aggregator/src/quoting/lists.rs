//! Requests and offers that a caller may see, newest first.

use ::access::Scope;
use chrono::{DateTime, Utc};
use domain::Principal;
use domain::ids::SettlementId;
use domain::loan::{RequestState, SettlementState};
use uuid::Uuid;

use crate::Aggregator;
use crate::access::{Class, listing};
use crate::api::{Error, Page, PageRequest, RankedQuote, RequestView};
use crate::store::lending;
use crate::store::quoting::{self as rows, OfferRow, Which};

/// Accepted offers that came to nothing, as far back as a list looks for them.
const ENDED: i64 = 10_000;

/// What became of an offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OfferState {
    /// It may be accepted now.
    Live,
    /// It was accepted, and is on its way or paid out.
    Accepted,
    /// It was accepted, and withdrawn or failed.
    Cancelled,
    /// Nobody took it in time.
    Expired,
    /// Another offer of the same request was taken.
    NotTaken,
}

impl OfferState {
    fn as_str(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Accepted => "ACCEPTED",
            Self::Cancelled => "CANCELLED",
            Self::Expired => "EXPIRED",
            Self::NotTaken => "NOT_TAKEN",
        }
    }
}

/// An offer in a list.
#[derive(Clone, Debug)]
pub struct OfferView {
    /// The quote with its place.
    pub quote: RankedQuote,
    /// Among how many.
    pub of: u32,
    /// What became of it.
    pub state: OfferState,
    /// Where its settlement stands, once it was accepted.
    pub settlement: Option<(SettlementId, SettlementState)>,
}

/// What a page begins behind, from a cursor of ours.
fn place(after: Option<&str>) -> Result<Option<(DateTime<Utc>, Uuid)>, Error> {
    let Some(cursor) = after else { return Ok(None) };
    let read = || {
        let (micros, id) = cursor.split_once('.')?;
        let at = DateTime::from_timestamp_micros(micros.parse().ok()?)?;
        Some((at, Uuid::parse_str(id).ok()?))
    };
    let found = read().ok_or_else(|| Error::invalid("after", "not a cursor of this list"))?;
    Ok(Some(found))
}

fn cursor(at: DateTime<Utc>, id: Uuid) -> String {
    format!("{}.{}", at.timestamp_micros(), id.simple())
}

fn which(scope: Scope<'_>, page: &PageRequest) -> Result<(Which, i64), Error> {
    if !(1..=100).contains(&page.first) {
        return Err(Error::invalid("first", "1 to 100"));
    }
    let mut which = Which {
        after: place(page.after.as_deref())?,
        ..Which::default()
    };
    match scope {
        Scope::Nothing => return Err(Error::Forbidden),
        Scope::Own(tenant, borrower) => (which.tenant, which.borrower) = (Some(tenant.0), Some(borrower.0)),
        Scope::Tenant(tenant) => which.tenant = Some(tenant.0),
        Scope::Lender(provider) => which.provider = Some(provider.to_string()),
        Scope::All => {}
    }
    Ok((which, i64::from(page.first) + 1))
}

/// The page of one more than it holds.
fn paged<T>(mut items: Vec<T>, first: u32, cursor_of: impl Fn(&T) -> String) -> Page<T> {
    let has_next = items.len() > first as usize;
    items.truncate(first as usize);
    Page {
        cursors: items.iter().map(cursor_of).collect(),
        has_next,
        total: None,
        items,
    }
}

impl Aggregator {
    /// Requests, newest first: a borrower's own, an integrator's of its tenant, all within reach for staff. The lenders' progress of an
    /// open one is that of its beginning; [`Self::request`] tells it live.
    pub async fn requests(&self, caller: &Principal, page: PageRequest) -> Result<Page<RequestView>, Error> {
        let (which, limit) = which(listing(caller, Class::Request)?, &page)?;
        let mut conn = self.world.db.acquire().await?;
        let found = rows::requests(&mut conn, &which, limit).await?;
        let views = found.into_iter().map(rows::RequestRow::view).collect();
        Ok(paged(views, page.first, |view: &RequestView| {
            cursor(view.created_at, view.id.0)
        }))
    }

    /// Offers of closed books in a state or in any, newest first: a lender's own, whoever asked; for others those of the requests that
    /// they see. Of accepted ones that came to nothing the last 10,000 are told apart.
    pub async fn offers(
        &self,
        caller: &Principal,
        state: Option<OfferState>,
        page: PageRequest,
    ) -> Result<Page<OfferView>, Error> {
        let (which, limit) = which(listing(caller, Class::Quote)?, &page)?;
        let now = self.world.clock.now();
        let mut conn = self.world.db.acquire().await?;
        let ended = match state {
            Some(OfferState::Accepted | OfferState::Cancelled) => {
                lending::ended_quotes(&mut conn, which.provider.as_deref(), ENDED).await?
            }
            _ => Vec::new(),
        };
        let wanted = (state.map(OfferState::as_str), now, &ended[..]);
        let found = rows::offers(&mut conn, &which, wanted, limit).await?;
        let accepted: Vec<Uuid> = found
            .iter()
            .filter(|row| row.accepted)
            .map(|row| row.quote.id.0)
            .collect();
        let settled = lending::settlements_of_quotes(&mut conn, &accepted).await?;
        let views = found.into_iter().map(|row| {
            let settlement = settled.iter().find(|(quote, ..)| *quote == row.quote.id);
            offer(row, settlement.map(|(_, id, state)| (*id, *state)), now)
        });
        let of = |view: &OfferView| cursor(view.quote.quote.received_at, view.quote.quote.id.0);
        Ok(paged(views.collect(), page.first, of))
    }
}

fn offer(row: OfferRow, settlement: Option<(SettlementId, SettlementState)>, now: DateTime<Utc>) -> OfferView {
    let state = match (row.accepted, row.request_state) {
        (true, _) => match settlement {
            Some((_, SettlementState::Failed | SettlementState::Cancelled)) => OfferState::Cancelled,
            _ => OfferState::Accepted,
        },
        (false, RequestState::Accepted) => OfferState::NotTaken,
        (false, RequestState::Expired) => OfferState::Expired,
        (false, _) if row.quote.offer.valid_until <= now => OfferState::Expired,
        (false, _) => OfferState::Live,
    };
    OfferView {
        quote: RankedQuote {
            position: row.position,
            quote: row.quote,
        },
        of: row.of,
        state,
        settlement,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_names_its_place_and_nothing_else_is_one() {
        let at = DateTime::from_timestamp_micros(1_800_000_000_123_456).unwrap();
        let id = Uuid::from_u128(7);
        assert_eq!(place(Some(&cursor(at, id))).unwrap(), Some((at, id)));
        assert_eq!(place(None).unwrap(), None);
        for wrong in ["", "7", "x.y", "1.2", ".00000000000000000000000000000007"] {
            assert!(matches!(place(Some(wrong)), Err(Error::Invalid { .. })), "{wrong}");
        }
    }
}
