//! Attestations as the scoring oracle hashes them.

use alloy_primitives::{Address, B256, U256};
use alloy_sol_types::{Eip712Domain, SolStruct};
use domain::ports::{ChainError, CreditAttestation};

use super::encode;

/// EIP-712 digest of an attestation under a scoring oracle: what attesters sign, and the name by which it is drawn on.
pub fn attestation_digest(
    chain_id: u64,
    scoring_oracle: Address,
    attestation: &CreditAttestation,
) -> Result<B256, ChainError> {
    let domain = Eip712Domain {
        name: Some("Usance CreditScoringOracle".into()),
        version: Some("1".into()),
        chain_id: Some(U256::from(chain_id)),
        verifying_contract: Some(scoring_oracle),
        salt: None,
    };
    Ok(encode::attestation(attestation)?.eip712_signing_hash(&domain))
}
