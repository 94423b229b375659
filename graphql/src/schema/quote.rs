//! Requests and quotes in the schema.

use std::sync::Arc;

use aggregator::api::{LenderProgress, Page, PageRequest, QuoteUpdate, RankedQuote, RequestView};
use async_graphql::{ComplexObject, Context, Object, Result, SimpleObject, Union};
use chrono::{DateTime, NaiveDate, Utc};
use domain::offer::{Fee, ScheduledPayment};
use domain::quote::{Flag, Loser, Quote, Scenario};

use super::direct::QuoteNodes;
use super::value::{MoneyOut, PeriodOut, RateOut, ReasonOut, TokenOut, mirror};
use super::{api, caller, fail};
use crate::public_id::{Kind, encode};

mirror! {
    /// Kinds of credit.
    ProductKind = "domain::request::Product" {
        /// Repaid in installments.
        Installment,
        /// A credit line.
        Line,
        /// Buy now, pay later.
        Bnpl,
        /// Against locked collateral.
        Collateralized,
    }
}
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
    /// How far the lender is bound.
    BindingLevel = "domain::offer::Binding" {
        /// The offer itself is executed on chain.
        OnchainExecutable,
        /// Bound until the offer ends.
        Firm,
        /// Bound once the facts are confirmed.
        Prequalified,
        /// Not bound.
        Indicative,
    }
}
mirror! {
    /// Conventions of an APR.
    Convention = "domain::offer::AprConvention" {
        /// US Regulation Z, Appendix J.
        UsNominal,
        /// EU Annex I.
        EuEffective,
        /// India: monthly internal rate times 12.
        IndiaNominal,
    }
}
mirror! {
    /// What could happen.
    ScenarioName = "domain::quote::ScenarioKind" {
        /// As agreed.
        Base,
        /// The rate rises by 2 points.
        #[graphql(name = "RATE_PLUS_200BP")]
        RatePlus200bp,
        /// One installment 30 days late.
        LateOnce,
        /// Paid back after a third of the term.
        ExitAtThird,
        /// Collateral loses 20 %.
        #[graphql(name = "PRICE_MINUS_20")]
        PriceMinus20,
        /// Collateral loses 40 %.
        #[graphql(name = "PRICE_MINUS_40")]
        PriceMinus40,
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
mirror! {
    /// Who gets a fee.
    FeePayee = "domain::offer::Payee" {
        /// The lender.
        Provider,
        /// Usance or the integrator.
        Platform,
        /// Somebody else.
        ThirdParty,
        /// A chain's validators.
        Network,
    }
}
mirror! {
    /// When a fee is paid.
    FeeMoment = "domain::offer::FeeTiming" {
        /// Withheld from the disbursement.
        UpfrontDeducted,
        /// Paid at the start.
        UpfrontPaid,
        /// Added to the principal.
        Financed,
        /// Part of each installment.
        PerPeriod,
        /// Only when paid early.
        OnPrepay,
        /// Only when late.
        OnLate,
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

/// Checks the size of a page.
pub fn page_request(first: Option<u32>, after: Option<String>) -> Result<PageRequest> {
    let first = first.unwrap_or(20);
    if (1..=100).contains(&first) {
        Ok(PageRequest { first, after })
    } else {
        Err(fail(aggregator::Error::invalid("first", "1 to 100")))
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

/// A quote: what the lender says, and what we computed.
#[derive(Clone, Debug)]
pub struct QuoteOut(pub Arc<RankedQuote>);

impl QuoteOut {
    fn quote(&self) -> &Quote {
        &self.0.quote
    }
}

impl From<RankedQuote> for QuoteOut {
    fn from(quote: RankedQuote) -> Self {
        Self(Arc::new(quote))
    }
}

impl From<Arc<RankedQuote>> for QuoteOut {
    fn from(quote: Arc<RankedQuote>) -> Self {
        Self(quote)
    }
}

#[Object(name = "Quote")]
impl QuoteOut {
    /// Id, starts with `quo_`.
    async fn id(&self) -> async_graphql::ID {
        encode(Kind::Quote, self.quote().id.0).into()
    }

    /// Place in the ranking, from 1.
    async fn position(&self) -> u32 {
        self.0.position
    }

    /// The lender.
    async fn provider(&self) -> &str {
        self.quote().provider.as_str()
    }

    /// Kind of credit.
    async fn product(&self) -> ProductKind {
        self.quote().offer.product.into()
    }

    /// How far the lender is bound.
    async fn binding(&self) -> BindingLevel {
        self.quote().offer.binding.into()
    }

    /// When the offer ends.
    async fn valid_until(&self) -> DateTime<Utc> {
        self.quote().offer.valid_until
    }

    /// Commitment to every number; acceptance names it.
    async fn digest(&self) -> String {
        self.quote().digest.to_string()
    }

    /// Principal.
    async fn principal(&self) -> MoneyOut {
        MoneyOut(self.quote().offer.amounts.offered)
    }

    /// What arrives.
    async fn net_disbursed(&self) -> MoneyOut {
        MoneyOut(self.quote().offer.amounts.net_disbursed)
    }

    /// Nominal yearly rate.
    async fn nominal_rate(&self) -> RateOut {
        RateOut(self.quote().offer.rate.nominal)
    }

    /// APR that we computed from the cash flows, in the borrower's home convention.
    async fn verified_apr(&self) -> RateOut {
        RateOut(self.quote().verified.apr)
    }

    /// Convention of `verifiedApr`.
    async fn convention(&self) -> Convention {
        self.quote().verified.convention.into()
    }

    /// The same flows under US Regulation Z.
    async fn us_apr(&self) -> Option<RateOut> {
        self.quote().verified.us_apr.map(RateOut)
    }

    /// The same flows under EU Annex I.
    async fn eu_aprc(&self) -> Option<RateOut> {
        self.quote().verified.eu_aprc.map(RateOut)
    }

    /// The same flows under India's rule.
    async fn in_apr(&self) -> Option<RateOut> {
        self.quote().verified.in_apr.map(RateOut)
    }

    /// APR that the lender declares. Never ranked on.
    async fn declared_apr(&self) -> RateOut {
        RateOut(self.quote().offer.declared.apr)
    }

    /// Convention of `declaredApr`.
    async fn declared_convention(&self) -> Convention {
        self.quote().offer.declared.convention.into()
    }

    /// All payments.
    async fn total_of_payments(&self) -> MoneyOut {
        MoneyOut(self.quote().verified.total_of_payments)
    }

    /// All payments less what arrives.
    async fn finance_charge(&self) -> MoneyOut {
        MoneyOut(self.quote().verified.finance_charge)
    }

    /// Largest single payment.
    async fn largest_payment(&self) -> MoneyOut {
        MoneyOut(self.quote().verified.largest_payment)
    }

    /// What to know, as codes: `APR_MISDECLARED`, `NOT_BINDING`, `PARTIAL_AMOUNT`, `SHORTER_TERM`, `HARD_INQUIRY`.
    async fn flags(&self) -> Vec<&'static str> {
        self.quote().flags.iter().map(flag_code).collect()
    }

    /// What could happen and what it would cost.
    async fn scenarios(&self) -> Vec<ScenarioOut> {
        self.quote().scenarios.iter().cloned().map(Into::into).collect()
    }

    /// Fees.
    async fn fees(&self) -> Vec<FeeOut> {
        self.quote().offer.fees.iter().cloned().map(Into::into).collect()
    }

    /// The calendar of payments.
    #[graphql(complexity = "12 * child_complexity")]
    async fn schedule(&self) -> Vec<ScheduledOut> {
        self.quote().offer.repayment.schedule.iter().map(Into::into).collect()
    }

    /// Collateral to lock.
    async fn collateral(&self) -> Vec<TokenOut> {
        let collateral = self.quote().offer.collateral.iter();
        collateral
            .flat_map(|c| c.assets.iter().map(|a| TokenOut(a.amount.clone())))
            .collect()
    }

    /// Loan-to-value at the stated prices.
    async fn loan_to_value(&self) -> Option<RateOut> {
        domain::appraisal::loan_to_value(&self.quote().offer).map(RateOut)
    }

    /// Chain on which it is executed.
    async fn chain_id(&self) -> Option<String> {
        self.quote().offer.onchain.as_ref().map(|o| o.chain_id.to_string())
    }
}

/// The code of a flag.
pub fn flag_code(flag: &Flag) -> &'static str {
    match flag {
        Flag::AprMisdeclared { .. } => "APR_MISDECLARED",
        Flag::NotBinding => "NOT_BINDING",
        Flag::PartialAmount => "PARTIAL_AMOUNT",
        Flag::ShorterTerm => "SHORTER_TERM",
        Flag::HardInquiry => "HARD_INQUIRY",
    }
}

/// What one scenario costs.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Scenario")]
pub struct ScenarioOut {
    /// Which.
    kind: ScenarioName,
    /// All payments and losses less what arrives.
    total_cost: MoneyOut,
    /// APR in the home convention, where there is one.
    apr: Option<RateOut>,
    /// The collateral would be sold.
    liquidated: bool,
}

impl From<Scenario> for ScenarioOut {
    fn from(s: Scenario) -> Self {
        let Scenario {
            kind,
            total_cost,
            apr,
            liquidated,
        } = s;
        Self {
            kind: kind.into(),
            total_cost: MoneyOut(total_cost),
            apr: apr.map(RateOut),
            liquidated,
        }
    }
}

/// One fee.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Fee")]
pub struct FeeOut {
    /// For people.
    code: String,
    /// Who gets it.
    payee: FeePayee,
    /// How much.
    amount: MoneyOut,
    /// When.
    timing: FeeMoment,
    /// The credit cannot be had without it.
    mandatory: bool,
}

impl From<Fee> for FeeOut {
    fn from(fee: Fee) -> Self {
        Self {
            code: fee.code,
            payee: fee.payee.into(),
            amount: MoneyOut(fee.amount),
            timing: fee.timing.into(),
            mandatory: fee.mandatory,
        }
    }
}

/// One payment of a quote's calendar.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "ScheduledPayment")]
pub struct ScheduledOut {
    /// Due date.
    due: NaiveDate,
    /// Principal part.
    principal: MoneyOut,
    /// Interest part.
    interest: MoneyOut,
    /// Fees part.
    fees: MoneyOut,
    /// All.
    total: MoneyOut,
}

impl From<&ScheduledPayment> for ScheduledOut {
    fn from(row: &ScheduledPayment) -> Self {
        Self {
            due: row.due,
            principal: MoneyOut(row.principal),
            interest: MoneyOut(row.interest),
            fees: MoneyOut(row.fees),
            total: MoneyOut(row.total),
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
