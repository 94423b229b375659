//! AWS KMS: `Encrypt`, `Decrypt`, `ReEncrypt`. The signature of every call is computed anew and compared.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use super::{ACCESS_KEY, Answer, Book, Call, Kept, KmsFault, REGION, SandboxKms, TOKEN, fresh};

fn problem(status: u16, kind: &str) -> Answer {
    (status, json!({ "__type": kind, "message": "sandbox" }))
}

/// HMAC-SHA-256 by RFC 2104, written out: the other side computes it with a library.
fn hmac(key: &[u8], data: &[u8]) -> Vec<u8> {
    let mut block = [0_u8; 64];
    if key.len() > 64 {
        block[..32].copy_from_slice(&Sha256::digest(key));
    } else {
        block[..key.len()].copy_from_slice(key);
    }
    let pad = |byte: u8| block.map(|b| b ^ byte);
    let inner: [u8; 32] = Sha256::digest([&pad(0x36)[..], data].concat()).into();
    Sha256::digest([&pad(0x5c)[..], &inner[..]].concat()).to_vec()
}

/// Whether the call is signed by the account's key, over the headers that must be signed.
fn signed(call: &Call<'_>) -> bool {
    let authorization = call.header("authorization");
    let part = |name: &str| {
        let rest = authorization.split_once(name).map(|(_, rest)| rest);
        rest.and_then(|rest| rest.split(',').next()).unwrap_or_default().trim()
    };
    let (credential, names, given) = (part("Credential="), part("SignedHeaders="), part("Signature="));
    let date = call.header("x-amz-date");
    let day = date.get(..8).unwrap_or_default();
    let scope = format!("{day}/{REGION}/kms/aws4_request");
    let needed = ["content-type", "host", "x-amz-date", "x-amz-target"];
    let listed: Vec<&str> = names.split(';').collect();
    if credential != format!("{ACCESS_KEY}/{scope}")
        || !needed.iter().all(|name| listed.contains(name))
        || !listed.is_sorted()
    {
        return false;
    }
    let lines: Vec<String> = listed
        .iter()
        .map(|name| format!("{name}:{}", call.header(name)))
        .collect();
    let lines = lines.join("\n");
    let canonical = format!(
        "{}\n{}\n\n{lines}\n\n{names}\n{}",
        call.method,
        call.path,
        hex::encode(Sha256::digest(call.raw))
    );
    let to_sign = format!(
        "AWS4-HMAC-SHA256\n{date}\n{scope}\n{}",
        hex::encode(Sha256::digest(canonical))
    );
    let mut key = format!("AWS4{TOKEN}").into_bytes();
    for step in [day, REGION, "kms", "aws4_request"] {
        key = hmac(&key, step.as_bytes());
    }
    hex::encode(hmac(&key, to_sign.as_bytes())) == given
}

/// Within five minutes of our clock, as AWS asks.
fn timely(kms: &SandboxKms, call: &Call<'_>) -> bool {
    let now = kms.world.clock.now();
    let at = chrono::NaiveDateTime::parse_from_str(call.header("x-amz-date"), "%Y%m%dT%H%M%SZ");
    at.is_ok_and(|at| (now - at.and_utc()).num_seconds().abs() <= 300)
}

pub(super) fn answer(kms: &SandboxKms, call: &Call<'_>) -> Answer {
    let mut book = kms.lock();
    let action = call
        .header("x-amz-target")
        .strip_prefix("TrentService.")
        .unwrap_or_default()
        .to_owned();
    book.calls.push(action.clone());
    match book.fault {
        KmsFault::Down => return problem(500, "KMSInternalException"),
        KmsFault::Throttled => return problem(400, "ThrottlingException"),
        KmsFault::Denied => return problem(400, "AccessDeniedException"),
        KmsFault::KeyGone => return problem(400, "com.amazonaws.kms#KMSInvalidStateException"),
        KmsFault::Malformed => return (200, json!({})),
        _ => {}
    }
    if !signed(call) {
        return problem(400, "IncompleteSignatureException");
    }
    if !timely(kms, call) {
        return problem(400, "RequestExpired");
    }
    let Ok(body) = serde_json::from_slice::<Value>(call.raw) else {
        return problem(400, "SerializationException");
    };
    match action.as_str() {
        "Encrypt" => wrap(
            &mut book,
            kms,
            (&body["KeyId"], &body["Plaintext"], &body["EncryptionContext"]),
        ),
        "Decrypt" => match find(&book, (&body, "KeyId", "EncryptionContext")) {
            Ok(kept) => {
                let short = STANDARD.encode([1; 16]);
                let plain = if book.fault == KmsFault::Short {
                    short
                } else {
                    kept.plain
                };
                (
                    200,
                    json!({ "KeyId": kept.key, "Plaintext": plain, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT" }),
                )
            }
            Err(kind) => problem(400, kind),
        },
        "ReEncrypt" => match find(&book, (&body, "SourceKeyId", "SourceEncryptionContext")) {
            Ok(kept) => {
                let to = (
                    &body["DestinationKeyId"],
                    &Value::from(kept.plain),
                    &body["DestinationEncryptionContext"],
                );
                wrap(&mut book, kms, to)
            }
            Err(kind) => problem(400, kind),
        },
        _ => problem(400, "UnknownOperationException"),
    }
}

fn wrap(book: &mut Book, kms: &SandboxKms, (key, plain, context): (&Value, &Value, &Value)) -> Answer {
    let (Some(key), Some(plain)) = (key.as_str(), plain.as_str()) else {
        return problem(400, "ValidationException");
    };
    let version = book.version;
    let kept = book.keep(Kept {
        token: STANDARD.encode(fresh(&kms.world)),
        plain: plain.to_owned(),
        context: context.clone(),
        key: key.to_owned(),
        version,
    });
    let body = json!({ "KeyId": kept.key, "CiphertextBlob": kept.token, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT" });
    (200, body)
}

fn find(book: &Book, (body, key, context): (&Value, &str, &str)) -> Result<Kept, &'static str> {
    let token = body["CiphertextBlob"].as_str().unwrap_or_default();
    let kept = book.find(token).ok_or("InvalidCiphertextException")?;
    if body[key].as_str().is_some_and(|named| named != kept.key) {
        return Err("IncorrectKeyException");
    }
    if body[context] != kept.context {
        return Err("InvalidCiphertextException");
    }
    Ok(kept.clone())
}
