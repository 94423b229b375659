//! Vectors of RFC 9421 and every way in which a signature is refused.

use std::sync::Arc;

use chrono::TimeDelta;
use domain::ports::{Clock, Ids};
use uuid::Uuid;

use super::*;
use crate::keys::PrivateKey;

struct At(DateTime<Utc>);

impl Clock for At {
    fn now(&self) -> DateTime<Utc> {
        self.0
    }
}

struct Counter(std::sync::atomic::AtomicU64);

impl Ids for Counter {
    fn next(&self) -> Uuid {
        Uuid::from_u64_pair(7, self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed))
    }
}

fn noon() -> DateTime<Utc> {
    "2026-03-01T12:00:00Z".parse().unwrap()
}

fn signer() -> Signer {
    let ids = Arc::new(Counter(0.into()));
    Signer {
        key: PrivateKey::development("usance-dev").unwrap(),
        clock: Arc::new(At(noon())),
        ids,
    }
}

const LINE: RequestLine<'_> = RequestLine {
    method: "POST",
    authority: "Lender.example",
    path: "/v1/offers",
};

fn verify_at(headers: &SignatureHeaders, line: RequestLine<'_>, body: &[u8], shift: i64) -> Result<(), SignatureError> {
    let keys = [signer().key.public()];
    let at = noon() + TimeDelta::seconds(shift);
    verify_request(headers, line, body, &keys, (&ReplayGuard::new(8), at)).map(|_| ())
}

/// RFC 9421 appendix B.2.6 with the key of B.1.4: our base and signature are the RFC's, byte for byte.
#[test]
fn the_rfc_vector_for_ed25519_is_reproduced() {
    let seed = "n4Ni+HpISpVObnQMW0wOhCKROaIKqKtW/2ZYb2p9KcU=";
    let key = PrivateKey::from_base64("test-key-ed25519", seed).unwrap();
    assert_eq!(key.public().to_base64(), "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=");
    let params = r#"("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519""#;
    let components = [
        ("date", "Tue, 20 Apr 2021 02:07:55 GMT"),
        ("@method", "POST"),
        ("@path", "/foo"),
        ("@authority", "example.com"),
        ("content-type", "application/json"),
        ("content-length", "18"),
    ];
    let base = base(&components, params);
    let expected = "wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==";
    assert_eq!(STANDARD.encode(key.sign(base.as_bytes())), expected);
    assert!(
        key.public()
            .verifies(base.as_bytes(), STANDARD.decode(expected).unwrap().try_into().unwrap())
    );
}

/// RFC 9530 appendix D: the digest of the sample body.
#[test]
fn the_content_digest_is_that_of_rfc_9530() {
    let digest = content_digest(br#"{"hello": "world"}"#);
    assert_eq!(digest, "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:");
}

#[test]
fn a_signed_request_verifies_within_the_allowed_skew_only() {
    let headers = sign_request(&signer(), LINE, b"{}");
    let verify = |shift| verify_at(&headers, LINE, b"{}", shift);
    assert_eq!(verify(0), Ok(()));
    assert_eq!(verify(-30), Ok(()));
    assert_eq!(verify(-31), Err(SignatureError::Time));
    assert_eq!(verify(LIFETIME_SECONDS + 30), Ok(()));
    assert_eq!(verify(LIFETIME_SECONDS + 31), Err(SignatureError::Time));
}

#[test]
fn every_covered_part_of_a_request_is_protected() {
    let headers = sign_request(&signer(), LINE, b"{}");
    assert_eq!(verify_at(&headers, LINE, b"{ }", 0), Err(SignatureError::Digest));
    for line in [
        RequestLine { method: "GET", ..LINE },
        RequestLine {
            authority: "other.example",
            ..LINE
        },
        RequestLine {
            path: "/v1/loans",
            ..LINE
        },
    ] {
        assert_eq!(verify_at(&headers, line, b"{}", 0), Err(SignatureError::Invalid));
    }
    let swapped = SignatureHeaders {
        content_digest: content_digest(b"[]"),
        ..headers.clone()
    };
    assert_eq!(verify_at(&swapped, LINE, b"[]", 0), Err(SignatureError::Invalid));
    let later = SignatureHeaders {
        signature_input: headers.signature_input.replace("expires=", "expires=1"),
        ..headers
    };
    assert_eq!(verify_at(&later, LINE, b"{}", 0), Err(SignatureError::Time));
}

#[test]
fn a_replayed_request_is_refused_and_a_forged_one_burns_no_nonce() {
    let headers = sign_request(&signer(), LINE, b"{}");
    let (keys, guard) = ([signer().key.public()], ReplayGuard::new(8));
    let forged = SignatureHeaders {
        signature: format!("sig1=:{}:", STANDARD.encode([0; 64])),
        ..headers.clone()
    };
    let verify = |headers: &SignatureHeaders| verify_request(headers, LINE, b"{}", &keys, (&guard, noon())).map(|_| ());
    assert_eq!(verify(&forged), Err(SignatureError::Invalid));
    assert_eq!(verify(&headers), Ok(()));
    assert_eq!(verify(&headers), Err(SignatureError::Replay));
}

#[test]
fn an_answer_is_bound_to_its_request_and_status() {
    let signer = signer();
    let (first, second) = (sign_request(&signer, LINE, b"1"), sign_request(&signer, LINE, b"1"));
    let answer = sign_answer(&signer, 200, &first.signature, b"yes");
    let keys = [signer.key.public()];
    let verify = |status, request: &SignatureHeaders| {
        verify_answer(&answer, (status, &request.signature), b"yes", &keys, noon()).map(|_| ())
    };
    assert_eq!(verify(200, &first), Ok(()));
    assert_eq!(verify(202, &first), Err(SignatureError::Invalid));
    assert_eq!(verify(200, &second), Err(SignatureError::Invalid));
}

#[test]
fn a_signature_input_of_another_shape_is_refused() {
    let headers = sign_request(&signer(), LINE, b"{}");
    let with = |from: &str, to: &str| {
        let signature_input = headers.signature_input.replace(from, to);
        verify_at(
            &SignatureHeaders {
                signature_input,
                ..headers.clone()
            },
            LINE,
            b"{}",
            0,
        )
        .unwrap_err()
    };
    let format = SignatureError::Format("signature-input");
    assert_eq!(with("sig1=", "sig2="), format);
    assert_eq!(with(r#" "content-digest""#, ""), format);
    assert_eq!(with(";alg=\"ed25519\"", ";alg=\"hmac-sha256\""), format);
    assert_eq!(with(";alg=", ";alg=\"ed25519\";alg="), format);
    assert_eq!(with(";nonce=", ";nonces="), format);
    assert_eq!(with("usance-dev", "someone"), SignatureError::UnknownKey);
    let lookup = |name: &str| (name != "signature").then_some("x");
    assert_eq!(
        SignatureHeaders::read(lookup),
        Err(SignatureError::Missing("signature"))
    );
}
