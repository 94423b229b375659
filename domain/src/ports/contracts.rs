//! What the core needs of the settlement contracts and their chains.

use alloy_primitives::{Address, B256, Bytes, U256};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::{BlockRef, ChainError};
use crate::offer::{Onchain, OnchainOrder};

/// A contract call, ready to be signed and sent by the submitter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Call {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Contract.
    pub to: Address,
    /// Calldata.
    pub data: Bytes,
    /// Gas limit.
    pub gas_limit: u64,
}

/// A transaction that a borrower's own wallet sends.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalletCall {
    /// What it does, for people.
    pub title: String,
    /// The call.
    pub call: Call,
}

/// The borrower's signed wish to execute one order. Field by field the contract's `Intent`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    /// The order.
    pub order_hash: B256,
    /// Signer and owner of the collateral.
    pub borrower: Address,
    /// Who receives the money.
    pub recipient: Address,
    /// Base units to borrow: the order's principal, or a part of a reusable order.
    pub principal: u128,
    /// Least base units to receive. Below zero, for a refinancing only: the most that the borrower pays in.
    pub min_received: i128,
    /// Unix second after which the intent is dead.
    pub deadline: u64,
    /// Digest of the attestation to draw on; zero when the order asks for none.
    pub attestation: B256,
    /// Loan that the new one repays; zero for a loan of its own.
    pub refinances: B256,
}

/// What the terms of a loan come from. The contract takes them back in calldata, and their hash is the loan's id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OnchainTerms {
    /// The order that was executed.
    pub order: OnchainOrder,
    /// The intent that was executed with it.
    pub intent: Intent,
}

/// A loan on chain with what every call about it needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LiveLoan {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// The contract's id.
    pub loan: B256,
    /// Its terms.
    pub terms: OnchainTerms,
}

/// A promise about a borrower's credit, without a score. Field by field the contract's `CreditAttestation`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CreditAttestation {
    /// Whose credit.
    pub borrower: Address,
    /// Most that may be originated under it, in units of the asset class with 18 decimals.
    pub limit: U256,
    /// Class of assets that the limit counts.
    pub asset_class: u16,
    /// 1 is the best.
    pub score_band: u8,
    /// Unix second.
    pub issued_at: u64,
    /// Last Unix second of its life.
    pub expires_at: u64,
    /// Epoch of the scoring oracle.
    pub epoch: u32,
    /// Unique.
    pub id: B256,
}

/// An attestation with the signatures of its attesters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedAttestation {
    /// What is attested.
    pub attestation: CreditAttestation,
    /// EIP-712 digest: the name by which it is drawn on.
    pub digest: B256,
    /// 65 bytes each, ascending by signer.
    pub signatures: Vec<Bytes>,
}

/// Signs attestations: keys in memory in development, a key service in production.
#[async_trait]
pub trait Attester: Send + Sync {
    /// Signs with every key that the chain's threshold needs.
    async fn attest(&self, chain_id: u64, attestation: CreditAttestation) -> Result<SignedAttestation, ChainError>;
}

/// Pure knowledge of the settlement contracts: hashes, calldata, typed data. No I/O.
pub trait Contracts: Send + Sync {
    /// Chains with deployed contracts.
    fn chains(&self) -> Vec<ChainInfo>;
    /// EIP-712 digest of an order on a chain.
    fn order_hash(&self, chain_id: u64, order: &OnchainOrder) -> Result<B256, ChainError>;
    /// Whether that account (not a contract) signed that order. A contract is asked by [`ChainReader::signature_valid`].
    fn order_signed(&self, chain_id: u64, order: &OnchainOrder, signature: &Bytes) -> Result<bool, ChainError>;
    /// What a credit pool accepts as its ERC-1271 signature of an order that its underwriter signed: the order with that
    /// signature, ABI-encoded.
    fn pool_signature(&self, order: &OnchainOrder, underwriter: &Bytes) -> Result<Bytes, ChainError>;
    /// EIP-712 digest of an intent on a chain.
    fn intent_hash(&self, chain_id: u64, intent: &Intent) -> Result<B256, ChainError>;
    /// The intent as EIP-712 typed data (the JSON of `eth_signTypedData_v4`).
    fn intent_typed_data(&self, chain_id: u64, intent: &Intent) -> Result<serde_json::Value, ChainError>;
    /// Whether that account (not a contract) signed that intent. A contract is asked by [`ChainReader::signature_valid`].
    fn intent_signed(&self, chain_id: u64, intent: &Intent, signature: &Bytes) -> Result<bool, ChainError>;
    /// Id that the contract gives the loan.
    fn onchain_loan_id(&self, chain_id: u64, terms: &OnchainTerms) -> Result<B256, ChainError>;
    /// The call that originates; with the attestation in the same transaction when there is one.
    fn originate(
        &self,
        onchain: &Onchain,
        intent: &Intent,
        signature: &Bytes,
        attestation: Option<&SignedAttestation>,
    ) -> Result<Call, ChainError>;
    /// The call that repays `old` by the new order in one transaction.
    fn refinance(
        &self,
        old: &LiveLoan,
        onchain: &Onchain,
        intent: &Intent,
        signature: &Bytes,
    ) -> Result<Call, ChainError>;
    /// Calls of the borrower's wallet before the first signature: allowances of the collateral that is to be locked (`collateral`
    /// base units) and, in a refinancing, of what the borrower pays in (`asset` base units). Nothing for a zero amount.
    fn approvals(&self, onchain: &Onchain, collateral: u128, asset: u128) -> Result<Vec<WalletCall>, ChainError>;
    /// Calls of a wallet that repay at most `max_amount` base units.
    fn repay(&self, loan: &LiveLoan, max_amount: u128) -> Result<Vec<WalletCall>, ChainError>;
    /// Calls of a wallet that add collateral.
    fn add_collateral(&self, loan: &LiveLoan, amount: u128) -> Result<Vec<WalletCall>, ChainError>;
    /// Calls of the borrower's wallet that take collateral back, to `to`.
    fn withdraw_collateral(&self, loan: &LiveLoan, amount: u128, to: Address) -> Result<Vec<WalletCall>, ChainError>;
    /// The call of a liquidator that pays at most `max_repay` and wants at least `min_collateral`.
    fn liquidate(&self, loan: &LiveLoan, max_repay: u128, min_collateral: u128) -> Result<Call, ChainError>;
    /// The call that ends a loan in default.
    fn mark_default(&self, loan: &LiveLoan) -> Result<Call, ChainError>;
}

