//! Callbacks of Jumio. They are not signed: the address they come to is a secret of the session, and they are hints.

use chrono::TimeDelta;
use domain::ports::{Hook, HookEvent, HookRefusal};
use sdk::Secret;
use serde::Deserialize;
use uuid::Uuid;

use super::instant;
use crate::failure::name;
use crate::mac;

/// How far ahead of ours the vendor's clock may be.
const AHEAD: TimeDelta = TimeDelta::minutes(10);
/// What the vendor calls back about.
const STATUSES: [&str; 5] = [
    "PROCESSED",
    "ACQUIRED",
    "ACQUISITION_STARTED",
    "SESSION_EXPIRED",
    "TOKEN_EXPIRED",
];

/// The secret last part of a session's callback address: 64 hex digits.
pub fn callback_token(key: &Secret<String>, session: Uuid) -> String {
    hex::encode(digest(key, session))
}

fn digest(key: &Secret<String>, session: Uuid) -> Vec<u8> {
    mac::sha256(key.expose().as_bytes(), &parts(&session))
}

fn parts(session: &Uuid) -> [&[u8]; 2] {
    [b"usance jumio callback", session.as_bytes()]
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    callback_sent_at: String,
    user_reference: Option<String>,
    workflow_execution: Execution,
    account: Named,
}

#[derive(Deserialize)]
struct Execution {
    id: String,
    status: String,
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

pub(super) fn read(key: Option<&Secret<String>>, hook: Hook<'_>) -> Result<HookEvent, HookRefusal> {
    let key = key
        .filter(|key| !key.expose().is_empty())
        .ok_or(HookRefusal::NoSecret)?;
    let given = hook
        .token
        .and_then(|text| hex::decode(text).ok())
        .ok_or(HookRefusal::Digest)?;
    let payload: Payload = sdk::wire::parse(hook.body).map_err(|_| HookRefusal::Malformed)?;
    let reference = payload.user_reference.as_deref().ok_or(HookRefusal::Malformed)?;
    let session = Uuid::try_parse(reference).map_err(|_| HookRefusal::Malformed)?;
    if !mac::is_sha256(key.expose().as_bytes(), &parts(&session), &given) {
        return Err(HookRefusal::Digest);
    }
    let malformed = |_| HookRefusal::Malformed;
    let subject = name(&payload.account.id, "account.id").map_err(malformed)?.to_owned();
    let run = name(&payload.workflow_execution.id, "workflowExecution.id")
        .map_err(malformed)?
        .to_owned();
    let kind = payload.workflow_execution.status;
    if !STATUSES.contains(&kind.as_str()) {
        return Err(HookRefusal::Malformed);
    }
    let at = instant(&payload.callback_sent_at).ok_or(HookRefusal::Malformed)?;
    if at > hook.at + AHEAD {
        return Err(HookRefusal::Malformed);
    }
    let at_ms = at.timestamp_millis();
    Ok(HookEvent {
        session,
        subject,
        dedupe: format!("{run} {kind} {at_ms}"),
        run: Some(run),
        kind,
        at_ms,
    })
}
