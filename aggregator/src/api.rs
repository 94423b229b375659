//! Inputs, views and errors of the use cases: the one facade behind GraphQL and REST.

use alloy_primitives::{Address, B256};
use chrono::{DateTime, NaiveDate, Utc};
use domain::calendar::Period;
use domain::decision::Reason;
use domain::ids::{LoanId, PaymentId, PrincipalId, ProviderId, QuoteId, RequestId, SettlementId};
use domain::loan::{LoanState, RequestState, SettlementState};
use domain::money::{Money, TokenAmount};
use domain::ports::{DataConsent, WalletCall};
use domain::quote::{Loser, Quote};
use domain::ranking::RankBy;
use domain::request::{Applicant, Jurisdiction, Product, Purpose};
use serde::{Deserialize, Serialize};

use crate::fraud::Signals;

/// Client-made key that makes a mutation happen once: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Checks length and characters.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let fits = (1..=255).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
        if fits {
            Ok(Self(text.to_owned()))
        } else {
            Err(Error::invalid("idempotencyKey", "1 to 255 visible ASCII characters"))
        }
    }

    /// The key as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A request for quotes as a client sends it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRequest {
    /// Made by the client; none lets us make one.
    #[serde(default)]
    pub id: Option<RequestId>,
    /// The borrower, when an integrator asks; none means the caller.
    #[serde(default)]
    pub borrower: Option<PrincipalId>,
    /// Amount wanted.
    pub amount: Money,
    /// For how long.
    pub term: Period,
    /// What for.
    pub purpose: Purpose,
    /// Kinds wanted; empty means all.
    #[serde(default)]
    pub products: Vec<Product>,
    /// Where the borrower lives.
    pub jurisdiction: Jurisdiction,
    /// Facts about the borrower.
    pub applicant: Applicant,
    /// The borrower's wallet.
    #[serde(default)]
    pub wallet: Option<Address>,
    /// Collateral that can be locked.
    #[serde(default)]
    pub collateral: Option<TokenAmount>,
    /// A live on-chain loan of the borrower that the new one is to repay; it brings wallet and collateral.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refinances: Option<LoanId>,
    /// Sources that the borrower lets us ask, each at most once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub data_consents: Vec<DataConsent>,
    /// How to rank.
    #[serde(default)]
    pub rank_by: RankBy,
    /// What the client tells beside the request, for the fraud checks.
    #[serde(default, skip_serializing_if = "Signals::is_empty")]
    pub signals: Signals,
}

/// Where one lender stands in a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LenderProgress {
    /// The lender.
    pub provider: ProviderId,
    /// Still awaited.
    pub waiting: bool,
    /// Milliseconds until its answer; none while waiting.
    pub answered_ms: Option<u64>,
    /// Number of its quotes.
    pub quotes: u32,
}

/// A request as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestView {
    /// Id.
    pub id: RequestId,
    /// State.
    pub state: RequestState,
    /// Amount asked for.
    pub amount: Money,
    /// Term asked for.
    pub term: Period,
    /// How it is ranked.
    pub rank_by: RankBy,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When the book closes at the latest.
    pub deadline_at: DateTime<Utc>,
    /// Lenders asked.
    pub lenders: Vec<LenderProgress>,
    /// Answers that are not quotes, with reasons.
    pub losers: Vec<Loser>,
    /// Why nobody was asked, when risk or compliance refused.
    pub refusal: Vec<Reason>,
    /// The loan that the new one is to repay.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refinances: Option<LoanId>,
}

/// A quote with its place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RankedQuote {
    /// From 1.
    pub position: u32,
    /// The quote.
    pub quote: Quote,
}

/// One page of a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Cursor of each item, in step with `items`.
    pub cursors: Vec<String>,
    /// More follow.
    pub has_next: bool,
    /// Number of all items, where it is cheap to know.
    pub total: Option<u64>,
}

/// Which page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageRequest {
    /// 1 to 100.
    pub first: u32,
    /// Cursor of the item before the page.
    pub after: Option<String>,
}

/// What a subscriber of a request sees.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum QuoteUpdate {
    /// A quote arrived; the position is that among the quotes so far.
    Quote(Box<RankedQuote>),
    /// A lender answered without a quote.
    Loser(Loser),
    /// The book is closed.
    Closed(Box<RequestView>),
}

