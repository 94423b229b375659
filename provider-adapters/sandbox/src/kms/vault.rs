//! Vault: `encrypt`, `decrypt`, `rewrap` and the facts of a derived transit key.

use axum::http::Method;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Answer, Book, Call, KEY, Kept, KmsFault, SandboxKms, TOKEN, fresh};

fn errors(status: u16, texts: &[&str]) -> Answer {
    (status, json!({ "errors": texts }))
}

fn data(value: &Value) -> Answer {
    let envelope =
        json!({ "request_id": "sandbox", "lease_id": "", "renewable": false, "lease_duration": 0, "data": value });
    (200, envelope)
}

pub(super) fn answer(kms: &SandboxKms, call: &Call<'_>) -> Answer {
    let mut book = kms.lock();
    book.calls.push(format!("{} {}", call.method, call.path));
    match book.fault {
        KmsFault::Down => return errors(503, &["Vault is sealed"]),
        KmsFault::Throttled => return errors(429, &["request path \"transit\": rate limit quota exceeded"]),
        KmsFault::Denied => return errors(403, &["1 error occurred:\n\t* permission denied\n\n"]),
        KmsFault::KeyGone => return errors(400, &["encryption key not found"]),
        KmsFault::Malformed => return data(&json!({})),
        _ => {}
    }
    if call.header("x-vault-token") != TOKEN || call.header("x-vault-request") != "true" {
        return errors(403, &["permission denied"]);
    }
    let Some((action, key)) = call
        .path
        .strip_prefix("/v1/transit/")
        .and_then(|rest| rest.split_once('/'))
    else {
        return errors(404, &[]);
    };
    if key != KEY {
        return errors(400, &["encryption key not found"]);
    }
    if (call.method, action) == (&Method::GET, "keys") {
        let derived = book.fault != KmsFault::NotDerived;
        return data(&json!({
            "type": "aes256-gcm96", "derived": derived, "latest_version": book.version, "min_decryption_version": book.oldest.max(1),
            "name": KEY, "exportable": false, "deletion_allowed": false,
        }));
    }
    let Ok(body) = serde_json::from_slice::<Value>(call.raw) else {
        return errors(400, &["failed to parse JSON input"]);
    };
    let context = body["context"].as_str().unwrap_or_default().to_owned();
    if STANDARD.decode(&context).is_ok_and(|bytes| bytes.is_empty()) {
        return errors(
            400,
            &["missing 'context' for key derivation; the key was created using a derived key"],
        );
    }
    match action {
        "encrypt" => {
            let plain = body["plaintext"].as_str().unwrap_or_default().to_owned();
            if STANDARD.decode(&plain).is_err() {
                return errors(400, &["failed to base64-decode plaintext"]);
            }
            wrap(&mut book, kms, plain, context)
        }
        "decrypt" | "rewrap" => unwrap(&mut book, kms, (&body, action), context),
        _ => errors(404, &[]),
    }
}

fn wrap(book: &mut Book, kms: &SandboxKms, plain: String, context: String) -> Answer {
    let version = book.version;
    let kept = book.keep(Kept {
        token: format!("vault:v{version}:{}", STANDARD.encode(fresh(&kms.world))),
        plain,
        context: context.into(),
        key: KEY.to_owned(),
        version,
    });
    data(&json!({ "ciphertext": kept.token, "key_version": kept.version }))
}

fn unwrap(book: &mut Book, kms: &SandboxKms, (body, action): (&Value, &str), context: String) -> Answer {
    let token = body["ciphertext"].as_str().unwrap_or_default();
    if !token.starts_with("vault:v") {
        return errors(400, &["invalid ciphertext: no prefix"]);
    }
    let Some(kept) = book.find(token).cloned() else {
        return errors(400, &["cipher: message authentication failed"]);
    };
    if kept.version < book.oldest {
        return errors(
            400,
            &["ciphertext or signature version is disallowed by policy (too old)"],
        );
    }
    if kept.context != context || kept.key != KEY {
        return errors(400, &["cipher: message authentication failed"]);
    }
    if action == "rewrap" {
        return wrap(book, kms, kept.plain, context);
    }
    let plain = if book.fault == KmsFault::Short {
        STANDARD.encode([1; 16])
    } else {
        kept.plain
    };
    data(&json!({ "plaintext": plain }))
}
