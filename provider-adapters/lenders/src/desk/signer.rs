//! Who signs a desk's orders.

use alloy_primitives::{Address, B256, Bytes, Signature};
use async_trait::async_trait;
use k256::ecdsa::SigningKey;
use secrecy::{ExposeSecret as _, SecretString};

/// The signer cannot sign.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SignerError {
    /// The text is not a private key.
    #[error("a signing key is 32 bytes of hex")]
    BadKey,
    /// The key service does not answer, or refuses.
    #[error("the order could not be signed")]
    Failed,
}

/// Signs order hashes: a key in memory, or a key service.
#[async_trait]
pub trait OrderSigner: Send + Sync {
    /// The account that lends.
    fn address(&self) -> Address;
    /// 65 bytes `r ‖ s ‖ v` over the hash as it is, `v` 27 or 28, `s` in the lower half.
    async fn sign(&self, hash: B256) -> Result<Bytes, SignerError>;
}

/// A key in memory.
pub struct LocalSigner {
    key: SigningKey,
    address: Address,
}

impl LocalSigner {
    /// From the hex of 32 bytes, with or without `0x`.
    pub fn from_hex(key: &SecretString) -> Result<Self, SignerError> {
        let bytes: B256 = key.expose_secret().parse().map_err(|_| SignerError::BadKey)?;
        let key = SigningKey::from_slice(bytes.as_slice()).map_err(|_| SignerError::BadKey)?;
        let address = Address::from_public_key(key.verifying_key());
        Ok(Self { key, address })
    }
}

impl std::fmt::Debug for LocalSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "LocalSigner({})", self.address)
    }
}

#[async_trait]
impl OrderSigner for LocalSigner {
    fn address(&self) -> Address {
        self.address
    }

    async fn sign(&self, hash: B256) -> Result<Bytes, SignerError> {
        let signed = self
            .key
            .sign_prehash_recoverable(hash.as_slice())
            .map_err(|_| SignerError::Failed)?;
        Ok(Signature::from(signed).as_bytes().to_vec().into())
    }
}
