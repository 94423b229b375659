//! Mutations. Each carries an idempotency key; a refusal is part of the payload.

use aggregator::Error;
use aggregator::api::IdempotencyKey;
use async_graphql::{Context, ID, Object, Result, SimpleObject};

use super::input::{AcceptQuoteInput, RecordRepaymentInput, RequestQuotesInput, signature};
use super::loan::{RepaymentOut, SettlementOut};
use super::provider::{LimitsOut, ProviderOut, ProviderStatus, provider_id};
use super::request::RequestOut;
use super::value::RefusalOut;
use super::{api, caller, fail};
use crate::public_id::{Kind, decode};

/// Writes.
#[derive(Clone, Copy, Debug)]
pub struct Mutation;

macro_rules! payload {
    ($(#[$doc:meta])* $name:ident { $field:ident: $type:ty }) => {
        $(#[$doc])*
        #[derive(SimpleObject, Clone, Debug)]
        pub struct $name {
            /// The result; null when it was refused.
            $field: Option<$type>,
            /// Why it was refused; empty when it was not.
            refusals: Vec<RefusalOut>,
        }

        impl $name {
            pub(super) fn of<T>(result: Result<T, Error>, wrap: impl FnOnce(T) -> $type) -> Result<Self> {
                match result {
                    Ok(value) => Ok(Self { $field: Some(wrap(value)), refusals: Vec::new() }),
                    Err(error) => Ok(Self { $field: None, refusals: vec![refusal(error)?] }),
                }
            }
        }
    };
}
pub(super) use payload;

payload! {
    /// Answer to `requestQuotes`.
    RequestQuotesPayload { request: RequestOut }
}
payload! {
    /// Answer to `acceptQuote`, `submitSignature` and `cancelSettlement`.
    SettlementPayload { settlement: SettlementOut }
}
payload! {
    /// Answer to `suspendProvider`, `resumeProvider`, `changeProviderState` and `setProviderLimits`.
    ProviderPayload { provider: ProviderOut }
}
payload! {
    /// Answer to `recordRepayment`.
    RepaymentPayload { repayment: RepaymentOut }
}

/// Refusals of the business and wrong fields are part of the payload; everything else is an error.
pub(super) fn refusal(error: Error) -> Result<RefusalOut> {
    match error {
        Error::Refused(refusal) => Ok(refusal.into()),
        Error::Invalid { field, message } => {
            // The input has country and region at its top.
            let field = field.strip_prefix("jurisdiction.").unwrap_or(&field);
            Ok(aggregator::api::Refusal::new("INVALID", message, Some(field)).into())
        }
        other => Err(fail(other)),
    }
}

#[Object(name = "CoreMutation")]
impl Mutation {
    /// Asks every eligible lender. The answer comes at once; quotes arrive through `quoteUpdates` or `quoteRequest`.
    async fn request_quotes(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        input: RequestQuotesInput,
    ) -> Result<RequestQuotesPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let mut new = input.read(&api.assets)?;
            new.signals.origin = ctx.data_opt().copied().unwrap_or_default();
            Box::pin(api.aggregator.request_quotes(caller, &key, new)).await
        };
        RequestQuotesPayload::of(made.await, RequestOut::from)
    }

    /// Accepts a quote. On chain the borrower signs next; off chain the lender pays out.
    async fn accept_quote(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        input: AcceptQuoteInput,
    ) -> Result<SettlementPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            api.aggregator.accept_quote(caller, &key, input.read()?).await
        };
        SettlementPayload::of(made.await, SettlementOut)
    }

    /// Hands in the borrower's EIP-712 signature, or what a wallet that is a contract accepts by ERC-1271; the settlement is
    /// then sent to the chain.
    async fn submit_signature(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        settlement_id: ID,
        signature: String,
    ) -> Result<SettlementPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let id = decode(Kind::Settlement, "settlementId", &settlement_id)?;
            api.aggregator
                .submit_signature(caller, &key, id, self::signature(&signature)?)
                .await
        };
        SettlementPayload::of(made.await, SettlementOut)
    }

    /// Withdraws a settlement that was not handed over yet.
    async fn cancel_settlement(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        settlement_id: ID,
    ) -> Result<SettlementPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let id = decode(Kind::Settlement, "settlementId", &settlement_id)?;
            api.aggregator.cancel_settlement(caller, &key, id).await
        };
        SettlementPayload::of(made.await, SettlementOut)
    }

    /// Stops asking a lender for quotes until an officer resumes it; what it granted goes on. For officers.
    async fn suspend_provider(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        reason: String,
    ) -> Result<ProviderPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let id = provider_id(&id)?;
            api.aggregator.suspend_provider(caller, &key, (&id, &reason)).await
        };
        ProviderPayload::of(made.await, ProviderOut)
    }

    /// Asks a suspended lender again. For officers.
    async fn resume_provider(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        reason: String,
    ) -> Result<ProviderPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let id = provider_id(&id)?;
            api.aggregator.resume_provider(caller, &key, (&id, &reason)).await
        };
        ProviderPayload::of(made.await, ProviderOut)
    }

    /// Moves a lender along its onboarding: draft, testing, certified, live. For officers.
    async fn change_provider_state(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        state: ProviderStatus,
        reason: String,
    ) -> Result<ProviderPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let id = provider_id(&id)?;
            let named = (&id, reason.as_str());
            api.aggregator
                .change_provider_state(caller, &key, named, state.into())
                .await
        };
        ProviderPayload::of(made.await, ProviderOut)
    }

    /// Changes a lender's limits while it runs, by a new version. For officers.
    async fn set_provider_limits(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        id: ID,
        limits: LimitsOut,
        reason: String,
    ) -> Result<ProviderPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            let id = provider_id(&id)?;
            let named = (&id, reason.as_str());
            api.aggregator
                .set_provider_limits(caller, &key, named, limits.into())
                .await
        };
        ProviderPayload::of(made.await, ProviderOut)
    }

    /// Records a repayment that the lender or a bank received.
    async fn record_repayment(
        &self,
        ctx: &Context<'_>,
        idempotency_key: String,
        input: RecordRepaymentInput,
    ) -> Result<RepaymentPayload> {
        let (api, caller) = (api(ctx)?, caller(ctx)?);
        let made = async {
            let key = IdempotencyKey::parse(&idempotency_key)?;
            api.aggregator.record_repayment(caller, &key, input.read()?).await
        };
        RepaymentPayload::of(made.await, Into::into)
    }
}
