//! Signatures of credit attestations: m of n keys, in memory in development, of key services in production.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use alloy_primitives::{Address, B256, Bytes};
use async_trait::async_trait;
use domain::ports::{ChainError, CreditAttestation, SignedAttestation};
use futures::StreamExt;
use futures::stream::FuturesUnordered;

use crate::contracts::attestation_digest;
use crate::keys::DynSigner;
use crate::registry::Registry;

/// Why keys do not make an attester.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AttesterError {
    /// No attestation could ever be signed.
    #[error("a threshold of {threshold} needs 1 to {keys} keys")]
    Threshold {
        /// Configured threshold.
        threshold: usize,
        /// Configured keys.
        keys: usize,
    },
    /// The contract counts each attester once.
    #[error("the attester {0} is given twice")]
    Twice(Address),
}

/// [`domain::ports::Attester`] over any signers. Every key is asked at once; the first `threshold` good signatures are taken, so
/// that a key service may be down.
pub struct Attesters {
    registry: Registry,
    signers: BTreeMap<Address, Arc<DynSigner>>,
    threshold: usize,
}

impl fmt::Debug for Attesters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Attesters")
            .field("signers", &self.signers.keys())
            .field("threshold", &self.threshold)
            .finish_non_exhaustive()
    }
}

impl Attesters {
    /// Over these keys, of which `threshold` must sign: at least what the scoring oracles of all chains ask.
    pub fn new(
        registry: Registry,
        signers: impl IntoIterator<Item = Arc<DynSigner>>,
        threshold: usize,
    ) -> Result<Self, AttesterError> {
        let mut by_address: BTreeMap<Address, Arc<DynSigner>> = BTreeMap::new();
        for signer in signers {
            let address = signer.address();
            if by_address.insert(address, signer).is_some() {
                return Err(AttesterError::Twice(address));
            }
        }
        let keys = by_address.len();
        if threshold == 0 || threshold > keys {
            return Err(AttesterError::Threshold { threshold, keys });
        }
        Ok(Self {
            registry,
            signers: by_address,
            threshold,
        })
    }

    /// The accounts that may sign, ascending.
    pub fn addresses(&self) -> impl Iterator<Item = Address> {
        self.signers.keys().copied()
    }
}

#[async_trait]
impl domain::ports::Attester for Attesters {
    async fn attest(&self, chain_id: u64, attestation: CreditAttestation) -> Result<SignedAttestation, ChainError> {
        let chain = self.registry.get(chain_id).ok_or(ChainError::UnknownChain(chain_id))?;
        let digest = attestation_digest(chain_id, chain.scoring_oracle, &attestation)?;
        let mut answers: FuturesUnordered<_> = self
            .signers
            .iter()
            .map(|(address, signer)| sign(*address, signer.as_ref(), digest))
            .collect();
        // Ascending by signer, as the contract wants them.
        let mut signed = BTreeMap::new();
        while signed.len() < self.threshold {
            match answers.next().await {
                Some(Ok((address, signature))) => _ = signed.insert(address, signature),
                Some(Err((address, detail))) => {
                    metrics::counter!("chain_attester_errors_total", "attester" => address.to_string()).increment(1);
                    tracing::warn!(%address, detail, "attester");
                }
                None => {
                    let (given, needed) = (signed.len(), self.threshold);
                    return Err(ChainError::Unavailable {
                        chain_id,
                        detail: format!("{given} of {needed} attesters signed"),
                    });
                }
            }
        }
        Ok(SignedAttestation {
            attestation,
            digest,
            signatures: signed.into_values().collect(),
        })
    }
}

async fn sign(address: Address, signer: &DynSigner, digest: B256) -> Result<(Address, Bytes), (Address, String)> {
    let signature = signer.sign_hash(&digest).await;
    let signature = signature.map_err(|error| (address, error.to_string()))?;
    let signature = signature.normalized_s();
    // One bad signature would make the whole origination fail on chain.
    let recovered = signature.recover_address_from_prehash(&digest);
    if recovered.ok() != Some(address) {
        return Err((address, "the signature is not by this key".to_owned()));
    }
    Ok((address, signature.as_bytes().to_vec().into()))
}
