//! Gas limits of the calls that we build. What is not used is not paid; a limit only bounds what a hostile token can burn.

/// One origination. A lender that is a contract takes up to 250k more: its check of the order and its hook.
pub(super) const ORIGINATE: u64 = 600_000;
/// Presenting an attestation before it, for each signature and once.
pub(super) const ATTESTATION: u64 = 150_000;
/// A refinancing: an origination, a repayment and at most two hooks.
pub(super) const REFINANCE: u64 = 900_000;
/// A payment, with the release of the collateral and a hook.
pub(super) const REPAY: u64 = 400_000;
/// Collateral in or out, with a price.
pub(super) const COLLATERAL: u64 = 300_000;
/// A liquidation, with two prices and a hook.
pub(super) const LIQUIDATE: u64 = 600_000;
/// A default, with two prices and a hook.
pub(super) const MARK_DEFAULT: u64 = 500_000;
/// An allowance.
pub(super) const APPROVE: u64 = 100_000;
/// A read.
pub(super) const READ: u64 = 1_000_000;
/// ERC-1271. A wallet takes well under 100k; a pool checks the whole order against its policy and asks for prices.
pub(super) const SIGNATURE: u64 = 500_000;
