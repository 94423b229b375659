//! Whether the code of an account is what we ship.

use alloy_primitives::{B256, U256, keccak256};

const PUSH1: u8 = 0x60;
const PUSH32: u8 = 0x7f;

/// The hash of `code` when it is `artifact` with nothing filled in but its immutables, each with one of `allowed`; none otherwise.
///
/// The artifact has 32 zero bytes behind a `PUSH32` wherever the constructor writes an immutable. The compiler never pushes a zero
/// like that itself, so every other byte must be equal.
pub(super) fn shipped_hash(code: &[u8], artifact: &[u8], allowed: &[U256]) -> Option<B256> {
    if code.is_empty() || code.len() != artifact.len() {
        return None;
    }
    let mut at = 0;
    while at < artifact.len() {
        let op = artifact[at];
        let pushed = if (PUSH1..=PUSH32).contains(&op) {
            usize::from(op - PUSH1) + 1
        } else {
            0
        };
        let end = (at + 1 + pushed).min(artifact.len());
        let (theirs, ours) = (&code[at..end], &artifact[at..end]);
        let hole = op == PUSH32 && ours.len() == 33 && ours[1..].iter().all(|byte| *byte == 0);
        let same = if hole {
            theirs[0] == op && allowed.contains(&U256::from_be_slice(&theirs[1..]))
        } else {
            theirs == ours
        };
        if !same {
            return None;
        }
        at = end;
    }
    Some(keccak256(code))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(word: U256) -> Vec<u8> {
        [&[0x60, 0x7f, PUSH32][..], &word.to_be_bytes::<32>(), &[0x01]].concat()
    }

    #[test]
    fn only_immutables_may_differ_and_only_as_expected() {
        let artifact = with(U256::ZERO);
        let expected = [U256::from(7)];
        let good = with(U256::from(7));
        assert_eq!(shipped_hash(&good, &artifact, &expected), Some(keccak256(&good)));
        assert_eq!(shipped_hash(&with(U256::from(8)), &artifact, &expected), None);
        for index in 0..good.len() {
            let mut bad = good.clone();
            bad[index] ^= 1;
            assert_eq!(shipped_hash(&bad, &artifact, &expected), None, "byte {index}");
        }
        assert_eq!(shipped_hash(&good[1..], &artifact, &expected), None);
        assert_eq!(shipped_hash(&[], &[], &expected), None);
        // The push of one byte, 0x7f, is no push of 32.
        let data = [0x60, PUSH32, 0x00];
        assert_eq!(shipped_hash(&data, &data, &[]), Some(keccak256(data)));
    }
}
