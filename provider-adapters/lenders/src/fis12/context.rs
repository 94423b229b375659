//! The context that every message carries, ours and theirs.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use sdk::normalise::{Document, Reader, Refusal};
use serde_json::{Value, json};

use super::table::Action;

/// The network's domain of credit.
pub const DOMAIN: &str = "ONDC:FIS12";
/// Clocks may differ by this much.
const SKEW: TimeDelta = TimeDelta::seconds(30);
/// How long a message of theirs counts when its `ttl` has no exact length. The published samples write `P30M`, thirty months to the letter.
const USUAL_TTL: TimeDelta = TimeDelta::minutes(10);
/// No message counts for longer, whatever it says.
const MAX_TTL: TimeDelta = TimeDelta::days(1);

/// A participant: its id and its address in the network's registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Party {
    /// `subscriber_id`.
    pub id: String,
    /// `subscriber_url`.
    pub uri: String,
}

impl Party {
    fn is(&self, id: &str, uri: &str) -> bool {
        self.id == id && self.uri.trim_end_matches('/') == uri.trim_end_matches('/')
    }
}

/// The two sides and the version that they speak.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parties {
    /// We: the buyer application.
    pub bap: Party,
    /// The lender: the provider platform.
    pub bpp: Party,
    /// Such as `2.3.0`.
    pub version: String,
}

impl Parties {
    /// The context of a message of ours.
    pub fn context(&self, action: Action, (transaction, message): (&str, &str), at: DateTime<Utc>) -> Value {
        json!({
            "domain": DOMAIN,
            "location": { "country": { "code": "IND" }, "city": { "code": "*" } },
            "action": action.as_str(),
            "version": self.version,
            "bap_id": self.bap.id,
            "bap_uri": self.bap.uri,
            "bpp_id": self.bpp.id,
            "bpp_uri": self.bpp.uri,
            "transaction_id": transaction,
            "message_id": message,
            "timestamp": at.to_rfc3339_opts(SecondsFormat::Millis, true),
            "ttl": "PT30S",
        })
    }
}

/// What is wrong with the context of a callback.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// Not JSON, or a field that is missing or unreadable.
    #[error("{0}")]
    Unreadable(#[from] Refusal),
    /// A field says something else than it must. The field is named.
    #[error("context.{0} is not what it must be")]
    Wrong(&'static str),
    /// Older than its `ttl` allows, from the future, or older than what it answers.
    #[error("the message is stale or from the future")]
    Stale,
}

/// The context of a callback, once it was checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Callback {
    /// The journey.
    pub transaction: String,
    /// The pair of question and answer.
    pub message: String,
    /// What it answers.
    pub action: Action,
    /// When it was written.
    pub at: DateTime<Utc>,
    /// It tells of an error instead of answering.
    pub is_error: bool,
}

impl Callback {
    /// Reads and checks the context of a callback that came at the path of `action`, signed by `subscriber`.
    pub fn read(
        document: &Document<'_>,
        parties: &Parties,
        action: Action,
        subscriber: &str,
        now: DateTime<Utc>,
    ) -> Result<Self, ContextError> {
        let body = Reader::new(document);
        let context = body.get("context");
        let text = |name: &str| -> Result<String, Refusal> { Ok(context.get(name).field()?.text()?.to_owned()) };
        let must = |holds: bool, name: &'static str| if holds { Ok(()) } else { Err(ContextError::Wrong(name)) };
        must(text("domain")? == DOMAIN, "domain")?;
        must(text("version")? == parties.version, "version")?;
        must(Action::of_callback(&text("action")?) == Some(action), "action")?;
        must(parties.bap.is(&text("bap_id")?, &text("bap_uri")?), "bap_id")?;
        let bpp = text("bpp_id")?;
        must(bpp == subscriber && parties.bpp.is(&bpp, &text("bpp_uri")?), "bpp_id")?;
        let at = context.get("timestamp").field()?.instant()?;
        let ttl = context.get("ttl").field()?.span().unwrap_or(USUAL_TTL).min(MAX_TTL);
        if at > now + SKEW || at + ttl + SKEW < now {
            return Err(ContextError::Stale);
        }
        let bounded = |id: String, name| {
            if id.len() <= 64 {
                Ok(id)
            } else {
                Err(ContextError::Wrong(name))
            }
        };
        Ok(Self {
            transaction: bounded(text("transaction_id")?, "transaction_id")?,
            message: bounded(text("message_id")?, "message_id")?,
            action,
            at,
            is_error: body.get("error").exists(),
        })
    }

    /// An answer is not older than its question.
    pub fn follows(&self, asked: DateTime<Utc>) -> Result<(), ContextError> {
        if self.at + SKEW < asked {
            return Err(ContextError::Stale);
        }
        Ok(())
    }
}
