//! AWS Signature Version 4 of a `POST` without a query, as AWS documents it ("Create a signed AWS API request").

use chrono::{DateTime, Utc};
use hmac::{Hmac, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// What is signed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Signing<'a> {
    pub method: &'a str,
    pub path: &'a str,
    /// Lower case names, sorted, with their values.
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a [u8],
    pub region: &'a str,
    pub service: &'a str,
    pub at: DateTime<Utc>,
}

/// The `x-amz-date` of a moment.
pub(crate) fn amz_date(at: DateTime<Utc>) -> String {
    at.format("%Y%m%dT%H%M%SZ").to_string()
}

fn mac(key: &[u8], data: &[u8]) -> Zeroizing<[u8; 32]> {
    // HMAC takes keys of any length.
    let mac = <Hmac<Sha256> as hmac::Mac>::new_from_slice(key).map(|mut mac| {
        mac.update(data);
        mac.finalize().into_bytes().into()
    });
    Zeroizing::new(mac.unwrap_or_default())
}

/// The signing key of a day, region and service.
fn signing_key(secret: &str, day: &str, region: &str, service: &str) -> Zeroizing<[u8; 32]> {
    let first = Zeroizing::new(format!("AWS4{secret}"));
    let key = mac(first.as_bytes(), day.as_bytes());
    let key = mac(key.as_slice(), region.as_bytes());
    let key = mac(key.as_slice(), service.as_bytes());
    mac(key.as_slice(), b"aws4_request")
}

/// The value of `authorization`.
pub(crate) fn authorization(signing: &Signing<'_>, key_id: &str, secret: &str) -> String {
    let day = signing.at.format("%Y%m%d").to_string();
    let names: Vec<&str> = signing.headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let folded = signing.headers.iter().map(|(name, value)| {
        let words: Vec<&str> = value.split_whitespace().collect();
        format!("{name}:{}", words.join(" "))
    });
    let headers = folded.collect::<Vec<_>>().join("\n");
    let (method, path, body) = (signing.method, signing.path, hex::encode(Sha256::digest(signing.body)));
    let canonical = format!("{method}\n{path}\n\n{headers}\n\n{names}\n{body}");
    let scope = format!("{day}/{}/{}/aws4_request", signing.region, signing.service);
    let hashed = hex::encode(Sha256::digest(canonical.as_bytes()));
    let to_sign = format!("AWS4-HMAC-SHA256\n{}\n{scope}\n{hashed}", amz_date(signing.at));
    let key = signing_key(secret, &day, signing.region, signing.service);
    let signature = hex::encode(mac(key.as_slice(), to_sign.as_bytes()).as_slice());
    format!("AWS4-HMAC-SHA256 Credential={key_id}/{scope}, SignedHeaders={names}, Signature={signature}")
}

#[cfg(test)]
mod tests {
    use super::*;

    // The secret of the examples of AWS.
    const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";

    #[test]
    fn the_signing_key_is_that_of_the_published_example() {
        let key = signing_key(SECRET, "20150830", "us-east-1", "iam");
        assert_eq!(
            hex::encode(key.as_slice()),
            "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"
        );
    }

    #[test]
    fn signatures_are_those_of_the_published_test_suite() {
        let of = |method, signature: &str| {
            let signing = Signing {
                method,
                path: "/",
                headers: &[("host", "example.amazonaws.com"), ("x-amz-date", "20150830T123600Z")],
                body: b"",
                region: "us-east-1",
                service: "service",
                at: "2015-08-30T12:36:00Z".parse().unwrap(),
            };
            let expected = format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
                 SignedHeaders=host;x-amz-date, Signature={signature}"
            );
            assert_eq!(authorization(&signing, "AKIDEXAMPLE", SECRET), expected);
        };
        // get-vanilla and post-vanilla.
        of(
            "GET",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        );
        of(
            "POST",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        );
    }
}
