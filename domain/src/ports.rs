//! What the core needs of the world, as small traits. The use cases see lenders, chains, clocks and ids only through these.

mod anchors;
mod contracts;
mod controls;
mod credit_data;
mod journeys;
mod lock;
mod logs;
pub mod velocity;
mod venues;
mod verify;
mod views;

use std::time::Instant;

use alloy_primitives::{Address, B256, Bytes};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::decision::Reason;
use crate::eligibility::Capabilities;
use crate::ids::{ChainTxId, ProviderId, QuoteId, RequestId, SettlementId};
use crate::money::Money;
use crate::offer::Offer;
use crate::request::CreditRequest;

pub use anchors::{AnchorCalls, CheckpointStore, Put};
pub use contracts::{
    Attester, Call, ChainInfo, ChainReader, Contracts, CreditAttestation, Health, Intent, Liquidation, LiveLoan,
    OnchainTerms, OracleAnswer, SignedAttestation, WalletCall,
};
pub use controls::LenderControls;
pub use credit_data::{
    BadReference, BankAccount, BankAccountKind, BankData, BankReport, BankTransaction, Bureau, BureauReport,
    BureauSubject, ConsentReference, CreditDataError, DataConsent, DataPurpose, DataSource, MonthState, PublicRecord,
    PublicRecordKind, StatementMonth, Tradeline, TradelineKind, TransactionClass,
};
pub use journeys::{Handoff, JourneyKey, JourneyRecord, JourneyStore, Question};
pub use lock::{LockMarkets, LockTerms};
pub use logs::{EventLog, EventLogs, LogFilter};
pub use velocity::Velocity;
pub use venues::{
    Venue, VenueEvent, VenueEventKind, VenueMarket, VenueOpening, VenuePermission, VenuePlan, VenuePosition,
};
pub use verify::{
    Again, Begun, BiometricConsent, ClaimedPerson, DeviceToken, Entry, Hook, HookEvent, HookRefusal, NewVerification,
    PrivateComment, PublicComment, RejectKind, Rejection, Snapshot, Vendor, VendorRef, VendorStatus, VerifiedPerson,
    Verifier, VerifyError, WalletEvidence, WalletScreener, WalletScreening, WalletSubject, WalletVerdict, WebLink,
};
pub use views::{ViewBlock, ViewCall, ViewCalls, Views};

/// The only source of time.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> DateTime<Utc>;
}

/// The only source of ids.
pub trait Ids: Send + Sync {
    /// A fresh UUIDv7.
    fn next(&self) -> Uuid;
}

/// A lender. Adapters stay naive: time-outs, limits, breakers, hedging and metrics are layered around them.
#[async_trait]
pub trait Lender: Send + Sync {
    /// The operator-given name.
    fn id(&self) -> &ProviderId;

    /// What the lender does, as data.
    fn capabilities(&self) -> &Capabilities;

    /// Asks for offers. Safe to repeat and to hedge: it moves nothing.
    async fn quote(&self, ask: &Ask) -> Result<Answer, LenderError>;

    /// Accepts an offer. `order.settlement` is the idempotency key: a repeated call gives the same answer and pays once.
    async fn accept(&self, order: &AcceptOrder) -> Result<AcceptReceipt, LenderError>;

    /// What became of an accepted offer: the evidence that leaves `Unknown`.
    async fn status(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError>;

    /// Withdraws an accepted offer that has not been paid out.
    async fn cancel(&self, settlement: SettlementId) -> Result<LenderStatus, LenderError>;
}

/// A question to one lender.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The request, the same for every lender.
    pub request: CreditRequest,
    /// One absolute deadline for the whole fan-out.
    pub deadline: Instant,
}

/// A lender's whole answer; nothing more follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// One or more offers.
    Offers(Vec<Offer>),
    /// A decline with its reasons.
    Declined(Vec<Reason>),
}

/// Acceptance of one offer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptOrder {
    /// Idempotency key.
    pub settlement: SettlementId,
    /// The request.
    pub request: RequestId,
    /// The accepted quote.
    pub quote: QuoteId,
    /// The lender's own reference.
    pub provider_ref: String,
    /// Principal accepted.
    pub principal: Money,
    /// What must arrive.
    pub net_disbursed: Money,
}

/// The lender took the acceptance.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcceptReceipt {
    /// The lender's reference of the loan.
    pub loan_ref: String,
    /// Where it stands.
    pub status: LenderStatus,
}

