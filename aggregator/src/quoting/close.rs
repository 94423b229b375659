//! The end of quoting: the book is closed once, in one transaction.

use std::sync::Arc;
use std::time::Duration;

use domain::ids::{PrincipalId, ProviderId, RequestId, TenantId};
use domain::loan::RequestState;
use domain::quote::{Loser, Quote};
use domain::ranking::{Candidate, RankBy, Ranking, rank};
use std::collections::HashMap;
use uuid::Uuid;

use super::fan_out::FanOut;
use super::weigh::Weighed;
use crate::api::{Error, LenderProgress, RequestView};
use crate::audit::deeds;
use crate::bus::LiveBook;
use crate::decisions::Decided;
use crate::events::{Event, append};
use crate::store::quoting::{self as rows, Closing};
use crate::store::to_json;
use crate::{Aggregator, decisions};

/// Tries before a book is left to [`Aggregator::close_overdue`].
const TRIES: u32 = 3;
/// Pause between them.
const PAUSE: Duration = Duration::from_millis(100);
/// How long after the deadline a book that nobody closes counts as orphaned by a crash.
const ORPHANED: Duration = Duration::from_secs(5);
/// Requests that one look for work takes.
const AT_ONCE: i64 = 100;

/// A finished book.
struct Book {
    request: RequestId,
    owner: (TenantId, PrincipalId),
    lenders: Vec<LenderProgress>,
    losers: Vec<Loser>,
    ranking: Ranking,
    quotes: Vec<Quote>,
    /// Exact JSON of each quote.
    bodies: Vec<String>,
    decisions: Vec<Decided>,
}

impl Book {
    fn state(&self) -> RequestState {
        if self.quotes.is_empty() {
            RequestState::Declined
        } else {
            RequestState::Quoted
        }
    }

    /// What the owner sees of the closed book.
    fn view(self, asked: RequestView) -> RequestView {
        RequestView {
            state: self.state(),
            lenders: self.lenders,
            losers: self.losers,
            ..asked
        }
    }
}

impl Aggregator {
    /// The fan-out of one request, to the end.
    pub(super) async fn run_book(self: &Arc<Self>, fan_out: FanOut, book: Arc<LiveBook>, asked: RequestView) {
        let request = book.request;
        let started = fan_out.started;
        let weighed = fan_out.run(self, &book).await;
        let (lenders, losers) = book.progress();
        let owner = (book.tenant, book.borrower);
        let finished = assemble((request, owner), (lenders, losers), weighed, asked.rank_by);
        match self.close_with_retries(&finished).await {
            Ok(None) => book.close(finished.view(asked)),
            Ok(Some(stored)) => book.close(stored),
            Err(error) => {
                tracing::error!(%request, %error, "book not closed");
                book.abandon();
            }
        }
        self.bus.forget(request);
        self.wake.events.notify_one();
        metrics::histogram!("usance_quote_book_seconds").record(started.elapsed());
    }

    async fn close_with_retries(&self, book: &Book) -> Result<Option<RequestView>, Error> {
        let mut tries = 1;
        loop {
            match self.close_book(book).await {
                Err(error) if tries < TRIES => {
                    tries += 1;
                    tracing::warn!(request = %book.request, %error, "book not closed, trying again");
                    tokio::time::sleep(PAUSE).await;
                }
                done => return done,
            }
        }
    }

    /// One transaction: state, quotes, losers, ranking, decisions, event. A book that somebody else closed stays as it
    /// is and is answered.
    async fn close_book(&self, book: &Book) -> Result<Option<RequestView>, Error> {
        let now = self.world.clock.now();
        let state = book.state();
        let closing = Closing {
            state,
            lenders: to_json(&book.lenders)?,
            losers: to_json(&book.losers)?,
            ranking: to_json(&book.ranking)?,
            quotes_until: book.quotes.iter().map(|quote| quote.offer.valid_until).max(),
        };
        let mut tx = self.world.db.begin().await?;
        let Some(version) = rows::close(&mut tx, book.request, &closing, now).await? else {
            let row = rows::request(&mut tx, book.request).await?.ok_or(Error::NotFound)?;
            return Ok(Some(row.view()));
        };
        if !book.quotes.is_empty() {
            let ids: Vec<Uuid> = book.quotes.iter().map(|quote| quote.id.0).collect();
            let stored = (&ids[..], &positions(book)[..], &book.bodies[..]);
            rows::insert_quotes(&mut tx, book.request, stored, &book.quotes).await?;
        }
        decisions::store(&mut tx, book.request, "QUOTING", &book.decisions, now).await?;
        let answers = (&book.losers[..], &book.quotes[..]);
        crate::rules::after_book(&mut tx, &self.world, (book.request, now), answers).await?;
        deeds::decided(&mut tx, &self.world, book.owner, &book.decisions).await?;
        deeds::closed(&mut tx, &self.world, (book.request, state.as_str()), book.owner).await?;
        let payload = serde_json::json!({
            "requestId": book.request, "state": state.as_str(), "quotes": book.quotes.len(),
            "losers": book.losers.len(), "best": book.ranking.places.first().map(|place| place.candidate.quote),
        });
        let event = Event {
            aggregate: "request",
            aggregate_id: book.request.0,
            version,
            kind: "QuotesAggregated",
            payload,
        };
        append(&mut tx, &self.world, &[event]).await?;
        tx.commit().await?;
        Ok(None)
    }

