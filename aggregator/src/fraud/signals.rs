//! What a client and its connection tell about a request, beside the request.

use std::net::IpAddr;

use domain::Principal;
use domain::ports::velocity::Place;
use risk::fraud::IpClass;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::api::{Error, IdempotencyKey};

/// Longest form, seconds, and most pastes that are told apart.
const MAX_COUNT: u32 = 1_000_000;

/// Signals of a request. All are optional; none is stored as it is. Personal data: `Debug` prints nothing of it.
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signals {
    /// An id that the device keeps, the same at every request and nowhere else, for example a UUID.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub device_id: Option<String>,
    /// Seconds that the form was open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub form_seconds: Option<u32>,
    /// Fields that were pasted into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paste_count: Option<u32>,
    /// The borrower's e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The account that is to be paid out to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout_account: Option<String>,
    /// The name of its holder.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payout_holder: Option<String>,
    /// Where the request came from. Not of the client's making, so a repeated request may come from elsewhere.
    #[serde(skip)]
    pub origin: Origin,
    /// Under which id the counters know this call, so that calls with one idempotency key count once even while the first still
    /// runs; none means that of the request.
    #[serde(skip)]
    pub sighting: Option<Uuid>,
}

/// Where a request came from, by the connection or by a proxy that is trusted.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Origin {
    /// Address of the client.
    pub ip: Option<IpAddr>,
    /// What is known of that address.
    pub ip_class: Option<IpClass>,
    /// Where it is.
    pub place: Option<Place>,
}

impl std::fmt::Debug for Signals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Signals(personal data)")
    }
}

impl std::fmt::Debug for Origin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Origin(personal data)")
    }
}

/// The id of a call by its idempotency key.
pub fn sighting_id(caller: &Principal, key: &IdempotencyKey) -> Uuid {
    let mut digest = Sha256::new();
    digest.update(b"usance sighting");
    digest.update(caller.tenant.0.as_bytes());
    digest.update(caller.id.0.as_bytes());
    digest.update(key.as_str());
    let whole: [u8; 32] = digest.finalize().into();
    let mut head = [0; 16];
    head.copy_from_slice(&whole[..16]);
    Uuid::from_bytes(head)
}

impl Signals {
    /// Whether the client gave none.
    pub fn is_empty(&self) -> bool {
        let nothing = Self {
            origin: self.origin,
            sighting: self.sighting,
            ..Self::default()
        };
        *self == nothing
    }

    /// Checks lengths and characters; every refusal names its field.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let texts = [
            ("signals.deviceId", &self.device_id, 8..=128),
            ("signals.email", &self.email, 1..=320),
            ("signals.payoutAccount", &self.payout_account, 4..=64),
            ("signals.payoutHolder", &self.payout_holder, 1..=200),
        ];
        for (field, text, lengths) in texts {
            let fits = |text: &String| lengths.contains(&text.chars().count()) && !text.chars().any(char::is_control);
            if !text.as_ref().is_none_or(fits) {
                let (least, most) = (lengths.start(), lengths.end());
                return Err(Error::invalid(field, format!("{least} to {most} characters")));
            }
        }
        for (field, count) in [
            ("signals.formSeconds", self.form_seconds),
            ("signals.pasteCount", self.paste_count),
        ] {
            if count.is_some_and(|count| count > MAX_COUNT) {
                return Err(Error::invalid(field, "at most 1000000"));
            }
        }
        Ok(())
    }
}