/// Acceptance of a quote.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptQuote {
    /// Made by the client; none lets us make one.
    #[serde(default)]
    pub settlement_id: Option<SettlementId>,
    /// The quote.
    pub quote_id: QuoteId,
    /// Its digest as the borrower saw it: any change since is refused.
    pub digest: B256,
    /// Who receives the money on chain; none means the borrower's wallet.
    #[serde(default)]
    pub recipient: Option<Address>,
}

/// A settlement as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettlementView {
    /// Id.
    pub id: SettlementId,
    /// State.
    pub state: SettlementState,
    /// The quote.
    pub quote_id: QuoteId,
    /// The loan, from acceptance on.
    pub loan_id: LoanId,
    /// The lender.
    pub provider: ProviderId,
    /// On chain: calls that the borrower's wallet makes first.
    pub approvals: Vec<WalletCall>,
    /// On chain: EIP-712 typed data to sign.
    pub typed_data: Option<serde_json::Value>,
    /// At a pool: calls that the borrower's wallet makes then, once it has signed what is to be signed.
    #[serde(default)]
    pub calls: Vec<WalletCall>,
    /// On chain: hash of the transaction once it is in a block; at a pool once that is final.
    pub tx_hash: Option<B256>,
    /// Confirmations seen so far and needed.
    pub confirmations: Option<(u64, u64)>,
    /// Why it failed.
    pub failure: Option<Reason>,
    /// A page of the lender's where the borrower has to act now.
    pub handoff: Option<domain::ports::Handoff>,
    /// When it was accepted.
    pub created_at: DateTime<Utc>,
}

/// An amount of a loan: in minor units of a currency or base units of a token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanAmount {
    /// Whole units.
    pub units: u128,
    /// Decimals of the unit.
    pub decimals: u8,
    /// `USD` or a token's ticker.
    pub symbol: String,
}

/// How a loan ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum EndedBy {
    /// Everything was paid.
    Repaid,
    /// Another loan paid it off in one transaction.
    Refinanced,
    /// A liquidator paid and took collateral.
    Liquidated,
    /// The lender gave it up and took the collateral.
    Defaulted,
}

impl EndedBy {
    const ALL: [Self; 4] = [Self::Repaid, Self::Refinanced, Self::Liquidated, Self::Defaulted];

    /// The name as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Repaid => "REPAID",
            Self::Refinanced => "REFINANCED",
            Self::Liquidated => "LIQUIDATED",
            Self::Defaulted => "DEFAULTED",
        }
    }

    /// The end of that stored name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|end| end.as_str() == text)
    }
}

/// A loan as its owner sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanView {
    /// Id.
    pub id: LoanId,
    /// State.
    pub state: LoanState,
    /// The lender.
    pub provider: ProviderId,
    /// The quote it came from.
    pub quote_id: QuoteId,
    /// The settlement that made it.
    pub settlement_id: SettlementId,
    /// Principal at the start.
    pub principal: LoanAmount,
    /// Principal left.
    pub outstanding: LoanAmount,
    /// The next installment.
    pub next_due: Option<InstallmentView>,
    /// Chain and contract id of an on-chain loan.
    pub onchain: Option<(u64, B256)>,
    /// Chain of a pool's loan and the wallet that has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub venue: Option<(u64, Address)>,
    /// When money went out.
    pub started_at: Option<DateTime<Utc>>,
    /// When it ended.
    pub closed_at: Option<DateTime<Utc>>,
    /// How it ended.
    pub ended_by: Option<EndedBy>,
    /// Debt, charges included, that a liquidation did not reach; none when nothing is missing.
    pub shortfall: Option<LoanAmount>,
    /// The loan that this one repaid.
    pub refinances: Option<LoanId>,
    /// The loan that repaid this one.
    pub refinanced_by: Option<LoanId>,
}

/// What secures a live on-chain loan, read from the chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollateralView {
    /// Held by the contract.
    pub held: TokenAmount,
    /// Debt over value, basis points, rounded up; none without an oracle or a price.
    pub ltv_bps: Option<u64>,
    /// Debt over value above which anyone may liquidate, basis points; none without an oracle.
    pub liquidation_ltv_bps: Option<u16>,
    /// An installment is missed past its grace.
    pub late: bool,
}

