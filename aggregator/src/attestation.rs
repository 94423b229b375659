//! Credit attestations: a promise to lenders on chain, made of our own stored decision. It carries a band and a limit,
//! never a score.

use std::collections::BTreeMap;

use alloy_primitives::{B256, U256};
use chrono::{DateTime, Utc};
use domain::Reason;
use domain::ids::RequestId;
use domain::money::Money;
use domain::offer::{Offer, Onchain};
use domain::ports::{CreditAttestation, SignedAttestation};
use domain::quote::Quote;
use risk::RiskDecision;

use crate::api::Error;
use crate::settlement::chain_error;
use crate::store::quoting::AskedRequest;
use crate::store::{chain, corrupt, decisions, from_json};
use crate::{Aggregator, World};

/// Highest probability of default of each band but the last, parts per million: bands 1 to 4; everything above is band 5.
const BANDS_PPM: [u32; 4] = [10_000, 25_000, 50_000, 100_000];
/// Clocks of chains may lag by this many seconds behind ours.
const SKEW_SECONDS: u64 = 60;
/// A newest block older than this says nothing of the chain's clock.
const STALE_SECONDS: u64 = 3_600;
/// Decimals in which limits are attested.
const LIMIT_DECIMALS: u32 = 18;

/// What an on-chain policy asks of an attestation, as the scoring oracle holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AttestationPolicy {
    /// Class of assets that the limit counts; the tokens of a class are worth one unit of the quote's currency.
    pub asset_class: u16,
    /// Largest band that is accepted, 1 to 5.
    pub worst_band: u8,
}

/// Policies that we attest for. An offer that asks for another one is not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttestationSettings {
    /// By the policy's number.
    pub policies: BTreeMap<u32, AttestationPolicy>,
}

impl Default for AttestationSettings {
    fn default() -> Self {
        let first = AttestationPolicy {
            asset_class: 1,
            worst_band: 3,
        };
        Self {
            policies: BTreeMap::from([(1, first)]),
        }
    }
}

/// The band of a decision: 1 is the best, 5 the worst.
pub fn band(decision: &RiskDecision) -> u8 {
    band_of(decision.pd_ppm)
}

fn band_of(pd_ppm: u32) -> u8 {
    let better = BANDS_PPM.iter().take_while(|limit| pd_ppm > **limit).count();
    u8::try_from(better + 1).unwrap_or(u8::MAX)
}

/// Why the decision does not meet what the order asks for; empty when it does, or when nothing is asked.
fn unmet(world: &World, decision: &RiskDecision, principal: Money, onchain: &Onchain) -> Vec<Reason> {
    let asked = onchain.order.attestation_policy;
    if asked == 0 {
        return Vec::new();
    }
    let Some(policy) = world.settings.attestation.policies.get(&asked) else {
        let text = "We do not attest what this lender asks for.";
        return vec![Reason::new("ATTESTATION_POLICY_UNKNOWN", text)];
    };
    let mut reasons = Vec::new();
    if band(decision) > policy.worst_band {
        let text = "Your credit decision does not reach what this lender asks for without full collateral.";
        reasons.push(Reason::new("ATTESTATION_BAND", text));
    }
    let available = decision.available;
    if available.currency != principal.currency || available.minor < principal.minor {
        let text = format!("We can attest at most {available}.");
        reasons.push(Reason::new("ATTESTATION_LIMIT", text));
    }
    if !reasons.is_empty() {
        reasons.extend(decision.reasons.iter().cloned());
    }
    reasons
}

/// Why an offer cannot be attested under the request's decision; empty when it can, or when it asks for no attestation.
pub(crate) fn refusal(world: &World, decision: &RiskDecision, offer: &Offer) -> Vec<Reason> {
    let Some(onchain) = offer.onchain.as_ref().filter(|o| o.order.attestation_policy != 0) else {
        return Vec::new();
    };
    unmet(world, decision, offer.amounts.offered, onchain)
}

