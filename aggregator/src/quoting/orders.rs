//! Is the order of an offer the one that was signed, and one that we take?

use alloy_primitives::{Address, U256};
use domain::Reason;
use domain::money::TokenAmount;
use domain::offer::{Binding, Offer, Onchain};
use domain::ports::{ChainError, ChainInfo};
use domain::request::CreditRequest;

use crate::World;

/// Why an offer does not become a quote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Flaw {
    /// A field that breaks the protocol.
    Field { field: &'static str, detail: String },
    /// A rule of ours, fit to show.
    Rule(Reason),
    /// The chain was not there to ask.
    Unchecked(ChainError),
}

fn field(field: &'static str, detail: impl Into<String>) -> Flaw {
    let detail = detail.into();
    Flaw::Field { field, detail }
}

/// An order is what its hash says, for our contract, takes prices from no other oracle than the chain's, is secured or
/// attested, fits the loan that it is to repay, and is signed by its lender: an account, or a contract that the chain is
/// asked about.
pub(super) async fn check_order(world: &World, request: &CreditRequest, offer: &Offer) -> Result<(), Flaw> {
    let Some(onchain) = &offer.onchain else {
        return match offer.binding {
            Binding::OnchainExecutable => Err(field("onchain", "missing")),
            Binding::Firm | Binding::Prequalified | Binding::Indicative => refinancing(request, None),
        };
    };
    let chains = world.contracts.chains();
    let ours = |c: &&ChainInfo| c.chain_id == onchain.chain_id && c.aggregator == onchain.contract;
    let Some(chain) = chains.iter().find(ours) else {
        return Err(field("onchain.contract", "not a settlement contract of ours"));
    };
    terms(onchain, chain)?;
    same_amounts(offer, onchain)?;
    refinancing(request, Some(onchain))?;
    signed(world, onchain).await
}

/// Rules of the contract that would refuse the order, and the oracle that we trust.
fn terms(onchain: &Onchain, chain: &ChainInfo) -> Result<(), Flaw> {
    let order = &onchain.order;
    if !order.oracle.is_zero() && order.oracle != chain.price_oracle {
        return Err(field("onchain.order.oracle", "not the oracle of this chain"));
    }
    if order.oracle.is_zero() != (order.liquidation_ltv_bps == 0) {
        return Err(field("onchain.order.liquidation_ltv_bps", "goes with an oracle"));
    }
    if order.collateral.is_zero() != (order.collateral_amount == 0) {
        return Err(field("onchain.order.collateral_amount", "goes with a collateral"));
    }
    if order.collateral.is_zero() && order.attestation_policy == 0 {
        return Err(field("onchain.order.attestation_policy", "needed without collateral"));
    }
    Ok(())
}

/// What is shown is what the order does: the same token lent and the same collateral locked.
fn same_amounts(offer: &Offer, onchain: &Onchain) -> Result<(), Flaw> {
    let order = &onchain.order;
    let same = |held: &TokenAmount, token: Address, units: u128| {
        held.asset.chain_id == onchain.chain_id && held.asset.token == token && held.units == U256::from(units)
    };
    if !same(&onchain.principal, order.asset, order.principal) {
        return Err(field("onchain.principal", "not what the order lends"));
    }
    let locked = offer.collateral.as_ref().map_or(&[][..], |c| &c.assets);
    let fits = match locked {
        [] => order.collateral.is_zero(),
        [held] => same(&held.amount, order.collateral, order.collateral_amount),
        _ => false,
    };
    if fits {
        Ok(())
    } else {
        Err(field("collateral", "not what the order locks"))
    }
}

/// A request that refinances takes only what can repay the old loan in one transaction.
fn refinancing(request: &CreditRequest, onchain: Option<&Onchain>) -> Result<(), Flaw> {
    let Some(old) = &request.refinances else { return Ok(()) };
    let held = request.collateral.as_ref().map(|held| held.asset.token);
    let fits = onchain.is_some_and(|new| {
        new.chain_id == old.chain_id
            && new.order.asset == old.asset
            && held == Some(new.order.collateral)
            && new.order.attestation_policy == 0
    });
    if fits {
        Ok(())
    } else {
        Err(Flaw::Rule(not_a_refinancing()))
    }
}

/// The reason that a lender or an offer is left out of a refinancing.
pub(super) fn not_a_refinancing() -> Reason {
    Reason::new(
        "NOT_A_REFINANCING",
        "This offer cannot repay your loan on its chain, in its asset and with its collateral.",
    )
}

async fn signed(world: &World, onchain: &Onchain) -> Result<(), Flaw> {
    let (chain_id, order, signature) = (onchain.chain_id, &onchain.order, &onchain.signature);
    let hash = world
        .contracts
        .order_hash(chain_id, order)
        .map_err(|e| field("onchain.order", e.to_string()))?;
    if hash != onchain.order_hash {
        return Err(field("onchain.order_hash", "not the hash of the order"));
    }
    if matches!(world.contracts.order_signed(chain_id, order, signature), Ok(true)) {
        return Ok(());
    }
    match world
        .reader
        .signature_valid(chain_id, order.lender, hash, signature)
        .await
    {
        Ok(true) => Ok(()),
        Ok(false) => Err(field("onchain.signature", "not of the order's lender")),
        Err(error @ ChainError::Unavailable { .. }) => Err(Flaw::Unchecked(error)),
        Err(error) => Err(field("onchain.signature", error.to_string())),
    }
}
