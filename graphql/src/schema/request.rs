//! Requests for quotes in the schema, and their answers.

use std::sync::Arc;

use aggregator::api::{LenderProgress, Page, QuoteUpdate, RankedQuote, RequestView};
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject, Union};
use chrono::{DateTime, Utc};
use domain::quote::Loser;

use super::direct::QuoteNodes;
use super::page::{PageInfoOut, page_request};
use super::quote::QuoteOut;
use super::value::{MoneyOut, PeriodOut, ReasonOut, mirror};
use super::{api, caller, fail};
use crate::public_id::{Kind, encode};

mirror! {
    /// What to rank by.
    RankChoice = "domain::ranking::RankBy" {
        /// Verified APR.
        Apr,
        /// All-in cost in money.
        TotalCost,
        /// Largest single payment.
        Payment,
    }
}
mirror! {
    /// Life of a request.
    RequestStatus = "domain::loan::RequestState" {
        /// Lenders are being asked.
        Quoting,
        /// The book is closed.
        Quoted,
        /// A quote was accepted.
        Accepted,
        /// Nobody offered.
        Declined,
        /// Every quote expired.
        Expired,
    }
}
mirror! {
    /// Why an answer is not a quote.
    LoserReason = "domain::quote::LoserKind" {
        /// The lender declined.
        Declined,
        /// A rule refused the offer.
        Refused,
        /// Outside what the lender does.
        Ineligible,
        /// The answer did not add up.
        Malformed,
        /// No answer in time.
        Late,
        /// Not reachable.
        Unavailable,
    }
}

/// A request for quotes.
#[derive(Clone, Debug)]
pub struct RequestOut {
    view: Arc<RequestView>,
    /// The view is that of the closed book: its state may have moved since.
    of_book: bool,
}

impl RequestOut {
    /// A request as its book was closed.
    pub fn of_book(view: Arc<RequestView>) -> Self {
        Self { view, of_book: true }
    }
}

impl From<RequestView> for RequestOut {
    fn from(view: RequestView) -> Self {
        Self {
            view: Arc::new(view),
            of_book: false,
        }
    }
}

#[Object(name = "QuoteRequest")]
impl RequestOut {
    /// Id, starts with `req_`.
    async fn id(&self) -> async_graphql::ID {
        encode(Kind::Request, self.view.id.0).into()
    }

    /// State.
    async fn state(&self, ctx: &Context<'_>) -> Result<RequestStatus> {
        if !self.of_book {
            return Ok(self.view.state.into());
        }
        let now = Box::pin(api(ctx)?.aggregator.request(caller(ctx)?, self.view.id));
        Ok(now.await.map_err(fail)?.state.into())
    }

    /// Amount asked for.
    async fn amount(&self) -> MoneyOut {
        MoneyOut(self.view.amount)
    }

    /// Term asked for.
    async fn term(&self) -> PeriodOut {
        self.view.term.into()
    }

    /// How it is ranked.
    async fn rank_by(&self) -> RankChoice {
        self.view.rank_by.into()
    }

    /// When it was made.
    async fn created_at(&self) -> DateTime<Utc> {
        self.view.created_at
    }

    /// When the book closes at the latest.
    async fn deadline_at(&self) -> DateTime<Utc> {
        self.view.deadline_at
    }

    /// Lenders asked.
    async fn lenders(&self) -> Vec<LenderOut> {
        self.view.lenders.iter().cloned().map(Into::into).collect()
    }

    /// Answers that are not quotes, with reasons.
    async fn losers(&self) -> Vec<LoserOut> {
        self.view.losers.iter().cloned().map(Into::into).collect()
    }

    /// Why nobody was asked.
    async fn refusal(&self) -> Vec<ReasonOut> {
        self.view.refusal.iter().cloned().map(Into::into).collect()
    }

    /// The loan that the new one is to repay.
    async fn refinances(&self) -> Option<async_graphql::ID> {
        let loan = self.view.refinances?;
        Some(encode(Kind::Loan, loan.0).into())
    }

    /// Quotes, best first.
    #[graphql(complexity = "first.unwrap_or(20) as usize * child_complexity")]
    async fn quotes(&self, ctx: &Context<'_>, first: Option<u32>, after: Option<String>) -> Result<QuoteConnection> {
        let page = page_request(first, after)?;
        let found = Box::pin(api(ctx)?.aggregator.quotes(caller(ctx)?, self.view.id, page))
            .await
            .map_err(fail)?;
        Ok(QuoteConnection::new(found))
    }
}

/// Where one lender stands.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "LenderProgress")]
pub struct LenderOut {
    /// The lender.
    provider: String,
    /// Still awaited.
    waiting: bool,
    /// Milliseconds until its answer.
    answered_ms: Option<u64>,
    /// Number of its quotes.
    quotes: u32,
}

impl From<LenderProgress> for LenderOut {
    fn from(p: LenderProgress) -> Self {
        let LenderProgress {
            provider,
            waiting,
            answered_ms,
            quotes,
        } = p;
        Self {
            provider: provider.to_string(),
            waiting,
            answered_ms,
            quotes,
        }
    }
}

/// An answer that is not a quote.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Loser")]
pub struct LoserOut {
    /// The lender.
    provider: String,
    /// What became of it.
    kind: LoserReason,
    /// Why.
    reasons: Vec<ReasonOut>,
}

impl From<Loser> for LoserOut {
    fn from(loser: Loser) -> Self {
        Self {
            provider: loser.provider.to_string(),
            kind: loser.kind.into(),
            reasons: loser.reasons.into_iter().map(Into::into).collect(),
        }
    }
}

/// A page of quotes, by Relay's convention.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(complex)]
pub struct QuoteConnection {
    /// The page.
    edges: Vec<QuoteEdge>,
    /// Where the page stands.
    page_info: PageInfoOut,
    /// Number of all quotes.
    total_count: Option<u64>,
}

/// One quote of a page.
#[derive(SimpleObject, Clone, Debug)]
pub struct QuoteEdge {
    /// Cursor of this quote.
    cursor: String,
    /// The quote.
    node: QuoteOut,
}

impl QuoteConnection {
    fn new(page: Page<Arc<RankedQuote>>) -> Self {
        let previous = page.items.first().is_some_and(|first| first.position > 1);
        Self {
            page_info: PageInfoOut::of(&page.cursors, page.has_next, previous),
            total_count: page.total,
            edges: page
                .items
                .into_iter()
                .zip(page.cursors)
                .map(|(quote, cursor)| QuoteEdge {
                    cursor,
                    node: quote.into(),
                })
                .collect(),
        }
    }
}

#[ComplexObject]
impl QuoteConnection {
    /// The quotes of the page without their cursors.
    async fn nodes(&self) -> QuoteNodes {
        QuoteNodes(self.edges.iter().map(|edge| edge.node.clone()).collect())
    }
}

/// What a subscriber sees: a quote, a lender without one, or the closed book.
#[derive(Union, Clone, Debug)]
#[graphql(name = "QuoteUpdate")]
pub enum UpdateOut {
    /// A quote arrived.
    Quote(QuoteOut),
    /// A lender answered without a quote.
    Loser(LoserOut),
    /// The book is closed.
    Closed(RequestOut),
}

impl From<QuoteUpdate> for UpdateOut {
    fn from(update: QuoteUpdate) -> Self {
        match update {
            QuoteUpdate::Quote(quote) => Self::Quote((*quote).into()),
            QuoteUpdate::Loser(loser) => Self::Loser(loser.into()),
            QuoteUpdate::Closed(request) => Self::Closed((*request).into()),
        }
    }
}
