//! Signing keys.

use std::fmt;

use alloy_primitives::{Address, B256, ChainId, Signature, address};
use async_trait::async_trait;
use k256::ecdsa::SigningKey;
use secrecy::{ExposeSecret, SecretString};

use crate::registry::Profile;

/// Anything that signs a digest for one account: a key in memory here, a key service elsewhere.
pub type DynSigner = dyn alloy_signer::Signer + Send + Sync;

/// A secp256k1 key in memory. It is never printed.
#[derive(Clone)]
pub struct KeySigner {
    key: SigningKey,
    address: Address,
}

impl KeySigner {
    /// Reads a key of 32 bytes in hexadecimal. The production profile refuses every public development key.
    pub fn from_secret(secret: &SecretString, profile: Profile) -> Result<Self, KeyError> {
        let bytes: B256 = secret.expose_secret().trim().parse().map_err(|_| KeyError::Malformed)?;
        let signer = Self::from_bytes(bytes)?;
        refuse_development_account(signer.address, profile)?;
        Ok(signer)
    }

    fn from_bytes(bytes: B256) -> Result<Self, KeyError> {
        let key = SigningKey::from_slice(bytes.as_slice()).map_err(|_| KeyError::Malformed)?;
        let address = Address::from_private_key(&key);
        Ok(Self { key, address })
    }

    /// The account.
    pub fn address(&self) -> Address {
        self.address
    }

    /// Signs a digest. The recovery byte is 27 or 28, as contracts expect it in [`Signature::as_bytes`].
    pub fn sign(&self, digest: B256) -> Result<Signature, KeyError> {
        let signed = self
            .key
            .sign_prehash_recoverable(digest.as_slice())
            .map_err(|_| KeyError::Unusable)?;
        Ok(signed.into())
    }
}

impl fmt::Debug for KeySigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeySigner")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl alloy_signer::Signer for KeySigner {
    async fn sign_hash(&self, hash: &B256) -> alloy_signer::Result<Signature> {
        self.sign(*hash).map_err(alloy_signer::Error::other)
    }

    fn address(&self) -> Address {
        self.address
    }

    fn chain_id(&self) -> Option<ChainId> {
        None
    }

    fn set_chain_id(&mut self, _chain_id: Option<ChainId>) {}
}

/// Why a key cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a private key.
    #[error("a private key is 32 bytes in hexadecimal, above zero and below the group order")]
    Malformed,
    /// The key cannot sign that digest.
    #[error("the key cannot sign")]
    Unusable,
    /// Everybody knows this key.
    #[error("{0} is a public development account and is refused in production")]
    Development(Address),
}

/// Refuses, in production, the accounts whose keys everybody knows.
pub fn refuse_development_account(account: Address, profile: Profile) -> Result<(), KeyError> {
    if profile == Profile::Production && DEVELOPMENT_ACCOUNTS.contains(&account) {
        return Err(KeyError::Development(account));
    }
    Ok(())
}

/// A public development account, by its index under the mnemonic that anvil documents
/// (`test test test test test test test test test test test junk`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DevAccount {
    /// Deploys and administrates.
    Deployer,
    /// Pays gas for settlements.
    Submitter,
    /// Lends on chain.
    Desk,
    /// A sample borrower.
    Borrower,
    /// May lower risk on chain, and nothing else.
    Guardian,
    /// Attests credit; two of the three must sign.
    AttesterOne,
    /// The second attester.
    AttesterTwo,
    /// The third attester.
    AttesterThree,
    /// Owns the money in the pool.
    Depositor,
}

impl DevAccount {
    /// The attesters of a development chain.
    pub const ATTESTERS: [Self; 3] = [Self::AttesterOne, Self::AttesterTwo, Self::AttesterThree];

    /// The key. Public knowledge: worth nothing, refused in production.
    ///
    /// # Panics
    /// Never: the constants are valid keys.
    pub fn signer(self) -> KeySigner {
        let bytes: B256 = DEVELOPMENT_KEYS[self.index()].parse().expect("a constant of 32 bytes");
        KeySigner::from_bytes(bytes).expect("a constant within the group order")
    }

    /// The key as configuration has it.
    pub fn secret(self) -> SecretString {
        SecretString::from(DEVELOPMENT_KEYS[self.index()].to_owned())
    }

    /// The account.
    pub fn address(self) -> Address {
        DEVELOPMENT_ACCOUNTS[self.index()]
    }