/// The principal in the unit of limits; none when the order lends another amount than the offer says.
fn limit(principal: Money, onchain: &Onchain) -> Option<U256> {
    let scaled = |units: U256, decimals: u32| {
        let factor = U256::from(10).checked_pow(U256::from(LIMIT_DECIMALS.checked_sub(decimals)?))?;
        units.checked_mul(factor)
    };
    let minor = U256::from(u64::try_from(principal.minor).ok()?);
    let limit = scaled(minor, principal.currency.decimals())?;
    let lent = scaled(
        U256::from(onchain.order.principal),
        u32::from(onchain.principal.asset.decimals),
    )?;
    (lent == limit).then_some(limit)
}

impl Aggregator {
    /// Signs what the quote's order asks for; none when it asks for nothing. Made outside of any database transaction:
    /// an attestation that is not stored with a settlement is never shown to anybody.
    ///
    /// Refusal: `ATTESTATION_REFUSED`.
    pub(crate) async fn attest(
        &self,
        request: &AskedRequest,
        quote: &Quote,
    ) -> Result<Option<SignedAttestation>, Error> {
        let world = &self.world;
        let Some(onchain) = quote.offer.onchain.as_ref().filter(|o| o.order.attestation_policy != 0) else {
            return Ok(None);
        };
        let principal = quote.offer.amounts.offered;
        let decision = self.stored_risk(request.id).await?;
        let reasons = unmet(world, &decision, principal, onchain);
        if !reasons.is_empty() {
            let text: Vec<String> = reasons.into_iter().map(|reason| reason.text).collect();
            return Err(Error::refused("ATTESTATION_REFUSED", text.join(" "), Some("quoteId")));
        }
        let policy = world
            .settings
            .attestation
            .policies
            .get(&onchain.order.attestation_policy);
        let (Some(policy), Some(limit)) = (policy, limit(principal, onchain)) else {
            let text = "The order lends another amount than the quote says.";
            return Err(Error::refused("ATTESTATION_REFUSED", text, Some("quoteId")));
        };
        let borrower = request.wallet.ok_or_else(crate::settlement::wallet_required)?;
        let epoch = world
            .reader
            .attestation_epoch(onchain.chain_id)
            .await
            .map_err(chain_error)?;
        let attestation = CreditAttestation {
            borrower,
            limit,
            asset_class: policy.asset_class,
            score_band: band(&decision),
            issued_at: self.issued_at(onchain.chain_id, world.clock.now()).await?,
            expires_at: onchain.order.expiry,
            epoch,
            id: B256::left_padding_from(world.ids.next().as_bytes()),
        };
        let signed = world.attesters.attest(onchain.chain_id, attestation).await;
        signed.map(Some).map_err(chain_error)
    }

    /// The decision that the request was quoted under.
    async fn stored_risk(&self, request: RequestId) -> Result<RiskDecision, Error> {
        let mut conn = self.world.db.acquire().await?;
        let stored = decisions::of_request(&mut conn, request).await?;
        let found = stored
            .iter()
            .find(|row| row.kind == crate::decisions::DecisionKind::Risk.as_str());
        from_json(&found.ok_or(Error::NotFound)?.result)
    }

    /// Now, but never ahead of the chain: the contract refuses attestations from the future.
    async fn issued_at(&self, chain_id: u64, now: DateTime<Utc>) -> Result<u64, Error> {
        let now = u64::try_from(now.timestamp()).map_err(corrupt)?;
        let mut conn = self.world.db.acquire().await?;
        let tip = chain::block(&mut conn, chain_id, None).await?.map(|tip| tip.timestamp);
        let fresh = tip.filter(|tip| now.saturating_sub(*tip) < STALE_SECONDS);
        Ok(fresh.map_or(now.saturating_sub(SKEW_SECONDS), |tip| tip.min(now)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_band_follows_the_probability_of_default() {
        let bands = [0, 10_000, 10_001, 25_000, 25_001, 50_001, 100_000, 100_001, 1_000_000];
        assert_eq!(bands.map(band_of), [1, 1, 2, 2, 3, 4, 4, 5, 5]);
    }
}
