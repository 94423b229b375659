//! Settlements and loans in the schema.

use aggregator::Error;
use aggregator::api::{CollateralView, InstallmentView, LoanView, Page, PayoffView, RepaymentView, SettlementView};
use async_graphql::{Context, Json, Object, Result, SimpleObject};
use chrono::{DateTime, NaiveDate, Utc};

use super::input::{address, base_units};
use super::page::PageInfoOut;
use super::quote::QuoteOut;
use super::value::{JsonOut, LoanAmountOut, ReasonOut, TokenOut, WalletCallOut, mirror};
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
        /// Nothing is owed any more and nothing was lost, see `endedBy`.
        Closed,
        /// The lender lost something: the debt was given up, or a liquidation did not reach.
        Defaulted,
        /// The settlement failed or was withdrawn.
        Cancelled,
    }
}
mirror! {
    /// How a loan ended.
    LoanEnd = "aggregator::api::EndedBy" {
        /// Everything was paid.
        Repaid,
        /// Another loan paid it off in one transaction.
        Refinanced,
        /// A liquidator paid and took collateral.
        Liquidated,
        /// The lender gave it up and took the collateral.
        Defaulted,
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

    /// Calls that the borrower's wallet makes then, once it has signed what is to be signed: at a pool the wallet takes the loan itself.
    async fn calls(&self) -> Vec<WalletCallOut> {
        self.0.calls.iter().cloned().map(Into::into).collect()
    }

    /// Our transaction, once it is in a block; at a pool the wallet's, once it is final.
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

    /// A page of the lender's where the borrower has to act before the loan goes on.
    async fn handoff(&self) -> Option<HandoffOut> {
        let handoff = self.0.handoff.clone()?;
        Some(HandoffOut {
            title: handoff.title,
            url: handoff.url,
        })
    }

    /// When the quote was accepted.
    async fn created_at(&self) -> DateTime<Utc> {
        self.0.created_at
    }
}

/// A page of a lender's where the borrower has to act: identification, agreement, mandate.
#[derive(Clone, Debug, SimpleObject)]
#[graphql(name = "Handoff")]
pub struct HandoffOut {
    /// What it is about, in the lender's words.
    pub title: Option<String>,
    /// The link to follow.
    pub url: String,
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
        let venue = self.0.venue.map(|(chain, _)| chain);
        self.0
            .onchain
            .map(|(chain, _)| chain)
            .or(venue)
            .map(|chain| chain.to_string())
    }

    /// The contract's id of an on-chain loan; a pool has none.
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

    /// How it ended.
    async fn ended_by(&self) -> Option<LoanEnd> {
        self.0.ended_by.map(Into::into)
    }

    /// Debt, charges included, that a liquidation did not reach.
    async fn shortfall(&self) -> Option<LoanAmountOut> {
        self.0.shortfall.clone().map(Into::into)
    }

    /// The loan that this one repays, or repaid.
    async fn refinances(&self, ctx: &Context<'_>) -> Result<Option<LoanOut>> {
        other_loan(ctx, self.0.refinances).await
    }

    /// The loan that repaid this one.
    async fn refinanced_by(&self, ctx: &Context<'_>) -> Result<Option<LoanOut>> {
        other_loan(ctx, self.0.refinanced_by).await
    }

    /// What secures the loan now, read from its chain; null when nothing does or the loan has ended and nothing is held any more.
    #[graphql(complexity = "LIVE_COST + child_complexity")]
    async fn collateral(&self, ctx: &Context<'_>) -> Result<Option<CollateralOut>> {
        let held = api(ctx)?.aggregator.collateral(caller(ctx)?, self.0.id);
        Ok(Box::pin(held).await.map_err(fail)?.map(Into::into))
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

    /// Where the loan is paid that no wallet repays; null for others, and where no account is known. For the borrower's side alone.
    async fn repayment_instructions(&self, ctx: &Context<'_>) -> Result<Option<super::lists::InstructionsOut>> {
        let found = api(ctx)?.aggregator.repayment_instructions(caller(ctx)?, self.0.id);
        Ok(Box::pin(found).await.map_err(fail)?.map(Into::into))
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

    /// Calls with which the borrower's wallet repays on chain. With `units` exactly so many base units; at a pool everything includes
    /// taking the collateral back.
    async fn repayment_calls(
        &self,
        ctx: &Context<'_>,
        amount: RepayChoice,
        units: Option<String>,
    ) -> Result<Vec<WalletCallOut>> {
        let aggregator = &api(ctx)?.aggregator;
        let units = units.map(|text| base_units("units", &text)).transpose().map_err(fail)?;
        let calls = match units {
            Some(units) => Box::pin(aggregator.exact_repayment_calls(caller(ctx)?, self.0.id, units)).await,
            None => Box::pin(aggregator.repayment_calls(caller(ctx)?, self.0.id, amount.into())).await,
        };
        Ok(calls.map_err(fail)?.into_iter().map(Into::into).collect())
    }

    /// Calls with which a wallet adds collateral, base units.
    async fn add_collateral_calls(&self, ctx: &Context<'_>, amount: String) -> Result<Vec<WalletCallOut>> {
        let amount = base_units("amount", &amount).map_err(fail)?;
        let aggregator = &api(ctx)?.aggregator;
        let calls = aggregator.add_collateral_calls(caller(ctx)?, self.0.id, amount);
        Ok(calls.await.map_err(fail)?.into_iter().map(Into::into).collect())
    }

    /// Calls with which the borrower's wallet takes collateral back, base units; to itself when no other address is given. A pool gives
    /// all of it when no amount is given.
    async fn withdraw_collateral_calls(
        &self,
        ctx: &Context<'_>,
        amount: Option<String>,
        to: Option<String>,
    ) -> Result<Vec<WalletCallOut>> {
        let amount = amount
            .map(|text| base_units("amount", &text))
            .transpose()
            .map_err(fail)?;
        let to = to.map(|text| address("to", &text)).transpose().map_err(fail)?;
        let aggregator = &api(ctx)?.aggregator;
        let calls = aggregator.withdraw_collateral_calls(caller(ctx)?, self.0.id, amount, to);
        Ok(calls.await.map_err(fail)?.into_iter().map(Into::into).collect())
    }
}

/// A field that asks a chain costs as much as a use case of its own.
const LIVE_COST: usize = 300;

/// Another loan of the same borrower; its lender may not see it, then it is null.
async fn other_loan(ctx: &Context<'_>, id: Option<domain::LoanId>) -> Result<Option<LoanOut>> {
    let Some(id) = id else { return Ok(None) };
    match Box::pin(api(ctx)?.aggregator.loan(caller(ctx)?, id)).await {
        Ok(loan) => Ok(Some(LoanOut(loan))),
        Err(Error::NotFound) => Ok(None),
        Err(error) => Err(fail(error)),
    }
}

/// What secures a live loan.
#[derive(SimpleObject, Clone, Debug)]
#[graphql(name = "LoanCollateral")]
pub struct CollateralOut {
    /// Held by the contract.
    held: TokenOut,
    /// Debt over value, 1/10,000, rounded up; null without an oracle or a price.
    ltv_bps: Option<u64>,
    /// Debt over value above which anyone may liquidate, 1/10,000; null without an oracle.
    liquidation_ltv_bps: Option<u16>,
    /// An installment is missed past its grace.
    late: bool,
}

impl From<CollateralView> for CollateralOut {
    fn from(view: CollateralView) -> Self {
        Self {
            held: TokenOut(view.held),
            ltv_bps: view.ltv_bps,
            liquidation_ltv_bps: view.liquidation_ltv_bps,
            late: view.late,
        }
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
