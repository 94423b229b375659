//! Signatures of accounts, exactly as the contract takes them.

use alloy_primitives::{Address, B256, Bytes, Signature, keccak256};
use alloy_sol_types::{Eip712Domain, SolStruct, sol};
use domain::ports::ChainError;

use super::encode::invalid;
use super::{DOMAIN_NAME, DOMAIN_VERSION};

/// Length of a signature by key.
const KEY_LENGTH: usize = 65;
/// Most levels of a tree of orders.
const MAX_LEVELS: usize = 20;

sol! {
    /// What a lender signs once for many orders on many chains.
    struct OfferTree {
        bytes32 root;
    }
}

/// 65 bytes, low `s`; the recovery byte in either form.
pub(super) fn signed_by(signer: Address, digest: B256, signature: &[u8]) -> Result<bool, ChainError> {
    let Ok(signature) = <&[u8; KEY_LENGTH]>::try_from(signature) else {
        return Err(invalid("signature", "not 65 bytes"));
    };
    if !matches!(signature[64], 0 | 1 | 27 | 28) {
        return Err(invalid("signature", "the recovery byte is not 0, 1, 27 or 28"));
    }
    let parsed = Signature::from_raw(signature).map_err(|_| invalid("signature", "not a signature"))?;
    if parsed.normalize_s().is_some() || signer.is_zero() {
        return Ok(false);
    }
    Ok(parsed
        .recover_address_from_prehash(&digest)
        .is_ok_and(|recovered| recovered == signer))
}

/// A signature of the digest, or of a tree of orders that the proof behind the signature leads to.
pub(super) fn signed_by_key_or_tree(signer: Address, digest: B256, signature: &[u8]) -> Result<bool, ChainError> {
    let Some((by_key, proof)) = signature
        .split_at_checked(KEY_LENGTH)
        .filter(|(_, proof)| !proof.is_empty())
    else {
        return signed_by(signer, digest, signature);
    };
    let (levels, rest) = proof.as_chunks::<32>();
    if !rest.is_empty() || levels.len() > MAX_LEVELS {
        return Err(invalid(
            "signature",
            "neither 65 bytes nor those and a proof of at most 20 words",
        ));
    }
    let root = levels.iter().fold(digest, |node, other| pair(node, B256::from(*other)));
    signed_by(signer, tree_digest(root), by_key)
}

/// EIP-712 digest of a tree of orders, the same on every chain. Leaves are digests of orders; a node is the hash of the two below
/// it, the smaller one first.
pub fn tree_digest(root: B256) -> B256 {
    let domain = Eip712Domain {
        name: Some(DOMAIN_NAME.into()),
        version: Some(DOMAIN_VERSION.into()),
        chain_id: None,
        verifying_contract: None,
        salt: None,
    };
    OfferTree { root }.eip712_signing_hash(&domain)
}

fn pair(one: B256, other: B256) -> B256 {
    let (low, high) = if one < other { (one, other) } else { (other, one) };
    keccak256([low, high].concat())
}

/// Some wallets give a recovery byte of 0 or 1; the contract takes 27 and 28.
pub(super) fn contract_form(signature: &Bytes) -> Bytes {
    match signature.split_last() {
        Some((last @ (0 | 1), rest)) if rest.len() == KEY_LENGTH - 1 => [rest, &[last + 27]].concat().into(),
        _ => signature.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::DevAccount;

    #[test]
    fn one_signature_covers_every_leaf_of_its_tree_and_no_other() {
        let leaves = [1, 2, 3, 4].map(B256::repeat_byte);
        let (left, right) = (pair(leaves[0], leaves[1]), pair(leaves[3], leaves[2]));
        let root = pair(left, right);
        let lender = DevAccount::Desk;
        let signed = lender.signer().sign(tree_digest(root)).unwrap().as_bytes();
        let proven = |path: &[B256]| [signed.as_slice(), path.concat().as_slice()].concat();
        let check = |leaf, signature: &[u8]| signed_by_key_or_tree(lender.address(), leaf, signature);
        assert_eq!(check(leaves[0], &proven(&[leaves[1], right])), Ok(true));
        assert_eq!(check(leaves[2], &proven(&[leaves[3], left])), Ok(true));
        assert_eq!(check(B256::repeat_byte(5), &proven(&[leaves[1], right])), Ok(false));
        assert_eq!(
            check(leaves[0], &proven(&[leaves[2], right])),
            Ok(false),
            "another path"
        );
        assert_eq!(check(root, &signed), Ok(false), "the root is no order");
        assert!(check(leaves[0], &proven(&[leaves[1], right])[..100]).is_err());
        assert!(check(leaves[0], &proven(&[right; 21])).is_err());
    }
}
