//! Signatures of Standard Webhooks 1.0.0: HMAC-SHA-256 of `id.timestamp.body`, symmetric version `v1`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, Mac};
use sha2::Sha256;

/// Prefix of a secret as its owner sees it.
const PREFIX: &str = "whsec_";

/// A secret as its owner sees it.
pub(super) fn secret_text(secret: &[u8]) -> String {
    format!("{PREFIX}{}", STANDARD.encode(secret))
}

fn mac(secret: &[u8], (id, timestamp): (&str, i64), body: &str) -> Option<Hmac<Sha256>> {
    let mut mac = <Hmac<Sha256> as Mac>::new_from_slice(secret).ok()?;
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body.as_bytes());
    Some(mac)
}

/// `v1,…` over a message. A key of any length is one of HMAC, so there always is a signature; the text is empty if there were none.
pub fn sign(secret: &[u8], stamp: (&str, i64), body: &str) -> String {
    mac(secret, stamp, body).map_or_else(String::new, |mac| {
        format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
    })
}

/// Whether a header of signatures holds one by that secret (`whsec_…`) over a message. Compared in constant time. Whether the timestamp
/// is of now is the receiver's to look at.
pub fn verifies(secret: &str, stamp: (&str, i64), body: &str, header: &str) -> bool {
    let Some(secret) = secret.strip_prefix(PREFIX).and_then(|text| STANDARD.decode(text).ok()) else {
        return false;
    };
    header.split(' ').any(|signature| {
        let given = signature
            .strip_prefix("v1,")
            .and_then(|text| STANDARD.decode(text).ok());
        given.is_some_and(|given| mac(&secret, stamp, body).is_some_and(|mac| mac.verify_slice(&given).is_ok()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    // Published with the specification's libraries.
    const SECRET: &str = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    const STAMP: (&str, i64) = ("msg_27UH4WbU6Z5A5EzD8u03UvzRbpk", 1_649_367_553);
    const BODY: &str = r#"{"email":"test@example.com","username":"test_user"}"#;
    const SIGNATURE: &str = "v1,tZ1I4/hDygAJgO5TYxiSd6Sd0kDW6hPenDe+bTa3Kkw=";

    #[test]
    fn the_published_vector_is_signed_as_published() {
        let secret = STANDARD.decode(SECRET.strip_prefix(PREFIX).unwrap()).unwrap();
        assert_eq!(sign(&secret, STAMP, BODY), SIGNATURE);
        assert_eq!(secret_text(&secret), SECRET);
        assert!(verifies(SECRET, STAMP, BODY, SIGNATURE));
    }

    #[test]
    fn one_of_several_signatures_is_enough_and_any_change_is_too_much() {
        let several = format!("v1,AAAA v1a,AAAA {SIGNATURE}");
        assert!(verifies(SECRET, STAMP, BODY, &several));
        for (secret, stamp, body, header) in [
            (SECRET, (STAMP.0, STAMP.1 + 1), BODY, SIGNATURE),
            (SECRET, ("msg_other", STAMP.1), BODY, SIGNATURE),
            (SECRET, STAMP, "{}", SIGNATURE),
            (SECRET, STAMP, BODY, &SIGNATURE[..20]),
            (SECRET, STAMP, BODY, &SIGNATURE[3..]),
            (SECRET, STAMP, BODY, ""),
            ("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", STAMP, BODY, SIGNATURE),
            ("C2FVsBQIhrscChlQIMV+b5sSYspob7oD", STAMP, BODY, SIGNATURE),
        ] {
            assert!(!verifies(secret, stamp, body, header), "{stamp:?} {body} {header}");
        }
    }
}