    /// Closes the books that a crash left open: their lenders count as late. Answers how many.
    pub async fn close_overdue(&self) -> Result<usize, Error> {
        let before = self.world.clock.now() - ORPHANED;
        let mut conn = self.world.db.acquire().await?;
        let overdue = rows::overdue(&mut conn, before, AT_ONCE).await?;
        let mut closed = 0;
        for id in overdue {
            // Its fan-out runs in this process, whatever the injected clock says.
            if self.bus.get(id).is_some() {
                continue;
            }
            let Some(row) = rows::request(&mut conn, id).await? else {
                continue;
            };
            let mut lenders = row.lenders;
            let mut losers = row.losers;
            for lender in lenders.iter_mut().filter(|lender| lender.waiting) {
                lender.waiting = false;
                losers.extend(Weighed::late(&lender.provider).losers);
            }
            let owner = (row.asked.request.tenant, row.asked.request.borrower);
            let finished = assemble((id, owner), (lenders, losers), Weighed::default(), row.asked.rank_by);
            self.close_book(&finished).await?;
            closed += 1;
        }
        if closed > 0 {
            self.wake.events.notify_one();
        }
        Ok(closed)
    }

    /// Ends requests whose last quote has ended; answers how many.
    pub async fn expire_requests(&self) -> Result<usize, Error> {
        let mut tx = self.world.db.begin().await?;
        let expired = rows::expire(&mut tx, self.world.clock.now(), AT_ONCE).await?;
        if expired.is_empty() {
            return Ok(0);
        }
        let event = |(id, version): &(RequestId, i32)| Event {
            aggregate: "request",
            aggregate_id: id.0,
            version: *version,
            kind: "QuotesExpired",
            payload: serde_json::json!({ "requestId": id }),
        };
        append(&mut tx, &self.world, &expired.iter().map(event).collect::<Vec<_>>()).await?;
        tx.commit().await?;
        self.wake.events.notify_one();
        Ok(expired.len())
    }

    /// The stored ranking of a closed book, and the bytes that its stored inputs give now.
    pub async fn replay_ranking(&self, id: RequestId) -> Result<(Vec<u8>, Vec<u8>), Error> {
        let mut conn = self.world.db.acquire().await?;
        let row = rows::request(&mut conn, id).await?.ok_or(Error::NotFound)?;
        let (stored, ranking) = rows::ranking(&row)?.ok_or(Error::NotFound)?;
        Ok((stored.into_bytes(), to_json(&ranking.replay())?.into_bytes()))
    }
}

/// The finished book. Losers stand by usefulness, then by name: their order does not depend on who answered first.
fn assemble(
    (request, owner): (RequestId, (TenantId, PrincipalId)),
    (lenders, mut losers): (Vec<LenderProgress>, Vec<Loser>),
    weighed: Weighed,
    by: RankBy,
) -> Book {
    let key = |loser: &Loser| -> (domain::quote::LoserKind, ProviderId) { (loser.kind, loser.provider.clone()) };
    losers.sort_by_key(key);
    let ranking = rank(weighed.quotes.iter().map(Candidate::of).collect(), by);
    Book {
        request,
        owner,
        lenders,
        losers,
        ranking,
        quotes: weighed.quotes,
        bodies: weighed.bodies,
        decisions: weighed.decisions,
    }
}

/// Positions of the quotes, in step with them.
fn positions(book: &Book) -> Vec<i32> {
    let places: HashMap<_, _> = book
        .ranking
        .places
        .iter()
        .map(|place| (place.candidate.quote, place.position))
        .collect();
    let position = |quote: &Quote| {
        places
            .get(&quote.id)
            .copied()
            .and_then(|p| i32::try_from(p).ok())
            .unwrap_or(0)
    };
    book.quotes.iter().map(position).collect()
}
