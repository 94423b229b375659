//! What people ask for of their own: tokens to lock, requests, offers, the lender's reports, the state of the books.

use aggregator::api::{Page, RequestView};
use aggregator::lockable::LockableView;
use aggregator::quoting::OfferView;
use aggregator::reconciled::ReconciliationView;
use aggregator::servicing::InstructionsView;
use async_graphql::{Context, ID, Object, Result, SimpleObject};
use chrono::{DateTime, Utc};
use domain::ports::LockTerms;
use serde::{Serialize, Serializer};

use super::conformance::ReportOut;
use super::loan::SettlementStatus;
use super::page::{PageInfoOut, page_request};
use super::provider::provider_id;
use super::query::ROOT_COST;
use super::quote::QuoteOut;
use super::request::RequestOut;
use super::value::{RateOut, mirror};
use super::{api, caller, fail};
use crate::public_id::{Kind, encode};

mirror! {
    /// What became of an offer.
    OfferStatus = "aggregator::quoting::OfferState" {
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
}

/// A lender's terms for a token. Prices are of one whole token.
#[derive(SimpleObject, Serialize, Clone, Debug)]
#[graphql(name = "LockMarket")]
#[serde(rename_all = "camelCase")]
pub struct LockMarketOut {
    /// The lender.
    provider: String,
    /// Ticker of what is lent.
    lends: String,
    /// Money that it counts as, ISO 4217.
    currency: String,
    /// What the lender counts a token as when it lends, major units, exact.
    price: String,
    /// Where that price is from.
    price_source: String,
    /// As of.
    price_at: DateTime<Utc>,
    /// The price by which the token would be sold, where that is another one and can be read: that of the chain's oracle.
    sale_price: Option<String>,
    /// As of.
    sale_price_at: Option<DateTime<Utc>>,
    /// Highest debt over value at the start.
    #[serde(serialize_with = "rate")]
    max_ltv: RateOut,
    /// Debt over value above which anyone may liquidate; null where a fall of the price sells nothing.
    #[serde(serialize_with = "optional_rate")]
    liquidation_threshold: Option<RateOut>,
    /// What a liquidator gets above what it pays; null where nothing is sold by price.
    #[serde(serialize_with = "optional_rate")]
    liquidation_bonus: Option<RateOut>,
    /// It lends no more for now; null when that cannot be read.
    paused: Option<bool>,
}

/// A rate as the schema has it.
#[derive(Serialize)]
struct RateJson {
    percent: String,
    ppm: String,
}

impl From<RateOut> for RateJson {
    fn from(RateOut(rate): RateOut) -> Self {
        Self {
            percent: rate.to_percent().to_string(),
            ppm: rate.ppm().to_string(),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes by reference")]
fn rate<S: Serializer>(rate: &RateOut, to: S) -> std::result::Result<S::Ok, S::Error> {
    RateJson::from(*rate).serialize(to)
}

#[expect(clippy::ref_option, reason = "serde passes by reference")]
fn optional_rate<S: Serializer>(rate: &Option<RateOut>, to: S) -> std::result::Result<S::Ok, S::Error> {
    rate.map(RateJson::from).serialize(to)
}

impl From<LockTerms> for LockMarketOut {
    fn from(terms: LockTerms) -> Self {
        let (sale_price, sale_price_at) = terms.sale_price.unzip();
        Self {
            provider: terms.provider.to_string(),
            lends: terms.lends.symbol,
            currency: terms.currency.code().to_owned(),
            price: terms.price.to_string(),
            price_source: terms.price_source,
            price_at: terms.price_at,
            sale_price: sale_price.map(|price| price.to_string()),
            sale_price_at,
            max_ltv: RateOut(terms.max_ltv),
            liquidation_threshold: terms.liquidation_threshold.map(RateOut),
            liquidation_bonus: terms.liquidation_bonus.map(RateOut),
            paused: terms.paused,
        }
    }
}

/// A token that can be locked.
#[derive(SimpleObject, Serialize, Clone, Debug)]
#[graphql(name = "LockableToken")]
#[serde(rename_all = "camelCase")]
pub struct LockableOut {
    /// EIP-155 chain id.
    chain_id: String,
    /// Name of the chain.
    chain: String,
    /// Token contract.
    token: String,
    /// Ticker.
    symbol: String,
    /// Decimals of the base unit.
    decimals: u8,
    /// Who lends against it, the highest loan-to-value first.
    markets: Vec<LockMarketOut>,
}

impl From<LockableView> for LockableOut {
    fn from(view: LockableView) -> Self {
        Self {
            chain_id: view.asset.chain_id.to_string(),
            chain: view.chain,
            token: view.asset.token.to_string(),
            symbol: view.asset.symbol,
            decimals: view.asset.decimals,
            markets: view.markets.into_iter().map(Into::into).collect(),
        }
    }
}

/// A page of requests, by Relay's convention.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "QuoteRequestConnection")]
pub struct RequestConnection {
    /// The page.
    edges: Vec<RequestEdge>,
    /// Where the page stands.
    page_info: PageInfoOut,
}

/// One request of a page.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "QuoteRequestEdge")]
pub struct RequestEdge {
    /// Cursor of this request.
    cursor: String,
    /// The request.
    node: RequestOut,
}

impl RequestConnection {
    fn new(page: Page<RequestView>, continued: bool) -> Self {
        let edge = |(view, cursor): (RequestView, String)| RequestEdge {
            cursor,
            node: view.into(),
        };
        Self {
            page_info: PageInfoOut::of(&page.cursors, page.has_next, continued),
            edges: page.items.into_iter().zip(page.cursors).map(edge).collect(),
        }
    }
}

/// An offer of a lender, and what became of it.
#[derive(Clone, Debug)]
pub struct OfferOut(OfferView);

#[Object(name = "LenderOffer")]
impl OfferOut {
    /// What became of it.
    async fn state(&self) -> OfferStatus {
        self.0.state.into()
    }

    /// What was offered, and its place in the ranking.
    async fn quote(&self) -> QuoteOut {
        self.0.quote.clone().into()
    }

    /// Among how many offers that place is.
    async fn of(&self) -> u32 {
        self.0.of
    }

    /// When it reached us.
    async fn received_at(&self) -> DateTime<Utc> {
        self.0.quote.quote.received_at
    }

    /// The settlement, once it was accepted.
    async fn settlement_id(&self) -> Option<ID> {
        let (id, _) = self.0.settlement?;
        Some(encode(Kind::Settlement, id.0).into())
    }

    /// Where the settlement stands.
    async fn settlement_state(&self) -> Option<SettlementStatus> {
        self.0.settlement.map(|(_, state)| state.into())
    }
}

/// A page of offers, by Relay's convention.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "LenderOfferConnection")]
pub struct OfferConnection {
    /// The page.
    edges: Vec<OfferEdge>,
    /// Where the page stands.
    page_info: PageInfoOut,
}

/// One offer of a page.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "LenderOfferEdge")]
pub struct OfferEdge {
    /// Cursor of this offer.
    cursor: String,
    /// The offer.
    node: OfferOut,
}

impl OfferConnection {
    fn new(page: Page<OfferView>, continued: bool) -> Self {
        let edge = |(view, cursor): (OfferView, String)| OfferEdge {
            cursor,
            node: OfferOut(view),
        };
        Self {
            page_info: PageInfoOut::of(&page.cursors, page.has_next, continued),
            edges: page.items.into_iter().zip(page.cursors).map(edge).collect(),
        }
    }
}

/// Where a loan is repaid that no wallet repays.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "RepaymentInstructions")]
pub struct InstructionsOut {
    /// The lender.
    provider: String,
    /// Whose account it is.
    holder: String,
    /// Name of the bank.
    bank: Option<String>,
    /// International account number.
    iban: Option<String>,
    /// Any other account number.
    account_number: Option<String>,
    /// BIC of the bank.
    bic: Option<String>,
    /// Routing number of a bank of the United States.
    routing_number: Option<String>,
    /// To be written on every payment.
    reference: String,
}

impl From<InstructionsView> for InstructionsOut {
    fn from(view: InstructionsView) -> Self {
        let account = view.account;
        Self {
            provider: view.provider.to_string(),
            holder: account.holder,
            bank: account.bank,
            iban: account.iban,
            account_number: account.number,
            bic: account.bic,
            routing_number: account.routing,
            reference: view.reference,
        }
    }
}

/// A comparison of ledger, loans, their events and the chains' events.
#[derive(Clone, Debug)]
pub struct ReconciliationOut(ReconciliationView);

#[Object(name = "Reconciliation")]
impl ReconciliationOut {
    /// When it was made.
    async fn at(&self) -> DateTime<Utc> {
        self.0.at
    }

    /// Everything agrees.
    async fn clean(&self) -> bool {
        self.0.report.is_clean()
    }

    /// Loans looked at.
    async fn loans(&self) -> u64 {
        self.0.report.loans
    }

    /// Units in which debits differ from credits, and entries that do not balance.
    async fn ledger_unbalanced(&self) -> &[String] {
        &self.0.report.ledger_unbalanced
    }

    /// Loans whose row is not the fold of their events.
    async fn projection_mismatches(&self) -> Vec<ID> {
        let loans = self.0.report.projection_mismatches.iter();
        loans.map(|loan| encode(Kind::Loan, loan.0).into()).collect()
    }

    /// Loans whose principal left differs from the ledger or from their repayments.
    async fn ledger_mismatches(&self) -> Vec<ID> {
        let loans = self.0.report.ledger_mismatches.iter();
        loans.map(|loan| encode(Kind::Loan, loan.0).into()).collect()
    }

    /// Loans that are open on one side only, by chain and the contract's id.
    async fn escrow_mismatches(&self) -> &[String] {
        &self.0.report.escrow_mismatches
    }

    /// Limit accounts and credits whose figures are not the sums of their entries.
    async fn limit_mismatches(&self) -> &[String] {
        &self.0.report.limit_mismatches
    }

    /// Final events, and positions at pools, that wait for an operator.
    async fn parked_events(&self) -> u64 {
        self.0.report.parked_events
    }
}

/// Lists of the caller's own.
#[derive(Clone, Copy, Debug)]
pub struct ListQuery;

#[Object]
impl ListQuery {
    /// Tokens that can be locked as security, of one chain or of all, with the terms of each lender that takes them. At most five seconds
    /// old.
    #[graphql(complexity = "ROOT_COST + 50 * child_complexity")]
    async fn lockable_tokens(&self, ctx: &Context<'_>, chain_id: Option<String>) -> Result<Vec<LockableOut>> {
        let wrong = |_| fail(aggregator::Error::invalid("chainId", "an EIP-155 chain id"));
        let chain_id = chain_id.map(|text| text.parse()).transpose().map_err(wrong)?;
        caller(ctx)?;
        let found = Box::pin(api(ctx)?.aggregator.lockable_tokens(chain_id)).await;
        Ok(found.into_iter().map(Into::into).collect())
    }

    /// Requests for quotes, newest first: a borrower's own, an integrator's of its tenant, all within reach for officers.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn quote_requests(
        &self,
        ctx: &Context<'_>,
        first: Option<u32>,
        after: Option<String>,
    ) -> Result<RequestConnection> {
        let continued = after.is_some();
        let page = page_request(first, after)?;
        let found = Box::pin(api(ctx)?.aggregator.requests(caller(ctx)?, page)).await;
        Ok(RequestConnection::new(found.map_err(fail)?, continued))
    }

    /// Offers of closed books, newest first: a lender's own whether or not they were taken; for others those of the requests they see.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn offers(
        &self,
        ctx: &Context<'_>,
        state: Option<OfferStatus>,
        first: Option<u32>,
        after: Option<String>,
    ) -> Result<OfferConnection> {
        let continued = after.is_some();
        let page = page_request(first, after)?;
        let found = api(ctx)?.aggregator.offers(caller(ctx)?, state.map(Into::into), page);
        Ok(OfferConnection::new(Box::pin(found).await.map_err(fail)?, continued))
    }

    /// Reports of the conformance kit about a lender, newest first; 20 when left out, at most 100. For officers and for itself.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn conformance_reports(&self, ctx: &Context<'_>, provider: ID, first: Option<u32>) -> Result<Vec<ReportOut>> {
        let (aggregator, caller) = (&api(ctx)?.aggregator, caller(ctx)?);
        let read = async {
            aggregator
                .conformance_reports(caller, &provider_id(&provider)?, first.unwrap_or(20))
                .await
        };
        Ok(Box::pin(read).await.map_err(fail)?.into_iter().map(ReportOut).collect())
    }

    /// The last comparison of the books; the service makes one every minute. For officers.
    #[graphql(complexity = "2 * ROOT_COST + child_complexity")]
    async fn reconciliation(&self, ctx: &Context<'_>) -> Result<ReconciliationOut> {
        let found = Box::pin(api(ctx)?.aggregator.reconciliation(caller(ctx)?)).await;
        Ok(ReconciliationOut(found.map_err(fail)?))
    }
}
