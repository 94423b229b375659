//! Gas limits of the calls that we build. What is not used is not paid; a limit only bounds what a hostile token can burn.
//!
//! Figures are gas used in the tests of this crate on anvil, with a plain token. A lender that is a contract, such as a pool, adds
//! its check of the order (up to 100k) and one hook a call (120k at most, see `ICreditHook`).

/// Measured 186k, with a price 228k, with a pool 309k.
pub(super) const ORIGINATE: u64 = 600_000;
/// On top of an origination. Measured together 223k, unsecured, with two signatures.
pub(super) const ATTESTATION: u64 = 150_000;
/// Measured 179k; with prices and two hooks an origination and a repayment together.
pub(super) const REFINANCE: u64 = 900_000;
/// Measured at most 97k, the last payment of a loan of a pool.
pub(super) const REPAY: u64 = 400_000;
/// Measured at most 119k, a withdrawal with a price.
pub(super) const COLLATERAL: u64 = 300_000;
/// Measured at most 176k.
pub(super) const LIQUIDATE: u64 = 600_000;
/// Measured at most 109k.
pub(super) const MARK_DEFAULT: u64 = 500_000;
/// Measured 51k.
pub(super) const APPROVE: u64 = 100_000;
/// First anchor of a log 87k by the cost of its two slots and event, later ones less.
pub(super) const ANCHOR: u64 = 150_000;
/// A read.
pub(super) const READ: u64 = 1_000_000;
/// ERC-1271. A wallet takes well under 100k; a pool checks the whole order against its policy and asks for two prices.
pub(super) const SIGNATURE: u64 = 500_000;