/// A chain that we settle on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChainInfo {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Name for people.
    pub name: String,
    /// The settlement contract.
    pub aggregator: Address,
    /// Custody of collateral. Nobody approves it: lenders, borrowers and payers approve the aggregator.
    pub collateral_manager: Address,
    /// Checks credit attestations.
    pub scoring_oracle: Address,
    /// Values collateral: the only oracle whose orders we take.
    pub price_oracle: Address,
    /// Chainalysis' sanctions oracle; none where it is not asked.
    pub sanctions_oracle: Option<Address>,
}

/// What a chain's sanctions oracle says of some accounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OracleAnswer {
    /// The contract that was asked.
    pub oracle: Address,
    /// The block at which it was asked.
    pub block: BlockRef,
    /// Those of the accounts that are listed there.
    pub listed: Vec<Address>,
}

/// How a live loan stands now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Collateral held, base units.
    pub collateral: u128,
    /// Debt over value of the collateral, basis points, rounded up; none when there is no oracle or it has no price now.
    pub ltv_bps: Option<u64>,
    /// Whether an installment is missed past its grace period.
    pub late: bool,
}

/// What a liquidation would do if it was sent now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Liquidation {
    /// Base units of the asset that the liquidator pays.
    pub repaid: u128,
    /// Base units of collateral that it gets.
    pub seized: u128,
    /// What those are worth, base units of the asset, rounded down.
    pub seized_value: u128,
    /// Gas that it takes.
    pub gas: u64,
    /// Price of a unit of gas now, wei.
    pub gas_price: u128,
}

/// Live reads of a chain.
#[async_trait]
pub trait ChainReader: Send + Sync {
    /// What a loan would take to be paid off at a unix second.
    async fn payoff(&self, loan: &LiveLoan, at: u64) -> Result<u128, ChainError>;
    /// How a loan stands now.
    async fn health(&self, loan: &LiveLoan) -> Result<Health, ChainError>;
    /// Runs a liquidation of at most `max_repay` by `liquidator` without sending it; none when the contract refuses it.
    async fn simulate_liquidation(
        &self,
        loan: &LiveLoan,
        liquidator: Address,
        max_repay: u128,
    ) -> Result<Option<Liquidation>, ChainError>;
    /// Whether `signer`, an account or an ERC-1271 contract, accepts that signature of that digest.
    async fn signature_valid(
        &self,
        chain_id: u64,
        signer: Address,
        digest: B256,
        signature: &Bytes,
    ) -> Result<bool, ChainError>;
    /// The present epoch of the scoring oracle.
    async fn attestation_epoch(&self, chain_id: u64) -> Result<u32, ChainError>;
    /// Balance of a token.
    async fn balance(&self, chain_id: u64, token: Address, owner: Address) -> Result<u128, ChainError>;
    /// Transactions that an account had sent at the end of that block.
    async fn transactions_sent(&self, chain_id: u64, account: Address, block: u64) -> Result<u64, ChainError>;

    /// What the chain's sanctions oracle says of these accounts, all at one block; none when the chain has no oracle configured. An
    /// error is never a clearance: an address without code, a malformed answer and a node that is silent are errors.
    async fn sanctioned(&self, chain_id: u64, accounts: &[Address]) -> Result<Option<OracleAnswer>, ChainError>;
}
