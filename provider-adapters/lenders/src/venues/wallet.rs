//! What a wallet does through the router, and what the chain then says about its position.

use alloy_primitives::{Address, B256, Bytes, Signature, U256, keccak256};
use alloy_sol_types::SolValue;
use async_trait::async_trait;
use domain::ports::{EventLog, LogFilter, VenueEventKind, VenueOpening, VenuePermission, VenuePlan, WalletCall};
use sdk::LenderError;
use serde_json::{Value, json};

use super::abi_router::Permission;
use super::terms::Market;

/// A protocol whose positions the router opens and closes, and whose events are followed.
#[async_trait]
pub(super) trait Followed: Market {
    /// How the wallet opens through the router.
    async fn plan(&self, router: Address, opening: VenueOpening) -> Result<VenuePlan, LenderError>;
    /// The router's call with that signed permission; none where nothing is signed.
    fn open_signed(&self, router: Address, plan: &VenuePlan, signed: Permission) -> Option<WalletCall>;
    /// Calls that close through the router.
    async fn close(&self, router: Address, borrower: Address) -> Result<Vec<WalletCall>, LenderError>;
    /// Where events of the borrower's position stand.
    fn filters(&self, borrower: Address) -> Vec<LogFilter>;
    /// What a log says about the borrower's position; none when it is about something else.
    async fn event(&self, borrower: Address, log: &EventLog) -> Result<Option<VenueEventKind>, LenderError>;
}

/// EIP-712 digest of a struct in a contract's own domain.
pub(super) fn digest(separator: B256, words: &[u8]) -> B256 {
    keccak256([b"\x19\x01", separator.as_slice(), keccak256(words).as_slice()].concat())
}

/// A domain as its contract declares it, with the separator that the contract must have.
pub(super) struct Domain {
    /// Members in order: name, type, value.
    pub members: Vec<(&'static str, &'static str, Value)>,
    /// The contract.
    pub contract: Address,
}

impl Domain {
    /// With a name and version 1.
    pub(super) fn named(name: &str, chain_id: u64, contract: Address) -> (Self, B256) {
        let kind = "EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)";
        let words = (
            keccak256(kind),
            keccak256(name),
            keccak256("1"),
            U256::from(chain_id),
            contract,
        );
        let members = vec![
            ("name", "string", json!(name)),
            ("version", "string", json!("1")),
            ("chainId", "uint256", json!(chain_id)),
            ("verifyingContract", "address", json!(contract)),
        ];
        (Self { members, contract }, keccak256(words.abi_encode()))
    }

    /// Of a contract that names nothing but itself.
    pub(super) fn nameless(chain_id: u64, contract: Address) -> (Self, B256) {
        let kind = keccak256("EIP712Domain(uint256 chainId,address verifyingContract)");
        let words = (kind, U256::from(chain_id), contract);
        let members = vec![
            ("chainId", "uint256", json!(chain_id)),
            ("verifyingContract", "address", json!(contract)),
        ];
        (Self { members, contract }, keccak256(words.abi_encode()))
    }

    /// The JSON of `eth_signTypedData_v4`; `message` is its members in order.
    pub(super) fn typed_data(&self, name: &str, message: &[(&'static str, &'static str, Value)]) -> Value {
        let types = |list: &[(&str, &str, Value)]| -> Value {
            let members = list.iter().map(|(name, kind, _)| json!({ "name": name, "type": kind }));
            members.collect()
        };
        let values = |list: &[(&'static str, &str, Value)]| -> Value {
            let values = list.iter().map(|(name, _, value)| ((*name).to_owned(), value.clone()));
            Value::Object(values.collect())
        };
        json!({
            "types": { "EIP712Domain": types(&self.members), name: types(message) },
            "primaryType": name,
            "domain": values(&self.members),
            "message": values(message),
        })
    }
}

/// The contract signs in another domain than we do: nothing signed here would be taken there.
pub(super) fn same_domain(ours: B256, theirs: B256) -> Result<(), LenderError> {
    if ours == theirs {
        Ok(())
    } else {
        Err(LenderError::Malformed {
            field: "DOMAIN_SEPARATOR".into(),
            detail: "the contract signs in a domain that is not known".into(),
        })
    }
}

/// No permission.
pub(super) fn none() -> Permission {
    Permission {
        nonce: U256::ZERO,
        deadline: U256::ZERO,
        v: 0,
        r: B256::ZERO,
        s: B256::ZERO,
    }
}

/// The signature as the protocols take it; none when it is not that account's. They ask no contract, so it is a key's.
pub(super) fn signed_by(
    borrower: Address,
    permission: &VenuePermission,
    deadline: u64,
    signature: &Bytes,
) -> Option<Permission> {
    let bytes = <&[u8; 65]>::try_from(signature.as_ref()).ok()?;
    let parsed = Signature::from_raw(bytes).ok()?;
    if parsed.normalize_s().is_some() || parsed.recover_address_from_prehash(&permission.digest).ok()? != borrower {
        return None;
    }
    Some(Permission {
        nonce: permission.nonce,
        deadline: U256::from(deadline),
        v: 27 + u8::from(parsed.v()),
        r: B256::from(parsed.r()),
        s: B256::from(parsed.s()),
    })
}

/// An address as a topic.
pub(super) fn topic(address: Address) -> B256 {
    address.into_word()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::{LocalSigner, OrderSigner as _};

    #[tokio::test]
    async fn only_the_borrowers_own_signature_of_exactly_this_is_a_permission() {
        let key = format!("0x{}", "11".repeat(32)).into();
        let signer = LocalSigner::from_hex(&key).unwrap();
        let permission = VenuePermission {
            typed_data: Value::Null,
            digest: B256::repeat_byte(7),
            contract: Address::repeat_byte(1),
            nonce: U256::from(3),
        };
        let signature = signer.sign(permission.digest).await.unwrap();
        let taken = signed_by(signer.address(), &permission, 9, &signature).unwrap();
        assert_eq!((taken.nonce, taken.deadline), (U256::from(3), U256::from(9)));
        assert!(matches!(taken.v, 27 | 28));
        let mut low = signature.to_vec();
        low[64] -= 27;
        let same = signed_by(signer.address(), &permission, 9, &low.into()).unwrap();
        assert_eq!((same.v, same.r, same.s), (taken.v, taken.r, taken.s));
        assert!(signed_by(Address::repeat_byte(2), &permission, 9, &signature).is_none());
        let other = VenuePermission {
            digest: B256::repeat_byte(8),
            ..permission.clone()
        };
        assert!(signed_by(signer.address(), &other, 9, &signature).is_none());
        assert!(signed_by(signer.address(), &permission, 9, &signature.slice(1..)).is_none());
    }
}
