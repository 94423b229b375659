//! What the core needs of a lending pool on a chain: positions in it, and the calls of a wallet that change them.

use alloy_primitives::{Address, U256};
use async_trait::async_trait;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{LenderError, ViewBlock, WalletCall};
use crate::ids::ProviderId;
use crate::money::decimal_text;

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
    /// Price now.
    pub price: Decimal,
    /// Highest price at which the venue lets anyone liquidate; none without debt.
    pub liquidation_price: Option<Decimal>,
    /// It may be liquidated now.
    pub liquidatable: bool,
}

/// One market of a lending pool: one asset lent against one collateral.
#[async_trait]
pub trait Venue: Send + Sync {
    /// The operator-given name; the lender of that name quotes this market.
    fn id(&self) -> &ProviderId;

    /// EIP-155 chain id.
    fn chain_id(&self) -> u64;

    /// How a borrower stands in this market. Nothing borrowed is a position with zeros.
    async fn position(&self, borrower: Address) -> Result<VenuePosition, LenderError>;

    /// Calls of the borrower's wallet that lock `collateral` and borrow `debt` base units, in order.
    async fn open(&self, borrower: Address, collateral: U256, debt: U256) -> Result<Vec<WalletCall>, LenderError>;

    /// Calls of the borrower's wallet that repay `amount` base units; none repays everything.
    async fn repay(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError>;

    /// Calls of the borrower's wallet that take `amount` base units of collateral back; none takes all of it.
    async fn withdraw(&self, borrower: Address, amount: Option<U256>) -> Result<Vec<WalletCall>, LenderError>;
}
