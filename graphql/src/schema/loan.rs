//! Settlements and loans in the schema.

use aggregator::api::{InstallmentView, LoanView, Page, PayoffView, RepaymentView, SettlementView};
use async_graphql::{Context, Json, Object, Result, SimpleObject};
use chrono::{DateTime, NaiveDate, Utc};

use super::quote::{PageInfoOut, QuoteOut};
use super::value::{JsonOut, LoanAmountOut, ReasonOut, WalletCallOut, mirror};
use super::{api, caller, fail};
use crate::public_id::{Kind, encode};

mirror! {
    /// Life of a settlement.
    SettlementStatus = "domain::loan::SettlementState" {
        /// The borrower's signature is awaited.
        AwaitingSignature,
        /// About to be handed to the chain or the lender.
        Ready,
        /// Handed over; the outcome is not known yet.
        Submitted,
        /// Money is out.
        Settled,
        /// It will never settle.
        Failed,
        /// Withdrawn.
        Cancelled,
    }
}
mirror! {
    /// Life of a loan.
    LoanStatus = "domain::loan::LoanState" {
        /// Money is not out yet.
        Pending,
        /// Something is owed.
        Active,
        /// An installment is past due and its grace.
        Delinquent,
        /// Everything was paid.
        Closed,
        /// Collateral was seized or the debt given up.
        Defaulted,
        /// The settlement failed or was withdrawn.
        Cancelled,
    }
}
mirror! {
    /// Where a repayment came from.
    Channel = "aggregator::api::RepaymentChannel" {
        /// Seen on chain, final.
        OnChain,
        /// Reported by the lender or a bank.
        OffChain,
    }
}
mirror! {
    /// How much to repay on chain.
    RepayChoice = "aggregator::api::RepayAmount" {
        /// What is due now or next.
        Installment,
        /// Everything.
        Payoff,
    }
}

/// From acceptance to money out.
#[derive(Clone, Debug)]
pub struct SettlementOut(pub SettlementView);

#[Object(name = "Settlement")]
impl SettlementOut {
    /// Id, starts with `set_`.
    async fn id(&self) -> async_graphql::ID {
        encode(Kind::Settlement, self.0.id.0).into()
    }

    /// State.
    async fn state(&self) -> SettlementStatus {
        self.0.state.into()
    }

    /// The lender.
    async fn provider(&self) -> &str {
        self.0.provider.as_str()
    }

    /// The quote that was accepted.
    async fn quote(&self, ctx: &Context<'_>) -> Result<QuoteOut> {
        let quote = api(ctx)?
            .aggregator
            .quote(caller(ctx)?, self.0.quote_id)
            .await
            .map_err(fail)?;
        Ok(quote.into())
    }

    /// The loan that comes of it.
    async fn loan(&self, ctx: &Context<'_>) -> Result<LoanOut> {
        let loan = api(ctx)?
            .aggregator
            .loan(caller(ctx)?, self.0.loan_id)
            .await
            .map_err(fail)?;
        Ok(LoanOut(loan))
    }

    /// Calls that the borrower's wallet makes before it signs.
    async fn approvals(&self) -> Vec<WalletCallOut> {
        self.0.approvals.iter().cloned().map(Into::into).collect()
    }

    /// EIP-712 typed data to sign with `eth_signTypedData_v4`.
    async fn typed_data(&self) -> Option<JsonOut> {
        self.0.typed_data.clone().map(Json)
    }

    /// Our transaction, once it is in a block.
    async fn tx_hash(&self) -> Option<String> {
        self.0.tx_hash.map(|hash| hash.to_string())
    }

    /// Confirmations so far.
    async fn confirmations(&self) -> Option<u64> {
        self.0.confirmations.map(|(seen, _)| seen)
    }

    /// Confirmations needed.
    async fn confirmations_needed(&self) -> Option<u64> {
        self.0.confirmations.map(|(_, needed)| needed)
    }

    /// Why it failed.
    async fn failure(&self) -> Option<ReasonOut> {
        self.0.failure.clone().map(Into::into)
    }

    /// When the quote was accepted.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// A loan.
#[derive(Clone, Debug)]
pub struct LoanOut(pub LoanView);

#[Object(name = "Loan")]
impl LoanOut {
    /// Id, starts with `loan_`.
    async fn id(&self) -> async_graphql::ID {
        encode(Kind::Loan, self.0.id.0).into()
    }

    /// State.
    async fn state(&self) -> LoanStatus {
        self.0.state.into()
    }

    /// The lender.
    async fn provider(&self) -> &str {
        self.0.provider.as_str()
    }

    /// Principal at the start.
    async fn principal(&self) -> LoanAmountOut {
        self.0.principal.clone().into()
    }

    /// Principal left.
    async fn outstanding(&self) -> LoanAmountOut {
        self.0.outstanding.clone().into()
    }

    /// The next installment.
    async fn next_due(&self) -> Option<InstallmentOut> {
        self.0.next_due.clone().map(Into::into)
    }

    /// Chain of an on-chain loan.
    async fn chain_id(&self) -> Option<String> {
        self.0.onchain.map(|(chain, _)| chain.to_string())
    }

    /// The contract's id of an on-chain loan.
    async fn onchain_id(&self) -> Option<String> {
        self.0.onchain.map(|(_, id)| id.to_string())
    }

    /// When money went out.
    async fn started_at(&self) -> Option<DateTime<Utc>> {
        self.0.started_at
    }

