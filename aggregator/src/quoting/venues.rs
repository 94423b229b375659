//! Is a loan of a pool one of the venue that offers it?

use domain::ids::ProviderId;
use domain::offer::{Binding, Offer};

use crate::World;

/// The field that breaks the rule, and how. A loan of a pool comes from a venue of ours only, in its own market, bound by nobody, and
/// what is shown is what the wallet will do.
pub(super) fn flaw(world: &World, provider: &ProviderId, offer: &Offer) -> Option<(&'static str, &'static str)> {
    let loan = offer.venue.as_ref()?;
    let Some(venue) = world.venues.iter().find(|venue| venue.id() == provider) else {
        return Some(("venue", "not of a venue of ours"));
    };
    let market = venue.market();
    let same = loan.chain_id == market.chain_id
        && loan.debt.asset == market.asset
        && loan.collateral.asset == market.collateral
        && loan.router == market.router;
    if !same {
        return Some(("venue", "not the venue's market"));
    }
    if offer.onchain.is_some() || offer.binding != Binding::Indicative {
        return Some(("binding", "nobody is bound by a pool"));
    }
    let locked = offer.collateral.as_ref().map_or(&[][..], |held| &held.assets);
    let shown = matches!(locked, [held] if held.amount == loan.collateral);
    (!shown).then_some(("collateral", "not what is locked"))
}
