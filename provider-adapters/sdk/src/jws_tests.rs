use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::*;

const BODY: &[u8] = b"{\"amount\":\"1\"}";
const ALL: [Payload; 3] = [Payload::Base64, Payload::Raw, Payload::RawUncritical];

fn standard(url: &str) -> String {
    STANDARD.encode(URL_SAFE_NO_PAD.decode(url).unwrap())
}

/// The key of RFC 8037, appendix A.1.
fn ed25519() -> PrivateKey {
    PrivateKey::from_base64("ed", &standard("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")).unwrap()
}

fn ed25519_public() -> [VerifyingKey; 1] {
    let public = standard("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo");
    [VerifyingKey::Ed25519(PublicKey::from_base64("ed", &public).unwrap())]
}

/// RFC 8037, appendix A.4.
const RFC_8037: (&str, &[u8], &str) = (
    "eyJhbGciOiJFZERTQSJ9",
    b"Example of Ed25519 signing",
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
);

#[test]
fn the_ed25519_vector_of_rfc_8037_is_reproduced_and_verified() {
    let (header, body, signature) = RFC_8037;
    let input = signing_input(header, body, Payload::Base64);
    assert_eq!(input, b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
    assert_eq!(URL_SAFE_NO_PAD.encode(ed25519().sign(&input)), signature);
    let text = format!("{header}..{signature}");
    assert_eq!(
        verify(&text, body, Payload::Base64, &ed25519_public()),
        Ok(&ed25519_public()[0])
    );
}

#[test]
fn the_raw_payload_of_rfc_7797_goes_into_the_signature_as_it_is() {
    // Section 4.2. The vector is an HMAC, which no key of ours makes: only what is signed is compared.
    let key = URL_SAFE_NO_PAD
        .decode("AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow")
        .unwrap();
    let header = "eyJhbGciOiJIUzI1NiIsImI2NCI6ZmFsc2UsImNyaXQiOlsiYjY0Il19";
    let mac = hmac_sha256(&key, &signing_input(header, b"$.02", Payload::Raw));
    assert_eq!(
        URL_SAFE_NO_PAD.encode(mac),
        "A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY"
    );
    let text = format!("{header}..A5dxf2s96_n5FLueVuW1Z_vh161FwXZC4YLPff6dmDY");
    let keys = ed25519_public();
    let refused = verify(&text, b"$.02", Payload::Raw, &keys);
    assert_eq!(refused, Err(JwsError::Algorithm), "a shared secret is no signature");
}

/// RFC 2104 with a key of at most 64 bytes.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    let pad = |byte: u8| -> Vec<u8> {
        let mut block = [byte; 64];
        block.iter_mut().zip(key).for_each(|(block, key)| *block ^= key);
        block.to_vec()
    };
    let inner = Sha256::digest([pad(0x36), message.to_vec()].concat());
    Sha256::digest([pad(0x5c), inner.to_vec()].concat()).to_vec()
}

#[test]
fn what_was_signed_verifies_in_the_agreed_form_alone() {
    let key = SigningKey::Ed25519(ed25519());
    for signed in ALL {
        let text = sign(&key, BODY, signed).unwrap();
        assert_eq!(
            verify(&text, BODY, signed, &ed25519_public()).map(VerifyingKey::id),
            Ok("ed")
        );
        assert_eq!(verify(&text, b"{}", signed, &ed25519_public()), Err(JwsError::Invalid));
        for agreed in ALL {
            let fits = agreed == signed || (signed, agreed) == (Payload::Raw, Payload::RawUncritical);
            assert_eq!(
                verify(&text, BODY, agreed, &ed25519_public()).is_ok(),
                fits,
                "{signed:?} {agreed:?}"
            );
        }
    }
}

/// A header of the attacker's choice over the same signature.
fn with_header(header: &str) -> Result<(), JwsError> {
    let text = sign(&SigningKey::Ed25519(ed25519()), BODY, Payload::Base64).unwrap();
    let (_, signature) = text.split_once("..").unwrap();
    let text = format!("{}..{signature}", URL_SAFE_NO_PAD.encode(header));
    verify(&text, BODY, Payload::Base64, &ed25519_public()).map(|_| ())
}

