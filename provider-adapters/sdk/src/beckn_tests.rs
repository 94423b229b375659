use std::sync::Arc;

use domain::ports::{Clock, Ids};
use uuid::Uuid;

use super::*;
use crate::keys::PrivateKey;

/// The example key pair that BECKN-006 publishes: seed and public half.
const PUBLISHED_PAIR: &str = "lP3sHA+9gileOkXYJXh4Jg8tK0gEEMbf9yCPnFpbldhrAY+NErqL9WD+Vav7TE5tyVXGXBle9ONZi2W7o144eQ==";
const PUBLISHED_PUBLIC: &str = "awGPjRK6i/Vg/lWr+0xObclVxlwZXvTjWYtlu6NeOHk=";
const KEY: &str = "ae3ea24b-cfec-495e-81f8-044aaef164ac";
/// Digest of the example body, its times, and the signature that the draft prints for them.
const DIGEST: &str = "b6lf6lRgOweajukcvcLsagQ2T60+85kRh/Rd2bdS+TG/5ALebOEgDJfyCrre/1+BMu5nA94o4DT3pTFXuUg7sw==";
const CREATED: i64 = 1_641_287_875;
const EXPIRES: i64 = 1_641_291_475;
const SIGNATURE: &str = "cjbhP0PFyrlSCNszJM1F/YmHDVAWsZqJUPzojnE/7TJU3fJ/rmIlgaUHEr5E0/2PIyf0tpSnWtT6cyNNlpmoAQ==";

struct Still;

impl Clock for Still {
    fn now(&self) -> DateTime<Utc> {
        at(CREATED)
    }
}

impl Ids for Still {
    fn next(&self) -> Uuid {
        Uuid::nil()
    }
}

fn at(seconds: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(seconds, 0).unwrap()
}

fn signer() -> Signer {
    Signer {
        key: PrivateKey::from_pair_base64(KEY, PUBLISHED_PAIR).unwrap(),
        clock: Arc::new(Still),
        ids: Arc::new(Still),
    }
}

fn public() -> PublicKey {
    PublicKey::from_base64(KEY, PUBLISHED_PUBLIC).unwrap()
}

fn check(header: &str, body: &[u8], now: i64) -> Result<KeyId, BecknError> {
    verify(header, body, at(now), Tolerance::default(), |id| {
        (id.subscriber == "example-bap.com" && id.key == KEY).then(public)
    })
}

#[test]
fn the_published_vector_is_signed_and_verified_to_the_byte() {
    let text = signing_text(CREATED, EXPIRES, DIGEST);
    assert_eq!(STANDARD.encode(signer().key.sign(text.as_bytes())), SIGNATURE);
    let signature: [u8; 64] = STANDARD.decode(SIGNATURE).unwrap().try_into().unwrap();
    assert!(public().verifies(text.as_bytes(), signature));
}

#[test]
fn the_digest_is_blake2b_512() {
    // RFC 7693, appendix A.
    let abc = "ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923";
    assert_eq!(digest(b"abc"), STANDARD.encode(hex::decode(abc).unwrap()));
}

#[test]
fn a_header_has_the_published_form() {
    let header = sign_at(&signer(), "example-bap.com", b"{}", (CREATED, EXPIRES));
    let (head, signature) = header.split_once("signature=").unwrap();
    let expected = "Signature keyId=\"example-bap.com|ae3ea24b-cfec-495e-81f8-044aaef164ac|ed25519\",algorithm=\"ed25519\",\
         created=\"1641287875\",expires=\"1641291475\",headers=\"(created) (expires) digest\",";
    assert_eq!(head, expected);
    assert_eq!(signature.len(), 90);
}

#[test]
fn what_was_signed_verifies_and_nothing_else_does() {
    let header = sign(&signer(), "example-bap.com", b"{}");
    let id = check(&header, b"{}", CREATED).unwrap();
    assert_eq!(id.to_string(), format!("example-bap.com|{KEY}|ed25519"));
    assert_eq!(check(&header, b"{ }", CREATED), Err(BecknError::Invalid));
    for (from, to) in [
        ("created=\"1641287875\"", "created=\"1641287874\""),
        ("expires=\"1641288175\"", "expires=\"1641288176\""),
    ] {
        let changed = header.replace(from, to);
        assert_ne!(changed, header);
        assert_eq!(check(&changed, b"{}", CREATED), Err(BecknError::Invalid), "{to}");
    }
    let stranger = header.replace("example-bap.com", "other.com");
    assert_eq!(check(&stranger, b"{}", CREATED), Err(BecknError::UnknownKey));
    let spaced = header
        .replace("\",", "\", ")
        .replace("created=\"1641287875\"", "created=1641287875");
    assert!(
        check(&spaced, b"{}", CREATED).is_ok(),
        "spaces and bare times are seen in the wild"
    );
}

#[test]
fn a_signature_counts_only_in_its_time() {
    let header = sign(&signer(), "example-bap.com", b"{}");
    for (now, fits) in [
        (CREATED - 31, false),
        (CREATED - 30, true),
        (CREATED + LIFETIME_SECONDS + 30, true),
        (CREATED + LIFETIME_SECONDS + 31, false),
    ] {
        assert_eq!(check(&header, b"{}", now).is_ok(), fits, "{now}");
    }
    for times in [
        (CREATED, CREATED - 1),
        (CREATED, CREATED + 86_401),
        (i64::MIN, i64::MAX),
    ] {
        let header = sign_at(&signer(), "example-bap.com", b"{}", times);
        assert_eq!(check(&header, b"{}", CREATED), Err(BecknError::Time), "{times:?}");
    }
}

#[test]
fn a_header_of_another_form_is_refused_and_never_interpreted() {
    let header = sign(&signer(), "example-bap.com", b"{}");
    for (from, to, error) in [
        ("Signature ", "Bearer ", BecknError::Format("scheme")),
        ("algorithm=\"ed25519\"", "algorithm=\"none\"", BecknError::Algorithm),
        ("|ed25519", "|rsa", BecknError::Algorithm),
        (
            "(created) (expires) digest",
            "(created) digest",
            BecknError::Format("headers"),
        ),
        ("algorithm=\"ed25519\",", "", BecknError::Algorithm),
        (
            "keyId=",
            "keyId=\"a|b|ed25519\",keyId=",
            BecknError::Format("parameter"),
        ),
        ("keyId=", "extra=\"1\",keyId=", BecknError::Format("parameter")),
        ("example-bap.com|", "|", BecknError::Format("keyId")),
        ("example-bap.com|", "", BecknError::Format("keyId")),
        (
            "created=\"1641287875\"",
            "created=\"soon\"",
            BecknError::Format("created"),
        ),
        ("signature=\"", "signature=\"AAAA", BecknError::Format("signature")),
        (
            "algorithm=\"ed25519\"",
            "algorithm=ed25519",
            BecknError::Format("quotes"),
        ),
    ] {
        let changed = header.replacen(from, to, 1);
        assert_ne!(changed, header, "{from}");
        assert_eq!(check(&changed, b"{}", CREATED), Err(error), "{from} -> {to}");
    }
    let long = format!("{header},x=\"{}\"", "a".repeat(MAX_HEADER));
    assert_eq!(check(&long, b"{}", CREATED), Err(BecknError::Format("length")));
    assert!(check("", b"", CREATED).is_err() && check("Signature ", b"", CREATED).is_err());
}