/// Where an accepted offer stands at the lender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LenderStatus {
    /// The lender never heard of it.
    Unknown,
    /// Taken, not paid out.
    Accepted,
    /// Paid out.
    Disbursed {
        /// What was paid out.
        amount: Money,
        /// When.
        at: DateTime<Utc>,
        /// The lender's payment reference: the evidence.
        evidence: String,
    },
    /// Will never be paid out.
    Rejected {
        /// Why.
        reasons: Vec<Reason>,
    },
    /// Withdrawn.
    Cancelled,
}

/// What went wrong with a lender, by what we do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LenderError {
    /// The lender does not do this: do not ask again.
    #[error("unsupported: {0}")]
    Unsupported(String),
    /// The lender refuses us (credentials, signature): tell an operator.
    #[error("the lender refused our request: {0}")]
    Refused(String),
    /// Too many calls: wait.
    #[error("rate limited")]
    RateLimited,
    /// No answer in time. Of a mutation: outcome unknown, ask for the status.
    #[error("no answer in time")]
    TimedOut,
    /// Not reachable or broken on their side. Of a mutation: outcome unknown, ask for the status.
    #[error("unavailable: {0}")]
    Unavailable(String),
    /// The answer does not make sense: drop it, tell an operator.
    #[error("malformed answer in {field}: {detail}")]
    Malformed {
        /// The field.
        field: String,
        /// What is wrong with it.
        detail: String,
    },
}

/// What went wrong with a chain, by what we do next.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// No contracts on that chain.
    #[error("chain {0} is not configured")]
    UnknownChain(u64),
    /// The input cannot be encoded or the signature is not one.
    #[error("invalid {field}: {detail}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What is wrong.
        detail: String,
    },
    /// The node does not answer: try again.
    #[error("chain {chain_id} is not reachable: {detail}")]
    Unavailable {
        /// Which.
        chain_id: u64,
        /// Why.
        detail: String,
    },
    /// The node did not do what was asked, and it is known how: reads of contracts say so.
    #[error("chain {chain_id}: {detail}")]
    Node {
        /// Which.
        chain_id: u64,
        /// How.
        fault: NodeFault,
        /// Why; nothing that the node wrote.
        detail: String,
    },
}

/// How a node failed, by what we do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeFault {
    /// Too many calls: wait.
    RateLimited,
    /// No answer in time: try again.
    TimedOut,
    /// The answer makes no sense: drop it, tell an operator.
    Malformed,
    /// It refuses us (credentials): tell an operator.
    Refused,
}

/// A block, by number and hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct BlockRef {
    /// Height.
    pub number: u64,
    /// Hash.
    pub hash: B256,
    /// Hash of the block before.
    pub parent: B256,
    /// Unix seconds.
    pub timestamp: u64,
}

/// An event of the settlement contract, decoded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoanEvent {
    /// The contract's id of the loan; zero for an event of the contract as a whole.
    pub loan: B256,
    /// Transaction.
    pub tx_hash: B256,
    /// Position in the block.
    pub log_index: u64,
    /// What happened.
    pub kind: LoanEventKind,
}

/// What happened to a loan on chain. Amounts are base units.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum LoanEventKind {
    /// Money out, collateral in.
    Originated {
        /// The order executed.
        order_hash: B256,
        /// Lender.
        lender: Address,
        /// Borrower.
        borrower: Address,
        /// What is owed at the start, the fee included.
        principal: u128,
        /// What was withheld.
        fee: u128,
    },
    /// A payment.
    Repaid {
        /// Who paid.
        payer: Address,
        /// Late-fee part.
        late_fee: u128,
        /// Interest part.
        interest: u128,
        /// Principal part.
        principal: u128,
        /// Principal left.
        outstanding: u128,
    },
    /// Everything paid, collateral back.
    Closed,
    /// Another loan paid this one off; the collateral went over to it. The payment is a `Repaid` before this event.
    Refinanced {
        /// The loan that took its place.
        new_loan: B256,
    },
    /// A liquidator paid and took collateral. The payment is a `Repaid` before this event.
    Liquidated {
        /// Who.
        liquidator: Address,
        /// A missed installment allowed it; otherwise the value of the collateral did.
        late: bool,
        /// Collateral to the liquidator.
        seized: u128,
        /// Collateral back to the borrower; only when the loan ended.
        returned: u128,
        /// Debt that nothing is left to pay; above zero only when the loan ended.
        shortfall: u128,
        /// Whether the loan ended.
        ended: bool,
    },
    /// The lender gave the loan up.
    Defaulted {
        /// Principal given up.
        outstanding: u128,
        /// Collateral to the lender.
        seized: u128,
        /// Collateral back to the borrower.
        returned: u128,
    },
    /// Collateral was added or withdrawn.
    CollateralChanged {
        /// Who did it.
        by: Address,
        /// Held after it.
        held: u128,
    },
    /// The contract refused a loan above the hour's cap and lends no more of that asset.
    BreakerTripped {
        /// Token lent.
        asset: Address,
        /// Lent within the hour.
        used: u128,
        /// The loan that was refused.
        refused: u128,
        /// Most within an hour.
        cap: u128,
    },
}

