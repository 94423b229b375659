//! The commitment to a quote. What is compared is what is settled: acceptance names this digest.

use alloy_primitives::{B256, keccak256};
use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::appraisal::Appraisal;
use crate::decision::RuleVersion;
use crate::ids::{ProviderId, QuoteId};
use crate::offer::Offer;
use crate::quote::Quote;
use crate::request::CreditRequest;

/// Separates this digest from every other hash of ours.
const DOMAIN: &[u8] = b"usance.quote.v1\0";

/// How an offer reached us.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// Id that the quote gets.
    pub id: QuoteId,
    /// The lender.
    pub provider: ProviderId,
    /// When.
    pub at: DateTime<Utc>,
}

impl Quote {
    /// Makes the quote of an appraised offer and commits to it.
    pub fn seal(
        arrival: Arrival,
        request: &CreditRequest,
        offer: Offer,
        appraisal: Appraisal,
        rule_versions: Vec<RuleVersion>,
    ) -> Self {
        let mut quote = Self {
            id: arrival.id,
            request_id: request.id,
            provider: arrival.provider,
            jurisdiction: request.jurisdiction.clone(),
            received_at: arrival.at,
            offer,
            verified: appraisal.verified,
            scenarios: appraisal.scenarios,
            flags: appraisal.flags,
            rule_versions,
            digest: B256::ZERO,
        };
        quote.digest = quote.compute_digest();
        quote
    }

    /// The digest of every field but the digest itself. The bytes hashed are the quote's own serialization with a zero
    /// digest, so a new field cannot escape the commitment.
    pub fn compute_digest(&self) -> B256 {
        let mut bytes = DOMAIN.to_vec();
        let blank = Self {
            digest: B256::ZERO,
            ..self.clone()
        };
        bytes.extend(canonical_json(&blank));
        keccak256(bytes)
    }
}

/// Canonical bytes of a value: JSON without white space, fields in the order of the struct. Used for whatever must
/// replay to the same bytes.
///
/// # Panics
/// Never for the types of this crate: they have no map with keys that are not strings and no failing serializer.
pub fn canonical_json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("types of the domain serialize")
}

#[cfg(test)]
mod tests;
