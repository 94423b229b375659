//! What the core needs of a lending pool on a chain: positions in it, the calls of a wallet that change them, and what happened to them.

use std::ops::RangeInclusive;

use alloy_primitives::{Address, B256, Bytes, U256};
use async_trait::async_trait;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{LenderError, ViewBlock, WalletCall};
use crate::ids::ProviderId;
use crate::money::{Asset, decimal_text};

/// What a venue lends, and against what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VenueMarket {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Name of the protocol, for people.
    pub name: String,
    /// Lent.
    pub asset: Asset,
    /// Locked.
    pub collateral: Asset,
    /// Contract through which a wallet opens and closes a position in one transaction; none where the wallet does it call by call.
    pub router: Option<Address>,
}

/// A debt and its collateral at a venue in one block. Prices are of one whole collateral token in whole tokens of the asset lent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct VenuePosition {
    /// As of.
    pub block: ViewBlock,
    /// Collateral that the venue holds for the borrower, base units.
    #[serde(with = "decimal_text")]
    pub collateral: U256,
    /// What a repayment in full takes in that block, base units.
    #[serde(with = "decimal_text")]
    pub debt: U256,
    /// Nominal yearly rate now, as a fraction.
    pub rate: Decimal,
    /// Debt over value of the collateral as the venue values both; none without collateral.
    pub ltv: Option<Decimal>,
    /// Debt over value above which anyone may liquidate.
    pub liquidation_ltv: Decimal,
    /// Price now.
    pub price: Decimal,
    /// Highest price at which the venue lets anyone liquidate; none without debt.
    pub liquidation_price: Option<Decimal>,
    /// It may be liquidated now.
    pub liquidatable: bool,
}

/// A position that is to be opened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenueOpening {
    /// Whose: the wallet that sends the calls.
    pub borrower: Address,
    /// To be locked, base units.
    #[serde(with = "decimal_text")]
    pub collateral: U256,
    /// To be borrowed, base units.
    #[serde(with = "decimal_text")]
    pub debt: U256,
    /// Unix second after which a permission to open it is dead.
    pub deadline: u64,
}

/// What the borrower signs so that the router may borrow in its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenuePermission {
    /// The JSON of `eth_signTypedData_v4`.
    pub typed_data: serde_json::Value,
    /// Its EIP-712 digest.
    pub digest: B256,
    /// The contract that takes the signature.
    pub contract: Address,
    /// The borrower's nonce at that contract.
    #[serde(with = "decimal_text")]
    pub nonce: U256,
}

/// How a wallet opens a position.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VenuePlan {
    /// Which position.
    pub opening: VenueOpening,
    /// What the wallet does first, in order.
    pub approvals: Vec<WalletCall>,
    /// What it signs; none where nothing is to be signed.
    pub permission: Option<VenuePermission>,
    /// What it sends then, in order; empty while a signature is awaited, see [`Venue::open_signed`].
    pub calls: Vec<WalletCall>,
}

/// What happened to a position. Amounts are base units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VenueEventKind {
    /// Money went out.
    Borrowed {
        /// How much.
        amount: U256,
    },
    /// A payment.
    Repaid {
        /// Who paid.
        payer: Address,
        /// How much.
        amount: U256,
    },
    /// Collateral was added or taken back.
    CollateralChanged {
        /// Who did it.
        by: Address,
    },
    /// A liquidator paid and took collateral.
    Liquidated {
        /// Who.
        liquidator: Address,
        /// What was paid; nothing when an event of its own tells it.
        repaid: U256,
        /// Collateral taken.
        seized: U256,
        /// Debt that the venue's other lenders lost; it is owed no more.
        bad_debt: U256,
    },
}

/// An event of a position in a final block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VenueEvent {
    /// The block.
    pub block: ViewBlock,
    /// Transaction.
    pub tx_hash: B256,
    /// Position in the block.
    pub log_index: u64,
    /// What happened.
    pub kind: VenueEventKind,
}

/// One market of a lending pool: one asset lent against one collateral.
#[async_trait]
pub trait Venue: Send + Sync {
    /// The operator-given name; the lender of that name quotes this market.
    fn id(&self) -> &ProviderId;

    /// What is lent against what.
    fn market(&self) -> VenueMarket;

    /// How a borrower stands in this market. Nothing borrowed is a position with zeros.
    async fn position(&self, borrower: Address) -> Result<VenuePosition, LenderError>;

    /// How a borrower stood at the end of that block. A node that no longer has its state is [`LenderError::Unavailable`].
    async fn position_at(&self, borrower: Address, block: ViewBlock) -> Result<VenuePosition, LenderError>;

    /// How the borrower's wallet opens a position: by one call of the router where there is one.
    async fn plan(&self, opening: VenueOpening) -> Result<VenuePlan, LenderError>;

    /// The call that opens with the signed permission; none when the signature is not the borrower's over it. No I/O.
    fn open_signed(&self, plan: &VenuePlan, signature: &Bytes) -> Option<WalletCall>;

    /// Calls of the borrower's wallet that lock more collateral, base units.
    async fn lock(&self, borrower: Address, amount: U256) -> Result<Vec<WalletCall>, LenderError>;

    /// Calls of the borrower's wallet that repay `amount` base units; none repays everything.
    async fn repay(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError>;

    /// Calls of the borrower's wallet that take `amount` base units of collateral back; none takes all of it.
    async fn withdraw(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError>;

    /// Calls of the borrower's wallet that repay everything and take all collateral back: in one transaction where there is a router.
    async fn close(&self, borrower: Address) -> Result<Vec<WalletCall>, LenderError>;

    /// What happened to the borrower's position in these final blocks, in the chain's order.
    async fn events(&self, borrower: Address, blocks: RangeInclusive<u64>) -> Result<Vec<VenueEvent>, LenderError>;
}