/// Where the indexer keeps what it saw. One call is one database transaction.
#[async_trait]
pub trait ChainLog: Send + Sync {
    /// The newest block stored.
    async fn tip(&self, chain_id: u64) -> Result<Option<BlockRef>, StoreFailure>;
    /// The stored block of that height.
    async fn block(&self, chain_id: u64, number: u64) -> Result<Option<BlockRef>, StoreFailure>;
    /// Appends a block and its events; the block's parent must be the tip. Repeating it changes nothing.
    async fn append(&self, chain_id: u64, block: BlockRef, events: Vec<LoanEvent>) -> Result<(), StoreFailure>;
    /// Removes every block above `number` with its events.
    async fn roll_back(&self, chain_id: u64, number: u64) -> Result<(), StoreFailure>;
    /// Everything up to `number` is final: its events may move money in our books.
    async fn finalize(&self, chain_id: u64, number: u64) -> Result<(), StoreFailure>;
}

/// State of a transaction of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TxState {
    /// Wanted; no nonce yet.
    Queued,
    /// It has a nonce, and may have been signed and sent.
    Broadcast,
    /// In a block that may still vanish.
    Included,
    /// Final and successful.
    Succeeded,
    /// Final and reverted.
    Reverted,
}

impl TxState {
    /// Every state.
    pub const ALL: [Self; 5] = [
        Self::Queued,
        Self::Broadcast,
        Self::Included,
        Self::Succeeded,
        Self::Reverted,
    ];

    /// The name as stored.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Queued => "QUEUED",
            Self::Broadcast => "BROADCAST",
            Self::Included => "INCLUDED",
            Self::Succeeded => "SUCCEEDED",
            Self::Reverted => "REVERTED",
        }
    }

    /// The state of that name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

/// One signed version of a transaction. All versions of a nonce are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Hash.
    pub hash: B256,
    /// Signed bytes, as broadcast.
    pub raw: Bytes,
    /// `maxFeePerGas`, wei.
    pub max_fee: u128,
    /// `maxPriorityFeePerGas`, wei.
    pub tip: u128,
    /// Block height at the first broadcast.
    pub sent_block: u64,
}

/// A transaction of ours with all its attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournaledTx {
    /// Id.
    pub id: ChainTxId,
    /// The call.
    pub call: Call,
    /// Nonce; none while queued.
    pub nonce: Option<u64>,
    /// State.
    pub state: TxState,
    /// Oldest first.
    pub attempts: Vec<Attempt>,
}

/// Where the submitter keeps its intent before it acts. One call is one database transaction.
#[async_trait]
pub trait TxJournal: Send + Sync {
    /// Makes the caller the only submitter of that signer; `false` when another holds it. The fencing token of the
    /// holder is checked in every write below.
    async fn lead(&self, chain_id: u64, signer: Address) -> Result<bool, StoreFailure>;
    /// Transactions without a nonce, oldest first, at most `limit`.
    async fn queued(&self, chain_id: u64, signer: Address, limit: u32) -> Result<Vec<JournaledTx>, StoreFailure>;
    /// Gives that transaction the next nonce (at least `chain_nonce`) and moves it to `Broadcast`; none when it is not
    /// queued any more or 16 are in flight.
    async fn take_nonce(
        &self,
        chain_id: u64,
        signer: Address,
        tx: ChainTxId,
        chain_nonce: u64,
    ) -> Result<Option<JournaledTx>, StoreFailure>;
    /// Transactions with a nonce that are not final, by nonce.
    async fn in_flight(&self, chain_id: u64, signer: Address) -> Result<Vec<JournaledTx>, StoreFailure>;
    /// Stores signed bytes; must succeed before they are broadcast.
    async fn store_attempt(&self, tx: ChainTxId, attempt: Attempt) -> Result<(), StoreFailure>;
    /// Moves a transaction; `mined` is the hash of the attempt that a block has, and the block's height. Final states are
    /// told to the settlement in the same database transaction.
    async fn set_state(&self, tx: ChainTxId, state: TxState, mined: Option<(B256, u64)>) -> Result<(), StoreFailure>;
}

/// The store failed: log it once and try again.
#[derive(Debug, thiserror::Error)]
#[error("store: {0}")]
pub struct StoreFailure(pub String);
