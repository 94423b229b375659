//! Signed transaction bytes.

use alloy_consensus::{SignableTransaction, TxEip1559};
use alloy_eips::eip2718::Encodable2718;
use alloy_primitives::{Address, B256, Bytes, TxKind, U256};

use crate::fees::Fees;
use crate::keys::DynSigner;

/// EIP-7825: no transaction may take more gas. Some development chains do not enforce it, so we do.
pub const MAX_GAS: u64 = 16_777_216;

/// A transaction without its signature. No value is ever sent along.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsigned {
    /// EIP-155 chain id.
    pub chain_id: u64,
    /// Nonce.
    pub nonce: u64,
    /// Receiver.
    pub to: Address,
    /// Calldata.
    pub data: Bytes,
    /// Gas limit.
    pub gas_limit: u64,
    /// Fees.
    pub fees: Fees,
}

/// Bytes that can be broadcast any number of times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// Transaction hash.
    pub hash: B256,
    /// EIP-2718 bytes.
    pub raw: Bytes,
}

/// Why a transaction was not signed.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// Above [`MAX_GAS`].
    #[error("gas limit {0} is above the limit of a transaction, {MAX_GAS}")]
    TooMuchGas(u64),
    /// The key, or the service that holds it, failed.
    #[error("signing failed")]
    Signer(#[from] alloy_signer::Error),
}

/// Signs.
pub async fn sign(unsigned: Unsigned, signer: &DynSigner) -> Result<Signed, SignError> {
    if unsigned.gas_limit >= MAX_GAS {
        return Err(SignError::TooMuchGas(unsigned.gas_limit));
    }
    let tx = TxEip1559 {
        chain_id: unsigned.chain_id,
        nonce: unsigned.nonce,
        gas_limit: unsigned.gas_limit,
        max_fee_per_gas: unsigned.fees.max_fee,
        max_priority_fee_per_gas: unsigned.fees.tip,
        to: TxKind::Call(unsigned.to),
        value: U256::ZERO,
        access_list: alloy_eips::eip2930::AccessList::default(),
        input: unsigned.data,
    };
    let signature = signer.sign_hash(&tx.signature_hash()).await?;
    let envelope = tx.into_signed(signature);
    Ok(Signed {
        hash: *envelope.hash(),
        raw: envelope.encoded_2718().into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::DevAccount;

    #[tokio::test]
    async fn gas_at_the_protocol_limit_is_refused() {
        let unsigned = Unsigned {
            chain_id: 1,
            nonce: 0,
            to: Address::ZERO,
            data: Bytes::new(),
            gas_limit: MAX_GAS,
            fees: Fees { max_fee: 1, tip: 1 },
        };
        let refused = sign(unsigned, &DevAccount::Submitter.signer()).await;
        assert!(matches!(refused, Err(SignError::TooMuchGas(MAX_GAS))));
    }
}
