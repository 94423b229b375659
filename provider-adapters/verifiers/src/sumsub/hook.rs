//! Webhooks of Sumsub: checked over the raw bytes before a byte is read.

use chrono::{NaiveDateTime, TimeDelta};
use domain::ports::{Hook, HookEvent, HookRefusal};
use sdk::Secret;
use serde::Deserialize;
use uuid::Uuid;

use crate::failure::name;
use crate::mac;

/// How far ahead of ours the vendor's clock may be.
const AHEAD: TimeDelta = TimeDelta::minutes(10);

/// Algorithms of digests that can be agreed. SHA-1 is not among them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
pub enum DigestAlgorithm {
    /// HMAC-SHA256.
    #[default]
    #[serde(rename = "HMAC_SHA256_HEX")]
    Sha256,
    /// HMAC-SHA512.
    #[serde(rename = "HMAC_SHA512_HEX")]
    Sha512,
}

impl DigestAlgorithm {
    /// The name on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha256 => "HMAC_SHA256_HEX",
            Self::Sha512 => "HMAC_SHA512_HEX",
        }
    }
}

/// What was agreed.
pub(super) struct Rules<'a> {
    pub secret: Option<&'a Secret<String>>,
    pub digest: DigestAlgorithm,
    pub production: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    #[serde(rename = "type")]
    kind: String,
    applicant_id: String,
    correlation_id: String,
    external_user_id: String,
    created_at_ms: Moment,
    sandbox_mode: Option<bool>,
}

/// `2020-02-21 13:23:19.321`, in UTC, or a number of milliseconds.
#[derive(Deserialize)]
#[serde(untagged)]
enum Moment {
    Number(i64),
    Text(String),
}

impl Moment {
    fn milliseconds(&self) -> Option<i64> {
        match self {
            Self::Number(number) => Some(*number),
            Self::Text(text) => {
                let time = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.3f").ok()?;
                Some(time.and_utc().timestamp_millis())
            }
        }
    }
}

pub(super) fn read(rules: &Rules<'_>, hook: Hook<'_>) -> Result<HookEvent, HookRefusal> {
    let secret = rules.secret.ok_or(HookRefusal::NoSecret)?;
    // The sender does not choose the algorithm: another one than agreed is refused unread.
    if hook.header("x-payload-digest-alg") != Some(rules.digest.as_str()) {
        return Err(HookRefusal::Algorithm);
    }
    let given = hook.header("x-payload-digest").and_then(|text| hex::decode(text).ok());
    let given = given.ok_or(HookRefusal::Digest)?;
    let key = secret.expose().as_bytes();
    let right = match rules.digest {
        DigestAlgorithm::Sha256 => mac::is_sha256(key, &[hook.body], &given),
        DigestAlgorithm::Sha512 => mac::is_sha512(key, &[hook.body], &given),
    };
    if !right {
        return Err(HookRefusal::Digest);
    }
    event(rules, hook)
}

fn event(rules: &Rules<'_>, hook: Hook<'_>) -> Result<HookEvent, HookRefusal> {
    let payload: Payload = sdk::wire::parse(hook.body).map_err(|_| HookRefusal::Malformed)?;
    // Missing is not the same as false.
    if rules.production && payload.sandbox_mode != Some(false) {
        return Err(HookRefusal::Sandbox);
    }
    let malformed = |_| HookRefusal::Malformed;
    let session = Uuid::try_parse(&payload.external_user_id).map_err(|_| HookRefusal::Malformed)?;
    let subject = name(&payload.applicant_id, "applicantId")
        .map_err(malformed)?
        .to_owned();
    let kind = name(&payload.kind, "type").map_err(malformed)?.to_owned();
    let correlation = &payload.correlation_id;
    if !(1..=128).contains(&correlation.len()) || !correlation.bytes().all(|b| b.is_ascii_graphic()) {
        return Err(HookRefusal::Malformed);
    }
    let at_ms = payload.created_at_ms.milliseconds().ok_or(HookRefusal::Malformed)?;
    // An event of next year would make every later one look old.
    if at_ms <= 0 || at_ms > (hook.at + AHEAD).timestamp_millis() {
        return Err(HookRefusal::Malformed);
    }
    Ok(HookEvent {
        session,
        subject,
        run: None,
        dedupe: format!("{correlation} {kind} {at_ms}"),
        kind,
        at_ms,
    })
}