#[test]
fn the_header_chooses_neither_algorithm_nor_key_nor_extensions() {
    for alg in ["none", "None", "", "HS256", "RS256", "ES256", "eddsa", "Ed25519"] {
        let header = format!("{{\"alg\":\"{alg}\",\"kid\":\"ed\"}}");
        assert_eq!(with_header(&header), Err(JwsError::Algorithm), "{alg}");
    }
    for (header, error) in [
        ("{\"alg\":\"EdDSA\",\"kid\":\"other\"}", JwsError::UnknownKey),
        (
            "{\"alg\":\"EdDSA\",\"kid\":\"ed\",\"crit\":[\"exp\"]}",
            JwsError::Header,
        ),
        ("{\"alg\":\"EdDSA\",\"kid\":\"ed\",\"crit\":[]}", JwsError::Header),
        (
            "{\"alg\":\"EdDSA\",\"kid\":\"ed\",\"crit\":[\"b64\"]}",
            JwsError::Header,
        ),
        ("{\"alg\":\"EdDSA\",\"alg\":\"none\",\"kid\":\"ed\"}", JwsError::Header),
        ("{\"kid\":\"ed\"}", JwsError::Header),
        ("[]", JwsError::Header),
        ("{\"alg\":\"EdDSA\",\"kid\":\"ed\",\"jwk\":{}}", JwsError::Invalid),
    ] {
        assert_eq!(with_header(header), Err(error), "{header}");
    }
}

#[test]
fn a_text_of_another_form_is_refused() {
    let text = sign(&SigningKey::Ed25519(ed25519()), BODY, Payload::Base64).unwrap();
    let (header, signature) = text.split_once("..").unwrap();
    for bad in [
        String::new(),
        "..".to_owned(),
        format!("{header}.{signature}"),
        format!("{header}.e30.{signature}"),
        format!("{text}."),
        format!("{header}..{signature}="),
        format!("{header}=..{signature}"),
        format!("{header}..{}", "A".repeat(MAX_TEXT)),
    ] {
        assert!(verify(&bad, BODY, Payload::Base64, &ed25519_public()).is_err(), "{bad}");
    }
    let short = format!("{header}..{}", &signature[..80]);
    assert_eq!(
        verify(&short, BODY, Payload::Base64, &ed25519_public()),
        Err(JwsError::Invalid)
    );
    assert_eq!(verify(&text, BODY, Payload::Base64, &[]), Err(JwsError::UnknownKey));
}

#[cfg(feature = "rs256")]
mod rsa_vectors {
    use super::*;

    /// RFC 7515, appendix A.2: a published key.
    const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    const D: &str = "Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ";
    const P: &str = "4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc";
    const Q: &str = "uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc";
    const BODY_A2: &[u8] = b"{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";
    const SIGNATURE_A2: &str = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    fn bytes(text: &str) -> Vec<u8> {
        URL_SAFE_NO_PAD.decode(text).unwrap()
    }

    fn private() -> RsaPrivateKey {
        let [n, d, p, q] = [N, D, P, Q].map(|text| rsa::BigUint::from_bytes_be(&bytes(text)));
        let key = rsa::RsaPrivateKey::from_components(n, rsa::BigUint::from(65_537_u32), d, vec![p, q]).unwrap();
        RsaPrivateKey::new("rsa", key).unwrap()
    }

    fn public() -> [VerifyingKey; 1] {
        [VerifyingKey::Rsa(
            RsaPublicKey::from_parts("rsa", &bytes(N), &[1, 0, 1]).unwrap(),
        )]
    }

    #[test]
    fn the_rs256_vector_of_rfc_7515_is_reproduced_and_verified() {
        let input = signing_input("eyJhbGciOiJSUzI1NiJ9", BODY_A2, Payload::Base64);
        assert_eq!(URL_SAFE_NO_PAD.encode(private().sign(&input).unwrap()), SIGNATURE_A2);
        let text = format!("eyJhbGciOiJSUzI1NiJ9..{SIGNATURE_A2}");
        assert!(verify(&text, BODY_A2, Payload::Base64, &public()).is_ok());
    }

    #[test]
    fn rs256_signs_raw_payloads_and_a_key_verifies_its_own_algorithm_alone() {
        let text = sign(&SigningKey::Rsa(private()), BODY, Payload::RawUncritical).unwrap();
        let header = URL_SAFE_NO_PAD.decode(text.split('.').next().unwrap()).unwrap();
        assert_eq!(header, b"{\"alg\":\"RS256\",\"kid\":\"rsa\",\"b64\":false}");
        assert!(verify(&text, BODY, Payload::RawUncritical, &public()).is_ok());
        let renamed = VerifyingKey::Ed25519(PublicKey::from_base64("rsa", &ed25519().public().to_base64()).unwrap());
        assert_eq!(
            verify(&text, BODY, Payload::RawUncritical, &[renamed]),
            Err(JwsError::Algorithm)
        );
        assert_eq!(format!("{:?}", private()), "RsaPrivateKey(rsa)");
    }

    #[test]
    fn a_short_modulus_and_text_that_is_no_key_are_refused() {
        assert_eq!(
            RsaPublicKey::from_parts("rsa", &[0xff; 128], &[1, 0, 1]).err(),
            Some(JwsError::Key)
        );
        assert_eq!(RsaPublicKey::from_pem("rsa", "no").err(), Some(JwsError::Key));
        let no = crate::secret::Secret::new(String::from("no"));
        assert_eq!(RsaPrivateKey::from_pem("rsa", &no).err(), Some(JwsError::Key));
    }
}
