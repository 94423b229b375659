//! Keyed digests, compared in constant time.

use hmac::digest::KeyInit;
use hmac::{Hmac, Mac};
use sha2::{Sha256, Sha512};

/// HMAC-SHA256 over the parts, one after the other.
pub(crate) fn sha256(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    digest::<Hmac<Sha256>>(key, parts).map_or_else(Vec::new, |mac| mac.finalize().into_bytes().to_vec())
}

/// Whether `given` is the HMAC-SHA256 of the parts.
pub(crate) fn is_sha256(key: &[u8], parts: &[&[u8]], given: &[u8]) -> bool {
    digest::<Hmac<Sha256>>(key, parts).is_some_and(|mac| mac.verify_slice(given).is_ok())
}

/// Whether `given` is the HMAC-SHA512 of the parts.
pub(crate) fn is_sha512(key: &[u8], parts: &[&[u8]], given: &[u8]) -> bool {
    digest::<Hmac<Sha512>>(key, parts).is_some_and(|mac| mac.verify_slice(given).is_ok())
}

/// An empty key makes no digest: what is checked with it fails.
fn digest<M: Mac + KeyInit>(key: &[u8], parts: &[&[u8]]) -> Option<M> {
    if key.is_empty() {
        return None;
    }
    let mut mac = <M as Mac>::new_from_slice(key).ok()?;
    for part in parts {
        mac.update(part);
    }
    Some(mac)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2.
    #[test]
    fn digests_are_those_of_the_standard() {
        let key = b"Jefe";
        let data: [&[u8]; 2] = [b"what do ya want ", b"for nothing?"];
        let sha256_hex = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        let sha512_hex = "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737";
        assert_eq!(hex::encode(sha256(key, &data)), sha256_hex);
        assert!(is_sha256(key, &data, &hex::decode(sha256_hex).unwrap()));
        assert!(is_sha512(key, &data, &hex::decode(sha512_hex).unwrap()));
        assert!(!is_sha256(key, &data, &hex::decode(sha512_hex).unwrap()));
        assert!(!is_sha256(key, &data, &hex::decode(&sha256_hex[..62]).unwrap()), "cut");
        assert!(
            !is_sha256(b"", &data, &sha256(b"", &data)),
            "an empty key opens nothing"
        );
    }
}
