//! Queries.

use aggregator::Error;
use async_graphql::{Context, ID, Object, Result, Union};

use super::fraud::FraudCheckOut;
use super::loan::{LoanConnection, LoanOut, SettlementOut};
use super::operator::AssetPauseOut;
use super::page::page_request;
use super::provider::{ProviderOut, provider_id};
use super::quote::QuoteOut;
use super::request::RequestOut;
use super::{api, caller, fail};
use crate::public_id::{Kind, decode, decode_any};

/// Anything with an id.
#[derive(Union, Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "one node lives as long as one resolver")]
pub enum Node {
    /// A request for quotes.
    Request(RequestOut),
    /// A quote.
    Quote(QuoteOut),
    /// A settlement.
    Settlement(SettlementOut),
    /// A loan.
    Loan(LoanOut),
}

/// Each root field is a use case of its own, so it costs far more than a field of an object that is already read: a request
/// holds a hundred of them at most, whatever their aliases.
pub(super) const ROOT_COST: usize = 320;

/// Reads. Use cases are boxed: the future of every field of a type is as large as the largest of them.
#[derive(Clone, Copy, Debug)]
pub struct Query;

/// What is not there, and what is another's, is null.
pub(super) fn present<T>(found: Result<T, Error>) -> Result<Option<T>> {
    match found {
        Ok(value) => Ok(Some(value)),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(fail(error)),
    }
}

#[Object(name = "CoreQuery")]
impl Query {
    /// A request for quotes.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn quote_request(&self, ctx: &Context<'_>, id: ID) -> Result<Option<RequestOut>> {
        let id = decode(Kind::Request, "id", &id).map_err(fail)?;
        let (aggregator, caller) = (&api(ctx)?.aggregator, caller(ctx)?);
        if let Some(view) = aggregator.closed_view(caller, id) {
            return Ok(Some(RequestOut::of_book(view)));
        }
        Ok(present(Box::pin(aggregator.request(caller, id)).await)?.map(RequestOut::from))
    }

    /// A quote.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn quote(&self, ctx: &Context<'_>, id: ID) -> Result<Option<QuoteOut>> {
        let id = decode(Kind::Quote, "id", &id).map_err(fail)?;
        Ok(present(Box::pin(api(ctx)?.aggregator.quote(caller(ctx)?, id)).await)?.map(Into::into))
    }

    /// A settlement.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn settlement(&self, ctx: &Context<'_>, id: ID) -> Result<Option<SettlementOut>> {
        let id = decode(Kind::Settlement, "id", &id).map_err(fail)?;
        Ok(present(Box::pin(api(ctx)?.aggregator.settlement(caller(ctx)?, id)).await)?.map(SettlementOut))
    }

    /// A loan.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn loan(&self, ctx: &Context<'_>, id: ID) -> Result<Option<LoanOut>> {
        let id = decode(Kind::Loan, "id", &id).map_err(fail)?;
        Ok(present(Box::pin(api(ctx)?.aggregator.loan(caller(ctx)?, id)).await)?.map(LoanOut))
    }

    /// Loans that the caller may see, newest first.
    #[graphql(complexity = "ROOT_COST + first.unwrap_or(20) as usize * child_complexity")]
    async fn loans(&self, ctx: &Context<'_>, first: Option<u32>, after: Option<String>) -> Result<LoanConnection> {
        let continued = after.is_some();
        let page = page_request(first, after)?;
        let found = Box::pin(api(ctx)?.aggregator.loans(caller(ctx)?, page))
            .await
            .map_err(fail)?;
        Ok(LoanConnection::new(found, continued))
    }

    /// Assets whose breaker tripped: the contract lends no more of them until its owner resumes. Newest first, for officers.
    #[graphql(complexity = "ROOT_COST + 100 * child_complexity")]
    async fn asset_pauses(&self, ctx: &Context<'_>) -> Result<Vec<AssetPauseOut>> {
        let found = Box::pin(api(ctx)?.aggregator.asset_pauses(caller(ctx)?)).await;
        Ok(found.map_err(fail)?.into_iter().map(Into::into).collect())
    }

    /// Lenders by name: all for officers, its own for a lender.
    #[graphql(complexity = "ROOT_COST + 100 * child_complexity")]
    async fn providers(&self, ctx: &Context<'_>) -> Result<Vec<ProviderOut>> {
        let found = Box::pin(api(ctx)?.aggregator.providers(caller(ctx)?)).await;
        Ok(found.map_err(fail)?.into_iter().map(ProviderOut).collect())
    }

    /// A lender by its name, for officers and for itself.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn provider(&self, ctx: &Context<'_>, id: ID) -> Result<Option<ProviderOut>> {
        let (aggregator, caller) = (&api(ctx)?.aggregator, caller(ctx)?);
        let read = async { aggregator.provider(caller, &provider_id(&id)?).await };
        Ok(present(Box::pin(read).await)?.map(ProviderOut))
    }

    /// Fraud checks of a request, oldest first. For officers.
    #[graphql(complexity = "ROOT_COST + 10 * child_complexity")]
    async fn fraud_checks(&self, ctx: &Context<'_>, request_id: ID) -> Result<Vec<FraudCheckOut>> {
        let request = decode(Kind::Request, "requestId", &request_id).map_err(fail)?;
        let found = Box::pin(api(ctx)?.aggregator.fraud_checks(caller(ctx)?, request)).await;
        Ok(found.map_err(fail)?.into_iter().map(FraudCheckOut).collect())
    }

    /// Anything by its id; null when it is not there or not the caller's.
    #[graphql(complexity = "ROOT_COST + child_complexity")]
    async fn node(&self, ctx: &Context<'_>, id: ID) -> Result<Option<Node>> {
        let (aggregator, caller) = (&api(ctx)?.aggregator, caller(ctx)?);
        let Some((kind, uuid)) = decode_any(&id) else {
            return Err(fail(Error::invalid("id", "not an id of this service")));
        };
        Ok(match kind {
            Kind::Request => {
                present(Box::pin(aggregator.request(caller, uuid.into())).await)?.map(|v| Node::Request(v.into()))
            }
            Kind::Quote => {
                present(Box::pin(aggregator.quote(caller, uuid.into())).await)?.map(|v| Node::Quote(v.into()))
            }
            Kind::Settlement => present(Box::pin(aggregator.settlement(caller, uuid.into())).await)?
                .map(|v| Node::Settlement(SettlementOut(v))),
            Kind::Loan => {
                present(Box::pin(aggregator.loan(caller, uuid.into())).await)?.map(|v| Node::Loan(LoanOut(v)))
            }
            Kind::Repayment
            | Kind::Principal
            | Kind::Tenant
            | Kind::Decision
            | Kind::Review
            | Kind::Model
            | Kind::Proposal
            | Kind::Case
            | Kind::Report => None,
        })
    }
}