    /// When it ended.
    async fn closed_at(&self) -> Option<DateTime<Utc>> {
        self.0.closed_at
    }

    /// The settlement that made it.
    async fn settlement(&self, ctx: &Context<'_>) -> Result<SettlementOut> {
        let found = api(ctx)?
            .aggregator
            .settlement(caller(ctx)?, self.0.settlement_id)
            .await
            .map_err(fail)?;
        Ok(SettlementOut(found))
    }

    /// Installments.
    #[graphql(complexity = "60 * child_complexity")]
    async fn schedule(&self, ctx: &Context<'_>) -> Result<Vec<InstallmentOut>> {
        let rows = api(ctx)?
            .aggregator
            .schedule(caller(ctx)?, self.0.id)
            .await
            .map_err(fail)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// Repayments so far.
    #[graphql(complexity = "60 * child_complexity")]
    async fn repayments(&self, ctx: &Context<'_>) -> Result<Vec<RepaymentOut>> {
        let rows = api(ctx)?
            .aggregator
            .repayments(caller(ctx)?, self.0.id)
            .await
            .map_err(fail)?;
        Ok(rows.into_iter().map(Into::into).collect())
    }

    /// What closes the loan at a moment; now when none is given.
    async fn payoff_quote(&self, ctx: &Context<'_>, at: Option<DateTime<Utc>>) -> Result<PayoffOut> {
        let payoff = api(ctx)?
            .aggregator
            .payoff(caller(ctx)?, self.0.id, at)
            .await
            .map_err(fail)?;
        Ok(payoff.into())
    }

    /// Calls with which the borrower's wallet repays on chain.
    async fn repayment_calls(&self, ctx: &Context<'_>, amount: RepayChoice) -> Result<Vec<WalletCallOut>> {
        let aggregator = &api(ctx)?.aggregator;
        let calls = aggregator
            .repayment_calls(caller(ctx)?, self.0.id, amount.into())
            .await
            .map_err(fail)?;
        Ok(calls.into_iter().map(Into::into).collect())
    }
}

/// One row of a loan's schedule.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Installment")]
pub struct InstallmentOut {
    /// From 1.
    number: u32,
    /// Due date.
    due: NaiveDate,
    /// Principal part.
    principal: LoanAmountOut,
    /// Interest part.
    interest: LoanAmountOut,
    /// Fees part.
    fees: LoanAmountOut,
    /// All.
    total: LoanAmountOut,
    /// Paid so far.
    paid: LoanAmountOut,
}

impl From<InstallmentView> for InstallmentOut {
    fn from(row: InstallmentView) -> Self {
        Self {
            number: row.number,
            due: row.due,
            principal: row.principal.into(),
            interest: row.interest.into(),
            fees: row.fees.into(),
            total: row.total.into(),
            paid: row.paid.into(),
        }
    }
}

/// One repayment with its parts.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "Repayment")]
pub struct RepaymentOut {
    /// Id, starts with `pay_`.
    id: async_graphql::ID,
    /// Channel.
    channel: Channel,
    /// All.
    amount: LoanAmountOut,
    /// Late fees and penalties.
    late_fee: LoanAmountOut,
    /// Interest.
    interest: LoanAmountOut,
    /// Principal.
    principal: LoanAmountOut,
    /// Transaction hash or bank reference.
    evidence: String,
    /// When it was paid.
    paid_at: DateTime<Utc>,
}

impl From<RepaymentView> for RepaymentOut {
    fn from(row: RepaymentView) -> Self {
        Self {
            id: encode(Kind::Repayment, row.id.0).into(),
            channel: row.channel.into(),
            amount: row.amount.into(),
            late_fee: row.late_fee.into(),
            interest: row.interest.into(),
            principal: row.principal.into(),
            evidence: row.evidence,
            paid_at: row.paid_at,
        }
    }
}

/// What closes a loan at a moment.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "PayoffQuote")]
pub struct PayoffOut {
    /// The moment.
    at: DateTime<Utc>,
    /// All that closes it.
    amount: LoanAmountOut,
    /// On chain: the calls of the wallet that pays.
    calls: Vec<WalletCallOut>,
}

impl From<PayoffView> for PayoffOut {
    fn from(payoff: PayoffView) -> Self {
        Self {
            at: payoff.at,
            amount: payoff.amount.into(),
            calls: payoff.calls.into_iter().map(Into::into).collect(),
        }
    }
}

/// A page of loans, by Relay's convention.
#[derive(SimpleObject, Clone, Debug)]
pub struct LoanConnection {
    /// The page.
    edges: Vec<LoanEdge>,
    /// Where the page stands.
    page_info: PageInfoOut,
    /// Number of all loans.
    total_count: Option<u64>,
}

/// One loan of a page.
#[derive(SimpleObject, Clone, Debug)]
pub struct LoanEdge {
    /// Cursor of this loan.
    cursor: String,
    /// The loan.
    node: LoanOut,
}

impl LoanConnection {
    /// Of a page; `continued` says that it does not start at the beginning.
    pub fn new(page: Page<LoanView>, continued: bool) -> Self {
        Self {
            page_info: PageInfoOut::of(&page.cursors, page.has_next, continued),
            total_count: page.total,
            edges: page
                .items
                .into_iter()
                .zip(page.cursors)
                .map(|(loan, cursor)| LoanEdge {
                    cursor,
                    node: LoanOut(loan),
                })
                .collect(),
        }
    }
}