    fn index(self) -> usize {
        match self {
            Self::Deployer => 0,
            Self::Submitter => 1,
            Self::Desk => 2,
            Self::Borrower => 3,
            Self::Guardian => 4,
            Self::AttesterOne => 5,
            Self::AttesterTwo => 6,
            Self::AttesterThree => 7,
            Self::Depositor => 8,
        }
    }
}

/// Public development keys of anvil, hardhat and every tutorial.
const DEVELOPMENT_KEYS: [&str; 9] = [
    "0xac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80",
    "0x59c6995e998f97a5a0044966f0945389dc9e86dae88c7a8412f4603b6b78690d",
    "0x5de4111afa1a4b94908f83103eb1f1706367c2e68ca870fc3fb9a804cdab365a",
    "0x7c852118294e51e653712a81e05800f419141751be58f605c371e15141b007a6",
    "0x47e179ec197488593b187f80a00eb0da91f1b9d0b13f8733639f19c30a34926a",
    "0x8b3a350cf5c34c9194ca85829a2df0ec3153be0318b5e2d3348e872092edffba",
    "0x92db14e403b83dfe3df233f83dfa3a0d7096f21ca9b0d6d6b8d88b2b4ec1564e",
    "0x4bbbf85ce3377467afe5d46f804f221813b2bb87f24d81f60f1fcdbf7cbf4356",
    "0xdbda1821b80551c9d65939329250298aa3472ba22feea921c0cf5d620ea67b97",
];

/// The development account that has no part.
pub(crate) const SPARE_ACCOUNT: Address = DEVELOPMENT_ACCOUNTS[9];

/// The ten accounts of the same mnemonic.
const DEVELOPMENT_ACCOUNTS: [Address; 10] = [
    address!("f39Fd6e51aad88F6F4ce6aB8827279cffFb92266"),
    address!("70997970C51812dc3A010C7d01b50e0d17dc79C8"),
    address!("3C44CdDdB6a900fa2b585dd299e03d12FA4293BC"),
    address!("90F79bf6EB2c4f870365E785982E1f101E93b906"),
    address!("15d34AAf54267DB7D7c367839AAf71A00a2C6A65"),
    address!("9965507D1a55bcC2695C58ba16FB37d819B0A4dc"),
    address!("976EA74026E726554dB657fA54763abd0C3a0aa9"),
    address!("14dC79964da2C08b23698B3D3cc7Ca32193d9955"),
    address!("23618e81E3f5cdF7f54C3d65f7FBc0aBf5B21E8f"),
    address!("a0Ee7A142d267C1f36714E4a8F75612F20a79720"),
];

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [DevAccount; 9] = [
        DevAccount::Deployer,
        DevAccount::Submitter,
        DevAccount::Desk,
        DevAccount::Borrower,
        DevAccount::Guardian,
        DevAccount::AttesterOne,
        DevAccount::AttesterTwo,
        DevAccount::AttesterThree,
        DevAccount::Depositor,
    ];

    #[test]
    fn development_keys_belong_to_the_development_accounts() {
        for account in ALL {
            assert_eq!(account.signer().address(), account.address());
        }
    }

    #[test]
    fn production_refuses_development_keys() {
        for key in DEVELOPMENT_KEYS {
            let secret = SecretString::from(key.to_owned());
            assert!(KeySigner::from_secret(&secret, Profile::Development).is_ok());
            let refused = KeySigner::from_secret(&secret, Profile::Production).map(|s| s.address());
            assert!(matches!(refused, Err(KeyError::Development(_))));
        }
    }

    #[test]
    fn a_key_is_never_printed() {
        let text = format!("{:?}", DevAccount::Desk.signer());
        assert!(!text.to_lowercase().contains(&DEVELOPMENT_KEYS[2][2..20]), "{text}");
    }

    #[test]
    fn a_malformed_key_is_refused() {
        for text in ["", "0x12", "zz", &"00".repeat(32), &"ff".repeat(32)] {
            let secret = SecretString::from((*text).to_owned());
            assert_eq!(
                KeySigner::from_secret(&secret, Profile::Development).map(|s| s.address()),
                Err(KeyError::Malformed)
            );
        }
    }

    #[test]
    fn a_signature_recovers_to_its_account() {
        let signer = DevAccount::Borrower.signer();
        let digest = B256::repeat_byte(7);
        let signature = signer.sign(digest).unwrap();
        assert_eq!(
            signature.recover_address_from_prehash(&digest).unwrap(),
            signer.address()
        );
        assert!(matches!(signature.as_bytes()[64], 27 | 28));
    }
}