/// The breaker of an asset tripped: no new loan of it until the owner of the contract resumes. Amounts are base units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetPauseView {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Token.
    pub asset: Address,
    /// Lent within the hour.
    pub used: u128,
    /// The loan that was refused.
    pub refused: u128,
    /// Most within an hour.
    pub cap: u128,
    /// The transaction that tripped it.
    pub tx_hash: B256,
    /// When.
    pub at: DateTime<Utc>,
}

/// One row of a schedule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct InstallmentView {
    /// From 1.
    pub number: u32,
    /// Due date.
    pub due: NaiveDate,
    /// Principal part.
    pub principal: LoanAmount,
    /// Interest part.
    pub interest: LoanAmount,
    /// Fees part.
    pub fees: LoanAmount,
    /// All.
    pub total: LoanAmount,
    /// Paid so far.
    pub paid: LoanAmount,
}

/// Where a repayment came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RepaymentChannel {
    /// Seen on chain, final.
    OnChain,
    /// Reported by the lender or a bank.
    OffChain,
}

/// One repayment with its parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepaymentView {
    /// Id.
    pub id: PaymentId,
    /// Channel.
    pub channel: RepaymentChannel,
    /// All.
    pub amount: LoanAmount,
    /// Late fees and penalties.
    pub late_fee: LoanAmount,
    /// Interest.
    pub interest: LoanAmount,
    /// Principal.
    pub principal: LoanAmount,
    /// Transaction hash or bank reference.
    pub evidence: String,
    /// When it was paid.
    pub paid_at: DateTime<Utc>,
}

/// An off-chain repayment, reported by the lender or an integrator.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewRepayment {
    /// The loan.
    pub loan_id: LoanId,
    /// Amount.
    pub amount: Money,
    /// When it was received.
    pub paid_at: DateTime<Utc>,
    /// Bank reference; one reference counts once a loan.
    pub evidence: String,
}

/// What closes a loan at a moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayoffView {
    /// The loan.
    pub loan_id: LoanId,
    /// The moment.
    pub at: DateTime<Utc>,
    /// All that closes it.
    pub amount: LoanAmount,
    /// On chain: the calls of the wallet that pays.
    pub calls: Vec<WalletCall>,
}

/// How much to repay on chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RepayAmount {
    /// What is due now or next.
    Installment,
    /// Everything.
    Payoff,
}

/// A business refusal: part of the result, not an error of the server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Stable code, upper snake case.
    pub code: String,
    /// One sentence.
    pub message: String,
    /// The input field concerned.
    pub field: Option<String>,
}

impl Refusal {
    /// A refusal that concerns a field or none.
    pub fn new(code: &str, message: impl Into<String>, field: Option<&str>) -> Self {
        Self {
            code: code.to_owned(),
            message: message.into(),
            field: field.map(str::to_owned),
        }
    }
}

/// Why a use case did not happen, by what the caller does next.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Not there, or not the caller's.
    #[error("not found")]
    NotFound,
    /// The caller may not do this.
    #[error("forbidden")]
    Forbidden,
    /// Correct the field and try again.
    #[error("invalid {field}: {message}")]
    Invalid {
        /// Name of the input field.
        field: String,
        /// What is wrong with it.
        message: String,
    },
    /// A rule of the business refused it.
    #[error("refused: {}", .0.code)]
    Refused(Refusal),
    /// The idempotency key was used with another body.
    #[error("this idempotency key was used with another body")]
    KeyReused,
    /// The first call with this key still runs: try again.
    #[error("the first call with this idempotency key still runs")]
    KeyBusy,
    /// A dependency does not answer: try again.
    #[error("temporarily unavailable")]
    Unavailable(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A defect of ours.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An input field is wrong.
    pub fn invalid(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid {
            field: field.to_owned(),
            message: message.into(),
        }
    }

    /// A rule of the business refused it.
    pub fn refused(code: &str, message: impl Into<String>, field: Option<&str>) -> Self {
        Self::Refused(Refusal::new(code, message, field))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed => {
                Self::Unavailable(Box::new(error))
            }
            other => Self::Internal(Box::new(other)),
        }
    }
}
